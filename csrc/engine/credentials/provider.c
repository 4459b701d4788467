#include "engine/credentials/provider_private.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/loop/process.h"

#define POLL_MIN_MS 5
#define POLL_MAX_MS 100
#define POLL_OWN_MS 1000 /* woken by the flight; also keeps the timer's place for that */

/* All providers of the process that may be shared, all flights that run, all who wait. */
static struct {
    pthread_mutex_t lock;
    pthread_once_t once;
    pid_t pid;
    br_provider *providers;
    br_flight *flights;
    br_obtain *waiters;
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT};

static void detach(br_obtain *o)
{
    *o->link = o->next;
    if (o->next != NULL)
        o->next->link = o->link;
    o->waiting = false;
}

/*
** In a child: what the parent's engines were doing is the parent's. Their flights stay allocated
** for ever, since taking them apart would call libcurl and OpenSSL on state that another process
** uses.
*/
static void forget_parent(void)
{
    registry.pid = br_process_id();
    while (registry.waiters != NULL)
        detach(registry.waiters);
    while (registry.flights != NULL) {
        br_flight *f = registry.flights;
        registry.flights = f->next;
        f->provider->flight = NULL;
        f->provider->refs--;
        f->state = BR_FLIGHT_LOST;
        br_file_lock_abandon(&f->lock);
        if (f->dir >= 0)
            close(f->dir);
        f->dir = -1;
    }
}

static void before_fork(void)
{
    pthread_mutex_lock(&registry.lock);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&registry.lock);
}

static void after_fork_in_child(void)
{
    forget_parent();
    pthread_mutex_unlock(&registry.lock);
}

