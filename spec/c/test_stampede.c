/*
** Many processes that want one identity at the same time: one exchange, also when it takes long; at
** most two when whoever makes it is killed or stopped in the middle. By the real clock, which
** BEDROCK_TEST_PATIENCE slows: on a machine that is so much slower a holder is silent for longer.
*/
#define _GNU_SOURCE
#include "check.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ra_client.h"

#define PROCESSES_MAX 64
#define PATIENCE_S 90

static ra_server *server;
static char *dir;
static char (*ids)[32];     /* shared: what each process got */
static br_obtain_mode mode; /* in which they ask */
static long patience;
static br_platform platform;

#define REQUESTS() atomic_load(&server->requests)

static int64_t slow_ms(void *user)
{
    return br_platform_system.mono_ms(user) / patience;
}

static void set_patience(void)
{
    const char *text = getenv("BEDROCK_TEST_PATIENCE");
    patience = text != NULL ? strtol(text, NULL, 10) : 0;
    patience = patience > 0 ? patience : 1;
    platform = br_platform_system;
    platform.mono_ms = slow_ms;
    platform.mono_us = NULL;
}

/* Says that it is ready, and waits until all are. */
static bool pass(int ready, int gate)
{
    char c = 0;
    return write(ready, &c, 1) == 1 && close(ready) == 0 && read(gate, &c, 1) == 0;
}

static void child(int number, int ready, int gate)
{
    br_error error;
    ra_want want = {.done = false};
    ra_options o = {.cache = "shared", .cache_dir = dir, .port = server->port};
    alarm((unsigned)(PATIENCE_S * patience));
    br_client *client = ra_client(&o, &platform);
    br_engine *engine = br_engine_new(&platform, &error);
    if (client == NULL || engine == NULL || !pass(ready, gate))
        _exit(1);
    if (!ra_start(&want, engine, client, mode))
        _exit(1);
    struct pollfd p = {.fd = br_engine_fd(engine), .events = POLLIN};
    while (!want.done) {
        poll(&p, 1, 1000);
        br_engine_step(engine, 0);
    }
    memcpy(ids[number], want.id, sizeof(ids[number]) - 1);
    if (!want.ok)
        fprintf(stderr, "%s\n", want.error.message);
    br_engine_free(engine);
    br_client_unref(client);
    _exit(want.ok ? 0 : 1);
}

/* Processes from..to-1, all let go at the same moment. */
static void start(pid_t *pids, int from, int to)
{
    int gate[2], ready[2], waiting = 0;
    char c;
    CHECK_INT(pipe(gate), 0);
    CHECK_INT(pipe(ready), 0);
    for (int i = from; i < to; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            close(gate[1]);
            child(i, ready[1], gate[0]);
        }
    }
    close(gate[0]);
    close(ready[1]);
    while (read(ready[0], &c, 1) == 1)
        waiting++;
    CHECK_INT(waiting, to - from);
    close(ready[0]);
    close(gate[1]);
}

static void finish(const pid_t *pids, int from, int to)
{
    for (int i = from; i < to; i++) {
        int status = -1;
        CHECK_INT(waitpid(pids[i], &status, 0), pids[i]);
        CHECK_INT(status, 0);
        CHECK_STR(ids[i], ids[from]);
    }
}

static void begin(int delay_ms)
{
    ra_server_reset(server);
    memset(ids, 0, sizeof(*ids) * PROCESSES_MAX);
    for (int i = 0; delay_ms > 0 && i < 4; i++)
        ra_server_say(server, (ra_step){.delay_ms = delay_ms});
    dir = ra_make_directory();
}

static void test_one_exchange(int processes, int delay_ms)
{
    pid_t pids[PROCESSES_MAX];
    begin(delay_ms);
    start(pids, 0, processes);
    finish(pids, 0, processes);
    CHECK_INT(REQUESTS(), 1);
    CHECK_STR(ids[0], "ASIATEST00000001");
    ra_remove_tree(dir);
}

/* All find a set that still works, but ends soon. */
static void test_one_early_exchange(int processes)
{
    pid_t pids[PROCESSES_MAX];
    begin(0);
    ra_server_say(server, (ra_step){.life_s = 600});
    start(pids, 0, 1);
    finish(pids, 0, 1);
    mode = BR_OBTAIN_EARLY;
    start(pids, 0, processes);
    finish(pids, 0, processes);
    mode = BR_OBTAIN;
    CHECK_INT(REQUESTS(), 2);
    CHECK_STR(ids[0], "ASIATEST00000002");
    ra_remove_tree(dir);
}

/* The first process waits for its answer when the signal hits it; no answer comes before. */
static void test_holder_hit(int signal_number, int processes)
{
    pid_t pids[PROCESSES_MAX];
    int status;
    begin(0);
    atomic_store(&server->hold, true);
    start(pids, 0, 1);
    for (int i = 0; i < PATIENCE_S * patience * 1000 && REQUESTS() == 0; i++)
        usleep(1000);
    CHECK_INT(REQUESTS(), 1);
    start(pids, 1, processes);
    usleep(200000);
    CHECK_INT(kill(pids[0], signal_number), 0);
    atomic_store(&server->hold, false);
    finish(pids, 1, processes);
    CHECK_INT(REQUESTS(), 2);
    CHECK_STR(ids[1], "ASIATEST00000002");
    kill(pids[0], SIGCONT);
    CHECK_INT(waitpid(pids[0], &status, 0), pids[0]);
    CHECK(signal_number == SIGKILL ? WIFSIGNALED(status) : status == 0);
    CHECK_INT(REQUESTS(), 2);
    ra_remove_tree(dir);
}

int main(void)
{
    set_patience();
    ids = mmap(NULL, sizeof(*ids) * PROCESSES_MAX, PROT_READ | PROT_WRITE,
               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    server = ra_server_start();
    CHECK(server != NULL && ids != MAP_FAILED);
    test_one_exchange(8, 0);
    test_one_exchange(64, 0);
    test_one_exchange(8, 3000);
    test_one_early_exchange(32);
    test_holder_hit(SIGKILL, 8);
    test_holder_hit(SIGSTOP, 8);
    ra_server_stop(server);
    return check_done();
}
