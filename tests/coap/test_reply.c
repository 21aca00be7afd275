/*
 * The peer's messages on a virtual clock, byte for byte (RFC 7252 sections 4.2 to 4.5, 5.2, 5.4):
 * replies and their repetition, and everything that is answered without asking anybody.
 */
#include <string.h>

#include <stdio.h>

#include "peer.h"

/* --- Replies --------------------------------------------------------------------------------- */

/*
 * us                               peer
 *  | <-- CON GET /t [5001, A1] ----- |
 *  | --- ACK 2.05 [5001, A1] ------> X
 *  | <-- CON GET /t [5001, A1] ----- |   again
 *  | --- ACK 2.05 [5001, A1] ------> |   the same bytes; nobody is asked again
 */
static void coap_repeated_request_gets_the_remembered_reply(void **state) /* RFC 7252 4.5 */
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    const struct bc_coap_event *e = talk_feed_event(&t, BC_COAP_REQUEST, "4101 5001 A1 B1 74");
    assert_int_equal(e->message_id, 0x5001);
    assert_int_equal(e->message.code, BC_COAP_GET);
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CONTENT, 2), BC_OK);
    talk_expect(&t, "6145 5001 A1 FF 7979");
    talk_expect_silence(&t);
    for (unsigned i = 0; i < 3; i++) {
        talk_wait(&t, t.now_ms + 4000);
        talk_feed(&t, "4101 5001 A1 B1 74");
        talk_expect(&t, "6145 5001 A1 FF 7979");
        talk_expect_silence(&t);
    }
    talk_end(&t);
}

/*
 * us                               peer
 *  | <-- NON GET [5001, A1] -------- |
 *  | --- NON 2.05 [0101, A1] ------> |   a message id of our own
 *  | <-- NON GET [5001, A1] -------- |   doubled by the network
 *  | --- NON 2.05 [0101, A1] ------> |
 */
static void coap_non_request_gets_a_non_reply_of_our_message_id(void **state) /* 5.2.3 */
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    talk_feed_event(&t, BC_COAP_REQUEST, "5101 5001 A1 B1 74");
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CHANGED, 0), BC_OK);
    talk_expect(&t, "5144 0101 A1");
    talk_feed(&t, "5101 5001 A1 B1 74");
    talk_expect(&t, "5144 0101 A1");
    talk_end(&t);
}

/*
 * us                               peer
 *  | <-- CON GET [5001, A1] -------- |
 *  | <-- CON GET [5001, A1] -------- |   again; there is no answer yet: silence
 *  | --- ACK 2.05 [5001, A1] ------> |   once
 */
static void coap_repeated_request_that_is_open_stays_unanswered(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    talk_feed_event(&t, BC_COAP_REQUEST, "4101 5001 A1");
    talk_feed(&t, "4101 5001 A1");
    talk_expect_silence(&t);
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CONTENT, 0), BC_OK);
    talk_expect(&t, "6145 5001 A1");
    talk_end(&t);
}

/*
 * us                               peer
 *  | <-- CON GET [5001, A1] -------- |
 *  | --- ACK [5001] ---------------> |   the host is slow
 *  | <-- CON GET [5001, A1] -------- |   (the ACK was lost)
 *  | --- ACK [5001] ---------------> |
 *  | --- CON 2.05 [0101, A1A1] ----> |   the answer, a message of its own
 *  | <-- ACK [0101] ---------------- |
 */
static void coap_answer_may_follow_an_empty_ack(void **state) /* RFC 7252 5.2.2 */
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    talk_feed_event(&t, BC_COAP_REQUEST, "4201 5001 A1A1");
    bc_coap_acknowledge(&t.us, 0x5001);
    talk_expect(&t, "6000 5001");
    talk_feed(&t, "4201 5001 A1A1");
    talk_expect(&t, "6000 5001");
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CONTENT, 0), BC_ERR_STATE);
    bc_coap_acknowledge(&t.us, 0x5001); /* and once is enough */
    talk_expect_silence(&t);
    t.us.next_message_id = 0x0101;
    assert_int_equal(talk_notify(&t, BC_COAP_CON, 0xA1), BC_OK);
    talk_expect(&t, "4245 0101 A1A1 FF 6E");
    talk_feed_event(&t, BC_COAP_ACKED, "6000 0101");
    talk_end(&t);
}

