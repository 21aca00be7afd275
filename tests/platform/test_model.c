/*
 * Thing models and mappings (guide 5.5.1), and their values as TLV, JSON, text and opaque.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "codec_desk.h"
#include "model.h"

#define TEXT 0
#define OPAQUE 42
#define TLV 11542
#define JSON 11543
#define ABSENT (-1)

static const char model_text[] =
    "{'properties':[{'identifier':'switch','name':'Switch','type':'bool','access':'rw',"
    "'true_name':'on','false_name':'off'},"
    "{'identifier':'dimmer','type':'int32','min':0,'max':1000,'step':2,'access':'rw'},"
    "{'identifier':'temperature','type':'float','min':-40,'max':85,'step':0.1,'unit':'C'},"
    "{'identifier':'volume','type':'double','step':0.1,'access':'rw'},"
    "{'identifier':'label','type':'text','max_length':3,'access':'rw'},"
    "{'identifier':'mode','type':'enum','values':[{'value':1,'name':'a'},{'value':2}],"
    "'access':'rw'},{'identifier':'loose','type':'bool','access':'rw'}],"
    "'services':[{'identifier':'reset'}],'events':[]}";
/* The guide's 3311/0/5850 and 5851 of 5.5.2, and some more. */
static const char mapping_text[] =
    "{'items':[{'object':3311,'instance':0,'resource':5850,'identifier':'switch'},"
    "{'object':3311,'instance':0,'resource':5851,'identifier':'dimmer'},"
    "{'object':3311,'instance':1,'resource':5700,'identifier':'temperature'},"
    "{'object':3311,'instance':1,'resource':1,'identifier':'volume'},"
    "{'object':3311,'instance':1,'resource':2,'identifier':'label'},"
    "{'object':3311,'instance':1,'resource':3,'identifier':'mode'}]}";

struct desk {
    json_t *model;
    json_t *mapping;
    char problem[CODEC_PROBLEM_BYTES];
};

static int open_desk(void **state)
{
    static struct desk desk;
    desk.model = document(model_text);
    desk.mapping = document(mapping_text);
    assert_true(model_check(desk.model, desk.problem));
    assert_true(mapping_check(desk.model, desk.mapping, desk.problem));
    *state = &desk;
    return 0;
}

static int close_desk(void **state)
{
    struct desk *desk = *state;
    json_decref(desk->model);
    json_decref(desk->mapping);
    return 0;
}

static json_t *decode_bytes(struct desk *desk, const char *path_text, int32_t format,
                            bc_view payload)
{
    struct bc_server_path path;
    desk->problem[0] = '\0';
    assert_true(bc_server_path_parse(bc_view_of(path_text), &path));
    json_t *values =
        model_decode(desk->model, desk->mapping, &path, format, payload, desk->problem);
    assert_true((values == NULL) == (desk->problem[0] != '\0'));
    return values;
}

static json_t *decode_hex(struct desk *desk, const char *path, int32_t format, const char *hex)
{
    uint8_t bytes[256];
    assert_true(strlen(hex) / 2 <= sizeof(bytes) && bc_hex_decode(bc_view_of(hex), bytes));
    return decode_bytes(desk, path, format, (bc_view){bytes, strlen(hex) / 2});
}

/* What our module sends after AT+QLANOTIFY=3311,0,5850,5,1,1 and 5851,3,4,500 (guide 5.5.2). */
static void tlv_of_an_instance_becomes_values(void **state)
{
    struct desk *desk = *state;
    expect_document(decode_hex(desk, "/3311/0", TLV, "E116DA01"), "{'switch':true}");
    expect_document(decode_hex(desk, "/3311/0", TLV, "E416DB000001F4"), "{'dimmer':500}");
    expect_document(decode_hex(desk, "/3311/0", TLV, "E116DA00E216DB0007"),
                    "{'switch':false,'dimmer':7}");
    expect_document(decode_hex(desk, "/3311/0", ABSENT, "E116DA01"), "{'switch':true}");
    expect_document(decode_hex(desk, "/3311/0/5850", TLV, "E116DA01"), "{'switch':true}");
    expect_document(decode_hex(desk, "/3311/1", TLV,
                               "E4164441AC0000C80108C045000000000000C1030"
                               "2C30278797A"),
                    "{'temperature':21.5,'volume':-42.0,'mode':2,'label':'xyz'}");
    expect_document(decode_hex(desk, "/3311/1", TLV, "E11644F6"), "{'temperature':-10}");
}

