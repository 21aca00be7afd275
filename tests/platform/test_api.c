/*
 * The frame of the REST interface (platform/service/api.h): rows of a test's own, asked as a client
 * would. Nothing here is HTTP.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "api.h"
#include "base/sink.h"

/* Rows -----------------------------------------------------------------------------------------*/

static const char *const colours[] = {"red", "green", NULL};

static const struct api_field part_fields[] = {
    {.name = "name", .type = API_STRING, .required = true, .min = 1, .max = 8},
    {.name = "weight", .type = API_NUMBER, .min = 0, .max = 5},
};
static const struct api_shape part = API_SHAPE("Part", part_fields);

static const struct api_field thing_fields[] = {
    {.name = "name", .type = API_STRING, .required = true, .min = 1, .max = 8, .about = "Its."},
    {.name = "colour", .type = API_STRING, .words = colours, .nullable = true},
    {.name = "count", .type = API_INTEGER, .min = -2, .max = 10},
    {.name = "big", .type = API_INTEGER, .min = 0, .max = INT64_MAX},
    {.name = "on", .type = API_BOOLEAN},
    {.name = "main", .type = API_OBJECT, .shape = &part, .nullable = true},
    {.name = "parts", .type = API_OBJECT, .shape = &part, .repeated = true, .max = 2},
    {.name = "tags", .type = API_STRING, .repeated = true},
    {.name = "list", .type = API_ARRAY},
    {.name = "any", .type = API_ANY},
};
static const struct api_shape thing = API_SHAPE("Thing", thing_fields);

static const struct api_field query_fields[] = {
    API_WINDOW_FIELDS,
    {.name = "on", .type = API_BOOLEAN},
    {.name = "scale", .type = API_NUMBER},
    {.name = "search", .type = API_STRING, .max = 8},
};
static const struct api_shape query = API_SHAPE("ThingsQuery", query_fields);

static struct {
    char segments[API_SEGMENTS_MAX][64];
    size_t lens[API_SEGMENTS_MAX];
    struct api_window window;
    char *query;
    size_t raw_bytes;
    int calls;
} seen;

static void note(struct api_call *call, struct api_answer *answer)
{
    seen.calls++;
    for (size_t i = 0; i < API_SEGMENTS_MAX; i++) {
        bc_view segment = call->segments[i];
        seen.lens[i] = segment.len;
        if (segment.len > 0)
            memcpy(seen.segments[i], segment.ptr, segment.len);
    }
    seen.window = api_window(call);
    free(seen.query);
    seen.query = json_dumps(call->query, JSON_SORT_KEYS);
    seen.raw_bytes = call->raw.len;
    answer->body = json_incref(call->body);
}

static void list(struct api_call *call, struct api_answer *answer)
{
    note(call, answer);
    api_page(answer, json_pack("[{s:s}]", "name", "a"), 7);
}

static void refuse(struct api_call *call, struct api_answer *answer)
{
    note(call, answer);
    answer->body = json_object();
    answer->command = 3;
    api_problem(answer, 409, "thing_exists", "name", "there is a thing of the name '%s'", "a");
}

static const struct api_route routes[] = {
    {"GET", "/things", API_VIEWER, .query = &query, .out = &thing, .lists = true, .handle = list,
     .about = "All."},
    {"POST", "/things", API_OPERATOR, .in = &thing, .out = &thing, .status = 201, .changes = true,
     .handle = note, .about = "Another."},
    {"DELETE", "/things/{thing}", API_ADMIN, .status = 204, .changes = true, .handle = note},
    {"POST", "/things/{thing}/parts/{part}", API_OPERATOR, .handle = refuse},
    {"POST", "/things/{thing}/orders", API_OPERATOR, .in = &thing, .out = &thing, .status = 202,
     .handle = note},
    {"PUT", "/things/{thing}/picture", API_ADMIN, .takes_raw = true, .handle = note},
    {"GET", "/stream", API_NOBODY, .streams = true, .handle = note},
};
static const struct api_table table = API_TABLE(routes);
const struct api_table *const api_tables[] = {&table, NULL};

/* Asking ---------------------------------------------------------------------------------------*/

static struct api_answer answer;
static char allow[64];

struct ask {
    const char *method;
    const char *path;
    const char *query; /* JSON */
    const char *body;
    const char *media_type;
    enum api_role role;
};

