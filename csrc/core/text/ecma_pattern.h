/* Patterns of ECMA-262 (see regex.h for the part of it) in PCRE2's words. */
#ifndef BR_CORE_TEXT_ECMA_PATTERN_H
#define BR_CORE_TEXT_ECMA_PATTERN_H

#include "core/base/buffer.h"

/*
** Appends what means the same to PCRE2, or what PCRE2 refuses. false: the pattern has what is not
** among those in regex.h, or `out` failed.
*/
bool br_ecma_pattern(br_buf *out, br_slice pattern);

#endif
