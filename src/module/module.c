/*
 * The module as a whole: the functions of bc260y/module.h, each of which brings time up to date,
 * hands its input to the part it concerns and leaves the output to be taken.
 */
#include "bc260y/module.h"

#include <assert.h>
#include <string.h>

#include "base/sink.h"
#include "module/state.h"

#define AWAKE_MS_DEFAULT 93000
#define BAUD_DEFAULT 115200
#define RSSI_DBM_MIN (-127)
#define RSSI_DBM_MAX (-30)
#define VERSION "0.1.0"

static_assert(sizeof(struct bc_module) <= BC_MODULE_BYTES,
              "struct bc_module has outgrown its memory");
static_assert(BC_AT_WORKSPACE_BYTES + BC_ARENA_BYTES <= BC_WORKSPACE_BYTES,
              "the workspace is too small");

static void trace(void *context, const char *line)
{
    struct bc_module *m = context;
    if (m->trace != NULL)
        m->trace(m->trace_context, line);
}

static const struct bc_lwm2m_host host = {.on_event = bc_module_on_event,
                                          .value = bc_module_value,
                                          .write = bc_module_write,
                                          .firmware = bc_fota_on_server,
                                          .account_usable = bc_module_account_usable,
                                          .trace = trace};

const char *bc_version(void)
{
    return VERSION;
}

size_t bc_module_bytes(void)
{
    return sizeof(struct bc_module);
}

/* --- Time ------------------------------------------------------------------------------------ */

/* One thing that is due can make another one due: attachment after a reboot, the update after a
 * wake-up. No chain is longer than ROUNDS_MAX. */
#define ROUNDS_MAX 4

static void advance(struct bc_module *m, uint64_t now_ms)
{
    bc_energy_on_time(m, now_ms);
    if (now_ms > m->now_ms)
        m->now_ms = now_ms;
    bc_lwm2m_set_now(&m->client, m->now_ms);
    for (unsigned round = 0; round < ROUNDS_MAX; round++) {
        if (bc_deadline(m) > m->now_ms)
            return;
        bc_radio_on_time(m);
        bc_power_on_time(m);
        bc_session_on_time(m);
        bc_fota_on_time(m);
        if (m->power.state == POWER_AWAKE)
            bc_lwm2m_on_time(&m->client, m->now_ms);
    }
}

void bc_on_time(struct bc_module *m, uint64_t now_ms)
{
    advance(m, now_ms);
}

void bc_on_clock(struct bc_module *m, uint64_t now_ms, int64_t utc_s)
{
    advance(m, now_ms);
    m->clock_known = true;
    m->utc_zero_ms = utc_s * 1000 - (int64_t)m->now_ms;
}

void bc_on_wake_pin(struct bc_module *m, uint64_t now_ms)
{
    advance(m, now_ms);
    bc_power_on_wake(m);
}

void bc_on_reset(struct bc_module *m, uint64_t now_ms)
{
    advance(m, now_ms);
    if (m->power.state != POWER_CUT)
        bc_module_boot(m);
    advance(m, now_ms);
}

void bc_on_power(struct bc_module *m, uint64_t now_ms, bool on)
{
    advance(m, now_ms);
    bool runs = m->power.state != POWER_OFF && m->power.state != POWER_CUT;
    if (on && !runs) {
        trace(m, "power: on");
        bc_module_boot(m);
    } else if (!on && m->power.state != POWER_CUT) {
        trace(m, "power: cut");
        bc_power_cut(m);
    }
    advance(m, now_ms);
}

void bc_on_coverage(struct bc_module *m, uint64_t now_ms, bool covered)
{
    advance(m, now_ms);
    m->radio.uncovered = !covered;
    if (m->power.state == POWER_AWAKE)
        bc_radio_look(m);
    advance(m, now_ms);
}

void bc_on_signal(struct bc_module *m, uint64_t now_ms, int rssi_dbm)
{
    advance(m, now_ms);
    int before_dbm = bc_radio_signal(m).rssi_dbm;
    rssi_dbm = rssi_dbm < RSSI_DBM_MIN ? RSSI_DBM_MIN : rssi_dbm;
    m->radio.rssi_dbm = (int16_t)(rssi_dbm > RSSI_DBM_MAX ? RSSI_DBM_MAX : rssi_dbm);
    struct bc_path path = BC_PATH_RESOURCE(4, 0, BC_CONNECTIVITY_RSSI_DBM);
    if (m->radio.rssi_dbm != before_dbm && bc_module_cfg_value(m, path) == NULL)
        bc_lwm2m_changed(&m->client, path);
}

