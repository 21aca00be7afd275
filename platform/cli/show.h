/*
 * What the verbs print: JSON, or tables and lists for people. What devices and users have named is
 * shown without control characters.
 */
#ifndef BC_PLATFORM_SHOW_H
#define BC_PLATFORM_SHOW_H

#include <jansson.h>
#include <stdbool.h>

struct show {
    bool json;
    bool color;
};

/* `columns`: "id name devices=device_count registration.address"; a header first. Of many tables
 * that belong together only the first has one. */
void show_table(const struct show *show, const json_t *items, const char *columns, bool header);

/* One thing, a member a line. */
void show_object(const struct show *show, const json_t *value);

/* Indented; in one line with `compact`. */
void show_json(const json_t *value, bool compact);

#endif
