/*
 * The AT port: where the host's UART bytes come from and go to. Four kinds behind one interface,
 * each in its own file; all descriptors are non-blocking.
 *
 * A host may come and go. While nobody is there (`out_fd` is -1) nothing is to be taken from the
 * module, so that what it says waits for the next host.
 */
#ifndef BC_DAEMON_PORT_H
#define BC_DAEMON_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

struct port;

enum port_got {
    PORT_OK,    /* bytes moved, or none for now */
    PORT_ENDED, /* the host will send no more, but still listens */
    PORT_LOST,  /* the host is gone */
};

struct port_kind {
    /* The host is gone, or has ended and got everything: true = the port waits for another host,
     * false = the program is to end. `lost` reports the error when it is one. */
    bool (*on_lost)(struct port *port);
    bool (*on_drained)(struct port *port); /* NULL: an end is a loss */
    /* `listen_fd` is readable; NULL when the kind has none. */
    void (*on_listen)(struct port *port);
    /* Another rate for what comes from now on; NULL when the kind has no rate. */
    void (*set_baud)(struct port *port, unsigned baud);
    void (*close)(struct port *port);
};

struct port {
    const struct port_kind *kind;
    int in_fd;            /* -1 = nobody there */
    int out_fd;           /* may be the same as in_fd */
    int listen_fd;        /* -1 = this kind does not listen */
    bool ended;           /* PORT_ENDED was seen: do not read */
    const char *name;     /* tty: the device; pty: the link or NULL; borrowed */
    unsigned baud;        /* tty: its rate */
    char path[64];        /* pty: the terminal side */
    int slave_fd;         /* pty: our own hold on the terminal side */
    struct termios saved; /* tty, stdio: what to put back */
    bool saved_is_valid;
    int saved_flags[2]; /* stdio: of standard input and output; -1 = nothing to put back */
};

/* Each opens the port and prints the first line; false after a report. `port` is borrowed until
 * port_close(). */
bool port_open_pty(struct port *port, const char *link);
bool port_open_tty(struct port *port, const char *device, unsigned baud);
bool port_open_tcp(struct port *port, const char *host, uint16_t tcp_port);
bool port_open_stdio(struct port *port);
void port_close(struct port *port);

/* True for the rates that a Linux tty knows by number. */
bool port_baud_known(unsigned baud);

/* Some bytes, at most `cap`; `*len` is 0 when there are none for now. */
enum port_got port_read(struct port *port, uint8_t *bytes, size_t cap, size_t *len);

/* Writes what can be written now and sets `*written`. */
enum port_got port_write(struct port *port, const uint8_t *bytes, size_t len, size_t *written);

/* For the kinds: an empty port, and the first line. */
void port_init(struct port *port, const struct port_kind *kind);
bool port_announce(const char *where);

#endif
