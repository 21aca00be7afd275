/*
 * Values in blocks (RFC 7959, Block2): read, observed and notified in every size, over a network
 * that loses and repeats, from devices that are mistaken or hostile.
 */
#include <string.h>

#include "base/sink.h"
#include "text.h"
#include "world.h"

#define VALUE_BYTES 1024

#define READ_3_0_0 "4401 <mid> <token> B1 33 01 30 01 30"
#define REPORT "4401 <mid> <token> B2 3139 0130 0130 61 2A" /* GET /19/0/0, Accept 42 */
#define OBSERVE_REPORT "4401 <mid> <token> 60 52 3139 0130 0130 61 2A"
#define WRITE_19_1_0 "4403 <mid> <token> B2 3139 0131 0130 11 2A"

static void assert_is_value(const struct world_event *event, size_t bytes)
{
    assert_int_equal(event->payload_bytes, bytes);
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(event->payload[i], text_value(i));
}

/* Content-Format 42, a Block2 option and that part of the value. */
static void add_content(struct text *t, size_t number, bool more, unsigned exponent)
{
    text_add(t, "C1 2A");
    text_add_block(t, 11, number, more, exponent);
    text_add_value(t, number * SIZE(exponent), SIZE(exponent));
}

/* Block `number` of a value of `total` bytes, acknowledging the last request. */
static void answer_block(struct world *w, size_t number, unsigned exponent, size_t total)
{
    struct text t = {.len = 0};
    add_content(&t, number, (number + 1) * SIZE(exponent) < total, exponent);
    world_answer(w, 7001, BC_COAP_CONTENT, t.hex);
}

/* The next request is this one with a Block2 option, and has a token and an id of its own. */
static void expect_get(struct world *w, const char *head, unsigned delta, size_t number,
                       unsigned exponent)
{
    struct text t = {.len = 0};
    uint8_t token[4];
    uint16_t message_id = w->message_id;
    memcpy(token, w->token, sizeof(token));
    text_add(&t, head);
    text_add_block(&t, delta, number, false, exponent);
    world_expect(w, 7001, t.hex);
    assert_memory_not_equal(w->token, token, sizeof(token));
    assert_int_not_equal(w->message_id, message_id);
}

static void expect_read(struct world *w, size_t number, unsigned exponent)
{
    expect_get(w, READ_3_0_0, 12, number, exponent);
}

static void expect_report(struct world *w, size_t number, unsigned exponent)
{
    expect_get(w, REPORT, 6, number, exponent);
}

static void begin_with(struct world *w, const char *links, uint16_t block_bytes)
{
    struct bc_server_config config = bc_server_config_default();
    config.seed = 7;
    config.block_bytes = block_bytes;
    world_begin_with(w, "iot", &config);
    world_register(w, 7001, "x", links);
    world_expect_event(w, BC_SERVER_REGISTERED);
}

/* /3/0/0 has been asked for. */
static void begin_read(struct world *w)
{
    begin_with(w, "</3/0>", 0);
    assert_int_equal(world_request(w, "x", BC_SERVER_READ, "/3/0/0", 5), BC_OK);
    world_expect(w, 7001, READ_3_0_0);
}

/* /19/0/0 is observed, from sequence number 5 on. */
static void begin_observed(struct world *w, uint8_t token[4])
{
    begin_with(w, "</19/0>", 0);
    world_expect(w, 7001, OBSERVE_REPORT);
    world_answer(w, 7001, BC_COAP_CONTENT, "6105 61 2A FF 00");
    world_expect_event(w, BC_SERVER_OBSERVED);
    memcpy(token, w->token, 4);
}

static const struct world_event *expect_response(struct world *w, uint8_t code)
{
    const struct world_event *event = world_expect_event(w, BC_SERVER_RESPONDED);
    assert_int_equal(event->tag, 5);
    assert_int_equal(event->code, code);
    return event;
}

static void expect_whole(struct world *w, size_t bytes)
{
    const struct world_event *event = expect_response(w, BC_COAP_CONTENT);
    assert_false(event->more);
    assert_int_equal(event->format, BC_COAP_FORMAT_OPAQUE);
    assert_is_value(event, bytes);
}

/* Only the first block came. */
static void expect_broken(struct world *w, size_t bytes)
{
    const struct world_event *event = expect_response(w, BC_COAP_CONTENT);
    assert_true(event->more);
    assert_is_value(event, bytes);
}

