/*
 * The LwM2M 1.0 client (OMA-TS-LightweightM2M-V1_0): registration interface, device management
 * and information reporting over one coap/endpoint. What the built-in objects hold and what a
 * custom object answers is asked of the host through `struct bc_lwm2m_host`; names are resolved
 * and datagrams carried by whoever drives it.
 */
#ifndef BC_LWM2M_CLIENT_H
#define BC_LWM2M_CLIENT_H

#include "bc260y/limits.h"
#include "bc260y/module.h"
#include "coap/endpoint.h"
#include "lwm2m/attributes.h"
#include "lwm2m/json.h"
#include "lwm2m/objects.h"
#include "lwm2m/value.h"

/* How something we asked of the server ended. */
enum bc_outcome {
    BC_OUTCOME_DONE,
    BC_OUTCOME_TIMEOUT,
    BC_OUTCOME_EXPIRED, /* the registration is gone */
    BC_OUTCOME_RESET,
    BC_OUTCOME_BAD_REQUEST,
    BC_OUTCOME_FORBIDDEN,
    BC_OUTCOME_NOT_FOUND,
    BC_OUTCOME_PRECONDITION,
    BC_OUTCOME_OTHER,
};

/* Why an update is sent. */
enum bc_update_reason {
    BC_UPDATE_AUTOMATIC, /* the interval of G 2.1 is over */
    BC_UPDATE_LIFETIME,  /* the host set another lifetime */
    BC_UPDATE_BINDING,   /* the host set another binding */
    BC_UPDATE_OBJECT_ADDED,
    BC_UPDATE_OBJECT_DELETED,
    BC_UPDATE_SERVER,  /* the server asked for it or wrote /1 */
    BC_UPDATE_RECOVER, /* after deep sleep */
};

enum bc_lwm2m_event_kind {
    BC_EVENT_REGISTERED,   /* outcome */
    BC_EVENT_UPDATED,      /* outcome, reason, message_id */
    BC_EVENT_DEREGISTERED, /* outcome */
    BC_EVENT_BOOTSTRAPPED, /* outcome; when DONE, account, request: status is still REGISTERING */
    BC_EVENT_REPORT_ACKED, /* outcome, message_id */
    BC_EVENT_STATE_SENT,   /* message_id: of a notification of object 5 */
    BC_EVENT_SENT,         /* outcome, message_id: of bc_lwm2m_send() */
    BC_EVENT_RESET,        /* message_id: of a notification; its observation is gone */
    BC_EVENT_LIFETIME_CHANGED,
    BC_EVENT_BINDING_CHANGED,
    BC_EVENT_REBOOT, /* 3/0/4 was executed and answered */
    /* What the host must answer: message_id and path; may be refused by returning false. */
    BC_EVENT_READ,    /* query */
    BC_EVENT_OBSERVE, /* also when it was answered by itself */
    BC_EVENT_CANCEL,
    BC_EVENT_EXECUTE,
    BC_EVENT_WRITE, /* items */
};

/* The resource 0/x/2 and <security_mode> of G 2.1. */
enum bc_security {
    BC_SECURITY_PSK = 0,
    BC_SECURITY_NONE = 3,
};

/* What a bootstrap server has given; the views live until the callback returns. */
struct bc_lwm2m_account {
    bc_view uri; /* "coaps://host:port" */
    bc_view identity;
    bc_view key; /* its bytes */
    uint32_t lifetime_s;
    uint8_t security; /* enum bc_security */
    bool queue_mode;
};

/* The resources a write carries; walk with bc_write_next(). */
struct bc_write_items {
    bc_view rest;
    struct bc_json_reader json;
    bc_sink scratch; /* for one string without its escapes */
    struct bc_path path;
    int32_t format;
    uint16_t left; /* how many are still to come */
    bool malformed;
};
struct bc_write_item {
    struct bc_path path;
    enum bc_value_type type; /* as far as the wire tells: OPAQUE, or of JSON and text/plain */
    bc_view bytes;           /* numbers as text, booleans "1" or "0"; until the next item */
};
bool bc_write_next(struct bc_write_items *items, struct bc_write_item *out);

struct bc_lwm2m_event {
    enum bc_lwm2m_event_kind kind;
    enum bc_outcome outcome;
    enum bc_update_reason reason;
    uint16_t message_id;
    struct bc_path path;
    struct bc_write_items items;
    const struct bc_coap_message *request; /* of the server, where one led to it */
    const struct bc_lwm2m_account *account;
};

