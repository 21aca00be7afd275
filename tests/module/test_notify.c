/*
 * AT+QLANOTIFY and what becomes of the notification (G 2.12, 3.7, 3.8, 3.13, 5.2.2, 5.5.2;
 * MODULE 2, 4; RFC 7641).
 */
#include <stdio.h>

#include "desk.h"

#define NOTIFY "AT+QLANOTIFY=19,0,0,2,9,\"020001000400023438\",0"
#define CONTENT "612A FF 020001000400023438"

/*
 *   host                       module                           server
 *    | -- AT+QLANOTIFY ,0,0 --> | --- NON 2.05 Observe [m] ----> |
 *    | <- +QLANOTIFY: 0 ------- |                                |
 *    | -- AT+QLANOTIFY ,0,1 --> | --- CON 2.05 Observe [m] ----> |
 *    | <- "report",m ---------- |                                |
 *    | <- +QLANOTIFY: 0 ------- |                                |
 *    | <- "report_ack",0,m ---- | <-- empty ACK [m] ------------ |
 */
static void notifications_of_the_session(void **state) /* G 2.12, 3.7, 3.8, 5.2.2, 6: 0 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_observed(&d);
    desk_ok(&d, NOTIFY ",0");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "52 45 <mid> A1A2 6101 " CONTENT);
    desk_ok(&d, NOTIFY ",1");
    desk_wire(&d, "42 45 <mid> A1A2 6102 " CONTENT);
    desk_urc(&d, "+QLAURC: \"report\",<mid>");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_server(&d, "6000 <mid>");
    desk_urc(&d, "+QLAURC: \"report_ack\",0,<mid>");
    desk_ok(&d, NOTIFY ",1,2");
    desk_wire(&d, "42 45 <mid> A1A2 6103 " CONTENT);
    desk_urc(&d, "+QLAURC: \"report\",<mid>");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_server(&d, "6000 <mid>");
    desk_urc(&d, "+QLAURC: \"report_ack\",0,<mid>");
    desk_ok(&d, NOTIFY);
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "52 45 <mid> A1A2 6104 " CONTENT);
    desk_end(&d);
}

static void observe_instance(struct desk *d)
{
    desk_ready(d);
    desk_ok(d, CONFIGURE);
    desk_ok(d, "AT+QLACFG=\"auto_ack\",1");
    desk_ok(d, "AT+QLAADDOBJ=3311,0,2,5850,5851");
    desk_ok(d, "AT+QLAREG");
    desk_wire(d, REGISTER_WIRE(",</3311/0>"));
    desk_server(d, "6441 <mid> <token> <location>");
    desk_urc(d, "+QLAREG: 0");
}

static void notifications_of_an_observed_instance_are_tlv(void **state) /* G 5.5.2 */
{
    (void)state;
    struct desk d;
    observe_instance(&d);
    desk_server(&d, "44 01 4277 A1A2A3A4 60 54'3311' 01'0'");
    desk_urc(&d, "+QLAURC: \"observe\",17015,0,3311,0,-1");
    desk_wire(&d, "64 45 4277 A1A2A3A4 60");
    desk_ok(&d, "AT+QLANOTIFY=3311,0,5850,5,1,1,0,1");
    desk_wire(&d, "44 45 <mid> A1A2A3A4 6101 622D16 FF E1 16DA 01");
    desk_urc(&d, "+QLAURC: \"report\",<mid>");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_server(&d, "6000 <mid>");
    desk_urc(&d, "+QLAURC: \"report_ack\",0,<mid>");
    desk_ok(&d, "AT+QLANOTIFY=3311,0,5851,3,4,500,0,1");
    desk_wire(&d, "44 45 <mid> A1A2A3A4 6102 622D16 FF E4 16DB 000001F4");
    desk_urc(&d, "+QLAURC: \"report\",<mid>");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_server(&d, "6000 <mid>");
    desk_urc(&d, "+QLAURC: \"report_ack\",0,<mid>");
    desk_end(&d);
}

