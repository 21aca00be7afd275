/*
 * The service as a whole: made and unmade, what happens passed on to its parts, and the events of a
 * turn, which are told when they are stored. See service.h.
 */
#include "service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "catalogue.h"
#include "private.h"

#define TOLD_MAX 65536 /* of one turn; what is more is not told */
#define TOLD_MIN 64
#define SWEEP_MS 20
#define SWEEP_AGAIN_MS 1000 /* when the store fails */

struct service_told {
    enum service_event_kind kind;
    bool ended;
    uint8_t endpoint_bytes;
    uint8_t endpoint[BC_ENDPOINT_BYTES_MAX];
    int64_t utc_ms;
    int64_t product;
    uint64_t command;
    json_t *body;
};

const char *service_event_name(enum service_event_kind kind)
{
    static const char *const names[SERVICE_EVENT_KINDS] = {
        [SERVICE_REGISTERED] = "registered",
        [SERVICE_UPDATED] = "updated",
        [SERVICE_DEREGISTERED] = "deregistered",
        [SERVICE_EXPIRED] = "expired",
        [SERVICE_DATA] = "data",
        [SERVICE_COMMAND] = "command",
        [SERVICE_FOTA] = "fota",
        [SERVICE_MESSAGE] = "message",
        [SERVICE_AT] = "at",
        [SERVICE_ALARM] = "alarm",
        [SERVICE_DEVICE] = "device",
        [SERVICE_PRODUCT] = "product",
    };
    return names[kind];
}

/* Made and unmade ------------------------------------------------------------------------------*/

static bool create_parts(struct service *s)
{
    s->keyring = keyring_create(s);
    s->webhooks = webhooks_create(s);
    s->live = live_create(s);
    s->fota = fota_create(s);
    s->virtuals = virtuals_create(s);
    return s->keyring != NULL && s->webhooks != NULL && s->live != NULL && s->fota != NULL &&
           s->virtuals != NULL;
}

struct service *service_create(const struct service_config *config, int64_t utc_ms,
                               char problem[BC_STORE_PROBLEM_BYTES])
{
    struct service *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        snprintf(problem, BC_STORE_PROBLEM_BYTES, "not enough memory");
        return NULL;
    }
    s->config = *config;
    s->now.utc_ms = utc_ms;
    if (create_parts(s))
        return s;
    const char *why = bc_store_problem(config->store);
    snprintf(problem, BC_STORE_PROBLEM_BYTES, "%s", why[0] != '\0' ? why : "not enough memory");
    service_destroy(s);
    return NULL;
}

static void forget_told(struct service *s)
{
    for (size_t i = 0; i < s->told_count; i++)
        json_decref(s->told[i].body);
    s->told_count = 0;
}

void service_destroy(struct service *s)
{
    if (s == NULL)
        return;
    virtuals_destroy(s->virtuals);
    fota_destroy(s->fota);
    live_destroy(s->live);
    webhooks_destroy(s->webhooks);
    keyring_destroy(s->keyring);
    forget_told(s);
    free(s->told);
    free(s);
}

/* Events ---------------------------------------------------------------------------------------*/

bool service_wants(const struct service *s, enum service_event_kind kind)
{
    bool listened = s->config.on_event != NULL &&
                    (s->config.wants == NULL || s->config.wants(s->config.context, kind));
    return listened || webhooks_want(s->webhooks, kind);
}

static bool reserve_told(struct service *s)
{
    size_t cap = s->told_cap == 0 ? TOLD_MIN : s->told_cap * 2;
    if (s->told_count < s->told_cap)
        return true;
    struct service_told *told = cap > TOLD_MAX ? NULL : realloc(s->told, cap * sizeof(*told));
    if (told == NULL)
        return false;
    s->told = told;
    s->told_cap = cap;
    return true;
}