/* What the client needs of the one it works for. The functions are called from within calls on the
 * client and must not call it back, but for bc_lwm2m_set_status(). */
struct bc_lwm2m_host {
    /* Tells what happened. False only for what the host must answer, when it has no room for it:
     * the client then behaves as if the request had been lost. */
    bool (*on_event)(void *context, const struct bc_lwm2m_event *event);
    /* The value of a built-in resource of objects 3, 4 and 5. `scratch` is for texts and lists. */
    bool (*value)(void *context, struct bc_path path, struct bc_value *out, bc_sink *scratch);
    /* A server's write to a built-in resource of object 3, checked against builtin.h. */
    void (*write)(void *context, struct bc_path path, const struct bc_value *value);
    /* What a server does to object 5: it writes `uri` to 5/0/1, or executes 5/0/2 (NULL). Unless
     * `acts`, only whether it could. The code of the answer, BC_COAP_CHANGED when all is well.
     * After a write it tells of the change of 5/0/3 (bc_lwm2m_changed()); after an execute the
     * client does, behind its answer. */
    uint8_t (*firmware)(void *context, const bc_view *uri, bool acts);
    /* Whether a bootstrap server's account names a server we could reach. */
    bool (*account_usable)(void *context, const struct bc_lwm2m_account *account);
    void (*trace)(void *context, const char *line);
};

/* What the host has configured; the client changes lifetime and binding when the server does. */
struct bc_lwm2m_settings {
    uint32_t lifetime_s;
    bool queue_mode; /* binding UQ, else U */
    bool auto_ack;   /* observe requests are answered without the host */
    bool updates;    /* automatic updates (lifetime_enable) */
    struct bc_objects objects;
    char endpoint[BC_ENDPOINT_BYTES_MAX + 1];
};

enum bc_request_kind {
    BC_REQUEST_FREE,
    BC_REQUEST_READ,
    BC_REQUEST_WRITE,
    BC_REQUEST_EXECUTE,
    BC_REQUEST_OBSERVE,
    BC_REQUEST_CANCEL,
};

/* A server's request that the host has to answer. */
struct bc_request {
    uint32_t since_ms; /* low bits; bc_coap_age_ms() */
    int32_t block1;    /* of a write in blocks, to be repeated in the answer; -1 = none */
    struct bc_path path;
    uint16_t message_id;
    int16_t accept;        /* a known format, or BC_COAP_FORMAT_ABSENT */
    uint16_t block_number; /* of the answer: Block2 */
    uint16_t next_index;   /* of the next part of the answer */
    struct bc_coap_token token;
    uint8_t kind;
    bc_chunk parts; /* what the host has given so far, see answer.c */
    unsigned block_exponent : 3;
    bool block_asked : 1;
    bool confirmable : 1;
    bool acknowledged : 1; /* the answer goes as a message of its own */
};

/* A body whose later blocks the server may still ask for (RFC 7959). */
struct bc_served {
    uint32_t since_ms; /* of the last request for it; low bits */
    uint32_t etag;
    struct bc_path path;
    int16_t format;
    bc_chunk chunk;
};

/* A write that arrives in blocks. */
struct bc_upload {
    uint32_t since_ms; /* of the last block; low bits */
    int32_t format;    /* its Content-Format */
    struct bc_path path;
    uint8_t code; /* of the request */
    bc_chunk chunk;
};

/* A bootstrap under way (bootstrap.c). */
struct bc_bootstrap {
    uint64_t until_ms;      /* of the whole */
    uint64_t step_until_ms; /* of the server's next step; BC_NEVER until it has accepted us */
    uint32_t lifetime_s;
    uint16_t instance;        /* of object 0: the account that is being written */
    uint16_t server_instance; /* of object 1 */
    uint16_t short_id;        /* 1/x/0; 0 when it was not written */
    bc_chunk account;         /* its resources as TLV; a later one of the same number wins */
    bool runs;
    bool over;         /* finished; nobody else has been spoken to since */
    bool server_given; /* object 1 was written */
    bool queue_mode;
};