static void notification_goes_to_the_nearest_observer(void **state) /* MODULE 2 QLANOTIFY */
{
    (void)state;
    struct desk d;
    observe_instance(&d);
    desk_server(&d, "42011001A1A1 60 54'3311'");
    desk_urc(&d, "+QLAURC: \"observe\",4097,0,3311,-1,-1");
    desk_wire(&d, "62451001A1A1 60");
    desk_ok(&d, "AT+QLANOTIFY=3311,0,5850,5,1,0,0");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "5245 <mid> A1A1 6101 622D16 FF 0400 E1 16DA 00");
    desk_server(&d, "42011002B1B2 60 54'3311' 01'0'");
    desk_urc(&d, "+QLAURC: \"observe\",4098,0,3311,0,-1");
    desk_wire(&d, "62451002B1B2 60");
    desk_ok(&d, "AT+QLANOTIFY=3311,0,5850,5,1,0,0");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "5245 <mid> B1B2 6101 622D16 FF E1 16DA 00");
    desk_server(&d, "42011003C1C2 60 54'3311' 01'0' 04'5850'");
    desk_urc(&d, "+QLAURC: \"observe\",4099,0,3311,0,5850");
    desk_wire(&d, "62451003C1C2 60");
    desk_ok(&d, "AT+QLANOTIFY=3311,0,5850,5,1,0,0");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "5245 <mid> C1C2 6101 60 FF '0'");
    desk_ok(&d, "AT+QLANOTIFY=3311,0,5851,5,1,0,0");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "5245 <mid> B1B2 6102 622D16 FF E1 16DB 00");
    desk_end(&d);
}

static void notification_has_the_format_the_observer_accepts(void **state) /* RFC 7641 4.2 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLACFG=\"auto_ack\",1");
    desk_server(&d, "42011001A1A2 60 52'19' 01'0' 01'0' 622D16");
    desk_urc(&d, "+QLAURC: \"observe\",4097,0,19,0,0");
    desk_wire(&d, "62451001A1A2 60");
    desk_ok(&d, "AT+QLANOTIFY=19,0,0,1,1,\"x\",0");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "5245 <mid> A1A2 6101 622D16 FF C100'x'");
    desk_server(&d, "42011002B1B2 60 52'19' 01'0' 01'0' 60");
    desk_urc(&d, "+QLAURC: \"observe\",4098,0,19,0,0");
    desk_wire(&d, "62451002B1B2 6102");
    desk_ok(&d, "AT+QLANOTIFY=19,0,0,2,3,\"616263\",0");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "5245 <mid> B1B2 6103 60 FF'YWJj'");
    desk_end(&d);
}

static void what_nobody_observes_is_an_error(void **state) /* G 2.12 note 1 */
{
    (void)state;
    static const char *const wrong[] = {
        "AT+QLANOTIFY=19,0,1,1,1,\"x\",0",     "AT+QLANOTIFY=19,1,0,1,1,\"x\",0",
        "AT+QLANOTIFY=20,0,0,1,1,\"x\",0",     "AT+QLANOTIFY=3,0,9,3,2,50,0",
        "AT+QLANOTIFY=19,0,0,1,1,\"x\"",       "AT+QLANOTIFY=19,0,0,1,1,\"x\",0,2",
        "AT+QLANOTIFY=19,0,0,1,1,\"x\",0,0,3", "AT+QLANOTIFY=19,0,0,1,1,\"x\",0,0,0,0",
        "AT+QLANOTIFY=19,0,0,1,2,\"x\",0",     "AT+QLANOTIFY=19,0,0,3,2,70000,0",
        "AT+QLANOTIFY=19,0,0,1,1,\"x\",1",     "AT+QLANOTIFY=19,0,-1,1,1,\"x\",0",
    };
    struct desk d;
    desk_registered(&d);
    desk_error(&d, NOTIFY);
    desk_observed(&d);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        desk_error(&d, wrong[i]);
    desk_end(&d);
}

