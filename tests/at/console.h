/*
 * A small table of commands of its own (console.c shows the rows), and what its handlers were
 * called with. Independent of the module's commands.
 */
#ifndef TEST_CONSOLE_H
#define TEST_CONSOLE_H

#include "at/command.h"
#include "check.h"

struct console {
    uint8_t log[4096]; /* "+PAIR=[1][-]": name, form (= ? or none), fields; [-] is left out */
    bc_sink called;
    uint8_t text[256]; /* information lines */
    bc_sink out;
    struct bc_at_arg arg[BC_AT_PARAMS_MAX]; /* of the last call */
    bc_view line;                           /* the last one, on the heap */
};

void console_begin(struct console *c);
void console_end(struct console *c);

/* Executes a line and returns the result; log and information lines begin anew. */
int console_run(struct console *c, const char *line);
int console_run_bytes(struct console *c, bc_view line);

/* A line that must end in that result after exactly these calls. */
#define check_calls(...) check_calls_at(__FILE__, __LINE__, __VA_ARGS__)
void check_calls_at(const char *file, int line, struct console *c, const char *command, int result,
                    const char *calls);

#endif
