/*
 * DTLS between the client and the network (G 2.1, 2.2): which account it is opened with, when a
 * new handshake is due, and what deep sleep keeps of a session.
 *
 * While a handshake goes on the client's messages wait. A session that has ended, by an alert, by
 * silence or by deep sleep, is opened anew when the client has something to say: the registration
 * stands above it and goes on.
 */
#include <string.h>

#include "base/sink.h"
#include "module/store.h"

#define RETRY_MS 60000 /* after a handshake that failed under a registration */

#define KEY_DIGITS_MIN 16 /* fewer hex digits are a text (MODULE section 2) */

static bool is_hex(bc_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr("0123456789abcdefABCDEF", text.ptr[i]) == NULL || text.ptr[i] == '\0')
            return false;
    return text.len % 2 == 0;
}

bool bc_secure_key_legal(enum bc_psk_format format, bc_view psk)
{
    return format != BC_PSK_HEX || is_hex(psk);
}

/* The key in `memory`, or the text itself. */
static bc_view key_of(const struct bc_module *m, const struct server_record *server,
                      uint8_t memory[BC_PSK_BYTES_MAX])
{
    enum bc_psk_format format = (enum bc_psk_format)m->psk_format;
    bool digits = server->psk_hex || format == BC_PSK_HEX ||
                  (format == BC_PSK_AUTO && server->psk.len >= KEY_DIGITS_MIN);
    if (!digits || !bc_hex_decode(server->psk, memory))
        return server->psk;
    return (bc_view){memory, server->psk.len / 2};
}

static void trace_failure(const struct bc_module *m)
{
    uint8_t line[96];
    bc_sink text = {.ptr = line, .cap = sizeof(line) - 1};
    if (m->trace == NULL)
        return;
    bc_put_text(&text, "dtls: ");
    bc_put_text(&text, bc_dtls_failure(m->session.dtls));
    line[text.len] = '\0';
    m->trace(m->trace_context, (const char *)line);
}

static struct bc_dtls *open_with(struct bc_module *m, const struct server_record *server,
                                 bc_view resumption)
{
    uint8_t memory[BC_PSK_BYTES_MAX];
    struct bc_dtls_client client = {
        .version = (enum bc_dtls_version)m->stored.dtls_version,
        .identity = server->psk_id,
        .key = key_of(m, server, memory),
        .resumption = resumption,
        .retransmit_first_ms = m->stored.ack_timeout_s * UINT32_C(1000),
        .keylog = m->keylog,
        .keylog_context = m->keylog_context,
    };
    struct bc_dtls *dtls = bc_dtls_open(&client, m->now_ms);
    bc_wipe(memory, sizeof(memory));
    return dtls;
}

struct bc_dtls *bc_secure_other(struct bc_module *m)
{
    struct record_memory account;
    struct server_record server;
    struct bc_dtls *dtls = NULL;
    if (bc_store_load_server(m, (enum bc_record)m->session.record, &account, &server) &&
        server.security == BC_SECURITY_PSK)
        dtls = open_with(m, &server, (bc_view){0});
    bc_wipe(&account, sizeof(account));
    return dtls;
}

/* What resumes the last session lies in the free end of the workspace meanwhile: two records are
 * too much for the stack. Without room for it the handshake is a full one. */
bool bc_secure_open(struct bc_module *m)
{
    struct record_memory account;
    struct server_record server;
    bc_view resumption = {0};
    bc_secure_drop(m);
    bc_sink room = bc_coap_room(&m->client.coap);
    struct record_memory *saved = (struct record_memory *)room.ptr;
    bool resumes = !m->session.full && room.cap >= sizeof(*saved) &&
                   bc_store_load_session(m, saved, &resumption);
    if (bc_store_load_server(m, (enum bc_record)m->session.record, &account, &server))
        m->session.dtls = open_with(m, &server, resumes ? resumption : (bc_view){0});
    bc_wipe(&account, sizeof(account));
    if (room.cap >= sizeof(*saved))
        bc_wipe(saved, sizeof(*saved));
    return m->session.dtls != NULL;
}

void bc_secure_drop(struct bc_module *m)
{
    bc_dtls_free(m->session.dtls);
    m->session.dtls = NULL;
    m->session.unsaved = false;
    m->session.closing = false;
}

void bc_secure_close(struct bc_module *m)
{
    m->session.closing = m->session.dtls != NULL;
}

bool bc_secure_shakes_hands(const struct bc_module *m)
{
    return m->session.dtls != NULL && bc_dtls_state(m->session.dtls) == BC_DTLS_HANDSHAKE;
}

bool bc_secure_quiet(const struct bc_module *m)
{
    return !bc_secure_shakes_hands(m);
}

/* --- How a handshake ends --------------------------------------------------------------------- */

static void on_open(struct bc_module *m)
{
    bool recovering = m->session.recovering;
    m->session.recovering = false;
    m->session.unsaved = !bc_dtls_resumed(m->session.dtls);
    m->session.full = true; /* only deep sleep has something to resume */
    if (m->session.step == SESSION_SECURING)
        bc_session_on_way(m);
    else if (recovering && bc_lwm2m_update(&m->client, BC_UPDATE_RECOVER, 0) != BC_OK)
        bc_power_on_unrecovered(m);
}

