/*
 * The live part as a whole: its pieces made and unmade, events and time passed on to them, and the
 * rows of its resources. See live.h.
 */
#include "live.h"

#include <stdlib.h>

struct live *live_create(struct service *service)
{
    struct live *live = calloc(1, sizeof(*live));
    if (live == NULL)
        return NULL;
    live->service = service;
    live->started_utc_ms = service->now.utc_ms;
    live->uplinks = uplinks_create(live);
    live->messages = messages_create(live);
    live->dispatch = dispatch_create(live);
    if (live->uplinks != NULL && live->messages != NULL && live->dispatch != NULL)
        return live;
    live_destroy(live);
    return NULL;
}

void live_destroy(struct live *live)
{
    if (live == NULL)
        return;
    dispatch_destroy(live->dispatch);
    messages_destroy(live->messages);
    uplinks_destroy(live->uplinks);
    free(live);
}

bool live_observes(struct live *live, int64_t product, const struct bc_server_path *instance,
                   bool usual)
{
    return uplinks_observes(uplinks_compiled(live->uplinks, product), instance, usual);
}

/* Decoded first: who waits for a command's end may ask at once for what it brought. */
void live_on_event(struct live *live, const struct bc_server_event *event)
{
    if (event->device == NULL)
        return;
    messages_on_event(live->messages, event);
    uplinks_on_event(live->uplinks, event);
    dispatch_on_event(live->dispatch, event);
}

void live_on_message(struct live *live, const struct bc_address *peer, bool up, bc_view message)
{
    messages_add(live->messages, peer, up, message);
}

void live_settle(struct live *live)
{
    dispatch_settle(live->dispatch);
}

void live_on_time(struct live *live)
{
    dispatch_on_time(live->dispatch);
}

uint64_t live_deadline(const struct live *live)
{
    return dispatch_deadline(live->dispatch);
}

void live_after_commit(struct live *live, bool committed)
{
    dispatch_after_commit(live->dispatch, committed);
}

void live_on_removed(struct live *live, bc_view endpoint)
{
    dispatch_on_removed(live->dispatch, endpoint);
}

size_t live_commands_waiting(struct live *live, bc_view endpoint)
{
    uint64_t all = dispatch_waiting(live->dispatch);
    if (endpoint.len == 0 || all == 0)
        return (size_t)all;
    return (size_t)bc_queue_waiting(live_store(live), endpoint);
}

/* Resources ------------------------------------------------------------------------------------*/

static const char *const operations[] = {"read",    "write",  "execute", "discover",
                                         "observe", "cancel", NULL};
static const char *const kinds[] = {"operation", "service", "property", NULL};
static const char *const states[] = {"PENDING", "SENT",    "DELIVERED", "SUCCESSFUL", "FAILED",
                                     "EXPIRED", "TIMEOUT", "CANCELED",  NULL};
static const char *const row_kinds[] = {"notify", "dp", "response", NULL};
static const char *const directions[] = {"up", "down", NULL};
static const char *const types[] = {"CON", "NON", "ACK", "RST", NULL};

#define FORMAT_MAX 65535
#define TIME_MAX INT64_C(253402300799999) /* year 9999 */
#define PATH_CHARS_MAX 24

