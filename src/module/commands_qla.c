/*
 * The LwM2M commands of the guide's chapter 2, a row each. Rows say what is legal to write; the
 * handlers below say when it is legal and what follows.
 */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "lwm2m/builtin.h"
#include "module/store.h"

#define ID(param_name)                               \
    {                                                \
        .name = (param_name), .min = 0, .max = 65535 \
    }
#define RAI                                                      \
    {                                                            \
        .name = "rai_mode", .min = 0, .max = 2, .optional = true \
    }

/* A command that promises results needs room for them. */
static bool busy(const struct bc_module *m)
{
    return !bc_module_urc_room(m);
}

/* The codes of the tables in G 2.8 to 2.11. 0 = no such result. */
static uint8_t code_of_result(int32_t result)
{
    switch (result) {
    case 1:
        return BC_COAP_CONTENT;
    case 2:
        return BC_COAP_CHANGED;
    case 11:
        return BC_COAP_BAD_REQUEST;
    case 12:
        return BC_COAP_UNAUTHORIZED;
    case 13:
        return BC_COAP_NOT_FOUND;
    case 14:
        return BC_COAP_METHOD_NOT_ALLOWED;
    case 15:
        return BC_COAP_NOT_ACCEPTABLE;
    default:
        return 0;
    }
}

/* --- AT+QLACONFIG ----------------------------------------------------------------------------- */

static const struct bc_at_param config_params[] = {
    {.name = "bootstrap_flag", .min = 0, .max = 1},
    {.name = "serverIP", .type = BC_AT_STRING, .min = 1, .max = BC_HOST_BYTES_MAX},
    ID("port"),
    {.name = "endpoint_name", .type = BC_AT_STRING, .min = 1, .max = BC_ENDPOINT_BYTES_MAX},
    {.name = "lifetime", .min = BC_LIFETIME_MIN, .max = BC_LIFETIME_MAX},
    {.name = "security_mode", .type = BC_AT_LISTED, .only = "0,3"},
    {.name = "PSK_ID",
     .type = BC_AT_STRING,
     .min = 1,
     .max = BC_PSK_ID_BYTES_MAX,
     .optional = true},
    {.name = "PSK", .type = BC_AT_STRING, .min = 1, .max = BC_PSK_BYTES_MAX, .optional = true},
    {.name = "binding_mode", .min = 0, .max = 1, .optional = true},
};

static OWN_FRAME int config_read(struct bc_at_call *call)
{
    struct bc_module *m = call->context;
    const struct bc_lwm2m_settings *settings = &m->stored.lwm2m;
    struct record_memory memory;
    struct server_record server;
    if (!m->stored.server_known)
        return BC_AT_OK;
    bool known = bc_store_load_server(m, BC_RECORD_SERVER, &memory, &server);
    if (known) {
        bc_at_info_begin(call);
        bc_put_format(call->out, "+QLACONFIG: 0,%.*s,%u,%s,%u,%u", (int)server.host.len,
                      (const char *)server.host.ptr, (unsigned)server.port, settings->endpoint,
                      (unsigned)settings->lifetime_s, (unsigned)server.security);
        if (server.security == BC_SECURITY_PSK)
            bc_put_format(call->out, ",%.*s,%.*s", (int)server.psk_id.len,
                          (const char *)server.psk_id.ptr, (int)server.psk.len,
                          (const char *)server.psk.ptr);
        bc_put_format(call->out, ",%d", settings->queue_mode);
        bc_at_info_end(call);
    }
    bc_wipe(&memory, sizeof(memory));
    return known ? BC_AT_OK : BC_AT_ERROR_STATE;
}

bool bc_module_printable(bc_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] < ' ' || text.ptr[i] == 0x7F)
            return false;
    return true;
}

/* Of the server and the bootstrap server one is known at a time. What is new is kept before what
 * is old goes: a power cut between the two leaves the old one alone, see bc_store_load_all(). */