void bc_on_firmware_fault(struct bc_module *m, enum bc_firmware_code code)
{
    m->fota.fault = (uint8_t)code;
}

uint64_t bc_deadline(const struct bc_module *m)
{
    uint64_t deadlines_ms[] = {
        m->power.state == POWER_AWAKE ? bc_lwm2m_deadline(&m->client) : BC_NEVER,
        bc_radio_deadline(m),
        bc_power_deadline(m),
        bc_session_deadline(m),
        bc_fota_deadline(m),
    };
    uint64_t first_ms = BC_NEVER;
    for (size_t i = 0; i < sizeof(deadlines_ms) / sizeof(deadlines_ms[0]); i++)
        if (deadlines_ms[i] < first_ms)
            first_ms = deadlines_ms[i];
    return first_ms;
}

/* --- Building -------------------------------------------------------------------------------- */

/* Copies a text of the given length (0 = any that fits), digits only when asked. */
static bool take_text(char *to, size_t bytes, const char *text, const char *fallback, size_t digits)
{
    if (text == NULL)
        text = fallback;
    size_t len = strlen(text);
    if (len == 0 || len >= bytes || (digits != 0 && len != digits))
        return false;
    for (size_t i = 0; i < len; i++)
        if (digits != 0 ? text[i] < '0' || text[i] > '9' : text[i] <= ' ' || text[i] > '~')
            return false;
    memcpy(to, text, len + 1);
    return true;
}

static bool take_identity(struct identity *to, const struct bc_config *config)
{
    return take_text(to->imei, sizeof(to->imei), config->imei, BC_IMEI_DEFAULT, 15) &&
           take_text(to->imsi, sizeof(to->imsi), config->imsi, "460111174747875", 15) &&
           take_text(to->iccid, sizeof(to->iccid), config->iccid, "89861120224030023557", 20) &&
           take_text(to->revision, sizeof(to->revision), config->revision, BC_REVISION_DEFAULT,
                     0) &&
           take_text(to->address, sizeof(to->address), config->address, "10.177.135.245", 0);
}

enum bc_err bc_module_init(struct bc_module **out, union bc_module_memory *memory,
                           union bc_workspace *workspace, const struct bc_config *config,
                           uint64_t now_ms)
{
    struct identity identity = {0};
    if (config->storage == NULL || !take_identity(&identity, config))
        return BC_ERR_RANGE;
    struct bc_module *m = (struct bc_module *)memory;
    memset(m, 0, sizeof(*m));
    m->identity = identity;
    m->storage = *config->storage;
    m->keylog = config->keylog;
    m->keylog_context = config->keylog_context;
    m->psk_format = (uint8_t)config->psk_format;
    m->trace = config->trace;
    m->trace_context = config->trace_context;
    m->random.state = config->seed;
    m->now_ms = now_ms;
    m->awake_ms = config->awake_ms == 0 ? AWAKE_MS_DEFAULT : config->awake_ms;
    m->baud = config->baud == 0 ? BAUD_DEFAULT : config->baud;
    m->radio.attach_ms = config->attach_ms;
    m->power.keep_wake_command = config->keep_wake_command;
    m->fota.port = config->firmware;
    m->fota.bare_percent = config->bare_percent;
    bc_at_port_init(&m->port, workspace->bytes);
    bc_lwm2m_init(&m->client, &host, m, &m->stored.lwm2m, &m->random,
                  workspace->bytes + BC_AT_WORKSPACE_BYTES);
    bc_module_boot(m);
    advance(m, now_ms);
    *out = m;
    return BC_OK;
}

enum bc_status bc_module_status(const struct bc_module *m)
{
    return (enum bc_status)m->client.status;
}

/* --- The serial side ------------------------------------------------------------------------- */

/* The final result of a command line (V.250 section 5.7): OK is 0, ERROR is 4. */
static void put_result(const struct bc_at_port *port, bc_sink *out, int result)
{
    if (result == BC_AT_NO_RESULT || port->quiet)
        return;
    if (result == BC_AT_OK)
        bc_put_text(out, port->verbose ? "\r\nOK\r\n" : "0\r");
    else if (port->cme_errors > 0)
        bc_put_format(out, "\r\n+CME ERROR: %d\r\n", result);
    else
        bc_put_text(out, port->verbose ? "\r\nERROR\r\n" : "4\r");
}

#define RESULT_BYTES_MAX 24 /* kept free for the final result */

/* With ATV0 no line of information has CR LF before it (V.250 section 6.2.6). */
static void drop_head(bc_sink *out)
{
    if (out->len < 2 || out->ptr[0] != '\r')
        return;
    out->len -= 2;
    memmove(out->ptr, out->ptr + 2, out->len);
}

