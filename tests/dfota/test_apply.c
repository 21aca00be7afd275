/*
 * Applying a delta package: the same bytes whatever the power does, and nothing written before all
 * checks have passed (G 4, MODULE 8, docs/DELTA.md).
 */
#include "flash.h"

#include <string.h>

#define BLOCK 4096U

static int setup(void **state)
{
    static struct flash f;
    flash_setup(&f, 40000, 41000, BLOCK);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    flash_teardown(*state);
    return 0;
}

static void test_a_package_makes_the_target(void **state) /* G 4.1, MODULE 8 */
{
    struct flash *f = *state;
    assert_int_equal(flash_run(f, NULL), BC_DFOTA_NO_FAULT);
    flash_holds_target(f);
    assert_int_equal(f->writes, 11);
    assert_true(f->package.len < 6000); /* or this test tests nothing */
    assert_string_equal(f->apply.package.target_revision, "BC260YCNAAR01A03");
    assert_int_equal(bc_dfota_apply_step(&f->apply), BC_DFOTA_DONE);
}

static void test_images_of_any_size_and_blocks_of_any_size(void **state)
{
    static const struct {
        uint32_t source, target, block;
    } cases[] = {
        {1, 1, 4096},          {1, 70000, 4096},    {70000, 1, 65536},    {4096, 4096, 4096},
        {4095, 4097, 4096},    {50000, 8192, 8192}, {8192, 65536, 65536}, {60000, 65537, 65536},
        {30000, 30000, 32768}, {7, 8, 16384},
    };
    struct flash f;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        flash_setup(&f, cases[i].source, cases[i].target, cases[i].block);
        assert_int_equal(flash_run(&f, NULL), BC_DFOTA_NO_FAULT);
        flash_holds_target(&f);
        flash_teardown(&f);
    }
}

/* 11 blocks of which 10 are in the source, somewhere else: hardly more than a byte each. */
static void test_blocks_of_the_source_are_copies(void **state)
{
    static const int32_t moves[] = {-18000, -17999, 0, 700, 4096, 18500};
    struct flash f;
    (void)state;
    for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
        flash_setup(&f, 79000, 42000, BLOCK);
        memcpy(f.wanted.ptr, f.source.ptr + 18000 + moves[i], 42000);
        memset(f.wanted.ptr + 30000, 0xEE, 100);
        flash_make(&f, BLOCK);
        assert_true(f.package.len < 192 + 10 + 3 + 60);
        for (uint32_t n = 0; n <= 11; n++) { /* also from the middle on */
            const struct bc_dfota_progress none = {.blocks_done = 0};
            memset(f.target, 0xFF, sizeof(f.target));
            assert_int_equal(flash_begin(&f, &none), BC_DFOTA_NO_FAULT);
            while (f.writes < n)
                bc_dfota_apply_step(&f.apply);
            struct bc_dfota_progress kept = f.apply.progress;
            assert_int_equal(flash_run(&f, &kept), BC_DFOTA_NO_FAULT);
            flash_holds_target(&f);
        }
        flash_teardown(&f);
    }
}

/* The decoder must not take the image for a dictionary of zstd's own. */
static void test_a_source_that_looks_like_a_dictionary_is_a_source(void **state)
{
    struct flash *f = *state;
    memcpy(f->source.ptr, "\x37\xA4\x30\xEC", 4);
    memcpy(f->wanted.ptr, f->source.ptr, f->source.len);
    flash_make(f, BLOCK);
    assert_int_equal(flash_run(f, NULL), BC_DFOTA_NO_FAULT);
    flash_holds_target(f);
    assert_true(f->package.len < 3000);
}

/* --- Power ----------------------------------------------------------------------------------- */

/* Steps until so many blocks are in the target. */
static void run_to(struct flash *f, uint32_t blocks)
{
    assert_int_equal(flash_begin(f, NULL), BC_DFOTA_NO_FAULT);
    while (f->writes < blocks)
        bc_dfota_apply_step(&f->apply);
}

