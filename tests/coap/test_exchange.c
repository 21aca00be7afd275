/*
 * Messages of ours on a virtual clock, byte for byte (RFC 7252 sections 4.2 to 4.5 and 5.2; the
 * waits are the guide's, G 2.2): sent again and when, given up when, and what ends them.
 */
#include <string.h>

#include "peer.h"

/* --- Retransmission -------------------------------------------------------------------------- */

/*
 * us                               peer
 *  | --- CON [m] ------------------> X   t0
 *  | --- CON [m] ------------------> X   t0 + T
 *  | --- CON [m] ------------------> X   t0 + T + 2T
 *  | ...                                 max repetitions, each wait twice the one before
 *  | given up                            t0 + T * (2^(max+1) - 1)
 */
static void coap_con_is_repeated_after_ack_timeout_times_2_to_n(void **state) /* G 2.2 */
{
    static const struct {
        uint8_t ack_timeout_s;
        uint8_t retransmit_max;
    } settings[] = {{4, 4}, {2, 0}, {2, 1}, {2, 8}, {20, 0}, {20, 8}, {7, 3}, {4, 5}};
    (void)state;
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        struct talk t;
        uint64_t due_ms = TALK_BEGIN_MS;
        uint64_t wait_ms = settings[i].ack_timeout_s * 1000U;
        talk_begin(&t, settings[i].ack_timeout_s, settings[i].retransmit_max);
        assert_int_equal(talk_request(&t, BC_COAP_CON, 5), BC_OK);
        for (unsigned sent = 0; sent <= settings[i].retransmit_max; sent++) {
            talk_wait(&t, due_ms);
            talk_expect(&t, "4401 0101 05050505 B1 74");
            due_ms += wait_ms;
            wait_ms *= 2;
            assert_true(bc_coap_deadline(&t.us) == due_ms);
            talk_wait_quietly(&t, due_ms);
        }
        assert_true(t.now_ms == TALK_BEGIN_MS + settings[i].ack_timeout_s * 1000ULL *
                                                    ((2ULL << settings[i].retransmit_max) - 1));
        talk_expect_timeout(&t, 5);
        assert_int_equal(t.event.message_id, 0x0101);
        assert_false(bc_coap_on_time(&t.us, t.now_ms, &t.event));
        assert_true(bc_coap_deadline(&t.us) == BC_NEVER);
        assert_true(bc_coap_idle(&t.us));
        talk_end(&t);
    }
}

/* The first wait begins when the message leaves, not when it is written. */
static void coap_wait_begins_with_the_transmission(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 1);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    assert_true(bc_coap_deadline(&t.us) == BC_NEVER); /* it waits to be taken, not for time */
    talk_wait(&t, 60000);
    talk_expect(&t, "4401 0101 01010101 B1 74");
    talk_wait_quietly(&t, 64000);
    talk_wait(&t, 64300); /* somebody slept too long */
    talk_expect(&t, "4401 0101 01010101 B1 74");
    talk_wait_quietly(&t, 64300 + 8000);
    talk_expect_timeout(&t, 1);
    talk_end(&t);
}

/*
 * us                               peer
 *  | --- CON GET [0101, 0101] -----> |
 *  | <-- ACK 2.05 [0101, 0101] ----- |
 */
static void coap_piggybacked_response_ends_the_request(void **state) /* RFC 7252 5.2.1 */
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    assert_true(bc_coap_pending(&t.us, 1));
    talk_expect(&t, "4401 0101 01010101 B1 74");
    const struct bc_coap_event *e =
        talk_feed_event(&t, BC_COAP_RESPONSE, "6445 0101 01010101 FF 32322E332043");
    assert_int_equal(e->tag, 1);
    assert_int_equal(e->context, 1001);
    assert_int_equal(e->message_id, 0x0101);
    assert_int_equal(e->message.code, BC_COAP_CONTENT);
    check_text(e->message.payload, "22.3 C");
    assert_false(bc_coap_pending(&t.us, 1));
    talk_feed(&t, "6445 0101 01010101 FF 32322E332043"); /* the network doubled it */
    talk_wait_quietly(&t, 500000);
    talk_end(&t);
}

