/*
 * A listener of platform/secure.h and its peers on a virtual clock: clients of DTLS, each with an
 * address, and the network between them, on which nothing is lost unless the test says so.
 */
#ifndef TEST_CROWD_H
#define TEST_CROWD_H

#include "check.h"

#include "secure.h"

#define CROWD_MAX 300
#define CROWD_EVENTS_MAX 400
#define CROWD_KEY "0123456789abcdef"

struct crowd_event {
    enum secure_event_kind kind;
    char identity[160];
    char reason[80];
    char version[16];
    uint16_t port;
    uint8_t channel;
    bool resumed;
    uint64_t count;
};

struct crowd {
    struct secure_listener *l;
    uint64_t now_ms;
    struct bc_dtls *clients[CROWD_MAX]; /* client i is at port 10000 + i */
    struct bc_address peer;             /* of the last plain datagram that came */
    uint8_t plain[BC_DTLS_DATAGRAM_BYTES_MAX];
    size_t plain_bytes; /* of that datagram; 0 = none since it was looked at */
    const char *gone;   /* an identity without a key */
    bool deaf;          /* clients get nothing */
    size_t replied_bytes;
    struct crowd_event events[CROWD_EVENTS_MAX];
    size_t event_count, event_seen;
};

/* Every identity that begins with "dev" has the key CROWD_KEY. */
void crowd_begin(struct crowd *c, const struct secure_config *config);
void crowd_end(struct crowd *c); /* all events must have been looked at */

struct bc_address crowd_address(unsigned client);

struct bc_dtls_client crowd_client(const char *identity);
/* A client's first ClientHello is on its way; an older client there is gone without a word. */
void crowd_say_hello(struct crowd *c, unsigned client, const struct bc_dtls_client *how);
/* Carries datagrams until there are none. */
void crowd_settle(struct crowd *c);
/* Both: a handshake that must succeed, and its event. */
struct bc_address crowd_join(struct crowd *c, unsigned client, const char *identity);
/* Time passes, deadline by deadline. */
void crowd_wait(struct crowd *c, uint64_t ms);

/* One plain datagram comes through in that direction, to that peer; or does not. */
bool crowd_carries_up(struct crowd *c, unsigned client);
bool crowd_carries_down(struct crowd *c, unsigned client, const struct bc_address *peer);

/* From the client's address, whatever it is. */
void crowd_inject(struct crowd *c, unsigned client, bc_view datagram);

const struct crowd_event *crowd_expect_event(struct crowd *c, enum secure_event_kind kind,
                                             const char *identity, const char *reason);
void crowd_expect_counts(const struct crowd *c, size_t sessions, size_t handshakes);

#endif
