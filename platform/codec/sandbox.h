/*
 * A Lua state that can do nothing but compute, and that for a short time and in little memory. A
 * state lives for one call: nothing is left of it for the next one.
 *
 * Offered: assert error ipairs next pairs pcall select tonumber tostring type; math without random;
 * string without dump; table; utf8. Not offered: whatever reads or writes anything outside, loads
 * code, makes coroutines, or sets metatables. The last because a finalizer (__gc) runs with hooks
 * off, so that nothing could end it.
 *
 * Limits: SANDBOX_STEPS instructions, SANDBOX_CPU_MS of this thread's time, SANDBOX_BYTES_MAX of
 * memory, SANDBOX_STRING_BYTES_MAX of one string. Time is for what takes long in one instruction,
 * such as making a number of a text of 64 KiB; it is read from the thread's own clock, so that a
 * busy machine changes nothing.
 */
#ifndef BC_PLATFORM_SANDBOX_H
#define BC_PLATFORM_SANDBOX_H

#include <lauxlib.h>
#include <lua.h>

#include "inside.h"

#define SANDBOX_STEPS 1000000
#define SANDBOX_CPU_MS 200
#define SANDBOX_BYTES_MAX ((size_t)1 << 20)
#define SANDBOX_STRING_BYTES_MAX 65536
#define SANDBOX_DEPTH_MAX 8     /* of tables in tables, both ways */
#define SANDBOX_VALUES_MAX 4096 /* in what decode() returns */

struct sandbox {
    lua_State *lua;
    size_t bytes;    /* of its heap */
    unsigned denied; /* allocations that did not fit */
    int64_t steps;   /* left */
    int64_t cpu_ns;  /* of the thread, at which it has run for too long */
    bool over;       /* the limit of time is reached: whoever catches the error gets the next */
    int line;        /* where that was */
};

/* Makes a state and calls `run` in it with `context` as its only argument, a light userdata.
 * Results stand on the stack. Whatever comes of it, sandbox_close() follows. */
bool sandbox_run(struct sandbox *sandbox, lua_CFunction run, void *context,
                 char problem[CODEC_PROBLEM_BYTES]);
void sandbox_close(struct sandbox *sandbox);

/* For functions that Lua calls. */
struct sandbox *sandbox_of(lua_State *lua);
/* Takes steps for work that no instruction counts, and looks at the clock; an error when it is
 * over. */
void sandbox_spend(lua_State *lua, size_t steps);
/* Raises "runs too long", now and ever after. */
int sandbox_expire(lua_State *lua);

/* sandbox_strings.c: find, match, gmatch and gsub into the table on top. */
void sandbox_add_patterns(lua_State *lua);

/* sandbox_json.c: pushes a value; an error when it is too deep. A JSON null is nil. */
void sandbox_push_json(lua_State *lua, const json_t *value);
/* The value at the top of the stack; raises no error, so that nothing is lost. NULL after a
 * problem. */
json_t *sandbox_to_json(lua_State *lua, char problem[CODEC_PROBLEM_BYTES]);

#endif
