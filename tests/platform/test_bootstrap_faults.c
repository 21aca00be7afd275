/*
 * The bootstrap server when things go wrong: every datagram lost or doubled, an error, a reset and
 * silence at every step, a device that begins anew, answers of strangers, hostile bytes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/sink.h"
#include "bootstrap_desk.h"

#define DEV 7001
#define OTHER 7002

/* --- A device on a bad network --------------------------------------------------------------- */

#define NO_DATAGRAM SIZE_MAX
#define WIRE_MAX 16
#define DEVICE_TIMEOUT_MS 3000

/* One datagram of the whole exchange, in either direction, is lost or arrives twice. */
struct device {
    struct desk *desk;
    size_t lost;
    size_t doubled;
    size_t sent; /* datagrams, in both directions */
    bool answered;
    uint64_t asked_ms;
    uint8_t replies[WIRE_MAX][8]; /* for duplicates, as RFC 7252 4.5 wants */
    size_t reply_count;
};

/* How often the next datagram arrives. */
static int copies(struct device *v)
{
    size_t at = v->sent++;
    return at == v->lost ? 0 : at == v->doubled ? 2 : 1;
}

static void device_send(struct device *v, bc_view bytes)
{
    for (int i = copies(v); i > 0; i--)
        desk_feed_bytes(v->desk, DEV, bytes);
}

static void device_ask(struct device *v)
{
    static const uint8_t ask[] = {0x40, 0x02, 0x10, 0x01, 0xB2, 'b', 's', 0x44, 'e', 'p', '=', 'x'};
    v->asked_ms = v->desk->now_ms;
    device_send(v, (bc_view){ask, sizeof(ask)});
}

static void device_hear(struct device *v, const uint8_t *bytes)
{
    size_t at = 0;
    if ((bytes[0] & 0x30) == 0x20) {
        assert_int_equal(bytes[1], BC_COAP_CHANGED);
        v->answered = true;
        return;
    }
    while (at < v->reply_count && memcmp(v->replies[at] + 2, bytes + 2, 2) != 0)
        at++;
    if (at == v->reply_count) {
        assert_true(v->reply_count < WIRE_MAX);
        memcpy(v->replies[at], bytes, 8);
        v->replies[at][0] = 0x64;
        v->replies[at][1] = bytes[1] == BC_COAP_DELETE ? BC_COAP_DELETED : BC_COAP_CHANGED;
        v->reply_count++;
        v->answered = true; /* a request also says that it was heard */
    }
    device_send(v, (bc_view){v->replies[at], 8});
}

static void run_device(struct device *v)
{
    struct desk *d = v->desk;
    device_ask(v);
    for (int i = 0; i < 200; i++) {
        struct bc_server_datagram seen;
        uint8_t bytes[DESK_BYTES_MAX];
        while (bc_bootstrap_server_take_datagrams(d->server, &seen, 1) == 1) {
            memcpy(bytes, seen.bytes.ptr, seen.bytes.len);
            for (int copy = copies(v); copy > 0; copy--)
                device_hear(v, bytes);
        }
        uint64_t deadline_ms = bc_bootstrap_server_deadline(d->server);
        if (!v->answered && v->asked_ms + DEVICE_TIMEOUT_MS < deadline_ms) {
            desk_wait(d, v->asked_ms + DEVICE_TIMEOUT_MS - d->now_ms);
            device_ask(v);
        } else if (deadline_ms == BC_NEVER) {
            break;
        } else {
            desk_wait(d, deadline_ms - d->now_ms);
        }
    }
}

/* The datagrams of an exchange without faults. */
#define DATAGRAMS 12

static void check_exchange(size_t lost, size_t doubled)
{
    struct desk d;
    desk_begin(&d);
    struct device v = {.desk = &d, .lost = lost, .doubled = doubled};
    run_device(&v);
    assert_true(v.answered);
    assert_int_equal(v.reply_count, DESK_STEPS);
    if (lost == NO_DATAGRAM && doubled == NO_DATAGRAM)
        assert_int_equal(v.sent, DATAGRAMS);
    desk_expect_event(&d, BC_BOOTSTRAP_REQUESTED);
    desk_expect_event(&d, BC_BOOTSTRAP_FINISHED);
    desk_end(&d);
}

