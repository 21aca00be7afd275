/*
 * AT+QLAREG, AT+QLAUPDATE and AT+QLADEREG with the datagrams they cause, automatic updates, and the
 * result codes of the guide's chapter 6 (G 2.3 to 2.7, 3.1; MODULE 2, 4).
 */
#include <stdio.h>
#include <string.h>

#include "desk.h"

/* --- Registering ----------------------------------------------------------------------------- */

/*
 *   host                      module                              server
 *    | -- AT+QLAREG ---------> |                                     |
 *    | <- OK ----------------- | --- CON POST /rd?lwm2m&ep&b&lt ---> |
 *    | <- +QLAREG: 0 --------- | <-- ACK 2.01 Location /rd/5a3f ---- |
 */
static void registration_is_the_request_of_lwm2m_1_0(void **state) /* G 2.3, 6: 0, MODULE 4 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+QLACONFIG=0,\"180.101.147.115\",5683,\"867724030023557\",300,3");
    desk_ok(&d, "AT+QLAREG");
    desk_status(&d, 1);
    desk_wire(&d, "44 02 <mid> <token> B2'rd' 11 28 39'lwm2m=1.0' 0D05'ep=867724030023557'"
                  "04'b=UQ' 06'lt=300' FF '</>;rt=\"oma.lwm2m\",</1/0>,</3/0>,</4/0>,</5/0>'");
    desk_server(&d, "64 41 <mid> <token> 82'rd' 04'5a3f'");
    desk_urc(&d, "+QLAREG: 0");
    desk_status(&d, 2);
    desk_end(&d);
}

static void registration_lists_the_added_objects_in_their_order(void **state) /* G 5.2.2 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+QLACONFIG=0,\"180.101.147.115\",5683,\"ep-1\",86400,3,,,0");
    desk_ok(&d, "AT+QLAADDOBJ=19,1,1,0");
    desk_ok(&d, "AT+QLAADDOBJ=3311,0,2,5850,5851");
    desk_ok(&d, "AT+QLAADDOBJ=19,0,1,0");
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, "44 02 <mid> <token> B2'rd' 11 28 39'lwm2m=1.0' 07'ep=ep-1' 03'b=U' 08'lt=86400'"
                  "FF '" LINKS ",</19/1>,</3311/0>,</19/0>'");
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    desk_end(&d);
}

static void
registration_result_is_the_code_of_the_response(void **state) /* G 6: 5, 400, 403, 404, 412, 900 */
{
    (void)state;
    static const struct {
        const char *response;
        const char *result;
    } rows[] = {
        {"6480 <mid> <token>", "+QLAREG: 400"},
        {"6483 <mid> <token>", "+QLAREG: 403"},
        {"6484 <mid> <token>", "+QLAREG: 404"},
        {"648C <mid> <token>", "+QLAREG: 412"},
        {"6481 <mid> <token>", "+QLAREG: 900"},
        {"6485 <mid> <token>", "+QLAREG: 900"},
        {"64A0 <mid> <token>", "+QLAREG: 900"},
        {"64A3 <mid> <token>", "+QLAREG: 900"},
        {"6445 <mid> <token>", "+QLAREG: 900"},
        {"6444 <mid> <token> <location>", "+QLAREG: 900"},
        {"6441 <mid> <token>", "+QLAREG: 900"},
        {"7000 <mid>", "+QLAREG: 5"},
        {"6480 <mid> <token> FF'no'", "+QLAREG: 400"},
    };
    struct desk d;
    desk_configured(&d);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        desk_ok(&d, "AT+QLAREG");
        desk_wire(&d, REGISTER_WIRE(",</19/0>"));
        desk_server(&d, rows[i].response);
        desk_urc(&d, rows[i].result);
        desk_status(&d, 0);
    }
    desk_after(&d, 3600000);
    desk_register(&d);
    desk_end(&d);
}

/*
 *   module                    server
 *    | --- CON POST /rd ------> X   0 s
 *    | --- the same bytes ----> X   4, 12, 28, 60 s
 *    |                              124 s: +QLAREG: 1
 */
