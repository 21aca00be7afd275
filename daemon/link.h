/*
 * The network one can break: what a datagram meets on its way, each way for itself. Sans-IO, as the
 * library is: datagrams and time go in, datagrams come out when they arrive.
 *
 *     if (link_on_datagram(l, way, now_ms, &peer, in) == LINK_PASSES)
 *         carry(&peer, in);
 *     while (link_take(l, now_ms, &way, &peer, &out))
 *         carry(&peer, out);
 *     wait_until(link_deadline(l));          // later than now_ms once link_take() has run dry
 *
 * A datagram first meets the blackhole, then loss, then is perhaps duplicated; each copy then waits
 * for the line (rate), and travels (delay, jitter). Jitter keeps the order of datagrams; what is
 * picked for reordering is held back until others have overtaken it. Chance comes from the seed:
 * the same datagrams at the same times meet the same fate.
 *
 * Nothing is set at the beginning: then datagrams pass without being copied.
 */
#ifndef BC_DAEMON_LINK_H
#define BC_DAEMON_LINK_H

#include "base/random.h"
#include "bc260y/limits.h"
#include "bc260y/types.h"

#define LINK_DATAGRAMS_MAX 256   /* held at a time, both ways together; the next are dropped */
#define LINK_QUEUE_MAX 64        /* that wait for the line, one way: what the rate's queue may be */
#define LINK_HEADER_BYTES 28     /* of IPv4 and UDP, which the line carries, too */
#define LINK_CHANCE_MAX 1000000u /* parts per million: always */

enum link_way {
    LINK_UP, /* from the module */
    LINK_DOWN,
    LINK_WAYS,
};

/* All zero: a perfect link. */
struct link_faults {
    uint32_t loss_ppm;
    uint32_t duplicate_ppm;
    uint32_t reorder_ppm;
    uint32_t reorder_depth; /* this many later datagrams overtake; at least 1 */
    uint32_t reorder_ms;    /* but it is held back no longer than this */
    uint32_t delay_ms;
    uint32_t jitter_ms; /* the delay is delay_ms - jitter_ms to delay_ms + jitter_ms, at least 0 */
    uint32_t rate_bps;  /* of the line, bits per second; 0 = not limited */
    uint32_t queue;     /* datagrams that may wait for the line, at most LINK_QUEUE_MAX */
};

/* What became of the datagrams of one way. */
struct link_counts {
    uint64_t arrived; /* copies included */
    uint64_t lost;
    uint64_t duplicated;
    uint64_t reordered;
    uint64_t blackholed;
    uint64_t queue_full; /* dropped, the line's queue was full */
    uint64_t overflow;   /* dropped, LINK_DATAGRAMS_MAX were held */
};

enum link_fate {
    LINK_PASSES, /* goes on at once as it is */
    LINK_HOLDS,  /* comes with link_take() */
    LINK_DROPS,
};

struct link_datagram;

/* Fields below `counts` are link.c's. */
struct link {
    struct link_faults faults[LINK_WAYS]; /* may be changed at any time; holds for what comes */
    uint64_t blackhole_until_ms[LINK_WAYS];
    struct link_counts counts[LINK_WAYS];
    struct bc_random random;
    struct link_datagram *held[LINK_DATAGRAMS_MAX]; /* in the order in which they came */
    struct link_datagram *taken;                    /* handed out */
    size_t held_count;
    size_t held_of[LINK_WAYS];
    uint64_t last_due_ms[LINK_WAYS];  /* of datagrams that keep their order */
    uint64_t line_free_us[LINK_WAYS]; /* when the line has sent all it was given */
};

void link_init(struct link *l, uint64_t seed);
void link_close(struct link *l); /* what is under way is lost */

enum link_fate link_on_datagram(struct link *l, enum link_way way, uint64_t now_ms,
                                const struct bc_address *peer, bc_view in);

/* The next datagram that has arrived; `out` lives until the next call on this link. */
bool link_take(struct link *l, uint64_t now_ms, enum link_way *way, struct bc_address *peer,
               bc_view *out);

/* When link_take() has something at the latest, or BC_NEVER. */
uint64_t link_deadline(const struct link *l);

#endif
