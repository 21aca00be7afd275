/*
 * The JSON format in both directions (LwM2M 1.0 6.4.4) and data sent without being asked (G 2.13).
 */
#include <stdio.h>
#include <string.h>

#include "coap/message.h"
#include "desk.h"

#define PUT_19_0_JSON "4202 1001 A1A2 B2'19' 01'0' 122D17 FF"
#define ACCEPT_JSON "622D17"

static void expect_payload(struct desk *d, uint8_t code, const char *text)
{
    struct bc_coap_message message;
    assert_int_equal(d->wires, 1);
    const struct desk_datagram *wire = &d->wire[0];
    assert_int_equal(bc_coap_parse((bc_view){wire->bytes, wire->len}, &message), BC_OK);
    assert_int_equal(message.code, code);
    assert_int_equal(bc_coap_option_number_of(&message, BC_COAP_CONTENT_FORMAT, -1), 11543);
    if (message.payload.len != strlen(text) ||
        memcmp(message.payload.ptr, text, message.payload.len) != 0)
        fail_msg("want %s\nseen %.*s", text, (int)message.payload.len,
                 (const char *)message.payload.ptr);
    d->wires = 0;
}

/* --- Reading --------------------------------------------------------------------------------- */

static void every_value_type_has_its_json_form(void **state) /* LwM2M 1.0 6.4.4 */
{
    (void)state;
    static const struct {
        const char *value;
        const char *entry;
    } rows[] = {
        {"1,5,\"abcde\"", "\"sv\":\"abcde\""},
        {"1,4,\"a\"b\\\"", "\"sv\":\"a\\\"b\\\\\""},
        {"1,0,\"\"", "\"sv\":\"\""},
        {"2,3,\"616263\"", "\"sv\":\"YWJj\""},
        {"3,4,-500", "\"v\":-500"},
        {"4,4,1.5", "\"v\":1.5"},
        {"5,1,1", "\"bv\":true"},
        {"5,1,0", "\"bv\":false"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct desk d;
        char line[100];
        char json[100];
        desk_registered(&d);
        desk_server(&d, "4201 1001 A1A2 B2'19' 01'0' 01'0' " ACCEPT_JSON);
        desk_urc(&d, "+QLAURC: \"read\",4097,19,0,0");
        snprintf(line, sizeof(line), "AT+QLARDRSP=4097,1,19,0,0,%s,0", rows[i].value);
        desk_ok(&d, line);
        desk_urc(&d, "+QLARDRSP: 0");
        snprintf(json, sizeof(json), "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"0\",%s}]}", rows[i].entry);
        expect_payload(&d, 0x45, json);
        desk_end(&d);
    }
}

static void parts_become_entries_of_one_answer(void **state) /* G 2.8 <index> */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "4201 1001 A1A2 B2'19' " ACCEPT_JSON);
    desk_urc(&d, "+QLAURC: \"read\",4097,19,-1,-1");
    desk_ok(&d, "AT+QLARDRSP=4097,1,19,0,0,1,1,\"x\",1");
    desk_urc(&d, "+QLARDRSP: 0");
    desk_ok(&d, "AT+QLARDRSP=4097,1,19,0,2,5,1,1,0");
    desk_urc(&d, "+QLARDRSP: 0");
    expect_payload(
        &d, 0x45,
        "{\"bn\":\"/19/\",\"e\":[{\"n\":\"0/0\",\"sv\":\"x\"},{\"n\":\"0/2\",\"bv\":true}]}");
    desk_end(&d);
}

static void notification_is_json_when_the_observer_asked(void **state) /* MODULE 4: Accept */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "4201 1001 A1A2 60 52'19' 01'0' " ACCEPT_JSON);
    desk_urc(&d, "+QLAURC: \"observe\",4097,0,19,0,-1");
    desk_ok(&d, "AT+QLAOBSRSP=4097,1,19,0,0,3,2,7,0");
    desk_urc(&d, "+QLAOBSRSP: 0");
    expect_payload(&d, 0x45, "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"0\",\"v\":7}]}");
    desk_ok(&d, "AT+QLANOTIFY=19,0,1,3,2,8,0,0");
    desk_urc(&d, "+QLANOTIFY: 0");
    expect_payload(&d, 0x45, "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"1\",\"v\":8}]}");
    desk_end(&d);
}

static void built_in_objects_answer_in_json(void **state) /* LwM2M 1.0 6.4.4 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "4201 1001 A1A2 B1'3' 01'0' 01'9' " ACCEPT_JSON);
    expect_payload(&d, 0x45, "{\"bn\":\"/3/0/\",\"e\":[{\"n\":\"9\",\"v\":100}]}");
    desk_server(&d, "4201 1002 A1A2 B1'3' 01'0' 01'7' " ACCEPT_JSON); /* several instances */
    expect_payload(&d, 0x45, "{\"bn\":\"/3/0/\",\"e\":[{\"n\":\"7/0\",\"v\":3600}]}");
    desk_server(&d, "4201 1003 A1A2 B1'5' " ACCEPT_JSON);
    expect_payload(&d, 0x45,
                   "{\"bn\":\"/5/\",\"e\":[{\"n\":\"0/3\",\"v\":0},{\"n\":\"0/5\",\"v\":0},"
                   "{\"n\":\"0/8/0\",\"v\":0}]}");
    desk_end(&d);
}

