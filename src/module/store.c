/*
 * Records: see store.h.
 */
#include "module/store.h"

#include <string.h>

#include "base/crc32.h"
#include "base/sink.h"
#include "lwm2m/builtin.h"

#define VERSION 1
#define HEAD_BYTES 4
#define CRC_BYTES 4
#define COPIES 2

const char *bc_record_name(enum bc_record record)
{
    static const char *const names[BC_RECORDS] = {"server",  "bootstrap", "settings",
                                                  "objects", "profile",   "session"};
    return (unsigned)record < BC_RECORDS ? names[record] : NULL;
}

static void trace_record(const struct bc_module *m, const char *what, enum bc_record record)
{
    uint8_t line[64];
    bc_sink text = {.ptr = line, .cap = sizeof(line) - 1};
    if (m->trace == NULL)
        return;
    bc_put_format(&text, "store: %s is %s", bc_record_name(record), what);
    line[text.len] = '\0';
    m->trace(m->trace_context, (const char *)line);
}

/* --- The frame of a record -------------------------------------------------------------------- */

static bc_sink begin(struct record_memory *memory, enum bc_record record)
{
    bc_sink out = {.ptr = memory->bytes, .cap = sizeof(memory->bytes) - CRC_BYTES};
    bc_put_text(&out, "BC");
    bc_put_be(&out, VERSION, 1);
    bc_put_be(&out, record, 1);
    return out;
}

static bool finish(struct bc_module *m, enum bc_record record, bc_sink *out)
{
    bool whole = !out->full;
    out->cap += CRC_BYTES;
    bc_put_be(out, bc_crc32(bc_sink_view(out)), CRC_BYTES);
    if (whole && m->storage.store(m->storage.context, record, bc_sink_view(out)))
        return true;
    trace_record(m, "not kept", record);
    return false;
}

/* The payload of a copy that is in order. */
static bool payload_of(bc_view bytes, enum bc_record record, bc_view *out)
{
    if (bytes.len < HEAD_BYTES + CRC_BYTES || bytes.ptr[0] != 'B' || bytes.ptr[1] != 'C' ||
        bytes.ptr[2] != VERSION || bytes.ptr[3] != (uint8_t)record)
        return false;
    bc_view checked = {bytes.ptr, bytes.len - CRC_BYTES};
    bc_view tail = {bytes.ptr + checked.len, CRC_BYTES};
    if ((uint32_t)bc_value_integer_of(tail) != bc_crc32(checked))
        return false;
    *out = (bc_view){bytes.ptr + HEAD_BYTES, checked.len - HEAD_BYTES};
    return true;
}

/* The newest copy that is in order and that `decode` understands. */
static bool load(struct bc_module *m, enum bc_record record, struct record_memory *memory,
                 bool (*decode)(void *into, bc_view payload), void *into)
{
    for (unsigned copy = 0; copy < COPIES; copy++) {
        bc_sink out = {.ptr = memory->bytes, .cap = sizeof(memory->bytes)};
        bc_view payload;
        if (!m->storage.load(m->storage.context, record, copy, &out))
            continue;
        if (!out.full && payload_of(bc_sink_view(&out), record, &payload) && decode(into, payload))
            return true;
        trace_record(m, "damaged", record);
        if (m->storage.damaged != NULL)
            m->storage.damaged(m->storage.context, record, copy);
    }
    return false;
}

bool bc_store_erase(struct bc_module *m, enum bc_record record)
{
    return m->storage.store(m->storage.context, record, (bc_view){0});
}

/* --- Reading a payload: a take is false once the bytes have run out --------------------------- */

static bool take_bytes(bc_view *rest, size_t len, bc_view *out)
{
    if (rest->len < len)
        return false;
    *out = (bc_view){rest->ptr, len};
    rest->ptr += len;
    rest->len -= len;
    return true;
}

static bool take_uint(bc_view *rest, unsigned bytes, uint32_t max, uint32_t *out)
{
    bc_view raw;
    if (!take_bytes(rest, bytes, &raw))
        return false;
    *out = 0;
    for (size_t i = 0; i < bytes; i++)
        *out = *out << 8 | raw.ptr[i];
    return *out <= max;
}