/* A notification with the first block of the value; `head` is type, code and message id. */
static void notify(struct world *w, const char *head, const uint8_t token[4], unsigned sequence,
                   unsigned exponent)
{
    struct text t = {.len = 0};
    text_add(&t, head);
    for (size_t i = 0; i < 4; i++)
        text_add_byte(&t, token[i]);
    text_add(&t, "61");
    text_add_byte(&t, sequence);
    text_add(&t, "61 2A");
    text_add_block(&t, 11, 0, VALUE_BYTES > SIZE(exponent), exponent);
    text_add_value(&t, 0, SIZE(exponent));
    world_feed(w, 7001, t.hex);
}

static const struct world_event *expect_notified(struct world *w, uint32_t sequence, bool more,
                                                 size_t bytes)
{
    const struct world_event *event = world_expect_event(w, BC_SERVER_NOTIFIED);
    assert_int_equal(event->observe, sequence);
    assert_int_equal(event->more, more);
    assert_string_equal(event->path, "/19/0/0");
    assert_int_equal(event->format, BC_COAP_FORMAT_OPAQUE);
    assert_is_value(event, bytes);
    return event;
}

/*  server                          device, in blocks of 512
 *    | CON GET /3/0/0            ->  |
 *    | <-  ACK 2.05 2:0/1/512        |
 *    | CON GET /3/0/0 2:1/0/512  ->  |
 *    | <-  ACK 2.05 2:1/0/512        |  */
static void read_is_fetched_in_blocks_of_every_size(void **state)
{
    (void)state;
    for (unsigned exponent = 0; exponent < SIZES; exponent++) {
        struct world w;
        begin_read(&w);
        for (size_t i = 0; i < VALUE_BYTES / SIZE(exponent); i++) {
            if (i > 0)
                expect_read(&w, i, exponent);
            world_expect_no_event(&w);
            answer_block(&w, i, exponent, VALUE_BYTES);
        }
        expect_whole(&w, VALUE_BYTES);
        world_wait(&w, 100000);
        world_end(&w);
    }
}

/* RFC 7959 2.4, early negotiation. */
static void read_asks_for_the_preferred_size_at_once(void **state)
{
    (void)state;
    for (unsigned exponent = 0; exponent < SIZES; exponent++) {
        struct world w;
        begin_with(&w, "</3/0>", (uint16_t)SIZE(exponent));
        assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 5), BC_OK);
        for (size_t i = 0; i < VALUE_BYTES / SIZE(exponent); i++) {
            expect_read(&w, i, exponent);
            answer_block(&w, i, exponent, VALUE_BYTES);
        }
        expect_whole(&w, VALUE_BYTES);
        world_end(&w);
    }
}

/* The first answer opens the observation; the event waits for the whole value, and a notification
 * then still has the observation's token. */
static void observed_value_is_fetched_in_blocks_of_every_size(void **state)
{
    (void)state;
    for (unsigned exponent = 0; exponent < SIZES; exponent++) {
        struct world w;
        struct text t = {.len = 0};
        uint8_t token[4];
        begin_with(&w, "</19/0>", (uint16_t)SIZE(exponent));
        expect_get(&w, OBSERVE_REPORT, 6, 0, exponent);
        memcpy(token, w.token, sizeof(token));
        text_add(&t, "6105 61 2A");
        text_add_block(&t, 11, 0, VALUE_BYTES > SIZE(exponent), exponent);
        text_add_value(&t, 0, SIZE(exponent));
        world_answer(&w, 7001, BC_COAP_CONTENT, t.hex);
        for (size_t i = 1; i < VALUE_BYTES / SIZE(exponent); i++) {
            expect_report(&w, i, exponent);
            answer_block(&w, i, exponent, VALUE_BYTES);
        }
        const struct world_event *event = world_expect_event(&w, BC_SERVER_OBSERVED);
        assert_false(event->more);
        assert_is_value(event, VALUE_BYTES);
        notify(&w, "54 45 0102", token, 6, 6);
        expect_notified(&w, 6, false, VALUE_BYTES);
        world_end(&w);
    }
}

/*  server                               device
 *    | <-  CON 2.05 Observe 6 2:0/1/512   |
 *    | ACK                            ->  |
 *    | CON GET /19/0/0 2:1/0/512      ->  |  no Observe (RFC 7959 3.4), Accept as before
 *    | <-  ACK 2.05 2:1/0/512             |  */
