/*
 * Requests to devices: queued, sent one at a time (NSTART 1, RFC 7252 4.7), repeated until they
 * are acknowledged (4.2), given up in the end. What an answer means is response.c's.
 *
 *     QUEUED --sent--> SENT --piggybacked response----------------------> finished
 *                       |  \--empty ACK--> ACKNOWLEDGED --response------> finished
 *                       \--5 transmissions, 62 s: timeout; RST: reset---> finished
 *
 * A response that only is a block of more puts it back to QUEUED instead: see blocks.h.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "private.h"

/* Of a Block option: one more header byte, three of value (RFC 7959 2.1). */
#define BLOCK_NUMBER_BYTES_MAX 5
#define MESSAGE_ID_TRIES 32

struct exchange *bc_server_exchange_by_token(const struct bc_server *s, uint32_t token)
{
    struct table_node *node = bc_server_table_first(&s->exchanges_by_token, token);
    return node == NULL ? NULL : BC_SERVER_OF(node, struct exchange, by_token);
}

static struct exchange *by_message_id(const struct bc_server *s, const struct bc_address *peer,
                                      uint16_t message_id)
{
    uint32_t hash = bc_server_address_hash(s, peer, message_id);
    struct table_node *node = bc_server_table_first(&s->exchanges_by_message_id, hash);
    for (; node != NULL; node = bc_server_table_next(node)) {
        struct exchange *exchange = BC_SERVER_OF(node, struct exchange, by_message_id);
        if (exchange->message_id == message_id &&
            bc_address_equal(&exchange->device->address, peer))
            return exchange;
    }
    return NULL;
}

/* Every change of state comes through here. */
static void set_state(struct bc_server *s, struct exchange *exchange, enum exchange_state state)
{
    assert(state == EXCHANGE_QUEUED || state == exchange->state + 1);
    if (state == EXCHANGE_SENT)
        bc_server_table_insert(
            &s->exchanges_by_message_id, &exchange->by_message_id,
            bc_server_address_hash(s, &exchange->device->address, exchange->message_id));
    else if (exchange->state == EXCHANGE_SENT)
        bc_server_table_remove(&s->exchanges_by_message_id, &exchange->by_message_id);
    exchange->state = state;
}

/* Somebody else may have come to the device's address since it was heard last: then this is lost,
 * as in a network. */
static void transmit(struct bc_server *s, struct exchange *exchange)
{
    const struct device *device = exchange->device;
    if (bc_server_trusts(s, bc_server_device_endpoint(device), &device->address))
        bc_server_outbox_put(&s->outbox, &device->address,
                             (bc_view){exchange->message, exchange->message_bytes});
    bc_server_timer_set(&s->waits, &exchange->timer, s->now_ms + exchange->wait_ms);
}

static void send_first(struct bc_server *s, struct exchange *exchange)
{
    struct device *device = exchange->device;
    /* Two endpoints behind one address should not share a message id; where there are so many that
     * all ids may be taken, they do. */
    unsigned tries = 0;
    do
        exchange->message_id = device->next_message_id++;
    while (++tries < MESSAGE_ID_TRIES &&
           by_message_id(s, &device->address, exchange->message_id) != NULL);
    exchange->message[2] = (uint8_t)(exchange->message_id >> 8);
    exchange->message[3] = (uint8_t)exchange->message_id;
    exchange->wait_ms = ACK_TIMEOUT_MS;
    exchange->transfers = exchange->blocks != NULL;
    set_state(s, exchange, EXCHANGE_SENT);
    transmit(s, exchange);
}

/* Sends the next queued request when none is on its way. */
static void pump(struct bc_server *s, struct device *device)
{
    const struct exchange *transfer = NULL;
    for (const struct exchange *e = device->exchanges; e != NULL; e = e->next) {
        if (e->state == EXCHANGE_SENT)
            return;
        if (e->transfers)
            transfer = e;
    }
    struct exchange *next = device->exchanges;
    while (next != NULL && (next->state != EXCHANGE_QUEUED ||
                            (next->blocks != NULL && transfer != NULL && next != transfer)))
        next = next->next;
    if (next != NULL)
        send_first(s, next);
}

