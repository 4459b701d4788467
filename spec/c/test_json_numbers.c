#include "core/text/decimal.h"
#include "core/text/json.h"

#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* At the end of a text, or where more follows: the reader has shorter ways there. */
static br_json_number number_before(const char *text, const char *rest)
{
    char joined[4096];
    size_t n = strlen(text), all = (size_t)snprintf(joined, sizeof joined, "%s%s", text, rest);
    CHECK(all < sizeof joined);
    char *copy = guard_copy(joined, all);
    br_json_reader r;
    br_json_number v = {.is_integer = false, .d = NAN};
    br_json_reader_init(&r, (br_slice){copy, all});
    bool ok = br_json_peek(&r) == BR_JSON_NUMBER && br_json_number_value(&r, &v);
    check_that(ok && br_slice_eqs(v.text, text) && br_json_offset(&r) == n, text, __FILE__,
               __LINE__);
    v.text.p = NULL;
    br_json_reader_free(&r);
    guard_free(copy, all);
    return v;
}

static br_json_number number(const char *text)
{
    static const char *const rests[] = {",", "]", "}", " ,"};
    br_json_number v = number_before(text, "");
    for (size_t i = 0; i < sizeof rests / sizeof rests[0]; i++) {
        br_json_number other = number_before(text, rests[i]);
        bool same = other.is_integer == v.is_integer && other.is_whole == v.is_whole &&
                    other.is_short == v.is_short && other.i == v.i &&
                    memcmp(&other.d, &v.d, sizeof v.d) == 0;
        check_that(same, text, __FILE__, __LINE__);
    }
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
    char joined[2048];
    double want = strtod(text, NULL);
    snprintf(joined, sizeof joined, "%s,", text);
    for (int more = 0; more < 2; more++) {
        br_json_reader r;
        br_json_number v = {.d = NAN};
        br_json_reader_init(&r, (br_slice){joined, strlen(text) + (size_t)more});
        if (!br_json_number_value(&r, &v) || v.d != want || signbit(v.d) != signbit(want)) {
            printf("%s: got %a, want %a\n", text, v.d, want);
            check_that(false, "the nearest double", __FILE__, __LINE__);
        }
        br_json_reader_free(&r);
    }
}

#define WHOLE_DIGITS 309
#define EXACT_DECIMALS 1075 /* a half of the smallest double has no more */
#define EXACT_SIZE (WHOLE_DIGITS + 1 + EXACT_DECIMALS + 1)

/* All digits of (low + high) / 2, by hand: a long double is no wider than a double everywhere. */
static void write_middle(double low, double high, char text[EXACT_SIZE])
{
    char a[EXACT_SIZE], b[EXACT_SIZE];
    int n = snprintf(a, sizeof a, "%0*.*f", EXACT_SIZE - 1, EXACT_DECIMALS, low), carry = 0;
    CHECK_INT(n, EXACT_SIZE - 1);
    CHECK_INT(snprintf(b, sizeof b, "%0*.*f", EXACT_SIZE - 1, EXACT_DECIMALS, high), n);
    for (int i = n - 1; i >= 0; i--) {
        int sum = a[i] - '0' + b[i] - '0' + carry;
        carry = a[i] != '.' && sum > 9;
        a[i] = a[i] == '.' ? '.' : (char)('0' + sum - 10 * carry);
    }
    for (int i = 0; i < n; i++) {
        int digit = a[i] - '0' + 10 * carry;
        carry = a[i] == '.' ? carry : digit % 2;
        text[i] = a[i] == '.' ? '.' : (char)('0' + digit / 2);
    }
    text[n] = '\0';
    n = (int)strspn(text, "0");
    memmove(text, text + n - (text[n] == '.'), strlen(text + n) + (text[n] == '.') + 1);
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
        /* As vectors have them. */
        snprintf(text, sizeof(text), "%s%d.%0*llu", i % 2 != 0 ? "-" : "", i % 11, i % 21 + 1,
                 (unsigned long long)random64(&state) >> (i % 64));
        check_against_libc(text);
    }
    /* Exactly between two doubles, and one digit more at the far end. */
    for (int i = 0; i < 2000; i++) {
        char text[EXACT_SIZE + 1];
        double low = fabs(random_double(&state)), high = nextafter(low, INFINITY);
        if (!isfinite(high))
            continue;
        write_middle(low, high, text);
        check_against_libc(text);
        size_t length = strlen(text);
        memcpy(text + length, "1", 2);
        check_against_libc(text);
    }
}

