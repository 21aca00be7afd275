/*
 * Webhooks: who is told of what happens by HTTP. Events that a webhook wants wait in its queue,
 * stored with what they tell of; the program delivers them. See accounts.h.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "account_rows.h"
#include "accounts.h"
#include "base/sink.h"
#include "private.h"

#define EVENTS_MAX 10
#define SECRET_BYTES_MAX 128
#define ERROR_BYTES_MAX 200
#define ALARMS_MAX 8 /* of a webhook, waiting */

/* Not those of which there are too many, messages and lines. */
static const char *const event_names[EVENTS_MAX + 1] = {
    "registered", "updated", "deregistered", "expired", "data",
    "command",    "fota",    "alarm",        "device",  "product",
};

struct webhook {
    int64_t id;
    int64_t product; /* 0: of all */
    uint32_t events; /* bit of each kind */
    bool waiting;    /* there may be something in its queue */
    size_t secret_bytes;
    char *url;
    uint8_t secret[SECRET_BYTES_MAX];
};

/* An alarm waits here and not in the store, which may be what it is about. */
struct alarm {
    int64_t webhook;
    int64_t id; /* negative */
    int64_t due_ms;
    unsigned attempts;
    char *body;
};

struct webhooks {
    struct service *service;
    size_t count;
    struct webhook list[SERVICE_WEBHOOKS_MAX];
    bool changed; /* in this turn */
    char *body;   /* of the hook that was given out last */
    struct alarm alarms[SERVICE_WEBHOOKS_MAX * ALARMS_MAX]; /* oldest first */
    size_t alarm_count;
    int64_t alarm_id; /* of the newest */
};

/* In memory ------------------------------------------------------------------------------------*/

static void clear(struct webhooks *w)
{
    for (size_t i = 0; i < w->count; i++) {
        bc_wipe(w->list[i].secret, sizeof(w->list[i].secret));
        free(w->list[i].url);
    }
    w->count = 0;
}

static uint32_t events_of(const json_t *names)
{
    uint32_t events = 0;
    size_t index;
    const json_t *name;
    json_array_foreach(names, index, name)
    {
        for (unsigned kind = 0; kind < SERVICE_EVENT_KINDS; kind++)
            if (json_is_string(name) && strcmp(service_event_name((enum service_event_kind)kind),
                                               json_string_value(name)) == 0)
                events |= 1U << kind;
    }
    return events;
}

static bool take_webhook(void *context, const struct bc_webhook *row)
{
    struct webhooks *w = context;
    struct webhook *webhook = &w->list[w->count];
    json_t *events = json_loadb((const char *)row->events.ptr, row->events.len, 0, NULL);
    *webhook = (struct webhook){
        .id = row->id,
        .product = row->product,
        .events = events_of(events),
        .waiting = row->queued > 0,
        .url = strndup((const char *)row->url.ptr, row->url.len),
    };
    json_decref(events);
    if (webhook->url == NULL)
        return false;
    if (row->secret.len > 0 && row->secret.len <= SECRET_BYTES_MAX) {
        memcpy(webhook->secret, row->secret.ptr, row->secret.len);
        webhook->secret_bytes = row->secret.len;
    }
    return ++w->count < SERVICE_WEBHOOKS_MAX;
}

static bool load(struct webhooks *w)
{
    clear(w);
    bc_accounts_webhooks(w->service->config.store, 0, take_webhook, w);
    return !bc_store_unread(w->service->config.store);
}

struct webhooks *webhooks_create(struct service *service)
{
    struct webhooks *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return NULL;
    w->service = service;
    if (load(w))
        return w;
    webhooks_destroy(w);
    return NULL;
}

void webhooks_destroy(struct webhooks *w)
{
    if (w == NULL)
        return;
    clear(w);
    for (size_t i = 0; i < w->alarm_count; i++)
        free(w->alarms[i].body);
    free(w->body);
    free(w);
}

bool webhooks_want(const struct webhooks *w, enum service_event_kind kind)
{
    for (size_t i = 0; w != NULL && i < w->count; i++)
        if ((w->list[i].events & 1U << kind) != 0)
            return true;
    return false;
}

static bool wants(const struct webhook *webhook, const struct service_event *event)
{
    return (webhook->events & 1U << event->kind) != 0 &&
           (webhook->product == 0 || webhook->product == event->product);
}

