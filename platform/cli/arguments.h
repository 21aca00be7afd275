/*
 * The arguments of a verb, as its row lists them (cli.h), and what becomes of those that are given.
 */
#ifndef BC_PLATFORM_ARGUMENTS_H
#define BC_PLATFORM_ARGUMENTS_H

#include "cli.h"

#define ARGUMENTS_MAX 32

struct argument {
    char shown[40]; /* "NAME", "--data-format" */
    char field[40]; /* "name", "data_format" */
    char kind[12];  /* "" is a string */
    bool option;    /* begins with -- */
    bool optional;  /* an operand in brackets */
    bool repeated;  /* an operand with ... */
};

struct arguments {
    struct argument list[ARGUMENTS_MAX];
    size_t count;
};

void arguments_of(const struct cli_verb *verb, struct arguments *out);
bool argument_has_value(const struct argument *argument);

/* Fills path, query, body and local of `cli` from the words behind the verb. False after a line on
 * stderr that says what is wrong. */
bool arguments_take(struct cli *cli, int count, char **words);

/* A name of the file system or - for standard input: its content, to be freed; NULL after a line on
 * stderr. */
char *arguments_read_file(const char *name, size_t *len);

#endif
