/*
 * The module's IP network: one UDP socket for each family, opened when first needed, with a source
 * port that the kernel chooses. The sockets are not connected, so a dead server's ICMP errors stay
 * away and its silence is handled by CoAP, as over radio.
 */
#ifndef BC_DAEMON_NET_H
#define BC_DAEMON_NET_H

#include "bc260y/limits.h"
#include "bc260y/types.h"

enum net_family {
    NET_IPV4,
    NET_IPV6,
    NET_FAMILIES,
};

struct net {
    struct {
        int fd; /* -1 until the first datagram of that family */
        uint16_t port;
    } of[NET_FAMILIES];
};

enum net_got {
    NET_NOTHING,
    NET_DATAGRAM,
    NET_TOO_LONG, /* than BC_WIRE_BYTES_MAX; it is gone */
};

void net_init(struct net *net);
void net_close(struct net *net);

/* As when a NAT on the way forgets us: from now on we come from other ports, and what is sent to
 * the old ones is lost. Sockets that are open are opened anew, so nobody may be watching them. 0 or
 * an errno; then the old ones stay. */
int net_rebind(struct net *net);

/* 0, or the errno that lost the datagram. */
int net_send(struct net *net, const struct bc_address *to, bc_view datagram);

/* `from` is set unless nothing came; `out` views `buffer`. */
enum net_got net_receive(struct net *net, enum net_family family, struct bc_address *from,
                         uint8_t buffer[BC_WIRE_BYTES_MAX], bc_view *out);

/* Our own address as `peer` sees it (before any NAT): what the kernel's routes say now. */
bool net_local_address(const struct net *net, const struct bc_address *peer,
                       struct bc_address *out);

#endif