static void execute(struct bc_module *m, bc_sink *line)
{
    static const struct bc_at_table *const tables[] = {&bc_module_qla_table, &bc_module_base_table};
    bc_sink out = bc_at_reply_begin(&m->port);
    out.cap -= RESULT_BYTES_MAX;
    int result = BC_AT_ERROR_PARAMETER; /* a line that was too long has no bytes */
    if (line->ptr != NULL) {
        uint8_t *text = line->ptr;
        size_t bytes = line->len;
        result = bc_at_execute(tables, sizeof(tables) / sizeof(tables[0]), m, line, &out);
        bc_wipe(text, bytes); /* it may have held a key */
    }
    if (!m->port.verbose)
        drop_head(&out);
    out.cap += RESULT_BYTES_MAX;
    put_result(&m->port, &out, result);
    bc_at_reply_end(&m->port, &out);
}

size_t bc_on_serial(struct bc_module *m, uint64_t now_ms, bc_view in)
{
    advance(m, now_ms);
    if (in.len == 0)
        return 0; /* no byte has come: nobody is woken */
    size_t done = bc_power_on_serial(m, in);
    for (;;) {
        size_t accepted;
        bc_sink line;
        bool whole =
            bc_at_on_bytes(&m->port, (bc_view){in.ptr + done, in.len - done}, &accepted, &line);
        done += accepted;
        if (!whole)
            break;
        execute(m, &line);
    }
    advance(m, now_ms);
    return done;
}

bool bc_take_serial(struct bc_module *m, bc_view *out)
{
    if (!bc_at_take(&m->port, out))
        return false;
    m->power.serial_ms = m->now_ms;
    return true;
}

uint32_t bc_baud(const struct bc_module *m)
{
    return m->base.baud;
}

/* --- The network side ------------------------------------------------------------------------ */

void bc_on_datagram(struct bc_module *m, uint64_t now_ms, const struct bc_address *from, bc_view in)
{
    advance(m, now_ms);
    if (!bc_radio_reachable(m)) {
        trace(m, "radio: not reachable, datagram lost");
        return;
    }
    if (in.len > (m->session.secured ? BC_WIRE_BYTES_MAX : BC_DATAGRAM_BYTES_MAX) ||
        !bc_module_hears(m, in))
        return;
    bc_energy_on_datagram(m, false, in.len);
    bc_radio_on_downlink(m);
    if (bc_fota_on_datagram(m, from, in) || bc_session_on_farewell(m, from, in))
        ;
    else if (!m->session.secured)
        bc_lwm2m_on_datagram(&m->client, m->now_ms, from, in);
    else if (bc_address_equal(from, &m->client.server))
        bc_secure_on_datagram(m, in);
    advance(m, now_ms); /* an update that a deregistration had held up can be due now */
}

void bc_on_resolved(struct bc_module *m, uint64_t now_ms, uint32_t query_id,
                    const struct bc_address *address)
{
    advance(m, now_ms);
    bc_module_on_resolved(m, query_id, address);
    bc_fota_on_resolved(m, query_id, address);
}

/* Whom it is for; NULL when there is none. */
static const struct bc_address *take_datagram(struct bc_module *m, bc_view *out)
{
    if (m->session.secured ? bc_secure_take(m, out) : bc_coap_take(&m->client.coap, m->now_ms, out))
        return &m->client.server;
    return bc_fota_take(m, out) ? &m->fota.peer : bc_session_take_farewell(m, out);
}

bool bc_take_datagram(struct bc_module *m, struct bc_address *to, bc_view *out)
{
    const struct bc_address *peer;
    while ((peer = take_datagram(m, out)) != NULL) {
        if (!bc_radio_attached(m))
            continue; /* nobody hears it */
        bc_energy_on_datagram(m, true, out->len);
        bc_radio_on_uplink(m);
        *to = *peer;
        return true;
    }
    return false;
}

void bc_module_end(struct bc_module *m)
{
    bc_session_end(m);
    bc_wipe(m->port.workspace, BC_AT_WORKSPACE_BYTES + BC_ARENA_BYTES);
}

/* --- The workspace --------------------------------------------------------------------------- */

bool bc_idle(const struct bc_module *m)
{
    return bc_at_idle(&m->port) && bc_lwm2m_idle(&m->client) && !m->session.query_ready &&
           !m->fota.query_ready;
}

void bc_lend_workspace(struct bc_module *m, union bc_workspace *workspace)
{
    assert(bc_idle(m));
    bc_at_lend(&m->port, workspace->bytes);
    bc_coap_lend(&m->client.coap, workspace->bytes + BC_AT_WORKSPACE_BYTES);
}
