/* How the bridge begins and ends: nothing left behind, nobody else let in, forks, other places. */
#define _GNU_SOURCE
#include "engine/bridge/bridge_private.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bridge_client.h"
#include "check.h"
#include "endpoint.h"

/* ThreadSanitizer allows no new thread in the child of a program with threads. */
#ifdef __SANITIZE_THREAD__
#define CHILD_HAS_THREADS 0
#else
#define CHILD_HAS_THREADS 1
#endif

static br_client *client;

static size_t entries(const char *path)
{
    size_t n = 0;
    DIR *dir = opendir(path);
    while (dir != NULL && readdir(dir) != NULL)
        n++;
    if (dir != NULL)
        closedir(dir);
    return n;
}

/* The text of a file in a thread's directory; "" if there is none. */
static void read_of_thread(const char *thread, const char *name, char *out, size_t size)
{
    char path[300];
    snprintf(path, sizeof path, "/proc/self/task/%s/%s", thread, name);
    FILE *file = fopen(path, "r");
    size_t n = file != NULL ? fread(out, 1, size - 1, file) : 0;
    out[n] = '\0';
    if (file != NULL)
        fclose(file);
}

/* Those of bridges; asleep: only such as wait. */
static int bridge_threads_that(bool asleep)
{
    int n = 0;
    DIR *dir = opendir("/proc/self/task");
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char name[64], state[64] = "";
        read_of_thread(entry->d_name, "comm", name, sizeof name);
        if (asleep)
            read_of_thread(entry->d_name, "stat", state, sizeof state);
        n += strcmp(name, "bedrock\n") == 0 && (!asleep || strstr(state, ") S ") != NULL);
    }
    closedir(dir);
    return n;
}

static int bridge_threads(void)
{
    return bridge_threads_that(false);
}

/* A thread that was joined may still be listed for a moment, one that began not have its name. */
static void check_threads(int wanted)
{
    for (int i = 0; i < 30000 && bridge_threads() != wanted; i++)
        usleep(1000);
    CHECK_INT(bridge_threads(), wanted);
}

/*
** A child of AddressSanitizer's for ever waits for its allocator if another thread was in there when
** it was forked.
*/
static pid_t fork_in_quiet(void)
{
    check_threads(1);
    for (int i = 0, quiet = 0; i < 2000 && quiet < 5; i++) {
        quiet = bridge_threads_that(true) == 1 ? quiet + 1 : 0;
        usleep(1000);
    }
    return fork();
}

static void test_nothing_is_left(void)
{
    br_bridge_unref(bridge_open());
    size_t fds = entries("/proc/self/fd");
    for (int i = 0; i < 20; i++) {
        br_bridge *b = bridge_open();
        br_bridge *again = bridge_open();
        CHECK(b == again);
        CHECK_STR(bridge_run(b, bridge_call(client, BR_CALL_UNARY, BRIDGE_UNARY)).items, "HDE");
        br_bridge_unref(again);
        check_threads(1);
        br_bridge_unref(b);
    }
    CHECK_INT((long long)entries("/proc/self/fd"), (long long)fds);
    check_threads(0);
}

/* A directory of the test's own shows that the name goes while the bridge is there. */
static void test_nothing_on_disk(void)
{
    br_bridge *b = bridge_open();
    char path[64];
    CHECK(sscanf(br_bridge_address(b), "unix:%63s", path) == 1);
    CHECK(strncmp(path, "/proc/self/fd/", 14) == 0);
    char target[256];
    ssize_t n = readlink(path, target, sizeof target - 1);
    CHECK(n > 0);
    target[n > 0 ? n : 0] = '\0';
    CHECK(strstr(target, "(deleted)") != NULL);
    char *end = strstr(target, "/socket");
    CHECK(end != NULL);
    if (end != NULL)
        *end = '\0';
    CHECK(access(target, F_OK) != 0 && errno == ENOENT);
    br_bridge_unref(b);
}

/* The C library's own is no use: musl's refuses, as to POSIX it is about processes. */
static long policy_of(int thread)
{
    return syscall(SYS_sched_getscheduler, thread);
}

static void test_the_thread_gets_no_signal_and_goes_second(void)
{
    br_bridge *b = bridge_open();
    int found = 0;
    DIR *dir = opendir("/proc/self/task");
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        char text[4096];
        unsigned long long mask = 0;
        read_of_thread(entry->d_name, "comm", text, sizeof text);
        if (strcmp(text, "bedrock\n") != 0)
            continue;
        read_of_thread(entry->d_name, "status", text, sizeof text);
        const char *line = strstr(text, "SigBlk:");
        CHECK(line != NULL && sscanf(line, "SigBlk: %llx", &mask) == 1);
        CHECK_INT((long long)(mask & 0x7fffffff), 0x7ffbfeff);
        long own = policy_of(0), policy = policy_of(atoi(entry->d_name));
        CHECK(own >= 0);
        CHECK_INT(policy, own == SCHED_OTHER ? SCHED_BATCH : own);
        found++;
    }
    closedir(dir);
    CHECK_INT(found, 1);
    br_bridge_unref(b);
}

