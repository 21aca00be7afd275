/*
 * Downloads over the radio link there is: 25 kbit/s, 1.5 s there and back, and losses (RFC 7959
 * section 2.4). One block under way at a time cannot be faster than a round trip and its bytes a
 * block; what the module adds to that is looked at here. The link is that of bc260y
 * (daemon/link.h).
 */
#include "fota_desk.h"

#include <string.h>

#include "base/sink.h"
#include "link.h"

#define IMAGE_BYTES 30000
#define RATE_BPS 25000
#define ONE_WAY_MS 750
#define BLOCK_BYTES 1024
#define HEAD_BYTES 40 /* of a request or an answer, UDP and IP not counted: about */
#define SEEDS 20
#define HOUR_MS 3600000

struct lane {
    struct desk desk; /* first: the network's functions get it */
    struct fota_desk flash;
    struct link link;
    uint64_t first_ms; /* when the first block was asked for */
};

static struct lane *lane_of(const struct desk *d)
{
    return (struct lane *)(uintptr_t)d;
}

static void on_datagram(struct desk *d, const struct bc_address *to, bc_view in)
{
    struct lane *l = lane_of(d);
    struct bc_coap_message message;
    assert_int_equal(bc_coap_parse(in, &message), BC_OK);
    if (message.code == BC_COAP_GET && l->first_ms == 0)
        l->first_ms = d->now_ms;
    (void)link_on_datagram(&l->link, LINK_UP, d->now_ms, to, in);
}

static void say(struct lane *l, const char *pattern)
{
    uint8_t bytes[BC_DATAGRAM_BYTES_MAX];
    size_t len = desk_bytes(&l->desk, pattern, bytes, sizeof(bytes));
    (void)link_on_datagram(&l->link, LINK_DOWN, l->desk.now_ms, &l->desk.server,
                           (bc_view){bytes, len});
}

/* The server. */
static void answer(struct lane *l, bc_view in)
{
    struct desk *d = &l->desk;
    struct bc_coap_message message;
    uint8_t bytes[BC_DATAGRAM_BYTES_MAX];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    assert_int_equal(bc_coap_parse(in, &message), BC_OK);
    d->mid = message.message_id;
    memcpy(d->token, message.token.bytes, sizeof(d->token));
    if (message.type != BC_COAP_CON)
        return;
    if (message.code == BC_COAP_GET) {
        fota_put_answer(&l->flash, &message, &out);
        (void)link_on_datagram(&l->link, LINK_DOWN, d->now_ms, &d->server, bc_sink_view(&out));
    } else {
        say(l, message.code == BC_COAP_POST ? "6441 <mid> <token> <location>" : "6000 <mid>");
    }
}

static bool take(struct desk *d, struct bc_address *from, bc_sink *out)
{
    struct lane *l = lane_of(d);
    enum link_way way;
    bc_view arrived;
    while (link_take(&l->link, d->now_ms, &way, from, &arrived)) {
        if (way == LINK_DOWN) {
            bc_put_bytes(out, arrived);
            return true;
        }
        answer(l, arrived);
    }
    return false;
}

static void send_later(struct desk *d, bc_view bytes)
{
    struct lane *l = lane_of(d);
    (void)link_on_datagram(&l->link, LINK_DOWN, d->now_ms, &d->server, bytes);
}

static void on_time(struct desk *d)
{
    (void)d;
}

static uint64_t deadline(const struct desk *d)
{
    const struct lane *l = (const struct lane *)(const void *)d;
    return link_deadline(&l->link);
}

static const struct desk_network network = {.on_datagram = on_datagram,
                                            .take = take,
                                            .send = send_later,
                                            .on_time = on_time,
                                            .deadline = deadline};

/* A package as large as its image, so that there are many blocks. */
static void make_large_package(struct fota_desk *f)
{
    struct bc_random random = {.state = 7};
    for (size_t i = 0; i < f->wanted.len; i++)
        f->wanted.ptr[i] = (uint8_t)bc_random_next(&random);
    fota_make(f, FOTA_OLD, FOTA_NEW);
}

