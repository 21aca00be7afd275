/*
 * The registration interface on the wire (LwM2M 1.0 section 5.3; PLATFORM section 2), and what
 * RFC 7252 asks of any server: duplicates, pings, options, methods.
 *
 * Hex of the wire, for readers: 44 02 = CON POST with a token of four bytes, 64 41 = ACK 2.01,
 * B2 "rd" = Uri-Path, 11 28 = Content-Format 40, 39 = Uri-Query of nine bytes behind it.
 */
#include <stdio.h>
#include <string.h>

#include "base/sink.h"
#include "world.h"

#define HEAD "4402 1001 A1A2A3A4 "
#define RD "B2 7264 "
#define LINK_FORMAT "11 28 "
#define LWM2M_1_0 "39 6C776D326D3D312E30 "    /* lwm2m=1.0, behind Content-Format */
#define EP "04 65703D78 "                     /* ep=x */
#define LT_300 "06 6C743D333030 "             /* lt=300 */
#define B_UQ "04 623D5551 "                   /* b=UQ */
#define LINKS "FF 3C2F312F303E2C3C2F332F303E" /* </1/0>,</3/0> */
#define REGISTRATION RD LINK_FORMAT LWM2M_1_0 EP LT_300 B_UQ LINKS
#define CREATED(mid) "6441" mid "A1A2A3A4 82 7264 0A<id>"

/*  device                                server
 *    | CON POST /rd?lwm2m=1.0&ep=x...  ->  |
 *    | <-  ACK 2.01 rd/<id>                |
 *    | CON POST /rd/<id>?lt=600        ->  |
 *    | <-  ACK 2.04                        |
 *    | CON DELETE /rd/<id>             ->  |
 *    | <-  ACK 2.02                        |  */
static void registration_lives_from_created_to_deleted(void **state)
{
    (void)state;
    struct world w;
    struct bc_server_device device;
    world_begin(&w, "iot");
    world_feed(&w, 7001, HEAD REGISTRATION);
    world_expect(&w, 7001, CREATED("1001"));
    const struct world_event *event = world_expect_event(&w, BC_SERVER_REGISTERED);
    assert_string_equal(event->endpoint, "x");
    assert_int_equal(event->lifetime_s, 300);
    assert_true(bc_server_find(w.server, BC_TEXT("x"), &device));
    assert_string_equal(device.binding, "UQ");
    assert_true(bc_view_equal(device.links, BC_TEXT("</1/0>,</3/0>")));

    world_feed(&w, 7001, "4402 1002 A1A2A3A4 B2 7264 0A <id> 46 6C743D363030");
    world_expect(&w, 7001, "6444 1002 A1A2A3A4");
    assert_int_equal(world_expect_event(&w, BC_SERVER_UPDATED)->lifetime_s, 600);

    world_feed(&w, 7001, "4404 1003 A1A2A3A4 B2 7264 0A <id>");
    world_expect(&w, 7001, "6442 1003 A1A2A3A4");
    world_expect_event(&w, BC_SERVER_DEREGISTERED);
    assert_int_equal(bc_server_device_count(w.server), 0);

    world_feed(&w, 7001, "4402 1004 A1A2A3A4 B2 7264 0A <id>");
    world_expect(&w, 7001, "6484 1004 A1A2A3A4");
    world_feed(&w, 7001, "4404 1005 A1A2A3A4 B2 7264 0A <id>");
    world_expect(&w, 7001, "6484 1005 A1A2A3A4");
    world_end(&w);
}

