/*
 * The file, its transactions and its statements; what is in them is write.c's, restore.c's and
 * read.c's. See store.h.
 */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"

#define FOREIGN "it is no store of bc260y-platform"
#define REPLIES_DROPPED_AT_ONCE 8

void bc_store_keep_problem(struct bc_store *store)
{
    int number = sqlite3_system_errno(store->db);
    snprintf(store->problem, sizeof(store->problem), "%s%s%s", sqlite3_errmsg(store->db),
             number != 0 ? ": " : "", number != 0 ? strerror(number) : "");
}

sqlite3_stmt *bc_store_begin_statement(struct bc_store *store, enum statement which)
{
    return store->statements[which];
}

void bc_store_end_statement(sqlite3_stmt *statement)
{
    if (statement == NULL)
        return;
    (void)sqlite3_reset(statement); /* its error was seen when it was stepped */
    (void)sqlite3_clear_bindings(statement);
}

bool bc_store_row(struct bc_store *store, sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW)
        return true;
    if (result != SQLITE_DONE) {
        bc_store_keep_problem(store);
        store->broken = true;
        store->unread = true;
    }
    bc_store_end_statement(statement);
    return false;
}

bool bc_store_number(struct bc_store *store, sqlite3_stmt *statement, int64_t *out)
{
    if (!bc_store_row(store, statement))
        return false;
    *out = sqlite3_column_int64(statement, 0);
    bc_store_end_statement(statement);
    return true;
}

bool bc_store_run(struct bc_store *store, sqlite3_stmt *statement)
{
    bool done = sqlite3_step(statement) == SQLITE_DONE;
    if (!done) {
        bc_store_keep_problem(store);
        store->broken = true;
    }
    bc_store_end_statement(statement);
    return done;
}

void bc_store_bind_view(sqlite3_stmt *statement, int at, bc_view bytes)
{
    (void)sqlite3_bind_blob(statement, at, bytes.len == 0 ? (const void *)"" : bytes.ptr,
                            (int)bytes.len, SQLITE_STATIC);
}

void bc_store_bind_text(sqlite3_stmt *statement, int at, bc_view text)
{
    (void)sqlite3_bind_text(statement, at, text.len == 0 ? "" : (const char *)text.ptr,
                            (int)text.len, SQLITE_STATIC);
}

void bc_store_bind_number(sqlite3_stmt *statement, int at, uint64_t value)
{
    (void)sqlite3_bind_int64(statement, at, (sqlite3_int64)value);
}

bc_view bc_store_column(sqlite3_stmt *statement, int at)
{
    const uint8_t *ptr = sqlite3_column_blob(statement, at);
    return (bc_view){ptr, (size_t)sqlite3_column_bytes(statement, at)};
}

/* Opening --------------------------------------------------------------------------------------*/

/* The first number that a query gives; false when it gives none. */
static bool ask(struct bc_store *store, const char *text, int64_t *out)
{
    sqlite3_stmt *statement = NULL;
    bool given = sqlite3_prepare_v2(store->db, text, -1, &statement, NULL) == SQLITE_OK &&
                 sqlite3_step(statement) == SQLITE_ROW;
    if (given)
        *out = sqlite3_column_int64(statement, 0);
    else
        bc_store_keep_problem(store);
    (void)sqlite3_finalize(statement);
    return given;
}

static bool set(struct bc_store *store, const char *text)
{
    bool done = sqlite3_exec(store->db, text, NULL, NULL, NULL) == SQLITE_OK;
    if (!done)
        bc_store_keep_problem(store);
    return done;
}

static bool refuse(struct bc_store *store, const char *why)
{
    snprintf(store->problem, sizeof(store->problem), "%s", why);
    return false;
}

/* What SQLite means by its last error, if that is what stopped us. */
static void explain(struct bc_store *store)
{
    switch (sqlite3_errcode(store->db)) {
    case SQLITE_BUSY:
        (void)refuse(store, "another process has it open");
        break;
    case SQLITE_NOTADB:
        (void)refuse(store, FOREIGN);
        break;
    case SQLITE_CORRUPT:
        (void)refuse(store, "it is damaged");
        break;
    default:
        break;
    }
}

