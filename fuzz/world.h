/*
 * A module on a virtual clock for the fuzz targets, between a host and a network that the input
 * plays. After each event it takes everything and asserts what module.h promises: output ends, the
 * deadline lies in the future, datagrams are CoAP.
 *
 * With `twin` a second module from the same seed is fed the same and must say the same, although
 * its memory began with other garbage and its workspace is spoiled and replaced whenever bc_idle()
 * allows it.
 */
#ifndef BC_FUZZ_WORLD_H
#define BC_FUZZ_WORLD_H

#include "bc260y/module.h"
#include "coap/message.h"

#define WORLD_IMAGE_BYTES 256 /* of 'A', what runs in the beginning */
#define WORLD_AREA_BYTES 8192 /* of an image slot or a package */

struct world_side {
    struct bc_memory_store store;
    struct bc_firmware flash;
    uint8_t area[3][WORLD_AREA_BYTES];
    bool lent; /* memory to unpack in */
    union bc_module_memory memory;
    union bc_workspace workspace[2];
    struct bc_module *module;
};

struct world {
    struct world_side side[2];
    struct bc_module *module; /* side[0].module */
    unsigned sides;           /* 2 with the twin */
    bool twin_idle;           /* it has no workspace now */
    unsigned char lent;       /* which one it has or had */
    bool deaf;                /* the host takes nothing */
    uint64_t now_ms;
    struct bc_address server; /* where the last datagram went */
    uint16_t message_id;      /* of the last request of the module's */
    struct bc_coap_token token;
    uint32_t query_id;
    bool secured; /* the last datagram was one of fake_dtls.c */
    void (*on_serial)(struct world *w, bc_view bytes); /* sees what the host takes; may be NULL */
};

void world_begin(struct world *w, bool twin, uint64_t seed);
void world_end(struct world *w);

/* Serial bytes; a deaf host's may be lost. */
void world_serial(struct world *w, bc_view bytes);
void world_line(struct world *w, const char *line); /* and CR */
void world_datagram(struct world *w, bc_view bytes);
/* A response to the module's last request: an acknowledgement with that code; `tail` is options
 * and payload. */
void world_respond(struct world *w, enum bc_coap_type type, uint8_t code, bc_view tail);
/* Each deadline on the way is met, of very many the first thousands. */
void world_wait(struct world *w, uint64_t ms);
/* Late: the deadlines on the way are all met at once. */
void world_jump(struct world *w, uint64_t ms);
void world_wake_pin(struct world *w);
void world_reset(struct world *w);
void world_power(struct world *w, bool on);
void world_coverage(struct world *w, bool covered);
void world_signal(struct world *w, int rssi_dbm);
void world_describe(struct world *w); /* asserts that the reports can be made */
void world_clock(struct world *w, int64_t utc_s);
void world_resolve(struct world *w, bool found);
void world_listen(struct world *w, bool listens);

#endif
