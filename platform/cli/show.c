/*
 * Output: see show.h. Columns are as wide as their longest cell, in columns of a terminal: Chinese
 * characters take two.
 */
#define _GNU_SOURCE
#include "show.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COLUMNS_MAX 16
#define CELL_COLUMNS_MAX 72 /* what is longer is cut: --json has all of it */
#define MEMBERS_DEEP_MAX 4

void show_json(const json_t *value, bool compact)
{
    json_dumpf(value, stdout, JSON_ENCODE_ANY | (compact ? JSON_COMPACT : JSON_INDENT(2)));
    putchar('\n');
}

/* Text ------------------------------------------------------------------------------------------
 */

static void put_safe(FILE *out, const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        bool c1 = c[0] == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0; /* terminals obey these too */
        if (*c < 0x20 || *c == 0x7F || c1)
            fprintf(out, "\\x%02X", c1 ? c[1] : c[0]);
        else
            fputc(*c, out);
        c += c1;
    }
}

static bool names_time(const char *name)
{
    size_t len = strlen(name);
    return len > 3 && strcmp(name + len - 3, "_ms") == 0;
}

static void put_time(FILE *out, json_int_t utc_ms)
{
    char text[40];
    struct tm parts;
    time_t seconds = (time_t)(utc_ms / 1000);
    if (localtime_r(&seconds, &parts) != NULL &&
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &parts) > 0)
        fputs(text, out);
    else
        fprintf(out, "%lld", (long long)utc_ms);
}

static void put_value(FILE *out, const char *name, const json_t *value)
{
    size_t i;
    const json_t *item;
    char *text;
    if (json_is_string(value)) {
        put_safe(out, json_string_value(value));
    } else if (value == NULL || json_is_null(value) ||
               (names_time(name) && json_is_integer(value) && json_integer_value(value) == 0)) {
        fputc('-', out);
    } else if (json_is_boolean(value)) {
        fputs(json_is_true(value) ? "yes" : "no", out);
    } else if (json_is_integer(value) && names_time(name)) {
        put_time(out, json_integer_value(value));
    } else if (json_is_array(value) && !json_is_object(json_array_get(value, 0))) {
        json_array_foreach(value, i, item)
        {
            fputs(i > 0 ? ", " : "", out);
            put_value(out, "", item);
        }
    } else if ((text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT)) != NULL) {
        put_safe(out, text);
        free(text);
    }
}

static char *text_of(const char *name, const json_t *value)
{
    char *text = NULL;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL)
        return NULL;
    put_value(out, name, value);
    fclose(out);
    return text;
}

/* The character at `text` and how many bytes it has; what is no UTF-8 counts as it comes. */
static uint32_t character(const unsigned char *text, size_t *len)
{
    uint32_t c = text[0];
    size_t more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : c >= 0xC0 ? 1 : 0;
    c &= more == 0 ? 0xFF : 0x3FU >> more;
    for (*len = 1; *len <= more && (text[*len] & 0xC0) == 0x80; ++*len)
        c = c << 6 | (text[*len] & 0x3FU);
    return c;
}

static unsigned width_of(uint32_t c)
{
    static const uint32_t wide[][2] = {{0x1100, 0x115F}, {0x2E80, 0xA4CF},   {0xAC00, 0xD7A3},
                                       {0xF900, 0xFAFF}, {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},
                                       {0xFFE0, 0xFFE6}, {0x1F300, 0x1FAFF}, {0x20000, 0x3FFFD}};
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
        if (c >= wide[i][0] && c <= wide[i][1])
            return 2;
    return 1;
}

/* In columns of a terminal; cuts what is longer than a cell may be. */
static unsigned measure(char *text)
{
    unsigned width = 0;
    size_t len;
    for (char *at = text; *at != '\0'; at += len) {
        unsigned more = width_of(character((unsigned char *)at, &len));
        if (width + more > CELL_COLUMNS_MAX && strlen(at) > 3) {
            memcpy(at, "...", sizeof("..."));
            return width + 3;
        }
        width += more;
    }
    return width;
}

/* Tables ----------------------------------------------------------------------------------------
 */

struct column {
    char title[32];
    char member[64];
    unsigned width;
};

static size_t read_columns(const char *text, struct column columns[COLUMNS_MAX])
{
    size_t count = 0;
    while (*(text += strspn(text, " ")) != '\0' && count < COLUMNS_MAX) {
        struct column *column = &columns[count++];
        size_t len = strcspn(text, " ");
        size_t title = strcspn(text, "= ");
        const char *member = title < len ? text + title + 1 : text;
        snprintf(column->title, sizeof(column->title), "%.*s", (int)title, text);
        snprintf(column->member, sizeof(column->member), "%.*s", (int)(text + len - member),
                 member);
        size_t cut = strlen(column->title);
        if (names_time(column->title))
            column->title[cut - 3] = '\0';
        for (char *c = column->title; *c != '\0'; c++)
            *c = *c == '_' || *c == '.' ? ' ' : *c;
        column->width = (unsigned)strlen(column->title);
        text += len;
    }
    return count;
}

