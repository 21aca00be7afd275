/*
 * Profiles of the China Telecom IoT platform: see profile.h.
 */
#include "profile.h"

#include <string.h>

#include "inside.h"

#define STRING_BYTES_MAX 256 /* of what a profile tells about the device */

/* What is said of a property or a parameter; the one has a propertyName, the other a paraName. */
struct row_kind {
    const char *list;
    const char *name;
};
static const struct row_kind property_kind = {"properties", "propertyName"};
static const struct row_kind command_kind = {"commands", "commandName"};
static const struct row_kind para_kind = {"paras", "paraName"};

static const char *const data_types[] = {"int",      "decimal",    "string",
                                         "DateTime", "jsonObject", NULL};
enum data_type { TYPE_INT, TYPE_DECIMAL, TYPE_STRING, TYPE_DATE_TIME, TYPE_JSON };

/* --- Checking a profile ---------------------------------------------------------------------- */

static bool is_unset(const json_t *value)
{
    return value == NULL || json_is_null(value);
}

static bool check_strings(const json_t *object, const char *const *names,
                          char problem[CODEC_PROBLEM_BYTES])
{
    for (size_t i = 0; names[i] != NULL; i++) {
        const json_t *value = json_object_get(object, names[i]);
        if (!is_unset(value) && !json_is_string(value))
            return codec_fail(problem, ".%s: must be a text", names[i]);
        if (json_string_length(value) > STRING_BYTES_MAX)
            return codec_fail(problem, ".%s: has more than %d bytes", names[i], STRING_BYTES_MAX);
    }
    return true;
}

static bool check_capability(const json_t *om, const char *name, char problem[CODEC_PROBLEM_BYTES])
{
    static const char *const texts[] = {"upgradeProtocolType", "downloadProtocolType", NULL};
    const json_t *capability = json_object_get(om, name);
    const json_t *supported = json_object_get(capability, "supportUpgrade");
    if (is_unset(capability))
        return true;
    if (!json_is_object(capability))
        return codec_fail(problem, ".omCapability.%s: must be an object", name);
    if (!is_unset(supported) && !json_is_boolean(supported))
        return codec_fail(problem, ".omCapability.%s.supportUpgrade: must be true or false", name);
    return check_strings(capability, texts, problem) ||
           codec_fail_at(problem, ".omCapability.%s", name);
}

static bool check_capabilities(const json_t *device, char problem[CODEC_PROBLEM_BYTES])
{
    static const char *const texts[] = {"serviceId", "serviceType", "option", NULL};
    const json_t *om = json_object_get(device, "omCapability");
    const json_t *rows;
    if (!is_unset(om) && !json_is_object(om))
        return codec_fail(problem, ".omCapability: must be an object");
    if (!check_capability(om, "upgradeCapability", problem) ||
        !check_capability(om, "fwUpgradeCapability", problem) ||
        !codec_array(device, "serviceTypeCapabilities", CODEC_ROWS_MAX, &rows, problem))
        return false;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (!json_is_object(row))
            codec_fail(problem, "must be an object");
        if (!json_is_object(row) || !check_strings(row, texts, problem))
            return codec_fail_at(problem, ".serviceTypeCapabilities[%zu]", i);
    }
    return true;
}

static bool check_devices(const json_t *profile, char problem[CODEC_PROBLEM_BYTES])
{
    static const char *const texts[] = {"manufacturerId", "manufacturerName", "model",
                                        "protocolType",   "deviceType",       NULL};
    const json_t *rows;
    if (!codec_array(profile, "devices", CODEC_ROWS_MAX, &rows, problem))
        return false;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (!json_is_object(row))
            codec_fail(problem, "must be an object");
        if (!json_is_object(row) || !check_strings(row, texts, problem) ||
            !check_capabilities(row, problem))
            return codec_fail_at(problem, "devices[%zu]", i);
    }
    return true;
}

static bool check_range(const json_t *row, char problem[CODEC_PROBLEM_BYTES])
{
    static const char *const names[] = {"min", "max", "step", "maxLength", NULL};
    double number[4] = {0};
    for (size_t i = 0; names[i] != NULL; i++) {
        const json_t *value = json_object_get(row, names[i]);
        if (!is_unset(value) && !codec_number(value, &number[i]))
            return codec_fail(problem, "\"%s\" must be a number", names[i]);
    }
    bool both = !is_unset(json_object_get(row, "min")) && !is_unset(json_object_get(row, "max"));
    if (both && number[0] > number[1])
        return codec_fail(problem, "\"min\" is above \"max\"");
    if (number[2] < 0 || number[3] < 0)
        return codec_fail(problem, "\"step\" and \"maxLength\" must not be negative");
    return true;
}

