/*
 * --help, made of the rows of verbs.c.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"

#define LINE_COLUMNS 96
#define INDENT 6

static const char options_text[] =
    "\n"
    "Options of all verbs:\n"
    "  --url URL          of the platform; $BC260Y_URL, or " CLI_URL_DEFAULT "\n"
    "  --token-file FILE  with the token; $BC260Y_TOKEN holds the token itself; without both the\n"
    "                     one that the platform made at its first start\n"
    "  --json             print JSON, lists as arrays\n"
    "  --limit N          of a list show N items at most, 0 for all; 100\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage.\n";

/* What an option's value is called. */
static const char *value_name(const struct argument *argument)
{
    static const struct {
        const char *kind, *name;
    } names[] = {{"int", "N"},         {"count", "N"},   {"days", "N"},    {"list", "A,B"},
                 {"any", "VALUE"},     {"json", "JSON"}, {"text", "FILE"}, {"secret", "FILE"},
                 {"document", "FILE"}, {"psk", "FILE"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(argument->kind, names[i].kind) == 0)
            return names[i].name;
    return "TEXT";
}

/* A word of a usage line, which goes on in the next line when it is full. */
static void put_word(size_t *column, const char *word)
{
    size_t len = strlen(word);
    if (*column + 1 + len > LINE_COLUMNS) {
        printf("\n%*s%s", INDENT + 4, "", word);
        *column = INDENT + 4 + len;
    } else {
        printf(" %s", word);
        *column += 1 + len;
    }
}

static void put_usage(const struct cli_verb *verb)
{
    struct arguments all;
    char word[80];
    arguments_of(verb, &all);
    size_t column = (size_t)printf("  %s", verb->noun);
    if (*verb->name != '\0')
        put_word(&column, verb->name);
    for (size_t i = 0; i < all.count; i++) {
        const struct argument *a = &all.list[i];
        if (a->option && argument_has_value(a))
            snprintf(word, sizeof(word), "[%s %s]", a->shown, value_name(a));
        else
            snprintf(word, sizeof(word), a->option || a->optional ? "[%s]" : "%s%s", a->shown,
                     a->repeated ? "..." : "");
        put_word(&column, word);
    }
    printf("\n%*s", INDENT - 1, "");
    column = INDENT - 1;
    for (const char *at = verb->about; *at != '\0'; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        snprintf(word, sizeof(word), "%.*s", (int)len, at);
        if (column + 1 + len > LINE_COLUMNS)
            column = (size_t)printf("\n%*s", INDENT - 1, "") - 1;
        put_word(&column, word);
        at += len;
    }
    putchar('\n');
}

enum cli_exit cli_help(const char *noun, const char *name)
{
    bool all = noun == NULL;
    printf("usage: bc260y-platform %s [ARGUMENT]... [OPTION]...\n"
           "%s\n\n",
           all ? "NOUN VERB" : noun,
           all ? "Works on a platform that runs with --http: bc260y-platform serve. Each noun has "
                 "--help.\nThe server's own options: bc260y-platform --help."
               : "Works on a platform that runs with --http: bc260y-platform serve.");
    for (const struct cli_verb *v = cli_verbs; v->noun != NULL; v++)
        if ((all || strcmp(v->noun, noun) == 0) && (name == NULL || strcmp(v->name, name) == 0))
            put_usage(v);
    if (all)
        puts("  completion bash|zsh\n"
             "      Prints the script that completes all this: eval \"$(bc260y-platform completion "
             "bash)\".");
    fputs(options_text, stdout);
    return cli_finish();
}
