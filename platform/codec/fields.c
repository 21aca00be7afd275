/*
 * Codecs that are lists of fields: see codec.h. A definition is compiled into layouts, one for each
 * message and command, whose names are borrowed from a copy of it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "inside.h"
#include "profile.h"

#define LAYOUTS_MAX 64 /* messages, and commands, of one codec */
#define FIELDS_MAX 128 /* of one layout */

enum field_kind { FIELD_UNSIGNED, FIELD_SIGNED, FIELD_FLOAT, FIELD_BOOL, FIELD_STRING, FIELD_HEX };

struct field_type {
    const char *name;
    enum field_kind kind;
    uint32_t bytes; /* 0: the definition's */
};

static const struct field_type types[] = {
    {"uint8", FIELD_UNSIGNED, 1},  {"uint16", FIELD_UNSIGNED, 2}, {"uint32", FIELD_UNSIGNED, 4},
    {"uint64", FIELD_UNSIGNED, 8}, {"int8", FIELD_SIGNED, 1},     {"int16", FIELD_SIGNED, 2},
    {"int32", FIELD_SIGNED, 4},    {"int64", FIELD_SIGNED, 8},    {"float32", FIELD_FLOAT, 4},
    {"float64", FIELD_FLOAT, 8},   {"bool", FIELD_BOOL, 1},       {"string", FIELD_STRING, 0},
    {"hex", FIELD_HEX, 0},
};

struct field {
    const char *name;
    const struct field_type *type;
    bool little;
    bool to_end; /* as many bytes as are left */
    bool scaled;
    double scale; /* the value is the number times this */
    uint32_t offset;
    uint32_t bytes;
};

struct layout {
    const char *service;
    const char *method; /* of a command */
    bool has_id;
    uint32_t id_offset;
    uint8_t id;
    uint32_t bytes; /* the least, up to the end of its last field */
    size_t count;
    struct field *fields;
};

struct codec_fields {
    json_t *definition;
    struct layout *messages;
    size_t message_count;
    struct layout *commands;
    size_t command_count;
};

/* --- Compiling ------------------------------------------------------------------------------- */

static const struct field_type *find_type(const char *name)
{
    for (size_t i = 0; name != NULL && i < sizeof(types) / sizeof(types[0]); i++)
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    return NULL;
}

static bool read_order(const json_t *row, struct field *out, char problem[CODEC_PROBLEM_BYTES])
{
    static const char *const orders[] = {"big", "little", NULL};
    const json_t *endian = json_object_get(row, "endian");
    int order = endian == NULL ? 0 : -1;
    if (json_is_string(endian))
        order = codec_word(json_string_value(endian), orders);
    out->little = order == 1;
    return order >= 0 || codec_fail(problem, "\"endian\" must be \"big\" or \"little\"");
}

static bool read_scale(const json_t *row, struct field *out, char problem[CODEC_PROBLEM_BYTES])
{
    const json_t *scale = json_object_get(row, "scale");
    if (scale == NULL)
        return true;
    out->scaled = true;
    out->scale = json_number_value(scale);
    if (out->type->kind > FIELD_FLOAT)
        return codec_fail(problem, "a %s has no \"scale\"", out->type->name);
    if (!json_is_number(scale) || !isnormal(out->scale))
        return codec_fail(problem, "\"scale\" must be a number other than 0");
    return true;
}

/* Where it lies: behind `at` unless it says. */
static bool read_place(const json_t *row, uint32_t at, struct field *out,
                       char problem[CODEC_PROBLEM_BYTES])
{
    int64_t offset;
    int64_t bytes;
    if (!codec_integer(row, "offset", 0, CODEC_PAYLOAD_BYTES_MAX - 1, at, &offset, problem) ||
        !codec_integer(row, "bytes", 1, CODEC_PAYLOAD_BYTES_MAX, 0, &bytes, problem))
        return false;
    out->to_end = out->type->bytes == 0 && bytes == 0;
    if (out->type->bytes != 0 && bytes != 0 && bytes != out->type->bytes)
        return codec_fail(problem, "a %s has %u bytes", out->type->name, out->type->bytes);
    out->offset = (uint32_t)offset;
    out->bytes = out->type->bytes != 0 ? out->type->bytes : (uint32_t)bytes;
    if (out->offset + out->bytes > CODEC_PAYLOAD_BYTES_MAX)
        return codec_fail(problem, "lies behind byte %d", CODEC_PAYLOAD_BYTES_MAX);
    return true;
}

