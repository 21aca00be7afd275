/*
 * CRC-32: see crc32.h.
 */
#include "base/crc32.h"

#define POLYNOMIAL_REFLECTED 0xEDB88320U

uint32_t bc_crc32(bc_view bytes)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= bytes.ptr[i];
        for (unsigned bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? POLYNOMIAL_REFLECTED : 0);
    }
    return ~crc;
}
