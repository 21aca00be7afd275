/*
 * The whole module under hostile input: bytes for the AT port, datagrams from its server and steps
 * of time, interleaved as the input says. Beside crashes it looks for a deadline in the past and
 * for output that never ends.
 *
 * An input is a sequence of operations, one tag byte each:
 *   0x00-0x5F  the next tag+1 bytes go to the AT port
 *   0x60       the rest up to a zero byte is an AT line; CR is added
 *   0x61       a 2-byte length and a datagram
 *   0x62       a 1-byte length and the rest of a datagram whose message ID and token are those of
 *              the last request that the module sent: a response
 *   0x63-0x7F  time goes on by 2^(tag-0x63) ms
 *   0x80       the wake pin; 0x81 the reset pin; 0x82 a name is resolved; 0x83 it is not
 */
#include <assert.h>
#include <string.h>

#include "bc260y/module.h"
#include "coap/message.h"

#define STEPS_MAX 4096
#define TAKEN_MAX 1000

struct world {
    struct bc_module *module;
    uint64_t now_ms;
    uint16_t message_id;
    struct bc_coap_token token;
    struct bc_address server;
    uint32_t query_id;
};

static bc_view take(bc_view *in, size_t len)
{
    bc_view head = {in->ptr, len < in->len ? len : in->len};
    in->ptr += head.len;
    in->len -= head.len;
    return head;
}

static uint8_t take_byte(bc_view *in)
{
    bc_view byte = take(in, 1);
    return byte.len == 1 ? byte.ptr[0] : 0;
}

static void drain(struct world *w)
{
    struct bc_address to;
    struct bc_query query;
    struct bc_coap_message message;
    bc_view out;
    unsigned taken = 0;
    for (unsigned round = 0; round < 2; round++) { /* reading may let the network side go on */
        while (bc_take_query(w->module, &query))
            w->query_id = query.id;
        while (bc_take_datagram(w->module, &to, &out)) {
            assert(++taken < TAKEN_MAX && out.len <= BC_DATAGRAM_BYTES_MAX);
            enum bc_err err = bc_coap_parse(out, &message);
            assert(err == BC_OK);
            w->server = to;
            if (message.type == BC_COAP_CON) {
                w->message_id = message.message_id;
                w->token = message.token;
            }
        }
        while (bc_take_serial(w->module, &out))
            assert(++taken < TAKEN_MAX && out.len > 0);
        if (bc_deadline(w->module) <= w->now_ms)
            bc_on_time(w->module, w->now_ms);
    }
    assert(bc_deadline(w->module) > w->now_ms);
}

static void serial(struct world *w, bc_view bytes)
{
    for (unsigned tries = 0; bytes.len > 0; tries++) {
        assert(tries < TAKEN_MAX);
        size_t done = bc_on_serial(w->module, w->now_ms, bytes);
        (void)take(&bytes, done);
        drain(w);
    }
}

static void respond(struct world *w, bc_view tail)
{
    uint8_t bytes[300];
    bc_view code = take(&tail, 1);
    bytes[0] = (uint8_t)(0x60 | w->token.len);
    bytes[1] = code.len == 1 ? code.ptr[0] : 0;
    bytes[2] = (uint8_t)(w->message_id >> 8);
    bytes[3] = (uint8_t)w->message_id;
    memcpy(bytes + 4, w->token.bytes, w->token.len);
    if (tail.len > 0)
        memcpy(bytes + 4 + w->token.len, tail.ptr, tail.len);
    bc_on_datagram(w->module, w->now_ms, &w->server,
                   (bc_view){bytes, 4U + w->token.len + tail.len});
}

static void step(struct world *w, bc_view *in)
{
    static const struct bc_address address = {.ip = {10, 0, 0, 9}, .ip_len = 4};
    uint8_t tag = take_byte(in);
    if (tag < 0x60) {
        serial(w, take(in, tag + 1U));
    } else if (tag == 0x60) {
        const uint8_t *end = in->len > 0 ? memchr(in->ptr, 0, in->len) : NULL;
        serial(w, take(in, end != NULL ? (size_t)(end - in->ptr) + 1 : in->len));
        serial(w, (bc_view){(const uint8_t *)"\r", 1});
    } else if (tag == 0x61) {
        size_t len = (size_t)take_byte(in) << 8;
        len |= take_byte(in);
        bc_on_datagram(w->module, w->now_ms, &w->server, take(in, len));
    } else if (tag == 0x62) {
        respond(w, take(in, take_byte(in)));
    } else if (tag < 0x80) {
        w->now_ms += (uint64_t)1 << (tag - 0x63);
        bc_on_time(w->module, w->now_ms);
    } else if (tag == 0x80) {
        bc_on_wake_pin(w->module, w->now_ms);
    } else if (tag == 0x81) {
        bc_on_reset(w->module, w->now_ms);
    } else {
        bc_on_resolved(w->module, w->now_ms, w->query_id, tag == 0x82 ? &address : NULL);
    }
    drain(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static union bc_module_memory memory;
    static union bc_workspace workspace;
    struct bc_config config = {.seed = 1};
    struct world w = {.now_ms = 1000};
    enum bc_err err = bc_module_init(&w.module, &memory, &workspace, &config, w.now_ms);
    assert(err == BC_OK);
    drain(&w);
    bc_view in = {data, size};
    for (unsigned steps = 0; in.len > 0 && steps < STEPS_MAX; steps++)
        step(&w, &in);
    return 0;
}