static bool read_field(const json_t *row, uint32_t at, struct field *out,
                       char problem[CODEC_PROBLEM_BYTES])
{
    static const char *const members[] = {"name",  "type",  "endian", "offset",
                                          "bytes", "scale", NULL};
    if (!codec_check_members(row, members, problem))
        return false;
    out->name = codec_text(row, "name", CODEC_NAME_BYTES_MAX, problem);
    if (out->name[0] == '\0')
        return false;
    out->type = find_type(json_string_value(json_object_get(row, "type")));
    if (out->type == NULL)
        return codec_fail(problem, "\"type\" must be uint8, 16, 32 or 64, int8, 16, 32 or 64, "
                                   "float32 or 64, bool, string or hex");
    return read_order(row, out, problem) && read_place(row, at, out, problem) &&
           read_scale(row, out, problem);
}

static bool is_known(const struct layout *layout, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(layout->fields[i].name, name) == 0)
            return true;
    return false;
}

static bool read_fields(const json_t *row, struct layout *out, char problem[CODEC_PROBLEM_BYTES])
{
    const json_t *rows;
    if (!codec_array(row, "fields", FIELDS_MAX, &rows, problem))
        return false;
    size_t count = json_array_size(rows);
    uint32_t at = out->has_id && out->id_offset == 0 ? 1 : 0;
    out->fields = calloc(count + 1, sizeof(*out->fields));
    if (out->fields == NULL)
        return codec_fail(problem, "memory is short");
    for (; out->count < count; out->count++) {
        struct field *field = &out->fields[out->count];
        if (!read_field(json_array_get(rows, out->count), at, field, problem))
            return codec_fail_at(problem, ".fields[%zu]", out->count);
        if (is_known(out, out->count, field->name))
            return codec_fail(problem, ".fields[%zu]: \"%s\" is there twice", out->count,
                              field->name);
        if (field->to_end && out->count + 1 < count)
            return codec_fail(problem, ".fields[%zu]: \"bytes\" is missing, and it is not the last",
                              out->count);
        at = field->offset + field->bytes;
        out->bytes = at > out->bytes ? at : out->bytes;
    }
    return true;
}

static bool read_id(const json_t *row, struct layout *out, char problem[CODEC_PROBLEM_BYTES])
{
    static const char *const members[] = {"offset", "byte", NULL};
    const json_t *id = json_object_get(row, "id");
    int64_t offset = 0;
    int64_t byte = 0;
    out->has_id = id != NULL;
    if (id == NULL)
        return true;
    if (!codec_check_members(id, members, problem) ||
        !codec_integer(id, "offset", 0, CODEC_PAYLOAD_BYTES_MAX - 1, 0, &offset, problem) ||
        !codec_integer(id, "byte", 0, UINT8_MAX, -1, &byte, problem))
        return codec_fail_at(problem, ".id");
    if (byte < 0)
        return codec_fail(problem, ".id: \"byte\" is missing");
    out->id_offset = (uint32_t)offset;
    out->id = (uint8_t)byte;
    out->bytes = out->id_offset + 1;
    return true;
}

static bool layout_fits(const struct layout *layout, const json_t *profile,
                        char problem[CODEC_PROBLEM_BYTES])
{
    const json_t *service = profile_service(profile, layout->service);
    if (service == NULL)
        return codec_fail(problem, "the profile has no service \"%s\"", layout->service);
    if (layout->method != NULL && profile_command(service, layout->method) == NULL)
        return codec_fail(problem, "the profile has no command \"%s\" of service \"%s\"",
                          layout->method, layout->service);
    for (size_t i = 0; layout->method == NULL && i < layout->count; i++)
        if (profile_property(service, layout->fields[i].name) == NULL)
            return codec_fail(problem, "the profile has no property \"%s\" of service \"%s\"",
                              layout->fields[i].name, layout->service);
    return true;
}

static bool read_layout(const json_t *row, const json_t *profile, bool command, struct layout *out,
                        char problem[CODEC_PROBLEM_BYTES])
{
    static const char *const of_message[] = {"service", "id", "fields", NULL};
    static const char *const of_command[] = {"service", "method", "id", "fields", NULL};
    if (!codec_check_members(row, command ? of_command : of_message, problem))
        return false;
    out->service = codec_text(row, "service", CODEC_NAME_BYTES_MAX, problem);
    if (out->service[0] == '\0')
        return false;
    if (command)
        out->method = codec_text(row, "method", CODEC_NAME_BYTES_MAX, problem);
    if (command && out->method[0] == '\0')
        return false;
    return read_id(row, out, problem) && read_fields(row, out, problem) &&
           (profile == NULL || layout_fits(out, profile, problem));
}

