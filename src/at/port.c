/*
 * Line discipline: see port.h.
 */
#include "at/port.h"

#include <assert.h>
#include <string.h>

#include "base/sink.h"

#define CR 13
#define LF 10
#define BS 8
#define TAB 9
#define DEL 127
#define ECHO_BYTES_MAX 3 /* BS, space, BS */
#define URC_HEAD_BYTES 2 /* its length */

static uint8_t *line_of(const struct bc_at_port *port)
{
    return port->workspace;
}

static uint8_t *reply_of(const struct bc_at_port *port)
{
    return port->workspace + BC_AT_LINE_BYTES_MAX;
}

static uint8_t *urcs_of(const struct bc_at_port *port)
{
    return port->workspace + BC_AT_LINE_BYTES_MAX + BC_AT_REPLY_BYTES;
}

void bc_at_port_init(struct bc_at_port *port, uint8_t *workspace)
{
    *port = (struct bc_at_port){.workspace = workspace, .echo = true, .verbose = true};
}

void bc_at_port_drop_line(struct bc_at_port *port)
{
    bc_wipe(line_of(port), port->line_len);
    port->line_len = 0;
    port->line_overlong = false;
}

void bc_at_port_drop_all(struct bc_at_port *port)
{
    bc_at_port_drop_line(port);
    bc_wipe(reply_of(port), port->reply_len);
    port->reply_len = 0;
    port->reply_taken = false;
    port->urc_len = 0;
    port->urcs = 0;
    port->urc_taken = 0;
}

static size_t first_urc_bytes(const struct bc_at_port *port)
{
    const uint8_t *at = urcs_of(port);
    return (size_t)(at[0] << 8 | at[1]);
}

/* What was handed out is gone now. */
static void release_taken(struct bc_at_port *port)
{
    if (port->reply_taken) { /* it may have shown a key */
        bc_wipe(reply_of(port), port->reply_len);
        port->reply_len = 0;
    }
    port->reply_taken = false;
    if (port->urc_taken != 0) {
        size_t bytes = URC_HEAD_BYTES + first_urc_bytes(port);
        memmove(urcs_of(port), urcs_of(port) + bytes, port->urc_len - bytes);
        port->urc_len = (uint16_t)(port->urc_len - bytes);
        port->urcs--;
    }
    port->urc_taken = 0;
}

static void echo(struct bc_at_port *port, const char *bytes)
{
    size_t len = strlen(bytes);
    if (!port->echo)
        return;
    memcpy(reply_of(port) + port->reply_len, bytes, len);
    port->reply_len = (uint16_t)(port->reply_len + len);
}

static void on_byte(struct bc_at_port *port, uint8_t byte)
{
    if (byte == BS || byte == DEL) {
        if (port->line_len > 0) {
            line_of(port)[--port->line_len] = 0;
            echo(port, "\b \b");
        }
        return;
    }
    if ((byte < ' ' && byte != TAB) || port->line_overlong)
        return; /* line noise, or the rest of what is refused anyway */
    if (port->line_len == BC_AT_LINE_BYTES_MAX) {
        port->line_overlong = true;
        return;
    }
    line_of(port)[port->line_len++] = byte;
    echo(port, (const char[]){(char)byte, '\0'});
}

bool bc_at_on_bytes(struct bc_at_port *port, bc_view in, size_t *accepted, bc_sink *line)
{
    release_taken(port);
    for (*accepted = 0; *accepted < in.len;) {
        uint8_t byte = in.ptr[*accepted];
        size_t room = BC_AT_REPLY_BYTES - (size_t)port->reply_len;
        if (room < ECHO_BYTES_MAX + (byte == CR ? BC_AT_RESPONSE_BYTES_MAX : 0U))
            return false;
        ++*accepted;
        if (byte != CR) {
            on_byte(port, byte);
            continue;
        }
        bool something = port->line_len > 0 || port->line_overlong;
        echo(port, "\r");
        *line = (bc_sink){line_of(port), port->line_len, port->line_len, false};
        if (port->line_overlong) {
            *line = (bc_sink){0};
            bc_at_port_drop_line(port);
        }
        port->line_len = 0;
        if (something)
            return true;
    }
    return false;
}

bc_sink bc_at_reply_begin(struct bc_at_port *port)
{
    release_taken(port);
    return (bc_sink){.ptr = reply_of(port) + port->reply_len,
                     .cap = BC_AT_REPLY_BYTES - (size_t)port->reply_len};
}

void bc_at_reply_end(struct bc_at_port *port, const bc_sink *reply)
{
    assert(!reply->full);
    port->reply_len = (uint16_t)(port->reply_len + reply->len);
}

bc_sink bc_at_urc_begin(struct bc_at_port *port)
{
    release_taken(port);
    bc_sink urc = {.ptr = urcs_of(port) + port->urc_len,
                   .cap = BC_URC_BYTES - (size_t)port->urc_len};
    bc_put_be(&urc, 0, URC_HEAD_BYTES);
    bc_put_text(&urc, "\r\n");
    return urc;
}

void bc_at_urc_line_break(bc_sink *urc)
{
    bc_put_text(urc, "\r\n\r\n");
}

bool bc_at_urc_end(struct bc_at_port *port, bc_sink *urc)
{
    bc_put_text(urc, "\r\n");
    if (urc->full || port->urcs == BC_URCS_MAX)
        return false;
    size_t bytes = urc->len - URC_HEAD_BYTES;
    urc->ptr[0] = (uint8_t)(bytes >> 8);
    urc->ptr[1] = (uint8_t)bytes;
    port->urc_len = (uint16_t)(port->urc_len + urc->len);
    port->urcs++;
    return true;
}

unsigned bc_at_urcs_waiting(const struct bc_at_port *port)
{
    return port->urcs - (unsigned)port->urc_taken;
}

size_t bc_at_urc_room(const struct bc_at_port *port)
{
    size_t taken = port->urc_taken != 0 ? URC_HEAD_BYTES + first_urc_bytes(port) : 0;
    return BC_URC_BYTES - (size_t)port->urc_len + taken;
}

/* While the host types a command that is echoed, nothing may come between. Noise that cannot
 * become a command does not hold up anything. */
static bool line_open(const struct bc_at_port *port)
{
    return port->echo && port->line_len > 0 && (line_of(port)[0] == 'A' || line_of(port)[0] == 'a');
}

bool bc_at_take(struct bc_at_port *port, bc_view *out)
{
    release_taken(port);
    if (port->reply_len > 0) {
        *out = (bc_view){reply_of(port), port->reply_len};
        port->reply_taken = true;
        return true;
    }
    if (port->urcs == 0 || line_open(port))
        return false;
    *out = (bc_view){urcs_of(port) + URC_HEAD_BYTES, first_urc_bytes(port)};
    port->urc_taken = 1;
    return true;
}

bool bc_at_idle(const struct bc_at_port *port)
{
    return port->line_len == 0 && !port->line_overlong &&
           (port->reply_len == 0 || port->reply_taken) && bc_at_urcs_waiting(port) == 0;
}

/* The old workspace may be somebody else's already: what was handed out from it is left alone. */
void bc_at_lend(struct bc_at_port *port, uint8_t *workspace)
{
    port->reply_len = 0;
    port->reply_taken = false;
    port->urc_len = 0;
    port->urcs = 0;
    port->urc_taken = 0;
    port->workspace = workspace;
}