static void coap_reply_without_request_or_after_another_is_refused(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    struct bc_coap_event nobody = {.message_id = 0x5001, .message = {.type = BC_COAP_CON}};
    assert_int_equal(talk_reply(&t, &nobody, BC_COAP_CONTENT, 0), BC_ERR_STATE);
    bc_coap_acknowledge(&t.us, 0x5001);
    bc_coap_forget(&t.us, 0x5001);
    talk_expect_silence(&t);
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001");
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CONTENT, 0), BC_OK);
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CHANGED, 0), BC_ERR_STATE);
    talk_expect(&t, "6045 5001");
    talk_end(&t);
}

static void coap_forgotten_request_is_new_when_it_comes_again(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001");
    bc_coap_forget(&t.us, 0x5001);
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001");
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CONTENT, 300), BC_OK);
    bc_coap_forget(&t.us, 0x5001); /* a large one gives its bytes back */
    talk_expect_silence(&t);
    assert_true(bc_coap_idle(&t.us));
    talk_end(&t);
}

static void coap_replies_leave_before_our_own_messages(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_notify(&t, BC_COAP_NON, 1), BC_OK);
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001");
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CONTENT, 0), BC_OK);
    talk_expect(&t, "6045 5001");
    talk_expect(&t, "5245 0101 0101 FF 6E");
    talk_end(&t);
}

/* --- How long and how many (RFC 7252 section 4.8.2) ------------------------------------------ */

static void coap_message_id_is_new_again_after_247_seconds(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001");
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CONTENT, 0), BC_OK);
    talk_expect(&t, "6045 5001");
    t.now_ms = TALK_BEGIN_MS + 246999; /* the duplicate itself does not prolong it */
    talk_feed(&t, "4001 5001");
    talk_expect(&t, "6045 5001");
    t.now_ms = TALK_BEGIN_MS + 247000;
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001");
    talk_end(&t);
}

#define WRAP_MS ((uint64_t)1 << 32) /* replies keep the low 32 bits of their time */

static void coap_replies_keep_their_time_where_32_bits_of_it_wrap(void **state)
{
    (void)state;
    struct talk t;
    bc_view out;
    talk_begin(&t, 4, 4);
    t.now_ms = WRAP_MS - 100000;
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001");
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CONTENT, 0), BC_OK);
    talk_expect(&t, "6045 5001");
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5002");
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CONTENT, 300), BC_OK);
    assert_true(bc_coap_take(&t.us, t.now_ms, &out));
    assert_true(bc_coap_deadline(&t.us) == WRAP_MS + 147000);
    talk_wait(&t, WRAP_MS + 146999);
    assert_true(bc_coap_deadline(&t.us) == WRAP_MS + 147000);
    talk_feed(&t, "4001 5001");
    talk_expect(&t, "6045 5001");
    talk_wait(&t, WRAP_MS + 147000);
    assert_true(bc_coap_idle(&t.us));
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001");
    talk_end(&t);
}

static void coap_replies_are_not_young_again_after_a_silence_of_49_days(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001");
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CONTENT, 0), BC_OK);
    talk_expect(&t, "6045 5001");
    t.now_ms += WRAP_MS;
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001");
    talk_end(&t);
}

static void coap_request_nobody_answers_is_new_again_after_247_seconds(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001");
    talk_wait(&t, TALK_BEGIN_MS + 247000);
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CONTENT, 0), BC_ERR_STATE);
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001");
    talk_end(&t);
}

static void feed_numbered(struct talk *t, unsigned number, bool answer)
{
    uint8_t bytes[] = {0x40, BC_COAP_GET, 0x50, (uint8_t)number};
    assert_true(bc_coap_on_datagram(&t->us, t->now_ms, (bc_view){bytes, 4}, &t->event));
    if (answer) {
        bc_view out;
        assert_int_equal(talk_reply(t, &t->event, BC_COAP_CONTENT, 0), BC_OK);
        assert_true(bc_coap_take(&t->us, t->now_ms, &out));
    }
}

static void coap_seventeenth_request_displaces_the_oldest_reply(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    for (unsigned i = 1; i <= BC_REPLIES_MAX + 1; i++)
        feed_numbered(&t, i, true);
    talk_feed(&t, "4001 5002"); /* still known */
    talk_expect(&t, "6045 5002");
    talk_feed(&t, "4001 5011");
    talk_expect(&t, "6045 5011");
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001"); /* displaced; takes the place of the next */
    talk_feed(&t, "4001 5003");
    talk_expect(&t, "6045 5003");
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5002");
    talk_end(&t);
}

