/*
 * What no usual session leads to: full arenas and tables, lines that few hosts send.
 */
#include <stdio.h>
#include <string.h>

#include "desk.h"

/* --- Lines that few hosts send ---------------------------------------------------------------- */

static void serial_numbers_have_their_variants(void **state) /* TS 27.007 5.4 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_tells(&d, "AT+CGSN=2", "+CGSN: 8677240300235501");
    desk_tells(&d, "AT+CGSN=3", "+CGSN: 01");
    desk_end(&d);
}

static void network_queries_without_a_network(void **state)
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_tells(&d, "AT+QENG=3", "+QENG: 3,2506,176,-59,-6,31");
    desk_ok(&d, "AT+CFUN=0");
    desk_tells(&d, "AT+COPS?", "+COPS: 0");
    desk_ok(&d, "AT+QENG=0");
    desk_end(&d);
}

static void clock_outside_the_calendar_shows_1970(void **state)
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_clock(&d, -5);
    desk_tells(&d, "AT+CCLK?", "+CCLK: \"1970/01/01,00:00:00+32\"");
    desk_clock(&d, INT64_C(253402300800));
    desk_tells(&d, "AT+CCLK?", "+CCLK: \"1970/01/01,00:00:00+32\"");
    desk_end(&d);
}

static void settings_that_change_nothing_are_kept(void **state)
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+CTZR=3");
    desk_tells(&d, "AT+CTZR?", "+CTZR: 3");
    desk_ok(&d, "AT+QATWAKEUP=1");
    desk_tells(&d, "AT+QATWAKEUP?", "+QATWAKEUP: 1");
    desk_host(&d, "AT+QICLOSE=0");
    desk_expect(&d, "\r\nCLOSE OK\r\n\r\nOK\r\n");
    desk_end(&d);
}

static void timer_octets_are_binary_digits(void **state) /* TS 24.008 10.5.7 */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_error(&d, "AT+CPSMS=1,,,\"0100001\"");
    desk_error(&d, "AT+CPSMS=1,,,,\"0000010x\"");
    desk_tells(&d, "AT+CPSMS?", "+CPSMS: 1,,,\"01000001\",\"00000101\"");
    desk_ok(&d, "AT+CPSMS=1,,,\"11111111\",\"10000000\"");
    desk_tells(&d, "AT+CPSMS?", "+CPSMS: 1,,,\"11111111\",\"10000000\"");
    desk_error(&d, "AT+CEDRXS=1,5,\"010\"");
    desk_error(&d, "AT+CEDRXS=1,5,\"012 \"");
    desk_ok(&d, "AT+CEDRXS=1,5,\"1010\"");
    desk_tells(&d, "AT+CEDRXS?", "+CEDRXS: 5,\"1010\"");
    desk_tells(&d, "AT+CEDRXRDP", "+CEDRXRDP: 5,\"1010\",\"1010\",\"0011\"");
    desk_end(&d);
}

static void timers_that_are_discarded_are_the_factorys(void **state) /* TS 27.007 7.38, 7.40 */
{
    static const char *const discard[] = {"AT+CPSMS=2", "AT+CPSMS="};
    (void)state;
    struct desk d;
    desk_ready(&d);
    for (size_t i = 0; i < 2; i++) {
        desk_ok(&d, "AT+CPSMS=1,,,\"11111111\",\"10000000\"");
        desk_ok(&d, "AT+CPSMS=0");
        desk_tells(&d, "AT+CPSMS?", "+CPSMS: 0,,,\"11111111\",\"10000000\"");
        desk_ok(&d, discard[i]);
        desk_tells(&d, "AT+CPSMS?", "+CPSMS: 0,,,\"01000001\",\"00000101\"");
    }
    desk_ok(&d, "AT+CEDRXS=1,5,\"1010\"");
    desk_ok(&d, "AT+CEDRXS=0");
    desk_tells(&d, "AT+CEDRXS?", "+CEDRXS: 5,\"1010\"");
    desk_ok(&d, "AT+CEDRXS=3");
    desk_tells(&d, "AT+CEDRXS?", "+CEDRXS: 5,\"0101\"");
    desk_end(&d);
}

static void float_of_forty_digits_is_an_error(void **state)
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_observed(&d);
    desk_error(&d, "AT+QLANOTIFY=19,0,0,4,4,0.00000000000000000000000000000000000001,0");
    desk_ok(&d, "AT+QLANOTIFY=19,0,0,4,4,0.0000000000000000000000000000000000001,0");
    desk_urc(&d, "+QLANOTIFY: 0");
    assert_int_equal(d.wires, 1);
    d.wires = 0;
    desk_end(&d);
}

