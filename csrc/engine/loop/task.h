/*
** Something that runs on an engine (a call, a transfer, a flight) and hears of the engine's end.
** Tasks are part of their owner; set up zero-filled. They are the engine's thread's.
*/
#ifndef BR_ENGINE_LOOP_TASK_H
#define BR_ENGINE_LOOP_TASK_H

#include "engine/loop/engine.h"

typedef struct br_task {
    void (*gone)(void *user);
    void *user;
    struct br_task *prev, *next;
    bool running, counted;
} br_task;

/*
** `gone` is called when the engine ends under it, or was abandoned (br_engine_abandoned); the task
** has left by then, and timers and transfers can still be stopped. Tasks that entered later are
** told first. Also reserves timer places, so that a task's own timers can always be armed. false:
** no memory.
*/
bool br_task_enter(br_engine *e, br_task *task, void (*gone)(void *user), void *user);
/* Likewise one that nobody waits for: it does not count among what br_engine_step says still runs. */
void br_task_enter_background(br_engine *e, br_task *task, void (*gone)(void *user), void *user);
void br_task_leave(br_engine *e, br_task *task); /* idempotent */

#endif
