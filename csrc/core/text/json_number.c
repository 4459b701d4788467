/*
** The numbers of JSON.
*/
#include <float.h>
#include <math.h>

#include "core/text/decimal.h"
#include "core/text/json_reader.h"
#include "core/text/utf8.h"

#define DIGITS_MAX 19

/* `digits` is right as long as they are at most DIGITS_MAX, leading zeros not counted. */
typedef struct number_scan {
    const char *p, *end;
    uint64_t digits;
    size_t count;
} number_scan;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
/*
** Something in each byte that is no digit. Carries make more of it only above such a byte, so the lowest
** is always right.
*/
static inline uint64_t other_bytes(uint64_t word)
{
    uint64_t high = BR_ONES * 0xF0, zeros = BR_ONES * '0';
    return ((word & high) ^ zeros) | (((word + BR_ONES * 6) & high) ^ zeros);
}

/* Eight digits at once: neighbours are joined into pairs, pairs into fours, fours into eight. */
static inline uint64_t value_of_eight(uint64_t word)
{
    word = (word & BR_ONES * 0x0F) * (10 * 0x100 + 1) >> 8;
    word = (word & UINT64_C(0x00FF00FF00FF00FF)) * (100 * 0x10000 + 1) >> 16;
    return (word & UINT64_C(0x0000FFFF0000FFFF)) * (10000 * UINT64_C(0x100000000) + 1) >> 32;
}

/* Digits as long as eight bytes are left; those that are fewer than eight get zeros in front. */
static inline void scan_words(number_scan *s)
{
    static const uint32_t tens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
    uint64_t others = 0;
    while (others == 0 && s->end - s->p >= 8) {
        uint64_t word = br_load8(s->p);
        others = other_bytes(word);
        if (others == 0) {
            s->digits = s->digits * 100000000 + value_of_eight(word);
            s->p += 8;
            continue;
        }
        unsigned n = (unsigned)__builtin_ctzll(others) >> 3;
        if (n > 0)
            s->digits = s->digits * tens[n] + value_of_eight(word << (64 - 8 * n));
        s->p += n;
    }
}
#else
static inline void scan_words(number_scan *s)
{
    (void)s;
}
#endif

/* A run of digits; false if there is none. */
static inline bool scan_digits(number_scan *s)
{
    const char *start = s->p;
    scan_words(s);
    for (; s->p < s->end && br_is_digit(*s->p); s->p++)
        s->digits = s->digits * 10 + (uint64_t)(*s->p - '0');
    s->count += (size_t)(s->p - start);
    return s->p > start;
}

/* Whether the digits from `first` on are too many for `digits`. */
static bool too_many(const number_scan *s, const char *first)
{
    size_t count = s->count;
    for (; count > DIGITS_MAX && (*first == '0' || *first == '.'); first++)
        count -= *first == '0';
    return count > DIGITS_MAX;
}

#define EXPONENT_MAX 1000000000

static bool scan_exponent(number_scan *s, int64_t *exponent)
{
    bool negative = s->p < s->end && *s->p == '-';
    if (negative || (s->p < s->end && *s->p == '+'))
        s->p++;
    if (s->p == s->end || !br_is_digit(*s->p))
        return false;
    for (*exponent = 0; s->p < s->end && br_is_digit(*s->p); s->p++)
        if (*exponent < EXPONENT_MAX)
            *exponent = *exponent * 10 + (*s->p - '0');
    if (negative)
        *exponent = -*exponent;
    return true;
}

/* 19 digits fit uint64_t, and the magnitude of INT64_MIN is one more than that of INT64_MAX. */
static bool set_integer(br_json_number *out, const number_scan *s, bool negative)
{
    uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
    if (s->count > DIGITS_MAX || s->digits > limit || (negative && s->digits == 0))
        return false;
    out->is_integer = out->is_short = true;
    if (negative)
        out->i = -(int64_t)(s->digits - 1) - 1;
    else
        out->i = (int64_t)s->digits;
    out->d = (double)out->i;
    return true;
}

static const char *const number_wrong = "a number is malformed";

#define SHORT_DIGITS UINT64_C(1000000000000000) /* numbers below have DBL_DIG digits at most */
#define SHORT_EXPONENT 280

static void finish_double(br_json_number *out, const br_decimal *d)
{
    bool near = d->exponent < SHORT_EXPONENT && d->exponent > -SHORT_EXPONENT;
    out->is_integer = false;
    out->is_short = !d->truncated && (d->digits == 0 || (d->digits < SHORT_DIGITS && near));
    out->i = 0;
    out->d = br_decimal_double(d);
}

