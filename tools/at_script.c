/*
 * Reading transcripts: one line, one step. Everything that can be wrong with a transcript is found
 * here, before a byte goes to the module.
 */
#define _GNU_SOURCE
#include "at_script.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_MAX = 100000 };

/* One line being read. */
struct reader {
    struct at_script *script;
    struct at_names *known;
    unsigned line;
    bool others; /* "....." stands above */
    char *why;
};

__attribute__((format(printf, 2, 3))) static bool fail(const struct reader *r, const char *format,
                                                       ...)
{
    va_list args;
    int used = snprintf(r->why, AT_WHY_MAX, "%s:%u: ", r->script->file, r->line);

    va_start(args, format);
    if (used > 0 && used < AT_WHY_MAX)
        vsnprintf(r->why + used, (size_t)(AT_WHY_MAX - used), format, args);
    va_end(args);
    return false;
}

bool at_parse_limit(const char *text, bool bare_seconds, uint32_t *limit_ms)
{
    uint64_t value = 0;
    size_t digits = strspn(text, "0123456789");
    const char *unit = text + digits;

    if (digits == 0 || digits > 9)
        return false;
    for (size_t i = 0; i < digits; i++)
        value = 10 * value + (uint64_t)(text[i] - '0');
    if (strcmp(unit, "s") == 0 || (bare_seconds && *unit == '\0'))
        value *= 1000;
    else if (strcmp(unit, "ms") != 0)
        return false;
    if (value == 0 || value > AT_LIMIT_MS_MAX)
        return false;
    *limit_ms = (uint32_t)value;
    return true;
}

static struct at_step *add(struct reader *r, enum at_step_kind kind, const char *text)
{
    struct at_script *s = r->script;

    if (s->count == s->capacity) {
        size_t capacity = s->capacity == 0 ? 64 : 2 * s->capacity;
        struct at_step *steps = realloc(s->steps, capacity * sizeof(*steps));
        if (capacity > 2 * STEPS_MAX || steps == NULL) {
            s->steps = steps != NULL ? steps : s->steps;
            fail(r, "the transcript is too long");
            return NULL;
        }
        s->steps = steps;
        s->capacity = capacity;
    }
    char *copy = strdup(text);
    if (copy == NULL) {
        fail(r, "out of memory");
        return NULL;
    }
    s->steps[s->count] = (struct at_step){.kind = kind, .line = r->line, .text = copy};
    return &s->steps[s->count++];
}

static bool learn(struct reader *r, const char *name, size_t len)
{
    if (!at_name_valid(name, len))
        return fail(r, "'%.*s' is no name: 1 to %d of a-z, 0-9 and _, no digit first", (int)len,
                    name, AT_NAME_MAX);
    if (!at_names_set(r->known, name, len, "", 0, AT_FROM_SCRIPT))
        return fail(r, "more than %d names", AT_NAMES_MAX);
    return true;
}

static bool read_outgoing(struct reader *r, enum at_step_kind kind, const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        size_t len = at_name_at(c);
        if (len > 0 && at_names_get(r->known, c + 1, len) == NULL)
            return fail(r,
                        "nothing above gives {%.*s} a value: capture it in an expected line, "
                        "or use %%let or -D",
                        (int)len, c + 1);
    }
    return add(r, kind, text) != NULL;
}

static bool read_expected(struct reader *r, const char *text, uint32_t limit_ms)
{
    for (const char *c = text; *c != '\0'; c++) {
        size_t len = at_name_at(c);
        if (len == 0)
            continue;
        if (at_name_at(c + len + 2) > 0)
            return fail(r, "two names need a character between them");
        if ((len > 1 || c[1] != '_') && !learn(r, c + 1, len))
            return false;
    }
    struct at_step *step = add(r, AT_STEP_EXPECT, text);
    if (step == NULL)
        return false;
    step->limit_ms = limit_ms;
    step->others = r->others;
    r->others = false;
    return true;
}

/* "[30s] text": an expected line with a limit of its own, whatever the text looks like. */
static bool read_limited(struct reader *r, char *text)
{
    uint32_t limit_ms;
    char *end = strchr(text, ']');

    if (end != NULL)
        *end = '\0';
    if (end == NULL || !at_parse_limit(text + 1, false, &limit_ms))
        return fail(r, "a time limit is written [30s] or [500ms], at most 24 hours");
    end++;
    end += strspn(end, " \t");
    if (*end == '\0')
        return fail(r, "the time limit needs an expected line behind it");
    return read_expected(r, end, limit_ms);
}