/* --- Writing --------------------------------------------------------------------------------- */

static void json_write_is_shown_by_its_types(void **state) /* G 3.3 <value_type> */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, PUT_19_0_JSON
                "'{ \"e\" : [ {\"n\":\"0\",\"v\":-1.5e3} , {\"bv\":true,\"n\":\"1\"},"
                "{\"n\":\"2\",\"sv\":\"a\\u0042\\\"\\u00e9\\ud83d\\ude00\"}],\"bn\":\"/19/0/\"}'");
    desk_expect(&d,
                "\r\n+QLAURC: \"write\",4097,19,0,0,4,6,\"-1.5e3\",2\r\n"
                "\r\n+QLAURC: \"write\",4097,19,0,1,5,1,\"1\",1\r\n"
                "\r\n+QLAURC: \"write\",4097,19,0,2,1,9,\"aB\"\xC3\xA9\xF0\x9F\x98\x80\",0\r\n");
    desk_ok(&d, "AT+QLAWRRSP=4097,2");
    desk_urc(&d, "+QLAWRRSP: 0");
    desk_wire(&d, "6244 1001 A1A2");
    desk_end(&d);
}

static void json_that_is_none_is_bad_request(void **state) /* nothing reaches the host */
{
    (void)state;
    static const char *const payloads[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"e\":[]}",
        "{\"e\":[{}]}",
        "{\"e\":[{\"n\":\"0\"}]}",
        "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"0\",\"v\":1}]",
        "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"0\",\"v\":1}]}x",
        "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"0\",\"v\":1},]}",
        "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"0\",\"v\":01}]}",
        "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"0\",\"v\":1.}]}",
        "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"0\",\"v\":nan}]}",
        "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"0\",\"v\":1,\"sv\":\"1\"}]}",
        "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"0\",\"bv\":1}]}",
        "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"0\",\"ov\":\"1:2\"}]}",
        "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"0\",\"sv\":\"\\x\"}]}",
        "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"0\",\"sv\":\"\\u12\"}]}",
        "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"0\",\"v\":1e}]}",
        "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"0\",\"sv\":\"a",
        "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"0\",\"sv\":\"a\\",
        "{\"bn\":\"/19/0/\",\"e\":[1]}",
        "{\"bn\":\"/19/0/\",\"e\":1}",
        "{\"bn\":\"/19/0/\",\"e\":[{5:1}]}",
        "{5:1}",
        "{\"x\":1}",
        "{\"bn\":\"/19/0/\",\"e\":[{\"n\":}]}",
        "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"0/1\",\"v\":1}]}",
        "{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"70000\",\"v\":1}]}",
        "{\"bn\":\"/19/1/\",\"e\":[{\"n\":\"0\",\"v\":1}]}",
        "{\"bn\":\"/3/0/\",\"e\":[{\"n\":\"0\",\"v\":1}]}",
    };
    struct desk d;
    desk_registered(&d);
    for (unsigned i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        char request[200];
        char answer[40];
        snprintf(request, sizeof(request), "4202 %04X A1A2 B2'19' 01'0' 122D17 %s'%s'", 0x1001 + i,
                 payloads[i][0] == '\0' ? "" : "FF ", payloads[i]);
        desk_server(&d, request);
        snprintf(answer, sizeof(answer), "6280 %04X A1A2", 0x1001 + i);
        desk_wire(&d, answer);
    }
    desk_end(&d);
}

static void json_write_of_an_unknown_resource_is_not_found(void **state) /* MODULE 4 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, PUT_19_0_JSON "'{\"bn\":\"/19/0/\",\"e\":[{\"n\":\"9\",\"v\":1}]}'");
    desk_wire(&d, "6284 1001 A1A2");
    desk_end(&d);
}

static void json_write_to_the_server_object_counts(void **state) /* 1/0/1: lifetime */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_server(&d, "4202 1001 A1A2 B1'1' 01'0' 122D17 FF"
                    "'{\"bn\":\"/1/0/\",\"e\":[{\"n\":\"1\",\"v\":60},{\"n\":\"3\",\"v\":9}]}'");
    desk_wire(&d, "6244 1001 A1A2");
    desk_wire(&d, "4402 <mid> <token> <location> 45'lt=60'");
    desk_urc(&d, "+QLAURC: \"lifetime_changed\",60");
    desk_server(&d, "6444 <mid> <token>");
    desk_server(&d, "4201 1002 A1A2 B1'1' 01'0' 01'3'");
    desk_wire(&d, "6245 1002 A1A2 C0 FF '9'");
    desk_end(&d);
}

/* --- AT+QLASENDDATA -------------------------------------------------------------------------- */

