/*
 * The virtual clock, the twin and the patterns of desk.h.
 */
#include "desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"

#define START_MS 5000000
#define STEPS_MAX 100000 /* of the clock in one wait: more is a busy loop */

/* --- The module and its twin ----------------------------------------------------------------- */

/* A module alone loses its workspace as a twin would. */
static struct desk_side *last_side(struct desk *d)
{
    return &d->side[d->sides - 1];
}

/* The twin's workspace comes back, at another place, before anything is said to it. */
static void before(struct desk *d)
{
    struct desk_side *twin = last_side(d);
    if (!d->twin_idle)
        return;
    d->twin_other = !d->twin_other;
    bc_lend_workspace(twin->module, d->twin_other ? &twin->other : &twin->workspace);
    d->twin_idle = false;
}

static void take_away_workspace(struct desk *d)
{
    struct desk_side *twin = last_side(d);
    bool idle = bc_idle(twin->module);
    assert_int_equal(idle, bc_idle(d->module));
    if (idle)
        memset(d->twin_other ? &twin->other : &twin->workspace, 0xDB, sizeof(twin->workspace));
    d->twin_idle = idle;
}

void desk_keep(struct desk *d, const struct bc_address *to, bc_view bytes)
{
    assert_true(d->wires < DESK_WIRES_MAX);
    assert_true(bytes.len <= BC_DATAGRAM_BYTES_MAX);
    struct desk_datagram *wire = &d->wire[d->wires++];
    wire->to = *to;
    wire->len = bytes.len;
    memcpy(wire->bytes, bytes.ptr, bytes.len);
}

/* --- A network that adds nothing -------------------------------------------------------------- */

static bool take_nothing(struct desk *d, struct bc_address *from, bc_sink *out)
{
    (void)d;
    (void)from;
    (void)out;
    return false;
}

static void send_now(struct desk *d, bc_view bytes)
{
    desk_datagram(d, &d->server, bytes.ptr, bytes.len);
}

static void pass_time(struct desk *d)
{
    (void)d;
}

static uint64_t no_deadline(const struct desk *d)
{
    (void)d;
    return BC_NEVER;
}

const struct desk_network desk_plain_network = {.on_datagram = desk_keep,
                                                .take = take_nothing,
                                                .send = send_now,
                                                .on_time = pass_time,
                                                .deadline = no_deadline};

/* --- Taking ---------------------------------------------------------------------------------- */

static void twin_takes_datagram(struct desk *d, const struct bc_address *to, bc_view out)
{
    struct bc_address twin_to = {.port = 0};
    bc_view twin_out;
    if (d->sides == 1)
        return;
    assert_true(bc_take_datagram(d->side[1].module, &twin_to, &twin_out));
    assert_int_equal(out.len, twin_out.len);
    assert_memory_equal(out.ptr, twin_out.ptr, out.len);
    assert_true(bc_address_equal(to, &twin_to));
}

static void take_datagrams(struct desk *d)
{
    struct bc_address to = {.port = 0};
    bc_view out;
    while (bc_take_datagram(d->module, &to, &out)) {
        twin_takes_datagram(d, &to, out);
        if (d->network != NULL)
            d->network->on_datagram(d, &to, out);
        else
            desk_keep(d, &to, out);
    }
    assert_false(bc_take_datagram(last_side(d)->module, &to, &out));
}

static void twin_takes_serial(struct desk *d, bc_view out)
{
    bc_view twin_out;
    if (d->sides == 1)
        return;
    assert_true(bc_take_serial(d->side[1].module, &twin_out));
    assert_int_equal(out.len, twin_out.len);
    assert_memory_equal(out.ptr, twin_out.ptr, out.len);
}

/* How many pieces there were. */
static unsigned take_serial(struct desk *d)
{
    unsigned pieces = 0;
    bc_view out;
    while (bc_take_serial(d->module, &out)) {
        twin_takes_serial(d, out);
        assert_true(d->serial_len + out.len < DESK_SERIAL_BYTES);
        memcpy(d->serial + d->serial_len, out.ptr, out.len);
        d->serial_len += out.len;
        pieces++;
    }
    assert_false(bc_take_serial(last_side(d)->module, &out));
    return pieces;
}

static void take_queries(struct desk *d)
{
    struct bc_query query;
    while (bc_take_query(d->module, &d->query)) {
        if (d->sides == 2) {
            assert_true(bc_take_query(d->side[1].module, &query));
            assert_int_equal(query.id, d->query.id);
            assert_string_equal(query.host, d->query.host);
        }
        snprintf(d->query_host, sizeof(d->query_host), "%s", d->query.host);
        d->queries++;
    }
}

