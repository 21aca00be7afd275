/*
 * The schema and every statement of the store. Times are UTC in milliseconds. What peers chose,
 * endpoint names and values, is in columns of bytes (BLOB): any byte may be in it.
 */
#include <assert.h>

#include "inside.h"

/* A migration brings a file from the version that is its place here to the next one. `id` orders
 * the data of all devices, for whoever follows them; `number` orders those of one. */
static const char *const migrations[STORE_VERSION] = {
    "CREATE TABLE devices ("
    " id INTEGER PRIMARY KEY,"
    " endpoint BLOB NOT NULL UNIQUE,"
    " registered INTEGER NOT NULL," /* 0: what follows is of the last registration; 2: forgotten */
    " registration TEXT NOT NULL,"  /* its id */
    " address BLOB NOT NULL, port INTEGER NOT NULL,"
    " listener TEXT NOT NULL," /* coap or coaps */
    " lifetime_s INTEGER NOT NULL, binding TEXT NOT NULL, version TEXT NOT NULL,"
    " carrier TEXT NOT NULL, observe_all INTEGER NOT NULL, links BLOB NOT NULL,"
    " registered_ms INTEGER NOT NULL, seen_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL);"
    "CREATE INDEX devices_registered ON devices (id) WHERE registered = 1;"
    "CREATE TABLE observations ("
    " device INTEGER NOT NULL, path TEXT NOT NULL, accept INTEGER NOT NULL,"
    " token INTEGER NOT NULL,"
    " sequence INTEGER NOT NULL, seen_ms INTEGER NOT NULL," /* of its beginning */
    " PRIMARY KEY (device, path)) WITHOUT ROWID;"
    "CREATE TABLE data ("
    " id INTEGER PRIMARY KEY,"
    " device INTEGER NOT NULL, number INTEGER NOT NULL,"
    " time_ms INTEGER NOT NULL,"
    " kind INTEGER NOT NULL," /* 0 notify, 1 dp, 2 response */
    " path TEXT, code INTEGER NOT NULL, format INTEGER, payload BLOB NOT NULL,"
    " observe INTEGER, confirmable INTEGER NOT NULL, stale INTEGER NOT NULL,"
    " more INTEGER NOT NULL,"     /* the payload is only the first block */
    " partial INTEGER NOT NULL);" /* and the others are being fetched */
    "CREATE UNIQUE INDEX data_of_device ON data (device, number);"
    "CREATE INDEX data_partial ON data (device, path) WHERE partial = 1;"
    "CREATE TABLE replies ("
    " id INTEGER PRIMARY KEY, time_ms INTEGER NOT NULL, count INTEGER NOT NULL,"
    " bytes BLOB NOT NULL);" /* see write.c */
    "CREATE TABLE headroom (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL);",
    /* What users say. Identifiers that they see are never given twice (AUTOINCREMENT); `settings`
     * and the documents are JSON. */
    "CREATE TABLE products ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, carrier TEXT NOT NULL,"
    " settings TEXT NOT NULL,"
    " profile TEXT, mapping TEXT,"
    " codec TEXT, deployed TEXT," /* the newest one, and the one in force */
    " model TEXT, published TEXT,"
    " devices INTEGER NOT NULL DEFAULT 0," /* how many provisions */
    " created_ms INTEGER NOT NULL,"
    /* From the settings, since these are asked for at each registration. */
    " observe_all INTEGER, queued INTEGER NOT NULL, product_id TEXT);"
    "CREATE TABLE provisions ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, endpoint BLOB NOT NULL UNIQUE,"
    " product INTEGER NOT NULL,"
    " name TEXT, imei TEXT, imsi TEXT, settings TEXT NOT NULL,"
    " psk_identity BLOB, psk_key BLOB,"
    " grp INTEGER NOT NULL DEFAULT 1," /* of groups */
    " created_ms INTEGER NOT NULL,"
    " automatic INTEGER NOT NULL);" /* from the settings, too */
    "CREATE INDEX provisions_of_product ON provisions (product);"
    "CREATE INDEX provisions_of_group ON provisions (grp);"
    "CREATE UNIQUE INDEX provisions_identity ON provisions (psk_identity)"
    " WHERE psk_identity IS NOT NULL;"
    /* Devices whose rows of data and properties up to then are being removed, a few at a time. */
    "CREATE TABLE forgotten ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, device INTEGER, endpoint BLOB NOT NULL,"
    " time_ms INTEGER NOT NULL);"
    "CREATE TABLE tokens ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, role INTEGER NOT NULL,"
    " sha256 BLOB NOT NULL UNIQUE,"
    " created_ms INTEGER NOT NULL, expires_ms INTEGER, last_used_ms INTEGER);"
    "CREATE TABLE webhooks ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL, events TEXT NOT NULL,"
    " product INTEGER, secret BLOB,"      /* of all products when NULL */
    " queued INTEGER NOT NULL DEFAULT 0," /* how many of hook_queue */
    " delivered INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,"
    " last_error TEXT, created_ms INTEGER NOT NULL);"
    "CREATE TABLE hook_queue ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, webhook INTEGER NOT NULL, body TEXT NOT NULL,"
    " attempts INTEGER NOT NULL DEFAULT 0, due_ms INTEGER NOT NULL);"
    "CREATE INDEX hook_queue_of_webhook ON hook_queue (webhook);"
    /* States of commands below 3 are those of one that has not ended: PENDING, SENT, DELIVERED. */
    "CREATE TABLE commands ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, endpoint BLOB NOT NULL,"
    " kind INTEGER NOT NULL, operation INTEGER NOT NULL, path TEXT,"
    " accept INTEGER, format INTEGER, payload BLOB, description TEXT,"
    " state INTEGER NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER,"
    " sent_ms INTEGER, ended_ms INTEGER,"
    " code INTEGER, answer_format INTEGER, answer BLOB, reason TEXT);"
    "CREATE INDEX commands_of_endpoint ON commands (endpoint, id);"
    "CREATE INDEX commands_waiting ON commands (endpoint, id) WHERE state < 3;"
    "CREATE INDEX commands_expiring ON commands (expires_ms) WHERE state < 3;"
    "CREATE INDEX commands_in_state ON commands (state, id);"
    "CREATE TABLE properties ("
    " device BLOB NOT NULL, name TEXT NOT NULL, time_ms INTEGER NOT NULL,"
    " number INTEGER NOT NULL," /* of the row of data */
    " value TEXT NOT NULL,"
    " PRIMARY KEY (device, name, time_ms, number)) WITHOUT ROWID;"
    "CREATE TABLE latest ("
    " device BLOB NOT NULL, name TEXT NOT NULL, time_ms INTEGER NOT NULL,"
    " value TEXT NOT NULL,"
    " PRIMARY KEY (device, name)) WITHOUT ROWID;"
    "CREATE TABLE firmwares ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, version TEXT NOT NULL,"
    " carrier TEXT NOT NULL, settings TEXT NOT NULL,"
    " zip_bytes INTEGER, md5 TEXT, sha256 TEXT, state INTEGER NOT NULL,"
    " created_ms INTEGER NOT NULL,"
    " content BLOB);" /* the delta package; last, since it is long */
    "CREATE TABLE keys ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, manufacturer TEXT NOT NULL UNIQUE,"
    " pem TEXT NOT NULL, created_ms INTEGER NOT NULL);"
    "CREATE TABLE groups ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE,"
    " created_ms INTEGER NOT NULL);"
    "INSERT INTO groups (id, name, created_ms) VALUES (1, 'default', 0);"
    "CREATE TABLE tasks ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, firmware INTEGER NOT NULL,"
    " settings TEXT NOT NULL, state INTEGER NOT NULL,"
    " created_ms INTEGER NOT NULL, started_ms INTEGER, ended_ms INTEGER);"
    /* States of a task's device below 5 are those of one that has not ended: WAITING, QUERYING,
     * DOWNLOADING, DOWNLOADED, UPDATING. */
    "CREATE TABLE task_devices ("
    " task INTEGER NOT NULL, endpoint BLOB NOT NULL,"
    " state INTEGER NOT NULL, step INTEGER NOT NULL DEFAULT 0,"
    " progress INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,"
    " result INTEGER, reason TEXT, version_before TEXT, version_after TEXT,"
    " package TEXT,"                        /* the name under which this device fetches it */
    " since_ms INTEGER NOT NULL DEFAULT 0," /* in this state */
    " updated_ms INTEGER NOT NULL,"
    " PRIMARY KEY (task, endpoint)) WITHOUT ROWID;"
    "CREATE INDEX task_devices_waiting ON task_devices (endpoint, task) WHERE state < 5;"
    "CREATE INDEX task_devices_in_state ON task_devices (task, state);",
    /* The device's commands up to that one go with it. */
    ("ALTER TABLE forgotten ADD COLUMN command INTEGER NOT NULL DEFAULT 0;"
     "CREATE INDEX forgotten_of_endpoint ON forgotten (endpoint, command);"),
};