static const struct api_field new_command_fields[] = {
    {.name = "operation",
     .type = API_STRING,
     .words = operations,
     .about = "Of LwM2M, on a path. Or a command is of a service, or for a property."},
    {.name = "path",
     .type = API_STRING,
     .min = 2,
     .max = PATH_CHARS_MAX,
     .about = "/OBJECT[/INSTANCE[/RESOURCE]]"},
    {.name = "value", .type = API_ANY, .about = "To write, as text/plain; or a property's."},
    {.name = "hex",
     .type = API_STRING,
     .max = 2 * BC_SERVER_VALUE_BYTES_MAX,
     .about = "To write, as bytes of `format`."},
    {.name = "format",
     .type = API_INTEGER,
     .max = FORMAT_MAX,
     .about = "Content format: 0 text, 42 opaque, 11542 TLV, 11543 JSON."},
    {.name = "accept", .type = API_INTEGER, .max = FORMAT_MAX},
    {.name = "arguments",
     .type = API_STRING,
     .max = BC_SERVER_VALUE_BYTES_MAX,
     .about = "Of an execute."},
    {.name = "service",
     .type = API_STRING,
     .min = 1,
     .max = 128,
     .about = "A service of the product's profile: through its codec to /19/1/0."},
    {.name = "method", .type = API_STRING, .min = 1, .max = 128},
    {.name = "params", .type = API_OBJECT},
    {.name = "property",
     .type = API_STRING,
     .min = 1,
     .max = 128,
     .about = "A property of the product's thing model: through its mapping."},
    {.name = "expire_s",
     .type = API_INTEGER,
     .min = 0,
     .max = 172800,
     .about = "How long it waits for a device that sleeps or is not there: 172800, 48 h, unless"
              " given. 0: it is sent now or has failed."},
};
static const struct api_shape new_command = API_SHAPE("NewCommand", new_command_fields);

static const struct api_field command_fields[] = {
    {.name = "id", .type = API_INTEGER, .required = true},
    {.name = "endpoint", .type = API_STRING, .required = true},
    {.name = "endpoint_hex", .type = API_STRING},
    {.name = "kind", .type = API_STRING, .required = true, .words = kinds},
    {.name = "operation", .type = API_STRING, .required = true, .words = operations},
    {.name = "path", .type = API_STRING, .required = true},
    {.name = "request", .type = API_OBJECT, .nullable = true, .about = "As it was given."},
    {.name = "state", .type = API_STRING, .required = true, .words = states},
    {.name = "created_ms", .type = API_INTEGER, .required = true},
    {.name = "expires_ms", .type = API_INTEGER, .required = true},
    {.name = "sent_ms", .type = API_INTEGER, .nullable = true},
    {.name = "ended_ms", .type = API_INTEGER, .nullable = true},
    {.name = "code", .type = API_STRING, .nullable = true, .about = "Of the device's answer."},
    {.name = "format", .type = API_INTEGER, .nullable = true},
    {.name = "hex", .type = API_STRING, .nullable = true},
    {.name = "text", .type = API_STRING, .nullable = true, .about = "When it is printable."},
    {.name = "value",
     .type = API_ANY,
     .nullable = true,
     .about = "The answer's value; of several resources, an object of values by path."},
    {.name = "reason", .type = API_STRING, .nullable = true},
};
static const struct api_shape command = API_SHAPE("Command", command_fields);

static const struct api_field wait_fields[] = {
    {.name = "wait",
     .type = API_INTEGER,
     .min = 0,
     .max = 60,
     .about = "Answer when the command has ended, or after so many seconds."},
};
static const struct api_shape wait_query = API_SHAPE("CommandWait", wait_fields);

static const struct api_field commands_query_fields[] = {
    API_WINDOW_FIELDS,
    {.name = "state", .type = API_STRING, .words = states},
};
static const struct api_shape commands_query = API_SHAPE("CommandQuery", commands_query_fields);

static const struct api_field resource_fields[] = {
    {.name = "resource", .type = API_INTEGER, .required = true},
    {.name = "name", .type = API_STRING, .nullable = true},
    {.name = "operations", .type = API_STRING, .nullable = true, .about = "R, W, RW or E."},
    {.name = "observed", .type = API_BOOLEAN, .required = true},
    {.name = "value", .type = API_ANY, .nullable = true, .about = "The newest that was seen."},
    {.name = "time_ms", .type = API_INTEGER, .nullable = true},
};
static const struct api_shape resource = API_SHAPE("Resource", resource_fields);
static const struct api_field instance_fields[] = {
    {.name = "instance", .type = API_INTEGER, .required = true},
    {.name = "observed", .type = API_BOOLEAN, .required = true},
    {.name = "resources", .type = API_OBJECT, .repeated = true, .shape = &resource},
};
static const struct api_shape instance = API_SHAPE("ObjectInstance", instance_fields);
static const struct api_field object_fields[] = {
    {.name = "object", .type = API_INTEGER, .required = true},
    {.name = "name", .type = API_STRING, .nullable = true},
    {.name = "observed", .type = API_BOOLEAN, .required = true},
    {.name = "instances", .type = API_OBJECT, .repeated = true, .shape = &instance},
};
static const struct api_shape object = API_SHAPE("Object", object_fields);

