/*
 * Records of Andlink: see andlink.h.
 */
#include "andlink.h"

#include "inside.h"

#define NAME_BYTES_MAX 256

static json_t *value_of(const json_t *record)
{
    json_t *value = json_object_get(record, "vs");
    if (value != NULL)
        return json_is_string(value) ? value : NULL;
    value = json_object_get(record, "v");
    if (value != NULL)
        return json_is_number(value) ? value : NULL;
    value = json_object_get(record, "vb");
    return json_is_boolean(value) ? value : NULL;
}

static bool add_record(json_t *values, const json_t *record, char problem[CODEC_PROBLEM_BYTES])
{
    const char *name = codec_text(record, "n", NAME_BYTES_MAX, problem);
    json_t *value = value_of(record);
    if (name[0] == '\0')
        return false;
    if (value == NULL)
        return codec_fail(problem, "\"vs\" must be a text");
    return json_object_set(values, name, value) == 0 || codec_fail(problem, "memory is short");
}

static json_t *collect(const json_t *records, char problem[CODEC_PROBLEM_BYTES])
{
    if (!json_is_array(records) || json_array_size(records) > ANDLINK_RECORDS_MAX) {
        codec_fail(problem, "the payload is no list of at most %d records", ANDLINK_RECORDS_MAX);
        return NULL;
    }
    json_t *values = json_object();
    for (size_t i = 0; i < json_array_size(records); i++) {
        if (!add_record(values, json_array_get(records, i), problem)) {
            codec_fail_at(problem, "record %zu", i + 1);
            json_decref(values);
            return NULL;
        }
    }
    return values;
}

json_t *andlink_decode(bc_view payload, char problem[CODEC_PROBLEM_BYTES])
{
    json_error_t error;
    const char *text = payload.len > 0 ? (const char *)payload.ptr : "";
    json_t *records = json_loadb(text, payload.len, JSON_REJECT_DUPLICATES, &error);
    if (records == NULL) {
        codec_fail(problem, "the payload is no JSON: %s", error.text);
        return NULL;
    }
    json_t *values = collect(records, problem);
    json_decref(records);
    return values;
}
