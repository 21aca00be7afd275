/*
 * Hostile datagrams from a fixed seed: mutations of everything a device may send, thrown at a
 * server that also talks to devices itself. Nothing may crash or leak (the sanitizers look), every
 * limit must hold, and a well-behaved device must still be served afterwards.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/sink.h"
#include "world.h"

#define ROUNDS 20000
#define PEERS 8
#define DEVICES_MAX 20

static const char *const seeds[] = {
    ("44021001A1A2A3A4B27264112839 6C776D326D3D312E30 0465703D78 066C743D333030 04623D5551"
     "FF3C2F313930302F303E2C3C2F31392F303E"),
    "44021002A1A2A3A4B272640A41414141414141414141466C743D363030",
    "44041003A1A2A3A4B272640A41414141414141414141",
    "40021004B26470122D173465703D78FF7B7D",
    "44451005A1A2A3A46106612AFF0102",
    "54451006A1A2A3A46107612AFF0103",
    "64451007A1A2A3A460C0FF616263",
    "60001008",
    "70001009",
    "64451007A1A2A3A4C0B108FF30313233343536373839414243444546",
    "64451007A1A2A3A4C0B118FF30313233343536373839414243444546",
    "64451007A1A2A3A4C0B120FF3031",
    "5445100CA1A2A3A46109612AB108FF30313233343536373839414243444546",
    ("4402100DA1A2A3A4B272641128396C776D326D3D312E300465703D78C108"
     "FF3C2F313930302F303E2C3C2F31392F30"),
    "4402100EA1A2A3A4B272641128396C776D326D3D312E300465703D78C110FF3E",
    "4001100ABB2E77656C6C2D6B6E6F776E04636F7265",
};
#define SEED_COUNT (sizeof(seeds) / sizeof(seeds[0]))

struct attack {
    struct bc_server *server;
    struct bc_random random;
    uint64_t now_ms;
    uint8_t request[16]; /* head of the last request that the server sent */
    size_t request_bytes;
    uint8_t id[BC_SERVER_ID_CHARS];
};

static uint32_t draw(struct attack *a, uint32_t below)
{
    return bc_random_next(&a->random) % below;
}

static bool find_product(void *context, bc_view endpoint, struct bc_server_product *out)
{
    static const char *const names[] = {"iot", "aep", "dmp"};
    (void)context;
    *out = (struct bc_server_product){.carrier = bc_server_carrier_find(names[endpoint.ptr[0] % 3]),
                                      .observe_all = true};
    return true;
}

static void on_event(void *context, const struct bc_server_event *event)
{
    struct attack *a = context;
    if (event->kind == BC_SERVER_REGISTERED)
        memcpy(a->id, event->device->id, sizeof(a->id));
}

static size_t read_seed(const char *hex, uint8_t *out)
{
    char digits[400];
    size_t len = 0;
    for (; *hex != '\0'; hex++)
        if (*hex != ' ')
            digits[len++] = *hex;
    assert_true(bc_hex_decode((bc_view){(const uint8_t *)digits, len}, out));
    return len / 2;
}

/* What an attacker could have seen: a real id, and the id and token of a real request. */
static void put_secrets(struct attack *a, uint8_t *bytes, size_t len)
{
    if (len >= 23 && draw(a, 2) == 0 && bytes[12] == 'A')
        memcpy(bytes + 12 + draw(a, 2), a->id, sizeof(a->id));
    if (len >= 8 && draw(a, 2) == 0 && a->request_bytes >= 8) {
        memcpy(bytes + 2, a->request + 2, 2);
        memcpy(bytes + 4, a->request + 4, 4);
    }
}

static size_t mutate(struct attack *a, uint8_t *bytes, size_t len, size_t cap)
{
    for (uint32_t i = draw(a, 4); i > 0; i--) {
        size_t at = draw(a, (uint32_t)len + 1);
        switch (draw(a, 4)) {
        case 0:
            if (at < len)
                bytes[at] = (uint8_t)draw(a, 256);
            break;
        case 1:
            if (at < len)
                bytes[at] ^= (uint8_t)(1U << draw(a, 8));
            break;
        case 2:
            len = at;
            break;
        default:
            if (len + 1 < cap) {
                memmove(bytes + at + 1, bytes + at, len - at);
                bytes[at] = (uint8_t)draw(a, 256);
                len++;
            }
        }
    }
    return len;
}

static void throw_one(struct attack *a)
{
    uint8_t bytes[400];
    struct bc_server_incoming in = {.from = world_address((uint16_t)(7000 + draw(a, PEERS)))};
    size_t len = read_seed(seeds[draw(a, SEED_COUNT)], bytes);
    if (draw(a, 3) != 0 && len >= 4) {
        bytes[2] = (uint8_t)draw(a, 256); /* or everything is a duplicate */
        bytes[3] = (uint8_t)draw(a, 256);
    }
    put_secrets(a, bytes, len);
    len = mutate(a, bytes, len, sizeof(bytes));
    uint8_t *exact = malloc(len + 1);
    assert_non_null(exact);
    memcpy(exact, bytes, len);
    in.bytes = (bc_view){exact, len};
    bc_server_expect(a->server, &in, 1);
    bc_server_on_datagram(a->server, a->now_ms, &in.from, in.bytes);
    free(exact);
}

