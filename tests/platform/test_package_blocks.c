/*
 * Packages that devices fetch (platform/core/package.c): GET /fw/<name> in blocks, for the
 * package's device and for nobody else; and the observation that outlives a registration, so that a
 * module that has updated itself may still report.
 */
#include <stdio.h>
#include <string.h>

#include "world.h"

#define REVISIONS "</3/0>,</5/0>"
#define GET_ABC "4201 0101 0001 B2 6677 03 616263"
#define ABSENT "6284 0101 0001"

static uint8_t package[2500];
static size_t package_bytes;
static uint32_t fetched;
static bool keeps;

static bool find_package(void *context, bc_view name, struct bc_server_package *out)
{
    (void)context;
    *out = (struct bc_server_package){
        .endpoint = BC_TEXT("dev"),
        .bytes = {package, package_bytes},
        .etag = UINT64_C(0x0102030405060708),
    };
    return name.len == 3 && memcmp(name.ptr, "abc", 3) == 0;
}

static void on_fetched(void *context, bc_view endpoint, uint32_t bytes)
{
    (void)context;
    assert_int_equal(endpoint.len, 3);
    fetched = bytes;
}

static bool keeps_observation(void *context, bc_view endpoint, const struct bc_server_path *path)
{
    (void)context;
    (void)endpoint;
    return keeps && path->count == 3 && path->ids[0] == 5;
}

static void begin_with(struct world *w, uint16_t block_bytes, size_t bytes)
{
    struct bc_server_config config = bc_server_config_default();
    config.seed = 7;
    config.block_bytes = block_bytes;
    config.find_package = find_package;
    config.on_fetched = on_fetched;
    config.keeps_observation = keeps_observation;
    for (size_t i = 0; i < sizeof(package); i++)
        package[i] = (uint8_t)(i * 7 + i / 256);
    package_bytes = bytes;
    fetched = 0;
    world_begin_with(w, "iot", &config);
}

static void begin(struct world *w, uint16_t block_bytes, size_t bytes)
{
    begin_with(w, block_bytes, bytes);
    world_register(w, 1000, "dev", REVISIONS);
    world_expect_event(w, BC_SERVER_REGISTERED);
}

/* The answer to GET_ABC: this Block2 and Size2, and so many bytes from that offset. */
static void expect_block(struct world *w, uint16_t port, const char *block2, const char *size2,
                         size_t offset, size_t bytes)
{
    char hex[3 * WORLD_BYTES_MAX];
    int at = snprintf(hex, sizeof(hex), "6245 0101 0001 48 0102030405060708 81 2A %s %s FF", block2,
                      size2);
    for (size_t i = 0; i < bytes; i++)
        at += snprintf(hex + at, sizeof(hex) - (size_t)at, "%02X", package[offset + i]);
    world_expect(w, port, hex);
    assert_int_equal(fetched, offset + bytes);
}

/*  device                                   server
 *    | -- GET /fw/abc -----------------------> |
 *    | <- 2.05 2:0/1/1024, Size2 2500 -------- |
 *    | -- GET /fw/abc 2:1/0/1024 ------------> |   ...
 *    | <- 2.05 2:2/0/1024, 452 bytes --------- |
 */
static void a_package_comes_in_blocks(void **state) /* RFC 7959 2.4 */
{
    struct world w;
    (void)state;
    begin(&w, 0, 2500);
    world_feed(&w, 1000, GET_ABC);
    expect_block(&w, 1000, "B1 0E", "52 09C4", 0, 1024);
    world_feed(&w, 1000, GET_ABC " C1 16");
    expect_block(&w, 1000, "B1 1E", "52 09C4", 1024, 1024);
    world_feed(&w, 1000, GET_ABC " C1 26");
    expect_block(&w, 1000, "B1 26", "52 09C4", 2048, 452);
    world_end(&w);
}

static void the_smaller_block_size_counts(void **state) /* RFC 7959 2.4 */
{
    struct world w;
    (void)state;
    begin(&w, 64, 100);
    world_feed(&w, 1000, GET_ABC " C1 06"); /* 1024 are asked for, 64 given */
    expect_block(&w, 1000, "B1 0A", "51 64", 0, 64);
    world_feed(&w, 1000, GET_ABC " C1 12");
    expect_block(&w, 1000, "B1 12", "51 64", 64, 36);
    world_feed(&w, 1000, GET_ABC " C1 20"); /* the device wants 16 */
    expect_block(&w, 1000, "B1 28", "51 64", 32, 16);
    world_feed(&w, 1000, GET_ABC " C1 60");
    expect_block(&w, 1000, "B1 60", "51 64", 96, 4);
    world_end(&w);
}

static void a_block_beyond_the_end_is_a_bad_request(void **state)
{
    struct world w;
    (void)state;
    begin(&w, 0, 1024);
    world_feed(&w, 1000, GET_ABC);
    expect_block(&w, 1000, "B1 06", "52 0400", 0, 1024);
    world_feed(&w, 1000, GET_ABC " C1 16");
    world_expect(&w, 1000, "6280 0101 0001");
    world_feed(&w, 1000, GET_ABC " C3 FFFFF6");
    world_expect(&w, 1000, "6280 0101 0001");
    world_feed(&w, 1000, GET_ABC " C1 0F"); /* the reserved size */
    world_expect(&w, 1000, "6280 0101 0001");
    world_end(&w);
}

