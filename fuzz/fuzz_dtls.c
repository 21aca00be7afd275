/*
 * Both ends of DTLS (dtls/dtls.h) and a network between them that the input plays, on a virtual
 * clock. It asserts that output ends, that the deadline lies in the future, that what is read is
 * what the other end wrote, that a reply to an unproven address is no longer than the question, and
 * that an open session fails only when its true peer has. In the end silence brings all to rest.
 *
 * The first byte: version of the client modulo 4, of the listener by the next two bits (3 = 2), no
 * resumption by the next. Then operations, the first byte of each modulo 12; the datagrams on the
 * way stand in a row:
 *   0  the oldest arrives; 1 the newest arrives; 2 the oldest is lost; 3 it arrives and stays
 *   4  the oldest arrives altered: a 2-byte position, a byte to XOR there
 *   5  it arrives cut: its length modulo a 2-byte number plus 1
 *   6  a forged datagram: a byte whose lowest bit says to whom, a 1-byte length, bytes
 *   7  a forged record: to whom as above, type, epoch, number, 1-byte length, and as many bytes
 *   8  a plain datagram is written: whose by the lowest bit, of 5 times the byte plus 1 bytes
 *   9  an end closes: whose by the lowest bit
 *   10 the client begins anew with what it exports, of which a 2-byte position is XORed with a byte
 *   11 time goes on by 2^(byte % 20) ms
 */
#include <assert.h>
#include <string.h>

#include "base/sink.h"
#include "dtls/dtls.h"
#include "input.h"

#define STEPS_MAX 512
#define TAKEN_MAX 64
#define WIRE_MAX 32
#define REST_STEPS_MAX 200

struct datagram {
    bool to_server;
    size_t len;
    uint8_t bytes[BC_DTLS_DATAGRAM_BYTES_MAX];
};

struct world {
    uint64_t now_ms;
    struct bc_dtls_client settings;
    struct bc_dtls_server *server;
    struct bc_dtls *ends[2]; /* client, server's session or NULL */
    bool was_open[2];
    bool any_failed;
    struct datagram wire[WIRE_MAX];
    size_t on_wire;
    uint8_t exported[BC_DTLS_RESUMPTION_BYTES_MAX];
};

/* --- What comes out -------------------------------------------------------------------------- */

static bool find_key(void *context, bc_view identity, bc_sink *key)
{
    (void)context;
    if (!bc_view_equal(identity, BC_TEXT("me")))
        return false;
    bc_put_bytes(key, BC_TEXT("0123456789abcdef"));
    return true;
}

static void enqueue(struct world *w, bool to_server, bc_view bytes)
{
    assert(bytes.len > 0 && bytes.len <= BC_DTLS_DATAGRAM_BYTES_MAX);
    if (w->on_wire == WIRE_MAX)
        return;
    struct datagram *datagram = &w->wire[w->on_wire++];
    datagram->to_server = to_server;
    datagram->len = bytes.len;
    memcpy(datagram->bytes, bytes.ptr, bytes.len);
}

/* A plain datagram's bytes count up from its length. */
static void check_plain(bc_view plain)
{
    for (size_t i = 0; i < plain.len; i++)
        assert(plain.ptr[i] == (uint8_t)(plain.len + i));
}

static void check_end(struct world *w, unsigned side)
{
    const struct bc_dtls *end = w->ends[side];
    enum bc_dtls_state state = bc_dtls_state(end);
    assert(bc_dtls_deadline(end) > w->now_ms);
    assert((bc_dtls_deadline(end) != BC_NEVER) == (state == BC_DTLS_HANDSHAKE));
    assert((bc_dtls_failure(end)[0] != '\0') == (state == BC_DTLS_FAILED));
    if (state == BC_DTLS_FAILED) {
        assert(!w->was_open[side] || w->any_failed);
        w->any_failed = true;
    }
    if (state == BC_DTLS_OPEN && side == 1)
        assert(bc_view_equal(bc_dtls_identity(end), BC_TEXT("me")));
    w->was_open[side] = state == BC_DTLS_OPEN;
}

