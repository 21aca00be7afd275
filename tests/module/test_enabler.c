/*
 * The interoperability tests of OMA-ETS-LightweightM2M-V1_0_1, and those of 1.1 that use nothing
 * newer than 1.0, step by step as they are written there, by their numbers. The test plays the
 * server, byte for byte; values are those of the module instead of the specification's example
 * device. What needs a firmware package (751 to 779) is in test_dfota*.c.
 */
#include <stdio.h>

#include "desk.h"

#define GET 1
#define POST 2
#define PUT 3
#define DELETE 4

#define TEXT "10 FF"
#define TLV "122D16 FF"
#define JSON "122D17 FF"
#define ACCEPT_TEXT "60"
#define ACCEPT_LINK "6128"
#define ACCEPT_TLV "622D16"
#define ACCEPT_JSON "622D17"
#define AS_TLV "45 C22D16 FF"
#define AS_JSON "45 C22D17 FF"
#define AS_LINKS "45 C128 FF"

#define SERVER_BEGINS "C10001 C201012C " /* /1/0 as TLV: short server id 1, lifetime 300 */
#define SERVER_INITIAL "C10200 C10300 C40500015180 C10601 C207'UQ'"
#define SET_OF_VALUES "C10265 C20303F2 C20507D0 C10601 C10755"
#define DEVICE_TLV                                                                            \
    "C8000B'Quectel_Ltd' C80111'Quectel_BC260Y-CN' C8020F'867724030023557'"                   \
    "C80310'BC260YCNAAR01A02' 8306 410001 8407 42000E10 8308 410000 C10964 C10A40 830B410000" \
    "C10D00 C60E'+08:00' C80F0D'Asia/Shanghai' C210'UQ' C8110D'NB-IoT module'"

/* The module updates its registration with these parameters, and the server has it. */
#define updates(d, parameters) updates_at(d, parameters, __LINE__)
static void updates_at(struct desk *d, const char *parameters, int line)
{
    char pattern[100];
    snprintf(pattern, sizeof(pattern), "4402 <mid> <token> <location> %s", parameters);
    desk_wire_at(d, pattern, __FILE__, line);
    desk_server(d, "6444 <mid> <token>");
}

/* The server writes 1/0/1; the module tells it of the new lifetime in an update. */
static void write_lifetime(struct desk *d, unsigned lifetime_s)
{
    char text[60];
    snprintf(text, sizeof(text), TEXT "'%u'", lifetime_s);
    desk_ask(d, PUT, "/1/0/1", text);
    desk_answered(d, "44");
    snprintf(text, sizeof(text), "+QLAURC: \"lifetime_changed\",%u", lifetime_s);
    desk_urc(d, text);
    snprintf(text, sizeof(text), "4%X'lt=%u'", 3 + snprintf(NULL, 0, "%u", lifetime_s), lifetime_s);
    updates(d, text);
}

static void reads(struct desk *d, const char *path, const char *accept, const char *answer)
{
    desk_ask(d, GET, path, accept);
    desk_answered(d, answer);
}

/* A PUT that is answered 2.04: a write, or attributes behind the path. */
static void writes(struct desk *d, const char *path, const char *rest)
{
    desk_ask(d, PUT, path, rest);
    desk_answered(d, "44");
}

static void registers(struct desk *d)
{
    desk_wire(d, REGISTER_WIRE(",</19/0>"));
    desk_server(d, "6441 <mid> <token> <location>");
    desk_urc(d, "+QLAREG: 0");
}

/* --- Registration interface ------------------------------------------------------------------- */

static void ets_101_initial_registration(void **state) /* OMA ETS 101 */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+QLAREG");
    registers(&d); /* endpoint name, lifetime, version, binding, objects */
    desk_end(&d);
}

/*
 *   server                        module
 *     | --- PUT /1/0/1 20 --------> |
 *     | <-- POST /rd/5a3f?lt=20 --- |
 *     |                             |   10 s
 *     | <-- POST /rd/5a3f --------- |
 */