static void registration_times_out_after_the_waits_of_the_guide(void **state) /* G 2.2, 2.3, 6: 1 */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, REGISTER_WIRE(",</19/0>"));
    uint16_t first = d.mid;
    for (uint64_t wait_ms = 4000; wait_ms <= 32000; wait_ms *= 2) {
        desk_quiet_until(&d, wait_ms);
        desk_wire(&d, REGISTER_WIRE(",</19/0>"));
        assert_int_equal(d.mid, first);
    }
    desk_quiet_until(&d, 64000);
    desk_urc(&d, "+QLAREG: 1");
    desk_status(&d, 0);
    desk_after(&d, 3600000);
    desk_end(&d);
}

static void registration_without_retransmission_times_out_at_once(void **state) /* G 2.2 */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+QLACFG=\"retransmit\",2,0");
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, REGISTER_WIRE(",</19/0>"));
    desk_quiet_until(&d, 2000);
    desk_urc(&d, "+QLAREG: 1");
    desk_end(&d);
}

static void lost_registration_is_repeated_and_then_answered(void **state) /* RFC 7252 4.2 */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, REGISTER_WIRE(",</19/0>"));
    desk_quiet_until(&d, 4000);
    desk_wire(&d, "4402 <again> <token> B2'rd' 1128 39'lwm2m=1.0' 0D05'ep=867724030023557' 04'b=UQ'"
                  "06'lt=300' FF '" LINKS ",</19/0>'");
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_quiet(&d);
    desk_end(&d);
}

/*
 *   module                    server
 *    | --- CON POST /rd ------> |
 *    | <-- empty ACK ---------- |
 *    | <-- CON 2.01 ----------- |   its own message ID, our token
 *    | --- empty ACK ---------> |
 */
static void location_is_kept_segment_by_segment(void **state) /* RFC 7252 5.10.7, 6.4 */
{
    static const char *const segments[] = {
        "2'rd' 03'a/b'",
        "2'rd' 00 01'x' 00",
        "0",
        "1'a' 01'b' 01'c' 01'd' 01'e' 01'f' 01'g' 01'h'",
        "3'%2F' 03 E4BDA0",
        "2'rd' 0D30 '1234567890123456789012345678901234567890123456789012345678901'",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
        struct desk d;
        char pattern[200];
        desk_configured(&d);
        desk_ok(&d, "AT+QLAREG");
        desk_wire(&d, REGISTER_WIRE(",</19/0>"));
        snprintf(pattern, sizeof(pattern), "6441 <mid> <token> 8%s", segments[i]);
        desk_server(&d, pattern);
        desk_urc(&d, "+QLAREG: 0");
        desk_ok(&d, "AT+QLADEREG");
        snprintf(pattern, sizeof(pattern), "4404 <mid> <token> B%s", segments[i]);
        desk_wire(&d, pattern);
        desk_end(&d);
    }
}

static void registration_takes_a_separate_response(void **state) /* RFC 7252 5.2.2 */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, REGISTER_WIRE(",</19/0>"));
    desk_server(&d, "6000 <mid>");
    desk_after(&d, 30000);
    desk_quiet(&d);
    desk_server(&d, "44417777 <token> <location>");
    desk_wire(&d, "60007777");
    desk_urc(&d, "+QLAREG: 0");
    desk_server(&d, "44417777 <token> <location>");
    desk_wire(&d, "60007777");
    desk_end(&d);
}

static void response_of_somebody_else_is_nothing(void **state) /* RFC 7252 5.3.2, module.h */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, REGISTER_WIRE(",</19/0>"));
    desk_stranger(&d, "6441 <mid> <token> <location>");
    desk_server(&d, "6441 <mid> FFFFFFFF <location>");
    desk_server(&d, "6341 <mid> 010203 <location>");
    desk_status(&d, 1);
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    desk_end(&d);
}

