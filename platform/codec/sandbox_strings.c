/*
 * string.find, match, gmatch and gsub over pattern.h, as the reference manual has them (6.4).
 */
#define _GNU_SOURCE
#include <string.h>

#include "pattern.h"
#include "sandbox.h"

static bc_view check_text(lua_State *lua, int index)
{
    size_t len;
    const char *text = luaL_checklstring(lua, index, &len);
    return (bc_view){(const uint8_t *)text, len};
}

static bc_view drop_anchor(bc_view pattern)
{
    bool anchored = pattern.len > 0 && pattern.ptr[0] == '^';
    return anchored ? (bc_view){pattern.ptr + 1, pattern.len - 1} : pattern;
}

static struct pattern begin(lua_State *lua, bc_view subject, bc_view text)
{
    return (struct pattern){.subject = subject, .text = text, .steps = &sandbox_of(lua)->steps};
}

static bool match_at(lua_State *lua, struct pattern *p, size_t start, size_t *end)
{
    bool matches = pattern_match(p, start, end);
    if (*p->steps < 0)
        sandbox_expire(lua);
    if (p->problem != NULL)
        luaL_error(lua, "%s", p->problem);
    return matches;
}

/* The first match from `*start` on. */
static bool search(lua_State *lua, struct pattern *p, bool anchored, size_t *start, size_t *end)
{
    for (;; (*start)++) {
        if (match_at(lua, p, *start, end))
            return true;
        if (anchored || *start >= p->subject.len)
            return false;
    }
}

static void push_bytes(lua_State *lua, const struct pattern *p, size_t start, size_t len)
{
    lua_pushlstring(lua, (const char *)p->subject.ptr + start, len);
}

static void push_capture(lua_State *lua, const struct pattern *p, size_t index)
{
    const struct pattern_capture *capture = &p->capture[index];
    if (capture->position)
        lua_pushinteger(lua, (lua_Integer)capture->start + 1);
    else
        push_bytes(lua, p, capture->start, capture->len);
}

static int push_captures(lua_State *lua, const struct pattern *p)
{
    luaL_checkstack(lua, (int)p->captures, "too many captures");
    for (size_t i = 0; i < p->captures; i++)
        push_capture(lua, p, i);
    return (int)p->captures;
}

/* The captures, or the whole match when there are none. */
static int push_found(lua_State *lua, const struct pattern *p, size_t start, size_t end)
{
    if (p->captures > 0)
        return push_captures(lua, p);
    push_bytes(lua, p, start, end - start);
    return 1;
}

/* Argument 3, the position to begin at, from 0; beyond the end when there is none. */
static size_t check_init(lua_State *lua, size_t len)
{
    lua_Integer init = luaL_optinteger(lua, 3, 1);
    if (init < 0)
        init = init < -(lua_Integer)len ? 1 : (lua_Integer)len + init + 1;
    return init <= 0 ? 0 : (size_t)init - 1;
}

/* Lua's find takes a ')' that stands alone for itself; so do we. */
static bool is_plain(bc_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != 0 && strchr("^$*+?.([%-", text.ptr[i]) != NULL)
            return false;
    return true;
}

static int find_plain(lua_State *lua, bc_view subject, bc_view text, size_t init)
{
    const uint8_t *from = subject.ptr + init;
    const uint8_t *at = memmem(from, subject.len - init, text.ptr, text.len);
    sandbox_spend(lua, (subject.len - init) / 16);
    if (at == NULL)
        return 0;
    lua_pushinteger(lua, at - subject.ptr + 1);
    lua_pushinteger(lua, at - subject.ptr + (lua_Integer)text.len);
    return 2;
}

static int find_or_match(lua_State *lua, bool find)
{
    bc_view subject = check_text(lua, 1);
    bc_view text = check_text(lua, 2);
    size_t start = check_init(lua, subject.len);
    size_t end;
    int results = 0;
    if (start > subject.len) {
        lua_pushnil(lua);
        return 1;
    }
    if (find && (lua_toboolean(lua, 4) || is_plain(text))) {
        results = find_plain(lua, subject, text, start);
    } else {
        struct pattern p = begin(lua, subject, drop_anchor(text));
        if (search(lua, &p, p.text.ptr != text.ptr, &start, &end)) {
            if (!find)
                return push_found(lua, &p, start, end);
            lua_pushinteger(lua, (lua_Integer)start + 1);
            lua_pushinteger(lua, (lua_Integer)end);
            results = 2 + push_captures(lua, &p);
        }
    }
    if (results == 0)
        lua_pushnil(lua);
    return results > 0 ? results : 1;
}

static int string_find(lua_State *lua)
{
    return find_or_match(lua, true);
}

static int string_match(lua_State *lua)
{
    return find_or_match(lua, false);
}