/*
 * us                               peer
 *  | --- CON GET [0101] -----------> X
 *  | --- CON GET [0101] -----------> |   the same bytes
 *  | <-- ACK 2.05 [0101] ----------- |
 */
static void coap_response_to_a_repetition_ends_the_request(void **state) /* RFC 7252 4.2 */
{
    (void)state;
    struct talk t;
    talk_begin(&t, 2, 4);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    talk_expect(&t, "4401 0101 01010101 B1 74");
    talk_wait(&t, TALK_BEGIN_MS + 2000);
    talk_expect(&t, "4401 0101 01010101 B1 74");
    talk_feed_event(&t, BC_COAP_RESPONSE, "6445 0101 01010101");
    talk_wait_quietly(&t, 500000);
    talk_end(&t);
}

/*
 * us                               peer
 *  | --- CON GET [0101] -----------> |
 *  | (due again, not taken yet)      |
 *  | <-- ACK 2.05 [0101] ----------- |
 *  | nothing more                    |
 */
static void coap_repetition_that_waits_is_dropped_with_the_response(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 2, 4);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    talk_expect(&t, "4401 0101 01010101 B1 74");
    talk_wait(&t, TALK_BEGIN_MS + 2000);
    talk_feed_event(&t, BC_COAP_RESPONSE, "6445 0101 01010101");
    talk_end(&t);
}

/*
 * us                               peer
 *  | --- CON 2.05 [0101] ----------> |
 *  | <-- ACK [0101] ---------------- |
 */
static void coap_empty_ack_ends_a_notification(void **state) /* RFC 7641 4.5 */
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_notify(&t, BC_COAP_CON, 9), BC_OK);
    talk_expect(&t, "4245 0101 0909 FF 6E");
    const struct bc_coap_event *e = talk_feed_event(&t, BC_COAP_ACKED, "6000 0101");
    assert_int_equal(e->tag, 9);
    assert_int_equal(e->context, 1009);
    assert_int_equal(e->message_id, 0x0101);
    talk_feed(&t, "6000 0101");
    talk_wait_quietly(&t, 500000);
    talk_end(&t);
}

/* --- Separate responses (RFC 7252 section 5.2.2) --------------------------------------------- */

/*
 * us                               peer
 *  | --- CON GET [0101, 0101] -----> |
 *  | <-- ACK [0101] ---------------- |
 *  | <-- CON 2.05 [AD7B, 0101] ----- |
 *  | --- ACK [AD7B] ---------------> X
 *  | <-- CON 2.05 [AD7B, 0101] ----- |   again
 *  | --- ACK [AD7B] ---------------> |
 */
static void coap_separate_con_response_is_acknowledged_each_time(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    talk_expect(&t, "4401 0101 01010101 B1 74");
    talk_feed(&t, "6000 0101");
    assert_true(bc_coap_pending(&t.us, 1));
    talk_wait_quietly(&t, TALK_BEGIN_MS + 20000); /* no repetition any more */
    const struct bc_coap_event *e =
        talk_feed_event(&t, BC_COAP_RESPONSE, "4445 AD7B 01010101 FF 31");
    assert_int_equal(e->tag, 1);
    assert_int_equal(e->message_id, 0x0101); /* ours */
    check_text(e->message.payload, "1");
    talk_expect(&t, "6000 AD7B");
    talk_expect_silence(&t);
    talk_feed(&t, "4445 AD7B 01010101 FF 31");
    talk_expect(&t, "6000 AD7B");
    talk_end(&t);
}

