/*
 * The tables and the decoding of objects.h.
 */
#include "objects.h"

#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "lwm2m/value.h"

#define NUMBER_CHARS_MAX 64
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Names ----------------------------------------------------------------------------------------*/

static const struct {
    uint16_t id;
    const char *name;
} objects[] = {
    {0, "LwM2M Security"},
    {1, "LwM2M Server"},
    {2, "LwM2M Access Control"},
    {3, "Device"},
    {4, "Connectivity Monitoring"},
    {5, "Firmware Update"},
    {6, "Location"},
    {7, "Connectivity Statistics"},
    {19, "Binary App Data Container"},
    {3200, "Digital Input"},
    {3201, "Digital Output"},
    {3202, "Analog Input"},
    {3203, "Analog Output"},
    {3300, "Generic Sensor"},
    {3301, "Illuminance"},
    {3302, "Presence"},
    {3303, "Temperature"},
    {3304, "Humidity"},
    {3305, "Power Measurement"},
    {3306, "Actuation"},
    {3308, "Set Point"},
    {3310, "Load Control"},
    {3311, "Light Control"},
    {3312, "Power Control"},
    {3313, "Accelerometer"},
    {3314, "Magnetometer"},
    {3315, "Barometer"},
    {3316, "Voltage"},
    {3317, "Current"},
    {3318, "Frequency"},
    {3319, "Depth"},
    {3320, "Percentage"},
    {3321, "Altitude"},
    {3322, "Load"},
    {3323, "Pressure"},
    {3324, "Loudness"},
    {3325, "Concentration"},
    {3326, "Acidity"},
    {3327, "Conductivity"},
    {3328, "Power"},
    {3329, "Power Factor"},
    {3330, "Distance"},
    {3331, "Energy"},
    {3332, "Direction"},
    {3333, "Time"},
    {3334, "Gyrometer"},
    {3335, "Colour"},
    {3336, "Location"},
    {3337, "Positioner"},
    {3338, "Buzzer"},
    {3339, "Audio Clip"},
    {3340, "Timer"},
    {3341, "Addressable Text Display"},
    {3342, "On/Off Switch"},
    {3343, "Dimmer"},
    {3344, "Up/Down Control"},
    {3345, "Multiple Axis Joystick"},
    {3346, "Rate"},
    {3347, "Push Button"},
    {3348, "Multi-state Selector"},
    {3349, "Bitmap"},
    {3350, "Stopwatch"},
};

