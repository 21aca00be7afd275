/*
 * The breakable network on a virtual clock: each fault by itself, exactly where it is exact and
 * statistically where chance decides; limits; the promises of link.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link.h"

#define ARRIVALS_MAX 8192
#define MANY 10000u

struct arrival {
    uint64_t ms;
    enum link_way way;
    unsigned number; /* of the datagram */
};

struct world {
    struct link link;
    uint64_t now_ms;
    struct bc_address peer;
    unsigned sent;
    size_t arrivals;
    struct arrival arrival[ARRIVALS_MAX];
};

static void begin(struct world *w, uint64_t seed)
{
    memset(w, 0, sizeof(*w));
    link_init(&w->link, seed);
    w->now_ms = 1000;
    w->peer = (struct bc_address){.ip = {192, 0, 2, 1}, .ip_len = 4, .port = 5683};
}

static void end(struct world *w)
{
    link_close(&w->link);
}

static void arrived(struct world *w, enum link_way way, const struct bc_address *peer, bc_view in)
{
    assert_true(w->arrivals < ARRIVALS_MAX);
    assert_true(bc_address_equal(peer, &w->peer));
    struct arrival *arrival = &w->arrival[w->arrivals++];
    *arrival = (struct arrival){.ms = w->now_ms, .way = way};
    memcpy(&arrival->number, in.ptr, sizeof(arrival->number));
}

static void take(struct world *w)
{
    enum link_way way;
    struct bc_address peer;
    bc_view out;
    while (link_take(&w->link, w->now_ms, &way, &peer, &out))
        arrived(w, way, &peer, out);
    assert_true(link_deadline(&w->link) > w->now_ms);
}

/* Time goes on, from deadline to deadline. */
static void after(struct world *w, uint64_t ms)
{
    uint64_t until_ms = w->now_ms + ms;
    while (link_deadline(&w->link) <= until_ms) {
        w->now_ms = link_deadline(&w->link);
        take(w);
    }
    w->now_ms = until_ms;
    take(w);
}

/* A datagram of `len` bytes, which begins with its number. */
static void send_bytes(struct world *w, enum link_way way, size_t len)
{
    uint8_t bytes[BC_DATAGRAM_BYTES_MAX] = {0};
    unsigned number = w->sent++;
    memcpy(bytes, &number, sizeof(number));
    bc_view in = {bytes, len};
    if (link_on_datagram(&w->link, way, w->now_ms, &w->peer, in) == LINK_PASSES)
        arrived(w, way, &w->peer, in);
    memset(bytes, 0xEE, sizeof(bytes)); /* the link has a copy or needs none */
    take(w);
}

static void send_up(struct world *w)
{
    send_bytes(w, LINK_UP, 12);
}

/* The numbers that have arrived since the last call, in order: "0 2 1". */
static const char *order(struct world *w)
{
    static char text[256];
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < w->arrivals; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, i == 0 ? "%u" : " %u",
                               w->arrival[i].number);
    w->arrivals = 0;
    return text;
}

static void perfect_link_passes_everything_without_a_copy(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    uint64_t random = w.link.random.state;
    for (unsigned i = 0; i < 100; i++) {
        send_bytes(&w, i % 2 == 0 ? LINK_UP : LINK_DOWN, 4 + i);
        assert_int_equal(w.arrivals, i + 1);
        assert_int_equal(w.link.held_count, 0);
        assert_true(link_deadline(&w.link) == BC_NEVER);
    }
    assert_true(w.link.random.state == random);
    assert_int_equal(w.link.counts[LINK_UP].arrived, 50);
    end(&w);
}

/* --- Chance ----------------------------------------------------------------------------------- */

