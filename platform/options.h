/*
 * The command line of bc260y-platform; bc260y-platform(1) is the manual.
 */
#ifndef BC_PLATFORM_OPTIONS_H
#define BC_PLATFORM_OPTIONS_H

#include "server.h"

struct options {
    const char *coap;                     /* "ADDRESS:PORT" */
    const struct bc_server_carrier *open; /* NULL: unknown endpoints are refused */
    const char *control;                  /* path of the control socket, or NULL */
    const char *pcap;                     /* path of the capture file, or NULL */
    uint64_t seed;
    uint32_t lifetime_grace_s;
    uint16_t block_bytes; /* 0: not given */
    bool seeded;
    bool quiet;
    bool trace;
};

enum options_result { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG };

/* Prints help, version, or one line of what is wrong. The strings are those of `argv`. */
enum options_result platform_options_parse(int argc, char **argv, struct options *out);

#endif
