/*
 * The platform's LwM2M server under hostile datagrams from four addresses, with requests from
 * above and steps of time. It asserts that output ends and is CoAP, that every event has what
 * server.h promises, that every request ends in exactly one event, and that a server left alone
 * forgets every device.
 *
 * The first byte chooses the carrier, the block size, whether all objects are observed and whether
 * names belong to peers. The last address is the first one on another channel. Then operations, the
 * low four bits of their first byte; the two highest bits are the address:
 *   0, 1  a 2-byte length and a datagram; 1 announces it before (bc_server_expect)
 *   2     POST below /rd/<id of the last registration there>: a 1-byte length, options and payload
 *   3     the same with DELETE
 *   4     a response to the last request sent there: code, a 1-byte length, options and payload
 *   5     the same as a separate CON, 6 as a separate NON
 *   7     a notification on the last observation asked for there, CON; 8 NON: as 4
 *   9     an empty acknowledgement of the last request; 10 a reset
 *   11    a request to the device last registered there: operation, path, format, payload length
 *   12    time goes on by 2^(byte % 42) ms in one go; 13 by as much, deadline by deadline
 *   14    all devices are listed and found
 *   15    the device of address 0 speaks from this one: the next byte modulo 3 chooses an update, a
 *         notification or a separate response, the rest as 2, 8 and 6
 */
#include "server.h"

#include <assert.h>
#include <string.h>

#include "carrier.h"
#include "coap/message.h"
#include "input.h"

#define STEPS_MAX 1024
#define PEERS 4
#define OPEN_MAX 256
#define DEADLINES_MAX 20000
#define START_MS 1000
#define TIME_EXPONENT_MAX 42
#define SECURE '~'  /* the first letter of endpoints that the last peer speaks for */
#define REFUSED '!' /* the first letter of endpoints that may not register */

struct peer {
    struct bc_address address;
    char id[BC_SERVER_ID_CHARS + 1];
    char endpoint[BC_ENDPOINT_BYTES_MAX];
    size_t endpoint_bytes;
    uint16_t message_id; /* of the last request sent there */
    struct bc_coap_token token;
    struct bc_coap_token observed;
};

struct platform {
    struct bc_server *server;
    struct bc_server_product product;
    uint64_t now_ms;
    uint16_t next_message_id; /* of the messages we build */
    struct peer peer[PEERS];
    bool open[OPEN_MAX]; /* requests that have not ended, by tag - 1 */
    unsigned requests;
};

/* --- What the server says -------------------------------------------------------------------- */

static bool find_product(void *context, bc_view endpoint, struct bc_server_product *out)
{
    const struct platform *p = context;
    assert(endpoint.len > 0 && endpoint.len <= BC_ENDPOINT_BYTES_MAX);
    *out = p->product;
    return endpoint.ptr[0] != REFUSED;
}

/* Names that begin so may only be spoken for by the last peer, on its channel. */
static bool is_trusted(void *context, bc_view endpoint, const struct bc_address *from)
{
    (void)context;
    return (from->channel != 0) == (endpoint.ptr[0] == SECURE);
}

/* Products of an even length are ours. */
static bool accepts_product_id(void *context, bc_view endpoint, bc_view product_id)
{
    (void)context;
    assert(endpoint.len > 0);
    return product_id.len % 2 == 0;
}

static struct peer *peer_at(struct platform *p, const struct bc_address *address)
{
    for (size_t i = 0; i < PEERS; i++)
        if (bc_address_equal(&p->peer[i].address, address))
            return &p->peer[i];
    assert(false);
    return NULL;
}

