/*
 * Deadlines in a 4-ary heap: the next one is at hand, setting and clearing cost the logarithm.
 * Callers that often push a deadline back leave the timer alone and look again when it fires.
 */
#ifndef BC_PLATFORM_TIMER_H
#define BC_PLATFORM_TIMER_H

#include "bc260y/types.h"

struct timer {
    uint32_t position; /* in the heap, from 1; 0 = not set */
};

struct timer_entry {
    uint64_t due_ms;
    struct timer *timer;
};

struct timers {
    struct timer_entry *entries;
    uint32_t count;
    uint32_t reserved; /* timers that may be set at the same time */
    uint32_t cap;
};

/* Makes room for one more timer that may be set; false when memory is short. What is reserved
 * must be released when its owner goes. */
bool bc_server_timers_reserve(struct timers *t);
void bc_server_timers_release(struct timers *t);
void bc_server_timers_free(struct timers *t);

/* Sets or moves; the place must have been reserved. */
void bc_server_timer_set(struct timers *t, struct timer *timer, uint64_t due_ms);
void bc_server_timer_clear(struct timers *t, struct timer *timer); /* fine when not set */

/* Clears the next one; at least one must be set. */
struct timer *bc_server_timers_take(struct timers *t);

static inline uint64_t bc_server_timers_next(const struct timers *t)
{
    return t->count == 0 ? BC_NEVER : t->entries[0].due_ms;
}

static inline uint64_t bc_server_timer_due(const struct timers *t, const struct timer *timer)
{
    return timer->position == 0 ? BC_NEVER : t->entries[timer->position - 1].due_ms;
}

#endif
