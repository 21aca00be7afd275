/*
 * Registrations and updates whose list of objects comes in blocks (RFC 7959 section 2.5, the
 * server's side): gathered in every size, refused when there is something wrong, few at a time.
 */
#include <stdio.h>
#include <string.h>

#include "base/sink.h"
#include "text.h"
#include "world.h"

#define SIXTEEN "FF 101112131415161718191A1B1C1D1E1F"

/* POST /rd?lwm2m=1.0&ep=x with a Block1 option and this part of the links; token A1 A2. */
static void feed_registration(struct world *w, uint16_t port, unsigned message_id, size_t number,
                              bool more, unsigned exponent, bc_view links)
{
    struct text t = {.len = 0};
    size_t at = number * SIZE(exponent);
    size_t bytes = more || links.len - at > SIZE(exponent) ? SIZE(exponent) : links.len - at;
    text_add(&t, "4802");
    text_add_byte(&t, message_id >> 8);
    text_add_byte(&t, message_id & 255);
    text_add(&t, "A1A2A3A4A5A6A7A8 B27264 11 28 39 6C776D326D3D312E30 04 65703D78");
    text_add_block(&t, 12, number, more, exponent);
    text_add(&t, "FF");
    for (size_t i = 0; i < bytes; i++)
        text_add_byte(&t, links.ptr[at + i]);
    world_feed(w, port, t.hex);
}

static void expect_registration(struct world *w, uint16_t port, uint8_t code, unsigned message_id,
                                size_t number, bool more, unsigned exponent)
{
    struct text t = {.len = 0};
    text_add(&t, "68");
    text_add_byte(&t, code);
    text_add_byte(&t, message_id >> 8);
    text_add_byte(&t, message_id & 255);
    text_add(&t, "A1A2A3A4A5A6A7A8");
    if (code == BC_COAP_CREATED)
        text_add(&t, "82 7264 0A <id>");
    text_add_block(&t, code == BC_COAP_CREATED ? 19 : 27, number, more, exponent);
    if (code == BC_COAP_REQUEST_ENTITY_TOO_LARGE)
        text_add(&t, "D2 14 1000"); /* Size1 4096 */
    world_expect(w, port, t.hex);
}

/* "</1000/0>,</1001/0>,..." */
static bc_view make_links(char *out, size_t bytes)
{
    size_t len = 0;
    for (unsigned i = 0; len + 10 <= bytes; i++)
        len += (size_t)snprintf(out + len, 11, "%s</%u/0>", i == 0 ? "" : ",", 1000 + i);
    return (bc_view){(const uint8_t *)out, len};
}

/*  device                                   server
 *    | CON POST /rd?ep=x 1:0/1/512   ->       |
 *    | <-  ACK 2.31 1:0/1/512                 |
 *    | CON POST /rd?ep=x 1:1/0/512   ->       |
 *    | <-  ACK 2.01 rd/<id> 1:1/0/512         |  */
static void registration_may_come_in_blocks_of_every_size(void **state)
{
    (void)state;
    char text[BC_SERVER_LINKS_BYTES_MAX + 16];
    for (unsigned exponent = 0; exponent < SIZES; exponent++) {
        struct world w;
        struct bc_server_device device;
        bc_view links = make_links(text, BC_SERVER_LINKS_BYTES_MAX);
        size_t count = (links.len + SIZE(exponent) - 1) / SIZE(exponent);
        world_begin(&w, "iot");
        for (size_t i = 0; i < count; i++) {
            unsigned message_id = 0x1000 + (unsigned)i;
            bool more = i + 1 < count;
            world_expect_no_event(&w);
            feed_registration(&w, 7001, message_id, i, more, exponent, links);
            expect_registration(&w, 7001, more ? BC_COAP_CONTINUE : BC_COAP_CREATED, message_id, i,
                                more, exponent);
            feed_registration(&w, 7001, message_id, i, more, exponent, links); /* repeated */
            expect_registration(&w, 7001, more ? BC_COAP_CONTINUE : BC_COAP_CREATED, message_id, i,
                                more, exponent);
        }
        world_expect_event(&w, BC_SERVER_REGISTERED);
        assert_true(bc_server_find(w.server, BC_TEXT("x"), &device));
        assert_true(bc_view_equal(device.links, links));
        world_end(&w);
    }
}

