/*
 * Fields of a command (at/param.h; G 1.1.1, G 2.8): optional and empty fields, quotes and spaces,
 * ranges, repetition, and values whose type and length stand before them.
 */
#include <string.h>

#include "console.h"

struct field_case {
    const char *fields;
    const char *called; /* NULL = refused as a wrong parameter */
};

/* Runs `AT<name>=<fields>` for each; the handler must see `called` behind "<name>=". */
static void check_cases(const char *name, const struct field_case *cases, size_t count)
{
    struct console c;
    console_begin(&c);
    for (size_t i = 0; i < count; i++) {
        char line[100];
        char called[100] = "";
        bc_sink text = {.ptr = (uint8_t *)line, .cap = sizeof(line)};
        bc_sink log = {.ptr = (uint8_t *)called, .cap = sizeof(called)};
        bc_put_format(&text, "AT%s=%s%c", name, cases[i].fields, '\0');
        if (cases[i].called != NULL)
            bc_put_format(&log, "%s=%s%c", name, cases[i].called, '\0');
        check_calls(&c, line, cases[i].called != NULL ? BC_AT_OK : BC_AT_ERROR_PARAMETER, called);
    }
    console_end(&c);
}

#define CHECK_CASES(name, cases) check_cases(name, cases, sizeof(cases) / sizeof((cases)[0]))

static void optional_fields_may_be_left_out_or_empty(void **state) /* G 1.1.1 */
{
    static const struct field_case cases[] = {
        {"1", "[1]"},
        {"1,0", "[1][0]"},
        {"1,0,abc", "[1][0][abc]"},
        {"1,", "[1][-]"},
        {"1,,", "[1][-][-]"},
        {"1,,abc", "[1][-][abc]"},
        {"1,0,", "[1][0][-]"},
        {"1,\"\",abc", "[1][-][abc]"}, /* an empty number counts as left out */
        {"1,0,\"\"", "[1][0][]"},      /* an empty string in quotes is one */
    };
    (void)state;
    CHECK_CASES("+PAIR", cases);
}

static void missing_and_extra_fields_are_refused(void **state)
{
    static const struct field_case cases[] = {
        {"", NULL},         {",", NULL},         {",1", NULL},   {"\"\"", NULL}, {"\"\",1", NULL},
        {"1,0,abc,", NULL}, {"1,0,abc,1", NULL}, {"1,,,", NULL}, {" ", NULL},
    };
    static const struct field_case one[] = {{"5", "[5]"}, {"5,", NULL}, {"5,5", NULL}, {",", NULL}};
    (void)state;
    CHECK_CASES("+PAIR", cases);
    CHECK_CASES("+INT", one);
}

static void quotes_are_optional_around_every_field(void **state)
{
    static const struct field_case cases[] = {
        {"\"1\",\"0\",\"abc\"", "[1][0][abc]"},
        {"1,0,\"a,b\"", "[1][0][a,b]"},
        {"1,0,\" a \"", "[1][0][ a ]"},
        {"1,0,a\"b", "[1][0][a\"b]"}, /* a quote counts at the beginning only */
        {"\"1", NULL},
        {"1,0,\"abc", NULL},
        {"1,0,\"", NULL},
        {"\"1\"2", NULL},
        {"1,0,\"abc\"d", NULL},
        {"1,0,\"a\"\"b\"", NULL},
        {"\"1,0,abc\"", NULL},
    };
    (void)state;
    CHECK_CASES("+PAIR", cases);
}

static void spaces_around_fields_are_skipped(void **state)
{
    static const struct field_case cases[] = {
        {" 1 , 0 , abc ", "[1][0][abc]"},
        {"\t1\t,\t\"0\"\t,\"abc\"\t", "[1][0][abc]"},
        {"1, ,abc", "[1][-][abc]"},
        {"1,0,a b", "[1][0][a b]"},
        {"1 2", NULL},
        {"\" 1\"", NULL},
    };
    (void)state;
    CHECK_CASES("+PAIR", cases);
}

