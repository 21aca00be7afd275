/*
 * What the platform must not forget, in one SQLite file: devices and their registrations, their
 * observations, and what they reported. It takes the events of the server core and gives them back
 * to the core of another run.
 *
 *     bc_server_on_datagram(...)                       // many; each tells events
 *         on_event: bc_store_on_event(store, ...)      // and replies: bc_store_on_reply()
 *     if (bc_store_commit(store, now))                 // one for all of them: group commit
 *         send what bc_server_take_datagrams() gives   // acknowledgements among it
 *     else
 *         bc_server_discard(server);                   // peers repeat; bc_store_recover() later
 *
 * A commit is on the disk when it has returned (WAL, synchronous FULL). Rows of data are numbered
 * from 1 within each device, without gaps; the oldest go when there are more than config.rows_max,
 * a few at each new one, so that no step looks at all devices or at all rows. A name or value of a
 * peer is only ever bound to a statement that was prepared before, never part of one.
 *
 * The file belongs to one process at a time. One store belongs to one thread.
 *
 * Left to others: the file's mode, and when to try again after a failure.
 */
#ifndef BC_STORE_H
#define BC_STORE_H

#include "server.h"

struct bc_store;

#define BC_STORE_ROWS_DEFAULT 100000 /* of data, of one device */
#define BC_STORE_PROBLEM_BYTES 200

struct bc_store_config {
    const char *path;
    uint64_t rows_max; /* of data, of one device; at least 1 */
};

/* One moment on both clocks: `now_ms` of the server's, and UTC, in milliseconds since 1970. */
struct bc_store_time {
    uint64_t now_ms;
    int64_t utc_ms;
};

/* Opens the file, which may be empty or not be there; NULL with what is wrong in one line: it is no
 * file of ours, it is damaged, a newer version wrote it, another process has it. */
struct bc_store *bc_store_open(const struct bc_store_config *config,
                               char problem[BC_STORE_PROBLEM_BYTES]);
/* What is not committed is lost; NULL is fine. */
void bc_store_close(struct bc_store *store);

struct bc_store_counts {
    uint64_t devices;
    uint64_t observations;
    uint64_t skipped; /* devices and observations that the server did not take */
};

/* Everything that another run stored into a new server: registrations that had not ended, with
 * their observations, and what messages of the last EXCHANGE_LIFETIME were answered. Looks at all
 * devices. False when the file is damaged: bc_store_problem() says more. */
bool bc_store_restore(struct bc_store *store, struct bc_server *server,
                      const struct bc_store_time *now, struct bc_store_counts *out);

/* The events that are stored, for config.events of the server. */
#define BC_STORE_EVENTS                                                                     \
    (BC_SERVER_EVENTS_OF_REQUESTS | BC_SERVER_EVENT_BIT(BC_SERVER_REGISTERED) |             \
     BC_SERVER_EVENT_BIT(BC_SERVER_UPDATED) | BC_SERVER_EVENT_BIT(BC_SERVER_DEREGISTERED) | \
     BC_SERVER_EVENT_BIT(BC_SERVER_EXPIRED) | BC_SERVER_EVENT_BIT(BC_SERVER_NOTIFIED) |     \
     BC_SERVER_EVENT_BIT(BC_SERVER_NOTIFYING) | BC_SERVER_EVENT_BIT(BC_SERVER_DP))

/* For config.on_event and config.on_reply of the server; kept until the commit. Replies count only
 * where something is to be stored. */
void bc_store_on_event(struct bc_store *store, const struct bc_server_event *event,
                       const struct bc_store_time *now);
void bc_store_on_reply(struct bc_store *store, const struct bc_address *to, uint16_t message_id,
                       bc_view reply);

/* The number of the row of data that the event made or completed which was told last; 0: it did
 * not. */
uint64_t bc_store_newest(const struct bc_store *store);

/* Whether there is something to commit. */
bool bc_store_pending(const struct bc_store *store);

/* False after a failure, of a commit or of anything that should be in the next one. */
bool bc_store_works(const struct bc_store *store);
/* Whether what catalogue.h or account_rows.h did not find may be there all the same: it could not
 * be read. */
bool bc_store_unread(const struct bc_store *store);

/* True: what was told since the last commit is on the disk. False: nothing of it is, and from now
 * on what is told is not stored at all, until bc_store_recover() returns true. */
bool bc_store_commit(struct bc_store *store, const struct bc_store_time *now);

/* After a failure: brings the devices up to date whose events were not stored, and tries whether
 * there is space again. False: still not. True when nothing has failed. */
bool bc_store_recover(struct bc_store *store, const struct bc_server *server,
                      const struct bc_store_time *now);

/* What failed last, in a few words; lives until the next call. */
const char *bc_store_problem(const struct bc_store *store);

enum bc_store_kind { BC_STORE_NOTIFY, BC_STORE_DP, BC_STORE_RESPONSE };

/* A row of data. Views live until the callback returns. */
struct bc_store_row {
    uint64_t number;
    int64_t utc_ms;
    enum bc_store_kind kind;
    bc_view path; /* empty for a dp */
    uint8_t code;
    int32_t format;
    bc_view payload;
    int64_t observe; /* -1: none */
    bool confirmable;
    bool stale;
    bool more;
};

struct bc_store_range {
    uint64_t first; /* the oldest row that is kept; 0 when there is none */
    uint64_t last;
};

/* False when the device is not stored, or when reading failed: then there is a problem. */
bool bc_store_range(struct bc_store *store, bc_view endpoint, struct bc_store_range *out);

/* The device's rows from that number on, at most `count`, until the callback returns false. False
 * as above. */
bool bc_store_read(struct bc_store *store, bc_view endpoint, uint64_t from, uint64_t count,
                   bool (*take)(void *context, const struct bc_store_row *row), void *context);

#endif
