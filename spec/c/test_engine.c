/* Timers, the descriptor, forks: what needs no server. */
#define _GNU_SOURCE
#include "engine/loop/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

/* A clock that only moves when told to. */
static int64_t now_ms;

static int64_t test_clock(void *user)
{
    (void)user;
    return now_ms;
}

static bool fixed_random(void *user, void *out, size_t n)
{
    memset(out, *(unsigned char *)user, n);
    return true;
}

static unsigned char random_byte = 0xff;
static const br_platform test_platform = {test_clock, test_clock, fixed_random, &random_byte, NULL};

static br_engine *new_engine(const br_platform *platform)
{
    br_error error;
    br_engine *e = br_engine_new(platform, &error);
    CHECK(e != NULL);
    return e;
}

/* A task that keeps a blocking step from returning at once. */
static int gone_count;

static void on_gone(void *user)
{
    (void)user;
    gone_count++;
}

typedef struct mark {
    br_timer timer;
    int order;
} mark;

static int fired[64], fired_count;

static void note(void *user)
{
    mark *m = user;
    fired[fired_count++] = m->order;
}

static void test_timers_fire_in_order(void)
{
    static const int delays[] = {50, 10, 40, 20, 30, 0, 60, 5};
    enum { COUNT = sizeof delays / sizeof delays[0] };
    mark marks[COUNT];
    br_engine *e = new_engine(&test_platform);
    memset(marks, 0, sizeof marks);
    fired_count = 0;
    for (int i = 0; i < COUNT; i++) {
        marks[i].order = delays[i];
        CHECK(br_timer_start(e, &marks[i].timer, delays[i], note, &marks[i]));
    }
    br_timer_stop(e, &marks[3].timer);
    br_timer_stop(e, &marks[3].timer);
    CHECK(br_timer_start(e, &marks[0].timer, 15, note, &marks[0]));
    br_engine_step(e, 0);
    CHECK_INT(fired_count, 1);
    now_ms += 39;
    br_engine_step(e, 0);
    static const int want[] = {0, 5, 10, 50, 30};
    CHECK_INT(fired_count, 5);
    CHECK(memcmp(fired, want, sizeof want) == 0);
    now_ms += 100;
    br_engine_step(e, 0);
    CHECK_INT(fired_count, 7);
    CHECK_INT(fired[6], 60);
    br_engine_free(e);
}

static void test_timers_survive_any_order(void)
{
    enum { COUNT = 200 };
    static mark marks[COUNT];
    unsigned seed = 7;
    br_engine *e = new_engine(&test_platform);
    for (int i = 0; i < COUNT; i++) {
        seed = seed * 1103515245u + 12345u;
        br_timer_start(e, &marks[i].timer, (int64_t)(seed >> 16) % 500, note, &marks[i]);
    }
    for (int i = 0; i < COUNT; i += 3)
        br_timer_stop(e, &marks[i].timer);
    bool heap = true;
    for (size_t i = 1; i <= e->timers.count; i++) {
        heap = heap && e->timers.heap[i]->slot == i &&
               (i == 1 || e->timers.heap[i / 2]->due_ms <= e->timers.heap[i]->due_ms);
    }
    CHECK(heap);
    CHECK_INT((long long)e->timers.count, COUNT - (COUNT + 2) / 3);
    br_engine_free(e);
    CHECK_INT((long long)marks[1].timer.slot, 0);
}

typedef struct again {
    br_engine *engine;
    br_timer timer;
    int count;
} again;

static void fire_again(void *user)
{
    again *a = user;
    a->count++;
    br_timer_start(a->engine, &a->timer, 0, fire_again, a);
}

static void test_a_timer_restarted_for_now_waits_for_the_next_turn(void)
{
    again a = {.engine = new_engine(&test_platform)};
    br_timer_start(a.engine, &a.timer, 0, fire_again, &a);
    br_engine_step(a.engine, 0);
    CHECK_INT(a.count, 1);
    br_engine_step(a.engine, 0);
    CHECK_INT(a.count, 2);
    br_engine_free(a.engine);
}

