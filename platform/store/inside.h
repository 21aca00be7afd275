/*
 * The store's inside, shared by the files of platform/store. Nothing outside this folder includes
 * it.
 */
#ifndef BC_STORE_INSIDE_H
#define BC_STORE_INSIDE_H

#include <sqlite3.h>

#include "store.h"

/* Prepared once. The order is that of the texts in statements.c. */
enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    DEVICE_FIND,
    DEVICE_INSERT,
    DEVICE_UPDATE,
    DEVICE_REFRESH,
    DEVICE_MOVE,
    DEVICE_END,
    DEVICES_ALL,
    DEVICES_ALIVE,
    OBSERVATION_PUT,
    OBSERVATION_DROP,
    OBSERVATIONS_DROP,
    OBSERVATIONS_OF,
    DATA_FIRST,
    DATA_LAST,
    DATA_INSERT,
    DATA_COMPLETE,
    DATA_TRIM,
    DATA_NEWEST,
    DATA_FROM,
    REPLIES_INSERT,
    REPLIES_OLDEST,
    REPLIES_DROP,
    REPLIES_ALL,
    REPLIES_COUNT,
    HEADROOM_PUT,
    STATEMENT_COUNT
};

/* The files with statements of their own, prepared when they are first needed. */
enum part { PART_CATALOGUE, PART_ACCOUNTS, PART_QUEUE, PART_PROPERTIES, PART_FOTA, PART_COUNT };
#define PART_STATEMENTS_MAX 48

/* Of the column `observe_all` of devices. */
#define STORE_OBSERVE_ALL 1
#define STORE_BY_HAND 2
#define STORE_OBSERVES(all, by_hand) \
    (((all) ? STORE_OBSERVE_ALL : 0) | ((by_hand) ? STORE_BY_HAND : 0))

#define REPLIES_MAX 262144         /* remembered */
#define REPLIES_KEPT_MS 247000     /* EXCHANGE_LIFETIME (RFC 7252 4.8) */
#define REPLIES_BYTES (64 * 1024)  /* of one commit */
#define UNSAVED_BYTES (128 * 1024) /* endpoints that one commit is about */

struct bc_store {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    sqlite3_stmt *lazy[PART_COUNT][PART_STATEMENTS_MAX];
    uint64_t rows_max;
    uint64_t newest; /* see bc_store_newest() */
    bool open;       /* a transaction is */
    bool broken;     /* it cannot be committed */
    bool unread;     /* a reading has failed, of those since bc_store_begin_read() */
    bool failed; /* a commit has, and bc_store_recover() has not brought things in order since */
    bool all_unsaved; /* more endpoints than find room below */
    uint64_t replies; /* in the file */
    uint32_t reply_count;
    bc_sink reply_bytes; /* of this transaction */
    bc_sink unsaved;     /* endpoints, each behind a byte with its length */
    uint8_t reply_memory[REPLIES_BYTES];
    uint8_t unsaved_memory[UNSAVED_BYTES];
    char problem[BC_STORE_PROBLEM_BYTES];
};

/* statements.c */
bool bc_store_prepare(struct bc_store *store);
/* The texts, in the order of `enum statement`. */
const char *bc_store_statement_text(enum statement which);
/* A part's statement of that number, whose text is always the same one; NULL after a failure, which
 * binding, bc_store_run() and bc_store_row() bear. */
sqlite3_stmt *bc_store_lazily(struct bc_store *store, enum part part, size_t which,
                              const char *text);
/* Brings an older file, or an empty one, to what the statements expect. */
bool bc_store_migrate(struct bc_store *store, int64_t version);
#define STORE_VERSION 3
#define STORE_APPLICATION_ID 0x42433236 /* "BC26" */

/* store.c. A statement: bound, stepped to its end or row by row, and reset. A failure is kept in
 * `problem`. */
sqlite3_stmt *bc_store_begin_statement(struct bc_store *store, enum statement which);
bool bc_store_run(struct bc_store *store, sqlite3_stmt *statement);
bool bc_store_row(struct bc_store *store, sqlite3_stmt *statement); /* false at the end, too */
/* The first column of the first row, whose statement ends; false when there is none. */
bool bc_store_number(struct bc_store *store, sqlite3_stmt *statement, int64_t *out);
void bc_store_end_statement(sqlite3_stmt *statement);
void bc_store_keep_problem(struct bc_store *store);
bool bc_store_ensure_open(struct bc_store *store);
void bc_store_begin_read(struct bc_store *store);
/* Before anything is written that no event of a device tells: false after a failure. */
bool bc_store_begin_write(struct bc_store *store);

void bc_store_bind_view(sqlite3_stmt *statement, int at, bc_view bytes);
void bc_store_bind_text(sqlite3_stmt *statement, int at, bc_view text); /* of UTF-8 */
void bc_store_bind_number(sqlite3_stmt *statement, int at, uint64_t value);
bc_view bc_store_column(sqlite3_stmt *statement, int at);

/* write.c */
/* The device's row as the server has it now, with its observations; or its end. */
void bc_store_save(struct bc_store *store, const struct bc_server *server, bc_view endpoint,
                   const struct bc_store_time *now);

#endif
