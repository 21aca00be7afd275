/*
 * What the battery pays for: time and traffic by state (bc_module_energy).
 */
#include <stdio.h>

#include "desk.h"

#define ENTER "+QNBIOTEVENT: \"ENTER DEEPSLEEP\""
#define EXIT "+QNBIOTEVENT: \"EXIT DEEPSLEEP\""

static struct bc_energy energy_of(const struct desk *d)
{
    struct bc_energy energy;
    bc_module_energy(d->module, d->now_ms, &energy);
    return energy;
}

/* Milliseconds by state since `*before`, which becomes the present. */
static void check_ms(const struct desk *d, struct bc_energy *before,
                     const uint64_t expected[BC_ENERGY_STATES])
{
    struct bc_energy now = energy_of(d);
    for (unsigned i = 0; i < BC_ENERGY_STATES; i++) {
        if (now.in[i].ms - before->in[i].ms != expected[i])
            print_error("state %s\n", bc_energy_name((enum bc_energy_state)i));
        assert_int_equal(now.in[i].ms - before->in[i].ms, expected[i]);
    }
    *before = now;
}

#define CHECK_MS(d, before, ...) \
    check_ms(d, before, (const uint64_t[BC_ENERGY_STATES]){__VA_ARGS__})

static void every_millisecond_is_in_one_state(void **state)
{
    (void)state;
    struct desk d;
    struct bc_energy before = {0};
    desk_begin(&d, &(struct bc_config){.seed = 1, .attach_ms = 3000});
    desk_expect(&d, POWER_UP_LINES);
    desk_after(&d, 3000);
    desk_expect(&d, CARD_LINE ATTACHED_LINE);
    CHECK_MS(&d, &before, [BC_ENERGY_SEARCHING] = 3000);
    desk_after(&d, 10000); /* T3324 and the quiet line end together */
    desk_urc(&d, ENTER);
    desk_after(&d, 50000);
    CHECK_MS(&d, &before, [BC_ENERGY_IDLE] = 10000, [BC_ENERGY_DEEP_SLEEP] = 50000);
    desk_wake_pin(&d);
    desk_urc(&d, EXIT);
    desk_type(&d, "AT+QSCLK=0\r");
    desk_expect(&d, "AT+QSCLK=0\r\r\nOK\r\n");
    desk_after(&d, 25000); /* the radio saves power, the module does not sleep */
    CHECK_MS(&d, &before, [BC_ENERGY_IDLE] = 10000, [BC_ENERGY_PSM] = 15000);
    desk_coverage(&d, false);
    desk_after(&d, 4000);
    CHECK_MS(&d, &before, [BC_ENERGY_SEARCHING] = 4000);
    desk_power(&d, false);
    desk_after(&d, 5000);
    CHECK_MS(&d, &before, [BC_ENERGY_OFF] = 5000);
    desk_power(&d, true);
    desk_expect(&d, POWER_UP_LINES);
    desk_type(&d, "AT+CFUN=4\r");
    desk_expect(&d, "AT+CFUN=4\r\r\nOK\r\n");
    desk_after(&d, 6000);
    desk_expect(&d, CARD_LINE);
    CHECK_MS(&d, &before, [BC_ENERGY_OFF] = 6000);
    desk_end(&d);
}

/* The step to PSM has no event: it is found however rarely somebody looks. */
static void report_is_the_same_whenever_it_is_asked_for(void **state)
{
    (void)state;
    struct desk d;
    struct bc_energy early;
    desk_ready(&d);
    bc_module_energy(d.module, d.now_ms + 17000, &early);
    desk_after(&d, 9999);
    struct bc_energy idle = energy_of(&d);
    desk_after(&d, 7001);
    struct bc_energy late = energy_of(&d);
    assert_memory_equal(&early, &late, sizeof(early));
    assert_int_equal(idle.in[BC_ENERGY_IDLE].ms, 9999);
    assert_int_equal(late.in[BC_ENERGY_IDLE].ms, 10000);
    assert_int_equal(late.in[BC_ENERGY_PSM].ms, 7000);
    struct bc_energy past;
    bc_module_energy(d.module, d.now_ms - 5000, &past); /* time does not go back */
    assert_memory_equal(&past, &late, sizeof(past));
    desk_end(&d);
}

