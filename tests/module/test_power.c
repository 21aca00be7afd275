/*
 * Deep sleep, the radio and queue mode: when the module sleeps, what wakes it, what survives
 * (G 3.12, 5.2.2; MODULE 4 to 6).
 */

#include "desk.h"

#define ENTER "+QNBIOTEVENT: \"ENTER DEEPSLEEP\""
#define EXIT "+QNBIOTEVENT: \"EXIT DEEPSLEEP\""
#define NOTIFY "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0"

/* Registered and observed with a day's lifetime, asleep since this moment. */
static void asleep(struct desk *d)
{
    desk_configured(d);
    desk_ok(d, "AT+QLACONFIG=0,\"180.101.147.115\",5683,\"867724030023557\",86400,3");
    desk_ok(d, "AT+QLAREG");
    desk_wire(d, "4402 <mid> <token> B2'rd' 1128 39'lwm2m=1.0' 0D05'ep=867724030023557' 04'b=UQ'"
                 "08'lt=86400' FF '" LINKS ",</19/0>'");
    desk_server(d, "6441 <mid> <token> <location>");
    desk_urc(d, "+QLAREG: 0");
    desk_observed(d);
    desk_ok(d, "AT+QSCLK=1");
    desk_quiet_until(d, 30000);
    desk_urc(d, ENTER);
}

/* --- Falling asleep -------------------------------------------------------------------------- */

static void module_sleeps_10_s_after_the_last_byte(void **state) /* MODULE 5 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_after(&d, 60000);
    desk_ok(&d, "AT+QSCLK=1");
    desk_quiet_until(&d, 10000);
    desk_urc(&d, ENTER);
    desk_after(&d, 86400000);
    for (unsigned i = 0; i < 2; i++) /* no bytes are no wake-up */
        assert_int_equal(bc_on_serial(d.side[i].module, d.now_ms, (bc_view){NULL, 0}), 0);
    desk_quiet(&d);
    desk_end(&d);
}

/* The RRC connection is released 20 s after the last datagram, T3324 runs 10 s from there. */
static void module_sleeps_30_s_after_the_last_datagram(void **state) /* MODULE 5, 6 */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+CSCON=1");
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, REGISTER_WIRE(",</19/0>"));
    desk_urc(&d, "+CSCON: 1");
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    desk_ok(&d, "AT+QSCLK=1");
    desk_quiet_until(&d, 20000);
    desk_urc(&d, "+CSCON: 0");
    desk_quiet_until(&d, 10000);
    desk_urc(&d, ENTER);
    desk_end(&d);
}

static void qsclk_0_and_2_and_psm_off_prevent_deep_sleep(void **state) /* MODULE 5 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_after(&d, 3600000);
    desk_ok(&d, "AT+QSCLK=2");
    desk_after(&d, 3600000);
    desk_ok(&d, "AT+CPSMS=0");
    desk_ok(&d, "AT+QSCLK=1");
    desk_after(&d, 3600000);
    desk_ok(&d, "AT+CPSMS=1,,,\"01000001\",\"00001111\"");
    desk_quiet_until(&d, 10000);
    desk_urc(&d, ENTER);
    desk_end(&d);
}

/* "Deactivated" is no time of 0 s: the network grants no PSM then. */
static void deactivated_t3324_prevents_deep_sleep(void **state) /* TS 24.301 5.3.11 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+CPSMS=1,,,\"01000001\",\"11100000\"");
    desk_ok(&d, "AT+QSCLK=1");
    desk_after(&d, 3600000);
    desk_quiet(&d);
    desk_ok(&d, "AT+CPSMS=1,,,\"01000001\",\"00000000\"");
    desk_quiet_until(&d, 10000);
    desk_urc(&d, ENTER);
    desk_end(&d);
}

static void sleep_event_can_be_switched_off(void **state) /* AT+QNBIOTEVENT */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+QNBIOTEVENT=0,1");
    desk_ok(&d, "AT+QSCLK=1");
    desk_after(&d, 10000);
    desk_quiet(&d);
    desk_host(&d, "AT");
    desk_quiet(&d);
    desk_ok(&d, "AT");
    desk_end(&d);
}

