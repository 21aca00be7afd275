/*
 * What devices say, decoded (platform/service, uplinks.c, data.c): through codecs, thing models and
 * /dp, into properties, rows and events; and what becomes of it when that cannot be done.
 */
#include <stdio.h>
#include <string.h>

#include "base/sink.h"
#include "office.h"

#define EP "867724030023557"
#define OTHER "867724030023558"
#define DATA "/devices/" EP "/data"
#define PROPERTIES "/devices/" EP "/properties"
#define PORT 7001
#define OBSERVE_19_0_0 "4401 <mid> <token> 60 52 3139 0130 0130 61 2A"
#define OBSERVE_3311_0 "4401 <mid> <token> 60 54 33333131 01 30 62 2D16"
#define OPAQUE "61 2A FF " /* behind Observe */
#define TLV "62 2D16 FF "

#define PROFILE                                                                                 \
    "{\"devices\":[{\"manufacturerId\":\"M\",\"manufacturerName\":\"Maker\",\"model\":\"X\","   \
    "\"protocolType\":\"LWM2M\",\"deviceType\":\"Meter\"}],\"services\":[{\"serviceType\":"     \
    "\"Water\",\"properties\":[{\"propertyName\":\"level\",\"dataType\":\"int\",\"min\":0,"     \
    "\"max\":100,\"unit\":\"cm\",\"method\":\"R\"}],\"commands\":[{\"commandName\":\"SET\","    \
    "\"paras\":[{\"paraName\":\"valve\",\"dataType\":\"int\",\"min\":0,\"max\":1,\"required\":" \
    "true}],\"responses\":[]}]}]}"
#define CODEC                                                                              \
    "{\"kind\":\"fields\",\"messages\":[{\"service\":\"Water\",\"fields\":[{\"name\":"     \
    "\"level\",\"type\":\"uint8\",\"offset\":0}]}],\"commands\":[{\"service\":\"Water\","  \
    "\"method\":\"SET\",\"id\":{\"offset\":0,\"byte\":9},\"fields\":[{\"name\":\"valve\"," \
    "\"type\":\"uint8\",\"offset\":1}]}]}"
#define ENDLESS "{\"kind\":\"lua\",\"source\":\"function decode(p) while true do end end\"}"
#define MODEL                                                                               \
    "{\"properties\":[{\"identifier\":\"switch\",\"name\":\"Switch\",\"type\":\"bool\","    \
    "\"access\":\"rw\"},{\"identifier\":\"dimmer\",\"name\":\"Dimmer\",\"type\":\"int32\"," \
    "\"min\":0,\"max\":100,\"unit\":\"%\",\"access\":\"rw\"}],\"services\":[],\"events\":[]}"
#define MAPPING                                                                     \
    "{\"items\":[{\"object\":3311,\"instance\":0,\"resource\":5850,\"identifier\":" \
    "\"switch\"},{\"object\":3311,\"instance\":0,\"resource\":5851,\"identifier\":\"dimmer\"}]}"

static void add_device(struct office *o, int64_t product, const char *endpoint, const char *more)
{
    char body[200];
    snprintf(body, sizeof(body), "{\"product\":%lld,\"endpoint\":\"%s\"%s}", (long long)product,
             endpoint, more);
    (void)office_ask(o, 201, "POST", "/devices", body);
}

static void deploy(struct office *o, const char *codec)
{
    (void)office_ask(o, 200, "PUT", "/products/1/codec", codec);
    (void)office_ask(o, 200, "POST", "/products/1/codec/deploy", NULL);
}

/* A meter whose report object is observed. */
static void observe_meter(struct office *o)
{
    world_register(&o->w, PORT, EP, "</3/0>,</19/0>,</19/1>");
    office_commit(o);
    world_expect(&o->w, PORT, OBSERVE_19_0_0);
    world_answer(&o->w, PORT, BC_COAP_CONTENT, "60");
    office_commit(o);
    office_forget(o);
}

