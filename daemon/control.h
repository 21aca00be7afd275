/*
 * The control socket: a Unix socket for its owner alone, on which several clients may give
 * commands. One line of JSON in, one line of JSON out, in order:
 *
 *     {"command":"loss 30 up"}          {"ok":true}
 *     {"command":"loss 130","id":7}     {"id":7,"ok":false,"error":"..."}
 *
 * What a command means is left to `run`. A client that does not read its answers is not read
 * either, so that nobody can fill our memory.
 */
#ifndef BC_DAEMON_CONTROL_H
#define BC_DAEMON_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "watch.h"

#define CONTROL_LINE_BYTES_MAX 1024 /* without its end */

struct control_client {
    int fd; /* -1 = a free place */
    size_t len;
    bool overlong;  /* swallow up to the end of the line */
    bool ended;     /* sends no more */
    char *out;      /* the answer that has not been taken */
    size_t out_len; /* of it, what is left */
    size_t out_at;
    char line[CONTROL_LINE_BYTES_MAX + 1];
};

struct control {
    int fd; /* -1 = no socket */
    const char *path;
    /* Carries out the text of "command"; the answer is released here. */
    json_t *(*run)(void *context, const char *command);
    void *context;
    struct watches *watches;
    struct control_client client[WATCH_CLIENTS_MAX];
};

void control_init(struct control *c);

/* Makes the socket; what a killed run left behind at `path` is replaced. `path` and `watches` are
 * borrowed. False after a report. */
bool control_open(struct control *c, const char *path, struct watches *watches);
void control_close(struct control *c); /* removes the socket */

/* What the loop is to wait for, and what to do when it came. */
void control_set_watches(struct control *c);
void control_on_ready(struct control *c, const struct watch_ready *ready);

#endif
