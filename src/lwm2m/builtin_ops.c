/*
 * Requests below the built-in objects 1, 3, 4 and 5, answered without the host (MODULE: they
 * print nothing except their effects). Writes are checked whole before the first one counts.
 */
#include "base/sink.h"
#include "lwm2m/builtin.h"
#include "lwm2m/inside.h"

#define SCRATCH_BYTES 96

static struct bc_value boolean(bool value)
{
    return (struct bc_value){.type = BC_VALUE_BOOLEAN, .number_bytes = 1, .integer = value};
}

/* Object 1 is the client's own; the others are asked of the host. */
bool bc_lwm2m_builtin_value(struct bc_lwm2m_client *c, struct bc_path path, struct bc_value *out,
                            bc_sink *scratch)
{
    uint32_t number = 1;
    if (path.object != 1)
        return c->host->value(c->host_context, path, out, scratch);
    switch ((enum bc_server_resource)path.resource) {
    case BC_SERVER_SHORT_ID:
        break;
    case BC_SERVER_LIFETIME:
        number = c->settings->lifetime_s;
        break;
    case BC_SERVER_PMIN:
        number = c->pmin_s;
        break;
    case BC_SERVER_PMAX:
        number = c->pmax_s;
        break;
    case BC_SERVER_DISABLE_TIMEOUT:
        number = c->disable_timeout_s;
        break;
    case BC_SERVER_STORING:
        *out = boolean(c->storing);
        return true;
    case BC_SERVER_BINDING:
        *out = bc_value_text(c->settings->queue_mode ? "UQ" : "U");
        return true;
    default:
        return false;
    }
    *out = bc_value_integer(number);
    return true;
}

/* --- Reading --------------------------------------------------------------------------------- */

/* False for a resource that cannot be read. `scratch` keeps one value at a time. */
static bool read_row(struct bc_lwm2m_client *c, const struct bc_resource_row *row,
                     struct bc_value *out, bc_sink *scratch)
{
    scratch->len = 0;
    scratch->full = false;
    return (row->access & BC_ACCESS_READ) != 0 &&
           bc_lwm2m_builtin_value(c, BC_PATH_RESOURCE(row->object, 0, row->resource), out, scratch);
}

bool bc_lwm2m_builtin_row(struct bc_lwm2m_client *c, const struct bc_resource_row *row,
                          struct bc_value *out)
{
    uint8_t memory[SCRATCH_BYTES];
    bc_sink scratch = {.ptr = memory, .cap = sizeof(memory)};
    bool known = read_row(c, row, out, &scratch);
    out->bytes = (bc_view){0}; /* they were in the scratch */
    return known;
}

/* The readable resources of an instance as TLV; with `out` NULL only their size. */
static size_t instance_tlv(struct bc_lwm2m_client *c, uint16_t object, bc_sink *scratch,
                           bc_sink *out)
{
    size_t count;
    size_t bytes = 0;
    const struct bc_resource_row *row = bc_builtin_rows(object, &count);
    for (size_t i = 0; i < count; i++) {
        struct bc_value value;
        if (!read_row(c, &row[i], &value, scratch))
            continue;
        bytes += bc_tlv_resource_bytes(row[i].resource, &value);
        if (out != NULL)
            bc_tlv_put_resource(out, row[i].resource, &value);
    }
    return bytes;
}

static void instance_json(struct bc_lwm2m_client *c, struct bc_path base, bc_sink *scratch,
                          bc_sink *out)
{
    size_t count;
    const struct bc_resource_row *row = bc_builtin_rows(base.object, &count);
    bool first = true;
    bc_json_begin(out, base);
    for (size_t i = 0; i < count; i++) {
        struct bc_value value;
        if (!read_row(c, &row[i], &value, scratch))
            continue;
        if (!first)
            bc_put_char(out, ',');
        bc_json_put_entry(out, base, BC_PATH_RESOURCE(base.object, 0, row[i].resource), &value);
        first = false;
    }
    bc_json_end(out);
}

