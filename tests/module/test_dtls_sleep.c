/*
 * What deep sleep, reset and power cut make of a DTLS session (G 2.2 "dtls_mode", 3.12, 5.2.2;
 * MODULE 5; RFC 5077).
 */
#include "secure_desk.h"

#include <stdio.h>
#include <string.h>

#include "base/sink.h"

#define ENTER "+QNBIOTEVENT: \"ENTER DEEPSLEEP\""
#define EXIT "+QNBIOTEVENT: \"EXIT DEEPSLEEP\""
#define NOTIFY "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0"
#define FULL 0
#define RESUMED 1

static void fall_asleep(struct secure_desk *s)
{
    desk_ok(&s->desk, "AT+QSCLK=1");
    desk_quiet_until(&s->desk, 30000);
    desk_urc(&s->desk, ENTER);
}

/* Registered, observed and asleep, with this <DTLS_mode>. */
static struct secure_desk *asleep(unsigned mode)
{
    struct secure_desk *s = secure_configured();
    desk_ok(&s->desk, mode == RESUMED ? "AT+QLACFG=\"dtls_mode\",1" : "AT+QLACFG=\"dtls_mode\",0");
    desk_register(&s->desk);
    desk_observed(&s->desk);
    fall_asleep(s);
    secure_mark(s, NOTHING_IS_LOST);
    return s;
}

static void recovers(struct secure_desk *s)
{
    struct desk *d = &s->desk;
    for (unsigned i = 0; i < 63 && d->wires == 0; i++)
        desk_after(d, 1000);
    desk_wire(d, "4402 <mid> <token> <location>");
    desk_server(d, "6444 <mid> <token>");
    desk_urc(d, "+QLAURC: \"recovered\",0");
    desk_status(d, 2);
}

static void wakes(struct secure_desk *s)
{
    desk_wake_pin(&s->desk);
    desk_urc(&s->desk, EXIT);
    recovers(s);
}

/* The token of the observation has survived. */
static void notifies(struct secure_desk *s, const char *sequence)
{
    char wire[80];
    snprintf(wire, sizeof(wire), "4245 <mid> A1A2 61%s 60 FF'abcde'", sequence);
    desk_ok(&s->desk, NOTIFY ",1");
    desk_wire(&s->desk, wire);
    desk_urc(&s->desk, "+QLAURC: \"report\",<mid>");
    desk_urc(&s->desk, "+QLANOTIFY: 0");
    desk_server(&s->desk, "6000 <mid>");
    desk_urc(&s->desk, "+QLAURC: \"report_ack\",0,<mid>");
}

static void registers_anew(struct secure_desk *s)
{
    struct desk *d = &s->desk;
    desk_status(d, 0);
    desk_error(d, NOTIFY);
    secure_registers(s);
    assert_false(bc_dtls_resumed(s->peer));
}

/* --- Waking up -------------------------------------------------------------------------------- */

/*
 *   host                     module (asleep)             server
 *    | -- AT --------------> | --- full handshake -----> |   dtls_mode 0
 *    | <- EXIT DEEPSLEEP --- | === POST /rd/5a3f ======> |
 *    | <- "recovered",0 ---- | <== 2.04 ================ |
 */
static void dtls_mode_0_shakes_hands_in_full(void **state) /* G 2.2, 3.12 */
{
    (void)state;
    struct secure_desk *s = asleep(FULL);
    wakes(s);
    assert_int_equal(s->sessions, 2);
    assert_false(bc_dtls_resumed(s->peer));
    notifies(s, "01");
    secure_free(s);
}

static void dtls_mode_1_resumes_with_fewer_datagrams(void **state) /* G 2.2, RFC 5077 */
{
    (void)state;
    struct secure_desk *full = asleep(FULL);
    wakes(full);
    uint32_t datagrams = full->count;
    secure_free(full);
    struct secure_desk *s = asleep(RESUMED);
    wakes(s);
    assert_true(bc_dtls_resumed(s->peer));
    assert_int_equal(s->sessions, 2);
    assert_true(s->count < datagrams);
    notifies(s, "01");
    fall_asleep(s); /* and once more, from the same session */
    wakes(s);
    assert_true(bc_dtls_resumed(s->peer));
    notifies(s, "02");
    secure_free(s);
}

static void every_version_resumes(void **state) /* G 2.2 <DTLS_version> */
{
    (void)state;
    for (unsigned version = 0; version < 3; version++) {
        struct secure_desk *s = secure_configured();
        secure_restart_server(s, (enum bc_dtls_version)version, true);
        desk_ok(&s->desk, "AT+QLACFG=\"dtls_mode\",1");
        desk_register(&s->desk);
        desk_observed(&s->desk);
        fall_asleep(s);
        wakes(s);
        assert_true(bc_dtls_resumed(s->peer));
        notifies(s, "01");
        secure_free(s);
    }
}

