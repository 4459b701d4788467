/*
** Times whole processes side by side: processes ROUNDS NAME COMMAND [NAME COMMAND …]
** Each round runs every command once, in turn, by /bin/sh -c "exec …"; after one round that does
** not count, prints for each: name, median CPU ms, median wall ms, median peak kB, tab-separated.
*/
#define _DEFAULT_SOURCE
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 16
#define ROUNDS_MAX 1000

typedef struct sample {
    double cpu_ms, wall_ms, peak_kb;
} sample;

static double ms(struct timeval t)
{
    return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static double now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static sample run(const char *command)
{
    struct rusage use;
    int status;
    double begin = now_ms();
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &use) != pid || status != 0) {
        fprintf(stderr, "failed: %s\n", command);
        exit(1);
    }
    return (sample){ms(use.ru_utime) + ms(use.ru_stime), now_ms() - begin, (double)use.ru_maxrss};
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const sample *all, int n, size_t offset)
{
    static double values[ROUNDS_MAX];
    for (int i = 0; i < n; i++)
        memcpy(&values[i], (const char *)&all[i] + offset, sizeof(double));
    qsort(values, (size_t)n, sizeof(double), by_value);
    return values[n / 2];
}

int main(int argc, char **argv)
{
    static sample samples[COMMANDS_MAX][ROUNDS_MAX];
    int rounds = argc > 1 ? atoi(argv[1]) : 0, commands = (argc - 2) / 2;
    if (rounds < 1 || rounds > ROUNDS_MAX || commands < 1 || commands > COMMANDS_MAX)
        return fprintf(stderr, "usage: %s ROUNDS NAME COMMAND …\n", argv[0]), 2;
    for (int r = -1; r < rounds; r++)
        for (int c = 0; c < commands; c++)
            samples[c][r < 0 ? 0 : r] = run(argv[3 + 2 * c]);
    for (int c = 0; c < commands; c++)
        printf("%s\t%.2f\t%.2f\t%.0f\n", argv[2 + 2 * c],
               median(samples[c], rounds, offsetof(sample, cpu_ms)),
               median(samples[c], rounds, offsetof(sample, wall_ms)),
               median(samples[c], rounds, offsetof(sample, peak_kb)));
    return 0;
}
