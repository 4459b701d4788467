/*
** Decimal text to double and back, exactly rounded and without a look at the locale.
*/
#ifndef BR_CORE_TEXT_DECIMAL_H
#define BR_CORE_TEXT_DECIMAL_H

#include "core/base/buffer.h"

/*
** A number as written: `text` is digits, with at most one '.' among them, and the value is those
** digits times 10^exponent (without regard to the sign). `digits` holds the first significant ones.
*/
typedef struct br_decimal {
    br_slice text;
    bool negative;
    bool truncated;   /* more significant digits than `digits` can hold */
    uint64_t digits;  /* at most 19 of them, leading zeros not counted */
    int64_t exponent; /* of digits */
    int64_t written;  /* exponent of text, as written after 'e' */
} br_decimal;

/* The nearest double, ties to even; HUGE_VAL where it passes the range. */
double br_decimal_double(const br_decimal *d);

/* Room for the longest form: sign, 17 digits, point, "e-308", NUL, and some zeros. */
#define BR_DOUBLE_TEXT_SIZE 40
/* The shortest decimal form that reads back as d (finite); returns its length, no NUL. */
size_t br_double_text(double d, char out[BR_DOUBLE_TEXT_SIZE]);

/*
** Numbers by their JSON texts, however long: below, equal, above (-1, 0, 1). Zero has no sign here.
** Exponents beyond 10^18 count as 10^18.
*/
int br_decimal_order(br_slice a, br_slice b);
/* Whether the shortest form of d (finite) has exactly the value of the text. */
bool br_decimal_is(br_slice text, double d);

#endif
