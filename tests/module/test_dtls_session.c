/*
 * What goes on above a DTLS session, and how the registration outlives it (MODULE 2, 4; RFC 6347,
 * 7252 section 9): exchanges, forgers, and every way in which a session can end.
 */
#include "secure_alert.h"

#include <stdio.h>
#include <string.h>

#define NOTIFY "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0"
#define UPDATE_WIRE "4402 <mid> <token> <location> 46'lt=300'"

static struct secure_desk *observed(void)
{
    struct secure_desk *s = secure_registered();
    desk_observed(&s->desk);
    return s;
}

/* A confirmable notification, acknowledged. */
static void notify(struct secure_desk *s, const char *sequence)
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

static void update(struct secure_desk *s)
{
    desk_ok(&s->desk, "AT+QLAUPDATE=0,300");
    desk_wire(&s->desk, UPDATE_WIRE);
    desk_server(&s->desk, "6444 <mid> <token>");
    desk_urc(&s->desk, "+QLAUPDATE: 0,<mid>");
}

/* --- Exchanges -------------------------------------------------------------------------------- */

static void every_exchange_goes_through_the_session(void **state) /* MODULE 2, 4 */
{
    (void)state;
    struct secure_desk *s = observed();
    struct desk *d = &s->desk;
    notify(s, "01");
    update(s);
    desk_server(d, "42011002B1B2 B1'3' 01'0' 01'9'");
    desk_wire(d, "62451002B1B2 C0 FF'100'");
    desk_server(d, "42021003B1B2 B2'19' 01'0' 01'1'");
    desk_urc(d, "+QLAURC: \"execute\",4099,19,0,1");
    desk_ok(d, "AT+QLAEXERSP=4099,2");
    desk_urc(d, "+QLAEXERSP: 0");
    desk_wire(d, "62441003B1B2");
    for (size_t i = 0; i < s->taped; i++) /* nothing but records, and no text in them */
        assert_in_range(s->tape[i].bytes[0], 20, 23);
    assert_int_equal(s->sessions, 1);
    secure_free(s);
}

/* Value, endpoint name and padding as long as they can be. */
static void longest_message_fits_into_a_datagram(void **state) /* limits.h */
{
    (void)state;
    struct secure_desk *s = secure_new(NULL);
    struct desk *d = &s->desk;
    char line[BC_AT_LINE_BYTES_MAX];
    char name[BC_ENDPOINT_BYTES_MAX + 1];
    char value[BC_STRING_BYTES_MAX + 1];
    memset(name, 'n', BC_ENDPOINT_BYTES_MAX);
    memset(value, 'v', BC_STRING_BYTES_MAX);
    name[BC_ENDPOINT_BYTES_MAX] = value[BC_STRING_BYTES_MAX] = '\0';
    desk_ok(d, "AT+QLACFG=\"platform\",2");
    desk_ok(d, "AT+QLACFG=\"dtls_version\",0");
    snprintf(line, sizeof(line),
             "AT+QLACONFIG=0,\"180.101.147.115\",5684,\"%s\",300,0,\"" SECURE_IDENTITY
             "\",\"" SECURE_KEY "\"",
             name);
    desk_ok(d, line);
    desk_ok(d, "AT+QLAREG");
    memcpy(d->token, d->wire[0].bytes + 4, sizeof(d->token));
    d->mid = (uint16_t)(d->wire[0].bytes[2] << 8 | d->wire[0].bytes[3]);
    d->wires = 0;
    desk_server(d, "6441 <mid> <token> <location>");
    desk_urc(d, "+QLAREG: 0");
    snprintf(line, sizeof(line), "AT+QLASENDDATA=1,1024,\"%s\"", value);
    desk_ok(d, line);
    assert_int_equal(d->wires, 1);
    const struct desk_datagram *wire = &d->wire[0];
    assert_memory_equal(wire->bytes + wire->len - BC_STRING_BYTES_MAX, value, BC_STRING_BYTES_MAX);
    assert_in_range(s->tape[s->taped - 1].len, wire->len, BC_DATAGRAM_BYTES_MAX);
    d->wires = 0;
    d->serial_len = 0;
    secure_free(s);
}

/*
 *   module                     server
 *    | === DELETE /rd/5a3f ===> |
 *    | <== 2.02 =============== |
 *    | --- close_notify ------> |
 */
