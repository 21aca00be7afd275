/*
 * Fetching a resource block by block: see pull.h.
 */
#include "dfota/pull.h"

#include <string.h>

#include "base/sink.h"
#include "coap/block.h"

#define EXPONENT_MAX 6 /* 1024 bytes: with DTLS around them still one datagram */

static void ask(struct bc_pull *pull)
{
    pull->state = BC_PULL_READY;
    pull->transmissions = 0;
}

static void ask_first(struct bc_pull *pull)
{
    pull->received = 0;
    pull->size = 0;
    pull->etag_bytes = 0;
    pull->exponent = EXPONENT_MAX;
    ask(pull);
}

void bc_pull_begin(struct bc_pull *pull, struct bc_coap_endpoint *ep)
{
    uint32_t bits = bc_random_next(ep->random);
    *pull = (struct bc_pull){0};
    memcpy(pull->token, &bits, sizeof(pull->token));
    ask_first(pull);
}

void bc_pull_end(struct bc_pull *pull)
{
    pull->state = BC_PULL_IDLE;
}

void bc_pull_again(struct bc_pull *pull)
{
    ask(pull);
}

/* --- What comes in --------------------------------------------------------------------------- */

static bool waits(const struct bc_pull *pull)
{
    return pull->state == BC_PULL_WAITS_ACK || pull->state == BC_PULL_WAITS_RESPONSE ||
           (pull->state == BC_PULL_READY && pull->transmissions > 0);
}

/* The ETag and the whole size, as the first block tells them. False when the resource is another
 * one by now. */
static bool same_resource(struct bc_pull *pull, const struct bc_coap_message *message)
{
    bc_view etag = {0};
    (void)bc_coap_option_find(message, BC_COAP_ETAG, &etag);
    if (etag.len > sizeof(pull->etag))
        etag.len = sizeof(pull->etag);
    if (pull->received > 0)
        return bc_view_equal(etag, (bc_view){pull->etag, pull->etag_bytes});
    pull->etag_bytes = (uint8_t)etag.len;
    if (etag.len > 0)
        memcpy(pull->etag, etag.ptr, etag.len);
    int64_t size = bc_coap_option_number_of(message, BC_COAP_SIZE2, 0);
    pull->size = (uint32_t)size;
    return true;
}

/* The block of a 2.05; one that came without the option is the whole. False when it makes no sense
 * as an answer to what was asked. */
static bool block_of(const struct bc_pull *pull, const struct bc_coap_message *message,
                     struct bc_coap_block *out)
{
    bc_view value;
    *out = (struct bc_coap_block){.size_exponent = EXPONENT_MAX};
    if (!bc_coap_option_find(message, BC_COAP_BLOCK2, &value))
        return pull->received == 0;
    if (!bc_coap_block_read(value, out) || out->size_exponent > pull->exponent)
        return false;
    size_t bytes = bc_coap_block_bytes(out);
    return out->more ? message->payload.len == bytes : message->payload.len <= bytes;
}

static enum bc_pull_event on_content(struct bc_pull *pull, const struct bc_coap_message *message,
                                     struct bc_pull_result *out)
{
    struct bc_coap_block block;
    if (!same_resource(pull, message)) {
        ask_first(pull);
        return BC_PULL_ANEW;
    }
    if (!block_of(pull, message, &block))
        return BC_PULL_REFUSED;
    out->offset = pull->received;
    out->bytes = message->payload;
    if (block.number * bc_coap_block_bytes(&block) != pull->received)
        return BC_PULL_REFUSED;
    pull->exponent = block.size_exponent;
    pull->received += (uint32_t)message->payload.len;
    if (!block.more)
        return BC_PULL_LAST;
    ask(pull);
    return BC_PULL_BLOCK;
}

/* An answer to the request under way. */
static void on_response(struct bc_pull *pull, const struct bc_coap_message *message,
                        struct bc_pull_result *out)
{
    out->code = message->code;
    out->event = BC_PULL_REFUSED;
    if (message->code == BC_COAP_CONTENT)
        out->event = on_content(pull, message, out);
    if (out->event == BC_PULL_REFUSED || out->event == BC_PULL_LAST)
        bc_pull_end(pull);
}

/* True for an answer to an earlier block that was repeated on its way. */
static bool is_late(const struct bc_pull *pull, const struct bc_coap_message *message)
{
    bc_view value;
    struct bc_coap_block block;
    return message->code == BC_COAP_CONTENT && pull->received > 0 &&
           bc_coap_option_find(message, BC_COAP_BLOCK2, &value) &&
           bc_coap_block_read(value, &block) &&
           block.number * bc_coap_block_bytes(&block) < pull->received;
}

