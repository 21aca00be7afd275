/*
 * Making and reading key pairs (G 5.7.2) with OpenSSL: see sign.h and sign_keys.h.
 *
 * The private key's encryption is PBES2 with AES-256 (RFC 8018). The rule for passphrases is weak,
 * as the platform has it; many iterations make up for some of it.
 */
#include "sign_keys.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"

#define CURVE "secp256k1"
#define RSA_BITS 2048
#define ITERATIONS 600000

static const char *const algorithm_names[SIGN_ALGORITHMS] = {
    [SIGN_ECDSA_256K1_SHA256] = "ECDSA_256K1+SHA256",
    [SIGN_RSA2048_SHA256] = "RSA2048+SHA256",
};

const char *sign_algorithm_name(enum sign_algorithm algorithm)
{
    return algorithm_names[algorithm];
}

bool sign_algorithm_of(const char *name, enum sign_algorithm *out)
{
    for (size_t i = 0; i < SIGN_ALGORITHMS; i++) {
        if (strcmp(name, algorithm_names[i]) == 0) {
            *out = (enum sign_algorithm)i;
            return true;
        }
    }
    return false;
}

bool sign_passphrase_strong(const char *passphrase)
{
    bool upper = false;
    bool lower = false;
    bool digit = false;
    bool other = false;
    for (const char *c = passphrase; *c != '\0'; c++) {
        bool is_upper = *c >= 'A' && *c <= 'Z';
        bool is_lower = *c >= 'a' && *c <= 'z';
        bool is_digit = *c >= '0' && *c <= '9';
        upper |= is_upper;
        lower |= is_lower;
        digit |= is_digit;
        other |= !is_upper && !is_lower && !is_digit;
    }
    return strlen(passphrase) >= SIGN_PASSPHRASE_MIN && upper + lower + digit + other >= 2;
}

void sign_forget(struct tool_bytes *secret)
{
    if (secret->ptr != NULL)
        OPENSSL_cleanse(secret->ptr, secret->len);
    free(secret->ptr);
    *secret = (struct tool_bytes){.ptr = NULL};
}

/* --- Making ---------------------------------------------------------------------------------- */

/* What was written to `bio`, on the heap. */
static bool bytes_of(BIO *bio, struct tool_bytes *out)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    out->ptr = len > 0 ? malloc((size_t)len) : NULL;
    out->len = out->ptr != NULL ? (size_t)len : 0;
    if (out->ptr != NULL)
        memcpy(out->ptr, data, out->len);
    return out->ptr != NULL;
}

static bool write_public(const EVP_PKEY *key, struct tool_bytes *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool good = bio != NULL && PEM_write_bio_PUBKEY(bio, key) == 1 && bytes_of(bio, out);
    BIO_free(bio);
    return good;
}

static bool write_private(const EVP_PKEY *key, const char *passphrase, struct tool_bytes *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
    X509_SIG *encrypted = NULL;
    if (plain != NULL)
        encrypted = PKCS8_encrypt(-1, EVP_aes_256_cbc(), passphrase, (int)strlen(passphrase), NULL,
                                  0, ITERATIONS, plain);
    bool good = bio != NULL && encrypted != NULL && PEM_write_bio_PKCS8(bio, encrypted) == 1 &&
                bytes_of(bio, out);
    X509_SIG_free(encrypted);
    PKCS8_PRIV_KEY_INFO_free(plain);
    BIO_free(bio);
    return good;
}

bool sign_generate(enum sign_algorithm algorithm, const char *passphrase,
                   struct sign_key_pair *pair, char why[TOOL_WHY_MAX])
{
    EVP_PKEY *key = algorithm == SIGN_RSA2048_SHA256 ? EVP_RSA_gen(RSA_BITS) : EVP_EC_gen(CURVE);
    *pair = (struct sign_key_pair){.private_key = {.ptr = NULL}};
    bool good = key != NULL && write_private(key, passphrase, &pair->private_key) &&
                write_public(key, &pair->public_key);
    EVP_PKEY_free(key);
    if (!good) {
        sign_forget(&pair->private_key);
        sign_forget(&pair->public_key);
        snprintf(why, TOOL_WHY_MAX, "OpenSSL cannot make a key pair of %s",
                 sign_algorithm_name(algorithm));
    }
    return good;
}

