/*
** Credentials that a program prints, with real programs: what they print, how they end, and that
** none of them, nor of their children, nor of their descriptors, is left.
*/
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "engine/credentials/process_mark.h"
#include "engine/loop/child.h"
#include "way_client.h"

#define KEYS "\"AccessKeyId\":\"AKIA1\",\"SecretAccessKey\":\"secret\""
#define PATH_SIZE 512
#define SCRIPT_SIZE 4096

static char *directory;

static void path_of(const char *name, char out[PATH_SIZE])
{
    snprintf(out, PATH_SIZE, "%s/%s", directory, name);
}

/* A program of that name. */
static void write_script(const char *name, const char *text)
{
    char path[PATH_SIZE], script[SCRIPT_SIZE];
    path_of(name, path);
    int n = snprintf(script, sizeof script, "#!/bin/sh\n%s\n", text);
    CHECK(n > 0 && n < SCRIPT_SIZE);
    spill(path, script, strlen(script));
    CHECK(chmod(path, 0700) == 0);
}

static void begin_line(way_client *w, const char *line, int read_timeout)
{
    br_layer l = {.kind = BR_LAYER_PROCESS};
    br_layer_set(&l, BR_LAYER_COMMAND, br_slice_of(line));
    way_begin(w, br_process_new, &l, &(way_options){.read_timeout = read_timeout});
}

/* The program `p` with that text. */
static void begin(way_client *w, const char *text)
{
    char line[PATH_SIZE];
    write_script("p", text);
    path_of("p", line);
    begin_line(w, line, 0);
}

static bool exists(const char *name)
{
    char path[PATH_SIZE];
    path_of(name, path);
    return access(path, F_OK) == 0;
}

static void wait_for_file(way_client *w, const char *name)
{
    for (int i = 0; i < 100000 && !exists(name); i++) {
        br_engine_step(w->engine, 0);
        usleep(100);
    }
    CHECK(exists(name));
}

static pid_t pid_in(const char *name)
{
    char path[PATH_SIZE];
    int pid = 0;
    path_of(name, path);
    FILE *f = fopen(path, "r");
    for (int i = 0; f != NULL && i < 1000 && fscanf(f, "%d", &pid) != 1; i++) {
        usleep(1000);
        rewind(f);
    }
    CHECK(f != NULL && pid > 1);
    if (f != NULL)
        fclose(f);
    return pid;
}

/* A grandchild's end is seen by whoever adopted it. */
static void gone_soon(pid_t pid)
{
    char path[64], state = 'R';
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    for (int i = 0; i < 5000; i++) {
        FILE *f = fopen(path, "r");
        bool read = f != NULL && fscanf(f, "%*d %*s %c", &state) == 1;
        if (f != NULL)
            fclose(f);
        if (!read || state == 'Z' || state == 'X')
            return;
        usleep(1000);
    }
    CHECK_INT(state, 'Z');
}

static int descriptors(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    CHECK(d != NULL);
    while (d != NULL && readdir(d) != NULL)
        n++;
    if (d != NULL)
        closedir(d);
    return n;
}

static void no_child_is_left(void)
{
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
}

static void end(way_client *w)
{
    way_end(w);
    no_child_is_left();
}

static void test_given(void)
{
    way_client w;
    begin(&w, "echo run >>${0%/*}/runs; echo '{\"Version\":1," KEYS
              ",\"SessionToken\":\"t\",\"Expiration\":\"2026-11-29T11:00:00Z\"}'");
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK_STR(w.want.id, "AKIA1");
    CHECK_INT(w.want.credentials->expiration_ms, WAY_NOW_MS + 3600000);
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK_INT(w.want.origin, BR_FROM_MEMORY);
    w.now.wall_ms += 3600000 - 59999;
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK_INT(w.want.origin, BR_FROM_EXCHANGE);
    end(&w);
}

