/*
 * From a line to a handler (at/command.h; G 1.1, V.250 section 5.4): names, forms, operations,
 * chains of basic commands, information lines and the answers to `=?`.
 */
#include <string.h>

#include "console.h"

static void name_and_at_ignore_case(void **state)
{
    (void)state;
    struct console c;
    console_begin(&c);
    check_calls(&c, "AT+BARE", BC_AT_OK, "+BARE");
    check_calls(&c, "at+bare", BC_AT_OK, "+BARE");
    check_calls(&c, "aT+bArE", BC_AT_OK, "+BARE");
    check_calls(&c, "ate0v1&w", BC_AT_OK, "E=[0]V=[1]&W");
    console_end(&c);
}

static void at_alone_is_ok(void **state)
{
    (void)state;
    struct console c;
    console_begin(&c);
    check_calls(&c, "AT", BC_AT_OK, "");
    check_calls(&c, "at ", BC_AT_OK, "");
    check_text(bc_sink_view(&c.out), "");
    console_end(&c);
}

static void line_without_at_or_with_an_unknown_name_is_refused(void **state)
{
    static const char *const bad[] = {
        "",     "A",       "T",        "TA",     "+BARE", "XAT+BARE", "AT+BAR", "AT+BAREX", "AT+",
        "AT+?", "AT+=1",   "AT+=?",    "AT?",    "AT=?",  "AT++INT",  "AT\"",   "AT&",      "AT&Q",
        "ATY",  "AT+INT1", "AT +BARX", "AT\x80", "AT,",   "   ",      "\x80 A",
    };
    (void)state;
    struct console c;
    console_begin(&c);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_calls(&c, bad[i], BC_AT_ERROR_UNKNOWN, "");
    console_end(&c);
}

static void noise_before_at_counts_for_nothing(void **state)
{
    (void)state;
    struct console c;
    console_begin(&c);
    check_calls(&c, " \t\x80\xFF\xC0 AT+BARE", BC_AT_OK, "+BARE");
    assert_int_equal(console_run_bytes(&c, BC_TEXT("\0AT+BARE")), BC_AT_OK);
    console_end(&c);
}

static void all_four_forms_reach_the_row(void **state) /* G 1.1.2 */
{
    (void)state;
    struct console c;
    console_begin(&c);
    check_calls(&c, "AT+PAIR", BC_AT_OK, "+PAIR");
    check_calls(&c, "AT+PAIR?", BC_AT_OK, "+PAIR?");
    check_calls(&c, "AT+PAIR=1", BC_AT_OK, "+PAIR=[1]");
    check_calls(&c, "AT+PAIR=?", BC_AT_OK, ""); /* answered from the row */
    console_end(&c);
}

static void form_the_row_does_not_have_is_refused(void **state)
{
    static const char *const names[] = {"AT+READ", "AT+SET", "AT+BARE", "AT+TEST"};
    static const char *const forms[] = {"?", "=", "", "=?"};
    (void)state;
    struct console c;
    console_begin(&c);
    for (size_t name = 0; name < 4; name++)
        for (size_t form = 0; form < 4; form++) {
            char line[16];
            bc_sink text = {.ptr = (uint8_t *)line, .cap = sizeof(line)};
            bc_put_format(&text, "%s%s%c", names[name], forms[form], '\0');
            assert_int_equal(console_run(&c, line), name == form ? BC_AT_OK : BC_AT_ERROR_UNKNOWN);
            assert_int_equal(c.called.len > 0, name == form && form != 3);
        }
    console_end(&c);
}

static void spaces_around_name_and_sign_are_skipped(void **state)
{
    (void)state;
    struct console c;
    console_begin(&c);
    check_calls(&c, "AT +PAIR = 1 , 1", BC_AT_OK, "+PAIR=[1][1]");
    check_calls(&c, "AT   +PAIR   ?  ", BC_AT_OK, "+PAIR?");
    check_calls(&c, "AT+PAIR =  ? ", BC_AT_OK, "");
    check_calls(&c, "AT+BARE  ", BC_AT_OK, "+BARE");
    console_end(&c);
}

static void bytes_behind_a_query_are_an_error(void **state)
{
    (void)state;
    struct console c;
    console_begin(&c);
    check_calls(&c, "AT+PAIR?1", BC_AT_ERROR_PARAMETER, "");
    check_calls(&c, "AT+PAIR?=", BC_AT_ERROR_PARAMETER, "");
    check_calls(&c, "AT+PAIR??", BC_AT_ERROR_PARAMETER, "");
    check_calls(&c, "AT+PAIR=?1", BC_AT_ERROR_PARAMETER, "");
    check_calls(&c, "AT+PAIR==1", BC_AT_ERROR_PARAMETER, "");
    console_end(&c);
}

static void first_table_wins(void **state)
{
    (void)state;
    struct console c;
    console_begin(&c);
    check_calls(&c, "AT+INT", BC_AT_OK, "+INT");
    console_end(&c);
}

