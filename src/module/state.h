/*
 * The module's state and what the files of module/ share. Nobody else includes this.
 */
#ifndef BC_MODULE_STATE_H
#define BC_MODULE_STATE_H

#include "at/command.h"
#include "at/port.h"
#include "bc260y/module.h"
#include "dfota/pull.h"
#include "dfota/update.h"
#include "dtls/dtls.h"
#include "lwm2m/builtin.h"
#include "lwm2m/client.h"

/* A value set with AT+QLACFG="cfg_res". `len` 0 = not set. */
struct cfg_value {
    struct bc_path path;
    uint8_t len;
    char text[BC_CFG_VALUE_BYTES_MAX];
};

/* What AT&W keeps. */
struct stored_profile {
    bool saved;
    bool echo;
    bool quiet;
    bool verbose;
    uint8_t cme_errors;
};

/* What the guide keeps over a reset (G 2.1, 2.2, 2.6), as far as it is needed at each step; server
 * addresses and keys are read from their records when they are needed (store.h). */
struct stored {
    bool server_known; /* by AT+QLACONFIG or from a bootstrap server: BC_RECORD_SERVER */
    bool bootstrap;    /* AT+QLACONFIG named a bootstrap server: BC_RECORD_BOOTSTRAP */
    uint8_t ack_timeout_s;
    uint8_t retransmit_max;
    uint8_t platform;
    uint8_t dtls_mode;
    uint8_t dtls_version;
    struct stored_profile profile;
    struct bc_lwm2m_settings lwm2m;
    struct cfg_value value[BC_CFG_VALUES_MAX];
};

struct identity {
    char imei[16];
    char imsi[16];
    char iccid[21];
    char revision[BC_REVISION_BYTES_MAX + 1];
    char address[46];
};

/* Settings of the base commands, as bc_base_power_up (boot.c) after each boot. */
struct base_settings {
    uint8_t cereg, creg, cgreg; /* <n> */
    uint8_t cscon;
    uint8_t ctzr;
    uint8_t cops;  /* AT+COPS <mode> */
    uint8_t sleep; /* AT+QSCLK: 0 none, 1 deep, 2 light */
    bool sleep_events;
    uint8_t wakeup_events; /* AT+QATWAKEUP */
    uint8_t psm;           /* AT+CPSMS <mode> */
    uint8_t t3412;         /* timer octets (3GPP TS 24.008 section 10.5.7) */
    uint8_t t3324;
    uint8_t edrx;
    uint8_t edrx_value; /* four bits */
    uint32_t baud;      /* AT+IPR */
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
    uint64_t card_at_ms; /* +CPIN: READY; BC_NEVER when it has been told */
    uint64_t attach_at_ms;
    uint64_t release_at_ms;
    uint64_t quiet_since_ms; /* of the last RRC release */
    uint64_t uplink_ms;      /* the last datagram sent */
    uint32_t attach_ms;
    uint8_t state;
    uint8_t cfun;
    uint8_t rai;      /* of the next uplink, then 0 */
    int16_t rssi_dbm; /* 0 = as in the logs */
    bool release_after_downlink;
    bool uncovered; /* no network within reach */
};

enum power_state {
    POWER_AWAKE,
    POWER_ASLEEP,
    POWER_OFF,      /* until the reset pin */
    POWER_CUT,      /* no supply: until it is back */
    POWER_UPDATING, /* the boot loader applies a package; see fota.c */
};

struct power {
    uint64_t serial_ms; /* the last byte either way */
    uint64_t reboot_at_ms;
    uint8_t state;
    bool keep_wake_command;
    bool swallow; /* the command that woke us is being lost, up to its CR */
};

/* How far AT+QLAREG has come; see session.c. */
enum session_step {
    SESSION_IDLE,
    SESSION_DUE,       /* begins at until_ms */
    SESSION_RESOLVING, /* the server's name, until until_ms */
    SESSION_SECURING,  /* the DTLS handshake goes on */
    SESSION_RUNS,      /* the client has the server's address */
};