static void psm_that_is_switched_off_never_begins(void **state) /* AT+CPSMS */
{
    (void)state;
    struct desk d;
    struct bc_energy before;
    desk_ready(&d);
    before = energy_of(&d);
    desk_ok(&d, "AT+CPSMS=0");
    desk_after(&d, 60000);
    CHECK_MS(&d, &before, [BC_ENERGY_IDLE] = 60000);
    desk_ok(&d, "AT+CPSMS=1"); /* T3324 was over long ago: the past stays what it was */
    desk_after(&d, 1000);
    CHECK_MS(&d, &before, [BC_ENERGY_PSM] = 1000);
    desk_end(&d);
}

/* An update and its answer, with each RAI: what the guide's section 2.4 promises to save. */
static void rai_saves_time_in_connected(void **state) /* G 2.4, MODULE 6 */
{
    static const uint64_t connected_ms[] = {20200, 20000, 200};
    (void)state;
    for (unsigned rai = 0; rai <= 2; rai++) {
        struct desk d;
        char update[40];
        desk_registered(&d);
        desk_after(&d, 60000);
        struct bc_energy before = energy_of(&d);
        snprintf(update, sizeof(update), "AT+QLAUPDATE=0,600,%u", rai);
        desk_ok(&d, update);
        desk_wire(&d, "4402 <mid> <token> <location> 46'lt=600'");
        desk_after(&d, 200);
        desk_server(&d, "6444 <mid> <token>");
        desk_urc(&d, "+QLAUPDATE: 0,<mid>");
        desk_after(&d, 59800);
        struct bc_energy after = energy_of(&d);
        assert_int_equal(after.in[BC_ENERGY_CONNECTED].ms - before.in[BC_ENERGY_CONNECTED].ms,
                         connected_ms[rai]);
        desk_end(&d);
    }
}

static void datagrams_count_where_they_found_the_radio(void **state)
{
    (void)state;
    struct desk d;
    desk_registered(&d); /* up: found RRC idle; down: connected */
    struct bc_energy energy = energy_of(&d);
    assert_int_equal(energy.in[BC_ENERGY_IDLE].datagrams_up, 1);
    assert_int_equal(energy.in[BC_ENERGY_IDLE].bytes_up, 110);
    assert_int_equal(energy.in[BC_ENERGY_CONNECTED].datagrams_down, 1);
    assert_int_equal(energy.in[BC_ENERGY_CONNECTED].bytes_down, 16);
    desk_after(&d, 25000);
    desk_server(&d, "40001005"); /* a ping finds RRC idle, its answer does not */
    desk_wire(&d, "70001005");
    desk_after(&d, 40000);
    desk_server(&d, "40001006"); /* and one finds PSM */
    desk_wire(&d, "70001006");
    energy = energy_of(&d);
    assert_int_equal(energy.in[BC_ENERGY_IDLE].datagrams_down, 1);
    assert_int_equal(energy.in[BC_ENERGY_IDLE].bytes_down, 4);
    assert_int_equal(energy.in[BC_ENERGY_PSM].datagrams_down, 1);
    assert_int_equal(energy.in[BC_ENERGY_CONNECTED].datagrams_up, 2);
    assert_int_equal(energy.in[BC_ENERGY_CONNECTED].bytes_up, 8);
    desk_coverage(&d, false);
    desk_server(&d, "40001007"); /* is lost, and counts nowhere */
    assert_int_equal(energy_of(&d).in[BC_ENERGY_CONNECTED].datagrams_down, 1);
    desk_end(&d);
}

static void reset_does_not_forget_what_was_paid(void **state)
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_after(&d, 1000);
    struct bc_energy before = energy_of(&d);
    desk_reset(&d);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    struct bc_energy after = energy_of(&d);
    assert_memory_equal(&before, &after, sizeof(before));
    desk_end(&d);
}

static void every_state_has_a_name(void **state)
{
    (void)state;
    for (unsigned i = 0; i < BC_ENERGY_STATES; i++)
        for (unsigned k = 0; k < i; k++)
            assert_string_not_equal(bc_energy_name((enum bc_energy_state)i),
                                    bc_energy_name((enum bc_energy_state)k));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_millisecond_is_in_one_state),
        cmocka_unit_test(report_is_the_same_whenever_it_is_asked_for),
        cmocka_unit_test(psm_that_is_switched_off_never_begins),
        cmocka_unit_test(rai_saves_time_in_connected),
        cmocka_unit_test(datagrams_count_where_they_found_the_radio),
        cmocka_unit_test(reset_does_not_forget_what_was_paid),
        cmocka_unit_test(every_state_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
