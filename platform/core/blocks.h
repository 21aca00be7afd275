/*
 * Bodies longer than one message, on requests of ours (RFC 7959): answers and notifications are
 * fetched to their end with Block2, long payloads are sent with Block1. The transfer belongs to an
 * exchange, which carries one block after the other under a new token and is told once, at the end:
 *
 *     answer --needed()? no--> told as it is
 *               \--yes: on_answer()--false--> the next block is on its way
 *                                 \--true---> told with what it says
 *
 * A transfer that goes wrong (another ETag, number or size than expected; 4.08) starts over once.
 * What cannot be read to its end is told with `more` and its first block.
 */
#ifndef BC_PLATFORM_BLOCKS_H
#define BC_PLATFORM_BLOCKS_H

#include "coap/message.h"
#include "server.h"

struct exchange;
struct observation;

/* What an answer says, as events tell it. */
struct content {
    uint8_t code;
    bool more;
    int32_t format;
    bc_view payload;
};

/* How a notification came. */
struct notification {
    uint32_t observe;
    bool confirmable;
    bool stale;
    bool over;
};

/* What one message of an exchange carries besides its path and formats. */
#define PIECE_NO_BLOCK (-1)
struct piece {
    bool observe; /* what the operation says, 0 or 1 */
    int32_t block2;
    int32_t block1;
    bc_view payload;
};

#define ETAG_BYTES_MAX 8 /* RFC 7252 5.10.6 */
struct blocks {
    uint8_t *body; /* to send: all of it; to fetch: what has come */
    uint32_t bytes;
    uint32_t cap;
    uint32_t at;          /* where the block begins that is asked for or sent */
    uint32_t first_bytes; /* of the first block that came */
    int32_t format;
    uint8_t size_exponent; /* 7 = as much as a datagram holds, before any block was spoken of */
    uint8_t etag_bytes;
    uint8_t etag[ETAG_BYTES_MAX];
    bool upload;
    bool restarted;
    bool notified; /* the first block came as a notification, and this is how */
    struct notification notification;
};

struct content bc_server_content_of(const struct bc_coap_message *m);

/* False for a size that no block can have; 0 is fine and means: none wanted. */
bool bc_server_block_size_valid(uint16_t bytes);

/* What the first message of a request carries. */
struct piece bc_server_blocks_first(const struct bc_server *s,
                                    const struct bc_server_request *request);
/* What the next one of a transfer carries. */
struct piece bc_server_blocks_next(const struct blocks *b);

/* The transfer that sends this payload, which is copied; NULL when memory is short. */
struct blocks *bc_server_blocks_upload(bc_view payload, int32_t first_block1);
/* NULL is fine. */
void bc_server_blocks_free(struct bc_server *s, struct blocks *b);

/* Whether an answer is more than what one message can say. */
bool bc_server_blocks_needed(const struct exchange *exchange, const struct bc_coap_message *m);
/* True: `out` is how the request ended. The views live as long as the exchange and the message. */
bool bc_server_blocks_on_answer(struct bc_server *s, struct exchange *exchange,
                                const struct bc_coap_message *m, struct content *out);
/* The first block of a fetched body, with `more`. */
struct content bc_server_blocks_first_content(const struct blocks *b);

/* Fetches the rest of a notification; false when it has none or there is no room for it: then it
 * is told as it is. */
bool bc_server_blocks_on_notify(struct bc_server *s, const struct observation *observation,
                                const struct bc_coap_message *m,
                                const struct notification *notification);
/* A newer notification is here: what is still being fetched of older ones is told as far as its
 * first block. */
void bc_server_blocks_supersede(struct bc_server *s, const struct observation *observation);
/* What is being fetched of notifications is given up, and told to nobody. */
void bc_server_blocks_abandon(struct bc_server *s, const struct observation *observation);

#endif
