/*
 * Registration as the host drives it: from AT+QLAREG over the bootstrap server, name resolution
 * and the DTLS handshake to the client, and the settings that all share.
 *
 *   AT+QLAREG -> [resolve -> [handshake] -> bootstrap ->] resolve -> [handshake] -> register
 *
 * The bootstrap server is asked when no server is known yet, and once more when the registration
 * with the server it gave has failed (LwM2M 1.0 section 5.2.3). Exactly one +QLAREG ends it all.
 */

#include "base/sink.h"
#include "dfota/uri.h"
#include "module/store.h"

#define QUERY_MS 20000 /* how long an answer to a name query is awaited */
#define PAUSE_MS 100   /* between two servers: the last acknowledgement goes out meanwhile */

void bc_module_apply_settings(struct bc_module *m)
{
    m->client.coap.ack_timeout_s = m->stored.ack_timeout_s;
    m->client.coap.retransmit_max = m->stored.retransmit_max;
}

void bc_module_factory_defaults(struct bc_module *m)
{
    m->stored = (struct stored){
        .lwm2m = {.lifetime_s = BC_LIFETIME_DEFAULT, .queue_mode = true, .updates = true},
        .ack_timeout_s = 4,
        .retransmit_max = 4,
        .dtls_version = BC_DTLS_NEGOTIATED,
    };
}

void bc_session_end(struct bc_module *m)
{
    bc_fota_drop(m);
    bc_secure_drop(m);
    m->session.step = SESSION_IDLE;
    m->session.query_ready = false;
    m->session.farewell = (struct farewell){0};
}

static void fail_registration(struct bc_module *m, int code)
{
    bc_secure_close(m);
    m->session.step = SESSION_IDLE;
    m->session.query_ready = false;
    bc_lwm2m_set_status(&m->client, BC_STATUS_NOT_REGISTERED);
    bc_module_urc(m, "+QLAREG: %d", code);
}

/* The next server, when the last words to this one have gone out. */
static void begin_later(struct bc_module *m, enum bc_record record)
{
    bc_secure_close(m);
    m->session.step = SESSION_DUE;
    m->session.record = (uint8_t)record;
    m->session.until_ms = m->now_ms + PAUSE_MS;
}

/* A way to the server was not found. The server may have moved: its bootstrap server knows. */
static void give_up(struct bc_module *m, int code)
{
    if (m->session.record == BC_RECORD_SERVER && m->stored.bootstrap && !m->session.bootstrapped)
        begin_later(m, BC_RECORD_BOOTSTRAP);
    else
        fail_registration(m, code);
}

/* The server has an address, and DTLS stands when it is wanted. */
void bc_session_on_way(struct bc_module *m)
{
    struct bc_address server = m->client.server;
    m->session.step = SESSION_RUNS;
    m->session.until_ms = 0;
    enum bc_err err = m->session.record == BC_RECORD_BOOTSTRAP
                          ? bc_lwm2m_bootstrap(&m->client, &server)
                          : bc_lwm2m_register(&m->client, &server);
    if (err != BC_OK)
        fail_registration(m, RESULT_OTHER);
}

void bc_session_on_no_way(struct bc_module *m)
{
    give_up(m, RESULT_OTHER);
}

/* What the same server has said before may still be repeated on its way here; anybody else has
 * message IDs of its own, and so has each session of DTLS. */
static void meet(struct bc_module *m, const struct bc_address *peer, bool secured)
{
    struct bc_address before = m->client.server;
    before.ip_len = peer->ip_len;
    if (secured || m->session.secured || !bc_address_equal(&before, peer))
        bc_coap_endpoint_clear(&m->client.coap);
    m->client.server = *peer;
    m->session.secured = secured;
}

static void connect_to(struct bc_module *m, const struct server_way *way)
{
    meet(m, &way->address, way->secured);
    m->session.step = SESSION_SECURING;
    if (!m->session.secured)
        bc_session_on_way(m);
    else if (!bc_secure_open(m))
        give_up(m, RESULT_OTHER);
}

/* Until the answer is there nobody is listened to, nor is the server before. */
static void ask_for_address(struct bc_module *m)
{
    m->client.server.ip_len = 0;
    m->session.query_id++;
    m->session.query_ready = true;
    m->session.step = SESSION_RESOLVING;
    m->session.until_ms = m->now_ms + QUERY_MS;
}

