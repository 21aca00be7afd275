/*
 * See secure_alert.h.
 */
#include "secure_alert.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <string.h>

#include "base/sink.h"

#define RANDOM_BYTES 32
#define MASTER_BYTES 48
#define KEY_BYTES 16
#define SALT_BYTES 4
#define EXPLICIT_BYTES 8
#define TAG_BYTES 8
#define HEADER_BYTES 13
#define SERVER_RANDOM_AT 27 /* record 13, message 12, version 2 */
#define SERVER_HELLO 2

struct secrets {
    uint8_t client_random[RANDOM_BYTES];
    uint8_t server_random[RANDOM_BYTES];
    uint8_t master[MASTER_BYTES];
};

/* "CLIENT_RANDOM <64 digits> <96 digits>", and the last ServerHello on the tape. */
static struct secrets last_secrets(const struct secure_desk *s)
{
    static const char label[] = "CLIENT_RANDOM ";
    struct secrets out = {0};
    const uint8_t *digits = (const uint8_t *)s->keylog + sizeof(label) - 1;
    assert_int_equal(strncmp(s->keylog, label, sizeof(label) - 1), 0);
    assert_true(bc_hex_decode((bc_view){digits, RANDOM_BYTES * 2U}, out.client_random));
    digits += RANDOM_BYTES * 2 + 1;
    assert_true(bc_hex_decode((bc_view){digits, MASTER_BYTES * 2U}, out.master));
    for (size_t i = 0; i < s->taped; i++) {
        const uint8_t *bytes = s->tape[i].bytes;
        if (!s->tape[i].up && bytes[0] == 22 && bytes[4] == 0 && bytes[13] == SERVER_HELLO)
            memcpy(out.server_random, bytes + SERVER_RANDOM_AT, RANDOM_BYTES);
    }
    return out;
}

static void derive(struct secrets *secrets, uint8_t *out, size_t len)
{
    char label[] = "key expansion";
    char digest[] = "SHA256";
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
    EVP_KDF_CTX *context = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, sizeof(digest) - 1),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SECRET, secrets->master, MASTER_BYTES),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SEED, label, sizeof(label) - 1),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SEED, secrets->server_random, RANDOM_BYTES),
        OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SEED, secrets->client_random, RANDOM_BYTES),
        OSSL_PARAM_END,
    };
    assert_int_equal(EVP_KDF_derive(context, out, len, parameters), 1);
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
}

/* AES-128-CCM with a tag of 8 bytes: `cipher` gets the text and the tag. */
static void seal(const uint8_t *key, const uint8_t *nonce, bc_view about, bc_view text,
                 uint8_t *cipher)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int len;
    int text_len = (int)text.len;
    assert_true(EVP_EncryptInit_ex(context, EVP_aes_128_ccm(), NULL, NULL, NULL) &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL) &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, NULL) &&
                EVP_EncryptInit_ex(context, NULL, NULL, key, nonce) &&
                EVP_EncryptUpdate(context, NULL, &len, NULL, text_len) &&
                EVP_EncryptUpdate(context, NULL, &len, about.ptr, (int)about.len) &&
                EVP_EncryptUpdate(context, cipher, &len, text.ptr, text_len) &&
                EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, cipher + text_len));
    EVP_CIPHER_CTX_free(context);
}

void secure_send_alert(struct secure_desk *s, uint8_t level, uint8_t description)
{
    /* Epoch 1 and a number that the server has not reached. */
    static const uint8_t number[EXPLICIT_BYTES] = {0, 1, 0, 0, 0, 0, 0x10, 0};
    struct secrets secrets = last_secrets(s);
    uint8_t block[2 * KEY_BYTES + 2 * SALT_BYTES];
    uint8_t nonce[SALT_BYTES + EXPLICIT_BYTES];
    uint8_t record[HEADER_BYTES + EXPLICIT_BYTES + 2 + TAG_BYTES] = {21, 0xFE, 0xFD};
    uint8_t about[HEADER_BYTES];
    const uint8_t alert[2] = {level, description};
    derive(&secrets, block, sizeof(block));
    memcpy(nonce, block + 2 * KEY_BYTES + SALT_BYTES, SALT_BYTES);
    memcpy(nonce + SALT_BYTES, number, sizeof(number));
    memcpy(record + 3, number, sizeof(number));
    record[12] = sizeof(record) - HEADER_BYTES;
    memcpy(record + HEADER_BYTES, number, sizeof(number));
    memcpy(about, number, sizeof(number));
    memcpy(about + 8, (const uint8_t[]){21, 0xFE, 0xFD, 0, sizeof(alert)}, 5);
    seal(block + KEY_BYTES, nonce, (bc_view){about, sizeof(about)}, (bc_view){alert, sizeof(alert)},
         record + HEADER_BYTES + EXPLICIT_BYTES);
    desk_datagram(&s->desk, &s->desk.server, record, sizeof(record));
}
