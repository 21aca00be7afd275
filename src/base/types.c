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
    return a->ip_len == b->ip_len && a->port == b->port && memcmp(a->ip, b->ip, a->ip_len) == 0;
}

bool bc_address_parse(const char *text, struct bc_address *out)
{
    uint8_t ip[4];
    for (unsigned i = 0; i < 4; i++) {
        unsigned value = 0;
        unsigned digits = 0;
        for (; *text >= '0' && *text <= '9'; text++, digits++)
            value = digits < 3 ? value * 10 + (unsigned)(*text - '0') : 256;
        if (digits == 0 || value > 255 || *text != (i < 3 ? '.' : '\0'))
            return false;
        ip[i] = (uint8_t)value;
        text += i < 3;
    }
    memcpy(out->ip, ip, sizeof(ip));
    out->ip_len = 4;
    return true;
}
