/*
 * Transfers in blocks (RFC 7959) seen from the server: answers and notifications in Block2, writes
 * in Block1. Tokens of the server are two bytes, message IDs 0x1001 and up.
 */
#include <stdio.h>
#include <string.h>

#include "coap/message.h"
#include "desk.h"

#define VALUE_BYTES 1024

/* `count` bytes of a value whose every byte tells where it stands. */
static void fill(char *out, size_t from, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (char)('a' + (from + i) / 16 % 26);
    out[count] = '\0';
}

static void host_answers(struct desk *d, const char *command, size_t bytes)
{
    char value[VALUE_BYTES + 1];
    char line[VALUE_BYTES + 100];
    fill(value, 0, bytes);
    snprintf(line, sizeof(line), "%s,19,0,0,1,%zu,\"%s\",0", command, bytes, value);
    desk_ok(d, line);
}

static unsigned exponent_of(size_t bytes)
{
    unsigned exponent = 0;
    while ((size_t)16 << exponent < bytes)
        exponent++;
    return exponent;
}

/* A Block option value as hex, with the shortest length, behind its delta. */
static void block_option(char *out, size_t cap, const char *heads[3], unsigned number, bool more,
                         unsigned exponent)
{
    unsigned value = number << 4 | (unsigned)more << 3 | exponent;
    if (value == 0)
        snprintf(out, cap, "%s", heads[0]);
    else if (value < 256)
        snprintf(out, cap, "%s %02X", heads[1], value);
    else
        snprintf(out, cap, "%s %04X", heads[2], value);
}

static const struct desk_datagram *last_wire(struct desk *d)
{
    assert_int_equal(d->wires, 1);
    return &d->wire[0];
}

static bc_view payload_of(const struct desk_datagram *datagram)
{
    struct bc_coap_message message;
    assert_int_equal(bc_coap_parse((bc_view){datagram->bytes, datagram->len}, &message), BC_OK);
    return message.payload;
}

static void expect_block(struct desk *d, size_t bytes, unsigned number, size_t total)
{
    char want[VALUE_BYTES + 1];
    bc_view payload = payload_of(last_wire(d));
    size_t from = bytes * number;
    size_t expected = total - from < bytes ? total - from : bytes;
    fill(want, from, expected);
    assert_int_equal(payload.len, expected);
    assert_memory_equal(payload.ptr, want, expected);
    d->wires = 0;
}

/*
 *   host                          module                               server
 *    | <- "read",4097,19,0,0 ------ | <-- CON GET /19/0/0 2:0/0/size --- |
 *    | -- AT+QLARDRSP ------------> | --- ACK 2.05 2:0/1/size ETag ----> |
 *    |                              | <-- CON GET /19/0/0 2:1/0/size --- |
 *    |                              | --- ACK 2.05 2:1/1/size ETag ----> |   and so on
 */
static void value_is_read_in_blocks_of_every_size(void **state) /* RFC 7959 2.2 */
{
    (void)state;
    static const char *heads[3] = {"C0", "C1", "C2"};
    for (size_t bytes = 16; bytes < VALUE_BYTES; bytes *= 2) {
        struct desk d;
        desk_registered(&d);
        for (unsigned number = 0; number < VALUE_BYTES / bytes; number++) {
            char option[16];
            char request[100];
            block_option(option, sizeof(option), heads, number, false, exponent_of(bytes));
            snprintf(request, sizeof(request), "4201 %04X A1A2 B2'19' 01'0' 01'0' %s",
                     0x1001 + number, option);
            desk_server(&d, request);
            if (number == 0) {
                desk_urc(&d, "+QLAURC: \"read\",4097,19,0,0");
                host_answers(&d, "AT+QLARDRSP=4097,1", VALUE_BYTES);
                desk_urc(&d, "+QLARDRSP: 0");
            }
            expect_block(&d, bytes, number, VALUE_BYTES);
        }
        desk_end(&d);
    }
}