static void begin_meter(struct office *o, const char *codec)
{
    (void)office_add_product(o, "Meters", "iot");
    (void)office_ask(o, 200, "PUT", "/products/1/profile", PROFILE);
    if (codec != NULL)
        deploy(o, codec);
    add_device(o, 1, EP, "");
    observe_meter(o);
}

/* NON with Observe; `rest` begins with the Content-Format. */
static void feed(struct office *o, unsigned observe, const char *rest)
{
    static unsigned message_id = 0x7100;
    char hex[400];
    snprintf(hex, sizeof(hex), "5445 %04X <token> 61 %02X %s", ++message_id, observe, rest);
    world_feed(&o->w, PORT, hex);
}

static void notify(struct office *o, unsigned observe, const char *rest)
{
    feed(o, observe, rest);
    office_commit(o);
}

static const json_t *item(const json_t *page, size_t at)
{
    const json_t *items = json_object_get(page, "items");
    assert_true(at < json_array_size(items));
    return json_array_get(items, at);
}

static size_t count(const json_t *page)
{
    return json_array_size(json_object_get(page, "items"));
}

static const json_t *newest_row(struct office *o)
{
    const json_t *page = office_ask(o, 200, "GET", DATA, NULL);
    assert_true(count(page) > 0);
    return item(page, count(page) - 1);
}

static const json_t *told_row(struct office *o)
{
    return json_object_get(office_expect_told(o, SERVICE_DATA)->body, "data");
}

/* Codecs ---------------------------------------------------------------------------------------*/

static void report_is_decoded_through_the_codec(void **state)
{
    struct office *o = *state;
    begin_meter(o, CODEC);
    notify(o, 2, OPAQUE "07");
    const json_t *row = newest_row(o);
    office_expect_json(json_object_get(row, "values"), "{\"Water.level\":7}");
    assert_string_equal(office_text(row, "hex"), "07");
    assert_string_equal(office_text(row, "kind"), "notify");
    assert_string_equal(office_text(row, "path"), "/19/0/0");
    const struct office_told *told = office_expect_told(o, SERVICE_DATA);
    assert_string_equal(told->endpoint, EP);
    assert_int_equal(told->product, 1);
    assert_int_equal(office_number(told_row(o), "number"), 1);
    office_expect_json(json_object_get(told_row(o), "values"), "{\"Water.level\":7}");
    const json_t *property = item(office_ask(o, 200, "GET", PROPERTIES, NULL), 0);
    assert_string_equal(office_text(property, "name"), "Water.level");
    assert_string_equal(office_text(property, "unit"), "cm");
    assert_int_equal(office_number(property, "value"), 7);
}

static void report_without_a_codec_stays_raw(void **state)
{
    struct office *o = *state;
    begin_meter(o, NULL);
    notify(o, 2, OPAQUE "07");
    assert_null(json_object_get(told_row(o), "undecoded"));
    assert_true(json_is_null(json_object_get(told_row(o), "values")));
    assert_int_equal(count(office_ask(o, 200, "GET", PROPERTIES, NULL)), 0);
    assert_string_equal(office_text(newest_row(o), "hex"), "07");
}

static void report_that_does_not_fit_is_kept_with_the_reason(void **state)
{
    struct office *o = *state;
    begin_meter(o, CODEC);
    notify(o, 2, OPAQUE "FF"); /* the profile says 100 at most */
    assert_true(strlen(office_text(told_row(o), "undecoded")) > 0);
    assert_string_equal(office_text(newest_row(o), "hex"), "FF");
    assert_int_equal(count(office_ask(o, 200, "GET", PROPERTIES, NULL)), 0);
    office_forget(o);
    notify(o, 3, OPAQUE "08");
    assert_null(json_object_get(told_row(o), "undecoded"));
}