/*
 * us                               peer
 *  | --- CON GET [0101, 0101] -----> |
 *  | <-- ACK [0101] ---------------- |
 *  | <-- NON 2.05 [AD7B, 0101] ----- |
 *  | <-- NON 2.05 [AD7B, 0101] ----- |   doubled
 */
static void coap_separate_non_response_is_not_acknowledged(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    talk_expect(&t, "4401 0101 01010101 B1 74");
    talk_feed(&t, "6000 0101");
    talk_feed_event(&t, BC_COAP_RESPONSE, "5445 AD7B 01010101 FF 31");
    talk_expect_silence(&t);
    talk_feed(&t, "5445 AD7B 01010101 FF 31");
    talk_wait_quietly(&t, 500000);
    talk_end(&t);
}

/*
 * us                               peer
 *  | --- CON GET [0101, 0101] -----> |
 *  |  late  <-- ACK [0101] --------- |
 *  | <-- CON 2.05 [AD7B, 0101] ----- |   overtakes; says that the request has come, too
 *  | --- ACK [AD7B] ---------------> |
 *  | <-- ACK [0101] ---------------- |   means nothing any more
 */
static void coap_separate_response_may_come_before_the_empty_ack(void **state) /* RFC 7252 4.2 */
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    talk_expect(&t, "4401 0101 01010101 B1 74");
    talk_feed_event(&t, BC_COAP_RESPONSE, "4445 AD7B 01010101 FF 31");
    talk_expect(&t, "6000 AD7B");
    talk_feed(&t, "6000 0101");
    talk_wait_quietly(&t, 500000);
    talk_end(&t);
}

/*
 * us                               peer
 *  | --- CON GET [0101] -----------> |   t0
 *  | <-- ACK [0101] ---------------- |   t0 + 1 s
 *  | given up                            t0 + 1 s + 2 s * (2^3 - 1)
 */
static void coap_acknowledged_request_is_given_up_in_the_end(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 2, 2);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    talk_expect(&t, "4401 0101 01010101 B1 74");
    talk_wait(&t, TALK_BEGIN_MS + 1000);
    talk_feed(&t, "6000 0101");
    assert_true(bc_coap_deadline(&t.us) == TALK_BEGIN_MS + 1000 + 14000);
    talk_feed(&t, "6000 0101"); /* another one does not prolong it */
    talk_wait_quietly(&t, TALK_BEGIN_MS + 1000 + 14000);
    talk_expect_timeout(&t, 1);
    talk_end(&t);
}

/*
 * us                               peer
 *  | --- NON GET [0101, 0101] -----> |   gone as soon as it is sent
 *  | <-- NON 2.05 [AD7B, 0101] ----- |   nobody waits for it
 */
static void coap_non_is_sent_once_and_forgotten(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_request(&t, BC_COAP_NON, 1), BC_OK);
    assert_true(bc_coap_pending(&t.us, 1));
    talk_expect(&t, "5401 0101 01010101 B1 74");
    assert_false(bc_coap_pending(&t.us, 1));
    assert_true(bc_coap_deadline(&t.us) == BC_NEVER);
    talk_feed(&t, "5445 AD7B 01010101");
    talk_wait_quietly(&t, 500000);
    talk_end(&t);
}

/* --- What does not match (RFC 7252 sections 4.2, 5.3.2) -------------------------------------- */

/*
 * us                               peer
 *  | --- CON GET [0101, 0101] -----> |
 *  | <-- ACK 2.05 [0101, 0102] ----- |   not our token: as if it had not come
 *  | <-- ACK 2.05 [0102, 0101] ----- |   not our message id: the same
 *  | --- CON GET [0101, 0101] -----> |   after the usual wait
 */
