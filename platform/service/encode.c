/*
 * From what a user asks of a device to a request: an operation on a path, a command of the
 * product's profile through its codec, a property of its thing model through the mapping.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "carrier.h"
#include "coap/message.h"
#include "live.h"
#include "model.h"
#include "objects.h"

#define NUMBER_CHARS_MAX 64

static const struct bc_server_path downlink = {{19, 1, 0}, 3};

/* Andlink's messages in object 19 are JSON as text (G 5.4), those of the others are bytes. */
static bool messages_are_text(struct live *live, bc_view endpoint)
{
    struct bc_server_device device;
    struct service_device known;
    const struct bc_server_carrier *carrier = NULL;
    if (bc_server_find(live->service->config.server, endpoint, &device))
        carrier = device.carrier;
    else if (service_device_find(live->service, endpoint, &known))
        carrier = known.carrier;
    return carrier != NULL && strcmp(carrier->name, "andlink") == 0;
}

static const char *text_of(const json_t *body, const char *name)
{
    return json_string_value(json_object_get(body, name));
}

static int32_t number_or_absent(const json_t *body, const char *name)
{
    const json_t *number = json_object_get(body, name);
    return json_is_integer(number) ? (int32_t)json_integer_value(number) : BC_COAP_FORMAT_ABSENT;
}

/* Operations -----------------------------------------------------------------------------------*/

static bool read_operation(const char *name, enum bc_server_operation *out)
{
    for (int i = BC_SERVER_READ; i <= BC_SERVER_CANCEL; i++)
        if (strcmp(bc_server_operation_name((enum bc_server_operation)i), name) == 0) {
            *out = (enum bc_server_operation)i;
            return true;
        }
    return false;
}

static void refuse_length(struct api_answer *answer, const char *field)
{
    api_problem(answer, 422, "payload_too_long", field, "a value has at most %d bytes",
                BC_SERVER_VALUE_BYTES_MAX);
}

static bool read_hex(const char *digits, struct encoded *out, struct api_answer *answer)
{
    size_t len = strlen(digits);
    if (len / 2 > sizeof(out->bytes))
        refuse_length(answer, "hex");
    else if (!bc_hex_decode((bc_view){(const uint8_t *)digits, len}, out->bytes))
        api_problem(answer, 422, "hex_refused", "hex", "hex must be pairs of hexadecimal digits");
    else
        out->payload.len = len / 2;
    return answer->status == 0;
}

/* What the value is, the path knows for common objects; else the value itself. */
static void put_value(bc_sink *out, const json_t *value, enum objects_type type)
{
    char digits[NUMBER_CHARS_MAX];
    if (json_is_boolean(value)) {
        bc_put_char(out, json_is_true(value) ? '1' : '0');
    } else if (json_is_integer(value)) {
        bc_put_int(out, json_integer_value(value));
    } else if (json_is_real(value)) {
        double real = json_real_value(value);
        bool whole = (type == OBJECTS_INTEGER || type == OBJECTS_TIME) && real == floor(real);
        snprintf(digits, sizeof(digits), whole ? "%.0f" : "%.15g", real);
        bc_put_text(out, digits);
    } else {
        bc_put_bytes(out, service_view(value));
    }
}

/* Whether a value like that can be meant for the resource; else what is wanted. */
static const char *mismatch(const json_t *value, enum objects_type type)
{
    bool number = json_is_number(value);
    switch (type) {
    case OBJECTS_INTEGER:
    case OBJECTS_TIME:
        return json_is_integer(value) ||
                       (number && json_number_value(value) == floor(json_number_value(value)))
                   ? NULL
                   : "this resource takes an integer";
    case OBJECTS_FLOAT:
        return number ? NULL : "this resource takes a number";
    case OBJECTS_BOOLEAN:
        return json_is_boolean(value) ||
                       (json_is_integer(value) && json_integer_value(value) >> 1 == 0)
                   ? NULL
                   : "this resource takes true or false";
    case OBJECTS_STRING:
        return json_is_string(value) ? NULL : "this resource takes a string";
    case OBJECTS_OPAQUE:
        return "this resource takes bytes: give them as hex";
    case OBJECTS_NONE:
        return "this resource is executed, not written";
    default:
        return json_is_string(value) || number || json_is_boolean(value)
                   ? NULL
                   : "a string, a number or a boolean is wanted";
    }
}

/* A message of Andlink: JSON as it is, or as the text that it is. */
static void put_message(bc_sink *out, const json_t *value)
{
    char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_COMPACT);
    bc_put_bytes(out, text == NULL ? service_view(value) : bc_view_of(text));
    free(text);
}

