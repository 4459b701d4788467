/* The end of a test program, see check.h. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

#define DEADLINE_S 300
#define TIME_OVER 124

static _Atomic(const char *) last_place, last_function;
static pid_t parent; /* of the next that is forked */

void check_come_to(const char *place, const char *function)
{
    atomic_store_explicit(&last_place, place, memory_order_relaxed);
    atomic_store_explicit(&last_function, function, memory_order_relaxed);
}

static void say(const char *text)
{
    if (write(STDOUT_FILENO, text, strlen(text)) < 0)
        _exit(TIME_OVER);
}

/* Only calls that are safe while anything may be locked. */
static void time_is_over(int number)
{
    const char *place = atomic_load(&last_place), *function = atomic_load(&last_function);
    (void)number;
    say("no end: time is over after ");
    say(place != NULL ? place : "the start");
    say(function != NULL ? " in " : "");
    say(function != NULL ? function : "");
    say("\n");
    _exit(TIME_OVER);
}

static long seconds_of(const char *name, long otherwise)
{
    const char *text = getenv(name);
    long n = text != NULL ? strtol(text, NULL, 10) : 0;
    return n > 0 ? n : otherwise;
}

static void remember_the_parent(void)
{
    parent = getpid();
}

/* It may have ended before this was said. */
static void end_with_the_parent(void)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(TIME_OVER);
}

/* A timer of its own, so that tests may use alarm(); children that are forked have none. */
__attribute__((constructor)) static void set_deadline(void)
{
    timer_t timer;
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    struct itimerspec when = {
        .it_value.tv_sec = seconds_of("BEDROCK_TEST_DEADLINE", DEADLINE_S) *
                           seconds_of("BEDROCK_TEST_PATIENCE", 1),
    };
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGRTMIN, time_is_over);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pthread_atfork(remember_the_parent, NULL, end_with_the_parent);
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
        timer_settime(timer, 0, &when, NULL) != 0)
        abort();
}
