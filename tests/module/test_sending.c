/*
 * Our own bodies in blocks, once the server asks for them (RFC 7959 sections 2.5, 2.9.1 to 2.9.3):
 * registration, object list, AT+QLASENDDATA.
 */
#include <stdio.h>
#include <string.h>

#include "desk.h"

/* What desk_configured() registers: 54 bytes, and its pieces of 32 and 16. */
#define HEAD \
    "4402 <mid> <token> B2'rd' 1128 39'lwm2m=1.0' 0D05'ep=867724030023557' 04'b=UQ' 06'lt=300'"
#define WHOLE HEAD "FF '</>;rt=\"oma.lwm2m\",</1/0>,</3/0>,</4/0>,</5/0>,</19/0>'"
#define FIRST_32 HEAD " C109 D11436 FF '</>;rt=\"oma.lwm2m\",</1/0>,</3/0>'"
#define SECOND_32 HEAD " C111 FF ',</4/0>,</5/0>,</19/0>'"

/* Registration under way; the server has refused the whole of it. */
static void refused(struct desk *d, const char *block)
{
    char pattern[60];
    desk_configured(d);
    desk_ok(d, "AT+QLAREG");
    desk_wire(d, WHOLE);
    snprintf(pattern, sizeof(pattern), "648D <mid> <token> %s", block);
    desk_server(d, pattern);
}

/*
 *   server                              module
 *     | <-- POST /rd, 54 bytes ---------- |
 *     | --- 4.13 1:0/0/32 --------------> |
 *     | <-- POST /rd 1:0/1/32 ----------- |
 *     | --- 2.31 1:0/1/32 --------------> |
 *     | <-- POST /rd 1:1/0/32 ----------- |
 *     | --- 2.01 1:1/0/32 --------------> |
 */
static void registration_goes_out_in_the_blocks_asked_for(void **state) /* RFC 7959 2.5, 2.9.3 */
{
    (void)state;
    struct desk d;
    refused(&d, "D10E01");
    desk_wire(&d, FIRST_32);
    desk_server(&d, "645F <mid> <token> D10E09");
    desk_wire(&d, SECOND_32);
    desk_server(&d, "6441 <mid> <token> 82'rd' 04'5a3f' D10611");
    desk_urc(&d, "+QLAREG: 0");
    desk_status(&d, 2);
    assert_true(bc_idle(d.module));
    desk_end(&d);
}

static void server_may_make_blocks_smaller_on_the_way(void **state) /* RFC 7959 2.5, 2.9.1 */
{
    (void)state;
    struct desk d;
    refused(&d, "D10E01");
    desk_wire(&d, FIRST_32);
    desk_server(&d, "645F <mid> <token> D10E08"); /* it has taken 32, and wants 16 from here on */
    desk_wire(&d, HEAD " C128 FF ',</4/0>,</5/0>,<'");
    desk_server(&d, "645F <mid> <token> D10E2E"); /* a larger one changes nothing */
    desk_wire(&d, HEAD " C130 FF '/19/0>'");
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    desk_end(&d);
}

static void refusal_on_the_way_begins_anew_with_smaller_blocks(void **state) /* RFC 7959 2.9.3 */
{
    (void)state;
    struct desk d;
    refused(&d, "D10E01");
    desk_wire(&d, FIRST_32);
    desk_server(&d, "645F <mid> <token> D10E09");
    desk_wire(&d, SECOND_32);
    desk_server(&d, "648D <mid> <token> D10E10"); /* 16 */
    desk_wire(&d, HEAD " C108 D11436 FF '</>;rt=\"oma.lwm2'");
    desk_server(&d, "648D <mid> <token> D10E00"); /* the same size again: that is final */
    desk_urc(&d, "+QLAREG: 900");
    desk_status(&d, 0);
    assert_true(bc_idle(d.module));
    desk_end(&d);
}