static void coap_open_request_is_not_displaced_by_answered_ones(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    feed_numbered(&t, 1, false);
    struct bc_coap_event open = t.event;
    for (unsigned i = 2; i <= 60; i++)
        feed_numbered(&t, i, true);
    talk_feed(&t, "4001 5001");
    talk_expect_silence(&t);
    assert_int_equal(talk_reply(&t, &open, BC_COAP_CONTENT, 0), BC_OK);
    talk_expect(&t, "6045 5001");
    talk_end(&t);
}

static void coap_seventeenth_open_request_displaces_the_oldest(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    feed_numbered(&t, 1, false);
    struct bc_coap_event first = t.event;
    for (unsigned i = 2; i <= BC_REPLIES_MAX + 1; i++)
        feed_numbered(&t, i, false);
    assert_int_equal(talk_reply(&t, &first, BC_COAP_CONTENT, 0), BC_ERR_STATE);
    talk_feed(&t, "4001 5002");
    talk_feed(&t, "4001 5011");
    talk_expect_silence(&t);
    talk_end(&t);
}

/*
 *   peer                                   us
 *     | --- NON, unknown critical option --> |   dropped, sixteen times
 *     | --- NON 2.05, unknown token -------> |   dropped, sixteen times
 *     | --- CON [5001] again --------------> |   an open request is still known
 */
static void coap_messages_that_are_dropped_displace_no_open_request(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    feed_numbered(&t, 1, false);
    for (unsigned i = 0; i < BC_REPLIES_MAX; i++) {
        char datagram[32];
        snprintf(datagram, sizeof(datagram), "5001 %04X 90", 0x6000 + i); /* option 9 */
        talk_feed(&t, datagram);
        snprintf(datagram, sizeof(datagram), "5145 %04X EE", 0x7000 + i);
        talk_feed(&t, datagram);
    }
    talk_expect_silence(&t);
    talk_feed(&t, "4001 5001"); /* no second event */
    talk_expect_silence(&t);
    talk_end(&t);
}

/* --- Large replies --------------------------------------------------------------------------- */

/* Up to 16 bytes a reply is kept in the state; above it holds workspace until it expires. */
static void coap_reply_of_17_bytes_is_kept_in_the_workspace(void **state)
{
    (void)state;
    for (unsigned bytes = 16; bytes <= 17; bytes++) {
        struct talk t;
        bc_view out;
        talk_begin(&t, 4, 4);
        talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001");
        assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CONTENT, bytes - 5), BC_OK);
        assert_true(bc_coap_take(&t.us, t.now_ms, &out));
        assert_int_equal(out.len, bytes);
        assert_int_equal(bc_coap_idle(&t.us), bytes == 16);
        assert_true(bc_coap_deadline(&t.us) == (bytes == 16 ? BC_NEVER : TALK_BEGIN_MS + 247000));
        talk_wait(&t, TALK_BEGIN_MS + 247000);
        assert_true(bc_coap_idle(&t.us));
        assert_true(bc_coap_deadline(&t.us) == BC_NEVER);
        talk_end(&t);
    }
}

static void coap_large_replies_are_repeated_byte_for_byte(void **state)
{
    (void)state;
    struct talk t;
    bc_view out;
    uint8_t expected[3][800];
    static const size_t payload_bytes[] = {500, 25, 700};
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_notify_bytes(&t, BC_COAP_CON, 9, 100), BC_OK); /* moves below them */
    assert_true(bc_coap_take(&t.us, t.now_ms, &out));
    for (unsigned i = 0; i < 3; i++) {
        uint8_t request[] = {0x41, BC_COAP_GET, 0x50, (uint8_t)i, (uint8_t)(0xA0 + i)};
        assert_true(bc_coap_on_datagram(&t.us, t.now_ms, (bc_view){request, 5}, &t.event));
        assert_int_equal(talk_reply(&t, &t.event, BC_COAP_CONTENT, payload_bytes[i]), BC_OK);
        assert_true(bc_coap_take(&t.us, t.now_ms, &out));
        assert_int_equal(out.len, payload_bytes[i] + 6);
        memcpy(expected[i], out.ptr, out.len);
    }
    talk_feed_event(&t, BC_COAP_ACKED, "6000 0101");
    for (unsigned i = 0; i < 3; i++) {
        uint8_t request[] = {0x41, BC_COAP_GET, 0x50, (uint8_t)i, (uint8_t)(0xA0 + i)};
        assert_false(bc_coap_on_datagram(&t.us, t.now_ms, (bc_view){request, 5}, &t.event));
        assert_true(bc_coap_take(&t.us, t.now_ms, &out));
        assert_int_equal(out.len, payload_bytes[i] + 6);
        assert_memory_equal(out.ptr, expected[i], out.len);
    }
    talk_end(&t);
}

