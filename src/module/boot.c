/*
 * Power-up and reboot (MODULE section 5): RDY and +CFUN: 1; the radio goes on from there. What
 * the guide keeps is kept; registration, observations and everything under way are lost.
 */
#include <string.h>

#include "module/store.h"

const struct base_settings bc_base_power_up = {
    .sleep = 1,
    .sleep_events = true,
    .psm = 1,
    .t3412 = 0x41,     /* ten hours */
    .t3324 = 0x05,     /* ten seconds */
    .edrx_value = 0x5, /* 81.92 s */
};

void bc_module_restore_profile(struct bc_module *m)
{
    const struct stored_profile *profile = &m->stored.profile;
    m->port.echo = profile->saved ? profile->echo : true;
    m->port.quiet = profile->saved ? profile->quiet : false;
    m->port.verbose = profile->saved ? profile->verbose : true;
    m->port.cme_errors = profile->saved ? profile->cme_errors : 0;
}

void bc_module_boot(struct bc_module *m)
{
    m->base = bc_base_power_up;
    m->base.baud = m->baud;
    bc_session_end(m);
    bc_module_factory_defaults(m);
    bc_store_load_all(m);
    m->power.reboot_at_ms = BC_NEVER;
    m->power.serial_ms = m->now_ms;
    m->power.state = POWER_AWAKE;
    m->power.swallow = false;
    memcpy(m->utc_offset, "+08:00", sizeof("+08:00"));
    memcpy(m->timezone, "Asia/Shanghai", sizeof("Asia/Shanghai"));
    bc_at_port_drop_line(&m->port);
    bc_module_restore_profile(m);
    bc_lwm2m_reset(&m->client,
                   m->stored.server_known ? BC_STATUS_NOT_REGISTERED : BC_STATUS_NOT_CONFIGURED);
    bc_module_apply_settings(m);
    if (bc_fota_boot(m))
        return;
    bc_module_urc(m, "RDY");
    bc_module_urc(m, "+CFUN: 1");
    bc_fota_tell_end(m);
    bc_radio_boot(m);
}

void bc_module_reboot_in(struct bc_module *m, uint32_t delay_ms)
{
    m->power.reboot_at_ms = m->now_ms + delay_ms;
}
