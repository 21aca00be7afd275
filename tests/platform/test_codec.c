/*
 * Codecs of fields, profiles, and the records of Andlink (guide 5.2.1, 5.4, 5.7.1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "andlink.h"
#include "base/sink.h"
#include "codec_desk.h"
#include "profile.h"

#define FIELDS(messages, commands) \
    "{'kind':'fields','messages':[" messages "],'commands':[" commands "]}"
#define MESSAGE(fields) "{'service':'S','fields':[" fields "]}"
#define COMMAND(fields) "{'service':'S','method':'M','fields':[" fields "]}"

/* --- Decoding -------------------------------------------------------------------------------- */

static void fields_decode_every_type_in_both_orders(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        const char *hex;
        const char *value;
    } cases[] = {
        {"'type':'uint8'", "FF", "255"},
        {"'type':'uint16'", "0102", "258"},
        {"'type':'uint16','endian':'little'", "0102", "513"},
        {"'type':'uint32','endian':'big'", "FFFFFFFE", "4294967294"},
        {"'type':'uint64'", "7FFFFFFFFFFFFFFF", "9223372036854775807"},
        {"'type':'int8'", "80", "-128"},
        {"'type':'int16'", "FFFE", "-2"},
        {"'type':'int16','endian':'little'", "FEFF", "-2"},
        {"'type':'int32'", "80000000", "-2147483648"},
        {"'type':'int64'", "8000000000000000", "-9223372036854775808"},
        {"'type':'float32'", "41AC0000", "21.5"},
        {"'type':'float32','endian':'little'", "0000AC41", "21.5"},
        {"'type':'float64'", "C035800000000000", "-21.5"},
        {"'type':'bool'", "00", "false"},
        {"'type':'bool'", "02", "true"},
        {"'type':'string'", "E6B0B4", "\"水\""},
        {"'type':'string'", "", "\"\""},
        {"'type':'string','bytes':4", "61620000", "\"ab\""},
        {"'type':'hex'", "00ff", "\"00FF\""},
        {"'type':'hex','bytes':1", "00ff", "\"00\""},
        {"'type':'uint16','offset':1", "AA0007BB", "7"},
        {"'type':'uint8','scale':0.1", "03", "0.3"},
        {"'type':'int16','scale':0.01", "FFFF", "-0.01"},
        {"'type':'uint8','scale':5", "03", "15.0"},
        {"'type':'float32','scale':-2", "40000000", "-4.0"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char definition[200];
        char wanted[200];
        snprintf(definition, sizeof(definition), FIELDS(MESSAGE("{'name':'p',%s}"), ""),
                 cases[i].field);
        snprintf(wanted, sizeof(wanted), "[{\"properties\":{\"p\":%s},\"service\":\"S\"}]",
                 cases[i].value);
        assert_string_equal(decoded(definition, NULL, cases[i].hex), wanted);
    }
}

static void fields_that_hold_no_value_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        const char *hex;
    } cases[] = {
        {"'type':'uint64'", "8000000000000000"},
        {"'type':'float32'", "7F800000"},
        {"'type':'float64'", "7FF8000000000000"},
        {"'type':'float64','scale':1e300", "7F00000000000000"},
        {"'type':'string'", "FF"},
        {"'type':'string'", "610062"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char definition[200];
        snprintf(definition, sizeof(definition), FIELDS(MESSAGE("{'name':'p',%s}"), ""),
                 cases[i].field);
        assert_memory_equal(decoded(definition, NULL, cases[i].hex), "property \"p\" is no ", 19);
    }
}

static void messages_are_told_apart_by_their_id_and_length(void **state)
{
    (void)state;
    static const char two[] =
        FIELDS("{'service':'A','id':{'byte':1},'fields':[{'name':'a','type':'uint8'}]},"
               "{'service':'B','id':{'offset':2,'byte':7},"
               "'fields':[{'name':'b','type':'uint16','offset':0}]},"
               "{'service':'C','fields':[{'name':'c','type':'uint8','offset':3}]}",
               "");
    assert_string_equal(decoded(two, NULL, "0105"),
                        "[{\"properties\":{\"a\":5},\"service\":\"A\"}]");
    assert_string_equal(decoded(two, NULL, "020507"),
                        "[{\"properties\":{\"b\":517},\"service\":\"B\"}]");
    assert_string_equal(decoded(two, NULL, "02050809"),
                        "[{\"properties\":{\"c\":9},\"service\":\"C\"}]");
    assert_string_equal(decoded(two, NULL, "020508"),
                        "no message of the codec fits this payload of 3 bytes");
    assert_string_equal(decoded(two, NULL, "01"),
                        "no message of the codec fits this payload of 1 bytes");
    assert_string_equal(decoded(two, NULL, ""),
                        "no message of the codec fits this payload of 0 bytes");
}

