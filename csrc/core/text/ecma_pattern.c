#include "core/text/ecma_pattern.h"

#include <string.h>

#include "core/base/ascii.h"
#include "core/text/regex.h"

/* ECMA-262's WhiteSpace and LineTerminator, and all others but surrogates. */
#define SPACES                                                                                     \
    "\\x09-\\x0d\\x20\\xa0\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}"        \
    "\\x{3000}\\x{feff}"
#define NO_SPACES                                                                                  \
    "\\x00-\\x08\\x0e-\\x1f!-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"       \
    "\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{d7ff}"                 \
    "\\x{e000}-\\x{fefe}\\x{ff00}-\\x{10ffff}"
#define ANY "[^\\n\\r\\x{2028}\\x{2029}]"

typedef struct scan {
    br_buf *out;
    const char *p, *end;
    bool repeatable; /* what came last may be repeated */
    bool is_class;   /* in brackets: what came last stands for more than one character */
    bool at_start;   /* of the pattern, or of an alternative of it */
    bool look;       /* in a look-ahead */
    unsigned depth;  /* of groups */
} scan;

static bool starts(const scan *s, const char *text)
{
    size_t n = strlen(text);
    return (size_t)(s->end - s->p) >= n && memcmp(s->p, text, n) == 0;
}

static bool put(scan *s, const char *text)
{
    return br_buf_adds(s->out, text);
}

/* \xHH and \uHHHH; the scan is at the first digit. */
static bool put_code(scan *s, size_t digits)
{
    for (size_t i = 0; i < digits; i++)
        if ((size_t)(s->end - s->p) <= i || !br_is_hex(s->p[i]))
            return false;
    put(s, "\\x{");
    br_buf_add(s->out, s->p, digits);
    s->p += digits;
    return put(s, "}");
}

/* \p{L} and \P{Nd}; the scan is behind the p. */
static bool put_category(scan *s, char p)
{
    const char *close = memchr(s->p, '}', (size_t)(s->end - s->p));
    size_t n = close != NULL ? (size_t)(close - s->p) : 0;
    if (n < 2 || n > 3 || *s->p != '{' || !br_is_letter(s->p[1]) ||
        (n == 3 && !br_is_letter(s->p[2])))
        return false;
    br_buf_addc(s->out, '\\');
    br_buf_addc(s->out, p);
    s->p += n + 1;
    return br_buf_add(s->out, close - n, n + 1);
}

static bool put_spaces(scan *s, bool in_brackets, const char *ranges)
{
    bool ok = in_brackets || put(s, "[");
    ok = ok && put(s, ranges);
    return ok && (in_brackets || put(s, "]"));
}

static bool is_class_escape(char c)
{
    return c != '\0' && strchr("dDwWsSpP", c) != NULL;
}

/* The scan is behind the backslash. */
static bool put_escape(scan *s, bool in_brackets)
{
    if (s->p == s->end)
        return false;
    char c = *s->p++;
    s->is_class = is_class_escape(c);
    s->repeatable = c != 'b' && c != 'B';
    switch (c) {
    case 's':
        return put_spaces(s, in_brackets, SPACES);
    case 'S':
        return put_spaces(s, in_brackets, NO_SPACES);
    case 'p':
    case 'P':
        return put_category(s, c);
    case 'v':
        return put(s, "\\x0b");
    case 'x':
        return put_code(s, 2);
    case 'u':
        return put_code(s, 4);
    default:
        break;
    }
    bool known = strchr(in_brackets ? "dDwWtnfr" : "dDwWbBtnfr", c) != NULL;
    bool punctuation = br_is_visible(c) && !br_is_alnum(c);
    return c != '\0' && (known || punctuation) && br_buf_addc(s->out, '\\') &&
           br_buf_addc(s->out, c);
}

/* A - that makes no range: at either side is a class. */
static bool is_plain_dash(const scan *s)
{
    return *s->p == '-' &&
           (s->is_class || (s->end - s->p >= 3 && s->p[1] == '\\' && is_class_escape(s->p[2])));
}

