/*
 * The rows of fota_store.h.
 */
#include "fota_store.h"

#include <stdlib.h>
#include <string.h>

#include "inside.h"

enum fota_statement {
    FIRMWARES,
    FIRMWARE_ADD,
    FIRMWARE_FILL,
    FIRMWARE_DROP,
    FIRMWARE_CONTENT,
    FIRMWARE_TASKS,
    KEYS,
    KEY_FIND,
    KEY_ADD,
    KEY_DROP,
    GROUPS,
    GROUP_FIND,
    GROUP_ADD,
    GROUP_EMPTY,
    GROUP_DROP,
    GROUP_OF,
    GROUP_JOIN,
    TASKS,
    TASK_ADD,
    TASK_PUT,
    TASK_DROP,
    TASK_DROP_DEVICES,
    DEVICES,
    DEVICES_UNDER_WAY,
    DEVICE_NEXT,
    DEVICE_COUNTS,
    DEVICE_ADD,
    DEVICES_ADD_GROUP,
    DEVICE_PUT,
    DEVICES_CANCEL,
    DEVICE_FORGET,
    FOTA_STATEMENTS
};

#define PAGE " WHERE id >= ?1 AND (?3 = '' OR instr(name, ?3) > 0) ORDER BY id LIMIT ?2"
#define DEVICE_COLUMNS                                                                          \
    "d.task, d.endpoint, d.state, d.step, d.progress, d.attempts, d.result, d.reason,"          \
    " d.version_before, d.version_after, d.package, d.since_ms, d.updated_ms FROM task_devices" \
    " AS d"

/* The states in the texts are those of the header: 1 RUNNING, 3 TASK_CANCELED; 5 ENDED, 7 CANCELED.
 */