static void coap_ack_with_wrong_token_or_message_id_is_ignored(void **state)
{
    static const char *const wrong[] = {
        "6445 0101 01010102", "6345 0101 010101",   "6545 0101 0101010100",
        "6045 0101",          "6445 0102 01010101", "6445 0100 01010101",
        "6000 0102",          "6000 0100",
    };
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    talk_expect(&t, "4401 0101 01010101 B1 74");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        talk_feed(&t, wrong[i]);
        talk_expect_silence(&t);
    }
    talk_wait_quietly(&t, TALK_BEGIN_MS + 4000);
    talk_wait(&t, TALK_BEGIN_MS + 4000);
    talk_expect(&t, "4401 0101 01010101 B1 74");
    talk_feed_event(&t, BC_COAP_RESPONSE, "6445 0101 01010101");
    talk_end(&t);
}

/*
 * us                               peer
 *  | --- CON GET [0101, 0101] -----> |
 *  | <-- CON 2.05 [AD7B, 0102] ----- |
 *  | --- RST [AD7B] ---------------> |
 *  | <-- NON 2.05 [AD7C, 0102] ----- |   silence
 */
static void coap_separate_response_with_wrong_token_is_reset(void **state) /* RFC 7252 5.3.2 */
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    talk_expect(&t, "4401 0101 01010101 B1 74");
    talk_feed(&t, "4445 AD7B 01020102 FF 31");
    talk_expect(&t, "7000 AD7B");
    talk_feed(&t, "4345 AD7D 010101");
    talk_expect(&t, "7000 AD7D");
    talk_feed(&t, "5445 AD7C 01020102 FF 31");
    talk_expect_silence(&t);
    assert_true(bc_coap_pending(&t.us, 1));
    talk_feed_event(&t, BC_COAP_RESPONSE, "6445 0101 01010101");
    talk_end(&t);
}

/* An answer to what has not been sent yet can only be guessed. */
static void coap_ack_before_the_transmission_is_ignored(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    talk_feed(&t, "6445 0101 01010101");
    talk_feed(&t, "6000 0101");
    talk_feed_event(&t, BC_COAP_RESET, "7000 0101");
    assert_int_equal(t.event.tag, 0); /* not that exchange's */
    talk_feed(&t, "5445 AD7B 01010101");
    assert_true(bc_coap_pending(&t.us, 1));
    talk_expect(&t, "4401 0101 01010101 B1 74");
    talk_feed_event(&t, BC_COAP_RESPONSE, "6445 0101 01010101");
    talk_end(&t);
}

/* A token that answers a notification of ours is none of a request's. */
static void coap_response_never_matches_a_notification(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_notify(&t, BC_COAP_CON, 1), BC_OK);
    talk_expect(&t, "4245 0101 0101 FF 6E");
    talk_feed(&t, "6245 0101 0101");
    talk_feed(&t, "4245 AD7B 0101");
    talk_expect(&t, "7000 AD7B");
    talk_feed_event(&t, BC_COAP_ACKED, "6000 0101");
    talk_end(&t);
}

/* An acknowledgement carries nothing, or a response; everything else is ignored. */
static void coap_ack_with_a_request_or_reserved_code_is_ignored(void **state) /* RFC 7252 4.2 */
{
    static const uint8_t codes[] = {BC_COAP_GET,         BC_COAP_CODE(0, 31), BC_COAP_CODE(1, 0),
                                    BC_COAP_CODE(1, 31), BC_COAP_CODE(3, 0),  BC_COAP_CODE(6, 0),
                                    BC_COAP_CODE(6, 31), BC_COAP_CODE(7, 1),  BC_COAP_CODE(7, 31)};
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    talk_expect(&t, "4401 0101 01010101 B1 74");
    for (size_t i = 0; i < sizeof(codes); i++) {
        uint8_t bytes[] = {0x62, codes[i], 0x01, 0x01, 1, 1};
        assert_false(
            bc_coap_on_datagram(&t.us, t.now_ms, (bc_view){bytes, sizeof(bytes)}, &t.event));
    }
    assert_true(bc_coap_pending(&t.us, 1));
    talk_feed_event(&t, BC_COAP_RESPONSE, "64A0 0101 01010101"); /* 5.00 */
    talk_end(&t);
}

