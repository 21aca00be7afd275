/*
 * The compacting arena (coap/arena.h): seeded random operations against a simple model that keeps
 * every chunk in an array of its own.
 */
#include "check.h"

#include <string.h>

#include "coap/arena.h"

#define ARENA_BYTES 600

/* What the arena should hold; `len` is -1 where there is no chunk. */
struct model {
    struct bc_arena arena;
    struct bc_random random;
    uint8_t bytes[BC_ARENA_CHUNKS][ARENA_BYTES];
    int len[BC_ARENA_CHUNKS];
    size_t used;
    unsigned refused;
    uint8_t next_byte;
};

static void model_check(const struct model *m)
{
    size_t used = 0;
    for (unsigned i = 0; i < BC_ARENA_CHUNKS; i++) {
        if (m->len[i] < 0)
            continue;
        bc_view seen = bc_arena_view(&m->arena, (bc_chunk)(i + 1));
        assert_int_equal(seen.len, m->len[i]);
        assert_memory_equal(seen.ptr, m->bytes[i], seen.len);
        used += seen.len;
    }
    assert_int_equal(used, m->used);
    assert_int_equal(bc_arena_tail(&m->arena).cap, ARENA_BYTES - used);
}

/* Bytes that no other call wrote. */
static bc_view fresh_bytes(struct model *m, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = m->next_byte++;
    return (bc_view){out, len};
}

static bool any_free(const struct model *m)
{
    for (unsigned i = 0; i < BC_ARENA_CHUNKS; i++)
        if (m->len[i] < 0)
            return true;
    return false;
}

static void model_add(struct model *m, bc_chunk chunk, bc_view bytes)
{
    unsigned i = chunk - 1U;
    if (m->len[i] < 0)
        m->len[i] = 0;
    memcpy(m->bytes[i] + m->len[i], bytes.ptr, bytes.len);
    m->len[i] += (int)bytes.len;
    m->used += bytes.len;
}

static void do_append(struct model *m)
{
    uint8_t source[200];
    bc_view bytes =
        fresh_bytes(m, source,
                    check_draw(&m->random, 4) == 0 ? check_draw(&m->random, sizeof(source))
                                                   : check_draw(&m->random, 12));
    unsigned i = check_draw(&m->random, BC_ARENA_CHUNKS);
    bc_chunk chunk = m->len[i] < 0 ? 0 : (bc_chunk)(i + 1);
    bool fits = bytes.len <= ARENA_BYTES - m->used && (chunk != 0 || any_free(m));
    bc_chunk before = chunk;
    bool done = bc_arena_append(&m->arena, &chunk, bytes);
    assert_int_equal(done, fits);
    if (!done) {
        m->refused++;
        assert_int_equal(chunk, before);
        return;
    }
    assert_true(chunk >= 1 && chunk <= BC_ARENA_CHUNKS);
    assert_true(before != 0 || m->len[chunk - 1] < 0); /* a new name is nobody else's */
    model_add(m, chunk, bytes);
}

static void do_keep(struct model *m)
{
    uint8_t source[64];
    bc_sink tail = bc_arena_tail(&m->arena);
    size_t len = check_draw(&m->random, sizeof(source));
    if (len > tail.cap)
        return;
    bc_view bytes = fresh_bytes(m, source, len);
    bc_put_bytes(&tail, bytes);
    if (check_draw(&m->random, 3) == 0)
        return; /* a tail that is not kept costs nothing */
    bc_chunk chunk = bc_arena_keep(&m->arena, len);
    assert_int_equal(chunk != 0, any_free(m));
    if (chunk == 0) {
        m->refused++;
        return;
    }
    assert_true(m->len[chunk - 1] < 0);
    model_add(m, chunk, bytes);
}

