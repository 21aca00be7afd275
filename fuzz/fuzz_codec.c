/*
 * What the platform makes of the bytes of devices, and of the documents of its users: codecs of
 * fields and of Lua, thing models, Andlink's records, Lua's patterns. What was decoded can be
 * encoded and decoded as the same; whatever is refused is told in a line of UTF-8; our patterns are
 * held against those of the library. The first byte chooses.
 */
#include <assert.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#include "andlink.h"
#include "base/sink.h"
#include "codec.h"
#include "input.h"
#include "model.h"
#include "objects.h"
#include "pattern.h"
#include "profile.h"

#define BYTES_MAX 8192

static const char fields_text[] =
    "{\"kind\":\"fields\",\"messages\":["
    "{\"service\":\"A\",\"id\":{\"byte\":1},\"fields\":[{\"name\":\"a\",\"type\":\"uint8\"},"
    "{\"name\":\"b\",\"type\":\"int16\",\"endian\":\"little\"},"
    "{\"name\":\"c\",\"type\":\"uint32\"},{\"name\":\"d\",\"type\":\"int64\"},"
    "{\"name\":\"e\",\"type\":\"float32\"},{\"name\":\"f\",\"type\":\"float64\"},"
    "{\"name\":\"g\",\"type\":\"bool\"},{\"name\":\"h\",\"type\":\"string\",\"bytes\":3},"
    "{\"name\":\"i\",\"type\":\"hex\"}]},"
    "{\"service\":\"B\",\"fields\":[{\"name\":\"x\",\"type\":\"int16\",\"scale\":0.1},"
    "{\"name\":\"y\",\"type\":\"string\"}]}]}";

static const char model_text[] =
    "{\"properties\":[{\"identifier\":\"b\",\"type\":\"bool\",\"access\":\"rw\"},"
    "{\"identifier\":\"i\",\"type\":\"int32\",\"min\":-5,\"access\":\"rw\"},"
    "{\"identifier\":\"f\",\"type\":\"float\",\"max\":100,\"access\":\"rw\"},"
    "{\"identifier\":\"d\",\"type\":\"double\",\"access\":\"rw\"},"
    "{\"identifier\":\"t\",\"type\":\"text\",\"max_length\":9,\"access\":\"rw\"},"
    "{\"identifier\":\"e\",\"type\":\"enum\",\"values\":[{\"value\":1}],\"access\":\"rw\"}]}";
static const char mapping_text[] =
    "{\"items\":[{\"object\":3,\"instance\":0,\"resource\":0,\"identifier\":\"b\"},"
    "{\"object\":3,\"instance\":0,\"resource\":1,\"identifier\":\"i\"},"
    "{\"object\":3,\"instance\":0,\"resource\":2,\"identifier\":\"f\"},"
    "{\"object\":3,\"instance\":0,\"resource\":300,\"identifier\":\"d\"},"
    "{\"object\":3,\"instance\":1,\"resource\":4,\"identifier\":\"t\"},"
    "{\"object\":3,\"instance\":1,\"resource\":5,\"identifier\":\"e\"}]}";

static char problem[CODEC_PROBLEM_BYTES];

/* A problem is there, and can be told as JSON. */
static void check_problem(void)
{
    assert(problem[0] != '\0' && memchr(problem, '\0', sizeof(problem)) != NULL);
    json_t *text = json_string(problem);
    assert(text != NULL);
    json_decref(text);
    problem[0] = '\0';
}

/* Equal values: reals may have been rounded to a float and back. */
static bool same(json_t *a, json_t *b)
{
    char *text_a = json_dumps(a, JSON_SORT_KEYS | JSON_REAL_PRECISION(6));
    char *text_b = json_dumps(b, JSON_SORT_KEYS | JSON_REAL_PRECISION(6));
    bool equal = strcmp(text_a, text_b) == 0;
    free(text_a);
    free(text_b);
    return equal;
}

/* --- Fields ---------------------------------------------------------------------------------- */

