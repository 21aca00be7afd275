/*
 * The network and the server of secure_desk.h.
 */
#define _GNU_SOURCE
#include "secure_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"

#define RECORD_HANDSHAKE 22
#define HELLO_TYPE_AT 13 /* behind the record's header */
#define CLIENT_HELLO 1

static struct secure_desk *secure_of(const struct desk *d)
{
    return (struct secure_desk *)(uintptr_t)d;
}

/* --- The server ------------------------------------------------------------------------------- */

static bool find_key(void *context, bc_view identity, bc_sink *key)
{
    const struct secure_desk *s = context;
    if (!bc_view_equal(identity, bc_view_of(s->identity)))
        return false;
    bc_put_bytes(key, s->key);
    return true;
}

void secure_restart_server(struct secure_desk *s, enum bc_dtls_version version, bool resumption)
{
    struct bc_dtls_server_config config = {
        .find_key = find_key, .context = s, .version = version, .resumption = resumption};
    bc_dtls_free(s->peer);
    s->peer = NULL;
    bc_dtls_server_destroy(s->listener);
    s->listener = bc_dtls_server_create(&config);
    assert_non_null(s->listener);
}

static bool happens(struct secure_desk *s, uint32_t percent)
{
    return percent > 0 && bc_random_next(&s->chance) % 100 < percent;
}

/* How many of a datagram arrive. */
static unsigned pass(struct secure_desk *s, bool up, bc_view bytes)
{
    assert_true(bytes.len <= BC_DTLS_DATAGRAM_BYTES_MAX);
    struct secure_datagram *taped = &s->tape[s->taped++ % SECURE_TAPE_MAX];
    taped->up = up;
    taped->len = bytes.len;
    memcpy(taped->bytes, bytes.ptr, bytes.len);
    if (s->count++ == s->lost || (up && s->server_deaf) || happens(s, s->loss_percent))
        return 0;
    return happens(s, s->twice_percent) ? 2 : 1;
}

static void queue_down(struct secure_desk *s, bc_view bytes)
{
    for (unsigned times = pass(s, false, bytes); times > 0; times--) {
        assert_true(s->downs < SECURE_DOWN_MAX);
        s->down[s->downs++] = s->tape[(s->taped - 1) % SECURE_TAPE_MAX];
    }
}

/* What the server's session has to say and has heard. */
static void work(struct secure_desk *s)
{
    bc_view out;
    while (s->peer != NULL && bc_dtls_read(s->peer, &out))
        desk_keep(&s->desk, &s->desk.server, out);
    while (s->peer != NULL && bc_dtls_take(s->peer, &out))
        queue_down(s, out);
}

static bool is_client_hello(bc_view in)
{
    return in.len > HELLO_TYPE_AT && in.ptr[0] == RECORD_HANDSHAKE && in.ptr[3] == 0 &&
           in.ptr[4] == 0 && in.ptr[HELLO_TYPE_AT] == CLIENT_HELLO;
}

static void greet(struct secure_desk *s, bc_view in)
{
    uint8_t bytes[BC_DTLS_DATAGRAM_BYTES_MAX];
    bc_sink reply = {.ptr = bytes, .cap = sizeof(bytes)};
    struct bc_dtls *peer =
        bc_dtls_accept(s->listener, s->desk.now_ms, &s->module_address, in, &reply);
    if (reply.len > 0)
        queue_down(s, bc_sink_view(&reply));
    if (peer == NULL)
        return;
    bc_dtls_free(s->peer);
    s->peer = peer;
    s->sessions++;
}

static void arrive(struct secure_desk *s, bc_view in)
{
    if (s->plain) {
        desk_keep(&s->desk, &s->desk.server, in);
        return;
    }
    bool shakes_hands = s->peer != NULL && bc_dtls_state(s->peer) == BC_DTLS_HANDSHAKE;
    if (!shakes_hands && is_client_hello(in))
        greet(s, in);
    else if (s->peer != NULL)
        bc_dtls_on_datagram(s->peer, s->desk.now_ms, in);
    work(s);
}

static void on_datagram(struct desk *d, const struct bc_address *to, bc_view in)
{
    struct secure_desk *s = secure_of(d);
    assert_true(bc_address_equal(to, &d->server));
    for (unsigned times = pass(s, true, in); times > 0; times--)
        arrive(s, in);
}

static bool holds(const void *memory, size_t bytes, bc_view secret)
{
    return secret.len > 0 && memmem(memory, bytes, secret.ptr, secret.len) != NULL;
}

/* Keys are in the storage and in the session, nowhere else. */
static void look_for_secret(const struct secure_desk *s)
{
    const struct desk_side *side = &s->desk.side[0];
    assert_false(holds(&side->memory, sizeof(side->memory), s->secret));
    assert_false(holds(&side->workspace, sizeof(side->workspace), s->secret));
    assert_false(holds(&side->other, sizeof(side->other), s->secret));
    assert_false(holds(s->log, s->log_len, s->secret));
}

