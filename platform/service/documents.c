/*
 * A product's documents: the profile of the IoT platform with its codec (guide 5.2.1), and the
 * thing model of DMP with its mapping (guide 5.5.1). What is in force changes only when it is
 * deployed or published, and then fits what else is in force.
 */
#include <stdlib.h>

#include "base/sink.h"
#include "catalogue.h"
#include "codec.h"
#include "model.h"
#include "private.h"
#include "profile.h"

/* Shapes ---------------------------------------------------------------------------------------*/

#define STRING(field_name)                       \
    {                                            \
        .name = (field_name), .type = API_STRING \
    }
#define ANY(field_name)                                         \
    {                                                           \
        .name = (field_name), .type = API_ANY, .nullable = true \
    }
#define OPEN_SHAPE(called, list)                                                   \
    {                                                                              \
        .name = (called), .fields = (list), .count = API_COUNT(list), .open = true \
    }
#define LIST_OF(field_name, of)                                                                 \
    {                                                                                           \
        .name = (field_name), .type = API_OBJECT, .repeated = true, .max = 1000, .shape = &(of) \
    }

static const struct api_field property_fields[] = {
    STRING("propertyName"),
    STRING("dataType"),
    ANY("min"),
    ANY("max"),
    ANY("step"),
    ANY("unit"),
    ANY("maxLength"),
    ANY("required"),
    ANY("method"),
    ANY("enumList"),
};
static const struct api_shape property_shape = OPEN_SHAPE("ProfileProperty", property_fields);
static const struct api_field param_fields[] = {
    STRING("paraName"), STRING("dataType"), ANY("min"),
    ANY("max"),         ANY("maxLength"),   ANY("required"),
};
static const struct api_shape param_shape = OPEN_SHAPE("ProfileParameter", param_fields);
static const struct api_field command_fields[] = {
    STRING("commandName"),
    LIST_OF("paras", param_shape),
    ANY("responses"),
};
static const struct api_shape command_shape = OPEN_SHAPE("ProfileCommand", command_fields);
static const struct api_field service_fields[] = {
    STRING("serviceType"),
    LIST_OF("properties", property_shape),
    LIST_OF("commands", command_shape),
};
static const struct api_shape service_shape = OPEN_SHAPE("ProfileService", service_fields);
static const struct api_field device_fields[] = {
    STRING("manufacturerId"),
    STRING("manufacturerName"),
    STRING("model"),
    STRING("protocolType"),
    STRING("deviceType"),
    {.name = "omCapability", .type = API_OBJECT, .nullable = true},
    ANY("serviceTypeCapabilities"),
};
static const struct api_shape device_shape = OPEN_SHAPE("ProfileDevice", device_fields);
static const struct api_field profile_fields[] = {
    LIST_OF("devices", device_shape),
    LIST_OF("services", service_shape),
};
static const struct api_shape profile_shape = OPEN_SHAPE("Profile", profile_fields);

static const char *const kinds[] = {"fields", "lua", NULL};
static const struct api_field codec_fields[] = {
    {.name = "kind", .type = API_STRING, .required = true, .words = kinds},
    {.name = "source", .type = API_STRING, .max = CODEC_SOURCE_BYTES_MAX, .about = "Of lua."},
    {.name = "messages", .type = API_OBJECT, .repeated = true, .max = 1000, .about = "Of fields."},
    {.name = "commands", .type = API_OBJECT, .repeated = true, .max = 1000, .about = "Of fields."},
};
static const struct api_shape codec_shape = OPEN_SHAPE("Codec", codec_fields);

static const struct api_field deployed_fields[] = {
    {.name = "kind", .type = API_STRING, .required = true, .words = kinds},
    {.name = "deployed", .type = API_BOOLEAN, .required = true},
};
static const struct api_shape deployed_shape = API_SHAPE("DeployedCodec", deployed_fields);

static const struct api_field call_fields[] = {
    {.name = "service", .type = API_STRING, .required = true, .min = 1, .max = 256},
    {.name = "method", .type = API_STRING, .required = true, .min = 1, .max = 256},
    {.name = "params", .type = API_OBJECT},
};
static const struct api_shape call_shape = API_SHAPE("ServiceCommand", call_fields);
static const struct api_field trial_fields[] = {
    {.name = "hex",
     .type = API_STRING,
     .max = 2 * CODEC_PAYLOAD_BYTES_MAX,
     .about = "Bytes to decode; or:"},
    {.name = "command", .type = API_OBJECT, .shape = &call_shape, .about = "a command to encode."},
};
static const struct api_shape trial_in = API_SHAPE("CodecTrial", trial_fields);
static const struct api_field outcome_fields[] = {
    {.name = "services", .type = API_OBJECT, .repeated = true},
    {.name = "hex", .type = API_STRING},
};
static const struct api_shape trial_out = API_SHAPE("CodecOutcome", outcome_fields);