static unsigned ask(const struct ask *what)
{
    json_t *parameters = what->query != NULL ? json_loads(what->query, 0, NULL) : json_object();
    struct api_request request = {
        .method = what->method,
        .path = bc_view_of(what->path),
        .query = parameters,
        .body = bc_view_of(what->body != NULL ? what->body : ""),
        .media_type = what->media_type,
        .role = what->role,
    };
    json_decref(answer.body);
    memset(&answer, 0, sizeof(answer));
    (void)api_handle(NULL, 1, 2, &request, &answer, allow);
    json_decref(parameters);
    return answer.status;
}

#define ASK(verb, at, as, ...) \
    ask(&(struct ask){.method = (verb), .path = (at), .role = (as), __VA_ARGS__})

static unsigned post(const char *body)
{
    return ASK("POST", "/things", API_OPERATOR, .body = body, .media_type = "application/json");
}

static unsigned list_with(const char *parameters)
{
    return ASK("GET", "/things", API_VIEWER, .query = parameters);
}

static int forget(void **state)
{
    (void)state;
    json_decref(answer.body);
    memset(&answer, 0, sizeof(answer));
    free(seen.query);
    memset(&seen, 0, sizeof(seen));
    return 0;
}

/* Paths and roles ------------------------------------------------------------------------------*/

static void api_gives_segments_percent_decoded(void **state)
{
    (void)state;
    assert_int_equal(ASK("DELETE", "/things/a%2Fb%00%fF", API_ADMIN), 204);
    assert_int_equal(seen.lens[0], 5);
    assert_memory_equal(seen.segments[0], "a/b\0\xff", 5);
    assert_int_equal(ASK("POST", "/things/x/parts/y%20", API_OPERATOR), 409);
    assert_memory_equal(seen.segments[0], "x", 1);
    assert_memory_equal(seen.segments[1], "y ", 2);
    assert_int_equal(seen.lens[1], 2);
}

static void api_refuses_escapes_that_are_none(void **state)
{
    static const char *const paths[] = {"/things/%", "/things/%4", "/things/%zz", "/things/a%4g"};
    (void)state;
    for (size_t i = 0; i < API_COUNT(paths); i++)
        assert_int_equal(ASK("DELETE", paths[i], API_ADMIN), 400);
    assert_int_equal(seen.calls, 0);
}

static void api_refuses_segments_longer_than_its_memory(void **state)
{
    char path[4096] = "/things/";
    (void)state;
    memset(path + 8, 'a', sizeof(path) - 9);
    assert_int_equal(ASK("DELETE", path, API_ADMIN), 400);
    assert_int_equal(seen.calls, 0);
}

static void api_knows_no_other_paths(void **state)
{
    static const char *const paths[] = {"",
                                        "/",
                                        "things",
                                        "/thing",
                                        "/things/",
                                        "/things//parts/x",
                                        "/things/x/parts",
                                        "//things",
                                        "/things/x/",
                                        "/Things"};
    (void)state;
    for (size_t i = 0; i < API_COUNT(paths); i++)
        assert_int_equal(ASK("GET", paths[i], API_ADMIN), 404);
    assert_string_equal(allow, "");
}

static void api_tells_the_methods_of_a_path(void **state)
{
    (void)state;
    assert_int_equal(ASK("PUT", "/things", API_ADMIN), 405);
    assert_string_equal(allow, "GET, HEAD, POST");
    assert_int_equal(ASK("GET", "/things/x", API_ADMIN), 405);
    assert_string_equal(allow, "DELETE");
}

static void api_wants_a_token_first_and_then_its_role(void **state)
{
    (void)state;
    assert_int_equal(ASK("DELETE", "/things/x", API_NOBODY), 401);
    assert_int_equal(ASK("DELETE", "/things/x", API_VIEWER), 403);
    assert_int_equal(ASK("DELETE", "/things/x", API_OPERATOR), 403);
    assert_non_null(strstr(answer.detail, "admin"));
    assert_int_equal(seen.calls, 0);
    assert_int_equal(ASK("DELETE", "/things/x", API_ADMIN), 204);
    assert_int_equal(ASK("GET", "/stream", API_NOBODY), 200);
    assert_int_equal(ASK("GET", "/things", API_ADMIN), 200);
}

