/*
 * The sorting of incoming.h.
 */
#include "incoming.h"

#include <string.h>

#include "base/sink.h"

#define PROXYING_NOT_SUPPORTED BC_COAP_CODE(5, 5)
#define TOKEN_BYTES 4 /* of ours */

enum incoming_kind bc_server_sort(bc_view datagram, struct bc_coap_message *out)
{
    enum bc_err err = bc_coap_parse(datagram, out);
    if (err == BC_ERR_RANGE)
        return INCOMING_NOTHING;
    unsigned class = out->code >> 5;
    bool sendable = out->type == BC_COAP_CON || out->type == BC_COAP_NON;
    if (err != BC_OK || class == 1 || class == 3 || class > 5)
        return out->type == BC_COAP_CON ? INCOMING_REFUSED : INCOMING_NOTHING;
    if (out->code == BC_COAP_EMPTY)
        return out->type == BC_COAP_CON ? INCOMING_REFUSED : INCOMING_EMPTY;
    if (class == 0)
        return sendable ? INCOMING_REQUEST : INCOMING_NOTHING;
    return out->type != BC_COAP_RST ? INCOMING_RESPONSE : INCOMING_NOTHING;
}

/* RFC 7959 2.2: size exponent 7 is a bad request. */
static uint8_t read_block(struct request *r, const struct bc_coap_option *option)
{
    struct bc_coap_block block;
    if (!bc_coap_block_read(option->value, &block))
        return option->value.len <= 3 ? BC_COAP_BAD_REQUEST : BC_COAP_BAD_OPTION;
    if (option->number == BC_COAP_BLOCK1) {
        r->block1 = block;
        r->has_block1 = true;
    } else {
        r->block2 = block;
        r->has_block2 = true;
    }
    return 0;
}

bool bc_server_request_for_package(const struct request *r)
{
    return r->segment_count == 2 && bc_view_equal(r->segments[0], BC_TEXT("fw"));
}

/* A block option that speaks of the only block there is asks for nothing special. All answers but
 * packages are short. */
static bool asks_too_far(const struct request *r)
{
    return (r->block2.number > 0 || r->block2.more) && !bc_server_request_for_package(r);
}

static int64_t number(bc_view value)
{
    uint32_t result;
    return bc_coap_option_uint(value, &result) ? result : UINT32_MAX;
}

/* Takes in one option; the code of the refusal, or 0. */
static uint8_t read_option(struct request *r, const struct bc_coap_option *option)
{
    switch (option->number) {
    case BC_COAP_URI_PATH:
        if (r->segment_count < REQUEST_SEGMENTS_MAX)
            r->segments[r->segment_count] = option->value;
        r->segment_count++;
        return 0;
    case BC_COAP_URI_QUERY:
        if (r->query_count < REQUEST_QUERIES_MAX)
            r->queries[r->query_count] = option->value;
        r->query_count++;
        return 0;
    case BC_COAP_CONTENT_FORMAT:
        r->format = number(option->value);
        return 0;
    case BC_COAP_ACCEPT:
        r->accept = number(option->value);
        return 0;
    case BC_COAP_URI_HOST:
    case BC_COAP_URI_PORT:
        return 0;
    case BC_COAP_BLOCK1:
    case BC_COAP_BLOCK2:
        return read_block(r, option);
    case BC_COAP_PROXY_URI:
    case BC_COAP_PROXY_SCHEME:
        return PROXYING_NOT_SUPPORTED;
    default:
        return bc_coap_option_critical(option->number) ? BC_COAP_BAD_OPTION : 0;
    }
}

uint8_t bc_server_request_read(const struct bc_coap_message *m, const struct bc_address *from,
                               struct request *out)
{
    struct bc_coap_options it = bc_coap_options(m);
    struct bc_coap_option option;
    uint8_t code = 0;
    *out = (struct request){
        .message = m,
        .from = from,
        .payload = m->payload,
        .format = BC_COAP_FORMAT_ABSENT,
        .accept = BC_COAP_FORMAT_ABSENT,
    };
    while (code == 0 && bc_coap_option_next(&it, &option))
        code = read_option(out, &option);
    return code == 0 && asks_too_far(out) ? BC_COAP_BAD_OPTION : code;
}

bool bc_server_query_value(bc_view query, bc_view name, bc_view *out)
{
    if (query.len < name.len || memcmp(query.ptr, name.ptr, name.len) != 0)
        return false;
    *out = (bc_view){query.ptr + name.len, query.len - name.len};
    return true;
}

bool bc_server_token_read(const struct bc_coap_token *token, uint32_t *out)
{
    *out = 0;
    for (size_t i = 0; i < token->len && i < TOKEN_BYTES; i++)
        *out = *out << 8 | token->bytes[i];
    return token->len == TOKEN_BYTES;
}

struct bc_coap_token bc_server_token_wire(uint32_t token)
{
    struct bc_coap_token wire = {.len = TOKEN_BYTES};
    for (size_t i = 0; i < TOKEN_BYTES; i++)
        wire.bytes[i] = (uint8_t)(token >> (24 - 8 * i));
    return wire;
}

bool bc_server_response_understood(const struct bc_coap_message *m)
{
    struct bc_coap_options it = bc_coap_options(m);
    struct bc_coap_option option;
    while (bc_coap_option_next(&it, &option))
        if (bc_coap_option_critical(option.number) && option.number != BC_COAP_BLOCK1 &&
            option.number != BC_COAP_BLOCK2)
            return false;
    return true;
}