static const struct objects_resource security[] = {
    {0, OBJECTS_STRING, "", "LwM2M Server URI"},
    {1, OBJECTS_BOOLEAN, "", "Bootstrap-Server"},
    {2, OBJECTS_INTEGER, "", "Security Mode"},
    {3, OBJECTS_OPAQUE, "", "Public Key or Identity"},
    {4, OBJECTS_OPAQUE, "", "Server Public Key"},
    {5, OBJECTS_OPAQUE, "", "Secret Key"},
    {10, OBJECTS_INTEGER, "", "Short Server ID"},
    {11, OBJECTS_INTEGER, "", "Client Hold Off Time"},
    {12, OBJECTS_INTEGER, "", "Bootstrap-Server Account Timeout"},
};
static const struct objects_resource server[] = {
    {0, OBJECTS_INTEGER, "R", "Short Server ID"},
    {1, OBJECTS_INTEGER, "RW", "Lifetime"},
    {2, OBJECTS_INTEGER, "RW", "Default Minimum Period"},
    {3, OBJECTS_INTEGER, "RW", "Default Maximum Period"},
    {4, OBJECTS_NONE, "E", "Disable"},
    {5, OBJECTS_INTEGER, "RW", "Disable Timeout"},
    {6, OBJECTS_BOOLEAN, "RW", "Notification Storing"},
    {7, OBJECTS_STRING, "RW", "Binding"},
    {8, OBJECTS_NONE, "E", "Registration Update Trigger"},
};
static const struct objects_resource access_control[] = {
    {0, OBJECTS_INTEGER, "R", "Object ID"},
    {1, OBJECTS_INTEGER, "R", "Object Instance ID"},
    {2, OBJECTS_INTEGER, "RW", "ACL"},
    {3, OBJECTS_INTEGER, "RW", "Access Control Owner"},
};
static const struct objects_resource device[] = {
    {0, OBJECTS_STRING, "R", "Manufacturer"},
    {1, OBJECTS_STRING, "R", "Model Number"},
    {2, OBJECTS_STRING, "R", "Serial Number"},
    {3, OBJECTS_STRING, "R", "Firmware Version"},
    {4, OBJECTS_NONE, "E", "Reboot"},
    {5, OBJECTS_NONE, "E", "Factory Reset"},
    {6, OBJECTS_INTEGER, "R", "Available Power Sources"},
    {7, OBJECTS_INTEGER, "R", "Power Source Voltage"},
    {8, OBJECTS_INTEGER, "R", "Power Source Current"},
    {9, OBJECTS_INTEGER, "R", "Battery Level"},
    {10, OBJECTS_INTEGER, "R", "Memory Free"},
    {11, OBJECTS_INTEGER, "R", "Error Code"},
    {12, OBJECTS_NONE, "E", "Reset Error Code"},
    {13, OBJECTS_TIME, "RW", "Current Time"},
    {14, OBJECTS_STRING, "RW", "UTC Offset"},
    {15, OBJECTS_STRING, "RW", "Timezone"},
    {16, OBJECTS_STRING, "R", "Supported Binding and Modes"},
    {17, OBJECTS_STRING, "R", "Device Type"},
    {18, OBJECTS_STRING, "R", "Hardware Version"},
    {19, OBJECTS_STRING, "R", "Software Version"},
    {20, OBJECTS_INTEGER, "R", "Battery Status"},
    {21, OBJECTS_INTEGER, "R", "Memory Total"},
};
static const struct objects_resource connectivity[] = {
    {0, OBJECTS_INTEGER, "R", "Network Bearer"},
    {1, OBJECTS_INTEGER, "R", "Available Network Bearer"},
    {2, OBJECTS_INTEGER, "R", "Radio Signal Strength"},
    {3, OBJECTS_INTEGER, "R", "Link Quality"},
    {4, OBJECTS_STRING, "R", "IP Addresses"},
    {5, OBJECTS_STRING, "R", "Router IP Addresses"},
    {6, OBJECTS_INTEGER, "R", "Link Utilization"},
    {7, OBJECTS_STRING, "R", "APN"},
    {8, OBJECTS_INTEGER, "R", "Cell ID"},
    {9, OBJECTS_INTEGER, "R", "SMNC"},
    {10, OBJECTS_INTEGER, "R", "SMCC"},
};
static const struct objects_resource firmware[] = {
    {0, OBJECTS_OPAQUE, "W", "Package"},
    {1, OBJECTS_STRING, "RW", "Package URI"},
    {2, OBJECTS_NONE, "E", "Update"},
    {3, OBJECTS_INTEGER, "R", "State"},
    {5, OBJECTS_INTEGER, "R", "Update Result"},
    {6, OBJECTS_STRING, "R", "PkgName"},
    {7, OBJECTS_STRING, "R", "PkgVersion"},
    {8, OBJECTS_INTEGER, "R", "Firmware Update Protocol Support"},
    {9, OBJECTS_INTEGER, "R", "Firmware Update Delivery Method"},
};
static const struct objects_resource location[] = {
    {0, OBJECTS_FLOAT, "R", "Latitude"},  {1, OBJECTS_FLOAT, "R", "Longitude"},
    {2, OBJECTS_FLOAT, "R", "Altitude"},  {3, OBJECTS_FLOAT, "R", "Radius"},
    {4, OBJECTS_OPAQUE, "R", "Velocity"}, {5, OBJECTS_TIME, "R", "Timestamp"},
    {6, OBJECTS_FLOAT, "R", "Speed"},
};
static const struct objects_resource statistics[] = {
    {0, OBJECTS_INTEGER, "R", "SMS Tx Counter"},
    {1, OBJECTS_INTEGER, "R", "SMS Rx Counter"},
    {2, OBJECTS_INTEGER, "R", "Tx Data"},
    {3, OBJECTS_INTEGER, "R", "Rx Data"},
    {4, OBJECTS_INTEGER, "R", "Max Message Size"},
    {5, OBJECTS_INTEGER, "R", "Average Message Size"},
    {6, OBJECTS_NONE, "E", "Start"},
    {7, OBJECTS_NONE, "E", "Stop"},
    {8, OBJECTS_INTEGER, "RW", "Collection Period"},
};
static const struct objects_resource container[] = {
    {0, OBJECTS_OPAQUE, "RW", "Data"},
    {1, OBJECTS_INTEGER, "RW", "Data Priority"},
    {2, OBJECTS_TIME, "RW", "Data Creation Time"},
    {3, OBJECTS_STRING, "RW", "Data Description"},
    {4, OBJECTS_STRING, "RW", "Data Format"},
    {5, OBJECTS_INTEGER, "RW", "App ID"},
};
/* Those of all objects from 3200 on. */
static const struct objects_resource reusable[] = {
    {5500, OBJECTS_BOOLEAN, "R", "Digital Input State"},
    {5501, OBJECTS_INTEGER, "R", "Digital Input Counter"},
    {5502, OBJECTS_BOOLEAN, "RW", "Digital Input Polarity"},
    {5503, OBJECTS_INTEGER, "RW", "Digital Input Debounce"},
    {5504, OBJECTS_INTEGER, "RW", "Digital Input Edge Selection"},
    {5505, OBJECTS_NONE, "E", "Digital Input Counter Reset"},
    {5506, OBJECTS_TIME, "RW", "Current Time"},
    {5507, OBJECTS_FLOAT, "RW", "Fractional Time"},
    {5508, OBJECTS_FLOAT, "R", "Min X Value"},
    {5509, OBJECTS_FLOAT, "R", "Max X Value"},
    {5510, OBJECTS_FLOAT, "R", "Min Y Value"},
    {5511, OBJECTS_FLOAT, "R", "Max Y Value"},
    {5512, OBJECTS_FLOAT, "R", "Min Z Value"},
    {5513, OBJECTS_FLOAT, "R", "Max Z Value"},
    {5514, OBJECTS_STRING, "R", "Latitude"},
    {5515, OBJECTS_STRING, "R", "Longitude"},
    {5516, OBJECTS_STRING, "R", "Uncertainty"},
    {5517, OBJECTS_OPAQUE, "R", "Velocity"},
    {5518, OBJECTS_TIME, "R", "Timestamp"},
    {5519, OBJECTS_FLOAT, "R", "Min Limit"},
    {5520, OBJECTS_FLOAT, "R", "Max Limit"},
    {5521, OBJECTS_FLOAT, "RW", "Delay Duration"},
    {5522, OBJECTS_OPAQUE, "RW", "Clip"},
    {5523, OBJECTS_NONE, "E", "Trigger"},
    {5524, OBJECTS_FLOAT, "RW", "Duration"},
    {5525, OBJECTS_FLOAT, "RW", "Minimum Off-time"},
    {5526, OBJECTS_INTEGER, "RW", "Mode"},
    {5527, OBJECTS_STRING, "RW", "Text"},
    {5530, OBJECTS_NONE, "E", "Clear Display"},
    {5531, OBJECTS_FLOAT, "RW", "Contrast"},
    {5532, OBJECTS_BOOLEAN, "R", "Increase Input State"},
    {5533, OBJECTS_BOOLEAN, "R", "Decrease Input State"},
    {5547, OBJECTS_INTEGER, "R", "Multi-state Input"},
    {5548, OBJECTS_FLOAT, "RW", "Level"},
    {5550, OBJECTS_BOOLEAN, "RW", "Digital Output State"},
    {5551, OBJECTS_BOOLEAN, "RW", "Digital Output Polarity"},
    {5600, OBJECTS_FLOAT, "R", "Analog Input Current Value"},
    {5601, OBJECTS_FLOAT, "R", "Min Measured Value"},
    {5602, OBJECTS_FLOAT, "R", "Max Measured Value"},
    {5603, OBJECTS_FLOAT, "R", "Min Range Value"},
    {5604, OBJECTS_FLOAT, "R", "Max Range Value"},
    {5605, OBJECTS_NONE, "E", "Reset Min and Max Measured Values"},
    {5650, OBJECTS_FLOAT, "RW", "Analog Output Current Value"},
    {5700, OBJECTS_FLOAT, "R", "Sensor Value"},
    {5701, OBJECTS_STRING, "R", "Sensor Units"},
    {5702, OBJECTS_FLOAT, "R", "X Value"},
    {5703, OBJECTS_FLOAT, "R", "Y Value"},
    {5704, OBJECTS_FLOAT, "R", "Z Value"},
    {5705, OBJECTS_FLOAT, "R", "Compass Direction"},
    {5706, OBJECTS_STRING, "RW", "Colour"},
    {5750, OBJECTS_STRING, "RW", "Application Type"},
    {5751, OBJECTS_STRING, "R", "Sensor Type"},
    {5800, OBJECTS_FLOAT, "R", "Instantaneous Active Power"},
    {5801, OBJECTS_FLOAT, "R", "Min Measured Active Power"},
    {5802, OBJECTS_FLOAT, "R", "Max Measured Active Power"},
    {5803, OBJECTS_FLOAT, "R", "Min Range Active Power"},
    {5804, OBJECTS_FLOAT, "R", "Max Range Active Power"},
    {5805, OBJECTS_FLOAT, "R", "Cumulative Active Power"},
    {5806, OBJECTS_FLOAT, "W", "Active Power Calibration"},
    {5810, OBJECTS_FLOAT, "R", "Instantaneous Reactive Power"},
    {5815, OBJECTS_FLOAT, "R", "Cumulative Reactive Power"},
    {5820, OBJECTS_FLOAT, "R", "Power Factor"},
    {5821, OBJECTS_FLOAT, "RW", "Current Calibration"},
    {5822, OBJECTS_NONE, "E", "Reset Cumulative Energy"},
    {5850, OBJECTS_BOOLEAN, "RW", "On/Off"},
    {5851, OBJECTS_INTEGER, "RW", "Dimmer"},
    {5852, OBJECTS_INTEGER, "RW", "On Time"},
    {5853, OBJECTS_STRING, "RW", "Multi-state Output"},
    {5900, OBJECTS_FLOAT, "RW", "Set Point Value"},
};