/* How many of MANY datagrams arrive; within four standard deviations of what is expected. */
static void check_rate(struct world *w, uint64_t seen, uint32_t chance_ppm)
{
    double p = chance_ppm / 1e6;
    double expected = MANY * p;
    double off = (double)seen - expected;
    if (off * off > 16 * MANY * p * (1 - p))
        print_error("%u of %u at %u ppm\n", (unsigned)seen, MANY, chance_ppm);
    assert_true(off * off <= 16 * MANY * p * (1 - p));
    w->arrivals = 0;
}

static void loss_loses_its_share_one_way(void **state)
{
    static const uint32_t shares_ppm[] = {0, 1000, 100000, 500000, 999000, 1000000};
    (void)state;
    for (size_t i = 0; i < sizeof(shares_ppm) / sizeof(shares_ppm[0]); i++) {
        struct world w;
        begin(&w, i);
        w.link.faults[LINK_UP].loss_ppm = shares_ppm[i];
        for (unsigned k = 0; k < MANY; k++) {
            send_up(&w);
            w.arrivals = 0;
        }
        check_rate(&w, w.link.counts[LINK_UP].lost, shares_ppm[i]);
        assert_int_equal(w.link.counts[LINK_UP].lost + w.link.counts[LINK_UP].arrived, MANY);
        send_bytes(&w, LINK_DOWN, 12);
        assert_int_equal(w.arrivals, 1); /* the other way is another one */
        end(&w);
    }
}

static void duplicates_come_in_their_share_behind_the_original(void **state)
{
    static const uint32_t shares_ppm[] = {10000, 500000, 1000000};
    (void)state;
    for (size_t i = 0; i < sizeof(shares_ppm) / sizeof(shares_ppm[0]); i++) {
        struct world w;
        begin(&w, i);
        w.link.faults[LINK_UP].duplicate_ppm = shares_ppm[i];
        for (unsigned k = 0; k < MANY; k++) {
            send_up(&w);
            assert_in_range(w.arrivals, 1, 2);
            assert_int_equal(w.arrival[w.arrivals - 1].number, k);
            assert_int_equal(w.arrival[0].ms, w.now_ms);
            w.arrivals = 0;
        }
        check_rate(&w, w.link.counts[LINK_UP].duplicated, shares_ppm[i]);
        assert_int_equal(w.link.counts[LINK_UP].arrived, MANY + w.link.counts[LINK_UP].duplicated);
        end(&w);
    }
}

static void same_seed_is_the_same_fate(void **state)
{
    (void)state;
    struct world *w = malloc(3 * sizeof(*w));
    assert_non_null(w);
    for (unsigned run = 0; run < 3; run++) {
        begin(&w[run], run < 2 ? 7 : 8);
        for (unsigned way = 0; way < LINK_WAYS; way++)
            w[run].link.faults[way] = (struct link_faults){.loss_ppm = 200000,
                                                           .duplicate_ppm = 100000,
                                                           .reorder_ppm = 100000,
                                                           .reorder_depth = 2,
                                                           .reorder_ms = 300,
                                                           .delay_ms = 50,
                                                           .jitter_ms = 40,
                                                           .rate_bps = 100000,
                                                           .queue = 20};
        for (unsigned i = 0; i < 2000; i++) {
            send_bytes(&w[run], i % 3 == 0 ? LINK_DOWN : LINK_UP, 4 + i % 100);
            after(&w[run], i % 17);
        }
        after(&w[run], 10000);
    }
    assert_int_equal(w[0].arrivals, w[1].arrivals);
    assert_memory_equal(w[0].arrival, w[1].arrival, w[0].arrivals * sizeof(w[0].arrival[0]));
    assert_true(w[0].arrivals != w[2].arrivals ||
                memcmp(w[0].arrival, w[2].arrival, w[0].arrivals * sizeof(w[0].arrival[0])) != 0);
    for (unsigned run = 0; run < 3; run++)
        end(&w[run]);
    free(w);
}

/* --- Delay ------------------------------------------------------------------------------------ */