static void codec_that_never_ends_harms_nobody_else(void **state)
{
    struct office *o = *state;
    begin_meter(o, ENDLESS);
    int64_t other = office_add_product(o, "Others", "andlink");
    add_device(o, other, OTHER, "");
    world_register(&o->w, 7002, OTHER, "</3/0>");
    feed(o, 2, OPAQUE "07");
    world_feed(&o->w, 7002,
               "4002 7201 B2 6470 4D 05 65703D 383637373234303330303233353538 FF"
               "5B7B226E223A2274222C227673223A2231227D5D"); /* [{"n":"t","vs":"1"}] */
    office_commit(o);
    assert_true(strlen(office_text(told_row(o), "undecoded")) > 0);
    assert_string_equal(office_text(newest_row(o), "hex"), "07");
    const json_t *property =
        item(office_ask(o, 200, "GET", "/devices/" OTHER "/properties", NULL), 0);
    assert_string_equal(office_text(property, "value"), "1");
    world_take_all(&o->w);
}

static void newly_deployed_codec_is_in_force_at_once(void **state)
{
    struct office *o = *state;
    begin_meter(o, CODEC);
    notify(o, 2, OPAQUE "07");
    deploy(o, "{\"kind\":\"lua\",\"source\":\"function decode(p) return {service='Water',"
              "properties={level=p:byte(1)*2}} end\"}");
    notify(o, 3, OPAQUE "07");
    office_expect_json(json_object_get(newest_row(o), "values"), "{\"Water.level\":14}");
    const json_t *page = office_ask(o, 200, "GET", DATA "?limit=1&from=1", NULL);
    office_expect_json(json_object_get(item(page, 0), "values"), "{\"Water.level\":7}");
}

static void aep_decodes_unless_its_payload_is_transparent(void **state)
{
    struct office *o = *state;
    (void)office_add_product(o, "Meters", "aep");
    deploy(o, CODEC);
    (void)office_ask(o, 200, "PATCH", "/products/1", "{\"payload\":\"transparent\"}");
    add_device(o, 1, EP, "");
    observe_meter(o);
    notify(o, 2, OPAQUE "07");
    assert_true(json_is_null(json_object_get(told_row(o), "values")));
    assert_null(json_object_get(told_row(o), "undecoded"));
    (void)office_ask(o, 200, "PATCH", "/products/1", "{\"payload\":\"decoded\"}");
    notify(o, 3, OPAQUE "07");
    office_expect_json(json_object_get(newest_row(o), "values"), "{\"Water.level\":7}");
}

static void command_of_the_profile_goes_through_the_codec(void **state)
{
    struct office *o = *state;
    begin_meter(o, CODEC);
    const char *place = "/devices/" EP "/commands";
    const json_t *command =
        office_ask(o, 202, "POST", place,
                   "{\"service\":\"Water\",\"method\":\"SET\",\"params\":{\"valve\":1}}");
    assert_string_equal(office_text(command, "kind"), "service");
    assert_string_equal(office_text(command, "path"), "/19/1/0");
    world_expect(&o->w, PORT, "4403 <mid> <token> B2 3139 0131 0130 11 2A FF 0901");
    const json_t *problem =
        office_ask(o, 422, "POST", place,
                   "{\"service\":\"Water\",\"method\":\"SET\",\"params\":{\"valve\":2}}");
    assert_string_equal(office_text(problem, "field"), "params");
    (void)office_ask(o, 422, "POST", place, "{\"service\":\"Water\",\"method\":\"FLY\"}");
}

/* Thing models ---------------------------------------------------------------------------------*/

static void begin_lamp(struct office *o, const char *more)
{
    (void)office_add_product(o, "Lamps", "dmp");
    (void)office_ask(o, 200, "PUT", "/products/1/model", MODEL);
    (void)office_ask(o, 200, "PUT", "/products/1/mapping", MAPPING);
    (void)office_ask(o, 200, "POST", "/products/1/model/publish", NULL);
    add_device(o, 1, EP, more);
    world_register(&o->w, PORT, EP, "</3/0>,</3311/0>");
    office_commit(o);
}

