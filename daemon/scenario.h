/*
 * --scenario: commands with times, one a line, for runs that nobody attends:
 *
 *     # the network is bad for a minute
 *     10s     loss 30
 *     1m10s   heal
 *     1h30m   blackhole 10m
 *
 * Times are the module's, from its start. The file is read as a whole before anything begins, so
 * that a mistake in its last line does not cost the hours before.
 */
#ifndef BC_DAEMON_SCENARIO_H
#define BC_DAEMON_SCENARIO_H

#include "command.h"

#define SCENARIO_STEPS_MAX 10000

struct scenario_step {
    uint64_t at_ms;
    unsigned line; /* of the file */
    struct command command;
};

struct scenario {
    const char *path; /* borrowed */
    struct scenario_step *steps;
    size_t count;
    size_t next;
};

/* 0, or the exit status after a report. `*s` is to be closed in any case. */
int scenario_load(struct scenario *s, const char *path);
void scenario_close(struct scenario *s);

/* The next step that is due; false when there is none now. */
bool scenario_take(struct scenario *s, uint64_t now_ms, struct scenario_step *out);
uint64_t scenario_deadline(const struct scenario *s); /* of the next step, or BC_NEVER */

#endif
