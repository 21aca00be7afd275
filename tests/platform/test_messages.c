/*
 * The log of CoAP messages (platform/service, messages.c): decoded when it is read, found by the
 * device, and bounded whatever comes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "office.h"

#define EP "867724030023557"
#define OTHER "867724030023558"
#define MESSAGES "/devices/" EP "/messages"
#define PORT 7001
#define LINKS "</3/0>"
#define MESSAGES_MAX 4096
#define BYTES_MAX ((size_t)4 * 1024 * 1024)

static int setup(void **state)
{
    (void)office_setup(state);
    struct office *o = *state;
    (void)office_add_product(o, "Meters", "iot");
    office_add_device(o, 1, EP);
    office_add_device(o, 1, OTHER);
    return 0;
}

static void pass(struct office *o, uint16_t port, bool up, bc_view message)
{
    struct bc_address peer = world_address(port);
    service_on_message(o->service, &peer, up, message, office_now(o).utc_ms);
}

static void pass_hex(struct office *o, uint16_t port, bool up, const char *hex)
{
    uint8_t bytes[200];
    bc_view digits = bc_view_of(hex);
    assert_true(digits.len / 2 <= sizeof(bytes) && bc_hex_decode(digits, bytes));
    pass(o, port, up, (bc_view){bytes, digits.len / 2});
}

/* The log sees a message before the core does. */
static void enroll(struct office *o, uint16_t port, const char *endpoint)
{
    pass_hex(o, port, true, "40020001B27264");
    world_register(&o->w, port, endpoint, LINKS);
    pass_hex(o, port, false, "604100018272640A41414141414141414141");
    office_commit(o);
    office_forget(o);
}

static const json_t *item(const json_t *page, size_t at)
{
    const json_t *items = json_object_get(page, "items");
    assert_true(at < json_array_size(items));
    return json_array_get(items, at);
}

static size_t count(const json_t *page)
{
    return json_array_size(json_object_get(page, "items"));
}

static bc_view written(bc_sink *out, bool block)
{
    static const struct bc_coap_token token = {2, {0x0A, 0x0B}};
    struct bc_coap_writer w = bc_coap_write_begin(
        out, BC_COAP_CON, block ? BC_COAP_CONTENT : BC_COAP_GET, 0x1234, &token);
    if (!block) {
        bc_coap_write_uint(&w, BC_COAP_OBSERVE, 0);
        bc_coap_write_path(&w, BC_COAP_URI_PATH, BC_TEXT("19/0/0"));
        bc_coap_write_uint(&w, BC_COAP_ACCEPT, BC_COAP_FORMAT_OPAQUE);
    } else {
        bc_coap_write_option(&w, BC_COAP_ETAG, BC_TEXT("\xAB"));
        bc_coap_write_uint(&w, BC_COAP_BLOCK2, 0x1A); /* the second one of 64 bytes, more follow */
        bc_coap_write_option(&w, 2049, BC_TEXT("\x07"));
        bc_coap_write_payload(&w, BC_TEXT("Hi"));
    }
    assert_int_equal(bc_coap_write_end(&w), BC_OK);
    return bc_sink_view(out);
}

/* Shown ----------------------------------------------------------------------------------------*/

static void messages_are_decoded_the_newest_first(void **state)
{
    struct office *o = *state;
    uint8_t bytes[100];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    enroll(o, PORT, EP);
    pass(o, PORT, false, written(&out, false));
    const json_t *page = office_ask(o, 200, "GET", MESSAGES, NULL);
    assert_int_equal(count(page), 3);
    const json_t *request = item(page, 0);
    assert_string_equal(office_text(request, "direction"), "down");
    assert_string_equal(office_text(request, "address"), "127.0.0.1:7001");
    assert_string_equal(office_text(request, "type"), "CON");
    assert_string_equal(office_text(request, "code"), "GET");
    assert_int_equal(office_number(request, "message_id"), 0x1234);
    assert_string_equal(office_text(request, "token"), "0A0B");
    office_expect_json(json_object_get(request, "options"),
                       "[{\"name\":\"Observe\",\"value\":0},{\"name\":\"Uri-Path\",\"value\":"
                       "\"19\"},{\"name\":\"Uri-Path\",\"value\":\"0\"},{\"name\":\"Uri-Path\","
                       "\"value\":\"0\"},{\"name\":\"Accept\",\"value\":42}]");
    assert_string_equal(office_text(item(page, 2), "direction"), "up");
}

static void blocks_payloads_and_strange_options_are_shown(void **state)
{
    struct office *o = *state;
    uint8_t bytes[100];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    enroll(o, PORT, EP);
    pass(o, PORT, true, written(&out, true));
    const json_t *message = item(office_ask(o, 200, "GET", MESSAGES, NULL), 0);
    office_expect_json(json_object_get(message, "options"),
                       "[{\"name\":\"ETag\",\"value\":\"AB\"},{\"name\":\"Block2\",\"value\":"
                       "\"1/1/64\"},{\"name\":\"2049\",\"value\":\"07\"}]");
    assert_string_equal(office_text(message, "payload_hex"), "4869");
    assert_string_equal(office_text(message, "payload_text"), "Hi");
}

