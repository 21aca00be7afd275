/*
 * Values between JSON and Lua: see sandbox.h.
 */
#include <math.h>

#include "sandbox.h"

/* --- Into Lua -------------------------------------------------------------------------------- */

static void push(lua_State *lua, const json_t *value, unsigned depth);

static void push_table(lua_State *lua, const json_t *value, unsigned depth)
{
    const char *name;
    json_t *member;
    size_t i;
    if (depth == SANDBOX_DEPTH_MAX)
        luaL_error(lua, "the parameters are nested too deep");
    lua_newtable(lua);
    json_object_foreach(codec_walk(value), name, member)
    {
        push(lua, member, depth + 1);
        lua_setfield(lua, -2, name);
    }
    json_array_foreach(value, i, member)
    {
        push(lua, member, depth + 1);
        lua_rawseti(lua, -2, (lua_Integer)i + 1);
    }
}

static void push(lua_State *lua, const json_t *value, unsigned depth)
{
    luaL_checkstack(lua, 4, NULL);
    switch (json_typeof(value)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        push_table(lua, value, depth);
        break;
    case JSON_STRING:
        lua_pushlstring(lua, json_string_value(value), json_string_length(value));
        break;
    case JSON_INTEGER:
        lua_pushinteger(lua, json_integer_value(value));
        break;
    case JSON_REAL:
        lua_pushnumber(lua, json_real_value(value));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        lua_pushboolean(lua, json_is_true(value));
        break;
    case JSON_NULL:
        lua_pushnil(lua);
        break;
    }
}

void sandbox_push_json(lua_State *lua, const json_t *value)
{
    push(lua, value, 0);
}

/* --- Out of Lua ------------------------------------------------------------------------------ */

struct taking {
    lua_State *lua;
    char *problem;
    unsigned depth;
    unsigned values;
};

static json_t *take(struct taking *to);

static json_t *none(struct taking *to, const char *what)
{
    codec_fail(to->problem, "returns %s", what);
    return NULL;
}

static json_t *take_number(struct taking *to)
{
    if (lua_isinteger(to->lua, -1))
        return json_integer(lua_tointeger(to->lua, -1));
    double real = lua_tonumber(to->lua, -1);
    return isfinite(real) ? json_real(real) : none(to, "a number that JSON cannot hold");
}

static json_t *take_text(struct taking *to)
{
    size_t len;
    const char *text = lua_tolstring(to->lua, -1, &len);
    json_t *value = json_stringn(text, len);
    return value != NULL ? value : none(to, "a text that is no UTF-8");
}

static json_t *take_list(struct taking *to, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(to->lua, -1, (lua_Integer)i);
        json_t *value = take(to);
        lua_pop(to->lua, 1);
        if (value == NULL) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, value);
    }
    return list;
}

static json_t *take_object(struct taking *to)
{
    json_t *object = json_object();
    lua_pushnil(to->lua);
    while (lua_next(to->lua, -2) != 0) {
        /* lua_tostring() would change a key that is a number. */
        const char *name = lua_type(to->lua, -2) == LUA_TSTRING ? lua_tostring(to->lua, -2) : NULL;
        json_t *value = name != NULL ? take(to) : none(to, "a table with a key that is no text");
        if (value != NULL && json_object_set_new(object, name, value) != 0)
            value = none(to, "a key that is no UTF-8");
        lua_pop(to->lua, 1);
        if (value == NULL) {
            lua_pop(to->lua, 1);
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *take_table(struct taking *to)
{
    size_t count = lua_rawlen(to->lua, -1);
    if (to->depth == SANDBOX_DEPTH_MAX)
        return none(to, "tables that are nested too deep");
    to->depth++;
    json_t *value = count > 0 ? take_list(to, count) : take_object(to);
    to->depth--;
    return value;
}

/* The value on top, which stays there. */
static json_t *take(struct taking *to)
{
    if (++to->values > SANDBOX_VALUES_MAX)
        return none(to, "too many values");
    if (!lua_checkstack(to->lua, 4))
        return none(to, "more than memory can hold");
    switch (lua_type(to->lua, -1)) {
    case LUA_TBOOLEAN:
        return json_boolean(lua_toboolean(to->lua, -1));
    case LUA_TNUMBER:
        return take_number(to);
    case LUA_TSTRING:
        return take_text(to);
    case LUA_TTABLE:
        return take_table(to);
    default:
        return none(to, "a value that is no text, number, boolean or table");
    }
}

json_t *sandbox_to_json(lua_State *lua, char problem[CODEC_PROBLEM_BYTES])
{
    struct taking to = {.lua = lua, .problem = problem};
    return take(&to);
}
