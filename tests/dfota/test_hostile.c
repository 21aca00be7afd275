/*
 * Packages that somebody wrote on purpose, with good hashes: records that point elsewhere, frames
 * that are no blocks. Refused, within the memory lent; the running image is never in danger.
 */
#include "flash.h"

#include <string.h>
#include <zstd.h>

#define BLOCK 4096U
#define BODY 192U
#define MAGIC_BYTES 4U

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

/* --- Records ---------------------------------------------------------------------------------- */

static void set_body(struct flash *f, const char *hex)
{
    bc_view body = check_from_hex(hex);
    f->package.len = BODY;
    bc_put_bytes(&f->package, body);
    check_heap_free(body);
    flash_seal(f);
}

static void test_a_record_that_makes_no_sense_is_refused(void **state)
{
    static const char *const bodies[] = {
        "00 00 80",          /* a head cut short */
        "00 00 8000",        /* longer than need be */
        "00 00 8180808000",  /* longer than it may be */
        "00 00 01",          /* a frame of no bytes */
        "00 00 02",          /* a change by minus nothing */
        "00 00 05AA",        /* a frame of two bytes, with one there */
        "00 00 8002",        /* what follows is short, too */
        "00 00 FFFFFF7F",    /* a frame of 134,217,727 bytes */
        "00 00 00",          /* the third block ends 1,000 bytes behind the source */
        "06 00 9F22",        /* the first block begins a byte before the source */
        "00 00 9F1E",        /* the third block ends a byte behind the source */
        "00 00 FFFFFF7E 00", /* far beyond it */
        "00 00 9F22 00",     /* four records for three blocks */
        "00 00 9F22 01",
    };
    struct flash *f = *state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        set_body(f, bodies[i]);
        flash_refuses(f, BC_DFOTA_FAULT_RECORD);
    }
    set_body(f, "00 00"); /* fewer bytes than blocks */
    flash_refuses(f, BC_DFOTA_FAULT_VERSION);
}

/* 0, 0 and 1,000 bytes before: within the source, and not what the target should be. */
static void test_copies_come_from_the_source_as_the_records_say(void **state)
{
    struct flash *f = *state;
    set_body(f, "00 00 9F22");
    assert_int_equal(flash_run(f, NULL), BC_DFOTA_FAULT_TARGET);
    assert_memory_equal(f->target, f->source.ptr, 8192);
    assert_memory_equal(f->target + 8192, f->source.ptr + 7192, 1808);
}

/* --- Frames ----------------------------------------------------------------------------------- */

static struct bc_package_record first_record(const struct flash *f)
{
    struct bc_package_record record = {0};
    assert_true(
        bc_package_take_record((bc_view){f->package.ptr + BODY, f->package.len - BODY}, &record));
    assert_true(record.frame_bytes > 0);
    return record;
}

/* Puts another frame, whose magic is left out, in the place of the first one. */
static void replace_first(struct flash *f, bc_view frame)
{
    struct bc_package_record old = first_record(f);
    struct bc_package_record record = {.frame_bytes = (uint32_t)(frame.len - MAGIC_BYTES)};
    uint8_t rest[FLASH_IMAGE_BYTES_MAX];
    size_t behind = BODY + old.head_bytes + old.frame_bytes;
    size_t rest_bytes = f->package.len - behind;
    memcpy(rest, f->package.ptr + behind, rest_bytes);
    f->package.len = BODY;
    bc_package_put_record(&f->package, &record, 0);
    bc_put_bytes(&f->package, (bc_view){frame.ptr + MAGIC_BYTES, frame.len - MAGIC_BYTES});
    bc_put_bytes(&f->package, (bc_view){rest, rest_bytes});
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
    size_t len = compress(f, frame, sizeof(frame), BLOCK, false);
    replace_first(f, (bc_view){frame, len});
    assert_int_equal(flash_run(f, NULL), BC_DFOTA_NO_FAULT);
    flash_holds_target(f);
}

/* The others are so short that the body as a whole is not too long. */
static void test_a_frame_that_is_longer_than_it_may_be_is_refused(void **state)
{
    struct flash *f = *state;
    uint8_t frame[MAGIC_BYTES + BLOCK + BC_PACKAGE_FRAME_EXTRA_BYTES + 1] = {0};
    replace_first(f, (bc_view){frame, sizeof(frame)});
    flash_refuses(f, BC_DFOTA_FAULT_RECORD);
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
    refuses_frame(f, (bc_view){frame, compress(f, frame, sizeof(frame), BLOCK - 1, false)});
    refuses_frame(f, (bc_view){frame, compress(f, frame, sizeof(frame), BLOCK + 1, false)});
    refuses_frame(f, (bc_view){frame, compress(f, frame, sizeof(frame), 0, false)});
}

static void test_a_frame_with_a_checksum_is_refused(void **state)
{
    struct flash *f = *state;
    uint8_t frame[8192];
    refuses_frame(f, (bc_view){frame, compress(f, frame, sizeof(frame), BLOCK, true)});
}

static void test_two_frames_are_no_block(void **state)
{
    struct flash *f = *state;
    uint8_t frame[8192];
    size_t len = compress(f, frame, sizeof(frame), BLOCK, false);
    len += compress(f, frame + len, sizeof(frame) - len, 0, false);
    assert_true(len <= BLOCK + BC_PACKAGE_FRAME_EXTRA_BYTES);
    refuses_frame(f, (bc_view){frame, len});
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
            memcpy(frame, "\x28\xB5\x2F\xFD\x60\x00\x0F", 7); /* a header that is right */
        refuses_frame(f, (bc_view){frame, MAGIC_BYTES + 1 + round});
    }
}

/* Any change within a good frame ends in the same bytes, or in a refusal: never in others. */
static void test_no_altered_frame_writes_other_bytes(void **state)
{
    struct flash *f = *state;
    struct bc_package_record record = first_record(f);
    uint32_t first = BODY + record.head_bytes;
    for (uint32_t bit = 0; bit < 8 * record.frame_bytes; bit++) {
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
        CLAIM(a_record_that_makes_no_sense_is_refused),
        CLAIM(copies_come_from_the_source_as_the_records_say),
        CLAIM(a_frame_without_the_source_is_a_block_too),
        CLAIM(a_frame_that_is_longer_than_it_may_be_is_refused),
        CLAIM(a_frame_of_another_length_is_refused),
        CLAIM(a_frame_with_a_checksum_is_refused),
        CLAIM(two_frames_are_no_block),
        CLAIM(rubbish_is_no_block),
        CLAIM(no_altered_frame_writes_other_bytes),
    };
    return cmocka_run_group_tests_name("dfota_hostile", tests, NULL, NULL);
}
