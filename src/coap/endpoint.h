/*
 * One CoAP conversation with one peer (RFC 7252 section 4 and 5.2): what is sent again and when,
 * which reply belongs to which message, and what is answered without asking anybody: duplicates,
 * pings, malformed messages, unknown responses, unknown critical options.
 *
 *      us                      peer
 *      | ----- CON [m, t] ----> |      exchange WAITS_ACK, sent again after ack_timeout * 2^(n-1)
 *      | <---- ACK [m] -------- |      done, or (a request) WAITS_RESPONSE
 *      | <---- CON [m', t] ---- |      the separate response
 *      | ----- ACK [m'] ------> |
 *
 * What requests mean, and who the peer is, is left to lwm2m/.
 */
#ifndef BC_COAP_ENDPOINT_H
#define BC_COAP_ENDPOINT_H

#include "base/random.h"
#include "bc260y/limits.h"
#include "coap/arena.h"
#include "coap/message.h"

#define BC_COAP_EXCHANGE_LIFETIME_MS 247000 /* RFC 7252 section 4.8.2 */

enum bc_coap_exchange_state {
    BC_COAP_FREE,
    BC_COAP_SENDS_ONCE,     /* gone as soon as it is taken */
    BC_COAP_WAITS_ACK,      /* sent again until acknowledged */
    BC_COAP_WAITS_RESPONSE, /* acknowledged; the answer comes by itself */
};

/* A message of ours on its way. */
struct bc_coap_exchange {
    uint64_t deadline_ms;          /* of the present wait; BC_NEVER until it has been taken */
    uint32_t context;              /* the starter's */
    uint8_t token[BC_TOKEN_BYTES]; /* of a request */
    uint16_t message_id;
    uint16_t order; /* messages are taken in the order in which they became ready */
    uint8_t tag;    /* the starter's */
    uint8_t transmissions;
    bc_chunk chunk;
    unsigned state : 4;
    bool is_request : 1; /* an empty ACK is not the end */
    bool ready : 1;      /* to be taken */
};

enum bc_coap_reply_state {
    BC_COAP_REPLY_FREE,
    BC_COAP_REPLY_OPEN,  /* the request is known, its reply is not */
    BC_COAP_REPLY_SMALL, /* in `bytes` */
    BC_COAP_REPLY_LARGE, /* in `chunk` */
    BC_COAP_REPLY_GONE,  /* answered; the bytes had to make room: a duplicate gets silence */
};

/* A message of the peer's and what we answered it: kept for EXCHANGE_LIFETIME so that a duplicate
 * gets the same bytes and is not acted upon again. */
struct bc_coap_reply {
    uint32_t since_ms;
    uint16_t message_id;
    unsigned state : 3;
    unsigned len : 5; /* of `bytes` */
    bool ready;       /* to be taken */
    union {
        uint8_t bytes[BC_REPLY_BYTES];
        bc_chunk chunk;
    };
};

/* What is short stands first, here and in the structs around it: near the beginning an MCU reaches
 * it with short instructions. */
struct bc_coap_endpoint {
    uint64_t now_ms;
    uint8_t ack_timeout_s;  /* G 2.2 "retransmit" */
    uint8_t retransmit_max; /* repetitions after the first transmission */
    bc_chunk taken;         /* handed out, to be freed at the next call */
    bool pinned;            /* nothing in the workspace may move: set by who reads it in place */
    uint8_t next_reply;
    uint16_t next_message_id;
    uint16_t next_order;
    struct bc_random *random; /* borrowed */
    struct bc_arena arena;
    struct bc_coap_exchange exchange[BC_EXCHANGES_MAX];
    struct bc_coap_reply reply[BC_REPLIES_MAX];
};

/* `random` and `workspace` (BC_ARENA_BYTES) stay the caller's and must outlive the endpoint. */
void bc_coap_endpoint_init(struct bc_coap_endpoint *ep, struct bc_random *random,
                           uint8_t *workspace);

/* Forgets every exchange and reply (a new peer, a reboot). Message IDs go on. */
void bc_coap_endpoint_clear(struct bc_coap_endpoint *ep);

/* Forgets every exchange: a new session with the same peer, whose messages may still be repeated by
 * it or by the network. */
void bc_coap_drop_exchanges(struct bc_coap_endpoint *ep);

enum bc_coap_event_kind {
    BC_COAP_REQUEST,  /* new; answer it with bc_coap_submit_reply(), now or later */
    BC_COAP_RESPONSE, /* to the exchange `tag`; `message` is the response */
    BC_COAP_ACKED,    /* the peer has our message `message_id` */
    BC_COAP_RESET,    /* the peer refused it; tag 0 when it was sent without waiting */
    BC_COAP_TIMEOUT,  /* given up */
};

/* `message` and its views live as long as the datagram that caused the event. */
struct bc_coap_event {
    enum bc_coap_event_kind kind;
    uint8_t tag;
    uint32_t context;
    uint16_t message_id; /* ours, but for BC_COAP_REQUEST */
    struct bc_coap_message message;
};

