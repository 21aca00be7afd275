/*
 * ClientHello and HelloVerifyRequest (RFC 6347 section 4.2): see hello.h.
 */
#include "hello.h"

#include "base/sink.h"

#define RECORD_HANDSHAKE 22
#define MESSAGE_CLIENT_HELLO 1
#define MESSAGE_HELLO_VERIFY_REQUEST 3
#define MESSAGE_HEADER_BYTES 12
#define DTLS_1_0 0xFEFF
#define DTLS_MAJOR 0xFE

/* Bytes behind a length of their own. */
static bool take_block(bc_view *in, unsigned length_bytes, bc_view *out)
{
    uint32_t len;
    return bc_take_be(in, length_bytes, &len) && bc_take_bytes(in, len, out);
}

static bool take_record(bc_view *in, bc_view *sequence, bc_view *fragment)
{
    uint32_t type, version, epoch;
    return bc_take_be(in, 1, &type) && bc_take_be(in, 2, &version) && bc_take_be(in, 2, &epoch) &&
           bc_take_bytes(in, 6, sequence) && take_block(in, 2, fragment) &&
           type == RECORD_HANDSHAKE && version >> 8 == DTLS_MAJOR && epoch == 0;
}

static bool take_message(bc_view *in, bc_view *body)
{
    uint32_t type, length, sequence, offset;
    return bc_take_be(in, 1, &type) && bc_take_be(in, 3, &length) && bc_take_be(in, 2, &sequence) &&
           bc_take_be(in, 3, &offset) && take_block(in, 3, body) && type == MESSAGE_CLIENT_HELLO &&
           offset == 0 && body->len == length && in->len == 0;
}

bool bc_dtls_hello_parse(bc_view datagram, struct bc_dtls_hello *out)
{
    bc_view fragment, body, session_id, suites, compressions;
    uint32_t version;
    if (!take_record(&datagram, &out->sequence, &fragment) || !take_message(&fragment, &body))
        return false;
    if (!bc_take_be(&body, 2, &version) || version >> 8 != DTLS_MAJOR)
        return false;
    out->version = (uint16_t)version;
    return bc_take_bytes(&body, 32, &out->random) && take_block(&body, 1, &session_id) &&
           take_block(&body, 1, &out->cookie) && take_block(&body, 2, &suites) &&
           take_block(&body, 1, &compressions) && session_id.len <= 32 && suites.len >= 2 &&
           compressions.len >= 1;
}

/* Both versions in it are that of DTLS 1.0, whatever is negotiated later (RFC 6347 4.2.1); the
 * record repeats the client's number, since the server has none of its own to count. */
void bc_dtls_hello_verify(const struct bc_dtls_hello *hello, bc_view cookie, bc_sink *out)
{
    size_t body = 3 + cookie.len;
    bc_put_be(out, RECORD_HANDSHAKE, 1);
    bc_put_be(out, DTLS_1_0, 2);
    bc_put_be(out, 0, 2);
    bc_put_bytes(out, hello->sequence);
    bc_put_be(out, MESSAGE_HEADER_BYTES + body, 2);
    bc_put_be(out, MESSAGE_HELLO_VERIFY_REQUEST, 1);
    bc_put_be(out, body, 3);
    bc_put_be(out, 0, 2);
    bc_put_be(out, 0, 3);
    bc_put_be(out, body, 3);
    bc_put_be(out, DTLS_1_0, 2);
    bc_put_be(out, cookie.len, 1);
    bc_put_bytes(out, cookie);
}
