/*
** Hexadecimal digits.
*/
#ifndef BR_CORE_BASE_HEX_H
#define BR_CORE_BASE_HEX_H

#include <stddef.h>
#include <stdint.h>

void br_hex(char *out, const uint8_t *bytes, size_t n); /* 2n lower-case digits, no NUL */

#endif
