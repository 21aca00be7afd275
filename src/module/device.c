/*
 * What the built-in objects 3 (Device), 4 (Connectivity Monitoring) and 5 (Firmware Update) hold:
 * the module's identity, its power supply, its radio, and what the host set with "cfg_res".
 */
#include <assert.h>
#include <string.h>

#include "base/sink.h"
#include "lwm2m/builtin.h"
#include "module/state.h"

#define BATTERY_MV 3600
#define BATTERY_PERCENT 100
#define MEMORY_FREE_KIB 64
#define RSSI_DBM (-63)
#define LINK_QUALITY 20
#define BEARER_NB_IOT 7

int64_t bc_module_utc_s(const struct bc_module *m)
{
    return m->clock_known ? (m->utc_zero_ms + (int64_t)m->now_ms) / 1000 : 0;
}

struct cfg_value *bc_module_cfg_value(struct bc_module *m, struct bc_path path)
{
    for (size_t i = 0; i < BC_CFG_VALUES_MAX; i++)
        if (m->stored.value[i].len > 0 && bc_path_equal(m->stored.value[i].path, path))
            return &m->stored.value[i];
    return NULL;
}

/* --- What each resource holds: a text, else a number, else nothing ---------------------------- */

static const char *device_text(const struct bc_module *m, uint16_t resource)
{
    switch ((enum bc_device_resource)resource) {
    case BC_DEVICE_MANUFACTURER:
        return "Quectel_Ltd";
    case BC_DEVICE_MODEL:
        return "Quectel_BC260Y-CN";
    case BC_DEVICE_SERIAL:
        return m->identity.imei;
    case BC_DEVICE_FIRMWARE:
        return m->identity.revision;
    case BC_DEVICE_UTC_OFFSET:
        return m->utc_offset;
    case BC_DEVICE_TIMEZONE:
        return m->timezone;
    case BC_DEVICE_BINDINGS:
        return "UQ";
    case BC_DEVICE_TYPE:
        return "NB-IoT module";
    default:
        return NULL;
    }
}

static bool device_number(const struct bc_module *m, uint16_t resource, int64_t *out)
{
    switch ((enum bc_device_resource)resource) {
    case BC_DEVICE_POWER_SOURCES:
        *out = 1; /* internal battery */
        return true;
    case BC_DEVICE_POWER_VOLTAGE_MV:
        *out = BATTERY_MV;
        return true;
    case BC_DEVICE_BATTERY_PERCENT:
        *out = BATTERY_PERCENT;
        return true;
    case BC_DEVICE_MEMORY_FREE_KIB:
        *out = MEMORY_FREE_KIB;
        return true;
    case BC_DEVICE_POWER_CURRENT_MA:
    case BC_DEVICE_ERROR_CODE:
        *out = 0;
        return true;
    case BC_DEVICE_TIME:
        *out = bc_module_utc_s(m);
        return true;
    default:
        return false;
    }
}

static const char *connectivity_text(const struct bc_module *m, uint16_t resource)
{
    switch ((enum bc_connectivity_resource)resource) {
    case BC_CONNECTIVITY_ADDRESSES:
        return m->identity.address;
    case BC_CONNECTIVITY_ROUTERS:
        return "10.0.0.1";
    case BC_CONNECTIVITY_APN:
        return "ctnb";
    default:
        return NULL;
    }
}

static bool connectivity_number(const struct bc_module *m, uint16_t resource, int64_t *out)
{
    const char *imsi = m->identity.imsi;
    switch ((enum bc_connectivity_resource)resource) {
    case BC_CONNECTIVITY_BEARER:
    case BC_CONNECTIVITY_BEARERS:
        *out = BEARER_NB_IOT;
        return true;
    case BC_CONNECTIVITY_RSSI_DBM:
        *out = bc_radio_signal(m).rssi_dbm;
        return true;
    case BC_CONNECTIVITY_QUALITY:
        *out = LINK_QUALITY;
        return true;
    case BC_CONNECTIVITY_UTILIZATION:
        *out = 0;
        return true;
    case BC_CONNECTIVITY_CELL_ID:
        *out = NETWORK_CELL_NUMBER;
        return true;
    case BC_CONNECTIVITY_SMNC:
        *out = (imsi[3] - '0') * 10 + imsi[4] - '0';
        return true;
    case BC_CONNECTIVITY_SMCC:
        *out = (imsi[0] - '0') * 100 + (imsi[1] - '0') * 10 + imsi[2] - '0';
        return true;
    default:
        return false;
    }
}