/* Whose file it is, before anything is written to it. */
static bool identify(struct bc_store *store, int64_t *version)
{
    int64_t application, tables;
    if (!ask(store, "PRAGMA application_id", &application) ||
        !ask(store, "PRAGMA user_version", version) ||
        !ask(store, "SELECT count(*) FROM sqlite_schema", &tables))
        return false;
    bool empty = application == 0 && *version == 0 && tables == 0;
    if (!empty && application != STORE_APPLICATION_ID)
        return refuse(store, FOREIGN);
    if (*version < 0 || *version > STORE_VERSION)
        return refuse(store, "a newer version of bc260y-platform wrote it");
    return true;
}

/* EXCLUSIVE keeps other processes out, and does without a file of shared memory. The schema is not
 * trusted: a file that somebody else has prepared must not make us run what is in it. */
static bool configure(struct bc_store *store)
{
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    (void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    return set(store, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cell_size_check = ON;"
                      "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768");
}

static bool use_log(struct bc_store *store)
{
    return set(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                      "PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;"
                      "BEGIN EXCLUSIVE; COMMIT");
}

static bool open_file(struct bc_store *store, const char *path)
{
    int64_t version, replies;
    /* One thread has it, so that nothing needs locks. */
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &store->db, flags, NULL) != SQLITE_OK) {
        bc_store_keep_problem(store);
        return false;
    }
    if (!configure(store) || !identify(store, &version) || !use_log(store) ||
        !bc_store_migrate(store, version) || !bc_store_prepare(store))
        return false;
    /* What was being fetched in blocks when the last run ended stays as it is. */
    if (!set(store, "UPDATE data SET partial = 0 WHERE partial = 1") ||
        !ask(store, bc_store_statement_text(REPLIES_COUNT), &replies))
        return false;
    store->replies = (uint64_t)replies;
    return true;
}

struct bc_store *bc_store_open(const struct bc_store_config *config,
                               char problem[BC_STORE_PROBLEM_BYTES])
{
    struct bc_store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        snprintf(problem, BC_STORE_PROBLEM_BYTES, "not enough memory");
        return NULL;
    }
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); /* a lock around each malloc() */
    store->rows_max = config->rows_max == 0 ? 1 : config->rows_max;
    store->reply_bytes = (bc_sink){.ptr = store->reply_memory, .cap = REPLIES_BYTES};
    store->unsaved = (bc_sink){.ptr = store->unsaved_memory, .cap = UNSAVED_BYTES};
    if (open_file(store, config->path))
        return store;
    explain(store);
    memcpy(problem, store->problem, BC_STORE_PROBLEM_BYTES);
    bc_store_close(store);
    return NULL;
}

