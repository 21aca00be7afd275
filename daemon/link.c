/*
 * The network one can break: see link.h.
 */
#include "link.h"

#include <stdlib.h>
#include <string.h>

#define BITS_PER_BYTE 8u
#define US_PER_S 1000000u
#define US_PER_MS 1000u

/* Datagrams are few and short-lived: one allocation each, freed when the next is taken. */
struct link_datagram {
    uint64_t due_ms;
    uint64_t line_us;    /* when the line has sent it; it is in the queue until then */
    uint32_t overtakers; /* 0 = keeps its order; else how many have still to pass it */
    enum link_way way;
    struct bc_address peer;
    size_t len;
    uint8_t bytes[];
};

void link_init(struct link *l, uint64_t seed)
{
    *l = (struct link){.random.state = seed};
}

void link_close(struct link *l)
{
    for (size_t i = 0; i < l->held_count; i++)
        free(l->held[i]);
    free(l->taken);
    l->held_count = 0;
    l->taken = NULL;
}

/* --- Chance ----------------------------------------------------------------------------------- */

/* Below `limit`; the error of a modulo is less than a thousandth of a part per million. */
static uint32_t draw(struct link *l, uint64_t limit)
{
    uint64_t wide = (uint64_t)bc_random_next(&l->random) << 32 | bc_random_next(&l->random);
    return (uint32_t)(wide % limit);
}

/* What is impossible or certain costs no draw. */
static bool happens(struct link *l, uint32_t chance_ppm)
{
    if (chance_ppm == 0 || chance_ppm >= LINK_CHANCE_MAX)
        return chance_ppm != 0;
    return draw(l, LINK_CHANCE_MAX) < chance_ppm;
}

static uint64_t travel_ms(struct link *l, const struct link_faults *faults)
{
    if (faults->jitter_ms == 0)
        return faults->delay_ms;
    uint64_t late_ms = (uint64_t)faults->delay_ms + draw(l, 2 * (uint64_t)faults->jitter_ms + 1);
    return late_ms > faults->jitter_ms ? late_ms - faults->jitter_ms : 0;
}

/* --- The line --------------------------------------------------------------------------------- */

static size_t queued(const struct link *l, enum link_way way, uint64_t now_us)
{
    size_t count = 0;
    for (size_t i = 0; i < l->held_count; i++)
        count += l->held[i]->way == way && l->held[i]->line_us > now_us;
    return count;
}

/* When the line will have sent `len` bytes; false when its queue is full. The one that is being
 * sent has left the queue's places: a queue of 0 is a line that takes one at a time. */
static bool join_line(struct link *l, enum link_way way, uint64_t now_ms, size_t len,
                      uint64_t *line_us)
{
    const struct link_faults *faults = &l->faults[way];
    uint64_t now_us = now_ms * US_PER_MS;
    *line_us = now_us;
    if (faults->rate_bps == 0)
        return true;
    if (queued(l, way, now_us) > faults->queue) {
        l->counts[way].queue_full++;
        return false;
    }
    uint64_t bits = (uint64_t)(len + LINK_HEADER_BYTES) * BITS_PER_BYTE;
    uint64_t start_us = l->line_free_us[way] > now_us ? l->line_free_us[way] : now_us;
    *line_us = start_us + (bits * US_PER_S + faults->rate_bps - 1) / faults->rate_bps;
    l->line_free_us[way] = *line_us;
    return true;
}

/* --- Holding ---------------------------------------------------------------------------------- */

static void hold(struct link *l, const struct link_datagram *head, bc_view in)
{
    struct link_datagram *datagram = NULL;
    if (l->held_count < LINK_DATAGRAMS_MAX)
        datagram = malloc(sizeof(*datagram) + in.len);
    if (datagram == NULL) {
        l->counts[head->way].overflow++;
        return;
    }
    *datagram = *head;
    datagram->len = in.len;
    if (in.len > 0)
        memcpy(datagram->bytes, in.ptr, in.len);
    l->held[l->held_count++] = datagram;
    l->held_of[head->way]++;
}

