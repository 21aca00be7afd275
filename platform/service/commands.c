/*
 * Commands as resources: given, listed, canceled. When they leave is dispatch.c's, what they are on
 * the wire encode.c's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "coap/message.h"
#include "live.h"
#include "objects.h"

#define EXPIRE_S_DEFAULT 172800 /* 48 h */
/* Of a command that is to leave now: behind others that are on their way. */
#define EXPIRE_S_NOW 60
#define CODE_CHARS 8

static const char *const state_names[BC_QUEUE_STATES + 1] = {
    "PENDING", "SENT", "DELIVERED", "SUCCESSFUL", "FAILED", "EXPIRED", "TIMEOUT", "CANCELED",
};

static struct live *live_of(const struct api_call *call)
{
    return call->service->live;
}

/* Shown ----------------------------------------------------------------------------------------*/

static void set(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value);
}

static json_t *time_or_null(int64_t utc_ms)
{
    return utc_ms == 0 ? json_null() : json_integer(utc_ms);
}

static json_t *text_or_null(bc_view text)
{
    return text.len == 0 ? json_null() : service_text(text);
}

static json_t *code_text(uint8_t code)
{
    char text[CODE_CHARS];
    (void)snprintf(text, sizeof(text), "%d.%02d", code >> 5, code & 31);
    return code == 0 ? json_null() : json_string(text);
}

/* One value as it is; of more resources, each by its path. */
static json_t *decoded(const struct bc_queue_command *command)
{
    struct bc_server_path path;
    if (command->answer.len == 0 || !bc_server_path_parse(command->path, &path))
        return json_null();
    json_t *values = objects_decode(&path, command->answer_format, command->answer);
    if (json_object_size(values) != 1)
        return values == NULL ? json_null() : values;
    json_t *only = json_incref(json_object_iter_value(json_object_iter(values)));
    json_decref(values);
    return only;
}

json_t *live_command_json(const struct bc_queue_command *command)
{
    static const char *const kinds[] = {"operation", "service", "property"};
    json_t *out = json_object();
    json_t *request = live_parse(command->description);
    bool formatted = command->answer_format != BC_COAP_FORMAT_ABSENT;
    set(out, "id", json_integer((json_int_t)command->id));
    service_set_endpoint(out, command->endpoint);
    set(out, "kind", json_string(kinds[command->kind < COMMAND_KINDS ? command->kind : 0]));
    set(out, "operation", json_string(bc_server_operation_name(command->operation)));
    set(out, "path", service_text(command->path));
    set(out, "request", request != NULL ? request : json_null());
    set(out, "state", json_string(state_names[command->state]));
    set(out, "created_ms", json_integer(command->created_ms));
    set(out, "expires_ms", json_integer(command->expires_ms));
    set(out, "sent_ms", time_or_null(command->sent_ms));
    set(out, "ended_ms", time_or_null(command->ended_ms));
    set(out, "code", code_text(command->code));
    set(out, "format", formatted ? json_integer(command->answer_format) : json_null());
    set(out, "hex", command->answer.len == 0 ? json_null() : service_hex(command->answer));
    set(out, "text",
        command->answer.len == 0 || command->answer_format == BC_COAP_FORMAT_TLV
            ? json_null()
            : live_printable(command->answer));
    set(out, "value", command->code >> 5 == 2 ? decoded(command) : json_null());
    set(out, "reason", text_or_null(command->reason));
    return out;
}

static bool take_json(void *context, const struct bc_queue_command *command)
{
    json_t **out = context;
    *out = live_command_json(command);
    return true;
}

json_t *live_command(struct live *live, uint64_t id)
{
    json_t *out = NULL;
    (void)bc_queue_find(live_store(live), id, take_json, &out);
    return out;
}

void live_show_command(struct api_call *call, struct api_answer *answer)
{
    service_enter(call);
    answer->body = live_command(live_of(call), (uint64_t)service_id(call->segments[0]));
    if (answer->body == NULL)
        service_answer_missing(call, answer, "command");
}

struct page {
    json_t *items;
    size_t limit;
    uint64_t last; /* of those shown */
    bool more;
};

static bool take_item(void *context, const struct bc_queue_command *command)
{
    struct page *page = context;
    page->more = json_array_size(page->items) == page->limit;
    if (page->more)
        return false;
    (void)json_array_append_new(page->items, live_command_json(command));
    page->last = command->id;
    return true;
}

static enum bc_queue_state state_asked(const struct api_call *call)
{
    const char *name = json_string_value(json_object_get(call->query, "state"));
    for (int i = 0; name != NULL && i < BC_QUEUE_STATES; i++)
        if (strcmp(state_names[i], name) == 0)
            return (enum bc_queue_state)i;
    return BC_QUEUE_STATES;
}