/* --- Ranges ---------------------------------------------------------------------------------- */

static void number_is_accepted_at_its_limits_and_refused_one_beyond(void **state)
{
    static const struct field_case cases[] = {
        {"-10", "[-10]"},
        {"-11", NULL},
        {"100", "[100]"},
        {"101", NULL},
        {"0", "[0]"},
        {"-0", "[-0]"},
        {"007", "[007]"},
        {"+7", NULL},
        {"7x", NULL},
        {"0x7", NULL},
        {"7.0", NULL},
        {"-", NULL},
        {"x", NULL},
        {"4294967296", NULL},
        {"18446744073709551616", NULL},
        {"9223372036854775808", NULL},
        {"-9223372036854775809", NULL},
    };
    static const struct field_case wide[] = {
        {"2147483647", "[2147483647]"},
        {"2147483648", NULL},
        {"-2147483648", "[-2147483648]"},
        {"-2147483649", NULL},
    };
    static const struct field_case list[] = {{"0", "[0]"}, {"3", "[3]"}, {"1", NULL},   {"2", NULL},
                                             {"4", NULL},  {"-1", NULL}, {"03", "[03]"}};
    (void)state;
    CHECK_CASES("+INT", cases);
    CHECK_CASES("+WIDE", wide);
    CHECK_CASES("+LIST", list);
}

static void number_reaches_the_handler_as_a_number(void **state)
{
    (void)state;
    struct console c;
    console_begin(&c);
    assert_int_equal(console_run(&c, "AT+WIDE=-2147483648"), BC_AT_OK);
    assert_int_equal(c.arg[0].number, INT32_MIN);
    assert_int_equal(console_run(&c, "AT+WIDE=\"2147483647\""), BC_AT_OK);
    assert_int_equal(c.arg[0].number, INT32_MAX);
    assert_int_equal(console_run(&c, "AT+INT=-007"), BC_AT_OK);
    assert_int_equal(c.arg[0].number, -7);
    console_end(&c);
}

static void string_length_is_checked_at_its_limits(void **state)
{
    static const struct field_case cases[] = {
        {"a", NULL},          {"ab", "[ab]"},           {"abcde", "[abcde]"}, {"abcdef", NULL},
        {"\"a\"", NULL},      {"\"ab\"", "[ab]"},       {"\"\"", NULL},       {"", NULL},
        {"\"abcdef\"", NULL}, {"  abcde  ", "[abcde]"},
    };
    (void)state;
    CHECK_CASES("+TEXT", cases);
}

static void last_field_may_repeat_as_often_as_its_row_says(void **state)
{
    static const struct field_case cases[] = {
        {"19,0", "[19][0]"},  {"19,0,1,2", "[19][0][1][2]"},
        {"19,0,1,2,3", NULL}, {"19", NULL},
        {"19,", NULL},        {"19,0,", NULL},
        {"19,0,,2", NULL},    {"19,0,65536", NULL},
    };
    (void)state;
    CHECK_CASES("+REP", cases);
}

static void at_most_18_fields_are_taken(void **state)
{
    static const struct field_case cases[] = {
        {"1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8",
         "[1][2][3][4][5][6][7][8][9][0][1][2][3][4][5][6][7][8]"},
        {"1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9", NULL},
    };
    (void)state;
    CHECK_CASES("+MANY", cases);
}

/* --- Typed values (G 2.8) -------------------------------------------------------------------- */

