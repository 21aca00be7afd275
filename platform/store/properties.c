/*
 * The rows of properties.h.
 */
#include "properties.h"

#include "inside.h"

enum query { LATEST_UPDATE, LATEST_COUNT, LATEST_INSERT, PUT, TRIM, LATEST, HISTORY, QUERY_COUNT };
_Static_assert(QUERY_COUNT <= PART_STATEMENTS_MAX, "they find no place");

static const char *const texts[QUERY_COUNT] = {
    [LATEST_UPDATE] = "UPDATE latest SET time_ms = ?3, value = ?4 WHERE device = ?1 AND name = ?2",
    [LATEST_COUNT] = "SELECT count(*) FROM latest WHERE device = ?1",
    [LATEST_INSERT] = "INSERT INTO latest (device, name, time_ms, value) VALUES (?1, ?2, ?3, ?4)",
    [PUT] = "INSERT OR REPLACE INTO properties (device, name, time_ms, number, value)"
            " VALUES (?1, ?2, ?3, ?5, ?4)",
    [TRIM] = "DELETE FROM properties WHERE device = ?1 AND name = ?2 AND (time_ms, number) IN"
             " (SELECT time_ms, number FROM properties WHERE device = ?1 AND name = ?2"
             " ORDER BY time_ms, number LIMIT 4) AND number <= ?3",
    [LATEST] = "SELECT name, time_ms, 0, value FROM latest WHERE device = ?1 AND name >= ?2"
               " AND name < ?3 ORDER BY name",
    [HISTORY] = "SELECT name, time_ms, number, value FROM properties WHERE device = ?1"
                " AND name = ?2 AND time_ms BETWEEN ?3 AND ?4"
                " ORDER BY time_ms DESC, number DESC LIMIT ?5",
};

static sqlite3_stmt *begin(struct bc_store *store, enum query which)
{
    return bc_store_lazily(store, PART_PROPERTIES, which, texts[which]);
}

static bool run(struct bc_store *store, enum query which, bc_view endpoint,
                const struct bc_property *property)
{
    sqlite3_stmt *statement = begin(store, which);
    bc_store_bind_view(statement, 1, endpoint);
    bc_store_bind_text(statement, 2, property->name);
    (void)sqlite3_bind_int64(statement, 3, property->utc_ms);
    bc_store_bind_text(statement, 4, property->value);
    if (which == PUT)
        bc_store_bind_number(statement, 5, property->number);
    return bc_store_run(store, statement);
}

static bool has_room(struct bc_store *store, bc_view endpoint)
{
    int64_t count = BC_PROPERTIES_MAX;
    sqlite3_stmt *statement = begin(store, LATEST_COUNT);
    bc_store_bind_view(statement, 1, endpoint);
    (void)bc_store_number(store, statement, &count);
    return count < BC_PROPERTIES_MAX;
}

static bool trim(struct bc_store *store, bc_view endpoint, const struct bc_property *property)
{
    if (property->number <= store->rows_max)
        return true;
    sqlite3_stmt *statement = begin(store, TRIM);
    bc_store_bind_view(statement, 1, endpoint);
    bc_store_bind_text(statement, 2, property->name);
    bc_store_bind_number(statement, 3, property->number - store->rows_max);
    return bc_store_run(store, statement);
}

bool bc_properties_put(struct bc_store *store, bc_view endpoint, const struct bc_property *property,
                       bool keeps)
{
    if (property->name.len > BC_PROPERTY_NAME_BYTES_MAX || !bc_store_begin_write(store) ||
        !run(store, LATEST_UPDATE, endpoint, property))
        return false;
    bool known = sqlite3_changes(store->db) > 0;
    if (!known && (!has_room(store, endpoint) || !run(store, LATEST_INSERT, endpoint, property)))
        return false;
    return !keeps || (run(store, PUT, endpoint, property) && trim(store, endpoint, property));
}

static void take_all(struct bc_store *store, sqlite3_stmt *statement, bc_property_take *take,
                     void *context)
{
    while (bc_store_row(store, statement)) {
        struct bc_property property = {
            .name = bc_store_column(statement, 0),
            .utc_ms = sqlite3_column_int64(statement, 1),
            .number = (uint64_t)sqlite3_column_int64(statement, 2),
            .value = bc_store_column(statement, 3),
        };
        if (!take(context, &property)) {
            bc_store_end_statement(statement);
            break;
        }
    }
}

void bc_properties_latest(struct bc_store *store, bc_view endpoint, bc_view first, bc_view end,
                          bc_property_take *take, void *context)
{
    sqlite3_stmt *statement = begin(store, LATEST);
    bc_store_bind_view(statement, 1, endpoint);
    bc_store_bind_text(statement, 2, first);
    bc_store_bind_text(statement, 3, end);
    take_all(store, statement, take, context);
}

void bc_properties_history(struct bc_store *store, bc_view endpoint,
                           const struct bc_property_range *range, bc_property_take *take,
                           void *context)
{
    sqlite3_stmt *statement = begin(store, HISTORY);
    bc_store_bind_view(statement, 1, endpoint);
    bc_store_bind_text(statement, 2, range->name);
    (void)sqlite3_bind_int64(statement, 3, range->from_ms);
    (void)sqlite3_bind_int64(statement, 4, range->to_ms);
    bc_store_bind_number(statement, 5, range->count);
    take_all(store, statement, take, context);
}
