/*
** What may be shown of an answer that can hold credentials, in whatever field or spelling: nothing but
** what is known to be none. A list of what to hide would always lack a spelling; this is a list of
** what to show: words that AWS's messages are made of, short numbers, times, and texts that were our
** own. All else becomes "***".
*/
#ifndef BR_CORE_AWS_HARMLESS_H
#define BR_CORE_AWS_HARMLESS_H

#include "core/base/buffer.h"

typedef struct br_harmless {
    const br_slice *echoes; /* texts of our own, shown where the answer repeats them */
    size_t echo_count;
    bool arns; /* any ARN is shown whose parts are short */
} br_harmless;

/*
** Appends what may be shown of a message, in one line. Where too little of it is known to tell
** anything, `out` gets a sentence that says so.
*/
void br_harmless_text(br_buf *out, br_slice message, const br_harmless *known);
/* A name of an error as AWS forms them: "ThrottlingException", "AccessDenied", "HTTP500". */
bool br_harmless_code(br_slice code);
/* A UUID, as AWS's request IDs are. */
bool br_harmless_id(br_slice id);

/* harmless_words.c: whether it is in the list; words in lower case. */
bool br_harmless_word(br_slice word);
bool br_harmless_error_name(br_slice name);

#endif
