/*
 * Which command leaves when, and how it ends (PLATFORM section 2, command queue).
 *
 *     PENDING --sent--> SENT --empty ACK--> DELIVERED
 *        |                \---------------------\--> SUCCESSFUL, FAILED, TIMEOUT
 *        \--> EXPIRED, CANCELED
 *
 * Commands stay in the store until their turn: of each device one is on its way, and that is an
 * errand here. In queue mode it leaves only while the device is awake (config.awake_ms after its
 * last word). What no answer came to has ended in TIMEOUT and is not repeated; but when the
 * registration ends under a command that may be said twice, it is PENDING again, once.
 *
 * Nothing here looks at all commands or all devices but at the beginning, some of them at a time: a
 * device whose time may have come is remembered by name until the turn's end, and what expires next
 * is asked of an index.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/sink.h"
#include "coap/message.h"
#include "hash.h"
#include "live.h"
#include "table.h"

#define NO_EXPIRY INT64_MAX
#define EXPIRED_AT_ONCE 64
#define RESUMED_AT_ONCE 256 /* devices, after the beginning */
#define RETRY_MS 1000
#define DUE_BYTES_MIN 4096
#define REASON_BYTES 64
#define MESSAGES_OBJECT "/19/" /* what is written there is no value, but a message */

/* A command on its way. When it is over it is kept until that is committed. */
struct errand {
    struct table_node by_serial;
    struct table_node by_endpoint;
    struct errand *all_next, *all_prev;
    struct errand *next; /* of those that this turn has changed */
    uint64_t serial;     /* the request's tag; ids of commands come again after a failed commit */
    uint64_t command;
    bool listed; /* among those */
    bool begun;  /* in this turn */
    bool over;
    bool lost;  /* its end could not be committed */
    bool again; /* it was sent once before */
    bool repeatable;
    bool repeat;             /* how it ended: it is PENDING again */
    struct bc_queue_end end; /* else; without the answer's bytes */
    char reason[REASON_BYTES];
    uint8_t endpoint_bytes;
    uint8_t endpoint[BC_ENDPOINT_BYTES_MAX];
};

struct dispatch {
    struct live *live;
    struct hash_key key;
    struct table by_serial;
    struct table by_endpoint;
    struct errand *all;
    struct errand *changed;
    uint64_t serial;
    uint64_t waiting;      /* commands that have not ended */
    uint64_t committed;    /* the same, when the last turn ended */
    int64_t expiry_utc_ms; /* nothing expires before */
    uint64_t retry_ms;     /* ends that were lost; BC_NEVER: none */
    bool restarting;       /* what the last run left is not yet stored as it is now */
    bool restart_due;
    bool resuming;   /* not all devices have been looked at since the beginning */
    bc_sink resumed; /* the last one that has */
    uint8_t resumed_memory[BC_ENDPOINT_BYTES_MAX];
    bc_sink due; /* endpoints, each behind a byte with its length */
};

static struct bc_store *store_of(const struct dispatch *d)
{
    return live_store(d->live);
}

static const struct bc_store_time *now_of(const struct dispatch *d)
{
    return &d->live->service->now;
}

/* Errands --------------------------------------------------------------------------------------*/

static bc_view endpoint_of(const struct errand *e)
{
    return (bc_view){e->endpoint, e->endpoint_bytes};
}

static struct errand *errand_of(const struct dispatch *d, bc_view endpoint)
{
    uint32_t hash = (uint32_t)bc_server_hash(&d->key, endpoint);
    struct table_node *node = bc_server_table_first(&d->by_endpoint, hash);
    for (; node != NULL; node = bc_server_table_next(node)) {
        struct errand *e = BC_SERVER_OF(node, struct errand, by_endpoint);
        if (bc_view_equal(endpoint_of(e), endpoint))
            return e;
    }
    return NULL;
}

