/*
 * JSON against shapes (api.h): what a client sent is checked once, here, so that no handler has to.
 */
#include <stdio.h>
#include <string.h>

#include "api.h"

#define NAME_SHOWN_BYTES 40

struct check {
    struct api_answer *answer; /* its `place` is where we are */
};

/* One part of the place more; how long it was before. What does not fit is left out. */
static size_t enter_name(struct check *c, const char *name, int bytes)
{
    char *place = c->answer->place;
    size_t before = strlen(place);
    (void)snprintf(place + before, sizeof(c->answer->place) - before, "%s%.*s",
                   before > 0 ? "." : "", bytes, name);
    return before;
}

static size_t enter_index(struct check *c, size_t index)
{
    char *place = c->answer->place;
    size_t before = strlen(place);
    (void)snprintf(place + before, sizeof(c->answer->place) - before, "[%zu]", index);
    return before;
}

static void leave(struct check *c, size_t before)
{
    c->answer->place[before] = '\0';
}

static bool wrong(struct check *c, const struct api_field *field, const char *code,
                  const char *wanted)
{
    api_problem(c->answer, 422, code, field->name, "%s must be %s", c->answer->place, wanted);
    return false;
}

/* Bytes of a name that may be shown: at most so many, and no character cut. */
static int shown(const char *name)
{
    size_t len = strlen(name);
    if (len <= NAME_SHOWN_BYTES)
        return (int)len;
    len = NAME_SHOWN_BYTES;
    while (len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80)
        len--;
    return (int)len;
}

static bool check_words(struct check *c, const struct api_field *field, const char *text)
{
    char list[API_DETAIL_BYTES] = "";
    for (const char *const *word = field->words; *word != NULL; word++) {
        size_t used = strlen(list);
        if (strcmp(*word, text) == 0)
            return true;
        (void)snprintf(list + used, sizeof(list) - used, "%s%s", used > 0 ? ", " : "", *word);
    }
    api_problem(c->answer, 422, "not_one_of", field->name, "%s must be one of %s", c->answer->place,
                list);
    return false;
}

/* A number, or how many there are of something. */
struct measure {
    const char *code;
    const char *unit;
};
static const struct measure numbers = {"out_of_range", ""};
static const struct measure bytes = {"wrong_length", " bytes"};
static const struct measure items = {"wrong_count", " items"};

static bool check_range(struct check *c, const struct api_field *field, double value,
                        const struct measure *measure)
{
    bool limited = field->min != 0 || field->max != 0;
    if (!limited || (value >= (double)field->min && value <= (double)field->max))
        return true;
    if (field->max == INT64_MAX)
        api_problem(c->answer, 422, "too_small", field->name, "%s must be at least %lld",
                    c->answer->place, (long long)field->min);
    else
        api_problem(c->answer, 422, measure->code, field->name, "%s must be from %lld to %lld%s",
                    c->answer->place, (long long)field->min, (long long)field->max, measure->unit);
    return false;
}

static bool check_integer(struct check *c, const struct api_field *field, int64_t value)
{
    bool limited = field->min != 0 || field->max != 0;
    if (limited && (value < field->min || value > field->max))
        return check_range(c, field, value < field->min ? -1e300 : 1e300, &numbers);
    return true;
}

static bool check_string(struct check *c, const struct api_field *field, const json_t *value)
{
    if (field->words != NULL)
        return check_words(c, field, json_string_value(value));
    return field->repeated || check_range(c, field, (double)json_string_length(value), &bytes);
}

static bool check_members(struct check *c, const struct api_shape *shape, const json_t *value);

static bool check_one(struct check *c, const struct api_field *field, const json_t *value)
{
    switch (field->type) {
    case API_STRING:
        return json_is_string(value) ? check_string(c, field, value)
                                     : wrong(c, field, "not_a_string", "a string");
    case API_INTEGER:
        if (!json_is_integer(value))
            return wrong(c, field, "not_an_integer", "a whole number");
        return field->repeated || check_integer(c, field, json_integer_value(value));
    case API_NUMBER:
        if (!json_is_number(value))
            return wrong(c, field, "not_a_number", "a number");
        return field->repeated || check_range(c, field, json_number_value(value), &numbers);
    case API_BOOLEAN:
        return json_is_boolean(value) || wrong(c, field, "not_a_boolean", "true or false");
    case API_OBJECT:
        if (!json_is_object(value))
            return wrong(c, field, "not_an_object", "an object");
        return field->shape == NULL || check_members(c, field->shape, value);
    case API_ARRAY:
        return json_is_array(value) || wrong(c, field, "not_an_array", "an array");
    case API_ANY:
        break;
    }
    return true;
}

static bool check_field(struct check *c, const struct api_field *field, const json_t *value)
{
    if (field->nullable && json_is_null(value))
        return true;
    if (!field->repeated)
        return check_one(c, field, value);
    if (!json_is_array(value))
        return wrong(c, field, "not_an_array", "an array");
    if (!check_range(c, field, (double)json_array_size(value), &items))
        return false;
    size_t index;
    const json_t *item;
    json_array_foreach(value, index, item)
    {
        size_t before = enter_index(c, index);
        if (!check_one(c, field, item))
            return false;
        leave(c, before);
    }
    return true;
}

static bool is_field(const struct api_shape *shape, const char *name)
{
    for (size_t i = 0; i < shape->count; i++)
        if (strcmp(shape->fields[i].name, name) == 0)
            return true;
    return false;
}

/* The unknown ones first: a misspelt name is what a missing field is due to. */
static bool check_names(struct check *c, const struct api_shape *shape, const json_t *value)
{
    json_t *object = (json_t *)(uintptr_t)value; /* the iterator wants it so, and only reads */
    for (void *at = json_object_iter(object); at != NULL && !shape->open;
         at = json_object_iter_next(object, at)) {
        const char *name = json_object_iter_key(at);
        if (is_field(shape, name))
            continue;
        (void)enter_name(c, name, shown(name));
        api_problem(c->answer, 422, "unknown_field", NULL, "there is no field %s",
                    c->answer->place);
        return false;
    }
    return true;
}

static bool check_members(struct check *c, const struct api_shape *shape, const json_t *value)
{
    if (!check_names(c, shape, value))
        return false;
    for (size_t i = 0; i < shape->count; i++) {
        const struct api_field *field = &shape->fields[i];
        const json_t *member = json_object_get(value, field->name);
        size_t before = enter_name(c, field->name, NAME_SHOWN_BYTES);
        if (member == NULL && field->required) {
            api_problem(c->answer, 422, "missing", field->name, "%s is missing", c->answer->place);
            return false;
        }
        if (member != NULL && !check_field(c, field, member))
            return false;
        leave(c, before);
    }
    return true;
}

bool api_shape_check(const struct api_shape *shape, const json_t *value, struct api_answer *out)
{
    struct check c = {.answer = out};
    out->place[0] = '\0';
    if (json_is_object(value))
        return check_members(&c, shape, value);
    api_problem(out, 422, "body_not_an_object", NULL, "an object is wanted");
    return false;
}
