/*
 * Registration as the host drives it: from AT+QLAREG over name resolution to the client, and the
 * settings that both share.
 */
#include <string.h>

#include "module/state.h"

#define QUERY_MS 20000 /* how long an answer to a name query is awaited */

void bc_module_apply_settings(struct bc_module *m)
{
    m->client.coap.ack_timeout_s = m->stored.ack_timeout_s;
    m->client.coap.retransmit_max = m->stored.retransmit_max;
}

void bc_module_factory_defaults(struct bc_module *m)
{
    m->stored = (struct stored){
        .lwm2m = {.lifetime_s = BC_LIFETIME_DEFAULT, .queue_mode = true, .updates = true},
        .security = 3,
        .ack_timeout_s = 4,
        .retransmit_max = 4,
        .dtls_version = 2,
    };
}

static void fail_registration(struct bc_module *m)
{
    bc_lwm2m_set_status(&m->client, BC_STATUS_NOT_REGISTERED);
    bc_module_urc(m, "+QLAREG: %d", RESULT_OTHER);
}

static void register_at(struct bc_module *m, const struct bc_address *address)
{
    struct bc_address server = *address;
    server.port = m->stored.port;
    if (bc_lwm2m_register(&m->client, &server) != BC_OK)
        fail_registration(m);
}

int bc_module_start_registration(struct bc_module *m)
{
    enum bc_status status = bc_module_status(m);
    if (status != BC_STATUS_NOT_REGISTERED && status != BC_STATUS_DEREGISTERED &&
        status != BC_STATUS_NEEDS_RECOVERY)
        return BC_AT_ERROR_STATE;
    bc_lwm2m_set_status(&m->client, BC_STATUS_REGISTERING);
    struct bc_address address = {0};
    bool unreachable = m->stored.security == 0 || m->stored.bootstrap; /* neither is here yet */
    if (!bc_radio_attached(m) || unreachable) {
        fail_registration(m);
    } else if (bc_address_parse(m->stored.host, &address)) {
        register_at(m, &address);
    } else {
        m->query_id++;
        m->query_ready = true;
        m->query_open = true;
        m->query_until_ms = m->now_ms + QUERY_MS;
    }
    return BC_AT_OK;
}

bool bc_take_query(struct bc_module *m, struct bc_query *out)
{
    if (!m->query_ready)
        return false;
    m->query_ready = false;
    *out = (struct bc_query){m->query_id, m->stored.host};
    return true;
}

void bc_module_on_resolved(struct bc_module *m, uint32_t query_id, const struct bc_address *address)
{
    if (!m->query_open || query_id != m->query_id)
        return;
    m->query_open = false;
    m->query_ready = false;
    if (address == NULL || address->ip_len == 0)
        fail_registration(m);
    else
        register_at(m, address);
}

void bc_module_query_on_time(struct bc_module *m)
{
    if (m->query_open && m->query_until_ms <= m->now_ms)
        bc_module_on_resolved(m, m->query_id, NULL);
}
