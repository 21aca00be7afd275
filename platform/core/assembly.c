/*
 * The few bodies under assembly of assembly.h. Old ones are not waited for: a place is free again
 * EXCHANGE_LIFETIME after its last block.
 */
#include "assembly.h"

#include <stdlib.h>
#include <string.h>

#include "coap/message.h"
#include "private.h"

/* Keeps the memory for the next body. */
static void forget(struct assembly *place)
{
    place->touched_ms = 0;
    place->bytes = 0;
}

static struct assembly *find(struct assemblies *a, uint64_t now_ms, const struct bc_address *from,
                             uint64_t request)
{
    for (size_t i = 0; i < ASSEMBLIES_MAX; i++) {
        struct assembly *place = &a->places[i];
        if (place->bytes > 0 && place->request == request &&
            now_ms < place->touched_ms + EXCHANGE_LIFETIME_MS &&
            bc_address_equal(&place->from, from))
            return place;
    }
    return NULL;
}

/* For a first block; NULL when memory is short. */
static struct assembly *begin(struct assemblies *a, uint64_t now_ms, const struct bc_address *from,
                              uint64_t request)
{
    struct assembly *place = find(a, now_ms, from, request);
    if (place == NULL) {
        place = a->places;
        for (size_t i = 1; i < ASSEMBLIES_MAX; i++)
            if (a->places[i].touched_ms < place->touched_ms)
                place = &a->places[i];
    }
    if (place->body == NULL)
        place->body = malloc(BC_SERVER_LINKS_BYTES_MAX);
    if (place->body == NULL)
        return NULL;
    place->bytes = 0;
    place->request = request;
    place->from = *from;
    return place;
}

uint8_t bc_server_assembly_put(struct assemblies *a, uint64_t now_ms, const struct bc_address *from,
                               uint64_t request, const struct bc_coap_block *block, bc_view payload,
                               bc_view *body)
{
    size_t size = bc_coap_block_bytes(block);
    bool first = block->number == 0;
    if (payload.len == 0 || payload.len > size || (block->more && payload.len != size))
        return BC_COAP_BAD_REQUEST;
    struct assembly *place =
        first ? begin(a, now_ms, from, request) : find(a, now_ms, from, request);
    if (place == NULL)
        return first ? BC_COAP_SERVICE_UNAVAILABLE : BC_COAP_REQUEST_ENTITY_INCOMPLETE;
    if (block->number * size != place->bytes) {
        forget(place);
        return BC_COAP_REQUEST_ENTITY_INCOMPLETE;
    }
    if (place->bytes + payload.len > BC_SERVER_LINKS_BYTES_MAX) {
        forget(place);
        return BC_COAP_REQUEST_ENTITY_TOO_LARGE;
    }
    memcpy(place->body + place->bytes, payload.ptr, payload.len);
    place->bytes += payload.len;
    place->touched_ms = now_ms;
    if (block->more)
        return BC_COAP_CONTINUE;
    *body = (bc_view){place->body, place->bytes};
    forget(place);
    return 0;
}

void bc_server_assemblies_free(struct assemblies *a)
{
    for (size_t i = 0; i < ASSEMBLIES_MAX; i++)
        free(a->places[i].body);
}
