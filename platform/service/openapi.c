/*
 * The rows of api.h as an OpenAPI 3.0 document: everything that is in a row is in the document, so
 * neither can say what the other does not.
 */
#include <stdio.h>
#include <string.h>

#include "api.h"

#define NAME_BYTES 128

static const char *const type_names[] = {
    [API_STRING] = "string",   [API_INTEGER] = "integer", [API_NUMBER] = "number",
    [API_BOOLEAN] = "boolean", [API_OBJECT] = "object",   [API_ARRAY] = "array",
};

static void set(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value);
}

static void set_text(json_t *object, const char *name, const char *text)
{
    if (text != NULL)
        set(object, name, json_string(text));
}

/* Shapes ---------------------------------------------------------------------------------------*/

static json_t *members_of(json_t *schemas, const struct api_shape *shape);

/* A reference; the shape is among `schemas` then. */
static json_t *reference(json_t *schemas, const struct api_shape *shape)
{
    char text[NAME_BYTES];
    if (shape->name == NULL)
        return members_of(schemas, shape);
    if (json_object_get(schemas, shape->name) == NULL) {
        set(schemas, shape->name, json_null()); /* for a shape that has itself as a part */
        set(schemas, shape->name, members_of(schemas, shape));
    }
    (void)snprintf(text, sizeof(text), "#/components/schemas/%s", shape->name);
    return json_pack("{s:s}", "$ref", text);
}

static json_t *words_of(const struct api_field *field)
{
    json_t *list = json_array();
    for (const char *const *word = field->words; *word != NULL; word++)
        (void)json_array_append_new(list, json_string(*word));
    if (field->nullable && !field->repeated)
        (void)json_array_append_new(list, json_null());
    return list;
}

static void set_limits(json_t *schema, const struct api_field *field, const char *min,
                       const char *max)
{
    if (field->min == 0 && field->max == 0)
        return;
    set(schema, min, json_integer(field->min));
    if (field->max != INT64_MAX)
        set(schema, max, json_integer(field->max));
}

/* An item of it, where it is repeated. Lengths of strings are bytes here and characters there: no
 * text of at most so many bytes has more characters. */
static json_t *item_of(json_t *schemas, const struct api_field *field)
{
    json_t *schema;
    bool limited = !field->repeated;
    if (field->type == API_ANY)
        return json_object();
    if (field->type == API_OBJECT && field->shape != NULL)
        return field->nullable && !field->repeated ? members_of(schemas, field->shape)
                                                   : reference(schemas, field->shape);
    schema = json_pack("{s:s}", "type", type_names[field->type]);
    if (field->type == API_ARRAY)
        set(schema, "items", json_object());
    if (field->type == API_STRING && field->words != NULL)
        set(schema, "enum", words_of(field));
    else if (field->type == API_STRING && limited && field->max > 0)
        set(schema, "maxLength", json_integer(field->max));
    if (field->type == API_STRING && limited && field->min > 0)
        set(schema, "minLength", json_integer(1));
    if (field->type == API_INTEGER)
        set(schema, "format", json_string("int64"));
    if ((field->type == API_INTEGER || field->type == API_NUMBER) && limited)
        set_limits(schema, field, "minimum", "maximum");
    return schema;
}

static json_t *schema_of(json_t *schemas, const struct api_field *field)
{
    json_t *schema = item_of(schemas, field);
    if (field->repeated) {
        schema = json_pack("{s:s,s:o}", "type", "array", "items", schema);
        set_limits(schema, field, "minItems", "maxItems");
    }
    if (field->nullable && field->type != API_ANY)
        set(schema, "nullable", json_true());
    if (json_object_get(schema, "$ref") == NULL)
        set_text(schema, "description", field->about);
    return schema;
}

static json_t *members_of(json_t *schemas, const struct api_shape *shape)
{
    json_t *properties = json_object(), *required = json_array();
    for (size_t i = 0; i < shape->count; i++) {
        set(properties, shape->fields[i].name, schema_of(schemas, &shape->fields[i]));
        if (shape->fields[i].required)
            (void)json_array_append_new(required, json_string(shape->fields[i].name));
    }
    json_t *schema = json_pack("{s:s,s:b}", "type", "object", "additionalProperties", shape->open);
    set(schema, "properties", properties);
    if (json_array_size(required) > 0)
        set(schema, "required", required);
    else
        json_decref(required);
    return schema;
}

/* Rows -----------------------------------------------------------------------------------------*/

static json_t *content(const char *media_type, json_t *schema)
{
    return json_pack("{s:{s:o}}", media_type, "schema", schema);
}

static void add_variables(json_t *parameters, const char *path)
{
    for (const char *at = strchr(path, '{'); at != NULL; at = strchr(at + 1, '{')) {
        size_t len = strcspn(at + 1, "}");
        (void)json_array_append_new(parameters,
                                    json_pack("{s:s%,s:s,s:b,s:{s:s}}", "name", at + 1, len, "in",
                                              "path", "required", 1, "schema", "type", "string"));
    }
}

static json_t *parameters_of(json_t *schemas, const struct api_route *route)
{
    json_t *parameters = json_array();
    add_variables(parameters, route->path);
    for (size_t i = 0; route->query != NULL && i < route->query->count; i++) {
        const struct api_field *field = &route->query->fields[i];
        json_t *parameter =
            json_pack("{s:s,s:s,s:b,s:o}", "name", field->name, "in", "query", "required",
                      field->required, "schema", schema_of(schemas, field));
        (void)json_array_append_new(parameters, parameter);
    }
    return parameters;
}

