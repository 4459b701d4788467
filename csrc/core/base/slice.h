/*
** Slices: bytes that belong to somebody else.
*/
#ifndef BR_CORE_BASE_SLICE_H
#define BR_CORE_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Borrowed bytes; need not end in NUL. {NULL, 0} is "not given", {"", 0} is "given, empty". */
typedef struct br_slice {
    const char *p;
    size_t n;
} br_slice;

#define BR_SLICE(literal) ((br_slice){(literal), sizeof(literal) - 1})

br_slice br_slice_of(const char *text); /* NULL gives {NULL, 0} */

static inline bool br_slice_eq(br_slice a, br_slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool br_slice_eqs(br_slice a, const char *text);
bool br_slice_eq_nocase(br_slice a, br_slice b); /* ASCII only */
bool br_slice_is_visible(br_slice a);            /* all of it printed ASCII but the blank */
bool br_slice_has_blank_or_control(br_slice a);  /* ASCII's: up to ' ', and DEL */
/*
** The number that digits alone say; max (up to INT64_MAX / 100) stands for all above it. -1: the text
** is empty, or not digits alone.
*/
int64_t br_slice_number(br_slice a, int64_t max);
bool br_slice_starts(br_slice a, const char *prefix);
bool br_slice_ends(br_slice a, const char *suffix);
/*
** The longest beginning of at most max bytes that does not end inside a UTF-8 sequence. Looks back
** three bytes at most, so text that is no UTF-8 is simply cut.
*/
br_slice br_slice_cut(br_slice text, size_t max);

#endif