static bool read_layouts(const json_t *definition, const char *name, const json_t *profile,
                         struct layout **out, size_t *count, char problem[CODEC_PROBLEM_BYTES])
{
    const json_t *rows;
    if (!codec_array(definition, name, LAYOUTS_MAX, &rows, problem))
        return false;
    *out = calloc(json_array_size(rows) + 1, sizeof(**out));
    if (*out == NULL)
        return codec_fail(problem, "memory is short");
    *count = json_array_size(rows);
    for (size_t i = 0; i < *count; i++)
        if (!read_layout(json_array_get(rows, i), profile, name[0] == 'c', &(*out)[i], problem))
            return codec_fail_at(problem, "%s[%zu]", name, i);
    return true;
}

struct codec_fields *codec_fields_create(const json_t *definition, const json_t *profile,
                                         char problem[CODEC_PROBLEM_BYTES])
{
    static const char *const members[] = {"kind", "messages", "commands", NULL};
    struct codec_fields *fields = calloc(1, sizeof(*fields));
    if (fields != NULL)
        fields->definition = json_deep_copy(definition);
    if (fields == NULL || fields->definition == NULL) {
        codec_fail(problem, "memory is short");
    } else if (codec_check_members(definition, members, problem) &&
               read_layouts(fields->definition, "messages", profile, &fields->messages,
                            &fields->message_count, problem) &&
               read_layouts(fields->definition, "commands", profile, &fields->commands,
                            &fields->command_count, problem)) {
        return fields;
    }
    codec_fields_destroy(fields);
    return NULL;
}

static void free_layouts(struct layout *layouts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(layouts[i].fields);
    free(layouts);
}

void codec_fields_destroy(struct codec_fields *fields)
{
    if (fields == NULL)
        return;
    free_layouts(fields->messages, fields->message_count);
    free_layouts(fields->commands, fields->command_count);
    json_decref(fields->definition);
    free(fields);
}

/* --- Decoding -------------------------------------------------------------------------------- */

static bool is_negative(const struct field *field, bc_view raw)
{
    uint8_t first = raw.ptr[field->little ? raw.len - 1 : 0];
    return field->type->kind == FIELD_SIGNED && (first & 0x80) != 0;
}

static uint64_t bits_of(const struct field *field, bc_view raw, bool negative)
{
    uint64_t bits = negative ? UINT64_MAX : 0;
    for (size_t i = 0; i < raw.len; i++)
        bits = bits << 8 | raw.ptr[field->little ? raw.len - 1 - i : i];
    return bits;
}

static double real_of(uint64_t bits, uint32_t bytes)
{
    if (bytes == 8) {
        double wide;
        memcpy(&wide, &bits, sizeof(wide));
        return wide;
    }
    uint32_t low = (uint32_t)bits;
    float narrow;
    memcpy(&narrow, &low, sizeof(narrow));
    return (double)narrow;
}

/* A scale of 0.1 divides by 10, which is exact where it can be: 3 becomes 0.3. */
static double divisor_of(const struct field *field)
{
    double divisor = round(1 / field->scale);
    return fabs(field->scale) < 1 && fabs(1 / field->scale - divisor) < 1e-9 * fabs(divisor)
               ? divisor
               : 0;
}

static json_t *number_of(const struct field *field, bc_view raw, char problem[CODEC_PROBLEM_BYTES])
{
    bool negative = is_negative(field, raw);
    uint64_t bits = bits_of(field, raw, negative);
    double real = negative ? (double)(int64_t)bits : (double)bits;
    if (field->type->kind == FIELD_FLOAT)
        real = real_of(bits, field->bytes);
    double divisor = field->scaled ? divisor_of(field) : 0;
    if (field->scaled)
        real = divisor != 0 ? real / divisor : real * field->scale;
    json_t *number = NULL;
    if (field->scaled || field->type->kind == FIELD_FLOAT)
        number = isfinite(real) ? json_real(real) : NULL;
    else if (negative || bits <= INT64_MAX)
        number = json_integer((json_int_t)bits);
    if (number == NULL)
        codec_fail(problem, "property \"%s\" is no number that JSON can hold", field->name);
    return number;
}

