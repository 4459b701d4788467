/*
** Runs a command, and ends with it everything that it started, however it ends:
**
**     leash [-t SECONDS] [-p FILE] COMMAND [ARGUMENT…]
**
** -t  how long it may take; with -p: how long FILE may stay as it is. What FILE says is told then.
**
** It ends when the command does, when leash is told to by a signal, when leash's parent dies, or
** when time is over. What is left of the command's processes, daemons included, is asked to end
** (SIGTERM), and is killed when it does not within seconds. Nothing else is ever signalled.
**
** Exit status: that of the command; 128 and its number where a signal ended it; 124 when time was over; 125
** when it could not be run.
**
** Two processes do this, each of which ends everything if the other is killed. The outer one is
** what the caller sees. The inner one leads a session of its own, so that what kills the caller's
** process group does not kill it, too. Both are subreapers: orphans become their children. So only
** children are ever signalled, whose process IDs cannot have passed to somebody else.
*/
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GRACE_MS 3000 /* from SIGTERM to SIGKILL */
#define LOOK_MS 200   /* between two looks at the clock and at FILE */
#define TIME_OVER 124
#define NOT_RUN 125
#define SAID_MAX 400

typedef struct leash {
    long limit_s; /* 0: none */
    const char *progress;
    char **command;
    sigset_t before; /* the mask that the command gets */
    int signals;     /* a signalfd */
    pid_t child;
    int status; /* of the child, as an exit status; -1 while it runs */
} leash;

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void usage(void)
{
    fprintf(stderr, "usage: leash [-t SECONDS] [-p FILE] COMMAND [ARGUMENT...]\n");
    exit(NOT_RUN);
}

static void read_options(leash *l, int argc, char **argv)
{
    int option;
    while ((option = getopt(argc, argv, "+t:p:")) != -1) {
        if (option == 't')
            l->limit_s = strtol(optarg, NULL, 10);
        else if (option == 'p')
            l->progress = optarg;
        else
            usage();
    }
    if (optind == argc || l->limit_s < 0 || (l->progress != NULL && l->limit_s == 0))
        usage();
    l->command = argv + optind;
}

/* Takes note of every child that is over. True while there are others. */
static bool reap(leash *l)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == l->child)
            l->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    return pid == 0;
}

static pid_t parent_of(const char *pid)
{
    char path[300], text[512];
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return -1;
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    const char *name_end = strrchr(text, ')');
    int parent = -1;
    if (name_end == NULL || sscanf(name_end + 1, " %*c %d", &parent) != 1)
        return -1;
    return parent;
}

