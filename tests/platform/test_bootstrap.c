/*
 * The bootstrap server as a device sees it (LwM2M 1.0 section 5.2): every step byte for byte, who
 * is served and who is not, limits. What goes wrong on the way is test_bootstrap_faults.c's.
 */
#include <stdio.h>
#include <string.h>

#include "base/sink.h"
#include "bootstrap_desk.h"

#define DEV 7001

/*   device                        server
 *     | -- POST /bs?ep=dev1 ------> |
 *     | <- 2.04 ------------------- |
 *     | <- DELETE / --------------- |
 *     | -- 2.02 ------------------> |
 *     | <- PUT /0/0, /0/1, /1/0 --- |
 *     | -- 2.04 ------------------> |
 *     | <- POST /bs --------------- |
 *     | -- 2.04 ------------------> |
 */
static void bootstrap_tells_everything_step_by_step(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_feed(&d, DEV, "42021001A1A2 B26273 4765703D64657631");
    desk_expect(&d, DEV, "62441001A1A2");
    desk_expect(&d, DEV, "4404<mid><token>");
    desk_expect_silence(&d);
    const struct desk_event *event = desk_expect_event(&d, BC_BOOTSTRAP_REQUESTED);
    assert_string_equal(event->endpoint, "dev1");
    desk_answer(&d, DEV, BC_COAP_DELETED);
    desk_expect(&d, DEV,
                "4403<mid><token> B130 0130 122D16 FF"
                "C8000A636F61703A2F2F623A31 C10101 C10203");
    desk_expect_silence(&d);
    desk_answer(&d, DEV, BC_COAP_CHANGED);
    desk_expect(&d, DEV,
                "4403<mid><token> B130 0131 122D16 FF"
                "C8000A636F61703A2F2F733A32 C10100 C10203 C10A01");
    desk_answer(&d, DEV, BC_COAP_CHANGED);
    desk_expect(&d, DEV, "4403<mid><token> B131 0130 122D16 FF C10001 C201012C C10601 C10755");
    desk_answer(&d, DEV, BC_COAP_CHANGED);
    desk_expect(&d, DEV, "4402<mid><token> B26273");
    assert_int_equal(d.event_seen, d.event_count);
    assert_int_equal(bc_bootstrap_server_session_count(d.server), 1);
    desk_answer(&d, DEV, BC_COAP_CHANGED);
    event = desk_expect_event(&d, BC_BOOTSTRAP_FINISHED);
    assert_string_equal(event->endpoint, "dev1");
    assert_int_equal(event->port, DEV);
    assert_int_equal(bc_bootstrap_server_session_count(d.server), 0);
    assert_true(bc_bootstrap_server_deadline(d.server) == BC_NEVER);
    desk_end(&d);
}

static void bootstrap_tells_keys_of_secured_servers(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    d.information.bootstrap = (struct bc_bootstrap_account){
        .uri = BC_TEXT("coaps://b:1"),
        .security = BC_BOOTSTRAP_PSK,
        .identity = BC_TEXT("bs-id"),
        .key = BC_TEXT("\x01\x02"),
    };
    d.information.server = (struct bc_bootstrap_account){
        .uri = BC_TEXT("coaps://s:2"),
        .security = BC_BOOTSTRAP_PSK,
        .identity = BC_TEXT("identity9"),
        .key = BC_TEXT("\xAA\xBB\xCC"),
    };
    d.information.short_server_id = 300;
    d.information.lifetime_s = 86400;
    d.information.binding = BC_TEXT("UQ");
    d.information.stores_notifications = false;
    desk_open_to(&d, DEV, "dev1", 0);
    desk_answer(&d, DEV, BC_COAP_DELETED);
    desk_expect(&d, DEV,
                "4403<mid><token> B130 0130 122D16 FF"
                "C8000B636F6170733A2F2F623A31 C10101 C10200 C50362732D6964 C2050102");
    desk_answer(&d, DEV, BC_COAP_CHANGED);
    desk_expect(&d, DEV,
                "4403<mid><token> B130 0131 122D16 FF C8000B636F6170733A2F2F733A32 C10100 C10200"
                "C803096964656E7469747939 C305AABBCC C20A012C");
    desk_answer(&d, DEV, BC_COAP_CHANGED);
    desk_expect(&d, DEV,
                "4403<mid><token> B131 0130 122D16 FF C200012C C40100015180 C10600 C2075551");
    desk_finish(&d, DEV, 3);
    desk_end(&d);
}

