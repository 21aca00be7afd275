/*
 * The module's state and what the files of module/ share. Nobody else includes this.
 */
#ifndef BC_MODULE_STATE_H
#define BC_MODULE_STATE_H

#include "at/command.h"
#include "at/port.h"
#include "bc260y/module.h"
#include "lwm2m/builtin.h"
#include "lwm2m/client.h"

/* A value set with AT+QLACFG="cfg_res". `len` 0 = not set. */
struct cfg_value {
    struct bc_path path;
    uint8_t len;
    char text[BC_CFG_VALUE_BYTES_MAX];
};

/* What the guide keeps over a reset: G 2.1, 2.2, 2.6. */
struct stored {
    struct bc_lwm2m_settings lwm2m;
    char host[BC_HOST_BYTES_MAX + 1];
    char psk_id[BC_PSK_ID_BYTES_MAX + 1];
    char psk[BC_PSK_BYTES_MAX + 1];
    struct cfg_value value[BC_CFG_VALUES_MAX];
    uint16_t port;
    bool configured;
    bool bootstrap;   /* `host` is a bootstrap server: not shown, not kept */
    uint8_t security; /* 0 or 3 */
    uint8_t ack_timeout_s;
    uint8_t retransmit_max;
    uint8_t platform;
    uint8_t dtls_mode;
    uint8_t dtls_version;
    bool profile_saved; /* AT&W */
    bool profile_echo;
    bool profile_quiet;
    bool profile_verbose;
    uint8_t profile_cme_errors;
};

struct identity {
    char imei[16];
    char imsi[16];
    char iccid[21];
    char revision[32];
    char address[46];
};

/* Settings of the base commands; defaults after each boot but for CPSMS and the events. */
struct base_settings {
    uint8_t cereg, creg, cgreg; /* <n> */
    uint8_t cscon;
    uint8_t ctzr;
    uint8_t sleep; /* AT+QSCLK: 0 none, 1 deep, 2 light */
    bool sleep_events;
    uint8_t wakeup_events; /* AT+QATWAKEUP */
    uint8_t psm;           /* AT+CPSMS <mode> */
    char t3412[9];
    char t3324[9];
    uint8_t edrx;
    char edrx_value[5];
    uint32_t baud;
};

/* The cell the module is always in: as AT commands print it, and its number. */
#define NETWORK_TAC "2506"
#define NETWORK_CELL_ID "0BF576D1"
#define NETWORK_CELL_NUMBER 0x0BF576D1

enum radio_state {
    RADIO_OFF,       /* CFUN 0 or 4 */
    RADIO_SEARCHING, /* until attach_at_ms */
    RADIO_IDLE,
    RADIO_CONNECTED, /* RRC, until release_at_ms */
};

struct radio {
    uint64_t attach_at_ms;
    uint64_t release_at_ms;
    uint64_t quiet_since_ms; /* of the last RRC release */
    uint64_t uplink_ms;      /* the last datagram sent */
    uint32_t attach_ms;
    uint8_t state;
    uint8_t cfun;
    uint8_t rai; /* of the next uplink, then 0 */
    bool release_after_downlink;
};

enum power_state {
    POWER_AWAKE,
    POWER_ASLEEP,
    POWER_OFF, /* until the reset pin */
};

struct power {
    uint64_t serial_ms; /* the last byte either way */
    uint64_t reboot_at_ms;
    uint8_t state;
    bool keep_wake_command;
    bool swallow; /* the command that woke us is being lost, up to its CR */
};

struct bc_module {
    struct stored stored;
    struct identity identity;
    struct base_settings base;
    struct radio radio;
    struct power power;
    struct bc_random random;
    struct bc_at_port port;
    struct bc_lwm2m_client client;
    void (*trace)(void *trace_context, const char *line);
    void *trace_context;
    uint64_t now_ms; /* of the call under way */
    uint64_t query_until_ms;
    int64_t utc_zero_ms; /* wall clock = utc_zero_ms + now_ms */
    uint32_t awake_ms;
    uint32_t query_id;
    bool clock_known;
    bool query_ready; /* to be taken */
    bool query_open;  /* an address is awaited */
    char utc_offset[BC_UTC_OFFSET_BYTES_MAX + 1];
    char timezone[BC_TIMEZONE_BYTES_MAX + 1];
};

/* result.c: the codes of the guide's chapter 6. */
int bc_module_result_code(enum bc_outcome outcome);
#define RESULT_OTHER 900
#define RESULT_NOT_SENT 2
#define RESULT_RECOVERY_FAILED 3

/* urc.c */
void bc_module_urc(struct bc_module *m, const char *format, ...) BC_FORMAT(2, 3);
bool bc_module_on_event(void *context, const struct bc_lwm2m_event *event);
bool bc_module_urc_room(const struct bc_module *m);

/* device.c: values of objects 3, 4 and 5. */
bool bc_module_value(void *context, struct bc_path path, struct bc_value *out, bc_sink *scratch);
void bc_module_write(void *context, struct bc_path path, const struct bc_value *value);
struct cfg_value *bc_module_cfg_value(struct bc_module *m, struct bc_path path);
int64_t bc_module_utc_s(const struct bc_module *m);

/* session.c: registration as the host sees it. */
void bc_module_on_resolved(struct bc_module *m, uint32_t query_id,
                           const struct bc_address *address);
void bc_module_query_on_time(struct bc_module *m);
int bc_module_start_registration(struct bc_module *m);
void bc_module_apply_settings(struct bc_module *m);
void bc_module_factory_defaults(struct bc_module *m);

/* boot.c */
void bc_module_restore_profile(struct bc_module *m); /* what AT&W kept, else the factory's */
void bc_module_boot(struct bc_module *m);
void bc_module_reboot_in(struct bc_module *m, uint32_t delay_ms);

/* radio.c */
void bc_radio_boot(struct bc_module *m);
void bc_radio_set_cfun(struct bc_module *m, uint8_t cfun);
void bc_radio_set_attached(struct bc_module *m, bool attached);
int bc_radio_registration_status(const struct bc_module *m); /* <stat> of +CEREG */
bool bc_radio_attached(const struct bc_module *m);
bool bc_radio_reachable(const struct bc_module *m);
void bc_radio_on_uplink(struct bc_module *m);
void bc_radio_on_downlink(struct bc_module *m);
void bc_radio_on_time(struct bc_module *m);
uint64_t bc_radio_deadline(const struct bc_module *m);

/* power.c */
size_t bc_power_on_serial(struct bc_module *m, bc_view in); /* returns the bytes that are lost */
void bc_power_down(struct bc_module *m);
void bc_power_on_wake(struct bc_module *m);
void bc_power_on_time(struct bc_module *m);
uint64_t bc_power_deadline(const struct bc_module *m);

/* commands_qla.c, commands_base.c */
extern const struct bc_at_table bc_module_qla_table;
extern const struct bc_at_table bc_module_base_table;

#endif
