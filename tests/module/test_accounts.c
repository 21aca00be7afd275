/*
 * What a bootstrap server may write, delete, discover and ask (LwM2M 1.0 section 5.2.7), and which
 * accounts of object 0 the module can use. How a bootstrap goes as a whole is in test_bootstrap.c.
 */
#include <stdio.h>
#include <string.h>

#include "bootstrap_server.h"

#define NOT_ACCEPTABLE 0x86
#define NONE "C10203" /* security mode 3 */
#define OTHER_ACCOUNT "C8001B'coap://180.101.147.117:5700' " NONE

/* What the finish of a good bootstrap prints, when the server has written BS_SERVER. */
static void finish_well(struct desk *d)
{
    bs_finish(d, 0x44);
    desk_urc(d, "+QLAURC: \"binding_changed\",U");
    desk_urc(d, "+QLAURC: \"bs_finished\"");
}

/* --- Forms of writing ------------------------------------------------------------------------- */

/*
 *   module                     bootstrap server
 *     | <-- PUT /0 {0, 1} ------ |   both accounts in one TLV
 *     | --- 2.04 --------------> |
 *     | <-- PUT /1 {0} --------- |
 *     | --- 2.04 --------------> |
 */
static void objects_are_written_whole(void **state) /* LwM2M 1.0 5.2.7.4 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, 2);
    bs_put(&d, "0", "080024" BS_OWN "080128" BS_ACCOUNT, 0x44);
    bs_put(&d, "1", "08000B" BS_SERVER, 0x44);
    finish_well(&d);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
    bs_at_step(&d, 2);
    bs_put(&d, "0", "080128" BS_ACCOUNT "080024" BS_OWN, 0x44); /* in any order */
    bs_put(&d, "1", "080703 C1011E 08000B" BS_SERVER, 0x44);    /* the last one counts */
    finish_well(&d);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
}

static void instance_may_be_wrapped_in_its_entry(void **state) /* LwM2M 1.0 5.2.7.4, 6.4.3 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, 2);
    bs_put(&d, "0/1", "080128" BS_ACCOUNT, 0x44);
    bs_put(&d, "1/0", "08000B" BS_SERVER, 0x44);
    finish_well(&d);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
}

static void last_account_counts(void **state) /* G 2.1; LwM2M 1.0 5.2.7.4 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, 2);
    bs_put(&d, "0", "080121" OTHER_ACCOUNT "080228" BS_ACCOUNT, 0x44);
    bs_step(&d, 5);
    finish_well(&d);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
    bs_at_step(&d, 2);
    bs_put(&d, "0/2", OTHER_ACCOUNT, 0x44);
    bs_put(&d, "0/1", OTHER_ACCOUNT, 0x44);
    bs_step(&d, 4);
    bs_step(&d, 5);
    finish_well(&d);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
}

static void resources_are_written_one_by_one(void **state) /* LwM2M 1.0 5.2.7.4 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, 2);
    bs_put(&d, "0/1/0", "C80012'coap://server.nowh'", 0x44);
    bs_put(&d, "0/1/1", "C10100", 0x44);
    bs_put(&d, "0/1/2", NONE, 0x44);
    bs_put(&d, "0/1/0", "C8001B'coap://180.101.147.116:5700'", 0x44);
    bs_put(&d, "1/0/0", "C2000065", 0x44);
    bs_put(&d, "1/0/1", "C2010258", 0x44);
    bs_put(&d, "1/0/7", "C107'U'", 0x44);
    finish_well(&d);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
}

static void instance_takes_the_place_of_what_it_held(void **state) /* LwM2M 1.0 5.2.7.4 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, 4);
    bs_put(&d, "0/1/0", "C80009'coaps://x'", 0x44);
    bs_put(&d, "0/1", BS_ACCOUNT, 0x44);
    bs_put(&d, "1/0", "C1011E C207'UQ'", 0x44);
    bs_put(&d, "1/0", "C107'U'", 0x44); /* the lifetime is that of AT+QLACONFIG again */
    finish_well(&d);
    desk_tells(&d, "AT+QLACONFIG?", "+QLACONFIG: 0,180.101.147.116,5700,867724030023557,300,3,0");
    desk_end(&d);
    bs_at_step(&d, 4);
    bs_put(&d, "1/0", "C1011E C107'U'", 0x44);
    bs_put(&d, "1/1/1", "C2010258", 0x44); /* another instance: it has no binding yet */
    bs_finish(&d, 0x44);
    desk_urc(&d, "+QLAURC: \"bs_finished\"");
    desk_end(&d);
}

