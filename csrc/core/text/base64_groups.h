/*
** The inside of the base64 encoder: the same groups in three ways. Which one runs is settled by
** the processor at run time; all give the same text.
*/
#ifndef BR_CORE_TEXT_BASE64_GROUPS_H
#define BR_CORE_TEXT_BASE64_GROUPS_H

#include "core/text/base64.h"

/*
** Encodes whole groups of three bytes from the start of `from`; returns how many bytes that were.
** The portable one leaves less than a group, the others a little more for it.
*/
typedef size_t br_base64_groups(char *to, const uint8_t *from, size_t n);

size_t br_base64_portable(char *to, const uint8_t *from, size_t n);

#ifdef __x86_64__
size_t br_base64_ssse3(char *to, const uint8_t *from, size_t n);
size_t br_base64_avx2(char *to, const uint8_t *from, size_t n);
#endif

#endif
