/*
 * The header of a delta package, byte for byte (docs/DELTA.md), and what it may not say.
 */
#include "check.h"

#include <string.h>

#include "dfota/package.h"

static struct bc_package example(void)
{
    struct bc_package p = {.source_revision = "BC260YCNAAR01A02",
                           .target_revision = "BC260YCNAAR01A03_BETA0721",
                           .block_bytes = 16384,
                           .source_bytes = 65972,
                           .target_bytes = 65988,
                           .body_bytes = 1933};
    memset(p.source_sha256, 0xA1, sizeof(p.source_sha256));
    memset(p.target_sha256, 0xB2, sizeof(p.target_sha256));
    memset(p.body_sha256, 0xC3, sizeof(p.body_sha256));
    return p;
}

static enum bc_err put(const struct bc_package *p, uint8_t bytes[BC_PACKAGE_HEADER_BYTES])
{
    bc_sink sink = {.ptr = bytes, .cap = BC_PACKAGE_HEADER_BYTES};
    enum bc_err err = bc_package_put(&sink, p);
    assert_int_equal(sink.len, err == BC_OK ? BC_PACKAGE_HEADER_BYTES : 0);
    return err;
}

static void test_a_header_is_written_as_specified(void **state) /* MODULE 8 */
{
    uint8_t bytes[BC_PACKAGE_HEADER_BYTES];
    struct bc_package p = example();
    (void)state;
    assert_int_equal(put(&p, bytes), BC_OK);
    check_hex((bc_view){bytes, 28},
              "4243 4445 4C54 411A 0002 00C0 00004000 000101B4 000101C4 0000078D");
    check_hex((bc_view){bytes + 28, 32}, "4243323630 59434E 4141 523031 413032"
                                         "00000000 00000000 00000000 00000000");
    check_hex((bc_view){bytes + 60, 32}, "4243323630 59434E 4141 523031 413033"
                                         "5F424554 41303732 31000000 00000000");
    assert_int_equal(bytes[92], 0xA1);
    assert_int_equal(bytes[123], 0xA1);
    assert_int_equal(bytes[124], 0xB2);
    assert_int_equal(bytes[155], 0xB2);
    assert_int_equal(bytes[156], 0xC3);
    assert_int_equal(bytes[187], 0xC3);
    /* Calculated with sha256sum. */
    check_hex((bc_view){bytes + 188, 4}, "C7B092C0");
}

static void test_a_header_reads_as_it_was_written(void **state)
{
    uint8_t bytes[BC_PACKAGE_HEADER_BYTES];
    struct bc_package p = example();
    struct bc_package got = {.block_bytes = 1};
    (void)state;
    assert_int_equal(put(&p, bytes), BC_OK);
    assert_int_equal(bc_package_read((bc_view){bytes, sizeof(bytes)}, &got), BC_OK);
    assert_memory_equal(&got, &p, sizeof(p));
}

