/*
 * From a request to the row that handles it: path, role, query, body; see api.h. Problems are those
 * of RFC 9457.
 */
#include "api.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/sink.h"
#include "private.h"

#define PATH_BYTES_MAX 1024
#define LIMIT_DEFAULT 50
#define LIMIT_MAX 1000
#define NUMBER_BYTES_MAX 32

/* Problems -------------------------------------------------------------------------------------*/

/* "Not Found" */
static const char *status_text(unsigned status)
{
    static const struct {
        unsigned status;
        const char *text;
    } texts[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {429, "Too Many Requests"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < API_COUNT(texts); i++)
        if (texts[i].status == status)
            return texts[i].text;
    return "Internal Server Error";
}

/* What the conversion at the beginning of `rest`, which is moved behind it, is to print. */
static const char *argument_of(const char **rest, va_list *args, char number[NUMBER_BYTES_MAX])
{
    char kind = *(*rest)++;
    switch (kind) {
    case '%':
        return "%";
    case 's':
        return va_arg(*args, const char *);
    case 'd':
        (void)snprintf(number, NUMBER_BYTES_MAX, "%d", va_arg(*args, int));
        return number;
    case 'u':
        (void)snprintf(number, NUMBER_BYTES_MAX, "%u", va_arg(*args, unsigned));
        return number;
    case 'z':
        (void)snprintf(number, NUMBER_BYTES_MAX, "%zu", va_arg(*args, size_t));
        *rest += strlen("u");
        return number;
    default:
        assert(kind == 'l');
        (void)snprintf(number, NUMBER_BYTES_MAX, "%lld", va_arg(*args, long long));
        *rest += strlen("ld");
        return number;
    }
}

/* As much of it as there is room for. */
static void put_detail(struct api_answer *answer, size_t *used, const char *text, size_t bytes)
{
    size_t room = sizeof(answer->detail) - 1 - *used;
    size_t count = bytes < room ? bytes : room;
    memcpy(answer->detail + *used, text, count);
    *used += count;
    answer->detail[*used] = '\0';
}

/* As printf does, and remembers where in the text the arguments are. */
static void print_detail(struct api_answer *answer, const char *format, va_list *args)
{
    char number[NUMBER_BYTES_MAX];
    size_t used = 0;
    answer->param_count = 0;
    for (;;) {
        size_t plain = strcspn(format, "%");
        put_detail(answer, &used, format, plain);
        format += plain;
        if (*format++ == '\0')
            return;
        bool is_param = *format != '%';
        const char *text = argument_of(&format, args, number);
        size_t start = used;
        put_detail(answer, &used, text, strlen(text));
        if (!is_param)
            continue;
        assert(answer->param_count < API_PARAMS_MAX);
        answer->params[answer->param_count].start = (uint8_t)start;
        answer->params[answer->param_count++].bytes = (uint8_t)(used - start);
    }
}

void api_problem(struct api_answer *answer, unsigned status, const char *code, const char *field,
                 const char *format, ...)
{
    va_list args;
    answer->status = status;
    answer->code = code;
    answer->field = field;
    va_start(args, format);
    print_detail(answer, format, &args);
    va_end(args);
}

void api_no_memory(struct api_answer *answer)
{
    api_problem(answer, 503, "no_memory", NULL, "not enough memory");
}

static json_t *params_of(const struct api_answer *answer)
{
    json_t *list = json_array();
    for (size_t i = 0; i < answer->param_count; i++) {
        const char *text = answer->detail + answer->params[i].start;
        bc_view bytes = {(const uint8_t *)text, answer->params[i].bytes};
        (void)json_array_append_new(list, service_text(bytes));
    }
    return list;
}

json_t *api_problem_body(unsigned status, const struct api_answer *answer)
{
    const char *field = answer->place[0] != '\0' ? answer->place : answer->field;
    json_t *body =
        json_pack("{s:s,s:s,s:i,s:s,s:o,s:o}", "type", "about:blank", "title", status_text(status),
                  "status", (int)status, "code", answer->code, "detail",
                  service_text(bc_view_of(answer->detail)), "params", params_of(answer));
    if (body != NULL && field != NULL)
        (void)json_object_set_new(body, "field", service_text(bc_view_of(field)));
    return body;
}

/* For handlers ---------------------------------------------------------------------------------*/

void api_page(struct api_answer *answer, json_t *items, int64_t next)
{
    char cursor[NUMBER_BYTES_MAX];
    (void)snprintf(cursor, sizeof(cursor), "%lld", (long long)next);
    json_t *after = next == 0 ? json_null() : json_string(cursor);
    answer->body = json_pack("{s:o,s:o}", "items", items, "next", after);
}

struct api_window api_window(const struct api_call *call)
{
    const json_t *limit = json_object_get(call->query, "limit");
    const json_t *cursor = json_object_get(call->query, "cursor");
    struct api_window window = {.limit = LIMIT_DEFAULT};
    if (json_is_integer(limit) && json_integer_value(limit) >= 1)
        window.limit = (size_t)json_integer_value(limit);
    if (window.limit > LIMIT_MAX)
        window.limit = LIMIT_MAX;
    if (json_is_integer(cursor))
        window.cursor = json_integer_value(cursor);
    return window;
}

/* Paths ----------------------------------------------------------------------------------------*/

static bool take_segment(bc_view *rest, bc_view *out)
{
    if (rest->len == 0 || rest->ptr[0] != '/')
        return false;
    size_t len = 1;
    while (len < rest->len && rest->ptr[len] != '/')
        len++;
    *out = (bc_view){rest->ptr + 1, len - 1};
    *rest = (bc_view){rest->ptr + len, rest->len - len};
    return out->len > 0;
}

static bool is_variable(bc_view segment)
{
    return segment.len > 2 && segment.ptr[0] == '{';
}

/* Whether the path is one of the template; its variables, undecoded. */
static bool matches(const char *template, bc_view path, bc_view segments[API_SEGMENTS_MAX])
{
    bc_view wanted = bc_view_of(template), want, have;
    size_t count = 0;
    while (wanted.len > 0 && path.len > 0) {
        if (!take_segment(&wanted, &want) || !take_segment(&path, &have))
            return false;
        if (is_variable(want) && count < API_SEGMENTS_MAX)
            segments[count++] = have;
        else if (!bc_view_equal(want, have))
            return false;
    }
    return wanted.len == 0 && path.len == 0;
}

/* False where a % is followed by something else than two hex digits. */
static bool decode(bc_view *segment, bc_sink *out)
{
    uint8_t *start = out->ptr + out->len;
    size_t before = out->len;
    for (size_t i = 0; i < segment->len; i++) {
        uint8_t byte = segment->ptr[i];
        if (byte == '%') {
            if (segment->len - i < 3 || !bc_hex_decode((bc_view){segment->ptr + i + 1, 2}, &byte))
                return false;
            i += 2;
        }
        bc_put_char(out, (char)byte);
    }
    *segment = (bc_view){start, out->len - before};
    return !out->full;
}

static bool decode_all(bc_view segments[API_SEGMENTS_MAX], bc_sink *out)
{
    for (size_t i = 0; i < API_SEGMENTS_MAX; i++)
        if (segments[i].len > 0 && !decode(&segments[i], out))
            return false;
    return true;
}

/* Rows -----------------------------------------------------------------------------------------*/

static void add_allowed(char allow[64], const char *method)
{
    const char *and_head = strcmp(method, "GET") == 0 ? ", HEAD" : "";
    size_t used = strlen(allow);
    if (strstr(allow, method) == NULL)
        (void)snprintf(allow + used, 64 - used, "%s%s%s", used > 0 ? ", " : "", method, and_head);
}

/* NULL: there is none; then `allow` has the methods of the path's other rows. */
static const struct api_route *search(const char *method, bc_view path,
                                      bc_view segments[API_SEGMENTS_MAX], char allow[64])
{
    allow[0] = '\0';
    for (const struct api_table *const *table = api_tables; *table != NULL; table++)
        for (size_t i = 0; i < (*table)->count; i++) {
            const struct api_route *route = &(*table)->routes[i];
            memset(segments, 0, API_SEGMENTS_MAX * sizeof(segments[0]));
            if (!matches(route->path, path, segments))
                continue;
            if (strcmp(route->method, method) == 0)
                return route;
            add_allowed(allow, route->method);
        }
    return NULL;
}

static bool may_use(const struct api_route *route, enum api_role role, struct api_answer *answer)
{
    static const char *const names[] = {"nobody", "viewer", "operator", "admin"};
    if (role >= route->role)
        return true;
    if (role == API_NOBODY)
        api_problem(answer, 401, "token_wanted", NULL,
                    "a valid token is wanted: Authorization: Bearer TOKEN");
    else
        api_problem(answer, 403, "role_too_low", NULL,
                    "this takes a token of the role %s, and this is one of %s", names[route->role],
                    names[role]);
    return false;
}

static const struct api_route *find(const char *method, bc_view path, enum api_role role,
                                    bc_view segments[API_SEGMENTS_MAX], struct api_answer *answer,
                                    char allow[64])
{
    const struct api_route *route = search(method, path, segments, allow);
    if (route != NULL)
        return may_use(route, role, answer) ? route : NULL;
    if (allow[0] == '\0')
        api_problem(answer, 404, "no_such_resource", NULL, "there is no such resource");
    else
        api_problem(answer, 405, "method_not_allowed", NULL, "this resource takes %s", allow);
    return NULL;
}

const struct api_route *api_find(const char *method, bc_view path, enum api_role role,
                                 struct api_answer *answer, char allow[64])
{
    bc_view segments[API_SEGMENTS_MAX];
    return find(method, path, role, segments, answer, allow);
}

/* Queries --------------------------------------------------------------------------------------*/

static json_t *number_of(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    bool plain = *text != '\0' && strspn(text, "+-.eE0123456789") == strlen(text);
    return plain && *end == '\0' && isfinite(value) ? json_real(value) : json_string(text);
}

/* The text as its field's type; as it is where it is none, which the check then tells. */
static json_t *value_of(const char *text, enum api_type type)
{
    int64_t number;
    switch (type) {
    case API_INTEGER:
        return bc_view_int(bc_view_of(text), &number) ? json_integer(number) : json_string(text);
    case API_NUMBER:
        return number_of(text);
    case API_BOOLEAN:
        if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0)
            return json_boolean(text[0] == 't');
        return json_string(text);
    default:
        return json_string(text);
    }
}

