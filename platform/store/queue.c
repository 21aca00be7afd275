/*
 * The rows of queue.h. In the file `expires_ms` is negative while a command does not wait: so the
 * index of what expires begins with what does.
 */
#include "queue.h"

#include "base/sink.h"
#include "inside.h"

#define NO_FORMAT (-1)

enum query {
    ADD,
    TRIM,
    FIND,
    NEXT,
    OPEN,
    DEVICE,
    LIST,
    LIST_STATE,
    LIST_DEVICE,
    LIST_DEVICE_STATE,
    SENT,
    DELIVERED,
    AGAIN,
    END,
    WAITING,
    WAITING_ALL,
    EXPIRED,
    NEXT_EXPIRY,
    RESTART_END,
    RESTART_AGAIN,
    QUERY_COUNT
};
_Static_assert(QUERY_COUNT <= PART_STATEMENTS_MAX, "they find no place");
_Static_assert(BC_QUEUE_SUCCESSFUL == 3, "the texts and the indices know it");
_Static_assert(BC_SERVER_EXECUTE == 3, "the text of RESTART_END knows it");

#define COLUMNS                                                                                  \
    "SELECT id, endpoint, kind, operation, path, accept, format, payload, description, state,"   \
    " created_ms, abs(expires_ms), sent_ms, ended_ms, code, answer_format, answer, reason FROM " \
    "commands "
/* Those of a device that was removed may still be there for a while (catalogue.h). */
#define NOT_FORGOTTEN                            \
    " AND NOT EXISTS (SELECT 1 FROM forgotten f" \
    " WHERE f.endpoint = commands.endpoint AND f.command >= commands.id)"
#define NEWEST_FIRST " ORDER BY id DESC LIMIT ?2"

static const char *const texts[QUERY_COUNT] = {
    [ADD] = "INSERT INTO commands (endpoint, kind, operation, path, accept, format, payload,"
            " description, state, created_ms, expires_ms)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10)",
    [TRIM] = "DELETE FROM commands WHERE id IN (SELECT id FROM commands WHERE endpoint = ?1"
             " AND id <= (SELECT id FROM commands WHERE endpoint = ?1 ORDER BY id DESC"
             " LIMIT 1 OFFSET ?2) AND state >= 3 ORDER BY id LIMIT 4)",
    [FIND] = COLUMNS "WHERE id = ?1" NOT_FORGOTTEN,
    /* The plus keeps SQLite away from the index of all that are PENDING. */
    [NEXT] = COLUMNS "WHERE endpoint = ?1 AND state < 3 AND +state = 0 ORDER BY id LIMIT 1",
    [OPEN] = "SELECT id FROM commands WHERE endpoint = ?1 AND state < 3 ORDER BY id LIMIT 1",
    [DEVICE] = "SELECT endpoint FROM commands WHERE endpoint > ?1 AND state < 3"
               " ORDER BY endpoint LIMIT 1",
    [LIST] = COLUMNS "WHERE id < ?1" NOT_FORGOTTEN NEWEST_FIRST,
    [LIST_STATE] = COLUMNS "WHERE id < ?1 AND state = ?3" NOT_FORGOTTEN NEWEST_FIRST,
    [LIST_DEVICE] = COLUMNS "WHERE id < ?1 AND endpoint = ?4" NOT_FORGOTTEN NEWEST_FIRST,
    [LIST_DEVICE_STATE] =
        COLUMNS "WHERE id < ?1 AND endpoint = ?4 AND +state = ?3" NOT_FORGOTTEN NEWEST_FIRST,
    [SENT] = "UPDATE commands SET state = 1, expires_ms = -abs(expires_ms), sent_ms = ?2"
             " WHERE id = ?1 AND state = 0",
    [DELIVERED] = "UPDATE commands SET state = 2 WHERE id = ?1 AND state = 1",
    [AGAIN] = "UPDATE commands SET state = 0, expires_ms = abs(expires_ms)"
              " WHERE id = ?1 AND state < 3",
    [END] = "UPDATE commands SET state = ?2, ended_ms = ?3, code = ?4, answer_format = ?5,"
            " answer = ?6, reason = ?7 WHERE id = ?1 AND state < 3",
    [WAITING] = "SELECT count(*) FROM commands WHERE endpoint = ?1 AND state < 3",
    [WAITING_ALL] = "SELECT count(*) FROM commands WHERE state < 3",
    [EXPIRED] = "SELECT id FROM commands WHERE state < 3 AND expires_ms BETWEEN 1 AND ?1"
                " ORDER BY expires_ms LIMIT 1",
    [NEXT_EXPIRY] = "SELECT expires_ms FROM commands WHERE state < 3 AND expires_ms > 0"
                    " ORDER BY expires_ms LIMIT 1",
    [RESTART_END] = "UPDATE commands SET state = 6, ended_ms = ?1, reason = ?2 WHERE state < 3"
                    " AND state > 0 AND (operation = 3 OR path LIKE '/19/%')",
    [RESTART_AGAIN] = "UPDATE commands SET state = 0, expires_ms = abs(expires_ms)"
                      " WHERE state < 3 AND state > 0",
};

