/*
 * Commands in words: what each one means, what none means and why (docs/CONTROL.md).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>
#include <string.h>

#include "command.h"
#include "common/number.h"
#include "link.h"

#define UP (1u << LINK_UP)
#define DOWN (1u << LINK_DOWN)
#define BOTH (UP | DOWN)

static void every_command_is_read(void **state)
{
    static const struct {
        const char *text;
        struct command command;
    } rows[] = {
        {"power on", {COMMAND_POWER_ON, BOTH, {0}, 0}},
        {"power off", {COMMAND_POWER_OFF, BOTH, {0}, 0}},
        {"power cut", {COMMAND_POWER_CUT, BOTH, {0}, 0}},
        {"power cut 5s", {COMMAND_POWER_CUT, BOTH, {5000}, 1}},
        {"reset", {COMMAND_RESET, BOTH, {0}, 0}},
        {"wake", {COMMAND_WAKE, BOTH, {0}, 0}},
        {"attach", {COMMAND_ATTACH, BOTH, {0}, 0}},
        {"detach", {COMMAND_DETACH, BOTH, {0}, 0}},
        {"rssi -110", {COMMAND_RSSI, BOTH, {-110}, 1}},
        {"loss 30", {COMMAND_LOSS, BOTH, {300000}, 1}},
        {"loss 0.5% up", {COMMAND_LOSS, UP, {5000}, 1}},
        {"duplicate 100 down", {COMMAND_DUPLICATE, DOWN, {1000000}, 1}},
        {"reorder 10", {COMMAND_REORDER, BOTH, {100000}, 1}},
        {"reorder 10 3 200ms up", {COMMAND_REORDER, UP, {100000, 3, 200}, 3}},
        {"delay 2s", {COMMAND_DELAY, BOTH, {2000}, 1}},
        {"delay 2s 500ms down", {COMMAND_DELAY, DOWN, {2000, 500}, 2}},
        {"rate 25000", {COMMAND_RATE, BOTH, {25000}, 1}},
        {"rate 25000 0 up", {COMMAND_RATE, UP, {25000, 0}, 2}},
        {"rate off down", {COMMAND_RATE_OFF, DOWN, {0}, 0}},
        {"blackhole 1h30m", {COMMAND_BLACKHOLE, BOTH, {5400000}, 1}},
        {"blackhole off", {COMMAND_BLACKHOLE_OFF, BOTH, {0}, 0}},
        {"heal", {COMMAND_HEAL, BOTH, {0}, 0}},
        {"heal up", {COMMAND_HEAL, UP, {0}, 0}},
        {"rebind", {COMMAND_REBIND, BOTH, {0}, 0}},
        {"storage fail", {COMMAND_STORAGE_FAIL, BOTH, {0}, 0}},
        {"storage full", {COMMAND_STORAGE_FULL, BOTH, {0}, 0}},
        {"storage tear", {COMMAND_STORAGE_TEAR, BOTH, {0}, 0}},
        {"storage ok", {COMMAND_STORAGE_OK, BOTH, {0}, 0}},
        {"fota-outcome ok", {COMMAND_FOTA_OUTCOME, BOTH, {0}, 1}},
        {"fota-outcome no-network", {COMMAND_FOTA_OUTCOME, BOTH, {99}, 1}},
        {"fota-outcome update-failed", {COMMAND_FOTA_OUTCOME, BOTH, {255}, 1}},
        {"link", {COMMAND_LINK, BOTH, {0}, 0}},
        {"energy", {COMMAND_ENERGY, BOTH, {0}, 0}},
        {"energy reset", {COMMAND_ENERGY_RESET, BOTH, {0}, 0}},
        {"dump", {COMMAND_DUMP, BOTH, {0}, 0}},
        {"time-scale 1000", {COMMAND_TIME_SCALE, BOTH, {1000}, 1}},
        {"help", {COMMAND_HELP, BOTH, {0}, 0}},
        {"exit", {COMMAND_EXIT, BOTH, {0}, 0}},
        {"\t loss  \t 30   up \r", {COMMAND_LOSS, UP, {300000}, 1}},
    };
    (void)state;
    unsigned seen = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct command command;
        char why[COMMAND_WHY_BYTES];
        if (!command_parse(rows[i].text, &command, why)) {
            print_error("%s: %s\n", rows[i].text, why);
            fail();
        }
        assert_int_equal(command.verb, rows[i].command.verb);
        assert_int_equal(command.ways, rows[i].command.ways);
        assert_int_equal(command.args, rows[i].command.args);
        for (unsigned k = 0; k < COMMAND_ARGS_MAX; k++)
            assert_int_equal(command.arg[k], rows[i].command.arg[k]);
        seen |= 1u << command.verb;
    }
    assert_int_equal(seen, (1u << (COMMAND_EXIT + 1)) - 1);
}

static void what_is_no_command_says_why(void **state)
{
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"", "missing"},
        {"  \t", "missing"},
        {"lose 30", "there is no command \"lose 30\""},
        {"Loss 30", "there is no command"},
        {"power", "there is no command \"power\""},
        {"power up", "there is no command \"power up\""},
        {"reset now", "usage: reset"},
        {"loss", "usage: loss PERCENT [up|down]"},
        {"loss up", "usage: loss"},
        {"loss 30 up down", "usage: loss"},
        {"loss 30 sideways", "usage: loss"},
        {"loss 100.0001", "\"100.0001\" is not a percentage"},
        {"loss -1", "is not a percentage"},
        {"loss 1e1", "is not a percentage"},
        {"loss 0.00001", "is not a percentage"},
        {"reorder 10 0", "\"0\" is not a number from 1 to 256"},
        {"reorder 10 257", "number from 1 to 256"},
        {"reorder 10 1 2h", "at most 1h"},
        {"delay 100", "\"100\" is not a time"},
        {"delay 1h1ms", "is not a time"},
        {"delay -1s", "is not a time"},
        {"delay 1s 1s 1s", "usage: delay"},
        {"rate 0", "number from 1 to 1000000000"},
        {"rate 1000000001", "number from 1"},
        {"rate 1000 65", "number from 0 to 64"},
        {"blackhole", "usage: blackhole TIME"},
        {"blackhole 101d", "at most 100d"},
        {"rssi 0", "number from -127 to -30"},
        {"rssi -29", "number from -127 to -30"},
        {"rssi -128", "number from -127 to -30"},
        {"rssi --50", "number from"},
        {"rssi -", "number from"},
        {"rssi -50 up", "usage: rssi DBM"},
        {"fota-outcome", "usage: fota-outcome OUTCOME"},
        {"fota-outcome bad", "\"bad\" is not an outcome"},
        {"fota-outcome 255", "is not an outcome"},
        {"time-scale 0", "number from 1 to 1000"},
        {"time-scale 99999999999999999999", "number from 1 to 1000"},
        {"loss 1 2 3 4 5 6", "at most 6 words"},
        {"caf\xC3\xA9 \x1B[31m", "there is no command \"caf?? ?[31m\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct command command;
        char why[COMMAND_WHY_BYTES] = "";
        bool good = command_parse(rows[i].text, &command, why);
        if (good || strstr(why, rows[i].why) == NULL)
            print_error("%s: %s\n", rows[i].text, why);
        assert_false(good);
        assert_non_null(strstr(why, rows[i].why));
    }
}

static void line_of_any_length_is_no_danger(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 2 * COMMAND_BYTES_MAX; len++) {
        char text[2 * COMMAND_BYTES_MAX + 1];
        struct command command;
        char why[COMMAND_WHY_BYTES];
        memset(text, 'x', len);
        text[len] = '\0';
        assert_false(command_parse(text, &command, why));
        assert_true(strlen(why) < COMMAND_WHY_BYTES);
        if (len > 6)
            memcpy(text, "delay ", 6);
        assert_false(command_parse(text, &command, why));
    }
}

static void times_are_read_by_their_units(void **state)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {
        {"0", 0},
        {"0s", 0},
        {"1ms", 1},
        {"999ms", 999},
        {"1s", 1000},
        {"90s", 90000},
        {"1m", 60000},
        {"1h", 3600000},
        {"2d", 172800000},
        {"1h30m", 5400000},
        {"1d2h3m4s5ms", 93784005},
        {"1m500ms", 60500},
        {"007s", 7000},
    };
    static const char *const bad[] = {
        "",
        "1",
        "s",
        "1x",
        "1.5s",
        "-1s",
        "+1s",
        " 1s",
        "1s ",
        "1S",
        "1s1m",
        "1s1s",
        "1ms1s",
        "1h 1m",
        "1h1",
        "999999999999999999999s",
        "18446744073709551616ms",
        "366d",
        "365d1ms",
    };
    (void)state;
    uint64_t ms;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(number_parse_time(good[i].text, UINT64_C(31536000000), &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (number_parse_time(bad[i], UINT64_C(31536000000), &ms))
            print_error("%s\n", bad[i]);
        assert_false(number_parse_time(bad[i], UINT64_C(31536000000), &ms));
    }
    assert_true(number_parse_time("365d", UINT64_C(31536000000), &ms));
    assert_true(number_parse_time("1s", 1000, &ms));
    assert_false(number_parse_time("1s1ms", 1000, &ms));
}

static void percentages_are_read_exactly(void **state)
{
    static const struct {
        const char *text;
        uint32_t ppm;
    } good[] = {{"0", 0},           {"1", 10000},      {"100", 1000000},
                {"100.0", 1000000}, {"0.5", 5000},     {"33.3333", 333333},
                {"0.0001", 1},      {"12.5%", 125000}, {"007", 70000}};
    static const char *const bad[] = {"",
                                      "%",
                                      ".5",
                                      "5.",
                                      "101",
                                      "100.0001",
                                      "1,5",
                                      "1 %",
                                      "1%%",
                                      "0x10",
                                      "nan",
                                      "-0",
                                      "99999999999999999999"};
    (void)state;
    uint32_t ppm;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(number_parse_percent(good[i].text, &ppm));
        assert_int_equal(ppm, good[i].ppm);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (number_parse_percent(bad[i], &ppm))
            print_error("%s\n", bad[i]);
        assert_false(number_parse_percent(bad[i], &ppm));
    }
}

static void help_lists_every_command_once(void **state)
{
    (void)state;
    struct command_help help;
    size_t count = 0;
    for (; command_help(count, &help); count++) {
        assert_true(strlen(help.what) > 0);
        struct command command;
        char why[COMMAND_WHY_BYTES];
        if (!command_parse(help.name, &command, why)) /* its name alone, or its usage */
            assert_non_null(strstr(why, help.params));
    }
    assert_int_equal(count, COMMAND_EXIT + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_read),
        cmocka_unit_test(what_is_no_command_says_why),
        cmocka_unit_test(line_of_any_length_is_no_danger),
        cmocka_unit_test(times_are_read_by_their_units),
        cmocka_unit_test(percentages_are_read_exactly),
        cmocka_unit_test(help_lists_every_command_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