static json_t *typed_query(const struct api_shape *shape, json_t *query)
{
    json_t *typed = json_object();
    const char *name;
    json_t *value;
    json_object_foreach(query, name, value)
    {
        enum api_type type = API_STRING;
        for (size_t i = 0; i < shape->count; i++)
            if (strcmp(shape->fields[i].name, name) == 0)
                type = shape->fields[i].type;
        (void)json_object_set_new(typed, name, value_of(json_string_value(value), type));
    }
    return typed;
}

static bool read_query(const struct api_route *route, json_t *query, struct api_call *call,
                       struct api_answer *answer)
{
    static const struct api_shape none = {.name = "None"};
    const struct api_shape *shape = route->query != NULL ? route->query : &none;
    call->query = typed_query(shape, query);
    return api_shape_check(shape, call->query, answer);
}

/* Bodies ---------------------------------------------------------------------------------------*/

/* Without its parameters. */
static bool is_media_type(const char *have, const char *wanted)
{
    size_t len = strlen(wanted);
    if (have == NULL || strncasecmp(have, wanted, len) != 0)
        return false;
    return have[len] == '\0' || have[len] == ';' || have[len] == ' ';
}

static bool read_json(const struct api_route *route, const struct api_request *request,
                      struct api_call *call, struct api_answer *answer)
{
    json_error_t error;
    if (!is_media_type(request->media_type, "application/json") &&
        !is_media_type(request->media_type, "application/merge-patch+json")) {
        api_problem(answer, 415, "media_type_not_json", NULL, "the body must be application/json");
        return false;
    }
    call->body = json_loadb((const char *)request->body.ptr, request->body.len,
                            JSON_REJECT_DUPLICATES, &error);
    if (call->body != NULL)
        return api_shape_check(route->in, call->body, answer);
    api_problem(answer, 400, "not_json", NULL, "the body is no JSON object: %s, line %d, column %d",
                error.text, error.line, error.column);
    return false;
}

