/*
 * What the module knows, as one JSON object (RFC 8259) for people: bc_module_describe(). Keys and
 * their identities stay out; so do the bytes of messages and values, which could hold anything.
 */
#include "base/sink.h"
#include "module/store.h"

/* --- JSON ------------------------------------------------------------------------------------- */

/* Names and elements are separated by who comes second. */
static void separate(bc_sink *out)
{
    uint8_t last = out->len > 0 ? out->ptr[out->len - 1] : '{';
    if (last != '{' && last != '[' && last != ':')
        bc_put_char(out, ',');
}

static void put_name(bc_sink *out, const char *name)
{
    separate(out);
    bc_put_format(out, "\"%s\":", name);
}

/* How many bytes of well-formed UTF-8 one character takes; 0 = it is none (RFC 3629 section 4). */
static size_t character_bytes(bc_view text)
{
    uint8_t first = text.ptr[0];
    size_t bytes = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (bytes == 1)
        return 1;
    if (first < 0xC2 || first > 0xF4 || text.len < bytes)
        return 0;
    uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (text.ptr[1] < low || text.ptr[1] > high)
        return 0;
    for (size_t i = 2; i < bytes; i++)
        if ((text.ptr[i] & 0xC0) != 0x80)
            return 0;
    return bytes;
}

static void put_string(bc_sink *out, bc_view text)
{
    separate(out);
    bc_put_char(out, '"');
    while (text.len > 0) {
        size_t bytes = character_bytes(text);
        char c = (char)text.ptr[0];
        if (bytes == 0) {
            bc_put_text(out, "\\uFFFD");
            bytes = 1;
        } else if (c == '"' || c == '\\') {
            bc_put_format(out, "\\%c", c);
        } else if (text.ptr[0] < ' ' || c == 0x7F) {
            bc_put_format(out, "\\u%04X", (unsigned)text.ptr[0]);
        } else {
            bc_put_bytes(out, (bc_view){text.ptr, bytes});
        }
        text = (bc_view){text.ptr + bytes, text.len - bytes};
    }
    bc_put_char(out, '"');
}

static void put_text(bc_sink *out, const char *name, const char *text)
{
    put_name(out, name);
    put_string(out, bc_view_of(text));
}

static void put_number(bc_sink *out, const char *name, int64_t number)
{
    put_name(out, name);
    bc_put_int(out, number);
}

static void put_bool(bc_sink *out, const char *name, bool value)
{
    put_name(out, name);
    bc_put_text(out, value ? "true" : "false");
}

/* Milliseconds from now on; null for never. What is overdue is due now. */
static void put_due(bc_sink *out, const char *name, uint64_t now_ms, uint64_t due_ms)
{
    put_name(out, name);
    if (due_ms == BC_NEVER)
        bc_put_text(out, "null");
    else
        bc_put_int(out, due_ms > now_ms ? (int64_t)(due_ms - now_ms) : 0);
}

static void put_path(bc_sink *out, struct bc_path path)
{
    put_name(out, "path");
    bc_put_char(out, '"');
    bc_path_put(out, path);
    bc_put_char(out, '"');
}

static void begin(bc_sink *out, char bracket)
{
    separate(out);
    bc_put_char(out, bracket);
}

static void begin_named(bc_sink *out, const char *name, char bracket)
{
    put_name(out, name);
    bc_put_char(out, bracket);
}

/* --- The parts -------------------------------------------------------------------------------- */

static void put_identity(const struct bc_module *m, bc_sink *out)
{
    put_text(out, "imei", m->identity.imei);
    put_text(out, "imsi", m->identity.imsi);
    put_text(out, "iccid", m->identity.iccid);
    put_text(out, "revision", m->identity.revision);
    put_text(out, "address", m->identity.address);
}

static void put_radio(const struct bc_module *m, uint64_t now_ms, bc_sink *out)
{
    static const char *const states[] = {"off", "searching", "idle", "connected"};
    const struct radio *radio = &m->radio;
    bool searching = radio->state == RADIO_SEARCHING;
    begin_named(out, "radio", '{');
    put_text(out, "state", states[radio->state]);
    put_bool(out, "coverage", !radio->uncovered);
    put_bool(out, "attached", bc_radio_attached(m));
    put_bool(out, "reachable", bc_radio_reachable(m));
    put_number(out, "cfun", radio->cfun);
    put_number(out, "rssi_dbm", bc_radio_signal(m).rssi_dbm);
    put_number(out, "coverage_level", bc_radio_signal(m).coverage_level);
    put_due(out, "attach_in_ms", now_ms, searching ? radio->attach_at_ms : BC_NEVER);
    put_due(out, "release_in_ms", now_ms,
            radio->state == RADIO_CONNECTED ? radio->release_at_ms : BC_NEVER);
    bc_put_char(out, '}');
}