/* One copy's way. True when it arrives at once. */
static bool send_copy(struct link *l, enum link_way way, uint64_t now_ms,
                      const struct bc_address *peer, bc_view in)
{
    const struct link_faults *faults = &l->faults[way];
    struct link_datagram head = {.way = way, .peer = *peer};
    if (!join_line(l, way, now_ms, in.len, &head.line_us))
        return false;
    head.due_ms = (head.line_us + US_PER_MS - 1) / US_PER_MS + travel_ms(l, faults);
    if (head.due_ms < l->last_due_ms[way])
        head.due_ms = l->last_due_ms[way];
    if (happens(l, faults->reorder_ppm)) {
        l->counts[way].reordered++;
        head.overtakers = faults->reorder_depth > 0 ? faults->reorder_depth : 1;
        head.due_ms += faults->reorder_ms;
    } else {
        l->last_due_ms[way] = head.due_ms;
    }
    if (head.due_ms <= now_ms && l->held_of[way] == 0)
        return true;
    hold(l, &head, in);
    return false;
}

enum link_fate link_on_datagram(struct link *l, enum link_way way, uint64_t now_ms,
                                const struct bc_address *peer, bc_view in)
{
    const struct link_faults *faults = &l->faults[way];
    size_t held_before = l->held_count;
    if (now_ms < l->blackhole_until_ms[way]) {
        l->counts[way].blackholed++;
        return LINK_DROPS;
    }
    if (happens(l, faults->loss_ppm)) {
        l->counts[way].lost++;
        return LINK_DROPS;
    }
    bool twice = happens(l, faults->duplicate_ppm);
    bool at_once = send_copy(l, way, now_ms, peer, in);
    if (twice) {
        l->counts[way].duplicated++;
        /* The first one is still to be carried on, so the second waits for link_take(). */
        l->held_of[way] += at_once;
        (void)send_copy(l, way, now_ms, peer, in);
        l->held_of[way] -= at_once;
    }
    l->counts[way].arrived += at_once;
    if (at_once)
        return LINK_PASSES;
    return l->held_count > held_before ? LINK_HOLDS : LINK_DROPS;
}

/* --- Arriving --------------------------------------------------------------------------------- */

/* The place of the first to arrive; of equals, the first that came. */
static size_t first_due(const struct link *l)
{
    size_t first = 0;
    for (size_t i = 1; i < l->held_count; i++)
        if (l->held[i]->due_ms < l->held[first]->due_ms)
            first = i;
    return first;
}

/* The datagram at `place` passes those that came before it and are held back for that. */
static void overtake(struct link *l, size_t place, uint64_t now_ms)
{
    for (size_t i = 0; i < place; i++) {
        struct link_datagram *held = l->held[i];
        if (held->way == l->held[place]->way && held->overtakers > 0 && --held->overtakers == 0 &&
            held->due_ms > now_ms)
            held->due_ms = now_ms;
    }
}

/* The next datagram that has come to its end of the link, or NULL. */
static struct link_datagram *next_arrival(struct link *l, uint64_t now_ms)
{
    size_t place = first_due(l);
    if (l->held_count == 0 || l->held[place]->due_ms > now_ms)
        return NULL;
    overtake(l, place, now_ms);
    struct link_datagram *datagram = l->held[place];
    l->held_count--;
    l->held_of[datagram->way]--;
    for (size_t i = place; i < l->held_count; i++)
        l->held[i] = l->held[i + 1];
    l->held[l->held_count] = NULL;
    return datagram;
}

bool link_take(struct link *l, uint64_t now_ms, enum link_way *way, struct bc_address *peer,
               bc_view *out)
{
    for (;;) {
        free(l->taken);
        l->taken = next_arrival(l, now_ms);
        if (l->taken == NULL)
            return false;
        *way = l->taken->way;
        if (now_ms >= l->blackhole_until_ms[*way])
            break;
        l->counts[*way].blackholed++;
    }
    l->counts[*way].arrived++;
    *peer = l->taken->peer;
    *out = (bc_view){l->taken->bytes, l->taken->len};
    return true;
}

uint64_t link_deadline(const struct link *l)
{
    return l->held_count > 0 ? l->held[first_due(l)]->due_ms : BC_NEVER;
}