static void on_failed(struct bc_module *m)
{
    bool recovering = m->session.recovering;
    m->session.recovering = false;
    trace_failure(m);
    if (m->session.step == SESSION_SECURING) {
        bc_session_on_no_way(m);
        return;
    }
    m->session.until_ms = m->now_ms + RETRY_MS;
    if (recovering)
        bc_power_on_unrecovered(m);
}

/* Acts on what the last bytes or the last second have changed. */
static void follow(struct bc_module *m, enum bc_dtls_state before)
{
    enum bc_dtls_state now = bc_dtls_state(m->session.dtls);
    if (now == before)
        return;
    if (now == BC_DTLS_OPEN)
        on_open(m);
    else if (before == BC_DTLS_HANDSHAKE)
        on_failed(m);
    else if (now == BC_DTLS_FAILED)
        trace_failure(m);
}

/* Whoever ended the registration, the host or the server: nothing is left to be protected. */
static void follow_registration(struct bc_module *m)
{
    enum bc_status status = bc_module_status(m);
    if (m->session.step == SESSION_RUNS &&
        (status == BC_STATUS_DEREGISTERED || status == BC_STATUS_NOT_REGISTERED))
        bc_session_on_unregistered(m);
}

void bc_secure_on_datagram(struct bc_module *m, bc_view in)
{
    bc_view plain;
    if (m->session.dtls == NULL)
        return;
    enum bc_dtls_state before = bc_dtls_state(m->session.dtls);
    bc_dtls_on_datagram(m->session.dtls, m->now_ms, in);
    follow(m, before);
    /* One datagram can carry several records; those the host has no room for are lost. */
    while (m->session.dtls != NULL && bc_dtls_read(m->session.dtls, &plain))
        if (bc_module_hears(m, plain) && !bc_fota_hears(m, plain))
            bc_lwm2m_on_datagram(&m->client, m->now_ms, &m->client.server, plain);
    follow_registration(m);
}

void bc_secure_on_time(struct bc_module *m)
{
    if (m->session.dtls == NULL)
        return;
    enum bc_dtls_state before = bc_dtls_state(m->session.dtls);
    bc_dtls_on_time(m->session.dtls, m->now_ms);
    follow(m, before);
}

uint64_t bc_secure_deadline(const struct bc_module *m)
{
    return m->session.dtls != NULL ? bc_dtls_deadline(m->session.dtls) : BC_NEVER;
}

/* --- What goes out ---------------------------------------------------------------------------- */

/* A session that is over goes once its last words are taken. */
static bool take_record(struct bc_module *m, bc_view *out)
{
    if (m->session.dtls == NULL)
        return false;
    if (bc_dtls_take(m->session.dtls, out))
        return true;
    enum bc_dtls_state state = bc_dtls_state(m->session.dtls);
    if (state == BC_DTLS_CLOSED || state == BC_DTLS_FAILED)
        bc_secure_drop(m);
    return false;
}

static bool may_open(const struct bc_module *m)
{
    return m->session.step == SESSION_RUNS && m->session.until_ms <= m->now_ms &&
           bc_radio_attached(m) && (bc_coap_ready(&m->client.coap) || bc_fota_speaks(m));
}

/* The client's next message as a record. Nobody hears it while there is no session: it is repeated,
 * or given up. */
static bool take_message(struct bc_module *m)
{
    bc_view plain;
    if (!bc_coap_take(&m->client.coap, m->now_ms, &plain) &&
        (!bc_fota_speaks(m) || !bc_fota_take_plain(m, &plain)))
        return false;
    if (m->session.dtls != NULL)
        (void)bc_dtls_write(m->session.dtls, plain);
    return true;
}

/* The last acknowledgement goes before the goodbye. */
static bool say_goodbye(struct bc_module *m)
{
    if (!m->session.closing)
        return false;
    m->session.closing = false;
    bc_dtls_close(m->session.dtls);
    return true;
}

bool bc_secure_take(struct bc_module *m, bc_view *out)
{
    for (;;) {
        if (take_record(m, out))
            return true;
        if (bc_secure_shakes_hands(m))
            return false;
        if (m->session.dtls == NULL && may_open(m) && bc_secure_open(m))
            continue;
        if (!take_message(m) && !say_goodbye(m))
            return false;
    }
}

/* --- Silence and sleep ------------------------------------------------------------------------ */

/* The server may have lost its side of the session: the next message begins a new one. */
void bc_secure_on_silence(struct bc_module *m)
{
    if (m->session.step == SESSION_RUNS && !bc_secure_shakes_hands(m))
        bc_secure_drop(m);
}

static void save(struct bc_module *m)
{
    uint8_t bytes[BC_DTLS_RESUMPTION_BYTES_MAX];
    bc_sink out = {.ptr = bytes, .cap = sizeof(bytes)};
    if (bc_dtls_export(m->session.dtls, &out))
        (void)bc_store_put_session(m, bc_sink_view(&out));
    bc_wipe(bytes, sizeof(bytes));
}

void bc_secure_suspend(struct bc_module *m)
{
    bool resumes = m->stored.dtls_mode == 1;
    if (m->session.dtls != NULL && m->session.unsaved && resumes)
        save(m);
    bc_secure_drop(m);
    m->session.full = !resumes;
}

bool bc_secure_recover(struct bc_module *m)
{
    if (!m->session.secured)
        return bc_lwm2m_update(&m->client, BC_UPDATE_RECOVER, 0) == BC_OK;
    m->session.recovering = true;
    return bc_secure_open(m);
}
