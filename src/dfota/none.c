/*
 * The backend of a library without DFOTA: no hash and no decoder, so every package is refused
 * (sha256.h, unpack.h).
 */
#include "dfota/sha256.h"
#include "dfota/unpack.h"

void bc_sha256_begin(struct bc_sha256 *hash)
{
    hash->good = false;
}

void bc_sha256_add(struct bc_sha256 *hash, bc_view bytes)
{
    (void)hash;
    (void)bytes;
}

bool bc_sha256_end(struct bc_sha256 *hash, uint8_t digest[BC_SHA256_BYTES])
{
    (void)digest;
    return hash->good;
}

size_t bc_unpack_memory_bytes(void)
{
    return 0;
}

bool bc_unpack_begin(struct bc_unpack *unpack, void *memory, size_t memory_bytes, bc_view source)
{
    (void)unpack;
    (void)memory;
    (void)memory_bytes;
    (void)source;
    return false;
}

bool bc_unpack_block(struct bc_unpack *unpack, bc_view frame, uint8_t *out, size_t len)
{
    (void)unpack;
    (void)frame;
    (void)out;
    (void)len;
    return false;
}
