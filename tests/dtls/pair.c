/*
 * Two ends of DTLS and the network between them: see pair.h.
 */
#include "pair.h"

#include <stdlib.h>
#include <string.h>

#define IDENTITY "867724030023557"
#define KEY "0123456789abcdef"
#define ROUNDS_MAX 1000

static bool find_key(void *context, bc_view identity, bc_sink *key)
{
    struct pair *p = context;
    p->keys_asked++;
    if (p->known_identity == NULL || !bc_view_equal(identity, bc_view_of(p->known_identity)))
        return false;
    bc_put_bytes(key, p->known_key);
    return true;
}

struct bc_dtls_client pair_client(enum bc_dtls_version version)
{
    return (struct bc_dtls_client){
        .version = version, .identity = BC_TEXT(IDENTITY), .key = BC_TEXT(KEY)};
}

struct bc_dtls_server_config pair_config(enum bc_dtls_version version)
{
    return (struct bc_dtls_server_config){
        .find_key = find_key, .version = version, .resumption = true};
}

struct pair *pair_with(const struct bc_dtls_client *client,
                       const struct bc_dtls_server_config *server)
{
    struct pair *p = calloc(1, sizeof(*p));
    struct bc_dtls_server_config config = *server;
    assert_non_null(p);
    p->now_ms = 5000;
    p->known_identity = IDENTITY;
    p->known_key = BC_TEXT(KEY);
    p->client_address = (struct bc_address){.ip = {127, 0, 0, 1}, .ip_len = 4, .port = 40000};
    config.context = p;
    p->server = bc_dtls_server_create(&config);
    assert_non_null(p->server);
    pair_reopen(p, client);
    return p;
}

struct pair *pair_new(enum bc_dtls_version client, enum bc_dtls_version server)
{
    struct bc_dtls_client one = pair_client(client);
    struct bc_dtls_server_config other = pair_config(server);
    return pair_with(&one, &other);
}

void pair_reopen(struct pair *p, const struct bc_dtls_client *client)
{
    bc_dtls_free(p->client);
    bc_dtls_free(p->peer);
    p->peer = NULL;
    p->client = bc_dtls_open(client, p->now_ms);
    assert_non_null(p->client);
    p->sent = 0;
}

void pair_free(struct pair *p)
{
    bc_dtls_free(p->client);
    bc_dtls_free(p->peer);
    bc_dtls_server_destroy(p->server);
    free(p->held);
    free(p);
}

/* --- The network ----------------------------------------------------------------------------- */

static void enqueue(struct pair *p, const struct datagram *datagram)
{
    assert_true(p->on_wire < PAIR_WIRE_MAX);
    p->wire[p->on_wire++] = *datagram;
}

static void send(struct pair *p, bool to_server, bc_view bytes)
{
    assert_true(p->sent < PAIR_TAPE_MAX);
    assert_in_range(bytes.len, 1, BC_DTLS_DATAGRAM_BYTES_MAX);
    struct datagram *datagram = &p->tape[p->sent];
    *datagram = (struct datagram){.to_server = to_server, .len = bytes.len};
    memcpy(datagram->bytes, bytes.ptr, bytes.len);
    enum fate fate = p->fate != NULL ? p->fate(p->context, p->sent, to_server) : FATE_DELIVER;
    p->sent++;
    if (fate == FATE_SWAP && p->held == NULL) {
        p->held = malloc(sizeof(*p->held));
        assert_non_null(p->held);
        *p->held = *datagram;
        return;
    }
    if (fate != FATE_LOSE)
        enqueue(p, datagram);
    if (fate == FATE_TWICE)
        enqueue(p, datagram);
    if (p->held != NULL) {
        enqueue(p, p->held);
        free(p->held);
        p->held = NULL;
    }
}

static void drain(struct pair *p)
{
    bc_view out;
    while (bc_dtls_take(p->client, &out))
        send(p, true, out);
    assert_true(bc_dtls_deadline(p->client) > p->now_ms);
    while (p->peer != NULL && bc_dtls_take(p->peer, &out))
        send(p, false, out);
    assert_true(p->peer == NULL || bc_dtls_deadline(p->peer) > p->now_ms);
}

static void feed_listener(struct pair *p, bc_view in)
{
    uint8_t bytes[BC_DTLS_DATAGRAM_BYTES_MAX];
    bc_sink reply = {bytes, 0, sizeof(bytes), false};
    p->peer = bc_dtls_accept(p->server, p->now_ms, &p->client_address, in, &reply);
    assert_true(reply.len <= in.len && !reply.full);
    assert_true(p->peer == NULL || reply.len == 0);
    if (reply.len > 0)
        send(p, false, bc_sink_view(&reply));
}

void pair_inject(struct pair *p, bool to_server, bc_view datagram)
{
    bc_view copy = check_heap_copy(datagram);
    if (!to_server)
        bc_dtls_on_datagram(p->client, p->now_ms, copy);
    else if (p->peer != NULL)
        bc_dtls_on_datagram(p->peer, p->now_ms, copy);
    else
        feed_listener(p, copy);
    check_heap_free(copy);
}

void pair_settle(struct pair *p)
{
    drain(p);
    for (unsigned round = 0; p->on_wire > 0; round++) {
        assert_true(round < ROUNDS_MAX);
        struct datagram next = p->wire[0];
        memmove(p->wire, p->wire + 1, --p->on_wire * sizeof(p->wire[0]));
        pair_inject(p, next.to_server, (bc_view){next.bytes, next.len});
        drain(p);
    }
}

static uint64_t deadline(const struct pair *p)
{
    uint64_t first = bc_dtls_deadline(p->client);
    uint64_t second = p->peer != NULL ? bc_dtls_deadline(p->peer) : BC_NEVER;
    return first < second ? first : second;
}

void pair_run(struct pair *p)
{
    pair_settle(p);
    for (unsigned round = 0; deadline(p) != BC_NEVER; round++) {
        assert_true(round < ROUNDS_MAX);
        p->now_ms = deadline(p);
        bc_dtls_on_time(p->client, p->now_ms);
        if (p->peer != NULL)
            bc_dtls_on_time(p->peer, p->now_ms);
        pair_settle(p);
    }
}

/* --- Checks ---------------------------------------------------------------------------------- */

void pair_check_read(struct bc_dtls *end, bc_view plain)
{
    bc_view got;
    assert_true(bc_dtls_read(end, &got));
    assert_int_equal(got.len, plain.len);
    assert_memory_equal(got.ptr, plain.ptr, plain.len);
}

void pair_check_carries(struct pair *p, bool to_server, bc_view plain)
{
    bc_view none;
    struct bc_dtls *to = to_server ? p->peer : p->client;
    assert_int_equal(bc_dtls_write(to_server ? p->client : p->peer, plain), BC_OK);
    pair_settle(p);
    pair_check_read(to, plain);
    assert_false(bc_dtls_read(to, &none));
}

void pair_check_open(struct pair *p)
{
    assert_string_equal(bc_dtls_failure(p->client), "");
    assert_int_equal(bc_dtls_state(p->client), BC_DTLS_OPEN);
    assert_non_null(p->peer);
    assert_int_equal(bc_dtls_state(p->peer), BC_DTLS_OPEN);
    assert_true(bc_dtls_deadline(p->client) == BC_NEVER);
    assert_true(bc_dtls_deadline(p->peer) == BC_NEVER);
    pair_check_carries(p, true, BC_TEXT("up"));
    pair_check_carries(p, false, BC_TEXT("down"));
}