static void put_power(const struct bc_module *m, uint64_t now_ms, bc_sink *out)
{
    static const char *const states[] = {"awake", "deep sleep", "powered down", "no supply",
                                         "updating"};
    begin_named(out, "power", '{');
    put_text(out, "state", states[m->power.state]);
    put_number(out, "qsclk", m->base.sleep);
    put_bool(out, "psm", bc_power_saves(m));
    put_number(out, "t3324_ms", (int64_t)bc_power_active_ms(m));
    put_due(out, "change_in_ms", now_ms, bc_power_deadline(m));
    bc_put_char(out, '}');
}

static void put_server_address(const struct bc_module *m, bc_sink *out)
{
    const struct bc_address *server = &m->client.server;
    put_name(out, "address");
    if (server->ip_len == 0) {
        bc_put_text(out, "null");
        return;
    }
    bc_put_char(out, '"');
    if (server->ip_len == 4) {
        bc_put_format(out, "%u.%u.%u.%u", (unsigned)server->ip[0], (unsigned)server->ip[1],
                      (unsigned)server->ip[2], (unsigned)server->ip[3]);
    } else {
        bc_put_char(out, '[');
        for (unsigned i = 0; i < 16; i += 2)
            bc_put_format(out, "%s%04X", i == 0 ? "" : ":",
                          (unsigned)server->ip[i] << 8 | (unsigned)server->ip[i + 1]);
        bc_put_char(out, ']');
    }
    bc_put_format(out, ":%u\"", (unsigned)server->port);
}

static void put_registration(const struct bc_module *m, uint64_t now_ms, bc_sink *out)
{
    static const char *const names[] = {
        "not registered", "registering",    "registered", "deregistering",
        "deregistered",   "not configured", "recovering", "needs recovery",
    };
    static const char *const steps[] = {"idle", "due", "resolving", "handshake", "client"};
    const struct bc_lwm2m_client *c = &m->client;
    uint64_t lifetime_ms = (uint64_t)c->accepted_lifetime_s * 1000;
    uint8_t text[BC_LOCATION_BYTES_MAX];
    bc_sink location = {.ptr = text, .cap = sizeof(text)};
    bool known = c->location_bytes > 0;
    put_number(out, "status", c->status);
    put_text(out, "status_name", names[c->status]);
    begin_named(out, "registration", '{');
    put_text(out, "step", steps[m->session.step]);
    put_bool(out, "secured", m->session.secured);
    put_server_address(m, out);
    bc_lwm2m_put_location(&location, c);
    put_name(out, "location");
    put_string(out, bc_sink_view(&location));
    put_due(out, "update_in_ms", now_ms, known ? c->update_ms : BC_NEVER);
    put_due(out, "expires_in_ms", now_ms, known ? c->registered_ms + lifetime_ms : BC_NEVER);
    bc_put_char(out, '}');
}

/* A server account as it is kept; the key and its identity stay where they are. */
static void put_account(struct bc_module *m, enum bc_record record, const char *name, bc_sink *out)
{
    struct record_memory memory;
    struct server_record server;
    put_name(out, name);
    if (!bc_store_load_server(m, record, &memory, &server)) {
        bc_put_text(out, "null");
    } else {
        bc_put_char(out, '{');
        put_name(out, "host");
        put_string(out, server.host);
        put_number(out, "port", server.port);
        put_name(out, "endpoint");
        put_string(out, server.endpoint);
        put_number(out, "lifetime_s", server.lifetime_s);
        put_number(out, "security", server.security);
        put_text(out, "binding", server.queue_mode ? "UQ" : "U");
        bc_put_char(out, '}');
    }
    bc_wipe(memory.bytes, sizeof(memory.bytes));
}

static void put_settings(struct bc_module *m, bc_sink *out)
{
    const struct stored *stored = &m->stored;
    put_account(m, BC_RECORD_SERVER, "server", out);
    put_account(m, BC_RECORD_BOOTSTRAP, "bootstrap_server", out);
    begin_named(out, "settings", '{');
    put_number(out, "lifetime_s", stored->lwm2m.lifetime_s);
    put_text(out, "binding", stored->lwm2m.queue_mode ? "UQ" : "U");
    put_number(out, "ack_timeout_s", stored->ack_timeout_s);
    put_number(out, "retrans_max_times", stored->retransmit_max);
    put_bool(out, "auto_ack", stored->lwm2m.auto_ack);
    put_number(out, "platform", stored->platform);
    put_bool(out, "lifetime_enable", stored->lwm2m.updates);
    put_number(out, "dtls_mode", stored->dtls_mode);
    put_number(out, "dtls_version", stored->dtls_version);
    bc_put_char(out, '}');
}

