/*
 * Host names to addresses: see resolve.h.
 */
#define _GNU_SOURCE
#include "resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void take_sockaddr(const struct sockaddr *in, struct bc_address *out)
{
    memset(out, 0, sizeof(*out));
    union {
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } address;
    if (in->sa_family == AF_INET6) {
        memcpy(&address.ipv6, in, sizeof(address.ipv6));
        memcpy(out->ip, &address.ipv6.sin6_addr, 16);
        out->ip_len = 16;
    } else if (in->sa_family == AF_INET) {
        memcpy(&address.ipv4, in, sizeof(address.ipv4));
        memcpy(out->ip, &address.ipv4.sin_addr, 4);
        out->ip_len = 4;
    }
}

/* The resolver's first choice of the preferred kind, else its first choice. */
static bool look_up(const char *host, bool prefer_ipv6, struct bc_address *out)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
    const int preferred = prefer_ipv6 ? AF_INET6 : AF_INET;
    struct addrinfo *list = NULL;
    if (getaddrinfo(host, NULL, &hints, &list) != 0)
        return false;
    out->ip_len = 0;
    for (const struct addrinfo *it = list; it != NULL; it = it->ai_next) {
        if (out->ip_len == 0 || it->ai_family == preferred)
            take_sockaddr(it->ai_addr, out);
        if (it->ai_family == preferred)
            break;
    }
    freeaddrinfo(list);
    return out->ip_len != 0;
}

/* Keeps nothing of the parent's open: a client that the parent lets go must see it, and a pty that
 * the parent leaves must hang up. */
static void run_child(int pipe_fd, pid_t parent, const char *host, bool prefer_ipv6)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    if (dup2(pipe_fd, STDIN_FILENO) < 0) /* any low number will do */
        _exit(1);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    close(STDOUT_FILENO);
    struct bc_address address;
    if (look_up(host, prefer_ipv6, &address) &&
        write(STDIN_FILENO, &address, sizeof(address)) != sizeof(address))
        _exit(1);
    _exit(0);
}

void resolve_init(struct resolve *r, bool prefer_ipv6)
{
    *r = (struct resolve){.fd = -1, .prefer_ipv6 = prefer_ipv6};
}

void resolve_close(struct resolve *r)
{
    if (r->fd < 0)
        return;
    close(r->fd);
    r->fd = -1;
    kill(r->child, SIGKILL);
    while (waitpid(r->child, NULL, 0) < 0 && errno == EINTR)
        continue;
}

bool resolve_numeric(const char *host, struct bc_address *out)
{
    struct bc_address address = {.ip_len = 4};
    if (inet_pton(AF_INET, host, address.ip) != 1) {
        address.ip_len = 16;
        if (inet_pton(AF_INET6, host, address.ip) != 1)
            return false;
    }
    *out = address;
    return true;
}

bool resolve_start(struct resolve *r, uint32_t query_id, const char *host)
{
    int fds[2];
    resolve_close(r);
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0)
        run_child(fds[1], parent, host, r->prefer_ipv6);
    close(fds[1]);
    if (child < 0) {
        close(fds[0]);
        return false;
    }
    r->fd = fds[0];
    r->child = child;
    r->query_id = query_id;
    return true;
}

bool resolve_finish(struct resolve *r, struct bc_address *out)
{
    ssize_t got = read(r->fd, out, sizeof(*out));
    resolve_close(r);
    return got == (ssize_t)sizeof(*out);
}
