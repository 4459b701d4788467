/* The lock between processes, by a clock of the test's own. A holder is another open file. */
#define _DEFAULT_SOURCE
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/files/file_lock.h"

static char place[] = "/tmp/test-file-lock-XXXXXX";
static int dir;

static void empty_directory(void)
{
    unlinkat(dir, "a.lock", 0);
    unlinkat(dir, "a.2.lock", 0);
}

static br_file_lock fresh(void)
{
    br_file_lock l;
    br_file_lock_init(&l, dir, "a");
    return l;
}

static void test_one_holder(void)
{
    br_file_lock a = fresh(), b = fresh();
    CHECK_INT(br_file_lock_try(&a, 0), BR_LOCK_GOT);
    CHECK_INT(br_file_lock_try(&a, 0), BR_LOCK_GOT);
    CHECK_INT(br_file_lock_try(&b, 0), BR_LOCK_BUSY);
    br_file_lock_release(&a);
    CHECK_INT(br_file_lock_try(&b, 5), BR_LOCK_GOT);
    br_file_lock_release(&b);
    br_file_lock_release(&b);
    CHECK_INT(faccessat(dir, "a.lock", F_OK, 0), 0);
    empty_directory();
}

static void test_delays(void)
{
    static const int want[] = {5, 10, 20, 40, 80, 100, 100};
    br_file_lock l = fresh(), m = fresh();
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++)
        CHECK_INT(br_file_lock_delay_ms(&l, 0), want[i]);
    for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        int delay = br_file_lock_delay_ms(&m, 0.999999);
        CHECK(delay >= (want[i] + 1) / 2 && delay <= want[i]);
    }
}

/* Tries every 100 ms until the answer is not "busy"; how long that took. */
static int64_t waited(br_file_lock *l, br_file_lock *touching, br_lock_state *state)
{
    int64_t now = 1000;
    for (; now < 200000; now += 100) {
        if (touching != NULL && now % BR_LOCK_TOUCH_MS == 0) {
            struct timespec t[2] = {{.tv_sec = now}, {.tv_sec = now}};
            CHECK_INT(futimens(touching->fd, t), 0);
        }
        *state = br_file_lock_try(l, now);
        if (*state != BR_LOCK_BUSY)
            break;
    }
    return now - 1000;
}

/* The second lock is free, so the waiter that gives the holder up takes that. */
static void test_silent_holder(void)
{
    br_lock_state state;
    br_file_lock a = fresh(), b = fresh(), c = fresh();
    CHECK_INT(br_file_lock_try(&a, 0), BR_LOCK_GOT);
    CHECK_INT(waited(&b, NULL, &state), BR_LOCK_SILENCE_MS);
    CHECK_INT(state, BR_LOCK_GOT);
    CHECK(b.second);
    CHECK_INT(waited(&c, NULL, &state), 2 * BR_LOCK_SILENCE_MS);
    CHECK_INT(state, BR_LOCK_GIVEN_UP);
    br_file_lock_release(&b);
    br_file_lock_release(&a);
    br_file_lock_release(&c);
    empty_directory();
}

static void test_silence_to_the_millisecond(void)
{
    br_file_lock a = fresh(), b = fresh();
    CHECK_INT(br_file_lock_try(&a, 0), BR_LOCK_GOT);
    CHECK_INT(br_file_lock_try(&b, 0), BR_LOCK_BUSY);
    for (int64_t now = 1000; now < 5000; now += 1000)
        CHECK_INT(br_file_lock_try(&b, now), BR_LOCK_BUSY);
    CHECK_INT(br_file_lock_try(&b, 4999), BR_LOCK_BUSY);
    CHECK(!b.second);
    CHECK_INT(br_file_lock_try(&b, 5000), BR_LOCK_GOT);
    br_file_lock_release(&a);
    br_file_lock_release(&b);
    empty_directory();
}

static void test_busy_holder(void)
{
    br_lock_state state;
    br_file_lock a = fresh(), b = fresh();
    CHECK_INT(br_file_lock_try(&a, 0), BR_LOCK_GOT);
    CHECK_INT(waited(&b, &a, &state), BR_LOCK_WAIT_MS);
    CHECK_INT(state, BR_LOCK_GOT);
    CHECK(b.second);
    br_file_lock_release(&a);
    br_file_lock_release(&b);
    empty_directory();
}

