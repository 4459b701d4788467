#include "core/base/ascii.h"
#include "core/text/decimal.h"

#include <string.h>

#define EXPONENT_MAX INT64_C(1000000000000000000)

/* 0.d1d2… · 10^point of the digits of a text; those of zero are none. */
typedef struct digits {
    const char *p, *end; /* from the first digit that is not 0; a point may be among them */
    int64_t point;
    bool negative;
} digits;

static int64_t exponent_of(const char *p, const char *end)
{
    int64_t value = 0;
    bool negative = p < end && *p == '-';
    if (p < end && !br_is_digit(*p))
        p++;
    for (; p < end; p++)
        value = value < EXPONENT_MAX / 10 ? value * 10 + (*p - '0') : EXPONENT_MAX;
    return negative ? -value : value;
}

static digits digits_of(br_slice text)
{
    const char *p = text.p, *end = text.p + text.n;
    digits d = {.negative = text.n > 0 && *p == '-'};
    bool fraction = false, begun = false;
    for (p += d.negative; p < end && *p != 'e' && *p != 'E'; p++) {
        if (*p == '.') {
            fraction = true;
            continue;
        }
        if (!begun && *p != '0')
            d.p = p;
        begun = begun || *p != '0';
        d.point += begun && !fraction;
        d.point -= !begun && fraction;
    }
    d.end = p;
    if (p < end)
        d.point += exponent_of(p + 1, end);
    return d;
}

/* The next digit; '0' at the end. */
static char next_digit(digits *d)
{
    if (d->p < d->end && *d->p == '.')
        d->p++;
    return d->p < d->end ? *d->p++ : '0';
}

static int magnitude_order(digits a, digits b)
{
    if (a.p == NULL || b.p == NULL)
        return (a.p != NULL) - (b.p != NULL);
    if (a.point != b.point)
        return a.point < b.point ? -1 : 1;
    while (a.p < a.end || b.p < b.end) {
        char x = next_digit(&a), y = next_digit(&b);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

int br_decimal_order(br_slice a, br_slice b)
{
    digits x = digits_of(a), y = digits_of(b);
    int order = magnitude_order(x, y);
    bool below = x.negative && x.p != NULL, other = y.negative && y.p != NULL;
    if (below != other)
        return below ? -1 : 1;
    return below ? -order : order;
}

bool br_decimal_is(br_slice text, double d)
{
    char shortest[BR_DOUBLE_TEXT_SIZE];
    size_t n = br_double_text(d, shortest);
    return br_decimal_order(text, (br_slice){shortest, n}) == 0;
}