static const struct api_field model_fields[] = {
    {.name = "properties", .type = API_OBJECT, .repeated = true, .max = 1000},
    {.name = "services", .type = API_OBJECT, .repeated = true, .max = 1000},
    {.name = "events", .type = API_OBJECT, .repeated = true, .max = 1000},
};
static const struct api_shape model_shape = OPEN_SHAPE("ThingModel", model_fields);

static const struct api_field item_fields[] = {
    {.name = "object", .type = API_INTEGER, .required = true, .min = 0, .max = UINT16_MAX},
    {.name = "instance", .type = API_INTEGER, .required = true, .min = 0, .max = UINT16_MAX},
    {.name = "resource", .type = API_INTEGER, .required = true, .min = 0, .max = UINT16_MAX},
    {.name = "identifier", .type = API_STRING, .required = true, .min = 1, .max = 256},
};
static const struct api_shape item_shape = API_SHAPE("Mapped", item_fields);
static const struct api_field mapping_fields[] = {
    {.name = "items",
     .type = API_OBJECT,
     .required = true,
     .repeated = true,
     .max = 1000,
     .shape = &item_shape},
};
static const struct api_shape mapping_shape = API_SHAPE("Mapping", mapping_fields);

/* Reading and writing --------------------------------------------------------------------------*/

static bool take_text(void *context, bc_view text)
{
    *(json_t **)context = json_loadb((const char *)text.ptr, text.len, 0, NULL);
    return false;
}

/* To be released; NULL when there is none. */
static json_t *load(struct service *s, int64_t product, enum bc_document which)
{
    json_t *document = NULL;
    (void)bc_catalogue_document(s->config.store, product, which, take_text, &document);
    return document;
}

json_t *service_product_document(struct service *s, int64_t product, const char *which)
{
    static const struct {
        const char *name;
        enum bc_document document;
    } documents[] = {
        {"profile", BC_DOCUMENT_PROFILE},   {"codec", BC_DOCUMENT_DEPLOYED},
        {"model", BC_DOCUMENT_PUBLISHED},   {"mapping", BC_DOCUMENT_MAPPING},
        {"settings", BC_DOCUMENT_SETTINGS},
    };
    for (size_t i = 0; i < API_COUNT(documents); i++)
        if (bc_view_equal(bc_view_of(which), bc_view_of(documents[i].name)))
            return load(s, product, documents[i].document);
    return NULL;
}

uint64_t service_product_generation(const struct service *s, int64_t product)
{
    (void)product; /* one number for all: products are seldom changed */
    return s->generation;
}

/* The product of the path; 0 with the problem. */
static int64_t product_of(const struct api_call *call, struct api_answer *answer)
{
    int64_t id = service_id(call->segments[0]);
    json_t *settings = load(call->service, id, BC_DOCUMENT_SETTINGS);
    service_enter(call);
    if (settings == NULL)
        service_answer_missing(call, answer, "product");
    json_decref(settings);
    return settings == NULL ? 0 : id;
}

static void show(struct api_call *call, struct api_answer *answer, enum bc_document which,
                 const char *name)
{
    int64_t id = product_of(call, answer);
    if (id == 0)
        return;
    answer->body = load(call->service, id, which);
    if (answer->body == NULL)
        service_answer_missing(call, answer, name);
}

static bool put(const struct api_call *call, struct api_answer *answer, int64_t id,
                enum bc_document which, const json_t *document)
{
    char *text =
        document == NULL ? NULL : json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(15));
    bool done = (text != NULL || document == NULL) &&
                bc_catalogue_put_document(call->service->config.store, id, which,
                                          text == NULL ? (bc_view){0} : bc_view_of(text));
    free(text);
    if (!done)
        service_answer_store(call, answer);
    return done;
}

/* Stores what the body says, and answers it. */
static void keep(struct api_call *call, struct api_answer *answer, int64_t id,
                 enum bc_document which)
{
    if (!put(call, answer, id, which, call->body))
        return;
    answer->body = json_incref(call->body);
    service_product_changed(call->service, id);
}

/* Profile --------------------------------------------------------------------------------------*/

static void show_profile(struct api_call *call, struct api_answer *answer)
{
    show(call, answer, BC_DOCUMENT_PROFILE, "profile");
}

/* Whether the codec that is in force, if there is one, fits a new profile. */
static bool codec_fits(const struct api_call *call, int64_t id, char problem[CODEC_PROBLEM_BYTES])
{
    json_t *definition = load(call->service, id, BC_DOCUMENT_DEPLOYED);
    struct codec *codec = definition == NULL ? NULL : codec_create(definition, call->body, problem);
    bool fits = definition == NULL || codec != NULL;
    codec_destroy(codec);
    json_decref(definition);
    return fits;
}