/* --- Encoding -------------------------------------------------------------------------------- */

static void commands_are_encoded_in_every_type(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        const char *value;
        const char *hex;
    } cases[] = {
        {"'type':'uint8'", "255", "FF"},
        {"'type':'uint8'", "3.0", "03"},
        {"'type':'uint16','endian':'little'", "258", "0201"},
        {"'type':'int8'", "-128", "80"},
        {"'type':'int64'", "-9223372036854775808", "8000000000000000"},
        {"'type':'uint64'", "9223372036854775807", "7FFFFFFFFFFFFFFF"},
        {"'type':'uint64'", "9223372036854775808.0", "8000000000000000"},
        {"'type':'float32'", "21.5", "41AC0000"},
        {"'type':'float64','endian':'little'", "-21.5", "00000000008035C0"},
        {"'type':'bool'", "true", "01"},
        {"'type':'string','bytes':4", "'ab'", "61620000"},
        {"'type':'string'", "'水'", "E6B0B4"},
        {"'type':'hex'", "'00fF'", "00FF"},
        {"'type':'uint8','scale':0.1", "0.3", "03"},
        {"'type':'int16','scale':0.5,'offset':1", "-1", "00FFFE"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char definition[200];
        char params[200];
        snprintf(definition, sizeof(definition), FIELDS("", COMMAND("{'name':'p',%s}")),
                 cases[i].field);
        snprintf(params, sizeof(params), "{'p':%s}", cases[i].value);
        assert_string_equal(encoded(definition, NULL, "S", "M", params), cases[i].hex);
    }
}

static void parameters_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *field;
        const char *params;
        const char *problem;
    } cases[] = {
        {"'type':'uint8'", "{'p':256}", "parameter \"p\" does not fit a uint8"},
        {"'type':'uint8'", "{'p':-1}", "parameter \"p\" does not fit a uint8"},
        {"'type':'uint64'", "{'p':-1}", "parameter \"p\" does not fit a uint64"},
        {"'type':'uint64'", "{'p':18446744073709551616.0}",
         "parameter \"p\" does not fit a uint64"},
        {"'type':'int8'", "{'p':128}", "parameter \"p\" does not fit a int8"},
        {"'type':'int8'", "{'p':-129.0}", "parameter \"p\" does not fit a int8"},
        {"'type':'int8'", "{'p':1.5}", "parameter \"p\" must be an integer"},
        {"'type':'int8','scale':0.1", "{'p':1e300}", "parameter \"p\" does not fit a int8"},
        {"'type':'float32'", "{'p':1e39}", "parameter \"p\" does not fit a float32"},
        {"'type':'float64','scale':1e-300", "{'p':1e300}",
         "parameter \"p\" does not fit a float64"},
        {"'type':'uint8'", "{'p':'1'}", "parameter \"p\" must be a number"},
        {"'type':'bool'", "{'p':1}", "parameter \"p\" must be true or false"},
        {"'type':'string','bytes':2", "{'p':'abc'}", "parameter \"p\" must have at most 2 bytes"},
        {"'type':'string'", "{'p':null}", "parameter \"p\" must be a text"},
        {"'type':'hex','bytes':2", "{'p':'00'}", "parameter \"p\" must have 2 bytes"},
        {"'type':'hex'", "{'p':'0'}", "parameter \"p\" must be pairs of hex digits"},
        {"'type':'hex'", "{'p':'xy'}", "parameter \"p\" must be pairs of hex digits"},
        {"'type':'uint8'", "{}", "parameter \"p\" is missing"},
        {"'type':'uint8'", "{'p':1,'q':1}", "there is no parameter \"q\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char definition[200];
        snprintf(definition, sizeof(definition), FIELDS("", COMMAND("{'name':'p',%s}")),
                 cases[i].field);
        assert_string_equal(encoded(definition, NULL, "S", "M", cases[i].params), cases[i].problem);
    }
    static const char one[] = FIELDS("", COMMAND("{'name':'p','type':'uint8'}"));
    assert_string_equal(encoded(one, NULL, "S", "N", NULL),
                        "the codec has no command \"N\" of service \"S\"");
    assert_string_equal(encoded(one, NULL, "S", "M", NULL), "parameter \"p\" is missing");
    assert_string_equal(encoded(one, NULL, "S", "M", "[]"), "the parameters must be an object");
}