static struct service_event event_of(const struct service_told *told)
{
    return (struct service_event){
        .kind = told->kind,
        .utc_ms = told->utc_ms,
        .endpoint = {told->endpoint, told->endpoint_bytes},
        .product = told->product,
        .command = told->command,
        .ended = told->ended,
        .body = told->body,
    };
}

/* What many events of one device ask again and again stays in the cache of pages. */
static int64_t product_of(struct service *s, bc_view endpoint, const json_t *body)
{
    struct bc_provision_brief brief;
    if (endpoint.len == 0)
        return json_integer_value(json_object_get(body, "product"));
    return bc_catalogue_brief(s->config.store, endpoint, &brief) ? brief.product : 0;
}

static void tell(struct service *s, struct service_told told, bc_view endpoint)
{
    if (told.body == NULL || endpoint.len > sizeof(told.endpoint) || !service_wants(s, told.kind) ||
        !reserve_told(s)) {
        json_decref(told.body);
        return;
    }
    if (endpoint.len > 0)
        memcpy(told.endpoint, endpoint.ptr, endpoint.len);
    told.endpoint_bytes = (uint8_t)endpoint.len;
    told.utc_ms = s->now.utc_ms;
    told.product = product_of(s, endpoint, told.body);
    s->told[s->told_count++] = told;
    struct service_event event = event_of(&s->told[s->told_count - 1]);
    webhooks_on_told(s->webhooks, &event);
}

void service_tell(struct service *s, enum service_event_kind kind, bc_view endpoint, json_t *body)
{
    tell(s, (struct service_told){.kind = kind, .body = body}, endpoint);
}

void service_tell_command(struct service *s, bc_view endpoint, uint64_t command, bool ended,
                          json_t *body)
{
    struct service_told told = {
        .kind = SERVICE_COMMAND, .command = command, .ended = ended, .body = body};
    tell(s, told, endpoint);
}

void service_alarm(struct service *s, const char *alarm, const char *reason, int64_t utc_ms)
{
    json_t *body = json_pack("{s:s}", "alarm", alarm);
    struct service_event event = {.kind = SERVICE_ALARM, .utc_ms = utc_ms, .body = body};
    if (reason != NULL)
        (void)json_object_set_new(body, "reason", json_string(reason));
    webhooks_on_alarm(s->webhooks, &event);
    if (s->config.on_event != NULL)
        s->config.on_event(s->config.context, &event);
    json_decref(body);
}

void service_after_commit(struct service *s, bool committed)
{
    for (size_t i = 0; i < s->told_count && committed; i++) {
        struct service_event event = event_of(&s->told[i]);
        if (s->config.on_event != NULL)
            s->config.on_event(s->config.context, &event);
    }
    forget_told(s);
    if (!committed)
        s->generation++; /* documents are again what they were */
    keyring_after_commit(s->keyring, committed);
    webhooks_after_commit(s->webhooks, committed);
    live_after_commit(s->live, committed);
    fota_after_commit(s->fota, committed);
}

/* The core's callbacks -------------------------------------------------------------------------*/

bool service_find_product(struct service *s, bc_view endpoint, struct bc_server_product *out)
{
    struct bc_provision_brief brief;
    if (bc_catalogue_brief(s->config.store, endpoint, &brief)) {
        *out = (struct bc_server_product){
            .carrier = brief.carrier,
            .observe_all = brief.observe_all && brief.automatic,
            .by_hand = !brief.automatic,
        };
        return brief.carrier != NULL;
    }
    *out = (struct bc_server_product){.carrier = s->config.open};
    return s->config.open != NULL;
}

/* Asked at each message in plain: most platforms have no product that wants it. */
bool service_wants_security(struct service *s, bc_view endpoint)
{
    if (!s->security_known || s->security_generation != s->generation) {
        s->security_known = true;
        s->security_generation = s->generation;
        s->any_secured = bc_catalogue_any_secured(s->config.store);
        if (bc_store_unread(s->config.store))
            s->security_known = false;
    }
    return (s->any_secured || !s->security_known) &&
           bc_catalogue_secured(s->config.store, endpoint);
}