void bc_store_close(struct bc_store *store)
{
    if (store == NULL)
        return;
    for (int i = 0; i < STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(store->statements[i]);
    for (int i = 0; i < PART_COUNT * PART_STATEMENTS_MAX; i++)
        (void)sqlite3_finalize(store->lazy[i / PART_STATEMENTS_MAX][i % PART_STATEMENTS_MAX]);
    (void)sqlite3_close(store->db);
    free(store);
}

/* Transactions ---------------------------------------------------------------------------------*/

static void clear(bc_sink *sink)
{
    sink->len = 0;
    sink->full = false;
}

bool bc_store_ensure_open(struct bc_store *store)
{
    if (!store->open) {
        store->open = true;
        store->broken = false;
        clear(&store->reply_bytes);
        store->reply_count = 0;
        (void)bc_store_run(store, bc_store_begin_statement(store, BEGIN));
    }
    return !store->broken;
}

void bc_store_begin_read(struct bc_store *store)
{
    store->unread = false;
}

bool bc_store_unread(const struct bc_store *store)
{
    return store->unread;
}

bool bc_store_begin_write(struct bc_store *store)
{
    return !store->failed && bc_store_ensure_open(store);
}

bool bc_store_works(const struct bc_store *store)
{
    return !store->failed && !(store->open && store->broken);
}

uint64_t bc_store_newest(const struct bc_store *store)
{
    return store->newest;
}

bool bc_store_pending(const struct bc_store *store)
{
    return store->open;
}

const char *bc_store_problem(const struct bc_store *store)
{
    return store->problem;
}

/* Those that are too old or too many, a few at a time, which is more than come. */
static void drop_replies(struct bc_store *store, const struct bc_store_time *now)
{
    for (int i = 0; i < REPLIES_DROPPED_AT_ONCE && !store->broken; i++) {
        sqlite3_stmt *oldest = bc_store_begin_statement(store, REPLIES_OLDEST);
        if (!bc_store_row(store, oldest))
            return;
        sqlite3_int64 id = sqlite3_column_int64(oldest, 0);
        bool old = sqlite3_column_int64(oldest, 1) < now->utc_ms - REPLIES_KEPT_MS;
        uint64_t count = (uint64_t)sqlite3_column_int64(oldest, 2);
        bc_store_end_statement(oldest);
        if (!old && store->replies <= REPLIES_MAX)
            return;
        sqlite3_stmt *drop = bc_store_begin_statement(store, REPLIES_DROP);
        (void)sqlite3_bind_int64(drop, 1, id);
        if (bc_store_run(store, drop))
            store->replies -= count < store->replies ? count : store->replies;
    }
}

static void put_replies(struct bc_store *store, const struct bc_store_time *now)
{
    if (store->reply_count > 0) {
        sqlite3_stmt *put = bc_store_begin_statement(store, REPLIES_INSERT);
        (void)sqlite3_bind_int64(put, 1, now->utc_ms);
        bc_store_bind_number(put, 2, store->reply_count);
        bc_store_bind_view(put, 3, bc_sink_view(&store->reply_bytes));
        if (bc_store_run(store, put))
            store->replies += store->reply_count;
    }
    drop_replies(store, now);
}

/* Ends the transaction, one way or the other. */
static bool finish(struct bc_store *store)
{
    bool done = !store->broken && bc_store_run(store, bc_store_begin_statement(store, COMMIT));
    if (!done && sqlite3_get_autocommit(store->db) == 0) {
        sqlite3_stmt *rollback = bc_store_begin_statement(store, ROLLBACK);
        (void)sqlite3_step(rollback); /* the problem is the one that led here */
        bc_store_end_statement(rollback);
    }
    store->open = false;
    store->broken = false;
    if (done) {
        clear(&store->unsaved);
        store->all_unsaved = false;
    }
    return done;
}

bool bc_store_commit(struct bc_store *store, const struct bc_store_time *now)
{
    if (!store->open)
        return !store->failed;
    uint64_t replies = store->replies;
    if (!store->broken)
        put_replies(store, now);
    if (finish(store))
        return true;
    store->replies = replies;
    store->failed = true;
    return false;
}

static void save_all(struct bc_store *store, const struct bc_server *server,
                     const struct bc_store_time *now)
{
    struct bc_server_device device;
    const void *cursor = bc_server_next(server, NULL, &device);
    while (cursor != NULL && !store->broken) {
        bc_store_save(store, server, device.endpoint, now);
        cursor = bc_server_next(server, cursor, &device);
    }
}

bool bc_store_recover(struct bc_store *store, const struct bc_server *server,
                      const struct bc_store_time *now)
{
    if (!store->failed)
        return true;
    bc_view rest = bc_sink_view(&store->unsaved);
    (void)bc_store_ensure_open(store);
    while (rest.len > 0 && !store->broken) {
        bc_store_save(store, server, (bc_view){rest.ptr + 1, rest.ptr[0]}, now);
        rest = (bc_view){rest.ptr + 1 + rest.ptr[0], rest.len - 1 - rest.ptr[0]};
    }
    if (store->all_unsaved)
        save_all(store, server, now);
    if (!store->broken)
        (void)bc_store_run(store, bc_store_begin_statement(store, HEADROOM_PUT));
    store->failed = !finish(store);
    return !store->failed;
}
