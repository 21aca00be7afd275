/*
 * CoAP messages as one line for people (coap/message.h): what --trace prints.
 */
#include "check.h"

#include <string.h>

#include "coap/message.h"

static const struct {
    const char *hex;
    const char *line;
} lines[] = {
    {"4001 7D34 BB 74656D7065726174757265", "CON GET mid=32052 /temperature"},
    {"6045 7D34 FF 32322E332043", "ACK 2.05 mid=32052 | 6 bytes \"22.3 C\""},
    {"4000 0001", "CON EMPTY mid=1"},
    {"7000 FFFF", "RST EMPTY mid=65535"},
    {"4402 1234 0A0B0C0D B2 7264 43 613D31 03 623D32",
     "CON POST mid=4660 token=0A0B0C0D /rd?a=1&b=2"},
    {"6441 1234 0A0B0C0D 82 7264 01 35", "ACK 2.01 mid=4660 token=0A0B0C0D location=/rd/5"},
    {"4401 0002 01020304 60 52 3139 01 30 01 30 61 2A",
     "CON GET mid=2 token=01020304 /19/0/0 observe=0 accept=42"},
    {"5445 0003 01020304 61 07 62 2D16 21 3C", "NON 2.05 mid=3 token=01020304 observe=7 "
                                               "format=11542 max-age=60"},
    {"4003 0004 B1 61 D1 03 0B D1 14 20", "CON PUT mid=4 /a block1=0/more/128 size1=32"},
    {"4001 0004 D1 0A 16 51 20", "CON GET mid=4 block2=1/last/1024 size2=32"},
    {"4001 0005 D1 0A 07", "CON GET mid=5 block2=malformed"},
    {"4001 0006 65 0102030405", "CON GET mid=6"}, /* an Observe value of 5 bytes says nothing */
    {"4001 0007 B1 01 01 61", "CON GET mid=7 /01/a"},
    {"4001 0008 B0 00", "CON GET mid=8 //"},
    {"4001 0009 FF 0A", "CON GET mid=9 | 1 bytes 0A"},
    {"4084 000A", "CON 4.04 mid=10"},
    {"40FF 000B", "CON 7.31 mid=11"},
    {"401F 000C", "CON 0.31 mid=12"},
    {"", "not CoAP, 0 bytes"},
    {"8001 0001", "not CoAP, 4 bytes"},
    {"4001 0001 FF", "not CoAP, 5 bytes"},
    {"160303", "not CoAP, 3 bytes"},
};
#define LINES (sizeof(lines) / sizeof(lines[0]))

static void describe_prints_one_line_a_message(void **state)
{
    (void)state;
    for (size_t i = 0; i < LINES; i++) {
        char text[200];
        bc_sink out = {.ptr = (uint8_t *)text, .cap = sizeof(text)};
        bc_view datagram = check_from_hex(lines[i].hex);
        bc_coap_describe(datagram, &out);
        check_text(bc_sink_view(&out), lines[i].line);
        check_heap_free(datagram);
    }
}

static void describe_shows_at_most_48_payload_bytes(void **state)
{
    (void)state;
    uint8_t message[5 + 49] = {0x40, 0x01, 0, 1, 0xFF};
    memset(message + 5, 'x', 49);
    char text[200];
    bc_sink out = {.ptr = (uint8_t *)text, .cap = sizeof(text)};
    bc_coap_describe((bc_view){message, 5 + 48}, &out);
    check_text(bc_sink_view(&out), "CON GET mid=1 | 48 bytes "
                                   "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"");
    message[5 + 48] = 0; /* not shown, so it does not make the rest unprintable */
    out.len = 0;
    bc_coap_describe((bc_view){message, 5 + 49}, &out);
    check_text(bc_sink_view(&out), "CON GET mid=1 | 49 bytes "
                                   "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"...");
    message[5 + 47] = 0x7F;
    out.len = 0;
    bc_coap_describe((bc_view){message, 5 + 49}, &out);
    check_text(bc_sink_view(&out),
               "CON GET mid=1 | 49 bytes 78787878787878787878787878787878787878787878787878787878"
               "78787878787878787878787878787878787878"
               "7F...");
}

static void describe_stays_inside_every_sink(void **state)
{
    (void)state;
    for (size_t i = 0; i < LINES; i++) {
        bc_view datagram = check_from_hex(lines[i].hex);
        for (size_t cap = 0; cap < strlen(lines[i].line); cap++) {
            bc_sink out = check_heap_sink(cap);
            bc_coap_describe(datagram, &out);
            assert_true(out.full);
            assert_memory_equal(out.ptr, lines[i].line, out.len);
            check_heap_free(bc_sink_view(&out));
        }
        check_heap_free(datagram);
    }
}

static void code_text_fits_8_characters_for_every_code(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 256; code++) {
        bc_sink out = check_heap_sink(8);
        bc_coap_code_text((uint8_t)code, &out);
        assert_false(out.full);
        assert_true(out.len >= 3);
        check_heap_free(bc_sink_view(&out));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(describe_prints_one_line_a_message),
        cmocka_unit_test(describe_shows_at_most_48_payload_bytes),
        cmocka_unit_test(describe_stays_inside_every_sink),
        cmocka_unit_test(code_text_fits_8_characters_for_every_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
