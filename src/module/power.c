/*
 * Deep sleep (MODULE section 5, G 5.2.2): entered when it is allowed and everything has been quiet
 * for long enough, left by the wake pin, by AT bytes or when an update is due. A session that was
 * registered is recovered with an update.
 */
#include "module/state.h"

#define SERIAL_QUIET_MS 10000

#define UNIT_DEACTIVATED 7

/* A GPRS timer 2 octet as AT+CPSMS gives it (3GPP TS 24.008 section 10.5.7.4), in ms. */
uint64_t bc_power_active_ms(const struct bc_module *m)
{
    uint8_t octet = m->base.t3324;
    static const uint32_t units_s[] = {2, 60, 360, 60, 60, 60, 60, 0};
    return (uint64_t)(octet & 31) * units_s[octet >> 5] * 1000;
}

/* There is no power saving mode with a deactivated T3324 (3GPP TS 24.301 section 5.3.11). */
bool bc_power_saves(const struct bc_module *m)
{
    return m->base.psm == 1 && m->base.t3324 >> 5 != UNIT_DEACTIVATED;
}

static bool off(const struct bc_module *m)
{
    return m->power.state >= POWER_OFF;
}

static bool may_sleep(const struct bc_module *m)
{
    return m->power.state == POWER_AWAKE && m->base.sleep == 1 && bc_power_saves(m) &&
           m->radio.state == RADIO_IDLE && m->power.reboot_at_ms == BC_NEVER &&
           bc_session_quiet(m) && bc_fota_quiet(m) && bc_at_idle(&m->port) &&
           bc_lwm2m_quiet(&m->client);
}

static uint64_t sleep_at_ms(const struct bc_module *m)
{
    uint64_t serial_ms = m->power.serial_ms + SERIAL_QUIET_MS;
    uint64_t radio_ms = m->radio.quiet_since_ms + bc_power_active_ms(m);
    return serial_ms > radio_ms ? serial_ms : radio_ms;
}

static void enter(struct bc_module *m)
{
    m->power.state = POWER_ASLEEP;
    bc_secure_suspend(m);
    if (bc_module_status(m) == BC_STATUS_REGISTERED)
        bc_lwm2m_set_status(&m->client, BC_STATUS_NEEDS_RECOVERY);
    if (m->base.sleep_events)
        bc_module_urc(m, "+QNBIOTEVENT: \"ENTER DEEPSLEEP\"");
}

static void leave(struct bc_module *m)
{
    bool events = m->base.sleep_events;
    m->power.state = POWER_AWAKE;
    m->power.serial_ms = m->now_ms;
    m->radio.quiet_since_ms = m->now_ms;
    m->base.sleep = 1; /* as after each boot (G 4.1.2.1) */
    if (events)
        bc_module_urc(m, "+QNBIOTEVENT: \"EXIT DEEPSLEEP\"");
    bc_radio_look(m);
}

/* G 3.12: 0, or 3 when the lifetime is over or the server does not answer. */
static void recover(struct bc_module *m)
{
    if (bc_module_status(m) != BC_STATUS_NEEDS_RECOVERY)
        return;
    bc_lwm2m_set_status(&m->client, BC_STATUS_RECOVERING);
    if (bc_lwm2m_expired(&m->client, m->now_ms) || !bc_secure_recover(m))
        bc_power_on_unrecovered(m);
}

void bc_power_on_unrecovered(struct bc_module *m)
{
    bc_lwm2m_set_status(&m->client, BC_STATUS_NOT_REGISTERED);
    bc_module_urc(m, "+QLAURC: \"recovered\",%d", RESULT_RECOVERY_FAILED);
}

void bc_power_on_wake(struct bc_module *m)
{
    if (m->power.state != POWER_ASLEEP)
        return;
    leave(m);
    recover(m);
}

/* When the automatic update must wake us, or BC_NEVER. */
static uint64_t update_at_ms(const struct bc_module *m)
{
    bool session = bc_module_status(m) == BC_STATUS_NEEDS_RECOVERY;
    return session && m->stored.lwm2m.updates ? m->client.update_ms : BC_NEVER;
}

/* Bytes on a sleeping line wake the module; the command they belong to is lost with its CR, as on
 * the hardware, unless it is to be kept. */
size_t bc_power_on_serial(struct bc_module *m, bc_view in)
{
    m->power.serial_ms = m->now_ms;
    if (m->power.state == POWER_ASLEEP) {
        bc_power_on_wake(m);
        m->power.swallow = !m->power.keep_wake_command;
    }
    if (off(m))
        return in.len;
    size_t lost = 0;
    while (m->power.swallow && lost < in.len)
        m->power.swallow = in.ptr[lost++] != '\r';
    return lost;
}

void bc_power_down(struct bc_module *m)
{
    bc_module_urc(m, "POWERED DOWN");
    bc_session_end(m);
    bc_lwm2m_reset(&m->client, bc_module_status(m));
    bc_radio_power_off(m);
    m->power.state = POWER_OFF;
}

/* No goodbye. What the radio still says on its way out is not heard by anybody. */
void bc_power_cut(struct bc_module *m)
{
    bc_session_end(m);
    bc_lwm2m_reset(&m->client,
                   m->stored.server_known ? BC_STATUS_NOT_REGISTERED : BC_STATUS_NOT_CONFIGURED);
    bc_radio_power_off(m);
    bc_at_port_drop_all(&m->port);
    m->power.state = POWER_CUT;
}

void bc_power_on_time(struct bc_module *m)
{
    if (off(m))
        return;
    if (m->power.reboot_at_ms <= m->now_ms) {
        bc_module_boot(m);
    } else if (m->power.state == POWER_ASLEEP) {
        if (update_at_ms(m) > m->now_ms)
            return;
        leave(m);
        bc_lwm2m_set_status(&m->client, BC_STATUS_RECOVERING);
        bc_lwm2m_set_status(&m->client, BC_STATUS_REGISTERED);
    } else if (may_sleep(m) && sleep_at_ms(m) <= m->now_ms) {
        enter(m);
    }
}

uint64_t bc_power_deadline(const struct bc_module *m)
{
    if (off(m))
        return BC_NEVER;
    if (m->power.state == POWER_ASLEEP)
        return update_at_ms(m);
    uint64_t sleep_ms = may_sleep(m) ? sleep_at_ms(m) : BC_NEVER;
    return sleep_ms < m->power.reboot_at_ms ? sleep_ms : m->power.reboot_at_ms;
}