#define DP_HEAD "<mid> <token> B2'dp' 122D17 3D05'ep=867724030023557'"

/*
 *   host                                    module                      server
 *    | -- AT+QLASENDDATA=2,3,"616263",1 --> | --- CON POST /dp?ep= ----> |
 *    | <- OK, +QLASENDDATA: 0,mid --------- |                            |
 *    | <- "send_ack",0,mid ---------------- | <-- ACK 2.04 ------------- |
 */
static void data_is_sent_and_acknowledged(void **state) /* G 2.13, 3.9 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLACFG=\"platform\",2");
    desk_ok(&d, "AT+QLASENDDATA=2,3,\"616263\",0");
    desk_wire(&d, "5402 " DP_HEAD " FF 'abc'");
    desk_urc(&d, "+QLASENDDATA: 0,<mid>");
    desk_ok(&d, "AT+QLASENDDATA=1,5,\"[\"a\"]\",1");
    desk_wire(&d, "4402 " DP_HEAD " FF '[\"a\"]'");
    desk_urc(&d, "+QLASENDDATA: 0,<mid>");
    desk_server(&d, "6444 <mid> <token>");
    desk_urc(&d, "+QLAURC: \"send_ack\",0,<mid>");
    desk_end(&d);
}

static void send_ack_tells_how_it_ended(void **state) /* G 3.9, 6: 5, 400, 403, 404, 900 */
{
    (void)state;
    static const struct {
        const char *answer;
        const char *urc;
    } rows[] = {
        {"7000 <mid>", "+QLAURC: \"send_ack\",5,<mid>"},
        {"6480 <mid> <token>", "+QLAURC: \"send_ack\",400,<mid>"},
        {"6483 <mid> <token>", "+QLAURC: \"send_ack\",403,<mid>"},
        {"6484 <mid> <token>", "+QLAURC: \"send_ack\",404,<mid>"},
        {"64A0 <mid> <token>", "+QLAURC: \"send_ack\",900,<mid>"},
    };
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLACFG=\"platform\",2");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        desk_ok(&d, "AT+QLASENDDATA=1,1,\"x\",1");
        desk_wire(&d, "4402 " DP_HEAD " FF 'x'");
        desk_urc(&d, "+QLASENDDATA: 0,<mid>");
        desk_server(&d, rows[i].answer);
        desk_urc(&d, rows[i].urc);
    }
    desk_end(&d);
}

static void data_needs_andlink_and_a_registration(void **state) /* G 2.13 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_error(&d, "AT+QLASENDDATA=1,1,\"x\",1");
    desk_ok(&d, "AT+QLACFG=\"platform\",2");
    desk_error(&d, "AT+QLASENDDATA=3,2,1,1");
    desk_error(&d, "AT+QLASENDDATA=1,2,\"x\",1");
    desk_error(&d, "AT+QLASENDDATA=1,1,\"x\",2");
    desk_error(&d, "AT+QLASENDDATA=1,1");
    desk_error(&d, "AT+QLASENDDATA");
    desk_error(&d, "AT+QLASENDDATA?");
    desk_tells(&d, "AT+QLASENDDATA=?", "+QLASENDDATA: (1,2),(0-1024),<value>,(0,1),(0-2)");
    desk_ok(&d, "AT+QLADEREG");
    desk_wire(&d, "4404 <mid> <token> <location>");
    desk_server(&d, "6442 <mid> <token>");
    desk_urc(&d, "+QLADEREG: 0");
    desk_error(&d, "AT+QLASENDDATA=1,1,\"x\",1");
    desk_end(&d);
}

static void unconfirmed_data_without_network_is_not_sent(void **state) /* G 6: code 2 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ok(&d, "AT+QLACFG=\"platform\",2");
    desk_ok(&d, "AT+CFUN=0");
    desk_host(&d, "AT+QLASENDDATA=1,1,\"x\",0");
    assert_non_null(strstr(d.serial, "+QLASENDDATA: 2,"));
    d.serial_len = 0;
    desk_host(&d, "AT+QLASENDDATA=1,1,\"x\",1"); /* this one is repeated, and may yet succeed */
    assert_non_null(strstr(d.serial, "+QLASENDDATA: 0,"));
    d.serial_len = 0;
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_type_has_its_json_form),
        cmocka_unit_test(parts_become_entries_of_one_answer),
        cmocka_unit_test(notification_is_json_when_the_observer_asked),
        cmocka_unit_test(built_in_objects_answer_in_json),
        cmocka_unit_test(json_write_is_shown_by_its_types),
        cmocka_unit_test(json_that_is_none_is_bad_request),
        cmocka_unit_test(json_write_of_an_unknown_resource_is_not_found),
        cmocka_unit_test(json_write_to_the_server_object_counts),
        cmocka_unit_test(data_is_sent_and_acknowledged),
        cmocka_unit_test(send_ack_tells_how_it_ended),
        cmocka_unit_test(data_needs_andlink_and_a_registration),
        cmocka_unit_test(unconfirmed_data_without_network_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
