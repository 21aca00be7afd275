/*
 * What happened in a simulation, line by line: kept for who has to find out why it failed, and
 * summed up in one number, so that two runs can be compared byte for byte.
 */
#ifndef SIM_DIARY_H
#define SIM_DIARY_H

#include "bc260y/types.h"

#define DIARY_LINES 400 /* the last ones are told when it fails */
#define DIARY_LINE_BYTES 200

struct diary {
    const char *repeat; /* the command that repeats the run */
    bool aloud;         /* every line is printed */
    uint64_t now_ms;
    uint64_t sum; /* of everything that was written */
    size_t count;
    char lines[DIARY_LINES][DIARY_LINE_BYTES];
};

void diary_write(struct diary *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Bytes that count for the sum, and are not told. */
void diary_sum(struct diary *d, bc_view bytes);
/* Tells what happened last, and how to see it again; ends the program with status 1. */
void diary_fail(struct diary *d, const char *format, ...)
    __attribute__((format(printf, 2, 3), noreturn));

#endif
