/*
 * What all AT ports share: see port.h.
 */
#define _GNU_SOURCE
#include "port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

void port_init(struct port *port, const struct port_kind *kind)
{
    *port = (struct port){
        .kind = kind,
        .in_fd = -1,
        .out_fd = -1,
        .listen_fd = -1,
        .slave_fd = -1,
        .saved_flags = {-1, -1},
    };
}

bool port_announce(const char *where)
{
    if (dprintf(STDOUT_FILENO, "AT port: %s\n", where) > 0)
        return true;
    report("cannot write to standard output: %s", strerror(errno));
    return false;
}

void port_close(struct port *port)
{
    port->kind->close(port);
}

enum port_got port_read(struct port *port, uint8_t *bytes, size_t cap, size_t *len)
{
    *len = 0;
    ssize_t got = read(port->in_fd, bytes, cap);
    if (got == 0)
        return port->kind->on_drained != NULL ? PORT_ENDED : PORT_LOST;
    if (got < 0)
        return errno == EAGAIN || errno == EINTR ? PORT_OK : PORT_LOST;
    *len = (size_t)got;
    return PORT_OK;
}

enum port_got port_write(struct port *port, const uint8_t *bytes, size_t len, size_t *written)
{
    *written = 0;
    ssize_t put = write(port->out_fd, bytes, len);
    if (put < 0)
        return errno == EAGAIN || errno == EINTR ? PORT_OK : PORT_LOST;
    *written = (size_t)put;
    return PORT_OK;
}
