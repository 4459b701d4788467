#define _GNU_SOURCE
#include "engine/loop/child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/loop/descriptors.h"

#ifdef __linux__
#include <sys/syscall.h>
#elif defined __APPLE__
#include <crt_externs.h>
#define environ (*_NSGetEnviron()) /* a library cannot name the variable itself */
#endif

#ifdef __GLIBC__
#define CAN_CLOSE_FROM __GLIBC_PREREQ(2, 34)
#else
#define CAN_CLOSE_FROM 0
#endif
#ifndef POSIX_SPAWN_CLOEXEC_DEFAULT /* macOS: only what the file actions name is inherited */
#define POSIX_SPAWN_CLOEXEC_DEFAULT 0
#endif

#define READ_SIZE 4096
#define POLL_MIN_MS 5
#define POLL_MAX_MS 100

static void close_fd(const br_child *c, int *fd)
{
    if (*fd < 0)
        return;
    br_engine_unwatch(c->engine, *fd);
    close(*fd);
    *fd = -1;
}

/*
** Whether it has ended; then it is reaped, and the end is known. Its group's number is its own
** until then. A host that waits for whatever child ends (nginx does) may have been faster.
*/
static bool reap(br_child *c)
{
    siginfo_t info = {.si_pid = 0};
    int status = 0;
    if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0)
        return false;
    if (c->killed)
        (void)kill(-c->pid, SIGKILL);
    pid_t got = waitpid(c->pid, &status, WNOHANG);
    if (c->killed)
        return true;
    c->end = got != c->pid       ? BR_CHILD_UNKNOWN
             : WIFEXITED(status) ? BR_CHILD_EXITED
                                 : BR_CHILD_SIGNALLED;
    c->code = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    return true;
}

static void let_go(br_child *c)
{
    close_fd(c, &c->out_fd);
    close_fd(c, &c->pid_fd);
    br_timer_stop(c->engine, &c->limit);
    br_timer_stop(c->engine, &c->poll);
    br_task_leave(c->engine, &c->task);
    c->engine = NULL;
}

/* false: it prints too much. */
static bool drain(br_child *c)
{
    while (c->out_fd >= 0) {
        char *space = br_buf_reserve(&c->output, READ_SIZE);
        if (space == NULL)
            return false;
        ssize_t n = read(c->out_fd, space, READ_SIZE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n <= 0)
            close_fd(c, &c->out_fd);
        else
            br_buf_commit(&c->output, (size_t)n);
        if (c->output.len > BR_CHILD_OUTPUT_MAX)
            return false;
    }
    return true;
}

/* What it printed is all there once it has ended, but for what its children may yet print. */
static void look(br_child *c)
{
    if (!reap(c))
        return;
    if (!drain(c))
        c->end = BR_CHILD_TOO_LONG;
    let_go(c);
    c->done(c->user);
}

/* Not even SIGKILL ends what waits for a device: that is left behind. */
static void left_behind(void *user)
{
    br_child *c = user;
    let_go(c);
    c->done(c->user);
}

static void end_at_once(void *user)
{
    br_child *c = user;
    (void)kill(-c->pid, SIGKILL);
    (void)br_timer_start(c->engine, &c->limit, BR_CHILD_GRACE_MS, left_behind, c);
}

static void end_as(br_child *c, br_child_end end)
{
    if (c->killed)
        return;
    c->killed = true;
    c->end = end;
    close_fd(c, &c->out_fd);
    (void)kill(-c->pid, SIGTERM);
    (void)br_timer_start(c->engine, &c->limit, BR_CHILD_GRACE_MS, end_at_once, c);
}

static void timed_out(void *user)
{
    end_as(user, BR_CHILD_TIMED_OUT);
}

static void printed(void *user, uint32_t events)
{
    (void)events;
    if (!drain(user))
        end_as(user, BR_CHILD_TOO_LONG);
}

#ifdef SYS_pidfd_open
static void ended(void *user, uint32_t events)
{
    (void)events;
    look(user);
}
#endif

static void polled(void *user)
{
    br_child *c = user;
    c->poll_ms = c->poll_ms * 2 < POLL_MAX_MS ? c->poll_ms * 2 : POLL_MAX_MS;
    if (br_timer_start(c->engine, &c->poll, c->poll_ms, polled, c))
        look(c);
}

/* Older kernels and some tools have no such descriptor. */
static bool watch_end(br_child *c)
{
#ifdef SYS_pidfd_open
    c->pid_fd = (int)syscall(SYS_pidfd_open, c->pid, 0);
    if (c->pid_fd >= 0 && br_engine_watch(c->engine, c->pid_fd, BR_POLL_IN, ended, c))
        return true;
#endif
    c->poll_ms = POLL_MIN_MS;
    return br_timer_start(c->engine, &c->poll, c->poll_ms, polled, c);
}

