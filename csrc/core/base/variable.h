/*
** A variable of the environment; NULL with raised privileges, where the environment is another's.
*/
#ifndef BR_CORE_BASE_VARIABLE_H
#define BR_CORE_BASE_VARIABLE_H

#include <stdlib.h>

#ifdef __APPLE__
#include <unistd.h>

static inline const char *br_variable(const char *name)
{
    return issetugid() ? NULL : getenv(name);
}
#else
#define br_variable(name) secure_getenv(name) /* of _GNU_SOURCE */
#endif

#endif
