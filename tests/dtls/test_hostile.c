/*
 * Bytes of those who mean harm (dtls/dtls.h; RFC 6347 sections 4.1.2.7 and 4.2.1): an open session
 * outlives all that is no record of its peer, and an unproven address costs nothing.
 */
#include "pair.h"

#include <stdlib.h>
#include <string.h>

/* --- An open session ------------------------------------------------------------------------- */

static struct pair *open_pair(enum bc_dtls_version version)
{
    struct pair *p = pair_new(version, BC_DTLS_NEGOTIATED);
    pair_run(p);
    pair_check_open(p);
    return p;
}

/* Both ends get it, say nothing and are open as before. */
static void inject_both(struct pair *p, bc_view datagram)
{
    bc_view out;
    pair_inject(p, false, datagram);
    bc_dtls_on_datagram(p->peer, p->now_ms, datagram);
    assert_false(bc_dtls_read(p->client, &out));
    assert_false(bc_dtls_read(p->peer, &out));
    assert_int_equal(bc_dtls_state(p->client), BC_DTLS_OPEN);
    assert_int_equal(bc_dtls_state(p->peer), BC_DTLS_OPEN);
}

static void open_session_ignores_plain_alerts(void **state)
{
    (void)state;
    for (unsigned version = BC_DTLS_1_0; version <= BC_DTLS_1_2; version++) {
        struct pair *p = open_pair((enum bc_dtls_version)version);
        for (unsigned level = 1; level <= 2; level++) {
            for (unsigned alert = 0; alert < 256; alert++) {
                /* Each with a number of its own, as high as a forger likes. */
                uint8_t record[] = {
                    21, 0xFE,           0xFD,          0, 0, 0, 0, 0, 0, 1, (uint8_t)alert, 0,
                    2,  (uint8_t)level, (uint8_t)alert};
                inject_both(p, (bc_view){record, sizeof(record)});
                record[4] = 1; /* the epoch of the session, but no MAC */
                inject_both(p, (bc_view){record, sizeof(record)});
                record[4] = 2;
                inject_both(p, (bc_view){record, sizeof(record)});
            }
        }
        pair_check_open(p);
        pair_free(p);
    }
}

/* Shorter than any true record of its cipher, or just not: OpenSSL ends a session over some. */
static void open_session_drops_records_of_any_length(void **state)
{
    (void)state;
    for (unsigned version = BC_DTLS_1_0; version <= BC_DTLS_1_2; version++) {
        struct pair *p = open_pair((enum bc_dtls_version)version);
        for (uint8_t type = 20; type <= 24; type++) {
            for (uint8_t len = 0; len < 120; len++) {
                uint8_t record[13 + 120] = {type, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 1, len, 0, len};
                record[2] = version == BC_DTLS_1_0 ? 0xFF : 0xFD;
                inject_both(p, (bc_view){record, 13U + len});
            }
        }
        pair_check_open(p);
        pair_free(p);
    }
}

static void open_session_drops_replayed_records(void **state)
{
    (void)state;
    for (unsigned version = BC_DTLS_1_0; version <= BC_DTLS_1_2; version++) {
        struct pair *p = open_pair((enum bc_dtls_version)version);
        bc_view out;
        size_t sent = p->sent;
        for (size_t i = 0; i < sent; i++)
            pair_inject(p, p->tape[i].to_server, (bc_view){p->tape[i].bytes, p->tape[i].len});
        assert_false(bc_dtls_read(p->client, &out));
        assert_false(bc_dtls_read(p->peer, &out));
        pair_settle(p);
        pair_check_open(p);
        pair_free(p);
    }
}

