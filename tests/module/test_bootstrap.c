/*
 * AT+QLAREG with a bootstrap server (G 2.1, 3.6, 5.4.2; LwM2M 1.0 section 5.2): how it goes, how it
 * fails, what stays. What such a server may write and ask is in test_accounts.c.
 */
#include <stdio.h>
#include <string.h>

#include "bootstrap_server.h"

#define STEP_MS 30000
#define WHOLE_MS 300000

/* --- As it should be -------------------------------------------------------------------------- */

/*
 *   host                     module                                 servers
 *    | -- AT+QLAREG ---------> |   name query: lwm.home.komect.com      |
 *    | <- OK ----------------- | --- CON POST /bs?ep=.. --------------> | bootstrap
 *    |                         | <-- ACK 2.04 ------------------------- |
 *    |                         | <-- CON DELETE / --- 2.02 -----------> |
 *    |                         | <-- CON PUT /0/0, /0/1, /1/0 -- 2.04 > |
 *    | <- "binding_changed",U  | <-- CON POST /bs --- 2.04 -----------> |
 *    | <- "bs_finished" ------ |                                        |
 *    |                         | --- CON POST /rd?b=U&lt=600 ---------> | 180.101.147.116
 *    | <- +QLAREG: 0 --------- | <-- ACK 2.01 ------------------------- |
 */
static void bootstrap_is_the_session_of_the_guide(void **state) /* G 5.4.2, 3.6, 3.11; ETS int-0 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+QLACFG=\"platform\",2");
    desk_ok(&d, "AT+QLACFG=\"cfg_res\",3,0,17,\"500677\"");
    desk_ok(&d, "AT+QLAADDOBJ=19,1,1,0");
    desk_ok(&d, "AT+QLACONFIG=1,\"lwm.home.komect.com\",5683,\"867724030023557\",30,3");
    desk_ok(&d, "AT+QLAREG");
    assert_int_equal(d.queries, 1);
    assert_string_equal(d.query_host, "lwm.home.komect.com");
    d.queries = 0;
    desk_quiet(&d);
    desk_resolved(&d, d.query.id, "180.101.147.115");
    desk_wire(&d, BS_WIRE);
    for (unsigned step = 1; step <= BS_STEPS; step++)
        bs_step(&d, step);
    desk_quiet_until(&d, BS_PAUSE_MS);
    bs_at_given(&d);
    desk_wire(&d, "4402 <mid> <token> B2'rd' 1128 39'lwm2m=1.0' 0D05'ep=867724030023557' 03'b=U'"
                  "06'lt=600' FF '" LINKS ",</19/1>'");
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    desk_server(&d, "42013F02A1A2 B1'3' 01'0' 02'17'");
    desk_wire(&d, "62453F02A1A2 C0 FF'500677'");
    desk_server(&d, "42013F03A1A2 B2'19' 01'1' 01'0'");
    desk_urc(&d, "+QLAURC: \"read\",16131,19,1,0");
    desk_end(&d);
}

/* The server that was given is registered with as if AT+QLACONFIG had named it: ETS int-101 with
 * what int-1 has written. */
static void given_server_is_registered_with_its_lifetime_and_binding(void **state) /* ETS int-1 */
{
    (void)state;
    static const struct {
        const char *server;
        const char *urc; /* before "bs_finished" */
        const char *wire;
    } rows[] = {
        {"C2010258 C107'U'", "+QLAURC: \"binding_changed\",U", BS_GIVEN_WIRE},
        {"C2010258 C207'UQ'", NULL, BS_REGISTER_WIRE("04'b=UQ'", "06'lt=600'")},
        {"C2010258", NULL, BS_REGISTER_WIRE("04'b=UQ'", "06'lt=600'")},
        {"C107'U'", "+QLAURC: \"binding_changed\",U", BS_REGISTER_WIRE("03'b=U'", "06'lt=300'")},
        {"C2000065", NULL, BS_REGISTER_WIRE("04'b=UQ'", "06'lt=300'")},
        {"C10114", NULL, BS_REGISTER_WIRE("04'b=UQ'", "05'lt=20'")},
        {"C40101E13380", NULL, BS_REGISTER_WIRE("04'b=UQ'", "0B'lt=31536000'")},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct desk d;
        bs_at_step(&d, 4);
        bs_put(&d, "1/0", rows[i].server, 0x44);
        bs_finish(&d, 0x44);
        if (rows[i].urc != NULL)
            desk_urc(&d, rows[i].urc);
        desk_urc(&d, "+QLAURC: \"bs_finished\"");
        desk_quiet_until(&d, BS_PAUSE_MS);
        bs_at_given(&d);
        desk_wire(&d, rows[i].wire);
        desk_server(&d, "6441 <mid> <token> <location>");
        desk_urc(&d, "+QLAREG: 0");
        desk_end(&d);
    }
}

