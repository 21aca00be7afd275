/*
 * Values as bytes and text: see value.h.
 */
#include "lwm2m/value.h"

#include <string.h>

#include "base/sink.h"

struct bc_value bc_value_text(const char *text)
{
    return (struct bc_value){.type = BC_VALUE_STRING, .bytes = bc_view_of(text)};
}

struct bc_value bc_value_integer(int64_t integer)
{
    uint8_t bytes = 8;
    if (integer >= INT8_MIN && integer <= INT8_MAX)
        bytes = 1;
    else if (integer >= INT16_MIN && integer <= INT16_MAX)
        bytes = 2;
    else if (integer >= INT32_MIN && integer <= INT32_MAX)
        bytes = 4;
    return (struct bc_value){.type = BC_VALUE_INTEGER, .number_bytes = bytes, .integer = integer};
}

int64_t bc_value_integer_of(bc_view raw)
{
    uint64_t bits = raw.len > 0 && (raw.ptr[0] & 0x80) != 0 ? UINT64_MAX : 0;
    for (size_t i = 0; i < raw.len; i++)
        bits = bits << 8 | raw.ptr[i];
    return (int64_t)bits;
}

size_t bc_value_raw_bytes(const struct bc_value *value)
{
    bool number = value->type == BC_VALUE_INTEGER || value->type == BC_VALUE_FLOAT ||
                  value->type == BC_VALUE_BOOLEAN;
    return number ? value->number_bytes : value->bytes.len;
}

/* The low `bytes` of a number: more than 4 in two halves, a size_t may have no more. */
static void put_number(bc_sink *out, uint64_t bits, unsigned bytes)
{
    if (bytes > 4)
        bc_put_be(out, (uint32_t)(bits >> 32), bytes - 4);
    bc_put_be(out, (uint32_t)bits, bytes > 4 ? 4 : bytes);
}

static uint64_t float_bits(const struct bc_value *value)
{
    if (value->number_bytes == 4) {
        float narrow = (float)value->real;
        uint32_t bits;
        memcpy(&bits, &narrow, sizeof(bits));
        return bits;
    }
    uint64_t bits;
    memcpy(&bits, &value->real, sizeof(bits));
    return bits;
}

void bc_value_put_raw(bc_sink *out, const struct bc_value *value)
{
    switch (value->type) {
    case BC_VALUE_STRING:
    case BC_VALUE_OPAQUE:
    case BC_VALUE_LIST:
        bc_put_bytes(out, value->bytes);
        break;
    case BC_VALUE_INTEGER:
    case BC_VALUE_BOOLEAN:
        put_number(out, (uint64_t)value->integer, value->number_bytes);
        break;
    case BC_VALUE_FLOAT:
        put_number(out, float_bits(value), value->number_bytes);
        break;
    }
}

static void put_base64(bc_sink *out, bc_view bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t group = (uint32_t)bytes.ptr[i] << 16;
        group |= left > 1 ? (uint32_t)bytes.ptr[i + 1] << 8 : 0;
        group |= left > 2 ? bytes.ptr[i + 2] : 0;
        bc_put_char(out, digits[group >> 18]);
        bc_put_char(out, digits[group >> 12 & 63]);
        bc_put_char(out, left > 1 ? digits[group >> 6 & 63] : '=');
        bc_put_char(out, left > 2 ? digits[group & 63] : '=');
    }
}

void bc_value_put_text(bc_sink *out, const struct bc_value *value)
{
    switch (value->type) {
    case BC_VALUE_STRING:
        bc_put_bytes(out, value->bytes);
        break;
    case BC_VALUE_OPAQUE:
    case BC_VALUE_LIST:
        put_base64(out, value->bytes);
        break;
    case BC_VALUE_INTEGER:
    case BC_VALUE_BOOLEAN:
        bc_put_int(out, value->integer);
        break;
    case BC_VALUE_FLOAT:
        bc_put_bytes(out, value->text);
        break;
    }
}

/* --- TLV ------------------------------------------------------------------------------------- */

bool bc_tlv_next(bc_view *rest, struct bc_tlv *out)
{
    bc_view at = *rest;
    uint32_t type;
    uint32_t id;
    uint32_t len;
    if (!bc_take_be(&at, 1, &type) || !bc_take_be(&at, (type & 0x20) != 0 ? 2 : 1, &id))
        return false;
    unsigned len_bytes = type >> 3 & 3;
    if (!bc_take_be(&at, len_bytes, &len))
        return false;
    if (len_bytes == 0)
        len = type & 7;
    if (len > at.len)
        return false;
    *out = (struct bc_tlv){(enum bc_tlv_type)(type >> 6), (uint16_t)id, {at.ptr, len}};
    *rest = (bc_view){at.ptr + len, at.len - len};
    return true;
}

bc_view bc_tlv_unwrap(bc_view tlvs, uint16_t instance)
{
    bc_view rest = tlvs;
    struct bc_tlv tlv;
    bool wrapped = bc_tlv_next(&rest, &tlv) && tlv.type == BC_TLV_INSTANCE && tlv.id == instance &&
                   rest.len == 0;
    return wrapped ? tlv.value : tlvs;
}

static unsigned len_field_bytes(size_t bytes)
{
    return bytes < 8 ? 0 : bytes < 256 ? 1 : bytes < 65536 ? 2 : 3;
}

size_t bc_tlv_head_bytes(uint16_t id, size_t bytes)
{
    return 1U + (id > UINT8_MAX ? 2U : 1U) + len_field_bytes(bytes);
}

void bc_tlv_put_head(bc_sink *out, enum bc_tlv_type type, uint16_t id, size_t bytes)
{
    unsigned len_bytes = len_field_bytes(bytes);
    unsigned head = (unsigned)type << 6 | (id > UINT8_MAX ? 0x20U : 0U) | len_bytes << 3;
    if (len_bytes == 0)
        head |= (unsigned)bytes;
    bc_put_be(out, head, 1);
    bc_put_be(out, id, id > UINT8_MAX ? 2 : 1);
    bc_put_be(out, bytes, len_bytes);
}

size_t bc_tlv_resource_bytes(uint16_t id, const struct bc_value *value)
{
    size_t raw = bc_value_raw_bytes(value);
    return bc_tlv_head_bytes(id, raw) + raw;
}

void bc_tlv_put_resource(bc_sink *out, uint16_t id, const struct bc_value *value)
{
    enum bc_tlv_type type = value->type == BC_VALUE_LIST ? BC_TLV_RESOURCE_LIST : BC_TLV_RESOURCE;
    bc_tlv_put_head(out, type, id, bc_value_raw_bytes(value));
    bc_value_put_raw(out, value);
}
