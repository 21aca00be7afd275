/*
 * What the built-in objects 3 (Device), 4 (Connectivity Monitoring) and 5 (Firmware Update) hold:
 * the module's identity, its power supply, its radio, and what the host set with "cfg_res".
 */
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

/* A resource with one instance. */
static struct bc_value list_of(bc_sink *scratch, const struct bc_value *value)
{
    size_t raw = bc_value_raw_bytes(value);
    bc_tlv_put_head(scratch, BC_TLV_RESOURCE_INSTANCE, 0, raw);
    bc_value_put_raw(scratch, value);
    return (struct bc_value){.type = BC_VALUE_LIST,
                             .number_bytes =
                                 value->type == BC_VALUE_INTEGER ? value->number_bytes : 0,
                             .bytes = bc_sink_view(scratch)};
}

static struct bc_value list_of_integer(bc_sink *scratch, int64_t integer)
{
    struct bc_value value = bc_value_integer(integer);
    return list_of(scratch, &value);
}

static struct bc_value list_of_text(bc_sink *scratch, const char *text)
{
    struct bc_value value = bc_value_text(text);
    return list_of(scratch, &value);
}

static bool device_value(const struct bc_module *m, uint16_t resource, struct bc_value *out,
                         bc_sink *scratch)
{
    switch ((enum bc_device_resource)resource) {
    case BC_DEVICE_MANUFACTURER:
        *out = bc_value_text("Quectel_Ltd");
        return true;
    case BC_DEVICE_MODEL:
        *out = bc_value_text("Quectel_BC260Y-CN");
        return true;
    case BC_DEVICE_SERIAL:
        *out = bc_value_text(m->identity.imei);
        return true;
    case BC_DEVICE_FIRMWARE:
        *out = bc_value_text(m->identity.revision);
        return true;
    case BC_DEVICE_POWER_SOURCES:
        *out = list_of_integer(scratch, 1); /* internal battery */
        return true;
    case BC_DEVICE_POWER_VOLTAGE_MV:
        *out = list_of_integer(scratch, BATTERY_MV);
        return true;
    case BC_DEVICE_POWER_CURRENT_MA:
        *out = list_of_integer(scratch, 0);
        return true;
    case BC_DEVICE_BATTERY_PERCENT:
        *out = bc_value_integer(BATTERY_PERCENT);
        return true;
    case BC_DEVICE_MEMORY_FREE_KIB:
        *out = bc_value_integer(MEMORY_FREE_KIB);
        return true;
    case BC_DEVICE_ERROR_CODE:
        *out = list_of_integer(scratch, 0);
        return true;
    case BC_DEVICE_TIME:
        *out = bc_value_integer(bc_module_utc_s(m));
        return true;
    case BC_DEVICE_UTC_OFFSET:
        *out = bc_value_text(m->utc_offset);
        return true;
    case BC_DEVICE_TIMEZONE:
        *out = bc_value_text(m->timezone);
        return true;
    case BC_DEVICE_BINDINGS:
        *out = bc_value_text("UQ");
        return true;
    case BC_DEVICE_TYPE:
        *out = bc_value_text("NB-IoT module");
        return true;
    default:
        return false;
    }
}

static bool connectivity_value(const struct bc_module *m, uint16_t resource, struct bc_value *out,
                               bc_sink *scratch)
{
    switch ((enum bc_connectivity_resource)resource) {
    case BC_CONNECTIVITY_BEARER:
        *out = bc_value_integer(BEARER_NB_IOT);
        return true;
    case BC_CONNECTIVITY_BEARERS:
        *out = list_of_integer(scratch, BEARER_NB_IOT);
        return true;
    case BC_CONNECTIVITY_RSSI_DBM:
        *out = bc_value_integer(bc_radio_signal(m).rssi_dbm);
        return true;
    case BC_CONNECTIVITY_QUALITY:
        *out = bc_value_integer(LINK_QUALITY);
        return true;
    case BC_CONNECTIVITY_ADDRESSES:
        *out = list_of_text(scratch, m->identity.address);
        return true;
    case BC_CONNECTIVITY_ROUTERS:
        *out = list_of_text(scratch, "10.0.0.1");
        return true;
    case BC_CONNECTIVITY_UTILIZATION:
        *out = bc_value_integer(0);
        return true;
    case BC_CONNECTIVITY_APN:
        *out = list_of_text(scratch, "ctnb");
        return true;
    case BC_CONNECTIVITY_CELL_ID:
        *out = bc_value_integer(NETWORK_CELL_NUMBER);
        return true;
    case BC_CONNECTIVITY_SMNC:
        *out = bc_value_integer((m->identity.imsi[3] - '0') * 10 + m->identity.imsi[4] - '0');
        return true;
    case BC_CONNECTIVITY_SMCC:
        *out = bc_value_integer((m->identity.imsi[0] - '0') * 100 +
                                (m->identity.imsi[1] - '0') * 10 + m->identity.imsi[2] - '0');
        return true;
    }
    return false;
}

static bool firmware_value(uint16_t resource, struct bc_value *out, bc_sink *scratch)
{
    switch ((enum bc_firmware_resource)resource) {
    case BC_FIRMWARE_STATE:  /* idle */
    case BC_FIRMWARE_RESULT: /* initial */
        *out = bc_value_integer(0);
        return true;
    case BC_FIRMWARE_PROTOCOLS:
        *out = list_of_integer(scratch, 0); /* CoAP */
        return true;
    default:
        return false;
    }
}

/* A text the host set, as the type the resource has. */
static struct bc_value configured(const struct cfg_value *value, struct bc_path path)
{
    bc_view text = {(const uint8_t *)value->text, value->len};
    const struct bc_resource_row *row = bc_builtin_find(path);
    int64_t integer;
    if (row != NULL && row->type == BC_VALUE_INTEGER && bc_view_int(text, &integer))
        return bc_value_integer(integer);
    return (struct bc_value){.type = BC_VALUE_STRING, .bytes = text};
}

bool bc_module_value(void *context, struct bc_path path, struct bc_value *out, bc_sink *scratch)
{
    struct bc_module *m = context;
    const struct cfg_value *set = bc_module_cfg_value(m, path);
    if (set != NULL) {
        *out = configured(set, path);
        return true;
    }
    switch (path.object) {
    case 3:
        return device_value(m, path.resource, out, scratch);
    case 4:
        return connectivity_value(m, path.resource, out, scratch);
    case 5:
        return firmware_value(path.resource, out, scratch);
    default:
        return false;
    }
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
