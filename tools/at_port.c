/*
 * The AT port of the player: see at_port.h. Real serial lines, ptys and TCP look the same from
 * here on.
 */
#define _GNU_SOURCE
#include "at_port.h"
#include "at_wait.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/number.h"

enum {
    DRAIN_MS = 1000,
    TURNS_MAX = 16, /* reads in a row, so that an endless sender does not keep us */
};

static const struct {
    unsigned baud;
    speed_t speed;
} speeds[] = {
    {1200, B1200},     {2400, B2400},     {4800, B4800},     {9600, B9600},
    {19200, B19200},   {38400, B38400},   {57600, B57600},   {115200, B115200},
    {230400, B230400}, {460800, B460800}, {921600, B921600},
};

static speed_t speed_of(unsigned baud)
{
    for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
        if (speeds[i].baud == baud)
            return speeds[i].speed;
    }
    return B0;
}

bool at_baud_known(unsigned baud)
{
    return speed_of(baud) != B0;
}

__attribute__((format(printf, 2, 3))) static bool fail(char *why, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(why, AT_PORT_WHY_MAX, format, args);
    va_end(args);
    return false;
}

/* 8N1, no flow control, no interpretation of any byte, modem lines ignored. */
static bool make_raw(struct at_port *port, unsigned baud)
{
    struct termios raw;

    if (tcgetattr(port->fd, &port->saved) != 0)
        return false;
    raw = port->saved;
    cfmakeraw(&raw);
    raw.c_iflag &= ~(tcflag_t)(IXON | IXOFF | IXANY);
    raw.c_cflag &= ~(tcflag_t)(CSTOPB | PARENB | CRTSCTS);
    raw.c_cflag |= CLOCAL | CREAD | CS8;
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    cfsetispeed(&raw, speed_of(baud));
    cfsetospeed(&raw, speed_of(baud));
    return tcsetattr(port->fd, TCSANOW, &raw) == 0;
}

static bool open_tty(struct at_port *port, const char *path, unsigned baud, char *why)
{
    if (!at_baud_known(baud))
        return fail(why, "%s: no serial line has %u baud", path, baud);
    port->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (port->fd < 0)
        return fail(why, "cannot open %s: %s", path, strerror(errno));
    if (!isatty(port->fd)) {
        fail(why, "%s is no terminal device: give a serial port, a pty or HOST:PORT", path);
    } else if (flock(port->fd, LOCK_EX | LOCK_NB) != 0) {
        fail(why, "%s is in use by another program", path);
    } else if (!make_raw(port, baud)) {
        fail(why, "cannot set up %s: %s", path, strerror(errno));
    } else {
        port->is_tty = true;
        return true;
    }
    close(port->fd);
    return false;
}

/* Waits for a connection under way; 0 or an errno. */
static int finish_connect(int fd, uint64_t until_ms)
{
    struct pollfd wanted = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t len = sizeof(error);

    for (;;) {
        switch (at_wait(&wanted, 1, until_ms)) {
        case AT_STOPPED:
            return EINTR;
        case AT_LATE:
            return ETIMEDOUT;
        case AT_READY:
            break;
        }
        if (wanted.revents != 0)
            return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
    }
}

static int connect_to(const struct addrinfo *to, uint64_t until_ms, int *error)
{
    int on = 1;
    int fd = socket(to->ai_family, to->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, to->ai_protocol);

    if (fd < 0) {
        *error = errno;
        return -1;
    }
    *error = connect(fd, to->ai_addr, to->ai_addrlen) == 0 ? 0 : errno;
    if (*error == EINPROGRESS)
        *error = finish_connect(fd, until_ms);
    if (*error == 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        return fd;
    }
    close(fd);
    return -1;
}

static bool open_tcp(struct at_port *port, const char *where, uint32_t limit_ms, char *why)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    char host[256];
    const char *colon = strrchr(where, ':');
    size_t len = colon != NULL ? (size_t)(colon - where) : 0;
    int error = 0;

    if (len > 2 && where[0] == '[' && where[len - 1] == ']') {
        where++;
        len -= 2;
    }
    if (len == 0 || len >= sizeof(host) || colon[1] == '\0')
        return fail(why, "%s: there is no such device, and it is no HOST:PORT", where);
    memcpy(host, where, len);
    host[len] = '\0';
    int failure = getaddrinfo(host, colon + 1, &hints, &list);
    if (failure != 0)
        return fail(why, "cannot resolve %s: %s", where, gai_strerror(failure));
    uint64_t until_ms = at_now_ms() + limit_ms;
    port->fd = -1;
    for (const struct addrinfo *to = list; to != NULL && port->fd < 0; to = to->ai_next)
        port->fd = connect_to(to, until_ms, &error);
    freeaddrinfo(list);
    if (port->fd < 0)
        return fail(why, "cannot connect to %s port %s: %s", host, colon + 1, strerror(error));
    return true;
}

