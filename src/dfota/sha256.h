/*
 * SHA-256 (FIPS 180-4) behind a seam: the library has no implementation of its own. A backend
 * defines the three functions: sha256_openssl.c with OpenSSL's EVP, none.c where there is none. On
 * a microcontroller they are three lines around mbedTLS or the hash engine.
 */
#ifndef BC_DFOTA_SHA256_H
#define BC_DFOTA_SHA256_H

#include "bc260y/types.h"

#define BC_SHA256_BYTES 32
#define BC_SHA256_STATE_BYTES 128 /* of a backend; OpenSSL's is a pointer, mbedTLS's a struct */

struct bc_sha256 {
    union {
        void *pointer;
        uint64_t aligned;
        uint8_t bytes[BC_SHA256_STATE_BYTES];
    } state;
    bool good; /* what the backend has reported so far */
};

/* Whoever begins must end, also when the digest is no longer wanted: a backend may hold memory. */
void bc_sha256_begin(struct bc_sha256 *hash);
void bc_sha256_add(struct bc_sha256 *hash, bc_view bytes);

/* False, and no digest, when the backend failed at any time. `digest` may be NULL. */
bool bc_sha256_end(struct bc_sha256 *hash, uint8_t digest[BC_SHA256_BYTES]);

#endif
