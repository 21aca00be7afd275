/*
 * Reading transcripts: which line is which step, and that every error names its line.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "at_script.h"

#include <string.h>

/* A transcript read from memory. */
struct fixture {
    struct at_script script;
    struct at_names known;
    char why[AT_WHY_MAX];
};

static bool read_bytes(struct fixture *f, const char *text, size_t len)
{
    char copy[2 * AT_LINE_MAX];

    assert_true(len <= sizeof(copy));
    memcpy(copy, text, len);
    FILE *in = fmemopen(copy, len, "r");
    assert_non_null(in);
    f->why[0] = '\0';
    bool good = at_script_read(&f->script, "t.at", in, &f->known, f->why);
    fclose(in);
    return good;
}

static bool read_text(struct fixture *f, const char *text)
{
    return read_bytes(f, text, strlen(text));
}

static void clear(struct fixture *f)
{
    at_script_free(&f->script);
    at_names_clear(&f->known);
}

/* One line becomes one step. */
static void check_step(const char *line, enum at_step_kind kind, const char *text,
                       uint32_t limit_ms)
{
    struct fixture f = {.known = {.count = 0}};

    assert_true(read_text(&f, line));
    assert_int_equal(f.script.count, 1);
    assert_int_equal(f.script.steps[0].kind, kind);
    assert_string_equal(f.script.steps[0].text, text);
    assert_int_equal(f.script.steps[0].limit_ms, limit_ms);
    clear(&f);
}

static void check_error(const char *text, const char *begin)
{
    struct fixture f = {.known = {.count = 0}};

    assert_false(read_text(&f, text));
    assert_memory_equal(f.why, begin, strlen(begin));
    clear(&f);
}

static void each_kind_of_line_is_known(void **state)
{
    (void)state;
    check_step("AT", AT_STEP_SEND, "AT", 0);
    check_step("at+cereg?", AT_STEP_SEND, "at+cereg?", 0);
    check_step("> noise", AT_STEP_SEND, "noise", 0);
    check_step(">", AT_STEP_SEND, "", 0);
    check_step("OK", AT_STEP_EXPECT, "OK", 0);
    check_step(">x", AT_STEP_EXPECT, ">x", 0);
    check_step("$GPRMC,1", AT_STEP_EXPECT, "$GPRMC,1", 0);
    check_step("[x]", AT_STEP_EXPECT, "[x]", 0);
    check_step("[30s] +QLAREG: 0", AT_STEP_EXPECT, "+QLAREG: 0", 30000);
    check_step("[500ms] AT is text here", AT_STEP_EXPECT, "AT is text here", 500);
    check_step("$ echo hi", AT_STEP_SHELL, "echo hi", 0);
    check_step("%timeout 30s", AT_STEP_LIMIT, "", 30000);
    check_step("%quiet 2s", AT_STEP_QUIET, "nothing for 2s", 2000);
}

static void dots_let_other_lines_come_first(void **state) /* as in the guide */
{
    struct fixture f = {.known = {.count = 0}};

    (void)state;
    assert_true(read_text(&f, "OK\n.....\n[2s] RDY\nOK\n"));
    assert_int_equal(f.script.count, 3);
    assert_false(f.script.steps[0].others);
    assert_true(f.script.steps[1].others);
    assert_int_equal(f.script.steps[1].limit_ms, 2000);
    assert_false(f.script.steps[2].others);
    clear(&f);
    check_step("..", AT_STEP_EXPECT, "..", 0);
    check_error("...\nAT\n", "t.at:2: behind the dots");
    check_error("OK\n...\n", "t.at:");
}

static void let_has_a_name_and_a_value(void **state)
{
    struct fixture f = {.known = {.count = 0}};

    (void)state;
    assert_true(read_text(&f, "%let server=180.101.147.115 // the guide's\n%let empty=\n"));
    assert_int_equal(f.script.count, 2);
    assert_string_equal(f.script.steps[0].text, "server");
    assert_string_equal(f.script.steps[0].value, "180.101.147.115");
    assert_string_equal(f.script.steps[1].value, "");
    clear(&f);
}

static void comments_begin_at_a_word_outside_quotes(void **state)
{
    (void)state;
    check_step("AT+QSCLK=0 // no sleep", AT_STEP_SEND, "AT+QSCLK=0", 0);
    check_step("AT+QSCLK=0\t//no sleep", AT_STEP_SEND, "AT+QSCLK=0", 0);
    check_step("AT+X=coap://host", AT_STEP_SEND, "AT+X=coap://host", 0);
    check_step("AT+X=\"a // b\"", AT_STEP_SEND, "AT+X=\"a // b\"", 0);
    check_step("AT+X=\"a\" // \"b\"", AT_STEP_SEND, "AT+X=\"a\"", 0);
}

static void blank_lines_and_comments_are_no_steps(void **state)
{
    struct fixture f = {.known = {.count = 0}};

    (void)state;
    assert_true(read_text(&f, "\n  \t\r\n// all\n   // this\n//\n"));
    assert_int_equal(f.script.count, 0);
    clear(&f);
    assert_true(read_text(&f, "\n\nOK"));
    assert_int_equal(f.script.steps[0].line, 3);
    clear(&f);
}

