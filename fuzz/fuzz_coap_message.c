/*
 * One datagram as a CoAP message (RFC 7252 section 3): it is read, told and written again. What is
 * written must read the same, in no more bytes, and be written the same again.
 */
#include <assert.h>
#include <string.h>

#include "base/sink.h"
#include "coap/block.h"
#include "coap/message.h"
#include "input.h"

#define BYTES_MAX 65536
#define LINE_BYTES_MAX 4096
#define OPTIONS_FOUND_MAX 16 /* finding is a walk */

static bool same(bc_view a, bc_view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* What a datagram becomes when its message is read and written. */
static void rewrite(const struct bc_coap_message *message, bc_sink *out)
{
    struct bc_coap_writer w = bc_coap_write_begin(out, message->type, message->code,
                                                  message->message_id, &message->token);
    struct bc_coap_options it = bc_coap_options(message);
    struct bc_coap_option option;
    while (bc_coap_option_next(&it, &option))
        bc_coap_write_option(&w, option.number, option.value);
    bc_coap_write_payload(&w, message->payload);
    enum bc_err err = bc_coap_write_end(&w);
    assert(err == BC_OK);
}

static void check_block(bc_view value)
{
    struct bc_coap_block block;
    uint32_t number;
    if (!bc_coap_block_read(value, &block))
        return;
    assert(block.size_exponent <= 6 && block.number < 1U << 20);
    assert(bc_coap_block_bytes(&block) >= 16 && bc_coap_block_bytes(&block) <= 1024);
    bool short_enough = bc_coap_option_uint(value, &number);
    assert(short_enough && bc_coap_block_value(&block) == number);
}

static void check_options(const struct bc_coap_message *a, const struct bc_coap_message *b)
{
    struct bc_coap_options at_a = bc_coap_options(a);
    struct bc_coap_options at_b = bc_coap_options(b);
    struct bc_coap_option option;
    struct bc_coap_option other;
    bc_view first;
    for (unsigned count = 0; bc_coap_option_next(&at_a, &option); count++) {
        bool more = bc_coap_option_next(&at_b, &other);
        assert(more && option.number == other.number && same(option.value, other.value));
        check_block(option.value);
        if (count >= OPTIONS_FOUND_MAX)
            continue;
        bool found = bc_coap_option_find(a, option.number, &first);
        assert(found);
        (void)bc_coap_option_number_of(a, option.number, -1);
    }
    bool more = bc_coap_option_next(&at_b, &other);
    assert(!more);
}

/* The line for people, whole and cut short. */
static void describe(bc_view datagram)
{
    uint8_t line[LINE_BYTES_MAX] = {0};
    size_t caps[] = {sizeof(line), datagram.len % 64};
    for (size_t i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
        bc_sink out = {.ptr = line, .cap = caps[i]};
        bc_coap_describe(datagram, &out);
        assert(out.len <= out.cap);
        for (size_t at = 0; at < out.len; at++)
            assert(line[at] >= ' ' && line[at] <= '~');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[2][BYTES_MAX];
    bc_sink first = {.ptr = bytes[0], .cap = BYTES_MAX};
    bc_sink second = {.ptr = bytes[1], .cap = BYTES_MAX};
    struct bc_coap_message message;
    struct bc_coap_message again;
    bc_view datagram = {data, size};
    describe(datagram);
    if (size > BYTES_MAX || bc_coap_parse(datagram, &message) != BC_OK)
        return 0;
    rewrite(&message, &first);
    assert(first.len <= size);
    enum bc_err err = bc_coap_parse(bc_sink_view(&first), &again);
    assert(err == BC_OK);
    assert(again.type == message.type && again.code == message.code);
    assert(again.message_id == message.message_id);
    assert(bc_coap_token_equal(&again.token, &message.token));
    assert(same(again.payload, message.payload));
    check_options(&message, &again);
    rewrite(&again, &second);
    assert(same(bc_sink_view(&first), bc_sink_view(&second)));
    return 0;
}
