/*
 * Where the platform keeps what nobody gave it a place for: $XDG_STATE_HOME/bc260y-platform, or
 * ~/.local/state/bc260y-platform.
 */
#ifndef BC_PLATFORM_PLACE_H
#define BC_PLATFORM_PLACE_H

#include <limits.h>
#include <stdbool.h>

#define PLACE_BYTES PATH_MAX

/* The path of a file of that name there; the folders are made, for their owner alone. False after a
 * line on stderr. */
bool platform_place(const char *name, char out[PLACE_BYTES]);
/* The same without making or saying anything; the file need not be there. */
bool platform_place_find(const char *name, char out[PLACE_BYTES]);

#endif
