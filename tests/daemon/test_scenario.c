/*
 * Scenario files: what is read, in which order it comes, and what is refused as a whole.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bc260y/types.h"
#include "scenario.h"

/* A file of those bytes, removed when the scenario has been read. */
static int load_bytes(struct scenario *s, const char *bytes, size_t len)
{
    char path[] = "/tmp/bc260y-scenario-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    close(fd);
    int status = scenario_load(s, path);
    unlink(path);
    s->path = NULL;
    return status;
}

static int load(struct scenario *s, const char *text)
{
    return load_bytes(s, text, strlen(text));
}

static void steps_come_at_their_times_in_order(void **state)
{
    (void)state;
    struct scenario s;
    struct scenario_step step;
    assert_int_equal(load(&s, "# a bad day\n"
                              "\n"
                              "1h30m blackhole 10m   # lunch\n"
                              "  10s\tloss 30\r\n"
                              "0 rssi -100\n"
                              "10s delay 1s up\n"
                              "   # nothing\n"
                              "250ms exit"),
                     0);
    assert_int_equal(s.count, 5);
    assert_int_equal(scenario_deadline(&s), 0);
    assert_true(scenario_take(&s, 0, &step));
    assert_int_equal(step.command.verb, COMMAND_RSSI);
    assert_int_equal(step.line, 5);
    assert_false(scenario_take(&s, 249, &step));
    assert_int_equal(scenario_deadline(&s), 250);
    assert_true(scenario_take(&s, 250, &step));
    assert_int_equal(step.command.verb, COMMAND_EXIT);
    assert_int_equal(step.line, 8);
    assert_true(scenario_take(&s, 20000, &step)); /* late: both, as they stand */
    assert_int_equal(step.command.verb, COMMAND_LOSS);
    assert_true(scenario_take(&s, 20000, &step));
    assert_int_equal(step.command.verb, COMMAND_DELAY);
    assert_false(scenario_take(&s, 20000, &step));
    assert_int_equal(scenario_deadline(&s), 5400000);
    assert_true(scenario_take(&s, 5400000, &step));
    assert_true(scenario_deadline(&s) == BC_NEVER);
    assert_false(scenario_take(&s, UINT64_MAX - 1, &step));
    scenario_close(&s);
}

static void empty_scenario_never_does_anything(void **state)
{
    (void)state;
    struct scenario s;
    assert_int_equal(load(&s, ""), 0);
    assert_true(scenario_deadline(&s) == BC_NEVER);
    scenario_close(&s);
    assert_int_equal(load(&s, "# only words\n"), 0);
    assert_true(scenario_deadline(&s) == BC_NEVER);
    scenario_close(&s);
}

static void scenario_with_a_mistake_is_refused_as_a_whole(void **state)
{
    static const char *const texts[] = {
        "10s\n",        "loss 30\n", "10 loss 30\n", "10s lose 30\n", "1s reset\n10s loss 130\n",
        "366d reset\n", "1s\n",      "1s #reset\n",
    };
    (void)state;
    struct scenario s;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(load(&s, texts[i]), 2);
        scenario_close(&s);
    }
    char text[2000];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(load(&s, text), 2);
    scenario_close(&s);
    assert_int_equal(scenario_load(&s, "/nowhere/at/all"), 1);
    scenario_close(&s);
    assert_int_equal(scenario_load(&s, "/"), 1);
    scenario_close(&s);
}

/* The rest of such a line would not be seen; and /dev/zero has no end. */
static void line_with_a_nul_is_refused(void **state)
{
    static const char text[] = "1s loss 1\0"
                               "0\n2s reset\n";
    (void)state;
    struct scenario s;
    assert_int_equal(load_bytes(&s, text, sizeof(text) - 1), 2);
    assert_int_equal(s.count, 0);
    scenario_close(&s);
    assert_int_equal(scenario_load(&s, "/dev/zero"), 2);
    scenario_close(&s);
}

static void step_beyond_the_limit_is_refused(void **state)
{
    static const char line[] = "1s reset\n";
    (void)state;
    struct scenario s;
    size_t len = sizeof(line) - 1;
    char *text = malloc(len * (SCENARIO_STEPS_MAX + 1) + 1);
    assert_non_null(text);
    for (size_t i = 0; i <= SCENARIO_STEPS_MAX; i++)
        memcpy(text + i * len, line, len + 1);
    assert_int_equal(load(&s, text), 2);
    scenario_close(&s);
    text[len * SCENARIO_STEPS_MAX] = '\0';
    assert_int_equal(load(&s, text), 0);
    assert_int_equal(s.count, SCENARIO_STEPS_MAX);
    scenario_close(&s);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_come_at_their_times_in_order),
        cmocka_unit_test(empty_scenario_never_does_anything),
        cmocka_unit_test(scenario_with_a_mistake_is_refused_as_a_whole),
        cmocka_unit_test(line_with_a_nul_is_refused),
        cmocka_unit_test(step_beyond_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
