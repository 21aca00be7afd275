/*
 * The radio model (MODULE section 6): the SIM card, attachment, and the RRC connection that traffic
 * opens and quiet or a release assistance indication (RAI, G 2.4) closes.
 */
#include "module/state.h"

#define RELEASE_MS 20000

static void set_state(struct bc_module *m, enum radio_state next)
{
    bool was_connected = m->radio.state == RADIO_CONNECTED;
    m->radio.state = (uint8_t)next;
    if (next != RADIO_CONNECTED) {
        m->radio.release_at_ms = BC_NEVER;
        m->radio.release_after_downlink = false;
        m->radio.quiet_since_ms = m->now_ms;
    }
    if (m->base.cscon == 1 && was_connected != (next == RADIO_CONNECTED))
        bc_module_news(m, BC_NEWS, "+CSCON: %d", next == RADIO_CONNECTED);
}

static void start_search(struct bc_module *m)
{
    set_state(m, RADIO_SEARCHING);
    m->radio.attach_at_ms = m->radio.uncovered ? BC_NEVER : m->now_ms + m->radio.attach_ms;
}

/* The SIM card is ready half-way to the network: so a host can be quicker than +CPIN: READY, as in
 * G 5.6.4, or wait for it, as in G 5.2.2. */
void bc_radio_boot(struct bc_module *m)
{
    m->radio.card_at_ms = m->now_ms + m->radio.attach_ms / 2;
    m->radio.cfun = 1;
    m->radio.rai = 0;
    m->radio.state = RADIO_OFF;
    start_search(m);
}

int bc_radio_registration_status(const struct bc_module *m)
{
    return bc_radio_attached(m) ? 1 : m->radio.state == RADIO_SEARCHING ? 2 : 0;
}

static void urc_registration(struct bc_module *m)
{
    const struct {
        const char *name;
        uint8_t n;
    } rows[] = {{"+CREG", m->base.creg}, {"+CGREG", m->base.cgreg}, {"+CEREG", m->base.cereg}};
    int status = bc_radio_registration_status(m);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (rows[i].n == 1)
            bc_module_news(m, BC_NEWS, "%s: %d", rows[i].name, status);
        else if (rows[i].n >= 2)
            bc_module_news(m, BC_NEWS,
                           status == 1 ? "%s: %d,\"" NETWORK_TAC "\",\"" NETWORK_CELL_ID "\",9"
                                       : "%s: %d",
                           rows[i].name, status);
    }
}

void bc_radio_set_cfun(struct bc_module *m, uint8_t cfun)
{
    bool was = m->radio.cfun == 1;
    m->radio.cfun = cfun;
    if (cfun == 1 && !was)
        start_search(m);
    if (cfun != 1 && was)
        set_state(m, RADIO_OFF);
    if ((cfun == 1) != was)
        urc_registration(m);
}

void bc_radio_power_off(struct bc_module *m)
{
    m->radio.card_at_ms = BC_NEVER;
    bc_radio_set_cfun(m, 0);
}

void bc_radio_set_attached(struct bc_module *m, bool attached)
{
    bool on = m->radio.state != RADIO_OFF;
    if (m->radio.cfun != 1 || on == attached)
        return;
    if (attached)
        start_search(m);
    else
        set_state(m, RADIO_OFF);
    urc_registration(m);
}

void bc_radio_look(struct bc_module *m)
{
    if (m->radio.uncovered && bc_radio_attached(m)) {
        start_search(m);
        urc_registration(m);
    } else if (!m->radio.uncovered && m->radio.state == RADIO_SEARCHING &&
               m->radio.attach_at_ms == BC_NEVER) {
        start_search(m);
    }
}

static int within(int value, int min, int max)
{
    return value < min ? min : value > max ? max : value;
}

/* A cell sends 32 dBm a tone (43 dBm over 12 tones), and coverage enhancement begins behind a loss
 * of 144 dB, the highest level behind 154 dB (3GPP TR 45.820). */
static int coverage_level(int rsrp_dbm)
{
    return rsrp_dbm >= -112 ? 0 : rsrp_dbm >= -122 ? 1 : 2;
}

/* TS 27.007 8.5 and 8.69. An NB-IoT carrier has 12 tones, so one of them is 11 dB below all. */
struct bc_radio_signal bc_radio_signal(const struct bc_module *m)
{
    static const struct bc_radio_signal logged = {21, 47, 80, -59, -63, 0};
    int rssi_dbm = m->radio.rssi_dbm;
    if (rssi_dbm == 0)
        return logged;
    int rsrp_dbm = rssi_dbm - 11;
    return (struct bc_radio_signal){
        .csq = within((rssi_dbm + 113) / 2, 0, 31),
        .rxlev = within(rssi_dbm + 111, 0, 63),
        .rsrp_index = within(rsrp_dbm + 141, 0, 97),
        .rsrp_dbm = rsrp_dbm,
        .rssi_dbm = rssi_dbm,
        .coverage_level = coverage_level(rsrp_dbm),
    };
}

bool bc_radio_attached(const struct bc_module *m)
{
    return m->radio.state == RADIO_IDLE || m->radio.state == RADIO_CONNECTED;
}

/* In queue mode the radio sleeps when the awake window after the last uplink is over. */
bool bc_radio_reachable(const struct bc_module *m)
{
    return bc_radio_attached(m) && m->power.state == POWER_AWAKE &&
           (!m->stored.lwm2m.queue_mode || m->now_ms - m->radio.uplink_ms <= m->awake_ms);
}

void bc_radio_on_uplink(struct bc_module *m)
{
    m->radio.uplink_ms = m->now_ms;
    /* What was meant is the last of the messages that wait, for a handshake perhaps. */
    bool waits = bc_secure_shakes_hands(m) || bc_coap_ready(&m->client.coap);
    uint8_t rai = waits ? 0 : m->radio.rai;
    if (!waits)
        m->radio.rai = 0;
    if (m->radio.state == RADIO_IDLE)
        set_state(m, RADIO_CONNECTED);
    m->radio.release_at_ms = m->now_ms + (rai == 1 ? 0 : RELEASE_MS);
    m->radio.release_after_downlink = rai == 2;
    if (rai == 1)
        set_state(m, RADIO_IDLE);
}

void bc_radio_on_downlink(struct bc_module *m)
{
    if (m->radio.state == RADIO_IDLE)
        set_state(m, RADIO_CONNECTED);
    m->radio.release_at_ms = m->now_ms + RELEASE_MS;
    if (m->radio.release_after_downlink)
        set_state(m, RADIO_IDLE);
}

void bc_radio_on_time(struct bc_module *m)
{
    if (m->radio.card_at_ms <= m->now_ms) {
        m->radio.card_at_ms = BC_NEVER;
        bc_module_urc(m, "+CPIN: READY");
    }
    if (m->radio.state == RADIO_SEARCHING && m->radio.attach_at_ms <= m->now_ms) {
        set_state(m, RADIO_IDLE);
        urc_registration(m);
        bc_module_news(m, BC_NEWS, "+IP: %s", m->identity.address);
    }
    if (m->radio.state == RADIO_CONNECTED && m->radio.release_at_ms <= m->now_ms)
        set_state(m, RADIO_IDLE);
}

uint64_t bc_radio_deadline(const struct bc_module *m)
{
    uint64_t state_ms = m->radio.state == RADIO_SEARCHING   ? m->radio.attach_at_ms
                        : m->radio.state == RADIO_CONNECTED ? m->radio.release_at_ms
                                                            : BC_NEVER;
    return state_ms < m->radio.card_at_ms ? state_ms : m->radio.card_at_ms;
}
