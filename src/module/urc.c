/*
 * Unsolicited result codes (G 3), in the form of the guide's logs. They wait in the AT port until
 * the line is free, in BC_URCS_MAX places. A host that does not read must not hold up the network
 * side, and no result that was promised to it may be lost. So
 *
 *  - each result that is still to come has its place kept;
 *  - a command that promises results is refused, and a request of the server is as lost on its way,
 *    when not all that it can cause has room beside them; requests for the host to answer take half
 *    of the places at most;
 *  - what nobody asked for (news) is told while there is room, and not at all when there is none.
 */
#include <string.h>

#include "base/sink.h"
#include "module/store.h"

#define URCS_A_STEP 4 /* the most that one request or command can cause */

/* Results that the host waits for; a registration can have three lines: see session.c. */
static unsigned promised(const struct bc_module *m)
{
    bool registers = bc_module_status(m) == BC_STATUS_REGISTERING;
    bool recovers = bc_module_status(m) == BC_STATUS_RECOVERING;
    return bc_lwm2m_results_due(&m->client) + (registers ? 3 : recovers ? 1 : 0);
}

static bool room_for(const struct bc_module *m, unsigned urcs)
{
    unsigned places = urcs + promised(m);
    return bc_at_urcs_waiting(&m->port) + places <= BC_URCS_MAX &&
           bc_at_urc_room(&m->port) >= (size_t)places * BC_URC_HEAD_BYTES_MAX;
}

static void trace(const struct bc_module *m, const char *line)
{
    if (m->trace != NULL)
        m->trace(m->trace_context, line);
}

static bool add(struct bc_module *m, const char *format, va_list arguments)
{
    bc_sink urc = bc_at_urc_begin(&m->port);
    bc_put_vformat(&urc, format, arguments);
    return bc_at_urc_end(&m->port, &urc);
}

void bc_module_urc(struct bc_module *m, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (!add(m, format, arguments))
        trace(m, "urc: no room, dropped");
    va_end(arguments);
}

void bc_module_news(struct bc_module *m, enum bc_urgency urgency, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (!room_for(m, urgency == BC_NEWS_URGENT ? 1 : 1 + URCS_A_STEP) || !add(m, format, arguments))
        trace(m, "urc: the host does not read, news not told");
    va_end(arguments);
}

void bc_module_urc_binding(struct bc_module *m)
{
    bc_module_urc(m, "+QLAURC: \"binding_changed\",%s", m->stored.lwm2m.queue_mode ? "UQ" : "U");
}

bool bc_module_urc_room(const struct bc_module *m)
{
    return room_for(m, URCS_A_STEP);
}

/* A request has code class 0, but not code 0.00; the second byte of a DTLS record, 254, is none,
 * and what is in it comes here again. What a firmware's server says moves the update on, which
 * speaks. */
bool bc_module_hears(const struct bc_module *m, bc_view message)
{
    bool request = message.len > 1 && message.ptr[1] != 0 && message.ptr[1] >> 5 == 0;
    return (!request && bc_fota_quiet(m)) || bc_module_urc_room(m);
}

/* A server's request may add its URC when enough places stay for our own. */
static bool request_end(struct bc_module *m, bc_sink *urc)
{
    bool alone = bc_at_urcs_waiting(&m->port) == 0;
    size_t places = alone ? promised(m) : BC_URCS_MAX - BC_URC_REQUESTS_MAX;
    if (bc_at_urcs_waiting(&m->port) >= BC_URC_REQUESTS_MAX ||
        urc->cap - urc->len < places * BC_URC_HEAD_BYTES_MAX)
        return false;
    return bc_at_urc_end(&m->port, urc);
}

static void put_path(bc_sink *urc, struct bc_path path)
{
    bc_put_format(urc, ",%d,%d", path.object, (int)bc_path_instance_or(path, -1));
    bc_put_format(urc, ",%d", (int)bc_path_resource_or(path, -1));
}

static bool has_line_end(bc_view text)
{
    return text.len > 0 &&
           (memchr(text.ptr, '\r', text.len) != NULL || memchr(text.ptr, '\n', text.len) != NULL);
}

/* A text with a line end in it is shown as opaque: a URC is one line. */
static void put_item(bc_sink *urc, uint16_t message_id, const struct bc_write_item *item,
                     unsigned index)
{
    bool text = item->type != BC_VALUE_OPAQUE && !has_line_end(item->bytes);
    bc_put_format(urc, "+QLAURC: \"write\",%d", message_id);
    put_path(urc, item->path);
    bc_put_format(urc, ",%d,%u,\"", text ? (int)item->type : BC_VALUE_OPAQUE,
                  (unsigned)item->bytes.len);
    if (text)
        bc_put_bytes(urc, item->bytes);
    else
        bc_put_hex(urc, item->bytes);
    bc_put_format(urc, "\",%u", index);
}