/* So that a fork beside another thread's use leaves the child a mutex that works. */
static void watch_forks(void)
{
    registry.pid = br_process_id();
    (void)pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* The process number is for forks that run no handlers. */
void br_registry_enter(void)
{
    pthread_once(&registry.once, watch_forks);
    pthread_mutex_lock(&registry.lock);
    if (registry.pid != br_process_id())
        forget_parent();
}

void br_registry_leave(void)
{
    pthread_mutex_unlock(&registry.lock);
}

static br_provider *find_identity(const uint8_t identity[BR_IDENTITY_SIZE])
{
    br_provider *p = registry.providers;
    while (p != NULL && memcmp(p->identity, identity, BR_IDENTITY_SIZE) != 0)
        p = p->next;
    return p;
}

static bool identity_of(const br_client *c, const br_x509 *x509, uint8_t out[BR_IDENTITY_SIZE])
{
    br_digest *crypto = br_digest_new();
    bool ok = crypto != NULL && br_identity(crypto, &c->ra, x509, &c->ra_endpoint, out);
    br_digest_free(crypto);
    return ok;
}

static br_provider *new_static(const br_client *c)
{
    br_provider *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return NULL;
    p->refs = 1;
    p->is_static = true;
    p->held =
        br_credentials_new(br_settings_text(&c->settings, BR_OPT_ACCESS_KEY_ID),
                           br_settings_text(&c->settings, BR_OPT_SECRET_ACCESS_KEY),
                           br_settings_text(&c->settings, BR_OPT_SESSION_TOKEN), BR_NEVER_EXPIRES);
    if (p->held != NULL)
        return p;
    free(p);
    return NULL;
}

static br_provider *new_identity(const uint8_t identity[BR_IDENTITY_SIZE])
{
    br_provider *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return NULL;
    p->refs = 1;
    memcpy(p->identity, identity, BR_IDENTITY_SIZE);
    return p;
}

static br_provider *shared_identity(const uint8_t identity[BR_IDENTITY_SIZE])
{
    br_registry_enter();
    br_provider *p = find_identity(identity);
    if (p != NULL) {
        p->refs++;
    } else if ((p = new_identity(identity)) != NULL) {
        p->registered = true;
        p->next = registry.providers;
        registry.providers = p;
    }
    br_registry_leave();
    return p;
}

br_provider *br_provider_for_client(const br_client *c, const br_x509 *x509)
{
    uint8_t identity[BR_IDENTITY_SIZE];
    if (c->settings.auth != BR_AUTH_ROLES_ANYWHERE)
        return new_static(c);
    if (!identity_of(c, x509, identity))
        return NULL;
    if (c->settings.cache == BR_CACHE_NONE)
        return new_identity(identity);
    return shared_identity(identity);
}

static void unregister(const br_provider *p)
{
    br_provider **at = &registry.providers;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
}

void br_provider_unref(br_provider *p)
{
    if (p == NULL)
        return;
    br_registry_enter();
    bool last = --p->refs == 0;
    if (last && p->registered)
        unregister(p);
    br_registry_leave();
    if (!last)
        return;
    br_credentials_unref(p->held);
    br_credentials_unref(p->rejected);
    free(p);
}

void br_provider_hold(br_provider *p, const br_credentials *c)
{
    const br_credentials *old = p->held;
    p->held = br_credentials_ref(c);
    br_credentials_unref(old);
}

bool br_provider_rejected(const br_provider *p, const br_credentials *c)
{
    return p->rejected != NULL && br_slice_eq(p->rejected->access_key_id, c->access_key_id);
}

void br_provider_reject(br_provider *p, const br_credentials *bad)
{
    if (bad == NULL || p->is_static)
        return;
    br_registry_enter();
    const br_credentials *old = p->rejected;
    p->rejected = br_credentials_ref(bad);
    if (p->held != NULL && br_provider_rejected(p, p->held))
        br_provider_hold(p, NULL);
    br_credentials_unref(old);
    br_registry_leave();
}

const br_credentials *br_provider_peek(br_provider *p, int64_t now_ms)
{
    const br_credentials *c = NULL;
    br_registry_enter();
    if (p->held != NULL && br_credentials_fresh(p->held, now_ms))
        c = br_credentials_ref(p->held);
    br_registry_leave();
    return c;
}

bool br_provider_session_name_refused(br_provider *p)
{
    br_registry_enter();
    bool refused = p->session_name_refused_ms != 0;
    br_registry_leave();
    return refused;
}

static int64_t held_life_ms(const br_obtain *o)
{
    const br_credentials *held = o->provider->held;
    return held == NULL ? -1 : br_credentials_life_ms(held, br_client_now_ms(o->client, o->engine));
}

/* What memory holds serves at once; also an old set while renewals are held off. */
static bool served_by_memory(const br_obtain *o)
{
    const br_provider *p = o->provider;
    if (p->is_static)
        return true;
    if (o->mode == BR_OBTAIN_FRESH)
        return false;
    int64_t life_ms = held_life_ms(o);
    return life_ms >= BR_CREDENTIALS_MIN_LIFE_MS ||
           (life_ms > 0 && br_engine_mono_ms(o->engine) < p->hold_off_until_ms);
}

static void poll_flight(void *user);

static bool arm(br_obtain *o, int64_t delay_ms)
{
    return br_timer_start(o->engine, &o->timer, delay_ms, poll_flight, o);
}

static void flight_lost(void *user);

/* The flight that runs for a provider; begins one on the waiter's engine if there is none. */
static br_flight *flight_for(br_obtain *o)
{
    br_provider *p = o->provider;
    if (p->flight != NULL)
        return p->flight;
    p->flight = br_flight_start(p, o->engine, o->client, o->x509, o->mode == BR_OBTAIN_FRESH);
    if (p->flight != NULL) {
        p->refs++;
        br_task_enter_background(o->engine, &p->flight->task, flight_lost, p->flight);
        p->flight->next = registry.flights;
        registry.flights = p->flight;
    }
    return p->flight;
}

static void waiter_gone(void *user)
{
    br_provider_cancel(user);
}

/* Under the mutex: finds what serves `o`, or what it has to wait for. */
static bool attach(br_obtain *o)
{
    if (served_by_memory(o)) {
        o->ready = br_credentials_ref(o->provider->held);
        return arm(o, 0);
    }
    br_flight *f = flight_for(o);
    if (f == NULL)
        return false;
    o->flight = f;
    f->refs++;
    o->poll_ms = POLL_MIN_MS;
    o->polled_ms = o->watching_ms = br_engine_mono_ms(o->engine);
    return arm(o, f->engine == o->engine ? POLL_OWN_MS : POLL_MIN_MS);
}

static void enlist(br_obtain *o)
{
    o->next = registry.waiters;
    o->link = &registry.waiters;
    if (o->next != NULL)
        o->next->link = &o->next;
    registry.waiters = o;
    o->waiting = true;
    br_task_enter_background(o->engine, &o->task, waiter_gone, o);
}

static void drop_flight(br_flight *f)
{
    if (f == NULL || --f->refs > 0)
        return;
    br_credentials_unref(f->credentials);
    free(f);
}

static void release(br_obtain *o)
{
    drop_flight(o->flight);
    br_credentials_unref(o->ready);
    o->flight = NULL;
    o->ready = NULL;
}

bool br_provider_obtain(const br_principal *who, br_engine *e, br_client *c, br_obtain_mode mode,
                        br_obtain *o, void (*done)(void *user, const br_obtained *), void *user,
                        br_error *error)
{
    o->provider = who->provider;
    o->engine = e;
    o->client = c;
    o->x509 = who->x509;
    o->mode = mode;
    o->done = done;
    o->user = user;
    br_registry_enter();
    bool ok = attach(o);
    if (ok)
        enlist(o);
    else
        release(o);
    br_registry_leave();
    return ok || br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
}

static void adopt_clock(br_client *c, const br_flight *f)
{
    if (!f->clock_offset_known || atomic_load(&c->clock_offset_known))
        return;
    atomic_store(&c->clock_offset_ms, f->clock_offset_ms);
    atomic_store(&c->clock_offset_known, true);
}

/* Under the mutex. An old set stands in where a renewal failed for reasons that may pass. */
static void settle(const br_obtain *o, br_obtained *result)
{
    const br_flight *f = o->flight;
    adopt_clock(o->client, f);
    if (f->credentials != NULL) {
        *result = (br_obtained){br_credentials_ref(f->credentials), f->origin, NULL, false};
    } else if (f->retryable && o->mode == BR_OBTAIN && held_life_ms(o) > 0) {
        const br_credentials *held = br_credentials_ref(o->provider->held);
        *result = (br_obtained){held, BR_FROM_MEMORY, NULL, false};
    } else {
        *result = (br_obtained){NULL, f->origin, &f->error, f->retryable};
    }
}

/*
** Whether a flight stands still, as nobody steps its engine: another Lua state's, say, that does
** something else. A waiter that was itself stopped judges nobody by that time.
*/
static bool stands_still(br_obtain *o)
{
    const br_flight *f = o->flight;
    int64_t now_ms = br_engine_mono_ms(o->engine);
    if (now_ms - o->polled_ms > BR_LOCK_TOUCH_MS)
        o->watching_ms = now_ms;
    o->polled_ms = now_ms;
    int64_t since_ms = f->touched_ms > o->watching_ms ? f->touched_ms : o->watching_ms;
    return f->engine != o->engine && now_ms - since_ms >= BR_LOCK_SILENCE_MS;
}

/* The flight goes on if it can, but nobody else is to wait for it. */
static bool leave_flight(br_obtain *o)
{
    if (o->provider->flight == o->flight)
        o->provider->flight = NULL;
    release(o);
    return attach(o);
}

/*
** Under the mutex: whether a waiter has its result. One whose flight was lost with its engine, or
** who wants a fresh exchange and only saw another's end, looks for the next flight.
*/
static bool settled(br_obtain *o, br_obtained *result)
{
    static const br_error no_memory = {
        .kind = BR_ERR_TRANSPORT, .code = "NoMemory", .message = "out of memory"};
    br_flight *f = o->flight;
    bool on = true;
    if (o->ready != NULL) {
        br_origin origin = o->provider->is_static ? BR_FROM_NOWHERE : BR_FROM_MEMORY;
        *result = (br_obtained){br_credentials_ref(o->ready), origin, NULL, false};
        return true;
    }
    if (f->state == BR_FLIGHT_RUNS && stands_still(o)) {
        on = leave_flight(o);
    } else if (f->state == BR_FLIGHT_RUNS) {
        o->poll_ms = o->poll_ms * 2 < POLL_MAX_MS ? o->poll_ms * 2 : POLL_MAX_MS;
        on = arm(o, f->engine == o->engine ? POLL_OWN_MS : o->poll_ms);
    } else if (f->state == BR_FLIGHT_LOST || (o->mode == BR_OBTAIN_FRESH && !f->fresh)) {
        release(o);
        on = attach(o);
    } else {
        settle(o, result);
        return true;
    }
    *result = (br_obtained){NULL, BR_FROM_EXCHANGE, &no_memory, false};
    return !on;
}

/* The flight is kept until the callback is over: the error is in it. */
static void poll_flight(void *user)
{
    br_obtain *o = user, kept;
    br_obtained result;
    br_registry_enter();
    bool over = settled(o, &result);
    if (over) {
        detach(o);
        br_task_leave(o->engine, &o->task);
        kept = *o;
        o->flight = NULL;
        o->ready = NULL;
    }
    br_registry_leave();
    if (!over)
        return;
    kept.done(kept.user, &result);
    br_credentials_unref(result.credentials);
    br_registry_enter();
    release(&kept);
    br_registry_leave();
}

void br_provider_cancel(br_obtain *o)
{
    br_registry_enter();
    if (o->waiting) {
        detach(o);
        release(o);
        br_timer_stop(o->engine, &o->timer);
    }
    br_task_leave(o->engine, &o->task);
    br_registry_leave();
}

/* Under the mutex. */
static void end_flight(br_flight *f, br_flight_state state)
{
    br_flight **at = &registry.flights;
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    if (f->provider->flight == f)
        f->provider->flight = NULL;
    f->state = state;
}

void br_flight_land(br_flight *f)
{
    br_registry_enter();
    f->clock_offset_ms = atomic_load(&f->client->clock_offset_ms);
    f->clock_offset_known = atomic_load(&f->client->clock_offset_known);
    end_flight(f, BR_FLIGHT_DONE);
    for (br_obtain *o = registry.waiters; o != NULL; o = o->next)
        if (o->flight == f && o->engine == f->engine)
            (void)arm(o, 0);
    br_registry_leave();
    br_flight_stop(f);
    br_registry_enter();
    drop_flight(f);
    br_registry_leave();
}

/*
** By the engine's thread. What an abandoned engine ran was forgotten on entering the mutex (see
** forget_parent). Those of other engines who wait for it notice and begin another.
*/
static void flight_lost(void *user)
{
    br_flight *f = user;
    br_registry_enter();
    bool forgotten = f->state == BR_FLIGHT_LOST;
    if (!forgotten)
        end_flight(f, BR_FLIGHT_LOST);
    br_registry_leave();
    if (forgotten)
        return;
    br_flight_stop(f);
    br_registry_enter();
    drop_flight(f);
    br_registry_leave();
}
