/*
 * Devices: those that users have provisioned into a product, registered or not, and those that
 * registered without (--open). What they say and are told is the live part's. PLATFORM section 1.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "catalogue.h"
#include "fota_store.h"
#include "private.h"

#define IDENTITY_BYTES_MAX 150 /* guide 2.1 */
#define KEY_BYTES_MAX 256
#define NAME_BYTES_MAX 64
#define AUTOMATIC "auto"
#define ADDRESS_BYTES (INET6_ADDRSTRLEN + 9)

static const char *const subscriptions[] = {AUTOMATIC, "manual", NULL};
static const char *const listeners[] = {"coap", "coaps", NULL};

#define TEXT(field_name) .name = (field_name), .type = API_STRING, .max = NAME_BYTES_MAX
/* What of a device is kept in its settings. */
#define SETTINGS                                                                            \
    {TEXT("device_key")}, {.name = "remark", .type = API_STRING, .max = 1000},              \
    {                                                                                       \
        .name = "subscription", .type = API_STRING, .words = subscriptions,                 \
        .about = "auto: the platform observes by itself what the carrier's platform would." \
    }

static const struct api_field settings_fields[] = {SETTINGS};

static const struct api_field observation_fields[] = {
    {.name = "path", .type = API_STRING, .required = true},
    {.name = "accept", .type = API_INTEGER, .nullable = true},
};
static const struct api_shape observation_shape = API_SHAPE("Observation", observation_fields);

static const struct api_field registration_fields[] = {
    {.name = "id", .type = API_STRING, .required = true},
    {.name = "address", .type = API_STRING, .required = true},
    {.name = "listener", .type = API_STRING, .required = true, .words = listeners},
    {.name = "lifetime_s", .type = API_INTEGER, .required = true},
    {.name = "binding", .type = API_STRING, .required = true},
    {.name = "version", .type = API_STRING, .required = true},
    {.name = "registered_ms", .type = API_INTEGER, .required = true},
    {.name = "seen_ms", .type = API_INTEGER, .required = true},
    {.name = "expires_ms", .type = API_INTEGER, .required = true},
    {.name = "observations", .type = API_OBJECT, .repeated = true, .shape = &observation_shape},
};
static const struct api_shape registration_shape = API_SHAPE("Registration", registration_fields);

static const struct api_field device_fields[] = {
    {.name = "endpoint", .type = API_STRING, .required = true},
    {.name = "endpoint_hex", .type = API_STRING, .about = "When it is no UTF-8."},
    {.name = "href", .type = API_STRING, .required = true},
    {.name = "product",
     .type = API_INTEGER,
     .required = true,
     .nullable = true,
     .about = "null: it registered without having been added."},
    {.name = "name", .type = API_STRING, .required = true},
    {.name = "imei", .type = API_STRING, .required = true},
    {.name = "imsi", .type = API_STRING, .required = true},
    SETTINGS,
    {.name = "encrypted", .type = API_BOOLEAN, .required = true, .about = "It has a key."},
    {.name = "created_ms", .type = API_INTEGER, .required = true},
    {.name = "registration",
     .type = API_OBJECT,
     .required = true,
     .nullable = true,
     .shape = &registration_shape},
    {.name = "online", .type = API_BOOLEAN, .required = true},
    {.name = "awake",
     .type = API_BOOLEAN,
     .required = true,
     .nullable = true,
     .about = "Of a device that sleeps between its reports."},
    {.name = "commands_waiting", .type = API_INTEGER, .required = true},
    {.name = "group", .type = API_INTEGER, .required = true, .nullable = true},
    {.name = "virtual", .type = API_BOOLEAN, .required = true},
};
static const struct api_shape device_out = API_SHAPE("Device", device_fields);

static const struct api_field key_fields[] = {
    {.name = "identity", .type = API_STRING, .required = true, .min = 1, .max = IDENTITY_BYTES_MAX},
    {.name = "key_hex", .type = API_STRING, .required = true, .min = 2, .max = 2 * KEY_BYTES_MAX},
};
static const struct api_shape key_shape = API_SHAPE("PreSharedKey", key_fields);

