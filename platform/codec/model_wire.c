/*
 * Values of a thing model on the wire: TLV, LwM2M JSON, text, opaque (LwM2M 1.0 section 6.4). See
 * model.h; the documents and the ranges are model.c's.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "inside.h"
#include "lwm2m/value.h"
#include "model_inside.h"

#define TLV_DEPTH_MAX 2 /* an instance, and the resources in it */

struct decoding {
    const json_t *model;
    const json_t *mapping;
    json_t *values;
    char *problem;
};

/* --- One value ------------------------------------------------------------------------------- */

static bool is_integer_type(enum model_type type)
{
    return type == MODEL_INT32 || type == MODEL_ENUM;
}

static json_t *real_of_raw(bc_view raw)
{
    if (raw.len == 1 || raw.len == 2) /* devices send what is whole as an integer */
        return json_integer(bc_value_integer_of(raw));
    uint64_t bits = (uint64_t)bc_value_integer_of(raw);
    double real;
    if (raw.len == 4) {
        uint32_t low = (uint32_t)bits;
        float narrow;
        memcpy(&narrow, &low, sizeof(narrow));
        real = (double)narrow;
    } else {
        memcpy(&real, &bits, sizeof(real));
    }
    return isfinite(real) ? json_real(real) : NULL;
}

/* As TLV and opaque carry it. */
static json_t *value_of_raw(enum model_type type, bc_view raw)
{
    bool number = raw.len == 1 || raw.len == 2 || raw.len == 4 || raw.len == 8;
    if (type == MODEL_TEXT)
        return json_stringn(raw.len > 0 ? (const char *)raw.ptr : "", raw.len);
    if (type == MODEL_BOOL)
        return raw.len == 1 && raw.ptr[0] <= 1 ? json_boolean(raw.ptr[0] == 1) : NULL;
    if (!number)
        return NULL;
    return is_integer_type(type) ? json_integer(bc_value_integer_of(raw)) : real_of_raw(raw);
}

static json_t *real_of_text(bc_view text)
{
    char copy[64];
    if (text.len == 0 || text.len >= sizeof(copy))
        return NULL;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    char *end;
    double real = strtod(copy, &end);
    bool plain = copy[strspn(copy, "+-.0123456789eE")] == '\0';
    return plain && *end == '\0' && isfinite(real) ? json_real(real) : NULL;
}

static json_t *value_of_text(enum model_type type, bc_view text)
{
    int64_t integer;
    if (type == MODEL_TEXT)
        return value_of_raw(type, text);
    if (type == MODEL_FLOAT || type == MODEL_DOUBLE)
        return real_of_text(text);
    if (!bc_view_int(text, &integer))
        return NULL;
    if (type == MODEL_BOOL)
        return integer == 0 || integer == 1 ? json_boolean(integer == 1) : NULL;
    return json_integer(integer);
}

/* Of an entry of LwM2M JSON: "v", "sv" or "bv". */
static json_t *value_of_entry(enum model_type type, const json_t *entry)
{
    json_t *number = json_object_get(entry, "v");
    json_t *text = json_object_get(entry, "sv");
    json_t *flag = json_object_get(entry, "bv");
    if (type == MODEL_TEXT)
        return json_is_string(text) ? json_incref(text) : NULL;
    if (type == MODEL_BOOL && json_is_boolean(flag))
        return json_incref(flag);
    if (!json_is_number(number))
        return NULL;
    double real = json_number_value(number);
    if (type == MODEL_BOOL)
        return real == 0 || real == 1 ? json_boolean(real == 1) : NULL;
    if (is_integer_type(type) && real == trunc(real) && fabs(real) <= INT32_MAX)
        return json_integer((json_int_t)real);
    return json_incref(number);
}

/* Takes `value` over, which is NULL when it could not be read. */
static bool keep(struct decoding *to, const json_t *item, const json_t *property, json_t *value)
{
    const char *identifier = json_string_value(json_object_get(item, "identifier"));
    bool good = value != NULL || codec_fail(to->problem, "is not of its type");
    good = good && model_check_value(property, value, to->problem);
    if (!good)
        codec_fail_at(to->problem, "property \"%s\"", identifier);
    else
        json_object_set(to->values, identifier, value);
    json_decref(value);
    return good;
}

