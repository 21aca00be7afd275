/*
 * The peers and the network of crowd.h.
 */
#include "crowd.h"

#include <stdio.h>
#include <string.h>

#define FIRST_PORT 10000
#define ROUNDS_MAX 100

static bool find_key(void *context, bc_view identity, bc_sink *key)
{
    const struct crowd *c = context;
    if (identity.len < 3 || memcmp(identity.ptr, "dev", 3) != 0 ||
        (c->gone != NULL && bc_view_equal(identity, bc_view_of(c->gone))))
        return false;
    bc_put_bytes(key, BC_TEXT(CROWD_KEY));
    return true;
}

static void on_event(void *context, const struct secure_event *event)
{
    struct crowd *c = context;
    assert_true(c->event_count < CROWD_EVENTS_MAX);
    struct crowd_event *seen = &c->events[c->event_count++];
    *seen = (struct crowd_event){
        .kind = event->kind,
        .port = event->address.port,
        .channel = event->address.channel,
        .resumed = event->resumed,
        .count = event->count,
    };
    snprintf(seen->identity, sizeof(seen->identity), "%.*s", (int)event->identity.len,
             event->identity.len == 0 ? "" : (const char *)event->identity.ptr);
    snprintf(seen->reason, sizeof(seen->reason), "%s", event->reason != NULL ? event->reason : "");
    snprintf(seen->version, sizeof(seen->version), "%s",
             event->version != NULL ? event->version : "");
}

void crowd_begin(struct crowd *c, const struct secure_config *config)
{
    struct secure_config full = *config;
    *c = (struct crowd){.now_ms = 1000000};
    full.find_key = find_key;
    full.find_key_context = c;
    full.on_event = on_event;
    full.on_event_context = c;
    full.seed = 7;
    c->l = platform_secure_create(&full);
    assert_non_null(c->l);
}

void crowd_end(struct crowd *c)
{
    for (size_t i = 0; i < CROWD_MAX; i++)
        bc_dtls_free(c->clients[i]);
    platform_secure_destroy(c->l);
    assert_int_equal(c->event_seen, c->event_count);
}

struct bc_address crowd_address(unsigned client)
{
    return (struct bc_address){
        .ip = {127, 0, 0, 1}, .ip_len = 4, .port = (uint16_t)(FIRST_PORT + client)};
}

struct bc_dtls_client crowd_client(const char *identity)
{
    return (struct bc_dtls_client){
        .version = BC_DTLS_NEGOTIATED, .identity = bc_view_of(identity), .key = BC_TEXT(CROWD_KEY)};
}

/* --- The network ----------------------------------------------------------------------------- */

static void read_plain(struct crowd *c)
{
    bc_view plain;
    while (platform_secure_read(c->l, &c->peer, &plain)) {
        memcpy(c->plain, plain.ptr, plain.len);
        c->plain_bytes = plain.len;
        assert_true(c->peer.channel != 0);
    }
}

void crowd_inject(struct crowd *c, unsigned client, bc_view datagram)
{
    struct bc_address from = crowd_address(client);
    bc_view copy = check_heap_copy(datagram);
    platform_secure_on_datagram(c->l, c->now_ms, &from, copy);
    check_heap_free(copy);
    read_plain(c);
}

static bool carry_up(struct crowd *c)
{
    bool any = false;
    bc_view out;
    for (unsigned i = 0; i < CROWD_MAX; i++)
        while (c->clients[i] != NULL && bc_dtls_take(c->clients[i], &out)) {
            crowd_inject(c, i, out);
            any = true;
        }
    return any;
}

static bool carry_down(struct crowd *c)
{
    struct bc_server_datagram out[3];
    size_t count = platform_secure_take(c->l, out, 3);
    for (size_t i = 0; i < count; i++) {
        unsigned client = out[i].to.port - FIRST_PORT;
        c->replied_bytes += out[i].bytes.len;
        assert_true(client < CROWD_MAX);
        if (c->clients[client] != NULL && !c->deaf)
            bc_dtls_on_datagram(c->clients[client], c->now_ms, out[i].bytes);
    }
    return count > 0;
}

void crowd_settle(struct crowd *c)
{
    for (unsigned round = 0; carry_up(c) || carry_down(c); round++)
        assert_true(round < ROUNDS_MAX * CROWD_MAX);
    assert_true(platform_secure_deadline(c->l) > c->now_ms);
}

static uint64_t next_deadline(const struct crowd *c)
{
    uint64_t next = platform_secure_deadline(c->l);
    for (size_t i = 0; i < CROWD_MAX; i++)
        if (c->clients[i] != NULL && bc_dtls_deadline(c->clients[i]) < next)
            next = bc_dtls_deadline(c->clients[i]);
    return next;
}

void crowd_wait(struct crowd *c, uint64_t ms)
{
    uint64_t until_ms = c->now_ms + ms;
    while (c->now_ms < until_ms) {
        uint64_t next = next_deadline(c);
        c->now_ms = next < until_ms ? next : until_ms;
        platform_secure_on_time(c->l, c->now_ms);
        for (size_t i = 0; i < CROWD_MAX; i++)
            if (c->clients[i] != NULL)
                bc_dtls_on_time(c->clients[i], c->now_ms);
        crowd_settle(c);
    }
}

/* --- Clients --------------------------------------------------------------------------------- */

void crowd_say_hello(struct crowd *c, unsigned client, const struct bc_dtls_client *how)
{
    bc_dtls_free(c->clients[client]);
    c->clients[client] = bc_dtls_open(how, c->now_ms);
    assert_non_null(c->clients[client]);
}

struct bc_address crowd_join(struct crowd *c, unsigned client, const char *identity)
{
    struct bc_dtls_client how = crowd_client(identity);
    crowd_say_hello(c, client, &how);
    crowd_settle(c);
    const struct crowd_event *event = crowd_expect_event(c, SECURE_OPENED, identity, "");
    assert_int_equal(event->port, crowd_address(client).port);
    struct bc_address peer = crowd_address(client);
    peer.channel = event->channel;
    return peer;
}

bool crowd_carries_up(struct crowd *c, unsigned client)
{
    c->plain_bytes = 0;
    if (bc_dtls_write(c->clients[client], BC_TEXT("up")) != BC_OK)
        return false;
    crowd_settle(c);
    return c->plain_bytes == 2 && memcmp(c->plain, "up", 2) == 0 &&
           c->peer.port == crowd_address(client).port;
}

bool crowd_carries_down(struct crowd *c, unsigned client, const struct bc_address *peer)
{
    bc_view plain;
    platform_secure_send(c->l, peer, BC_TEXT("down"));
    crowd_settle(c);
    return bc_dtls_read(c->clients[client], &plain) && bc_view_equal(plain, BC_TEXT("down"));
}

/* --- Checks ---------------------------------------------------------------------------------- */

const struct crowd_event *crowd_expect_event(struct crowd *c, enum secure_event_kind kind,
                                             const char *identity, const char *reason)
{
    assert_true(c->event_seen < c->event_count);
    const struct crowd_event *event = &c->events[c->event_seen++];
    assert_string_equal(event->reason, reason);
    assert_string_equal(event->identity, identity);
    assert_int_equal(event->kind, kind);
    return event;
}

void crowd_expect_counts(const struct crowd *c, size_t sessions, size_t handshakes)
{
    struct secure_counts counts = platform_secure_counts(c->l);
    assert_int_equal(counts.sessions, sessions);
    assert_int_equal(counts.handshakes, handshakes);
}
