/*
 * Plays a transcript (bc260y-at(1)) on a virtual device: what bc260y-at does, without a port and
 * without waiting. Lines of the module and the time go in, lines for the module come out. A
 * transcript that runs commands of a shell is refused: these come from users of the platform.
 */
#ifndef BC_PLATFORM_PLAYER_H
#define BC_PLATFORM_PLAYER_H

#include <stddef.h>
#include <stdint.h>

#include "bc260y/types.h"
#include "tools/at_match.h"
#include "tools/at_script.h"

enum player_state {
    PLAYER_IDLE,    /* nothing to play */
    PLAYER_BOOTING, /* the transcript begins with a command: the module comes up first */
    PLAYER_PLAYING,
    PLAYER_PASSED,
    PLAYER_FAILED,
};
const char *player_state_name(enum player_state state); /* "playing" */

struct player {
    struct at_names names;
    struct at_script script;
    enum player_state state;
    size_t step;
    uint32_t limit_ms;
    uint64_t due_ms;                               /* of the step that waits; BC_NEVER */
    char why[AT_WHY_MAX];                          /* of PLAYER_FAILED */
    void (*send)(void *context, const char *line); /* may not call the player */
    void *context;
};

/* `send` and `context` are the caller's to set. */
void player_init(struct player *player);
void player_clear(struct player *player);

/* A name that the transcript cannot change: {server}. False when memory is short. */
bool player_define(struct player *player, const char *name, const char *value);

/* Reads a transcript, once. False: `player->why` says what is wrong, as "transcript:LINE: ...". */
bool player_read(struct player *player, bc_view text);

/* Plays from now on: until the first line has to come. */
void player_start(struct player *player, uint64_t now_ms);

/* The module's next line: not blank, and no echo. */
void player_on_line(struct player *player, uint64_t now_ms, const char *line);
void player_on_time(struct player *player, uint64_t now_ms);
uint64_t player_deadline(const struct player *player);

/* Fails what is being played: the module is gone. */
void player_end(struct player *player, const char *why);

/* The line of the transcript that it is at, from 1; 0 when it is at none. */
unsigned player_line(const struct player *player);

#endif
