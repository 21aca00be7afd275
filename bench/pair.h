/*
 * A module and a platform in one process: datagrams are carried from one to the other without
 * sockets, on a virtual clock. For measuring; what they should do is tested elsewhere.
 */
#ifndef BENCH_PAIR_H
#define BENCH_PAIR_H

#include <stdio.h>

#include "bc260y/module.h"
#include "server.h"

#define PAIR_SAID_BYTES 4096

struct pair {
    struct bc_memory_store store;
    union bc_module_memory memory;
    union bc_workspace workspace;
    struct bc_module *module;
    struct bc_server *server;
    const struct bc_server_carrier *carrier;
    bc_view package; /* what the platform has for `fetcher`, under every name */
    bc_view fetcher;
    uint64_t now_ms;
    struct bc_address module_address;
    struct bc_address server_address;
    /* How the module is called: job(pair), at once, on any stack. */
    void (*call)(struct pair *p, void (*job)(struct pair *p));
    /* What a job gets and gives. */
    bc_view in, out;
    size_t accepted;
    bool taken;
    struct bc_query query;
    /* The serial side since the last line was sent, as text. */
    char said[PAIR_SAID_BYTES];
    size_t said_bytes;
    unsigned observe_id; /* message id of the last "observe" URC */
};

/* A module of revision A01 that has booted, and a platform of that carrier ("iot") that registers
 * everybody. `firmware` may be NULL; `call` NULL calls directly. False after a line on stderr. */
bool pair_open(struct pair *p, const char *carrier, const struct bc_firmware *firmware,
               void (*call)(struct pair *p, void (*job)(struct pair *p)));
void pair_close(struct pair *p);

/* Carries everything that is on its way. */
void pair_run(struct pair *p);

/* A command line without its CR, and what follows at once. False when ERROR comes. */
bool pair_send(struct pair *p, const char *line);

/* Lets virtual time pass. */
void pair_sleep(struct pair *p, uint32_t ms);

/* The AT lines of a transcript (examples/); the module falls asleep where the host allows it.
 * False after a line on stderr. */
bool pair_play(struct pair *p, const char *path);

#endif
