/*
 * What a laboratory does to the module: the supply cut, the network taken away, the signal changed
 * (MODULE 5 and 6).
 */
#include <stdio.h>
#include <string.h>

#include "desk.h"

#define NOTIFY "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0"

/* --- The supply ------------------------------------------------------------------------------- */

/*
 *   host                          module                       server
 *    | -- AT+QLAREG ------------->  |                            |
 *    | <- OK, +QLAREG: 0 ---------- | --- registration --------> |
 *                                 power off, one hour
 *    | -- AT ---------------------> |                            |   lost
 *                                 power on
 *    | <- RDY ... +IP ------------- |                            |   status 0
 */
static void power_cut_loses_the_session_and_keeps_the_settings(void **state) /* MODULE 5 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_observed(&d);
    desk_power(&d, false);
    desk_host(&d, "AT");
    desk_after(&d, 3600000);
    desk_server(&d, "42011003A1A2 B2'19' 01'0' 01'0'");
    desk_quiet(&d);
    desk_power(&d, true);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_host(&d, "ATE0");
    desk_expect(&d, "ATE0\r\r\nOK\r\n");
    desk_status(&d, 0);
    desk_tells(&d, "AT+QLAADDOBJ?", "+QLAADDOBJ: 19,0,3,0,1,2");
    desk_error(&d, NOTIFY);
    desk_register(&d);
    desk_end(&d);
}

static void power_cut_loses_what_the_host_has_not_read(void **state) /* MODULE 5 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_listen(&d, false);
    desk_server(&d, "42011001A1A2 B2'19' 01'0' 01'0'");
    desk_host(&d, "AT");
    desk_type(&d, "AT+QLASTA");
    desk_power(&d, false);
    desk_listen(&d, true);
    desk_quiet(&d);
    desk_power(&d, true);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_host(&d, "AT"); /* nothing of the line before is left */
    desk_expect(&d, "AT\r\r\nOK\r\n");
    desk_end(&d);
}

static void reset_pin_and_wake_pin_need_a_supply(void **state)
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_power(&d, false);
    desk_power(&d, false);
    desk_reset(&d);
    desk_wake_pin(&d);
    desk_after(&d, 60000);
    desk_quiet(&d);
    desk_power(&d, true);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_power(&d, true); /* it runs already */
    desk_quiet(&d);
    desk_end(&d);
}

static void power_on_starts_a_module_that_was_powered_down(void **state) /* AT+QPOWD */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+QPOWD=0");
    desk_urc(&d, "POWERED DOWN");
    desk_power(&d, true);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_end(&d);
}

static void power_cut_ends_deep_sleep_and_a_search_for_an_address(void **state)
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+QLACONFIG=0,\"server.example\",5683,\"867724030023557\",300,3");
    desk_ok(&d, "AT+QLAREG");
    assert_int_equal(d.queries, 1);
    d.queries = 0;
    desk_power(&d, false);
    desk_resolved(&d, d.query.id, "180.101.147.115");
    desk_after(&d, 60000);
    desk_quiet(&d);
    desk_power(&d, true);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_after(&d, 10000); /* and asleep, which it may be after every boot */
    desk_urc(&d, "+QNBIOTEVENT: \"ENTER DEEPSLEEP\"");
    desk_power(&d, false);
    desk_power(&d, true);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_end(&d);
}

/* --- Coverage --------------------------------------------------------------------------------- */

