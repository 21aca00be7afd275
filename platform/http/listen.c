/*
 * The listening socket, and whose name it may be called by. See inside.h.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/address.h"
#include "inside.h"

#define HOST_BYTES 256
#define BACKLOG 256

static void describe(const struct sockaddr_storage *name, char local[HTTP_LOCAL_BYTES],
                     bool *loopback)
{
    char ip[INET6_ADDRSTRLEN] = "?";
    if (name->ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, name, sizeof(v6));
        inet_ntop(AF_INET6, &v6.sin6_addr, ip, sizeof(ip));
        *loopback = IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
        (void)snprintf(local, HTTP_LOCAL_BYTES, "[%s]:%u", ip, ntohs(v6.sin6_port));
    } else {
        struct sockaddr_in v4;
        memcpy(&v4, name, sizeof(v4));
        inet_ntop(AF_INET, &v4.sin_addr, ip, sizeof(ip));
        *loopback = ntohl(v4.sin_addr.s_addr) >> 24 == 127;
        (void)snprintf(local, HTTP_LOCAL_BYTES, "%s:%u", ip, ntohs(v4.sin_port));
    }
}

static int open_socket(const struct addrinfo *where, struct sockaddr_storage *name)
{
    int yes = 1;
    socklen_t len = sizeof(*name);
    int fd = socket(where->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(fd, where->ai_addr, where->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0 &&
        getsockname(fd, (struct sockaddr *)(void *)name, &len) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int http_listen(const char *text, char local[HTTP_LOCAL_BYTES], bool *loopback, bool *wrong_usage)
{
    struct sockaddr_storage name = {0};
    char why[ADDRESS_WHY_BYTES];
    struct addrinfo *found = address_look_up("--http", text, SOCK_STREAM, why);
    *wrong_usage = found == NULL;
    if (found == NULL) {
        fprintf(stderr, "bc260y-platform: %s\n", why);
        return -1;
    }
    int fd = open_socket(found, &name);
    if (fd < 0)
        fprintf(stderr, "bc260y-platform: cannot listen on %s: %s; choose another --http\n", text,
                strerror(errno));
    else
        describe(&name, local, loopback);
    freeaddrinfo(found);
    return fd;
}

bool http_host_is_loopback(const char *host)
{
    static const char *const names[] = {"localhost", "[::1]"};
    char name[HOST_BYTES];
    struct in_addr v4;
    size_t len = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    if (len >= sizeof(name) || len > strlen(host))
        return false;
    memcpy(name, host, len);
    name[len] = '\0';
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcasecmp(name, names[i]) == 0)
            return true;
    return inet_pton(AF_INET, name, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}
