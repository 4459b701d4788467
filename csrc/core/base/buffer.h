/*
** Growable buffers.
**
** A br_buf has a hard maximum that its owner names. Failure is sticky: an add that would pass
** the maximum, or that finds no memory, sets `failed` and leaves the contents as they were; all
** later adds do nothing. So a writer adds freely and looks at `failed` once, at the end.
*/
#ifndef BR_CORE_BASE_BUFFER_H
#define BR_CORE_BASE_BUFFER_H

#include "core/base/slice.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>

typedef struct br_buf {
    char *data; /* NULL while nothing was added; else a NUL follows the contents */
    size_t len; /* without that NUL */
    size_t cap;
    size_t max;  /* largest len allowed */
    bool failed; /* sticky */
    bool secret; /* cleansed when grown, cleared or freed */
} br_buf;

void br_buf_init(br_buf *b, size_t max);
void br_buf_init_secret(br_buf *b, size_t max);
void br_buf_free(br_buf *b);  /* back to the state after init; idempotent */
void br_buf_clear(br_buf *b); /* keeps the memory, resets failed */

/* The slow way of br_buf_reserve: a larger block, or failure. */
char *br_buf_grow(br_buf *b, size_t n);

/*
** Makes room for n more bytes and returns where they go (NULL on failure); br_buf_commit then
** counts the bytes really written (at most n).
*/
static inline char *br_buf_reserve(br_buf *b, size_t n)
{
    bool fits = !b->failed && n < b->cap - b->len && n <= b->max - b->len;
    return fits ? b->data + b->len : br_buf_grow(b, n);
}

static inline void br_buf_commit(br_buf *b, size_t n)
{
    b->len += n;
    b->data[b->len] = '\0';
}

static inline bool br_buf_add(br_buf *b, const void *bytes, size_t n)
{
    if (n == 0)
        return !b->failed;
    char *to = br_buf_reserve(b, n);
    if (to == NULL)
        return false;
    memcpy(to, bytes, n);
    br_buf_commit(b, n);
    return true;
}

static inline bool br_buf_addc(br_buf *b, char c)
{
    return br_buf_add(b, &c, 1);
}

bool br_buf_adds(br_buf *b, const char *text);
bool br_buf_add_slice(br_buf *b, br_slice s);
bool br_buf_addf(br_buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool br_buf_add_u64(br_buf *b, uint64_t value);

br_slice br_buf_slice(const br_buf *b); /* never a NULL pointer: "" for an empty buffer */

#endif
