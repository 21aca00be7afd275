/*
 * What the OpenSSL backend takes from the heap and what it leaves there: every block passes through
 * hooks of this test, which count bytes and search freed blocks for secrets.
 */
#define _GNU_SOURCE
#include "pair.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "a key nobody may find in memory!"
#define SECRETS_MAX 4
#define PIECE_BYTES 16

static size_t bytes_used;
static bc_view secrets[SECRETS_MAX];
static size_t secret_count;
static unsigned secrets_found;

/* --- The hooks ------------------------------------------------------------------------------- */

static void search(const uint8_t *block, size_t len)
{
    for (size_t i = 0; i < secret_count; i++)
        if (memmem(block, len, secrets[i].ptr, PIECE_BYTES) != NULL)
            secrets_found++;
}

static void *take_block(size_t len, const char *file, int line)
{
    (void)file, (void)line;
    void *block = calloc(1, len); /* or it would begin with what somebody else left */
    if (block != NULL)
        bytes_used += malloc_usable_size(block);
    return block;
}

static void give_block(void *block, const char *file, int line)
{
    (void)file, (void)line;
    if (block == NULL)
        return;
    search(block, malloc_usable_size(block));
    bytes_used -= malloc_usable_size(block);
    free(block);
}

static void *move_block(void *block, size_t len, const char *file, int line)
{
    void *moved = take_block(len, file, line);
    if (moved == NULL || block == NULL)
        return moved;
    size_t before = malloc_usable_size(block);
    memcpy(moved, block, before < len ? before : len);
    give_block(block, file, line);
    return moved;
}

/* --- Secrets --------------------------------------------------------------------------------- */

/* The master secret of a handshake, from its line in the key log. */
static void learn_master_secret(void *context, const char *line)
{
    uint8_t *master = context;
    const char *digits = strrchr(line, ' ') + 1;
    assert_true(bc_hex_decode(bc_view_of(digits), master));
    if (secret_count < SECRETS_MAX)
        secrets[secret_count++] = (bc_view){master, 48};
}

static void hide(uint8_t *master)
{
    memset(master, 0, 48);
    secret_count = 0;
}

/* With tickets OpenSSL itself leaves master secrets behind: it frees the session it has sealed in
 * one as it is. The key is ours to hide in any case. */
static void run_in_secret(bool fails, bool resumes)
{
    uint8_t master[48], exported[BC_DTLS_RESUMPTION_BYTES_MAX];
    struct bc_dtls_client client = pair_client(BC_DTLS_1_2);
    struct bc_dtls_server_config config = pair_config(BC_DTLS_1_2);
    bc_sink sink = {exported, 0, sizeof(exported), false};
    client.key = BC_TEXT(SECRET);
    client.keylog = resumes ? NULL : learn_master_secret;
    client.keylog_context = master;
    config.resumption = resumes;
    secrets[0] = client.key;
    secret_count = 1;
    struct pair *p = pair_with(&client, &config);
    p->known_key = fails ? BC_TEXT("another key") : client.key;
    pair_run(p);
    if (resumes) {
        assert_true(bc_dtls_export(p->client, &sink));
        client.resumption = bc_sink_view(&sink);
        pair_reopen(p, &client);
        pair_run(p);
        assert_true(bc_dtls_resumed(p->client));
    }
    if (!fails)
        pair_check_open(p);
    pair_free(p);
    hide(master);
}

static void no_secret_stays_in_freed_memory(void **state)
{
    (void)state;
    secrets_found = 0;
    run_in_secret(false, false);
    assert_int_equal(secrets_found, 0);
    run_in_secret(true, false);
    assert_int_equal(secrets_found, 0);
    run_in_secret(false, true);
    assert_int_equal(secrets_found, 0);
}

static void search_finds_a_secret(void **state)
{
    (void)state;
    secrets[0] = BC_TEXT(SECRET);
    secret_count = 1;
    secrets_found = 0;
    OPENSSL_free(OPENSSL_memdup("...." SECRET, sizeof("...." SECRET)));
    assert_int_equal(secrets_found, 1);
    secret_count = 0;
}

/* --- Bytes ----------------------------------------------------------------------------------- */

/* docs/DECISIONS.md says what OpenSSL keeps in them. */
static void session_costs_a_known_number_of_bytes(void **state)
{
    (void)state;
    for (unsigned version = BC_DTLS_1_0; version <= BC_DTLS_1_2; version++) {
        struct pair *p = pair_new((enum bc_dtls_version)version, BC_DTLS_NEGOTIATED);
        pair_run(p);
        pair_check_open(p);
        size_t before = bytes_used;
        bc_dtls_free(p->peer);
        p->peer = NULL;
        assert_in_range(before - bytes_used, 1000, 40000);
        pair_free(p);
    }
}

static enum fate lose_the_last(void *context, size_t number, bool to_server)
{
    (void)context, (void)to_server;
    return number < 5 ? FATE_DELIVER : FATE_LOSE;
}

static void feed_forged(struct pair *p, uint8_t *record, size_t len, unsigned number)
{
    record[9] = (uint8_t)(number >> 8);
    record[10] = (uint8_t)number;
    bc_dtls_on_datagram(p->client, p->now_ms, (bc_view){record, len});
}

/* While the client waits for the last flight, a forger sends it records of the keys to come, and
 * the first byte of many a Certificate of 16 KB; a longer one ends the handshake. */
static void forged_records_cannot_fill_memory(void **state)
{
    (void)state;
    struct pair *p = pair_new(BC_DTLS_1_2, BC_DTLS_1_2);
    p->fate = lose_the_last;
    pair_settle(p);
    assert_int_equal(bc_dtls_state(p->client), BC_DTLS_HANDSHAKE);
    size_t before = bytes_used;
    for (unsigned i = 100; i < 2000; i++) {
        uint8_t early[13 + 60] = {22, 0xFE, 0xFD, 0, 1, 0, 0, 0, 0, 0, 0, 0, 60};
        feed_forged(p, early, sizeof(early), i);
        uint8_t part[13 + 13] = {22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13,
                                 11, 0,    0x40, 0, 0, 0, 0, 0, 0, 0, 0, 1};
        part[18] = (uint8_t)(i % 30);
        feed_forged(p, part, sizeof(part), i);
    }
    assert_int_equal(bc_dtls_state(p->client), BC_DTLS_HANDSHAKE);
    assert_in_range(bytes_used - before, 1, 500000);
    pair_free(p);
}

static void all_bytes_come_back(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        size_t before = bytes_used;
        for (unsigned i = 0; i < 20; i++) {
            struct pair *p = pair_new(BC_DTLS_NEGOTIATED, BC_DTLS_NEGOTIATED);
            pair_run(p);
            pair_free(p);
        }
        if (round == 1) /* by then OpenSSL has all it keeps for the whole process */
            assert_int_equal(bytes_used, before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(search_finds_a_secret),
        cmocka_unit_test(no_secret_stays_in_freed_memory),
        cmocka_unit_test(session_costs_a_known_number_of_bytes),
        cmocka_unit_test(forged_records_cannot_fill_memory),
        cmocka_unit_test(all_bytes_come_back),
    };
    if (CRYPTO_set_mem_functions(take_block, move_block, give_block) != 1)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