static json_t *body_of(json_t *schemas, const struct api_route *route)
{
    static const char *const raw[] = {"application/octet-stream", "application/zip"};
    json_t *media_types;
    if (route->in != NULL) {
        media_types = content("application/json", reference(schemas, route->in));
    } else {
        media_types = json_object();
        for (size_t i = 0; i < API_COUNT(raw); i++)
            set(media_types, raw[i],
                json_pack("{s:{s:s,s:s}}", "schema", "type", "string", "format", "binary"));
    }
    return json_pack("{s:b,s:o}", "required", 1, "content", media_types);
}

static json_t *page_of(json_t *item)
{
    return json_pack("{s:s,s:b,s:[s,s],s:{s:{s:s,s:o},s:{s:s,s:b}}}", "type", "object",
                     "additionalProperties", 0, "required", "items", "next", "properties", "items",
                     "type", "array", "items", item, "next", "type", "string", "nullable", 1);
}

static json_t *answer_of(json_t *schemas, const struct api_route *route)
{
    json_t *answer = json_pack("{s:s}", "description", "Done.");
    if (route->streams) {
        set(answer, "content", content("text/event-stream", json_pack("{s:s}", "type", "string")));
    } else if (route->out != NULL) {
        json_t *schema = reference(schemas, route->out);
        set(answer, "content",
            content("application/json", route->lists ? page_of(schema) : schema));
    }
    return answer;
}

/* Who may wait gets 200 instead of 202 when it has ended. */
static json_t *answers_of(json_t *schemas, const struct api_route *route)
{
    char status[NAME_BYTES];
    json_t *answers = json_pack("{s:{s:s}}", "default", "$ref", "#/components/responses/Problem");
    (void)snprintf(status, sizeof(status), "%u", route->status != 0 ? route->status : 200);
    set(answers, status, answer_of(schemas, route));
    if (route->status == 202)
        set(answers, "200", answer_of(schemas, route));
    return answers;
}

static json_t *name_of(const struct api_route *route)
{
    char name[NAME_BYTES];
    size_t len = 0;
    for (const char *at = route->method; *at != '\0' && len + 1 < sizeof(name); at++)
        name[len++] = (char)(*at | 0x20);
    for (const char *at = route->path; *at != '\0' && len + 1 < sizeof(name); at++)
        if (*at != '{' && *at != '}')
            name[len++] = strchr("/.", *at) != NULL ? '_' : *at;
    return json_stringn(name, len);
}

static json_t *operation_of(json_t *schemas, const struct api_route *route)
{
    static const char *const roles[] = {"nobody", "viewer", "operator", "admin"};
    json_t *operation = json_object();
    set(operation, "operationId", name_of(route));
    set_text(operation, "summary", route->about);
    set(operation, "tags", json_pack("[s%]", route->path + 1, strcspn(route->path + 1, "/")));
    set_text(operation, "x-role", roles[route->role]);
    if (route->role == API_NOBODY)
        set(operation, "security", json_array());
    set(operation, "parameters", parameters_of(schemas, route));
    if (route->in != NULL || route->takes_raw)
        set(operation, "requestBody", body_of(schemas, route));
    set(operation, "responses", answers_of(schemas, route));
    return operation;
}

static void add_route(json_t *paths, json_t *schemas, const struct api_route *route)
{
    char method[8] = "";
    json_t *path = json_object_get(paths, route->path);
    for (size_t i = 0; route->method[i] != '\0' && i + 1 < sizeof(method); i++)
        method[i] = (char)(route->method[i] | 0x20);
    if (path == NULL) {
        path = json_object();
        set(paths, route->path, path);
    }
    set(path, method, operation_of(schemas, route));
}

/* The document ---------------------------------------------------------------------------------*/

static const struct api_field problem_fields[] = {
    {.name = "type", .type = API_STRING, .required = true},
    {.name = "title", .type = API_STRING, .required = true},
    {.name = "status", .type = API_INTEGER, .required = true},
    {.name = "code", .type = API_STRING, .required = true, .about = "What is wrong, for programs."},
    {.name = "detail", .type = API_STRING, .required = true, .about = "The same in English."},
    {.name = "params",
     .type = API_STRING,
     .required = true,
     .repeated = true,
     .about = "What is put into `detail`, in order."},
    {.name = "field", .type = API_STRING, .about = "Which it is about."},
};
static const struct api_shape problem_shape = API_SHAPE("Problem", problem_fields);

json_t *api_openapi(const char *version)
{
    json_t *paths = json_object(), *schemas = json_object();
    for (const struct api_table *const *table = api_tables; *table != NULL; table++)
        for (size_t i = 0; i < (*table)->count; i++)
            add_route(paths, schemas, &(*table)->routes[i]);
    json_t *problem =
        json_pack("{s:s,s:o}", "description", "It was refused, or it failed.", "content",
                  content("application/problem+json", reference(schemas, &problem_shape)));
    return json_pack(
        "{s:s,s:{s:s,s:s,s:s},s:[{s:s}],s:[{s:[]}],s:o,s:{s:o,s:{s:o},s:{s:{s:s,s:s}}}}", "openapi",
        "3.0.3", "info", "title", "bc260y-platform", "version", version, "description",
        "LwM2M devices, their data and their firmware.", "servers", "url", "/api/v1", "security",
        "token", "paths", paths, "components", "schemas", schemas, "responses", "Problem", problem,
        "securitySchemes", "token", "type", "http", "scheme", "bearer");
}