static int order(const char *a, const char *b)
{
    return br_decimal_order(br_slice_of(a), br_slice_of(b));
}

static void check_order(const char *a, const char *b, int want)
{
    check_number(order(a, b), want, a, __FILE__, __LINE__);
    check_number(order(b, a), -want, b, __FILE__, __LINE__);
}

static void test_order(void)
{
    check_order("1", "2", -1);
    check_order("9", "10", -1);
    check_order("1.10", "1.1", 0);
    check_order("110e-2", "0.0011E+3", 0);
    check_order("100", "1e2", 0);
    check_order("0", "-0.000e99", 0);
    check_order("-1", "0", -1);
    check_order("-2", "-1", -1);
    check_order("-1e400", "-1e399", -1);
    check_order("1e400", "10e399", 0);
    check_order("12345678901234567890", "12345678901234567891", -1);
    check_order("0.1000000000000000055511151231257827", "0.1", 1);
    check_order("1e99999999999", "2e99999999998", 1);
    check_order("1e-99999999999", "0", 1);
    check_order("1e999099999999999998", "1e999099999999999999", -1);
    check_order("1e9990999999999999990", "1e999099999999999999", 1);
    check_order("1e-00999099999999999999999999", "1e-1", -1);
    check_order("0.00120", "0.0012000000000000000001", -1);
    check_order("123456", "123456.5", -1);
}

static void check_fits(const char *text, bool want)
{
    br_json_reader r;
    br_json_number v = {.is_integer = false};
    br_json_reader_init(&r, br_slice_of(text));
    check_that(br_json_number_value(&r, &v) && br_json_end(&r), text, __FILE__, __LINE__);
    check_that(br_json_number_fits(&v) == want, text, __FILE__, __LINE__);
    br_json_reader_free(&r);
}

static void test_fits(void)
{
    static const char *const fitting[] = {"0",
                                          "-0",
                                          "0.1",
                                          "1.10",
                                          "1e2",
                                          "1e20",
                                          "100000000000000000000",
                                          "1e22",
                                          "0e999",
                                          "-0.0e-999",
                                          "9223372036854775807",
                                          "-9223372036854775808",
                                          "5e-324",
                                          "1.7976931348623157e308",
                                          "0.30000000000000004",
                                          "9007199254740993",
                                          "123456789012345.6",
                                          "2.2250738585072014e-308"};
    static const char *const others[] = {"12345678901234567890",
                                         "9223372036854775809",
                                         "1e400",
                                         "-1e400",
                                         "1e-400",
                                         "4e-324",
                                         "9007199254740993.0",
                                         "0.1000000000000000055511151231257827",
                                         "0.10000000000000001",
                                         "1e99999999999999999999",
                                         "123456789012345678.5",
                                         "1.79769313486231571e308"};
    for (size_t i = 0; i < sizeof fitting / sizeof *fitting; i++)
        check_fits(fitting[i], true);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        check_fits(others[i], false);
}

/* The shortest text of a double fits, with zeros behind it, too; with another digit it does not. */
static void test_random_fits(void)
{
    uint64_t state = 12345;
    for (int i = 0; i < 5000; i++) {
        char text[BR_DOUBLE_TEXT_SIZE + 40], longer[BR_DOUBLE_TEXT_SIZE + 64];
        double d = random_double(&state);
        text[br_double_text(d, text)] = '\0';
        check_fits(text, true);
        size_t digits = strcspn(text, "e");
        const char *point = memchr(text, '.', digits) != NULL ? "" : ".";
        snprintf(longer, sizeof longer, "%.*s%s000000000000000000%s", (int)digits, text, point,
                 text + digits);
        check_fits(longer, true);
        check_order(text, longer, 0);
        snprintf(longer, sizeof longer, "%.*s%s000000000000000001%s", (int)digits, text, point,
                 text + digits);
        check_fits(longer, false);
        check_order(text, longer, d < 0 ? 1 : -1);
    }
}

int main(void)
{
    test_numbers();
    test_order();
    test_fits();
    test_random_fits();
    test_random_numbers();
    return check_done();
}