static unsigned drain(struct desk *d)
{
    take_datagrams(d);
    unsigned pieces = d->host_deaf ? 0 : take_serial(d);
    take_queries(d);
    return pieces;
}

/* Copies at their exact size, so that a sanitizer sees one byte too far. */
static uint8_t *exact_copy(const void *bytes, size_t len)
{
    uint8_t *copy = malloc(len == 0 ? 1 : len);
    assert_non_null(copy);
    if (len > 0)
        memcpy(copy, bytes, len);
    return copy;
}

/* One datagram of a network that answers by itself. */
static bool hear(struct desk *d)
{
    struct bc_address from;
    uint8_t bytes[2048];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    if (d->network == NULL || !d->network->take(d, &from, &out))
        return false;
    uint8_t *copy = exact_copy(bytes, out.len);
    before(d);
    bc_on_datagram(d->module, d->now_ms, &from, (bc_view){copy, out.len});
    free(copy);
    return true;
}

static void after(struct desk *d)
{
    unsigned pieces = drain(d);
    while (hear(d))
        pieces += drain(d);
    /* Serial bytes that were taken may have made room for what waited (module.h). */
    if (pieces > 0 && bc_deadline(d->module) <= d->now_ms) {
        for (unsigned i = 0; i < d->sides; i++)
            bc_on_time(d->side[i].module, d->now_ms);
        (void)drain(d);
    }
    assert_true(bc_deadline(d->module) > d->now_ms);
    assert_true(bc_deadline(d->module) == bc_deadline(last_side(d)->module));
    assert_int_equal(bc_module_status(d->module), bc_module_status(last_side(d)->module));
    take_away_workspace(d);
}

/* --- What happens ---------------------------------------------------------------------------- */

void desk_begin(struct desk *d, const struct bc_config *config)
{
    desk_begin_on(d, config, NULL);
}

void desk_begin_on(struct desk *d, const struct bc_config *config,
                   const struct desk_network *network)
{
    memset(d, 0, sizeof(*d));
    d->network = network;
    d->sides = network == NULL ? 2 : 1;
    d->now_ms = START_MS;
    d->server = (struct bc_address){.ip = {180, 101, 147, 115}, .ip_len = 4, .port = 5683};
    for (unsigned i = 0; i < d->sides; i++) {
        struct desk_side *side = &d->side[i];
        struct bc_storage storage = bc_memory_storage(&side->store);
        struct bc_config own = config == NULL ? (struct bc_config){.seed = 1} : *config;
        own.storage = own.storage == NULL ? &storage : own.storage;
        memset(&side->memory, i == 0 ? 0x5A : 0xC3, sizeof(side->memory));
        memset(&side->workspace, i == 0 ? 0x5A : 0xC3, sizeof(side->workspace));
        assert_int_equal(
            bc_module_init(&side->module, &side->memory, &side->workspace, &own, d->now_ms), BC_OK);
    }
    d->module = d->side[0].module;
    after(d);
}

size_t desk_offer(struct desk *d, const void *p, size_t len)
{
    uint8_t *copy = exact_copy(p, len);
    before(d);
    size_t accepted = bc_on_serial(d->module, d->now_ms, (bc_view){copy, len});
    assert_true(accepted <= len);
    if (d->sides == 2)
        assert_int_equal(bc_on_serial(d->side[1].module, d->now_ms, (bc_view){copy, len}),
                         accepted);
    free(copy);
    after(d);
    return accepted;
}

void desk_type(struct desk *d, const char *bytes)
{
    size_t left = strlen(bytes);
    while (left > 0) {
        size_t accepted = desk_offer(d, bytes, left);
        assert_true(accepted > 0);
        bytes += accepted;
        left -= accepted;
    }
}

void desk_host(struct desk *d, const char *line)
{
    char bytes[BC_AT_LINE_BYTES_MAX + 200];
    snprintf(bytes, sizeof(bytes), "%s\r", line);
    snprintf(d->last_line, sizeof(d->last_line), "%s", line);
    desk_type(d, bytes);
}

void desk_listen(struct desk *d, bool listens)
{
    d->host_deaf = !listens;
    desk_after(d, 0);
}

