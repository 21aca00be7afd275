/*
 * One Quectel BC260Y-CN (R01) as a value: UART bytes, datagrams and time go in; UART bytes,
 * datagrams and a deadline come out. No socket, no clock, no heap, no thread, no global.
 *
 *     bc_on_datagram(m, now_ms, &from, in);      // or bc_on_serial, bc_on_time, ...
 *     while (bc_take_datagram(m, &to, &out))
 *         net_send(&to, out);
 *     while (bc_take_serial(m, &out))
 *         tty_write(out);
 *     wait_until(bc_deadline(m));                // BC_NEVER when idle
 *
 * `on_` functions take what happened and when, and never send; `take_` functions hand out what
 * follows and remove it; views live until the next call on the same module. After both take_
 * loops have run dry, bc_deadline() is later than the last `now_ms`, unless taking serial bytes has
 * made room for what waited: that is due at once. Calling bc_on_time() early is harmless.
 * One module belongs to one thread. All bytes that come in may be hostile.
 */
#ifndef BC260Y_MODULE_H
#define BC260Y_MODULE_H

#include "bc260y/firmware.h"
#include "bc260y/limits.h"
#include "bc260y/storage.h"
#include "bc260y/types.h"

struct bc_module;

/* What survives between calls lives here. The caller owns it; it may be static, on a stack or in
 * an array. bc_module_bytes() tells how much of it a build really uses. */
union bc_module_memory {
    uint64_t align;
    uint8_t bytes[BC_MODULE_BYTES];
};

/* Line, messages and values under construction. Needed while bc_idle() is false; idle modules can
 * share one (bc_lend_workspace). */
union bc_workspace {
    uint64_t align;
    uint8_t bytes[BC_WORKSPACE_BYTES];
};

/* How AT+QLACONFIG reads a PSK. */
enum bc_psk_format {
    BC_PSK_AUTO, /* an even number, at least 16, of hex digits are key bytes; else text */
    BC_PSK_HEX,  /* hex digits only */
    BC_PSK_TEXT, /* its characters are the key */
};

#define BC_IMEI_DEFAULT "867724030023557"
#define BC_REVISION_DEFAULT "BC260YCNAAR01A02"

/* Who this module is. Strings are copied; NULL takes the default given behind each line. */
struct bc_config {
    const struct bc_storage *storage;   /* copied; without one no module can be built */
    const struct bc_firmware *firmware; /* borrowed; NULL: no DFOTA, a write to 5/0/1 is 4.05 */
    const char *imei;                   /* 15 digits; BC_IMEI_DEFAULT */
    const char *imsi;                   /* 15 digits; "460111174747875" */
    const char *iccid;                  /* 20 digits; "89861120224030023557" */
    const char *revision;   /* at most 31 characters, until an update; BC_REVISION_DEFAULT */
    const char *address;    /* IPv4 or IPv6 text; "10.177.135.245": what AT+CGPADDR prints */
    uint32_t attach_ms;     /* from power-up to network attachment; 0 = at once. The card is ready
                             * half-way. */
    uint32_t awake_ms;      /* queue mode: reachable after the last uplink; 0 = 93000 */
    uint32_t baud;          /* of the host's UART at power-up; 0 = 115200. See bc_baud() */
    bool keep_wake_command; /* do not lose the AT command that ends deep sleep */
    bool bare_percent;      /* +QIND: "FOTA","UPDATING",20 (G 4.3.4), else 20%,1,1 (G 5.6.4) */
    enum bc_psk_format psk_format;
    uint64_t seed; /* of message IDs and tokens: one seed, one session, byte for byte */
    /* Called with one line of text at each change of state; NULL = silent. Never given a secret. */
    void (*trace)(void *trace_context, const char *line);
    void *trace_context;
    /* Called with the secrets of each DTLS handshake in the NSS key log format, for Wireshark: only
     * for those who want their traffic to be read. NULL = never. */
    void (*keylog)(void *keylog_context, const char *line);
    void *keylog_context;
};

/* A host name that needs an address. `host` lives until the next call on the module. */
struct bc_query {
    uint32_t id;
    const char *host;
};

/* Builds a module in `memory` and powers it on at `now_ms`: RDY follows on the serial side.
 * BC_ERR_RANGE when a config string has the wrong length or characters, or there is no storage;
 * `*out` is set on BC_OK only. What the storage holds is taken over. Call bc_module_end() before
 * the memory goes, if DTLS may be in use; nothing else needs to be freed. */
enum bc_err bc_module_init(struct bc_module **out, union bc_module_memory *memory,
                           union bc_workspace *workspace, const struct bc_config *config,
                           uint64_t now_ms);

/* Wipes what is secret and gives back what the DTLS backend holds. */
void bc_module_end(struct bc_module *m);

/* sizeof(struct bc_module), for who allocates many. */
size_t bc_module_bytes(void);

/* Bytes from the host's UART. Returns how many were accepted: fewer than `in.len` only while
 * answers wait that the host has not taken; offer the rest again after bc_take_serial(). */
size_t bc_on_serial(struct bc_module *m, uint64_t now_ms, bc_view in);

/* One datagram from the network. From anybody but the configured server it is dropped. */
void bc_on_datagram(struct bc_module *m, uint64_t now_ms, const struct bc_address *from,
                    bc_view in);

/* The answer to a bc_query: `address` NULL when there is none. The port is ignored. Answers to
 * outdated queries are ignored. */
