/*
 * The server's inside, shared by the files of platform/core: what a device, an exchange and an
 * observation are, and which file does what. Nothing outside this folder includes it.
 */
#ifndef BC_PLATFORM_PRIVATE_H
#define BC_PLATFORM_PRIVATE_H

#include "assembly.h"
#include "blocks.h"
#include "carrier.h"
#include "duplicates.h"
#include "hash.h"
#include "incoming.h"
#include "outbox.h"
#include "rate.h"
#include "server.h"
#include "table.h"
#include "timer.h"

struct device {
    struct table_node by_endpoint;
    struct table_node by_id;
    struct timer expiry;        /* fires at or before expires_ms; see device.c */
    struct device *next, *prev; /* in order of first registration */
    struct exchange *exchanges; /* oldest first */
    struct observation *observations;
    uint8_t *strings; /* the endpoint, then the links */
    uint64_t id;
    uint64_t registered_ms;
    uint64_t seen_ms;
    uint64_t expires_ms;
    struct bc_server_product product;
    struct bc_address address;
    uint32_t lifetime_s;
    uint32_t exchange_count;
    uint32_t observation_count;
    uint16_t next_message_id;
    uint16_t links_bytes;
    uint8_t endpoint_bytes;
    bool version_1_1;
    char binding[BC_SERVER_BINDING_CHARS_MAX + 1];
};

enum exchange_state {
    EXCHANGE_QUEUED,
    EXCHANGE_SENT,         /* waiting for the acknowledgement; at most one of a device */
    EXCHANGE_ACKNOWLEDGED, /* by an empty message: the response comes separately */
};

/* A request of ours to a device. */
struct exchange {
    struct table_node by_token;
    struct table_node by_message_id; /* while SENT */
    struct timer timer;
    struct exchange *next;
    struct device *device;
    uint64_t tag;
    uint32_t token;
    uint32_t wait_ms; /* until the next retransmission, or until giving up */
    int32_t accept;
    int32_t format;
    uint16_t message_id;
    uint16_t message_bytes;
    uint16_t message_cap;
    uint8_t retransmissions;
    bool transfers; /* its blocks are on their way: one exchange of a device at a time */
    enum exchange_state state;
    enum bc_server_operation operation;
    struct bc_server_path path;
    struct blocks *blocks; /* NULL while one message says all */
    uint8_t message[];
};

struct observation {
    struct table_node by_token;
    struct observation *next;
    struct device *device;
    uint64_t seen_ms; /* the newest notification */
    uint32_t sequence;
    uint32_t token;
    int32_t accept;
    struct bc_server_path path;
};

/* What a notification has changed, so that bc_server_discard() can take it back. */
struct undo {
    uint64_t device_id;
    struct bc_server_observation before;
    bool over;
};

struct bc_server {
    struct bc_server_config config;
    uint64_t now_ms;
    uint64_t counter; /* of bc_server_secret() */
    struct hash_key key;
    struct hash_key secret;
    struct table devices_by_endpoint;
    struct table devices_by_id;
    struct table exchanges_by_token;
    struct table exchanges_by_message_id;
    struct table observations;
    struct timers expiries; /* of devices: as many as there are, and far away */
    struct timers waits;    /* of exchanges: few, and near */
    struct duplicates duplicates;
    struct outbox outbox;
    struct rate refusals; /* sent: asked once for each */
    struct assemblies assemblies;
    struct device *first, *last;
    uint32_t fetches;         /* bodies of devices that are held in memory */
    uint16_t next_message_id; /* of our non-confirmable responses */
    uint32_t undo_count;
    struct undo undo[BC_SERVER_GROUP]; /* of notifications since datagrams were taken */
};

/* What a handler of requests answers. */
struct reply {
    uint8_t code;
    bool forget;           /* safe to work out again: not worth a place among the duplicates */
    struct device *device; /* whose carrier may now want to observe, or NULL */
    bool location;         /* say rd/<id> of the device */
    uint32_t size1;        /* how long a payload may be; 0 = not said */
    uint32_t size2;        /* the payload is this block of so many bytes; 0 = it is no block */
    struct bc_coap_block block2;
    uint64_t etag; /* of the payload's whole; only with size2 */
    int32_t format;
    bc_view payload;
};