static bool read_let(struct reader *r, char *text)
{
    char *equals = strchr(text, '=');

    if (equals == NULL)
        return fail(r, "write %%let name=value");
    if (!learn(r, text, (size_t)(equals - text)))
        return false;
    struct at_step *step = add(r, AT_STEP_LET, text);
    if (step == NULL)
        return false;
    step->text[equals - text] = '\0';
    step->value = step->text + (equals - text) + 1;
    return true;
}

static bool read_directive(struct reader *r, char *text)
{
    char *argument = text + strcspn(text, " \t");
    enum at_step_kind kind;
    uint32_t limit_ms;

    if (*argument != '\0')
        *argument++ = '\0';
    argument += strspn(argument, " \t");
    if (strcmp(text, "%let") == 0)
        return read_let(r, argument);
    if (strcmp(text, "%timeout") == 0)
        kind = AT_STEP_LIMIT;
    else if (strcmp(text, "%quiet") == 0)
        kind = AT_STEP_QUIET;
    else
        return fail(r, "unknown directive '%s': there are %%let, %%timeout and %%quiet", text);
    if (!at_parse_limit(argument, false, &limit_ms))
        return fail(r, "write %s 30s or %s 500ms, at most 24 hours", text, text);
    char shown[32];
    snprintf(shown, sizeof(shown), "nothing for %s", argument);
    struct at_step *step = add(r, kind, kind == AT_STEP_QUIET ? shown : "");
    if (step == NULL)
        return false;
    step->limit_ms = limit_ms;
    return true;
}

/* Cuts the comment and the white space around what is left. A comment begins with // where a word
 * could begin, outside double quotes: coap://host is none, nor is "a // b". */
static char *strip(char *text)
{
    bool quoted = false;
    size_t len = 0;

    for (; text[len] != '\0'; len++) {
        if (text[len] == '"')
            quoted = !quoted;
        if (!quoted && text[len] == '/' && text[len + 1] == '/' &&
            (len == 0 || isspace((unsigned char)text[len - 1])))
            break;
    }
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        len--;
    text[len] = '\0';
    return text + strspn(text, " \t\r\n\v\f");
}

/* As the guide leaves lines out. */
static bool is_ellipsis(const char *text)
{
    size_t dots = strspn(text, ".");
    return dots >= 3 && text[dots] == '\0';
}

static bool read_known(struct reader *r, char *text)
{
    if (strncmp(text, "AT", 2) == 0 || strncmp(text, "at", 2) == 0)
        return read_outgoing(r, AT_STEP_SEND, text);
    if (text[0] == '>' && (text[1] == ' ' || text[1] == '\0'))
        return read_outgoing(r, AT_STEP_SEND, text[1] == ' ' ? text + 2 : text + 1);
    if (text[0] == '$' && (text[1] == ' ' || text[1] == '\0'))
        return text[1] == ' ' ? read_outgoing(r, AT_STEP_SHELL, text + 2)
                              : fail(r, "there is no command behind the $");
    if (text[0] == '%')
        return read_directive(r, text);
    if (text[0] == '[' && text[1] >= '0' && text[1] <= '9')
        return read_limited(r, text);
    return read_expected(r, text, 0);
}

static bool read_step(struct reader *r, char *text)
{
    text = strip(text);
    if (*text == '\0')
        return true;
    if (is_ellipsis(text)) {
        r->others = true;
        return true;
    }
    return read_known(r, text) &&
           (!r->others || fail(r, "behind the dots a line has to be expected"));
}

bool at_script_read(struct at_script *script, const char *file, FILE *in, struct at_names *known,
                    char why[AT_WHY_MAX])
{
    struct reader r = {.script = script, .known = known, .why = why};
    char *text = calloc(1, AT_LINE_MAX + 2);
    bool good = true;

    *script = (struct at_script){.file = file};
    if (text == NULL)
        return fail(&r, "out of memory");
    while (good) {
        int c;
        size_t len = 0;

        r.line++;
        while ((c = getc(in)) != EOF && c != '\n' && c != '\0' && len <= AT_LINE_MAX)
            text[len++] = (char)c;
        text[len] = '\0';
        if (c == '\0')
            good = fail(&r, "a NUL byte: this is no text file");
        else if (len > AT_LINE_MAX)
            good = fail(&r, "the line is longer than %d bytes", AT_LINE_MAX);
        else
            good = read_step(&r, text);
        if (c == EOF)
            break;
    }
    if (good && r.others)
        good = fail(&r, "behind the dots a line has to be expected");
    if (good && ferror(in))
        good = fail(&r, "cannot read the file");
    free(text);
    return good;
}

void at_script_free(struct at_script *script)
{
    for (size_t i = 0; i < script->count; i++)
        free(script->steps[i].text);
    free(script->steps);
    *script = (struct at_script){.file = NULL};
}
