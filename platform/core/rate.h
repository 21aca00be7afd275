/*
 * So many a second and no more: whoever forges the addresses of others cannot make us bother them
 * without end with what we refuse.
 */
#ifndef BC_PLATFORM_RATE_H
#define BC_PLATFORM_RATE_H

#include <stdbool.h>
#include <stdint.h>

#define BC_SERVER_REFUSALS_PER_S 5000

struct rate {
    uint32_t limit; /* 0: any number */
    uint32_t taken; /* since `since_ms` */
    uint64_t since_ms;
};

/* Whether there may be one more. */
static inline bool bc_server_rate_has_room(const struct rate *rate, uint64_t now_ms)
{
    return rate->limit == 0 || rate->taken < rate->limit || now_ms >= rate->since_ms + 1000;
}

/* The same, and counts it. */
static inline bool bc_server_rate_take(struct rate *rate, uint64_t now_ms)
{
    if (!bc_server_rate_has_room(rate, now_ms))
        return false;
    if (now_ms >= rate->since_ms + 1000) {
        rate->since_ms = now_ms;
        rate->taken = 0;
    }
    rate->taken++;
    return true;
}

#endif
