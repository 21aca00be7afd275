/*
 * The words of words.h.
 */
#include "words.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cuts a quoted word's quotes and backslashes off, in place. */
static bool take_quoted(char **at, const char *end, struct word *out)
{
    char *to = ++*at;
    out->quoted = true;
    out->text.ptr = (const uint8_t *)to;
    while (*at < end && **at != '"') {
        if (**at == '\\' && *at + 1 < end)
            ++*at;
        *to++ = *(*at)++;
    }
    out->text.len = (size_t)((const uint8_t *)to - out->text.ptr);
    return *at < end && ++*at != NULL && (*at == end || is_blank(**at));
}

bool platform_words_split(char *line, size_t len, struct words *out)
{
    const char *end = line + len;
    *out = (struct words){0};
    for (char *at = line;;) {
        while (at < end && is_blank(*at))
            at++;
        if (at == end)
            return true;
        if (out->count == WORDS_MAX)
            return false;
        struct word *word = &out->list[out->count++];
        if (*at == '"') {
            if (!take_quoted(&at, end, word))
                return false;
            continue;
        }
        word->text.ptr = (const uint8_t *)at;
        while (at < end && !is_blank(*at))
            at++;
        word->text.len = (size_t)((const uint8_t *)at - word->text.ptr);
    }
}