static void given_server_is_shown_once_it_is_known(void **state) /* G 2.1, 2.14 */
{
    (void)state;
    struct desk d;
    bs_asked(&d);
    for (unsigned step = 1; step < BS_STEPS; step++) {
        desk_ok(&d, "AT+QLACONFIG?");
        desk_status(&d, BC_STATUS_REGISTERING);
        desk_error(&d, "AT+QLAREG");
        desk_error(&d, BS_CONFIGURE);
        bs_step(&d, step);
    }
    desk_ok(&d, "AT+QLACONFIG?");
    bs_step(&d, 6);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_status(&d, BC_STATUS_REGISTERING);
    desk_after(&d, BS_PAUSE_MS);
    desk_status(&d, BC_STATUS_REGISTERING);
    bs_registered(&d);
    desk_status(&d, BC_STATUS_REGISTERED);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
}

static void given_name_is_resolved_before_registration(void **state) /* G 2.1; MODULE 4 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, 3);
    bs_put(&d, "0/1", "C80015'coap://server.example' C10203", 0x44);
    bs_step(&d, 5);
    bs_step(&d, 6);
    desk_after(&d, BS_PAUSE_MS);
    assert_string_equal(d.query_host, "server.example");
    d.queries = 0;
    bs_ask(&d, 1, "19/0/0", "", NULL); /* the bootstrap server is nobody's server any more */
    bs_ask(&d, 3, "1/0/1", "10", "'99'");
    desk_quiet(&d);
    desk_resolved(&d, d.query.id, "180.101.147.116");
    bs_at_given(&d);
    d.server.port = 5683;
    desk_wire(&d, BS_GIVEN_WIRE);
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    desk_end(&d);
}

static void second_registration_needs_no_bootstrap(void **state) /* G 2.1, 2.5 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, BS_STEPS);
    desk_after(&d, BS_PAUSE_MS);
    bs_registered(&d);
    desk_ok(&d, "AT+QLADEREG");
    desk_wire(&d, "4404 <mid> <token> <location>");
    desk_server(&d, "6442 <mid> <token>");
    desk_urc(&d, "+QLADEREG: 0");
    desk_ok(&d, "AT+QLAREG");
    bs_registered(&d);
    desk_end(&d);
}

static void finished_bootstrap_is_over(void **state) /* LwM2M 1.0 5.2.7 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, BS_STEPS);
    bs_ask(&d, 3, "1/0", BS_TLV, "C1011E"); /* in the pause: nobody listens */
    bs_ask(&d, 2, "bs", "", NULL);
    bs_ask(&d, 1, "3/0/0", "", NULL);
    desk_quiet_until(&d, BS_PAUSE_MS);
    bs_ask(&d, 2, "bs", "", NULL);
    bs_registered(&d);
    bs_finish(&d, 0x84); /* registered: no such path */
    bs_put(&d, "0/1", BS_ACCOUNT, 0x81);
    bs_delete(&d, "", 0x85);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_status(&d, BC_STATUS_REGISTERED);
    desk_end(&d);
}

/* --- As it should not be ---------------------------------------------------------------------- */

/*
 *   host                     module                         bootstrap server
 *    | -- AT+QLAREG ---------> | --- CON POST /bs ------------> |
 *    | <- +QLAREG: 403 ------- | <-- ACK 4.03 ----------------- |
 */
static void refused_bootstrap_ends_in_its_code(void **state) /* G 6: 5, 400, 403, 404, 412, 900 */
{
    (void)state;
    static const struct {
        const char *response;
        const char *result;
    } rows[] = {
        {"6480 <mid> <token>", "+QLAREG: 400"}, {"6483 <mid> <token>", "+QLAREG: 403"},
        {"6484 <mid> <token>", "+QLAREG: 404"}, {"648C <mid> <token>", "+QLAREG: 412"},
        {"6481 <mid> <token>", "+QLAREG: 900"}, {"64A3 <mid> <token>", "+QLAREG: 900"},
        {"6441 <mid> <token>", "+QLAREG: 900"}, {"6445 <mid> <token>", "+QLAREG: 900"},
        {"7000 <mid>", "+QLAREG: 5"},
    };
    struct desk d;
    bs_configured(&d);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        desk_ok(&d, "AT+QLAREG");
        desk_wire(&d, BS_WIRE);
        desk_server(&d, rows[i].response);
        desk_urc(&d, rows[i].result);
        desk_status(&d, BC_STATUS_NOT_REGISTERED);
        bs_ask(&d, 2, "bs", "", NULL);
        desk_after(&d, WHOLE_MS + 1000);
        desk_quiet(&d);
    }
    desk_ok(&d, "AT+QLACONFIG?");
    desk_end(&d);
}