static void registration_without_network_ends_in_900(void **state) /* G 6: 900 */
{
    (void)state;
    struct desk d;
    desk_begin(&d, &(struct bc_config){.seed = 1, .attach_ms = 60000});
    desk_expect(&d, POWER_UP_LINES);
    desk_host(&d, "ATE0");
    desk_expect(&d, "ATE0\r\r\nOK\r\n");
    desk_ok(&d, CONFIGURE);
    desk_ok(&d, "AT+QLAREG");
    desk_urc(&d, "+QLAREG: 900");
    desk_status(&d, 0);
    desk_after(&d, 60000);
    desk_expect(&d, CARD_LINE ATTACHED_LINE);
    desk_end(&d);
}

/* --- Names ----------------------------------------------------------------------------------- */

static void configure_name(struct desk *d)
{
    desk_ready(d);
    desk_ok(d, "AT+QLACONFIG=0,\"dmp-coap.cuiot.cn\",5683,\"867724030023557\",300,3");
}

static void name_is_resolved_before_registration(void **state) /* MODULE 2 */
{
    (void)state;
    struct desk d;
    configure_name(&d);
    desk_ok(&d, "AT+QLAREG");
    assert_int_equal(d.queries, 1);
    assert_string_equal(d.query_host, "dmp-coap.cuiot.cn");
    d.queries = 0;
    desk_status(&d, 1);
    desk_after(&d, 19999);
    desk_quiet(&d);
    desk_resolved(&d, d.query.id, "180.101.147.115");
    desk_wire(&d, REGISTER_WIRE(""));
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    desk_end(&d);
}

/* What the network still holds of the session before is no new request, however the server is
 * found. */
static void server_found_by_name_again_is_the_same(void **state) /* RFC 7252 4.5 */
{
    (void)state;
    struct desk d;
    configure_name(&d);
    for (unsigned i = 0; i < 2; i++) {
        desk_ok(&d, "AT+QLAREG");
        desk_server(&d, "42021001A1A2 B1'1' 01'0' 01'8'"); /* nobody is heard now */
        desk_resolved(&d, d.query.id, "180.101.147.115");
        d.queries = 0;
        desk_wire(&d, REGISTER_WIRE(""));
        desk_server(&d, "6441 <mid> <token> <location>");
        desk_urc(&d, "+QLAREG: 0");
        desk_server(&d, "42021001A1A2 B1'1' 01'0' 01'8'");
        desk_wire(&d, "62441001A1A2");
        if (i == 0) { /* an update was asked for, once */
            desk_wire(&d, "4402 <mid> <token> <location>");
            desk_server(&d, "6444 <mid> <token>");
            desk_ok(&d, "AT+QLADEREG");
            desk_wire(&d, "4404 <mid> <token> <location>");
            desk_server(&d, "6442 <mid> <token>");
            desk_urc(&d, "+QLADEREG: 0");
        }
    }
    desk_end(&d);
}

static void name_without_address_ends_in_900(void **state) /* MODULE 2 */
{
    (void)state;
    struct desk d;
    configure_name(&d);
    desk_ok(&d, "AT+QLAREG");
    desk_resolved(&d, d.query.id, NULL);
    desk_urc(&d, "+QLAREG: 900");
    desk_status(&d, 0);
    d.queries = 0;
    desk_end(&d);
}

static void name_that_nobody_answers_ends_in_900(void **state)
{
    (void)state;
    struct desk d;
    configure_name(&d);
    desk_ok(&d, "AT+QLAREG");
    d.queries = 0;
    desk_quiet_until(&d, 20000);
    desk_urc(&d, "+QLAREG: 900");
    desk_resolved(&d, d.query.id, "180.101.147.115");
    desk_quiet(&d);
    desk_status(&d, 0);
    desk_end(&d);
}

static void outdated_address_is_ignored(void **state) /* module.h */
{
    (void)state;
    struct desk d;
    configure_name(&d);
    desk_ok(&d, "AT+QLAREG");
    uint32_t first = d.query.id;
    desk_after(&d, 20000);
    desk_urc(&d, "+QLAREG: 900");
    desk_ok(&d, "AT+QLAREG");
    assert_int_equal(d.queries, 2);
    d.queries = 0;
    desk_resolved(&d, first, "1.2.3.4");
    desk_quiet(&d);
    desk_status(&d, 1);
    desk_resolved(&d, d.query.id, "180.101.147.115");
    desk_wire(&d, REGISTER_WIRE(""));
    desk_resolved(&d, d.query.id, "1.2.3.4");
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    desk_end(&d);
}

