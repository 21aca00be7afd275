/*
 * Rows of data and decoded values as resources.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "coap/message.h"
#include "live.h"
#include "model.h"
#include "profile.h"
#include "properties.h"

#define ROWS_BYTES_MAX (2 * 1024 * 1024) /* of payloads in one page */
#define VALUES_MAX 4096                  /* of one name among the rows of a page */
#define HISTORY_DEFAULT 500
#define CODE_CHARS 8

static struct live *live_of(const struct api_call *call)
{
    return call->service->live;
}

static void set(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value);
}

json_t *live_parse(bc_view text)
{
    if (text.len == 0)
        return NULL;
    return json_loadb((const char *)text.ptr, text.len, JSON_DECODE_ANY, NULL);
}

/* Rows -----------------------------------------------------------------------------------------*/

json_t *live_printable(bc_view bytes)
{
    json_t *text = NULL;
    size_t plain = 0;
    while (plain < bytes.len && bytes.ptr[plain] != 0x7F &&
           (bytes.ptr[plain] >= ' ' || strchr("\t\r\n", bytes.ptr[plain]) != NULL) &&
           bytes.ptr[plain] != '\0')
        plain++;
    if (bytes.len > 0 && plain == bytes.len)
        text = json_stringn((const char *)bytes.ptr, bytes.len);
    return text != NULL ? text : json_null();
}

json_t *live_row_json(const struct bc_store_row *row)
{
    static const char *const kinds[] = {"notify", "dp", "response"};
    char code[CODE_CHARS];
    bool formatted = row->format != BC_COAP_FORMAT_ABSENT;
    json_t *out = json_object();
    (void)snprintf(code, sizeof(code), "%d.%02d", row->code >> 5, row->code & 31);
    set(out, "number", json_integer((json_int_t)row->number));
    set(out, "time_ms", json_integer(row->utc_ms));
    set(out, "kind", json_string(kinds[row->kind <= BC_STORE_RESPONSE ? row->kind : 0]));
    set(out, "path", row->path.len == 0 ? json_null() : service_text(row->path));
    set(out, "code", json_string(code));
    set(out, "format", formatted ? json_integer(row->format) : json_null());
    set(out, "hex", service_hex(row->payload));
    set(out, "text",
        row->format == BC_COAP_FORMAT_TLV ? json_null() : live_printable(row->payload));
    set(out, "values", json_null());
    if (row->observe >= 0)
        set(out, "observe", json_integer(row->observe));
    set(out, "confirmable", json_boolean(row->confirmable));
    set(out, "stale", json_boolean(row->stale));
    set(out, "more", json_boolean(row->more));
    return out;
}

struct page {
    struct live *live;
    bc_view endpoint;
    json_t *items;
    uint64_t to; /* row number */
    int64_t to_ms;
    size_t bytes;
    uint64_t first, next;
    int64_t from_ms, last_ms; /* of those shown */
    bool more;
};

static bool take_row(void *context, const struct bc_store_row *row)
{
    struct page *page = context;
    if (row->number > page->to || row->utc_ms > page->to_ms)
        return false;
    page->more = page->bytes > 0 && page->bytes + row->payload.len > ROWS_BYTES_MAX;
    if (page->more)
        return false;
    (void)json_array_append_new(page->items, live_row_json(row));
    page->bytes += row->payload.len;
    if (page->first == 0)
        page->first = row->number;
    page->next = row->number + 1;
    page->from_ms = row->utc_ms < page->from_ms ? row->utc_ms : page->from_ms;
    page->last_ms = row->utc_ms > page->last_ms ? row->utc_ms : page->last_ms;
    return true;
}

static bool take_time(void *context, const struct bc_store_row *row)
{
    *(int64_t *)context = row->utc_ms;
    return true;
}