/* server.c */
uint64_t bc_server_secret(struct bc_server *s);
uint32_t bc_server_address_hash(const struct bc_server *s, const struct bc_address *address,
                                uint16_t message_id);
/* Answers a repeated message as the first time; false when it is new. */
bool bc_server_replay(struct bc_server *s, uint32_t hash, const struct bc_address *from,
                      uint16_t message_id);
/* Whether that peer may speak for the endpoint of the device. */
bool bc_server_lacks_security(const struct bc_server *s, bc_view endpoint,
                              const struct bc_address *from);
bool bc_server_trusts(const struct bc_server *s, bc_view endpoint, const struct bc_address *from);
/* A reset of the message with that id, if one more refusal may be sent. */
void bc_server_reset(struct bc_server *s, const struct bc_address *to, uint16_t message_id);
/* Remembers what was answered, and tells it. */
void bc_server_remember(struct bc_server *s, uint32_t hash, const struct bc_address *to,
                        uint16_t message_id, bc_view reply);

/* event.c. `wants` first: a silent server must not pay for the event's making. */
static inline bool bc_server_wants(const struct bc_server *s, enum bc_server_event_kind kind)
{
    return (s->config.events & BC_SERVER_EVENT_BIT(kind)) != 0 && s->config.on_event != NULL;
}
void bc_server_describe(const struct device *device, struct bc_server_device *out);
void bc_server_tell_device(const struct bc_server *s, enum bc_server_event_kind kind,
                           const struct device *device, bool links_changed);
/* The server itself ends a registration; `content` is NULL when no answer was the reason. */
void bc_server_tell_refused(const struct bc_server *s, const struct device *device,
                            const struct content *content, const char *reason);
void bc_server_tell_dp(const struct bc_server *s, const struct request *r,
                       const struct device *device);
void bc_server_tell_notify(const struct bc_server *s, enum bc_server_event_kind kind,
                           const struct device *device, const struct bc_server_path *path,
                           const struct notification *notification, const struct content *content);
/* How an exchange ended; `content` is NULL for what is not an answer. */
void bc_server_tell_exchange(const struct bc_server *s, enum bc_server_event_kind kind,
                             const struct exchange *exchange, const struct content *content);

/* device.c */
struct registration {
    bc_view endpoint;
    bc_view binding;     /* empty = not given */
    bc_view links;       /* empty = not given */
    uint32_t lifetime_s; /* 0 = not given */
    bool version_1_1;
};
struct device *bc_server_device_by_endpoint(const struct bc_server *s, bc_view endpoint);
struct device *bc_server_device_by_id(const struct bc_server *s, bc_view text);
struct device *bc_server_device_of_id(const struct bc_server *s, uint64_t id);
/* False for what is no id. */
bool bc_server_id_parse(bc_view text, uint64_t *out);
void bc_server_id_text(uint64_t id, char out[BC_SERVER_ID_CHARS + 1]);
static inline bc_view bc_server_device_endpoint(const struct device *device)
{
    return (bc_view){device->strings, device->endpoint_bytes};
}
static inline bc_view bc_server_device_links(const struct device *device)
{
    return (bc_view){device->strings + device->endpoint_bytes, device->links_bytes};
}
/* Registers, in place of an older registration of the same endpoint; NULL when there is no room. */
struct device *bc_server_device_register(struct bc_server *s, const struct registration *r,
                                         const struct bc_server_product *product,
                                         const struct bc_address *from);
/* As it was registered in another run; NULL when there is no room. The endpoint must be new. */
struct device *bc_server_device_restore(struct bc_server *s, const struct registration *r,
                                        const struct bc_server_device *known, uint64_t id);
/* Takes over what is given and begins the lifetime anew; false when memory is short. */
bool bc_server_device_update(struct bc_server *s, struct device *device,
                             const struct registration *r);