static const char *const texts[FOTA_STATEMENTS] = {
    [FIRMWARES] = "SELECT id, name, version, carrier, settings, md5, sha256, state, zip_bytes,"
                  " created_ms FROM firmwares" PAGE,
    [FIRMWARE_ADD] =
        "INSERT INTO firmwares (name, version, carrier, settings, md5, state, created_ms)"
        " VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6)",
    [FIRMWARE_FILL] = "UPDATE firmwares SET settings = ?2, md5 = ?3, sha256 = ?4, zip_bytes = ?5,"
                      " content = ?6, state = 1 WHERE id = ?1",
    [FIRMWARE_DROP] = "DELETE FROM firmwares WHERE id = ?1",
    [FIRMWARE_CONTENT] = "SELECT content FROM firmwares WHERE id = ?1 AND state = 1",
    [FIRMWARE_TASKS] = "SELECT 1 FROM tasks WHERE firmware = ?1 LIMIT 1",
    [KEYS] = "SELECT id, manufacturer, pem, created_ms FROM keys WHERE id >= ?1 AND"
             " (?3 = '' OR instr(manufacturer, ?3) > 0) ORDER BY id LIMIT ?2",
    [KEY_FIND] = "SELECT id, manufacturer, pem, created_ms FROM keys WHERE manufacturer = ?1",
    [KEY_ADD] = "INSERT INTO keys (manufacturer, pem, created_ms) VALUES (?1, ?2, ?3)",
    [KEY_DROP] = "DELETE FROM keys WHERE id = ?1",
    [GROUPS] = "SELECT id, name, created_ms,"
               " (SELECT count(*) FROM provisions WHERE grp = groups.id) FROM groups" PAGE,
    [GROUP_FIND] = "SELECT 1 FROM groups WHERE name = ?1",
    [GROUP_ADD] = "INSERT INTO groups (name, created_ms) VALUES (?1, ?2)",
    [GROUP_EMPTY] = "UPDATE provisions SET grp = 1 WHERE grp = ?1",
    [GROUP_DROP] = "DELETE FROM groups WHERE id = ?1",
    [GROUP_OF] = "SELECT grp FROM provisions WHERE endpoint = ?1",
    [GROUP_JOIN] = "UPDATE provisions SET grp = ?1 WHERE endpoint = ?2",
    [TASKS] = "SELECT id, firmware, name, settings, state, created_ms, started_ms, ended_ms"
              " FROM tasks" PAGE,
    [TASK_ADD] = "INSERT INTO tasks (firmware, name, settings, state, created_ms)"
                 " VALUES (?1, ?2, ?3, 0, ?4)",
    [TASK_PUT] = "UPDATE tasks SET state = ?2, started_ms = ?3, ended_ms = ?4 WHERE id = ?1",
    [TASK_DROP] = "DELETE FROM tasks WHERE id = ?1",
    [TASK_DROP_DEVICES] = "DELETE FROM task_devices WHERE task = ?1",
    [DEVICES] =
        "SELECT " DEVICE_COLUMNS " WHERE d.task = ?1 ORDER BY d.endpoint LIMIT ?2 OFFSET ?3",
    [DEVICES_UNDER_WAY] =
        "SELECT " DEVICE_COLUMNS " JOIN tasks ON tasks.id = d.task WHERE tasks.state IN (1, 3)"
        " AND d.state > 0 AND d.state < 5",
    [DEVICE_NEXT] = "SELECT " DEVICE_COLUMNS
                    " JOIN tasks ON tasks.id = d.task WHERE d.endpoint = ?1 AND d.state < 5"
                    " AND tasks.state = 1 ORDER BY d.task LIMIT 1",
    [DEVICE_COUNTS] = "SELECT state, count(*) FROM task_devices WHERE task = ?1 GROUP BY state",
    [DEVICE_ADD] = "INSERT OR IGNORE INTO task_devices (task, endpoint, state, since_ms,"
                   " updated_ms) VALUES (?1, ?2, 0, ?3, ?3)",
    [DEVICES_ADD_GROUP] =
        "INSERT OR IGNORE INTO task_devices (task, endpoint, state, since_ms, updated_ms)"
        " SELECT ?1, endpoint, 0, ?3, ?3 FROM provisions WHERE grp = ?2 AND"
        " (?5 = 0 OR product = ?5) AND product IN (SELECT id FROM products WHERE carrier = ?4)",
    [DEVICE_PUT] =
        "UPDATE task_devices SET state = ?3, step = ?4, progress = ?5, attempts = ?6, result = ?7,"
        " reason = ?8, version_before = ?9, version_after = ?10, package = ?11, since_ms = ?12,"
        " updated_ms = ?13 WHERE task = ?1 AND endpoint = ?2",
    [DEVICES_CANCEL] = "UPDATE task_devices SET state = 7, since_ms = ?2, updated_ms = ?2"
                       " WHERE task = ?1 AND state = 0",
    [DEVICE_FORGET] = "DELETE FROM task_devices WHERE endpoint = ?1 AND state < 5 AND"
                      " (SELECT state FROM tasks WHERE tasks.id = task) = 0",
};

static sqlite3_stmt *begin(struct bc_store *store, enum fota_statement which)
{
    return bc_store_lazily(store, PART_FOTA, which, texts[which]);
}

static sqlite3_stmt *begin_reading(struct bc_store *store, enum fota_statement which)
{
    bc_store_begin_read(store);
    return begin(store, which);
}

static void bind_int(sqlite3_stmt *statement, int at, int64_t value)
{
    (void)sqlite3_bind_int64(statement, at, value);
}

static void bind_page(sqlite3_stmt *statement, const struct bc_fota_page *page)
{
    bind_int(statement, 1, page->from);
    bind_int(statement, 2, (int64_t)page->count);
    bc_store_bind_text(statement, 3, page->search);
}

/* Bytes as they are; a NULL is empty. */
static bc_view text_at(sqlite3_stmt *statement, int at)
{
    const uint8_t *ptr = sqlite3_column_text(statement, at);
    return (bc_view){ptr, (size_t)sqlite3_column_bytes(statement, at)};
}

