/*
** The regular expressions of the API model, matched in time linear in the text, whatever the text:
** all ways through the pattern are followed at once, none is tried and given up. A text byte costs
** at most BR_REGEX_INSTRUCTIONS_MAX + BR_REGEX_COUNTER_WORDS_MAX steps for the pattern, and as many
** again for each look-ahead; a step is at most a search in one class. A match allocates nothing and
** needs about 26 kB of stack.
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

#include "core/base/buffer.h"

#define BR_REGEX_TEXT_MAX 4096          /* bytes of a pattern */
#define BR_REGEX_DEPTH_MAX 32           /* groups in groups */
#define BR_REGEX_REPEAT_MAX 32767       /* n and m above */
#define BR_REGEX_INSTRUCTIONS_MAX 4096  /* a repeated group counts once for each time */
#define BR_REGEX_COUNTER_WORDS_MAX 1024 /* a repeated character needs m / 64 + 1 words */
#define BR_REGEX_SETS_MAX 512           /* different characters and classes */
#define BR_REGEX_RANGES_MAX 4096        /* of all classes, above ASCII */
#define BR_REGEX_LOOKAHEADS_MAX 8

/* Never changes once compiled, so threads may share it. */
typedef struct br_regex br_regex;

/*
** NULL when the pattern is not one of those above, passes a maximum, or there is no memory; *why is
** then a static text, meant to follow "pattern <text>: ". `why` may be NULL.
*/
br_regex *br_regex_compile(br_slice pattern, const char **why);
void br_regex_free(br_regex *regex); /* NULL is fine */

/* The text must be UTF-8; one that is not is safe to give, and does not match. */
bool br_regex_match(const br_regex *regex, br_slice text);

#endif