static void delay_is_exact_and_each_ways_own(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    w.link.faults[LINK_UP].delay_ms = 2000;
    w.link.faults[LINK_DOWN].delay_ms = 30;
    send_bytes(&w, LINK_UP, 4);
    send_bytes(&w, LINK_DOWN, 4);
    assert_true(link_deadline(&w.link) == w.now_ms + 30);
    after(&w, 29);
    assert_string_equal(order(&w), "");
    after(&w, 1);
    assert_string_equal(order(&w), "1");
    after(&w, 1969);
    assert_string_equal(order(&w), "");
    after(&w, 1);
    assert_string_equal(order(&w), "0");
    end(&w);
}

static void jitter_spreads_evenly_and_keeps_the_order(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 3);
    w.link.faults[LINK_UP].delay_ms = 100;
    w.link.faults[LINK_UP].jitter_ms = 60;
    unsigned buckets[121] = {0};
    for (unsigned i = 0; i < MANY; i++) {
        uint64_t sent_ms = w.now_ms;
        send_up(&w);
        after(&w, 500);
        assert_int_equal(w.arrivals, 1);
        uint64_t took_ms = w.arrival[0].ms - sent_ms;
        assert_in_range(took_ms, 40, 160);
        buckets[took_ms - 40]++;
        w.arrivals = 0;
    }
    for (size_t i = 0; i < 121; i++) /* 82.6 each, sigma 9 */
        assert_in_range(buckets[i], 40, 130);
    for (unsigned i = 0; i < 200; i++) {
        send_up(&w);
        after(&w, 1);
    }
    after(&w, 500);
    assert_int_equal(w.arrivals, 200);
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(w.arrival[i].number, MANY + i);
    end(&w);
}

static void jitter_beyond_the_delay_is_never_negative(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 4);
    w.link.faults[LINK_UP].delay_ms = 10;
    w.link.faults[LINK_UP].jitter_ms = 1000;
    unsigned at_once = 0;
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t sent_ms = w.now_ms;
        send_up(&w);
        after(&w, 2000);
        assert_in_range(w.arrival[i].ms - sent_ms, 0, 1010);
        at_once += w.arrival[i].ms == sent_ms;
    }
    assert_in_range(at_once, 400, 600);
    end(&w);
}

static void order_is_kept_when_the_delay_becomes_shorter(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    w.link.faults[LINK_UP].delay_ms = 1000;
    send_up(&w);
    w.link.faults[LINK_UP].delay_ms = 0;
    send_up(&w);
    after(&w, 999);
    assert_string_equal(order(&w), "");
    after(&w, 1);
    assert_string_equal(order(&w), "0 1");
    send_up(&w);
    assert_string_equal(order(&w), "2");
    end(&w);
}

/* --- Reordering ------------------------------------------------------------------------------- */

/* Only the first one is picked. */
static void send_reordered(struct world *w, uint32_t depth, uint32_t ms)
{
    w->link.faults[LINK_UP].reorder_ppm = LINK_CHANCE_MAX;
    w->link.faults[LINK_UP].reorder_depth = depth;
    w->link.faults[LINK_UP].reorder_ms = ms;
    send_up(w);
    w->link.faults[LINK_UP].reorder_ppm = 0;
}

static void reordered_datagram_is_overtaken_by_so_many(void **state)
{
    static const char *const orders[] = {"1 0 2 3", "1 0 2 3", "1 2 0 3", "1 2 3 0"};
    (void)state;
    for (uint32_t depth = 0; depth <= 3; depth++) {
        struct world w;
        begin(&w, 1);
        send_reordered(&w, depth, 60000);
        for (unsigned i = 0; i < 3; i++)
            send_up(&w);
        assert_string_equal(order(&w), orders[depth]);
        assert_true(link_deadline(&w.link) == BC_NEVER);
        end(&w);
    }
}