/* For good; no shell, but its quotes. */
static void test_words(void)
{
    way_client w;
    char line[2 * PATH_SIZE];
    write_script("two words", "printf '{\"Version\":1,\"AccessKeyId\":\"%s\","
                              "\"SecretAccessKey\":\"secret\"}' \"$#$2$3\"");
    snprintf(line, sizeof line, "'%s/two words' 'a b' \"$HOME;\" c\\ d", directory);
    begin_line(&w, line, 0);
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK_STR(w.want.id, "3$HOME;c d");
    CHECK(w.want.credentials->expiration_ms == BR_NEVER_EXPIRES);
    end(&w);
}

/* In PATH, with nothing to read, in a group of its own, with no signal blocked or ignored. */
static void test_surroundings(void)
{
    way_client w;
    char path[4 * PATH_SIZE];
    char *old = strdup(getenv("PATH"));
    int open_fd = open("/dev/null", O_RDONLY); /* not closed on exec */
    sigset_t all, before;
    write_script("surroundings",
                 "read -r line; kill -PIPE $$; wait; n=$(ls /proc/self/fd | wc -l)\n"
                 "exit 9");
    write_script("helper-in-path",
                 "read -r line && exit 8\n"
                 "set -- $(cut -d' ' -f5 /proc/$$/stat)\n"
                 "[ \"$1\" = $$ ] || exit 7\n"
                 "[ -e /proc/$$/fd/3 ] && [ \"$(readlink /proc/$$/fd/3)\" = /dev/null ] && exit 6\n"
                 "grep -q '^SigBlk:.0*$' /proc/self/status || exit 5\n"
                 "echo '{\"Version\":1," KEYS "}'");
    snprintf(path, sizeof path, "%s:%s", directory, old);
    setenv("PATH", path, 1);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    signal(SIGPIPE, SIG_IGN);
    begin_line(&w, "helper-in-path", 0);
    CHECK(way_get(&w, BR_OBTAIN));
    CHECK_STR(w.want.error.message, "");
    end(&w);
    begin_line(&w, "surroundings", 0);
    CHECK(!way_get(&w, BR_OBTAIN));
    CHECK(strstr(w.want.error.message, "was ended by signal 13") != NULL);
    end(&w);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    setenv("PATH", old, 1);
    free(old);
    close(open_fd);
}

static void fails(const char *text, const char *code, const char *part)
{
    way_client w;
    begin(&w, text);
    CHECK(!way_get(&w, BR_OBTAIN));
    CHECK_INT(w.want.error.kind, BR_ERR_CREDENTIALS);
    CHECK_STR(w.want.error.code, code);
    CHECK(strstr(w.want.error.message, part) != NULL);
    CHECK(strstr(w.want.error.message, "secret") == NULL);
    CHECK(!w.want.retryable);
    end(&w);
}

static void test_failures(void)
{
    fails("echo secret; exit 3", "ProcessFailed", "exited with status 3");
    fails("echo '{\"Version\":1," KEYS "}'; exit 1", "ProcessFailed", "exited with status 1");
    fails("kill -9 $$", "ProcessFailed", "was ended by signal 9");
    fails("true", "BadResponse", "is not a JSON object");
    fails("echo secret", "BadResponse", "is not a JSON object");
    fails("echo '{\"Version\":2," KEYS "}'", "BadResponse", "has another Version than 1");
    fails("echo '{\"Version\":1," KEYS ",\"Expiration\":\"2026-11-29T10:00:00Z\"}'",
          "CredentialsExpired", "expired at 2026-11-29T10:00:00Z");
}

/* Tools that emulate vfork make a status of 127 of it. */
static void test_not_started(void)
{
    way_client w;
    char path[PATH_SIZE], line[PATH_SIZE + 16];
    begin_line(&w, "no-such-helper --key secret", 0);
    CHECK(!way_get(&w, BR_OBTAIN));
    CHECK_STR(w.want.error.code, "ProcessFailed");
    CHECK(strstr(w.want.error.message, "\"no-such-helper\"") != NULL);
    CHECK(strstr(w.want.error.message, "secret") == NULL);
    end(&w);
    write_script("p", "exit 0");
    path_of("p", path);
    CHECK(chmod(path, 0600) == 0);
    snprintf(line, sizeof line, "%s secret", path);
    begin_line(&w, line, 0);
    CHECK(!way_get(&w, BR_OBTAIN));
    CHECK_STR(w.want.error.code, "ProcessFailed");
    CHECK(strstr(w.want.error.message, path) != NULL);
    end(&w);
}