/* To every child, those that were orphans included; without /proc only to the command. */
static void signal_children(const leash *l, int number)
{
    DIR *processes = opendir("/proc");
    if (processes == NULL) {
        if (l->status < 0)
            kill(l->child, number);
        return;
    }
    for (struct dirent *d; (d = readdir(processes)) != NULL;) {
        char *end;
        long pid = strtol(d->d_name, &end, 10);
        if (pid > 0 && *end == '\0' && parent_of(d->d_name) == getpid())
            kill((pid_t)pid, number);
    }
    closedir(processes);
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* Until there are no children. Each that dies may leave more. */
static void end_children(leash *l)
{
    int64_t late = now_ms() + GRACE_MS;
    int64_t asked = 0;
    while (reap(l)) {
        int64_t now = now_ms();
        if (now >= late)
            signal_children(l, SIGKILL);
        else if (now >= asked) {
            signal_children(l, SIGTERM);
            signal_children(l, SIGCONT);
            asked = now + GRACE_MS / 4;
        }
        pause_ms(5);
    }
}

/* True if a signal other than that of a child has come. */
static bool told_to_end(const leash *l)
{
    struct signalfd_siginfo info;
    bool told = false;
    while (read(l->signals, &info, sizeof info) == (ssize_t)sizeof info)
        told = told || info.ssi_signo != SIGCHLD;
    return told;
}

static void take_signals(leash *l)
{
    sigset_t set;
    sigemptyset(&set);
    for (const int *number = (const int[]){SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, 0}; *number;
         number++)
        sigaddset(&set, *number);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &set, &l->before);
    l->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void run_command(const leash *l, pid_t inner)
{
    sigprocmask(SIG_SETMASK, &l->before, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == inner)
        execvp(l->command[0], l->command);
    fprintf(stderr, "leash: %s: %s\n", l->command[0], strerror(errno));
    _exit(NOT_RUN);
}

static void tell_time_is_over(const leash *l)
{
    char said[SAID_MAX + 1] = "";
    FILE *f = l->progress != NULL ? fopen(l->progress, "r") : NULL;
    if (f != NULL) {
        said[fread(said, 1, SAID_MAX, f)] = '\0';
        said[strcspn(said, "\n")] = '\0';
        fclose(f);
    }
    if (said[0] != '\0')
        fprintf(stderr, "leash: no end after %ld s: %s\n", l->limit_s, said);
    else
        fprintf(stderr, "leash: no end after %ld s: %s\n", l->limit_s, l->command[0]);
}

/* When FILE was written last; it need not be there yet. */
static struct timespec written(const leash *l)
{
    struct stat st;
    return l->progress != NULL && stat(l->progress, &st) == 0 ? st.st_mtim : (struct timespec){0};
}

/* Until the command is over or has to be. True if its time is. */
static bool watch(leash *l, int outer)
{
    struct pollfd p[] = {{.fd = outer, .events = POLLIN}, {.fd = l->signals, .events = POLLIN}};
    struct timespec last = written(l);
    int64_t since = now_ms();
    while (l->status < 0) {
        poll(p, 2, l->limit_s > 0 ? LOOK_MS : -1);
        if (p[0].revents != 0 || told_to_end(l))
            return false;
        reap(l);
        struct timespec latest = written(l);
        if (latest.tv_sec != last.tv_sec || latest.tv_nsec != last.tv_nsec) {
            last = latest;
            since = now_ms();
        }
        if (l->status < 0 && l->limit_s > 0 && now_ms() - since > l->limit_s * 1000)
            return true;
    }
    return false;
}

/* The command's whole group first, as a terminal would do it: shells run their traps then. */
static void end_group(leash *l)
{
    int64_t late = now_ms() + GRACE_MS;
    kill(0, SIGTERM);
    kill(0, SIGCONT);
    while (l->status < 0 && now_ms() < late && reap(l))
        pause_ms(5);
}

/* `outer` becomes readable when the outer process is gone or gives up. */
static int be_inner(leash *l, int outer)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t self = getpid();
    l->status = -1;
    l->child = setsid() > 0 ? fork() : -1;
    if (l->child == 0)
        run_command(l, self);
    if (l->child < 0)
        return NOT_RUN;
    bool time_over = watch(l, outer);
    if (time_over)
        tell_time_is_over(l);
    if (l->status < 0)
        end_group(l);
    end_children(l);
    return time_over ? TIME_OVER : l->status;
}

static int be_outer(leash *l, int inner)
{
    bool told = false;
    l->status = -1;
    while (reap(l) && l->status < 0) {
        struct pollfd p = {.fd = l->signals, .events = POLLIN};
        poll(&p, 1, -1);
        if (told_to_end(l) && !told) {
            told = true;
            close(inner);
        }
    }
    end_children(l);
    return l->status;
}

int main(int argc, char **argv)
{
    leash l = {.status = -1};
    int pipe_ends[2];
    pid_t caller = getppid();
    read_options(&l, argc, argv);
    take_signals(&l);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != caller)
        return NOT_RUN;
    if (l.signals < 0 || pipe2(pipe_ends, O_CLOEXEC) != 0 || (l.child = fork()) < 0) {
        fprintf(stderr, "leash: %s\n", strerror(errno));
        return NOT_RUN;
    }
    close(pipe_ends[l.child == 0 ? 1 : 0]);
    return l.child == 0 ? be_inner(&l, pipe_ends[0]) : be_outer(&l, pipe_ends[1]);
}
