/*
 * The list of objects that a device registers (RFC 6690; LwM2M 1.0 section 5.3.1), read in place:
 *     struct bc_server_links it = {.rest = payload};
 *     while (bc_server_link_next(&it, &link)) ...
 *     if (it.malformed) ...
 */
#ifndef BC_PLATFORM_LINKS_H
#define BC_PLATFORM_LINKS_H

#include "path.h"

struct bc_server_links {
    bc_view rest;
    bool malformed; /* set when the walk ended early */
};

struct bc_server_link {
    bc_view target; /* between < and > */
    /* The object or instance; count 0 when the target is something else, as </> is. */
    struct bc_server_path path;
};

bool bc_server_link_next(struct bc_server_links *it, struct bc_server_link *out);

/* Whether the whole text is a list of links. An empty text is one. */
bool bc_server_links_valid(bc_view text);

#endif
