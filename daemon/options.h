/*
 * The command line.
 */
#ifndef BC_DAEMON_OPTIONS_H
#define BC_DAEMON_OPTIONS_H

#include "settings.h"

enum port_choice {
    PORT_CHOICE_NONE, /* not said: a pty without a link */
    PORT_CHOICE_PTY,
    PORT_CHOICE_TTY,
    PORT_CHOICE_TCP,
    PORT_CHOICE_STDIO,
};

#define OPTIONS_HOST_BYTES 256
#define OPTIONS_DEVICE_BYTES 1024
#define OPTIONS_ONLY_MAX 8

struct options {
    enum port_choice port;
    const char *link; /* of a pty, or NULL; borrowed from argv, as is `pcap` */
    char device[OPTIONS_DEVICE_BYTES];
    unsigned baud;
    char tcp_host[OPTIONS_HOST_BYTES];
    uint16_t tcp_port;
    struct bc_address only[OPTIONS_ONLY_MAX]; /* servers that it may talk to; none: any */
    size_t only_count;
    const char *pcap;   /* NULL = no capture */
    const char *keylog; /* NULL = no log of DTLS secrets */
    const char *config;
    const char *control;  /* the socket's path, or NULL */
    const char *scenario; /* or NULL */
    bool trace;
    bool seed_given;
    uint64_t seed;
    unsigned time_scale;
    const char *state; /* NULL = the default directory for `name` */
    const char *name;  /* NULL = the IMEI */
    bool factory_reset;
    const char *firmware; /* NULL = a made-up image */
    struct settings settings;
};

/* -1 = go on; otherwise the program's exit status: help was printed, or an error reported. */
int options_parse(struct options *o, int argc, char **argv);

#endif