static void api_finds_a_row_before_there_is_a_body(void **state)
{
    struct api_answer found = {.status = 0};
    (void)state;
    assert_ptr_equal(api_find("PUT", BC_TEXT("/things/x/picture"), API_ADMIN, &found, allow),
                     &routes[5]);
    assert_null(api_find("PUT", BC_TEXT("/things/x/picture"), API_VIEWER, &found, allow));
    assert_int_equal(found.status, 403);
}

/* Queries --------------------------------------------------------------------------------------*/

static void api_reads_a_query_as_its_fields_types(void **state)
{
    (void)state;
    assert_int_equal(list_with("{\"limit\":\"7\",\"on\":\"true\",\"scale\":\"2.5\","
                               "\"search\":\"7\",\"cursor\":\"9223372036854775807\"}"),
                     200);
    assert_string_equal(seen.query, "{\"cursor\": 9223372036854775807, \"limit\": 7, \"on\": true, "
                                    "\"scale\": 2.5, \"search\": \"7\"}");
    assert_int_equal(seen.window.limit, 7);
    assert_true(seen.window.cursor == INT64_MAX);
    assert_int_equal(list_with("{}"), 200);
    assert_int_equal(seen.window.limit, 50);
    assert_int_equal(seen.window.cursor, 0);
}

static void api_refuses_parameters_outside_their_fields(void **state)
{
    static const char *const queries[] = {
        "{\"limit\":\"0\"}",     "{\"limit\":\"1001\"}", "{\"limit\":\"\"}",
        "{\"limit\":\"1.0\"}",   "{\"limit\":\"1 \"}",   "{\"cursor\":\"-1\"}",
        "{\"on\":\"yes\"}",      "{\"scale\":\"nan\"}",  "{\"scale\":\"0x1\"}",
        "{\"scale\":\"1e999\"}", "{\"limits\":\"1\"}",   "{\"search\":\"123456789\"}",
    };
    (void)state;
    for (size_t i = 0; i < API_COUNT(queries); i++)
        assert_int_equal(list_with(queries[i]), 422);
    assert_int_equal(ASK("DELETE", "/things/x", API_ADMIN, .query = "{\"a\":\"b\"}"), 422);
    assert_string_equal(answer.detail, "there is no field a");
    assert_int_equal(seen.calls, 0);
}

/* Bodies ---------------------------------------------------------------------------------------*/

static void api_takes_what_its_shape_allows(void **state)
{
    static const char *const bodies[] = {
        "{\"name\":\"a\"}",
        "{\"name\":\"\xe4\xb8\xad\xe6\x96\x87\",\"colour\":\"red\",\"count\":-2}",
        "{\"name\":\"a\",\"colour\":null,\"count\":10,\"on\":false,\"main\":null}",
        "{\"name\":\"a\",\"main\":{\"name\":\"b\",\"weight\":5},\"parts\":[{\"name\":\"c\"}]}",
        "{\"name\":\"a\",\"parts\":[],\"tags\":[\"\",\"xxxxxxxxxxxxxxxx\"],\"list\":[1,\"2\"]}",
        "{\"name\":\"a\",\"any\":{\"x\":[null]},\"big\":9223372036854775807}",
    };
    (void)state;
    for (size_t i = 0; i < API_COUNT(bodies); i++) {
        assert_int_equal(post(bodies[i]), 201);
        assert_non_null(answer.body);
    }
}

static void refuses(const char *body, const char *place, const char *detail)
{
    assert_int_equal(post(body), 422);
    assert_string_equal(answer.place, place);
    assert_string_equal(answer.detail, detail);
    assert_null(answer.body);
}

