/*
 * The OpenSSL backend of dtls.h (RFC 4347, 6347): a session of either role once it exists. Opening
 * one is in openssl_client.c and openssl_server.c, the way of its datagrams in openssl_bio.c.
 *
 * OpenSSL does the protocol: reassembly, replay window, retransmission. What is added here is the
 * caller's clock, an end for each handshake, and small limits on what a forger can make us keep.
 */
#include "openssl_private.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/time.h>

#include "base/sink.h"

#define RECORD_HEADER_BYTES 13
#define EARLY_RECORDS_MAX 16

/* Pre-shared keys only (RFC 4279, 5487, 6655). DTLS 1.0 knows one of them. */
#define CIPHERS_1_0 "PSK-AES128-CBC-SHA"
#define CIPHERS_1_2 \
    "PSK-AES128-CCM8:PSK-AES128-CCM:PSK-AES128-GCM-SHA256:PSK-AES128-CBC-SHA256:" CIPHERS_1_0

/* --- What both roles begin with -------------------------------------------------------------- */

static void on_info(const SSL *ssl, int where, int value)
{
    struct bc_dtls *s = SSL_get_app_data(ssl);
    if ((where & SSL_CB_READ_ALERT) != SSL_CB_READ_ALERT || value >> 8 != SSL3_AL_FATAL)
        return;
    s->alerted = true;
    s->alert = (unsigned char)value;
}

static void on_keylog(const SSL *ssl, const char *line)
{
    const struct bc_dtls *s = SSL_get_app_data(ssl);
    if (s->server != NULL && s->server->config.keylog != NULL)
        s->server->config.keylog(s->server->config.keylog_context, line);
    if (s->credentials != NULL && s->credentials->keylog != NULL)
        s->credentials->keylog(s->credentials->keylog_context, line);
}

/* DTLS 1.0 hashes with MD5 and SHA-1, which OpenSSL only does at security level 0. With pre-shared
 * keys the level decides nothing else: the list of ciphers does. And no encrypt-then-MAC (RFC
 * 7366): with it OpenSSL ends a session over a record with a wrong MAC, which anybody can forge. */
