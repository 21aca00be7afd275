/*
 * A transcript as a list of steps. Its language looks like the examples of the module's guide
 * (chapter 5); bc260y-at(1) describes it.
 */
#ifndef AT_SCRIPT_H
#define AT_SCRIPT_H

#include "at_match.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    AT_WHY_MAX = 512,                   /* bytes of an error message */
    AT_LIMIT_MS_MAX = 24 * 3600 * 1000, /* longest time a transcript may name */
};

enum at_step_kind {
    AT_STEP_SEND,   /* text */
    AT_STEP_EXPECT, /* text; limit_ms, 0 = the usual one */
    AT_STEP_SHELL,  /* text */
    AT_STEP_LET,    /* text = name, value */
    AT_STEP_LIMIT,  /* limit_ms */
    AT_STEP_QUIET,  /* limit_ms */
};

struct at_step {
    enum at_step_kind kind;
    unsigned line; /* in the file, from 1 */
    uint32_t limit_ms;
    bool others; /* may come before the expected line */
    char *text;
    const char *value; /* inside text */
};

struct at_script {
    const char *file; /* borrowed */
    struct at_step *steps;
    size_t count, capacity;
};

/* Reads a transcript. `known` holds the names that have a value when it starts and gets those it
 * adds: a line that sends a name nobody has set is an error here, not after an hour of playing.
 * False: `why` begins with file:line. Call at_script_free() in either case. */
bool at_script_read(struct at_script *script, const char *file, FILE *in, struct at_names *known,
                    char why[AT_WHY_MAX]);
void at_script_free(struct at_script *script);

/* "30s", "500ms", and with `bare_seconds` also "30"; 1 ms to 24 hours. */
bool at_parse_limit(const char *text, bool bare_seconds, uint32_t *limit_ms);

#endif
