/*
** Where a client's credentials come from. A provider stands for one identity: static keys, or a
** Roles Anywhere identity with its memory and file cache. With cache "shared" or "memory" all
** clients of one identity in a process share one provider (a registry under a mutex); with cache =
** false each client has its own.
**
** Single flight: all that wait for one identity, in this engine, in other engines of the process
** and in other processes, are served by one exchange (rules: cache_file.h, file_lock.h). The
** exchange belongs to the engine, not to the call that began it: cancelling a waiter fails no
** other.
*/
#ifndef BR_ENGINE_CREDENTIALS_PROVIDER_H
#define BR_ENGINE_CREDENTIALS_PROVIDER_H

#include "core/aws/credentials.h"
#include "engine/client/client.h"
#include "engine/loop/task.h"

/*
** The one mutex for what threads share: the registry, and what of a client is not immutable. Held
** for a few loads and stores, never for a file, a callback or a digest, nor entered twice. A fork
** leaves the child one that works, whatever other threads were at.
*/
void br_registry_enter(void);
void br_registry_leave(void);

typedef enum br_origin {
    BR_FROM_NOWHERE, /* static keys: no cache is involved */
    BR_FROM_EXCHANGE,
    BR_FROM_MEMORY,
    BR_FROM_FILE
} br_origin;

/*
** Static keys, or that certificate's identity looked up in the registry. NULL: no memory.
*/
br_provider *br_provider_for_client(const br_client *c, const br_x509 *x509);
void br_provider_unref(br_provider *p); /* NULL is fine */

/*
** What memory holds, if it may be used at once (60 s of life or more, corrected time); else NULL.
** A counted reference. The quick way: no allocation, no file.
*/
const br_credentials *br_provider_peek(br_provider *p, int64_t now_ms);

typedef enum br_obtain_mode {
    BR_OBTAIN,      /* memory, file, then an exchange */
    BR_OBTAIN_FRESH /* refresh(): ignores memory and file, exchanges, replaces both */
} br_obtain_mode;

typedef struct br_obtained {
    const br_credentials *credentials; /* NULL on failure; take a reference to keep it */
    br_origin origin;
    const br_error *error; /* on failure: credentials, transport or timeout */
    bool retryable;        /* of the error: transport, timeout, 429 or 5xx */
} br_obtained;

/* Part of its owner (a call), zero-filled before use. All fields are the provider's. */
typedef struct br_obtain {
    br_provider *provider;
    br_engine *engine;
    br_client *client; /* not counted: the owner holds it */
    br_x509 *x509;     /* likewise */
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
** owner of `o`. Not where the engine ends before. The principal, held by the owner, is or was the client's, which lends its timeouts,
** net, clock and cache settings to an exchange that begins with this.
*/
bool br_provider_obtain(const br_principal *who, br_engine *e, br_client *c, br_obtain_mode mode,
                        br_obtain *o, void (*done)(void *user, const br_obtained *), void *user,
                        br_error *error);
void br_provider_cancel(br_obtain *o); /* idempotent; no callback follows */

/* The service refused these as expired: not handed out again (memory and file). */
void br_provider_reject(br_provider *p, const br_credentials *bad);

/* Did the profile refuse the session name when this identity was last exchanged? */
bool br_provider_session_name_refused(br_provider *p);

#endif
