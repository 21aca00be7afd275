/*
 * Tokens and webhooks for the program: whose request it is, and what has to be delivered where.
 * What is written goes into the transaction of the turn.
 */
#ifndef BC_PLATFORM_ACCOUNTS_H
#define BC_PLATFORM_ACCOUNTS_H

#include "api.h"
#include "service.h"

#define SERVICE_TOKEN_CHARS 47 /* "bcp_" and 43 of base64url */
#define SERVICE_NAME_BYTES_MAX 64

struct service_token {
    int64_t id;
    enum api_role role;
    char name[SERVICE_NAME_BYTES_MAX + 1];
};

/* False when there is no such token, it has expired, or the store has failed. */
bool service_token_find(struct service *service, bc_view text, int64_t utc_ms,
                        struct service_token *out);
/* Whether there is any at all that has not expired. */
bool service_token_any(struct service *service, int64_t utc_ms);
/* Makes one; `expires_ms` 0: never. False when it cannot be stored. To be wiped by the caller. */
bool service_token_add(struct service *service, const char *name, enum api_role role,
                       int64_t expires_ms, int64_t utc_ms, char text[SERVICE_TOKEN_CHARS + 1]);

/* A webhook's queue is delivered in order, one event at a time:
 *
 *     for (i = 0; service_webhook_at(service, i, &webhook); i++)
 *         if (nothing of webhook.id is on its way && service_hook_next(service, webhook.id, &hook)
 *             && hook.due_ms <= utc_ms)
 *             post(webhook.url, hook.body)           // then, any time later:
 *     service_hook_done(service, webhook_id, hook_id)
 *     service_hook_failed(service, webhook_id, hook_id, "HTTP 500", due_ms)
 *
 * An event may be delivered twice, around a crash; hook.id is the same then. Alarms are not stored:
 * they come first, also while the store does not work, and their ids are negative. */
#define SERVICE_WEBHOOKS_MAX 64
#define SERVICE_HOOKS_MAX 100000 /* queued of one webhook; it is not told of further events */

/* Views live until the next call on the service. */
struct service_webhook {
    int64_t id;
    const char *url;
    bc_view secret; /* for X-Signature; empty: none */
};
bool service_webhook_at(const struct service *service, size_t index, struct service_webhook *out);

struct service_hook {
    int64_t id;
    int64_t due_ms; /* UTC */
    unsigned attempts;
    const char *body; /* JSON */
};
/* The oldest one of a webhook; false when there is none. */
bool service_hook_next(struct service *service, int64_t webhook, struct service_hook *out);
void service_hook_done(struct service *service, int64_t webhook, int64_t hook);
/* `due_ms` is when to try again; 0: never, it is dropped. */
void service_hook_failed(struct service *service, int64_t webhook, int64_t hook, const char *error,
                         int64_t due_ms);

#endif