#define LAMP_ON "E1 16DA 01 E1 16DB 28" /* 5850 = 1, 5851 = 40 */

static void thing_model_decodes_what_is_observed(void **state)
{
    struct office *o = *state;
    begin_lamp(o, "");
    world_expect(&o->w, PORT, OBSERVE_3311_0);
    world_answer(&o->w, PORT, BC_COAP_CONTENT, "60 " TLV LAMP_ON);
    office_commit(o);
    office_expect_json(json_object_get(newest_row(o), "values"), "{\"switch\":true,\"dimmer\":40}");
    notify(o, 2, TLV "E1 16DB 29");
    const json_t *page = office_ask(o, 200, "GET", PROPERTIES, NULL);
    assert_int_equal(count(page), 2);
    assert_int_equal(office_number(item(page, 0), "value"), 41);
    assert_string_equal(office_text(item(page, 0), "unit"), "%");
    office_forget(o);
    notify(o, 3, TLV "E1 16DB 79"); /* 121: too much */
    assert_true(strlen(office_text(told_row(o), "undecoded")) > 0);
}

/* PLATFORM 2: the mapped objects are observed, be they the module's own; 3/0/9 is the battery. */
static void built_in_object_that_is_mapped_is_observed(void **state)
{
    struct office *o = *state;
    (void)office_add_product(o, "Lamps", "dmp");
    (void)office_ask(o, 200, "PUT", "/products/1/model",
                     "{\"properties\":[{\"identifier\":\"battery\",\"type\":\"int32\"}]}");
    (void)office_ask(o, 200, "PUT", "/products/1/mapping",
                     "{\"items\":[{\"object\":3,\"instance\":0,\"resource\":9,"
                     "\"identifier\":\"battery\"}]}");
    (void)office_ask(o, 200, "POST", "/products/1/model/publish", NULL);
    add_device(o, 1, EP, "");
    world_register(&o->w, PORT, EP, "</1/0>,</3/0>,</4/0>,</3311/0>");
    office_commit(o);
    world_expect(&o->w, PORT, "4401 <mid> <token> 60 51 33 0130 62 2D16");
    world_answer(&o->w, PORT, BC_COAP_CONTENT, "60 " TLV "C1 09 4D");
    office_commit(o);
    office_expect_json(json_object_get(newest_row(o), "values"), "{\"battery\":77}");
    world_expect_silence(&o->w);
}

static void property_is_written_through_the_mapping(void **state)
{
    struct office *o = *state;
    begin_lamp(o, ",\"subscription\":\"manual\"");
    world_expect_silence(&o->w);
    const char *place = "/devices/" EP "/commands";
    (void)office_ask(o, 202, "POST", place, "{\"property\":\"switch\",\"value\":true}");
    world_expect(&o->w, PORT,
                 "4403 <mid> <token> B4 33333131 0130 04 35383530 12 2D16 FF E1 16DA 01");
    world_answer(&o->w, PORT, BC_COAP_CHANGED, "");
    office_commit(o);
    (void)office_ask(o, 422, "POST", place, "{\"property\":\"switch\",\"value\":\"red\"}");
    (void)office_ask(o, 422, "POST", place, "{\"property\":\"colour\",\"value\":1}");
}

/* G 5.5.1: with manual subscription the platform observes nothing by itself. */
static void manual_subscription_waits_for_the_user(void **state)
{
    struct office *o = *state;
    begin_lamp(o, ",\"subscription\":\"manual\"");
    world_expect_silence(&o->w);
    office_restart(o); /* and so it stays */
    office_commit(o);
    world_expect_silence(&o->w);
    (void)office_ask(o, 202, "POST", "/devices/" EP "/commands",
                     "{\"operation\":\"observe\",\"path\":\"/3311/0\",\"accept\":11542}");
    world_expect(&o->w, PORT, OBSERVE_3311_0);
    world_answer(&o->w, PORT, BC_COAP_CONTENT, "60 " TLV LAMP_ON);
    office_commit(o);
    notify(o, 2, TLV "E1 16DB 29");
    assert_int_equal(count(office_ask(o, 200, "GET", PROPERTIES, NULL)), 2);
}