static void block_beyond_the_end_is_bad_request(void **state) /* RFC 7959 2.4 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "4201 1001 A1A2 B2'19' 01'0' 01'0' C0");
    desk_urc(&d, "+QLAURC: \"read\",4097,19,0,0");
    host_answers(&d, "AT+QLARDRSP=4097,1", 20);
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "6245 1001 A1A2 44 67EB2715 80 B1 08 51 14 FF 'aaaaaaaaaaaaaaaa'");
    desk_server(&d, "4201 1002 A1A2 B2'19' 01'0' 01'0' C1 20");
    desk_wire(&d, "6280 1002 A1A2");
    desk_end(&d);
}

/*
 *   host                            module                              server
 *    | <- "read",4097,19,0,0 -------- | <-- CON GET /19/0/0 2:5/0/16 ----- |   nothing is kept
 *    | -- AT+QLARDRSP of 20 bytes --> | --- ACK 4.00 --------------------> |
 *    | <- +QLARDRSP: 0 -------------- |                                    |
 */
static void block_that_the_answer_has_not_is_bad_request(void **state) /* RFC 7959 2.4 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "4201 1001 A1A2 B2'19' 01'0' 01'0' C1 50");
    desk_urc(&d, "+QLAURC: \"read\",4097,19,0,0");
    host_answers(&d, "AT+QLARDRSP=4097,1", 20);
    desk_urc(&d, "+QLARDRSP: 0");
    desk_wire(&d, "6280 1001 A1A2");
    desk_server(&d, "4201 1002 A1A2 60 52'19' 01'0' 01'0' C3 FFFFF0");
    desk_urc(&d, "+QLAURC: \"observe\",4098,0,19,0,0");
    desk_after(&d, 1500);
    desk_wire(&d, "6000 1002");
    host_answers(&d, "AT+QLAOBSRSP=4098,1", 5);
    desk_urc(&d, "+QLAOBSRSP: 0");
    desk_wire(&d, "4280 <mid> A1A2");
    desk_server(&d, "6000 <mid>");
    desk_error(&d, "AT+QLANOTIFY=19,0,0,1,5,\"abcde\",0,0"); /* nobody observes */
    desk_end(&d);
}

static void block_in_another_format_is_asked_of_the_host(void **state) /* RFC 7959 2.3 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "4201 1001 A1A2 B2'19' 01'0' 01'0' 60 60");
    desk_urc(&d, "+QLAURC: \"read\",4097,19,0,0");
    host_answers(&d, "AT+QLARDRSP=4097,1", 64);
    desk_urc(&d, "+QLARDRSP: 0");
    expect_block(&d, 16, 0, 64);
    desk_server(&d, "4201 1002 A1A2 B2'19' 01'0' 01'0' 60 61 10");
    expect_block(&d, 16, 1, 64);
    desk_server(&d, "4201 1003 A1A2 B2'19' 01'0' 01'0' 612A 61 10");
    desk_urc(&d, "+QLAURC: \"read\",4099,19,0,0");
    desk_end(&d);
}

static void lost_block_is_served_again(void **state) /* RFC 7252 4.2 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "4201 1001 A1A2 B2'19' 01'0' 01'0' C0");
    desk_urc(&d, "+QLAURC: \"read\",4097,19,0,0");
    host_answers(&d, "AT+QLARDRSP=4097,1", 64);
    desk_urc(&d, "+QLARDRSP: 0");
    expect_block(&d, 16, 0, 64);
    for (unsigned i = 0; i < 3; i++) { /* the same message again */
        desk_server(&d, "4201 1002 A1A2 B2'19' 01'0' 01'0' C1 20");
        expect_block(&d, 16, 2, 64);
    }
    desk_server(&d, "4201 1003 A1A2 B2'19' 01'0' 01'0' C1 10"); /* out of order */
    expect_block(&d, 16, 1, 64);
    desk_end(&d);
}