/* A statement that writes, with one number. */
static bool run(struct bc_store *store, enum fota_statement which, int64_t first)
{
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin(store, which);
    bind_int(statement, 1, first);
    return bc_store_run(store, statement);
}

static int64_t insert(struct bc_store *store, sqlite3_stmt *statement)
{
    return bc_store_run(store, statement) ? sqlite3_last_insert_rowid(store->db) : 0;
}

/* Whether a query of one argument, already bound, gives a row. */
static bool gives(struct bc_store *store, sqlite3_stmt *statement)
{
    bool given = bc_store_row(store, statement);
    if (given)
        bc_store_end_statement(statement);
    return given;
}

/* Firmware -------------------------------------------------------------------------------------*/

void bc_fota_firmwares(struct bc_store *store, const struct bc_fota_page *page,
                       bool (*take)(void *context, const struct bc_fota_firmware *firmware),
                       void *context)
{
    sqlite3_stmt *rows = begin_reading(store, FIRMWARES);
    bind_page(rows, page);
    while (bc_store_row(store, rows)) {
        const struct bc_fota_firmware firmware = {
            .id = sqlite3_column_int64(rows, 0),
            .name = text_at(rows, 1),
            .version = text_at(rows, 2),
            .carrier = text_at(rows, 3),
            .settings = text_at(rows, 4),
            .md5 = text_at(rows, 5),
            .sha256 = text_at(rows, 6),
            .ready = sqlite3_column_int(rows, 7) == 1,
            .zip_bytes = sqlite3_column_int64(rows, 8),
            .created_ms = sqlite3_column_int64(rows, 9),
        };
        if (!take(context, &firmware)) {
            bc_store_end_statement(rows);
            return;
        }
    }
}

int64_t bc_fota_add_firmware(struct bc_store *store, const struct bc_fota_firmware *firmware)
{
    if (!bc_store_begin_write(store))
        return 0;
    sqlite3_stmt *statement = begin(store, FIRMWARE_ADD);
    bc_store_bind_text(statement, 1, firmware->name);
    bc_store_bind_text(statement, 2, firmware->version);
    bc_store_bind_text(statement, 3, firmware->carrier);
    bc_store_bind_text(statement, 4, firmware->settings);
    bc_store_bind_text(statement, 5, firmware->md5);
    bind_int(statement, 6, firmware->created_ms);
    return insert(store, statement);
}

bool bc_fota_fill_firmware(struct bc_store *store, const struct bc_fota_firmware *firmware,
                           bc_view package)
{
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin(store, FIRMWARE_FILL);
    bind_int(statement, 1, firmware->id);
    bc_store_bind_text(statement, 2, firmware->settings);
    bc_store_bind_text(statement, 3, firmware->md5);
    bc_store_bind_text(statement, 4, firmware->sha256);
    bind_int(statement, 5, firmware->zip_bytes);
    bc_store_bind_view(statement, 6, package);
    return bc_store_run(store, statement);
}

bool bc_fota_drop_firmware(struct bc_store *store, int64_t id)
{
    return run(store, FIRMWARE_DROP, id);
}

uint8_t *bc_fota_package(struct bc_store *store, int64_t firmware, size_t *bytes)
{
    uint8_t *copy = NULL;
    sqlite3_stmt *row = begin_reading(store, FIRMWARE_CONTENT);
    bind_int(row, 1, firmware);
    if (!bc_store_row(store, row))
        return NULL;
    bc_view content = bc_store_column(row, 0);
    if (content.len > 0)
        copy = malloc(content.len);
    if (copy != NULL)
        memcpy(copy, content.ptr, content.len);
    *bytes = content.len;
    bc_store_end_statement(row);
    return copy;
}

bool bc_fota_has_tasks(struct bc_store *store, int64_t firmware)
{
    sqlite3_stmt *row = begin_reading(store, FIRMWARE_TASKS);
    bind_int(row, 1, firmware);
    return gives(store, row);
}

