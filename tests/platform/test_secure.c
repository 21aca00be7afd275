/*
 * Sessions of platform/secure.h between honest peers: how they begin, move, resume and end
 * (RFC 6347; PLATFORM section 2).
 */

#include "crowd.h"

static void begin(struct crowd *c)
{
    struct secure_config config = platform_secure_config_default();
    crowd_begin(c, &config);
}

static void peers_talk_after_a_handshake(void **state)
{
    (void)state;
    for (unsigned version = BC_DTLS_1_0; version <= BC_DTLS_NEGOTIATED; version++) {
        struct crowd c;
        begin(&c);
        struct bc_dtls_client how = crowd_client("dev1");
        how.version = (enum bc_dtls_version)version;
        crowd_say_hello(&c, 0, &how);
        crowd_settle(&c);
        const struct crowd_event *event = crowd_expect_event(&c, SECURE_OPENED, "dev1", "");
        assert_string_equal(event->version, version == BC_DTLS_1_0 ? "DTLSv1" : "DTLSv1.2");
        assert_false(event->resumed);
        crowd_expect_counts(&c, 1, 0);
        assert_true(crowd_carries_up(&c, 0));
        assert_true(bc_view_equal(platform_secure_identity(c.l, &c.peer), BC_TEXT("dev1")));
        assert_true(crowd_carries_down(&c, 0, &c.peer));
        crowd_end(&c);
    }
}

static void peer_closes_its_session(void **state)
{
    (void)state;
    struct crowd c;
    begin(&c);
    struct bc_address peer = crowd_join(&c, 0, "dev1");
    assert_int_equal(bc_dtls_write(c.clients[0], BC_TEXT("up")), BC_OK);
    bc_dtls_close(c.clients[0]);
    crowd_settle(&c);
    assert_int_equal(c.plain_bytes, 2); /* what came before is heard */
    crowd_expect_event(&c, SECURE_CLOSED, "dev1", "the peer closed it");
    crowd_expect_counts(&c, 0, 0);
    assert_int_equal(platform_secure_identity(c.l, &peer).len, 0);
    assert_int_equal(platform_secure_deadline(c.l), BC_NEVER);
    crowd_end(&c);
}

static void new_address_needs_a_handshake_and_ends_the_old_session(void **state)
{
    (void)state;
    struct crowd c;
    begin(&c);
    struct bc_address old = crowd_join(&c, 0, "dev1");
    struct bc_dtls_client how = crowd_client("dev1");
    crowd_say_hello(&c, 1, &how);
    crowd_settle(&c);
    crowd_expect_event(&c, SECURE_CLOSED, "dev1", "the identity has a new session");
    assert_int_equal(crowd_expect_event(&c, SECURE_OPENED, "dev1", "")->port,
                     crowd_address(1).port);
    crowd_expect_counts(&c, 1, 0);
    assert_true(crowd_carries_up(&c, 1));
    assert_true(crowd_carries_down(&c, 1, &c.peer));
    assert_false(crowd_carries_down(&c, 0, &old));
    assert_false(crowd_carries_up(&c, 0));
    crowd_expect_event(&c, SECURE_STRAY, "", "");
    crowd_end(&c);
}

static void identities_at_one_address_after_another_are_not_mistaken(void **state)
{
    (void)state;
    struct crowd c;
    begin(&c);
    struct bc_address first = crowd_join(&c, 0, "dev1");
    struct bc_dtls_client how = crowd_client("dev2");
    crowd_say_hello(&c, 0, &how);
    crowd_settle(&c);
    crowd_expect_event(&c, SECURE_CLOSED, "dev1", "the address has a new session");
    crowd_expect_event(&c, SECURE_OPENED, "dev2", "");
    assert_true(crowd_carries_up(&c, 0));
    assert_int_not_equal(c.peer.channel, first.channel);
    assert_int_equal(platform_secure_identity(c.l, &first).len, 0);
    assert_false(crowd_carries_down(&c, 0, &first)); /* for dev1: not for dev2's eyes */
    assert_true(crowd_carries_down(&c, 0, &c.peer));
    crowd_end(&c);
}

