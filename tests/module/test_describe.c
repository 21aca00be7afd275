/*
 * The module's state as JSON: whole, well formed, within its limit, and without keys. A reader of
 * JSON that is not ours says so (jansson).
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "desk.h"

struct page {
    char text[BC_DESCRIPTION_BYTES + 1];
    json_t *json;
};

/* What the module says now, also into a copy for searching. */
static void describe(const struct desk *d, struct page *page)
{
    bc_sink out = {.ptr = (uint8_t *)page->text, .cap = BC_DESCRIPTION_BYTES};
    json_error_t error;
    bc_module_describe(d->module, d->now_ms, &out);
    assert_false(out.full);
    page->text[out.len] = '\0';
    assert_null(memchr(page->text, '\n', out.len));
    page->json = json_loadb(page->text, out.len, JSON_REJECT_DUPLICATES, &error);
    if (page->json == NULL)
        print_error("%s at %d of %s\n", error.text, error.position, page->text);
    assert_non_null(page->json);
}

static const char *text_at(const struct page *page, const char *object, const char *name)
{
    json_t *inner = object == NULL ? page->json : json_object_get(page->json, object);
    const char *text = json_string_value(json_object_get(inner, name));
    assert_non_null(text);
    return text;
}

static json_int_t number_at(const struct page *page, const char *object, const char *name)
{
    json_t *inner = object == NULL ? page->json : json_object_get(page->json, object);
    json_t *number = json_object_get(inner, name);
    assert_true(json_is_integer(number));
    return json_integer_value(number);
}

static void registered_module_tells_its_session(void **state)
{
    (void)state;
    struct desk d;
    struct page page = {.json = NULL};
    desk_registered(&d);
    desk_observed(&d);
    desk_server(&d, "42011002A1A2 B2'19' 01'0' 01'1'");
    desk_urc(&d, "+QLAURC: \"read\",4098,19,0,1");
    desk_after(&d, 1000);
    desk_ok(&d, "AT+QLAUPDATE=0,600");
    desk_wire(&d, "4402 <mid> <token> <location> 46'lt=600'");
    describe(&d, &page);
    assert_string_equal(text_at(&page, NULL, "status_name"), "registered");
    assert_int_equal(number_at(&page, NULL, "status"), 2);
    assert_string_equal(text_at(&page, "registration", "address"), "180.101.147.115:5683");
    assert_string_equal(text_at(&page, "registration", "location"), "rd/5a3f");
    assert_int_equal(number_at(&page, "registration", "update_in_ms"), 249000);
    assert_int_equal(number_at(&page, "registration", "expires_in_ms"), 299000);
    assert_string_equal(text_at(&page, "server", "endpoint"), "867724030023557");
    assert_string_equal(text_at(&page, "radio", "state"), "connected");
    assert_int_equal(number_at(&page, "radio", "release_in_ms"), 20000);
    assert_string_equal(text_at(&page, "power", "state"), "awake");
    assert_string_equal(text_at(&page, "firmware", "step"), "idle");
    assert_int_equal(number_at(&page, "firmware", "state"), 0);
    json_t *observation = json_array_get(json_object_get(page.json, "observations"), 0);
    assert_string_equal(json_string_value(json_object_get(observation, "path")), "/19/0/0");
    json_t *request = json_array_get(json_object_get(page.json, "requests"), 0);
    assert_string_equal(json_string_value(json_object_get(request, "kind")), "read");
    assert_int_equal(json_integer_value(json_object_get(request, "mid")), 4098);
    assert_int_equal(json_integer_value(json_object_get(request, "age_ms")), 1000);
    json_t *exchange = json_array_get(json_object_get(page.json, "exchanges"), 0);
    assert_int_equal(json_integer_value(json_object_get(exchange, "mid")), d.mid);
    assert_int_equal(json_integer_value(json_object_get(exchange, "due_in_ms")), 4000);
    json_t *object = json_array_get(json_object_get(page.json, "objects"), 0);
    assert_int_equal(json_array_size(json_object_get(object, "resources")), 3);
    json_decref(page.json);
    desk_after(&d, 500); /* the read is acknowledged */
    desk_wire(&d, "60001002");
    desk_server(&d, "6444 <mid> <token>");
}

