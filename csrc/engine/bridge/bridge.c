#define _GNU_SOURCE
#include "engine/bridge/bridge_private.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "engine/loop/process.h"

#define WHY_MAX 256

static pthread_mutex_t registry = PTHREAD_MUTEX_INITIALIZER;
static br_bridge *current;   /* under it */
static br_bridge *inherited; /* left behind by forks: their threads are the parents' */
static unsigned made;

static bool openssl_is_shared(br_error *error)
{
    if (!br_program_defines("SSL_CTX_new") && !br_program_defines("EVP_DigestInit_ex"))
        return true;
    return br_error_set(error, BR_ERR_CONFIG, "NotSupported",
                        "this program has an OpenSSL of its own linked in (nginx built with "
                        "--with-openssl=DIR), which would be mixed with the one that libcurl "
                        "needs: use a build with the system's shared OpenSSL");
}

static void gone(void *user)
{
    (void)user;
}

static void *run(void *user)
{
    br_bridge *b = user;
#ifdef __APPLE__
    pthread_setname_np("bedrock"); /* only a thread itself can */
#endif
    while (!atomic_load(&b->stop)) {
        br_engine_step(b->engine, -1);
        br_connections_serve(b);
    }
    br_connections_close(b);
    br_task_leave(b->engine, &b->task);
    br_engine_free(b->engine);
    return NULL;
}

/*
** Where both could run on one processor the host goes on: it then finds more to do at once, and
** switches less often. Who gave the host another policy than the usual one knows better.
*/
static void let_host_go_first(pthread_t thread)
{
#ifdef SCHED_BATCH
    struct sched_param param;
    int policy;
    if (pthread_getschedparam(thread, &policy, &param) == 0 && policy == SCHED_OTHER)
        pthread_setschedparam(thread, SCHED_BATCH, &param);
#else
    (void)thread;
#endif
}

static int create_thread(br_bridge *b)
{
    pthread_attr_t attributes;
    int failure = pthread_attr_init(&attributes);
    if (failure != 0)
        return failure;
    failure = pthread_attr_setstacksize(&attributes, BR_BRIDGE_STACK);
    if (failure == 0)
        failure = pthread_create(&b->thread, &attributes, run, b);
    pthread_attr_destroy(&attributes);
    return failure;
}

/* Signals are for the program's own threads. */
static int start_thread(br_bridge *b)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failure = create_thread(b);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failure == 0) {
#ifndef __APPLE__
        pthread_setname_np(b->thread, "bedrock");
#endif
        let_host_go_first(b->thread);
    }
    return failure;
}

static bool cannot(br_error *error, const char *why)
{
    return br_error_set(error, BR_ERR_TRANSPORT, "NoBridge", "cannot start the engine's thread: %s",
                        why);
}

static bool set_up(br_bridge *b, br_error *error)
{
    char why[WHY_MAX];
    br_places places = br_places_usual();
    if (!br_listener_open(&b->listener, &places, why, sizeof why))
        return cannot(error, why);
    if (!br_alarm_open(&b->wake))
        return cannot(error, strerror(errno));
    b->engine = br_engine_new(&br_platform_system, error);
    if (b->engine == NULL)
        return false;
    if (!br_task_enter(b->engine, &b->task, gone, b) || !br_connections_open(b))
        return cannot(error, "out of memory");
    int failure = start_thread(b);
    return failure == 0 || cannot(error, strerror(failure));
}

static void free_parts(br_bridge *b)
{
    br_listener_close(&b->listener);
    br_alarm_close(&b->wake);
    br_queue_free(&b->queue);
    free(b);
}

static br_bridge *create(br_error *error)
{
    br_bridge *b = calloc(1, sizeof *b);
    if (b == NULL) {
        br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory");
        return NULL;
    }
    b->pid = br_process_id();
    b->number = ++made;
    b->listener.fd = b->listener.path_fd = b->wake.fd = -1;
    atomic_init(&b->stop, false);
    br_queue_init(&b->queue);
    if (set_up(b, error))
        return b;
    if (b->engine != NULL) {
        br_task_leave(b->engine, &b->task);
        br_engine_free(b->engine);
    }
    free_parts(b);
    return NULL;
}

bool br_bridge_inherited(const br_bridge *b)
{
    return b->pid != br_process_id();
}

/* What its thread was at when the process forked is not known, so nothing of it is touched. */
static void leave_to_parent(void)
{
    br_listener_forget(&current->listener);
    br_alarm_close(&current->wake);
    current->older = inherited;
    inherited = current;
    current = NULL;
}

br_bridge *br_bridge_ref(br_error *error)
{
    pthread_mutex_lock(&registry);
    if (current != NULL && br_bridge_inherited(current))
        leave_to_parent();
    if (current == NULL && openssl_is_shared(error))
        current = create(error);
    br_bridge *b = current;
    if (b != NULL)
        b->users++;
    pthread_mutex_unlock(&registry);
    return b;
}

static void stop(br_bridge *b)
{
    atomic_store(&b->stop, true);
    br_alarm_ring(&b->wake);
    pthread_join(b->thread, NULL);
    free_parts(b);
}

void br_bridge_unref(br_bridge *b)
{
    if (br_bridge_inherited(b))
        return;
    pthread_mutex_lock(&registry);
    if (--b->users == 0) {
        current = NULL;
        stop(b);
    } else {
        br_queue_settle(&b->queue);
    }
    pthread_mutex_unlock(&registry);
}

const char *br_bridge_address(const br_bridge *b)
{
    return b->listener.address;
}

unsigned br_bridge_number(const br_bridge *b)
{
    return b->number;
}

const uint8_t *br_channel_id(const br_channel *p)
{
    return p->id;
}

const br_credentials *br_channel_credentials(br_bridge *b, br_channel *p)
{
    return br_bridge_inherited(b) ? NULL : br_queue_lent(&b->queue, p);
}

br_channel *br_bridge_submit(br_bridge *b, br_call *call, br_error *error)
{
    br_channel *p = calloc(1, sizeof *p);
    if (p != NULL) {
        p->call = call;
        if (br_queue_add(&b->queue, p))
            return p;
    }
    br_error_set(error, BR_ERR_TRANSPORT, "NoMemory", "out of memory, or no random numbers");
    br_call_free(call);
    free(p);
    return NULL;
}

void br_channel_drop(br_bridge *b, br_channel *p)
{
    if (br_queue_drop(&b->queue, p))
        br_alarm_ring(&b->wake);
}