static bool configure(struct bc_module *m, const struct server_record *server, bool bootstrap)
{
    enum bc_record kept = bootstrap ? BC_RECORD_BOOTSTRAP : BC_RECORD_SERVER;
    enum bc_record gone = bootstrap ? BC_RECORD_SERVER : BC_RECORD_BOOTSTRAP;
    if (!bc_store_put_server(m, kept, server))
        return false;
    (void)bc_store_erase(m, gone);
    bc_store_apply_server(m, server);
    m->stored.server_known = !bootstrap;
    m->stored.bootstrap = bootstrap;
    bc_lwm2m_set_status(&m->client, BC_STATUS_NOT_REGISTERED);
    return true;
}

static int config_handle(struct bc_at_call *call)
{
    struct bc_module *m = call->context;
    const struct bc_at_arg *arg = call->arg;
    enum bc_status status = bc_module_status(m);
    if (call->form == BC_AT_READ)
        return config_read(call);
    if (status != BC_STATUS_NOT_REGISTERED && status != BC_STATUS_DEREGISTERED &&
        status != BC_STATUS_NOT_CONFIGURED && status != BC_STATUS_NEEDS_RECOVERY)
        return BC_AT_ERROR_STATE;
    bool secured = arg[5].number == BC_SECURITY_PSK;
    if (arg[6].given != arg[7].given || (secured && !arg[7].given))
        return BC_AT_ERROR_PARAMETER;
    if (!bc_module_printable(arg[1].text) || !bc_module_printable(arg[3].text))
        return BC_AT_ERROR_PARAMETER;
    struct server_record server = {
        .host = arg[1].text,
        .endpoint = arg[3].text,
        .lifetime_s = (uint32_t)arg[4].number,
        .port = (uint16_t)arg[2].number,
        .security = (uint8_t)arg[5].number,
        .queue_mode = arg[8].given ? arg[8].number == 1 /* else as before (G 1.1.1) */
                                   : m->stored.lwm2m.queue_mode,
    };
    if (secured) {
        server.psk_id = arg[6].text;
        server.psk = arg[7].text;
        if (!bc_module_printable(server.psk_id) || !bc_module_printable(server.psk) ||
            !bc_secure_key_legal((enum bc_psk_format)m->psk_format, server.psk))
            return BC_AT_ERROR_PARAMETER;
    }
    return configure(m, &server, arg[0].number == 1) ? BC_AT_OK : BC_AT_ERROR_STATE;
}

/* --- AT+QLACFG -------------------------------------------------------------------------------- */

static void show_retransmit(struct bc_at_call *call)
{
    const struct bc_module *m = call->context;
    bc_at_info(call, "+QLACFG: \"retransmit\",%d,%d", m->stored.ack_timeout_s,
               m->stored.retransmit_max);
}

static int cfg_retransmit(struct bc_at_call *call)
{
    struct bc_module *m = call->context;
    if (!call->arg[0].given && call->arg[1].given)
        return BC_AT_ERROR_PARAMETER;
    if (!call->arg[0].given) {
        show_retransmit(call);
        return BC_AT_OK;
    }
    uint8_t before[] = {m->stored.ack_timeout_s, m->stored.retransmit_max};
    m->stored.ack_timeout_s = (uint8_t)call->arg[0].number;
    m->stored.retransmit_max = (uint8_t)call->arg[1].number;
    if (!bc_store_put_settings(m)) {
        m->stored.ack_timeout_s = before[0];
        m->stored.retransmit_max = before[1];
        return BC_AT_ERROR_STATE;
    }
    bc_module_apply_settings(m);
    return BC_AT_OK;
}

static void show_number(struct bc_at_call *call, const char *name, int value)
{
    bc_at_info(call, "+QLACFG: \"%s\",%d", name, value);
}

/* One number of the settings: shown when none is given, else kept. */
static int cfg_number(struct bc_at_call *call, const char *name, uint8_t *setting)
{
    uint8_t before = *setting;
    if (!call->arg[0].given) {
        show_number(call, name, *setting);
        return BC_AT_OK;
    }
    *setting = (uint8_t)call->arg[0].number;
    if (bc_store_put_settings(call->context))
        return BC_AT_OK;
    *setting = before;
    return BC_AT_ERROR_STATE;
}

