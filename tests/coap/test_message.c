/*
 * CoAP messages byte for byte (RFC 7252 section 3 and appendix A, RFC 7959 section 2.2): what is
 * written, what is read back, and everything that must be refused.
 */
#include "check.h"

#include <string.h>

#include "coap/block.h"
#include "coap/message.h"

#define OPTION_BYTES_MAX (269 + UINT16_MAX)

static struct bc_coap_token token_of(const char *text)
{
    struct bc_coap_token token = {.len = (uint8_t)strlen(text)};
    memcpy(token.bytes, text, token.len);
    return token;
}

/* The whole message is one block on the heap, so that the sanitizer sees a read beyond it. */
static enum bc_err parse_hex(const char *digits, bc_view *datagram, struct bc_coap_message *out)
{
    *datagram = check_from_hex(digits);
    return bc_coap_parse(*datagram, out);
}

static void check_refused(const char *digits, enum bc_err err)
{
    bc_view datagram;
    struct bc_coap_message message;
    assert_int_equal(parse_hex(digits, &datagram, &message), err);
    check_heap_free(datagram);
}

/* --- The examples of RFC 7252 appendix A ----------------------------------------------------- */

static const struct {
    enum bc_coap_type type;
    uint8_t code;
    uint16_t message_id;
    const char *token;
    const char *path;
    const char *payload;
    const char *hex;
} examples[] = {
    {BC_COAP_CON, BC_COAP_GET, 0x7D34, "", "temperature", "",
     "4001 7D34 BB 74656D7065726174757265"},
    {BC_COAP_ACK, BC_COAP_CONTENT, 0x7D34, "", "", "22.3 C", "6045 7D34 FF 32322E332043"},
    {BC_COAP_CON, BC_COAP_GET, 0x7D35, "\x20", "temperature", "",
     "4101 7D35 20 BB 74656D7065726174757265"},
    {BC_COAP_ACK, BC_COAP_CONTENT, 0x7D35, "\x20", "", "22.3 C", "6145 7D35 20 FF 32322E332043"},
    {BC_COAP_ACK, BC_COAP_EMPTY, 0x7D38, "", "", "", "6000 7D38"},
    {BC_COAP_CON, BC_COAP_CONTENT, 0xAD7B, "\x53", "", "22.3 C", "4145 AD7B 53 FF 32322E332043"},
    {BC_COAP_NON, BC_COAP_GET, 0x7D40, "\x75", "temperature", "",
     "5101 7D40 75 BB 74656D7065726174757265"},
    {BC_COAP_NON, BC_COAP_CONTENT, 0xAD7D, "\x75", "", "22.3 C", "5145 AD7D 75 FF 32322E332043"},
    {BC_COAP_RST, BC_COAP_EMPTY, 0xAD7E, "", "", "", "7000 AD7E"},
    /* our own: an 8-byte token, two segments */
    {BC_COAP_CON, BC_COAP_DELETE, 0xFFFF, "\1\2\3\4\5\6\7\x8", "rd/5", "",
     "4804 FFFF 0102030405060708 B2 7264 01 35"},
};
#define EXAMPLES (sizeof(examples) / sizeof(examples[0]))

static void coap_writes_the_examples_of_appendix_a(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLES; i++) {
        uint8_t bytes[64];
        bc_sink sink = {.ptr = bytes, .cap = sizeof(bytes)};
        struct bc_coap_token token = token_of(examples[i].token);
        struct bc_coap_writer w = bc_coap_write_begin(&sink, examples[i].type, examples[i].code,
                                                      examples[i].message_id, &token);
        bc_coap_write_path(&w, BC_COAP_URI_PATH, bc_view_of(examples[i].path));
        bc_coap_write_payload(&w, bc_view_of(examples[i].payload));
        assert_int_equal(bc_coap_write_end(&w), BC_OK);
        check_hex(bc_sink_view(&sink), examples[i].hex);
    }
}

static void check_token(const struct bc_coap_token *token, const struct bc_coap_token *wanted)
{
    assert_int_equal(token->len, wanted->len);
    assert_memory_equal(token->bytes, wanted->bytes, wanted->len);
}

