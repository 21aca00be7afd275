/*
 * The JSON format of LwM2M 1.0 (section 6.4.4, content format 11543):
 *     {"bn":"/19/0/","e":[{"n":"0","v":500},{"n":"1","sv":"on"},{"n":"2","bv":true}]}
 * Read without copying, written into a sink. Object links, times and nesting are not taken.
 */
#ifndef BC_LWM2M_JSON_H
#define BC_LWM2M_JSON_H

#include "lwm2m/value.h"

/* The envelope around entries below `base`, an object, instance or resource. */
void bc_json_begin(bc_sink *out, struct bc_path base);
void bc_json_end(bc_sink *out);

/* One entry; `base` as above. Entries are separated by bc_put_char(out, ','). A list becomes one
 * entry for each of its instances, integers of what `value->number_bytes` != 0 says, else texts. */
void bc_json_put_entry(bc_sink *out, struct bc_path base, struct bc_path path,
                       const struct bc_value *value);

/* One entry of a payload. */
struct bc_json_item {
    struct bc_path path;
    enum bc_value_type type; /* STRING, INTEGER, FLOAT or BOOLEAN */
    bc_view text;            /* what stands in the quotes, the number, "1" or "0" */
    bool escaped;            /* a STRING to be passed through bc_json_unescape() */
};

struct bc_json_reader {
    bc_view rest; /* behind the entries read so far */
    bc_view base; /* "bn" */
    bool first;
};

/* Finds the base name and the entries. False when the payload is no such object. */
bool bc_json_open(bc_view payload, struct bc_json_reader *out);

/* The next entry: BC_OK, BC_ERR_ABSENT behind the last, BC_ERR_FORMAT. */
enum bc_err bc_json_next(struct bc_json_reader *reader, struct bc_json_item *out);

/* A string's bytes without its escapes; UTF-8 for \u. Escapes were checked when it was read. */
void bc_json_unescape(bc_view text, bc_sink *out);

#endif
