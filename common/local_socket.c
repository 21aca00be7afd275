/*
 * Unix sockets: see local_socket.h.
 */
#define _GNU_SOURCE
#include "local_socket.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static bool fill_name(const char *path, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(out->sun_path)) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(out->sun_path, path, strlen(path) + 1);
    return true;
}

/* -1, with errno as it was. */
static int give_up(int fd)
{
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/* A socket that nobody listens on is left over from a run that was killed. Anything else stays;
 * errno then says what it is. */
static bool remove_stale(const struct sockaddr_un *name)
{
    struct stat status;
    if (lstat(name->sun_path, &status) != 0)
        return errno == ENOENT;
    if (!S_ISSOCK(status.st_mode)) {
        errno = EEXIST;
        return false;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    bool dead =
        connect(fd, (const struct sockaddr *)name, sizeof(*name)) != 0 && errno == ECONNREFUSED;
    close(fd);
    if (!dead) {
        errno = EADDRINUSE;
        return false;
    }
    return unlink(name->sun_path) == 0;
}

int local_socket_listen(const char *path, int backlog)
{
    struct sockaddr_un name;
    if (!fill_name(path, &name) || !remove_stale(&name))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    mode_t mask = umask(0177);
    bool bound = bind(fd, (const struct sockaddr *)&name, sizeof(name)) == 0;
    umask(mask);
    if (!bound)
        return give_up(fd);
    if (listen(fd, backlog) == 0)
        return fd;
    give_up(fd);
    int error = errno;
    unlink(path);
    errno = error;
    return -1;
}

int local_socket_connect(const char *path, unsigned patience_s)
{
    struct sockaddr_un name;
    const struct timeval limit = {.tv_sec = (time_t)patience_s};
    if (!fill_name(path, &name))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
        connect(fd, (const struct sockaddr *)&name, sizeof(name)) == 0)
        return fd;
    return give_up(fd);
}
