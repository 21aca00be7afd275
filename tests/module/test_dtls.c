/*
 * Registration and the session above it over DTLS with a pre-shared key (G 2.1, 2.2; MODULE 2, 4;
 * RFC 4279, 6347, 7925): the way in, and all that can go wrong on it.
 */
#include "secure_desk.h"

#include <stdio.h>
#include <string.h>

#include "base/sink.h"

#define NOTIFY "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0"

/* --- The way in ------------------------------------------------------------------------------- */

/*
 *   host                  module                          server
 *    | -- AT+QLAREG ---->  | --- ClientHello ------------> |
 *    | <- OK ------------- | <-- HelloVerifyRequest ------ |
 *    |                     | --- ClientHello + cookie ---> |
 *    |                     | <-- ServerHello, Done ------- |
 *    |                     | --- KeyExchange, Finished --> |
 *    |                     | <-- Finished ---------------- |
 *    |                     | === POST /rd ===============> |
 *    | <- +QLAREG: 0 ----- | <== 2.01 ==================== |
 */
static void registration_goes_over_a_handshake(void **state) /* G 2.1 <security_mode> 0 */
{
    (void)state;
    struct secure_desk *s = secure_configured();
    secure_mark(s, NOTHING_IS_LOST);
    secure_registers(s);
    secure_is(s, BC_DTLS_OPEN);
    assert_string_equal(bc_dtls_version_name(s->peer), "DTLSv1.2");
    assert_string_equal(bc_dtls_cipher_name(s->peer), "PSK-AES128-CCM8");
    assert_true(bc_view_equal(bc_dtls_identity(s->peer), BC_TEXT(SECURE_IDENTITY)));
    assert_false(bc_dtls_resumed(s->peer));
    assert_int_equal(s->sessions, 1);
    assert_int_equal(s->keylog_lines, 1);
    desk_status(&s->desk, 2);
    secure_free(s);
}

static void status_is_registering_while_the_handshake_goes_on(void **state)
{
    (void)state;
    struct secure_desk *s = secure_configured();
    s->server_deaf = true;
    desk_ok(&s->desk, "AT+QLAREG");
    desk_status(&s->desk, 1);
    desk_error(&s->desk, "AT+QLAREG");
    desk_error(&s->desk, SECURE_CONFIGURE);
    desk_error(&s->desk, "AT+QLADEREG");
    desk_error(&s->desk, "AT+QLACFG=\"dtls_version\",1");
    s->server_deaf = false;
    desk_after(&s->desk, 4000);
    desk_wire(&s->desk, REGISTER_WIRE(",</19/0>"));
    desk_server(&s->desk, "6441 <mid> <token> <location>");
    desk_urc(&s->desk, "+QLAREG: 0");
    secure_free(s);
}

static void host_name_is_resolved_before_the_handshake(void **state) /* MODULE 2 */
{
    (void)state;
    struct secure_desk *s = secure_configured();
    struct desk *d = &s->desk;
    desk_ok(d, "AT+QLACONFIG=0,\"lwm2m.example\",5684,\"867724030023557\",300,0,\"" SECURE_IDENTITY
               "\",\"" SECURE_KEY "\"");
    desk_ok(d, "AT+QLAREG");
    assert_int_equal(d->queries, 1);
    d->queries = 0;
    assert_int_equal(s->sessions, 0);
    desk_resolved(d, d->query.id, "180.101.147.115");
    desk_wire(d, REGISTER_WIRE(",</19/0>"));
    desk_server(d, "6441 <mid> <token> <location>");
    desk_urc(d, "+QLAREG: 0");
    secure_free(s);
}

/* --- dtls_version ----------------------------------------------------------------------------- */