static void refused_resumption_becomes_a_full_handshake(void **state) /* RFC 5077 section 3.1 */
{
    (void)state;
    struct secure_desk *s = asleep(RESUMED);
    secure_restart_server(s, BC_DTLS_NEGOTIATED, true); /* it cannot open its old tickets */
    wakes(s);
    assert_false(bc_dtls_resumed(s->peer));
    notifies(s, "01");
    fall_asleep(s);
    wakes(s);
    assert_true(bc_dtls_resumed(s->peer)); /* the new one can be resumed */
    fall_asleep(s);
    secure_restart_server(s, BC_DTLS_NEGOTIATED, false);
    wakes(s);
    assert_false(bc_dtls_resumed(s->peer));
    secure_free(s);
}

static void only_the_handshake_after_deep_sleep_resumes(void **state) /* G 2.2 */
{
    (void)state;
    struct secure_desk *s = asleep(RESUMED);
    struct desk *d = &s->desk;
    wakes(s);
    assert_true(bc_dtls_resumed(s->peer));
    secure_close_server(s);
    notifies(s, "01");
    assert_false(bc_dtls_resumed(s->peer));
    desk_ok(d, "AT+QLADEREG");
    desk_wire(d, "4404 <mid> <token> <location>");
    desk_server(d, "6442 <mid> <token>");
    desk_urc(d, "+QLADEREG: 0");
    desk_ok(d, "AT+QLACFG=\"dtls_mode\",0"); /* though something to resume is still kept */
    secure_registers(s);
    fall_asleep(s);
    wakes(s);
    assert_false(bc_dtls_resumed(s->peer));
    secure_free(s);
}

static void server_that_never_resumes_is_no_trouble(void **state)
{
    (void)state;
    struct secure_desk *s = secure_configured();
    secure_restart_server(s, BC_DTLS_NEGOTIATED, false);
    desk_ok(&s->desk, "AT+QLACFG=\"dtls_mode\",1");
    desk_register(&s->desk);
    desk_observed(&s->desk);
    fall_asleep(s);
    wakes(s);
    assert_false(bc_dtls_resumed(s->peer));
    notifies(s, "01");
    secure_free(s);
}

static void server_of_another_version_gets_a_full_handshake(void **state)
{
    (void)state;
    struct secure_desk *s = asleep(RESUMED);
    secure_restart_server(s, BC_DTLS_1_0, true);
    wakes(s);
    assert_false(bc_dtls_resumed(s->peer));
    assert_string_equal(bc_dtls_version_name(s->peer), "DTLSv1");
    notifies(s, "01");
    secure_free(s);
}

static void each_datagram_at_wake_up_may_be_lost(void **state) /* RFC 6347 section 4.2.4 */
{
    (void)state;
    for (unsigned mode = FULL; mode <= RESUMED; mode++) {
        struct secure_desk *first = asleep(mode);
        wakes(first);
        uint32_t count = first->count - 1; /* the last one is the 2.04 */
        secure_free(first);
        assert_in_range(count, 4, 20);
        for (uint32_t lost = 0; lost < count; lost++) {
            struct secure_desk *s = asleep(mode);
            secure_mark(s, lost);
            wakes(s);
            notifies(s, "01");
            secure_free(s);
        }
    }
}

/* --- When there is no way back ---------------------------------------------------------------- */

static void silent_server_at_wake_up_is_recovered_3(void **state) /* G 3.12, 6: 3 */
{
    (void)state;
    for (unsigned mode = FULL; mode <= RESUMED; mode++) {
        struct secure_desk *s = asleep(mode);
        struct desk *d = &s->desk;
        s->server_deaf = true;
        desk_wake_pin(d);
        desk_urc(d, EXIT);
        desk_ok(d, "AT+QSCLK=0");
        desk_status(d, 6);
        desk_quiet_until(d, SECURE_GIVES_UP_MS);
        desk_urc(d, "+QLAURC: \"recovered\",3");
        s->server_deaf = false;
        registers_anew(s);
        secure_free(s);
    }
}

static void removed_account_at_wake_up_is_recovered_3_at_once(void **state) /* RFC 4279 section 2 */
{
    (void)state;
    for (unsigned mode = FULL; mode <= RESUMED; mode++) {
        struct secure_desk *s = asleep(mode);
        s->identity = "somebody";
        desk_wake_pin(&s->desk);
        desk_urc(&s->desk, EXIT);
        desk_urc(&s->desk, "+QLAURC: \"recovered\",3");
        desk_status(&s->desk, 0);
        s->identity = SECURE_IDENTITY;
        registers_anew(s);
        secure_free(s);
    }
}