static void a_repeated_request_is_answered_again(void **state)
{
    struct world w;
    (void)state;
    begin(&w, 16, 16);
    for (int i = 0; i < 3; i++) {
        world_feed(&w, 1000, GET_ABC);
        expect_block(&w, 1000, "B0", "51 10", 0, 16);
    }
    world_feed(&w, 1000, "5201 0101 0001 B2 6677 03 616263"); /* NON */
    struct bc_server_datagram seen;
    assert_int_equal(bc_server_take_datagrams(w.server, &seen, 1), 1);
    assert_int_equal(seen.bytes.ptr[0], 0x52);
    assert_int_equal(seen.bytes.ptr[1], BC_COAP_CONTENT);
    world_end(&w);
}

static void nobody_else_gets_a_package(void **state) /* PLATFORM section 2: amplification */
{
    struct world w;
    (void)state;
    begin_with(&w, 0, 2500);
    world_feed(&w, 1000, GET_ABC); /* not registered */
    world_expect(&w, 1000, ABSENT);
    world_register(&w, 1000, "dev", REVISIONS);
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_feed(&w, 1000, "4201 0101 0001 B2 6677 03 616264"); /* another name */
    world_expect(&w, 1000, ABSENT);
    struct bc_address other = world_address(1000);
    other.ip[3] = 2;
    uint8_t request[] = {0x42, 1, 1, 1, 0, 1, 0xB2, 0x66, 0x77, 3, 0x61, 0x62, 0x63};
    struct bc_server_datagram seen;
    bc_server_on_datagram(w.server, w.now_ms, &other, (bc_view){request, sizeof(request)});
    assert_int_equal(bc_server_take_datagrams(w.server, &seen, 1), 1);
    assert_int_equal(seen.bytes.ptr[1], BC_COAP_NOT_FOUND);
    assert_int_equal(fetched, 0);
    world_feed(&w, 2000, GET_ABC); /* another socket of the same device */
    expect_block(&w, 2000, "B1 0E", "52 09C4", 0, 1024);
    world_end(&w);
}

static void a_package_is_only_for_reading(void **state)
{
    struct world w;
    (void)state;
    begin(&w, 0, 100);
    world_feed(&w, 1000, "4202 0101 0001 B2 6677 03 616263");
    world_expect(&w, 1000, "6285 0101 0001");
    world_feed(&w, 1000, GET_ABC " 61 32"); /* Accept: JSON */
    world_expect(&w, 1000, "6286 0101 0001");
    world_feed(&w, 1000, "4201 0101 0001 B2 6677"); /* GET /fw */
    world_expect(&w, 1000, ABSENT);
    world_feed(&w, 1000, "4201 0102 0001 B2 7264 C1 16"); /* GET /rd 2:1/0/1024 */
    world_expect(&w, 1000, "6282 0102 0001");
    world_end(&w);
}

static void observe_state(struct world *w)
{
    assert_int_equal(world_request(w, "dev", BC_SERVER_OBSERVE, "/5/0/3", 9), BC_OK);
    world_expect(w, 1000, "4401 <mid> <token> 60 51 35 01 30 01 33");
    world_answer(w, 1000, 0x45, "61 05 FF 30");
    world_expect_event(w, BC_SERVER_OBSERVED);
}

static void an_observation_may_outlive_its_registration(void **state) /* G 4.1.1.3 */
{
    struct world w;
    (void)state;
    begin(&w, 0, 100);
    keeps = true;
    observe_state(&w);
    world_register(&w, 1001, "dev", REVISIONS);
    const struct world_event *event = world_expect_event(&w, BC_SERVER_REGISTERED);
    assert_true(event->observed);
    /* Its counter begins anew after the reboot: that is not stale. */
    world_feed(&w, 1001, "4445 0202 <token> 61 02 FF 30");
    world_expect(&w, 1001, "6000 0202");
    event = world_expect_event(&w, BC_SERVER_NOTIFIED);
    assert_string_equal(event->path, "/5/0/3");
    assert_false(event->stale);
    world_end(&w);
}

static void other_observations_end_with_their_registration(void **state) /* PLATFORM section 2 */
{
    struct world w;
    (void)state;
    begin(&w, 0, 100);
    keeps = false;
    observe_state(&w);
    world_register(&w, 1001, "dev", REVISIONS);
    assert_false(world_expect_event(&w, BC_SERVER_REGISTERED)->observed);
    world_feed(&w, 1001, "4445 0202 <token> 61 06 FF 30");
    world_expect(&w, 1001, "7000 0202");
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_package_comes_in_blocks),
        cmocka_unit_test(the_smaller_block_size_counts),
        cmocka_unit_test(a_block_beyond_the_end_is_a_bad_request),
        cmocka_unit_test(a_repeated_request_is_answered_again),
        cmocka_unit_test(nobody_else_gets_a_package),
        cmocka_unit_test(a_package_is_only_for_reading),
        cmocka_unit_test(an_observation_may_outlive_its_registration),
        cmocka_unit_test(other_observations_end_with_their_registration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