static void a_command_writes_its_id_and_what_lies_behind(void **state)
{
    (void)state;
    static const char one[] = FIELDS("", "{'service':'S','method':'M','id':{'offset':3,'byte':9},"
                                         "'fields':[{'name':'v','type':'bool','offset':1}]},"
                                         "{'service':'S','method':'N','id':{'byte':7},"
                                         "'fields':[{'name':'t','type':'string'}]}");
    assert_string_equal(encoded(one, NULL, "S", "M", "{'v':true}"), "00010009");
    assert_string_equal(encoded(one, NULL, "S", "N", "{'t':'ab'}"), "076162");
}

static void a_command_that_is_too_long_leaves_the_sink_alone(void **state)
{
    (void)state;
    char problem[CODEC_PROBLEM_BYTES];
    uint8_t bytes[3] = {1, 2, 3};
    bc_sink out = {.ptr = bytes, .len = 1, .cap = 2};
    json_t *definition = document(FIELDS("", COMMAND("{'name':'p','type':'uint16'}")));
    json_t *params = document("{'p':7}");
    struct codec *codec = codec_create(definition, NULL, problem);
    assert_false(codec_encode(codec, "S", "M", params, &out, problem));
    assert_string_equal(problem, "the command has 2 bytes, which is too long");
    assert_true(out.len == 1 && !out.full);
    codec_destroy(codec);
    json_decref(definition);
    json_decref(params);
}

/* --- Definitions ----------------------------------------------------------------------------- */

