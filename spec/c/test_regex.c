#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/base/buffer.h"
#include "core/text/regex.h"
#include "model/model.h"

#define FOREVER 100000
#define LOOKS "(?=.*!)(?!.*#)(?=a)(?!b)"

typedef struct match_case {
    const char *pattern, *yes, *no; /* NULL: not asked */
} match_case;

static bool matches(const char *pattern, br_slice text)
{
    br_regex *compiled = br_regex_compile(br_slice_of(pattern));
    check_that(compiled != NULL, pattern, __FILE__, __LINE__);
    br_regex_verdict verdict = compiled != NULL ? br_regex_match(compiled, text) : BR_REGEX_UNKNOWN;
    CHECK(verdict != BR_REGEX_UNKNOWN);
    br_regex_free(compiled);
    return verdict == BR_REGEX_YES;
}

static void check_cases(const match_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const match_case *c = &cases[i];
        if (c->yes != NULL)
            check_that(matches(c->pattern, br_slice_of(c->yes)), c->pattern, c->yes, 0);
        if (c->no != NULL)
            check_that(!matches(c->pattern, br_slice_of(c->no)), c->pattern, c->no, 1);
    }
}

#define CHECK_CASES(cases) check_cases((cases), sizeof(cases) / sizeof((cases)[0]))

static void test_whole_text(void)
{
    static const match_case cases[] = {
        {"", "", "a"},
        {"abc", "abc", "abcd"},
        {"abc", NULL, "ab"},
        {"abc", NULL, "xabc"},
        {"a|bc", "bc", "abc"},
        {"a|", "", "b"},
        {"(a|b)c", "bc", "ab"},
        {"(?:a|b)c", "ac", "c"},
        {"(|a)b", "b", "aab"},
        {"$|^a", "", "b"},
        {"$|^a", "a", "aa"},
        {"^a$|^b$", "b", "ab"},
        {"a^b", NULL, "ab"},
        {".*(^a$|b).*", "xbx", "xa"},
        {".*(^a$|b).*", "a", "ax"},
        {"a\\.b", "a.b", "axb"},
        {"]}", "]}", "]"},
        {"(a)(b)", "ab", "ba"},
    };
    CHECK_CASES(cases);
}

static void test_repetition(void)
{
    static const match_case cases[] = {
        {"a?", "", "aa"},
        {"a*", "aaaa", "ab"},
        {"a+", "aaa", ""},
        {"a{3}", "aaa", "aaaa"},
        {"a{3}", NULL, "aa"},
        {"a{2,}", "aaaaa", "a"},
        {"a{0,}", "", "b"},
        {"a{1,}", "a", ""},
        {"a{2,4}b", "aaaab", "ab"},
        {"a{2,4}b", "aab", "aaaaab"},
        {"a{0,2}b", "b", "aaab"},
        {"a{0}b", "b", "ab"},
        {"(a{0}b){2}", "bb", "b"},
        {"(ab){2,3}", "ababab", "ab"},
        {"(ab){2,3}", "abab", "abababab"},
        {"(ab){0,2}", "", "ababab"},
        {"(ab){2,}", "ababab", "ab"},
        {"(a{3}|aab)*", "aaaaabaaa", "aaba"},
        {"(a|b?){3}", "", "aaaa"},
        {"(a*)*", "aaa", "b"},
        {"(a*)+b", "b", "a"},
        {"(|a)*b", "aab", "aa"},
        {"(a{1,3}x){0,2}y", "aaaxaxy", "aaaaxy"},
        {"a*?b+?c??", "aabb", "cc"},
        {"[ab]{2,3}[bc]{2,3}", "abbc", "abc"},
        {"[ab]{2,3}[bc]{2,3}", "bbbbbb", "bbbbbbb"},
    };
    CHECK_CASES(cases);
}