static int cfg_switch(struct bc_at_call *call, const char *name, bool *setting)
{
    bool before = *setting;
    if (!call->arg[0].given) {
        show_number(call, name, before);
        return BC_AT_OK;
    }
    *setting = call->arg[0].number == 1;
    if (bc_store_put_settings(call->context))
        return BC_AT_OK;
    *setting = before;
    return BC_AT_ERROR_STATE;
}

static int cfg_auto_ack(struct bc_at_call *call)
{
    struct bc_module *m = call->context;
    return cfg_switch(call, "auto_ack", &m->stored.lwm2m.auto_ack);
}

static int cfg_platform(struct bc_at_call *call)
{
    struct bc_module *m = call->context;
    return cfg_number(call, "platform", &m->stored.platform);
}

static int cfg_lifetime_enable(struct bc_at_call *call)
{
    struct bc_module *m = call->context;
    return cfg_switch(call, "lifetime_enable", &m->stored.lwm2m.updates);
}

/* G 2.2: the two DTLS settings change only while not registered. */
static int cfg_dtls(struct bc_at_call *call, const char *name, uint8_t *setting)
{
    const struct bc_module *m = call->context;
    enum bc_status status = bc_module_status(m);
    if (call->arg[0].given && status != BC_STATUS_NOT_REGISTERED &&
        status != BC_STATUS_DEREGISTERED && status != BC_STATUS_NOT_CONFIGURED)
        return BC_AT_ERROR_STATE;
    return cfg_number(call, name, setting);
}

static int cfg_dtls_mode(struct bc_at_call *call)
{
    struct bc_module *m = call->context;
    return cfg_dtls(call, "dtls_mode", &m->stored.dtls_mode);
}

static int cfg_dtls_version(struct bc_at_call *call)
{
    struct bc_module *m = call->context;
    return cfg_dtls(call, "dtls_version", &m->stored.dtls_version);
}

static void show_value(struct bc_at_call *call, const struct cfg_value *value)
{
    bc_at_info(call, "+QLACFG: \"cfg_res\",%d,%d,%d,\"%.*s\"", value->path.object,
               value->path.instance, value->path.resource, (int)value->len, value->text);
}

static void show_values(struct bc_at_call *call)
{
    const struct bc_module *m = call->context;
    for (size_t i = 0; i < BC_CFG_VALUES_MAX; i++)
        if (m->stored.value[i].len > 0)
            show_value(call, &m->stored.value[i]);
}

/* "cfg_res" alone lists what is set; with a path it shows that; with a value it sets it. */
static int cfg_res(struct bc_at_call *call)
{
    struct bc_module *m = call->context;
    const struct bc_at_arg *arg = call->arg;
    if (call->args == 0) {
        show_values(call);
        return BC_AT_OK;
    }
    struct bc_path path =
        BC_PATH_RESOURCE((uint16_t)arg[0].number, (uint16_t)arg[1].number, (uint16_t)arg[2].number);
    const struct bc_resource_row *row = bc_builtin_find(path);
    struct cfg_value *value = bc_module_cfg_value(m, path);
    if (row == NULL || path.object < 3 || (row->access & BC_ACCESS_READ) == 0)
        return BC_AT_ERROR_PARAMETER;
    if (!arg[3].given) {
        if (value == NULL)
            return BC_AT_ERROR_STATE;
        show_value(call, value);
        return BC_AT_OK;
    }
    for (size_t i = 0; value == NULL && i < BC_CFG_VALUES_MAX; i++)
        if (m->stored.value[i].len == 0)
            value = &m->stored.value[i];
    if (value == NULL)
        return BC_AT_ERROR_STATE;
    struct cfg_value before = *value;
    *value = (struct cfg_value){.path = path, .len = (uint8_t)arg[3].text.len};
    memcpy(value->text, arg[3].text.ptr, arg[3].text.len);
    if (!bc_store_put_settings(m)) {
        *value = before;
        return BC_AT_ERROR_STATE;
    }
    bc_lwm2m_changed(&m->client, path);
    return BC_AT_OK;
}

