/*
 * Notification attributes: see attributes.h.
 */
#include "lwm2m/attributes.h"

#include "base/sink.h"

static const char *const names[] = {"", "pmin", "pmax", "gt", "lt", "st"};

/* Built-in ids are small: object at most 5, resource at most 17; there is one instance. */
static uint16_t key_of(struct bc_path path, enum bc_attribute attribute)
{
    unsigned resource = path.depth == 3 ? path.resource : 0;
    unsigned level = (path.object * 4U + path.depth) * 32 + resource;
    return (uint16_t)(level * 8 + (unsigned)attribute);
}

/* The place of a key; BC_ATTRIBUTES_MAX when there is none. */
static size_t place_of(const struct bc_attributes *attributes, uint16_t key)
{
    size_t i = 0;
    while (i < BC_ATTRIBUTES_MAX && attributes->key[i] != key)
        i++;
    return i;
}

const int64_t *bc_attributes_get(const struct bc_attributes *attributes, struct bc_path path,
                                 enum bc_attribute attribute)
{
    size_t i = place_of(attributes, key_of(path, attribute));
    return i == BC_ATTRIBUTES_MAX ? NULL : &attributes->value[i];
}

const int64_t *bc_attributes_find(const struct bc_attributes *attributes, struct bc_path path,
                                  enum bc_attribute attribute)
{
    const int64_t *found = NULL;
    for (; found == NULL && path.depth > 0; path.depth--)
        found = bc_attributes_get(attributes, path, attribute);
    return found;
}

bool bc_attributes_set(struct bc_attributes *attributes, struct bc_path path,
                       enum bc_attribute attribute, int64_t value)
{
    uint16_t key = key_of(path, attribute);
    size_t i = place_of(attributes, key);
    if (i == BC_ATTRIBUTES_MAX)
        i = place_of(attributes, 0);
    if (i == BC_ATTRIBUTES_MAX)
        return false;
    attributes->key[i] = key;
    attributes->value[i] = value;
    return true;
}

void bc_attributes_unset(struct bc_attributes *attributes, struct bc_path path,
                         enum bc_attribute attribute)
{
    size_t i = place_of(attributes, key_of(path, attribute));
    if (i < BC_ATTRIBUTES_MAX)
        attributes->key[i] = 0;
}

/* --- Writing --------------------------------------------------------------------------------- */

#define WHOLE_DIGITS_MAX 12
#define DECIMALS_MAX 6 /* of BC_ATTRIBUTE_UNIT */

/* "-12.5" in millionths: a decimal number without exponent. */
static bool read_decimal(bc_view text, int64_t *out)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    unsigned whole = 0;
    unsigned decimals = 0;
    bool point = false;
    *out = 0;
    for (size_t i = negative; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        unsigned *count = point ? &decimals : &whole;
        if (c < '0' || c > '9' || ++*count > (point ? DECIMALS_MAX : WHOLE_DIGITS_MAX))
            return false;
        *out = *out * 10 + (c - '0');
    }
    if (whole == 0 || (point && decimals == 0))
        return false;
    for (; decimals < DECIMALS_MAX; decimals++)
        *out *= 10;
    if (negative)
        *out = -*out;
    return true;
}

static bool value_legal(enum bc_attribute attribute, int64_t value)
{
    bool seconds = attribute <= BC_ATTRIBUTE_PMAX;
    bool signed_value = attribute == BC_ATTRIBUTE_GT || attribute == BC_ATTRIBUTE_LT;
    return (signed_value || value >= 0) &&
           (!seconds || (value <= (int64_t)BC_LIFETIME_MAX * BC_ATTRIBUTE_UNIT &&
                         value % BC_ATTRIBUTE_UNIT == 0));
}

/* 0 for a name that is no attribute. */
static enum bc_attribute attribute_of(bc_view name)
{
    unsigned i = BC_ATTRIBUTE_ST;
    while (i > 0 && !bc_view_equal(name, bc_view_of(names[i])))
        i--;
    return (enum bc_attribute)i;
}

