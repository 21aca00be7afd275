/*
 * The folder of place.h.
 */
#define _GNU_SOURCE
#include "place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER "bc260y-platform"

/* All folders of the path, but for its last part. */
static bool make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool there = mkdir(path, S_IRWXU) == 0 || errno == EEXIST;
        if (!there)
            fprintf(stderr, "bc260y-platform: cannot make %s: %s; choose another --store\n", path,
                    strerror(errno));
        *slash = '/';
        if (!there)
            return false;
    }
    return true;
}

bool platform_place_find(const char *name, char out[PLACE_BYTES])
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int len = -1;
    if (state != NULL && state[0] == '/')
        len = snprintf(out, PLACE_BYTES, "%s/" FOLDER "/%s", state, name);
    else if (home != NULL && home[0] == '/')
        len = snprintf(out, PLACE_BYTES, "%s/.local/state/" FOLDER "/%s", home, name);
    return len > 0 && len < PLACE_BYTES;
}

bool platform_place(const char *name, char out[PLACE_BYTES])
{
    if (platform_place_find(name, out))
        return make_folders(out);
    fputs("bc260y-platform: neither XDG_STATE_HOME nor HOME is a folder; give --store FILE\n",
          stderr);
    return false;
}