static void ets_102_registration_update(void **state) /* OMA ETS 102 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    write_lifetime(&d, 20);
    desk_quiet_until(&d, 10000);
    updates(&d, "");
    desk_urc(&d, "+QLAURC: \"ping\",0");
    desk_end(&d);
}

static void ets_103_deregistration(void **state) /* OMA ETS 103, 555 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ask(&d, POST, "/1/0/4", "");
    desk_answered(&d, "44");
    desk_wire(&d, "4404 <mid> <token> <location>");
    desk_server(&d, "6442 <mid> <token>");
    desk_status(&d, 4);
    desk_end(&d);
}

static void ets_104_registration_update_trigger(void **state) /* OMA ETS 104, 556 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    write_lifetime(&d, 20);
    desk_after(&d, 8000);
    desk_ask(&d, POST, "/1/0/8", "");
    desk_answered(&d, "44");
    updates(&d, "");
    desk_quiet_until(&d, 10000); /* the interval begins anew: still registered after 20 s */
    updates(&d, "");
    desk_urc(&d, "+QLAURC: \"ping\",0");
    desk_status(&d, 2);
    desk_end(&d);
}

/* That the client registers again by itself is not the guide's: the host is told, and does it. */
static void ets_105_discarded_register_update(void **state) /* OMA ETS 105 (1.1), G 6: 4 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    write_lifetime(&d, 60);
    desk_quiet_until(&d, 38000);
    desk_wire(&d, "4402 <mid> <token> <location>");
    desk_server(&d, "6484 <mid> <token>");
    desk_urc(&d, "+QLAURC: \"ping\",4");
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, "4402 <mid> <token> B2'rd' 1128 39'lwm2m=1.0' 0D05'ep=867724030023557' 04'b=UQ'"
                  "05'lt=60' FF '" LINKS ",</19/0>'");
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    desk_end(&d);
}

static void ets_107_extending_the_lifetime_of_a_registration(void **state) /* OMA ETS 107 (1.1) */
{
    (void)state;
    struct desk d;
    desk_ready(&d);
    desk_ok(&d, "AT+QLACONFIG=0,\"180.101.147.115\",5683,\"ep\",60,3,\"i\",\"k\",0");
    desk_ok(&d, "AT+QLAREG");
    desk_wire(&d, "4402 <mid> <token> B2'rd' 1128 39'lwm2m=1.0' 05'ep=ep' 03'b=U' 05'lt=60'"
                  "FF '" LINKS "'");
    desk_server(&d, "6441 <mid> <token> <location>");
    desk_urc(&d, "+QLAREG: 0");
    write_lifetime(&d, 120);
    desk_quiet_until(&d, 88000); /* within the 120 s */
    updates(&d, "");
    desk_urc(&d, "+QLAURC: \"ping\",0");
    desk_end(&d);
}

static void ets_108_turn_on_queue_mode(void **state) /* OMA ETS 108 (1.1): b=UQ in 1.0 */
{
    (void)state;
    struct desk d;
    desk_configured(&d);
    desk_ok(&d, "AT+QLAREG");
    registers(&d);
    desk_end(&d);
}

/*
 *   server                        module
 *     | --- PUT /1/0/1 240 -------> |
 *     | <-- POST /rd/5a3f?lt=240 -- |
 *     |                             |   120 s: not to be reached since the 93rd
 *     | --- GET /1/0/1 ----------X  |
 *     | <-- POST /rd/5a3f --------- |   what the server has queued goes now
 *     | --- GET /1/0/1 -----------> |
 *     | <-- 2.05 240 -------------- |
 */
static void ets_109_behavior_in_queue_mode(void **state) /* OMA ETS 109 (1.1) */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    write_lifetime(&d, 240);
    desk_after(&d, 120000);
    desk_ask(&d, GET, "/1/0/1", "");
    desk_quiet_until(&d, 76000);
    updates(&d, "");
    desk_urc(&d, "+QLAURC: \"ping\",0");
    reads(&d, "/1/0/1", "", "45 C0 FF'240'");
    desk_end(&d);
}

/* --- Device management: reading --------------------------------------------------------------- */

static void ets_201_querying_in_plain_text(void **state) /* OMA ETS 201 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    reads(&d, "/3/0/0", ACCEPT_TEXT, "45 C0 FF'Quectel_Ltd'");
    reads(&d, "/3/0/1", ACCEPT_TEXT, "45 C0 FF'Quectel_BC260Y-CN'");
    reads(&d, "/3/0/2", ACCEPT_TEXT, "45 C0 FF'867724030023557'");
    desk_end(&d);
}

static void ets_203_querying_in_tlv(void **state) /* OMA ETS 203, 223 (1.1) */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    reads(&d, "/3/0", ACCEPT_TLV, AS_TLV DEVICE_TLV);
    desk_end(&d);
}