static json_t *text_of(const struct field *field, bc_view raw, char problem[CODEC_PROBLEM_BYTES])
{
    while (raw.len > 0 && raw.ptr[raw.len - 1] == 0)
        raw.len--;
    json_t *text = NULL;
    if (raw.len == 0)
        text = json_string("");
    else if (memchr(raw.ptr, 0, raw.len) == NULL)
        text = json_stringn((const char *)raw.ptr, raw.len);
    if (text == NULL)
        codec_fail(problem, "property \"%s\" is no UTF-8 text; take the type hex", field->name);
    return text;
}

static json_t *hex_of(bc_view raw)
{
    uint8_t digits[2 * CODEC_PAYLOAD_BYTES_MAX];
    bc_sink sink = {.ptr = digits, .cap = sizeof(digits)};
    bc_put_hex(&sink, raw);
    return json_stringn((const char *)digits, sink.len);
}

static json_t *decode_field(const struct field *field, bc_view payload,
                            char problem[CODEC_PROBLEM_BYTES])
{
    bc_view raw = {payload.ptr + field->offset, field->bytes};
    if (field->to_end)
        raw.len = payload.len - field->offset;
    switch (field->type->kind) {
    case FIELD_UNSIGNED:
    case FIELD_SIGNED:
    case FIELD_FLOAT:
        return number_of(field, raw, problem);
    case FIELD_BOOL:
        return json_boolean(raw.ptr[0] != 0);
    case FIELD_STRING:
        return text_of(field, raw, problem);
    case FIELD_HEX:
        return hex_of(raw);
    }
    return NULL;
}

json_t *codec_fields_decode(const struct codec_fields *fields, bc_view payload,
                            char problem[CODEC_PROBLEM_BYTES])
{
    const struct layout *layout = NULL;
    for (size_t i = 0; i < fields->message_count && layout == NULL; i++) {
        const struct layout *it = &fields->messages[i];
        if (payload.len >= it->bytes && (!it->has_id || payload.ptr[it->id_offset] == it->id))
            layout = it;
    }
    if (layout == NULL) {
        codec_fail(problem, "no message of the codec fits this payload of %zu bytes", payload.len);
        return NULL;
    }
    json_t *properties = json_object();
    for (size_t i = 0; i < layout->count; i++) {
        json_t *value = decode_field(&layout->fields[i], payload, problem);
        if (value == NULL) {
            json_decref(properties);
            return NULL;
        }
        json_object_set_new(properties, layout->fields[i].name, value);
    }
    return json_pack("{s[{ssso}]}", "services", "service", layout->service, "properties",
                     properties);
}

/* --- Encoding -------------------------------------------------------------------------------- */

static bool put_bits(const struct field *field, uint64_t bits, uint8_t *at)
{
    for (uint32_t i = 0; i < field->bytes; i++)
        at[field->little ? i : field->bytes - 1 - i] = (uint8_t)(bits >> (8 * i));
    return true;
}

static bool out_of_range(const struct field *field, char problem[CODEC_PROBLEM_BYTES])
{
    return codec_fail(problem, "parameter \"%s\" does not fit a %s", field->name,
                      field->type->name);
}

static bool put_integer(const struct field *field, const json_t *value, uint8_t *at,
                        char problem[CODEC_PROBLEM_BYTES])
{
    bool is_signed = field->type->kind == FIELD_SIGNED;
    unsigned width = 8 * field->bytes - (is_signed ? 1 : 0);
    if (!field->scaled && json_is_integer(value)) {
        int64_t integer = json_integer_value(value);
        int64_t most = width >= 63 ? INT64_MAX : ((int64_t)1 << width) - 1;
        if (integer > most || integer < (is_signed ? -most - 1 : 0))
            return out_of_range(field, problem);
        return put_bits(field, (uint64_t)integer, at);
    }
    double real = json_number_value(value);
    if (field->scaled)
        real = round(divisor_of(field) != 0 ? real * divisor_of(field) : real / field->scale);
    else if (real != trunc(real))
        return codec_fail(problem, "parameter \"%s\" must be an integer", field->name);
    double least = is_signed ? -ldexp(1, (int)width) : 0;
    if (!(real >= least && real < ldexp(1, (int)width)))
        return out_of_range(field, problem);
    return put_bits(field, real < 0 ? (uint64_t)(int64_t)real : (uint64_t)real, at);
}

