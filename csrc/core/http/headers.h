/*
** Lists of HTTP headers, of requests and answers.
*/
#ifndef BR_CORE_HTTP_HEADERS_H
#define BR_CORE_HTTP_HEADERS_H

#include "core/base/buffer.h"

/* Header names are kept lower-case. Values hold no control characters but horizontal tab. */
#define BR_HEADERS_MAX 256          /* entries in one list */
#define BR_HEADERS_BYTES_MAX 131072 /* all names and values of one list together */

struct br_header_ref {
    uint32_t name, name_len, value, value_len; /* in the list's text */
};

typedef struct br_headers {
    br_buf text; /* lines, each with a NUL; entries are offsets, so the buffer may move */
    struct br_header_ref *refs;
    size_t count, cap;
    bool failed; /* sticky: too many, too long, no memory, or refused by the checks below */
} br_headers;

void br_headers_init(br_headers *h);
void br_headers_init_secret(br_headers *h); /* cleansed when freed: lists that carry tokens */
void br_headers_free(br_headers *h);
void br_headers_clear(br_headers *h);
/* Room for that many more bytes of names and values, if it can be had. */
void br_headers_reserve(br_headers *h, size_t bytes);
/*
** Lower-cases the name; trims blanks around the value. Repeats are kept, in order. Neither may be
** a part of the list itself, whose text may move.
*/
bool br_headers_add(br_headers *h, br_slice name, br_slice value);
/* Removes all of that name, then adds. */
bool br_headers_set(br_headers *h, br_slice name, br_slice value);
void br_headers_swap(br_headers *a, br_headers *b);
br_slice br_headers_name(const br_headers *h, size_t i);
br_slice br_headers_value(const br_headers *h, size_t i);
/* "name: value", or "name;" where the value is empty, as libcurl takes them. */
const char *br_headers_line(const br_headers *h, size_t i);
/* The first of that (lower-case) name; {NULL, 0} if there is none. */
br_slice br_headers_get(const br_headers *h, const char *name);

bool br_headers_has(const br_headers *h, br_slice name); /* in any case */

/* Set for each request by the signer and the transport: a caller's value could only break it. */
bool br_header_is_reserved(br_slice name);
/*
** A header whose value may be shown: one of HTTP's own about contents, of AWS's, Anthropic's or
** OpenAI's, but for those that carry tokens. The value of any other may be a secret.
*/
bool br_header_is_public(br_slice name);
/* RFC 9110: token characters only. */
bool br_header_name_ok(br_slice name);
br_slice br_header_trim(br_slice value); /* without the blanks around it */
/* No CR, LF, NUL or other control character (tab allowed), so no value can become a header. */
bool br_header_value_ok(br_slice value);

#endif