/* Keys -----------------------------------------------------------------------------------------*/

static struct bc_fota_key key_at(sqlite3_stmt *row)
{
    return (struct bc_fota_key){
        .id = sqlite3_column_int64(row, 0),
        .manufacturer = text_at(row, 1),
        .pem = text_at(row, 2),
        .created_ms = sqlite3_column_int64(row, 3),
    };
}

void bc_fota_keys(struct bc_store *store, const struct bc_fota_page *page,
                  bool (*take)(void *context, const struct bc_fota_key *key), void *context)
{
    sqlite3_stmt *rows = begin_reading(store, KEYS);
    bind_page(rows, page);
    while (bc_store_row(store, rows)) {
        struct bc_fota_key key = key_at(rows);
        if (!take(context, &key)) {
            bc_store_end_statement(rows);
            return;
        }
    }
}

bool bc_fota_find_key(struct bc_store *store, bc_view manufacturer,
                      bool (*take)(void *context, const struct bc_fota_key *key), void *context)
{
    sqlite3_stmt *row = begin_reading(store, KEY_FIND);
    bc_store_bind_text(row, 1, manufacturer);
    if (!bc_store_row(store, row))
        return false;
    struct bc_fota_key key = key_at(row);
    (void)take(context, &key);
    bc_store_end_statement(row);
    return true;
}

int64_t bc_fota_add_key(struct bc_store *store, const struct bc_fota_key *key)
{
    if (!bc_store_begin_write(store))
        return 0;
    sqlite3_stmt *statement = begin(store, KEY_ADD);
    bc_store_bind_text(statement, 1, key->manufacturer);
    bc_store_bind_text(statement, 2, key->pem);
    bind_int(statement, 3, key->created_ms);
    return insert(store, statement);
}

bool bc_fota_drop_key(struct bc_store *store, int64_t id)
{
    return run(store, KEY_DROP, id);
}

/* Groups ---------------------------------------------------------------------------------------*/

void bc_fota_groups(struct bc_store *store, const struct bc_fota_page *page,
                    bool (*take)(void *context, const struct bc_fota_group *group), void *context)
{
    sqlite3_stmt *rows = begin_reading(store, GROUPS);
    bind_page(rows, page);
    while (bc_store_row(store, rows)) {
        const struct bc_fota_group group = {
            .id = sqlite3_column_int64(rows, 0),
            .name = text_at(rows, 1),
            .created_ms = sqlite3_column_int64(rows, 2),
            .devices = sqlite3_column_int64(rows, 3),
        };
        if (!take(context, &group)) {
            bc_store_end_statement(rows);
            return;
        }
    }
}

bool bc_fota_find_group(struct bc_store *store, bc_view name)
{
    sqlite3_stmt *row = begin_reading(store, GROUP_FIND);
    bc_store_bind_text(row, 1, name);
    return gives(store, row);
}

int64_t bc_fota_add_group(struct bc_store *store, bc_view name, int64_t created_ms)
{
    if (!bc_store_begin_write(store))
        return 0;
    sqlite3_stmt *statement = begin(store, GROUP_ADD);
    bc_store_bind_text(statement, 1, name);
    bind_int(statement, 2, created_ms);
    return insert(store, statement);
}

bool bc_fota_drop_group(struct bc_store *store, int64_t id)
{
    return run(store, GROUP_EMPTY, id) && run(store, GROUP_DROP, id);
}

int64_t bc_fota_group_of(struct bc_store *store, bc_view endpoint)
{
    sqlite3_stmt *row = begin_reading(store, GROUP_OF);
    bc_store_bind_view(row, 1, endpoint);
    if (!bc_store_row(store, row))
        return 0;
    int64_t group = sqlite3_column_int64(row, 0);
    bc_store_end_statement(row);
    return group;
}

