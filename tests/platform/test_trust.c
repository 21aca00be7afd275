/*
 * Who may speak for whom (PLATFORM section 2; server.h, config.is_trusted), and channels, which
 * keep two ways to one address apart. Here "x" may speak on channel 5 only, everybody else in
 * plain.
 */

#include "base/sink.h"
#include "world.h"

#define SESSION 5
#define FOREIGN 6
#define REGISTER_X                                                          \
    "B2 7264 11 28 39 6C776D326D3D312E30 04 65703D78 06 6C743D333030 FF 3C" \
    "2F31392F303E" /* POST /rd?lwm2m=1.0&ep=x&lt=300, </19/0> */
#define UPDATE(mid) "4402" mid "A1A2A3A4 B2 7264 0A <id>"

static bool is_trusted(void *context, bc_view endpoint, const struct bc_address *from)
{
    (void)context;
    assert_true(endpoint.len > 0);
    return from->channel == (bc_view_equal(endpoint, BC_TEXT("x")) ? SESSION : 0);
}

static void begin(struct world *w, const char *carrier)
{
    struct bc_server_config config = bc_server_config_default();
    config.seed = 7;
    config.is_trusted = is_trusted;
    world_begin_with(w, carrier, &config);
}

/* Registered on its session. */
static void begin_with_x(struct world *w, const char *carrier)
{
    begin(w, carrier);
    w->channel = SESSION;
    world_feed(w, 7001, "4402 1001 A1A2A3A4" REGISTER_X);
    world_expect(w, 7001, "6441 1001 A1A2A3A4 82 7264 0A<id>");
    world_expect_event(w, BC_SERVER_REGISTERED);
}

static void expect_rejected(struct world *w)
{
    const struct world_event *event = world_expect_event(w, BC_SERVER_REJECTED);
    assert_int_equal(event->code, BC_COAP_FORBIDDEN);
    assert_string_equal(event->endpoint, "x");
    assert_string_equal(event->reason, "the sender may not speak for this endpoint");
}

static void only_who_is_trusted_registers(void **state)
{
    (void)state;
    struct world w;
    begin(&w, "iot");
    for (w.channel = 0; w.channel <= FOREIGN; w.channel += FOREIGN) {
        world_feed(&w, 7001, "4402 1001 A1A2A3A4" REGISTER_X);
        world_expect(&w, 7001, "6483 1001 A1A2A3A4");
        expect_rejected(&w);
    }
    assert_int_equal(bc_server_device_count(w.server), 0);
    w.channel = SESSION;
    world_register(&w, 7001, "x", "");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    w.channel = 0;
    world_register(&w, 7001, "y", "");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_end(&w);
}

static void strangers_neither_update_nor_end_a_registration(void **state)
{
    (void)state;
    struct world w;
    begin_with_x(&w, "dmp");
    world_expect(&w, 7001, "4401<mid><token> 60 52 3139 01 30 62 2D16");
    for (w.channel = 0; w.channel <= FOREIGN; w.channel += FOREIGN) {
        world_feed(&w, 7001, UPDATE("1002"));
        world_expect(&w, 7001, "6483 1002 A1A2A3A4");
        expect_rejected(&w);
        world_feed(&w, 7001, "4404 1003 A1A2A3A4 B2 7264 0A <id>");
        world_expect(&w, 7001, "6483 1003 A1A2A3A4");
        expect_rejected(&w);
        world_feed(&w, 7001, "4402 1004 A1A2A3A4 B2 6470 44 65703D78 FF 31"); /* POST /dp?ep=x */
        world_expect(&w, 7001, "6483 1004 A1A2A3A4");
        expect_rejected(&w);
    }
    w.channel = SESSION;
    world_feed(&w, 7001, UPDATE("1002"));
    world_expect(&w, 7001, "6444 1002 A1A2A3A4");
    world_expect_event(&w, BC_SERVER_UPDATED);
    world_end(&w);
}

/* The same bytes from the same address on two channels are two messages. */
static void channels_share_no_message_ids(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, "iot");
    world_register(&w, 7001, "x", "");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    static const uint8_t channels[] = {0, 1, 127, 128, 129, 255};
    for (size_t i = 0; i < sizeof(channels); i++) {
        w.channel = channels[i];
        world_feed(&w, 7001, UPDATE("2001"));
        world_expect(&w, 7001, "6444 2001 A1A2A3A4");
        world_expect_event(&w, BC_SERVER_UPDATED);
        world_feed(&w, 7001, UPDATE("2001"));
        world_expect(&w, 7001, "6444 2001 A1A2A3A4");
        world_expect_no_event(&w); /* it was a duplicate */
    }
    w.channel = 0;
    world_end(&w);
}

static void a_channel_is_followed_as_an_address_is(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, "iot");
    world_register(&w, 7001, "x", "");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    w.channel = 9;
    world_feed(&w, 7001, UPDATE("2001"));
    world_expect(&w, 7001, "6444 2001 A1A2A3A4");
    world_expect_event(&w, BC_SERVER_UPDATED);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 1), BC_OK);
    world_expect(&w, 7001, "4401<mid><token> B1 33 01 30 01 30"); /* on channel 9 */
    w.channel = 0;
    world_answer(&w, 7001, BC_COAP_CONTENT, "FF 31"); /* on another */
    world_expect_no_event(&w);
    w.channel = 9;
    world_answer(&w, 7001, BC_COAP_CONTENT, "FF 31");
    world_expect_event(&w, BC_SERVER_RESPONDED);
    world_end(&w);
}

