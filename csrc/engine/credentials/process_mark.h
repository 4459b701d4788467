/*
** Which lines of credential_process this process runs inside of. Each child gets a mark of its line
** in its environment, behind those of its parents: a line that leads back to itself, over whatever
** programs, would start processes without end.
*/
#ifndef BR_ENGINE_CREDENTIALS_PROCESS_MARK_H
#define BR_ENGINE_CREDENTIALS_PROCESS_MARK_H

#include "engine/credentials/source.h"

#define BR_PROCESS_MARK_NAME "LUA_BEDROCK_CREDENTIAL_PROCESSES"
#define BR_PROCESS_MARK_DEPTH_MAX 8

typedef enum br_mark_end {
    BR_MARK_SET,
    BR_MARK_AGAIN, /* this line runs already, and waits for us */
    BR_MARK_TOO_DEEP,
    BR_MARK_NO_MEMORY
} br_mark_end;

/* The environment of a child: `list` is for exec. Its other variables are the process's own. */
typedef struct br_marked {
    char **list;
    char *mark;
} br_marked;

/* identity: of the line. Only after BR_MARK_SET there is something to free. */
br_mark_end br_process_mark(const uint8_t identity[BR_IDENTITY_SIZE], br_marked *out);
void br_process_mark_free(br_marked *m); /* idempotent */

#endif
