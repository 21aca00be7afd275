/*
 * Requests to devices: their bytes, retransmission (RFC 7252 4.2), one at a time (4.7), separate
 * responses (5.2.2), resets, limits.
 */
#include "base/sink.h"
#include "world.h"

#define READ_3_0_0 "4401 <mid> <token> B1 33 01 30 01 30"

static void begin_with_device(struct world *w)
{
    world_begin(w, "iot");
    world_register(w, 7001, "x", "</3/0>");
    world_expect_event(w, BC_SERVER_REGISTERED);
}

static const struct world_event *expect_end(struct world *w, enum bc_server_event_kind kind,
                                            uint64_t tag)
{
    const struct world_event *event = world_expect_event(w, kind);
    assert_int_equal(event->tag, tag);
    assert_string_equal(event->endpoint, "x");
    return event;
}

/*  server                      device
 *    | CON GET /3/0/0        ->  |
 *    | <-  ACK 2.05 "abc"        |  */
static void read_is_answered_piggybacked(void **state)
{
    (void)state;
    struct world w;
    begin_with_device(&w);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 5), BC_OK);
    world_expect(&w, 7001, READ_3_0_0);
    world_answer(&w, 7001, BC_COAP_CONTENT, "C0 FF 616263");
    const struct world_event *event = expect_end(&w, BC_SERVER_RESPONDED, 5);
    assert_int_equal(event->operation, BC_SERVER_READ);
    assert_string_equal(event->path, "/3/0/0");
    assert_int_equal(event->code, BC_COAP_CONTENT);
    assert_int_equal(event->format, BC_COAP_FORMAT_TEXT);
    assert_int_equal(event->payload_bytes, 3);
    assert_memory_equal(event->payload, "abc", 3);
    world_answer(&w, 7001, BC_COAP_CONTENT, "C0 FF 616263"); /* late copies are ignored */
    world_wait(&w, 100000);
    world_end(&w);
}

static void operations_have_their_methods_and_options(void **state)
{
    (void)state;
    static const struct {
        enum bc_server_operation operation;
        const char *path;
        const char *bytes;
    } rows[] = {
        {BC_SERVER_WRITE, "/19/1/0", "4403 <mid> <token> B2 3139 0131 0130 11 2A FF 0102"},
        {BC_SERVER_EXECUTE, "/3/0/4", "4402 <mid> <token> B1 33 01 30 01 34"},
        {BC_SERVER_DISCOVER, "/3", "4401 <mid> <token> B1 33 61 28"},
        {BC_SERVER_OBSERVE, "/3/0", "4401 <mid> <token> 60 51 33 01 30"},
    };
    struct world w;
    begin_with_device(&w);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(world_request(&w, "x", rows[i].operation, rows[i].path, i), BC_OK);
        world_expect(&w, 7001, rows[i].bytes);
        world_answer(&w, 7001, BC_COAP_NOT_FOUND, "");
        w.event_seen++;
        assert_int_equal(w.events[w.event_seen - 1].code, BC_COAP_NOT_FOUND);
        assert_int_equal(w.events[w.event_seen - 1].tag, i);
    }
    world_end(&w);
}

/* Five transmissions, 2, 4, 8 and 16 s apart; 32 s after the last one it is over. */
static void request_is_repeated_then_times_out(void **state)
{
    (void)state;
    struct world w;
    begin_with_device(&w);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 5), BC_OK);
    world_expect(&w, 7001, READ_3_0_0);
    uint16_t message_id = w.message_id;
    for (uint64_t wait = 2000; wait <= 16000; wait *= 2) {
        world_wait_quietly(&w, wait);
        world_expect(&w, 7001, READ_3_0_0);
        assert_int_equal(w.message_id, message_id);
    }
    world_wait_quietly(&w, 32000);
    expect_end(&w, BC_SERVER_TIMED_OUT, 5);
    world_answer(&w, 7001, BC_COAP_CONTENT, ""); /* too late */
    world_end(&w);
}

/*  server                      device
 *    | CON GET               ->  |
 *    | <-  ACK (empty)           |
 *    | <-  CON 2.05              |
 *    | ACK (empty)           ->  |  */
static void separate_response_is_acknowledged_and_not_told_twice(void **state)
{
    (void)state;
    struct world w;
    begin_with_device(&w);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 5), BC_OK);
    world_expect(&w, 7001, READ_3_0_0);
    world_feed(&w, 7001, "6000 <mid>");
    world_wait(&w, 60000); /* no retransmission any more */
    world_expect_silence(&w);
    world_feed(&w, 7001, "4445 0042 <token> C0 FF 616263");
    world_expect(&w, 7001, "6000 0042");
    expect_end(&w, BC_SERVER_RESPONDED, 5);
    world_feed(&w, 7001, "4445 0042 <token> C0 FF 616263");
    world_expect(&w, 7001, "6000 0042");
    world_end(&w);
}