#define DEVICE_COLUMNS                                                               \
    "registration = ?2, address = ?3, port = ?4, listener = ?5, "                    \
    "lifetime_s = ?6, binding = ?7, version = ?8, carrier = ?9, observe_all = ?10, " \
    "links = ?11, registered_ms = ?12, seen_ms = ?13, expires_ms = ?14"

static const char *const texts[STATEMENT_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [DEVICE_FIND] = "SELECT id, address, port, listener FROM devices WHERE endpoint = ?1",
    [DEVICE_INSERT] =
        "INSERT INTO devices (registered, endpoint, registration, address, port, listener,"
        " lifetime_s, binding, version, carrier, observe_all, links, registered_ms, seen_ms,"
        " expires_ms) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    [DEVICE_UPDATE] = "UPDATE devices SET registered = 1, " DEVICE_COLUMNS " WHERE id = ?1",
    /* Changes no index. */
    [DEVICE_REFRESH] =
        "UPDATE devices SET " DEVICE_COLUMNS " WHERE endpoint = ?1 AND registered = 1",
    [DEVICE_MOVE] = "UPDATE devices SET address = ?2, port = ?3, listener = ?4 WHERE id = ?1",
    [DEVICE_END] = "UPDATE devices SET registered = 0 WHERE id = ?1",
    [DEVICES_ALL] =
        "SELECT id, endpoint, registration, address, port, listener, lifetime_s, binding, version,"
        " carrier, observe_all, links, registered_ms, seen_ms, expires_ms FROM devices"
        " WHERE registered = 1 ORDER BY id",
    [DEVICES_ALIVE] =
        "SELECT endpoint FROM devices WHERE registered = 1 AND expires_ms > ?1 ORDER BY id",
    [OBSERVATION_PUT] =
        "INSERT OR REPLACE INTO observations (device, path, accept, token, sequence, seen_ms)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [OBSERVATION_DROP] = "DELETE FROM observations WHERE device = ?1 AND path = ?2",
    [OBSERVATIONS_DROP] = "DELETE FROM observations WHERE device = ?1",
    [OBSERVATIONS_OF] =
        "SELECT path, accept, token, sequence, seen_ms FROM observations WHERE device = ?1",
    [DATA_FIRST] = "SELECT number FROM data WHERE device = ?1 ORDER BY number LIMIT 1",
    [DATA_LAST] = "SELECT number FROM data WHERE device = ?1 ORDER BY number DESC LIMIT 1",
    [DATA_INSERT] =
        "INSERT INTO data (device, number, time_ms, kind, path, code, format, payload, observe,"
        " confirmable, stale, more, partial)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    [DATA_COMPLETE] =
        "UPDATE data SET code = ?3, format = ?4, payload = ?5, more = ?6, partial = 0 WHERE id ="
        " (SELECT id FROM data WHERE device = ?1 AND path = ?2 AND partial = 1"
        " ORDER BY id DESC LIMIT 1) RETURNING number",
    [DATA_TRIM] =
        "DELETE FROM data WHERE id IN (SELECT id FROM data WHERE device = ?1 AND number <= ?2"
        " ORDER BY number LIMIT 4)",
    [DATA_NEWEST] = "SELECT path, observe, time_ms, stale FROM data WHERE device = ?1"
                    " ORDER BY number DESC LIMIT 64",
    [DATA_FROM] =
        "SELECT number, time_ms, kind, path, code, format, payload, observe, confirmable, stale,"
        " more FROM data WHERE device = ?1 AND number >= ?2 ORDER BY number LIMIT ?3",
    [REPLIES_INSERT] = "INSERT INTO replies (time_ms, count, bytes) VALUES (?1, ?2, ?3)",
    [REPLIES_OLDEST] = "SELECT id, time_ms, count FROM replies ORDER BY id LIMIT 1",
    [REPLIES_DROP] = "DELETE FROM replies WHERE id = ?1",
    [REPLIES_ALL] = "SELECT time_ms, bytes FROM replies ORDER BY id",
    [REPLIES_COUNT] = "SELECT coalesce(sum(count), 0) FROM replies",
    [HEADROOM_PUT] = "INSERT OR REPLACE INTO headroom (id, bytes) VALUES (1, randomblob(65536))",
};