static struct errand *errand_of_serial(const struct dispatch *d, uint64_t serial)
{
    struct table_node *node = bc_server_table_first(&d->by_serial, (uint32_t)serial);
    for (; node != NULL; node = bc_server_table_next(node)) {
        struct errand *e = BC_SERVER_OF(node, struct errand, by_serial);
        if (e->serial == serial)
            return e;
    }
    return NULL;
}

static void note_change(struct dispatch *d, struct errand *e)
{
    if (e->listed)
        return;
    e->listed = true;
    e->next = d->changed;
    d->changed = e;
}

static struct errand *begin_errand(struct dispatch *d, bc_view endpoint, uint64_t command)
{
    struct errand *e = calloc(1, sizeof(*e));
    if (e == NULL)
        return NULL;
    e->serial = ++d->serial;
    e->command = command;
    e->begun = true;
    e->endpoint_bytes = (uint8_t)endpoint.len;
    memcpy(e->endpoint, endpoint.ptr, endpoint.len);
    e->all_next = d->all;
    if (d->all != NULL)
        d->all->all_prev = e;
    d->all = e;
    bc_server_table_insert(&d->by_serial, &e->by_serial, (uint32_t)e->serial);
    bc_server_table_insert(&d->by_endpoint, &e->by_endpoint,
                           (uint32_t)bc_server_hash(&d->key, endpoint));
    note_change(d, e);
    return e;
}

static void leave_tables(struct dispatch *d, struct errand *e)
{
    bc_server_table_remove(&d->by_serial, &e->by_serial);
    bc_server_table_remove(&d->by_endpoint, &e->by_endpoint);
}

static void free_errand(struct dispatch *d, struct errand *e)
{
    *(e->all_prev == NULL ? &d->all : &e->all_prev->all_next) = e->all_next;
    if (e->all_next != NULL)
        e->all_next->all_prev = e->all_prev;
    free(e);
}

/* The one that was begun last. */
static void drop_errand(struct dispatch *d, struct errand *e)
{
    assert(d->changed == e);
    d->changed = e->next;
    leave_tables(d, e);
    free_errand(d, e);
}

/* Due ------------------------------------------------------------------------------------------*/

static bool reserve(bc_sink *sink, size_t bytes)
{
    size_t cap = sink->cap < DUE_BYTES_MIN ? DUE_BYTES_MIN : sink->cap;
    while (cap < sink->len + bytes)
        cap *= 2;
    uint8_t *ptr = cap == sink->cap ? sink->ptr : realloc(sink->ptr, cap);
    if (ptr == NULL)
        return false;
    sink->ptr = ptr;
    sink->cap = cap;
    return true;
}

static void note_due(struct dispatch *d, bc_view endpoint)
{
    if (d->waiting == 0 || endpoint.len == 0 || endpoint.len > UINT8_MAX ||
        !reserve(&d->due, 1 + endpoint.len))
        return;
    bc_put_be(&d->due, endpoint.len, 1);
    bc_put_bytes(&d->due, endpoint);
}

/* Telling --------------------------------------------------------------------------------------*/

static void tell(struct dispatch *d, bc_view endpoint, uint64_t id, bool ended)
{
    struct service *service = d->live->service;
    if (!service_wants(service, SERVICE_COMMAND))
        return;
    json_t *body = json_object();
    (void)json_object_set_new(body, "command", live_command(d->live, id));
    service_tell_command(service, endpoint, id, ended, body);
}

static void ended(struct dispatch *d, bc_view endpoint, uint64_t id)
{
    if (d->waiting > 0)
        d->waiting--;
    tell(d, endpoint, id, true);
}

/* Ends -----------------------------------------------------------------------------------------*/

struct owner {
    uint8_t bytes[BC_ENDPOINT_BYTES_MAX];
    bc_view endpoint;
};

static bool take_owner(void *context, const struct bc_queue_command *command)
{
    struct owner *owner = context;
    size_t len = command->endpoint.len;
    if (len > 0 && len <= sizeof(owner->bytes)) {
        memcpy(owner->bytes, command->endpoint.ptr, len);
        owner->endpoint = (bc_view){owner->bytes, len};
    }
    return true;
}

