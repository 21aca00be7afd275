/*
 * The platform's bootstrap server under hostile datagrams from four addresses, with steps of time.
 * It asserts that output ends and is CoAP, that every bootstrap that is told as requested is told
 * as finished or failed exactly once, that the limits hold, and that a server left alone forgets
 * everybody.
 *
 * The first byte says what devices are told: 1 discover, 2 no own URI, 4 keys. Then operations, the
 * low three bits of their first byte; the two highest bits are the address:
 *   0     a 2-byte length and a datagram
 *   1     POST /bs?ep=: a 1-byte length and the endpoint name; bit 5 of the operation: NON
 *   2     a response to the last request sent there: code, a 1-byte length, options and payload
 *   3     the same as a separate CON, 4 as a separate NON
 *   5     an empty acknowledgement of the last request; 6 a reset; bit 5: the right answer instead
 *   7     time goes on by 2^(byte % 20) ms; bit 5: deadline by deadline
 */
#include "bootstrap.h"

#include <assert.h>
#include <string.h>

#include "base/sink.h"
#include "coap/message.h"
#include "input.h"

#define STEPS_MAX 1024
#define PEERS 4
#define SESSIONS_MAX 3 /* small: every limit is to be met */
#define DATAGRAMS_MAX 64
#define DEADLINES_MAX 20000
#define START_MS 1000
#define TIME_EXPONENT_MAX 20
#define REFUSED '!' /* the first letter of endpoints that are not served */

struct peer {
    struct bc_address address;
    struct bc_coap_message last; /* the last request sent there; only its head is good */
};

struct open {
    uint8_t endpoint[BC_ENDPOINT_BYTES_MAX];
    size_t bytes; /* 0 = a free place */
};

struct platform {
    struct bc_bootstrap_server *server;
    struct bc_bootstrap_information information;
    uint64_t now_ms;
    uint16_t next_message_id; /* of the messages we build */
    struct peer peer[PEERS];
    struct open open[SESSIONS_MAX]; /* bootstraps that have not ended */
};

/* --- What the server says -------------------------------------------------------------------- */

static bool find_information(void *context, bc_view endpoint, const struct bc_address *from,
                             struct bc_bootstrap_information *out)
{
    const struct platform *p = context;
    assert(endpoint.len > 0 && endpoint.len <= BC_ENDPOINT_BYTES_MAX && from->ip_len == 4);
    *out = p->information;
    return endpoint.ptr[0] != REFUSED;
}

static struct open *find_open(struct platform *p, bc_view endpoint)
{
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        if (p->open[i].bytes == endpoint.len &&
            (endpoint.len == 0 || memcmp(p->open[i].endpoint, endpoint.ptr, endpoint.len) == 0))
            return &p->open[i];
    return NULL;
}

static void on_event(void *context, const struct bc_bootstrap_event *event)
{
    struct platform *p = context;
    bool failed = event->kind == BC_BOOTSTRAP_FAILED;
    assert((event->reason != NULL) == (failed || event->kind == BC_BOOTSTRAP_REJECTED));
    assert((event->step != NULL) == failed);
    if (event->kind == BC_BOOTSTRAP_REJECTED) {
        assert(event->code >= BC_COAP_BAD_REQUEST);
        return;
    }
    struct open *open = find_open(p, event->endpoint);
    if (event->kind == BC_BOOTSTRAP_REQUESTED) {
        assert(open == NULL);
        open = find_open(p, (bc_view){0});
        assert(open != NULL);
        memcpy(open->endpoint, event->endpoint.ptr, event->endpoint.len);
        open->bytes = event->endpoint.len;
        return;
    }
    assert(open != NULL);
    if (event->kind != BC_BOOTSTRAP_DISCOVERED)
        open->bytes = 0;
}

static void remember(struct platform *p, const struct bc_server_datagram *datagram)
{
    struct bc_coap_message message;
    assert(datagram->bytes.len <= BC_DATAGRAM_BYTES_MAX);
    enum bc_err err = bc_coap_parse(datagram->bytes, &message);
    assert(err == BC_OK);
    for (size_t i = 0; i < PEERS && message.type == BC_COAP_CON; i++)
        if (bc_address_equal(&p->peer[i].address, &datagram->to))
            p->peer[i].last = message;
}

static void drain(struct platform *p)
{
    struct bc_server_datagram out[BC_SERVER_BATCH];
    size_t count;
    size_t taken = 0;
    size_t open = 0;
    while ((count = bc_bootstrap_server_take_datagrams(p->server, out, BC_SERVER_BATCH)) > 0) {
        taken += count;
        assert(taken < DATAGRAMS_MAX);
        for (size_t i = 0; i < count; i++)
            remember(p, &out[i]);
    }
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        open += p->open[i].bytes > 0;
    assert(bc_bootstrap_server_session_count(p->server) == open);
    assert(bc_bootstrap_server_deadline(p->server) > p->now_ms);
}

/* --- What it is told ------------------------------------------------------------------------- */

static void feed(struct platform *p, const struct peer *peer, bc_view datagram)
{
    bc_view copy = fuzz_copy(datagram);
    bc_bootstrap_server_on_datagram(p->server, p->now_ms, &peer->address, copy);
    fuzz_free(copy);
}

