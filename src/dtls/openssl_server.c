/*
 * The server of the OpenSSL backend. A peer costs nothing until it has shown, with a cookie, that
 * it receives at its address (RFC 6347 section 4.2.1); a session that may be resumed costs nothing
 * either, since the peer keeps it, sealed, as a ticket (RFC 5077).
 */
#include "openssl_private.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <string.h>

#include "base/sink.h"
#include "hello.h"

/* A cookie is good for the period it was made in and the next: 4 to 9 minutes. */
#define COOKIE_PERIOD_BITS 18
#define TICKET_LIFETIME_S (30L * 24 * 60 * 60)

/* --- Keys ------------------------------------------------------------------------------------ */

/* What ties a ticket to the key with which it was earned. */
static bool fingerprint(const struct bc_dtls_server *server, bc_view identity, bc_view key,
                        uint8_t *out)
{
    uint8_t mac[BC_DTLS_SECRET_BYTES];
    uint8_t inner[BC_DTLS_SECRET_BYTES];
    bc_view secret = {server->secret, sizeof(server->secret)};
    bool done = bc_dtls_hmac(secret, BC_TEXT("key"), key, inner) &&
                bc_dtls_hmac((bc_view){inner, sizeof(inner)}, identity, (bc_view){0}, mac);
    memcpy(out, mac, BC_DTLS_FINGERPRINT_BYTES);
    OPENSSL_cleanse(inner, sizeof(inner));
    return done;
}

/* The key of an identity and its fingerprint; the length is 0 when there is none. */
static size_t look_up(const struct bc_dtls_server *server, bc_view identity, uint8_t *key,
                      uint8_t *mark)
{
    bc_sink sink = {key, 0, BC_DTLS_KEY_BYTES_MAX, false};
    if (!server->config.find_key(server->config.context, identity, &sink) || sink.full ||
        !fingerprint(server, identity, bc_sink_view(&sink), mark))
        return 0;
    return sink.len;
}

/* An unknown identity gets an alert of its own (RFC 4279 section 2). */
static unsigned int find_key(SSL *ssl, const char *identity, unsigned char *key, unsigned int cap)
{
    struct bc_dtls *s = SSL_get_app_data(ssl);
    uint8_t found[BC_DTLS_KEY_BYTES_MAX];
    size_t len = look_up(s->server, bc_view_of(identity), found, s->fingerprint);
    if (len > cap)
        len = 0;
    memcpy(key, found, len);
    OPENSSL_cleanse(found, sizeof(found));
    return (unsigned int)len;
}

/* --- Tickets --------------------------------------------------------------------------------- */

static int seal_ticket(SSL *ssl, void *unused)
{
    struct bc_dtls *s = SSL_get_app_data(ssl);
    (void)unused;
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), s->fingerprint,
                                           sizeof(s->fingerprint));
}

/* Good only while the identity has the key it had then: who was removed does not come back. */
static bool is_still_known(const struct bc_dtls *s, SSL_SESSION *session)
{
    uint8_t key[BC_DTLS_KEY_BYTES_MAX], mark[BC_DTLS_FINGERPRINT_BYTES];
    uint8_t name[256];
    bc_sink identity = {name, 0, sizeof(name), false};
    void *then;
    size_t then_len;
    bool known = bc_dtls_session_identity(session, &identity) &&
                 SSL_SESSION_get0_ticket_appdata(session, &then, &then_len) &&
                 look_up(s->server, bc_sink_view(&identity), key, mark) > 0 &&
                 then_len == sizeof(mark) && CRYPTO_memcmp(then, mark, sizeof(mark)) == 0;
    OPENSSL_cleanse(key, sizeof(key));
    return known;
}

static SSL_TICKET_RETURN open_ticket(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
                                     size_t name_len, SSL_TICKET_STATUS status, void *unused)
{
    struct bc_dtls *s = SSL_get_app_data(ssl);
    (void)name, (void)name_len, (void)unused;
    if (status == SSL_TICKET_EMPTY || status == SSL_TICKET_NO_DECRYPT)
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
        return SSL_TICKET_RETURN_ABORT;
    return is_still_known(s, session) ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_IGNORE_RENEW;
}

/* --- The listener ---------------------------------------------------------------------------- */

/* OpenSSL asks, but bc_dtls_accept() has checked it before. */
static int approve_cookie(SSL *ssl, const unsigned char *cookie, unsigned int len)
{
    (void)ssl, (void)cookie, (void)len;
    return 1;
}