static void lost_coverage_at_wake_up_is_recovered_3(void **state) /* G 6 table 5 */
{
    (void)state;
    struct secure_desk *s = asleep(RESUMED);
    struct desk *d = &s->desk;
    desk_coverage(d, false);
    desk_wake_pin(d);
    desk_urc(d, EXIT);
    desk_quiet_until(d, SECURE_GIVES_UP_MS);
    desk_urc(d, "+QLAURC: \"recovered\",3");
    desk_coverage(d, true);
    desk_expect(d, ATTACHED_LINE);
    registers_anew(s);
    secure_free(s);
}

static void lifetime_that_has_passed_is_recovered_3_without_a_handshake(void **state) /* G 3.12 */
{
    (void)state;
    struct secure_desk *s = secure_configured();
    struct desk *d = &s->desk;
    desk_ok(d, "AT+QLACFG=\"lifetime_enable\",0");
    desk_register(d);
    fall_asleep(s);
    desk_after(d, 300000);
    secure_mark(s, NOTHING_IS_LOST);
    desk_wake_pin(d);
    desk_urc(d, EXIT);
    desk_urc(d, "+QLAURC: \"recovered\",3");
    assert_int_equal(s->count, 0);
    registers_anew(s);
    secure_free(s);
}

/* --- The update that falls due ---------------------------------------------------------------- */

/*
 *   host                     module (asleep)             server
 *    | <- EXIT DEEPSLEEP --- | --- handshake ----------> |   250 s after the registration
 *    |                       | === POST /rd/5a3f ======> |
 *    | <- "ping",0 --------- | <== 2.04 ================ |
 *    | <- ENTER DEEPSLEEP -- |
 */
static void automatic_update_shakes_hands_first(void **state) /* MODULE 5 */
{
    (void)state;
    for (unsigned mode = FULL; mode <= RESUMED; mode++) {
        struct secure_desk *s = asleep(mode);
        struct desk *d = &s->desk;
        for (unsigned round = 0; round < 3; round++) {
            desk_quiet_until(d, 220000);
            desk_urc(d, EXIT);
            desk_wire(d, "4402 <mid> <token> <location>");
            assert_int_equal(bc_dtls_resumed(s->peer), mode == RESUMED);
            desk_server(d, "6444 <mid> <token>");
            desk_urc(d, "+QLAURC: \"ping\",0");
            desk_quiet_until(d, 30000);
            desk_urc(d, ENTER);
        }
        secure_free(s);
    }
}

static void automatic_update_without_a_handshake_is_ping_1(void **state) /* docs/AT.md */
{
    (void)state;
    struct secure_desk *s = asleep(RESUMED);
    struct desk *d = &s->desk;
    s->server_deaf = true;
    desk_quiet_until(d, 220000);
    desk_urc(d, EXIT);
    desk_ok(d, "AT+QSCLK=0");
    desk_ok(d, "AT+QLACFG=\"retransmit\",4,0");
    desk_quiet_until(d, SECURE_GIVES_UP_MS + 4000);
    desk_urc(d, "+QLAURC: \"ping\",1");
    desk_status(d, 2); /* the next update may get through */
    s->server_deaf = false;
    desk_after(d, 60000);
    notifies(s, "01");
    secure_free(s);
}

/* RAI 1 is given with a notification while a resumption goes on: neither the module's Finished nor
 * the update, which comes first, may release the connection. */
static void release_assistance_waits_for_its_own_message(void **state) /* G 2.12 rai_mode */
{
    (void)state;
    struct secure_desk *s = secure_configured();
    struct desk *d = &s->desk;
    desk_ok(d, "AT+QLACFG=\"dtls_mode\",1");
    desk_register(d);
    desk_observed(d);
    desk_ok(d, "AT+CSCON=1");
    desk_ok(d, "AT+QSCLK=1");
    desk_after(d, 30000);
    d->serial_len = 0;
    secure_mark(s, 1);
    desk_quiet_until(d, 220000);
    desk_urc(d, EXIT);
    desk_urc(d, "+CSCON: 1");
    desk_ok(d, NOTIFY ",0,1");
    desk_urc(d, "+QLANOTIFY: 0");
    desk_quiet_until(d, 4000);
    assert_true(bc_dtls_resumed(s->peer));
    desk_wire(d, "4402 <mid> <token> <location>");
    uint16_t update = d->mid;
    uint8_t token[BC_TOKEN_BYTES];
    memcpy(token, d->token, sizeof(token));
    desk_wire(d, "5245 <mid> A1A2 6101 60 FF'abcde'");
    desk_urc(d, "+CSCON: 0");
    desk_quiet(d);
    d->mid = update;
    desk_server(d, "6444 <mid> <token>");
    desk_urc(d, "+CSCON: 1");
    desk_urc(d, "+QLAURC: \"ping\",0");
    secure_free(s);
}

