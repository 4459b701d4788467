#include "core/aws/harmless.h"

#include <string.h>

#include "core/base/ascii.h"
#include "core/base/times.h"

#define WORD_MAX 40
#define NUMBER_DIGITS_MAX 4
#define ARN_PART_MAX 39 /* a secret access key has 40 characters */
#define ARN_PARTS 6
#define UUID_LENGTH 36

static const char HIDDEN[] = "***";

static bool is_word(br_slice text)
{
    char lower[WORD_MAX];
    if (text.n == 0 || text.n > sizeof lower)
        return false;
    for (size_t i = 0; i < text.n; i++)
        lower[i] = br_to_lower(text.p[i]);
    return br_harmless_word((br_slice){lower, text.n});
}

static bool is_short_number(br_slice text)
{
    for (size_t i = 0; i < text.n; i++)
        if (!br_is_digit(text.p[i]))
            return false;
    return text.n > 0 && text.n <= NUMBER_DIGITS_MAX;
}

static bool is_time(br_slice text)
{
    int64_t ms;
    return br_time_parse_amz(text, &ms) ||
           (text.n < BR_ISO_DATE_SIZE && br_time_parse_iso(text, &ms));
}

static bool is_echo(br_slice text, const br_harmless *known)
{
    for (size_t i = 0; i < known->echo_count; i++)
        if (known->echoes[i].n > 0 && br_slice_eq(text, known->echoes[i]))
            return true;
    return false;
}

/* Neither a key's ID nor anything as long as a key. */
static bool is_arn_part(br_slice part)
{
    if (part.n > ARN_PART_MAX || br_slice_starts(part, "ASIA") || br_slice_starts(part, "AKIA"))
        return false;
    for (size_t i = 0; i < part.n; i++)
        if (!br_is_alnum(part.p[i]) && strchr("-_.@*", part.p[i]) == NULL)
            return false;
    return true;
}

static bool is_arn(br_slice text)
{
    size_t start = 0, parts = 0;
    if (!br_slice_starts(text, "arn:aws"))
        return false;
    for (size_t i = 0; i <= text.n; i++) {
        if (i < text.n && text.p[i] != ':' && text.p[i] != '/')
            continue;
        if (!is_arn_part((br_slice){text.p + start, i - start}))
            return false;
        parts++;
        start = i + 1;
    }
    return parts >= ARN_PARTS;
}

static bool is_harmless(br_slice text, const br_harmless *known)
{
    return is_word(text) || is_short_number(text) || is_time(text) || is_echo(text, known) ||
           (known->arns && is_arn(text));
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* What stands between blanks, without the punctuation around it. */
static br_slice core_of(br_slice token)
{
    while (token.n > 0 && is_one_of(token.p[0], "([{<'\""))
        token = (br_slice){token.p + 1, token.n - 1};
    while (token.n > 0 && is_one_of(token.p[token.n - 1], ".,:;!?)]}>'\""))
        token.n--;
    return token;
}

static br_slice next_token(br_slice *rest)
{
    while (rest->n > 0 && (unsigned char)rest->p[0] <= ' ')
        *rest = (br_slice){rest->p + 1, rest->n - 1};
    size_t n = 0;
    while (n < rest->n && (unsigned char)rest->p[n] > ' ')
        n++;
    br_slice token = {rest->p, n};
    if (n > 0)
        *rest = (br_slice){rest->p + n, rest->n - n};
    return token;
}

/* Words shown and gaps left. Punctuation alone is neither, and shown with words only. */
typedef struct count {
    size_t words, gaps;
    bool in_gap;
} count;

static void add_token(br_buf *out, br_slice token, const br_harmless *known, count *seen)
{
    br_slice text = core_of(token);
    bool shown = is_harmless(text, known) || (text.n == 1 && text.p[0] == '-');
    if (!shown && seen->in_gap)
        return;
    if (seen->words + seen->gaps > 0)
        br_buf_addc(out, ' ');
    br_buf_add_slice(out, shown ? token : BR_SLICE(HIDDEN));
    seen->words += shown;
    seen->gaps += !shown;
    seen->in_gap = !shown;
}

void br_harmless_text(br_buf *out, br_slice message, const br_harmless *known)
{
    size_t start = out->len;
    count seen = {0, 0, false};
    for (br_slice token; (token = next_token(&message)).n > 0;)
        add_token(out, token, known, &seen);
    if (seen.words > seen.gaps)
        return;
    out->len = start;
    br_buf_adds(out, "its text is not shown, because it may contain credentials");
}

/* "HTTP" and a status: what an answer without a name is called. */
static bool is_http_code(br_slice code)
{
    return br_slice_starts(code, "HTTP") && code.n == 7 &&
           is_short_number((br_slice){code.p + 4, 3});
}

/* UpperCamel of letters that are words' own: "SomethingNewException". */
static bool is_exception_name(br_slice code)
{
    static const char *const ends[] = {"Exception", "Error", "Failure", "Fault"};
    size_t start = 0;
    bool ended = false;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        ended |= br_slice_ends(code, ends[i]) && code.n > strlen(ends[i]);
    for (size_t i = 1; i <= code.n && ended; i++) {
        if (i < code.n && !br_is_upper(code.p[i]))
            continue;
        if (!is_word((br_slice){code.p + start, i - start}))
            return false;
        start = i;
    }
    return ended;
}

bool br_harmless_code(br_slice code)
{
    return is_http_code(code) || br_harmless_error_name(code) || is_exception_name(code);
}

bool br_harmless_id(br_slice id)
{
    if (id.n != UUID_LENGTH)
        return false;
    for (size_t i = 0; i < id.n; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? id.p[i] != '-' : !br_is_hex(id.p[i]))
            return false;
    }
    return true;
}