bool dispatch_end(struct dispatch *d, uint64_t id, const struct bc_queue_end *end)
{
    struct owner owner = {.endpoint = {0}};
    if (!bc_queue_find(store_of(d), id, take_owner, &owner) ||
        !bc_queue_end(store_of(d), id, end, now_of(d)->utc_ms))
        return false;
    ended(d, owner.endpoint, id);
    return true;
}

static void end_simply(struct dispatch *d, uint64_t id, enum bc_queue_state state,
                       const char *reason)
{
    struct bc_queue_end end = {.state = state, .format = BC_COAP_FORMAT_ABSENT, .reason = reason};
    (void)dispatch_end(d, id, &end);
}

/* As the errand says; a command that a user canceled meanwhile stays canceled. */
static void store_end(struct dispatch *d, struct errand *e)
{
    if (e->repeat) {
        if (bc_queue_again(store_of(d), e->command))
            tell(d, endpoint_of(e), e->command, false);
    } else if (bc_queue_end(store_of(d), e->command, &e->end, now_of(d)->utc_ms)) {
        ended(d, endpoint_of(e), e->command);
    }
    e->end.answer = (bc_view){0};
    e->lost = !bc_store_works(store_of(d));
}

static void finish(struct dispatch *d, struct errand *e)
{
    leave_tables(d, e);
    e->over = true;
    note_change(d, e);
    store_end(d, e);
}

/* Sending --------------------------------------------------------------------------------------*/

bool dispatch_queued(struct dispatch *d, bc_view endpoint)
{
    struct service_device known;
    struct bc_server_device device;
    if (bc_server_find(d->live->service->config.server, endpoint, &device) &&
        strchr(device.binding, 'Q') != NULL)
        return true;
    return service_device_find(d->live->service, endpoint, &known) && known.queued;
}

enum dispatch_hindrance dispatch_hindrance(struct dispatch *d, bc_view endpoint)
{
    const struct service_config *config = &d->live->service->config;
    struct bc_server_device device;
    if (!bc_server_find(config->server, endpoint, &device))
        return DISPATCH_ABSENT;
    if (errand_of(d, endpoint) != NULL)
        return DISPATCH_BUSY;
    bool awake = now_of(d)->now_ms - device.seen_ms < config->awake_ms;
    return awake || !dispatch_queued(d, endpoint) ? DISPATCH_FREE : DISPATCH_ASLEEP;
}

/* The next command, out of the store. */
struct prepared {
    uint64_t id;
    int64_t expires_ms;
    bool good;
    bool sent_before;
    bool repeatable;
    struct bc_server_request request;
    uint8_t payload[BC_SERVER_VALUE_BYTES_MAX];
};

static bool prepare(void *context, const struct bc_queue_command *command)
{
    struct prepared *p = context;
    bc_view path = command->path;
    p->id = command->id;
    p->expires_ms = command->expires_ms;
    p->sent_before = command->sent_ms != 0;
    p->repeatable = command->operation != BC_SERVER_EXECUTE &&
                    (path.len < 4 || memcmp(path.ptr, MESSAGES_OBJECT, 4) != 0);
    p->request = (struct bc_server_request){
        .operation = command->operation,
        .accept = command->accept,
        .format = command->format,
        .payload = {p->payload, command->payload.len},
    };
    p->good =
        command->payload.len <= sizeof(p->payload) && bc_server_path_parse(path, &p->request.path);
    if (p->good && command->payload.len > 0)
        memcpy(p->payload, command->payload.ptr, command->payload.len);
    return true;
}

static const char *refusal(enum bc_err err)
{
    switch (err) {
    case BC_ERR_RANGE:
        return "the value is too long";
    case BC_ERR_STATE:
        return "this path is not observed, or about to change";
    default:
        return "it cannot be sent";
    }
}

