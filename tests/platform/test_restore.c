/*
 * What whoever stores the server's events relies on: another run's devices, observations and
 * replies go on, and what could not be stored is taken back (server.h).
 */
#include <string.h>

#include "base/sink.h"
#include "world.h"

#define OBSERVE_19_0_0 "4401 <mid> <token> 60 52 3139 0130 0130 61 2A"
#define LINKS "</3/0>,</19/0>,</19/1>"

static struct bc_server_config seeded(uint64_t seed)
{
    struct bc_server_config config = bc_server_config_default();
    config.seed = seed;
    config.events |= BC_SERVER_EVENT_BIT(BC_SERVER_NOTIFYING);
    return config;
}

static void begin(struct world *w, uint64_t seed)
{
    struct bc_server_config config = seeded(seed);
    world_begin_with(w, "iot", &config);
}

/* A device of IoT whose /19/0/0 is observed from sequence number 5 on. */
static void begin_observed(struct world *w)
{
    begin(w, 7);
    world_register(w, 7001, "x", LINKS);
    world_expect_event(w, BC_SERVER_REGISTERED);
    world_expect(w, 7001, OBSERVE_19_0_0);
    world_answer(w, 7001, BC_COAP_CONTENT, "6105 61 2A FF 00");
    const struct world_event *event = world_expect_event(w, BC_SERVER_OBSERVED);
    assert_true(event->observed);
    assert_int_equal(event->token, (uint32_t)w->token[0] << 24 | (uint32_t)w->token[1] << 16 |
                                       (uint32_t)w->token[2] << 8 | w->token[3]);
}

static const struct world_event *expect_notify(struct world *w, uint32_t sequence, bool stale)
{
    const struct world_event *event = world_expect_event(w, BC_SERVER_NOTIFIED);
    assert_int_equal(event->observe, sequence);
    assert_int_equal(event->stale, stale);
    return event;
}

/* The device and its observations into another server, as a store does it. */
static void carry(const struct world *from, struct world *to)
{
    struct bc_server_device device;
    struct bc_server_observation observation;
    assert_true(bc_server_find(from->server, BC_TEXT("x"), &device));
    assert_int_equal(bc_server_restore_device(to->server, to->now_ms, &device), BC_OK);
    const void *cursor = bc_server_next_observation(from->server, BC_TEXT("x"), NULL, &observation);
    while (cursor != NULL) {
        assert_int_equal(bc_server_restore_observation(to->server, BC_TEXT("x"), &observation),
                         BC_OK);
        cursor = bc_server_next_observation(from->server, BC_TEXT("x"), cursor, &observation);
    }
    memcpy(to->id, from->id, sizeof(to->id));
    memcpy(to->token, from->token, sizeof(to->token));
}

static void restored_device_reports_and_updates_as_before(void **state)
{
    (void)state;
    struct world old, w;
    begin_observed(&old);
    begin(&w, 8);
    carry(&old, &w);
    bc_server_resume(w.server, w.now_ms, BC_TEXT("x")); /* nothing is missing */
    world_expect_silence(&w);
    world_feed(&w, 7001, "4445 0101 <token> 6106 61 2A FF 0102");
    world_expect(&w, 7001, "6000 0101");
    expect_notify(&w, 6, false);
    world_feed(&w, 7001, "4445 0102 <token> 6104 61 2A FF 0102");
    world_expect(&w, 7001, "6000 0102");
    expect_notify(&w, 4, true); /* the sequence number was carried over */
    world_feed(&w, 7002, "4002 0103 B2 7264 0A<id>");
    world_expect(&w, 7002, "6044 0103");
    world_expect_event(&w, BC_SERVER_UPDATED);
    world_feed(&w, 7002, "4004 0104 B2 7264 0A<id>");
    world_expect(&w, 7002, "6042 0104");
    world_expect_event(&w, BC_SERVER_DEREGISTERED);
    world_end(&w);
    world_end(&old);
}