static void con_without_answer_is_reported_with_1(void **state) /* G 3.8, 6: 1 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_observed(&d);
    desk_ok(&d, NOTIFY ",1");
    desk_wire(&d, "4245 <mid> A1A2 6101 " CONTENT);
    desk_urc(&d, "+QLAURC: \"report\",<mid>");
    desk_urc(&d, "+QLANOTIFY: 0");
    for (uint64_t wait_ms = 4000; wait_ms <= 32000; wait_ms *= 2) {
        desk_quiet_until(&d, wait_ms);
        desk_wire(&d, "4245 <again> A1A2 6101 " CONTENT);
    }
    desk_quiet_until(&d, 64000);
    desk_urc(&d, "+QLAURC: \"report_ack\",1,<mid>");
    desk_end(&d);
}

/*
 *   host                         module                   server
 *    | <- "report",m ------------ | --- CON 2.05 [m] ----> |
 *    | <- "report_ack",5,m ------ | <-- RST [m] ---------- |
 *    | <- "lw_event",0,5,m ------ |                        |   and nobody observes any more
 */
static void reset_of_a_con_notification_ends_the_observation(void **state) /* G 3.8, 3.13, 6: 5 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_observed(&d);
    desk_ok(&d, NOTIFY ",1");
    desk_wire(&d, "4245 <mid> A1A2 6101 " CONTENT);
    desk_urc(&d, "+QLAURC: \"report\",<mid>");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_server(&d, "7000 <mid>");
    desk_urc(&d, "+QLAURC: \"report_ack\",5,<mid>");
    desk_urc(&d, "+QLAURC: \"lw_event\",0,5,<mid>");
    desk_error(&d, NOTIFY ",1");
    desk_server(&d, "7000 <mid>");
    desk_end(&d);
}

static void reset_of_a_non_notification_ends_the_observation(void **state) /* G 3.13, RFC 7641 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_observed(&d);
    desk_ok(&d, NOTIFY);
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "5245 <mid> A1A2 6101 " CONTENT);
    uint16_t first = d.mid;
    desk_ok(&d, NOTIFY);
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "5245 <mid> A1A2 6102 " CONTENT);
    d.mid = first;
    desk_server(&d, "7000 <mid>");
    desk_urc(&d, "+QLAURC: \"lw_event\",0,5,<mid>");
    desk_error(&d, NOTIFY);
    desk_end(&d);
}

static void reset_of_the_last_but_two_is_not_known(void **state) /* BC_OBSERVATION_SENT */
{
    (void)state;
    struct desk d;
    uint16_t ids[3];
    desk_registered(&d);
    desk_observed(&d);
    for (unsigned i = 0; i < 3; i++) {
        char pattern[80];
        desk_ok(&d, NOTIFY);
        desk_urc(&d, "+QLANOTIFY: 0");
        snprintf(pattern, sizeof(pattern), "5245 <mid> A1A2 61%02X " CONTENT, i + 1);
        desk_wire(&d, pattern);
        ids[i] = d.mid;
    }
    d.mid = ids[0];
    desk_server(&d, "7000 <mid>");
    desk_quiet(&d);
    d.mid = ids[1];
    desk_server(&d, "7000 <mid>");
    desk_urc(&d, "+QLAURC: \"lw_event\",0,5,<mid>");
    desk_error(&d, NOTIFY);
    desk_end(&d);
}

static void reset_of_anything_else_is_nothing(void **state)
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_observed(&d);
    desk_server(&d, "70001001");
    desk_server(&d, "7000FFFF");
    desk_ok(&d, NOTIFY);
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "5245 <mid> A1A2 6101 " CONTENT);
    desk_end(&d);
}

