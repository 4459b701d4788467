#define _GNU_SOURCE
#include "engine/loop/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#ifdef __linux__
#include <sys/random.h>
#endif

_Static_assert(sizeof(time_t) == 8, "clocks must go on after 2038: see WIDE in the Makefile");

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t mono_us(void *user)
{
    struct timespec now;
    (void)user;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t br_platform_mono_us(const br_platform *p)
{
    return p->mono_us != NULL ? p->mono_us(p->user) : p->mono_ms(p->user) * 1000;
}

static int64_t wall_ms(void *user)
{
    (void)user;
    return read_clock(CLOCK_REALTIME);
}

static int64_t mono_ms(void *user)
{
    (void)user;
    return read_clock(CLOCK_MONOTONIC);
}

static bool strong_random(void *user, void *out, size_t n)
{
    (void)user;
#ifdef __linux__
    unsigned char *p = out;
    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        p += got;
        n -= (size_t)got;
    }
#else
    arc4random_buf(out, n);
#endif
    return true;
}

const br_platform br_platform_system = {
    .wall_ms = wall_ms, .mono_ms = mono_ms, .random = strong_random, .mono_us = mono_us};
