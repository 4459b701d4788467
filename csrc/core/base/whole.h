/* As value == floor(value), without libm, which nothing else here needs. */
#ifndef BR_CORE_BASE_WHOLE_H
#define BR_CORE_BASE_WHOLE_H

#include <stdbool.h>
#include <stdint.h>

#define BR_FRACTIONS_BELOW 9007199254740992.0 /* 2^53: no double from there on has a fraction */

/* Infinities have no fraction; NaN is not whole. */
static inline bool br_is_whole(double value)
{
    if (value > -BR_FRACTIONS_BELOW && value < BR_FRACTIONS_BELOW)
        return value == (double)(int64_t)value;
    return value == value;
}

#endif
