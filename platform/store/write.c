/*
 * Events into rows. See store.h.
 */

#include "base/sink.h"
#include "carrier.h"
#include "inside.h"

#define NO_DEVICE 0

static int64_t utc_of(const struct bc_store_time *now, uint64_t time_ms)
{
    return now->utc_ms + (int64_t)(time_ms - now->now_ms);
}

/* Of a text that lives until the statement has ended. */
static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    (void)sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

static void bind_path(sqlite3_stmt *statement, int at, const struct bc_server_path *path)
{
    char text[BC_SERVER_PATH_CHARS_MAX + 1];
    bc_server_path_text(path, text);
    (void)sqlite3_bind_text(statement, at, text, -1, SQLITE_TRANSIENT);
}

/* Three columns. */
static void bind_address(sqlite3_stmt *statement, int at, const struct bc_address *address)
{
    bc_store_bind_view(statement, at, (bc_view){address->ip, address->ip_len});
    bc_store_bind_number(statement, at + 1, address->port);
    bind_text(statement, at + 2, address->channel == 0 ? "coap" : "coaps");
}

/* Devices --------------------------------------------------------------------------------------*/

/* Its id, or NO_DEVICE; `moved` when it is known at another address than this. */
static int64_t find(struct bc_store *store, bc_view endpoint, const struct bc_address *address,
                    bool *moved)
{
    sqlite3_stmt *statement = bc_store_begin_statement(store, DEVICE_FIND);
    bc_store_bind_view(statement, 1, endpoint);
    if (!bc_store_row(store, statement))
        return NO_DEVICE;
    int64_t id = sqlite3_column_int64(statement, 0);
    if (moved != NULL) {
        const char *listener = address->channel == 0 ? "coap" : "coaps";
        *moved = !bc_view_equal(bc_store_column(statement, 1),
                                (bc_view){address->ip, address->ip_len}) ||
                 sqlite3_column_int(statement, 2) != address->port ||
                 !bc_view_equal(bc_store_column(statement, 3), bc_view_of(listener));
    }
    bc_store_end_statement(statement);
    return id;
}

static void bind_device(sqlite3_stmt *statement, const struct bc_server_device *device,
                        const struct bc_store_time *now)
{
    bind_text(statement, 2, device->id);
    bind_address(statement, 3, &device->address);
    bc_store_bind_number(statement, 6, device->lifetime_s);
    bind_text(statement, 7, device->binding);
    bind_text(statement, 8, device->version);
    bind_text(statement, 9, device->carrier->name);
    bc_store_bind_number(statement, 10, STORE_OBSERVES(device->observe_all, device->by_hand));
    bc_store_bind_view(statement, 11, device->links);
    (void)sqlite3_bind_int64(statement, 12, utc_of(now, device->registered_ms));
    (void)sqlite3_bind_int64(statement, 13, utc_of(now, device->seen_ms));
    (void)sqlite3_bind_int64(statement, 14, utc_of(now, device->expires_ms));
}

/* Its id. */
static int64_t put_device(struct bc_store *store, const struct bc_server_device *device,
                          const struct bc_store_time *now)
{
    int64_t id = find(store, device->endpoint, NULL, NULL);
    bool known = id != NO_DEVICE;
    if (store->broken)
        return NO_DEVICE;
    sqlite3_stmt *statement =
        bc_store_begin_statement(store, known ? DEVICE_UPDATE : DEVICE_INSERT);
    if (known)
        (void)sqlite3_bind_int64(statement, 1, id);
    else
        bc_store_bind_view(statement, 1, device->endpoint);
    bind_device(statement, device, now);
    if (!bc_store_run(store, statement))
        return NO_DEVICE;
    return known ? id : sqlite3_last_insert_rowid(store->db);
}

/* In one step what most updates do: true when the device is there and registered. */
static bool refresh(struct bc_store *store, const struct bc_server_device *device,
                    const struct bc_store_time *now)
{
    sqlite3_stmt *statement = bc_store_begin_statement(store, DEVICE_REFRESH);
    bc_store_bind_view(statement, 1, device->endpoint);
    bind_device(statement, device, now);
    return bc_store_run(store, statement) && sqlite3_changes(store->db) > 0;
}

static void run_of_device(struct bc_store *store, enum statement which, int64_t id)
{
    if (store->broken)
        return;
    sqlite3_stmt *statement = bc_store_begin_statement(store, which);
    (void)sqlite3_bind_int64(statement, 1, id);
    (void)bc_store_run(store, statement);
}

static void end_device(struct bc_store *store, bc_view endpoint)
{
    int64_t id = find(store, endpoint, NULL, NULL);
    run_of_device(store, DEVICE_END, id);
    run_of_device(store, OBSERVATIONS_DROP, id);
}

/* The id of the device that an event is about, whose address it may have changed. */
static int64_t follow(struct bc_store *store, const struct bc_server_event *event,
                      const struct bc_store_time *now)
{
    bool moved = false;
    int64_t id = find(store, event->endpoint, &event->device->address, &moved);
    if (id == NO_DEVICE)
        return store->broken ? NO_DEVICE : put_device(store, event->device, now);
    if (moved) {
        sqlite3_stmt *statement = bc_store_begin_statement(store, DEVICE_MOVE);
        (void)sqlite3_bind_int64(statement, 1, id);
        bind_address(statement, 2, &event->device->address);
        (void)bc_store_run(store, statement);
    }
    return id;
}

