/*
 * What can be done to the module from the outside, in words: "loss 30 up", "blackhole 10m". The
 * control socket, bc260y-ctl and scenario files speak them (docs/CONTROL.md). Here they are read;
 * lab.h does what they say.
 */
#ifndef BC_DAEMON_COMMAND_H
#define BC_DAEMON_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMMAND_BYTES_MAX 256
#define COMMAND_WHY_BYTES 256
#define COMMAND_ARGS_MAX 3

enum command_verb {
    COMMAND_POWER_ON,
    COMMAND_POWER_OFF,
    COMMAND_POWER_CUT, /* [ms] */
    COMMAND_RESET,
    COMMAND_WAKE,
    COMMAND_ATTACH,
    COMMAND_DETACH,
    COMMAND_RSSI,          /* dBm */
    COMMAND_LOSS,          /* ppm */
    COMMAND_DUPLICATE,     /* ppm */
    COMMAND_REORDER,       /* ppm [depth [ms]] */
    COMMAND_DELAY,         /* ms [ms] */
    COMMAND_RATE,          /* bit/s [datagrams] */
    COMMAND_RATE_OFF,      /* */
    COMMAND_BLACKHOLE,     /* ms */
    COMMAND_BLACKHOLE_OFF, /* */
    COMMAND_HEAL,
    COMMAND_REBIND,
    COMMAND_STORAGE_OK,
    COMMAND_STORAGE_FAIL,
    COMMAND_STORAGE_FULL,
    COMMAND_STORAGE_TEAR,
    COMMAND_FOTA_OUTCOME, /* enum bc_firmware_code */
    COMMAND_LINK,
    COMMAND_ENERGY,
    COMMAND_ENERGY_RESET,
    COMMAND_DUMP,
    COMMAND_TIME_SCALE, /* factor */
    COMMAND_HELP,
    COMMAND_EXIT,
};

struct command {
    enum command_verb verb;
    unsigned ways; /* one bit an enum link_way: those that were named, else all */
    int64_t arg[COMMAND_ARGS_MAX];
    unsigned args; /* how many were given */
};

/* Reads a line of words. False, and why in one line, when it is no command. */
bool command_parse(const char *text, struct command *out, char why[COMMAND_WHY_BYTES]);

/* The commands in the order of the manual: false behind the last one. */
struct command_help {
    const char *name;
    const char *params; /* "" = none */
    const char *what;
};
bool command_help(size_t index, struct command_help *out);

#endif
