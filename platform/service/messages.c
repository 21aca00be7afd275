/*
 * The log of CoAP messages both ways: the newest ones, in memory, at most so many and so many
 * bytes. They are kept as they were and decoded when somebody asks. Whose a message is becomes
 * known by what the core makes of it; those whose sender or receiver stays unknown are found by the
 * address.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/sink.h"
#include "coap/message.h"
#include "hash.h"
#include "live.h"

#define MESSAGES_MAX 4096
#define MESSAGES_BYTES_MAX (4 * 1024 * 1024)
#define PEERS_MAX 1024 /* whose endpoints are known by their address; one pushes another out */
#define CODE_CHARS 8
#define ADDRESS_CHARS (INET6_ADDRSTRLEN + 9)

struct message {
    int64_t utc_ms;
    uint64_t device; /* hash of the endpoint; 0: not known */
    struct bc_address peer;
    uint32_t len;
    bool up;
    uint8_t *bytes;
};

struct peer {
    struct bc_address address;
    uint8_t endpoint_bytes;
    uint8_t endpoint[BC_ENDPOINT_BYTES_MAX];
};

struct messages {
    struct live *live;
    struct hash_key key;
    uint64_t next; /* number of the next message, from 1; it lies at next % MESSAGES_MAX */
    uint64_t first;
    size_t bytes;
    struct message ring[MESSAGES_MAX];
    struct peer peers[PEERS_MAX];
};

/* Kept -----------------------------------------------------------------------------------------*/

struct messages *messages_create(struct live *live)
{
    struct messages *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return NULL;
    struct bc_random random = {(uint64_t)live->service->now.utc_ms ^ (uint64_t)(uintptr_t)m};
    m->live = live;
    m->key = bc_server_hash_key(&random);
    m->first = m->next = 1;
    return m;
}

static void drop_oldest(struct messages *m)
{
    struct message *oldest = &m->ring[m->first++ % MESSAGES_MAX];
    m->bytes -= oldest->len;
    free(oldest->bytes);
    oldest->bytes = NULL;
}

void messages_destroy(struct messages *m)
{
    if (m == NULL)
        return;
    while (m->first < m->next)
        drop_oldest(m);
    free(m);
}

static uint64_t hash_of(const struct messages *m, bc_view endpoint)
{
    return bc_server_hash(&m->key, endpoint) | 1;
}

static struct peer *peer_at(struct messages *m, const struct bc_address *address)
{
    return &m->peers[bc_server_hash_message(&m->key, address, address->channel) % PEERS_MAX];
}

static bc_view endpoint_at(struct messages *m, const struct bc_address *address)
{
    const struct peer *peer = peer_at(m, address);
    bool known = peer->endpoint_bytes > 0 && bc_address_equal(&peer->address, address);
    return known ? (bc_view){peer->endpoint, peer->endpoint_bytes} : (bc_view){0};
}

static json_t *message_json(const struct message *message);

void messages_add(struct messages *m, const struct bc_address *peer, bool up, bc_view message)
{
    bc_view endpoint = endpoint_at(m, peer);
    uint8_t *bytes = malloc(message.len + 1);
    if (bytes == NULL)
        return;
    while (m->first < m->next &&
           (m->next - m->first >= MESSAGES_MAX || m->bytes + message.len > MESSAGES_BYTES_MAX))
        drop_oldest(m);
    if (message.len > 0)
        memcpy(bytes, message.ptr, message.len);
    struct message *kept = &m->ring[m->next++ % MESSAGES_MAX];
    *kept = (struct message){
        .utc_ms = m->live->service->now.utc_ms,
        .device = endpoint.len > 0 ? hash_of(m, endpoint) : 0,
        .peer = *peer,
        .len = (uint32_t)message.len,
        .up = up,
        .bytes = bytes,
    };
    m->bytes += message.len;
    if (service_wants(m->live->service, SERVICE_MESSAGE))
        service_tell(m->live->service, SERVICE_MESSAGE, endpoint,
                     json_pack("{s:o}", "message", message_json(kept)));
}

/* The message that came last is what made the core tell, if it is from there. */
void messages_on_event(struct messages *m, const struct bc_server_event *event)
{
    bc_view endpoint = event->endpoint;
    if (event->kind == BC_SERVER_TIMED_OUT || event->kind == BC_SERVER_CANCELED ||
        event->kind == BC_SERVER_EXPIRED || endpoint.len == 0 ||
        endpoint.len > BC_ENDPOINT_BYTES_MAX)
        return;
    struct peer *peer = peer_at(m, &event->address);
    peer->address = event->address;
    peer->endpoint_bytes = (uint8_t)endpoint.len;
    memcpy(peer->endpoint, endpoint.ptr, endpoint.len);
    struct message *last = &m->ring[(m->next - 1) % MESSAGES_MAX];
    if (m->first < m->next && last->up && bc_address_equal(&last->peer, &event->address))
        last->device = hash_of(m, endpoint);
}

/* Shown ----------------------------------------------------------------------------------------*/

enum option_type { OPTION_BYTES, OPTION_NUMBER, OPTION_TEXT, OPTION_BLOCK };

