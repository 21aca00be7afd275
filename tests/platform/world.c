/*
 * The virtual clock, the wire and the event book of world.h.
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"

#define FIRST_MESSAGE_ID 0x7000

void world_on_event(void *context, const struct bc_server_event *event)
{
    struct world *w = context;
    assert_true(w->event_count < WORLD_EVENTS_MAX);
    struct world_event *seen = &w->events[w->event_count++];
    assert_true(event->payload.len <= sizeof(seen->payload));
    *seen = (struct world_event){
        .kind = event->kind,
        .operation = event->operation,
        .tag = event->tag,
        .code = event->code,
        .format = event->format,
        .payload_bytes = event->payload.len,
        .port = event->address.port,
        .observe = event->observe,
        .confirmable = event->confirmable,
        .stale = event->stale,
        .over = event->over,
        .links_changed = event->links_changed,
        .more = event->more,
        .begun = event->begun,
        .observed = event->observed,
        .token = event->observation.token,
        .reason = event->reason,
    };
    snprintf(seen->endpoint, sizeof(seen->endpoint), "%.*s", (int)event->endpoint.len,
             event->endpoint.len == 0 ? "" : (const char *)event->endpoint.ptr);
    bc_server_path_text(&event->path, seen->path);
    if (event->payload.len > 0)
        memcpy(seen->payload, event->payload.ptr, event->payload.len);
    if (event->device != NULL)
        seen->lifetime_s = event->device->lifetime_s;
    if (event->kind == BC_SERVER_REGISTERED && event->device != NULL)
        memcpy(w->id, event->device->id, sizeof(w->id));
}

static bool find_product(void *context, bc_view endpoint, struct bc_server_product *out)
{
    const struct world *w = context;
    assert_true(endpoint.len > 0 && endpoint.len <= BC_ENDPOINT_BYTES_MAX);
    *out = w->product;
    return !w->closed;
}

void world_begin_telling(struct world *w, const char *carrier,
                         const struct bc_server_config *config,
                         void (*on_event)(void *context, const struct bc_server_event *event))
{
    struct bc_server_config full = *config;
    *w = (struct world){.now_ms = 1000000};
    w->product.carrier = bc_server_carrier_find(carrier);
    assert_non_null(w->product.carrier);
    if (full.find_product == NULL)
        full.find_product = find_product;
    full.on_event = on_event;
    full.context = w;
    w->server = bc_server_create(&full);
    assert_non_null(w->server);
}

void world_begin_with(struct world *w, const char *carrier, const struct bc_server_config *config)
{
    world_begin_telling(w, carrier, config, world_on_event);
}

void world_begin(struct world *w, const char *carrier)
{
    struct bc_server_config config = bc_server_config_default();
    config.seed = 7;
    world_begin_with(w, carrier, &config);
}

void world_end(struct world *w)
{
    world_expect_silence(w);
    world_expect_no_event(w);
    bc_server_destroy(w->server);
}

struct bc_address world_address(uint16_t port)
{
    return (struct bc_address){.ip = {127, 0, 0, 1}, .ip_len = 4, .port = port};
}

/* Hex and the two words to bytes. */
static size_t decode(const struct world *w, const char *hex, uint8_t out[WORLD_BYTES_MAX])
{
    size_t len = 0;
    while (*hex != '\0') {
        if (strncmp(hex, "<id>", 4) == 0) {
            memcpy(out + len, w->id, BC_SERVER_ID_CHARS);
            len += BC_SERVER_ID_CHARS;
            hex += 4;
        } else if (strncmp(hex, "<token>", 7) == 0) {
            memcpy(out + len, w->token, sizeof(w->token));
            len += sizeof(w->token);
            hex += 7;
        } else if (strncmp(hex, "<mid>", 5) == 0) {
            out[len++] = (uint8_t)(w->message_id >> 8);
            out[len++] = (uint8_t)w->message_id;
            hex += 5;
        } else if (*hex == ' ') {
            hex++;
        } else {
            assert_true(len < WORLD_BYTES_MAX);
            assert_true(bc_hex_decode((bc_view){(const uint8_t *)hex, 2}, out + len));
            len++;
            hex += 2;
        }
    }
    return len;
}

void world_feed(struct world *w, uint16_t port, const char *hex)
{
    uint8_t bytes[WORLD_BYTES_MAX];
    size_t len = decode(w, hex, bytes);
    uint8_t *exact = malloc(len + 1); /* so that a sanitizer sees one byte too far */
    assert_non_null(exact);
    memcpy(exact, bytes, len);
    struct bc_server_incoming in = {world_address(port), {exact, len}};
    in.from.channel = w->channel;
    bc_server_expect(w->server, &in, 1); /* as the program does: changes nothing */
    bc_server_on_datagram(w->server, w->now_ms, &in.from, in.bytes);
    free(exact);
}