static uint8_t method_of(enum bc_server_operation operation)
{
    switch (operation) {
    case BC_SERVER_WRITE:
        return BC_COAP_PUT;
    case BC_SERVER_EXECUTE:
        return BC_COAP_POST;
    default:
        return BC_COAP_GET;
    }
}

/* The message without its id, which it gets when it is sent. */
static enum bc_err write_message(const struct exchange *exchange, const struct piece *piece,
                                 bc_sink *out)
{
    enum bc_server_operation operation = exchange->operation;
    struct bc_coap_token wire = bc_server_token_wire(exchange->token);
    char path[BC_SERVER_PATH_CHARS_MAX + 1];
    bc_server_path_text(&exchange->path, path);
    struct bc_coap_writer w = bc_coap_write_begin(out, BC_COAP_CON, method_of(operation), 0, &wire);
    if (piece->observe && (operation == BC_SERVER_OBSERVE || operation == BC_SERVER_CANCEL))
        bc_coap_write_uint(&w, BC_COAP_OBSERVE, operation == BC_SERVER_CANCEL);
    bc_coap_write_path(&w, BC_COAP_URI_PATH, bc_view_of(path));
    if (exchange->format != BC_COAP_FORMAT_ABSENT)
        bc_coap_write_uint(&w, BC_COAP_CONTENT_FORMAT, (uint32_t)exchange->format);
    if (operation == BC_SERVER_DISCOVER)
        bc_coap_write_uint(&w, BC_COAP_ACCEPT, BC_COAP_FORMAT_LINK);
    else if (exchange->accept != BC_COAP_FORMAT_ABSENT)
        bc_coap_write_uint(&w, BC_COAP_ACCEPT, (uint32_t)exchange->accept);
    if (piece->block2 != PIECE_NO_BLOCK)
        bc_coap_write_uint(&w, BC_COAP_BLOCK2, (uint32_t)piece->block2);
    if (piece->block1 != PIECE_NO_BLOCK)
        bc_coap_write_uint(&w, BC_COAP_BLOCK1, (uint32_t)piece->block1);
    if (piece->payload.len > 0)
        bc_coap_write_payload(&w, piece->payload);
    return bc_coap_write_end(&w);
}

static uint32_t new_token(struct bc_server *s)
{
    uint32_t token;
    do
        token = (uint32_t)bc_server_secret(s);
    while (bc_server_exchange_by_token(s, token) != NULL ||
           bc_server_observation_by_token(s, token) != NULL);
    return token;
}

/* RFC 7641 3.1, 3.6: observing again and cancelling use the observation's own token. */
static enum bc_err choose_token(struct bc_server *s, const struct device *device,
                                const struct bc_server_request *request, uint32_t *out)
{
    const struct observation *observation = bc_server_observation_at(device, &request->path);
    bool observes = request->operation == BC_SERVER_OBSERVE;
    if (!observes && request->operation != BC_SERVER_CANCEL) {
        *out = new_token(s);
        return BC_OK;
    }
    if (observation == NULL && !observes)
        return BC_ERR_STATE;
    if (observation == NULL && device->observation_count >= s->config.observations_max)
        return BC_ERR_FULL;
    *out = observation == NULL ? new_token(s) : observation->token;
    /* One exchange a token: a second observe or cancel has to wait for the first one's end. */
    return bc_server_exchange_by_token(s, *out) == NULL ? BC_OK : BC_ERR_STATE;
}

/* Its first message; room is left for a longer block number than that one's. */
static struct exchange *create(struct bc_server *s, const struct exchange *plan, bc_view message)
{
    size_t cap = message.len + BLOCK_NUMBER_BYTES_MAX;
    struct exchange *exchange = malloc(sizeof(*exchange) + cap);
    if (exchange == NULL || !bc_server_timers_reserve(&s->waits)) {
        free(exchange);
        return NULL;
    }
    *exchange = *plan;
    exchange->message_bytes = (uint16_t)message.len;
    exchange->message_cap = (uint16_t)cap;
    memcpy(exchange->message, message.ptr, message.len);
    return exchange;
}

