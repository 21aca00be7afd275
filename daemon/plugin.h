/*
 * Parts of bc260y that are loaded when they are first needed: lib/bc260y/NAME, beside the program
 * wherever the two were put together, and never in a folder that the user happens to be in.
 */
#ifndef BC_DAEMON_PLUGIN_H
#define BC_DAEMON_PLUGIN_H

#include <stdbool.h>

#include "common/symbol.h"

/* Loads `name` ("dtls.so") and lets `find_all` take what it needs of it. False after a report that
 * there is no `what` ("DTLS") and that `packages` may be missing. It stays until the end. */
bool plugin_load(const char *name, const char *what, const char *packages,
                 bool (*find_all)(void *library));

#endif
