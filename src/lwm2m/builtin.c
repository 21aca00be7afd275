/*
 * The table of built-in resources: see builtin.h. Object 5 pushes no package: 5/0/0 answers 4.05.
 */
#include "lwm2m/builtin.h"

#define R BC_ACCESS_READ
#define W BC_ACCESS_WRITE
#define E BC_ACCESS_EXECUTE

static const struct bc_resource_row rows[] = {
    {1, BC_SERVER_SHORT_ID, R, BC_VALUE_INTEGER},
    {1, BC_SERVER_LIFETIME, R | W, BC_VALUE_INTEGER},
    {1, BC_SERVER_PMIN, R | W, BC_VALUE_INTEGER},
    {1, BC_SERVER_PMAX, R | W, BC_VALUE_INTEGER},
    {1, BC_SERVER_DISABLE, E, 0},
    {1, BC_SERVER_DISABLE_TIMEOUT, R | W, BC_VALUE_INTEGER},
    {1, BC_SERVER_STORING, R | W, BC_VALUE_BOOLEAN},
    {1, BC_SERVER_BINDING, R | W, BC_VALUE_STRING},
    {1, BC_SERVER_UPDATE_TRIGGER, E, 0},
    {3, BC_DEVICE_MANUFACTURER, R, BC_VALUE_STRING},
    {3, BC_DEVICE_MODEL, R, BC_VALUE_STRING},
    {3, BC_DEVICE_SERIAL, R, BC_VALUE_STRING},
    {3, BC_DEVICE_FIRMWARE, R, BC_VALUE_STRING},
    {3, BC_DEVICE_REBOOT, E, 0},
    {3, BC_DEVICE_POWER_SOURCES, R, BC_VALUE_LIST},
    {3, BC_DEVICE_POWER_VOLTAGE_MV, R, BC_VALUE_LIST},
    {3, BC_DEVICE_POWER_CURRENT_MA, R, BC_VALUE_LIST},
    {3, BC_DEVICE_BATTERY_PERCENT, R, BC_VALUE_INTEGER},
    {3, BC_DEVICE_MEMORY_FREE_KIB, R, BC_VALUE_INTEGER},
    {3, BC_DEVICE_ERROR_CODE, R, BC_VALUE_LIST},
    {3, BC_DEVICE_TIME, R | W, BC_VALUE_INTEGER},
    {3, BC_DEVICE_UTC_OFFSET, R | W, BC_VALUE_STRING},
    {3, BC_DEVICE_TIMEZONE, R | W, BC_VALUE_STRING},
    {3, BC_DEVICE_BINDINGS, R, BC_VALUE_STRING},
    {3, BC_DEVICE_TYPE, R, BC_VALUE_STRING},
    {4, BC_CONNECTIVITY_BEARER, R, BC_VALUE_INTEGER},
    {4, BC_CONNECTIVITY_BEARERS, R, BC_VALUE_LIST},
    {4, BC_CONNECTIVITY_RSSI_DBM, R, BC_VALUE_INTEGER},
    {4, BC_CONNECTIVITY_QUALITY, R, BC_VALUE_INTEGER},
    {4, BC_CONNECTIVITY_ADDRESSES, R, BC_VALUE_LIST},
    {4, BC_CONNECTIVITY_ROUTERS, R, BC_VALUE_LIST},
    {4, BC_CONNECTIVITY_UTILIZATION, R, BC_VALUE_INTEGER},
    {4, BC_CONNECTIVITY_APN, R, BC_VALUE_LIST},
    {4, BC_CONNECTIVITY_CELL_ID, R, BC_VALUE_INTEGER},
    {4, BC_CONNECTIVITY_SMNC, R, BC_VALUE_INTEGER},
    {4, BC_CONNECTIVITY_SMCC, R, BC_VALUE_INTEGER},
    {5, BC_FIRMWARE_URI, W, BC_VALUE_STRING},
    {5, BC_FIRMWARE_UPDATE, E, 0},
    {5, BC_FIRMWARE_STATE, R, BC_VALUE_INTEGER},
    {5, BC_FIRMWARE_RESULT, R, BC_VALUE_INTEGER},
    {5, BC_FIRMWARE_PROTOCOLS, R, BC_VALUE_LIST},
};

const struct bc_resource_row *bc_builtin_rows(uint16_t object, size_t *count)
{
    size_t first = 0;
    while (first < sizeof(rows) / sizeof(rows[0]) && rows[first].object != object)
        first++;
    size_t end = first;
    while (end < sizeof(rows) / sizeof(rows[0]) && rows[end].object == object)
        end++;
    *count = end - first;
    return &rows[first];
}

const struct bc_resource_row *bc_builtin_find(struct bc_path path)
{
    size_t count;
    const struct bc_resource_row *row = bc_builtin_rows(path.object, &count);
    for (size_t i = 0; i < count && path.depth == 3 && path.instance == 0; i++)
        if (row[i].resource == path.resource)
            return &row[i];
    return NULL;
}

bool bc_builtin_has(struct bc_path path)
{
    size_t count;
    (void)bc_builtin_rows(path.object, &count);
    if (count == 0 || path.depth == 0 || (path.depth >= 2 && path.instance != 0))
        return false;
    return path.depth < 3 || bc_builtin_find(path) != NULL;
}