static void api_names_what_its_shape_does_not_allow(void **state)
{
    (void)state;
    refuses("{}", "name", "name is missing");
    refuses("{\"name\":\"a\",\"nmae\":1}", "nmae", "there is no field nmae");
    refuses("{\"name\":null}", "name", "name must be a string");
    refuses("{\"name\":\"\"}", "name", "name must be from 1 to 8 bytes");
    refuses("{\"name\":\"123456789\"}", "name", "name must be from 1 to 8 bytes");
    refuses("{\"name\":\"a\",\"colour\":\"blue\"}", "colour", "colour must be one of red, green");
    refuses("{\"name\":\"a\",\"count\":11}", "count", "count must be from -2 to 10");
    refuses("{\"name\":\"a\",\"count\":-3}", "count", "count must be from -2 to 10");
    refuses("{\"name\":\"a\",\"count\":1.5}", "count", "count must be a whole number");
    refuses("{\"name\":\"a\",\"count\":\"1\"}", "count", "count must be a whole number");
    refuses("{\"name\":\"a\",\"big\":-1}", "big", "big must be at least 0");
    refuses("{\"name\":\"a\",\"on\":1}", "on", "on must be true or false");
    refuses("{\"name\":\"a\",\"main\":[]}", "main", "main must be an object");
    refuses("{\"name\":\"a\",\"main\":{}}", "main.name", "main.name is missing");
    refuses("{\"name\":\"a\",\"main\":{\"name\":\"b\",\"weight\":5.5}}", "main.weight",
            "main.weight must be from 0 to 5");
    refuses("{\"name\":\"a\",\"parts\":{}}", "parts", "parts must be an array");
    refuses("{\"name\":\"a\",\"parts\":[1]}", "parts[0]", "parts[0] must be an object");
    refuses("{\"name\":\"a\",\"parts\":[{\"name\":\"b\"},{\"name\":2}]}", "parts[1].name",
            "parts[1].name must be a string");
    refuses("{\"name\":\"a\",\"parts\":[1,2,3]}", "parts", "parts must be from 0 to 2 items");
    refuses("{\"name\":\"a\",\"tags\":[null]}", "tags[0]", "tags[0] must be a string");
    refuses("{\"name\":\"a\",\"list\":{}}", "list", "list must be an array");
    refuses("[]", "", "an object is wanted");
    assert_int_equal(seen.calls, 0);
}

static void api_shows_no_half_characters_of_a_name(void **state)
{
    static const char body[] = "{\""
                               "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
                               "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
                               "\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\":1}";
    (void)state;
    assert_int_equal(post(body), 422);
    json_t *problem = api_problem_body(answer.status, &answer);
    assert_int_equal(json_string_length(json_object_get(problem, "field")), 39);
    json_decref(problem);
}

static void api_refuses_json_that_is_none(void **state)
{
    static const char *const bodies[] = {
        "{",
        "{\"name\":\"a\"}x",
        "{\"name\":\"a\",\"name\":\"b\"}",
        "{\"name\":\"\\u0000\"}",
        "\"a\"x",
        "{'name':1}",
        "{\"name\":\"\xff\"}",
        "{\"count\":1e999}",
        "nul",
        "{\"big\":92233720368547758070}",
    };
    (void)state;
    for (size_t i = 0; i < API_COUNT(bodies); i++)
        assert_int_equal(post(bodies[i]), 400);
    assert_int_equal(post(""), 400);
    assert_int_equal(ASK("DELETE", "/things/x", API_ADMIN, .body = "{}"), 400);
    assert_int_equal(seen.calls, 0);
}

static void api_refuses_json_too_deep_for_the_stack(void **state)
{
    static char body[60000];
    (void)state;
    memset(body, '[', sizeof(body) - 1);
    assert_int_equal(post(body), 400);
}

static void api_refuses_other_media_types(void **state)
{
    static const char *const types[] = {NULL, "", "text/plain", "application/jsonx",
                                        "application/x-www-form-urlencoded"};
    static const char body[] = "{\"name\":\"a\"}";
    (void)state;
    for (size_t i = 0; i < API_COUNT(types); i++)
        assert_int_equal(ASK("POST", "/things", API_ADMIN, .body = body, .media_type = types[i]),
                         415);
    assert_int_equal(ASK("POST", "/things", API_ADMIN, .body = body,
                         .media_type = "Application/JSON; charset=utf-8"),
                     201);
    assert_int_equal(
        ASK("PUT", "/things/x/picture", API_ADMIN, .body = body, .media_type = "application/json"),
        415);
    assert_int_equal(
        ASK("PUT", "/things/x/picture", API_ADMIN, .body = body, .media_type = "application/zip"),
        200);
    assert_int_equal(seen.raw_bytes, strlen(body));
}

/* Answers --------------------------------------------------------------------------------------*/

static void api_gives_pages_with_a_cursor(void **state)
{
    (void)state;
    assert_int_equal(list_with("{}"), 200);
    char *text = json_dumps(answer.body, JSON_SORT_KEYS | JSON_COMPACT);
    assert_string_equal(text, "{\"items\":[{\"name\":\"a\"}],\"next\":\"7\"}");
    free(text);
    api_page(&answer, (json_decref(answer.body), json_array()), 0);
    assert_true(json_is_null(json_object_get(answer.body, "next")));
}

