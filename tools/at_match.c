/*
 * Names and patterns of a transcript: see at_match.h. Matching never goes back: a name takes what
 * stands before the next literal character of its pattern, so its cost is one pass over the line.
 */
#define _GNU_SOURCE
#include "at_match.h"

#include <stdlib.h>
#include <string.h>

static size_t name_len(const char *text)
{
    size_t len = 0;

    while ((text[len] >= 'a' && text[len] <= 'z') || text[len] == '_' ||
           (len > 0 && text[len] >= '0' && text[len] <= '9'))
        len++;
    return len;
}

size_t at_name_at(const char *text)
{
    if (text[0] != '{')
        return 0;
    size_t len = name_len(text + 1);
    return text[1 + len] == '}' ? len : 0;
}

bool at_name_valid(const char *name, size_t len)
{
    return len > 0 && len <= AT_NAME_MAX && name_len(name) >= len;
}

static size_t find(const struct at_names *names, const char *name, size_t len)
{
    size_t i = 0;

    while (i < names->count &&
           (strlen(names->list[i].name) != len || memcmp(names->list[i].name, name, len) != 0))
        i++;
    return i;
}

const char *at_names_get(const struct at_names *names, const char *name, size_t len)
{
    size_t i = find(names, name, len);
    return i < names->count ? names->list[i].value : NULL;
}

bool at_names_set(struct at_names *names, const char *name, size_t name_len, const char *value,
                  size_t value_len, enum at_origin origin)
{
    size_t i = find(names, name, name_len);

    if (i < names->count && names->list[i].origin == AT_FROM_USER && origin != AT_FROM_USER)
        return true;
    if (i == AT_NAMES_MAX || name_len > AT_NAME_MAX)
        return false;
    char *copy = strndup(value, value_len);
    if (copy == NULL)
        return false;
    if (i == names->count) {
        memcpy(names->list[i].name, name, name_len);
        names->list[i].name[name_len] = '\0';
        names->count++;
    } else {
        free(names->list[i].value);
    }
    names->list[i].value = copy;
    names->list[i].origin = origin;
    return true;
}

static void truncate_names(struct at_names *names, size_t count)
{
    while (names->count > count)
        free(names->list[--names->count].value);
}

void at_names_clear(struct at_names *names)
{
    truncate_names(names, 0);
}

/* Matches the one name at `pattern`; moves `*line` behind what it stands for. */
static bool match_name(const char *pattern, size_t len, const char **line, struct at_names *names)
{
    const char *name = pattern + 1;
    const char *value = at_names_get(names, name, len);
    char end = pattern[len + 2];

    if (value != NULL) {
        size_t value_len = strlen(value);
        if (strncmp(*line, value, value_len) != 0)
            return false;
        *line += value_len;
        return true;
    }
    const char *begin = *line;
    *line = strchrnul(begin, end);
    if (*line == begin)
        return false;
    if (len == 1 && name[0] == '_')
        return true;
    return at_names_set(names, name, len, begin, (size_t)(*line - begin), AT_FROM_MODULE);
}

bool at_match(const char *pattern, const char *line, struct at_names *names)
{
    size_t known = names->count;
    bool fits = true;

    while (fits && *pattern != '\0') {
        size_t len = at_name_at(pattern);
        if (len > 0) {
            fits = match_name(pattern, len, &line, names);
            pattern += len + 2;
        } else {
            fits = *pattern++ == *line;
            line += fits;
        }
    }
    if (fits && *line == '\0')
        return true;
    truncate_names(names, known);
    return false;
}

/* The characters that neither end a word nor mean anything to a shell, quoted or not. */
static bool safe_for_shell(const char *value)
{
    return value[strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                               "0123456789_.:,/@%+=-")] == '\0';
}

enum at_expand at_expand(const char *text, const struct at_names *names, bool for_shell, char *out,
                         size_t cap, const char **at)
{
    size_t used = 0;

    while (*text != '\0') {
        const char *piece = text;
        size_t piece_len = 1;
        size_t len = at_name_at(text);

        *at = text;
        if (len > 0) {
            size_t i = find(names, text + 1, len);
            if (i == names->count)
                return AT_NO_VALUE;
            piece = names->list[i].value;
            piece_len = strlen(piece);
            if (for_shell && names->list[i].origin == AT_FROM_MODULE && !safe_for_shell(piece))
                return AT_UNSAFE_VALUE;
        }
        if (cap - used <= piece_len)
            return AT_TOO_LONG;
        memcpy(out + used, piece, piece_len);
        used += piece_len;
        text += len > 0 ? len + 2 : 1;
    }
    out[used] = '\0';
    return AT_EXPANDED;
}
