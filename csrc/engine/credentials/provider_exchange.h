/*
** CreateSession on an engine, with its repeats: throttling, server and transport failures up to
** the client's max_attempts, but BR_EXCHANGE_ATTEMPTS at most; uncounted and each for itself, once
** a stale connection and a session name that the profile refuses, and a clock that proves wrong.
*/
#ifndef BR_ENGINE_CREDENTIALS_PROVIDER_EXCHANGE_H
#define BR_ENGINE_CREDENTIALS_PROVIDER_EXCHANGE_H

#include "engine/client/clock.h"

#define BR_EXCHANGE_ATTEMPTS 3
#define BR_EXCHANGE_ANSWER_MAX ((size_t)256 * 1024) /* the body of an answer */

typedef struct br_exchange {
    /* results */
    const br_credentials *credentials; /* the exchange's reference; NULL: failed, see error */
    br_error error;
    bool retryable;    /* failed by transport, timeout, 429 or 5xx */
    bool name_refused; /* the profile refused the session name in this exchange */
    bool name_sent;    /* the last request carried it */
    /* its own */
    br_engine *engine;
    br_client *client; /* borrowed, as the next */
    const br_x509 *x509;
    void (*done)(void *user);
    void *user;
    br_transfer *transfer;
    br_timer retry;
    br_request request;
    br_clock clock;
    int64_t signed_ms; /* the time in the request */
    int status;
    br_headers headers;
    br_buf body;
    int attempt;
    bool fresh_connection, stale_repeated;
} br_exchange;

/*
** `done` is called once, from br_engine_step. false: nothing started, *error of the exchange says
** why. `x` is zero-filled before; br_exchange_stop ends it in any state and frees all but plain
** data.
*/
bool br_exchange_start(br_exchange *x, br_engine *e, br_client *c, const br_x509 *x509,
                       bool with_name, void (*done)(void *user), void *user);
void br_exchange_stop(br_exchange *x); /* idempotent; no callback follows */

#endif