/* The acknowledgement of a bootstrap server's last word. The server repeats that word when it was
 * lost, and by then another one is spoken to. */
struct farewell {
    uint64_t until_ms;
    struct bc_address to;
    uint16_t message_id;
    uint8_t len; /* 0 = there is none */
    bool ready;  /* to be taken */
    uint8_t bytes[BC_COAP_HEADER_BYTES + BC_COAP_TOKEN_BYTES_MAX];
};

struct session {
    struct farewell farewell;
    struct bc_dtls *dtls; /* NULL without DTLS, or between two handshakes */
    uint64_t until_ms;    /* of the step; while it RUNS, no new handshake before */
    uint32_t query_id;
    uint8_t step;
    uint8_t record;    /* whom we talk to: BC_RECORD_SERVER or BC_RECORD_BOOTSTRAP */
    bool secured;      /* by DTLS */
    bool query_ready;  /* to be taken */
    bool bootstrapped; /* since the last AT+QLAREG: not again */
    bool full;         /* the next handshake resumes nothing */
    bool recovering;   /* the update after deep sleep follows the handshake */
    bool unsaved;      /* the session can be resumed, but is not in its record yet */
    bool closing;      /* it ends when the client has said all it has to say */
};

/* How far a firmware update has come; see fota.c. */
enum fota_step {
    FOTA_IDLE,
    FOTA_ANNOUNCED, /* until the server knows that the download begins */
    FOTA_RESOLVING, /* the host of the URI, until until_ms */
    FOTA_SECURING,  /* a DTLS handshake with it */
    FOTA_PULLING,
    FOTA_CHECKING, /* what has come, a piece at until_ms */
    FOTA_EXECUTED, /* the host is to be told */
    FOTA_STARTED,  /* reboots when the server knows, at until_ms at the latest */
};

struct fota_work; /* lent by the firmware port */

struct fota {
    const struct bc_firmware *port; /* NULL: no updates */
    struct fota_work *work;         /* while a package is checked or applied */
    struct bc_dtls *dtls;           /* with the URI's host, when that is not our server */
    uint64_t until_ms;              /* of the step */
    struct bc_pull pull;
    struct bc_address peer;
    struct bc_update update;
    struct bc_boot boot;
    struct bc_saved_observation saved; /* of 5/0/3, to be told how the update ended */
    uint32_t query_id;
    uint8_t step;
    uint8_t fault;    /* enum bc_firmware_code: forced upon the next update */
    uint8_t percent;  /* the last the host was told */
    uint8_t tries;    /* of the block under way, after all its repetitions */
    uint8_t restarts; /* because the package has changed on the server */
    bool shared;      /* the URI's host is our server */
    bool query_ready;
    bool bare_percent;
    bool unkept; /* the end of an update could not be stored: do not begin again now */
    uint8_t uri_bytes;
    char uri[BC_URI_BYTES_MAX];
};

/* bc_module_energy(); datagrams only pass in the first three states. */
struct energy {
    uint64_t ms[BC_ENERGY_STATES];
    struct {
        uint32_t datagrams_up, bytes_up, datagrams_down, bytes_down;
    } traffic[BC_ENERGY_PSM + 1];
};

struct bc_module {
    uint64_t now_ms; /* of the call under way */
    struct session session;
    struct power power;
    struct radio radio;
    struct bc_at_port port;
    struct base_settings base;
    int64_t utc_zero_ms; /* wall clock = utc_zero_ms + now_ms */
    uint32_t awake_ms;
    uint32_t baud; /* at power-up */
    bool clock_known;
    uint8_t psk_format; /* enum bc_psk_format */
    void (*trace)(void *trace_context, const char *line);
    void *trace_context;
    void (*keylog)(void *keylog_context, const char *line);
    void *keylog_context;
    struct bc_storage storage;
    struct bc_random random;
    struct bc_lwm2m_client client;
    struct stored stored;
    struct energy energy;
    struct fota fota;
    struct identity identity;
    char utc_offset[BC_UTC_OFFSET_BYTES_MAX + 1];
    char timezone[BC_TIMEZONE_BYTES_MAX + 1];
};

