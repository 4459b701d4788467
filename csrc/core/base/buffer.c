#define _GNU_SOURCE
#include "core/base/buffer.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define FIRST_CAP 64
#define HUGE_FROM ((size_t)4 * 1024 * 1024) /* from this size on, large pages are asked for */
#define PAGE ((size_t)4096)                 /* no page is smaller */

/* One byte of the address space stays free for the NUL, so that max + 1 cannot wrap. */
static void init(br_buf *b, size_t max, bool secret)
{
    *b = (br_buf){.max = max < SIZE_MAX ? max : SIZE_MAX - 1, .secret = secret};
}

void br_buf_init(br_buf *b, size_t max)
{
    init(b, max, false);
}

void br_buf_init_secret(br_buf *b, size_t max)
{
    init(b, max, true);
}

void br_buf_free(br_buf *b)
{
    if (b->secret && b->data != NULL)
        OPENSSL_cleanse(b->data, b->cap);
    free(b->data);
    init(b, b->max, b->secret);
}

void br_buf_clear(br_buf *b)
{
    if (b->len > 0) {
        if (b->secret)
            OPENSSL_cleanse(b->data, b->cap);
        b->data[0] = '\0';
    }
    b->len = 0;
    b->failed = false;
}

/* realloc may leave the old block behind as it was, so secrets move by hand. */
static char *resize(const br_buf *b, size_t cap)
{
    if (!b->secret || b->data == NULL)
        return realloc(b->data, cap);
    char *fresh = malloc(cap);
    if (fresh == NULL)
        return NULL;
    memcpy(fresh, b->data, b->len);
    OPENSSL_cleanse(b->data, b->cap);
    free(b->data);
    return fresh;
}

/* Twice as much; where it is large, a quarter more than is needed: its last bytes are not to move it. */
static size_t grown_cap(const br_buf *b, size_t need)
{
    if (need >= HUGE_FROM)
        return need > b->max - need / 4 ? b->max + 1 : need + need / 4;
    size_t cap = b->cap > b->max / 2 ? b->max + 1 : b->cap * 2;
    if (cap < FIRST_CAP)
        cap = FIRST_CAP;
    return cap < need ? need : cap;
}

/*
** A large block is new memory, and its 4 kB pages cost three times what filling them does: 15 ms
** for 20 MB, in which an event loop would stand still. Only advice, on the pages that are all ours.
*/
static void advise(char *data, size_t cap)
{
#ifdef MADV_HUGEPAGE
    uintptr_t start = ((uintptr_t)data + PAGE - 1) & ~(PAGE - 1);
    uintptr_t end = ((uintptr_t)data + cap) & ~(PAGE - 1);
    if (cap >= HUGE_FROM)
        madvise((void *)start, end - start, MADV_HUGEPAGE);
#else
    (void)data, (void)cap;
#endif
}

/*
** Also asked when the block has room beyond the maximum (the first block may be larger), and then
** fails.
*/
char *br_buf_grow(br_buf *b, size_t n)
{
    if (b->failed || n > b->max - b->len) {
        b->failed = true;
        return NULL;
    }
    size_t cap = grown_cap(b, b->len + n + 1);
    char *data = resize(b, cap);
    if (data == NULL) {
        b->failed = true;
        return NULL;
    }
    advise(data, cap);
    data[b->len] = '\0';
    b->data = data;
    b->cap = cap;
    return data + b->len;
}

bool br_buf_adds(br_buf *b, const char *text)
{
    return br_buf_add(b, text, strlen(text));
}

bool br_buf_add_slice(br_buf *b, br_slice s)
{
    return br_buf_add(b, s.p, s.n);
}

bool br_buf_addf(br_buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (n < 0)
        b->failed = true;
    char *to = n < 0 ? NULL : br_buf_reserve(b, (size_t)n);
    if (to != NULL) {
        vsnprintf(to, (size_t)n + 1, format, again);
        b->len += (size_t)n;
    }
    va_end(again);
    return to != NULL;
}

bool br_buf_add_u64(br_buf *b, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    return br_buf_add(b, digits + at, sizeof(digits) - at);
}

br_slice br_buf_slice(const br_buf *b)
{
    return (br_slice){b->data != NULL ? b->data : "", b->len};
}