/* The acknowledgement was lost, the response itself says as much; here it comes as NON, and from
 * behind a new NAT address. */
static void separate_response_replaces_a_lost_acknowledgement(void **state)
{
    (void)state;
    struct world w;
    struct bc_server_device device;
    begin_with_device(&w);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 5), BC_OK);
    world_expect(&w, 7001, READ_3_0_0);
    world_feed(&w, 7009, "5445 0042 <token> C0 FF 616263");
    expect_end(&w, BC_SERVER_RESPONDED, 5);
    assert_true(bc_server_find(w.server, bc_view_of("x"), &device));
    assert_int_equal(device.address.port, 7009);
    world_wait(&w, 60000);
    world_end(&w);
}

static void separate_response_that_never_comes_times_out(void **state)
{
    (void)state;
    struct world w;
    begin_with_device(&w);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 5), BC_OK);
    world_expect(&w, 7001, READ_3_0_0);
    world_feed(&w, 7001, "6000 <mid>");
    world_wait_quietly(&w, 247000);
    expect_end(&w, BC_SERVER_TIMED_OUT, 5);
    world_end(&w);
}

static void reset_ends_a_request(void **state)
{
    (void)state;
    struct world w;
    begin_with_device(&w);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 5), BC_OK);
    world_expect(&w, 7001, READ_3_0_0);
    world_feed(&w, 7002, "7000 <mid>"); /* from somebody else: nothing */
    world_expect_no_event(&w);
    world_feed(&w, 7001, "7000 <mid>");
    expect_end(&w, BC_SERVER_RESET, 5);
    world_end(&w);
}

/* NSTART 1: the second leaves when the first is acknowledged, even without its response. */
static void requests_leave_one_at_a_time_in_order(void **state)
{
    (void)state;
    struct world w;
    begin_with_device(&w);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 1), BC_OK);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/1", 2), BC_OK);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/2", 3), BC_OK);
    world_expect(&w, 7001, READ_3_0_0);
    world_expect_silence(&w);
    world_feed(&w, 7001, "6000 <mid>");
    world_expect(&w, 7001, "4401 <mid> <token> B1 33 01 30 01 31");
    world_answer(&w, 7001, BC_COAP_CONTENT, "");
    expect_end(&w, BC_SERVER_RESPONDED, 2);
    world_expect(&w, 7001, "4401 <mid> <token> B1 33 01 30 01 32");
    world_answer(&w, 7001, BC_COAP_CONTENT, "");
    expect_end(&w, BC_SERVER_RESPONDED, 3);
    world_wait(&w, 247000);
    expect_end(&w, BC_SERVER_TIMED_OUT, 1);
    world_end(&w);
}

static void silent_device_blocks_neither_others_nor_its_own_uplinks(void **state)
{
    (void)state;
    struct world w;
    begin_with_device(&w);
    world_register(&w, 7002, "y", "");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 1), BC_OK);
    world_expect(&w, 7001, READ_3_0_0);
    assert_int_equal(world_request(&w, "y", BC_SERVER_READ, "/3/0/0", 2), BC_OK);
    world_expect(&w, 7002, READ_3_0_0);
    world_answer(&w, 7002, BC_COAP_CONTENT, "");
    assert_int_equal(world_expect_event(&w, BC_SERVER_RESPONDED)->tag, 2);
    world_feed(&w, 7001, "4002 0002 B2 6470 44 65703D78 FF 7B7D"); /* POST /dp?ep=x */
    world_expect(&w, 7001, "6044 0002");
    world_expect_event(&w, BC_SERVER_DP);
    world_end(&w);
}

static void requests_of_a_device_are_limited(void **state)
{
    (void)state;
    struct world w;
    begin_with_device(&w);
    for (uint64_t i = 0; i < 16; i++)
        assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", i), BC_OK);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 99), BC_ERR_FULL);
    assert_int_equal(world_request(&w, "z", BC_SERVER_READ, "/3/0/0", 99), BC_ERR_ABSENT);
    assert_int_equal(world_request(&w, "x", BC_SERVER_CANCEL, "/3/0/0", 99), BC_ERR_FULL);
    world_expect(&w, 7001, READ_3_0_0);
    bc_server_destroy(w.server); /* with all of them open: nothing may leak */
}

static void value_that_is_too_long_is_refused(void **state)
{
    (void)state;
    struct world w;
    static const uint8_t bytes[BC_SERVER_VALUE_BYTES_MAX + 1];
    struct bc_server_request request = {
        .operation = BC_SERVER_WRITE,
        .path = {{19, 1, 0}, 3},
        .accept = BC_COAP_FORMAT_ABSENT,
        .format = BC_COAP_FORMAT_OPAQUE,
        .payload = {bytes, sizeof(bytes)},
    };
    begin_with_device(&w);
    assert_int_equal(bc_server_request(w.server, w.now_ms, bc_view_of("x"), &request),
                     BC_ERR_RANGE);
    world_end(&w);
}