static void test_sets(void)
{
    static const match_case cases[] = {
        {"[a-c]", "b", "d"},
        {"[^a-c]", "d", "b"},
        {"[^a]", "\xC3\xA9", NULL},
        {"[a-c-_]", "-", "d"},
        {"[a-c-_]", "_", "`"},
        {"[-a]", "-", "b"},
        {"[a-]", "-", "b"},
        {"[\\w-.]", "-", "/"},
        {"[\\w-.]", "Z", ","},
        {"[a-\\d]", "-", "b"},
        {"[a-\\d]", "7", "e"},
        {"[+,-.]", "-", "/"},
        {"[*?[]", "[", "]"},
        {"[\\]\\[]", "]", "\\"},
        {"[^\\]]", "[", "]"},
        {"[\\s\\S]", "\n", ""},
        {"[\\x41-\\x43]", "B", "D"},
        {"[\\u0041\\u00e9]", "\xC3\xA9", "\xC3\xAA"},
        {"\\u20ac", "\xE2\x82\xAC", "u"},
        {"[\xC3\xA0-\xC3\xB6]", "\xC3\xA9", "\xC3\xB7"},
        {"\\t\\n\\v\\f\\r", "\t\n\v\f\r", "tnvfr"},
        {"\\/\\-\\_\\'\\!\\:", "/-_'!:", NULL},
        {"\\d\\D", "1x", "x1"},
        {"\\d", NULL, "\xD9\xA1"},
        {"\\w\\W", "_-", "-_"},
        {"\\w", NULL, "\xC3\xA9"},
        {"\\s", "\xC2\xA0", "x"},
        {"\\s", "\xEF\xBB\xBF", "\xC2\x85"},
        {"\\S", "\xC2\x85", "\xE3\x80\x80"},
        {".", "\xF0\x9F\x98\x80", "\n"},
        {".", "\t", "\r"},
        {".", NULL, "\xE2\x80\xA8"},
        {".", NULL, "ab"},
        {"[\\u0020-\\uFFFD\\u10000-\\u10FFFF]", "\xE1\x80\x80", "\xF0\x9F\x98\x80"},
    };
    CHECK_CASES(cases);
}

static void test_categories(void)
{
    static const match_case cases[] = {
        {"\\p{L}", "\xC3\xA9", "1"},           {"\\p{Lu}", "A", "a"},
        {"\\p{L}", "\xF0\x90\x90\x80", "_"},   {"\\p{N}", "\xD9\xA1", "\xD9\xA0\xD9\xA1"},
        {"\\p{Z}", "\xE3\x80\x80", "\t"},      {"\\P{L}", "1", "\xC3\xA9"},
        {"[\\p{M}x]", "\xCC\x81", "y"},        {"[^\\p{L}\\p{N}]", "-", "\xC3\xA9"},
        {"\\P{C}*", "a \xC3\xA9", "a\x01"},    {"\\P{C}", NULL, "\xEE\x80\x80"},
        {"\\P{C}", NULL, "\xF4\x8F\xBF\xBF"},  {"[^\\P{L}]", "z", "0"},
        {"\\p{So}", "\xF0\x9F\x98\x80", "\""},
    };
    CHECK_CASES(cases);
}

static void test_edges(void)
{
    static const match_case cases[] = {
        {"\\ba\\b", "a", "ab"},
        {"a\\b-\\bb", "a-b", "ab"},
        {"a\\Bb", "ab", "a-b"},
        {"\\b", NULL, ""},
        {"\\B", "", "a"},
        {"(\\bTSTALIASID\\b|[0-9a-zA-Z]+)", "TSTALIASID", "TSTALIASID-"},
        {"(?!aws:)[a-z:]*", "aw:s", "aws:x"},
        {"(?!aws:)[a-z:]*", "aws", "aws:"},
        {"^(?!\\s*$).+", " x ", "   "},
        {"^(?!\\s*$).+", "x", ""},
        {"(?=.*[0-9])(?=.*[a-z])[0-9a-z]{2,4}", "a1", "ab"},
        {"(?=.*[0-9])(?=.*[a-z])[0-9a-z]{2,4}", "12ab", "12"},
        {"(?!b)a|(?=b)b", "b", "c"},
        {"(?!a{3})a*", "aa", "aaa"},
    };
    CHECK_CASES(cases);
}

