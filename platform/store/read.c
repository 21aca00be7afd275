/*
 * Rows for people. See store.h.
 */
#include "inside.h"

/* A number that the statement gives for the device of that id; 0 when it gives none. */
static uint64_t number_of(struct bc_store *store, enum statement which, int64_t device)
{
    int64_t number = 0;
    sqlite3_stmt *statement = bc_store_begin_statement(store, which);
    (void)sqlite3_bind_int64(statement, 1, device);
    (void)bc_store_number(store, statement, &number);
    return (uint64_t)number;
}

static bool find(struct bc_store *store, bc_view endpoint, int64_t *out)
{
    sqlite3_stmt *statement = bc_store_begin_statement(store, DEVICE_FIND);
    bc_store_bind_view(statement, 1, endpoint);
    return bc_store_number(store, statement, out);
}

bool bc_store_range(struct bc_store *store, bc_view endpoint, struct bc_store_range *out)
{
    int64_t device;
    store->problem[0] = '\0';
    if (!find(store, endpoint, &device))
        return false;
    out->first = number_of(store, DATA_FIRST, device);
    out->last = number_of(store, DATA_LAST, device);
    return true;
}

static struct bc_store_row row_of(sqlite3_stmt *row)
{
    return (struct bc_store_row){
        .number = (uint64_t)sqlite3_column_int64(row, 0),
        .utc_ms = sqlite3_column_int64(row, 1),
        .kind = (enum bc_store_kind)sqlite3_column_int(row, 2),
        .path = bc_store_column(row, 3),
        .code = (uint8_t)sqlite3_column_int(row, 4),
        .format = sqlite3_column_type(row, 5) == SQLITE_NULL ? -1 : sqlite3_column_int(row, 5),
        .payload = bc_store_column(row, 6),
        .observe = sqlite3_column_type(row, 7) == SQLITE_NULL ? -1 : sqlite3_column_int64(row, 7),
        .confirmable = sqlite3_column_int(row, 8) != 0,
        .stale = sqlite3_column_int(row, 9) != 0,
        .more = sqlite3_column_int(row, 10) != 0,
    };
}

bool bc_store_read(struct bc_store *store, bc_view endpoint, uint64_t from, uint64_t count,
                   bool (*take)(void *context, const struct bc_store_row *row), void *context)
{
    int64_t device;
    store->problem[0] = '\0';
    if (!find(store, endpoint, &device))
        return false;
    sqlite3_stmt *statement = bc_store_begin_statement(store, DATA_FROM);
    (void)sqlite3_bind_int64(statement, 1, device);
    bc_store_bind_number(statement, 2, from);
    bc_store_bind_number(statement, 3, count);
    while (bc_store_row(store, statement)) {
        struct bc_store_row row = row_of(statement);
        if (!take(context, &row)) {
            bc_store_end_statement(statement);
            break;
        }
    }
    return true;
}
