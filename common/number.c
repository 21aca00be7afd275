/*
 * Numbers: see number.h.
 */
#include "number.h"

#include <stddef.h>
#include <string.h>

bool number_parse(const char *text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return false;
        uint64_t digit = (uint64_t)(*text - '0');
        if (digit > max || value > (max - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}

#define PERCENT_DIGITS 4 /* behind the point */
#define PPM_A_PERCENT 10000u

bool number_parse_percent(const char *text, uint32_t *ppm)
{
    uint32_t whole = 0;
    uint32_t scale = PPM_A_PERCENT;
    bool digits = false;
    for (; *text >= '0' && *text <= '9' && whole <= 100; text++, digits = true)
        whole = whole * 10 + (uint32_t)(*text - '0');
    uint32_t value = whole * PPM_A_PERCENT;
    if (*text == '.' && digits) {
        text++;
        digits = false;
        for (; *text >= '0' && *text <= '9' && scale > 1; text++, digits = true) {
            scale /= 10;
            value += (uint32_t)(*text - '0') * scale;
        }
    }
    text += *text == '%';
    if (!digits || *text != '\0' || value > 100 * PPM_A_PERCENT)
        return false;
    *ppm = value;
    return true;
}

/* The place of the unit that `*text` begins with, at or behind `from`; it is skipped. */
static bool take_unit(const char **text, size_t *from, uint64_t *unit_ms)
{
    static const struct {
        const char *name;
        uint64_t ms;
    } units[] = {{"d", 86400000}, {"h", 3600000}, {"ms", 1}, {"m", 60000}, {"s", 1000}};
    static const size_t rank[] = {0, 1, 4, 2, 3}; /* ms is looked for before m and s */
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        size_t len = strlen(units[i].name);
        if (strncmp(*text, units[i].name, len) != 0 || rank[i] < *from)
            continue;
        *text += len;
        *from = rank[i] + 1;
        *unit_ms = units[i].ms;
        return true;
    }
    return false;
}

bool number_parse_time(const char *text, uint64_t max_ms, uint64_t *ms)
{
    uint64_t total_ms = 0;
    size_t rank = 0;
    *ms = 0;
    if (strcmp(text, "0") == 0)
        return true;
    do {
        uint64_t value = 0;
        uint64_t unit_ms;
        if (*text < '0' || *text > '9')
            return false;
        for (; *text >= '0' && *text <= '9'; text++) {
            value = value * 10 + (uint64_t)(*text - '0');
            if (value > max_ms)
                return false;
        }
        if (!take_unit(&text, &rank, &unit_ms) || value > (max_ms - total_ms) / unit_ms)
            return false;
        total_ms += value * unit_ms;
    } while (*text != '\0');
    *ms = total_ms;
    return true;
}
