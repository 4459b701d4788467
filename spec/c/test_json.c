#include "core/json.h"

#include "check.h"

#include <string.h>

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

#define T(literal)                                                                                 \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

static const br_slice good[] = {
    T("null"),
    T("true"),
    T("false"),
    T("0"),
    T("-0"),
    T("\"\""),
    T("[]"),
    T("{}"),
    T(" \t\r\n[ \t\r\n] \t\r\n"),
    T("[1]"),
    T("[1,2]"),
    T("[ 1 , 2 ]"),
    T("[[],[[]]]"),
    T("{\"a\":1}"),
    T("{ \"a\" : 1 , \"b\" : { } }"),
    T("{\"a\":1,\"a\":2}"),
    T("{\"\":0}"),
    T("[null,true,false,\"\",{},[],0]"),
    T("[123.456e78]"),
    T("[0e+1]"),
    T("[0e1]"),
    T("[1E22]"),
    T("[1E-2]"),
    T("[1E+2]"),
    T("[123e45]"),
    T("[-0.0]"),
    T("[-123]"),
    T("[0.5]"),
    T("[20e1]"),
    T("[1e-10000]"),
    T("[0e99999999999999999999]"),
    T("[1e-99999999999999999999]"),
    T("[100000000000000000000000000000]"),
    T("\"a/b\""),
    T("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
    T("\"\\u0000\""),
    T("\"\\uD834\\uDD1E\""),
    T("\"\\ud834\\udd1e\""),
    T("\"\\uFFFF\""),
    T("\"\\uDBFF\\uDFFF\""),
    T("\"\\u0061\\u30af\\u30EA\""),
    T("\"\x7F\""),
    T("\"\xC2\x80\""),
    T("\"\xE0\xA0\x80\""),
    T("\"\xED\x9F\xBF\xEE\x80\x80\""),
    T("\"\xF0\x90\x80\x80\""),
    T("\"\xF4\x8F\xBF\xBF\""),
    T("\"\xEF\xBB\xBF\""),
    T("\"\xE2\x80\xA8\xE2\x80\xA9\""),
    T("\"\\\\u0000\""),
    T("\"12345678\\n1234567\\\"\""),
};

static const br_slice bad[] = {
    T(""),
    T(" "),
    T("nul"),
    T("nulll"),
    T("NULL"),
    T("True"),
    T("tru"),
    T("truee"),
    T("fals"),
    T("NaN"),
    T("Infinity"),
    T("-Infinity"),
    T("-"),
    T("+1"),
    T("--1"),
    T("01"),
    T("-01"),
    T("00"),
    T("-00.5"),
    T("1."),
    T(".5"),
    T("-.5"),
    T("1.e1"),
    T("1e"),
    T("1e+"),
    T("1e-"),
    T("1E"),
    T("1e1.5"),
    T("1.5.5"),
    T("0x1"),
    T("1_000"),
    T("1a"),
    T("1 2"),
    T("[1 2]"),
    T("1e400"),
    T("-1e400"),
    T("1e99999999999999999999"),
    T("\xEF\xBB\xBF"
      "1"),
    T("\xEF\xBC\x91"),
    T("1\0"),
    T("\0"),
    T("["),
    T("]"),
    T("[1"),
    T("[1,"),
    T("[1,]"),
    T("[,1]"),
    T("[,]"),
    T("[1,,2]"),
    T("[1}"),
    T("[]]"),
    T("[\"a\":1]"),
    T("[1:2]"),
    T("[;]"),
    T("[\v1]"),
    T("[\f]"),
    T("[\xA0]"),
    T("[\xE2\x81\xA0]"),
    T("{"),
    T("}"),
    T("{]"),
    T("{\"a\""),
    T("{\"a\":"),
    T("{\"a\":1"),
    T("{\"a\":1,"),
    T("{\"a\":1,}"),
    T("{,\"a\":1}"),
    T("{\"a\":1,,\"b\":2}"),
    T("{\"a\",1}"),
    T("{\"a\" 1}"),
    T("{\"a\"::1}"),
    T("{a:1}"),
    T("{1:1}"),
    T("{'a':1}"),
    T("{null:1}"),
    T("{\"a\":1 \"b\":2}"),
    T("{\"a\":}"),
    T("{}}"),
    T("{}[]"),
    T("[] 1"),
    T("[]/**/"),
    T("[]//"),
    T("[]#"),
    T("'a'"),
    T("\""),
    T("\"a"),
    T("\"\\\""),
    T("\"\\"),
    T("\"\\x41\""),
    T("\"\\a\""),
    T("\"\\0\""),
    T("\"\\\0\""),
    T("\"\\'\""),
    T("\"\\U0041\""),
    T("\"\\u\""),
    T("\"\\u0\""),
    T("\"\\u004\""),
    T("\"\\u004"),
    T("\"\\u00g0\""),
    T("\"\\u-123\""),
    T("\"\\uD800\""),
    T("\"\\uDC00\""),
    T("\"\\uD800\\n\""),
    T("\"\\uD800\\uD800\""),
    T("\"\\uD800x\""),
    T("\"\\uD800\\u\""),
    T("\"\\uD800\\uDC0\""),
    T("\"\\uD800\\uE000\""),
    T("\"\\uDC00\\uD800\""),
    T("\"\\uD834\\uDd\""),
    T("\"\n\""),
    T("\"\t\""),
    T("\"\0\""),
    T("\"\x1F\""),
    T("\"1234567\x01\""),
    T("\"\x80\""),
    T("\"\xBF\""),
    T("\"\xC0\x80\""),
    T("\"\xC1\xBF\""),
    T("\"\xC2\""),
    T("\"\xC2"),
    T("\"\xC2x\""),
    T("\"\xE0\x80\x80\""),
    T("\"\xE0\x9F\xBF\""),
    T("\"\xE2\x82\""),
    T("\"\xED\xA0\x80\""),
    T("\"\xED\xBF\xBF\""),
    T("\"\xF0\x80\x80\x80\""),
    T("\"\xF0\x8F\xBF\xBF\""),
    T("\"\xF0\x9F\x98\""),
    T("\"\xF4\x90\x80\x80\""),
    T("\"\xF5\x80\x80\x80\""),
    T("\"\xFE\""),
    T("\"\xFF\""),
    T("\"\xE9\""),
    T("{\"\xFF\":1}"),
    T("\\u0022a\""),
    T("[\\n]"),
    T("*"),
    T("<null>"),
    T("&"),
    T("[\"a\",\n4\n,1,"),
    T("\"a\" \"b\""),
    T("[1]x"),
    T("2@"),
    T("[\"x\"\"y\"]"),
    T("abc"),
    T("nan"),
    T("-x"),
    T("[-]"),
    T("[- 1]"),
    T("[1.0e+]"),
    T("[0.e1]"),
    T("[1eE2]"),
    T("0e"),
};

static void test_tables(void)
{
    for (size_t i = 0; i < LENGTH(good); i++)
        check_that(accepts(good[i], NULL), good[i].p, __FILE__, __LINE__);
    for (size_t i = 0; i < LENGTH(bad); i++)
        check_that(!accepts(bad[i], NULL), bad[i].p, __FILE__, __LINE__);
    CHECK(!accepts((br_slice){NULL, 0}, NULL));
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
    test_tables();
    test_prefixes();
    test_string_bytes();
    test_depth();
    test_strings();
    test_walk();
    test_wrong_type();
    test_error_place();
    return check_done();
}