static void reordered_datagram_waits_no_longer_than_told(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    w.link.faults[LINK_DOWN].delay_ms = 1;
    send_bytes(&w, LINK_DOWN, 4);
    send_reordered(&w, 2, 700);
    send_bytes(&w, LINK_DOWN, 4);
    send_up(&w);
    after(&w, 1); /* one has overtaken it; the other way does not count */
    assert_string_equal(order(&w), "3 0 2");
    after(&w, 698);
    assert_string_equal(order(&w), "");
    after(&w, 1);
    assert_string_equal(order(&w), "1");
    end(&w);
}

static void delayed_datagrams_are_reordered_too(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    w.link.faults[LINK_UP].delay_ms = 100;
    send_reordered(&w, 1, 1000);
    after(&w, 10);
    send_up(&w);
    after(&w, 99);
    assert_string_equal(order(&w), "");
    after(&w, 1); /* with the one that overtakes */
    assert_string_equal(order(&w), "1 0");
    end(&w);
}

static void reordering_takes_its_share(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 5);
    w.link.faults[LINK_UP].reorder_ppm = 250000;
    w.link.faults[LINK_UP].reorder_ms = 100;
    for (unsigned i = 0; i < MANY; i++) {
        send_up(&w);
        w.arrivals = 0;
    }
    check_rate(&w, w.link.counts[LINK_UP].reordered, 250000);
    after(&w, 100);
    assert_int_equal(w.link.counts[LINK_UP].arrived, MANY);
    end(&w);
}

/* --- The line --------------------------------------------------------------------------------- */

static void line_sends_at_its_rate(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    w.link.faults[LINK_UP].rate_bps = 8000; /* a byte a millisecond */
    w.link.faults[LINK_UP].queue = 10;
    for (unsigned i = 0; i < 5; i++)
        send_bytes(&w, LINK_UP, 72); /* 100 with their headers */
    after(&w, 10000);
    assert_int_equal(w.arrivals, 5);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(w.arrival[i].ms, 1000 + 100 * (i + 1));
    send_bytes(&w, LINK_UP, 72); /* the line had been free: nothing is saved up */
    after(&w, 100);
    assert_int_equal(w.arrival[5].ms, w.now_ms);
    end(&w);
}

/* Fractions of a millisecond are not lost: 60 datagrams of 0.4 ms take 24 ms. */
static void rate_is_exact_over_many_datagrams(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    w.link.faults[LINK_UP].rate_bps = 640000;
    w.link.faults[LINK_UP].queue = LINK_QUEUE_MAX;
    for (unsigned i = 0; i < 60; i++)
        send_bytes(&w, LINK_UP, 4);
    after(&w, 1000);
    assert_int_equal(w.arrivals, 60);
    assert_int_equal(w.arrival[59].ms, 1024);
    end(&w);
}

static void line_takes_one_and_as_many_as_its_queue(void **state)
{
    (void)state;
    for (uint32_t queue = 0; queue <= LINK_QUEUE_MAX; queue += LINK_QUEUE_MAX / 2) {
        struct world w;
        begin(&w, 1);
        w.link.faults[LINK_UP].rate_bps = 1000;
        w.link.faults[LINK_UP].queue = queue;
        for (unsigned i = 0; i < queue + 10; i++)
            send_up(&w);
        assert_int_equal(w.link.counts[LINK_UP].queue_full, 9);
        assert_int_equal(w.link.held_count, queue + 1);
        after(&w, 320); /* the first has been sent: its place is free */
        send_up(&w);
        assert_int_equal(w.link.counts[LINK_UP].queue_full, 9);
        send_up(&w);
        assert_int_equal(w.link.counts[LINK_UP].queue_full, 10);
        after(&w, 3600000);
        assert_int_equal(w.arrivals, queue + 2);
        end(&w);
    }
}

/* --- The blackhole ---------------------------------------------------------------------------- */