/* A waiter that was stopped itself has seen no silence. */
static void test_stopped_waiter(void)
{
    br_file_lock a = fresh(), b = fresh();
    CHECK_INT(br_file_lock_try(&a, 0), BR_LOCK_GOT);
    CHECK_INT(br_file_lock_try(&b, 0), BR_LOCK_BUSY);
    CHECK_INT(br_file_lock_try(&b, 20000), BR_LOCK_BUSY);
    CHECK(!b.second);
    br_file_lock_release(&a);
    br_file_lock_release(&b);
    empty_directory();
}

static void test_removed_file(void)
{
    br_file_lock a = fresh(), b = fresh();
    CHECK_INT(br_file_lock_try(&a, 0), BR_LOCK_GOT);
    CHECK_INT(br_file_lock_try(&b, 0), BR_LOCK_BUSY);
    CHECK_INT(unlinkat(dir, "a.lock", 0), 0);
    br_file_lock_release(&a);
    CHECK_INT(br_file_lock_try(&b, 5), BR_LOCK_BUSY);
    CHECK_INT(br_file_lock_try(&b, 10), BR_LOCK_GOT);
    CHECK_INT(faccessat(dir, "a.lock", F_OK, 0), 0);
    br_file_lock_release(&b);
    empty_directory();
}

static void test_no_lock_to_be_had(void)
{
    br_file_lock l;
    br_file_lock_init(&l, -1, "a");
    CHECK_INT(br_file_lock_try(&l, 0), BR_LOCK_NONE);
    CHECK_INT(symlinkat("elsewhere", dir, "a.lock"), 0);
    l = fresh();
    CHECK_INT(br_file_lock_try(&l, 0), BR_LOCK_NONE);
    CHECK_INT(faccessat(dir, "elsewhere", F_OK, 0), -1);
    empty_directory();
    CHECK_INT(mkfifoat(dir, "a.lock", 0600), 0);
    l = fresh();
    CHECK_INT(br_file_lock_try(&l, 0), BR_LOCK_NONE);
    br_file_lock_release(&l);
    empty_directory();
}

static void test_touch(void)
{
    struct stat st;
    br_file_lock a = fresh();
    CHECK_INT(br_file_lock_try(&a, 0), BR_LOCK_GOT);
    struct timespec old[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
    CHECK_INT(futimens(a.fd, old), 0);
    br_file_lock_touch(&a);
    CHECK_INT(fstat(a.fd, &st), 0);
    CHECK(st.st_mtim.tv_sec > 1000);
    CHECK_INT(st.st_mode & 0777, 0600);
    CHECK_INT(fcntl(a.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    br_file_lock_release(&a);
    br_file_lock_touch(&a);
    empty_directory();
}

/* A child that forgets the lock leaves it with its parent; one that keeps the file open is no
** hindrance once the parent has released it. */
static void test_fork(void)
{
    br_file_lock a = fresh(), b = fresh();
    int go[2];
    CHECK_INT(br_file_lock_try(&a, 0), BR_LOCK_GOT);
    CHECK_INT(pipe(go), 0);
    pid_t forgetting = fork();
    if (forgetting == 0) {
        br_file_lock_abandon(&a);
        _exit(a.fd == -1 && !a.held ? 0 : 1);
    }
    int status = -1;
    CHECK_INT(waitpid(forgetting, &status, 0), forgetting);
    CHECK_INT(status, 0);
    CHECK_INT(br_file_lock_try(&b, 0), BR_LOCK_BUSY);
    pid_t keeping = fork();
    if (keeping == 0) {
        char c;
        close(go[1]);
        _exit(read(go[0], &c, 1) == 0 ? 0 : 1);
    }
    br_file_lock_release(&a);
    CHECK_INT(br_file_lock_try(&b, 5), BR_LOCK_GOT);
    br_file_lock_release(&b);
    close(go[1]);
    CHECK_INT(waitpid(keeping, &status, 0), keeping);
    CHECK_INT(status, 0);
    close(go[0]);
    empty_directory();
}

int main(void)
{
    CHECK(mkdtemp(place) != NULL);
    dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    test_one_holder();
    test_delays();
    test_silent_holder();
    test_silence_to_the_millisecond();
    test_busy_holder();
    test_stopped_waiter();
    test_removed_file();
    test_no_lock_to_be_had();
    test_touch();
    test_fork();
    close(dir);
    rmdir(place);
    return check_done();
}
