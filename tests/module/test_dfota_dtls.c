/*
 * Packages over coaps (MODULE section 8): from the server of the registration, in its session, or
 * from another one, in a session of its own with the same key.
 *
 *      module                    server :5684              files :6000
 *        | <== PUT 5/0/1 coaps:// == |                          |
 *        | ---- handshake ------------------------------------> |
 *        | ==== GET 2:n/0/1024 ==============================> |
 *        | ---- close_notify ---------------------------------> |
 */
#include "fota_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "dtls/dtls.h"

#define IMAGE_BYTES 30000
#define SERVER 0
#define FILES 1
#define QUEUE_MAX 32
#define KEY "correct-horse-battery"

/* A listener and its session with the module. */
struct place {
    struct bc_address address;
    struct bc_dtls_server *listener;
    struct bc_dtls *peer;
    unsigned sessions;
    bool deaf;
    const char *key;
};

struct town {
    struct desk desk; /* first: the network's functions get it */
    struct fota_desk flash;
    struct place place[2];
    size_t queued;
    struct desk_datagram queue[QUEUE_MAX]; /* to the module; `to` is whom it is from */
};

static struct town *town_of(const struct desk *d)
{
    return (struct town *)(uintptr_t)d;
}

static bool find_key(void *context, bc_view identity, bc_sink *key)
{
    const struct place *p = context;
    (void)identity;
    bc_put_text(key, p->key);
    return true;
}

static void queue(struct town *t, const struct place *p, bc_view bytes)
{
    assert_true(t->queued < QUEUE_MAX && bytes.len <= BC_DATAGRAM_BYTES_MAX);
    struct desk_datagram *d = &t->queue[t->queued++];
    d->to = p->address;
    d->len = bytes.len;
    memcpy(d->bytes, bytes.ptr, bytes.len);
}

static void work(struct town *t, struct place *p)
{
    bc_view out;
    while (p->peer != NULL && bc_dtls_read(p->peer, &out))
        desk_keep(&t->desk, &p->address, out);
    while (p->peer != NULL && bc_dtls_take(p->peer, &out))
        queue(t, p, out);
}

static void greet(struct town *t, struct place *p, bc_view in)
{
    static const struct bc_address module = {.ip = {10, 9, 9, 9}, .ip_len = 4, .port = 4000};
    uint8_t bytes[BC_DTLS_DATAGRAM_BYTES_MAX];
    bc_sink reply = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_dtls *peer = bc_dtls_accept(p->listener, t->desk.now_ms, &module, in, &reply);
    if (reply.len > 0)
        queue(t, p, bc_sink_view(&reply));
    if (peer == NULL)
        return;
    bc_dtls_free(p->peer);
    p->peer = peer;
    p->sessions++;
}

static void on_datagram(struct desk *d, const struct bc_address *to, bc_view in)
{
    struct town *t = town_of(d);
    struct place *p = &t->place[bc_address_equal(to, &t->place[FILES].address)];
    assert_true(bc_address_equal(to, &p->address));
    if (p->deaf)
        return;
    if (p->peer == NULL)
        greet(t, p, in);
    else
        bc_dtls_on_datagram(p->peer, d->now_ms, in);
    work(t, p);
}

static bool take(struct desk *d, struct bc_address *from, bc_sink *out)
{
    struct town *t = town_of(d);
    if (t->queued == 0)
        return false;
    *from = t->queue[0].to;
    bc_put_bytes(out, (bc_view){t->queue[0].bytes, t->queue[0].len});
    memmove(&t->queue[0], &t->queue[1], --t->queued * sizeof(t->queue[0]));
    return true;
}

static void say(struct town *t, struct place *p, bc_view bytes)
{
    assert_int_equal(bc_dtls_write(p->peer, bytes), BC_OK);
    work(t, p);
}

static void send_plain(struct desk *d, bc_view bytes)
{
    struct town *t = town_of(d);
    say(t, &t->place[SERVER], bytes);
}

static void on_time(struct desk *d)
{
    (void)d;
}