static void silent_bootstrap_server_times_out(void **state) /* G 2.2, 6: 1 */
{
    (void)state;
    struct desk d;
    bs_asked(&d);
    for (uint64_t wait_ms = 4000; wait_ms <= 32000; wait_ms *= 2) {
        desk_quiet_until(&d, wait_ms);
        desk_wire(&d, BS_WIRE);
    }
    desk_quiet_until(&d, 64000);
    desk_urc(&d, "+QLAREG: 1");
    desk_status(&d, BC_STATUS_NOT_REGISTERED);
    desk_after(&d, WHOLE_MS);
    desk_end(&d);
}

static void bootstrap_server_without_a_name_or_network_is_900(void **state) /* G 6: 900 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+QLACONFIG=1,\"bs.example\",5683,\"867724030023557\",300,3");
    desk_ok(&d, "AT+QLAREG");
    d.queries = 0;
    desk_resolved(&d, d.query.id, NULL);
    desk_urc(&d, "+QLAREG: 900");
    desk_ok(&d, "AT+QLAREG");
    d.queries = 0;
    desk_quiet_until(&d, 20000);
    desk_urc(&d, "+QLAREG: 900");
    desk_ok(&d, "AT+CFUN=0");
    desk_ok(&d, "AT+QLAREG");
    desk_urc(&d, "+QLAREG: 900");
    desk_end(&d);
}

/*
 *   host                     module                         bootstrap server
 *    |                         | <-- step n, its reply -------> |
 *    |                         |                                |   30 s of silence
 *    | <- +QLAREG: 1 --------- |                                |
 */
static void silence_after_any_step_is_a_time_out(void **state) /* MODULE 4; G 6: 1 */
{
    (void)state;
    for (unsigned steps = 1; steps < BS_STEPS; steps++) {
        struct desk d;
        bs_at_step(&d, steps);
        desk_quiet_until(&d, STEP_MS);
        desk_urc(&d, "+QLAREG: 1");
        desk_status(&d, BC_STATUS_NOT_REGISTERED);
        bs_ask(&d, 2, "bs", "", NULL);
        desk_ok(&d, "AT+QLACONFIG?");
        desk_after(&d, WHOLE_MS);
        desk_end(&d);
    }
}

static void whatever_the_server_asks_gives_it_30_s_more(void **state) /* MODULE 4 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, 1);
    desk_quiet_until(&d, STEP_MS - 1);
    bs_ask(&d, 1, "", "D10428", NULL); /* discover */
    desk_wire(&d, "62453001A1A2 C128 FF'lwm2m=\"1.0\",</1/0>,</3/0>,</4/0>,</5/0>'");
    desk_quiet_until(&d, STEP_MS - 1);
    bs_put(&d, "0/1", "01", 0x80); /* and what is refused */
    desk_quiet_until(&d, STEP_MS - 1);
    bs_finish(&d, 0x86);
    desk_quiet_until(&d, STEP_MS);
    desk_urc(&d, "+QLAREG: 1");
    desk_end(&d);
}

static void server_that_never_finishes_is_left_after_300_s(void **state) /* MODULE 4; G 6: 1 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, 1);
    for (unsigned i = 0; i < 11; i++) {
        desk_quiet_until(&d, STEP_MS - 3000);
        bs_step(&d, 2 + i % 4);
    }
    desk_quiet_until(&d, WHOLE_MS - 11 * (STEP_MS - 3000));
    desk_urc(&d, "+QLAREG: 1");
    desk_status(&d, BC_STATUS_NOT_REGISTERED);
    desk_after(&d, WHOLE_MS);
    desk_end(&d);
}

/* --- What the network does -------------------------------------------------------------------- */

/*
 *   module                         bootstrap server
 *     | <-- PUT /0/1, mid 3003 ------- |
 *     | --- 2.04 -----------> X        |   lost
 *     | <-- PUT /0/1, mid 3003 ------- |   2 s later
 *     | --- 2.04 --------------------> |   the same bytes; nothing is done twice
 */
static void repeated_step_gets_its_reply_again(void **state) /* RFC 7252 4.2 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, 1);
    desk_server(&d, "6444 <mid> <token>"); /* the network doubled it */
    desk_quiet(&d);
    for (unsigned step = 2; step < BS_STEPS; step++) {
        bs_step(&d, step);
        bs_repeat(&d);
        bs_reply(&d, step == 2 ? 0x42 : 0x44);
        desk_after(&d, 2000);
        bs_repeat(&d);
        bs_reply(&d, step == 2 ? 0x42 : 0x44);
    }
    bs_step(&d, 6);
    desk_after(&d, BS_PAUSE_MS / 2);
    bs_repeat(&d); /* within the pause */
    bs_reply(&d, 0x44);
    desk_quiet_until(&d, BS_PAUSE_MS / 2);
    bs_registered(&d);
    desk_end(&d);
}

/*
 *   bootstrap server       module                          server
 *     | --- POST /bs -------> |                              |
 *     |  X-------------- ACK  | --- POST /rd --------------> |
 *     |                       | <-- 2.01 ------------------- |
 *     | --- POST /bs -------> |                              |
 *     | <-------------- ACK - |                              |
 */