#define REUSABLE_FROM 3200
#define SET(object, list)         \
    {                             \
        object, COUNT(list), list \
    }
static const struct {
    uint16_t object;
    size_t count;
    const struct objects_resource *resources;
} sets[] = {
    SET(0, security), SET(1, server),       SET(2, access_control),
    SET(3, device),   SET(4, connectivity), SET(5, firmware),
    SET(6, location), SET(7, statistics),   SET(19, container),
};

const char *objects_name(uint16_t object)
{
    for (size_t i = 0; i < COUNT(objects); i++)
        if (objects[i].id == object)
            return objects[i].name;
    return NULL;
}

static const struct objects_resource *find(const struct objects_resource *list, size_t count,
                                           uint16_t id)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].id == id)
            return &list[i];
    return NULL;
}

const struct objects_resource *objects_resource(uint16_t object, uint16_t resource)
{
    if (object >= REUSABLE_FROM)
        return find(reusable, COUNT(reusable), resource);
    for (size_t i = 0; i < COUNT(sets); i++)
        if (sets[i].object == object)
            return find(sets[i].resources, sets[i].count, resource);
    return NULL;
}

enum objects_type objects_type_of(const struct bc_server_path *path)
{
    const struct objects_resource *resource =
        path->count >= 3 ? objects_resource(path->ids[0], path->ids[2]) : NULL;
    return resource == NULL ? OBJECTS_UNKNOWN : resource->type;
}