static void drain(struct world *w)
{
    bc_view out;
    for (unsigned side = 0; side < 2; side++) {
        struct bc_dtls *end = w->ends[side];
        unsigned taken = 0;
        if (end == NULL)
            continue;
        for (; bc_dtls_read(end, &out); taken++)
            check_plain(out);
        for (; bc_dtls_take(end, &out); taken++)
            enqueue(w, side == 0, out);
        assert(taken < TAKEN_MAX);
    }
    for (unsigned side = 0; side < 2; side++)
        if (w->ends[side] != NULL)
            check_end(w, side);
}

/* --- What goes in ---------------------------------------------------------------------------- */

static void knock(struct world *w, bc_view in)
{
    static const struct bc_address from = {.ip = {127, 0, 0, 1}, .port = 40000, .ip_len = 4};
    uint8_t bytes[BC_DTLS_DATAGRAM_BYTES_MAX];
    bc_sink reply = {bytes, 0, sizeof(bytes), false};
    w->ends[1] = bc_dtls_accept(w->server, w->now_ms, &from, in, &reply);
    assert(reply.len <= in.len && !reply.full);
    if (reply.len > 0)
        enqueue(w, false, bc_sink_view(&reply));
}

static void arrive(struct world *w, bool at_server, bc_view datagram)
{
    bc_view copy = fuzz_copy(datagram);
    if (at_server && w->ends[1] == NULL)
        knock(w, copy);
    else
        bc_dtls_on_datagram(w->ends[at_server ? 1 : 0], w->now_ms, copy);
    fuzz_free(copy);
}

static struct datagram pull(struct world *w, size_t at, bool stays)
{
    struct datagram datagram = w->wire[at];
    if (!stays)
        memmove(w->wire + at, w->wire + at + 1, (--w->on_wire - at) * sizeof(w->wire[0]));
    return datagram;
}

static void deliver(struct world *w, unsigned operation, bc_view *in)
{
    uint16_t number = operation >= 4 ? fuzz_take_u16(in) : 0;
    uint8_t flip = operation == 4 ? fuzz_take_byte(in) : 0;
    if (w->on_wire == 0)
        return;
    struct datagram it = pull(w, operation == 1 ? w->on_wire - 1 : 0, operation == 3);
    if (operation == 2)
        return;
    it.bytes[number % it.len] ^= flip;
    if (operation == 5)
        it.len %= number + 1U;
    arrive(w, it.to_server, (bc_view){it.bytes, it.len});
}

static void forge_record(struct world *w, bc_view *in)
{
    uint8_t bytes[13 + 255] = {0};
    bool at_server = (fuzz_take_byte(in) & 1) != 0;
    bc_sink record = {bytes, 0, sizeof(bytes), false};
    bc_put_be(&record, fuzz_take_byte(in), 1);
    bc_put_be(&record, w->settings.version == BC_DTLS_1_0 ? 0xFEFF : 0xFEFD, 2);
    bc_put_be(&record, fuzz_take_byte(in), 2);
    bc_put_be(&record, fuzz_take_byte(in), 6);
    bc_view rest = fuzz_take(in, fuzz_take_byte(in));
    bc_put_be(&record, rest.len, 2);
    bc_put_bytes(&record, rest);
    arrive(w, at_server, bc_sink_view(&record));
}

static void write_plain(struct world *w, uint8_t what)
{
    uint8_t plain[5 * 256];
    size_t len = 5U * what + 1;
    for (size_t i = 0; i < len; i++)
        plain[i] = (uint8_t)(len + i);
    struct bc_dtls *end = w->ends[what & 1];
    if (end == NULL)
        return;
    enum bc_err err = bc_dtls_write(end, (bc_view){plain, len});
    assert((err == BC_ERR_STATE) == (bc_dtls_state(end) != BC_DTLS_OPEN));
}

