/*
** One contestant of a program, for bench/measure.lua: "PROGRAM NAME N" runs it for N things, after once that does not
** count, and prints the nanoseconds of CPU that they took. For one program: everything is static.
*/
#ifndef BR_BENCH_ALONE_H
#define BR_BENCH_ALONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct contestant {
    const char *name;
    void (*run)(void *state);
    int divisor; /* things done in one run; 1 if 0 */
} contestant;

static inline void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "failed: %s\n", what);
        exit(1);
    }
}

static inline double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline void alone(void *state, const contestant *all, size_t count, int argc, char **argv)
{
    size_t i = 0;
    must(argc == 3, "usage: PROGRAM NAME N");
    while (i < count && strcmp(all[i].name, argv[1]) != 0)
        i++;
    must(i < count, "there is no such contestant");
    all[i].run(state);
    double start = cpu_ns();
    for (long left = atol(argv[2]); left > 0; left -= all[i].divisor > 0 ? all[i].divisor : 1)
        all[i].run(state);
    printf("%.0f\n", cpu_ns() - start);
}

#endif