/* --- Operations ------------------------------------------------------------------------------ */

static void operation_is_chosen_by_the_first_field(void **state) /* G 2.2 */
{
    (void)state;
    struct console c;
    console_begin(&c);
    check_calls(&c, "AT+OPS=\"retransmit\",4,5", BC_AT_OK, "retransmit:+OPS=[4][5]");
    check_calls(&c, "AT+OPS=ReTransmit, 4 ,\"5\"", BC_AT_OK, "retransmit:+OPS=[4][5]");
    check_calls(&c, "AT+OPS=\"FLAG\",1", BC_AT_OK, "flag:+OPS=[1]");
    check_calls(&c, "AT+OPS?", BC_AT_OK, "+OPS?");
    console_end(&c);
}

static void operation_without_fields_is_a_query_where_all_are_optional(void **state)
{
    (void)state;
    struct console c;
    console_begin(&c);
    check_calls(&c, "AT+OPS=\"retransmit\"", BC_AT_OK, "retransmit:+OPS=");
    check_calls(&c, "AT+OPS=\"flag\"", BC_AT_ERROR_PARAMETER, "");
    console_end(&c);
}

static void operation_with_missing_extra_or_wrong_fields_is_refused(void **state)
{
    static const char *const bad[] = {
        "AT+OPS=",
        "AT+OPS=\"\"",
        "AT+OPS=,4,5",
        "AT+OPS=\"retrans\"",
        "AT+OPS=\"retransmitt\",4,5",
        "AT+OPS=\"retransmit",
        "AT+OPS=\"retransmit\"4,5",
        "AT+OPS=\"retransmit\",",
        "AT+OPS=\"retransmit\",4",
        "AT+OPS=\"retransmit\",4,",
        "AT+OPS=\"retransmit\",4,5,6",
        "AT+OPS=\"retransmit\",1,5",
        "AT+OPS=\"retransmit\",21,5",
        "AT+OPS=\"retransmit\",4,9",
        "AT+OPS=\"flag\",",
        "AT+OPS=\"flag\",2",
    };
    (void)state;
    struct console c;
    console_begin(&c);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_calls(&c, bad[i], BC_AT_ERROR_PARAMETER, "");
    console_end(&c);
}

/* --- Answers to `=?` ------------------------------------------------------------------------- */

static void test_form_tells_the_ranges_of_the_row(void **state)
{
    static const struct {
        const char *line;
        const char *answer;
    } rows[] = {
        {"AT+INT=?", "\r\n+INT: (-10-100)\r\n"},
        {"AT+WIDE=?", "\r\n+WIDE: (-2147483648-2147483647)\r\n"},
        {"AT+LIST=?", "\r\n+LIST: (0,3)\r\n"},
        {"AT+TEXT=?", "\r\n+TEXT: <text>\r\n"},
        {"AT+PAIR=?", "\r\n+PAIR: (0-9),(0,1),<c>\r\n"},
        {"AT+REP=?", "\r\n+REP: (0-65535),(0-65535)[,...]\r\n"},
        {"AT+VAL=?", "\r\n+VAL: (0-9),(-9-2000),<value>,(0-9)\r\n"},
        {"AT+OPS=?", "\r\n+OPS: \"retransmit\",(2-20),(0-8)\r\n+OPS: \"flag\",(0,1)\r\n"},
        {"AT+OWN=?", "\r\n+OWN: (any),(thing)\r\n"},
        {"AT+TEST=?", ""},
    };
    (void)state;
    struct console c;
    console_begin(&c);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(console_run(&c, rows[i].line), BC_AT_OK);
        check_text(bc_sink_view(&c.out), rows[i].answer);
    }
    console_end(&c);
}

/* --- Chains of basic commands (V.250 section 5.3.1) ------------------------------------------ */

static void basic_commands_follow_each_other(void **state)
{
    (void)state;
    struct console c;
    console_begin(&c);
    check_calls(&c, "ATE", BC_AT_OK, "E");
    check_calls(&c, "ATE1", BC_AT_OK, "E=[1]");
    check_calls(&c, "ATE0V1&W", BC_AT_OK, "E=[0]V=[1]&W");
    check_calls(&c, "ATEV", BC_AT_OK, "EV");
    check_calls(&c, "AT E0  V1 ", BC_AT_OK, "E=[0]V=[1]");
    check_calls(&c, "ATE0+PAIR=1", BC_AT_OK, "E=[0]+PAIR=[1]");
    check_calls(&c, "ATE001", BC_AT_OK, "E=[001]");
    console_end(&c);
}