static void request_that_waits_keeps_the_module_awake(void **state)
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42011001A1A2 B2'19' 01'0' 01'0'");
    desk_urc(&d, "+QLAURC: \"read\",4097,19,0,0");
    desk_ok(&d, "AT+QSCLK=1");
    desk_after(&d, 1500);
    desk_wire(&d, "60001001");
    desk_after(&d, 60000);
    desk_quiet(&d);
    desk_ok(&d, "AT+QLARDRSP=4097,13,19,0,0,1,0,\"\",0");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "4284 <mid> A1A2");
    desk_server(&d, "6000 <mid>");
    desk_quiet_until(&d, 30000);
    desk_urc(&d, ENTER);
    desk_end(&d);
}

/* --- Waking up ------------------------------------------------------------------------------- */

/*
 *   host                          module (asleep)              server
 *    | -- AT ---------------------> |                            |   lost
 *    | <- EXIT DEEPSLEEP ---------- | --- CON POST /rd/5a3f ---> |
 *    | <- "recovered",0 ----------- | <-- ACK 2.04 ------------- |
 */
static void at_bytes_wake_the_module_and_are_lost(void **state) /* G 5.2.2, MODULE 5 */
{
    (void)state;
    struct desk d;
    asleep(&d);
    desk_after(&d, 3600000);
    desk_quiet(&d);
    desk_host(&d, "AT+QLASTATUS?");
    desk_urc(&d, EXIT);
    desk_wire(&d, "4402 <mid> <token> <location>");
    desk_status(&d, 6);
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAURC: \"recovered\",0");
    desk_status(&d, 2);
    desk_tells(&d, "AT+CEREG?", "+CEREG: 0,1");
    desk_tells(&d, "AT+CGPADDR?", "+CGPADDR: 0,\"10.177.135.245\"");
    desk_ok(&d, NOTIFY ",1,2");
    desk_wire(&d, "4245 <mid> A1A2 6101 60 FF'abcde'");
    desk_urc(&d, "+QLAURC: \"report\",<mid>");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_server(&d, "6000 <mid>");
    desk_urc(&d, "+QLAURC: \"report_ack\",0,<mid>");
    desk_end(&d);
}

static void waking_command_is_lost_up_to_its_end(void **state) /* MODULE 5 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+QSCLK=1");
    desk_after(&d, 10000);
    desk_urc(&d, ENTER);
    desk_type(&d, "A");
    desk_urc(&d, EXIT);
    desk_type(&d, "T+QLASTA");
    desk_type(&d, "TUS?\rAT\r");
    desk_expect(&d, "\r\nOK\r\n");
    desk_end(&d);
}

static void waking_command_is_kept_when_asked(void **state) /* module.h */
{
    (void)state;
    struct desk d;
    desk_begin(&d, &(struct bc_config){.seed = 1, .keep_wake_command = true});
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_host(&d, "ATE0");
    desk_expect(&d, "ATE0\r\r\nOK\r\n");
    desk_after(&d, 10000);
    desk_urc(&d, ENTER);
    desk_host(&d, "AT+QLASTATUS?");
    desk_expect(&d, "\r\n+QLASTATUS: 5\r\n\r\nOK\r\n");
    desk_urc(&d, EXIT);
    desk_end(&d);
}

static void wake_pin_wakes_without_losing_anything(void **state) /* MODULE 5 */
{
    (void)state;
    struct desk d;
    asleep(&d);
    desk_wake_pin(&d);
    desk_urc(&d, EXIT);
    desk_wire(&d, "4402 <mid> <token> <location>");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAURC: \"recovered\",0");
    desk_status(&d, 2);
    desk_wake_pin(&d);
    desk_quiet(&d);
    desk_ok(&d, "AT+QSCLK=1");
    desk_quiet_until(&d, 30000);
    desk_urc(&d, ENTER);
    desk_end(&d);
}

