/*
 * Commands are rows: name, how many arguments, what they are, what to do. See commands.h.
 */
#include "commands.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "coap/message.h"
#include "json.h"
#include "words.h"

#define DEVICES_SHOWN 1000
#define ROWS_SHOWN 100
#define ROWS_SHOWN_MAX 1000
#define ROWS_BYTES_MAX (1024 * 1024) /* of payloads in one answer */

struct row {
    const char *name;
    const char *params;
    size_t args_min, args_max;
    enum bc_server_operation operation; /* of the ones that go to a device */
    json_t *(*run)(struct command_context *context, const struct row *row,
                   const struct words *args);
};

static json_t *ok(void)
{
    json_t *object = json_object();
    json_object_set_new(object, "ok", json_true());
    return object;
}

static json_t *run_devices(struct command_context *context, const struct row *row,
                           const struct words *args)
{
    (void)row;
    struct bc_server_device device;
    int64_t limit = DEVICES_SHOWN;
    if (args->count == 2 && (!bc_view_int(args->list[1].text, &limit) || limit < 0))
        return platform_json_error("devices takes a number, how many to show");
    json_t *object = ok();
    json_t *list = json_array();
    const void *cursor = bc_server_next(context->server, NULL, &device);
    for (; cursor != NULL && limit > 0; limit--) {
        json_array_append_new(list, platform_json_device(&device));
        cursor = bc_server_next(context->server, cursor, &device);
    }
    json_object_set_new(object, "count",
                        json_integer((json_int_t)bc_server_device_count(context->server)));
    json_object_set_new(object, "devices", list);
    return object;
}

static json_t *no_device(void)
{
    return platform_json_error("no such device is registered; 'devices' lists them");
}

static json_t *run_device(struct command_context *context, const struct row *row,
                          const struct words *args)
{
    (void)row;
    struct bc_server_device device;
    if (!bc_server_find(context->server, args->list[1].text, &device))
        return no_device();
    json_t *object = ok();
    json_t *details = platform_json_device(&device);
    json_object_update(object, details);
    json_decref(details);
    return object;
}

struct rows_shown {
    json_t *list;
    size_t bytes;
    uint64_t next; /* behind the last one that is shown */
};

static bool show_row(void *context, const struct bc_store_row *row)
{
    struct rows_shown *shown = context;
    if (shown->bytes > 0 && shown->bytes + row->payload.len > ROWS_BYTES_MAX)
        return false;
    json_array_append_new(shown->list, platform_json_row(row));
    shown->bytes += row->payload.len;
    shown->next = row->number + 1;
    return true;
}

static json_t *data_failed(struct command_context *context)
{
    const char *problem = bc_store_problem(context->store);
    return problem[0] == '\0' ? platform_json_error("no such device is stored")
                              : platform_json_error("the store cannot be read: %s", problem);
}

/* `data EP` shows the newest rows. */
static json_t *run_data(struct command_context *context, const struct row *row,
                        const struct words *args)
{
    (void)row;
    struct bc_store_range range;
    struct rows_shown shown = {0};
    bc_view endpoint = args->list[1].text;
    int64_t from = 0, count = ROWS_SHOWN;
    if (context->store == NULL)
        return platform_json_error("there is no store; start with --store");
    if (args->count > 2 && (!bc_view_int(args->list[2].text, &from) || from < 1))
        return platform_json_error("FROM is the number of a row, 1 or more");
    if (args->count > 3 &&
        (!bc_view_int(args->list[3].text, &count) || count < 1 || count > ROWS_SHOWN_MAX))
        return platform_json_error("COUNT is 1 to %d", ROWS_SHOWN_MAX);
    if (!bc_store_range(context->store, endpoint, &range))
        return data_failed(context);
    if (from == 0 && range.last > ROWS_SHOWN)
        from = (int64_t)(range.last - ROWS_SHOWN) + 1;
    shown.list = json_array();
    if (!bc_store_read(context->store, endpoint, (uint64_t)from, (uint64_t)count, show_row,
                       &shown)) {
        json_decref(shown.list);
        return data_failed(context);
    }
    json_t *object = ok();
    json_object_set_new(object, "first", json_integer((json_int_t)range.first));
    json_object_set_new(object, "last", json_integer((json_int_t)range.last));
    json_object_set_new(object, "rows", shown.list);
    if (shown.next > 0 && shown.next <= range.last)
        json_object_set_new(object, "next", json_integer((json_int_t)shown.next));
    return object;
}

