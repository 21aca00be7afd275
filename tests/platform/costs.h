/*
 * What steps of the platform cost, to be held against what they cost with far more devices. SQLite
 * counts the instructions of its own machine, which are the same each time; the processor's time,
 * which is not, is only to notice a walk through memory.
 */
#ifndef TESTS_PLATFORM_COSTS_H
#define TESTS_PLATFORM_COSTS_H

#include "office.h"

#define COSTS_MAX 32

struct cost {
    const char *step;
    int64_t instructions;
    double cpu_us;
};

struct costs {
    struct cost list[COSTS_MAX];
    size_t count;
};

/* SQLite's since they were asked for last. */
int64_t costs_instructions(const struct office *o);
double costs_cpu_us(void);

/* A step that began at `begun_us` has ended; what the office has been told of is forgotten. */
void costs_note(struct costs *costs, struct office *o, const char *step, double begun_us);

/* A step with few and with many devices. */
void costs_print(const struct cost *few, const struct cost *many);

#endif
