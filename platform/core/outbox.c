/*
 * The outgoing datagrams of outbox.h.
 */
#include "outbox.h"

#include <string.h>

#include "base/sink.h"

void bc_server_outbox_clear(struct outbox *o)
{
    o->used = 0;
    o->count = 0;
    o->taken = 0;
}

bc_sink bc_server_outbox_begin(struct outbox *o)
{
    if (o->taken == o->count)
        bc_server_outbox_clear(o);
    size_t left = OUTBOX_BYTES - o->used;
    if (o->count == OUTBOX_DATAGRAMS_MAX)
        left = 0;
    return (bc_sink){.ptr = o->bytes + o->used,
                     .cap = left < BC_DATAGRAM_BYTES_MAX ? left : BC_DATAGRAM_BYTES_MAX};
}

void bc_server_outbox_end(struct outbox *o, const struct bc_address *to, const bc_sink *written)
{
    if (written->full || written->len == 0)
        return;
    o->datagrams[o->count++] = (struct bc_server_datagram){*to, bc_sink_view(written)};
    o->used += written->len;
}

void bc_server_outbox_put(struct outbox *o, const struct bc_address *to, bc_view bytes)
{
    bc_sink sink = bc_server_outbox_begin(o);
    bc_put_bytes(&sink, bytes);
    bc_server_outbox_end(o, to, &sink);
}

void bc_server_outbox_put_empty(struct outbox *o, const struct bc_address *to,
                                enum bc_coap_type type, uint16_t message_id)
{
    bc_sink sink = bc_server_outbox_begin(o);
    (void)bc_coap_write_begin(&sink, type, BC_COAP_EMPTY, message_id, NULL);
    bc_server_outbox_end(o, to, &sink);
}

size_t bc_server_outbox_take(struct outbox *o, struct bc_server_datagram *out, size_t max)
{
    size_t count = o->count - o->taken;
    if (count > max)
        count = max;
    memcpy(out, o->datagrams + o->taken, count * sizeof(*out));
    o->taken += count;
    return count;
}

void bc_server_outbox_wipe(struct outbox *o)
{
    if (o->taken < o->count)
        return;
    bc_wipe(o->bytes, o->used);
    bc_server_outbox_clear(o);
}

bool bc_server_outbox_has_room(const struct outbox *o)
{
    return o->taken == o->count || (o->count + 2 <= OUTBOX_DATAGRAMS_MAX &&
                                    OUTBOX_BYTES - o->used >= 2 * (size_t)BC_DATAGRAM_BYTES_MAX);
}