/* Answers that do not go on with the transfer end the request as they would have ended it whole. */
static void any_other_answer_is_the_end(void **state) /* RFC 7959 2.9.1, 2.9.2 */
{
    static const struct {
        const char *answer;
        const char *result;
    } rows[] = {
        {"6488 <mid> <token> D10E09", "+QLAREG: 900"}, /* 4.08: incomplete */
        {"645F <mid> <token> D10E19", "+QLAREG: 900"}, /* another block than that one */
        {"645F <mid> <token>", "+QLAREG: 900"},
        {"645F <mid> <token> D10E0F", "+QLAREG: 900"}, /* size 7 is reserved */
        {"6483 <mid> <token> D10E09", "+QLAREG: 403"},
        {"6480 <mid> <token>", "+QLAREG: 400"},
        {"6441 <mid> <token> <location>", "+QLAREG: 0"}, /* the first block is enough for it */
        {"7000 <mid>", "+QLAREG: 5"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct desk d;
        refused(&d, "D10E01");
        desk_wire(&d, FIRST_32);
        desk_server(&d, rows[i].answer);
        desk_urc(&d, rows[i].result);
        assert_true(bc_idle(d.module));
        desk_end(&d);
    }
}

static void continue_after_the_last_block_is_an_error(void **state)
{
    (void)state;
    struct desk d;
    refused(&d, "D10E01");
    desk_wire(&d, FIRST_32);
    desk_server(&d, "645F <mid> <token> D10E09");
    desk_wire(&d, SECOND_32);
    desk_server(&d, "645F <mid> <token> D10E11");
    desk_urc(&d, "+QLAREG: 900");
    assert_true(bc_idle(d.module));
    desk_end(&d);
}

static void refusal_without_a_smaller_size_is_final(void **state) /* RFC 7959 2.9.3 */
{
    static const char *const blocks[] = {"", "D10E02", "D10E06", "D10E07", "D4 0E 00000001"};
    (void)state;
    for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        struct desk d;
        refused(&d, blocks[i]);
        if (i == 4) /* not processed at all: RFC 7252 5.4.1 */
            desk_quiet(&d);
        else
            desk_urc(&d, "+QLAREG: 900");
        desk_end(&d);
    }
}

static void block_is_repeated_until_it_is_given_up(void **state) /* RFC 7252 4.2, G 6: 1 */
{
    (void)state;
    struct desk d;
    refused(&d, "D10E01");
    desk_wire(&d, FIRST_32);
    desk_server(&d, "645F <mid> <token> D10E09");
    desk_wire(&d, SECOND_32);
    uint64_t wait_ms = 4000;
    for (; wait_ms <= 32000; wait_ms *= 2) {
        desk_quiet_until(&d, wait_ms);
        assert_int_equal(d.wires, 1);
        d.wires = 0;
    }
    desk_quiet_until(&d, wait_ms);
    desk_urc(&d, "+QLAREG: 1");
    assert_true(bc_idle(d.module));
    desk_end(&d);
}

static void answers_may_be_messages_of_their_own(void **state) /* RFC 7252 5.2.2 */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, WHOLE);
    desk_server(&d, "6000 <mid>");
    desk_server(&d, "448D 7001 <token> D10E01");
    desk_wire(&d, "6000 7001");
    desk_wire(&d, FIRST_32);
    desk_server(&d, "6000 <mid>");
    desk_server(&d, "545F 7002 <token> D10E09");
    desk_wire(&d, SECOND_32);
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    desk_end(&d);
}

static void object_list_of_an_update_goes_out_in_blocks(void **state) /* G 2.6 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLAADDOBJ=20,0,1,0");
    desk_wire(&d, "4402 <mid> <token> <location> 1128 FF '" LINKS ",</19/0>,</20/0>'");
    desk_server(&d, "648D <mid> <token> D10E01");
    desk_wire(&d, "4402 <mid> <token> <location> 1128 D10209 D1143E"
                  "FF '</>;rt=\"oma.lwm2m\",</1/0>,</3/0>'");
    desk_server(&d, "645F <mid> <token> D10E09");
    desk_wire(&d, "4402 <mid> <token> <location> 1128 D10211 FF ',</4/0>,</5/0>,</19/0>,</20/0>'");
    desk_server(&d, "6444 <mid> <token> D10E11");
    desk_urc(&d, "+QLAADDOBJ: 0");
    desk_end(&d);
}

static void request_without_a_body_is_never_cut(void **state)
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    for (unsigned separate = 0; separate < 2; separate++) {
        desk_after(&d, 250000);
        desk_wire(&d, "4402 <mid> <token> <location>");
        if (separate == 1)
            desk_server(&d, "6000 <mid>");
        desk_server(&d, separate == 1 ? "548D 7001 <token> D10E00" : "648D <mid> <token> D10E00");
        desk_urc(&d, "+QLAURC: \"ping\",900");
        assert_true(bc_idle(d.module));
    }
    desk_end(&d);
}

/* --- AT+QLASENDDATA --------------------------------------------------------------------------- */

#define POST_DP "4402 <mid> <token> B2'dp' 12 2D17 3D05'ep=867724030023557'"

static void begin_senddata(struct desk *d)
{
    desk_registered(d);
    desk_ok(d, "AT+QLACFG=\"platform\",2");
}

/* 1024 bytes, each 64 of them another letter. */
static void fill(char *text)
{
    for (unsigned i = 0; i < 1024; i++)
        text[i] = (char)('a' + i / 64);
    text[1024] = '\0';
}

