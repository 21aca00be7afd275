/*
 * What the server does for China Mobile Andlink (PLATFORM section 2; G 5.4.2): it asks a registered
 * device for its product id, 3/0/17, and sends it away when that is not one of its own.
 *
 *     device                          server
 *       | -- POST /rd --------------> |
 *       | <- 2.01 ------------------- |
 *       | <- GET /3/0/17, Accept 0 -- |
 *       | -- 2.05 "500677" ---------> |   may stay
 */
#include <string.h>

#include "world.h"

#define DEV 7001
#define IDENTIFY "4401<mid><token> B133 0130 023137 60"
#define ID_500677 "FF 353030363737"
#define ID_500678 "FF 353030363738"

static bool accepts_product_id(void *context, bc_view endpoint, bc_view product_id)
{
    (void)context;
    assert_true(endpoint.len == 4 && memcmp(endpoint.ptr, "dev1", 4) == 0);
    return product_id.len == 6 && memcmp(product_id.ptr, "500677", 6) == 0;
}

static void begin(struct world *w)
{
    struct bc_server_config config = bc_server_config_default();
    config.seed = 7;
    config.accepts_product_id = accepts_product_id;
    world_begin_with(w, "andlink", &config);
}

static void register_and_be_asked(struct world *w)
{
    world_register(w, DEV, "dev1", "</1/0>,</3/0>,</19/1>");
    world_expect_event(w, BC_SERVER_REGISTERED);
    world_expect(w, DEV, IDENTIFY);
    world_expect_silence(w);
}

static void expect_refusal(struct world *w, uint8_t code, const char *value)
{
    const struct world_event *event = world_expect_event(w, BC_SERVER_DEREGISTERED);
    assert_string_equal(event->endpoint, "dev1");
    assert_non_null(event->reason);
    assert_int_equal(event->code, code);
    assert_int_equal(event->payload_bytes, strlen(value));
    assert_memory_equal(event->payload, value, strlen(value));
    assert_int_equal(bc_server_device_count(w->server), 0);
}

static void accepted_product_stays(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    register_and_be_asked(&w);
    world_answer(&w, DEV, BC_COAP_CONTENT, ID_500677);
    const struct world_event *event = world_expect_event(&w, BC_SERVER_RESPONDED);
    assert_string_equal(event->path, "/3/0/17");
    assert_int_equal(bc_server_device_count(w.server), 1);
    world_end(&w);
}

static void other_product_is_sent_away(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    register_and_be_asked(&w);
    assert_int_equal(world_request(&w, "dev1", BC_SERVER_READ, "/3/0/0", 5), BC_OK);
    world_answer(&w, DEV, BC_COAP_CONTENT, ID_500678);
    world_expect_event(&w, BC_SERVER_RESPONDED);
    expect_refusal(&w, BC_COAP_CONTENT, "500678");
    assert_int_equal(world_expect_event(&w, BC_SERVER_CANCELED)->tag, 5);
    /* Its data and its updates are those of nobody now. */
    world_feed(&w, DEV, "40022001 B26470 4765703D64657631 FF5B5D");
    world_expect(&w, DEV, "60842001");
    world_feed(&w, DEV, "40022002 B27264 0A<id>");
    world_expect(&w, DEV, "60842002");
    world_end(&w);
}

static void device_that_was_sent_away_may_come_back(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    register_and_be_asked(&w);
    world_answer(&w, DEV, BC_COAP_CONTENT, ID_500678);
    world_expect_event(&w, BC_SERVER_RESPONDED);
    expect_refusal(&w, BC_COAP_CONTENT, "500678");
    register_and_be_asked(&w);
    world_answer(&w, DEV, BC_COAP_CONTENT, ID_500677);
    world_expect_event(&w, BC_SERVER_RESPONDED);
    assert_int_equal(bc_server_device_count(w.server), 1);
    world_end(&w);
}

