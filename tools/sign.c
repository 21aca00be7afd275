/*
 * Signing zip files and checking what was signed (G 5.7.3): see sign.h and docs/SIGNING.md.
 */
#include "sign.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "sign_keys.h"
#include "sign_zip.h"

#define MARK "bc260y-sign 1 "
#define SIGNATURE_BYTES_MAX 256U /* RSA's; ECDSA's is shorter */
#define BASE64_CHARS_MAX (4U * ((SIGNATURE_BYTES_MAX + 2U) / 3U))
#define COMMENT_CHARS_MAX 512U

static const uint8_t no_comment[SIGN_ZIP_LENGTH_BYTES]; /* its length, as before signing */

/* "bc260y-sign 1 ALGORITHM BASE64" and a line feed. */
static void write_comment(enum sign_algorithm algorithm, bc_view signature, bc_sink *out)
{
    uint8_t base64[BASE64_CHARS_MAX + 1];
    int chars = EVP_EncodeBlock(base64, signature.ptr, (int)signature.len);
    bc_put_text(out, MARK);
    bc_put_text(out, sign_algorithm_name(algorithm));
    bc_put_char(out, ' ');
    bc_put_bytes(out, (bc_view){base64, (size_t)chars});
    bc_put_char(out, '\n');
}

static bool is_signed(bc_view comment)
{
    return comment.len >= sizeof(MARK) - 1 && memcmp(comment.ptr, MARK, sizeof(MARK) - 1) == 0;
}

/* Takes apart what write_comment() wrote; what it would have written otherwise is refused, so that
 * no byte can be changed without notice. */
static bool read_comment(bc_view comment, enum sign_algorithm *algorithm,
                         uint8_t signature[SIGNATURE_BYTES_MAX], size_t *signature_bytes)
{
    char name[32];
    char base64[BASE64_CHARS_MAX + 1];
    uint8_t bytes[BASE64_CHARS_MAX];
    char text[COMMENT_CHARS_MAX + 1];
    uint8_t again[COMMENT_CHARS_MAX];
    bc_sink out = {.ptr = again, .cap = sizeof(again)};
    if (comment.len > COMMENT_CHARS_MAX)
        return false;
    memcpy(text, comment.ptr, comment.len);
    text[comment.len] = '\0';
    if (sscanf(text, MARK "%31s %344s", name, base64) != 2 || !sign_algorithm_of(name, algorithm))
        return false;
    int len = EVP_DecodeBlock(bytes, (const uint8_t *)base64, (int)strlen(base64));
    size_t padding = strspn(base64 + strcspn(base64, "="), "=");
    if (len <= 0 || padding > 2 || (size_t)len - padding > SIGNATURE_BYTES_MAX)
        return false;
    *signature_bytes = (size_t)len - padding;
    memcpy(signature, bytes, *signature_bytes);
    write_comment(*algorithm, (bc_view){signature, *signature_bytes}, &out);
    return bc_view_equal(bc_sink_view(&out), comment);
}

/* --- Signing --------------------------------------------------------------------------------- */

static bool calculate(EVP_PKEY *key, bc_view zip, uint8_t signature[SIGNATURE_BYTES_MAX],
                      size_t *len)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    *len = SIGNATURE_BYTES_MAX;
    bool good = context != NULL &&
                EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestSign(context, signature, len, zip.ptr, zip.len) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

/* The archive, the length of its new comment, and the comment. */
static bool join(bc_view archive, bc_view comment, struct tool_bytes *out)
{
    bc_sink sink = {.cap = archive.len + SIGN_ZIP_LENGTH_BYTES + comment.len};
    sink.ptr = malloc(sink.cap);
    if (sink.ptr == NULL)
        return false;
    bc_put_bytes(&sink, archive);
    bc_put_char(&sink, (char)(comment.len & 0xFF));
    bc_put_char(&sink, (char)(comment.len >> 8));
    bc_put_bytes(&sink, comment);
    *out = (struct tool_bytes){sink.ptr, sink.len};
    return true;
}

static bool sign_with(EVP_PKEY *key, enum sign_algorithm algorithm, bc_view zip, bc_view archive,
                      struct tool_bytes *out)
{
    uint8_t signature[SIGNATURE_BYTES_MAX];
    uint8_t text[COMMENT_CHARS_MAX];
    bc_sink comment = {.ptr = text, .cap = sizeof(text)};
    size_t len;
    if (!calculate(key, zip, signature, &len))
        return false;
    write_comment(algorithm, (bc_view){signature, len}, &comment);
    return join(archive, bc_sink_view(&comment), out);
}

bool sign_package(bc_view zip, bc_view private_key, const struct sign_asker *asker,
                  struct tool_bytes *out, char why[TOOL_WHY_MAX])
{
    struct sign_zip parts;
    enum sign_algorithm algorithm;
    if (!sign_zip_open(zip, &parts, why))
        return false;
    if (parts.comment.len > 0) {
        snprintf(why, TOOL_WHY_MAX,
                 is_signed(parts.comment)
                     ? "it is signed already"
                     : "it has an archive comment, where the signature belongs; remove it");
        return false;
    }
    EVP_PKEY *key = sign_read_private(private_key, asker, &algorithm, why);
    if (key == NULL)
        return false;
    bool good = sign_with(key, algorithm, zip, parts.archive, out);
    EVP_PKEY_free(key);
    if (!good)
        snprintf(why, TOOL_WHY_MAX, "OpenSSL cannot sign with this key");
    return good;
}

/* --- Verifying ------------------------------------------------------------------------------- */

/* The signature is that of the file as it was before the comment came. */
static bool matches(EVP_PKEY *key, bc_view archive, bc_view signature)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL &&
                EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerifyUpdate(context, archive.ptr, archive.len) == 1 &&
                EVP_DigestVerifyUpdate(context, no_comment, sizeof(no_comment)) == 1 &&
                EVP_DigestVerifyFinal(context, signature.ptr, signature.len) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

bool sign_verify(bc_view package, bc_view public_key, enum sign_algorithm *algorithm,
                 char why[TOOL_WHY_MAX])
{
    struct sign_zip parts;
    uint8_t signature[SIGNATURE_BYTES_MAX];
    size_t len;
    enum sign_algorithm of_key;
    if (!sign_zip_open(package, &parts, why))
        return false;
    if (!read_comment(parts.comment, algorithm, signature, &len)) {
        snprintf(why, TOOL_WHY_MAX,
                 is_signed(parts.comment) ? "its signature is damaged" : "it is not signed");
        return false;
    }
    EVP_PKEY *key = sign_read_public(public_key, &of_key, why);
    if (key == NULL)
        return false;
    bool good = of_key == *algorithm && matches(key, parts.archive, (bc_view){signature, len});
    EVP_PKEY_free(key);
    if (!good)
        snprintf(why, TOOL_WHY_MAX,
                 "the signature is wrong: it was altered, or signed with another key");
    return good;
}