static bool readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

static void test_descriptor_follows_timers(void)
{
    mark m = {.order = 1};
    br_engine *e = new_engine(&br_platform_system);
    br_timer_start(e, &m.timer, 0, note, &m);
    int fd = br_engine_fd(e);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    CHECK(fd >= 0);
    CHECK_INT(poll(&p, 1, 10000), 1);
    fired_count = 0;
    br_engine_step(e, 0);
    CHECK_INT(fired_count, 1);
    CHECK(!readable(fd));
    br_timer_start(e, &m.timer, 60000, note, &m);
    CHECK(!readable(fd));
    br_timer_start(e, &m.timer, 0, note, &m);
    CHECK_INT(poll(&p, 1, 10000), 1);
    br_timer_stop(e, &m.timer);
    CHECK(!readable(fd));
    br_engine_free(e);
}

static void notify(void *user)
{
    br_engine_notify(user);
}

static void hear_first(void *user)
{
    br_task *other = user;
    CHECK(other->running);
    CHECK_INT(gone_count, 0);
}

static void test_a_step_ends(void)
{
    br_engine *e = new_engine(&br_platform_system);
    br_task task = {0};
    br_timer timer = {0};
    CHECK_INT(br_engine_step(e, -1), 0);
    CHECK(br_task_enter(e, &task, on_gone, NULL));
    CHECK_INT(br_engine_step(e, 0), 1);
    br_timer_start(e, &timer, 1, notify, e);
    CHECK_INT(br_engine_step(e, -1), 1);
    CHECK_INT((long long)timer.slot, 0);
    br_engine_notify(e);
    CHECK_INT(br_engine_step(e, -1), 1);
    br_task_leave(e, &task);
    br_task_leave(e, &task);
    CHECK_INT(br_engine_step(e, -1), 0);
    br_engine_free(e);
}

/* A background task hears of the end as all do, but does not count; who entered last hears first. */
static void test_a_background_task(void)
{
    br_engine *e = new_engine(&br_platform_system);
    br_task counted = {0}, background = {0};
    CHECK(br_task_enter(e, &counted, on_gone, NULL));
    br_task_enter_background(e, &background, hear_first, &counted);
    CHECK_INT(br_engine_step(e, 0), 1);
    br_task_leave(e, &background);
    br_task_leave(e, &background);
    br_task_enter_background(e, &background, hear_first, &counted);
    CHECK_INT(br_engine_step(e, 0), 1);
    gone_count = 0;
    br_engine_free(e);
    CHECK_INT(gone_count, 1);
    CHECK(!counted.running && !background.running);
}

static void on_signal(int signal)
{
    (void)signal;
}