/* `pattern` in blocks of 16 << exponent bytes; the last one is answered with `code`. */
static void put_blocks(struct desk *d, const char *path, const char *pattern, unsigned exponent,
                       unsigned code)
{
    uint8_t body[2 * BC_UPLOAD_BYTES_MAX];
    char options[32];
    char piece[2 * 1024 + 1];
    size_t len = desk_bytes(d, pattern, body, sizeof(body));
    size_t bytes = (size_t)16 << exponent;
    for (size_t at = 0; at < len; at += bytes) {
        bool more = at + bytes < len;
        size_t n = more ? bytes : len - at;
        unsigned value = (unsigned)(at / bytes) << 4 | (more ? 8U : 0U) | exponent;
        for (size_t i = 0; i < n; i++)
            snprintf(piece + 2 * i, 3, "%02X", body[at + i]);
        snprintf(options, sizeof(options), value < 256 ? BS_TLV "D102%02X" : BS_TLV "D202%04X",
                 value);
        bs_ask(d, 3, path, options, piece);
        assert_int_equal(d->wires, 1);
        assert_int_equal(d->wire[0].bytes[1], more ? 0x5F : code);
        d->wires = 0;
    }
}

/*
 *   module                          bootstrap server
 *     | <-- PUT /0/1 1:0/1/16 -------- |
 *     | --- 2.31 1:0/1/16 -----------> |   and so on
 *     | <-- PUT /0/1 1:2/0/16 -------- |
 *     | --- 2.04 1:2/0/16 -----------> |
 */
static void accounts_are_written_in_blocks(void **state) /* RFC 7959 2.5; LwM2M 1.0 5.2.7.4 */
{
    (void)state;
    for (unsigned exponent = 0; exponent <= 2; exponent++) {
        struct desk d;
        bs_at_step(&d, 2);
        put_blocks(&d, "0/1", BS_ACCOUNT, exponent, 0x44);
        put_blocks(&d, "1/0", BS_SERVER, exponent, 0x44);
        finish_well(&d);
        desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
        desk_end(&d);
        bs_at_step(&d, 2);
        bs_put(&d, "0/1", OTHER_ACCOUNT, 0x44); /* in front of the blocks, in the memory of both */
        put_blocks(&d, "0", "080121" OTHER_ACCOUNT "080228" BS_ACCOUNT "080024" BS_OWN, exponent,
                   0x44);
        put_blocks(&d, "1", "080703 C1011E 08000B" BS_SERVER, exponent, 0x44);
        finish_well(&d);
        desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
        desk_end(&d);
    }
}

static void slow_blocks_are_no_silence(void **state) /* MODULE 4 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, 3);
    for (unsigned number = 0; number < 2; number++) {
        char options[20];
        snprintf(options, sizeof(options), BS_TLV "D102%02X", number << 4 | 8);
        bs_ask(&d, 3, "0/1", options,
               number == 0 ? "C8001B'coap://180.10'" : "'1.147.116:5700' C101");
        assert_int_equal(d.wire[0].bytes[1], 0x5F);
        d.wires = 0;
        desk_quiet_until(&d, 29999);
    }
    bs_ask(&d, 3, "0/1", BS_TLV "D10220", "00" NONE);
    assert_int_equal(d.wire[0].bytes[1], 0x44);
    d.wires = 0;
    bs_step(&d, 5);
    finish_well(&d);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
}

/* --- Accounts --------------------------------------------------------------------------------- */

/* An account with a URI and a mode, whose identity and key are "id" and 00 0A FF when there is one.
 */
static void put_account(struct desk *d, const char *uri, bool secured)
{
    char resource[600];
    char payload[700];
    snprintf(payload, sizeof(payload), "%s %s", bs_text(resource, sizeof(resource), 0, uri),
             secured ? "C10200 C203'id' C305000AFF" : NONE);
    bs_put(d, "0/1", payload, 0x44);
}