/* Observations ---------------------------------------------------------------------------------*/

static void put_observation(struct bc_store *store, int64_t device,
                            const struct bc_server_observation *observation,
                            const struct bc_store_time *now)
{
    if (store->broken)
        return;
    sqlite3_stmt *statement = bc_store_begin_statement(store, OBSERVATION_PUT);
    (void)sqlite3_bind_int64(statement, 1, device);
    bind_path(statement, 2, &observation->path);
    (void)sqlite3_bind_int64(statement, 3, observation->accept);
    bc_store_bind_number(statement, 4, observation->token);
    bc_store_bind_number(statement, 5, observation->sequence);
    (void)sqlite3_bind_int64(statement, 6, utc_of(now, observation->seen_ms));
    (void)bc_store_run(store, statement);
}

static void drop_observation(struct bc_store *store, int64_t device,
                             const struct bc_server_path *path)
{
    if (store->broken)
        return;
    sqlite3_stmt *statement = bc_store_begin_statement(store, OBSERVATION_DROP);
    (void)sqlite3_bind_int64(statement, 1, device);
    bind_path(statement, 2, path);
    (void)bc_store_run(store, statement);
}

void bc_store_save(struct bc_store *store, const struct bc_server *server, bc_view endpoint,
                   const struct bc_store_time *now)
{
    struct bc_server_device device;
    struct bc_server_observation observation;
    if (!bc_server_find(server, endpoint, &device)) {
        end_device(store, endpoint);
        return;
    }
    int64_t id = put_device(store, &device, now);
    run_of_device(store, OBSERVATIONS_DROP, id);
    const void *cursor = bc_server_next_observation(server, endpoint, NULL, &observation);
    while (cursor != NULL) {
        put_observation(store, id, &observation, now);
        cursor = bc_server_next_observation(server, endpoint, cursor, &observation);
    }
}

/* Data -----------------------------------------------------------------------------------------*/

static enum bc_store_kind kind_of(const struct bc_server_event *event)
{
    switch (event->kind) {
    case BC_SERVER_NOTIFIED:
    case BC_SERVER_NOTIFYING:
        return BC_STORE_NOTIFY;
    case BC_SERVER_DP:
        return BC_STORE_DP;
    default:
        return BC_STORE_RESPONSE;
    }
}

static void bind_format(sqlite3_stmt *statement, int at, int32_t format)
{
    if (format >= 0)
        (void)sqlite3_bind_int64(statement, at, format);
}

static void insert(struct bc_store *store, int64_t device, uint64_t number,
                   const struct bc_server_event *event, const struct bc_store_time *now)
{
    sqlite3_stmt *statement = bc_store_begin_statement(store, DATA_INSERT);
    enum bc_store_kind kind = kind_of(event);
    (void)sqlite3_bind_int64(statement, 1, device);
    bc_store_bind_number(statement, 2, number);
    (void)sqlite3_bind_int64(statement, 3, now->utc_ms);
    bc_store_bind_number(statement, 4, kind);
    if (kind != BC_STORE_DP)
        bind_path(statement, 5, &event->path);
    bc_store_bind_number(statement, 6, event->code);
    bind_format(statement, 7, event->format);
    bc_store_bind_view(statement, 8, event->payload);
    if (kind == BC_STORE_NOTIFY)
        bc_store_bind_number(statement, 9, event->observe);
    bc_store_bind_number(statement, 10, event->confirmable);
    bc_store_bind_number(statement, 11, event->stale);
    bc_store_bind_number(statement, 12, event->more);
    bc_store_bind_number(statement, 13, event->kind == BC_SERVER_NOTIFYING);
    (void)bc_store_run(store, statement);
}

static void put_data(struct bc_store *store, int64_t device, const struct bc_server_event *event,
                     const struct bc_store_time *now)
{
    int64_t newest = 0;
    sqlite3_stmt *last = bc_store_begin_statement(store, DATA_LAST);
    (void)sqlite3_bind_int64(last, 1, device);
    (void)bc_store_number(store, last, &newest);
    uint64_t number = (uint64_t)newest + 1;
    if (!store->broken)
        insert(store, device, number, event, now);
    store->newest = number;
    if (store->broken || number <= store->rows_max)
        return;
    sqlite3_stmt *trim = bc_store_begin_statement(store, DATA_TRIM);
    (void)sqlite3_bind_int64(trim, 1, device);
    bc_store_bind_number(trim, 2, number - store->rows_max);
    (void)bc_store_run(store, trim);
}

