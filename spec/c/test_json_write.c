#include "core/text/json.h"

#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))

/* Its versions differ here. */
/* clang-format off */
#define T(literal) {literal, sizeof(literal) - 1}
/* clang-format on */

static void check_written(br_slice text, const char *want)
{
    char *copy = guard_copy(text.p, text.n);
    br_buf b;
    br_buf_init(&b, 100000);
    CHECK(br_json_write_string(&b, (br_slice){copy, text.n}));
    CHECK_SLICE(br_buf_slice(&b), want);
    br_buf_free(&b);
    guard_free(copy, text.n);
}

static void test_write_string(void)
{
    check_written((br_slice){NULL, 0}, "\"\"");
    check_written(BR_SLICE("plain text, long enough / \x7F"), "\"plain text, long enough / \x7F\"");
    check_written(BR_SLICE("\"\\\b\f\n\r\t"), "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
    check_written(BR_SLICE("\0\x01\x1F\x0B"), "\"\\u0000\\u0001\\u001f\\u000b\"");
    check_written(BR_SLICE("\xC3\xA9\n\xF0\x9F\x98\x80"), "\"\xC3\xA9\\n\xF0\x9F\x98\x80\"");
    static const br_slice wrong[] = {T("\xFF"),         T("abc\n\xC3"), T("\xED\xA0\x80"),
                                     T("12345678\x80"), T("\xC0\x80"),  T("\xF4\x90\x80\x80"),
                                     T("\xE2\x82")};
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        br_buf b;
        br_buf_init(&b, 1000);
        br_buf_adds(&b, "before");
        CHECK(!br_json_write_string(&b, wrong[i]) && !b.failed);
        CHECK_SLICE(br_buf_slice(&b), "before");
        br_buf_free(&b);
    }
}

static void test_write_limit(void)
{
    for (size_t max = 0; max < 12; max++) {
        br_buf b;
        br_buf_init(&b, max);
        CHECK(!br_json_write_string(&b, BR_SLICE("abc\n\x01z")) && b.failed);
        br_buf_free(&b);
    }
    br_buf b;
    br_buf_init(&b, 14);
    CHECK(br_json_write_string(&b, BR_SLICE("abc\n\x01z")) && b.len == 14);
    br_buf_free(&b);
}

static void check_int(int64_t value, const char *want)
{
    br_buf b;
    br_buf_init(&b, 100);
    br_json_write_int(&b, value);
    CHECK_SLICE(br_buf_slice(&b), want);
    br_buf_free(&b);
}

static void check_double_text(double value, const char *want)
{
    br_buf b;
    br_buf_init(&b, 100);
    CHECK(br_json_write_double(&b, value));
    CHECK_SLICE(br_buf_slice(&b), want);
    br_buf_free(&b);
}

static void test_write_numbers(void)
{
    check_int(0, "0");
    check_int(-7, "-7");
    check_int(INT64_MAX, "9223372036854775807");
    check_int(INT64_MIN, "-9223372036854775808");
    check_double_text(0, "0");
    check_double_text(-0.0, "-0");
    check_double_text(1, "1");
    check_double_text(-250, "-250");
    check_double_text(0.7, "0.7");
    check_double_text(-0.1, "-0.1");
    check_double_text(0.30000000000000004, "0.30000000000000004");
    check_double_text(3.141592653589793, "3.141592653589793");
    check_double_text(1234.5678, "1234.5678");
    check_double_text(0.00001, "0.00001");
    check_double_text(0.000123, "0.000123");
    check_double_text(1.5e-7, "1.5e-7");
    check_double_text(9007199254740991, "9007199254740991");
    check_double_text(9007199254740992, "9007199254740992");
    check_double_text(123456789012345680, "1.2345678901234568e17");
    check_double_text(1e15, "1000000000000000");
    check_double_text(1e23, "1e23");
    check_double_text(0x1p-1074, "5e-324");
    check_double_text(0x1p-1022, "2.2250738585072014e-308");
    check_double_text(0x0.fffffffffffffp-1022, "2.225073858507201e-308");
    check_double_text(0x1.fffffffffffffp1023, "1.7976931348623157e308");
    check_double_text(0x1p-44, "5.684341886080802e-14");
    check_double_text(0x1p89, "6.189700196426902e26");
    check_double_text(-1e-300, "-1e-300");
    check_double_text(1e300 / 3, "3.3333333333333335e299");
    br_buf b;
    br_buf_init(&b, 100);
    CHECK(!br_json_write_double(&b, NAN) && !br_json_write_double(&b, INFINITY));
    CHECK(!br_json_write_double(&b, -INFINITY) && b.len == 0 && !b.failed);
    br_buf_free(&b);
}

static uint64_t random64(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static double random_double(uint64_t *state)
{
    double d;
    do {
        uint64_t bits = random64(state);
        memcpy(&d, &bits, sizeof(d));
    } while (!isfinite(d));
    return d;
}

static size_t significant(const char *text)
{
    size_t n = 0, zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text == '0')
            zeros += n > 0;
        else if (*text >= '1' && *text <= '9') {
            n += zeros + 1;
            zeros = 0;
        }
    }
    return n;
}

/* Reads back as itself, and the C library knows no shorter form among its own. */
static void test_write_random(void)
{
    uint64_t state = 362436069362436069u;
    br_buf b;
    br_buf_init(&b, 100);
    for (int i = 0; i < 30000; i++) {
        double d = random_double(&state);
        if (i % 3 == 1)
            d = (double)(random64(&state) >> (i % 64)) / (double)(1 << (i % 20));
        if (i % 3 == 2)
            d = (double)(random64(&state) % 1000000) / 1000;
        br_buf_clear(&b);
        CHECK(br_json_write_double(&b, d) && strtod(b.data, NULL) == d);
        char shorter[40];
        int n = (int)significant(b.data);
        if (n < 2)
            continue;
        snprintf(shorter, sizeof(shorter), "%.*e", n - 2, d);
        if (strtod(shorter, NULL) == d)
            check_text(b.data, b.len, shorter, __FILE__, __LINE__);
    }
    br_buf_free(&b);
}

int main(void)
{
    test_write_string();
    test_write_limit();
    test_write_numbers();
    test_write_random();
    return check_done();
}