static const struct bc_at_param retransmit_params[] = {
    {.name = "ACK_timeout", .min = 2, .max = 20, .optional = true},
    {.name = "retrans_max_times", .min = 0, .max = 8},
};
static const struct bc_at_param auto_ack_params[] = {
    {.name = "is_auto_ACK", .min = 0, .max = 1, .optional = true}};
static const struct bc_at_param platform_params[] = {
    {.name = "platform", .min = 0, .max = 2, .optional = true}};
static const struct bc_at_param cfg_res_params[] = {
    {.name = "objectID", .min = 0, .max = 65535, .optional = true},
    ID("instanceID"),
    ID("resourceID"),
    {.name = "value",
     .type = BC_AT_STRING,
     .min = 1,
     .max = BC_CFG_VALUE_BYTES_MAX,
     .optional = true},
};
static const struct bc_at_param lifetime_enable_params[] = {
    {.name = "lifetime_enable", .min = 0, .max = 1, .optional = true}};
static const struct bc_at_param dtls_mode_params[] = {
    {.name = "DTLS_mode", .min = 0, .max = 1, .optional = true}};
static const struct bc_at_param dtls_version_params[] = {
    {.name = "DTLS_version", .min = 0, .max = 2, .optional = true}};

static const struct bc_at_operation cfg_operations[] = {
    {"retransmit", BC_AT_PARAMS(retransmit_params), cfg_retransmit},
    {"auto_ack", BC_AT_PARAMS(auto_ack_params), cfg_auto_ack},
    {"platform", BC_AT_PARAMS(platform_params), cfg_platform},
    {"cfg_res", BC_AT_PARAMS(cfg_res_params), cfg_res},
    {"lifetime_enable", BC_AT_PARAMS(lifetime_enable_params), cfg_lifetime_enable},
    {"dtls_mode", BC_AT_PARAMS(dtls_mode_params), cfg_dtls_mode},
    {"dtls_version", BC_AT_PARAMS(dtls_version_params), cfg_dtls_version},
};

/* Bare AT+QLACFG? prints every setting, in the order of G 2.2. */
static int cfg_read(struct bc_at_call *call)
{
    const struct stored *stored = &((const struct bc_module *)call->context)->stored;
    show_retransmit(call);
    show_number(call, "auto_ack", stored->lwm2m.auto_ack);
    show_number(call, "platform", stored->platform);
    show_values(call);
    show_number(call, "lifetime_enable", stored->lwm2m.updates);
    show_number(call, "dtls_mode", stored->dtls_mode);
    show_number(call, "dtls_version", stored->dtls_version);
    return BC_AT_OK;
}

/* --- Registration ----------------------------------------------------------------------------- */

static int reg_handle(struct bc_at_call *call)
{
    struct bc_module *m = call->context;
    return busy(m) ? BC_AT_ERROR_STATE : bc_module_start_registration(m);
}

/* An error of ours as the result of a command: nothing has changed. */
static int result_of(enum bc_err err)
{
    switch (err) {
    case BC_OK:
        return BC_AT_OK;
    case BC_ERR_FORMAT:
    case BC_ERR_RANGE:
        return BC_AT_ERROR_PARAMETER;
    default:
        return BC_AT_ERROR_STATE;
    }
}

static const struct bc_at_param update_params[] = {
    {.name = "mode", .min = 0, .max = 1},
    {.name = "lifetime/binding_mode", .min = 0, .max = BC_LIFETIME_MAX},
    RAI,
};

