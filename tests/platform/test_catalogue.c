/*
 * Products and devices as REST resources (platform/service): what a user says is kept, checked,
 * found again, and is what the server core goes by.
 */
#define _GNU_SOURCE
#include "office.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accounts.h"
#include "base/sink.h"
#include "catalogue.h"
#include "fota_store.h"

#define IMEI "867724030023557"
#define IMSI "460111174747875"
#define LINKS "</3/0>,</19/0>,</3303/0>"
#define PORT 7001
#define KEY "000102030405060708090A0B0C0D0E0F"

/* What config.set_key was told. */
static struct {
    char identity[160];
    char endpoint[160];
    size_t key_bytes;
    unsigned calls;
    const char *refusal;
} key;

static const char *set_key(void *context, bc_view endpoint, bc_view identity, bc_view bytes)
{
    (void)context;
    key.calls++;
    if (key.refusal != NULL && bytes.len > 0)
        return key.refusal;
    snprintf(key.endpoint, sizeof(key.endpoint), "%.*s", (int)endpoint.len, endpoint.ptr);
    snprintf(key.identity, sizeof(key.identity), "%.*s", (int)identity.len,
             identity.len == 0 ? (const uint8_t *)"" : identity.ptr);
    key.key_bytes = bytes.len;
    return NULL;
}

static int begin(void **state, const struct service_config *config, bool in_file)
{
    struct office *o = calloc(1, sizeof(*o));
    assert_non_null(o);
    memset(&key, 0, sizeof(key));
    o->config = *config;
    office_begin(o, in_file);
    *state = o;
    return 0;
}

static int setup(void **state)
{
    return begin(state, &(struct service_config){.set_key = set_key}, false);
}

static int setup_open(void **state)
{
    return begin(state, &(struct service_config){.open = bc_server_carrier_find("iot")}, false);
}

static int setup_file(void **state)
{
    return begin(state, &(struct service_config){.set_key = set_key}, true);
}

/* A device speaks; what it is told is not looked at. */
static void registers(struct office *o, const char *endpoint)
{
    (void)world_register_silently(&o->w, PORT, endpoint, LINKS);
    office_commit(o);
    world_take_all(&o->w);
}

static bool is_registered(const struct office *o, const char *endpoint)
{
    struct bc_server_device device;
    return bc_server_find(o->w.server, bc_view_of(endpoint), &device);
}

/* Products -------------------------------------------------------------------------------------*/