static void coverage_lost_and_found_is_told_by_cereg(void **state) /* MODULE 6 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+CEREG=1");
    desk_coverage(&d, false);
    desk_urc(&d, "+CEREG: 2");
    desk_tells(&d, "AT+CEREG?", "+CEREG: 1,2");
    desk_tells(&d, "AT+CGATT?", "+CGATT: 0");
    desk_tells(&d, "AT+CSQ", "+CSQ: 99,99");
    desk_coverage(&d, false);
    desk_after(&d, 3600000);
    desk_quiet(&d);
    desk_coverage(&d, true);
    desk_urc(&d, "+CEREG: 1");
    desk_expect(&d, ATTACHED_LINE);
    desk_coverage(&d, true);
    desk_quiet(&d);
    desk_end(&d);
}

static void attaching_again_takes_its_time(void **state) /* MODULE 6 */
{
    (void)state;
    struct desk d;
    desk_begin(&d, &(struct bc_config){.seed = 1, .attach_ms = 5000});
    desk_expect(&d, POWER_UP_LINES);
    desk_after(&d, 5000);
    desk_expect(&d, CARD_LINE ATTACHED_LINE);
    desk_coverage(&d, false);
    desk_coverage(&d, true);
    desk_quiet_until(&d, 5000);
    desk_expect(&d, ATTACHED_LINE);
    desk_end(&d);
}

/* G 6: 900 where no network is, 1 where it went away; MODULE 6. */
static void requests_without_coverage_end_in_1_and_registrations_in_900(
    void **state) /* G 6: 1, 900; MODULE 6 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLACFG=\"retransmit\",2,0");
    desk_coverage(&d, false);
    desk_ok(&d, "AT+QLAUPDATE=0,600");
    desk_after(&d, 2000);
    desk_expect(&d, "\r\n+QLAUPDATE: 1,");
    while (d.serial_len > 0 && d.serial[0] != '\n')
        memmove(d.serial, d.serial + 1, --d.serial_len);
    desk_expect(&d, "\n");
    desk_power(&d, false);
    desk_power(&d, true);
    desk_expect(&d, BOOT_LINES);
    desk_host(&d, "ATE0");
    desk_expect(&d, "ATE0\r\r\nOK\r\n");
    desk_ok(&d, "AT+QSCLK=0");
    desk_ok(&d, "AT+QLAREG");
    desk_urc(&d, "+QLAREG: 900");
    desk_coverage(&d, true);
    desk_expect(&d, ATTACHED_LINE);
    desk_register(&d);
    desk_end(&d);
}

static void sleeping_module_notices_lost_coverage_when_it_wakes(void **state)
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+CEREG=1");
    desk_ok(&d, "AT+QSCLK=1");
    desk_after(&d, 10000);
    desk_urc(&d, "+QNBIOTEVENT: \"ENTER DEEPSLEEP\"");
    desk_coverage(&d, false);
    desk_coverage(&d, true);
    desk_coverage(&d, false);
    desk_after(&d, 3600000);
    desk_quiet(&d);
    desk_wake_pin(&d);
    desk_urc(&d, "+QNBIOTEVENT: \"EXIT DEEPSLEEP\"");
    desk_urc(&d, "+CEREG: 2");
    desk_coverage(&d, true);
    desk_urc(&d, "+CEREG: 1");
    desk_expect(&d, ATTACHED_LINE);
    desk_end(&d);
}

static void coverage_is_no_business_of_a_radio_that_is_off(void **state) /* AT+CFUN, AT+CGATT */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+CFUN=4");
    desk_coverage(&d, false);
    desk_coverage(&d, true);
    desk_quiet(&d);
    desk_ok(&d, "AT+CFUN=1");
    desk_expect(&d, ATTACHED_LINE);
    desk_ok(&d, "AT+CGATT=0");
    desk_coverage(&d, false);
    desk_ok(&d, "AT+CGATT=1");
    desk_tells(&d, "AT+CEREG?", "+CEREG: 0,2");
    desk_coverage(&d, true);
    desk_expect(&d, ATTACHED_LINE);
    desk_end(&d);
}

/* --- The signal ------------------------------------------------------------------------------- */