/* Values ---------------------------------------------------------------------------------------*/

static json_t *hex(bc_view bytes)
{
    bc_sink sink = {.ptr = malloc(bytes.len * 2 + 1), .cap = bytes.len * 2};
    if (sink.ptr == NULL)
        return NULL;
    bc_put_hex(&sink, bytes);
    json_t *object = json_object();
    (void)json_object_set_new(object, "hex", json_stringn((const char *)sink.ptr, sink.len));
    free(sink.ptr);
    return object;
}

static bool has_control(bc_view text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((text.ptr[i] < ' ' && text.ptr[i] != '\t' && text.ptr[i] != '\r' &&
             text.ptr[i] != '\n') ||
            text.ptr[i] == 0x7F)
            return true;
    return false;
}

static json_t *text_or_hex(bc_view bytes)
{
    const char *chars = bytes.len == 0 ? "" : (const char *)bytes.ptr;
    json_t *text = has_control(bytes) ? NULL : json_stringn(chars, bytes.len);
    return text != NULL ? text : hex(bytes);
}

static json_t *real(double value, bc_view bytes)
{
    json_t *number = json_real(value); /* NULL for what is no number */
    return number != NULL ? number : hex(bytes);
}

/* Text that is no decimal number stays text. */
static json_t *number_of_text(bc_view text, bool whole)
{
    char digits[NUMBER_CHARS_MAX];
    char *end;
    int64_t integer;
    if (bc_view_int(text, &integer))
        return whole ? json_integer(integer) : json_real((double)integer);
    if (whole || text.len == 0 || text.len >= sizeof(digits))
        return text_or_hex(text);
    memcpy(digits, text.ptr, text.len);
    digits[text.len] = '\0';
    if (strspn(digits, "+-.eE0123456789") != text.len)
        return text_or_hex(text);
    double value = strtod(digits, &end);
    return *end == '\0' ? real(value, text) : text_or_hex(text);
}

