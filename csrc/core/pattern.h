/*
** The regular expressions of the API's model, matched without backtracking: time grows with text
** times pattern, whatever the text. Supported: alternation, groups, (?:…), (?!…), ^ $ \b, classes,
** . \d \s \w and their opposites, \p{L} \p{N} \p{Z} \P{C}, \xHH \uHHHH, * + ? {m,n} (lazy forms
*too).
** Letters, numbers and separators above ASCII are told from symbols by block, leaning to a match.
*/
#ifndef BR_CORE_PATTERN_H
#define BR_CORE_PATTERN_H

#include "core/buffer.h"

#define BR_PATTERN_CODE_MAX 60000 /* instructions of one pattern, counts unrolled */

typedef enum br_pattern_result {
    BR_PATTERN_NO,
    BR_PATTERN_YES,
    BR_PATTERN_UNKNOWN /* not supported, too large, or no memory: nothing can be said */
} br_pattern_result;

/* Whether all of `text` (valid UTF-8) matches. */
br_pattern_result br_pattern_match(br_slice pattern, br_slice text);

#endif