static void uri_names_host_and_port(void **state) /* LwM2M 1.0 E.1; RFC 3986 3.2 */
{
    (void)state;
    static const struct {
        const char *uri;
        const char *shown; /* host and port */
    } rows[] = {
        {"coap://h", "h,5683"},
        {"coap://h/", "h,5683"},
        {"coap://h:1", "h,1"},
        {"coap://h:65535/", "h,65535"},
        {"COAP://Host-1.example_x", "Host-1.example_x,5683"},
        {"coap://180.101.147.116", "180.101.147.116,5683"},
        {"coap://[2001:db8::1]", "2001:db8::1,5683"},
        {"coap://[2001:db8::1]:61616/", "2001:db8::1,61616"},
        {"coap://[::ffff:10.0.0.1]/", "::ffff:10.0.0.1,5683"},
        {"coaps://h", "h,5684"},
        {"coaps://h:5683/", "h,5683"},
        {"CoapS://[::1]", "::1,5684"},
        {"coap://h:", "h,5683"}, /* RFC 3986 section 6.2.3 */
        {"coaps://[::1]:", "::1,5684"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct desk d;
        char info[200];
        bool secured = rows[i].uri[4] == 's' || rows[i].uri[4] == 'S';
        bs_at_step(&d, 3);
        put_account(&d, rows[i].uri, secured);
        bs_step(&d, 5);
        finish_well(&d);
        snprintf(info, sizeof(info), "+QLACONFIG: 0,%s,867724030023557,600,%s,0", rows[i].shown,
                 secured ? "0,id,000AFF" : "3");
        desk_tells(&d, "AT+QLACONFIG?", info);
        desk_end(&d);
    }
}

static const char *const no_plain_uri[] = {"coaps://h",
                                           "http://h",
                                           "h:5683",
                                           "coap:h",
                                           "coap:/h",
                                           "coap://",
                                           "coap:///",
                                           "coap://:5683",
                                           "coap://h:0",
                                           "coap://h:65536",
                                           "coap://h:65537",
                                           "coap://h:99999999999999999999",
                                           "coap://h:x",
                                           "coap://h:1x",
                                           "coap://h:-1",
                                           "coap://h:+1",
                                           "coap://h: 1",
                                           "coap://h/path",
                                           "coap://h:5683/path",
                                           "coap://h//",
                                           "coap://u@h",
                                           "coap://u:1@h",
                                           "coap://u:p@h:5683",
                                           "coap://h?q=1",
                                           "coap://h#f",
                                           "coap://a b",
                                           "coap://a\tb",
                                           "coap://h\n",
                                           "coap://\x7Fh",
                                           "coap://h\"",
                                           "coap://2001:db8::1",
                                           "coap://[2001:db8::1",
                                           "coap://[]",
                                           "coap://[h]",
                                           "coap://[::1]x",
                                           "coap://[::1]1",
                                           "coap://::1]",
                                           "coap://[[::1]]",
                                           "coap://[::1%25eth0]",
                                           "coap+tcp://h",
                                           "coap",
                                           "",
                                           "coap://h\r\nAT"};
static const char *const no_secured_uri[] = {"coap://h",    "coaps://",    "coaps:///",
                                             "coaps://h:0", "coaps://u@h", "coaps:h"};

/*
 *   module                     bootstrap server
 *     | <-- PUT /0/1 ----------- |   a URI of no use
 *     | --- 2.04 --------------> |
 *     | <-- POST /bs ----------- |
 *     | --- 4.06 --------------> |
 *     | <-- PUT /0/1 ----------- |   a better one
 *     | --- 2.04 --------------> |
 *     | <-- POST /bs ----------- |
 *     | --- 2.04 --------------> |
 */
static void
uri_of_no_use_is_refused_at_the_finish_and_can_be_repaired(void **state) /* LwM2M 1.0 5.2.7.6 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, 3);
    bs_step(&d, 5);
    for (size_t i = 0; i < sizeof(no_plain_uri) / sizeof(no_plain_uri[0]); i++) {
        put_account(&d, no_plain_uri[i], false);
        bs_finish(&d, NOT_ACCEPTABLE);
        desk_status(&d, BC_STATUS_REGISTERING);
    }
    for (size_t i = 0; i < sizeof(no_secured_uri) / sizeof(no_secured_uri[0]); i++) {
        put_account(&d, no_secured_uri[i], true);
        bs_finish(&d, NOT_ACCEPTABLE);
    }
    bs_put(&d, "0/1", "C80008'coap://'00" NONE, 0x44);
    bs_finish(&d, NOT_ACCEPTABLE);
    desk_ok(&d, "AT+QLACONFIG?");
    bs_step(&d, 4);
    finish_well(&d);
    desk_after(&d, BS_PAUSE_MS);
    bs_registered(&d);
    desk_end(&d);
}

static void host_has_the_limit_of_the_guide(void **state) /* G 2.1 */
{
    (void)state;
    char uri[200];
    char info[300];
    struct desk d;
    bs_at_step(&d, 3);
    bs_step(&d, 5);
    snprintf(uri, sizeof(uri), "coap://%0151d:65535/", 0);
    put_account(&d, uri, false);
    bs_finish(&d, NOT_ACCEPTABLE);
    snprintf(uri, sizeof(uri), "coap://%0150d:65535/", 0);
    put_account(&d, uri, false);
    finish_well(&d);
    snprintf(info, sizeof(info), "+QLACONFIG: 0,%0150d,65535,867724030023557,600,3,0", 0);
    desk_tells(&d, "AT+QLACONFIG?", info);
    desk_end(&d);
}

/* Identity and key of those lengths, of 'i' and of bytes that are 0xC5. */
static void put_secrets(struct desk *d, size_t identity_bytes, size_t key_bytes)
{
    char payload[1200];
    int len = snprintf(payload, sizeof(payload), "C80009'coaps://h' C10200 C803%02X",
                       (unsigned)identity_bytes);
    for (size_t i = 0; i < identity_bytes; i++)
        len += snprintf(payload + len, sizeof(payload) - (size_t)len, "%02X", 'i');
    len += snprintf(payload + len, sizeof(payload) - (size_t)len, "C805%02X", (unsigned)key_bytes);
    for (size_t i = 0; i < key_bytes; i++)
        len += snprintf(payload + len, sizeof(payload) - (size_t)len, "C5");
    bs_put(d, "0/1", payload, 0x44);
}

static void identity_and_key_have_limits(void **state) /* G 2.1 */
{
    (void)state;
    char info[700];
    int len = snprintf(info, sizeof(info), "+QLACONFIG: 0,h,5684,867724030023557,600,0,");
    struct desk d;
    bs_at_step(&d, 3);
    bs_step(&d, 5);
    put_secrets(&d, 151, 128);
    bs_finish(&d, NOT_ACCEPTABLE);
    put_secrets(&d, 150, 129);
    bs_finish(&d, NOT_ACCEPTABLE);
    put_secrets(&d, 0, 16);
    bs_finish(&d, NOT_ACCEPTABLE);
    put_secrets(&d, 15, 0);
    bs_finish(&d, NOT_ACCEPTABLE);
    put_secrets(&d, 150, 128);
    finish_well(&d);
    memset(info + len, 'i', 150);
    len += 150;
    info[len++] = ',';
    for (size_t i = 0; i < 128; i++)
        len += snprintf(info + len, sizeof(info) - (size_t)len, "C5");
    snprintf(info + len, sizeof(info) - (size_t)len, ",0");
    desk_tells(&d, "AT+QLACONFIG?", info);
    desk_end(&d);
}

static void
account_that_cannot_be_used_is_refused_at_the_finish(void **state) /* LwM2M 1.0 5.2.7.6, E.1 */
{
    (void)state;
    static const char *const accounts[] = {
        NONE,                                         /* no URI */
        "C80009'coaps://h' C10200 C203'id'",          /* no key */
        "C80009'coaps://h' C10200 C305000AFF",        /* no identity */
        "C80009'coaps://h' C10200 C30369640A C10501", /* control characters in it */
        "C80009'coaps://h' C10201 C203'id' C10501",   /* raw public key */
        "C80009'coaps://h' C10202 C203'id' C10501",   /* certificate */
        "C80008'coap://h' C10204",                    /* there is no such mode */
        "C80008'coap://h' C102FF",
        "C80008'coap://h' C802080000000000000003 C10207",
        ("88000B C8000841'oap://h' " NONE), /* a list is no URI */
        "C10101 C80008'coap://h'",          /* the bootstrap server's own is not kept at all */
    };
    struct desk d;
    bs_at_step(&d, 3);
    bs_step(&d, 5);
    bs_finish(&d, NOT_ACCEPTABLE);
    for (size_t i = 0; i < sizeof(accounts) / sizeof(accounts[0]); i++) {
        bs_put(&d, "0/1", accounts[i], 0x44);
        bs_finish(&d, NOT_ACCEPTABLE);
    }
    bs_put(&d, "0/1", "C8001B'coap://180.101.147.116:5700'", 0x44); /* no mode is mode 3 */
    finish_well(&d);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
}

static void own_account_of_the_server_is_never_the_given_one(void **state) /* G 2.1, note 1 */
{
    (void)state;
    struct desk d;
    bs_at_step(&d, 3);
    bs_step(&d, 5);
    bs_finish(&d, NOT_ACCEPTABLE);
    bs_put(&d, "0", "080024" BS_OWN, 0x44);
    bs_finish(&d, NOT_ACCEPTABLE);
    bs_step(&d, 4);
    bs_put(&d, "0/1/1", "C10101", 0x44); /* it was its own after all */
    bs_finish(&d, NOT_ACCEPTABLE);
    bs_step(&d, 4);
    bs_put(&d, "0/1", BS_OWN, 0x44);
    bs_finish(&d, NOT_ACCEPTABLE);
    bs_step(&d, 4);
    bs_put(&d, "0/0", BS_OWN, 0x44); /* another instance */
    finish_well(&d);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
}

static void steps_may_come_in_any_order(void **state) /* LwM2M 1.0 5.2.7; ETS int-6 */
{
    (void)state;
    static const unsigned orders[][6] = {
        {5, 4, 3}, {4, 5}, {5, 3, 4}, {4, 3, 5}, {2, 2, 4, 4, 5, 5}, {4, 5, 2, 5, 4}, {5, 2, 4, 5},
    };
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        struct desk d;
        bs_at_step(&d, 1);
        bs_finish(&d, NOT_ACCEPTABLE);
        for (size_t k = 0; k < 6 && orders[i][k] != 0; k++)
            bs_step(&d, orders[i][k]);
        finish_well(&d);
        desk_after(&d, BS_PAUSE_MS);
        bs_registered(&d);
        desk_end(&d);
    }
}