static br_regex *compile_bounds(unsigned min, unsigned max)
{
    br_buf text;
    br_buf_init(&text, 64);
    br_buf_addf(&text, "[a-z]{%u,", min);
    if (max != FOREVER)
        br_buf_add_u64(&text, max);
    br_buf_addc(&text, '}');
    br_regex *compiled = br_regex_compile(br_buf_slice(&text));
    CHECK(compiled != NULL);
    br_buf_free(&text);
    return compiled;
}

static void check_bounds(unsigned min, unsigned max, br_slice text)
{
    br_regex *compiled = compile_bounds(min, max);
    const unsigned near[] = {0,   1,       min - 1, min,     min + 1, min + 63,
                             max, max - 1, max + 1, max + 2, max + 64};
    for (size_t i = 0; compiled != NULL && i < sizeof(near) / sizeof(near[0]); i++) {
        unsigned n = near[i];
        if (n <= text.n)
            CHECK_INT(br_regex_match(compiled, (br_slice){text.p, n}) == BR_REGEX_YES,
                      n >= min && n <= max);
    }
    br_regex_free(compiled);
}

/* Counts that pass from one word of the counter to the next, and their ends. */
static void test_long_counts(void)
{
    static const unsigned bounds[][2] = {
        {1, 62},      {1, 63},      {1, 64},      {63, 63},      {63, 65},
        {64, 64},     {65, 128},    {127, 129},   {0, 2047},     {1, 2048},
        {2043, 2043}, {1000, 1024}, {2, FOREVER}, {64, FOREVER}, {2000, FOREVER},
    };
    char text[2400];
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++)
        check_bounds(bounds[i][0], bounds[i][1], (br_slice){text, sizeof(text)});
}

static void test_refusals(void)
{
    static const char *const refused[] = {
        "(",
        "(a",
        ")",
        "a)",
        "[",
        "[a",
        "[]",
        "[^]",
        "[b-a]",
        "*",
        "a|*",
        "a**",
        "a++",
        "{2}",
        "a{",
        "a{x}",
        "a{2",
        "a{2,1}",
        "a{,2}",
        "a{40000}",
        "\\",
        "[\\",
        "\\k",
        "\\1",
        "\\x4",
        "\\u123",
        "\\p",
        "\\p{",
        "\\p{Latin}",
        "\\p{X}",
        "\\pL",
        "(?<a>b)",
        "(?i)a",
        "(?<=a)b",
        "(?",
        "(?>a)",
        "(?=b)*b",
        "a(?=b)",
        "((?=b)b)",
        "(?=(?=b)b)",
        "((?=.*!).)*",
        "^*",
        "\\b+",
        "\xFF",
        "[\xC3]",
        "[a\\q]",
        "((a{99}b){99}){99}",
        "[a]{30000}{9}",
        "(((){30000}){30000}){30000}",
        "(((a{0}){30000}){30000}){30000}",
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        br_regex *compiled = br_regex_compile(br_slice_of(refused[i]));
        check_that(compiled == NULL, refused[i], __FILE__, __LINE__);
        br_regex_free(compiled);
    }
}

static bool compiles_repeated(const char *part, size_t count, const char *last)
{
    br_buf text;
    br_buf_init(&text, 2 * BR_REGEX_TEXT_MAX);
    while (count-- > 0)
        br_buf_adds(&text, part);
    br_buf_adds(&text, last);
    CHECK(!text.failed);
    br_regex *compiled = br_regex_compile(br_buf_slice(&text));
    bool good = compiled != NULL;
    br_buf_free(&text);
    br_regex_free(compiled);
    return good;
}

static void test_maxima(void)
{
    CHECK(compiles_repeated("a", BR_REGEX_TEXT_MAX, ""));
    CHECK(!compiles_repeated("a", BR_REGEX_TEXT_MAX + 1, ""));
    CHECK(!compiles_repeated("(", BR_REGEX_TEXT_MAX, ""));
    CHECK(compiles_repeated("(", 31, "(a))))))))))))))))))))))))))))))))"));
    CHECK(!compiles_repeated("(", 32, "(a)))))))))))))))))))))))))))))))))"));
    CHECK(compiles_repeated("(?!a)", 64, "b"));
    CHECK(compiles_repeated("[\\S", 400, "]"));
}

