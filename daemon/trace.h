/*
 * --trace: what passes through the program, one line each on standard error, with the module's
 * milliseconds since the start:
 *
 *     [      1204] AT in   AT+QLAREG
 *     [      1204] AT out  OK
 *     [      1205] UDP out 127.0.0.1:5683 CON POST mid=4711 token=0A0B0C0D /rd?ep=...
 *     [      1205] module  registering
 *
 * Of DTLS only the records' content types and lengths are shown: "dtls handshake 41".
 *
 * "in" is towards the module. Bytes that are no printable ASCII are shown as \xNN. The PSK is
 * never shown: AT lines with QLACONFIG end at their seventh field, and a CoAP message about the
 * security object (/0) ends before its payload.
 */
#ifndef BC_DAEMON_TRACE_H
#define BC_DAEMON_TRACE_H

#include "bc260y/limits.h"
#include "bc260y/types.h"
#include "clock.h"

enum trace_way {
    TRACE_IN,
    TRACE_OUT,
};

struct trace_line {
    size_t len;
    bool cut; /* the rest of this line did not fit */
    char bytes[BC_AT_LINE_BYTES_MAX];
};

struct trace {
    bool on; /* off: every call returns at once */
    const struct daemon_clock *clock;
    struct trace_line lines[2]; /* AT lines under way, one a way */
};

void trace_open(struct trace *t, const struct daemon_clock *clock, bool on);

/* Bytes of the AT port; a line is printed when its CR or LF comes. */
void trace_serial(struct trace *t, enum trace_way way, bc_view bytes);

void trace_datagram(struct trace *t, enum trace_way way, const struct bc_address *peer,
                    bc_view datagram);

/* printf's arguments, without a line end. */
void trace_note(struct trace *t, const char *format, ...);

/* For struct bc_config; `trace` is the struct trace. */
void trace_on_module_line(void *trace, const char *line);

/* "192.0.2.1:5683", "[2001:db8::1]:5683" */
#define TRACE_ADDRESS_BYTES 64
void trace_address_text(const struct bc_address *address, char out[TRACE_ADDRESS_BYTES]);

#endif
