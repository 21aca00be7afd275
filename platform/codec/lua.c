/*
 * Codecs in Lua: see codec.h. The source is compiled once; each call loads the result into a state
 * of its own (sandbox.h) and calls decode() or encode() there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "inside.h"
#include "sandbox.h"

/* The name that problems begin with: sandbox.c makes "line 3: " of it. */
#define CHUNK_NAME "=line"

struct codec_lua {
    char *code; /* what lua_dump() has made of the source */
    size_t bytes;
    size_t room;
};

/* --- Compiling ------------------------------------------------------------------------------- */

struct compiling {
    struct codec_lua *to;
    const char *source;
    size_t bytes;
};

static int keep_code(lua_State *lua, const void *part, size_t bytes, void *context)
{
    struct codec_lua *to = context;
    (void)lua;
    if (bytes > to->room - to->bytes) {
        size_t room = 2 * (to->room + bytes);
        char *code = realloc(to->code, room);
        if (code == NULL)
            return 1;
        to->code = code;
        to->room = room;
    }
    memcpy(to->code + to->bytes, part, bytes);
    to->bytes += bytes;
    return 0;
}

/* Runs the source once, too, so that an error outside of the functions is told when it is put in
 * place. */
static int compile(lua_State *lua)
{
    struct compiling *job = lua_touserdata(lua, 1);
    if (luaL_loadbufferx(lua, job->source, job->bytes, CHUNK_NAME, "t") != LUA_OK)
        return lua_error(lua);
    if (lua_dump(lua, keep_code, job->to, 0) != 0)
        return luaL_error(lua, "memory is short");
    lua_call(lua, 0, 0);
    if (lua_getglobal(lua, "decode") != LUA_TFUNCTION &&
        lua_getglobal(lua, "encode") != LUA_TFUNCTION)
        return luaL_error(lua, "the source defines neither decode() nor encode()");
    return 0;
}

struct codec_lua *codec_lua_create(const json_t *definition, char problem[CODEC_PROBLEM_BYTES])
{
    static const char *const members[] = {"kind", "source", NULL};
    const json_t *source = json_object_get(definition, "source");
    if (!codec_check_members(definition, members, problem))
        return NULL;
    if (!json_is_string(source) || json_string_length(source) > CODEC_SOURCE_BYTES_MAX) {
        codec_fail(problem, "\"source\" must be a text of at most %d bytes",
                   CODEC_SOURCE_BYTES_MAX);
        return NULL;
    }
    struct codec_lua *lua = calloc(1, sizeof(*lua));
    if (lua == NULL) {
        codec_fail(problem, "memory is short");
        return NULL;
    }
    struct sandbox sandbox;
    struct compiling job = {lua, json_string_value(source), json_string_length(source)};
    bool good = sandbox_run(&sandbox, compile, &job, problem);
    sandbox_close(&sandbox);
    if (good)
        return lua;
    codec_lua_destroy(lua);
    return NULL;
}

void codec_lua_destroy(struct codec_lua *lua)
{
    if (lua == NULL)
        return;
    free(lua->code);
    free(lua);
}

/* --- Calling --------------------------------------------------------------------------------- */

struct calling {
    const struct codec_lua *codec;
    bc_view payload;
    const char *service;
    const char *method;
    const json_t *params;
};

/* Leaves the function on the stack. */
static void load(lua_State *lua, const struct codec_lua *codec, const char *function)
{
    if (luaL_loadbufferx(lua, codec->code, codec->bytes, CHUNK_NAME, "b") != LUA_OK)
        lua_error(lua);
    lua_call(lua, 0, 0);
    if (lua_getglobal(lua, function) != LUA_TFUNCTION)
        luaL_error(lua, "the source defines no %s()", function);
}

static int call_decode(lua_State *lua)
{
    const struct calling *job = lua_touserdata(lua, 1);
    load(lua, job->codec, "decode");
    lua_pushlstring(lua, (const char *)job->payload.ptr, job->payload.len);
    lua_call(lua, 1, 1);
    return 1;
}

static int call_encode(lua_State *lua)
{
    const struct calling *job = lua_touserdata(lua, 1);
    load(lua, job->codec, "encode");
    lua_pushstring(lua, job->service);
    lua_pushstring(lua, job->method);
    if (job->params != NULL)
        sandbox_push_json(lua, job->params);
    else
        lua_newtable(lua);
    lua_call(lua, 3, 1);
    return 1;
}

static bool is_row(const json_t *row)
{
    const json_t *service = json_object_get(row, "service");
    return json_object_size(row) == 2 && json_string_length(service) > 0 &&
           json_string_length(service) <= CODEC_NAME_BYTES_MAX &&
           json_is_object(json_object_get(row, "properties"));
}

/* {"services": [...]} of one row or of a list; takes `returned` over. */
static json_t *services_of(json_t *returned, char problem[CODEC_PROBLEM_BYTES])
{
    bool good = true;
    if (json_object_size(returned) > 0)
        returned = json_pack("[o]", returned);
    for (size_t i = 0; i < json_array_size(returned); i++)
        good = good && is_row(json_array_get(returned, i));
    if (good && json_is_array(returned))
        return json_pack("{so}", "services", returned);
    if (good && json_is_object(returned)) { /* empty */
        json_decref(returned);
        return json_pack("{s[]}", "services");
    }
    json_decref(returned);
    codec_fail(problem, "decode() must return {service = \"...\", properties = {...}}, or a list "
                        "of such");
    return NULL;
}

json_t *codec_lua_decode(struct codec_lua *lua, bc_view payload, char problem[CODEC_PROBLEM_BYTES])
{
    struct sandbox sandbox;
    struct calling job = {.codec = lua, .payload = payload};
    json_t *returned = NULL;
    if (sandbox_run(&sandbox, call_decode, &job, problem)) {
        bool nothing = lua_isnil(sandbox.lua, -1);
        returned = nothing ? json_array() : sandbox_to_json(sandbox.lua, problem);
        if (returned == NULL)
            codec_fail_at(problem, "decode()");
    }
    sandbox_close(&sandbox);
    return returned != NULL ? services_of(returned, problem) : NULL;
}

bool codec_lua_encode(struct codec_lua *lua, const char *service, const char *method,
                      const json_t *params, bc_sink *out, char problem[CODEC_PROBLEM_BYTES])
{
    struct sandbox sandbox;
    struct calling job = {.codec = lua, .service = service, .method = method, .params = params};
    bool good = sandbox_run(&sandbox, call_encode, &job, problem);
    if (good) {
        size_t len = 0;
        bool text = lua_type(sandbox.lua, -1) == LUA_TSTRING;
        const char *bytes = text ? lua_tolstring(sandbox.lua, -1, &len) : NULL;
        if (!text)
            good = codec_fail(problem, "encode() must return a string of bytes");
        else if (out->full || len > out->cap - out->len)
            good = codec_fail(problem, "the command has %zu bytes, which is too long", len);
        else
            bc_put_bytes(out, (bc_view){(const uint8_t *)bytes, len});
    }
    sandbox_close(&sandbox);
    return good;
}
