/*
 * The handshake over a network that loses nothing (dtls/dtls.h; RFC 6347, 4347, 4279; G 2.2):
 * versions, ciphers, identities and keys, and how it fails.
 */
#include "pair.h"

#include <string.h>

static const struct outcome {
    enum bc_dtls_version client, server;
    const char *version, *cipher; /* NULL: the ends cannot agree */
} outcomes[] = {
    {BC_DTLS_1_0, BC_DTLS_1_0, "DTLSv1", "PSK-AES128-CBC-SHA"},
    {BC_DTLS_1_0, BC_DTLS_1_2, NULL, NULL},
    {BC_DTLS_1_0, BC_DTLS_NEGOTIATED, "DTLSv1", "PSK-AES128-CBC-SHA"},
    {BC_DTLS_1_2, BC_DTLS_1_0, NULL, NULL},
    {BC_DTLS_1_2, BC_DTLS_1_2, "DTLSv1.2", "PSK-AES128-CCM8"},
    {BC_DTLS_1_2, BC_DTLS_NEGOTIATED, "DTLSv1.2", "PSK-AES128-CCM8"},
    {BC_DTLS_NEGOTIATED, BC_DTLS_1_0, "DTLSv1", "PSK-AES128-CBC-SHA"},
    {BC_DTLS_NEGOTIATED, BC_DTLS_1_2, "DTLSv1.2", "PSK-AES128-CCM8"},
    {BC_DTLS_NEGOTIATED, BC_DTLS_NEGOTIATED, "DTLSv1.2", "PSK-AES128-CCM8"},
};

static void check_outcome(const struct outcome *want)
{
    struct pair *p = pair_new(want->client, want->server);
    pair_run(p);
    if (want->version != NULL) {
        pair_check_open(p);
        assert_string_equal(bc_dtls_version_name(p->client), want->version);
        assert_string_equal(bc_dtls_cipher_name(p->client), want->cipher);
        assert_string_equal(bc_dtls_cipher_name(p->peer), want->cipher);
        assert_false(bc_dtls_resumed(p->client));
        assert_false(bc_dtls_resumed(p->peer));
        check_text(bc_dtls_identity(p->peer), "867724030023557");
        assert_int_equal(p->now_ms, 5000);
    } else {
        assert_int_equal(bc_dtls_state(p->client), BC_DTLS_FAILED);
        assert_string_equal(bc_dtls_failure(p->client), "unsupported version");
        assert_string_equal(bc_dtls_failure(p->peer), "unsupported version");
    }
    pair_free(p);
}

static void each_pair_of_versions_agrees_or_fails(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
        check_outcome(&outcomes[i]);
}

/* --- Identities and keys --------------------------------------------------------------------- */

static struct pair *pair_of(bc_view identity, bc_view key)
{
    struct bc_dtls_client client = pair_client(BC_DTLS_NEGOTIATED);
    struct bc_dtls_server_config config = pair_config(BC_DTLS_NEGOTIATED);
    client.identity = identity;
    client.key = key;
    return pair_with(&client, &config);
}

static void longest_identity_and_key_work(void **state)
{
    (void)state;
    char identity[BC_DTLS_IDENTITY_BYTES_MAX + 1];
    uint8_t key[BC_DTLS_KEY_BYTES_MAX];
    memset(identity, 'i', sizeof(identity) - 1);
    identity[sizeof(identity) - 1] = '\0';
    memset(key, 0, sizeof(key)); /* a key is bytes, not text */
    struct pair *p = pair_of(bc_view_of(identity), (bc_view){key, sizeof(key)});
    p->known_identity = identity;
    p->known_key = (bc_view){key, sizeof(key)};
    pair_run(p);
    pair_check_open(p);
    check_text(bc_dtls_identity(p->peer), identity);
    pair_free(p);
}

static void shortest_identity_and_key_work(void **state)
{
    (void)state;
    struct pair *p = pair_of(BC_TEXT("i"), BC_TEXT("k"));
    p->known_identity = "i";
    p->known_key = BC_TEXT("k");
    pair_run(p);
    pair_check_open(p);
    pair_free(p);
}