static void coap_reply_that_does_not_fit_leaves_the_request_open(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001");
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CONTENT, BC_ARENA_BYTES), BC_ERR_FULL);
    talk_expect_silence(&t);
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_INTERNAL_SERVER_ERROR, 0), BC_OK);
    talk_expect(&t, "60A0 5001");
    talk_end(&t);
}

/*
 * us                               peer
 *  | <-- CON GET [5000], [5001] ---- |
 *  | --- ACK 2.05, 806 bytes, each -> |
 *  | --- NON 2.05 [0101] -----------> |   needs room: the older reply's bytes go
 *  | <-- CON GET [5000] ------------ |   again: still no new request, but nothing to repeat
 *  | <-- CON GET [5001] ------------ |
 *  | --- ACK 2.05 [5001] -----------> |
 */
static void coap_oldest_large_reply_makes_room_for_a_new_message(void **state)
{
    (void)state;
    struct talk t;
    bc_view out;
    talk_begin(&t, 4, 4);
    for (uint8_t i = 0; i < 2; i++) {
        uint8_t request[] = {0x41, BC_COAP_GET, 0x50, i, 0xA0};
        talk_wait(&t, t.now_ms + 1);
        assert_true(bc_coap_on_datagram(&t.us, t.now_ms, (bc_view){request, 5}, &t.event));
        assert_int_equal(talk_reply(&t, &t.event, BC_COAP_CONTENT, 800), BC_OK);
        assert_true(bc_coap_take(&t.us, t.now_ms, &out));
    }
    assert_int_equal(talk_notify(&t, BC_COAP_NON, 1), BC_OK);
    talk_expect(&t, "5245 0101 0101 FF 6E");
    talk_feed(&t, "4101 5000 A0");
    talk_expect_silence(&t);
    talk_feed(&t, "4101 5001 A0");
    assert_true(bc_coap_take(&t.us, t.now_ms, &out));
    assert_int_equal(out.len, 806);
    talk_wait(&t, TALK_BEGIN_MS + 1 + 247000);
    talk_feed_event(&t, BC_COAP_REQUEST, "4101 5000 A0"); /* new again at its time */
    talk_end(&t);
}

static void feed_and_answer_large(struct talk *t, unsigned number, bool take)
{
    uint8_t bytes[] = {0x40, BC_COAP_GET, 0x50, (uint8_t)number};
    bc_view out;
    assert_true(bc_coap_on_datagram(&t->us, t->now_ms, (bc_view){bytes, 4}, &t->event));
    assert_int_equal(talk_reply(t, &t->event, BC_COAP_CONTENT, 20), BC_OK);
    if (take)
        assert_true(bc_coap_take(&t->us, t->now_ms, &out));
}

/* The workspace names 16 pieces, however small they are: old replies give theirs away, too. */
static void coap_sixteen_large_replies_leave_a_name_for_a_message(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    for (unsigned i = 0; i < BC_ARENA_CHUNKS; i++) {
        feed_and_answer_large(&t, i, true);
        talk_wait(&t, t.now_ms + 1);
    }
    assert_int_equal(talk_notify(&t, BC_COAP_NON, 1), BC_OK);
    talk_expect(&t, "5245 0101 0101 FF 6E");
    talk_feed(&t, "4001 5000"); /* the oldest has gone, but it is no new request */
    talk_expect_silence(&t);
    talk_feed(&t, "4001 5001");
    talk_expect(&t, "6045 5001 FF 7979797979797979797979797979797979797979");
    talk_end(&t);
}

