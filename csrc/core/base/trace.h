/*
** What happens, as events for whoever listens: written where it happens, in the engine's thread, and
** read by the host when it has time. An event is a list of named texts and numbers, the first of
** which is its kind (under the name "event"). Writer and reader are one process, so this is no format
** to be kept; the reader checks every length all the same.
**
** Bounded: what finds no room is dropped as a whole, and counted; "dropped" then tells how many.
*/
#ifndef BR_CORE_BASE_TRACE_H
#define BR_CORE_BASE_TRACE_H

#include "core/base/buffer.h"

#define BR_TRACE_MAX ((size_t)64 * 1024)        /* bytes that wait to be taken */
#define BR_TRACE_WIRE_MAX ((size_t)1024 * 1024) /* … with heads and bodies */
#define BR_TRACE_SHOWN_MAX ((size_t)16 * 1024)  /* of one body */

typedef enum br_trace_level { BR_TRACE_OFF, BR_TRACE_EVENTS, BR_TRACE_WIRE } br_trace_level;

typedef struct br_trace {
    br_buf bytes;
    size_t begun; /* where the event that is being written begins */
    unsigned dropped;
    br_trace_level level;
} br_trace;

void br_trace_init(br_trace *t, br_trace_level level);
void br_trace_free(br_trace *t); /* idempotent */

/* Begin, fields, end. Names are literals; the same name again goes before. */
void br_trace_begin(br_trace *t, const char *event);
void br_trace_text(br_trace *t, const char *name, br_slice text); /* n == 0: left out */
void br_trace_number(br_trace *t, const char *name, int64_t number);
/* A time, in microseconds. */
void br_trace_time(br_trace *t, const char *name, int64_t us);
void br_trace_end(br_trace *t);
/* All that another has, as far as it fits. */
void br_trace_join(br_trace *t, const br_trace *other);

/* What waits, "dropped" included; until the next change. */
br_slice br_trace_waiting(br_trace *t);
void br_trace_taken(br_trace *t); /* all of it */

typedef enum br_trace_type {
    BR_TRACE_TEXT = 't',
    BR_TRACE_NUMBER = 'n',
    BR_TRACE_TIME = 'u',
    BR_TRACE_END = '.',  /* of an event */
    BR_TRACE_NOTHING = 0 /* that is all, or it cannot be read */
} br_trace_type;

typedef struct br_trace_field {
    br_slice name;
    br_slice text;
    int64_t number; /* also of a time, in microseconds */
} br_trace_field;

/* Takes the next from the front. */
br_trace_type br_trace_read(br_slice *bytes, br_trace_field *field);

#endif
