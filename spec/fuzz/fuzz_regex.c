#include "core/text/json.h"
#include "core/text/regex_internal.h"
#include "fuzz.h"

#include <string.h>

/*
** A byte of length, that many bytes of pattern, the text. What must hold: the steps stay within the
** limit of the header; the pattern in a group, or twice, says the same; the look-ahead for its
** opposite says the opposite.
*/
static char *exact_copy(const uint8_t *bytes, size_t n)
{
    char *copy = malloc(n > 0 ? n : 1);
    MUST(copy != NULL);
    if (n > 0)
        memcpy(copy, bytes, n);
    return copy;
}

static uint64_t most_steps(size_t n)
{
    const uint64_t each = BR_REGEX_INSTRUCTIONS_MAX + BR_REGEX_COUNTER_WORDS_MAX;
    return each * (n + 1) * (BR_REGEX_LOOKAHEADS_MAX + 1);
}

/* 1, 0, or -1 when it does not compile. */
static int ask(br_slice pattern, br_slice text)
{
    const char *why;
    uint64_t steps;
    br_regex *regex = br_regex_compile(pattern, &why);
    MUST((regex == NULL) == (why != NULL));
    if (regex == NULL)
        return -1;
    int found = br_regex_match_counted(regex, text, &steps);
    MUST(steps <= most_steps(text.n));
    MUST(!found || br_utf8_valid(text));
    br_regex_free(regex);
    return found;
}

static int ask_wrapped(const char *before, br_slice pattern, const char *between, br_slice again,
                       const char *after, br_slice text)
{
    br_buf whole;
    br_buf_init(&whole, 4 * BR_REGEX_TEXT_MAX);
    br_buf_adds(&whole, before);
    br_buf_add_slice(&whole, pattern);
    br_buf_adds(&whole, between);
    br_buf_add_slice(&whole, again);
    br_buf_adds(&whole, after);
    MUST(!whole.failed);
    int found = ask(br_buf_slice(&whole), text);
    br_buf_free(&whole);
    return found;
}

static void check(br_slice pattern, br_slice text)
{
    static const br_slice nothing = {"", 0};
    int found = ask(pattern, text);
    if (found < 0)
        return;
    int group = ask_wrapped("(?:", pattern, "){1}", nothing, "", text);
    MUST(group == found || group < 0);
    int twice = ask_wrapped("((", pattern, ")|(?:", pattern, ")){1,1}", text);
    MUST(twice == found || twice < 0);
    int opposite = ask_wrapped("(?!(?:", pattern, ")$)", nothing, "[\\s\\S]*", text);
    MUST(opposite == !found || opposite < 0 || !br_utf8_valid(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    size_t length = data[0] < size ? data[0] : size - 1;
    char *pattern = exact_copy(data + 1, length);
    char *text = exact_copy(data + 1 + length, size - 1 - length);
    check((br_slice){pattern, length}, (br_slice){text, size - 1 - length});
    free(text);
    free(pattern);
    return 0;
}
