/*
 * CoAP messages (RFC 7252 section 3): reading without copying, writing into the caller's bytes.
 * What a message means is left to others.
 */
#ifndef BC_COAP_MESSAGE_H
#define BC_COAP_MESSAGE_H

#include "bc260y/types.h"

enum bc_coap_type {
    BC_COAP_CON = 0,
    BC_COAP_NON = 1,
    BC_COAP_ACK = 2,
    BC_COAP_RST = 3,
};

#define BC_COAP_CODE(class, detail) ((uint8_t)(((class) << 5) | (detail)))

enum bc_coap_code {
    BC_COAP_EMPTY = 0,
    BC_COAP_GET = 1,
    BC_COAP_POST = 2,
    BC_COAP_PUT = 3,
    BC_COAP_DELETE = 4,
    BC_COAP_CREATED = BC_COAP_CODE(2, 1),
    BC_COAP_DELETED = BC_COAP_CODE(2, 2),
    BC_COAP_VALID = BC_COAP_CODE(2, 3),
    BC_COAP_CHANGED = BC_COAP_CODE(2, 4),
    BC_COAP_CONTENT = BC_COAP_CODE(2, 5),
    BC_COAP_CONTINUE = BC_COAP_CODE(2, 31),
    BC_COAP_BAD_REQUEST = BC_COAP_CODE(4, 0),
    BC_COAP_UNAUTHORIZED = BC_COAP_CODE(4, 1),
    BC_COAP_BAD_OPTION = BC_COAP_CODE(4, 2),
    BC_COAP_FORBIDDEN = BC_COAP_CODE(4, 3),
    BC_COAP_NOT_FOUND = BC_COAP_CODE(4, 4),
    BC_COAP_METHOD_NOT_ALLOWED = BC_COAP_CODE(4, 5),
    BC_COAP_NOT_ACCEPTABLE = BC_COAP_CODE(4, 6),
    BC_COAP_REQUEST_ENTITY_INCOMPLETE = BC_COAP_CODE(4, 8),
    BC_COAP_PRECONDITION_FAILED = BC_COAP_CODE(4, 12),
    BC_COAP_REQUEST_ENTITY_TOO_LARGE = BC_COAP_CODE(4, 13),
    BC_COAP_UNSUPPORTED_CONTENT_FORMAT = BC_COAP_CODE(4, 15),
    BC_COAP_INTERNAL_SERVER_ERROR = BC_COAP_CODE(5, 0),
    BC_COAP_NOT_IMPLEMENTED = BC_COAP_CODE(5, 1),
    BC_COAP_SERVICE_UNAVAILABLE = BC_COAP_CODE(5, 3),
    BC_COAP_PROXYING_NOT_SUPPORTED = BC_COAP_CODE(5, 5),
};

enum bc_coap_option_number {
    BC_COAP_IF_MATCH = 1,
    BC_COAP_URI_HOST = 3,
    BC_COAP_ETAG = 4,
    BC_COAP_IF_NONE_MATCH = 5,
    BC_COAP_OBSERVE = 6,
    BC_COAP_URI_PORT = 7,
    BC_COAP_LOCATION_PATH = 8,
    BC_COAP_URI_PATH = 11,
    BC_COAP_CONTENT_FORMAT = 12,
    BC_COAP_MAX_AGE = 14,
    BC_COAP_URI_QUERY = 15,
    BC_COAP_ACCEPT = 17,
    BC_COAP_LOCATION_QUERY = 20,
    BC_COAP_BLOCK2 = 23,
    BC_COAP_BLOCK1 = 27,
    BC_COAP_SIZE2 = 28,
    BC_COAP_PROXY_URI = 35,
    BC_COAP_PROXY_SCHEME = 39,
    BC_COAP_SIZE1 = 60,
};

/* Content formats (IANA; LwM2M 1.0 section 6.4). Absent is -1 where a field can be absent. */
enum bc_coap_format {
    BC_COAP_FORMAT_ABSENT = -1,
    BC_COAP_FORMAT_TEXT = 0,
    BC_COAP_FORMAT_LINK = 40,
    BC_COAP_FORMAT_OPAQUE = 42,
    BC_COAP_FORMAT_TLV = 11542,
    BC_COAP_FORMAT_JSON = 11543,
};

