/*
 * The listeners --bootstrap and --bootstrap-coaps: each a socket around a bootstrap server of its
 * own, and what that tells every device. Keys are told over DTLS only, to who has proven to be the
 * device, unless --bootstrap-plain-keys says otherwise.
 */
#ifndef BC_PLATFORM_BOOTSTRAPPER_H
#define BC_PLATFORM_BOOTSTRAPPER_H

#include "bootstrap.h"
#include "coaps.h"
#include "net.h"
#include "options.h"
#include "security.h"
#include "traffic.h"

#define BOOTSTRAPPER_URI_BYTES (sizeof("coaps://") + NET_TEXT_BYTES)

/* The pointers are kept. */
struct bootstrapper_setup {
    const struct options *options;
    struct security *security;
    const struct traffic *traffic;
    const struct bc_address *coap;  /* where the registration server listens */
    const struct bc_address *coaps; /* NULL: not over DTLS */
    bool (*may_register)(void *context, bc_view endpoint);
    void *context;
    uint64_t seed;
};

struct bootstrapper {
    struct bootstrapper_setup setup;
    struct bc_bootstrap_server *server; /* NULL: it is not there */
    bool secure;
    struct net net; /* one of the two */
    struct coaps coaps;
    char own_uri[BOOTSTRAPPER_URI_BYTES]; /* "" when nobody can know it */
    char uri[BOOTSTRAPPER_URI_BYTES];     /* of the registration server, without --bootstrap-uri */
};

/* --bootstrap-coaps when `secure`, else --bootstrap; without the option nothing is opened. False
 * after a line on stderr. */
bool platform_bootstrapper_open(struct bootstrapper *b, const struct bootstrapper_setup *setup,
                                bool secure, bool *wrong_usage);
void platform_bootstrapper_close(struct bootstrapper *b);

/* The socket, -1 when it is not there, and its address. */
int platform_bootstrapper_fd(const struct bootstrapper *b);
const struct bc_address *platform_bootstrapper_local(const struct bootstrapper *b);

/* Something has arrived. */
void platform_bootstrapper_on_ready(struct bootstrapper *b, uint64_t now_ms);
void platform_bootstrapper_on_time(struct bootstrapper *b, uint64_t now_ms);
uint64_t platform_bootstrapper_deadline(const struct bootstrapper *b);

#endif
