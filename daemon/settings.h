/*
 * Who the module is: the keys of --set and of --config files.
 */
#ifndef BC_DAEMON_SETTINGS_H
#define BC_DAEMON_SETTINGS_H

#include "bc260y/module.h"

struct settings {
    /* Empty = not given: the library's default. */
    char imei[16];
    char imsi[16];
    char iccid[21];
    char revision[32];
    char address[46];
    uint32_t attach_ms;
    uint32_t awake_ms;
    uint32_t keep_wake_command;
    uint32_t bare_percent;
    uint32_t psk_format; /* enum bc_psk_format */
    uint32_t fixed;      /* keys that --set gave, one bit each: a file does not change them */
};

void settings_init(struct settings *s);

/* "KEY=VALUE" of --set, which wins over a file, wherever the two stand. False after a report. */
bool settings_set(struct settings *s, const char *assignment);

/* Reads a --config file. 0, or the exit status after a report. */
int settings_load(struct settings *s, const char *path);

/* Fills the identity part of `out`, which borrows from `s`. */
void settings_apply(const struct settings *s, struct bc_config *out);

#endif