/* The scan is behind the bracket. A [ within is itself, which PCRE2 may read as [:alpha:]. */
static bool put_brackets(scan *s)
{
    br_buf_addc(s->out, '[');
    if (starts(s, "^"))
        br_buf_addc(s->out, *s->p++);
    if (starts(s, "]"))
        return false;
    s->is_class = false;
    while (s->p < s->end && *s->p != ']') {
        bool marked = *s->p == '[' || is_plain_dash(s);
        if (*s->p == '\\') {
            s->p++;
            if (!put_escape(s, true))
                return false;
            continue;
        }
        s->is_class = false;
        if (marked)
            br_buf_addc(s->out, '\\');
        br_buf_addc(s->out, *s->p++);
    }
    s->repeatable = true;
    return s->p < s->end && br_buf_addc(s->out, *s->p++);
}

/* The scan is behind the parenthesis. A look-ahead anywhere else would be tried at each byte. */
static bool open_group(scan *s)
{
    bool look = starts(s, "?=") || starts(s, "?!"), plain = starts(s, "?:");
    if (++s->depth > BR_REGEX_DEPTH_MAX || starts(s, "*") || (look && !s->at_start) ||
        (starts(s, "?") && !look && !plain))
        return false;
    s->repeatable = s->at_start = false;
    s->look = s->look || look;
    br_buf_addc(s->out, '(');
    if (!look)
        put(s, "?:");
    else
        br_buf_add(s->out, s->p, 2);
    s->p += look || plain ? 2 : 0;
    return true;
}

static bool close_group(scan *s)
{
    if (s->depth == 0)
        return false;
    s->depth--;
    bool look = s->look && s->depth == 0;
    s->look = s->look && !look;
    s->repeatable = !look;
    s->at_start = look;
    return br_buf_addc(s->out, ')');
}

/* A number up to the maximum; the scan is left behind it. */
static bool take_number(scan *s, unsigned *n)
{
    const char *start = s->p;
    for (*n = 0; s->p < s->end && br_is_digit(*s->p) && *n <= BR_REGEX_REPEAT_MAX; s->p++)
        *n = *n * 10 + (unsigned)(*s->p - '0');
    return s->p > start && *n <= BR_REGEX_REPEAT_MAX;
}

/* The scan is behind the brace. */
static bool put_bounds(scan *s)
{
    const char *start = s->p - 1;
    unsigned min, max;
    if (!take_number(s, &min))
        return false;
    if (starts(s, ",")) {
        s->p++;
        if (!starts(s, "}") && (!take_number(s, &max) || max < min))
            return false;
    }
    return starts(s, "}") && br_buf_add(s->out, start, (size_t)(++s->p - start));
}

/* A ? behind it says how many are tried first, which does not matter here. */
static bool put_repeat(scan *s, char c)
{
    if (!s->repeatable || !(c == '{' ? put_bounds(s) : br_buf_addc(s->out, c)))
        return false;
    s->repeatable = false;
    s->p += starts(s, "?");
    return true;
}

static bool put_next(scan *s)
{
    char c = *s->p++;
    bool at_start = s->at_start;
    s->at_start = (at_start && c == '^') || (c == '|' && s->depth == 0);
    switch (c) {
    case '\\':
        return put_escape(s, false);
    case '[':
        return put_brackets(s);
    case '(':
        s->at_start = at_start;
        return open_group(s);
    case ')':
        return close_group(s);
    case '*':
    case '+':
    case '?':
    case '{':
        return put_repeat(s, c);
    case '.':
        s->repeatable = true;
        return put(s, ANY);
    default:
        s->repeatable = c != '^' && c != '$' && c != '|';
        return br_buf_addc(s->out, c);
    }
}

bool br_ecma_pattern(br_buf *out, br_slice pattern)
{
    scan s = {.out = out, .p = pattern.p, .end = pattern.p + pattern.n, .at_start = true};
    while (s.p < s.end)
        if (!put_next(&s))
            return false;
    return s.depth == 0 && !out->failed;
}
