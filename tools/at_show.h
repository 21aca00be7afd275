/*
 * What the user sees: the dialogue with its times, a line at a time. Bytes from outside are made
 * harmless for a terminal first.
 */
#ifndef AT_SHOW_H
#define AT_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum at_mark {
    AT_MARK_SENT,
    AT_MARK_RECEIVED,
    AT_MARK_ECHO,      /* received, not matched */
    AT_MARK_UNCHECKED, /* received, not matched */
    AT_MARK_COMMAND,
    AT_MARK_OUTPUT, /* of a command */
    AT_MARK_NOTE,
};

struct at_show {
    bool quiet;
    bool color;
    bool broken; /* standard output takes no more */
    uint64_t start_ms;
};

void at_show(struct at_show *show, enum at_mark mark, const char *text);

/* Writes text with everything but printable ASCII and UTF-8 as \xNN. */
void at_put_safe(FILE *out, const char *text);

#endif