static char *text_of(const struct service_event *event)
{
    json_t *body = json_pack("{s:s,s:I}", "type", service_event_name(event->kind), "time_ms",
                             (json_int_t)event->utc_ms);
    if (event->endpoint.len > 0)
        service_set_endpoint(body, event->endpoint);
    if (event->product != 0)
        (void)json_object_set_new(body, "product", json_integer(event->product));
    (void)json_object_update(body, (json_t *)(uintptr_t)event->body);
    char *text = json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(body);
    return text;
}

void webhooks_on_told(struct webhooks *w, const struct service_event *event)
{
    char *text = NULL;
    for (size_t i = 0; i < w->count; i++) {
        if (!wants(&w->list[i], event))
            continue;
        if (text == NULL)
            text = text_of(event);
        if (text != NULL &&
            bc_accounts_add_hook(w->service->config.store, w->list[i].id, bc_view_of(text),
                                 event->utc_ms, SERVICE_HOOKS_MAX))
            w->list[i].waiting = true;
    }
    free(text);
}

static void drop_alarm(struct webhooks *w, size_t at)
{
    free(w->alarms[at].body);
    w->alarm_count--;
    memmove(&w->alarms[at], &w->alarms[at + 1], (w->alarm_count - at) * sizeof(w->alarms[0]));
}

/* The oldest one of the webhook, of those behind `at`; alarm_count when there is none. */
static size_t alarm_of(const struct webhooks *w, int64_t webhook, size_t at)
{
    while (at < w->alarm_count && w->alarms[at].webhook != webhook)
        at++;
    return at;
}

static void add_alarm(struct webhooks *w, int64_t webhook, const char *text, int64_t utc_ms)
{
    size_t waiting = 0, oldest = alarm_of(w, webhook, 0);
    for (size_t at = oldest; at < w->alarm_count; at = alarm_of(w, webhook, at + 1))
        waiting++;
    if (waiting == ALARMS_MAX)
        drop_alarm(w, oldest);
    char *body = w->alarm_count < API_COUNT(w->alarms) ? strdup(text) : NULL;
    if (body == NULL)
        return;
    w->alarms[w->alarm_count++] =
        (struct alarm){.webhook = webhook, .id = w->alarm_id, .due_ms = utc_ms, .body = body};
}

/* Whatever product a webhook is for: an alarm is of the whole platform. Its number is the time, so
 * that the next run of the platform does not give it again. */
void webhooks_on_alarm(struct webhooks *w, const struct service_event *event)
{
    char *text = webhooks_want(w, SERVICE_ALARM) ? text_of(event) : NULL;
    w->alarm_id = -event->utc_ms < w->alarm_id ? -event->utc_ms : w->alarm_id - 1;
    for (size_t i = 0; i < w->count && text != NULL; i++)
        if ((w->list[i].events & 1U << SERVICE_ALARM) != 0)
            add_alarm(w, w->list[i].id, text, event->utc_ms);
    free(text);
}

/* What was not stored did not happen: neither a webhook's change nor a delivery. */
void webhooks_after_commit(struct webhooks *w, bool committed)
{
    bool changed = w->changed;
    w->changed = false;
    if (!committed && changed)
        (void)load(w);
}

/* For the program ------------------------------------------------------------------------------*/

static struct webhook *by_id(struct service *service, int64_t id)
{
    struct webhooks *w = service->webhooks;
    for (size_t i = 0; i < w->count; i++)
        if (w->list[i].id == id)
            return &w->list[i];
    return NULL;
}

bool service_webhook_at(const struct service *service, size_t index, struct service_webhook *out)
{
    const struct webhooks *w = service->webhooks;
    if (index >= w->count)
        return false;
    *out = (struct service_webhook){
        .id = w->list[index].id,
        .url = w->list[index].url,
        .secret = {w->list[index].secret, w->list[index].secret_bytes},
    };
    return true;
}

struct next {
    struct webhooks *webhooks;
    struct service_hook *out;
};

static bool take_next(void *context, const struct bc_hook *hook)
{
    struct next *next = context;
    free(next->webhooks->body);
    next->webhooks->body = strndup((const char *)hook->body.ptr, hook->body.len);
    *next->out = (struct service_hook){
        .id = hook->id,
        .due_ms = hook->due_ms,
        .attempts = (unsigned)hook->attempts,
        .body = next->webhooks->body,
    };
    return false;
}

static bool next_alarm(const struct webhooks *w, int64_t webhook, struct service_hook *out)
{
    size_t at = alarm_of(w, webhook, 0);
    if (at == w->alarm_count)
        return false;
    const struct alarm *alarm = &w->alarms[at];
    *out = (struct service_hook){alarm->id, alarm->due_ms, alarm->attempts, alarm->body};
    return true;
}