/* A request of ours that goes out in blocks. */
struct bc_sending {
    uint32_t context;
    uint16_t first_id;   /* the message ID of the request before it was cut */
    uint16_t message_id; /* of the block under way */
    uint16_t number;
    uint8_t exponent;
    uint8_t tag;
    bc_chunk request; /* as it was sent first; 0 = none is under way */
};

#define BC_OBSERVATION_SENT 2 /* message IDs remembered, for resets to unconfirmed ones */

struct bc_observation {
    unsigned sequence : 24;      /* of the last notification */
    unsigned block_exponent : 3; /* of the notifications: what the observer takes */
    unsigned sent_count : 2;     /* of `sent` */
    bool alive : 1;
    bool pending : 1;     /* a built-in resource has changed and waits for its time */
    uint32_t reported_ms; /* of the last notification; low bits */
    struct bc_path path;
    uint16_t sent[BC_OBSERVATION_SENT]; /* the last one first */
    int16_t accept;                     /* a known format, or BC_COAP_FORMAT_ABSENT */
    struct bc_coap_token token;
    bc_chunk parts;      /* of a notification whose last part is still to come; 0 = none */
    uint16_t next_index; /* of the part to come */
};

/* What brings an observation back after a reboot. All zero: none. */
struct bc_saved_observation {
    uint32_t sequence;
    int16_t accept;
    uint8_t depth; /* of the path: 0 = none */
    uint8_t block_exponent;
    struct bc_coap_token token;
};

struct bc_lwm2m_client {
    uint8_t status; /* enum bc_status */
    bool storing;
    uint8_t location_bytes;
    const struct bc_lwm2m_host *host;
    void *host_context;
    struct bc_lwm2m_settings *settings; /* borrowed */
    uint32_t pmin_s, pmax_s, disable_timeout_s;
    uint32_t accepted_lifetime_s;
    uint64_t registered_ms; /* the last time the server accepted us */
    uint64_t update_ms;     /* when the next automatic update is due, or BC_NEVER */
    uint64_t report_ms;     /* no report before: there was no room for one */
    struct bc_bootstrap bootstrap;
    struct bc_served served;
    struct bc_upload upload;
    struct bc_sending sending;
    struct bc_address server;
    struct bc_coap_endpoint coap;
    uint8_t location[BC_LOCATION_BYTES_MAX + 1]; /* its segments, each behind its length */
    struct bc_request request[BC_REQUESTS_MAX];
    struct bc_observation observation[BC_OBSERVATIONS_MAX];
    struct bc_attributes attributes;
};

/* `settings`, `random` and `workspace` (BC_ARENA_BYTES) stay the caller's. */
void bc_lwm2m_init(struct bc_lwm2m_client *c, const struct bc_lwm2m_host *host, void *context,
                   struct bc_lwm2m_settings *settings, struct bc_random *random,
                   uint8_t *workspace);

/* Back to the state after power-up, but for the settings. */
void bc_lwm2m_reset(struct bc_lwm2m_client *c, enum bc_status status);

/* Changes the status; asserts that the step is legal and traces it. */
void bc_lwm2m_set_status(struct bc_lwm2m_client *c, enum bc_status next);

/* --- Registration interface ------------------------------------------------------------------ */

/* Sends the registration; the status must be REGISTERING. Ends in BC_EVENT_REGISTERED. */
enum bc_err bc_lwm2m_register(struct bc_lwm2m_client *c, const struct bc_address *server);

/* Asks a bootstrap server for a server account; the status must be REGISTERING. Ends in
 * BC_EVENT_BOOTSTRAPPED. */
enum bc_err bc_lwm2m_bootstrap(struct bc_lwm2m_client *c, const struct bc_address *server);

/* Sends an update that carries what `value` says: the new lifetime (BC_UPDATE_LIFETIME), the new
 * binding, 1 = UQ (BC_UPDATE_BINDING), BC_UPDATE_CARRIES_ bits (BC_UPDATE_SERVER), or 0. Lifetime
 * and binding become the settings when the server accepts them. Ends in BC_EVENT_UPDATED.
 * BC_ERR_STATE unless REGISTERED or RECOVERING. Of those that the server has asked for one is under
 * way: the next takes its place and carries what it did. */
#define BC_UPDATE_CARRIES_LIFETIME 1U
#define BC_UPDATE_CARRIES_BINDING 2U
enum bc_err bc_lwm2m_update(struct bc_lwm2m_client *c, enum bc_update_reason reason,
                            uint32_t value);

