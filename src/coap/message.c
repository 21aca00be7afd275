/*
 * CoAP messages on the wire (RFC 7252 section 3): see message.h.
 */
#include "coap/message.h"

#include <assert.h>
#include <string.h>

#include "base/sink.h"

#define VERSION 1
#define PAYLOAD_MARKER 0xFF

bool bc_coap_token_equal(const struct bc_coap_token *a, const struct bc_coap_token *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* An option's delta or length nibble with its extension bytes (RFC 7252 section 3.1). */
static bool read_extended(bc_view *rest, uint32_t nibble, uint32_t *out)
{
    size_t bytes = nibble == 13 ? 1 : nibble == 14 ? 2 : 0;
    if (nibble == 15 || rest->len < bytes)
        return false;
    *out = nibble;
    if (bytes == 1)
        *out = 13U + rest->ptr[0];
    if (bytes == 2)
        *out = 269U + ((uint32_t)rest->ptr[0] << 8 | rest->ptr[1]);
    rest->ptr += bytes;
    rest->len -= bytes;
    return true;
}

/* Takes one option off `rest`. False when the bytes are no option. */
static bool read_option(bc_view *rest, uint32_t last, struct bc_coap_option *out)
{
    uint8_t head = rest->ptr[0];
    uint32_t delta;
    uint32_t len;
    rest->ptr++;
    rest->len--;
    if (!read_extended(rest, head >> 4, &delta) || !read_extended(rest, head & 15, &len))
        return false;
    if (len > rest->len || last + delta > UINT16_MAX)
        return false;
    *out = (struct bc_coap_option){(uint16_t)(last + delta), {rest->ptr, len}};
    rest->ptr += len;
    rest->len -= len;
    return true;
}

/* Splits what follows the token into options and payload. */
static bool split_body(bc_view body, struct bc_coap_message *out)
{
    bc_view rest = body;
    struct bc_coap_option option = {0};
    while (rest.len > 0 && rest.ptr[0] != PAYLOAD_MARKER)
        if (!read_option(&rest, option.number, &option))
            return false;
    out->options = (bc_view){body.ptr, body.len - rest.len};
    if (rest.len == 1)
        return false; /* a marker with nothing behind it */
    out->payload = rest.len == 0 ? (bc_view){0} : (bc_view){rest.ptr + 1, rest.len - 1};
    return true;
}

enum bc_err bc_coap_parse(bc_view datagram, struct bc_coap_message *out)
{
    *out = (struct bc_coap_message){.type = BC_COAP_NON};
    const uint8_t *at = datagram.ptr;
    if (datagram.len > 0 && at[0] >> 6 != VERSION)
        return BC_ERR_RANGE;
    if (datagram.len < BC_COAP_HEADER_BYTES)
        return BC_ERR_FORMAT;
    out->type = (enum bc_coap_type)(at[0] >> 4 & 3);
    out->code = at[1];
    out->message_id = (uint16_t)(at[2] << 8 | at[3]);
    uint8_t token_len = at[0] & 15;
    size_t head = BC_COAP_HEADER_BYTES + (size_t)token_len;
    if (token_len > BC_COAP_TOKEN_BYTES_MAX || datagram.len < head)
        return BC_ERR_FORMAT;
    out->token.len = token_len;
    memcpy(out->token.bytes, at + BC_COAP_HEADER_BYTES, token_len);
    if (out->code == BC_COAP_EMPTY && datagram.len != BC_COAP_HEADER_BYTES)
        return BC_ERR_FORMAT; /* RFC 7252 4.1: an empty message is four bytes */
    return split_body((bc_view){at + head, datagram.len - head}, out) ? BC_OK : BC_ERR_FORMAT;
}

struct bc_coap_options bc_coap_options(const struct bc_coap_message *message)
{
    return (struct bc_coap_options){message->options, 0};
}

bool bc_coap_option_next(struct bc_coap_options *it, struct bc_coap_option *out)
{
    if (it->rest.len == 0)
        return false;
    bool whole = read_option(&it->rest, it->number, out);
    assert(whole);
    it->number = out->number;
    return true;
}

bool bc_coap_option_find(const struct bc_coap_message *message, uint16_t number, bc_view *out)
{
    struct bc_coap_options it = bc_coap_options(message);
    struct bc_coap_option option;
    while (bc_coap_option_next(&it, &option))
        if (option.number == number) {
            *out = option.value;
            return true;
        }
    return false;
}

bool bc_coap_option_uint(bc_view value, uint32_t *out)
{
    if (value.len > 4)
        return false;
    *out = 0;
    for (size_t i = 0; i < value.len; i++)
        *out = *out << 8 | value.ptr[i];
    return true;
}

int64_t bc_coap_option_number_of(const struct bc_coap_message *message, uint16_t number,
                                 int64_t absent)
{
    bc_view value;
    uint32_t result;
    if (!bc_coap_option_find(message, number, &value))
        return absent;
    return bc_coap_option_uint(value, &result) ? result : UINT32_MAX;
}

struct bc_coap_writer bc_coap_write_begin(bc_sink *out, enum bc_coap_type type, uint8_t code,
                                          uint16_t message_id, const struct bc_coap_token *token)
{
    uint8_t token_len = token == NULL ? 0 : token->len;
    uint32_t head = VERSION << 6 | (unsigned)type << 4 | token_len;
    bc_put_be(out, head << 24 | (uint32_t)code << 16 | message_id, BC_COAP_HEADER_BYTES);
    if (token_len > 0)
        bc_put_bytes(out, (bc_view){token->bytes, token_len});
    return (struct bc_coap_writer){.out = out};
}

static uint8_t nibble_of(size_t value)
{
    return value < 13 ? (uint8_t)value : value < 269 ? 13 : 14;
}

static void put_extended(bc_sink *out, size_t value)
{
    if (value >= 269)
        bc_put_be(out, value - 269, 2);
    else if (value >= 13)
        bc_put_be(out, value - 13, 1);
}

void bc_coap_write_option(struct bc_coap_writer *w, uint16_t number, bc_view value)
{
    assert(number >= w->number && !w->payload);
    size_t delta = (size_t)number - w->number;
    bc_put_be(w->out, (size_t)nibble_of(delta) << 4 | nibble_of(value.len), 1);
    put_extended(w->out, delta);
    put_extended(w->out, value.len);
    bc_put_bytes(w->out, value);
    w->number = number;
}

void bc_coap_write_uint(struct bc_coap_writer *w, uint16_t number, uint32_t value)
{
    uint8_t bytes[4];
    unsigned len = 0;
    for (unsigned shift = 32; shift > 0; shift -= 8)
        if (len > 0 || value >> (shift - 8) != 0)
            bytes[len++] = (uint8_t)(value >> (shift - 8));
    bc_coap_write_option(w, number, (bc_view){bytes, len});
}

void bc_coap_write_path(struct bc_coap_writer *w, uint16_t number, bc_view path)
{
    for (size_t i = 0; i < path.len; i++) {
        size_t start = i;
        while (i < path.len && path.ptr[i] != '/')
            i++;
        if (i > start)
            bc_coap_write_option(w, number, (bc_view){path.ptr + start, i - start});
    }
}

bc_sink *bc_coap_write_payload_begin(struct bc_coap_writer *w)
{
    assert(!w->payload);
    bc_put_be(w->out, PAYLOAD_MARKER, 1);
    w->payload = true;
    return w->out;
}

void bc_coap_write_payload(struct bc_coap_writer *w, bc_view payload)
{
    if (payload.len > 0)
        bc_put_bytes(bc_coap_write_payload_begin(w), payload);
}

enum bc_err bc_coap_write_end(const struct bc_coap_writer *w)
{
    return w->out->full ? BC_ERR_FULL : BC_OK;
}
