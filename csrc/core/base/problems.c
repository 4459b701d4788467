#include "core/base/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/owned_text.h"

#define PROBLEM_PATH_MAX 1024

void br_problems_init(br_problems *p)
{
    p->count = 0;
    p->dropped = 0;
}

static void free_problem(br_problem *item)
{
    free(item->path);
    free(item->message);
}

void br_problems_free(br_problems *p)
{
    for (size_t i = 0; i < p->count; i++)
        free_problem(&p->items[i]);
    br_problems_init(p);
}

static bool fill_problem(br_problem *item, const char *kind, br_slice path, const char *message)
{
    size_t max = BR_ERROR_MESSAGE_MAX - 1;
    item->kind = kind;
    item->path = br_text_copy(br_slice_cut(path, PROBLEM_PATH_MAX));
    item->message = br_text_copy(br_slice_cut(br_slice_of(message), max));
    if (item->path != NULL && item->message != NULL)
        return true;
    free_problem(item);
    return false;
}

static size_t digits_of(const char *text)
{
    return strspn(text, "0123456789");
}

/* Two runs of digits, as numbers of any size. */
static int number_order(const char *a, size_t m, const char *b, size_t n)
{
    for (; m > 1 && *a == '0'; m--)
        a++;
    for (; n > 1 && *b == '0'; n--)
        b++;
    return m != n ? (m < n ? -1 : 1) : memcmp(a, b, m);
}

int br_natural_order(const char *a, const char *b)
{
    const char *x = a, *y = b;
    while (*x != '\0' && *y != '\0') {
        size_t m = digits_of(x), n = digits_of(y);
        bool numbers = m > 0 && n > 0;
        int order = numbers ? number_order(x, m, y, n) : (unsigned char)*x - (unsigned char)*y;
        if (order != 0)
            return order;
        x += numbers ? m : 1;
        y += numbers ? n : 1;
    }
    return *x != *y ? (unsigned char)*x - (unsigned char)*y : strcmp(a, b);
}

static int problem_order(const br_problem *a, const br_problem *b)
{
    int order = br_natural_order(a->path, b->path);
    if (order == 0)
        order = strcmp(a->message, b->message);
    return order != 0 ? order : strcmp(a->kind, b->kind);
}

/* Takes over the item. Of too many those stay that come first, in whatever order they are found. */
static void insert(br_problems *p, br_problem item)
{
    size_t at = p->count;
    while (at > 0 && problem_order(&item, &p->items[at - 1]) < 0)
        at--;
    if (p->count == BR_PROBLEMS_MAX) {
        free_problem(at < p->count ? &p->items[p->count - 1] : &item);
        p->dropped++;
        if (at == p->count)
            return;
        p->count--;
    }
    memmove(&p->items[at + 1], &p->items[at], (p->count - at) * sizeof item);
    p->items[at] = item;
    p->count++;
}

bool br_problems_add(br_problems *p, const char *kind, br_slice path, const char *format, ...)
{
    char text[BR_ERROR_FORMATTED_SIZE];
    br_problem item;
    va_list args;
    va_start(args, format);
    if (vsnprintf(text, sizeof(text), format, args) < 0)
        text[0] = '\0';
    va_end(args);
    if (fill_problem(&item, kind, path, text))
        insert(p, item);
    else
        p->dropped++;
    return false;
}

bool br_problems_any(const br_problems *p)
{
    return p->count > 0 || p->dropped > 0;
}

bool br_problems_at(const br_problems *p, const char *path)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->items[i].path, path) == 0)
            return true;
    return false;
}