static void ets_204_querying_in_json(void **state) /* OMA ETS 204 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    reads(&d, "/3/0", ACCEPT_JSON,
          AS_JSON
          "'{\"bn\":\"/3/0/\",\"e\":[{\"n\":\"0\",\"sv\":\"Quectel_Ltd\"},"
          "{\"n\":\"1\",\"sv\":\"Quectel_BC260Y-CN\"},{\"n\":\"2\",\"sv\":\"867724030023557\"},"
          "{\"n\":\"3\",\"sv\":\"BC260YCNAAR01A02\"},{\"n\":\"6/0\",\"v\":1},"
          "{\"n\":\"7/0\",\"v\":3600},{\"n\":\"8/0\",\"v\":0},{\"n\":\"9\",\"v\":100},"
          "{\"n\":\"10\",\"v\":64},{\"n\":\"11/0\",\"v\":0},{\"n\":\"13\",\"v\":0},"
          "{\"n\":\"14\",\"sv\":\"+08:00\"},{\"n\":\"15\",\"sv\":\"Asia/Shanghai\"},"
          "{\"n\":\"16\",\"sv\":\"UQ\"},{\"n\":\"17\",\"sv\":\"NB-IoT module\"}]}'");
    desk_end(&d);
}

static void ets_221_operations_on_the_security_object(void **state) /* OMA ETS 221 (1.1) */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    reads(&d, "/0", "", "81");
    desk_ask(&d, PUT, "/0/0/0", TEXT "'coap://example.com'");
    desk_answered(&d, "81");
    desk_ask(&d, PUT, "/0", "47'pmin=30' 07'pmax=45'");
    desk_answered(&d, "81");
    desk_end(&d);
}

static void ets_222_read_on_an_object(void **state) /* OMA ETS 222, 237 (1.1) */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    reads(&d, "/1", "", AS_TLV "08001A" SERVER_BEGINS SERVER_INITIAL);
    reads(&d, "/3", "", AS_TLV "080091" DEVICE_TLV);
    desk_end(&d);
}

static void ets_224_read_on_a_resource(void **state) /* OMA ETS 224 (1.1) */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    reads(&d, "/1/0/0", "", "45 C0 FF'1'");
    reads(&d, "/1/0/1", "", "45 C0 FF'300'");
    reads(&d, "/1/0/6", "", "45 C0 FF'1'");
    reads(&d, "/1/0/7", "", "45 C0 FF'UQ'");
    reads(&d, "/3/0/16", "", "45 C0 FF'UQ'");
    desk_end(&d);
}

/* --- Device management: writing --------------------------------------------------------------- */

static void ets_205_setting_in_plain_text(void **state) /* OMA ETS 205 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    writes(&d, "/1/0/2", TEXT "'0101'"); /* the digits of the specification */
    writes(&d, "/1/0/3", TEXT "'1010'");
    writes(&d, "/1/0/5", TEXT "'2000'");
    reads(&d, "/1/0", ACCEPT_TLV, AS_TLV SERVER_BEGINS "C10265 C20303F2 C20507D0 C10601 C207'UQ'");
    writes(&d, "/1/0/2", TEXT "'0'");
    writes(&d, "/1/0/3", TEXT "'0'");
    writes(&d, "/1/0/5", TEXT "'86400'");
    reads(&d, "/1/0", ACCEPT_TLV, AS_TLV SERVER_BEGINS SERVER_INITIAL);
    desk_end(&d);
}

/* The server sets the values of the specification, reads them, and takes them back. */
static void set_and_restore(const char *set)
{
    struct desk d;
    desk_registered(&d);
    desk_ask(&d, POST, "/1/0", set);
    desk_answered(&d, "44");
    desk_urc(&d, "+QLAURC: \"binding_changed\",U");
    updates(&d, "43'b=U'");
    reads(&d, "/1/0", "", AS_TLV SERVER_BEGINS SET_OF_VALUES);
    desk_ask(&d, PUT, "/1/0", TLV SERVER_INITIAL);
    desk_answered(&d, "44");
    desk_urc(&d, "+QLAURC: \"binding_changed\",UQ");
    updates(&d, "44'b=UQ'");
    reads(&d, "/1/0", "", AS_TLV SERVER_BEGINS SERVER_INITIAL);
    desk_end(&d);
}

static void ets_215_setting_in_tlv(void **state) /* OMA ETS 215, 551 */
{
    (void)state;
    set_and_restore(TLV SET_OF_VALUES);
    set_and_restore(TLV "080011" SET_OF_VALUES); /* wrapped in its instance */
}