static void missing_observation_is_asked_for_when_all_is_restored(void **state)
{
    (void)state;
    struct world old, w;
    struct bc_server_device device;
    begin_observed(&old);
    begin(&w, 8);
    assert_true(bc_server_find(old.server, BC_TEXT("x"), &device));
    assert_int_equal(bc_server_restore_device(w.server, w.now_ms, &device), BC_OK);
    world_expect_silence(&w);
    bc_server_resume(w.server, w.now_ms, BC_TEXT("x"));
    world_expect(&w, 7001, OBSERVE_19_0_0);
    world_end(&w);
    world_end(&old);
}

static void restored_registration_ends_when_it_would_have(void **state)
{
    (void)state;
    struct world old, w;
    struct bc_server_device device;
    begin_observed(&old);
    begin(&w, 8);
    carry(&old, &w);
    world_wait_quietly(&w, (300 + 247) * 1000);
    world_expect_event(&w, BC_SERVER_EXPIRED);
    assert_true(bc_server_find(old.server, BC_TEXT("x"), &device));
    device.expires_ms = 1; /* while nobody was there */
    assert_int_equal(bc_server_restore_device(w.server, w.now_ms, &device), BC_OK);
    bc_server_on_time(w.server, w.now_ms);
    world_expect_event(&w, BC_SERVER_EXPIRED);
    assert_int_equal(bc_server_device_count(w.server), 0);
    world_end(&w);
    world_end(&old);
}

/* With the same seed the same ids and tokens come again; those that are there are left out. */
static void same_seed_makes_other_ids_and_tokens_after_a_restart(void **state)
{
    (void)state;
    struct world old, w;
    begin_observed(&old);
    begin(&w, 7);
    carry(&old, &w);
    world_register(&w, 7003, "y", LINKS);
    world_expect_event(&w, BC_SERVER_REGISTERED);
    assert_memory_not_equal(w.id, old.id, sizeof(w.id));
    world_expect(&w, 7003, OBSERVE_19_0_0);
    assert_memory_not_equal(w.token, old.token, sizeof(w.token));
    world_end(&w);
    world_end(&old);
}

static void impossible_devices_and_observations_are_refused(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 7);
    const struct bc_server_device good = {
        .endpoint = BC_TEXT("x"),
        .id = "ABCDEFGHIJ",
        .binding = "U",
        .version = "1.0",
        .carrier = w.product.carrier,
        .address = world_address(1),
        .lifetime_s = 60,
        .expires_ms = w.now_ms + 1000,
    };
    struct bc_server_device bad[9];
    for (size_t i = 0; i < 9; i++)
        bad[i] = good;
    static uint8_t long_name[BC_ENDPOINT_BYTES_MAX + 1];
    bad[0].endpoint = (bc_view){0};
    bad[1].endpoint = (bc_view){long_name, sizeof(long_name)};
    bad[2].id[3] = '!';
    bad[3].id[9] = '\0';
    bad[4].binding = "UQUQUQUQ";
    bad[5].carrier = NULL;
    bad[6].lifetime_s = 0;
    bad[7].links = BC_TEXT("</1/0");
    bad[8].address.ip_len = 0;
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(bc_server_restore_device(w.server, w.now_ms, &bad[i]), BC_ERR_RANGE);
    assert_int_equal(bc_server_restore_device(w.server, w.now_ms, &good), BC_OK);
    assert_int_equal(bc_server_restore_device(w.server, w.now_ms, &good), BC_ERR_STATE);
    struct bc_server_device same_id = good;
    same_id.endpoint = BC_TEXT("y");
    assert_int_equal(bc_server_restore_device(w.server, w.now_ms, &same_id), BC_ERR_STATE);

    struct bc_server_observation one = {.path = {{19}, 1}, .token = 1};
    assert_int_equal(bc_server_restore_observation(w.server, BC_TEXT("y"), &one), BC_ERR_ABSENT);
    for (uint32_t i = 0; i < 16; i++) {
        one = (struct bc_server_observation){.path = {{(uint16_t)i}, 1}, .token = i};
        assert_int_equal(bc_server_restore_observation(w.server, BC_TEXT("x"), &one), BC_OK);
        assert_int_equal(bc_server_restore_observation(w.server, BC_TEXT("x"), &one), BC_ERR_STATE);
    }
    one = (struct bc_server_observation){.path = {{99}, 1}, .token = 99};
    assert_int_equal(bc_server_restore_observation(w.server, BC_TEXT("x"), &one), BC_ERR_FULL);
    world_end(&w);
}