static void on_separate(struct bc_pull *pull, const struct bc_coap_message *message,
                        struct bc_pull_result *out)
{
    if (message->type == BC_COAP_CON) {
        pull->owes_answer = true;
        pull->answer_id = message->message_id;
    }
    if (waits(pull) && !is_late(pull, message))
        on_response(pull, message, out);
}

bool bc_pull_on_datagram(struct bc_pull *pull, const struct bc_coap_endpoint *ep, bc_view in,
                         struct bc_pull_result *out)
{
    struct bc_coap_message message;
    *out = (struct bc_pull_result){.event = BC_PULL_NOTHING};
    if (bc_coap_parse(in, &message) != BC_OK)
        return false;
    bool has_token = message.token.len == sizeof(pull->token) && message.code >= BC_COAP_CREATED &&
                     memcmp(message.token.bytes, pull->token, sizeof(pull->token)) == 0;
    bool has_id = waits(pull) && message.message_id == pull->message_id;
    if (message.type == BC_COAP_RST && has_id) {
        out->event = BC_PULL_REFUSED;
        bc_pull_end(pull);
    } else if (message.type == BC_COAP_ACK && has_id && message.code == BC_COAP_EMPTY) {
        pull->state = BC_PULL_WAITS_RESPONSE;
        pull->deadline_ms = ep->now_ms + bc_coap_patience_ms(ep);
    } else if (message.type == BC_COAP_ACK && has_id && has_token) {
        on_response(pull, &message, out);
    } else if (message.type < BC_COAP_ACK && has_token) {
        on_separate(pull, &message, out);
    } else {
        return has_token;
    }
    return true;
}

/* --- Time, and what goes out ----------------------------------------------------------------- */

enum bc_pull_event bc_pull_on_time(struct bc_pull *pull, const struct bc_coap_endpoint *ep)
{
    if (bc_pull_deadline(pull) > ep->now_ms)
        return BC_PULL_NOTHING;
    if (pull->state == BC_PULL_WAITS_ACK && pull->transmissions <= ep->retransmit_max) {
        pull->state = BC_PULL_READY;
        return BC_PULL_NOTHING;
    }
    pull->deadline_ms = BC_NEVER;
    return BC_PULL_TIMEOUT;
}

uint64_t bc_pull_deadline(const struct bc_pull *pull)
{
    bool waiting = pull->state == BC_PULL_WAITS_ACK || pull->state == BC_PULL_WAITS_RESPONSE;
    return waiting ? pull->deadline_ms : BC_NEVER;
}

bool bc_pull_ready(const struct bc_pull *pull)
{
    return pull->owes_answer || pull->state == BC_PULL_READY;
}

static bool put_request(const struct bc_pull *pull, const struct bc_uri *uri, bc_sink *out)
{
    struct bc_coap_token token = {.len = sizeof(pull->token)};
    memcpy(token.bytes, pull->token, sizeof(pull->token));
    struct bc_coap_block block = {.size_exponent = pull->exponent};
    block.number = pull->received / (uint32_t)bc_coap_block_bytes(&block);
    struct bc_coap_writer w =
        bc_coap_write_begin(out, BC_COAP_CON, BC_COAP_GET, pull->message_id, &token);
    bc_uri_write_host(&w, uri);
    bc_uri_write(&w, BC_COAP_URI_PATH, uri->path);
    bc_uri_write(&w, BC_COAP_URI_QUERY, uri->query);
    bc_coap_write_uint(&w, BC_COAP_BLOCK2, bc_coap_block_value(&block));
    return bc_coap_write_end(&w) == BC_OK;
}

bool bc_pull_take(struct bc_pull *pull, struct bc_coap_endpoint *ep, const struct bc_uri *uri,
                  bc_sink *out)
{
    if (pull->owes_answer) {
        pull->owes_answer = false;
        (void)bc_coap_write_begin(out, BC_COAP_ACK, BC_COAP_EMPTY, pull->answer_id, NULL);
        return !out->full;
    }
    if (pull->state != BC_PULL_READY)
        return false;
    if (pull->transmissions == 0)
        pull->message_id = ep->next_message_id++;
    pull->state = BC_PULL_WAITS_ACK;
    pull->transmissions++;
    pull->deadline_ms = ep->now_ms + bc_coap_wait_ms(ep, pull->transmissions);
    return put_request(pull, uri, out);
}