bool at_port_open(struct at_port *port, const char *where, unsigned baud, uint32_t limit_ms,
                  char why[AT_PORT_WHY_MAX])
{
    char path[4096];
    const char *colon = strrchr(where, ':');
    uint64_t rate;

    port->is_tty = port->gone = false;
    port->gone_errno = 0;
    port->begin = port->end = 0;
    if (access(where, F_OK) == 0)
        return open_tty(port, where, baud, why);
    if (strchr(where, '/') == NULL)
        return open_tcp(port, where, limit_ms, why);
    if (colon != NULL && (size_t)(colon - where) < sizeof(path) &&
        number_parse(colon + 1, UINT32_MAX, &rate)) {
        memcpy(path, where, (size_t)(colon - where));
        path[colon - where] = '\0';
        return open_tty(port, path, (unsigned)rate, why);
    }
    return open_tty(port, where, baud, why);
}

void at_port_close(struct at_port *port)
{
    uint64_t until_ms = at_now_ms() + DRAIN_MS;
    int waiting = 0;

    if (port->is_tty) {
        while (ioctl(port->fd, TIOCOUTQ, &waiting) == 0 && waiting > 0 && at_now_ms() < until_ms) {
            if (at_wait(NULL, 0, at_now_ms() + 5) == AT_STOPPED)
                break;
        }
        tcsetattr(port->fd, TCSANOW, &port->saved);
    }
    close(port->fd);
}

static void lose(struct at_port *port, int error)
{
    port->gone = true;
    port->gone_errno = error;
}

const char *at_port_reason(const struct at_port *port)
{
    if (port->gone_errno == 0 || port->gone_errno == EIO)
        return port->is_tty ? "the device has gone" : "the other side closed the connection";
    return strerror(port->gone_errno);
}

bool at_port_fill(struct at_port *port)
{
    for (int turn = 0; turn < TURNS_MAX && !port->gone; turn++) {
        if (port->begin > 0) {
            memmove(port->buffer, port->buffer + port->begin, port->end - port->begin);
            port->end -= port->begin;
            port->begin = 0;
        }
        if (port->end == AT_PORT_BUFFER)
            return false;
        ssize_t got = read(port->fd, port->buffer + port->end, AT_PORT_BUFFER - port->end);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return true;
        if (got <= 0) {
            lose(port, got < 0 ? errno : 0);
            return false;
        }
        size_t old_end = port->end;
        for (size_t i = old_end; i < old_end + (size_t)got; i++) {
            if (port->buffer[i] != '\0')
                port->buffer[port->end++] = port->buffer[i];
        }
    }
    return !port->gone;
}

static bool ends_line(char c)
{
    return c == '\r' || c == '\n';
}

/* A whole line from the buffer, if there is one; AT_READ_NOTHING if not. */
static enum at_read take_line(struct at_port *port, char line[AT_LINE_MAX + 1])
{
    while (port->begin < port->end && ends_line(port->buffer[port->begin]))
        port->begin++;
    size_t end = port->begin;
    while (end < port->end && !ends_line(port->buffer[end]))
        end++;
    size_t len = end - port->begin;
    if (len > AT_LINE_MAX)
        return AT_READ_TOO_LONG;
    if (end == port->end)
        return AT_READ_NOTHING;
    memcpy(line, port->buffer + port->begin, len);
    line[len] = '\0';
    port->begin = end;
    return AT_READ_LINE;
}

enum at_read at_port_read_line(struct at_port *port, uint64_t until_ms, char line[AT_LINE_MAX + 1])
{
    for (;;) {
        struct pollfd wanted = {.fd = port->fd, .events = POLLIN};

        at_port_fill(port);
        enum at_read got = take_line(port, line);
        if (got != AT_READ_NOTHING)
            return got;
        if (port->gone)
            return AT_READ_GONE;
        switch (at_wait(&wanted, 1, until_ms)) {
        case AT_STOPPED:
            return AT_READ_STOPPED;
        case AT_LATE:
            return AT_READ_NOTHING;
        case AT_READY:
            break;
        }
    }
}

void at_port_peek_rest(const struct at_port *port, char rest[AT_LINE_MAX + 1])
{
    size_t len = port->end - port->begin;

    if (len > AT_LINE_MAX)
        len = AT_LINE_MAX;
    memcpy(rest, port->buffer + port->begin, len);
    rest[len] = '\0';
}

enum at_read at_port_send(struct at_port *port, const char *line, uint64_t until_ms)
{
    char bytes[AT_LINE_MAX + 1];
    size_t len = strlen(line);
    size_t sent = 0;

    assert(len <= AT_LINE_MAX);
    memcpy(bytes, line, len);
    bytes[len++] = '\r';
    while (sent < len) {
        struct pollfd wanted = {.fd = port->fd, .events = POLLOUT};
        ssize_t put = write(port->fd, bytes + sent, len - sent);

        if (put > 0) {
            sent += (size_t)put;
        } else if (put < 0 && errno != EAGAIN && errno != EINTR) {
            lose(port, errno == EPIPE || errno == ECONNRESET ? 0 : errno);
            return AT_READ_GONE;
        } else {
            enum at_wait waited = at_wait(&wanted, 1, until_ms);
            if (waited != AT_READY)
                return waited == AT_STOPPED ? AT_READ_STOPPED : AT_READ_NOTHING;
        }
    }
    return AT_READ_LINE;
}
