/*
 * Codecs in Lua: what they can do, what they cannot, and that nothing they do holds up or harms who
 * runs them.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/sink.h"
#include "codec_desk.h"
#include "sandbox.h"

/* Of this thread, for one hostile source: the limit, and room for sanitizers. */
#define CPU_MS_MAX (10 * SANDBOX_CPU_MS)

/* The definition of a source, which may have any characters; until the next call. */
static const char *lua(const char *source)
{
    static char *definition;
    json_t *document_of_it = json_pack("{ssss}", "kind", "lua", "source", source);
    free(definition);
    definition = json_dumps(document_of_it, 0);
    json_decref(document_of_it);
    /* codec_desk reads ' as ", so it is written as \u0027. */
    size_t quotes = 0;
    for (const char *at = definition; *at != '\0'; at++)
        quotes += *at == '\'';
    char *out = malloc(strlen(definition) + 5 * quotes + 1);
    size_t len = 0;
    for (const char *at = definition; *at != '\0'; at++) {
        if (*at == '\'')
            len += (size_t)sprintf(out + len, "\\u0027");
        else
            out[len++] = *at;
    }
    out[len] = '\0';
    free(definition);
    definition = out;
    return definition;
}

/* What decode() of this body makes of a payload, as the text of property "v". */
static const char *value_of(const char *body, const char *hex)
{
    static char told[600];
    char source[2000];
    snprintf(source, sizeof(source),
             "local function run(p) %s end\n"
             "function decode(p) return {service='S', properties={v=run(p)}} end",
             body);
    const char *text = decoded(lua(source), NULL, hex);
    const char *value = strstr(text, "{\"v\":");
    if (value == NULL || strncmp(text, "[{", 2) != 0)
        return text;
    const char *end = strstr(value, "},\"service\"");
    assert_non_null(end);
    snprintf(told, sizeof(told), "%.*s", (int)(end - value - 5), value + 5);
    return told;
}

/* --- What they do ---------------------------------------------------------------------------- */

static void a_source_decodes_and_encodes(void **state)
{
    (void)state;
    static const char source[] =
        "function decode(payload)\n"
        "  local level, rate = string.unpack('>I2i1', payload)\n"
        "  return {service = 'Water', properties = {level = level, rate = rate / 10,\n"
        "    open = payload:byte(4) ~= 0, name = payload:sub(5), list = {1, 2, {a = 'b'}}}}\n"
        "end\n"
        "function encode(service, method, params)\n"
        "  return string.pack('>s1s1I2', service, method, params.level or #params.list)\n"
        "end\n";
    assert_string_equal(decoded(lua(source), NULL, "0102FD0141"),
                        "[{\"properties\":{\"level\":258,\"list\":[1,2,{\"a\":\"b\"}],\"name\":"
                        "\"A\",\"open\":true,\"rate\":-0.3},\"service\":\"Water\"}]");
    assert_string_equal(encoded(lua(source), NULL, "S", "M", "{'level':513,'x':null}"),
                        "0153014D0201");
    assert_string_equal(encoded(lua(source), NULL, "S", "M", "{'list':[1,[true],{'a':2.5}]}"),
                        "0153014D0003");
}