static void coap_reads_the_examples_of_appendix_a(void **state)
{
    (void)state;
    for (size_t i = 0; i < EXAMPLES; i++) {
        bc_view datagram;
        struct bc_coap_message message;
        struct bc_coap_token token = token_of(examples[i].token);
        assert_int_equal(parse_hex(examples[i].hex, &datagram, &message), BC_OK);
        assert_int_equal(message.type, examples[i].type);
        assert_int_equal(message.code, examples[i].code);
        assert_int_equal(message.message_id, examples[i].message_id);
        check_token(&message.token, &token);
        check_text(message.payload, examples[i].payload);
        bc_view segment = {0};
        assert_int_equal(bc_coap_option_find(&message, BC_COAP_URI_PATH, &segment),
                         examples[i].path[0] != '\0');
        assert_memory_equal(segment.ptr, examples[i].path, segment.len);
        check_heap_free(datagram);
    }
}

/* --- Options (RFC 7252 section 3.1) ---------------------------------------------------------- */

static const struct {
    uint16_t number;
    size_t len;
    const char *head;
} borders[] = {
    {0, 0, "00"},
    {1, 0, "10"},
    {12, 0, "C0"},
    {13, 0, "D000"},
    {268, 0, "D0FF"},
    {269, 0, "E00000"},
    {65535, 0, "E0FEF2"},
    {1, 12, "1C"},
    {1, 13, "1D00"},
    {1, 268, "1DFF"},
    {1, 269, "1E0000"},
    {1, 65535, "1EFEF2"},
    {1, 65804, "1EFFFF"},
    {13, 13, "DD0000"},
    {268, 269, "DEFF0000"},
    {269, 268, "ED0000FF"},
    {269, 269, "EE00000000"},
};
#define BORDERS (sizeof(borders) / sizeof(borders[0]))

static void coap_option_heads_at_every_border(void **state)
{
    static uint8_t value[OPTION_BYTES_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(value); i++)
        value[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < BORDERS; i++) {
        size_t head_bytes = strlen(borders[i].head) / 2;
        bc_sink sink = check_heap_sink(BC_COAP_HEADER_BYTES + head_bytes + borders[i].len + 2);
        struct bc_coap_writer w = bc_coap_write_begin(&sink, BC_COAP_CON, BC_COAP_GET, 1, NULL);
        bc_coap_write_option(&w, borders[i].number, (bc_view){value, borders[i].len});
        bc_coap_write_payload(&w, BC_TEXT("p"));
        assert_int_equal(bc_coap_write_end(&w), BC_OK);
        assert_int_equal(sink.len, sink.cap);
        check_hex((bc_view){sink.ptr + BC_COAP_HEADER_BYTES, head_bytes}, borders[i].head);

        struct bc_coap_message message;
        bc_view back;
        assert_int_equal(bc_coap_parse(bc_sink_view(&sink), &message), BC_OK);
        assert_true(bc_coap_option_find(&message, borders[i].number, &back));
        assert_true(bc_view_equal(back, (bc_view){value, borders[i].len}));
        check_text(message.payload, "p");
        check_heap_free(bc_sink_view(&sink));
    }
}

static void coap_option_numbers_end_at_65535(void **state)
{
    (void)state;
    bc_view datagram;
    struct bc_coap_message message;
    assert_int_equal(parse_hex("4001 0001 E0FEF2 00", &datagram, &message), BC_OK);
    check_heap_free(datagram);
    check_refused("4001 0001 E0FEF2 10", BC_ERR_FORMAT); /* 65535 + 1 */
    check_refused("4001 0001 E0FEF3", BC_ERR_FORMAT);
    check_refused("4001 0001 E0FFFF", BC_ERR_FORMAT);
    check_refused("4001 0001 E08000 E08000", BC_ERR_FORMAT);
}

static void coap_option_nibble_15_is_no_option(void **state)
{
    (void)state;
    check_refused("4001 0001 F0", BC_ERR_FORMAT);
    check_refused("4001 0001 F1 00", BC_ERR_FORMAT);
    check_refused("4001 0001 0F 00 00", BC_ERR_FORMAT);
    check_refused("4001 0001 B1 61 F0", BC_ERR_FORMAT);
}

