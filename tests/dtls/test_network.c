/*
 * The handshake over a network that loses, repeats and reorders (RFC 6347 section 4.2.4), and the
 * clock: deadlines lie in the future and end.
 *
 *     module                              server
 *     1 | -- ClientHello ----------------> |
 *     2 | <- HelloVerifyRequest ---------- |
 *     3 | -- ClientHello + cookie -------> |
 *     4 | <- ServerHello, HelloDone ------ |
 *     5 | -- ClientKeyExchange, Finished-> |
 *     6 | <- (ticket,) Finished ---------- |
 */
#include "pair.h"

#define FULL_DATAGRAMS 6
#define RESUMED_DATAGRAMS 5

/* One datagram of the tape has a fate of its own. */
struct mishap {
    size_t number;
    enum fate fate;
};

static enum fate one_mishap(void *context, size_t number, bool to_server)
{
    const struct mishap *mishap = context;
    (void)to_server;
    return number == mishap->number ? mishap->fate : FATE_DELIVER;
}

static struct pair *resuming_pair(enum bc_dtls_version version, uint8_t *bytes)
{
    struct pair *p = pair_new(version, BC_DTLS_NEGOTIATED);
    struct bc_dtls_client again = pair_client(version);
    bc_sink sink = {bytes, 0, BC_DTLS_RESUMPTION_BYTES_MAX, false};
    pair_run(p);
    assert_true(bc_dtls_export(p->client, &sink));
    again.resumption = bc_sink_view(&sink);
    pair_reopen(p, &again);
    return p;
}

/* Returns how long it took. */
static uint64_t run_with(enum bc_dtls_version version, bool resume, struct mishap mishap)
{
    uint8_t bytes[BC_DTLS_RESUMPTION_BYTES_MAX];
    struct pair *p = resume ? resuming_pair(version, bytes) : pair_new(version, BC_DTLS_NEGOTIATED);
    uint64_t begin_ms = p->now_ms;
    p->fate = one_mishap;
    p->context = &mishap;
    pair_run(p);
    uint64_t took_ms = p->now_ms - begin_ms;
    /* Whoever sent the last flight thinks it is done; the first word of the other shows it. */
    pair_check_open(p);
    assert_true(bc_dtls_resumed(p->client) == resume);
    assert_true(bc_dtls_resumed(p->peer) == resume);
    pair_free(p);
    return took_ms;
}

static void for_each_handshake(enum fate fate, uint64_t least_ms, uint64_t most_ms)
{
    for (unsigned version = BC_DTLS_1_0; version <= BC_DTLS_1_2; version++) {
        for (unsigned resume = 0; resume < 2; resume++) {
            size_t datagrams = resume ? RESUMED_DATAGRAMS : FULL_DATAGRAMS;
            for (size_t number = 0; number < datagrams; number++) {
                uint64_t took_ms =
                    run_with((enum bc_dtls_version)version, resume, (struct mishap){number, fate});
                assert_in_range(took_ms, least_ms, most_ms);
            }
        }
    }
}

static void handshake_repeats_whichever_datagram_is_lost(void **state)
{
    (void)state;
    for_each_handshake(FATE_LOSE, BC_DTLS_RETRANSMIT_FIRST_MS, BC_DTLS_RETRANSMIT_FIRST_MS);
}

static void handshake_takes_whichever_datagram_twice(void **state)
{
    (void)state;
    for_each_handshake(FATE_TWICE, 0, 0);
}

/* The handshake goes in turns, so a datagram is overtaken by a repetition only. */
static void handshake_takes_whichever_datagram_late(void **state)
{
    (void)state;
    for_each_handshake(FATE_SWAP, 0, BC_DTLS_RETRANSMIT_FIRST_MS);
}

/* --- Records of one flight in datagrams of their own, in any order --------------------------- */

static size_t record_bytes(const uint8_t *at)
{
    return 13 + ((size_t)at[11] << 8 | at[12]);
}

static size_t split(bc_view datagram, bc_view *records)
{
    size_t count = 0;
    for (size_t at = 0; at < datagram.len; at += records[count++].len)
        records[count] = (bc_view){datagram.ptr + at, record_bytes(datagram.ptr + at)};
    return count;
}

/* Carries every datagram as its records, last one first. A ChangeCipherSpec has no number: one that
 * comes early is lost and costs a repetition. */