static void ets_220_setting_in_json(void **state) /* OMA ETS 220 */
{
    (void)state;
    set_and_restore(
        JSON "'{\"bn\":\"/\",\"e\":[{\"n\":\"1/0/2\",\"v\":101},{\"n\":\"1/0/3\",\"v\":1010},"
             "{\"n\":\"1/0/5\",\"v\":2000},{\"n\":\"1/0/6\",\"bv\":true},"
             "{\"n\":\"1/0/7\",\"sv\":\"U\"}]}'");
}

static void ets_226_partial_update_of_an_instance(void **state) /* OMA ETS 226 (1.1) */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ask(&d, POST, "/1/0", TLV "C1013D C10600");
    desk_answered(&d, "44");
    desk_urc(&d, "+QLAURC: \"lifetime_changed\",61");
    updates(&d, "45'lt=61'");
    reads(&d, "/1/0", "", AS_TLV "C10001 C1013D C10200 C10300 C40500015180 C10600 C207'UQ'");
    desk_ask(&d, POST, "/1/0", TLV "C201012C C10601");
    desk_answered(&d, "44");
    desk_urc(&d, "+QLAURC: \"lifetime_changed\",300");
    updates(&d, "46'lt=300'");
    reads(&d, "/1/0", "", AS_TLV SERVER_BEGINS SERVER_INITIAL);
    desk_end(&d);
}

static void ets_227_replace_of_a_resource(void **state) /* OMA ETS 227 (1.1) */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    write_lifetime(&d, 63);
    reads(&d, "/1/0/1", "", "45 C0 FF'63'");
    write_lifetime(&d, 300);
    desk_end(&d);
}

static void ets_256_write_that_fails(void **state) /* OMA ETS 256 (1.1) */
{
    static const char *const forms[] = {TEXT "'123'", TLV "C1007B",
                                        JSON "'{\"e\":[{\"n\":\"/1/0/0\",\"v\":123}]}'"};
    (void)state;
    struct desk d;
    desk_registered(&d);
    for (size_t i = 0; i < 3; i++) {
        desk_ask(&d, PUT, "/1/0/0", forms[i]);
        desk_answered(&d, "85");
        reads(&d, "/1/0/0", "", "45 C0 FF'1'");
    }
    desk_end(&d);
}

static void ets_651_access_to_the_device_object(void **state) /* OMA ETS 651, 652 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ask(&d, POST, "/3/0", TLV "C40D5182428F C60E'+02:00' C80F0C'Europe/Paris'");
    desk_answered(&d, "44");
    reads(&d, "/3/0/13", "", "45 C0 FF'1367491215'");
    reads(&d, "/3/0/14", "", "45 C0 FF'+02:00'");
    reads(&d, "/3/0/15", "", "45 C0 FF'Europe/Paris'");
    writes(&d, "/3/0", TLV "C10D00 C60E'+08:00' C80F0D'Asia/Shanghai'");
    reads(&d, "/3/0", "", AS_TLV DEVICE_TLV);
    reads(&d, "/3/0/3", "", "45 C0 FF'BC260YCNAAR01A02'");
    desk_end(&d);
}

static void ets_680_device_is_neither_created_nor_deleted(void **state) /* OMA ETS 680, 685 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ask(&d, POST, "/3", "");
    desk_answered(&d, "85");
    desk_ask(&d, DELETE, "/3/0", "");
    desk_answered(&d, "85");
    desk_end(&d);
}

/* --- Device management: executing, discovering ------------------------------------------------ */

