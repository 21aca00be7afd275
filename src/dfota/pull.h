/*
 * Fetching a resource block by block (RFC 7959 section 2.4), one block under way at a time: what to
 * ask for, what is asked again and when, which answer counts. Sans-IO.
 *
 *      module                       server
 *        | -- CON GET 2:0/0/1024 ----> |
 *        | <- ACK 2.05 2:0/1/1024 ---- |     BC_PULL_BLOCK, ETag and Size2 noted
 *        | -- CON GET 2:1/0/1024 ----> |     as soon as the block is taken
 *        | <- ACK 2.05 2:1/1/512 ----- |     smaller: the next one is number 3 of 512
 *        | ...                         |
 *        | <- ACK 2.05 2:9/0/512 ----- |     BC_PULL_LAST
 *
 * All blocks have one token, so that late answers are known. Message IDs, waits and repetitions are
 * those of an endpoint (coap/endpoint.h), which may speak with the same peer. Where the bytes go,
 * how they travel and when it is all given up is left to the caller.
 */
#ifndef BC_DFOTA_PULL_H
#define BC_DFOTA_PULL_H

#include "coap/endpoint.h"
#include "dfota/uri.h"

#define BC_PULL_ETAG_BYTES_MAX 8 /* RFC 7252 section 5.10.6 */

enum bc_pull_state {
    BC_PULL_IDLE,
    BC_PULL_READY, /* the request is to be taken */
    BC_PULL_WAITS_ACK,
    BC_PULL_WAITS_RESPONSE, /* acknowledged; the answer comes by itself */
};

struct bc_pull {
    uint64_t deadline_ms; /* of the wait */
    uint32_t received;    /* bytes, without a gap */
    uint32_t size;        /* of all, as the server says; 0 = it has not */
    uint16_t message_id;  /* of the request, once it was taken */
    uint16_t answer_id;   /* of a message of the server's that is owed an acknowledgement */
    uint8_t state;
    uint8_t exponent; /* of the blocks */
    uint8_t transmissions;
    bool owes_answer;
    uint8_t etag_bytes;
    uint8_t etag[BC_PULL_ETAG_BYTES_MAX];
    uint8_t token[BC_TOKEN_BYTES];
};

enum bc_pull_event {
    BC_PULL_NOTHING,
    BC_PULL_BLOCK,   /* bytes that follow those before; the next block is to be taken already */
    BC_PULL_LAST,    /* the same, and nothing follows */
    BC_PULL_ANEW,    /* the resource has changed: begun from its first byte */
    BC_PULL_REFUSED, /* `code`, 0 for a reset or an answer that makes no sense */
    BC_PULL_TIMEOUT, /* the block was not answered: bc_pull_again(), or give up */
};
struct bc_pull_result {
    enum bc_pull_event event;
    uint8_t code;
    uint32_t offset;
    bc_view bytes; /* of the datagram */
};

/* Begins: the first request is to be taken. */
void bc_pull_begin(struct bc_pull *pull, struct bc_coap_endpoint *ep);
void bc_pull_end(struct bc_pull *pull);

/* True when a datagram of the peer belongs to the pull, which has taken it; else it is for whoever
 * else speaks with the peer. */
bool bc_pull_on_datagram(struct bc_pull *pull, const struct bc_coap_endpoint *ep, bc_view in,
                         struct bc_pull_result *out);

enum bc_pull_event bc_pull_on_time(struct bc_pull *pull, const struct bc_coap_endpoint *ep);

/* The same block, as a new request. */
void bc_pull_again(struct bc_pull *pull);

/* When bc_pull_on_time() has something to do. */
uint64_t bc_pull_deadline(const struct bc_pull *pull);

bool bc_pull_ready(const struct bc_pull *pull);

/* Writes the next message to `out`. False when there is none, or no room for it now. */
bool bc_pull_take(struct bc_pull *pull, struct bc_coap_endpoint *ep, const struct bc_uri *uri,
                  bc_sink *out);

#endif
