/*
** The lock that makes one exchange out of many processes' wishes: flock on a small file that is
** never removed. Non-blocking; the caller owns the clock and the timer and tries again until told
** otherwise.
**
** A holder touches the file every second. A waiter that sees no touch for 5 s, or has waited 30 s,
** stops waiting for it. All waiters of a stopped holder come to that at about the same time, so a
** second lock file follows, with the same rules, and one of them alone takes the stopped holder's
** place; only who has waited in vain for both goes on without.
**
** flock belongs to the open file, which a fork shares: the parent unlocks, the child only closes.
*/
#ifndef BR_ENGINE_FILES_FILE_LOCK_H
#define BR_ENGINE_FILES_FILE_LOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define BR_LOCK_RETRY_MIN_MS 5
#define BR_LOCK_RETRY_MAX_MS 100
#define BR_LOCK_TOUCH_MS 1000
#define BR_LOCK_SILENCE_MS 5000
#define BR_LOCK_WAIT_MS 30000
#define BR_LOCK_STEM_MAX 64 /* the part of the names that the caller gives */

typedef enum br_lock_state {
    BR_LOCK_GOT,
    BR_LOCK_BUSY,     /* try again after br_file_lock_delay_ms */
    BR_LOCK_GIVEN_UP, /* waited long enough: go on without */
    BR_LOCK_NONE      /* none to be had (read-only, no locks on this file system): go on without */
} br_lock_state;

typedef struct br_file_lock {
    int dir; /* borrowed */
    int fd;  /* -1: not open */
    bool held;
    bool second; /* the first lock's holder was given up */
    char stem[BR_LOCK_STEM_MAX + 1];
    int delay_ms;
    bool watching; /* the three below are valid */
    int64_t started_ms, tried_ms, silent_ms;
    struct timespec touched;
} br_file_lock;

/* `dir` must outlive the lock, or be -1 for a lock that is never to be had. Opens nothing yet. */
void br_file_lock_init(br_file_lock *l, int dir, const char *stem);

/*
** One try; mono_ms never goes back. Time in which the caller did not try counts as silence of the
** holder for one touch interval at most: a waiter that was itself stopped judges nobody by that.
*/
br_lock_state br_file_lock_try(br_file_lock *l, int64_t mono_ms);

/* The delay before the next try: 5 ms doubling to 100 ms, less up to half of it by random01. */
int br_file_lock_delay_ms(br_file_lock *l, double random01);

void br_file_lock_touch(br_file_lock *l);   /* by the holder, every BR_LOCK_TOUCH_MS */
void br_file_lock_release(br_file_lock *l); /* whether held or not; idempotent */
void br_file_lock_abandon(br_file_lock *l); /* in a forked child: the lock stays the parent's */

#endif