/* Any bit of a record that was changed on the way, any part of it. */
static void open_session_drops_altered_and_cut_records(void **state)
{
    (void)state;
    for (unsigned version = BC_DTLS_1_0; version <= BC_DTLS_1_2; version++) {
        struct pair *p = open_pair((enum bc_dtls_version)version);
        bc_view out;
        uint8_t bytes[256];
        assert_int_equal(bc_dtls_write(p->client, BC_TEXT("genuine")), BC_OK);
        assert_true(bc_dtls_take(p->client, &out) && out.len <= sizeof(bytes));
        size_t len = out.len;
        memcpy(bytes, out.ptr, len);
        for (size_t bit = 0; bit < len * 8; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
            inject_both(p, (bc_view){bytes, len});
            bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        for (size_t part = 0; part < len; part++)
            inject_both(p, (bc_view){bytes, part});
        bc_dtls_on_datagram(p->peer, p->now_ms, (bc_view){bytes, len});
        pair_check_read(p->peer, BC_TEXT("genuine"));
        pair_check_open(p);
        pair_free(p);
    }
}

static void open_session_drops_garbage_of_any_length(void **state)
{
    (void)state;
    struct bc_random random = {7};
    struct pair *p = open_pair(BC_DTLS_1_2);
    uint8_t bytes[1500];
    for (unsigned i = 0; i < 5000; i++) {
        size_t len = check_draw(&random, sizeof(bytes) + 1);
        for (size_t at = 0; at < len; at++)
            bytes[at] = (uint8_t)bc_random_next(&random);
        if (i % 2 == 0 && len >= 13) {
            static const uint8_t head[] = {22, 0xFE, 0xFD, 0, 0};
            memcpy(bytes, head, sizeof(head));
            bytes[0] = (uint8_t)(20 + i % 5);
            bytes[4] = (uint8_t)(i % 3);
            bytes[11] = (uint8_t)((len - 13) >> 8);
            bytes[12] = (uint8_t)(len - 13);
        }
        inject_both(p, (bc_view){bytes, len});
    }
    pair_check_open(p);
    pair_free(p);
}

/* --- A handshake ----------------------------------------------------------------------------- */

struct forger {
    struct pair *p;
    uint8_t record[13 + 120];
    size_t len;
};

/* Before each datagram arrives, its receiver gets a forged record. */
static enum fate forge(void *context, size_t number, bool to_server)
{
    struct forger *forger = context;
    struct bc_dtls *end = to_server ? forger->p->peer : forger->p->client;
    forger->record[10] = (uint8_t)(100 + number);
    if (end != NULL)
        bc_dtls_on_datagram(end, forger->p->now_ms, (bc_view){forger->record, forger->len});
    return FATE_DELIVER;
}

/* OpenSSL keeps such a record and opens it once it has the keys. */
static void handshake_survives_records_of_keys_to_come(void **state)
{
    (void)state;
    for (uint8_t len = 0; len < 120; len++) {
        for (uint8_t type = 20; type <= 23; type++) {
            for (unsigned version = BC_DTLS_1_0; version <= BC_DTLS_1_2; version++) {
                struct pair *p = pair_new((enum bc_dtls_version)version, BC_DTLS_NEGOTIATED);
                struct forger forger = {
                    p, {type, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 0, 0, len}, 13U + len};
                forger.record[2] = version == BC_DTLS_1_0 ? 0xFF : 0xFD;
                p->fate = forge;
                p->context = &forger;
                pair_run(p);
                assert_int_equal(p->now_ms, 5000);
                p->fate = NULL;
                pair_check_open(p);
                pair_free(p);
            }
        }
    }
}

static void handshake_survives_garbage_before_each_datagram(void **state)
{
    (void)state;
    struct bc_random random = {3};
    struct pair *p = pair_new(BC_DTLS_NEGOTIATED, BC_DTLS_NEGOTIATED);
    uint8_t bytes[200];
    bc_view out;
    for (unsigned turn = 0; turn < 6; turn++) {
        for (unsigned i = 0; i < 50; i++) {
            for (size_t at = 0; at < sizeof(bytes); at++)
                bytes[at] = (uint8_t)bc_random_next(&random);
            pair_inject(p, false, (bc_view){bytes, sizeof(bytes)});
            pair_inject(p, true, (bc_view){bytes, sizeof(bytes)});
        }
        while (bc_dtls_take(p->client, &out))
            pair_inject(p, true, out);
        if (p->on_wire > 0) /* the listener's reply */
            pair_inject(p, false, (bc_view){p->wire[0].bytes, p->wire[0].len});
        p->on_wire = 0;
        while (p->peer != NULL && bc_dtls_take(p->peer, &out))
            pair_inject(p, false, out);
    }
    pair_check_open(p);
    assert_int_equal(p->now_ms, 5000);
    pair_free(p);
}

/* --- The listener ---------------------------------------------------------------------------- */

struct knock {
    struct bc_dtls *session;
    bc_sink reply;
    uint8_t bytes[BC_DTLS_DATAGRAM_BYTES_MAX];
};

static void knock(struct pair *p, const struct bc_address *from, bc_view in, struct knock *out)
{
    out->reply = (bc_sink){out->bytes, 0, sizeof(out->bytes), false};
    bc_view copy = check_heap_copy(in);
    out->session = bc_dtls_accept(p->server, p->now_ms, from, copy, &out->reply);
    check_heap_free(copy);
}

/* A ClientHello, and one with the cookie that answered it. */
static void hellos(struct pair *p, bc_view *first, bc_view *second)
{
    struct knock got;
    bc_view out;
    assert_true(bc_dtls_take(p->client, &out));
    *first = check_heap_copy(out);
    knock(p, &p->client_address, *first, &got);
    assert_null(got.session);
    assert_in_range(got.reply.len, 1, first->len);
    bc_dtls_on_datagram(p->client, p->now_ms, bc_sink_view(&got.reply));
    assert_true(bc_dtls_take(p->client, &out));
    *second = check_heap_copy(out);
}

static void check_refused(struct pair *p, const struct bc_address *from, bc_view in)
{
    struct knock got;
    knock(p, from, in, &got);
    assert_null(got.session);
    assert_true(got.reply.len <= in.len);
    assert_int_equal(p->keys_asked, 0);
}

static void listener_asks_for_a_cookie_of_this_address_hello_and_time(void **state)
{
    (void)state;
    struct pair *p = pair_new(BC_DTLS_NEGOTIATED, BC_DTLS_NEGOTIATED);
    bc_view first, second;
    struct knock got;
    hellos(p, &first, &second);

    struct bc_address other = p->client_address;
    other.port++;
    check_refused(p, &other, second);
    other = p->client_address;
    other.ip[3]++;
    check_refused(p, &other, second);
    other = p->client_address;
    other.ip_len = 16;
    check_refused(p, &other, second);

    uint64_t now_ms = p->now_ms;
    p->now_ms += 600000;
    check_refused(p, &p->client_address, second);
    p->now_ms = now_ms + 200000;
    knock(p, &p->client_address, second, &got);
    assert_non_null(got.session);
    bc_dtls_free(got.session);

    struct bc_dtls_server_config config = pair_config(BC_DTLS_NEGOTIATED);
    bc_dtls_server_destroy(p->server);
    p->server = bc_dtls_server_create(&config);
    check_refused(p, &p->client_address, second); /* another listener's secret */
    check_heap_free(first);
    check_heap_free(second);
    pair_free(p);
}

static void listener_reads_no_hello_that_is_cut_or_in_parts(void **state)
{
    (void)state;
    struct pair *p = pair_new(BC_DTLS_NEGOTIATED, BC_DTLS_NEGOTIATED);
    bc_view first, second;
    struct knock got;
    hellos(p, &first, &second);
    for (size_t len = 0; len < second.len; len++) {
        knock(p, &p->client_address, (bc_view){second.ptr, len}, &got);
        assert_true(got.session == NULL && got.reply.len == 0);
    }
    uint8_t bytes[BC_DTLS_DATAGRAM_BYTES_MAX + 1] = {0};
    memcpy(bytes, second.ptr, second.len);
    knock(p, &p->client_address, (bc_view){bytes, sizeof(bytes)}, &got);
    assert_true(got.session == NULL && got.reply.len == 0);
    bytes[21]++; /* the fragment is said to begin later */
    knock(p, &p->client_address, (bc_view){bytes, second.len}, &got);
    assert_true(got.session == NULL && got.reply.len == 0);
    check_heap_free(first);
    check_heap_free(second);
    pair_free(p);
}

/* Whatever one byte is changed to: no crash, no reply that is longer than the question. */
static void listener_takes_any_altered_hello(void **state)
{
    (void)state;
    struct pair *p = pair_new(BC_DTLS_NEGOTIATED, BC_DTLS_NEGOTIATED);
    bc_view first, second;
    struct knock got;
    hellos(p, &first, &second);
    uint8_t bytes[BC_DTLS_DATAGRAM_BYTES_MAX];
    memcpy(bytes, second.ptr, second.len);
    for (size_t at = 0; at < second.len; at++) {
        for (unsigned flip = 1; flip < 256; flip = flip * 2 + 1) {
            bytes[at] ^= (uint8_t)flip;
            knock(p, &p->client_address, (bc_view){bytes, second.len}, &got);
            assert_true(got.reply.len <= second.len);
            bc_dtls_free(got.session);
            bytes[at] ^= (uint8_t)flip;
        }
    }
    check_heap_free(first);
    check_heap_free(second);
    pair_free(p);
}

/* A thousand others who begin and never go on do not disturb who is there. */
static void flood_of_handshakes_leaves_sessions_alone(void **state)
{
    (void)state;
    enum { FLOOD = 500 };
    static struct bc_dtls *half[FLOOD];
    struct pair *p = open_pair(BC_DTLS_1_2);
    struct pair *attacker = pair_new(BC_DTLS_1_2, BC_DTLS_1_2);
    bc_view first, out;
    struct knock got;
    assert_true(bc_dtls_take(attacker->client, &out));
    first = check_heap_copy(out);
    for (unsigned i = 0; i < FLOOD; i++) {
        struct bc_address from = p->client_address;
        from.port = (uint16_t)(1000 + i);
        struct bc_dtls_client client = pair_client(BC_DTLS_1_2);
        struct bc_dtls *one = bc_dtls_open(&client, p->now_ms);
        assert_true(bc_dtls_take(one, &out));
        knock(p, &from, out, &got);
        bc_dtls_on_datagram(one, p->now_ms, bc_sink_view(&got.reply));
        assert_true(bc_dtls_take(one, &out));
        knock(p, &from, out, &got);
        half[i] = got.session;
        assert_non_null(half[i]);
        bc_dtls_free(one);
    }
    pair_check_open(p);
    for (unsigned i = 0; i < FLOOD; i++)
        bc_dtls_free(half[i]);
    pair_check_open(p);
    check_heap_free(first);
    pair_free(attacker);
    pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_session_ignores_plain_alerts),
        cmocka_unit_test(open_session_drops_records_of_any_length),
        cmocka_unit_test(open_session_drops_replayed_records),
        cmocka_unit_test(open_session_drops_altered_and_cut_records),
        cmocka_unit_test(open_session_drops_garbage_of_any_length),
        cmocka_unit_test(handshake_survives_records_of_keys_to_come),
        cmocka_unit_test(handshake_survives_garbage_before_each_datagram),
        cmocka_unit_test(listener_asks_for_a_cookie_of_this_address_hello_and_time),
        cmocka_unit_test(listener_reads_no_hello_that_is_cut_or_in_parts),
        cmocka_unit_test(listener_takes_any_altered_hello),
        cmocka_unit_test(flood_of_handshakes_leaves_sessions_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
