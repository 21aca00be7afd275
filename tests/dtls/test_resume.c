/*
 * Taking up a former session (dtls/dtls.h; RFC 5246, 5077; G 2.2 dtls_mode 1): what a client
 * exports shortens its next handshake, or means nothing and costs nothing.
 */
#include "pair.h"

#include <string.h>

struct keepsake {
    uint8_t bytes[BC_DTLS_RESUMPTION_BYTES_MAX];
    size_t len;
    size_t handshake_bytes;
};

static size_t bytes_sent(const struct pair *p)
{
    size_t bytes = 0;
    for (size_t i = 0; i < p->sent; i++)
        bytes += p->tape[i].len;
    return bytes;
}

static struct keepsake export_from(struct pair *p)
{
    struct keepsake kept = {.handshake_bytes = bytes_sent(p)};
    bc_sink sink = {kept.bytes, 0, sizeof(kept.bytes), false};
    assert_true(bc_dtls_export(p->client, &sink));
    kept.len = sink.len;
    return kept;
}

static struct pair *first_pair(enum bc_dtls_version version, struct keepsake *kept)
{
    struct pair *p = pair_new(version, BC_DTLS_NEGOTIATED);
    pair_run(p);
    assert_int_equal(p->sent, 6);
    *kept = export_from(p);
    return p;
}

static void come_again(struct pair *p, struct bc_dtls_client client, const struct keepsake *kept)
{
    client.resumption = (bc_view){kept->bytes, kept->len};
    pair_reopen(p, &client);
    pair_run(p);
}

static void check_resumed(struct pair *p, bool resumed)
{
    assert_true(bc_dtls_resumed(p->client) == resumed);
    assert_true(bc_dtls_resumed(p->peer) == resumed);
    assert_int_equal(p->sent, resumed ? 5 : 6);
    pair_check_open(p);
    check_text(bc_dtls_identity(p->peer), p->known_identity);
}

static void client_resumes_in_fewer_datagrams_and_again(void **state)
{
    (void)state;
    for (unsigned version = BC_DTLS_1_0; version <= BC_DTLS_NEGOTIATED; version++) {
        struct keepsake kept;
        struct pair *p = first_pair((enum bc_dtls_version)version, &kept);
        for (unsigned time = 0; time < 3; time++) {
            come_again(p, pair_client((enum bc_dtls_version)version), &kept);
            struct keepsake next = export_from(p);
            check_resumed(p, true);
            kept = next;
        }
        pair_free(p);
    }
}

/* Years on the caller's clock, and no time at all on OpenSSL's. */
static void resumption_does_not_age_on_the_virtual_clock(void **state)
{
    (void)state;
    struct keepsake kept;
    struct pair *p = first_pair(BC_DTLS_1_2, &kept);
    p->now_ms += (uint64_t)1000 * 86400 * 365 * 3;
    come_again(p, pair_client(BC_DTLS_1_2), &kept);
    check_resumed(p, true);
    pair_free(p);
}

static void longest_identity_leaves_room_to_export(void **state)
{
    (void)state;
    char identity[BC_DTLS_IDENTITY_BYTES_MAX + 1];
    memset(identity, 'i', sizeof(identity) - 1);
    identity[sizeof(identity) - 1] = '\0';
    for (unsigned version = BC_DTLS_1_0; version <= BC_DTLS_1_2; version++) {
        struct bc_dtls_client client = pair_client((enum bc_dtls_version)version);
        struct bc_dtls_server_config config = pair_config(BC_DTLS_NEGOTIATED);
        client.identity = bc_view_of(identity);
        struct pair *p = pair_with(&client, &config);
        p->known_identity = identity;
        pair_run(p);
        struct keepsake kept = export_from(p);
        come_again(p, client, &kept);
        check_resumed(p, true);
        pair_free(p);
    }
}

static void damaged_bytes_lead_to_a_full_handshake(void **state)
{
    (void)state;
    struct keepsake kept, bad;
    struct pair *p = first_pair(BC_DTLS_1_2, &kept);
    for (size_t at = 0; at < kept.len; at += 3) {
        bad = kept;
        bad.bytes[at] ^= 0x40;
        come_again(p, pair_client(BC_DTLS_1_2), &bad);
        check_resumed(p, false);
        bad = kept;
        bad.len = at;
        come_again(p, pair_client(BC_DTLS_1_2), &bad);
        check_resumed(p, false);
    }
    memset(bad.bytes, 0x30, sizeof(bad.bytes));
    bad.len = sizeof(bad.bytes);
    come_again(p, pair_client(BC_DTLS_1_2), &bad);
    check_resumed(p, false);
    pair_free(p);
}