static size_t observed(struct office *o)
{
    size_t count = 0;
    struct bc_server_observation observation;
    const void *cursor = bc_server_next_observation(o->w.server, BC_TEXT(EP), NULL, &observation);
    for (; cursor != NULL; count++)
        cursor = bc_server_next_observation(o->w.server, BC_TEXT(EP), cursor, &observation);
    return count;
}

/* G 5.5.1.3: the platform subscribes to what is mapped, an instance each, and to nothing else. */
static void only_what_is_mapped_is_observed(void **state)
{
    struct office *o = *state;
    begin_lamp(o, "");
    world_expect(&o->w, PORT, OBSERVE_3311_0);
    world_answer(&o->w, PORT, BC_COAP_CONTENT, "60 " TLV LAMP_ON);
    office_commit(o);
    world_register(&o->w, PORT, EP, "</3/0>,</3303/0>,</3311>,</3311/1>,</3311/0>,</3312/0>");
    office_commit(o);
    world_expect(&o->w, PORT, OBSERVE_3311_0);
    world_answer(&o->w, PORT, BC_COAP_CONTENT, "60 " TLV LAMP_ON);
    office_commit(o);
    world_expect_silence(&o->w);
    assert_int_equal(observed(o), 1);
    office_restart(o);
    office_commit(o);
    world_expect_silence(&o->w);
    assert_int_equal(observed(o), 1);
    (void)office_ask(o, 200, "PUT", "/products/1/mapping", "{\"items\":[]}");
    world_expect_silence(&o->w); /* not before it registers anew */
    world_register(&o->w, PORT, EP, "</3/0>,</3303/0>,</3311/0>");
    office_commit(o);
    world_expect(&o->w, PORT, "4401 <mid> <token> 60 54 33333033 01 30 62 2D16");
    world_answer(&o->w, PORT, BC_COAP_CONTENT, "60 " TLV LAMP_ON);
    world_expect(&o->w, PORT, OBSERVE_3311_0);
    world_answer(&o->w, PORT, BC_COAP_CONTENT, "60 " TLV LAMP_ON);
    office_commit(o);
    assert_int_equal(observed(o), 2);
}

/* An observation that was not answered before the restart is asked for again. */
static void mapped_instance_is_observed_after_a_restart_too(void **state)
{
    struct office *o = *state;
    begin_lamp(o, "");
    world_expect(&o->w, PORT, OBSERVE_3311_0);
    office_restart(o);
    office_commit(o);
    world_expect(&o->w, PORT, OBSERVE_3311_0);
}

/* An update with another list of objects is looked at like a registration. */
static void mapped_instance_that_is_announced_later_is_observed(void **state)
{
    struct office *o = *state;
    begin_lamp(o, "");
    world_take_all(&o->w);
    world_register(&o->w, PORT, EP, "</3/0>,</3303/0>");
    office_commit(o);
    world_expect_silence(&o->w);
    world_feed(&o->w, PORT, "4002 6F01 B2 7264 0A <id> 11 28 FF 3C2F332F303E2C3C2F333331312F303E");
    office_commit(o);
    world_expect(&o->w, PORT, "6044 6F01");
    world_expect(&o->w, PORT, OBSERVE_3311_0);
}

/* Andlink --------------------------------------------------------------------------------------*/

static void begin_andlink(struct office *o)
{
    (void)office_add_product(o, "Hubs", "andlink");
    add_device(o, 1, EP, "");
    world_register(&o->w, PORT, EP, "</3/0>");
    office_commit(o);
    world_expect(&o->w, PORT, "4401 <mid> <token> B1 33 01 30 02 3137 60"); /* who it is */
    world_answer(&o->w, PORT, BC_COAP_CONTENT, "C0 FF 31");
    office_commit(o);
    office_forget(o);
}

