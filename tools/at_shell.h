/*
 * The platform's side of a transcript: one shell command, its output shown, its time limited.
 */
#ifndef AT_SHELL_H
#define AT_SHELL_H

#include "at_match.h"
#include "at_port.h"
#include "at_show.h"

enum at_shell {
    AT_SHELL_DONE, /* `status` as from waitpid */
    AT_SHELL_LATE, /* killed */
    AT_SHELL_STOPPED,
    AT_SHELL_FAILED, /* could not be started */
};

/* Runs `command` with /bin/sh; every name is in its environment as BC_NAME. What arrives at the
 * port meanwhile is taken in, so that a slow command loses nothing. */
enum at_shell at_shell_run(const char *command, const struct at_names *names, struct at_port *port,
                           struct at_show *show, uint64_t until_ms, int *status);

#endif
