/*
 * SipHash-1-3 (Aumasson, Bernstein 2012): a keyed hash, so that nobody outside can choose names or
 * addresses that fall into one bucket; run on a counter it also makes ids and tokens that cannot
 * be guessed from the ones seen.
 */
#ifndef BC_PLATFORM_HASH_H
#define BC_PLATFORM_HASH_H

#include "bc260y/types.h"

struct hash_key {
    uint64_t k0;
    uint64_t k1;
};

uint64_t bc_server_hash(const struct hash_key *key, bc_view bytes);

#endif