static void a_source_returns_one_service_or_several_or_none(void **state)
{
    (void)state;
    static const struct {
        const char *returns;
        const char *wanted;
    } cases[] = {
        {"{{service='A', properties={}}, {service='B', properties={x=1}}}",
         "[{\"properties\":{},\"service\":\"A\"},{\"properties\":{\"x\":1},\"service\":\"B\"}]"},
        {"nil", "[]"},
        {"{}", "[]"},
        {"7", "decode() must return {service = \"...\", properties = {...}}, or a list of such"},
        {"{7}", "decode() must return {service = \"...\", properties = {...}}, or a list of such"},
        {"{service='A'}",
         "decode() must return {service = \"...\", properties = {...}}, or a list of such"},
        {"{service='', properties={}}",
         "decode() must return {service = \"...\", properties = {...}}, or a list of such"},
        {"{service='A', properties={1}}",
         "decode() must return {service = \"...\", properties = {...}}, or a list of such"},
        {"{service='A', properties={x=0/0}}", "decode(): returns a number that JSON cannot hold"},
        {"{service='A', properties={x='\\xff'}}", "decode(): returns a text that is no UTF-8"},
        {"{service='A', properties={['\\xff']=1}}", "decode(): returns a key that is no UTF-8"},
        {"{service='A', properties={[1.5]=1}}",
         "decode(): returns a table with a key that is no text"},
        {"{service='A', properties={x=print or decode}}",
         "decode(): returns a value that is no text, number, boolean or table"},
        {"(function() local t = {} t.t = t return t end)()",
         "decode(): returns tables that are nested too deep"},
        {"(function() local t = {} for i = 1, 5000 do t[i] = i end return t end)()",
         "decode(): returns too many values"},
        {"error({})", "raises an error that is no text"},
        {"error()", "raises an error that is no text"},
        {"error('no good')", "line 1: no good"},
        {"error('a\\nb\\0c\\xff', 0)", "a?b"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char source[300];
        snprintf(source, sizeof(source), "function decode() return %s end", cases[i].returns);
        assert_string_equal(decoded(lua(source), NULL, "00"), cases[i].wanted);
    }
}

static void problems_of_a_source_name_the_line(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"\n\nfunction decode(", "line 3: <name> or '...' expected near <eof>"},
        {"\nlocal x = nil + 1", "line 2: attempt to perform arithmetic on a nil value"},
        {"function decode()\n\nlocal x = os.time() end",
         "line 3: attempt to index a nil value (global 'os')"},
        {"goto x", "line 1: no visible label 'x' for <goto> at line 1"},
        {"x = 1", "the source defines neither decode() nor encode()"},
        {"function encode() end", "the source defines no decode()"},
        {"\033LuaS", "attempt to load a binary chunk (mode is 't')"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(decoded(lua(cases[i][0]), NULL, "00"), cases[i][1]);
    assert_string_equal(encoded(lua("function decode() end"), NULL, "S", "M", NULL),
                        "the source defines no encode()");
    assert_string_equal(encoded(lua("function encode() end"), NULL, "S", "M", NULL),
                        "encode() must return a string of bytes");
    assert_string_equal(encoded(lua("function encode() return 7 end"), NULL, "S", "M", NULL),
                        "encode() must return a string of bytes");
    assert_string_equal(
        encoded(lua("function encode() return ('x'):rep(3000) end"), NULL, "S", "M", NULL),
        "the command has 3000 bytes, which is too long");
    assert_string_equal(decoded("{'kind':'lua'}", NULL, ""),
                        "\"source\" must be a text of at most 65536 bytes");
    assert_string_equal(decoded("{'kind':'lua','source':'','x':1}", NULL, ""),
                        "has no member \"x\"");
}

static void parameters_are_nested_so_deep_and_no_deeper(void **state)
{
    (void)state;
    static const char source[] = "function encode(s, m, p) return 'a' end";
    assert_string_equal(encoded(lua(source), NULL, "S", "M", "{'a':[[[[[[[]]]]]]]}"), "61");
    assert_string_equal(encoded(lua(source), NULL, "S", "M", "{'a':[[[[[[[[]]]]]]]]}"),
                        "the parameters are nested too deep");
}

/* Every call begins anew: nothing that one has set is there for the next. */
static void nothing_is_kept_between_calls(void **state)
{
    (void)state;
    static const char source[] = "local n = 0\n"
                                 "function decode() n = n + 1 g = (g or 0) + 1\n"
                                 "string.len = nil\n"
                                 "return {service = 'S', properties = {n = n, g = g}} end";
    char problem[CODEC_PROBLEM_BYTES];
    json_t *definition = json_pack("{ssss}", "kind", "lua", "source", source);
    struct codec *codec = codec_create(definition, NULL, problem);
    for (size_t i = 0; i < 3; i++)
        expect_document(codec_decode(codec, (bc_view){NULL, 0}, problem),
                        "{'services':[{'service':'S','properties':{'n':1,'g':1}}]}");
    codec_destroy(codec);
    json_decref(definition);
}

/* The examples that docs/CODECS.md shows: the profile fits, and both codecs agree. */
static char *read_example(const char *name)
{
    char path[500];
    snprintf(path, sizeof(path), BC_EXAMPLES "/%s", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char *text = calloc(1, 8192);
    assert_true(fread(text, 1, 8191, file) > 0);
    fclose(file);
    return text;
}

static void the_examples_agree(void **state)
{
    (void)state;
    char *source = read_example("water.lua");
    char *fields = read_example("water-fields.json");
    char *profile = read_example("water-profile.json");
    static const char *const cases[][2] = {
        {"010000ABCDFF9C", "[{\"properties\":{\"flow\":-1.0,\"level\":43981},"
                           "\"service\":\"Water\"}]"},
        {"026869", "[{\"properties\":{\"text\":\"hi\"},\"service\":\"Alarm\"}]"},
    };
    assert_string_equal(decoded(fields, profile, cases[0][0]), cases[0][1]);
    assert_string_equal(decoded(fields, profile, cases[1][0]), cases[1][1]);
    assert_string_equal(decoded(lua(source), profile, cases[1][0]), cases[1][1]);
    assert_string_equal(decoded(lua(source), profile, "010000ABCDFF9C01"),
                        "[{\"properties\":{\"flow\":-1.0,\"level\":43981,\"valve\":\"open\"},"
                        "\"service\":\"Water\"}]");
    assert_string_equal(decoded(lua(source), profile, "03"), "no message begins with 3");
    static const char password[] = "{'newPassword':'abc'}";
    assert_string_equal(encoded(fields, profile, "Water", "CHANGE_PWD", password),
                        "8261626300000000000000");
    assert_string_equal(encoded(lua(source), profile, "Water", "CHANGE_PWD", password),
                        "8261626300000000000000");
    assert_string_equal(encoded(lua(source), profile, "Water", "SET_VALVE", "{'valve':'open'}"),
                        "8101");
    assert_string_equal(encoded(lua(source), profile, "Water", "SET_VALVE", "{'valve':'ajar'}"),
                        "parameter \"valve\": is not in the list of its values");
    free(source);
    free(fields);
    free(profile);
}

/* --- Patterns, which are ours ---------------------------------------------------------------- */

/* As the reference manual has them (6.4.1); the answers are those of the library's own matcher. */
static void patterns_match_as_those_of_the_library(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"return ('T=23.5;H=40'):match('H=(%d+)')", "\"40\""},
        {"return ('T=-23.5'):match('^T=(-?%d+%.?%d*)$')", "\"-23.5\""},
        {"return ('abc'):find('b')", "2"},
        {"local a, b = ('abcabc'):find('c', 4) return a .. b", "\"66\""},
        {"return ('abc'):find('b', 10) == nil", "true"},
        {"return ('abc'):find('', 4)", "4"},
        {"return ('abc'):find('', 5) == nil", "true"},
        {"return ('abc'):find('c', -1)", "3"},
        {"return ('abc'):find('a', -10)", "1"},
        {"return ('a.c'):find('.', 2, true)", "2"},
        {"return ('aXb'):find('%u')", "2"},
        {"return ('a]b'):find('[]]')", "2"},
        {"return ('a^b'):find('[%^]')", "2"},
        {"return ('x-y'):match('[a-]')  == nil and ('x-y'):match('[a-]', 2) or 'm'", "\"m\""},
        {"return ('b-c'):match('[^a-b]+')", "\"-c\""},
        {"return ('aaab'):match('a-b')", "\"aaab\""},
        {"return ('<a><b>'):match('<(.-)>')", "\"a\""},
        {"return ('<a><b>'):match('<(.*)>')", "\"a><b\""},
        {"return ('colour'):match('colou?r')", "\"colour\""},
        {"return ('color'):match('colou?r')", "\"color\""},
        {"return ('f(a(b)c)d'):match('%b()')", "\"(a(b)c)\""},
        {"return ('THE (quick) fox'):find('%f[%a]%a+%f[%A]', 5)", "6"},
        {"return ('say \"hi\" x'):match('([\"\\'])(.-)%1')", "\"\\\"\""},
        {"local a, b = ('key = v'):match('^(%w+)%s*=%s*(%w+)$') return a .. b", "\"keyv\""},
        {"local _, p = ('abc'):match('(a)()') return p", "2"},
        {"return ('aa'):match('()%1') == nil", "true"},
        {"return ('a$'):match('a$$')", "\"a$\""},
        {"return ('a\\0b'):find('%z') + ('a\\0b'):find('\\0')", "4"},
        {"local t = {} for k, v in ('a=1,b=2'):gmatch('(%w)=(%w)') do t[k] = v end return t",
         "{\"a\":\"1\",\"b\":\"2\"}"},
        {"local n = 0 for _ in ('abc'):gmatch('') do n = n + 1 end return n", "4"},
        {"local n = 0 for w in ('ab cd'):gmatch('%a*') do n = n + #w + 10 end return n", "24"},
        {"return (('hello'):gsub('l', 'L'))", "\"heLLo\""},
        {"return (('hello'):gsub('l', 'L', 1))", "\"heLlo\""},
        {"return (('hello'):gsub('(l)(l)', '%2-%1%%%0'))", "\"hel-l%llo\""},
        {"return (('abc'):gsub('%w', '%1%1'))", "\"aabbcc\""},
        {"return (('abc'):gsub('', '.'))", "\".a.b.c.\""},
        {"return (('abc'):gsub('b*', '.'))", "\".a.c.\""},
        {"return (('abc'):gsub('^a', 'x'))", "\"xbc\""},
        {"return (('a b'):gsub('%w', {a = 'x', b = false}))", "\"x b\""},
        {"return (('a b'):gsub('%w', function(c) return c .. c end))", "\"aa bb\""},
        {"return select(2, ('a b'):gsub('%w', ''))", "2"},
        {"return (('x'):gsub('x', 1))", "\"1\""},
        {"return ('x'):gsub('x', '%2')", "line 1: invalid use of '%' in the replacement"},
        {"return ('x'):gsub('x', function() return {} end)",
         "line 1: invalid replacement value (a table)"},
        {"return ('x'):gsub('x')",
         "line 1: bad argument #2 to 'gsub' (string/function/table expected, got no value)"},
        {"return ('x'):find('[a')", "line 1: malformed pattern (missing ']')"},
        {"return ('x'):find('[%')", "line 1: malformed pattern (missing ']')"},
        {"return ('x'):find('[]')", "line 1: malformed pattern (missing ']')"},
        {"return ('x'):find('[^]')", "line 1: malformed pattern (missing ']')"},
        {"return ('x'):find('%')", "line 1: malformed pattern (ends with '%')"},
        {"return ('x'):find('(x')", "line 1: unfinished capture"},
        {"return ('x'):match('x)')", "line 1: invalid pattern capture"},
        {"return ('x)'):find('x)')", "1"},
        {"return ('x'):find('%1')", "line 1: invalid capture index in the pattern"},
        {"return ('x'):find('(%1)')", "line 1: invalid capture index in the pattern"},
        {"return ('x'):find('%0')", "line 1: invalid capture index in the pattern"},
        {"return ('x'):find('%bx')", "line 1: malformed pattern (missing arguments to '%b')"},
        {"return ('x'):find('%fx')", "line 1: missing '[' after '%f' in the pattern"},
        {"return ('x'):find(('()'):rep(33))", "line 1: too many captures"},
        {"return ('x'):rep(300):find(('x?'):rep(300))", "line 1: pattern too complex"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(value_of(cases[i][0], "00"), cases[i][1]);
}

/* --- What they cannot ------------------------------------------------------------------------ */

static void only_what_computes_is_offered(void **state)
{
    (void)state;
    static const char *const missing[] = {
        "os",
        "io",
        "require",
        "package",
        "debug",
        "coroutine",
        "load",
        "loadfile",
        "dofile",
        "loadstring",
        "print",
        "warn",
        "collectgarbage",
        "_G",
        "setmetatable",
        "getmetatable",
        "rawset",
        "rawget",
        "xpcall",
        "string.dump",
        "math.random",
        "math.randomseed",
        "('').dump",
        "_VERSION",
        "arg",
    };
    for (size_t i = 0; i < sizeof(missing) / sizeof(missing[0]); i++) {
        char body[100];
        snprintf(body, sizeof(body), "return %s == nil", missing[i]);
        assert_string_equal(value_of(body, "00"), "true");
    }
    assert_string_equal(value_of("local n = 0 for k in pairs(_ENV) do n = n + 1 end return n", ""),
                        "15");
    assert_string_equal(value_of("return '10' + 1", ""),
                        "line 1: attempt to perform arithmetic on a string value (constant '10')");
}

static void what_one_source_changes_is_its_own(void **state)
{
    (void)state;
    static const char spoil[] = "function decode() string.rep = nil table.concat = 1 math.pi = 3\n"
                                "pairs = nil return nil end";
    assert_string_equal(decoded(lua(spoil), NULL, ""), "[]");
    assert_string_equal(value_of("return ('a'):rep(2) .. table.concat({'b'})", ""), "\"aab\"");
}

/* --- Limits ---------------------------------------------------------------------------------- */

static double cpu_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Each of these runs for ever, or for hours, or takes all memory, where nothing stops it. Some end
 * by themselves with an error or even a value: what counts is that they end. */
static const char *const endless[] = {
    "while true do end",
    "::a:: goto a",
    "repeat until false",
    "for i = 1, math.huge do end",
    "local function f() return f() end f()",
    "local function f() f() end f()",
    "local function f() return 1 + f() end f()",
    "while true do pcall(function() while true do end end) end",
    "local function f() while true do pcall(f) end end f()",
    "while true do pcall(error) end",
    "while true do pcall(string.rep, 'x', 1e9) end",
    "while true do pcall(string.find, ('a'):rep(100), ('a*'):rep(50) .. 'b') end",
    "return pcall(function() while true do end end)",
    "return pcall(pcall, pcall, function() while true do end end)",
    "local f for i = 1, 150 do local g = f f = function() pcall(g or f) f() end end f()",
    "local t = {} while true do t[#t + 1] = {} end",
    "local t = {} while true do t[#t + 1] = {} pcall(function() t = {t} end) end",
    "local s = 'x' while true do s = s .. s end",
    "local s = 'x' while true do pcall(function() s = s .. s end) end",
    "local s, t = ('x'):rep(60000), {} while true do pcall(function() t[s .. #t] = 1 end) end",
    "string.rep('x', 1e9)",
    "string.rep('', 1e18)",
    "string.rep('', math.maxinteger, '')",
    "string.rep('x', -1) string.rep('xx', 1 << 62)",
    "('a'):rep(30):find(('a*'):rep(30) .. 'b')",
    "('a'):rep(60000):find('.-.-.-.-b')",
    "('a'):rep(60000):match(('(.-)'):rep(20) .. 'b')",
    "for _ in ('a'):rep(60000):gmatch('.-.-.-b') do end",
    "('a'):rep(60000):gsub('.-.-.-b', '')",
    "('a'):rep(60000):gsub('', function() while true do end end)",
    "('('):rep(60000):find('%b()')",
    "while true do ('('):rep(60000):gsub('%b()', '') end",
    "local s, p = ('a'):rep(60000), ('a'):rep(30000) .. 'b' while true do s:find(p, 1, true) end",
    "('x'):find(('('):rep(60000))",
    "('x'):find('[' .. ('a'):rep(60000))",
    "('x'):rep(60000):find('[' .. ('a'):rep(60000) .. ']')",
    "string.format('%99999999s', 'x')",
    "string.format('%5000d', 1)",
    "string.format(('%99s'):rep(10000), 'x')",
    "string.pack('c2147483647', '')",
    "string.pack('!16' .. ('i16'):rep(10000), 1)",
    "local f = (' '):rep(60000) while true do string.unpack(f, '') end",
    "string.unpack(('b'):rep(60000), ('x'):rep(60000))",
    "local s = ('x'):rep(60000) while true do s:byte(1, -1) end",
    "table.move({}, 1, math.maxinteger - 1, 2)",
    "table.move({}, 1, 1 << 40, 2)",
    "table.unpack({}, 1, 1e7)",
    "table.unpack({}, 1, 1e8)",
    "table.concat({}, 'x', 1, 1 << 60)",
    "local t, s = {}, ('x'):rep(60000) for i = 1, 4000 do t[i] = s end table.concat(t)",
    "local t = {} for i = 1, 4096 do t[i] = ('x'):rep(9) .. i end while true do table.sort(t) end",
    "local t = {} for i = 1, 9999 do t[i] = i end table.sort(t)",
    "table.sort({3, 2, 1, 5, 4}, function() return true end)",
    "table.sort({3, 2, 1}, function() while true do end end)",
    "local t = {} for i = 1, 2000 do t[i] = ('x'):rep(99) end while true do table.sort(t) end",
    "local t = {} for i = 1, 30000 do t[i] = i end while true do table.insert(t, 1, 0) end",
    "local t = {} for i = 1, 9e4 do t[i] = i t[i - 3e4] = nil end while true do next(t) end",
    "local a = ('x'):rep(60000) local b = a .. 'b' while true do local c = a < b end",
    "local a = ('9'):rep(60000) while true do tonumber(a) end",
    "local a = '0x' .. ('0'):rep(60000) while true do local b = a | 0 end",
    "local a = ('9'):rep(60000) while true do math.floor(a) end",
    "local s = ('\\xe6\\xb0\\xb4'):rep(20000) while true do utf8.len(s) end",
    "local s = ('\\xe6\\xb0\\xb4'):rep(20000) while true do utf8.codepoint(s, 1, -1) end",
    "local t = {} for i = 1, 200 do t[i] = i end while true do select('#', table.unpack(t)) end",
    "local function f(...) return f(1, ...) end f()",
    "string.len = nil while true do local x = ('x').len end",
    "local t <close> = nil while true do end",
    "for i = 1, 1e6 do local f = function() return i end end while true do end",
};

static void nothing_that_a_source_does_holds_us_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
        double began = cpu_ms();
        (void)value_of(endless[i], "00");
        double took = cpu_ms() - began;
        if (took > CPU_MS_MAX)
            fail_msg("%s: %.0f ms", endless[i], took);
    }
}