static void on_event(void *context, const struct bc_server_event *event)
{
    struct platform *p = context;
    struct peer *peer = peer_at(p, &event->address);
    bool ends_request = (BC_SERVER_EVENT_BIT(event->kind) & BC_SERVER_EVENTS_OF_REQUESTS) != 0;
    assert((event->device == NULL) == (event->kind == BC_SERVER_REJECTED));
    assert((event->reason != NULL) == (event->kind == BC_SERVER_REJECTED) ||
           event->kind == BC_SERVER_DEREGISTERED);
    assert(event->path.count <= BC_SERVER_PATH_IDS_MAX);
    assert(event->payload.len <= BC_SERVER_BODY_BYTES_MAX);
    assert(ends_request || event->tag == 0);
    if (event->tag != 0) {
        assert(event->tag <= p->requests && p->open[event->tag - 1]);
        p->open[event->tag - 1] = false;
    }
    if (event->kind == BC_SERVER_REGISTERED) {
        memcpy(peer->id, event->device->id, sizeof(peer->id));
        assert(event->endpoint.len <= sizeof(peer->endpoint));
        memcpy(peer->endpoint, event->endpoint.ptr, event->endpoint.len);
        peer->endpoint_bytes = event->endpoint.len;
    }
}

static void remember(struct platform *p, const struct bc_server_datagram *datagram)
{
    struct bc_coap_message message;
    struct peer *peer = peer_at(p, &datagram->to);
    assert(datagram->bytes.len <= BC_DATAGRAM_BYTES_MAX);
    enum bc_err err = bc_coap_parse(datagram->bytes, &message);
    assert(err == BC_OK);
    if (message.type != BC_COAP_CON)
        return;
    peer->message_id = message.message_id;
    peer->token = message.token;
    if (bc_coap_option_number_of(&message, BC_COAP_OBSERVE, 1) == 0)
        peer->observed = message.token;
}

static void drain(struct platform *p)
{
    struct bc_server_datagram out[BC_SERVER_BATCH];
    size_t count;
    size_t taken = 0;
    while ((count = bc_server_take_datagrams(p->server, out, BC_SERVER_BATCH)) > 0) {
        taken += count;
        assert(taken < OPEN_MAX + 2 * STEPS_MAX);
        for (size_t i = 0; i < count; i++)
            remember(p, &out[i]);
    }
    assert(bc_server_deadline(p->server) > p->now_ms);
}

/* --- What it is told ------------------------------------------------------------------------- */

static void feed(struct platform *p, const struct peer *peer, bc_view datagram, bool expected)
{
    bc_view copy = fuzz_copy(datagram);
    if (expected)
        bc_server_expect(p->server, &(struct bc_server_incoming){peer->address, copy}, 1);
    bc_server_on_datagram(p->server, p->now_ms, &peer->address, copy);
    fuzz_free(copy);
}

struct head {
    enum bc_coap_type type;
    uint8_t code;
    uint16_t message_id;
    const struct bc_coap_token *token;
    const char *below_rd; /* an id, or NULL for no path */
};

/* `tail` is what follows, as raw options and payload. */
static void feed_built(struct platform *p, const struct peer *peer, const struct head *head,
                       bc_view tail)
{
    uint8_t bytes[400];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_coap_writer w =
        bc_coap_write_begin(&out, head->type, head->code, head->message_id, head->token);
    if (head->below_rd != NULL) {
        bc_coap_write_path(&w, BC_COAP_URI_PATH, BC_TEXT("rd"));
        bc_coap_write_option(&w, BC_COAP_URI_PATH,
                             (bc_view){(const uint8_t *)head->below_rd, strlen(head->below_rd)});
    }
    if (tail.len > 0)
        memcpy(bytes + out.len, tail.ptr, tail.len);
    feed(p, peer, (bc_view){bytes, out.len + tail.len}, false);
}

static void feed_registration(struct platform *p, const struct peer *peer, uint8_t code,
                              bc_view *in)
{
    const struct head head = {.type = BC_COAP_CON,
                              .code = code,
                              .message_id = p->next_message_id++,
                              .below_rd = peer->id};
    feed_built(p, peer, &head, fuzz_take(in, fuzz_take_byte(in)));
}

