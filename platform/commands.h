/*
 * The commands of the line interface: `read EP /3/0/0` and its sisters; `help` lists them.
 */
#ifndef BC_PLATFORM_COMMANDS_H
#define BC_PLATFORM_COMMANDS_H

#include <jansson.h>

#include "security.h"
#include "server.h"
#include "store.h"

#define COMMAND_BYTES_MAX 9216 /* a value in hex, and the words before it */

struct command_context {
    struct bc_server *server;
    struct security *security;
    struct bc_store *store; /* NULL: there is none */
    uint64_t now_ms;
    uint64_t tag; /* for a request to a device */
    bool quit;    /* set by the command of that name */
};

/* The answer, or NULL when it follows with the event of that tag. `line` is changed. */
json_t *platform_command_run(struct command_context *context, char *line, size_t len);

#endif
