/*
** A program that is run for what it prints. Nobody waits for it: the engine watches its output and
** its end.
**
** It runs in a process group of its own, with nothing to read (/dev/null), with the host's standard
** error (what it says there is for people), with signals as they are by default, and without any
** other descriptor (but where the C library can only close those that /dev/fd or /proc/self/fd
** lists, as musl: one that another thread opens just then, and all where neither is there). Whoever
** is not wanted any more is ended with that group, so with its children. One that ended by itself may
** leave children behind, such as an agent: they are let be.
*/
#ifndef BR_ENGINE_LOOP_CHILD_H
#define BR_ENGINE_LOOP_CHILD_H

#include "core/base/buffer.h"
#include "engine/loop/task.h"

#define BR_CHILD_OUTPUT_MAX ((size_t)64 * 1024)
#define BR_CHILD_GRACE_MS 1000 /* from SIGTERM to SIGKILL */

typedef enum br_child_end {
    BR_CHILD_EXITED,
    BR_CHILD_SIGNALLED,
    BR_CHILD_UNKNOWN, /* ended; how, a handler of the host's has learned instead */
    BR_CHILD_TIMED_OUT,
    BR_CHILD_TOO_LONG /* its output */
} br_child_end;

/* Part of its owner, zero-filled before use. */
typedef struct br_child {
    br_buf output; /* cleansed */
    br_child_end end;
    int code; /* the exit status, or the signal */
    /* its own */
    br_engine *engine; /* NULL: none runs */
    int pid, pid_fd, out_fd;
    bool killed; /* told to end, for what `end` says */
    int64_t poll_ms;
    br_timer limit, poll;
    br_task task;
    void (*done)(void *user);
    void *user;
} br_child;

/*
** Starts it: words[0] is looked for in PATH if it has no slash. environment: the child's, as exec
** has it. done: once, from br_engine_step; may stop it. 0, or errno: it did not start.
*/
int br_child_start(br_child *c, br_engine *e, char *const words[], char *const environment[],
                   int64_t limit_ms, void (*done)(void *user), void *user);
/*
** In any state: ends it, and frees all but plain data; idempotent. No callback follows. It takes as
** long as the kernel needs to end it, and BR_CHILD_REAP_MS at most.
*/
#define BR_CHILD_REAP_MS 100
void br_child_stop(br_child *c);

#endif