static const struct {
    uint16_t number;
    enum option_type type;
    const char *name;
} option_rows[] = {
    {BC_COAP_IF_MATCH, OPTION_BYTES, "If-Match"},
    {BC_COAP_URI_HOST, OPTION_TEXT, "Uri-Host"},
    {BC_COAP_ETAG, OPTION_BYTES, "ETag"},
    {BC_COAP_IF_NONE_MATCH, OPTION_BYTES, "If-None-Match"},
    {BC_COAP_OBSERVE, OPTION_NUMBER, "Observe"},
    {BC_COAP_URI_PORT, OPTION_NUMBER, "Uri-Port"},
    {BC_COAP_LOCATION_PATH, OPTION_TEXT, "Location-Path"},
    {BC_COAP_URI_PATH, OPTION_TEXT, "Uri-Path"},
    {BC_COAP_CONTENT_FORMAT, OPTION_NUMBER, "Content-Format"},
    {BC_COAP_MAX_AGE, OPTION_NUMBER, "Max-Age"},
    {BC_COAP_URI_QUERY, OPTION_TEXT, "Uri-Query"},
    {BC_COAP_ACCEPT, OPTION_NUMBER, "Accept"},
    {BC_COAP_LOCATION_QUERY, OPTION_TEXT, "Location-Query"},
    {BC_COAP_BLOCK2, OPTION_BLOCK, "Block2"},
    {BC_COAP_BLOCK1, OPTION_BLOCK, "Block1"},
    {BC_COAP_SIZE2, OPTION_NUMBER, "Size2"},
    {BC_COAP_PROXY_URI, OPTION_TEXT, "Proxy-Uri"},
    {BC_COAP_PROXY_SCHEME, OPTION_TEXT, "Proxy-Scheme"},
    {BC_COAP_SIZE1, OPTION_NUMBER, "Size1"},
};

/* "2/1/64": number, more, bytes. */
static json_t *block_text(uint32_t value)
{
    return json_sprintf("%u/%u/%u", value >> 4, value >> 3 & 1, 16U << (value & 7));
}

static json_t *option_value(enum option_type type, bc_view value)
{
    uint32_t number;
    bool numeric = type == OPTION_NUMBER || type == OPTION_BLOCK;
    if (numeric && bc_coap_option_uint(value, &number))
        return type == OPTION_NUMBER ? json_integer(number) : block_text(number);
    return type == OPTION_TEXT ? service_text(value) : service_hex(value);
}

static json_t *option_json(const struct bc_coap_option *option)
{
    for (size_t i = 0; i < API_COUNT(option_rows); i++)
        if (option_rows[i].number == option->number)
            return json_pack("{s:s,s:o}", "name", option_rows[i].name, "value",
                             option_value(option_rows[i].type, option->value));
    return json_pack("{s:o,s:o}", "name", json_sprintf("%u", (unsigned)option->number), "value",
                     service_hex(option->value));
}

static json_t *address_json(const struct bc_address *address)
{
    char ip[INET6_ADDRSTRLEN] = "?";
    bool six = address->ip_len == 16;
    (void)inet_ntop(six ? AF_INET6 : AF_INET, address->ip, ip, sizeof(ip));
    return json_sprintf(six ? "[%s]:%u" : "%s:%u", ip, (unsigned)address->port);
}

static void set(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value);
}

static void set_content(json_t *out, const struct bc_coap_message *m)
{
    static const char *const types[] = {"CON", "NON", "ACK", "RST"};
    char text[CODE_CHARS + 1];
    bc_sink code = {.ptr = (uint8_t *)text, .cap = CODE_CHARS};
    struct bc_coap_options it = bc_coap_options(m);
    struct bc_coap_option option;
    json_t *options = json_array();
    bc_coap_code_text(m->code, &code);
    set(out, "type", json_string(types[m->type]));
    set(out, "code", json_stringn(text, code.len));
    set(out, "message_id", json_integer(m->message_id));
    set(out, "token", service_hex((bc_view){m->token.bytes, m->token.len}));
    while (bc_coap_option_next(&it, &option))
        (void)json_array_append_new(options, option_json(&option));
    set(out, "options", options);
    set(out, "payload_hex", service_hex(m->payload));
    set(out, "payload_text", live_printable(m->payload));
}

/* What is no CoAP is shown as bytes. */
static json_t *message_json(const struct message *message)
{
    bc_view bytes = {message->bytes, message->len};
    struct bc_coap_message m;
    json_t *out = json_object();
    set(out, "time_ms", json_integer(message->utc_ms));
    set(out, "direction", json_string(message->up ? "up" : "down"));
    set(out, "address", address_json(&message->peer));
    if (bc_coap_parse(bytes, &m) == BC_OK) {
        set_content(out, &m);
    } else {
        set(out, "type", json_null());
        set(out, "code", json_null());
        set(out, "options", json_array());
        set(out, "payload_hex", service_hex(bytes));
        set(out, "payload_text", live_printable(bytes));
    }
    return out;
}

void live_list_messages(struct api_call *call, struct api_answer *answer)
{
    struct messages *m = call->service->live->messages;
    struct api_window window = api_window(call);
    struct bc_server_device device = {0};
    json_t *items = json_array();
    uint64_t at = m->next;
    service_enter(call);
    bool registered = bc_server_find(call->service->config.server, call->segments[0], &device);
    uint64_t hash = hash_of(m, call->segments[0]);
    if (window.cursor > 0 && (uint64_t)window.cursor < at)
        at = (uint64_t)window.cursor;
    while (at > m->first && json_array_size(items) < window.limit) {
        const struct message *message = &m->ring[--at % MESSAGES_MAX];
        bool by_address =
            message->device == 0 && registered && bc_address_equal(&message->peer, &device.address);
        if (message->device == hash || by_address)
            (void)json_array_append_new(items, message_json(message));
    }
    api_page(answer, items, at > m->first ? (int64_t)at : 0);
}