static void test_it_goes_on_after_a_power_cut_behind_any_block(void **state) /* G 4.1.2 */
{
    struct flash *f = *state;
    for (uint32_t n = 0; n <= 11; n++) {
        memset(f->target, 0xFF, sizeof(f->target));
        run_to(f, n);
        struct bc_dfota_progress kept = f->apply.progress;
        assert_int_equal(kept.blocks_done, n);
        memset(f->memory, 0xAA, f->memory_bytes);
        assert_int_equal(flash_run(f, &kept), BC_DFOTA_NO_FAULT);
        assert_int_equal(f->writes, 11 - n);
        flash_holds_target(f);
    }
}

/* The cut came between the block and the note of it, or in the middle of the block. */
static void test_a_block_is_written_again_to_the_same_bytes(void **state)
{
    struct flash *f = *state;
    for (uint32_t n = 1; n <= 11; n++) {
        run_to(f, n);
        struct bc_dfota_progress kept = f->apply.progress;
        kept.blocks_done--;
        memset(f->target + (size_t)(n - 1) * BLOCK, 0xFF, BLOCK / 2);
        assert_int_equal(flash_run(f, &kept), BC_DFOTA_NO_FAULT);
        flash_holds_target(f);
    }
}

static void test_the_progress_of_another_package_is_refused(void **state)
{
    struct flash *f = *state;
    run_to(f, 5);
    struct bc_dfota_progress kept = f->apply.progress;
    kept.blocks_done = 12;
    assert_int_equal(flash_run(f, &kept), BC_DFOTA_FAULT_PROGRESS);
    kept.blocks_done = 5;
    kept.body_sha256[31] ^= 1;
    assert_int_equal(flash_run(f, &kept), BC_DFOTA_FAULT_PROGRESS);
    assert_int_equal(f->writes, 0);
    kept.blocks_done = 0; /* nothing was done: there is nothing to go on with */
    assert_int_equal(flash_run(f, &kept), BC_DFOTA_NO_FAULT);
}

static void test_what_was_damaged_meanwhile_is_noticed(void **state)
{
    struct flash *f = *state;
    run_to(f, 6);
    struct bc_dfota_progress kept = f->apply.progress;
    f->target[100] ^= 1;
    assert_int_equal(flash_run(f, &kept), BC_DFOTA_FAULT_TARGET);
    run_to(f, 6);
    f->package.ptr[f->package.len - 1] ^= 1;
    assert_int_equal(flash_run(f, &kept), BC_DFOTA_FAULT_BODY);
    assert_int_equal(f->writes, 0);
}

/* --- What is not right ----------------------------------------------------------------------- */

static void test_a_package_cut_short_anywhere_is_refused(void **state) /* MODULE 8 */
{
    struct flash *f = *state;
    size_t whole = f->package.len;
    for (f->package.len = 0; f->package.len < whole; f->package.len++)
        flash_refuses(f, f->package.len < 8 ? BC_DFOTA_FAULT_MAGIC : BC_DFOTA_FAULT_LENGTH);
    f->package.len = whole + 1;
    flash_refuses(f, BC_DFOTA_FAULT_LENGTH);
}

static void test_every_altered_byte_of_a_package_is_noticed(void **state) /* MODULE 8 */
{
    struct flash *f = *state;
    for (size_t i = 0; i < f->package.len; i++) {
        f->package.ptr[i] ^= 0x04;
        flash_refuses(f, i < 8                         ? BC_DFOTA_FAULT_MAGIC
                         : i < 12                      ? BC_DFOTA_FAULT_VERSION
                         : i < BC_PACKAGE_HEADER_BYTES ? BC_DFOTA_FAULT_HEADER
                                                       : BC_DFOTA_FAULT_BODY);
        f->package.ptr[i] ^= 0x04;
    }
    assert_int_equal(flash_run(f, NULL), BC_DFOTA_NO_FAULT);
}

static void test_another_source_is_refused(void **state) /* MODULE 8 */
{
    struct flash *f = *state;
    for (size_t i = 0; i < f->source.len; i += 997) {
        f->source.ptr[i] ^= 0x80;
        flash_refuses(f, BC_DFOTA_FAULT_SOURCE);
        f->source.ptr[i] ^= 0x80;
    }
    f->source.len--;
    flash_refuses(f, BC_DFOTA_FAULT_SOURCE);
    f->source.len += 2;
    flash_refuses(f, BC_DFOTA_FAULT_SOURCE);
    f->source.len = 0;
    flash_refuses(f, BC_DFOTA_FAULT_SOURCE);
}