static void api_drops_a_body_beside_a_problem(void **state)
{
    (void)state;
    assert_int_equal(ASK("POST", "/things/x/parts/y", API_OPERATOR), 409);
    assert_null(answer.body);
    assert_int_equal(answer.command, 0);
    json_t *problem = api_problem_body(409, &answer);
    char *text = json_dumps(problem, JSON_SORT_KEYS | JSON_COMPACT);
    assert_string_equal(text,
                        "{\"code\":\"thing_exists\",\"detail\":\"there is a thing of the name "
                        "'a'\",\"field\":\"name\",\"params\":[\"a\"],\"status\":409,"
                        "\"title\":\"Conflict\",\"type\":\"about:blank\"}");
    free(text);
    json_decref(problem);
}

static void expect_problem(const char *detail, const char *params)
{
    json_t *problem = api_problem_body(409, &answer);
    char *text = json_dumps(json_object_get(problem, "params"), JSON_COMPACT);
    assert_string_equal(json_string_value(json_object_get(problem, "detail")), detail);
    assert_string_equal(text, params);
    free(text);
    json_decref(problem);
}

/* What is put into a text can be put into another language's, too. */
static void api_tells_the_parameters_of_a_problems_text(void **state)
{
    (void)state;
    api_problem(&answer, 409, "a_code", NULL, "%d%% of %u, %lld or %zu", -1, 2U, -3LL, (size_t)4);
    expect_problem("-1% of 2, -3 or 4", "[\"-1\",\"2\",\"-3\",\"4\"]");
    api_problem(&answer, 409, "a_code", NULL, "nothing");
    expect_problem("nothing", "[]");
    api_problem(&answer, 409, "a_code", NULL, "%s%s", "", "\xff");
    expect_problem("\xef\xbf\xbd", "[\"\",\"\xef\xbf\xbd\"]");
}

static void api_cuts_a_problems_text_to_its_room(void **state)
{
    char name[API_DETAIL_BYTES + 1];
    (void)state;
    memset(name, 'x', API_DETAIL_BYTES);
    name[API_DETAIL_BYTES] = '\0';
    api_problem(&answer, 409, "a_code", NULL, "no %s or %s!", name, "y");
    assert_int_equal(strlen(answer.detail), API_DETAIL_BYTES - 1);
    json_t *problem = api_problem_body(409, &answer);
    const json_t *params = json_object_get(problem, "params");
    assert_int_equal(json_string_length(json_array_get(params, 0)), API_DETAIL_BYTES - 1 - 3);
    assert_int_equal(json_string_length(json_array_get(params, 1)), 0);
    json_decref(problem);
}

/* The document ---------------------------------------------------------------------------------*/

static const json_t *member_at(const json_t *value, const char *first, ...)
{
    va_list names;
    va_start(names, first);
    for (const char *name = first; name != NULL && value != NULL; name = va_arg(names, char *))
        value = json_object_get(value, name);
    va_end(names);
    assert_non_null(value);
    return value;
}
#define at(...) member_at(__VA_ARGS__, (const char *)NULL)

