/*
 * The Block1 and Block2 option values (RFC 7959 section 2.2). Transfers are left to others.
 */
#ifndef BC_COAP_BLOCK_H
#define BC_COAP_BLOCK_H

#include "bc260y/types.h"

struct bc_coap_block {
    uint32_t number; /* 0 to 2^20-1 */
    bool more;
    uint8_t size_exponent; /* 0 to 6: 16 to 1024 bytes */
};

static inline size_t bc_coap_block_bytes(const struct bc_coap_block *block)
{
    return (size_t)16 << block->size_exponent;
}

/* False when longer than 3 bytes or with the reserved exponent 7. */
bool bc_coap_block_read(bc_view value, struct bc_coap_block *out);
uint32_t bc_coap_block_value(const struct bc_coap_block *block);

#endif