static void host_is_asked_again_when_the_body_is_gone(void **state) /* MODULE 2: 247 s */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "4201 1001 A1A2 B2'19' 01'0' 01'0' C0");
    desk_urc(&d, "+QLAURC: \"read\",4097,19,0,0");
    host_answers(&d, "AT+QLARDRSP=4097,1", 64);
    desk_urc(&d, "+QLARDRSP: 0");
    expect_block(&d, 16, 0, 64);
    desk_ok(&d, "AT+QLACFG=\"lifetime_enable\",0");
    desk_after(&d, 247000);
    desk_ok(&d, "AT+QLAUPDATE=1,0"); /* an uplink, and no queue mode: it can be reached */
    desk_wire(&d, "4402 <mid> <token> <location> 43'b=U'");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAUPDATE: 0,<mid>");
    desk_server(&d, "4201 1002 A1A2 B2'19' 01'0' 01'0' C1 10");
    desk_urc(&d, "+QLAURC: \"read\",4098,19,0,0");
    host_answers(&d, "AT+QLARDRSP=4098,1", 64);
    desk_urc(&d, "+QLARDRSP: 0");
    expect_block(&d, 16, 1, 64);
    desk_end(&d);
}

static void malformed_block_option_is_bad_request(void **state) /* RFC 7959 2.2: size 7 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "4201 1001 A1A2 B2'19' 01'0' 01'0' C1 07");
    desk_wire(&d, "6280 1001 A1A2");
    desk_server(&d, "4203 1002 A1A2 B2'19' 01'0' 01'0' 112A D102 07 FF 'x'");
    desk_wire(&d, "6280 1002 A1A2 D10E 07");
    desk_end(&d);
}

/*
 *   host                          module                                  server
 *    |                              | <-- CON GET Observe 0 2:0/0/32 ------- |
 *    | <- "observe",... ----------- |                                        |
 *    | -- AT+QLANOTIFY 100 bytes -> | --- CON 2.05 Observe 1 2:0/1/32 -----> |
 *    |                              | <-- CON GET /19/0/0 2:1/0/32 --------- |   without Observe
 *    |                              | --- ACK 2.05 2:1/1/32 ---------------> |
 */
static void notification_begins_and_the_observer_fetches_the_rest(void **state) /* RFC 7959 2.6 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "4201 1001 A1A2 60 52'19' 01'0' 01'0' C1 01");
    desk_urc(&d, "+QLAURC: \"observe\",4097,0,19,0,0");
    host_answers(&d, "AT+QLAOBSRSP=4097,1", 5);
    desk_urc(&d, "+QLAOBSRSP: 0");
    desk_wire(&d, "6245 1001 A1A2 60 60 B1 01 FF 'aaaaa'");
    char value[101];
    char line[200];
    fill(value, 0, 100);
    snprintf(line, sizeof(line), "AT+QLANOTIFY=19,0,0,1,100,\"%s\",0,0", value);
    desk_ok(&d, line);
    desk_urc(&d, "+QLANOTIFY: 0");
    expect_block(&d, 32, 0, 100);
    for (unsigned number = 1; number < 4; number++) {
        char request[100];
        snprintf(request, sizeof(request), "4201 %04X A1A2 B2'19' 01'0' 01'0' C1 %02X",
                 0x1001 + number, number << 4 | 1);
        desk_server(&d, request);
        expect_block(&d, 32, number, 100);
    }
    desk_end(&d);
}

static void built_in_object_is_read_in_blocks(void **state) /* LwM2M 1.0 5.4.1 */
{
    (void)state;
    struct desk d;
    uint8_t whole[1024];
    uint8_t joined[1024];
    size_t joined_len = 0;
    desk_registered(&d);
    desk_server(&d, "4201 1001 A1A2 B1'4' 01'0'");
    bc_view payload = payload_of(last_wire(&d));
    size_t len = payload.len;
    memcpy(whole, payload.ptr, len);
    d.wires = 0;
    for (unsigned number = 0; joined_len < len; number++) {
        char request[100];
        snprintf(request, sizeof(request), "4201 %04X A1A2 B1'4' 01'0' C1 %02X", 0x1002 + number,
                 number << 4);
        desk_server(&d, number == 0 ? "4201 1002 A1A2 B1'4' 01'0' C0" : request);
        payload = payload_of(last_wire(&d));
        memcpy(joined + joined_len, payload.ptr, payload.len);
        joined_len += payload.len;
        d.wires = 0;
    }
    assert_int_equal(joined_len, len);
    assert_memory_equal(joined, whole, len);
    desk_end(&d);
}