static void bootstrap_without_an_own_uri_leaves_0_0_alone(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    d.information.bootstrap.uri = (bc_view){0};
    desk_open_to(&d, DEV, "dev1", 0);
    desk_answer(&d, DEV, BC_COAP_DELETED);
    desk_expect(&d, DEV,
                "4403<mid><token> B130 0131 122D16 FF"
                "C8000A636F61703A2F2F733A32 C10100 C10203 C10A01");
    desk_finish(&d, DEV, 2);
    desk_end(&d);
}

static void bootstrap_discovers_first_when_wanted(void **state)
{
    static const struct {
        const char *rest;
        bool more;
    } rows[] = {{"C128FF 3C2F312F303E", false},
                {"C128 B108 FF 3C2F312F303E", true},
                {"C128 B100 FF 3C2F312F303E", false},
                {"FF 3C2F312F303E", false}};
    struct desk d;
    (void)state;
    desk_begin(&d);
    d.information.discover = true;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char hex[64];
        desk_open(&d, DEV, (uint16_t)(0x1000 + i), "dev1");
        desk_expect(&d, DEV, "4401<mid><token> D10428");
        snprintf(hex, sizeof(hex), "6445<mid><token>%s", rows[i].rest);
        desk_feed(&d, DEV, hex);
        const struct desk_event *event = desk_expect_event(&d, BC_BOOTSTRAP_DISCOVERED);
        assert_string_equal(event->payload, "</1/0>");
        assert_int_equal(event->more, rows[i].more);
        desk_expect_step(&d, DEV, &desk_steps[0]);
        desk_finish(&d, DEV, 0);
    }
    desk_end(&d);
}

static void information_stays_what_it_was_at_the_beginning(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_open_to(&d, DEV, "dev1", 2);
    d.information.lifetime_s = 60;
    d.closed = true;
    desk_answer(&d, DEV, BC_COAP_CHANGED);
    desk_expect(&d, DEV, "4403<mid><token> B131 0130 122D16 FF C10001 C201012C C10601 C10755");
    desk_finish(&d, DEV, 3);
    desk_end(&d);
}

static void unknown_endpoint_is_refused_once(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    d.closed = true;
    for (int i = 0; i < 2; i++) {
        desk_ask(&d, DEV, 0x1001, "stranger");
        desk_expect(&d, DEV, "60831001");
    }
    const struct desk_event *event = desk_expect_event(&d, BC_BOOTSTRAP_REJECTED);
    assert_string_equal(event->endpoint, "stranger");
    assert_int_equal(event->code, BC_COAP_FORBIDDEN);
    assert_non_null(event->reason);
    assert_int_equal(event->port, DEV);
    desk_end(&d);
}

static void nobody_is_served_without_a_callback(void **state)
{
    struct bc_bootstrap_config config = bc_bootstrap_config_default();
    struct bc_address from = desk_address(DEV);
    struct bc_server_datagram seen;
    static const uint8_t ask[] = "\x40\x02\x10\x01\xB2"
                                 "bs\x44"
                                 "ep=x";
    (void)state;
    struct bc_bootstrap_server *server = bc_bootstrap_server_create(&config);
    bc_bootstrap_server_on_datagram(server, 1, &from, (bc_view){ask, sizeof(ask) - 1});
    assert_int_equal(bc_bootstrap_server_take_datagrams(server, &seen, 1), 1);
    assert_int_equal(seen.bytes.ptr[1], BC_COAP_FORBIDDEN);
    assert_int_equal(bc_bootstrap_server_take_datagrams(server, &seen, 1), 0);
    bc_bootstrap_server_destroy(server);
}

