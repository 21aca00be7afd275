/*
 * Error names and addresses: see bc260y/types.h.
 */
#include "bc260y/types.h"

#include <string.h>

const char *bc_err_name(enum bc_err err)
{
    switch (err) {
    case BC_OK:
        return "OK";
    case BC_ERR_FORMAT:
        return "FORMAT";
    case BC_ERR_RANGE:
        return "RANGE";
    case BC_ERR_FULL:
        return "FULL";
    case BC_ERR_STATE:
        return "STATE";
    case BC_ERR_ABSENT:
        return "ABSENT";
    }
    return NULL;
}

bool bc_address_equal(const struct bc_address *a, const struct bc_address *b)
{
    return a->ip_len == b->ip_len && a->port == b->port && a->channel == b->channel &&
           memcmp(a->ip, b->ip, a->ip_len) == 0;
}

/* Takes a decimal number of at most 255 off the front. */
static bool take_octet(bc_view *rest, uint8_t *out)
{
    unsigned value = 0;
    size_t digits = 0;
    while (digits < rest->len && rest->ptr[digits] >= '0' && rest->ptr[digits] <= '9') {
        value = digits < 3 ? value * 10 + (unsigned)(rest->ptr[digits] - '0') : 256;
        digits++;
    }
    rest->ptr += digits;
    rest->len -= digits;
    *out = (uint8_t)value;
    return digits > 0 && value <= 255;
}

bool bc_address_parse(bc_view text, struct bc_address *out)
{
    uint8_t ip[4];
    for (unsigned i = 0; i < 4; i++) {
        if (!take_octet(&text, &ip[i]))
            return false;
        if (i == 3)
            break;
        if (text.len == 0 || text.ptr[0] != '.')
            return false;
        text.ptr++;
        text.len--;
    }
    if (text.len > 0)
        return false;
    memcpy(out->ip, ip, sizeof(ip));
    out->ip_len = 4;
    return true;
}