static bool read_body(const struct api_route *route, const struct api_request *request,
                      struct api_call *call, struct api_answer *answer)
{
    if (route->takes_raw) {
        call->raw = request->body;
        if (is_media_type(request->media_type, "application/zip") ||
            is_media_type(request->media_type, "application/octet-stream"))
            return true;
        api_problem(answer, 415, "media_type_not_bytes", NULL,
                    "the body must be application/zip or application/octet-stream");
        return false;
    }
    if (request->body.len == 0 && route->in == NULL)
        return true;
    if (request->body.len == 0)
        api_problem(answer, 400, "body_missing", NULL, "a body of JSON is wanted");
    else if (route->in == NULL)
        api_problem(answer, 400, "body_not_wanted", NULL, "this takes no body");
    else
        return read_json(route, request, call, answer);
    return false;
}

/* The whole ------------------------------------------------------------------------------------*/

/* What a handler leaves open. */
static void complete(const struct api_route *route, struct api_answer *answer)
{
    bool wants_body = route->out != NULL || route->lists;
    if (answer->status == 0)
        answer->status = route->status != 0 ? route->status : 200;
    if (answer->status < 400 && answer->body == NULL && wants_body)
        api_no_memory(answer);
    if (answer->status < 400)
        return;
    json_decref(answer->body);
    answer->body = NULL;
    answer->command = 0;
}

const struct api_route *api_handle(struct service *service, uint64_t now_ms, int64_t utc_ms,
                                   const struct api_request *request, struct api_answer *answer,
                                   char allow[64])
{
    uint8_t decoded[PATH_BYTES_MAX];
    bc_sink sink = {.ptr = decoded, .cap = sizeof(decoded)};
    struct api_call call = {.service = service,
                            .now_ms = now_ms,
                            .utc_ms = utc_ms,
                            .role = request->role,
                            .user = request->user != NULL ? request->user : ""};
    const struct api_route *route =
        find(request->method, request->path, request->role, call.segments, answer, allow);
    if (route == NULL)
        return NULL;
    if (!decode_all(call.segments, &sink)) {
        api_problem(answer, 400, "path_not_readable", NULL,
                    "the path is too long, or a %% in it is no escape");
        return route;
    }
    if (read_query(route, request->query, &call, answer) &&
        read_body(route, request, &call, answer)) {
        route->handle(&call, answer);
        complete(route, answer);
    }
    json_decref(call.query);
    json_decref(call.body);
    return route;
}