static json_t *value_of_text(enum objects_type type, bc_view text)
{
    switch (type) {
    case OBJECTS_INTEGER:
    case OBJECTS_TIME:
        return number_of_text(text, true);
    case OBJECTS_FLOAT:
        return number_of_text(text, false);
    case OBJECTS_BOOLEAN:
        if (text.len == 1 && (text.ptr[0] == '0' || text.ptr[0] == '1'))
            return json_boolean(text.ptr[0] == '1');
        return text_or_hex(text);
    default:
        return text_or_hex(text);
    }
}

static json_t *real_of_raw(bc_view raw)
{
    uint64_t bits = 0;
    double value;
    float single;
    for (size_t i = 0; i < raw.len; i++)
        bits = bits << 8 | raw.ptr[i];
    if (raw.len == 4) {
        uint32_t low = (uint32_t)bits;
        memcpy(&single, &low, sizeof(single));
        value = (double)single;
    } else {
        memcpy(&value, &bits, sizeof(value));
    }
    return real(value, raw);
}

/* The bytes of TLV. */
static json_t *value_of_raw(enum objects_type type, bc_view raw)
{
    bool integer = raw.len == 1 || raw.len == 2 || raw.len == 4 || raw.len == 8;
    switch (type) {
    case OBJECTS_INTEGER:
    case OBJECTS_TIME:
        return integer ? json_integer(bc_value_integer_of(raw)) : hex(raw);
    case OBJECTS_FLOAT:
        return raw.len == 4 || raw.len == 8 ? real_of_raw(raw) : hex(raw);
    case OBJECTS_BOOLEAN:
        return raw.len == 1 && raw.ptr[0] <= 1 ? json_boolean(raw.ptr[0] == 1) : hex(raw);
    case OBJECTS_OPAQUE:
        return hex(raw);
    default:
        return text_or_hex(raw);
    }
}

static void put(json_t *values, const struct bc_server_path *path, json_t *value)
{
    char text[BC_SERVER_PATH_CHARS_MAX + 1];
    bc_server_path_text(path, text);
    if (json_object_size(values) < OBJECTS_VALUES_MAX)
        (void)json_object_set_new(values, text, value);
    else
        json_decref(value);
}

/* TLV ------------------------------------------------------------------------------------------*/

static struct bc_server_path below(const struct bc_server_path *path, uint8_t depth, uint16_t id)
{
    struct bc_server_path deeper = *path;
    deeper.ids[depth] = id;
    deeper.count = (uint8_t)(depth + 1);
    return deeper;
}

static bool decode_list(json_t *values, const struct bc_server_path *resource, bc_view rest)
{
    struct bc_tlv tlv;
    while (bc_tlv_next(&rest, &tlv)) {
        struct bc_server_path at = below(resource, 3, tlv.id);
        if (tlv.type != BC_TLV_RESOURCE_INSTANCE)
            return false;
        put(values, &at, value_of_raw(objects_type_of(&at), tlv.value));
    }
    return rest.len == 0;
}