static void begin(struct bc_module *m)
{
    struct server_way way;
    enum bc_record record = (enum bc_record)m->session.record;
    if (record == BC_RECORD_BOOTSTRAP)
        m->session.bootstrapped = true;
    bc_secure_drop(m);
    if (!bc_radio_attached(m) || !bc_store_load_way(m, record, &way))
        fail_registration(m, RESULT_OTHER);
    else if (way.address.ip_len > 0)
        connect_to(m, &way);
    else
        ask_for_address(m);
}

int bc_module_start_registration(struct bc_module *m)
{
    enum bc_status status = bc_module_status(m);
    if (status != BC_STATUS_NOT_REGISTERED && status != BC_STATUS_DEREGISTERED &&
        status != BC_STATUS_NEEDS_RECOVERY)
        return BC_AT_ERROR_STATE;
    bc_lwm2m_set_status(&m->client, BC_STATUS_REGISTERING);
    m->session.bootstrapped = false;
    m->session.full = true;
    m->session.record = m->stored.server_known ? BC_RECORD_SERVER : BC_RECORD_BOOTSTRAP;
    begin(m);
    return BC_AT_OK;
}

/* --- Name resolution -------------------------------------------------------------------------- */

/* The name stands in the free end of the workspace: nothing else is under way. */
bool bc_take_query(struct bc_module *m, struct bc_query *out)
{
    struct record_memory memory;
    struct server_record server;
    if (!m->session.query_ready)
        return bc_fota_take_query(m, out);
    bc_sink host = bc_coap_room(&m->client.coap);
    m->session.query_ready = false;
    bool known = bc_store_load_server(m, (enum bc_record)m->session.record, &memory, &server);
    bc_put_bytes(&host, known ? server.host : BC_TEXT(""));
    bc_put_char(&host, '\0');
    bc_wipe(&memory, sizeof(memory));
    *out = (struct bc_query){m->session.query_id, (const char *)host.ptr};
    return known;
}

void bc_module_on_resolved(struct bc_module *m, uint32_t query_id, const struct bc_address *address)
{
    struct server_way way;
    if (m->session.step != SESSION_RESOLVING || query_id != m->session.query_id)
        return;
    m->session.query_ready = false;
    if (address == NULL || address->ip_len == 0 ||
        !bc_store_load_way(m, (enum bc_record)m->session.record, &way)) {
        give_up(m, RESULT_OTHER);
        return;
    }
    uint16_t port = way.address.port;
    way.address = *address;
    way.address.port = port;
    connect_to(m, &way);
}

/* --- How it goes on --------------------------------------------------------------------------- */

void bc_session_on_registered(struct bc_module *m, int code)
{
    if (code == 0) {
        bc_module_urc(m, "+QLAREG: 0");
    } else if (m->session.record == BC_RECORD_SERVER && m->stored.bootstrap &&
               !m->session.bootstrapped) {
        bc_lwm2m_set_status(&m->client, BC_STATUS_REGISTERING);
        begin_later(m, BC_RECORD_BOOTSTRAP);
    } else {
        bc_secure_close(m);
        m->session.step = SESSION_IDLE;
        bc_module_urc(m, "+QLAREG: %d", code);
    }
}

void bc_session_on_unregistered(struct bc_module *m)
{
    bc_secure_close(m);
    m->session.step = SESSION_IDLE;
}

/* "coap://host", "coaps://host:port/": no path, and the scheme of the security. */
static bool read_uri(bc_view text, struct server_record *out)
{
    struct bc_uri uri;
    bool known = bc_uri_read(text, &uri);
    out->host = uri.host;
    out->port = uri.port;
    return known && uri.secured == (out->security == BC_SECURITY_PSK) && uri.path.len <= 1 &&
           uri.query.len == 0;
}

static bool usable(const struct bc_lwm2m_account *account, struct server_record *out)
{
    *out = (struct server_record){.security = account->security,
                                  .lifetime_s = account->lifetime_s,
                                  .queue_mode = account->queue_mode};
    if (!read_uri(account->uri, out))
        return false;
    return out->security != BC_SECURITY_PSK || bc_module_printable(account->identity);
}

bool bc_module_account_usable(void *context, const struct bc_lwm2m_account *account)
{
    struct server_record server;
    (void)context;
    return usable(account, &server);
}