static void notified_value_is_fetched_in_blocks_of_every_size(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2 * SIZES; i++) {
        struct world w;
        uint8_t token[4];
        unsigned exponent = i / 2;
        bool confirmable = i % 2 == 0;
        begin_observed(&w, token);
        notify(&w, confirmable ? "44 45 0101" : "54 45 0101", token, 6, exponent);
        if (confirmable)
            world_expect(&w, 7001, "6000 0101");
        for (size_t k = 1; k < VALUE_BYTES / SIZE(exponent); k++) {
            world_expect_no_event(&w);
            expect_report(&w, k, exponent);
            answer_block(&w, k, exponent, VALUE_BYTES);
        }
        const struct world_event *event = expect_notified(&w, 6, false, VALUE_BYTES);
        assert_int_equal(event->confirmable, confirmable);
        world_end(&w);
    }
}

/* RFC 7959 2.4: the block number then counts blocks of the smaller size. */
static void device_may_go_on_in_smaller_blocks(void **state)
{
    (void)state;
    struct world w;
    begin_read(&w);
    answer_block(&w, 0, 5, 1024);
    expect_read(&w, 1, 5);
    answer_block(&w, 4, 3, 1024); /* 512 = 4 * 128 */
    for (size_t i = 5; i < 8; i++) {
        expect_read(&w, i, 3);
        answer_block(&w, i, 3, 1024);
    }
    expect_whole(&w, 1024);
    world_end(&w);
}

static void lost_block_is_asked_for_again_in_the_same_words(void **state)
{
    (void)state;
    struct world w;
    uint8_t token[4];
    begin_read(&w);
    answer_block(&w, 0, 4, 512);
    expect_read(&w, 1, 4);
    uint16_t message_id = w.message_id;
    memcpy(token, w.token, sizeof(token));
    world_wait_quietly(&w, 2000);
    world_expect(&w, 7001, READ_3_0_0 "C1 14");
    assert_int_equal(w.message_id, message_id);
    assert_memory_equal(w.token, token, sizeof(token));
    answer_block(&w, 1, 4, 512);
    expect_whole(&w, 512);
    world_wait(&w, 100000);
    world_end(&w);
}

static void each_block_has_all_its_retransmissions(void **state)
{
    (void)state;
    struct world w;
    begin_read(&w);
    for (size_t i = 0; i < 4; i++) {
        for (uint64_t wait = 2000; wait <= 16000; wait *= 2) {
            struct bc_server_datagram seen;
            world_wait_quietly(&w, wait);
            assert_int_equal(bc_server_take_datagrams(w.server, &seen, 1), 1);
        }
        answer_block(&w, i, 4, 1024);
        if (i < 3)
            expect_read(&w, i + 1, 4);
    }
    expect_whole(&w, 1024);
    world_end(&w);
}

static void repeated_block_is_ignored(void **state)
{
    (void)state;
    struct world w;
    begin_read(&w);
    answer_block(&w, 0, 4, 1024);
    answer_block(&w, 0, 4, 1024);
    expect_read(&w, 1, 4);
    answer_block(&w, 1, 4, 1024);
    answer_block(&w, 1, 4, 1024);
    expect_read(&w, 2, 4);
    answer_block(&w, 2, 4, 1024);
    expect_read(&w, 3, 4);
    answer_block(&w, 3, 4, 1024);
    answer_block(&w, 3, 4, 1024);
    expect_whole(&w, 1024);
    world_end(&w);
}

static void blocks_may_come_as_separate_responses(void **state)
{
    (void)state;
    struct world w;
    begin_read(&w);
    for (size_t i = 0; i < 2; i++) {
        struct text t = {.len = 0};
        text_add(&t, i == 0 ? "4445 0A00 <token>" : "4445 0A01 <token>");
        add_content(&t, i, i == 0, 5);
        world_feed(&w, 7001, "6000 <mid>");
        world_wait_quietly(&w, 30000);
        world_feed(&w, 7001, t.hex);
        world_expect(&w, 7001, i == 0 ? "6000 0A00" : "6000 0A01");
        if (i == 0)
            expect_read(&w, 1, 5);
    }
    expect_whole(&w, 1024);
    world_end(&w);
}