static void chain_ends_at_its_first_error(void **state)
{
    (void)state;
    struct console c;
    console_begin(&c);
    check_calls(&c, "ATE0YV1", BC_AT_ERROR_UNKNOWN, "E=[0]");
    check_calls(&c, "ATE2V1", BC_AT_ERROR_PARAMETER, "");
    check_calls(&c, "ATE0V2", BC_AT_ERROR_PARAMETER, "E=[0]");
    check_calls(&c, "ATE0001", BC_AT_ERROR_UNKNOWN, "");
    check_calls(&c, "AT&W1V1", BC_AT_ERROR_UNKNOWN, "");
    check_calls(&c, "ATE0+NONE", BC_AT_ERROR_UNKNOWN, "E=[0]");
    check_calls(&c, "ATE=1", BC_AT_ERROR_UNKNOWN, "E");
    console_end(&c);
}

/* --- Information lines ----------------------------------------------------------------------- */

static void information_lines_begin_with_one_empty_line(void **state)
{
    (void)state;
    struct console c;
    console_begin(&c);
    check_calls(&c, "AT+TELL", BC_AT_OK, "+TELL");
    check_text(bc_sink_view(&c.out), "\r\n+TELL says 7\r\ntwice\r\n");
    check_calls(&c, "ATII", BC_AT_OK, "II");
    check_text(bc_sink_view(&c.out), "\r\nI says 7\r\ntwice\r\nI says 7\r\ntwice\r\n");
    console_end(&c);
}

static void information_lines_are_taken_back_after_an_error(void **state)
{
    (void)state;
    struct console c;
    console_begin(&c);
    check_calls(&c, "AT+FAIL", BC_AT_ERROR_STATE, "+FAIL");
    check_text(bc_sink_view(&c.out), "");
    check_calls(&c, "ATIX", BC_AT_ERROR_STATE, "IX");
    check_text(bc_sink_view(&c.out), "");
    check_calls(&c, "ATI+NONE", BC_AT_ERROR_UNKNOWN, "I");
    check_text(bc_sink_view(&c.out), "");
    console_end(&c);
}

static void what_was_written_before_the_line_is_left_alone(void **state)
{
    static const struct bc_at_table *const nothing[] = {NULL};
    (void)state;
    uint8_t text[64];
    uint8_t bytes[] = "AT+ANY";
    bc_sink out = {.ptr = text, .cap = sizeof(text)};
    bc_sink line = {.ptr = bytes, .len = 6, .cap = 6};
    bc_put_text(&out, "echo");
    assert_int_equal(bc_at_execute(nothing, 0, NULL, &line, &out), BC_AT_ERROR_UNKNOWN);
    check_text(bc_sink_view(&out), "echo");
}

static void handler_may_write_the_final_result_itself(void **state)
{
    (void)state;
    struct console c;
    console_begin(&c);
    check_calls(&c, "AT+SELF", BC_AT_NO_RESULT, "+SELF");
    check_text(bc_sink_view(&c.out), "\r\nREBOOTING\r\n");
    console_end(&c);
}

/* A line is an error, never a crash, when its commands say more than there is room for. */
static void chain_that_says_too_much_is_an_error(void **state)
{
    (void)state;
    struct console c;
    char line[2 + 40 + 1] = "AT";
    memset(line + 2, 'I', 40);
    console_begin(&c);
    check_calls(&c, "ATIIIIIIIII", BC_AT_OK, "IIIIIIIII");
    assert_int_equal(console_run(&c, line), BC_AT_ERROR_PARAMETER);
    assert_true(c.called.len < 40); /* it stopped where the room ended */
    check_text(bc_sink_view(&c.out), "");
    assert_false(c.out.full);
    check_calls(&c, "AT+TELL", BC_AT_OK, "+TELL"); /* usable again */
    console_end(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name_and_at_ignore_case),
        cmocka_unit_test(at_alone_is_ok),
        cmocka_unit_test(line_without_at_or_with_an_unknown_name_is_refused),
        cmocka_unit_test(noise_before_at_counts_for_nothing),
        cmocka_unit_test(all_four_forms_reach_the_row),
        cmocka_unit_test(form_the_row_does_not_have_is_refused),
        cmocka_unit_test(spaces_around_name_and_sign_are_skipped),
        cmocka_unit_test(bytes_behind_a_query_are_an_error),
        cmocka_unit_test(first_table_wins),
        cmocka_unit_test(operation_is_chosen_by_the_first_field),
        cmocka_unit_test(operation_without_fields_is_a_query_where_all_are_optional),
        cmocka_unit_test(operation_with_missing_extra_or_wrong_fields_is_refused),
        cmocka_unit_test(test_form_tells_the_ranges_of_the_row),
        cmocka_unit_test(basic_commands_follow_each_other),
        cmocka_unit_test(chain_ends_at_its_first_error),
        cmocka_unit_test(information_lines_begin_with_one_empty_line),
        cmocka_unit_test(information_lines_are_taken_back_after_an_error),
        cmocka_unit_test(what_was_written_before_the_line_is_left_alone),
        cmocka_unit_test(handler_may_write_the_final_result_itself),
        cmocka_unit_test(chain_that_says_too_much_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
