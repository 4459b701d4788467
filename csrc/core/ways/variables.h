/*
** Environment variables, as whoever looks for credentials is given them.
*/
#ifndef BR_CORE_WAYS_VARIABLES_H
#define BR_CORE_WAYS_VARIABLES_H

#include "core/base/slice.h"

typedef struct br_variables {
    const char *(*get)(void *user, const char *name); /* NULL: not set */
    void *user;
} br_variables;

/* One that is empty counts as not set: {NULL, 0}. */
static inline br_slice br_variable(const br_variables *v, const char *name)
{
    br_slice value = br_slice_of(v->get(v->user, name));
    return value.n > 0 ? value : (br_slice){NULL, 0};
}

#endif