/* --- Refusals --------------------------------------------------------------------------------- */

static void malformed_write_is_bad_and_changes_nothing(void **state) /* LwM2M 1.0 6.4.3 */
{
    (void)state;
    static const struct {
        const char *path;
        const char *payload;
    } rows[] = {
        {"0/1", NULL},
        {"0/1", "C8"},
        {"0/1", "C800"},
        {"0/1", "C8001B'short'"},
        {"0/1", OTHER_ACCOUNT "C1"},
        {"0/1", OTHER_ACCOUNT "00"},
        {"0/1", "F0FFFFFFFFFF"},
        {"0/1", "080221" OTHER_ACCOUNT},
        {"0/1", "410000"},
        {"0/1/0", OTHER_ACCOUNT},
        {"0/1/0", "C10201"},
        {"0/1/2", "C10201 C10201"},
        {"0/1/2", "C10201 C1"},
        {"0/1/2", NULL},
        {"0/1/2", "8302410001"},
        {"0", NULL},
        {"0", OTHER_ACCOUNT},
        {"0", "080121" OTHER_ACCOUNT "0802"},
        {"0", "080121" OTHER_ACCOUNT "080203410000"},
        {"0", "080121" OTHER_ACCOUNT NONE},
        {"0", "0801 00"},
        {"1/0", NULL},
        {"1/0", "C1"},
        {"1/0", "08010B" BS_SERVER},
        {"1/0", "C10113"},
        {"1/0", "C101FF"},
        {"1/0", "C001"},
        {"1/0", "C40101E13381"},
        {"1/0", "C4017FFFFFFF"},
        {"1/0", "8301410001"},
        {"1/0", "C207'UQ' C10113"},
        {"1/0", "C1011E C107'S'"},
        {"1/0", "C1011E C307'UQS'"},
        {"1/0", "C107'u'"},
        {"1/0", "C007"},
        {"1/0/1", "C10100"},
        {"1/0/1", "C207'UQ'"},
        {"1/0/7", "C1011E"},
        {"1/0/7", "C107'X'"},
        {"1", NULL},
        {"1", BS_SERVER},
        {"1", "080003 C1011E 080103 C10113"},
        {"1", "080003 C1011E 08"},
        {"1", "080003 C1011E C1011E"},
    };
    struct desk d;
    bs_at_step(&d, 5);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        bs_put(&d, rows[i].path, rows[i].payload, 0x80);
    finish_well(&d);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
}

