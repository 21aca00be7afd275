/*
 * Tokens of users, webhooks, and the events that wait for these, as rows of the store. What holds
 * for catalogue.h holds here.
 */
#ifndef BC_STORE_ACCOUNT_ROWS_H
#define BC_STORE_ACCOUNT_ROWS_H

#include "store.h"

#define BC_TOKEN_HASH_BYTES 32

struct bc_token {
    int64_t id;
    bc_view name;
    int role;
    bc_view hash; /* SHA-256; only of a new one */
    int64_t created_ms;
    int64_t expires_ms;   /* 0: never */
    int64_t last_used_ms; /* 0: never; may be some minutes behind */
};
bool bc_accounts_add_token(struct bc_store *store, const struct bc_token *token, int64_t *id);
bool bc_accounts_remove_token(struct bc_store *store, int64_t id);
bool bc_accounts_use_token(struct bc_store *store, int64_t id, int64_t utc_ms);
/* By its id, or, with 0, by its hash. */
bool bc_accounts_token(struct bc_store *store, int64_t id, bc_view hash,
                       bool (*take)(void *context, const struct bc_token *token), void *context);
void bc_accounts_tokens(struct bc_store *store, int64_t after,
                        bool (*take)(void *context, const struct bc_token *token), void *context);

struct bc_webhook {
    int64_t id;
    bc_view url;
    bc_view events;  /* JSON */
    int64_t product; /* 0: of all */
    bc_view secret;  /* may be empty */
    int64_t queued, delivered, failed;
    bc_view last_error;
    int64_t created_ms;
};
bool bc_accounts_add_webhook(struct bc_store *store, const struct bc_webhook *webhook, int64_t *id);
bool bc_accounts_remove_webhook(struct bc_store *store, int64_t id); /* with its queue */
bool bc_accounts_webhook(struct bc_store *store, int64_t id,
                         bool (*take)(void *context, const struct bc_webhook *webhook),
                         void *context);
void bc_accounts_webhooks(struct bc_store *store, int64_t after,
                          bool (*take)(void *context, const struct bc_webhook *webhook),
                          void *context);

struct bc_hook {
    int64_t id;
    bc_view body;
    int64_t attempts;
    int64_t due_ms;
};
/* False also when there are `max` already: then it counts as failed. */
bool bc_accounts_add_hook(struct bc_store *store, int64_t webhook, bc_view body, int64_t due_ms,
                          int64_t max);
/* The oldest one. */
bool bc_accounts_next_hook(struct bc_store *store, int64_t webhook,
                           bool (*take)(void *context, const struct bc_hook *hook), void *context);
bool bc_accounts_hook_done(struct bc_store *store, int64_t webhook, int64_t hook);
/* `due_ms` 0: it is dropped. */
bool bc_accounts_hook_failed(struct bc_store *store, int64_t webhook, int64_t hook, bc_view error,
                             int64_t due_ms);

#endif