static const struct api_field row_fields[] = {
    {.name = "number",
     .type = API_INTEGER,
     .required = true,
     .about = "From 1 within each device, without gaps."},
    {.name = "time_ms", .type = API_INTEGER, .required = true},
    {.name = "kind", .type = API_STRING, .required = true, .words = row_kinds},
    {.name = "path", .type = API_STRING, .nullable = true},
    {.name = "code", .type = API_STRING, .required = true},
    {.name = "format", .type = API_INTEGER, .nullable = true},
    {.name = "hex", .type = API_STRING, .required = true},
    {.name = "text", .type = API_STRING, .nullable = true, .about = "When it is printable."},
    {.name = "values", .type = API_OBJECT, .nullable = true, .about = "What was decoded of it."},
    {.name = "observe", .type = API_INTEGER, .nullable = true},
    {.name = "confirmable", .type = API_BOOLEAN},
    {.name = "stale", .type = API_BOOLEAN, .about = "A newer one had come before."},
    {.name = "more", .type = API_BOOLEAN, .about = "Only the first block is here."},
};
static const struct api_shape row = API_SHAPE("DataRow", row_fields);
static const struct api_field data_query_fields[] = {
    API_WINDOW_FIELDS,
    {.name = "from",
     .type = API_INTEGER,
     .min = 1,
     .max = INT64_MAX,
     .about = "The first row's number; without any, the newest rows."},
    {.name = "to", .type = API_INTEGER, .min = 1, .max = INT64_MAX},
    {.name = "from_ms", .type = API_INTEGER, .min = 0, .max = TIME_MAX},
    {.name = "to_ms", .type = API_INTEGER, .min = 0, .max = TIME_MAX},
};
static const struct api_shape data_query = API_SHAPE("DataQuery", data_query_fields);

static const struct api_field property_fields[] = {
    {.name = "name", .type = API_STRING, .required = true},
    {.name = "value", .type = API_ANY, .nullable = true, .required = true},
    {.name = "unit", .type = API_STRING, .nullable = true},
    {.name = "time_ms", .type = API_INTEGER, .required = true},
};
static const struct api_shape property = API_SHAPE("Property", property_fields);
static const struct api_field point_fields[] = {
    {.name = "time_ms", .type = API_INTEGER, .required = true},
    {.name = "number", .type = API_INTEGER, .required = true, .about = "Of the row of data."},
    {.name = "value", .type = API_ANY, .nullable = true, .required = true},
};
static const struct api_shape point = API_SHAPE("PropertyPoint", point_fields);
static const struct api_field history_query_fields[] = {
    {.name = "limit", .type = API_INTEGER, .min = 1, .max = 1000, .about = "The newest so many."},
    {.name = "from_ms", .type = API_INTEGER, .min = 0, .max = TIME_MAX},
    {.name = "to_ms", .type = API_INTEGER, .min = 0, .max = TIME_MAX},
};
static const struct api_shape history_query = API_SHAPE("HistoryQuery", history_query_fields);

