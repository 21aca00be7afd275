/*
 * What the battery pays for: time and traffic by state (bc_module_energy). Time is booked whenever
 * it goes on, on the state it found; only the step from RRC idle to PSM has no event of its own
 * and is found in between (3GPP TS 23.682 section 4.5.4: PSM begins when T3324 is over). What a
 * state costs in coulombs is left to the reader and the hardware's data sheet.
 */
#include <assert.h>

#include "module/state.h"

const char *bc_energy_name(enum bc_energy_state state)
{
    static const char *const names[] = {"connected",  "idle",      "psm",
                                        "deep_sleep", "searching", "off"};
    assert(state < sizeof(names) / sizeof(names[0]));
    return names[state];
}

/* When RRC idle became or becomes PSM. */
static uint64_t psm_ms(const struct bc_module *m)
{
    return bc_power_saves(m) ? m->radio.quiet_since_ms + bc_power_active_ms(m) : BC_NEVER;
}

/* IDLE stands for PSM, too. */
static enum bc_energy_state state_of(const struct bc_module *m)
{
    if (m->power.state == POWER_ASLEEP)
        return BC_ENERGY_DEEP_SLEEP;
    if (m->power.state != POWER_AWAKE)
        return BC_ENERGY_OFF;
    switch ((enum radio_state)m->radio.state) {
    case RADIO_SEARCHING:
        return BC_ENERGY_SEARCHING;
    case RADIO_IDLE:
        return BC_ENERGY_IDLE;
    case RADIO_CONNECTED:
        return BC_ENERGY_CONNECTED;
    case RADIO_OFF:
        break;
    }
    return BC_ENERGY_OFF;
}

/* Books the time from the module's present to `now_ms`. */
static void book(const struct bc_module *m, uint64_t now_ms, uint64_t ms[BC_ENERGY_STATES])
{
    enum bc_energy_state state = state_of(m);
    if (now_ms <= m->now_ms)
        return;
    uint64_t psm_from_ms = state == BC_ENERGY_IDLE ? psm_ms(m) : BC_NEVER;
    if (psm_from_ms < m->now_ms)
        psm_from_ms = m->now_ms;
    if (psm_from_ms > now_ms)
        psm_from_ms = now_ms;
    ms[state] += psm_from_ms - m->now_ms;
    ms[BC_ENERGY_PSM] += now_ms - psm_from_ms;
}

void bc_energy_on_time(struct bc_module *m, uint64_t now_ms)
{
    book(m, now_ms, m->energy.ms);
}

void bc_energy_on_datagram(struct bc_module *m, bool up, size_t bytes)
{
    enum bc_energy_state state = state_of(m);
    if (state != BC_ENERGY_CONNECTED && psm_ms(m) <= m->now_ms)
        state = BC_ENERGY_PSM; /* also for an answer that was left when deep sleep began */
    if (state > BC_ENERGY_PSM)
        state = BC_ENERGY_IDLE;
    if (up) {
        m->energy.traffic[state].datagrams_up++;
        m->energy.traffic[state].bytes_up += (uint32_t)bytes;
    } else {
        m->energy.traffic[state].datagrams_down++;
        m->energy.traffic[state].bytes_down += (uint32_t)bytes;
    }
}

void bc_module_energy(const struct bc_module *m, uint64_t now_ms, struct bc_energy *out)
{
    uint64_t ms[BC_ENERGY_STATES];
    *out = (struct bc_energy){0};
    for (unsigned i = 0; i < BC_ENERGY_STATES; i++)
        ms[i] = m->energy.ms[i];
    book(m, now_ms, ms);
    for (unsigned i = 0; i < BC_ENERGY_STATES; i++)
        out->in[i].ms = ms[i];
    for (unsigned i = 0; i <= BC_ENERGY_PSM; i++) {
        out->in[i].datagrams_up = m->energy.traffic[i].datagrams_up;
        out->in[i].bytes_up = m->energy.traffic[i].bytes_up;
        out->in[i].datagrams_down = m->energy.traffic[i].datagrams_down;
        out->in[i].bytes_down = m->energy.traffic[i].bytes_down;
    }
}