/* The first block has ETag E1 and 16 bytes. */
#define FIRST_BLOCK "41 E1 81 2A B1 08 FF 000102030405060708090A0B0C0D0E0F"
#define SIXTEEN "FF 101112131415161718191A1B1C1D1E1F"

static const char *const wrong_blocks[] = {
    "41 E1 81 2A B1 20" SIXTEEN, /* another number */
    "41 E1 81 2A B0" SIXTEEN,    /* the first one again */
    "41 E1 81 2A B1 11" SIXTEEN, /* a larger size */
    "41 E1 81 2A B1 17" SIXTEEN, /* a reserved size */
    "41 E1 81 2A B4 00000010" SIXTEEN,
    "41 E1 81 2A B1 18 FF 10",        /* not full, and not the last */
    "41 E1 81 2A B1 18",              /* nothing, and not the last */
    "41 E1 81 2A B1 10" SIXTEEN "20", /* longer than its size */
    "41 E1 81 2A" SIXTEEN,            /* no block */
    "41 E2 81 2A B1 10" SIXTEEN,      /* of another value */
    "42 E1E1 81 2A B1 10" SIXTEEN,    /* the same */
    "C1 2A B1 10" SIXTEEN,            /* the same */
};
#define WRONG_COUNT (sizeof(wrong_blocks) / sizeof(wrong_blocks[0]))

/*  server                        device
 *    | GET                     ->  |
 *    | <-  2.05 2:0/1/16           |
 *    | GET 2:1/0/16            ->  |
 *    | <-  2.05, something wrong   |
 *    | GET 2:0/0/16            ->  |  once
 *    | <-  2.05 2:0/1/16           |
 *    | GET 2:1/0/16            ->  |
 *    | <-  2.05 2:1/0/16           |  */
static void wrong_block_starts_the_transfer_over(void **state)
{
    (void)state;
    for (size_t i = 0; i < WRONG_COUNT; i++) {
        struct world w;
        begin_read(&w);
        world_answer(&w, 7001, BC_COAP_CONTENT, FIRST_BLOCK);
        expect_read(&w, 1, 0);
        world_answer(&w, 7001, BC_COAP_CONTENT, wrong_blocks[i]);
        world_expect_no_event(&w);
        expect_read(&w, 0, 0);
        world_answer(&w, 7001, BC_COAP_CONTENT, FIRST_BLOCK);
        expect_read(&w, 1, 0);
        world_answer(&w, 7001, BC_COAP_CONTENT, "41 E1 81 2A B1 10" SIXTEEN);
        expect_whole(&w, 32);
        world_end(&w);
    }
}

static void second_wrong_block_ends_the_transfer(void **state)
{
    (void)state;
    for (size_t i = 0; i < WRONG_COUNT; i++) {
        struct world w;
        begin_read(&w);
        for (int round = 0; round < 2; round++) {
            if (round > 0)
                expect_read(&w, 0, 0);
            world_answer(&w, 7001, BC_COAP_CONTENT, FIRST_BLOCK);
            expect_read(&w, 1, 0);
            world_answer(&w, 7001, BC_COAP_CONTENT, wrong_blocks[i]);
        }
        expect_broken(&w, 16);
        world_end(&w);
    }
}

/* RFC 7959 2.4: the size that was asked for, or a smaller one. */
static void larger_block_that_would_fit_is_wrong_too(void **state)
{
    (void)state;
    struct world w;
    begin_read(&w);
    answer_block(&w, 0, 4, 2048);
    expect_read(&w, 1, 4);
    answer_block(&w, 1, 4, 2048);
    expect_read(&w, 2, 4);
    answer_block(&w, 1, 5, 2048);
    expect_read(&w, 0, 4);
    answer_block(&w, 0, 5, 2048);
    expect_broken(&w, 256);
    world_end(&w);
}

/* It changed while it was read: what is told is of one time. */
static void changed_etag_reads_the_new_value_from_its_start(void **state)
{
    (void)state;
    struct world w;
    begin_read(&w);
    world_answer(&w, 7001, BC_COAP_CONTENT,
                 "41 E1 81 2A B1 08 FF EEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEE");
    expect_read(&w, 1, 0);
    world_answer(&w, 7001, BC_COAP_CONTENT, "41 E2 81 2A B1 18" SIXTEEN);
    expect_read(&w, 0, 0);
    world_answer(&w, 7001, BC_COAP_CONTENT,
                 "41 E2 81 2A B1 08 FF 000102030405060708090A0B0C0D0E0F");
    expect_read(&w, 1, 0);
    world_answer(&w, 7001, BC_COAP_CONTENT, "41 E2 81 2A B1 10" SIXTEEN);
    expect_whole(&w, 32);
    world_end(&w);
}

