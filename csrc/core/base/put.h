/*
** Writing into memory that was reserved for it: each returns where the next byte goes.
*/
#ifndef BR_CORE_BASE_PUT_H
#define BR_CORE_BASE_PUT_H

#include "core/base/buffer.h"

#include <string.h>

static inline char *br_put(char *to, br_slice text)
{
    if (text.n > 0)
        memcpy(to, text.p, text.n);
    return to + text.n;
}

static inline char *br_putc(char *to, char c)
{
    *to = c;
    return to + 1;
}

#endif