SSL_CTX *bc_dtls_context_new(const SSL_METHOD *method, enum bc_dtls_version version, bool keylog)
{
    SSL_CTX *context = SSL_CTX_new(method);
    if (context == NULL)
        return NULL;
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_NO_COMPRESSION | SSL_OP_NO_ENCRYPT_THEN_MAC |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_send_fragment(context, BC_DTLS_DATAGRAM_BYTES_MAX);
    SSL_CTX_set_max_cert_list(context, 1); /* what a forged message may make us put together */
    SSL_CTX_set_info_callback(context, on_info);
    if (keylog)
        SSL_CTX_set_keylog_callback(context, on_keylog);
    int least = version == BC_DTLS_1_2 ? DTLS1_2_VERSION : DTLS1_VERSION;
    int most = version == BC_DTLS_1_0 ? DTLS1_VERSION : DTLS1_2_VERSION;
    if (SSL_CTX_set_min_proto_version(context, least) &&
        SSL_CTX_set_max_proto_version(context, most) &&
        SSL_CTX_set_cipher_list(context, version == BC_DTLS_1_0 ? CIPHERS_1_0 : CIPHERS_1_2))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

bool bc_dtls_start(struct bc_dtls *s, SSL_CTX *context, const BIO_METHOD *method, uint64_t now_ms)
{
    s->now_ms = now_ms;
    s->retransmit_at_ms = BC_NEVER;
    s->give_up_at_ms = now_ms + BC_DTLS_HANDSHAKE_MS_MAX;
    s->ssl = SSL_new(context);
    BIO *bio = BIO_new(method);
    if (s->ssl == NULL || bio == NULL) {
        BIO_free(bio);
        return false;
    }
    BIO_set_data(bio, s);
    SSL_set_bio(s->ssl, bio, bio);
    SSL_set_app_data(s->ssl, s);
    DTLS_set_link_mtu(s->ssl, BC_DTLS_LINK_BYTES);
    DTLS_set_timer_cb(s->ssl, bc_dtls_timer);
    return true;
}

bool bc_dtls_only_1_0(struct bc_dtls *s)
{
    return SSL_set_cipher_list(s->ssl, CIPHERS_1_0) == 1;
}

bool bc_dtls_hmac(bc_view key, bc_view first, bc_view second, uint8_t *out)
{
    size_t len = 0;
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {OSSL_PARAM_utf8_string("digest", digest, sizeof(digest) - 1),
                               OSSL_PARAM_END};
    bool done = context != NULL && EVP_MAC_init(context, key.ptr, key.len, parameters) &&
                EVP_MAC_update(context, first.ptr, first.len) &&
                EVP_MAC_update(context, second.ptr, second.len) &&
                EVP_MAC_final(context, out, &len, BC_DTLS_SECRET_BYTES);
    EVP_MAC_CTX_free(context);
    EVP_MAC_free(mac);
    return done;
}

/* --- The end --------------------------------------------------------------------------------- */

/* The handshake is over, whichever way: no key is needed any more, and no clock. */
static void end_handshake(struct bc_dtls *s, enum bc_dtls_state state)
{
    s->state = state;
    s->retransmit_at_ms = BC_NEVER;
    if (s->credentials != NULL)
        OPENSSL_cleanse(s->credentials->key, sizeof(s->credentials->key));
}

void bc_dtls_fail(struct bc_dtls *s, const char *why)
{
    bc_sink text = {(uint8_t *)s->failure, 0, sizeof(s->failure) - 1, false};
    bc_put_text(&text, why);
    s->failure[text.len] = '\0';
    end_handshake(s, BC_DTLS_FAILED);
}

static bool is_version_trouble(int reason)
{
    return reason == SSL_R_UNSUPPORTED_PROTOCOL || reason == SSL_R_WRONG_SSL_VERSION ||
           reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_VERSION_TOO_LOW ||
           reason == SSL_R_VERSION_TOO_HIGH || reason == SSL_R_UNKNOWN_PROTOCOL;
}

/* OpenSSL's reasons are phrases without values, so no secret can be in them. */
static void fail_as_openssl_says(struct bc_dtls *s)
{
    char text[sizeof(s->failure)];
    bc_sink phrase = {(uint8_t *)text, 0, sizeof(text) - 1, false};
    unsigned long error = ERR_peek_error();
    const char *reason = ERR_reason_error_string(error);
    if ((s->alerted && s->alert == SSL_AD_PROTOCOL_VERSION) ||
        (!s->alerted && is_version_trouble(ERR_GET_REASON(error)))) {
        bc_put_text(&phrase, "unsupported version");
    } else if (s->alerted) {
        bc_put_format(&phrase, "the peer sent alert %u, ", (unsigned)s->alert);
        bc_put_text(&phrase, SSL_alert_desc_string_long(s->alert));
    } else {
        bc_put_text(&phrase, reason != NULL ? reason : "handshake failed");
    }
    text[phrase.len] = '\0';
    bc_dtls_fail(s, text);
}

void bc_dtls_free(struct bc_dtls *s)
{
    if (s == NULL)
        return;
    size_t bytes = sizeof(*s);
    SSL_free(s->ssl);
    while (s->out.first != NULL)
        bc_dtls_packet_free(bc_dtls_queue_take(&s->out));
    while (s->plain.first != NULL)
        bc_dtls_packet_free(bc_dtls_queue_take(&s->plain));
    bc_dtls_packet_free(s->handed);
    if (s->credentials != NULL) {
        BIO_meth_free(s->credentials->method);
        bytes = sizeof(struct bc_dtls_client_session);
    }
    OPENSSL_clear_free(s, bytes);
}

void bc_dtls_close(struct bc_dtls *s)
{
    if (s->state != BC_DTLS_OPEN)
        return;
    ERR_clear_error();
    if (SSL_alloc_buffers(s->ssl))
        (void)SSL_shutdown(s->ssl);
    SSL_free_buffers(s->ssl);
    ERR_clear_error();
    s->state = BC_DTLS_CLOSED;
}

/* --- Datagrams ------------------------------------------------------------------------------- */

static void advance_handshake(struct bc_dtls *s)
{
    int result = SSL_do_handshake(s->ssl);
    if (result == 1) {
        s->resumed = SSL_session_reused(s->ssl) != 0;
        end_handshake(s, BC_DTLS_OPEN);
        return;
    }
    int error = SSL_get_error(s->ssl, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
        fail_as_openssl_says(s);
}

/* A peer that sends faster than its datagrams are read loses the newest. */
static void read_records(struct bc_dtls *s)
{
    uint8_t plain[BC_DTLS_DATAGRAM_BYTES_MAX];
    int len;
    while ((len = SSL_read(s->ssl, plain, sizeof(plain))) > 0) {
        if (s->plain.count < BC_DTLS_QUEUE_MAX)
            (void)bc_dtls_queue_put(&s->plain, (bc_view){plain, (size_t)len});
    }
    OPENSSL_cleanse(plain, sizeof(plain));
    switch (SSL_get_error(s->ssl, len)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        break;
    case SSL_ERROR_ZERO_RETURN:
        bc_dtls_close(s);
        break;
    default:
        fail_as_openssl_says(s);
        break;
    }
}

/* The record buffers, 18 KB, are kept only while something is under way. */
void bc_dtls_advance(struct bc_dtls *s)
{
    ERR_clear_error();
    if (!SSL_alloc_buffers(s->ssl))
        return;
    if (s->state == BC_DTLS_HANDSHAKE)
        advance_handshake(s);
    ERR_clear_error();
    if (s->state == BC_DTLS_OPEN)
        read_records(s);
    s->in = (bc_view){0};
    SSL_free_buffers(s->ssl);
    ERR_clear_error();
}

/* What a protected record of this session has at least: nonce and tag, or nonce, MAC and padding;
 * in a handshake it is a Finished of 24 bytes. */
static size_t least_protected_bytes(const struct bc_dtls *s)
{
    const SSL_CIPHER *cipher = SSL_get_current_cipher(s->ssl);
    if (s->state == BC_DTLS_HANDSHAKE || cipher == NULL)
        return 24 + 16;
    if (SSL_CIPHER_is_aead(cipher))
        return 16;
    return SSL_CIPHER_get_digest_nid(cipher) == NID_sha256 ? 64 : 48;
}

/* OpenSSL ends a session over a record too short for its MAC, which anybody can forge; and before
 * it has keys it keeps what comes for them, in 16 KB each in older releases of 3.0. An honest peer
 * has one such record for each time it repeats its last flight. */
static bool is_trap(struct bc_dtls *s, bc_view in)
{
    size_t least = least_protected_bytes(s);
    while (in.len >= RECORD_HEADER_BYTES) {
        size_t len = (size_t)in.ptr[11] << 8 | in.ptr[12];
        if (in.ptr[3] != 0 || in.ptr[4] != 0) {
            if (len < least)
                return true;
            bool kept = in.ptr[0] == SSL3_RT_HANDSHAKE || in.ptr[0] == SSL3_RT_ALERT;
            if (kept && in.ptr[4] == 1 && s->state == BC_DTLS_HANDSHAKE &&
                s->early_records++ >= EARLY_RECORDS_MAX) {
                s->early_records = EARLY_RECORDS_MAX;
                return true;
            }
        }
        if (len > in.len - RECORD_HEADER_BYTES)
            break;
        in = (bc_view){in.ptr + RECORD_HEADER_BYTES + len, in.len - RECORD_HEADER_BYTES - len};
    }
    return false;
}

void bc_dtls_on_datagram(struct bc_dtls *s, uint64_t now_ms, bc_view in)
{
    s->now_ms = now_ms;
    if (s->state != BC_DTLS_HANDSHAKE && s->state != BC_DTLS_OPEN)
        return;
    if (in.len < RECORD_HEADER_BYTES || in.len > BC_DTLS_DATAGRAM_BYTES_MAX || is_trap(s, in))
        return;
    s->in = in;
    bc_dtls_advance(s);
}

static bool hand_out(struct bc_dtls *s, struct bc_dtls_queue *queue, bc_view *out)
{
    bc_dtls_packet_free(s->handed);
    s->handed = bc_dtls_queue_take(queue);
    if (s->handed == NULL)
        return false;
    *out = (bc_view){s->handed->bytes, s->handed->len};
    return true;
}

bool bc_dtls_read(struct bc_dtls *s, bc_view *out)
{
    return hand_out(s, &s->plain, out);
}

bool bc_dtls_take(struct bc_dtls *s, bc_view *out)
{
    return hand_out(s, &s->out, out);
}

enum bc_err bc_dtls_write(struct bc_dtls *s, bc_view plain)
{
    if (s->state != BC_DTLS_OPEN)
        return BC_ERR_STATE;
    if (plain.len == 0)
        return BC_ERR_RANGE;
    if (plain.len > BC_DTLS_DATAGRAM_BYTES_MAX - BC_DTLS_OVERHEAD_BYTES_MAX ||
        s->out.count >= BC_DTLS_QUEUE_MAX)
        return BC_ERR_FULL;
    ERR_clear_error();
    bool written = SSL_alloc_buffers(s->ssl) && SSL_write(s->ssl, plain.ptr, (int)plain.len) > 0;
    SSL_free_buffers(s->ssl);
    ERR_clear_error();
    return written ? BC_OK : BC_ERR_FULL;
}

/* --- Time ------------------------------------------------------------------------------------ */

/* Where OpenSSL's timer is out of reach its own clock has the last word: come again then. */
static void wait_for_openssl(struct bc_dtls *s)
{
    struct timeval left;
    uint64_t wait_ms = 1;
    if (DTLSv1_get_timeout(s->ssl, &left))
        wait_ms += (uint64_t)left.tv_sec * 1000 + (uint64_t)left.tv_usec / 1000;
    s->retransmit_at_ms = s->now_ms + wait_ms;
}

static void repeat_flight(struct bc_dtls *s)
{
    if (s->timer != NULL)
        *s->timer = (struct timeval){.tv_sec = 1};
    ERR_clear_error();
    int repeated = SSL_alloc_buffers(s->ssl) ? (int)DTLSv1_handle_timeout(s->ssl) : -1;
    if (repeated < 0)
        bc_dtls_fail(s, "no answer");
    else if (repeated == 0)
        wait_for_openssl(s);
    SSL_free_buffers(s->ssl);
    ERR_clear_error();
}

void bc_dtls_on_time(struct bc_dtls *s, uint64_t now_ms)
{
    s->now_ms = now_ms;
    if (s->state != BC_DTLS_HANDSHAKE)
        return;
    if (now_ms >= s->give_up_at_ms)
        bc_dtls_fail(s, "no answer");
    else if (now_ms >= s->retransmit_at_ms)
        repeat_flight(s);
}

uint64_t bc_dtls_deadline(const struct bc_dtls *s)
{
    if (s->state != BC_DTLS_HANDSHAKE)
        return BC_NEVER;
    return s->retransmit_at_ms < s->give_up_at_ms ? s->retransmit_at_ms : s->give_up_at_ms;
}

/* --- What it is ------------------------------------------------------------------------------ */

enum bc_dtls_state bc_dtls_state(const struct bc_dtls *s)
{
    return s->state;
}

const char *bc_dtls_failure(const struct bc_dtls *s)
{
    return s->state == BC_DTLS_FAILED ? s->failure : "";
}

const char *bc_dtls_version_name(const struct bc_dtls *s)
{
    return SSL_get_version(s->ssl);
}

const char *bc_dtls_cipher_name(const struct bc_dtls *s)
{
    return SSL_get_cipher_name(s->ssl);
}

bool bc_dtls_resumed(const struct bc_dtls *s)
{
    return s->resumed;
}

bc_view bc_dtls_identity(const struct bc_dtls *s)
{
    const char *identity = s->server != NULL ? SSL_get_psk_identity(s->ssl) : NULL;
    return identity != NULL ? bc_view_of(identity) : (bc_view){0};
}
