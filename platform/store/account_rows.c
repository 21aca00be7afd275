/*
 * The rows of account_rows.h.
 */
#include "account_rows.h"

#include "inside.h"

enum query {
    TOKEN_ADD,
    TOKEN_REMOVE,
    TOKEN_USE,
    TOKEN_OF_ID,
    TOKEN_OF_HASH,
    TOKENS,
    WEBHOOK_ADD,
    WEBHOOK_REMOVE,
    WEBHOOK_EMPTY,
    WEBHOOK_FIND,
    WEBHOOKS,
    WEBHOOK_QUEUED,
    WEBHOOK_DELIVERED,
    WEBHOOK_FAILED,
    WEBHOOK_OVERFLOWED,
    HOOK_ADD,
    HOOK_NEXT,
    HOOK_REMOVE,
    HOOK_AGAIN,
    QUERY_COUNT
};
_Static_assert(QUERY_COUNT <= PART_STATEMENTS_MAX, "they find no place");

#define TOKEN_COLUMNS                                                                       \
    "SELECT id, name, role, created_ms, coalesce(expires_ms, 0), coalesce(last_used_ms, 0)" \
    " FROM tokens"
#define WEBHOOK_COLUMNS                                                                \
    "SELECT id, url, events, coalesce(product, 0), secret, queued, delivered, failed," \
    " last_error, created_ms FROM webhooks"

static const char *const texts[QUERY_COUNT] = {
    [TOKEN_ADD] = "INSERT INTO tokens (name, role, sha256, created_ms, expires_ms)"
                  " VALUES (?1, ?2, ?3, ?4, nullif(?5, 0))",
    [TOKEN_REMOVE] = "DELETE FROM tokens WHERE id = ?1",
    [TOKEN_USE] = "UPDATE tokens SET last_used_ms = ?2 WHERE id = ?1",
    [TOKEN_OF_ID] = TOKEN_COLUMNS " WHERE id = ?1",
    [TOKEN_OF_HASH] = TOKEN_COLUMNS " WHERE sha256 = ?1",
    [TOKENS] = TOKEN_COLUMNS " WHERE id > ?1 ORDER BY id",
    [WEBHOOK_ADD] = "INSERT INTO webhooks (url, events, product, secret, created_ms)"
                    " VALUES (?1, ?2, nullif(?3, 0), ?4, ?5)",
    [WEBHOOK_REMOVE] = "DELETE FROM webhooks WHERE id = ?1",
    [WEBHOOK_EMPTY] = "DELETE FROM hook_queue WHERE webhook = ?1",
    [WEBHOOK_FIND] = WEBHOOK_COLUMNS " WHERE id = ?1",
    [WEBHOOKS] = WEBHOOK_COLUMNS " WHERE id > ?1 ORDER BY id",
    [WEBHOOK_QUEUED] = "UPDATE webhooks SET queued = queued + 1 WHERE id = ?1 AND queued < ?2",
    [WEBHOOK_DELIVERED] = "UPDATE webhooks SET queued = queued - 1, delivered = delivered + 1,"
                          " last_error = NULL WHERE id = ?1",
    [WEBHOOK_FAILED] = "UPDATE webhooks SET queued = queued - ?2, failed = failed + ?2,"
                       " last_error = ?3 WHERE id = ?1",
    [WEBHOOK_OVERFLOWED] = "UPDATE webhooks SET failed = failed + 1 WHERE id = ?1",
    [HOOK_ADD] = "INSERT INTO hook_queue (webhook, body, due_ms) VALUES (?1, ?2, ?3)",
    [HOOK_NEXT] = "SELECT id, body, attempts, due_ms FROM hook_queue WHERE webhook = ?1"
                  " ORDER BY id LIMIT 1",
    [HOOK_REMOVE] = "DELETE FROM hook_queue WHERE webhook = ?1 AND id = ?2",
    [HOOK_AGAIN] = "UPDATE hook_queue SET attempts = attempts + 1, due_ms = ?3"
                   " WHERE webhook = ?1 AND id = ?2",
};

static sqlite3_stmt *begin(struct bc_store *store, enum query which)
{
    return bc_store_lazily(store, PART_ACCOUNTS, which, texts[which]);
}

