/*
 * The seeded generator behind message IDs and tokens: one seed repeats a session byte for byte.
 * SplitMix64 (Steele, Lea, Flood 2014). Not for keys.
 */
#ifndef BC_BASE_RANDOM_H
#define BC_BASE_RANDOM_H

#include "bc260y/types.h"

struct bc_random {
    uint64_t state;
};

uint32_t bc_random_next(struct bc_random *random);

#endif