static void deep_sleep_keeps_what_the_guide_says(void **state) /* G 2.1, 2.2, 2.6, 2.11 */
{
    (void)state;
    struct desk d;
    asleep(&d);
    desk_wake_pin(&d);
    desk_urc(&d, EXIT);
    desk_wire(&d, "4402 <mid> <token> <location>");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAURC: \"recovered\",0");
    desk_tells(&d, "AT+QLACONFIG?", "+QLACONFIG: 0,180.101.147.115,5683,867724030023557,86400,3,1");
    desk_tells(&d, "AT+QLAADDOBJ?", "+QLAADDOBJ: 19,0,3,0,1,2");
    desk_ok(&d, NOTIFY);
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "5245 <mid> A1A2 6101 60 FF'abcde'");
    desk_end(&d);
}

static void recovery_fails_when_the_server_does_not_answer(void **state) /* G 3.12, 6: 3 */
{
    (void)state;
    struct desk d;
    asleep(&d);
    desk_host(&d, "AT");
    desk_urc(&d, EXIT);
    desk_ok(&d, "AT+QSCLK=0");
    desk_wire(&d, "4402 <mid> <token> <location>");
    for (uint64_t wait_ms = 4000; wait_ms <= 32000; wait_ms *= 2) {
        desk_quiet_until(&d, wait_ms);
        desk_wire(&d, "4402 <again> <token> <location>");
    }
    desk_quiet_until(&d, 64000);
    desk_urc(&d, "+QLAURC: \"recovered\",3");
    desk_status(&d, 0);
    desk_error(&d, NOTIFY);
    desk_end(&d);
}

static void recovery_fails_when_the_lifetime_has_passed(void **state) /* G 3.12, 6: 3 */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+QLACFG=\"lifetime_enable\",0");
    desk_register(&d);
    desk_ok(&d, "AT+QSCLK=1");
    desk_after(&d, 30000);
    desk_urc(&d, ENTER);
    desk_after(&d, 270001);
    desk_quiet(&d);
    desk_host(&d, "AT");
    desk_expect(&d, "\r\n" EXIT "\r\n\r\n+QLAURC: \"recovered\",3\r\n");
    desk_status(&d, 0);
    desk_ok(&d, "AT+QSCLK=0");
    desk_ok(&d, "AT+QLACFG=\"lifetime_enable\",1");
    desk_register(&d);
    desk_end(&d);
}

/*
 *   host                     module (asleep)             server
 *    | <- EXIT DEEPSLEEP --- | --- CON POST /rd/5a3f --> |   250 s after the registration
 *    | <- "ping",0 --------- | <-- ACK 2.04 ------------ |
 *    | <- ENTER DEEPSLEEP -- |
 */
static void module_wakes_for_its_update_and_sleeps_again(void **state) /* MODULE 5 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QSCLK=1");
    desk_quiet_until(&d, 30000);
    desk_urc(&d, ENTER);
    desk_quiet_until(&d, 220000);
    desk_urc(&d, EXIT);
    desk_wire(&d, "4402 <mid> <token> <location>");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAURC: \"ping\",0");
    desk_quiet_until(&d, 30000);
    desk_urc(&d, ENTER);
    desk_end(&d);
}

/* Registered for 300 s, observed, asleep, and woken by its own update. */
static void woken_by_its_update(struct desk *d)
{
    desk_registered(d);
    desk_observed(d);
    desk_ok(d, "AT+QLACFG=\"retransmit\",2,1");
    desk_ok(d, "AT+QSCLK=1");
    desk_quiet_until(d, 30000);
    desk_urc(d, ENTER);
    assert_int_equal(bc_module_status(d->module), BC_STATUS_NEEDS_RECOVERY);
    desk_quiet_until(d, 220000);
    desk_urc(d, EXIT);
    desk_wire(d, "4402 <mid> <token> <location>");
    assert_int_equal(bc_module_status(d->module), BC_STATUS_REGISTERED);
}

