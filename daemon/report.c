/*
 * Errors for people: see report.h.
 */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>

void report(const char *format, ...)
{
    char line[1024]; /* one write, so that lines of several programs do not mix */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    fprintf(stderr, "bc260y: %s\n", line);
}
