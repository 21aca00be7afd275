/*
 * Observations: which ones each carrier opens after a registration (PLATFORM section 2), and
 * notifications (RFC 7641) in and out of order, from new addresses, to nobody.
 */
#include "base/sink.h"
#include "world.h"

#define OBSERVE_19_0_0 "4401 <mid> <token> 60 52 3139 0130 0130 61 2A"

/* A device of IoT whose /19/0/0 is observed from sequence number 5 on. */
static void begin_observed(struct world *w)
{
    world_begin(w, "iot");
    world_register(w, 7001, "x", "</3/0>,</19/0>,</19/1>");
    world_expect_event(w, BC_SERVER_REGISTERED);
    world_expect(w, 7001, OBSERVE_19_0_0);
    world_answer(w, 7001, BC_COAP_CONTENT, "6105 61 2A FF 00");
    const struct world_event *event = world_expect_event(w, BC_SERVER_OBSERVED);
    assert_string_equal(event->path, "/19/0/0");
    assert_int_equal(event->code, BC_COAP_CONTENT);
    assert_int_equal(event->format, BC_COAP_FORMAT_OPAQUE);
    assert_int_equal(event->tag, 0);
}

static const struct world_event *expect_notify(struct world *w, uint32_t sequence, bool stale)
{
    const struct world_event *event = world_expect_event(w, BC_SERVER_NOTIFIED);
    assert_string_equal(event->endpoint, "x");
    assert_int_equal(event->observe, sequence);
    assert_int_equal(event->stale, stale);
    return event;
}

/*  server                              device
 *    | <-  POST /rd </19/0>              |
 *    | 2.01                          ->  |
 *    | CON GET /19/0/0 Observe 0     ->  |
 *    | <-  ACK 2.05 Observe 5            |
 *    | <-  CON 2.05 Observe 6            |
 *    | ACK                           ->  |
 *    | <-  NON 2.05 Observe 7            |  */
static void iot_observes_its_report_object(void **state)
{
    (void)state;
    struct world w;
    begin_observed(&w);
    world_feed(&w, 7001, "4445 0101 <token> 6106 61 2A FF 0102");
    world_expect(&w, 7001, "6000 0101");
    const struct world_event *event = expect_notify(&w, 6, false);
    assert_true(event->confirmable);
    assert_int_equal(event->payload_bytes, 2);
    assert_int_equal(event->format, BC_COAP_FORMAT_OPAQUE);
    world_feed(&w, 7001, "5445 0102 <token> 6107 61 2A FF 0103");
    assert_false(expect_notify(&w, 7, false)->confirmable);
    world_end(&w);
}

/* PLATFORM 2: "when object 19 is announced", however that is done. */
static void report_object_is_observed_also_without_its_instances(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, "aep");
    world_register(&w, 7001, "x", "</3/0>,</19>");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_expect(&w, 7001, OBSERVE_19_0_0);
    world_answer(&w, 7001, BC_COAP_CONTENT, "60");
    world_expect_event(&w, BC_SERVER_OBSERVED);
    world_end(&w);
}

static void aep_observes_all_user_objects_when_its_product_says_so(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, "aep");
    world_register(&w, 7001, "x", "</3/0>,</19/0>,</3311/0>");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_expect(&w, 7001, OBSERVE_19_0_0);
    world_answer(&w, 7001, BC_COAP_CONTENT, "60");
    world_expect_event(&w, BC_SERVER_OBSERVED);
    world_expect_silence(&w);

    w.product.observe_all = true;
    world_register(&w, 7001, "x", "</3/0>,</19/0>,</3311/0>,</3311/1>");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_expect(&w, 7001, OBSERVE_19_0_0);
    world_answer(&w, 7001, BC_COAP_CONTENT, "60");
    world_expect_event(&w, BC_SERVER_OBSERVED);
    world_expect(&w, 7001, "4401 <mid> <token> 60 54 33333131 62 2D16");
    world_answer(&w, 7001, BC_COAP_CONTENT, "60");
    world_expect_event(&w, BC_SERVER_OBSERVED);
    world_end(&w);
}