/* An alarm was delivered, or, when it is due again, was not. */
static void end_alarm(struct webhooks *w, int64_t webhook, int64_t id, int64_t due_ms)
{
    size_t at = alarm_of(w, webhook, 0);
    while (at < w->alarm_count && w->alarms[at].id != id)
        at = alarm_of(w, webhook, at + 1);
    if (at == w->alarm_count) /* too many came */
        return;
    w->alarms[at].due_ms = due_ms;
    w->alarms[at].attempts++;
    if (due_ms == 0)
        drop_alarm(w, at);
}

bool service_hook_next(struct service *service, int64_t webhook, struct service_hook *out)
{
    struct webhook *of = by_id(service, webhook);
    struct next next = {service->webhooks, out};
    struct bc_store *store = service->config.store;
    if (of != NULL && next_alarm(service->webhooks, webhook, out))
        return true;
    if (of == NULL || !of->waiting || !bc_store_works(store))
        return false;
    if (bc_accounts_next_hook(store, webhook, take_next, &next))
        return out->body != NULL;
    of->waiting = bc_store_unread(store);
    return false;
}

void service_hook_done(struct service *service, int64_t webhook, int64_t hook)
{
    if (hook < 0) {
        end_alarm(service->webhooks, webhook, hook, 0);
        return;
    }
    service->webhooks->changed = true;
    (void)bc_accounts_hook_done(service->config.store, webhook, hook);
}

void service_hook_failed(struct service *service, int64_t webhook, int64_t hook, const char *error,
                         int64_t due_ms)
{
    bc_view text = bc_view_of(error);
    if (hook < 0) {
        end_alarm(service->webhooks, webhook, hook, due_ms);
        return;
    }
    if (text.len > ERROR_BYTES_MAX)
        text.len = ERROR_BYTES_MAX;
    service->webhooks->changed = true;
    (void)bc_accounts_hook_failed(service->config.store, webhook, hook, text, due_ms);
}

/* Resources ------------------------------------------------------------------------------------*/

#define WEBHOOK_FIELDS                                                                      \
    {.name = "url", .type = API_STRING, .required = true, .min = 8, .max = 2000},           \
    {                                                                                       \
        .name = "events", .type = API_STRING, .required = true, .repeated = true, .min = 1, \
        .max = EVENTS_MAX, .words = event_names                                             \
    }

static const struct api_field webhook_fields[] = {
    {.name = "id", .type = API_INTEGER, .required = true},
    WEBHOOK_FIELDS,
    {.name = "product", .type = API_INTEGER, .required = true, .nullable = true},
    {.name = "has_secret", .type = API_BOOLEAN, .required = true},
    {.name = "queued", .type = API_INTEGER, .required = true},
    {.name = "delivered", .type = API_INTEGER, .required = true},
    {.name = "failed",
     .type = API_INTEGER,
     .required = true,
     .about = "Events that were given up."},
    {.name = "last_error", .type = API_STRING, .required = true, .nullable = true},
    {.name = "created_ms", .type = API_INTEGER, .required = true},
};
static const struct api_shape webhook_out = API_SHAPE("Webhook", webhook_fields);

static const struct api_field new_fields[] = {
    WEBHOOK_FIELDS,
    {.name = "product",
     .type = API_INTEGER,
     .nullable = true,
     .min = 1,
     .max = INT64_MAX,
     .about = "Only of devices of this one; null: of all."},
    {.name = "secret",
     .type = API_STRING,
     .min = 8,
     .max = SECRET_BYTES_MAX,
     .about = "For the signature of what is sent. Never readable."},
};
static const struct api_shape webhook_new = API_SHAPE("NewWebhook", new_fields);

static const struct api_field list_fields[] = {API_WINDOW_FIELDS};
static const struct api_shape list_query = API_SHAPE("WebhooksQuery", list_fields);

static json_t *json_of(const struct bc_webhook *webhook)
{
    json_t *events = json_loadb((const char *)webhook->events.ptr, webhook->events.len, 0, NULL);
    json_t *product = webhook->product == 0 ? json_null() : json_integer(webhook->product);
    json_t *error = webhook->last_error.len == 0 ? json_null() : service_text(webhook->last_error);
    return json_pack("{s:I,s:o,s:o,s:o,s:b,s:I,s:I,s:I,s:o,s:I}", "id", (json_int_t)webhook->id,
                     "url", service_text(webhook->url), "events", events, "product", product,
                     "has_secret", webhook->secret.len > 0, "queued", (json_int_t)webhook->queued,
                     "delivered", (json_int_t)webhook->delivered, "failed",
                     (json_int_t)webhook->failed, "last_error", error, "created_ms",
                     (json_int_t)webhook->created_ms);
}

