#include "engine/loop/internal.h"

#include <stdlib.h>

static void place(br_timers *h, size_t slot, br_timer *t)
{
    h->heap[slot] = t;
    t->slot = slot;
}

static void sift_up(br_timers *h, size_t slot, br_timer *t)
{
    while (slot > 1 && h->heap[slot / 2]->due_ms > t->due_ms) {
        place(h, slot, h->heap[slot / 2]);
        slot /= 2;
    }
    place(h, slot, t);
}

static void sift_down(br_timers *h, size_t slot, br_timer *t)
{
    for (;;) {
        size_t child = slot * 2;
        if (child > h->count)
            break;
        if (child < h->count && h->heap[child + 1]->due_ms < h->heap[child]->due_ms)
            child++;
        if (h->heap[child]->due_ms >= t->due_ms)
            break;
        place(h, slot, h->heap[child]);
        slot = child;
    }
    place(h, slot, t);
}

bool br_timers_reserve(br_timers *h, size_t count)
{
    if (count < h->cap)
        return true;
    if (count > SIZE_MAX / sizeof *h->heap / 2 - 1)
        return false;
    size_t cap = count * 2 + 1;
    br_timer **heap = realloc(h->heap, cap * sizeof *heap);
    if (heap == NULL)
        return false;
    h->heap = heap;
    h->cap = cap;
    return true;
}

bool br_timers_add(br_timers *h, br_timer *t)
{
    if (!br_timers_reserve(h, h->count + 1))
        return false;
    sift_up(h, ++h->count, t);
    return true;
}

void br_timers_remove(br_timers *h, br_timer *t)
{
    size_t slot = t->slot;
    if (slot == 0)
        return;
    t->slot = 0;
    br_timer *last = h->heap[h->count--];
    if (last == t)
        return;
    if (slot > 1 && h->heap[slot / 2]->due_ms > last->due_ms)
        sift_up(h, slot, last);
    else
        sift_down(h, slot, last);
}

br_timer *br_timers_first(const br_timers *h)
{
    return h->count > 0 ? h->heap[1] : NULL;
}

void br_timers_free(br_timers *h)
{
    for (size_t i = 1; i <= h->count; i++)
        h->heap[i]->slot = 0;
    free(h->heap);
    *h = (br_timers){0};
}