static void update_out_of_sleep_keeps_the_observation(void **state) /* G 2.11, 3.1 */
{
    (void)state;
    struct desk d;
    woken_by_its_update(&d);
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAURC: \"ping\",0");
    desk_ok(&d, NOTIFY);
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "5245 <mid> A1A2 6101 60 FF'abcde'");
    desk_quiet_until(&d, 30000);
    desk_urc(&d, ENTER);
    desk_quiet_until(&d, 220000); /* and again, 250 s after the last one */
    desk_urc(&d, EXIT);
    desk_wire(&d, "4402 <mid> <token> <location>");
    desk_end(&d);
}

static void update_out_of_sleep_that_is_not_found_is_ping_4(void **state) /* G 3.1, 6: 4 */
{
    (void)state;
    struct desk d;
    woken_by_its_update(&d);
    desk_server(&d, "6484 <mid> <token>");
    desk_urc(&d, "+QLAURC: \"ping\",4");
    desk_status(&d, 0);
    desk_quiet_until(&d, 30000);
    desk_urc(&d, ENTER);
    desk_after(&d, 3600000); /* nothing is left to wake for */
    desk_end(&d);
}

static void update_out_of_sleep_without_answer_is_ping_1(void **state) /* G 3.1, 6: 1 */
{
    (void)state;
    struct desk d;
    woken_by_its_update(&d);
    desk_quiet_until(&d, 2000);
    desk_wire(&d, "4402 <again> <token> <location>");
    desk_quiet_until(&d, 4000);
    desk_urc(&d, "+QLAURC: \"ping\",1");
    desk_quiet_until(&d, 26000); /* 30 s after the last datagram */
    desk_urc(&d, ENTER);
    assert_int_equal(bc_module_status(d.module), BC_STATUS_NEEDS_RECOVERY);
    desk_quiet_until(&d, 224000); /* one interval after the failure */
    desk_urc(&d, EXIT);
    desk_wire(&d, "4402 <mid> <token> <location>");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAURC: \"ping\",0");
    desk_end(&d);
}

static void sleeping_module_hears_nothing(void **state)
{
    (void)state;
    struct desk d;
    asleep(&d);
    desk_server(&d, "42011001A1A2 B2'19' 01'0' 01'0'");
    desk_after(&d, 10000);
    desk_end(&d);
}

static void reset_in_deep_sleep_loses_the_session(void **state) /* G 2.11, MODULE 5 */
{
    (void)state;
    struct desk d;
    asleep(&d);
    desk_reset(&d);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_host(&d, "ATE0");
    desk_expect(&d, "ATE0\r\r\nOK\r\n");
    desk_status(&d, 0);
    desk_error(&d, NOTIFY);
    desk_end(&d);
}

/* --- Queue mode ------------------------------------------------------------------------------ */