static const struct api_field new_fields[] = {
    {.name = "product", .type = API_INTEGER, .required = true, .min = 1, .max = INT64_MAX},
    {.name = "endpoint",
     .type = API_STRING,
     .min = 1,
     .max = BC_ENDPOINT_BYTES_MAX,
     .about = "Without it: the product's endpoint_format, filled in."},
    {.name = "imei", .type = API_STRING, .about = "14 to 16 digits."},
    {.name = "imsi", .type = API_STRING, .about = "6 to 15 digits."},
    {TEXT("name")},
    SETTINGS,
    {.name = "psk", .type = API_OBJECT, .shape = &key_shape, .about = "Never readable."},
};
static const struct api_shape device_new = API_SHAPE("NewDevice", new_fields);

static const struct api_field change_fields[] = {
    {.name = "product",
     .type = API_INTEGER,
     .min = 1,
     .max = INT64_MAX,
     .about = "Of any carrier; the device belongs to it from its next registration on."},
    {.name = "imsi", .type = API_STRING},
    {TEXT("name")},
    SETTINGS,
    {.name = "psk",
     .type = API_OBJECT,
     .shape = &key_shape,
     .nullable = true,
     .about = "null removes it."},
};
static const struct api_shape device_change = API_SHAPE("DeviceChange", change_fields);

static const struct api_field list_fields[] = {
    API_WINDOW_FIELDS,
    {.name = "product", .type = API_INTEGER, .min = 1, .max = INT64_MAX},
    {.name = "online", .type = API_BOOLEAN},
    {.name = "search",
     .type = API_STRING,
     .min = 1,
     .max = NAME_BYTES_MAX,
     .about = "Part of the endpoint, name or IMEI."},
};
static const struct api_shape list_query = API_SHAPE("DevicesQuery", list_fields);

/* Devices as JSON ------------------------------------------------------------------------------*/

static void put_address(const struct bc_address *address, char out[ADDRESS_BYTES])
{
    char ip[INET6_ADDRSTRLEN] = "?";
    bool v4 = address->ip_len == 4;
    inet_ntop(v4 ? AF_INET : AF_INET6, address->ip, ip, sizeof(ip));
    snprintf(out, ADDRESS_BYTES, v4 ? "%s:%u" : "[%s]:%u", ip, address->port);
}

json_t *service_registration(const struct service *s, const struct bc_server_device *device)
{
    char address[ADDRESS_BYTES];
    put_address(&device->address, address);
    return json_pack("{s:s,s:s,s:s,s:I,s:s,s:s,s:I,s:I,s:I}", "id", device->id, "address", address,
                     "listener", listeners[device->address.channel != 0], "lifetime_s",
                     (json_int_t)device->lifetime_s, "binding", device->binding, "version",
                     device->version, "registered_ms",
                     (json_int_t)service_utc(s, device->registered_ms), "seen_ms",
                     (json_int_t)service_utc(s, device->seen_ms), "expires_ms",
                     (json_int_t)service_utc(s, device->expires_ms));
}

static json_t *observations_of(const struct service *s, bc_view endpoint)
{
    struct bc_server_observation observation;
    json_t *items = json_array();
    const void *cursor = bc_server_next_observation(s->config.server, endpoint, NULL, &observation);
    while (cursor != NULL) {
        char path[BC_SERVER_PATH_CHARS_MAX + 1];
        bc_server_path_text(&observation.path, path);
        json_t *accept = observation.accept < 0 ? json_null() : json_integer(observation.accept);
        (void)json_array_append_new(items, json_pack("{s:s,s:o}", "path", path, "accept", accept));
        cursor = bc_server_next_observation(s->config.server, endpoint, cursor, &observation);
    }
    return items;
}

/* Of one that listens only for a while after it has spoken; else null. */
static json_t *awake_of(const struct service *s, const struct bc_server_device *device)
{
    struct bc_provision_brief brief;
    bool queued = strchr(device->binding, 'Q') != NULL;
    if (!queued && bc_catalogue_brief(s->config.store, device->endpoint, &brief))
        queued = brief.queued;
    return queued ? json_boolean(s->now.now_ms - device->seen_ms < s->config.awake_ms)
                  : json_null();
}