static bool take_one(void *context, const struct bc_webhook *webhook)
{
    *(json_t **)context = json_of(webhook);
    return false;
}

static bool take_item(void *context, const struct bc_webhook *webhook)
{
    struct service_list *list = context;
    if (!service_list_room(list, webhook->id))
        return false;
    (void)json_array_append_new(list->items, json_of(webhook));
    return true;
}

static void list(struct api_call *call, struct api_answer *answer)
{
    struct service_list page = service_list_begin(call);
    bc_accounts_webhooks(call->service->config.store, api_window(call).cursor, take_item, &page);
    service_list_answer(call, &page, answer);
}

/* Whoever may see the list must not find a password in it. */
static const char *problem_of(bc_view url)
{
    size_t scheme = bc_view_equal_nocase((bc_view){url.ptr, 7}, "http://")    ? 7
                    : bc_view_equal_nocase((bc_view){url.ptr, 8}, "https://") ? 8
                                                                              : 0;
    if (scheme == 0 || url.len == scheme)
        return "url must begin with http:// or https:// and a host";
    for (size_t i = 0; i < url.len; i++)
        if (url.ptr[i] <= ' ' || url.ptr[i] == 0x7F)
            return "url must have no blanks or control characters";
    for (size_t i = scheme; i < url.len && url.ptr[i] != '/'; i++)
        if (url.ptr[i] == '@')
            return "url must have no user and password; use secret";
    return NULL;
}

static void add(struct api_call *call, struct api_answer *answer)
{
    struct webhooks *w = call->service->webhooks;
    struct bc_store *store = call->service->config.store;
    int64_t id = 0;
    service_enter(call);
    struct bc_webhook webhook = {
        .url = service_view(json_object_get(call->body, "url")),
        .product = json_integer_value(json_object_get(call->body, "product")),
        .secret = service_view(json_object_get(call->body, "secret")),
        .created_ms = call->utc_ms,
    };
    const char *problem = problem_of(webhook.url);
    if (problem != NULL) {
        api_problem(answer, 422, "url_refused", "url", "%s", problem);
        return;
    }
    if (w->count == SERVICE_WEBHOOKS_MAX) {
        api_problem(answer, 409, "webhooks_full", NULL,
                    "there are %d webhooks already; remove some", SERVICE_WEBHOOKS_MAX);
        return;
    }
    char *events = json_dumps(json_object_get(call->body, "events"), JSON_COMPACT);
    webhook.events = bc_view_of(events != NULL ? events : "[]");
    if (bc_accounts_add_webhook(store, &webhook, &id) &&
        bc_accounts_webhook(store, id, take_one, &answer->body) && load(w))
        w->changed = true;
    else
        service_answer_store(call, answer);
    free(events);
}

static bool take_nothing(void *context, const struct bc_webhook *webhook)
{
    (void)context, (void)webhook;
    return false;
}

static void drop(struct api_call *call, struct api_answer *answer)
{
    struct webhooks *w = call->service->webhooks;
    struct bc_store *store = call->service->config.store;
    int64_t id = service_id(call->segments[0]);
    service_enter(call);
    if (!bc_accounts_webhook(store, id, take_nothing, NULL)) {
        service_answer_missing(call, answer, "webhook");
        return;
    }
    w->changed = true;
    for (size_t at = alarm_of(w, id, 0); at < w->alarm_count; at = alarm_of(w, id, at))
        drop_alarm(w, at);
    if (!bc_accounts_remove_webhook(store, id) || !load(w))
        service_answer_store(call, answer);
}

static const struct api_route routes[] = {
    {"GET", "/webhooks", API_ADMIN, .query = &list_query, .out = &webhook_out, .lists = true,
     .handle = list, .about = "Webhooks, oldest first."},
    {"POST", "/webhooks", API_ADMIN, .in = &webhook_new, .out = &webhook_out, .changes = true,
     .status = 201, .handle = add, .about = "Adds a webhook: it is told what happens from now on."},
    {"DELETE", "/webhooks/{webhook}", API_ADMIN, .changes = true, .status = 204, .handle = drop,
     .about = "Removes a webhook, and what waits for it."},
};
const struct api_table api_webhooks = API_TABLE(routes);