static void set_link(struct lane *l, uint32_t loss_percent)
{
    for (unsigned way = 0; way < LINK_WAYS; way++)
        l->link.faults[way] = (struct link_faults){.loss_ppm = loss_percent * 10000,
                                                   .delay_ms = ONE_WAY_MS,
                                                   .rate_bps = RATE_BPS,
                                                   .queue = LINK_QUEUE_MAX};
}

/* How long it takes from the first request for a block to COAPEND,0. */
static uint64_t download_ms(uint64_t seed, uint32_t loss_percent, uint32_t *blocks)
{
    static struct lane l;
    struct desk *d = &l.desk;
    memset(&l, 0, sizeof(l));
    fota_flash(&l.flash, IMAGE_BYTES);
    make_large_package(&l.flash);
    link_init(&l.link, seed);
    desk_begin_on(d, &l.flash.config, &network);
    desk_booted(d);
    desk_ok(d, "AT+QLACONFIG=0,\"180.101.147.115\",5683,\"867724030023557\",86400,3");
    set_link(&l, 0);
    desk_ok(d, "AT+QLAREG");
    desk_after(d, 5000);
    desk_urc(d, "+QLAREG: 0");
    set_link(&l, loss_percent);
    for (unsigned tries = 0; l.first_ms == 0; tries++) { /* the server's request may be lost */
        assert_true(tries < 100);
        desk_server(d, "42037101A1A2 B1'5' 01'0' 01'1' 10 FF'coap://180.101.147.115/fw'");
        desk_after(d, 2000);
    }
    uint64_t until_ms = d->now_ms + HOUR_MS;
    uint64_t end_ms = 0;
    while (end_ms == 0 && d->now_ms < until_ms) {
        desk_after(d, 10);
        d->serial[d->serial_len] = '\0';
        if (strstr(d->serial, "\"COAPEND\",0") != NULL)
            end_ms = d->now_ms;
    }
    assert_true(end_ms > 0);
    assert_memory_equal(l.flash.area[BC_AREA_PACKAGE], l.flash.package.ptr, l.flash.package.len);
    *blocks = l.flash.highest + 1;
    bc_module_end(d->module);
    link_close(&l.link);
    fota_scrap(&l.flash);
    return end_ms - l.first_ms;
}

static uint64_t bound_ms(uint32_t blocks)
{
    uint64_t line_bytes = BLOCK_BYTES + 2 * (HEAD_BYTES + LINK_HEADER_BYTES);
    return blocks * (2 * ONE_WAY_MS + line_bytes * 8 * 1000 / RATE_BPS);
}

static void download_reaches_nine_tenths_of_stop_and_wait(void **state) /* RFC 7959 2.4 */
{
    (void)state;
    uint32_t blocks;
    uint64_t took_ms = download_ms(1, 0, &blocks);
    print_message("%u blocks in %.1f s, %.0f %% of stop and wait\n", (unsigned)blocks,
                  (double)took_ms / 1000, 100.0 * (double)bound_ms(blocks) / (double)took_ms);
    assert_true(blocks >= 25);
    assert_true(took_ms * 9 <= bound_ms(blocks) * 10);
}

static void download_survives_losses(void **state) /* 5 % and 20 % of all datagrams, both ways */
{
    (void)state;
    static const uint32_t losses_percent[] = {5, 20};
    for (size_t i = 0; i < 2; i++) {
        uint64_t sum_ms = 0;
        uint32_t blocks = 0;
        for (uint64_t seed = 1; seed <= SEEDS; seed++)
            sum_ms += download_ms(seed, losses_percent[i], &blocks);
        print_message("%u %% lost: %.0f %% of stop and wait without losses\n",
                      (unsigned)losses_percent[i],
                      100.0 * (double)(bound_ms(blocks) * SEEDS) / (double)sum_ms);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(download_reaches_nine_tenths_of_stop_and_wait),
        cmocka_unit_test(download_survives_losses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
