/*
 * SplitMix64: see random.h.
 */
#include "base/random.h"

uint32_t bc_random_next(struct bc_random *random)
{
    random->state += 0x9E3779B97F4A7C15U;
    uint64_t z = random->state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}