/*
 * us                               peer
 *  | --- CON GET [0101, 0101] -----> |
 *  | <-- ACK 2.05, option 9 -------- |   ignored
 *  | <-- NON 2.05, option 9 -------- |   ignored
 *  | <-- CON 2.05, option 9 -------- |
 *  | --- RST ----------------------> |
 */
static void coap_response_with_an_unknown_critical_option_is_rejected(void **state) /* 5.4.1 */
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    talk_expect(&t, "4401 0101 01010101 B1 74");
    talk_feed(&t, "6445 0101 01010101 91 00");
    talk_feed(&t, "5445 AD7B 01010101 91 00");
    talk_expect_silence(&t);
    talk_feed(&t, "4445 AD7C 01010101 91 00");
    talk_expect(&t, "7000 AD7C");
    assert_true(bc_coap_pending(&t.us, 1));
    talk_feed_event(&t, BC_COAP_RESPONSE, "6445 0101 01010101 A1 00"); /* an elective one */
    talk_end(&t);
}

/* --- Resets ---------------------------------------------------------------------------------- */

/*
 * us                               peer
 *  | --- CON GET [0101] -----------> |
 *  | --- CON 2.05 [0102] ----------> |
 *  | <-- RST [0102], RST [0101] ---- |
 */
static void coap_rst_ends_requests_and_notifications(void **state) /* RFC 7252 4.2 */
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    assert_int_equal(talk_notify(&t, BC_COAP_CON, 2), BC_OK);
    talk_expect(&t, "4401 0101 01010101 B1 74");
    talk_expect(&t, "4245 0102 0202 FF 6E");
    assert_int_equal(talk_feed_event(&t, BC_COAP_RESET, "7000 0102")->tag, 2);
    assert_int_equal(t.event.message_id, 0x0102);
    assert_int_equal(talk_feed_event(&t, BC_COAP_RESET, "7000 0101")->tag, 1);
    assert_int_equal(t.event.context, 1001);
    talk_wait_quietly(&t, 500000);
    talk_end(&t);
}

/*
 * us                               peer
 *  | --- NON 2.05 [0101] ----------> |
 *  | <-- RST [0101] ---------------- |   known by its message id only
 */
static void coap_rst_to_a_non_is_told_with_its_message_id(void **state) /* RFC 7641 3.6 */
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_notify(&t, BC_COAP_NON, 3), BC_OK);
    talk_expect(&t, "5245 0101 0303 FF 6E");
    const struct bc_coap_event *e = talk_feed_event(&t, BC_COAP_RESET, "7000 0101");
    assert_int_equal(e->tag, 0);
    assert_int_equal(e->message_id, 0x0101);
    talk_feed(&t, "7045 0101");      /* a reset is empty */
    talk_feed(&t, "7100 0101 01");   /* and has no token */
    talk_feed(&t, "7000 0101 FF01"); /* and no payload */
    talk_end(&t);
}

/* --- Order and limits ------------------------------------------------------------------------ */

static void coap_messages_leave_in_the_order_they_became_ready(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 2, 4);
    t.us.next_order = 0xFFFE; /* the counter wraps on the way */
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    talk_expect(&t, "4401 0101 01010101 B1 74");
    talk_feed_event(&t, BC_COAP_RESPONSE, "6445 0101 01010101"); /* frees the first slot */
    for (uint8_t tag = 2; tag <= 6; tag++)
        assert_int_equal(talk_notify(&t, tag % 2 == 0 ? BC_COAP_CON : BC_COAP_NON, tag), BC_OK);
    talk_expect(&t, "4245 0102 0202 FF 6E");
    talk_expect(&t, "5245 0103 0303 FF 6E");
    assert_int_equal(talk_notify(&t, BC_COAP_NON, 7), BC_OK); /* in the slot that 3 left */
    talk_expect(&t, "4245 0104 0404 FF 6E");
    talk_expect(&t, "5245 0105 0505 FF 6E");
    talk_expect(&t, "4245 0106 0606 FF 6E");
    talk_expect(&t, "5245 0107 0707 FF 6E");
    talk_expect_silence(&t);
    t.now_ms += 2000;
    assert_int_equal(talk_notify(&t, BC_COAP_NON, 8), BC_OK); /* before the repetitions */
    talk_wait(&t, t.now_ms);
    talk_expect(&t, "5245 0108 0808 FF 6E");
    talk_expect(&t, "4245 0102 0202 FF 6E");
    talk_expect(&t, "4245 0104 0404 FF 6E");
    talk_expect(&t, "4245 0106 0606 FF 6E");
    talk_end(&t);
}