static void list(struct api_call *call, struct api_answer *answer, bc_view endpoint)
{
    struct api_window window = api_window(call);
    struct page page = {.items = json_array(), .limit = window.limit};
    uint64_t before = window.cursor > 0 ? (uint64_t)window.cursor : INT64_MAX;
    service_enter(call);
    bc_queue_list(live_store(live_of(call)), endpoint, state_asked(call), before, window.limit + 1,
                  take_item, &page);
    api_page(answer, page.items, page.more ? (int64_t)page.last : 0);
}

void live_list_commands(struct api_call *call, struct api_answer *answer)
{
    list(call, answer, (bc_view){0});
}

void live_list_device_commands(struct api_call *call, struct api_answer *answer)
{
    list(call, answer, call->segments[0]);
}

/* Given ----------------------------------------------------------------------------------------*/

static bool is_known(struct live *live, bc_view endpoint)
{
    struct service_device known;
    struct bc_server_device device;
    return endpoint.len > 0 && endpoint.len <= BC_ENDPOINT_BYTES_MAX &&
           (service_device_find(live->service, endpoint, &known) ||
            bc_server_find(live->service->config.server, endpoint, &device));
}

static bool has_room(struct live *live, bc_view endpoint, struct api_answer *answer)
{
    if (dispatch_waiting(live->dispatch) >= LIVE_WAITING_ALL_MAX)
        api_problem(answer, 429, "commands_full", NULL, "%d commands are waiting",
                    LIVE_WAITING_ALL_MAX);
    else if (bc_queue_waiting(live_store(live), endpoint) >= LIVE_WAITING_MAX)
        api_problem(answer, 429, "device_commands_full", NULL,
                    "%d commands are waiting for this device", LIVE_WAITING_MAX);
    return answer->status == 0;
}

/* Seconds; `now_only` for those that are not to wait for the device. */
static int64_t expiry(const json_t *body, bool *now_only)
{
    const json_t *given = json_object_get(body, "expire_s");
    int64_t seconds = given != NULL ? json_integer_value(given) : EXPIRE_S_DEFAULT;
    *now_only = seconds == 0;
    return *now_only ? EXPIRE_S_NOW : seconds;
}

static bool add(struct api_call *call, const struct encoded *encoded, uint64_t *id)
{
    struct live *live = live_of(call);
    char path[BC_SERVER_PATH_CHARS_MAX + 1];
    bool now_only;
    int64_t seconds = expiry(call->body, &now_only);
    char *description = json_dumps(call->body, JSON_COMPACT | JSON_REAL_PRECISION(15));
    if (description == NULL)
        return false;
    bc_server_path_text(&encoded->path, path);
    struct bc_queue_command command = {
        .endpoint = call->segments[0],
        .kind = (uint8_t)encoded->kind,
        .operation = encoded->operation,
        .path = bc_view_of(path),
        .accept = encoded->accept,
        .format = encoded->format,
        .payload = bc_sink_view(&encoded->payload),
        .description = bc_view_of(description),
        .created_ms = call->utc_ms,
        .expires_ms = call->utc_ms + seconds * 1000,
    };
    bool done = dispatch_add(live->dispatch, &command, now_only, id);
    free(description);
    return done;
}

void live_add_command(struct api_call *call, struct api_answer *answer)
{
    struct live *live = live_of(call);
    struct encoded encoded;
    uint64_t id;
    service_enter(call);
    if (!is_known(live, call->segments[0])) {
        service_answer_missing(call, answer, "device");
        return;
    }
    if (!has_room(live, call->segments[0], answer) ||
        !live_encode(live, call->segments[0], call->body, &encoded, answer))
        return;
    if (!add(call, &encoded, &id)) {
        service_answer_store(call, answer);
        return;
    }
    answer->body = live_command(live, id);
    bool ended = json_object_get(answer->body, "ended_ms") != NULL &&
                 !json_is_null(json_object_get(answer->body, "ended_ms"));
    answer->status = ended ? 200 : 202;
    if (!ended) {
        answer->command = id;
        answer->wait_ms = 1000 * (uint64_t)json_integer_value(json_object_get(call->query, "wait"));
    }
}

static bool take_state(void *context, const struct bc_queue_command *command)
{
    *(enum bc_queue_state *)context = command->state;
    return true;
}

void live_cancel_command(struct api_call *call, struct api_answer *answer)
{
    struct live *live = live_of(call);
    uint64_t id = (uint64_t)service_id(call->segments[0]);
    enum bc_queue_state state;
    service_enter(call);
    if (!bc_queue_find(live_store(live), id, take_state, &state)) {
        service_answer_missing(call, answer, "command");
        return;
    }
    if (bc_queue_ended(state)) {
        api_problem(answer, 409, "command_ended", NULL, "this command has ended: %s",
                    state_names[state]);
        return;
    }
    struct bc_queue_end end = {
        .state = BC_QUEUE_CANCELED,
        .format = BC_COAP_FORMAT_ABSENT,
        .reason = state == BC_QUEUE_PENDING ? NULL : "it was sent already, and may be carried out",
    };
    if (dispatch_end(live->dispatch, id, &end))
        answer->body = live_command(live, id);
    else
        service_answer_store(call, answer);
}