/* Starting over may find a value that now needs no blocks. */
static void value_that_became_short_is_taken_whole(void **state)
{
    (void)state;
    struct world w;
    begin_read(&w);
    world_answer(&w, 7001, BC_COAP_CONTENT, FIRST_BLOCK);
    expect_read(&w, 1, 0);
    world_answer(&w, 7001, BC_COAP_CONTENT, "C1 2A FF 00");
    expect_read(&w, 0, 0);
    world_answer(&w, 7001, BC_COAP_CONTENT, "C1 2A FF 0001");
    expect_whole(&w, 2);
    world_end(&w);
}

static void first_answer_with_an_impossible_block_is_asked_for_again(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "C1 2A B1 18 FF 0001", /* not the first one */
        "C1 2A B1 0F FF 0001", /* a reserved size */
        "C1 2A B1 08 FF 0001", /* not full */
        "C1 2A B4 00000008 FF 0001",
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct world w;
        begin_read(&w);
        world_answer(&w, 7001, BC_COAP_CONTENT, rows[i]);
        expect_read(&w, 0, 6);
        world_answer(&w, 7001, BC_COAP_CONTENT, rows[i]);
        expect_broken(&w, 2);
        world_end(&w);
    }
}

static void notification_with_an_impossible_block_is_read_from_its_start(void **state)
{
    (void)state;
    struct world w;
    uint8_t token[4];
    begin_observed(&w, token);
    world_feed(&w, 7001, "54 45 0101 <token> 6106 61 2A B1 18 FF 0001"); /* not the first one */
    expect_report(&w, 0, 6);
    answer_block(&w, 0, 6, 1024);
    expect_notified(&w, 6, false, 1024);
    world_end(&w);
}

static void error_in_the_middle_is_the_answer(void **state)
{
    (void)state;
    struct world w;
    begin_read(&w);
    world_answer(&w, 7001, BC_COAP_CONTENT, FIRST_BLOCK);
    expect_read(&w, 1, 0);
    world_answer(&w, 7001, BC_COAP_NOT_FOUND, "");
    assert_false(expect_response(&w, BC_COAP_NOT_FOUND)->more);
    world_end(&w);
}

static void value_above_the_limit_is_given_up(void **state)
{
    (void)state;
    for (unsigned exponent = 0; exponent < SIZES; exponent += 6) {
        struct world w;
        size_t blocks = BC_SERVER_BODY_BYTES_MAX / SIZE(exponent);
        begin_read(&w);
        for (size_t i = 0; i <= blocks; i++) {
            if (i > 0)
                expect_read(&w, i, exponent);
            answer_block(&w, i, exponent, SIZE_MAX);
        }
        expect_broken(&w, SIZE(exponent));
        world_end(&w);
    }
}

static void value_of_exactly_the_limit_is_read(void **state)
{
    (void)state;
    struct world w;
    begin_read(&w);
    for (size_t i = 0; i < 16; i++) {
        if (i > 0)
            expect_read(&w, i, 6);
        answer_block(&w, i, 6, BC_SERVER_BODY_BYTES_MAX);
    }
    expect_whole(&w, BC_SERVER_BODY_BYTES_MAX);
    world_end(&w);
}

/* Sends nobody answers: five, and silence. */
static void wait_for_timeout(struct world *w)
{
    struct bc_server_datagram seen;
    for (uint64_t wait = 2000; wait <= 16000; wait *= 2) {
        world_wait_quietly(w, wait);
        assert_int_equal(bc_server_take_datagrams(w->server, &seen, 1), 1);
    }
    world_wait_quietly(w, 32000);
}

static void device_that_vanishes_in_the_middle_times_out(void **state)
{
    (void)state;
    struct world w;
    begin_read(&w);
    answer_block(&w, 0, 4, 1024);
    expect_read(&w, 1, 4);
    wait_for_timeout(&w);
    assert_int_equal(world_expect_event(&w, BC_SERVER_TIMED_OUT)->tag, 5);
    answer_block(&w, 1, 4, 1024); /* too late */
    world_end(&w);
}

