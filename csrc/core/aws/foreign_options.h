/*
** What people write who know other libraries: names that are near to none of ours, or near to a
** wrong one.
*/
#ifndef BR_CORE_AWS_FOREIGN_OPTIONS_H
#define BR_CORE_AWS_FOREIGN_OPTIONS_H

#include "core/base/buffer.h"

/*
** What to do instead of giving that option to connect, or to a call, such as "did you mean region?".
** NULL: not known. Case, _ and - do not matter.
*/
const char *br_foreign_option(br_slice name, bool of_a_call);

#endif
