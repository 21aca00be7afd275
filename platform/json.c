/*
 * The JSON of json.h.
 */
#define _GNU_SOURCE
#include "json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/sink.h"
#include "carrier.h"
#include "coap/message.h"
#include "links.h"
#include "net.h"

#define ERROR_BYTES 256

/* Control characters, of C1 too, could play tricks on a terminal. UTF-8 itself is jansson's to
 * check. */
static bool has_control(bc_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if ((c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == 0x7F)
            return true;
        if (c == 0xC2 && i + 1 < text.len && text.ptr[i + 1] < 0xA0)
            return true;
    }
    return false;
}

static json_t *printable(bc_view text)
{
    return has_control(text) ? NULL : json_stringn((const char *)text.ptr, text.len);
}

static void set_text(json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, json_string(text));
}

static void set_number(json_t *object, const char *key, uint64_t value)
{
    json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void set_flag(json_t *object, const char *key, bool set)
{
    if (set)
        json_object_set_new(object, key, json_true());
}

static void set_hex(json_t *object, const char *key, bc_view bytes)
{
    bc_sink sink = {.ptr = malloc(bytes.len * 2 + 1), .cap = bytes.len * 2};
    if (sink.ptr == NULL)
        return;
    bc_put_hex(&sink, bytes);
    json_object_set_new(object, key, json_stringn((const char *)sink.ptr, sink.len));
    free(sink.ptr);
}

/* A name of a peer's own making. */
static void set_name(json_t *object, const char *key, const char *key_hex, bc_view name)
{
    json_t *text = printable(name);
    if (text != NULL)
        json_object_set_new(object, key, text);
    else
        set_hex(object, key_hex, name);
}

static void set_endpoint(json_t *object, bc_view endpoint)
{
    set_name(object, "endpoint", "endpoint_hex", endpoint);
}

static void set_address(json_t *object, const struct bc_address *address)
{
    char text[NET_TEXT_BYTES];
    platform_net_text(address, text);
    set_text(object, "address", text);
    set_flag(object, "secure", address->channel != 0);
}

static void set_path(json_t *object, const struct bc_server_path *path)
{
    char text[BC_SERVER_PATH_CHARS_MAX + 1];
    bc_server_path_text(path, text);
    set_text(object, "path", text);
}

static void set_code(json_t *object, uint8_t code)
{
    char text[8];
    snprintf(text, sizeof(text), "%d.%02d", code >> 5, code & 31);
    set_text(object, "code", text);
}

/* `hex` always, `text` when it is printable and not a format of bytes. */
static void set_payload(json_t *object, bc_view payload, bool binary)
{
    json_t *text = binary || payload.len == 0 ? NULL : printable(payload);
    set_hex(object, "hex", payload);
    if (text != NULL)
        json_object_set_new(object, "text", text);
}

static void set_value(json_t *object, int32_t format, bc_view payload, bool more)
{
    if (format != BC_COAP_FORMAT_ABSENT)
        set_number(object, "format", (uint64_t)format);
    set_payload(object, payload, format == BC_COAP_FORMAT_TLV);
    set_flag(object, "more", more);
}

static void set_content(json_t *object, const struct bc_server_event *event)
{
    set_value(object, event->format, event->payload, event->more);
}

static void set_objects(json_t *object, bc_view links)
{
    struct bc_server_links it = {.rest = links};
    struct bc_server_link link;
    json_t *list = json_array();
    while (bc_server_link_next(&it, &link)) {
        char text[BC_SERVER_PATH_CHARS_MAX + 1];
        if (link.path.count == 0)
            continue;
        bc_server_path_text(&link.path, text);
        json_array_append_new(list, json_string(text));
    }
    json_object_set_new(object, "objects", list);
}

static void set_time(json_t *object, int64_t time_ms)
{
    char text[32];
    char whole[24];
    struct tm parts;
    time_t seconds = (time_t)(time_ms / 1000);
    gmtime_r(&seconds, &parts);
    strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text, sizeof(text), "%s.%03dZ", whole, (int)(time_ms % 1000));
    set_text(object, "time", text);
}

int64_t platform_json_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void set_registration(json_t *object, const struct bc_server_device *device)
{
    set_text(object, "id", device->id);
    set_number(object, "lifetime", device->lifetime_s);
    set_text(object, "binding", device->binding);
    set_text(object, "lwm2m", device->version);
    set_text(object, "carrier", device->carrier->name);
}