static void what_holds_up_is_told(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"while true do end", "line 1: runs too long"},
        {"return pcall(function() while true do end end)", "line 1: runs too long"},
        {"('a'):rep(30):find(('a*'):rep(30) .. 'b')", "runs too long"},
        {"local t = {} while true do t[#t + 1] = {} end", "takes more than 1024 KiB of memory"},
        {"local t = {} while true do pcall(function() t = {t, t, t} end) end",
         "takes more than 1024 KiB of memory"},
        {"while true do pcall(string.rep, 'x', 65535) end", "line 1: runs too long"},
        {"return ('x'):rep(65537)", "line 1: resulting string too large"},
        {"local t = {} for i = 1, 5000 do t[i] = i end table.sort(t)",
         "line 1: too many values to sort"},
        {"return #('x'):rep(32768) + #('x'):rep(32767)", "65535"},
        {"local n = 0 for i = 1, 100000 do n = n + 1 end return n", "100000"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(value_of(cases[i][0], "00"), cases[i][1]);
    /* Also when nothing runs after it that could raise the error again. */
    static const char last[] =
        "function decode() return pcall(function() while true do end end) end";
    assert_string_equal(decoded(lua(last), NULL, ""), "line 1: runs too long");
    /* Already when it is put in place. */
    assert_string_equal(decoded(lua("x = 1\nwhile true do end"), NULL, ""),
                        "line 2: runs too long");
}