static void another_version_leads_to_a_full_handshake(void **state)
{
    (void)state;
    struct keepsake kept;
    struct pair *p = first_pair(BC_DTLS_1_0, &kept);
    come_again(p, pair_client(BC_DTLS_1_2), &kept);
    check_resumed(p, false);
    assert_string_equal(bc_dtls_version_name(p->client), "DTLSv1.2");
    pair_free(p);
    p = first_pair(BC_DTLS_1_2, &kept);
    come_again(p, pair_client(BC_DTLS_1_0), &kept);
    check_resumed(p, false);
    assert_string_equal(bc_dtls_version_name(p->client), "DTLSv1");
    pair_free(p);
}

static void another_key_leads_to_a_full_handshake(void **state)
{
    (void)state;
    struct keepsake kept;
    struct pair *p = first_pair(BC_DTLS_1_2, &kept);
    struct bc_dtls_client client = pair_client(BC_DTLS_1_2);
    client.key = p->known_key = BC_TEXT("another key");
    come_again(p, client, &kept);
    check_resumed(p, false);
    pair_free(p);
}

/* Whose key was changed or taken away on the server does not come back with an old ticket. */
static void ticket_of_a_former_key_is_refused(void **state)
{
    (void)state;
    struct keepsake kept;
    struct pair *p = first_pair(BC_DTLS_1_2, &kept);
    p->known_key = BC_TEXT("another key");
    come_again(p, pair_client(BC_DTLS_1_2), &kept);
    assert_int_equal(bc_dtls_state(p->client), BC_DTLS_FAILED);
    p->known_identity = NULL;
    come_again(p, pair_client(BC_DTLS_1_2), &kept);
    assert_int_equal(bc_dtls_state(p->client), BC_DTLS_FAILED);
    assert_int_equal(bc_dtls_state(p->peer), BC_DTLS_FAILED);
    pair_free(p);
}

static void restarted_server_asks_for_a_full_handshake(void **state)
{
    (void)state;
    struct keepsake kept;
    struct pair *p = first_pair(BC_DTLS_1_2, &kept);
    struct bc_dtls_server_config config = pair_config(BC_DTLS_NEGOTIATED);
    config.context = p;
    bc_dtls_free(p->peer);
    p->peer = NULL;
    bc_dtls_server_destroy(p->server);
    p->server = bc_dtls_server_create(&config);
    come_again(p, pair_client(BC_DTLS_1_2), &kept);
    check_resumed(p, false);
    pair_free(p);
}

static void server_without_resumption_gives_nothing_to_export(void **state)
{
    (void)state;
    struct bc_dtls_client client = pair_client(BC_DTLS_1_2);
    struct bc_dtls_server_config config = pair_config(BC_DTLS_1_2);
    struct keepsake kept;
    bc_sink sink = {kept.bytes, 0, sizeof(kept.bytes), false};
    config.resumption = false;
    struct pair *p = pair_with(&client, &config);
    pair_run(p);
    pair_check_open(p);
    assert_false(bc_dtls_export(p->client, &sink));
    pair_free(p);
}

static void export_is_whole_or_not_at_all(void **state)
{
    (void)state;
    struct keepsake kept;
    struct pair *p = pair_new(BC_DTLS_1_2, BC_DTLS_1_2);
    bc_sink sink = {kept.bytes, 0, sizeof(kept.bytes), false};
    assert_false(bc_dtls_export(p->client, &sink)); /* not open yet */
    pair_run(p);
    kept = export_from(p);
    sink = (bc_sink){kept.bytes, 0, kept.len - 1, false};
    assert_false(bc_dtls_export(p->client, &sink));
    assert_int_equal(sink.len, 0);
    sink = (bc_sink){kept.bytes, 0, sizeof(kept.bytes), false};
    assert_false(bc_dtls_export(p->peer, &sink));
    bc_dtls_close(p->client);
    assert_true(bc_dtls_export(p->client, &sink));
    kept.len = sink.len;
    come_again(p, pair_client(BC_DTLS_1_2), &kept);
    check_resumed(p, true);
    pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client_resumes_in_fewer_datagrams_and_again),
        cmocka_unit_test(resumption_does_not_age_on_the_virtual_clock),
        cmocka_unit_test(longest_identity_leaves_room_to_export),
        cmocka_unit_test(damaged_bytes_lead_to_a_full_handshake),
        cmocka_unit_test(another_version_leads_to_a_full_handshake),
        cmocka_unit_test(another_key_leads_to_a_full_handshake),
        cmocka_unit_test(ticket_of_a_former_key_is_refused),
        cmocka_unit_test(restarted_server_asks_for_a_full_handshake),
        cmocka_unit_test(server_without_resumption_gives_nothing_to_export),
        cmocka_unit_test(export_is_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
