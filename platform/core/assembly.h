/*
 * Payloads that devices send in blocks (RFC 7959 section 2.5, the server's side): few at a time for
 * the whole server, so that nobody can make it keep much. When all places are taken the one that
 * was silent longest is given up; its sender hears 4.08 and starts over.
 */
#ifndef BC_PLATFORM_ASSEMBLY_H
#define BC_PLATFORM_ASSEMBLY_H

#include "bc260y/types.h"
#include "coap/block.h"

#define ASSEMBLIES_MAX 16

struct assembly {
    uint8_t *body;    /* kept for the next one */
    size_t bytes;     /* 0 = a free place */
    uint64_t request; /* hash of everything but the block: the same for all blocks of a body */
    uint64_t touched_ms;
    struct bc_address from;
};

struct assemblies {
    struct assembly places[ASSEMBLIES_MAX];
};

/* Takes in one block. 2.31 while others must follow; 0 when the body, of at most
 * BC_SERVER_LINKS_BYTES_MAX, is whole: it lives until the next call; else the refusal: 4.00, 4.08,
 * 4.13 or 5.03. */
uint8_t bc_server_assembly_put(struct assemblies *a, uint64_t now_ms, const struct bc_address *from,
                               uint64_t request, const struct bc_coap_block *block, bc_view payload,
                               bc_view *body);
void bc_server_assemblies_free(struct assemblies *a);

#endif
