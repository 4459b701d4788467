#include <stdio.h>
#include <stdlib.h>

#include "engine/credentials/provider_private.h"

static bool same_set(const br_credentials *a, const br_credentials *b)
{
    return a != NULL && b != NULL && br_slice_eq(a->access_key_id, b->access_key_id) &&
           a->expiration_ms == b->expiration_ms;
}

static int64_t now_of(const br_flight *f)
{
    return br_skew_now_ms(&f->source->config->skew, f->engine);
}

/* The clock of whoever wrote it, until this one has a sample of its own. */
static void adopt_clock(br_flight *f, const br_cache_record *record)
{
    int64_t now_ms = br_engine_wall_ms(f->engine) + record->clock_offset_ms;
    if (record->clock_offset_known &&
        br_clock_recent(record->written_ms, now_ms, BR_CLOCK_OFFSET_KEPT_MS))
        br_skew_adopt(&f->source->config->skew, record->clock_offset_ms);
}

/*
** A set that appeared while this flight waited is the outcome of the exchange it waited for: that
** serves its waiters however short its life. Where one that waited for the lock finds the set of
** before, whoever renewed early has failed: what there is still works, and another try is a later
** one's.
*/
static bool serves(const br_flight *f, const br_credentials *c, int64_t now_ms)
{
    int64_t life_ms = br_credentials_life_ms(c, now_ms);
    bool awaited = f->looked && !same_set(c, f->first_seen);
    bool in_vain = f->waited && f->locked && life_ms >= BR_CREDENTIALS_MIN_LIFE_MS;
    return life_ms >= br_obtain_min_life_ms(f->mode) || in_vain || (awaited && life_ms > 0);
}

/* Under the mutex. A record that is younger than our own note knows better. */
static void take_record(br_flight *f, const br_cache_record *record, int64_t now_ms)
{
    br_provider *p = f->provider;
    const br_credentials *c = record->credentials;
    if (record->written_ms >= p->note_ms)
        p->note_ms = record->note_ms;
    if (f->mode == BR_OBTAIN_FRESH || c == NULL || br_provider_rejected(p, c))
        return;
    if (p->held == NULL || c->expiration_ms > p->held->expiration_ms)
        br_provider_hold(p, c);
    if (!serves(f, c, now_ms))
        return;
    f->credentials = br_credentials_ref(c);
    f->origin = f->entry->ops->origin;
}

static void trace_look(br_flight *f, bool found)
{
    br_trace *t = &f->trace;
    br_trace_begin(t, "cache");
    br_trace_text(t, "cache", br_slice_of(br_origin_name(f->entry->ops->origin)));
    br_trace_number(t, "found", found);
    br_trace_number(t, "used", f->credentials != NULL);
    br_trace_end(t);
}

static void take_sealed(br_flight *f, br_slice bytes)
{
    br_cache_record record = {.credentials = NULL};
    if (bytes.n > 0 && br_cache_record_decrypt(bytes, br_buf_slice(&f->key_material),
                                               f->provider->identity, &record)) {
        adopt_clock(f, &record);
        br_registry_enter();
        take_record(f, &record, now_of(f));
        br_registry_leave();
    }
    if (!f->entry->without && (!f->looked || f->credentials != NULL))
        trace_look(f, record.credentials != NULL);
    if (!f->looked)
        f->first_seen = br_credentials_ref(record.credentials);
    f->looked = true;
    br_cache_record_clear(&record);
}

/* Under the mutex. */
static void end(br_registry *r, br_flight *f, br_flight_state state)
{
    br_flight **at = &r->flights;
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    if (f->provider->flight == f)
        f->provider->flight = NULL;
    f->state = state;
}

void br_flight_drop(br_flight *f)
{
    if (f == NULL || --f->refs > 0)
        return;
    br_credentials_unref(f->credentials);
    br_trace_free(&f->trace);
    free(f);
}