static void only_who_is_trusted_answers_and_notifies(void **state)
{
    (void)state;
    struct world w;
    begin_with_x(&w, "iot");
    world_expect(&w, 7001, "4401<mid><token> 60 52 3139 01 30 01 30 61 2A");
    w.channel = FOREIGN;
    world_feed(&w, 7001, "7000<mid>"); /* a reset */
    world_feed(&w, 7001, "6000<mid>"); /* an acknowledgement */
    world_answer(&w, 7001, BC_COAP_CONTENT, "60 61 2A FF 00");
    world_feed(&w, 7001, "5445 3001 <token> 60 61 2A FF 00"); /* separate */
    world_expect(&w, 7001, "7000 3001");
    world_expect_no_event(&w);
    w.channel = SESSION;
    world_answer(&w, 7001, BC_COAP_CONTENT, "60 61 2A FF 00");
    world_expect_event(&w, BC_SERVER_OBSERVED);
    w.channel = 0;
    world_feed(&w, 7002, "4445 3002 <token> 61 05 61 2A FF 31");
    world_expect(&w, 7002, "7000 3002");
    world_expect_no_event(&w);
    w.channel = SESSION;
    world_feed(&w, 7001, "4445 3002 <token> 61 05 61 2A FF 31");
    world_expect(&w, 7001, "6000 3002");
    world_expect_event(&w, BC_SERVER_NOTIFIED);
    world_end(&w);
}

static bool nobody_is_trusted;

static bool is_trusted_for_a_while(void *context, bc_view endpoint, const struct bc_address *from)
{
    (void)context, (void)endpoint, (void)from;
    return !nobody_is_trusted;
}

/* Its address may have become somebody else's. */
static void nothing_is_sent_to_who_is_not_trusted_any_more(void **state)
{
    (void)state;
    struct world w;
    struct bc_server_config config = bc_server_config_default();
    config.seed = 7;
    config.is_trusted = is_trusted_for_a_while;
    nobody_is_trusted = false;
    world_begin_with(&w, "dmp", &config);
    world_register(&w, 7001, "x", "");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    nobody_is_trusted = true;
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 1), BC_OK);
    for (uint64_t wait_ms = 2000; wait_ms <= 32000; wait_ms *= 2) {
        world_expect_silence(&w);
        world_wait(&w, wait_ms);
    }
    assert_int_equal(world_expect_event(&w, BC_SERVER_TIMED_OUT)->tag, 1);
    world_end(&w);
}

static bool wanted;

static bool wants_security(void *context, bc_view endpoint)
{
    (void)context;
    return wanted && bc_view_equal(endpoint, BC_TEXT("x"));
}

static void expect_insecure(struct world *w)
{
    const struct world_event *event = world_expect_event(w, BC_SERVER_REJECTED);
    assert_int_equal(event->code, BC_COAP_FORBIDDEN);
    assert_string_equal(event->endpoint, "x");
    assert_string_equal(event->reason, "devices of this product speak DTLS only");
}

/* Who must speak DTLS is neither heard in plain nor asked there. */
static void plain_is_refused_where_security_is_wanted(void **state)
{
    (void)state;
    struct world w;
    struct bc_server_config config = bc_server_config_default();
    config.seed = 7;
    config.wants_security = wants_security;
    world_begin_with(&w, "iot", &config);
    wanted = true;
    world_feed(&w, 7001, "4402 1001 A1A2A3A4" REGISTER_X);
    world_expect(&w, 7001, "6483 1001 A1A2A3A4");
    expect_insecure(&w);
    world_register(&w, 7002, "y", "");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    w.channel = SESSION;
    world_register(&w, 7001, "x", "");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    w.channel = 0;
    wanted = false; /* a product that changes */
    world_register(&w, 7001, "x", "");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    wanted = true;
    world_feed(&w, 7001, UPDATE("1002"));
    world_expect(&w, 7001, "6483 1002 A1A2A3A4");
    expect_insecure(&w);
    world_feed(&w, 7001, "4402 1004 A1A2A3A4 B2 6470 44 65703D78 FF 31"); /* POST /dp?ep=x */
    world_expect(&w, 7001, "6483 1004 A1A2A3A4");
    expect_insecure(&w);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 5), BC_OK);
    for (uint64_t wait_ms = 2000; wait_ms <= 32000; wait_ms *= 2) {
        world_expect_silence(&w);
        world_wait(&w, wait_ms);
    }
    world_expect_event(&w, BC_SERVER_TIMED_OUT);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_who_is_trusted_registers),
        cmocka_unit_test(strangers_neither_update_nor_end_a_registration),
        cmocka_unit_test(channels_share_no_message_ids),
        cmocka_unit_test(a_channel_is_followed_as_an_address_is),
        cmocka_unit_test(only_who_is_trusted_answers_and_notifies),
        cmocka_unit_test(nothing_is_sent_to_who_is_not_trusted_any_more),
        cmocka_unit_test(plain_is_refused_where_security_is_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
