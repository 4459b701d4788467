/*
** Many descriptors waited for at once, and a timer with them, behind one descriptor that is readable
** while something is due: epoll with a timerfd on Linux (poller_epoll.c), kqueue elsewhere
** (poller_kqueue.c). Level-triggered. One thread at a time.
*/
#ifndef BR_ENGINE_LOOP_POLLER_H
#define BR_ENGINE_LOOP_POLLER_H

#include <stdbool.h>
#include <stdint.h>

/* What is waited for, and what came of it. The bits are epoll's. */
#define BR_POLL_IN 0x01U
#define BR_POLL_OUT 0x04U
#define BR_POLL_LOST 0x18U /* an error, or hung up; comes unasked */

typedef struct br_poller {
    int fd;       /* -1: closed */
    int timer_fd; /* -1: no timer yet, or one without a descriptor */
    bool timed;
} br_poller;

bool br_poller_open(br_poller *p);  /* false: errno */
void br_poller_close(br_poller *p); /* idempotent; so is abandoning */
/* In the child of a fork: the parent's goes on, and what the child has of it is closed. */
void br_poller_abandon(br_poller *p);

/*
** bits: BR_POLL_IN, BR_POLL_OUT, or 0 for no longer. before: those that it was told of this number
** last, 0 for none; they may be out of date, as a descriptor that is closed is forgotten.
*/
bool br_poller_set(br_poller *p, int fd, unsigned before, unsigned bits);

bool br_poller_add_timer(br_poller *p); /* false: errno */
/* Once, in so many ms; 0: at once; -1: never. Replaces what was set before. */
bool br_poller_arm(br_poller *p, int64_t delay_ms);

/* For each descriptor that is ready, maybe twice; for the timer with BR_POLL_TIMER for it. */
#define BR_POLL_TIMER (-1)
typedef void br_poller_ready(void *user, int fd, unsigned bits);

#define BR_POLL_AT_ONCE 16
/* Waits for at most ms, or (-1) without end. How many there were, BR_POLL_AT_ONCE at most; -1: errno. */
int br_poller_wait(br_poller *p, int ms, br_poller_ready *ready, void *user);

#endif
