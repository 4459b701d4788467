#include "core/error.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBLEM_PATH_MAX 1024
#define SUGGEST_NAME_MAX 96
#define SUGGEST_PREFIX_MIN 3

/*
** The longest prefix of at most max bytes that does not end inside a UTF-8 sequence. Looks back
** three bytes at most, so text that is no UTF-8 is simply cut.
*/
static size_t cut_length(const char *text, size_t n, size_t max)
{
    if (n <= max)
        return n;
    size_t end = max;
    for (int back = 0; back < 3 && end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80; back++)
        end--;
    return end;
}

static void copy_cut(char *to, size_t size, const char *from)
{
    size_t n = cut_length(from, strlen(from), size - 1);
    memmove(to, from, n);
    to[n] = '\0';
}

/* Room for one whole sequence beyond the maximum, so that a cut one is seen as cut. */
#define FORMATTED_SIZE (BR_ERROR_MESSAGE_MAX + 4)

void br_error_clear(br_error *e)
{
    e->kind = BR_OK;
    e->code[0] = '\0';
    e->message[0] = '\0';
}

/* Formats beside the error first: the arguments may be the old code or message. */
bool br_error_set(br_error *e, br_err_kind kind, const char *code, const char *format, ...)
{
    char text[FORMATTED_SIZE];
    va_list args;
    va_start(args, format);
    if (vsnprintf(text, sizeof(text), format, args) < 0)
        text[0] = '\0';
    va_end(args);
    e->kind = kind;
    e->status = 0;
    e->request_id[0] = '\0';
    e->told_to_wait = false;
    copy_cut(e->code, sizeof(e->code), code != NULL && *code != '\0' ? code : "Unknown");
    copy_cut(e->message, sizeof(e->message), text);
    return false;
}

const char *br_err_kind_name(br_err_kind kind)
{
    static const char *const names[] = {
        [BR_OK] = "ok",
        [BR_ERR_CONFIG] = "config",
        [BR_ERR_VALIDATION] = "validation",
        [BR_ERR_CREDENTIALS] = "credentials",
        [BR_ERR_TRANSPORT] = "transport",
        [BR_ERR_TIMEOUT] = "timeout",
        [BR_ERR_SERVICE] = "service",
        [BR_ERR_STREAM] = "stream",
        [BR_ERR_CANCELLED] = "cancelled",
    };
    return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

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

static char *copy_text(const char *text, size_t n)
{
    char *copy = malloc(n + 1);
    if (copy == NULL)
        return NULL;
    if (n > 0)
        memcpy(copy, text, n);
    copy[n] = '\0';
    return copy;
}

static bool fill_problem(br_problem *item, const char *kind, br_slice path, const char *message)
{
    size_t max = BR_ERROR_MESSAGE_MAX - 1;
    item->kind = kind;
    item->path = copy_text(path.p, cut_length(path.p, path.n, PROBLEM_PATH_MAX));
    item->message = copy_text(message, cut_length(message, strlen(message), max));
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
    char text[FORMATTED_SIZE];
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

/* A name as it is compared: lower-case, without _ and -. Names over the maximum are never near. */
typedef struct folded {
    size_t n;
    char text[SUGGEST_NAME_MAX];
} folded;

static bool fold(folded *f, br_slice name)
{
    f->n = 0;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (c == '_' || c == '-')
            continue;
        if (f->n == SUGGEST_NAME_MAX)
            return false;
        f->text[f->n++] = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
    }
    return true;
}

bool br_name_alike(br_slice a, br_slice b)
{
    folded x, y;
    return fold(&x, a) && fold(&y, b) && x.n == y.n && memcmp(x.text, y.text, x.n) == 0;
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static bool swapped(const folded *a, const folded *b, size_t i, size_t j)
{
    return i > 1 && j > 1 && a->text[i - 1] == b->text[j - 2] && a->text[i - 2] == b->text[j - 1];
}

/* Insertions, deletions, substitutions, and swaps of neighbours (optimal string alignment). */
static unsigned edit_distance(const folded *a, const folded *b)
{
    unsigned rows[3][SUGGEST_NAME_MAX + 1];
    for (size_t j = 0; j <= b->n; j++)
        rows[0][j] = (unsigned)j;
    for (size_t i = 1; i <= a->n; i++) {
        unsigned *row = rows[i % 3];
        const unsigned *above = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b->n; j++) {
            unsigned cost = a->text[i - 1] == b->text[j - 1] ? 0 : 1;
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + cost);
            if (swapped(a, b, i, j))
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return rows[a->n % 3][b->n];
}

/* One begins with the other, and enough of it is there to mean something. */
static bool begins(const folded *a, const folded *b)
{
    size_t n = a->n < b->n ? a->n : b->n;
    return n >= SUGGEST_PREFIX_MIN && memcmp(a->text, b->text, n) == 0;
}

void br_suggest_init(br_suggest *s, br_slice given)
{
    size_t limit = given.n <= 2 * SUGGEST_NAME_MAX ? given.n / 3 : 0;
    *s = (br_suggest){.given = given, .limit = (unsigned)limit, .best_distance = UINT_MAX};
}

/* How far a name is from what was given; a beginning is further than any slip of the pen. */
static unsigned distance_of(const folded *given, const folded *other, unsigned limit)
{
    size_t gap = given->n > other->n ? given->n - other->n : other->n - given->n;
    unsigned distance = gap <= limit ? edit_distance(given, other) : UINT_MAX;
    if (distance <= limit)
        return distance;
    return begins(given, other) ? limit + 1 + (unsigned)gap : UINT_MAX;
}

void br_suggest_try(br_suggest *s, br_slice candidate)
{
    folded given, other;
    if (!fold(&given, s->given) || !fold(&other, candidate))
        return;
    unsigned distance = distance_of(&given, &other, s->limit);
    if (distance < s->best_distance) {
        s->best = candidate;
        s->best_distance = distance;
    }
}
