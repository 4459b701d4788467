#define _GNU_SOURCE /* environ */
#include "engine/credentials/process_mark.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/hex.h"

#define MARK_BYTES 8
#define MARK_SIZE ((size_t)2 * MARK_BYTES + 1) /* and a comma */
#define NAME BR_PROCESS_MARK_NAME "="
#define NAME_SIZE (sizeof NAME - 1)

static const char *handed_down(void)
{
    const char *text = getenv(BR_PROCESS_MARK_NAME);
    return text == NULL ? "" : text;
}

static br_mark_end judge(const char *before, const char *mark)
{
    if (strstr(before, mark) != NULL)
        return BR_MARK_AGAIN;
    return strlen(before) + MARK_SIZE > BR_PROCESS_MARK_DEPTH_MAX * MARK_SIZE ? BR_MARK_TOO_DEEP
                                                                              : BR_MARK_SET;
}

/* All variables but the mark of before, and the new one. */
static char **with(char *mark)
{
    size_t count = 0, n = 0;
    while (environ != NULL && environ[count] != NULL)
        count++;
    char **list = malloc((count + 2) * sizeof *list);
    for (size_t i = 0; list != NULL && i < count; i++)
        if (strncmp(environ[i], NAME, NAME_SIZE) != 0)
            list[n++] = environ[i];
    if (list != NULL) {
        list[n++] = mark;
        list[n] = NULL;
    }
    return list;
}

br_mark_end br_process_mark(const uint8_t identity[BR_IDENTITY_SIZE], br_marked *out)
{
    const char *before = handed_down();
    char mark[MARK_SIZE + 1];
    br_hex(mark, identity, MARK_BYTES);
    memcpy(mark + MARK_SIZE - 1, ",", 2);
    *out = (br_marked){NULL, NULL};
    br_mark_end end = judge(before, mark);
    if (end != BR_MARK_SET)
        return end;
    size_t n = strlen(before);
    out->mark = malloc(NAME_SIZE + n + sizeof mark);
    if (out->mark == NULL)
        return BR_MARK_NO_MEMORY;
    memcpy(out->mark, NAME, NAME_SIZE);
    memcpy(out->mark + NAME_SIZE, before, n);
    memcpy(out->mark + NAME_SIZE + n, mark, sizeof mark);
    out->list = with(out->mark);
    if (out->list != NULL)
        return BR_MARK_SET;
    br_process_mark_free(out);
    return BR_MARK_NO_MEMORY;
}

void br_process_mark_free(br_marked *m)
{
    free(m->list);
    free(m->mark);
    *m = (br_marked){NULL, NULL};
}
