/*
 * A CoAP message as one line for people: see message.h.
 */
#include "base/sink.h"
#include "coap/block.h"
#include "coap/message.h"

#define PAYLOAD_BYTES_SHOWN 48

void bc_coap_code_text(uint8_t code, bc_sink *out)
{
    static const char *const methods[] = {"EMPTY", "GET", "POST", "PUT", "DELETE"};
    if (code < sizeof(methods) / sizeof(methods[0])) {
        bc_put_text(out, methods[code]);
        return;
    }
    bc_put_int(out, code >> 5);
    bc_put_char(out, '.');
    bc_put_uint_pad(out, code & 31, 2);
}

static bool printable(bc_view bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        if (bytes.ptr[i] < 0x20 || bytes.ptr[i] > 0x7E)
            return false;
    return true;
}

static void put_bytes_shown(bc_sink *out, bc_view bytes)
{
    bc_view shown = {bytes.ptr, bytes.len < PAYLOAD_BYTES_SHOWN ? bytes.len : PAYLOAD_BYTES_SHOWN};
    if (printable(shown)) {
        bc_put_char(out, '"');
        bc_put_bytes(out, shown);
        bc_put_char(out, '"');
    } else {
        bc_put_hex(out, shown);
    }
    if (shown.len < bytes.len)
        bc_put_text(out, "...");
}

static void put_path(const struct bc_coap_message *message, uint16_t number, const char *title,
                     char separator, bc_sink *out)
{
    struct bc_coap_options it = bc_coap_options(message);
    struct bc_coap_option option;
    bool first = true;
    while (bc_coap_option_next(&it, &option)) {
        if (option.number != number)
            continue;
        if (first)
            bc_put_text(out, title);
        bc_put_char(out, first && separator == '&' ? '?' : separator);
        if (printable(option.value))
            bc_put_bytes(out, option.value);
        else
            bc_put_hex(out, option.value);
        first = false;
    }
}

static void put_block(const struct bc_coap_option *option, const char *name, bc_sink *out)
{
    struct bc_coap_block block;
    bc_put_text(out, name);
    if (!bc_coap_block_read(option->value, &block)) {
        bc_put_text(out, "malformed");
        return;
    }
    bc_put_int(out, block.number);
    bc_put_text(out, block.more ? "/more/" : "/last/");
    bc_put_int(out, (int64_t)bc_coap_block_bytes(&block));
}

static void put_option(const struct bc_coap_option *option, bc_sink *out)
{
    static const struct {
        uint16_t number;
        const char *name;
    } numeric[] = {{BC_COAP_OBSERVE, " observe="}, {BC_COAP_CONTENT_FORMAT, " format="},
                   {BC_COAP_ACCEPT, " accept="},   {BC_COAP_MAX_AGE, " max-age="},
                   {BC_COAP_SIZE1, " size1="},     {BC_COAP_SIZE2, " size2="}};
    if (option->number == BC_COAP_BLOCK1 || option->number == BC_COAP_BLOCK2) {
        put_block(option, option->number == BC_COAP_BLOCK1 ? " block1=" : " block2=", out);
        return;
    }
    uint32_t value;
    for (size_t i = 0; i < sizeof(numeric) / sizeof(numeric[0]); i++)
        if (numeric[i].number == option->number && bc_coap_option_uint(option->value, &value)) {
            bc_put_text(out, numeric[i].name);
            bc_put_int(out, value);
        }
}

void bc_coap_describe(bc_view datagram, bc_sink *out)
{
    static const char *const types[] = {"CON ", "NON ", "ACK ", "RST "};
    struct bc_coap_message message;
    if (bc_coap_parse(datagram, &message) != BC_OK) {
        bc_put_text(out, "not CoAP, ");
        bc_put_int(out, (int64_t)datagram.len);
        bc_put_text(out, " bytes");
        return;
    }
    bc_put_text(out, types[message.type]);
    bc_coap_code_text(message.code, out);
    bc_put_text(out, " mid=");
    bc_put_int(out, message.message_id);
    if (message.token.len > 0) {
        bc_put_text(out, " token=");
        bc_put_hex(out, (bc_view){message.token.bytes, message.token.len});
    }
    put_path(&message, BC_COAP_URI_PATH, " ", '/', out);
    put_path(&message, BC_COAP_URI_QUERY, "", '&', out);
    put_path(&message, BC_COAP_LOCATION_PATH, " location=", '/', out);
    struct bc_coap_options it = bc_coap_options(&message);
    struct bc_coap_option option;
    while (bc_coap_option_next(&it, &option))
        put_option(&option, out);
    if (message.payload.len > 0) {
        bc_put_text(out, " | ");
        bc_put_int(out, (int64_t)message.payload.len);
        bc_put_text(out, " bytes ");
        put_bytes_shown(out, message.payload);
    }
}