static int update_handle(struct bc_at_call *call)
{
    struct bc_module *m = call->context;
    const struct bc_at_arg *arg = call->arg;
    bool lifetime = arg[0].number == 0;
    if (lifetime ? arg[1].number < BC_LIFETIME_MIN : arg[1].number > 1)
        return BC_AT_ERROR_PARAMETER;
    bool too_late = !m->stored.lwm2m.updates && bc_lwm2m_expired(&m->client, m->now_ms);
    if (busy(m) || bc_module_status(m) != BC_STATUS_REGISTERED || too_late)
        return BC_AT_ERROR_STATE;
    enum bc_err err = bc_lwm2m_update(&m->client, lifetime ? BC_UPDATE_LIFETIME : BC_UPDATE_BINDING,
                                      (uint32_t)arg[1].number);
    if (err == BC_OK)
        m->radio.rai = (uint8_t)arg[2].number;
    return result_of(err);
}

static int dereg_handle(struct bc_at_call *call)
{
    struct bc_module *m = call->context;
    return busy(m) ? BC_AT_ERROR_STATE : result_of(bc_lwm2m_deregister(&m->client));
}

static int status_handle(struct bc_at_call *call)
{
    bc_at_info(call, "+QLASTATUS: %d", (int)bc_module_status(call->context));
    return BC_AT_OK;
}

/* --- Objects ---------------------------------------------------------------------------------- */

static const struct bc_at_param addobj_params[] = {
    ID("objectID"),
    ID("instantID"),
    {.name = "resource_number", .min = 1, .max = BC_RESOURCES_MAX},
    {.name = "resourceID", .min = 0, .max = 65535, .repeat = BC_RESOURCES_MAX},
};

static int addobj_read(struct bc_at_call *call)
{
    const struct bc_module *m = call->context;
    const struct bc_objects *objects = &m->stored.lwm2m.objects;
    for (unsigned i = 0; i < objects->rows; i++) {
        const struct bc_object_instance *row = &objects->row[i];
        bc_at_info_begin(call);
        bc_put_format(call->out, "+QLAADDOBJ: %d,%d,%d", row->object, row->instance,
                      row->resources);
        for (unsigned k = 0; k < row->resources; k++)
            bc_put_format(call->out, ",%d", row->resource[k]);
        bc_at_info_end(call);
    }
    return BC_AT_OK;
}

/* G 2.6, 2.7: before and after registration, not while one is under way. */
static bool objects_frozen(const struct bc_module *m)
{
    enum bc_status status = bc_module_status(m);
    return status == BC_STATUS_REGISTERING || status == BC_STATUS_DEREGISTERING ||
           status == BC_STATUS_RECOVERING || (status == BC_STATUS_REGISTERED && busy(m));
}

/* The server hears of the new list when it knows us; else only the next registration tells it. */
static enum bc_err announce(struct bc_module *m, enum bc_update_reason reason)
{
    if (bc_module_status(m) != BC_STATUS_REGISTERED)
        return BC_OK;
    return bc_lwm2m_update(&m->client, reason, 0);
}

/* Stores and announces the new list. When that fails the caller goes back to the one before, and
 * stores that when `*stored`. */
static enum bc_err keep_objects(struct bc_module *m, enum bc_update_reason reason, bool *stored)
{
    *stored = bc_store_put_objects(m);
    return *stored ? announce(m, reason) : BC_ERR_STATE;
}

static int addobj_handle(struct bc_at_call *call)
{
    struct bc_module *m = call->context;
    const struct bc_at_arg *arg = call->arg;
    if (call->form == BC_AT_READ)
        return addobj_read(call);
    struct bc_object_instance row = {.object = (uint16_t)arg[0].number,
                                     .instance = (uint16_t)arg[1].number,
                                     .resources = (uint8_t)arg[2].number};
    if (call->args != 3 + arg[2].number)
        return BC_AT_ERROR_PARAMETER;
    for (unsigned i = 0; i < row.resources; i++)
        row.resource[i] = (uint16_t)arg[3 + i].number;
    if (objects_frozen(m))
        return BC_AT_ERROR_STATE;
    enum bc_err err = bc_objects_add(&m->stored.lwm2m.objects, &row);
    if (err != BC_OK)
        return result_of(err);
    bool stored;
    err = keep_objects(m, BC_UPDATE_OBJECT_ADDED, &stored);
    if (err != BC_OK) {
        struct bc_objects *objects = &m->stored.lwm2m.objects;
        objects->row[--objects->rows] = (struct bc_object_instance){0}; /* it was the last */
        if (stored)
            (void)bc_store_put_objects(m);
    }
    return result_of(err);
}

