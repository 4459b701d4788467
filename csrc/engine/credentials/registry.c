#include <pthread.h>

#include "engine/credentials/provider_private.h"
#include "engine/loop/process.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static br_registry registry;
static pid_t pid; /* whose it is */

/*
** In a child: what the parent's engines were doing is the parent's. Their flights stay allocated
** for ever, since taking them apart would call libcurl and OpenSSL on state that another process
** uses.
*/
static void forget_parent(void)
{
    pid = br_process_id();
    while (registry.waiters != NULL)
        br_waiter_detach(registry.waiters);
    while (registry.flights != NULL) {
        br_flight *f = registry.flights;
        registry.flights = f->next;
        f->provider->flight = NULL;
        f->provider->refs--;
        f->state = BR_FLIGHT_LOST;
        if (f->entry != NULL)
            f->entry->ops->abandon(f->entry);
    }
}

static void before_fork(void)
{
    pthread_mutex_lock(&mutex);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&mutex);
}

static void after_fork_in_child(void)
{
    forget_parent();
    pthread_mutex_unlock(&mutex);
}

/* So that a fork beside another thread's use leaves the child a mutex that works. */
static void watch_forks(void)
{
    pid = br_process_id();
    (void)pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* The process number is for forks that run no handlers. */
br_registry *br_registry_enter(void)
{
    pthread_once(&once, watch_forks);
    pthread_mutex_lock(&mutex);
    if (pid != br_process_id())
        forget_parent();
    return &registry;
}

void br_registry_leave(void)
{
    pthread_mutex_unlock(&mutex);
}
