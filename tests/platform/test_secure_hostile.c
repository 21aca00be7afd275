/*
 * Sessions of platform/secure.h under wrong keys, unknown names, floods and garbage: a reason is
 * told, memory stays bounded, and whoever has a session notices nothing.
 */
#include <string.h>

#include "crowd.h"

#define HANDSHAKES_MAX 8

static void begin(struct crowd *c)
{
    struct secure_config config = platform_secure_config_default();
    config.handshakes_max = HANDSHAKES_MAX;
    crowd_begin(c, &config);
}

static void try(struct crowd *c, unsigned client, const struct bc_dtls_client *how)
{
    crowd_say_hello(c, client, how);
    crowd_settle(c);
}

static void wrong_key_fails_in_the_end(void **state)
{
    (void)state;
    struct crowd c;
    begin(&c);
    struct bc_dtls_client how = crowd_client("dev1");
    how.key = BC_TEXT("another key");
    try(&c, 0, &how);
    crowd_expect_counts(&c, 0, 1);
    crowd_wait(&c, BC_DTLS_HANDSHAKE_MS_MAX);
    crowd_expect_event(&c, SECURE_FAILED, "dev1",
                       "no answer that can be read; the peer may have another key");
    crowd_expect_counts(&c, 0, 0);
    assert_int_equal(bc_dtls_state(c.clients[0]), BC_DTLS_FAILED);
    assert_int_equal(platform_secure_deadline(c.l), BC_NEVER);
    crowd_end(&c);
}

static void unknown_identity_is_told(void **state)
{
    (void)state;
    struct crowd c;
    begin(&c);
    struct bc_dtls_client how = crowd_client("nobody");
    try(&c, 0, &how);
    crowd_expect_event(&c, SECURE_FAILED, "nobody", "psk identity not found");
    crowd_expect_counts(&c, 0, 0);
    assert_string_equal(bc_dtls_failure(c.clients[0]),
                        "the peer sent alert 115, unknown PSK identity");
    crowd_end(&c);
}

static void unsupported_version_is_told(void **state)
{
    (void)state;
    for (unsigned version = BC_DTLS_1_0; version <= BC_DTLS_1_2; version++) {
        struct crowd c;
        struct secure_config config = platform_secure_config_default();
        struct bc_dtls_client how = crowd_client("dev1");
        config.version = (enum bc_dtls_version)version;
        how.version = version == BC_DTLS_1_0 ? BC_DTLS_1_2 : BC_DTLS_1_0;
        crowd_begin(&c, &config);
        try(&c, 0, &how);
        crowd_expect_event(&c, SECURE_FAILED, "", "unsupported version");
        crowd_expect_counts(&c, 0, 0);
        assert_string_equal(bc_dtls_failure(c.clients[0]), "unsupported version");
        crowd_end(&c);
    }
}

static void stranger_costs_nothing_before_its_cookie(void **state)
{
    (void)state;
    struct crowd c;
    size_t sent = 0;
    bc_view hello;
    begin(&c);
    struct bc_dtls_client how = crowd_client("dev1");
    c.deaf = true; /* a forged address gets no answer */
    for (unsigned i = 0; i < CROWD_MAX; i++) {
        crowd_say_hello(&c, i, &how);
        assert_true(bc_dtls_take(c.clients[i], &hello));
        sent += hello.len;
        crowd_inject(&c, i, hello);
    }
    crowd_expect_counts(&c, 0, 0);
    crowd_settle(&c);
    assert_in_range(c.replied_bytes, 1, sent);
    crowd_wait(&c, 100);
    crowd_end(&c);
}

/* Gets a cookie and says no more than that. */
static void stall(struct crowd *c, unsigned client)
{
    struct bc_dtls_client how = crowd_client("dev-flood");
    struct bc_server_datagram reply[1];
    bc_view out;
    crowd_say_hello(c, client, &how);
    assert_true(bc_dtls_take(c->clients[client], &out));
    crowd_inject(c, client, out);
    assert_int_equal(platform_secure_take(c->l, reply, 1), 1);
    bc_dtls_on_datagram(c->clients[client], c->now_ms, reply[0].bytes);
    assert_true(bc_dtls_take(c->clients[client], &out));
    crowd_inject(c, client, out);
    while (platform_secure_take(c->l, reply, 1) > 0)
        continue;
    bc_dtls_free(c->clients[client]);
    c->clients[client] = NULL;
}

/* From addresses that the flooder really has. */
static void flood_of_handshakes_pushes_out_only_handshakes(void **state)
{
    (void)state;
    struct crowd c;
    begin(&c);
    crowd_join(&c, 0, "dev0");
    crowd_join(&c, 1, "dev1");
    for (unsigned i = 2; i < 102; i++) {
        stall(&c, i);
        struct secure_counts counts = platform_secure_counts(c.l);
        assert_int_equal(counts.sessions, 2);
        assert_in_range(counts.handshakes, 1, HANDSHAKES_MAX);
    }
    for (unsigned i = 0; i < SECURE_FAILURES_A_SECOND; i++)
        assert_int_equal(crowd_expect_event(&c, SECURE_FAILED, "", "too many handshakes")->count,
                         1);
    assert_int_equal(c.event_seen, c.event_count); /* the rest is not told, but counted */
    assert_true(crowd_carries_up(&c, 0));
    assert_true(crowd_carries_up(&c, 1));
    crowd_join(&c, 2, "dev2"); /* who answers at once gets through */
    crowd_wait(&c, 1000);
    stall(&c, 200);
    stall(&c, 201);
    assert_int_equal(crowd_expect_event(&c, SECURE_FAILED, "", "too many handshakes")->count,
                     100 - HANDSHAKES_MAX - SECURE_FAILURES_A_SECOND + 2);
    c.event_count = c.event_seen;
    crowd_end(&c);
}

