/*
 * What devices say, decoded (PLATFORM section 2): reports of object 19 through the product's codec,
 * objects of DMP through its thing model, /dp of Andlink as it is. The row of data is stored
 * before; its values go into the same transaction. What cannot be decoded stays a row, with the
 * reason in the event; nothing that a product's documents or a device's bytes say harms another
 * device.
 *
 * Beside the properties the newest value of every resource is kept that is seen: for objects.c.
 */
#include <stdlib.h>
#include <string.h>

#include "andlink.h"
#include "base/sink.h"
#include "carrier.h"
#include "coap/message.h"
#include "live.h"
#include "model.h"
#include "objects.h"
#include "properties.h"

#define PRODUCTS_COMPILED 64 /* at a time */
#define RESOURCES_MAX 64     /* of one message whose newest values are kept */
#define REPORT_OBJECT 19

struct uplinks {
    struct live *live;
    uint64_t uses;
    struct compiled none;
    struct compiled products[PRODUCTS_COMPILED];
};

/* Products -------------------------------------------------------------------------------------*/

static void clear(struct compiled *product)
{
    codec_destroy(product->codec);
    json_decref(product->model);
    json_decref(product->mapping);
    *product = (struct compiled){0};
}

static void compile(struct service *service, struct compiled *product)
{
    int64_t id = product->product;
    json_t *definition = service_product_document(service, id, "codec");
    json_t *profile = service_product_document(service, id, "profile");
    json_t *settings = service_product_document(service, id, "settings");
    const char *payload = json_string_value(json_object_get(settings, "payload"));
    if (definition != NULL)
        product->codec = codec_create(definition, profile, product->problem);
    product->transparent = payload != NULL && strcmp(payload, "transparent") == 0;
    product->model = service_product_document(service, id, "model");
    product->mapping = service_product_document(service, id, "mapping");
    json_decref(definition);
    json_decref(profile);
    json_decref(settings);
}

/* The product's place, or that of the one that was used longest ago. */
static struct compiled *place_of(struct uplinks *u, int64_t id)
{
    struct compiled *oldest = &u->products[0];
    for (size_t i = 0; i < PRODUCTS_COMPILED; i++) {
        if (u->products[i].product == id)
            return &u->products[i];
        if (u->products[i].used < oldest->used)
            oldest = &u->products[i];
    }
    return oldest;
}

struct compiled *uplinks_compiled(struct uplinks *u, int64_t id)
{
    uint64_t generation = service_product_generation(u->live->service, id);
    if (id == 0)
        return &u->none;
    struct compiled *product = place_of(u, id);
    if (product->product != id || product->generation != generation) {
        clear(product);
        product->product = id;
        product->generation = generation;
        compile(u->live->service, product);
    }
    product->used = ++u->uses;
    return product;
}

bool uplinks_observes(const struct compiled *product, const struct bc_server_path *instance,
                      bool usual)
{
    size_t i;
    json_t *item;
    const json_t *items = json_object_get(product->mapping, "items");
    json_array_foreach(items, i, item)
    {
        if (json_integer_value(json_object_get(item, "object")) == instance->ids[0] &&
            json_integer_value(json_object_get(item, "instance")) == instance->ids[1])
            return true;
    }
    return json_array_size(items) == 0 && usual;
}

/* Values ---------------------------------------------------------------------------------------*/

/* {"services": [...]} into {"Water.level": 7}. */
static json_t *flatten(const json_t *decoded)
{
    json_t *values = json_object();
    const json_t *services = json_object_get(decoded, "services");
    for (size_t i = 0; i < json_array_size(services); i++) {
        const json_t *service = json_array_get(services, i);
        const char *of = json_string_value(json_object_get(service, "service"));
        const char *name;
        json_t *value;
        json_object_foreach(json_object_get(service, "properties"), name, value)
        {
            json_t *key = json_sprintf("%s.%s", of == NULL ? "" : of, name);
            if (key != NULL)
                (void)json_object_set(values, json_string_value(key), value);
            json_decref(key);
        }
    }
    return values;
}

static json_t *decode_report(struct compiled *product, bc_view payload,
                             char problem[CODEC_PROBLEM_BYTES])
{
    if (product->codec == NULL) {
        memcpy(problem, product->problem, CODEC_PROBLEM_BYTES);
        return NULL;
    }
    json_t *decoded = codec_decode(product->codec, payload, problem);
    json_t *values = decoded == NULL ? NULL : flatten(decoded);
    json_decref(decoded);
    return values;
}

static bool is_report(const struct bc_server_path *path)
{
    return path->count == 3 && path->ids[0] == REPORT_OBJECT && path->ids[1] == 0 &&
           path->ids[2] == 0;
}

/* NULL when there is nothing to decode with, or, with a problem, when that fails. */
static json_t *decode(struct uplinks *u, const struct bc_server_event *event, int64_t id,
                      char problem[CODEC_PROBLEM_BYTES])
{
    const char *carrier = event->device->carrier->name;
    if (event->kind == BC_SERVER_DP)
        return andlink_decode(event->payload, problem);
    struct compiled *product = uplinks_compiled(u, id);
    if (is_report(&event->path)) {
        bool let_be = product->transparent && strcmp(carrier, "aep") == 0;
        return let_be ? NULL : decode_report(product, event->payload, problem);
    }
    if (product->model == NULL || product->mapping == NULL)
        return NULL;
    return model_decode(product->model, product->mapping, &event->path, event->format,
                        event->payload, problem);
}