static void coap_options_come_in_order_with_their_repetitions(void **state)
{
    static const struct {
        uint16_t number;
        const char *text;
    } expected[] = {{11, "19"}, {11, "0"}, {11, ""}, {15, "a=1"}, {15, "b=2"}, {60, "\x05"}};
    (void)state;
    bc_view datagram;
    struct bc_coap_message message;
    assert_int_equal(parse_hex("4001 0001 B2 3139 01 30 00 43 613D31 03 623D32 D120 05 FF 70",
                               &datagram, &message),
                     BC_OK);
    struct bc_coap_options it = bc_coap_options(&message);
    struct bc_coap_option option;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        assert_true(bc_coap_option_next(&it, &option));
        assert_int_equal(option.number, expected[i].number);
        check_text(option.value, expected[i].text);
    }
    assert_false(bc_coap_option_next(&it, &option));
    assert_true(bc_coap_option_find(&message, 15, &option.value));
    check_text(option.value, "a=1");
    assert_false(bc_coap_option_find(&message, 12, &option.value));
    check_heap_free(datagram);
}

static void coap_option_uints_drop_leading_zeros(void **state)
{
    static const struct {
        uint32_t number;
        const char *hex;
    } values[] = {
        {0, "C0"},
        {1, "C1 01"},
        {255, "C1 FF"},
        {256, "C2 0100"},
        {65535, "C2 FFFF"},
        {65536, "C3 010000"},
        {0xFFFFFF, "C3 FFFFFF"},
        {0x1000000, "C4 01000000"},
        {UINT32_MAX, "C4 FFFFFFFF"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        uint8_t bytes[16];
        bc_sink sink = {.ptr = bytes, .cap = sizeof(bytes)};
        struct bc_coap_writer w = bc_coap_write_begin(&sink, BC_COAP_CON, BC_COAP_GET, 1, NULL);
        bc_coap_write_uint(&w, BC_COAP_CONTENT_FORMAT, values[i].number);
        check_hex((bc_view){bytes + 4, sink.len - 4}, values[i].hex);
        struct bc_coap_message message;
        assert_int_equal(bc_coap_parse(bc_sink_view(&sink), &message), BC_OK);
        assert_true(bc_coap_option_number_of(&message, BC_COAP_CONTENT_FORMAT, -1) ==
                    values[i].number);
        assert_true(bc_coap_option_number_of(&message, BC_COAP_ACCEPT, -1) == -1);
    }
}

static void coap_option_uints_accept_leading_zeros_up_to_4_bytes(void **state)
{
    (void)state;
    uint32_t number;
    assert_true(bc_coap_option_uint(BC_TEXT("\0\0\0\x2A"), &number));
    assert_int_equal(number, 42);
    assert_true(bc_coap_option_uint((bc_view){0}, &number));
    assert_int_equal(number, 0);
    assert_false(bc_coap_option_uint(BC_TEXT("\0\0\0\0\x2A"), &number));
    bc_view datagram;
    struct bc_coap_message message;
    assert_int_equal(parse_hex("4001 0001 C5 000000002A", &datagram, &message), BC_OK);
    assert_true(bc_coap_option_number_of(&message, BC_COAP_CONTENT_FORMAT, -1) == UINT32_MAX);
    check_heap_free(datagram);
}

static void coap_odd_options_are_critical(void **state)
{
    (void)state;
    assert_true(bc_coap_option_critical(BC_COAP_URI_PATH));
    assert_true(bc_coap_option_critical(65535));
    assert_false(bc_coap_option_critical(BC_COAP_OBSERVE));
    assert_false(bc_coap_option_critical(65534));
}

static void coap_paths_become_one_option_a_segment(void **state)
{
    static const struct {
        const char *path;
        const char *hex;
    } paths[] = {
        {"rd", "B2 7264"},
        {"/rd", "B2 7264"},
        {"rd/", "B2 7264"},
        {"a/b/c", "B1 61 01 62 01 63"},
        {"//a///b//", "B1 61 01 62"},
        {"", ""},
        {"/", ""},
        {"///", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        uint8_t bytes[32];
        bc_sink sink = {.ptr = bytes, .cap = sizeof(bytes)};
        struct bc_coap_writer w = bc_coap_write_begin(&sink, BC_COAP_CON, BC_COAP_GET, 1, NULL);
        bc_coap_write_path(&w, BC_COAP_URI_PATH, bc_view_of(paths[i].path));
        check_hex((bc_view){bytes + 4, sink.len - 4}, paths[i].hex);
    }
}

/* --- Writing --------------------------------------------------------------------------------- */

static void write_everything(bc_sink *sink, struct bc_coap_writer *w)
{
    struct bc_coap_token token = token_of("abcd");
    *w = bc_coap_write_begin(sink, BC_COAP_CON, BC_COAP_POST, 0x1234, &token);
    bc_coap_write_path(w, BC_COAP_URI_PATH, BC_TEXT("rd/12345678901234"));
    bc_coap_write_uint(w, BC_COAP_CONTENT_FORMAT, BC_COAP_FORMAT_TLV);
    bc_coap_write_option(w, 300, BC_TEXT("value"));
    bc_sink *payload = bc_coap_write_payload_begin(w);
    bc_put_text(payload, "pay");
    bc_put_text(payload, "load");
}

#define EVERYTHING                                                                            \
    "4402 1234 61626364 B2 7264 0D01 3132333435363738393031323334 12 2D16 E5 0013 76616C7565" \
    " FF 7061796C6F6164"

static void coap_writer_tells_at_the_end_when_it_did_not_fit(void **state)
{
    (void)state;
    bc_view whole = check_from_hex(EVERYTHING);
    for (size_t cap = 0; cap <= whole.len; cap++) {
        bc_sink sink = check_heap_sink(cap);
        struct bc_coap_writer w;
        write_everything(&sink, &w);
        assert_int_equal(bc_coap_write_end(&w), cap == whole.len ? BC_OK : BC_ERR_FULL);
        assert_true(sink.len <= cap);
        if (cap == whole.len)
            assert_memory_equal(sink.ptr, whole.ptr, whole.len);
        check_heap_free(bc_sink_view(&sink));
    }
    check_heap_free(whole);
}

static void coap_writer_appends_behind_what_the_sink_holds(void **state)
{
    (void)state;
    bc_sink sink = check_heap_sink(200);
    bc_put_text(&sink, "before");
    struct bc_coap_writer w;
    write_everything(&sink, &w);
    check_text((bc_view){sink.ptr, 6}, "before");
    check_hex((bc_view){sink.ptr + 6, sink.len - 6}, EVERYTHING);
    check_heap_free(bc_sink_view(&sink));
}

static void coap_writer_puts_no_marker_before_an_empty_payload(void **state)
{
    (void)state;
    uint8_t bytes[8];
    bc_sink sink = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_coap_writer w = bc_coap_write_begin(&sink, BC_COAP_ACK, BC_COAP_CHANGED, 7, NULL);
    bc_coap_write_payload(&w, (bc_view){0});
    check_hex(bc_sink_view(&sink), "6044 0007");
}

/* --- Refusals (RFC 7252 sections 3 and 4.1) -------------------------------------------------- */

static void coap_versions_but_1_are_to_be_ignored(void **state)
{
    (void)state;
    check_refused("0001 0001", BC_ERR_RANGE);
    check_refused("8001 0001", BC_ERR_RANGE);
    check_refused("C001 0001", BC_ERR_RANGE);
    check_refused("80", BC_ERR_RANGE);
    check_refused("FF FF FF FF FF", BC_ERR_RANGE);
}

static void coap_token_lengths_9_to_15_are_a_format_error(void **state)
{
    (void)state;
    for (unsigned len = 0; len <= 15; len++) {
        uint8_t bytes[4 + 15] = {(uint8_t)(0x40 | len), BC_COAP_GET, 0x12, 0x34};
        bc_view datagram = check_heap_copy((bc_view){bytes, 4 + len});
        struct bc_coap_message message;
        assert_int_equal(bc_coap_parse(datagram, &message), len <= 8 ? BC_OK : BC_ERR_FORMAT);
        assert_int_equal(message.type, BC_COAP_CON); /* enough for a reset */
        assert_int_equal(message.message_id, 0x1234);
        check_heap_free(datagram);
    }
}

static void coap_empty_messages_are_four_bytes(void **state)
{
    (void)state;
    bc_view datagram;
    struct bc_coap_message message;
    assert_int_equal(parse_hex("4000 1234", &datagram, &message), BC_OK);
    check_heap_free(datagram);
    check_refused("4000 1234 FF 00", BC_ERR_FORMAT);
    check_refused("4000 1234 B0", BC_ERR_FORMAT);
    check_refused("4100 1234 01", BC_ERR_FORMAT);
    check_refused("6000 1234 00", BC_ERR_FORMAT);
}

static void coap_payload_marker_alone_is_a_format_error(void **state)
{
    (void)state;
    check_refused("4001 1234 FF", BC_ERR_FORMAT);
    check_refused("4101 1234 AA FF", BC_ERR_FORMAT);
    check_refused("4001 1234 B1 61 FF", BC_ERR_FORMAT);
    bc_view datagram;
    struct bc_coap_message message;
    assert_int_equal(parse_hex("4001 1234 FF FF", &datagram, &message), BC_OK);
    check_hex(message.payload, "FF");
    check_heap_free(datagram);
}

/* Cut anywhere it is an error, except where a message of its own ends: behind the token, behind an
 * option, and inside the payload. */
static void coap_message_cut_at_every_byte(void **state)
{
    static const size_t ends[] = {8, 11, 27, 30, 38, 40, 41, 42, 43, 44, 45};
    (void)state;
    bc_view whole = check_from_hex(EVERYTHING);
    size_t next = 0;
    for (size_t len = 0; len < whole.len; len++) {
        bc_view datagram = check_heap_copy((bc_view){whole.ptr, len});
        struct bc_coap_message message;
        bool ends_here = ends[next] == len;
        next += ends_here;
        assert_int_equal(bc_coap_parse(datagram, &message), ends_here ? BC_OK : BC_ERR_FORMAT);
        assert_int_equal(message.type, len < 4 ? BC_COAP_NON : BC_COAP_CON);
        assert_int_equal(message.message_id, len < 4 ? 0 : 0x1234);
        check_heap_free(datagram);
    }
    assert_int_equal(next, sizeof(ends) / sizeof(ends[0]));
    check_heap_free(whole);
}

/* --- Random round trips ---------------------------------------------------------------------- */

#define RANDOM_OPTIONS 6

static void coap_random_messages_survive_the_round_trip(void **state)
{
    (void)state;
    struct bc_random random = {.state = 7252};
    uint8_t source[700];
    for (size_t i = 0; i < sizeof(source); i++)
        source[i] = (uint8_t)bc_random_next(&random);
    for (unsigned round = 0; round < 3000; round++) {
        struct bc_coap_option written[RANDOM_OPTIONS];
        struct bc_coap_token token = {.len = (uint8_t)check_draw(&random, 9), .bytes = {1, 2, 3}};
        uint8_t code = (uint8_t)(1 + check_draw(&random, 255));
        uint16_t message_id = (uint16_t)bc_random_next(&random);
        bc_view payload = {source, check_draw(&random, 20)};
        bc_sink sink = check_heap_sink(RANDOM_OPTIONS * (5 + 300) + 40);
        struct bc_coap_writer w = bc_coap_write_begin(&sink, BC_COAP_NON, code, message_id, &token);
        uint16_t number = 0;
        for (size_t i = 0; i < RANDOM_OPTIONS; i++) {
            number = (uint16_t)(number + check_draw(&random, round % 3 == 0 ? 6000 : 300));
            written[i] = (struct bc_coap_option){
                number, {source + check_draw(&random, 300), check_draw(&random, 300)}};
            bc_coap_write_option(&w, number, written[i].value);
        }
        bc_coap_write_payload(&w, payload);
        assert_int_equal(bc_coap_write_end(&w), BC_OK);

        bc_view datagram = check_heap_copy(bc_sink_view(&sink));
        struct bc_coap_message message;
        assert_int_equal(bc_coap_parse(datagram, &message), BC_OK);
        assert_int_equal(message.code, code);
        assert_int_equal(message.message_id, message_id);
        check_token(&message.token, &token);
        assert_true(bc_view_equal(message.payload, payload));
        struct bc_coap_options it = bc_coap_options(&message);
        struct bc_coap_option option;
        for (size_t i = 0; i < RANDOM_OPTIONS; i++) {
            assert_true(bc_coap_option_next(&it, &option));
            assert_int_equal(option.number, written[i].number);
            assert_true(bc_view_equal(option.value, written[i].value));
        }
        assert_false(bc_coap_option_next(&it, &option));
        check_heap_free(datagram);
        check_heap_free(bc_sink_view(&sink));
    }
}

/* --- Block options (RFC 7959 section 2.2) ---------------------------------------------------- */

static void coap_block_values_of_rfc_7959(void **state)
{
    static const struct {
        const char *hex;
        struct bc_coap_block block;
        size_t bytes;
    } values[] = {
        {"", {0, false, 0}, 16},          {"00", {0, false, 0}, 16},
        {"08", {0, true, 0}, 16},         {"06", {0, false, 6}, 1024},
        {"0E", {0, true, 6}, 1024},       {"1B", {1, true, 3}, 128},
        {"F2", {15, false, 2}, 64},       {"0102", {16, false, 2}, 64},
        {"FFF6", {4095, false, 6}, 1024}, {"FFFFFE", {1048575, true, 6}, 1024},
        {"00001B", {1, true, 3}, 128},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        bc_view value = check_from_hex(values[i].hex);
        struct bc_coap_block block;
        uint32_t bits;
        assert_true(bc_coap_block_read(value, &block));
        assert_int_equal(block.number, values[i].block.number);
        assert_int_equal(block.more, values[i].block.more);
        assert_int_equal(block.size_exponent, values[i].block.size_exponent);
        assert_int_equal(bc_coap_block_bytes(&block), values[i].bytes);
        assert_true(bc_coap_option_uint(value, &bits));
        assert_int_equal(bc_coap_block_value(&block), bits);
        check_heap_free(value);
    }
}

static void coap_block_refuses_exponent_7_and_more_than_3_bytes(void **state)
{
    (void)state;
    struct bc_coap_block block;
    assert_false(bc_coap_block_read(BC_TEXT("\x07"), &block));
    assert_false(bc_coap_block_read(BC_TEXT("\x0F"), &block));
    assert_false(bc_coap_block_read(BC_TEXT("\xFF\xFF\xFF"), &block));
    assert_false(bc_coap_block_read(BC_TEXT("\0\0\0\0"), &block));
    assert_false(bc_coap_block_read(BC_TEXT("\0\0\0\0\x06"), &block));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(coap_writes_the_examples_of_appendix_a),
        cmocka_unit_test(coap_reads_the_examples_of_appendix_a),
        cmocka_unit_test(coap_option_heads_at_every_border),
        cmocka_unit_test(coap_option_numbers_end_at_65535),
        cmocka_unit_test(coap_option_nibble_15_is_no_option),
        cmocka_unit_test(coap_options_come_in_order_with_their_repetitions),
        cmocka_unit_test(coap_option_uints_drop_leading_zeros),
        cmocka_unit_test(coap_option_uints_accept_leading_zeros_up_to_4_bytes),
        cmocka_unit_test(coap_odd_options_are_critical),
        cmocka_unit_test(coap_paths_become_one_option_a_segment),
        cmocka_unit_test(coap_writer_tells_at_the_end_when_it_did_not_fit),
        cmocka_unit_test(coap_writer_appends_behind_what_the_sink_holds),
        cmocka_unit_test(coap_writer_puts_no_marker_before_an_empty_payload),
        cmocka_unit_test(coap_versions_but_1_are_to_be_ignored),
        cmocka_unit_test(coap_token_lengths_9_to_15_are_a_format_error),
        cmocka_unit_test(coap_empty_messages_are_four_bytes),
        cmocka_unit_test(coap_payload_marker_alone_is_a_format_error),
        cmocka_unit_test(coap_message_cut_at_every_byte),
        cmocka_unit_test(coap_random_messages_survive_the_round_trip),
        cmocka_unit_test(coap_block_values_of_rfc_7959),
        cmocka_unit_test(coap_block_refuses_exponent_7_and_more_than_3_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