static void feed_response(struct platform *p, const struct peer *peer, enum bc_coap_type type,
                          const struct bc_coap_token *token, bc_view *in)
{
    struct head head = {.type = type, .message_id = peer->message_id, .token = token};
    if (type != BC_COAP_ACK)
        head.message_id = p->next_message_id++;
    head.code = fuzz_take_byte(in);
    feed_built(p, peer, &head, fuzz_take(in, fuzz_take_byte(in)));
}

/* The same device behind another address. */
static void feed_moved(struct platform *p, struct bc_address address, bc_view *in)
{
    struct peer peer = p->peer[0];
    uint8_t what = fuzz_take_byte(in) % 3;
    peer.address = address;
    if (what == 0)
        feed_registration(p, &peer, BC_COAP_POST, in);
    else
        feed_response(p, &peer, BC_COAP_NON, what == 1 ? &peer.observed : &peer.token, in);
}

static void feed_empty(struct platform *p, const struct peer *peer, enum bc_coap_type type)
{
    const struct head head = {.type = type, .message_id = peer->message_id};
    feed_built(p, peer, &head, (bc_view){0});
}

static void request(struct platform *p, const struct peer *peer, bc_view *in)
{
    static const uint8_t payload[255 * 8] = {0};
    static const int32_t formats[] = {BC_COAP_FORMAT_ABSENT, BC_COAP_FORMAT_TEXT,
                                      BC_COAP_FORMAT_OPAQUE, BC_COAP_FORMAT_TLV};
    static const struct bc_server_path paths[] = {{{19, 0, 0}, 3}, {{19, 0}, 2},   {{19, 1}, 2},
                                                  {{3}, 1},        {{3, 0, 0}, 3}, {{20, 0}, 2},
                                                  {{20}, 1},       {{1, 0, 8}, 3}};
    bc_view endpoint = {(const uint8_t *)peer->endpoint, peer->endpoint_bytes};
    struct bc_server_request request = {.tag = p->requests + 1};
    request.operation = (enum bc_server_operation)(fuzz_take_byte(in) % BC_SERVER_CANCEL + 1);
    request.path = paths[fuzz_take_byte(in) % (sizeof(paths) / sizeof(paths[0]))];
    uint8_t format = fuzz_take_byte(in);
    request.format = formats[format & 3];
    request.accept = formats[format >> 2 & 3];
    request.payload = (bc_view){payload, fuzz_take_byte(in) * 8U};
    if (p->requests == OPEN_MAX)
        return;
    enum bc_err err = bc_server_request(p->server, p->now_ms, endpoint, &request);
    assert(err != BC_ERR_RANGE || request.payload.len > BC_SERVER_VALUE_BYTES_MAX);
    if (err == BC_OK)
        p->open[p->requests++] = true;
}

static void jump(struct platform *p, uint64_t ms)
{
    p->now_ms += ms;
    bc_server_on_time(p->server, p->now_ms);
    drain(p);
}

static void wait(struct platform *p, uint64_t ms)
{
    uint64_t until_ms = p->now_ms + ms;
    for (unsigned steps = 0; bc_server_deadline(p->server) < until_ms; steps++) {
        assert(steps < DEADLINES_MAX);
        jump(p, bc_server_deadline(p->server) - p->now_ms);
    }
    jump(p, until_ms - p->now_ms);
}

static void list_devices(const struct platform *p)
{
    struct bc_server_device device;
    struct bc_server_device found;
    size_t count = 0;
    const void *cursor = NULL;
    while ((cursor = bc_server_next(p->server, cursor, &device)) != NULL) {
        count++;
        bool here = bc_server_find(p->server, device.endpoint, &found);
        assert(here && memcmp(found.id, device.id, sizeof(found.id)) == 0);
        assert(device.expires_ms > p->now_ms);
    }
    assert(count == bc_server_device_count(p->server));
}