static sqlite3_stmt *begin(struct bc_store *store, enum query which)
{
    return bc_store_lazily(store, PART_QUEUE, which, texts[which]);
}

static void bind_format(sqlite3_stmt *statement, int at, int32_t format)
{
    if (format != NO_FORMAT)
        (void)sqlite3_bind_int64(statement, at, format);
}

static int32_t format_of(sqlite3_stmt *row, int at)
{
    return sqlite3_column_type(row, at) == SQLITE_NULL ? NO_FORMAT : sqlite3_column_int(row, at);
}

/* A damaged file may say anything. */
static unsigned below(sqlite3_stmt *row, int at, unsigned limit)
{
    sqlite3_int64 value = sqlite3_column_int64(row, at);
    return value < 0 || value >= (sqlite3_int64)limit ? 0 : (unsigned)value;
}

static struct bc_queue_command command_of(sqlite3_stmt *row)
{
    return (struct bc_queue_command){
        .id = (uint64_t)sqlite3_column_int64(row, 0),
        .endpoint = bc_store_column(row, 1),
        .kind = (uint8_t)below(row, 2, UINT8_MAX),
        .operation = (enum bc_server_operation)below(row, 3, BC_SERVER_CANCEL + 1),
        .path = bc_store_column(row, 4),
        .accept = format_of(row, 5),
        .format = format_of(row, 6),
        .payload = bc_store_column(row, 7),
        .description = bc_store_column(row, 8),
        .state = (enum bc_queue_state)below(row, 9, BC_QUEUE_STATES),
        .created_ms = sqlite3_column_int64(row, 10),
        .expires_ms = sqlite3_column_int64(row, 11),
        .sent_ms = sqlite3_column_int64(row, 12),
        .ended_ms = sqlite3_column_int64(row, 13),
        .code = (uint8_t)below(row, 14, UINT8_MAX + 1),
        .answer_format = format_of(row, 15),
        .answer = bc_store_column(row, 16),
        .reason = bc_store_column(row, 17),
    };
}

static void trim(struct bc_store *store, bc_view endpoint)
{
    sqlite3_stmt *statement = begin(store, TRIM);
    bc_store_bind_view(statement, 1, endpoint);
    bc_store_bind_number(statement, 2, BC_QUEUE_KEPT);
    (void)bc_store_run(store, statement);
}

bool bc_queue_add(struct bc_store *store, const struct bc_queue_command *command, uint64_t *id)
{
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin(store, ADD);
    bc_store_bind_view(statement, 1, command->endpoint);
    bc_store_bind_number(statement, 2, command->kind);
    bc_store_bind_number(statement, 3, command->operation);
    bc_store_bind_text(statement, 4, command->path);
    bind_format(statement, 5, command->accept);
    bind_format(statement, 6, command->format);
    bc_store_bind_view(statement, 7, command->payload);
    bc_store_bind_text(statement, 8, command->description);
    (void)sqlite3_bind_int64(statement, 9, command->created_ms);
    (void)sqlite3_bind_int64(statement, 10, command->expires_ms);
    if (!bc_store_run(store, statement))
        return false;
    *id = (uint64_t)sqlite3_last_insert_rowid(store->db);
    trim(store, command->endpoint);
    return bc_store_works(store);
}

static bool take_one(struct bc_store *store, sqlite3_stmt *statement, bc_queue_take *take,
                     void *context)
{
    if (!bc_store_row(store, statement))
        return false;
    struct bc_queue_command command = command_of(statement);
    (void)take(context, &command);
    bc_store_end_statement(statement);
    return true;
}

bool bc_queue_find(struct bc_store *store, uint64_t id, bc_queue_take *take, void *context)
{
    sqlite3_stmt *statement = begin(store, FIND);
    bc_store_bind_number(statement, 1, id);
    return take_one(store, statement, take, context);
}

bool bc_queue_next(struct bc_store *store, bc_view endpoint, bc_queue_take *take, void *context)
{
    sqlite3_stmt *statement = begin(store, NEXT);
    bc_store_bind_view(statement, 1, endpoint);
    return take_one(store, statement, take, context);
}