/* The resource `path` as content of `asked`, which is itself or what it lies below. */
static uint8_t single_body(struct bc_lwm2m_client *c, struct bc_path asked, struct bc_path path,
                           int32_t accept, int32_t *format, bc_sink *scratch, bc_sink *body)
{
    const struct bc_resource_row *row = bc_builtin_find(path);
    struct bc_value value;
    if ((row->access & BC_ACCESS_READ) == 0)
        return BC_COAP_METHOD_NOT_ALLOWED;
    if (!bc_lwm2m_builtin_value(c, path, &value, scratch))
        return BC_COAP_NOT_FOUND;
    return bc_lwm2m_put_value(body, asked, accept, path, &value, format) ? BC_COAP_CONTENT
                                                                         : BC_COAP_NOT_ACCEPTABLE;
}

uint8_t bc_lwm2m_builtin_body(struct bc_lwm2m_client *c, struct bc_path asked, struct bc_path path,
                              int32_t accept, int32_t *format, bc_sink *body)
{
    uint8_t memory[SCRATCH_BYTES];
    bc_sink scratch = {.ptr = memory, .cap = sizeof(memory)};
    if (path.depth == 3)
        return single_body(c, asked, path, accept, format, &scratch, body);
    *format = bc_lwm2m_pick_format(path, BC_VALUE_LIST, accept);
    if (*format < 0)
        return BC_COAP_NOT_ACCEPTABLE;
    if (*format == BC_COAP_FORMAT_JSON) {
        instance_json(c, path, &scratch, body);
        return BC_COAP_CONTENT;
    }
    if (path.depth == 1)
        bc_tlv_put_head(body, BC_TLV_INSTANCE, 0, instance_tlv(c, path.object, &scratch, NULL));
    (void)instance_tlv(c, path.object, &scratch, body);
    return BC_COAP_CONTENT;
}

static void on_get(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                   struct bc_path path)
{
    int observe = bc_lwm2m_observe_of(request);
    int32_t accept = bc_lwm2m_accept_of(request);
    struct bc_lwm2m_frame frame;
    if (accept == BC_COAP_FORMAT_LINK && observe < 0) {
        bc_lwm2m_reply_discover(c, request, path);
        return;
    }
    uint8_t code = BC_COAP_BAD_REQUEST;
    bc_sink body = bc_lwm2m_body_begin(c);
    if (bc_lwm2m_frame_of(request, path, &frame))
        code = bc_lwm2m_builtin_body(c, path, path, accept, &frame.format, &body);
    if (observe == 0 && !bc_lwm2m_observe_room(c, path))
        code = BC_COAP_SERVICE_UNAVAILABLE;
    if (code != BC_COAP_CONTENT) {
        bc_lwm2m_reply_code(c, request, code);
        return;
    }
    if (observe == 0)
        frame.observe = (int32_t)bc_lwm2m_next_sequence(c, path);
    enum bc_err err = bc_lwm2m_send_body(c, &frame, &body);
    if (err == BC_OK && observe == 0) {
        struct bc_observation *made = bc_lwm2m_observe(c, &request->token, path, accept);
        made->block_exponent = frame.block.exponent & 7U;
        bc_lwm2m_reported(c, made);
    }
    if (err == BC_OK && observe == 1)
        bc_lwm2m_unobserve(c, path);
    bc_lwm2m_finish_reply(c, request, err);
}

/* --- Writing --------------------------------------------------------------------------------- */

/* The bytes of a write as a value of the row's type. */
static bool decode(const struct bc_resource_row *row, int32_t format, bc_view bytes,
                   struct bc_value *out)
{
    *out = (struct bc_value){.type = (enum bc_value_type)row->type, .bytes = bytes};
    if (row->type == BC_VALUE_STRING || row->type == BC_VALUE_OPAQUE)
        return true;
    if (format != BC_COAP_FORMAT_TLV) {
        if (!bc_view_int(bytes, &out->integer))
            return false;
    } else {
        if (bytes.len != 1 && bytes.len != 2 && bytes.len != 4 && bytes.len != 8)
            return false;
        out->integer = bc_value_integer_of(bytes);
    }
    return row->type != BC_VALUE_BOOLEAN || out->integer == 0 || out->integer == 1;
}

static bool seconds_fit(const struct bc_value *value, int64_t min)
{
    return value->integer >= min && value->integer <= BC_LIFETIME_MAX;
}