static bool decode_resources(json_t *values, const struct bc_server_path *instance, bc_view rest)
{
    struct bc_tlv tlv;
    while (bc_tlv_next(&rest, &tlv)) {
        struct bc_server_path at = below(instance, 2, tlv.id);
        if (tlv.type == BC_TLV_RESOURCE)
            put(values, &at, value_of_raw(objects_type_of(&at), tlv.value));
        else if (tlv.type != BC_TLV_RESOURCE_LIST || !decode_list(values, &at, tlv.value))
            return false;
    }
    return rest.len == 0;
}

static bool decode_tlv(json_t *values, const struct bc_server_path *path, bc_view payload)
{
    struct bc_tlv tlv;
    bc_view rest = payload;
    bool instances = bc_tlv_next(&rest, &tlv) && tlv.type == BC_TLV_INSTANCE;
    if (!instances)
        return path->count >= 2 ? decode_resources(values, path, payload) : payload.len == 0;
    do {
        struct bc_server_path at = below(path, 1, tlv.id);
        if (tlv.type != BC_TLV_INSTANCE || !decode_resources(values, &at, tlv.value))
            return false;
    } while (bc_tlv_next(&rest, &tlv));
    return rest.len == 0;
}

/* JSON (LwM2M 1.0 section 6.4.4) ---------------------------------------------------------------*/

static json_t *value_of_record(const json_t *record)
{
    json_t *value = json_object_get(record, "v");
    if (value == NULL)
        value = json_object_get(record, "sv");
    if (value == NULL)
        value = json_object_get(record, "bv");
    return value == NULL ? json_null() : json_incref(value);
}

/* Base and name make a path, whole or below that of the request. */
static bool path_of_record(const struct bc_server_path *asked, const char *base, const char *name,
                           struct bc_server_path *out)
{
    char text[2 * BC_SERVER_PATH_CHARS_MAX + 2];
    char own[BC_SERVER_PATH_CHARS_MAX + 1];
    bc_server_path_text(asked, own);
    if (base[0] == '\0')
        base = own;
    size_t used = strlen(base);
    if (used + strlen(name) + 2 > sizeof(text))
        return false;
    memcpy(text, base, used);
    while (used > 0 && text[used - 1] == '/')
        used--;
    while (*name == '/')
        name++;
    if (*name != '\0')
        text[used++] = '/';
    memcpy(text + used, name, strlen(name));
    return bc_server_path_parse((bc_view){(const uint8_t *)text, used + strlen(name)}, out);
}

static bool decode_json(json_t *values, const struct bc_server_path *path, bc_view payload)
{
    struct bc_server_path at;
    json_t *document = json_loadb((const char *)payload.ptr, payload.len, 0, NULL);
    const json_t *records = json_object_get(document, "e");
    const char *base = json_string_value(json_object_get(document, "bn"));
    bool good = json_is_array(records);
    for (size_t i = 0; good && i < json_array_size(records); i++) {
        const json_t *record = json_array_get(records, i);
        const char *name = json_string_value(json_object_get(record, "n"));
        good = path_of_record(path, base == NULL ? "" : base, name == NULL ? "" : name, &at);
        if (good)
            put(values, &at, value_of_record(record));
    }
    json_decref(document);
    return good;
}

static bool decode(json_t *values, const struct bc_server_path *path, int32_t format,
                   bc_view payload)
{
    switch (format) {
    case BC_COAP_FORMAT_TLV:
        return decode_tlv(values, path, payload);
    case BC_COAP_FORMAT_JSON:
        return payload.len > 0 && decode_json(values, path, payload);
    case BC_COAP_FORMAT_LINK:
        put(values, path, text_or_hex(payload));
        return true;
    case BC_COAP_FORMAT_OPAQUE:
        put(values, path, hex(payload));
        return true;
    default:
        put(values, path, value_of_text(objects_type_of(path), payload));
        return true;
    }
}

json_t *objects_decode(const struct bc_server_path *path, int32_t format, bc_view payload)
{
    json_t *values = json_object();
    if (values != NULL && decode(values, path, format, payload))
        return values;
    json_decref(values);
    return NULL;
}
