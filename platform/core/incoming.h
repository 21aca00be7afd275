/*
 * What a datagram of a device is, for everybody here who serves devices: sorted by kind (RFC 7252
 * 4.2, 4.3), a request's options taken apart and checked (5.4), a response's token read. What it
 * means is left to others.
 */
#ifndef BC_PLATFORM_INCOMING_H
#define BC_PLATFORM_INCOMING_H

#include "coap/block.h"
#include "coap/message.h"

/* RFC 7252 4.8, without the random factor. */
#define ACK_TIMEOUT_MS 2000
#define MAX_RETRANSMIT 4
#define EXCHANGE_LIFETIME_MS 247000

enum incoming_kind {
    INCOMING_NOTHING, /* to be ignored */
    INCOMING_REFUSED, /* to be answered with a reset: malformed, or a ping (RFC 7252 4.3) */
    INCOMING_EMPTY,   /* an acknowledgement or a reset */
    INCOMING_REQUEST,
    INCOMING_RESPONSE,
};

enum incoming_kind bc_server_sort(bc_view datagram, struct bc_coap_message *out);

/* A request's options, sorted out once. */
#define REQUEST_SEGMENTS_MAX 3
#define REQUEST_QUERIES_MAX 12
struct request {
    const struct bc_coap_message *message;
    const struct bc_address *from;
    bc_view payload; /* of all blocks */
    bc_view segments[REQUEST_SEGMENTS_MAX];
    bc_view queries[REQUEST_QUERIES_MAX];
    size_t segment_count; /* may exceed the array: then no resource of ours is meant */
    size_t query_count;   /* the same */
    int64_t format;
    int64_t accept;
    struct bc_coap_block block1;
    struct bc_coap_block block2; /* the first one when none was asked for */
    bool has_block1;
    bool has_block2;
};

/* GET /fw/<name>: see package.c. */
bool bc_server_request_for_package(const struct request *r);

/* Views point into the message. 0, or the code of the refusal: then only message and from are
 * good. */
uint8_t bc_server_request_read(const struct bc_coap_message *m, const struct bc_address *from,
                               struct request *out);

/* "lt=300" is the value of "lt=". */
bool bc_server_query_value(bc_view query, bc_view name, bc_view *out);

/* False when it is none of ours: those are four bytes. */
bool bc_server_token_read(const struct bc_coap_token *token, uint32_t *out);
struct bc_coap_token bc_server_token_wire(uint32_t token);

/* RFC 7252 5.4.1: a response with a critical option that we do not know is rejected. */
bool bc_server_response_understood(const struct bc_coap_message *m);

#endif