/* --- Reading --------------------------------------------------------------------------------- */

static bool find_algorithm(const EVP_PKEY *key, enum sign_algorithm *out)
{
    char curve[32] = "";
    if (EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) == RSA_BITS) {
        *out = SIGN_RSA2048_SHA256;
        return true;
    }
    *out = SIGN_ECDSA_256K1_SHA256;
    return EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1 &&
           strcmp(curve, CURVE) == 0;
}

/* The key itself, or NULL when it is none of ours. */
static EVP_PKEY *of_ours(EVP_PKEY *key, enum sign_algorithm *algorithm, char why[TOOL_WHY_MAX])
{
    if (find_algorithm(key, algorithm))
        return key;
    snprintf(why, TOOL_WHY_MAX, "the key is of another kind than %s and %s",
             sign_algorithm_name(SIGN_ECDSA_256K1_SHA256),
             sign_algorithm_name(SIGN_RSA2048_SHA256));
    EVP_PKEY_free(key);
    return NULL;
}

/* OpenSSL asks as often as it has formats to try; the user is asked once. */
struct asking {
    const struct sign_asker *asker;
    bool asked, answered;
    char passphrase[SIGN_PASSPHRASE_MAX + 1];
    char *why;
};

static int on_asked(char *out, int cap, int writing, void *context)
{
    struct asking *asking = context;
    (void)writing;
    if (!asking->asked)
        asking->answered =
            asking->asker->ask(asking->asker->context, asking->passphrase, asking->why);
    asking->asked = true;
    size_t len = strlen(asking->passphrase);
    if (!asking->answered || len > (size_t)cap)
        return -1;
    memcpy(out, asking->passphrase, len);
    return (int)len;
}

static bool has_label(bc_view pem, const char *label)
{
    size_t len = strlen(label);
    for (size_t i = 0; i + len <= pem.len; i++) {
        if (memcmp(pem.ptr + i, label, len) == 0)
            return true;
    }
    return false;
}

EVP_PKEY *sign_read_private(bc_view pem, const struct sign_asker *asker,
                            enum sign_algorithm *algorithm, char why[TOOL_WHY_MAX])
{
    struct asking asking = {.asker = asker, .why = why};
    if (!has_label(pem, "PRIVATE KEY-----")) {
        snprintf(why, TOOL_WHY_MAX, "the key file holds no private key in PEM form");
        return NULL;
    }
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, on_asked, &asking);
    BIO_free(bio);
    OPENSSL_cleanse(asking.passphrase, sizeof(asking.passphrase));
    if (key != NULL)
        return of_ours(key, algorithm, why);
    if (!asking.asked)
        snprintf(why, TOOL_WHY_MAX, "the private key is damaged");
    else if (asking.answered)
        snprintf(why, TOOL_WHY_MAX, "the passphrase is wrong, or the private key is damaged");
    return NULL;
}

/* Without it OpenSSL would ask the terminal for the passphrase of a private key. */
static int nobody_asked(char *out, int cap, int writing, void *context)
{
    (void)out, (void)cap, (void)writing, (void)context;
    return -1;
}

EVP_PKEY *sign_read_public(bc_view pem, enum sign_algorithm *algorithm, char why[TOOL_WHY_MAX])
{
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PUBKEY(bio, NULL, nobody_asked, NULL);
    BIO_free(bio);
    if (key != NULL)
        return of_ours(key, algorithm, why);
    snprintf(why, TOOL_WHY_MAX,
             has_label(pem, "PRIVATE KEY-----")
                 ? "the key file holds a private key; the public one is needed"
                 : "the key file holds no public key in PEM form, or a damaged one");
    return NULL;
}
