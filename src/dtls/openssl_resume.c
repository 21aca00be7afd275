/*
 * A finished session as bytes, for the OpenSSL backend: what bc_dtls_export() writes.
 *
 *     16 bytes   HMAC-SHA256 of the rest under the binder, cut
 *     the rest   SSL_SESSION in OpenSSL's DER, without the identity
 *
 * The identity is left out because its owner knows it and room is dear: with one of 150 bytes the
 * ticket, in which the server keeps it too, is long enough already. The HMAC finds damage, and a
 * session of another identity or key, before they cost a handshake that cannot succeed.
 */
#include "openssl_private.h"

#include <openssl/crypto.h>
#include <string.h>

#include "base/sink.h"

#define TAG_BYTES 16
#define DER_SEQUENCE 0x30
#define DER_IDENTITY 0xA8 /* [8] psk_identity of SSL_SESSION */
#define DER_OCTETS 0x04

/* The next element of DER bytes: its first byte, the whole of it, and its content. */
struct element {
    uint8_t tag;
    bc_view whole, content;
};

static bool take_element(bc_view *in, struct element *out)
{
    if (in->len < 2)
        return false;
    size_t head = 2, len = in->ptr[1];
    if (len >= 0x80) {
        size_t digits = len & 0x7F;
        if (digits > 2 || in->len < head + digits)
            return false;
        len = 0;
        while (digits-- > 0)
            len = len << 8 | in->ptr[head++];
    }
    if (len > in->len - head)
        return false;
    out->tag = in->ptr[0];
    out->whole = (bc_view){in->ptr, head + len};
    out->content = (bc_view){in->ptr + head, len};
    *in = (bc_view){in->ptr + head + len, in->len - head - len};
    return true;
}

static void put_element_head(bc_sink *out, uint8_t tag, size_t len)
{
    bc_put_be(out, tag, 1);
    if (len >= 0x80)
        bc_put_be(out, len < 0x100 ? 0x81 : 0x82, 1);
    bc_put_be(out, len, len < 0x100 ? 1 : 2);
}

/* Its DER, to be freed with its length; NULL without memory. */
static uint8_t *encode(SSL_SESSION *session, bc_view *out)
{
    uint8_t *bytes = NULL;
    int len = i2d_SSL_SESSION(session, &bytes);
    if (len <= 0)
        return NULL;
    *out = (bc_view){bytes, (size_t)len};
    return bytes;
}

static void put_without_identity(bc_sink *out, bc_view der)
{
    struct element all, one;
    bc_view in = der;
    if (!take_element(&in, &all))
        return;
    size_t left_out = 0;
    for (in = all.content; take_element(&in, &one);)
        left_out += one.tag == DER_IDENTITY ? one.whole.len : 0;
    put_element_head(out, DER_SEQUENCE, all.content.len - left_out);
    for (in = all.content; take_element(&in, &one);)
        if (one.tag != DER_IDENTITY)
            bc_put_bytes(out, one.whole);
}

bool bc_dtls_session_pack(SSL_SESSION *session, bc_view binder, bc_sink *out)
{
    bc_view der;
    uint8_t tag[BC_DTLS_SECRET_BYTES], packed[BC_DTLS_RESUMPTION_BYTES_MAX];
    bc_sink body = {packed + TAG_BYTES, 0, sizeof(packed) - TAG_BYTES, false};
    uint8_t *bytes = encode(session, &der);
    if (bytes == NULL)
        return false;
    put_without_identity(&body, der);
    OPENSSL_clear_free(bytes, der.len);
    bool done =
        !body.full && body.len > 0 && bc_dtls_hmac(binder, bc_sink_view(&body), (bc_view){0}, tag);
    if (done) {
        memcpy(packed, tag, TAG_BYTES);
        bc_put_bytes(out, (bc_view){packed, TAG_BYTES + body.len});
        done = !out->full;
    }
    OPENSSL_cleanse(packed, sizeof(packed));
    return done;
}

SSL_SESSION *bc_dtls_session_unpack(bc_view packed, bc_view binder)
{
    uint8_t tag[BC_DTLS_SECRET_BYTES];
    if (packed.len <= TAG_BYTES || packed.len > BC_DTLS_RESUMPTION_BYTES_MAX)
        return NULL;
    bc_view body = {packed.ptr + TAG_BYTES, packed.len - TAG_BYTES};
    if (!bc_dtls_hmac(binder, body, (bc_view){0}, tag) ||
        CRYPTO_memcmp(tag, packed.ptr, TAG_BYTES) != 0)
        return NULL;
    const uint8_t *at = body.ptr;
    return d2i_SSL_SESSION(NULL, &at, (long)body.len);
}

bool bc_dtls_session_identity(SSL_SESSION *session, bc_sink *out)
{
    bc_view der;
    struct element all, one, identity = {0};
    bool found = false;
    uint8_t *bytes = encode(session, &der);
    if (bytes == NULL)
        return false;
    bc_view in = der;
    if (take_element(&in, &all)) {
        for (in = all.content; !found && take_element(&in, &one);)
            found = one.tag == DER_IDENTITY && take_element(&one.content, &identity) &&
                    identity.tag == DER_OCTETS;
    }
    if (found)
        bc_put_bytes(out, identity.content);
    OPENSSL_clear_free(bytes, der.len);
    return found && !out->full;
}
