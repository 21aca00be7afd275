/*
 * Values as raw bytes and as text (LwM2M 1.0 appendix C; RFC 4648 for base64).
 */
#include "check.h"

#include <float.h>
#include <math.h>

#include "lwm2m/value.h"

/* The value's raw form into `out`; the announced size must be the real one. */
static void put_raw(bc_sink *out, const struct bc_value *value)
{
    bc_value_put_raw(out, value);
    assert_false(out->full);
    assert_int_equal(out->len, bc_value_raw_bytes(value));
}

static void integer_takes_the_fewest_of_1_2_4_8_bytes(void **state) /* appendix C */
{
    static const struct {
        int64_t integer;
        const char *raw;
        const char *text;
    } values[] = {
        {0, "00", "0"},
        {127, "7F", "127"},
        {128, "0080", "128"},
        {-1, "FF", "-1"},
        {-128, "80", "-128"},
        {-129, "FF7F", "-129"},
        {32767, "7FFF", "32767"},
        {32768, "00008000", "32768"},
        {-32768, "8000", "-32768"},
        {-32769, "FFFF7FFF", "-32769"},
        {2147483647, "7FFFFFFF", "2147483647"},
        {2147483648, "0000000080000000", "2147483648"},
        {-2147483648, "80000000", "-2147483648"},
        {-2147483649, "FFFFFFFF7FFFFFFF", "-2147483649"},
        {INT64_MAX, "7FFFFFFFFFFFFFFF", "9223372036854775807"},
        {INT64_MIN, "8000000000000000", "-9223372036854775808"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        uint8_t bytes[32];
        bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
        struct bc_value value = bc_value_integer(values[i].integer);
        assert_int_equal(value.type, BC_VALUE_INTEGER);
        put_raw(&out, &value);
        check_hex(bc_sink_view(&out), values[i].raw);
        out.len = 0;
        bc_value_put_text(&out, &value);
        check_text(bc_sink_view(&out), values[i].text);
    }
}

static void integer_keeps_the_size_the_host_gave_it(void **state) /* G 2.8 */
{
    (void)state;
    uint8_t bytes[8];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_value value = {.type = BC_VALUE_INTEGER, .number_bytes = 2, .integer = -2};
    put_raw(&out, &value);
    check_hex(bc_sink_view(&out), "FFFE");
    out.len = 0;
    value.number_bytes = 8;
    put_raw(&out, &value);
    check_hex(bc_sink_view(&out), "FFFFFFFFFFFFFFFE");
}

static void boolean_is_one_byte_and_one_digit(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        uint8_t bytes[4];
        bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
        struct bc_value value = {.type = BC_VALUE_BOOLEAN, .number_bytes = 1, .integer = on};
        put_raw(&out, &value);
        check_hex(bc_sink_view(&out), on != 0 ? "01" : "00");
        out.len = 0;
        bc_value_put_text(&out, &value);
        check_text(bc_sink_view(&out), on != 0 ? "1" : "0");
    }
}

static void float_is_ieee_754_of_32_or_64_bits(void **state) /* appendix C */
{
    static const struct {
        double real;
        const char *narrow;
        const char *wide;
    } values[] = {
        {0.0, "00000000", "0000000000000000"},
        {-0.0, "80000000", "8000000000000000"},
        {1.0, "3F800000", "3FF0000000000000"},
        {-2.5, "C0200000", "C004000000000000"},
        {0.1, "3DCCCCCD", "3FB999999999999A"},
        {36.6, "42126666", "40424CCCCCCCCCCD"},
        {(double)FLT_MAX, "7F7FFFFF", "47EFFFFFE0000000"},
        {(double)FLT_MIN, "00800000", "3810000000000000"},
        {(double)INFINITY, "7F800000", "7FF0000000000000"},
        {-(double)INFINITY, "FF800000", "FFF0000000000000"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        for (uint8_t size = 4; size <= 8; size = (uint8_t)(size + 4)) {
            uint8_t bytes[8];
            bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
            struct bc_value value = {
                .type = BC_VALUE_FLOAT, .number_bytes = size, .real = values[i].real};
            put_raw(&out, &value);
            check_hex(bc_sink_view(&out), size == 4 ? values[i].narrow : values[i].wide);
        }
}

static void float_keeps_the_text_it_came_as(void **state)
{
    (void)state;
    uint8_t bytes[16];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_value value = {
        .type = BC_VALUE_FLOAT, .number_bytes = 4, .real = 36.6, .text = BC_TEXT("36.60")};
    bc_value_put_text(&out, &value);
    check_text(bc_sink_view(&out), "36.60");
}

static void opaque_text_is_base64(void **state) /* RFC 4648 section 10 */
{
    static const struct {
        bc_view bytes;
        const char *text;
    } values[] = {
        {{(const uint8_t *)"", 0}, ""},
        {{(const uint8_t *)"f", 1}, "Zg=="},
        {{(const uint8_t *)"fo", 2}, "Zm8="},
        {{(const uint8_t *)"foo", 3}, "Zm9v"},
        {{(const uint8_t *)"foob", 4}, "Zm9vYg=="},
        {{(const uint8_t *)"fooba", 5}, "Zm9vYmE="},
        {{(const uint8_t *)"foobar", 6}, "Zm9vYmFy"},
        {{(const uint8_t *)"\xFB\xEF\xBE\xFF\xFF\xFF", 6}, "++++////"},
        {{(const uint8_t *)"\x00\x10\x83\x10\x51\x87\x20\x92\x8B", 9}, "ABCDEFGHIJKL"},
        {{(const uint8_t *)"\0", 1}, "AA=="},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        uint8_t bytes[32];
        bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
        struct bc_value value = {.type = BC_VALUE_OPAQUE, .bytes = values[i].bytes};
        bc_value_put_text(&out, &value);
        check_text(bc_sink_view(&out), values[i].text);
        out.len = 0;
        put_raw(&out, &value);
        assert_true(bc_view_equal(bc_sink_view(&out), value.bytes));
        out.len = 0;
        value.type = BC_VALUE_LIST;
        bc_value_put_text(&out, &value);
        check_text(bc_sink_view(&out), values[i].text);
    }
}

static void string_is_its_own_text(void **state)
{
    (void)state;
    uint8_t bytes[16];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_value value = bc_value_text("a\"b,c");
    assert_int_equal(value.type, BC_VALUE_STRING);
    put_raw(&out, &value);
    check_text(bc_sink_view(&out), "a\"b,c");
    out.len = 0;
    bc_value_put_text(&out, &value);
    check_text(bc_sink_view(&out), "a\"b,c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integer_takes_the_fewest_of_1_2_4_8_bytes),
        cmocka_unit_test(integer_keeps_the_size_the_host_gave_it),
        cmocka_unit_test(boolean_is_one_byte_and_one_digit),
        cmocka_unit_test(float_is_ieee_754_of_32_or_64_bits),
        cmocka_unit_test(float_keeps_the_text_it_came_as),
        cmocka_unit_test(opaque_text_is_base64),
        cmocka_unit_test(string_is_its_own_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