/* Both messages are also commands, "A.M" and "B.M". */
static struct codec *both_ways(void)
{
    json_t *definition = json_loads(fields_text, 0, NULL);
    json_t *commands = json_deep_copy(json_object_get(definition, "messages"));
    for (size_t i = 0; i < json_array_size(commands); i++)
        json_object_set_new(json_array_get(commands, i), "method", json_string("M"));
    json_object_set_new(definition, "commands", commands);
    struct codec *codec = codec_create(definition, NULL, problem);
    assert(codec != NULL);
    json_decref(definition);
    return codec;
}

static void check_fields(bc_view in)
{
    struct codec *codec = both_ways();
    json_t *decoded = codec_decode(codec, in, problem);
    if (decoded == NULL) {
        check_problem();
        codec_destroy(codec);
        return;
    }
    uint8_t bytes[BYTES_MAX];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    json_t *row = json_array_get(json_object_get(decoded, "services"), 0);
    const char *service = json_string_value(json_object_get(row, "service"));
    bool good =
        codec_encode(codec, service, "M", json_object_get(row, "properties"), &out, problem);
    assert(good && out.len <= in.len);
    json_t *again = codec_decode(codec, bc_sink_view(&out), problem);
    assert(again != NULL && same(again, decoded));
    json_decref(again);
    json_decref(decoded);
    codec_destroy(codec);
}

/* --- Documents of users ---------------------------------------------------------------------- */

static void use(struct codec *codec, bc_view payload)
{
    uint8_t bytes[64];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    json_t *params = json_pack("{sisssb}", "a", 7, "b", "x", "c", 1);
    json_t *decoded = codec_decode(codec, payload, problem);
    if (decoded == NULL)
        check_problem();
    json_decref(decoded);
    if (!codec_encode(codec, "A", "M", params, &out, problem)) {
        assert(out.len == 0 && !out.full);
        check_problem();
    }
    json_decref(params);
}

/* A definition, a profile, a model or a mapping, and a payload behind it. */
static void check_documents(bc_view in)
{
    bc_view text = fuzz_take(&in, fuzz_take_u16(&in) & 4095U);
    const char *start = text.len > 0 ? (const char *)text.ptr : "";
    json_t *document = json_loadb(start, text.len, 0, NULL);
    struct codec *codec = codec_create(document, NULL, problem);
    if (codec != NULL)
        use(codec, in);
    else
        check_problem();
    codec_destroy(codec);
    if (!profile_check(document, problem))
        check_problem();
    if (!model_check(document, problem))
        check_problem();
    else if (!mapping_check(document, json_object_get(document, "mapping"), problem))
        check_problem();
    json_decref(document);
}

static void check_lua(bc_view in)
{
    bc_view source = fuzz_take(&in, fuzz_take_u16(&in) & 4095U);
    json_t *text = json_stringn(source.len > 0 ? (const char *)source.ptr : "", source.len);
    if (text == NULL)
        return;
    json_t *definition = json_pack("{ssso}", "kind", "lua", "source", text);
    struct codec *codec = codec_create(definition, NULL, problem);
    if (codec != NULL)
        use(codec, in);
    else
        check_problem();
    codec_destroy(codec);
    json_decref(definition);
}

/* --- Models ---------------------------------------------------------------------------------- */

static void check_written(const json_t *model, const json_t *mapping, const char *identifier,
                          json_t *value)
{
    uint8_t bytes[64];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_server_path path;
    int32_t format;
    bool good = model_encode(model, mapping, identifier, value, &path, &format, &out, problem);
    assert(good);
    json_t *again = model_decode(model, mapping, &path, format, bc_sink_view(&out), problem);
    assert(again != NULL && json_object_size(again) == 1);
    json_t *read = json_object_get(again, identifier);
    double before = json_number_value(value);
    if (strcmp(identifier, "f") == 0) /* has 32 bits on the wire */
        before = (double)(float)before;
    assert(json_is_number(value) ? json_number_value(read) == before : json_equal(read, value));
    json_decref(again);
}