/* The first row of that time or later. Rows are in order of time, as long as nobody sets clocks. */
static uint64_t row_at(struct live *live, bc_view endpoint, const struct bc_store_range *range,
                       int64_t utc_ms)
{
    uint64_t low = range->first, high = range->last + 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        int64_t seen = INT64_MAX;
        (void)bc_store_read(live_store(live), endpoint, middle, 1, take_time, &seen);
        if (seen < utc_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Decoded values -------------------------------------------------------------------------------*/

static bool take_name(void *context, const struct bc_property *property)
{
    (void)json_array_append_new(context, service_text(property->name));
    return true;
}

/* Names of the device's properties, but for the newest values of resources. */
static void each_property(struct live *live, bc_view endpoint, bc_property_take *take,
                          void *context)
{
    _Static_assert(LIVE_RESOURCE_MARK + 1 == 'A', "the ranges say so");
    bc_properties_latest(live_store(live), endpoint, BC_TEXT(""), BC_TEXT("@"), take, context);
    bc_properties_latest(live_store(live), endpoint, BC_TEXT("A"), BC_TEXT("\xFF"), take, context);
}

static bool take_value(void *context, const struct bc_property *property)
{
    const struct page *page = context;
    if (property->number < page->first || property->number >= page->next)
        return true;
    json_t *row = json_array_get(page->items, (size_t)(property->number - page->first));
    json_t *value = live_parse(property->value);
    json_t *values = json_object_get(row, "values");
    if (row == NULL || value == NULL) {
        json_decref(value);
        return true;
    }
    if (!json_is_object(values)) {
        values = json_object();
        set(row, "values", values);
    }
    json_t *name = service_text(property->name);
    set(values, json_string_value(name), value);
    json_decref(name);
    return true;
}

/* What was decoded of the rows of the page. Their numbers are without gaps. */
static void add_values(struct page *page)
{
    json_t *names = json_array();
    if (page->next - page->first != json_array_size(page->items)) {
        json_decref(names);
        return;
    }
    each_property(page->live, page->endpoint, take_name, names);
    for (size_t i = 0; i < json_array_size(names); i++) {
        struct bc_property_range range = {
            .name = service_view(json_array_get(names, i)),
            .from_ms = page->from_ms,
            .to_ms = page->last_ms,
            .count = VALUES_MAX,
        };
        bc_properties_history(live_store(page->live), page->endpoint, &range, take_value, page);
    }
    json_decref(names);
}

static int64_t query_number(const struct api_call *call, const char *name, int64_t absent)
{
    const json_t *number = json_object_get(call->query, name);
    return json_is_integer(number) ? json_integer_value(number) : absent;
}

static uint64_t first_row(const struct api_call *call, const struct bc_store_range *range,
                          const struct api_window *window)
{
    int64_t from = query_number(call, "from", 0), from_ms = query_number(call, "from_ms", -1);
    if (window->cursor > 0)
        return (uint64_t)window->cursor;
    if (from > 0)
        return (uint64_t)from;
    if (from_ms >= 0)
        return row_at(live_of(call), call->segments[0], range, from_ms);
    bool newest =
        json_object_get(call->query, "to") == NULL && json_object_get(call->query, "to_ms") == NULL;
    return newest && range->last > window->limit ? range->last - window->limit + 1 : 1;
}

/* A device that has said nothing yet has an empty list. */
static void answer_none(struct api_call *call, struct api_answer *answer)
{
    struct service_device known;
    if (bc_store_unread(live_store(live_of(call))) ||
        !service_device_find(call->service, call->segments[0], &known))
        service_answer_missing(call, answer, "device");
    else
        api_page(answer, json_array(), 0);
}

void live_list_data(struct api_call *call, struct api_answer *answer)
{
    struct api_window window = api_window(call);
    struct bc_store_range range;
    service_enter(call);
    if (!bc_store_range(live_store(live_of(call)), call->segments[0], &range)) {
        answer_none(call, answer);
        return;
    }
    struct page page = {
        .live = live_of(call),
        .endpoint = call->segments[0],
        .items = json_array(),
        .to = (uint64_t)query_number(call, "to", INT64_MAX),
        .to_ms = query_number(call, "to_ms", INT64_MAX),
        .from_ms = INT64_MAX,
    };
    uint64_t first = first_row(call, &range, &window);
    if (first < range.first)
        first = range.first;
    (void)bc_store_read(live_store(page.live), page.endpoint, first, window.limit, take_row, &page);
    if (page.first > 0)
        add_values(&page);
    bool rest = page.next > 0 && page.next <= range.last && page.next <= page.to &&
                (page.more || json_array_size(page.items) == window.limit);
    api_page(answer, page.items, rest ? (int64_t)page.next : 0);
}

/* Properties -----------------------------------------------------------------------------------*/

struct units {
    json_t *model, *profile; /* of the device's product; may be NULL */
};

/* "Water.level" is the property of a service. */
static const char *unit_of(const struct units *units, const char *name)
{
    const json_t *property = units->model == NULL ? NULL : model_property(units->model, name);
    const char *dot = strchr(name, '.');
    char service[BC_PROPERTY_NAME_BYTES_MAX + 1];
    if (property == NULL && units->profile != NULL && dot != NULL &&
        (size_t)(dot - name) < sizeof(service)) {
        memcpy(service, name, (size_t)(dot - name));
        service[dot - name] = '\0';
        const json_t *row = profile_service(units->profile, service);
        property = row == NULL ? NULL : profile_property(row, dot + 1);
    }
    return json_string_value(json_object_get(property, "unit"));
}

struct listing {
    json_t *items;
    struct units units;
};

static bool take_latest(void *context, const struct bc_property *property)
{
    struct listing *listing = context;
    json_t *value = live_parse(property->value);
    json_t *name = service_text(property->name);
    json_t *item = json_object();
    const char *unit = name == NULL ? NULL : unit_of(&listing->units, json_string_value(name));
    set(item, "name", name);
    set(item, "value", value != NULL ? value : json_null());
    set(item, "unit", unit == NULL || unit[0] == '\0' ? json_null() : json_string(unit));
    set(item, "time_ms", json_integer(property->utc_ms));
    (void)json_array_append_new(listing->items, item);
    return true;
}

static bool knows_device(struct api_call *call)
{
    struct service_device known;
    struct bc_store_range range;
    return service_device_find(call->service, call->segments[0], &known) ||
           bc_store_range(live_store(live_of(call)), call->segments[0], &range);
}

void live_list_properties(struct api_call *call, struct api_answer *answer)
{
    struct listing listing = {.items = json_array()};
    struct service_device known;
    service_enter(call);
    if (!knows_device(call)) {
        json_decref(listing.items);
        service_answer_missing(call, answer, "device");
        return;
    }
    if (service_device_find(call->service, call->segments[0], &known)) {
        listing.units.model = service_product_document(call->service, known.product, "model");
        listing.units.profile = service_product_document(call->service, known.product, "profile");
    }
    each_property(live_of(call), call->segments[0], take_latest, &listing);
    json_decref(listing.units.model);
    json_decref(listing.units.profile);
    api_page(answer, listing.items, 0);
}

static bool take_point(void *context, const struct bc_property *property)
{
    json_t *point = json_object();
    json_t *value = live_parse(property->value);
    set(point, "time_ms", json_integer(property->utc_ms));
    set(point, "number", json_integer((json_int_t)property->number));
    set(point, "value", value != NULL ? value : json_null());
    (void)json_array_insert_new(context, 0, point);
    return true;
}

void live_list_history(struct api_call *call, struct api_answer *answer)
{
    json_t *points = json_array();
    struct bc_property_range range = {
        .name = call->segments[1],
        .from_ms = query_number(call, "from_ms", 0),
        .to_ms = query_number(call, "to_ms", INT64_MAX),
        .count = (size_t)query_number(call, "limit", HISTORY_DEFAULT),
    };
    service_enter(call);
    if (!knows_device(call)) {
        json_decref(points);
        service_answer_missing(call, answer, "device");
        return;
    }
    bc_properties_history(live_store(live_of(call)), call->segments[0], &range, take_point, points);
    api_page(answer, points, 0);
}
