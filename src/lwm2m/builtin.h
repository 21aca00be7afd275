/*
 * The objects every module has (G 2.6): 0 Security, 1 Server, 3 Device, 4 Connectivity
 * Monitoring, 5 Firmware Update. One row a resource; the values come from whoever knows them.
 */
#ifndef BC_LWM2M_BUILTIN_H
#define BC_LWM2M_BUILTIN_H

#include "lwm2m/value.h"

enum bc_resource_access {
    BC_ACCESS_READ = 1,
    BC_ACCESS_WRITE = 2,
    BC_ACCESS_EXECUTE = 4,
};

struct bc_resource_row {
    uint16_t object;
    uint16_t resource;
    uint8_t access; /* enum bc_resource_access, or-ed */
    uint8_t type;   /* enum bc_value_type; 0 for what is only executed */
};

enum bc_server_resource {
    BC_SERVER_SHORT_ID = 0,
    BC_SERVER_LIFETIME = 1,
    BC_SERVER_PMIN = 2,
    BC_SERVER_PMAX = 3,
    BC_SERVER_DISABLE = 4,
    BC_SERVER_DISABLE_TIMEOUT = 5,
    BC_SERVER_STORING = 6,
    BC_SERVER_BINDING = 7,
    BC_SERVER_UPDATE_TRIGGER = 8,
};

enum bc_device_resource {
    BC_DEVICE_MANUFACTURER = 0,
    BC_DEVICE_MODEL = 1,
    BC_DEVICE_SERIAL = 2,
    BC_DEVICE_FIRMWARE = 3,
    BC_DEVICE_REBOOT = 4,
    BC_DEVICE_POWER_SOURCES = 6,
    BC_DEVICE_POWER_VOLTAGE_MV = 7,
    BC_DEVICE_POWER_CURRENT_MA = 8,
    BC_DEVICE_BATTERY_PERCENT = 9,
    BC_DEVICE_MEMORY_FREE_KIB = 10,
    BC_DEVICE_ERROR_CODE = 11,
    BC_DEVICE_TIME = 13,
    BC_DEVICE_UTC_OFFSET = 14,
    BC_DEVICE_TIMEZONE = 15,
    BC_DEVICE_BINDINGS = 16,
    BC_DEVICE_TYPE = 17,
};

/* What a server may write: a time of this calendar, texts in bytes. */
#define BC_TIME_MAX_S 253402300799 /* 3/0/13: 9999-12-31 23:59:59 UTC */
#define BC_UTC_OFFSET_BYTES_MAX 6  /* 3/0/14: "+08:00" */
#define BC_TIMEZONE_BYTES_MAX 32   /* 3/0/15 */

enum bc_connectivity_resource {
    BC_CONNECTIVITY_BEARER = 0,
    BC_CONNECTIVITY_BEARERS = 1,
    BC_CONNECTIVITY_RSSI_DBM = 2,
    BC_CONNECTIVITY_QUALITY = 3,
    BC_CONNECTIVITY_ADDRESSES = 4,
    BC_CONNECTIVITY_ROUTERS = 5,
    BC_CONNECTIVITY_UTILIZATION = 6,
    BC_CONNECTIVITY_APN = 7,
    BC_CONNECTIVITY_CELL_ID = 8,
    BC_CONNECTIVITY_SMNC = 9,
    BC_CONNECTIVITY_SMCC = 10,
};

enum bc_firmware_resource {
    BC_FIRMWARE_PACKAGE = 0,
    BC_FIRMWARE_URI = 1,
    BC_FIRMWARE_UPDATE = 2,
    BC_FIRMWARE_STATE = 3,
    BC_FIRMWARE_RESULT = 5,
    BC_FIRMWARE_PROTOCOLS = 8,
};

/* The row of a resource; NULL when there is none. Instance 0 is the only one. */
const struct bc_resource_row *bc_builtin_find(struct bc_path path);

/* The rows of one object, in rising order of resource. */
const struct bc_resource_row *bc_builtin_rows(uint16_t object, size_t *count);

/* True when an object, instance or resource stands at that path (object 0 is never shown). */
bool bc_builtin_has(struct bc_path path);

#endif