static void reset_forgets_the_name_that_is_looked_for(void **state)
{
    (void)state;
    struct desk d;
    configure_name(&d);
    desk_ok(&d, "AT+QLAREG");
    d.queries = 0;
    desk_reset(&d);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_resolved(&d, d.query.id, "180.101.147.115");
    desk_end(&d);
}

/* --- Updates --------------------------------------------------------------------------------- */

static void host_changes_lifetime_and_binding(void **state) /* G 2.4 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLAUPDATE=0,1000");
    desk_wire(&d, "44 02 <mid> <token> <location> 47'lt=1000'");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAUPDATE: 0,<mid>");
    desk_ok(&d, "AT+QLAUPDATE=1,0");
    desk_wire(&d, "44 02 <mid> <token> <location> 43'b=U'");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAUPDATE: 0,<mid>");
    desk_ok(&d, "AT+QLAUPDATE=1,1,2");
    desk_wire(&d, "44 02 <mid> <token> <location> 44'b=UQ'");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAUPDATE: 0,<mid>");
    desk_tells(&d, "AT+QLACONFIG?", "+QLACONFIG: 0,180.101.147.115,5683,867724030023557,1000,3,1");
    desk_end(&d);
}

static void update_outside_its_ranges_is_an_error(void **state) /* G 2.4 */
{
    (void)state;
    static const char *const wrong[] = {
        "AT+QLAUPDATE=0,19",    "AT+QLAUPDATE=0,31536001", "AT+QLAUPDATE=1,2",
        "AT+QLAUPDATE=1,-1",    "AT+QLAUPDATE=2,100",      "AT+QLAUPDATE=0",
        "AT+QLAUPDATE=0,100,3", "AT+QLAUPDATE=0,100,0,0",  "AT+QLAUPDATE",
        "AT+QLAUPDATE=0,,0",    "AT+QLAUPDATE=0,1e3",      "AT+QLAUPDATE=0,100,-1",
    };
    struct desk d;
    desk_registered(&d);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        desk_error(&d, wrong[i]);
    desk_ok(&d, "AT+QLAUPDATE=0,20");
    desk_wire(&d, "4402 <mid> <token> <location> 45'lt=20'");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAUPDATE: 0,<mid>");
    desk_ok(&d, "AT+QLAUPDATE=0,31536000");
    desk_wire(&d, "4402 <mid> <token> <location> 4B'lt=31536000'");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAUPDATE: 0,<mid>");
    desk_end(&d);
}

static void
update_that_fails_tells_its_code_and_changes_nothing(void **state) /* G 2.4, 6: 1, 5, 400 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLAUPDATE=0,1000");
    desk_wire(&d, "4402 <mid> <token> <location> 47'lt=1000'");
    desk_server(&d, "6480 <mid> <token>");
    desk_urc(&d, "+QLAUPDATE: 400,<mid>");
    desk_status(&d, 2);
    desk_ok(&d, "AT+QLACFG=\"retransmit\",2,0");
    desk_ok(&d, "AT+QLAUPDATE=0,1000");
    desk_wire(&d, "4402 <mid> <token> <location> 47'lt=1000'");
    desk_after(&d, 2000);
    desk_urc(&d, "+QLAUPDATE: 1,<mid>");
    desk_status(&d, 2);
    desk_ok(&d, "AT+QLAUPDATE=0,1000");
    desk_wire(&d, "4402 <mid> <token> <location> 47'lt=1000'");
    desk_server(&d, "7000 <mid>");
    desk_urc(&d, "+QLAUPDATE: 5,<mid>");
    desk_tells(&d, "AT+QLACONFIG?", "+QLACONFIG: 0,180.101.147.115,5683,867724030023557,300,3,1");
    desk_end(&d);
}

static void update_not_found_ends_the_registration(void **state) /* G 2.4, 6: 404 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLAUPDATE=0,1000");
    desk_wire(&d, "4402 <mid> <token> <location> 47'lt=1000'");
    desk_server(&d, "6484 <mid> <token>");
    desk_urc(&d, "+QLAUPDATE: 404,<mid>");
    desk_status(&d, 0);
    desk_end(&d);
}

/*
 *   module                      server
 *    | --- CON POST /rd/5a3f ---> |   300 s lifetime: every 250 s
 *    | <-- ACK 2.04 ------------- |
 *   +QLAURC: "ping",0
 */