static void begin_anew(struct world *w, uint16_t position, uint8_t flip)
{
    bc_sink sink = {w->exported, 0, sizeof(w->exported), false};
    if (bc_dtls_export(w->ends[0], &sink)) {
        w->exported[position % sink.len] ^= flip;
        w->settings.resumption = bc_sink_view(&sink);
    }
    for (unsigned side = 0; side < 2; side++)
        bc_dtls_free(w->ends[side]);
    w->ends[0] = bc_dtls_open(&w->settings, w->now_ms);
    w->ends[1] = NULL;
    assert(w->ends[0] != NULL);
    memset(w->was_open, 0, sizeof(w->was_open));
    w->any_failed = false;
}

static void jump(struct world *w, uint64_t ms)
{
    w->now_ms += ms;
    for (unsigned side = 0; side < 2; side++)
        if (w->ends[side] != NULL)
            bc_dtls_on_time(w->ends[side], w->now_ms);
}

static void step(struct world *w, bc_view *in)
{
    unsigned operation = fuzz_take_byte(in) % 12;
    uint8_t what = operation > 5 && operation != 7 && operation != 10 ? fuzz_take_byte(in) : 0;
    switch (operation) {
    case 6:
        arrive(w, (what & 1) != 0, fuzz_take(in, fuzz_take_byte(in)));
        break;
    case 7:
        forge_record(w, in);
        break;
    case 8:
        write_plain(w, what);
        break;
    case 9:
        if (w->ends[what & 1] != NULL)
            bc_dtls_close(w->ends[what & 1]);
        break;
    case 10: {
        uint16_t position = fuzz_take_u16(in);
        begin_anew(w, position, fuzz_take_byte(in));
        break;
    }
    case 11:
        jump(w, (uint64_t)1 << what % 20);
        break;
    default:
        deliver(w, operation, in);
        break;
    }
    drain(w);
}

/* --- One input ------------------------------------------------------------------------------- */

static void set_up(struct world *w, uint8_t settings)
{
    unsigned theirs = settings >> 2 & 3U;
    struct bc_dtls_server_config config = {.find_key = find_key,
                                           .version = theirs == 3 ? BC_DTLS_NEGOTIATED
                                                                  : (enum bc_dtls_version)theirs,
                                           .resumption = (settings & 16) == 0};
    w->now_ms = 1000;
    w->settings = (struct bc_dtls_client){
        .version = (settings & 3) == 3 ? BC_DTLS_NEGOTIATED : (enum bc_dtls_version)(settings & 3),
        .identity = BC_TEXT("me"),
        .key = BC_TEXT("0123456789abcdef")};
    w->server = bc_dtls_server_create(&config);
    w->ends[0] = bc_dtls_open(&w->settings, w->now_ms);
    assert(w->server != NULL && w->ends[0] != NULL);
    drain(w);
}

/* Nothing arrives any more: whoever shakes hands gives up. */
static void rest(struct world *w)
{
    for (unsigned side = 0; side < 2; side++) {
        for (unsigned steps = 0; w->ends[side] != NULL; steps++) {
            uint64_t deadline_ms = bc_dtls_deadline(w->ends[side]);
            if (deadline_ms == BC_NEVER)
                break;
            assert(steps < REST_STEPS_MAX);
            jump(w, deadline_ms - w->now_ms);
            drain(w);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    bc_view in = {data, size};
    memset(&w, 0, sizeof(w));
    set_up(&w, fuzz_take_byte(&in));
    for (unsigned steps = 0; in.len > 0 && steps < STEPS_MAX; steps++)
        step(&w, &in);
    rest(&w);
    for (unsigned side = 0; side < 2; side++)
        bc_dtls_free(w.ends[side]);
    bc_dtls_server_destroy(w.server);
    return 0;
}