static void ets_241_rebooting_the_device(void **state) /* OMA ETS 241, 655 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    desk_ask(&d, POST, "/3/0/4", "");
    desk_answered(&d, "44");
    desk_after(&d, 1000);
    desk_expect(&d, BOOT_LINES ATTACHED_LINE);
    desk_host(&d, "ATE0");
    desk_expect(&d, "ATE0\r\r\nOK\r\n");
    desk_ok(&d, "AT+QLAREG");
    registers(&d);
    desk_end(&d);
}

#define DEVICE_FROM_0 "</3/0/0>,</3/0/1>,</3/0/2>,</3/0/3>,</3/0/4>,</3/0/6>;dim=1,"
#define DEVICE_FROM_8                                                                            \
    "</3/0/8>;dim=1,</3/0/9>,</3/0/10>,</3/0/11>;dim=1,</3/0/13>,</3/0/14>,</3/0/15>,</3/0/16>," \
    "</3/0/17>"

static void ets_260_discover(void **state) /* OMA ETS 260 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    reads(&d, "/3", ACCEPT_LINK,
          AS_LINKS "'</3>,</3/0>," DEVICE_FROM_0 "</3/0/7>;dim=1," DEVICE_FROM_8 "'");
    writes(&d, "/3/0", "47'pmin=10' 08'pmax=200'");
    reads(&d, "/3", ACCEPT_LINK,
          AS_LINKS "'</3>,</3/0>;pmin=10;pmax=200," DEVICE_FROM_0 "</3/0/7>;dim=1," DEVICE_FROM_8
                   "'");
    writes(&d, "/3/0/7", "44'lt=1' 04'gt=6' 04'st=1'");
    reads(&d, "/3", ACCEPT_LINK,
          AS_LINKS "'</3>,</3/0>;pmin=10;pmax=200," DEVICE_FROM_0
                   "</3/0/7>;dim=1;gt=6;lt=1;st=1," DEVICE_FROM_8 "'");
    reads(&d, "/3/0/7", ACCEPT_LINK, AS_LINKS "'</3/0/7>;dim=1;pmin=10;pmax=200;gt=6;lt=1;st=1'");
    desk_end(&d);
}

/* Attributes of a resource instance, the third step, are not LwM2M 1.0. */
static void ets_261_attributes_on_a_multiple_resource(void **state) /* OMA ETS 261 (1.1) */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    reads(&d, "/3/0/11", ACCEPT_LINK, AS_LINKS "'</3/0/11>;dim=1'");
    writes(&d, "/3", "47'pmin=10' 08'pmax=200'");
    writes(&d, "/3/0", "48'pmax=320'");
    reads(&d, "/3/0/11", ACCEPT_LINK, AS_LINKS "'</3/0/11>;dim=1;pmin=10;pmax=320'");
    desk_end(&d);
}

/* --- Information reporting -------------------------------------------------------------------- */

/* Voltage (3/0/7) by token B1B2 and current (3/0/8) by C1C2, as the specification sets them. */
static void observe_voltage_and_current(struct desk *d)
{
    desk_registered(d);
    desk_ok(d, "AT+QLACFG=\"lifetime_enable\",0"); /* no updates in between */
    reads(d, "/3/0/6", "", AS_TLV "8306 410001");
    writes(d, "/3/0/7", "46'pmin=5' 07'pmax=15'");
    writes(d, "/3/0/8", "47'pmin=10' 07'pmax=20'");
    desk_server(d, "42013001B1B2 60 51'3' 01'0' 01'7'");
    desk_wire(d, "62453001B1B2 60 622D16 FF 8407 42000E10");
    desk_server(d, "42013002C1C2 60 51'3' 01'0' 01'8'");
    desk_wire(d, "62453002C1C2 60 622D16 FF 8308 410000");
}

static void voltage(struct desk *d, unsigned sequence)
{
    char pattern[80];
    snprintf(pattern, sizeof(pattern), "4245 <mid> B1B2 61%02X 622D16 FF 8407 42000E10", sequence);
    desk_wire(d, pattern);
}

static void current(struct desk *d, unsigned sequence)
{
    char pattern[80];
    snprintf(pattern, sizeof(pattern), "4245 <mid> C1C2 61%02X 622D16 FF 8308 410000", sequence);
    desk_wire(d, pattern);
}

static void ets_301_observation_and_notification(void **state) /* OMA ETS 301, 660 */
{
    (void)state;
    struct desk d;
    observe_voltage_and_current(&d);
    desk_quiet_until(&d, 15000);
    voltage(&d, 1);
    desk_server(&d, "6000 <mid>");
    desk_quiet_until(&d, 5000);
    current(&d, 1);
    desk_server(&d, "6000 <mid>");
    desk_quiet_until(&d, 10000);
    voltage(&d, 2);
    desk_server(&d, "6000 <mid>");
    desk_quiet_until(&d, 10000);
    current(&d, 2);
    desk_server(&d, "6000 <mid>");
    desk_end(&d);
}

static void ets_302_cancel_by_reset(void **state) /* OMA ETS 302 */
{
    (void)state;
    struct desk d;
    observe_voltage_and_current(&d);
    desk_quiet_until(&d, 15000);
    voltage(&d, 1);
    desk_server(&d, "7000 <mid>");
    desk_urc(&d, "+QLAURC: \"lw_event\",0,5,<mid>");
    desk_quiet_until(&d, 5000);
    current(&d, 1);
    desk_server(&d, "7000 <mid>");
    desk_urc(&d, "+QLAURC: \"lw_event\",0,5,<mid>");
    desk_after(&d, 60000);
    desk_end(&d);
}