/* commands_qla.c: true when a text may become a host, endpoint name or key. */
bool bc_module_printable(bc_view text);

/* result.c: the codes of the guide's chapter 6. */
int bc_module_result_code(enum bc_outcome outcome);
#define RESULT_OTHER 900
#define RESULT_NOT_SENT 2
#define RESULT_RECOVERY_FAILED 3

/* urc.c */
void bc_module_urc(struct bc_module *m, const char *format, ...) BC_FORMAT(2, 3);
void bc_module_urc_binding(struct bc_module *m);
bool bc_module_on_event(void *context, const struct bc_lwm2m_event *event);
bool bc_module_urc_room(const struct bc_module *m); /* for all that a command can cause */

/* What the host has not asked for: nothing is kept free for it, and what is not urgent leaves room
 * for a request or a command behind it. */
enum bc_urgency { BC_NEWS, BC_NEWS_URGENT };
void bc_module_news(struct bc_module *m, enum bc_urgency urgency, const char *format, ...)
    BC_FORMAT(3, 4);

/* False: the message counts as lost, since the host has no room for what it can cause. */
bool bc_module_hears(const struct bc_module *m, bc_view message);

/* device.c: values of objects 3, 4 and 5. */
bool bc_module_value(void *context, struct bc_path path, struct bc_value *out, bc_sink *scratch);
void bc_module_write(void *context, struct bc_path path, const struct bc_value *value);
struct cfg_value *bc_module_cfg_value(struct bc_module *m, struct bc_path path);
int64_t bc_module_utc_s(const struct bc_module *m);

/* session.c: registration as the host sees it. */
void bc_module_on_resolved(struct bc_module *m, uint32_t query_id,
                           const struct bc_address *address);
int bc_module_start_registration(struct bc_module *m);
bool bc_module_account_usable(void *context, const struct bc_lwm2m_account *account);
void bc_session_on_registered(struct bc_module *m, int code);
void bc_session_on_bootstrapped(struct bc_module *m, const struct bc_lwm2m_event *event);
void bc_session_on_way(struct bc_module *m); /* to the server: all that stands before it is done */
void bc_session_on_no_way(struct bc_module *m);       /* the handshake has failed */
void bc_session_on_unregistered(struct bc_module *m); /* the registration is over */
void bc_session_end(struct bc_module *m);             /* power is going */
/* True for a repetition of what a bootstrap server has finished with. */
bool bc_session_on_farewell(struct bc_module *m, const struct bc_address *from, bc_view in);
/* Its acknowledgement, and whom it is for; NULL when there is none. */
const struct bc_address *bc_session_take_farewell(struct bc_module *m, bc_view *out);
void bc_session_on_time(struct bc_module *m);
uint64_t bc_session_deadline(const struct bc_module *m);
bool bc_session_quiet(const struct bc_module *m); /* nothing but the client's own is under way */
void bc_module_apply_settings(struct bc_module *m);
void bc_module_factory_defaults(struct bc_module *m);

/* fota.c: firmware updates. */
uint8_t bc_fota_on_server(void *context, const bc_view *uri, bool acts);
void bc_fota_drop(struct bc_module *m); /* power is going */
bool bc_fota_boot(struct bc_module *m); /* true: an update goes on before anything else */
void bc_fota_tell_end(struct bc_module *m);
bool bc_fota_on_datagram(struct bc_module *m, const struct bc_address *from, bc_view in);
bool bc_fota_hears(struct bc_module *m, bc_view plain); /* true: the server said it to the pull */
bool bc_fota_speaks(const struct bc_module *m);         /* to the server, over its session */
bool bc_fota_take(struct bc_module *m, bc_view *out);   /* for fota.peer */
bool bc_fota_take_plain(struct bc_module *m, bc_view *out);
bool bc_fota_take_query(struct bc_module *m, struct bc_query *out);
void bc_fota_on_resolved(struct bc_module *m, uint32_t query_id, const struct bc_address *address);
void bc_fota_on_time(struct bc_module *m);
uint64_t bc_fota_deadline(const struct bc_module *m);
bool bc_fota_quiet(const struct bc_module *m);

