/*
 * Plug-ins: see plugin.h.
 */
#define _GNU_SOURCE
#include "plugin.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

/* From the program's folder: where `make install` puts them, and where the build does. */
static const char *const places[] = {BC_PLUGIN_FOLDER, "../lib/bc260y"};

/* Appends `place` and `name` to the program's folder. False when that has no name, or too long a
 * one. */
static bool path_of(const char *place, const char *name, char path[PATH_MAX])
{
    ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (len < 0)
        return false;
    path[len] = '\0';
    char *end = strrchr(path, '/');
    if (end == NULL)
        return false;
    size_t room = PATH_MAX - (size_t)(end + 1 - path);
    int written = snprintf(end + 1, room, "%s/%s", place, name);
    return written > 0 && (size_t)written < room;
}

bool plugin_load(const char *name, const char *what, const char *packages,
                 bool (*find_all)(void *library))
{
    char path[PATH_MAX];
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (!path_of(places[i], name, path) || access(path, F_OK) != 0)
            continue;
        void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (library != NULL && find_all(library))
            return true;
        /* The linker names the file: of the plug-in, or of a library it lacks. */
        report("no %s: %s; install %s and bc260y anew", what, dlerror(), packages);
        return false;
    }
    report("no %s: the plug-in lib/bc260y/%s is missing; "
           "install bc260y with it, bin and lib in one folder",
           what, name);
    return false;
}
