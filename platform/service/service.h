/*
 * What users of the platform can do, and what becomes of what devices say: products, devices,
 * commands, decoded values, firmware tasks (PLATFORM sections 1 and 2). It stands between the
 * server core with its store and the REST interface (api.h), and knows no socket and no clock.
 *
 *     core --on_event--> service_on_event()        // decodes, stores, remembers what to do
 *     service_settle()                             // after feeding: asks devices what was due
 *     bc_store_commit()
 *     service_after_commit(true)                   // tells config.on_event what happened
 *
 * Everything that it stores goes into the store's transaction of the turn. One service belongs to
 * one thread.
 */
#ifndef BC_PLATFORM_SERVICE_H
#define BC_PLATFORM_SERVICE_H

#include <jansson.h>

#include "server.h"
#include "store.h"

struct service;

enum service_event_kind {
    SERVICE_REGISTERED,
    SERVICE_UPDATED,
    SERVICE_DEREGISTERED,
    SERVICE_EXPIRED,
    SERVICE_DATA,    /* a row of data, decoded where it can be */
    SERVICE_COMMAND, /* a command changed its state */
    SERVICE_FOTA,    /* a task's device did */
    SERVICE_MESSAGE, /* a CoAP message passed */
    SERVICE_AT,      /* a virtual device's line */
    SERVICE_ALARM,
    SERVICE_DEVICE,  /* was added, changed or removed */
    SERVICE_PRODUCT, /* the same */
    SERVICE_EVENT_KINDS
};
const char *service_event_name(enum service_event_kind kind); /* "registered" */

/* Told after the commit, in order. Lives until the callback returns. */
struct service_event {
    enum service_event_kind kind;
    int64_t utc_ms;
    bc_view endpoint; /* may be empty */
    int64_t product;  /* 0: none */
    uint64_t command; /* of COMMAND: its id */
    bool ended;       /* of COMMAND: nothing more will happen to it */
    /* An object: what the event says besides. Of COMMAND {"command": ...}, of DATA {"data": ...},
     * of MESSAGE {"message": ...}, each as its resource shows it; a row of data that could not be
     * decoded says why in "undecoded". */
    const json_t *body;
};

/* Virtual devices are modules in software, whose processes the program runs: each has a slot, and
 * an AT port that takes and gives bytes. */
#define SERVICE_MODULES_MAX 16
struct service_modules {
    /* Starts one with these arguments of bc260y, up to a NULL, in a slot that is free; NULL, or
     * what is wrong. */
    const char *(*start)(void *context, unsigned slot, const char *const *arguments);
    /* For its AT port. False: it takes nothing any more. */
    bool (*write)(void *context, unsigned slot, bc_view bytes);
    /* Ends it at once; nothing more is heard of it. */
    void (*stop)(void *context, unsigned slot);
    void *context;
    /* "ADDRESS:PORT", where they find the platform, in plain and over DTLS; NULL: nowhere. They
     * may talk to nobody else, unless `anywhere`. */
    const char *coap[2];
    const char *bootstrap[2];
    bool anywhere;
};

#define SERVICE_ORIGIN_BYTES 200

struct service_config {
    struct bc_server *server;
    struct bc_store *store;
    const struct bc_server_carrier *open;  /* --open; may be NULL */
    uint32_t awake_ms;                     /* queue mode: how long after an uplink; 93000 */
    const json_t *listeners;               /* of GET /status: {"coap": "HOST:PORT"}; may be NULL */
    const struct service_modules *modules; /* for virtual devices; NULL: there are none */
    /* "coap://192.0.2.1:5683", as that device sees us; false when it is not known. NULL: never. */
    bool (*origin)(void *context, const struct bc_address *device, char out[SERVICE_ORIGIN_BYTES]);
    bool (*wants)(void *context, enum service_event_kind kind);         /* NULL: all; saves work */
    void (*on_event)(void *context, const struct service_event *event); /* may be NULL */
    /* A key was set (`key` not empty) or removed; NULL when it is taken, else what is wrong. */
    const char *(*set_key)(void *context, bc_view endpoint, bc_view identity, bc_view key);
    void *context;
};

/* NULL after a problem, which is then told in one line. */
struct service *service_create(const struct service_config *config, int64_t utc_ms,
                               char problem[BC_STORE_PROBLEM_BYTES]);
void service_destroy(struct service *service); /* NULL is fine */

/* For the callbacks of the core's configuration. */
bool service_find_product(struct service *service, bc_view endpoint, struct bc_server_product *out);
bool service_accepts_product_id(struct service *service, bc_view endpoint, bc_view product_id);
/* Gives all stored keys to config.set_key again, after those that it had are forgotten. */
void service_hand_over_keys(struct service *service);
/* Its product has "security" "dtls". */
bool service_wants_security(struct service *service, bc_view endpoint);
/* The instances that are in the product's mapping; without one, as usual. */
bool service_observes(struct service *service, bc_view endpoint,
                      const struct bc_server_path *instance, bool usual);
/* Packages of DFOTA (fota.c). */
bool service_keeps_observation(const struct service *service, bc_view endpoint,
                               const struct bc_server_path *path);
bool service_find_package(const struct service *service, bc_view name,
                          struct bc_server_package *out);
void service_on_fetched(struct service *service, bc_view endpoint, uint32_t bytes,
                        const struct bc_store_time *now);
void service_on_event(struct service *service, const struct bc_server_event *event,
                      const struct bc_store_time *now);
/* A plain CoAP message that came or went, for the log of messages; before it is fed. */
void service_on_message(struct service *service, const struct bc_address *peer, bool up,
                        bc_view message, int64_t utc_ms);

/* What a module in that slot says, at its AT port or on standard error; and that it ended by
 * itself, with its exit status, or -1 after a signal: its slot is free then. */
void service_on_module_bytes(struct service *service, unsigned slot, bc_view bytes,
                             const struct bc_store_time *now);
void service_on_module_error(struct service *service, unsigned slot, bc_view bytes,
                             const struct bc_store_time *now);
void service_on_module_ended(struct service *service, unsigned slot, int status,
                             const struct bc_store_time *now);

/* Tells of what the store cannot keep, since it is about the store: at once, and to webhooks from
 * memory. The reason may be NULL. */
void service_alarm(struct service *service, const char *alarm, const char *reason, int64_t utc_ms);

/* After feeding: sends what has become due. */
void service_settle(struct service *service, const struct bc_store_time *now);
void service_on_time(struct service *service, const struct bc_store_time *now);
uint64_t service_deadline(const struct service *service); /* of the server's clock; BC_NEVER */
/* True: tells the events. False: forgets them, and what was not stored. */
void service_after_commit(struct service *service, bool committed);

#endif