static void registrations_in_blocks_do_not_mix(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, "iot");
    for (uint16_t port = 7001; port < 7003; port++) {
        feed_registration(&w, port, 0x1000, 0, true, 0,
                          port == 7001 ? BC_TEXT("</1000/0>,</1001/0>")
                                       : BC_TEXT("</2000/0>,</2001/0>"));
        expect_registration(&w, port, BC_COAP_CONTINUE, 0x1000, 0, true, 0);
    }
    feed_registration(&w, 7001, 0x1001, 1, false, 0, BC_TEXT("</1000/0>,</1001/0>"));
    expect_registration(&w, 7001, BC_COAP_CREATED, 0x1001, 1, false, 0);
    struct bc_server_device device;
    world_expect_event(&w, BC_SERVER_REGISTERED);
    assert_true(bc_server_find(w.server, BC_TEXT("x"), &device));
    assert_true(bc_view_equal(device.links, BC_TEXT("</1000/0>,</1001/0>")));
    world_end(&w);
}

/* Not even those of two endpoints behind one address. */
static void registrations_of_two_endpoints_do_not_mix(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, "iot");
    feed_registration(&w, 7001, 0x1000, 0, true, 0, BC_TEXT("</1000/0>,</1001/0>"));
    expect_registration(&w, 7001, BC_COAP_CONTINUE, 0x1000, 0, true, 0);
    world_feed(&w, 7001, /* ep=y */
               "4802 1001 A1A2A3A4A5A6A7A8 B27264 1128 39 6C776D326D3D312E30 04 65703D79 C1 10"
               "FF 2F303E");
    expect_registration(&w, 7001, BC_COAP_REQUEST_ENTITY_INCOMPLETE, 0x1001, 1, false, 0);
    feed_registration(&w, 7001, 0x1002, 1, false, 0, BC_TEXT("</1000/0>,</1001/0>"));
    expect_registration(&w, 7001, BC_COAP_CREATED, 0x1002, 1, false, 0);
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_end(&w);
}

static void update_may_come_in_blocks(void **state)
{
    (void)state;
    struct world w;
    struct bc_server_device device;
    world_begin(&w, "iot");
    world_register(&w, 7001, "x", "");
    world_expect_event(&w, BC_SERVER_REGISTERED);
    world_feed(&w, 7001,
               "4002 2000 B27264 0A<id> 11 28 D1 02 08"
               "FF 3C2F313030302F303E2C3C2F31303031"); /* </1000/0>,</1001 */
    world_expect(&w, 7001, "605F 2000 D1 0E 08");
    world_feed(&w, 7001, "4002 2001 B27264 0A<id> 11 28 D1 02 10 FF 2F303E"); /* /0> */
    world_expect(&w, 7001, "6044 2001 D1 0E 10");
    assert_true(world_expect_event(&w, BC_SERVER_UPDATED)->links_changed);
    assert_true(bc_server_find(w.server, BC_TEXT("x"), &device));
    assert_true(bc_view_equal(device.links, BC_TEXT("</1000/0>,</1001/0>")));
    world_end(&w);
}

#define NINETEEN BC_TEXT("</1000/0>,</1001/0>")

static void registration_with_a_missing_block_is_incomplete(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, "iot");
    feed_registration(&w, 7001, 0x1000, 1, false, 0, NINETEEN); /* without the first one */
    expect_registration(&w, 7001, BC_COAP_REQUEST_ENTITY_INCOMPLETE, 0x1000, 1, false, 0);
    feed_registration(&w, 7001, 0x1001, 0, true, 0, NINETEEN);
    expect_registration(&w, 7001, BC_COAP_CONTINUE, 0x1001, 0, true, 0);
    world_feed(
        &w, 7001, /* another Content-Format: not the same body */
        "4802 1002 A1A2A3A4A5A6A7A8 B27264 10 39 6C776D326D3D312E30 04 65703D78 C1 10 FF 2F303E");
    expect_registration(&w, 7001, BC_COAP_REQUEST_ENTITY_INCOMPLETE, 0x1002, 1, false, 0);
    world_feed(
        &w, 7001, /* a gap */
        "4802 1003 A1A2A3A4A5A6A7A8 B27264 1128 39 6C776D326D3D312E30 04 65703D78 C1 20 FF 2F303E");
    expect_registration(&w, 7001, BC_COAP_REQUEST_ENTITY_INCOMPLETE, 0x1003, 2, false, 0);
    feed_registration(&w, 7001, 0x1004, 1, false, 0, NINETEEN); /* it was given up at the gap */
    expect_registration(&w, 7001, BC_COAP_REQUEST_ENTITY_INCOMPLETE, 0x1004, 1, false, 0);
    world_end(&w);
}

