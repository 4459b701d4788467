/*
** An HTTP request before it is signed, and lists of headers. Plain data shared by the codec (which
** fills it), the signer (which reads it) and the engine (which sends it).
*/
#ifndef BR_CORE_REQUEST_H
#define BR_CORE_REQUEST_H

#include "core/buffer.h"

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
/* No CR, LF, NUL or other control character (tab allowed), so no value can become a header. */
bool br_header_value_ok(br_slice value);

#define BR_METHOD_MAX 15
#define BR_PATH_MAX 65536
#define BR_QUERY_MAX 262144
#define BR_BODY_MAX ((size_t)256 * 1024 * 1024)

/*
** Bytes that are not yet in the body but stand there once br_request_join was called: as they are,
** or as base64. Whoever attaches them keeps them unchanged until then. So it can be left to another
** thread to copy and code what is large.
*/
#define BR_ATTACHED_MAX 32
#define BR_ATTACHED_BYTES_MIN ((size_t)128 * 1024) /* less is copied sooner than attached */

typedef struct br_attached {
    br_slice bytes;
    size_t at; /* offset in the body before it is joined */
    bool base64;
} br_attached;

typedef enum br_auth_scheme { BR_AUTH_SIGV4, BR_AUTH_BEARER_OK, BR_AUTH_NONE } br_auth_scheme;

typedef struct br_request {
    uint8_t service;                /* index into the model's services */
    br_auth_scheme auth;            /* BEARER_OK: SigV4, or an API key where the client has one */
    bool retry_safe;                /* readonly, idempotent, or carries an idempotency token */
    char method[BR_METHOD_MAX + 1]; /* upper-case */
    br_buf path;                    /* wire path: encoded once, starts with '/', no prefix */
    br_buf query;                   /* wire query without '?' */
    br_headers headers;             /* without host, x-amz-date, authorization, token */
    br_buf body;
    bool has_body;         /* false: no body and no Content-Type; true and empty body is possible */
    br_attached *attached; /* in the order of their places; NULL: none ever was */
    unsigned attached_count;
    size_t attached_bytes; /* how much they add to the body */
} br_request;

void br_request_init(br_request *r);
void br_request_free(br_request *r); /* idempotent */
/* As after init, but memory is kept, for a body up to that size. */
void br_request_clear(br_request *r, size_t body_max);

/*
** Attaches bytes at the end of what the body has so far. false: they are too few to be worth it, or
** too many for the body, or there is no room; nothing happened, and they are to be written at once.
*/
bool br_request_attach(br_request *r, br_slice bytes, bool base64);
/* Puts all that is attached into the body. false, now and later: no memory, or it is too large. */
bool br_request_join(br_request *r);

#endif