/* False: it stays, and nothing else can leave now. */
static bool send(struct dispatch *d, bc_view endpoint, struct prepared *p)
{
    struct errand *e = begin_errand(d, endpoint, p->id);
    if (e == NULL)
        return false;
    e->again = p->sent_before;
    e->repeatable = p->repeatable;
    p->request.tag = SERVICE_TAG(SERVICE_OF_LIVE, e->serial);
    enum bc_err err = bc_server_request(d->live->service->config.server, now_of(d)->now_ms,
                                        endpoint, &p->request);
    if (err == BC_OK) {
        if (bc_queue_sent(store_of(d), p->id, now_of(d)->utc_ms))
            tell(d, endpoint, p->id, false);
        return false;
    }
    drop_errand(d, e);
    if (err == BC_ERR_FULL || err == BC_ERR_ABSENT)
        return false;
    end_simply(d, p->id, BC_QUEUE_FAILED, refusal(err));
    return true;
}

/* Sends the device's next command, if one waits and nothing is in the way. */
static void pump(struct dispatch *d, bc_view endpoint)
{
    struct prepared p;
    if (!bc_store_works(store_of(d)) || dispatch_hindrance(d, endpoint) != DISPATCH_FREE)
        return;
    for (int i = 0; i < LIVE_WAITING_MAX; i++) {
        if (!bc_queue_next(store_of(d), endpoint, prepare, &p))
            return;
        if (!p.good)
            end_simply(d, p.id, BC_QUEUE_FAILED, "it is damaged");
        else if (p.expires_ms <= now_of(d)->utc_ms)
            end_simply(d, p.id, BC_QUEUE_EXPIRED, NULL);
        else if (!send(d, endpoint, &p))
            return;
        if (!bc_store_works(store_of(d)))
            return;
    }
}

static const char *reason_of(enum dispatch_hindrance hindrance)
{
    switch (hindrance) {
    case DISPATCH_ABSENT:
        return "the device is not registered";
    case DISPATCH_ASLEEP:
        return "the device sleeps";
    default:
        return NULL;
    }
}

bool dispatch_add(struct dispatch *d, const struct bc_queue_command *command, bool now_only,
                  uint64_t *id)
{
    if (!bc_queue_add(store_of(d), command, id))
        return false;
    d->waiting++;
    if (command->expires_ms < d->expiry_utc_ms)
        d->expiry_utc_ms = command->expires_ms;
    const char *reason = reason_of(dispatch_hindrance(d, command->endpoint));
    tell(d, command->endpoint, *id, false);
    if (now_only && reason != NULL)
        end_simply(d, *id, BC_QUEUE_FAILED, reason);
    else
        pump(d, command->endpoint);
    return bc_store_works(store_of(d));
}

/* What becomes of them -------------------------------------------------------------------------*/

static void set_reason(struct errand *e, enum bc_queue_state state, const char *reason)
{
    e->end.state = state;
    (void)snprintf(e->reason, sizeof(e->reason), "%s", reason);
    e->end.reason = e->reason;
}

static void on_answer(struct errand *e, const struct bc_server_event *event)
{
    bool success = event->code >> 5 == 2;
    e->end.code = event->code;
    e->end.format = event->format;
    e->end.answer = event->payload;
    e->end.state = BC_QUEUE_SUCCESSFUL;
    if (success && event->more) {
        set_reason(e, BC_QUEUE_FAILED, "the transfer in blocks broke off");
    } else if (success && event->kind == BC_SERVER_OBSERVED && !event->observed) {
        set_reason(e, BC_QUEUE_FAILED, "the device does not let this be observed");
    } else if (!success) {
        e->end.state = BC_QUEUE_FAILED;
        (void)snprintf(e->reason, sizeof(e->reason), "the device answered %d.%02d",
                       event->code >> 5, event->code & 31);
        e->end.reason = e->reason;
    }
}