static const struct bc_at_param delobj_params[] = {ID("objectID")};

static int delobj_handle(struct bc_at_call *call)
{
    struct bc_module *m = call->context;
    uint16_t object = (uint16_t)call->arg[0].number;
    if (objects_frozen(m))
        return BC_AT_ERROR_STATE;
    struct bc_objects before = m->stored.lwm2m.objects;
    enum bc_err err = bc_objects_delete(&m->stored.lwm2m.objects, object);
    if (err != BC_OK)
        return result_of(err);
    bool stored;
    err = keep_objects(m, BC_UPDATE_OBJECT_DELETED, &stored);
    if (err == BC_OK) {
        bc_lwm2m_forget_object(&m->client, object);
        return BC_AT_OK;
    }
    m->stored.lwm2m.objects = before;
    if (stored)
        (void)bc_store_put_objects(m);
    return result_of(err);
}

/* Data that nobody repeats is lost when there is no network: the packet is not sent (G 6). */
static int sent_code(const struct bc_module *m, bool confirmable)
{
    return confirmable || bc_radio_attached(m) ? 0 : RESULT_NOT_SENT;
}

/* --- Values ----------------------------------------------------------------------------------- */

static bool integer_fits(int64_t integer, int32_t bytes)
{
    int64_t max = bytes == 2 ? INT16_MAX : bytes == 4 ? INT32_MAX : INT64_MAX;
    return integer <= max && integer >= -max - 1;
}

/* strtod takes more than the guide's decimal numbers ("nan", "0x1p3"): those characters are out. */
static bool read_float(bc_view text, double *out)
{
    char digits[40];
    if (text.len >= sizeof(digits))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (strchr("0123456789+-.eE", text.ptr[i]) == NULL || text.ptr[i] == '\0')
            return false;
    memcpy(digits, text.ptr, text.len);
    digits[text.len] = '\0';
    char *end;
    *out = strtod(digits, &end);
    return end != digits && *end == '\0';
}

#define FLOAT_MOST 3.4028235e38 /* FLT_MAX in eight digits is beyond it, and rounds to it */

/* <value_type>,<len>,<value> as at/param has cut them. False when the text is no such value. */
static bool read_value(const struct bc_at_arg *arg, struct bc_value *out)
{
    *out = (struct bc_value){.type = (enum bc_value_type)arg[0].number,
                             .number_bytes = (uint8_t)arg[1].number,
                             .bytes = arg[2].text,
                             .text = arg[2].text};
    double most;
    switch (out->type) {
    case BC_VALUE_INTEGER:
        return bc_view_int(arg[2].text, &out->integer) && integer_fits(out->integer, arg[1].number);
    case BC_VALUE_BOOLEAN:
        return bc_view_int(arg[2].text, &out->integer) && arg[2].text.len == 1 &&
               (out->integer == 0 || out->integer == 1);
    case BC_VALUE_FLOAT:
        most = out->number_bytes == 4 ? FLOAT_MOST : DBL_MAX; /* infinity is out */
        return read_float(arg[2].text, &out->real) && out->real >= -most && out->real <= most;
    default:
        return true;
    }
}

#define VALUE_PARAMS                                           \
    {.name = "value_type", .min = 1, .max = 5},                \
        {.name = "len", .min = 0, .max = BC_STRING_BYTES_MAX}, \
        {.name = "value", .type = BC_AT_TYPED}, ID("index")

/* --- Answers ---------------------------------------------------------------------------------- */