static void definitions_that_are_wrong_say_where(void **state)
{
    (void)state;
    static const struct {
        const char *definition;
        const char *problem;
    } cases[] = {
        {"{}", "\"kind\" must be \"fields\" or \"lua\""},
        {"[]", "\"kind\" must be \"fields\" or \"lua\""},
        {"{'kind':'python'}", "\"kind\" must be \"fields\" or \"lua\""},
        {"{'kind':'fields','field':[]}", "has no member \"field\""},
        {"{'kind':'fields','messages':{}}", "\"messages\" must be a list of at most 64"},
        {FIELDS("{}", ""), "messages[0]: \"service\" must be a text of 1 to 64 bytes"},
        {FIELDS("7", ""), "messages[0]: must be an object"},
        {FIELDS(MESSAGE("") ",{'service':'S','id':7}", ""), "messages[1].id: must be an object"},
        {FIELDS("{'service':'S','id':{}}", ""), "messages[0].id: \"byte\" is missing"},
        {FIELDS("{'service':'S','id':{'byte':256}}", ""),
         "messages[0].id: \"byte\" must be an integer of 0 to 255"},
        {FIELDS(MESSAGE("{'name':'a'}"), ""),
         "messages[0].fields[0]: \"type\" must be uint8, 16, 32 or 64, int8, 16, 32 or 64, "
         "float32 or 64, bool, string or hex"},
        {FIELDS(MESSAGE("{'name':'a','type':'hex'},{'name':'b','type':'hex'}"), ""),
         "messages[0].fields[0]: \"bytes\" is missing, and it is not the last"},
        {FIELDS(MESSAGE("{'name':'a','type':'bool'},{'name':'a','type':'bool'}"), ""),
         "messages[0].fields[1]: \"a\" is there twice"},
        {FIELDS(MESSAGE("{'name':'a','type':'bool','scale':2}"), ""),
         "messages[0].fields[0]: a bool has no \"scale\""},
        {FIELDS(MESSAGE("{'name':'a','type':'int8','scale':0}"), ""),
         "messages[0].fields[0]: \"scale\" must be a number other than 0"},
        {FIELDS(MESSAGE("{'name':'a','type':'int8','endian':'BIG'}"), ""),
         "messages[0].fields[0]: \"endian\" must be \"big\" or \"little\""},
        {FIELDS(MESSAGE("{'name':'a','type':'int16','bytes':3}"), ""),
         "messages[0].fields[0]: a int16 has 2 bytes"},
        {FIELDS(MESSAGE("{'name':'a','type':'int16','offset':16383}"), ""),
         "messages[0].fields[0]: lies behind byte 16384"},
        {FIELDS(MESSAGE("{'name':'a','type':'int16','offset':-1}"), ""),
         "messages[0].fields[0]: \"offset\" must be an integer of 0 to 16383"},
        {FIELDS(MESSAGE("{'name':'a','type':'int16','ofset':1}"), ""),
         "messages[0].fields[0]: has no member \"ofset\""},
        {FIELDS("", "{'service':'S'}"), "commands[0]: \"method\" must be a text of 1 to 64 bytes"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(decoded(cases[i].definition, NULL, ""), cases[i].problem);
}

static void a_problem_stays_short_and_printable(void **state)
{
    (void)state;
    const char *told = decoded("{'kind':'fields','\\u0001\\u007f\\u0085水':1}", NULL, "");
    assert_string_equal(told, "has no member \"??\?\?水\"");
    char name[600];
    snprintf(name, sizeof(name), "{'kind':'fields','%0500d':1}", 1);
    assert_int_equal(strlen(decoded(name, NULL, "")), CODEC_PROBLEM_BYTES - 1);
}

/* --- Profiles -------------------------------------------------------------------------------- */

#define PROFILE                                                                          \
    "{'devices':[{'manufacturerId':'QUECTEL','manufacturerName':'Quectel',"              \
    "'model':'BC260YCN','protocolType':'CoAP','deviceType':'WaterMeter',"                \
    "'omCapability':{'upgradeCapability':{'supportUpgrade':false},"                      \
    "'fwUpgradeCapability':{'supportUpgrade':true,'upgradeProtocolType':'LWM2M',"        \
    "'downloadProtocolType':'CoAP'}},'serviceTypeCapabilities':"                         \
    "[{'serviceId':'Meter','serviceType':'Water','option':'Master'}]}],"                 \
    "'services':[{'serviceType':'Water','properties':["                                  \
    "{'propertyName':'level','dataType':'int','min':'0','max':'128','required':true},"   \
    "{'propertyName':'rate','dataType':'decimal','min':-1.5,'max':1.5,'unit':'l/s'},"    \
    "{'propertyName':'mode','dataType':'string','maxLength':2,'enumList':['on','off']}," \
    "{'propertyName':'text','dataType':'string','maxLength':2,'enumList':null},"         \
    "{'propertyName':'at','dataType':'DateTime'},{'propertyName':'all','dataType':"      \
    "'jsonObject'}],'commands':[{'commandName':'CHANGE_PWD','paras':["                   \
    "{'paraName':'newPassword','dataType':'string','maxLength':10,'required':true}],"    \
    "'responses':[]}]}]}"

/* The guide's template of 5.7.1 has no services: it is a profile all the same. */
static void profiles_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *profile;
        const char *problem; /* NULL: none */
    } cases[] = {
        {PROFILE, NULL},
        {"{'devices':[{'model':'BC260YCN '}]}", NULL},
        {"{'services':[]}", NULL},
        {"[]", "a profile must be an object"},
        {"{}", "a profile must have \"devices\" or \"services\""},
        {"{'devices':[7]}", "devices[0]: must be an object"},
        {"{'devices':[{'model':7}]}", "devices[0].model: must be a text"},
        {"{'devices':[{'omCapability':7}]}", "devices[0].omCapability: must be an object"},
        {"{'devices':[{'omCapability':{'fwUpgradeCapability':{'supportUpgrade':1}}}]}",
         "devices[0].omCapability.fwUpgradeCapability.supportUpgrade: must be true or false"},
        {"{'services':[{}]}", "services[0]: \"serviceType\" must be a text of 1 to 64 bytes"},
        {"{'services':[{'serviceType':'A'},{'serviceType':'A'}]}",
         "services[1]: \"A\" is there twice"},
        {"{'services':[{'serviceType':'A','properties':[{'propertyName':'p'}]}]}",
         "services[0].properties[0]: \"dataType\" must be int, decimal, string, DateTime or "
         "jsonObject"},
        {"{'services':[{'serviceType':'A','properties':[{'propertyName':'p','dataType':'int',"
         "'min':2,'max':'1'}]}]}",
         "services[0].properties[0]: \"min\" is above \"max\""},
        {"{'services':[{'serviceType':'A','commands':[{'commandName':'c','paras':[7]}]}]}",
         "services[0].commands[0].paras[0]: \"paraName\" must be a text of 1 to 64 bytes"},
        {"{'services':[{'serviceType':'A','properties':[{'propertyName':'p','dataType':'int',"
         "'method':'X'}]}]}",
         "services[0].properties[0]: \"method\" must be letters of RWE"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char problem[CODEC_PROBLEM_BYTES] = "";
        json_t *profile = document(cases[i].profile);
        bool good = profile_check(profile, problem);
        assert_string_equal(problem, cases[i].problem != NULL ? cases[i].problem : "");
        assert_true(good == (cases[i].problem == NULL));
        json_decref(profile);
    }
}

static void a_profile_finds_a_service_by_its_type_and_by_its_id(void **state)
{
    (void)state;
    json_t *profile = document(PROFILE);
    assert_non_null(profile_service(profile, "Meter"));
    assert_ptr_equal(profile_service(profile, "Meter"), profile_service(profile, "Water"));
    assert_null(profile_service(profile, "Gas"));
    json_decref(profile);
}

static void values_must_fit_the_profile(void **state)
{
    (void)state;
    static const struct {
        const char *properties;
        const char *problem; /* NULL: none */
    } cases[] = {
        {"{'level':128,'rate':-1.5,'mode':'on','text':'水水','at':'x','all':{}}", NULL},
        {"{'rate':1}", NULL},
        {"{'level':129}", "property \"level\": is above 128"},
        {"{'level':-1}", "property \"level\": is below 0"},
        {"{'level':1.0}", "property \"level\": must be an integer"},
        {"{'rate':1.6}", "property \"rate\": is above 1.5"},
        {"{'rate':'1'}", "property \"rate\": must be a number"},
        {"{'mode':'no'}", "property \"mode\": is not in the list of its values"},
        {"{'text':'abc'}", "property \"text\": has more than 2 characters"},
        {"{'text':1}", "property \"text\": must be a text"},
        {"{'at':1}", "property \"at\": must be a text"},
        {"{'all':1}", "property \"all\": must be an object or a list"},
        {"{'none':1}", "the profile has no property \"none\""},
    };
    json_t *profile = document(PROFILE);
    const json_t *service = profile_service(profile, "Water");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char problem[CODEC_PROBLEM_BYTES] = "";
        json_t *properties = document(cases[i].properties);
        bool good = profile_check_properties(service, properties, problem);
        assert_string_equal(problem, cases[i].problem != NULL ? cases[i].problem : "");
        assert_true(good == (cases[i].problem == NULL));
        json_decref(properties);
    }
    json_decref(profile);
}