static void set_request(json_t *object, const struct bc_server_event *event)
{
    set_text(object, "operation", bc_server_operation_name(event->operation));
    set_path(object, &event->path);
}

static void set_notification(json_t *object, const struct bc_server_event *event)
{
    set_path(object, &event->path);
    set_code(object, event->code);
    set_content(object, event);
    set_number(object, "observe", event->observe);
    json_object_set_new(object, "confirmable", json_boolean(event->confirmable));
    set_flag(object, "stale", event->stale);
    set_flag(object, "over", event->over);
}

/* Why the server ended a registration, and the answer that made it do so. */
static void set_refusal(json_t *object, const struct bc_server_event *event)
{
    if (event->reason == NULL)
        return;
    set_text(object, "reason", event->reason);
    if (event->code == 0)
        return;
    set_code(object, event->code);
    set_content(object, event);
}

static json_t *printable_member(const json_t *record, const char *key)
{
    const json_t *value = json_object_get(record, key);
    bc_view text = {(const uint8_t *)json_string_value(value), json_string_length(value)};
    return json_is_string(value) ? printable(text) : NULL;
}

/* `records`, when the payload is a list of {"n": name, "vs": text} and all can be printed: SenML
 * (RFC 8428) as far as Andlink's devices use it. */
static void set_records(json_t *object, bc_view payload)
{
    json_t *list = json_loadb((const char *)payload.ptr, payload.len, 0, NULL);
    json_t *records = json_array();
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *record = json_object();
        json_object_set_new(record, "n", printable_member(json_array_get(list, i), "n"));
        json_object_set_new(record, "vs", printable_member(json_array_get(list, i), "vs"));
        if (json_object_size(record) == 2)
            json_array_append(records, record);
        json_decref(record);
    }
    if (json_array_size(list) > 0 && json_array_size(records) == json_array_size(list))
        json_object_set(object, "records", records);
    json_decref(records);
    json_decref(list);
}

static const char *event_name(enum bc_server_event_kind kind)
{
    static const char *const names[] = {
        "registered", "updated", "deregistered", "expired",  "observe", "notify",
        "response",   "timeout", "reset",        "canceled", "dp",      "rejected",
    };
    return names[kind];
}

static void set_details(json_t *object, const struct bc_server_event *event)
{
    switch (event->kind) {
    case BC_SERVER_REGISTERED:
    case BC_SERVER_UPDATED:
        set_registration(object, event->device);
        if (event->links_changed)
            set_objects(object, event->device->links);
        break;
    case BC_SERVER_DEREGISTERED:
    case BC_SERVER_EXPIRED:
        set_text(object, "id", event->device->id);
        set_refusal(object, event);
        break;
    case BC_SERVER_OBSERVED:
    case BC_SERVER_RESPONDED:
        set_request(object, event);
        set_code(object, event->code);
        set_content(object, event);
        break;
    case BC_SERVER_NOTIFIED:
        set_notification(object, event);
        break;
    case BC_SERVER_DP:
        set_content(object, event);
        set_records(object, event->payload);
        json_object_set_new(object, "confirmable", json_boolean(event->confirmable));
        break;
    case BC_SERVER_REJECTED:
        set_code(object, event->code);
        set_text(object, "reason", event->reason);
        break;
    default:
        set_request(object, event);
    }
}

json_t *platform_json_event(const struct bc_server_event *event, int64_t time_ms)
{
    json_t *object = json_object();
    set_text(object, "event", event_name(event->kind));
    set_time(object, time_ms);
    set_endpoint(object, event->endpoint);
    set_details(object, event);
    set_address(object, &event->address);
    return object;
}

static void set_bootstrap_details(json_t *object, const struct bc_bootstrap_event *event)
{
    if (event->step != NULL)
        set_text(object, "step", event->step);
    if (event->code != 0)
        set_code(object, event->code);
    if (event->reason != NULL)
        set_text(object, "reason", event->reason);
    if (event->kind != BC_BOOTSTRAP_DISCOVERED)
        return;
    set_payload(object, event->payload, false);
    set_flag(object, "more", event->more);
}

json_t *platform_json_bootstrap_event(const struct bc_bootstrap_event *event, int64_t time_ms)
{
    static const char *const names[] = {"bootstrap-requested", "bootstrap-discovered",
                                        "bootstrap-finished", "bootstrap-failed",
                                        "bootstrap-rejected"};
    json_t *object = json_object();
    set_text(object, "event", names[event->kind]);
    set_time(object, time_ms);
    set_endpoint(object, event->endpoint);
    set_bootstrap_details(object, event);
    set_address(object, &event->address);
    return object;
}

