/*
 * Problems in one printable line, and the members of documents: see inside.h.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inside.h"

/* The bytes of the character of UTF-8 at `at`; 0 when there is none. */
static size_t character_bytes(const uint8_t *at, size_t left)
{
    size_t bytes = at[0] < 0x80 ? 1 : at[0] < 0xC2 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    if (bytes == 0 || bytes > left || at[0] > 0xF4)
        return 0;
    for (size_t i = 1; i < bytes; i++)
        if ((at[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xF0 && at[1] < 0x90);
    bool none = (at[0] == 0xED && at[1] > 0x9F) || (at[0] == 0xF4 && at[1] > 0x8F);
    return overlong || none ? 0 : bytes;
}

static void make_printable(char *text)
{
    uint8_t *at = (uint8_t *)text;
    size_t left = strlen(text);
    while (left > 0) {
        size_t bytes = character_bytes(at, left);
        if (bytes == 0 || at[0] < ' ' || at[0] == 0x7F || (at[0] == 0xC2 && at[1] < 0xA0)) {
            *at = '?';
            bytes = 1;
        }
        at += bytes;
        left -= bytes;
    }
}

bool codec_fail(char problem[CODEC_PROBLEM_BYTES], const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem, CODEC_PROBLEM_BYTES, format, arguments);
    va_end(arguments);
    make_printable(problem);
    return false;
}

bool codec_fail_at(char problem[CODEC_PROBLEM_BYTES], const char *format, ...)
{
    char what[CODEC_PROBLEM_BYTES];
    char where[CODEC_PROBLEM_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(where, sizeof(where), format, arguments);
    va_end(arguments);
    memcpy(what, problem, sizeof(what));
    bool nested = what[0] == '.' || what[0] == '[';
    return codec_fail(problem, "%.90s%s%s", where, nested ? "" : ": ", what);
}

int codec_word(const char *word, const char *const *words)
{
    for (int i = 0; words[i] != NULL; i++)
        if (strcmp(word, words[i]) == 0)
            return i;
    return -1;
}

bool codec_check_members(const json_t *object, const char *const *names,
                         char problem[CODEC_PROBLEM_BYTES])
{
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return codec_fail(problem, "must be an object");
    json_object_foreach(codec_walk(object), name, value)
    {
        if (codec_word(name, names) < 0)
            return codec_fail(problem, "has no member \"%s\"", name);
    }
    return true;
}

const char *codec_text(const json_t *object, const char *name, size_t max,
                       char problem[CODEC_PROBLEM_BYTES])
{
    const json_t *value = json_object_get(object, name);
    size_t bytes = json_string_length(value);
    if (bytes > 0 && bytes <= max && strlen(json_string_value(value)) == bytes)
        return json_string_value(value);
    codec_fail(problem, "\"%s\" must be a text of 1 to %zu bytes", name, max);
    return "";
}

bool codec_integer(const json_t *object, const char *name, int64_t min, int64_t max,
                   int64_t fallback, int64_t *out, char problem[CODEC_PROBLEM_BYTES])
{
    const json_t *value = json_object_get(object, name);
    *out = value == NULL ? fallback : json_integer_value(value);
    if (value == NULL || (json_is_integer(value) && *out >= min && *out <= max))
        return true;
    return codec_fail(problem, "\"%s\" must be an integer of %lld to %lld", name, (long long)min,
                      (long long)max);
}

bool codec_array(const json_t *object, const char *name, size_t max, const json_t **out,
                 char problem[CODEC_PROBLEM_BYTES])
{
    *out = json_object_get(object, name);
    if (*out == NULL || json_is_null(*out)) {
        *out = NULL;
        return true;
    }
    if (json_is_array(*out) && json_array_size(*out) <= max)
        return true;
    return codec_fail(problem, "\"%s\" must be a list of at most %zu", name, max);
}

bool codec_number(const json_t *value, double *out)
{
    if (json_is_number(value)) {
        *out = json_number_value(value);
        return true;
    }
    const char *text = json_string_value(value);
    if (text == NULL || text[strspn(text, "+-.0123456789eE")] != '\0' || text[0] == '\0')
        return false;
    char *end;
    *out = strtod(text, &end);
    return *end == '\0' && isfinite(*out);
}

bool codec_text_within(const json_t *text, double characters_max)
{
    const char *at = json_string_value(text);
    double characters = 0;
    for (size_t left = json_string_length(text); left > 0; left--)
        characters += ((uint8_t)at[left - 1] & 0xC0) != 0x80;
    return characters <= characters_max;
}
