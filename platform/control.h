/*
 * The line interface: commands come in on standard input and on a Unix socket, each is answered
 * with one line of JSON, when the device has answered where one is asked.
 */
#ifndef BC_PLATFORM_CONTROL_H
#define BC_PLATFORM_CONTROL_H

#include <jansson.h>

#include "commands.h"

#define CONTROL_CLIENTS_MAX 64

struct control_client {
    int fd; /* -1 = free place */
    uint32_t generation;
    char line[COMMAND_BYTES_MAX];
    size_t line_bytes;
    bool overlong; /* swallow up to the end of the line */
    bool standard; /* standard input and output */
    bool ended;    /* no more commands, but answers may still have to go out */
    uint32_t open; /* requests that devices have not answered */
    char *out;     /* what the socket has not taken */
    size_t out_bytes;
};

struct control {
    int listener; /* -1 = none */
    const char *path;
    int epoll;
    struct bc_server *server;
    struct security *security;
    struct bc_store *store;
    struct control_client clients[CONTROL_CLIENTS_MAX + 1]; /* the first is standard input */
    bool quit;
};

/* The socket; `path` may be NULL, and so may `store`. False after a line on stderr. */
bool platform_control_open(struct control *c, const char *path, int epoll, struct bc_server *server,
                           struct security *security, struct bc_store *store);
void platform_control_close(struct control *c); /* removes the socket */

/* From now on commands are also taken from standard input; a file's at once. */
void platform_control_read_standard(struct control *c, uint64_t now_ms);

/* Something happened to `fd`. */
void platform_control_on_ready(struct control *c, int fd, uint32_t epoll_events, uint64_t now_ms);

/* The answer to the command with that tag; released here. */
void platform_control_answer(struct control *c, uint64_t tag, json_t *answer);

/* `bc260y-platform ctl SOCKET COMMAND...`; the exit status. */
int platform_ctl(int argc, char **argv);

#endif
