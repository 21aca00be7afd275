/*
 * The two clocks: see clock.h.
 */
#define _GNU_SOURCE
#include "clock.h"

#include <time.h>

#define NS_PER_MS 1000000u
#define NS_PER_S 1000000000u
#define MS_PER_S 1000
#define WALL_STEP_MS 1000
#define FAR_FUTURE_MS (UINT64_C(1) << 40) /* 34 years: as good as never, and no overflow */

static uint64_t read_ns(clockid_t id)
{
    struct timespec now;
    clock_gettime(id, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

void clock_start(struct daemon_clock *c, unsigned scale)
{
    *c = (struct daemon_clock){.start_ns = read_ns(CLOCK_MONOTONIC), .scale = scale};
}

static uint64_t module_ms_at(const struct daemon_clock *c, uint64_t monotonic_ns)
{
    uint64_t ns = monotonic_ns - c->start_ns;
    return c->start_ms + ns / NS_PER_MS * c->scale + ns % NS_PER_MS * c->scale / NS_PER_MS;
}

uint64_t clock_now_ms(const struct daemon_clock *c)
{
    return module_ms_at(c, read_ns(CLOCK_MONOTONIC));
}

void clock_set_scale(struct daemon_clock *c, unsigned scale)
{
    uint64_t now_ns = read_ns(CLOCK_MONOTONIC);
    c->start_ms = module_ms_at(c, now_ns);
    c->start_ns = now_ns;
    c->scale = scale;
}

uint64_t clock_wake_ns(const struct daemon_clock *c, uint64_t module_ms)
{
    uint64_t scale = c->scale;
    module_ms = module_ms > c->start_ms ? module_ms - c->start_ms : 0;
    uint64_t whole_ms = module_ms / scale;
    if (whole_ms > FAR_FUTURE_MS)
        whole_ms = FAR_FUTURE_MS;
    uint64_t rest_ns = (module_ms % scale * NS_PER_MS + scale - 1) / scale;
    uint64_t wake_ns = c->start_ns + whole_ms * NS_PER_MS + rest_ns;
    uint64_t soonest_ns = read_ns(CLOCK_MONOTONIC) + NS_PER_MS;
    return wake_ns > soonest_ns ? wake_ns : soonest_ns;
}

bool clock_wall_changed(struct daemon_clock *c, int64_t *utc_s)
{
    if (c->wall_told && c->scale > 1)
        return false;
    int64_t wall_ms = (int64_t)(read_ns(CLOCK_REALTIME) / NS_PER_MS);
    int64_t ahead_ms = wall_ms - (int64_t)(read_ns(CLOCK_MONOTONIC) / NS_PER_MS);
    int64_t step_ms = ahead_ms - c->wall_ahead_ms;
    if (c->wall_told && step_ms > -WALL_STEP_MS && step_ms < WALL_STEP_MS)
        return false;
    c->wall_told = true;
    c->wall_ahead_ms = ahead_ms;
    *utc_s = wall_ms / MS_PER_S;
    return true;
}