/* The answer has been taken: OK now, +QLAxxxRSP: 0 behind it. */
static int answered(struct bc_at_call *call, enum bc_err err, const struct bc_at_arg *rai)
{
    struct bc_module *m = call->context;
    if (err != BC_OK)
        return result_of(err);
    m->radio.rai = (uint8_t)rai->number;
    bc_module_urc(m, "%s: 0", call->command->name);
    return BC_AT_OK;
}

static const struct bc_at_param rdrsp_params[] = {
    ID("messageID"),
    {.name = "result", .type = BC_AT_LISTED, .only = "1,11,12,13,14,15"},
    ID("objectID"),
    {.name = "instantID", .min = -1, .max = 65535},
    {.name = "resourceID", .min = -1, .max = 65535},
    VALUE_PARAMS,
    RAI,
};

static int respond_content(struct bc_at_call *call, enum bc_request_kind kind)
{
    struct bc_module *m = call->context;
    const struct bc_at_arg *arg = call->arg;
    struct bc_answer answer = {
        .message_id = (uint16_t)arg[0].number,
        .code = code_of_result(arg[1].number),
        .path = BC_PATH_RESOURCE((uint16_t)arg[2].number, (uint16_t)arg[3].number,
                                 (uint16_t)arg[4].number),
        .index = (uint16_t)arg[8].number,
    };
    bool whole_path = arg[3].number >= 0 && arg[4].number >= 0;
    if (!read_value(&arg[5], &answer.value) || (answer.code == BC_COAP_CONTENT && !whole_path))
        return BC_AT_ERROR_PARAMETER;
    if (busy(m))
        return BC_AT_ERROR_STATE;
    return answered(call, bc_lwm2m_answer(&m->client, kind, &answer), &arg[9]);
}

static int rdrsp_handle(struct bc_at_call *call)
{
    return respond_content(call, BC_REQUEST_READ);
}

static int obsrsp_handle(struct bc_at_call *call)
{
    return respond_content(call, BC_REQUEST_OBSERVE);
}

static const struct bc_at_param wrrsp_params[] = {
    ID("messageID"),
    {.name = "result", .type = BC_AT_LISTED, .only = "2,11,12,13,14"},
    RAI,
};

static int respond_code(struct bc_at_call *call, enum bc_request_kind kind)
{
    struct bc_module *m = call->context;
    struct bc_answer answer = {.message_id = (uint16_t)call->arg[0].number,
                               .code = code_of_result(call->arg[1].number)};
    if (busy(m))
        return BC_AT_ERROR_STATE;
    return answered(call, bc_lwm2m_answer(&m->client, kind, &answer), &call->arg[2]);
}

static int wrrsp_handle(struct bc_at_call *call)
{
    return respond_code(call, BC_REQUEST_WRITE);
}

static int exersp_handle(struct bc_at_call *call)
{
    return respond_code(call, BC_REQUEST_EXECUTE);
}

/* --- AT+QLANOTIFY ----------------------------------------------------------------------------- */

static const struct bc_at_param notify_params[] = {
    ID("objectID"),
    ID("instantID"),
    ID("resourceID"),
    VALUE_PARAMS,
    {.name = "ACK", .min = 0, .max = 1, .optional = true},
    RAI,
};

static int notify_handle(struct bc_at_call *call)
{
    struct bc_module *m = call->context;
    const struct bc_at_arg *arg = call->arg;
    struct bc_notification n = {
        .path = BC_PATH_RESOURCE((uint16_t)arg[0].number, (uint16_t)arg[1].number,
                                 (uint16_t)arg[2].number),
        .index = (uint16_t)arg[6].number,
        .confirmable = arg[7].given && arg[7].number == 1,
    };
    bool sent = false;
    uint16_t message_id = 0;
    if (!read_value(&arg[3], &n.value))
        return BC_AT_ERROR_PARAMETER;
    if (busy(m))
        return BC_AT_ERROR_STATE;
    enum bc_err err = bc_lwm2m_notify(&m->client, &n, &sent, &message_id);
    if (err != BC_OK)
        return result_of(err);
    if (!sent)
        return BC_AT_OK; /* a part: only the last one tells */
    m->radio.rai = (uint8_t)arg[8].number;
    if (n.confirmable)
        bc_module_urc(m, "+QLAURC: \"report\",%d", message_id);
    bc_module_urc(m, "+QLANOTIFY: %d", sent_code(m, n.confirmable));
    return BC_AT_OK;
}