/* `psk EP -` removes, `psk EP IDENTITY KEY` sets. */
static json_t *run_psk(struct command_context *context, const struct row *row,
                       const struct words *args)
{
    (void)row;
    struct keys_entry entry;
    const struct word *words = &args->list[1];
    if (args->count == 3 && (words[1].quoted || !bc_view_equal(words[1].text, BC_TEXT("-"))))
        return platform_json_error("usage: psk EP IDENTITY KEY, or psk EP -");
    if (args->count == 3)
        return platform_security_remove(context->security, context->now_ms, words[0].text)
                   ? ok()
                   : platform_json_error("this endpoint has no key");
    const char *problem = platform_keys_read(words, &entry);
    if (problem == NULL)
        problem = platform_security_set(context->security, context->now_ms, &entry);
    return problem == NULL ? ok() : platform_json_error("%s", problem);
}

static json_t *run_quit(struct command_context *context, const struct row *row,
                        const struct words *args)
{
    (void)row;
    (void)args;
    context->quit = true;
    return ok();
}

static json_t *run_help(struct command_context *context, const struct row *row,
                        const struct words *args);

/* "text", "opaque", "tlv", "json", "link", or a number. */
static bool read_format(bc_view text, int32_t *out)
{
    static const struct {
        const char *name;
        int32_t format;
    } formats[] = {
        {"text", BC_COAP_FORMAT_TEXT}, {"opaque", BC_COAP_FORMAT_OPAQUE},
        {"tlv", BC_COAP_FORMAT_TLV},   {"json", BC_COAP_FORMAT_JSON},
        {"link", BC_COAP_FORMAT_LINK},
    };
    int64_t value;
    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
        if (bc_view_equal(text, bc_view_of(formats[i].name))) {
            *out = formats[i].format;
            return true;
        }
    if (!bc_view_int(text, &value) || value < 0 || value > UINT16_MAX)
        return false;
    *out = (int32_t)value;
    return true;
}

/* Hex digits become bytes where they stand. */
static bool read_hex(bc_view digits, bc_view *out)
{
    static uint8_t bytes[COMMAND_BYTES_MAX];
    if (digits.len == 0 || digits.len / 2 > sizeof(bytes) || !bc_hex_decode(digits, bytes))
        return false;
    *out = (bc_view){bytes, digits.len / 2};
    return true;
}

/* What to write: "text", hex digits, tlv:HEX, or else text. */
static bool read_value(const struct word *arg, struct bc_server_request *out)
{
    assert(arg != NULL); /* the row says that it is there */
    out->payload = arg->text;
    out->format = BC_COAP_FORMAT_TEXT;
    if (arg->quoted)
        return true;
    if (arg->text.len >= 4 && memcmp(arg->text.ptr, "tlv:", 4) == 0) {
        out->format = BC_COAP_FORMAT_TLV;
        return read_hex((bc_view){arg->text.ptr + 4, arg->text.len - 4}, &out->payload);
    }
    if (read_hex(arg->text, &out->payload))
        out->format = BC_COAP_FORMAT_OPAQUE;
    return true;
}

static json_t *refused(enum bc_err err)
{
    switch (err) {
    case BC_ERR_ABSENT:
        return no_device();
    case BC_ERR_FULL:
        return platform_json_error("too much is open towards this device; wait for answers");
    case BC_ERR_RANGE:
        return platform_json_error("a value has at most %d bytes", BC_SERVER_VALUE_BYTES_MAX);
    case BC_ERR_STATE:
        return platform_json_error("this path is not observed, or about to change");
    default:
        return platform_json_error("wrong command");
    }
}

