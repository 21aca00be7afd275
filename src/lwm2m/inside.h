/*
 * What the files of lwm2m/ share and nobody else includes.
 */
#ifndef BC_LWM2M_INSIDE_H
#define BC_LWM2M_INSIDE_H

#include "lwm2m/builtin.h"
#include "lwm2m/client.h"

/* Whose exchange it is. Updates are TAG_UPDATE + reason. */
enum tag {
    TAG_REGISTER = 1,
    TAG_DEREGISTER,
    TAG_DISABLE,      /* a deregistration the server asked for */
    TAG_NOTIFY,       /* the host's, confirmable */
    TAG_NOTIFY_OWN,   /* of a built-in resource */
    TAG_NOTIFY_STATE, /* of object 5 */
    TAG_SEND,         /* data to /dp */
    TAG_ANSWER,       /* a separate response */
    TAG_BOOTSTRAP,
    TAG_UPDATE = 16,
};

/* register.c: how a request of ours ended; registration, update and deregistration act on it. */
void bc_lwm2m_on_registration_event(struct bc_lwm2m_client *c, const struct bc_coap_event *event);
enum bc_outcome bc_lwm2m_outcome_of(const struct bc_coap_event *event);
void bc_lwm2m_put_query(struct bc_coap_writer *w, const char *name, const char *value);
/* True for the two bindings there are here, "U" and "UQ". */
bool bc_lwm2m_is_binding(bc_view text);
/* A deregistration that the server asked for (1/0/4). */
enum bc_err bc_lwm2m_disable(struct bc_lwm2m_client *c);
uint64_t bc_lwm2m_update_due(const struct bc_lwm2m_client *c);

/* Forgets the session before it, but for the server's messages: they may still be repeated. */
void bc_lwm2m_begin_session(struct bc_lwm2m_client *c, const struct bc_address *server);

/* bootstrap.c */
void bc_lwm2m_on_bootstrap_event(struct bc_lwm2m_client *c, const struct bc_coap_event *event);
void bc_lwm2m_on_bootstrap_request(struct bc_lwm2m_client *c, struct bc_coap_message *request);
void bc_lwm2m_bootstrap_on_time(struct bc_lwm2m_client *c);
uint64_t bc_lwm2m_bootstrap_deadline(const struct bc_lwm2m_client *c);
void bc_lwm2m_drop_bootstrap(struct bc_lwm2m_client *c);
/* 0/x/10 of the account that has been written; 0 when it has none. */
uint16_t bc_lwm2m_account_short_id(const struct bc_lwm2m_client *c);

/* dispatch.c: a request of the server. */
void bc_lwm2m_on_request(struct bc_lwm2m_client *c, struct bc_coap_message *request);
void bc_lwm2m_reply_code(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                         uint8_t code);

void bc_lwm2m_reply_discover(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                             struct bc_path path);

/* write.c: the Content-Format of a write, or BC_COAP_FORMAT_ABSENT. */
int32_t bc_write_format(const struct bc_coap_message *request);
/* Begins to walk over what a write carries; false when it is not even begun well. `scratch` takes
 * one text without its escapes at a time and must stay free meanwhile. */
bool bc_write_open(const struct bc_coap_message *request, struct bc_path path, bc_sink scratch,
                   struct bc_write_items *out);
/* After the last item: nothing malformed was met and nothing is left over. */
bool bc_write_whole(const struct bc_write_items *items);

/* The Accept option of a request, or BC_COAP_FORMAT_ABSENT. */
int32_t bc_lwm2m_accept_of(const struct bc_coap_message *request);

/* The Observe option of a request: 0, 1, or -1 when absent or meaningless. */
int bc_lwm2m_observe_of(const struct bc_coap_message *request);

/* content.c: messages with content, whole or in blocks. */
struct bc_lwm2m_block {
    uint32_t number;
    uint8_t exponent; /* the largest the peer takes */
    bool asked;       /* the request had a Block2 option */
};
struct bc_lwm2m_frame {
    enum bc_coap_type type; /* of the request for a reply, else of the message */
    uint8_t tag;            /* 0 = a reply */
    uint16_t message_id;    /* of the request; afterwards of what was sent */
    struct bc_coap_token token;
    struct bc_path path; /* that was asked for */
    int32_t format;
    int32_t observe; /* sequence number, or -1 */
    struct bc_lwm2m_block block;
};
/* False when the option is malformed. Without one: block 0 of the largest size. */
bool bc_lwm2m_block_of(const struct bc_coap_message *request, struct bc_lwm2m_block *out);
/* The frame of the reply to a request; format and observe are still to be set. */
bool bc_lwm2m_frame_of(const struct bc_coap_message *request, struct bc_path path,
                       struct bc_lwm2m_frame *out);
/* What a reply that could not be sent leads to: 4.00 for a block out of range, else silence. */
void bc_lwm2m_finish_reply(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                           enum bc_err err);
/* Where the body goes; hand it over with the frame before anything else is written. */
bc_sink bc_lwm2m_body_begin(struct bc_lwm2m_client *c);
/* One resource as the body of an answer to `asked`, which is itself or what it lies below; false
 * when `accept` rules it out. */
bool bc_lwm2m_put_value(bc_sink *body, struct bc_path asked, int32_t accept, struct bc_path path,
                        const struct bc_value *value, int32_t *format);
/* BC_ERR_ABSENT for a block beyond the end. */
enum bc_err bc_lwm2m_send_body(struct bc_lwm2m_client *c, struct bc_lwm2m_frame *frame,
                               const bc_sink *body);
/* Answers a request for a later block of the body that is kept, and blocks of an upload but the
 * last; `act` is for all others, with the whole body as payload. */