/* --- AT+QLASENDDATA --------------------------------------------------------------------------- */

#define PLATFORM_ANDLINK 2

static const struct bc_at_param senddata_params[] = {
    {.name = "value_type", .min = 1, .max = 2},
    {.name = "len", .min = 0, .max = BC_STRING_BYTES_MAX},
    {.name = "value", .type = BC_AT_TYPED},
    {.name = "ACK", .min = 0, .max = 1, .optional = true},
    RAI,
};

static int senddata_handle(struct bc_at_call *call)
{
    struct bc_module *m = call->context;
    const struct bc_at_arg *arg = call->arg;
    uint16_t message_id = 0;
    if (m->stored.platform != PLATFORM_ANDLINK || busy(m))
        return BC_AT_ERROR_STATE;
    bool confirmable = arg[3].number == 1;
    enum bc_err err = bc_lwm2m_send(&m->client, arg[2].text, confirmable, &message_id);
    if (err != BC_OK)
        return result_of(err);
    m->radio.rai = (uint8_t)arg[4].number;
    bc_module_urc(m, "+QLASENDDATA: %d,%d", sent_code(m, confirmable), message_id);
    return BC_AT_OK;
}

/* --- The table -------------------------------------------------------------------------------- */

static const struct bc_at_command qla_commands[] = {
    {"+QLACONFIG", BC_AT_TEST | BC_AT_READ | BC_AT_SET, BC_AT_PARAMS(config_params),
     .handle = config_handle},
    {"+QLACFG", BC_AT_TEST | BC_AT_READ | BC_AT_SET, BC_AT_OPERATIONS(cfg_operations),
     .handle = cfg_read},
    {"+QLAREG", BC_AT_TEST | BC_AT_EXECUTE, .handle = reg_handle},
    {"+QLAUPDATE", BC_AT_TEST | BC_AT_SET, BC_AT_PARAMS(update_params), .handle = update_handle,
     .test = "(0,1),(20-31536000)/(0,1),(0-2)"},
    {"+QLADEREG", BC_AT_TEST | BC_AT_EXECUTE, .handle = dereg_handle},
    {"+QLAADDOBJ", BC_AT_TEST | BC_AT_READ | BC_AT_SET, BC_AT_PARAMS(addobj_params),
     .handle = addobj_handle},
    {"+QLADELOBJ", BC_AT_TEST | BC_AT_SET, BC_AT_PARAMS(delobj_params), .handle = delobj_handle},
    {"+QLARDRSP", BC_AT_TEST | BC_AT_SET, BC_AT_PARAMS(rdrsp_params), .handle = rdrsp_handle},
    {"+QLAWRRSP", BC_AT_TEST | BC_AT_SET, BC_AT_PARAMS(wrrsp_params), .handle = wrrsp_handle},
    {"+QLAEXERSP", BC_AT_TEST | BC_AT_SET, BC_AT_PARAMS(wrrsp_params), .handle = exersp_handle},
    {"+QLAOBSRSP", BC_AT_TEST | BC_AT_SET, BC_AT_PARAMS(rdrsp_params), .handle = obsrsp_handle},
    {"+QLANOTIFY", BC_AT_TEST | BC_AT_SET, BC_AT_PARAMS(notify_params), .handle = notify_handle},
    {"+QLASENDDATA", BC_AT_TEST | BC_AT_SET, BC_AT_PARAMS(senddata_params),
     .handle = senddata_handle},
    {"+QLASTATUS", BC_AT_TEST | BC_AT_READ, .handle = status_handle, .test = "(0-7)"},
};

const struct bc_at_table bc_module_qla_table = {qla_commands,
                                                sizeof(qla_commands) / sizeof(qla_commands[0])};
