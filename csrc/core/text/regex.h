/*
** The regular expressions of the API model, matched by PCRE2's DFA matcher: all ways through the
** pattern are followed at once, none is tried and given up. What a text costs is bounded by its bytes
** times the square of the ways; where that would pass BR_REGEX_WORK_MAX, there is no verdict. A
** look-ahead costs as much again each time it is tried; above BR_REGEX_LOOKAHEADS_MAX times in a match
** there is no verdict. Without PCRE2 at build time there are no patterns at all: br_regex_available.
**
** A pattern matches the whole text or not at all. The syntax is the part of ECMA-262's (which
** Smithy patterns are written in) that API models use; a text is a sequence of code points.
**
**   x|y  xy  (x)  (?:x)                grouping alone: nothing is captured
**   x?  x*  x+  x{n}  x{n,}  x{n,m}    also with a trailing ?, which changes nothing here
**   [abc]  [a-z]  [^a-z]               a - that makes no range is itself
**   .                                  anything but \n, \r, U+2028, U+2029
**   \d \w, \D \W                       ASCII digits, letters and _; and all others
**   \s, \S                             ECMA-262's white space, in all of Unicode; and all others
**   \p{L} \P{Nd}                       general categories by their one or two letters
**   \t \n \v \f \r \xHH \uHHHH         and punctuation after \ is itself
**   ^  $  \b  \B                       start and end of the text; ends of runs of \w
**   (?=x)  (?!x)                       at the start of the pattern, or of an alternative of it
*/
#ifndef BR_CORE_TEXT_REGEX_H
#define BR_CORE_TEXT_REGEX_H

#include "core/base/slice.h"

#include <stdint.h>

#define BR_REGEX_TEXT_MAX 4096    /* bytes of a pattern */
#define BR_REGEX_DEPTH_MAX 32     /* groups in groups */
#define BR_REGEX_REPEAT_MAX 32767 /* n and m above */
#define BR_REGEX_LOOKAHEADS_MAX 8 /* tried in one match */

/* Never changes once compiled, so threads may share it. */
typedef struct br_regex br_regex;

typedef enum br_regex_verdict {
    BR_REGEX_NO,
    BR_REGEX_YES,
    BR_REGEX_UNKNOWN /* it would cost too much, or there is no memory */
} br_regex_verdict;

#define BR_REGEX_WAYS_MAX ((size_t)16384)
#define BR_REGEX_WORK_MAX (UINT64_C(1) << 32) /* a second or a few, as processors are now */

bool br_regex_available(void);

/*
** NULL when the pattern is not one of those above, passes a maximum (PCRE2's own ones included), or
** there is no memory, or no PCRE2.
*/
br_regex *br_regex_compile(br_slice pattern);
void br_regex_free(br_regex *regex); /* NULL is fine */

/* A text that is not UTF-8 does not match. */
br_regex_verdict br_regex_match(const br_regex *regex, br_slice text);

#endif
