/*
** A test program: CHECK lines, then `return check_done();`. Prints each failure and, last, a line
** "N passed, N failed".
**
** It always ends: after BEDROCK_TEST_DEADLINE seconds (default 300) times BEDROCK_TEST_PATIENCE
** (default 1; more under tools that make it slow) it says which check it came to last, and fails.
** It ends with the process that started it, and what it forks ends with it, however it ends.
*/
#ifndef BR_SPEC_CHECK_H
#define BR_SPEC_CHECK_H

#include <stdbool.h>
#include <stddef.h>

void check_that(bool ok, const char *what, const char *file, int line);
void check_text(const char *got, size_t got_len, const char *want, const char *file, int line);
void check_number(long long got, long long want, const char *what, const char *file, int line);
int check_done(void);

/* Notes that a check is about to be made, so that one that hangs can be named. */
void check_come_to(const char *place, const char *function);

#define CHECK_TEXT_OF(x) #x
#define CHECK_LINE_TEXT(line) CHECK_TEXT_OF(line)
#define CHECK_HERE() check_come_to(__FILE__ ":" CHECK_LINE_TEXT(__LINE__), __func__)

#define CHECK(condition) (CHECK_HERE(), check_that((condition), #condition, __FILE__, __LINE__))
#define CHECK_INT(got, want) (CHECK_HERE(), check_number((got), (want), #got, __FILE__, __LINE__))
#define CHECK_STR(got, want)                                                                       \
    (CHECK_HERE(), check_text((got), (size_t)-1, (want), __FILE__, __LINE__))
#define CHECK_SLICE(got, want)                                                                     \
    (CHECK_HERE(), check_text((got).p, (got).n, (want), __FILE__, __LINE__))

/* A copy of the bytes whose end lies against an unmapped page: reading one too far is a crash. */
char *guard_copy(const void *bytes, size_t n);
void guard_free(char *copy, size_t n);

/* A whole file of the test data; the caller frees. NULL if it cannot be read. */
char *slurp(const char *path, size_t *n);

/* Makes that file of those bytes; a check fails where that cannot be. */
void spill(const char *path, const char *bytes, size_t n);

#endif
