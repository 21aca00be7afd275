/*
 * See diary.h. The sum is FNV-1a.
 */
#include "diary.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FNV_PRIME UINT64_C(0x100000001B3)

void diary_sum(struct diary *d, bc_view bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        d->sum = (d->sum ^ bytes.ptr[i]) * FNV_PRIME;
}

void diary_write(struct diary *d, const char *format, ...)
{
    char *line = d->lines[d->count++ % DIARY_LINES];
    uint64_t s = d->now_ms / 1000;
    int head = snprintf(line, DIARY_LINE_BYTES,
                        "day %" PRIu64 " %02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%03" PRIu64 " ",
                        s / 86400, s / 3600 % 24, s / 60 % 60, s % 60, d->now_ms % 1000);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + head, DIARY_LINE_BYTES - (size_t)head, format, arguments);
    va_end(arguments);
    diary_sum(d, (bc_view){(const uint8_t *)line, strlen(line)});
    if (d->aloud)
        puts(line);
}

void diary_fail(struct diary *d, const char *format, ...)
{
    size_t first = d->count > DIARY_LINES ? d->count - DIARY_LINES : 0;
    for (size_t i = first; i < d->count && !d->aloud; i++)
        puts(d->lines[i % DIARY_LINES]);
    va_list arguments;
    va_start(arguments, format);
    fflush(stdout);
    fputs("sim_week: ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\nto see it again: %s\n", d->repeat);
    exit(1);
}
