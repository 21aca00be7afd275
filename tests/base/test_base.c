/*
 * The floor of everything: appending to sinks, reading plain text, addresses, error names, and the
 * seeded generator (base/sink.h, base/random.h, bc260y/types.h).
 */
#include "check.h"

#include <string.h>

/* --- Writing --------------------------------------------------------------------------------- */

static void write_bytes(bc_sink *s)
{
    bc_put_bytes(s, BC_TEXT("\x01\x02\x03"));
}

static void write_text(bc_sink *s)
{
    bc_put_text(s, "text");
}

static void write_char(bc_sink *s)
{
    bc_put_char(s, 'c');
}

static void write_negative(bc_sink *s)
{
    bc_put_int(s, -1234567890123);
}

static void write_int_min(bc_sink *s)
{
    bc_put_int(s, INT64_MIN);
}

static void write_int_max(bc_sink *s)
{
    bc_put_int(s, INT64_MAX);
}

static void write_zero(bc_sink *s)
{
    bc_put_int(s, 0);
}

static void write_uint_max(bc_sink *s)
{
    bc_put_uint_pad(s, UINT64_MAX, 1);
}

static void write_padded(bc_sink *s)
{
    bc_put_uint_pad(s, 42, 5);
}

static void write_more_digits_than_padding(bc_sink *s)
{
    bc_put_uint_pad(s, 12345, 2);
}

static void write_hex(bc_sink *s)
{
    bc_put_hex(s, BC_TEXT("\x00\x0A\xFF\x5c"));
}

static void write_be_8(bc_sink *s)
{
    bc_put_be(s, 0x4142434445464748, 8);
}

static void write_be_3(bc_sink *s)
{
    bc_put_be(s, 0x99414243, 3); /* what is above the bytes falls off */
}

static void write_be_0(bc_sink *s)
{
    bc_put_be(s, 0x41, 0);
}

static void write_format(bc_sink *s)
{
    bc_put_format(s, "%d|%d|%u|%s|%.*s|%c|%%|%03u|%08X|%X", INT32_MIN, 7, UINT32_MAX, "string", 3,
                  "abcdef", 'x', 7U, 0xBEEFU, 0xFU);
}

static const struct {
    void (*write)(bc_sink *s);
    const char *text;
} writers[] = {
    {write_bytes, "\x01\x02\x03"},
    {write_text, "text"},
    {write_char, "c"},
    {write_negative, "-1234567890123"},
    {write_int_min, "-9223372036854775808"},
    {write_int_max, "9223372036854775807"},
    {write_zero, "0"},
    {write_uint_max, "18446744073709551615"},
    {write_padded, "00042"},
    {write_more_digits_than_padding, "12345"},
    {write_hex, "000AFF5C"},
    {write_be_8, "ABCDEFGH"},
    {write_be_3, "ABC"},
    {write_be_0, ""},
    {write_format, "-2147483648|7|4294967295|string|abc|x|%|007|0000BEEF|F"},
};

static void sink_writers_append_exactly_their_bytes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
        size_t len = strlen(writers[i].text);
        bc_sink s = check_heap_sink(len + 2);
        bc_put_text(&s, "<>");
        s.len = 1; /* appending begins at `len` */
        writers[i].write(&s);
        assert_false(s.full);
        check_text((bc_view){s.ptr + 1, s.len - 1}, writers[i].text);
        check_heap_free(bc_sink_view(&s));
    }
}

static void sink_writers_write_all_or_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++)
        for (size_t cap = 0; cap < strlen(writers[i].text); cap++) {
            bc_sink s = check_heap_sink(cap);
            writers[i].write(&s);
            assert_true(s.full);
            assert_int_equal(s.len, 0);
            check_heap_free(bc_sink_view(&s));
        }
}

static void sink_that_is_full_stays_full(void **state)
{
    (void)state;
    bc_sink s = check_heap_sink(4);
    bc_put_text(&s, "ab");
    bc_put_text(&s, "cde");
    assert_true(s.full);
    for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++)
        writers[i].write(&s);
    bc_put_char(&s, 'x'); /* would fit */
    assert_true(s.full);
    check_text(bc_sink_view(&s), "ab");
    check_heap_free(bc_sink_view(&s));
}

static void sink_takes_empty_views_without_memory(void **state)
{
    (void)state;
    uint8_t byte;
    bc_sink s = {.ptr = &byte, .cap = 1};
    bc_put_bytes(&s, (bc_view){0});
    bc_put_hex(&s, (bc_view){0});
    bc_put_text(&s, "");
    bc_put_format(&s, "%.*s%s", 0, "x", "");
    assert_false(s.full);
    assert_int_equal(s.len, 0);
}

