/*
 * DTLS 1.0 and 1.2 with a pre-shared key (RFC 4347, 6347, 4279, 6655; G 2.1, 2.2): one session with
 * one peer, sans-IO. Datagrams and time go in; datagrams, plain datagrams and a deadline come out.
 *
 *     module                              server
 *       | -- ClientHello ----------------> |     bc_dtls_open, then take
 *       | <- HelloVerifyRequest ---------- |
 *       | -- ClientHello + cookie -------> |
 *       | <- ServerHello .. HelloDone ---- |
 *       | -- ClientKeyExchange .. Finished |
 *       | <- ChangeCipherSpec, Finished -- |     BC_DTLS_OPEN: plain datagrams both ways
 *
 * `on_` takes what happened and never sends; `take_` hands out what follows. Views that are handed
 * out live until the next call on the same session. Both roles are here: the module is a client,
 * the platform a server. Which peer a datagram came from is the caller's affair: a session is fed
 * only what its own peer sent. Records that are no DTLS, are forged, old or repeated are dropped
 * without a trace (RFC 6347 section 4.1.2.7).
 *
 * The backend keeps a session on its own heap and in its own format; everything else here is
 * independent of it. openssl.c is the backend of Debian; none.c stands in where no backend is
 * wanted: it opens no session.
 */
#ifndef BC_DTLS_DTLS_H
#define BC_DTLS_DTLS_H

#include "bc260y/types.h"

struct bc_dtls;        /* one session */
struct bc_dtls_server; /* what the sessions of one listener share */

/* The numbers are those of AT+QLACFG="dtls_version" (G 2.2). */
enum bc_dtls_version {
    BC_DTLS_1_0 = 0,
    BC_DTLS_1_2 = 1,
    BC_DTLS_NEGOTIATED = 2, /* either; 1.2 preferred */
};

enum bc_dtls_state {
    BC_DTLS_HANDSHAKE,
    BC_DTLS_OPEN,
    BC_DTLS_CLOSED, /* by close_notify of either side */
    BC_DTLS_FAILED, /* bc_dtls_failure() says why; a last alert may still be to be taken */
};

#define BC_DTLS_OVERHEAD_BYTES_MAX 96    /* of one record around its plain bytes */
#define BC_DTLS_DATAGRAM_BYTES_MAX 1400  /* of one that is taken, handshake included */
#define BC_DTLS_RESUMPTION_BYTES_MAX 512 /* of an exported session */
#define BC_DTLS_IDENTITY_BYTES_MAX 150   /* G 2.1 */
#define BC_DTLS_KEY_BYTES_MAX 256        /* G 2.1 */
#define BC_DTLS_RETRANSMIT_FIRST_MS 1000 /* RFC 6347 section 4.2.4.1, doubled up to the next */
#define BC_DTLS_RETRANSMIT_LAST_MS 60000
#define BC_DTLS_HANDSHAKE_MS_MAX 63000 /* then the handshake has failed: 6 transmissions */

/* Called with one line "CLIENT_RANDOM <hex> <hex>" a handshake (the NSS key log format), for
 * Wireshark, and only because somebody asked for it. */
typedef void bc_dtls_keylog(void *context, const char *line);

/* Identity and key are copied; the key is wiped when the handshake is over, the rest when the
 * session is freed. */
struct bc_dtls_client {
    enum bc_dtls_version version;
    bc_view identity;             /* 1 to BC_DTLS_IDENTITY_BYTES_MAX bytes, no NUL among them */
    bc_view key;                  /* 1 to BC_DTLS_KEY_BYTES_MAX bytes */
    bc_view resumption;           /* of bc_dtls_export(), to be tried; empty = full handshake */
    uint32_t retransmit_first_ms; /* 0 = BC_DTLS_RETRANSMIT_FIRST_MS */
    bc_dtls_keylog *keylog;       /* may be NULL */
    void *keylog_context;
};

/* A new session as a client; its first datagram is to be taken at once. NULL when there is no
 * backend, no memory, or a length is wrong. Resumption bytes that mean nothing (another backend,
 * damaged) lead to a full handshake. */
struct bc_dtls *bc_dtls_open(const struct bc_dtls_client *client, uint64_t now_ms);

