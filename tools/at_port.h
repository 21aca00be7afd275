/*
 * An AT port: a terminal device (serial line or pty) in raw mode, or a TCP connection. Received
 * bytes are cut into lines at CR and LF; blank lines and NUL bytes (a UART's noise when a module
 * wakes up) are dropped.
 */
#ifndef AT_PORT_H
#define AT_PORT_H

#include "at_match.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

enum {
    AT_PORT_BUFFER = 65536, /* bytes received and not yet looked at */
    AT_PORT_WHY_MAX = 256,
};

struct at_port {
    int fd;
    bool is_tty;
    struct termios saved; /* of the tty, as it was before */
    bool gone;            /* nothing more will come */
    int gone_errno;       /* 0 = closed by the other side */
    size_t begin, end;    /* of what waits in the buffer */
    char buffer[AT_PORT_BUFFER];
};

enum at_read {
    AT_READ_LINE,
    AT_READ_NOTHING, /* the time is over */
    AT_READ_GONE,    /* the device vanished or the peer closed */
    AT_READ_TOO_LONG,
    AT_READ_STOPPED, /* the user wants the program to end */
};

/* True when `baud` is a speed that a serial line can have here. */
bool at_baud_known(unsigned baud);

/* Opens DEVICE[:BAUD] or HOST:PORT. False: `why` says in one line what is wrong. */
bool at_port_open(struct at_port *port, const char *where, unsigned baud, uint32_t limit_ms,
                  char why[AT_PORT_WHY_MAX]);

/* Lets what was written leave (a second at most), restores the settings and closes. */
void at_port_close(struct at_port *port);

/* Takes over what has arrived, without waiting. False when the buffer is full or the port gone:
 * polling the descriptor makes no sense then. */
bool at_port_fill(struct at_port *port);

/* The next line that is not blank, as a string. */
enum at_read at_port_read_line(struct at_port *port, uint64_t until_ms, char line[AT_LINE_MAX + 1]);

/* What has arrived of a line that has no end yet, as a string; at most AT_LINE_MAX bytes. */
void at_port_peek_rest(const struct at_port *port, char rest[AT_LINE_MAX + 1]);

/* Sends a line and CR. AT_READ_LINE here means: sent. */
enum at_read at_port_send(struct at_port *port, const char *line, uint64_t until_ms);

/* Why the port is gone. */
const char *at_port_reason(const struct at_port *port);

#endif
