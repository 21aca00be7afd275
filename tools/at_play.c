/*
 * Playing a transcript: see at_play.h. One step, one function; the first failure ends the play,
 * since what follows would only repeat it.
 */
#define _GNU_SOURCE
#include "at_play.h"
#include "at_shell.h"
#include "at_wait.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

enum {
    SETTLE_MS = 100, /* a module that is up and silent for so long has nothing old to say */
    UNCHECKED_MS_MAX = 1000,
};

/* One play of one transcript. */
struct play {
    struct at_player *player;
    const char *file;
    uint32_t limit_ms;
    bool skipping; /* expected lines before the first sent one */
};

static bool fail(const struct play *play, const struct at_step *step, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail(const struct play *play, const struct at_step *step, const char *format, ...)
{
    char text[2 * AT_LINE_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    fprintf(stderr, "bc260y-at: %s:%u: ", play->file, step->line);
    at_put_safe(stderr, text);
    fputc('\n', stderr);
    return false;
}

static bool fail_expanding(const struct play *play, const struct at_step *step, enum at_expand why,
                           const char *at)
{
    int len = (int)strcspn(at, "}") + 1;

    if (why == AT_NO_VALUE)
        return fail(play, step, "%.*s has no value: the line that captures it was not played", len,
                    at);
    if (why == AT_UNSAFE_VALUE)
        return fail(play, step,
                    "the value of %.*s has characters that the shell would interpret: "
                    "use it as a quoted variable (\"$BC_...\")",
                    len, at);
    return fail(play, step, "the line gets longer than %d bytes", AT_LINE_MAX);
}

/* The words for a read or write that brought no line. */
static bool fail_reading(const struct play *play, const struct at_step *step, enum at_read got,
                         uint32_t limit_ms)
{
    bool sending = step->kind == AT_STEP_SEND;
    char rest[AT_LINE_MAX + 1];

    if (got == AT_READ_STOPPED)
        return fail(play, step, "interrupted");
    fail(play, step, "%s%s", sending ? "sending: " : "expected: ", step->text);
    if (got == AT_READ_TOO_LONG)
        return fail(play, step, "received: a line longer than %d bytes", AT_LINE_MAX);
    at_port_peek_rest(play->player->port, rest);
    if (!sending && rest[0] != '\0')
        fail(play, step, "received, without a line end: %s", rest);
    if (got == AT_READ_GONE)
        return fail(play, step, "port lost: %s", at_port_reason(play->player->port));
    return fail(play, step, "time-out: no line %s within %u.%03u s",
                sending ? "could be sent" : "came", limit_ms / 1000, limit_ms % 1000);
}

static void forget_echoes(struct at_player *player, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(player->echoes[i]);
    player->echo_count -= count;
    memmove(player->echoes, player->echoes + count, player->echo_count * sizeof(char *));
}

/* A module that sleeps loses a line and never echoes it, so an echo also ends the waiting for
 * those of earlier lines. */
static bool is_echo(struct at_player *player, const char *line)
{
    for (size_t i = 0; i < player->echo_count; i++) {
        if (strcmp(player->echoes[i], line) == 0) {
            forget_echoes(player, i + 1);
            return true;
        }
    }
    return false;
}

static void expect_echo(struct at_player *player, const char *line)
{
    if (player->echo_count == AT_ECHOES_MAX)
        forget_echoes(player, 1);
    char *copy = strdup(line);
    if (copy != NULL)
        player->echoes[player->echo_count++] = copy;
}

/* The next received line that is not an echo. */
static enum at_read next_line(struct at_player *player, uint64_t until_ms,
                              char line[AT_LINE_MAX + 1])
{
    for (;;) {
        enum at_read got = at_port_read_line(player->port, until_ms, line);
        if (got != AT_READ_LINE || !is_echo(player, line))
            return got;
        at_show(player->show, AT_MARK_ECHO, line);
    }
}

/* Shows what comes until nothing has come for a while; a module that never stops talking is left
 * to the steps that follow. */
static void show_unchecked(struct at_player *player, uint32_t silence_ms)
{
    char line[AT_LINE_MAX + 1];
    uint64_t end_ms = at_now_ms() + UNCHECKED_MS_MAX;

    while (at_now_ms() < end_ms &&
           next_line(player, at_now_ms() + silence_ms, line) == AT_READ_LINE)
        at_show(player->show, AT_MARK_UNCHECKED, line);
}

void at_play_rest(struct at_player *player)
{
    show_unchecked(player, 0);
    forget_echoes(player, player->echo_count);
}

static bool play_send(struct play *play, const struct at_step *step)
{
    struct at_player *player = play->player;
    char line[AT_LINE_MAX + 1];
    const char *at;

    play->skipping = false;
    enum at_expand expanded = at_expand(step->text, player->names, false, line, sizeof(line), &at);
    if (expanded != AT_EXPANDED)
        return fail_expanding(play, step, expanded, at);
    at_show(player->show, AT_MARK_SENT, line);
    enum at_read sent = at_port_send(player->port, line, at_now_ms() + play->limit_ms);
    if (sent != AT_READ_LINE)
        return fail_reading(play, step, sent, play->limit_ms);
    expect_echo(player, line);
    player->sent++;
    return true;
}

static bool play_expect(struct play *play, const struct at_step *step)
{
    struct at_player *player = play->player;
    char line[AT_LINE_MAX + 1];
    uint32_t limit_ms = step->limit_ms > 0 ? step->limit_ms : play->limit_ms;

    if (play->skipping)
        return true;
    uint64_t until_ms = at_now_ms() + limit_ms;
    enum at_read got = next_line(player, until_ms, line);
    while (step->others && got == AT_READ_LINE && !at_match(step->text, line, player->names)) {
        at_show(player->show, AT_MARK_UNCHECKED, line);
        got = next_line(player, until_ms, line);
    }
    if (got != AT_READ_LINE)
        return fail_reading(play, step, got, limit_ms);
    at_show(player->show, AT_MARK_RECEIVED, line);
    if (!at_match(step->text, line, player->names)) {
        fail(play, step, "expected: %s", step->text);
        return fail(play, step, "received: %s", line);
    }
    player->matched++;
    return true;
}

static bool play_quiet(struct play *play, const struct at_step *step)
{
    char line[AT_LINE_MAX + 1];
    enum at_read got = next_line(play->player, at_now_ms() + step->limit_ms, line);

    if (got == AT_READ_NOTHING)
        return true;
    if (got == AT_READ_LINE) {
        at_show(play->player->show, AT_MARK_RECEIVED, line);
        fail(play, step, "expected: nothing for %u.%03u s", step->limit_ms / 1000,
             step->limit_ms % 1000);
        return fail(play, step, "received: %s", line);
    }
    return fail_reading(play, step, got, step->limit_ms);
}

static bool play_shell(struct play *play, const struct at_step *step)
{
    struct at_player *player = play->player;
    char command[AT_LINE_MAX + 1];
    const char *at;
    int status = 0;

    enum at_expand expanded =
        at_expand(step->text, player->names, true, command, sizeof(command), &at);
    if (expanded != AT_EXPANDED)
        return fail_expanding(play, step, expanded, at);
    at_show(player->show, AT_MARK_COMMAND, command);
    switch (at_shell_run(command, player->names, player->port, player->show,
                         at_now_ms() + play->limit_ms, &status)) {
    case AT_SHELL_DONE:
        break;
    case AT_SHELL_LATE:
        return fail(play, step, "time-out: the command did not end within %u.%03u s",
                    play->limit_ms / 1000, play->limit_ms % 1000);
    case AT_SHELL_STOPPED:
        return fail(play, step, "interrupted");
    case AT_SHELL_FAILED:
        return fail(play, step, "cannot start a command");
    }
    if (WIFSIGNALED(status))
        return fail(play, step, "the command was ended by signal %d", WTERMSIG(status));
    if (WEXITSTATUS(status) != 0)
        return fail(play, step, "the command failed with exit status %d", WEXITSTATUS(status));
    return true;
}

static bool play_step(struct play *play, const struct at_step *step)
{
    switch (step->kind) {
    case AT_STEP_SEND:
        return play_send(play, step);
    case AT_STEP_EXPECT:
        return play_expect(play, step);
    case AT_STEP_SHELL:
        return play_shell(play, step);
    case AT_STEP_QUIET:
        return play_quiet(play, step);
    case AT_STEP_LIMIT:
        play->limit_ms = step->limit_ms;
        return true;
    case AT_STEP_LET:
        return at_names_set(play->player->names, step->text, strlen(step->text), step->value,
                            strlen(step->value), AT_FROM_SCRIPT) ||
               fail(play, step, "out of memory");
    }
    return false;
}

bool at_play(struct at_player *player, const struct at_script *script)
{
    struct play play = {
        .player = player,
        .file = script->file,
        .limit_ms = player->limit_ms,
        .skipping = player->booted,
    };

    if (player->booted)
        show_unchecked(player, SETTLE_MS);
    for (size_t i = 0; i < script->count; i++) {
        if (!play_step(&play, &script->steps[i]))
            return false;
        if (player->show->broken)
            return fail(&play, &script->steps[i], "cannot write to standard output");
    }
    return true;
}
