/*
 * SipHash-1-3: see hash.h.
 */
#include "hash.h"

#include <string.h>

struct state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t draw(struct bc_random *random)
{
    uint64_t word = (uint64_t)bc_random_next(random) << 32;
    return word | bc_random_next(random);
}

struct hash_key bc_server_hash_key(struct bc_random *random)
{
    uint64_t k0 = draw(random);
    return (struct hash_key){k0, draw(random)};
}

static inline uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void mix(struct state *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate(s->v1, 13) ^ s->v0;
    s->v3 = rotate(s->v3, 16) ^ s->v2;
    s->v0 = rotate(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate(s->v1, 17) ^ s->v2;
    s->v3 = rotate(s->v3, 21) ^ s->v0;
    s->v2 = rotate(s->v2, 32);
}

static inline void absorb(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    mix(s);
    s->v0 ^= word;
}

/* The byte order of the machine is good enough: hashes never leave the process. */
static inline uint64_t read_word(const uint8_t *bytes, size_t len)
{
    uint64_t word = 0;
    memcpy(&word, bytes, len);
    return word;
}

uint64_t bc_server_hash(const struct hash_key *key, bc_view bytes)
{
    struct state s = {
        key->k0 ^ 0x736f6d6570736575U,
        key->k1 ^ 0x646f72616e646f6dU,
        key->k0 ^ 0x6c7967656e657261U,
        key->k1 ^ 0x7465646279746573U,
    };
    size_t at = 0;
    for (; at + 8 <= bytes.len; at += 8)
        absorb(&s, read_word(bytes.ptr + at, 8));
    uint64_t last = (uint64_t)(bytes.len & 0xFF) << 56;
    if (at < bytes.len)
        last |= read_word(bytes.ptr + at, bytes.len - at);
    absorb(&s, last);
    s.v2 ^= 0xFF;
    for (int i = 0; i < 3; i++)
        mix(&s);
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint32_t bc_server_hash_message(const struct hash_key *key, const struct bc_address *address,
                                uint16_t message_id)
{
    uint8_t bytes[sizeof(address->ip) + 5];
    memcpy(bytes, address->ip, address->ip_len);
    memcpy(bytes + address->ip_len, &address->port, 2);
    memcpy(bytes + address->ip_len + 2, &message_id, 2);
    bytes[address->ip_len + 4] = address->channel;
    return (uint32_t)bc_server_hash(key, (bc_view){bytes, address->ip_len + 5U});
}
