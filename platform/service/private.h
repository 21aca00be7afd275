/*
 * The service's inside, shared by the files of platform/service. Nothing outside this folder
 * includes it. The parts, each with a struct of its own behind a pointer:
 *
 *     service.c     the whole: calls the parts in order, keeps the events of the turn
 *     catalogue     products, devices, tokens, webhooks
 *     live          commands, queue mode, decoded values, the log of messages
 *     fota          firmware, keys, groups, tasks
 *     virtual       virtual devices
 */
#ifndef BC_PLATFORM_SERVICE_PRIVATE_H
#define BC_PLATFORM_SERVICE_PRIVATE_H

#include "api.h"
#include "service.h"

struct webhooks;
struct keyring;
struct live;
struct fota;
struct virtuals;

struct service {
    struct service_config config;
    struct bc_store_time now; /* of the call under way */
    uint64_t generation;      /* of the products' documents */
    /* Whether any product wants DTLS, as of that generation. */
    bool security_known, any_secured;
    uint64_t security_generation;
    uint64_t sweep_ms; /* when to remove more rows of devices that are gone; or BC_NEVER */
    struct webhooks *webhooks;
    struct keyring *keyring;
    struct live *live;
    struct fota *fota;
    struct virtuals *virtuals;
    struct service_told *told; /* events of this turn, oldest first: service.c */
    size_t told_count;
    size_t told_cap;
};

/* First thing of a handler: what it does happens now. */
static inline void service_enter(const struct api_call *call)
{
    call->service->now = (struct bc_store_time){call->now_ms, call->utc_ms};
}

/* Keeps an event until the commit; `body` is taken over. The registrations' events are told by
 * service.c. A webhook that wants it gets it, too. */
void service_tell(struct service *service, enum service_event_kind kind, bc_view endpoint,
                  json_t *body);
/* The same of a command. */
void service_tell_command(struct service *service, bc_view endpoint, uint64_t command, bool ended,
                          json_t *body);
/* Whether anybody listens: nobody else needs to make a body. */
bool service_wants(const struct service *service, enum service_event_kind kind);

/* Tags of requests to devices say whose they are: the part in the highest byte, its number below.
 */
enum service_part { SERVICE_OF_CONTROL = 0, SERVICE_OF_LIVE = 1, SERVICE_OF_FOTA = 2 };
#define SERVICE_TAG(part, number) ((uint64_t)(part) << 56 | (number))
#define SERVICE_TAG_PART(tag) ((enum service_part)((tag) >> 56))
#define SERVICE_TAG_NUMBER(tag) ((tag) & (((uint64_t)1 << 56) - 1))

/* catalogue (products.c, devices.c): what is known of a device. False when it is not provisioned.
 */
struct service_device {
    int64_t product;
    const struct bc_server_carrier *carrier;
    bool automatic; /* subscription */
    bool queued;    /* commands wait for the device's next word (power saving) */
};
bool service_device_find(struct service *service, bc_view endpoint, struct service_device *out);
/* The product's documents, to be released; NULL when there is none or it is not deployed or
 * published: "profile", "codec", "model", "mapping", "settings". */
json_t *service_product_document(struct service *service, int64_t product, const char *which);
/* Bumped whenever a product's documents change: what was compiled of them is stale. */
uint64_t service_product_generation(const struct service *service, int64_t product);

/* answer.c. 404, or 503 when the store has failed. */
void service_answer_missing(const struct api_call *call, struct api_answer *answer,
                            const char *what);
/* 503: the store cannot be written. */
void service_answer_store(const struct api_call *call, struct api_answer *answer);

/* A page of a list under way: rows come in order of their ids. */
struct service_list {
    json_t *items;
    size_t limit;
    int64_t last;
    int64_t next;
};
struct service_list service_list_begin(const struct api_call *call);
/* Whether that row still belongs to the page. */
bool service_list_room(struct service_list *list, int64_t id);
void service_list_answer(const struct api_call *call, struct service_list *list,
                         struct api_answer *answer);