/* Those that have not been sent keep theirs. */
static void coap_message_or_reply_without_a_name_is_refused(void **state) /* BC_ARENA_CHUNKS */
{
    (void)state;
    struct talk t;
    bc_view out;
    talk_begin(&t, 4, 4);
    for (unsigned i = 0; i + 1 < BC_ARENA_CHUNKS; i++)
        feed_and_answer_large(&t, i, false);
    assert_int_equal(talk_notify(&t, BC_COAP_NON, 1), BC_OK);
    assert_int_equal(talk_notify(&t, BC_COAP_NON, 2), BC_ERR_FULL);
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5100");
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CONTENT, 20), BC_ERR_FULL);
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CONTENT, 0), BC_OK);
    for (unsigned i = 0; i < BC_ARENA_CHUNKS + 1; i++)
        assert_true(bc_coap_take(&t.us, t.now_ms, &out));
    talk_end(&t);
}

/* While somebody reads the workspace in place, nothing in it moves: no room is made. */
static void coap_pinned_workspace_keeps_old_replies_where_they_are(void **state)
{
    (void)state;
    struct talk t;
    bc_view sent;
    bc_view again;
    talk_begin(&t, 4, 4);
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001");
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CONTENT, 1200), BC_OK);
    assert_true(bc_coap_take(&t.us, t.now_ms, &sent));
    t.us.pinned = true;
    assert_int_equal(talk_notify_bytes(&t, BC_COAP_NON, 1, 1200), BC_ERR_FULL);
    talk_feed(&t, "4001 5001");
    assert_true(bc_coap_take(&t.us, t.now_ms, &again));
    assert_ptr_equal(again.ptr, sent.ptr);
    assert_int_equal(again.len, sent.len);
    t.us.pinned = false;
    assert_int_equal(talk_notify_bytes(&t, BC_COAP_NON, 1, 1200), BC_OK);
    assert_true(bc_coap_take(&t.us, t.now_ms, &sent));
    talk_end(&t);
}

static void coap_large_reply_that_was_not_sent_yet_keeps_its_room(void **state)
{
    (void)state;
    struct talk t;
    bc_view out;
    talk_begin(&t, 4, 4);
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001");
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CONTENT, 1200), BC_OK);
    assert_int_equal(talk_notify_bytes(&t, BC_COAP_NON, 1, 1200), BC_ERR_FULL);
    assert_true(bc_coap_take(&t.us, t.now_ms, &out));
    assert_int_equal(out.len, 1205);
    assert_int_equal(talk_notify_bytes(&t, BC_COAP_NON, 1, 1200), BC_OK);
    assert_true(bc_coap_take(&t.us, t.now_ms, &out));
    assert_int_equal(out.len, 1207);
    talk_end(&t);
}

/* --- Answered without asking anybody --------------------------------------------------------- */

/*
 * us                               peer
 *  | <-- CON EMPTY [5001] ---------- |
 *  | --- RST [5001] ---------------> |
 */
static void coap_ping_is_answered_with_a_reset_each_time(void **state) /* RFC 7252 4.3 */
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    for (unsigned i = 0; i < 2; i++) {
        talk_feed(&t, "4000 5001");
        talk_expect(&t, "7000 5001");
        talk_expect_silence(&t);
    }
    talk_feed(&t, "5000 5002"); /* an empty NON means nothing */
    talk_expect_silence(&t);
    talk_end(&t);
}

/* What follows the two bytes of type with token length and code, and the message id. */
static const char *const malformed[] = {
    "01 5001 FF",                  /* a marker with nothing behind it */
    "01 5001 B5 61",               /* an option that ends behind the datagram */
    "01 5001 F1 00 61",            /* nibble 15 */
    "01 5001 E0FFFF",              /* option number above 65535 */
    "00 5001 FF 61",               /* an empty message with a payload */
    "20 5001",          "3F 5001", /* class 1 is reserved */
    "60 5001",          "7F 5001", /* and so is 3, for all we know */
    "C0 5001",          "FF 5001", /* 6 and 7 are reserved */
};

static void coap_malformed_con_is_reset_and_malformed_non_ignored(void **state) /* RFC 7252 4.2 */
{
    (void)state;
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        char hex[64];
        struct talk t;
        bc_sink text = {.ptr = (uint8_t *)hex, .cap = sizeof(hex)};
        bc_put_format(&text, "40 %s%c", malformed[i], '\0');
        talk_begin(&t, 4, 4);
        talk_feed(&t, hex);
        talk_expect(&t, "7000 5001");
        talk_feed(&t, hex);
        talk_expect(&t, "7000 5001");
        talk_end(&t);
        talk_begin(&t, 4, 4);
        for (hex[0] = '5'; hex[0] <= '7'; hex[0]++) /* NON, ACK, RST */
            talk_feed(&t, hex);
        talk_end(&t);
    }
}