/* The guide's CHANGE_PWD of 5.2.1, and what its profile forbids. */
static void a_codec_fits_its_profile(void **state)
{
    (void)state;
    static const char good[] =
        FIELDS("{'service':'Water','fields':[{'name':'level','type':'uint8'}]}",
               "{'service':'Water','method':'CHANGE_PWD','fields':[{'name':'newPassword','type':"
               "'string','bytes':10}]},{'service':'Water','method':'NONE'}");
    static const char *const bad[][2] = {
        {FIELDS("{'service':'Gas'}", ""), "messages[0]: the profile has no service \"Gas\""},
        {FIELDS("{'service':'Water','fields':[{'name':'x','type':'bool'}]}", ""),
         "messages[0]: the profile has no property \"x\" of service \"Water\""},
        {good, "commands[1]: the profile has no command \"NONE\" of service \"Water\""},
    };
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(decoded(bad[i][0], PROFILE, "00"), bad[i][1]);
    static const char fits[] =
        FIELDS("{'service':'Water','fields':[{'name':'level','type':'uint8'}]}",
               "{'service':'Water','method':'CHANGE_PWD','fields':[{'name':'newPassword','type':"
               "'string','bytes':10}]}");
    assert_string_equal(decoded(fits, PROFILE, "80"),
                        "[{\"properties\":{\"level\":128},\"service\":\"Water\"}]");
    assert_string_equal(decoded(fits, PROFILE, "81"),
                        "service \"Water\": property \"level\": is above 128");
    assert_string_equal(decoded(good, "{'devices':[{}]}", "81"),
                        "[{\"properties\":{\"level\":129},\"service\":\"Water\"}]");
    assert_string_equal(encoded(fits, PROFILE, "Water", "CHANGE_PWD", "{'newPassword':'abc'}"),
                        "61626300000000000000");
    assert_string_equal(
        encoded(fits, PROFILE, "Water", "CHANGE_PWD", "{'newPassword':'12345678901'}"),
        "parameter \"newPassword\": has more than 10 characters");
    assert_string_equal(encoded(fits, PROFILE, "Water", "CHANGE_PWD", "{}"),
                        "parameter \"newPassword\" is missing");
    assert_string_equal(encoded(fits, PROFILE, "Water", "OTHER", "{}"),
                        "service \"Water\" has no command \"OTHER\"");
    assert_string_equal(encoded(fits, PROFILE, "Gas", "OTHER", "{}"),
                        "the profile has no service \"Gas\"");
}