static void wait_for_killed(br_child *c)
{
    struct pollfd end = {.fd = c->pid_fd, .events = POLLIN};
    for (int ms = 0; ms < BR_CHILD_REAP_MS && !reap(c); ms++)
        (void)poll(&end, c->pid_fd >= 0, 1);
}

void br_child_stop(br_child *c)
{
    if (c->engine != NULL) {
        c->killed = true;
        (void)kill(-c->pid, SIGKILL);
        wait_for_killed(c);
        let_go(c);
    }
    br_buf_free(&c->output);
}

/* In a forked child of the host's it is not ours. */
static void gone(void *user)
{
    br_child *c = user;
    if (br_engine_abandoned(c->engine))
        let_go(c);
    else
        br_child_stop(c);
}

#if CAN_CLOSE_FROM

static bool close_others(posix_spawn_file_actions_t *files)
{
    return posix_spawn_file_actions_addclosefrom_np(files, 3) == 0;
}

#elif POSIX_SPAWN_CLOEXEC_DEFAULT

static bool close_others(posix_spawn_file_actions_t *files)
{
    return fcntl(2, F_GETFD) < 0 || posix_spawn_file_actions_addinherit_np(files, 2) == 0;
}

#else

static bool is_inherited(int fd)
{
    int flags = fcntl(fd, F_GETFD);
    return fd > 2 && flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

/* glibc refuses a descriptor above what may be opened now: that one is left open. */
static bool close_others(posix_spawn_file_actions_t *files)
{
    DIR *all = opendir("/dev/fd");
    if (all == NULL)
        all = opendir("/proc/self/fd");
    bool ok = true;
    for (struct dirent *one; ok && all != NULL && (one = readdir(all)) != NULL;) {
        int fd = (int)strtol(one->d_name, NULL, 10);
        int failure = is_inherited(fd) ? posix_spawn_file_actions_addclose(files, fd) : 0;
        ok = failure == 0 || failure == EBADF;
    }
    if (all != NULL)
        closedir(all);
    return ok;
}

#endif

static bool set_files(posix_spawn_file_actions_t *files, int out_fd)
{
    return posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0) == 0 &&
           posix_spawn_file_actions_adddup2(files, out_fd, 1) == 0 && close_others(files);
}

static bool set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGTERM);
    sigaddset(&defaults, SIGCHLD);
    return posix_spawnattr_setpgroup(attributes, 0) == 0 &&
           posix_spawnattr_setsigmask(attributes, &none) == 0 &&
           posix_spawnattr_setsigdefault(attributes, &defaults) == 0 &&
           posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSIGDEF |
                                                    POSIX_SPAWN_CLOEXEC_DEFAULT) == 0;
}

static int spawn(br_child *c, char *const words[], char *const environment[], int out_fd)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    pid_t pid = 0;
    int error = posix_spawn_file_actions_init(&files);
    if (error != 0)
        return error;
    error = posix_spawnattr_init(&attributes);
    if (error == 0) {
        error = set_files(&files, out_fd) && set_attributes(&attributes)
                    ? posix_spawnp(&pid, words[0], &files, &attributes, words, environment)
                    : ENOMEM;
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&files);
    c->pid = pid;
    return error;
}

/* Its writing end blocks, as programs expect; ours does not. */
static int start(br_child *c, char *const words[], char *const environment[])
{
    int ends[2];
    if (!br_open_pipe(ends))
        return errno;
    c->out_fd = ends[0];
    int error =
        fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0 ? spawn(c, words, environment, ends[1]) : errno;
    close(ends[1]);
    return error;
}

int br_child_start(br_child *c, br_engine *e, char *const words[], char *const environment[],
                   int64_t limit_ms, void (*done)(void *user), void *user)
{
    *c = (br_child){.engine = e, .pid_fd = -1, .out_fd = -1, .done = done, .user = user};
    br_buf_init_secret(&c->output, BR_CHILD_OUTPUT_MAX + (size_t)2 * READ_SIZE);
    int error = start(c, words, environment);
    if (error != 0) {
        close_fd(c, &c->out_fd);
        c->engine = NULL;
        return error;
    }
    br_task_enter_background(e, &c->task, gone, c);
    if (br_timer_start(e, &c->limit, limit_ms, timed_out, c) && watch_end(c) &&
        br_engine_watch(e, c->out_fd, BR_POLL_IN, printed, c))
        return 0;
    br_child_stop(c);
    return ENOMEM;
}
