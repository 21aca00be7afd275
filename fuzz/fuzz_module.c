/*
 * The whole module under hostile input: bytes for the AT port, datagrams from its server and steps
 * of time, interleaved as the input says. Beside crashes it looks for a deadline in the past, for
 * output that never ends, and for a twin that does not do the same (world.h).
 *
 * An input is a sequence of operations, one tag byte each:
 *   0x00-0x5F  the next tag+1 bytes go to the AT port
 *   0x60       the rest up to a zero byte is an AT line; CR is added
 *   0x61       a 2-byte length and a datagram
 *   0x62       a 1-byte length, a code and the rest of a datagram whose message ID and token are
 *              those of the last request that the module sent: a response
 *   0x63-0x7E  time goes on by 2^(tag-0x63) ms
 *   0x7F       as 0x62, but a separate response: CON with a 2-byte message ID in front of the code
 *   0x80       the wake pin; 0x81 the reset pin; 0x82 a name is resolved; 0x83 it is not
 *   0x84       the host takes nothing any more; 0x85 it does again
 *   0x86       four bytes of wall-clock time
 *   0x87       time goes on by 2 to the power of the next byte (at most 40) ms, at one go
 *   0x88       the supply is cut; 0x89 it is back; 0x8A no coverage; 0x8B coverage
 *   0x8C       a signal of minus the next byte dBm; 0x8D the module's reports are made
 */
#include <string.h>

#include "input.h"
#include "world.h"

#define STEPS_MAX 1024
#define JUMP_EXPONENT_MAX 40
#define PATIENCE_MS 10000000 /* all waits together, deadline by deadline; then they are jumps */
#define END_MS 600000

static void respond(struct world *w, bc_view tail)
{
    uint8_t code = fuzz_take_byte(&tail);
    world_respond(w, BC_COAP_ACK, code, tail);
}

static void respond_separately(struct world *w, bc_view tail)
{
    uint16_t message_id = w->message_id;
    w->message_id = fuzz_take_u16(&tail);
    uint8_t code = fuzz_take_byte(&tail);
    world_respond(w, BC_COAP_CON, code, tail);
    w->message_id = message_id;
}

static void step_rare(struct world *w, uint8_t tag, bc_view *in)
{
    switch (tag) {
    case 0x80:
        world_wake_pin(w);
        break;
    case 0x81:
        world_reset(w);
        break;
    case 0x82:
    case 0x83:
        world_resolve(w, tag == 0x82);
        break;
    case 0x84:
    case 0x85:
        world_listen(w, tag == 0x85);
        break;
    case 0x86:
        world_clock(w, (int64_t)fuzz_take_u16(in) << 16 | fuzz_take_u16(in));
        break;
    case 0x87:
        world_jump(w, (uint64_t)1 << fuzz_take_byte(in) % (JUMP_EXPONENT_MAX + 1));
        break;
    case 0x88:
    case 0x89:
        world_power(w, tag == 0x89);
        break;
    case 0x8A:
    case 0x8B:
        world_coverage(w, tag == 0x8B);
        break;
    case 0x8C:
        world_signal(w, -(int)fuzz_take_byte(in));
        break;
    case 0x8D:
        world_describe(w);
        break;
    default:
        break;
    }
}

static void wait(struct world *w, uint64_t ms)
{
    if (w->now_ms < PATIENCE_MS)
        world_wait(w, ms);
    else
        world_jump(w, ms);
}

static void step(struct world *w, bc_view *in)
{
    uint8_t tag = fuzz_take_byte(in);
    if (tag < 0x60) {
        world_serial(w, fuzz_take(in, tag + 1U));
    } else if (tag == 0x60) {
        const uint8_t *end = in->len > 0 ? memchr(in->ptr, 0, in->len) : NULL;
        world_serial(w, fuzz_take(in, end != NULL ? (size_t)(end - in->ptr) + 1 : in->len));
        world_serial(w, BC_TEXT("\r"));
    } else if (tag == 0x61) {
        size_t len = fuzz_take_u16(in);
        world_datagram(w, fuzz_take(in, len));
    } else if (tag == 0x62) {
        respond(w, fuzz_take(in, fuzz_take_byte(in)));
    } else if (tag == 0x7F) {
        respond_separately(w, fuzz_take(in, fuzz_take_byte(in)));
    } else if (tag < 0x7F) {
        wait(w, (uint64_t)1 << (tag - 0x63));
    } else {
        step_rare(w, tag, in);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w;
    bc_view in = {data, size};
    world_begin(&w, true, 1);
    for (unsigned steps = 0; in.len > 0 && steps < STEPS_MAX; steps++)
        step(&w, &in);
    world_listen(&w, true);
    world_wait(&w, END_MS); /* whatever was left open comes to its end */
    world_describe(&w);
    world_end(&w);
    return 0;
}
