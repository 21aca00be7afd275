/*
 * The LwM2M server as a value (LwM2M 1.0; RFC 7252, 7641): datagrams, requests and time go in;
 * datagrams, events and a deadline come out. No socket, no clock, no file, no thread. The heap is
 * used, but whatever a peer can make us keep has a limit in the configuration, and no step looks
 * at all devices or all observations.
 *
 *     bc_server_on_datagram(server, now_ms, &from, in);      // as many as are there
 *     while ((count = bc_server_take_datagrams(server, out, 64)) > 0)
 *         net_send_all(out, count);
 *     wait_until(bc_server_deadline(server));                // BC_NEVER when idle
 *
 * Events are told through a callback during the `on_` and request calls. Whoever has to store an
 * event before its sender may see the acknowledgement does so between those calls and
 * bc_server_take_datagrams(): nothing leaves before. When that fails, bc_server_discard() takes the
 * acknowledgements back. After a restart the bc_server_restore_...() calls bring back what was
 * stored. One server belongs to one thread.
 *
 * A peer is an address with its channel (bc_address_equal). Where channels are sessions of DTLS,
 * messages of two sessions never meet, as RFC 7252 section 9.1.1 wants it, and config.is_trusted
 * says whom a session's identity may speak for.
 *
 * Values longer than a datagram are read, observed and written in blocks (RFC 7959), and a device
 * may register with a list of objects in blocks; whoever uses the server sees whole values only.
 *
 * Left to others: names of products and who may register (config.find_product), the store, decoded
 * values, queue mode.
 */
#ifndef BC_PLATFORM_SERVER_H
#define BC_PLATFORM_SERVER_H

#include "bc260y/limits.h"
#include "bc260y/types.h"
#include "path.h"

struct bc_server;
struct bc_server_carrier; /* carrier.h */

#define BC_SERVER_BATCH 64   /* taken in one go */
#define BC_SERVER_GROUP 1024 /* the most datagrams to feed before taking */

#define BC_SERVER_LINKS_BYTES_MAX 4096 /* of one registration's payload */
#define BC_SERVER_ID_CHARS 10          /* of a registration's id */
#define BC_SERVER_BINDING_CHARS_MAX 7
#define BC_SERVER_VALUE_BYTES_MAX 4096 /* of a request from above */
#define BC_SERVER_BODY_BYTES_MAX 16384 /* of what a device answers or notifies, in blocks */

/* What the platform knows about an endpoint before it registers. */
struct bc_server_product {
    const struct bc_server_carrier *carrier;
    bool observe_all; /* also observe every announced user object, where the carrier offers it */
    bool by_hand;     /* observe no user object but those that are asked for */
};

enum bc_server_operation {
    BC_SERVER_NO_OPERATION,
    BC_SERVER_READ,     /* GET */
    BC_SERVER_WRITE,    /* PUT */
    BC_SERVER_EXECUTE,  /* POST */
    BC_SERVER_DISCOVER, /* GET, Accept 40 */
    BC_SERVER_OBSERVE,  /* GET, Observe 0 */
    BC_SERVER_CANCEL,   /* GET, Observe 1 */
};

/* The word for people and JSON: "read". */
const char *bc_server_operation_name(enum bc_server_operation operation);