static void typed_string_is_cut_by_its_length(void **state) /* G 5.4.2 */
{
    static const struct field_case cases[] = {
        {"1,3,abc", "[1][3][abc]"},
        {"1,3,\"abc\"", "[1][3][abc]"},
        {"1,3,\"abc\",4", "[1][3][abc][4]"},
        {"1,3,abc,4", "[1][3][abc][4]"},
        {"1,3, \"abc\" , 4", "[1][3][abc][4]"},
        {"1,20,\"{\"outletStatus\":\"1\"}\",0", "[1][20][{\"outletStatus\":\"1\"}][0]"},
        {"1,20,{\"outletStatus\":\"1\"},0", "[1][20][{\"outletStatus\":\"1\"}][0]"},
        {"1,5,\"a\",\"b\"", "[1][5][a\",\"b]"},
        {"1,3,\",,,\",1", "[1][3][,,,][1]"},
        {"1,2,\"\"\"\",1", "[1][2][\"\"][1]"},
        {"1,0,\"\"", "[1][0][]"},
        {"1,0,", "[1][0][]"},
        {"1,0,\"\",1", "[1][0][][1]"},
        {"1,3,\"ab\"", NULL},
        {"1,3,ab", NULL},
        {"1,3,\"abcd\"", NULL},
        {"1,3,abcd", NULL},
        {"1,3,\"abc", NULL},
        {"1,3,\"abc\"d", NULL},
        {"1,3,\"abcd", NULL},
        {"1,3,\"abcd,1", NULL},
        {"1,0,a", NULL},
        {"1,-1,\"\"", NULL},
    };
    (void)state;
    CHECK_CASES("+VAL", cases);
}

static void typed_value_needs_its_type_and_length(void **state)
{
    static const struct field_case cases[] = {
        {"1,3", NULL},
        {"1,3,", NULL},
        {"1", NULL},
        {"1,,\"abc\"", NULL},
        {",3,\"abc\"", NULL},
        {",,abc", NULL},
        {"0,3,\"abc\"", NULL},
        {"6,3,\"abc\"", NULL},
        {"1,3,\"abc\",1,", NULL},
        {"1,3,\"abc\",10", NULL},
    };
    (void)state;
    CHECK_CASES("+VAL", cases);
}

static void typed_opaque_is_hex_of_either_case_twice_its_length(void **state)
{
    static const struct field_case cases[] = {
        {"2,3,\"414243\"", "[2][3][ABC]"},
        {"2,3,414243", "[2][3][ABC]"},
        {"2,2,\"4a4B\"", "[2][2][JK]"},
        {"2,2,4A4b,1", "[2][2][JK][1]"},
        {"2,0,\"\"", "[2][0][]"},
        {"2,0,", "[2][0][]"},
        {"2,3,\"4142\"", NULL},
        {"2,3,\"41424344\"", NULL},
        {"2,3,\"41424\"", NULL},
        {"2,1,\"4G\"", NULL},
        {"2,1,\"G4\"", NULL},
        {"2,1,\" 4\"", NULL},
        {"2,1,\"4\"", NULL},
        {"2,2,\"41\"42", NULL},
        {"2,3,414243x", NULL},
        {"2,-1,\"\"", NULL},
    };
    (void)state;
    CHECK_CASES("+VAL", cases);
}

static void typed_numbers_have_the_lengths_of_their_types(void **state)
{
    static const struct field_case cases[] = {
        {"3,2,-1", "[3][2][-1]"},
        {"3,4,\"70000\"", "[3][4][70000]"},
        {"3,8,1,2", "[3][8][1][2]"},
        {"3,1,1", NULL},
        {"3,3,1", NULL},
        {"3,0,", NULL},
        {"3,16,1", NULL},
        {"3,4,", NULL},
        {"3,4,\"\"", NULL},
        {"4,4,1.5", "[4][4][1.5]"},
        {"4,8,\"-2e3\"", "[4][8][-2e3]"},
        {"4,2,1.5", NULL},
        {"4,1,1", NULL},
        {"5,1,1", "[5][1][1]"},
        {"5,1,\"0\"", "[5][1][0]"},
        {"5,2,1", NULL},
        {"5,0,1", NULL},
        {"5,1,", NULL},
    };
    (void)state;
    CHECK_CASES("+VAL", cases);
}

