/*
 * Products: a carrier, and what is said of all devices of one make (PLATFORM section 1). What the
 * core asks of them is in service.c, their profile, codec, model and mapping are in documents.c.
 * Changes take effect at a device's next registration.
 */
#include <stdlib.h>

#include "base/sink.h"
#include "catalogue.h"
#include "private.h"

static const char *const carriers[] = {"iot", "aep", "andlink", "dmp", NULL};
static const char *const protocols[] = {"LWM2M", "CoAP", NULL};
static const char *const data_formats[] = {"binary", "json", NULL};
static const char *const node_types[] = {"device", "gateway", "sub-device", NULL};
static const char *const accesses[] = {"direct", NULL};
static const char *const networks[] = {"NB-IoT", NULL};
static const char *const securities[] = {"plain", "dtls", NULL};
static const char *const auths[] = {"imei", NULL};
static const char *const payloads[] = {"transparent", "decoded", NULL};
static const char *const power_savings[] = {"none", "psm", "edrx", NULL};
static const char *const endpoint_formats[] = {
    "{imei}", "urn:imei:{imei}", "urn:imei-imsi:{imei}-{imsi}", "{imei};{imsi}", NULL};
static const char *const codec_kinds[] = {"none", "fields", "lua", NULL};

#define TEXT(field_name) .name = (field_name), .type = API_STRING, .max = 64
#define WORD(field_name, list) .name = (field_name), .type = API_STRING, .words = (list)

/* All of a product that is kept in its settings. */
#define SETTINGS                                                                                  \
    {TEXT("project")}, {TEXT("manufacturer_id")}, {TEXT("manufacturer")}, {TEXT("model")},        \
        {TEXT("industry")}, {TEXT("device_type")}, {WORD("protocol", protocols)},                 \
        {WORD("data_format", data_formats)}, {TEXT("category")}, {WORD("node_type", node_types)}, \
        {WORD("access", accesses)}, {WORD("network", networks)}, {WORD("security", securities)},  \
        {WORD("auth", auths)},                                                                    \
        {WORD("endpoint_format", endpoint_formats), .about = "How its devices are named."},       \
        {WORD("payload", payloads)},                                                              \
        {WORD("power_saving", power_savings),                                                     \
         .about = "Other than none: commands wait until the device is heard."},                   \
        {TEXT("product_id"), .about = "Andlink: what /3/0/17 must say; empty: anything."},        \
        {.name = "observe_all",                                                                   \
         .type = API_BOOLEAN,                                                                     \
         .about = "AEP: observe every user object that a device announces."},                     \
    {                                                                                             \
        .name = "description", .type = API_STRING, .max = 1000                                    \
    }

static const struct api_field settings_fields[] = {SETTINGS};

static const struct api_field codec_fields[] = {
    {WORD("kind", codec_kinds)},
    {.name = "deployed", .type = API_BOOLEAN, .about = "The newest one is the one in force."},
};
static const struct api_shape codec_shape = API_SHAPE("CodecState", codec_fields);

static const struct api_field product_fields[] = {
    {.name = "id", .type = API_INTEGER, .required = true},
    {.name = "name", .type = API_STRING, .required = true, .min = 1, .max = 64},
    {WORD("carrier", carriers), .required = true},
    SETTINGS,
    {.name = "codec", .type = API_OBJECT, .shape = &codec_shape, .required = true},
    {.name = "model_published", .type = API_BOOLEAN, .required = true},
    {.name = "device_count", .type = API_INTEGER, .required = true},
    {.name = "created_ms", .type = API_INTEGER, .required = true},
};
static const struct api_shape product_out = API_SHAPE("Product", product_fields);

static const struct api_field new_fields[] = {
    {.name = "name", .type = API_STRING, .required = true, .min = 1, .max = 64},
    {WORD("carrier", carriers), .required = true},
    SETTINGS,
};
static const struct api_shape product_new = API_SHAPE("NewProduct", new_fields);

static const struct api_field change_fields[] = {
    {.name = "name", .type = API_STRING, .min = 1, .max = 64},
    {WORD("carrier", carriers), .about = "Only what it is already."},
    SETTINGS,
};
static const struct api_shape product_change = API_SHAPE("ProductChange", change_fields);