/*
 *   server                            module
 *     | <-- 2.05 voltage, current ----- |
 *     | --- GET /3/0 Observe 1 -------> |   the instance they belong to
 *     | <-- 2.05 ---------------------- |   neither is reported any more
 */
static void ets_303_cancel_by_observe(void **state) /* OMA ETS 303 */
{
    (void)state;
    struct desk d;
    observe_voltage_and_current(&d);
    desk_quiet_until(&d, 15000);
    voltage(&d, 1);
    desk_server(&d, "6000 <mid>");
    desk_quiet_until(&d, 5000);
    current(&d, 1);
    desk_server(&d, "6000 <mid>");
    desk_server(&d, "42013003D1D2 6101 51'3' 01'0'");
    desk_wire(&d, "62453003D1D2 C22D16 FF " DEVICE_TLV);
    desk_after(&d, 60000);
    desk_end(&d);
}

static void ets_710_observation_of_connectivity(void **state) /* OMA ETS 701, 710 */
{
    static const char content[] = "622D16 FF C10007 8301 410007 C102C1 C10314"
                                  "88041148000E'10.177.135.245' 88050B480008'10.0.0.1' C10600"
                                  "8607 4400'ctnb' C4080BF576D1 C1090B C20A01CC";
    char pattern[300];
    (void)state;
    struct desk d;
    desk_registered(&d);
    writes(&d, "/4/0", "46'pmin=2' 07'pmax=10'");
    desk_server(&d, "42013001B1B2 60 51'4' 01'0'");
    snprintf(pattern, sizeof(pattern), "62453001B1B2 60 %s", content);
    desk_wire(&d, pattern);
    for (unsigned i = 1; i <= 2; i++) {
        desk_quiet_until(&d, 10000);
        snprintf(pattern, sizeof(pattern), "4245 <mid> B1B2 61%02X %s", i, content);
        desk_wire(&d, pattern);
        desk_server(&d, "6000 <mid>");
    }
    desk_end(&d);
}

static void ets_751_readable_resources_of_an_update(void **state) /* OMA ETS 751 */
{
    (void)state;
    struct desk d;
    desk_registered(&d);
    reads(&d, "/5/0", ACCEPT_TLV, AS_TLV "C10300 C10500 8308 410000");
    desk_end(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ets_101_initial_registration),
        cmocka_unit_test(ets_102_registration_update),
        cmocka_unit_test(ets_103_deregistration),
        cmocka_unit_test(ets_104_registration_update_trigger),
        cmocka_unit_test(ets_105_discarded_register_update),
        cmocka_unit_test(ets_107_extending_the_lifetime_of_a_registration),
        cmocka_unit_test(ets_108_turn_on_queue_mode),
        cmocka_unit_test(ets_109_behavior_in_queue_mode),
        cmocka_unit_test(ets_201_querying_in_plain_text),
        cmocka_unit_test(ets_203_querying_in_tlv),
        cmocka_unit_test(ets_204_querying_in_json),
        cmocka_unit_test(ets_205_setting_in_plain_text),
        cmocka_unit_test(ets_215_setting_in_tlv),
        cmocka_unit_test(ets_220_setting_in_json),
        cmocka_unit_test(ets_221_operations_on_the_security_object),
        cmocka_unit_test(ets_222_read_on_an_object),
        cmocka_unit_test(ets_224_read_on_a_resource),
        cmocka_unit_test(ets_226_partial_update_of_an_instance),
        cmocka_unit_test(ets_227_replace_of_a_resource),
        cmocka_unit_test(ets_241_rebooting_the_device),
        cmocka_unit_test(ets_256_write_that_fails),
        cmocka_unit_test(ets_260_discover),
        cmocka_unit_test(ets_261_attributes_on_a_multiple_resource),
        cmocka_unit_test(ets_301_observation_and_notification),
        cmocka_unit_test(ets_302_cancel_by_reset),
        cmocka_unit_test(ets_303_cancel_by_observe),
        cmocka_unit_test(ets_651_access_to_the_device_object),
        cmocka_unit_test(ets_680_device_is_neither_created_nor_deleted),
        cmocka_unit_test(ets_710_observation_of_connectivity),
        cmocka_unit_test(ets_751_readable_resources_of_an_update),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
