/*
** What the files of the provider share.
**
**   registry.c   all providers, flights and waiters of the process, under one mutex
**   provider.c   one identity, and what memory holds for it
**   waiter.c     one who obtains
**   flight.c     one acquisition: store, lock, source, store
**
** A flight runs in the thread of the engine it began on; everybody else only looks at it, under the
** mutex.
*/
#ifndef BR_ENGINE_CREDENTIALS_PROVIDER_PRIVATE_H
#define BR_ENGINE_CREDENTIALS_PROVIDER_PRIVATE_H

#include "engine/credentials/provider.h"
#include "engine/credentials/registry.h"

/* After a failed renewal an old set serves so long without a new try. */
#define BR_HOLD_OFF_MS 5000
#define BR_CLOCK_OFFSET_KEPT_MS ((int64_t)24 * 3600 * 1000)

typedef enum br_flight_state { BR_FLIGHT_RUNS, BR_FLIGHT_DONE, BR_FLIGHT_LOST } br_flight_state;

typedef struct br_flight br_flight;

/* Providers that may be shared, flights that run, all who wait. */
struct br_registry {
    br_provider *providers;
    br_flight *flights;
    br_obtain *waiters;
};

struct br_provider {
    unsigned refs;
    br_provider *next; /* in the registry */
    bool registered;
    bool fixed; /* what memory holds serves for good */
    uint8_t identity[BR_IDENTITY_SIZE];
    const br_credentials *held;     /* may have expired */
    const br_credentials *rejected; /* the last set that the service called expired */
    int64_t note_ms;                /* the source's; 0: none, or not known */
    int64_t hold_off_until_ms;      /* monotonic */
    br_flight *flight;              /* counted; NULL: none runs */
};

struct br_flight {
    /* under the mutex */
    unsigned refs;
    br_flight_state state;
    br_flight *next; /* in the registry, while it runs */
    br_origin origin;
    const br_credentials *credentials; /* DONE: these or the error */
    br_error error;
    bool retryable;
    int64_t skew_ms; /* for waiters who know none */
    bool skew_known;
    br_trace trace;     /* written by the engine's thread while it runs, then read only */
    int64_t touched_ms; /* monotonic: when its engine last came to it, every BR_LOCK_TOUCH_MS */
    /* set once */
    br_engine *engine;
    br_provider *provider; /* counted until it ends, like the next */
    br_source *source;
    br_obtain_mode mode; /* of who began it */
    /* the engine's thread only */
    br_task task;
    br_timer timer, touch;
    br_store_entry *entry; /* NULL: memory only */
    br_buf key_material, sealed;
    bool looked, locked;
    bool waits, waited;               /* for the lock */
    const br_credentials *first_seen; /* in the store, at the first look */
    void *acquisition;                /* of the source */
};

/* Under the mutex: what a store held, or a source gave, becomes what memory holds. */
void br_provider_hold(br_provider *p, const br_credentials *c);
bool br_provider_rejected(const br_provider *p, const br_credentials *c);
br_origin br_provider_memory(const br_provider *p); /* where what it holds is from */

/* The life that a set must have so as not to be renewed. */
static inline int64_t br_obtain_min_life_ms(br_obtain_mode mode)
{
    return mode == BR_OBTAIN_EARLY ? BR_CREDENTIALS_EARLY_MS : BR_CREDENTIALS_MIN_LIFE_MS;
}

/* Under the mutex. */
void br_waiter_detach(br_obtain *o);
void br_waiter_wake(br_obtain *o); /* of the engine whose thread this is */

/*
** Under the mutex, by the engine's thread; nothing runs before the engine steps. The registry's
** reference is returned. NULL: no memory.
*/
br_flight *br_flight_start(br_registry *r, const br_principal *who, br_engine *e,
                           br_obtain_mode mode);
void br_flight_drop(br_flight *f); /* a reference, under the mutex; NULL is fine */

#endif
