/*
 * The token: see token.h.
 */
#define _GNU_SOURCE
#include "token.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "place.h"

/* Of the first line, without what is around it. */
static bool take(const char *text, const char *source, char out[TOKEN_BYTES_MAX])
{
    size_t begin = strspn(text, " \t"), len = strcspn(text + begin, " \t\r\n");
    bool good = len > 0 && len < TOKEN_BYTES_MAX;
    for (size_t i = begin; i < begin + len && good; i++)
        good = text[i] >= '!' && text[i] <= '~';
    if (!good) {
        fprintf(stderr, "bc260y-platform: %s holds no token\n", source);
        return false;
    }
    memcpy(out, text + begin, len);
    out[len] = '\0';
    return true;
}

static bool read_file(const char *name, char out[TOKEN_BYTES_MAX])
{
    char text[TOKEN_BYTES_MAX + 2] = "";
    FILE *in = fopen(name, "re");
    if (in == NULL) {
        fprintf(stderr, "bc260y-platform: cannot read %s: %s\n", name, strerror(errno));
        return false;
    }
    setvbuf(in, NULL, _IONBF, 0); /* no copy stays in a buffer */
    bool good = fgets(text, sizeof(text), in) != NULL;
    fclose(in);
    good = take(good ? text : "", name, out);
    explicit_bzero(text, sizeof(text));
    return good;
}

/* Of a platform with its store in a file, or in memory: whichever began last. */
static bool find_file(char out[PLACE_BYTES])
{
    static const char *const names[] = {"admin-token", "memory-token"};
    char path[PLACE_BYTES];
    struct timespec newest = {0};
    bool found = false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct stat info;
        if (!platform_place_find(names[i], path) || stat(path, &info) != 0)
            continue;
        bool newer = info.st_mtim.tv_sec > newest.tv_sec || (info.st_mtim.tv_sec == newest.tv_sec &&
                                                             info.st_mtim.tv_nsec > newest.tv_nsec);
        if (found && !newer)
            continue;
        found = true;
        newest = info.st_mtim;
        memcpy(out, path, sizeof(path));
    }
    return found;
}

bool token_find(const char *file, char out[TOKEN_BYTES_MAX])
{
    const char *variable = getenv("BC260Y_TOKEN");
    char made[PLACE_BYTES];
    out[0] = '\0';
    if (file != NULL)
        return read_file(file, out);
    if (variable != NULL && *variable != '\0')
        return take(variable, "BC260Y_TOKEN", out);
    return !find_file(made) || read_file(made, out);
}