static void malformed_endpoint_is_a_bad_request(void **state)
{
    static const char *const rows[] = {
        "40021001 B26273",                       /* no query */
        "40021001 B26273 4365703D",              /* ep= */
        "40021001 B26273 4265 70",               /* ep */
        "40021001 B26273 4465703D61 0465703D62", /* twice */
        "40021001 B26273 4465703D61 0365703D",   /* twice, once empty */
        "40021001 B26273 4470633D61",            /* another parameter */
        "40021001 B26273 4465703D61 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161 0161",
    };
    struct desk d;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        desk_begin(&d);
        desk_feed(&d, DEV, rows[i]);
        desk_expect(&d, DEV, "60801001");
        const struct desk_event *event = desk_expect_event(&d, BC_BOOTSTRAP_REJECTED);
        assert_int_equal(event->code, BC_COAP_BAD_REQUEST);
        assert_string_equal(event->endpoint, "");
        desk_end(&d);
    }
}

static void endpoint_of_150_bytes_is_served_and_of_151_is_not(void **state)
{
    char endpoint[152];
    struct desk d;
    (void)state;
    memset(endpoint, 'e', 151);
    endpoint[151] = '\0';
    desk_begin(&d);
    desk_ask(&d, DEV, 0x1001, endpoint);
    desk_expect(&d, DEV, "60801001");
    desk_expect_event(&d, BC_BOOTSTRAP_REJECTED);
    endpoint[150] = '\0';
    desk_open_to(&d, DEV, endpoint, 0);
    desk_finish(&d, DEV, 0);
    desk_end(&d);
}

static void other_parameters_are_ignored(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_feed(&d, DEV, "40021001 B26273 477063743D313132 0765703D64657631");
    desk_expect(&d, DEV, "60441001");
    assert_string_equal(desk_expect_event(&d, BC_BOOTSTRAP_REQUESTED)->endpoint, "dev1");
    desk_expect_step(&d, DEV, &desk_steps[0]);
    desk_finish(&d, DEV, 0);
    desk_end(&d);
}

static void other_requests_are_answered_as_the_rfc_says(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"40011001 B26273", "60851001"},                      /* GET /bs */
        {"40021001", "60841001"},                             /* POST / */
        {"40021001 B27264 4465703D61", "60841001"},           /* POST /rd */
        {"40021001 B26273 0178 4465703D61", "60841001"},      /* POST /bs/x */
        {"40021001 9161 2262 73", "60821001"},                /* a critical option */
        {"40021001 B26273 4465703D61 C108", "60821001"},      /* Block1, more */
        {"40021001 B26273 4465703D61 C100 FF61", "60821001"}, /* Block1, all of it */
        {"40021001 B26273 D10B61", "60A51001"},               /* Proxy-Uri */
        {"40001001", "70001001"},                             /* a ping */
        {"40FF1001", "70001001"},                             /* a reserved class */
        {"44021001", "70001001"},                             /* cut in the token */
        {"42451001A1A2", "70001001"},                         /* a response to nothing */
        {"52451001A1A2", "70001001"},                         /* the same, unconfirmed */
        {"50021001 9161", "70001001"},                        /* NON, a critical option */
    };
    struct desk d;
    (void)state;
    desk_begin(&d);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        desk_feed(&d, DEV, rows[i].in);
        desk_expect(&d, DEV, rows[i].out);
        desk_expect_silence(&d);
    }
    desk_end(&d);
}

static void what_asks_for_no_answer_gets_none(void **state)
{
    static const char *const rows[] = {"",         "40",           "C0021001", "60001001",
                                       "70001001", "62441001A1A2", "60021001", "54021001"};
    struct desk d;
    (void)state;
    desk_begin(&d);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        desk_feed(&d, DEV, rows[i]);
        desk_expect_silence(&d);
    }
    desk_end(&d);
}