static void bootstrap_survives_the_loss_of_any_datagram(void **state)
{
    (void)state;
    check_exchange(NO_DATAGRAM, NO_DATAGRAM);
    for (size_t lost = 0; lost < DATAGRAMS; lost++)
        check_exchange(lost, NO_DATAGRAM);
}

static void bootstrap_survives_any_datagram_twice(void **state)
{
    (void)state;
    for (size_t doubled = 0; doubled < DATAGRAMS; doubled++)
        check_exchange(NO_DATAGRAM, doubled);
}

static void bootstrap_survives_loss_and_doubling_of_any_two(void **state)
{
    (void)state;
    for (size_t lost = 0; lost < DATAGRAMS + 2; lost++)
        for (size_t doubled = 0; doubled < DATAGRAMS + 2; doubled++)
            check_exchange(lost, doubled);
}

/* --- Steps that go wrong --------------------------------------------------------------------- */

static void expect_failure(struct desk *d, size_t at, uint8_t code, const char *reason)
{
    const struct desk_event *event = desk_expect_event(d, BC_BOOTSTRAP_FAILED);
    assert_string_equal(event->endpoint, "dev1");
    assert_string_equal(event->step, desk_steps[at].name);
    assert_int_equal(event->code, code);
    assert_string_equal(event->reason, reason);
    desk_expect_silence(d);
    assert_int_equal(bc_bootstrap_server_session_count(d->server), 0);
    assert_true(bc_bootstrap_server_deadline(d->server) == BC_NEVER);
}

static void error_at_any_step_ends_the_bootstrap(void **state)
{
    static const uint8_t codes[] = {BC_COAP_BAD_REQUEST, BC_COAP_NOT_FOUND,
                                    BC_COAP_METHOD_NOT_ALLOWED, BC_COAP_INTERNAL_SERVER_ERROR};
    struct desk d;
    (void)state;
    desk_begin(&d);
    for (size_t i = 0; i < DESK_STEPS * sizeof(codes); i++) {
        desk_open_to(&d, DEV, "dev1", i / sizeof(codes));
        desk_answer(&d, DEV, codes[i % sizeof(codes)]);
        expect_failure(&d, i / sizeof(codes), codes[i % sizeof(codes)], "the device refused");
    }
    desk_end(&d);
}

static void success_of_another_kind_ends_the_bootstrap(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    for (size_t at = 0; at < DESK_STEPS; at++) {
        desk_open_to(&d, DEV, "dev1", at);
        desk_answer(&d, DEV, BC_COAP_CREATED);
        expect_failure(&d, at, BC_COAP_CREATED, "the answer is not the one to this step");
    }
    desk_end(&d);
}

static void refused_discovery_ends_the_bootstrap(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    d.information.discover = true;
    desk_open(&d, DEV, 0x1001, "dev1");
    desk_expect(&d, DEV, "4401<mid><token> D10428");
    desk_answer(&d, DEV, BC_COAP_METHOD_NOT_ALLOWED);
    assert_string_equal(desk_expect_event(&d, BC_BOOTSTRAP_FAILED)->step, "GET /");
    desk_end(&d);
}

static void reset_at_any_step_ends_the_bootstrap(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    for (size_t at = 0; at < DESK_STEPS; at++) {
        desk_open_to(&d, DEV, "dev1", at);
        desk_feed(&d, DEV, "7000<mid>");
        expect_failure(&d, at, 0, "the device answered with a reset");
    }
    desk_end(&d);
}

/* RFC 7252 4.2: 2, 4, 8, 16 seconds, and 32 for the last one's answer. */
static void silence_at_any_step_ends_the_bootstrap_after_62_s(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    for (size_t at = 0; at < DESK_STEPS; at++) {
        uint8_t first[DESK_BYTES_MAX];
        desk_open_to(&d, DEV, "dev1", at);
        size_t bytes = d.last_bytes;
        memcpy(first, d.last, bytes);
        for (unsigned i = 0; i < 4; i++) {
            desk_wait_quietly(&d, 2000U << i);
            desk_expect_step(&d, DEV, &desk_steps[at]);
            assert_int_equal(d.last_bytes, bytes);
            assert_memory_equal(d.last, first, bytes);
        }
        desk_wait_quietly(&d, 32000);
        expect_failure(&d, at, 0, "the device did not answer");
    }
    desk_end(&d);
}

