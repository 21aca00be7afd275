/*
 * One resource value and the forms it takes on the wire (LwM2M 1.0 section 6.4 and appendix C):
 * text/plain, application/octet-stream, TLV.
 */
#ifndef BC_LWM2M_VALUE_H
#define BC_LWM2M_VALUE_H

#include "coap/message.h"
#include "lwm2m/path.h"

/* The numbers are those of <value_type> (G 2.8). BC_VALUE_LIST is ours: a resource with several
 * instances, which the built-in objects have; `bytes` then are its TLV resource instances. */
enum bc_value_type {
    BC_VALUE_STRING = 1,
    BC_VALUE_OPAQUE = 2,
    BC_VALUE_INTEGER = 3,
    BC_VALUE_FLOAT = 4,
    BC_VALUE_BOOLEAN = 5,
    BC_VALUE_LIST = 6,
};

struct bc_value {
    enum bc_value_type type;
    uint8_t number_bytes; /* INTEGER: 1, 2, 4, 8; FLOAT: 4, 8; BOOLEAN: 1; LIST: != 0 of integers */
    uint8_t instances;    /* LIST: how many */
    bc_view bytes;        /* STRING, OPAQUE, LIST: borrowed */
    int64_t integer;      /* INTEGER, BOOLEAN; LIST of integers: the first */
    double real;          /* FLOAT */
    bc_view text;         /* FLOAT: the decimal text it came as, may be empty */
};

struct bc_value bc_value_text(const char *text);
/* In the fewest of 1, 2, 4, 8 bytes. */
struct bc_value bc_value_integer(int64_t integer);
/* The other way: big-endian two's complement of 1 to 8 bytes. */
int64_t bc_value_integer_of(bc_view raw);

/* The raw bytes that TLV and octet-stream carry. */
void bc_value_put_raw(bc_sink *out, const struct bc_value *value);
size_t bc_value_raw_bytes(const struct bc_value *value);

/* text/plain: numbers in decimal, opaque values in base64. */
void bc_value_put_text(bc_sink *out, const struct bc_value *value);

/* --- TLV (LwM2M 1.0 section 6.4.3) ----------------------------------------------------------- */

enum bc_tlv_type {
    BC_TLV_INSTANCE = 0,
    BC_TLV_RESOURCE_INSTANCE = 1,
    BC_TLV_RESOURCE_LIST = 2, /* a resource with several instances */
    BC_TLV_RESOURCE = 3,
};

struct bc_tlv {
    enum bc_tlv_type type;
    uint16_t id;
    bc_view value;
};

/* Takes one entry off the front of `rest`. False at the end and on bytes that are no TLV;
 * then `rest->len` tells which. */
bool bc_tlv_next(bc_view *rest, struct bc_tlv *out);

/* What a write to an object instance carries: its resources, which may be wrapped in an entry of
 * that very instance. */
bc_view bc_tlv_unwrap(bc_view tlvs, uint16_t instance);

/* The head of an entry whose `bytes` of value follow. */
void bc_tlv_put_head(bc_sink *out, enum bc_tlv_type type, uint16_t id, size_t bytes);
size_t bc_tlv_head_bytes(uint16_t id, size_t bytes);
size_t bc_tlv_resource_bytes(uint16_t id, const struct bc_value *value); /* with its head */
void bc_tlv_put_resource(bc_sink *out, uint16_t id, const struct bc_value *value);

#endif