static void either_line_end_will_do(void **state)
{
    struct fixture f = {.known = {.count = 0}};

    (void)state;
    assert_true(read_text(&f, "AT\r\nOK\r\n"));
    assert_int_equal(f.script.count, 2);
    assert_string_equal(f.script.steps[0].text, "AT");
    assert_string_equal(f.script.steps[1].text, "OK");
    clear(&f);
}

static void errors_name_file_and_line(void **state)
{
    (void)state;
    check_error("OK\n%wait 3s\n", "t.at:2: unknown directive '%wait'");
    check_error("%timeout\n", "t.at:1: write %timeout 30s");
    check_error("%quiet 2 s\n", "t.at:1: write %quiet 30s");
    check_error("%quiet 0s\n", "t.at:1: ");
    check_error("%timeout 90000s\n", "t.at:1: ");
    check_error("%let server\n", "t.at:1: write %let name=value");
    check_error("%let Server=1\n", "t.at:1: 'Server' is no name");
    check_error("[3x] OK\n", "t.at:1: a time limit is written");
    check_error("[3s OK\n", "t.at:1: a time limit is written");
    check_error("[3s]\n", "t.at:1: the time limit needs");
    check_error("+X: {a}{b}\n", "t.at:1: two names need");
    check_error("$\n", "t.at:1: there is no command");
}

static void a_name_must_have_a_value_before_it_is_sent(void **state)
{
    struct fixture f = {.known = {.count = 0}};

    (void)state;
    check_error("+X: {a}\nAT+Y={b}\n", "t.at:2: nothing above gives {b} a value");
    check_error("$ echo {b}\n", "t.at:1: nothing above gives {b} a value");
    check_error("AT+Y={_}\n", "t.at:1: nothing above gives {_} a value");
    assert_true(read_text(&f, "%let c=1\n+X: {a}\nAT+Y={a},{c}\n"));
    clear(&f);
    assert_true(at_names_set(&f.known, "b", 1, "", 0, AT_FROM_USER));
    assert_true(read_text(&f, "AT+Y={b}\n"));
    clear(&f);
}

static void a_long_line_is_an_error(void **state)
{
    struct fixture f = {.known = {.count = 0}};
    char text[AT_LINE_MAX + 2];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[AT_LINE_MAX] = '\n';
    assert_true(read_bytes(&f, text, AT_LINE_MAX + 1));
    clear(&f);
    text[AT_LINE_MAX] = 'x';
    assert_false(read_bytes(&f, text, AT_LINE_MAX + 1));
    assert_string_equal(f.why, "t.at:1: the line is longer than 4096 bytes");
    clear(&f);
}

static void a_binary_file_is_an_error(void **state)
{
    struct fixture f = {.known = {.count = 0}};

    (void)state;
    assert_false(read_bytes(&f, "AT\nA\0B\n", 7));
    assert_string_equal(f.why, "t.at:2: a NUL byte: this is no text file");
    clear(&f);
}

static void too_many_names_are_an_error(void **state)
{
    char text[64 * AT_NAMES_MAX] = "";

    (void)state;
    for (int i = 0; i <= AT_NAMES_MAX; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), "{n%d}\n", i);
    check_error(text, "t.at:65: more than 64 names");
}

static void limits_are_seconds_or_milliseconds(void **state)
{
    uint32_t ms = 0;

    (void)state;
    assert_true(at_parse_limit("30s", false, &ms));
    assert_int_equal(ms, 30000);
    assert_true(at_parse_limit("250ms", false, &ms));
    assert_int_equal(ms, 250);
    assert_true(at_parse_limit("86400s", false, &ms));
    assert_true(at_parse_limit("10", true, &ms));
    assert_int_equal(ms, 10000);
    assert_false(at_parse_limit("10", false, &ms));
    assert_false(at_parse_limit("", true, &ms));
    assert_false(at_parse_limit("-1s", true, &ms));
    assert_false(at_parse_limit("1h", true, &ms));
    assert_false(at_parse_limit("0", true, &ms));
    assert_false(at_parse_limit("86401s", true, &ms));
    assert_false(at_parse_limit("99999999999999999999s", true, &ms));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_of_line_is_known),
        cmocka_unit_test(dots_let_other_lines_come_first),
        cmocka_unit_test(let_has_a_name_and_a_value),
        cmocka_unit_test(comments_begin_at_a_word_outside_quotes),
        cmocka_unit_test(blank_lines_and_comments_are_no_steps),
        cmocka_unit_test(either_line_end_will_do),
        cmocka_unit_test(errors_name_file_and_line),
        cmocka_unit_test(a_name_must_have_a_value_before_it_is_sent),
        cmocka_unit_test(a_long_line_is_an_error),
        cmocka_unit_test(a_binary_file_is_an_error),
        cmocka_unit_test(too_many_names_are_an_error),
        cmocka_unit_test(limits_are_seconds_or_milliseconds),
    };

    return cmocka_run_group_tests_name("at_script", tests, NULL, NULL);
}