/* What the sessions of one listener share: the secret of cookies and of resumption. */
struct bc_dtls_server_config {
    /* The key of an identity: writes it into `key` (cap BC_DTLS_KEY_BYTES_MAX) and is true, or is
     * false when nobody has that identity. Must not call the server. */
    bool (*find_key)(void *context, bc_view identity, bc_sink *key);
    void *context;
    enum bc_dtls_version version;
    bool resumption; /* let clients resume, by session ID or ticket, without any state kept here */
    bc_dtls_keylog *keylog;
    void *keylog_context;
};
struct bc_dtls_server *bc_dtls_server_create(const struct bc_dtls_server_config *config);
void bc_dtls_server_destroy(struct bc_dtls_server *server); /* after its sessions; NULL is fine */

/* A datagram of a peer that has no session yet. Costs no state until the peer has proven its
 * address with a cookie: until then `*reply` is what to send back (not longer than what came), or
 * empty, and the result is NULL. A ClientHello with a good cookie gives a session, which has taken
 * it already: go on with bc_dtls_take(). `reply` needs room for BC_DTLS_DATAGRAM_BYTES_MAX.
 *
 * A peer that was restarted says hello from an address whose session is OPEN. So give a datagram
 * from there that begins with 22 (a handshake record) to this call first, and to the session when
 * nothing came of it. Keep the old session until the new one is OPEN: whoever saw a ClientHello go
 * by can repeat it (RFC 6347 section 4.2.8). A cookie is good for 4 to 9 minutes. */
struct bc_dtls *bc_dtls_accept(struct bc_dtls_server *server, uint64_t now_ms,
                               const struct bc_address *from, bc_view in, bc_sink *reply);

/* Wipes and frees it at once, without a word to the peer. NULL is fine. */
void bc_dtls_free(struct bc_dtls *session);

/* Tells the peer (close_notify, to be taken) and goes to CLOSED; nothing when not OPEN. */
void bc_dtls_close(struct bc_dtls *session);

enum bc_dtls_state bc_dtls_state(const struct bc_dtls *session);

/* Why it is FAILED, as one phrase without secrets: "no answer" (a wrong key ends so, too), "the
 * peer sent alert 115, unknown PSK identity", "unsupported version"; "" in other states. */
const char *bc_dtls_failure(const struct bc_dtls *session);

/* Once OPEN: "DTLSv1.2", "PSK-AES128-CCM8", and whether the handshake was a resumption. */
const char *bc_dtls_version_name(const struct bc_dtls *session);
const char *bc_dtls_cipher_name(const struct bc_dtls *session);
bool bc_dtls_resumed(const struct bc_dtls *session);

/* Of a server's session, once OPEN: who the peer has proven to be. */
bc_view bc_dtls_identity(const struct bc_dtls *session);

/* A datagram of the session's peer. */
void bc_dtls_on_datagram(struct bc_dtls *session, uint64_t now_ms, bc_view in);

/* The next plain datagram that has arrived. False when there is none. */
bool bc_dtls_read(struct bc_dtls *session, bc_view *out);

/* Encrypts one plain datagram, to be taken. BC_ERR_STATE unless OPEN; BC_ERR_RANGE when it is
 * empty, which DTLS cannot carry; BC_ERR_FULL when it is longer than BC_DTLS_DATAGRAM_BYTES_MAX
 * less the overhead, or BC_DTLS_QUEUE_MAX wait. */
#define BC_DTLS_QUEUE_MAX 16
enum bc_err bc_dtls_write(struct bc_dtls *session, bc_view plain);

/* The next datagram for the peer. False when there is none. */
bool bc_dtls_take(struct bc_dtls *session, bc_view *out);

/* Repeats a lost flight, or gives up. Only a handshake has deadlines; an OPEN session has none. */
void bc_dtls_on_time(struct bc_dtls *session, uint64_t now_ms);
uint64_t bc_dtls_deadline(const struct bc_dtls *session);

/* Of a client, once OPEN and after: writes what a later session needs to resume this one, secrets
 * included: keep it as carefully as the key. It is good with the same identity and key only. False
 * when there is nothing to resume or it does not fit. A resumption that the server accepts but
 * cannot finish ends FAILED as any handshake does: try a full one then. */
bool bc_dtls_export(const struct bc_dtls *session, bc_sink *out);

#endif