/* Stored ---------------------------------------------------------------------------------------*/

static void put(struct uplinks *u, bc_view endpoint, const char *name, const json_t *value,
                bool keeps)
{
    struct bc_store *store = live_store(u->live);
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(15));
    struct bc_property property = {
        .name = bc_view_of(name),
        .utc_ms = u->live->service->now.utc_ms,
        .number = bc_store_newest(store),
    };
    if (text == NULL)
        return;
    property.value = bc_view_of(text);
    (void)bc_properties_put(store, endpoint, &property, keeps); /* or there is no room for it */
    free(text);
}

static void put_values(struct uplinks *u, bc_view endpoint, json_t *values)
{
    const char *name;
    json_t *value;
    json_object_foreach(values, name, value)
    {
        if (name[0] != '\0' && name[0] != LIVE_RESOURCE_MARK)
            put(u, endpoint, name, value, true);
    }
}

/* Reports of object 19 are no values of a resource, they are rows of data; what it answers when it
 * is read is one. */
static bool is_value(const struct bc_server_event *event)
{
    bool report = event->path.count > 0 && event->path.ids[0] == REPORT_OBJECT &&
                  event->kind != BC_SERVER_RESPONDED;
    return event->kind != BC_SERVER_DP && event->path.count > 0 && !report &&
           event->format != BC_COAP_FORMAT_LINK;
}

static void put_resources(struct uplinks *u, const struct bc_server_event *event)
{
    size_t count = 0;
    const char *path;
    json_t *value;
    json_t *resources =
        is_value(event) ? objects_decode(&event->path, event->format, event->payload) : NULL;
    json_object_foreach(resources, path, value)
    {
        char name[1 + BC_SERVER_PATH_CHARS_MAX + 1] = {LIVE_RESOURCE_MARK};
        if (count++ == RESOURCES_MAX)
            break;
        memcpy(name + 1, path, strlen(path) + 1);
        put(u, event->endpoint, name, value, false);
    }
    json_decref(resources);
}

/* Told -----------------------------------------------------------------------------------------*/

static enum bc_store_kind kind_of(const struct bc_server_event *event)
{
    return event->kind == BC_SERVER_DP         ? BC_STORE_DP
           : event->kind == BC_SERVER_NOTIFIED ? BC_STORE_NOTIFY
                                               : BC_STORE_RESPONSE;
}

static void tell(struct uplinks *u, const struct bc_server_event *event, json_t *values,
                 const char *problem)
{
    char path[BC_SERVER_PATH_CHARS_MAX + 1];
    if (!service_wants(u->live->service, SERVICE_DATA))
        return;
    bc_server_path_text(&event->path, path);
    const struct bc_store_row row = {
        .number = bc_store_newest(live_store(u->live)),
        .utc_ms = u->live->service->now.utc_ms,
        .kind = kind_of(event),
        .path = bc_view_of(path),
        .code = event->code,
        .format = event->format,
        .payload = event->payload,
        .observe = event->kind == BC_SERVER_NOTIFIED ? (int64_t)event->observe : -1,
        .confirmable = event->confirmable,
        .stale = event->stale,
        .more = event->more,
    };
    json_t *data = live_row_json(&row);
    (void)json_object_set_new(data, "values", values == NULL ? json_null() : json_incref(values));
    if (problem[0] != '\0')
        (void)json_object_set_new(data, "undecoded", json_string(problem));
    json_t *body = json_object();
    (void)json_object_set_new(body, "data", data);
    service_tell(u->live->service, SERVICE_DATA, event->endpoint, body);
}

static bool is_uplink(const struct bc_server_event *event)
{
    switch (event->kind) {
    case BC_SERVER_NOTIFIED:
    case BC_SERVER_DP:
        return true;
    case BC_SERVER_OBSERVED:
    case BC_SERVER_RESPONDED:
        return event->code >> 5 == 2 && event->payload.len > 0;
    default:
        return false;
    }
}

void uplinks_on_event(struct uplinks *u, const struct bc_server_event *event)
{
    char problem[CODEC_PROBLEM_BYTES] = "";
    struct service_device known = {0};
    json_t *values = NULL;
    if (!is_uplink(event) || bc_store_newest(live_store(u->live)) == 0)
        return;
    (void)service_device_find(u->live->service, event->endpoint, &known);
    bool error = event->kind == BC_SERVER_NOTIFIED && event->code >> 5 != 2;
    if (event->more)
        memcpy(problem, "the transfer in blocks broke off",
               sizeof("the transfer in blocks broke off"));
    else if (!error)
        values = decode(u, event, known.product, problem);
    /* A notification that was overtaken says what was, not what is. */
    if (!event->stale && !event->more && !error) {
        put_values(u, event->endpoint, values);
        put_resources(u, event);
    }
    tell(u, event, values, values != NULL ? "" : problem);
    json_decref(values);
}

/* Made and unmade ------------------------------------------------------------------------------*/

struct uplinks *uplinks_create(struct live *live)
{
    struct uplinks *u = calloc(1, sizeof(*u));
    if (u != NULL)
        u->live = live;
    return u;
}

void uplinks_destroy(struct uplinks *u)
{
    if (u == NULL)
        return;
    for (size_t i = 0; i < PRODUCTS_COMPILED; i++)
        clear(&u->products[i]);
    free(u);
}