static void step_time(struct platform *p, unsigned operation, bc_view *in)
{
    if (operation == 12)
        jump(p, (uint64_t)1 << fuzz_take_byte(in) % TIME_EXPONENT_MAX);
    else if (operation == 13)
        wait(p, (uint64_t)1 << fuzz_take_byte(in) % TIME_EXPONENT_MAX);
    else
        list_devices(p);
}

/* Bits of a step's first byte: its answers wait for those of the next step, or are never sent. */
#define HELD 0x10
#define DISCARDED 0x20

static void step(struct platform *p, bc_view *in)
{
    uint8_t tag = fuzz_take_byte(in);
    unsigned operation = tag & 15;
    const struct peer *peer = &p->peer[tag >> 6];
    if (operation <= 1) {
        size_t len = fuzz_take_u16(in);
        feed(p, peer, fuzz_take(in, len), operation == 1);
    } else if (operation <= 3) {
        feed_registration(p, peer, operation == 2 ? BC_COAP_POST : BC_COAP_DELETE, in);
    } else if (operation <= 6) {
        static const enum bc_coap_type types[] = {BC_COAP_ACK, BC_COAP_CON, BC_COAP_NON};
        feed_response(p, peer, types[operation - 4], &peer->token, in);
    } else if (operation <= 8) {
        feed_response(p, peer, operation == 7 ? BC_COAP_CON : BC_COAP_NON, &peer->observed, in);
    } else if (operation <= 10) {
        feed_empty(p, peer, operation == 9 ? BC_COAP_ACK : BC_COAP_RST);
    } else if (operation == 11) {
        request(p, peer, in);
    } else if (operation == 15) {
        feed_moved(p, peer->address, in);
    } else {
        step_time(p, operation, in);
    }
    if (tag & DISCARDED)
        bc_server_discard(p->server);
    if ((tag & HELD) == 0)
        drain(p);
}

/* --- One life -------------------------------------------------------------------------------- */

static void begin(struct platform *p, uint8_t choice)
{
    static const char *const carriers[] = {"iot", "aep", "dmp", "andlink"};
    struct bc_server_config config = bc_server_config_default();
    memset(p, 0, sizeof(*p));
    p->now_ms = START_MS;
    p->product.carrier = bc_server_carrier_find(carriers[choice & 3]);
    p->product.observe_all = (choice & 0x80) != 0;
    for (size_t i = 0; i < PEERS; i++)
        p->peer[i].address =
            (struct bc_address){.ip = {127, 0, 0, 1}, .ip_len = 4, .port = (uint16_t)(7001 + i)};
    p->peer[PEERS - 1].address = p->peer[0].address; /* on another channel */
    p->peer[PEERS - 1].address.channel = 1;
    config.seed = 7;
    config.devices_max = 3; /* small: every limit is to be met */
    config.observations_max = 4;
    config.requests_max = 4;
    config.duplicates_max = 16;
    config.transfers_max = 2;
    config.block_bytes = (uint16_t)((choice >> 4 & 7) == 0 ? 0 : 8U << (choice >> 4 & 7));
    config.find_product = find_product;
    config.accepts_product_id = accepts_product_id;
    config.is_trusted = (choice & 8) != 0 ? is_trusted : NULL;
    config.on_event = on_event;
    config.context = p;
    p->server = bc_server_create(&config);
    assert(p->server != NULL);
}

/* Nobody says anything any more. */
static void end(struct platform *p)
{
    for (unsigned steps = 0; bc_server_deadline(p->server) != BC_NEVER; steps++) {
        assert(steps < DEADLINES_MAX);
        jump(p, bc_server_deadline(p->server) - p->now_ms);
    }
    assert(bc_server_device_count(p->server) == 0);
    for (unsigned i = 0; i < p->requests; i++)
        assert(!p->open[i]);
    bc_server_destroy(p->server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct platform p;
    bc_view in = {data, size};
    begin(&p, fuzz_take_byte(&in));
    for (unsigned steps = 0; in.len > 0 && steps < STEPS_MAX; steps++)
        step(&p, &in);
    end(&p);
    return 0;
}