/* `AT+VAL=<type>,<len>,"` + `chars` times 'a' + `",1`. */
static int run_long_value(struct console *c, int type, int len, size_t chars)
{
    uint8_t bytes[2304];
    bc_sink line = {.ptr = bytes, .cap = sizeof(bytes)};
    bc_put_format(&line, "AT+VAL=%d,%d,\"", type, len);
    for (size_t i = 0; i < chars; i++)
        bc_put_char(&line, 'a');
    bc_put_text(&line, "\",1");
    assert_false(line.full);
    return console_run_bytes(c, bc_sink_view(&line));
}

static void typed_value_lengths_end_at_1024_and_512(void **state)
{
    (void)state;
    struct console c;
    console_begin(&c);
    assert_int_equal(run_long_value(&c, 1, 1024, 1024), BC_AT_OK);
    assert_int_equal(c.arg[2].text.len, 1024);
    assert_int_equal(c.arg[3].number, 1);
    assert_int_equal(run_long_value(&c, 1, 1025, 1025), BC_AT_ERROR_PARAMETER);
    assert_int_equal(run_long_value(&c, 1, 1024, 1023), BC_AT_ERROR_PARAMETER);
    assert_int_equal(run_long_value(&c, 1, 1024, 1025), BC_AT_ERROR_PARAMETER);
    assert_int_equal(run_long_value(&c, 2, 512, 1024), BC_AT_OK);
    assert_int_equal(c.arg[2].text.len, 512);
    for (size_t i = 0; i < 512; i++)
        assert_int_equal(c.arg[2].text.ptr[i], 0xAA);
    assert_int_equal(run_long_value(&c, 2, 513, 1026), BC_AT_ERROR_PARAMETER);
    assert_int_equal(run_long_value(&c, 2, 512, 1025), BC_AT_ERROR_PARAMETER);
    console_end(&c);
}

/* The line is one block of its exact size: cutting it anywhere must not read beyond it. */
static void typed_value_in_a_line_cut_at_every_byte(void **state)
{
    static const char *const lines[] = {
        "AT+VAL=1,20,\"{\"outletStatus\":\"1\"}\",0",
        "AT+VAL=2,4,\"DEADbeef\",3",
    };
    (void)state;
    struct console c;
    console_begin(&c);
    for (size_t i = 0; i < 2; i++) {
        size_t whole = strlen(lines[i]);
        for (size_t len = 0; len <= whole; len++) {
            int result = console_run_bytes(&c, (bc_view){(const uint8_t *)lines[i], len});
            /* without index, without its comma, and the line itself */
            bool good = len == whole || len == whole - 1 || len == whole - 2;
            bool bare = len == 2 || len == 6; /* AT and AT+VAL */
            assert_int_equal(result == BC_AT_OK, good || bare);
        }
    }
    console_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(optional_fields_may_be_left_out_or_empty),
        cmocka_unit_test(missing_and_extra_fields_are_refused),
        cmocka_unit_test(quotes_are_optional_around_every_field),
        cmocka_unit_test(spaces_around_fields_are_skipped),
        cmocka_unit_test(number_is_accepted_at_its_limits_and_refused_one_beyond),
        cmocka_unit_test(number_reaches_the_handler_as_a_number),
        cmocka_unit_test(string_length_is_checked_at_its_limits),
        cmocka_unit_test(last_field_may_repeat_as_often_as_its_row_says),
        cmocka_unit_test(at_most_18_fields_are_taken),
        cmocka_unit_test(typed_string_is_cut_by_its_length),
        cmocka_unit_test(typed_value_needs_its_type_and_length),
        cmocka_unit_test(typed_opaque_is_hex_of_either_case_twice_its_length),
        cmocka_unit_test(typed_numbers_have_the_lengths_of_their_types),
        cmocka_unit_test(typed_value_lengths_end_at_1024_and_512),
        cmocka_unit_test(typed_value_in_a_line_cut_at_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
