/*
 * The state, its limits and what it offers: see sandbox.h.
 */
#define _GNU_SOURCE
#include "sandbox.h"

#include <lualib.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STEPS_A_LOOK 1000 /* instructions between two looks at the limits */
#define DENIED_MAX 16     /* each costs a collection of all garbage */
#define SORTED_MAX 4096

/* --- Limits ---------------------------------------------------------------------------------- */

static int64_t thread_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct sandbox *sandbox_of(lua_State *lua)
{
    void *context;
    lua_getallocf(lua, &context);
    return context;
}

static void on_count(lua_State *lua, lua_Debug *at);

int sandbox_expire(lua_State *lua)
{
    struct sandbox *sandbox = sandbox_of(lua);
    sandbox->over = true;
    lua_sethook(lua, on_count, LUA_MASKCOUNT, 1);
    return luaL_error(lua, "runs too long");
}

static bool is_spent(const struct sandbox *sandbox)
{
    return sandbox->over || sandbox->steps < 0 || sandbox->denied > DENIED_MAX ||
           thread_ns() > sandbox->cpu_ns;
}

static void on_count(lua_State *lua, lua_Debug *at)
{
    struct sandbox *sandbox = sandbox_of(lua);
    sandbox->steps -= sandbox->over ? 0 : STEPS_A_LOOK;
    if (!is_spent(sandbox))
        return;
    if (!sandbox->over && lua_getinfo(lua, "l", at) != 0)
        sandbox->line = at->currentline;
    sandbox_expire(lua);
}

void sandbox_spend(lua_State *lua, size_t steps)
{
    struct sandbox *sandbox = sandbox_of(lua);
    sandbox->steps -= steps <= SANDBOX_STEPS ? (int64_t)steps : SANDBOX_STEPS + 1;
    if (is_spent(sandbox))
        sandbox_expire(lua);
}

/* Lua's allocator; for a new block `had` is the kind of object. */
static void *allocate(void *context, void *block, size_t had, size_t bytes)
{
    struct sandbox *sandbox = context;
    bool string = block == NULL && had == LUA_TSTRING;
    if (block == NULL)
        had = 0;
    if (bytes > had && (bytes - had > SANDBOX_BYTES_MAX - sandbox->bytes ||
                        (string && bytes > SANDBOX_STRING_BYTES_MAX + 64))) {
        if (++sandbox->denied > DENIED_MAX && sandbox->lua != NULL)
            lua_sethook(sandbox->lua, on_count, LUA_MASKCOUNT, 1);
        return NULL;
    }
    if (bytes == 0) {
        free(block);
        sandbox->bytes -= had;
        return NULL;
    }
    void *new = realloc(block, bytes);
    if (new == NULL)
        return bytes <= had ? block : NULL; /* Lua counts on it that shrinking never fails */
    sandbox->bytes = sandbox->bytes - had + bytes;
    return new;
}

/* --- What is offered ------------------------------------------------------------------------- */

static int call_original(lua_State *lua)
{
    return lua_tocfunction(lua, lua_upvalueindex(1))(lua);
}

/* An empty string can be repeated for ever. */
static int guarded_rep(lua_State *lua)
{
    size_t len;
    size_t separator = 0;
    luaL_checklstring(lua, 1, &len);
    lua_Integer count = luaL_checkinteger(lua, 2);
    luaL_optlstring(lua, 3, "", &separator);
    if (count > 0 && (size_t)count > SANDBOX_STRING_BYTES_MAX / (len + separator + 1))
        return luaL_error(lua, "resulting string too large");
    return call_original(lua);
}

/* What does not exist can be moved for ever. */
static int guarded_move(lua_State *lua)
{
    lua_Integer first = luaL_checkinteger(lua, 2);
    lua_Integer last = luaL_checkinteger(lua, 3);
    if (last >= first)
        sandbox_spend(lua, (size_t)last - (size_t)first);
    return call_original(lua);
}

static int guarded_sort(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    size_t count = lua_rawlen(lua, 1);
    if (count > SORTED_MAX)
        return luaL_error(lua, "too many values to sort");
    sandbox_spend(lua, count * 8);
    return call_original(lua);
}

struct offer {
    const char *name;
    lua_CFunction guard; /* around the library's function; may be NULL */
};

static const struct offer of_base[] = {
    {"assert", NULL},   {"error", NULL},    {"ipairs", NULL}, {"next", NULL},
    {"pairs", NULL},    {"pcall", NULL},    {"select", NULL}, {"type", NULL},
    {"tonumber", NULL}, {"tostring", NULL}, {NULL, NULL},
};
static const struct offer of_string[] = {
    {"byte", NULL}, {"char", NULL},   {"format", NULL},     {"len", NULL},     {"lower", NULL},
    {"pack", NULL}, {"upper", NULL},  {"rep", guarded_rep}, {"reverse", NULL}, {"packsize", NULL},
    {"sub", NULL},  {"unpack", NULL}, {NULL, NULL},
};
static const struct offer of_table[] = {
    {"concat", NULL}, {"insert", NULL},       {"move", guarded_move}, {"pack", NULL},
    {"remove", NULL}, {"sort", guarded_sort}, {"unpack", NULL},       {NULL, NULL},
};
static const struct offer of_math[] = {
    {"abs", NULL},  {"acos", NULL}, {"asin", NULL},       {"atan", NULL},       {"ceil", NULL},
    {"cos", NULL},  {"deg", NULL},  {"exp", NULL},        {"floor", NULL},      {"fmod", NULL},
    {"huge", NULL}, {"log", NULL},  {"max", NULL},        {"maxinteger", NULL}, {"min", NULL},
    {"modf", NULL}, {"pi", NULL},   {"mininteger", NULL}, {"rad", NULL},        {"sin", NULL},
    {"sqrt", NULL}, {"tan", NULL},  {"tointeger", NULL},  {"type", NULL},       {"ult", NULL},
    {NULL, NULL},
};
static const struct offer of_utf8[] = {
    {"char", NULL}, {"charpattern", NULL}, {"codepoint", NULL}, {"codes", NULL},
    {"len", NULL},  {"offset", NULL},      {NULL, NULL},
};