static void append(struct bc_server *s, struct device *device, struct exchange *exchange)
{
    struct exchange **at = &device->exchanges;
    while (*at != NULL)
        at = &(*at)->next;
    *at = exchange;
    exchange->device = device;
    device->exchange_count++;
    bc_server_table_insert(&s->exchanges_by_token, &exchange->by_token, exchange->token);
}

/* Queues what is planned; BC_ERR_FULL when memory is short. */
static enum bc_err enqueue(struct bc_server *s, struct device *device, const struct exchange *plan,
                           const struct piece *piece)
{
    uint8_t bytes[BC_DATAGRAM_BYTES_MAX];
    bc_sink message = {.ptr = bytes, .cap = sizeof(bytes)};
    enum bc_err err = write_message(plan, piece, &message);
    if (err != BC_OK)
        return err;
    struct exchange *exchange = create(s, plan, bc_sink_view(&message));
    if (exchange == NULL)
        return BC_ERR_FULL;
    append(s, device, exchange);
    pump(s, device);
    return BC_OK;
}

enum bc_err bc_server_exchange_add(struct bc_server *s, struct device *device,
                                   const struct bc_server_request *request)
{
    struct exchange plan = {
        .tag = request->tag,
        .accept = request->accept,
        .format = request->format,
        .operation = request->operation,
        .path = request->path,
    };
    if (request->payload.len > BC_SERVER_VALUE_BYTES_MAX)
        return BC_ERR_RANGE;
    if (device->exchange_count >= s->config.requests_max)
        return BC_ERR_FULL;
    enum bc_err err = choose_token(s, device, request, &plan.token);
    if (err != BC_OK)
        return err;
    struct piece piece = bc_server_blocks_first(s, request);
    if (piece.block1 != PIECE_NO_BLOCK) {
        plan.blocks = bc_server_blocks_upload(request->payload, piece.block1);
        if (plan.blocks == NULL)
            return BC_ERR_FULL;
    }
    err = enqueue(s, device, &plan, &piece);
    if (err != BC_OK)
        bc_server_blocks_free(s, plan.blocks);
    return err;
}

bool bc_server_exchange_fetch(struct bc_server *s, const struct observation *observation,
                              struct blocks *blocks)
{
    struct exchange plan = {
        .token = new_token(s),
        .accept = observation->accept,
        .format = BC_COAP_FORMAT_ABSENT,
        .operation = BC_SERVER_OBSERVE,
        .path = observation->path,
        .blocks = blocks,
    };
    struct piece piece = bc_server_blocks_next(blocks);
    return enqueue(s, observation->device, &plan, &piece) == BC_OK;
}

void bc_server_exchange_again(struct bc_server *s, struct exchange *exchange)
{
    bc_sink message = {.ptr = exchange->message, .cap = exchange->message_cap};
    struct piece piece = bc_server_blocks_next(exchange->blocks);
    bc_server_timer_clear(&s->waits, &exchange->timer);
    set_state(s, exchange, EXCHANGE_QUEUED);
    bc_server_table_remove(&s->exchanges_by_token, &exchange->by_token);
    exchange->token = new_token(s);
    bc_server_table_insert(&s->exchanges_by_token, &exchange->by_token, exchange->token);
    exchange->retransmissions = 0;
    enum bc_err err = write_message(exchange, &piece, &message);
    assert(err == BC_OK);
    (void)err;
    exchange->message_bytes = (uint16_t)message.len;
    pump(s, exchange->device);
}

bool bc_server_exchange_observes(const struct device *device, const struct bc_server_path *path)
{
    for (const struct exchange *e = device->exchanges; e != NULL; e = e->next)
        if (e->operation == BC_SERVER_OBSERVE && bc_server_path_equal(&e->path, path))
            return true;
    return false;
}

void bc_server_exchange_remove(struct bc_server *s, struct exchange *exchange)
{
    struct device *device = exchange->device;
    struct exchange **at = &device->exchanges;
    while (*at != exchange)
        at = &(*at)->next;
    *at = exchange->next;
    device->exchange_count--;
    bc_server_table_remove(&s->exchanges_by_token, &exchange->by_token);
    if (exchange->state == EXCHANGE_SENT)
        bc_server_table_remove(&s->exchanges_by_message_id, &exchange->by_message_id);
    bc_server_timer_clear(&s->waits, &exchange->timer);
    bc_server_timers_release(&s->waits);
    bc_server_blocks_free(s, exchange->blocks);
    free(exchange);
}