static void carry_backwards(struct pair *p, bool to_server)
{
    bc_view out, records[8];
    struct bc_dtls *from = to_server ? p->client : p->peer;
    while (from != NULL && bc_dtls_take(from, &out)) {
        bc_view copy = check_heap_copy(out);
        for (size_t count = split(copy, records); count > 0; count--)
            pair_inject(p, to_server, records[count - 1]);
        check_heap_free(copy);
    }
}

static void records_of_a_flight_may_come_in_any_order(void **state)
{
    (void)state;
    for (unsigned version = BC_DTLS_1_0; version <= BC_DTLS_1_2; version++) {
        struct pair *p = pair_new((enum bc_dtls_version)version, BC_DTLS_NEGOTIATED);
        bc_view first;
        assert_true(bc_dtls_take(p->client, &first));
        pair_inject(p, true, first);
        assert_int_equal(p->on_wire, 1);
        pair_inject(p, false, (bc_view){p->wire[0].bytes, p->wire[0].len});
        p->on_wire = 0;
        for (unsigned turn = 0; turn < 4; turn++)
            carry_backwards(p, turn % 2 == 0);
        pair_run(p);
        pair_check_open(p);
        assert_in_range(p->now_ms, 5000, 5000 + BC_DTLS_RETRANSMIT_FIRST_MS);
        pair_free(p);
    }
}

/* --- Chance ---------------------------------------------------------------------------------- */

struct weather {
    struct bc_random random;
    uint32_t lost_percent;
};

static enum fate any_mishap(void *context, size_t number, bool to_server)
{
    struct weather *weather = context;
    (void)number, (void)to_server;
    uint32_t drawn = check_draw(&weather->random, 100);
    if (drawn < weather->lost_percent)
        return FATE_LOSE;
    return drawn % 10 == 7 ? FATE_TWICE : drawn % 10 == 8 ? FATE_SWAP : FATE_DELIVER;
}

static void handshake_in_bad_weather_ends_open_or_failed_in_time(void **state)
{
    (void)state;
    unsigned open = 0;
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct weather weather = {{seed}, 40};
        struct pair *p = pair_new((enum bc_dtls_version)(seed % 3), BC_DTLS_NEGOTIATED);
        p->fate = any_mishap;
        p->context = &weather;
        pair_run(p);
        assert_int_not_equal(bc_dtls_state(p->client), BC_DTLS_HANDSHAKE);
        assert_in_range(p->now_ms, 5000, 5000 + 2 * BC_DTLS_HANDSHAKE_MS_MAX);
        if (bc_dtls_state(p->client) == BC_DTLS_OPEN) {
            open++;
            p->fate = NULL;
            if (bc_dtls_state(p->peer) == BC_DTLS_OPEN)
                pair_check_carries(p, true, BC_TEXT("clear sky"));
        } else {
            assert_string_equal(bc_dtls_failure(p->client), "no answer");
        }
        pair_free(p);
    }
    assert_in_range(open, 60, 100);
}

/* --- Time ------------------------------------------------------------------------------------ */

struct watch {
    struct pair *p;
    uint64_t at_ms[16];
    size_t seen;
    size_t lost_from; /* all from this number on */
};

static enum fate cut_off(void *context, size_t number, bool to_server)
{
    struct watch *watch = context;
    if (number < watch->lost_from)
        return FATE_DELIVER;
    if (to_server) {
        assert_true(watch->seen < 16);
        watch->at_ms[watch->seen++] = watch->p->now_ms;
    }
    return FATE_LOSE;
}

static void run_cut_off(struct pair *p, struct watch *watch)
{
    watch->p = p;
    p->fate = cut_off;
    p->context = watch;
    pair_run(p);
    assert_int_equal(bc_dtls_state(p->client), BC_DTLS_FAILED);
    assert_string_equal(bc_dtls_failure(p->client), "no answer");
    assert_true(bc_dtls_deadline(p->client) == BC_NEVER);
}

