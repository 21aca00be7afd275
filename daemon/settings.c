/*
 * Who the module is: see settings.h. A file has one KEY=VALUE on a line; blanks around key and
 * value do not count, `#` at the start of a line or behind a blank begins a comment.
 */
#define _GNU_SOURCE
#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/number.h"
#include "report.h"
#include "resolve.h"
#include "text_line.h"

#define LINE_BYTES 512 /* with its end */
#define WHERE_BYTES 256
#define ATTACH_MS_DEFAULT 500

enum kind {
    DIGITS,
    TEXT,
    ADDRESS,
    NUMBER,
    PSK_FORMAT,
};

static const char *const psk_formats[] = {
    [BC_PSK_AUTO] = "auto", [BC_PSK_HEX] = "hex", [BC_PSK_TEXT] = "text", NULL};

/* Texts: `size` bytes with terminator. Numbers: at most `max`. */
static const struct key {
    const char *name;
    const char *wanted;
    size_t offset;
    size_t size;
    uint32_t max;
    enum kind kind;
} keys[] = {
    {"imei", "15 digits", offsetof(struct settings, imei), 16, 0, DIGITS},
    {"imsi", "15 digits", offsetof(struct settings, imsi), 16, 0, DIGITS},
    {"iccid", "20 digits", offsetof(struct settings, iccid), 21, 0, DIGITS},
    {"revision", "1 to 31 printable ASCII characters", offsetof(struct settings, revision), 32, 0,
     TEXT},
    {"address", "an IPv4 or IPv6 address", offsetof(struct settings, address), 46, 0, ADDRESS},
    {"attach_ms", "a number of milliseconds, 0 to 4294967295", offsetof(struct settings, attach_ms),
     0, UINT32_MAX, NUMBER},
    {"awake_ms", "a number of milliseconds, 0 to 4294967295", offsetof(struct settings, awake_ms),
     0, UINT32_MAX, NUMBER},
    {"keep_wake_command", "0 or 1", offsetof(struct settings, keep_wake_command), 0, 1, NUMBER},
    {"bare_percent", "0 or 1", offsetof(struct settings, bare_percent), 0, 1, NUMBER},
    {"psk_format", "auto, hex or text", offsetof(struct settings, psk_format), 0, 0, PSK_FORMAT},
};
#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))

void settings_init(struct settings *s)
{
    *s = (struct settings){.attach_ms = ATTACH_MS_DEFAULT};
}

static bool text_fits(const struct key *key, const char *value)
{
    size_t len = strlen(value);
    struct bc_address address;
    switch (key->kind) {
    case DIGITS:
        return len == key->size - 1 && strspn(value, "0123456789") == len;
    case TEXT:
        for (size_t i = 0; i < len; i++)
            if (value[i] < 0x20 || value[i] > 0x7E)
                return false;
        return len > 0 && len < key->size;
    case ADDRESS:
        return len < key->size && resolve_numeric(value, &address);
    case NUMBER:
    case PSK_FORMAT:
        break;
    }
    return false;
}

static bool parse_number(const struct key *key, const char *value, uint32_t *out)
{
    uint64_t number;
    if (key->kind == NUMBER) {
        if (!number_parse(value, key->max, &number))
            return false;
        *out = (uint32_t)number;
        return true;
    }
    for (*out = 0; psk_formats[*out] != NULL; ++*out)
        if (strcmp(value, psk_formats[*out]) == 0)
            return true;
    return false;
}

/* False when the value is not what the key wants. Nothing is stored unless `store`. */
static bool assign(struct settings *s, const struct key *key, const char *value, bool store)
{
    char *field = (char *)s + key->offset;
    if (key->kind == NUMBER || key->kind == PSK_FORMAT) {
        uint32_t number;
        if (!parse_number(key, value, &number))
            return false;
        if (store)
            memcpy(field, &number, sizeof(number));
        return true;
    }
    if (!text_fits(key, value))
        return false;
    if (store)
        memcpy(field, value, strlen(value) + 1);
    return true;
}

static char *trim(char *text)
{
    static const char blanks[] = " \t\r\n";
    text += strspn(text, blanks);
    size_t len = strlen(text);
    while (len > 0 && strchr(blanks, text[len - 1]) != NULL)
        len--;
    text[len] = '\0';
    return text;
}

static bool set(struct settings *s, const char *where, char *assignment, bool fix)
{
    char *equals = strchr(assignment, '=');
    if (equals == NULL) {
        report("%s: \"%s\" is not KEY=VALUE", where, assignment);
        return false;
    }
    *equals = '\0';
    const char *name = trim(assignment);
    const char *value = trim(equals + 1);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(name, keys[i].name) != 0)
            continue;
        uint32_t bit = UINT32_C(1) << i;
        if (!assign(s, &keys[i], value, fix || (s->fixed & bit) == 0)) {
            report("%s: %s must be %s, not \"%s\"", where, name, keys[i].wanted, value);
            return false;
        }
        s->fixed |= fix ? bit : 0;
        return true;
    }
    report("%s: unknown key \"%s\"; known: imei imsi iccid revision address attach_ms awake_ms "
           "keep_wake_command psk_format bare_percent",
           where, name);
    return false;
}

bool settings_set(struct settings *s, const char *assignment)
{
    char copy[LINE_BYTES];
    size_t bytes = strlen(assignment) + 1;
    if (bytes > sizeof(copy)) {
        report("--set: longer than any value can be");
        return false;
    }
    memcpy(copy, assignment, bytes);
    return set(s, "--set", copy, true);
}

static void cut_comment(char *line)
{
    for (char *hash = strchr(line, '#'); hash != NULL; hash = strchr(hash + 1, '#')) {
        if (hash == line || hash[-1] == ' ' || hash[-1] == '\t') {
            *hash = '\0';
            return;
        }
    }
}

static bool load_line(struct settings *s, const char *where, char *line)
{
    cut_comment(line);
    char *text = trim(line);
    return *text == '\0' || set(s, where, text, false);
}

int settings_load(struct settings *s, const char *path)
{
    char line[LINE_BYTES];
    char where[WHERE_BYTES];
    int status = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        report("cannot read --config %s: %s", path, strerror(errno));
        return EXIT_RUNTIME;
    }
    for (unsigned number = 1; status == 0 && fgets(line, sizeof(line), file) != NULL; number++) {
        snprintf(where, sizeof(where), "%s:%u", path, number);
        if (!text_line_is_whole(line, file)) {
            report("%s: longer than %d bytes, or with a NUL", where, LINE_BYTES - 2);
            status = EXIT_USAGE;
        } else if (!load_line(s, where, line)) {
            status = EXIT_USAGE;
        }
    }
    if (ferror(file)) {
        report("cannot read --config %s: %s", path, strerror(errno));
        status = EXIT_RUNTIME;
    }
    fclose(file);
    return status;
}

static const char *given(const char *text)
{
    return *text != '\0' ? text : NULL;
}

void settings_apply(const struct settings *s, struct bc_config *out)
{
    out->imei = given(s->imei);
    out->imsi = given(s->imsi);
    out->iccid = given(s->iccid);
    out->revision = given(s->revision);
    out->address = given(s->address);
    out->attach_ms = s->attach_ms;
    out->awake_ms = s->awake_ms;
    out->keep_wake_command = s->keep_wake_command != 0;
    out->bare_percent = s->bare_percent != 0;
    out->psk_format = (enum bc_psk_format)s->psk_format;
}
