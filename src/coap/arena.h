/*
 * Byte chunks of any size in one lent buffer, without a heap: new chunks go to the end, a freed
 * one lets the later ones move down. So views into the arena live until the next call on it.
 */
#ifndef BC_COAP_ARENA_H
#define BC_COAP_ARENA_H

#include "bc260y/types.h"

#define BC_ARENA_CHUNKS 16

/* A chunk's name; 0 is "no chunk". */
typedef uint8_t bc_chunk;

struct bc_arena {
    uint8_t *base; /* borrowed; may change while no chunk is in use */
    uint16_t cap;
    uint16_t used;
    uint16_t at[BC_ARENA_CHUNKS]; /* of chunk i+1 */
    uint16_t len[BC_ARENA_CHUNKS];
    uint16_t live; /* one bit a chunk */
};

void bc_arena_init(struct bc_arena *arena, uint8_t *base, uint16_t cap);

/* The free tail, to write a chunk in place; bc_arena_keep() makes its first `len` bytes a chunk.
 * 0 when all names are taken. A tail that is not kept costs nothing. */
bc_sink bc_arena_tail(const struct bc_arena *arena);
bc_chunk bc_arena_keep(struct bc_arena *arena, size_t len);

/* Adds bytes to a chunk (0 makes a new one). False, with nothing changed, when they do not fit.
 * The bytes must lie outside the arena. */
bool bc_arena_append(struct bc_arena *arena, bc_chunk *chunk, bc_view bytes);

/* Adds the first `len` bytes of the tail, written there in place, to a chunk (0 makes a new one).
 * False when all names are taken. */
bool bc_arena_absorb(struct bc_arena *arena, bc_chunk *chunk, size_t len);

/* Takes bytes off a chunk's end until `len` are left. */
void bc_arena_trim(struct bc_arena *arena, bc_chunk chunk, size_t len);

bc_view bc_arena_view(const struct bc_arena *arena, bc_chunk chunk);

/* 0 is allowed and does nothing. */
void bc_arena_free(struct bc_arena *arena, bc_chunk chunk);

#endif
