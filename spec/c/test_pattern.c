#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "core/pattern.h"
#include "model/model.h"

static int match(const char *pattern, const char *text)
{
    size_t n = strlen(text);
    char *guarded = guard_copy(text, n);
    br_slice p = {pattern, strlen(pattern)}, t = {guarded, n};
    int result = (int)br_pattern_match(p, t);
    guard_free(guarded, n);
    return result;
}

static void whole_text_must_match(void)
{
    CHECK_INT(match("[0-9]{12}", "123456789012"), BR_PATTERN_YES);
    CHECK_INT(match("[0-9]{12}", "1234567890123"), BR_PATTERN_NO);
    CHECK_INT(match("[0-9]{12}", "12345678901"), BR_PATTERN_NO);
    CHECK_INT(match("abc", "abcd"), BR_PATTERN_NO);
    CHECK_INT(match("", ""), BR_PATTERN_YES);
    CHECK_INT(match("^a$|^b+$", "bbb"), BR_PATTERN_YES);
    CHECK_INT(match("$|^[0-9a-zA-Z]+", ""), BR_PATTERN_YES);
}

static void repeats(void)
{
    CHECK_INT(match("a{2,3}", "a"), BR_PATTERN_NO);
    CHECK_INT(match("a{2,3}", "aaa"), BR_PATTERN_YES);
    CHECK_INT(match("a{2,3}", "aaaa"), BR_PATTERN_NO);
    CHECK_INT(match("a{2,}", "aaaa"), BR_PATTERN_YES);
    CHECK_INT(match("(a|b){0,2}c?", "abc"), BR_PATTERN_YES);
    CHECK_INT(match("(([0-9a-zA-Z][_-]?){1,3}x)*", "a_b-xcx"), BR_PATTERN_YES);
    CHECK_INT(match("a+?b*?", "aab"), BR_PATTERN_YES);
    CHECK_INT(match("(|a|bc)d", "bcd"), BR_PATTERN_YES);
    CHECK_INT(match("a{0}b", "b"), BR_PATTERN_YES);
}

static void classes(void)
{
    CHECK_INT(match("[a-zA-Z0-9-:.]+", "a-Z:9."), BR_PATTERN_YES);
    CHECK_INT(match("[^:]+", "a:b"), BR_PATTERN_NO);
    CHECK_INT(match("[\\w\\-]+\\s\\S\\D", "a_- xy"), BR_PATTERN_YES);
    CHECK_INT(match("[\\u0020-\\u00FF]+", "h\303\251"), BR_PATTERN_YES);
    CHECK_INT(match("[\\x00-\\x1F]", "\n"), BR_PATTERN_YES);
    CHECK_INT(match(".*", "a\nb"), BR_PATTERN_NO);
    CHECK_INT(match("[]a]", "]"), BR_PATTERN_YES);
    CHECK_INT(match("[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*", "Z\303\274rich 8001"), BR_PATTERN_YES);
    CHECK_INT(match("[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*", "\342\230\203"), BR_PATTERN_NO);
    CHECK_INT(match("\\P{C}*", "a\001"), BR_PATTERN_NO);
}

static void look_ahead_and_boundaries(void)
{
    CHECK_INT(match("(?!aws:)[a-z:]*", "aws:x"), BR_PATTERN_NO);
    CHECK_INT(match("(?!aws:)[a-z:]*", "awsx"), BR_PATTERN_YES);
    CHECK_INT(match("(?!\\s*$).+", "   "), BR_PATTERN_NO);
    CHECK_INT(match("(?!\\s*$).+", " a "), BR_PATTERN_YES);
    CHECK_INT(match("(\\bTSTALIASID\\b|x)", "TSTALIASID"), BR_PATTERN_YES);
    CHECK_INT(match("a\\b-b", "a-b"), BR_PATTERN_YES);
    CHECK_INT(match("a\\bb", "ab"), BR_PATTERN_NO);
}

static void what_it_does_not_know(void)
{
    CHECK_INT(match("(?<=a)b", "b"), BR_PATTERN_UNKNOWN);
    CHECK_INT(match("(a", "a"), BR_PATTERN_UNKNOWN);
    CHECK_INT(match("a)", "a"), BR_PATTERN_UNKNOWN);
    CHECK_INT(match("[a", "a"), BR_PATTERN_UNKNOWN);
    CHECK_INT(match("*a", "a"), BR_PATTERN_UNKNOWN);
    CHECK_INT(match("a\\", "a"), BR_PATTERN_UNKNOWN);
    CHECK_INT(match("\\p{Greek}", "a"), BR_PATTERN_UNKNOWN);
    CHECK_INT(match("((a{1000}){1000}){1000}", "a"), BR_PATTERN_UNKNOWN);
}

/* A backtracking matcher would need 2^n steps here. */
static void nested_repeats_stay_linear(void)
{
    enum { N = 20000 };
    char *text = malloc(N + 2);
    if (text == NULL)
        abort();
    memset(text, 'a', N);
    memcpy(text + N, "!", 2);
    CHECK_INT(match("(([0-9a-zA-Z][_-]?)+)+", text), BR_PATTERN_NO);
    text[N] = 'a';
    CHECK_INT(match("(([0-9a-zA-Z][_-]?)+)+", text), BR_PATTERN_YES);
    free(text);
}

static void every_pattern_of_the_model_is_understood(void)
{
    const br_model *m = &br_model_builtin;
    for (unsigned i = 0; i < m->shape_count; i++) {
        const br_shape *s = &m->shapes[i];
        if (s->kind != BR_SHAPE_STRING || s->c == BR_NONE)
            continue;
        br_slice pattern = br_model_name(m, m->patterns[s->c]);
        CHECK(br_pattern_match(pattern, BR_SLICE("probe")) != BR_PATTERN_UNKNOWN);
    }
}

int main(void)
{
    whole_text_must_match();
    repeats();
    classes();
    look_ahead_and_boundaries();
    what_it_does_not_know();
    nested_repeats_stay_linear();
    every_pattern_of_the_model_is_understood();
    return check_done();
}