/* The reply has a Size1 option too. */
static void put_too_large(struct desk *d, const char *path, const char *payload)
{
    bs_ask(d, 3, path, BS_TLV, payload);
    assert_int_equal(d->wires, 1);
    assert_int_equal(d->wire[0].bytes[1], 0x8D);
    d->wires = 0;
}

static void account_beyond_its_room_is_too_large(void **state) /* LwM2M 1.0 5.2.7.4 */
{
    (void)state;
    char payload[1500];
    struct desk d;
    bs_at_step(&d, 5);
    int len = snprintf(payload, sizeof(payload), "D00402 7E");
    for (unsigned i = 0; i < 0x27E; i++)
        len += snprintf(payload + len, sizeof(payload) - (size_t)len, "00");
    put_too_large(&d, "0/1", payload);
    bs_put(&d, "0", "100102 82 D00402", 0x80);
    memcpy(payload, "D00402 58", 9); /* 600 bytes: beside the account there is no room for them */
    payload[9 + 2 * 600] = '\0';
    put_too_large(&d, "0/1/4", payload);
    finish_well(&d);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
}

static void write_must_be_tlv(void **state) /* LwM2M 1.0 6.4, 5.2.7.4 */
{
    (void)state;
    static const char *const formats[] = {"", "10", "1128", "112A", "122D17", "11 6E", "12 0606"};
    struct desk d;
    bs_at_step(&d, 5);
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        bs_ask(&d, 3, "0/1", formats[i], OTHER_ACCOUNT);
        bs_reply(&d, 0x8F);
        bs_ask(&d, 3, "1/0/7", formats[i], "'UQ'");
        bs_reply(&d, 0x8F);
    }
    finish_well(&d);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
}

