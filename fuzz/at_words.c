/*
 * The words of the AT command tables for the fuzzers, so that those follow the tables:
 *   at_words dictionary   names, operations and what goes around them, for libFuzzer's -dict
 *   at_words lines        an input of fuzz_at_line: every command and operation in every form
 */
#include <stdio.h>
#include <string.h>

#include "module/state.h"

static const struct bc_at_table *const tables[] = {&bc_module_qla_table, &bc_module_base_table};

#define TABLES (sizeof(tables) / sizeof(tables[0]))
#define FRESH_MODULE '0' /* the first byte of such an input; see begin_in_state() there */

static void print_entry(const char *before, const char *word, const char *behind)
{
    printf("\"%s%s%s\"\n", before, word, behind);
}

static void print_dictionary(void)
{
    static const char *const others[] = {"=?",
                                         "?",
                                         "=",
                                         ",",
                                         "-1",
                                         "65535",
                                         "65536",
                                         "4097",
                                         "19,0,0",
                                         "1,5,\\\"abcde\\\",0",
                                         "2,2,\\\"0A0b\\\",0",
                                         "3,4,\\\"-7\\\",0",
                                         "4,8,\\\"1.5e3\\\",0",
                                         "5,1,\\\"1\\\",0",
                                         "\\x0D",
                                         "\\x08",
                                         "\\\"",
                                         "AT"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        print_entry("", others[i], "");
    for (size_t t = 0; t < TABLES; t++)
        for (size_t i = 0; i < tables[t]->commands; i++) {
            const struct bc_at_command *command = &tables[t]->command[i];
            print_entry("AT", command->name, "");
            for (unsigned o = 0; o < command->operations; o++)
                print_entry("\\\"", command->operation[o].name, "\\\"");
        }
}

static void print_lines(void)
{
    static const char *const forms[] = {"", "?", "=?"};
    putchar(FRESH_MODULE);
    for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++)
        for (size_t t = 0; t < TABLES; t++)
            for (size_t i = 0; i < tables[t]->commands; i++) {
                const struct bc_at_command *command = &tables[t]->command[i];
                printf("AT%s%s\r", command->name, forms[f]);
                for (unsigned o = 0; f == 0 && o < command->operations; o++)
                    printf("AT%s=\"%s\"\r", command->name, command->operation[o].name);
            }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "dictionary") == 0) {
        print_dictionary();
    } else if (argc == 2 && strcmp(argv[1], "lines") == 0) {
        print_lines();
    } else {
        fprintf(stderr, "usage: %s dictionary|lines\n", argv[0]);
        return 2;
    }
    return 0;
}