static bool firmware_number(const struct bc_module *m, uint16_t resource, int64_t *out)
{
    switch ((enum bc_firmware_resource)resource) {
    case BC_FIRMWARE_STATE:
        *out = m->fota.update.state;
        return true;
    case BC_FIRMWARE_RESULT:
        *out = m->fota.update.result;
        return true;
    case BC_FIRMWARE_PROTOCOLS:
        *out = 0; /* CoAP */
        return true;
    default:
        return false;
    }
}

static const char *text_of(const struct bc_module *m, struct bc_path path)
{
    return path.object == 3   ? device_text(m, path.resource)
           : path.object == 4 ? connectivity_text(m, path.resource)
                              : NULL;
}

static bool number_of(const struct bc_module *m, struct bc_path path, int64_t *out)
{
    switch (path.object) {
    case 3:
        return device_number(m, path.resource, out);
    case 4:
        return connectivity_number(m, path.resource, out);
    case 5:
        return firmware_number(m, path.resource, out);
    default:
        return false;
    }
}

static void put_instance(bc_sink *scratch, uint16_t id, const struct bc_value *value)
{
    bc_tlv_put_head(scratch, BC_TLV_RESOURCE_INSTANCE, id, bc_value_raw_bytes(value));
    bc_value_put_raw(scratch, value);
}

/* The value as the first instance of a resource that may have several: but for the protocols of a
 * module with updates, CoAP and CoAPS, the only one. */
static struct bc_value list_of(bc_sink *scratch, const struct bc_value *value, bool coaps)
{
    struct bc_value second = bc_value_integer(1);
    put_instance(scratch, 0, value);
    if (coaps)
        put_instance(scratch, 1, &second);
    return (struct bc_value){.type = BC_VALUE_LIST,
                             .number_bytes = value->number_bytes,
                             .instances = coaps ? 2 : 1,
                             .integer = value->integer,
                             .bytes = bc_sink_view(scratch)};
}

/* A text the host set: a number where the resource has one. */
static struct bc_value configured(const struct cfg_value *value, bool numeric)
{
    bc_view text = {(const uint8_t *)value->text, value->len};
    int64_t integer;
    if (numeric && bc_view_int(text, &integer))
        return bc_value_integer(integer);
    return (struct bc_value){.type = BC_VALUE_STRING, .bytes = text};
}

bool bc_module_value(void *context, struct bc_path path, struct bc_value *out, bc_sink *scratch)
{
    struct bc_module *m = context;
    assert(m != NULL);
    const struct bc_resource_row *row = bc_builtin_find(path);
    const struct cfg_value *set = bc_module_cfg_value(m, path);
    int64_t number = 0;
    if (row == NULL)
        return false;
    bool numeric = number_of(m, path, &number);
    const char *text = text_of(m, path);
    if (set != NULL)
        *out = configured(set, numeric);
    else if (text != NULL)
        *out = bc_value_text(text);
    else if (numeric)
        *out = bc_value_integer(number);
    else
        return false;
    if (row->type == BC_VALUE_LIST)
        *out = list_of(scratch, out, set == NULL && path.object == 5 && m->fota.port != NULL);
    return true;
}

static void keep_text(char *to, bc_view text)
{
    if (text.len > 0)                   /* an empty view may have no address */
        memcpy(to, text.ptr, text.len); /* no longer than builtin.h allows */
    to[text.len] = '\0';
}

void bc_module_write(void *context, struct bc_path path, const struct bc_value *value)
{
    struct bc_module *m = context;
    switch ((enum bc_device_resource)path.resource) {
    case BC_DEVICE_TIME:
        m->clock_known = true;
        m->utc_zero_ms = value->integer * 1000 - (int64_t)m->now_ms;
        break;
    case BC_DEVICE_UTC_OFFSET:
        keep_text(m->utc_offset, value->bytes);
        break;
    case BC_DEVICE_TIMEZONE:
        keep_text(m->timezone, value->bytes);
        break;
    default:
        break;
    }
}