/* A device that lost power begins anew from the same address. */
static void restarted_peer_keeps_its_old_session_until_the_new_one_is_open(void **state)
{
    (void)state;
    struct crowd c;
    bc_view out;
    begin(&c);
    struct bc_address first = crowd_join(&c, 0, "dev1");
    struct bc_dtls *old = c.clients[0];
    struct bc_dtls_client how = crowd_client("dev1");
    c.clients[0] = NULL;
    crowd_say_hello(&c, 0, &how);
    for (unsigned flight = 0; flight < 2; flight++) { /* up to the cookie */
        while (bc_dtls_take(c.clients[0], &out))
            crowd_inject(&c, 0, out);
        struct bc_server_datagram reply[1];
        while (flight == 0 && platform_secure_take(c.l, reply, 1) > 0)
            bc_dtls_on_datagram(c.clients[0], c.now_ms, reply[0].bytes);
    }
    crowd_expect_counts(&c, 1, 1);
    assert_int_equal(bc_dtls_write(old, BC_TEXT("old")), BC_OK);
    assert_true(bc_dtls_take(old, &out));
    crowd_inject(&c, 0, out);
    assert_int_equal(c.plain_bytes, 3);
    assert_int_equal(c.peer.channel, first.channel);
    crowd_settle(&c);
    crowd_expect_event(&c, SECURE_CLOSED, "dev1", "the identity has a new session");
    crowd_expect_event(&c, SECURE_OPENED, "dev1", "");
    assert_true(crowd_carries_up(&c, 0));
    bc_dtls_free(old);
    crowd_end(&c);
}

/* It lost power in the middle of a handshake. */
static void peer_begins_anew_in_mid_handshake(void **state)
{
    (void)state;
    struct crowd c;
    begin(&c);
    struct bc_dtls_client how = crowd_client("dev1");
    how.key = BC_TEXT("another key");
    crowd_say_hello(&c, 0, &how);
    crowd_settle(&c);
    crowd_expect_counts(&c, 0, 1);
    how.key = BC_TEXT(CROWD_KEY);
    crowd_say_hello(&c, 0, &how);
    crowd_settle(&c);
    crowd_expect_event(&c, SECURE_FAILED, "dev1", "the peer began anew");
    crowd_expect_event(&c, SECURE_OPENED, "dev1", "");
    crowd_expect_counts(&c, 1, 0);
    assert_true(crowd_carries_up(&c, 0));
    crowd_end(&c);
}

/* The server's answer to the ClientHello with the cookie is lost: it comes again, and it is the
 * same handshake that goes on. */
static void lost_flight_is_repeated_in_the_same_handshake(void **state)
{
    (void)state;
    struct crowd c;
    struct bc_server_datagram lost[BC_SERVER_BATCH];
    bc_view out;
    begin(&c);
    struct bc_dtls_client how = crowd_client("dev1");
    crowd_say_hello(&c, 0, &how);
    assert_true(bc_dtls_take(c.clients[0], &out));
    crowd_inject(&c, 0, out);
    assert_int_equal(platform_secure_take(c.l, lost, 1), 1);
    bc_dtls_on_datagram(c.clients[0], c.now_ms, lost[0].bytes);
    assert_true(bc_dtls_take(c.clients[0], &out));
    crowd_inject(&c, 0, out);
    assert_true(platform_secure_take(c.l, lost, BC_SERVER_BATCH) > 0);
    crowd_expect_counts(&c, 0, 1);
    crowd_wait(&c, 1000); /* both repeat what they have said */
    crowd_expect_event(&c, SECURE_OPENED, "dev1", "");
    crowd_expect_counts(&c, 1, 0);
    crowd_end(&c);
}

static void session_is_resumed_until_its_key_is_gone(void **state)
{
    (void)state;
    struct crowd c;
    uint8_t bytes[BC_DTLS_RESUMPTION_BYTES_MAX];
    bc_sink exported = {.ptr = bytes, .cap = sizeof(bytes)};
    begin(&c);
    crowd_join(&c, 0, "dev1");
    assert_true(bc_dtls_export(c.clients[0], &exported));
    struct bc_dtls_client how = crowd_client("dev1");
    how.resumption = bc_sink_view(&exported);
    crowd_say_hello(&c, 1, &how);
    crowd_settle(&c);
    crowd_expect_event(&c, SECURE_CLOSED, "dev1", "the identity has a new session");
    assert_true(crowd_expect_event(&c, SECURE_OPENED, "dev1", "")->resumed);
    assert_true(crowd_carries_up(&c, 1));
    assert_true(bc_view_equal(platform_secure_identity(c.l, &c.peer), BC_TEXT("dev1")));

    c.gone = "dev1";
    platform_secure_on_key_gone(c.l, c.now_ms, BC_TEXT("dev1"));
    crowd_expect_event(&c, SECURE_CLOSED, "dev1", "its key is gone");
    crowd_settle(&c);
    assert_int_equal(bc_dtls_state(c.clients[1]), BC_DTLS_CLOSED);
    crowd_say_hello(&c, 1, &how);
    crowd_settle(&c);
    crowd_expect_event(&c, SECURE_FAILED, "dev1", "psk identity not found");
    crowd_expect_counts(&c, 0, 0);
    crowd_end(&c);
}