static const struct api_field option_fields[] = {
    {.name = "name", .type = API_STRING, .required = true},
    {.name = "value", .type = API_ANY, .required = true},
};
static const struct api_shape option = API_SHAPE("MessageOption", option_fields);
static const struct api_field message_fields[] = {
    {.name = "time_ms", .type = API_INTEGER, .required = true},
    {.name = "direction", .type = API_STRING, .required = true, .words = directions},
    {.name = "address", .type = API_STRING, .required = true},
    {.name = "type", .type = API_STRING, .nullable = true, .words = types},
    {.name = "code", .type = API_STRING, .nullable = true},
    {.name = "message_id", .type = API_INTEGER, .nullable = true},
    {.name = "token", .type = API_STRING, .nullable = true},
    {.name = "options", .type = API_OBJECT, .repeated = true, .shape = &option},
    {.name = "payload_hex", .type = API_STRING, .required = true},
    {.name = "payload_text", .type = API_STRING, .nullable = true},
};
static const struct api_shape message = API_SHAPE("Message", message_fields);
static const struct api_field messages_query_fields[] = {API_WINDOW_FIELDS};
static const struct api_shape messages_query = API_SHAPE("MessageQuery", messages_query_fields);

static const char *const store_states[] = {"ok", "failed", NULL};
static const struct api_field store_fields[] = {
    {.name = "state", .type = API_STRING, .required = true, .words = store_states},
    {.name = "problem", .type = API_STRING, .nullable = true},
};
static const struct api_shape store = API_SHAPE("StoreState", store_fields);
static const struct api_field status_fields[] = {
    {.name = "version", .type = API_STRING, .required = true},
    {.name = "uptime_s", .type = API_INTEGER, .required = true},
    {.name = "devices", .type = API_INTEGER, .required = true, .about = "That were added."},
    {.name = "registered", .type = API_INTEGER, .required = true},
    {.name = "commands_waiting", .type = API_INTEGER, .required = true},
    {.name = "store", .type = API_OBJECT, .required = true, .shape = &store},
    {.name = "listeners",
     .type = API_OBJECT,
     .required = true,
     .about = "Where it listens: HOST:PORT by kind."},
};
static const struct api_shape status = API_SHAPE("Status", status_fields);

static const struct api_route routes[] = {
    {"GET", "/devices/{endpoint}/objects", API_VIEWER, .out = &object, .lists = true,
     .handle = live_list_objects,
     .about = "What the device announced, with the newest values that were seen."},
    {"POST", "/devices/{endpoint}/commands", API_OPERATOR, .query = &wait_query, .in = &new_command,
     .out = &command, .changes = true, .status = 202, .handle = live_add_command,
     .about = "Gives the device a command: 202 while it waits, 200 when it has ended."},
    {"GET", "/devices/{endpoint}/commands", API_VIEWER, .query = &commands_query, .out = &command,
     .lists = true, .handle = live_list_device_commands, .about = "The newest first."},
    {"GET", "/commands", API_VIEWER, .query = &commands_query, .out = &command, .lists = true,
     .handle = live_list_commands, .about = "Of all devices, the newest first."},
    {"GET", "/commands/{command}", API_VIEWER, .out = &command, .handle = live_show_command,
     .about = "One command."},
    {"DELETE", "/commands/{command}", API_OPERATOR, .out = &command, .changes = true,
     .handle = live_cancel_command,
     .about = "Cancels it; one that was sent already may be carried out all the same."},
    {"GET", "/devices/{endpoint}/data", API_VIEWER, .query = &data_query, .out = &row,
     .lists = true, .handle = live_list_data, .about = "What the device reported, oldest first."},
    {"GET", "/devices/{endpoint}/properties", API_VIEWER, .out = &property, .lists = true,
     .handle = live_list_properties, .about = "The newest decoded values."},
    {"GET", "/devices/{endpoint}/properties/{property}", API_VIEWER, .query = &history_query,
     .out = &point, .lists = true, .handle = live_list_history,
     .about = "What a property was, oldest first."},
    {"GET", "/devices/{endpoint}/messages", API_VIEWER, .query = &messages_query, .out = &message,
     .lists = true, .handle = live_list_messages,
     .about = "CoAP messages from and to the device, as far as they are remembered, newest first."},
    {"GET", "/status", API_VIEWER, .out = &status, .handle = live_show_status,
     .about = "How the platform is."},
};
const struct api_table api_live = API_TABLE(routes);