static bool server_value_legal(struct bc_path path, const struct bc_value *value)
{
    switch ((enum bc_server_resource)path.resource) {
    case BC_SERVER_LIFETIME:
        return seconds_fit(value, BC_LIFETIME_MIN);
    case BC_SERVER_BINDING:
        return bc_lwm2m_is_binding(value->bytes);
    case BC_SERVER_STORING:
        return true;
    default:
        return seconds_fit(value, 0);
    }
}

static bool device_value_legal(struct bc_path path, const struct bc_value *value)
{
    switch ((enum bc_device_resource)path.resource) {
    case BC_DEVICE_TIME:
        return value->integer >= 0 && value->integer <= BC_TIME_MAX_S;
    case BC_DEVICE_UTC_OFFSET:
        return value->bytes.len <= BC_UTC_OFFSET_BYTES_MAX;
    case BC_DEVICE_TIMEZONE:
        return value->bytes.len <= BC_TIMEZONE_BYTES_MAX;
    default:
        return true;
    }
}

static unsigned set_lifetime(struct bc_lwm2m_client *c, uint32_t lifetime_s)
{
    if (c->settings->lifetime_s == lifetime_s)
        return 0;
    c->settings->lifetime_s = lifetime_s;
    bc_lwm2m_tell(c, BC_EVENT_LIFETIME_CHANGED, BC_OUTCOME_DONE, 0);
    return BC_UPDATE_CARRIES_LIFETIME;
}

static unsigned set_binding(struct bc_lwm2m_client *c, bool queue_mode)
{
    if (c->settings->queue_mode == queue_mode)
        return 0;
    c->settings->queue_mode = queue_mode;
    bc_lwm2m_tell(c, BC_EVENT_BINDING_CHANGED, BC_OUTCOME_DONE, 0);
    return BC_UPDATE_CARRIES_BINDING;
}

/* Returns what the server has to be told of in an update. */
static unsigned apply(struct bc_lwm2m_client *c, struct bc_path path, const struct bc_value *value)
{
    unsigned carries = 0;
    if (path.object == 5) {
        (void)c->host->firmware(c->host_context, &value->bytes, true);
        return 0;
    }
    if (path.object != 1) {
        c->host->write(c->host_context, path, value);
        bc_lwm2m_changed(c, path);
        return 0;
    }
    uint32_t number = (uint32_t)value->integer;
    switch ((enum bc_server_resource)path.resource) {
    case BC_SERVER_LIFETIME:
        carries = set_lifetime(c, number);
        break;
    case BC_SERVER_PMIN:
        c->pmin_s = number;
        break;
    case BC_SERVER_PMAX:
        c->pmax_s = number;
        break;
    case BC_SERVER_DISABLE_TIMEOUT:
        c->disable_timeout_s = number;
        break;
    case BC_SERVER_STORING:
        c->storing = number != 0;
        break;
    case BC_SERVER_BINDING:
        carries = set_binding(c, value->bytes.len == 2);
        break;
    default:
        break;
    }
    bc_lwm2m_changed(c, path);
    return carries;
}

/* Packages are pulled, never pushed. */
static bool is_push(struct bc_path path)
{
    return bc_path_equal(path, BC_PATH_RESOURCE(5, 0, BC_FIRMWARE_PACKAGE));
}

/* One resource of a write. With `carries` NULL it is only checked. */
static uint8_t write_item(struct bc_lwm2m_client *c, const struct bc_write_item *item,
                          int32_t format, unsigned *carries)
{
    const struct bc_resource_row *row = bc_builtin_find(item->path);
    struct bc_value value;
    if (row == NULL && !is_push(item->path))
        return BC_COAP_NOT_FOUND;
    if (row == NULL || (row->access & BC_ACCESS_WRITE) == 0)
        return BC_COAP_METHOD_NOT_ALLOWED;
    if (!decode(row, format, item->bytes, &value))
        return BC_COAP_BAD_REQUEST;
    uint8_t refused = item->path.object == 5 && carries == NULL
                          ? c->host->firmware(c->host_context, &value.bytes, false)
                          : BC_COAP_CHANGED;
    if (refused != BC_COAP_CHANGED)
        return refused;
    if (item->path.object == 1 ? !server_value_legal(item->path, &value)
                               : !device_value_legal(item->path, &value))
        return BC_COAP_BAD_REQUEST;
    if (carries != NULL)
        *carries |= apply(c, item->path, &value);
    return BC_COAP_CHANGED;
}