static json_t *run_request(struct command_context *context, const struct row *row,
                           const struct words *args)
{
    const struct word *extra = args->count > 3 ? &args->list[3] : NULL;
    struct bc_server_request request = {
        .operation = row->operation,
        .accept = BC_COAP_FORMAT_ABSENT,
        .format = BC_COAP_FORMAT_ABSENT,
        .tag = context->tag,
    };
    if (!bc_server_path_parse(args->list[2].text, &request.path))
        return platform_json_error("a path is /OBJECT[/INSTANCE[/RESOURCE[/INSTANCE]]]");
    if (row->operation == BC_SERVER_WRITE) {
        if (!read_value(extra, &request))
            return platform_json_error("tlv: is followed by hex digits");
    } else if (row->operation == BC_SERVER_EXECUTE && extra != NULL) {
        request.payload = extra->text;
        request.format = BC_COAP_FORMAT_TEXT;
    } else if (extra != NULL && !read_format(extra->text, &request.accept)) {
        return platform_json_error("ACCEPT is text, opaque, tlv, json, link or a number");
    }
    enum bc_err err =
        bc_server_request(context->server, context->now_ms, args->list[1].text, &request);
    return err == BC_OK ? NULL : refused(err);
}

static const struct row rows[] = {
    {"devices", "[LIMIT]", 0, 1, BC_SERVER_NO_OPERATION, run_devices},
    {"device", "EP", 1, 1, BC_SERVER_NO_OPERATION, run_device},
    {"data", "EP [FROM [COUNT]]", 1, 3, BC_SERVER_NO_OPERATION, run_data},
    {"read", "EP PATH [ACCEPT]", 2, 3, BC_SERVER_READ, run_request},
    {"write", "EP PATH HEX|TEXT|\"TEXT\"|tlv:HEX", 3, 3, BC_SERVER_WRITE, run_request},
    {"execute", "EP PATH [ARGUMENTS]", 2, 3, BC_SERVER_EXECUTE, run_request},
    {"discover", "EP PATH", 2, 2, BC_SERVER_DISCOVER, run_request},
    {"observe", "EP PATH [ACCEPT]", 2, 3, BC_SERVER_OBSERVE, run_request},
    {"cancel", "EP PATH", 2, 2, BC_SERVER_CANCEL, run_request},
    {"psk", "EP IDENTITY KEY|-", 2, 3, BC_SERVER_NO_OPERATION, run_psk},
    {"help", "", 0, 0, BC_SERVER_NO_OPERATION, run_help},
    {"quit", "", 0, 0, BC_SERVER_NO_OPERATION, run_quit},
};
#define ROW_COUNT (sizeof(rows) / sizeof(rows[0]))

static json_t *run_help(struct command_context *context, const struct row *row,
                        const struct words *args)
{
    (void)context;
    (void)row;
    (void)args;
    json_t *object = ok();
    json_t *list = json_array();
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const char *space = rows[i].params[0] == '\0' ? "" : " ";
        json_array_append_new(list, json_sprintf("%s%s%s", rows[i].name, space, rows[i].params));
    }
    json_object_set_new(object, "commands", list);
    return object;
}

json_t *platform_command_run(struct command_context *context, char *line, size_t len)
{
    struct words args;
    if (!platform_words_split(line, len, &args))
        return platform_json_error("too many arguments, or a quote is not closed");
    for (size_t i = 0; i < ROW_COUNT && args.count > 0; i++) {
        const struct row *row = &rows[i];
        if (!bc_view_equal(args.list[0].text, bc_view_of(row->name)))
            continue;
        if (args.count - 1 < row->args_min || args.count - 1 > row->args_max)
            return platform_json_error("usage: %s %s", row->name, row->params);
        return row->run(context, row, &args);
    }
    return platform_json_error("there is no such command; 'help' lists them");
}
