/*
 * The names of a transcript, their values, and the lines that hold them.
 *
 * `{name}` in an expected line stands for a value: the first time any text up to the next literal
 * character, from then on that same text. In a line that goes out it is replaced by its value.
 * `{_}` stands for any text and is forgotten. A name is [a-z_][a-z0-9_]*; any other brace is a
 * brace, so that JSON can be written as it is.
 */
#ifndef AT_MATCH_H
#define AT_MATCH_H

#include <stdbool.h>
#include <stddef.h>

enum {
    AT_LINE_MAX = 4096, /* bytes of a line, either way, without its end */
    AT_NAMES_MAX = 64,
    AT_NAME_MAX = 31,
};

enum at_origin {
    AT_FROM_USER,   /* -D: stays as it is */
    AT_FROM_SCRIPT, /* %let */
    AT_FROM_MODULE, /* captured: may hold anything */
};

struct at_names {
    struct {
        char name[AT_NAME_MAX + 1];
        char *value;
        enum at_origin origin;
    } list[AT_NAMES_MAX];
    size_t count;
};

/* Why a line could not be expanded; `name` says where. */
enum at_expand {
    AT_EXPANDED,
    AT_NO_VALUE,
    AT_UNSAFE_VALUE, /* captured, with characters that a shell would interpret */
    AT_TOO_LONG,
};

/* The length of the name at `text` if that begins with `{name}`, else 0. */
size_t at_name_at(const char *text);

/* The same for a name without braces; false when the text is not exactly one, or too long. */
bool at_name_valid(const char *name, size_t len);

/* NULL when the name has no value. */
const char *at_names_get(const struct at_names *names, const char *name, size_t len);

/* Sets or replaces a value, except that a value from the user stays. False when the list is full
 * or memory is short. */
bool at_names_set(struct at_names *names, const char *name, size_t name_len, const char *value,
                  size_t value_len, enum at_origin origin);

/* Forgets all names; the struct can be used again. */
void at_names_clear(struct at_names *names);

/* Whether the whole line fits the pattern. What it captures is kept only when it does. */
bool at_match(const char *pattern, const char *line, struct at_names *names);

/* `text` with its names replaced, as a string in `out`. With `for_shell`, a captured value must
 * consist of characters that mean nothing to a shell. On failure `*at` points to the brace. */
enum at_expand at_expand(const char *text, const struct at_names *names, bool for_shell, char *out,
                         size_t cap, const char **at);

#endif