/* --- Reading --------------------------------------------------------------------------------- */

static void view_equal_compares_all_bytes(void **state)
{
    (void)state;
    assert_true(bc_view_equal(BC_TEXT("a\0b"), BC_TEXT("a\0b")));
    assert_true(bc_view_equal((bc_view){0}, BC_TEXT("")));
    assert_false(bc_view_equal(BC_TEXT("a\0b"), BC_TEXT("a\0c")));
    assert_false(bc_view_equal(BC_TEXT("ab"), BC_TEXT("abc")));
    assert_false(bc_view_equal(BC_TEXT("ab"), BC_TEXT("AB")));
}

static void view_equal_nocase_folds_ascii_letters_only(void **state)
{
    (void)state;
    assert_true(bc_view_equal_nocase(BC_TEXT("+qLaReG"), "+QLAREG"));
    assert_true(bc_view_equal_nocase((bc_view){0}, ""));
    assert_false(bc_view_equal_nocase(BC_TEXT("+QLAREG"), "+QLAREGX"));
    assert_false(bc_view_equal_nocase(BC_TEXT("+QLAREGX"), "+QLAREG"));
    assert_false(bc_view_equal_nocase(BC_TEXT("@["), "`{"));
    assert_false(bc_view_equal_nocase(BC_TEXT("a\0"), "a"));
}

