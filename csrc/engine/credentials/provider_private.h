/*
** What the files of the provider share.
**
**   provider.c            the registry, what memory holds, and those who wait
**   provider_flight.c     one acquisition: cache file, lock, exchange, cache file
**   provider_exchange.c   CreateSession with its repeats
**
** One mutex guards all providers and the fields of flights marked so. A flight runs in the thread
** of the engine it began on; everybody else only looks at it, under the mutex.
*/
#ifndef BR_ENGINE_CREDENTIALS_PROVIDER_PRIVATE_H
#define BR_ENGINE_CREDENTIALS_PROVIDER_PRIVATE_H

#include "engine/credentials/provider.h"
#include "engine/credentials/provider_exchange.h"
#include "engine/files/cache_file.h"
#include "engine/files/file_lock.h"

/* After a failed renewal an old set serves so long without a new try. */
#define BR_HOLD_OFF_MS 5000
#define BR_SESSION_NAME_REFUSED_MS ((int64_t)24 * 3600 * 1000)
#define BR_CLOCK_OFFSET_KEPT_MS ((int64_t)24 * 3600 * 1000)

typedef enum br_flight_state { BR_FLIGHT_RUNS, BR_FLIGHT_DONE, BR_FLIGHT_LOST } br_flight_state;

typedef struct br_flight br_flight;

struct br_provider {
    unsigned refs;
    br_provider *next; /* in the registry */
    bool registered;
    bool is_static;
    uint8_t identity[BR_IDENTITY_SIZE];
    const br_credentials *held;      /* may have expired */
    const br_credentials *rejected;  /* the last set that the service called expired */
    int64_t session_name_refused_ms; /* corrected; 0: not, or not known */
    int64_t hold_off_until_ms;       /* monotonic */
    br_flight *flight;               /* counted; NULL: none runs */
};

struct br_flight {
    /* under the mutex */
    unsigned refs;
    br_flight_state state;
    br_flight *next; /* in the registry, while it runs */
    br_provider *provider;
    br_origin origin;
    const br_credentials *credentials; /* DONE: these or the error */
    br_error error;
    bool retryable;
    int64_t clock_offset_ms; /* for waiters whose clients know none */
    bool clock_offset_known;
    int64_t touched_ms; /* monotonic: when its engine last came to it, every BR_LOCK_TOUCH_MS */
    /* set once */
    br_engine *engine;
    br_client *client; /* counted, until it ends; likewise the next, and the provider */
    br_x509 *x509;
    bool fresh;
    /* the engine's thread only */
    br_task task;
    br_timer timer, touch;
    int dir; /* -1: memory only */
    br_file_lock lock;
    br_buf key_material;
    bool looked;
    const br_credentials *first_seen; /* in the file, at the first look */
    br_exchange exchange;
};

/* Under the mutex: what a file held, or an exchange gave, becomes what memory holds. */
void br_provider_hold(br_provider *p, const br_credentials *c);
bool br_provider_rejected(const br_provider *p, const br_credentials *c);

/*
** By the flight's own engine, not under the mutex: its result stands, waiters of the same engine
** are woken, and the flight is stopped and given up.
*/
void br_flight_land(br_flight *f);

/*
** Under the mutex or not; nothing runs before the engine steps. The provider's reference is the
** caller's to count. NULL: no memory.
*/
br_flight *br_flight_start(br_provider *p, br_engine *e, br_client *c, br_x509 *x509, bool fresh);

/*
** By the flight's own engine, not under the mutex: stops what runs and gives back all but the
** result. Idempotent.
*/
void br_flight_stop(br_flight *f);

#endif