static void put_objects(const struct bc_module *m, bc_sink *out)
{
    const struct bc_objects *objects = &m->stored.lwm2m.objects;
    begin_named(out, "objects", '[');
    for (unsigned i = 0; i < objects->rows; i++) {
        const struct bc_object_instance *row = &objects->row[i];
        begin(out, '{');
        put_path(out, BC_PATH_INSTANCE(row->object, row->instance));
        begin_named(out, "resources", '[');
        for (unsigned k = 0; k < row->resources; k++) {
            separate(out);
            bc_put_int(out, row->resource[k]);
        }
        bc_put_text(out, "]}");
    }
    bc_put_char(out, ']');
}

static void put_observations(const struct bc_module *m, bc_sink *out)
{
    begin_named(out, "observations", '[');
    for (unsigned i = 0; i < BC_OBSERVATIONS_MAX; i++) {
        const struct bc_observation *observation = &m->client.observation[i];
        if (!observation->alive)
            continue;
        begin(out, '{');
        put_path(out, observation->path);
        put_number(out, "sequence", observation->sequence);
        bc_put_char(out, '}');
    }
    bc_put_char(out, ']');
}

static void put_requests(const struct bc_module *m, uint64_t now_ms, bc_sink *out)
{
    static const char *const kinds[] = {"free", "read", "write", "execute", "observe", "cancel"};
    begin_named(out, "requests", '[');
    for (unsigned i = 0; i < BC_REQUESTS_MAX; i++) {
        const struct bc_request *request = &m->client.request[i];
        if (request->kind == BC_REQUEST_FREE)
            continue;
        begin(out, '{');
        put_text(out, "kind", kinds[request->kind]);
        put_path(out, request->path);
        put_number(out, "mid", request->message_id);
        put_number(out, "age_ms", (uint32_t)now_ms - request->since_ms);
        bc_put_char(out, '}');
    }
    bc_put_char(out, ']');
}

static void put_exchanges(const struct bc_module *m, uint64_t now_ms, bc_sink *out)
{
    static const char *const states[] = {"free", "sends once", "waits for ack",
                                         "waits for response"};
    begin_named(out, "exchanges", '[');
    for (unsigned i = 0; i < BC_EXCHANGES_MAX; i++) {
        const struct bc_coap_exchange *exchange = &m->client.coap.exchange[i];
        if (exchange->state == BC_COAP_FREE)
            continue;
        begin(out, '{');
        put_number(out, "mid", exchange->message_id);
        put_text(out, "state", states[exchange->state]);
        put_number(out, "transmissions", exchange->transmissions);
        put_due(out, "due_in_ms", now_ms, exchange->deadline_ms);
        bc_put_char(out, '}');
    }
    bc_put_char(out, ']');
}

static void put_firmware(const struct bc_module *m, uint64_t now_ms, bc_sink *out)
{
    static const char *const steps[] = {"idle",     "announced", "resolving", "handshake",
                                        "download", "check",     "executed",  "started"};
    const struct fota *f = &m->fota;
    begin_named(out, "firmware", '{');
    put_number(out, "state", f->update.state);
    put_number(out, "result", f->update.result);
    put_text(out, "step", steps[f->step]);
    put_number(out, "received_bytes", f->pull.received);
    put_number(out, "package_bytes", f->pull.size);
    put_number(out, "slot", f->boot.slot);
    put_number(out, "image_bytes", f->boot.image_bytes);
    put_number(out, "forced", f->fault);
    put_due(out, "change_in_ms", now_ms, bc_fota_deadline(m));
    bc_put_char(out, '}');
}

void bc_module_describe(struct bc_module *m, uint64_t now_ms, bc_sink *out)
{
    bc_put_char(out, '{');
    put_registration(m, now_ms, out);
    put_settings(m, out);
    put_objects(m, out);
    put_observations(m, out);
    put_requests(m, now_ms, out);
    put_exchanges(m, now_ms, out);
    put_radio(m, now_ms, out);
    put_power(m, now_ms, out);
    put_firmware(m, now_ms, out);
    put_identity(m, out);
    put_number(out, "urcs_waiting", bc_at_urcs_waiting(&m->port));
    put_due(out, "deadline_in_ms", now_ms, bc_deadline(m));
    bc_put_char(out, '}');
}
