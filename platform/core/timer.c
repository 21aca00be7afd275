/*
 * The 4-ary heap of timer.h. Four children share a cache line.
 */
#include "timer.h"

#include <assert.h>
#include <stdlib.h>

#define CHILDREN 4
#define CAP_MIN 64

bool bc_server_timers_reserve(struct timers *t)
{
    if (t->reserved == t->cap) {
        uint32_t cap = t->cap == 0 ? CAP_MIN : t->cap * 2;
        struct timer_entry *entries = realloc(t->entries, cap * sizeof(*entries));
        if (entries == NULL)
            return false;
        t->entries = entries;
        t->cap = cap;
    }
    t->reserved++;
    return true;
}

void bc_server_timers_release(struct timers *t)
{
    assert(t->reserved > t->count || t->count == 0);
    t->reserved--;
}

void bc_server_timers_free(struct timers *t)
{
    free(t->entries);
    *t = (struct timers){0};
}

static void place(struct timers *t, uint32_t at, struct timer_entry entry)
{
    t->entries[at] = entry;
    entry.timer->position = at + 1;
}

static void sift_up(struct timers *t, uint32_t at, struct timer_entry entry)
{
    while (at > 0) {
        uint32_t parent = (at - 1) / CHILDREN;
        if (t->entries[parent].due_ms <= entry.due_ms)
            break;
        place(t, at, t->entries[parent]);
        at = parent;
    }
    place(t, at, entry);
}

static void sift_down(struct timers *t, uint32_t at, struct timer_entry entry)
{
    for (;;) {
        uint32_t first = at * CHILDREN + 1;
        uint32_t end = first + CHILDREN < t->count ? first + CHILDREN : t->count;
        uint32_t least = first;
        for (uint32_t child = first + 1; child < end; child++)
            if (t->entries[child].due_ms < t->entries[least].due_ms)
                least = child;
        if (first >= t->count || t->entries[least].due_ms >= entry.due_ms)
            break;
        place(t, at, t->entries[least]);
        at = least;
    }
    place(t, at, entry);
}

void bc_server_timer_set(struct timers *t, struct timer *timer, uint64_t due_ms)
{
    struct timer_entry entry = {due_ms, timer};
    if (timer->position == 0) {
        assert(t->count < t->reserved);
        sift_up(t, t->count++, entry);
    } else if (due_ms < t->entries[timer->position - 1].due_ms) {
        sift_up(t, timer->position - 1, entry);
    } else {
        sift_down(t, timer->position - 1, entry);
    }
}

void bc_server_timer_clear(struct timers *t, struct timer *timer)
{
    if (timer->position == 0)
        return;
    uint32_t at = timer->position - 1;
    struct timer_entry last = t->entries[--t->count];
    timer->position = 0;
    if (at == t->count)
        return;
    if (at > 0 && last.due_ms < t->entries[(at - 1) / CHILDREN].due_ms)
        sift_up(t, at, last);
    else
        sift_down(t, at, last);
}

struct timer *bc_server_timers_take(struct timers *t)
{
    struct timer *timer = t->entries[0].timer;
    bc_server_timer_clear(t, timer);
    return timer;
}