/* What the server and the other parts know of it. */
static void set_state(const struct service *s, json_t *out, bc_view endpoint)
{
    struct bc_server_device device;
    bool online = bc_server_find(s->config.server, endpoint, &device);
    json_t *registration = json_null();
    if (online) {
        registration = service_registration(s, &device);
        (void)json_object_set_new(registration, "observations", observations_of(s, endpoint));
    }
    (void)json_object_set_new(out, "registration", registration);
    (void)json_object_set_new(out, "online", json_boolean(online));
    (void)json_object_set_new(out, "awake", online ? awake_of(s, &device) : json_null());
    size_t waiting = live_commands_waiting(s->live, endpoint);
    (void)json_object_set_new(out, "commands_waiting", json_integer((json_int_t)waiting));
    (void)json_object_set_new(out, "virtual", json_boolean(virtuals_run(s->virtuals, endpoint)));
}

static json_t *href_of(bc_view endpoint)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    uint8_t memory[sizeof("/api/v1/devices/") + 3 * BC_ENDPOINT_BYTES_MAX];
    bc_sink out = {.ptr = memory, .cap = sizeof(memory)};
    bc_put_text(&out, "/api/v1/devices/");
    for (size_t i = 0; i < endpoint.len; i++) {
        bc_view one = {endpoint.ptr + i, 1};
        if (memchr(safe, *one.ptr, sizeof(safe) - 1) != NULL) {
            bc_put_bytes(&out, one);
        } else {
            bc_put_char(&out, '%');
            bc_put_hex(&out, one);
        }
    }
    return json_stringn((const char *)out.ptr, out.len);
}

static json_t *begin_json(bc_view endpoint)
{
    json_t *out = json_object();
    service_set_endpoint(out, endpoint);
    (void)json_object_set_new(out, "href", href_of(endpoint));
    return out;
}

static json_t *provision_json(const struct service *s, const struct bc_provision *provision)
{
    json_t *out = begin_json(provision->endpoint);
    json_t *rest = json_pack(
        "{s:I,s:o,s:o,s:o,s:b,s:I,s:I}", "product", (json_int_t)provision->product, "name",
        service_text(provision->name), "imei", service_text(provision->imei), "imsi",
        service_text(provision->imsi), "encrypted", provision->encrypted, "created_ms",
        (json_int_t)provision->created_ms, "group", (json_int_t)provision->group);
    json_t *settings =
        json_loadb((const char *)provision->settings.ptr, provision->settings.len, 0, NULL);
    (void)json_object_update(out, rest);
    (void)json_object_update(out, settings);
    json_decref(rest);
    json_decref(settings);
    set_state(s, out, provision->endpoint);
    return out;
}

static json_t *stray_json(const struct service *s, bc_view endpoint, int64_t registered_ms)
{
    json_t *out = begin_json(endpoint);
    json_t *rest =
        json_pack("{s:n,s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:I,s:n}", "product", "name", "", "imei", "",
                  "imsi", "", "device_key", "", "remark", "", "subscription", AUTOMATIC,
                  "encrypted", 0, "created_ms", (json_int_t)registered_ms, "group");
    (void)json_object_update(out, rest);
    json_decref(rest);
    set_state(s, out, endpoint);
    return out;
}

struct finding {
    const struct service *service;
    json_t *device;
};

static bool take_one(void *context, const struct bc_provision *provision)
{
    struct finding *finding = context;
    finding->device = provision_json(finding->service, provision);
    return false;
}

/* To be released; NULL with the problem. */
static json_t *find(const struct api_call *call, bc_view endpoint, struct api_answer *answer)
{
    struct bc_store *store = call->service->config.store;
    struct finding finding = {.service = call->service};
    int64_t registered_ms;
    if (bc_catalogue_provision(store, endpoint, take_one, &finding))
        return finding.device;
    if (!bc_store_unread(store) && bc_catalogue_stray(store, endpoint, &registered_ms))
        return stray_json(call->service, endpoint, registered_ms);
    service_answer_missing(call, answer, "device");
    return NULL;
}

static void show(struct api_call *call, struct api_answer *answer)
{
    service_enter(call);
    answer->body = find(call, call->segments[0], answer);
}