static void deregistration_says_goodbye(void **state) /* MODULE 2 QLADEREG */
{
    (void)state;
    struct secure_desk *s = secure_registered();
    struct desk *d = &s->desk;
    desk_ok(d, "AT+QLADEREG");
    desk_wire(d, "4404 <mid> <token> <location>");
    secure_is(s, BC_DTLS_OPEN);
    desk_server(d, "6442 <mid> <token>");
    desk_urc(d, "+QLADEREG: 0");
    secure_is(s, BC_DTLS_CLOSED);
    desk_status(d, 4);
    secure_registers(s);
    assert_int_equal(s->sessions, 2);
    secure_free(s);
}

/* The acknowledgement of a separate response must not come behind the goodbye. */
static void deregistration_acknowledges_before_it_says_goodbye(void **state) /* RFC 7252 5.2.2 */
{
    (void)state;
    struct secure_desk *s = secure_registered();
    struct desk *d = &s->desk;
    desk_ok(d, "AT+QLADEREG");
    desk_wire(d, "4404 <mid> <token> <location>");
    desk_server(d, "6000 <mid>");
    desk_server(d, "4442 7777 <token>");
    desk_urc(d, "+QLADEREG: 0");
    desk_wire(d, "6000 7777");
    secure_is(s, BC_DTLS_CLOSED);
    secure_free(s);
}

static void registration_that_the_server_ends_ends_in_a_goodbye(void **state) /* docs/AT.md */
{
    (void)state;
    struct secure_desk *s = secure_registered();
    struct desk *d = &s->desk;
    desk_ok(d, "AT+QLAUPDATE=0,300");
    desk_wire(d, UPDATE_WIRE);
    desk_server(d, "6484 <mid> <token>"); /* it has forgotten us */
    desk_urc(d, "+QLAUPDATE: 404,<mid>");
    desk_status(d, 0);
    secure_is(s, BC_DTLS_CLOSED);
    secure_registers(s);
    desk_server(d, "42021003B1B2 B1'1' 01'0' 01'4'"); /* Disable */
    desk_wire(d, "62441003B1B2");
    desk_wire(d, "4404 <mid> <token> <location>");
    secure_is(s, BC_DTLS_OPEN);
    desk_server(d, "6442 <mid> <token>");
    desk_status(d, 4);
    secure_is(s, BC_DTLS_CLOSED);
    secure_registers(s);
    assert_int_equal(s->sessions, 3);
    secure_free(s);
}

static void nothing_is_said_after_the_goodbye(void **state) /* MODULE 2 QLADEREG */
{
    (void)state;
    struct secure_desk *s = observed();
    struct desk *d = &s->desk;
    desk_ok(d, NOTIFY ",1"); /* is never acknowledged */
    desk_wire(d, "4245 <mid> A1A2 6101 60 FF'abcde'");
    desk_urc(d, "+QLAURC: \"report\",<mid>");
    desk_urc(d, "+QLANOTIFY: 0");
    uint16_t report = d->mid;
    desk_ok(d, "AT+QLADEREG");
    desk_wire(d, "4404 <mid> <token> <location>");
    desk_server(d, "6442 <mid> <token>");
    desk_urc(d, "+QLADEREG: 0");
    secure_mark(s, NOTHING_IS_LOST);
    desk_quiet_until(d, 124000);
    d->mid = report;
    desk_urc(d, "+QLAURC: \"report_ack\",1,<mid>");
    assert_int_equal(s->count, 0);
    secure_free(s);
}

/* --- Forgers ---------------------------------------------------------------------------------- */

static void strangers_and_plain_coap_are_not_heard(void **state) /* MODULE 4, RFC 7252 9.1 */
{
    (void)state;
    static const char ping[] = "\x40\x00\x12\x34";
    static const char read[] = "\x42\x01\x10\x01\xA1\xA2\xB1"
                               "3\x01"
                               "0\x01"
                               "9";
    struct secure_desk *s = observed();
    struct desk *d = &s->desk;
    struct bc_address stranger = d->server;
    stranger.ip[3]++;
    const struct bc_address *from[] = {&d->server, &stranger};
    for (unsigned i = 0; i < 2; i++) {
        desk_datagram(d, from[i], (const uint8_t *)ping, sizeof(ping) - 1);
        desk_datagram(d, from[i], (const uint8_t *)read, sizeof(read) - 1);
        desk_datagram(d, from[i], (const uint8_t *)"", 0);
    }
    desk_quiet(d);
    for (size_t i = 0; i < s->taped; i++)
        desk_datagram(d, &stranger, s->tape[i].bytes, s->tape[i].len);
    desk_quiet(d);
    notify(s, "01");
    secure_free(s);
}

