/*
** The engine: everything that waits, behind one pollable file descriptor.
**
** It owns a libcurl multi handle, timers, a signer. One thread at a time uses it. Nothing waits
** but br_engine_step. All callbacks (timers, transfers, providers) run inside step, or inside the
** function that starts a thing when it can finish at once where that is documented; never
** re-entrantly on a half-changed engine.
**
** After a fork the child must not touch what it inherited: each entry point of the host compares
** br_engine_forked and then calls br_engine_abandon, which closes the descriptors and makes no
** curl or OpenSSL call; calls and transfers of that engine then answer `cancelled`, `Forked`.
*/
#ifndef BR_ENGINE_LOOP_ENGINE_H
#define BR_ENGINE_LOOP_ENGINE_H

#include "core/aws/sigv4.h"
#include "core/base/digest.h"
#include "core/base/error.h"
#include "engine/loop/poller.h"

/*
** Clocks and randomness; tests have their own. wall: ms since 1970 (may jump); mono: ms, never goes
** back.
*/
typedef struct br_platform {
    int64_t (*wall_ms)(void *user);
    int64_t (*mono_ms)(void *user);
    bool (*random)(void *user, void *out, size_t n); /* cryptographically strong */
    void *user;
    int64_t (*mono_us)(void *user); /* mono_ms, finer; NULL: that, times 1000 */
} br_platform;

extern const br_platform br_platform_system;

int64_t br_platform_mono_us(const br_platform *p);

typedef struct br_engine br_engine;

br_engine *br_engine_new(const br_platform *platform, br_error *error); /* it is copied */
void br_engine_free(br_engine *e); /* cancels all that runs; NULL is fine */
bool br_engine_forked(const br_engine *e);
void br_engine_abandon(br_engine *e);
bool br_engine_abandoned(const br_engine *e);

/*
** Level-triggered: readable when step has something to do (sockets and timers). The timer part is
** only kept up to date once a host has asked for the descriptor, so blocking hosts do not pay for
** it.
*/
int br_engine_fd(br_engine *e);

/*
** Does what is due, waiting at most `ms` (0: not at all, -1: until something happens). Returns
** early when any call got an item, and on EINTR. Returns the number of things still running.
*/
int br_engine_step(br_engine *e, int ms);

int64_t br_engine_wall_ms(const br_engine *e); /* the local clock, uncorrected */
int64_t br_engine_mono_ms(const br_engine *e);
int64_t br_engine_mono_us(const br_engine *e);
bool br_engine_random(br_engine *e, void *out, size_t n);
double br_engine_random01(br_engine *e); /* [0, 1) */
br_digest *br_engine_digest(br_engine *e);
br_signer *br_engine_signer(br_engine *e);

/*
** Watches another descriptor as well: `ready` is called inside br_engine_step while `events`
** (BR_POLL_IN, BR_POLL_OUT) last. Again with other events: they replace the former. To be ended before
** the descriptor is closed; a call for a descriptor that got its number may follow. false: no
** memory, or the system does not take it.
*/
bool br_engine_watch(br_engine *e, int fd, uint32_t events,
                     void (*ready)(void *user, uint32_t events), void *user);
void br_engine_unwatch(br_engine *e, int fd);

/*
** Something (an item) became ready for the host: a blocking step returns; outside of one, the
** descriptor is readable and the next step returns at once.
*/
void br_engine_notify(br_engine *e);

/* Timers are part of their owner; set up zero-filled. */
typedef struct br_timer {
    int64_t due_ms; /* monotonic */
    void (*fire)(void *user);
    void *user;
    size_t slot; /* the heap's: 1-based place, 0 = not armed */
    bool limits; /* by br_timer_limit */
} br_timer;

/* Arms or re-arms. delay_ms >= 0. Fires once. false: out of memory. */
bool br_timer_start(br_engine *e, br_timer *t, int64_t delay_ms, void (*fire)(void *user),
                    void *user);
/*
** Likewise a limit for what comes by sockets: it is not judged before all of them are read that were
** ready, as the host may have been away, or is kept busy.
*/
bool br_timer_limit(br_engine *e, br_timer *t, int64_t delay_ms, void (*fire)(void *user),
                    void *user);
void br_timer_stop(br_engine *e, br_timer *t); /* idempotent */

#endif
