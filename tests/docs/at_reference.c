/*
 * Prints a command table of docs/AT.md from the rows that the module parses by:
 *
 *     at_reference qla | base
 *
 * scripts/at_reference.py puts what it prints between the marks of the page.
 */
#include <stdio.h>
#include <string.h>

#include "module/state.h"

/* What a number or a text of this parameter may be. */
static void print_range(const struct bc_at_param *param)
{
    if (param->type == BC_AT_STRING)
        printf("(%d-%d bytes)", (int)param->min, (int)param->max);
    else if (param->type == BC_AT_LISTED)
        printf("(%s)", param->only);
    else if (param->type == BC_AT_INT && param->min == param->max)
        printf("(%d)", (int)param->min);
    else if (param->type == BC_AT_INT)
        printf(param->max - param->min == 1 ? "(%d,%d)" : "(%d-%d)", (int)param->min,
               (int)param->max);
}

/* `separator` stands before the first; from the first optional one on all is in brackets. */
static void print_params(const struct bc_at_param *param, unsigned params, const char *separator,
                         bool ranges)
{
    unsigned brackets = 0;
    for (unsigned i = 0; i < params; i++) {
        if (param[i].optional) {
            printf("[");
            brackets++;
        }
        printf("%s<%s>", separator, param[i].name);
        if (ranges)
            print_range(&param[i]);
        if (param[i].repeat > 1)
            printf("[,...]");
        separator = ",";
    }
    for (; brackets > 0; brackets--)
        printf("]");
}

static void print_forms(const struct bc_at_command *command, bool basic)
{
    static const struct {
        enum bc_at_form form;
        const char *extended;
        const char *basic;
    } forms[] = {
        {BC_AT_TEST, "`=?`", ""},
        {BC_AT_READ, "`?`", ""},
        {BC_AT_SET, "`=`", "number"},
        {BC_AT_EXECUTE, "bare", "bare"},
    };
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
        if ((command->forms & (unsigned)forms[i].form) != 0)
            printf(" %s", basic ? forms[i].basic : forms[i].extended);
}

static void print_row(const struct bc_at_command *command)
{
    bool basic = command->name[0] != '+';
    printf("| `AT%s` |", command->name);
    print_forms(command, basic);
    printf(" |");
    for (unsigned i = 0; i < command->operations; i++) {
        const struct bc_at_operation *operation = &command->operation[i];
        printf("%s`\"%s\"", i == 0 ? " " : "<br>", operation->name);
        print_params(operation->param, operation->params, ",", true);
        printf("`");
    }
    if (command->params > 0) {
        printf(" `");
        print_params(command->param, command->params, "", command->test == NULL);
        printf("`");
    }
    if (command->test != NULL)
        printf(" `%s`", command->test);
    printf(" |\n");
}

int main(int argc, char **argv)
{
    const struct bc_at_table *table = NULL;
    if (argc == 2 && strcmp(argv[1], "qla") == 0)
        table = &bc_module_qla_table;
    if (argc == 2 && strcmp(argv[1], "base") == 0)
        table = &bc_module_base_table;
    if (table == NULL) {
        fprintf(stderr, "usage: at_reference qla|base\n");
        return 2;
    }
    printf("| command | forms | parameters |\n|---|---|---|\n");
    for (size_t i = 0; i < table->commands; i++)
        print_row(&table->command[i]);
    return 0;
}