static void registration_is_updated_at_the_interval_of_the_guide(void **state) /* G 2.1, 3.1 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    for (unsigned i = 0; i < 3; i++) {
        desk_quiet_until(&d, 250000);
        desk_wire(&d, "44 02 <mid> <token> <location>");
        desk_server(&d, "6444 <mid> <token>");
        desk_urc(&d, "+QLAURC: \"ping\",0");
    }
    desk_end(&d);
}

static void update_intervals_follow_the_guides_formulas(void **state) /* G 2.1 */
{
    (void)state;
    static const struct {
        unsigned lifetime_s;
        uint64_t interval_s;
    } rows[] = {{20, 10},   {30, 15},    {31, 15},       {50, 30},
                {51, 30},   {100, 70},   {101, 70},      {300, 250},
                {301, 250}, {1000, 915}, {86400, 82045}, {31536000, 29959165}};
    struct desk d;
    desk_registered(&d);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[40];
        snprintf(line, sizeof(line), "AT+QLAUPDATE=0,%u", rows[i].lifetime_s);
        desk_ok(&d, line);
        snprintf(line, sizeof(line), "lt=%u", rows[i].lifetime_s);
        char pattern[80];
        snprintf(pattern, sizeof(pattern), "4402 <mid> <token> <location> 4%X '%s'",
                 (unsigned)strlen(line), line);
        desk_wire(&d, pattern);
        desk_server(&d, "6444 <mid> <token>");
        desk_urc(&d, "+QLAUPDATE: 0,<mid>");
        desk_quiet_until(&d, rows[i].interval_s * 1000);
        desk_wire(&d, "4402 <mid> <token> <location>");
        desk_server(&d, "6444 <mid> <token>");
        desk_urc(&d, "+QLAURC: \"ping\",0");
    }
    desk_end(&d);
}

static void automatic_update_not_found_is_ping_4(void **state) /* MODULE 2, G 3.1, 6: 4 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_after(&d, 250000);
    desk_wire(&d, "4402 <mid> <token> <location>");
    desk_server(&d, "6484 <mid> <token>");
    desk_urc(&d, "+QLAURC: \"ping\",4");
    desk_status(&d, 0);
    desk_after(&d, 3600000);
    desk_quiet(&d);
    desk_register(&d);
    desk_end(&d);
}

static void automatic_update_without_answer_is_ping_1(void **state) /* G 3.1, 6: 1 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLACFG=\"retransmit\",2,1");
    desk_after(&d, 250000);
    desk_wire(&d, "4402 <mid> <token> <location>");
    desk_quiet_until(&d, 2000);
    desk_wire(&d, "4402 <again> <token> <location>");
    desk_quiet_until(&d, 4000);
    desk_urc(&d, "+QLAURC: \"ping\",1");
    desk_status(&d, 2);
    desk_end(&d);
}

static void updates_are_the_hosts_when_lifetime_enable_is_0(void **state) /* G 2.2, 2.4 note */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+QLACFG=\"lifetime_enable\",0");
    desk_register(&d);
    desk_after(&d, 299000);
    desk_quiet(&d);
    desk_ok(&d, "AT+QLAUPDATE=0,300");
    desk_wire(&d, "4402 <mid> <token> <location> 46'lt=300'");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAUPDATE: 0,<mid>");
    desk_after(&d, 300001);
    desk_quiet(&d);
    desk_error(&d, "AT+QLAUPDATE=0,300");
    desk_end(&d);
}

/* --- Objects while registered ---------------------------------------------------------------- */

