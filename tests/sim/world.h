/*
 * A small world on one virtual clock, drawn from one seed: a host with its module, a network that
 * breaks (daemon/link.h) with a NAT in it, and the platform's core with somebody who writes and
 * reads. No socket, no real clock: the same seed is the same world, byte for byte.
 *
 *     host <-serial-> module <-> NAT <-link-> platform <- operator
 *
 * After each step every deadline must lie in the future.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "bc260y/module.h"
#include "host.h"
#include "link.h"
#include "server.h"

struct world_counts {
    uint32_t timed_out, reset, canceled, rejected, expired, registered, updated, notified;
    uint32_t rebinds, blackouts, resets, cuts, deaf, restarts; /* disasters */
    uint32_t stored; /* records that were written or erased */
    uint64_t up, down, bytes_up, bytes_down;
};

struct world {
    struct diary diary;
    struct ledger ledger;
    struct host host;
    struct link link;
    struct bc_random random; /* of operator and disasters */
    struct bc_memory_store store;
    struct bc_storage inner; /* to it */
    union bc_module_memory memory;
    union bc_workspace workspace;
    struct bc_module *module;
    struct bc_server *server;
    struct bc_address nat; /* as the platform sees the module */
    struct bc_address server_address;
    uint64_t seed;
    uint64_t now_ms;
    bool deaf; /* the host does not read, nor speak */
    /* The operator. */
    bool news;        /* the device was heard of */
    uint64_t tag;     /* of the last request */
    bool writes_only; /* now, at each opportunity */
    struct world_counts counts;
};

/* `repeat` is the command that repeats the run; `aloud` prints the diary as it is written. */
struct world *world_new(uint64_t seed, const char *repeat, bool aloud);
void world_free(struct world *w);

/* Everything that happens up to then. */
void world_run_until(struct world *w, uint64_t ms);

uint32_t world_draw(struct world *w, uint32_t below);

/* Disasters. The next world_run_until() sees what follows. */
void world_rebind(struct world *w);
void world_restart_platform(struct world *w);
void world_cover(struct world *w, bool covered);
void world_reset(struct world *w);
void world_power(struct world *w, bool on);

#endif