static bool set_up(struct bc_dtls_server *server)
{
    const struct bc_dtls_server_config *config = &server->config;
    server->method = bc_dtls_bio_method_new();
    server->context =
        bc_dtls_context_new(DTLS_server_method(), config->version, config->keylog != NULL);
    if (server->method == NULL || server->context == NULL ||
        RAND_bytes(server->secret, sizeof(server->secret)) != 1)
        return false;
    SSL_CTX_set_psk_server_callback(server->context, find_key);
    SSL_CTX_set_cookie_verify_cb(server->context, approve_cookie);
    if (!config->resumption)
        SSL_CTX_set_options(server->context, SSL_OP_NO_TICKET);
    SSL_CTX_set_timeout(server->context, TICKET_LIFETIME_S);
    return SSL_CTX_set_session_ticket_cb(server->context, seal_ticket, open_ticket, NULL) == 1;
}

struct bc_dtls_server *bc_dtls_server_create(const struct bc_dtls_server_config *config)
{
    struct bc_dtls_server *server = OPENSSL_zalloc(sizeof(*server));
    if (server == NULL)
        return NULL;
    server->config = *config;
    ERR_clear_error();
    if (!set_up(server)) {
        bc_dtls_server_destroy(server);
        server = NULL;
    }
    ERR_clear_error();
    return server;
}

void bc_dtls_server_destroy(struct bc_dtls_server *server)
{
    if (server == NULL)
        return;
    SSL_CTX_free(server->context);
    BIO_meth_free(server->method);
    OPENSSL_clear_free(server, sizeof(*server));
}

/* --- Cookies --------------------------------------------------------------------------------- */

static bool make_cookie(const struct bc_dtls_server *server, const struct bc_address *from,
                        const struct bc_dtls_hello *hello, uint64_t period, uint8_t *out)
{
    uint8_t bytes[sizeof(from->ip) + 16];
    uint8_t mac[BC_DTLS_SECRET_BYTES];
    bc_sink about = {bytes, 0, sizeof(bytes), false};
    bc_put_be(&about, (uint32_t)period, 4);
    bc_put_be(&about, from->port, 2);
    bc_put_bytes(&about, (bc_view){from->ip, from->ip_len});
    if (!bc_dtls_hmac((bc_view){server->secret, sizeof(server->secret)}, bc_sink_view(&about),
                      hello->random, mac))
        return false;
    memcpy(out, mac, BC_DTLS_COOKIE_BYTES);
    return true;
}

static bool is_good_cookie(const struct bc_dtls_server *server, const struct bc_address *from,
                           const struct bc_dtls_hello *hello, uint64_t period)
{
    uint8_t good[BC_DTLS_COOKIE_BYTES];
    for (unsigned before = 0; before < 2; before++) {
        if (make_cookie(server, from, hello, period - before, good) &&
            CRYPTO_memcmp(good, hello->cookie.ptr, sizeof(good)) == 0)
            return true;
    }
    return false;
}

/* A session that has taken the ClientHello. DTLSv1_listen() leaves its numbers as if it had sent
 * the HelloVerifyRequest itself. */
static struct bc_dtls *begin(struct bc_dtls_server *server, uint64_t now_ms,
                             const struct bc_dtls_hello *hello, bc_view in)
{
    struct bc_dtls *s = OPENSSL_zalloc(sizeof(*s));
    BIO_ADDR *nobody = BIO_ADDR_new();
    if (s == NULL || nobody == NULL)
        goto out;
    s->server = server;
    s->retransmit_first_ms = BC_DTLS_RETRANSMIT_FIRST_MS;
    s->in = in;
    if (!bc_dtls_start(s, server->context, server->method, now_ms) ||
        (hello->version == DTLS1_VERSION && !bc_dtls_only_1_0(s)) ||
        DTLSv1_listen(s->ssl, nobody) <= 0)
        goto out;
    BIO_ADDR_free(nobody);
    bc_dtls_advance(s);
    return s;
out:
    BIO_ADDR_free(nobody);
    bc_dtls_free(s);
    return NULL;
}

struct bc_dtls *bc_dtls_accept(struct bc_dtls_server *server, uint64_t now_ms,
                               const struct bc_address *from, bc_view in, bc_sink *reply)
{
    struct bc_dtls_hello hello;
    uint8_t cookie[BC_DTLS_COOKIE_BYTES];
    uint64_t period = now_ms >> COOKIE_PERIOD_BITS;
    struct bc_dtls *s = NULL;
    if (in.len > BC_DTLS_DATAGRAM_BYTES_MAX || !bc_dtls_hello_parse(in, &hello))
        return NULL;
    ERR_clear_error();
    if (hello.cookie.len == sizeof(cookie) && is_good_cookie(server, from, &hello, period))
        s = begin(server, now_ms, &hello, in);
    else if (make_cookie(server, from, &hello, period, cookie))
        bc_dtls_hello_verify(&hello, (bc_view){cookie, sizeof(cookie)}, reply);
    ERR_clear_error();
    return s;
}