/* Ends in BC_EVENT_DEREGISTERED. */
enum bc_err bc_lwm2m_deregister(struct bc_lwm2m_client *c);

/* Where the server has registered us, segments joined by '/'; nothing when it has not. */
void bc_lwm2m_put_location(bc_sink *out, const struct bc_lwm2m_client *c);

/* True when the lifetime the server accepted has passed since it last heard of us. */
bool bc_lwm2m_expired(const struct bc_lwm2m_client *c, uint64_t now_ms);

/* The interval of automatic updates (G 2.1), integer arithmetic: 300 -> 250, 86400 -> 82045. */
uint32_t bc_lwm2m_update_interval_s(uint32_t lifetime_s);

/* How a response code ends a request of ours: the one place that reads them. */
enum bc_outcome bc_lwm2m_outcome(uint8_t code);

/* --- Answers of the host --------------------------------------------------------------------- */

struct bc_answer {
    uint16_t message_id;
    uint8_t code;        /* of the CoAP response */
    struct bc_path path; /* with a value only */
    struct bc_value value;
    uint16_t index; /* N-1 .. 0; the last one sends */
};

/* Answers a READ; or an OBSERVE or CANCEL; or a WRITE; or an EXECUTE. BC_ERR_ABSENT for a message
 * ID that waits for no such answer, BC_ERR_RANGE for a path outside the request or an index out of
 * turn, BC_ERR_FULL when it does not fit. After an error the request waits as before. */
enum bc_err bc_lwm2m_answer(struct bc_lwm2m_client *c, enum bc_request_kind kind,
                            const struct bc_answer *answer);

/* Sends a resource to whoever observes it. `*message_id` is set when a message went (index 0),
 * `*sent` tells whether one did. BC_ERR_ABSENT when nobody observes it. */
struct bc_notification {
    struct bc_path path;
    struct bc_value value;
    uint16_t index;
    bool confirmable;
};
enum bc_err bc_lwm2m_notify(struct bc_lwm2m_client *c, const struct bc_notification *notification,
                            bool *sent, uint16_t *message_id);

/* Posts bytes to /dp?ep=<endpoint>, content format 11543, as they are (G 2.13). Confirmable, it
 * ends in BC_EVENT_SENT. BC_ERR_STATE unless REGISTERED. */
enum bc_err bc_lwm2m_send(struct bc_lwm2m_client *c, bc_view bytes, bool confirmable,
                          uint16_t *message_id);

/* A built-in resource has another value: tells who observes it, now or when its attributes let. */
void bc_lwm2m_changed(struct bc_lwm2m_client *c, struct bc_path path);

/* Who hears of a resource, itself or above it, over a reboot: to be kept, and to be brought back
 * when the module is registered again. */
struct bc_saved_observation bc_lwm2m_save_observation(struct bc_lwm2m_client *c,
                                                      struct bc_path path);
void bc_lwm2m_restore_observation(struct bc_lwm2m_client *c, struct bc_path path,
                                  const struct bc_saved_observation *saved);

/* True while a notification of object 5 is under way. */
bool bc_lwm2m_state_pending(const struct bc_lwm2m_client *c);

/* --- Driving --------------------------------------------------------------------------------- */

void bc_lwm2m_on_datagram(struct bc_lwm2m_client *c, uint64_t now_ms, const struct bc_address *from,
                          bc_view in);
/* Tells the time before the host's answers and notifications, and forgets what is too old; does
 * nothing else. */
void bc_lwm2m_set_now(struct bc_lwm2m_client *c, uint64_t now_ms);
void bc_lwm2m_on_time(struct bc_lwm2m_client *c, uint64_t now_ms);
uint64_t bc_lwm2m_deadline(const struct bc_lwm2m_client *c);

/* True when nothing lives in the workspace. */
bool bc_lwm2m_idle(const struct bc_lwm2m_client *c);

/* True when nothing is under way in either direction: the moment to sleep. */
bool bc_lwm2m_quiet(const struct bc_lwm2m_client *c);

/* How many of the messages under way end in an event that the host waits for; registration,
 * recovery and automatic updates are not counted. */
unsigned bc_lwm2m_results_due(const struct bc_lwm2m_client *c);

/* Drops observations below an object that is no more. */
void bc_lwm2m_forget_object(struct bc_lwm2m_client *c, uint16_t object);

#endif