/* One line a resource, index n-1 .. 0; they stay together. */
static bool urc_write(struct bc_module *m, const struct bc_lwm2m_event *event)
{
    struct bc_write_items items = event->items;
    struct bc_write_item item;
    bc_sink urc = bc_at_urc_begin(&m->port);
    while (bc_write_next(&items, &item)) {
        put_item(&urc, event->message_id, &item, items.left);
        if (items.left > 0)
            bc_at_urc_line_break(&urc);
    }
    return request_end(m, &urc);
}

static void put_query(bc_sink *urc, const struct bc_coap_message *request)
{
    struct bc_coap_options it = bc_coap_options(request);
    struct bc_coap_option option;
    const char *before = ",\"";
    bool any = false;
    while (bc_coap_option_next(&it, &option)) {
        if (option.number != BC_COAP_URI_QUERY || has_line_end(option.value))
            continue;
        bc_put_text(urc, before);
        bc_put_bytes(urc, option.value);
        before = "&";
        any = true;
    }
    if (any)
        bc_put_char(urc, '"');
}

static bool urc_request(struct bc_module *m, const struct bc_lwm2m_event *event)
{
    bc_sink urc = bc_at_urc_begin(&m->port);
    bool observes = event->kind == BC_EVENT_OBSERVE || event->kind == BC_EVENT_CANCEL;
    const char *name = observes ? "observe" : event->kind == BC_EVENT_EXECUTE ? "execute" : "read";
    bc_put_format(&urc, "+QLAURC: \"%s\",%d", name, event->message_id);
    if (observes)
        bc_put_format(&urc, ",%d", event->kind == BC_EVENT_CANCEL);
    put_path(&urc, event->path);
    if (event->kind == BC_EVENT_READ)
        put_query(&urc, event->request);
    return request_end(m, &urc);
}

static void on_updated(struct bc_module *m, const struct bc_lwm2m_event *event)
{
    int code = bc_module_result_code(event->outcome);
    switch (event->reason) {
    case BC_UPDATE_AUTOMATIC:
        bc_module_news(m, code == 0 ? BC_NEWS : BC_NEWS_URGENT, "+QLAURC: \"ping\",%d", code);
        break;
    case BC_UPDATE_LIFETIME:
    case BC_UPDATE_BINDING:
        if (code == 0)
            bc_store_update_server(m);
        bc_module_urc(m, "+QLAUPDATE: %d,%d", code, event->message_id);
        break;
    case BC_UPDATE_OBJECT_ADDED:
        bc_module_urc(m, "+QLAADDOBJ: %d", code);
        break;
    case BC_UPDATE_OBJECT_DELETED:
        bc_module_urc(m, "+QLADELOBJ: %d", code);
        break;
    case BC_UPDATE_SERVER:
        break;
    case BC_UPDATE_RECOVER:
        bc_module_urc(m, "+QLAURC: \"recovered\",%d", code == 0 ? 0 : RESULT_RECOVERY_FAILED);
        break;
    }
}

bool bc_module_on_event(void *context, const struct bc_lwm2m_event *event)
{
    struct bc_module *m = context;
    int code = bc_module_result_code(event->outcome);
    if (event->outcome == BC_OUTCOME_TIMEOUT && event->kind != BC_EVENT_REGISTERED)
        bc_secure_on_silence(m);
    switch (event->kind) {
    case BC_EVENT_REGISTERED:
        bc_session_on_registered(m, code);
        return true;
    case BC_EVENT_BOOTSTRAPPED:
        bc_session_on_bootstrapped(m, event);
        return true;
    case BC_EVENT_UPDATED:
        on_updated(m, event);
        return true;
    case BC_EVENT_DEREGISTERED:
        bc_module_urc(m, "+QLADEREG: %d", code);
        return true;
    case BC_EVENT_REPORT_ACKED:
        bc_module_urc(m, "+QLAURC: \"report_ack\",%d,%d", code, event->message_id);
        return true;
    case BC_EVENT_SENT:
        bc_module_urc(m, "+QLAURC: \"send_ack\",%d,%d", code, event->message_id);
        return true;
    case BC_EVENT_STATE_SENT:
        if (m->fota.update.state != BC_UPDATE_DOWNLOADING) /* COAPSTART has told it (G 5.6.4) */
            bc_module_news(m, BC_NEWS_URGENT, "+QLAURC: \"report\",%d", event->message_id);
        return true;
    case BC_EVENT_RESET:
        bc_module_news(m, BC_NEWS_URGENT, "+QLAURC: \"lw_event\",0,5,%d", event->message_id);
        return true;
    case BC_EVENT_LIFETIME_CHANGED:
        bc_module_urc(m, "+QLAURC: \"lifetime_changed\",%u", (unsigned)m->stored.lwm2m.lifetime_s);
        bc_store_update_server(m);
        return true;
    case BC_EVENT_BINDING_CHANGED:
        bc_module_urc_binding(m);
        bc_store_update_server(m);
        return true;
    case BC_EVENT_REBOOT:
        bc_module_reboot_in(m, 1000);
        return true;
    case BC_EVENT_WRITE:
        return urc_write(m, event);
    default:
        return urc_request(m, event);
    }
}
