/*
 * The serial line of a modem (V.250): bytes become command lines, echo and answers become bytes,
 * unsolicited result codes (URCs) wait until the line is free. What a command line means is left
 * to at/command.
 *
 *   host  --> "AT+CSQ" CR                       collected in `line`, echoed through `reply`
 *         <-- "AT+CSQ" CR                        echo
 *         <-- CR LF "+CSQ: 21,0" CR LF           written by the command
 *         <-- CR LF "OK" CR LF                   always exactly one final result
 *         <-- CR LF "+QLAURC: ..." CR LF         never before that
 */
#ifndef BC_AT_PORT_H
#define BC_AT_PORT_H

#include "bc260y/limits.h"
#include "bc260y/types.h"

#define BC_AT_WORKSPACE_BYTES (BC_AT_LINE_BYTES_MAX + BC_AT_REPLY_BYTES + BC_URC_BYTES)

/* The most one command may answer, final result included. */
#define BC_AT_RESPONSE_BYTES_MAX 1400

struct bc_at_port {
    uint8_t *workspace; /* borrowed: line, then reply, then URCs */
    uint16_t line_len;
    uint16_t reply_len;
    uint16_t urc_len;
    uint8_t urcs;
    uint8_t urc_taken;  /* 1 while the first URC is handed out */
    bool reply_taken;   /* the reply bytes are handed out */
    bool line_overlong; /* swallow until CR, then ERROR */
    bool echo;          /* ATE */
    bool quiet;         /* ATQ: no result codes */
    bool verbose;       /* ATV: words instead of numbers */
    uint8_t cme_errors; /* AT+CMEE: 0 = plain ERROR */
};

void bc_at_port_init(struct bc_at_port *port, uint8_t *workspace);

/* Takes bytes up to the end of one command line. `*line` is set and true returned when there is
 * one to execute; the bytes may be changed by the executor and live until the next call. An empty
 * `*line` with len 0 and ptr NULL stands for a line that was too long. `*accepted` counts what was
 * taken: less than `in.len` after a line, or when the host must take answers first. */
bool bc_at_on_bytes(struct bc_at_port *port, bc_view in, size_t *accepted, bc_sink *line);

/* Where the answer to the line goes; give it back when it is written. */
bc_sink bc_at_reply_begin(struct bc_at_port *port);
void bc_at_reply_end(struct bc_at_port *port, const bc_sink *reply);

/* Adds a URC: write its text, without line ends, between the two. The end is false, and nothing
 * was added, when it does not fit. */
bc_sink bc_at_urc_begin(struct bc_at_port *port);
bool bc_at_urc_end(struct bc_at_port *port, bc_sink *urc);
void bc_at_urc_line_break(bc_sink *urc); /* for two lines that must stay together */

/* Free places and bytes of the URC queue. */
unsigned bc_at_urcs_waiting(const struct bc_at_port *port);
size_t bc_at_urc_room(const struct bc_at_port *port);

/* The next bytes for the host: false when there are none or the line is not free. */
bool bc_at_take(struct bc_at_port *port, bc_view *out);

/* True when nothing lives in the workspace; then another one may be lent. */
bool bc_at_idle(const struct bc_at_port *port);
void bc_at_lend(struct bc_at_port *port, uint8_t *workspace);

/* Forgets everything but the settings: a reboot. Bytes that wait for the host stay. */
void bc_at_port_drop_line(struct bc_at_port *port);

/* The power is gone: bytes that wait for the host are, too. */
void bc_at_port_drop_all(struct bc_at_port *port);

#endif