static void coap_a_ninth_message_is_refused_and_nothing_of_it_is_sent(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    for (uint8_t tag = 1; tag <= BC_EXCHANGES_MAX; tag++)
        assert_int_equal(talk_request(&t, BC_COAP_CON, tag), BC_OK);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 9), BC_ERR_FULL);
    assert_int_equal(talk_notify(&t, BC_COAP_NON, 9), BC_ERR_FULL);
    assert_false(bc_coap_pending(&t.us, 9));
    bc_view out;
    for (unsigned i = 0; i < BC_EXCHANGES_MAX; i++)
        assert_true(bc_coap_take(&t.us, t.now_ms, &out));
    talk_expect_silence(&t);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 9), BC_ERR_FULL); /* they wait for answers */
    talk_feed_event(&t, BC_COAP_RESPONSE, "6445 0103 03030303");
    assert_int_equal(t.event.tag, 3);
    assert_int_equal(talk_notify(&t, BC_COAP_NON, 9), BC_OK);
    talk_expect(&t, "5245 010C 0909 FF 6E"); /* refused drafts took message ids with them */
    talk_end(&t);
}

/* The 7 bytes are header, token and payload marker. */
static void coap_message_beyond_a_datagram_or_the_workspace_is_refused(void **state)
{
    (void)state;
    struct talk t;
    bc_view out;
    const size_t rest = BC_ARENA_BYTES - BC_DATAGRAM_BYTES_MAX;
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_notify_bytes(&t, BC_COAP_CON, 1, BC_DATAGRAM_BYTES_MAX - 6), BC_ERR_FULL);
    assert_true(bc_coap_idle(&t.us));
    assert_int_equal(talk_notify_bytes(&t, BC_COAP_CON, 1, BC_DATAGRAM_BYTES_MAX - 7), BC_OK);
    assert_int_equal(talk_notify_bytes(&t, BC_COAP_NON, 2, rest - 6), BC_ERR_FULL);
    assert_int_equal(talk_notify_bytes(&t, BC_COAP_NON, 2, rest - 7), BC_OK);
    assert_int_equal(talk_notify(&t, BC_COAP_NON, 3), BC_ERR_FULL); /* not a byte left */
    assert_true(bc_coap_take(&t.us, t.now_ms, &out));
    assert_int_equal(out.len, BC_DATAGRAM_BYTES_MAX);
    assert_true(bc_coap_take(&t.us, t.now_ms, &out));
    assert_int_equal(out.len, rest);
    assert_int_equal(talk_notify(&t, BC_COAP_NON, 3), BC_OK); /* what was sent once is gone */
    talk_expect(&t, "5245 0106 0303 FF 6E");
    talk_feed_event(&t, BC_COAP_ACKED, "6000 0102");
    assert_true(bc_coap_idle(&t.us));
    talk_end(&t);
}

