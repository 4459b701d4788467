#include "engine/credentials/provider_private.h"

#define POLL_MIN_MS 5
#define POLL_MAX_MS 100
#define POLL_OWN_MS 1000 /* woken by the flight; also keeps the timer's place for that */

void br_waiter_detach(br_obtain *o)
{
    *o->link = o->next;
    if (o->next != NULL)
        o->next->link = o->link;
    o->waiting = false;
}

static br_provider *provider_of(const br_obtain *o)
{
    return o->who->provider;
}

static br_skew *skew_of(const br_obtain *o)
{
    return &o->who->source->config->skew;
}

static int64_t held_life_ms(const br_obtain *o)
{
    const br_credentials *held = provider_of(o)->held;
    return held == NULL ? -1 : br_credentials_life_ms(held, br_skew_now_ms(skew_of(o), o->engine));
}

/* What memory holds serves at once; also an old set while renewals are held off. */
static bool served_by_memory(const br_obtain *o)
{
    const br_provider *p = provider_of(o);
    if (p->fixed)
        return true;
    if (o->mode == BR_OBTAIN_FRESH)
        return false;
    int64_t life_ms = held_life_ms(o);
    return life_ms >= br_obtain_min_life_ms(o->mode) ||
           (life_ms > 0 && br_engine_mono_ms(o->engine) < p->hold_off_until_ms);
}

static void poll_flight(void *user);

static bool arm(br_obtain *o, int64_t delay_ms)
{
    return br_timer_start(o->engine, &o->timer, delay_ms, poll_flight, o);
}

/* The flight that runs for a provider; begins one on the waiter's engine if there is none. */
static br_flight *flight_for(br_registry *r, const br_obtain *o)
{
    br_provider *p = provider_of(o);
    if (p->flight == NULL)
        p->flight = br_flight_start(r, o->who, o->engine, o->mode);
    return p->flight;
}

static void waiter_gone(void *user)
{
    br_provider_cancel(user);
}

/* Under the mutex: finds what serves `o`, or what it has to wait for. */
static bool attach(br_registry *r, br_obtain *o)
{
    if (served_by_memory(o)) {
        o->ready = br_credentials_ref(provider_of(o)->held);
        return arm(o, 0);
    }
    br_flight *f = flight_for(r, o);
    if (f == NULL)
        return false;
    o->flight = f;
    f->refs++;
    o->poll_ms = POLL_MIN_MS;
    o->polled_ms = o->watching_ms = br_engine_mono_ms(o->engine);
    return arm(o, f->engine == o->engine ? POLL_OWN_MS : POLL_MIN_MS);
}

static void enlist(br_registry *r, br_obtain *o)
{
    o->next = r->waiters;
    o->link = &r->waiters;
    if (o->next != NULL)
        o->next->link = &o->next;
    r->waiters = o;
    o->waiting = true;
    br_task_enter_background(o->engine, &o->task, waiter_gone, o);
}

static void release(br_obtain *o)
{
    br_flight_drop(o->flight);
    br_credentials_unref(o->ready);
    o->flight = NULL;
    o->ready = NULL;
}

bool br_provider_obtain(const br_principal *who, br_engine *e, br_obtain_mode mode, br_obtain *o,
                        void (*done)(void *user, const br_obtained *), void *user, br_error *error)
{
    o->who = who;
    o->engine = e;
    o->mode = mode;
    o->done = done;
    o->user = user;
    br_registry *r = br_registry_enter();
    bool ok = attach(r, o);
    if (ok)
        enlist(r, o);
    else
        release(o);
    br_registry_leave();
    return ok || br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
}

void br_waiter_wake(br_obtain *o)
{
    (void)arm(o, 0);
}

/* Under the mutex. An old set stands in where a renewal failed for reasons that may pass. */
static void settle(const br_obtain *o, br_obtained *result)
{
    const br_flight *f = o->flight;
    if (f->skew_known)
        br_skew_adopt(skew_of(o), f->skew_ms);
    if (f->credentials != NULL) {
        *result = (br_obtained){br_credentials_ref(f->credentials), f->origin, NULL, false, NULL};
    } else if (f->retryable && o->mode != BR_OBTAIN_FRESH && held_life_ms(o) > 0) {
        const br_credentials *held = br_credentials_ref(provider_of(o)->held);
        *result = (br_obtained){held, BR_FROM_MEMORY, NULL, false, NULL};
    } else {
        *result = (br_obtained){NULL, f->origin, &f->error, f->retryable, NULL};
    }
    result->trace = &f->trace;
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
static bool leave_flight(br_registry *r, br_obtain *o)
{
    if (provider_of(o)->flight == o->flight)
        provider_of(o)->flight = NULL;
    release(o);
    return attach(r, o);
}

/*
** Under the mutex: whether a waiter has its result. One whose flight was lost with its engine, or
** who asks for more than the flight was begun for, looks for the next one.
*/
static bool settled(br_registry *r, br_obtain *o, br_obtained *result)
{
    static const br_error no_memory = {
        .kind = BR_ERR_TRANSPORT, .code = "NoMemory", .message = "out of memory"};
    br_flight *f = o->flight;
    bool on = true;
    if (o->ready != NULL) {
        br_origin origin = br_provider_memory(provider_of(o));
        *result = (br_obtained){br_credentials_ref(o->ready), origin, NULL, false, NULL};
        return true;
    }
    if (f->state == BR_FLIGHT_RUNS && stands_still(o)) {
        on = leave_flight(r, o);
    } else if (f->state == BR_FLIGHT_RUNS) {
        o->poll_ms = o->poll_ms * 2 < POLL_MAX_MS ? o->poll_ms * 2 : POLL_MAX_MS;
        on = arm(o, f->engine == o->engine ? POLL_OWN_MS : o->poll_ms);
    } else if (f->state == BR_FLIGHT_LOST || o->mode > f->mode) {
        release(o);
        on = attach(r, o);
    } else {
        settle(o, result);
        return true;
    }
    *result = (br_obtained){NULL, BR_FROM_EXCHANGE, &no_memory, false, NULL};
    return !on;
}

/* The flight is kept until the callback is over: the error is in it. */
static void poll_flight(void *user)
{
    br_obtain *o = user, kept;
    br_obtained result;
    br_registry *r = br_registry_enter();
    bool over = settled(r, o, &result);
    if (over) {
        br_waiter_detach(o);
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
        br_waiter_detach(o);
        release(o);
        br_timer_stop(o->engine, &o->timer);
    }
    br_task_leave(o->engine, &o->task);
    br_registry_leave();
}