static bool take_u8(bc_view *rest, uint8_t max, uint8_t *out)
{
    uint32_t value;
    if (!take_uint(rest, 1, max, &value))
        return false;
    *out = (uint8_t)value;
    return true;
}

static bool take_bool(bc_view *rest, bool *out)
{
    uint8_t value;
    if (!take_u8(rest, 1, &value))
        return false;
    *out = value == 1;
    return true;
}

/* A length in two bytes, then the text; no control characters among it. */
static bool take_text(bc_view *rest, size_t max, bc_view *out)
{
    uint32_t len;
    return take_uint(rest, 2, (uint32_t)max, &len) && take_bytes(rest, len, out) &&
           bc_module_printable(*out);
}

static void put_text(bc_sink *out, bc_view text)
{
    bc_put_be(out, text.len, 2);
    bc_put_bytes(out, text);
}

/* --- Servers ---------------------------------------------------------------------------------- */

static bool decode_server(void *into, bc_view rest)
{
    struct server_record *out = into;
    uint32_t port;
    if (!take_u8(&rest, 3, &out->security) || !take_bool(&rest, &out->psk_hex) ||
        !take_bool(&rest, &out->queue_mode) || !take_uint(&rest, 2, UINT16_MAX, &port) ||
        !take_uint(&rest, 4, BC_LIFETIME_MAX, &out->lifetime_s) ||
        !take_text(&rest, BC_HOST_BYTES_MAX, &out->host) ||
        !take_text(&rest, BC_ENDPOINT_BYTES_MAX, &out->endpoint) ||
        !take_text(&rest, BC_PSK_ID_BYTES_MAX, &out->psk_id) ||
        !take_text(&rest, BC_PSK_BYTES_MAX, &out->psk))
        return false;
    out->port = (uint16_t)port;
    bool keyed = out->psk_id.len > 0 && out->psk.len > 0;
    return rest.len == 0 && out->host.len > 0 && out->endpoint.len > 0 &&
           out->lifetime_s >= BC_LIFETIME_MIN &&
           (out->security == BC_SECURITY_NONE || (out->security == BC_SECURITY_PSK && keyed));
}

bool bc_store_load_server(struct bc_module *m, enum bc_record record, struct record_memory *memory,
                          struct server_record *out)
{
    return load(m, record, memory, decode_server, out);
}

bool bc_store_put_server(struct bc_module *m, enum bc_record record, const struct server_record *in)
{
    struct record_memory memory;
    bc_sink out = begin(&memory, record);
    bc_put_be(&out, in->security, 1);
    bc_put_be(&out, in->psk_hex, 1);
    bc_put_be(&out, in->queue_mode, 1);
    bc_put_be(&out, in->port, 2);
    bc_put_be(&out, in->lifetime_s, 4);
    put_text(&out, in->host);
    put_text(&out, in->endpoint);
    put_text(&out, in->psk_id);
    put_text(&out, in->psk);
    bool kept = finish(m, record, &out);
    bc_wipe(memory.bytes, sizeof(memory.bytes));
    return kept;
}

void bc_store_update_server(struct bc_module *m)
{
    struct record_memory memory;
    struct server_record server;
    enum bc_record record = m->stored.server_known ? BC_RECORD_SERVER : BC_RECORD_BOOTSTRAP;
    if (bc_store_load_server(m, record, &memory, &server) &&
        (server.lifetime_s != m->stored.lwm2m.lifetime_s ||
         server.queue_mode != m->stored.lwm2m.queue_mode)) {
        server.lifetime_s = m->stored.lwm2m.lifetime_s;
        server.queue_mode = m->stored.lwm2m.queue_mode;
        (void)bc_store_put_server(m, record, &server);
    }
    bc_wipe(memory.bytes, sizeof(memory.bytes));
}

static void load_server(struct bc_module *m, struct record_memory *memory)
{
    struct server_record server;
    struct bc_lwm2m_settings *settings = &m->stored.lwm2m;
    if (bc_store_load_server(m, BC_RECORD_SERVER, memory, &server)) {
        memcpy(settings->endpoint, server.endpoint.ptr, server.endpoint.len);
        settings->endpoint[server.endpoint.len] = '\0';
        settings->lifetime_s = server.lifetime_s;
        settings->queue_mode = server.queue_mode;
        m->stored.server_known = true;
    }
}

