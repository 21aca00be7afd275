/*
 * Costs of steps: see costs.h.
 */
#define _GNU_SOURCE
#include "costs.h"

#include <time.h>

#include "platform/store/inside.h"

int64_t costs_instructions(const struct office *o)
{
    int64_t sum = 0;
    for (sqlite3_stmt *s = sqlite3_next_stmt(o->store->db, NULL); s != NULL;
         s = sqlite3_next_stmt(o->store->db, s))
        sum += sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 1);
    return sum;
}

double costs_cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

void costs_note(struct costs *costs, struct office *o, const char *step, double begun_us)
{
    assert_true(costs->count < COSTS_MAX);
    costs->list[costs->count++] = (struct cost){
        .step = step, .instructions = costs_instructions(o), .cpu_us = costs_cpu_us() - begun_us};
    office_forget(o);
}

void costs_print(const struct cost *few, const struct cost *many)
{
    print_message("%-28s %8lld and %8lld instructions, %8.0f and %8.0f us\n", few->step,
                  (long long)few->instructions, (long long)many->instructions, few->cpu_us,
                  many->cpu_us);
}
