/*
 * A DTLS listener with its socket: --coaps and --bootstrap-coaps. Between the network and a server
 * core, which sees plain datagrams from peers with a channel (secure.h).
 */
#ifndef BC_PLATFORM_COAPS_H
#define BC_PLATFORM_COAPS_H

#include "net.h"
#include "security.h"
#include "traffic.h"

struct coaps {
    const char *name;               /* "coaps", in events */
    struct secure_listener *secure; /* NULL: it is not there */
    struct security *security;
    const struct traffic *traffic;
    struct net net;
};

/* `text` is the value of `option`, "--coaps"; NULL: nothing is opened. The pointers are kept. False
 * after a line on stderr. */
bool platform_coaps_open(struct coaps *c, const char *option, const char *text,
                         struct security *security, const struct traffic *traffic,
                         bool *wrong_usage);
void platform_coaps_close(struct coaps *c);

/* The socket; -1 when it is not there. */
int platform_coaps_fd(const struct coaps *c);

/* One batch of what has arrived: each plain datagram goes to `take`. Whether more may be there.
 * What follows from it leaves with the next flush. */
bool platform_coaps_receive(struct coaps *c, uint64_t now_ms,
                            void (*take)(void *context, uint64_t now_ms,
                                         const struct bc_address *from, bc_view plain),
                            void *context);
void platform_coaps_send(struct coaps *c, const struct bc_address *to, bc_view plain);
void platform_coaps_flush(struct coaps *c);
/* And flushes. */
void platform_coaps_on_time(struct coaps *c, uint64_t now_ms);
uint64_t platform_coaps_deadline(const struct coaps *c);

#endif