static void what_is_no_coap_is_shown_as_bytes(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, EP);
    pass_hex(o, PORT, true, "FF00");
    pass_hex(o, PORT, true, "");
    const json_t *page = office_ask(o, 200, "GET", MESSAGES, NULL);
    assert_string_equal(office_text(item(page, 1), "payload_hex"), "FF00");
    assert_true(json_is_null(json_object_get(item(page, 1), "code")));
    assert_string_equal(office_text(item(page, 0), "payload_hex"), "");
}

/* Found ----------------------------------------------------------------------------------------*/

static void messages_of_others_are_not_shown(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, EP);
    enroll(o, 7002, OTHER);
    pass_hex(o, 7002, true, "40001234");
    pass_hex(o, 7003, true, "40001235"); /* nobody's */
    assert_int_equal(count(office_ask(o, 200, "GET", MESSAGES, NULL)), 2);
    assert_int_equal(count(office_ask(o, 200, "GET", "/devices/" OTHER "/messages", NULL)), 3);
    assert_int_equal(count(office_ask(o, 200, "GET", "/devices/nobody/messages", NULL)), 0);
}

/* A NAT gives devices new addresses. */
static void messages_are_found_after_the_address_has_changed(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, EP);
    pass_hex(o, 7005, true, "40027101B27264");
    world_feed(&o->w, 7005, "4002 7101 B2 7264 0A <id>");
    office_commit(o);
    pass_hex(o, 7005, false, "60447101");
    assert_int_equal(count(office_ask(o, 200, "GET", MESSAGES, NULL)), 4);
}

static void pages_go_back_in_time(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, EP);
    for (int i = 0; i < 5; i++)
        pass_hex(o, PORT, true, "40001234");
    const json_t *page = office_ask(o, 200, "GET", MESSAGES "?limit=4", NULL);
    assert_int_equal(count(page), 4);
    char place[100];
    snprintf(place, sizeof(place), MESSAGES "?cursor=%s", office_text(page, "next"));
    page = office_ask(o, 200, "GET", place, NULL);
    assert_int_equal(count(page), 3);
    assert_true(json_is_null(json_object_get(page, "next")));
}

static void message_is_told_with_its_device(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, EP);
    pass_hex(o, PORT, true, "40001234");
    office_commit(o);
    const struct office_told *told = office_expect_told(o, SERVICE_MESSAGE);
    assert_string_equal(told->endpoint, EP);
    assert_int_equal(office_number(json_object_get(told->body, "message"), "message_id"), 0x1234);
}

/* Bounds ---------------------------------------------------------------------------------------*/

static bool deaf(void *context, enum service_event_kind kind)
{
    (void)context;
    (void)kind;
    return false;
}

static size_t shown(struct office *o)
{
    size_t total = 0;
    char place[100] = MESSAGES "?limit=1000";
    for (;;) {
        const json_t *page = office_ask(o, 200, "GET", place, NULL);
        total += count(page);
        if (json_is_null(json_object_get(page, "next")))
            return total;
        snprintf(place, sizeof(place), MESSAGES "?limit=1000&cursor=%s", office_text(page, "next"));
    }
}

static int setup_deaf(void **state)
{
    struct office *o = calloc(1, sizeof(*o));
    o->config.wants = deaf;
    office_begin(o, false);
    (void)office_add_product(o, "Meters", "iot");
    office_add_device(o, 1, EP);
    *state = o;
    return 0;
}

static void log_is_bounded_in_messages(void **state)
{
    struct office *o = *state;
    enroll(o, PORT, EP);
    for (int i = 0; i < 3 * MESSAGES_MAX; i++)
        pass_hex(o, PORT, true, "40001234");
    assert_int_equal(shown(o), MESSAGES_MAX);
}

static void log_is_bounded_in_bytes(void **state)
{
    struct office *o = *state;
    static uint8_t bytes[65507];
    enroll(o, PORT, EP);
    memset(bytes, 0xFF, sizeof(bytes));
    for (int i = 0; i < 100; i++)
        pass(o, PORT, true, (bc_view){bytes, sizeof(bytes)});
    assert_int_equal(shown(o), BYTES_MAX / sizeof(bytes));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, office_teardown)
#define DEAF_TEST(name) cmocka_unit_test_setup_teardown(name, setup_deaf, office_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_are_decoded_the_newest_first),
        TEST(blocks_payloads_and_strange_options_are_shown),
        TEST(what_is_no_coap_is_shown_as_bytes),
        TEST(messages_of_others_are_not_shown),
        TEST(messages_are_found_after_the_address_has_changed),
        TEST(pages_go_back_in_time),
        TEST(message_is_told_with_its_device),
        DEAF_TEST(log_is_bounded_in_messages),
        DEAF_TEST(log_is_bounded_in_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