/* What came is told, and that the rest did not. */
static void notification_of_a_device_that_vanishes_is_told_with_its_first_block(void **state)
{
    (void)state;
    struct world w;
    uint8_t token[4];
    begin_observed(&w, token);
    notify(&w, "54 45 0101", token, 6, 4);
    expect_report(&w, 1, 4);
    wait_for_timeout(&w);
    expect_notified(&w, 6, true, 256);
    const struct world_event *event = world_expect_event(&w, BC_SERVER_TIMED_OUT);
    assert_int_equal(event->operation, BC_SERVER_OBSERVE);
    assert_string_equal(event->path, "/19/0/0");
    notify(&w, "54 45 0102", token, 7, 6); /* the observation still stands */
    expect_notified(&w, 7, false, 1024);
    world_end(&w);
}

/* It knows nothing of what it said before. */
static void device_that_restarts_in_the_middle_cancels_its_transfers(void **state)
{
    (void)state;
    struct world w;
    uint8_t token[4];
    begin_observed(&w, token);
    notify(&w, "54 45 0101", token, 6, 4);
    expect_report(&w, 1, 4);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 5), BC_OK);
    world_register(&w, 7001, "x", "</3/0>");
    expect_notified(&w, 6, true, 256);
    world_expect_event(&w, BC_SERVER_CANCELED);
    assert_int_equal(world_expect_event(&w, BC_SERVER_CANCELED)->tag, 5);
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_wait(&w, 100000);
    world_end(&w);
}

static void reset_in_the_middle_ends_the_transfer(void **state)
{
    (void)state;
    struct world w;
    begin_read(&w);
    answer_block(&w, 0, 4, 1024);
    expect_read(&w, 1, 4);
    world_feed(&w, 7001, "7000 <mid>");
    assert_int_equal(world_expect_event(&w, BC_SERVER_RESET)->tag, 5);
    world_end(&w);
}

/*  server                               device
 *    | <-  NON 2.05 Observe 6 2:0/1/512   |
 *    | GET /19/0/0 2:1/0/512          ->  |
 *    | <-  NON 2.05 Observe 7 2:0/1/512   |  the older one is told with its first block
 *    | GET /19/0/0 2:1/0/512          ->  |  under a new token
 *    | <-  ACK 2.05 2:1/0/512             |  */
static void newer_notification_replaces_the_older_ones_transfer(void **state)
{
    (void)state;
    struct world w;
    uint8_t token[4];
    uint8_t old[4];
    begin_observed(&w, token);
    notify(&w, "54 45 0101", token, 6, 5);
    expect_report(&w, 1, 5);
    memcpy(old, w.token, sizeof(old));
    notify(&w, "54 45 0102", token, 7, 5);
    expect_notified(&w, 6, true, 512);
    expect_report(&w, 1, 5);
    assert_memory_not_equal(w.token, old, sizeof(old));
    answer_block(&w, 1, 5, 1024);
    expect_notified(&w, 7, false, 1024);

    notify(&w, "54 45 0103", token, 8, 5);
    expect_report(&w, 1, 5);
    notify(&w, "54 45 0104", token, 9, 6); /* the newer one needs no blocks */
    expect_notified(&w, 8, true, 512);
    expect_notified(&w, 9, false, 1024);
    world_end(&w);
}

static void stale_notification_does_not_disturb_a_transfer(void **state)
{
    (void)state;
    struct world w;
    uint8_t token[4];
    begin_observed(&w, token);
    notify(&w, "54 45 0101", token, 9, 5);
    expect_report(&w, 1, 5);
    notify(&w, "54 45 0102", token, 8, 5);
    assert_true(expect_notified(&w, 8, true, 512)->stale);
    answer_block(&w, 1, 5, 1024);
    expect_notified(&w, 9, false, 1024);
    world_end(&w);
}

/* Nobody asked for the older value again: the command is answered with what came of it. */
static void notification_during_an_observe_request_replaces_its_transfer(void **state)
{
    (void)state;
    struct world w;
    struct text t = {.len = 0};
    uint8_t token[4];
    begin_with(&w, "</19/0>", 0);
    world_expect(&w, 7001, OBSERVE_REPORT);
    memcpy(token, w.token, sizeof(token));
    text_add(&t, "6105 61 2A");
    text_add_block(&t, 11, 0, true, 5);
    text_add_value(&t, 0, 512);
    world_answer(&w, 7001, BC_COAP_CONTENT, t.hex);
    expect_report(&w, 1, 5);
    notify(&w, "54 45 0101", token, 6, 6);
    const struct world_event *event = world_expect_event(&w, BC_SERVER_OBSERVED);
    assert_true(event->more);
    assert_is_value(event, 512);
    expect_notified(&w, 6, false, 1024);
    world_end(&w);
}

