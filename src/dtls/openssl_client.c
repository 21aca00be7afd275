/*
 * The client of the OpenSSL backend: opening a session, giving its identity and key (RFC 4279), and
 * taking up a former session. An SSL_CTX for each session, since a client shares nothing.
 */
#include "openssl_private.h"

#include <openssl/err.h>
#include <string.h>

#include "base/sink.h"

static unsigned int give_key(SSL *ssl, const char *hint, char *identity, unsigned int identity_cap,
                             unsigned char *key, unsigned int key_cap)
{
    const struct bc_dtls *s = SSL_get_app_data(ssl);
    const struct bc_dtls_credentials *own = s->credentials;
    size_t identity_len = strlen(own->identity);
    (void)hint;
    if (identity_len > identity_cap || own->key_len > key_cap)
        return 0;
    memcpy(identity, own->identity, identity_len + 1);
    memcpy(key, own->key, own->key_len);
    return (unsigned int)own->key_len;
}

static bool is_sound(const struct bc_dtls_client *client)
{
    return client->identity.len >= 1 && client->identity.len <= BC_DTLS_IDENTITY_BYTES_MAX &&
           memchr(client->identity.ptr, 0, client->identity.len) == NULL && client->key.len >= 1 &&
           client->key.len <= BC_DTLS_KEY_BYTES_MAX;
}

static bool keep_credentials(struct bc_dtls_credentials *own, const struct bc_dtls_client *client)
{
    own->key_len = client->key.len;
    memcpy(own->key, client->key.ptr, client->key.len);
    memcpy(own->identity, client->identity.ptr, client->identity.len);
    own->keylog = client->keylog;
    own->keylog_context = client->keylog_context;
    return bc_dtls_hmac(client->key, BC_TEXT("bc260y resumption"), client->identity, own->binder);
}

static bc_view binder_of(const struct bc_dtls *s)
{
    return (bc_view){s->credentials->binder, sizeof(s->credentials->binder)};
}

static bool start(struct bc_dtls *s, const struct bc_dtls_client *client, uint64_t now_ms)
{
    struct bc_dtls_credentials *own = s->credentials;
    SSL_CTX *context =
        bc_dtls_context_new(DTLS_client_method(), client->version, client->keylog != NULL);
    own->method = bc_dtls_bio_method_new();
    if (context == NULL || own->method == NULL || !keep_credentials(own, client)) {
        SSL_CTX_free(context);
        return false;
    }
    SSL_CTX_set_psk_client_callback(context, give_key);
    /* Servers for small devices often lack RFC 5746; what it guards against never happens here,
     * since there is no renegotiation. */
    SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT);
    bool started = bc_dtls_start(s, context, own->method, now_ms);
    SSL_CTX_free(context);
    return started;
}

static uint32_t first_wait_ms(uint32_t wanted_ms)
{
    if (wanted_ms == 0)
        return BC_DTLS_RETRANSMIT_FIRST_MS;
    return wanted_ms < BC_DTLS_RETRANSMIT_LAST_MS ? wanted_ms : BC_DTLS_RETRANSMIT_LAST_MS;
}

struct bc_dtls *bc_dtls_open(const struct bc_dtls_client *client, uint64_t now_ms)
{
    if (!is_sound(client))
        return NULL;
    struct bc_dtls_client_session *both = OPENSSL_zalloc(sizeof(*both));
    if (both == NULL)
        return NULL;
    struct bc_dtls *s = &both->session;
    s->credentials = &both->credentials;
    s->retransmit_first_ms = first_wait_ms(client->retransmit_first_ms);
    ERR_clear_error();
    if (!start(s, client, now_ms)) {
        ERR_clear_error();
        bc_dtls_free(s);
        return NULL;
    }
    SSL_SESSION *former = bc_dtls_session_unpack(client->resumption, binder_of(s));
    if (former != NULL)
        (void)SSL_set_session(s->ssl, former);
    SSL_SESSION_free(former);
    SSL_set_connect_state(s->ssl);
    bc_dtls_advance(s);
    return s;
}

bool bc_dtls_export(const struct bc_dtls *s, bc_sink *out)
{
    if (s->credentials == NULL || (s->state != BC_DTLS_OPEN && s->state != BC_DTLS_CLOSED))
        return false;
    SSL_SESSION *session = SSL_get_session(s->ssl);
    bool packed = session != NULL && SSL_SESSION_is_resumable(session) &&
                  bc_dtls_session_pack(session, binder_of(s), out);
    ERR_clear_error();
    return packed;
}