/* Upvalues: subject, pattern, where to go on, where the last match ended (-1: none yet). */
static int next_match(lua_State *lua)
{
    struct pattern p =
        begin(lua, check_text(lua, lua_upvalueindex(1)), check_text(lua, lua_upvalueindex(2)));
    size_t start = (size_t)lua_tointeger(lua, lua_upvalueindex(3));
    lua_Integer last = lua_tointeger(lua, lua_upvalueindex(4));
    size_t end;
    for (; start <= p.subject.len; start++) {
        if (match_at(lua, &p, start, &end) && (lua_Integer)end != last) {
            lua_pushinteger(lua, (lua_Integer)end);
            lua_copy(lua, -1, lua_upvalueindex(3));
            lua_replace(lua, lua_upvalueindex(4));
            return push_found(lua, &p, start, end);
        }
    }
    return 0;
}

static int string_gmatch(lua_State *lua)
{
    bc_view subject = check_text(lua, 1);
    check_text(lua, 2);
    size_t start = check_init(lua, subject.len);
    lua_settop(lua, 2);
    lua_pushinteger(lua, start <= subject.len ? (lua_Integer)start : (lua_Integer)subject.len + 1);
    lua_pushinteger(lua, -1);
    lua_pushcclosure(lua, next_match, 4);
    return 1;
}

/* "%1" and the like in the text that comes instead of a match. */
static void add_template(lua_State *lua, luaL_Buffer *out, const struct pattern *p, size_t start,
                         size_t end)
{
    bc_view text = check_text(lua, 3);
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '%') {
            luaL_addchar(out, (char)text.ptr[i]);
            continue;
        }
        uint8_t c = ++i < text.len ? text.ptr[i] : 0;
        if (c == '%') {
            luaL_addchar(out, '%');
        } else if (c == '0' || (c == '1' && p->captures == 0)) {
            luaL_addlstring(out, (const char *)p->subject.ptr + start, end - start);
        } else if (c >= '1' && c <= '9' && (size_t)(c - '1') < p->captures) {
            push_capture(lua, p, (size_t)(c - '1'));
            luaL_addvalue(out);
        } else {
            luaL_error(lua, "invalid use of '%%' in the replacement");
        }
    }
}

/* What comes instead of a match: of a text, a table or a function. */
static void add_replacement(lua_State *lua, luaL_Buffer *out, const struct pattern *p, size_t start,
                            size_t end)
{
    int type = lua_type(lua, 3);
    if (type == LUA_TFUNCTION) {
        lua_pushvalue(lua, 3);
        lua_call(lua, push_found(lua, p, start, end), 1);
    } else if (type == LUA_TTABLE) {
        if (p->captures > 0)
            push_capture(lua, p, 0);
        else
            push_bytes(lua, p, start, end - start);
        lua_gettable(lua, 3);
    } else {
        add_template(lua, out, p, start, end);
        return;
    }
    if (!lua_toboolean(lua, -1)) { /* the match stays */
        lua_pop(lua, 1);
        push_bytes(lua, p, start, end - start);
    } else if (!lua_isstring(lua, -1)) {
        luaL_error(lua, "invalid replacement value (a %s)", luaL_typename(lua, -1));
    }
    luaL_addvalue(out);
}

static int string_gsub(lua_State *lua)
{
    bc_view subject = check_text(lua, 1);
    bc_view text = check_text(lua, 2);
    int type = lua_type(lua, 3);
    lua_Integer most = luaL_optinteger(lua, 4, (lua_Integer)subject.len + 1);
    lua_Integer count = 0;
    luaL_Buffer out;
    luaL_argexpected(lua,
                     type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION ||
                         type == LUA_TTABLE,
                     3, "string/function/table");
    luaL_buffinit(lua, &out);
    struct pattern p = begin(lua, subject, drop_anchor(text));
    bool anchored = p.text.ptr != text.ptr;
    size_t at = 0;
    size_t last = SIZE_MAX;
    while (count < most) {
        size_t end;
        if (match_at(lua, &p, at, &end) && end != last) {
            count++;
            add_replacement(lua, &out, &p, at, end);
            at = last = end;
        } else if (at < subject.len) {
            luaL_addchar(&out, (char)subject.ptr[at++]);
        } else {
            break;
        }
        if (anchored)
            break;
    }
    if (at < subject.len)
        luaL_addlstring(&out, (const char *)subject.ptr + at, subject.len - at);
    luaL_pushresult(&out);
    lua_pushinteger(lua, count);
    return 2;
}

void sandbox_add_patterns(lua_State *lua)
{
    static const luaL_Reg functions[] = {{"find", string_find},
                                         {"gmatch", string_gmatch},
                                         {"gsub", string_gsub},
                                         {"match", string_match},
                                         {NULL, NULL}};
    luaL_setfuncs(lua, functions, 0);
}