static void drain(struct attack *a)
{
    struct bc_server_datagram out[4];
    size_t count;
    while ((count = bc_server_take_datagrams(a->server, out, 4)) > 0)
        for (size_t i = 0; i < count; i++) {
            struct bc_coap_message message;
            assert_int_equal(bc_coap_parse(out[i].bytes, &message), BC_OK);
            if (out[i].bytes.len < sizeof(a->request) || out[i].bytes.ptr[0] != 0x44)
                continue;
            memcpy(a->request, out[i].bytes.ptr, sizeof(a->request));
            a->request_bytes = sizeof(a->request);
        }
    assert_true(bc_server_deadline(a->server) > a->now_ms);
}

static void hostile_datagrams_break_nothing(void **state)
{
    (void)state;
    static struct attack a;
    struct bc_server_config config = bc_server_config_default();
    config.devices_max = DEVICES_MAX;
    config.duplicates_max = 100;
    config.find_product = find_product;
    config.on_event = on_event;
    config.context = &a;
    a = (struct attack){.server = bc_server_create(&config), .random = {2026}, .now_ms = 1};
    assert_non_null(a.server);
    size_t most = 0;
    for (int round = 0; round < ROUNDS; round++) {
        for (uint32_t i = draw(&a, 8); i > 0; i--)
            throw_one(&a);
        drain(&a);
        a.now_ms += draw(&a, 2000);
        bc_server_on_time(a.server, a.now_ms);
        drain(&a);
        if (bc_server_device_count(a.server) > most)
            most = bc_server_device_count(a.server);
    }
    assert_true(most <= DEVICES_MAX && most > 2); /* the attack got somewhere */
    bc_server_destroy(a.server);
}

/* More devices than there are message ids, all at one address and all asked at the same time: it
 * used to look for a free one for ever. */
static void more_devices_at_one_address_than_message_ids_are_served(void **state)
{
    (void)state;
    struct world w;
    char name[16];
    struct bc_server_config config = bc_server_config_default();
    config.seed = 7;
    config.events = 0;
    config.duplicates_max = 16; /* message ids of registrations come again, too */
    world_begin_with(&w, "iot", &config);
    for (unsigned i = 0; i <= UINT16_MAX + 1U; i++) {
        snprintf(name, sizeof(name), "dev%u", i);
        world_register_silently(&w, 7001, name, "");
        assert_int_equal(world_request(&w, name, BC_SERVER_READ, "/3/0/0", 0), BC_OK);
        world_take_all(&w);
        w.now_ms += i % 4096 == 0; /* or all repetitions come at once */
    }
    assert_true(bc_server_device_count(w.server) > 0);
    bc_server_destroy(w.server);
}

/* PLATFORM 2: rate limits. Whoever forges a sender's address makes us send him so much and no more;
 * devices that are served notice nothing. */
static void refusals_have_a_limit_a_second(void **state)
{
    (void)state;
    struct world w;
    struct bc_server_config config = bc_server_config_default();
    config.refusals_per_s = 3;
    world_begin_with(&w, "iot", &config);
    world_register(&w, 7001, "x", "</3/0>");
    (void)world_expect_event(&w, BC_SERVER_REGISTERED);
    world_feed(&w, 666, "4002 0001 B2 7264"); /* POST /rd without an endpoint */
    world_expect(&w, 666, "6080 0001");
    (void)world_expect_event(&w, BC_SERVER_REJECTED);
    world_feed(&w, 666, "4000 0002"); /* a ping */
    world_expect(&w, 666, "7000 0002");
    world_feed(&w, 666, "4445 0003 01020304"); /* a notification that nobody has asked for */
    world_expect(&w, 666, "7000 0003");
    world_feed(&w, 666, "4000 0004");
    world_feed(&w, 667, "4445 0005 01020304");
    world_feed(&w, 668, "4001 0006 B3 666F6F"); /* GET /foo */
    world_feed(&w, 669, "4002 0007 B2 7264");   /* not told either */
    world_expect_silence(&w);
    world_expect_no_event(&w);
    world_feed(&w, 7001, "4002 2001 B2 7264 0A <id>");
    world_expect(&w, 7001, "6044 2001");
    (void)world_expect_event(&w, BC_SERVER_UPDATED);
    world_wait(&w, 1000);
    world_feed(&w, 668, "4001 0006 B3 666F6F"); /* again, as CoAP does */
    world_expect(&w, 668, "6084 0006");
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_datagrams_break_nothing),
        cmocka_unit_test(refusals_have_a_limit_a_second),
        cmocka_unit_test(more_devices_at_one_address_than_message_ids_are_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