static void dmp_observes_instances_of_user_objects(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, "dmp");
    world_register(&w, 7001, "x", "</>;rt=\"oma.lwm2m\",</1/0>,</5/0>,</3311/0>,</3303>,</3303/1>");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_expect(&w, 7001, "4401 <mid> <token> 60 54 33333131 0130 62 2D16");
    world_answer(&w, 7001, BC_COAP_CONTENT, "60");
    assert_string_equal(world_expect_event(&w, BC_SERVER_OBSERVED)->path, "/3311/0");
    world_expect(&w, 7001, "4401 <mid> <token> 60 54 33333033 0131 62 2D16");
    world_answer(&w, 7001, BC_COAP_NOT_FOUND, "");
    assert_int_equal(world_expect_event(&w, BC_SERVER_OBSERVED)->code, BC_COAP_NOT_FOUND);
    world_end(&w);
}

/* Only what is new is asked for. */
static void update_with_a_new_object_opens_its_observation(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, "dmp");
    world_register(&w, 7001, "x", "</3311/0>");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_expect(&w, 7001, "4401 <mid> <token> 60 54 33333131 0130 62 2D16");
    world_answer(&w, 7001, BC_COAP_CONTENT, "60");
    world_expect_event(&w, BC_SERVER_OBSERVED);
    /* </3311/0>,</77/0> */
    world_feed(&w, 7001, "4002 0002 B2 7264 0A <id> 11 28 FF 3C2F333331312F303E2C3C2F37372F303E");
    world_expect(&w, 7001, "6044 0002");
    world_expect_event(&w, BC_SERVER_UPDATED);
    world_expect(&w, 7001, "4401 <mid> <token> 60 52 3737 0130 62 2D16");
    world_answer(&w, 7001, BC_COAP_CONTENT, "60");
    world_expect_event(&w, BC_SERVER_OBSERVED);
    world_end(&w);
}

static void notification_from_a_new_address_moves_the_device(void **state)
{
    (void)state;
    struct world w;
    begin_observed(&w);
    world_feed(&w, 7009, "4445 0101 <token> 6106 FF 01");
    world_expect(&w, 7009, "6000 0101");
    assert_int_equal(expect_notify(&w, 6, false)->port, 7009);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 1), BC_OK);
    world_expect(&w, 7009, "4401 <mid> <token> B1 33 01 30 01 30");
    world_answer(&w, 7009, BC_COAP_CONTENT, "");
    world_expect_event(&w, BC_SERVER_RESPONDED);
    world_end(&w);
}

static void repeated_notification_is_acknowledged_but_not_told_again(void **state)
{
    (void)state;
    struct world w;
    begin_observed(&w);
    for (int i = 0; i < 3; i++) {
        world_feed(&w, 7001, "4445 0101 <token> 6106 FF 01");
        world_expect(&w, 7001, "6000 0101");
    }
    expect_notify(&w, 6, false);
    world_feed(&w, 7001, "5445 0102 <token> 6107 FF 01");
    world_feed(&w, 7001, "5445 0102 <token> 6107 FF 01");
    expect_notify(&w, 7, false);
    world_end(&w);
}

/* RFC 7641 3.4: 24-bit numbers that wrap; after 128 s anything is newer. */
static void notification_out_of_order_is_marked_stale(void **state)
{
    (void)state;
    struct world w;
    begin_observed(&w);
    world_feed(&w, 7001, "5445 0101 <token> 6108 FF 01");
    expect_notify(&w, 8, false);
    world_feed(&w, 7001, "5445 0102 <token> 6107 FF 01");
    expect_notify(&w, 7, true);
    world_feed(&w, 7001, "5445 0103 <token> 6108 FF 01");
    expect_notify(&w, 8, true);
    world_feed(&w, 7001, "5445 0104 <token> 63 800007 FF 01"); /* half way round is newer */
    expect_notify(&w, 0x800007, false);
    world_feed(&w, 7001, "5445 0105 <token> 63 FFFFFF FF 01");
    expect_notify(&w, 0xFFFFFF, false);
    world_feed(&w, 7001, "5445 0106 <token> 60 FF 01"); /* wrapped */
    expect_notify(&w, 0, false);
    world_wait(&w, 128001);
    world_feed(&w, 7001, "5445 0107 <token> 60 FF 01");
    expect_notify(&w, 0, false);
    world_end(&w);
}