/* boot.c */
extern const struct base_settings bc_base_power_up;
void bc_module_restore_profile(struct bc_module *m); /* what AT&W kept, else the factory's */
void bc_module_boot(struct bc_module *m);
void bc_module_reboot_in(struct bc_module *m, uint32_t delay_ms);

/* secure.c: DTLS between the client and the network, while session.secured. */
bool bc_secure_open(struct bc_module *m); /* begins a handshake with the server of the session */
void bc_secure_drop(struct bc_module *m);
void bc_secure_close(struct bc_module *m); /* telling the server, once all else is said */
void bc_secure_on_datagram(struct bc_module *m, bc_view in);
bool bc_secure_take(struct bc_module *m, bc_view *out);
void bc_secure_on_silence(struct bc_module *m); /* the server did not answer */
void bc_secure_suspend(struct bc_module *m);    /* before deep sleep */
bool bc_secure_recover(struct bc_module *m);    /* after it: handshake and update; false = no way */
void bc_secure_on_time(struct bc_module *m);
uint64_t bc_secure_deadline(const struct bc_module *m);
bool bc_secure_quiet(const struct bc_module *m);
bool bc_secure_shakes_hands(const struct bc_module *m);
/* Another session with the server's key, with whoever that will be; NULL when there is no key. */
struct bc_dtls *bc_secure_other(struct bc_module *m);
bool bc_secure_key_legal(enum bc_psk_format format, bc_view psk);

/* radio.c */
void bc_radio_boot(struct bc_module *m);
void bc_radio_set_cfun(struct bc_module *m, uint8_t cfun);
void bc_radio_power_off(struct bc_module *m);
void bc_radio_set_attached(struct bc_module *m, bool attached);
int bc_radio_registration_status(const struct bc_module *m); /* <stat> of +CEREG */
bool bc_radio_attached(const struct bc_module *m);
bool bc_radio_reachable(const struct bc_module *m);
void bc_radio_on_uplink(struct bc_module *m);
void bc_radio_on_downlink(struct bc_module *m);
void bc_radio_on_time(struct bc_module *m);
void bc_radio_look(struct bc_module *m); /* what has become of the coverage */
/* The signal as AT+CSQ, AT+CESQ, AT+QENG and 4/0/2 tell it. */
struct bc_radio_signal {
    int csq, rxlev, rsrp_index, rsrp_dbm, rssi_dbm;
    int coverage_level; /* 0 good, 1 poor, 2 the worst that still works */
};
struct bc_radio_signal bc_radio_signal(const struct bc_module *m);
uint64_t bc_radio_deadline(const struct bc_module *m);

/* power.c */
size_t bc_power_on_serial(struct bc_module *m, bc_view in); /* returns the bytes that are lost */
void bc_power_down(struct bc_module *m);
void bc_power_cut(struct bc_module *m);
uint64_t bc_power_active_ms(const struct bc_module *m); /* T3324 */
bool bc_power_saves(const struct bc_module *m);         /* PSM follows on T3324 */
void bc_power_on_wake(struct bc_module *m);
void bc_power_on_unrecovered(struct bc_module *m); /* no way back to the server */
void bc_power_on_time(struct bc_module *m);
uint64_t bc_power_deadline(const struct bc_module *m);

/* energy.c: to be told before time goes on, and before a datagram changes the radio's state. */
void bc_energy_on_time(struct bc_module *m, uint64_t now_ms);
void bc_energy_on_datagram(struct bc_module *m, bool up, size_t bytes);

/* commands_qla.c, commands_base.c */
extern const struct bc_at_table bc_module_qla_table;
extern const struct bc_at_table bc_module_base_table;

#endif