static void objects_changed_while_registered_are_announced(void **state) /* G 2.6, 2.7 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLAADDOBJ=19,1,1,0");
    desk_wire(&d, "4402 <mid> <token> <location> 1128 FF'" LINKS ",</19/0>,</19/1>'");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAADDOBJ: 0");
    desk_ok(&d, "AT+QLAADDOBJ=17,0,1,0");
    desk_wire(&d, "4402 <mid> <token> <location> 1128 FF'" LINKS ",</19/0>,</19/1>,</17/0>'");
    desk_server(&d, "6484 <mid> <token>");
    desk_urc(&d, "+QLAADDOBJ: 404");
    desk_status(&d, 0);
    desk_end(&d);
}

static void object_deleted_while_registered_is_announced(void **state) /* G 2.7 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_observed(&d);
    desk_ok(&d, "AT+QLADELOBJ=19");
    desk_wire(&d, "4402 <mid> <token> <location> 1128 FF'" LINKS "'");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLADELOBJ: 0");
    desk_error(&d, "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0,0");
    desk_ok(&d, "AT+QLAADDOBJ=19,0,1,0");
    desk_wire(&d, "4402 <mid> <token> <location> 1128 FF'" LINKS ",</19/0>'");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAADDOBJ: 0");
    desk_error(&d, "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0,0");
    desk_end(&d);
}

/* --- Deregistering --------------------------------------------------------------------------- */

static void deregistration_deletes_the_location(void **state) /* G 2.5 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLADEREG");
    desk_wire(&d, "44 04 <mid> <token> <location>");
    desk_status(&d, 3);
    desk_server(&d, "6442 <mid> <token>");
    desk_urc(&d, "+QLADEREG: 0");
    desk_status(&d, 4);
    desk_after(&d, 3600000);
    desk_quiet(&d);
    desk_tells(&d, "AT+QLAADDOBJ?", "+QLAADDOBJ: 19,0,3,0,1,2");
    desk_register(&d);
    desk_end(&d);
}

static void
deregistration_that_fails_tells_its_code(void **state) /* G 2.5, 6: 5, 400, 403, 404, 900 */
{
    (void)state;
    static const struct {
        const char *response;
        const char *result;
        int status;
    } rows[] = {
        {"6480 <mid> <token>", "+QLADEREG: 400", 2}, {"6483 <mid> <token>", "+QLADEREG: 403", 2},
        {"64A0 <mid> <token>", "+QLADEREG: 900", 2}, {"7000 <mid>", "+QLADEREG: 5", 2},
        {"6484 <mid> <token>", "+QLADEREG: 404", 0},
    };
    struct desk d;
    desk_registered(&d);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        desk_ok(&d, "AT+QLADEREG");
        desk_wire(&d, "4404 <mid> <token> <location>");
        desk_server(&d, rows[i].response);
        desk_urc(&d, rows[i].result);
        desk_status(&d, rows[i].status);
    }
    desk_end(&d);
}

/*
 *   module                        server
 *    | --- CON DELETE /rd/5a3f ---> |   249 s after the registration
 *    | <-- ACK 4.00 --------------- |   251 s: the update has been due for a second
 *    | --- CON POST /rd/5a3f -----> |
 */
static void update_held_up_by_a_failed_deregistration_goes_at_once(void **state)
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_after(&d, 249000);
    desk_ok(&d, "AT+QLADEREG");
    desk_wire(&d, "4404 <mid> <token> <location>");
    desk_after(&d, 2000);
    desk_quiet(&d);
    desk_server(&d, "6480 <mid> <token>");
    desk_urc(&d, "+QLADEREG: 400");
    desk_wire(&d, "4402 <mid> <token> <location>");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAURC: \"ping\",0");
    desk_end(&d);
}

