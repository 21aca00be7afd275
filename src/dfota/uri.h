/*
 * coap and coaps URIs (RFC 7252 section 6): reading them, and the options they stand for.
 */
#ifndef BC_DFOTA_URI_H
#define BC_DFOTA_URI_H

#include "coap/message.h"

#define BC_URI_PORT_COAP 5683
#define BC_URI_PORT_COAPS 5684

/* Views into the URI. */
struct bc_uri {
    bool secured;  /* coaps */
    bool literal;  /* the host is an IPv6 address that stood in brackets */
    uint16_t port; /* the scheme's own when none is given */
    bc_view host;  /* 1 to BC_HOST_BYTES_MAX bytes; a literal's without its brackets */
    bc_view path;  /* from its first '/', or empty */
    bc_view query; /* without '?', or empty */
};

/* False for any other scheme, for user information, a fragment, a port of 0 or above 65535. */
bool bc_uri_read(bc_view text, struct bc_uri *out);

/* Uri-Host, in lower case; nothing for an address (RFC 7252 section 6.4). */
void bc_uri_write_host(struct bc_coap_writer *w, const struct bc_uri *uri);

/* Uri-Path and Uri-Query, one option a segment, percent escapes decoded (RFC 7252 section 6.4).
 * Call with `number` the one, then with the other; options between the two are the caller's. A
 * segment that does not fit an option makes the sink full. */
void bc_uri_write(struct bc_coap_writer *w, uint16_t number, bc_view text);

#endif