static void restored_reply_answers_a_repetition_until_its_time_is_over(void **state)
{
    (void)state;
    struct world w;
    struct bc_address from = world_address(7001);
    begin(&w, 7);
    bc_server_restore_reply(w.server, &from, 0x0105, BC_TEXT("\x60\x44\x01\x05"), w.now_ms + 1000);
    world_feed(&w, 7001, "4002 0105 B2 6470 44 65703D78"); /* POST /dp?ep=x */
    world_expect(&w, 7001, "6044 0105");
    world_expect_silence(&w);
    bc_server_discard(w.server); /* it is of another run */
    world_feed(&w, 7001, "4002 0105 B2 6470 44 65703D78");
    world_expect(&w, 7001, "6044 0105");
    world_wait(&w, 1000);
    world_feed(&w, 7001, "4002 0105 B2 6470 44 65703D78");
    world_expect(&w, 7001, "6084 0105");
    world_end(&w);
}

/*  server                              device
 *    | <-  POST /rd                      |
 *    | (not stored: not sent)            |
 *    | <-  POST /rd, repeated            |
 *    | 2.01                          ->  |  */
static void discarded_registration_is_worked_on_anew_when_repeated(void **state)
{
    (void)state;
    struct world w;
    static const char post[] = "4002 0001 B2 7264 49 6C776D326D3D312E30 04 65703D78";
    begin(&w, 7);
    for (int i = 0; i < 3; i++) {
        world_feed(&w, 7001, post);
        world_expect_event(&w, BC_SERVER_REGISTERED);
        bc_server_discard(w.server);
        world_expect_silence(&w);
    }
    world_feed(&w, 7001, post);
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_expect(&w, 7001, "6041 0001 82 7264 0A<id>");
    bc_server_discard(w.server); /* what was taken stays */
    world_feed(&w, 7001, post);
    world_expect(&w, 7001, "6041 0001 82 7264 0A<id>");
    assert_int_equal(bc_server_device_count(w.server), 1);
    world_end(&w);
}

static void discarded_notifications_are_neither_duplicates_nor_stale(void **state)
{
    (void)state;
    struct world w;
    begin_observed(&w);
    for (int i = 0; i < 2; i++) {
        world_feed(&w, 7001, "4445 0101 <token> 6106 61 2A FF 01");
        world_feed(&w, 7001, "4445 0102 <token> 6107 61 2A FF 02");
        world_feed(&w, 7001, "4445 0103 <token> 6104 61 2A FF 03");
        expect_notify(&w, 6, false);
        expect_notify(&w, 7, false);
        expect_notify(&w, 4, true);
        bc_server_discard(w.server);
        world_expect_silence(&w);
    }
    world_feed(&w, 7001, "4445 0102 <token> 6107 61 2A FF 02");
    expect_notify(&w, 7, false);
    world_expect(&w, 7001, "6000 0102");
    world_feed(&w, 7001, "4445 0101 <token> 6106 61 2A FF 01");
    expect_notify(&w, 6, true);
    world_expect(&w, 7001, "6000 0101");
    world_end(&w);
}

static void discarded_end_of_an_observation_leaves_it_standing(void **state)
{
    (void)state;
    struct world w;
    begin_observed(&w);
    for (int i = 0; i < 2; i++) {
        world_feed(&w, 7001, "4445 0100 <token> 6106 61 2A FF 01");
        world_feed(&w, 7001, "4484 0101 <token>"); /* 4.04: it is over */
        expect_notify(&w, 6, false);
        assert_true(expect_notify(&w, 0, false)->over);
        bc_server_discard(w.server);
        world_expect_silence(&w);
    }
    world_feed(&w, 7001, "4445 0102 <token> 6106 61 2A FF 02");
    world_expect(&w, 7001, "6000 0102");
    expect_notify(&w, 6, false);
    world_end(&w);
}

#define BLOCK_16 "000102030405060708090A0B0C0D0E0F"
#define FIRST_BLOCK "4445 0101 <token> 6106 61 2A B1 08 FF " BLOCK_16
#define FETCH_SECOND "4401 <mid> <token> B2 3139 0130 0130 61 2A 61 10"

