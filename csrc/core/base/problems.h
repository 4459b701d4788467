/*
** Lists of problems: what is wrong with one input, all of it.
*/
#ifndef BR_CORE_BASE_PROBLEMS_H
#define BR_CORE_BASE_PROBLEMS_H

#include "core/base/error.h"

/*
** All problems of one input, reported together: by path, then by message, so that they do not depend
** on the order of Lua's tables. Beyond the maximum they are only counted.
*/
#define BR_PROBLEMS_MAX 20

typedef struct br_problem {
    const char *kind; /* static text: "missing", "unknown", "type", "min-length", "file", … */
    char *path;       /* owned; "messages[1].content", an option's name, or "" for the whole */
    char *message;    /* owned; what is wrong, what was given, what to do; without the path */
} br_problem;

typedef struct br_problems {
    br_problem items[BR_PROBLEMS_MAX]; /* sorted */
    size_t count;                      /* items filled */
    size_t dropped;                    /* found beyond the maximum */
} br_problems;

void br_problems_init(br_problems *p);
void br_problems_free(br_problems *p);
/* Always returns false, to be returned. Out of memory: counted as dropped. */
bool br_problems_add(br_problems *p, const char *kind, br_slice path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
bool br_problems_any(const br_problems *p);
/* Whether one of that very path was found. */
bool br_problems_at(const br_problems *p, const char *path);
/* <0, 0, >0: by bytes, but numbers by their value: "a[2]" before "a[10]". 0 for equal texts only. */
int br_natural_order(const char *a, const char *b);

#endif