/* --- What the power takes --------------------------------------------------------------------- */

static void power_cut_and_reset_forget_the_session(void **state) /* MODULE 5 */
{
    (void)state;
    for (unsigned cut = 0; cut < 2; cut++) {
        struct secure_desk *s = asleep(RESUMED);
        struct desk *d = &s->desk;
        uint8_t bytes[BC_RECORD_BYTES_MAX];
        bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
        struct bc_storage storage = bc_memory_storage(&d->side[0].store);
        assert_true(storage.load(storage.context, BC_RECORD_SESSION, 0, &out));
        if (cut == 1) {
            desk_power(d, false);
            desk_power(d, true);
        } else {
            desk_reset(d);
        }
        desk_booted(d);
        for (unsigned copy = 0; copy < 2; copy++) {
            out.len = 0;
            assert_false(storage.load(storage.context, BC_RECORD_SESSION, copy, &out));
        }
        registers_anew(s);
        secure_free(s);
    }
}

static void deregistration_leaves_nothing_to_resume(void **state) /* MODULE 5 */
{
    (void)state;
    struct secure_desk *s = asleep(RESUMED);
    struct desk *d = &s->desk;
    wakes(s);
    desk_ok(d, "AT+QLADEREG");
    desk_wire(d, "4404 <mid> <token> <location>");
    desk_server(d, "6442 <mid> <token>");
    desk_urc(d, "+QLADEREG: 0");
    secure_registers(s);
    assert_false(bc_dtls_resumed(s->peer));
    secure_free(s);
}

static void damaged_record_of_the_session_costs_a_full_handshake(void **state) /* MODULE 5 */
{
    (void)state;
    struct secure_desk *s = asleep(RESUMED);
    struct bc_storage storage = bc_memory_storage(&s->desk.side[0].store);
    uint8_t bytes[BC_RECORD_BYTES_MAX];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    assert_true(storage.load(storage.context, BC_RECORD_SESSION, 0, &out));
    bytes[out.len / 2] ^= 1;
    for (unsigned copy = 0; copy < 2; copy++)
        assert_true(storage.store(storage.context, BC_RECORD_SESSION, bc_sink_view(&out)));
    wakes(s);
    assert_false(bc_dtls_resumed(s->peer));
    notifies(s, "01");
    secure_free(s);
}

static void module_may_end_asleep_and_half_awake(void **state) /* LeakSanitizer looks */
{
    (void)state;
    struct secure_desk *s = asleep(RESUMED);
    secure_abandon(s);
    for (uint32_t lost = 0; lost < 5; lost++) {
        s = asleep(RESUMED);
        secure_mark(s, lost);
        desk_wake_pin(&s->desk);
        secure_abandon(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dtls_mode_0_shakes_hands_in_full),
        cmocka_unit_test(dtls_mode_1_resumes_with_fewer_datagrams),
        cmocka_unit_test(every_version_resumes),
        cmocka_unit_test(refused_resumption_becomes_a_full_handshake),
        cmocka_unit_test(only_the_handshake_after_deep_sleep_resumes),
        cmocka_unit_test(server_that_never_resumes_is_no_trouble),
        cmocka_unit_test(server_of_another_version_gets_a_full_handshake),
        cmocka_unit_test(each_datagram_at_wake_up_may_be_lost),
        cmocka_unit_test(silent_server_at_wake_up_is_recovered_3),
        cmocka_unit_test(removed_account_at_wake_up_is_recovered_3_at_once),
        cmocka_unit_test(lost_coverage_at_wake_up_is_recovered_3),
        cmocka_unit_test(lifetime_that_has_passed_is_recovered_3_without_a_handshake),
        cmocka_unit_test(automatic_update_shakes_hands_first),
        cmocka_unit_test(automatic_update_without_a_handshake_is_ping_1),
        cmocka_unit_test(release_assistance_waits_for_its_own_message),
        cmocka_unit_test(power_cut_and_reset_forget_the_session),
        cmocka_unit_test(deregistration_leaves_nothing_to_resume),
        cmocka_unit_test(damaged_record_of_the_session_costs_a_full_handshake),
        cmocka_unit_test(module_may_end_asleep_and_half_awake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