static void on_end(struct errand *e, const struct bc_server_event *event)
{
    e->end = (struct bc_queue_end){.format = BC_COAP_FORMAT_ABSENT};
    switch (event->kind) {
    case BC_SERVER_TIMED_OUT:
        set_reason(e, BC_QUEUE_TIMEOUT, "the device did not answer");
        break;
    case BC_SERVER_RESET:
        set_reason(e, BC_QUEUE_FAILED, "the device refused the message (RST)");
        break;
    case BC_SERVER_CANCELED:
        e->repeat = e->repeatable && !e->again;
        set_reason(e, BC_QUEUE_FAILED, "the registration ended before there was an answer");
        break;
    default:
        on_answer(e, event);
    }
}

static void on_request(struct dispatch *d, const struct bc_server_event *event)
{
    if (SERVICE_TAG_PART(event->tag) != SERVICE_OF_LIVE)
        return;
    struct errand *e = errand_of_serial(d, SERVICE_TAG_NUMBER(event->tag));
    if (e == NULL)
        return;
    if (event->kind == BC_SERVER_ACKNOWLEDGED) {
        if (bc_queue_delivered(store_of(d), e->command))
            tell(d, endpoint_of(e), e->command, false);
        return;
    }
    on_end(e, event);
    finish(d, e);
}

void dispatch_on_event(struct dispatch *d, const struct bc_server_event *event)
{
    switch (event->kind) {
    case BC_SERVER_ACKNOWLEDGED:
        on_request(d, event);
        break;
    case BC_SERVER_OBSERVED:
    case BC_SERVER_RESPONDED:
    case BC_SERVER_TIMED_OUT:
    case BC_SERVER_RESET:
    case BC_SERVER_CANCELED:
        on_request(d, event);
        note_due(d, event->endpoint);
        break;
    case BC_SERVER_REGISTERED:
    case BC_SERVER_UPDATED:
    case BC_SERVER_NOTIFIED:
    case BC_SERVER_DP:
        note_due(d, event->endpoint);
        break;
    default:
        break;
    }
}

/* Time -----------------------------------------------------------------------------------------*/

/* After the beginning: commands of devices that are awake and will not speak first. */
static void resume_some(struct dispatch *d)
{
    for (int i = 0; i < RESUMED_AT_ONCE && d->resuming; i++) {
        d->resuming = bc_queue_device(store_of(d), bc_sink_view(&d->resumed), &d->resumed);
        if (d->resuming)
            note_due(d, bc_sink_view(&d->resumed));
    }
}

void dispatch_settle(struct dispatch *d)
{
    if (d->resuming)
        resume_some(d);
    bc_view rest = bc_sink_view(&d->due);
    while (rest.len > 0) {
        bc_view endpoint = {rest.ptr + 1, rest.ptr[0]};
        pump(d, endpoint);
        rest = (bc_view){endpoint.ptr + endpoint.len, rest.len - 1 - endpoint.len};
    }
    d->due.len = 0;
}

static void expire(struct dispatch *d)
{
    uint64_t id;
    int64_t utc_ms = now_of(d)->utc_ms;
    for (int i = 0; i < EXPIRED_AT_ONCE; i++) {
        if (!bc_store_works(store_of(d)) || !bc_queue_expired(store_of(d), utc_ms, &id))
            break;
        end_simply(d, id, BC_QUEUE_EXPIRED, NULL);
    }
    if (!bc_queue_next_expiry(store_of(d), &d->expiry_utc_ms))
        d->expiry_utc_ms = NO_EXPIRY;
}

static void retry_lost(struct dispatch *d)
{
    d->retry_ms = now_of(d)->now_ms + RETRY_MS;
    for (struct errand *e = d->changed; e != NULL && bc_store_works(store_of(d)); e = e->next) {
        if (!e->lost)
            continue;
        store_end(d, e);
        note_due(d, endpoint_of(e));
    }
}

static bool restart(struct dispatch *d)
{
    d->restarting = true;
    d->restart_due = false;
    bool done = bc_queue_restart(store_of(d), now_of(d)->utc_ms,
                                 "the platform ended before there was an answer");
    d->waiting = bc_queue_waiting(store_of(d), (bc_view){0});
    d->committed = d->waiting;
    d->resuming = d->waiting > 0;
    return done;
}