static void count_line(void *context, const char *line)
{
    assert_true(*line != '\0');
    ++*(unsigned *)context;
}

static void state_changes_are_traced(void **state) /* module.h */
{
    (void)state;
    struct desk d;
    unsigned lines = 0;
    struct bc_config config = {.seed = 1, .trace = count_line, .trace_context = &lines};
    desk_begin(&d, &config);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_host(&d, "ATE0");
    desk_expect(&d, "ATE0\r\r\nOK\r\n");
    unsigned before = lines;
    desk_ok(&d, CONFIGURE);
    assert_true(lines > before);
    assert_true(strlen(bc_version()) >= strlen("0.1.0"));
    desk_end(&d);
}

/* --- The arena, full -------------------------------------------------------------------------- */

/* One part of an answer or notification: `len` bytes of 'x'. */
static void part(struct desk *d, const char *front, unsigned resource, unsigned len, unsigned index,
                 const char *result)
{
    static char line[BC_AT_LINE_BYTES_MAX];
    char text[1025];
    memset(text, 'x', len);
    text[len] = '\0';
    snprintf(line, sizeof(line), "%s19,0,%u,1,%u,\"%s\",%u", front, resource, len, text, index);
    desk_command_at(d, line, "", result, __FILE__, __LINE__);
}

#define ANSWER "AT+QLARDRSP=4097,1,"

/* An instance is read; the host has given two parts of 1000 bytes: 160 bytes are free. */
static void two_parts(struct desk *d)
{
    desk_registered(d);
    desk_server(d, "52011001A1A2 B2'19' 01'0'");
    desk_urc(d, "+QLAURC: \"read\",4097,19,0,-1");
    for (unsigned i = 0; i < 2; i++) {
        part(d, ANSWER, i, 1000, 9 - i, "OK");
        desk_urc(d, "+QLARDRSP: 0");
    }
}

static void part_without_room_is_an_error_and_the_request_waits(void **state) /* BC_ARENA_BYTES */
{
    (void)state;
    struct desk d;
    two_parts(&d);
    part(&d, ANSWER, 2, 1000, 7, "ERROR");
    desk_ok(&d, "AT+QLARDRSP=4097,13,19,0,0,1,0,\"\",0");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "5284 <mid> A1A2");
    assert_true(bc_idle(d.module));
    desk_end(&d);
}

static void notification_part_without_room_is_an_error_and_begins_anew(void **state)
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLACFG=\"auto_ack\",1");
    desk_server(&d, "42011001A1A2 60 52'19' 01'0'");
    desk_urc(&d, "+QLAURC: \"observe\",4097,0,19,0,-1");
    desk_wire(&d, "62451001A1A2 60");
    for (unsigned i = 0; i < 2; i++)
        part(&d, "AT+QLANOTIFY=", i, 1000, 9 - i, "OK");
    part(&d, "AT+QLANOTIFY=", 2, 1000, 7, "ERROR");
    assert_true(bc_idle(d.module));
    part(&d, "AT+QLANOTIFY=", 0, 1, 0, "OK");
    desk_urc(&d, "+QLANOTIFY: 0");
    desk_wire(&d, "5245 <mid> A1A2 6101 622D16 FF C100'x'");
    desk_end(&d);
}

static void upload_without_room_is_4_13(void **state) /* RFC 7959 2.9.3 */
{
    (void)state;
    struct desk d;
    two_parts(&d);
    for (unsigned i = 0; i < 3; i++) {
        char pattern[200];
        snprintf(pattern, sizeof(pattern),
                 "4203 20%02X C1C2 B2'19' 01'0' 01'1' 10 D102%02X FF "
                 "'0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'",
                 i, i << 4 | 0xA);
        desk_server(&d, pattern);
        snprintf(pattern, sizeof(pattern),
                 i < 2 ? "625F 20%02X C1C2 D10E%02X" : "628D 20%02X C1C2 D10E%02X D2140400", i,
                 i << 4 | 0xA);
        desk_wire(&d, pattern);
    }
    desk_end(&d);
}

/* A host that collects without end keeps no room for any answer: requests go unheard until what it
 * collects is dropped. */