/* Stops what runs, and gives back all but the result. */
static void stop(br_flight *f)
{
    if (f->acquisition != NULL)
        f->source->ops->stop(f->acquisition);
    if (f->entry != NULL)
        f->entry->ops->close(f->entry);
    br_task_leave(f->engine, &f->task);
    br_timer_stop(f->engine, &f->timer);
    br_timer_stop(f->engine, &f->touch);
    br_buf_free(&f->sealed);
    br_buf_free(&f->key_material);
    br_credentials_unref(f->first_seen);
    br_provider_unref(f->provider);
    br_source_unref(f->source);
    br_registry_enter();
    br_flight_drop(f);
    br_registry_leave();
}

/* Its result stands, and waiters of the same engine are woken. */
static void land(br_flight *f)
{
    br_registry *r = br_registry_enter();
    const br_skew *skew = &f->source->config->skew;
    f->skew_ms = atomic_load(&skew->ms);
    f->skew_known = atomic_load(&skew->known);
    end(r, f, BR_FLIGHT_DONE);
    for (br_obtain *o = r->waiters; o != NULL; o = o->next)
        if (o->flight == f && o->engine == f->engine)
            br_waiter_wake(o);
    br_registry_leave();
    stop(f);
}

/*
** By the engine's thread. What an abandoned engine ran was forgotten on entering the mutex (see
** registry.c). Those of other engines who wait for it notice and begin another.
*/
static void engine_gone(void *user)
{
    br_flight *f = user;
    br_registry *r = br_registry_enter();
    bool forgotten = f->state == BR_FLIGHT_LOST;
    if (!forgotten)
        end(r, f, BR_FLIGHT_LOST);
    br_registry_leave();
    if (!forgotten)
        stop(f);
}

/*
** Nobody stepped the engine for so long that others exchanged meanwhile (see waiter.c): what they got
** lasts longer, and stays.
*/
static bool is_late(const br_flight *f, const br_credentials *c)
{
    const br_credentials *held = f->provider->held;
    return c != NULL && held != NULL && f->mode != BR_OBTAIN_FRESH &&
           held->expiration_ms > c->expiration_ms && br_credentials_fresh(held, now_of(f));
}

/* Under the mutex. What was noted holds even if the acquisition failed. */
static void take_outcome(br_flight *f, const br_source_result *result)
{
    br_provider *p = f->provider;
    f->origin = BR_FROM_EXCHANGE;
    if (result->noted)
        p->note_ms = result->note_ms;
    if (is_late(f, result->credentials)) {
        f->credentials = br_credentials_ref(p->held);
        f->origin = BR_FROM_MEMORY;
        return;
    }
    if (result->credentials != NULL) {
        f->credentials = br_credentials_ref(result->credentials);
        br_provider_hold(p, result->credentials);
        return;
    }
    f->error = *result->error;
    f->retryable = result->retryable;
    if (result->retryable)
        p->hold_off_until_ms = br_engine_mono_ms(f->engine) + BR_HOLD_OFF_MS;
}

/* false: there is nothing to be kept, or nowhere. */
static bool seal(br_flight *f, const br_cache_record *record)
{
    uint8_t random[BR_CACHE_RECORD_RANDOM];
    return f->entry != NULL && record->credentials != NULL &&
           br_engine_random(f->engine, random, sizeof random) &&
           br_cache_record_encrypt(record, br_buf_slice(&f->key_material), f->provider->identity,
                                   random, &f->sealed);
}

static void fetched(void *user, const br_source_result *result)
{
    br_flight *f = user;
    const br_skew *skew = &f->source->config->skew;
    br_cache_record record = {
        .credentials = result->credentials,
        .written_ms = now_of(f),
        .clock_offset_ms = atomic_load(&skew->ms),
        .clock_offset_known = atomic_load(&skew->known),
    };
    br_registry_enter();
    take_outcome(f, result);
    record.note_ms = f->provider->note_ms;
    bool newest = f->origin == BR_FROM_EXCHANGE;
    br_registry_leave();
    if (newest && seal(f, &record))
        f->entry->ops->put(f->entry, br_buf_slice(&f->sealed),
                           record.credentials->expiration_ms - record.clock_offset_ms);
    else
        land(f);
}