/* An observe request that fails later has still been agreed to. */
static void observation_stands_when_its_first_value_breaks_off(void **state)
{
    (void)state;
    struct world w;
    struct text t = {.len = 0};
    uint8_t token[4];
    begin_with(&w, "</19/0>", 0);
    world_expect(&w, 7001, OBSERVE_REPORT);
    memcpy(token, w.token, sizeof(token));
    text_add(&t, "6105 61 2A");
    text_add_block(&t, 11, 0, true, 5);
    text_add_value(&t, 0, 512);
    world_answer(&w, 7001, BC_COAP_CONTENT, t.hex);
    expect_report(&w, 1, 5);
    world_answer(&w, 7001, BC_COAP_NOT_FOUND, "");
    const struct world_event *event = world_expect_event(&w, BC_SERVER_OBSERVED);
    assert_int_equal(event->code, BC_COAP_CONTENT);
    assert_true(event->more);
    notify(&w, "54 45 0101", token, 6, 6);
    expect_notified(&w, 6, false, 1024);
    world_end(&w);
}

/* NSTART 1, and one value at a time: the write waits for the notification's end. */
static void transfer_counts_as_the_one_request_on_its_way(void **state)
{
    (void)state;
    struct world w;
    uint8_t token[4];
    begin_observed(&w, token);
    notify(&w, "54 45 0101", token, 6, 4);
    expect_report(&w, 1, 4);
    assert_int_equal(world_request(&w, "x", BC_SERVER_WRITE, "/19/1/0", 5), BC_OK);
    world_expect_silence(&w);
    for (size_t i = 1; i < 4; i++) {
        if (i > 1)
            expect_report(&w, i, 4);
        world_expect_silence(&w);
        answer_block(&w, i, 4, 1024);
    }
    expect_notified(&w, 6, false, 1024);
    world_expect(&w, 7001, WRITE_19_1_0 "FF 0102");
    world_answer(&w, 7001, BC_COAP_CHANGED, "");
    expect_response(&w, BC_COAP_CHANGED);
    world_end(&w);
}

/* The first request was acknowledged long ago; its answer turns out to have blocks while another
 * value is on its way: it waits for that one's end. */
static void second_transfer_of_a_device_waits_for_the_first(void **state)
{
    (void)state;
    struct world w;
    struct text t = {.len = 0};
    uint8_t token[4];
    uint8_t slow[4];
    begin_observed(&w, token);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 5), BC_OK);
    world_expect(&w, 7001, READ_3_0_0);
    memcpy(slow, w.token, sizeof(slow));
    world_feed(&w, 7001, "6000 <mid>");
    notify(&w, "54 45 0101", token, 6, 4);
    expect_report(&w, 1, 4);
    text_add(&t, "5445 0A00");
    for (size_t i = 0; i < 4; i++)
        text_add_byte(&t, slow[i]);
    add_content(&t, 0, true, 5);
    world_feed(&w, 7001, t.hex);
    world_expect_silence(&w);
    answer_block(&w, 1, 4, 1024);
    expect_report(&w, 2, 4);
    answer_block(&w, 2, 4, 1024);
    expect_report(&w, 3, 4);
    answer_block(&w, 3, 4, 1024);
    expect_notified(&w, 6, false, 1024);
    expect_read(&w, 1, 5);
    answer_block(&w, 1, 5, 1024);
    expect_whole(&w, 1024);
    world_end(&w);
}

static void notification_while_all_requests_are_taken_is_told_with_its_first_block(void **state)
{
    (void)state;
    struct world w;
    uint8_t token[4];
    begin_observed(&w, token);
    for (uint64_t i = 0; i < 16; i++)
        assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", i), BC_OK);
    world_expect(&w, 7001, READ_3_0_0);
    notify(&w, "54 45 0101", token, 6, 4);
    expect_notified(&w, 6, true, 256);
    bc_server_destroy(w.server);
}

