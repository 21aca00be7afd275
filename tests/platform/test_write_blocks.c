/*
 * Values in blocks (RFC 7959, Block1): written in every size, in the sizes that devices ask for,
 * over again when they lost a block.
 */
#include <string.h>

#include "base/sink.h"
#include "text.h"
#include "world.h"

#define VALUE_BYTES 1024
#define WRITE_19_1_0 "4403 <mid> <token> B2 3139 0131 0130 11 2A"

static void begin(struct world *w, uint16_t block_bytes)
{
    struct bc_server_config config = bc_server_config_default();
    config.seed = 7;
    config.block_bytes = block_bytes;
    world_begin_with(w, "iot", &config);
    world_register(w, 7001, "x", "");
    world_expect_event(w, BC_SERVER_REGISTERED);
}

static const struct world_event *expect_response(struct world *w, uint8_t code)
{
    const struct world_event *event = world_expect_event(w, BC_SERVER_RESPONDED);
    assert_int_equal(event->tag, 5);
    assert_int_equal(event->code, code);
    return event;
}

static void write_value(struct world *w, size_t bytes)
{
    uint8_t value[BC_SERVER_VALUE_BYTES_MAX];
    struct bc_server_request request = {
        .operation = BC_SERVER_WRITE,
        .path = {{19, 1, 0}, 3},
        .accept = BC_COAP_FORMAT_ABSENT,
        .format = BC_COAP_FORMAT_OPAQUE,
        .payload = {value, bytes},
        .tag = 5,
    };
    for (size_t i = 0; i < bytes; i++)
        value[i] = text_value(i);
    assert_int_equal(bc_server_request(w->server, w->now_ms, bc_view_of("x"), &request), BC_OK);
    memset(value, 0, sizeof(value)); /* the server has its own copy */
}

static void expect_write(struct world *w, size_t number, unsigned exponent, size_t total)
{
    struct text t = {.len = 0};
    size_t at = number * SIZE(exponent);
    size_t bytes = total - at < SIZE(exponent) ? total - at : SIZE(exponent);
    uint8_t token[4];
    memcpy(token, w->token, sizeof(token));
    text_add(&t, WRITE_19_1_0);
    text_add_block(&t, 15, number, at + bytes < total, exponent);
    text_add_value(&t, at, bytes);
    world_expect(w, 7001, t.hex);
    assert_memory_not_equal(w->token, token, sizeof(token));
}

/* A code with a Block1 option. */
static void answer_write(struct world *w, uint8_t code, size_t number, bool more, unsigned exponent)
{
    struct text t = {.len = 0};
    text_add_block(&t, 27, number, more, exponent);
    world_answer(w, 7001, code, t.hex);
}

/*  server                            device
 *    | CON PUT /19/1/0 1:0/1/512   ->  |
 *    | <-  ACK 2.31 1:0/1/512          |
 *    | CON PUT /19/1/0 1:1/0/512   ->  |
 *    | <-  ACK 2.04 1:1/0/512          |  */
static void value_is_written_in_blocks_of_every_size(void **state)
{
    (void)state;
    for (unsigned exponent = 0; exponent < SIZES - 1; exponent++) {
        struct world w;
        size_t count = VALUE_BYTES / SIZE(exponent);
        begin(&w, (uint16_t)SIZE(exponent));
        write_value(&w, VALUE_BYTES);
        for (size_t i = 0; i < count; i++) {
            bool last = i + 1 == count;
            world_expect_no_event(&w);
            expect_write(&w, i, exponent, VALUE_BYTES);
            answer_write(&w, last ? BC_COAP_CHANGED : BC_COAP_CONTINUE, i, !last, exponent);
        }
        assert_false(expect_response(&w, BC_COAP_CHANGED)->more);
        world_end(&w);
    }
}

