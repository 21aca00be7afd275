/*
 * The command line of bc260y-platform; bc260y-platform(1) is the manual.
 */
#ifndef BC_PLATFORM_OPTIONS_H
#define BC_PLATFORM_OPTIONS_H

#include "dtls/dtls.h"
#include "server.h"

#define OPTIONS_PRODUCT_IDS_MAX 8

struct options {
    const char *coap;                     /* "ADDRESS:PORT" */
    const struct bc_server_carrier *open; /* NULL: unknown endpoints are refused */
    const char *coaps;                    /* "ADDRESS:PORT", or NULL */
    const char *psk_file;
    const char *keylog;
    const char *control;   /* path of the control socket, or NULL */
    const char *pcap;      /* path of the capture file, or NULL */
    const char *store;     /* path of the store, or NULL */
    bool store_default;    /* without a path: in the platform's own place */
    const char *http;      /* "ADDRESS:PORT", or NULL */
    const char *http_cert; /* PEM files, or NULL */
    const char *http_key;
    uint32_t http_patience_s;
    bool virtual_anywhere;
    uint64_t store_rows;         /* of data that are kept of a device */
    const char *bootstrap;       /* "ADDRESS:PORT", or NULL */
    const char *bootstrap_coaps; /* "ADDRESS:PORT", or NULL */
    const char *bootstrap_uri;   /* "coap[s]://HOST:PORT", or NULL: our own */
    const char *bootstrap_binding;
    const char *fw_uris[2]; /* "coap://HOST:PORT" and "coaps://...", or NULL: our own */
    uint32_t bootstrap_lifetime_s;
    const char *product_ids[OPTIONS_PRODUCT_IDS_MAX]; /* none: any is accepted */
    size_t product_id_count;
    uint64_t seed;
    uint32_t lifetime_grace_s;
    uint16_t block_bytes; /* 0: not given */
    uint32_t coaps_sessions;
    uint32_t coaps_idle_s;
    enum bc_dtls_version dtls_version;
    bool bootstrap_plain_keys;
    bool bootstrap_discover;
    bool seeded;
    bool quiet;
    bool trace;
};

enum options_result { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG };

/* Prints help, version, or one line of what is wrong. The strings are those of `argv`. */
enum options_result platform_options_parse(int argc, char **argv, struct options *out);

#endif
