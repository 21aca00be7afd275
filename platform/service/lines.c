/*
 * Lines of an AT port: see lines.h.
 */
#define _GNU_SOURCE
#include "lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_PARAMETER 8

struct line {
    char *text;
    int64_t utc_ms;
    enum line_direction direction;
};

bool line_cut(struct line_cutter *cutter, bc_view *rest)
{
    if (cutter->whole)
        cutter->len = 0;
    cutter->whole = false;
    while (rest->len > 0 && !cutter->whole) {
        char c = (char)*rest->ptr;
        bool ends = c == '\r' || c == '\n';
        if (ends || cutter->len == AT_LINE_MAX)
            cutter->whole = cutter->len > 0;
        if (cutter->whole && !ends)
            break;
        if (!ends && c != '\0')
            cutter->text[cutter->len++] = c;
        rest->ptr++;
        rest->len--;
    }
    cutter->text[cutter->len] = '\0';
    return cutter->whole;
}

const char *line_direction_name(enum line_direction direction)
{
    static const char *const names[] = {"in", "out", "info"};
    return names[direction];
}

bool line_log_open(struct line_log *log)
{
    *log = (struct line_log){.ring = calloc(LINES_MAX, sizeof(struct line)), .next = 1};
    return log->ring != NULL;
}

static void drop_oldest(struct line_log *log)
{
    struct line *line = &log->ring[log->first];
    log->bytes -= strlen(line->text);
    free(line->text);
    line->text = NULL;
    log->first = (log->first + 1) % LINES_MAX;
    log->count--;
}

void line_log_close(struct line_log *log)
{
    while (log->count > 0)
        drop_oldest(log);
    free(log->ring);
    log->ring = NULL;
}

void line_log_add(struct line_log *log, int64_t utc_ms, enum line_direction direction,
                  const char *text)
{
    char *copy = strdup(text);
    if (copy == NULL)
        return;
    if (log->count == LINES_MAX)
        drop_oldest(log);
    log->ring[(log->first + log->count++) % LINES_MAX] =
        (struct line){.text = copy, .utc_ms = utc_ms, .direction = direction};
    log->bytes += strlen(copy);
    log->next++;
    while (log->bytes > LINES_BYTES_MAX)
        drop_oldest(log);
}

json_t *line_log_json(const struct line_log *log, uint64_t from)
{
    json_t *items = json_array();
    uint64_t oldest = log->next - log->count;
    for (size_t i = from > oldest ? (size_t)(from - oldest) : 0; i < log->count; i++) {
        json_int_t number = (json_int_t)oldest + (json_int_t)i;
        const struct line *line = &log->ring[(log->first + i) % LINES_MAX];
        json_array_append_new(items, json_pack("{s:I, s:I, s:s, s:o}", "number", number, "time_ms",
                                               (json_int_t)line->utc_ms, "direction",
                                               line_direction_name(line->direction), "text",
                                               line_json(line->text)));
    }
    return items;
}

/* Behind the comma before the eighth parameter of +QLACONFIG, the key; NULL: there is none. */
static const char *key_in(const char *line)
{
    const char *at = strcasestr(line, "+QLACONFIG");
    bool quoted = false;
    for (int commas = 0; at != NULL && *at != '\0'; at++) {
        quoted ^= *at == '"';
        if (*at == ',' && !quoted && ++commas == KEY_PARAMETER - 1)
            return at + 1;
    }
    return NULL;
}

void line_without_key(const char *line, char out[AT_LINE_MAX + 1])
{
    const char *key = key_in(line);
    size_t len = key != NULL ? (size_t)(key - line) : strlen(line);
    (void)snprintf(out, AT_LINE_MAX + 1, "%.*s%s", (int)(len < AT_LINE_MAX ? len : AT_LINE_MAX),
                   line, key != NULL ? "***" : "");
}

json_t *line_json(const char *text)
{
    json_t *checked = json_string(text);
    char shown[4 * AT_LINE_MAX + 8];
    size_t len = 0;
    for (const char *c = text; *c != '\0' && len + 5 < sizeof(shown); c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte < 0x20 || byte == 0x7F || (byte > 0x7F && checked == NULL))
            len += (size_t)snprintf(shown + len, 5, "\\x%02X", (unsigned)byte);
        else
            shown[len++] = *c;
    }
    shown[len] = '\0';
    json_decref(checked);
    return json_string(shown);
}
