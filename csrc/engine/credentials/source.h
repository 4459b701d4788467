/*
** Where credentials come from. A source is one file with a table of what it can do; it is made from
** a connection's settings, and all it needs of the connection is its br_config. It keeps no sets:
** the provider above it does (memory, waiters), with a flight for each acquisition (store, lock).
**
** A source may lie on another: it then holds the principal of what lies below, and obtains from
** that with br_provider_obtain, so that each layer is kept, shared and renewed by itself.
*/
#ifndef BR_ENGINE_CREDENTIALS_SOURCE_H
#define BR_ENGINE_CREDENTIALS_SOURCE_H

#include "core/aws/cache_record.h"
#include "engine/config.h"
#include "engine/credentials/store.h"

typedef struct br_source br_source;

/* What an acquisition came to. The source's own until it is stopped. */
typedef struct br_source_result {
    const br_credentials *credentials; /* NULL: failed */
    const br_error *error;             /* then */
    bool retryable;                    /* of the error: it may pass, and an old set serves as yet */
    bool noted;                        /* note_ms is to be kept, also on failure */
    int64_t note_ms;
} br_source_result;

typedef struct br_source_order {
    br_engine *engine;
    bool fresh;      /* refresh() asked for it */
    int64_t note_ms; /* what was noted last for this identity; 0: nothing */
    br_trace *trace; /* what happens: of exchanges, and of what lies below */
    void (*done)(void *user, const br_source_result *result);
    void *user;
} br_source_order;

#define BR_KEY_MATERIAL_MAX 8192 /* RSA-16384 would be 4096 bytes */

typedef struct br_source_ops {
    /* A set that never changes: the rest but free is not called then, and may be NULL. */
    const br_credentials *(*fixed)(const br_source *s);
    /*
    ** Begins an acquisition; `done` is called once, from br_engine_step, never from here, and stops
    ** it. NULL: not begun, error set.
    */
    void *(*begin)(br_source *s, const br_source_order *order, br_error *error);
    void (*stop)(void *acquisition); /* and frees it; in any state. No callback follows */
    /*
    ** Who is asked for what: one provider serves all clients of it. NULL: each client has its own.
    ** false: no memory.
    */
    bool (*identity)(const br_source *s, uint8_t out[BR_IDENTITY_SIZE]);
    /*
    ** Bytes that only who may have the sets can know: they are sealed with them in a store. NULL or
    ** false: there are none, and sets are kept in memory only.
    */
    bool (*key_material)(const br_source *s, br_buf *out);
    /*
    ** Of a renewable one, before an acquisition: what it was made of (files) may have changed.
    ** Gives the source to use from now on, or NULL: this one still. Not under the mutex; may read
    ** files.
    */
    br_source *(*renewed)(br_source *s, int64_t now_ms);
    void (*free)(br_source *s);
} br_source_ops;

/* A way that was found since connect, as files had changed. Counted: its sources borrow from it. */
typedef struct br_later_way {
    atomic_uint refs;
    br_way way;
    br_ways_stamps stamps;
} br_later_way;

/* The first member of each. Counted: what runs may outlive the client. Shared between threads. */
struct br_source {
    const br_source_ops *ops;
    atomic_uint refs;
    br_config *config;          /* counted */
    br_store *store;            /* its own; NULL: sets are kept in memory only */
    struct br_principal *below; /* counted; of a layer that lies on another; else NULL */
    br_later_way *later;        /* counted; NULL: made of the settings' own way */
    bool renewable;
};

/*
** The topmost source of the way that the settings found; those below it are in its principals. NULL:
** they need none, or problems say why.
*/
br_source *br_source_new(br_config *config, const br_model *model, const br_platform *platform,
                         br_problems *problems);
/* The same of a way that was found later, of which it takes a reference. */
br_source *br_source_new_later(br_config *config, br_later_way *later, const br_model *model,
                               const br_platform *platform, br_problems *problems);
/* In place of `old`; one reference is the caller's. NULL: that stays as it is, or no memory. */
br_later_way *br_later_way_new(const br_config *config, const br_model *model, int64_t now_ms,
                               const br_way *old);
br_later_way *br_later_way_ref(br_later_way *w); /* NULL gives NULL */
void br_later_way_unref(br_later_way *w);        /* NULL is fine */
/* The way that the source is of, and what its files were then. */
const br_way *br_source_way(const br_source *s);
const br_ways_stamps *br_source_stamps(const br_source *s);

/*
** Who is asked for what, of any source: also of keys that never change. false: it cannot be told
** (each client has its own), or no memory.
*/
bool br_source_identity(const br_source *s, uint8_t out[BR_IDENTITY_SIZE]);
/* For sources: the first block of a zero-filled one; `below` is set before. One reference is the caller's. */
void br_source_init(br_source *s, const br_source_ops *ops, br_config *config);
br_source *br_source_ref(br_source *s);
void br_source_unref(br_source *s); /* NULL is fine */

#endif