static bool put_number(const struct field *field, const json_t *value, uint8_t *at,
                       char problem[CODEC_PROBLEM_BYTES])
{
    if (!json_is_number(value))
        return codec_fail(problem, "parameter \"%s\" must be a number", field->name);
    if (field->type->kind != FIELD_FLOAT)
        return put_integer(field, value, at, problem);
    double real = json_number_value(value);
    if (field->scaled)
        real /= field->scale;
    uint64_t bits;
    memcpy(&bits, &real, sizeof(bits));
    if (field->bytes == 4) {
        if (!(fabs(real) < 3.4028235677973366e38)) /* what rounds to FLT_MAX at most */
            return out_of_range(field, problem);
        float narrow = (float)real;
        uint32_t low;
        memcpy(&low, &narrow, sizeof(low));
        bits = low;
    }
    return isfinite(real) ? put_bits(field, bits, at) : out_of_range(field, problem);
}

/* Texts and hex digits; `*end` moves when the field takes what is left. */
static bool put_bytes(const struct field *field, const json_t *value, uint8_t *at, size_t *end,
                      char problem[CODEC_PROBLEM_BYTES])
{
    bool hex = field->type->kind == FIELD_HEX;
    bc_view text = {(const uint8_t *)json_string_value(value), json_string_length(value)};
    size_t bytes = hex ? text.len / 2 : text.len;
    size_t room = field->to_end ? CODEC_PAYLOAD_BYTES_MAX - field->offset : field->bytes;
    if (!json_is_string(value))
        return codec_fail(problem, "parameter \"%s\" must be a text", field->name);
    if (bytes > room || (hex && !field->to_end && bytes < room))
        return codec_fail(problem, "parameter \"%s\" must have %s%zu bytes", field->name,
                          hex && !field->to_end ? "" : "at most ", room);
    if (hex && !bc_hex_decode(text, at))
        return codec_fail(problem, "parameter \"%s\" must be pairs of hex digits", field->name);
    if (!hex && bytes > 0)
        memcpy(at, text.ptr, bytes);
    if (field->to_end && field->offset + bytes > *end)
        *end = field->offset + bytes;
    return true;
}

static bool encode_field(const struct field *field, const json_t *params, uint8_t *payload,
                         size_t *end, char problem[CODEC_PROBLEM_BYTES])
{
    const json_t *value = json_object_get(params, field->name);
    uint8_t *at = payload + field->offset;
    if (value == NULL)
        return codec_fail(problem, "parameter \"%s\" is missing", field->name);
    switch (field->type->kind) {
    case FIELD_UNSIGNED:
    case FIELD_SIGNED:
    case FIELD_FLOAT:
        return put_number(field, value, at, problem);
    case FIELD_BOOL:
        at[0] = json_is_true(value);
        return json_is_boolean(value) ||
               codec_fail(problem, "parameter \"%s\" must be true or false", field->name);
    case FIELD_STRING:
    case FIELD_HEX:
        return put_bytes(field, value, at, end, problem);
    }
    return false;
}

static const struct layout *find_command(const struct codec_fields *fields, const char *service,
                                         const char *method)
{
    for (size_t i = 0; i < fields->command_count; i++) {
        const struct layout *it = &fields->commands[i];
        if (strcmp(it->service, service) == 0 && strcmp(it->method, method) == 0)
            return it;
    }
    return NULL;
}

bool codec_fields_encode(const struct codec_fields *fields, const char *service, const char *method,
                         const json_t *params, bc_sink *out, char problem[CODEC_PROBLEM_BYTES])
{
    const struct layout *layout = find_command(fields, service, method);
    const char *name;
    json_t *value;
    if (layout == NULL)
        return codec_fail(problem, "the codec has no command \"%s\" of service \"%s\"", method,
                          service);
    json_object_foreach(codec_walk(params), name, value)
    {
        if (!is_known(layout, layout->count, name))
            return codec_fail(problem, "there is no parameter \"%s\"", name);
    }
    uint8_t payload[CODEC_PAYLOAD_BYTES_MAX] = {0};
    size_t end = layout->bytes;
    for (size_t i = 0; i < layout->count; i++)
        if (!encode_field(&layout->fields[i], params, payload, &end, problem))
            return false;
    if (layout->has_id)
        payload[layout->id_offset] = layout->id;
    if (out->full || end > out->cap - out->len)
        return codec_fail(problem, "the command has %zu bytes, which is too long", end);
    bc_put_bytes(out, (bc_view){payload, end});
    return true;
}
