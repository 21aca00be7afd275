/*
 * Playing a transcript: sending, expecting, running commands, in order.
 */
#ifndef AT_PLAY_H
#define AT_PLAY_H

#include "at_match.h"
#include "at_port.h"
#include "at_script.h"
#include "at_show.h"

enum { AT_ECHOES_MAX = 8 };

struct at_player {
    struct at_port *port;
    struct at_names *names;
    struct at_show *show;
    uint32_t limit_ms; /* where the transcript names none */
    bool booted;       /* the module is up: do not expect what it says when it boots */
    unsigned sent, matched;

    /* Lines sent whose echo has not come, oldest first. */
    char *echoes[AT_ECHOES_MAX];
    size_t echo_count;
};

/* False on the first thing that goes wrong, which has been told on standard error. */
bool at_play(struct at_player *player, const struct at_script *script);

/* Shows the lines that have arrived and nobody asked for; forgets the echoes. */
void at_play_rest(struct at_player *player);

#endif