/* Whatever a source is, it is compiled or refused. */
static void nothing_in_a_source_harms_the_compiler(void **state)
{
    (void)state;
    static const struct {
        const char *before;
        const char *part;
        size_t count;
        const char *after;
    } cases[] = {
        {"x = ", "(", 30000, ""},
        {"x = ", "{", 30000, ""},
        {"x = ", "-", 30000, "1"},
        {"x = ", "not ", 15000, "1"},
        {"x = 1", "..1", 20000, ""},
        {"x = 1", "^1", 20000, ""},
        {"", "do ", 20000, ""},
        {"", "if x then ", 6000, ""},
        {"", "function f() ", 4000, ""},
        {"", "local a ", 5000, ""},
        {"x = {", "1,", 30000, "}"},
        {"x = f", "()", 30000, ""},
        {"x = f", "[1]", 20000, ""},
        {"", "::a:: ", 10000, ""},
        {"", "goto a ", 9000, ""},
        {"x = '", "\\0", 30000, "'"},
        {"x = [", "=", 60000, "["},
        {"--[[", "x", 60000, ""},
        {"x = 0x", "f", 60000, ""},
        {"x = 1e", "9", 60000, ""},
        {"return f", "(1)", 20000, ""},
        {"f", "{1}", 20000, ""},
        {"local x <const> = 1 x = ", "x+", 20000, "1"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t part = strlen(cases[i].part);
        char *source = malloc(part * cases[i].count + 100);
        size_t len = (size_t)sprintf(source, "%s", cases[i].before);
        for (size_t k = 0; k < cases[i].count; k++, len += part)
            memcpy(source + len, cases[i].part, part);
        memcpy(source + len, cases[i].after, strlen(cases[i].after) + 1);
        double began = cpu_ms();
        (void)decoded(lua(source), NULL, "00");
        assert_true(cpu_ms() - began < CPU_MS_MAX);
        free(source);
    }
    static char long_source[CODEC_SOURCE_BYTES_MAX + 2];
    memset(long_source, ' ', sizeof(long_source) - 1);
    assert_string_equal(decoded(lua(long_source), NULL, ""),
                        "\"source\" must be a text of at most 65536 bytes");
}

static void a_payload_has_a_longest_length(void **state)
{
    (void)state;
    char problem[CODEC_PROBLEM_BYTES];
    static uint8_t bytes[CODEC_PAYLOAD_BYTES_MAX + 1];
    json_t *definition = json_pack("{ssss}", "kind", "lua", "source",
                                   "function decode(p) local n = 0 for i = 1, #p do\n"
                                   "n = n + p:byte(i) end\n"
                                   "return {service = 'S', properties = {n = #p + n}} end");
    struct codec *codec = codec_create(definition, NULL, problem);
    expect_document(codec_decode(codec, (bc_view){bytes, CODEC_PAYLOAD_BYTES_MAX}, problem),
                    "{'services':[{'service':'S','properties':{'n':16384}}]}");
    assert_null(codec_decode(codec, (bc_view){bytes, sizeof(bytes)}, problem));
    assert_string_equal(problem, "the payload has more than 16384 bytes");
    codec_destroy(codec);
    json_decref(definition);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_source_decodes_and_encodes),
        cmocka_unit_test(a_source_returns_one_service_or_several_or_none),
        cmocka_unit_test(problems_of_a_source_name_the_line),
        cmocka_unit_test(parameters_are_nested_so_deep_and_no_deeper),
        cmocka_unit_test(nothing_is_kept_between_calls),
        cmocka_unit_test(the_examples_agree),
        cmocka_unit_test(patterns_match_as_those_of_the_library),
        cmocka_unit_test(only_what_computes_is_offered),
        cmocka_unit_test(what_one_source_changes_is_its_own),
        cmocka_unit_test(nothing_that_a_source_does_holds_us_up),
        cmocka_unit_test(what_holds_up_is_told),
        cmocka_unit_test(nothing_in_a_source_harms_the_compiler),
        cmocka_unit_test(a_payload_has_a_longest_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