static void set_secure_details(json_t *object, const struct secure_event *event)
{
    if (event->reason != NULL)
        set_text(object, "reason", event->reason);
    if (event->kind == SECURE_FAILED || event->kind == SECURE_STRAY)
        set_number(object, "count", event->count);
    if (event->kind != SECURE_OPENED)
        return;
    set_text(object, "version", event->version);
    set_text(object, "cipher", event->cipher);
    json_object_set_new(object, "resumed", json_boolean(event->resumed));
}

json_t *platform_json_secure_event(const struct secure_event *event, const char *listener,
                                   bc_view endpoint, int64_t time_ms)
{
    static const char *const names[] = {"dtls-opened", "dtls-closed", "dtls-failed", "dtls-stray"};
    struct bc_address address = event->address;
    json_t *object = json_object();
    address.channel = 0; /* the event's name says enough */
    set_text(object, "event", names[event->kind]);
    set_time(object, time_ms);
    set_text(object, "listener", listener);
    if (endpoint.len > 0)
        set_endpoint(object, endpoint);
    if (event->identity.len > 0)
        set_name(object, "identity", "identity_hex", event->identity);
    set_secure_details(object, event);
    set_address(object, &address);
    return object;
}

json_t *platform_json_alarm(const char *event, const char *reason, int64_t time_ms)
{
    json_t *object = json_object();
    set_text(object, "event", event);
    set_time(object, time_ms);
    if (reason != NULL)
        set_text(object, "reason", reason);
    return object;
}

json_t *platform_json_row(const struct bc_store_row *row)
{
    static const char *const kinds[] = {"notify", "dp", "response"};
    json_t *object = json_object();
    set_number(object, "number", row->number);
    set_time(object, row->utc_ms);
    if ((size_t)row->kind < sizeof(kinds) / sizeof(kinds[0]))
        set_text(object, "kind", kinds[row->kind]);
    if (row->path.len > 0)
        json_object_set_new(object, "path", printable(row->path));
    if (row->kind != BC_STORE_DP)
        set_code(object, row->code);
    set_value(object, row->format, row->payload, row->more);
    if (row->observe >= 0)
        set_number(object, "observe", (uint64_t)row->observe);
    json_object_set_new(object, "confirmable", json_boolean(row->confirmable));
    set_flag(object, "stale", row->stale);
    return object;
}

json_t *platform_json_device(const struct bc_server_device *device)
{
    json_t *object = json_object();
    set_endpoint(object, device->endpoint);
    set_registration(object, device);
    set_objects(object, device->links);
    set_number(object, "observations", device->observations);
    set_number(object, "requests", device->requests);
    set_address(object, &device->address);
    return object;
}

static const char *failure_of(const struct bc_server_event *event)
{
    switch (event->kind) {
    case BC_SERVER_TIMED_OUT:
        return "timeout: the device did not answer";
    case BC_SERVER_RESET:
        return "the device answered with a reset";
    case BC_SERVER_CANCELED:
        return "the registration ended before the device answered";
    default:
        break;
    }
    if (event->code >> 5 != 2)
        return "the device refused";
    bool broken = event->more && event->kind == BC_SERVER_RESPONDED;
    return broken ? "the transfer in blocks broke off" : NULL;
}

json_t *platform_json_answer(const struct bc_server_event *event)
{
    const char *failure = failure_of(event);
    json_t *object = json_object();
    json_object_set_new(object, "ok", json_boolean(failure == NULL));
    if (failure != NULL)
        set_text(object, "error", failure);
    set_endpoint(object, event->endpoint);
    set_request(object, event);
    if (event->code != 0) {
        set_code(object, event->code);
        set_content(object, event);
    }
    return object;
}

json_t *platform_json_error(const char *format, ...)
{
    char text[ERROR_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    json_t *object = json_object();
    json_object_set_new(object, "ok", json_false());
    json_t *reason = json_string(text);
    json_object_set_new(object, "error", reason != NULL ? reason : json_string("wrong command"));
    return object;
}

char *platform_json_line(json_t *object)
{
    char *text = json_dumps(object, JSON_COMPACT);
    json_decref(object);
    size_t len = text == NULL ? 0 : strlen(text);
    char *line = text == NULL ? NULL : realloc(text, len + 2);
    if (line == NULL) {
        free(text);
        return NULL;
    }
    memcpy(line + len, "\n", 2);
    return line;
}
