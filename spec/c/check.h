/*
** A test program: CHECK lines, then `return check_done();`. Prints each failure and, last, a line
** "N passed, N failed".
*/
#ifndef BR_SPEC_CHECK_H
#define BR_SPEC_CHECK_H

#include <stdbool.h>
#include <stddef.h>

void check_that(bool ok, const char *what, const char *file, int line);
void check_text(const char *got, size_t got_len, const char *want, const char *file, int line);
void check_number(long long got, long long want, const char *what, const char *file, int line);
int check_done(void);

#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)
#define CHECK_INT(got, want) check_number((got), (want), #got, __FILE__, __LINE__)
#define CHECK_STR(got, want) check_text((got), (size_t)-1, (want), __FILE__, __LINE__)
#define CHECK_SLICE(got, want) check_text((got).p, (got).n, (want), __FILE__, __LINE__)

/* A copy of the bytes whose end lies against an unmapped page: reading one too far is a crash. */
char *guard_copy(const void *bytes, size_t n);
void guard_free(char *copy, size_t n);

/* A whole file of the test data; the caller frees. NULL if it cannot be read. */
char *slurp(const char *path, size_t *n);

#endif
