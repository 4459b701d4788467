/*
** Text from outside as a message shows it: a name that somebody made up, the first bytes of an
** answer. Short, and safe on a terminal.
*/
#ifndef BR_CORE_TEXT_PRINTABLE_H
#define BR_CORE_TEXT_PRINTABLE_H

#include "core/base/buffer.h"

#define BR_PRINTABLE_MAX 80 /* bytes, the mark of what was cut apart */

typedef struct br_printable {
    char text[BR_PRINTABLE_MAX + sizeof "…"];
} br_printable;

/*
** Whole characters, and "…" after what was cut. A byte of a control character, or that is not UTF-8,
** is a '?'. To be used as br_print(name).text among the arguments of a format.
*/
br_printable br_print(br_slice text);

#endif