void dispatch_on_time(struct dispatch *d)
{
    if (!bc_store_works(store_of(d)))
        return;
    if (d->restart_due)
        (void)restart(d);
    if (d->retry_ms <= now_of(d)->now_ms)
        retry_lost(d);
    if (d->expiry_utc_ms <= now_of(d)->utc_ms)
        expire(d);
}

uint64_t dispatch_deadline(const struct dispatch *d)
{
    const struct bc_store_time *now = now_of(d);
    uint64_t deadline = d->resuming ? now->now_ms : d->retry_ms;
    if (!bc_store_works(store_of(d)))
        return now->now_ms + RETRY_MS;
    if (d->expiry_utc_ms != NO_EXPIRY) {
        int64_t left = d->expiry_utc_ms - now->utc_ms;
        uint64_t at = now->now_ms + (left > 0 ? (uint64_t)left : 0);
        deadline = at < deadline ? at : deadline;
    }
    return deadline;
}

/* What was begun in a turn that is not stored was never sent, as far as is known: when it is
 * answered nobody minds. What ended in it has to be stored later. */
static bool forgets(struct dispatch *d, struct errand *e, bool committed)
{
    if (!committed && e->begun) {
        if (!e->over)
            leave_tables(d, e);
        return true;
    }
    e->begun = false;
    if (!committed && e->over)
        e->lost = true;
    if (e->lost)
        d->retry_ms = now_of(d)->now_ms + RETRY_MS;
    return e->over && !e->lost;
}

void dispatch_after_commit(struct dispatch *d, bool committed)
{
    struct errand *kept = NULL, *next;
    d->retry_ms = BC_NEVER;
    for (struct errand *e = d->changed; e != NULL; e = next) {
        next = e->next;
        e->listed = false;
        if (forgets(d, e, committed)) {
            free_errand(d, e);
        } else if (e->over) {
            e->listed = true;
            e->next = kept;
            kept = e;
        }
    }
    d->changed = kept;
    d->restart_due = d->restarting && !committed;
    d->restarting = d->restart_due;
    if (committed)
        d->committed = d->waiting;
    else
        d->waiting = d->committed;
}

void dispatch_on_removed(struct dispatch *d, bc_view endpoint)
{
    uint64_t id;
    for (int i = 0; i < LIVE_WAITING_MAX && bc_store_works(store_of(d)); i++) {
        if (!bc_queue_open_of(store_of(d), endpoint, &id))
            return;
        end_simply(d, id, BC_QUEUE_CANCELED, "the device was removed");
    }
}

uint64_t dispatch_waiting(const struct dispatch *d)
{
    return d->waiting;
}

/* Made and unmade ------------------------------------------------------------------------------*/

static bool begin(struct dispatch *d)
{
    struct bc_random random = {(uint64_t)now_of(d)->utc_ms ^ (uint64_t)(uintptr_t)d};
    d->key = bc_server_hash_key(&random);
    if (!bc_server_table_init(&d->by_serial) || !bc_server_table_init(&d->by_endpoint))
        return false;
    return bc_queue_waiting(store_of(d), (bc_view){0}) == 0 || restart(d);
}

struct dispatch *dispatch_create(struct live *live)
{
    struct dispatch *d = calloc(1, sizeof(*d));
    if (d == NULL)
        return NULL;
    d->live = live;
    d->retry_ms = BC_NEVER;
    d->resumed = (bc_sink){.ptr = d->resumed_memory, .cap = sizeof(d->resumed_memory)};
    if (begin(d))
        return d;
    dispatch_destroy(d);
    return NULL;
}

void dispatch_destroy(struct dispatch *d)
{
    if (d == NULL)
        return;
    for (struct errand *e = d->all, *next; e != NULL; e = next) {
        next = e->all_next;
        free(e);
    }
    bc_server_table_free(&d->by_serial);
    bc_server_table_free(&d->by_endpoint);
    free(d->due.ptr);
    free(d);
}
