/*
 * The laboratory around a module: its supply, its antenna, its network and its clock, and the
 * instruments that read it. Does what commands say, whoever says them.
 */
#ifndef BC_DAEMON_LAB_H
#define BC_DAEMON_LAB_H

#include <jansson.h>

#include "bc260y/module.h"
#include "clock.h"
#include "command.h"
#include "link.h"
#include "net.h"
#include "state.h"
#include "watch.h"

/* How answers are written: on one line, and 0.1 as 0.1. */
#define LAB_ANSWER_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15))

struct lab {
    struct bc_module *module; /* this and the next four are borrowed */
    struct daemon_clock *clock;
    struct net *net;
    struct watches *watches;
    struct state *state;
    struct link link;
    uint64_t power_on_ms;         /* when a cut ends, or BC_NEVER */
    struct bc_energy energy_from; /* at the last "energy reset" */
    bool exit_wanted;
};

/* The link's chance comes from `seed`. The borrowed parts may be set later, before lab_run(). */
void lab_init(struct lab *lab, uint64_t seed);
void lab_close(struct lab *lab);

/* Carries a command out: {"ok":true,...}, or {"ok":false,"error":"..."}. The caller releases it. */
json_t *lab_run(struct lab *lab, uint64_t now_ms, const struct command *command);

/* The same for a command in words. */
json_t *lab_run_text(struct lab *lab, uint64_t now_ms, const char *text);

json_t *lab_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Time has passed: a supply that was cut for a while may come back. */
void lab_on_time(struct lab *lab, uint64_t now_ms);
uint64_t lab_deadline(const struct lab *lab); /* the link's included */

#endif