/* Bytes as a string, U+FFFD in place of what is no UTF-8 or is NUL. */
json_t *service_text(bc_view bytes);
json_t *service_hex(bc_view bytes);
/* Adds "endpoint", and "endpoint_hex" where that does not say all. */
void service_set_endpoint(json_t *object, bc_view endpoint);
int64_t service_utc(const struct service *service, uint64_t time_ms);
/* The string's bytes; empty when it is none. */
bc_view service_view(const json_t *string);
/* A number of a path; 0 when it is none. */
int64_t service_id(bc_view segment);

/* Whether a part of the text is the other one; ASCII letters may be of either case. */
bool service_contains(bc_view text, const char *part);
#define SERVICE_SEARCH_ROWS \
    10000 /* that a search looks at for one page, which may be a short one */

/* devices.c: "registration" of a device. */
json_t *service_registration(const struct service *service, const struct bc_server_device *device);

/* keyring.c: the keys of provisioned devices. All that are stored are handed to config.set_key. */
struct keyring *keyring_create(struct service *service);
void keyring_destroy(struct keyring *keyring);
/* Before it is stored: hands a new key over, or, without `key`, takes the stored one back. What is
 * wrong with it, or NULL; then nothing has changed. */
const char *keyring_set(struct keyring *keyring, bc_view endpoint, bc_view identity, bc_view key);
void keyring_after_commit(struct keyring *keyring, bool committed);

/* webhooks.c */
struct webhooks *webhooks_create(struct service *service);
void webhooks_destroy(struct webhooks *webhooks);
bool webhooks_want(const struct webhooks *webhooks, enum service_event_kind kind);
/* Puts the event into the queues of those that want it. */
void webhooks_on_told(struct webhooks *webhooks, const struct service_event *event);
void webhooks_on_alarm(struct webhooks *webhooks, const struct service_event *event);
void webhooks_after_commit(struct webhooks *webhooks, bool committed);

/* products.c: after a change, tells of it. */
void service_product_changed(struct service *service, int64_t product);

/* Each part: created in service_create(), fine to destroy when NULL. The calls are those of
 * service.h. */
struct live *live_create(struct service *service);
void live_destroy(struct live *live);
/* Whether an announced instance is to be observed: of a product with a mapping, those in it. */
bool live_observes(struct live *live, int64_t product, const struct bc_server_path *instance,
                   bool usual);
void live_on_event(struct live *live, const struct bc_server_event *event);
void live_on_message(struct live *live, const struct bc_address *peer, bool up, bc_view message);
void live_settle(struct live *live);
void live_on_time(struct live *live);
uint64_t live_deadline(const struct live *live);
void live_after_commit(struct live *live, bool committed);
/* Commands of a device that is removed end. */
void live_on_removed(struct live *live, bc_view endpoint);
size_t live_commands_waiting(struct live *live, bc_view endpoint); /* empty: of all devices */

struct fota *fota_create(struct service *service);
void fota_destroy(struct fota *fota);
void fota_on_event(struct fota *fota, const struct bc_server_event *event);
void fota_settle(struct fota *fota);
void fota_on_time(struct fota *fota);
uint64_t fota_deadline(const struct fota *fota);
void fota_after_commit(struct fota *fota, bool committed);
void fota_on_removed(struct fota *fota, bc_view endpoint);

struct virtuals *virtuals_create(struct service *service);
void virtuals_destroy(struct virtuals *virtuals);
void virtuals_on_time(struct virtuals *virtuals, const struct bc_store_time *now);
uint64_t virtuals_deadline(const struct virtuals *virtuals);
void virtuals_on_removed(struct virtuals *virtuals, bc_view endpoint);
/* Whether a module in software is running for that device. */
bool virtuals_run(const struct virtuals *virtuals, bc_view endpoint);

/* The tables of resources, which tables.c lists. */
extern const struct api_table api_about, api_products, api_documents, api_devices, api_tokens,
    api_webhooks, api_live, api_fota, api_virtual;

#endif