static void registration_in_impossible_blocks_is_refused(void **state)
{
    (void)state;
#define HEAD "4802 1000 A1A2A3A4A5A6A7A8 B27264 1128 39 6C776D326D3D312E30 04 65703D78"
    static const char *const rows[][2] = {
        {HEAD "C1 08 FF 2F",
         "6880 1000 A1A2A3A4A5A6A7A8 D1 0E 08"},                    /* not full, and not the last */
        {HEAD "C1 08", "6880 1000 A1A2A3A4A5A6A7A8 D1 0E 08"},      /* empty */
        {HEAD "C1 0F" SIXTEEN, "6880 1000 A1A2A3A4A5A6A7A8"},       /* a reserved size */
        {HEAD "C4 00000008" SIXTEEN, "6882 1000 A1A2A3A4A5A6A7A8"}, /* too long an option */
        {HEAD "81 18" SIXTEEN, "6882 1000 A1A2A3A4A5A6A7A8"}, /* Block2: no answer is that long */
        {HEAD "C1 10" SIXTEEN "20",
         "6880 1000 A1A2A3A4A5A6A7A8 D1 0E 10"}, /* longer than its size */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct world w;
        world_begin(&w, "iot");
        world_feed(&w, 7001, rows[i][0]);
        world_expect(&w, 7001, rows[i][1]);
        world_end(&w);
    }
}

static void list_of_objects_above_the_limit_is_too_large(void **state)
{
    (void)state;
    struct world w;
    char text[BC_SERVER_LINKS_BYTES_MAX + 64];
    bc_view links = make_links(text, sizeof(text) - 1);
    world_begin(&w, "iot");
    for (unsigned i = 0; i < 4; i++) {
        feed_registration(&w, 7001, 0x1000 + i, i, true, 6, links);
        expect_registration(&w, 7001, BC_COAP_CONTINUE, 0x1000 + i, i, true, 6);
    }
    feed_registration(&w, 7001, 0x1004, 4, false, 6, links);
    expect_registration(&w, 7001, BC_COAP_REQUEST_ENTITY_TOO_LARGE, 0x1004, 4, false, 6);
    world_end(&w);
}

static void unfinished_registration_expires(void **state)
{
    (void)state;
    for (unsigned late = 0; late < 2; late++) {
        struct world w;
        world_begin(&w, "iot");
        feed_registration(&w, 7001, 0x1000, 0, true, 0, NINETEEN);
        expect_registration(&w, 7001, BC_COAP_CONTINUE, 0x1000, 0, true, 0);
        world_wait(&w, 246999 + late);
        feed_registration(&w, 7001, 0x1001, 1, false, 0, NINETEEN);
        expect_registration(&w, 7001, late ? BC_COAP_REQUEST_ENTITY_INCOMPLETE : BC_COAP_CREATED,
                            0x1001, 1, false, 0);
        if (!late)
            world_expect_event(&w, BC_SERVER_REGISTERED);
        world_end(&w);
    }
}

/* Sixteen at a time: the seventeenth takes the place of the one that was silent longest. */
static void unfinished_registrations_are_limited(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w, "iot");
    for (uint16_t port = 7001; port <= 7017; port++) {
        feed_registration(&w, port, 0x1000, 0, true, 0, NINETEEN);
        expect_registration(&w, port, BC_COAP_CONTINUE, 0x1000, 0, true, 0);
        world_wait(&w, 1);
    }
    feed_registration(&w, 7001, 0x1001, 1, false, 0, NINETEEN);
    expect_registration(&w, 7001, BC_COAP_REQUEST_ENTITY_INCOMPLETE, 0x1001, 1, false, 0);
    for (uint16_t port = 7002; port <= 7017; port += 15) {
        feed_registration(&w, port, 0x1001, 1, false, 0, NINETEEN);
        expect_registration(&w, port, BC_COAP_CREATED, 0x1001, 1, false, 0);
        world_expect_event(&w, BC_SERVER_REGISTERED);
        /* The next one is another registration of the same endpoint. */
        memset(w.id, 0, sizeof(w.id));
    }
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registration_may_come_in_blocks_of_every_size),
        cmocka_unit_test(registrations_in_blocks_do_not_mix),
        cmocka_unit_test(registrations_of_two_endpoints_do_not_mix),
        cmocka_unit_test(update_may_come_in_blocks),
        cmocka_unit_test(registration_with_a_missing_block_is_incomplete),
        cmocka_unit_test(registration_in_impossible_blocks_is_refused),
        cmocka_unit_test(list_of_objects_above_the_limit_is_too_large),
        cmocka_unit_test(unfinished_registration_expires),
        cmocka_unit_test(unfinished_registrations_are_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
