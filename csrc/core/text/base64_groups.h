/*
** The inside of base64: the same groups in three ways. Which one runs is settled by the processor at
** run time; all give the same.
*/
#ifndef BR_CORE_TEXT_BASE64_GROUPS_H
#define BR_CORE_TEXT_BASE64_GROUPS_H

#include "core/text/base64.h"

/*
** Encodes whole groups of three bytes from the start of `from`; returns how many bytes that were.
** The portable one leaves less than a group, the others a little more for it.
*/
typedef size_t br_base64_encoder(char *to, const uint8_t *from, size_t n);
/*
** Decodes whole groups of four digits from the start of `from`; returns how many digits that were.
** Stops before what has no place in the alphabet: the portable one right before its group, the others
** a little earlier; they also leave a little at the end for it.
*/
typedef size_t br_base64_decoder(char *to, const char *from, size_t n);

br_base64_encoder br_base64_encode_portable;
br_base64_decoder br_base64_decode_portable;

#ifdef __x86_64__
br_base64_encoder br_base64_encode_ssse3, br_base64_encode_avx2;
br_base64_decoder br_base64_decode_ssse3, br_base64_decode_avx2;
#endif

#endif
