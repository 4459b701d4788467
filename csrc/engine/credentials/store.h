/*
** Where sets of credentials are kept beyond the process, as sealed bytes, one entry for each
** identity, and how one exchange is made out of many processes' wishes (file_lock.h has the rules).
** A store is one file with a table of what it can do. Nothing here reports an error: what cannot be
** read is not there, what cannot be written is not written, a lock that is not to be had is done
** without. A store bounds by itself how long it makes others wait for its answers.
*/
#ifndef BR_ENGINE_CREDENTIALS_STORE_H
#define BR_ENGINE_CREDENTIALS_STORE_H

#include "core/aws/cache_record.h"
#include "core/base/trace.h"
#include "engine/config.h"
#include "engine/files/cache_file.h"
#include "engine/files/file_lock.h"

typedef struct br_store br_store;
typedef struct br_store_entry br_store_entry;

/*
** Its answers: each once, within the function that asked or later from br_engine_step, and the last
** that function does, as the entry may be closed meanwhile.
*/
typedef struct br_store_answers {
    void (*looked)(void *user, br_slice bytes); /* n == 0: nothing is there */
    /* delay_ms: of BUSY, when to look and try again */
    void (*locked)(void *user, br_lock_state state, int delay_ms);
    void (*put)(void *user);
} br_store_answers;

/* Where a set was found. */
typedef enum br_origin {
    BR_FROM_NOWHERE, /* static keys: no cache is involved */
    BR_FROM_EXCHANGE,
    BR_FROM_MEMORY,
    BR_FROM_FILE,
    BR_FROM_REDIS
} br_origin;

#define BR_STORE_WHY_SIZE BR_CACHE_WHY_SIZE

const char *br_origin_name(br_origin origin); /* "exchange", …; NULL: from nowhere */

typedef struct br_store_ops {
    br_origin origin; /* of what it holds */
    /* Whether it is done without just now; then `why` says why, for people. May look at files. */
    bool (*trouble)(br_store *s, int64_t mono_ms, char why[BR_STORE_WHY_SIZE]);
    /* The entry of an identity, for one flight on that engine. NULL: none is to be had. */
    br_store_entry *(*open)(br_store *s, br_engine *e, const uint8_t identity[BR_IDENTITY_SIZE]);
    void (*look)(br_store_entry *entry);
    void (*lock)(br_store_entry *entry); /* one try */
    void (*touch)(
        br_store_entry *entry); /* every BR_LOCK_TOUCH_MS: a lock that it has is prolonged */
    /* Borrowed until the answer. expires_ms: of the set, by the local clock. */
    void (*put)(br_store_entry *entry, br_slice bytes, int64_t expires_ms);
    /* In any state; gives back a lock. No answer follows. */
    void (*close)(br_store_entry *entry);
    /* In a forked child, under the mutex: lets go of descriptors; the rest stays the parent's. */
    void (*abandon)(br_store_entry *entry);
    void (*free)(br_store *s);
} br_store_ops;

/* The first member of each. */
struct br_store {
    const br_store_ops *ops;
};

/* Likewise of each entry. After open, before all else, its owner sets the last three. */
struct br_store_entry {
    const br_store_ops *ops;
    br_engine *engine;
    const br_store_answers *answers;
    void *user;
    br_trace *trace; /* gets what is wrong with the store */
    bool without;    /* the store's: that was told, and what it answers says nothing */
};

/* Notes that a store is done without, and why. NULL is fine. */
void br_store_trace_without(br_trace *t, br_origin origin, const char *why);

/* The store that the settings ask for; borrows the config. NULL: none, or no memory. */
br_store *br_store_new(br_config *config);
void br_store_free(br_store *s); /* NULL is fine */

/* One of the stores; redis_store.h has the other. */
br_store *br_file_store_new(const br_config *config);

#endif