const char *bc_store_statement_text(enum statement which)
{
    return texts[which];
}

sqlite3_stmt *bc_store_lazily(struct bc_store *store, enum part part, size_t which,
                              const char *text)
{
    assert(which < PART_STATEMENTS_MAX);
    sqlite3_stmt **statement = &store->lazy[part][which];
    if (*statement == NULL && sqlite3_prepare_v3(store->db, text, -1, SQLITE_PREPARE_PERSISTENT,
                                                 statement, NULL) != SQLITE_OK) {
        bc_store_keep_problem(store);
        store->broken = true;
    }
    return *statement;
}

bool bc_store_prepare(struct bc_store *store)
{
    for (int i = 0; i < STATEMENT_COUNT; i++)
        if (sqlite3_prepare_v3(store->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &store->statements[i], NULL) != SQLITE_OK) {
            bc_store_keep_problem(store);
            return false;
        }
    return true;
}

/* The version goes with what it stands for, or not at all. */
bool bc_store_migrate(struct bc_store *store, int64_t version)
{
    for (; version < STORE_VERSION; version++) {
        char *text = sqlite3_mprintf("BEGIN IMMEDIATE; %s PRAGMA application_id = %d;"
                                     " PRAGMA user_version = %d; COMMIT",
                                     migrations[version], STORE_APPLICATION_ID, (int)version + 1);
        bool done = text != NULL && sqlite3_exec(store->db, text, NULL, NULL, NULL) == SQLITE_OK;
        sqlite3_free(text);
        if (!done) {
            bc_store_keep_problem(store);
            return false;
        }
    }
    return true;
}