static uint64_t deadline(const struct desk *d)
{
    uint64_t module_ms = bc_deadline(d->module);
    uint64_t network_ms = d->network != NULL ? d->network->deadline(d) : BC_NEVER;
    return module_ms < network_ms ? module_ms : network_ms;
}

static void on_time(struct desk *d)
{
    if (d->network != NULL)
        d->network->on_time(d);
    before(d);
    for (unsigned i = 0; i < d->sides; i++)
        bc_on_time(d->side[i].module, d->now_ms);
    after(d);
}

void desk_after(struct desk *d, uint64_t ms)
{
    uint64_t until_ms = d->now_ms + ms;
    unsigned steps = 0;
    while (deadline(d) <= until_ms) {
        assert_true(++steps < STEPS_MAX);
        d->now_ms = deadline(d);
        on_time(d);
    }
    d->now_ms = until_ms;
    on_time(d);
}

void desk_reset(struct desk *d)
{
    before(d);
    for (unsigned i = 0; i < d->sides; i++)
        bc_on_reset(d->side[i].module, d->now_ms);
    after(d);
}

void desk_wake_pin(struct desk *d)
{
    before(d);
    for (unsigned i = 0; i < d->sides; i++)
        bc_on_wake_pin(d->side[i].module, d->now_ms);
    after(d);
}

void desk_power(struct desk *d, bool on)
{
    before(d);
    for (unsigned i = 0; i < d->sides; i++)
        bc_on_power(d->side[i].module, d->now_ms, on);
    after(d);
}

void desk_coverage(struct desk *d, bool covered)
{
    before(d);
    for (unsigned i = 0; i < d->sides; i++)
        bc_on_coverage(d->side[i].module, d->now_ms, covered);
    after(d);
}

void desk_signal(struct desk *d, int rssi_dbm)
{
    before(d);
    for (unsigned i = 0; i < d->sides; i++)
        bc_on_signal(d->side[i].module, d->now_ms, rssi_dbm);
    after(d);
}

void desk_clock(struct desk *d, int64_t utc_s)
{
    before(d);
    for (unsigned i = 0; i < d->sides; i++)
        bc_on_clock(d->side[i].module, d->now_ms, utc_s);
    after(d);
}

void desk_resolved(struct desk *d, uint32_t id, const char *address)
{
    struct bc_address found = {.port = 9};
    if (address != NULL)
        assert_true(bc_address_parse(bc_view_of(address), &found));
    before(d);
    for (unsigned i = 0; i < d->sides; i++)
        bc_on_resolved(d->side[i].module, d->now_ms, id, address == NULL ? NULL : &found);
    after(d);
}

void desk_datagram(struct desk *d, const struct bc_address *from, const uint8_t *p, size_t len)
{
    uint8_t *copy = exact_copy(p, len);
    before(d);
    for (unsigned i = 0; i < d->sides; i++)
        bc_on_datagram(d->side[i].module, d->now_ms, from, (bc_view){copy, len});
    free(copy);
    after(d);
}

/* --- Patterns -------------------------------------------------------------------------------- */

static bool word(const char **pattern, const char *text)
{
    size_t len = strlen(text);
    if (strncmp(*pattern, text, len) != 0)
        return false;
    *pattern += len;
    return true;
}

/* The literal at the front of a pattern: quoted text or two hex digits. */
static size_t literal(const char **pattern, uint8_t *out)
{
    size_t len = 0;
    if (word(pattern, "'")) {
        for (; **pattern != '\'' && **pattern != '\0'; ++*pattern)
            out[len++] = (uint8_t) * *pattern;
        assert_true(word(pattern, "'"));
        return len;
    }
    assert_true(bc_hex_decode((bc_view){(const uint8_t *)*pattern, 2}, out));
    *pattern += 2;
    return 1;
}

size_t desk_bytes(const struct desk *d, const char *pattern, uint8_t *out, size_t cap)
{
    static const char location[] = "\x82rd\x04"
                                   "5a3f";
    size_t len = 0;
    while (*pattern != '\0') {
        assert_true(len + sizeof(location) + strlen(pattern) < cap);
        if (word(&pattern, "<mid>")) {
            out[len++] = (uint8_t)(d->mid >> 8);
            out[len++] = (uint8_t)d->mid;
        } else if (word(&pattern, "<token>")) {
            memcpy(out + len, d->token, sizeof(d->token));
            len += sizeof(d->token);
        } else if (word(&pattern, "<location>")) {
            memcpy(out + len, location, sizeof(location) - 1);
            len += sizeof(location) - 1;
        } else if (!word(&pattern, " ")) {
            len += literal(&pattern, out + len);
        }
    }
    return len;
}

