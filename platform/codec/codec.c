/*
 * One codec of either kind, and its profile: see codec.h.
 */
#include "codec.h"

#include <stdlib.h>
#include <string.h>

#include "inside.h"
#include "profile.h"

struct codec {
    json_t *profile; /* NULL: nothing to fit */
    struct codec_fields *fields;
    struct codec_lua *lua;
};

static bool compile(struct codec *codec, const json_t *definition,
                    char problem[CODEC_PROBLEM_BYTES])
{
    const char *kind = json_string_value(json_object_get(definition, "kind"));
    if (kind != NULL && strcmp(kind, "fields") == 0)
        codec->fields = codec_fields_create(definition, codec->profile, problem);
    else if (kind != NULL && strcmp(kind, "lua") == 0)
        codec->lua = codec_lua_create(definition, problem);
    else
        codec_fail(problem, "\"kind\" must be \"fields\" or \"lua\"");
    return codec->fields != NULL || codec->lua != NULL;
}

struct codec *codec_create(const json_t *definition, const json_t *profile,
                           char problem[CODEC_PROBLEM_BYTES])
{
    /* A profile may be only about upgrades (guide 5.7.1): then nothing is to fit. */
    bool fits = json_is_array(json_object_get(profile, "services"));
    struct codec *codec = calloc(1, sizeof(*codec));
    if (codec != NULL && fits)
        codec->profile = json_deep_copy(profile);
    if (codec == NULL || (fits && codec->profile == NULL))
        codec_fail(problem, "memory is short");
    else if (compile(codec, definition, problem))
        return codec;
    codec_destroy(codec);
    return NULL;
}

void codec_destroy(struct codec *codec)
{
    if (codec == NULL)
        return;
    codec_fields_destroy(codec->fields);
    codec_lua_destroy(codec->lua);
    json_decref(codec->profile);
    free(codec);
}

static bool fits_profile(const json_t *profile, const json_t *decoded,
                         char problem[CODEC_PROBLEM_BYTES])
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(decoded, "services"), i, row)
    {
        const char *name = json_string_value(json_object_get(row, "service"));
        const json_t *service = profile_service(profile, name);
        if (service == NULL)
            return codec_fail(problem, "the profile has no service \"%s\"", name);
        if (!profile_check_properties(service, json_object_get(row, "properties"), problem))
            return codec_fail_at(problem, "service \"%s\"", name);
    }
    return true;
}

json_t *codec_decode(struct codec *codec, bc_view payload, char problem[CODEC_PROBLEM_BYTES])
{
    json_t *decoded = NULL;
    if (payload.ptr == NULL)
        payload = BC_TEXT("");
    if (payload.len > CODEC_PAYLOAD_BYTES_MAX)
        codec_fail(problem, "the payload has more than %d bytes", CODEC_PAYLOAD_BYTES_MAX);
    else if (codec->fields != NULL)
        decoded = codec_fields_decode(codec->fields, payload, problem);
    else
        decoded = codec_lua_decode(codec->lua, payload, problem);
    if (decoded != NULL && codec->profile != NULL &&
        !fits_profile(codec->profile, decoded, problem)) {
        json_decref(decoded);
        decoded = NULL;
    }
    return decoded;
}

static bool command_fits(const json_t *profile, const char *service, const char *method,
                         const json_t *params, char problem[CODEC_PROBLEM_BYTES])
{
    const json_t *row = profile_service(profile, service);
    if (row == NULL)
        return codec_fail(problem, "the profile has no service \"%s\"", service);
    const json_t *command = profile_command(row, method);
    if (command == NULL)
        return codec_fail(problem, "service \"%s\" has no command \"%s\"", service, method);
    return profile_check_params(command, params, problem);
}

bool codec_encode(struct codec *codec, const char *service, const char *method,
                  const json_t *params, bc_sink *out, char problem[CODEC_PROBLEM_BYTES])
{
    if (params != NULL && !json_is_object(params))
        return codec_fail(problem, "the parameters must be an object");
    if (codec->profile != NULL && !command_fits(codec->profile, service, method, params, problem))
        return false;
    if (codec->fields != NULL)
        return codec_fields_encode(codec->fields, service, method, params, out, problem);
    return codec_lua_encode(codec->lua, service, method, params, out, problem);
}