static bool is_message(const json_t *value, const struct encoded *out)
{
    return out->messages_are_text && bc_server_path_equal(&out->path, &downlink) &&
           (json_is_string(value) || json_is_object(value) || json_is_array(value));
}

static bool encode_value(const json_t *value, struct encoded *out, struct api_answer *answer)
{
    bool message = is_message(value, out);
    enum objects_type type = objects_type_of(&out->path);
    if (out->format == BC_COAP_FORMAT_ABSENT)
        out->format = BC_COAP_FORMAT_TEXT;
    if (out->format != BC_COAP_FORMAT_TEXT && out->format != BC_COAP_FORMAT_OPAQUE) {
        api_problem(answer, 422, "format_wants_hex", "value",
                    "content format %d wants the payload as hex", (int)out->format);
        return false;
    }
    bool bytes = out->format == BC_COAP_FORMAT_OPAQUE && json_is_string(value);
    const char *problem = message || bytes ? NULL : mismatch(value, type);
    if (problem != NULL) {
        api_problem(answer, 422, "value_refused", "value", "%s", problem);
        return false;
    }
    if (message)
        put_message(&out->payload, value);
    else
        put_value(&out->payload, value, type);
    if (out->payload.full)
        refuse_length(answer, "value");
    return !out->payload.full;
}

static bool encode_write(const json_t *body, struct encoded *out, struct api_answer *answer)
{
    const json_t *value = json_object_get(body, "value");
    const char *hex = text_of(body, "hex");
    if ((value == NULL) == (hex == NULL)) {
        api_problem(answer, 422, "value_or_hex", "value", "a write wants either a value or hex");
        return false;
    }
    if (out->path.count < 2) {
        api_problem(answer, 422, "path_of_no_value", "path",
                    "a write wants the path of an instance or a resource");
        return false;
    }
    if (hex == NULL)
        return encode_value(value, out, answer);
    if (out->format == BC_COAP_FORMAT_ABSENT)
        out->format = BC_COAP_FORMAT_OPAQUE;
    return read_hex(hex, out, answer);
}

static bool encode_execute(const json_t *body, struct encoded *out, struct api_answer *answer)
{
    const char *arguments = text_of(body, "arguments");
    if (out->path.count < 3) {
        api_problem(answer, 422, "path_of_no_resource", "path",
                    "an execute wants the path of a resource");
        return false;
    }
    if (arguments == NULL || arguments[0] == '\0')
        return true;
    out->format = BC_COAP_FORMAT_TEXT;
    bc_put_text(&out->payload, arguments);
    if (out->payload.full)
        refuse_length(answer, "arguments");
    return !out->payload.full;
}

/* What an operation of another kind takes. */
static bool refuse_strays(const json_t *body, enum bc_server_operation operation,
                          struct api_answer *answer)
{
    static const struct {
        const char *name;
        unsigned operations;
    } takers[] = {
        {"value", 1U << BC_SERVER_WRITE},
        {"hex", 1U << BC_SERVER_WRITE},
        {"format", 1U << BC_SERVER_WRITE},
        {"arguments", 1U << BC_SERVER_EXECUTE},
        {"accept", 1U << BC_SERVER_READ | 1U << BC_SERVER_OBSERVE | 1U << BC_SERVER_CANCEL},
    };
    for (size_t i = 0; i < API_COUNT(takers); i++)
        if (json_object_get(body, takers[i].name) != NULL &&
            (takers[i].operations & 1U << operation) == 0) {
            api_problem(answer, 422, "operation_takes_no", takers[i].name, "%s takes no %s",
                        bc_server_operation_name(operation), takers[i].name);
            return false;
        }
    return true;
}

static bool encode_operation(const json_t *body, struct encoded *out, struct api_answer *answer)
{
    const char *path = text_of(body, "path");
    (void)read_operation(text_of(body, "operation"), &out->operation); /* its words were checked */
    out->accept = number_or_absent(body, "accept");
    out->format = number_or_absent(body, "format");
    if (path == NULL || !bc_server_path_parse(bc_view_of(path), &out->path)) {
        api_problem(answer, 422, "path_refused", "path",
                    "a path is /OBJECT[/INSTANCE[/RESOURCE[/INSTANCE]]]");
        return false;
    }
    if (!refuse_strays(body, out->operation, answer))
        return false;
    switch (out->operation) {
    case BC_SERVER_WRITE:
        return encode_write(body, out, answer);
    case BC_SERVER_EXECUTE:
        return encode_execute(body, out, answer);
    default:
        return true;
    }
}