void bc_server_device_move(struct bc_server *s, struct device *device, const struct bc_address *to);
/* Ends a registration; what it left open is told as canceled. */
void bc_server_device_remove(struct bc_server *s, struct device *device);
void bc_server_device_on_expiry(struct bc_server *s, struct device *device);

/* registration.c */
struct reply bc_server_on_rd(struct bc_server *s, const struct request *r);
struct reply bc_server_on_dp(struct bc_server *s, const struct request *r);

/* package.c */
struct reply bc_server_on_package(struct bc_server *s, const struct request *r);

/* request.c */
void bc_server_on_request(struct bc_server *s, const struct bc_address *from,
                          const struct bc_coap_message *m);

/* exchange.c */
enum bc_err bc_server_exchange_add(struct bc_server *s, struct device *device,
                                   const struct bc_server_request *request);
struct exchange *bc_server_exchange_by_token(const struct bc_server *s, uint32_t token);
/* Whether the device is already being asked to let that path be observed. */
bool bc_server_exchange_observes(const struct device *device, const struct bc_server_path *path);
/* The message layer: an empty acknowledgement or a reset arrived, or the time is up. */
void bc_server_exchange_on_empty_ack(struct bc_server *s, const struct bc_address *from,
                                     uint16_t message_id);
void bc_server_exchange_on_reset(struct bc_server *s, const struct bc_address *from,
                                 uint16_t message_id);
void bc_server_exchange_on_timer(struct bc_server *s, struct exchange *exchange);
/* Ends it and sends the next one, or, when the carrier does not like the answer, ends the whole
 * registration: the device is gone then. */
void bc_server_exchange_finish(struct bc_server *s, struct exchange *exchange,
                               enum bc_server_event_kind kind, const struct content *content);
/* Sends the next block of its transfer. */
void bc_server_exchange_again(struct bc_server *s, struct exchange *exchange);
/* A new exchange for the rest of a notification; false when memory is short. */
bool bc_server_exchange_fetch(struct bc_server *s, const struct observation *observation,
                              struct blocks *blocks);
/* Ends it silently. */
void bc_server_exchange_remove(struct bc_server *s, struct exchange *exchange);
/* The same, and sends the next one. */
void bc_server_exchange_abandon(struct bc_server *s, struct exchange *exchange);
/* The device is about to have another address. */
void bc_server_exchanges_move(struct bc_server *s, struct device *device,
                              const struct bc_address *to);

/* response.c */
void bc_server_on_response(struct bc_server *s, const struct bc_address *from,
                           const struct bc_coap_message *m);

/* observation.c */
struct observation *bc_server_observation_by_token(const struct bc_server *s, uint32_t token);
struct observation *bc_server_observation_at(const struct device *device,
                                             const struct bc_server_path *path);
/* False when memory is short. An existing observation with that token begins anew. */
bool bc_server_observation_begin(struct bc_server *s, const struct exchange *exchange,
                                 uint32_t sequence);
/* One that stands already; NULL when memory is short. */
struct observation *bc_server_observation_restore(struct bc_server *s, struct device *device,
                                                  const struct bc_server_observation *known);
void bc_server_observation_describe(const struct observation *observation,
                                    struct bc_server_observation *out);
void bc_server_observation_remove(struct bc_server *s, struct observation *observation);
/* Its device registers anew: all end but the one that config.keeps_observation keeps. */
void bc_server_observations_end(struct bc_server *s, struct device *device);
void bc_server_observation_on_notify(struct bc_server *s, struct observation *observation,
                                     const struct bc_coap_message *m);

/* restore.c */
/* Before a notification changes its observation. */
void bc_server_undo_note(struct bc_server *s, const struct observation *observation, bool over);
/* What was done up to now can no longer be discarded. */
static inline void bc_server_keep(struct bc_server *s)
{
    s->undo_count = 0;
    bc_server_duplicates_keep(&s->duplicates);
}

#endif