static uint8_t write_all(struct bc_lwm2m_client *c, struct bc_write_items *items, unsigned *carries)
{
    struct bc_write_item item;
    uint8_t code = BC_COAP_BAD_REQUEST;
    while (bc_write_next(items, &item)) {
        if (!bc_path_within(item.path, items->path))
            return BC_COAP_BAD_REQUEST;
        code = write_item(c, &item, items->format, carries);
        if (code != BC_COAP_CHANGED)
            return code;
    }
    return bc_write_whole(items) ? code : BC_COAP_BAD_REQUEST;
}

static void on_write(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                     struct bc_path path)
{
    uint8_t memory[SCRATCH_BYTES];
    bc_sink scratch = {.ptr = memory, .cap = sizeof(memory)};
    struct bc_write_items items;
    const struct bc_resource_row *row = bc_builtin_find(path);
    bool opened = bc_write_open(request, path, scratch, &items);
    bool several = items.format == BC_COAP_FORMAT_TLV || items.format == BC_COAP_FORMAT_JSON;
    bool flat = items.format == BC_COAP_FORMAT_TEXT || items.format == BC_COAP_FORMAT_OPAQUE ||
                items.format == BC_COAP_FORMAT_ABSENT;
    uint8_t code = BC_COAP_BAD_REQUEST;
    if (row != NULL && (row->access & BC_ACCESS_WRITE) == 0)
        code = BC_COAP_METHOD_NOT_ALLOWED; /* whatever form it has */
    else if (!several && !(flat && path.depth == 3))
        code = BC_COAP_UNSUPPORTED_CONTENT_FORMAT;
    else if (opened)
        code = write_all(c, &items, NULL);
    bc_lwm2m_reply_code(c, request, code);
    unsigned carries = 0;
    if (code == BC_COAP_CHANGED && bc_write_open(request, path, scratch, &items))
        (void)write_all(c, &items, &carries);
    if (carries != 0)
        (void)bc_lwm2m_update(c, BC_UPDATE_SERVER, carries);
}

/* --- Executing ------------------------------------------------------------------------------- */

static void on_execute(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                       struct bc_path path)
{
    const struct bc_resource_row *row = bc_builtin_find(path);
    uint8_t code = BC_COAP_METHOD_NOT_ALLOWED;
    if ((row->access & BC_ACCESS_EXECUTE) != 0)
        code = path.object == 5 ? c->host->firmware(c->host_context, NULL, true) : BC_COAP_CHANGED;
    bc_lwm2m_reply_code(c, request, code);
    if (code != BC_COAP_CHANGED)
        return;
    if (path.object == 5)
        bc_lwm2m_changed(c, BC_PATH_RESOURCE(5, 0, BC_FIRMWARE_STATE));
    else if (path.object == 3)
        bc_lwm2m_tell(c, BC_EVENT_REBOOT, BC_OUTCOME_DONE, 0);
    else if (path.resource == BC_SERVER_UPDATE_TRIGGER)
        (void)bc_lwm2m_update(c, BC_UPDATE_SERVER, 0);
    else if (c->status == BC_STATUS_REGISTERED)
        (void)bc_lwm2m_disable(c);
}

void bc_lwm2m_on_builtin_request(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                                 struct bc_path path)
{
    if (is_push(path))
        bc_lwm2m_reply_code(c, request, BC_COAP_METHOD_NOT_ALLOWED);
    else if (!bc_builtin_has(path))
        bc_lwm2m_reply_code(c, request, BC_COAP_NOT_FOUND);
    else if (request->code == BC_COAP_GET)
        on_get(c, request, path);
    else if (request->code == BC_COAP_POST && path.depth == 3)
        on_execute(c, request, path);
    else if (request->code != BC_COAP_DELETE && path.depth >= 2)
        on_write(c, request, path);
    else
        bc_lwm2m_reply_code(c, request, BC_COAP_METHOD_NOT_ALLOWED);
}
