/*
 * Which messages were seen lately, by sender and message id, and what was answered (RFC 7252 4.5):
 * a repeated one gets the same bytes again and does nothing. First in, first out: an entry goes
 * after EXCHANGE_LIFETIME, or earlier when the cap is reached. (Rarely one goes a little before
 * its turn: see duplicates.c.)
 */
#ifndef BC_PLATFORM_DUPLICATES_H
#define BC_PLATFORM_DUPLICATES_H

#include "bc260y/types.h"

/* Room for 2.01 with an 8-byte token, our location and a block: 4 + 8 + 3 + 11 + 4. */
#define DUPLICATE_REPLY_BYTES_MAX 30

struct duplicate {
    uint64_t expires_ms;
    uint32_t hash;
    uint8_t ip[16];
    uint16_t port;
    uint16_t message_id;
    uint8_t way;         /* length of the address and channel, in one: see duplicates.c */
    uint8_t reply_bytes; /* 0: nothing was answered */
    uint8_t reply[DUPLICATE_REPLY_BYTES_MAX];
};

#define DUPLICATES_A_BUCKET 8

struct duplicates_bucket;

struct duplicates {
    struct duplicate *ring;
    struct duplicates_bucket *buckets;
    uint32_t mask;
    uint32_t cap;
    uint32_t next; /* place of the next entry */
    uint32_t open; /* how many of the newest may still be taken back */
};

bool bc_server_duplicates_init(struct duplicates *d, uint32_t cap);
void bc_server_duplicates_free(struct duplicates *d);

/* `hash` is of the sender and the message id. NULL when not seen or too long ago. */
const struct duplicate *bc_server_duplicate_find(const struct duplicates *d, uint32_t hash,
                                                 const struct bc_address *from, uint16_t message_id,
                                                 uint64_t now_ms);
/* Brings near what bc_server_duplicate_find() will look at. */
void bc_server_duplicate_fetch(const struct duplicates *d, uint32_t hash);
/* A reply that is too long is not kept: its request would be handled again. */
void bc_server_duplicate_add(struct duplicates *d, uint32_t hash, const struct bc_address *from,
                             uint16_t message_id, bc_view reply, uint64_t expires_ms);

/* What was added up to now stays; or what was added since then is taken back. */
static inline void bc_server_duplicates_keep(struct duplicates *d)
{
    d->open = 0;
}
void bc_server_duplicates_discard(struct duplicates *d);

#endif
