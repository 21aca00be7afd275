/*
 * Bootstrap and registration with security modes of their own (G 2.1, 5.4.2; LwM2M 1.0 sections
 * 5.2 and 7.1; OMA ETS LightweightM2M-1.0 401).
 */
#include "secure_desk.h"

#include <stdio.h>

#include "base/sink.h"

#define BOOTSTRAP_IDENTITY "bootstrap-867724030023557"
#define BOOTSTRAP_KEY "bootstrap-secret"
#define GIVEN_IDENTITY "urn:imei:867724030023557"
#define GIVEN_KEY "\x10\x21\x32\x43\x54\x65\x76\x87\x98\xA9\xBA\xCB\xDC\xED\xFE\x0F"
#define GIVEN_KEY_HEX "102132435465768798A9BACBDCEDFE0F"
#define CONFIGURE_BOOTSTRAP                                                                   \
    "AT+QLACONFIG=1,\"180.101.147.115\",5684,\"867724030023557\",300,0,\"" BOOTSTRAP_IDENTITY \
    "\",\"" BOOTSTRAP_KEY "\""
#define BS_WIRE "4402 <mid> <token> B2'bs' 4D05'ep=867724030023557'"
#define SECURED_ACCOUNT                                                         \
    "C8001C'coaps://180.101.147.116:5684' C10100 C10200 C80318'" GIVEN_IDENTITY \
    "' C80510" GIVEN_KEY_HEX " C20A0065"
#define PLAIN_ACCOUNT "C8001B'coap://180.101.147.116:5683' C10100 C10203 C20A0065"
#define SERVER "C2000065 C201012C C207'UQ'"
#define PAUSE_MS 100

static void at_bootstrap_server(struct secure_desk *s, bool plain)
{
    s->desk.server = (struct bc_address){.ip = {180, 101, 147, 115}, .ip_len = 4, .port = 5684};
    s->identity = BOOTSTRAP_IDENTITY;
    s->key = BC_TEXT(BOOTSTRAP_KEY);
    s->plain = plain;
    secure_restart_server(s, BC_DTLS_NEGOTIATED, true);
}

static void at_given_server(struct secure_desk *s, bool plain)
{
    s->desk.server =
        (struct bc_address){.ip = {180, 101, 147, 116}, .ip_len = 4, .port = plain ? 5683 : 5684};
    s->identity = GIVEN_IDENTITY;
    s->key = (bc_view){(const uint8_t *)GIVEN_KEY, sizeof(GIVEN_KEY) - 1};
    s->plain = plain;
    secure_restart_server(s, BC_DTLS_NEGOTIATED, true);
}

/* A module that knows its bootstrap server. */
static struct secure_desk *configured(bool plain)
{
    struct secure_desk *s = secure_new(NULL);
    at_bootstrap_server(s, plain);
    s->secret = BC_TEXT(BOOTSTRAP_KEY);
    desk_ok(&s->desk, "AT+QLAADDOBJ=19,0,3,0,1,2");
    desk_ok(&s->desk, plain ? "AT+QLACONFIG=1,\"180.101.147.115\",5684,\"867724030023557\",300,3"
                            : CONFIGURE_BOOTSTRAP);
    return s;
}

/* From POST /bs to the bootstrap server's own. */
static void is_given(struct secure_desk *s, const char *account)
{
    struct desk *d = &s->desk;
    char put[400];
    desk_wire(d, BS_WIRE);
    desk_server(d, "6444 <mid> <token>");
    desk_server(d, "42043001A1A2");
    desk_wire(d, "62423001A1A2");
    snprintf(put, sizeof(put), "42033002A1A2 B1'0' 01'1' 122D16 FF %s", account);
    desk_server(d, put);
    desk_wire(d, "62443002A1A2");
    desk_server(d, "42033003A1A2 B1'1' 01'0' 122D16 FF " SERVER);
    desk_wire(d, "62443003A1A2");
    desk_server(d, "42023004A1A2 B2'bs'");
    desk_wire(d, "62443004A1A2");
    desk_urc(d, "+QLAURC: \"bs_finished\"");
}

