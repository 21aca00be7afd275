/*
 * Block option values: see block.h.
 */
#include "coap/block.h"

#include "coap/message.h"

bool bc_coap_block_read(bc_view value, struct bc_coap_block *out)
{
    uint32_t bits;
    if (value.len > 3 || !bc_coap_option_uint(value, &bits) || (bits & 7) == 7)
        return false;
    *out = (struct bc_coap_block){bits >> 4, (bits & 8) != 0, bits & 7};
    return true;
}

uint32_t bc_coap_block_value(const struct bc_coap_block *block)
{
    return block->number << 4 | (uint32_t)block->more << 3 | block->size_exponent;
}
