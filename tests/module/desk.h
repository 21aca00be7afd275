/*
 * One module on a virtual clock, between a host and a server that the test plays.
 *
 * Texts of the serial side are exact bytes; in expected ones <mid> is the last message ID that
 * desk_wire() saw, in decimal. Datagrams are patterns: hex digits and 'text' in quotes, spaces
 * count for nothing, and
 *
 *              what desk_wire() expects                     what desk_server() sends
 *   <mid>      any two bytes, remembered                    the remembered ones
 *   <token>    any four bytes, remembered                   the remembered ones
 *   <again>    the remembered message ID, in an expected message only
 *   <location> Uri-Path options /rd/5a3f (first options)    the same as Location-Path
 *
 * Behind the module stands a twin from the same seed that is fed the same and must say the same,
 * byte for byte, although its memory began with other garbage and its workspace is taken away and
 * spoiled whenever bc_idle() allows it. After each step bc_deadline() must lie in the future.
 */
#ifndef TEST_DESK_H
#define TEST_DESK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

#include "bc260y/module.h"

#define DESK_SERIAL_BYTES 16384
#define DESK_WIRES_MAX 64

struct desk_datagram {
    struct bc_address to;
    size_t len;
    uint8_t bytes[BC_DATAGRAM_BYTES_MAX];
};

struct desk_side {
    struct bc_memory_store store;
    union bc_module_memory memory;
    union bc_workspace workspace;
    union bc_workspace other; /* the twin's, while `workspace` is spoiled, and so on */
    struct bc_module *module;
};

struct desk;

/* A network that answers by itself, with a server in it. What chance it draws is its own, so that
 * a module on it stands without a twin. */
struct desk_network {
    void (*on_datagram)(struct desk *d, const struct bc_address *to, bc_view bytes);
    bool (*take)(struct desk *d, struct bc_address *from, bc_sink *out); /* for the module */
    void (*send)(struct desk *d, bc_view bytes); /* what desk_server() wants to be said */
    void (*on_time)(struct desk *d);
    uint64_t (*deadline)(const struct desk *d);
};

struct desk {
    struct desk_side side[2]; /* the module and its twin */
    unsigned sides;           /* 1 without a twin */
    const struct desk_network *network;
    struct bc_module *module;
    struct bc_address server;
    uint64_t now_ms;
    bool host_deaf; /* the host takes nothing */
    bool twin_idle; /* the twin has no workspace */
    bool twin_other;
    size_t serial_len;
    char serial[DESK_SERIAL_BYTES];
    size_t wires;
    struct desk_datagram wire[DESK_WIRES_MAX];
    struct bc_query query;
    char query_host[BC_HOST_BYTES_MAX + 1];
    unsigned queries;
    char last_line[120]; /* of the host, for the reader of a failure */
    uint16_t mid;
    uint8_t token[BC_TOKEN_BYTES];
};

/* A module that has just been powered on; nothing is read yet. NULL = seed 1, attached at once. */
void desk_begin(struct desk *d, const struct bc_config *config);
/* The same, with its boot lines read, ATE0 and AT+QSCLK=0 behind it. */
void desk_ready(struct desk *d);
/* The two in steps, for a module alone on a network. */
void desk_begin_on(struct desk *d, const struct bc_config *config,
                   const struct desk_network *network);
void desk_booted(struct desk *d);
/* A datagram that desk_wire() is to see. */
void desk_keep(struct desk *d, const struct bc_address *to, bc_view bytes);
/* A network that adds nothing: for a module with a storage, which a twin would write into, too. */
extern const struct desk_network desk_plain_network;
/* Ready, with object 19 (instance 0: resources 0, 1, 2), the guide's server, lifetime 300. */
void desk_configured(struct desk *d);
/* Configured and registered at /rd/5a3f. */
void desk_registered(struct desk *d);
/* Nothing may be left unread. */
void desk_end(struct desk *d);

/* The host. */
void desk_host(struct desk *d, const char *line);             /* and its CR */
void desk_type(struct desk *d, const char *bytes);            /* as they are, all accepted */
size_t desk_offer(struct desk *d, const void *p, size_t len); /* once; how many were accepted */
void desk_listen(struct desk *d, bool listens);