/* The given server as if AT+QLACONFIG had named it; its key is kept as hex digits. */
static bool keep_account(struct bc_module *m, const struct bc_lwm2m_account *account)
{
    struct server_record server;
    if (!usable(account, &server))
        return false;
    server.endpoint = bc_view_of(m->stored.lwm2m.endpoint);
    if (server.security == BC_SECURITY_PSK) {
        server.psk = account->key;
        server.psk_raw = true;
        server.psk_id = account->identity;
        server.psk_hex = true;
    }
    return bc_store_put_server(m, BC_RECORD_SERVER, &server);
}

/* --- The bootstrap server's last word --------------------------------------------------------- */

/* Over DTLS there is no way back: that session is closed. */
static void keep_farewell(struct bc_module *m, const struct bc_coap_message *finish)
{
    struct farewell *farewell = &m->session.farewell;
    bc_sink out = {.ptr = farewell->bytes, .cap = sizeof(farewell->bytes)};
    *farewell = (struct farewell){.to = m->client.server,
                                  .message_id = finish->message_id,
                                  .until_ms = m->now_ms + BC_COAP_EXCHANGE_LIFETIME_MS};
    if (m->session.secured || finish->type != BC_COAP_CON)
        return;
    (void)bc_coap_write_begin(&out, BC_COAP_ACK, BC_COAP_CHANGED, finish->message_id,
                              &finish->token);
    farewell->len = (uint8_t)out.len;
}

bool bc_session_on_farewell(struct bc_module *m, const struct bc_address *from, bc_view in)
{
    struct farewell *farewell = &m->session.farewell;
    struct bc_coap_message message;
    bool again = farewell->len > 0 && farewell->until_ms > m->now_ms &&
                 bc_address_equal(from, &farewell->to) && bc_coap_parse(in, &message) == BC_OK &&
                 message.type == BC_COAP_CON && message.code == BC_COAP_POST &&
                 message.message_id == farewell->message_id;
    farewell->ready = farewell->ready || again;
    return again;
}

const struct bc_address *bc_session_take_farewell(struct bc_module *m, bc_view *out)
{
    struct farewell *farewell = &m->session.farewell;
    if (!farewell->ready)
        return NULL;
    farewell->ready = false;
    *out = (bc_view){farewell->bytes, farewell->len};
    return &farewell->to;
}

/* --- How a bootstrap ends --------------------------------------------------------------------- */

void bc_session_on_bootstrapped(struct bc_module *m, const struct bc_lwm2m_event *event)
{
    struct bc_lwm2m_settings *settings = &m->stored.lwm2m;
    if (event->outcome != BC_OUTCOME_DONE) {
        bc_secure_close(m);
        m->session.step = SESSION_IDLE;
        bc_module_urc(m, "+QLAREG: %d", bc_module_result_code(event->outcome));
        return;
    }
    keep_farewell(m, event->request);
    if (!keep_account(m, event->account)) {
        fail_registration(m, RESULT_OTHER);
        return;
    }
    bool binding_changed = settings->queue_mode != event->account->queue_mode;
    settings->lifetime_s = event->account->lifetime_s;
    settings->queue_mode = event->account->queue_mode;
    m->stored.server_known = true;
    if (binding_changed)
        bc_module_urc_binding(m);
    bc_module_urc(m, "+QLAURC: \"bs_finished\"");
    begin_later(m, BC_RECORD_SERVER);
}

void bc_session_on_time(struct bc_module *m)
{
    bool due = m->session.until_ms <= m->now_ms;
    if (m->session.step == SESSION_DUE && due)
        begin(m);
    else if (m->session.step == SESSION_RESOLVING && due)
        bc_module_on_resolved(m, m->session.query_id, NULL);
    bc_secure_on_time(m);
}

uint64_t bc_session_deadline(const struct bc_module *m)
{
    bool waits = m->session.step == SESSION_DUE || m->session.step == SESSION_RESOLVING;
    uint64_t step_ms = waits ? m->session.until_ms : BC_NEVER;
    uint64_t secure_ms = bc_secure_deadline(m);
    return step_ms < secure_ms ? step_ms : secure_ms;
}

bool bc_session_quiet(const struct bc_module *m)
{
    bool steady = m->session.step == SESSION_IDLE || m->session.step == SESSION_RUNS;
    return steady && bc_module_status(m) != BC_STATUS_REGISTERING && bc_secure_quiet(m);
}
