/*
 * The steps of bootstrap_server.h.
 */
#include "bootstrap_server.h"

#include <stdio.h>
#include <string.h>

enum { GET = 1, POST, PUT, DELETE };

static uint8_t last[2 * BC_DATAGRAM_BYTES_MAX];
static size_t last_len;
static unsigned last_id;

void bs_configured(struct desk *d)
{
    last_id = 0x3000;
    desk_ready(d);
    desk_ok(d, BS_CONFIGURE);
}

void bs_asked(struct desk *d)
{
    bs_configured(d);
    desk_ok(d, "AT+QLAREG");
    desk_wire(d, BS_WIRE);
}

void bs_at_step(struct desk *d, unsigned steps)
{
    bs_asked(d);
    for (unsigned step = 1; step <= steps; step++)
        bs_step(d, step);
}

void bs_step(struct desk *d, unsigned step)
{
    switch (step) {
    case 1:
        desk_server(d, "6444 <mid> <token>");
        break;
    case 2:
        bs_delete(d, "", 0x42);
        break;
    case 3:
        bs_put(d, "0/0", BS_OWN, 0x44);
        break;
    case 4:
        bs_put(d, "0/1", BS_ACCOUNT, 0x44);
        break;
    case 5:
        bs_put(d, "1/0", BS_SERVER, 0x44);
        break;
    default:
        bs_finish(d, 0x44);
        desk_urc(d, "+QLAURC: \"binding_changed\",U");
        desk_urc(d, "+QLAURC: \"bs_finished\"");
        break;
    }
}

void bs_at_given(struct desk *d)
{
    d->server = (struct bc_address){.ip = {180, 101, 147, 116}, .ip_len = 4, .port = 5700};
}

void bs_registered(struct desk *d)
{
    bs_at_given(d);
    desk_wire(d, BS_GIVEN_WIRE);
    desk_server(d, "6441 <mid> <token> <location>");
    desk_urc(d, "+QLAREG: 0");
}

/* "0/1" as Uri-Path options. */
static size_t put_path(uint8_t *out, const char *path)
{
    size_t len = 0;
    while (*path != '\0') {
        size_t segment = strcspn(path, "/");
        assert_true(segment < 13);
        out[len] = (uint8_t)((len == 0 ? 0xB0U : 0U) | segment);
        memcpy(out + len + 1, path, segment);
        len += 1 + segment;
        path += segment + (path[segment] == '/');
    }
    return len;
}

void bs_ask(struct desk *d, unsigned code, const char *path, const char *options,
            const char *payload)
{
    last_id++;
    memcpy(last,
           (uint8_t[]){0x42, (uint8_t)code, (uint8_t)(last_id >> 8), (uint8_t)last_id, 0xA1, 0xA2},
           6);
    last_len = 6;
    last_len += put_path(last + last_len, path);
    last_len += desk_bytes(d, options, last + last_len, sizeof(last) - last_len);
    if (payload != NULL) {
        last[last_len++] = 0xFF;
        last_len += desk_bytes(d, payload, last + last_len, sizeof(last) - last_len);
    }
    bs_repeat(d);
}

void bs_repeat(struct desk *d)
{
    desk_datagram(d, &d->server, last, last_len);
}

void bs_reply_at(struct desk *d, unsigned code, const char *file, int line)
{
    char reply[32];
    snprintf(reply, sizeof(reply), "62%02X%04XA1A2", code, last_id);
    desk_wire_at(d, reply, file, line);
}

void bs_put_at(struct desk *d, const char *path, const char *payload, unsigned code,
               const char *file, int line)
{
    bs_ask(d, PUT, path, BS_TLV, payload);
    bs_reply_at(d, code, file, line);
}

void bs_delete_at(struct desk *d, const char *path, unsigned code, const char *file, int line)
{
    bs_ask(d, DELETE, path, "", NULL);
    bs_reply_at(d, code, file, line);
}

void bs_finish_at(struct desk *d, unsigned code, const char *file, int line)
{
    bs_ask(d, POST, "bs", "", NULL);
    bs_reply_at(d, code, file, line);
}

const char *bs_text(char *out, size_t cap, unsigned resource, const char *text)
{
    size_t len = strlen(text);
    int head = len < 8 ? snprintf(out, cap, "%02X%02X", 0xC0U | (unsigned)len, resource)
                       : snprintf(out, cap, "C8%02X%02X", resource, (unsigned)len);
    assert_true(len < 256 && (size_t)head + 2 * len < cap);
    for (size_t i = 0; i < len; i++)
        snprintf(out + (size_t)head + 2 * i, 3, "%02X", (uint8_t)text[i]);
    return out;
}
