/*
 * Keys from words and from a file: see keys.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sink.h"
#include "keys.h"
#include "private_file.h"

#define LINE_BYTES_MAX 2048 /* the longest of each, in quotes and with backslashes */

const char *platform_keys_read(const struct word words[3], struct keys_entry *out)
{
    uint8_t *digits = NULL;
    *out = (struct keys_entry){words[0].text, words[1].text, words[2].text};
    if (words[2].quoted)
        return NULL;
    memcpy(&digits, &out->key.ptr, sizeof(digits)); /* the line is ours to change */
    if (out->key.len == 0 || !bc_hex_decode(out->key, digits))
        return "the key must be hex digits, two a byte, or a text in quotes";
    out->key.len /= 2;
    return NULL;
}

/* Up to a # that begins a word: identities may have one inside. */
static size_t without_comment(const char *line, size_t len)
{
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        if (quoted && line[i] == '\\')
            i++;
        else if (line[i] == '"')
            quoted = !quoted;
        else if (line[i] == '#' && !quoted && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t'))
            return i;
    }
    return len;
}

/* What is wrong with a line, or NULL. */
static const char *take_line(struct keys *keys, char *line, size_t len)
{
    struct words words;
    struct keys_entry entry;
    while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
        len--;
    if (!platform_words_split(line, without_comment(line, len), &words))
        return "a line is ENDPOINT IDENTITY KEY, and a quote is not closed or there are more words";
    if (words.count == 0)
        return NULL;
    if (words.count != 3)
        return "a line is ENDPOINT IDENTITY KEY";
    const char *problem = platform_keys_read(words.list, &entry);
    return problem != NULL ? problem : platform_keys_add(keys, &entry);
}

static bool read_lines(struct keys *keys, const char *path, FILE *file)
{
    char line[LINE_BYTES_MAX];
    const char *problem = NULL;
    unsigned number = 0;
    while (problem == NULL && fgets(line, sizeof(line), file) != NULL) {
        size_t len = strlen(line);
        bool whole = len > 0 && (line[len - 1] == '\n' || feof(file));
        number++;
        problem = whole ? take_line(keys, line, len) : "the line is too long, or no text";
    }
    bc_wipe(line, sizeof(line));
    if (problem != NULL)
        fprintf(stderr, "bc260y-platform: %s:%u: %s\n", path, number, problem);
    else if (ferror(file))
        fprintf(stderr, "bc260y-platform: cannot read %s: %s\n", path, strerror(errno));
    return problem == NULL && !ferror(file);
}

bool platform_keys_load(struct keys *keys, const char *path)
{
    char buffer[BUFSIZ];
    int fd = platform_private_open(path, O_RDONLY);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    if (file == NULL) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    setvbuf(file, buffer, _IOFBF, sizeof(buffer)); /* ours, to be wiped */
    bool loaded = read_lines(keys, path, file);
    fclose(file);
    bc_wipe(buffer, sizeof(buffer));
    return loaded;
}