/* Lists ----------------------------------------------------------------------------------------*/

/* A page: first of those that were provisioned, then of those that only registered. A cursor is the
 * last row's id twice, plus 1 for the second kind. With a search, or ?online=, a page looks at so
 * many rows, and may be short then, or empty. */
struct page {
    const struct service *service;
    json_t *items;
    const char *search; /* NULL: all */
    const json_t *online;
    size_t limit;
    size_t rows_left;
    int64_t last; /* cursor */
    int64_t next;
};

static bool next_row(struct page *page, int64_t cursor)
{
    if (page->rows_left == 0 || json_array_size(page->items) == page->limit) {
        page->next = page->last;
        return false;
    }
    page->rows_left--;
    page->last = cursor;
    return true;
}

static bool is_wanted(const struct page *page, bc_view endpoint, bc_view name, bc_view imei)
{
    struct bc_server_device device;
    if (page->search != NULL && !service_contains(endpoint, page->search) &&
        !service_contains(name, page->search) && !service_contains(imei, page->search))
        return false;
    return page->online == NULL ||
           json_is_true(page->online) ==
               bc_server_find(page->service->config.server, endpoint, &device);
}

static bool take_provision(void *context, const struct bc_provision *provision)
{
    struct page *page = context;
    if (!next_row(page, 2 * provision->id))
        return false;
    if (is_wanted(page, provision->endpoint, provision->name, provision->imei))
        (void)json_array_append_new(page->items, provision_json(page->service, provision));
    return true;
}

static bool take_stray(void *context, const struct bc_stray *stray)
{
    const bc_view none = {0};
    struct page *page = context;
    if (!next_row(page, 2 * stray->id + 1))
        return false;
    if (!stray->provisioned && is_wanted(page, stray->endpoint, none, none))
        (void)json_array_append_new(
            page->items, stray_json(page->service, stray->endpoint, stray->registered_ms));
    return true;
}

static void list(struct api_call *call, struct api_answer *answer)
{
    struct bc_store *store = call->service->config.store;
    struct api_window window = api_window(call);
    int64_t product = json_integer_value(json_object_get(call->query, "product"));
    struct page page = {
        .service = call->service,
        .items = json_array(),
        .search = json_string_value(json_object_get(call->query, "search")),
        .online = json_object_get(call->query, "online"),
        .limit = window.limit,
        .rows_left = SERVICE_SEARCH_ROWS,
        .last = window.cursor,
    };
    bool strays = window.cursor % 2 != 0;
    service_enter(call);
    if (!strays)
        bc_catalogue_provisions(store, product, window.cursor / 2, take_provision, &page);
    bool failed = bc_store_unread(store);
    if (!failed && product == 0 && page.next == 0)
        bc_catalogue_registered(store, strays ? window.cursor / 2 : 0, take_stray, &page);
    if (failed || bc_store_unread(store))
        service_answer_store(call, answer);
    api_page(answer, page.items, page.next);
}

/* Changes --------------------------------------------------------------------------------------*/

static bool is_digits(const json_t *text, size_t min, size_t max)
{
    bc_view view = service_view(text);
    if (view.len < min || view.len > max)
        return false;
    for (size_t i = 0; i < view.len; i++)
        if (view.ptr[i] < '0' || view.ptr[i] > '9')
            return false;
    return true;
}

static bool check_numbers(const json_t *body, struct api_answer *answer)
{
    const json_t *imei = json_object_get(body, "imei");
    const json_t *imsi = json_object_get(body, "imsi");
    if (imei != NULL && !is_digits(imei, 14, 16))
        api_problem(answer, 422, "imei_refused", "imei", "imei must be 14 to 16 digits");
    else if (imsi != NULL && json_string_length(imsi) > 0 && !is_digits(imsi, 6, 15))
        api_problem(answer, 422, "imsi_refused", "imsi", "imsi must be 6 to 15 digits");
    else
        return true;
    return false;
}