static void wrong_lengths_open_nothing(void **state)
{
    (void)state;
    uint8_t bytes[BC_DTLS_KEY_BYTES_MAX + 1];
    struct bc_dtls_client client = pair_client(BC_DTLS_1_2);
    memset(bytes, 'b', sizeof(bytes));
    client.key = (bc_view){bytes, sizeof(bytes)};
    assert_null(bc_dtls_open(&client, 0));
    client.key.len = 0;
    assert_null(bc_dtls_open(&client, 0));
    client = pair_client(BC_DTLS_1_2);
    client.identity = (bc_view){bytes, BC_DTLS_IDENTITY_BYTES_MAX + 1};
    assert_null(bc_dtls_open(&client, 0));
    client.identity.len = 0;
    assert_null(bc_dtls_open(&client, 0));
    client.identity = BC_TEXT("a\0b");
    assert_null(bc_dtls_open(&client, 0));
    bc_dtls_free(NULL);
    bc_dtls_server_destroy(NULL);
}

/* The server's Finished cannot be read, so OpenSSL drops it: nobody ever says why. */
static void wrong_key_fails_in_time(void **state)
{
    (void)state;
    for (unsigned version = BC_DTLS_1_0; version <= BC_DTLS_NEGOTIATED; version++) {
        struct pair *p = pair_new((enum bc_dtls_version)version, BC_DTLS_NEGOTIATED);
        p->known_key = BC_TEXT("0123456789abcdeF");
        pair_run(p);
        assert_int_equal(bc_dtls_state(p->client), BC_DTLS_FAILED);
        assert_int_equal(bc_dtls_state(p->peer), BC_DTLS_FAILED);
        assert_string_not_equal(bc_dtls_failure(p->client), "");
        assert_in_range(p->now_ms, 5000, 5000 + BC_DTLS_HANDSHAKE_MS_MAX);
        pair_free(p);
    }
}

static void unknown_identity_fails_at_once(void **state)
{
    (void)state;
    for (unsigned version = BC_DTLS_1_0; version <= BC_DTLS_NEGOTIATED; version++) {
        struct pair *p = pair_new((enum bc_dtls_version)version, BC_DTLS_NEGOTIATED);
        p->known_identity = NULL;
        pair_run(p);
        assert_int_equal(bc_dtls_state(p->client), BC_DTLS_FAILED);
        assert_string_equal(bc_dtls_failure(p->client),
                            "the peer sent alert 115, unknown PSK identity");
        assert_int_equal(bc_dtls_state(p->peer), BC_DTLS_FAILED);
        assert_string_equal(bc_dtls_failure(p->peer), "psk identity not found");
        assert_int_equal(p->now_ms, 5000);
        pair_free(p);
    }
}

/* --- An open session ------------------------------------------------------------------------- */

static void open_session_carries_every_length(void **state)
{
    (void)state;
    enum { PLAIN_BYTES_MAX = BC_DTLS_DATAGRAM_BYTES_MAX - BC_DTLS_OVERHEAD_BYTES_MAX };
    uint8_t plain[PLAIN_BYTES_MAX + 1];
    for (size_t i = 0; i < sizeof(plain); i++)
        plain[i] = (uint8_t)(i * 7);
    for (unsigned version = BC_DTLS_1_0; version <= BC_DTLS_1_2; version++) {
        struct pair *p = pair_new((enum bc_dtls_version)version, BC_DTLS_NEGOTIATED);
        pair_run(p);
        for (size_t len = 1; len <= PLAIN_BYTES_MAX; len++) {
            p->sent = 0;
            pair_check_carries(p, len % 2 == 0, (bc_view){plain, len});
            assert_in_range(p->tape[0].len, len, len + BC_DTLS_OVERHEAD_BYTES_MAX);
        }
        assert_int_equal(bc_dtls_write(p->client, (bc_view){plain, sizeof(plain)}), BC_ERR_FULL);
        assert_int_equal(bc_dtls_write(p->client, (bc_view){plain, 0}), BC_ERR_RANGE);
        pair_check_open(p);
        pair_free(p);
    }
}

