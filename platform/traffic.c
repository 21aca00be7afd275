/*
 * The onlookers of traffic.h.
 */
#define _GNU_SOURCE
#include "traffic.h"

#include <stdio.h>

#include "base/sink.h"
#include "coap/message.h"
#include "net.h"

#define TRACE_BYTES 512

/* Its instances hold the keys that a bootstrap server or a command writes. */
#define SECURITY_OBJECT "0"

/* The same message without its payload, when that may be a key. */
static bool hide_payload(bc_view *bytes)
{
    struct bc_coap_message message;
    bc_view object;
    if (bc_coap_parse(*bytes, &message) != BC_OK || message.payload.len == 0 ||
        !bc_coap_option_find(&message, BC_COAP_URI_PATH, &object) ||
        !bc_view_equal(object, BC_TEXT(SECURITY_OBJECT)))
        return false;
    bytes->len -= message.payload.len + 1; /* and its marker */
    return true;
}

void platform_traffic_trace(const struct traffic *t, const char *arrow,
                            const struct bc_address *peer, bc_view bytes)
{
    char address[NET_TEXT_BYTES];
    uint8_t text[TRACE_BYTES];
    bc_sink sink = {.ptr = text, .cap = sizeof(text)};
    if (!t->trace)
        return;
    bool hidden = hide_payload(&bytes);
    platform_net_text(peer, address);
    bc_coap_describe(bytes, &sink);
    fprintf(stderr, "%s %s%s %.*s%s\n", arrow, peer->channel != 0 ? "coaps " : "", address,
            (int)sink.len, (char *)text, hidden ? " | ***" : "");
}

void platform_traffic_capture(const struct traffic *t, const struct bc_address *from,
                              const struct bc_address *to, bc_view bytes)
{
    if (capture_is_open(&t->capture))
        capture_add(&t->capture, from, to, bytes);
}

void platform_traffic_in(const struct traffic *t, const struct bc_address *local,
                         const struct bc_address *from, bc_view bytes)
{
    platform_traffic_capture(t, from, local, bytes);
    platform_traffic_trace(t, "<-", from, bytes);
}

void platform_traffic_out(const struct traffic *t, const struct bc_address *local,
                          const struct bc_address *to, bc_view bytes)
{
    platform_traffic_capture(t, local, to, bytes);
    platform_traffic_trace(t, "->", to, bytes);
}