/* What is mapped at a place: its property, and the item; NULL when nothing is. */
static const json_t *mapped(const struct decoding *to, struct model_place place,
                            const json_t **item)
{
    *item = model_item_at(to->mapping, place);
    const char *identifier = json_string_value(json_object_get(*item, "identifier"));
    return identifier == NULL ? NULL : model_property(to->model, identifier);
}

/* --- Payloads -------------------------------------------------------------------------------- */

static struct model_place place_of(const struct bc_server_path *path)
{
    return (struct model_place){
        .object = path->ids[0],
        .instance = path->count > 1 ? path->ids[1] : 0,
        .resource = path->count > 2 ? path->ids[2] : 0,
    };
}

static bool decode_resource(struct decoding *to, struct model_place place, const struct bc_tlv *tlv)
{
    const json_t *item;
    const json_t *property = mapped(to, place, &item);
    if (property == NULL)
        return true;
    if (tlv->type == BC_TLV_RESOURCE)
        return keep(to, item, property, value_of_raw(model_type_of(property), tlv->value));
    return codec_fail(to->problem, "resource %u has several instances", place.resource);
}

/* Resources of an instance; those that lie in entries of instances say which. */
static bool decode_tlv(struct decoding *to, const struct bc_server_path *path, bc_view payload)
{
    bc_view level[TLV_DEPTH_MAX] = {payload};
    size_t depth = 0;
    struct model_place place = place_of(path);
    for (;;) {
        struct bc_tlv tlv;
        if (!bc_tlv_next(&level[depth], &tlv)) {
            if (level[depth].len > 0)
                return codec_fail(to->problem, "the payload is no TLV");
            if (depth == 0)
                return true;
            depth--;
            place = place_of(path);
        } else if (tlv.type == BC_TLV_INSTANCE && depth == 0) {
            place.instance = tlv.id;
            level[++depth] = tlv.value;
        } else if (tlv.type == BC_TLV_RESOURCE || tlv.type == BC_TLV_RESOURCE_LIST) {
            place.resource = tlv.id;
            if (!decode_resource(to, place, &tlv))
                return false;
        } else {
            return codec_fail(to->problem, "the payload is no TLV of an object");
        }
    }
}

static bool decode_entry(struct decoding *to, const char *base, const json_t *entry)
{
    char text[64];
    const char *name = json_string_value(json_object_get(entry, "n"));
    struct bc_server_path path;
    name = name != NULL ? name : "";
    size_t base_bytes = strlen(base);
    size_t name_bytes = strlen(name);
    if (base_bytes + name_bytes >= sizeof(text))
        return codec_fail(to->problem, "the name of an entry is too long");
    memcpy(text, base, base_bytes);
    memcpy(text + base_bytes, name, name_bytes);
    bc_view view = {(const uint8_t *)text, base_bytes + name_bytes};
    if (!bc_server_path_parse(view, &path) || path.count < 3)
        return codec_fail(to->problem, "\"%.*s\" is no resource", (int)view.len, text);
    const json_t *item;
    const json_t *property = mapped(to, place_of(&path), &item);
    if (property == NULL)
        return true;
    if (path.count > 3)
        return codec_fail(to->problem, "resource %u has several instances", path.ids[2]);
    return keep(to, item, property, value_of_entry(model_type_of(property), entry));
}

static bool decode_json(struct decoding *to, const struct bc_server_path *path, bc_view payload)
{
    char own[BC_SERVER_PATH_CHARS_MAX + 2];
    const char *text = payload.len > 0 ? (const char *)payload.ptr : "";
    json_t *document = json_loadb(text, payload.len, 0, NULL);
    const json_t *entries = json_object_get(document, "e");
    const char *base = json_string_value(json_object_get(document, "bn"));
    bool good = json_is_array(entries) || codec_fail(to->problem, "the payload is no LwM2M JSON");
    if (base == NULL) {
        bc_server_path_text(path, own);
        size_t bytes = strlen(own);
        if (path->count < 3)
            memcpy(own + bytes, "/", 2);
        base = own;
    }
    for (size_t i = 0; good && i < json_array_size(entries); i++)
        good = decode_entry(to, base, json_array_get(entries, i));
    json_decref(document);
    return good;
}

