/*
 * Playing a transcript without waiting: see player.h. A step that needs nothing from the module is
 * done at once; one that does is waited for until its limit. The first failure ends the play.
 */
#define _GNU_SOURCE
#include "player.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME "transcript"
#define LIMIT_MS 10000       /* as bc260y-at without --timeout */
#define BOOT_LIMIT_MS 120000 /* the slowest attach of the guide's examples */

const char *player_state_name(enum player_state state)
{
    static const char *const names[] = {"idle", "playing", "playing", "passed", "failed"};
    return names[state];
}

void player_init(struct player *player)
{
    *player = (struct player){.due_ms = BC_NEVER};
}

void player_clear(struct player *player)
{
    at_names_clear(&player->names);
    at_script_free(&player->script);
    player->state = PLAYER_IDLE;
    player->due_ms = BC_NEVER;
}

bool player_define(struct player *player, const char *name, const char *value)
{
    return at_names_set(&player->names, name, strlen(name), value, strlen(value), AT_FROM_USER);
}

static bool has_no_shell(struct player *player)
{
    for (size_t i = 0; i < player->script.count; i++)
        if (player->script.steps[i].kind == AT_STEP_SHELL) {
            snprintf(player->why, sizeof(player->why),
                     FILE_NAME ":%u: a virtual device runs no commands of a shell",
                     player->script.steps[i].line);
            return false;
        }
    return true;
}

bool player_read(struct player *player, bc_view text)
{
    struct at_names known = {.count = 0};
    FILE *in = fmemopen(NULL, text.len + 1, "w+");
    bool good = in != NULL && (text.len == 0 || fwrite(text.ptr, 1, text.len, in) == text.len);
    snprintf(player->why, sizeof(player->why), "not enough memory");
    for (size_t i = 0; good && i < player->names.count; i++) {
        const char *name = player->names.list[i].name;
        good = at_names_set(&known, name, strlen(name), "", 0, AT_FROM_USER);
    }
    if (good) {
        rewind(in);
        good = at_script_read(&player->script, FILE_NAME, in, &known, player->why) &&
               has_no_shell(player);
    }
    at_names_clear(&known);
    if (in != NULL)
        fclose(in);
    return good;
}

__attribute__((format(printf, 2, 3))) static bool fail(struct player *player, const char *format,
                                                       ...)
{
    va_list args;
    int used = snprintf(player->why, sizeof(player->why), FILE_NAME ":%u: ", player_line(player));
    va_start(args, format);
    if (used > 0)
        vsnprintf(player->why + used, sizeof(player->why) - (size_t)used, format, args);
    va_end(args);
    player->state = PLAYER_FAILED;
    player->due_ms = BC_NEVER;
    return false;
}

static bool send_step(struct player *player, const struct at_step *step)
{
    char line[AT_LINE_MAX + 1];
    const char *at;
    switch (at_expand(step->text, &player->names, false, line, sizeof(line), &at)) {
    case AT_EXPANDED:
        player->send(player->context, line);
        return true;
    case AT_NO_VALUE:
        return fail(player, "%.*s has no value", (int)strcspn(at, "}") + 1, at);
    default:
        return fail(player, "the line gets longer than %d bytes", AT_LINE_MAX);
    }
}

/* True: on to the next step. */
static bool do_step(struct player *player, uint64_t now_ms)
{
    const struct at_step *step = &player->script.steps[player->step];
    switch (step->kind) {
    case AT_STEP_SEND:
        return send_step(player, step);
    case AT_STEP_LIMIT:
        player->limit_ms = step->limit_ms;
        return true;
    case AT_STEP_LET:
        return at_names_set(&player->names, step->text, strlen(step->text), step->value,
                            strlen(step->value), AT_FROM_SCRIPT) ||
               fail(player, "not enough memory");
    case AT_STEP_EXPECT:
    case AT_STEP_QUIET:
        player->due_ms = now_ms + (step->limit_ms > 0 ? step->limit_ms : player->limit_ms);
        return false;
    case AT_STEP_SHELL:
        break;
    }
    return fail(player, "a virtual device runs no commands of a shell");
}

static void go_on(struct player *player, uint64_t now_ms)
{
    player->due_ms = BC_NEVER;
    while (player->step < player->script.count && do_step(player, now_ms))
        player->step++;
    if (player->step == player->script.count)
        player->state = PLAYER_PASSED;
}

void player_start(struct player *player, uint64_t now_ms)
{
    const struct at_script *script = &player->script;
    size_t first = 0;
    if (script->count == 0)
        return;
    while (first < script->count &&
           (script->steps[first].kind == AT_STEP_LET || script->steps[first].kind == AT_STEP_LIMIT))
        first++;
    player->step = 0;
    player->limit_ms = LIMIT_MS;
    player->state = PLAYER_PLAYING;
    if (first < script->count && script->steps[first].kind == AT_STEP_SEND) {
        player->state = PLAYER_BOOTING;
        player->due_ms = now_ms + BOOT_LIMIT_MS;
    } else {
        go_on(player, now_ms);
    }
}

static void take_expected(struct player *player, uint64_t now_ms, const char *line)
{
    const struct at_step *step = &player->script.steps[player->step];
    if (step->kind == AT_STEP_QUIET)
        fail(player, "expected %s, received: %.200s", step->text, line);
    else if (at_match(step->text, line, &player->names)) {
        player->step++;
        go_on(player, now_ms);
    } else if (!step->others) {
        fail(player, "expected: %.200s, received: %.200s", step->text, line);
    }
}

void player_on_line(struct player *player, uint64_t now_ms, const char *line)
{
    if (player->state == PLAYER_PLAYING) {
        take_expected(player, now_ms, line);
    } else if (player->state == PLAYER_BOOTING && strncmp(line, "+IP:", 4) == 0) {
        player->state = PLAYER_PLAYING;
        go_on(player, now_ms);
    }
}

void player_on_time(struct player *player, uint64_t now_ms)
{
    if (now_ms < player->due_ms)
        return;
    if (player->state == PLAYER_BOOTING) {
        fail(player, "the module has not attached to its network");
        return;
    }
    const struct at_step *step = &player->script.steps[player->step];
    if (step->kind == AT_STEP_EXPECT) {
        fail(player, "no line came in time; expected: %.200s", step->text);
    } else {
        player->step++;
        go_on(player, now_ms);
    }
}

void player_end(struct player *player, const char *why)
{
    if (player->state == PLAYER_BOOTING || player->state == PLAYER_PLAYING)
        fail(player, "%s", why);
}

uint64_t player_deadline(const struct player *player)
{
    return player->due_ms;
}

unsigned player_line(const struct player *player)
{
    const struct at_script *script = &player->script;
    return player->step < script->count ? script->steps[player->step].line : 0;
}