static void module_that_knows_nothing_is_described_too(void **state)
{
    (void)state;
    struct desk d;
    struct page page = {.json = NULL};
    desk_begin(&d, &(struct bc_config){.seed = 1, .attach_ms = 700});
    desk_expect(&d, POWER_UP_LINES);
    describe(&d, &page);
    assert_string_equal(text_at(&page, NULL, "status_name"), "not configured");
    assert_true(
        json_is_null(json_object_get(json_object_get(page.json, "registration"), "address")));
    assert_int_equal(number_at(&page, "radio", "attach_in_ms"), 700);
    json_decref(page.json);
    desk_power(&d, false);
    describe(&d, &page);
    assert_string_equal(text_at(&page, "power", "state"), "no supply");
    assert_true(json_is_null(json_object_get(page.json, "deadline_in_ms")));
    json_decref(page.json);
}

static void keys_and_their_identities_stay_out(void **state)
{
    (void)state;
    struct desk d;
    struct page page = {.json = NULL};
    desk_ready(&d);
    desk_ok(&d, "AT+QLACONFIG=0,\"180.101.147.115\",5684,\"endpoint\",300,0,\"SesameId\","
                "\"0123456789abcdef0123456789ABCDEF\"");
    describe(&d, &page);
    assert_int_equal(number_at(&page, "server", "security"), 0);
    assert_null(strstr(page.text, "Sesame"));
    assert_null(strstr(page.text, "0123456789abcdef"));
    assert_null(strstr(page.text, "0123456789ABCDEF"));
    assert_null(strstr(page.text, "psk"));
    json_decref(page.json);
    desk_ok(&d, "AT+QLACONFIG=0,\"180.101.147.115\",5684,\"endpoint\",300,0,\"id\","
                "\"open sesame 1\"");
    describe(&d, &page);
    assert_null(strstr(page.text, "sesame"));
    json_decref(page.json);
}

/* Names may hold any bytes but control characters; JSON must be UTF-8. */
static void names_of_any_bytes_become_utf8(void **state)
{
    static const struct {
        const char *name, *shown;
    } rows[] = {
        {"plain", "plain"},
        {"back\\slash", "back\\slash"},
        {"\xE6\xA8\xA1\xE5\x9D\x97", "\xE6\xA8\xA1\xE5\x9D\x97"},
        {"\xF0\x9F\x93\xA1!", "\xF0\x9F\x93\xA1!"},
        {"a\xFF"
         "b",
         "a\xEF\xBF\xBD"
         "b"},
        {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"cut\xE6\xA8", "cut\xEF\xBF\xBD\xEF\xBF\xBD"},
    };
    (void)state;
    struct desk d;
    struct page page = {.json = NULL};
    desk_ready(&d);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char line[200];
        snprintf(line, sizeof(line), "AT+QLACONFIG=0,\"180.101.147.115\",5683,\"%s\",300,3",
                 rows[i].name);
        desk_ok(&d, line);
        describe(&d, &page);
        assert_string_equal(text_at(&page, "server", "endpoint"), rows[i].shown);
        json_decref(page.json);
    }
}

static void sink_that_is_too_small_is_full_and_nothing_else(void **state)
{
    (void)state;
    struct desk d;
    uint8_t bytes[2000];
    desk_registered(&d);
    for (size_t cap = 0; cap <= 600; cap++) {
        bc_sink out = {.ptr = bytes, .cap = cap};
        bc_module_describe(d.module, d.now_ms, &out);
        assert_true(out.full);
        assert_true(out.len <= cap);
    }
}

static void module_with_everything_full_fits(void **state)
{
    (void)state;
    struct desk d;
    struct page page = {.json = NULL};
    char line[600];
    char name[151];
    memset(name, 0xFF, 150); /* six characters of JSON each */
    name[150] = '\0';
    desk_ready(&d);
    snprintf(line, sizeof(line), "AT+QLACONFIG=0,\"%s\",65535,\"%s\",31536000,3", name, name);
    desk_ok(&d, line);
    for (unsigned i = 0; i < 12; i++) {
        snprintf(line, sizeof(line),
                 "AT+QLAADDOBJ=%u,%u,14,65535,65534,65533,65532,65531,65530,65529,65528,65527,"
                 "65526,65525,65524,65523,65522",
                 65000 + i / 4, 65530 + i % 4);
        desk_ok(&d, line);
    }
    describe(&d, &page);
    /* Beyond that: 16 observations, 8 requests, 8 exchanges and a location, 100 bytes each. */
    assert_true(strlen(page.text) + 33 * 100 < BC_DESCRIPTION_BYTES);
    json_decref(page.json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registered_module_tells_its_session),
        cmocka_unit_test(module_that_knows_nothing_is_described_too),
        cmocka_unit_test(keys_and_their_identities_stay_out),
        cmocka_unit_test(names_of_any_bytes_become_utf8),
        cmocka_unit_test(sink_that_is_too_small_is_full_and_nothing_else),
        cmocka_unit_test(module_with_everything_full_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