static void client_alone_repeats_six_times_and_gives_up(void **state)
{
    (void)state;
    static const uint64_t want_ms[] = {5000, 6000, 8000, 12000, 20000, 36000};
    struct pair *p = pair_new(BC_DTLS_NEGOTIATED, BC_DTLS_NEGOTIATED);
    struct watch watch = {0};
    run_cut_off(p, &watch);
    assert_int_equal(watch.seen, 6);
    assert_memory_equal(watch.at_ms, want_ms, sizeof(want_ms));
    assert_int_equal(p->now_ms, 5000 + BC_DTLS_HANDSHAKE_MS_MAX);
    pair_free(p);
}

static void first_wait_is_configurable(void **state)
{
    (void)state;
    static const uint64_t want_ms[] = {5000, 15000, 35000};
    struct bc_dtls_client client = pair_client(BC_DTLS_1_2);
    struct bc_dtls_server_config config = pair_config(BC_DTLS_1_2);
    client.retransmit_first_ms = 10000;
    struct pair *p = pair_with(&client, &config);
    struct watch watch = {0};
    run_cut_off(p, &watch);
    assert_int_equal(watch.seen, 3);
    assert_memory_equal(watch.at_ms, want_ms, sizeof(want_ms));
    assert_int_equal(p->now_ms, 5000 + BC_DTLS_HANDSHAKE_MS_MAX);
    pair_free(p);
}

static void waits_however_short_or_long_end(void **state)
{
    (void)state;
    static const uint32_t first_ms[] = {1, 50, 63000, 100000, UINT32_MAX};
    for (size_t i = 0; i < sizeof(first_ms) / sizeof(first_ms[0]); i++) {
        struct bc_dtls_client client = pair_client(BC_DTLS_1_2);
        struct bc_dtls_server_config config = pair_config(BC_DTLS_1_2);
        client.retransmit_first_ms = first_ms[i];
        struct pair *p = pair_with(&client, &config);
        struct watch watch = {0};
        run_cut_off(p, &watch);
        assert_in_range(p->now_ms, 5001, 5000 + BC_DTLS_HANDSHAKE_MS_MAX);
        pair_free(p);
    }
}

/* The link dies in the middle: both ends give up, the server's with its half of the handshake. */
static void both_ends_give_up_when_the_link_dies(void **state)
{
    (void)state;
    for (size_t from = 1; from < FULL_DATAGRAMS; from++) {
        struct pair *p = pair_new(BC_DTLS_NEGOTIATED, BC_DTLS_NEGOTIATED);
        struct watch watch = {.lost_from = from};
        run_cut_off(p, &watch);
        assert_true(p->peer == NULL || from == 5 || bc_dtls_state(p->peer) == BC_DTLS_FAILED);
        assert_true(p->peer == NULL || bc_dtls_deadline(p->peer) == BC_NEVER);
        assert_int_equal(p->now_ms, 5000 + BC_DTLS_HANDSHAKE_MS_MAX);
        pair_free(p);
    }
}

static void calling_early_or_late_is_harmless(void **state)
{
    (void)state;
    bc_view out;
    struct pair *p = pair_new(BC_DTLS_1_2, BC_DTLS_1_2);
    assert_true(bc_dtls_take(p->client, &out));
    for (unsigned i = 0; i < 1000; i++)
        bc_dtls_on_time(p->client, p->now_ms + i % 1000);
    assert_false(bc_dtls_take(p->client, &out));
    bc_dtls_on_time(p->client, p->now_ms + 50000);
    assert_true(bc_dtls_take(p->client, &out));
    assert_false(bc_dtls_take(p->client, &out));
    assert_true(bc_dtls_deadline(p->client) > p->now_ms + 50000);
    bc_dtls_on_time(p->client, UINT64_MAX - 1);
    assert_int_equal(bc_dtls_state(p->client), BC_DTLS_FAILED);
    pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handshake_repeats_whichever_datagram_is_lost),
        cmocka_unit_test(handshake_takes_whichever_datagram_twice),
        cmocka_unit_test(handshake_takes_whichever_datagram_late),
        cmocka_unit_test(records_of_a_flight_may_come_in_any_order),
        cmocka_unit_test(handshake_in_bad_weather_ends_open_or_failed_in_time),
        cmocka_unit_test(client_alone_repeats_six_times_and_gives_up),
        cmocka_unit_test(first_wait_is_configurable),
        cmocka_unit_test(waits_however_short_or_long_end),
        cmocka_unit_test(both_ends_give_up_when_the_link_dies),
        cmocka_unit_test(calling_early_or_late_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