static void each_version_meets_each_server(void **state) /* G 2.2 <DTLS_version> */
{
    (void)state;
    static const char *const agreed[3][3] = {
        /* the server:           1.0          1.2          either */
        [BC_DTLS_1_0] = {"DTLSv1", NULL, "DTLSv1"},
        [BC_DTLS_1_2] = {NULL, "DTLSv1.2", "DTLSv1.2"},
        [BC_DTLS_NEGOTIATED] = {"DTLSv1", "DTLSv1.2", "DTLSv1.2"},
    };
    struct secure_desk *s = secure_configured();
    for (unsigned own = 0; own < 3; own++) {
        for (unsigned other = 0; other < 3; other++) {
            char line[40];
            snprintf(line, sizeof(line), "AT+QLACFG=\"dtls_version\",%u", own);
            desk_ok(&s->desk, line);
            secure_restart_server(s, (enum bc_dtls_version)other, true);
            if (agreed[own][other] == NULL) {
                secure_refused(s, 0);
                continue;
            }
            secure_registers(s);
            assert_string_equal(bc_dtls_version_name(s->peer), agreed[own][other]);
            desk_ok(&s->desk, "AT+QLADEREG");
            desk_wire(&s->desk, "4404 <mid> <token> <location>");
            desk_server(&s->desk, "6442 <mid> <token>");
            desk_urc(&s->desk, "+QLADEREG: 0");
        }
    }
    secure_free(s);
}

/* --- The key ---------------------------------------------------------------------------------- */

#define TEN "0123456789"
#define FIFTY TEN TEN TEN TEN TEN
#define TEXT_250 FIFTY FIFTY FIFTY FIFTY FIFTY

struct key_case {
    enum bc_psk_format format;
    const char *typed;
    const char *bytes; /* NULL: ERROR */
    size_t len;        /* of `bytes`; 0 = a text */
};

static void configure_key(struct secure_desk *s, const char *identity, const char *key, bool legal)
{
    char line[BC_AT_LINE_BYTES_MAX];
    snprintf(line, sizeof(line),
             "AT+QLACONFIG=0,\"180.101.147.115\",5684,\"867724030023557\",300,0,\"%s\",\"%s\"",
             identity, key);
    if (legal)
        desk_ok(&s->desk, line);
    else
        desk_error(&s->desk, line);
}

static void check_key(const struct key_case *c)
{
    struct secure_desk *s = secure_new(&(struct bc_config){.seed = 1, .psk_format = c->format});
    desk_ok(&s->desk, "AT+QLAADDOBJ=19,0,3,0,1,2");
    configure_key(s, SECURE_IDENTITY, c->typed, c->bytes != NULL);
    if (c->bytes == NULL) {
        desk_status(&s->desk, 5);
    } else {
        size_t len = c->len == 0 ? strlen(c->bytes) : c->len;
        s->key = (bc_view){(const uint8_t *)c->bytes, len};
        secure_registers(s);
    }
    secure_free(s);
}