static void test_every_altered_bit_of_a_header_is_noticed(void **state)
{
    uint8_t bytes[BC_PACKAGE_HEADER_BYTES];
    struct bc_package p = example();
    struct bc_package got;
    (void)state;
    assert_int_equal(put(&p, bytes), BC_OK);
    for (unsigned bit = 0; bit < 8 * BC_PACKAGE_HEADER_BYTES; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_not_equal(bc_package_read((bc_view){bytes, sizeof(bytes)}, &got), BC_OK);
        bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

static void test_a_header_cut_short_is_no_header(void **state)
{
    uint8_t bytes[BC_PACKAGE_HEADER_BYTES];
    struct bc_package p = example();
    struct bc_package got;
    (void)state;
    assert_int_equal(put(&p, bytes), BC_OK);
    for (size_t len = 0; len < BC_PACKAGE_HEADER_BYTES; len++) {
        bc_view cut = check_heap_copy((bc_view){bytes, len});
        assert_int_equal(bc_package_read(cut, &got), BC_ERR_FORMAT);
        check_heap_free(cut);
    }
}

static void test_another_format_version_is_told_apart_from_damage(void **state)
{
    uint8_t bytes[BC_PACKAGE_HEADER_BYTES];
    struct bc_package p = example();
    (void)state;
    assert_int_equal(put(&p, bytes), BC_OK);
    bytes[9] = 1;
    assert_int_equal(bc_package_read((bc_view){bytes, sizeof(bytes)}, &p), BC_ERR_RANGE);
}

/* What a writer may not write, a reader does not take either: both ask the same question. */
static void test_sizes_have_limits(void **state)
{
    static const struct {
        uint32_t block, source, target, body;
        enum bc_err err;
    } cases[] = {
        {4096, 1, 1, 5, BC_OK},
        {4096, 1, 1, 1, BC_OK}, /* a copy */
        {4096, 1, 1, 0, BC_ERR_RANGE},
        {4096, 1, 4097, 1, BC_ERR_RANGE}, /* one record for two blocks */
        {4096, 1, 1, 4 + 4096 + 60, BC_OK},
        {4096, 1, 1, 5 + 4096 + 60, BC_ERR_RANGE},
        {4096, 0, 1, 5, BC_ERR_RANGE},
        {4096, 1, 0, 5, BC_ERR_RANGE},
        {0, 1, 1, 5, BC_ERR_RANGE},
        {2048, 1, 1, 5, BC_ERR_RANGE},
        {5000, 1, 1, 5, BC_ERR_RANGE},
        {65536, 1, 1, 5, BC_OK},
        {69632, 1, 1, 5, BC_ERR_RANGE},
        {UINT32_MAX, 1, 1, 5, BC_ERR_RANGE},
        {4096, BC_PACKAGE_IMAGE_BYTES_MAX, BC_PACKAGE_IMAGE_BYTES_MAX, 8192 * 5, BC_OK},
        {4096, BC_PACKAGE_IMAGE_BYTES_MAX + 1, 1, 5, BC_ERR_RANGE},
        {4096, 1, BC_PACKAGE_IMAGE_BYTES_MAX + 1, 8193 * 5, BC_ERR_RANGE},
        {4096, 1, UINT32_MAX, 5, BC_ERR_RANGE},
        {4096, 1, 1, UINT32_MAX, BC_ERR_RANGE},
    };
    uint8_t bytes[BC_PACKAGE_HEADER_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bc_package p = example();
        p.block_bytes = cases[i].block;
        p.source_bytes = cases[i].source;
        p.target_bytes = cases[i].target;
        p.body_bytes = cases[i].body;
        assert_int_equal(put(&p, bytes), cases[i].err);
    }
}

static void test_revisions_are_1_to_31_printable_characters(void **state)
{
    uint8_t bytes[BC_PACKAGE_HEADER_BYTES];
    struct bc_package p = example();
    (void)state;
    memset(p.source_revision, 'x', 31);
    assert_int_equal(put(&p, bytes), BC_OK);
    p.source_revision[31] = 'x'; /* no end */
    assert_int_equal(put(&p, bytes), BC_ERR_RANGE);
    memset(p.source_revision, 0, sizeof(p.source_revision));
    assert_int_equal(put(&p, bytes), BC_ERR_RANGE);
    strcpy(p.source_revision, "!~");
    assert_int_equal(put(&p, bytes), BC_OK);
    p.source_revision[5] = 'x'; /* behind the end */
    assert_int_equal(put(&p, bytes), BC_ERR_RANGE);
    for (unsigned c = 1; c < 256; c++) {
        p = example();
        p.target_revision[3] = (char)c;
        assert_int_equal(put(&p, bytes), c > 0x20 && c < 0x7F ? BC_OK : BC_ERR_RANGE);
    }
}

static void test_a_header_that_does_not_fit_is_not_begun(void **state)
{
    uint8_t bytes[BC_PACKAGE_HEADER_BYTES];
    bc_sink sink = {.ptr = bytes, .cap = BC_PACKAGE_HEADER_BYTES - 1};
    struct bc_package p = example();
    (void)state;
    assert_int_equal(bc_package_put(&sink, &p), BC_ERR_FULL);
    assert_int_equal(sink.len, 0);
}

static void test_blocks_and_offsets_follow_from_the_header(void **state)
{
    struct bc_package p = example();
    (void)state;
    assert_int_equal(bc_package_blocks(&p), 5);
    assert_int_equal(bc_package_block_bytes(&p, 0), 16384);
    assert_int_equal(bc_package_block_bytes(&p, 4), 65988 - 4 * 16384);
    assert_int_equal(bc_package_bytes(&p), 192 + 1933);
    p.target_bytes = 65536; /* the last block is whole */
    assert_int_equal(bc_package_blocks(&p), 4);
    assert_int_equal(bc_package_block_bytes(&p, 3), 16384);
}

/* docs/DELTA.md: seven bits a byte, bit 0 the kind, a change with its sign in bit 1. */
static void test_heads_of_records_are_as_specified(void **state)
{
    static const struct {
        const char *hex;
        uint32_t frame_bytes;
        int32_t distance; /* 100 before */
    } cases[] = {
        {"00", 0, 100},
        {"04", 0, 101},
        {"06", 0, 99},
        {"7C", 0, 131},
        {"8100", 0, 132},
        {"817C", 0, 163},
        {"03", 1, 100},
        {"7F", 63, 100},
        {"8101", 64, 100},
        {"FF7F", 8191, 100},
        {"818001", 8192, 100},
        {"848079", 32828, 100},
        {"88807F", 65599, 100},
        {"FFFFFF7C", 0, 67108963},
        {"FFFFFF7E", 0, -67108763},
        {"9F22", 0, 100 - 1000},
    };
    uint8_t bytes[8];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bc_view hex = check_from_hex(cases[i].hex);
        bc_sink sink = {.ptr = bytes, .cap = sizeof(bytes)};
        struct bc_package_record record = {.distance = 100};
        assert_true(bc_package_take_record(hex, &record));
        assert_int_equal(record.head_bytes, hex.len);
        assert_int_equal(record.frame_bytes, cases[i].frame_bytes);
        assert_int_equal(record.distance, cases[i].distance);
        bc_package_put_record(&sink, &record, 100);
        check_hex(bc_sink_view(&sink), cases[i].hex);
        assert_false(bc_package_take_record((bc_view){hex.ptr, hex.len - 1}, &record));
        check_heap_free(hex);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_header_is_written_as_specified),
        cmocka_unit_test(test_a_header_reads_as_it_was_written),
        cmocka_unit_test(test_every_altered_bit_of_a_header_is_noticed),
        cmocka_unit_test(test_a_header_cut_short_is_no_header),
        cmocka_unit_test(test_another_format_version_is_told_apart_from_damage),
        cmocka_unit_test(test_sizes_have_limits),
        cmocka_unit_test(test_revisions_are_1_to_31_printable_characters),
        cmocka_unit_test(test_a_header_that_does_not_fit_is_not_begun),
        cmocka_unit_test(test_blocks_and_offsets_follow_from_the_header),
        cmocka_unit_test(test_heads_of_records_are_as_specified),
    };
    return cmocka_run_group_tests_name("dfota_package", tests, NULL, NULL);
}
