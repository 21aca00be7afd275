/*
 * Packages that somebody wrote on purpose, with good hashes: tables that point elsewhere, frames
 * that are no blocks. Refused, within the memory lent; the running image is never in danger.
 */
#include "flash.h"

#include <string.h>
#include <zstd.h>

#define BLOCK 4096U
#define TABLE 192U

static int setup(void **state)
{
    static struct flash f;
    flash_setup(&f, 9000, 10000, BLOCK); /* three blocks */
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    flash_teardown(*state);
    return 0;
}

static uint32_t entry(const struct flash *f, uint32_t index)
{
    return bc_package_entry(f->package.ptr + TABLE + 4U * index);
}

static void set_entry(struct flash *f, uint32_t index, uint32_t end)
{
    bc_sink out = {.ptr = f->package.ptr + TABLE + 4U * index, .cap = 4};
    bc_put_be(&out, end, 4);
}

static void test_a_table_that_makes_no_sense_is_refused(void **state)
{
    struct flash *f = *state;
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t good = entry(f, i);
        uint32_t before = i == 0 ? 0 : entry(f, i - 1);
        const uint32_t bad[] = {before, before - 1, entry(f, 2) + 1, UINT32_MAX, 0, 1U << 31};
        for (size_t b = 0; b < sizeof(bad) / sizeof(bad[0]); b++) {
            set_entry(f, i, bad[b]);
            flash_seal(f);
            flash_refuses(f, BC_DFOTA_FAULT_TABLE);
        }
        set_entry(f, i, good);
    }
    flash_seal(f);
    assert_int_equal(flash_run(f, NULL), BC_DFOTA_NO_FAULT);
}

static void test_a_last_entry_before_the_end_is_refused(void **state)
{
    struct flash *f = *state;
    f->package.len += 1;
    f->package.ptr[f->package.len - 1] = 0;
    flash_seal(f);
    flash_refuses(f, BC_DFOTA_FAULT_TABLE);
}

/* Puts another frame in the place of the first one. */
static void replace_first(struct flash *f, bc_view frame)
{
    size_t old = entry(f, 0);
    uint32_t first = TABLE + 12;
    uint8_t rest[FLASH_IMAGE_BYTES_MAX];
    size_t rest_bytes = f->package.len - first - old;
    memcpy(rest, f->package.ptr + first + old, rest_bytes);
    memcpy(f->package.ptr + first, frame.ptr, frame.len);
    memcpy(f->package.ptr + first + frame.len, rest, rest_bytes);
    f->package.len = first + frame.len + rest_bytes;
    for (uint32_t i = 0; i < 3; i++)
        set_entry(f, i, (uint32_t)(entry(f, i) - old + frame.len));
    flash_seal(f);
}

static size_t compress(struct flash *f, uint8_t *out, size_t cap, size_t len, bool checksum)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checksum);
    size_t got = ZSTD_compress2(context, out, cap, f->wanted.ptr, len);
    ZSTD_freeCCtx(context);
    assert_false(ZSTD_isError(got));
    return got;
}

static void test_a_frame_without_the_source_is_a_block_too(void **state)
{
    struct flash *f = *state;
    uint8_t frame[8192];
    size_t len = compress(f, frame, sizeof(frame), BLOCK, true);
    replace_first(f, (bc_view){frame, len});
    assert_int_equal(flash_run(f, NULL), BC_DFOTA_NO_FAULT);
    flash_holds_target(f);
}

/* The others are so short that the body as a whole is not too long. */
static void test_a_frame_that_is_longer_than_it_may_be_is_refused(void **state)
{
    struct flash *f = *state;
    uint8_t frame[BLOCK + BC_PACKAGE_FRAME_EXTRA_BYTES + 1] = {0};
    replace_first(f, (bc_view){frame, sizeof(frame)});
    flash_refuses(f, BC_DFOTA_FAULT_TABLE);
    replace_first(f, (bc_view){frame, sizeof(frame) - 1});
    flash_refuses(f, BC_DFOTA_FAULT_BLOCK);
}