/* Asked until there is nothing: then the module has said and done all it has to. */
static bool take(struct desk *d, struct bc_address *from, bc_sink *out)
{
    struct secure_desk *s = secure_of(d);
    if (s->downs == 0) {
        if (!d->host_deaf)
            look_for_secret(s);
        return false;
    }
    *from = d->server;
    bc_put_bytes(out, (bc_view){s->down[0].bytes, s->down[0].len});
    memmove(&s->down[0], &s->down[1], --s->downs * sizeof(s->down[0]));
    return true;
}

static void send_plain(struct desk *d, bc_view bytes)
{
    struct secure_desk *s = secure_of(d);
    if (s->plain) {
        queue_down(s, bytes);
        return;
    }
    assert_non_null(s->peer);
    assert_int_equal(bc_dtls_write(s->peer, bytes), BC_OK);
    work(s);
}

static void on_time(struct desk *d)
{
    struct secure_desk *s = secure_of(d);
    if (s->peer != NULL)
        bc_dtls_on_time(s->peer, d->now_ms);
    work(s);
}

static uint64_t deadline(const struct desk *d)
{
    const struct secure_desk *s = secure_of(d);
    return s->peer != NULL ? bc_dtls_deadline(s->peer) : BC_NEVER;
}

static const struct desk_network network = {.on_datagram = on_datagram,
                                            .take = take,
                                            .send = send_plain,
                                            .on_time = on_time,
                                            .deadline = deadline};

void secure_close_server(struct secure_desk *s)
{
    bc_dtls_close(s->peer);
    work(s);
    desk_after(&s->desk, 0);
}

void secure_mark(struct secure_desk *s, uint32_t lost)
{
    s->count = 0;
    s->lost = lost;
}

/* --- What the module says of itself ----------------------------------------------------------- */

static void on_trace(void *context, const char *line)
{
    struct secure_desk *s = context;
    int len = snprintf(s->log + s->log_len, sizeof(s->log) - s->log_len, "%s\n", line);
    assert_true(len > 0 && (size_t)len < sizeof(s->log) - s->log_len);
    s->log_len += (size_t)len;
}

static void on_keylog(void *context, const char *line)
{
    struct secure_desk *s = context;
    s->keylog_lines++;
    snprintf(s->keylog, sizeof(s->keylog), "%s", line);
}

/* --- Beginnings and ends ---------------------------------------------------------------------- */

struct secure_desk *secure_new(const struct bc_config *config)
{
    struct secure_desk *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    struct bc_config own = config == NULL ? (struct bc_config){.seed = 1} : *config;
    own.trace = on_trace;
    own.trace_context = s;
    own.keylog = on_keylog;
    own.keylog_context = s;
    s->identity = SECURE_IDENTITY;
    s->key = BC_TEXT(SECURE_KEY);
    s->secret = s->key;
    s->lost = NOTHING_IS_LOST;
    s->module_address = (struct bc_address){.ip = {10, 177, 135, 245}, .ip_len = 4, .port = 40000};
    secure_restart_server(s, BC_DTLS_NEGOTIATED, true);
    desk_begin_on(&s->desk, &own, &network);
    s->desk.server.port = SECURE_PORT;
    desk_booted(&s->desk);
    return s;
}

struct secure_desk *secure_configured(void)
{
    struct secure_desk *s = secure_new(NULL);
    desk_ok(&s->desk, SECURE_CONFIGURE);
    desk_ok(&s->desk, "AT+QLAADDOBJ=19,0,3,0,1,2");
    return s;
}

struct secure_desk *secure_registered(void)
{
    struct secure_desk *s = secure_configured();
    desk_register(&s->desk);
    return s;
}

void secure_abandon(struct secure_desk *s)
{
    bc_module_end(s->desk.module);
    look_for_secret(s);
    bc_dtls_free(s->peer);
    bc_dtls_server_destroy(s->listener);
    free(s);
}

void secure_free(struct secure_desk *s)
{
    desk_quiet(&s->desk);
    secure_abandon(s);
}

/* --- Registration ----------------------------------------------------------------------------- */

void secure_registers_at(struct secure_desk *s, const char *file, int line)
{
    struct desk *d = &s->desk;
    desk_command_at(d, "AT+QLAREG", "", "OK", file, line);
    for (uint64_t end_ms = d->now_ms + SECURE_GIVES_UP_MS; d->wires == 0 && d->now_ms < end_ms;)
        desk_after(d, 1000);
    desk_wire_at(d, REGISTER_WIRE(",</19/0>"), file, line);
    desk_server(d, "6441 <mid> <token> <location>");
    desk_urc_at(d, "+QLAREG: 0", file, line);
}

void secure_refused_at(struct secure_desk *s, uint64_t after_ms, const char *file, int line)
{
    struct desk *d = &s->desk;
    desk_command_at(d, "AT+QLAREG", "", "OK", file, line);
    if (after_ms > 0)
        desk_quiet_until_at(d, after_ms, file, line);
    desk_urc_at(d, "+QLAREG: 900", file, line);
    desk_status_at(d, 0, file, line);
    desk_quiet_at(d, file, line);
}