/* What follows the integer part. r->p moves to the end of the number, or to where it is wrong. */
static bool read_fraction(br_json_reader *r, number_scan *s, br_decimal *d)
{
    if (s->p < s->end && *s->p == '.') {
        const char *point = s->p++;
        r->p = s->p;
        if (!scan_digits(s))
            return br_json_fail_at(r, number_wrong);
        d->exponent = -(int64_t)(s->p - point - 1);
    }
    d->text.n = (size_t)(s->p - d->text.p);
    if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
        s->p++;
        if (!scan_exponent(s, &d->written)) {
            r->p = s->p;
            return br_json_fail_at(r, number_wrong);
        }
    }
    d->exponent += d->written;
    d->truncated = too_many(s, d->text.p);
    d->digits = s->digits;
    return true;
}

static inline bool ends_number(const char *p, const char *end)
{
    return p < end && (*p == ',' || *p == ']' || *p == '}');
}

#define EXACT_INTEGER (UINT64_C(1) << 53)

static const double exact_powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,
                                      1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19};

/*
** A digit, a point and more digits, as nearly all numbers of vectors are; false: something else. With
** so few digits both they and the power of ten are exact doubles, so one division rounds once. Not
** where doubles are computed in wider registers.
*/
static inline bool take_fraction(br_json_reader *r, br_json_number *out)
{
    const char *start = r->p;
    bool negative = *start == '-';
    number_scan s = {.p = start + negative, .end = r->end};
    if (FLT_EVAL_METHOD != 0 || s.end - s.p < 3 || s.p[1] != '.' || !br_is_digit(s.p[0]))
        return false;
    s.digits = (uint64_t)(*s.p - '0');
    s.p += 2;
    if (!scan_digits(&s) || s.count >= DIGITS_MAX || s.digits > EXACT_INTEGER ||
        !ends_number(s.p, s.end))
        return false;
    double value = (double)s.digits / exact_powers[s.count];
    *out = (br_json_number){.is_short = s.digits < SHORT_DIGITS,
                            .d = negative ? -value : value,
                            .text = {start, (size_t)(s.p - start)}};
    r->p = s.p;
    return true;
}

#define FEW_DIGITS 9

/* A count or an index, as most whole numbers are; false: something else. */
static inline bool take_count(br_json_reader *r, br_json_number *out)
{
    const char *start = r->p, *p = start;
    int32_t value = 0;
    for (; p < r->end && br_is_digit(*p) && p - start < FEW_DIGITS; p++)
        value = value * 10 + (*p - '0');
    if (p == start || !ends_number(p, r->end) || (*start == '0' && p - start > 1))
        return false;
    *out = (br_json_number){.is_integer = true,
                            .is_whole = true,
                            .is_short = true,
                            .i = value,
                            .d = value,
                            .text = {start, (size_t)(p - start)}};
    r->p = p;
    return true;
}

/* Apart, so that the short ways do without the room that this one takes. */
static __attribute__((noinline)) bool read_number(br_json_reader *r, br_json_number *out)
{
    const char *start = r->p;
    bool negative = *start == '-';
    number_scan s = {.p = start + negative, .end = r->end};
    const char *first = s.p;
    if (!scan_digits(&s)) {
        r->p = s.p;
        return br_json_fail_at(r, negative ? number_wrong : "expected a number");
    }
    if (*first == '0' && s.p - first > 1)
        return br_json_fail(r, "a number has a leading zero");
    bool whole = s.p == s.end || (*s.p != '.' && *s.p != 'e' && *s.p != 'E');
    if (!whole || !set_integer(out, &s, negative)) {
        br_decimal d = {.text = {first, 0}, .negative = negative};
        if (!read_fraction(r, &s, &d))
            return false;
        finish_double(out, &d);
    }
    out->is_whole = whole;
    out->text = (br_slice){start, (size_t)(s.p - start)};
    r->p = s.p;
    return true;
}

bool br_json_number_value(br_json_reader *r, br_json_number *out)
{
    if (!br_json_at_token(r))
        return br_json_fail_at(r, "");
    return take_fraction(r, out) || take_count(r, out) || read_number(r, out);
}

bool br_json_number_fits(const br_json_number *n)
{
    return n->is_integer || n->is_short || (isfinite(n->d) && br_decimal_is(n->text, n->d));
}