static void full_arena_is_silence_for_247_s(void **state) /* bounded memory */
{
    (void)state;
    struct desk d;
    two_parts(&d);
    part(&d, ANSWER, 2, 150, 7, "OK");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_ok(&d, "AT+QLACFG=\"auto_ack\",1");
    desk_ok(&d, "AT+QLACFG=\"lifetime_enable\",0");
    for (unsigned i = 0; i < 2; i++) {
        desk_server(&d, "42012001C1C2 B1'9'");
        desk_server(&d, "42012002C1C2 B1'3' 01'0' 01'0'");
        desk_server(&d, "42012003C1C2 60 52'19' 01'0' 01'1'");
        desk_urc(&d, "+QLAURC: \"observe\",8195,0,19,0,1");
        desk_quiet(&d);
    }
    desk_error(&d, "AT+QLARDRSP=4097,13,19,0,0,1,0,\"\",0");
    desk_after(&d, 247000);
    desk_error(&d, "AT+QLARDRSP=4097,13,19,0,0,1,0,\"\",0");
    assert_true(bc_idle(d.module));
    desk_end(&d);
}

/* --- Tables, full ----------------------------------------------------------------------------- */

/* `count` custom resources are observed. */
static void observe_many(struct desk *d, unsigned count)
{
    desk_registered(d);
    desk_ok(d, "AT+QLACFG=\"auto_ack\",1");
    desk_ok(d, "AT+QLAADDOBJ=100,0,14,0,1,2,3,4,5,6,7,8,9,10,11,12,13");
    assert_int_equal(d->wires, 1);
    d->wires = 0;
    for (unsigned i = 0; i < count; i++) {
        char pattern[80];
        snprintf(pattern, sizeof(pattern), "4201 30%02X C1%02X 60 5%u'%s' 01'0' 0%u'%u'", i, i,
                 i < 14 ? 3U : 2U, i < 14 ? "100" : "19", i < 14 && i > 9 ? 2U : 1U,
                 i < 14 ? i : i - 14);
        desk_server(d, pattern);
        assert_int_equal(d->wires, 1);
        assert_int_equal(d->wire[0].bytes[1], 0x45);
        d->wires = 0;
    }
    d->serial_len = 0;
    desk_ok(d, "AT+QLACFG=\"auto_ack\",0");
}

static void seventeenth_observation_of_a_built_in_resource_is_5_03(void **state) /* limits.h */
{
    (void)state;
    struct desk d;
    observe_many(&d, BC_OBSERVATIONS_MAX);
    desk_server(&d, "42014001C1C2 60 51'3' 01'0' 01'9'");
    desk_wire(&d, "62A34001C1C2");
    desk_end(&d);
}

/* Two observe requests wait for the host, and one place is left. */
static void place_for_an_observation_goes_to_the_first_answer(void **state)
{
    (void)state;
    struct desk d;
    observe_many(&d, BC_OBSERVATIONS_MAX - 1);
    desk_server(&d, "42014001C1C2 60 52'19' 01'0' 01'1'");
    desk_urc(&d, "+QLAURC: \"observe\",16385,0,19,0,1");
    desk_server(&d, "42014002C1C3 60 52'19' 01'0' 01'2'");
    desk_urc(&d, "+QLAURC: \"observe\",16386,0,19,0,2");
    desk_ok(&d, "AT+QLAOBSRSP=16385,1,19,0,1,1,1,\"a\",0");
    desk_urc(&d, "+QLAOBSRSP: 0");
    desk_wire(&d, "62454001C1C2 60 60 FF'a'");
    desk_error(&d, "AT+QLAOBSRSP=16386,1,19,0,2,1,1,\"a\",0");
    desk_ok(&d, "AT+QLAOBSRSP=16386,14,19,0,2,1,0,\"\",0");
    desk_urc(&d, "+QLAOBSRSP: 0");
    desk_wire(&d, "62854002C1C3");
    desk_end(&d);
}

