/*
 * A fatal alert inside a session, which the seam has no way to ask for: a record made by hand from
 * the secrets of the key log, as the server would protect it (RFC 5246 section 6.3, RFC 6655).
 */
#ifndef TEST_SECURE_ALERT_H
#define TEST_SECURE_ALERT_H

#include "secure_desk.h"

/* Of the session whose handshake came last; it must be one of PSK-AES128-CCM8. The server's own
 * side stays as it is. */
void secure_send_alert(struct secure_desk *s, uint8_t level, uint8_t description);

#define ALERT_WARNING 1
#define ALERT_FATAL 2
#define ALERT_CLOSE_NOTIFY 0
#define ALERT_INTERNAL_ERROR 80

#endif