static void product_has_sensible_defaults(void **state)
{
    struct office *o = *state;
    const json_t *product =
        office_ask(o, 201, "POST", "/products", "{\"name\":\"Meters\",\"carrier\":\"aep\"}");
    assert_int_equal(office_number(product, "created_ms"), office_now(o).utc_ms);
    office_expect_json(
        product, "{\"id\":1,\"name\":\"Meters\",\"carrier\":\"aep\",\"project\":\"\","
                 "\"manufacturer_id\":\"\",\"manufacturer\":\"\",\"model\":\"\",\"industry\":\"\","
                 "\"device_type\":\"\",\"protocol\":\"LWM2M\",\"data_format\":\"binary\","
                 "\"category\":\"\",\"node_type\":\"device\",\"access\":\"direct\","
                 "\"network\":\"NB-IoT\",\"security\":\"plain\",\"auth\":\"imei\","
                 "\"endpoint_format\":\"{imei}\",\"payload\":\"transparent\","
                 "\"power_saving\":\"none\",\"product_id\":\"\",\"observe_all\":false,"
                 "\"description\":\"\",\"codec\":{\"kind\":\"none\",\"deployed\":false},"
                 "\"model_published\":false,\"device_count\":0,\"created_ms\":1790001000000}");
    char *before = json_dumps(o->answer.body, JSON_SORT_KEYS);
    char *after = json_dumps(office_ask(o, 200, "GET", "/products/1", NULL), JSON_SORT_KEYS);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void product_changes_only_where_it_is_told(void **state)
{
    struct office *o = *state;
    (void)office_ask(o, 201, "POST", "/products",
                     "{\"name\":\"Meters\",\"carrier\":\"aep\",\"model\":\"M1\","
                     "\"observe_all\":true}");
    office_forget(o);
    const json_t *product = office_ask(o, 200, "PATCH", "/products/1",
                                       "{\"name\":\"Gauges\",\"carrier\":\"aep\","
                                       "\"power_saving\":\"psm\"}");
    assert_string_equal(office_text(product, "name"), "Gauges");
    assert_string_equal(office_text(product, "model"), "M1");
    assert_string_equal(office_text(product, "power_saving"), "psm");
    assert_true(office_flag(product, "observe_all"));
    const struct office_told *told = office_expect_told(o, SERVICE_PRODUCT);
    assert_string_equal(office_text(told->body, "change"), "changed");
    assert_int_equal(told->product, 1);
}

static void product_keeps_its_carrier(void **state)
{
    struct office *o = *state;
    (void)office_add_product(o, "Meters", "aep");
    const json_t *problem =
        office_ask(o, 422, "PATCH", "/products/1", "{\"carrier\":\"iot\",\"model\":\"x\"}");
    assert_string_equal(office_text(problem, "field"), "carrier");
    assert_string_equal(office_text(office_ask(o, 200, "GET", "/products/1", NULL), "model"), "");
}

static void names_of_products_are_unique(void **state)
{
    struct office *o = *state;
    (void)office_add_product(o, "A", "aep");
    (void)office_add_product(o, "B", "aep");
    const char *again = "{\"name\":\"A\",\"carrier\":\"iot\"}";
    assert_string_equal(office_text(office_ask(o, 409, "POST", "/products", again), "field"),
                        "name");
    (void)office_ask(o, 409, "PATCH", "/products/2", "{\"name\":\"A\"}");
    (void)office_ask(o, 200, "PATCH", "/products/1", "{\"name\":\"A\"}");
}

static void bad_products_are_refused_by_field(void **state)
{
    struct office *o = *state;
    static const struct {
        const char *body, *field;
    } bad[] = {
        {"{\"carrier\":\"iot\"}", "name"},
        {"{\"name\":\"\",\"carrier\":\"iot\"}", "name"},
        {"{\"name\":\"A\",\"carrier\":\"vodafone\"}", "carrier"},
        {"{\"name\":\"A\",\"carrier\":\"iot\",\"observe_all\":1}", "observe_all"},
        {"{\"name\":\"A\",\"carrier\":\"iot\",\"endpoint_format\":\"{mac}\"}", "endpoint_format"},
    };
    for (size_t i = 0; i < API_COUNT(bad); i++)
        assert_string_equal(
            office_text(office_ask(o, 422, "POST", "/products", bad[i].body), "field"),
            bad[i].field);
    (void)office_ask(o, 422, "POST", "/products", "{\"name\":\"A\",\"carrier\":\"iot\",\"id\":7}");
    (void)office_ask(o, 400, "POST", "/products", "{\"name\":");
    (void)office_ask(o, 404, "GET", "/products/1", NULL);
    (void)office_ask(o, 404, "GET", "/products/x", NULL);
    (void)office_ask(o, 404, "DELETE", "/products/99999999999999999999", NULL);
}

static void injections_are_names_like_others(void **state)
{
    struct office *o = *state;
    static const char *const names[] = {
        "'; DROP TABLE products; --",
        "<script>alert(1)</script>",
        "%_' OR 1=1",
        "\xE6\xB0\xB4\xE8\xA1\xA8",
    };
    for (size_t i = 0; i < API_COUNT(names); i++) {
        (void)office_add_product(o, names[i], "iot");
        assert_string_equal(office_text(o->answer.body, "name"), names[i]);
    }
    const json_t *list = office_ask(o, 200, "GET", "/products?search=%_'", NULL);
    assert_int_equal(json_array_size(json_object_get(list, "items")), 1);
    list = office_ask(o, 200, "GET", "/products?search=SCRIPT", NULL);
    assert_int_equal(json_array_size(json_object_get(list, "items")), 1);
}

static void products_come_in_pages(void **state)
{
    struct office *o = *state;
    char query[80] = "/products?limit=2";
    const char *const expected[] = {"AB", "CD", "E"};
    for (char name[] = "A"; name[0] <= 'E'; name[0]++)
        (void)office_add_product(o, name, "iot");
    for (size_t page = 0; page < 3; page++) {
        char names[3] = "";
        const json_t *list = office_ask(o, 200, "GET", query, NULL);
        const json_t *items = json_object_get(list, "items");
        for (size_t i = 0; i < json_array_size(items); i++)
            names[i] = office_text(json_array_get(items, i), "name")[0];
        assert_string_equal(names, expected[page]);
        const json_t *next = json_object_get(list, "next");
        assert_int_equal(json_is_null(next), page == 2);
        snprintf(query, sizeof(query), "/products?limit=2&cursor=%s",
                 page == 2 ? "" : json_string_value(next));
    }
}

static void product_with_devices_stays(void **state)
{
    struct office *o = *state;
    int64_t product = office_add_product(o, "Meters", "iot");
    office_add_device(o, product, IMEI);
    (void)office_ask(o, 409, "DELETE", "/products/1", NULL);
    (void)office_ask(o, 204, "DELETE", "/devices/" IMEI, NULL);
    (void)office_ask(o, 204, "DELETE", "/products/1", NULL);
    (void)office_ask(o, 404, "GET", "/products/1", NULL);
    assert_int_equal(office_add_product(o, "Meters", "iot"), 2); /* a number is never used twice */
}

static void only_admins_change_products(void **state)
{
    struct office *o = *state;
    (void)office_add_product(o, "Meters", "iot");
    o->role = API_OPERATOR;
    (void)office_ask(o, 403, "POST", "/products", "{\"name\":\"A\",\"carrier\":\"iot\"}");
    (void)office_ask(o, 403, "DELETE", "/products/1", NULL);
    (void)office_ask(o, 403, "GET", "/tokens", NULL);
    o->role = API_VIEWER;
    (void)office_ask(o, 200, "GET", "/products/1", NULL);
    (void)office_ask(o, 403, "POST", "/devices", "{\"product\":1,\"imei\":\"" IMEI "\"}");
}

/* Devices --------------------------------------------------------------------------------------*/

static void device_is_there_before_it_registers(void **state)
{
    struct office *o = *state;
    int64_t product = office_add_product(o, "Meters", "iot");
    office_add_device(o, product, IMEI);
    office_expect_json(
        office_ask(o, 200, "GET", "/devices/" IMEI, NULL),
        "{\"endpoint\":\"" IMEI "\",\"href\":\"/api/v1/devices/" IMEI "\",\"product\":1,"
        "\"name\":\"\",\"imei\":\"" IMEI "\",\"imsi\":\"\",\"device_key\":\"\",\"remark\":\"\","
        "\"subscription\":\"auto\",\"encrypted\":false,\"created_ms\":1790001000000,"
        "\"registration\":null,\"online\":false,\"awake\":null,\"commands_waiting\":0,"
        "\"group\":1,\"virtual\":false}");
    assert_int_equal(office_number(office_ask(o, 200, "GET", "/products/1", NULL), "device_count"),
                     1);
    const struct office_told *told = office_expect_told(o, SERVICE_DEVICE);
    assert_string_equal(told->endpoint, IMEI);
    assert_int_equal(told->product, product);
}

static void registration_is_shown(void **state)
{
    struct office *o = *state;
    office_add_device(o, office_add_product(o, "Meters", "iot"), IMEI);
    office_forget(o);
    registers(o, IMEI);
    o->w.now_ms += 5000;
    const json_t *device = office_ask(o, 200, "GET", "/devices/" IMEI, NULL);
    assert_true(office_flag(device, "online"));
    const json_t *registration = json_object_get(device, "registration");
    assert_string_equal(office_text(registration, "id"), o->w.id);
    assert_string_equal(office_text(registration, "address"), "127.0.0.1:7001");
    assert_string_equal(office_text(registration, "listener"), "coap");
    assert_int_equal(office_number(registration, "lifetime_s"), 300);
    assert_int_equal(office_number(registration, "seen_ms"), office_now(o).utc_ms - 5000);
    assert_int_equal(office_number(registration, "expires_ms"),
                     office_now(o).utc_ms - 5000 + (300 + 247) * 1000);
    office_expect_json(json_object_get(registration, "observations"), "[]");
    const struct office_told *told = office_expect_told(o, SERVICE_REGISTERED);
    assert_string_equal(told->endpoint, IMEI);
    assert_int_equal(told->product, 1);
    assert_string_equal(office_text(json_object_get(told->body, "registration"), "id"), o->w.id);
}

static void only_provisioned_devices_may_register(void **state)
{
    struct office *o = *state;
    registers(o, IMEI);
    assert_false(is_registered(o, IMEI));
    office_add_device(o, office_add_product(o, "Meters", "iot"), IMEI);
    registers(o, IMEI);
    assert_true(is_registered(o, IMEI));
}

/* As Which carrier, and whether everything is observed, is its product's business. */
static void core_goes_by_the_product(void **state)
{
    struct office *o = *state;
    struct bc_server_product product;
    (void)office_ask(o, 201, "POST", "/products",
                     "{\"name\":\"A\",\"carrier\":\"aep\",\"observe_all\":true}");
    office_add_device(o, 1, IMEI);
    assert_true(service_find_product(o->service, BC_TEXT(IMEI), &product));
    assert_string_equal(product.carrier->name, "aep");
    assert_true(product.observe_all);
    assert_false(product.by_hand);
    (void)office_ask(o, 200, "PATCH", "/products/1", "{\"observe_all\":false}");
    (void)office_ask(o, 200, "PATCH", "/devices/" IMEI, "{\"subscription\":\"manual\"}");
    assert_true(service_find_product(o->service, BC_TEXT(IMEI), &product));
    assert_false(product.observe_all);
    assert_true(product.by_hand);
    assert_false(service_find_product(o->service, BC_TEXT("866971030603068"), &product));
}

static void andlink_product_id_is_asked_for(void **state)
{
    struct office *o = *state;
    (void)office_ask(o, 201, "POST", "/products",
                     "{\"name\":\"A\",\"carrier\":\"andlink\",\"product_id\":\"590288\"}");
    office_add_device(o, 1, IMEI);
    assert_true(service_accepts_product_id(o->service, BC_TEXT(IMEI), BC_TEXT("590288")));
    assert_false(service_accepts_product_id(o->service, BC_TEXT(IMEI), BC_TEXT("590289")));
    assert_false(service_accepts_product_id(o->service, BC_TEXT(IMEI), BC_TEXT("")));
    (void)office_ask(o, 200, "PATCH", "/products/1", "{\"product_id\":\"\"}");
    assert_true(service_accepts_product_id(o->service, BC_TEXT(IMEI), BC_TEXT("590289")));
}

static void endpoint_is_named_by_the_products_format(void **state)
{
    struct office *o = *state;
    static const struct {
        const char *format, *endpoint, *href;
    } formats[] = {
        {"{imei}", IMEI, IMEI},
        {"urn:imei:{imei}", "urn:imei:" IMEI, "urn%3Aimei%3A" IMEI},
        {"urn:imei-imsi:{imei}-{imsi}", "urn:imei-imsi:" IMEI "-" IMSI,
         "urn%3Aimei-imsi%3A" IMEI "-" IMSI},
        {"{imei};{imsi}", IMEI ";" IMSI, IMEI "%3B" IMSI},
    };
    for (size_t i = 0; i < API_COUNT(formats); i++) {
        char body[200], href[100];
        snprintf(body, sizeof(body),
                 "{\"name\":\"P%zu\",\"carrier\":\"aep\",\"endpoint_format\":\"%s\"}", i,
                 formats[i].format);
        int64_t product = office_number(office_ask(o, 201, "POST", "/products", body), "id");
        snprintf(body, sizeof(body), "{\"product\":%d,\"imei\":\"" IMEI "\",\"imsi\":\"" IMSI "\"}",
                 (int)product);
        const json_t *device = office_ask(o, 201, "POST", "/devices", body);
        assert_string_equal(office_text(device, "endpoint"), formats[i].endpoint);
        snprintf(href, sizeof(href), "/api/v1/devices/%s", formats[i].href);
        assert_string_equal(office_text(device, "href"), href);
        (void)office_ask(o, 200, "GET", href + strlen("/api/v1"), NULL);
    }
    (void)office_ask(o, 422, "POST", "/devices", "{\"product\":4,\"imei\":\"" IMEI "\"}");
    assert_string_equal(o->answer.field, "imsi");
}

static void bad_devices_are_refused_by_field(void **state)
{
    struct office *o = *state;
    (void)office_add_product(o, "Meters", "iot");
    static const struct {
        const char *body, *field;
    } bad[] = {
        {"{\"imei\":\"" IMEI "\"}", "product"},
        {"{\"product\":9,\"imei\":\"" IMEI "\"}", "product"},
        {"{\"product\":1}", "imei"},
        {"{\"product\":1,\"imei\":\"12345\"}", "imei"},
        {"{\"product\":1,\"imei\":\"86772403002355x\"}", "imei"},
        {"{\"product\":1,\"imei\":\"" IMEI "\",\"imsi\":\"x\"}", "imsi"},
        {"{\"product\":1,\"imei\":\"" IMEI "\",\"subscription\":\"never\"}", "subscription"},
        {"{\"product\":1,\"endpoint\":\"\"}", "endpoint"},
        {"{\"product\":1,\"endpoint\":\"e\",\"psk\":{\"identity\":\"i\"}}", "key_hex"},
        {"{\"product\":1,\"endpoint\":\"e\",\"psk\":{\"identity\":\"i\",\"key_hex\":\"0x\"}}",
         "key_hex"},
        {"{\"product\":1,\"endpoint\":\"e\",\"psk\":{\"identity\":\"i\",\"key_hex\":\"123\"}}",
         "key_hex"},
    };
    for (size_t i = 0; i < API_COUNT(bad); i++)
        assert_string_equal(
            office_text(office_ask(o, 422, "POST", "/devices", bad[i].body), "field"),
            bad[i].field);
    (void)office_ask(o, 422, "PATCH", "/devices/x", "{\"endpoint\":\"e\"}");
    (void)office_ask(o, 404, "PATCH", "/devices/x", "{\"name\":\"e\"}");
    (void)office_ask(o, 404, "GET", "/devices/x", NULL);
    (void)office_ask(o, 404, "DELETE", "/devices/x", NULL);
    office_add_device(o, 1, IMEI);
    (void)office_ask(o, 409, "POST", "/devices", "{\"product\":1,\"endpoint\":\"" IMEI "\"}");
    assert_int_equal(office_number(office_ask(o, 200, "GET", "/products/1", NULL), "device_count"),
                     1);
    assert_int_equal(key.calls, 0);
}

static void device_changes_only_where_it_is_told(void **state)
{
    struct office *o = *state;
    (void)office_add_product(o, "Meters", "iot");
    (void)office_ask(o, 201, "POST", "/devices",
                     "{\"product\":1,\"endpoint\":\"e\",\"name\":\"N\",\"remark\":\"R\"}");
    const json_t *device =
        office_ask(o, 200, "PATCH", "/devices/e", "{\"device_key\":\"K\",\"imsi\":\"" IMSI "\"}");
    assert_string_equal(office_text(device, "name"), "N");
    assert_string_equal(office_text(device, "remark"), "R");
    assert_string_equal(office_text(device, "device_key"), "K");
    assert_string_equal(office_text(device, "imsi"), IMSI);
    device = office_ask(o, 200, "PATCH", "/devices/e", "{\"name\":\"\",\"imsi\":\"\"}");
    assert_string_equal(office_text(device, "name"), "");
    assert_string_equal(office_text(device, "imsi"), "");
}

static size_t count_items(const json_t *list)
{
    return json_array_size(json_object_get(list, "items"));
}

static int64_t devices_of(struct office *o, int product)
{
    char place[40];
    snprintf(place, sizeof(place), "/products/%d", product);
    return office_number(office_ask(o, 200, "GET", place, NULL), "device_count");
}

#define MOVE(product) "{\"product\":" #product "}"

/* What it says now is its old carrier's; what it says when it has registered anew is the other's.
 */
static void device_moves_to_another_product(void **state)
{
    struct office *o = *state;
    struct bc_server_device device;
    (void)office_add_product(o, "Meters", "iot");
    (void)office_add_product(o, "Lamps", "dmp");
    office_add_device(o, 1, IMEI);
    (void)office_ask(o, 201, "POST", "/groups", "{\"name\":\"North\"}");
    (void)office_ask(o, 204, "PUT", "/groups/2/devices/" IMEI, NULL);
    registers(o, IMEI);
    const json_t *problem = office_ask(o, 422, "PATCH", "/devices/" IMEI, MOVE(3));
    assert_string_equal(office_text(problem, "field"), "product");
    const json_t *moved = office_ask(o, 200, "PATCH", "/devices/" IMEI, MOVE(2));
    assert_int_equal(office_number(moved, "product"), 2);
    assert_int_equal(office_number(moved, "group"), 2);
    assert_int_equal(devices_of(o, 1), 0);
    assert_int_equal(devices_of(o, 2), 1);
    assert_true(bc_server_find(o->w.server, BC_TEXT(IMEI), &device));
    assert_string_equal(device.carrier->name, "iot");
    registers(o, IMEI);
    assert_true(bc_server_find(o->w.server, BC_TEXT(IMEI), &device));
    assert_string_equal(device.carrier->name, "dmp");
    (void)office_ask(o, 200, "PATCH", "/devices/" IMEI, "{\"product\":2,\"name\":\"Hall\"}");
    assert_int_equal(devices_of(o, 2), 1);
    (void)office_ask(o, 204, "DELETE", "/products/1", NULL);
    (void)office_ask(o, 409, "DELETE", "/products/2", NULL);
}

/* Firmware is its product's. */
static void device_with_a_running_task_stays(void **state)
{
    struct office *o = *state;
    struct bc_fota_task task = {
        .name = BC_TEXT("T"), .firmware = 1, .settings = BC_TEXT("{}"), .state = BC_FOTA_RUNNING};
    bool added = false;
    office_add_device(o, office_add_product(o, "Meters", "iot"), IMEI);
    (void)office_add_product(o, "Lamps", "dmp");
    task.id = bc_fota_add_task(o->store, &task);
    assert_true(bc_fota_add_device(o->store, task.id, BC_TEXT(IMEI), 0, &added));
    assert_true(bc_fota_put_task(o->store, &task));
    (void)office_ask(o, 409, "PATCH", "/devices/" IMEI, MOVE(2));
    (void)office_ask(o, 200, "PATCH", "/devices/" IMEI, MOVE(1)); /* where it is */
    assert_int_equal(devices_of(o, 1), 1);
    assert_true(bc_fota_drop_task(o->store, task.id));
    (void)office_ask(o, 200, "PATCH", "/devices/" IMEI, MOVE(2));
}

/* Whether DTLS is wanted follows the product at once, and is nobody else's business. */
static void product_may_want_dtls(void **state)
{
    struct office *o = *state;
    office_add_device(o, office_add_product(o, "Meters", "iot"), IMEI);
    registers(o, IMEI);
    assert_true(is_registered(o, IMEI));
    (void)office_ask(o, 201, "POST", "/products",
                     "{\"name\":\"A\",\"carrier\":\"aep\",\"security\":\"dtls\"}");
    office_add_device(o, 2, "866971030603068");
    registers(o, "866971030603068");
    assert_false(is_registered(o, "866971030603068"));
    assert_false(service_wants_security(o->service, BC_TEXT(IMEI)));
    (void)office_ask(o, 200, "PATCH", "/products/2", "{\"security\":\"plain\"}");
    registers(o, "866971030603068");
    assert_true(is_registered(o, "866971030603068"));
    assert_false(service_wants_security(o->service, BC_TEXT("nobody")));
}

static void removed_device_is_gone(void **state)
{
    struct office *o = *state;
    office_add_device(o, office_add_product(o, "Meters", "iot"), IMEI);
    registers(o, IMEI);
    office_forget(o);
    (void)office_ask(o, 204, "DELETE", "/devices/" IMEI, NULL);
    assert_false(is_registered(o, IMEI));
    (void)office_ask(o, 404, "GET", "/devices/" IMEI, NULL);
    assert_string_equal(office_text(office_expect_told(o, SERVICE_DEREGISTERED)->body, "reason"),
                        "the platform has removed the device");
    const struct office_told *told = office_expect_told(o, SERVICE_DEVICE);
    assert_string_equal(office_text(told->body, "change"), "removed");
    assert_int_equal(told->product, 1);
    struct bc_store_range range;
    assert_false(bc_store_range(o->store, BC_TEXT(IMEI), &range));
    registers(o, IMEI);
    assert_false(is_registered(o, IMEI));
    for (int i = 0; i < 4; i++)
        office_wait(o, 20);
    assert_int_equal(bc_catalogue_sweep(o->store), false);
    assert_int_equal(count_items(office_ask(o, 200, "GET", "/devices", NULL)), 0);
}

static void devices_are_found(void **state)
{
    struct office *o = *state;
    (void)office_add_product(o, "A", "iot");
    (void)office_add_product(o, "B", "iot");
    office_add_device(o, 1, "860000000000001");
    office_add_device(o, 2, "860000000000002");
    (void)office_ask(o, 201, "POST", "/devices",
                     "{\"product\":2,\"endpoint\":\"sn-77\",\"name\":\"Cellar\"}");
    registers(o, "860000000000002");
    assert_int_equal(count_items(office_ask(o, 200, "GET", "/devices", NULL)), 3);
    assert_true(json_is_null(json_object_get(o->answer.body, "next")));
    static const struct {
        const char *query;
        size_t count;
    } queries[] = {
        {"product=1", 1},
        {"product=2", 2},
        {"product=3", 0},
        {"online=true", 1},
        {"online=false", 2},
        {"search=0000", 2},
        {"search=cELL", 1},
        {"search=n-7", 1},
        {"search=none", 0},
        {"product=2&search=86", 1},
        {"online=true&product=1", 0},
    };
    for (size_t i = 0; i < API_COUNT(queries); i++) {
        char query[64];
        snprintf(query, sizeof(query), "/devices?%s", queries[i].query);
        assert_int_equal(count_items(office_ask(o, 200, "GET", query, NULL)), queries[i].count);
    }
}

/* Those of --open come behind, and each device once. */
static void pages_hold_all_devices_once(void **state)
{
    struct office *o = *state;
    char seen[16] = "";
    size_t count = 0;
    char query[64] = "/devices?limit=2";
    const char *next;
    (void)office_add_product(o, "A", "iot");
    static const char *const registering[] = {"a", "x", "b", "y", "z"};
    (void)office_ask(o, 201, "POST", "/devices", "{\"product\":1,\"endpoint\":\"a\"}");
    (void)office_ask(o, 201, "POST", "/devices", "{\"product\":1,\"endpoint\":\"b\"}");
    (void)office_ask(o, 201, "POST", "/devices", "{\"product\":1,\"endpoint\":\"c\"}");
    for (size_t i = 0; i < API_COUNT(registering); i++)
        registers(o, registering[i]);
    do {
        const json_t *list = office_ask(o, 200, "GET", query, NULL);
        const json_t *items = json_object_get(list, "items");
        assert_true(json_array_size(items) <= 2 && count + 2 < sizeof(seen));
        for (size_t i = 0; i < json_array_size(items); i++)
            seen[count++] = office_text(json_array_get(items, i), "endpoint")[0];
        next = json_string_value(json_object_get(list, "next"));
        snprintf(query, sizeof(query), "/devices?limit=2&cursor=%s", next == NULL ? "" : next);
    } while (next != NULL);
    assert_string_equal(seen, "abcxyz");
    const json_t *stray = office_ask(o, 200, "GET", "/devices/x", NULL);
    assert_true(json_is_null(json_object_get(stray, "product")));
    assert_true(office_flag(stray, "online"));
    (void)office_ask(o, 409, "PATCH", "/devices/x", "{\"name\":\"X\"}");
    (void)office_ask(o, 201, "POST", "/devices", "{\"product\":1,\"endpoint\":\"x\"}");
    (void)office_ask(o, 204, "DELETE", "/devices/y", NULL);
    assert_int_equal(count_items(office_ask(o, 200, "GET", "/devices", NULL)), 5);
}

/* "e", an octet that is no UTF-8, "/" and a quote. */
static void odd_endpoints_are_reached(void **state)
{
    struct office *o = *state;
    world_feed(&o->w, PORT, "40 02 1234 B2 7264 49 6C776D326D3D312E30 07 65703D 65FF2F22");
    office_commit(o);
    world_take_all(&o->w);
    const json_t *list = office_ask(o, 200, "GET", "/devices", NULL);
    const json_t *device = json_array_get(json_object_get(list, "items"), 0);
    assert_string_equal(office_text(device, "endpoint"), "e\xEF\xBF\xBD/\"");
    assert_string_equal(office_text(device, "endpoint_hex"), "65FF2F22");
    assert_string_equal(office_text(device, "href"), "/api/v1/devices/e%FF%2F%22");
    device = office_ask(o, 200, "GET", "/devices/e%FF%2F%22", NULL);
    assert_true(office_flag(device, "online"));
    (void)office_ask(o, 204, "DELETE", "/devices/e%FF%2F%22", NULL);
    assert_int_equal(bc_server_device_count(o->w.server), 0);
}

static void sleeping_device_is_awake_after_it_has_spoken(void **state)
{
    struct office *o = *state;
    (void)office_ask(o, 201, "POST", "/products",
                     "{\"name\":\"A\",\"carrier\":\"aep\",\"power_saving\":\"psm\"}");
    office_add_device(o, 1, IMEI);
    registers(o, IMEI);
    assert_true(office_flag(office_ask(o, 200, "GET", "/devices/" IMEI, NULL), "awake"));
    o->w.now_ms += 93000;
    assert_false(office_flag(office_ask(o, 200, "GET", "/devices/" IMEI, NULL), "awake"));
    (void)office_ask(o, 200, "PATCH", "/products/1", "{\"power_saving\":\"none\"}");
    (void)office_ask(o, 200, "GET", "/devices/" IMEI, NULL);
    assert_true(json_is_null(json_object_get(o->answer.body, "awake")));
}

/* Keys -----------------------------------------------------------------------------------------*/

#define WITH_KEY(endpoint, identity)                                                       \
    "{\"product\":1,\"endpoint\":\"" endpoint "\",\"psk\":{\"identity\":\"" identity "\"," \
    "\"key_hex\":\"" KEY "\"}}"

static void key_is_handed_over_and_never_read(void **state)
{
    struct office *o = *state;
    (void)office_add_product(o, "Meters", "iot");
    const json_t *device = office_ask(o, 201, "POST", "/devices", WITH_KEY("e", "id-1"));
    assert_true(office_flag(device, "encrypted"));
    char *text = json_dumps(device, 0);
    assert_null(strstr(text, "psk"));
    assert_null(strstr(text, "id-1"));
    assert_null(strcasestr(text, KEY));
    free(text);
    assert_string_equal(key.endpoint, "e");
    assert_string_equal(key.identity, "id-1");
    assert_int_equal(key.key_bytes, 16);
    device = office_ask(o, 200, "PATCH", "/devices/e", "{\"psk\":null}");
    assert_false(office_flag(device, "encrypted"));
    assert_int_equal(key.key_bytes, 0);
    unsigned calls = key.calls;
    (void)office_ask(o, 200, "PATCH", "/devices/e", "{\"psk\":null}");
    (void)office_ask(o, 200, "PATCH", "/devices/e", "{\"name\":\"N\"}");
    assert_int_equal(key.calls, calls);
}

static void identity_belongs_to_one_device(void **state)
{
    struct office *o = *state;
    (void)office_add_product(o, "Meters", "iot");
    (void)office_ask(o, 201, "POST", "/devices", WITH_KEY("e", "id-1"));
    const json_t *problem = office_ask(o, 409, "POST", "/devices", WITH_KEY("f", "id-1"));
    assert_string_equal(office_text(problem, "field"), "identity");
    (void)office_ask(o, 404, "GET", "/devices/f", NULL);
    (void)office_ask(o, 200, "PATCH", "/devices/e",
                     "{\"psk\":{\"identity\":\"id-1\",\"key_hex\":\"FF\"}}");
    assert_int_equal(key.key_bytes, 1);
}

static void key_that_is_not_taken_changes_nothing(void **state)
{
    struct office *o = *state;
    (void)office_add_product(o, "Meters", "iot");
    (void)office_ask(o, 201, "POST", "/devices", WITH_KEY("e", "id-1"));
    key.refusal = "there is one in the file";
    const json_t *problem = office_ask(o, 409, "POST", "/devices", WITH_KEY("f", "id-2"));
    assert_non_null(strstr(office_text(problem, "detail"), "there is one in the file"));
    (void)office_ask(o, 404, "GET", "/devices/f", NULL);
    key.refusal = NULL;
}

static void removed_device_has_no_key(void **state)
{
    struct office *o = *state;
    (void)office_add_product(o, "Meters", "iot");
    (void)office_ask(o, 201, "POST", "/devices", WITH_KEY("e", "id-1"));
    (void)office_ask(o, 204, "DELETE", "/devices/e", NULL);
    assert_int_equal(key.key_bytes, 0);
    (void)office_ask(o, 201, "POST", "/devices", WITH_KEY("f", "id-1"));
}

static void everything_is_there_after_a_restart(void **state)
{
    struct office *o = *state;
    (void)office_add_product(o, "Meters", "iot");
    (void)office_ask(o, 201, "POST", "/devices", WITH_KEY("e", "id-1"));
    registers(o, "e");
    char *before = json_dumps(office_ask(o, 200, "GET", "/devices/e", NULL), JSON_SORT_KEYS);
    memset(&key, 0, sizeof(key));
    office_restart(o);
    assert_int_equal(key.calls, 1);
    assert_string_equal(key.identity, "id-1");
    assert_int_equal(key.key_bytes, 16);
    char *after = json_dumps(office_ask(o, 200, "GET", "/devices/e", NULL), JSON_SORT_KEYS);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void what_is_not_committed_did_not_happen(void **state)
{
    struct office *o = *state;
    struct service_webhook webhook;
    (void)office_add_product(o, "Meters", "iot");
    (void)office_ask(o, 201, "POST", "/devices", WITH_KEY("e", "id-1"));
    registers(o, "e");
    office_forget(o);
    o->fails = true;
    (void)office_ask(o, 200, "PATCH", "/devices/e",
                     "{\"name\":\"N\",\"psk\":{\"identity\":\"id-2\",\"key_hex\":\"FF\"}}");
    assert_int_equal(o->told_count, 0);
    assert_string_equal(key.identity, "id-1");
    assert_int_equal(key.key_bytes, 16);
    assert_string_equal(office_text(office_ask(o, 200, "GET", "/devices/e", NULL), "name"), "");
    o->fails = true;
    (void)office_ask(o, 201, "POST", "/webhooks",
                     "{\"url\":\"http://example.org\",\"events\":[\"data\"]}");
    assert_false(service_webhook_at(o->service, 0, &webhook));
    o->fails = true;
    (void)office_ask(o, 204, "DELETE", "/devices/e", NULL);
    assert_int_equal(key.key_bytes, 16);
    assert_false(office_flag(office_ask(o, 200, "GET", "/devices/e", NULL), "online"));
    registers(o, "e");
    assert_true(is_registered(o, "e"));
}

static void nothing_is_changed_while_the_store_fails(void **state)
{
    struct office *o = *state;
    (void)office_add_product(o, "Meters", "iot");
    (void)office_ask(o, 201, "POST", "/devices", WITH_KEY("e", "id-1"));
    registers(o, "e");
    unsigned calls = key.calls;
    o->broken = true;
    (void)office_ask(o, 503, "POST", "/products", "{\"name\":\"A\",\"carrier\":\"iot\"}");
    (void)office_ask(o, 503, "PATCH", "/products/1", "{\"name\":\"A\"}");
    (void)office_ask(o, 503, "POST", "/devices", "{\"product\":1,\"endpoint\":\"f\"}");
    (void)office_ask(o, 503, "PATCH", "/devices/e", "{\"name\":\"A\"}");
    (void)office_ask(o, 503, "DELETE", "/devices/e", NULL);
    (void)office_ask(o, 503, "POST", "/tokens", "{\"name\":\"a\",\"role\":\"viewer\"}");
    (void)office_ask(o, 503, "POST", "/webhooks",
                     "{\"url\":\"http://example.org\",\"events\":[\"data\"]}");
    (void)office_ask(o, 200, "GET", "/devices/e", NULL);
    assert_true(is_registered(o, "e"));
    assert_int_equal(key.calls, calls);
    o->broken = false;
    office_commit(o);
    (void)office_ask(o, 204, "DELETE", "/devices/e", NULL);
}

/* Documents ------------------------------------------------------------------------------------*/

#define PROFILE                                                                               \
    "{\"devices\":[{\"manufacturerId\":\"M\",\"manufacturerName\":\"Maker\",\"model\":\"X\"," \
    "\"protocolType\":\"LWM2M\",\"deviceType\":\"Meter\"}],\"services\":[{\"serviceType\":"   \
    "\"Water\",\"properties\":[{\"propertyName\":\"level\",\"dataType\":\"int\",\"min\":0,"   \
    "\"max\":100,\"method\":\"R\"}],\"commands\":[]}]}"
#define CODEC                                                                          \
    "{\"kind\":\"fields\",\"messages\":[{\"service\":\"Water\",\"fields\":[{\"name\":" \
    "\"level\",\"type\":\"uint8\",\"offset\":0}]}]}"

static void codec_is_tried_and_deployed(void **state)
{
    struct office *o = *state;
    (void)office_add_product(o, "Meters", "iot");
    (void)office_ask(o, 404, "GET", "/products/1/codec", NULL);
    (void)office_ask(o, 404, "POST", "/products/1/codec/deploy", NULL);
    (void)office_ask(o, 200, "PUT", "/products/1/profile", PROFILE);
    office_expect_json(office_ask(o, 200, "GET", "/products/1/profile", NULL), PROFILE);
    uint64_t generation = 0;
    (void)office_ask(o, 200, "PUT", "/products/1/codec", CODEC);
    const json_t *product = office_ask(o, 200, "GET", "/products/1", NULL);
    office_expect_json(json_object_get(product, "codec"),
                       "{\"kind\":\"fields\",\"deployed\":false}");
    office_expect_json(office_ask(o, 200, "POST", "/products/1/codec/test", "{\"hex\":\"07\"}"),
                       "{\"services\":[{\"service\":\"Water\",\"properties\":{\"level\":7}}]}");
    (void)office_ask(o, 422, "POST", "/products/1/codec/test", "{\"hex\":\"FF\"}");
    (void)office_ask(o, 422, "POST", "/products/1/codec/test", "{\"hex\":\"0\"}");
    (void)office_ask(o, 422, "POST", "/products/1/codec/test", "{}");
    (void)generation;
    office_expect_json(office_ask(o, 200, "POST", "/products/1/codec/deploy", NULL),
                       "{\"kind\":\"fields\",\"deployed\":true}");
    (void)office_ask(o, 200, "PUT", "/products/1/codec", "{\"kind\":\"lua\",\"source\":\"x = \"}");
    product = office_ask(o, 200, "GET", "/products/1", NULL);
    office_expect_json(json_object_get(product, "codec"), "{\"kind\":\"lua\",\"deployed\":false}");
    const json_t *problem = office_ask(o, 422, "POST", "/products/1/codec/deploy", NULL);
    assert_memory_equal(office_text(problem, "detail"), "line 1", 6);
    (void)office_ask(o, 204, "DELETE", "/products/1/codec", NULL);
    (void)office_ask(o, 404, "GET", "/products/1/codec", NULL);
    (void)office_ask(o, 404, "PUT", "/products/2/codec", CODEC);
    (void)office_ask(o, 422, "PUT", "/products/1/codec", "{\"kind\":\"java\"}");
}

static void profile_must_fit_the_deployed_codec(void **state)
{
    struct office *o = *state;
    (void)office_add_product(o, "Meters", "iot");
    (void)office_ask(o, 200, "PUT", "/products/1/profile", PROFILE);
    (void)office_ask(o, 200, "PUT", "/products/1/codec", CODEC);
    (void)office_ask(o, 200, "POST", "/products/1/codec/deploy", NULL);
    (void)office_ask(o, 409, "PUT", "/products/1/profile",
                     "{\"devices\":[],\"services\":[{\"serviceType\":\"Gas\",\"properties\":[],"
                     "\"commands\":[]}]}");
    (void)office_ask(o, 422, "PUT", "/products/1/profile", "{\"services\":7}");
    office_expect_json(office_ask(o, 200, "GET", "/products/1/profile", NULL), PROFILE);
}

#define MODEL(identifier)                                                                    \
    "{\"properties\":[{\"identifier\":\"" identifier "\",\"name\":\"T\",\"type\":\"float\"," \
    "\"access\":\"r\"}]}"
#define MAPPING(identifier)                                                                      \
    "{\"items\":[{\"object\":3303,\"instance\":0,\"resource\":5700,\"identifier\":\"" identifier \
    "\"}]}"

static void mapping_fits_the_published_model(void **state)
{
    struct office *o = *state;
    (void)office_add_product(o, "Meters", "dmp");
    (void)office_ask(o, 409, "PUT", "/products/1/mapping", MAPPING("t"));
    (void)office_ask(o, 404, "POST", "/products/1/model/publish", NULL);
    (void)office_ask(o, 422, "PUT", "/products/1/model", "{\"properties\":[{\"type\":\"tea\"}]}");
    (void)office_ask(o, 200, "PUT", "/products/1/model", MODEL("t"));
    (void)office_ask(o, 422, "PUT", "/products/1/mapping", MAPPING("u"));
    (void)office_ask(o, 200, "PUT", "/products/1/mapping", MAPPING("t"));
    assert_false(office_flag(office_ask(o, 200, "GET", "/products/1", NULL), "model_published"));
    (void)office_ask(o, 200, "POST", "/products/1/model/publish", NULL);
    assert_true(office_flag(office_ask(o, 200, "GET", "/products/1", NULL), "model_published"));
    (void)office_ask(o, 200, "PUT", "/products/1/model", MODEL("u"));
    (void)office_ask(o, 409, "POST", "/products/1/model/publish", NULL);
    (void)office_ask(o, 422, "PUT", "/products/1/mapping", MAPPING("u"));
    (void)office_ask(o, 200, "PUT", "/products/1/mapping", "{\"items\":[]}");
    (void)office_ask(o, 200, "POST", "/products/1/model/publish", NULL);
    (void)office_ask(o, 200, "PUT", "/products/1/mapping", MAPPING("u"));
    office_expect_json(office_ask(o, 200, "GET", "/products/1/mapping", NULL), MAPPING("u"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, office_teardown)
#define TEST_OPEN(name) cmocka_unit_test_setup_teardown(name, setup_open, office_teardown)
#define TEST_FILE(name) cmocka_unit_test_setup_teardown(name, setup_file, office_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(product_has_sensible_defaults),
        TEST(product_changes_only_where_it_is_told),
        TEST(product_keeps_its_carrier),
        TEST(names_of_products_are_unique),
        TEST(bad_products_are_refused_by_field),
        TEST(injections_are_names_like_others),
        TEST(products_come_in_pages),
        TEST(product_with_devices_stays),
        TEST(only_admins_change_products),
        TEST(device_is_there_before_it_registers),
        TEST(registration_is_shown),
        TEST(only_provisioned_devices_may_register),
        TEST(core_goes_by_the_product),
        TEST(andlink_product_id_is_asked_for),
        TEST(endpoint_is_named_by_the_products_format),
        TEST(bad_devices_are_refused_by_field),
        TEST(device_changes_only_where_it_is_told),
        TEST(device_moves_to_another_product),
        TEST(device_with_a_running_task_stays),
        TEST(product_may_want_dtls),
        TEST(removed_device_is_gone),
        TEST(devices_are_found),
        TEST_OPEN(pages_hold_all_devices_once),
        TEST_OPEN(odd_endpoints_are_reached),
        TEST(sleeping_device_is_awake_after_it_has_spoken),
        TEST(key_is_handed_over_and_never_read),
        TEST(identity_belongs_to_one_device),
        TEST(key_that_is_not_taken_changes_nothing),
        TEST(removed_device_has_no_key),
        TEST_FILE(everything_is_there_after_a_restart),
        TEST_FILE(what_is_not_committed_did_not_happen),
        TEST(nothing_is_changed_while_the_store_fails),
        TEST(codec_is_tried_and_deployed),
        TEST(profile_must_fit_the_deployed_codec),
        TEST(mapping_fits_the_published_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
