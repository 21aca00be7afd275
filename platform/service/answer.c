/*
 * What handlers of several files answer alike, and bytes of peers as JSON.
 */
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "private.h"

void service_answer_store(const struct api_call *call, struct api_answer *answer)
{
    api_problem(answer, 503, "store_unusable", NULL, "the store cannot be used: %s",
                bc_store_problem(call->service->config.store));
}

void service_answer_missing(const struct api_call *call, struct api_answer *answer,
                            const char *what)
{
    if (bc_store_unread(call->service->config.store))
        service_answer_store(call, answer);
    else
        api_problem(answer, 404, "not_found", NULL, "there is no such %s", what);
}

/* How many bytes the character of UTF-8 has that begins here; 0 for what is none, and for NUL. */
static size_t character(bc_view rest)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = rest.ptr[0];
    size_t len = first < 0x80 ? 1 : first < 0xC0 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (len == 0 || len > rest.len || first > 0xF4 || first == 0)
        return 0;
    uint32_t code = len == 1 ? first : first & (0x7FU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((rest.ptr[i] & 0xC0) != 0x80)
            return 0;
        code = code << 6 | (rest.ptr[i] & 0x3F);
    }
    bool good = code >= least[len] && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    return good ? len : 0;
}

static bool is_text(bc_view bytes)
{
    while (bytes.len > 0) {
        size_t len = character(bytes);
        if (len == 0)
            return false;
        bytes = (bc_view){bytes.ptr + len, bytes.len - len};
    }
    return true;
}

json_t *service_text(bc_view bytes)
{
    if (is_text(bytes))
        return json_stringn(bytes.len == 0 ? "" : (const char *)bytes.ptr, bytes.len);
    bc_sink out = {.ptr = malloc(bytes.len * 3), .cap = bytes.len * 3};
    if (out.ptr == NULL)
        return NULL;
    while (bytes.len > 0) {
        size_t len = character(bytes);
        if (len == 0)
            bc_put_text(&out, "\xEF\xBF\xBD");
        else
            bc_put_bytes(&out, (bc_view){bytes.ptr, len});
        len = len == 0 ? 1 : len;
        bytes = (bc_view){bytes.ptr + len, bytes.len - len};
    }
    json_t *text = json_stringn((const char *)out.ptr, out.len);
    free(out.ptr);
    return text;
}

json_t *service_hex(bc_view bytes)
{
    bc_sink out = {.ptr = malloc(bytes.len * 2 + 1), .cap = bytes.len * 2 + 1};
    if (out.ptr == NULL)
        return NULL;
    bc_put_hex(&out, bytes);
    json_t *text = json_stringn((const char *)out.ptr, out.len);
    free(out.ptr);
    return text;
}

void service_set_endpoint(json_t *object, bc_view endpoint)
{
    (void)json_object_set_new(object, "endpoint", service_text(endpoint));
    if (!is_text(endpoint))
        (void)json_object_set_new(object, "endpoint_hex", service_hex(endpoint));
}

bool service_contains(bc_view text, const char *part)
{
    size_t len = strlen(part);
    for (; text.len >= len; text = (bc_view){text.ptr + 1, text.len - 1})
        if (bc_view_equal_nocase((bc_view){text.ptr, len}, part))
            return true;
    return false;
}

int64_t service_utc(const struct service *service, uint64_t time_ms)
{
    return service->now.utc_ms + (int64_t)(time_ms - service->now.now_ms);
}

bc_view service_view(const json_t *string)
{
    return (bc_view){(const uint8_t *)json_string_value(string), json_string_length(string)};
}

int64_t service_id(bc_view segment)
{
    int64_t id;
    return bc_view_int(segment, &id) && id > 0 ? id : 0;
}

struct service_list service_list_begin(const struct api_call *call)
{
    return (struct service_list){.items = json_array(), .limit = api_window(call).limit};
}

bool service_list_room(struct service_list *list, int64_t id)
{
    bool room = json_array_size(list->items) < list->limit;
    if (!room)
        list->next = list->last;
    list->last = id;
    return room;
}

void service_list_answer(const struct api_call *call, struct service_list *list,
                         struct api_answer *answer)
{
    if (bc_store_unread(call->service->config.store)) {
        json_decref(list->items);
        service_answer_store(call, answer);
    } else {
        api_page(answer, list->items, list->next);
    }
}