static bool check_words(const json_t *row, char problem[CODEC_PROBLEM_BYTES])
{
    static const char *const texts[] = {"unit", "method", NULL};
    const char *method = json_string_value(json_object_get(row, "method"));
    const json_t *required = json_object_get(row, "required");
    const json_t *words;
    if (!is_unset(required) && !json_is_boolean(required))
        return codec_fail(problem, "\"required\" must be true or false");
    if (!check_strings(row, texts, problem) ||
        !codec_array(row, "enumList", CODEC_ROWS_MAX, &words, problem))
        return false;
    if (method != NULL && method[strspn(method, "RWE")] != '\0')
        return codec_fail(problem, "\"method\" must be letters of RWE");
    for (size_t i = 0; i < json_array_size(words); i++)
        if (!json_is_string(json_array_get(words, i)))
            return codec_fail(problem, "\"enumList\" must be a list of texts");
    return true;
}

static bool check_typed(const json_t *row, char problem[CODEC_PROBLEM_BYTES])
{
    const char *type = json_string_value(json_object_get(row, "dataType"));
    if (type == NULL || codec_word(type, data_types) < 0)
        return codec_fail(problem, "\"dataType\" must be int, decimal, string, DateTime or "
                                   "jsonObject");
    return check_range(row, problem) && check_words(row, problem);
}

static const json_t *find_row(const json_t *rows, const char *member, const char *name)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *its = json_string_value(json_object_get(row, member));
        if (its != NULL && strcmp(its, name) == 0)
            return row;
    }
    return NULL;
}

/* A list of rows with names of their own, each checked further. */
static bool check_rows(const json_t *owner, const struct row_kind *kind,
                       bool (*check)(const json_t *row, char problem[CODEC_PROBLEM_BYTES]),
                       char problem[CODEC_PROBLEM_BYTES])
{
    const json_t *rows;
    if (!codec_array(owner, kind->list, CODEC_ROWS_MAX, &rows, problem))
        return false;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *name = codec_text(row, kind->name, CODEC_NAME_BYTES_MAX, problem);
        if (name[0] != '\0' && find_row(rows, kind->name, name) != row)
            codec_fail(problem, "\"%s\" is there twice", name);
        else if (name[0] != '\0' && check(row, problem))
            continue;
        return codec_fail_at(problem, ".%s[%zu]", kind->list, i);
    }
    return true;
}

static bool check_command(const json_t *row, char problem[CODEC_PROBLEM_BYTES])
{
    const json_t *responses;
    return check_rows(row, &para_kind, check_typed, problem) &&
           codec_array(row, "responses", CODEC_ROWS_MAX, &responses, problem);
}

bool profile_check(const json_t *profile, char problem[CODEC_PROBLEM_BYTES])
{
    const json_t *services;
    if (!json_is_object(profile))
        return codec_fail(problem, "a profile must be an object");
    if (json_object_get(profile, "devices") == NULL && json_object_get(profile, "services") == NULL)
        return codec_fail(problem, "a profile must have \"devices\" or \"services\"");
    if (!check_devices(profile, problem) ||
        !codec_array(profile, "services", CODEC_ROWS_MAX, &services, problem))
        return false;
    for (size_t i = 0; i < json_array_size(services); i++) {
        const json_t *row = json_array_get(services, i);
        const char *type = codec_text(row, "serviceType", CODEC_NAME_BYTES_MAX, problem);
        if (type[0] != '\0' && find_row(services, "serviceType", type) != row)
            codec_fail(problem, "\"%s\" is there twice", type);
        else if (type[0] != '\0' && check_rows(row, &property_kind, check_typed, problem) &&
                 check_rows(row, &command_kind, check_command, problem))
            continue;
        return codec_fail_at(problem, "services[%zu]", i);
    }
    return true;
}

/* --- Asking it ------------------------------------------------------------------------------- */