/* Beyond it nothing is lost that came. */
static void number_of_transfers_is_limited(void **state)
{
    (void)state;
    struct world w;
    struct bc_server_config config = bc_server_config_default();
    config.transfers_max = 1;
    world_begin_with(&w, "iot", &config);
    world_register(&w, 7002, "y", "");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_register(&w, 7001, "x", "");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    assert_int_equal(world_request(&w, "y", BC_SERVER_READ, "/3/0/0", 4), BC_OK);
    world_expect(&w, 7002, READ_3_0_0);
    world_answer(&w, 7002, BC_COAP_CONTENT, FIRST_BLOCK);
    world_expect(&w, 7002, READ_3_0_0 "C1 10");
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 5), BC_OK);
    world_expect(&w, 7001, READ_3_0_0);
    world_answer(&w, 7001, BC_COAP_CONTENT, FIRST_BLOCK);
    expect_broken(&w, 16);
    world_register(&w, 7002, "y", ""); /* gives its place back */
    world_expect_event(&w, BC_SERVER_CANCELED);
    world_expect_event(&w, BC_SERVER_REGISTERED);
    assert_int_equal(world_request(&w, "x", BC_SERVER_READ, "/3/0/0", 5), BC_OK);
    world_expect(&w, 7001, READ_3_0_0);
    world_answer(&w, 7001, BC_COAP_CONTENT, FIRST_BLOCK);
    expect_read(&w, 1, 0);
    bc_server_destroy(w.server); /* in the middle: nothing may leak */
}

static void size_that_no_block_has_is_no_configuration(void **state)
{
    (void)state;
    struct bc_server_config config = bc_server_config_default();
    static const uint16_t sizes[] = {1, 8, 15, 17, 24, 1023, 2048, 32768};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        config.block_bytes = sizes[i];
        assert_null(bc_server_create(&config));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_is_fetched_in_blocks_of_every_size),
        cmocka_unit_test(read_asks_for_the_preferred_size_at_once),
        cmocka_unit_test(observed_value_is_fetched_in_blocks_of_every_size),
        cmocka_unit_test(notified_value_is_fetched_in_blocks_of_every_size),
        cmocka_unit_test(device_may_go_on_in_smaller_blocks),
        cmocka_unit_test(lost_block_is_asked_for_again_in_the_same_words),
        cmocka_unit_test(each_block_has_all_its_retransmissions),
        cmocka_unit_test(repeated_block_is_ignored),
        cmocka_unit_test(blocks_may_come_as_separate_responses),
        cmocka_unit_test(wrong_block_starts_the_transfer_over),
        cmocka_unit_test(second_wrong_block_ends_the_transfer),
        cmocka_unit_test(larger_block_that_would_fit_is_wrong_too),
        cmocka_unit_test(changed_etag_reads_the_new_value_from_its_start),
        cmocka_unit_test(value_that_became_short_is_taken_whole),
        cmocka_unit_test(first_answer_with_an_impossible_block_is_asked_for_again),
        cmocka_unit_test(notification_with_an_impossible_block_is_read_from_its_start),
        cmocka_unit_test(error_in_the_middle_is_the_answer),
        cmocka_unit_test(value_above_the_limit_is_given_up),
        cmocka_unit_test(value_of_exactly_the_limit_is_read),
        cmocka_unit_test(device_that_vanishes_in_the_middle_times_out),
        cmocka_unit_test(notification_of_a_device_that_vanishes_is_told_with_its_first_block),
        cmocka_unit_test(device_that_restarts_in_the_middle_cancels_its_transfers),
        cmocka_unit_test(reset_in_the_middle_ends_the_transfer),
        cmocka_unit_test(newer_notification_replaces_the_older_ones_transfer),
        cmocka_unit_test(stale_notification_does_not_disturb_a_transfer),
        cmocka_unit_test(notification_during_an_observe_request_replaces_its_transfer),
        cmocka_unit_test(observation_stands_when_its_first_value_breaks_off),
        cmocka_unit_test(transfer_counts_as_the_one_request_on_its_way),
        cmocka_unit_test(second_transfer_of_a_device_waits_for_the_first),
        cmocka_unit_test(notification_while_all_requests_are_taken_is_told_with_its_first_block),
        cmocka_unit_test(number_of_transfers_is_limited),
        cmocka_unit_test(size_that_no_block_has_is_no_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