static void expect_notifying(struct world *w)
{
    const struct world_event *event = world_expect_event(w, BC_SERVER_NOTIFYING);
    assert_int_equal(event->payload_bytes, 16);
    assert_true(event->more);
    assert_true(event->confirmable);
}

/*  server                              device
 *    | <-  CON 2.05 Observe 6, Block2 0  |   NOTIFYING
 *    | (not stored: neither ACK nor GET) |
 *    | <-  the same                      |   NOTIFYING
 *    | ACK                           ->  |
 *    | GET, Block2 1                 ->  |
 *    | <-  2.05, Block2 1                |   NOTIFIED, begun  */
static void discarded_first_block_is_fetched_anew(void **state)
{
    (void)state;
    struct world w;
    begin_observed(&w);
    for (int i = 0; i < 2; i++) {
        world_feed(&w, 7001, FIRST_BLOCK);
        expect_notifying(&w);
        bc_server_discard(w.server);
        world_expect_silence(&w);
    }
    world_feed(&w, 7001, FIRST_BLOCK);
    expect_notifying(&w);
    world_expect(&w, 7001, "6000 0101");
    world_expect(&w, 7001, FETCH_SECOND);
    world_answer(&w, 7001, BC_COAP_CONTENT, "C1 2A B1 10 FF 10");
    const struct world_event *event = expect_notify(&w, 6, false);
    assert_int_equal(event->payload_bytes, 17);
    assert_true(event->begun);
    assert_false(event->more);
    world_wait_quietly(&w, 100000); /* nothing else is on its way */
    world_end(&w);
}

static void discard_leaves_the_fetching_of_what_was_kept(void **state)
{
    (void)state;
    struct world w;
    uint8_t observed[4], fetch[4];
    begin_observed(&w);
    memcpy(observed, w.token, sizeof(observed));
    world_feed(&w, 7001, FIRST_BLOCK);
    expect_notifying(&w);
    world_expect(&w, 7001, "6000 0101");
    world_expect(&w, 7001, FETCH_SECOND);
    memcpy(fetch, w.token, sizeof(fetch));
    memcpy(w.token, observed, sizeof(observed));
    world_feed(&w, 7001, "5445 0102 <token> 6104 61 2A FF 03"); /* stale */
    expect_notify(&w, 4, true);
    bc_server_discard(w.server);
    memcpy(w.token, fetch, sizeof(fetch));
    world_answer(&w, 7001, BC_COAP_CONTENT, "C1 2A B1 10 FF 10");
    assert_int_equal(expect_notify(&w, 6, false)->payload_bytes, 17);
    world_end(&w);
}

/* A request of ours that was not sent leaves with its retransmission. */
static void discarded_request_is_sent_again(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 7);
    world_register(&w, 7001, "x", "");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 9), BC_OK);
    bc_server_discard(w.server);
    world_wait_quietly(&w, 2000);
    world_expect(&w, 7001, "4401 <mid> <token> B1 33 01 30 01 30");
    world_answer(&w, 7001, BC_COAP_CONTENT, "FF 31");
    world_expect_event(&w, BC_SERVER_RESPONDED);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restored_device_reports_and_updates_as_before),
        cmocka_unit_test(missing_observation_is_asked_for_when_all_is_restored),
        cmocka_unit_test(restored_registration_ends_when_it_would_have),
        cmocka_unit_test(same_seed_makes_other_ids_and_tokens_after_a_restart),
        cmocka_unit_test(impossible_devices_and_observations_are_refused),
        cmocka_unit_test(restored_reply_answers_a_repetition_until_its_time_is_over),
        cmocka_unit_test(discarded_registration_is_worked_on_anew_when_repeated),
        cmocka_unit_test(discarded_notifications_are_neither_duplicates_nor_stale),
        cmocka_unit_test(discarded_end_of_an_observation_leaves_it_standing),
        cmocka_unit_test(discarded_first_block_is_fetched_anew),
        cmocka_unit_test(discard_leaves_the_fetching_of_what_was_kept),
        cmocka_unit_test(discarded_request_is_sent_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