#define PUT_19_1_0 "4403 <mid> <token> B2 3139 0131 0130 "
#define WRITE_19_1_0(value) "{\"operation\":\"write\",\"path\":\"/19/1/0\"," value "}"

/* G 5.4: JSON as text; of other carriers it is bytes, and only as hex. */
static void text_is_written_to_19_1_0(void **state)
{
    struct office *o = *state;
    const char *place = "/devices/" EP "/commands";
    begin_andlink(o);
    (void)office_ask(o, 202, "POST", place, WRITE_19_1_0("\"value\":\"{\\\"a\\\":1}\""));
    world_expect(&o->w, PORT, PUT_19_1_0 "10 FF 7B2261223A317D");
    world_answer(&o->w, PORT, BC_COAP_CHANGED, "");
    (void)office_ask(o, 202, "POST", place, WRITE_19_1_0("\"value\":{\"a\":1}"));
    world_expect(&o->w, PORT, PUT_19_1_0 "10 FF 7B2261223A317D");
    world_answer(&o->w, PORT, BC_COAP_CHANGED, "");
    (void)office_ask(o, 202, "POST", place, WRITE_19_1_0("\"hex\":\"0AFF\""));
    world_expect(&o->w, PORT, PUT_19_1_0 "11 2A FF 0AFF");
    world_answer(&o->w, PORT, BC_COAP_CHANGED, "");
    (void)office_ask(o, 422, "POST", place, WRITE_19_1_0("\"value\":1"));
    (void)office_ask(o, 202, "POST", place, "{\"operation\":\"read\",\"path\":\"/19/1/0\"}");
    office_forget(o);
    world_expect(&o->w, PORT, "4401 <mid> <token> B2 3139 0131 0130");
    world_answer(&o->w, PORT, BC_COAP_CONTENT, "C0 FF 7B2261223A317D");
    office_commit(o);
    const json_t *command =
        json_object_get(office_expect_told(o, SERVICE_COMMAND)->body, "command");
    assert_string_equal(office_text(command, "value"), "{\"a\":1}");
    assert_string_equal(office_text(command, "text"), "{\"a\":1}");
}

static void bytes_are_written_to_19_1_0_of_others(void **state)
{
    struct office *o = *state;
    begin_meter(o, NULL);
    const json_t *problem = office_ask(o, 422, "POST", "/devices/" EP "/commands",
                                       WRITE_19_1_0("\"value\":\"{\\\"a\\\":1}\""));
    assert_string_equal(office_text(problem, "field"), "value");
    world_expect_silence(&o->w);
}

/* POST /dp?ep= with that JSON. */
static void post_dp(struct office *o, const char *json)
{
    static uint16_t message_id = 0x7300;
    uint8_t bytes[WORLD_BYTES_MAX];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_address from = world_address(PORT);
    struct bc_coap_writer w =
        bc_coap_write_begin(&out, BC_COAP_CON, BC_COAP_POST, ++message_id, NULL);
    bc_coap_write_option(&w, BC_COAP_URI_PATH, BC_TEXT("dp"));
    bc_coap_write_option(&w, BC_COAP_URI_QUERY, BC_TEXT("ep=" EP));
    bc_coap_write_payload(&w, bc_view_of(json));
    bc_server_on_datagram(o->w.server, o->w.now_ms, &from, bc_sink_view(&out));
    office_commit(o);
    world_take_all(&o->w);
}