static void answer_to_a_retransmission_counts(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_open_to(&d, DEV, "dev1", 2);
    desk_wait_quietly(&d, 2000);
    desk_expect_step(&d, DEV, &desk_steps[2]);
    desk_answer(&d, DEV, BC_COAP_CHANGED);
    desk_expect_step(&d, DEV, &desk_steps[3]);
    for (unsigned i = 0; i < 4; i++) { /* the next one's clock begins anew */
        desk_wait_quietly(&d, 2000U << i);
        desk_expect_step(&d, DEV, &desk_steps[3]);
    }
    desk_finish(&d, DEV, 3);
    desk_end(&d);
}

/*   server                     device
 *     | -- PUT /0/0, CON -------> |
 *     | <- empty ACK ------------ |
 *     | <- 2.04, CON or NON ----- |
 *     | -- empty ACK -----------> |   to a CON
 */
static void separate_responses_are_answers_too(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_open_to(&d, DEV, "dev1", 1);
    desk_feed(&d, DEV, "6000<mid>");
    desk_expect_silence(&d);
    desk_answer(&d, DEV, BC_COAP_CHANGED); /* it can only be acknowledged once */
    desk_expect_silence(&d);
    desk_feed(&d, DEV, "44443333<token>");
    desk_expect(&d, DEV, "60003333");
    desk_expect_step(&d, DEV, &desk_steps[2]);
    desk_feed(&d, DEV, "44443333<token>"); /* repeated: the same again, and nothing else */
    desk_expect(&d, DEV, "60003333");
    desk_expect_silence(&d);
    desk_feed(&d, DEV, "54443334<token>"); /* without an acknowledgement before */
    desk_expect_step(&d, DEV, &desk_steps[3]);
    desk_finish(&d, DEV, 3);
    desk_end(&d);
}

static void acknowledged_request_waits_247_s_for_its_answer(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_open_to(&d, DEV, "dev1", 1);
    desk_feed(&d, DEV, "6000<mid>");
    desk_wait(&d, 200000);
    desk_feed(&d, DEV, "6000<mid>"); /* changes nothing */
    desk_wait_quietly(&d, 47000);
    expect_failure(&d, 1, 0, "the device did not answer");
    desk_end(&d);
}

/* --- Beginning anew -------------------------------------------------------------------------- */

static void new_request_in_the_middle_starts_over(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    for (size_t at = 0; at < DESK_STEPS; at++) {
        char old_answer[32];
        uint16_t port = at % 2 == 0 ? DEV : OTHER; /* the device's address may be another one */
        desk_open_to(&d, DEV, "dev1", at);
        snprintf(old_answer, sizeof(old_answer), "64%02X%02X%02X%02X%02X%02X%02X",
                 desk_steps[at].right, d.last[2], d.last[3], d.last[4], d.last[5], d.last[6],
                 d.last[7]);
        desk_ask(&d, port, (uint16_t)(0x2000 + at), "dev1");
        char expected[16];
        snprintf(expected, sizeof(expected), "6044%04X", (unsigned)(0x2000 + at));
        desk_expect(&d, port, expected);
        desk_expect_step(&d, port, &desk_steps[0]);
        const struct desk_event *event = desk_expect_event(&d, BC_BOOTSTRAP_FAILED);
        assert_string_equal(event->reason, "the device began anew");
        assert_string_equal(event->step, desk_steps[at].name);
        assert_int_equal(desk_expect_event(&d, BC_BOOTSTRAP_REQUESTED)->port, port);
        desk_feed(&d, DEV, old_answer);
        desk_expect_silence(&d);
        desk_finish(&d, port, 0);
        assert_int_equal(bc_bootstrap_server_session_count(d.server), 0);
    }
    desk_end(&d);
}

static void repeated_request_does_not_start_over(void **state)
{
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_open(&d, DEV, 0x1001, "dev1");
    desk_expect_step(&d, DEV, &desk_steps[0]);
    desk_ask(&d, DEV, 0x1001, "dev1");
    desk_expect(&d, DEV, "60441001");
    desk_expect_silence(&d);
    desk_finish(&d, DEV, 0);
    desk_ask(&d, DEV, 0x1001, "dev1");
    desk_expect(&d, DEV, "60441001");
    desk_expect_silence(&d);
    desk_wait(&d, 247000); /* EXCHANGE_LIFETIME: now it is another one */
    desk_open(&d, DEV, 0x1001, "dev1");
    desk_expect_step(&d, DEV, &desk_steps[0]);
    desk_finish(&d, DEV, 0);
    desk_end(&d);
}

