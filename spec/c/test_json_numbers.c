#include "core/json.h"

#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static br_json_number number(const char *text)
{
    size_t n = strlen(text);
    char *copy = guard_copy(text, n);
    br_json_reader r;
    br_json_number v = {.is_integer = false, .d = NAN};
    br_json_reader_init(&r, (br_slice){copy, n});
    bool ok = br_json_peek(&r) == BR_JSON_NUMBER && br_json_number_value(&r, &v);
    check_that(ok && br_slice_eqs(v.text, text) && br_json_end(&r), text, __FILE__, __LINE__);
    v.text.p = NULL;
    br_json_reader_free(&r);
    guard_free(copy, n);
    return v;
}

static void check_integer(const char *text, int64_t want)
{
    br_json_number v = number(text);
    check_that(v.is_integer, text, __FILE__, __LINE__);
    check_number(v.i, want, text, __FILE__, __LINE__);
    check_that(v.d == (double)want, text, __FILE__, __LINE__);
}

static void check_double(const char *text, double want)
{
    br_json_number v = number(text);
    check_that(!v.is_integer, text, __FILE__, __LINE__);
    if (memcmp(&v.d, &want, sizeof(want)) != 0)
        printf("%s: got %a, want %a\n", text, v.d, want);
    check_that(memcmp(&v.d, &want, sizeof(want)) == 0, text, __FILE__, __LINE__);
}

static void test_numbers(void)
{
    check_integer("0", 0);
    check_integer("12", 12);
    check_integer("-1", -1);
    check_integer("9007199254740993", INT64_C(9007199254740993));
    check_integer("9223372036854775807", INT64_MAX);
    check_integer("-9223372036854775808", INT64_MIN);
    check_double("9223372036854775808", 0x1p63);
    check_double("-9223372036854775809", -0x1p63);
    check_double("18446744073709551615", 0x1p64);
    check_double("18446744073709551616", 0x1p64);
    check_double("99999999999999999999", 1e20);
    check_double("-0", -0.0);
    check_double("-0.0", -0.0);
    check_double("-0e9", -0.0);
    check_double("0.0", 0.0);
    check_double("0.000000000000000000000000000000000000000000001e45", 1.0);
    check_double("1e0", 1.0);
    check_double("1.5", 1.5);
    check_double("0.1", 0x1.999999999999ap-4);
    check_double("0.7", 0x1.6666666666666p-1);
    check_double("1e22", 0x1.0f0cf064dd592p+73);
    check_double("1e23", 0x1.52d02c7e14af6p+76);
    check_double("8.5e-27", 0x1.50b83da615fd1p-87);
    check_double("9007199254740993.0", 0x1p53);
    check_double("9007199254740993.00000000000000000000000000000001", 0x1.0000000000001p53);
    check_double("9007199254740995.0", 0x1.0000000000002p53);
    check_double("1.7976931348623157e308", 0x1.fffffffffffffp1023);
    check_double("1.7976931348623158e308", 0x1.fffffffffffffp1023);
    check_double("2.2250738585072014e-308", 0x1p-1022);
    check_double("2.2250738585072011e-308", 0x0.fffffffffffffp-1022);
    check_double("4.9406564584124654e-324", 0x1p-1074);
    check_double("2.4703282292062327e-324", 0.0);
    check_double("2.4703282292062328e-324", 0x1p-1074);
    check_double("1e-400", 0.0);
    check_double("-1e-999999999999", -0.0);
    check_double("0.500000000000000166533453693773481063544750213623046875", 0x1.0000000000002p-1);
    check_double("3.518437208883201171875e13", 0x1.0000000000002p45);
    check_double("6929495644600919.5", 0x1.89e56ee5e7a58p52);
    check_double("1090544144181609348671888949248", 0x1.b8779f2474dfap+99);
    check_double("1000000000000000000000000000000e-30", 1.0);
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

/* The C library in the C locale is the judge of what the nearest double is. */
static void check_against_libc(const char *text)
{
    br_json_reader r;
    br_json_number v = {.d = NAN};
    br_json_reader_init(&r, br_slice_of(text));
    double want = strtod(text, NULL);
    if (!br_json_number_value(&r, &v) || v.d != want || signbit(v.d) != signbit(want)) {
        printf("%s: got %a, want %a\n", text, v.d, want);
        check_that(false, "the nearest double", __FILE__, __LINE__);
    }
    br_json_reader_free(&r);
}

static void test_random_numbers(void)
{
    uint64_t state = 88172645463325252u;
    for (int i = 0; i < 40000; i++) {
        char text[900];
        double any = random_double(&state);
        snprintf(text, sizeof(text), "%.*e", (int)(random64(&state) % 30), any);
        if (isfinite(strtod(text, NULL)))
            check_against_libc(text);
        snprintf(
            text, sizeof(text), "%llu.%llue%d", (unsigned long long)random64(&state) >> (i % 64),
            (unsigned long long)random64(&state) >> (i % 61), (int)(random64(&state) % 80) - 40);
        check_against_libc(text);
    }
    /* Exactly between two doubles, and one digit more at the far end. */
    for (int i = 0; i < 2000; i++) {
        char text[900];
        double low = fabs(random_double(&state)), high = nextafter(low, INFINITY);
        if (!isfinite(high))
            continue;
        long double middle = ((long double)low + (long double)high) / 2;
        int n = snprintf(text, sizeof(text), "%.780Le", middle);
        CHECK(n > 0 && (size_t)n < sizeof(text));
        check_against_libc(text);
        char *e = strchr(text, 'e'), exponent[16];
        snprintf(exponent, sizeof(exponent), "1%s", e);
        memcpy(e, exponent, strlen(exponent) + 1);
        if (isfinite(strtod(text, NULL)))
            check_against_libc(text);
    }
}

int main(void)
{
    test_numbers();
    test_random_numbers();
    return check_done();
}
