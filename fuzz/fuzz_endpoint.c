/*
 * One CoAP conversation (RFC 7252 section 4) between a peer and a user that the input plays, on a
 * virtual clock. It asserts that output ends and is CoAP, that the deadline lies in the future,
 * and that every message the user sent for keeps ends once: response, acknowledgement, reset,
 * timeout or cancel. When the peer falls silent everything comes to rest.
 *
 * An input is a sequence of operations, the first byte of each modulo 12:
 *   0  a 1-byte length and a datagram
 *   1  code and, with a 1-byte length, the rest of an acknowledgement of our last CON
 *   2  the same as a separate response: a 2-byte message ID first, CON or NON by its lowest bit
 *   3  an empty acknowledgement of our last CON; 4 a reset
 *   5  a request: code, a byte of payload length times 8
 *   6  a confirmable message that is no request; 7 one that is not confirmable: both as 5
 *   8  the oldest request that waits is answered: code, payload length times 8
 *   9  it is acknowledged; 10 it is forgotten, or with an odd byte the message of that tag is
 *      cancelled
 *   11 time goes on by 2^(byte % 20) ms
 */
#include <assert.h>
#include <string.h>

#include "coap/endpoint.h"
#include "input.h"

#define STEPS_MAX 2048
#define TAKEN_MAX 64
#define EVENTS_MAX 64
#define TAGS 250
#define WAITING_MAX 8
#define REST_STEPS_MAX 2000

struct peer {
    struct bc_coap_endpoint ep;
    struct bc_random random;
    uint64_t now_ms;
    uint8_t workspace[2][BC_ARENA_BYTES];
    unsigned char lent;
    bool open[TAGS + 1]; /* messages that have not come to their end */
    uint8_t next_tag;
    uint16_t message_id; /* of the last CON of ours */
    struct bc_coap_token token;
    struct bc_coap_message waiting[WAITING_MAX]; /* requests; only the head counts */
    size_t waits;
};

/* --- What comes out -------------------------------------------------------------------------- */

static void on_event(struct peer *p, const struct bc_coap_event *event)
{
    if (event->kind == BC_COAP_REQUEST) {
        assert(event->message.code >= BC_COAP_GET && event->message.code <= BC_COAP_DELETE);
        if (p->waits == WAITING_MAX)
            return;
        p->waiting[p->waits++] = event->message;
        return;
    }
    if (event->tag == 0) {
        assert(event->kind == BC_COAP_RESET);
        return;
    }
    assert(p->open[event->tag] && event->context == event->tag);
    p->open[event->tag] = false;
}

static void drain(struct peer *p)
{
    bc_view out;
    struct bc_coap_message message;
    for (unsigned taken = 0; bc_coap_take(&p->ep, p->now_ms, &out); taken++) {
        assert(taken < TAKEN_MAX && out.len <= BC_DATAGRAM_BYTES_MAX);
        enum bc_err err = bc_coap_parse(out, &message);
        assert(err == BC_OK);
        if (message.type != BC_COAP_CON)
            continue;
        p->message_id = message.message_id;
        p->token = message.token;
    }
    assert(bc_coap_deadline(&p->ep) > p->now_ms);
}

/* A workspace in which nothing lives may be spoiled and replaced. */
static void lend(struct peer *p)
{
    bc_view out;
    if (bc_coap_take(&p->ep, p->now_ms, &out) || !bc_coap_idle(&p->ep))
        return;
    memset(p->workspace[p->lent], 0xDB, sizeof(p->workspace[p->lent]));
    p->lent ^= 1;
    bc_coap_lend(&p->ep, p->workspace[p->lent]);
}

static void jump(struct peer *p, uint64_t ms)
{
    struct bc_coap_event event;
    p->now_ms += ms;
    for (unsigned events = 0; bc_coap_on_time(&p->ep, p->now_ms, &event); events++) {
        assert(events < EVENTS_MAX && event.kind == BC_COAP_TIMEOUT);
        on_event(p, &event);
    }
}

/* --- What goes in ---------------------------------------------------------------------------- */

static void feed(struct peer *p, bc_view datagram)
{
    struct bc_coap_event event;
    bc_view copy = fuzz_copy(datagram);
    if (bc_coap_on_datagram(&p->ep, p->now_ms, copy, &event))
        on_event(p, &event);
    fuzz_free(copy);
}

static void feed_built(struct peer *p, enum bc_coap_type type, uint16_t message_id, uint8_t code,
                       bc_view tail)
{
    uint8_t bytes[300];
    const uint8_t head[] = {
        (uint8_t)(0x40U | (unsigned)type << 4 | (code == BC_COAP_EMPTY ? 0U : p->token.len)), code,
        (uint8_t)(message_id >> 8), (uint8_t)message_id};
    size_t len = sizeof(head);
    memcpy(bytes, head, len);
    if (code != BC_COAP_EMPTY) {
        memcpy(bytes + len, p->token.bytes, p->token.len);
        len += p->token.len;
    }
    if (tail.len > 0)
        memcpy(bytes + len, tail.ptr, tail.len);
    feed(p, (bc_view){bytes, len + tail.len});
}

