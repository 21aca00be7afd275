/*
 * The part of a DTLS handshake that costs a server no state (RFC 6347 section 4.2.1): reading the
 * ClientHello that opens it, and writing the HelloVerifyRequest. Cookies are the backend's affair.
 */
#ifndef BC_DTLS_HELLO_H
#define BC_DTLS_HELLO_H

#include "bc260y/types.h"

#define BC_DTLS_COOKIE_BYTES 16

/* Views into the datagram. */
struct bc_dtls_hello {
    uint16_t version; /* on the wire: 0xFEFF is DTLS 1.0, 0xFEFD is 1.2 */
    bc_view sequence; /* of the record, 6 bytes */
    bc_view random;   /* 32 bytes */
    bc_view cookie;   /* empty in the first one */
};

/* Whether a datagram begins with a whole ClientHello in one fragment and without protection. One
 * in fragments is refused: to put it together would be state. */
bool bc_dtls_hello_parse(bc_view datagram, struct bc_dtls_hello *out);

/* Appends the datagram that asks the sender of `hello` to repeat it with `cookie`. It is shorter
 * than any ClientHello. */
void bc_dtls_hello_verify(const struct bc_dtls_hello *hello, bc_view cookie, bc_sink *out);

#endif