static void notification_to_nobody_is_reset(void **state)
{
    (void)state;
    struct world w;
    begin_observed(&w);
    world_feed(&w, 7001, "4445 0101 DEADBEEF 6106 FF 01");
    world_expect(&w, 7001, "7000 0101");
    world_feed(&w, 7001, "5445 0102 DEADBEEF 6106 FF 01");
    world_expect(&w, 7001, "7000 0102");
    world_feed(&w, 7001, "4145 0103 DE 6106 FF 01"); /* a token that is not one of ours */
    world_expect(&w, 7001, "7000 0103");
    world_end(&w);
}

static void notification_of_an_error_ends_the_observation(void **state)
{
    (void)state;
    struct world w;
    begin_observed(&w);
    world_feed(&w, 7001, "4484 0101 <token>");
    world_expect(&w, 7001, "6000 0101");
    const struct world_event *event = expect_notify(&w, 0, false);
    assert_int_equal(event->code, BC_COAP_NOT_FOUND);
    assert_true(event->over);
    world_feed(&w, 7001, "4445 0102 <token> 6106 FF 01");
    world_expect(&w, 7001, "7000 0102");
    world_end(&w);
}

/* RFC 7641 3.6: GET with Observe 1 and the observation's token. Until it is answered notifications
 * still are notifications. */
static void cancel_uses_the_token_and_ends_the_observation(void **state)
{
    (void)state;
    struct world w;
    begin_observed(&w);
    uint8_t token[4] = {w.token[0], w.token[1], w.token[2], w.token[3]};
    assert_int_equal(world_request(&w, "x", BC_SERVER_CANCEL, "/3/0/0", 1), BC_ERR_STATE);
    assert_int_equal(world_request(&w, "x", BC_SERVER_CANCEL, "/19/0/0", 1), BC_OK);
    world_expect(&w, 7001, "4401 <mid> <token> 6101 52 3139 0130 0130");
    assert_memory_equal(token, w.token, sizeof(token));
    assert_int_equal(world_request(&w, "x", BC_SERVER_CANCEL, "/19/0/0", 2), BC_ERR_STATE);
    world_feed(&w, 7001, "4445 0101 <token> 6106 FF 01");
    world_expect(&w, 7001, "6000 0101");
    expect_notify(&w, 6, false);
    world_answer(&w, 7001, BC_COAP_CONTENT, "FF 01");
    const struct world_event *event = world_expect_event(&w, BC_SERVER_RESPONDED);
    assert_int_equal(event->operation, BC_SERVER_CANCEL);
    world_feed(&w, 7001, "4445 0102 <token> 6107 FF 01");
    world_expect(&w, 7001, "7000 0102");
    world_end(&w);
}

static void observing_again_keeps_the_token(void **state)
{
    (void)state;
    struct world w;
    begin_observed(&w);
    uint8_t token[4] = {w.token[0], w.token[1], w.token[2], w.token[3]};
    assert_int_equal(world_request(&w, "x", BC_SERVER_OBSERVE, "/19/0/0", 1), BC_OK);
    world_expect(&w, 7001, "4401 <mid> <token> 60 52 3139 0130 0130");
    assert_memory_equal(token, w.token, sizeof(token));
    world_answer(&w, 7001, BC_COAP_CONTENT, "6101");
    assert_int_equal(world_expect_event(&w, BC_SERVER_OBSERVED)->tag, 1);
    world_feed(&w, 7001, "5445 0102 <token> 6102 FF 01");
    expect_notify(&w, 2, false);
    world_end(&w);
}

