/*
 * A compacting arena: see arena.h.
 */
#include "coap/arena.h"

#include <assert.h>
#include <string.h>

void bc_arena_init(struct bc_arena *arena, uint8_t *base, uint16_t cap)
{
    *arena = (struct bc_arena){.base = base, .cap = cap};
}

bc_sink bc_arena_tail(const struct bc_arena *arena)
{
    return (bc_sink){.ptr = arena->base + arena->used, .cap = (size_t)(arena->cap - arena->used)};
}

static bool is_live(const struct bc_arena *arena, unsigned slot)
{
    return (arena->live >> slot & 1U) != 0;
}

bc_chunk bc_arena_keep(struct bc_arena *arena, size_t len)
{
    assert(len <= (size_t)(arena->cap - arena->used));
    for (unsigned slot = 0; slot < BC_ARENA_CHUNKS; slot++) {
        if (is_live(arena, slot))
            continue;
        arena->at[slot] = arena->used;
        arena->len[slot] = (uint16_t)len;
        arena->used = (uint16_t)(arena->used + len);
        arena->live |= (uint16_t)(1U << slot);
        return (bc_chunk)(slot + 1);
    }
    return 0;
}

/* Moves everything from offset `from` on by `by` bytes (down when negative). */
static void shift(struct bc_arena *arena, uint16_t from, int by)
{
    memmove(arena->base + from + by, arena->base + from, (size_t)(arena->used - from));
    for (unsigned slot = 0; slot < BC_ARENA_CHUNKS; slot++)
        if (is_live(arena, slot) && arena->at[slot] >= from)
            arena->at[slot] = (uint16_t)(arena->at[slot] + by);
    arena->used = (uint16_t)(arena->used + by);
}

bool bc_arena_append(struct bc_arena *arena, bc_chunk *chunk, bc_view bytes)
{
    if (bytes.len > (size_t)(arena->cap - arena->used))
        return false;
    if (*chunk == 0)
        *chunk = bc_arena_keep(arena, 0);
    if (*chunk == 0)
        return false;
    unsigned slot = *chunk - 1U;
    uint16_t end = (uint16_t)(arena->at[slot] + arena->len[slot]);
    uint16_t at = arena->at[slot];
    shift(arena, end, (int)bytes.len);
    arena->at[slot] = at; /* an empty chunk begins where the moved bytes began */
    if (bytes.len > 0)
        memcpy(arena->base + end, bytes.ptr, bytes.len);
    arena->len[slot] = (uint16_t)(arena->len[slot] + bytes.len);
    return true;
}

static void reverse(uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len / 2; i++) {
        uint8_t byte = bytes[i];
        bytes[i] = bytes[len - 1 - i];
        bytes[len - 1 - i] = byte;
    }
}

bool bc_arena_absorb(struct bc_arena *arena, bc_chunk *chunk, size_t len)
{
    bc_chunk added = bc_arena_keep(arena, len);
    if (added == 0)
        return false;
    if (*chunk == 0) {
        *chunk = added;
        return true;
    }
    /* The new bytes are the last ones: turn them to the front of what follows the chunk. */
    unsigned slot = *chunk - 1U;
    unsigned last = added - 1U;
    uint16_t end = (uint16_t)(arena->at[slot] + arena->len[slot]);
    size_t between = (size_t)(arena->at[last] - end);
    reverse(arena->base + end, between);
    reverse(arena->base + end + between, len);
    reverse(arena->base + end, between + len);
    arena->live &= (uint16_t) ~(1U << last);
    for (unsigned i = 0; i < BC_ARENA_CHUNKS; i++)
        if (is_live(arena, i) && i != slot && arena->at[i] >= end)
            arena->at[i] = (uint16_t)(arena->at[i] + len);
    arena->len[slot] = (uint16_t)(arena->len[slot] + len);
    return true;
}

void bc_arena_trim(struct bc_arena *arena, bc_chunk chunk, size_t len)
{
    unsigned slot = chunk - 1U;
    assert(chunk != 0 && is_live(arena, slot) && len <= arena->len[slot]);
    uint16_t end = (uint16_t)(arena->at[slot] + arena->len[slot]);
    int cut = arena->len[slot] - (int)len;
    arena->len[slot] = (uint16_t)len;
    if (cut > 0)
        shift(arena, end, -cut);
}

bc_view bc_arena_view(const struct bc_arena *arena, bc_chunk chunk)
{
    assert(chunk != 0 && is_live(arena, chunk - 1U));
    return (bc_view){arena->base + arena->at[chunk - 1], arena->len[chunk - 1]};
}

void bc_arena_free(struct bc_arena *arena, bc_chunk chunk)
{
    if (chunk == 0)
        return;
    unsigned slot = chunk - 1U;
    assert(is_live(arena, slot));
    arena->live &= (uint16_t) ~(1U << slot);
    shift(arena, (uint16_t)(arena->at[slot] + arena->len[slot]), -(int)arena->len[slot]);
}
