/*
 * The AT port on a pseudo terminal, the default. We hold its terminal side open as well: so it
 * stays raw, what the module says before a terminal attaches is kept by the kernel, and a terminal
 * that leaves does not hang us up.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "port.h"
#include "report.h"

static bool link_is_ours(const struct port *port)
{
    char target[sizeof(port->path)];
    ssize_t len = readlink(port->name, target, sizeof(target));
    return len == (ssize_t)strlen(port->path) && memcmp(target, port->path, (size_t)len) == 0;
}

/* A link that a killed run left behind dangles, or names the terminal that is ours now. */
static bool link_is_stale(const struct port *port)
{
    struct stat info;
    if (lstat(port->name, &info) != 0 || !S_ISLNK(info.st_mode))
        return false;
    return link_is_ours(port) || (stat(port->name, &info) != 0 && errno == ENOENT);
}

static bool make_link(const struct port *port)
{
    if (symlink(port->path, port->name) == 0)
        return true;
    if (errno == EEXIST && link_is_stale(port)) {
        unlink(port->name);
        if (symlink(port->path, port->name) == 0)
            return true;
    }
    if (errno == EEXIST)
        report("--pty %s: this file exists already; remove it or name another", port->name);
    else
        report("--pty %s: cannot make the link: %s", port->name, strerror(errno));
    return false;
}

static bool pty_is_over(struct port *port)
{
    (void)port;
    report("the pseudo terminal has failed");
    return false;
}

static void pty_close(struct port *port)
{
    if (port->name != NULL && link_is_ours(port))
        unlink(port->name);
    if (port->slave_fd >= 0)
        close(port->slave_fd);
    if (port->in_fd >= 0)
        close(port->in_fd);
    port->slave_fd = port->in_fd = port->out_fd = -1;
}

/* Sets errno when it fails. */
static bool open_pair(struct port *port)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    port->in_fd = port->out_fd = fd;
    if (grantpt(fd) != 0 || unlockpt(fd) != 0)
        return false;
    int error = ptsname_r(fd, port->path, sizeof(port->path));
    if (error != 0) {
        errno = error;
        return false;
    }
    port->slave_fd = open(port->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios mode;
    if (port->slave_fd < 0 || tcgetattr(port->slave_fd, &mode) != 0)
        return false;
    cfmakeraw(&mode);
    return tcsetattr(port->slave_fd, TCSANOW, &mode) == 0;
}

bool port_open_pty(struct port *port, const char *link)
{
    static const struct port_kind kind = {.on_lost = pty_is_over, .close = pty_close};
    port_init(port, &kind);
    if (!open_pair(port)) {
        report("cannot open a pseudo terminal: %s", strerror(errno));
        pty_close(port);
        return false;
    }
    if (link != NULL) {
        port->name = link;
        if (!make_link(port)) {
            port->name = NULL; /* not ours to remove */
            pty_close(port);
            return false;
        }
    }
    if (!port_announce(port->path)) {
        pty_close(port);
        return false;
    }
    return true;
}