static void registers_there(struct secure_desk *s)
{
    struct desk *d = &s->desk;
    desk_wire(d, REGISTER_WIRE(",</19/0>"));
    desk_server(d, "6441 <mid> <token> <location>");
    desk_urc(d, "+QLAREG: 0");
    desk_status(d, 2);
}

/*
 *   host                    module                            servers
 *    | -- AT+QLAREG ------->  | === handshake, POST /bs ======> | bootstrap (its own key)
 *    |                        | <== PUT /0/1, PUT /1/0 ======== |
 *    |                        | <== POST /bs ================== |
 *    | <- "bs_finished" ----- | === 2.04 =====================> |
 *    |                        | --- close_notify -------------> |
 *    |                        | === handshake, POST /rd ======> | LwM2M (the key that was given)
 *    | <- +QLAREG: 0 -------- | <== 2.01 ====================== |
 */
static void udp_channel_security_with_a_given_key(void **state) /* OMA ETS 401; G 2.1, 5.4.2 */
{
    (void)state;
    struct secure_desk *s = configured(false);
    struct desk *d = &s->desk;
    desk_ok(d, "AT+QLAREG");
    assert_true(bc_view_equal(bc_dtls_identity(s->peer), BC_TEXT(BOOTSTRAP_IDENTITY)));
    is_given(s, SECURED_ACCOUNT);
    s->secret = (bc_view){(const uint8_t *)GIVEN_KEY, sizeof(GIVEN_KEY) - 1};
    secure_is(s, BC_DTLS_CLOSED); /* behind the 2.04 */
    at_given_server(s, false);
    desk_quiet_until(d, PAUSE_MS);
    assert_true(bc_view_equal(bc_dtls_identity(s->peer), BC_TEXT(GIVEN_IDENTITY)));
    assert_false(bc_dtls_resumed(s->peer));
    registers_there(s);
    desk_server(d, "42011002B1B2 B1'3' 01'0' 01'9'");
    desk_wire(d, "62451002B1B2 C0 FF'100'");
    desk_tells(d, "AT+QLACONFIG?",
               "+QLACONFIG: 0,180.101.147.116,5684,867724030023557,300,0," GIVEN_IDENTITY
               "," GIVEN_KEY_HEX ",1");
    desk_after(d, 0);
    secure_free(s);
}

static void given_key_survives_a_power_cut(void **state) /* G 2.1, MODULE 5 */
{
    (void)state;
    struct secure_desk *s = configured(false);
    struct desk *d = &s->desk;
    desk_ok(d, "AT+QLAREG");
    is_given(s, SECURED_ACCOUNT);
    at_given_server(s, false);
    desk_after(d, PAUSE_MS);
    registers_there(s);
    desk_power(d, false);
    desk_power(d, true);
    desk_booted(d);
    s->secret = (bc_view){(const uint8_t *)GIVEN_KEY, sizeof(GIVEN_KEY) - 1};
    desk_ok(d, "AT+QLAREG");
    registers_there(s);
    secure_free(s);
}

static void given_key_is_hex_whatever_the_format_setting(void **state) /* MODULE 2 */
{
    (void)state;
    for (unsigned format = BC_PSK_AUTO; format <= BC_PSK_TEXT; format++) {
        struct secure_desk *s =
            secure_new(&(struct bc_config){.seed = 1, .psk_format = (enum bc_psk_format)format});
        at_bootstrap_server(s, true);
        desk_ok(&s->desk, "AT+QLAADDOBJ=19,0,3,0,1,2");
        desk_ok(&s->desk, "AT+QLACONFIG=1,\"180.101.147.115\",5684,\"867724030023557\",300,3");
        desk_ok(&s->desk, "AT+QLAREG");
        is_given(s, "C8001C'coaps://180.101.147.116:5684' C10100 C10200 C80318'" GIVEN_IDENTITY
                    "' C405 'abcd'"); /* shorter than what AT+QLACONFIG takes for hex */
        at_given_server(s, false);
        s->key = BC_TEXT("abcd");
        desk_after(&s->desk, PAUSE_MS);
        registers_there(s);
        secure_free(s);
    }
}

