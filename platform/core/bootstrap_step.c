/*
 * The messages of bootstrap_step.h: a row each, and the TLV of the three that write.
 */
#include "bootstrap_step.h"

#include "base/sink.h"
#include "incoming.h"
#include "lwm2m/value.h"

/* Resources of the security object (LwM2M 1.0 E.1). */
enum {
    SECURITY_URI = 0,
    SECURITY_BOOTSTRAP = 1,
    SECURITY_MODE = 2,
    SECURITY_IDENTITY = 3,
    SECURITY_KEY = 5,
    SECURITY_SHORT_ID = 10,
};

/* Of the server object (E.2). */
enum { SERVER_SHORT_ID = 0, SERVER_LIFETIME = 1, SERVER_STORING = 6, SERVER_BINDING = 7 };

struct step_row {
    const char *name;
    const char *path;
    uint8_t method;
    uint8_t expected;
};

static const struct step_row rows[STEP_COUNT] = {
    [STEP_DISCOVER] = {"GET /", "", BC_COAP_GET, BC_COAP_CONTENT},
    [STEP_DELETE] = {"DELETE /", "", BC_COAP_DELETE, BC_COAP_DELETED},
    [STEP_BOOTSTRAP_ACCOUNT] = {"PUT /0/0", "0/0", BC_COAP_PUT, BC_COAP_CHANGED},
    [STEP_SERVER_ACCOUNT] = {"PUT /0/1", "0/1", BC_COAP_PUT, BC_COAP_CHANGED},
    [STEP_SERVER] = {"PUT /1/0", "1/0", BC_COAP_PUT, BC_COAP_CHANGED},
    [STEP_FINISH] = {"POST /bs", "bs", BC_COAP_POST, BC_COAP_CHANGED},
};

const char *bc_server_step_name(enum bootstrap_step step)
{
    return rows[step].name;
}

uint8_t bc_server_step_expected(enum bootstrap_step step)
{
    return rows[step].expected;
}

static bool account_valid(const struct bc_bootstrap_account *a)
{
    if (a->uri.len == 0 || a->uri.len > BC_BOOTSTRAP_URI_BYTES_MAX)
        return false;
    if (a->security != BC_BOOTSTRAP_PSK)
        return a->security == BC_BOOTSTRAP_NO_SECURITY;
    return a->identity.len > 0 && a->identity.len <= BC_PSK_ID_BYTES_MAX && a->key.len > 0 &&
           a->key.len <= BC_PSK_BYTES_MAX;
}

bool bc_server_information_valid(const struct bc_bootstrap_information *information)
{
    return (information->bootstrap.uri.len == 0 || account_valid(&information->bootstrap)) &&
           account_valid(&information->server) && information->short_server_id != 0 &&
           information->short_server_id != UINT16_MAX && information->lifetime_s != 0 &&
           information->binding.len > 0 && information->binding.len <= BC_SERVER_BINDING_CHARS_MAX;
}

static void put_bytes(bc_sink *out, uint16_t id, enum bc_value_type type, bc_view bytes)
{
    struct bc_value value = {.type = type, .bytes = bytes};
    bc_tlv_put_resource(out, id, &value);
}

static void put_bool(bc_sink *out, uint16_t id, bool set)
{
    struct bc_value value = {.type = BC_VALUE_BOOLEAN, .number_bytes = 1, .integer = set};
    bc_tlv_put_resource(out, id, &value);
}

static void put_integer(bc_sink *out, uint16_t id, int64_t integer)
{
    struct bc_value value = bc_value_integer(integer);
    bc_tlv_put_resource(out, id, &value);
}

static void put_account(bc_sink *out, const struct bc_bootstrap_account *a, bool bootstrap)
{
    put_bytes(out, SECURITY_URI, BC_VALUE_STRING, a->uri);
    put_bool(out, SECURITY_BOOTSTRAP, bootstrap);
    put_integer(out, SECURITY_MODE, a->security);
    if (a->security == BC_BOOTSTRAP_PSK) {
        put_bytes(out, SECURITY_IDENTITY, BC_VALUE_OPAQUE, a->identity);
        put_bytes(out, SECURITY_KEY, BC_VALUE_OPAQUE, a->key);
    }
}

void bc_server_step_put_payload(bc_sink *out, enum bootstrap_step step,
                                const struct bc_bootstrap_information *information)
{
    switch (step) {
    case STEP_BOOTSTRAP_ACCOUNT:
        if (information->bootstrap.uri.len > 0)
            put_account(out, &information->bootstrap, true);
        break;
    case STEP_SERVER_ACCOUNT:
        put_account(out, &information->server, false);
        put_integer(out, SECURITY_SHORT_ID, information->short_server_id);
        break;
    case STEP_SERVER:
        put_integer(out, SERVER_SHORT_ID, information->short_server_id);
        put_integer(out, SERVER_LIFETIME, information->lifetime_s);
        put_bool(out, SERVER_STORING, information->stores_notifications);
        put_bytes(out, SERVER_BINDING, BC_VALUE_STRING, information->binding);
        break;
    default:
        break;
    }
}

void bc_server_step_write(bc_sink *out, enum bootstrap_step step, uint16_t message_id,
                          uint32_t token, bc_view payload)
{
    const struct step_row *row = &rows[step];
    struct bc_coap_token wire = bc_server_token_wire(token);
    struct bc_coap_writer w = bc_coap_write_begin(out, BC_COAP_CON, row->method, message_id, &wire);
    bc_coap_write_path(&w, BC_COAP_URI_PATH, bc_view_of(row->path));
    if (payload.len > 0)
        bc_coap_write_uint(&w, BC_COAP_CONTENT_FORMAT, BC_COAP_FORMAT_TLV);
    if (step == STEP_DISCOVER)
        bc_coap_write_uint(&w, BC_COAP_ACCEPT, BC_COAP_FORMAT_LINK);
    if (payload.len > 0)
        bc_coap_write_payload(&w, payload);
}
