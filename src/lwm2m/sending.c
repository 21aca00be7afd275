/*
 * Our own bodies in blocks (RFC 7959 sections 2.5 and 2.9): a server that answers a request of ours
 * with 4.13 and a block size gets it again in blocks of that size. The request stays in the arena
 * as it was sent first; each block is cut from it.
 *
 *   server                              module
 *     | <-- POST /rd, 54 bytes ---------- |
 *     | --- 4.13 1:0/0/32 --------------> |
 *     | <-- POST /rd 1:0/1/32 Size1 54 -- |
 *     | --- 2.31 1:0/1/32 --------------> |
 *     | <-- POST /rd 1:1/0/32 ----------- |
 *     | --- 2.01 1:1/0/32, Location ----> |   the end, as without blocks
 */
#include "coap/block.h"
#include "lwm2m/inside.h"

void bc_lwm2m_drop_sending(struct bc_lwm2m_client *c)
{
    bc_arena_free(&c->coap.arena, c->sending.request);
    c->sending = (struct bc_sending){0};
}

static struct bc_coap_message request_of(const struct bc_lwm2m_client *c)
{
    struct bc_coap_message request;
    (void)bc_coap_parse(bc_arena_view(&c->coap.arena, c->sending.request), &request); /* ours */
    return request;
}

/* Block number and size as they stand; false when that is behind the end or there is no room. */
static bool send_block(struct bc_lwm2m_client *c)
{
    struct bc_sending *sending = &c->sending;
    struct bc_coap_block block = {.number = sending->number, .size_exponent = sending->exponent};
    struct bc_coap_option option;
    struct bc_coap_draft draft;
    bc_coap_draft_new(&c->coap, &draft, BC_COAP_CON, request_of(c).code, NULL);
    struct bc_coap_message request = request_of(c); /* the draft has made room: it may have moved */
    size_t bytes = bc_coap_block_bytes(&block);
    size_t at = bytes * block.number;
    if (at >= request.payload.len)
        return false;
    block.more = request.payload.len - at > bytes;
    struct bc_coap_options it = bc_coap_options(&request);
    while (bc_coap_option_next(&it, &option)) /* all of them stand before Block1 */
        bc_coap_write_option(&draft.w, option.number, option.value);
    bc_coap_write_uint(&draft.w, BC_COAP_BLOCK1, bc_coap_block_value(&block));
    if (block.number == 0)
        bc_coap_write_uint(&draft.w, BC_COAP_SIZE1, (uint32_t)request.payload.len);
    bc_coap_write_payload(&draft.w, (bc_view){request.payload.ptr + at,
                                              block.more ? bytes : request.payload.len - at});
    sending->message_id = draft.message_id;
    return bc_coap_submit(&c->coap, &draft, sending->tag, sending->context, true) == BC_OK;
}

/* A whole request was refused: true when it goes out again in blocks. */
static bool begin(struct bc_lwm2m_client *c, const struct bc_coap_event *event,
                  const struct bc_coap_block *wanted)
{
    if (event->message.code != BC_COAP_REQUEST_ENTITY_TOO_LARGE || c->sending.request != 0)
        return false;
    c->sending = (struct bc_sending){.request = bc_coap_take_request(&c->coap),
                                     .first_id = event->message_id,
                                     .tag = event->tag,
                                     .context = event->context,
                                     .exponent = wanted->size_exponent};
    if (c->sending.request == 0)
        return false;
    if (request_of(c).payload.len > bc_coap_block_bytes(wanted) && send_block(c))
        return true;
    bc_lwm2m_drop_sending(c);
    return false;
}

/* The answer to a block; true when another one follows. */
static bool go_on(struct bc_lwm2m_client *c, uint8_t code, const struct bc_coap_block *wanted)
{
    struct bc_sending *sending = &c->sending;
    bool smaller = wanted->size_exponent < sending->exponent;
    if (code == BC_COAP_REQUEST_ENTITY_TOO_LARGE && smaller) {
        sending->number = 0;
        sending->exponent = wanted->size_exponent;
    } else if (code == BC_COAP_CONTINUE && wanted->number == sending->number) {
        unsigned shift = smaller ? (unsigned)sending->exponent - wanted->size_exponent : 0;
        sending->number = (uint16_t)((sending->number + 1U) << shift);
        sending->exponent = (uint8_t)(sending->exponent - shift);
    } else {
        return false;
    }
    return send_block(c);
}

bool bc_lwm2m_next_block(struct bc_lwm2m_client *c, struct bc_coap_event *event)
{
    bc_view value;
    struct bc_coap_block wanted;
    bool asked = event->kind == BC_COAP_RESPONSE &&
                 bc_coap_option_find(&event->message, BC_COAP_BLOCK1, &value) &&
                 bc_coap_block_read(value, &wanted);
    bool ours = c->sending.request != 0 && event->tag == c->sending.tag &&
                event->message_id == c->sending.message_id;
    if (!ours)
        return asked && begin(c, event, &wanted);
    if (asked && go_on(c, event->message.code, &wanted))
        return true;
    event->message_id = c->sending.first_id;
    bc_lwm2m_drop_sending(c);
    return false;
}