static void what_is_not_for_a_bootstrap_server_is_refused(void **state) /* LwM2M 1.0 5.2.7 */
{
    (void)state;
    static const struct {
        unsigned method;
        const char *path;
        unsigned code;
    } rows[] = {
        {1, "0", 0x85},       {1, "0/1", 0x85},     {1, "0/1/0", 0x85}, {1, "0/1/5", 0x85},
        {1, "1/0", 0x85},     {1, "1/0/1", 0x85},   {1, "3/0", 0x85},   {1, "3/0/0", 0x85},
        {1, "", 0x85},        {1, "19/0/0", 0x85},  {2, "1/0/8", 0x85}, {2, "3/0/4", 0x85},
        {2, "0/1", 0x85},     {2, "1", 0x85},       {2, "", 0x85},      {2, "19/0/0", 0x85},
        {3, "3/0/14", 0x85},  {3, "3/0", 0x85},     {3, "3", 0x85},     {3, "5/0/1", 0x85},
        {3, "19/0/0", 0x85},  {3, "", 0x85},        {1, "bs", 0x84},    {3, "bs", 0x84},
        {4, "bs", 0x84},      {2, "bs/1", 0x84},    {2, "0/bs", 0x84},  {2, "rd", 0x84},
        {3, "0/1/2/3", 0x84}, {3, "0/65536", 0x84}, {3, "-1", 0x84},    {3, "00/1", 0x84},
    };
    struct desk d;
    bs_configured(&d);
    desk_ok(&d, "AT+QLAADDOBJ=19,0,1,0");
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, BS_WIRE);
    for (unsigned step = 1; step < BS_STEPS; step++)
        bs_step(&d, step);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool writes = rows[i].method == 3;
        bs_ask(&d, rows[i].method, rows[i].path, writes && *rows[i].path != '\0' ? BS_TLV : "",
               writes ? NONE : NULL);
        bs_reply(&d, rows[i].code);
    }
    bs_ask(&d, 5, "0/1", "", NULL); /* FETCH */
    bs_reply(&d, 0x85);
    finish_well(&d);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
}

/* --- Delete and discover ---------------------------------------------------------------------- */