static void hex_digits_are_key_bytes_and_the_rest_is_text(void **state) /* MODULE 2 */
{
    (void)state;
    static const struct key_case cases[] = {
        {BC_PSK_AUTO, "s3cr3t", "s3cr3t", 0},
        {BC_PSK_AUTO, "k", "k", 0},
        {BC_PSK_AUTO, "00010203040506070809aabbccddeeff",
         "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\xAA\xBB\xCC\xDD\xEE\xFF", 16},
        {BC_PSK_AUTO, "A1B2C3D4E5F60718", "\xA1\xB2\xC3\xD4\xE5\xF6\x07\x18", 8},
        {BC_PSK_AUTO, "a1B2c3D4e5F60718", "\xA1\xB2\xC3\xD4\xE5\xF6\x07\x18", 8},
        {BC_PSK_AUTO, "A1B2C3D4E5F607", "A1B2C3D4E5F607", 0},       /* 14: too few */
        {BC_PSK_AUTO, "A1B2C3D4E5F6071", "A1B2C3D4E5F6071", 0},     /* 15 */
        {BC_PSK_AUTO, "A1B2C3D4E5F607181", "A1B2C3D4E5F607181", 0}, /* an odd number */
        {BC_PSK_AUTO, "A1B2C3D4E5F6071G", "A1B2C3D4E5F6071G", 0},   /* no digit */
        {BC_PSK_AUTO, "\xE9\x92\xA5\xE5\x8C\x99", "\xE9\x92\xA5\xE5\x8C\x99", 0},
        {BC_PSK_AUTO, TEXT_250 "-key-1", TEXT_250 "-key-1", 0}, /* 256 */
        {BC_PSK_AUTO, TEXT_250 "-key-12", NULL, 0},             /* 257 */
        {BC_PSK_TEXT, "A1B2C3D4E5F60718", "A1B2C3D4E5F60718", 0},
        {BC_PSK_TEXT, TEXT_250 "012345", TEXT_250 "012345", 0},
        {BC_PSK_HEX, "A1b2", "\xA1\xB2", 2},
        {BC_PSK_HEX, "A1b", NULL, 0},
        {BC_PSK_HEX, "s3cr3t", NULL, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_key(&cases[i]);
}

static void longest_key_in_hex_digits_has_128_bytes(void **state) /* G 2.1 */
{
    (void)state;
    char digits[BC_PSK_BYTES_MAX + 1];
    uint8_t bytes[BC_PSK_BYTES_MAX / 2];
    memset(digits, '7', BC_PSK_BYTES_MAX);
    memset(bytes, 0x77, sizeof(bytes));
    digits[BC_PSK_BYTES_MAX] = '\0';
    check_key(&(struct key_case){BC_PSK_AUTO, digits, (const char *)bytes, sizeof(bytes)});
}

static void identity_has_at_most_150_bytes(void **state) /* G 2.1 */
{
    (void)state;
    struct secure_desk *s = secure_new(NULL);
    desk_ok(&s->desk, "AT+QLAADDOBJ=19,0,3,0,1,2");
    configure_key(s, FIFTY FIFTY FIFTY "x", SECURE_KEY, false);
    configure_key(s, FIFTY FIFTY FIFTY, SECURE_KEY, true);
    s->identity = FIFTY FIFTY FIFTY;
    secure_registers(s);
    assert_true(bc_view_equal(bc_dtls_identity(s->peer), BC_TEXT(FIFTY FIFTY FIFTY)));
    secure_free(s);
}

static void key_and_identity_come_together_or_not_at_all(void **state) /* MODULE 2 */
{
    (void)state;
    struct secure_desk *s = secure_new(NULL);
#define HEAD "AT+QLACONFIG=0,\"180.101.147.115\",5684,\"867724030023557\",300,0"
    desk_error(&s->desk, HEAD);
    desk_error(&s->desk, HEAD ",\"id\"");
    desk_error(&s->desk, HEAD ",\"id\",\"\"");
    desk_error(&s->desk, HEAD ",,\"key\"");
    desk_status(&s->desk, 5);
    secure_free(s);
}

/* --- Handshakes that fail --------------------------------------------------------------------- */

/* The server cannot read the Finished and drops it, as a forged one. */
static void wrong_key_is_900_after_63_s(void **state) /* RFC 4279 section 2, RFC 6347 4.1.2.7 */
{
    (void)state;
    struct secure_desk *s = secure_configured();
    s->key = BC_TEXT("another-key");
    secure_refused(s, SECURE_GIVES_UP_MS);
    assert_non_null(strstr(s->log, "dtls: no answer\n"));
    s->key = BC_TEXT(SECURE_KEY);
    secure_registers(s);
    secure_free(s);
}

static void unknown_identity_is_900_at_once(void **state) /* RFC 4279 section 2 */
{
    (void)state;
    struct secure_desk *s = secure_configured();
    s->identity = "somebody";
    secure_refused(s, 0);
    assert_non_null(strstr(s->log, "dtls: the peer sent alert 115"));
    s->identity = SECURE_IDENTITY;
    secure_registers(s);
    secure_free(s);
}

/*
 *   module                 server
 *    | -- ClientHello ->     at 0, 4, 12, 28 and 60 s: ACK_timeout * 2^(n-1)
 *    | given up              at 63 s
 */
static void silent_server_is_900_after_63_s(void **state) /* RFC 6347 section 4.2.4 */
{
    (void)state;
    struct secure_desk *s = secure_configured();
    struct desk *d = &s->desk;
    s->server_deaf = true;
    secure_mark(s, NOTHING_IS_LOST);
    desk_ok(d, "AT+QLAREG");
    static const uint32_t waits_ms[] = {4000, 8000, 16000, 32000};
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(s->count, i + 1);
        desk_quiet_until(d, waits_ms[i]);
    }
    assert_int_equal(s->count, 5);
    desk_quiet_until(d, 3000);
    desk_urc(d, "+QLAREG: 900");
    desk_status(d, 0);
    desk_after(d, 3600000);
    assert_int_equal(s->count, 5);
    s->server_deaf = false;
    secure_registers(s);
    secure_free(s);
}

static void ack_timeout_paces_the_handshake(void **state) /* G 2.2 <ACK_timeout> */
{
    (void)state;
    struct secure_desk *s = secure_configured();
    struct desk *d = &s->desk;
    s->server_deaf = true;
    desk_ok(d, "AT+QLACFG=\"retransmit\",20,0");
    secure_mark(s, NOTHING_IS_LOST);
    desk_ok(d, "AT+QLAREG");
    desk_quiet_until(d, 20000);
    assert_int_equal(s->count, 2);
    desk_quiet_until(d, 40000);
    assert_int_equal(s->count, 3);
    desk_quiet_until(d, 3000);
    desk_urc(d, "+QLAREG: 900");
    secure_free(s);
}

static void each_datagram_of_the_handshake_may_be_lost(void **state) /* RFC 6347 section 4.2.4 */
{
    (void)state;
    for (unsigned version = 0; version < 3; version++) {
        struct secure_desk *first = secure_configured();
        secure_restart_server(first, (enum bc_dtls_version)version, true);
        secure_mark(first, NOTHING_IS_LOST);
        secure_registers(first);
        uint32_t count = first->count;
        secure_free(first);
        assert_in_range(count, 8, 40);
        for (uint32_t lost = 0; lost < count - 1; lost++) { /* the last one is the 2.01 */
            struct secure_desk *s = secure_configured();
            secure_restart_server(s, (enum bc_dtls_version)version, true);
            secure_mark(s, lost);
            secure_registers(s);
            assert_int_equal(s->sessions, 1);
            secure_free(s);
        }
    }
}

static void lost_coverage_ends_the_handshake_in_900(void **state) /* G 6 table 5, MODULE 6 */
{
    (void)state;
    struct secure_desk *s = secure_configured();
    struct desk *d = &s->desk;
    secure_mark(s, 3);
    desk_ok(d, "AT+QLAREG");
    assert_int_equal(s->count, 4);
    desk_coverage(d, false);
    uint32_t count = s->count;
    uint64_t start_ms = d->now_ms;
    while (d->serial_len == 0 && d->now_ms - start_ms <= SECURE_GIVES_UP_MS)
        desk_after(d, 100);
    desk_urc(d, "+QLAREG: 900");
    assert_int_equal(d->now_ms - start_ms, SECURE_GIVES_UP_MS);
    assert_in_range(s->count, count, count + 10); /* the server's repetitions */
    desk_coverage(d, true);
    desk_expect(d, ATTACHED_LINE);
    secure_mark(s, NOTHING_IS_LOST);
    secure_registers(s);
    secure_free(s);
}

static void short_loss_of_coverage_only_delays_the_handshake(void **state)
{
    (void)state;
    struct secure_desk *s = secure_configured();
    struct desk *d = &s->desk;
    secure_mark(s, 3);
    desk_ok(d, "AT+QLAREG");
    desk_coverage(d, false);
    desk_after(d, 10000);
    desk_coverage(d, true);
    desk_expect(d, ATTACHED_LINE);
    while (d->wires == 0 && d->now_ms < UINT32_MAX)
        desk_after(d, 1000);
    desk_wire(d, REGISTER_WIRE(",</19/0>"));
    desk_server(d, "6441 <mid> <token> <location>");
    desk_urc(d, "+QLAREG: 0");
    secure_free(s);
}

static void refused_registration_says_goodbye(void **state) /* MODULE 2 QLAREG */
{
    (void)state;
    struct secure_desk *s = secure_configured();
    desk_ok(&s->desk, "AT+QLAREG");
    desk_wire(&s->desk, REGISTER_WIRE(",</19/0>"));
    desk_server(&s->desk, "6483 <mid> <token>");
    desk_urc(&s->desk, "+QLAREG: 403");
    secure_is(s, BC_DTLS_CLOSED);
    desk_status(&s->desk, 0);
    secure_registers(s);
    assert_int_equal(s->sessions, 2);
    secure_free(s);
}

static void registration_without_an_answer_is_1_and_says_goodbye(void **state) /* MODULE 2 */
{
    (void)state;
    struct secure_desk *s = secure_configured();
    struct desk *d = &s->desk;
    desk_ok(d, "AT+QLAREG");
    desk_wire(d, REGISTER_WIRE(",</19/0>"));
    for (uint64_t wait_ms = 4000; wait_ms <= 32000; wait_ms *= 2) {
        desk_quiet_until(d, wait_ms);
        assert_int_equal(d->wires, 1);
        d->wires = 0;
    }
    desk_quiet_until(d, 64000);
    desk_urc(d, "+QLAREG: 1");
    secure_is(s, BC_DTLS_CLOSED);
    secure_free(s);
}

/* --- The end of the program ------------------------------------------------------------------- */

static void module_may_end_at_any_moment(void **state) /* LeakSanitizer looks */
{
    (void)state;
    for (uint32_t lost = 0; lost < 12; lost++) {
        struct secure_desk *s = secure_configured();
        secure_mark(s, lost);
        desk_ok(&s->desk, "AT+QLAREG");
        secure_abandon(s);
    }
    struct secure_desk *s = secure_registered();
    bc_module_end(s->desk.module);
    secure_abandon(s); /* twice is fine */
}

static void reset_power_cut_and_power_down_end_the_handshake(void **state) /* MODULE 5 */
{
    (void)state;
    struct secure_desk *s = secure_configured();
    struct desk *d = &s->desk;
    s->server_deaf = true;
    desk_ok(d, "AT+QLAREG");
    desk_reset(d);
    desk_booted(d);
    desk_status(d, 0);
    desk_ok(d, "AT+QLAREG");
    desk_power(d, false);
    desk_after(d, 100000);
    desk_power(d, true);
    desk_booted(d);
    desk_ok(d, "AT+QLAREG");
    desk_ok(d, "AT+QPOWD");
    desk_urc(d, "POWERED DOWN");
    desk_after(d, 100000);
    desk_quiet(d);
    desk_reset(d);
    desk_booted(d);
    s->server_deaf = false;
    secure_registers(s);
    secure_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registration_goes_over_a_handshake),
        cmocka_unit_test(status_is_registering_while_the_handshake_goes_on),
        cmocka_unit_test(host_name_is_resolved_before_the_handshake),
        cmocka_unit_test(each_version_meets_each_server),
        cmocka_unit_test(hex_digits_are_key_bytes_and_the_rest_is_text),
        cmocka_unit_test(longest_key_in_hex_digits_has_128_bytes),
        cmocka_unit_test(identity_has_at_most_150_bytes),
        cmocka_unit_test(key_and_identity_come_together_or_not_at_all),
        cmocka_unit_test(wrong_key_is_900_after_63_s),
        cmocka_unit_test(unknown_identity_is_900_at_once),
        cmocka_unit_test(silent_server_is_900_after_63_s),
        cmocka_unit_test(ack_timeout_paces_the_handshake),
        cmocka_unit_test(each_datagram_of_the_handshake_may_be_lost),
        cmocka_unit_test(lost_coverage_ends_the_handshake_in_900),
        cmocka_unit_test(short_loss_of_coverage_only_delays_the_handshake),
        cmocka_unit_test(refused_registration_says_goodbye),
        cmocka_unit_test(registration_without_an_answer_is_1_and_says_goodbye),
        cmocka_unit_test(module_may_end_at_any_moment),
        cmocka_unit_test(reset_power_cut_and_power_down_end_the_handshake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
