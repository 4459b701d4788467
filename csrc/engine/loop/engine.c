#define _GNU_SOURCE
#include "engine/loop/internal.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "engine/loop/process.h"

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

/* Never undone: other users of libcurl and OpenSSL in the process would lose theirs with it. */
static void start_curl(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

static int on_socket(CURL *curl, curl_socket_t fd, int what, void *user, void *socket_user)
{
    (void)curl;
    (void)socket_user;
    br_engine *e = user;
    return br_sockets_watch(&e->sockets, fd, what) ? 0 : -1;
}

static void curl_due(void *user)
{
    br_engine *e = user;
    int running;
    br_engine_enter_curl(e);
    curl_multi_socket_action(e->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    br_engine_leave_curl(e);
}

static int on_curl_timer(CURLM *multi, long delay_ms, void *user)
{
    (void)multi;
    br_engine *e = user;
    if (delay_ms >= 0)
        return br_timer_start(e, &e->curl_timer, delay_ms, curl_due, e) ? 0 : -1;
    br_timer_stop(e, &e->curl_timer);
    return 0;
}

static bool set_up_multi(br_engine *e)
{
    pthread_once(&curl_once, start_curl);
    e->share = curl_share_init();
    e->multi = curl_multi_init();
    return e->share != NULL && e->multi != NULL &&
           curl_share_setopt(e->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK &&
           curl_multi_setopt(e->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
           curl_multi_setopt(e->multi, CURLMOPT_SOCKETDATA, e) == CURLM_OK &&
           curl_multi_setopt(e->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer) == CURLM_OK &&
           curl_multi_setopt(e->multi, CURLMOPT_TIMERDATA, e) == CURLM_OK &&
           curl_multi_setopt(e->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING) == CURLM_OK &&
           curl_multi_setopt(e->multi, CURLMOPT_MAXCONNECTS, (long)BR_CONNECTIONS_MIN) == CURLM_OK;
}

static bool set_up_crypto(br_engine *e)
{
    e->crypto = br_digest_new();
    if (e->crypto != NULL)
        e->signer = br_signer_new(e->crypto);
    return e->signer != NULL;
}

static const char *set_up(br_engine *e)
{
    if (!br_poller_open(&e->sockets.poller))
        return "no descriptor could be opened; raise the limit of open files";
    if (!set_up_multi(e))
        return "libcurl could not be set up";
    if (!set_up_crypto(e))
        return "OpenSSL could not be set up: no memory, or no SHA-256 in its providers";
    if (!br_timers_reserve(&e->timers, BR_TIMERS_PER_TASK) || !br_authorities_read(&e->authorities))
        return "out of memory";
    return NULL;
}

br_engine *br_engine_new(const br_platform *platform, br_error *error)
{
    br_engine *e = calloc(1, sizeof *e);
    if (e == NULL) {
        br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
        return NULL;
    }
    e->platform = *platform;
    e->pid = br_process_id();
    e->timer_due = INT64_MAX;
    e->left_ms = br_engine_mono_ms(e);
    e->most_transfers = BR_CONNECTIONS_MIN;
    const char *problem = set_up(e);
    if (problem == NULL)
        return e;
    br_error_set(error, BR_ERR_TRANSPORT, "NoEngine", "cannot start the network engine: %s",
                 problem);
    br_engine_free(e);
    return NULL;
}

static void end_tasks(br_engine *e)
{
    while (e->tasks != NULL) {
        br_task *task = e->tasks;
        br_task_leave(e, task);
        task->gone(task->user);
    }
}

static void tear_down(br_engine *e)
{
    br_transfers_free_pool(e);
    curl_multi_cleanup(e->multi);
    if (e->share != NULL)
        curl_share_cleanup(e->share);
    br_signer_free(e->signer);
    br_digest_free(e->crypto);
    br_poller_close(&e->sockets.poller);
    br_sockets_free(&e->sockets);
}

/*
** What libcurl and OpenSSL hold for the parent's engines can never be freed here: it stays
** reachable, so that leak checkers know it for what it is.
*/
static void leave_behind(br_engine *e)
{
    static _Atomic(br_engine *) left_behind;
    e->left_behind = atomic_load(&left_behind);
    while (!atomic_compare_exchange_weak(&left_behind, &e->left_behind, e))
        continue;
}

void br_engine_free(br_engine *e)
{
    if (e == NULL)
        return;
    if (e->abandoned) {
        leave_behind(e);
        return;
    }
    end_tasks(e);
    tear_down(e);
    br_timers_free(&e->timers);
    br_authorities_free(&e->authorities);
    free(e);
}

bool br_engine_forked(const br_engine *e)
{
    return e->pid != br_process_id();
}

void br_engine_abandon(br_engine *e)
{
    if (e->abandoned)
        return;
    e->abandoned = true;
    end_tasks(e);
    br_sockets_close_all(&e->sockets);
    br_poller_abandon(&e->sockets.poller);
    br_timers_free(&e->timers);
}

bool br_engine_abandoned(const br_engine *e)
{
    return e->abandoned;
}

bool br_task_enter(br_engine *e, br_task *task, void (*gone)(void *user), void *user)
{
    if (!br_timers_reserve(&e->timers, (e->running + 2) * BR_TIMERS_PER_TASK))
        return false;
    br_task_enter_background(e, task, gone, user);
    task->counted = true;
    e->running++;
    return true;
}

void br_task_enter_background(br_engine *e, br_task *task, void (*gone)(void *user), void *user)
{
    *task = (br_task){.gone = gone, .user = user, .next = e->tasks, .running = true};
    if (e->tasks != NULL)
        e->tasks->prev = task;
    e->tasks = task;
}

void br_task_leave(br_engine *e, br_task *task)
{
    if (!task->running)
        return;
    task->running = false;
    if (task->counted)
        e->running--;
    if (task->next != NULL)
        task->next->prev = task->prev;
    if (task->prev != NULL)
        task->prev->next = task->next;
    else
        e->tasks = task->next;
}

void br_engine_enter_curl(br_engine *e)
{
    e->in_curl++;
}

void br_engine_leave_curl(br_engine *e)
{
    if (--e->in_curl == 0)
        br_transfers_reap(e);
}

/* Costs a system call only on a change. A child's descriptor is the parent's timer as well. */
void br_engine_arm(br_engine *e)
{
    if (!e->sockets.poller.timed || e->stepping || e->abandoned)
        return;
    br_timer *first = br_timers_first(&e->timers);
    int64_t due = e->notified || e->first_queued != NULL ? 0
                  : first != NULL                        ? first->due_ms
                                                         : INT64_MAX;
    if (due == e->timer_due)
        return;
    int64_t delay = due == INT64_MAX ? -1 : due - br_engine_mono_ms(e);
    if (br_poller_arm(&e->sockets.poller, delay < 0 && due != INT64_MAX ? 0 : delay))
        e->timer_due = due;
}

bool br_timer_start(br_engine *e, br_timer *t, int64_t delay_ms, void (*fire)(void *user),
                    void *user)
{
    if (e->abandoned)
        return false;
    br_timers_remove(&e->timers, t);
    t->due_ms = br_engine_mono_ms(e) + delay_ms;
    t->fire = fire;
    t->user = user;
    t->limits = false;
    bool ok = br_timers_add(&e->timers, t);
    br_engine_arm(e);
    return ok;
}

bool br_timer_limit(br_engine *e, br_timer *t, int64_t delay_ms, void (*fire)(void *user),
                    void *user)
{
    bool ok = br_timer_start(e, t, delay_ms, fire, user);
    t->limits = true;
    return ok;
}

void br_timer_stop(br_engine *e, br_timer *t)
{
    if (t->slot == 0)
        return;
    br_timers_remove(&e->timers, t);
    br_engine_arm(e);
}

static bool due(const br_timer *t, int64_t now)
{
    return t != NULL && t->slot != 0 && t->due_ms <= now;
}

static void fire(br_engine *e, br_timer *t)
{
    br_timers_remove(&e->timers, t);
    t->fire(t->user);
}

/* Its place in the heap is free. */
static void put_off(br_engine *e, br_timer *t, int64_t due_ms)
{
    br_timers_remove(&e->timers, t);
    t->due_ms = due_ms;
    (void)br_timers_add(&e->timers, t);
}

/*
** One round: timers that are started meanwhile, even for at once, have to wait for the next. false: none
** was due.
*/
static bool run_timers(br_engine *e, int64_t now)
{
    bool any = false;
    for (size_t round = e->timers.count; round > 0; round--) {
        br_timer *t = br_timers_first(&e->timers);
        if (!due(t, now))
            break;
        any = true;
        if (e->behind && t->limits)
            put_off(e, t, now + 1);
        else
            fire(e, t);
    }
    return any;
}

static void tell_finished(CURL *curl, CURLcode result)
{
    char *pointer = NULL;
    br_curl_user *user = NULL;
    if (curl_easy_getinfo(curl, CURLINFO_PRIVATE, &pointer) == CURLE_OK)
        user = (br_curl_user *)(void *)pointer;
    if (user != NULL)
        user->finished(user, result);
}

static void collect_finished(br_engine *e)
{
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(e->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE)
            tell_finished(message->easy_handle, message->data.result);
    }
}

static void handle_event(void *user, int fd, unsigned events)
{
    br_engine *e = user;
    if (fd == BR_POLL_TIMER) {
        e->timer_due = INT64_MAX;
        return;
    }
    if (br_sockets_tell(&e->sockets, fd, events))
        return;
    int bits = br_sockets_event(&e->sockets, fd, events);
    if (bits == 0)
        return;
    int running;
    br_engine_enter_curl(e);
    curl_multi_socket_action(e->multi, fd, bits, &running);
    br_engine_leave_curl(e);
}

static int wait_for(const br_engine *e, int64_t now, int64_t until)
{
    if (e->notified || e->running == 0 || e->first_queued != NULL)
        return 0;
    br_timer *first = br_timers_first(&e->timers);
    if (first != NULL && first->due_ms < until)
        until = first->due_ms;
    if (until == INT64_MAX)
        return -1;
    int64_t wait = until - now;
    return wait <= 0 ? 0 : wait > INT_MAX ? INT_MAX : (int)wait;
}

static int handle_events(br_engine *e, int wait_ms)
{
    return br_poller_wait(&e->sockets.poller, wait_ms, handle_event, e);
}

/*
** What is ready, until that took BR_SLICE_MS; the next turn goes on. What one wait had no room for are
** the first that the next one tells of, so nothing is left out for long. As handle_events.
*/
static int read_sockets(br_engine *e, int wait_ms)
{
    int n = handle_events(e, wait_ms);
    int64_t until = n == BR_POLL_AT_ONCE ? br_engine_mono_ms(e) + BR_SLICE_MS : 0;
    for (;;) {
        e->seen = n == BR_POLL_AT_ONCE && e->seen < e->sockets.cap ? e->seen + n : 0;
        e->behind = e->seen > 0;
        if (!e->behind || br_engine_mono_ms(e) >= until)
            return n;
        n = handle_events(e, 0);
    }
}

/* What does not wait for sockets. Where that was nothing, no time has passed. */
static void begin_turn(br_engine *e, int64_t *now)
{
    bool begins = e->first_queued != NULL;
    br_transfers_begin(e);
    if (begins)
        *now = br_engine_mono_ms(e);
    if (due(&e->curl_timer, *now)) {
        fire(e, &e->curl_timer);
        collect_finished(e);
        *now = br_engine_mono_ms(e);
    }
}

/* The clock is read once for each turn, and set to when that ended. false: a signal came. */
static bool turn(br_engine *e, int64_t *now, int64_t until)
{
    begin_turn(e, now);
    bool interrupted = read_sockets(e, wait_for(e, *now, until)) < 0 && errno == EINTR;
    collect_finished(e);
    *now = br_engine_mono_ms(e);
    if (run_timers(e, *now)) {
        collect_finished(e);
        *now = br_engine_mono_ms(e);
    }
    return !interrupted;
}

static int64_t enter_step(br_engine *e)
{
    int64_t now = br_engine_mono_ms(e);
    if (!e->sockets.poller.timed)
        e->unstepped_ms += now - e->left_ms;
    e->stepping = true;
    return now;
}

static void leave_step(br_engine *e, int64_t now)
{
    e->left_ms = now;
    e->stepping = false;
    e->notified = false;
    br_engine_arm(e);
}

int br_engine_step(br_engine *e, int ms)
{
    if (e->abandoned)
        return 0;
    int64_t now = enter_step(e);
    int64_t until = ms < 0 ? INT64_MAX : now + ms;
    while (turn(e, &now, until)) {
        if (e->notified || e->running == 0 || now >= until)
            break;
    }
    leave_step(e, now);
    return e->running > INT_MAX ? INT_MAX : (int)e->running;
}

static bool begin_timing(br_engine *e)
{
    bool ok = br_poller_add_timer(&e->sockets.poller);
    if (ok)
        br_engine_arm(e);
    return ok;
}

int br_engine_fd(br_engine *e)
{
    if (e->abandoned || (!e->sockets.poller.timed && !begin_timing(e)))
        return -1;
    return e->sockets.poller.fd;
}

bool br_engine_watch(br_engine *e, int fd, uint32_t events,
                     void (*ready)(void *user, uint32_t events), void *user)
{
    return !e->abandoned && br_sockets_lend(&e->sockets, fd, events, ready, user);
}

void br_engine_unwatch(br_engine *e, int fd)
{
    if (!e->abandoned)
        br_sockets_return(&e->sockets, fd);
}

void br_engine_notify(br_engine *e)
{
    e->notified = true;
    br_engine_arm(e);
}

int64_t br_engine_wall_ms(const br_engine *e)
{
    return e->platform.wall_ms(e->platform.user);
}

int64_t br_engine_mono_us(const br_engine *e)
{
    return br_platform_mono_us(&e->platform);
}

int64_t br_engine_mono_ms(const br_engine *e)
{
    return e->platform.mono_ms(e->platform.user);
}

int64_t br_engine_waited_ms(const br_engine *e)
{
    bool waiting = e->stepping || e->sockets.poller.timed;
    return (waiting ? br_engine_mono_ms(e) : e->left_ms) - e->unstepped_ms;
}

bool br_engine_random(br_engine *e, void *out, size_t n)
{
    return e->platform.random(e->platform.user, out, n);
}

double br_engine_random01(br_engine *e)
{
    uint64_t bits = 0;
    if (!br_engine_random(e, &bits, sizeof bits))
        return 0.5;
    return (double)(bits >> 11) * 0x1p-53;
}

br_digest *br_engine_digest(br_engine *e)
{
    return e->crypto;
}

br_signer *br_engine_signer(br_engine *e)
{
    return e->signer;
}
