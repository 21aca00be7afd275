/*
 * The virtual clock, the wire and the event book of bootstrap_desk.h.
 */
#include "bootstrap_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"

const struct desk_step desk_steps[DESK_STEPS] = {
    {"DELETE /", BC_COAP_DELETE, BC_COAP_DELETED}, {"PUT /0/0", BC_COAP_PUT, BC_COAP_CHANGED},
    {"PUT /0/1", BC_COAP_PUT, BC_COAP_CHANGED},    {"PUT /1/0", BC_COAP_PUT, BC_COAP_CHANGED},
    {"POST /bs", BC_COAP_POST, BC_COAP_CHANGED},
};

static void on_event(void *context, const struct bc_bootstrap_event *event)
{
    struct desk *d = context;
    assert_true(d->event_count < DESK_EVENTS_MAX);
    struct desk_event *seen = &d->events[d->event_count++];
    *seen = (struct desk_event){
        .kind = event->kind,
        .port = event->address.port,
        .code = event->code,
        .step = event->step,
        .reason = event->reason,
        .more = event->more,
    };
    snprintf(seen->endpoint, sizeof(seen->endpoint), "%.*s", (int)event->endpoint.len,
             event->endpoint.len == 0 ? "" : (const char *)event->endpoint.ptr);
    snprintf(seen->payload, sizeof(seen->payload), "%.*s", (int)event->payload.len,
             event->payload.len == 0 ? "" : (const char *)event->payload.ptr);
}

static bool find_information(void *context, bc_view endpoint, const struct bc_address *from,
                             struct bc_bootstrap_information *out)
{
    const struct desk *d = context;
    assert_true(endpoint.len > 0 && endpoint.len <= BC_ENDPOINT_BYTES_MAX);
    assert_int_equal(from->ip_len, 4);
    *out = d->information;
    return !d->closed;
}

void desk_begin_with(struct desk *d, const struct bc_bootstrap_config *config)
{
    struct bc_bootstrap_config full = *config;
    *d = (struct desk){
        .now_ms = 1000000,
        .information =
            {
                .bootstrap = {.uri = BC_TEXT("coap://b:1"), .security = BC_BOOTSTRAP_NO_SECURITY},
                .server = {.uri = BC_TEXT("coap://s:2"), .security = BC_BOOTSTRAP_NO_SECURITY},
                .short_server_id = 1,
                .lifetime_s = 300,
                .binding = BC_TEXT("U"),
                .stores_notifications = true,
            },
    };
    full.find_information = find_information;
    full.on_event = on_event;
    full.context = d;
    d->server = bc_bootstrap_server_create(&full);
    assert_non_null(d->server);
}

void desk_begin(struct desk *d)
{
    struct bc_bootstrap_config config = bc_bootstrap_config_default();
    config.seed = 7;
    desk_begin_with(d, &config);
}

void desk_end(struct desk *d)
{
    desk_expect_silence(d);
    assert_int_equal(d->event_seen, d->event_count);
    bc_bootstrap_server_destroy(d->server);
}

struct bc_address desk_address(uint16_t port)
{
    return (struct bc_address){.ip = {127, 0, 0, 1}, .ip_len = 4, .port = port};
}

/* Hex and the two words to bytes. */
static size_t decode(const struct desk *d, const char *hex, uint8_t out[DESK_BYTES_MAX])
{
    size_t len = 0;
    while (*hex != '\0') {
        if (strncmp(hex, "<token>", 7) == 0) {
            memcpy(out + len, d->last + 4, 4);
            len += 4;
            hex += 7;
        } else if (strncmp(hex, "<mid>", 5) == 0) {
            memcpy(out + len, d->last + 2, 2);
            len += 2;
            hex += 5;
        } else if (*hex == ' ') {
            hex++;
        } else {
            assert_true(len < DESK_BYTES_MAX);
            assert_true(bc_hex_decode((bc_view){(const uint8_t *)hex, 2}, out + len));
            len++;
            hex += 2;
        }
    }
    return len;
}

void desk_feed_bytes(struct desk *d, uint16_t port, bc_view bytes)
{
    struct bc_address from = desk_address(port);
    uint8_t *exact = malloc(bytes.len + 1); /* so that a sanitizer sees one byte too far */
    assert_non_null(exact);
    memcpy(exact, bytes.ptr, bytes.len);
    bc_bootstrap_server_on_datagram(d->server, d->now_ms, &from, (bc_view){exact, bytes.len});
    free(exact);
}

void desk_feed(struct desk *d, uint16_t port, const char *hex)
{
    uint8_t bytes[DESK_BYTES_MAX];
    size_t len = decode(d, hex, bytes);
    desk_feed_bytes(d, port, (bc_view){bytes, len});
}