/* --- Andlink --------------------------------------------------------------------------------- */

static void andlink_records_become_values(void **state)
{
    (void)state;
    char problem[CODEC_PROBLEM_BYTES];
    static const char text[] = "[{\"n\":\"/19/1/0\",\"vs\":\"0\"},{\"n\":\"t\",\"v\":21.5,\"t\":5},"
                               "{\"n\":\"on\",\"vb\":true},{\"n\":\"/19/1/0\",\"vs\":\"\"}]";
    expect_document(andlink_decode(BC_TEXT(text), problem), "{'/19/1/0':'','t':21.5,'on':true}");
    expect_document(andlink_decode(BC_TEXT("[]"), problem), "{}");
}

static void andlink_payloads_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "{}",
                                      "[1]",
                                      "[[]]",
                                      "[{\"n\":\"a\"}]",
                                      "[{\"n\":\"\",\"vs\":\"b\"}]",
                                      "[{\"vs\":\"b\"}]",
                                      "[{\"n\":\"a\",\"vs\":1}]",
                                      "[{\"n\":\"a\",\"v\":\"1\"}]",
                                      "[{\"n\":\"a\",\"vs\":\"b\"}",
                                      "[{\"n\":\"a\",\"vs\":\"\xFF\"}]",
                                      "[{\"n\":\"a\",\"n\":\"a\",\"vs\":\"b\"}]",
                                      "[{\"n\":\"a\\u0000b\",\"vs\":\"b\"}]"};
    char problem[CODEC_PROBLEM_BYTES];
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        problem[0] = '\0';
        assert_null(andlink_decode(bc_view_of(bad[i]), problem));
        assert_true(problem[0] != '\0');
    }
    assert_null(andlink_decode((bc_view){NULL, 0}, problem));
    char many[2048] = "[";
    bc_sink out = {.ptr = (uint8_t *)many, .len = 1, .cap = sizeof(many) - 1};
    for (size_t i = 0; i <= ANDLINK_RECORDS_MAX; i++)
        bc_put_format(&out, "%s{\"n\":\"a\",\"vs\":\"b\"}", i == 0 ? "" : ",");
    bc_put_char(&out, ']');
    assert_false(out.full);
    assert_null(andlink_decode(bc_view_of(many), problem));
    assert_string_equal(problem, "the payload is no list of at most 64 records");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_decode_every_type_in_both_orders),
        cmocka_unit_test(fields_that_hold_no_value_are_told),
        cmocka_unit_test(messages_are_told_apart_by_their_id_and_length),
        cmocka_unit_test(commands_are_encoded_in_every_type),
        cmocka_unit_test(parameters_that_do_not_fit_are_refused),
        cmocka_unit_test(a_command_writes_its_id_and_what_lies_behind),
        cmocka_unit_test(a_command_that_is_too_long_leaves_the_sink_alone),
        cmocka_unit_test(definitions_that_are_wrong_say_where),
        cmocka_unit_test(a_problem_stays_short_and_printable),
        cmocka_unit_test(profiles_are_checked),
        cmocka_unit_test(a_profile_finds_a_service_by_its_type_and_by_its_id),
        cmocka_unit_test(values_must_fit_the_profile),
        cmocka_unit_test(a_codec_fits_its_profile),
        cmocka_unit_test(andlink_records_become_values),
        cmocka_unit_test(andlink_payloads_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