static void dp_is_decoded_by_name(void **state)
{
    struct office *o = *state;
    begin_andlink(o);
    post_dp(o, "[{\"n\":\"/19/1/0\",\"vs\":\"0\"},{\"n\":\"temperature\",\"vs\":\"21.5\"}]");
    const json_t *row = newest_row(o);
    assert_string_equal(office_text(row, "kind"), "dp");
    office_expect_json(json_object_get(row, "values"),
                       "{\"/19/1/0\":\"0\",\"temperature\":\"21.5\"}");
    office_forget(o);
    post_dp(o, "21.5");
    assert_true(strlen(office_text(told_row(o), "undecoded")) > 0);
    post_dp(o, "[{\"n\":\"@/6/0/0\",\"vs\":\"0\"}]"); /* no name of a property */
    assert_int_equal(count(office_ask(o, 200, "GET", PROPERTIES, NULL)), 2);
    assert_int_equal(count(office_ask(o, 200, "GET", "/devices/" EP "/objects", NULL)), 1);
}

/* Whoever makes up names fills only so much. */
static void device_has_so_many_names_and_no_more(void **state)
{
    struct office *o = *state;
    begin_andlink(o);
    for (int i = 0; i < 520; i++) {
        char json[80];
        snprintf(json, sizeof(json), "[{\"n\":\"name%d\",\"vs\":\"%d\"}]", i, i);
        post_dp(o, json);
        office_forget(o);
    }
    /* One of the 512 is that of /3/0/17. */
    assert_int_equal(count(office_ask(o, 200, "GET", PROPERTIES, NULL)), 511);
    post_dp(o, "[{\"n\":\"name0\",\"vs\":\"new\"}]");
    const json_t *property = item(office_ask(o, 200, "GET", PROPERTIES, NULL), 0);
    assert_string_equal(office_text(property, "value"), "new");
}

/* Rows and history -----------------------------------------------------------------------------*/

static void history_is_as_long_as_the_rows(void **state)
{
    struct office *o = *state;
    begin_andlink(o);
    int64_t begun_ms = office_now(o).utc_ms;
    for (int i = 0; i < 1005; i++) { /* the office keeps 1000 rows */
        char json[80];
        office_wait(o, 1000);
        snprintf(json, sizeof(json), "[{\"n\":\"t\",\"v\":%d}]", i);
        post_dp(o, json);
        world_take_all(&o->w);
        office_forget(o);
        if (i % 100 == 0) { /* it stays registered */
            snprintf(json, sizeof(json), "5002 %04X B2 7264 0A <id>", 0x5000 + i);
            world_feed(&o->w, PORT, json);
        }
    }
    const json_t *page = office_ask(o, 200, "GET", PROPERTIES "/t?limit=1000", NULL);
    assert_int_equal(count(page), 1000);
    assert_int_equal(office_number(item(page, 0), "value"), 5);
    assert_int_equal(office_number(item(page, 999), "value"), 1004);
    char place[120];
    snprintf(place, sizeof(place), PROPERTIES "/t?from_ms=%lld&to_ms=%lld",
             (long long)begun_ms + 10000, (long long)begun_ms + 12000);
    page = office_ask(o, 200, "GET", place, NULL);
    assert_int_equal(count(page), 3);
    assert_int_equal(office_number(item(page, 0), "value"), 9);
    snprintf(place, sizeof(place), PROPERTIES "/t?to_ms=%lld", (long long)begun_ms + 5000);
    assert_int_equal(count(office_ask(o, 200, "GET", place, NULL)), 0); /* older than the rows */
    snprintf(place, sizeof(place), DATA "?from_ms=%lld&limit=2", (long long)begun_ms + 10000);
    page = office_ask(o, 200, "GET", place, NULL);
    assert_int_equal(office_number(item(page, 0), "number"), 11);
    office_expect_json(json_object_get(item(page, 1), "values"), "{\"t\":10}");
    assert_string_equal(office_text(page, "next"), "13");
}