/* Up to the limit, and beyond: a program that prints for ever is ended with those it started. */
static void test_megabytes(void)
{
    way_client w;
    begin(&w, "printf '{\"Version\":1," KEYS "}'; head -c 65000 /dev/zero | tr '\\0' ' '");
    CHECK(way_get(&w, BR_OBTAIN));
    end(&w);
    fails("echo $$ >${0%/*}/pid; yes secret", "ProcessFailed", "printed more than 65536 bytes");
    gone_soon(pid_in("pid"));
}

static void begin_hanging(way_client *w, const char *text, int read_timeout)
{
    char line[PATH_SIZE], path[PATH_SIZE];
    path_of("child", path);
    unlink(path);
    write_script("p", text);
    path_of("p", line);
    begin_line(w, line, read_timeout);
    way_ask(w, BR_OBTAIN);
    wait_for_file(w, "child");
}

#define HANGS "sleep 1000 & echo $! >${0%/*}/child; wait"

static void test_times_out(void)
{
    way_client w;
    begin_hanging(&w, HANGS, 0);
    pid_t child = pid_in("child");
    way_pass(&w, 59000);
    CHECK(!w.want.done);
    way_pass(&w, 1000);
    way_wait(&w);
    CHECK_INT(w.want.error.kind, BR_ERR_TIMEOUT);
    CHECK_STR(w.want.error.code, "ProcessTimeout");
    CHECK(strstr(w.want.error.message, "did not end within 60000 ms") != NULL);
    CHECK(w.want.retryable);
    gone_soon(child);
    end(&w);
    begin_hanging(&w, HANGS, 2000);
    way_pass(&w, 2000);
    way_wait(&w);
    CHECK(strstr(w.want.error.message, "did not end within 2000 ms") != NULL);
    end(&w);
}

/* SIGKILL follows for those who will not hear. */
static void test_does_not_hear(void)
{
    way_client w;
    begin_hanging(&w, "trap '' TERM; sleep 1000 & echo $! >${0%/*}/child; while :; do wait; done",
                  2000);
    pid_t child = pid_in("child");
    way_pass(&w, 2000);
    usleep(20000);
    way_pass(&w, BR_CHILD_GRACE_MS - 1);
    CHECK(!w.want.done);
    way_pass(&w, 1);
    way_wait(&w);
    CHECK_STR(w.want.error.code, "ProcessTimeout");
    gone_soon(child);
    end(&w);
}

/* Its end counts, not that of its output. */
static void test_closes_early(void)
{
    way_client w;
    begin(&w, "echo '{\"Version\":1," KEYS "}'; exec >&-; sleep 0.1; exit 0");
    CHECK(way_get(&w, BR_OBTAIN));
    end(&w);
    fails("echo '{\"Version\":1," KEYS "}'; exec >&-; sleep 0.1; exit 4", "ProcessFailed",
          "exited with status 4");
}

/* One that ended leaves behind what it wants to, and is not waited for on its account. */
static void test_leaves_an_agent(void)
{
    way_client w;
    begin(&w, "sleep 1000 & echo $! >${0%/*}/agent; echo '{\"Version\":1," KEYS "}'");
    CHECK(way_get(&w, BR_OBTAIN));
    pid_t agent = pid_in("agent");
    CHECK_INT(kill(agent, 0), 0);
    kill(agent, SIGKILL);
    gone_soon(agent);
    end(&w);
}

static void test_engine_ends(void)
{
    way_client w;
    begin_hanging(&w, HANGS, 0);
    pid_t child = pid_in("child");
    br_engine_free(w.engine);
    w.engine = NULL;
    CHECK(!w.want.done);
    gone_soon(child);
    end(&w);
}