/* What is refused, and as what. Each row is everything behind the token. */
static void registration_is_refused_when_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        uint8_t code;
    } rows[] = {
        {RD LINK_FORMAT "34 65703D78", BC_COAP_BAD_REQUEST},                /* no lwm2m */
        {RD LINK_FORMAT LWM2M_1_0, BC_COAP_BAD_REQUEST},                    /* no ep */
        {RD LINK_FORMAT LWM2M_1_0 "03 65703D", BC_COAP_BAD_REQUEST},        /* ep= */
        {RD LINK_FORMAT LWM2M_1_0 EP EP, BC_COAP_BAD_REQUEST},              /* twice */
        {RD LINK_FORMAT LWM2M_1_0 EP "03 6C743D", BC_COAP_BAD_REQUEST},     /* lt= */
        {RD LINK_FORMAT LWM2M_1_0 EP "04 6C743D30", BC_COAP_BAD_REQUEST},   /* lt=0 */
        {RD LINK_FORMAT LWM2M_1_0 EP "05 6C743D2D31", BC_COAP_BAD_REQUEST}, /* lt=-1 */
        {RD LINK_FORMAT LWM2M_1_0 EP "0D00 6C743D34323934393637323936",     /* lt=2^32 */
         BC_COAP_BAD_REQUEST},
        {RD LINK_FORMAT LWM2M_1_0 EP "03 623D58", BC_COAP_BAD_REQUEST}, /* b=X */
        {RD LINK_FORMAT LWM2M_1_0 EP LT_300 "FF 3C2F31", BC_COAP_BAD_REQUEST},
        {RD "1100" LWM2M_1_0 EP LINKS, BC_COAP_UNSUPPORTED_CONTENT_FORMAT}, /* text */
        {RD LINK_FORMAT "39 6C776D326D3D312E32" EP, BC_COAP_PRECONDITION_FAILED},
        {RD LINK_FORMAT "39 6C776D326D3D322E30" EP, BC_COAP_PRECONDITION_FAILED},
    };
    struct world w;
    world_begin(&w, "iot");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char request[400];
        char answer[40];
        snprintf(request, sizeof(request), "4402 20%02zX A1A2A3A4 %s", i, rows[i].request);
        snprintf(answer, sizeof(answer), "64%02X 20%02zX A1A2A3A4", rows[i].code, i);
        world_feed(&w, 7001, request);
        world_expect(&w, 7001, answer);
        assert_int_equal(world_expect_event(&w, BC_SERVER_REJECTED)->code, rows[i].code);
    }
    assert_int_equal(bc_server_device_count(w.server), 0);
    world_end(&w);
}

static void registration_of_version_1_1_is_accepted(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, "iot");
    world_feed(&w, 7001, HEAD RD LINK_FORMAT "39 6C776D326D3D312E31" EP);
    world_expect(&w, 7001, CREATED("1001"));
    assert_int_equal(world_expect_event(&w, BC_SERVER_REGISTERED)->lifetime_s, 86400);
    world_end(&w);
}

static void registration_of_an_unknown_endpoint_is_forbidden(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, "iot");
    w.closed = true;
    world_feed(&w, 7001, HEAD REGISTRATION);
    world_expect(&w, 7001, "6483 1001 A1A2A3A4");
    const struct world_event *event = world_expect_event(&w, BC_SERVER_REJECTED);
    assert_int_equal(event->code, BC_COAP_FORBIDDEN);
    assert_string_equal(event->endpoint, "x");
    world_end(&w);
}

/* Appends a byte in hex. */
static void repeat(char *hex, const char *byte, size_t count)
{
    char *end = hex + strlen(hex);
    for (size_t i = 0; i < count; i++)
        memcpy(end + 2 * i, byte, 3);
}

static void registration_has_limits(void **state)
{
    (void)state;
    struct world w;
    char links[8400] = RD LINK_FORMAT LWM2M_1_0 EP "FF";
    char endpoint[600] = RD LINK_FORMAT LWM2M_1_0 "0D8D 65703D"; /* 13 + 141 = ep= and 151 */
    char request[9000];
    struct bc_server_config config = bc_server_config_default();
    config.devices_max = 1;
    world_begin_with(&w, "iot", &config);
    repeat(links, "2F", BC_SERVER_LINKS_BYTES_MAX + 1);
    snprintf(request, sizeof(request), "4402 1001 A1A2A3A4 %s", links);
    world_feed(&w, 7001, request);
    world_expect(&w, 7001, "648D 1001 A1A2A3A4");
    world_expect_event(&w, BC_SERVER_REJECTED);
    repeat(endpoint, "78", 151);
    snprintf(request, sizeof(request), "4402 1002 A1A2A3A4 %s", endpoint);
    world_feed(&w, 7001, request);
    world_expect(&w, 7001, "6480 1002 A1A2A3A4");
    world_expect_event(&w, BC_SERVER_REJECTED);

    world_register(&w, 7001, "one", "");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_feed(&w, 7002, "4402 1003 A1A2A3A4" REGISTRATION);
    world_expect(&w, 7002, "64A3 1003 A1A2A3A4");
    world_expect_event(&w, BC_SERVER_REJECTED);
    world_register(&w, 7003, "one", ""); /* the same one may always come again */
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_end(&w);
}

static void registration_replaces_an_older_one_with_its_id_and_observations(void **state)
{
    (void)state;
    struct world w;
    char old_id[BC_SERVER_ID_CHARS + 1];
    char request[100];
    world_begin(&w, "iot");
    world_register(&w, 7001, "x", "</19/0>");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_expect(&w, 7001, "4401 <mid> <token> 60 52 3139 0130 0130 61 2A");
    world_answer(&w, 7001, BC_COAP_CONTENT, "60");
    world_expect_event(&w, BC_SERVER_OBSERVED);
    memcpy(old_id, w.id, sizeof(old_id));

    world_register(&w, 7002, "x", "");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    assert_int_equal(bc_server_device_count(w.server), 1);
    assert_string_not_equal(old_id, w.id);
    world_feed(&w, 7001, "4445 0001 <token> 6101 FF 01"); /* a notify of the old life */
    world_expect(&w, 7001, "7000 0001");
    memcpy(w.id, old_id, sizeof(old_id));
    snprintf(request, sizeof(request), "4002 0002 B2 7264 0A <id>");
    world_feed(&w, 7001, request);
    world_expect(&w, 7001, "6084 0002");
    world_end(&w);
}

