/*
 * The tree of a device's objects and the state of the platform (platform/service, objects.c and
 * status.c), and payloads without a model as values by path (platform/codec, objects.c).
 */
#include "objects.h"

#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "office.h"

#define EP "867724030023557"
#define OBJECTS "/devices/" EP "/objects"
#define COMMANDS "/devices/" EP "/commands"
#define PORT 7001
#define LINKS "</>;rt=\"oma.lwm2m\",</3/0>,</3303/0>,</3303/1>,</10250/0>,</3306>"

static int setup(void **state)
{
    (void)office_setup(state);
    struct office *o = *state;
    (void)office_add_product(o, "Meters", "iot");
    office_add_device(o, 1, EP);
    return 0;
}

static const json_t *member(const json_t *list, const char *key, int64_t id)
{
    size_t at;
    json_t *value;
    json_array_foreach(list, at, value)
    {
        if (json_integer_value(json_object_get(value, key)) == id)
            return value;
    }
    print_message("there is no %s %lld\n", key, (long long)id);
    fail();
    return NULL;
}

static const json_t *object_of(const json_t *page, int64_t object)
{
    return member(json_object_get(page, "items"), "object", object);
}

static const json_t *resource_of(const json_t *page, int64_t object, int64_t instance,
                                 int64_t resource)
{
    const json_t *in =
        member(json_object_get(object_of(page, object), "instances"), "instance", instance);
    return member(json_object_get(in, "resources"), "resource", resource);
}

static void read_into(struct office *o, const char *body, const char *answer)
{
    (void)office_ask(o, 202, "POST", COMMANDS, body);
    world_expect(&o->w, PORT,
                 strstr(body, "3303") != NULL ? "4401 <mid> <token> B4 33333033 01 31"
                                              : "4401 <mid> <token> B1 33 01 30");
    world_answer(&o->w, PORT, BC_COAP_CONTENT, answer);
    office_commit(o);
}

/* Objects --------------------------------------------------------------------------------------*/

static void announced_objects_have_their_names(void **state)
{
    struct office *o = *state;
    assert_int_equal(
        json_array_size(json_object_get(office_ask(o, 200, "GET", OBJECTS, NULL), "items")), 0);
    world_register(&o->w, PORT, EP, LINKS);
    office_commit(o);
    const json_t *page = office_ask(o, 200, "GET", OBJECTS, NULL);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 4);
    const json_t *object = object_of(page, 3303);
    assert_string_equal(office_text(object, "name"), "Temperature");
    assert_int_equal(json_array_size(json_object_get(object, "instances")), 2);
    assert_true(json_is_null(json_object_get(object_of(page, 10250), "name")));
    assert_int_equal(json_array_size(json_object_get(object_of(page, 3306), "instances")), 0);
    (void)office_ask(o, 404, "GET", "/devices/nobody/objects", NULL);
}

static void values_that_were_read_stand_in_the_tree(void **state)
{
    struct office *o = *state;
    world_register(&o->w, PORT, EP, LINKS);
    office_commit(o);
    int64_t read_ms = office_now(o).utc_ms;
    /* 0 "Q", 9 = 100, 7 of two instances 3800 and 5000 */
    read_into(o, "{\"operation\":\"read\",\"path\":\"/3/0\"}",
              "C2 2D16 FF C1 00 51 C1 09 64 88 07 08 42 00 0ED8 42 01 1388");
    const json_t *page = office_ask(o, 200, "GET", OBJECTS, NULL);
    const json_t *maker = resource_of(page, 3, 0, 0);
    assert_string_equal(office_text(maker, "name"), "Manufacturer");
    assert_string_equal(office_text(maker, "operations"), "R");
    assert_string_equal(office_text(maker, "value"), "Q");
    assert_int_equal(office_number(maker, "time_ms"), read_ms);
    assert_int_equal(office_number(resource_of(page, 3, 0, 9), "value"), 100);
    office_expect_json(json_object_get(resource_of(page, 3, 0, 7), "value"),
                       "{\"0\":3800,\"1\":5000}");
    read_into(o, "{\"operation\":\"read\",\"path\":\"/3303/1\"}",
              "C2 2D16 FF E4 1644 41B40000"); /* 5700 = 22.5 */
    page = office_ask(o, 200, "GET", OBJECTS, NULL);
    office_expect_json(json_object_get(resource_of(page, 3303, 1, 5700), "value"), "22.5");
    /* They are no properties. */
    page = office_ask(o, 200, "GET", "/devices/" EP "/properties", NULL);
    assert_int_equal(json_array_size(json_object_get(page, "items")), 0);
}

#define READ_19_1_0 "{\"operation\":\"read\",\"path\":\"/19/1/0\"}"

/* Guide 5.4.1: an outlet's state is JSON text at 19/1/0, and is read there. What is reported is a
 * row of data and no value. */
static void object_19_has_the_value_it_was_read_for(void **state)
{
    struct office *o = *state;
    world_register(&o->w, PORT, EP, "</3/0>,</19/0>,</19/1>");
    office_commit(o);
    world_expect(&o->w, PORT, "4401 <mid> <token> 60 52 3139 0130 0130 61 2A");
    world_answer(&o->w, PORT, BC_COAP_CONTENT, "60 61 2A FF 0200");
    (void)office_ask(o, 202, "POST", COMMANDS, READ_19_1_0);
    world_expect(&o->w, PORT, "4401 <mid> <token> B2 3139 0131 0130");
    world_answer(&o->w, PORT, BC_COAP_CONTENT, "C0 FF 7B2261223A317D"); /* {"a":1} */
    office_commit(o);
    const json_t *page = office_ask(o, 200, "GET", OBJECTS, NULL);
    assert_string_equal(office_text(resource_of(page, 19, 1, 0), "value"), "{\"a\":1}");
    assert_true(json_is_null(json_object_get(resource_of(page, 19, 0, 0), "value")));
}