static void check_model(bc_view in)
{
    static const int32_t formats[] = {11542, 11543, 0, 42, -1, 60};
    json_t *model = json_loads(model_text, 0, NULL);
    json_t *mapping = json_loads(mapping_text, 0, NULL);
    assert(mapping_check(model, mapping, problem) && model_check(model, problem));
    int32_t format = formats[fuzz_take_byte(&in) % 6];
    struct bc_server_path path = {.count = (uint8_t)(fuzz_take_byte(&in) % 5)};
    path.ids[0] = 3;
    path.ids[1] = fuzz_take_byte(&in) & 1;
    path.ids[2] = fuzz_take_u16(&in) & 511;
    json_t *values = model_decode(model, mapping, &path, format, in, problem);
    const char *identifier;
    json_t *value;
    if (values == NULL)
        check_problem();
    json_object_foreach(values, identifier, value)
    {
        check_written(model, mapping, identifier, value);
    }
    json_decref(values);
    json_decref(objects_decode(&path, format, in));
    json_decref(model);
    json_decref(mapping);
}

static void check_andlink(bc_view in)
{
    json_t *values = andlink_decode(in, problem);
    if (values == NULL)
        check_problem();
    else
        assert(json_object_size(values) <= ANDLINK_RECORDS_MAX);
    json_decref(values);
}

/* --- Patterns -------------------------------------------------------------------------------- */

static bool search(struct pattern *p, size_t *start, size_t *end)
{
    for (*start = 0; *start <= p->subject.len; (*start)++) {
        bool found = pattern_match(p, *start, end);
        if (found || p->problem != NULL)
            return found;
    }
    return false;
}

static void check_capture(lua_State *lua, int index, const struct pattern *p, size_t i)
{
    const struct pattern_capture *capture = &p->capture[i];
    if (capture->position) {
        assert(lua_tointeger(lua, index) == (lua_Integer)capture->start + 1);
        return;
    }
    size_t len;
    const char *text = lua_tolstring(lua, index, &len);
    assert(len == capture->len && memcmp(text, p->subject.ptr + capture->start, len) == 0);
}

/* string.match of the library, on so few characters that it ends. */
static void check_pattern(bc_view in)
{
    bc_view text = fuzz_take(&in, fuzz_take_byte(&in) % 12);
    bc_view subject = fuzz_take(&in, 14);
    int64_t steps = INT64_MAX / 2;
    struct pattern ours = {.subject = subject, .text = text, .steps = &steps};
    if (text.len == 0 || text.ptr[0] == '^')
        return;
    lua_State *lua = luaL_newstate();
    luaL_requiref(lua, "string", luaopen_string, 0);
    lua_getfield(lua, -1, "match");
    lua_pushlstring(lua, subject.len > 0 ? (const char *)subject.ptr : "", subject.len);
    lua_pushlstring(lua, (const char *)text.ptr, text.len);
    bool theirs = lua_pcall(lua, 2, LUA_MULTRET, 0) == LUA_OK;
    size_t start;
    size_t end;
    bool found = search(&ours, &start, &end);
    assert(theirs == (ours.problem == NULL));
    assert(!theirs || found == !lua_isnil(lua, 2));
    if (found && ours.captures == 0) /* the whole match */
        ours.capture[ours.captures++] = (struct pattern_capture){start, end - start, false, false};
    assert(!found || lua_gettop(lua) == 1 + (int)ours.captures);
    for (size_t i = 0; found && i < ours.captures; i++)
        check_capture(lua, 2 + (int)i, &ours, i);
    lua_close(lua);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const checks[])(bc_view in) = {check_fields, check_documents, check_lua,
                                                 check_model,  check_andlink,   check_pattern};
    bc_view in = {data, size < BYTES_MAX ? size : BYTES_MAX};
    uint8_t kind = fuzz_take_byte(&in);
    bc_view copy = fuzz_copy(in);
    checks[kind % (sizeof(checks) / sizeof(checks[0]))](copy);
    fuzz_free(copy);
    return 0;
}