#define BC_COAP_HEADER_BYTES 4
#define BC_COAP_TOKEN_BYTES_MAX 8

struct bc_coap_token {
    uint8_t len; /* 0 to 8 */
    uint8_t bytes[BC_COAP_TOKEN_BYTES_MAX];
};

bool bc_coap_token_equal(const struct bc_coap_token *a, const struct bc_coap_token *b);

/* A parsed message. `options` and `payload` point into the datagram. */
struct bc_coap_message {
    enum bc_coap_type type;
    uint8_t code;
    uint16_t message_id;
    struct bc_coap_token token;
    bc_view options; /* raw; already proven well formed */
    bc_view payload;
};

/* Reads a whole datagram. BC_ERR_FORMAT for anything RFC 7252 section 3 calls a format error, an
 * option above 65535 included; type and message_id are still set then when the version is 1 and
 * four bytes are there, so that the caller can answer with a reset; otherwise type is NON.
 * An unknown version is BC_ERR_RANGE: to be ignored silently. */
enum bc_err bc_coap_parse(bc_view datagram, struct bc_coap_message *out);

/* Walks the options of a parsed message in order:
 *     struct bc_coap_options it = bc_coap_options(&message);
 *     while (bc_coap_option_next(&it, &option)) ... */
struct bc_coap_option {
    uint16_t number;
    bc_view value;
};
struct bc_coap_options {
    bc_view rest;
    uint16_t number;
};
struct bc_coap_options bc_coap_options(const struct bc_coap_message *message);
bool bc_coap_option_next(struct bc_coap_options *it, struct bc_coap_option *out);

/* The first option of that number; false when there is none. */
bool bc_coap_option_find(const struct bc_coap_message *message, uint16_t number, bc_view *out);

/* An option value as a number (RFC 7252 section 3.2); false when longer than 4 bytes. */
bool bc_coap_option_uint(bc_view value, uint32_t *out);

/* First option of that number as a number, or `absent`; a malformed one is UINT32_MAX. */
int64_t bc_coap_option_number_of(const struct bc_coap_message *message, uint16_t number,
                                 int64_t absent);

/* True when an option that nobody here knows must be answered with 4.02 (odd number). */
static inline bool bc_coap_option_critical(uint16_t number)
{
    return (number & 1U) != 0;
}

/* Writing. Options must come in rising order of number (asserted). Overflow of `out` shows at the
 * end: bc_coap_write_end() is BC_ERR_FULL. Bytes are appended to the sink from its `len`. */
struct bc_coap_writer {
    bc_sink *out;
    uint16_t number; /* of the last option */
    bool payload;    /* the payload is written */
};
struct bc_coap_writer bc_coap_write_begin(bc_sink *out, enum bc_coap_type type, uint8_t code,
                                          uint16_t message_id, const struct bc_coap_token *token);
void bc_coap_write_option(struct bc_coap_writer *w, uint16_t number, bc_view value);
void bc_coap_write_uint(struct bc_coap_writer *w, uint16_t number, uint32_t value);
/* One option for each segment of "a/b/c"; leading, trailing and doubled '/' count for nothing. */
void bc_coap_write_path(struct bc_coap_writer *w, uint16_t number, bc_view path);
void bc_coap_write_payload(struct bc_coap_writer *w, bc_view payload);
/* The same in place: write at least one byte to the sink that is returned. */
bc_sink *bc_coap_write_payload_begin(struct bc_coap_writer *w);
enum bc_err bc_coap_write_end(const struct bc_coap_writer *w);

/* "2.05", "GET": for traces. Unknown codes are "c.dd". `out` needs room for 8 characters. */
void bc_coap_code_text(uint8_t code, bc_sink *out);

/* One line for people: `CON GET mid=1234 token=0A0B /19/0/0 observe=0 accept=42 | 9 bytes`.
 * Payload bytes follow as text when printable, else as hex, at most 48 of them. */
void bc_coap_describe(bc_view datagram, bc_sink *out);

#endif