enum bc_server_event_kind {
    BC_SERVER_REGISTERED,
    BC_SERVER_UPDATED,
    BC_SERVER_DEREGISTERED,
    BC_SERVER_EXPIRED,
    BC_SERVER_OBSERVED, /* a device answered an observe request; code tells how. A notification that
                         * overtakes the answer is it; the answer itself is then stale news. */
    BC_SERVER_NOTIFIED,
    BC_SERVER_RESPONDED, /* a device answered any other request */
    BC_SERVER_TIMED_OUT, /* it did not */
    BC_SERVER_RESET,     /* it answered with a reset message */
    BC_SERVER_CANCELED,  /* its registration ended while the request was waiting */
    BC_SERVER_DP,        /* POST /dp?ep= */
    BC_SERVER_REJECTED,  /* a registration or update was refused; code and reason tell why */
    BC_SERVER_NOTIFYING, /* the first block of a notification is here, and may be acknowledged: for
                          * who stores it. Its NOTIFIED follows, with `begun` */
    BC_SERVER_ACKNOWLEDGED, /* a request is there, and its answer comes separately: its end follows.
                             * Not told of those of the carrier */
    BC_SERVER_EVENT_KINDS
};
#define BC_SERVER_EVENT_BIT(kind) (1U << (kind))
#define BC_SERVER_EVENTS_ALL 0xFFFU /* but the last two: who wants them asks */
/* What ends a request. */
#define BC_SERVER_EVENTS_OF_REQUESTS                                                      \
    (BC_SERVER_EVENT_BIT(BC_SERVER_OBSERVED) | BC_SERVER_EVENT_BIT(BC_SERVER_RESPONDED) | \
     BC_SERVER_EVENT_BIT(BC_SERVER_TIMED_OUT) | BC_SERVER_EVENT_BIT(BC_SERVER_RESET) |    \
     BC_SERVER_EVENT_BIT(BC_SERVER_CANCELED))

/* A standing observation. */
struct bc_server_observation {
    struct bc_server_path path;
    int32_t accept;
    uint32_t token;
    uint32_t sequence; /* of the newest notification */
    uint64_t seen_ms;  /* when that was */
};

/* One registered device. Views and pointers live until the next call on the server. */
struct bc_server_device {
    bc_view endpoint;
    bc_view links; /* the registration's payload as it came; see links.h */
    char id[BC_SERVER_ID_CHARS + 1];
    const char *binding;
    const char *version; /* "1.0" */
    const struct bc_server_carrier *carrier;
    bool observe_all;
    bool by_hand;
    struct bc_address address;
    uint32_t lifetime_s;
    uint64_t registered_ms;
    uint64_t seen_ms;    /* last registration, update, notification, answer, or dp from there */
    uint64_t expires_ms; /* with the grace */
    uint32_t observations;
    uint32_t requests;
};

/* Fields that a kind does not have are zero; `format` is then BC_COAP_FORMAT_ABSENT. Everything
 * lives until the callback returns. Strings come from peers: any byte may be in them. */
struct bc_server_event {
    enum bc_server_event_kind kind;
    const struct bc_server_device *device; /* NULL for REJECTED */
    bc_view endpoint;
    struct bc_address address; /* where the datagram came from */
    enum bc_server_operation operation;
    uint64_t tag; /* of the request that this ends; 0 for those of the carrier */
    struct bc_server_path path;
    uint8_t code;
    int32_t format;
    bc_view payload;
    bool more; /* the transfer broke off: the payload is the first block of a longer one, or the
                * answer is not to the whole value written */
    bool confirmable;   /* of a notification or dp */
    bool stale;         /* the notification is older than one seen before (RFC 7641 3.4) */
    bool over;          /* the notification ended its observation */
    bool links_changed; /* the update brought another list of objects */
    bool begun;         /* the end of the notification that NOTIFYING told of */
    bool observed;      /* whether `path` is observed after an observe or a cancel; of REGISTERED:
                         * whether an observation was kept */
    struct bc_server_observation observation; /* that one */
    uint32_t observe;                         /* sequence number of a notification */
    const char *reason; /* of REJECTED; of DEREGISTERED when the server ended the registration:
                         * then code, format and payload are those of the device's answer */
};

/* What a device fetches with GET /fw/<name>, in blocks (RFC 7959 2.4). */
struct bc_server_package {
    bc_view endpoint; /* whose it is: only where this device registered from may it be had */
    bc_view bytes;    /* 1 to UINT32_MAX */
    uint64_t etag;
};

