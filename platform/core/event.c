/*
 * From the server's inside to the events and device descriptions of server.h.
 */
#include "private.h"

void bc_server_describe(const struct device *device, struct bc_server_device *out)
{
    *out = (struct bc_server_device){
        .endpoint = bc_server_device_endpoint(device),
        .links = bc_server_device_links(device),
        .binding = device->binding,
        .version = device->version_1_1 ? "1.1" : "1.0",
        .carrier = device->product.carrier,
        .address = device->address,
        .lifetime_s = device->lifetime_s,
        .registered_ms = device->registered_ms,
        .seen_ms = device->seen_ms,
        .expires_ms = device->expires_ms,
        .observations = device->observation_count,
        .requests = device->exchange_count,
    };
    bc_server_id_text(device->id, out->id);
}

static void tell(const struct bc_server *s, const struct device *device,
                 struct bc_server_event *event)
{
    struct bc_server_device described;
    bc_server_describe(device, &described);
    event->device = &described;
    event->endpoint = described.endpoint;
    event->address = described.address;
    s->config.on_event(s->config.context, event);
}

static void set_content(struct bc_server_event *event, const struct bc_coap_message *m)
{
    event->code = m->code;
    event->format =
        (int32_t)bc_coap_option_number_of(m, BC_COAP_CONTENT_FORMAT, BC_COAP_FORMAT_ABSENT);
    event->payload = m->payload;
}

/* RFC 7959 2.2: the flag is the fourth bit from below. The further blocks are left to others. */
static bool has_more(const struct bc_coap_message *m)
{
    return ((uint64_t)bc_coap_option_number_of(m, BC_COAP_BLOCK2, 0) & 8) != 0;
}

void bc_server_tell_device(const struct bc_server *s, enum bc_server_event_kind kind,
                           const struct device *device, bool links_changed)
{
    if (!bc_server_wants(s, kind))
        return;
    struct bc_server_event event = {
        .kind = kind,
        .format = BC_COAP_FORMAT_ABSENT,
        .links_changed = links_changed,
    };
    tell(s, device, &event);
}

void bc_server_tell_dp(const struct bc_server *s, const struct request *r,
                       const struct device *device)
{
    if (!bc_server_wants(s, BC_SERVER_DP))
        return;
    struct bc_server_event event = {
        .kind = BC_SERVER_DP,
        .confirmable = r->message->type == BC_COAP_CON,
    };
    set_content(&event, r->message);
    tell(s, device, &event);
}

void bc_server_tell_notify(const struct bc_server *s, const struct observation *observation,
                           const struct bc_coap_message *m, bool stale, bool over)
{
    if (!bc_server_wants(s, BC_SERVER_NOTIFIED))
        return;
    struct bc_server_event event = {
        .kind = BC_SERVER_NOTIFIED,
        .operation = BC_SERVER_OBSERVE,
        .path = observation->path,
        .more = has_more(m),
        .confirmable = m->type == BC_COAP_CON,
        .stale = stale,
        .over = over,
        .observe = (uint32_t)bc_coap_option_number_of(m, BC_COAP_OBSERVE, 0),
    };
    set_content(&event, m);
    tell(s, observation->device, &event);
}

void bc_server_tell_exchange(const struct bc_server *s, enum bc_server_event_kind kind,
                             const struct exchange *exchange, const struct bc_coap_message *m)
{
    if (!bc_server_wants(s, kind))
        return;
    struct bc_server_event event = {
        .kind = kind,
        .operation = exchange->operation,
        .tag = exchange->tag,
        .path = exchange->path,
        .format = BC_COAP_FORMAT_ABSENT,
    };
    if (m != NULL) {
        set_content(&event, m);
        event.more = has_more(m);
    }
    tell(s, exchange->device, &event);
}