static void repeated_finish_is_acknowledged_from_the_registration(void **state) /* RFC 7252 4.2 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, 6);
    struct bc_address bootstrap_server = d.server;
    desk_quiet_until(&d, BS_PAUSE_MS);
    bs_registered(&d);
    struct bc_address server = d.server;
    bs_repeat(&d); /* the server says the same: to it, it is new */
    bs_reply(&d, 0x84);
    for (unsigned i = 0; i < 2; i++) {
        d.server = bootstrap_server;
        bs_repeat(&d);
        bs_reply(&d, 0x44);
        d.server = server;
        desk_after(&d, 30000); /* within the awake time of the registration */
    }
    d.server = bootstrap_server;
    bs_ask(&d, 2, "bs", "", NULL); /* new, and so is anything else */
    bs_ask(&d, 1, "", "D10428", NULL);
    desk_quiet(&d);
    d.server = server;
    desk_ok(&d, "AT+QLAUPDATE=1,0");
    desk_wire(&d, "4402 <mid> <token> <location> 43'b=U'");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAUPDATE: 0,<mid>");
    desk_end(&d);
}

static void repeated_finish_is_forgotten_after_247_s(void **state) /* RFC 7252 4.8.2 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, 6);
    struct bc_address bootstrap_server = d.server;
    desk_quiet_until(&d, BS_PAUSE_MS);
    bs_registered(&d);
    desk_quiet_until(&d, 247000 - BS_PAUSE_MS - 1);
    desk_ok(&d, "AT+QLAUPDATE=1,0");
    desk_wire(&d, "4402 <mid> <token> <location> 43'b=U'");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAUPDATE: 0,<mid>");
    d.server = bootstrap_server;
    bs_repeat(&d);
    bs_reply(&d, 0x44);
    desk_after(&d, 1);
    bs_repeat(&d);
    desk_end(&d);
}

static void repeated_step_gives_no_time(void **state) /* MODULE 4 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, 5);
    desk_quiet_until(&d, STEP_MS - 1000);
    bs_repeat(&d);
    bs_reply(&d, 0x44);
    desk_quiet_until(&d, 1000);
    desk_urc(&d, "+QLAREG: 1");
    desk_end(&d);
}

/* The acknowledgement of POST /bs is lost, or comes behind the first step. */
static void server_may_begin_before_it_has_answered(void **state) /* RFC 7252 4.2; LwM2M 1.0 5.2 */
{
    (void)state;
    struct desk d;
    bs_asked(&d);
    bs_step(&d, 2);
    desk_quiet_until(&d, 4000);
    desk_wire(&d, BS_WIRE); /* repeated, as it is not acknowledged */
    bs_step(&d, 4);
    bs_step(&d, 1);
    bs_step(&d, 5);
    bs_step(&d, 6);
    desk_quiet_until(&d, BS_PAUSE_MS);
    bs_registered(&d);
    desk_end(&d);
    bs_asked(&d);
    bs_step(&d, 4);
    bs_step(&d, 5);
    bs_step(&d, 6); /* never answered at all */
    desk_quiet_until(&d, BS_PAUSE_MS);
    bs_registered(&d);
    desk_quiet_until(&d, 200000);
    desk_end(&d);
}

static void bootstrap_request_takes_a_separate_response(void **state) /* RFC 7252 5.2.2 */
{
    (void)state;
    struct desk d;
    bs_asked(&d);
    desk_server(&d, "6000 <mid>");
    desk_quiet_until(&d, 60000);
    desk_server(&d, "44447777 <token>");
    desk_wire(&d, "60007777");
    desk_server(&d, "44447777 <token>");
    desk_wire(&d, "60007777");
    desk_quiet_until(&d, STEP_MS);
    desk_urc(&d, "+QLAREG: 1");
    desk_end(&d);
}

static void strangers_are_not_heard_during_bootstrap(void **state) /* module.h */
{
    (void)state;
    struct desk d;
    bs_asked(&d);
    for (unsigned step = 1; step <= BS_STEPS; step++) {
        desk_stranger(&d, "6480 <mid> <token>");
        desk_stranger(&d, "7000 <mid>");
        desk_stranger(&d, "42041001A1A2");
        desk_stranger(&d, "42021002A1A2 B2'bs'");
        desk_stranger(&d, "42031003A1A2 B1'0' 01'1' " BS_TLV " FF C80009'coap://x1' C10203");
        desk_stranger(&d, "42031004A1A2 B1'1' 01'0' " BS_TLV " FF C1011E");
        desk_quiet(&d);
        bs_step(&d, step);
    }
    desk_stranger(&d, "42021002A1A2 B2'bs'");
    desk_quiet_until(&d, BS_PAUSE_MS);
    bs_registered(&d);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
}

