/*
** Credentials of one identity: what memory holds of them, those who wait for them, and the flight
** that gets new ones from a source, with a store before and after it. A provider knows neither: it
** gets both with the principal of whoever waits. With cache "shared" or "memory" all clients of one
** identity in a process share one provider (a registry under a mutex); with cache = false each
** client has its own.
**
** Single flight: all that wait for one identity, in this engine, in other engines of the process
** and in other processes, are served by one exchange (rules: store.h, file_lock.h). The exchange
** belongs to the engine, not to the call that began it: cancelling a waiter fails no other.
*/
#ifndef BR_ENGINE_CREDENTIALS_PROVIDER_H
#define BR_ENGINE_CREDENTIALS_PROVIDER_H

#include "core/base/trace.h"
#include "engine/credentials/principal.h"
#include "engine/loop/task.h"

/* Of what that source gives: a new one, or its identity's in the registry. NULL: no memory. */
br_provider *br_provider_for(const br_source *s);
void br_provider_unref(br_provider *p); /* NULL is fine */

/*
** What memory holds, if it may be used at once (60 s of life or more, corrected time); else NULL.
** A counted reference. The quick way: no allocation, no file.
*/
const br_credentials *br_provider_peek(br_provider *p, int64_t now_ms, br_origin *origin);

typedef enum br_obtain_mode {
    BR_OBTAIN,       /* memory, store, then an exchange */
    BR_OBTAIN_EARLY, /* likewise, but a set that ends within BR_CREDENTIALS_EARLY_MS is renewed */
    BR_OBTAIN_FRESH  /* refresh(): ignores memory and store, exchanges, replaces both */
} br_obtain_mode;

typedef struct br_obtained {
    const br_credentials *credentials; /* NULL on failure; take a reference to keep it */
    br_origin origin;
    const br_error *error; /* on failure: credentials, transport or timeout */
    bool retryable;        /* of the error: it may pass (transport, timeout, 429 or 5xx) */
    const br_trace *trace; /* what has happened for it; NULL: nothing, memory had them */
} br_obtained;

/* Part of its owner (a call, a source), zero-filled before use. All fields are the provider's. */
typedef struct br_obtain {
    const br_principal *who; /* not counted: the owner holds it */
    br_engine *engine;
    br_obtain_mode mode;
    void (*done)(void *user, const br_obtained *result);
    void *user;
    struct br_obtain *next, **link; /* all that wait */
    struct br_flight *flight;       /* what it waits for */
    const br_credentials *ready;    /* or what it gets as soon as the engine steps */
    br_task task;
    br_timer timer;
    int poll_ms;
    int64_t polled_ms, watching_ms; /* of a flight on another engine */
    bool waiting;
} br_obtain;

/*
** Starts to obtain; `done` is called once, from br_engine_step, never from here, and may free the
** owner of `o`. Not if the engine ends before. The principal, held by the owner, lends source,
** store and clock to an exchange that begins with this.
*/
bool br_provider_obtain(const br_principal *who, br_engine *e, br_obtain_mode mode, br_obtain *o,
                        void (*done)(void *user, const br_obtained *), void *user, br_error *error);
void br_provider_cancel(br_obtain *o); /* idempotent; no callback follows */

/* The service refused these as expired: not handed out again (memory and store). */
void br_provider_reject(br_provider *p, const br_credentials *bad);

/* What the source noted last for this identity; 0: nothing. */
int64_t br_provider_note_ms(br_provider *p);

#endif