/* A draft that is not submitted leaves nothing behind. */
static void coap_draft_may_be_forgotten(void **state)
{
    (void)state;
    struct talk t;
    struct bc_coap_draft draft;
    talk_begin(&t, 4, 4);
    bc_coap_draft_new(&t.us, &draft, BC_COAP_CON, BC_COAP_GET, NULL);
    bc_coap_write_path(&draft.w, BC_COAP_URI_PATH, BC_TEXT("never/sent"));
    assert_true(bc_coap_idle(&t.us));
    assert_int_equal(talk_notify(&t, BC_COAP_NON, 1), BC_OK);
    talk_expect(&t, "5245 0102 0101 FF 6E");
    talk_end(&t);
}

static void coap_cancelled_message_ends_without_event(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 2), BC_OK);
    talk_expect(&t, "4401 0101 01010101 B1 74");
    bc_coap_cancel(&t.us, 1);
    bc_coap_cancel(&t.us, 7); /* nobody's */
    assert_false(bc_coap_pending(&t.us, 1));
    assert_true(bc_coap_pending(&t.us, 2));
    talk_feed(&t, "6445 0101 01010101");
    talk_expect(&t, "4401 0102 02020202 B1 74");
    talk_feed_event(&t, BC_COAP_RESPONSE, "6445 0102 02020202");
    talk_wait_quietly(&t, 500000);
    talk_end(&t);
}

static void coap_clear_forgets_messages_and_replies_but_not_the_message_id(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001");
    assert_int_equal(talk_reply(&t, &t.request, BC_COAP_CONTENT, 100), BC_OK);
    bc_coap_endpoint_clear(&t.us);
    talk_expect_silence(&t);
    assert_true(bc_coap_idle(&t.us));
    assert_true(bc_coap_deadline(&t.us) == BC_NEVER);
    talk_feed_event(&t, BC_COAP_REQUEST, "4001 5001"); /* no duplicate any more */
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    talk_expect(&t, "4401 0102 01010101 B1 74");
    talk_end(&t);
}

static void coap_idle_endpoint_takes_another_workspace(void **state)
{
    (void)state;
    struct talk t;
    bc_sink other = check_heap_sink(BC_ARENA_BYTES);
    talk_begin(&t, 4, 4);
    assert_true(bc_coap_idle(&t.us));
    assert_int_equal(talk_request(&t, BC_COAP_CON, 1), BC_OK);
    assert_false(bc_coap_idle(&t.us));
    talk_expect(&t, "4401 0101 01010101 B1 74");
    assert_false(bc_coap_idle(&t.us)); /* kept to be repeated */
    talk_feed(&t, "6000 0101");
    assert_true(bc_coap_idle(&t.us)); /* an acknowledged request needs no bytes */
    memset(t.workspace.ptr, 0xEE, t.workspace.cap);
    bc_coap_lend(&t.us, other.ptr);
    talk_feed_event(&t, BC_COAP_RESPONSE, "4445 AD7B 01010101 FF 31");
    assert_false(bc_coap_idle(&t.us)); /* the ACK waits to be sent */
    talk_expect(&t, "6000 AD7B");
    assert_int_equal(talk_notify(&t, BC_COAP_NON, 2), BC_OK);
    talk_expect(&t, "5245 0102 0202 FF 6E");
    assert_true(bc_coap_idle(&t.us));
    bc_coap_lend(&t.us, t.workspace.ptr);
    check_heap_free(bc_sink_view(&other));
    talk_feed(&t, "4445 AD7B 01010101 FF 31");
    talk_expect(&t, "6000 AD7B");
    talk_end(&t);
}

/* --- Message ids and tokens ------------------------------------------------------------------ */

static void coap_message_ids_count_up_and_wrap(void **state)
{
    (void)state;
    struct talk t;
    talk_begin(&t, 4, 4);
    t.us.next_message_id = 0xFFFF;
    assert_int_equal(talk_notify(&t, BC_COAP_NON, 1), BC_OK);
    assert_int_equal(talk_notify(&t, BC_COAP_NON, 2), BC_OK);
    talk_expect(&t, "5245 FFFF 0101 FF 6E");
    talk_expect(&t, "5245 0000 0202 FF 6E");
    talk_end(&t);
}