static void is_json(const json_t *value, const char *wanted)
{
    char *text = json_dumps(value, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(text, wanted);
    free(text);
}

static void openapi_has_every_row(void **state)
{
    (void)state;
    json_t *document = api_openapi("1.2.3");
    assert_non_null(document);
    is_json(at(document, "info", "version"), "\"1.2.3\"");
    const json_t *paths = at(document, "paths");
    for (size_t i = 0; i < API_COUNT(routes); i++) {
        char method[8] = "";
        for (size_t j = 0; routes[i].method[j] != '\0'; j++)
            method[j] = (char)(routes[i].method[j] | 0x20);
        assert_non_null(at(paths, routes[i].path, method, "responses", "default"));
    }
    assert_int_equal(json_object_size(paths), 6);
    is_json(at(paths, "/things", "get", "operationId"), "\"get_things\"");
    is_json(at(paths, "/stream", "get", "security"), "[]");
    json_decref(document);
}

static void openapi_says_what_the_shapes_check(void **state)
{
    (void)state;
    json_t *document = api_openapi("1");
    const json_t *members = at(document, "components", "schemas", "Thing", "properties");
    is_json(at(document, "components", "schemas", "Thing", "required"), "[\"name\"]");
    is_json(at(document, "components", "schemas", "Thing", "additionalProperties"), "false");
    is_json(at(members, "name"), "{\"description\":\"Its.\",\"maxLength\":8,\"minLength\":1,"
                                 "\"type\":\"string\"}");
    is_json(at(members, "colour"),
            "{\"enum\":[\"red\",\"green\",null],\"nullable\":true,\"type\":\"string\"}");
    is_json(at(members, "count"),
            "{\"format\":\"int64\",\"maximum\":10,\"minimum\":-2,\"type\":\"integer\"}");
    is_json(at(members, "big"), "{\"format\":\"int64\",\"minimum\":0,\"type\":\"integer\"}");
    is_json(at(members, "parts"),
            "{\"items\":{\"$ref\":\"#/components/schemas/Part\"},\"maxItems\":2,\"minItems\":0,"
            "\"type\":\"array\"}");
    is_json(at(members, "main", "nullable"), "true");
    is_json(at(members, "any"), "{}");
    json_decref(document);
}

static void openapi_says_how_to_ask_and_what_comes(void **state)
{
    (void)state;
    json_t *document = api_openapi("1");
    const json_t *paths = at(document, "paths");
    const json_t *page = at(paths, "/things", "get", "responses", "200", "content",
                            "application/json", "schema", "properties");
    is_json(at(page, "items"),
            "{\"items\":{\"$ref\":\"#/components/schemas/Thing\"},\"type\":\"array\"}");
    assert_int_equal(json_array_size(at(paths, "/things", "get", "parameters")), 5);
    is_json(at(paths, "/things/{thing}/parts/{part}", "post", "parameters"),
            "[{\"in\":\"path\",\"name\":\"thing\",\"required\":true,\"schema\":{\"type\":"
            "\"string\"}},{\"in\":\"path\",\"name\":\"part\",\"required\":true,\"schema\":{"
            "\"type\":\"string\"}}]");
    is_json(at(paths, "/things", "post", "requestBody"),
            "{\"content\":{\"application/json\":{\"schema\":{\"$ref\":"
            "\"#/components/schemas/Thing\"}}},\"required\":true}");
    (void)at(paths, "/things/{thing}/orders", "post", "responses", "200");
    (void)at(paths, "/things/{thing}/orders", "post", "responses", "202");
    is_json(at(paths, "/things/{thing}", "delete", "responses", "204"),
            "{\"description\":\"Done.\"}");
    (void)at(paths, "/things/{thing}/picture", "put", "requestBody", "content", "application/zip");
    (void)at(paths, "/stream", "get", "responses", "200", "content", "text/event-stream");
    json_decref(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(api_gives_segments_percent_decoded, forget),
        cmocka_unit_test_teardown(api_refuses_escapes_that_are_none, forget),
        cmocka_unit_test_teardown(api_refuses_segments_longer_than_its_memory, forget),
        cmocka_unit_test_teardown(api_knows_no_other_paths, forget),
        cmocka_unit_test_teardown(api_tells_the_methods_of_a_path, forget),
        cmocka_unit_test_teardown(api_wants_a_token_first_and_then_its_role, forget),
        cmocka_unit_test_teardown(api_finds_a_row_before_there_is_a_body, forget),
        cmocka_unit_test_teardown(api_reads_a_query_as_its_fields_types, forget),
        cmocka_unit_test_teardown(api_refuses_parameters_outside_their_fields, forget),
        cmocka_unit_test_teardown(api_takes_what_its_shape_allows, forget),
        cmocka_unit_test_teardown(api_names_what_its_shape_does_not_allow, forget),
        cmocka_unit_test_teardown(api_shows_no_half_characters_of_a_name, forget),
        cmocka_unit_test_teardown(api_refuses_json_that_is_none, forget),
        cmocka_unit_test_teardown(api_refuses_json_too_deep_for_the_stack, forget),
        cmocka_unit_test_teardown(api_refuses_other_media_types, forget),
        cmocka_unit_test_teardown(api_gives_pages_with_a_cursor, forget),
        cmocka_unit_test_teardown(api_drops_a_body_beside_a_problem, forget),
        cmocka_unit_test_teardown(api_tells_the_parameters_of_a_problems_text, forget),
        cmocka_unit_test_teardown(api_cuts_a_problems_text_to_its_room, forget),
        cmocka_unit_test_teardown(openapi_has_every_row, forget),
        cmocka_unit_test_teardown(openapi_says_what_the_shapes_check, forget),
        cmocka_unit_test_teardown(openapi_says_how_to_ask_and_what_comes, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