static void tlv_of_an_object_finds_its_instances(void **state)
{
    struct desk *desk = *state;
    expect_document(decode_hex(desk, "/3311", TLV, "0400E116DA010401E1164415"),
                    "{'switch':true,'temperature':21}");
    expect_document(decode_hex(desk, "/3311/0", TLV, "0400E116DA01"), "{'switch':true}");
    /* Entries outside of an instance belong to the path's. */
    expect_document(decode_hex(desk, "/3311/0", TLV, "0401E1164415E116DA01"),
                    "{'switch':true,'temperature':21}");
}

static void what_is_not_mapped_is_passed_over(void **state)
{
    struct desk *desk = *state;
    expect_document(decode_hex(desk, "/3311/0", TLV, "C10907E116DA01"), "{'switch':true}");
    expect_document(decode_hex(desk, "/3312/0", TLV, "E116DA01"), "{}");
    expect_document(decode_hex(desk, "/3311/0", TLV, ""), "{}");
    expect_document(decode_hex(desk, "/3311/0/9", TEXT, "31"), "{}");
    expect_document(decode_hex(desk, "/3311/0", TLV, "8309410001"), "{}");
}

static void payloads_that_are_wrong_are_told(void **state)
{
    struct desk *desk = *state;
    static const struct {
        const char *path;
        int32_t format;
        const char *hex;
        const char *problem;
    } cases[] = {
        {"/3311/0", TLV, "E116DA", "the payload is no TLV"},
        {"/3311/0", TLV, "E116DA01E1", "the payload is no TLV"},
        {"/3311", TLV, "0500E116DA01FF", "the payload is no TLV"},
        {"/3311", TLV, "06000400E116DA01", "the payload is no TLV of an object"},
        {"/3311/0", TLV, "4100", "the payload is no TLV"},
        {"/3311/0", TLV, "410001", "the payload is no TLV of an object"},
        {"/3311/0", TLV, "E116DA02", "property \"switch\": is not of its type"},
        {"/3311/0", TLV, "E216DA0001", "property \"switch\": is not of its type"},
        {"/3311/0", TLV, "E316DB000001", "property \"dimmer\": is not of its type"},
        {"/3311/0", TLV, "E216DBFFFF", "property \"dimmer\": is below 0"},
        {"/3311/0", TLV, "E416DB00010000", "property \"dimmer\": is above 1000"},
        {"/3311/0", TLV, "E816DB080000000100000000",
         "property \"dimmer\": must be an integer of 32 bits"},
        {"/3311/0", TLV, "A316DB410001", "resource 5851 has several instances"},
        {"/3311/1", TLV, "E416447FC00000", "property \"temperature\": is not of its type"},
        {"/3311/1", TLV, "E4164442C80000", "property \"temperature\": is above 85"},
        {"/3311/1", TLV, "C30261FF61", "property \"label\": is not of its type"},
        {"/3311/1", TLV, "C40261626364", "property \"label\": has more than 3 characters"},
        {"/3311/1", TLV, "C10303", "property \"mode\": is none of its values"},
        {"/3311/0", TEXT, "31", "a payload of one value, but the path is no resource"},
        {"/3311/0/5850", 60, "31", "content format 60 is not known"},
        {"/3311/0/5850", TEXT, "32", "property \"switch\": is not of its type"},
        {"/3311/0/5851", TEXT, "", "property \"dimmer\": is not of its type"},
        {"/3311/1/5700", TEXT, "6E616E", "property \"temperature\": is not of its type"},
        {"/3311/1/5700", TEXT, "31783031", "property \"temperature\": is not of its type"},
        {"/3311/1/5700", TEXT, "31653939", "property \"temperature\": is too large for a float"},
        {"/3311/0", JSON, "7B", "the payload is no LwM2M JSON"},
        {"/3311/0", JSON, "", "the payload is no LwM2M JSON"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_null(decode_hex(desk, cases[i].path, cases[i].format, cases[i].hex));
        assert_string_equal(desk->problem, cases[i].problem);
    }
}

static void text_and_opaque_are_of_one_resource(void **state)
{
    struct desk *desk = *state;
    expect_document(decode_bytes(desk, "/3311/0/5850", TEXT, BC_TEXT("1")), "{'switch':true}");
    expect_document(decode_bytes(desk, "/3311/0/5851", TEXT, BC_TEXT("500")), "{'dimmer':500}");
    expect_document(decode_bytes(desk, "/3311/0/5851", ABSENT, BC_TEXT("500")), "{'dimmer':500}");
    expect_document(decode_bytes(desk, "/3311/1/5700", TEXT, BC_TEXT("-2.5e1")),
                    "{'temperature':-25.0}");
    expect_document(decode_bytes(desk, "/3311/1/2", TEXT, BC_TEXT("水")), "{'label':'水'}");
    expect_document(decode_bytes(desk, "/3311/1/2", TEXT, (bc_view){NULL, 0}), "{'label':''}");
    expect_document(decode_hex(desk, "/3311/0/5851", OPAQUE, "01F4"), "{'dimmer':500}");
}

static void json_names_its_resources(void **state)
{
    struct desk *desk = *state;
    static const struct {
        const char *path;
        const char *text;
        const char *values; /* NULL: a problem */
    } cases[] = {
        {"/3311/0", "{'bn':'/3311/0/','e':[{'n':'5850','bv':true},{'n':'5851','v':7}]}",
         "{'switch':true,'dimmer':7}"},
        {"/3311/0", "{'e':[{'n':'5850','bv':false}]}", "{'switch':false}"},
        {"/3311", "{'e':[{'n':'1/2','sv':'ab'}]}", "{'label':'ab'}"},
        {"/3311/0/5850", "{'bn':'/3311/0/5850','e':[{'v':1}]}", "{'switch':true}"},
        {"/3311/0/5850", "{'e':[{'v':1}]}", "{'switch':true}"},
        {"/3311/1", "{'e':[{'n':'5700','v':21.5},{'n':'3','v':2.0}]}",
         "{'temperature':21.5,'mode':2}"},
        {"/3311/0", "{'e':[]}", "{}"},
        {"/3311/0", "{'e':[{'n':'9','v':1}]}", "{}"},
        {"/3311/0", "{'e':[{'n':'5850','v':2}]}", NULL},
        {"/3311/0", "{'e':[{'n':'5850','sv':'1'}]}", NULL},
        {"/3311/0", "{'e':[{'n':'5851','v':1.5}]}", NULL},
        {"/3311/0", "{'e':[{'n':'5851/0','v':1}]}", NULL},
        {"/3311/0", "{'e':[{'n':'x','v':1}]}", NULL},
        {"/3311/0", "{'e':[7]}", NULL},
        {"/3311/0",
         "{'bn':'/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24',"
         "'e':[{'n':'5850','v':1}]}",
         NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *dumped = document(cases[i].text);
        char *text = json_dumps(dumped, 0);
        json_t *values = decode_bytes(desk, cases[i].path, JSON, bc_view_of(text));
        free(text);
        json_decref(dumped);
        if (cases[i].values != NULL)
            expect_document(values, cases[i].values);
        else
            assert_null(values);
    }
}

/* The TLV of what model_encode() is asked for, or its problem. */
static const char *encode(struct desk *desk, const char *identifier, const char *text,
                          const char *path_wanted)
{
    static char told[2 * 64 + 1];
    uint8_t bytes[64];
    bc_sink out = {.ptr = bytes, .cap = 12};
    bc_sink hex = {.ptr = (uint8_t *)told, .cap = sizeof(told) - 1};
    char path_told[BC_SERVER_PATH_CHARS_MAX + 1];
    struct bc_server_path path;
    int32_t format;
    json_t *value = document(text);
    bool good = model_encode(desk->model, desk->mapping, identifier, value, &path, &format, &out,
                             desk->problem);
    json_decref(value);
    if (!good) {
        assert_true(out.len == 0 && !out.full);
        return desk->problem;
    }
    bc_server_path_text(&path, path_told);
    assert_string_equal(path_told, path_wanted);
    assert_int_equal(format, TLV);
    /* What goes out is what would come in. */
    json_t *again = decode_bytes(desk, path_told, format, bc_sink_view(&out));
    assert_non_null(json_object_get(again, identifier));
    json_decref(again);
    bc_put_hex(&hex, bc_sink_view(&out));
    told[hex.len] = '\0';
    return told;
}

static void properties_are_written_as_tlv(void **state)
{
    struct desk *desk = *state;
    assert_string_equal(encode(desk, "switch", "true", "/3311/0/5850"), "E116DA01");
    assert_string_equal(encode(desk, "dimmer", "500", "/3311/0/5851"), "E216DB01F4");
    assert_string_equal(encode(desk, "volume", "-42", "/3311/1/1"), "C80108C045000000000000");
    assert_string_equal(encode(desk, "volume", "0.3", "/3311/1/1"), "C801083FD3333333333333");
    assert_string_equal(encode(desk, "label", "'xyz'", "/3311/1/2"), "C30278797A");
    assert_string_equal(encode(desk, "mode", "2", "/3311/1/3"), "C10302");
}

static void values_that_cannot_be_written_are_refused(void **state)
{
    struct desk *desk = *state;
    static const char *const cases[][3] = {
        {"none", "1", "the model has no property \"none\""},
        {"temperature", "1", "property \"temperature\" is only read"},
        {"loose", "true", "property \"loose\" is mapped to no resource"},
        {"switch", "1", "property \"switch\": must be true or false"},
        {"dimmer", "1001", "property \"dimmer\": is above 1000"},
        {"dimmer", "1.0", "property \"dimmer\": must be an integer of 32 bits"},
        {"dimmer", "501", "property \"dimmer\": is not in steps of 2 from 0"},
        {"volume", "0.35", "property \"volume\": is not in steps of 0.1 from 0"},
        {"volume", "'1'", "property \"volume\": must be a number"},
        {"label", "'abcd'", "property \"label\": has more than 3 characters"},
        {"label", "'水水水水'", "property \"label\": has more than 3 characters"},
        {"label", "'\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00'",
         "property \"label\": the value is too long"},
        {"mode", "3", "property \"mode\": is none of its values"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(encode(desk, cases[i][0], cases[i][1], ""), cases[i][2]);
}

static void models_and_mappings_that_are_wrong_say_where(void **state)
{
    struct desk *desk = *state;
    static const char *const models[][2] = {
        {"[]", "a model: must be an object"},
        {"{'property':[]}", "a model: has no member \"property\""},
        {"{'properties':[{}]}", "properties[0]: \"identifier\" must be a text of 1 to 64 bytes"},
        {"{'properties':[{'identifier':'a'}]}",
         "properties[0]: \"type\" must be bool, int32, float, double, text or enum"},
        {"{'properties':[{'identifier':'a','type':'bool'},{'identifier':'a','type':'bool'}]}",
         "properties[1]: \"a\" is there twice"},
        {"{'properties':[{'identifier':'a','type':'bool','access':'w'}]}",
         "properties[0]: \"access\" must be \"r\" or \"rw\""},
        {"{'properties':[{'identifier':'a','type':'int32','min':2,'max':1}]}",
         "properties[0]: \"min\" is above \"max\""},
        {"{'properties':[{'identifier':'a','type':'int32','min':'2'}]}",
         "properties[0]: \"min\" must be a number"},
        {"{'properties':[{'identifier':'a','type':'enum','values':[{}]}]}",
         "properties[0].values[0]: \"value\" must be an integer"},
        {"{'events':[{}]}", "events[0]: \"identifier\" must be a text of 1 to 64 bytes"},
    };
    static const char *const mappings[][2] = {
        {"[]", "a mapping: must be an object"},
        {"{'items':[7]}", "items[0]: must be an object"},
        {"{'items':[{'object':1,'instance':0,'identifier':'switch'}]}",
         "items[0]: \"resource\" is missing"},
        {"{'items':[{'object':1,'instance':65535,'resource':0,'identifier':'switch'}]}",
         "items[0]: \"instance\" must be an integer of 0 to 65534"},
        {"{'items':[{'object':1,'instance':0,'resource':0,'identifier':'none'}]}",
         "items[0]: the model has no property \"none\""},
        {"{'items':[{'object':1,'instance':0,'resource':0,'identifier':'switch'},"
         "{'object':1,'instance':0,'resource':0,'identifier':'dimmer'}]}",
         "items[1]: the resource or \"dimmer\" is mapped twice"},
        {"{'items':[{'object':1,'instance':0,'resource':0,'identifier':'switch'},"
         "{'object':1,'instance':0,'resource':1,'identifier':'switch'}]}",
         "items[1]: the resource or \"switch\" is mapped twice"},
    };
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        json_t *model = document(models[i][0]);
        assert_false(model_check(model, desk->problem));
        assert_string_equal(desk->problem, models[i][1]);
        json_decref(model);
    }
    for (size_t i = 0; i < sizeof(mappings) / sizeof(mappings[0]); i++) {
        json_t *mapping = document(mappings[i][0]);
        assert_false(mapping_check(desk->model, mapping, desk->problem));
        assert_string_equal(desk->problem, mappings[i][1]);
        json_decref(mapping);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tlv_of_an_instance_becomes_values),
        cmocka_unit_test(tlv_of_an_object_finds_its_instances),
        cmocka_unit_test(what_is_not_mapped_is_passed_over),
        cmocka_unit_test(payloads_that_are_wrong_are_told),
        cmocka_unit_test(text_and_opaque_are_of_one_resource),
        cmocka_unit_test(json_names_its_resources),
        cmocka_unit_test(properties_are_written_as_tlv),
        cmocka_unit_test(values_that_cannot_be_written_are_refused),
        cmocka_unit_test(models_and_mappings_that_are_wrong_say_where),
    };
    return cmocka_run_group_tests(tests, open_desk, close_desk);
}