void bc_queue_list(struct bc_store *store, bc_view endpoint, enum bc_queue_state state,
                   uint64_t before, size_t count, bc_queue_take *take, void *context)
{
    bool of_state = state != BC_QUEUE_STATES, of_device = endpoint.len > 0;
    sqlite3_stmt *statement = begin(store, of_device ? (of_state ? LIST_DEVICE_STATE : LIST_DEVICE)
                                                     : (of_state ? LIST_STATE : LIST));
    (void)sqlite3_bind_int64(statement, 1, before > INT64_MAX ? INT64_MAX : (int64_t)before);
    bc_store_bind_number(statement, 2, count);
    if (of_state)
        bc_store_bind_number(statement, 3, state);
    if (of_device)
        bc_store_bind_view(statement, 4, endpoint);
    while (bc_store_row(store, statement)) {
        struct bc_queue_command command = command_of(statement);
        if (!take(context, &command)) {
            bc_store_end_statement(statement);
            break;
        }
    }
}

static bool number_of_id(struct bc_store *store, sqlite3_stmt *statement, uint64_t *id)
{
    int64_t value;
    if (!bc_store_number(store, statement, &value))
        return false;
    *id = (uint64_t)value;
    return true;
}

bool bc_queue_open_of(struct bc_store *store, bc_view endpoint, uint64_t *id)
{
    sqlite3_stmt *statement = begin(store, OPEN);
    bc_store_bind_view(statement, 1, endpoint);
    return number_of_id(store, statement, id);
}

bool bc_queue_device(struct bc_store *store, bc_view after, bc_sink *out)
{
    sqlite3_stmt *statement = begin(store, DEVICE);
    bc_store_bind_view(statement, 1, after);
    if (!bc_store_row(store, statement))
        return false;
    out->len = 0;
    bc_put_bytes(out, bc_store_column(statement, 0));
    bc_store_end_statement(statement);
    return !out->full;
}

static sqlite3_stmt *begin_change(struct bc_store *store, enum query which, uint64_t id)
{
    sqlite3_stmt *statement = bc_store_begin_write(store) ? begin(store, which) : NULL;
    bc_store_bind_number(statement, 1, id);
    return statement;
}

static bool change(struct bc_store *store, sqlite3_stmt *statement)
{
    return bc_store_works(store) && bc_store_run(store, statement) &&
           sqlite3_changes(store->db) > 0;
}

bool bc_queue_sent(struct bc_store *store, uint64_t id, int64_t utc_ms)
{
    sqlite3_stmt *statement = begin_change(store, SENT, id);
    (void)sqlite3_bind_int64(statement, 2, utc_ms);
    return change(store, statement);
}

bool bc_queue_delivered(struct bc_store *store, uint64_t id)
{
    return change(store, begin_change(store, DELIVERED, id));
}

bool bc_queue_again(struct bc_store *store, uint64_t id)
{
    return change(store, begin_change(store, AGAIN, id));
}

bool bc_queue_end(struct bc_store *store, uint64_t id, const struct bc_queue_end *end,
                  int64_t utc_ms)
{
    sqlite3_stmt *statement = begin_change(store, END, id);
    bc_store_bind_number(statement, 2, end->state);
    (void)sqlite3_bind_int64(statement, 3, utc_ms);
    if (end->code != 0)
        bc_store_bind_number(statement, 4, end->code);
    bind_format(statement, 5, end->format);
    if (end->answer.len > 0)
        bc_store_bind_view(statement, 6, end->answer);
    if (end->reason != NULL)
        (void)sqlite3_bind_text(statement, 7, end->reason, -1, SQLITE_STATIC);
    return change(store, statement);
}

uint64_t bc_queue_waiting(struct bc_store *store, bc_view endpoint)
{
    int64_t count;
    sqlite3_stmt *statement = begin(store, endpoint.len > 0 ? WAITING : WAITING_ALL);
    if (endpoint.len > 0)
        bc_store_bind_view(statement, 1, endpoint);
    return bc_store_number(store, statement, &count) ? (uint64_t)count : 0;
}

bool bc_queue_expired(struct bc_store *store, int64_t utc_ms, uint64_t *id)
{
    sqlite3_stmt *statement = begin(store, EXPIRED);
    (void)sqlite3_bind_int64(statement, 1, utc_ms);
    return number_of_id(store, statement, id);
}

bool bc_queue_next_expiry(struct bc_store *store, int64_t *utc_ms)
{
    return bc_store_number(store, begin(store, NEXT_EXPIRY), utc_ms);
}

bool bc_queue_restart(struct bc_store *store, int64_t utc_ms, const char *reason)
{
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *end = begin(store, RESTART_END);
    (void)sqlite3_bind_int64(end, 1, utc_ms);
    (void)sqlite3_bind_text(end, 2, reason, -1, SQLITE_STATIC);
    return bc_store_run(store, end) && bc_store_run(store, begin(store, RESTART_AGAIN));
}