static void fill(struct bc_coap_draft *draft, bc_view *in)
{
    static const uint8_t payload[255 * 8] = {0};
    bc_coap_write_path(&draft->w, BC_COAP_URI_PATH, BC_TEXT("rd/5a3f"));
    bc_coap_write_payload(&draft->w, (bc_view){payload, fuzz_take_byte(in) * 8U});
}

static void submit(struct peer *p, bc_view *in, enum bc_coap_type type, bool is_request)
{
    struct bc_coap_draft draft;
    uint8_t code = fuzz_take_byte(in);
    uint8_t tag = (uint8_t)(p->next_tag % TAGS + 1);
    if (p->open[tag])
        return;
    bc_coap_draft_new(&p->ep, &draft, type, code == BC_COAP_EMPTY ? BC_COAP_GET : code,
                      is_request ? NULL : &p->token);
    fill(&draft, in);
    if (bc_coap_submit(&p->ep, &draft, tag, tag, is_request) != BC_OK)
        return;
    p->next_tag = (uint8_t)((p->next_tag + 1) % TAGS);
    p->open[tag] = type == BC_COAP_CON;
    assert(bc_coap_pending(&p->ep, tag));
}

static void answer(struct peer *p, bc_view *in)
{
    struct bc_coap_draft draft;
    if (p->waits == 0)
        return;
    struct bc_coap_message request = p->waiting[0];
    memmove(p->waiting, p->waiting + 1, --p->waits * sizeof(p->waiting[0]));
    uint8_t code = fuzz_take_byte(in);
    bc_coap_draft_reply(&p->ep, &draft, request.type, request.message_id, &request.token,
                        code == BC_COAP_EMPTY ? BC_COAP_CONTENT : code);
    fill(&draft, in);
    (void)bc_coap_submit_reply(&p->ep, &draft, request.message_id);
}

static void forget_or_cancel(struct peer *p, uint8_t what)
{
    uint8_t tag = what % TAGS + 1;
    if ((what & 1) != 0) {
        bc_coap_cancel(&p->ep, tag);
        assert(!bc_coap_pending(&p->ep, tag));
        p->open[tag] = false;
    } else if (p->waits > 0) {
        bc_coap_forget(&p->ep, p->waiting[0].message_id);
    }
}

static void step_user(struct peer *p, unsigned operation, bc_view *in)
{
    switch (operation) {
    case 5:
        submit(p, in, BC_COAP_CON, true);
        break;
    case 6:
        submit(p, in, BC_COAP_CON, false);
        break;
    case 7:
        submit(p, in, BC_COAP_NON, false);
        break;
    case 8:
        answer(p, in);
        break;
    case 9:
        if (p->waits > 0)
            bc_coap_acknowledge(&p->ep, p->waiting[0].message_id);
        break;
    case 10:
        forget_or_cancel(p, fuzz_take_byte(in));
        break;
    default:
        jump(p, (uint64_t)1 << fuzz_take_byte(in) % 20);
        break;
    }
}

static void step(struct peer *p, bc_view *in)
{
    unsigned operation = fuzz_take_byte(in) % 12;
    uint16_t message_id = p->message_id;
    enum bc_coap_type type = BC_COAP_ACK;
    switch (operation) {
    case 0:
        feed(p, fuzz_take(in, fuzz_take_byte(in)));
        break;
    case 1:
    case 2:
        if (operation == 2) {
            message_id = fuzz_take_u16(in);
            type = (message_id & 1) != 0 ? BC_COAP_NON : BC_COAP_CON;
        }
        uint8_t code = fuzz_take_byte(in);
        feed_built(p, type, message_id, code, fuzz_take(in, fuzz_take_byte(in)));
        break;
    case 3:
    case 4:
        feed_built(p, operation == 3 ? BC_COAP_ACK : BC_COAP_RST, message_id, BC_COAP_EMPTY,
                   (bc_view){0});
        break;
    default:
        step_user(p, operation, in);
        break;
    }
    drain(p);
    lend(p);
}

/* The peer is gone and the user silent: all that was begun ends. */
static void rest(struct peer *p)
{
    for (unsigned steps = 0; bc_coap_deadline(&p->ep) != BC_NEVER; steps++) {
        assert(steps < REST_STEPS_MAX);
        jump(p, bc_coap_deadline(&p->ep) - p->now_ms);
        drain(p);
    }
    for (unsigned tag = 1; tag <= TAGS; tag++)
        assert(!p->open[tag] && !bc_coap_pending(&p->ep, (uint8_t)tag));
    assert(bc_coap_idle(&p->ep));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct peer p;
    bc_view in = {data, size};
    memset(&p, 0, sizeof(p));
    p.random.state = 1;
    p.now_ms = 1000;
    bc_coap_endpoint_init(&p.ep, &p.random, p.workspace[0]);
    for (unsigned steps = 0; in.len > 0 && steps < STEPS_MAX; steps++)
        step(&p, &in);
    rest(&p);
    return 0;
}
