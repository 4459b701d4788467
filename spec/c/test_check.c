/* What check.h says of a program's end, of programs that do not end by themselves: this one again. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

typedef struct program {
    pid_t pid;
    int output;      /* of it and of what it forked; ends when the last of them does */
    char text[4096]; /* what came */
} program;

/* Whatever it does from here on, a child does, too. */
static void hang_with_a_child(void)
{
    CHECK(true);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child > 0)
        printf("child\n");
    for (volatile unsigned long spins = 0;; spins++)
        continue;
}

static void hang_in_a_check(void)
{
    int ends[2];
    char byte;
    CHECK_INT(pipe(ends), 0);
    CHECK_INT(read(ends[0], &byte, 1), 0);
}

static program start(const char *what, const char *deadline)
{
    program p = {.pid = -1};
    int ends[2];
    CHECK_INT(pipe(ends), 0);
    p.pid = fork();
    if (p.pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        setenv("BEDROCK_TEST_DEADLINE", deadline, 1);
        unsetenv("BEDROCK_TEST_PATIENCE");
        execl("/proc/self/exe", "test_check", what, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    p.output = ends[0];
    return p;
}

/* Reads until `word` came, or to the end if that is NULL. */
static void read_until(program *p, const char *word)
{
    size_t n = strlen(p->text);
    while (word == NULL || strstr(p->text, word) == NULL) {
        ssize_t got = read(p->output, p->text + n, sizeof p->text - 1 - n);
        if (got == 0 || (got < 0 && errno != EINTR))
            break;
        n += got > 0 ? (size_t)got : 0;
        p->text[n] = '\0';
    }
}

static int status_of(program *p)
{
    int status = -1;
    CHECK_INT(waitpid(p->pid, &status, 0), p->pid);
    close(p->output);
    return status;
}

static void test_time_is_over(void)
{
    program p = start("hang_with_a_child", "1");
    read_until(&p, NULL);
    CHECK_INT(status_of(&p), 124 << 8);
    CHECK(strstr(p.text, "no end: time is over after spec/c/test_check.c:") != NULL);
    CHECK(strstr(p.text, " in hang_with_a_child\n") != NULL);
}

static void test_the_check_that_hangs_is_named(void)
{
    program p = start("hang_in_a_check", "1");
    read_until(&p, NULL);
    CHECK_INT(status_of(&p), 124 << 8);
    CHECK(strstr(p.text, " in hang_in_a_check\n") != NULL);
}

static void test_children_end_with_a_killed_program(void)
{
    program p = start("hang_with_a_child", "100");
    read_until(&p, "child\n");
    CHECK_INT(kill(p.pid, SIGKILL), 0);
    read_until(&p, NULL);
    CHECK_INT(status_of(&p), SIGKILL);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "hang_with_a_child") == 0)
        hang_with_a_child();
    if (argc > 1 && strcmp(argv[1], "hang_in_a_check") == 0)
        hang_in_a_check();
    test_time_is_over();
    test_the_check_that_hangs_is_named();
    test_children_end_with_a_killed_program();
    return check_done();
}