/* --- AT+QLACFG -------------------------------------------------------------------------------- */

static bool decode_value(bc_view *rest, struct cfg_value *out)
{
    uint32_t object, instance, resource;
    bc_view text;
    if (!take_uint(rest, 2, UINT16_MAX, &object) || !take_uint(rest, 2, UINT16_MAX, &instance) ||
        !take_uint(rest, 2, UINT16_MAX, &resource) ||
        !take_text(rest, BC_CFG_VALUE_BYTES_MAX, &text) || text.len == 0)
        return false;
    struct bc_path path =
        BC_PATH_RESOURCE((uint16_t)object, (uint16_t)instance, (uint16_t)resource);
    const struct bc_resource_row *row = bc_builtin_find(path);
    if (row == NULL || path.object < 3 || (row->access & BC_ACCESS_READ) == 0)
        return false;
    *out = (struct cfg_value){.path = path, .len = (uint8_t)text.len};
    memcpy(out->text, text.ptr, text.len);
    return true;
}

static bool decode_settings(void *into, bc_view rest)
{
    struct stored *out = into;
    struct stored_numbers {
        uint8_t ack_timeout_s, retransmit_max, platform, dtls_mode, dtls_version;
        bool auto_ack, updates;
    } in;
    struct cfg_value value[BC_CFG_VALUES_MAX] = {0};
    uint8_t values;
    if (!take_u8(&rest, 20, &in.ack_timeout_s) || in.ack_timeout_s < 2 ||
        !take_u8(&rest, 8, &in.retransmit_max) || !take_u8(&rest, 2, &in.platform) ||
        !take_u8(&rest, 1, &in.dtls_mode) || !take_u8(&rest, 2, &in.dtls_version) ||
        !take_bool(&rest, &in.auto_ack) || !take_bool(&rest, &in.updates) ||
        !take_u8(&rest, BC_CFG_VALUES_MAX, &values))
        return false;
    for (size_t i = 0; i < values; i++)
        if (!decode_value(&rest, &value[i]))
            return false;
    if (rest.len > 0)
        return false;
    out->ack_timeout_s = in.ack_timeout_s;
    out->retransmit_max = in.retransmit_max;
    out->platform = in.platform;
    out->dtls_mode = in.dtls_mode;
    out->dtls_version = in.dtls_version;
    out->lwm2m.auto_ack = in.auto_ack;
    out->lwm2m.updates = in.updates;
    memcpy(out->value, value, sizeof(value));
    return true;
}

bool bc_store_put_settings(struct bc_module *m)
{
    struct record_memory memory;
    bc_sink out = begin(&memory, BC_RECORD_SETTINGS);
    const struct stored *settings = &m->stored;
    uint8_t values = 0;
    for (size_t i = 0; i < BC_CFG_VALUES_MAX; i++)
        values = (uint8_t)(values + (m->stored.value[i].len > 0));
    bc_put_be(&out, settings->ack_timeout_s, 1);
    bc_put_be(&out, settings->retransmit_max, 1);
    bc_put_be(&out, settings->platform, 1);
    bc_put_be(&out, settings->dtls_mode, 1);
    bc_put_be(&out, settings->dtls_version, 1);
    bc_put_be(&out, settings->lwm2m.auto_ack, 1);
    bc_put_be(&out, settings->lwm2m.updates, 1);
    bc_put_be(&out, values, 1);
    for (size_t i = 0; i < BC_CFG_VALUES_MAX; i++) {
        const struct cfg_value *value = &m->stored.value[i];
        if (value->len == 0)
            continue;
        bc_put_be(&out, value->path.object, 2);
        bc_put_be(&out, value->path.instance, 2);
        bc_put_be(&out, value->path.resource, 2);
        put_text(&out, (bc_view){(const uint8_t *)value->text, value->len});
    }
    return finish(m, BC_RECORD_SETTINGS, &out);
}

/* --- Objects ---------------------------------------------------------------------------------- */

