/*
** One HTTP exchange on the engine: request bytes in, callbacks out. No retries, no signing, no
** redirects, no cookies, no authentication; the path goes out as it is given.
*/
#ifndef BR_ENGINE_TRANSFER_TRANSFER_H
#define BR_ENGINE_TRANSFER_TRANSFER_H

#include "core/http/request.h"
#include "core/http/retry.h"
#include "core/http/uri.h"
#include "core/http/url.h"
#include "core/x509/tls_identity.h"
#include "engine/loop/engine.h"

#define BR_TARGET_MAX ((size_t)BR_URL_PATH_MAX + BR_PATH_MAX + BR_QUERY_MAX + 1)
#define BR_URL_TEXT_MAX (BR_TARGET_MAX + BR_HOST_MAX + 32)

typedef struct br_timeouts {
    int connect_ms;    /* DNS, TCP, proxy and TLS of one attempt; -1 = none */
    int read_ms;       /* silence after the last request byte was sent, restarted by each byte */
    int first_byte_ms; /* when >= 0, instead of read_ms until the first answer byte */
    int total_ms;      /* the whole call; kept by the call, not by transfers */
} br_timeouts;

/* How to reach servers. Strings are borrowed and must outlive the transfer. */
typedef struct br_net {
    const char *ca_file; /* PEM bundle, instead of all others; NULL: br_authorities, the system's */
    const char *proxy;   /* URL; NULL = as the environment says */
    bool no_proxy_at_all;            /* proxy = false */
    const br_tls_identity *identity; /* shown to a server that asks for one; NULL: none */
} br_net;

/* What a body that is pulled says when its next bytes are wanted. */
typedef enum br_pulled {
    BR_PULLED,      /* *n bytes, at least one */
    BR_PULL_WAIT,   /* none yet: br_transfer_pull says when */
    BR_PULL_END,    /* none any more: the body is whole */
    BR_PULL_FAILED, /* none any more, though it is not whole: the request is given up */
} br_pulled;

/* Writes at most `room` bytes to `to`. Called inside br_engine_step. */
typedef br_pulled br_pull(void *user, char *to, size_t room, size_t *n);

typedef struct br_transfer_request {
    const char *method;
    const br_url *endpoint;    /* borrowed as the body is */
    br_slice target;           /* path with prefix, and ?query: sent as it is; copied */
    const br_headers *headers; /* all that is sent but content-length; borrowed as the body is */
    br_slice body;             /* borrowed until the transfer is done or freed */
    bool has_body;
    /*
    ** Instead of `body`, with the callbacks' user: its length is not known, so it goes out chunked
    ** (RFC 9112, section 7.1). Nothing of it is kept: bytes that were pulled cannot be sent again.
    ** Not called again after an end or a failure. An answer below 300 is over only when the body is
    ** whole, too; any other ends it. NULL: there is `body`, or none.
    */
    br_pull *pull;
    br_timeouts timeouts;
    br_net net;
    bool fresh_connection; /* do not reuse one */
    bool streams; /* its answer comes in small pieces, for long: memory goes before speed */
} br_transfer_request;

/* How a transfer ended, in the words that the retry rules need. */
typedef enum br_transfer_end {
    BR_DONE_OK,        /* a complete answer */
    BR_DONE_UNSENT,    /* failed before the last request byte left (DNS, connect, TLS, send) */
    BR_DONE_STALE,     /* a reused connection died with no answer byte */
    BR_DONE_LOST,      /* a fresh connection died after the request, before a whole head */
    BR_DONE_TRUNCATED, /* the answer broke off after its head */
    BR_DONE_TIMED_OUT, /* error.code says which: ConnectTimeout, ReadTimeout, FirstByteTimeout */
    BR_DONE_UNFED,     /* pulling the body failed; error.code BodyFailed */
    BR_DONE_BAD        /* unusable answer: not HTTP, headers too long, … */
} br_transfer_end;

typedef struct br_transfer_result {
    br_transfer_end end;
    bool sent;             /* the last request byte had left */
    const br_error *error; /* kind transport or timeout; NULL when OK */
} br_transfer_result;

br_failure br_transfer_failure(const br_transfer_result *result); /* FINAL for OK, too */

/*
** Called inside br_engine_step. After done the transfer is gone. The slices are valid during the
** call. data returns false to pause (the bytes WERE taken); br_transfer_resume goes on. A
** callback may cancel its own transfer.
*/
typedef struct br_transfer_ops {
    /* The final head, not 1xx. The headers may be taken, by a swap. */
    void (*head)(void *user, int status, br_headers *headers);
    bool (*data)(void *user, br_slice bytes);
    void (*done)(void *user, const br_transfer_result *result);
} br_transfer_ops;

typedef struct br_transfer br_transfer;

/* NULL: out of memory, error set. Never calls back before the next step. */
br_transfer *br_transfer_start(br_engine *e, const br_transfer_request *request,
                               const br_transfer_ops *ops, void *user, br_error *error);
/*
** In any state; no callback follows; NULL is fine. Also for a transfer whose engine ended or was
** abandoned under it: that made it stop without a callback, this frees it.
*/
void br_transfer_cancel(br_transfer *t);
void br_transfer_resume(br_transfer *t);
/* The body has something again. Any time; what waits for it is pulled in the next step. */
void br_transfer_pull(br_transfer *t);

/*
** true: the whole request has left, and neither its headers nor its body are borrowed any more. Within
** head and data.
*/
bool br_transfer_let_go(br_transfer *t);

/* How long its connection took, each part for itself, in microseconds: 0 where there was none. */
typedef struct br_connect_times {
    bool kept; /* one that was there before */
    int64_t dns_us, connect_us, tls_us;
} br_connect_times;

/* From the head on, and within done. */
void br_transfer_connect_times(const br_transfer *t, br_connect_times *times);

/* TLS was verified, or the peer is loopback over plain http: its Date may be believed. */
bool br_transfer_date_trusted(const br_transfer *t);

#endif