/* As much as the engine may need, whatever the C library gives (musl: 128 KB). */
static void test_the_stack_is_large_enough(void)
{
    br_bridge *b = bridge_open();
    pthread_attr_t attributes;
    size_t size = 0;
    CHECK_INT(pthread_getattr_np(b->thread, &attributes), 0);
    CHECK_INT(pthread_attr_getstacksize(&attributes, &size), 0);
    CHECK(size >= BR_BRIDGE_STACK / 2);
    pthread_attr_destroy(&attributes);
    br_bridge_unref(b);
}

static int connect_as_child(br_bridge *b, const br_channel *p)
{
    char path[128];
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(path, sizeof path, "/proc/%d/fd/%s", (int)getppid(),
             strrchr(br_bridge_address(b), '/') + 1);
    memcpy(a.sun_path, path, strnlen(path, sizeof a.sun_path - 1));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        return 1;
    send(fd, br_channel_id(p), BR_CHANNEL_ID_SIZE, MSG_NOSIGNAL);
    return bridge_closed(fd) ? 0 : 2;
}

static int status_of(pid_t child)
{
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_other_processes_are_refused(void)
{
    endpoint_reset();
    br_bridge *b = bridge_open();
    br_channel *p = bridge_hand_over(b, bridge_call(client, BR_CALL_UNARY, BRIDGE_UNARY));
    pid_t child = fork_in_quiet();
    if (child == 0)
        _exit(connect_as_child(b, p));
    CHECK_INT(status_of(child), 0);
    CHECK_INT(endpoint_counter("Converse"), 0);
    int fd = bridge_dial(br_bridge_address(b));
    bridge_outcome o;
    bridge_open_channel(fd, p);
    CHECK(bridge_receive(fd, &o));
    CHECK_STR(o.items, "HDE");
    close(fd);
    br_channel_drop(b, p);
    br_bridge_unref(b);
}

static int use_as_child(br_bridge *b)
{
    br_error error;
    if (!br_bridge_inherited(b))
        return 1;
    br_bridge_unref(b);
    if (!CHILD_HAS_THREADS)
        return 0;
    br_bridge *own = br_bridge_ref(&error);
    if (own == NULL || own == b)
        return 2;
    bool ok =
        strcmp(bridge_run(own, bridge_call(client, BR_CALL_UNARY, BRIDGE_UNARY)).items, "HDE") == 0;
    br_bridge_unref(own);
    return ok ? 0 : 3;
}

static void test_a_child_gets_its_own(void)
{
    br_bridge *b = bridge_open();
    pid_t child = fork_in_quiet();
    if (child == 0)
        _exit(use_as_child(b));
    CHECK_INT(status_of(child), 0);
    CHECK_STR(bridge_run(b, bridge_call(client, BR_CALL_UNARY, BRIDGE_UNARY)).items, "HDE");
    br_bridge_unref(b);
}

static bool goes_through(br_listener *d)
{
    int fd = bridge_dial(d->address);
    int peer = br_listener_accept(d);
    bool ok = peer >= 0;
    close(fd);
    if (ok)
        close(peer);
    return ok;
}

static void test_other_places(void)
{
    char here[] = "/tmp/test-bridge-XXXXXX", why[256];
    br_listener d;
    CHECK(mkdtemp(here) != NULL);
    br_places places = {"/proc/self/fd", {NULL, "/proc", "relative", here}};
    CHECK(br_listener_open(&d, &places, why, sizeof why));
    CHECK_INT((long long)entries(here), 2);
    CHECK(goes_through(&d));
    br_listener_close(&d);

    places.fds = "/nowhere";
    CHECK(br_listener_open(&d, &places, why, sizeof why));
    CHECK(strncmp(d.address + 5, here, strlen(here)) == 0);
    CHECK_INT((long long)entries(here), 3);
    CHECK(goes_through(&d));
    br_listener_close(&d);
    CHECK_INT((long long)entries(here), 2);
    CHECK(rmdir(here) == 0);

    places.parents[3] = NULL;
    CHECK(!br_listener_open(&d, &places, why, sizeof why));
    CHECK(strstr(why, "$XDG_RUNTIME_DIR") != NULL);
    CHECK(d.fd == -1 && d.path_fd == -1);
}

static void test_whose_openssl(void)
{
    CHECK(!br_program_defines("SSL_CTX_new"));
    CHECK(!br_program_defines("no_such_symbol_anywhere"));
}

int main(void)
{
    client = bridge_client(endpoint_text("https"));
    test_nothing_is_left();
    test_nothing_on_disk();
    test_the_thread_gets_no_signal_and_goes_second();
    test_the_stack_is_large_enough();
    test_other_processes_are_refused();
    test_a_child_gets_its_own();
    test_other_places();
    test_whose_openssl();
    br_client_unref(client);
    return check_done();
}