static struct bc_server_datagram take(struct desk *d, uint16_t port)
{
    struct bc_server_datagram seen;
    assert_int_equal(bc_bootstrap_server_take_datagrams(d->server, &seen, 1), 1);
    assert_int_equal(seen.to.port, port);
    assert_true(seen.bytes.len <= DESK_BYTES_MAX);
    if (seen.bytes.ptr[0] == 0x44 && seen.bytes.ptr[1] != 0) {
        memcpy(d->last, seen.bytes.ptr, seen.bytes.len);
        d->last_bytes = seen.bytes.len;
    }
    return seen;
}

void desk_expect(struct desk *d, uint16_t port, const char *hex)
{
    uint8_t bytes[DESK_BYTES_MAX];
    struct bc_server_datagram seen = take(d, port);
    size_t len = decode(d, hex, bytes);
    assert_int_equal(seen.bytes.len, len);
    assert_memory_equal(seen.bytes.ptr, bytes, len);
}

void desk_expect_step(struct desk *d, uint16_t port, const struct desk_step *step)
{
    struct bc_server_datagram seen = take(d, port);
    assert_int_equal(seen.bytes.ptr[0], 0x44);
    assert_int_equal(seen.bytes.ptr[1], step->method);
}

void desk_expect_silence(struct desk *d)
{
    struct bc_server_datagram seen;
    assert_int_equal(bc_bootstrap_server_take_datagrams(d->server, &seen, 1), 0);
    assert_true(bc_bootstrap_server_deadline(d->server) > d->now_ms);
}

void desk_wait(struct desk *d, uint64_t ms)
{
    d->now_ms += ms;
    bc_bootstrap_server_on_time(d->server, d->now_ms);
}

void desk_wait_quietly(struct desk *d, uint64_t ms)
{
    size_t events = d->event_count;
    desk_wait(d, ms - 1);
    desk_expect_silence(d);
    assert_int_equal(d->event_count, events);
    assert_int_equal(bc_bootstrap_server_deadline(d->server), d->now_ms + 1);
    desk_wait(d, 1);
}

const struct desk_event *desk_expect_event(struct desk *d, enum bc_bootstrap_event_kind kind)
{
    assert_true(d->event_seen < d->event_count);
    const struct desk_event *event = &d->events[d->event_seen++];
    assert_int_equal(event->kind, kind);
    return event;
}

void desk_ask(struct desk *d, uint16_t port, uint16_t message_id, const char *endpoint)
{
    uint8_t bytes[400];
    char query[300];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_coap_writer w =
        bc_coap_write_begin(&out, BC_COAP_CON, BC_COAP_POST, message_id, NULL);
    snprintf(query, sizeof(query), "ep=%s", endpoint);
    bc_coap_write_option(&w, BC_COAP_URI_PATH, BC_TEXT("bs"));
    bc_coap_write_option(&w, BC_COAP_URI_QUERY, bc_view_of(query));
    assert_int_equal(bc_coap_write_end(&w), BC_OK);
    desk_feed_bytes(d, port, bc_sink_view(&out));
}

void desk_open(struct desk *d, uint16_t port, uint16_t message_id, const char *endpoint)
{
    char expected[16];
    desk_ask(d, port, message_id, endpoint);
    snprintf(expected, sizeof(expected), "6044%04X", message_id);
    desk_expect(d, port, expected);
    const struct desk_event *event = desk_expect_event(d, BC_BOOTSTRAP_REQUESTED);
    assert_string_equal(event->endpoint, endpoint);
    assert_int_equal(event->port, port);
}

void desk_answer(struct desk *d, uint16_t port, uint8_t code)
{
    char hex[32];
    snprintf(hex, sizeof(hex), "64%02X<mid><token>", code);
    desk_feed(d, port, hex);
}

void desk_open_to(struct desk *d, uint16_t port, const char *endpoint, size_t at)
{
    static uint16_t message_id = 0x5000;
    desk_open(d, port, ++message_id, endpoint);
    for (size_t i = 0; i < at; i++) {
        desk_expect_step(d, port, &desk_steps[i]);
        desk_answer(d, port, desk_steps[i].right);
    }
    desk_expect_step(d, port, &desk_steps[at]);
}

void desk_finish(struct desk *d, uint16_t port, size_t at)
{
    for (; at + 1 < DESK_STEPS; at++) {
        desk_answer(d, port, desk_steps[at].right);
        desk_expect_step(d, port, &desk_steps[at + 1]);
    }
    desk_answer(d, port, desk_steps[at].right);
    assert_int_equal(desk_expect_event(d, BC_BOOTSTRAP_FINISHED)->port, port);
}