static bool decode_objects(void *into, bc_view rest)
{
    struct bc_objects objects = {0};
    while (rest.len > 0) {
        struct bc_object_instance row = {0};
        uint32_t id;
        if (!take_uint(&rest, 2, UINT16_MAX, &id))
            return false;
        row.object = (uint16_t)id;
        if (!take_uint(&rest, 2, UINT16_MAX, &id) ||
            !take_u8(&rest, BC_RESOURCES_MAX, &row.resources))
            return false;
        row.instance = (uint16_t)id;
        for (size_t i = 0; i < row.resources; i++) {
            if (!take_uint(&rest, 2, UINT16_MAX, &id))
                return false;
            row.resource[i] = (uint16_t)id;
        }
        if (bc_objects_add(&objects, &row) != BC_OK)
            return false;
    }
    *(struct bc_objects *)into = objects;
    return true;
}

bool bc_store_put_objects(struct bc_module *m)
{
    struct record_memory memory;
    bc_sink out = begin(&memory, BC_RECORD_OBJECTS);
    const struct bc_objects *objects = &m->stored.lwm2m.objects;
    for (size_t i = 0; i < objects->rows; i++) {
        const struct bc_object_instance *row = &objects->row[i];
        bc_put_be(&out, row->object, 2);
        bc_put_be(&out, row->instance, 2);
        bc_put_be(&out, row->resources, 1);
        for (size_t k = 0; k < row->resources; k++)
            bc_put_be(&out, row->resource[k], 2);
    }
    return finish(m, BC_RECORD_OBJECTS, &out);
}

/* --- AT&W ------------------------------------------------------------------------------------- */

static bool decode_profile(void *into, bc_view rest)
{
    struct stored_profile profile = {.saved = true};
    if (!take_bool(&rest, &profile.echo) || !take_bool(&rest, &profile.quiet) ||
        !take_bool(&rest, &profile.verbose) || !take_u8(&rest, 2, &profile.cme_errors) ||
        rest.len > 0)
        return false;
    *(struct stored_profile *)into = profile;
    return true;
}

bool bc_store_put_profile(struct bc_module *m)
{
    struct record_memory memory;
    bc_sink out = begin(&memory, BC_RECORD_PROFILE);
    bc_put_be(&out, m->port.echo, 1);
    bc_put_be(&out, m->port.quiet, 1);
    bc_put_be(&out, m->port.verbose, 1);
    bc_put_be(&out, m->port.cme_errors, 1);
    return finish(m, BC_RECORD_PROFILE, &out);
}

/* --- The DTLS session ------------------------------------------------------------------------- */

static bool decode_session(void *into, bc_view payload)
{
    *(bc_view *)into = payload;
    return payload.len > 0;
}

bool bc_store_load_session(struct bc_module *m, struct record_memory *memory, bc_view *out)
{
    return load(m, BC_RECORD_SESSION, memory, decode_session, out);
}

bool bc_store_put_session(struct bc_module *m, bc_view bytes)
{
    struct record_memory memory;
    bc_sink out = begin(&memory, BC_RECORD_SESSION);
    bc_put_bytes(&out, bytes);
    bool kept = finish(m, BC_RECORD_SESSION, &out);
    bc_wipe(memory.bytes, sizeof(memory.bytes));
    return kept;
}

/* --- Power-up --------------------------------------------------------------------------------- */

/* Whoever is told of a bootstrap server forgets it with the power (G 2.1). */
static void erase_if_there(struct bc_module *m, enum bc_record record, struct record_memory *memory)
{
    bool there = false;
    for (unsigned copy = 0; copy < COPIES && !there; copy++) {
        bc_sink out = {.ptr = memory->bytes, .cap = sizeof(memory->bytes)};
        there = m->storage.load(m->storage.context, record, copy, &out);
    }
    if (there)
        (void)bc_store_erase(m, record);
}

void bc_store_load_all(struct bc_module *m)
{
    struct record_memory memory;
    erase_if_there(m, BC_RECORD_BOOTSTRAP, &memory);
    erase_if_there(m, BC_RECORD_SESSION, &memory);
    load_server(m, &memory);
    (void)load(m, BC_RECORD_SETTINGS, &memory, decode_settings, &m->stored);
    (void)load(m, BC_RECORD_OBJECTS, &memory, decode_objects, &m->stored.lwm2m.objects);
    (void)load(m, BC_RECORD_PROFILE, &memory, decode_profile, &m->stored.profile);
    bc_wipe(&memory, sizeof(memory));
}