static void unconfirmed_request_gets_an_unconfirmed_answer(void **state)
{
    struct desk d;
    struct bc_server_datagram seen;
    (void)state;
    desk_begin(&d);
    desk_feed(&d, DEV, "51021001A1 B26273 4765703D64657631");
    assert_int_equal(bc_bootstrap_server_take_datagrams(d.server, &seen, 1), 1);
    assert_int_equal(seen.bytes.len, 5);
    assert_int_equal(seen.bytes.ptr[0], 0x51);
    assert_int_equal(seen.bytes.ptr[1], BC_COAP_CHANGED);
    assert_int_equal(seen.bytes.ptr[4], 0xA1);
    desk_expect_event(&d, BC_BOOTSTRAP_REQUESTED);
    desk_expect_step(&d, DEV, &desk_steps[0]);
    desk_finish(&d, DEV, 0);
    desk_end(&d);
}

static void devices_behind_one_address_are_served_side_by_side(void **state)
{
    struct desk d;
    uint8_t first[DESK_BYTES_MAX];
    size_t first_bytes;
    (void)state;
    desk_begin(&d);
    desk_open_to(&d, DEV, "dev1", 0);
    memcpy(first, d.last, d.last_bytes);
    first_bytes = d.last_bytes;
    desk_open_to(&d, DEV, "dev2", 0);
    assert_memory_not_equal(first + 2, d.last + 2, 2);
    assert_memory_not_equal(first + 4, d.last + 4, 4);
    desk_finish(&d, DEV, 0);
    memcpy(d.last, first, first_bytes);
    desk_finish(&d, DEV, 0);
    assert_string_equal(d.events[3].endpoint, "dev1");
    desk_end(&d);
}

static void sessions_have_a_limit(void **state)
{
    struct bc_bootstrap_config config = bc_bootstrap_config_default();
    struct desk d;
    (void)state;
    config.sessions_max = 2;
    desk_begin_with(&d, &config);
    desk_open_to(&d, DEV, "dev1", 0);
    desk_open_to(&d, DEV + 1, "dev2", 0);
    desk_ask(&d, DEV + 2, 0x2001, "dev3");
    desk_expect(&d, DEV + 2, "60A32001");
    const struct desk_event *event = desk_expect_event(&d, BC_BOOTSTRAP_REJECTED);
    assert_int_equal(event->code, BC_COAP_SERVICE_UNAVAILABLE);
    assert_string_equal(event->endpoint, "dev3");
    desk_finish(&d, DEV + 1, 0); /* makes room */
    desk_open_to(&d, DEV + 2, "dev3", 0);
    desk_ask(&d, DEV + 2, 0x2002, "dev3"); /* in its own place */
    desk_expect(&d, DEV + 2, "60442002");
    desk_expect_event(&d, BC_BOOTSTRAP_FAILED);
    desk_expect_event(&d, BC_BOOTSTRAP_REQUESTED);
    assert_int_equal(bc_bootstrap_server_session_count(d.server), 2);
    desk_expect_step(&d, DEV + 2, &desk_steps[0]);
    desk_end(&d); /* with two sessions open: nothing leaks */
}

static void limits_of_zero_make_no_server(void **state)
{
    struct bc_bootstrap_config config = bc_bootstrap_config_default();
    (void)state;
    config.sessions_max = 0;
    assert_null(bc_bootstrap_server_create(&config));
    config = bc_bootstrap_config_default();
    config.duplicates_max = 0;
    assert_null(bc_bootstrap_server_create(&config));
    bc_bootstrap_server_destroy(NULL);
}

/* One thing wrong in each. */
static void spoil(struct bc_bootstrap_information *i, size_t what)
{
    static uint8_t bytes[257];
    const struct bc_bootstrap_account secured = {BC_TEXT("coaps://s:2"), BC_BOOTSTRAP_PSK,
                                                 BC_TEXT("i"), BC_TEXT("k")};
    i->server = what < 5 ? secured : i->server;
    switch (what) {
    case 0:
        i->server.identity.len = 0;
        break;
    case 1:
        i->server.key.len = 0;
        break;
    case 2:
        i->server.identity = (bc_view){bytes, BC_PSK_ID_BYTES_MAX + 1};
        break;
    case 3:
        i->server.key = (bc_view){bytes, BC_PSK_BYTES_MAX + 1};
        break;
    case 4:
        i->server.security = (enum bc_bootstrap_security)1;
        break;
    case 5:
        i->server.uri.len = 0;
        break;
    case 6:
        i->bootstrap.uri = (bc_view){bytes, BC_BOOTSTRAP_URI_BYTES_MAX + 1};
        break;
    case 7:
        i->short_server_id = 0;
        break;
    case 8:
        i->short_server_id = UINT16_MAX;
        break;
    case 9:
        i->lifetime_s = 0;
        break;
    case 10:
        i->binding.len = 0;
        break;
    default:
        i->binding = BC_TEXT("UQSTNMHU");
    }
}

