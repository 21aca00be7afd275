/*
 * The registration interface (LwM2M 1.0 section 5.3): register, update, deregister, and the
 * intervals of G 2.1.
 *
 *   server                              module
 *     | <-- CON POST /rd?lwm2m=1.0&ep.. -- |   bc_lwm2m_register
 *     | --- ACK 2.01 Location /rd/x -----> |   BC_EVENT_REGISTERED
 *     | <-- CON POST /rd/x --------------- |   bc_lwm2m_update
 *     | --- ACK 2.04 --------------------> |   BC_EVENT_UPDATED
 *     | <-- CON DELETE /rd/x ------------- |   bc_lwm2m_deregister
 */
#include <assert.h>

#include "base/sink.h"
#include "lwm2m/builtin.h"
#include "lwm2m/inside.h"

static bool transition_legal(enum bc_status from, enum bc_status to)
{
    static const uint8_t legal[] = {
        [BC_STATUS_NOT_REGISTERED] = 1U << BC_STATUS_REGISTERING | 1U << BC_STATUS_NOT_REGISTERED,
        [BC_STATUS_REGISTERING] = 1U << BC_STATUS_REGISTERED | 1U << BC_STATUS_NOT_REGISTERED,
        [BC_STATUS_REGISTERED] = 1U << BC_STATUS_DEREGISTERING | 1U << BC_STATUS_NOT_REGISTERED |
                                 1U << BC_STATUS_NEEDS_RECOVERY,
        [BC_STATUS_DEREGISTERING] = 1U << BC_STATUS_DEREGISTERED | 1U << BC_STATUS_REGISTERED |
                                    1U << BC_STATUS_NOT_REGISTERED,
        [BC_STATUS_DEREGISTERED] = 1U << BC_STATUS_REGISTERING | 1U << BC_STATUS_NOT_REGISTERED,
        [BC_STATUS_NOT_CONFIGURED] = 1U << BC_STATUS_NOT_REGISTERED,
        [BC_STATUS_RECOVERING] = 1U << BC_STATUS_REGISTERED | 1U << BC_STATUS_NOT_REGISTERED |
                                 1U << BC_STATUS_NEEDS_RECOVERY,
        [BC_STATUS_NEEDS_RECOVERY] = 1U << BC_STATUS_RECOVERING | 1U << BC_STATUS_REGISTERING |
                                     1U << BC_STATUS_NOT_REGISTERED,
    };
    return (legal[from] >> to & 1U) != 0;
}

void bc_lwm2m_set_status(struct bc_lwm2m_client *c, enum bc_status next)
{
    static const char *const lines[] = {
        "lwm2m: not registered", "lwm2m: registering",    "lwm2m: registered",
        "lwm2m: deregistering",  "lwm2m: deregistered",   "lwm2m: not configured",
        "lwm2m: recovering",     "lwm2m: needs recovery",
    };
    assert(transition_legal((enum bc_status)c->status, next));
    c->status = (uint8_t)next;
    c->host->trace(c->host_context, lines[next]);
}

uint32_t bc_lwm2m_update_interval_s(uint32_t lifetime_s)
{
    if (lifetime_s <= 30)
        return lifetime_s / 2;
    if (lifetime_s <= 50)
        return 15 + (lifetime_s - 30) * 3 / 4;
    if (lifetime_s <= 100)
        return 30 + (lifetime_s - 50) * 4 / 5;
    if (lifetime_s <= 300)
        return 70 + (lifetime_s - 100) * 9 / 10;
    return 250 + (lifetime_s - 300) * 19 / 20;
}

enum bc_outcome bc_lwm2m_outcome(uint8_t code)
{
    switch (code) {
    case BC_COAP_CREATED:
    case BC_COAP_CHANGED:
    case BC_COAP_DELETED:
    case BC_COAP_CONTENT:
        return BC_OUTCOME_DONE;
    case BC_COAP_BAD_REQUEST:
        return BC_OUTCOME_BAD_REQUEST;
    case BC_COAP_FORBIDDEN:
        return BC_OUTCOME_FORBIDDEN;
    case BC_COAP_NOT_FOUND:
        return BC_OUTCOME_NOT_FOUND;
    case BC_COAP_PRECONDITION_FAILED:
        return BC_OUTCOME_PRECONDITION;
    default:
        return BC_OUTCOME_OTHER;
    }
}