static void new_observe_takes_the_place_of_the_old(void **state) /* RFC 7641 4.1 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_observed(&d);
    desk_server(&d, "48011002B1B2B3B4B5B6B7B8 60 52'19' 01'0' 01'0'");
    desk_urc(&d, "+QLAURC: \"observe\",4098,0,19,0,0");
    desk_ok(&d, "AT+QLAOBSRSP=4098,1,19,0,0,1,5,\"abcde\",0");
    desk_urc(&d, "+QLAOBSRSP: 0");
    desk_wire(&d, "68451002B1B2B3B4B5B6B7B8 6101 60 FF'abcde'");
    desk_ok(&d, NOTIFY);
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "5845 <mid> B1B2B3B4B5B6B7B8 6102 " CONTENT);
    desk_end(&d);
}

static void token_of_another_path_takes_its_place(void **state) /* RFC 7641 4.1 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_observed(&d);
    desk_server(&d, "42011002A1A2 60 52'19' 01'0' 01'1'");
    desk_urc(&d, "+QLAURC: \"observe\",4098,0,19,0,1");
    desk_ok(&d, "AT+QLAOBSRSP=4098,1,19,0,1,1,5,\"abcde\",0");
    desk_urc(&d, "+QLAOBSRSP: 0");
    desk_wire(&d, "62451002A1A2 60 60 FF'abcde'");
    desk_error(&d, NOTIFY);
    desk_ok(&d, "AT+QLANOTIFY=19,0,1,1,1,\"x\",0");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "5245 <mid> A1A2 6101 60 FF'x'");
    desk_end(&d);
}

static void ninth_unacknowledged_notification_is_an_error(void **state) /* limits.h */
{
    (void)state;
    struct desk d;
    uint16_t ids[BC_EXCHANGES_MAX];
    desk_registered(&d);
    desk_observed(&d);
    for (unsigned i = 0; i < BC_EXCHANGES_MAX; i++) {
        char pattern[80];
        desk_ok(&d, NOTIFY ",1");
        snprintf(pattern, sizeof(pattern), "4245 <mid> A1A2 61%02X " CONTENT, i + 1);
        desk_wire(&d, pattern);
        ids[i] = d.mid;
        desk_urc(&d, "+QLAURC: \"report\",<mid>");
        desk_urc(&d, "+QLANOTIFY: 0");
    }
    desk_error(&d, NOTIFY ",1");
    d.mid = ids[3];
    desk_server(&d, "6000 <mid>");
    desk_urc(&d, "+QLAURC: \"report_ack\",0,<mid>");
    desk_ok(&d, NOTIFY ",1");
    desk_wire(&d, "4245 <mid> A1A2 6109 " CONTENT);
    desk_urc(&d, "+QLAURC: \"report\",<mid>");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_end(&d);
}

static void observations_end_with_the_registration(void **state) /* G 2.11, MODULE 5 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_observed(&d);
    desk_ok(&d, "AT+QLADEREG");
    desk_wire(&d, "4404 <mid> <token> <location>");
    desk_server(&d, "6442 <mid> <token>");
    desk_urc(&d, "+QLADEREG: 0");
    desk_register(&d);
    desk_error(&d, NOTIFY);
    desk_end(&d);
}

static void unconfirmed_report_without_network_is_not_sent(void **state) /* G 6: code 2 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_observed(&d);
    desk_ok(&d, "AT+CFUN=0");
    desk_ok(&d, "AT+QLANOTIFY=19,0,0,1,1,\"x\",0,0");
    desk_urc(&d, "+QLANOTIFY: 2");
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unconfirmed_report_without_network_is_not_sent),
        cmocka_unit_test(notifications_of_the_session),
        cmocka_unit_test(notifications_of_an_observed_instance_are_tlv),
        cmocka_unit_test(notification_goes_to_the_nearest_observer),
        cmocka_unit_test(notification_has_the_format_the_observer_accepts),
        cmocka_unit_test(what_nobody_observes_is_an_error),
        cmocka_unit_test(con_without_answer_is_reported_with_1),
        cmocka_unit_test(reset_of_a_con_notification_ends_the_observation),
        cmocka_unit_test(reset_of_a_non_notification_ends_the_observation),
        cmocka_unit_test(reset_of_the_last_but_two_is_not_known),
        cmocka_unit_test(reset_of_anything_else_is_nothing),
        cmocka_unit_test(new_observe_takes_the_place_of_the_old),
        cmocka_unit_test(token_of_another_path_takes_its_place),
        cmocka_unit_test(ninth_unacknowledged_notification_is_an_error),
        cmocka_unit_test(observations_end_with_the_registration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