static void do_absorb(struct model *m)
{
    uint8_t source[64];
    bc_sink tail = bc_arena_tail(&m->arena);
    size_t len = check_draw(&m->random, sizeof(source));
    unsigned i = check_draw(&m->random, BC_ARENA_CHUNKS);
    bc_chunk chunk = m->len[i] < 0 ? 0 : (bc_chunk)(i + 1);
    if (len > tail.cap)
        return;
    bc_view bytes = fresh_bytes(m, source, len);
    bc_put_bytes(&tail, bytes);
    bool done = bc_arena_absorb(&m->arena, &chunk, len);
    assert_int_equal(done, any_free(m)); /* it needs a name for a moment */
    if (done)
        model_add(m, chunk, bytes);
    else
        m->refused++;
}

static void do_trim(struct model *m)
{
    unsigned i = check_draw(&m->random, BC_ARENA_CHUNKS);
    if (m->len[i] < 0)
        return;
    uint32_t len = check_draw(&m->random, (uint32_t)m->len[i] + 1);
    bc_arena_trim(&m->arena, (bc_chunk)(i + 1), len);
    m->used -= (size_t)m->len[i] - len;
    m->len[i] = (int)len;
}

static void do_free(struct model *m)
{
    unsigned i = check_draw(&m->random, BC_ARENA_CHUNKS);
    if (m->len[i] < 0) {
        bc_arena_free(&m->arena, 0);
        return;
    }
    bc_arena_free(&m->arena, (bc_chunk)(i + 1));
    m->used -= (size_t)m->len[i];
    m->len[i] = -1;
}

static void arena_keeps_every_chunk_through_random_operations(void **state)
{
    static void (*const operations[])(struct model * m) = {
        do_append, do_append, do_absorb, do_keep, do_keep, do_trim, do_free, do_free};
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        struct model m = {.random = {seed}};
        bc_sink block = check_heap_sink(ARENA_BYTES);
        bc_arena_init(&m.arena, block.ptr, ARENA_BYTES);
        for (unsigned i = 0; i < BC_ARENA_CHUNKS; i++)
            m.len[i] = -1;
        for (unsigned step = 0; step < 1500; step++) {
            operations[check_draw(&m.random, 8)](&m);
            model_check(&m);
        }
        assert_true(m.refused > 0); /* both limits were met */
        check_heap_free((bc_view){block.ptr, 0});
    }
}

static void arena_has_16_names_and_takes_them_back(void **state)
{
    (void)state;
    uint8_t block[64];
    struct bc_arena arena;
    bc_arena_init(&arena, block, sizeof(block));
    for (unsigned i = 0; i < BC_ARENA_CHUNKS; i++) {
        bc_chunk chunk = 0;
        assert_true(bc_arena_append(&arena, &chunk, BC_TEXT("x")));
    }
    bc_chunk chunk = 0;
    assert_int_equal(bc_arena_keep(&arena, 1), 0);
    assert_false(bc_arena_append(&arena, &chunk, BC_TEXT("y")));
    assert_int_equal(chunk, 0);
    bc_arena_free(&arena, 7);
    assert_true(bc_arena_append(&arena, &chunk, BC_TEXT("y")));
    assert_int_equal(chunk, 7);
    check_text(bc_arena_view(&arena, 7), "y");
}

static void arena_is_filled_to_its_last_byte(void **state)
{
    (void)state;
    bc_sink block = check_heap_sink(8);
    struct bc_arena arena;
    bc_arena_init(&arena, block.ptr, 8);
    bc_chunk a = 0;
    bc_chunk b = 0;
    assert_true(bc_arena_append(&arena, &a, BC_TEXT("1234")));
    assert_false(bc_arena_append(&arena, &b, BC_TEXT("56789")));
    assert_int_equal(b, 0);
    assert_true(bc_arena_append(&arena, &b, BC_TEXT("567")));
    assert_true(bc_arena_append(&arena, &a, BC_TEXT("+")));
    assert_false(bc_arena_append(&arena, &a, BC_TEXT("+")));
    check_text(bc_arena_view(&arena, a), "1234+");
    check_text(bc_arena_view(&arena, b), "567");
    assert_int_equal(bc_arena_tail(&arena).cap, 0);
    check_heap_free((bc_view){block.ptr, 0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_keeps_every_chunk_through_random_operations),
        cmocka_unit_test(arena_has_16_names_and_takes_them_back),
        cmocka_unit_test(arena_is_filled_to_its_last_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