static void bootstrap_over_dtls_may_give_a_plain_server(void **state) /* LwM2M 1.0 section 7.1 */
{
    (void)state;
    struct secure_desk *s = configured(false);
    desk_ok(&s->desk, "AT+QLAREG");
    is_given(s, PLAIN_ACCOUNT);
    at_given_server(s, true);
    desk_quiet_until(&s->desk, PAUSE_MS);
    registers_there(s);
    secure_free(s);
}

static void plain_bootstrap_may_give_a_secured_server(void **state) /* LwM2M 1.0 section 7.1 */
{
    (void)state;
    struct secure_desk *s = configured(true);
    desk_ok(&s->desk, "AT+QLAREG");
    is_given(s, SECURED_ACCOUNT);
    at_given_server(s, false);
    desk_quiet_until(&s->desk, PAUSE_MS);
    registers_there(s);
    secure_free(s);
}

static void secured_bootstrap_that_fails_is_900(void **state) /* G 6: 900 */
{
    (void)state;
    struct secure_desk *s = configured(false);
    s->identity = "somebody";
    secure_refused(s, 0);
    s->identity = BOOTSTRAP_IDENTITY;
    s->key = BC_TEXT("another-key");
    secure_refused(s, SECURE_GIVES_UP_MS);
    at_bootstrap_server(s, false);
    desk_ok(&s->desk, "AT+QLAREG");
    is_given(s, SECURED_ACCOUNT);
    at_given_server(s, false);
    desk_after(&s->desk, PAUSE_MS);
    registers_there(s);
    secure_free(s);
}

/* The server no longer knows us: the bootstrap server gives us another key. */
static void failed_handshake_leads_to_another_bootstrap(void **state) /* LwM2M 1.0 section 5.2.3 */
{
    (void)state;
    struct secure_desk *s = configured(false);
    struct desk *d = &s->desk;
    desk_ok(d, "AT+QLAREG");
    is_given(s, SECURED_ACCOUNT);
    at_given_server(s, false);
    desk_after(d, PAUSE_MS);
    registers_there(s);
    desk_ok(d, "AT+QLADEREG");
    desk_wire(d, "4404 <mid> <token> <location>");
    desk_server(d, "6442 <mid> <token>");
    desk_urc(d, "+QLADEREG: 0");
    s->identity = "somebody";
    desk_ok(d, "AT+QLAREG");
    at_bootstrap_server(s, false);
    desk_quiet_until(d, PAUSE_MS);
    is_given(s, SECURED_ACCOUNT);
    at_given_server(s, false);
    desk_after(d, PAUSE_MS);
    registers_there(s);
    secure_free(s);
}

static void bootstrap_may_end_at_any_moment(void **state) /* LeakSanitizer looks */
{
    (void)state;
    for (unsigned steps = 0; steps < 4; steps++) {
        struct secure_desk *s = configured(false);
        struct desk *d = &s->desk;
        desk_ok(d, "AT+QLAREG");
        desk_wire(d, BS_WIRE);
        if (steps > 0)
            desk_server(d, "6444 <mid> <token>");
        if (steps > 1)
            desk_server(d, "42033002A1A2 B1'0' 01'1' 122D16 FF " SECURED_ACCOUNT);
        if (steps > 2)
            desk_power(d, false);
        s->secret = (bc_view){(const uint8_t *)GIVEN_KEY, sizeof(GIVEN_KEY) - 1};
        secure_abandon(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(udp_channel_security_with_a_given_key),
        cmocka_unit_test(given_key_survives_a_power_cut),
        cmocka_unit_test(given_key_is_hex_whatever_the_format_setting),
        cmocka_unit_test(bootstrap_over_dtls_may_give_a_plain_server),
        cmocka_unit_test(plain_bootstrap_may_give_a_secured_server),
        cmocka_unit_test(secured_bootstrap_that_fails_is_900),
        cmocka_unit_test(failed_handshake_leads_to_another_bootstrap),
        cmocka_unit_test(bootstrap_may_end_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