/*
** In a forked child the program is the parent's: it is let be, and its descriptors are closed; the
** engine itself leaves two, which are libcurl's.
*/
static void test_forked(void)
{
    way_client w;
    int before = descriptors(), status = -1;
    begin_hanging(&w, HANGS, 0);
    pid_t child = pid_in("child"), pid = fork();
    if (pid == 0) {
        br_engine_abandon(w.engine);
        _exit(descriptors() <= before + 2 && kill(child, 0) == 0 ? 0 : 1);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK_INT(kill(child, 0), 0);
    way_pass(&w, 60000);
    way_wait(&w);
    CHECK_STR(w.want.error.code, "ProcessTimeout");
    end(&w);
}

/* As nginx does: whoever waits for any child takes the status; the output tells. */
static void take_status(int signal)
{
    int kept = errno;
    (void)signal;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    errno = kept;
}

static void test_status_taken(void)
{
    way_client w;
    struct sigaction take = {.sa_handler = take_status, .sa_flags = SA_RESTART}, old;
    sigaction(SIGCHLD, &take, &old);
    begin(&w, "echo '{\"Version\":1," KEYS "}'");
    CHECK(way_get(&w, BR_OBTAIN));
    end(&w);
    begin(&w, "echo secret; exit 3");
    CHECK(!way_get(&w, BR_OBTAIN));
    CHECK(strstr(w.want.error.message, "secret") == NULL);
    end(&w);
    sigaction(SIGCHLD, &old, NULL);
}

/* Each knows within which lines it runs, so none leads back to itself. */
static void test_within_itself(void)
{
    way_client w;
    char path[PATH_SIZE], mark[64] = "", deep[1024] = "";
    begin(&w,
          "printf %s \"$" BR_PROCESS_MARK_NAME "\" >${0%/*}/mark; echo '{\"Version\":1," KEYS "}'");
    CHECK(way_get(&w, BR_OBTAIN));
    end(&w);
    path_of("mark", path);
    FILE *f = fopen(path, "r");
    CHECK(f != NULL && fscanf(f, "%63s", mark) == 1);
    if (f != NULL)
        fclose(f);
    CHECK_INT(strlen(mark), 17);
    setenv(BR_PROCESS_MARK_NAME, mark, 1);
    fails("echo '{\"Version\":1," KEYS "}'", "ProcessFailed", "it would ask itself");
    static const char other[] = "0123456789abcdef,";
    size_t length = 0;
    for (int i = 0; i < BR_PROCESS_MARK_DEPTH_MAX - 1; i++, length += sizeof other - 1)
        memcpy(deep + length, other, sizeof other);
    setenv(BR_PROCESS_MARK_NAME, deep, 1);
    begin(&w, "echo '{\"Version\":1," KEYS "}'");
    CHECK(way_get(&w, BR_OBTAIN));
    end(&w);
    memcpy(deep + length, other, sizeof other);
    setenv(BR_PROCESS_MARK_NAME, deep, 1);
    fails("echo '{\"Version\":1," KEYS "}'", "ProcessFailed", "would be the 9th");
    unsetenv(BR_PROCESS_MARK_NAME);
}

static void test_refused(void)
{
    br_layer l = {.kind = BR_LAYER_PROCESS};
    br_layer_set(&l, BR_LAYER_COMMAND, BR_SLICE("helper 'secret"));
    CHECK_STR(way_refusal(br_process_new, &l),
              "credential_process: the line has an opening ' without a closing one");
    br_layer none = {.kind = BR_LAYER_PROCESS};
    CHECK_STR(way_refusal(br_process_new, &none),
              "credential_process: missing: a command line that prints credentials");
}

int main(void)
{
    directory = ra_make_directory();
    int before = descriptors();
    test_given();
    test_words();
    test_surroundings();
    test_failures();
    test_not_started();
    test_megabytes();
    test_times_out();
    test_does_not_hear();
    test_closes_early();
    test_leaves_an_agent();
    test_engine_ends();
    test_forked();
    test_status_taken();
    test_within_itself();
    test_refused();
    CHECK_INT(descriptors(), before);
    ra_remove_tree(directory);
    return check_done();
}
