/*
** Contestants take turns in one run, so that what slows the machine down slows all of them. Prints
** a line "name<TAB>median nanoseconds of CPU" for each. For one program: everything is static.
*/
#ifndef BR_BENCH_RACE_H
#define BR_BENCH_RACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RACE_ROUNDS_MAX 2001

typedef struct contestant {
    const char *name;
    void (*run)(void *state);
    int per_round;
    int divisor; /* things done in one run; 1 if 0 */
    double samples[RACE_ROUNDS_MAX];
} contestant;

static inline void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "failed: %s\n", what);
        exit(1);
    }
}

static inline double race_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static inline int race_by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static inline void race(void *state, contestant *all, size_t count, size_t rounds)
{
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < count; i++) {
            double start = race_now();
            for (int k = 0; k < all[i].per_round; k++)
                all[i].run(state);
            all[i].samples[round] = (race_now() - start) / all[i].per_round;
        }
    for (size_t i = 0; i < count; i++) {
        qsort(all[i].samples, rounds, sizeof(double), race_by_value);
        double one = all[i].samples[rounds / 2] / (all[i].divisor > 0 ? all[i].divisor : 1);
        printf("%s\t%.1f\n", all[i].name, one);
    }
}

static inline size_t race_rounds(int argc, char **argv)
{
    long rounds = argc > 1 ? atol(argv[1]) : 201;
    must(rounds > 0 && rounds <= RACE_ROUNDS_MAX, "the rounds must be 1 to 2001");
    return (size_t)rounds;
}

/* "NAME N" as arguments: N things of that contestant alone, for who counts instructions. */
static inline bool race_alone(void *state, contestant *all, size_t count, int argc, char **argv)
{
    size_t i = 0;
    if (argc != 3)
        return false;
    while (i < count && strcmp(all[i].name, argv[1]) != 0)
        i++;
    must(i < count, "there is no such contestant");
    for (long left = atol(argv[2]); left > 0; left -= all[i].divisor > 0 ? all[i].divisor : 1)
        all[i].run(state);
    return true;
}

#endif
