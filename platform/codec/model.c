/*
 * Thing models and their mappings, checked, and values held against them: see model.h. The bytes
 * are model_wire.c's.
 */
#include "model.h"

#include <math.h>
#include <string.h>

#include "inside.h"
#include "model_inside.h"

static const char *const type_words[] = {"bool", "int32", "float", "double", "text", "enum", NULL};

/* --- Documents ------------------------------------------------------------------------------- */

static const json_t *find_row(const json_t *rows, const char *identifier)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *its = json_string_value(json_object_get(row, "identifier"));
        if (its != NULL && strcmp(its, identifier) == 0)
            return row;
    }
    return NULL;
}

const json_t *model_property(const json_t *model, const char *identifier)
{
    return find_row(json_object_get(model, "properties"), identifier);
}

enum model_type model_type_of(const json_t *property)
{
    const char *type = json_string_value(json_object_get(property, "type"));
    return type == NULL ? MODEL_TYPELESS : (enum model_type)codec_word(type, type_words);
}

static bool check_limit(const json_t *row, const char *name, double *out,
                        char problem[CODEC_PROBLEM_BYTES])
{
    const json_t *value = json_object_get(row, name);
    *out = json_number_value(value);
    return value == NULL || json_is_null(value) || json_is_number(value) ||
           codec_fail(problem, "\"%s\" must be a number", name);
}

static bool check_limits(const json_t *row, char problem[CODEC_PROBLEM_BYTES])
{
    double min;
    double max;
    double step;
    double length;
    if (!check_limit(row, "min", &min, problem) || !check_limit(row, "max", &max, problem) ||
        !check_limit(row, "step", &step, problem) ||
        !check_limit(row, "max_length", &length, problem))
        return false;
    if (json_is_number(json_object_get(row, "min")) &&
        json_is_number(json_object_get(row, "max")) && min > max)
        return codec_fail(problem, "\"min\" is above \"max\"");
    return (step >= 0 && length >= 0) ||
           codec_fail(problem, "\"step\" and \"max_length\" must not be negative");
}

static bool check_enum(const json_t *row, char problem[CODEC_PROBLEM_BYTES])
{
    const json_t *values;
    if (!codec_array(row, "values", CODEC_ROWS_MAX, &values, problem))
        return false;
    for (size_t i = 0; i < json_array_size(values); i++)
        if (!json_is_integer(json_object_get(json_array_get(values, i), "value")))
            return codec_fail(problem, ".values[%zu]: \"value\" must be an integer", i);
    return true;
}

static bool check_property(const json_t *row, char problem[CODEC_PROBLEM_BYTES])
{
    static const char *const members[] = {"identifier", "name",        "type",       "min",
                                          "max",        "step",        "unit",       "max_length",
                                          "access",     "true_name",   "false_name", "values",
                                          "required",   "description", NULL};
    static const char *const texts[] = {"name",       "unit",        "true_name",
                                        "false_name", "description", NULL};
    static const char *const accesses[] = {"r", "rw", NULL};
    if (!codec_check_members(row, members, problem))
        return false;
    if ((int)model_type_of(row) < 0)
        return codec_fail(problem, "\"type\" must be bool, int32, float, double, text or enum");
    for (size_t i = 0; texts[i] != NULL; i++) {
        const json_t *text = json_object_get(row, texts[i]);
        if (text != NULL && !json_is_null(text) && !json_is_string(text))
            return codec_fail(problem, "\"%s\" must be a text", texts[i]);
    }
    const json_t *access = json_object_get(row, "access");
    const char *word = json_string_value(access);
    if (access != NULL && (word == NULL || codec_word(word, accesses) < 0))
        return codec_fail(problem, "\"access\" must be \"r\" or \"rw\"");
    return check_limits(row, problem) && check_enum(row, problem);
}

static bool check_any(const json_t *row, char problem[CODEC_PROBLEM_BYTES])
{
    return json_is_object(row) || codec_fail(problem, "must be an object");
}

static bool check_rows(const json_t *model, const char *name,
                       bool (*check)(const json_t *row, char problem[CODEC_PROBLEM_BYTES]),
                       char problem[CODEC_PROBLEM_BYTES])
{
    const json_t *rows;
    if (!codec_array(model, name, CODEC_ROWS_MAX, &rows, problem))
        return false;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *identifier = codec_text(row, "identifier", CODEC_NAME_BYTES_MAX, problem);
        if (identifier[0] != '\0' && find_row(rows, identifier) != row)
            codec_fail(problem, "\"%s\" is there twice", identifier);
        else if (identifier[0] != '\0' && check(row, problem))
            continue;
        return codec_fail_at(problem, "%s[%zu]", name, i);
    }
    return true;
}

bool model_check(const json_t *model, char problem[CODEC_PROBLEM_BYTES])
{
    static const char *const members[] = {"properties", "services", "events", NULL};
    if (!codec_check_members(model, members, problem))
        return codec_fail_at(problem, "a model");
    return check_rows(model, "properties", check_property, problem) &&
           check_rows(model, "services", check_any, problem) &&
           check_rows(model, "events", check_any, problem);
}