/* Lifetime 300 s and the grace of 247 s; an update begins both anew. */
static void registration_expires_after_lifetime_and_grace(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, "iot");
    world_register(&w, 7001, "x", "");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_wait(&w, 500000);
    world_feed(&w, 7001, "4002 0002 B2 7264 0A <id>");
    world_expect(&w, 7001, "6044 0002");
    world_expect_event(&w, BC_SERVER_UPDATED);
    world_wait_quietly(&w, 547000);
    world_expect_event(&w, BC_SERVER_EXPIRED);
    assert_int_equal(bc_server_device_count(w.server), 0);
    assert_true(bc_server_deadline(w.server) == BC_NEVER);
    world_end(&w);
}

/* A shorter lifetime takes effect although the timer was set for the longer one. */
static void registration_expires_earlier_after_an_update_says_so(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, "iot");
    world_register(&w, 7001, "x", "");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_feed(&w, 7001, "4002 0002 B2 7264 0A <id> 45 6C743D3330"); /* lt=30 */
    world_expect(&w, 7001, "6044 0002");
    world_expect_event(&w, BC_SERVER_UPDATED);
    world_wait_quietly(&w, 277000);
    world_expect_event(&w, BC_SERVER_EXPIRED);
    world_end(&w);
}

static void update_follows_the_address_and_takes_over_the_objects(void **state)
{
    (void)state;
    struct world w;
    struct bc_server_device device;
    world_begin(&w, "iot");
    world_register(&w, 7001, "x", "</1/0>");
    assert_true(world_expect_event(&w, BC_SERVER_REGISTERED)->links_changed);
    world_feed(&w, 7009, "4002 0002 B2 7264 0A <id> 11 28 33 623D53 FF 3C2F333E"); /* b=S, </3> */
    world_expect(&w, 7009, "6044 0002");
    const struct world_event *event = world_expect_event(&w, BC_SERVER_UPDATED);
    assert_true(event->links_changed);
    assert_int_equal(event->port, 7009);
    assert_true(bc_server_find(w.server, BC_TEXT("x"), &device));
    assert_string_equal(device.binding, "S");
    assert_true(bc_view_equal(device.links, BC_TEXT("</3>")));
    assert_int_equal(device.address.port, 7009);

    world_feed(&w, 7009, "4002 0003 B2 7264 0A <id> 44 6C743D78"); /* lt=x changes nothing */
    world_expect(&w, 7009, "6080 0003");
    world_expect_event(&w, BC_SERVER_REJECTED);
    world_end(&w);
}

/* RFC 7252 4.5: the same bytes again, nothing done twice. Another peer is another message. */
static void duplicate_is_answered_from_the_cache(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, "iot");
    for (int i = 0; i < 3; i++) {
        world_feed(&w, 7001, HEAD REGISTRATION);
        world_expect(&w, 7001, CREATED("1001"));
    }
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_expect_no_event(&w);
    world_wait(&w, 246999);
    world_feed(&w, 7001, HEAD REGISTRATION);
    world_expect(&w, 7001, CREATED("1001"));
    world_expect_no_event(&w);
    world_wait(&w, 1); /* EXCHANGE_LIFETIME is over */
    world_feed(&w, 7001, HEAD REGISTRATION);
    world_expect(&w, 7001, CREATED("1001"));
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_feed(&w, 7002, HEAD REGISTRATION);
    world_expect(&w, 7002, CREATED("1001"));
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_end(&w);
}

static void non_confirmable_registration_gets_one_non_confirmable_answer(void **state)
{
    (void)state;
    struct world w;
    struct bc_server_datagram first;
    struct bc_server_datagram second;
    uint8_t bytes[100];
    world_begin(&w, "iot");
    world_feed(&w, 7001, "5402 1001 A1A2A3A4" REGISTRATION);
    assert_int_equal(bc_server_take_datagrams(w.server, &first, 1), 1);
    assert_int_equal(first.bytes.ptr[0], 0x54);
    assert_int_equal(first.bytes.ptr[1], BC_COAP_CREATED);
    memcpy(bytes, first.bytes.ptr, first.bytes.len);
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_feed(&w, 7001, "5402 1001 A1A2A3A4" REGISTRATION);
    assert_int_equal(bc_server_take_datagrams(w.server, &second, 1), 1);
    assert_int_equal(second.bytes.len, first.bytes.len);
    assert_memory_equal(second.bytes.ptr, bytes, second.bytes.len);
    world_end(&w);
}

