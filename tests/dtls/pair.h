/*
 * Two ends of DTLS on a virtual clock, a client and a listener, and a network between them whose
 * every datagram the test may lose, repeat or hold back. No sockets.
 */
#ifndef TEST_DTLS_PAIR_H
#define TEST_DTLS_PAIR_H

#include "check.h"

#include "dtls/dtls.h"

#define PAIR_WIRE_MAX 64
#define PAIR_TAPE_MAX 256

enum fate { FATE_DELIVER, FATE_LOSE, FATE_TWICE, FATE_SWAP /* arrives after the next one */ };

struct datagram {
    bool to_server;
    size_t len;
    uint8_t bytes[BC_DTLS_DATAGRAM_BYTES_MAX];
};

struct pair {
    uint64_t now_ms;
    struct bc_dtls_server *server;
    struct bc_dtls *client, *peer; /* `peer` is the server's session with the client */
    struct bc_address client_address;
    const char *known_identity; /* the listener's only one, NULL = nobody */
    bc_view known_key;
    struct datagram wire[PAIR_WIRE_MAX]; /* on the way, oldest first */
    size_t on_wire;
    struct datagram tape[PAIR_TAPE_MAX]; /* all that was ever sent */
    size_t sent;
    struct datagram *held;
    enum fate (*fate)(void *context, size_t number, bool to_server); /* NULL = all arrive */
    void *context;
    unsigned keys_asked;
};

/* A pair whose ends have these versions; identity "867724030023557" and a key of 16 bytes. */
struct pair *pair_new(enum bc_dtls_version client, enum bc_dtls_version server);
struct pair *pair_with(const struct bc_dtls_client *client,
                       const struct bc_dtls_server_config *server);
void pair_free(struct pair *p);

/* What pair_new() uses, to be changed and given to pair_with(). */
struct bc_dtls_client pair_client(enum bc_dtls_version version);
struct bc_dtls_server_config pair_config(enum bc_dtls_version version);

/* The client begins once more; the server's session stays. */
void pair_reopen(struct pair *p, const struct bc_dtls_client *client);

/* Carries datagrams until none is on its way. Checks that deadlines lie in the future. */
void pair_settle(struct pair *p);

/* The same and lets time pass from deadline to deadline, until nobody waits for anything. */
void pair_run(struct pair *p);

/* Feeds one datagram that the test made. */
void pair_inject(struct pair *p, bool to_server, bc_view datagram);

/* Both ends are open and carry a datagram each way. */
void pair_check_open(struct pair *p);

/* One plain datagram from one end comes out at the other. */
void pair_check_carries(struct pair *p, bool to_server, bc_view plain);

/* A plain datagram waits at an end, and is this. */
void pair_check_read(struct bc_dtls *end, bc_view plain);

#endif