static const char *text_or_none(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

const json_t *profile_service(const json_t *profile, const char *service)
{
    const json_t *services = json_object_get(profile, "services");
    const json_t *found = find_row(services, "serviceType", service);
    const json_t *devices = json_object_get(profile, "devices");
    for (size_t i = 0; found == NULL && i < json_array_size(devices); i++) {
        const json_t *device = json_array_get(devices, i);
        const json_t *row =
            find_row(json_object_get(device, "serviceTypeCapabilities"), "serviceId", service);
        const char *type = json_string_value(json_object_get(row, "serviceType"));
        if (type != NULL)
            found = find_row(services, "serviceType", type);
    }
    return found;
}

const json_t *profile_property(const json_t *service, const char *property)
{
    return find_row(json_object_get(service, "properties"), "propertyName", property);
}

const json_t *profile_command(const json_t *service, const char *command)
{
    return find_row(json_object_get(service, "commands"), "commandName", command);
}

/* --- Values ---------------------------------------------------------------------------------- */

static bool in_range(const json_t *row, double value, char problem[CODEC_PROBLEM_BYTES])
{
    double limit;
    if (codec_number(json_object_get(row, "min"), &limit) && value < limit)
        return codec_fail(problem, "is below %.15g", limit);
    if (codec_number(json_object_get(row, "max"), &limit) && value > limit)
        return codec_fail(problem, "is above %.15g", limit);
    return true;
}

static bool is_listed(const json_t *words, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(words); i++)
        if (json_equal(json_array_get(words, i), value))
            return true;
    return json_array_size(words) == 0;
}

static bool check_text(const json_t *row, const json_t *value, char problem[CODEC_PROBLEM_BYTES])
{
    double length_max;
    if (!json_is_string(value))
        return codec_fail(problem, "must be a text");
    /* Where it has no meaning OceanConnect exports 0. */
    if (codec_number(json_object_get(row, "maxLength"), &length_max) && length_max > 0 &&
        !codec_text_within(value, length_max))
        return codec_fail(problem, "has more than %.15g characters", length_max);
    return is_listed(json_object_get(row, "enumList"), value) ||
           codec_fail(problem, "is not in the list of its values");
}

static bool check_value(const json_t *row, const json_t *value, char problem[CODEC_PROBLEM_BYTES])
{
    switch ((enum data_type)codec_word(text_or_none(row, "dataType"), data_types)) {
    case TYPE_INT:
        if (!json_is_integer(value))
            return codec_fail(problem, "must be an integer");
        return in_range(row, json_number_value(value), problem);
    case TYPE_DECIMAL:
        if (!json_is_number(value))
            return codec_fail(problem, "must be a number");
        return in_range(row, json_number_value(value), problem);
    case TYPE_STRING:
        return check_text(row, value, problem);
    case TYPE_DATE_TIME:
        return json_is_string(value) || codec_fail(problem, "must be a text");
    case TYPE_JSON:
        return json_is_object(value) || json_is_array(value) ||
               codec_fail(problem, "must be an object or a list");
    }
    return codec_fail(problem, "has no dataType in the profile");
}

static bool check_values(const json_t *rows, const char *member, const char *what,
                         const json_t *values, char problem[CODEC_PROBLEM_BYTES])
{
    const char *name;
    json_t *value;
    json_object_foreach(codec_walk(values), name, value)
    {
        const json_t *row = find_row(rows, member, name);
        if (row == NULL)
            return codec_fail(problem, "the profile has no %s \"%s\"", what, name);
        if (!check_value(row, value, problem))
            return codec_fail_at(problem, "%s \"%s\"", what, name);
    }
    return true;
}

bool profile_check_properties(const json_t *service, const json_t *properties,
                              char problem[CODEC_PROBLEM_BYTES])
{
    return check_values(json_object_get(service, "properties"), "propertyName", "property",
                        properties, problem);
}

bool profile_check_params(const json_t *command, const json_t *params,
                          char problem[CODEC_PROBLEM_BYTES])
{
    const json_t *rows = json_object_get(command, "paras");
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const char *name = text_or_none(row, "paraName");
        if (json_is_true(json_object_get(row, "required")) && json_object_get(params, name) == NULL)
            return codec_fail(problem, "parameter \"%s\" is missing", name);
    }
    return check_values(rows, "paraName", "parameter", params, problem);
}
