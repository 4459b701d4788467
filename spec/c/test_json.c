#include "core/text/json.h"

#include "check.h"
#include "core/text/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CASES "spec/cases/json-parsing.txt"
#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))

/* Reads one whole text, which ends at an unmapped page. */
static bool accepts(br_slice text, const char **error)
{
    char *copy = guard_copy(text.p, text.n);
    br_json_reader r;
    br_json_reader_init(&r, (br_slice){copy, text.n});
    bool ok = br_json_skip(&r) && br_json_end(&r);
    check_that(ok == (r.error == NULL), "an error is set exactly on failure", __FILE__, __LINE__);
    if (!ok)
        check_that(!br_json_skip(&r) && !br_json_end(&r), "sticky", __FILE__, __LINE__);
    if (error != NULL)
        *error = r.error;
    br_json_reader_free(&r);
    guard_free(copy, text.n);
    return ok;
}

static br_slice take_until(br_slice *rest, char end)
{
    const char *at = memchr(rest->p, end, rest->n);
    br_slice piece = {rest->p, at != NULL ? (size_t)(at - rest->p) : rest->n};
    size_t taken = piece.n + (at != NULL);
    *rest = (br_slice){rest->p + taken, rest->n - taken};
    return piece;
}

/* A piece of a case, as the head of CASES describes it. */
static void add_piece(br_buf *out, br_slice text)
{
    br_buf piece;
    br_buf_init(&piece, text.n);
    long times = 1;
    for (const char *p = text.p, *end = p + text.n; p < end; p++) {
        if (*p == '\\' && p[1] == '*') {
            times = strtol(p + 2, NULL, 10);
            break;
        }
        if (*p != '\\') {
            br_buf_addc(&piece, *p);
            continue;
        }
        char hex[] = {p[2], p[3], '\0'};
        br_buf_addc(&piece, (char)strtol(hex, NULL, 16));
        p += 3;
    }
    for (; times > 0; times--)
        br_buf_add_slice(out, br_buf_slice(&piece));
    br_buf_free(&piece);
}

static void check_case(br_slice line)
{
    br_buf text;
    br_buf_init(&text, 1 << 20);
    br_slice verdict = take_until(&line, '\t'), name = take_until(&line, '\t');
    while (line.n > 0)
        add_piece(&text, take_until(&line, '\t'));
    bool good = br_slice_eqs(verdict, "accept");
    CHECK(good || br_slice_eqs(verdict, "refuse"));
    if (accepts(br_buf_slice(&text), NULL) != good) {
        printf("%.*s: ", (int)name.n, name.p);
        check_that(false, good ? "accepted" : "refused", CASES, 0);
    }
    br_buf_free(&text);
}

static void test_cases(void)
{
    size_t n = 0, cases = 0;
    char *file = slurp(CASES, &n);
    br_slice rest = {file, file != NULL ? n : 0};
    while (rest.n > 0) {
        br_slice line = take_until(&rest, '\n');
        if (line.p[0] != '#') {
            check_case(line);
            cases++;
        }
    }
    CHECK(cases > 500);
    CHECK(!accepts((br_slice){NULL, 0}, NULL));
    free(file);
}

