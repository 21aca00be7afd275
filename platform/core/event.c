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
        .observe_all = device->product.observe_all,
        .by_hand = device->product.by_hand,
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
    event->device = NULL; /* it lived here */
}

static void set_content(struct bc_server_event *event, const struct content *content)
{
    event->code = content->code;
    event->more = content->more;
    event->format = content->format;
    event->payload = content->payload;
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
    if (kind == BC_SERVER_REGISTERED && device->observations != NULL) {
        event.observed = true;
        bc_server_observation_describe(device->observations, &event.observation);
    }
    tell(s, device, &event);
}

void bc_server_tell_refused(const struct bc_server *s, const struct device *device,
                            const struct content *content, const char *reason)
{
    if (!bc_server_wants(s, BC_SERVER_DEREGISTERED))
        return;
    struct bc_server_event event = {
        .kind = BC_SERVER_DEREGISTERED,
        .format = BC_COAP_FORMAT_ABSENT,
        .reason = reason,
    };
    if (content != NULL)
        set_content(&event, content);
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
    struct content content = bc_server_content_of(r->message);
    set_content(&event, &content);
    tell(s, device, &event);
}

static void tell_notify(const struct bc_server *s, enum bc_server_event_kind kind,
                        const struct device *device, const struct bc_server_path *path,
                        const struct notification *notification, const struct content *content,
                        bool begun)
{
    if (!bc_server_wants(s, kind))
        return;
    struct bc_server_event event = {
        .kind = kind,
        .operation = BC_SERVER_OBSERVE,
        .path = *path,
        .confirmable = notification->confirmable,
        .stale = notification->stale,
        .over = notification->over,
        .observe = notification->observe,
        .begun = begun,
    };
    set_content(&event, content);
    tell(s, device, &event);
}

void bc_server_tell_notify(const struct bc_server *s, enum bc_server_event_kind kind,
                           const struct device *device, const struct bc_server_path *path,
                           const struct notification *notification, const struct content *content)
{
    tell_notify(s, kind, device, path, notification, content, false);
}

/* A notification whose rest could not be had is told all the same, as far as it came. */
static void tell_fetched(const struct bc_server *s, const struct exchange *exchange,
                         const struct content *content)
{
    const struct blocks *b = exchange->blocks;
    struct content first = bc_server_blocks_first_content(b);
    tell_notify(s, BC_SERVER_NOTIFIED, exchange->device, &exchange->path, &b->notification,
                content != NULL ? content : &first, true);
}

/* How the observation stands after a request that was about it. */
static void set_observation(const struct exchange *exchange, struct bc_server_event *event)
{
    if (exchange->operation != BC_SERVER_OBSERVE && exchange->operation != BC_SERVER_CANCEL)
        return;
    const struct observation *observation =
        bc_server_observation_at(exchange->device, &exchange->path);
    event->observed = observation != NULL;
    if (observation != NULL)
        bc_server_observation_describe(observation, &event->observation);
}

void bc_server_tell_exchange(const struct bc_server *s, enum bc_server_event_kind kind,
                             const struct exchange *exchange, const struct content *content)
{
    bool fetched = exchange->blocks != NULL && exchange->blocks->notified;
    if (fetched)
        tell_fetched(s, exchange, content);
    if (fetched && content != NULL)
        return;
    if (!bc_server_wants(s, kind))
        return;
    struct bc_server_event event = {
        .kind = kind,
        .operation = exchange->operation,
        .tag = exchange->tag,
        .path = exchange->path,
        .format = BC_COAP_FORMAT_ABSENT,
    };
    if (content != NULL)
        set_content(&event, content);
    set_observation(exchange, &event);
    tell(s, exchange->device, &event);
}
