/*
 * The memory of seen messages of duplicates.h, made for the processor's cache, since every message
 * comes through here: a ring of entries, written in order, and buckets of one cache line each that
 * name the newest entries with a hash. A message that is new costs one line of a bucket; the ring
 * is only read where the hash is equal. An entry that the ring has overwritten needs no unlinking:
 * it no longer is what the bucket says. With half as many buckets' places in use as there are, one
 * bucket in fifty thousand overflows and forgets its oldest entry early.
 */
#include "duplicates.h"

#include <stdlib.h>
#include <string.h>

#define CACHE_LINE_BYTES 64
#define ENTRIES_A_BUCKET 2 /* on average, when the ring is full */

struct duplicates_bucket {
    struct {
        uint32_t hash;
        uint32_t place; /* in the ring, from 1; 0 = none */
    } newest[DUPLICATES_A_BUCKET];
};

bool bc_server_duplicates_init(struct duplicates *d, uint32_t cap)
{
    size_t buckets = 1;
    while (buckets * ENTRIES_A_BUCKET < cap)
        buckets *= 2;
    *d = (struct duplicates){.mask = (uint32_t)(buckets - 1), .cap = cap};
    d->ring = calloc(cap, sizeof(*d->ring));
    d->buckets = aligned_alloc(CACHE_LINE_BYTES, buckets * sizeof(*d->buckets));
    if (d->buckets != NULL)
        memset(d->buckets, 0, buckets * sizeof(*d->buckets));
    return d->ring != NULL && d->buckets != NULL;
}

void bc_server_duplicates_free(struct duplicates *d)
{
    free(d->ring);
    free(d->buckets);
    *d = (struct duplicates){0};
}

/* An entry is one cache line, with one byte left for both. Channels that differ by 128 differ in
 * their hashes. */
static uint8_t way_of(const struct bc_address *from)
{
    return (uint8_t)((from->ip_len == 4 ? 0x80 : 0) | (from->channel & 0x7F));
}

static bool is_of(const struct duplicate *entry, uint32_t hash, const struct bc_address *from,
                  uint16_t message_id)
{
    return entry->hash == hash && entry->message_id == message_id && entry->port == from->port &&
           entry->way == way_of(from) && memcmp(entry->ip, from->ip, from->ip_len) == 0;
}

const struct duplicate *bc_server_duplicate_find(const struct duplicates *d, uint32_t hash,
                                                 const struct bc_address *from, uint16_t message_id,
                                                 uint64_t now_ms)
{
    const struct duplicates_bucket *bucket = &d->buckets[hash & d->mask];
    for (size_t i = 0; i < DUPLICATES_A_BUCKET && bucket->newest[i].place != 0; i++) {
        const struct duplicate *entry = &d->ring[bucket->newest[i].place - 1];
        if (bucket->newest[i].hash == hash && is_of(entry, hash, from, message_id))
            return entry->expires_ms > now_ms ? entry : NULL;
    }
    return NULL;
}

void bc_server_duplicate_fetch(const struct duplicates *d, uint32_t hash)
{
#if defined(__GNUC__)
    __builtin_prefetch(&d->buckets[hash & d->mask], 1);
#else
    (void)d;
    (void)hash;
#endif
}

void bc_server_duplicate_add(struct duplicates *d, uint32_t hash, const struct bc_address *from,
                             uint16_t message_id, bc_view reply, uint64_t expires_ms)
{
    if (reply.len > DUPLICATE_REPLY_BYTES_MAX)
        return;
    struct duplicate *entry = &d->ring[d->next];
    struct duplicates_bucket *bucket = &d->buckets[hash & d->mask];
    memmove(bucket->newest + 1, bucket->newest, sizeof(*bucket) - sizeof(bucket->newest[0]));
    bucket->newest[0].hash = hash;
    bucket->newest[0].place = d->next + 1;
    d->next = d->next + 1 == d->cap ? 0 : d->next + 1;
    d->open += d->open < d->cap;
    *entry = (struct duplicate){.expires_ms = expires_ms,
                                .hash = hash,
                                .port = from->port,
                                .message_id = message_id,
                                .way = way_of(from),
                                .reply_bytes = (uint8_t)reply.len};
    memcpy(entry->ip, from->ip, sizeof(entry->ip));
    if (reply.len > 0)
        memcpy(entry->reply, reply.ptr, reply.len);
}

/* An entry whose time is over is as none. */
void bc_server_duplicates_discard(struct duplicates *d)
{
    for (; d->open > 0; d->open--) {
        d->next = d->next == 0 ? d->cap - 1 : d->next - 1;
        d->ring[d->next].expires_ms = 0;
    }
}