static void coap_token_length_9_con_is_reset(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    talk_feed(&t, "4901 5001 010203040506070809");
    talk_expect(&t, "7000 5001");
    talk_feed(&t, "5901 5002 010203040506070809");
    talk_expect_silence(&t);
    talk_end(&t);
}

static void coap_other_versions_and_fragments_are_ignored(void **state) /* RFC 7252 3 */
{
    static const char *const ignored[] = {"",     "40",        "4001",      "400150",
                                          "0001", "0001 5001", "8001 5001", "C001 5001"};
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++) {
        talk_feed(&t, ignored[i]);
        talk_expect_silence(&t);
    }
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001"); /* and nothing was remembered */
    talk_end(&t);
}

/*
 * us                               peer
 *  | <-- CON GET, bad option ------- |
 *  | --- ACK 4.02 -----------------> |
 *  | <-- NON GET, bad option ------- |   silence
 */
static void coap_bad_critical_options_are_answered_4_02(void **state) /* RFC 7252 5.4.1, 5.4.5 */
{
    static const char *const bad[] = {
        "11 00",           /* If-Match */
        "50",              /* If-None-Match */
        "91 00",           /* 9, nobody's */
        "E0FEF2",          /* 65535 */
        "31 61 01 62",     /* Uri-Host twice */
        "30",              /* an empty one */
        "72 1633 02 1633", /* Uri-Port twice */
        "D104 00 01 2A",   /* Accept twice */
        "D304 00002A",     /* Accept of 3 bytes */
        "73 001633",       /* Uri-Port of 3 bytes */
        "D40A 00000006",
        "D40E 00000006" /* Block2 and Block1 of 4 bytes */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char hex[64];
        struct talk t;
        bc_sink text = {.ptr = (uint8_t *)hex, .cap = sizeof(hex)};
        bc_put_format(&text, "4101 5001 A1 %s%c", bad[i], '\0');
        talk_begin(&t, 4, 4);
        talk_feed(&t, hex);
        talk_expect(&t, "6182 5001 A1");
        talk_feed(&t, hex);
        talk_expect(&t, "6182 5001 A1");
        talk_end(&t);
        talk_begin(&t, 4, 4);
        hex[0] = '5';
        talk_feed(&t, hex);
        talk_feed(&t, hex);
        talk_end(&t);
    }
}

static void coap_request_for_a_proxy_is_answered_5_05(void **state) /* RFC 7252 5.10.2 */
{
    static const char *const options[] = {
        "D316 613A62",       /* Proxy-Uri */
        "D41A 636F6170",     /* Proxy-Scheme */
        "91 00 D30D 613A62", /* behind a bad option */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        char hex[100];
        struct talk t;
        bc_sink text = {.ptr = (uint8_t *)hex, .cap = sizeof(hex)};
        bc_put_format(&text, "4101 5001 A1 %s%c", options[i], '\0');
        talk_begin(&t, 4, 4);
        talk_feed(&t, hex);
        talk_expect(&t, "61A5 5001 A1");
        talk_end(&t);
    }
}

static void coap_path_segment_beyond_255_bytes_is_a_bad_option(void **state) /* RFC 7252 5.10 */
{
    (void)state;
    for (size_t len = 255; len <= 256; len++) {
        struct talk t;
        struct bc_coap_event event;
        uint8_t segment[256] = {0};
        bc_sink sink = check_heap_sink(300);
        struct bc_coap_writer w =
            bc_coap_write_begin(&sink, BC_COAP_CON, BC_COAP_GET, 0x5001, NULL);
        bc_coap_write_option(&w, BC_COAP_URI_PATH, (bc_view){segment, len});
        talk_begin(&t, 4, 4);
        assert_int_equal(bc_coap_on_datagram(&t.us, t.now_ms, bc_sink_view(&sink), &event),
                         len == 255);
        if (len == 256)
            talk_expect(&t, "6082 5001");
        talk_end(&t);
        check_heap_free(bc_sink_view(&sink));
    }
}

