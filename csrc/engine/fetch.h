/*
** One request, answered whole, with its repeats: throttling, server and transport failures up to
** the connection's max_attempts, but BR_FETCH_ATTEMPTS at most; uncounted and each for itself a
** stale connection once, a clock that proves wrong (clock.h), and what the owner knows a cure for.
** For services that give credentials: what they say in refusals is shown only as far as it is known
** to be no secret.
*/
#ifndef BR_ENGINE_FETCH_H
#define BR_ENGINE_FETCH_H

#include "core/aws/harmless.h"
#include "core/base/trace.h"
#include "engine/config.h"

#define BR_FETCH_ATTEMPTS 3
#define BR_FETCH_ANSWER_MAX ((size_t)256 * 1024) /* the body of an answer */

typedef struct br_fetch_ops {
    /*
    ** Before each attempt: the request, as of now_ms (corrected time, for a signature). false: it is
    ** over, *error says why.
    */
    bool (*build)(void *user, int64_t now_ms, br_request *out, br_error *error);
    /* Refused: will the next request be built otherwise? Then it goes out at once. NULL: never. */
    bool (*cure)(void *user, int status, const br_error *told);
    /* Appends to the message of a refusal what to do about it. May be NULL. */
    void (*advise)(void *user, int status, br_buf *message);
    /* Once, from br_engine_step; may stop the fetch. */
    void (*done)(void *user);
} br_fetch_ops;

/* Part of its owner. The first block is set before the start, all else zero-filled. */
typedef struct br_fetch {
    br_engine *engine;
    br_config *config; /* borrowed, as all below */
    const br_url *endpoint;
    br_net net;
    const char *service, *operation; /* for messages: "IAM Roles Anywhere", "CreateSession" */
    br_harmless known;               /* what of ours refusals may repeat */
    const br_fetch_ops *ops;
    void *user;
    const br_timeouts *timeouts; /* NULL: the config's */
    br_trace *trace;             /* gets each attempt; may be NULL */
    bool undated;                /* requests carry no date that a wrong clock could spoil */
    bool impatient; /* a service that is not reached, or silent, is not tried again: it is near or
                       not there at all */

    /* results; they stand until the stop */
    bool answered; /* 2xx; else see error */
    int status;    /* of the last answer; 0: none came */
    br_headers headers;
    br_buf body;
    br_error error;
    bool retryable; /* failed by transport, timeout, 429 or 5xx */

    /* its own */
    br_transfer *transfer;
    br_timer retry;
    br_request request;
    br_clock clock;
    int attempt, sent; /* what was sent, cured ones included */
    int64_t sent_us;
    bool fresh_connection, stale_repeated;
} br_fetch;

/* false: nothing started, error of the fetch says why. */
bool br_fetch_start(br_fetch *f);
/* Ends it in any state, and frees all but plain data; idempotent. No callback follows. */
void br_fetch_stop(br_fetch *f);

#endif
