/*
 * Datagrams that wait to be taken: written in place, one behind the other, handed out in order.
 * When it is full the newest is lost, as UDP may lose it too.
 */
#ifndef BC_PLATFORM_OUTBOX_H
#define BC_PLATFORM_OUTBOX_H

#include "coap/message.h"
#include "server.h"

/* A group of input makes at most an answer and a request each, mostly short ones. */
#define OUTBOX_DATAGRAMS_MAX (2 * BC_SERVER_GROUP)
#define OUTBOX_BYTES (256 * 1024)

struct outbox {
    struct bc_server_datagram datagrams[OUTBOX_DATAGRAMS_MAX];
    uint8_t bytes[OUTBOX_BYTES];
    size_t used; /* of bytes */
    size_t count;
    size_t taken;
};

/* Room for one datagram to be written; its `cap` is 0 when the outbox is full. */
bc_sink bc_server_outbox_begin(struct outbox *o);
/* Queues what was written, unless it did not fit. */
void bc_server_outbox_end(struct outbox *o, const struct bc_address *to, const bc_sink *written);
void bc_server_outbox_put(struct outbox *o, const struct bc_address *to, bc_view bytes);
/* An acknowledgement or a reset of the message with that id. */
void bc_server_outbox_put_empty(struct outbox *o, const struct bc_address *to,
                                enum bc_coap_type type, uint16_t message_id);

size_t bc_server_outbox_take(struct outbox *o, struct bc_server_datagram *out, size_t max);

/* Nothing of it is sent. */
void bc_server_outbox_clear(struct outbox *o);

/* Overwrites what was taken, when nothing is left: for whoever sends secrets. */
void bc_server_outbox_wipe(struct outbox *o);

/* Whether the work of one timer still fits. */
bool bc_server_outbox_has_room(const struct outbox *o);

#endif
