/*
 * The endpoint's peer: see peer.h.
 */
#include "peer.h"

#include <string.h>

void talk_begin(struct talk *t, uint8_t ack_timeout_s, uint8_t retransmit_max)
{
    *t = (struct talk){.random = {1}, .now_ms = TALK_BEGIN_MS};
    t->workspace = check_heap_sink(BC_ARENA_BYTES);
    bc_coap_endpoint_init(&t->us, &t->random, t->workspace.ptr);
    t->us.ack_timeout_s = ack_timeout_s;
    t->us.retransmit_max = retransmit_max;
    t->us.next_message_id = 0x0101;
}

void talk_end(struct talk *t)
{
    talk_expect_silence(t);
    check_heap_free(t->datagram);
    check_heap_free(bc_sink_view(&t->workspace));
}

static enum bc_err submit(struct talk *t, enum bc_coap_type type, uint8_t code, uint8_t tag,
                          bc_view payload)
{
    struct bc_coap_draft draft;
    bool is_request = code < BC_COAP_CODE(1, 0);
    struct bc_coap_token token = {.len = is_request ? BC_TOKEN_BYTES : 2,
                                  .bytes = {tag, tag, tag, tag}};
    bc_coap_draft_new(&t->us, &draft, type, code, &token);
    if (is_request)
        bc_coap_write_path(&draft.w, BC_COAP_URI_PATH, BC_TEXT("t"));
    bc_coap_write_payload(&draft.w, payload);
    return bc_coap_submit(&t->us, &draft, tag, 1000U + tag, is_request);
}

enum bc_err talk_request(struct talk *t, enum bc_coap_type type, uint8_t tag)
{
    return submit(t, type, BC_COAP_GET, tag, (bc_view){0});
}

enum bc_err talk_notify(struct talk *t, enum bc_coap_type type, uint8_t tag)
{
    return submit(t, type, BC_COAP_CONTENT, tag, BC_TEXT("n"));
}

enum bc_err talk_notify_bytes(struct talk *t, enum bc_coap_type type, uint8_t tag, size_t bytes)
{
    uint8_t payload[BC_ARENA_BYTES + 100];
    memset(payload, 'x', sizeof(payload));
    return submit(t, type, BC_COAP_CONTENT, tag, (bc_view){payload, bytes});
}

enum bc_err talk_reply(struct talk *t, const struct bc_coap_event *request, uint8_t code,
                       size_t bytes)
{
    uint8_t payload[BC_ARENA_BYTES + 100];
    struct bc_coap_draft draft;
    memset(payload, 'y', sizeof(payload));
    bc_coap_draft_reply(&t->us, &draft, request->message.type, request->message_id,
                        &request->message.token, code);
    bc_coap_write_payload(&draft.w, (bc_view){payload, bytes});
    return bc_coap_submit_reply(&t->us, &draft, request->message_id);
}

void talk_expect_at(const char *file, int line, struct talk *t, const char *hex)
{
    bc_view out = {0};
    bool taken = bc_coap_take(&t->us, t->now_ms, &out);
    if (!taken)
        print_error("nothing to take\n");
    check_hex_at(file, line, out, hex);
}

void talk_expect_silence_at(const char *file, int line, struct talk *t)
{
    bc_view out = {0};
    if (bc_coap_take(&t->us, t->now_ms, &out))
        check_hex_at(file, line, out, "");
}

static bool feed(struct talk *t, const char *hex)
{
    check_heap_free(t->datagram);
    t->datagram = check_from_hex(hex);
    bool event = bc_coap_on_datagram(&t->us, t->now_ms, t->datagram, &t->event);
    if (event && t->event.kind == BC_COAP_REQUEST)
        t->request = t->event;
    return event;
}

void talk_feed_at(const char *file, int line, struct talk *t, const char *hex)
{
    _assert_int_equal(feed(t, hex), false, file, line);
}

const struct bc_coap_event *talk_feed_event_at(const char *file, int line, struct talk *t,
                                               enum bc_coap_event_kind kind, const char *hex)
{
    _assert_int_equal(feed(t, hex), true, file, line);
    _assert_int_equal(t->event.kind, kind, file, line);
    return &t->event;
}

void talk_wait(struct talk *t, uint64_t until_ms)
{
    assert_true(until_ms >= t->now_ms);
    t->now_ms = until_ms;
    assert_false(bc_coap_on_time(&t->us, t->now_ms, &t->event));
}

void talk_wait_quietly(struct talk *t, uint64_t until_ms)
{
    talk_expect_silence(t);
    talk_wait(t, until_ms - 1);
    talk_expect_silence(t);
    t->now_ms = until_ms;
}

void talk_expect_timeout(struct talk *t, uint8_t tag)
{
    assert_true(bc_coap_on_time(&t->us, t->now_ms, &t->event));
    assert_int_equal(t->event.kind, BC_COAP_TIMEOUT);
    assert_int_equal(t->event.tag, tag);
    assert_int_equal(t->event.context, 1000 + tag);
}
