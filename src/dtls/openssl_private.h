/*
 * What the files of the OpenSSL backend share (dtls.h is its contract):
 *
 *   openssl.c         a session: records in and out, time, the end
 *   openssl_bio.c     the datagrams between a session and its SSL object, and OpenSSL's timer
 *   openssl_client.c  opening, and giving the key
 *   openssl_resume.c  what a later session resumes from, as bytes
 *   openssl_server.c  cookies, keys of identities, tickets
 *
 * Written for OpenSSL 3.0. It keeps no global of its own; OpenSSL's are its own affair.
 */
#ifndef BC_DTLS_OPENSSL_PRIVATE_H
#define BC_DTLS_OPENSSL_PRIVATE_H

#include <openssl/ssl.h>

#include "dtls.h"

#define BC_DTLS_LINK_BYTES 1280      /* a handshake datagram's most */
#define BC_DTLS_HANDED_OUT_MAX 32    /* datagrams that wait to be taken, handshake included */
#define BC_DTLS_FINGERPRINT_BYTES 16 /* of a key */
#define BC_DTLS_SECRET_BYTES 32

/* One datagram, with its bytes behind it. */
struct bc_dtls_packet {
    struct bc_dtls_packet *next;
    size_t len;
    uint8_t bytes[];
};

struct bc_dtls_queue {
    struct bc_dtls_packet *first, *last;
    unsigned count;
};

/* What only a client keeps. */
struct bc_dtls_credentials {
    size_t key_len;
    uint8_t key[BC_DTLS_KEY_BYTES_MAX]; /* wiped when the handshake is over */
    char identity[BC_DTLS_IDENTITY_BYTES_MAX + 1];
    uint8_t binder[BC_DTLS_SECRET_BYTES]; /* ties exported bytes to identity and key */
    bc_dtls_keylog *keylog;
    void *keylog_context;
    BIO_METHOD *method;
};

struct bc_dtls {
    SSL *ssl;
    struct bc_dtls_server *server;           /* NULL in a client */
    struct bc_dtls_credentials *credentials; /* NULL in a server; in the same allocation */
    struct bc_dtls_queue out, plain;
    struct bc_dtls_packet *handed; /* what a view points into */
    bc_view in;                    /* the datagram that is being taken */
    bool peek;                     /* OpenSSL only looks at it */
    bool resumed;
    enum bc_dtls_state state;
    unsigned char early_records;
    unsigned char alert; /* the last one that came */
    bool alerted;
    uint8_t fingerprint[BC_DTLS_FINGERPRINT_BYTES]; /* of the key a server's session uses */
    uint32_t retransmit_first_ms, retransmit_ms;
    uint64_t now_ms, retransmit_at_ms, give_up_at_ms;
    struct timeval *timer; /* OpenSSL's own, NULL when it cannot be had */
    char failure[64];
};

/* A client's session is one allocation. */
struct bc_dtls_client_session {
    struct bc_dtls session;
    struct bc_dtls_credentials credentials;
};

struct bc_dtls_server {
    struct bc_dtls_server_config config;
    SSL_CTX *context;
    BIO_METHOD *method;
    uint8_t secret[BC_DTLS_SECRET_BYTES];
};

/* openssl.c */

/* A context with what both roles have in common, or NULL. */
SSL_CTX *bc_dtls_context_new(const SSL_METHOD *method, enum bc_dtls_version version, bool keylog);

/* Gives `session` an SSL object of `context` and a BIO of `method`; false without memory. */
bool bc_dtls_start(struct bc_dtls *session, SSL_CTX *context, const BIO_METHOD *method,
                   uint64_t now_ms);

/* Leaves a server's session the one cipher of DTLS 1.0; false when OpenSSL cannot. */
bool bc_dtls_only_1_0(struct bc_dtls *session);

/* Goes on with the handshake, then reads what there is. */
void bc_dtls_advance(struct bc_dtls *session);

void bc_dtls_fail(struct bc_dtls *session, const char *why);

/* HMAC-SHA256 over two parts, into 32 bytes; false when OpenSSL cannot. */
bool bc_dtls_hmac(bc_view key, bc_view first, bc_view second, uint8_t *out);

/* openssl_bio.c */

BIO_METHOD *bc_dtls_bio_method_new(void);

/* Appends a copy; false without memory. */
bool bc_dtls_queue_put(struct bc_dtls_queue *queue, bc_view bytes);
struct bc_dtls_packet *bc_dtls_queue_take(struct bc_dtls_queue *queue);
void bc_dtls_packet_free(struct bc_dtls_packet *packet); /* wiped; NULL is fine */

/* The callback that tells OpenSSL how long to wait. */
unsigned int bc_dtls_timer(SSL *ssl, unsigned int before_us);

/* openssl_resume.c */

/* A session as bytes that mean something only to who has the same `binder` (a secret made from
 * identity and key), and back; false and NULL when that fails. */
bool bc_dtls_session_pack(SSL_SESSION *session, bc_view binder, bc_sink *out);
SSL_SESSION *bc_dtls_session_unpack(bc_view packed, bc_view binder);

/* Copies the identity that a session's handshake proved; false when it has none. */
bool bc_dtls_session_identity(SSL_SESSION *session, bc_sink *out);

#endif