/* All settings in order: those of `body`, else those of `before`, else the defaults. */
static char *settings_text(const json_t *body, const json_t *before)
{
    json_t *out = json_object();
    for (size_t i = 0; i < API_COUNT(settings_fields); i++) {
        const struct api_field *field = &settings_fields[i];
        json_t *value = json_object_get(body, field->name);
        if (value == NULL)
            value = json_object_get(before, field->name);
        if (value != NULL)
            (void)json_object_set(out, field->name, value);
        else
            (void)json_object_set_new(out, field->name,
                                      json_string(field->words != NULL ? field->words[0] : ""));
    }
    char *text = json_dumps(out, JSON_COMPACT);
    json_decref(out);
    return text;
}

/* Fills a product's endpoint_format in: "urn:imei:{imei}". */
static bool fill_in(const char *format, const json_t *body, bc_sink *out, struct api_answer *answer)
{
    static const char *const names[] = {"imei", "imsi"};
    while (*format != '\0') {
        size_t i = strncmp(format, "{imsi}", 6) == 0 ? 1 : 0;
        if (*format != '{') {
            bc_put_char(out, *format++);
            continue;
        }
        const json_t *value = json_object_get(body, names[i]);
        if (json_string_length(value) == 0) {
            api_problem(answer, 422, "endpoint_part_missing", names[i],
                        "%s is missing: the product names its devices by it; or give endpoint",
                        names[i]);
            return false;
        }
        bc_put_bytes(out, service_view(value));
        format += 6;
    }
    return true;
}

static bool name_device(const struct api_call *call, const json_t *settings, bc_sink *out,
                        struct api_answer *answer)
{
    const json_t *endpoint = json_object_get(call->body, "endpoint");
    const char *format = json_string_value(json_object_get(settings, "endpoint_format"));
    if (endpoint != NULL)
        bc_put_bytes(out, service_view(endpoint));
    else
        return fill_in(format != NULL ? format : "{imei}", call->body, out, answer);
    return true;
}

struct key {
    uint8_t bytes[KEY_BYTES_MAX];
    bc_view identity;
    size_t len;
};

/* `psk` of a body; false with the problem. To be wiped. */
static bool read_key(const struct api_call *call, bc_view endpoint, struct key *out,
                     struct api_answer *answer)
{
    const json_t *psk = json_object_get(call->body, "psk");
    bc_view hex = service_view(json_object_get(psk, "key_hex"));
    out->identity = service_view(json_object_get(psk, "identity"));
    out->len = hex.len / 2;
    if (hex.len > 2 * KEY_BYTES_MAX || !bc_hex_decode(hex, out->bytes))
        api_problem(answer, 422, "key_refused", "key_hex",
                    "psk.key_hex must be pairs of hexadecimal digits");
    else if (bc_catalogue_identity_taken(call->service->config.store, endpoint, out->identity))
        api_problem(answer, 409, "identity_taken", "identity",
                    "psk.identity belongs to another device");
    else
        return true;
    return false;
}

static bool hand_over(const struct api_call *call, bc_view endpoint, const struct key *key,
                      struct api_answer *answer)
{
    const char *problem = keyring_set(call->service->keyring, endpoint, key->identity,
                                      (bc_view){key->bytes, key->len});
    if (problem != NULL)
        api_problem(answer, 409, "psk_refused", "psk", "psk: %s", problem);
    return problem == NULL;
}

static void tell(struct service *service, bc_view endpoint, const char *change, json_t *device)
{
    if (service_wants(service, SERVICE_DEVICE))
        service_tell(service, SERVICE_DEVICE, endpoint,
                     json_pack("{s:s,s:O?}", "change", change, "state", device));
}

static bool take_settings(void *context, bc_view text)
{
    *(json_t **)context = json_loadb((const char *)text.ptr, text.len, 0, NULL);
    return false;
}

/* The settings of the product that the body names, to be released; NULL with the problem. */
static json_t *product_settings(const struct api_call *call, struct api_answer *answer)
{
    struct bc_store *store = call->service->config.store;
    int64_t product = json_integer_value(json_object_get(call->body, "product"));
    json_t *settings = NULL;
    if (bc_catalogue_document(store, product, BC_DOCUMENT_SETTINGS, take_settings, &settings) &&
        settings != NULL)
        return settings;
    if (bc_store_unread(store))
        service_answer_store(call, answer);
    else
        api_problem(answer, 422, "unknown_product", "product", "there is no such product");
    return NULL;
}