static void put_profile(struct api_call *call, struct api_answer *answer)
{
    char problem[CODEC_PROBLEM_BYTES];
    int64_t id = product_of(call, answer);
    if (id == 0)
        return;
    if (!profile_check(call->body, problem))
        api_problem(answer, 422, "profile_refused", NULL, "%s", problem);
    else if (!codec_fits(call, id, problem))
        api_problem(answer, 409, "codec_does_not_fit", NULL, "the deployed codec does not fit: %s",
                    problem);
    else
        keep(call, answer, id, BC_DOCUMENT_PROFILE);
}

/* Codec ----------------------------------------------------------------------------------------*/

static void show_codec(struct api_call *call, struct api_answer *answer)
{
    show(call, answer, BC_DOCUMENT_CODEC, "codec");
}

static void put_codec(struct api_call *call, struct api_answer *answer)
{
    int64_t id = product_of(call, answer);
    if (id != 0)
        keep(call, answer, id, BC_DOCUMENT_CODEC);
}

static void drop_codec(struct api_call *call, struct api_answer *answer)
{
    show(call, answer, BC_DOCUMENT_CODEC, "codec");
    int64_t id = service_id(call->segments[0]);
    if (answer->body == NULL)
        return;
    json_decref(answer->body);
    answer->body = NULL;
    if (put(call, answer, id, BC_DOCUMENT_CODEC, NULL) &&
        put(call, answer, id, BC_DOCUMENT_DEPLOYED, NULL))
        service_product_changed(call->service, id);
}

/* The newest codec, compiled with the profile; NULL with the problem. */
static struct codec *compile(const struct api_call *call, int64_t id, const json_t *definition,
                             struct api_answer *answer)
{
    char problem[CODEC_PROBLEM_BYTES];
    json_t *profile = load(call->service, id, BC_DOCUMENT_PROFILE);
    struct codec *codec = codec_create(definition, profile, problem);
    if (codec == NULL)
        api_problem(answer, 422, "codec_refused", NULL, "%s", problem);
    json_decref(profile);
    return codec;
}

static void deploy_codec(struct api_call *call, struct api_answer *answer)
{
    show(call, answer, BC_DOCUMENT_CODEC, "codec");
    json_t *definition = answer->body;
    int64_t id = service_id(call->segments[0]);
    answer->body = NULL;
    if (definition == NULL)
        return;
    struct codec *codec = compile(call, id, definition, answer);
    if (codec != NULL && put(call, answer, id, BC_DOCUMENT_DEPLOYED, definition)) {
        answer->body =
            json_pack("{s:O,s:b}", "kind", json_object_get(definition, "kind"), "deployed", 1);
        service_product_changed(call->service, id);
    }
    codec_destroy(codec);
    json_decref(definition);
}

static void try_decoding(struct codec *codec, bc_view hex, struct api_answer *answer)
{
    char problem[CODEC_PROBLEM_BYTES];
    uint8_t *bytes = malloc(hex.len / 2 + 1);
    if (bytes == NULL)
        api_no_memory(answer);
    else if (!bc_hex_decode(hex, bytes))
        api_problem(answer, 422, "hex_refused", "hex", "hex must be pairs of hexadecimal digits");
    else
        answer->body = codec_decode(codec, (bc_view){bytes, hex.len / 2}, problem);
    if (answer->body == NULL && answer->status == 0)
        api_problem(answer, 422, "not_decodable", "hex", "%s", problem);
    free(bytes);
}

static void try_encoding(struct codec *codec, const json_t *command, struct api_answer *answer)
{
    char problem[CODEC_PROBLEM_BYTES];
    uint8_t bytes[BC_SERVER_VALUE_BYTES_MAX];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    if (codec_encode(codec, json_string_value(json_object_get(command, "service")),
                     json_string_value(json_object_get(command, "method")),
                     json_object_get(command, "params"), &out, problem))
        answer->body = json_pack("{s:o}", "hex", service_hex(bc_sink_view(&out)));
    else
        api_problem(answer, 422, "not_encodable", "command", "%s", problem);
}

static void try_codec(struct api_call *call, struct api_answer *answer)
{
    const json_t *hex = json_object_get(call->body, "hex");
    const json_t *command = json_object_get(call->body, "command");
    if ((hex == NULL) == (command == NULL)) {
        api_problem(answer, 422, "hex_or_command", "hex", "either hex or command is wanted");
        return;
    }
    show(call, answer, BC_DOCUMENT_CODEC, "codec");
    json_t *definition = answer->body;
    answer->body = NULL;
    if (definition == NULL)
        return;
    struct codec *codec = compile(call, service_id(call->segments[0]), definition, answer);
    if (codec != NULL && hex != NULL)
        try_decoding(codec, service_view(hex), answer);
    else if (codec != NULL)
        try_encoding(codec, command, answer);
    codec_destroy(codec);
    json_decref(definition);
}