/* "registration.address" */
static const json_t *member_of(const json_t *value, const char *path)
{
    char name[64];
    while (*path != '\0') {
        size_t len = strcspn(path, ".");
        snprintf(name, sizeof(name), "%.*s", (int)len, path);
        value = json_object_get(value, name);
        path += len + (path[len] == '.');
    }
    return value;
}

static const char *color_of(const char *text)
{
    static const char *const good[] = {"SUCCESSFUL", "SUCCEEDED", "ready", "ok", "yes", "done"};
    static const char *const bad[] = {"FAILED", "EXPIRED", "TIMEOUT", "failed"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (strcmp(text, good[i]) == 0)
            return "\033[32m";
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (strcmp(text, bad[i]) == 0)
            return "\033[31m";
    return NULL;
}

/* The last cell of a row has no blanks behind it. */
static void put_cell(const struct show *show, const char *text, unsigned width, unsigned wanted,
                     bool last, const char *color)
{
    bool colored = show->color && color != NULL;
    printf("%s%s%s", colored ? color : "", text, colored ? "\033[0m" : "");
    if (last)
        putchar('\n');
    else
        printf("%*s", (int)(wanted - width) + 2, "");
}

struct cell {
    char *text;
    unsigned width;
};

static void put_rows(const struct show *show, const struct cell *cells, size_t rows,
                     const struct column *columns, size_t count, bool header)
{
    for (size_t j = 0; j < count && header; j++)
        put_cell(show, columns[j].title, (unsigned)strlen(columns[j].title), columns[j].width,
                 j + 1 == count, "\033[1m");
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < count; j++) {
            const struct cell *cell = &cells[i * count + j];
            put_cell(show, cell->text, cell->width, columns[j].width, j + 1 == count,
                     color_of(cell->text));
        }
}

void show_table(const struct show *show, const json_t *items, const char *columns, bool header)
{
    struct column list[COLUMNS_MAX];
    size_t count = read_columns(columns, list), rows = json_array_size(items);
    struct cell *cells = calloc(rows * count + 1, sizeof(*cells));
    bool good = cells != NULL;
    for (size_t i = 0; i < rows * count && good; i++) {
        struct column *column = &list[i % count];
        const json_t *item = json_array_get(items, i / count);
        cells[i].text = text_of(column->member, member_of(item, column->member));
        good = cells[i].text != NULL;
        cells[i].width = good ? measure(cells[i].text) : 0;
        column->width = cells[i].width > column->width ? cells[i].width : column->width;
    }
    if (good)
        put_rows(show, cells, rows, list, count, header);
    for (size_t i = 0; i < rows * count && cells != NULL; i++)
        free(cells[i].text);
    free(cells);
}

/* One thing -------------------------------------------------------------------------------------
 */

/* Its members as lines "name  value", those of objects in it as "name.inner". */
static void collect(json_t *lines, const char *prefix, const json_t *value, unsigned deep)
{
    const char *name;
    const json_t *member;
    char full[128];
    json_object_foreach((json_t *)(uintptr_t)value, name, member)
    {
        snprintf(full, sizeof(full), "%s%s%s", prefix, *prefix != '\0' ? "." : "", name);
        if (json_is_object(member) && json_object_size(member) > 0 && deep > 0) {
            collect(lines, full, member, deep - 1);
            continue;
        }
        char *text = text_of(name, member);
        size_t len = strlen(full);
        if (names_time(full) && (json_is_integer(member) || json_is_null(member)))
            full[len - 3] = '\0';
        if (text != NULL)
            json_array_append_new(lines, json_pack("{s:s, s:s}", "name", full, "value", text));
        free(text);
    }
}

void show_object(const struct show *show, const json_t *value)
{
    json_t *lines = json_array();
    size_t i;
    const json_t *line;
    unsigned width = 0;
    collect(lines, "", value, MEMBERS_DEEP_MAX);
    json_array_foreach(lines, i, line)
    {
        size_t len = strlen(json_string_value(json_object_get(line, "name")));
        width = len > width ? (unsigned)len : width;
    }
    json_array_foreach(lines, i, line)
    {
        const char *name = json_string_value(json_object_get(line, "name"));
        const char *text = json_string_value(json_object_get(line, "value"));
        put_cell(show, name, (unsigned)strlen(name), width, false, "\033[1m");
        put_cell(show, text, 0, 0, true, color_of(text));
    }
    json_decref(lines);
}
