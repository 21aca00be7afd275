/*
 * SHA-256 with OpenSSL's EVP interface: see sha256.h. Its state lives on OpenSSL's heap.
 */
#include "dfota/sha256.h"

#include <openssl/evp.h>

void bc_sha256_begin(struct bc_sha256 *hash)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    hash->state.pointer = context;
    hash->good = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
}

void bc_sha256_add(struct bc_sha256 *hash, bc_view bytes)
{
    if (hash->good)
        hash->good = EVP_DigestUpdate(hash->state.pointer, bytes.ptr, bytes.len) == 1;
}

bool bc_sha256_end(struct bc_sha256 *hash, uint8_t digest[BC_SHA256_BYTES])
{
    if (hash->good && digest != NULL)
        hash->good = EVP_DigestFinal_ex(hash->state.pointer, digest, NULL) == 1;
    EVP_MD_CTX_free(hash->state.pointer);
    hash->state.pointer = NULL;
    return hash->good;
}