/* Through the product's documents --------------------------------------------------------------*/

static void refuse_codec(const struct compiled *product, struct api_answer *answer)
{
    if (product->problem[0] != '\0')
        api_problem(answer, 409, "codec_broken", "service", "%s", product->problem);
    else
        api_problem(answer, 409, "codec_not_deployed", "service",
                    "no codec of the product is deployed");
}

static bool encode_service(struct compiled *product, const json_t *body, struct encoded *out,
                           struct api_answer *answer)
{
    char problem[CODEC_PROBLEM_BYTES];
    const char *method = text_of(body, "method");
    out->operation = BC_SERVER_WRITE;
    out->path = downlink;
    out->format = BC_COAP_FORMAT_OPAQUE;
    if (method == NULL)
        api_problem(answer, 422, "method_missing", "method", "a command of a service has a method");
    else if (product->codec == NULL)
        refuse_codec(product, answer);
    else if (!codec_encode(product->codec, text_of(body, "service"), method,
                           json_object_get(body, "params"), &out->payload, problem))
        api_problem(answer, 422, "params_refused", "params", "%s", problem);
    return answer->status == 0;
}

static bool encode_property(struct compiled *product, const json_t *body, struct encoded *out,
                            struct api_answer *answer)
{
    char problem[CODEC_PROBLEM_BYTES];
    const json_t *value = json_object_get(body, "value");
    out->operation = BC_SERVER_WRITE;
    if (value == NULL)
        api_problem(answer, 422, "value_missing", "value", "a property's value is wanted");
    else if (product->model == NULL || product->mapping == NULL)
        api_problem(answer, 409, "model_not_published", "property",
                    "no model with a mapping is published");
    else if (!model_encode(product->model, product->mapping, text_of(body, "property"), value,
                           &out->path, &out->format, &out->payload, problem))
        api_problem(answer, 422, "value_refused", "value", "%s", problem);
    return answer->status == 0;
}

/* The whole ------------------------------------------------------------------------------------*/

/* The words of one kind are no business of the others. */
static bool read_kind(const json_t *body, enum command_kind *out, struct api_answer *answer)
{
    static const char *const names[COMMAND_KINDS] = {
        [COMMAND_OPERATION] = "operation",
        [COMMAND_SERVICE] = "service",
        [COMMAND_PROPERTY] = "property",
    };
    static const char *const others[COMMAND_KINDS][10] = {
        [COMMAND_OPERATION] = {"method", "params"},
        [COMMAND_SERVICE] = {"path", "value", "hex", "format", "accept", "arguments"},
        [COMMAND_PROPERTY] = {"path", "hex", "format", "accept", "arguments", "method", "params"},
    };
    unsigned count = 0;
    for (int i = 0; i < COMMAND_KINDS; i++)
        if (json_object_get(body, names[i]) != NULL) {
            *out = (enum command_kind)i;
            count++;
        }
    if (count != 1) {
        api_problem(answer, 422, "command_kind_unclear", "operation",
                    "a command has either an operation, a service or a property");
        return false;
    }
    for (const char *const *name = others[*out]; *name != NULL; name++)
        if (json_object_get(body, *name) != NULL) {
            api_problem(answer, 422, "command_takes_no", *name, "a command with %s takes no %s",
                        names[*out], *name);
            return false;
        }
    return true;
}

bool live_encode(struct live *live, bc_view endpoint, const json_t *body, struct encoded *out,
                 struct api_answer *answer)
{
    struct service_device known;
    out->accept = out->format = BC_COAP_FORMAT_ABSENT;
    out->path = (struct bc_server_path){0};
    out->payload = (bc_sink){.ptr = out->bytes, .cap = sizeof(out->bytes)};
    if (!read_kind(body, &out->kind, answer))
        return false;
    out->messages_are_text = messages_are_text(live, endpoint);
    if (out->kind == COMMAND_OPERATION)
        return encode_operation(body, out, answer);
    if (!service_device_find(live->service, endpoint, &known)) {
        api_problem(answer, 409, "device_without_product", NULL,
                    "the device is in no product; add it to one");
        return false;
    }
    struct compiled *product = uplinks_compiled(live->uplinks, known.product);
    return out->kind == COMMAND_SERVICE ? encode_service(product, body, out, answer)
                                        : encode_property(product, body, out, answer);
}