void bc_lwm2m_put_query(struct bc_coap_writer *w, const char *name, const char *value)
{
    uint8_t bytes[BC_ENDPOINT_BYTES_MAX + 8];
    bc_sink text = {.ptr = bytes, .cap = sizeof(bytes)};
    bc_put_text(&text, name);
    bc_put_text(&text, value);
    bc_coap_write_option(w, BC_COAP_URI_QUERY, bc_sink_view(&text));
}

bool bc_lwm2m_is_binding(bc_view text)
{
    return bc_view_equal(text, BC_TEXT("U")) || bc_view_equal(text, BC_TEXT("UQ"));
}

static void put_binding(struct bc_coap_writer *w, bool queue_mode)
{
    bc_lwm2m_put_query(w, "b=", queue_mode ? "UQ" : "U");
}

static void put_lifetime(struct bc_coap_writer *w, uint32_t lifetime_s)
{
    uint8_t bytes[12];
    bc_sink text = {.ptr = bytes, .cap = sizeof(bytes) - 1};
    bc_put_int(&text, lifetime_s);
    bytes[text.len] = 0;
    bc_lwm2m_put_query(w, "lt=", (const char *)bytes);
}

void bc_lwm2m_begin_session(struct bc_lwm2m_client *c, const struct bc_address *server)
{
    assert(c->status == BC_STATUS_REGISTERING);
    bc_lwm2m_drop_bootstrap(c);
    bc_coap_drop_exchanges(&c->coap);
    bc_lwm2m_drop_requests(c);
    bc_lwm2m_drop_bodies(c);
    bc_lwm2m_forget_observations(c);
    c->server = *server;
}

enum bc_err bc_lwm2m_register(struct bc_lwm2m_client *c, const struct bc_address *server)
{
    const struct bc_lwm2m_settings *settings = c->settings;
    bc_lwm2m_begin_session(c, server);
    struct bc_coap_draft draft;
    bc_coap_draft_new(&c->coap, &draft, BC_COAP_CON, BC_COAP_POST, NULL);
    bc_coap_write_path(&draft.w, BC_COAP_URI_PATH, BC_TEXT("rd"));
    bc_coap_write_uint(&draft.w, BC_COAP_CONTENT_FORMAT, BC_COAP_FORMAT_LINK);
    bc_lwm2m_put_query(&draft.w, "lwm2m=", "1.0");
    bc_lwm2m_put_query(&draft.w, "ep=", settings->endpoint);
    put_binding(&draft.w, settings->queue_mode);
    put_lifetime(&draft.w, settings->lifetime_s);
    bc_lwm2m_put_registration_links(bc_coap_write_payload_begin(&draft.w), &settings->objects);
    return bc_coap_submit(&c->coap, &draft, TAG_REGISTER, settings->lifetime_s, true);
}

/* The next segment of what is left of the location. */
static bool take_segment(bc_view *rest, bc_view *segment)
{
    if (rest->len == 0)
        return false;
    *segment = (bc_view){rest->ptr + 1, rest->ptr[0]};
    *rest = (bc_view){segment->ptr + segment->len, rest->len - 1 - segment->len};
    return true;
}

static void write_location(struct bc_coap_writer *w, const struct bc_lwm2m_client *c)
{
    bc_view rest = {c->location, c->location_bytes};
    bc_view segment;
    while (take_segment(&rest, &segment))
        bc_coap_write_option(w, BC_COAP_URI_PATH, segment);
}

void bc_lwm2m_put_location(bc_sink *out, const struct bc_lwm2m_client *c)
{
    bc_view rest = {c->location, c->location_bytes};
    bc_view segment;
    for (bool first = true; take_segment(&rest, &segment); first = false) {
        if (!first)
            bc_put_char(out, '/');
        bc_put_bytes(out, segment);
    }
}