void bc_on_resolved(struct bc_module *m, uint64_t now_ms, uint32_t query_id,
                    const struct bc_address *address);

/* Time has passed. Call at bc_deadline(), or whenever. */
void bc_on_time(struct bc_module *m, uint64_t now_ms);

/* The network told the wall-clock time: seconds since 1970-01-01 UTC. Until then AT+CCLK? shows
 * 1970 and 3/0/13 is 0. */
void bc_on_clock(struct bc_module *m, uint64_t now_ms, int64_t utc_s);

/* The falling edge of PSM_EINT: ends deep sleep; nothing otherwise. */
void bc_on_wake_pin(struct bc_module *m, uint64_t now_ms);

/* The reset pin, or power off and on: what is not stored is lost, RDY follows. Nothing while
 * bc_on_power() keeps the power away. */
void bc_on_reset(struct bc_module *m, uint64_t now_ms);

/* The supply. false: gone without a word; what waits for the host is lost, and until true input is
 * lost and nothing runs. true boots as bc_on_reset() does; nothing while the module runs. */
void bc_on_power(struct bc_module *m, uint64_t now_ms, bool on);

/* The network is within reach, as it is from the beginning, or no longer. Without coverage
 * datagrams are lost both ways, requests end in code 1 and AT+QLAREG in 900 (G 6); with coverage
 * again the module attaches in `attach_ms`. +CEREG tells both. A module in deep sleep, or off,
 * notices when it looks again. */
void bc_on_coverage(struct bc_module *m, uint64_t now_ms, bool covered);

/* Another signal, from -127 to -30 dBm (what lies outside becomes the nearest): AT+CSQ, AT+CESQ and
 * AT+QENG tell it, and 4/0/2, whose observer is told. Until the first call they show the figures of
 * the module's logs. */
void bc_on_signal(struct bc_module *m, uint64_t now_ms, int rssi_dbm);

/* How the next firmware update ends, whatever happens to it: a download in COAPEND with that code,
 * or with BC_FIRMWARE_NOT_UPDATED an update in END,255; one that has reached its end cannot fail
 * any more. BC_FIRMWARE_OK takes it back. For who wants to see a host or a platform cope. */
void bc_on_firmware_fault(struct bc_module *m, enum bc_firmware_code code);

/* false = nothing (more) to take. */
bool bc_take_serial(struct bc_module *m, bc_view *out);
bool bc_take_datagram(struct bc_module *m, struct bc_address *to, bc_view *out);
bool bc_take_query(struct bc_module *m, struct bc_query *out);

/* The UART's rate as AT+IPR has set it, once what there was to take has been taken; 0 = whatever
 * the host uses. */
uint32_t bc_baud(const struct bc_module *m);

/* When bc_on_time() has something to do at the latest; BC_NEVER when only input can matter. */
uint64_t bc_deadline(const struct bc_module *m);

/* True when nothing of this module lives in its workspace: another module may use it until the
 * next `on_` call here, before which bc_lend_workspace() must have been called again. */
bool bc_idle(const struct bc_module *m);
void bc_lend_workspace(struct bc_module *m, union bc_workspace *workspace);

/* The eight values of AT+QLASTATUS? (G 2.14). */
enum bc_status {
    BC_STATUS_NOT_REGISTERED = 0,
    BC_STATUS_REGISTERING = 1,
    BC_STATUS_REGISTERED = 2,
    BC_STATUS_DEREGISTERING = 3,
    BC_STATUS_DEREGISTERED = 4,
    BC_STATUS_NOT_CONFIGURED = 5,
    BC_STATUS_RECOVERING = 6,
    BC_STATUS_NEEDS_RECOVERY = 7,
};
enum bc_status bc_module_status(const struct bc_module *m);

/* What the battery pays for: how long the module has been in each state since bc_module_init(),
 * whatever was reset meanwhile, and what it sent and heard. */
enum bc_energy_state {
    BC_ENERGY_CONNECTED,  /* RRC connected */
    BC_ENERGY_IDLE,       /* RRC idle: released, but listening (T3324 runs, or PSM is off) */
    BC_ENERGY_PSM,        /* power saving mode of the radio: T3324 is over; the AT port is awake */
    BC_ENERGY_DEEP_SLEEP, /* all of the module */
    BC_ENERGY_SEARCHING,  /* for a network */
    BC_ENERGY_OFF,        /* no power, powered down, or the radio is off (AT+CFUN, AT+CGATT) */
    BC_ENERGY_STATES,
};
struct bc_energy {
    /* Datagrams (their UDP payload) count in the state in which they found the radio: outside of
     * BC_ENERGY_CONNECTED each opened a connection. Counters wrap at 2^32. */
    struct {
        uint64_t ms;
        uint32_t datagrams_up, bytes_up, datagrams_down, bytes_down;
    } in[BC_ENERGY_STATES];
};
void bc_module_energy(const struct bc_module *m, uint64_t now_ms, struct bc_energy *out);
const char *bc_energy_name(enum bc_energy_state state); /* "connected", "deep_sleep" */

/* Appends what the module knows as one JSON object on one line, for people: registration, settings,
 * objects, observations, what waits, timers. Never a key. At most BC_DESCRIPTION_BYTES; a smaller
 * sink ends up `full`. */
void bc_module_describe(struct bc_module *m, uint64_t now_ms, bc_sink *out);

/* "0.1.0" */
const char *bc_version(void);

#endif