static void observed_paths_are_marked(void **state)
{
    struct office *o = *state;
    world_register(&o->w, PORT, EP, LINKS);
    office_commit(o);
    (void)office_ask(o, 202, "POST", COMMANDS, "{\"operation\":\"observe\",\"path\":\"/3/0/9\"}");
    world_expect(&o->w, PORT, "4401 <mid> <token> 60 51 33 01 30 01 39");
    world_answer(&o->w, PORT, BC_COAP_CONTENT, "60 60 FF 3530"); /* 50 */
    office_commit(o);
    const json_t *page = office_ask(o, 200, "GET", OBJECTS, NULL);
    assert_true(office_flag(resource_of(page, 3, 0, 9), "observed"));
    assert_int_equal(office_number(resource_of(page, 3, 0, 9), "value"), 50);
    assert_false(office_flag(object_of(page, 3), "observed"));
}

static void status_counts_what_is_there(void **state)
{
    struct office *o = *state;
    office_add_device(o, 1, "867724030023558");
    world_register(&o->w, PORT, EP, LINKS);
    office_commit(o);
    office_wait(o, 5000);
    const json_t *status = office_ask(o, 200, "GET", "/status", NULL);
    assert_int_equal(office_number(status, "devices"), 2);
    assert_int_equal(office_number(status, "registered"), 1);
    assert_int_equal(office_number(status, "uptime_s"), 5);
    office_expect_json(json_object_get(status, "store"), "{\"state\":\"ok\",\"problem\":null}");
    o->role = API_NOBODY;
    (void)office_ask(o, 401, "GET", "/status", NULL);
}

/* Payloads -------------------------------------------------------------------------------------*/

static void expect_values(const char *path, int32_t format, const char *hex, const char *values)
{
    uint8_t bytes[200];
    struct bc_server_path at;
    bc_view digits = bc_view_of(hex);
    uint8_t *exact = malloc(digits.len / 2 + 1);
    assert_true(digits.len / 2 <= sizeof(bytes) && bc_hex_decode(digits, bytes));
    memcpy(exact, bytes, digits.len / 2);
    assert_true(bc_server_path_parse(bc_view_of(path), &at));
    json_t *decoded = objects_decode(&at, format, (bc_view){exact, digits.len / 2});
    free(exact);
    if (values == NULL)
        assert_null(decoded);
    else
        office_expect_json(decoded, values);
    json_decref(decoded);
}

static void payloads_are_what_the_table_says(void **state)
{
    (void)state;
    expect_values("/3/0/0", 0, "51", "{\"/3/0/0\":\"Q\"}");
    expect_values("/3/0/9", 0, "313030", "{\"/3/0/9\":100}");
    expect_values("/3/0/9", 0, "78", "{\"/3/0/9\":\"x\"}");
    expect_values("/3303/0/5700", -1, "32312E35", "{\"/3303/0/5700\":21.5}");
    expect_values("/3306/0/5850", 0, "31", "{\"/3306/0/5850\":true}");
    expect_values("/19/0/0", 42, "00FF", "{\"/19/0/0\":{\"hex\":\"00FF\"}}");
    expect_values("/3/0/0", 0, "00", "{\"/3/0/0\":{\"hex\":\"00\"}}");
    expect_values("/3/0/0", 0, "FF", "{\"/3/0/0\":{\"hex\":\"FF\"}}");
    expect_values("/3303", 11542, "08000741164442280000", NULL); /* no TLV within */
    expect_values("/3303", 11542, "080007E4164442280000", "{\"/3303/0/5700\":42.0}");
    expect_values("/3303/0", 11542, "E4164442280000", "{\"/3303/0/5700\":42.0}");
    expect_values("/3303/0", 11542, "E41644422800", NULL);
    expect_values("/3303/0/5700", 11542, "E81644084045000000000000", "{\"/3303/0/5700\":42.0}");
    expect_values("/3303/0/5700", 11542, "E416447FC00000", /* not a number */
                  "{\"/3303/0/5700\":{\"hex\":\"7FC00000\"}}");
    expect_values("/3303", 11542, "", "{}");
    expect_values("/3/0", 11542, "8307C10051", NULL); /* a resource within a resource */
    /* {"bn":"/3/0/","e":[{"n":"9","v":7},{"n":"0","sv":"Q"}]} */
    expect_values("/3/0", 11543,
                  "7B22626E223A222F332F302F222C2265223A5B7B226E223A2239222C2276223A377D2C7B226E22"
                  "3A2230222C227376223A2251227D5D7D",
                  "{\"/3/0/9\":7,\"/3/0/0\":\"Q\"}");
    expect_values("/3/0", 11543, "7B7D", NULL);
    expect_values("/3/0", 11543, "", NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, office_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(announced_objects_have_their_names),
        TEST(values_that_were_read_stand_in_the_tree),
        TEST(object_19_has_the_value_it_was_read_for),
        TEST(observed_paths_are_marked),
        TEST(status_counts_what_is_there),
        cmocka_unit_test(payloads_are_what_the_table_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
