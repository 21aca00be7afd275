/*
 * The patterns of transcripts: what fits, what is captured, what goes out again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "at_match.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
    static struct at_names names;

    names = (struct at_names){.count = 0};
    *state = &names;
    return 0;
}

static int teardown(void **state)
{
    at_names_clear(*state);
    return 0;
}

static const char *value_of(const struct at_names *names, const char *name)
{
    return at_names_get(names, name, strlen(name));
}

static void set(struct at_names *names, const char *name, const char *value, enum at_origin origin)
{
    assert_true(at_names_set(names, name, strlen(name), value, strlen(value), origin));
}

static void literal_lines_fit_only_themselves(void **state)
{
    assert_true(at_match("OK", "OK", *state));
    assert_false(at_match("OK", "OKAY", *state));
    assert_false(at_match("OKAY", "OK", *state));
    assert_false(at_match("OK", "", *state));
    assert_false(at_match("+QLAREG: 0", "+QLAREG: 1", *state));
}

static void a_name_takes_what_stands_before_the_next_literal(void **state)
{
    assert_true(at_match("+QLAURC: \"observe\",{mid},0,19,0,0",
                         "+QLAURC: \"observe\",23618,0,19,0,0", *state));
    assert_string_equal(value_of(*state, "mid"), "23618");
}

static void a_name_at_the_end_takes_the_rest(void **state)
{
    assert_true(at_match("+QLAURC: \"report\",{mid}", "+QLAURC: \"report\",8563", *state));
    assert_string_equal(value_of(*state, "mid"), "8563");
    assert_true(at_match("+X: {rest}", "+X: a,b \"c\" // d", *state));
    assert_string_equal(value_of(*state, "rest"), "a,b \"c\" // d");
}

static void a_name_is_never_empty(void **state)
{
    assert_false(at_match("a{x}", "a", *state));
    assert_false(at_match("a{x},b", "a,b", *state));
    assert_false(at_match("a{_},b", "a,b", *state));
    assert_null(value_of(*state, "x"));
}

static void a_known_name_must_come_back_the_same(void **state)
{
    assert_true(at_match("report,{mid}", "report,77", *state));
    assert_true(at_match("ack,0,{mid}", "ack,0,77", *state));
    assert_false(at_match("ack,0,{mid}", "ack,0,78", *state));
    assert_false(at_match("ack,0,{mid}", "ack,0,7", *state));
    assert_false(at_match("ack,0,{mid}", "ack,0,777", *state));
    assert_string_equal(value_of(*state, "mid"), "77");
}

static void the_same_name_twice_in_a_line_means_the_same_value(void **state)
{
    assert_false(at_match("{a},{a}", "1,2", *state));
    assert_null(value_of(*state, "a"));
    assert_true(at_match("{a},{a}", "1,1", *state));
}

static void a_line_that_does_not_fit_leaves_no_values(void **state)
{
    assert_false(at_match("{a},{b},3", "1,2,4", *state));
    assert_null(value_of(*state, "a"));
    assert_null(value_of(*state, "b"));
}

static void the_wildcard_is_forgotten(void **state)
{
    assert_true(at_match("{_},{_}", "1,2", *state));
    assert_null(value_of(*state, "_"));
}

static void other_braces_are_literal(void **state)
{
    const char *json = "+QLAURC: \"write\",1,\"{\"outletStatus\":\"1\"}\",0";

    assert_true(at_match(json, json, *state));
    assert_true(at_match("{}", "{}", *state));
    assert_true(at_match("{A}", "{A}", *state));
    assert_true(at_match("{1a}", "{1a}", *state));
    assert_true(at_match("{a b}", "{a b}", *state));
    assert_true(at_match("{a", "{a", *state));
    assert_int_equal(((struct at_names *)*state)->count, 0);
}

static void values_are_not_patterns(void **state)
{
    char out[32];
    const char *at;

    assert_true(at_match("{a}", "{b}", *state));
    assert_true(at_match("x{a}", "x{b}", *state));
    assert_false(at_match("x{a}", "x1", *state));
    assert_int_equal(at_expand("<{a}>", *state, false, out, sizeof(out), &at), AT_EXPANDED);
    assert_string_equal(out, "<{b}>");
}

static void sent_lines_get_the_values(void **state)
{
    char out[64];
    const char *at;

    set(*state, "mid", "23618", AT_FROM_MODULE);
    assert_int_equal(at_expand("AT+QLAOBSRSP={mid},1,{x y}", *state, false, out, sizeof(out), &at),
                     AT_EXPANDED);
    assert_string_equal(out, "AT+QLAOBSRSP=23618,1,{x y}");
}

static void a_name_without_value_is_told(void **state)
{
    char out[64];
    const char *text = "AT+X={mid}";
    const char *at;

    assert_int_equal(at_expand(text, *state, false, out, sizeof(out), &at), AT_NO_VALUE);
    assert_ptr_equal(at, text + 5);
}

static void expansion_never_passes_its_buffer(void **state)
{
    char out[8];
    const char *at;

    set(*state, "a", "1234", AT_FROM_MODULE);
    assert_int_equal(at_expand("AT={a}", *state, false, out, sizeof(out), &at), AT_EXPANDED);
    assert_string_equal(out, "AT=1234");
    assert_int_equal(at_expand("AT={a}5", *state, false, out, sizeof(out), &at), AT_TOO_LONG);
    assert_int_equal(at_expand("AT+={a}", *state, false, out, sizeof(out), &at), AT_TOO_LONG);
}

/* What a module sends must not become a command of the user's shell. */
static void captured_values_reach_a_shell_only_when_harmless(void **state)
{
    static const char *const bad[] = {"$(id)", "`id`", "a;b", "a b",  "a|b", "a&b", "a'b", "a\"b",
                                      "a\\b",  "*",    "a>b", "a\nb", "~",   "#",   "!"};
    char out[64];
    const char *at;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        set(*state, "x", bad[i], AT_FROM_MODULE);
        assert_int_equal(at_expand("echo {x}", *state, true, out, sizeof(out), &at),
                         AT_UNSAFE_VALUE);
    }
    set(*state, "x", "867724030023557", AT_FROM_MODULE);
    assert_int_equal(at_expand("echo {x}", *state, true, out, sizeof(out), &at), AT_EXPANDED);
    set(*state, "y", "curl -s", AT_FROM_SCRIPT);
    assert_int_equal(at_expand("{y} {x}", *state, true, out, sizeof(out), &at), AT_EXPANDED);
    assert_string_equal(out, "curl -s 867724030023557");
}