static void delete_forgets_what_was_written(void **state) /* LwM2M 1.0 5.2.7.5; ETS int-4 */
{
    (void)state;
    static const struct {
        const char *path;
        bool account; /* is gone */
        bool server;
    } rows[] = {
        {"", true, true},      {"0", true, false}, {"0/1", true, false}, {"0/0", false, false},
        {"0/7", false, false}, {"1", false, true}, {"1/0", false, true}, {"1/1", false, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct desk d;
        bs_at_step(&d, 5);
        bs_delete(&d, rows[i].path, 0x42);
        bs_delete(&d, rows[i].path, 0x42); /* what is gone is gone */
        if (rows[i].account || rows[i].server)
            bs_finish(&d, NOT_ACCEPTABLE);
        if (rows[i].account && rows[i].server) {
            bs_step(&d, 4);
            bs_finish(&d, NOT_ACCEPTABLE);
            bs_step(&d, 5);
        } else if (rows[i].account) {
            bs_step(&d, 4);
        } else if (rows[i].server) {
            bs_put(&d, "1/0", "C107'U'", 0x44);
        }
        finish_well(&d);
        bool lifetime_gone = rows[i].server && !rows[i].account;
        desk_tells(&d, "AT+QLACONFIG?",
                   lifetime_gone ? "+QLACONFIG: 0,180.101.147.116,5700,867724030023557,300,3,0"
                                 : BS_GIVEN_INFO);
        desk_end(&d);
    }
}

/* LwM2M 1.0 section 5.2.7.5 keeps the device object out of it; the host's objects are its own. */
static void delete_elsewhere_is_refused(void **state) /* LwM2M 1.0 5.2.7.5; ETS int-4 */
{
    (void)state;
    static const char *const paths[] = {"3", "3/0", "4", "5/0", "19", "19/0", "0/1/0", "1/0/1"};
    struct desk d;
    bs_at_step(&d, 5);
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        bs_delete(&d, paths[i], 0x85);
    finish_well(&d);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
}

static void discover(struct desk *d, const char *path, const char *links)
{
    char text[300];
    snprintf(text, sizeof(text), "6245<again>A1A2 C128 FF'%s'", links);
    bs_ask(d, 1, path, *path == '\0' ? "D10428" : "6128", NULL);
    assert_int_equal(d->wires, 1);
    d->mid = (uint16_t)(d->wire[0].bytes[2] << 8 | d->wire[0].bytes[3]);
    desk_wire(d, text);
}

static void discover_lists_the_instances(void **state) /* LwM2M 1.0 5.2.7.3 */
{
    (void)state;
    struct desk d;
    bs_configured(&d);
    desk_ok(&d, "AT+QLAADDOBJ=19,1,1,0");
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, BS_WIRE);
    bs_step(&d, 1);
    discover(&d, "", "lwm2m=\"1.0\",</1/0>,</3/0>,</4/0>,</5/0>,</19/1>");
    discover(&d, "0", "lwm2m=\"1.0\"");
    bs_step(&d, 3);
    bs_step(&d, 4);
    discover(&d, "", "lwm2m=\"1.0\",</0/1>;ssid=101,</1/0>,</3/0>,</4/0>,</5/0>,</19/1>");
    bs_step(&d, 5);
    discover(&d, "0", "lwm2m=\"1.0\",</0/1>;ssid=101");
    discover(&d, "1", "lwm2m=\"1.0\",</1/0>;ssid=101");
    bs_put(&d, "1/2", "C10007 C1011E", 0x44); /* the instance written last is the one there is */
    discover(&d, "1", "lwm2m=\"1.0\",</1/2>;ssid=7");
    bs_delete(&d, "1", 0x42);
    discover(&d, "1", "lwm2m=\"1.0\",</1/0>");
    discover(&d, "3", "lwm2m=\"1.0\",</3/0>");
    discover(&d, "19", "lwm2m=\"1.0\",</19/1>");
    bs_ask(&d, 1, "20", "6128", NULL);
    bs_reply(&d, 0x84);
    bs_ask(&d, 1, "0/1", "6128", NULL); /* only objects are discovered */
    bs_reply(&d, 0x85);
    bs_ask(&d, 1, "0", "612A", NULL);
    bs_reply(&d, 0x85);
    bs_ask(&d, 1, "", "60 B128", NULL); /* and never observed */
    bs_reply(&d, 0x85);
    desk_after(&d, 30000);
    desk_urc(&d, "+QLAREG: 1");
    desk_end(&d);
}

