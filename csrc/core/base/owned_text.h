/*
** Texts on the heap, with a NUL at their end.
*/
#ifndef BR_CORE_BASE_OWNED_TEXT_H
#define BR_CORE_BASE_OWNED_TEXT_H

#include "core/base/slice.h"

char *br_text_copy(br_slice text); /* NULL: no memory */
void br_text_free(char *text);     /* cleanses up to the first NUL; NULL is fine */

#endif