static bool decode_single(struct decoding *to, const struct bc_server_path *path, bool opaque,
                          bc_view payload)
{
    if (path->count != 3)
        return codec_fail(to->problem, "a payload of one value, but the path is no resource");
    const json_t *item;
    const json_t *property = mapped(to, place_of(path), &item);
    if (property == NULL)
        return true;
    enum model_type type = model_type_of(property);
    return keep(to, item, property,
                opaque ? value_of_raw(type, payload) : value_of_text(type, payload));
}

static bool decode(struct decoding *to, const struct bc_server_path *path, int32_t format,
                   bc_view payload)
{
    if (path->count == 0)
        return codec_fail(to->problem, "there is no path");
    if (format == BC_COAP_FORMAT_ABSENT)
        format = path->count < 3 ? BC_COAP_FORMAT_TLV : BC_COAP_FORMAT_TEXT;
    switch (format) {
    case BC_COAP_FORMAT_TLV:
        return decode_tlv(to, path, payload);
    case BC_COAP_FORMAT_JSON:
        return decode_json(to, path, payload);
    case BC_COAP_FORMAT_TEXT:
    case BC_COAP_FORMAT_OPAQUE:
        return decode_single(to, path, format == BC_COAP_FORMAT_OPAQUE, payload);
    default:
        return codec_fail(to->problem, "content format %d is not known", (int)format);
    }
}

json_t *model_decode(const json_t *model, const json_t *mapping, const struct bc_server_path *path,
                     int32_t format, bc_view payload, char problem[CODEC_PROBLEM_BYTES])
{
    struct decoding to = {model, mapping, json_object(), problem};
    if (to.values == NULL)
        codec_fail(problem, "memory is short");
    else if (decode(&to, path, format, payload))
        return to.values;
    json_decref(to.values);
    return NULL;
}

/* --- Encoding -------------------------------------------------------------------------------- */

static const json_t *item_of(const json_t *mapping, const char *identifier)
{
    const json_t *items = json_object_get(mapping, "items");
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        if (strcmp(json_string_value(json_object_get(item, "identifier")), identifier) == 0)
            return item;
    }
    return NULL;
}

static struct bc_value wire_value(enum model_type type, const json_t *value)
{
    switch (type) {
    case MODEL_BOOL:
        return (struct bc_value){
            .type = BC_VALUE_BOOLEAN, .number_bytes = 1, .integer = json_is_true(value)};
    case MODEL_FLOAT:
    case MODEL_DOUBLE:
        return (struct bc_value){.type = BC_VALUE_FLOAT,
                                 .number_bytes = type == MODEL_FLOAT ? 4 : 8,
                                 .real = json_number_value(value)};
    case MODEL_INT32:
    case MODEL_ENUM:
        return bc_value_integer(json_integer_value(value));
    case MODEL_TEXT:
    case MODEL_TYPELESS:
        break;
    }
    bc_view bytes = {(const uint8_t *)json_string_value(value), json_string_length(value)};
    return (struct bc_value){.type = BC_VALUE_STRING, .bytes = bytes};
}

bool model_encode(const json_t *model, const json_t *mapping, const char *identifier,
                  const json_t *value, struct bc_server_path *path, int32_t *format, bc_sink *out,
                  char problem[CODEC_PROBLEM_BYTES])
{
    const json_t *property = model_property(model, identifier);
    const json_t *item = item_of(mapping, identifier);
    const char *access = json_string_value(json_object_get(property, "access"));
    if (property == NULL)
        return codec_fail(problem, "the model has no property \"%s\"", identifier);
    if (access == NULL || strcmp(access, "rw") != 0)
        return codec_fail(problem, "property \"%s\" is only read", identifier);
    if (item == NULL)
        return codec_fail(problem, "property \"%s\" is mapped to no resource", identifier);
    if (!model_check_value(property, value, problem) || !model_check_step(property, value, problem))
        return codec_fail_at(problem, "property \"%s\"", identifier);
    struct model_place place = model_place_of(item);
    struct bc_value wire = wire_value(model_type_of(property), value);
    size_t bytes = bc_tlv_resource_bytes(place.resource, &wire);
    if (out->full || bytes > out->cap - out->len)
        return codec_fail(problem, "property \"%s\": the value is too long", identifier);
    bc_tlv_put_resource(out, place.resource, &wire);
    *path = (struct bc_server_path){{place.object, place.instance, place.resource}, 3};
    *format = BC_COAP_FORMAT_TLV;
    return true;
}