static void queue_mode_module_is_deaf_93_s_after_its_last_uplink(void **state) /* MODULE 4 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_after(&d, 93000);
    desk_server(&d, "42011001A1A2 B1'3' 01'0' 01'9'");
    desk_wire(&d, "62451001A1A2 C0 FF'100'");
    desk_after(&d, 93001);
    desk_server(&d, "42011002A1A2 B1'3' 01'0' 01'9'");
    desk_quiet(&d);
    desk_ok(&d, "AT+QLAUPDATE=1,1");
    desk_wire(&d, "4402 <mid> <token> <location> 44'b=UQ'");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAUPDATE: 0,<mid>");
    desk_server(&d, "42011002A1A2 B1'3' 01'0' 01'9'");
    desk_wire(&d, "62451002A1A2 C0 FF'100'");
    desk_end(&d);
}

static void udp_module_is_always_reachable(void **state) /* G 2.1 binding_mode 0 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLAUPDATE=1,0");
    desk_wire(&d, "4402 <mid> <token> <location> 43'b=U'");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAUPDATE: 0,<mid>");
    desk_after(&d, 240000);
    desk_server(&d, "42011002A1A2 B1'3' 01'0' 01'9'");
    desk_wire(&d, "62451002A1A2 C0 FF'100'");
    desk_end(&d);
}

static void awake_window_can_be_configured(void **state) /* module.h: awake_ms */
{
    (void)state;
    struct desk d;
    desk_begin(&d, &(struct bc_config){.seed = 1, .awake_ms = 5000});
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_host(&d, "ATE0");
    desk_expect(&d, "ATE0\r\r\nOK\r\n");
    desk_ok(&d, "AT+QSCLK=0");
    desk_ok(&d, CONFIGURE);
    desk_ok(&d, "AT+QLAADDOBJ=19,0,3,0,1,2");
    desk_register(&d);
    desk_after(&d, 5001);
    desk_server(&d, "42011002A1A2 B1'3' 01'0' 01'9'");
    desk_end(&d);
}

/* --- The radio ------------------------------------------------------------------------------- */

static void rai_releases_the_connection(void **state) /* G 2.4 rai_mode, MODULE 6 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_after(&d, 20000);
    desk_ok(&d, "AT+CSCON=1");
    desk_tells(&d, "AT+CSCON?", "+CSCON: 1,0");
    desk_ok(&d, "AT+QLAUPDATE=1,1,2");
    desk_wire(&d, "4402 <mid> <token> <location> 44'b=UQ'");
    desk_urc(&d, "+CSCON: 1");
    desk_server(&d, "6444 <mid> <token>");
    desk_expect(&d, "\r\n+CSCON: 0\r\n");
    desk_urc(&d, "+QLAUPDATE: 0,<mid>");
    desk_ok(&d, "AT+QLAUPDATE=1,1,1");
    desk_wire(&d, "4402 <mid> <token> <location> 44'b=UQ'");
    desk_expect(&d, "\r\n+CSCON: 1\r\n\r\n+CSCON: 0\r\n");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+CSCON: 1");
    desk_urc(&d, "+QLAUPDATE: 0,<mid>");
    desk_quiet_until(&d, 20000);
    desk_urc(&d, "+CSCON: 0");
    desk_end(&d);
}

static void radio_off_loses_datagrams_but_not_the_registration(void **state) /* AT+CFUN */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+CFUN=0");
    desk_tells(&d, "AT+CFUN?", "+CFUN: 0");
    desk_tells(&d, "AT+CEREG?", "+CEREG: 0,0");
    desk_status(&d, 2);
    desk_server(&d, "42011001A1A2 B1'3' 01'0' 01'9'");
    desk_quiet(&d);
    desk_ok(&d, "AT+QLACFG=\"retransmit\",2,0");
    desk_ok(&d, "AT+QLAUPDATE=1,1");
    desk_quiet_until(&d, 2000);
    desk_expect(&d, "\r\n+QLAUPDATE: 1,");
    d.serial_len = 0; /* a message ID that nobody saw */
    desk_ok(&d, "AT+CFUN=1");
    desk_expect(&d, ATTACHED_LINE);
    desk_server(&d, "42011001A1A2 B1'3' 01'0' 01'9'");
    desk_wire(&d, "62451001A1A2 C0 FF'100'");
    desk_end(&d);
}