enum bc_err bc_lwm2m_update(struct bc_lwm2m_client *c, enum bc_update_reason reason, uint32_t value)
{
    if (c->status != BC_STATUS_REGISTERED && c->status != BC_STATUS_RECOVERING)
        return BC_ERR_STATE;
    bool objects = reason == BC_UPDATE_OBJECT_ADDED || reason == BC_UPDATE_OBJECT_DELETED;
    if (reason == BC_UPDATE_SERVER) /* a silent server's would leave the host no room */
        value |= bc_coap_cancel(&c->coap, TAG_UPDATE + BC_UPDATE_SERVER);
    struct bc_coap_draft draft;
    bc_coap_draft_new(&c->coap, &draft, BC_COAP_CON, BC_COAP_POST, NULL);
    write_location(&draft.w, c);
    if (objects)
        bc_coap_write_uint(&draft.w, BC_COAP_CONTENT_FORMAT, BC_COAP_FORMAT_LINK);
    if (reason == BC_UPDATE_LIFETIME)
        put_lifetime(&draft.w, value);
    if (reason == BC_UPDATE_BINDING)
        put_binding(&draft.w, value == 1);
    if (reason == BC_UPDATE_SERVER && (value & BC_UPDATE_CARRIES_BINDING) != 0)
        put_binding(&draft.w, c->settings->queue_mode);
    if (reason == BC_UPDATE_SERVER && (value & BC_UPDATE_CARRIES_LIFETIME) != 0)
        put_lifetime(&draft.w, c->settings->lifetime_s);
    if (objects)
        bc_lwm2m_put_registration_links(bc_coap_write_payload_begin(&draft.w),
                                        &c->settings->objects);
    return bc_coap_submit(&c->coap, &draft, (uint8_t)(TAG_UPDATE + reason), value, true);
}

static enum bc_err send_delete(struct bc_lwm2m_client *c, enum tag tag)
{
    struct bc_coap_draft draft;
    bc_coap_draft_new(&c->coap, &draft, BC_COAP_CON, BC_COAP_DELETE, NULL);
    write_location(&draft.w, c);
    enum bc_err err = bc_coap_submit(&c->coap, &draft, (uint8_t)tag, 0, true);
    if (err != BC_OK)
        return err;
    (void)bc_coap_cancel(&c->coap, TAG_UPDATE + BC_UPDATE_AUTOMATIC); /* no "ping" from here on */
    bc_lwm2m_set_status(c, BC_STATUS_DEREGISTERING);
    return BC_OK;
}

enum bc_err bc_lwm2m_deregister(struct bc_lwm2m_client *c)
{
    return c->status == BC_STATUS_REGISTERED ? send_delete(c, TAG_DEREGISTER) : BC_ERR_STATE;
}

enum bc_err bc_lwm2m_disable(struct bc_lwm2m_client *c)
{
    return send_delete(c, TAG_DISABLE);
}

bool bc_lwm2m_expired(const struct bc_lwm2m_client *c, uint64_t now_ms)
{
    return now_ms - c->registered_ms > (uint64_t)c->accepted_lifetime_s * 1000;
}

uint64_t bc_lwm2m_update_due(const struct bc_lwm2m_client *c)
{
    bool waits = c->status == BC_STATUS_REGISTERED && c->settings->updates &&
                 !bc_coap_pending(&c->coap, TAG_UPDATE + BC_UPDATE_AUTOMATIC);
    return waits ? c->update_ms : BC_NEVER;
}

/* --- How it ended ---------------------------------------------------------------------------- */

enum bc_outcome bc_lwm2m_outcome_of(const struct bc_coap_event *event)
{
    switch (event->kind) {
    case BC_COAP_RESPONSE:
        return bc_lwm2m_outcome(event->message.code);
    case BC_COAP_RESET:
        return BC_OUTCOME_RESET;
    default:
        return BC_OUTCOME_TIMEOUT;
    }
}

static void schedule_update(struct bc_lwm2m_client *c)
{
    c->update_ms =
        c->coap.now_ms + (uint64_t)bc_lwm2m_update_interval_s(c->settings->lifetime_s) * 1000;
}

static void accepted(struct bc_lwm2m_client *c)
{
    c->registered_ms = c->coap.now_ms;
    c->accepted_lifetime_s = c->settings->lifetime_s;
    schedule_update(c);
}

/* Keeps the Location-Path options, each behind its length: a segment may hold a '/', or nothing.
 * False when there is none or they are too long. */
static bool keep_location(struct bc_lwm2m_client *c, const struct bc_coap_message *response)
{
    bc_sink out = {.ptr = c->location, .cap = sizeof(c->location)};
    struct bc_coap_options it = bc_coap_options(response);
    struct bc_coap_option option;
    unsigned segments = 0;
    while (bc_coap_option_next(&it, &option)) {
        if (option.number != BC_COAP_LOCATION_PATH)
            continue;
        segments++;
        bc_put_be(&out, option.value.len, 1);
        bc_put_bytes(&out, option.value);
    }
    c->location_bytes = (uint8_t)out.len;
    return segments > 0 && !out.full && segments <= BC_LOCATION_SEGMENTS_MAX;
}

