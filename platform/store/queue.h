/*
 * Commands to devices as rows of the store: those that wait, and what became of the others. What is
 * written goes into the transaction that is open, or opens one; bc_store_commit() ends it.
 *
 * Each step finds its rows through an index: the oldest that waits of a device, those that expire
 * next. Of one device the newest BC_QUEUE_KEPT are kept, and those that have not ended.
 *
 * Rows are given to a callback, until it returns false; views live until it returns, and it must
 * not call the queue. Functions that write return false when the store has failed:
 * bc_store_problem() says why.
 *
 * Left to others: what a command means, when it may leave, and how many may wait.
 */
#ifndef BC_STORE_QUEUE_H
#define BC_STORE_QUEUE_H

#include "store.h"

#define BC_QUEUE_KEPT 1000 /* of one device */

/* The numbers are in the file. Below SUCCESSFUL a command has not ended. */
enum bc_queue_state {
    BC_QUEUE_PENDING,
    BC_QUEUE_SENT,
    BC_QUEUE_DELIVERED, /* acknowledged, but not answered */
    BC_QUEUE_SUCCESSFUL,
    BC_QUEUE_FAILED,
    BC_QUEUE_EXPIRED, /* it was never sent */
    BC_QUEUE_TIMEOUT, /* it was, and no answer came */
    BC_QUEUE_CANCELED,
    BC_QUEUE_STATES
};
static inline bool bc_queue_ended(enum bc_queue_state state)
{
    return state >= BC_QUEUE_SUCCESSFUL;
}

/* Times are UTC in milliseconds, 0 where there is none. Formats are BC_COAP_FORMAT_ABSENT where
 * there is none. */
struct bc_queue_command {
    uint64_t id; /* from 1; never given twice */
    bc_view endpoint;
    uint8_t kind;
    enum bc_server_operation operation;
    bc_view path; /* "/19/1/0" */
    int32_t accept, format;
    bc_view payload;
    bc_view description; /* JSON: what the user asked for */
    enum bc_queue_state state;
    int64_t created_ms, expires_ms, sent_ms, ended_ms;
    uint8_t code; /* of the answer; 0: none */
    int32_t answer_format;
    bc_view answer;
    bc_view reason; /* why it has failed; may be empty */
};

typedef bool bc_queue_take(void *context, const struct bc_queue_command *command);

/* Adds one that is PENDING. */
bool bc_queue_add(struct bc_store *store, const struct bc_queue_command *command, uint64_t *id);

/* False when there is no such command. */
bool bc_queue_find(struct bc_store *store, uint64_t id, bc_queue_take *take, void *context);
/* The oldest PENDING one of a device; false when there is none. */
bool bc_queue_next(struct bc_store *store, bc_view endpoint, bc_queue_take *take, void *context);
/* The newest first, those below `before`; of one device, or, when that is empty, of all; of one
 * state, or, with BC_QUEUE_STATES, of all. */
void bc_queue_list(struct bc_store *store, bc_view endpoint, enum bc_queue_state state,
                   uint64_t before, size_t count, bc_queue_take *take, void *context);
/* The oldest of a device that has not ended; false when there is none. */
bool bc_queue_open_of(struct bc_store *store, bc_view endpoint, uint64_t *id);
/* The first device behind `after` for which commands wait, in place of what is in `out`; false when
 * there is none. */
bool bc_queue_device(struct bc_store *store, bc_view after, bc_sink *out);

/* PENDING to SENT; SENT to DELIVERED; either back to PENDING. False, too, for what is not in that
 * state; so below. */
bool bc_queue_sent(struct bc_store *store, uint64_t id, int64_t utc_ms);
bool bc_queue_delivered(struct bc_store *store, uint64_t id);
bool bc_queue_again(struct bc_store *store, uint64_t id);

/* `state` is one of an end; `reason` may be NULL. */
struct bc_queue_end {
    enum bc_queue_state state;
    uint8_t code;
    int32_t format;
    bc_view answer;
    const char *reason;
};
bool bc_queue_end(struct bc_store *store, uint64_t id, const struct bc_queue_end *end,
                  int64_t utc_ms);

/* How many have not ended: of a device, or, when the endpoint is empty, of all: that looks at all
 * of them, and is for the beginning. */
uint64_t bc_queue_waiting(struct bc_store *store, bc_view endpoint);

/* The PENDING one that expires first, if that is until `utc_ms`; false when there is none. */
bool bc_queue_expired(struct bc_store *store, int64_t utc_ms, uint64_t *id);
/* When that is; false when there is none. */
bool bc_queue_next_expiry(struct bc_store *store, int64_t *utc_ms);

/* When the last run ended, answers were lost. What may be said twice without harm, which are the
 * idempotent methods (RFC 7252 5.1) but for messages to object 19, is PENDING again; the others
 * have ended in TIMEOUT. */
bool bc_queue_restart(struct bc_store *store, int64_t utc_ms, const char *reason);

#endif