void bc_lwm2m_assemble(struct bc_lwm2m_client *c, struct bc_coap_message *request,
                       struct bc_path path,
                       void (*act)(struct bc_lwm2m_client *c, const struct bc_coap_message *whole,
                                   struct bc_path path));
void bc_lwm2m_drop_bodies(struct bc_lwm2m_client *c);
void bc_lwm2m_expire_bodies(struct bc_lwm2m_client *c, bool all); /* or those that are too old */
uint64_t bc_lwm2m_bodies_deadline(const struct bc_lwm2m_client *c);

/* sending.c: looks at the end of a request of ours. True when it was none, because the answer asks
 * for a block that is now on its way. Else it is the end, with the message ID the request began by.
 */
bool bc_lwm2m_next_block(struct bc_lwm2m_client *c, struct bc_coap_event *event);
void bc_lwm2m_drop_sending(struct bc_lwm2m_client *c);

/* builtin_ops.c: a request below a built-in object. */
void bc_lwm2m_on_builtin_request(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                                 struct bc_path path);
/* The value of a readable resource; false when it has none now. */
bool bc_lwm2m_builtin_value(struct bc_lwm2m_client *c, struct bc_path path, struct bc_value *out,
                            bc_sink *scratch);
/* What a resource is and the number it holds, without its bytes; false when it cannot be read. */
bool bc_lwm2m_builtin_row(struct bc_lwm2m_client *c, const struct bc_resource_row *row,
                          struct bc_value *out);
/* What `path` holds now, as content of `asked`, which is itself or what it lies below. Returns
 * BC_COAP_CONTENT, or the code that refuses it. */
uint8_t bc_lwm2m_builtin_body(struct bc_lwm2m_client *c, struct bc_path asked, struct bc_path path,
                              int32_t accept, int32_t *format, bc_sink *body);

/* report.c: notifications of built-in objects, and the attributes that time them. */
void bc_lwm2m_on_attributes(struct bc_lwm2m_client *c, const struct bc_coap_message *request,
                            struct bc_path path);
/* The observer of a built-in path has just been told what it holds. */
void bc_lwm2m_reported(struct bc_lwm2m_client *c, struct bc_observation *observation);
void bc_lwm2m_reports_on_time(struct bc_lwm2m_client *c);
uint64_t bc_lwm2m_reports_deadline(const struct bc_lwm2m_client *c);
/* Before anything else when time has gone on by `passed_ms`. */
void bc_lwm2m_age_reports(struct bc_lwm2m_client *c, uint64_t passed_ms);

/* links.c: link-format (RFC 6690). */
void bc_lwm2m_put_registration_links(bc_sink *out, const struct bc_objects *objects);
/* What the server discovers, a bootstrap server while that runs. */
void bc_lwm2m_put_discover_links(bc_sink *out, struct bc_lwm2m_client *c, struct bc_path path);

/* observe.c */
void bc_lwm2m_forget_observations(struct bc_lwm2m_client *c); /* and their attributes */
struct bc_observation *bc_lwm2m_observe(struct bc_lwm2m_client *c,
                                        const struct bc_coap_token *token, struct bc_path path,
                                        int32_t accept);
/* The Observe value of the next message to who observes that path. */
uint32_t bc_lwm2m_next_sequence(struct bc_lwm2m_client *c, struct bc_path path);
bool bc_lwm2m_observe_room(const struct bc_lwm2m_client *c, struct bc_path path);
/* With the parts of a notification whose last one has not come. */
void bc_lwm2m_end_observation(struct bc_lwm2m_client *c, struct bc_observation *observation);
/* Ends the observation of that path; when there is none, those of all that lies below it
 * (OMA-ETS int-303 cancels two resources by their instance). */
void bc_lwm2m_unobserve(struct bc_lwm2m_client *c, struct bc_path path);
/* Who observes a resource: its own observation, else its instance's, else its object's. */
struct bc_observation *bc_lwm2m_observation_of(struct bc_lwm2m_client *c, struct bc_path resource);
struct bc_observation *bc_lwm2m_observation_sent(struct bc_lwm2m_client *c, uint16_t message_id);
/* The frame of the next notification; the format is still to be set. */
struct bc_lwm2m_frame bc_lwm2m_notification_of(const struct bc_observation *observation,
                                               enum bc_coap_type type, enum tag tag);
/* That frame has been sent. */
void bc_lwm2m_remember_sent(struct bc_observation *observation, const struct bc_lwm2m_frame *frame);

/* The format of an answer to `accept` (BC_COAP_FORMAT_ABSENT = our choice): -1 when none fits. A
 * single resource takes text, opaque, TLV or JSON, anything above it TLV or JSON. */
int32_t bc_lwm2m_pick_format(struct bc_path path, enum bc_value_type type, int32_t accept);

/* answer.c */
void bc_lwm2m_drop_requests(struct bc_lwm2m_client *c);
void bc_lwm2m_expire_requests(struct bc_lwm2m_client *c, bool all); /* or those that are too old */
void bc_lwm2m_requests_on_time(struct bc_lwm2m_client *c);
/* True when the host has that request already: it came again after so many others that its reply
 * was forgotten. An acknowledgement that it had goes out again. */
bool bc_lwm2m_is_waiting(struct bc_lwm2m_client *c, uint16_t message_id);
uint64_t bc_lwm2m_requests_deadline(const struct bc_lwm2m_client *c);

bool bc_lwm2m_emit(struct bc_lwm2m_client *c, const struct bc_lwm2m_event *event);
/* What the host needs no more than this to know of; a message ID of 0 where there is none. */
void bc_lwm2m_tell(struct bc_lwm2m_client *c, enum bc_lwm2m_event_kind kind,
                   enum bc_outcome outcome, uint16_t message_id);

#endif
