/*
 * The UDP socket of net.h.
 */
#define _GNU_SOURCE
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/address.h"

#define RECEIVE_BUFFER_BYTES (8 * 1024 * 1024)
#define SEND_PATIENCE_MS 20

static void from_sockaddr(const struct sockaddr_in6 *name, struct bc_address *out)
{
    *out = (struct bc_address){.ip_len = 16, .port = ntohs(name->sin6_port)};
    if (name->sin6_family == AF_INET6) {
        memcpy(out->ip, &name->sin6_addr, 16);
        return;
    }
    struct sockaddr_in v4;
    memcpy(&v4, name, sizeof(v4));
    memcpy(out->ip, &v4.sin_addr, 4);
    out->ip_len = 4;
}

static socklen_t to_sockaddr(const struct bc_address *address, struct sockaddr_in6 *out)
{
    if (address->ip_len == 4) {
        struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(address->port)};
        memcpy(&v4.sin_addr, address->ip, 4);
        memcpy(out, &v4, sizeof(v4));
        return sizeof(v4);
    }
    *out = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(address->port)};
    memcpy(&out->sin6_addr, address->ip, 16);
    return sizeof(*out);
}

/* The headers' constant part, once. */
static void prepare(struct net *net)
{
    for (size_t i = 0; i < BC_SERVER_BATCH; i++) {
        net->in_vectors[i] = (struct iovec){net->in_bytes[i], NET_DATAGRAM_BYTES_MAX};
        net->in_headers[i].msg_hdr = (struct msghdr){
            .msg_name = &net->in_names[i],
            .msg_iov = &net->in_vectors[i],
            .msg_iovlen = 1,
        };
        net->out_headers[i].msg_hdr = (struct msghdr){
            .msg_name = &net->out_names[i],
            .msg_iov = &net->out_vectors[i],
            .msg_iovlen = 1,
        };
    }
}

static bool listen_on(struct net *net, const struct addrinfo *where)
{
    int bytes = RECEIVE_BUFFER_BYTES;
    struct sockaddr_in6 name = {0};
    socklen_t len = sizeof(name);
    net->fd = socket(where->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (net->fd < 0)
        return false;
    /* Without the right to exceed the system's limit the second call gives what it allows. */
    if (setsockopt(net->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0)
        (void)setsockopt(net->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    if (bind(net->fd, where->ai_addr, where->ai_addrlen) != 0 ||
        getsockname(net->fd, (struct sockaddr *)(void *)&name, &len) != 0)
        return false;
    from_sockaddr(&name, &net->local);
    return true;
}

bool platform_net_open(struct net *net, const char *option, const char *text, bool *wrong_usage)
{
    *net = (struct net){.fd = -1};
    char why[ADDRESS_WHY_BYTES];
    struct addrinfo *found = address_look_up(option, text, SOCK_DGRAM, why);
    *wrong_usage = found == NULL;
    if (found == NULL) {
        fprintf(stderr, "bc260y-platform: %s\n", why);
        return false;
    }
    bool open = listen_on(net, found);
    if (!open)
        fprintf(stderr, "bc260y-platform: cannot listen on %s: %s; choose another %s\n", text,
                strerror(errno), option);
    freeaddrinfo(found);
    prepare(net);
    return open;
}

void platform_net_close(struct net *net)
{
    if (net->fd >= 0)
        close(net->fd);
    net->fd = -1;
}

size_t platform_net_receive(struct net *net, struct bc_server_incoming out[BC_SERVER_BATCH])
{
    size_t count = 0;
    for (size_t i = 0; i < BC_SERVER_BATCH; i++)
        net->in_headers[i].msg_hdr.msg_namelen = sizeof(net->in_names[i]);
    int received = recvmmsg(net->fd, net->in_headers, BC_SERVER_BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < received; i++) {
        if ((net->in_headers[i].msg_hdr.msg_flags & MSG_TRUNC) != 0)
            continue;
        from_sockaddr(&net->in_names[i], &out[count].from);
        out[count].bytes = (bc_view){net->in_bytes[i], net->in_headers[i].msg_len};
        count++;
    }
    return count;
}

/* How many were sent; a datagram that fails for good counts as sent. */
static size_t send_some(struct net *net, size_t first, size_t count)
{
    int sent = sendmmsg(net->fd, net->out_headers + first, (unsigned)(count - first), 0);
    if (sent > 0)
        return (size_t)sent;
    if (errno == EINTR)
        return 0;
    struct pollfd wait = {.fd = net->fd, .events = POLLOUT};
    bool later = errno == EAGAIN || errno == EWOULDBLOCK;
    return later && poll(&wait, 1, SEND_PATIENCE_MS) > 0 ? 0 : 1;
}

void platform_net_send(struct net *net, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const bc_view *bytes = &net->out[i].bytes;
        struct msghdr *header = &net->out_headers[i].msg_hdr;
        header->msg_namelen = to_sockaddr(&net->out[i].to, &net->out_names[i]);
        net->out_vectors[i].iov_len = bytes->len;
        memcpy(&net->out_vectors[i].iov_base, &bytes->ptr, sizeof(bytes->ptr));
    }
    for (size_t done = 0; done < count;)
        done += send_some(net, done, count);
}

void platform_net_text(const struct bc_address *address, char out[NET_TEXT_BYTES])
{
    char ip[INET6_ADDRSTRLEN] = "?";
    bool v4 = address->ip_len == 4;
    inet_ntop(v4 ? AF_INET : AF_INET6, address->ip, ip, sizeof(ip));
    snprintf(out, NET_TEXT_BYTES, v4 ? "%s:%u" : "[%s]:%u", ip, address->port);
}

/* Connecting a UDP socket sends nothing, and chooses the way. */
static bool find_way(const struct bc_address *peer, struct bc_address *out)
{
    struct sockaddr_in6 name = {0};
    socklen_t len = to_sockaddr(peer, &name);
    int family = peer->ip_len == 4 ? AF_INET : AF_INET6;
    int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool found = fd >= 0 && connect(fd, (struct sockaddr *)(void *)&name, len) == 0;
    len = sizeof(name);
    found = found && getsockname(fd, (struct sockaddr *)(void *)&name, &len) == 0;
    if (found)
        from_sockaddr(&name, out);
    if (fd >= 0)
        close(fd);
    return found;
}

bool platform_net_seen(const struct bc_address *local, const struct bc_address *peer,
                       struct bc_address *out)
{
    static const uint8_t any[sizeof(local->ip)];
    *out = *local;
    if (memcmp(local->ip, any, local->ip_len) != 0)
        return true;
    bool found = find_way(peer, out);
    out->port = local->port;
    return found;
}
