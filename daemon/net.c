/*
 * UDP sockets: see net.h.
 */
#define _GNU_SOURCE
#include "net.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union socket_address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

static enum net_family family_of(const struct bc_address *address)
{
    return address->ip_len == 16 ? NET_IPV6 : NET_IPV4;
}

static socklen_t socket_address_of(const struct bc_address *address, union socket_address *out)
{
    memset(out, 0, sizeof(*out));
    if (family_of(address) == NET_IPV6) {
        out->ipv6.sin6_family = AF_INET6;
        out->ipv6.sin6_port = htons(address->port);
        memcpy(&out->ipv6.sin6_addr, address->ip, 16);
        return sizeof(out->ipv6);
    }
    out->ipv4.sin_family = AF_INET;
    out->ipv4.sin_port = htons(address->port);
    memcpy(&out->ipv4.sin_addr, address->ip, 4);
    return sizeof(out->ipv4);
}

static void address_of(const union socket_address *in, struct bc_address *out)
{
    memset(out, 0, sizeof(*out));
    if (in->any.sa_family == AF_INET6) {
        memcpy(out->ip, &in->ipv6.sin6_addr, 16);
        out->ip_len = 16;
        out->port = ntohs(in->ipv6.sin6_port);
    } else {
        memcpy(out->ip, &in->ipv4.sin_addr, 4);
        out->ip_len = 4;
        out->port = ntohs(in->ipv4.sin_port);
    }
}

void net_init(struct net *net)
{
    for (int i = 0; i < NET_FAMILIES; i++)
        net->of[i].fd = -1;
}

void net_close(struct net *net)
{
    for (int i = 0; i < NET_FAMILIES; i++)
        if (net->of[i].fd >= 0)
            close(net->of[i].fd);
    net_init(net);
}

/* 0 or an errno. Binding at once, to port 0, makes the port known before the first datagram. */
static int open_socket(struct net *net, enum net_family family)
{
    static const struct bc_address anywhere[NET_FAMILIES] = {{.ip_len = 4}, {.ip_len = 16}};
    const int one = 1;
    union socket_address address;
    socklen_t len = socket_address_of(&anywhere[family], &address);
    int fd = socket(address.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    if ((family == NET_IPV6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) != 0) ||
        bind(fd, &address.any, len) != 0 || getsockname(fd, &address.any, &len) != 0) {
        int error = errno;
        close(fd);
        return error;
    }
    struct bc_address local;
    address_of(&address, &local);
    net->of[family].fd = fd;
    net->of[family].port = local.port;
    return 0;
}

/* The new socket is there before the old one goes: so it has another port. */
int net_rebind(struct net *net)
{
    for (int i = 0; i < NET_FAMILIES; i++) {
        int old_fd = net->of[i].fd;
        int error = old_fd >= 0 ? open_socket(net, (enum net_family)i) : 0;
        if (error != 0)
            return error;
        if (old_fd >= 0)
            close(old_fd);
    }
    return 0;
}

int net_send(struct net *net, const struct bc_address *to, bc_view datagram)
{
    if (to->ip_len != 4 && to->ip_len != 16)
        return EDESTADDRREQ;
    enum net_family family = family_of(to);
    if (net->of[family].fd < 0) {
        int error = open_socket(net, family);
        if (error != 0)
            return error;
    }
    union socket_address address;
    socklen_t len = socket_address_of(to, &address);
    ssize_t sent;
    do {
        sent = sendto(net->of[family].fd, datagram.ptr, datagram.len, 0, &address.any, len);
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? errno : 0;
}

enum net_got net_receive(struct net *net, enum net_family family, struct bc_address *from,
                         uint8_t buffer[BC_WIRE_BYTES_MAX], bc_view *out)
{
    union socket_address address = {.any.sa_family = AF_UNSPEC};
    socklen_t len = sizeof(address);
    ssize_t got =
        recvfrom(net->of[family].fd, buffer, BC_WIRE_BYTES_MAX, MSG_TRUNC, &address.any, &len);
    if (got < 0)
        return NET_NOTHING;
    address_of(&address, from);
    if (got > BC_WIRE_BYTES_MAX) /* MSG_TRUNC: the length it had on the wire */
        return NET_TOO_LONG;
    *out = (bc_view){buffer, (size_t)got};
    return NET_DATAGRAM;
}

bool net_local_address(const struct net *net, const struct bc_address *peer, struct bc_address *out)
{
    /* Connecting a datagram socket sends nothing; it only looks up the route. */
    union socket_address address;
    socklen_t len = socket_address_of(peer, &address);
    int fd = socket(address.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool found = connect(fd, &address.any, len) == 0 && getsockname(fd, &address.any, &len) == 0;
    close(fd);
    if (found) {
        address_of(&address, out);
        out->port = net->of[family_of(peer)].port;
    }
    return found;
}