static void rows_come_in_pages(void **state)
{
    struct office *o = *state;
    begin_meter(o, CODEC);
    for (unsigned i = 0; i < 5; i++)
        notify(o, 2 + i, OPAQUE "07");
    const json_t *page = office_ask(o, 200, "GET", DATA "?limit=2", NULL);
    assert_int_equal(office_number(item(page, 0), "number"), 4); /* the newest */
    assert_true(json_is_null(json_object_get(page, "next")));
    page = office_ask(o, 200, "GET", DATA "?limit=2&from=1", NULL);
    assert_int_equal(count(page), 2);
    assert_string_equal(office_text(page, "next"), "3");
    page = office_ask(o, 200, "GET", DATA "?limit=2&from=1&cursor=5", NULL);
    assert_int_equal(count(page), 1);
    assert_true(json_is_null(json_object_get(page, "next")));
    page = office_ask(o, 200, "GET", DATA "?from=2&to=3", NULL);
    assert_int_equal(count(page), 2);
    assert_true(json_is_null(json_object_get(page, "next")));
    (void)office_ask(o, 404, "GET", "/devices/nobody/data", NULL);
}

static void device_that_has_said_nothing_has_no_rows(void **state)
{
    struct office *o = *state;
    (void)office_add_product(o, "Meters", "iot");
    add_device(o, 1, EP, "");
    assert_int_equal(count(office_ask(o, 200, "GET", DATA, NULL)), 0);
    assert_int_equal(count(office_ask(o, 200, "GET", PROPERTIES, NULL)), 0);
    assert_int_equal(count(office_ask(o, 200, "GET", PROPERTIES "/x", NULL)), 0);
    (void)office_ask(o, 404, "GET", "/devices/nobody/properties", NULL);
}

/* RFC 7641 3.4 */
static void overtaken_report_is_a_row_but_no_newest_value(void **state)
{
    struct office *o = *state;
    begin_meter(o, CODEC);
    notify(o, 9, OPAQUE "07");
    notify(o, 8, OPAQUE "06");
    assert_string_equal(office_text(newest_row(o), "hex"), "06");
    const json_t *property = item(office_ask(o, 200, "GET", PROPERTIES, NULL), 0);
    assert_int_equal(office_number(property, "value"), 7);
}

static void values_that_are_not_stored_are_not_told(void **state)
{
    struct office *o = *state;
    begin_meter(o, CODEC);
    feed(o, 2, OPAQUE "07");
    o->fails = true;
    office_commit(o);
    assert_int_equal(office_told(o, SERVICE_DATA), 0);
    assert_int_equal(count(office_ask(o, 200, "GET", PROPERTIES, NULL)), 0);
    notify(o, 3, OPAQUE "08");
    office_expect_json(json_object_get(newest_row(o), "values"), "{\"Water.level\":8}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, office_setup, office_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(report_is_decoded_through_the_codec),
        TEST(report_without_a_codec_stays_raw),
        TEST(report_that_does_not_fit_is_kept_with_the_reason),
        TEST(codec_that_never_ends_harms_nobody_else),
        TEST(newly_deployed_codec_is_in_force_at_once),
        TEST(aep_decodes_unless_its_payload_is_transparent),
        TEST(command_of_the_profile_goes_through_the_codec),
        TEST(thing_model_decodes_what_is_observed),
        TEST(built_in_object_that_is_mapped_is_observed),
        TEST(property_is_written_through_the_mapping),
        cmocka_unit_test_setup_teardown(manual_subscription_waits_for_the_user, office_setup_file,
                                        office_teardown),
        cmocka_unit_test_setup_teardown(only_what_is_mapped_is_observed, office_setup_file,
                                        office_teardown),
        TEST(mapped_instance_that_is_announced_later_is_observed),
        cmocka_unit_test_setup_teardown(mapped_instance_is_observed_after_a_restart_too,
                                        office_setup_file, office_teardown),
        TEST(text_is_written_to_19_1_0),
        TEST(bytes_are_written_to_19_1_0_of_others),
        TEST(dp_is_decoded_by_name),
        TEST(device_has_so_many_names_and_no_more),
        TEST(history_is_as_long_as_the_rows),
        TEST(rows_come_in_pages),
        TEST(device_that_has_said_nothing_has_no_rows),
        TEST(overtaken_report_is_a_row_but_no_newest_value),
        TEST(values_that_are_not_stored_are_not_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
