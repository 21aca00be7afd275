/*
 * Unpacking one block of a delta package behind a seam: a zstd frame (RFC 8878) whose back
 * references may reach into the source image. unpack_zstd.c is the backend with libzstd, none.c
 * stands in where there is none.
 *
 * The decoder works in memory that the caller lends, on the source where it lies (flash that is
 * mapped into memory, or a loaded file): it keeps no window and allocates nothing. Blocks are
 * independent of each other.
 */
#ifndef BC_DFOTA_UNPACK_H
#define BC_DFOTA_UNPACK_H

#include "bc260y/types.h"

struct bc_unpack {
    void *decoder;
    const void *reference;
};

/* The memory that a decoder needs; 0 when there is no backend. */
size_t bc_unpack_memory_bytes(void);

/* `memory` is aligned to 8 bytes; it and the source stay in place as long as the decoder is used.
 * False when there is no backend or `memory_bytes` is too small. */
bool bc_unpack_begin(struct bc_unpack *unpack, void *memory, size_t memory_bytes, bc_view source);

/* Exactly one frame, with content size and without checksum and dictionary ID, to `len` bytes.
 * False for anything else; then `out` holds nothing of worth. */
bool bc_unpack_block(struct bc_unpack *unpack, bc_view frame, uint8_t *out, size_t len);

#endif
