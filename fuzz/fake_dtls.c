/*
 * A DTLS backend for the fuzz targets (src/dtls/dtls.h): nothing is secret, nothing is random, and
 * one input is one story. What stands around a session is fuzzed; the true backend has a target of
 * its own (fuzz_dtls.c). A datagram is
 *
 *     0x16            a handshake: one each way and the session is OPEN
 *     0x17 bytes      plain bytes
 *     0x15 0 | other  close_notify | a fatal alert
 */
#include <stdlib.h>
#include <string.h>

#include "dtls/dtls.h"

#define ALERT 0x15
#define HELLO 0x16
#define DATA 0x17
#define RESUMPTION "again"

struct packet {
    size_t len;
    uint8_t bytes[1 + BC_DTLS_DATAGRAM_BYTES_MAX];
};

struct bc_dtls {
    enum bc_dtls_state state;
    bool resumed;
    uint64_t give_up_ms, repeat_ms, wait_ms;
    bool plain_waits;
    unsigned waiting;
    struct packet plain;
    struct packet out[BC_DTLS_QUEUE_MAX];
    struct packet handed;
};

static void put(struct bc_dtls *s, uint8_t type, bc_view bytes)
{
    if (s->waiting == BC_DTLS_QUEUE_MAX)
        return;
    struct packet *packet = &s->out[s->waiting++];
    packet->bytes[0] = type;
    packet->len = 1 + bytes.len;
    if (bytes.len > 0)
        memcpy(packet->bytes + 1, bytes.ptr, bytes.len);
}

struct bc_dtls *bc_dtls_open(const struct bc_dtls_client *client, uint64_t now_ms)
{
    struct bc_dtls *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->wait_ms = client->retransmit_first_ms;
    s->repeat_ms = now_ms + s->wait_ms;
    s->give_up_ms = now_ms + BC_DTLS_HANDSHAKE_MS_MAX;
    s->resumed = client->resumption.len > 0;
    put(s, HELLO, (bc_view){0});
    return s;
}

void bc_dtls_free(struct bc_dtls *s)
{
    free(s);
}

void bc_dtls_close(struct bc_dtls *s)
{
    static const uint8_t notify = 0;
    if (s->state != BC_DTLS_OPEN)
        return;
    put(s, ALERT, (bc_view){&notify, 1});
    s->state = BC_DTLS_CLOSED;
}

enum bc_dtls_state bc_dtls_state(const struct bc_dtls *s)
{
    return s->state;
}

const char *bc_dtls_failure(const struct bc_dtls *s)
{
    return s->state == BC_DTLS_FAILED ? "no answer" : "";
}

bool bc_dtls_resumed(const struct bc_dtls *s)
{
    return s->resumed;
}

void bc_dtls_on_datagram(struct bc_dtls *s, uint64_t now_ms, bc_view in)
{
    (void)now_ms;
    if (in.len == 0)
        return;
    if (in.ptr[0] == HELLO && s->state == BC_DTLS_HANDSHAKE) {
        s->state = BC_DTLS_OPEN;
    } else if (in.ptr[0] == DATA && s->state == BC_DTLS_OPEN && in.len <= sizeof(s->plain.bytes)) {
        s->plain.len = in.len - 1;
        memcpy(s->plain.bytes, in.ptr + 1, in.len - 1);
        s->plain_waits = true;
    } else if (in.ptr[0] == ALERT && in.len > 1 && s->state <= BC_DTLS_OPEN) {
        s->state = in.ptr[1] == 0 && s->state == BC_DTLS_OPEN ? BC_DTLS_CLOSED : BC_DTLS_FAILED;
    }
}

bool bc_dtls_read(struct bc_dtls *s, bc_view *out)
{
    if (!s->plain_waits)
        return false;
    s->plain_waits = false;
    *out = (bc_view){s->plain.bytes, s->plain.len};
    return true;
}

enum bc_err bc_dtls_write(struct bc_dtls *s, bc_view plain)
{
    if (s->state != BC_DTLS_OPEN)
        return BC_ERR_STATE;
    if (s->waiting == BC_DTLS_QUEUE_MAX)
        return BC_ERR_FULL;
    put(s, DATA, plain);
    return BC_OK;
}

bool bc_dtls_take(struct bc_dtls *s, bc_view *out)
{
    if (s->waiting == 0)
        return false;
    s->handed = s->out[0];
    memmove(s->out, s->out + 1, --s->waiting * sizeof(s->out[0]));
    *out = (bc_view){s->handed.bytes, s->handed.len};
    return true;
}

void bc_dtls_on_time(struct bc_dtls *s, uint64_t now_ms)
{
    if (s->state != BC_DTLS_HANDSHAKE)
        return;
    if (s->give_up_ms <= now_ms) {
        s->state = BC_DTLS_FAILED;
    } else if (s->repeat_ms <= now_ms) {
        s->wait_ms *= 2;
        s->repeat_ms = now_ms + s->wait_ms;
        put(s, HELLO, (bc_view){0});
    }
}

uint64_t bc_dtls_deadline(const struct bc_dtls *s)
{
    if (s->state != BC_DTLS_HANDSHAKE)
        return BC_NEVER;
    return s->repeat_ms < s->give_up_ms ? s->repeat_ms : s->give_up_ms;
}

bool bc_dtls_export(const struct bc_dtls *s, bc_sink *out)
{
    size_t len = sizeof(RESUMPTION) - 1;
    if (s->state != BC_DTLS_OPEN || out->cap - out->len < len)
        return false;
    memcpy(out->ptr + out->len, RESUMPTION, len);
    out->len += len;
    return true;
}