static void module_stays_awake_while_it_bootstraps(void **state) /* MODULE 5 */
{
    (void)state;
    struct desk d;
    bs_configured(&d);
    desk_ok(&d, "AT+CPSMS=1,,,\"01000001\",\"00000001\""); /* 20 s of RRC, 2 s of T3324 */
    desk_ok(&d, "AT+QSCLK=1");
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, BS_WIRE);
    for (unsigned step = 1; step <= BS_STEPS; step++) {
        bs_step(&d, step);
        if (step < BS_STEPS)
            desk_quiet_until(&d, STEP_MS - 1);
    }
    desk_after(&d, BS_PAUSE_MS);
    bs_registered(&d);
    desk_quiet_until(&d, 22000);
    desk_urc(&d, "+QNBIOTEVENT: \"ENTER DEEPSLEEP\"");
    desk_end(&d);
}

static void network_that_goes_ends_the_bootstrap(void **state) /* MODULE 6; G 6: 1, 900 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, 5);
    desk_coverage(&d, false);
    desk_quiet_until(&d, STEP_MS);
    desk_urc(&d, "+QLAREG: 1");
    desk_coverage(&d, true);
    desk_expect(&d, ATTACHED_LINE);
    desk_end(&d);
    bs_at_step(&d, BS_STEPS);
    desk_coverage(&d, false); /* in the pause */
    desk_quiet_until(&d, BS_PAUSE_MS);
    desk_urc(&d, "+QLAREG: 900");
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
}

/* --- Who is asked again ----------------------------------------------------------------------- */

/* Given, deregistered, and now the server does not want the module any more. */
static void given_server_fails(struct desk *d, const char *answer)
{
    bs_at_step(d, BS_STEPS);
    desk_after(d, BS_PAUSE_MS);
    bs_registered(d);
    desk_ok(d, "AT+QLADEREG");
    desk_wire(d, "4404 <mid> <token> <location>");
    desk_server(d, "6442 <mid> <token>");
    desk_urc(d, "+QLADEREG: 0");
    desk_ok(d, "AT+QLACFG=\"retransmit\",2,0");
    desk_ok(d, "AT+QLAREG");
    desk_wire(d, BS_GIVEN_WIRE);
    if (answer != NULL)
        desk_server(d, answer);
    else
        desk_after(d, 2000);
    desk_status(d, BC_STATUS_REGISTERING);
    desk_quiet_until(d, BS_PAUSE_MS);
    d->server = (struct bc_address){.ip = {180, 101, 147, 115}, .ip_len = 4, .port = 5683};
    desk_wire(d, BS_WIRE);
}

static const struct {
    const char *response;
    const char *result;
} failures[] = {
    {NULL, "+QLAREG: 1"},
    {"6483 <mid> <token>", "+QLAREG: 403"},
    {"7000 <mid>", "+QLAREG: 5"},
};

/*
 *   host                     module                            servers
 *    | -- AT+QLAREG ---------> | --- CON POST /rd -----------> | given: 4.03, RST or silence
 *    |                         | --- CON POST /bs -----------> | bootstrap
 *    |                         | <-- ... CON POST /bs -------- |
 *    | <- "bs_finished" ------ | --- CON POST /rd -----------> | given
 *    | <- +QLAREG: 0 --------- | <-- 2.01 -------------------- |
 */
static void failed_registration_asks_the_bootstrap_server_once(void **state) /* ETS int-7 */
{
    (void)state;
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        struct desk d;
        given_server_fails(&d, failures[i].response);
        for (unsigned step = 1; step < BS_STEPS; step++)
            bs_step(&d, step);
        bs_finish(&d, 0x44);
        desk_urc(&d, "+QLAURC: \"bs_finished\""); /* the binding is U already */
        desk_quiet_until(&d, BS_PAUSE_MS);
        bs_registered(&d);
        desk_end(&d);
        for (size_t k = 0; k < sizeof(failures) / sizeof(failures[0]); k++) {
            given_server_fails(&d, failures[i].response);
            for (unsigned step = 1; step < BS_STEPS; step++)
                bs_step(&d, step);
            bs_finish(&d, 0x44);
            desk_urc(&d, "+QLAURC: \"bs_finished\"");
            desk_quiet_until(&d, BS_PAUSE_MS);
            bs_at_given(&d);
            desk_wire(&d, BS_GIVEN_WIRE);
            if (failures[k].response == NULL)
                desk_quiet_until(&d, 2000);
            else
                desk_server(&d, failures[k].response);
            desk_urc(&d, failures[k].result);
            desk_status(&d, BC_STATUS_NOT_REGISTERED);
            desk_after(&d, WHOLE_MS);
            desk_end(&d);
        }
    }
}

static void failed_second_bootstrap_leaves_what_was_given(void **state) /* ETS int-7; G 2.1 */
{
    (void)state;
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        struct desk d;
        given_server_fails(&d, "6483 <mid> <token>");
        if (failures[i].response == NULL)
            desk_quiet_until(&d, 2000);
        else
            desk_server(&d, failures[i].response);
        desk_urc(&d, failures[i].result);
        desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
        desk_ok(&d, "AT+QLAREG"); /* which begins with the given server again */
        bs_registered(&d);
        desk_end(&d);
    }
}