static void value_that_fits_is_written_in_one_message(void **state)
{
    (void)state;
    static const uint16_t preferences[] = {0, 1024};
    for (size_t i = 0; i < 2; i++) {
        struct world w;
        struct text t = {.len = 0};
        begin(&w, preferences[i]);
        write_value(&w, 1024);
        text_add(&t, WRITE_19_1_0);
        text_add_value(&t, 0, 1024);
        world_expect(&w, 7001, t.hex);
        world_answer(&w, 7001, BC_COAP_CHANGED, "");
        expect_response(&w, BC_COAP_CHANGED);
        world_end(&w);
    }
}

static void long_value_is_written_in_the_largest_blocks(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 0);
    write_value(&w, 4001);
    for (size_t i = 0; i < 3; i++) {
        expect_write(&w, i, 6, 4001);
        answer_write(&w, BC_COAP_CONTINUE, i, true, 6);
    }
    expect_write(&w, 3, 6, 4001);
    answer_write(&w, BC_COAP_CHANGED, 3, false, 6);
    expect_response(&w, BC_COAP_CHANGED);
    world_end(&w);
}

/* RFC 7959 3.2, late negotiation: 128 bytes were taken, which are four blocks of 32. */
static void device_may_ask_for_smaller_blocks_of_a_write(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 128);
    write_value(&w, 200);
    expect_write(&w, 0, 3, 200);
    answer_write(&w, BC_COAP_CONTINUE, 0, true, 1);
    expect_write(&w, 4, 1, 200);
    answer_write(&w, BC_COAP_CONTINUE, 4, true, 2); /* never larger again */
    expect_write(&w, 5, 1, 200);
    answer_write(&w, BC_COAP_CONTINUE, 5, true, 1);
    expect_write(&w, 6, 1, 200);
    answer_write(&w, BC_COAP_CHANGED, 6, false, 1);
    expect_response(&w, BC_COAP_CHANGED);
    world_end(&w);
}

/* RFC 7959 3.2, the stateless way: each block is used at once. */
static void device_may_use_each_block_at_once(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 16);
    write_value(&w, 32);
    expect_write(&w, 0, 0, 32);
    answer_write(&w, BC_COAP_CHANGED, 0, false, 0);
    world_expect_no_event(&w);
    expect_write(&w, 1, 0, 32);
    answer_write(&w, BC_COAP_CHANGED, 1, false, 0);
    expect_response(&w, BC_COAP_CHANGED);
    world_end(&w);
}

/* RFC 7959 2.9.3; the value was sent in one message, then in blocks that are still too large. */
static void value_too_large_is_written_again_in_blocks_of_the_size_hinted_at(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 0);
    write_value(&w, 40);
    world_expect(&w, 7001,
                 WRITE_19_1_0 "FF 000102030405060708090A0B0C0D0E0F"
                              "101112131415161718191A1B1C1D1E1F 2021222324252627");
    answer_write(&w, BC_COAP_REQUEST_ENTITY_TOO_LARGE, 0, false, 1);
    expect_write(&w, 0, 1, 40);
    answer_write(&w, BC_COAP_REQUEST_ENTITY_TOO_LARGE, 0, true, 0);
    for (size_t i = 0; i < 3; i++) {
        expect_write(&w, i, 0, 40);
        answer_write(&w, i < 2 ? BC_COAP_CONTINUE : BC_COAP_CHANGED, i, i < 2, 0);
    }
    expect_response(&w, BC_COAP_CHANGED);
    world_end(&w);
}

static void value_too_large_without_a_usable_hint_is_the_answer(void **state)
{
    (void)state;
    static const char *const hints[] = {
        "", "D1 0E 06", "D1 0E 02", "D1 0E 07", "D4 0E 00000000", /* larger than it, or none */
    };
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        struct world w;
        begin(&w, 0);
        write_value(&w, 1);
        world_expect(&w, 7001, WRITE_19_1_0 "FF 00");
        world_answer(&w, 7001, BC_COAP_REQUEST_ENTITY_TOO_LARGE, hints[i]);
        expect_response(&w, BC_COAP_REQUEST_ENTITY_TOO_LARGE);
        world_end(&w);
    }
}