static void location_of_several_segments_is_used_as_it_is(void **state) /* MODULE 4 */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, REGISTER_WIRE(",</19/0>"));
    desk_server(&d, "6441 <mid> <token> 82'rd' 01'a' 01'b' 03'c d'");
    desk_urc(&d, "+QLAREG: 0");
    desk_ok(&d, "AT+QLAUPDATE=1,1");
    desk_wire(&d, "4402 <mid> <token> B2'rd' 01'a' 01'b' 03'c d' 44'b=UQ'");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAUPDATE: 0,<mid>");
    desk_ok(&d, "AT+QLADEREG");
    desk_wire(&d, "4404 <mid> <token> B2'rd' 01'a' 01'b' 03'c d'");
    desk_server(&d, "6442 <mid> <token>");
    desk_urc(&d, "+QLADEREG: 0");
    desk_end(&d);
}

static void location_too_long_to_keep_is_900(void **state) /* limits.h */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, REGISTER_WIRE(",</19/0>"));
    desk_server(&d, "6441 <mid> <token> 82'rd'"
                    "0D33'0123456789012345678901234567890123456789012345678901234567890123'");
    desk_urc(&d, "+QLAREG: 900");
    desk_status(&d, 0);
    desk_end(&d);
}

static void one_seed_is_one_session(void **state) /* module.h: config.seed */
{
    (void)state;
    struct desk d[2];
    for (unsigned i = 0; i < 2; i++) {
        desk_begin(&d[i], &(struct bc_config){.seed = 77 + i});
        desk_expect(&d[i], BOOT_LINES ATTACHED_LINE);
        desk_host(&d[i], "ATE0");
        desk_expect(&d[i], "ATE0\r\r\nOK\r\n");
        desk_ok(&d[i], CONFIGURE);
        desk_ok(&d[i], "AT+QLAREG");
        desk_wire(&d[i], REGISTER_WIRE(""));
        desk_end(&d[i]);
    }
    assert_int_not_equal(d[0].mid, d[1].mid);
    assert_memory_not_equal(d[0].token, d[1].token, sizeof(d[0].token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registration_is_the_request_of_lwm2m_1_0),
        cmocka_unit_test(registration_lists_the_added_objects_in_their_order),
        cmocka_unit_test(registration_result_is_the_code_of_the_response),
        cmocka_unit_test(registration_times_out_after_the_waits_of_the_guide),
        cmocka_unit_test(registration_without_retransmission_times_out_at_once),
        cmocka_unit_test(lost_registration_is_repeated_and_then_answered),
        cmocka_unit_test(location_is_kept_segment_by_segment),
        cmocka_unit_test(registration_takes_a_separate_response),
        cmocka_unit_test(response_of_somebody_else_is_nothing),
        cmocka_unit_test(registration_without_network_ends_in_900),
        cmocka_unit_test(name_is_resolved_before_registration),
        cmocka_unit_test(server_found_by_name_again_is_the_same),
        cmocka_unit_test(name_without_address_ends_in_900),
        cmocka_unit_test(name_that_nobody_answers_ends_in_900),
        cmocka_unit_test(outdated_address_is_ignored),
        cmocka_unit_test(reset_forgets_the_name_that_is_looked_for),
        cmocka_unit_test(host_changes_lifetime_and_binding),
        cmocka_unit_test(update_outside_its_ranges_is_an_error),
        cmocka_unit_test(update_that_fails_tells_its_code_and_changes_nothing),
        cmocka_unit_test(update_not_found_ends_the_registration),
        cmocka_unit_test(registration_is_updated_at_the_interval_of_the_guide),
        cmocka_unit_test(update_intervals_follow_the_guides_formulas),
        cmocka_unit_test(automatic_update_not_found_is_ping_4),
        cmocka_unit_test(automatic_update_without_answer_is_ping_1),
        cmocka_unit_test(updates_are_the_hosts_when_lifetime_enable_is_0),
        cmocka_unit_test(objects_changed_while_registered_are_announced),
        cmocka_unit_test(object_deleted_while_registered_is_announced),
        cmocka_unit_test(deregistration_deletes_the_location),
        cmocka_unit_test(deregistration_that_fails_tells_its_code),
        cmocka_unit_test(update_held_up_by_a_failed_deregistration_goes_at_once),
        cmocka_unit_test(location_of_several_segments_is_used_as_it_is),
        cmocka_unit_test(location_too_long_to_keep_is_900),
        cmocka_unit_test(one_seed_is_one_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