static uint64_t no_deadline(const struct desk *d)
{
    (void)d;
    return BC_NEVER;
}

static const struct desk_network network = {.on_datagram = on_datagram,
                                            .take = take,
                                            .send = send_plain,
                                            .on_time = on_time,
                                            .deadline = no_deadline};

/* --- The servers' CoAP ------------------------------------------------------------------------ */

static void answer(struct town *t, const struct desk_datagram *wire)
{
    struct desk *d = &t->desk;
    struct place *p = &t->place[bc_address_equal(&wire->to, &t->place[FILES].address)];
    struct bc_coap_message message;
    uint8_t bytes[BC_DATAGRAM_BYTES_MAX];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    assert_int_equal(bc_coap_parse((bc_view){wire->bytes, wire->len}, &message), BC_OK);
    d->mid = message.message_id;
    memcpy(d->token, message.token.bytes, sizeof(d->token));
    if (message.type != BC_COAP_CON || p->peer == NULL)
        return;
    if (message.code == BC_COAP_GET) {
        fota_put_answer(&t->flash, &message, &out);
        say(t, p, bc_sink_view(&out));
        desk_after(d, 0);
    } else {
        desk_server(d,
                    message.code == BC_COAP_POST ? "6441 <mid> <token> <location>" : "6000 <mid>");
    }
}

static void serve(struct town *t, uint64_t ms)
{
    struct desk *d = &t->desk;
    uint64_t until_ms = d->now_ms + ms;
    do {
        while (d->wires > 0) {
            struct desk_datagram wire = d->wire[0];
            memmove(&d->wire[0], &d->wire[1], --d->wires * sizeof(d->wire[0]));
            answer(t, &wire);
        }
        desk_after(d, 10);
    } while (d->now_ms < until_ms);
}

/* --- Towns ----------------------------------------------------------------------------------- */

static struct town *town_new(void)
{
    struct town *t = calloc(1, sizeof(*t));
    struct desk *d = &t->desk;
    assert_non_null(t);
    fota_flash(&t->flash, IMAGE_BYTES);
    desk_begin_on(d, &t->flash.config, &network);
    d->server.port = 5684;
    for (unsigned i = 0; i < 2; i++) {
        struct place *p = &t->place[i];
        const struct bc_dtls_server_config config = {
            .find_key = find_key, .context = p, .version = BC_DTLS_NEGOTIATED};
        p->address = d->server;
        p->key = KEY;
        p->listener = bc_dtls_server_create(&config);
        assert_non_null(p->listener);
    }
    t->place[FILES].address = (struct bc_address){.ip = {10, 0, 0, 9}, .ip_len = 4, .port = 6000};
    desk_booted(d);
    desk_ok(d,
            "AT+QLACONFIG=0,\"180.101.147.115\",5684,\"867724030023557\",300,0,\"me\",\"" KEY "\"");
    desk_ok(d, "AT+QLAREG");
    serve(t, 10);
    desk_urc(d, "+QLAREG: 0");
    return t;
}

static void town_free(struct town *t)
{
    bc_module_end(t->desk.module);
    for (unsigned i = 0; i < 2; i++) {
        bc_dtls_free(t->place[i].peer);
        bc_dtls_server_destroy(t->place[i].listener);
    }
    fota_scrap(&t->flash);
    free(t);
}

static void write_uri(struct town *t, const char *uri)
{
    char pattern[200];
    snprintf(pattern, sizeof(pattern), "42037101A1A2 B1'5' 01'0' 01'1' 10 FF'%s'", uri);
    desk_server(&t->desk, pattern);
    desk_wire(&t->desk, "62447101A1A2");
    desk_urc(&t->desk, "+QIND: \"FOTA\",\"COAPSTART\"");
}