/* An answer without Observe is a read, nothing more. */
static void observation_needs_the_observe_option_in_its_answer(void **state)
{
    (void)state;
    struct world w;
    struct bc_server_device device;
    world_begin(&w, "iot");
    world_register(&w, 7001, "x", "</19/0>");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_expect(&w, 7001, OBSERVE_19_0_0);
    world_answer(&w, 7001, BC_COAP_CONTENT, "FF 00");
    world_expect_event(&w, BC_SERVER_OBSERVED);
    assert_true(bc_server_find(w.server, BC_TEXT("x"), &device));
    assert_int_equal(device.observations, 0);
    world_feed(&w, 7001, "4445 0101 <token> 6106 FF 01");
    world_expect(&w, 7001, "7000 0101");
    world_end(&w);
}

/*  server                              device
 *    | CON GET /19/0/0 Observe 0     ->  |
 *    | <-  ACK                           |
 *    |        CON 2.05 Observe 5  <-     |   on its way for long
 *    | <-  CON 2.05 Observe 6            |   is what the server takes for the answer
 *    | <-  CON 2.05 Observe 5            |  */
static void notification_that_overtakes_the_answer_is_the_answer(void **state) /* RFC 7641 3.2 */
{
    (void)state;
    struct world w;
    world_begin(&w, "iot");
    world_register(&w, 7001, "x", "</19/0>");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_expect(&w, 7001, OBSERVE_19_0_0);
    world_feed(&w, 7001, "4445 0102 <token> 6106 FF 01 02");
    world_expect(&w, 7001, "6000 0102");
    const struct world_event *event = world_expect_event(&w, BC_SERVER_OBSERVED);
    assert_int_equal(event->payload_bytes, 2);
    world_feed(&w, 7001, "4445 0101 <token> 6105 FF 00");
    world_expect(&w, 7001, "6000 0101");
    expect_notify(&w, 5, true);
    world_end(&w);
}

static void observations_of_a_device_are_limited(void **state)
{
    (void)state;
    struct world w;
    struct bc_server_config config = bc_server_config_default();
    config.observations_max = 1;
    world_begin_with(&w, "dmp", &config);
    world_register(&w, 7001, "x", "</77/0>,</77/1>");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_expect(&w, 7001, "4401 <mid> <token> 60 52 3737 0130 62 2D16");
    world_answer(&w, 7001, BC_COAP_CONTENT, "60");
    world_expect_event(&w, BC_SERVER_OBSERVED);
    world_expect(&w, 7001, "4401 <mid> <token> 60 52 3737 0131 62 2D16");
    world_answer(&w, 7001, BC_COAP_CONTENT, "60"); /* was asked for before the first stood */
    world_expect_event(&w, BC_SERVER_OBSERVED);
    world_feed(&w, 7001, "4445 0101 <token> 6106 FF 01");
    world_expect(&w, 7001, "7000 0101");
    assert_int_equal(world_request(&w, "x", BC_SERVER_OBSERVE, "/3", 1), BC_ERR_FULL);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iot_observes_its_report_object),
        cmocka_unit_test(report_object_is_observed_also_without_its_instances),
        cmocka_unit_test(aep_observes_all_user_objects_when_its_product_says_so),
        cmocka_unit_test(dmp_observes_instances_of_user_objects),
        cmocka_unit_test(update_with_a_new_object_opens_its_observation),
        cmocka_unit_test(notification_from_a_new_address_moves_the_device),
        cmocka_unit_test(repeated_notification_is_acknowledged_but_not_told_again),
        cmocka_unit_test(notification_out_of_order_is_marked_stale),
        cmocka_unit_test(notification_to_nobody_is_reset),
        cmocka_unit_test(notification_of_an_error_ends_the_observation),
        cmocka_unit_test(cancel_uses_the_token_and_ends_the_observation),
        cmocka_unit_test(observing_again_keeps_the_token),
        cmocka_unit_test(observation_needs_the_observe_option_in_its_answer),
        cmocka_unit_test(notification_that_overtakes_the_answer_is_the_answer),
        cmocka_unit_test(observations_of_a_device_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