static void key_that_goes_ends_a_handshake_that_has_used_it(void **state)
{
    (void)state;
    struct crowd c;
    begin(&c);
    struct bc_dtls_client how = crowd_client("dev1");
    how.key = BC_TEXT("another key");
    crowd_say_hello(&c, 0, &how);
    crowd_settle(&c);
    crowd_expect_counts(&c, 0, 1);
    platform_secure_on_key_gone(c.l, c.now_ms, BC_TEXT("dev2"));
    crowd_expect_counts(&c, 0, 1);
    platform_secure_on_key_gone(c.l, c.now_ms, BC_TEXT("dev1"));
    crowd_expect_event(&c, SECURE_FAILED, "dev1", "its key is gone");
    crowd_expect_counts(&c, 0, 0);
    crowd_settle(&c);
    crowd_end(&c);
}

static void idle_session_is_closed_in_time(void **state)
{
    (void)state;
    struct crowd c;
    struct secure_config config = platform_secure_config_default();
    config.idle_ms = 60000;
    crowd_begin(&c, &config);
    crowd_join(&c, 0, "dev0");
    crowd_wait(&c, 1000);
    crowd_join(&c, 1, "dev1");
    crowd_wait(&c, 30000);
    assert_true(crowd_carries_up(&c, 0)); /* it goes on living */
    crowd_wait(&c, 29999);
    crowd_expect_counts(&c, 2, 0);
    assert_int_equal(platform_secure_deadline(c.l), c.now_ms + 1);
    crowd_wait(&c, 1);
    crowd_expect_event(&c, SECURE_CLOSED, "dev1", "it was idle");
    assert_int_equal(bc_dtls_state(c.clients[1]), BC_DTLS_CLOSED);
    crowd_wait(&c, 29999);
    crowd_expect_counts(&c, 1, 0);
    crowd_wait(&c, 1);
    crowd_expect_event(&c, SECURE_CLOSED, "dev0", "it was idle");
    crowd_expect_counts(&c, 0, 0);
    crowd_end(&c);
}

static void longest_silent_session_gives_way(void **state)
{
    (void)state;
    struct crowd c;
    struct secure_config config = platform_secure_config_default();
    config.sessions_max = 3;
    crowd_begin(&c, &config);
    crowd_join(&c, 0, "dev0");
    crowd_join(&c, 1, "dev1");
    crowd_join(&c, 2, "dev2");
    assert_true(crowd_carries_up(&c, 0));
    struct bc_dtls_client how = crowd_client("dev3");
    crowd_say_hello(&c, 3, &how);
    crowd_settle(&c);
    crowd_expect_event(&c, SECURE_CLOSED, "dev1", "too many sessions");
    crowd_expect_event(&c, SECURE_OPENED, "dev3", "");
    assert_int_equal(bc_dtls_state(c.clients[1]), BC_DTLS_CLOSED);
    crowd_expect_counts(&c, 3, 0);
    assert_true(crowd_carries_up(&c, 0));
    assert_true(crowd_carries_up(&c, 2));
    crowd_end(&c);
}

static void limits_of_nothing_are_refused(void **state)
{
    (void)state;
    struct secure_config config = platform_secure_config_default();
    config.sessions_max = 0;
    assert_null(platform_secure_create(&config));
    config = platform_secure_config_default();
    config.handshakes_max = 0;
    assert_null(platform_secure_create(&config));
    config = platform_secure_config_default();
    config.idle_ms = 0;
    assert_null(platform_secure_create(&config));
    platform_secure_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peers_talk_after_a_handshake),
        cmocka_unit_test(peer_closes_its_session),
        cmocka_unit_test(new_address_needs_a_handshake_and_ends_the_old_session),
        cmocka_unit_test(identities_at_one_address_after_another_are_not_mistaken),
        cmocka_unit_test(restarted_peer_keeps_its_old_session_until_the_new_one_is_open),
        cmocka_unit_test(peer_begins_anew_in_mid_handshake),
        cmocka_unit_test(lost_flight_is_repeated_in_the_same_handshake),
        cmocka_unit_test(session_is_resumed_until_its_key_is_gone),
        cmocka_unit_test(key_that_goes_ends_a_handshake_that_has_used_it),
        cmocka_unit_test(idle_session_is_closed_in_time),
        cmocka_unit_test(longest_silent_session_gives_way),
        cmocka_unit_test(limits_of_nothing_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