static void on_registered(struct bc_lwm2m_client *c, const struct bc_coap_event *event)
{
    enum bc_outcome outcome = bc_lwm2m_outcome_of(event);
    if (outcome == BC_OUTCOME_DONE &&
        (event->message.code != BC_COAP_CREATED || !keep_location(c, &event->message)))
        outcome = BC_OUTCOME_OTHER;
    if (outcome == BC_OUTCOME_DONE)
        accepted(c);
    bc_lwm2m_set_status(c, outcome == BC_OUTCOME_DONE ? BC_STATUS_REGISTERED
                                                      : BC_STATUS_NOT_REGISTERED);
    bc_lwm2m_tell(c, BC_EVENT_REGISTERED, outcome, 0);
}

/* The server has forgotten us: so do we. */
static void registration_lost(struct bc_lwm2m_client *c)
{
    bc_lwm2m_set_status(c, BC_STATUS_NOT_REGISTERED);
    bc_lwm2m_drop_requests(c);
    bc_lwm2m_forget_observations(c);
}

/* The server has taken what the host asked for; who observes it hears of it, too. */
static void apply_update(struct bc_lwm2m_client *c, enum bc_update_reason reason, uint32_t value)
{
    if (reason == BC_UPDATE_LIFETIME) {
        c->settings->lifetime_s = value;
        bc_lwm2m_changed(c, BC_PATH_RESOURCE(1, 0, BC_SERVER_LIFETIME));
    } else if (reason == BC_UPDATE_BINDING) {
        c->settings->queue_mode = value == 1;
        bc_lwm2m_changed(c, BC_PATH_RESOURCE(1, 0, BC_SERVER_BINDING));
    }
}

static void on_updated(struct bc_lwm2m_client *c, const struct bc_coap_event *event)
{
    enum bc_update_reason reason = (enum bc_update_reason)(event->tag - TAG_UPDATE);
    enum bc_outcome outcome = bc_lwm2m_outcome_of(event);
    if (outcome == BC_OUTCOME_DONE) {
        apply_update(c, reason, event->context);
        accepted(c);
        if (c->status == BC_STATUS_RECOVERING)
            bc_lwm2m_set_status(c, BC_STATUS_REGISTERED);
    } else {
        schedule_update(c);
    }
    bool live = c->status == BC_STATUS_REGISTERED || c->status == BC_STATUS_RECOVERING;
    bool recovery_failed = reason == BC_UPDATE_RECOVER && outcome != BC_OUTCOME_DONE;
    if (live && (outcome == BC_OUTCOME_NOT_FOUND || recovery_failed))
        registration_lost(c);
    if (outcome == BC_OUTCOME_NOT_FOUND && reason == BC_UPDATE_AUTOMATIC)
        outcome = BC_OUTCOME_EXPIRED;
    bc_lwm2m_emit(c, &(struct bc_lwm2m_event){.kind = BC_EVENT_UPDATED,
                                              .outcome = outcome,
                                              .reason = reason,
                                              .message_id = event->message_id});
}

static void on_deregistered(struct bc_lwm2m_client *c, const struct bc_coap_event *event)
{
    enum bc_outcome outcome = bc_lwm2m_outcome_of(event);
    if (outcome == BC_OUTCOME_DONE && event->message.code != BC_COAP_DELETED)
        outcome = BC_OUTCOME_OTHER;
    if (outcome == BC_OUTCOME_DONE) {
        bc_lwm2m_drop_requests(c);
        bc_lwm2m_forget_observations(c);
        bc_lwm2m_set_status(c, BC_STATUS_DEREGISTERED);
    } else if (outcome == BC_OUTCOME_NOT_FOUND) {
        registration_lost(c);
    } else {
        bc_lwm2m_set_status(c, BC_STATUS_REGISTERED);
    }
    if (event->tag == TAG_DEREGISTER)
        bc_lwm2m_tell(c, BC_EVENT_DEREGISTERED, outcome, 0);
}

void bc_lwm2m_on_registration_event(struct bc_lwm2m_client *c, const struct bc_coap_event *event)
{
    if (event->tag == TAG_REGISTER)
        on_registered(c, event);
    else if (event->tag >= TAG_UPDATE)
        on_updated(c, event);
    else
        on_deregistered(c, event);
}