static void discovery_is_served_in_blocks(void **state) /* RFC 7959 2.4; LwM2M 1.0 5.2.7.3 */
{
    (void)state;
    static const char links[] = "lwm2m=\"1.0\",</1/0>,</3/0>,</4/0>,</5/0>";
    char joined[sizeof(links) + 16] = "";
    struct desk d;
    bs_at_step(&d, 1);
    for (unsigned number = 0; number * 16 < sizeof(links) - 1; number++) {
        char options[24];
        snprintf(options, sizeof(options), "D10428 %s%02X", number == 0 ? "60" : "61", number << 4);
        if (number == 0)
            options[9] = '\0';
        bs_ask(&d, 1, "", options, NULL);
        assert_int_equal(d.wires, 1);
        const uint8_t *body = memchr(d.wire[0].bytes + 6, 0xFF, d.wire[0].len - 6);
        assert_non_null(body);
        strncat(joined, (const char *)body + 1,
                (size_t)(d.wire[0].bytes + d.wire[0].len - body) - 1);
        d.wires = 0;
    }
    assert_string_equal(joined, links);
    bs_step(&d, 4);
    bs_step(&d, 5);
    finish_well(&d);
    desk_end(&d);
}

/* --- Hostile ---------------------------------------------------------------------------------- */

static void datagrams_cut_short_do_no_harm(void **state) /* LwM2M 1.0 5.2.7; MODULE 4 */
{
    (void)state;
    static const char whole[] = "4203 1001 A1A2 B1'0' 01'1' " BS_TLV " FF " BS_ACCOUNT;
    struct desk d;
    uint8_t bytes[200];
    bs_at_step(&d, 5);
    size_t len = desk_bytes(&d, whole, bytes, sizeof(bytes));
    for (size_t cut = 0; cut < len; cut++) {
        bytes[2] = 0x20;
        bytes[3] = (uint8_t)cut;
        desk_datagram(&d, &d.server, bytes, cut);
        d.wires = 0;
    }
    for (size_t at = 4; at < len; at++) {
        bytes[2] = 0x21;
        bytes[3] = (uint8_t)at;
        bytes[at] ^= 0xFF;
        desk_datagram(&d, &d.server, bytes, len);
        bytes[at] ^= 0xFF;
        d.wires = 0;
    }
    bs_delete(&d, "", 0x42);
    bs_step(&d, 4);
    bs_step(&d, 5);
    finish_well(&d);
    desk_tells(&d, "AT+QLACONFIG?", BS_GIVEN_INFO);
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_written_whole),
        cmocka_unit_test(instance_may_be_wrapped_in_its_entry),
        cmocka_unit_test(last_account_counts),
        cmocka_unit_test(resources_are_written_one_by_one),
        cmocka_unit_test(instance_takes_the_place_of_what_it_held),
        cmocka_unit_test(accounts_are_written_in_blocks),
        cmocka_unit_test(slow_blocks_are_no_silence),
        cmocka_unit_test(uri_names_host_and_port),
        cmocka_unit_test(uri_of_no_use_is_refused_at_the_finish_and_can_be_repaired),
        cmocka_unit_test(host_has_the_limit_of_the_guide),
        cmocka_unit_test(identity_and_key_have_limits),
        cmocka_unit_test(account_that_cannot_be_used_is_refused_at_the_finish),
        cmocka_unit_test(own_account_of_the_server_is_never_the_given_one),
        cmocka_unit_test(steps_may_come_in_any_order),
        cmocka_unit_test(malformed_write_is_bad_and_changes_nothing),
        cmocka_unit_test(account_beyond_its_room_is_too_large),
        cmocka_unit_test(write_must_be_tlv),
        cmocka_unit_test(what_is_not_for_a_bootstrap_server_is_refused),
        cmocka_unit_test(delete_forgets_what_was_written),
        cmocka_unit_test(delete_elsewhere_is_refused),
        cmocka_unit_test(discover_lists_the_instances),
        cmocka_unit_test(discovery_is_served_in_blocks),
        cmocka_unit_test(datagrams_cut_short_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
