/*
 * Requests of devices: resource found, answer written and remembered for duplicates (RFC 7252
 * 4.5). What a resource does is left to registration.c.
 */
#include "base/sink.h"
#include "private.h"

static const char resources[] = "</rd>;ct=40,</dp>";

static struct reply on_well_known(struct bc_server *s, const struct request *r)
{
    (void)s;
    struct reply reply = {.code = BC_COAP_CONTENT, .forget = true, .format = BC_COAP_FORMAT_LINK};
    if (r->segment_count != 2 || !bc_view_equal(r->segments[1], BC_TEXT("core")))
        reply.code = BC_COAP_NOT_FOUND;
    else if (r->message->code != BC_COAP_GET)
        reply.code = BC_COAP_METHOD_NOT_ALLOWED;
    else if (r->accept != BC_COAP_FORMAT_ABSENT && r->accept != BC_COAP_FORMAT_LINK)
        reply.code = BC_COAP_NOT_ACCEPTABLE;
    if (reply.code == BC_COAP_CONTENT)
        reply.payload = bc_view_of(resources);
    else
        reply.format = BC_COAP_FORMAT_ABSENT;
    return reply;
}

static struct reply dispatch(struct bc_server *s, const struct request *r)
{
    bc_view first = r->segment_count == 0 ? (bc_view){0} : r->segments[0];
    if (bc_view_equal(first, BC_TEXT("rd")))
        return bc_server_on_rd(s, r);
    if (bc_view_equal(first, BC_TEXT("dp")))
        return bc_server_on_dp(s, r);
    if (bc_server_request_for_package(r))
        return bc_server_on_package(s, r);
    if (bc_view_equal(first, BC_TEXT(".well-known")))
        return on_well_known(s, r);
    return (struct reply){.code = BC_COAP_NOT_FOUND, .format = BC_COAP_FORMAT_ABSENT};
}

/* What all blocks of one body have in common. (Options that find no place do not count: whoever
 * sends so many confuses but himself.) */
static uint64_t hash_of(const struct bc_server *s, const struct request *r)
{
    uint8_t bytes[BC_DATAGRAM_BYTES_MAX];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_coap_options it = bc_coap_options(r->message);
    struct bc_coap_option option;
    bc_put_be(&out, r->message->code, 1);
    while (bc_coap_option_next(&it, &option)) {
        if (option.number == BC_COAP_BLOCK1 || option.number == BC_COAP_SIZE1)
            continue;
        bc_put_be(&out, option.number, 2);
        bc_put_be(&out, option.value.len, 2);
        bc_put_bytes(&out, option.value);
    }
    return bc_server_hash(&s->key, bc_sink_view(&out));
}

/* A registration's or an update's list of objects may come in blocks. 0: go on with r->payload. */
static uint8_t assemble(struct bc_server *s, struct request *r)
{
    if (r->block1.number == 0 && !r->block1.more)
        return 0;
    if (r->message->code != BC_COAP_POST || r->segment_count == 0 ||
        !bc_view_equal(r->segments[0], BC_TEXT("rd")))
        return BC_COAP_BAD_OPTION;
    return bc_server_assembly_put(&s->assemblies, s->now_ms, r->from, hash_of(s, r), &r->block1,
                                  r->payload, &r->payload);
}

static struct reply answer(struct bc_server *s, struct request *r)
{
    uint8_t code = r->has_block1 ? assemble(s, r) : 0;
    if (code == 0)
        return dispatch(s, r);
    return (struct reply){
        .code = code,
        .format = BC_COAP_FORMAT_ABSENT,
        .size1 = code == BC_COAP_REQUEST_ENTITY_TOO_LARGE ? BC_SERVER_LINKS_BYTES_MAX : 0,
    };
}

static void write_etag(struct bc_coap_writer *w, uint64_t etag)
{
    uint8_t bytes[sizeof(etag)];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    bc_put_be(&out, etag, sizeof(etag));
    bc_coap_write_option(w, BC_COAP_ETAG, bc_sink_view(&out));
}

static void write_reply(struct bc_server *s, const struct request *r, const struct reply *reply,
                        bc_sink *out)
{
    const struct bc_coap_message *m = r->message;
    bool confirmable = m->type == BC_COAP_CON;
    uint16_t message_id = confirmable ? m->message_id : s->next_message_id++;
    struct bc_coap_writer w = bc_coap_write_begin(out, confirmable ? BC_COAP_ACK : BC_COAP_NON,
                                                  reply->code, message_id, &m->token);
    if (reply->size2 > 0)
        write_etag(&w, reply->etag);
    if (reply->location) {
        char id[BC_SERVER_ID_CHARS + 1];
        bc_server_id_text(reply->device->id, id);
        bc_coap_write_option(&w, BC_COAP_LOCATION_PATH, BC_TEXT("rd"));
        bc_coap_write_option(&w, BC_COAP_LOCATION_PATH, bc_view_of(id));
    }
    if (reply->format != BC_COAP_FORMAT_ABSENT)
        bc_coap_write_uint(&w, BC_COAP_CONTENT_FORMAT, (uint32_t)reply->format);
    if (reply->size2 > 0)
        bc_coap_write_uint(&w, BC_COAP_BLOCK2, bc_coap_block_value(&reply->block2));
    if (r->has_block1)
        bc_coap_write_uint(&w, BC_COAP_BLOCK1, bc_coap_block_value(&r->block1));
    if (reply->size2 > 0)
        bc_coap_write_uint(&w, BC_COAP_SIZE2, reply->size2);
    if (reply->size1 > 0)
        bc_coap_write_uint(&w, BC_COAP_SIZE1, reply->size1);
    if (reply->payload.len > 0)
        bc_coap_write_payload(&w, reply->payload);
}

void bc_server_on_request(struct bc_server *s, const struct bc_address *from,
                          const struct bc_coap_message *m)
{
    struct request request;
    uint32_t hash = bc_server_address_hash(s, from, m->message_id);
    if (bc_server_replay(s, hash, from, m->message_id))
        return;
    uint8_t refused = bc_server_request_read(m, from, &request);
    if (refused != 0 && m->type == BC_COAP_NON) {
        bc_server_reset(s, from, m->message_id);
        return;
    }
    struct reply reply = refused != 0
                             ? (struct reply){.code = refused, .format = BC_COAP_FORMAT_ABSENT}
                             : answer(s, &request);
    if (reply.code >= BC_COAP_BAD_REQUEST && !bc_server_rate_take(&s->refusals, s->now_ms))
        return; /* worked out again, should it come again */
    bc_sink out = bc_server_outbox_begin(&s->outbox);
    write_reply(s, &request, &reply, &out);
    bc_server_outbox_end(&s->outbox, from, &out);
    if (!reply.forget && !out.full)
        bc_server_remember(s, hash, from, m->message_id, bc_sink_view(&out));
    /* Only now: the device should see the answer before the first request. */
    if (reply.location)
        bc_server_carrier_identify(s, reply.device);
    if (reply.device != NULL)
        bc_server_carrier_observe(s, reply.device);
}
