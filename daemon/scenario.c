/*
 * Scenario files: see scenario.h.
 */
#define _GNU_SOURCE
#include "scenario.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bc260y/types.h"
#include "common/number.h"
#include "report.h"
#include "text_line.h"

#define LINE_BYTES 512                  /* with its end */
#define AT_MS_MAX UINT64_C(31536000000) /* a year */
#define STEPS_A_TIME 64

static const char blanks[] = " \t\r\n";

/* Room for one step more. */
static bool grow(struct scenario *s)
{
    if (s->count % STEPS_A_TIME != 0)
        return true;
    size_t bytes = (s->count + STEPS_A_TIME) * sizeof(*s->steps);
    struct scenario_step *steps = realloc(s->steps, bytes);
    if (steps != NULL)
        s->steps = steps;
    return steps != NULL;
}

/* Splits "10s loss 30" behind the time. */
static bool read_step(char *text, struct scenario_step *out, char why[COMMAND_WHY_BYTES])
{
    size_t len = strcspn(text, blanks);
    char *command = text + len + (text[len] != '\0');
    text[len] = '\0';
    if (!number_parse_time(text, AT_MS_MAX, &out->at_ms)) {
        snprintf(why, COMMAND_WHY_BYTES,
                 "a line is TIME COMMAND, with a TIME like 10s or 1h30m, at most 365d");
        return false;
    }
    return command_parse(command, &out->command, why);
}

/* 0 or an exit status. */
static int load_line(struct scenario *s, unsigned number, char *line)
{
    char why[COMMAND_WHY_BYTES];
    struct scenario_step step = {.line = number};
    line[strcspn(line, "#")] = '\0';
    char *text = line + strspn(line, blanks);
    if (*text == '\0')
        return 0;
    if (s->count == SCENARIO_STEPS_MAX) {
        report("%s:%u: a scenario has at most %d steps", s->path, number, SCENARIO_STEPS_MAX);
        return EXIT_USAGE;
    }
    if (!read_step(text, &step, why)) {
        report("%s:%u: %s", s->path, number, why);
        return EXIT_USAGE;
    }
    if (!grow(s)) {
        report("%s: not enough memory", s->path);
        return EXIT_RUNTIME;
    }
    s->steps[s->count++] = step;
    return 0;
}

/* By time; steps of one time keep the order of their lines. */
static int compare(const void *left, const void *right)
{
    const struct scenario_step *a = left;
    const struct scenario_step *b = right;
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return a->line < b->line ? -1 : a->line > b->line;
}

int scenario_load(struct scenario *s, const char *path)
{
    char line[LINE_BYTES];
    int status = 0;
    *s = (struct scenario){.path = path};
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        report("cannot read --scenario %s: %s", path, strerror(errno));
        return EXIT_RUNTIME;
    }
    for (unsigned number = 1; status == 0 && fgets(line, sizeof(line), file) != NULL; number++) {
        if (!text_line_is_whole(line, file)) {
            report("%s:%u: longer than %d bytes, or with a NUL", path, number, LINE_BYTES - 2);
            status = EXIT_USAGE;
        } else {
            status = load_line(s, number, line);
        }
    }
    if (ferror(file)) {
        report("cannot read --scenario %s: %s", path, strerror(errno));
        status = EXIT_RUNTIME;
    }
    fclose(file);
    if (s->count > 0)
        qsort(s->steps, s->count, sizeof(*s->steps), compare);
    return status;
}

void scenario_close(struct scenario *s)
{
    free(s->steps);
    *s = (struct scenario){0};
}

uint64_t scenario_deadline(const struct scenario *s)
{
    return s->next < s->count ? s->steps[s->next].at_ms : BC_NEVER;
}

bool scenario_take(struct scenario *s, uint64_t now_ms, struct scenario_step *out)
{
    if (scenario_deadline(s) > now_ms)
        return false;
    *out = s->steps[s->next++];
    return true;
}