static void product_id_that_cannot_be_read_is_none(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    register_and_be_asked(&w);
    world_answer(&w, DEV, BC_COAP_NOT_FOUND, ID_500677);
    world_expect_event(&w, BC_SERVER_RESPONDED);
    expect_refusal(&w, BC_COAP_NOT_FOUND, "500677");
    register_and_be_asked(&w);
    world_feed(&w, DEV, "7000<mid>");
    world_expect_event(&w, BC_SERVER_RESET);
    expect_refusal(&w, 0, "");
    register_and_be_asked(&w);
    for (unsigned i = 0; i < 4; i++) {
        world_wait_quietly(&w, 2000U << i);
        world_expect(&w, DEV, IDENTIFY);
    }
    world_wait_quietly(&w, 32000);
    world_expect_event(&w, BC_SERVER_TIMED_OUT);
    expect_refusal(&w, 0, "");
    world_end(&w);
}

static void separate_answer_identifies_too(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    register_and_be_asked(&w);
    world_feed(&w, DEV, "6000<mid>");
    world_feed(&w, DEV, "44453333<token>" ID_500678);
    world_expect(&w, DEV, "60003333");
    world_expect_event(&w, BC_SERVER_RESPONDED);
    expect_refusal(&w, BC_COAP_CONTENT, "500678");
    world_feed(&w, DEV, "44453333<token>" ID_500678);
    world_expect(&w, DEV, "60003333");
    world_end(&w);
}

static void registering_anew_asks_anew(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    register_and_be_asked(&w);
    world_register(&w, DEV, "dev1", "</3/0>");
    world_expect_event(&w, BC_SERVER_CANCELED); /* says nothing about the product */
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_expect(&w, DEV, IDENTIFY);
    world_answer(&w, DEV, BC_COAP_CONTENT, ID_500677);
    world_expect_event(&w, BC_SERVER_RESPONDED);
    assert_int_equal(bc_server_device_count(w.server), 1);
    world_end(&w);
}

static void updates_are_not_asked_again(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    register_and_be_asked(&w);
    world_answer(&w, DEV, BC_COAP_CONTENT, ID_500677);
    world_expect_event(&w, BC_SERVER_RESPONDED);
    world_feed(&w, DEV, "40022001 B27264 0A<id> 1128 FF 3C2F332F303E");
    world_expect(&w, DEV, "60442001");
    assert_true(world_expect_event(&w, BC_SERVER_UPDATED)->links_changed);
    world_end(&w);
}

static void somebody_elses_read_of_the_product_id_sends_nobody_away(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    register_and_be_asked(&w);
    world_answer(&w, DEV, BC_COAP_CONTENT, ID_500677);
    world_expect_event(&w, BC_SERVER_RESPONDED);
    assert_int_equal(world_request(&w, "dev1", BC_SERVER_READ, "/3/0/17", 9), BC_OK);
    world_expect(&w, DEV, "4401<mid><token> B133 0130 023137");
    world_answer(&w, DEV, BC_COAP_CONTENT, ID_500678);
    assert_int_equal(world_expect_event(&w, BC_SERVER_RESPONDED)->tag, 9);
    assert_int_equal(bc_server_device_count(w.server), 1);
    world_end(&w);
}

static void without_a_list_any_product_stays(void **state)
{
    struct world w;
    (void)state;
    world_begin(&w, "andlink");
    register_and_be_asked(&w);
    world_answer(&w, DEV, BC_COAP_NOT_FOUND, "");
    world_expect_event(&w, BC_SERVER_RESPONDED);
    assert_int_equal(bc_server_device_count(w.server), 1);
    world_end(&w);
}

static void other_carriers_do_not_ask(void **state)
{
    struct bc_server_config config = bc_server_config_default();
    struct world w;
    (void)state;
    config.accepts_product_id = accepts_product_id;
    world_begin_with(&w, "dmp", &config);
    world_register(&w, DEV, "dev1", "</3/0>");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepted_product_stays),
        cmocka_unit_test(other_product_is_sent_away),
        cmocka_unit_test(device_that_was_sent_away_may_come_back),
        cmocka_unit_test(product_id_that_cannot_be_read_is_none),
        cmocka_unit_test(separate_answer_identifies_too),
        cmocka_unit_test(registering_anew_asks_anew),
        cmocka_unit_test(updates_are_not_asked_again),
        cmocka_unit_test(somebody_elses_read_of_the_product_id_sends_nobody_away),
        cmocka_unit_test(without_a_list_any_product_stays),
        cmocka_unit_test(other_carriers_do_not_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