static void feed_request(struct platform *p, const struct peer *peer, enum bc_coap_type type,
                         bc_view *in)
{
    uint8_t bytes[400];
    uint8_t query[3 + UINT8_MAX] = {'e', 'p', '='};
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    bc_view endpoint = fuzz_take(in, fuzz_take_byte(in));
    if (endpoint.len > 0)
        memcpy(query + 3, endpoint.ptr, endpoint.len);
    struct bc_coap_writer w =
        bc_coap_write_begin(&out, type, BC_COAP_POST, p->next_message_id++, NULL);
    bc_coap_write_option(&w, BC_COAP_URI_PATH, BC_TEXT("bs"));
    bc_coap_write_option(&w, BC_COAP_URI_QUERY, (bc_view){query, 3 + endpoint.len});
    feed(p, peer, bc_sink_view(&out));
}

/* `tail` is what follows, as raw options and payload. */
static void feed_response(struct platform *p, const struct peer *peer, enum bc_coap_type type,
                          uint8_t code, bc_view tail)
{
    uint8_t bytes[400];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    uint16_t message_id = type == BC_COAP_ACK ? peer->last.message_id : p->next_message_id++;
    (void)bc_coap_write_begin(&out, type, code, message_id, &peer->last.token);
    bc_put_bytes(&out, tail);
    feed(p, peer, bc_sink_view(&out));
}

static void feed_empty(struct platform *p, const struct peer *peer, enum bc_coap_type type)
{
    uint8_t bytes[BC_COAP_HEADER_BYTES];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    (void)bc_coap_write_begin(&out, type, BC_COAP_EMPTY, peer->last.message_id, NULL);
    feed(p, peer, bc_sink_view(&out));
}

static void feed_right_answer(struct platform *p, const struct peer *peer)
{
    uint8_t method = peer->last.code;
    uint8_t code = method == BC_COAP_GET      ? BC_COAP_CONTENT
                   : method == BC_COAP_DELETE ? BC_COAP_DELETED
                                              : BC_COAP_CHANGED;
    feed_response(p, peer, BC_COAP_ACK, code, (bc_view){0});
}

static void jump(struct platform *p, uint64_t ms)
{
    p->now_ms += ms;
    bc_bootstrap_server_on_time(p->server, p->now_ms);
    drain(p);
}

static void wait(struct platform *p, uint64_t ms)
{
    uint64_t until_ms = p->now_ms + ms;
    for (unsigned steps = 0; bc_bootstrap_server_deadline(p->server) < until_ms; steps++) {
        assert(steps < DEADLINES_MAX);
        jump(p, bc_bootstrap_server_deadline(p->server) - p->now_ms);
    }
    jump(p, until_ms - p->now_ms);
}

static void step(struct platform *p, bc_view *in)
{
    static const enum bc_coap_type types[] = {BC_COAP_ACK, BC_COAP_CON, BC_COAP_NON};
    uint8_t tag = fuzz_take_byte(in);
    unsigned operation = tag & 7;
    bool other = (tag & 0x20) != 0;
    const struct peer *peer = &p->peer[tag >> 6];
    if (operation == 0) {
        size_t len = fuzz_take_u16(in);
        feed(p, peer, fuzz_take(in, len));
    } else if (operation == 1) {
        feed_request(p, peer, other ? BC_COAP_NON : BC_COAP_CON, in);
    } else if (operation <= 4) {
        uint8_t code = fuzz_take_byte(in);
        size_t len = fuzz_take_byte(in);
        feed_response(p, peer, types[operation - 2], code, fuzz_take(in, len));
    } else if (operation <= 6 && other) {
        feed_right_answer(p, peer);
    } else if (operation <= 6) {
        feed_empty(p, peer, operation == 5 ? BC_COAP_ACK : BC_COAP_RST);
    } else {
        uint64_t ms = (uint64_t)1 << fuzz_take_byte(in) % TIME_EXPONENT_MAX;
        if (other)
            wait(p, ms);
        else
            jump(p, ms);
    }
    drain(p);
}

/* --- One life -------------------------------------------------------------------------------- */

static void begin(struct platform *p, uint8_t choice)
{
    struct bc_bootstrap_config config = bc_bootstrap_config_default();
    struct bc_bootstrap_account account = {
        .uri = BC_TEXT("coap://192.0.2.1:5683"),
        .security = (choice & 4) != 0 ? BC_BOOTSTRAP_PSK : BC_BOOTSTRAP_NO_SECURITY,
        .identity = BC_TEXT("identity"),
        .key = BC_TEXT("0123456789abcdef"),
    };
    memset(p, 0, sizeof(*p));
    p->now_ms = START_MS;
    for (size_t i = 0; i < PEERS; i++)
        p->peer[i].address =
            (struct bc_address){.ip = {127, 0, 0, 1}, .ip_len = 4, .port = (uint16_t)(7001 + i)};
    p->information = (struct bc_bootstrap_information){
        .bootstrap = account,
        .server = account,
        .short_server_id = 1,
        .lifetime_s = 86400,
        .binding = BC_TEXT("U"),
        .discover = (choice & 1) != 0,
    };
    if ((choice & 2) != 0)
        p->information.bootstrap.uri.len = 0;
    config.seed = 7;
    config.sessions_max = SESSIONS_MAX;
    config.duplicates_max = 16;
    config.find_information = find_information;
    config.on_event = on_event;
    config.context = p;
    p->server = bc_bootstrap_server_create(&config);
    assert(p->server != NULL);
}

/* Nobody says anything any more. */
static void end(struct platform *p)
{
    for (unsigned steps = 0; bc_bootstrap_server_deadline(p->server) != BC_NEVER; steps++) {
        assert(steps < DEADLINES_MAX);
        jump(p, bc_bootstrap_server_deadline(p->server) - p->now_ms);
    }
    assert(bc_bootstrap_server_session_count(p->server) == 0);
    bc_bootstrap_server_destroy(p->server);
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
