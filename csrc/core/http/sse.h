/*
** text/event-stream: an incremental decoder of server-sent events. Source: HTML Standard,
** "Server-sent events", parsing and interpreting an event stream; the limits are our own. Bytes
** that are no UTF-8 are handed on as they are.
*/
#ifndef BR_CORE_HTTP_SSE_H
#define BR_CORE_HTTP_SSE_H

#include "core/base/buffer.h"
#include "core/base/error.h"

#define BR_SSE_EVENT_MAX ((size_t)24 * 1024 * 1024) /* what is held of one event, all in all */
#define BR_SSE_ID_MAX ((size_t)1024) /* it is repeated with every event that follows */
#define BR_SSE_RETRY_MAX 2147483647  /* ms; more is taken for this */

typedef struct br_sse_event {
    br_slice type; /* "message" if the event names none */
    br_slice data; /* its lines, with LF between them */
    br_slice id;   /* the last one that was set, in this event or before; empty: none */
    int32_t retry; /* ms; likewise; -1: none */
} br_sse_event;

typedef struct br_sse_decoder br_sse_decoder;
br_sse_decoder *br_sse_decoder_new(void); /* NULL: out of memory */
void br_sse_decoder_free(br_sse_decoder *d);

/*
** Feed: bytes as they come, in pieces of any size; each is looked at once. Call next until it gives
** 0 before feeding again: `bytes` is borrowed until then, and feed refuses (false) as long as some
** are left or once the stream is broken.
** next: 1 = *e holds an event (slices valid until the next call to next or feed), 0 = more bytes
** are needed, -1 = broken for good (error set; kind stream, code BadResponse), repeated for ever.
** An event larger than BR_SSE_EVENT_MAX breaks a stream, or an id longer than BR_SSE_ID_MAX;
** comments may be of any length.
*/
bool br_sse_feed(br_sse_decoder *d, br_slice bytes);
int br_sse_next(br_sse_decoder *d, br_sse_event *e, br_error *error);
/*
** True between events: only comments came since the last blank line. At the end of a body, false =
** an event without its blank line, which is never given out.
*/
bool br_sse_at_boundary(const br_sse_decoder *d);

#endif