static sqlite3_stmt *begin_for_id(struct bc_store *store, enum query which, int64_t id)
{
    sqlite3_stmt *statement = begin(store, which);
    (void)sqlite3_bind_int64(statement, 1, id);
    return statement;
}

static sqlite3_stmt *begin_for_hook(struct bc_store *store, enum query which, int64_t webhook,
                                    int64_t hook)
{
    sqlite3_stmt *statement = begin_for_id(store, which, webhook);
    (void)sqlite3_bind_int64(statement, 2, hook);
    return statement;
}

/* Whether exactly the one row was changed. */
static bool changed(struct bc_store *store, sqlite3_stmt *statement)
{
    return bc_store_run(store, statement) && sqlite3_changes(store->db) == 1;
}

/* Tokens ---------------------------------------------------------------------------------------*/

bool bc_accounts_add_token(struct bc_store *store, const struct bc_token *token, int64_t *id)
{
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin(store, TOKEN_ADD);
    bc_store_bind_text(statement, 1, token->name);
    (void)sqlite3_bind_int(statement, 2, token->role);
    bc_store_bind_view(statement, 3, token->hash);
    (void)sqlite3_bind_int64(statement, 4, token->created_ms);
    (void)sqlite3_bind_int64(statement, 5, token->expires_ms);
    if (!bc_store_run(store, statement))
        return false;
    *id = sqlite3_last_insert_rowid(store->db);
    return true;
}

bool bc_accounts_remove_token(struct bc_store *store, int64_t id)
{
    return bc_store_begin_write(store) &&
           bc_store_run(store, begin_for_id(store, TOKEN_REMOVE, id));
}

bool bc_accounts_use_token(struct bc_store *store, int64_t id, int64_t utc_ms)
{
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin_for_id(store, TOKEN_USE, id);
    (void)sqlite3_bind_int64(statement, 2, utc_ms);
    return bc_store_run(store, statement);
}

static size_t take_tokens(struct bc_store *store, sqlite3_stmt *rows,
                          bool (*take)(void *context, const struct bc_token *token), void *context)
{
    size_t count = 0;
    for (; bc_store_row(store, rows); count++) {
        struct bc_token token = {
            .id = sqlite3_column_int64(rows, 0),
            .name = bc_store_column(rows, 1),
            .role = sqlite3_column_int(rows, 2),
            .created_ms = sqlite3_column_int64(rows, 3),
            .expires_ms = sqlite3_column_int64(rows, 4),
            .last_used_ms = sqlite3_column_int64(rows, 5),
        };
        if (!take(context, &token)) {
            bc_store_end_statement(rows);
            return count + 1;
        }
    }
    return count;
}

bool bc_accounts_token(struct bc_store *store, int64_t id, bc_view hash,
                       bool (*take)(void *context, const struct bc_token *token), void *context)
{
    bc_store_begin_read(store);
    sqlite3_stmt *row = begin(store, id != 0 ? TOKEN_OF_ID : TOKEN_OF_HASH);
    if (id != 0)
        (void)sqlite3_bind_int64(row, 1, id);
    else
        bc_store_bind_view(row, 1, hash);
    return take_tokens(store, row, take, context) > 0;
}

void bc_accounts_tokens(struct bc_store *store, int64_t after,
                        bool (*take)(void *context, const struct bc_token *token), void *context)
{
    bc_store_begin_read(store);
    (void)take_tokens(store, begin_for_id(store, TOKENS, after), take, context);
}

/* Webhooks -------------------------------------------------------------------------------------*/

bool bc_accounts_add_webhook(struct bc_store *store, const struct bc_webhook *webhook, int64_t *id)
{
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin(store, WEBHOOK_ADD);
    bc_store_bind_text(statement, 1, webhook->url);
    bc_store_bind_text(statement, 2, webhook->events);
    (void)sqlite3_bind_int64(statement, 3, webhook->product);
    bc_store_bind_view(statement, 4, webhook->secret);
    (void)sqlite3_bind_int64(statement, 5, webhook->created_ms);
    if (!bc_store_run(store, statement))
        return false;
    *id = sqlite3_last_insert_rowid(store->db);
    return true;
}