static void information_that_makes_no_sense_is_not_told(void **state)
{
    struct desk d;
    (void)state;
    for (size_t what = 0; what < 12; what++) {
        desk_begin(&d);
        spoil(&d.information, what);
        desk_ask(&d, DEV, 0x1001, "dev1");
        desk_expect(&d, DEV, "60A01001");
        assert_int_equal(desk_expect_event(&d, BC_BOOTSTRAP_REJECTED)->code,
                         BC_COAP_INTERNAL_SERVER_ERROR);
        desk_end(&d);
    }
}

static void longest_information_fits(void **state)
{
    static uint8_t bytes[256];
    struct bc_bootstrap_account longest = {.uri = {bytes, BC_BOOTSTRAP_URI_BYTES_MAX},
                                           .security = BC_BOOTSTRAP_PSK,
                                           .identity = {bytes, BC_PSK_ID_BYTES_MAX},
                                           .key = {bytes, BC_PSK_BYTES_MAX}};
    char endpoint[151];
    struct desk d;
    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    memset(endpoint, 'e', 150);
    endpoint[150] = '\0';
    desk_begin(&d);
    d.information.bootstrap = longest;
    d.information.server = longest;
    d.information.short_server_id = 65534;
    d.information.lifetime_s = UINT32_MAX;
    d.information.binding = BC_TEXT("UQSTNMH");
    desk_open_to(&d, DEV, endpoint, 2);
    assert_true(d.last_bytes > 255 + 150 + 256);
    desk_finish(&d, DEV, 2);
    desk_end(&d);
}

static void nothing_long_goes_to_an_address_that_has_not_answered(void **state)
{
    struct bc_server_datagram seen;
    struct desk d;
    size_t sent = 0;
    (void)state;
    desk_begin(&d);
    d.information.discover = true;
    desk_ask(&d, DEV, 0x1001, "x");
    desk_expect_event(&d, BC_BOOTSTRAP_REQUESTED);
    for (int i = 0; i < 6; i++) {
        while (bc_bootstrap_server_take_datagrams(d.server, &seen, 1) == 1)
            sent += seen.bytes.len;
        desk_wait(&d, 2000U << i);
    }
    desk_expect_event(&d, BC_BOOTSTRAP_FAILED);
    assert_true(sent <= 4 + 5 * 11);
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bootstrap_tells_everything_step_by_step),
        cmocka_unit_test(bootstrap_tells_keys_of_secured_servers),
        cmocka_unit_test(bootstrap_without_an_own_uri_leaves_0_0_alone),
        cmocka_unit_test(bootstrap_discovers_first_when_wanted),
        cmocka_unit_test(information_stays_what_it_was_at_the_beginning),
        cmocka_unit_test(unknown_endpoint_is_refused_once),
        cmocka_unit_test(nobody_is_served_without_a_callback),
        cmocka_unit_test(malformed_endpoint_is_a_bad_request),
        cmocka_unit_test(endpoint_of_150_bytes_is_served_and_of_151_is_not),
        cmocka_unit_test(other_parameters_are_ignored),
        cmocka_unit_test(other_requests_are_answered_as_the_rfc_says),
        cmocka_unit_test(what_asks_for_no_answer_gets_none),
        cmocka_unit_test(unconfirmed_request_gets_an_unconfirmed_answer),
        cmocka_unit_test(devices_behind_one_address_are_served_side_by_side),
        cmocka_unit_test(sessions_have_a_limit),
        cmocka_unit_test(limits_of_zero_make_no_server),
        cmocka_unit_test(information_that_makes_no_sense_is_not_told),
        cmocka_unit_test(longest_information_fits),
        cmocka_unit_test(nothing_long_goes_to_an_address_that_has_not_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