static bool store_new(const struct api_call *call, bc_view endpoint, const struct key *key)
{
    struct bc_store *store = call->service->config.store;
    char *settings = settings_text(call->body, NULL);
    struct bc_provision provision = {
        .endpoint = endpoint,
        .product = json_integer_value(json_object_get(call->body, "product")),
        .name = service_view(json_object_get(call->body, "name")),
        .imei = service_view(json_object_get(call->body, "imei")),
        .imsi = service_view(json_object_get(call->body, "imsi")),
        .settings = settings == NULL ? (bc_view){0} : bc_view_of(settings),
        .created_ms = call->utc_ms,
    };
    bool stored = settings != NULL && bc_catalogue_add_provision(store, &provision) &&
                  (key->len == 0 || bc_catalogue_put_key(store, endpoint, key->identity,
                                                         (bc_view){key->bytes, key->len}));
    free(settings);
    return stored;
}

static bool count_one(void *context, const struct bc_provision *provision)
{
    (void)context, (void)provision;
    return false;
}

/* With the endpoint's name; answers what is wrong with it. */
static void add_named(const struct api_call *call, bc_view endpoint, struct api_answer *answer)
{
    struct bc_store *store = call->service->config.store;
    struct key key = {.len = 0};
    bool known = bc_catalogue_provision(store, endpoint, count_one, NULL);
    if (known)
        api_problem(answer, 409, "device_exists", "endpoint", "this device is there already");
    else if (bc_store_unread(store))
        service_answer_store(call, answer);
    else if (endpoint.len == 0 || endpoint.len > BC_ENDPOINT_BYTES_MAX)
        api_problem(answer, 422, "endpoint_length", "endpoint",
                    "endpoint must be from 1 to %d bytes", BC_ENDPOINT_BYTES_MAX);
    else if (read_key(call, endpoint, &key, answer) && hand_over(call, endpoint, &key, answer)) {
        if (store_new(call, endpoint, &key))
            answer->body = find(call, endpoint, answer);
        else
            service_answer_store(call, answer);
    }
    bc_wipe(&key, sizeof(key));
    if (answer->body != NULL)
        tell(call->service, endpoint, "added", answer->body);
}

static void add(struct api_call *call, struct api_answer *answer)
{
    uint8_t memory[BC_ENDPOINT_BYTES_MAX + 64];
    bc_sink endpoint = {.ptr = memory, .cap = sizeof(memory)};
    service_enter(call);
    if (!check_numbers(call->body, answer))
        return;
    json_t *settings = product_settings(call, answer);
    if (settings != NULL && name_device(call, settings, &endpoint, answer))
        add_named(call, bc_sink_view(&endpoint), answer);
    json_decref(settings);
}

/* The key that the body sets or removes, if it says anything of it. */
static bool change_key(const struct api_call *call, bc_view endpoint, struct api_answer *answer)
{
    struct key key = {.len = 0};
    const json_t *psk = json_object_get(call->body, "psk");
    if (psk == NULL)
        return true;
    bool good = (json_is_null(psk) || read_key(call, endpoint, &key, answer)) &&
                hand_over(call, endpoint, &key, answer);
    if (good && !bc_catalogue_put_key(call->service->config.store, endpoint, key.identity,
                                      (bc_view){key.bytes, key.len})) {
        service_answer_store(call, answer);
        good = false;
    }
    bc_wipe(&key, sizeof(key));
    return good;
}

static bool store_change(const struct api_call *call, bc_view endpoint, const json_t *before,
                         struct api_answer *answer)
{
    const json_t *name = json_object_get(call->body, "name");
    const json_t *imsi = json_object_get(call->body, "imsi");
    const json_t *product = json_object_get(call->body, "product");
    char *settings = settings_text(call->body, before);
    struct bc_provision provision = {
        .endpoint = endpoint,
        .product =
            json_integer_value(product != NULL ? product : json_object_get(before, "product")),
        .name = service_view(name != NULL ? name : json_object_get(before, "name")),
        .imsi = service_view(imsi != NULL ? imsi : json_object_get(before, "imsi")),
        .settings = settings == NULL ? (bc_view){0} : bc_view_of(settings),
    };
    bool stored =
        settings != NULL && bc_catalogue_change_provision(call->service->config.store, &provision);
    if (!stored)
        service_answer_store(call, answer);
    free(settings);
    return stored;
}