static void registered_server_has_the_package(void **state) /* MODULE 8: coaps, its own session */
{
    (void)state;
    struct town *t = town_new();
    write_uri(t, "coaps://180.101.147.115/fw");
    serve(t, 1000);
    desk_urc(&t->desk, "+QIND: \"FOTA\",\"COAPEND\",0");
    assert_int_equal(t->place[SERVER].sessions, 1);
    assert_memory_equal(t->flash.area[BC_AREA_PACKAGE], t->flash.package.ptr, t->flash.package.len);
    desk_quiet(&t->desk);
    town_free(t);
}

static void another_server_has_the_package(void **state) /* MODULE 8: coaps, a session for it */
{
    (void)state;
    struct town *t = town_new();
    write_uri(t, "coaps://10.0.0.9:6000/fw");
    serve(t, 1000);
    desk_urc(&t->desk, "+QIND: \"FOTA\",\"COAPEND\",0");
    assert_int_equal(t->place[FILES].sessions, 1);
    assert_int_equal(bc_dtls_state(t->place[FILES].peer), BC_DTLS_CLOSED);
    assert_int_equal(t->place[SERVER].sessions, 1);
    assert_int_equal(bc_dtls_state(t->place[SERVER].peer), BC_DTLS_OPEN);
    assert_memory_equal(t->flash.area[BC_AREA_PACKAGE], t->flash.package.ptr, t->flash.package.len);
    desk_quiet(&t->desk);
    town_free(t);
}

static void server_with_another_key_ends_it(void **state) /* G 4.3.2: 12 */
{
    (void)state;
    struct town *t = town_new();
    t->place[FILES].key = "another key";
    write_uri(t, "coaps://10.0.0.9:6000/fw");
    serve(t, BC_DTLS_HANDSHAKE_MS_MAX + 1000);
    desk_urc(&t->desk, "+QIND: \"FOTA\",\"COAPEND\",12");
    desk_quiet(&t->desk);
    town_free(t);
}

static void server_that_says_goodbye_is_greeted_again(void **state) /* MODULE 8 */
{
    (void)state;
    struct town *t = town_new();
    t->flash.exponent = 4;
    write_uri(t, "coaps://180.101.147.115/fw");
    struct desk_datagram wire = t->desk.wire[0];
    memmove(&t->desk.wire[0], &t->desk.wire[1], --t->desk.wires * sizeof(wire));
    answer(t, &wire); /* one block, then the server's side is gone */
    bc_dtls_close(t->place[SERVER].peer);
    work(t, &t->place[SERVER]);
    desk_after(&t->desk, 0);
    bc_dtls_free(t->place[SERVER].peer);
    t->place[SERVER].peer = NULL;
    serve(t, 60000);
    desk_urc(&t->desk, "+QIND: \"FOTA\",\"COAPEND\",0");
    assert_int_equal(t->place[SERVER].sessions, 2);
    town_free(t);
}

static void power_may_go_during_the_handshake(void **state) /* G 4.1.2.1 */
{
    (void)state;
    struct town *t = town_new();
    t->place[FILES].deaf = true;
    write_uri(t, "coaps://10.0.0.9:6000/fw");
    serve(t, 5000);
    desk_power(&t->desk, false);
    desk_power(&t->desk, true);
    desk_expect(&t->desk, BOOT_LINES ATTACHED_LINE);
    desk_quiet(&t->desk);
    town_free(t);
}

static void without_a_key_there_is_no_coaps(void **state) /* G 4.3.2: 12 */
{
    (void)state;
    struct fota_desk f;
    fota_setup(&f, IMAGE_BYTES);
    fota_write_uri(&f, "coaps://10.0.0.9:6000/fw", 0x44);
    assert_int_equal(fota_download(&f), 12);
    fota_serve(&f);
    assert_int_equal(fota_read(&f, 5), 4);
    fota_teardown(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(registered_server_has_the_package),
        cmocka_unit_test(another_server_has_the_package),
        cmocka_unit_test(server_with_another_key_ends_it),
        cmocka_unit_test(server_that_says_goodbye_is_greeted_again),
        cmocka_unit_test(power_may_go_during_the_handshake),
        cmocka_unit_test(without_a_key_there_is_no_coaps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