static void signal_is_told_by_csq_cesq_and_qeng(void **state) /* TS 27.007 8.5, 8.69 */
{
    static const struct {
        int rssi_dbm;
        const char *csq, *cesq, *rsrp;
        int level; /* of coverage */
    } rows[] = {
        {-71, "+CSQ: 21,0", "+CESQ: 40,0,255,255,30,59", "-82", 0},
        {-101, "+CSQ: 6,0", "+CESQ: 10,0,255,255,30,29", "-112", 0},
        {-102, "+CSQ: 5,0", "+CESQ: 9,0,255,255,30,28", "-113", 1},
        {-112, "+CSQ: 0,0", "+CESQ: 0,0,255,255,30,18", "-123", 2},
        {-113, "+CSQ: 0,0", "+CESQ: 0,0,255,255,30,17", "-124", 2},
        {-111, "+CSQ: 1,0", "+CESQ: 0,0,255,255,30,19", "-122", 1},
        {-110, "+CSQ: 1,0", "+CESQ: 1,0,255,255,30,20", "-121", 1},
        {-51, "+CSQ: 31,0", "+CESQ: 60,0,255,255,30,79", "-62", 0},
        {-30, "+CSQ: 31,0", "+CESQ: 63,0,255,255,30,97", "-41", 0},
        {100, "+CSQ: 31,0", "+CESQ: 63,0,255,255,30,97", "-41", 0},
        {-127, "+CSQ: 0,0", "+CESQ: 0,0,255,255,30,3", "-138", 2},
        {-300, "+CSQ: 0,0", "+CESQ: 0,0,255,255,30,3", "-138", 2},
    };
    (void)state;
    struct desk d;
    char qeng[80];
    desk_ready(&d);
    desk_tells(&d, "AT+CSQ", "+CSQ: 21,0");
    desk_tells(&d, "AT+CESQ", "+CESQ: 47,0,255,255,30,80");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        desk_signal(&d, rows[i].rssi_dbm);
        desk_tells(&d, "AT+CSQ", rows[i].csq);
        desk_tells(&d, "AT+CESQ", rows[i].cesq);
        snprintf(qeng, sizeof(qeng), "+QENG: 3,2506,176,%s,-6,31", rows[i].rsrp);
        desk_tells(&d, "AT+QENG=3", qeng);
        snprintf(qeng, sizeof(qeng), "+QENG: 0,2506,,176,\"0BF576D1\",%s,-6,31,21,5,3095,%d,-17,3",
                 rows[i].rsrp, rows[i].level);
        desk_tells(&d, "AT+QENG=0", qeng);
    }
    desk_end(&d);
}

static void observer_of_4_0_2_is_told_of_another_signal(void **state) /* LwM2M 1.0 appendix E.5 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42011001A1A2 60 51'4' 01'0' 01'2'"); /* GET 4/0/2, observe */
    desk_wire(&d, "62451001A1A2 60 60 FF'-63'");
    desk_signal(&d, -63);
    desk_quiet(&d); /* no other */
    desk_signal(&d, -90);
    desk_wire(&d, "4245 <mid> A1A2 6101 60 FF'-90'");
    desk_server(&d, "6000 <mid>");
    desk_ok(&d, "AT+QLACFG=\"cfg_res\",4,0,2,\"-50\"");
    desk_wire(&d, "4245 <mid> A1A2 6102 60 FF'-50'");
    desk_server(&d, "6000 <mid>");
    desk_signal(&d, -70);
    desk_quiet(&d); /* the host's value stands */
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_cut_loses_the_session_and_keeps_the_settings),
        cmocka_unit_test(power_cut_loses_what_the_host_has_not_read),
        cmocka_unit_test(reset_pin_and_wake_pin_need_a_supply),
        cmocka_unit_test(power_on_starts_a_module_that_was_powered_down),
        cmocka_unit_test(power_cut_ends_deep_sleep_and_a_search_for_an_address),
        cmocka_unit_test(coverage_lost_and_found_is_told_by_cereg),
        cmocka_unit_test(attaching_again_takes_its_time),
        cmocka_unit_test(requests_without_coverage_end_in_1_and_registrations_in_900),
        cmocka_unit_test(sleeping_module_notices_lost_coverage_when_it_wakes),
        cmocka_unit_test(coverage_is_no_business_of_a_radio_that_is_off),
        cmocka_unit_test(signal_is_told_by_csq_cesq_and_qeng),
        cmocka_unit_test(observer_of_4_0_2_is_told_of_another_signal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
