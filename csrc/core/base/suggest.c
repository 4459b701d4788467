#include "core/base/suggest.h"

#include <limits.h>
#include <string.h>

#include "core/base/ascii.h"

#define SUGGEST_NAME_MAX 96
#define SUGGEST_PREFIX_MIN 3

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
        f->text[f->n++] = br_to_lower(c);
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