static void first_registration_after_a_bootstrap_fails_at_once(void **state) /* G 6: 1, 5, 403 */
{
    (void)state;
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        struct desk d;
        bs_at_step(&d, BS_STEPS);
        desk_ok(&d, "AT+QLACFG=\"retransmit\",2,0");
        desk_after(&d, BS_PAUSE_MS);
        bs_at_given(&d);
        desk_wire(&d, BS_GIVEN_WIRE);
        if (failures[i].response == NULL)
            desk_quiet_until(&d, 2000);
        else
            desk_server(&d, failures[i].response);
        desk_urc(&d, failures[i].result);
        desk_after(&d, WHOLE_MS);
        desk_end(&d);
    }
}

static void given_name_without_an_address_asks_the_bootstrap_server(void **state) /* ETS int-7 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, 3);
    bs_put(&d, "0/1", "C80015'coap://server.example' C10203", 0x44);
    bs_step(&d, 5);
    bs_step(&d, 6);
    desk_after(&d, BS_PAUSE_MS);
    d.queries = 0;
    desk_resolved(&d, d.query.id, NULL);
    desk_urc(&d, "+QLAREG: 900"); /* it has just been asked */
    desk_ok(&d, "AT+QLAREG");
    d.queries = 0;
    desk_resolved(&d, d.query.id, NULL);
    desk_quiet_until(&d, BS_PAUSE_MS);
    desk_wire(&d, BS_WIRE);
    desk_server(&d, "6480 <mid> <token>");
    desk_urc(&d, "+QLAREG: 400");
    desk_end(&d);
}

static void server_of_a_configuration_is_not_bootstrapped_again(void **state) /* G 2.1, note 2 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, BS_STEPS);
    desk_after(&d, BS_PAUSE_MS);
    bs_at_given(&d);
    desk_wire(&d, BS_GIVEN_WIRE);
    desk_server(&d, "6483 <mid> <token>");
    desk_urc(&d, "+QLAREG: 403");
    desk_ok(&d, "AT+QLACONFIG=0,\"180.101.147.117\",5685,\"other\",86400,3,,,1");
    desk_tells(&d, "AT+QLACONFIG?", "+QLACONFIG: 0,180.101.147.117,5685,other,86400,3,1");
    desk_ok(&d, "AT+QLAREG");
    d.server = (struct bc_address){.ip = {180, 101, 147, 117}, .ip_len = 4, .port = 5685};
    desk_wire(&d, "4402 <mid> <token> B2'rd' 1128 39'lwm2m=1.0' 08'ep=other' 04'b=UQ' 08'lt=86400'"
                  "FF '" LINKS "'");
    desk_server(&d, "6483 <mid> <token>");
    desk_urc(&d, "+QLAREG: 403");
    desk_after(&d, WHOLE_MS);
    desk_end(&d);
}

static void new_bootstrap_server_takes_the_place_of_what_was_given(void **state) /* G 2.1, note 2 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, BS_STEPS);
    desk_after(&d, BS_PAUSE_MS);
    bs_at_given(&d);
    desk_wire(&d, BS_GIVEN_WIRE);
    desk_server(&d, "6483 <mid> <token>");
    desk_urc(&d, "+QLAREG: 403");
    desk_ok(&d, "AT+QLACONFIG=1,\"180.101.147.118\",5683,\"867724030023557\",300,3");
    desk_ok(&d, "AT+QLACONFIG?");
    desk_ok(&d, "AT+QLAREG");
    d.server = (struct bc_address){.ip = {180, 101, 147, 118}, .ip_len = 4, .port = 5683};
    desk_wire(&d, BS_WIRE);
    desk_server(&d, "6480 <mid> <token>");
    desk_urc(&d, "+QLAREG: 400");
    desk_end(&d);
}

static void server_before_is_not_heard_while_a_name_is_resolved(void **state) /* module.h */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, BS_STEPS);
    desk_after(&d, BS_PAUSE_MS);
    bs_registered(&d);
    desk_ok(&d, "AT+QLADEREG");
    desk_wire(&d, "4404 <mid> <token> <location>");
    desk_server(&d, "6442 <mid> <token>");
    desk_urc(&d, "+QLADEREG: 0");
    desk_ok(&d, "AT+QLACONFIG=0,\"server.example\",5683,\"867724030023557\",300,3");
    desk_ok(&d, "AT+QLAREG");
    assert_string_equal(d.query_host, "server.example");
    d.queries = 0;
    bs_ask(&d, 1, "3/0/0", "", NULL);
    bs_ask(&d, 3, "1/0/1", "10", "'99'");
    desk_quiet_until(&d, 20000);
    desk_urc(&d, "+QLAREG: 900");
    desk_end(&d);
}

