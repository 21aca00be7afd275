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
#define OBJECTS_BYTES_MAX \
    (HEAD_BYTES + BC_OBJECT_INSTANCES_MAX * (5 + 2 * BC_RESOURCES_MAX) + CRC_BYTES)
#define PROFILE_BYTES (HEAD_BYTES + 4 + CRC_BYTES)
#define FIRMWARE_BYTES \
    (HEAD_BYTES + 3 + 12 + BC_SHA256_BYTES + 2 + BC_REVISION_BYTES_MAX + 17 + CRC_BYTES)

const char *bc_record_name(enum bc_record record)
{
    static const char *const names[BC_RECORDS] = {"server",  "bootstrap", "settings", "objects",
                                                  "profile", "session",   "firmware"};
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

static bc_sink begin(uint8_t *memory, size_t bytes, enum bc_record record)
{
    bc_sink out = {.ptr = memory, .cap = bytes - CRC_BYTES};
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

/* A payload that is being read. What is missing or out of range makes it `bad`, and that it stays:
 * all that is read from then on is 0 or empty, so that a decoder checks once, at the end. */
struct reader {
    bc_view rest;
    bool bad;
};

static bc_view read_bytes(struct reader *in, size_t len)
{
    bc_view bytes = {0};
    in->bad = in->bad || !bc_take_bytes(&in->rest, len, &bytes);
    return bytes;
}

static uint32_t read_uint(struct reader *in, unsigned bytes, uint32_t max)
{
    uint32_t value = 0;
    in->bad = in->bad || !bc_take_be(&in->rest, bytes, &value);
    if (value <= max)
        return value;
    in->bad = true;
    return 0;
}

static uint8_t read_u8(struct reader *in, uint8_t max)
{
    return (uint8_t)read_uint(in, 1, max);
}

static uint16_t read_u16(struct reader *in)
{
    return (uint16_t)read_uint(in, 2, UINT16_MAX);
}

static bool read_bool(struct reader *in)
{
    return read_u8(in, 1) == 1;
}

/* A length in two bytes, then the text; no control characters among it. */
static bc_view read_text(struct reader *in, size_t max)
{
    bc_view text = read_bytes(in, read_uint(in, 2, (uint32_t)max));
    in->bad = in->bad || !bc_module_printable(text);
    return text;
}

static bool read_whole(const struct reader *in)
{
    return !in->bad && in->rest.len == 0;
}

/* A copy as it is kept; one that is too long is empty. */
static bool fetch(struct bc_module *m, enum bc_record record, unsigned copy,
                  struct record_memory *memory, bc_view *out)
{
    bc_sink bytes = {.ptr = memory->bytes, .cap = sizeof(memory->bytes)};
    if (!m->storage.load(m->storage.context, record, copy, &bytes))
        return false;
    *out = bytes.full ? (bc_view){0} : bc_sink_view(&bytes);
    return true;
}

/* The newest copy that is in order and that `decode` understands. */
static bool load(struct bc_module *m, enum bc_record record, struct record_memory *memory,
                 bool (*decode)(void *into, struct reader *in), void *into)
{
    for (unsigned copy = 0; copy < COPIES; copy++) {
        bc_view bytes = {0};
        if (!fetch(m, record, copy, memory, &bytes))
            continue;
        struct reader in = {0};
        if (payload_of(bytes, record, &in.rest) && decode(into, &in))
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

static void put_text(bc_sink *out, bc_view text)
{
    bc_put_be(out, text.len, 2);
    bc_put_bytes(out, text);
}

/* --- Servers ---------------------------------------------------------------------------------- */

static bool decode_server(void *into, struct reader *in)
{
    struct server_record *out = into;
    out->security = read_u8(in, 3);
    out->psk_hex = read_bool(in);
    out->queue_mode = read_bool(in);
    out->port = read_u16(in);
    out->lifetime_s = read_uint(in, 4, BC_LIFETIME_MAX);
    out->host = read_text(in, BC_HOST_BYTES_MAX);
    out->endpoint = read_text(in, BC_ENDPOINT_BYTES_MAX);
    out->psk_id = read_text(in, BC_PSK_ID_BYTES_MAX);
    out->psk = read_text(in, BC_PSK_BYTES_MAX);
    out->psk_raw = false;
    bool keyed = out->psk_id.len > 0 && out->psk.len > 0;
    return read_whole(in) && out->host.len > 0 && out->endpoint.len > 0 &&
           out->lifetime_s >= BC_LIFETIME_MIN &&
           (out->security == BC_SECURITY_NONE || (out->security == BC_SECURITY_PSK && keyed));
}

bool bc_store_load_server(struct bc_module *m, enum bc_record record, struct record_memory *memory,
                          struct server_record *out)
{
    return load(m, record, memory, decode_server, out);
}

/* The texts may lie in `memory` themselves, where they will stand. */
static bool write_server(struct bc_module *m, struct record_memory *memory, enum bc_record record,
                         const struct server_record *in)
{
    bc_sink out = begin(memory->bytes, sizeof(memory->bytes), record);
    bc_put_be(&out, in->security, 1);
    bc_put_be(&out, in->psk_hex, 1);
    bc_put_be(&out, in->queue_mode, 1);
    bc_put_be(&out, in->port, 2);
    bc_put_be(&out, in->lifetime_s, 4);
    put_text(&out, in->host);
    put_text(&out, in->endpoint);
    put_text(&out, in->psk_id);
    if (in->psk_raw) {
        bc_put_be(&out, 2 * in->psk.len, 2);
        bc_put_hex(&out, in->psk);
    } else {
        put_text(&out, in->psk);
    }
    return finish(m, record, &out);
}

bool bc_store_load_way(struct bc_module *m, enum bc_record record, struct server_way *out)
{
    struct record_memory memory;
    struct server_record server;
    bool known = bc_store_load_server(m, record, &memory, &server);
    if (known) {
        *out = (struct server_way){.secured = server.security == BC_SECURITY_PSK};
        (void)bc_address_parse(server.host, &out->address);
        out->address.port = server.port;
    }
    bc_wipe(&memory, sizeof(memory));
    return known;
}

bool bc_store_put_server(struct bc_module *m, enum bc_record record, const struct server_record *in)
{
    struct record_memory memory;
    bool kept = write_server(m, &memory, record, in);
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
        (void)write_server(m, &memory, record, &server); /* a second memory is too much stack */
    }
    bc_wipe(memory.bytes, sizeof(memory.bytes));
}

void bc_store_apply_server(struct bc_module *m, const struct server_record *server)
{
    struct bc_lwm2m_settings *settings = &m->stored.lwm2m;
    memcpy(settings->endpoint, server->endpoint.ptr, server->endpoint.len);
    settings->endpoint[server->endpoint.len] = '\0';
    settings->lifetime_s = server->lifetime_s;
    settings->queue_mode = server->queue_mode;
}

static void load_server(struct bc_module *m, struct record_memory *memory)
{
    struct server_record server;
    m->stored.server_known = bc_store_load_server(m, BC_RECORD_SERVER, memory, &server);
    if (m->stored.server_known)
        bc_store_apply_server(m, &server);
}

/* --- AT+QLACFG -------------------------------------------------------------------------------- */

static void decode_value(struct reader *in, struct cfg_value *out)
{
    out->path = BC_PATH_RESOURCE(0, 0, 0);
    out->path.object = read_u16(in);
    out->path.instance = read_u16(in);
    out->path.resource = read_u16(in);
    bc_view text = read_text(in, BC_CFG_VALUE_BYTES_MAX);
    const struct bc_resource_row *row = bc_builtin_find(out->path);
    if (text.len == 0 || row == NULL || row->object < 3 || (row->access & BC_ACCESS_READ) == 0) {
        in->bad = true;
        return;
    }
    out->len = (uint8_t)text.len;
    memcpy(out->text, text.ptr, text.len);
}

static bool decode_settings(void *into, struct reader *in)
{
    struct stored *out = into;
    struct stored_numbers {
        uint8_t ack_timeout_s, retransmit_max, platform, dtls_mode, dtls_version;
        bool auto_ack, updates;
    } numbers;
    struct cfg_value value[BC_CFG_VALUES_MAX] = {0};
    numbers.ack_timeout_s = read_u8(in, 20);
    numbers.retransmit_max = read_u8(in, 8);
    numbers.platform = read_u8(in, 2);
    numbers.dtls_mode = read_u8(in, 1);
    numbers.dtls_version = read_u8(in, 2);
    numbers.auto_ack = read_bool(in);
    numbers.updates = read_bool(in);
    uint8_t values = read_u8(in, BC_CFG_VALUES_MAX);
    for (size_t i = 0; i < values; i++)
        decode_value(in, &value[i]);
    if (!read_whole(in) || numbers.ack_timeout_s < 2)
        return false;
    out->ack_timeout_s = numbers.ack_timeout_s;
    out->retransmit_max = numbers.retransmit_max;
    out->platform = numbers.platform;
    out->dtls_mode = numbers.dtls_mode;
    out->dtls_version = numbers.dtls_version;
    out->lwm2m.auto_ack = numbers.auto_ack;
    out->lwm2m.updates = numbers.updates;
    memcpy(out->value, value, sizeof(value));
    return true;
}

bool bc_store_put_settings(struct bc_module *m)
{
    struct record_memory memory;
    bc_sink out = begin(memory.bytes, sizeof(memory.bytes), BC_RECORD_SETTINGS);
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

static bool decode_objects(void *into, struct reader *in)
{
    struct bc_objects objects = {0};
    while (!read_whole(in)) {
        struct bc_object_instance row = {.object = read_u16(in)};
        row.instance = read_u16(in);
        row.resources = read_u8(in, BC_RESOURCES_MAX);
        for (size_t i = 0; i < row.resources; i++)
            row.resource[i] = read_u16(in);
        if (in->bad || bc_objects_add(&objects, &row) != BC_OK)
            return false;
    }
    *(struct bc_objects *)into = objects;
    return true;
}

bool bc_store_put_objects(struct bc_module *m)
{
    uint8_t memory[OBJECTS_BYTES_MAX];
    bc_sink out = begin(memory, sizeof(memory), BC_RECORD_OBJECTS);
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

static bool decode_profile(void *into, struct reader *in)
{
    struct stored_profile profile = {.saved = true};
    profile.echo = read_bool(in);
    profile.quiet = read_bool(in);
    profile.verbose = read_bool(in);
    profile.cme_errors = read_u8(in, 2);
    if (!read_whole(in))
        return false;
    *(struct stored_profile *)into = profile;
    return true;
}

bool bc_store_put_profile(struct bc_module *m)
{
    uint8_t memory[PROFILE_BYTES];
    bc_sink out = begin(memory, sizeof(memory), BC_RECORD_PROFILE);
    bc_put_be(&out, m->port.echo, 1);
    bc_put_be(&out, m->port.quiet, 1);
    bc_put_be(&out, m->port.verbose, 1);
    bc_put_be(&out, m->port.cme_errors, 1);
    return finish(m, BC_RECORD_PROFILE, &out);
}

/* --- The DTLS session ------------------------------------------------------------------------- */

static bool decode_session(void *into, struct reader *in)
{
    *(bc_view *)into = in->rest;
    return in->rest.len > 0;
}

bool bc_store_load_session(struct bc_module *m, struct record_memory *memory, bc_view *out)
{
    return load(m, BC_RECORD_SESSION, memory, decode_session, out);
}

bool bc_store_put_session(struct bc_module *m, bc_view bytes)
{
    struct record_memory memory;
    bc_sink out = begin(memory.bytes, sizeof(memory.bytes), BC_RECORD_SESSION);
    bc_put_bytes(&out, bytes);
    bool kept = finish(m, BC_RECORD_SESSION, &out);
    bc_wipe(memory.bytes, sizeof(memory.bytes));
    return kept;
}

/* --- Firmware --------------------------------------------------------------------------------- */

/* "5/0/3" is path.depth 3, and so on up; 0 = there is none. */
static struct bc_saved_observation decode_observation(struct reader *in)
{
    struct bc_saved_observation saved = {.depth = read_u8(in, 3)};
    saved.block_exponent = read_u8(in, 6);
    saved.accept = (int16_t)read_u16(in);
    saved.sequence = read_uint(in, 4, 0xFFFFFF);
    saved.token.len = read_u8(in, BC_COAP_TOKEN_BYTES_MAX);
    bc_view token = read_bytes(in, saved.token.len);
    if (token.len > 0)
        memcpy(saved.token.bytes, token.ptr, token.len);
    return saved;
}

static bool decode_firmware(void *into, struct reader *in)
{
    struct bc_module *m = into;
    struct bc_boot boot = {.stage = read_u8(in, BC_BOOT_STAGES - 1)};
    boot.slot = read_u8(in, 1);
    boot.result = read_u8(in, BC_RESULT_FAILED);
    boot.image_bytes = read_uint(in, 4, m->fota.port->slot_bytes_max);
    boot.package_bytes = read_uint(in, 4, m->fota.port->package_bytes_max);
    boot.progress.blocks_done = read_uint(in, 4, UINT32_MAX);
    bc_view hash = read_bytes(in, BC_SHA256_BYTES);
    bc_view revision = read_text(in, BC_REVISION_BYTES_MAX);
    struct bc_saved_observation saved = decode_observation(in);
    if (!read_whole(in) || boot.image_bytes == 0 || !bc_package_revision_valid(revision))
        return false;
    memcpy(boot.progress.body_sha256, hash.ptr, hash.len);
    memcpy(m->identity.revision, revision.ptr, revision.len);
    m->identity.revision[revision.len] = '\0';
    m->fota.boot = boot;
    m->fota.saved = saved;
    return true;
}

bool bc_store_put_firmware(struct bc_module *m)
{
    uint8_t memory[FIRMWARE_BYTES];
    bc_sink out = begin(memory, sizeof(memory), BC_RECORD_FIRMWARE);
    const struct bc_boot *boot = &m->fota.boot;
    const struct bc_saved_observation *saved = &m->fota.saved;
    bc_put_be(&out, boot->stage, 1);
    bc_put_be(&out, boot->slot, 1);
    bc_put_be(&out, boot->result, 1);
    bc_put_be(&out, boot->image_bytes, 4);
    bc_put_be(&out, boot->package_bytes, 4);
    bc_put_be(&out, boot->progress.blocks_done, 4);
    bc_put_bytes(&out, (bc_view){boot->progress.body_sha256, BC_SHA256_BYTES});
    put_text(&out, bc_view_of(m->identity.revision));
    bc_put_be(&out, saved->depth, 1);
    bc_put_be(&out, saved->block_exponent, 1);
    bc_put_be(&out, (uint16_t)saved->accept, 2);
    bc_put_be(&out, saved->sequence, 4);
    bc_put_be(&out, saved->token.len, 1);
    bc_put_bytes(&out, (bc_view){saved->token.bytes, saved->token.len});
    return finish(m, BC_RECORD_FIRMWARE, &out);
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
    if (m->fota.port != NULL)
        (void)load(m, BC_RECORD_FIRMWARE, &memory, decode_firmware, m);
    bc_wipe(&memory, sizeof(memory));
}