static const struct api_field list_fields[] = {
    API_WINDOW_FIELDS,
    {.name = "search", .type = API_STRING, .min = 1, .max = 64, .about = "Part of the name."},
};
static const struct api_shape list_query = API_SHAPE("ProductsQuery", list_fields);

/* Products as JSON -----------------------------------------------------------------------------*/

static json_t *parse(bc_view text)
{
    return json_loadb((const char *)text.ptr, text.len, JSON_DECODE_ANY, NULL);
}

static json_t *json_of(const struct bc_product *product)
{
    json_t *settings = parse(product->settings);
    json_t *out = json_pack("{s:I,s:o,s:o}", "id", (json_int_t)product->id, "name",
                            service_text(product->name), "carrier", service_text(product->carrier));
    (void)json_object_update(out, settings);
    json_decref(settings);
    json_t *kind = product->codec_kind.len > 0 ? service_text(product->codec_kind)
                                               : json_string(codec_kinds[0]);
    json_t *rest =
        json_pack("{s:{s:o,s:b},s:b,s:I,s:I}", "codec", "kind", kind, "deployed", product->deployed,
                  "model_published", product->published, "device_count",
                  (json_int_t)product->devices, "created_ms", (json_int_t)product->created_ms);
    (void)json_object_update(out, rest);
    json_decref(rest);
    return out;
}

static bool take_one(void *context, const struct bc_product *product)
{
    *(json_t **)context = json_of(product);
    return false;
}

/* To be released; NULL with the problem. */
static json_t *find(const struct api_call *call, int64_t id, struct api_answer *answer)
{
    json_t *product = NULL;
    if (!bc_catalogue_product(call->service->config.store, id, take_one, &product))
        service_answer_missing(call, answer, "product");
    else if (product == NULL)
        api_no_memory(answer);
    return product;
}

static void show(struct api_call *call, struct api_answer *answer)
{
    answer->body = find(call, service_id(call->segments[0]), answer);
}

struct page {
    json_t *items;
    const char *search; /* NULL: all */
    size_t limit;
    size_t rows_left; /* a search looks at so many rows a page */
    int64_t last;
    int64_t next;
};

static bool take_item(void *context, const struct bc_product *product)
{
    struct page *page = context;
    if (page->rows_left == 0 || json_array_size(page->items) == page->limit) {
        page->next = page->last;
        return false;
    }
    page->rows_left--;
    page->last = product->id;
    if (page->search == NULL || service_contains(product->name, page->search))
        (void)json_array_append_new(page->items, json_of(product));
    return true;
}

static void list(struct api_call *call, struct api_answer *answer)
{
    struct api_window window = api_window(call);
    struct page page = {
        .items = json_array(),
        .search = json_string_value(json_object_get(call->query, "search")),
        .limit = window.limit,
        .rows_left = SERVICE_SEARCH_ROWS,
    };
    bc_catalogue_products(call->service->config.store, window.cursor, take_item, &page);
    if (bc_store_unread(call->service->config.store))
        service_answer_store(call, answer);
    api_page(answer, page.items, page.next);
}

/* Changes --------------------------------------------------------------------------------------*/

static json_t *default_of(const struct api_field *field)
{
    if (field->type == API_BOOLEAN)
        return json_false();
    return json_string(field->words != NULL ? field->words[0] : "");
}

/* All settings in order: those of `body`, else those of `before`, else the defaults. */
static json_t *settings_of(const json_t *body, const json_t *before)
{
    json_t *out = json_object();
    for (size_t i = 0; i < API_COUNT(settings_fields); i++) {
        const char *name = settings_fields[i].name;
        json_t *value = json_object_get(body, name);
        if (value == NULL)
            value = json_object_get(before, name);
        if (value != NULL)
            (void)json_object_set(out, name, value);
        else
            (void)json_object_set_new(out, name, default_of(&settings_fields[i]));
    }
    return out;
}

static bool is_free(const struct api_call *call, bc_view name, int64_t id,
                    struct api_answer *answer)
{
    struct bc_store *store = call->service->config.store;
    int64_t other = bc_catalogue_product_named(store, name);
    if (other == 0 && bc_store_unread(store))
        service_answer_store(call, answer);
    else if (other != 0 && other != id)
        api_problem(answer, 409, "product_exists", "name", "another product has this name");
    else
        return true;
    return false;
}