static void test_a_signal_ends_a_step(void)
{
    br_engine *e = new_engine(&br_platform_system);
    br_task task = {0};
    struct sigaction act = {.sa_handler = on_signal};
    struct itimerval soon = {.it_value.tv_usec = 2000, .it_interval.tv_usec = 2000}, off = {0};
    sigaction(SIGALRM, &act, NULL);
    br_task_enter(e, &task, on_gone, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    CHECK_INT(br_engine_step(e, -1), 1);
    setitimer(ITIMER_REAL, &off, NULL);
    gone_count = 0;
    br_engine_free(e);
    CHECK_INT(gone_count, 1);
    CHECK(!task.running);
}

static void test_time_between_steps_is_not_waited(void)
{
    br_engine *e = new_engine(&test_platform);
    int64_t start = br_engine_waited_ms(e);
    now_ms += 5000;
    CHECK_INT(br_engine_waited_ms(e) - start, 0);
    br_engine_step(e, 0);
    CHECK_INT(br_engine_waited_ms(e) - start, 0);
    CHECK(br_engine_fd(e) >= 0);
    now_ms += 5000;
    CHECK_INT(br_engine_waited_ms(e) - start, 5000);
    br_engine_step(e, 0);
    CHECK_INT(br_engine_waited_ms(e) - start, 5000);
    br_engine_free(e);
}

static void test_randomness(void)
{
    br_engine *e = new_engine(&test_platform);
    random_byte = 0xff;
    CHECK(br_engine_random01(e) < 1.0 && br_engine_random01(e) > 0.999);
    random_byte = 0;
    CHECK(br_engine_random01(e) == 0.0);
    br_engine_free(e);
    unsigned char a[32] = {0}, b[32] = {0};
    CHECK(br_platform_system.random(NULL, a, sizeof a) &&
          br_platform_system.random(NULL, b, sizeof b));
    CHECK(memcmp(a, b, sizeof a) != 0);
}

/* In the child: the inherited engine is left alone, and another one works. */
static int child(br_engine *e, br_timer *timer, int fd)
{
    if (!br_engine_forked(e))
        return 1;
    gone_count = 0;
    br_engine_abandon(e);
    br_engine_abandon(e);
    if (!br_engine_abandoned(e) || gone_count != 1 || timer->slot != 0)
        return 2;
    if (fcntl(fd, F_GETFD) != -1 || errno != EBADF)
        return 3;
    if (br_engine_step(e, -1) != 0 || br_engine_fd(e) != -1 ||
        br_timer_start(e, timer, 0, note, NULL))
        return 4;
    br_timer_stop(e, timer);
    br_engine_free(e);
    br_error error;
    e = br_engine_new(&br_platform_system, &error);
    if (e == NULL || br_engine_forked(e))
        return 5;
    br_engine_free(e);
    return 0;
}

static void test_fork(void)
{
    br_engine *e = new_engine(&br_platform_system);
    br_task task = {0};
    br_timer timer = {0};
    int fd = br_engine_fd(e), status = -1;
    br_task_enter(e, &task, on_gone, NULL);
    br_timer_start(e, &timer, 60000, note, NULL);
    CHECK(!br_engine_forked(e));
    pid_t pid = fork();
    if (pid == 0)
        _exit(child(e, &timer, fd));
    waitpid(pid, &status, 0);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 0);
    CHECK(!readable(fd));
    br_engine_free(e);
}

typedef struct timed_task {
    br_engine *engine;
    br_task task;
    br_timer timer;
} timed_task;

static void stop_timer(void *user)
{
    timed_task *t = user;
    br_timer_stop(t->engine, &t->timer);
    br_engine_notify(t->engine);
}

#define CHILD_MS 500 /* a child that takes longer shows nothing, and spoils nothing */

/* With epoll, parent and child have one and the same timer descriptor. */
static void test_a_child_leaves_the_parents_timer_alone(void)
{
    timed_task t = {.engine = new_engine(&br_platform_system)};
    int fd = br_engine_fd(t.engine), status = -1;
    br_task_enter(t.engine, &t.task, stop_timer, &t);
    br_timer_start(t.engine, &t.timer, CHILD_MS, note, NULL);
    CHECK(fd >= 0);
    pid_t pid = fork();
    if (pid == 0) {
        br_engine_abandon(t.engine);
        _exit(t.timer.slot != 0);
    }
    waitpid(pid, &status, 0);
    CHECK_INT(status, 0);
    struct pollfd due = {.fd = fd, .events = POLLIN};
    CHECK_INT(poll(&due, 1, 60000), 1);
    br_engine_free(t.engine);
}

int main(void)
{
    test_timers_fire_in_order();
    test_timers_survive_any_order();
    test_a_timer_restarted_for_now_waits_for_the_next_turn();
    test_descriptor_follows_timers();
    test_a_step_ends();
    test_a_background_task();
    test_a_signal_ends_a_step();
    test_time_between_steps_is_not_waited();
    test_randomness();
    test_fork();
    test_a_child_leaves_the_parents_timer_alone();
    return check_done();
}
