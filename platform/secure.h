/*
 * The DTLS sessions of one listener, sans-IO (RFC 6347; the seam is dtls/dtls.h): records of many
 * peers go in, plain datagrams come out, each with the peer it came from; plain datagrams to send
 * go in, records come out.
 *
 *     platform_secure_on_datagram(l, now_ms, &address, record);
 *     while (platform_secure_read(l, &peer, &plain))
 *         ...                                      // and platform_secure_send(l, &peer, answer)
 *     while ((count = platform_secure_take(l, out, 64)) > 0)
 *         net_send_all(out, count);
 *     wait_until(platform_secure_deadline(l));     // BC_NEVER when idle
 *
 * A peer is an address whose `channel` is that of its session, 1 to 255: the next session at the
 * same address has another one, so that nothing said in one is taken for the other's.
 *
 * What a stranger can make us keep is bounded: nothing before a cookie has proven the address; then
 * a handshake, of which there are at most handshakes_max, the oldest giving way; and an open
 * session only for who has a key, of which there are at most sessions_max, the one that was silent
 * longest giving way. Handshakes never push out a session. An identity has one session: a new one
 * ends the older, wherever that was. No step looks at all sessions.
 *
 * Left to others: sockets, keys (config.find_key), which endpoint an identity may speak for.
 */
#ifndef BC_PLATFORM_SECURE_H
#define BC_PLATFORM_SECURE_H

#include "dtls/dtls.h"
#include "server.h"

struct secure_listener;

enum secure_event_kind {
    SECURE_OPENED, /* exactly one CLOSED follows, unless the listener is destroyed */
    SECURE_CLOSED, /* reason says why */
    SECURE_FAILED, /* a handshake did; reason says why */
    SECURE_STRAY,  /* datagrams that belong to no session and begin none */
};

/* Fields that a kind does not have are zero; everything lives until the callback returns. The
 * identity comes from a peer: any byte but NUL may be in it; of FAILED it is only a claim. */
struct secure_event {
    enum secure_event_kind kind;
    struct bc_address address;
    bc_view identity; /* empty when the peer did not come to tell it */
    const char *version;
    const char *cipher;
    const char *reason;
    bool resumed;
    uint64_t count; /* of FAILED and STRAY: events of this kind since the last one that was told */
};

/* FAILED is told at most this often, STRAY once a second: a flood of them shall not flood us. */
#define SECURE_FAILURES_A_SECOND 10

struct secure_config {
    /* As in struct bc_dtls_server_config. Neither of the two must call the listener. */
    bool (*find_key)(void *context, bc_view identity, bc_sink *key);
    void *find_key_context;
    void (*on_event)(void *context, const struct secure_event *event); /* may be NULL */
    void *on_event_context;
    enum bc_dtls_version version;
    uint32_t sessions_max;
    uint32_t handshakes_max;
    uint64_t idle_ms; /* an open session that hears nothing for so long is closed */
    uint64_t seed;    /* of the hash keys */
    bc_dtls_keylog *keylog;
    void *keylog_context;
};

/* 65,536 sessions, 1024 handshakes, two days, either version, nobody has a key. */
struct secure_config platform_secure_config_default(void);

/* NULL when memory is short, there is no DTLS in this build, or a limit is 0. */
struct secure_listener *platform_secure_create(const struct secure_config *config);
/* Tells neither peers nor events; NULL is fine. */
void platform_secure_destroy(struct secure_listener *l);

/* What has come from an address; its channel counts for nothing. */
void platform_secure_on_datagram(struct secure_listener *l, uint64_t now_ms,
                                 const struct bc_address *from, bc_view in);
/* The next plain datagram of who was fed last, until it is false; lives until the next call. */
bool platform_secure_read(struct secure_listener *l, struct bc_address *from, bc_view *plain);

/* Lost when that session is not open any more, as a network would lose it. */
void platform_secure_send(struct secure_listener *l, const struct bc_address *to, bc_view plain);

/* Up to `max` datagrams to send, at most BC_SERVER_BATCH; 0 when there are none left. The bytes
 * live until the next call. */
size_t platform_secure_take(struct secure_listener *l, struct bc_server_datagram *out, size_t max);

/* The deadline is later than the last `now_ms` once all is taken. */
void platform_secure_on_time(struct secure_listener *l, uint64_t now_ms);
uint64_t platform_secure_deadline(const struct secure_listener *l);

/* Who that peer has proven to be; empty when the session is not open. */
bc_view platform_secure_identity(const struct secure_listener *l, const struct bc_address *peer);

/* The identity's key is gone: its session is closed, and so are handshakes that may have used it.
 */
void platform_secure_on_key_gone(struct secure_listener *l, uint64_t now_ms, bc_view identity);

struct secure_counts {
    size_t sessions; /* open */
    size_t handshakes;
};
struct secure_counts platform_secure_counts(const struct secure_listener *l);

#endif