static void view_int_reads_the_whole_range_of_int64(void **state)
{
    static const struct {
        const char *text;
        int64_t number;
    } good[] = {
        {"0", 0},
        {"-0", 0},
        {"+7", 7},
        {"007", 7},
        {"-1", -1},
        {"9223372036854775807", INT64_MAX},
        {"+9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"-9223372036854775807", INT64_MIN + 1},
        {"00000000000000000000000000001", 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t number = 99;
        assert_true(bc_view_int(bc_view_of(good[i].text), &number));
        assert_true(number == good[i].number);
    }
}

static void view_int_refuses_what_is_no_int64(void **state)
{
    static const char *const bad[] = {
        "",
        "-",
        "+",
        "--1",
        "+-1",
        "1 ",
        " 1",
        "1.0",
        "0x1",
        "1e3",
        "12a4",
        "/",
        ":",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "18446744073709551617",
        "99999999999999999999999999",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t number = 99;
        assert_false(bc_view_int(bc_view_of(bad[i]), &number));
        assert_true(number == 99);
    }
    int64_t number;
    assert_false(bc_view_int((bc_view){0}, &number));
    assert_false(bc_view_int(BC_TEXT("1\0"), &number));
}

static void hex_decodes_either_case_in_place(void **state)
{
    (void)state;
    uint8_t digits[] = "0123456789abcdefABCDEF00";
    assert_true(bc_hex_decode((bc_view){digits, 24}, digits));
    check_hex((bc_view){digits, 12}, "0123456789ABCDEFABCDEF00");
    assert_true(bc_hex_decode((bc_view){0}, digits));
}

static void hex_refuses_odd_counts_and_every_other_byte(void **state)
{
    (void)state;
    uint8_t out[4];
    assert_false(bc_hex_decode(BC_TEXT("0"), out));
    assert_false(bc_hex_decode(BC_TEXT("ABC"), out));
    for (unsigned byte = 0; byte < 256; byte++) {
        bool digit = byte < 128 && byte != 0 && strchr("0123456789abcdefABCDEF", (int)byte) != NULL;
        uint8_t high[] = {(uint8_t)byte, '0'};
        uint8_t low[] = {'0', (uint8_t)byte};
        assert_int_equal(bc_hex_decode((bc_view){high, 2}, out), digit);
        assert_int_equal(bc_hex_decode((bc_view){low, 2}, out), digit);
    }
}

static void hex_round_trips_every_byte(void **state)
{
    (void)state;
    uint8_t bytes[256];
    uint8_t digits[512];
    uint8_t back[256];
    for (unsigned i = 0; i < 256; i++)
        bytes[i] = (uint8_t)i;
    bc_sink s = {.ptr = digits, .cap = sizeof(digits)};
    bc_put_hex(&s, (bc_view){bytes, sizeof(bytes)});
    assert_true(bc_hex_decode(bc_sink_view(&s), back));
    assert_memory_equal(back, bytes, sizeof(bytes));
}

/* --- Addresses ------------------------------------------------------------------------------- */

static void address_reads_dotted_decimal_and_keeps_the_port(void **state)
{
    (void)state;
    struct bc_address a = {.port = 5683, .ip_len = 16};
    assert_true(bc_address_parse(bc_view_of("180.101.147.115"), &a));
    assert_int_equal(a.ip_len, 4);
    assert_int_equal(a.port, 5683);
    assert_memory_equal(a.ip, "\xB4\x65\x93\x73", 4);
    assert_true(bc_address_parse(bc_view_of("0.0.0.0"), &a));
    assert_true(bc_address_parse(bc_view_of("255.255.255.255"), &a));
    assert_memory_equal(a.ip, "\xFF\xFF\xFF\xFF", 4);
}

static void address_refuses_everything_else_and_leaves_it_alone(void **state)
{
    static const char *const bad[] = {
        "",         "1",          "1.2.3",     "1.2.3.4.5",   "1.2.3.",   ".1.2.3.4",
        "1..2.3",   "256.1.1.1",  "1.1.1.256", "1.1.1.0001",  "1.2.3.4 ", " 1.2.3.4",
        "1.2.3.-4", "1.2.3.4:80", "::1",       "example.com", "1.2.3.a",  "4294967297.0.0.0",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct bc_address a = {.ip = {9, 9, 9, 9}, .port = 1, .ip_len = 4};
        struct bc_address before = a;
        assert_false(bc_address_parse(bc_view_of(bad[i]), &a));
        assert_true(bc_address_equal(&a, &before));
    }
}

static void address_equality_looks_at_ip_port_and_length(void **state)
{
    (void)state;
    struct bc_address a = {.ip = {1, 2, 3, 4, 5}, .port = 1, .ip_len = 4};
    struct bc_address b = a;
    b.ip[4] = 99; /* beyond the address */
    assert_true(bc_address_equal(&a, &b));
    b.ip[3] = 99;
    assert_false(bc_address_equal(&a, &b));
    b = a;
    b.port = 2;
    assert_false(bc_address_equal(&a, &b));
    b = a;
    b.ip_len = 16;
    assert_false(bc_address_equal(&a, &b));
}

/* --- Errors and chance ----------------------------------------------------------------------- */

static void every_error_has_a_name_and_nothing_else_has(void **state)
{
    static const char *const names[] = {"OK", "FORMAT", "RANGE", "FULL", "STATE", "ABSENT"};
    (void)state;
    for (int err = -20; err <= 20; err++) {
        const char *name = bc_err_name((enum bc_err)err);
        if (err <= BC_OK && err >= BC_ERR_ABSENT)
            assert_string_equal(name, names[-err]);
        else
            assert_null(name);
    }
}

/* The reference sequence of SplitMix64 for seed 1234567, its upper halves. */
static void random_is_splitmix64_and_repeats_with_its_seed(void **state)
{
    static const uint64_t reference[] = {6457827717110365317U, 3203168211198807973U,
                                         9817491932198370423U, 4593380528125082431U,
                                         16408922859458223821U};
    (void)state;
    struct bc_random a = {1234567};
    struct bc_random b = {1234567};
    struct bc_random other = {1234568};
    unsigned differences = 0;
    for (size_t i = 0; i < sizeof(reference) / sizeof(reference[0]); i++) {
        uint32_t drawn = bc_random_next(&a);
        assert_true(drawn == (uint32_t)(reference[i] >> 32));
        assert_true(drawn == bc_random_next(&b));
        differences += drawn != bc_random_next(&other);
    }
    assert_int_equal(differences, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sink_writers_append_exactly_their_bytes),
        cmocka_unit_test(sink_writers_write_all_or_nothing),
        cmocka_unit_test(sink_that_is_full_stays_full),
        cmocka_unit_test(sink_takes_empty_views_without_memory),
        cmocka_unit_test(view_equal_compares_all_bytes),
        cmocka_unit_test(view_equal_nocase_folds_ascii_letters_only),
        cmocka_unit_test(view_int_reads_the_whole_range_of_int64),
        cmocka_unit_test(view_int_refuses_what_is_no_int64),
        cmocka_unit_test(hex_decodes_either_case_in_place),
        cmocka_unit_test(hex_refuses_odd_counts_and_every_other_byte),
        cmocka_unit_test(hex_round_trips_every_byte),
        cmocka_unit_test(address_reads_dotted_decimal_and_keeps_the_port),
        cmocka_unit_test(address_refuses_everything_else_and_leaves_it_alone),
        cmocka_unit_test(address_equality_looks_at_ip_port_and_length),
        cmocka_unit_test(every_error_has_a_name_and_nothing_else_has),
        cmocka_unit_test(random_is_splitmix64_and_repeats_with_its_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