static void dp_data_of_a_registered_device_is_taken(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, "iot");
    world_register(&w, 7001, "x", "");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_feed(&w, 7001, "4002 0002 B2 6470 12 2D17 34 65703D78 FF 7B7D"); /* 11543, {} */
    world_expect(&w, 7001, "6044 0002");
    const struct world_event *event = world_expect_event(&w, BC_SERVER_DP);
    assert_int_equal(event->format, BC_COAP_FORMAT_JSON);
    assert_int_equal(event->payload_bytes, 2);
    assert_memory_equal(event->payload, "{}", 2);
    world_feed(&w, 7001, "4002 0003 B2 6470 44 65703D79 FF 7B7D"); /* ep=y */
    world_expect(&w, 7001, "6084 0003");
    world_feed(&w, 7001, "4002 0004 B2 6470 FF 7B7D");
    world_expect(&w, 7001, "6080 0004");
    world_feed(&w, 7001, "4001 0005 B2 6470");
    world_expect(&w, 7001, "6085 0005");
    world_end(&w);
}

static void requests_that_are_none_of_ours_get_their_codes(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        const char *answer;
    } rows[] = {
        {"4001 0001 B2 7264", "6085 0001"},                       /* GET /rd */
        {"4003 0002 B2 7264", "6085 0002"},                       /* PUT /rd */
        {"4005 0003 B2 7264", "6085 0003"},                       /* FETCH /rd */
        {"4002 0004 B2 7265", "6084 0004"},                       /* POST /re */
        {"4001 0005", "6084 0005"},                               /* GET / */
        {"4002 0006 B2 7264 01 61 01 62", "6084 0006"},           /* /rd/a/b */
        {"4002 0007 91 00 22 7264", "6082 0007"},                 /* critical option 9 */
        {"4002 0008 B2 6470 D2 03 FF00", "6082 0008 D2 0E FF00"}, /* Block1 to /dp */
        {"4002 0009 B2 7264 D10B 78", "60A5 0009"},               /* Proxy-Uri */
        {"5002 000A 91 00", "7000 000A"},                         /* the same, NON */
        {"4000 000B", "7000 000B"},                               /* a ping */
        {"40E0 000C", "7000 000C"},                               /* a reserved code class */
        {"4002 000D F0", "7000 000D"},                            /* malformed */
        {"4902 000E", "7000 000E"},                               /* token of nine bytes */
        {"4045 000F", "7000 000F"},                               /* a response to nobody */
        {"5045 0010", "7000 0010"},
    };
    struct world w;
    world_begin(&w, "iot");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world_feed(&w, 7001, rows[i].request);
        world_expect(&w, 7001, rows[i].answer);
    }
    world_end(&w);
}

static void garbage_is_dropped_in_silence(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",          "40",        "C002 0001", "0002 0001", "5002 0001 F0", "6044 0001",
        "7000 0001", "6000 0001", "50E0 0001", "6002 0001", "7045 0001",
    };
    struct world w;
    world_begin(&w, "iot");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        world_feed(&w, 7001, rows[i]);
        world_expect_silence(&w);
    }
    world_end(&w);
}

static void well_known_core_lists_the_interfaces(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, "iot");
    world_feed(&w, 7001, "4001 0001 BB 2E77656C6C2D6B6E6F776E 04 636F7265");
    world_expect(&w, 7001, "6045 0001 C128 FF 3C2F72643E3B63743D34302C3C2F64703E");
    world_feed(&w, 7001, "4001 0002 BB 2E77656C6C2D6B6E6F776E 04 636F7265 60"); /* Accept 0 */
    world_expect(&w, 7001, "6086 0002");
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registration_lives_from_created_to_deleted),
        cmocka_unit_test(registration_is_refused_when_malformed),
        cmocka_unit_test(registration_of_version_1_1_is_accepted),
        cmocka_unit_test(registration_of_an_unknown_endpoint_is_forbidden),
        cmocka_unit_test(registration_has_limits),
        cmocka_unit_test(registration_replaces_an_older_one_with_its_id_and_observations),
        cmocka_unit_test(registration_expires_after_lifetime_and_grace),
        cmocka_unit_test(registration_expires_earlier_after_an_update_says_so),
        cmocka_unit_test(update_follows_the_address_and_takes_over_the_objects),
        cmocka_unit_test(duplicate_is_answered_from_the_cache),
        cmocka_unit_test(non_confirmable_registration_gets_one_non_confirmable_answer),
        cmocka_unit_test(dp_data_of_a_registered_device_is_taken),
        cmocka_unit_test(requests_that_are_none_of_ours_get_their_codes),
        cmocka_unit_test(garbage_is_dropped_in_silence),
        cmocka_unit_test(well_known_core_lists_the_interfaces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
