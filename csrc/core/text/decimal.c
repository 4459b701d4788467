#include "core/text/decimal.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/ascii.h"

#define EXACT_INTEGER_MAX (UINT64_C(1) << 53)
#define EXACT_POWER_MAX 22

static const double powers_of_ten[EXACT_POWER_MAX + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/*
** Clinger's fast path: an integer below 2^53 and a power of ten up to 10^22 are exact doubles, so
** one operation rounds once. Not where doubles are computed in wider registers.
*/
static bool from_exact_parts(uint64_t digits, int64_t exponent, double *out)
{
    if (FLT_EVAL_METHOD != 0 || digits > EXACT_INTEGER_MAX || exponent > EXACT_POWER_MAX ||
        exponent < -EXACT_POWER_MAX)
        return false;
    if (exponent < 0)
        *out = (double)digits / powers_of_ten[-exponent];
    else
        *out = (double)digits * powers_of_ten[exponent];
    return true;
}

#ifdef __SIZEOF_INT128__
#define FIVE_POWER_MAX 27

static const uint64_t powers_of_five[FIVE_POWER_MAX + 1] = {UINT64_C(1),
                                                            UINT64_C(5),
                                                            UINT64_C(25),
                                                            UINT64_C(125),
                                                            UINT64_C(625),
                                                            UINT64_C(3125),
                                                            UINT64_C(15625),
                                                            UINT64_C(78125),
                                                            UINT64_C(390625),
                                                            UINT64_C(1953125),
                                                            UINT64_C(9765625),
                                                            UINT64_C(48828125),
                                                            UINT64_C(244140625),
                                                            UINT64_C(1220703125),
                                                            UINT64_C(6103515625),
                                                            UINT64_C(30517578125),
                                                            UINT64_C(152587890625),
                                                            UINT64_C(762939453125),
                                                            UINT64_C(3814697265625),
                                                            UINT64_C(19073486328125),
                                                            UINT64_C(95367431640625),
                                                            UINT64_C(476837158203125),
                                                            UINT64_C(2384185791015625),
                                                            UINT64_C(11920928955078125),
                                                            UINT64_C(59604644775390625),
                                                            UINT64_C(298023223876953125),
                                                            UINT64_C(1490116119384765625),
                                                            UINT64_C(7450580596923828125)};

/*
** high * 2^exponent, to nearest even; `sticky` tells of a remainder below. high has its top bit
** set, which adds one to the exponent's field when the mantissa is added; a carry does so once
** more.
*/
static double round_to_double(uint64_t high, bool sticky, int exponent)
{
    uint64_t mantissa = high >> 11, rest = high & 0x7FF;
    if (rest > 0x400 || (rest == 0x400 && (sticky || (mantissa & 1) != 0)))
        mantissa++;
    uint64_t bits = ((uint64_t)(exponent + 11 + 52 + 1022) << 52) + mantissa;
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

/*
** Up to 19 digits and powers up to 10^27: 5^27 still fits 64 bits, so product or quotient is had
** exactly in 128 bits and rounded once. 10^n = 5^n · 2^n. The results are far from subnormal.
*/
static bool from_wide_parts(uint64_t digits, int64_t exponent, double *out)
{
    if (digits == 0 || exponent > FIVE_POWER_MAX || exponent < -FIVE_POWER_MAX)
        return false;
    uint64_t five = powers_of_five[exponent < 0 ? -exponent : exponent];
    int digits_shift = __builtin_clzll(digits), five_shift = __builtin_clzll(five);
    digits <<= digits_shift;
    five <<= five_shift;
    if (exponent < 0) {
        unsigned __int128 dividend = (unsigned __int128)digits << 63;
        uint64_t quotient = (uint64_t)(dividend / five);
        bool sticky = dividend != (unsigned __int128)quotient * five;
        int spare = __builtin_clzll(quotient);
        *out = round_to_double(quotient << spare, sticky,
                               (int)exponent - 63 - digits_shift + five_shift - spare);
    } else {
        unsigned __int128 product = (unsigned __int128)digits * five;
        int spare = product >> 127 != 0 ? 0 : 1;
        product <<= spare;
        *out = round_to_double((uint64_t)(product >> 64), (uint64_t)product != 0,
                               (int)exponent + 64 - digits_shift - five_shift - spare);
    }
    return true;
}
#else
static bool from_wide_parts(uint64_t digits, int64_t exponent, double *out)
{
    (void)digits, (void)exponent, (void)out;
    return false;
}
#endif

/* No double needs more digits to be told from its neighbours' midpoint. */
#define SIGNIFICANT_MAX 768
#define EXPONENT_BOUND 100000

/*
** For strtod the point is moved out of the way, into the exponent: so the locale's own decimal
** point is never asked for. Digits beyond the significant ones only count as "a little more".
*/
static double from_text(const br_decimal *d)
{
    char copy[SIGNIFICANT_MAX + 32];
    size_t n = 0;
    int64_t exponent = d->written;
    bool fraction = false, more = false;
    for (size_t i = 0; i < d->text.n; i++) {
        char c = d->text.p[i];
        if (c == '.') {
            fraction = true;
            continue;
        }
        exponent -= fraction;
        if (n < SIGNIFICANT_MAX && (n > 0 || c != '0')) {
            copy[n++] = c;
        } else if (n > 0) {
            exponent++;
            more = more || c != '0';
        }
    }
    if (more) {
        copy[n++] = '1';
        exponent--;
    }
    if (n == 0)
        return 0;
    if (exponent > EXPONENT_BOUND || exponent < -EXPONENT_BOUND)
        exponent = exponent < 0 ? -EXPONENT_BOUND : EXPONENT_BOUND;
    snprintf(copy + n, sizeof(copy) - n, "e%d", (int)exponent);
    return strtod(copy, NULL);
}

double br_decimal_double(const br_decimal *d)
{
    double value;
    if (d->truncated || (!from_exact_parts(d->digits, d->exponent, &value) &&
                         !from_wide_parts(d->digits, d->exponent, &value)))
        value = from_text(d);
    return d->negative ? -value : value;
}

/* 0.d1d2…dn · 10^point, without leading or trailing zeros. */
typedef struct digit_string {
    char d[20];
    int n, point;
} digit_string;

static void set_integer(digit_string *s, uint64_t value, int exponent)
{
    char reversed[20];
    int n = 0;
    for (; value != 0; value /= 10)
        reversed[n++] = (char)('0' + value % 10);
    s->point = n + exponent;
    s->n = 0;
    while (n > 0)
        s->d[s->n++] = reversed[--n];
    while (s->n > 0 && s->d[s->n - 1] == '0')
        s->n--;
}

#define SHORT_MAX 1e15

/*
** Most numbers that people write have few decimals: value = integer / 10^k with both exact, so it
** reads back; the first k that does is the shortest. Beyond 15 digits more than one integer may do.
*/
static bool short_digits(double value, digit_string *s)
{
    if (FLT_EVAL_METHOD != 0 || value < 1e-5)
        return false;
    for (int k = 0; k <= 15; k++) {
        double scaled = value * powers_of_ten[k];
        if (scaled > SHORT_MAX)
            return false;
        uint64_t integer = (uint64_t)(scaled + 0.5);
        if ((double)integer / powers_of_ten[k] == value) {
            set_integer(s, integer, -k);
            return true;
        }
    }
    return false;
}

static uint64_t integer_of(const char *text, int *count)
{
    uint64_t value = 0;
    for (*count = 0; *text != '\0' && *text != 'e'; text++) {
        if (br_is_digit(*text)) {
            value = value * 10 + (uint64_t)(*text - '0');
            (*count)++;
        }
    }
    return value;
}

static bool reads_back(double value, uint64_t integer, int exponent)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)integer);
    br_decimal d = {
        .text = {text, (size_t)n}, .digits = integer, .exponent = exponent, .written = exponent};
    return br_decimal_double(&d) == value;
}