static void data_goes_out_in_blocks_and_is_told_by_its_first_id(void **state) /* G 2.13, 3.9 */
{
    (void)state;
    struct desk d;
    char text[1025];
    char line[1100];
    char pattern[1200];
    begin_senddata(&d);
    fill(text);
    snprintf(line, sizeof(line), "AT+QLASENDDATA=1,1024,\"%s\",1", text);
    desk_ok(&d, line);
    snprintf(pattern, sizeof(pattern), POST_DP "FF'%s'", text);
    desk_wire(&d, pattern);
    uint16_t first = d.mid;
    desk_urc(&d, "+QLASENDDATA: 0,<mid>");
    desk_server(&d, "648D <mid> <token> D10E02");
    for (unsigned i = 0; i < 16; i++) {
        unsigned block = i << 4 | (i < 15 ? 8U : 0U) | 2U;
        snprintf(pattern, sizeof(pattern), POST_DP " C1%02X %s FF'%.64s'", block,
                 i == 0 ? "D2140400" : "", text + (size_t)i * 64);
        desk_wire(&d, pattern);
        snprintf(pattern, sizeof(pattern), "64%s <mid> <token> D10E%02X", i < 15 ? "5F" : "44",
                 block);
        desk_server(&d, pattern);
    }
    d.mid = first;
    desk_urc(&d, "+QLAURC: \"send_ack\",0,<mid>");
    assert_true(bc_idle(d.module));
    desk_end(&d);
}

static void one_body_at_a_time_goes_out_in_blocks(void **state)
{
    (void)state;
    struct desk d;
    uint16_t ids[2];
    uint8_t tokens[2][BC_TOKEN_BYTES];
    begin_senddata(&d);
    for (unsigned i = 0; i < 2; i++) {
        desk_ok(&d, "AT+QLASENDDATA=1,20,\"abcdefghijklmnopqrst\",1");
        desk_wire(&d, POST_DP "FF'abcdefghijklmnopqrst'");
        desk_urc(&d, "+QLASENDDATA: 0,<mid>");
        ids[i] = d.mid;
        memcpy(tokens[i], d.token, sizeof(d.token));
    }
    d.mid = ids[0];
    memcpy(d.token, tokens[0], sizeof(d.token));
    desk_server(&d, "648D <mid> <token> D10E00");
    desk_wire(&d, POST_DP " C108 D11414 FF'abcdefghijklmnop'");
    uint16_t block_id = d.mid;
    uint8_t block_token[BC_TOKEN_BYTES];
    memcpy(block_token, d.token, sizeof(d.token));
    d.mid = ids[1];
    memcpy(d.token, tokens[1], sizeof(d.token));
    desk_server(&d, "648D <mid> <token> D10E00");
    desk_urc(&d, "+QLAURC: \"send_ack\",900,<mid>");
    d.mid = block_id;
    memcpy(d.token, block_token, sizeof(d.token));
    desk_server(&d, "645F <mid> <token> D10E08");
    desk_wire(&d, POST_DP " C110 FF'qrst'");
    desk_server(&d, "6444 <mid> <token>");
    d.mid = ids[0];
    desk_urc(&d, "+QLAURC: \"send_ack\",0,<mid>");
    assert_true(bc_idle(d.module));
    desk_end(&d);
}

/* What is unconfirmed has no answer, so none can ask for blocks. */
static void unconfirmed_data_is_never_cut(void **state)
{
    (void)state;
    struct desk d;
    begin_senddata(&d);
    desk_ok(&d, "AT+QLASENDDATA=1,20,\"abcdefghijklmnopqrst\",0");
    desk_wire(&d, "5402 <mid> <token> B2'dp' 12 2D17 3D05'ep=867724030023557'"
                  "FF'abcdefghijklmnopqrst'");
    desk_urc(&d, "+QLASENDDATA: 0,<mid>");
    desk_server(&d, "548D 7001 <token> D10E00");
    desk_after(&d, 100000);
    desk_end(&d);
}

static void reset_of_the_module_drops_what_is_half_sent(void **state)
{
    (void)state;
    struct desk d;
    refused(&d, "D10E01");
    desk_wire(&d, FIRST_32);
    desk_reset(&d);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    assert_true(bc_idle(d.module));
    desk_server(&d, "645F <mid> <token> D10E09");
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registration_goes_out_in_the_blocks_asked_for),
        cmocka_unit_test(server_may_make_blocks_smaller_on_the_way),
        cmocka_unit_test(refusal_on_the_way_begins_anew_with_smaller_blocks),
        cmocka_unit_test(any_other_answer_is_the_end),
        cmocka_unit_test(continue_after_the_last_block_is_an_error),
        cmocka_unit_test(refusal_without_a_smaller_size_is_final),
        cmocka_unit_test(block_is_repeated_until_it_is_given_up),
        cmocka_unit_test(answers_may_be_messages_of_their_own),
        cmocka_unit_test(object_list_of_an_update_goes_out_in_blocks),
        cmocka_unit_test(request_without_a_body_is_never_cut),
        cmocka_unit_test(data_goes_out_in_blocks_and_is_told_by_its_first_id),
        cmocka_unit_test(one_body_at_a_time_goes_out_in_blocks),
        cmocka_unit_test(unconfirmed_data_is_never_cut),
        cmocka_unit_test(reset_of_the_module_drops_what_is_half_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