static void nothing_passes_a_blackhole_until_its_end(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    w.link.faults[LINK_UP].delay_ms = 50;
    send_up(&w); /* is on its way when it begins */
    w.link.blackhole_until_ms[LINK_UP] = w.now_ms + 1000;
    after(&w, 999);
    send_up(&w);
    send_bytes(&w, LINK_DOWN, 4);
    assert_string_equal(order(&w), "2");
    after(&w, 1);
    send_up(&w);
    after(&w, 50);
    assert_string_equal(order(&w), "3");
    assert_int_equal(w.link.counts[LINK_UP].blackholed, 2);
    end(&w);
}

/* --- Limits ----------------------------------------------------------------------------------- */

static void datagrams_beyond_the_limit_are_dropped_and_counted(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 1);
    w.link.faults[LINK_UP].delay_ms = 1000;
    w.link.faults[LINK_DOWN].delay_ms = 1000;
    for (unsigned i = 0; i < LINK_DATAGRAMS_MAX + 5; i++)
        send_bytes(&w, i % 2 == 0 ? LINK_UP : LINK_DOWN, BC_DATAGRAM_BYTES_MAX);
    assert_int_equal(w.link.held_count, LINK_DATAGRAMS_MAX);
    assert_int_equal(w.link.counts[LINK_UP].overflow + w.link.counts[LINK_DOWN].overflow, 5);
    after(&w, 1000);
    assert_int_equal(w.arrivals, LINK_DATAGRAMS_MAX);
    assert_int_equal(w.link.held_count, 0);
    send_up(&w);
    after(&w, 1000);
    assert_int_equal(w.arrivals, LINK_DATAGRAMS_MAX + 1);
    end(&w);
}

static void what_is_under_way_is_freed_at_the_end(void **state)
{
    (void)state;
    struct world w;
    enum link_way way;
    struct bc_address peer;
    bc_view out;
    begin(&w, 1);
    w.link.faults[LINK_UP].delay_ms = 10;
    send_up(&w);
    send_up(&w);
    assert_true(link_take(&w.link, w.now_ms + 10, &way, &peer, &out));
    end(&w); /* one is taken, one is held: a leak checker sees */
}

static void empty_datagram_travels_too(void **state)
{
    (void)state;
    struct world w;
    enum link_way way;
    struct bc_address peer;
    bc_view out;
    begin(&w, 1);
    w.link.faults[LINK_UP].delay_ms = 10;
    assert_int_equal(link_on_datagram(&w.link, LINK_UP, 0, &w.peer, (bc_view){NULL, 0}),
                     LINK_HOLDS);
    assert_true(link_take(&w.link, 10, &way, &peer, &out));
    assert_int_equal(out.len, 0);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(perfect_link_passes_everything_without_a_copy),
        cmocka_unit_test(loss_loses_its_share_one_way),
        cmocka_unit_test(duplicates_come_in_their_share_behind_the_original),
        cmocka_unit_test(same_seed_is_the_same_fate),
        cmocka_unit_test(delay_is_exact_and_each_ways_own),
        cmocka_unit_test(jitter_spreads_evenly_and_keeps_the_order),
        cmocka_unit_test(jitter_beyond_the_delay_is_never_negative),
        cmocka_unit_test(order_is_kept_when_the_delay_becomes_shorter),
        cmocka_unit_test(reordered_datagram_is_overtaken_by_so_many),
        cmocka_unit_test(reordered_datagram_waits_no_longer_than_told),
        cmocka_unit_test(delayed_datagrams_are_reordered_too),
        cmocka_unit_test(reordering_takes_its_share),
        cmocka_unit_test(line_sends_at_its_rate),
        cmocka_unit_test(rate_is_exact_over_many_datagrams),
        cmocka_unit_test(line_takes_one_and_as_many_as_its_queue),
        cmocka_unit_test(nothing_passes_a_blackhole_until_its_end),
        cmocka_unit_test(datagrams_beyond_the_limit_are_dropped_and_counted),
        cmocka_unit_test(what_is_under_way_is_freed_at_the_end),
        cmocka_unit_test(empty_datagram_travels_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