static void coap_known_repeatable_and_elective_options_are_for_the_application(void **state)
{
    static const char *const good[] = {
        "4001 5001 31 61 42 1633",           /* Uri-Host, Uri-Port */
        "4001 5002 B1 61 01 62 41 63 01 64", /* segments and queries */
        "4001 5003 D104 2A 61 06 41 0E",     /* Accept, Block2, Block1 */
        "4001 5004 60 00",                   /* Observe twice: elective */
        "4001 5005 A1 00 E0FEE7",            /* 10 and 65534: nobody's, elective */
        "4001 5006 C0 D1 23 20",             /* Content-Format, Size1 */
    };
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        talk_feed_event(&t, BC_COAP_REQUEST, good[i]);
    talk_end(&t);
}

/*
 * us                               peer
 *  | <-- CON 0.05 [5001, A1] ------- |
 *  | --- ACK 4.05 [5001, A1] ------> |
 *  | <-- NON 0.31 [5002, A1] ------- |
 *  | --- NON 4.05 [0101, A1] ------> |
 */
static void coap_unknown_methods_are_answered_4_05(void **state) /* RFC 7252 5.8 */
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    talk_feed(&t, "4105 5001 A1");
    talk_expect(&t, "6185 5001 A1");
    talk_feed(&t, "511F 5002 A1");
    talk_expect(&t, "5185 0101 A1");
    for (unsigned code = BC_COAP_GET; code <= BC_COAP_DELETE; code++) {
        uint8_t request[] = {0x40, (uint8_t)code, 0x60, (uint8_t)code};
        assert_true(bc_coap_on_datagram(&t.us, t.now_ms, (bc_view){request, 4}, &t.event));
        assert_int_equal(t.event.kind, BC_COAP_REQUEST);
    }
    talk_end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coap_repeated_request_gets_the_remembered_reply),
        cmocka_unit_test(coap_non_request_gets_a_non_reply_of_our_message_id),
        cmocka_unit_test(coap_repeated_request_that_is_open_stays_unanswered),
        cmocka_unit_test(coap_answer_may_follow_an_empty_ack),
        cmocka_unit_test(coap_reply_without_request_or_after_another_is_refused),
        cmocka_unit_test(coap_forgotten_request_is_new_when_it_comes_again),
        cmocka_unit_test(coap_replies_leave_before_our_own_messages),
        cmocka_unit_test(coap_message_id_is_new_again_after_247_seconds),
        cmocka_unit_test(coap_replies_keep_their_time_where_32_bits_of_it_wrap),
        cmocka_unit_test(coap_replies_are_not_young_again_after_a_silence_of_49_days),
        cmocka_unit_test(coap_request_nobody_answers_is_new_again_after_247_seconds),
        cmocka_unit_test(coap_seventeenth_request_displaces_the_oldest_reply),
        cmocka_unit_test(coap_open_request_is_not_displaced_by_answered_ones),
        cmocka_unit_test(coap_seventeenth_open_request_displaces_the_oldest),
        cmocka_unit_test(coap_messages_that_are_dropped_displace_no_open_request),
        cmocka_unit_test(coap_reply_of_17_bytes_is_kept_in_the_workspace),
        cmocka_unit_test(coap_large_replies_are_repeated_byte_for_byte),
        cmocka_unit_test(coap_reply_that_does_not_fit_leaves_the_request_open),
        cmocka_unit_test(coap_oldest_large_reply_makes_room_for_a_new_message),
        cmocka_unit_test(coap_sixteen_large_replies_leave_a_name_for_a_message),
        cmocka_unit_test(coap_message_or_reply_without_a_name_is_refused),
        cmocka_unit_test(coap_pinned_workspace_keeps_old_replies_where_they_are),
        cmocka_unit_test(coap_large_reply_that_was_not_sent_yet_keeps_its_room),
        cmocka_unit_test(coap_ping_is_answered_with_a_reset_each_time),
        cmocka_unit_test(coap_malformed_con_is_reset_and_malformed_non_ignored),
        cmocka_unit_test(coap_token_length_9_con_is_reset),
        cmocka_unit_test(coap_other_versions_and_fragments_are_ignored),
        cmocka_unit_test(coap_bad_critical_options_are_answered_4_02),
        cmocka_unit_test(coap_request_for_a_proxy_is_answered_5_05),
        cmocka_unit_test(coap_path_segment_beyond_255_bytes_is_a_bad_option),
        cmocka_unit_test(coap_known_repeatable_and_elective_options_are_for_the_application),
        cmocka_unit_test(coap_unknown_methods_are_answered_4_05),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