/* What a host that waits for the network reads when it switches the radio off and on. */
static void cfun_is_told_by_the_registration_urcs(void **state) /* AT+CFUN, TS 27.007 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+CREG=1");
    desk_ok(&d, "AT+CGREG=1");
    desk_ok(&d, "AT+CEREG=2");
    desk_ok(&d, "AT+CSCON=1");
    for (unsigned i = 0; i < 2; i++) {
        desk_ok(&d, i == 0 ? "AT+CFUN=0" : "AT+CFUN=4");
        if (i == 0) /* the registration's datagrams are not long ago */
            desk_expect(&d, "\r\n+CSCON: 0\r\n");
        desk_expect(&d, "\r\n+CREG: 0\r\n\r\n+CGREG: 0\r\n");
        desk_urc(&d, "+CEREG: 0");
        desk_tells(&d, "AT+CEREG?", "+CEREG: 2,0");
        desk_tells(&d, "AT+CGATT?", "+CGATT: 0");
        desk_ok(&d, "AT+CFUN=1");
        desk_expect(&d, "\r\n+CREG: 2\r\n\r\n+CGREG: 2\r\n\r\n+CEREG: 2\r\n\r\n+CREG: 1\r\n"
                        "\r\n+CGREG: 1\r\n\r\n+CEREG: 1,\"2506\",\"0BF576D1\",9\r\n" ATTACHED_LINE);
    }
    desk_end(&d);
}

static void detached_module_cannot_register(void **state) /* AT+CGATT, G 6: 900 */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+CEREG=1");
    desk_ok(&d, "AT+CGATT=0");
    desk_urc(&d, "+CEREG: 0");
    desk_ok(&d, "AT+QLAREG");
    desk_urc(&d, "+QLAREG: 900");
    desk_ok(&d, "AT+CGATT=1");
    desk_urc(&d, "+CEREG: 2");
    desk_urc(&d, "+CEREG: 1");
    desk_expect(&d, ATTACHED_LINE);
    desk_register(&d);
    desk_end(&d);
}

static void airplane_mode_is_like_off(void **state) /* AT+CFUN=4 */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+CFUN=4");
    desk_ok(&d, "AT+QLAREG");
    desk_urc(&d, "+QLAREG: 900");
    desk_error(&d, "AT+CFUN=2");
    desk_ok(&d, "AT+CFUN=0");
    desk_ok(&d, "AT+CFUN=1,1");
    desk_quiet_until(&d, 100);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(module_sleeps_10_s_after_the_last_byte),
        cmocka_unit_test(module_sleeps_30_s_after_the_last_datagram),
        cmocka_unit_test(qsclk_0_and_2_and_psm_off_prevent_deep_sleep),
        cmocka_unit_test(deactivated_t3324_prevents_deep_sleep),
        cmocka_unit_test(sleep_event_can_be_switched_off),
        cmocka_unit_test(request_that_waits_keeps_the_module_awake),
        cmocka_unit_test(at_bytes_wake_the_module_and_are_lost),
        cmocka_unit_test(waking_command_is_lost_up_to_its_end),
        cmocka_unit_test(waking_command_is_kept_when_asked),
        cmocka_unit_test(wake_pin_wakes_without_losing_anything),
        cmocka_unit_test(deep_sleep_keeps_what_the_guide_says),
        cmocka_unit_test(recovery_fails_when_the_server_does_not_answer),
        cmocka_unit_test(recovery_fails_when_the_lifetime_has_passed),
        cmocka_unit_test(module_wakes_for_its_update_and_sleeps_again),
        cmocka_unit_test(update_out_of_sleep_keeps_the_observation),
        cmocka_unit_test(update_out_of_sleep_that_is_not_found_is_ping_4),
        cmocka_unit_test(update_out_of_sleep_without_answer_is_ping_1),
        cmocka_unit_test(sleeping_module_hears_nothing),
        cmocka_unit_test(reset_in_deep_sleep_loses_the_session),
        cmocka_unit_test(queue_mode_module_is_deaf_93_s_after_its_last_uplink),
        cmocka_unit_test(udp_module_is_always_reachable),
        cmocka_unit_test(awake_window_can_be_configured),
        cmocka_unit_test(rai_releases_the_connection),
        cmocka_unit_test(radio_off_loses_datagrams_but_not_the_registration),
        cmocka_unit_test(cfun_is_told_by_the_registration_urcs),
        cmocka_unit_test(detached_module_cannot_register),
        cmocka_unit_test(airplane_mode_is_like_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