/* Genuine as it is: the server was heard at another address, which the module does not follow. */
static void record_from_another_address_is_not_heard(void **state) /* docs/AT.md */
{
    (void)state;
    struct secure_desk *s = observed();
    struct desk *d = &s->desk;
    struct bc_address stranger = d->server;
    stranger.port++;
    secure_mark(s, 0);
    desk_server(d, "42011002B1B2 B1'3' 01'0' 01'9'");
    const struct secure_datagram *record = &s->tape[s->taped - 1];
    desk_datagram(d, &stranger, record->bytes, record->len);
    desk_quiet(d);
    desk_datagram(d, &d->server, record->bytes, record->len);
    desk_wire(d, "62451002B1B2 C0 FF'100'");
    secure_free(s);
}

static void repeated_records_are_dropped(void **state) /* RFC 6347 section 4.1.2.6 */
{
    (void)state;
    struct secure_desk *s = observed();
    struct desk *d = &s->desk;
    notify(s, "01");
    size_t taped = s->taped;
    for (size_t i = 0; i < taped; i++)
        if (s->tape[i].bytes[4] != 0) /* of a handshake the Finished may be asked for again */
            desk_datagram(d, &d->server, s->tape[i].bytes, s->tape[i].len);
    desk_quiet(d);
    notify(s, "02");
    assert_int_equal(s->sessions, 1);
    secure_free(s);
}

static void changed_and_cut_records_are_dropped(void **state) /* RFC 6347 section 4.1.2.7 */
{
    (void)state;
    struct secure_desk *s = observed();
    struct desk *d = &s->desk;
    size_t taped = s->taped;
    for (size_t i = 0; i < taped; i++) {
        struct secure_datagram copy = s->tape[i];
        for (size_t at = 0; at < copy.len; at += 3) {
            copy.bytes[at] ^= 0x10;
            desk_datagram(d, &d->server, copy.bytes, copy.len);
            desk_datagram(d, &d->server, copy.bytes, at);
            copy.bytes[at] ^= 0x10;
        }
    }
    assert_int_equal(d->serial_len + d->wires, 0);
    notify(s, "01");
    assert_int_equal(s->sessions, 1);
    secure_free(s);
}

static void forged_alerts_and_hellos_do_not_end_the_session(void **state) /* RFC 6347 4.1.2.7 */
{
    (void)state;
    static const uint8_t alert[] = {21, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40};
    struct secure_desk *s = observed();
    struct desk *d = &s->desk;
    desk_datagram(d, &d->server, alert, sizeof(alert));
    for (size_t i = 0; i < s->taped && i < 6; i++)
        desk_datagram(d, &d->server, s->tape[i].bytes, s->tape[i].len);
    desk_quiet(d);
    notify(s, "01");
    assert_int_equal(s->sessions, 1);
    secure_free(s);
}

/* --- Sessions that end under a registration ----------------------------------------------------
 */

/*
 *   host                   module                      server (restarted)
 *    | -- AT+QLAUPDATE -->  | === POST /rd/5a3f ======> |   unknown record: dropped; 5 times
 *    | <- +QLAUPDATE: 1 --- |                           |
 *    | -- AT+QLAUPDATE -->  | --- handshake ----------> |
 *    |                      | === POST /rd/5a3f ======> |
 *    | <- +QLAUPDATE: 0 --- | <== 2.04 ================ |
 */
static void update_after_silence_makes_a_new_handshake(void **state) /* MODULE 4 */
{
    (void)state;
    struct secure_desk *s = observed();
    struct desk *d = &s->desk;
    secure_restart_server(s, BC_DTLS_NEGOTIATED, true);
    secure_mark(s, NOTHING_IS_LOST);
    desk_ok(d, "AT+QLAUPDATE=0,300");
    desk_quiet_until(d, 124000); /* 4 * (2^5 - 1) */
    assert_int_equal(s->count, 5);
    assert_int_equal(s->sessions, 1);
    d->serial_len = 0; /* +QLAUPDATE: 1,<mid>, whose number nobody could see */
    desk_status(d, 2);
    update(s);
    assert_int_equal(s->sessions, 2);
    notify(s, "01");
    secure_free(s);
}

static void notification_after_silence_makes_a_new_handshake(void **state) /* MODULE 4 */
{
    (void)state;
    struct secure_desk *s = observed();
    struct desk *d = &s->desk;
    secure_restart_server(s, BC_DTLS_NEGOTIATED, true);
    desk_ok(d, NOTIFY ",1");
    desk_after(d, 124000);
    assert_non_null(strstr(d->serial, "+QLAURC: \"report_ack\",1,"));
    d->serial_len = 0;
    notify(s, "02"); /* the observation and its token are as before */
    assert_int_equal(s->sessions, 2);
    secure_free(s);
}

