/*
 * The UDP socket: datagrams in and out in batches, addresses from and to text.
 */
#ifndef BC_PLATFORM_NET_H
#define BC_PLATFORM_NET_H

#include <netinet/in.h>
#include <sys/socket.h>

#include "server.h"

#define NET_TEXT_BYTES 64           /* of an address with its port */
#define NET_DATAGRAM_BYTES_MAX 2048 /* longer ones are dropped */

struct net {
    int fd;
    struct bc_address local;
    struct mmsghdr in_headers[BC_SERVER_BATCH];
    struct iovec in_vectors[BC_SERVER_BATCH];
    struct sockaddr_in6 in_names[BC_SERVER_BATCH]; /* large enough for IPv4 too */
    uint8_t in_bytes[BC_SERVER_BATCH][NET_DATAGRAM_BYTES_MAX];
    struct bc_server_datagram out[BC_SERVER_BATCH];
    struct mmsghdr out_headers[BC_SERVER_BATCH];
    struct iovec out_vectors[BC_SERVER_BATCH];
    struct sockaddr_in6 out_names[BC_SERVER_BATCH];
};

/* "ADDRESS:PORT" or "[ADDRESS]:PORT", the value of that option. False after a line on stderr;
 * `*wrong_usage` tells a text that is no address from one that cannot be listened on. */
bool platform_net_open(struct net *net, const char *option, const char *text, bool *wrong_usage);
void platform_net_close(struct net *net);

/* What has arrived, at most a batch; the bytes live until the next call. */
size_t platform_net_receive(struct net *net, struct bc_server_incoming out[BC_SERVER_BATCH]);
/* The first `count` of net->out. What the network does not take is lost. */
void platform_net_send(struct net *net, size_t count);

/* Where that peer reaches a socket that listens on `local`: when that is any address, the one of
 * the way there. False when there is no way. */
bool platform_net_seen(const struct bc_address *local, const struct bc_address *peer,
                       struct bc_address *out);

/* "127.0.0.1:5683", "[::1]:5683" */
void platform_net_text(const struct bc_address *address, char out[NET_TEXT_BYTES]);

#endif