/*
 *   host                          module                                  server
 *    |                              | <-- CON PUT /19/0/0 1:0/1/size ------- |
 *    |                              | --- ACK 2.31 1:0/1/size -------------> |   and so on
 *    |                              | <-- CON PUT /19/0/0 1:n/0/size ------- |
 *    | <- "write",... whole value - |                                        |
 *    | -- AT+QLAWRRSP ------------> | --- ACK 2.04 1:n/0/size -------------> |
 */
static void upload(struct desk *d, size_t bytes, unsigned number, bool more, const char *piece)
{
    static const char *heads[3] = {"D002", "D102", "D202"};
    char option[16];
    char request[3000];
    block_option(option, sizeof(option), heads, number, more, exponent_of(bytes));
    snprintf(request, sizeof(request), "4203 %04X A1A2 B2'19' 01'0' 01'0' 10 %s FF '%s'",
             0x1001 + number, option, piece);
    desk_server(d, request);
}

static void expect_code(struct desk *d, uint8_t code)
{
    assert_int_equal(last_wire(d)->bytes[1], code);
    d->wires = 0;
}

static void value_is_written_in_blocks_of_every_size(void **state) /* RFC 7959 2.3 */
{
    (void)state;
    for (size_t bytes = 16; bytes < VALUE_BYTES; bytes *= 2) {
        struct desk d;
        char piece[VALUE_BYTES + 1];
        char urc[VALUE_BYTES + 100];
        unsigned blocks = (unsigned)(VALUE_BYTES / bytes);
        desk_registered(&d);
        for (unsigned number = 0; number < blocks; number++) {
            fill(piece, bytes * number, bytes);
            upload(&d, bytes, number, number + 1 < blocks, piece);
            if (number + 1 < blocks)
                expect_code(&d, 0x5F); /* 2.31 */
        }
        fill(piece, 0, VALUE_BYTES);
        snprintf(urc, sizeof(urc), "+QLAURC: \"write\",%u,19,0,0,1,1024,\"%s\",0", 0x1000 + blocks,
                 piece);
        desk_urc(&d, urc);
        snprintf(urc, sizeof(urc), "AT+QLAWRRSP=%u,2", 0x1000 + blocks);
        desk_ok(&d, urc);
        desk_urc(&d, "+QLAWRRSP: 0");
        expect_code(&d, 0x44);
        desk_end(&d);
    }
}

static void block_out_of_turn_is_incomplete(void **state) /* RFC 7959 2.9.2 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    upload(&d, 16, 0, true, "aaaaaaaaaaaaaaaa");
    desk_wire(&d, "625F 1001 A1A2 D10E 08");
    upload(&d, 16, 2, false, "cc");
    desk_wire(&d, "6288 1003 A1A2 D10E 20");
    upload(&d, 16, 1, false, "bb"); /* what was there has been thrown away */
    desk_wire(&d, "6288 1002 A1A2 D10E 10");
    desk_end(&d);
}

static void
block_of_another_format_is_incomplete(void **state) /* RFC 7959 2.3: must not be joined */
{
    static const char *const formats[] = {"112A", "" /* none */};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct desk d;
        char request[100];
        desk_registered(&d);
        upload(&d, 16, 0, true, "aaaaaaaaaaaaaaaa");
        desk_wire(&d, "625F 1001 A1A2 D10E 08");
        snprintf(request, sizeof(request), "4203 1002 A1A2 B2'19' 01'0' 01'0' %s %s 10 FF 'bb'",
                 formats[i], i == 0 ? "D102" : "D103");
        desk_server(&d, request);
        desk_wire(&d, "6288 1002 A1A2 D10E 10");
        desk_end(&d);
    }
}