/* Time, and what else can happen. */
void desk_after(struct desk *d, uint64_t ms);
void desk_reset(struct desk *d);
void desk_wake_pin(struct desk *d);
void desk_power(struct desk *d, bool on);
void desk_coverage(struct desk *d, bool covered);
void desk_signal(struct desk *d, int rssi_dbm);
void desk_clock(struct desk *d, int64_t utc_s);
void desk_resolved(struct desk *d, uint32_t id, const char *address); /* NULL = no such name */

/* The network. */
void desk_datagram(struct desk *d, const struct bc_address *from, const uint8_t *p, size_t len);
void desk_server(struct desk *d, const char *pattern);
void desk_stranger(struct desk *d, const char *pattern);

/* A request of the server's with a running message ID and token A1A2 on "/19/0/0" or such; `rest`
 * goes behind the Uri-Path. Then its acknowledgement: the code and what follows the token. */
void desk_ask(struct desk *d, unsigned code, const char *path, const char *rest);
#define desk_answered(d, code_and_rest) desk_answered_at(d, code_and_rest, __FILE__, __LINE__)
void desk_answered_at(struct desk *d, const char *code_and_rest, const char *file, int line);

/* What the next bytes on the serial side, the next datagram and the next query must be. */
#define desk_expect(d, text) desk_expect_at(d, text, __FILE__, __LINE__)
#define desk_wire(d, pattern) desk_wire_at(d, pattern, __FILE__, __LINE__)
#define desk_quiet(d) desk_quiet_at(d, __FILE__, __LINE__)
#define desk_ok(d, line) desk_command_at(d, line, "", "OK", __FILE__, __LINE__)
#define desk_error(d, line) desk_command_at(d, line, "", "ERROR", __FILE__, __LINE__)
/* One line of information, then OK. */
#define desk_tells(d, line, info) desk_command_at(d, line, info, "OK", __FILE__, __LINE__)
#define desk_urc(d, text) desk_urc_at(d, text, __FILE__, __LINE__)
/* Nothing may happen up to the millisecond before; then time is there. */
#define desk_quiet_until(d, ms) desk_quiet_until_at(d, ms, __FILE__, __LINE__)
void desk_expect_at(struct desk *d, const char *text, const char *file, int line);
void desk_wire_at(struct desk *d, const char *pattern, const char *file, int line);
void desk_quiet_at(struct desk *d, const char *file, int line);
void desk_command_at(struct desk *d, const char *command, const char *info, const char *result,
                     const char *file, int line);
void desk_urc_at(struct desk *d, const char *text, const char *file, int line);
void desk_quiet_until_at(struct desk *d, uint64_t ms, const char *file, int line);
void desk_status_at(struct desk *d, int status, const char *file, int line);
#define desk_status(d, status) desk_status_at(d, status, __FILE__, __LINE__)

/* A pattern as bytes; <mid> and <token> as the server sends them. */
size_t desk_bytes(const struct desk *d, const char *pattern, uint8_t *out, size_t cap);

/* AT+QLAREG with its datagrams, for the configuration of desk_configured(). */
void desk_register(struct desk *d);
/* The server observes /19/0/0 with token A1A2; the host has answered "abcde". */
void desk_observed(struct desk *d);

#define POWER_UP_LINES "\r\nRDY\r\n\r\n+CFUN: 1\r\n"
#define CARD_LINE "\r\n+CPIN: READY\r\n" /* half-way to the network */
#define BOOT_LINES POWER_UP_LINES CARD_LINE
#define ATTACHED_LINE "\r\n+IP: 10.177.135.245\r\n"
#define LINKS "</>;rt=\"oma.lwm2m\",</1/0>,</3/0>,</4/0>,</5/0>"
#define CONFIGURE "AT+QLACONFIG=0,\"180.101.147.115\",5683,\"867724030023557\",300,3"
/* CON POST /rd as desk_configured() leaves it; `links` goes behind those of LINKS. */
#define REGISTER_WIRE(links)                                                                    \
    "4402 <mid> <token> B2'rd' 1128 39'lwm2m=1.0' 0D05'ep=867724030023557' 04'b=UQ' 06'lt=300'" \
    "FF '" LINKS links "'"

#endif
