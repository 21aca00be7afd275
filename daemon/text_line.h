/*
 * Lines of text files as fgets() reads them into a small buffer.
 */
#ifndef BC_DAEMON_TEXT_LINE_H
#define BC_DAEMON_TEXT_LINE_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* False when the line was too long for its buffer, or has a NUL in it: its end does not show. */
static inline bool text_line_is_whole(const char *line, FILE *file)
{
    size_t len = strlen(line);
    return (len > 0 && line[len - 1] == '\n') || feof(file);
}

#endif