static void test_texts(void)
{
    static const char broken[] = "a\xE2\x82";
    char *guarded = guard_copy(broken, 3);
    CHECK(!matches(".*", (br_slice){guarded, 3}));
    CHECK(!matches("[^b]*", (br_slice){guarded, 2}));
    CHECK(matches(".*", (br_slice){guarded, 1}));
    guard_free(guarded, 3);
    CHECK(matches("a*", (br_slice){NULL, 0}));
    CHECK(matches("[\\s\\S]{3}", (br_slice){"a\0b", 3}));
    CHECK(!matches("\\w{3}", (br_slice){"a\0b", 3}));
}

/* All patterns of the model must compile: the ones a strict caller is told of. */
static void test_model(void)
{
    const br_model *model = &br_model_builtin;
    char room[BR_PATTERN_MAX];
    unsigned compiled = 0;
    for (unsigned i = 0; i < model->shape_count; i++) {
        const br_shape *shape = &model->shapes[i];
        if (shape->kind != BR_SHAPE_STRING || shape->c == BR_NONE)
            continue;
        br_regex *pattern = br_regex_compile(br_model_pattern(model, shape->c, room));
        check_that(pattern != NULL, "a pattern of the model", __FILE__, (int)i);
        compiled += pattern != NULL;
        br_regex_free(pattern);
    }
    CHECK(compiled > 400);
}

typedef struct hostile_case {
    const char *pattern, *part;
    char last; /* of the text, which repeats `part` */
    br_regex_verdict verdict;
} hostile_case;

static void check_hostile(const hostile_case *c, char *text, size_t n)
{
    size_t part = strlen(c->part);
    for (size_t at = 0; at < n; at++)
        text[at] = c->part[at % part];
    text[n - 1] = c->last;
    br_regex *regex = br_regex_compile(br_slice_of(c->pattern));
    check_that(regex != NULL && br_regex_match(regex, (br_slice){text, n}) == c->verdict,
               c->pattern, __FILE__, __LINE__);
    br_regex_free(regex);
}

/* A backtracking matcher would not finish these. Those of no verdict are too many ways, or look-aheads. */
static void test_hostile_texts(void)
{
    static const hostile_case cases[] = {
        {"(([0-9a-zA-Z][_-]?)+)", "a", '!', BR_REGEX_NO},
        {"(([0-9a-zA-Z][_-]?)+)", "a_", '!', BR_REGEX_NO},
        {"([0-9a-zA-Z][ _-]?)+", "a ", '\n', BR_REGEX_NO},
        {"((a*)*)*b", "a", 'a', BR_REGEX_NO},
        {"(a|a|aa)*b", "a", 'c', BR_REGEX_NO},
        {"(.*)(.*)(.*)(.*)(.*)x", "a", 'y', BR_REGEX_NO},
        {"(x+x+)+y", "x", 'x', BR_REGEX_UNKNOWN},
        {"[a-z]+(\\S{1,2048}a){3}b\\S*", "a", 'a', BR_REGEX_UNKNOWN},
        {"[a-z]*[a-z]{1,32767}b", "a", 'c', BR_REGEX_UNKNOWN},
        {"([a-z]?){64}[a-z]*([a-z]?){64}!", "a", '"', BR_REGEX_UNKNOWN},
        {LOOKS LOOKS "a*!", "a", '!', BR_REGEX_YES},
        {LOOKS LOOKS "(?=a)a*!", "a", '!', BR_REGEX_UNKNOWN},
    };
    const size_t n = 100000;
    char *text = malloc(n);
    for (size_t i = 0; text != NULL && i < sizeof(cases) / sizeof(cases[0]); i++)
        check_hostile(&cases[i], text, n);
    free(text);
}

int main(void)
{
    test_whole_text();
    test_repetition();
    test_sets();
    test_categories();
    test_edges();
    test_long_counts();
    test_refusals();
    test_maxima();
    test_texts();
    test_model();
    test_hostile_texts();
    return check_done();
}
