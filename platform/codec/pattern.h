/*
 * Patterns as Lua has them (reference manual 6.4.1), with a count of steps: the matcher of the
 * library goes back and forth without an end that we could set, so that ("a*"):rep(30) on thirty
 * a's would hold up the whole platform.
 */
#ifndef BC_PLATFORM_PATTERN_H
#define BC_PLATFORM_PATTERN_H

#include "bc260y/types.h"

#define PATTERN_CAPTURES_MAX 32
#define PATTERN_DEPTH_MAX 200

struct pattern_capture {
    size_t start;
    size_t len;
    bool open;     /* its ')' has not come yet */
    bool position; /* "()" */
};

/* The first three are the caller's. */
struct pattern {
    bc_view subject;
    bc_view text;   /* of the pattern, without a '^' in front */
    int64_t *steps; /* left; below 0 it has failed */
    const char *problem;
    unsigned depth;
    size_t captures;
    struct pattern_capture capture[PATTERN_CAPTURES_MAX];
};

/* Whether the pattern matches from `start` on, and where that ends. False with a problem, a static
 * text, when the pattern is malformed or too complex, or no steps are left. */
bool pattern_match(struct pattern *p, size_t start, size_t *end);

#endif