static bool take_none(void *context, const struct bc_fota_device *device)
{
    (void)context, (void)device;
    return false;
}

/* Into the product that the body names, if it names another one. Firmware is its product's: the
 * device leaves the tasks that have not begun. */
static bool move(const struct api_call *call, bc_view endpoint, const json_t *before,
                 struct api_answer *answer)
{
    struct bc_store *store = call->service->config.store;
    const json_t *product = json_object_get(call->body, "product");
    if (product == NULL || json_equal(product, json_object_get(before, "product")))
        return true;
    json_t *settings = product_settings(call, answer);
    if (settings == NULL)
        return false;
    json_decref(settings);
    if (bc_fota_next(store, endpoint, take_none, NULL))
        api_problem(answer, 409, "device_has_task", "product",
                    "a firmware task of the device is running; cancel it first");
    else if (!bc_fota_forget_device(store, endpoint))
        service_answer_store(call, answer);
    return answer->status == 0;
}

static void change(struct api_call *call, struct api_answer *answer)
{
    bc_view endpoint = call->segments[0];
    service_enter(call);
    json_t *before = find(call, endpoint, answer);
    if (before == NULL || !check_numbers(call->body, answer)) {
        json_decref(before);
        return;
    }
    if (json_is_null(json_object_get(before, "product")))
        api_problem(answer, 409, "device_without_product", NULL,
                    "the device is in no product; add it to one");
    else if (move(call, endpoint, before, answer) && change_key(call, endpoint, answer) &&
             store_change(call, endpoint, before, answer))
        answer->body = find(call, endpoint, answer);
    json_decref(before);
    if (answer->body != NULL)
        tell(call->service, endpoint, "changed", answer->body);
}

/* The parts first: they may look at the device a last time. */
static void drop(struct api_call *call, struct api_answer *answer)
{
    struct service *s = call->service;
    bc_view endpoint = call->segments[0];
    const bc_view none = {0};
    service_enter(call);
    json_t *before = find(call, endpoint, answer);
    if (before == NULL)
        return;
    json_decref(before);
    if (!bc_store_works(s->config.store)) {
        service_answer_store(call, answer);
        return;
    }
    live_on_removed(s->live, endpoint);
    fota_on_removed(s->fota, endpoint);
    virtuals_on_removed(s->virtuals, endpoint);
    (void)bc_server_drop(s->config.server, call->now_ms, endpoint);
    tell(s, endpoint, "removed", NULL);
    (void)keyring_set(s->keyring, endpoint, none, none);
    if (!bc_catalogue_remove_provision(s->config.store, endpoint) ||
        !bc_catalogue_forget(s->config.store, endpoint, call->utc_ms))
        service_answer_store(call, answer);
    s->sweep_ms = call->now_ms;
}

static const struct api_route routes[] = {
    {"GET", "/devices", API_VIEWER, .query = &list_query, .out = &device_out, .lists = true,
     .handle = list,
     .about = "Devices: those that were added, oldest first, then those that only registered."},
    {"POST", "/devices", API_OPERATOR, .in = &device_new, .out = &device_out, .changes = true,
     .status = 201, .handle = add, .about = "Adds a device: from now on it may register."},
    {"GET", "/devices/{endpoint}", API_VIEWER, .out = &device_out, .handle = show,
     .about = "A device."},
    {"PATCH", "/devices/{endpoint}", API_OPERATOR, .in = &device_change, .out = &device_out,
     .changes = true, .handle = change,
     .about = "Changes what is said of a device, and the product that it belongs to."},
    {"DELETE", "/devices/{endpoint}", API_OPERATOR, .changes = true, .status = 204, .handle = drop,
     .about = "Removes a device: its registration, its data and its commands."},
};
const struct api_table api_devices = API_TABLE(routes);
