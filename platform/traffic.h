/*
 * Where datagrams are shown on their way in and out: the capture file, which has them as they are
 * on the wire, and standard error, where those under DTLS stand in plain. Keys are shown in
 * neither.
 */
#ifndef BC_PLATFORM_TRAFFIC_H
#define BC_PLATFORM_TRAFFIC_H

#include "common/capture.h"

struct traffic {
    struct capture capture; /* zero: none */
    bool trace;
};

/* Whether anybody looks. */
static inline bool platform_traffic_shown(const struct traffic *t)
{
    return t->trace || capture_is_open(&t->capture);
}

void platform_traffic_capture(const struct traffic *t, const struct bc_address *from,
                              const struct bc_address *to, bc_view bytes);
/* The arrow is "<-" for what comes from the peer, "->" for what goes to it. */
void platform_traffic_trace(const struct traffic *t, const char *arrow,
                            const struct bc_address *peer, bc_view bytes);

/* Both. */
void platform_traffic_in(const struct traffic *t, const struct bc_address *local,
                         const struct bc_address *from, bc_view bytes);
void platform_traffic_out(const struct traffic *t, const struct bc_address *local,
                          const struct bc_address *to, bc_view bytes);

#endif