/* --- Strangers ------------------------------------------------------------------------------- */

static void answers_that_do_not_fit_are_no_answers(void **state)
{
    static const struct {
        uint16_t port;
        const char *in;
        const char *out;
    } rows[] = {
        {OTHER, "6444<mid><token>", NULL},         /* another address */
        {OTHER, "7000<mid>", NULL},                /* the same, reset */
        {OTHER, "6000<mid>", NULL},                /* the same, acknowledged */
        {OTHER, "44443333<token>", "70003333"},    /* the same, separate */
        {DEV, "64440000<token>", NULL},            /* another message id */
        {DEV, "70000000", NULL},                   /* the same, reset */
        {DEV, "6444<mid>00000000", NULL},          /* another token */
        {DEV, "6344<mid>000000", NULL},            /* a shorter one */
        {DEV, "6044<mid>", NULL},                  /* none */
        {DEV, "6544<mid><token>00", NULL},         /* a longer one */
        {DEV, "4444333300000000", "70003333"},     /* another token, separate */
        {DEV, "6444<mid><token> 9161", NULL},      /* a critical option nobody knows */
        {DEV, "44443333<token> 9161", "70003333"}, /* the same, separate */
        {DEV, "6402<mid><token>", NULL},           /* a request as an acknowledgement */
        {DEV, "7444<mid><token>", NULL},           /* a response as a reset */
        {DEV, "6444<mid><token> FF", NULL},        /* malformed */
    };
    struct desk d;
    (void)state;
    desk_begin(&d);
    desk_open_to(&d, DEV, "dev1", 2);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        desk_feed(&d, rows[i].port, rows[i].in);
        if (rows[i].out != NULL)
            desk_expect(&d, rows[i].port, rows[i].out);
        desk_expect_silence(&d);
    }
    desk_finish(&d, DEV, 2);
    desk_end(&d);
}

#define ROUNDS 20000
#define PEERS 6
#define SESSIONS_MAX 4
static const char *const seeds[] = {
    "42021001A1A2 B26273 4765703D64657631",
    "42021001A1A2 B26273 4465703D78 0770 63743D313132",
    "52021001A1A2 B26273 4465703D79",
    "6442<mid><token>",
    "6444<mid><token>",
    "6445<mid><token> C128FF3C2F312F303E",
    "44441002<token>",
    "54441003<token>",
    "6000<mid>",
    "7000<mid>",
    "6480<mid><token>",
    "40011004 B26273",
};

static void mutate(struct bc_random *random, uint8_t *bytes, size_t *len)
{
    for (uint32_t i = bc_random_next(random) % 3; i > 0 && *len > 0; i--) {
        size_t at = bc_random_next(random) % *len;
        if (bc_random_next(random) % 3 == 0)
            *len = at;
        else
            bytes[at] ^= (uint8_t)(1U << bc_random_next(random) % 8);
    }
}

static size_t read_seed(const struct desk *d, const char *hex, uint8_t out[64])
{
    char digits[128];
    size_t count = 0;
    for (; *hex != '\0'; hex++) {
        if (strncmp(hex, "<mid>", 5) == 0 || strncmp(hex, "<token>", 7) == 0) {
            bool mid = hex[1] == 'm';
            bc_sink sink = {.ptr = (uint8_t *)digits, .len = count, .cap = sizeof(digits)};
            bc_put_hex(&sink, (bc_view){d->last + (mid ? 2 : 4), mid ? 2 : 4});
            count = sink.len;
            hex += mid ? 4 : 6;
        } else if (*hex != ' ') {
            digits[count++] = *hex;
        }
    }
    assert_true(bc_hex_decode((bc_view){(const uint8_t *)digits, count}, out));
    return count / 2;
}

struct attack {
    struct desk desk;
    struct bc_random random;
    uint16_t port; /* of the last request that the server sent */
    size_t kinds[BC_BOOTSTRAP_REJECTED + 1];
};