bool bc_fota_join_group(struct bc_store *store, int64_t group, bc_view endpoint)
{
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin(store, GROUP_JOIN);
    bind_int(statement, 1, group);
    bc_store_bind_view(statement, 2, endpoint);
    return bc_store_run(store, statement);
}

/* Tasks ----------------------------------------------------------------------------------------*/

void bc_fota_tasks(struct bc_store *store, const struct bc_fota_page *page,
                   bool (*take)(void *context, const struct bc_fota_task *task), void *context)
{
    sqlite3_stmt *rows = begin_reading(store, TASKS);
    bind_page(rows, page);
    while (bc_store_row(store, rows)) {
        const struct bc_fota_task task = {
            .id = sqlite3_column_int64(rows, 0),
            .firmware = sqlite3_column_int64(rows, 1),
            .name = text_at(rows, 2),
            .settings = text_at(rows, 3),
            .state = (enum bc_fota_task_state)(sqlite3_column_int(rows, 4) & 3),
            .created_ms = sqlite3_column_int64(rows, 5),
            .started_ms = sqlite3_column_int64(rows, 6),
            .ended_ms = sqlite3_column_int64(rows, 7),
        };
        if (!take(context, &task)) {
            bc_store_end_statement(rows);
            return;
        }
    }
}

int64_t bc_fota_add_task(struct bc_store *store, const struct bc_fota_task *task)
{
    if (!bc_store_begin_write(store))
        return 0;
    sqlite3_stmt *statement = begin(store, TASK_ADD);
    bind_int(statement, 1, task->firmware);
    bc_store_bind_text(statement, 2, task->name);
    bc_store_bind_text(statement, 3, task->settings);
    bind_int(statement, 4, task->created_ms);
    return insert(store, statement);
}

static void bind_moment(sqlite3_stmt *statement, int at, int64_t utc_ms)
{
    if (utc_ms != 0)
        bind_int(statement, at, utc_ms);
}

bool bc_fota_put_task(struct bc_store *store, const struct bc_fota_task *task)
{
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin(store, TASK_PUT);
    bind_int(statement, 1, task->id);
    bind_int(statement, 2, task->state);
    bind_moment(statement, 3, task->started_ms);
    bind_moment(statement, 4, task->ended_ms);
    return bc_store_run(store, statement);
}

bool bc_fota_drop_task(struct bc_store *store, int64_t id)
{
    return run(store, TASK_DROP_DEVICES, id) && run(store, TASK_DROP, id);
}

/* Devices of tasks -----------------------------------------------------------------------------*/

static struct bc_fota_device device_at(sqlite3_stmt *row)
{
    int state = sqlite3_column_int(row, 2);
    bool known = state >= 0 && state < BC_FOTA_STATES;
    return (struct bc_fota_device){
        .task = sqlite3_column_int64(row, 0),
        .endpoint = bc_store_column(row, 1),
        .state = known ? (enum bc_fota_state)state : BC_FOTA_FAILED,
        .held = sqlite3_column_int(row, 3) != 0,
        .progress = (unsigned)sqlite3_column_int(row, 4),
        .attempts = (unsigned)sqlite3_column_int(row, 5),
        .result = sqlite3_column_type(row, 6) == SQLITE_NULL ? -1 : sqlite3_column_int64(row, 6),
        .reason = text_at(row, 7),
        .version_before = text_at(row, 8),
        .version_after = text_at(row, 9),
        .package = text_at(row, 10),
        .since_ms = sqlite3_column_int64(row, 11),
        .updated_ms = sqlite3_column_int64(row, 12),
    };
}

static size_t take_devices(struct bc_store *store, sqlite3_stmt *rows,
                           bool (*take)(void *context, const struct bc_fota_device *device),
                           void *context)
{
    size_t count = 0;
    while (bc_store_row(store, rows)) {
        struct bc_fota_device device = device_at(rows);
        count++;
        if (!take(context, &device)) {
            bc_store_end_statement(rows);
            break;
        }
    }
    return count;
}