/* One query option, "name=value" or, to take it back, "name". */
static uint8_t write_one(struct bc_attributes *attributes, struct bc_path path, bc_view query,
                         bool numeric, unsigned *seen)
{
    bc_view name = query;
    int64_t value;
    for (name.len = 0; name.len < query.len && query.ptr[name.len] != '=';)
        name.len++;
    enum bc_attribute attribute = attribute_of(name);
    if ((*seen >> attribute & 1) != 0 || (attribute > BC_ATTRIBUTE_PMAX && !numeric))
        return BC_COAP_BAD_REQUEST;
    *seen |= 1U << attribute;
    if (name.len == query.len) {
        bc_attributes_unset(attributes, path, attribute);
        return BC_COAP_CHANGED;
    }
    bc_view text = {query.ptr + name.len + 1, query.len - name.len - 1};
    if (!read_decimal(text, &value) || !value_legal(attribute, value))
        return BC_COAP_BAD_REQUEST;
    return bc_attributes_set(attributes, path, attribute, value) ? BC_COAP_CHANGED
                                                                 : BC_COAP_SERVICE_UNAVAILABLE;
}

/* LwM2M 1.0 section 5.1.2: lt + 2 * st < gt. */
static bool coherent(const struct bc_attributes *attributes, struct bc_path path)
{
    const int64_t *gt = bc_attributes_get(attributes, path, BC_ATTRIBUTE_GT);
    const int64_t *lt = bc_attributes_get(attributes, path, BC_ATTRIBUTE_LT);
    const int64_t *st = bc_attributes_get(attributes, path, BC_ATTRIBUTE_ST);
    return gt == NULL || lt == NULL || *lt + (st == NULL ? 0 : 2 * *st) < *gt;
}

uint8_t bc_attributes_write(struct bc_attributes *attributes, const struct bc_coap_message *request,
                            struct bc_path path, bool numeric)
{
    struct bc_coap_options it = bc_coap_options(request);
    struct bc_coap_option option;
    unsigned seen = 1; /* what is no attribute counts as seen: each may come once */
    while (bc_coap_option_next(&it, &option)) {
        if (option.number != BC_COAP_URI_QUERY)
            continue;
        uint8_t code = write_one(attributes, path, option.value, numeric, &seen);
        if (code != BC_COAP_CHANGED)
            return code;
    }
    return coherent(attributes, path) ? BC_COAP_CHANGED : BC_COAP_BAD_REQUEST;
}

/* --- Showing --------------------------------------------------------------------------------- */

static void put_decimal(bc_sink *out, int64_t millionths)
{
    uint64_t size = millionths < 0 ? 0 - (uint64_t)millionths : (uint64_t)millionths;
    uint64_t fraction = size % BC_ATTRIBUTE_UNIT;
    unsigned decimals = DECIMALS_MAX;
    if (millionths < 0)
        bc_put_char(out, '-');
    bc_put_uint_pad(out, size / BC_ATTRIBUTE_UNIT, 1);
    if (fraction == 0)
        return;
    for (; fraction % 10 == 0; fraction /= 10)
        decimals--;
    bc_put_char(out, '.');
    bc_put_uint_pad(out, fraction, decimals);
}

void bc_attributes_put(bc_sink *out, const struct bc_attributes *attributes, struct bc_path path,
                       bool inherited)
{
    for (unsigned i = BC_ATTRIBUTE_PMIN; i <= BC_ATTRIBUTE_ST; i++) {
        enum bc_attribute attribute = (enum bc_attribute)i;
        const int64_t *value = inherited ? bc_attributes_find(attributes, path, attribute)
                                         : bc_attributes_get(attributes, path, attribute);
        if (value == NULL)
            continue;
        bc_put_char(out, ';');
        bc_put_text(out, names[i]);
        bc_put_char(out, '=');
        put_decimal(out, *value);
    }
}