static void incomplete_write_starts_over_once(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 16);
    write_value(&w, 32);
    for (int round = 0; round < 2; round++) {
        expect_write(&w, 0, 0, 32);
        answer_write(&w, BC_COAP_CONTINUE, 0, true, 0);
        expect_write(&w, 1, 0, 32);
        world_expect_no_event(&w);
        answer_write(&w, BC_COAP_REQUEST_ENTITY_INCOMPLETE, 1, false, 0);
    }
    expect_response(&w, BC_COAP_REQUEST_ENTITY_INCOMPLETE);
    world_end(&w);
}

/* A code of success that is about something else must not pass for one. */
static void write_answered_about_another_block_starts_over_once(void **state)
{
    (void)state;
    static const char *const answers[] = {"D1 0E 18", "", "D1 0E 0F"};
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        struct world w;
        begin(&w, 16);
        write_value(&w, 32);
        for (int round = 0; round < 2; round++) {
            world_expect_no_event(&w);
            expect_write(&w, 0, 0, 32);
            world_answer(&w, 7001, BC_COAP_CONTINUE, answers[i]);
        }
        assert_true(expect_response(&w, BC_COAP_CONTINUE)->more);
        world_end(&w);
    }
}

static void write_refused_in_the_middle_ends_with_that_code(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 16);
    write_value(&w, 48);
    expect_write(&w, 0, 0, 48);
    answer_write(&w, BC_COAP_CONTINUE, 0, true, 0);
    expect_write(&w, 1, 0, 48);
    world_answer(&w, 7001, BC_COAP_METHOD_NOT_ALLOWED, "");
    expect_response(&w, BC_COAP_METHOD_NOT_ALLOWED);
    world_end(&w);
}

/* What a device adds to its code may be long, too: the write is over all the same. */
static void answer_to_a_write_is_not_fetched_in_blocks(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 0);
    write_value(&w, 1);
    world_expect(&w, 7001, WRITE_19_1_0 "FF 00");
    world_answer(&w, 7001, BC_COAP_CHANGED, "D1 0A 08 FF 000102030405060708090A0B0C0D0E0F");
    assert_false(expect_response(&w, BC_COAP_CHANGED)->more);
    world_end(&w);
}

static void lost_block_of_a_write_is_repeated_and_its_end_told_once(void **state)
{
    (void)state;
    struct world w;
    begin(&w, 16);
    write_value(&w, 32);
    expect_write(&w, 0, 0, 32);
    answer_write(&w, BC_COAP_CONTINUE, 0, true, 0);
    answer_write(&w, BC_COAP_CONTINUE, 0, true, 0);
    expect_write(&w, 1, 0, 32);
    world_wait_quietly(&w, 2000);
    world_expect(&w, 7001, WRITE_19_1_0 "D1 02 10 FF 101112131415161718191A1B1C1D1E1F");
    answer_write(&w, BC_COAP_CHANGED, 1, false, 0);
    answer_write(&w, BC_COAP_CHANGED, 1, false, 0);
    expect_response(&w, BC_COAP_CHANGED);
    world_wait(&w, 100000);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(value_is_written_in_blocks_of_every_size),
        cmocka_unit_test(value_that_fits_is_written_in_one_message),
        cmocka_unit_test(long_value_is_written_in_the_largest_blocks),
        cmocka_unit_test(device_may_ask_for_smaller_blocks_of_a_write),
        cmocka_unit_test(device_may_use_each_block_at_once),
        cmocka_unit_test(value_too_large_is_written_again_in_blocks_of_the_size_hinted_at),
        cmocka_unit_test(value_too_large_without_a_usable_hint_is_the_answer),
        cmocka_unit_test(incomplete_write_starts_over_once),
        cmocka_unit_test(write_answered_about_another_block_starts_over_once),
        cmocka_unit_test(write_refused_in_the_middle_ends_with_that_code),
        cmocka_unit_test(answer_to_a_write_is_not_fetched_in_blocks),
        cmocka_unit_test(lost_block_of_a_write_is_repeated_and_its_end_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