/* --- What stays ------------------------------------------------------------------------------- */

static void cut_power(struct desk *d)
{
    desk_quiet(d);
    desk_reset(d);
    desk_expect(d, BOOT_LINES ATTACHED_LINE);
    desk_host(d, "ATE0");
    desk_expect(d, "ATE0\r\r\nOK\r\n");
    desk_ok(d, "AT+QSCLK=0");
}

static bool stored_anywhere(const struct desk *d, const char *text)
{
    size_t len = strlen(text);
    for (size_t side = 0; side < 2; side++) {
        const uint8_t *at = &d->side[side].store.bytes[0][0];
        for (size_t i = 0; i + len <= sizeof(d->side[side].store.bytes); i++)
            if (memcmp(at + i, text, len) == 0)
                return true;
    }
    return false;
}

/*
 *   module                     bootstrap server
 *     | <-- step n, its reply ---> |
 *   power cut
 *     |  n < 6: status 5, nothing is known        n = 6: status 0, the given server
 */
static void power_cut_before_the_finish_leaves_nothing(void **state) /* G 2.1, note 1; MODULE 5 */
{
    (void)state;
    for (unsigned steps = 0; steps <= BS_STEPS; steps++) {
        struct desk d;
        bs_at_step(&d, steps);
        cut_power(&d);
        if (steps < BS_STEPS) {
            desk_status(&d, BC_STATUS_NOT_CONFIGURED);
            desk_ok(&d, "AT+QLACONFIG?");
            desk_error(&d, "AT+QLAREG");
        } else {
            desk_status(&d, BC_STATUS_NOT_REGISTERED);
            desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
            desk_ok(&d, "AT+QLAREG");
            bs_registered(&d);
        }
        desk_end(&d);
    }
}

static void power_cut_during_a_second_bootstrap_leaves_what_was_given(void **state) /* G 2.1 */
{
    (void)state;
    for (unsigned steps = 0; steps <= BS_STEPS; steps++) {
        struct desk d;
        given_server_fails(&d, "6483 <mid> <token>");
        for (unsigned step = 1; step <= steps && step < 5; step++)
            bs_step(&d, step);
        if (steps >= 5)
            bs_put(&d, "1/0", "C201012C C207'UQ'", 0x44);
        if (steps >= 6) {
            bs_finish(&d, 0x44);
            desk_urc(&d, "+QLAURC: \"binding_changed\",UQ");
            desk_urc(&d, "+QLAURC: \"bs_finished\"");
        }
        cut_power(&d);
        desk_tells(&d, "AT+QLACONFIG?",
                   steps < 6 ? BS_GIVEN_INFO
                             : "+QLACONFIG: 0,180.101.147.116,5700,867724030023557,300,3,1");
        desk_ok(&d, "AT+QLAREG");
        bs_at_given(&d);
        desk_wire(&d, steps < 6 ? BS_GIVEN_WIRE : BS_REGISTER_WIRE("04'b=UQ'", "06'lt=300'"));
        desk_server(&d, "6483 <mid> <token>"); /* and nobody knows a bootstrap server */
        desk_urc(&d, "+QLAREG: 403");
        desk_end(&d);
    }
}

static void bootstrap_server_is_forgotten_with_the_power(void **state) /* G 2.1, note 1 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+QLACONFIG=1,\"first.example\",5683,\"ep\",300,0,\"its-name\",\"its-secret\"");
    assert_true(d.side[0].store.len[BC_RECORD_BOOTSTRAP] > 0);
    cut_power(&d);
    assert_int_equal(d.side[0].store.len[BC_RECORD_BOOTSTRAP], 0);
    desk_status(&d, BC_STATUS_NOT_CONFIGURED);
    desk_end(&d);
    bs_at_step(&d, 2);
    bs_put(&d, "0/0",
           "C8001C'coaps://own.example.com:5684' C10101 C10200 C80308'own-name' C8050A'own-secret'",
           0x44);
    bs_step(&d, 4);
    bs_step(&d, 5);
    bs_step(&d, 6);
    assert_false(stored_anywhere(&d, "own.example"));
    assert_false(stored_anywhere(&d, "own-name"));
    assert_false(stored_anywhere(&d, "own-secret"));
    assert_false(stored_anywhere(&d, "6F776E2D736563726574"));
    assert_true(stored_anywhere(&d, "180.101.147.116"));
    cut_power(&d);
    for (size_t side = 0; side < 2; side++)
        assert_int_equal(d.side[side].store.len[BC_RECORD_BOOTSTRAP], 0);
    desk_end(&d);
}

static void what_changes_later_is_kept_with_the_given_server(void **state) /* G 2.1, 2.4, 3.10 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, BS_STEPS);
    desk_after(&d, BS_PAUSE_MS);
    bs_registered(&d);
    desk_ok(&d, "AT+QLAUPDATE=0,100");
    desk_wire(&d, "4402 <mid> <token> <location> 46'lt=100'");
    desk_server(&d, "6444 <mid> <token>");
    char urc[40];
    snprintf(urc, sizeof(urc), "+QLAUPDATE: 0,%u", d.mid);
    desk_urc(&d, urc);
    desk_server(&d, "42033F03A1A2 B1'1' 01'0' 01'7' 10 FF'UQ'");
    desk_urc(&d, "+QLAURC: \"binding_changed\",UQ");
    desk_wire(&d, "62443F03A1A2");
    desk_wire(&d, "4402 <mid> <token> <location> 44'b=UQ'");
    cut_power(&d);
    desk_tells(&d, "AT+QLACONFIG?", "+QLACONFIG: 0,180.101.147.116,5700,867724030023557,100,3,1");
    desk_end(&d);
}

/* A store that refuses one record. */
static struct bc_memory_store store;
static bool refuses;