struct bc_server_config {
    uint64_t seed; /* of registration ids, tokens, message ids and the hash keys */
    uint32_t lifetime_grace_s;
    uint32_t devices_max;
    uint32_t observations_max; /* of one device */
    uint32_t requests_max;     /* of one device, waiting and sent */
    uint32_t duplicates_max;   /* messages remembered for at most EXCHANGE_LIFETIME */
    uint32_t transfers_max;    /* values being read in blocks; further ones are told as `more` */
    uint32_t refusals_per_s;   /* 4.xx, 5.xx and resets; more are not sent, nor told. 0: any */
    /* 16, 32, ... 1024: the size of blocks that reads ask for and writes are cut into. 0: reads ask
     * for none, writes are cut above 1024 bytes. */
    uint16_t block_bytes;
    /* Whether an endpoint may register, and as what. Must not call the server. */
    bool (*find_product)(void *context, bc_view endpoint, struct bc_server_product *out);
    /* Whether who speaks from there may speak for that endpoint, and hear what is for it: asked at
     * each message to or from a device. NULL: anybody may. Must not call the server. */
    bool (*is_trusted)(void *context, bc_view endpoint, const struct bc_address *from);
    /* Whether that endpoint may be spoken with over DTLS only: asked at each message to or from a
     * device in plain, before is_trusted. NULL: none. Must not call the server. */
    bool (*wants_security)(void *context, bc_view endpoint);
    /* Whether an announced instance is observed, where the carrier observes instances. NULL: as
     * usual, which is those of user objects. Must not call the server. */
    bool (*observes)(void *context, bc_view endpoint, const struct bc_server_path *instance,
                     bool usual);
    /* Whether a device may stay that says it is of this product, where the carrier asks. NULL: any
     * may, also one that does not answer. Must not call the server. */
    bool (*accepts_product_id)(void *context, bc_view endpoint, bc_view product_id);
    /* Whether an observation stands although its device registers anew; at most one of a device
     * does. A module that updates its firmware reboots, registers, and notifies on the token of
     * before (G 4.1.1.3). NULL: none. Must not call the server. */
    bool (*keeps_observation)(void *context, bc_view endpoint, const struct bc_server_path *path);
    /* The package of that name; its views live until the next call on the server. NULL: there are
     * none. Must not call the server. */
    bool (*find_package)(void *context, bc_view name, struct bc_server_package *out);
    /* So many bytes from the package's beginning have been sent at most; repetitions begin lower.
     * May be NULL. Must not call the server. */
    void (*on_fetched)(void *context, bc_view endpoint, uint32_t bytes);
    /* May be NULL. Must not call the server. */
    void (*on_event)(void *context, const struct bc_server_event *event);
    uint32_t events; /* BC_SERVER_EVENT_BIT of the wanted kinds: the others cost nothing */
    /* What a message of a peer was answered, after its events: it is remembered for repetitions, as
     * bc_server_restore_reply() does. May be NULL. Must not call the server. */
    void (*on_reply)(void *context, const struct bc_address *to, uint16_t message_id,
                     bc_view reply);
    void *context;
};

/* Grace 247 s (EXCHANGE_LIFETIME), 1,200,000 devices, 16 observations and 16 requests a device,
 * 262,144 remembered messages, 4,096 transfers, no block size, all events, nobody may register. */
struct bc_server_config bc_server_config_default(void);

/* NULL when memory is short, a limit is 0 or the block size is none. */
struct bc_server *bc_server_create(const struct bc_server_config *config);
void bc_server_destroy(struct bc_server *server); /* tells no events; NULL is fine */

void bc_server_on_datagram(struct bc_server *server, uint64_t now_ms, const struct bc_address *from,
                           bc_view in);
void bc_server_on_time(struct bc_server *server, uint64_t now_ms);

struct bc_server_incoming {
    struct bc_address from;
    bc_view bytes;
};

/* A hint that these, at most BC_SERVER_BATCH, will be fed next: memory that they need is fetched
 * together. Changes nothing else. */
void bc_server_expect(const struct bc_server *server, const struct bc_server_incoming *in,
                      size_t count);

/* When bc_server_on_time() has something to do at the latest. After bc_server_take_datagrams() has
 * returned 0 this is later than the last `now_ms`. */
uint64_t bc_server_deadline(const struct bc_server *server);

struct bc_server_datagram {
    struct bc_address to;
    bc_view bytes;
};