static void tell(struct service *service, int64_t id, const char *change, json_t *product)
{
    service->generation++;
    if (service_wants(service, SERVICE_PRODUCT))
        service_tell(service, SERVICE_PRODUCT, (bc_view){0},
                     json_pack("{s:s,s:I,s:O?}", "change", change, "product", (json_int_t)id,
                               "state", product));
}

void service_product_changed(struct service *service, int64_t product)
{
    json_t *state = NULL;
    (void)bc_catalogue_product(service->config.store, product, take_one, &state);
    tell(service, product, "changed", state);
    json_decref(state);
}

static void add(struct api_call *call, struct api_answer *answer)
{
    int64_t id = 0;
    service_enter(call);
    bc_view name = service_view(json_object_get(call->body, "name"));
    if (!is_free(call, name, 0, answer))
        return;
    json_t *settings = settings_of(call->body, NULL);
    char *text = json_dumps(settings, JSON_COMPACT);
    json_decref(settings);
    struct bc_product product = {
        .name = name,
        .carrier = service_view(json_object_get(call->body, "carrier")),
        .settings = text == NULL ? (bc_view){0} : bc_view_of(text),
        .created_ms = call->utc_ms,
    };
    bool added =
        text != NULL && bc_catalogue_add_product(call->service->config.store, &product, &id);
    free(text);
    if (!added) {
        service_answer_store(call, answer);
        return;
    }
    answer->body = find(call, id, answer);
    tell(call->service, id, "added", answer->body);
}

static void store_change(const struct api_call *call, int64_t id, json_t *before,
                         struct api_answer *answer)
{
    json_t *name = json_object_get(call->body, "name");
    if (name == NULL)
        name = json_object_get(before, "name");
    if (!is_free(call, service_view(name), id, answer))
        return;
    json_t *settings = settings_of(call->body, before);
    char *text = json_dumps(settings, JSON_COMPACT);
    json_decref(settings);
    if (text == NULL || !bc_catalogue_change_product(call->service->config.store, id,
                                                     service_view(name), bc_view_of(text)))
        service_answer_store(call, answer);
    else
        answer->body = find(call, id, answer);
    free(text);
}

static void change(struct api_call *call, struct api_answer *answer)
{
    service_enter(call);
    int64_t id = service_id(call->segments[0]);
    json_t *before = find(call, id, answer);
    if (before == NULL)
        return;
    const json_t *carrier = json_object_get(call->body, "carrier");
    if (carrier != NULL && !json_equal(carrier, json_object_get(before, "carrier")))
        api_problem(answer, 422, "carrier_fixed", "carrier",
                    "carrier cannot change; add another product");
    else
        store_change(call, id, before, answer);
    if (answer->body != NULL)
        tell(call->service, id, "changed", answer->body);
    json_decref(before);
}

static void drop(struct api_call *call, struct api_answer *answer)
{
    service_enter(call);
    int64_t id = service_id(call->segments[0]);
    json_t *product = find(call, id, answer);
    if (product == NULL)
        return;
    if (json_integer_value(json_object_get(product, "device_count")) > 0)
        api_problem(answer, 409, "product_has_devices", NULL,
                    "the product has devices; remove them first");
    else if (!bc_catalogue_remove_product(call->service->config.store, id))
        service_answer_store(call, answer);
    else
        tell(call->service, id, "removed", NULL);
    json_decref(product);
}

static const struct api_route routes[] = {
    {"GET", "/products", API_VIEWER, .query = &list_query, .out = &product_out, .lists = true,
     .handle = list, .about = "Products, oldest first."},
    {"POST", "/products", API_ADMIN, .in = &product_new, .out = &product_out, .changes = true,
     .status = 201, .handle = add, .about = "Adds a product."},
    {"GET", "/products/{product}", API_VIEWER, .out = &product_out, .handle = show,
     .about = "A product."},
    {"PATCH", "/products/{product}", API_ADMIN, .in = &product_change, .out = &product_out,
     .changes = true, .handle = change,
     .about = "Changes a product; its devices follow at their next registration."},
    {"DELETE", "/products/{product}", API_ADMIN, .changes = true, .status = 204, .handle = drop,
     .about = "Removes a product that has no devices."},
};
const struct api_table api_products = API_TABLE(routes);