/* Whoever saw a handshake go by can repeat it from the same address. */
static void replayed_handshake_disturbs_nobody(void **state)
{
    (void)state;
    struct crowd c;
    uint8_t tape[8][BC_DTLS_DATAGRAM_BYTES_MAX];
    size_t lens[8], count = 0;
    struct bc_server_datagram reply[1];
    bc_view out;
    begin(&c);
    struct bc_dtls_client how = crowd_client("dev1");
    crowd_say_hello(&c, 0, &how);
    while (bc_dtls_state(c.clients[0]) == BC_DTLS_HANDSHAKE) {
        while (bc_dtls_take(c.clients[0], &out)) {
            assert_true(count < 8);
            memcpy(tape[count], out.ptr, out.len);
            lens[count++] = out.len;
            crowd_inject(&c, 0, out);
        }
        while (platform_secure_take(c.l, reply, 1) > 0)
            bc_dtls_on_datagram(c.clients[0], c.now_ms, reply[0].bytes);
    }
    crowd_expect_event(&c, SECURE_OPENED, "dev1", "");
    assert_true(crowd_carries_up(&c, 0));
    for (size_t i = 0; i < count; i++)
        crowd_inject(&c, 0, (bc_view){tape[i], lens[i]});
    crowd_settle(&c);
    crowd_expect_counts(&c, 1, 0);
    assert_true(crowd_carries_up(&c, 0));
    assert_true(crowd_carries_down(&c, 0, &c.peer));
    crowd_end(&c);
}

static void garbage_disturbs_nobody(void **state)
{
    (void)state;
    struct crowd c;
    struct bc_random random = {11};
    uint8_t bytes[200];
    begin(&c);
    crowd_join(&c, 0, "dev0");
    crowd_join(&c, 1, "dev1");
    for (unsigned i = 0; i < 20000; i++) {
        size_t len = check_draw(&random, sizeof(bytes));
        for (size_t at = 0; at < len; at++)
            bytes[at] = (uint8_t)bc_random_next(&random);
        if (len > 13 && i % 2 == 0) { /* like a record */
            bytes[0] = (uint8_t)(20 + check_draw(&random, 4));
            bytes[1] = 0xFE;
            bytes[2] = 0xFD;
            bytes[3] = 0;
            bytes[4] = (uint8_t)check_draw(&random, 3);
            bytes[11] = 0;
            bytes[12] = (uint8_t)(len - 13);
        }
        crowd_inject(&c, check_draw(&random, 2), (bc_view){bytes, len});
        if (i % 64 == 0)
            crowd_settle(&c);
    }
    crowd_settle(&c);
    crowd_expect_counts(&c, 2, 0);
    assert_true(crowd_carries_up(&c, 0));
    assert_true(crowd_carries_up(&c, 1));
    crowd_end(&c);
}

static void strays_are_told_once_a_second(void **state)
{
    (void)state;
    struct crowd c;
    begin(&c);
    for (unsigned i = 0; i < 100; i++)
        crowd_inject(&c, 5, BC_TEXT("\x17\xfe\xfd\x00\x01 nobody's"));
    crowd_inject(&c, 5, BC_TEXT("\x15\xfe\xfd\x00\x01 a late alert"));
    crowd_inject(&c, 5, (bc_view){0});
    assert_int_equal(crowd_expect_event(&c, SECURE_STRAY, "", "")->count, 1);
    assert_int_equal(c.event_seen, c.event_count);
    crowd_wait(&c, 1000);
    crowd_inject(&c, 6, BC_TEXT("coap?"));
    assert_int_equal(crowd_expect_event(&c, SECURE_STRAY, "", "")->count, 101);
    crowd_end(&c);
}

/* Names are the peer's; the longest that there may be, and with all sorts of bytes. */
static void identities_are_not_cut(void **state)
{
    (void)state;
    struct crowd c;
    char longest[BC_DTLS_IDENTITY_BYTES_MAX + 1] = "dev\x01\"\\\xff";
    memset(longest + 7, 'x', sizeof(longest) - 8);
    begin(&c);
    struct bc_address peer = crowd_join(&c, 0, longest);
    assert_true(bc_view_equal(platform_secure_identity(c.l, &peer), bc_view_of(longest)));
    crowd_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_key_fails_in_the_end),
        cmocka_unit_test(unknown_identity_is_told),
        cmocka_unit_test(unsupported_version_is_told),
        cmocka_unit_test(stranger_costs_nothing_before_its_cookie),
        cmocka_unit_test(flood_of_handshakes_pushes_out_only_handshakes),
        cmocka_unit_test(replayed_handshake_disturbs_nobody),
        cmocka_unit_test(garbage_disturbs_nobody),
        cmocka_unit_test(strays_are_told_once_a_second),
        cmocka_unit_test(identities_are_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