/* Up to `max` datagrams to send, oldest first; 0 when there are none left. The bytes live until
 * the next call on the server. */
size_t bc_server_take_datagrams(struct bc_server *server, struct bc_server_datagram *out,
                                size_t max);

/* Takes back what was answered since bc_server_take_datagrams() was last called: to be called
 * instead of it, when what the events told could not be stored. The datagrams are gone, and nothing
 * is remembered of the messages that they answer, so that those are worked on anew when they are
 * repeated. A notification counts as not seen: its repetition is neither a duplicate nor stale, its
 * fetching in blocks begins anew, and an observation that it ended stands again. What else a
 * message has changed stays: a registration is repeated into a second one, the end of a
 * registration is answered 4.04, a body that came in blocks begins anew (4.08), an answer to a
 * request of ours has ended it. So the state of the devices named by the events is ahead of what is
 * stored, until it is read with bc_server_find() and bc_server_next_observation() and stored.
 * Requests of ours leave with their retransmission. Tells no events. */
void bc_server_discard(struct bc_server *server);

/* A request to a device: one is on its way at a time, the others wait in order of arrival; only
 * this device waits for this device. Exactly one event with the tag follows, never before this
 * call has returned. A value in blocks counts as one request to its end; when the device falls
 * silent before, that is told, and an observation that it agreed to stands all the same. */
struct bc_server_request {
    enum bc_server_operation operation;
    struct bc_server_path path;
    int32_t accept;  /* BC_COAP_FORMAT_ABSENT for none */
    int32_t format;  /* of the payload; BC_COAP_FORMAT_ABSENT for none */
    bc_view payload; /* copied */
    uint64_t tag;
};

/* BC_ERR_ABSENT: no such endpoint is registered; BC_ERR_FULL: too many requests or observations
 * of this device, or memory is short; BC_ERR_RANGE: the payload is too long; BC_ERR_STATE: a
 * cancel of what is not observed. */
enum bc_err bc_server_request(struct bc_server *server, uint64_t now_ms, bc_view endpoint,
                              const struct bc_server_request *request);

/* Ends a registration, as if the device had: DEREGISTERED with a reason, then CANCELED of what was
 * waiting. False when there is none. */
bool bc_server_drop(struct bc_server *server, uint64_t now_ms, bc_view endpoint);

bool bc_server_find(const struct bc_server *server, bc_view endpoint, struct bc_server_device *out);
size_t bc_server_device_count(const struct bc_server *server);

/* Devices in order of their first registration: `cursor` NULL gives the first, then each call the
 * next, NULL at the end. Only valid while nothing else is called. */
const void *bc_server_next(const struct bc_server *server, const void *cursor,
                           struct bc_server_device *out);

/* The observations of a device, in any order, in the same way. */
const void *bc_server_next_observation(const struct bc_server *server, bc_view endpoint,
                                       const void *cursor, struct bc_server_observation *out);

/* What was stored of another run comes back: first all devices, then the observations of each.
 * Nothing is sent and no event is told. All fields of `device` count but the numbers of
 * observations and requests; times are those of this run's clock, `now_ms` or earlier where they
 * are past, and what has expired is told as such by the next bc_server_on_time(). BC_ERR_RANGE: no
 * device could have registered like that; BC_ERR_STATE: the endpoint, the id or the token is there
 * already; BC_ERR_FULL: too many, or memory is short; BC_ERR_ABSENT: no such device. */
enum bc_err bc_server_restore_device(struct bc_server *server, uint64_t now_ms,
                                     const struct bc_server_device *device);
enum bc_err bc_server_restore_observation(struct bc_server *server, bc_view endpoint,
                                          const struct bc_server_observation *observation);
/* Of config.on_reply: the same message is answered like that until `expires_ms`. */
void bc_server_restore_reply(struct bc_server *server, const struct bc_address *to,
                             uint16_t message_id, bc_view reply, uint64_t expires_ms);
/* When all is restored: asks the device to be observed where its carrier wants it and it is not,
 * as after its registration. */
void bc_server_resume(struct bc_server *server, uint64_t now_ms, bc_view endpoint);

#endif
