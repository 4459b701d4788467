#define _DEFAULT_SOURCE
#include "check.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static atomic_int passed, failed; /* threads check, too */

static void count(bool ok)
{
    if (ok)
        passed++;
    else
        failed++;
}

void check_that(bool ok, const char *what, const char *file, int line)
{
    count(ok);
    if (!ok)
        printf("%s:%d: not so: %s\n", file, line, what);
}

void check_text(const char *got, size_t got_len, const char *want, const char *file, int line)
{
    if (got != NULL && got_len == (size_t)-1)
        got_len = strlen(got);
    bool ok = got != NULL && got_len == strlen(want) && memcmp(got, want, got_len) == 0;
    count(ok);
    if (!ok)
        printf("%s:%d: got \"%.*s\", want \"%s\"\n", file, line, got ? (int)got_len : 4,
               got ? got : "NULL", want);
}

void check_number(long long got, long long want, const char *what, const char *file, int line)
{
    count(got == want);
    if (got != want)
        printf("%s:%d: %s is %lld, want %lld\n", file, line, what, got, want);
}

int check_done(void)
{
    printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}

static size_t guard_span(size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (n + page - 1) / page * page + page;
}

char *guard_copy(const void *bytes, size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), span = guard_span(n);
    char *base = mmap(NULL, span, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED || mprotect(base + span - page, page, PROT_NONE) != 0)
        abort();
    char *copy = base + span - page - n;
    if (n > 0)
        memcpy(copy, bytes, n);
    return copy;
}

void guard_free(char *copy, size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), span = guard_span(n);
    munmap(copy + n + page - span, span);
}

char *slurp(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return NULL;
    size_t cap = 65536, len = 0;
    char *data = malloc(cap);
    while (data != NULL) {
        size_t got = fread(data + len, 1, cap - len - 1, f);
        if (got == 0)
            break;
        len += got;
        if (len + 1 == cap) {
            char *larger = realloc(data, cap *= 2);
            if (larger == NULL)
                abort();
            data = larger;
        }
    }
    fclose(f);
    if (data == NULL)
        return NULL;
    data[len] = '\0';
    *n = len;
    return data;
}

void spill(const char *path, const char *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    bool written = f != NULL && fwrite(bytes, 1, n, f) == n;
    bool closed = f != NULL && fclose(f) == 0;
    check_that(written && closed, path, __FILE__, __LINE__);
}
