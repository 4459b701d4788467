/*
** An HTTP request before it is signed. Plain data shared by the codec (which fills it), the signer
** (which reads it) and the engine (which sends it).
*/
#ifndef BR_CORE_HTTP_REQUEST_H
#define BR_CORE_HTTP_REQUEST_H

#include "core/http/headers.h"

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

typedef enum br_auth_scheme { BR_SCHEME_SIGV4, BR_SCHEME_BEARER_OK, BR_SCHEME_NONE } br_auth_scheme;

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