static bool put(void *context, enum bc_record record, bc_view bytes)
{
    struct bc_storage storage = bc_memory_storage(&store);
    (void)context;
    return (!refuses || record != BC_RECORD_SERVER) &&
           storage.store(storage.context, record, bytes);
}

static void server_that_cannot_be_kept_is_900(void **state) /* G 6: 900; store.h */
{
    (void)state;
    struct desk d;
    store = (struct bc_memory_store){0};
    refuses = false;
    struct bc_storage storage = bc_memory_storage(&store);
    storage.store = put;
    desk_begin(&d, &(struct bc_config){.seed = 1, .storage = &storage});
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_host(&d, "ATE0");
    desk_expect(&d, "ATE0\r\r\nOK\r\n");
    desk_ok(&d, "AT+QSCLK=0");
    desk_ok(&d, BS_CONFIGURE);
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, BS_WIRE);
    for (unsigned step = 1; step < BS_STEPS; step++)
        bs_step(&d, step);
    refuses = true;
    bs_finish(&d, 0x44);
    desk_urc(&d, "+QLAREG: 900");
    desk_status(&d, BC_STATUS_NOT_REGISTERED);
    desk_ok(&d, "AT+QLACONFIG?");
    refuses = false;
    desk_after(&d, WHOLE_MS);
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, BS_WIRE); /* with the old lifetime and binding: the second one changes it */
    for (unsigned step = 1; step <= BS_STEPS; step++)
        bs_step(&d, step);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bootstrap_is_the_session_of_the_guide),
        cmocka_unit_test(given_server_is_registered_with_its_lifetime_and_binding),
        cmocka_unit_test(given_server_is_shown_once_it_is_known),
        cmocka_unit_test(given_name_is_resolved_before_registration),
        cmocka_unit_test(second_registration_needs_no_bootstrap),
        cmocka_unit_test(finished_bootstrap_is_over),
        cmocka_unit_test(refused_bootstrap_ends_in_its_code),
        cmocka_unit_test(silent_bootstrap_server_times_out),
        cmocka_unit_test(bootstrap_server_without_a_name_or_network_is_900),
        cmocka_unit_test(silence_after_any_step_is_a_time_out),
        cmocka_unit_test(whatever_the_server_asks_gives_it_30_s_more),
        cmocka_unit_test(server_that_never_finishes_is_left_after_300_s),
        cmocka_unit_test(repeated_step_gets_its_reply_again),
        cmocka_unit_test(repeated_finish_is_acknowledged_from_the_registration),
        cmocka_unit_test(repeated_finish_is_forgotten_after_247_s),
        cmocka_unit_test(repeated_step_gives_no_time),
        cmocka_unit_test(server_may_begin_before_it_has_answered),
        cmocka_unit_test(bootstrap_request_takes_a_separate_response),
        cmocka_unit_test(strangers_are_not_heard_during_bootstrap),
        cmocka_unit_test(module_stays_awake_while_it_bootstraps),
        cmocka_unit_test(network_that_goes_ends_the_bootstrap),
        cmocka_unit_test(failed_registration_asks_the_bootstrap_server_once),
        cmocka_unit_test(failed_second_bootstrap_leaves_what_was_given),
        cmocka_unit_test(first_registration_after_a_bootstrap_fails_at_once),
        cmocka_unit_test(given_name_without_an_address_asks_the_bootstrap_server),
        cmocka_unit_test(server_of_a_configuration_is_not_bootstrapped_again),
        cmocka_unit_test(new_bootstrap_server_takes_the_place_of_what_was_given),
        cmocka_unit_test(server_before_is_not_heard_while_a_name_is_resolved),
        cmocka_unit_test(power_cut_before_the_finish_leaves_nothing),
        cmocka_unit_test(power_cut_during_a_second_bootstrap_leaves_what_was_given),
        cmocka_unit_test(bootstrap_server_is_forgotten_with_the_power),
        cmocka_unit_test(what_changes_later_is_kept_with_the_given_server),
        cmocka_unit_test(server_that_cannot_be_kept_is_900),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