/* Eight reports are unacknowledged when the update is due: it follows a second after one ends. */
static void update_without_room_is_sent_a_second_later(void **state) /* BC_EXCHANGES_MAX */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_observed(&d);
    desk_ok(&d, "AT+QLACFG=\"retransmit\",20,0");
    desk_after(&d, 245000); /* the update is due at 250 s */
    for (unsigned i = 0; i < BC_EXCHANGES_MAX; i++) {
        char pattern[60];
        desk_ok(&d, "AT+QLANOTIFY=19,0,0,1,1,\"a\",0,1");
        snprintf(pattern, sizeof(pattern), "4245 <mid> A1A2 61%02X 60 FF'a'", i + 1);
        desk_wire(&d, pattern);
        desk_urc(&d, "+QLAURC: \"report\",<mid>");
        desk_urc(&d, "+QLANOTIFY: 0");
    }
    desk_after(&d, 5500);
    desk_quiet(&d);
    desk_server(&d, "6000 <mid>");
    desk_urc(&d, "+QLAURC: \"report_ack\",0,<mid>");
    desk_quiet_until(&d, 500);
    desk_wire(&d, "4402 <mid> <token> <location>");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAURC: \"ping\",0");
    desk_end(&d);
}

/* --- Requests out of the ordinary ------------------------------------------------------------- */

static void opaque_resource_above_512_bytes_is_4_13(void **state) /* limits.h */
{
    (void)state;
    struct desk d;
    char pattern[700];
    char text[514];
    desk_registered(&d);
    memset(text, 'x', 513);
    text[513] = '\0';
    snprintf(pattern, sizeof(pattern), "42031001A1A2 B2'19' 01'0' 122D16 FF D0000201 '%s'", text);
    desk_server(&d, pattern);
    desk_wire(&d, "628D1001A1A2 D22F0400");
    desk_end(&d);
}

static void discover_in_blocks_of_no_size_is_bad_request(void **state) /* RFC 7959 2.2 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "42011001A1A2 B2'19' 6128 6107");
    desk_wire(&d, "62801001A1A2");
    desk_server(&d, "42011002A1A2 B1'3' 6128 6107");
    desk_wire(&d, "62801002A1A2");
    desk_end(&d);
}

/* The host reads nothing; thirteen results wait: a command that promises another is refused. */
static void answer_is_refused_while_results_have_no_room(void **state) /* BC_URCS_MAX */
{
    (void)state;
    struct desk d;
    unsigned errors = 0;
    desk_registered(&d);
    desk_observed(&d);
    desk_server(&d, "52012001A1A2 B2'19' 01'0' 01'0'");
    desk_urc(&d, "+QLAURC: \"read\",8193,19,0,0");
    desk_server(&d, "52032002A1A2 B2'19' 01'0' 01'0' 10 FF'a'");
    desk_urc(&d, "+QLAURC: \"write\",8194,19,0,0,1,1,\"a\",0");
    desk_listen(&d, false);
    for (unsigned i = 0; i < 13; i++)
        desk_type(&d, "AT+QLANOTIFY=19,0,0,1,1,\"a\",0\r");
    desk_type(&d, "AT+QLARDRSP=8193,13,19,0,0,1,0,\"\",0\rAT+QLAWRRSP=8194,2\r");
    assert_int_equal(d.wires, 13);
    d.wires = 0;
    desk_listen(&d, true);
    d.serial[d.serial_len] = '\0';
    for (const char *at = d.serial; (at = strstr(at, "ERROR")) != NULL; at++)
        errors++;
    assert_int_equal(errors, 2);
    d.serial_len = 0;
    desk_ok(&d, "AT+QLARDRSP=8193,13,19,0,0,1,0,\"\",0");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "5284 <mid> A1A2");
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serial_numbers_have_their_variants),
        cmocka_unit_test(network_queries_without_a_network),
        cmocka_unit_test(clock_outside_the_calendar_shows_1970),
        cmocka_unit_test(settings_that_change_nothing_are_kept),
        cmocka_unit_test(timer_octets_are_binary_digits),
        cmocka_unit_test(timers_that_are_discarded_are_the_factorys),
        cmocka_unit_test(float_of_forty_digits_is_an_error),
        cmocka_unit_test(state_changes_are_traced),
        cmocka_unit_test(part_without_room_is_an_error_and_the_request_waits),
        cmocka_unit_test(notification_part_without_room_is_an_error_and_begins_anew),
        cmocka_unit_test(upload_without_room_is_4_13),
        cmocka_unit_test(full_arena_is_silence_for_247_s),
        cmocka_unit_test(seventeenth_observation_of_a_built_in_resource_is_5_03),
        cmocka_unit_test(place_for_an_observation_goes_to_the_first_answer),
        cmocka_unit_test(update_without_room_is_sent_a_second_later),
        cmocka_unit_test(opaque_resource_above_512_bytes_is_4_13),
        cmocka_unit_test(discover_in_blocks_of_no_size_is_bad_request),
        cmocka_unit_test(answer_is_refused_while_results_have_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