/* The first two requests of an endpoint with this seed. */
static void first_requests(uint64_t seed, uint8_t out[2][8])
{
    struct bc_random random = {seed};
    struct bc_coap_endpoint us;
    uint8_t workspace[BC_ARENA_BYTES];
    bc_coap_endpoint_init(&us, &random, workspace);
    for (unsigned i = 0; i < 2; i++) {
        struct bc_coap_draft draft;
        bc_view sent;
        bc_coap_draft_new(&us, &draft, BC_COAP_CON, BC_COAP_GET, NULL);
        assert_int_equal(draft.token.len, BC_TOKEN_BYTES);
        assert_int_equal(bc_coap_submit(&us, &draft, 1, 0, true), BC_OK);
        assert_true(bc_coap_take(&us, 0, &sent));
        assert_int_equal(sent.len, 8);
        memcpy(out[i], sent.ptr, 8);
    }
}

static void coap_one_seed_repeats_message_ids_and_tokens(void **state)
{
    (void)state;
    uint8_t first[2][8];
    uint8_t again[2][8];
    uint8_t other[2][8];
    first_requests(42, first);
    first_requests(42, again);
    first_requests(43, other);
    assert_memory_equal(first, again, sizeof(first));
    assert_memory_not_equal(first[0] + 2, other[0] + 2, 2); /* message id */
    assert_memory_not_equal(first[0] + 4, other[0] + 4, 4); /* token */
    assert_memory_not_equal(first[0] + 4, first[1] + 4, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coap_con_is_repeated_after_ack_timeout_times_2_to_n),
        cmocka_unit_test(coap_wait_begins_with_the_transmission),
        cmocka_unit_test(coap_piggybacked_response_ends_the_request),
        cmocka_unit_test(coap_response_to_a_repetition_ends_the_request),
        cmocka_unit_test(coap_repetition_that_waits_is_dropped_with_the_response),
        cmocka_unit_test(coap_empty_ack_ends_a_notification),
        cmocka_unit_test(coap_separate_con_response_is_acknowledged_each_time),
        cmocka_unit_test(coap_separate_non_response_is_not_acknowledged),
        cmocka_unit_test(coap_separate_response_may_come_before_the_empty_ack),
        cmocka_unit_test(coap_acknowledged_request_is_given_up_in_the_end),
        cmocka_unit_test(coap_non_is_sent_once_and_forgotten),
        cmocka_unit_test(coap_ack_with_wrong_token_or_message_id_is_ignored),
        cmocka_unit_test(coap_separate_response_with_wrong_token_is_reset),
        cmocka_unit_test(coap_ack_before_the_transmission_is_ignored),
        cmocka_unit_test(coap_response_never_matches_a_notification),
        cmocka_unit_test(coap_ack_with_a_request_or_reserved_code_is_ignored),
        cmocka_unit_test(coap_response_with_an_unknown_critical_option_is_rejected),
        cmocka_unit_test(coap_rst_ends_requests_and_notifications),
        cmocka_unit_test(coap_rst_to_a_non_is_told_with_its_message_id),
        cmocka_unit_test(coap_messages_leave_in_the_order_they_became_ready),
        cmocka_unit_test(coap_a_ninth_message_is_refused_and_nothing_of_it_is_sent),
        cmocka_unit_test(coap_message_beyond_a_datagram_or_the_workspace_is_refused),
        cmocka_unit_test(coap_draft_may_be_forgotten),
        cmocka_unit_test(coap_cancelled_message_ends_without_event),
        cmocka_unit_test(coap_clear_forgets_messages_and_replies_but_not_the_message_id),
        cmocka_unit_test(coap_idle_endpoint_takes_another_workspace),
        cmocka_unit_test(coap_message_ids_count_up_and_wrap),
        cmocka_unit_test(coap_one_seed_repeats_message_ids_and_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
