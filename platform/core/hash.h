/*
 * SipHash-1-3 (Aumasson, Bernstein 2012): a keyed hash, so that nobody outside can choose names or
 * addresses that fall into one bucket; run on a counter it also makes ids and tokens that cannot
 * be guessed from the ones seen.
 */
#ifndef BC_PLATFORM_HASH_H
#define BC_PLATFORM_HASH_H

#include "base/random.h"
#include "bc260y/types.h"

struct hash_key {
    uint64_t k0;
    uint64_t k1;
};

struct hash_key bc_server_hash_key(struct bc_random *random);

uint64_t bc_server_hash(const struct hash_key *key, bc_view bytes);
/* Of a sender and a message id. */
uint32_t bc_server_hash_message(const struct hash_key *key, const struct bc_address *address,
                                uint16_t message_id);

#endif
