/*
** Text from outside as a message shows it: a name that somebody made up, the first bytes of an
** answer. Short, and safe on a terminal.
*/
#ifndef BR_CORE_SHOWN_H
#define BR_CORE_SHOWN_H

#include "core/buffer.h"

#define BR_SHOWN_MAX 80 /* bytes, the mark of what was cut apart */

typedef struct br_shown {
    char text[BR_SHOWN_MAX + sizeof "…"];
} br_shown;

/*
** Whole characters, and "…" after what was cut. A byte of a control character, or that is not UTF-8,
** is a '?'. To be used as br_show(name).text among the arguments of a format.
*/
br_shown br_show(br_slice text);

#endif