/* The rest of what NOTIFYING told of; false when that is not there any more. */
static bool complete(struct bc_store *store, int64_t device, const struct bc_server_event *event)
{
    sqlite3_stmt *statement = bc_store_begin_statement(store, DATA_COMPLETE);
    (void)sqlite3_bind_int64(statement, 1, device);
    bind_path(statement, 2, &event->path);
    bc_store_bind_number(statement, 3, event->code);
    bind_format(statement, 4, event->format);
    bc_store_bind_view(statement, 5, event->payload);
    bc_store_bind_number(statement, 6, event->more);
    if (!bc_store_row(store, statement))
        return false;
    store->newest = (uint64_t)sqlite3_column_int64(statement, 0);
    return bc_store_run(store, statement);
}

/* Events ---------------------------------------------------------------------------------------*/

/* Of an observe or cancel, and of a reset that answers one. */
static void on_observation(struct bc_store *store, int64_t device,
                           const struct bc_server_event *event, const struct bc_store_time *now)
{
    if (event->operation != BC_SERVER_OBSERVE && event->operation != BC_SERVER_CANCEL)
        return;
    if (event->observed)
        put_observation(store, device, &event->observation, now);
    else
        drop_observation(store, device, &event->path);
}

static void on_answer(struct bc_store *store, const struct bc_server_event *event,
                      const struct bc_store_time *now)
{
    int64_t device = follow(store, event, now);
    bool content = event->code >> 5 == 2 && event->payload.len > 0;
    on_observation(store, device, event, now);
    if (content && !store->broken)
        put_data(store, device, event, now);
}

static void on_report(struct bc_store *store, const struct bc_server_event *event,
                      const struct bc_store_time *now)
{
    int64_t device = follow(store, event, now);
    if (store->broken)
        return;
    if (!event->begun || !complete(store, device, event))
        put_data(store, device, event, now);
    if (event->over)
        drop_observation(store, device, &event->path);
}

static void on_registered(struct bc_store *store, const struct bc_server_event *event,
                          const struct bc_store_time *now)
{
    if (event->kind == BC_SERVER_UPDATED && !event->observed && refresh(store, event->device, now))
        return;
    int64_t device = put_device(store, event->device, now);
    if (event->kind == BC_SERVER_REGISTERED)
        run_of_device(store, OBSERVATIONS_DROP, device);
    if (event->observed)
        put_observation(store, device, &event->observation, now);
}

/* Nothing in the file hangs on what these tell. */
static bool is_idle(const struct bc_server_event *event)
{
    bool response = event->kind == BC_SERVER_RESPONDED && event->operation != BC_SERVER_CANCEL &&
                    event->payload.len == 0;
    bool reset = event->kind == BC_SERVER_RESET && event->operation != BC_SERVER_OBSERVE &&
                 event->operation != BC_SERVER_CANCEL;
    return response || reset || event->kind == BC_SERVER_REJECTED ||
           event->kind == BC_SERVER_TIMED_OUT || event->kind == BC_SERVER_CANCELED ||
           event->kind == BC_SERVER_ACKNOWLEDGED;
}

/* Whose row may be another one now than what is committed, should this not be. Reports are
 * repeated, and what expires is seen by the clock. */
static void note(struct bc_store *store, const struct bc_server_event *event)
{
    if (event->kind == BC_SERVER_NOTIFIED || event->kind == BC_SERVER_NOTIFYING ||
        event->kind == BC_SERVER_DP || event->kind == BC_SERVER_EXPIRED)
        return;
    if (store->unsaved.len + 1 + event->endpoint.len > store->unsaved.cap) {
        store->all_unsaved = true;
        return;
    }
    bc_put_be(&store->unsaved, event->endpoint.len, 1);
    bc_put_bytes(&store->unsaved, event->endpoint);
}

void bc_store_on_event(struct bc_store *store, const struct bc_server_event *event,
                       const struct bc_store_time *now)
{
    store->newest = 0;
    if (is_idle(event))
        return;
    note(store, event);
    if (store->failed || !bc_store_ensure_open(store))
        return;
    switch (event->kind) {
    case BC_SERVER_REGISTERED:
    case BC_SERVER_UPDATED:
        on_registered(store, event, now);
        break;
    case BC_SERVER_DEREGISTERED:
    case BC_SERVER_EXPIRED:
        end_device(store, event->endpoint);
        break;
    case BC_SERVER_NOTIFIED:
    case BC_SERVER_NOTIFYING:
    case BC_SERVER_DP:
        on_report(store, event, now);
        break;
    default:
        on_answer(store, event, now);
    }
}

/* One entry: lengths of address and reply, port, message id, address, reply. Sessions of DTLS are
 * over after a restart, and so is what was said in them. */
void bc_store_on_reply(struct bc_store *store, const struct bc_address *to, uint16_t message_id,
                       bc_view reply)
{
    size_t bytes = 6 + to->ip_len + reply.len;
    bc_sink *out = &store->reply_bytes;
    if (!store->open || to->channel != 0 || reply.len > UINT8_MAX || out->len + bytes > out->cap)
        return;
    bc_put_be(out, to->ip_len, 1);
    bc_put_be(out, reply.len, 1);
    bc_put_be(out, to->port, 2);
    bc_put_be(out, message_id, 2);
    bc_put_bytes(out, (bc_view){to->ip, to->ip_len});
    bc_put_bytes(out, reply);
    store->reply_count++;
}
