/*
 * The AT port on TCP: one client at a time. Another one is let in and closed at once, unless the
 * first has ended its own sending and only waits for the rest of its answers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port.h"
#include "report.h"

static bool drop_client(struct port *port)
{
    if (port->in_fd >= 0)
        close(port->in_fd);
    port->in_fd = port->out_fd = -1;
    port->ended = false;
    return true;
}

static void tcp_on_listen(struct port *port)
{
    const int one = 1;
    int fd = accept4(port->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return; /* it has left again */
    if (port->in_fd >= 0 && !port->ended) {
        close(fd);
        return;
    }
    drop_client(port);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)); /* a dead one holds the port */
    port->in_fd = port->out_fd = fd;
}

static void tcp_close(struct port *port)
{
    drop_client(port);
    if (port->listen_fd >= 0)
        close(port->listen_fd);
    port->listen_fd = -1;
}

static int listen_at(const struct addrinfo *at)
{
    const int one = 1;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, 8) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static bool announce(const struct port *port)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof(address);
    char host[NI_MAXHOST], service[NI_MAXSERV], where[NI_MAXHOST + NI_MAXSERV + 4];
    if (getsockname(port->listen_fd, (struct sockaddr *)&address, &len) != 0 ||
        getnameinfo((struct sockaddr *)&address, len, host, sizeof(host), service, sizeof(service),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        report("cannot tell the TCP port");
        return false;
    }
    bool ipv6 = address.ss_family == AF_INET6;
    snprintf(where, sizeof(where), ipv6 ? "[%s]:%s" : "%s:%s", host, service);
    return port_announce(where);
}

bool port_open_tcp(struct port *port, const char *host, uint16_t tcp_port)
{
    static const struct port_kind kind = {.on_lost = drop_client,
                                          .on_drained = drop_client,
                                          .on_listen = tcp_on_listen,
                                          .close = tcp_close};
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    char service[8];
    port_init(port, &kind);
    snprintf(service, sizeof(service), "%u", (unsigned)tcp_port);
    int error = getaddrinfo(host, service, &hints, &list);
    if (error != 0) {
        report("cannot listen on %s: %s", host, gai_strerror(error));
        return false;
    }
    for (const struct addrinfo *it = list; it != NULL && port->listen_fd < 0; it = it->ai_next)
        port->listen_fd = listen_at(it);
    if (port->listen_fd < 0)
        report("cannot listen on %s port %s: %s", host, service, strerror(errno));
    freeaddrinfo(list);
    if (port->listen_fd >= 0 && announce(port))
        return true;
    tcp_close(port);
    return false;
}