/* Time goes on: forgets what is older than EXCHANGE_LIFETIME; does nothing else. The functions
 * below that take a time do this first. */
void bc_coap_set_now(struct bc_coap_endpoint *ep, uint64_t now_ms);

/* What lives no longer than EXCHANGE_LIFETIME keeps the low 32 bits of the time it began at: how
 * long ago that was, and when it will have been `ms` ago. */
static inline uint32_t bc_coap_age_ms(const struct bc_coap_endpoint *ep, uint32_t since_ms)
{
    return (uint32_t)ep->now_ms - since_ms;
}

uint64_t bc_coap_after(const struct bc_coap_endpoint *ep, uint32_t since_ms, uint32_t ms);

/* How long the wait after the n-th transmission is: ACK_timeout * 2^(n-1). */
uint64_t bc_coap_wait_ms(const struct bc_coap_endpoint *ep, unsigned transmissions);

/* How long an acknowledged request waits for its answer: as long as an unacknowledged one would
 * have, that is ACK_timeout * (2^(max+1) - 1). */
uint64_t bc_coap_patience_ms(const struct bc_coap_endpoint *ep);

/* Takes one datagram from the peer. True when `out` says something to act upon. */
bool bc_coap_on_datagram(struct bc_coap_endpoint *ep, uint64_t now_ms, bc_view in,
                         struct bc_coap_event *out);

/* Repeats what is due and forgets what is old. True when `out` tells of a message given up; call
 * again until false. */
bool bc_coap_on_time(struct bc_coap_endpoint *ep, uint64_t now_ms, struct bc_coap_event *out);

uint64_t bc_coap_deadline(const struct bc_coap_endpoint *ep);

/* The next datagram to send. The view lives until the next call. */
bool bc_coap_take(struct bc_coap_endpoint *ep, uint64_t now_ms, bc_view *out);

/* True when bc_coap_take() has something to hand out. */
bool bc_coap_ready(const struct bc_coap_endpoint *ep);

/* True when nothing lives in the workspace and nothing waits to be sent. */
bool bc_coap_idle(const struct bc_coap_endpoint *ep);

/* Another workspace of the same size; only while idle. */
void bc_coap_lend(struct bc_coap_endpoint *ep, uint8_t *workspace);

/* The free end of the workspace, after old replies have made room: a body can be written behind
 * its first bytes, where a draft's header will stand. No draft that follows moves it. */
bc_sink bc_coap_room(struct bc_coap_endpoint *ep);

/* A message being written in the free end of the workspace. Fill in options and payload through
 * `w`, then submit or simply forget it. One at a time; it must not be moved in memory. */
struct bc_coap_draft {
    bc_sink sink;
    struct bc_coap_writer w;
    struct bc_coap_token token;
    uint16_t message_id;
    enum bc_coap_type type;
};

/* A new message with the next message ID. `token` NULL draws a new one: requests have one of ours.
 */
void bc_coap_draft_new(struct bc_coap_endpoint *ep, struct bc_coap_draft *draft,
                       enum bc_coap_type type, uint8_t code, const struct bc_coap_token *token);

/* Sends it. CON is repeated until it ends in an event with this tag (not 0) and context; NON ends
 * at once. BC_ERR_FULL when a limit is reached; nothing is sent then. */
enum bc_err bc_coap_submit(struct bc_coap_endpoint *ep, struct bc_coap_draft *draft, uint8_t tag,
                           uint32_t context, bool is_request);

/* The reply to a request that came as CON (an acknowledgement with content) or NON. */
void bc_coap_draft_reply(struct bc_coap_endpoint *ep, struct bc_coap_draft *draft,
                         enum bc_coap_type request_type, uint16_t request_id,
                         const struct bc_coap_token *token, uint8_t code);
enum bc_err bc_coap_submit_reply(struct bc_coap_endpoint *ep, struct bc_coap_draft *draft,
                                 uint16_t request_id);

/* A bare acknowledgement: the answer follows as a message of its own. */
void bc_coap_acknowledge(struct bc_coap_endpoint *ep, uint16_t request_id);

/* As if the request had never come: the peer will repeat it. */
void bc_coap_forget(struct bc_coap_endpoint *ep, uint16_t request_id);

/* The request that the BC_COAP_RESPONSE just told of answers, as it was sent: the caller's from now
 * on, to be freed from the arena. To be called before anything else; 0 when there is none. */
bc_chunk bc_coap_take_request(struct bc_coap_endpoint *ep);

/* Gives up the exchanges with that tag without an event. Returns the bits of their contexts. */
uint32_t bc_coap_cancel(struct bc_coap_endpoint *ep, uint8_t tag);

/* True while an exchange with that tag is under way. */
bool bc_coap_pending(const struct bc_coap_endpoint *ep, uint8_t tag);

#endif