static void what_the_user_defines_stays(void **state)
{
    set(*state, "port", "5683", AT_FROM_SCRIPT);
    set(*state, "port", "5684", AT_FROM_SCRIPT);
    assert_string_equal(value_of(*state, "port"), "5684");
    set(*state, "port", "1000", AT_FROM_USER);
    set(*state, "port", "5683", AT_FROM_SCRIPT);
    assert_string_equal(value_of(*state, "port"), "1000");
}

static void the_list_of_names_has_an_end(void **state)
{
    char name[8];

    for (unsigned i = 0; i < AT_NAMES_MAX; i++) {
        snprintf(name, sizeof(name), "n%u", i);
        set(*state, name, "1", AT_FROM_MODULE);
    }
    assert_false(at_names_set(*state, "more", 4, "1", 1, AT_FROM_MODULE));
    assert_false(at_match("{more}", "1", *state));
    assert_true(at_match("{n7}", "1", *state));
}

static void names_are_lower_case_words(void **state)
{
    (void)state;
    assert_true(at_name_valid("a", 1));
    assert_true(at_name_valid("_a9", 3));
    assert_false(at_name_valid("", 0));
    assert_false(at_name_valid("9a", 2));
    assert_false(at_name_valid("aB", 2));
    assert_false(at_name_valid("a-b", 3));
    assert_true(at_name_valid("a234567890123456789012345678901", 31));
    assert_false(at_name_valid("a2345678901234567890123456789012", 32));
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(literal_lines_fit_only_themselves),
        CLAIM(a_name_takes_what_stands_before_the_next_literal),
        CLAIM(a_name_at_the_end_takes_the_rest),
        CLAIM(a_name_is_never_empty),
        CLAIM(a_known_name_must_come_back_the_same),
        CLAIM(the_same_name_twice_in_a_line_means_the_same_value),
        CLAIM(a_line_that_does_not_fit_leaves_no_values),
        CLAIM(the_wildcard_is_forgotten),
        CLAIM(other_braces_are_literal),
        CLAIM(values_are_not_patterns),
        CLAIM(sent_lines_get_the_values),
        CLAIM(a_name_without_value_is_told),
        CLAIM(expansion_never_passes_its_buffer),
        CLAIM(captured_values_reach_a_shell_only_when_harmless),
        CLAIM(what_the_user_defines_stays),
        CLAIM(the_list_of_names_has_an_end),
        CLAIM(names_are_lower_case_words),
    };

    return cmocka_run_group_tests_name("at_match", tests, NULL, NULL);
}