static void requests_end_with_their_registration(void **state)
{
    (void)state;
    struct world w;
    begin_with_device(&w);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 1), BC_OK);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/1", 2), BC_OK);
    world_expect(&w, 7001, READ_3_0_0);
    world_register(&w, 7001, "x", "");
    expect_end(&w, BC_SERVER_CANCELED, 1);
    expect_end(&w, BC_SERVER_CANCELED, 2);
    world_expect_event(&w, BC_SERVER_REGISTERED);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 3), BC_OK);
    world_expect(&w, 7001, READ_3_0_0);
    world_feed(&w, 7001, "4004 0002 B2 7264 0A <id>");
    world_expect(&w, 7001, "6042 0002");
    world_expect_event(&w, BC_SERVER_DEREGISTERED);
    expect_end(&w, BC_SERVER_CANCELED, 3);
    world_end(&w);
}

static void dropped_device_is_not_registered_any_more(void **state)
{
    (void)state;
    struct world w;
    begin_with_device(&w);
    assert_false(bc_server_drop(w.server, w.now_ms, BC_TEXT("y")));
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 1), BC_OK);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/1", 2), BC_OK);
    world_expect(&w, 7001, READ_3_0_0);
    assert_true(bc_server_drop(w.server, w.now_ms, BC_TEXT("x")));
    assert_string_equal(world_expect_event(&w, BC_SERVER_DEREGISTERED)->reason,
                        "the platform has removed the device");
    expect_end(&w, BC_SERVER_CANCELED, 1);
    expect_end(&w, BC_SERVER_CANCELED, 2);
    assert_int_equal(bc_server_device_count(w.server), 0);
    world_feed(&w, 7001, "4402 0002 A1A2A3A4 B2 7264 0A <id>"); /* an update */
    world_expect(&w, 7001, "6484 0002 A1A2A3A4");
    world_wait(&w, 1000000);
    world_end(&w);
}

/* RFC 7252 4.2: a retransmission goes where the device is now. */
static void retransmission_follows_the_address(void **state)
{
    (void)state;
    struct world w;
    begin_with_device(&w);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 5), BC_OK);
    world_expect(&w, 7001, READ_3_0_0);
    world_feed(&w, 7009, "4002 0002 B2 7264 0A <id>");
    world_expect(&w, 7009, "6044 0002");
    world_expect_event(&w, BC_SERVER_UPDATED);
    world_wait(&w, 2000);
    world_expect(&w, 7009, READ_3_0_0);
    world_feed(&w, 7001, "6000 <mid>"); /* no longer its address */
    world_wait(&w, 4000);
    world_expect(&w, 7009, READ_3_0_0);
    world_feed(&w, 7009, "6000 <mid>");
    world_wait(&w, 60000);
    world_expect_silence(&w);
    world_answer(&w, 7009, BC_COAP_CONTENT, ""); /* an ACK with that id is used up */
    world_feed(&w, 7009, "5445 0042 <token>");
    expect_end(&w, BC_SERVER_RESPONDED, 5);
    world_end(&w);
}

static void response_with_an_unknown_critical_option_is_rejected(void **state)
{
    (void)state;
    struct world w;
    begin_with_device(&w);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 5), BC_OK);
    world_expect(&w, 7001, READ_3_0_0);
    world_answer(&w, 7001, BC_COAP_CONTENT, "90");
    world_expect_no_event(&w);
    world_feed(&w, 7001, "4445 0042 <token> 90");
    world_expect(&w, 7001, "7000 0042");
    world_answer(&w, 7001, BC_COAP_CONTENT, "");
    expect_end(&w, BC_SERVER_RESPONDED, 5);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dropped_device_is_not_registered_any_more),
        cmocka_unit_test(read_is_answered_piggybacked),
        cmocka_unit_test(operations_have_their_methods_and_options),
        cmocka_unit_test(request_is_repeated_then_times_out),
        cmocka_unit_test(separate_response_is_acknowledged_and_not_told_twice),
        cmocka_unit_test(separate_response_replaces_a_lost_acknowledgement),
        cmocka_unit_test(separate_response_that_never_comes_times_out),
        cmocka_unit_test(reset_ends_a_request),
        cmocka_unit_test(requests_leave_one_at_a_time_in_order),
        cmocka_unit_test(silent_device_blocks_neither_others_nor_its_own_uplinks),
        cmocka_unit_test(requests_of_a_device_are_limited),
        cmocka_unit_test(value_that_is_too_long_is_refused),
        cmocka_unit_test(requests_end_with_their_registration),
        cmocka_unit_test(retransmission_follows_the_address),
        cmocka_unit_test(response_with_an_unknown_critical_option_is_rejected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
