/*
 * Responses of devices: to a request of ours, piggybacked or separate (RFC 7252 5.2), or a
 * notification (RFC 7641 3.2). The token says which; a datagram with a token of ours may also come
 * from a new address, since a NAT gives devices another one when they were silent for a while.
 */
#include "private.h"

static bool has_observe(const struct bc_coap_message *m)
{
    bc_view value;
    return bc_coap_option_find(m, BC_COAP_OBSERVE, &value);
}

/* What the device agreed to. */
static enum bc_server_event_kind settle(struct bc_server *s, const struct exchange *exchange,
                                        const struct bc_coap_message *m)
{
    struct observation *observation = bc_server_observation_by_token(s, exchange->token);
    bool success = m->code >> 5 == 2;
    bool observes = exchange->operation == BC_SERVER_OBSERVE;
    if (exchange->blocks != NULL) /* settled by the first block */
        return observes ? BC_SERVER_OBSERVED : BC_SERVER_RESPONDED;
    if (observes) {
        bool observed = success && has_observe(m) &&
                        bc_server_observation_begin(
                            s, exchange, (uint32_t)bc_coap_option_number_of(m, BC_COAP_OBSERVE, 0));
        if (!observed && observation != NULL)
            bc_server_observation_remove(s, observation);
        return BC_SERVER_OBSERVED;
    }
    /* Cancelled even when the device says that it knows nothing of it. */
    if (exchange->operation == BC_SERVER_CANCEL && observation != NULL)
        bc_server_observation_remove(s, observation);
    return BC_SERVER_RESPONDED;
}

/* While a cancel is under way notifications with the same token still arrive; they are the ones
 * that carry Observe. */
static bool answers(const struct exchange *exchange, const struct bc_coap_message *m)
{
    return exchange != NULL && exchange->state != EXCHANGE_QUEUED &&
           !(exchange->operation == BC_SERVER_CANCEL && has_observe(m));
}

/* Ends the request, or goes on with the next block. */
static void on_answer(struct bc_server *s, struct exchange *exchange,
                      const struct bc_coap_message *m)
{
    struct content content = bc_server_content_of(m);
    exchange->device->seen_ms = s->now_ms;
    enum bc_server_event_kind kind = settle(s, exchange, m);
    if (!bc_server_blocks_needed(exchange, m) ||
        bc_server_blocks_on_answer(s, exchange, m, &content))
        bc_server_exchange_finish(s, exchange, kind, &content);
}

static bool trusts(const struct bc_server *s, const struct device *device,
                   const struct bc_address *from)
{
    return bc_server_trusts(s, bc_server_device_endpoint(device), from);
}

static void on_piggybacked(struct bc_server *s, const struct bc_address *from,
                           const struct bc_coap_message *m)
{
    uint32_t token;
    struct exchange *exchange =
        bc_server_token_read(&m->token, &token) ? bc_server_exchange_by_token(s, token) : NULL;
    if (exchange == NULL || exchange->state != EXCHANGE_SENT ||
        exchange->message_id != m->message_id ||
        !bc_address_equal(&exchange->device->address, from) || !trusts(s, exchange->device, from) ||
        !bc_server_response_understood(m))
        return;
    on_answer(s, exchange, m);
}

/* Confirmable or not, it is for one of the two; false when nobody waits for it, from there. */
static bool find_taker(const struct bc_server *s, const struct bc_address *from,
                       const struct bc_coap_message *m, struct exchange **exchange,
                       struct observation **observation)
{
    uint32_t token;
    if (!bc_server_response_understood(m) || !bc_server_token_read(&m->token, &token))
        return false;
    *exchange = bc_server_exchange_by_token(s, token);
    *observation = bc_server_observation_by_token(s, token);
    if (!answers(*exchange, m))
        *exchange = NULL;
    if (*exchange != NULL)
        return trusts(s, (*exchange)->device, from);
    return *observation != NULL && trusts(s, (*observation)->device, from);
}

static void on_separate(struct bc_server *s, const struct bc_address *from,
                        const struct bc_coap_message *m, struct exchange *exchange,
                        struct observation *observation)
{
    struct device *device = exchange != NULL ? exchange->device : observation->device;
    bc_server_device_move(s, device, from);
    device->seen_ms = s->now_ms;
    if (exchange != NULL)
        on_answer(s, exchange, m);
    else
        bc_server_observation_on_notify(s, observation, m);
}

void bc_server_on_response(struct bc_server *s, const struct bc_address *from,
                           const struct bc_coap_message *m)
{
    if (m->type == BC_COAP_ACK) {
        on_piggybacked(s, from, m);
        return;
    }
    uint32_t hash = bc_server_address_hash(s, from, m->message_id);
    if (bc_server_replay(s, hash, from, m->message_id))
        return;
    struct exchange *exchange = NULL;
    struct observation *observation = NULL;
    if (!find_taker(s, from, m, &exchange, &observation)) {
        bc_server_reset(s, from, m->message_id);
        return; /* worked out again, should it come again */
    }
    /* First, so that the device sees it before a request that follows. */
    if (m->type == BC_COAP_CON)
        bc_server_outbox_put_empty(&s->outbox, from, BC_COAP_ACK, m->message_id);
    on_separate(s, from, m, exchange, observation);
    uint8_t ack[BC_COAP_HEADER_BYTES] = {0x60, 0, (uint8_t)(m->message_id >> 8),
                                         (uint8_t)m->message_id};
    bc_server_remember(s, hash, from, m->message_id,
                       (bc_view){ack, m->type == BC_COAP_CON ? sizeof(ack) : 0});
}