/*
** With n digits, the nearest decimal, else the one above it: at a power of two the gap below is
** half as wide as the gap above, so the nearest may lie outside where its upper neighbour does not.
*/
static bool digits_of_precision(double value, int n, digit_string *s)
{
    char text[48];
    int count;
    snprintf(text, sizeof(text), "%.*e", n - 1, value);
    uint64_t integer = integer_of(text, &count);
    int exponent = atoi(strchr(text, 'e') + 1) - count + 1;
    for (int step = 0; step < 2; step++)
        if (reads_back(value, integer + (uint64_t)step, exponent)) {
            set_integer(s, integer + (uint64_t)step, exponent);
            return true;
        }
    return false;
}

/* Up to 15 digits survive in a normal double, so fewer need no try of their own there. */
static void shortest_digits(double value, digit_string *s)
{
    if (short_digits(value, s))
        return;
    for (int n = value < DBL_MIN ? 1 : DBL_DIG; n <= DBL_DECIMAL_DIG; n++)
        if (digits_of_precision(value, n, s))
            return;
}

static size_t put_zeros(char *out, int n)
{
    if (n > 0)
        memset(out, '0', (size_t)n);
    return n > 0 ? (size_t)n : 0;
}

static size_t put_digits(char *out, const digit_string *s, int from, int to)
{
    if (to > from)
        memcpy(out, s->d + from, (size_t)(to - from));
    return to > from ? (size_t)(to - from) : 0;
}

static size_t put_plain(char *out, const digit_string *s)
{
    size_t n = 0;
    if (s->point <= 0) {
        out[n++] = '0';
    } else {
        n += put_digits(out, s, 0, s->n < s->point ? s->n : s->point);
        n += put_zeros(out + n, s->point - s->n);
    }
    if (s->n > s->point) {
        out[n++] = '.';
        n += put_zeros(out + n, -s->point);
        n += put_digits(out + n, s, s->point > 0 ? s->point : 0, s->n);
    }
    return n;
}

static size_t put_scientific(char *out, const digit_string *s)
{
    size_t n = put_digits(out, s, 0, 1);
    if (s->n > 1) {
        out[n++] = '.';
        n += put_digits(out + n, s, 1, s->n);
    }
    return n + (size_t)snprintf(out + n, BR_DOUBLE_TEXT_SIZE - n - 1, "e%d", s->point - 1);
}

size_t br_double_text(double d, char out[BR_DOUBLE_TEXT_SIZE])
{
    size_t sign = signbit(d) ? 1 : 0;
    out[0] = '-';
    if (d == 0) {
        out[sign] = '0';
        return sign + 1;
    }
    digit_string s = {.n = 0};
    shortest_digits(fabs(d), &s);
    bool plain = s.point > -5 && s.point <= 17;
    return sign + (plain ? put_plain(out + sign, &s) : put_scientific(out + sign, &s));
}