/* Copies what is offered of the module below the top into the table on top. */
static void copy_offers(lua_State *lua, const struct offer *offers)
{
    for (size_t i = 0; offers[i].name != NULL; i++) {
        lua_getfield(lua, -2, offers[i].name);
        if (offers[i].guard != NULL)
            lua_pushcclosure(lua, offers[i].guard, 1);
        lua_setfield(lua, -2, offers[i].name);
    }
}

/* A table of the module's offers on top. */
static void push_module(lua_State *lua, const char *name, lua_CFunction open,
                        const struct offer *offers)
{
    luaL_requiref(lua, name, open, 0);
    lua_newtable(lua);
    copy_offers(lua, offers);
    lua_remove(lua, -2);
}

/* ("x"):rep(3) finds what string.rep finds, and nothing more. */
static void set_string_metatable(lua_State *lua)
{
    lua_pushliteral(lua, "");
    lua_newtable(lua);
    lua_pushvalue(lua, -3);
    lua_setfield(lua, -2, "__index");
    lua_setmetatable(lua, -2);
    lua_pop(lua, 1);
}

static void set_globals(lua_State *lua)
{
    push_module(lua, LUA_GNAME, luaopen_base, of_base);
    push_module(lua, LUA_STRLIBNAME, luaopen_string, of_string);
    sandbox_add_patterns(lua);
    set_string_metatable(lua);
    lua_setfield(lua, -2, LUA_STRLIBNAME);
    push_module(lua, LUA_TABLIBNAME, luaopen_table, of_table);
    lua_setfield(lua, -2, LUA_TABLIBNAME);
    push_module(lua, LUA_MATHLIBNAME, luaopen_math, of_math);
    lua_setfield(lua, -2, LUA_MATHLIBNAME);
    push_module(lua, LUA_UTF8LIBNAME, luaopen_utf8, of_utf8);
    lua_setfield(lua, -2, LUA_UTF8LIBNAME);
    lua_rawseti(lua, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
}

/* --- Running --------------------------------------------------------------------------------- */

struct start {
    lua_CFunction run;
    void *context;
};

static int begin(lua_State *lua)
{
    const struct start *start = lua_touserdata(lua, 1);
    lua_settop(lua, 0);
    set_globals(lua);
    lua_sethook(lua, on_count, LUA_MASKCOUNT, STEPS_A_LOOK);
    lua_pushlightuserdata(lua, start->context);
    return start->run(lua);
}

/* What an error says. Those of Lua begin "line:3: ". */
static bool tell(const struct sandbox *sandbox, int status, char problem[CODEC_PROBLEM_BYTES])
{
    lua_State *lua = sandbox->lua;
    const char *text = lua_type(lua, -1) == LUA_TSTRING ? lua_tostring(lua, -1) : NULL;
    if (sandbox->over && sandbox->denied > DENIED_MAX)
        status = LUA_ERRMEM;
    if (status == LUA_ERRMEM)
        return codec_fail(problem, "takes more than %zu KiB of memory", SANDBOX_BYTES_MAX >> 10);
    if (sandbox->over && sandbox->line > 0)
        return codec_fail(problem, "line %d: runs too long", sandbox->line);
    if (sandbox->over)
        return codec_fail(problem, "runs too long");
    if (text == NULL)
        return codec_fail(problem, "raises an error that is no text");
    if (strncmp(text, "line:", 5) == 0)
        return codec_fail(problem, "line %s", text + 5);
    return codec_fail(problem, "%s", text);
}

bool sandbox_run(struct sandbox *sandbox, lua_CFunction run, void *context,
                 char problem[CODEC_PROBLEM_BYTES])
{
    struct start start = {run, context};
    *sandbox = (struct sandbox){.steps = SANDBOX_STEPS,
                                .cpu_ns = thread_ns() + (int64_t)SANDBOX_CPU_MS * 1000000};
    sandbox->lua = lua_newstate(allocate, sandbox);
    if (sandbox->lua == NULL)
        return codec_fail(problem, "memory is short");
    lua_pushcfunction(sandbox->lua, begin);
    lua_pushlightuserdata(sandbox->lua, &start);
    int status = lua_pcall(sandbox->lua, 1, LUA_MULTRET, 0);
    return (status == LUA_OK && !sandbox->over) || tell(sandbox, status, problem);
}

void sandbox_close(struct sandbox *sandbox)
{
    if (sandbox->lua != NULL)
        lua_close(sandbox->lua);
    sandbox->lua = NULL;
}