void bc_server_exchange_abandon(struct bc_server *s, struct exchange *exchange)
{
    struct device *device = exchange->device;
    bc_server_exchange_remove(s, exchange);
    pump(s, device);
}

void bc_server_exchange_finish(struct bc_server *s, struct exchange *exchange,
                               enum bc_server_event_kind kind, const struct content *content)
{
    struct device *device = exchange->device;
    const char *refusal = bc_server_carrier_refuses(s, exchange, content);
    bc_server_tell_exchange(s, kind, exchange, content);
    if (refusal != NULL)
        bc_server_tell_refused(s, device, content, refusal);
    bc_server_exchange_remove(s, exchange);
    if (refusal != NULL)
        bc_server_device_remove(s, device);
    else
        pump(s, device);
}

static struct exchange *find_answered(const struct bc_server *s, const struct bc_address *from,
                                      uint16_t message_id)
{
    struct exchange *exchange = by_message_id(s, from, message_id);
    if (exchange == NULL || !bc_server_trusts(s, bc_server_device_endpoint(exchange->device), from))
        return NULL;
    return exchange;
}

void bc_server_exchange_on_empty_ack(struct bc_server *s, const struct bc_address *from,
                                     uint16_t message_id)
{
    struct exchange *exchange = find_answered(s, from, message_id);
    if (exchange == NULL)
        return;
    struct device *device = exchange->device;
    set_state(s, exchange, EXCHANGE_ACKNOWLEDGED);
    if (exchange->tag != 0)
        bc_server_tell_exchange(s, BC_SERVER_ACKNOWLEDGED, exchange, NULL);
    bc_server_timer_set(&s->waits, &exchange->timer, s->now_ms + EXCHANGE_LIFETIME_MS);
    pump(s, device);
}

void bc_server_exchange_on_reset(struct bc_server *s, const struct bc_address *from,
                                 uint16_t message_id)
{
    struct exchange *exchange = find_answered(s, from, message_id);
    if (exchange == NULL)
        return;
    struct observation *observation = bc_server_observation_by_token(s, exchange->token);
    if (observation != NULL)
        bc_server_observation_remove(s, observation);
    bc_server_exchange_finish(s, exchange, BC_SERVER_RESET, NULL);
}

void bc_server_exchange_on_timer(struct bc_server *s, struct exchange *exchange)
{
    bool repeat = exchange->state == EXCHANGE_SENT && exchange->retransmissions < MAX_RETRANSMIT;
    if (!repeat) {
        bc_server_exchange_finish(s, exchange, BC_SERVER_TIMED_OUT, NULL);
        return;
    }
    exchange->retransmissions++;
    exchange->wait_ms *= 2;
    transmit(s, exchange);
}

void bc_server_exchanges_move(struct bc_server *s, struct device *device,
                              const struct bc_address *to)
{
    for (struct exchange *e = device->exchanges; e != NULL; e = e->next) {
        if (e->state != EXCHANGE_SENT)
            continue;
        bc_server_table_remove(&s->exchanges_by_message_id, &e->by_message_id);
        bc_server_table_insert(&s->exchanges_by_message_id, &e->by_message_id,
                               bc_server_address_hash(s, to, e->message_id));
    }
}

enum bc_err bc_server_request(struct bc_server *s, uint64_t now_ms, bc_view endpoint,
                              const struct bc_server_request *request)
{
    s->now_ms = now_ms;
    struct device *device = bc_server_device_by_endpoint(s, endpoint);
    if (device == NULL)
        return BC_ERR_ABSENT;
    return bc_server_exchange_add(s, device, request);
}

const char *bc_server_operation_name(enum bc_server_operation operation)
{
    static const char *const names[] = {"none",     "read",    "write", "execute",
                                        "discover", "observe", "cancel"};
    return names[operation];
}