void bc_fota_devices(struct bc_store *store, int64_t task, int64_t skip, size_t count,
                     bool (*take)(void *context, const struct bc_fota_device *device),
                     void *context)
{
    sqlite3_stmt *rows = begin_reading(store, DEVICES);
    bind_int(rows, 1, task);
    bind_int(rows, 2, (int64_t)count);
    bind_int(rows, 3, skip);
    (void)take_devices(store, rows, take, context);
}

void bc_fota_devices_under_way(struct bc_store *store,
                               bool (*take)(void *context, const struct bc_fota_device *device),
                               void *context)
{
    (void)take_devices(store, begin_reading(store, DEVICES_UNDER_WAY), take, context);
}

bool bc_fota_next(struct bc_store *store, bc_view endpoint,
                  bool (*take)(void *context, const struct bc_fota_device *device), void *context)
{
    sqlite3_stmt *row = begin_reading(store, DEVICE_NEXT);
    bc_store_bind_view(row, 1, endpoint);
    return take_devices(store, row, take, context) > 0;
}

bool bc_fota_counts(struct bc_store *store, int64_t task, int64_t out[BC_FOTA_STATES])
{
    sqlite3_stmt *rows = begin_reading(store, DEVICE_COUNTS);
    memset(out, 0, BC_FOTA_STATES * sizeof(out[0]));
    bind_int(rows, 1, task);
    while (bc_store_row(store, rows)) {
        int64_t state = sqlite3_column_int64(rows, 0);
        if (state >= 0 && state < BC_FOTA_STATES)
            out[state] = sqlite3_column_int64(rows, 1);
    }
    return bc_store_works(store);
}

bool bc_fota_add_device(struct bc_store *store, int64_t task, bc_view endpoint, int64_t utc_ms,
                        bool *added)
{
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin(store, DEVICE_ADD);
    bind_int(statement, 1, task);
    bc_store_bind_view(statement, 2, endpoint);
    bind_int(statement, 3, utc_ms);
    bool done = bc_store_run(store, statement);
    *added = done && sqlite3_changes(store->db) > 0;
    return done;
}

bool bc_fota_add_group_devices(struct bc_store *store, int64_t task,
                               const struct bc_fota_group_part *part, int64_t utc_ms)
{
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin(store, DEVICES_ADD_GROUP);
    bind_int(statement, 1, task);
    bind_int(statement, 2, part->group);
    bind_int(statement, 3, utc_ms);
    bc_store_bind_text(statement, 4, part->carrier);
    bind_int(statement, 5, part->product);
    return bc_store_run(store, statement);
}

bool bc_fota_put_device(struct bc_store *store, const struct bc_fota_device *device)
{
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin(store, DEVICE_PUT);
    bind_int(statement, 1, device->task);
    bc_store_bind_view(statement, 2, device->endpoint);
    bind_int(statement, 3, device->state);
    bind_int(statement, 4, device->held);
    bind_int(statement, 5, device->progress);
    bind_int(statement, 6, device->attempts);
    if (device->result >= 0)
        bind_int(statement, 7, device->result);
    bc_store_bind_text(statement, 8, device->reason);
    bc_store_bind_text(statement, 9, device->version_before);
    bc_store_bind_text(statement, 10, device->version_after);
    bc_store_bind_text(statement, 11, device->package);
    bind_int(statement, 12, device->since_ms);
    bind_int(statement, 13, device->updated_ms);
    return bc_store_run(store, statement);
}

bool bc_fota_cancel_waiting(struct bc_store *store, int64_t task, int64_t utc_ms)
{
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin(store, DEVICES_CANCEL);
    bind_int(statement, 1, task);
    bind_int(statement, 2, utc_ms);
    return bc_store_run(store, statement);
}

bool bc_fota_forget_device(struct bc_store *store, bc_view endpoint)
{
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin(store, DEVICE_FORGET);
    bc_store_bind_view(statement, 1, endpoint);
    return bc_store_run(store, statement);
}