bool service_observes(struct service *s, bc_view endpoint, const struct bc_server_path *instance,
                      bool usual)
{
    struct bc_provision_brief brief;
    if (!bc_catalogue_brief(s->config.store, endpoint, &brief))
        return usual;
    return live_observes(s->live, brief.product, instance, usual);
}

/* Of a device that is in no product anything goes. */
bool service_accepts_product_id(struct service *s, bc_view endpoint, bc_view product_id)
{
    struct bc_provision_brief brief;
    if (!bc_catalogue_brief(s->config.store, endpoint, &brief) || brief.product_id[0] == '\0')
        return true;
    return bc_view_equal(product_id, bc_view_of(brief.product_id));
}

bool service_device_find(struct service *s, bc_view endpoint, struct service_device *out)
{
    struct bc_provision_brief brief;
    if (!bc_catalogue_brief(s->config.store, endpoint, &brief))
        return false;
    *out = (struct service_device){
        .product = brief.product,
        .carrier = brief.carrier,
        .automatic = brief.automatic,
        .queued = brief.queued,
    };
    return true;
}

static void tell_registration(struct service *s, enum service_event_kind kind,
                              const struct bc_server_event *event)
{
    if (!service_wants(s, kind))
        return;
    json_t *body = json_object();
    if (kind == SERVICE_REGISTERED || kind == SERVICE_UPDATED)
        (void)json_object_set_new(body, "registration", service_registration(s, event->device));
    if (event->reason != NULL)
        (void)json_object_set_new(body, "reason", json_string(event->reason));
    service_tell(s, kind, event->endpoint, body);
}

static void tell_of(struct service *s, const struct bc_server_event *event)
{
    switch (event->kind) {
    case BC_SERVER_REGISTERED:
        tell_registration(s, SERVICE_REGISTERED, event);
        break;
    case BC_SERVER_UPDATED:
        tell_registration(s, SERVICE_UPDATED, event);
        break;
    case BC_SERVER_DEREGISTERED:
        tell_registration(s, SERVICE_DEREGISTERED, event);
        break;
    case BC_SERVER_EXPIRED:
        tell_registration(s, SERVICE_EXPIRED, event);
        break;
    default:
        break;
    }
}

void service_on_event(struct service *s, const struct bc_server_event *event,
                      const struct bc_store_time *now)
{
    s->now = *now;
    tell_of(s, event);
    live_on_event(s->live, event);
    fota_on_event(s->fota, event);
}

void service_on_message(struct service *s, const struct bc_address *peer, bool up, bc_view message,
                        int64_t utc_ms)
{
    s->now.utc_ms = utc_ms;
    live_on_message(s->live, peer, up, message);
}

/* Time -----------------------------------------------------------------------------------------*/

void service_settle(struct service *s, const struct bc_store_time *now)
{
    s->now = *now;
    live_settle(s->live);
    fota_settle(s->fota);
}

/* A few rows at a time, so that nobody waits for it. */
static void sweep(struct service *s)
{
    if (s->now.now_ms < s->sweep_ms)
        return;
    bool more = bc_catalogue_sweep(s->config.store);
    bool works = bc_store_works(s->config.store);
    s->sweep_ms = more ? s->now.now_ms + (works ? SWEEP_MS : SWEEP_AGAIN_MS) : BC_NEVER;
}

void service_on_time(struct service *s, const struct bc_store_time *now)
{
    s->now = *now;
    sweep(s);
    live_on_time(s->live);
    fota_on_time(s->fota);
    virtuals_on_time(s->virtuals, now);
}

uint64_t service_deadline(const struct service *s)
{
    uint64_t deadline = live_deadline(s->live);
    uint64_t others[] = {fota_deadline(s->fota), virtuals_deadline(s->virtuals), s->sweep_ms};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (others[i] < deadline)
            deadline = others[i];
    return deadline;
}