static void test_a_target_that_was_stored_wrongly_is_noticed(void **state)
{
    struct flash *f = *state;
    static const uint32_t places[] = {0, 4095, 4096, 20000, 40999};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        f->wrong_byte = places[i];
        assert_int_equal(flash_run(f, NULL), BC_DFOTA_FAULT_TARGET);
    }
}

static void test_a_port_that_fails_ends_it_at_any_operation(void **state)
{
    struct flash *f = *state;
    assert_int_equal(flash_run(f, NULL), BC_DFOTA_NO_FAULT);
    uint32_t all = f->operations;
    assert_true(all > 50);
    for (f->fail_at = 0; f->fail_at < all; f->fail_at++) {
        enum bc_dfota_fault fault = flash_run(f, NULL);
        assert_true(fault == BC_DFOTA_FAULT_READ || fault == BC_DFOTA_FAULT_WRITE);
        assert_int_equal(f->operations, f->fail_at + 1); /* not one more afterwards */
    }
}

static void test_too_little_memory_is_refused_at_once(void **state)
{
    struct flash *f = *state;
    size_t enough = f->memory_bytes;
    f->memory_bytes = enough - 1;
    flash_refuses(f, BC_DFOTA_FAULT_MEMORY);
    f->memory_bytes = 0;
    flash_refuses(f, BC_DFOTA_FAULT_MEMORY);
    f->memory_bytes = enough;
    assert_int_equal(flash_run(f, NULL), BC_DFOTA_NO_FAULT);
    assert_true(bc_dfota_memory_bytes(16384) <= 160 * 1024);
}

/* A download is judged before anybody thinks of applying it. */
static void test_a_package_can_be_checked_without_source_and_target(void **state)
{
    struct flash *f = *state;
    f->source.len = 0;
    assert_int_equal(flash_begin(f, NULL), BC_DFOTA_NO_FAULT);
    while (f->apply.phase < BC_DFOTA_CHECK_SOURCE)
        bc_dfota_apply_step(&f->apply);
    assert_int_equal(f->apply.phase, BC_DFOTA_CHECK_SOURCE);
}

static void test_it_can_be_given_up_in_any_phase(void **state)
{
    struct flash *f = *state;
    for (unsigned steps = 0; steps < 60; steps++) {
        flash_begin(f, NULL);
        for (unsigned i = 0; i < steps; i++)
            bc_dfota_apply_step(&f->apply);
        bc_dfota_apply_end(&f->apply);
        bc_dfota_apply_end(&f->apply);
    }
}

static void test_every_fault_has_a_phrase(void **state)
{
    (void)state;
    for (int a = 0; a <= BC_DFOTA_FAULT_MEMORY; a++) {
        assert_non_null(bc_dfota_fault_name((enum bc_dfota_fault)a));
        for (int b = 0; b < a; b++)
            assert_string_not_equal(bc_dfota_fault_name((enum bc_dfota_fault)a),
                                    bc_dfota_fault_name((enum bc_dfota_fault)b));
    }
    assert_string_equal(bc_dfota_fault_name((enum bc_dfota_fault)99), "unknown fault");
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(a_package_makes_the_target),
        CLAIM(images_of_any_size_and_blocks_of_any_size),
        cmocka_unit_test(test_blocks_of_the_source_are_copies),
        CLAIM(a_source_that_looks_like_a_dictionary_is_a_source),
        CLAIM(it_goes_on_after_a_power_cut_behind_any_block),
        CLAIM(a_block_is_written_again_to_the_same_bytes),
        CLAIM(the_progress_of_another_package_is_refused),
        CLAIM(what_was_damaged_meanwhile_is_noticed),
        CLAIM(a_package_cut_short_anywhere_is_refused),
        CLAIM(every_altered_byte_of_a_package_is_noticed),
        CLAIM(another_source_is_refused),
        CLAIM(a_target_that_was_stored_wrongly_is_noticed),
        CLAIM(a_port_that_fails_ends_it_at_any_operation),
        CLAIM(too_little_memory_is_refused_at_once),
        CLAIM(a_package_can_be_checked_without_source_and_target),
        CLAIM(it_can_be_given_up_in_any_phase),
        CLAIM(every_fault_has_a_phrase),
    };
    return cmocka_run_group_tests_name("dfota_apply", tests, NULL, NULL);
}
