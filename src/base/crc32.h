/*
 * CRC-32 of IEEE 802.3 (reflected, polynomial 0x04C11DB7), without a table: records are short.
 */
#ifndef BC_BASE_CRC32_H
#define BC_BASE_CRC32_H

#include "bc260y/types.h"

uint32_t bc_crc32(bc_view bytes);

#endif