static void message_of_a_closed_session_waits_for_the_handshake(void **state) /* MODULE 4 */
{
    (void)state;
    struct secure_desk *s = observed();
    struct desk *d = &s->desk;
    secure_close_server(s);
    desk_quiet(d);
    desk_status(d, 2);
    notify(s, "01");
    assert_int_equal(s->sessions, 2);
    secure_close_server(s);
    desk_ok(d, NOTIFY); /* an unconfirmed one is not lost either */
    desk_wire(d, "5245 <mid> A1A2 6102 60 FF'abcde'");
    desk_urc(d, "+QLANOTIFY: 0");
    assert_int_equal(s->sessions, 3);
    secure_close_server(s);
    update(s);
    secure_free(s);
}

static void message_on_its_way_goes_again_in_the_new_session(void **state) /* MODULE 4 */
{
    (void)state;
    struct secure_desk *s = observed();
    struct desk *d = &s->desk;
    desk_ok(d, "AT+QLAUPDATE=0,300");
    desk_wire(d, UPDATE_WIRE);
    secure_close_server(s);
    desk_quiet_until(d, 4000);
    desk_wire(d, "4402 <again> <token> <location> 46'lt=300'");
    assert_int_equal(s->sessions, 2);
    desk_server(d, "6444 <mid> <token>");
    desk_urc(d, "+QLAUPDATE: 0,<mid>");
    secure_free(s);
}

static void fatal_alert_ends_the_session_and_nothing_else(void **state) /* RFC 5246 section 7.2 */
{
    (void)state;
    struct secure_desk *s = observed();
    struct desk *d = &s->desk;
    secure_send_alert(s, ALERT_FATAL, ALERT_INTERNAL_ERROR);
    desk_quiet(d);
    assert_non_null(strstr(s->log, "dtls: the peer sent alert 80"));
    desk_status(d, 2);
    notify(s, "01");
    assert_int_equal(s->sessions, 2);
    secure_send_alert(s, ALERT_WARNING, ALERT_CLOSE_NOTIFY);
    notify(s, "02");
    assert_int_equal(s->sessions, 3);
    secure_free(s);
}

/* The update waits for the handshake; when that has failed, no other begins for 60 s. */
static void failed_handshake_is_tried_again_after_60_s(void **state) /* docs/AT.md */
{
    (void)state;
    struct secure_desk *s = observed();
    struct desk *d = &s->desk;
    secure_close_server(s);
    s->server_deaf = true;
    secure_mark(s, NOTHING_IS_LOST);
    desk_ok(d, "AT+QLAUPDATE=0,300");
    desk_quiet_until(d, SECURE_GIVES_UP_MS);
    assert_int_equal(s->count, 5);
    assert_non_null(strstr(s->log, "dtls: no answer\n"));
    desk_quiet_until(d, 59000);
    assert_int_equal(s->count, 5);
    s->server_deaf = false;
    desk_after(d, 1000);
    desk_wire(d, UPDATE_WIRE);
    desk_server(d, "6444 <mid> <token>");
    desk_urc(d, "+QLAUPDATE: 0,<mid>");
    desk_status(d, 2);
    secure_free(s);
}

static void update_ends_in_1_when_no_handshake_succeeds(void **state) /* G 6 table 5 */
{
    (void)state;
    struct secure_desk *s = observed();
    struct desk *d = &s->desk;
    secure_close_server(s);
    s->server_deaf = true;
    desk_ok(d, "AT+QLACFG=\"retransmit\",4,1");
    desk_ok(d, "AT+QLACFG=\"lifetime_enable\",0");
    desk_ok(d, "AT+QLAUPDATE=0,300");
    desk_quiet_until(d, SECURE_GIVES_UP_MS + 4000 + 8000);
    assert_non_null(strstr(d->serial, "+QLAUPDATE: 1,"));
    d->serial_len = 0;
    desk_status(d, 2);
    s->server_deaf = false;
    desk_after(d, 60000);
    notify(s, "01");
    secure_free(s);
}

static void lost_coverage_in_a_later_handshake_is_survived(void **state) /* MODULE 6 */
{
    (void)state;
    struct secure_desk *s = observed();
    struct desk *d = &s->desk;
    secure_close_server(s);
    secure_mark(s, 2);
    desk_ok(d, "AT+QLAUPDATE=0,300");
    desk_coverage(d, false);
    desk_after(d, 30000);
    desk_coverage(d, true);
    desk_expect(d, ATTACHED_LINE);
    for (unsigned i = 0; i < 200 && d->wires == 0; i++)
        desk_after(d, 1000);
    desk_wire(d, UPDATE_WIRE);
    desk_server(d, "6444 <mid> <token>");
    desk_urc(d, "+QLAUPDATE: 0,<mid>");
    secure_free(s);
}