void desk_server(struct desk *d, const char *pattern)
{
    uint8_t bytes[4 * BC_DATAGRAM_BYTES_MAX];
    size_t len = desk_bytes(d, pattern, bytes, sizeof(bytes));
    if (d->network == NULL) {
        desk_datagram(d, &d->server, bytes, len);
        return;
    }
    d->network->send(d, (bc_view){bytes, len});
    desk_after(d, 0);
}

void desk_stranger(struct desk *d, const char *pattern)
{
    uint8_t bytes[4 * BC_DATAGRAM_BYTES_MAX];
    struct bc_address stranger = d->server;
    stranger.port++;
    size_t len = desk_bytes(d, pattern, bytes, sizeof(bytes));
    desk_datagram(d, &stranger, bytes, len);
}

static bool take_bytes(const struct desk_datagram *wire, size_t *at, const void *bytes, size_t len)
{
    if (wire->len - *at < len || memcmp(wire->bytes + *at, bytes, len) != 0)
        return false;
    *at += len;
    return true;
}

/* One piece of a pattern against the datagram from `*at` on. */
static bool match_piece(struct desk *d, const char **pattern, const struct desk_datagram *wire,
                        size_t *at)
{
    static const char location[] = "\xB2rd\x04"
                                   "5a3f";
    const uint8_t *here = wire->bytes + *at;
    size_t left = wire->len - *at;
    if (word(pattern, " "))
        return true;
    if (word(pattern, "<location>"))
        return take_bytes(wire, at, location, sizeof(location) - 1);
    if (word(pattern, "<again>"))
        return take_bytes(wire, at, (uint8_t[]){(uint8_t)(d->mid >> 8), (uint8_t)d->mid}, 2);
    if (word(pattern, "<mid>")) {
        if (left < 2)
            return false;
        d->mid = (uint16_t)(here[0] << 8 | here[1]);
        *at += 2;
        return true;
    }
    if (word(pattern, "<token>")) {
        if (left < sizeof(d->token))
            return false;
        memcpy(d->token, here, sizeof(d->token));
        *at += sizeof(d->token);
        return true;
    }
    uint8_t bytes[BC_DATAGRAM_BYTES_MAX];
    size_t len = literal(pattern, bytes);
    return take_bytes(wire, at, bytes, len);
}

static void print_bytes(const char *title, const uint8_t *bytes, size_t len)
{
    char text[4 * BC_DATAGRAM_BYTES_MAX + 1];
    size_t at = 0;
    for (size_t i = 0; i < len && at + 4 < sizeof(text); i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at,
                               bytes[i] >= ' ' && bytes[i] < 0x7F ? "%c" : "\\%02X", bytes[i]);
    text[at] = '\0';
    print_error("%s %s\n", title, text);
}

/* --- What must follow ------------------------------------------------------------------------ */

void desk_wire_at(struct desk *d, const char *pattern, const char *file, int line)
{
    const char *rest = pattern;
    const struct desk_datagram *wire = &d->wire[0];
    size_t at = 0;
    bool same = d->wires > 0 && bc_address_equal(&wire->to, &d->server);
    while (same && *rest != '\0')
        same = match_piece(d, &rest, wire, &at);
    if (!same || at != wire->len) {
        print_error("expected datagram %s\n", pattern);
        print_bytes("seen    ", wire->bytes, d->wires > 0 ? wire->len : 0);
        _fail(file, line);
    }
    d->wires--;
    memmove(&d->wire[0], &d->wire[1], d->wires * sizeof(d->wire[0]));
}

/* <mid> becomes the number. */
static size_t expand(const struct desk *d, const char *text, char *out, size_t cap)
{
    size_t len = 0;
    while (*text != '\0') {
        assert_true(len + 8 < cap);
        if (word(&text, "<mid>"))
            len += (size_t)snprintf(out + len, cap - len, "%u", d->mid);
        else
            out[len++] = *text++;
    }
    return len;
}

void desk_expect_at(struct desk *d, const char *text, const char *file, int line)
{
    char expected[DESK_SERIAL_BYTES];
    size_t len = expand(d, text, expected, sizeof(expected));
    if (len > d->serial_len || memcmp(expected, d->serial, len) != 0) {
        print_error("last line %s\n", d->last_line);
        print_bytes("expected ", (const uint8_t *)expected, len);
        print_bytes("seen     ", (const uint8_t *)d->serial, d->serial_len);
        _fail(file, line);
    }
    d->serial_len -= len;
    memmove(d->serial, d->serial + len, d->serial_len);
}