static void queues_have_their_named_maximum(void **state)
{
    (void)state;
    bc_view out;
    struct pair *p = pair_new(BC_DTLS_1_2, BC_DTLS_1_2);
    pair_run(p);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < BC_DTLS_QUEUE_MAX; i++)
            assert_int_equal(bc_dtls_write(p->client, BC_TEXT("one of many")), BC_OK);
        assert_int_equal(bc_dtls_write(p->client, BC_TEXT("too many")), BC_ERR_FULL);
        while (bc_dtls_take(p->client, &out))
            pair_inject(p, true, out);
    }
    for (unsigned i = 0; i < BC_DTLS_QUEUE_MAX; i++)
        pair_check_read(p->peer, BC_TEXT("one of many"));
    assert_false(bc_dtls_read(p->peer, &out));
    pair_check_open(p);
    pair_free(p);
}

static void nothing_is_written_before_it_is_open(void **state)
{
    (void)state;
    struct pair *p = pair_new(BC_DTLS_1_2, BC_DTLS_1_2);
    bc_view out;
    assert_int_equal(bc_dtls_state(p->client), BC_DTLS_HANDSHAKE);
    assert_int_equal(bc_dtls_write(p->client, BC_TEXT("early")), BC_ERR_STATE);
    assert_false(bc_dtls_read(p->client, &out));
    bc_dtls_close(p->client);
    assert_int_equal(bc_dtls_state(p->client), BC_DTLS_HANDSHAKE);
    pair_run(p);
    pair_check_open(p);
    pair_free(p);
}

static void either_side_closes(void **state)
{
    (void)state;
    for (unsigned turn = 0; turn < 4; turn++) {
        struct pair *p = pair_new(turn / 2 == 0 ? BC_DTLS_1_0 : BC_DTLS_1_2, BC_DTLS_NEGOTIATED);
        pair_run(p);
        struct bc_dtls *one = turn % 2 == 0 ? p->client : p->peer;
        struct bc_dtls *other = turn % 2 == 0 ? p->peer : p->client;
        assert_int_equal(bc_dtls_write(one, BC_TEXT("last words")), BC_OK);
        bc_dtls_close(one);
        assert_int_equal(bc_dtls_state(one), BC_DTLS_CLOSED);
        pair_run(p);
        assert_int_equal(bc_dtls_state(other), BC_DTLS_CLOSED);
        pair_check_read(other, BC_TEXT("last words"));
        assert_int_equal(bc_dtls_write(one, BC_TEXT("late")), BC_ERR_STATE);
        assert_int_equal(bc_dtls_write(other, BC_TEXT("late")), BC_ERR_STATE);
        assert_string_equal(bc_dtls_failure(other), "");
        pair_free(p);
    }
}

/* --- The key log ----------------------------------------------------------------------------- */

static void keep_line(void *context, const char *line)
{
    bc_sink *text = context;
    bc_put_text(text, line);
    bc_put_char(text, '\n');
}

static void key_log_has_one_line_a_handshake_at_either_end(void **state)
{
    (void)state;
    uint8_t bytes[2][300];
    bc_sink log[2] = {{bytes[0], 0, 300, false}, {bytes[1], 0, 300, false}};
    struct bc_dtls_client client = pair_client(BC_DTLS_1_2);
    struct bc_dtls_server_config config = pair_config(BC_DTLS_1_2);
    client.keylog = config.keylog = keep_line;
    client.keylog_context = &log[0];
    config.keylog_context = &log[1];
    struct pair *p = pair_with(&client, &config);
    pair_run(p);
    pair_check_open(p);
    assert_int_equal(log[0].len, sizeof("CLIENT_RANDOM ") + 64 + 1 + 96);
    assert_memory_equal(bytes[0], "CLIENT_RANDOM ", 14);
    assert_true(bc_view_equal(bc_sink_view(&log[0]), bc_sink_view(&log[1])));
    pair_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pair_of_versions_agrees_or_fails),
        cmocka_unit_test(longest_identity_and_key_work),
        cmocka_unit_test(shortest_identity_and_key_work),
        cmocka_unit_test(wrong_lengths_open_nothing),
        cmocka_unit_test(wrong_key_fails_in_time),
        cmocka_unit_test(unknown_identity_fails_at_once),
        cmocka_unit_test(open_session_carries_every_length),
        cmocka_unit_test(queues_have_their_named_maximum),
        cmocka_unit_test(nothing_is_written_before_it_is_open),
        cmocka_unit_test(either_side_closes),
        cmocka_unit_test(key_log_has_one_line_a_handshake_at_either_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