void world_expect(struct world *w, uint16_t port, const char *hex)
{
    struct bc_server_datagram seen;
    uint8_t bytes[WORLD_BYTES_MAX];
    assert_int_equal(bc_server_take_datagrams(w->server, &seen, 1), 1);
    const uint8_t *at = seen.bytes.ptr;
    bool request = seen.bytes.len >= 8 && at[0] == 0x44 && at[1] > 0 && at[1] < 5;
    if (request) {
        w->message_id = (uint16_t)(at[2] << 8 | at[3]);
        memcpy(w->token, at + 4, sizeof(w->token));
    }
    size_t len = decode(w, hex, bytes);
    assert_int_equal(seen.to.port, port);
    assert_int_equal(seen.to.channel, w->channel);
    assert_int_equal(seen.bytes.len, len);
    assert_memory_equal(seen.bytes.ptr, bytes, len);
}

void world_expect_silence(struct world *w)
{
    struct bc_server_datagram seen;
    assert_int_equal(bc_server_take_datagrams(w->server, &seen, 1), 0);
    assert_true(bc_server_deadline(w->server) > w->now_ms);
}

void world_wait(struct world *w, uint64_t ms)
{
    w->now_ms += ms;
    bc_server_on_time(w->server, w->now_ms);
}

void world_wait_quietly(struct world *w, uint64_t ms)
{
    size_t events = w->event_count;
    world_wait(w, ms - 1);
    world_expect_silence(w);
    assert_int_equal(w->event_count, events);
    world_wait(w, 1);
}

const struct world_event *world_expect_event(struct world *w, enum bc_server_event_kind kind)
{
    assert_true(w->event_seen < w->event_count);
    const struct world_event *event = &w->events[w->event_seen++];
    assert_int_equal(event->kind, kind);
    return event;
}

void world_expect_no_event(struct world *w)
{
    assert_int_equal(w->event_seen, w->event_count);
}

void world_take_all(struct world *w)
{
    struct bc_server_datagram seen;
    while (bc_server_take_datagrams(w->server, &seen, 1) > 0)
        ;
}

uint16_t world_register_silently(struct world *w, uint16_t port, const char *endpoint,
                                 const char *links)
{
    static uint16_t message_id = FIRST_MESSAGE_ID;
    uint8_t bytes[WORLD_BYTES_MAX];
    char query[200];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_address from = world_address(port);
    from.channel = w->channel;
    struct bc_coap_writer writer =
        bc_coap_write_begin(&out, BC_COAP_CON, BC_COAP_POST, ++message_id, NULL);
    snprintf(query, sizeof(query), "ep=%s", endpoint);
    bc_coap_write_option(&writer, BC_COAP_URI_PATH, BC_TEXT("rd"));
    bc_coap_write_uint(&writer, BC_COAP_CONTENT_FORMAT, BC_COAP_FORMAT_LINK);
    bc_coap_write_option(&writer, BC_COAP_URI_QUERY, BC_TEXT("lwm2m=1.0"));
    bc_coap_write_option(&writer, BC_COAP_URI_QUERY, bc_view_of(query));
    bc_coap_write_option(&writer, BC_COAP_URI_QUERY, BC_TEXT("lt=300"));
    if (links[0] != '\0')
        bc_coap_write_payload(&writer, bc_view_of(links));
    assert_int_equal(bc_coap_write_end(&writer), BC_OK);
    bc_server_on_datagram(w->server, w->now_ms, &from, bc_sink_view(&out));
    return message_id;
}

void world_register(struct world *w, uint16_t port, const char *endpoint, const char *links)
{
    char expected[100];
    snprintf(expected, sizeof(expected), "6041%04X 827264 0A<id>",
             world_register_silently(w, port, endpoint, links));
    world_expect(w, port, expected);
}

void world_answer(struct world *w, uint16_t port, uint8_t code, const char *rest)
{
    char hex[3 * WORLD_BYTES_MAX];
    snprintf(hex, sizeof(hex), "64%02X%04X <token> %s", code, w->message_id, rest);
    world_feed(w, port, hex);
}

enum bc_err world_request(struct world *w, const char *endpoint, enum bc_server_operation operation,
                          const char *path, uint64_t tag)
{
    struct bc_server_request request = {
        .operation = operation,
        .accept = BC_COAP_FORMAT_ABSENT,
        .format = BC_COAP_FORMAT_ABSENT,
        .tag = tag,
    };
    assert_true(bc_server_path_parse(bc_view_of(path), &request.path));
    if (operation == BC_SERVER_WRITE) {
        request.format = BC_COAP_FORMAT_OPAQUE;
        request.payload = BC_TEXT("\x01\x02");
    }
    return bc_server_request(w->server, w->now_ms, bc_view_of(endpoint), &request);
}
