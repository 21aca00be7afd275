/*
 * Whole numbers, as common/number.h reads them; percentages and times stand with the commands that
 * have them (tests/daemon/test_command.c).
 */
#include "check.h"

#include "common/number.h"

static void number_reads_decimal_digits_up_to_its_maximum(void **state)
{
    (void)state;
    uint64_t value = 1;
    assert_true(number_parse("0", 0, &value));
    assert_int_equal(value, 0);
    assert_true(number_parse("0065535", 65535, &value));
    assert_int_equal(value, 65535);
    assert_true(number_parse("18446744073709551615", UINT64_MAX, &value));
    assert_true(value == UINT64_MAX);
}

static void number_refuses_anything_else(void **state)
{
    (void)state;
    static const char *const bad[] = {"",    " 1",  "1 ", "+1", "-1",  "0x10",
                                      "1e3", "1.0", "1a", "a1", "256", "99999999999999999999",
                                      "2550"};
    uint64_t value = 7;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(number_parse(bad[i], 255, &value));
    assert_false(number_parse("18446744073709551616", UINT64_MAX, &value));
    assert_int_equal(value, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(number_reads_decimal_digits_up_to_its_maximum),
        cmocka_unit_test(number_refuses_anything_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