void desk_urc_at(struct desk *d, const char *text, const char *file, int line)
{
    char urc[DESK_SERIAL_BYTES];
    snprintf(urc, sizeof(urc), "\r\n%s\r\n", text);
    desk_expect_at(d, urc, file, line);
}

void desk_command_at(struct desk *d, const char *command, const char *info, const char *result,
                     const char *file, int line)
{
    desk_host(d, command);
    if (*info != '\0')
        desk_urc_at(d, info, file, line);
    desk_urc_at(d, result, file, line);
}

void desk_status_at(struct desk *d, int status, const char *file, int line)
{
    char info[24];
    snprintf(info, sizeof(info), "+QLASTATUS: %d", status);
    desk_command_at(d, "AT+QLASTATUS?", info, "OK", file, line);
}

void desk_quiet_at(struct desk *d, const char *file, int line)
{
    if (d->serial_len == 0 && d->wires == 0 && d->queries == 0)
        return;
    print_bytes("unexpected serial bytes:", (const uint8_t *)d->serial, d->serial_len);
    for (size_t i = 0; i < d->wires; i++)
        print_bytes("unexpected datagram:", d->wire[i].bytes, d->wire[i].len);
    print_error("%u queries\n", d->queries);
    _fail(file, line);
}

void desk_quiet_until_at(struct desk *d, uint64_t ms, const char *file, int line)
{
    desk_after(d, ms - 1);
    desk_quiet_at(d, file, line);
    desk_after(d, 1);
}

void desk_ask(struct desk *d, unsigned code, const char *path, const char *rest)
{
    static unsigned message_id = 0x2000;
    char pattern[400];
    size_t cap = sizeof(pattern);
    int at = snprintf(pattern, cap, "42%02X%04XA1A2", code, ++message_id & 0xFFFF);
    for (unsigned segment = 0; *path == '/'; segment++) {
        size_t len = strcspn(++path, "/");
        at += snprintf(pattern + at, cap - (size_t)at, "%s%zX'%.*s'", segment == 0 ? "B" : "0", len,
                       (int)len, path);
        path += len;
    }
    snprintf(pattern + at, cap - (size_t)at, "%s", rest);
    desk_server(d, pattern);
    d->mid = (uint16_t)message_id;
}

void desk_answered_at(struct desk *d, const char *code_and_rest, const char *file, int line)
{
    char pattern[800];
    snprintf(pattern, sizeof(pattern), "62 %.2s <again> A1A2 %s", code_and_rest, code_and_rest + 2);
    desk_wire_at(d, pattern, file, line);
}

/* --- Usual beginnings ------------------------------------------------------------------------ */

void desk_ready(struct desk *d)
{
    desk_begin(d, NULL);
    desk_booted(d);
}

void desk_booted(struct desk *d)
{
    desk_expect(d, BOOT_LINES ATTACHED_LINE);
    desk_host(d, "ATE0");
    desk_expect(d, "ATE0\r\r\nOK\r\n");
    desk_ok(d, "AT+QSCLK=0");
}

void desk_configured(struct desk *d)
{
    desk_ready(d);
    desk_ok(d, CONFIGURE);
    desk_ok(d, "AT+QLAADDOBJ=19,0,3,0,1,2");
}

void desk_register(struct desk *d)
{
    desk_ok(d, "AT+QLAREG");
    desk_wire(d, REGISTER_WIRE(",</19/0>"));
    desk_server(d, "6441 <mid> <token> <location>");
    desk_urc(d, "+QLAREG: 0");
}

void desk_registered(struct desk *d)
{
    desk_configured(d);
    desk_register(d);
}

void desk_observed(struct desk *d)
{
    desk_server(d, "42011001A1A2 60 52'19' 01'0' 01'0'");
    desk_urc(d, "+QLAURC: \"observe\",4097,0,19,0,0");
    desk_ok(d, "AT+QLAOBSRSP=4097,1,19,0,0,1,5,\"abcde\",0");
    desk_urc(d, "+QLAOBSRSP: 0");
    desk_wire(d, "62451001A1A2 60 60 FF'abcde'");
}

void desk_end(struct desk *d)
{
    desk_quiet(d);
    for (unsigned i = 0; i < d->sides; i++)
        bc_module_end(d->side[i].module);
}
