/*
** A command line as credential_process has it, split as AWS's SDKs for POSIX systems split it: as a
** shell would as far as quotes and backslashes go, and nothing is expanded.
*/
#ifndef BR_CORE_AWS_COMMAND_H
#define BR_CORE_AWS_COMMAND_H

#include "core/base/buffer.h"

#define BR_COMMAND_WORDS_MAX 256
#define BR_COMMAND_MAX ((size_t)64 * 1024) /* bytes of the line */

typedef struct br_command {
    char **words; /* count of them and NULL; in one block, cleansed */
    size_t count;
    size_t size;
} br_command;

/*
** Blanks separate words. '…' is kept as it is; in "…" a backslash takes away the meaning of " and \
** alone; elsewhere of any character. Adjacent pieces make one word; '' is an empty one. NULL:
** split; else static text that says what is wrong with the line, and *out is empty. At least one
** word.
*/
const char *br_command_split(br_slice line, br_command *out);
void br_command_free(br_command *c); /* idempotent */

#endif