static const char sample[] =
    "{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":[{\"text\":\"A \\\"b\\\" "
    "\\ud83d\\ude00"
    " \xE2\x82\xAC and twelve\"},{\"n\":[-1.5e3,0,true,false,null,{}]}]}},\"stop\":\"end_turn\"}";

/* No proper prefix of an object is a text, and none makes the reader look beyond its end. */
static void test_prefixes(void)
{
    for (size_t n = 0; n < sizeof(sample) - 1; n++)
        CHECK(!accepts((br_slice){sample, n}, NULL));
    CHECK(accepts((br_slice){sample, sizeof(sample) - 1}, NULL));
}

/* One byte of any value in any place of a string, at all alignments of the eight-byte steps. */
static void test_string_bytes(void)
{
    for (size_t n = 1; n <= 20; n++)
        for (size_t at = 0; at < n; at++)
            for (int c = 0; c < 256; c++) {
                char text[32];
                memset(text, 'x', sizeof(text));
                text[0] = text[n + 1] = '"';
                text[at + 1] = (char)c;
                bool plain = c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
                if (accepts((br_slice){text, n + 2}, NULL) != plain)
                    check_number(c, -1, "byte accepted or refused wrongly", __FILE__, __LINE__);
            }
}

static void nested(br_buf *b, size_t depth, bool objects)
{
    br_buf_clear(b);
    for (size_t i = 0; i < depth; i++)
        br_buf_adds(b, objects ? "{\"a\":" : "[");
    if (objects)
        br_buf_addc(b, '1');
    for (size_t i = 0; i < depth; i++)
        br_buf_addc(b, objects ? '}' : ']');
}

static void test_depth(void)
{
    br_buf b;
    br_buf_init(&b, 10000000);
    for (int objects = 0; objects < 2; objects++) {
        nested(&b, BR_JSON_DEPTH_MAX, objects != 0);
        CHECK(accepts(br_buf_slice(&b), NULL));
        nested(&b, BR_JSON_DEPTH_MAX + 1, objects != 0);
        CHECK(!accepts(br_buf_slice(&b), NULL));
        nested(&b, 1000000, objects != 0);
        CHECK(!accepts(br_buf_slice(&b), NULL));
    }
    br_buf_clear(&b);
    br_buf_addc(&b, '[');
    for (int i = 0; i < 1000; i++)
        br_buf_adds(&b, "[[]],{\"a\":{}},");
    br_buf_adds(&b, "0]");
    CHECK(accepts(br_buf_slice(&b), NULL));
    br_buf_free(&b);
}

static void check_string(br_slice text, br_slice want, bool in_place)
{
    char *copy = guard_copy(text.p, text.n);
    br_json_reader r;
    br_json_reader_init(&r, (br_slice){copy, text.n});
    br_slice got = {NULL, 0};
    CHECK(br_json_peek(&r) == BR_JSON_STRING && br_json_string(&r, &got) && br_json_end(&r));
    check_that(br_slice_eq(got, want), text.p, __FILE__, __LINE__);
    CHECK((got.p >= copy && got.p <= copy + text.n) == in_place);
    br_json_reader_free(&r);
    guard_free(copy, text.n);
}

static void test_strings(void)
{
    check_string(BR_SLICE("\"\""), BR_SLICE(""), true);
    check_string(BR_SLICE("\"hello, world \xE2\x82\xAC \xF0\x9F\x98\x80\""),
                 BR_SLICE("hello, world \xE2\x82\xAC \xF0\x9F\x98\x80"), true);
    check_string(BR_SLICE("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), BR_SLICE("\"\\/\b\f\n\r\t"), false);
    check_string(BR_SLICE("\"a\\u0000b\""), BR_SLICE("a\0b"), false);
    check_string(BR_SLICE("\"\\u007f\\u0080\\u07ff\\u0800\\uffff\""),
                 BR_SLICE("\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF"), false);
    check_string(BR_SLICE("\"\\ud800\\udc00\\uDBFF\\uDFFF\""),
                 BR_SLICE("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"), false);
    check_string(BR_SLICE("\"a long run before \\n and a long run after\""),
                 BR_SLICE("a long run before \n and a long run after"), false);
    check_string(BR_SLICE("\"\\\\u0041\""), BR_SLICE("\\u0041"), false);
}

#define REPLACED "\xEF\xBF\xBD"
#define HIGH "\xED\xA0\xBD" /* of U+1F600, and */
#define LOW "\xED\xB8\x80"  /* its other half */

/* What is left of a pair is U+FFFD, wherever it stands, and takes nothing with it. */
static void test_lone_halves(void)
{
    check_string(BR_SLICE("\"hi \\ud83d\""), BR_SLICE("hi " REPLACED), false);
    check_string(BR_SLICE("\"\\ude00 there\""), BR_SLICE(REPLACED " there"), false);
    check_string(BR_SLICE("\"\\ud83d\\ud83d\\ude00\""), BR_SLICE(REPLACED "\xF0\x9F\x98\x80"),
                 false);
    check_string(BR_SLICE("\"\\ude00\\ud83d\""), BR_SLICE(REPLACED REPLACED), false);
    check_string(BR_SLICE("\"\\ud83d\\u0041\\ud83d\\n\\ud83dA\""),
                 BR_SLICE(REPLACED "A" REPLACED "\n" REPLACED "A"), false);
    check_string(BR_SLICE("\"\\ud800\\udbff\\udc00\""), BR_SLICE(REPLACED "\xF4\x8F\xB0\x80"),
                 false);
}

static void check_joined(br_slice text, const char *want)
{
    br_buf out;
    br_buf_init(&out, 64);
    CHECK(br_utf8_join_halves(&out, text));
    CHECK_SLICE(br_buf_slice(&out), want);
    br_buf_free(&out);
}

static void test_kept_halves(void)
{
    br_json_reader r;
    br_slice text;
    br_json_reader_init(&r, BR_SLICE("\"\\ud83d\\ude00 \\ud83d\""));
    r.keep_halves = true;
    CHECK(br_json_string(&r, &text) && r.halves == 1);
    CHECK_SLICE(text, "\xF0\x9F\x98\x80 " HIGH);
    br_json_reader_free(&r);
    check_joined(BR_SLICE(""), "");
    check_joined(BR_SLICE("h\xC3\xA9 \xED\x9F\xBF"), "h\xC3\xA9 \xED\x9F\xBF");
    check_joined(BR_SLICE("hi " HIGH LOW "!"), "hi \xF0\x9F\x98\x80!");
    check_joined(BR_SLICE(HIGH HIGH LOW LOW), REPLACED "\xF0\x9F\x98\x80" REPLACED);
    check_joined(BR_SLICE(LOW HIGH "x" LOW), REPLACED REPLACED "x" REPLACED);
    check_joined(BR_SLICE("\xED\xAF\xBF\xED\xBF\xBF\xED\xA0"), "\xF4\x8F\xBF\xBF\xED\xA0");
}

static void test_walk(void)
{
    br_json_reader r;
    br_slice key, text;
    br_json_number n;
    bool flag = false;
    br_json_reader_init(&r, BR_SLICE(" {\"a\" : [1, \"x\", true ] , \"b\\n\":null} "));
    CHECK(br_json_peek(&r) == BR_JSON_OBJECT && br_json_object_begin(&r));
    CHECK_INT(br_json_object_next(&r, true, &key), 1);
    CHECK_SLICE(key, "a");
    CHECK(br_json_peek(&r) == BR_JSON_ARRAY && br_json_array_begin(&r) && r.depth == 2);
    CHECK(br_json_array_next(&r, true) == 1 && br_json_number_value(&r, &n) && n.i == 1);
    CHECK(br_json_array_next(&r, false) == 1 && br_json_string(&r, &text));
    CHECK_SLICE(text, "x");
    CHECK(br_json_array_next(&r, false) == 1 && br_json_peek(&r) == BR_JSON_TRUE);
    CHECK(br_json_bool(&r, &flag) && flag && br_json_array_next(&r, false) == 0);
    CHECK_INT(br_json_object_next(&r, false, &key), 1);
    CHECK_SLICE(key, "b\n");
    CHECK(br_json_peek(&r) == BR_JSON_NULL && br_json_null(&r));
    CHECK(br_json_object_next(&r, false, &key) == 0 && r.depth == 0);
    CHECK(!r.error && br_json_end(&r));
    br_json_reader_free(&r);
}

/* Whether the key is taken when it is guessed as that name; nothing is taken otherwise. */
static bool guess(const char *text, bool first, const char *name)
{
    br_json_reader r;
    br_json_reader_init(&r, br_slice_of(text));
    const char *ahead = br_json_key_ahead(&r, first);
    bool taken = ahead != NULL && br_json_key_take(&r, ahead, br_slice_of(name));
    CHECK_INT(br_json_offset(&r), taken ? strlen(name) + (first ? 3 : 4) : 0);
    CHECK(r.error == NULL);
    return taken;
}

static void test_guessed_keys(void)
{
    CHECK(guess("\"ab\":", true, "ab"));
    CHECK(guess(",\"ab\":1", false, "ab"));
    CHECK(!guess("\"ab\":1", false, "ab"));
    CHECK(!guess(",\"ab\":1", true, "ab"));
    CHECK(!guess("\"ab\":1", true, "a"));
    CHECK(!guess("\"ab\":1", true, "abc"));
    CHECK(!guess("\"ab\":1", true, "ac"));
    CHECK(!guess("\"ab\"", true, "ab"));
    CHECK(!guess("\"ab", true, "ab"));
    CHECK(!guess("\"ab\" :1", true, "ab"));
    CHECK(!guess(" \"ab\":1", true, "ab"));
    CHECK(!guess("\"a\\u0062\":1", true, "ab"));
    CHECK(!guess("}", true, "ab"));
    CHECK(!guess(",}", false, "ab"));
    CHECK(!guess("", true, "ab"));
}

typedef bool reader(br_json_reader *r);

static bool read_number(br_json_reader *r)
{
    br_json_number n;
    return br_json_number_value(r, &n);
}

static bool read_string(br_json_reader *r)
{
    br_slice s;
    return br_json_string(r, &s);
}

static bool read_flag(br_json_reader *r)
{
    bool flag;
    return br_json_bool(r, &flag);
}

/* Each reader refuses each other type, at the place where the value is, and for good. */
static void test_wrong_type(void)
{
    static const char *const texts[] = {"  null",  "  true", "  1",
                                        "  \"s\"", "  [1]",  "  {\"a\":1}"};
    static reader *const readers[] = {br_json_null, read_flag,           read_number,
                                      read_string,  br_json_array_begin, br_json_object_begin};
    for (size_t i = 0; i < LENGTH(texts); i++)
        for (size_t j = 0; j < LENGTH(readers); j++) {
            br_json_reader r;
            br_json_reader_init(&r, br_slice_of(texts[i]));
            bool ok = readers[j](&r);
            CHECK(ok == (i == j));
            if (!ok) {
                const char *first = r.error;
                CHECK_INT(br_json_offset(&r), 2);
                CHECK(first != NULL && *first != '\0');
                CHECK(br_json_peek(&r) == BR_JSON_ERROR && !br_json_skip(&r) && !readers[i](&r));
                CHECK(r.error == first && !br_json_end(&r) && br_json_offset(&r) == 2);
            }
            br_json_reader_free(&r);
        }
}

static void test_error_place(void)
{
    br_json_reader r;
    br_json_reader_init(&r, BR_SLICE("[1, 2, x]"));
    CHECK(!br_json_skip(&r));
    CHECK_INT(br_json_offset(&r), 7);
    br_json_reader_free(&r);
    br_json_reader_init(&r, BR_SLICE("[\"abc\\q\"]"));
    CHECK(!br_json_skip(&r));
    CHECK_INT(br_json_offset(&r), 6);
    br_json_reader_free(&r);
    br_json_reader_init(&r, BR_SLICE("[] x"));
    CHECK(br_json_skip(&r) && !br_json_end(&r));
    CHECK_INT(br_json_offset(&r), 3);
    br_json_reader_free(&r);
}

int main(void)
{
    test_cases();
    test_prefixes();
    test_string_bytes();
    test_depth();
    test_strings();
    test_lone_halves();
    test_kept_halves();
    test_walk();
    test_guessed_keys();
    test_wrong_type();
    test_error_place();
    return check_done();
}