static bool check_item(const json_t *model, const json_t *item, struct model_place *place,
                       char problem[CODEC_PROBLEM_BYTES])
{
    static const char *const members[] = {"object", "instance", "resource", "identifier", NULL};
    static const char *const ids[] = {"object", "instance", "resource"};
    if (!codec_check_members(item, members, problem))
        return false;
    for (size_t i = 0; i < 3; i++) {
        int64_t id;
        if (!codec_integer(item, ids[i], 0, UINT16_MAX - (i == 0 ? 0 : 1), -1, &id, problem))
            return false;
        if (id < 0)
            return codec_fail(problem, "\"%s\" is missing", ids[i]);
    }
    *place = model_place_of(item);
    const char *identifier = codec_text(item, "identifier", CODEC_NAME_BYTES_MAX, problem);
    if (identifier[0] == '\0')
        return false;
    return model_property(model, identifier) != NULL ||
           codec_fail(problem, "the model has no property \"%s\"", identifier);
}

struct model_place model_place_of(const json_t *item)
{
    return (struct model_place){
        .object = (uint16_t)json_integer_value(json_object_get(item, "object")),
        .instance = (uint16_t)json_integer_value(json_object_get(item, "instance")),
        .resource = (uint16_t)json_integer_value(json_object_get(item, "resource")),
    };
}

const json_t *model_item_at(const json_t *mapping, struct model_place place)
{
    const json_t *items = json_object_get(mapping, "items");
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        struct model_place it = model_place_of(item);
        if (it.object == place.object && it.instance == place.instance &&
            it.resource == place.resource)
            return item;
    }
    return NULL;
}

bool mapping_check(const json_t *model, const json_t *mapping, char problem[CODEC_PROBLEM_BYTES])
{
    static const char *const members[] = {"items", NULL};
    const json_t *items;
    if (!codec_check_members(mapping, members, problem))
        return codec_fail_at(problem, "a mapping");
    if (!codec_array(mapping, "items", CODEC_ROWS_MAX, &items, problem))
        return false;
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        struct model_place place;
        if (!check_item(model, item, &place, problem))
            return codec_fail_at(problem, "items[%zu]", i);
        const char *identifier = json_string_value(json_object_get(item, "identifier"));
        if (model_item_at(mapping, place) != item || find_row(items, identifier) != item)
            return codec_fail(problem, "items[%zu]: the resource or \"%s\" is mapped twice", i,
                              identifier);
    }
    return true;
}

/* --- Values ---------------------------------------------------------------------------------- */

static bool check_range(const json_t *property, double value, char problem[CODEC_PROBLEM_BYTES])
{
    const json_t *min = json_object_get(property, "min");
    const json_t *max = json_object_get(property, "max");
    if (json_is_number(min) && value < json_number_value(min))
        return codec_fail(problem, "is below %.15g", json_number_value(min));
    if (json_is_number(max) && value > json_number_value(max))
        return codec_fail(problem, "is above %.15g", json_number_value(max));
    return true;
}

/* Counted from "min"; what a fraction cannot say exactly is let pass. */
bool model_check_step(const json_t *property, const json_t *value,
                      char problem[CODEC_PROBLEM_BYTES])
{
    double step = json_number_value(json_object_get(property, "step"));
    double min = json_number_value(json_object_get(property, "min"));
    if (!json_is_number(value) || step <= 0)
        return true;
    double steps = (json_number_value(value) - min) / step;
    return fabs(steps - nearbyint(steps)) <= 1e-6 * fmax(1, fabs(steps)) ||
           codec_fail(problem, "is not in steps of %.15g from %.15g", step, min);
}

static bool is_of_enum(const json_t *property, const json_t *value)
{
    const json_t *values = json_object_get(property, "values");
    for (size_t i = 0; i < json_array_size(values); i++)
        if (json_equal(json_object_get(json_array_get(values, i), "value"), value))
            return true;
    return json_array_size(values) == 0;
}

static bool check_integer(const json_t *property, const json_t *value,
                          char problem[CODEC_PROBLEM_BYTES])
{
    json_int_t integer = json_integer_value(value);
    if (!json_is_integer(value) || integer < INT32_MIN || integer > INT32_MAX)
        return codec_fail(problem, "must be an integer of 32 bits");
    if (!is_of_enum(property, value))
        return codec_fail(problem, "is none of its values");
    return check_range(property, (double)integer, problem);
}

static bool check_text(const json_t *property, const json_t *value,
                       char problem[CODEC_PROBLEM_BYTES])
{
    const json_t *length_max = json_object_get(property, "max_length");
    if (!json_is_string(value))
        return codec_fail(problem, "must be a text");
    if (json_is_number(length_max) && !codec_text_within(value, json_number_value(length_max)))
        return codec_fail(problem, "has more than %.15g characters", json_number_value(length_max));
    return true;
}

bool model_check_value(const json_t *property, const json_t *value,
                       char problem[CODEC_PROBLEM_BYTES])
{
    switch (model_type_of(property)) {
    case MODEL_BOOL:
        return json_is_boolean(value) || codec_fail(problem, "must be true or false");
    case MODEL_INT32:
    case MODEL_ENUM:
        return check_integer(property, value, problem);
    case MODEL_FLOAT:
        if (json_is_number(value) && fabs(json_number_value(value)) > 3.4028234663852886e38)
            return codec_fail(problem, "is too large for a float");
        /* fall through */
    case MODEL_DOUBLE:
        if (!json_is_number(value))
            return codec_fail(problem, "must be a number");
        return check_range(property, json_number_value(value), problem);
    case MODEL_TEXT:
        return check_text(property, value, problem);
    case MODEL_TYPELESS:
        break;
    }
    return codec_fail(problem, "has no type");
}
