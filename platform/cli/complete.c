/*
 * The completion of shells, made of the rows of verbs.c:
 *
 *     eval "$(bc260y-platform completion bash)"
 */
#include <stdio.h>
#include <string.h>

#include "arguments.h"

#define ALL_OPTIONS "--url --token-file --json --limit --help"

/* Each noun once, in front of its verbs. */
static bool is_first(const struct cli_verb *verb)
{
    return verb == cli_verbs || strcmp(verb[-1].noun, verb->noun) != 0;
}

static void put_nouns(void)
{
    for (const struct cli_verb *v = cli_verbs; v->noun != NULL; v++)
        if (is_first(v))
            printf("%s ", v->noun);
    fputs("completion ctl serve help", stdout);
}

/* "    device) words='list show';;" */
static void put_names(const struct cli_verb *first)
{
    printf("    %s) words='", first->noun);
    for (const struct cli_verb *v = first; v->noun != NULL && strcmp(v->noun, first->noun) == 0;
         v++)
        printf("%s%s", v != first ? " " : "", v->name);
    puts("' ;;");
}

static void put_options(const struct cli_verb *verb)
{
    struct arguments all;
    arguments_of(verb, &all);
    printf("    '%s %s') words='" ALL_OPTIONS, verb->noun, verb->name);
    for (size_t i = 0; i < all.count; i++)
        if (all.list[i].option)
            printf(" %s", all.list[i].shown);
    puts("' ;;");
}

/* A function that puts into `words` what can stand behind noun and verb: both shells read it. The
 * server's options are no rows, and so are asked for. */
static void put_function(void)
{
    fputs("_bc260y_platform_words() {\n"
          "  words=\n"
          "  if [ \"$1\" = 1 ]; then words='",
          stdout);
    put_nouns();
    puts("'\n"
         "  elif [ \"$1\" = 2 ]; then case \"$2\" in");
    for (const struct cli_verb *v = cli_verbs; v->noun != NULL; v++)
        if (is_first(v))
            put_names(v);
    puts("    completion) words='bash zsh' ;;\n"
         "    esac\n"
         "  else case \"$2 $3\" in");
    for (const struct cli_verb *v = cli_verbs; v->noun != NULL; v++)
        put_options(v);
    puts("    esac\n"
         "  fi\n"
         "  if [ \"$2\" = serve ] && [ \"$1\" != 1 ] || [ \"${2#-}\" != \"$2\" ]; then\n"
         "    words=$(bc260y-platform --help 2>/dev/null | sed -n 's/^  \\(--[a-z-]*\\).*/\\1/p')\n"
         "  fi\n"
         "}");
}

bool cli_complete(const char *shell)
{
    if (strcmp(shell, "bash") == 0) {
        put_function();
        puts("_bc260y_platform() {\n"
             "  local words\n"
             "  _bc260y_platform_words \"$COMP_CWORD\" \"${COMP_WORDS[1]}\" \"${COMP_WORDS[2]}\"\n"
             "  case \"$2\" in -*|'') ;; *) [ \"$COMP_CWORD\" -lt 3 ] || words= ;; esac\n"
             "  COMPREPLY=($(compgen -W \"$words\" -- \"$2\"))\n"
             "}\n"
             "complete -o default -F _bc260y_platform bc260y-platform");
        return true;
    }
    if (strcmp(shell, "zsh") == 0) {
        puts("#compdef bc260y-platform");
        put_function();
        puts("_bc260y_platform_zsh() {\n"
             "  local words_of=(\"${words[@]}\") at=$((CURRENT - 1)) list\n"
             "  list=$(_bc260y_platform_words $at \"$words_of[2]\" \"$words_of[3]\"; "
             "print -r -- \"$words\")\n"
             "  if [[ -n $list && ( $at -lt 3 || $PREFIX = -* ) ]]; then\n"
             "    compadd -- ${=list}\n"
             "  else\n"
             "    _files\n"
             "  fi\n"
             "}\n"
             "compdef _bc260y_platform_zsh bc260y-platform");
        return true;
    }
    return false;
}