static void kept(void *user)
{
    land(user);
}

/* Other processes see it by the lock, other engines of this one by the time. */
static void touch(void *user)
{
    br_flight *f = user;
    if (f->entry != NULL)
        f->entry->ops->touch(f->entry);
    br_registry_enter();
    f->touched_ms = br_engine_mono_ms(f->engine);
    br_registry_leave();
    (void)br_timer_start(f->engine, &f->touch, BR_LOCK_TOUCH_MS, touch, f);
}

static void fetch(br_flight *f)
{
    br_source_order order = {
        .engine = f->engine,
        .fresh = f->mode == BR_OBTAIN_FRESH,
        .note_ms = br_provider_note_ms(f->provider),
        .trace = &f->trace,
        .done = fetched,
        .user = f,
    };
    touch(f);
    f->acquisition = f->source->ops->begin(f->source, &order, &f->error);
    if (f->acquisition == NULL)
        land(f);
}

/* The store is looked at before each try for the lock, and again when it is got. */
static void looked(void *user, br_slice bytes)
{
    br_flight *f = user;
    take_sealed(f, bytes);
    if (f->credentials != NULL)
        land(f);
    else if (f->locked)
        fetch(f);
    else
        f->entry->ops->lock(f->entry);
}

static void look(void *user)
{
    br_flight *f = user;
    f->entry->ops->look(f->entry);
}

static void trace_lock(br_flight *f)
{
    br_trace_begin(&f->trace, "lock");
    br_trace_text(&f->trace, "cache", br_slice_of(br_origin_name(f->entry->ops->origin)));
    br_trace_end(&f->trace);
}

static void locked(void *user, br_lock_state state, int delay_ms)
{
    br_flight *f = user;
    if (state == BR_LOCK_BUSY && !f->waits)
        trace_lock(f);
    f->waits = state == BR_LOCK_BUSY;
    f->waited |= f->waits;
    if (f->waits && br_timer_start(f->engine, &f->timer, delay_ms, look, f))
        return;
    f->locked = state == BR_LOCK_GOT;
    if (f->locked)
        look(f);
    else
        fetch(f);
}

static void trace_unopened(br_flight *f)
{
    char why[BR_STORE_WHY_SIZE];
    br_store *store = f->source->store;
    if (!store->ops->trouble(store, br_engine_mono_ms(f->engine), why))
        snprintf(why, sizeof why, "out of memory");
    br_store_trace_without(&f->trace, store->ops->origin, why);
}

/* Without key bytes nothing could be read or written, so there is nothing to lock either. */
static void begin(void *user)
{
    static const br_store_answers answers = {looked, locked, kept};
    br_flight *f = user;
    br_source *s = f->source;
    if (s->store != NULL && s->ops->key_material(s, &f->key_material))
        f->entry = s->store->ops->open(s->store, f->engine, f->provider->identity);
    if (f->entry == NULL) {
        if (s->store != NULL && f->key_material.len > 0)
            trace_unopened(f);
        fetch(f);
        return;
    }
    f->entry->answers = &answers;
    f->entry->user = f;
    f->entry->trace = &f->trace;
    touch(f);
    look(f);
}

br_flight *br_flight_start(br_registry *r, const br_principal *who, br_engine *e,
                           br_obtain_mode mode)
{
    br_flight *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return NULL;
    if (!br_timer_start(e, &f->timer, 0, begin, f)) {
        free(f);
        return NULL;
    }
    f->refs = 1;
    f->engine = e;
    f->source = br_source_ref(who->source);
    f->provider = who->provider;
    f->provider->refs++;
    f->mode = mode;
    f->touched_ms = br_engine_mono_ms(e);
    br_trace_init(&f->trace, BR_TRACE_EVENTS);
    br_buf_init_secret(&f->key_material, BR_KEY_MATERIAL_MAX);
    br_buf_init(&f->sealed, BR_CACHE_RECORD_MAX);
    br_task_enter_background(e, &f->task, engine_gone, f);
    f->next = r->flights;
    r->flights = f;
    return f;
}