static uint32_t draw(struct attack *a, uint32_t below)
{
    return bc_random_next(&a->random) % below;
}

static void throw_one(struct attack *a)
{
    uint8_t bytes[64];
    size_t len = read_seed(&a->desk, seeds[draw(a, sizeof(seeds) / sizeof(seeds[0]))], bytes);
    if (draw(a, 2) == 0)
        bytes[3] = (uint8_t)draw(a, 256); /* or everything is a duplicate */
    mutate(&a->random, bytes, &len);
    desk_feed_bytes(&a->desk, (uint16_t)(7000 + draw(a, PEERS)), (bc_view){bytes, len});
}

/* So that the attack gets to every step. */
static void answer_rightly(struct attack *a)
{
    uint8_t method = a->desk.last[1];
    desk_answer(&a->desk, a->port,
                method == BC_COAP_GET      ? BC_COAP_CONTENT
                : method == BC_COAP_DELETE ? BC_COAP_DELETED
                                           : BC_COAP_CHANGED);
}

static void drain(struct attack *a)
{
    struct bc_server_datagram seen;
    while (bc_bootstrap_server_take_datagrams(a->desk.server, &seen, 1) == 1) {
        struct bc_coap_message m;
        assert_int_equal(bc_coap_parse(seen.bytes, &m), BC_OK);
        if (m.type != BC_COAP_CON)
            continue;
        memcpy(a->desk.last, seen.bytes.ptr, seen.bytes.len);
        a->port = seen.to.port;
    }
    assert_true(bc_bootstrap_server_deadline(a->desk.server) > a->desk.now_ms);
    for (size_t i = 0; i < a->desk.event_count; i++)
        a->kinds[a->desk.events[i].kind]++;
    a->desk.event_count = 0;
    assert_true(bc_bootstrap_server_session_count(a->desk.server) <= SESSIONS_MAX);
}

static void hostile_datagrams_break_nothing(void **state)
{
    struct bc_bootstrap_config config = bc_bootstrap_config_default();
    static struct attack a = {.random = {2026}};
    (void)state;
    config.sessions_max = SESSIONS_MAX;
    config.duplicates_max = 16;
    desk_begin_with(&a.desk, &config);
    for (int round = 0; round < ROUNDS; round++) {
        a.desk.information.discover = round % 2 == 0;
        a.desk.closed = draw(&a, 8) == 0;
        throw_one(&a);
        drain(&a);
        if (draw(&a, 2) == 0)
            answer_rightly(&a);
        drain(&a);
        desk_wait(&a.desk, draw(&a, 3000));
        drain(&a);
    }
    for (size_t i = 0; i <= BC_BOOTSTRAP_REJECTED; i++)
        assert_true(a.kinds[i] > 0); /* the attack got somewhere */
    assert_int_equal(a.kinds[BC_BOOTSTRAP_REQUESTED],
                     a.kinds[BC_BOOTSTRAP_FINISHED] + a.kinds[BC_BOOTSTRAP_FAILED] +
                         bc_bootstrap_server_session_count(a.desk.server));
    bc_bootstrap_server_destroy(a.desk.server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bootstrap_survives_the_loss_of_any_datagram),
        cmocka_unit_test(bootstrap_survives_any_datagram_twice),
        cmocka_unit_test(bootstrap_survives_loss_and_doubling_of_any_two),
        cmocka_unit_test(error_at_any_step_ends_the_bootstrap),
        cmocka_unit_test(success_of_another_kind_ends_the_bootstrap),
        cmocka_unit_test(refused_discovery_ends_the_bootstrap),
        cmocka_unit_test(reset_at_any_step_ends_the_bootstrap),
        cmocka_unit_test(silence_at_any_step_ends_the_bootstrap_after_62_s),
        cmocka_unit_test(answer_to_a_retransmission_counts),
        cmocka_unit_test(separate_responses_are_answers_too),
        cmocka_unit_test(acknowledged_request_waits_247_s_for_its_answer),
        cmocka_unit_test(new_request_in_the_middle_starts_over),
        cmocka_unit_test(repeated_request_does_not_start_over),
        cmocka_unit_test(answers_that_do_not_fit_are_no_answers),
        cmocka_unit_test(hostile_datagrams_break_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