bool bc_accounts_remove_webhook(struct bc_store *store, int64_t id)
{
    return bc_store_begin_write(store) &&
           bc_store_run(store, begin_for_id(store, WEBHOOK_EMPTY, id)) &&
           bc_store_run(store, begin_for_id(store, WEBHOOK_REMOVE, id));
}

static size_t take_webhooks(struct bc_store *store, sqlite3_stmt *rows,
                            bool (*take)(void *context, const struct bc_webhook *webhook),
                            void *context)
{
    size_t count = 0;
    for (; bc_store_row(store, rows); count++) {
        struct bc_webhook webhook = {
            .id = sqlite3_column_int64(rows, 0),
            .url = bc_store_column(rows, 1),
            .events = bc_store_column(rows, 2),
            .product = sqlite3_column_int64(rows, 3),
            .secret = bc_store_column(rows, 4),
            .queued = sqlite3_column_int64(rows, 5),
            .delivered = sqlite3_column_int64(rows, 6),
            .failed = sqlite3_column_int64(rows, 7),
            .last_error = bc_store_column(rows, 8),
            .created_ms = sqlite3_column_int64(rows, 9),
        };
        if (!take(context, &webhook)) {
            bc_store_end_statement(rows);
            return count + 1;
        }
    }
    return count;
}

bool bc_accounts_webhook(struct bc_store *store, int64_t id,
                         bool (*take)(void *context, const struct bc_webhook *webhook),
                         void *context)
{
    bc_store_begin_read(store);
    return take_webhooks(store, begin_for_id(store, WEBHOOK_FIND, id), take, context) > 0;
}

void bc_accounts_webhooks(struct bc_store *store, int64_t after,
                          bool (*take)(void *context, const struct bc_webhook *webhook),
                          void *context)
{
    bc_store_begin_read(store);
    (void)take_webhooks(store, begin_for_id(store, WEBHOOKS, after), take, context);
}

/* What waits for them --------------------------------------------------------------------------*/

bool bc_accounts_add_hook(struct bc_store *store, int64_t webhook, bc_view body, int64_t due_ms,
                          int64_t max)
{
    if (!bc_store_begin_write(store))
        return false;
    if (!changed(store, begin_for_hook(store, WEBHOOK_QUEUED, webhook, max))) {
        if (!store->broken)
            (void)bc_store_run(store, begin_for_id(store, WEBHOOK_OVERFLOWED, webhook));
        return false;
    }
    sqlite3_stmt *statement = begin_for_id(store, HOOK_ADD, webhook);
    bc_store_bind_text(statement, 2, body);
    (void)sqlite3_bind_int64(statement, 3, due_ms);
    return bc_store_run(store, statement);
}

bool bc_accounts_next_hook(struct bc_store *store, int64_t webhook,
                           bool (*take)(void *context, const struct bc_hook *hook), void *context)
{
    bc_store_begin_read(store);
    sqlite3_stmt *row = begin_for_id(store, HOOK_NEXT, webhook);
    if (!bc_store_row(store, row))
        return false;
    struct bc_hook hook = {
        .id = sqlite3_column_int64(row, 0),
        .body = bc_store_column(row, 1),
        .attempts = sqlite3_column_int64(row, 2),
        .due_ms = sqlite3_column_int64(row, 3),
    };
    (void)take(context, &hook);
    bc_store_end_statement(row);
    return true;
}

bool bc_accounts_hook_done(struct bc_store *store, int64_t webhook, int64_t hook)
{
    return bc_store_begin_write(store) &&
           changed(store, begin_for_hook(store, HOOK_REMOVE, webhook, hook)) &&
           bc_store_run(store, begin_for_id(store, WEBHOOK_DELIVERED, webhook));
}

bool bc_accounts_hook_failed(struct bc_store *store, int64_t webhook, int64_t hook, bc_view error,
                             int64_t due_ms)
{
    bool over = due_ms == 0;
    if (!bc_store_begin_write(store))
        return false;
    sqlite3_stmt *statement = begin_for_hook(store, over ? HOOK_REMOVE : HOOK_AGAIN, webhook, hook);
    if (!over)
        (void)sqlite3_bind_int64(statement, 3, due_ms);
    if (!changed(store, statement))
        return false;
    statement = begin_for_hook(store, WEBHOOK_FAILED, webhook, over);
    bc_store_bind_text(statement, 3, error);
    return bc_store_run(store, statement);
}