static void refuses_frame(struct flash *f, bc_view frame)
{
    replace_first(f, frame);
    assert_string_equal(bc_dfota_fault_name(flash_run(f, NULL)),
                        bc_dfota_fault_name(BC_DFOTA_FAULT_BLOCK));
    assert_int_equal(f->writes, 0);
}

static void test_a_frame_of_another_length_is_refused(void **state)
{
    struct flash *f = *state;
    uint8_t frame[8192];
    refuses_frame(f, (bc_view){frame, compress(f, frame, sizeof(frame), BLOCK - 1, true)});
    refuses_frame(f, (bc_view){frame, compress(f, frame, sizeof(frame), BLOCK + 1, true)});
    refuses_frame(f, (bc_view){frame, compress(f, frame, sizeof(frame), 0, true)});
}

static void test_a_frame_without_checksum_is_refused(void **state)
{
    struct flash *f = *state;
    uint8_t frame[8192];
    refuses_frame(f, (bc_view){frame, compress(f, frame, sizeof(frame), BLOCK, false)});
}

static void test_two_frames_are_no_block(void **state)
{
    struct flash *f = *state;
    uint8_t frame[8192];
    size_t len = compress(f, frame, sizeof(frame), BLOCK, true);
    len += compress(f, frame + len, sizeof(frame) - len, 0, true);
    assert_true(len <= BLOCK + BC_PACKAGE_FRAME_EXTRA_BYTES);
    refuses_frame(f, (bc_view){frame, len});
}

static void test_a_skippable_frame_is_no_block(void **state)
{
    struct flash *f = *state;
    uint8_t frame[8 + 8192] = {0x50, 0x2A, 0x4D, 0x18, 4};
    refuses_frame(f, (bc_view){frame, 12});
    size_t len = compress(f, frame + 12, sizeof(frame) - 12, BLOCK, true);
    refuses_frame(f, (bc_view){frame, 12 + len});
}

static void test_rubbish_is_no_block(void **state)
{
    struct flash *f = *state;
    struct bc_random random = {.state = 8878};
    uint8_t frame[300];
    for (unsigned round = 0; round < 200; round++) {
        for (size_t i = 0; i < sizeof(frame); i++)
            frame[i] = (uint8_t)bc_random_next(&random);
        if (round % 2 == 0)
            memcpy(frame, "\x28\xB5\x2F\xFD\x64\x00\x0F", 7); /* a header that is right */
        refuses_frame(f, (bc_view){frame, 1 + round});
    }
}

/* Any change within a good frame ends in the same bytes, or in a refusal: never in others. */
static void test_no_altered_frame_writes_other_bytes(void **state)
{
    struct flash *f = *state;
    uint32_t first = TABLE + 12;
    for (uint32_t bit = 0; bit < 8 * entry(f, 0); bit++) {
        f->package.ptr[first + bit / 8] ^= (uint8_t)(1U << bit % 8);
        flash_seal(f);
        if (flash_run(f, NULL) == BC_DFOTA_NO_FAULT)
            flash_holds_target(f);
        f->package.ptr[first + bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(a_table_that_makes_no_sense_is_refused),
        CLAIM(a_last_entry_before_the_end_is_refused),
        CLAIM(a_frame_without_the_source_is_a_block_too),
        CLAIM(a_frame_that_is_longer_than_it_may_be_is_refused),
        CLAIM(a_frame_of_another_length_is_refused),
        CLAIM(a_frame_without_checksum_is_refused),
        CLAIM(two_frames_are_no_block),
        CLAIM(a_skippable_frame_is_no_block),
        CLAIM(rubbish_is_no_block),
        CLAIM(no_altered_frame_writes_other_bytes),
    };
    return cmocka_run_group_tests_name("dfota_hostile", tests, NULL, NULL);
}