/* Model and mapping ----------------------------------------------------------------------------*/

static void show_model(struct api_call *call, struct api_answer *answer)
{
    show(call, answer, BC_DOCUMENT_MODEL, "model");
}

static void put_model(struct api_call *call, struct api_answer *answer)
{
    char problem[CODEC_PROBLEM_BYTES];
    int64_t id = product_of(call, answer);
    if (id == 0)
        return;
    if (!model_check(call->body, problem))
        api_problem(answer, 422, "model_refused", NULL, "%s", problem);
    else
        keep(call, answer, id, BC_DOCUMENT_MODEL);
}

/* A mapping always fits the model in force: both are checked when either changes. */
static void publish_model(struct api_call *call, struct api_answer *answer)
{
    char problem[CODEC_PROBLEM_BYTES];
    int64_t id = service_id(call->segments[0]);
    show(call, answer, BC_DOCUMENT_MODEL, "model");
    json_t *model = answer->body;
    if (model == NULL)
        return;
    json_t *mapping = load(call->service, id, BC_DOCUMENT_MAPPING);
    if (mapping != NULL && !mapping_check(model, mapping, problem))
        api_problem(answer, 409, "mapping_does_not_fit", NULL, "the mapping does not fit: %s",
                    problem);
    else if (put(call, answer, id, BC_DOCUMENT_PUBLISHED, model))
        service_product_changed(call->service, id);
    json_decref(mapping);
}

static void show_mapping(struct api_call *call, struct api_answer *answer)
{
    show(call, answer, BC_DOCUMENT_MAPPING, "mapping");
}

static void put_mapping(struct api_call *call, struct api_answer *answer)
{
    char problem[CODEC_PROBLEM_BYTES];
    int64_t id = product_of(call, answer);
    if (id == 0)
        return;
    json_t *model = load(call->service, id, BC_DOCUMENT_PUBLISHED);
    if (model == NULL)
        model = load(call->service, id, BC_DOCUMENT_MODEL);
    if (model == NULL)
        api_problem(answer, 409, "model_missing", NULL, "the product has no model to map to");
    else if (!mapping_check(model, call->body, problem))
        api_problem(answer, 422, "mapping_refused", NULL, "%s", problem);
    else
        keep(call, answer, id, BC_DOCUMENT_MAPPING);
    json_decref(model);
}

#define PRODUCT "/products/{product}"

static const struct api_route routes[] = {
    {"GET", PRODUCT "/profile", API_VIEWER, .out = &profile_shape, .handle = show_profile,
     .about = "The profile, in the shape of OceanConnect."},
    {"PUT", PRODUCT "/profile", API_ADMIN, .in = &profile_shape, .out = &profile_shape,
     .changes = true, .handle = put_profile, .about = "Replaces the profile."},
    {"GET", PRODUCT "/codec", API_VIEWER, .out = &codec_shape, .handle = show_codec,
     .about = "The newest codec, deployed or not."},
    {"PUT", PRODUCT "/codec", API_ADMIN, .in = &codec_shape, .out = &codec_shape, .changes = true,
     .handle = put_codec, .about = "Keeps a codec; what is deployed stays in force."},
    {"DELETE", PRODUCT "/codec", API_ADMIN, .changes = true, .status = 204, .handle = drop_codec,
     .about = "Removes the codec, also the deployed one."},
    {"POST", PRODUCT "/codec/deploy", API_ADMIN, .out = &deployed_shape, .changes = true,
     .handle = deploy_codec, .about = "Puts the newest codec into force."},
    {"POST", PRODUCT "/codec/test", API_OPERATOR, .in = &trial_in, .out = &trial_out,
     .handle = try_codec, .about = "What the newest codec makes of bytes, or of a command."},
    {"GET", PRODUCT "/model", API_VIEWER, .out = &model_shape, .handle = show_model,
     .about = "The newest thing model, published or not."},
    {"PUT", PRODUCT "/model", API_ADMIN, .in = &model_shape, .out = &model_shape, .changes = true,
     .handle = put_model, .about = "Keeps a model; what is published stays in force."},
    {"POST", PRODUCT "/model/publish", API_ADMIN, .out = &model_shape, .changes = true,
     .handle = publish_model, .about = "Puts the newest model into force."},
    {"GET", PRODUCT "/mapping", API_VIEWER, .out = &mapping_shape, .handle = show_mapping,
     .about = "Which resource is which property of the model."},
    {"PUT", PRODUCT "/mapping", API_ADMIN, .in = &mapping_shape, .out = &mapping_shape,
     .changes = true, .handle = put_mapping, .about = "Replaces the mapping."},
};
const struct api_table api_documents = API_TABLE(routes);
