/*
** application/vnd.amazon.eventstream: an incremental decoder and an encoder.
** Message = total length (4) header length (4) CRC-32 of those (4) headers payload CRC-32 of all
** before it (4); big-endian. Source: Smithy "Amazon Event Stream"; limits as in AWS's C library,
** but for the number of headers.
*/
#ifndef BR_CORE_AWS_EVENTSTREAM_H
#define BR_CORE_AWS_EVENTSTREAM_H

#include "core/base/buffer.h"
#include "core/base/error.h"

#define BR_ES_MESSAGE_MAX ((size_t)24 * 1024 * 1024)
#define BR_ES_HEADERS_MAX ((size_t)128 * 1024)
#define BR_ES_HEADER_COUNT_MAX 64
#define BR_ES_HEADER_VALUE_MAX 32767
#define BR_ES_OVERHEAD 16

typedef enum br_es_type {
    BR_ES_TRUE = 0,
    BR_ES_FALSE = 1,
    BR_ES_BYTE = 2,
    BR_ES_SHORT = 3,
    BR_ES_INT = 4,
    BR_ES_LONG = 5,
    BR_ES_BYTES = 6,
    BR_ES_STRING = 7,
    BR_ES_TIMESTAMP = 8, /* milliseconds */
    BR_ES_UUID = 9
} br_es_type;

typedef struct br_es_header {
    br_slice name; /* at most 255 bytes */
    br_es_type type;
    int64_t i;      /* byte … long, timestamp; true 1, false 0 */
    br_slice bytes; /* bytes, string, uuid (16) */
} br_es_header;

typedef struct br_es_message {
    br_es_header headers[BR_ES_HEADER_COUNT_MAX];
    size_t header_count;
    br_slice payload;
    /* the usual ones, {NULL, 0} when absent */
    br_slice message_type;   /* :message-type   event | exception | error */
    br_slice event_type;     /* :event-type */
    br_slice exception_type; /* :exception-type */
    br_slice error_code;     /* :error-code */
    br_slice error_message;  /* :error-message */
    br_slice content_type;   /* :content-type */
} br_es_message;

/* Of no headers and no payload. */
void br_es_forget(br_es_message *m);
/* Where the usual header of that name belongs; NULL: it is none of them. */
br_slice *br_es_usual(br_es_message *m, br_slice name);

typedef struct br_es_decoder br_es_decoder;
br_es_decoder *br_es_decoder_new(void);
void br_es_decoder_free(br_es_decoder *d);

/*
** Feed: bytes as they come, in pieces of any size; copied only as far as a message is incomplete
** at the end of a piece. Call next until it gives 0 before feeding again: `bytes` is borrowed until
** then, and feed refuses (false) as long as some are left or once the stream is broken.
** next: 1 = *m holds a message (slices valid until the next call to next or feed), 0 = more bytes
** are needed, -1 = broken for good (error set; kind stream, code BadResponse), repeated for ever.
*/
bool br_es_feed(br_es_decoder *d, br_slice bytes);
int br_es_next(br_es_decoder *d, br_es_message *m, br_error *error);
/* True: nothing half-read is held. At the end of a body, false = truncated. */
bool br_es_at_boundary(const br_es_decoder *d);

/*
** The message at the beginning of the bytes, without a decoder. 1: *m holds it (slices of `bytes`);
** 0: it is not all there; -1: damaged. *size: its bytes, 0 while that is not known.
*/
int br_es_peek(br_slice bytes, br_es_message *m, size_t *size);

/* Appends one message. false: a limit is passed, or the buffer failed. */
bool br_es_encode(br_buf *out, const br_es_header *headers, size_t count, br_slice payload);

#endif
