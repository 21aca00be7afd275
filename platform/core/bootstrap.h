/*
 * The LwM2M bootstrap server as a value (LwM2M 1.0 section 5.2; PLATFORM section 2): a device asks,
 * and is told whom to register with, one confirmable request after the other:
 *
 *     device                                     bootstrap server
 *       | -- POST /bs?ep=<endpoint> ---------------> |   REQUESTED
 *       | <- 2.04 ---------------------------------- |
 *       | <- GET /, Accept 40 (only if wanted) ----- |
 *       | -- 2.05, the device's objects -----------> |   DISCOVERED
 *       | <- DELETE / ------------------------------ |
 *       | -- 2.02 ---------------------------------> |
 *       | <- PUT /0/0, PUT /0/1, PUT /1/0 (TLV) ---- |
 *       | -- 2.04 ---------------------------------> |   to each
 *       | <- POST /bs ------------------------------ |
 *       | -- 2.04 ---------------------------------> |   FINISHED
 *
 * Datagrams and time go in; datagrams, events and a deadline come out, as in server.h. It is no
 * role of bc_server: of what that keeps (lifetimes, objects, observations, values in blocks) it has
 * nothing, and what it keeps lives for seconds. One instance belongs to one listener, so that what
 * is answered in plain and what under DTLS never meet.
 *
 * Nothing large goes to an address that has not answered: what comes before the first answer is as
 * short as what asked for it, and each answer needs the random token of its request.
 *
 * Left to others: who gets what (config.find_information), and who may ask.
 */
#ifndef BC_PLATFORM_BOOTSTRAP_H
#define BC_PLATFORM_BOOTSTRAP_H

#include "bc260y/types.h"
#include "server.h"

struct bc_bootstrap_server;

#define BC_BOOTSTRAP_URI_BYTES_MAX 255 /* LwM2M 1.0 E.1 */

/* The security modes of /0/x/2 that there are here. */
enum bc_bootstrap_security { BC_BOOTSTRAP_PSK = 0, BC_BOOTSTRAP_NO_SECURITY = 3 };

/* An instance of the security object. Identity and key are only told when `security` is PSK, and
 * neither may be empty then. */
struct bc_bootstrap_account {
    bc_view uri; /* "coap://192.0.2.1:5683" */
    enum bc_bootstrap_security security;
    bc_view identity; /* at most BC_PSK_ID_BYTES_MAX */
    bc_view key;      /* at most BC_PSK_BYTES_MAX */
};

/* What a device is told. Views live until the callback's caller has returned. */
struct bc_bootstrap_information {
    struct bc_bootstrap_account bootstrap; /* /0/0; without `uri` the device keeps what it has */
    struct bc_bootstrap_account server;    /* /0/1 */
    uint16_t short_server_id;              /* 1 to 65534 */
    uint32_t lifetime_s;
    bc_view binding;           /* "U", "UQ": 1 to BC_SERVER_BINDING_CHARS_MAX */
    bool stores_notifications; /* /1/0/6: while the device is offline */
    bool discover;             /* first ask what objects there are */
};

enum bc_bootstrap_event_kind {
    BC_BOOTSTRAP_REQUESTED, /* exactly one FINISHED or FAILED follows */
    BC_BOOTSTRAP_DISCOVERED,
    BC_BOOTSTRAP_FINISHED,
    BC_BOOTSTRAP_FAILED,   /* step and reason tell why; code too, when the device answered */
    BC_BOOTSTRAP_REJECTED, /* a request was refused; code and reason tell why */
};

/* Fields that a kind does not have are zero. Everything lives until the callback returns. Strings
 * come from peers: any byte may be in them. */
struct bc_bootstrap_event {
    enum bc_bootstrap_event_kind kind;
    bc_view endpoint;
    struct bc_address address;
    uint8_t code;
    const char *step; /* "PUT /0/0" */
    const char *reason;
    bc_view payload; /* of DISCOVERED: link-format */
    bool more;       /* it was longer: this is the first block */
};

struct bc_bootstrap_config {
    uint64_t seed;           /* of tokens, message ids and the hash keys */
    uint32_t sessions_max;   /* devices served at the same time; others hear 5.03 */
    uint32_t duplicates_max; /* messages remembered for at most EXCHANGE_LIFETIME */
    /* What to tell an endpoint, which asks from that address; false: it hears 4.03. Must not call
     * the server. */
    bool (*find_information)(void *context, bc_view endpoint, const struct bc_address *from,
                             struct bc_bootstrap_information *out);
    /* May be NULL. Must not call the server. */
    void (*on_event)(void *context, const struct bc_bootstrap_event *event);
    void *context;
};

/* 4096 sessions, 16,384 remembered messages, nobody is served. */
struct bc_bootstrap_config bc_bootstrap_config_default(void);

/* NULL when memory is short or a limit is 0. */
struct bc_bootstrap_server *bc_bootstrap_server_create(const struct bc_bootstrap_config *config);
/* Tells no events; NULL is fine. */
void bc_bootstrap_server_destroy(struct bc_bootstrap_server *server);

/* At most BC_SERVER_BATCH datagrams before what follows is taken. */
void bc_bootstrap_server_on_datagram(struct bc_bootstrap_server *server, uint64_t now_ms,
                                     const struct bc_address *from, bc_view in);
void bc_bootstrap_server_on_time(struct bc_bootstrap_server *server, uint64_t now_ms);

/* As bc_server_deadline() and bc_server_take_datagrams(). */
uint64_t bc_bootstrap_server_deadline(const struct bc_bootstrap_server *server);
size_t bc_bootstrap_server_take_datagrams(struct bc_bootstrap_server *server,
                                          struct bc_server_datagram *out, size_t max);

size_t bc_bootstrap_server_session_count(const struct bc_bootstrap_server *server);

#endif