static void block_of_the_wrong_length_is_bad_request(void **state) /* RFC 7959 2.3 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    upload(&d, 16, 0, true, "aaa");
    desk_wire(&d, "6280 1001 A1A2 D10E 08");
    desk_end(&d);
}

static void upload_beyond_the_limit_is_too_large(void **state) /* RFC 7959 2.9.3 */
{
    (void)state;
    struct desk d;
    char piece[513];
    desk_registered(&d);
    fill(piece, 0, 512);
    upload(&d, 512, 0, true, piece);
    expect_code(&d, 0x5F);
    upload(&d, 512, 1, true, piece);
    expect_code(&d, 0x5F);
    upload(&d, 512, 2, true, piece);
    desk_wire(&d, "628D 1003 A1A2 D10E 2D D214 0400");
    desk_end(&d);
}

static void upload_that_says_it_is_too_large_ends_at_once(void **state) /* RFC 7959 4 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "4203 1001 A1A2 B2'19' 01'0' 01'0' 10 D102 08 D214 0441 FF 'aaaaaaaaaaaaaaaa'");
    desk_wire(&d, "628D 1001 A1A2 D10E 08 D214 0400");
    desk_server(&d, "4203 1002 A1A2 B2'19' 01'0' 01'0' 10 D102 08 D214 0440 FF 'aaaaaaaaaaaaaaaa'");
    desk_wire(&d, "625F 1002 A1A2 D10E 08");
    desk_end(&d);
}

static void first_block_begins_anew(void **state) /* RFC 7959 2.5: a server that restarted */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    upload(&d, 16, 0, true, "aaaaaaaaaaaaaaaa");
    desk_wire(&d, "625F 1001 A1A2 D10E 08");
    desk_server(&d, "4203 2001 A1A2 B2'19' 01'0' 01'0' 10 D102 08 FF 'bbbbbbbbbbbbbbbb'");
    desk_wire(&d, "625F 2001 A1A2 D10E 08");
    desk_server(&d, "4203 2002 A1A2 B2'19' 01'0' 01'0' 10 D102 10 FF 'cc'");
    desk_urc(&d, "+QLAURC: \"write\",8194,19,0,0,1,18,\"bbbbbbbbbbbbbbbbcc\",0");
    desk_ok(&d, "AT+QLAWRRSP=8194,2");
    desk_urc(&d, "+QLAWRRSP: 0");
    desk_wire(&d, "6244 2002 A1A2 D10E 10");
    desk_end(&d);
}

static void upload_that_stops_is_forgotten(void **state) /* bounded memory: 247 s */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLACFG=\"lifetime_enable\",0");
    upload(&d, 16, 0, true, "aaaaaaaaaaaaaaaa");
    desk_wire(&d, "625F 1001 A1A2 D10E 08");
    assert_false(bc_idle(d.module));
    desk_after(&d, 247000);
    assert_true(bc_idle(d.module));
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(value_is_read_in_blocks_of_every_size),
        cmocka_unit_test(block_beyond_the_end_is_bad_request),
        cmocka_unit_test(block_that_the_answer_has_not_is_bad_request),
        cmocka_unit_test(block_in_another_format_is_asked_of_the_host),
        cmocka_unit_test(lost_block_is_served_again),
        cmocka_unit_test(host_is_asked_again_when_the_body_is_gone),
        cmocka_unit_test(malformed_block_option_is_bad_request),
        cmocka_unit_test(notification_begins_and_the_observer_fetches_the_rest),
        cmocka_unit_test(built_in_object_is_read_in_blocks),
        cmocka_unit_test(value_is_written_in_blocks_of_every_size),
        cmocka_unit_test(block_out_of_turn_is_incomplete),
        cmocka_unit_test(block_of_another_format_is_incomplete),
        cmocka_unit_test(block_of_the_wrong_length_is_bad_request),
        cmocka_unit_test(upload_beyond_the_limit_is_too_large),
        cmocka_unit_test(upload_that_says_it_is_too_large_ends_at_once),
        cmocka_unit_test(first_block_begins_anew),
        cmocka_unit_test(upload_that_stops_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