static void without_coverage_no_handshake_begins(void **state) /* MODULE 6 */
{
    (void)state;
    struct secure_desk *s = observed();
    struct desk *d = &s->desk;
    secure_close_server(s);
    desk_coverage(d, false);
    secure_mark(s, NOTHING_IS_LOST);
    desk_ok(d, "AT+QLAUPDATE=0,300");
    desk_quiet_until(d, 124000);
    assert_non_null(strstr(d->serial, "+QLAUPDATE: 1,"));
    d->serial_len = 0;
    assert_int_equal(s->count, 0);
    assert_null(strstr(s->log, "dtls: no answer"));
    desk_coverage(d, true);
    desk_expect(d, ATTACHED_LINE);
    notify(s, "01");
    secure_free(s);
}

/* --- The radio -------------------------------------------------------------------------------- */

static void release_assistance_waits_for_the_message(void **state) /* G 2.12 rai_mode, MODULE 6 */
{
    (void)state;
    struct secure_desk *s = observed();
    struct desk *d = &s->desk;
    secure_close_server(s);
    desk_after(d, 20000);
    desk_ok(d, "AT+CSCON=1");
    desk_ok(d, NOTIFY ",0,1");
    desk_wire(d, "5245 <mid> A1A2 6101 60 FF'abcde'");
    desk_urc(d, "+QLANOTIFY: 0");
    desk_expect(d, "\r\n+CSCON: 1\r\n\r\n+CSCON: 0\r\n");
    desk_quiet(d);
    secure_close_server(s);
    desk_after(d, 30000);
    d->serial_len = 0;
    desk_ok(d, NOTIFY ",1,2");
    desk_wire(d, "4245 <mid> A1A2 6102 60 FF'abcde'");
    desk_urc(d, "+QLAURC: \"report\",<mid>");
    desk_urc(d, "+QLANOTIFY: 0");
    desk_urc(d, "+CSCON: 1");
    desk_quiet(d);
    desk_server(d, "6000 <mid>");
    desk_expect(d, "\r\n+CSCON: 0\r\n\r\n+QLAURC: \"report_ack\",0,<mid>\r\n");
    secure_free(s);
}

static void host_that_does_not_read_loses_no_session(void **state) /* MODULE 1 */
{
    (void)state;
    struct secure_desk *s = observed();
    struct desk *d = &s->desk;
    desk_listen(d, false);
    char request[40];
    for (unsigned i = 0; i < 20; i++) {
        snprintf(request, sizeof(request), "4201%04XC1C2 B2'19' 01'0' 01'0'", 0x2000 + i);
        desk_server(d, request);
    }
    secure_close_server(s);
    desk_listen(d, true);
    d->serial_len = d->wires = 0;
    desk_after(d, 2000);
    d->serial_len = d->wires = 0;
    notify(s, "01");
    secure_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_exchange_goes_through_the_session),
        cmocka_unit_test(longest_message_fits_into_a_datagram),
        cmocka_unit_test(deregistration_says_goodbye),
        cmocka_unit_test(deregistration_acknowledges_before_it_says_goodbye),
        cmocka_unit_test(registration_that_the_server_ends_ends_in_a_goodbye),
        cmocka_unit_test(nothing_is_said_after_the_goodbye),
        cmocka_unit_test(strangers_and_plain_coap_are_not_heard),
        cmocka_unit_test(record_from_another_address_is_not_heard),
        cmocka_unit_test(repeated_records_are_dropped),
        cmocka_unit_test(changed_and_cut_records_are_dropped),
        cmocka_unit_test(forged_alerts_and_hellos_do_not_end_the_session),
        cmocka_unit_test(update_after_silence_makes_a_new_handshake),
        cmocka_unit_test(notification_after_silence_makes_a_new_handshake),
        cmocka_unit_test(message_of_a_closed_session_waits_for_the_handshake),
        cmocka_unit_test(message_on_its_way_goes_again_in_the_new_session),
        cmocka_unit_test(fatal_alert_ends_the_session_and_nothing_else),
        cmocka_unit_test(failed_handshake_is_tried_again_after_60_s),
        cmocka_unit_test(update_ends_in_1_when_no_handshake_succeeds),
        cmocka_unit_test(lost_coverage_in_a_later_handshake_is_survived),
        cmocka_unit_test(without_coverage_no_handshake_begins),
        cmocka_unit_test(release_assistance_waits_for_the_message),
        cmocka_unit_test(host_that_does_not_read_loses_no_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
