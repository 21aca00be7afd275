/*
 * The command line: finds the row, reads what all verbs take, makes the request, shows the answer.
 * See cli.h.
 */
#define _GNU_SOURCE
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "common/number.h"
#include "token.h"

#define LIMIT_DEFAULT 100
#define PAGE_MAX 1000

bool cli_wrong(const char *format, ...)
{
    va_list args;
    fputs("bc260y-platform: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("; see --help\n", stderr);
    return false;
}

enum cli_exit cli_failed(const struct cli *cli)
{
    fflush(stdout);
    fprintf(stderr, "bc260y-platform: %s\n", cli->rest.problem);
    return CLI_FAILED;
}

enum cli_exit cli_finish(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return CLI_DONE;
    fprintf(stderr, "bc260y-platform: cannot write to standard output: %s\n", strerror(errno));
    return CLI_FAILED;
}

/* Requests --------------------------------------------------------------------------------------
 */

char *cli_path(const struct cli *cli, const char *path)
{
    char *out = NULL;
    size_t len;
    const char *name;
    const json_t *value;
    FILE *text = open_memstream(&out, &len);
    if (text == NULL)
        return NULL;
    fputs(path, text);
    char mark = '?';
    json_object_foreach(cli->query, name, value)
    {
        char *encoded = rest_encode(json_string_value(value));
        fprintf(text, "%c%s=%s", mark, name, encoded != NULL ? encoded : "");
        free(encoded);
        mark = '&';
    }
    fclose(text);
    return out;
}

json_t *cli_call(struct cli *cli, const char *method, const char *path, const json_t *body)
{
    char *full = cli_path(cli, path);
    const char *wait = json_string_value(json_object_get(cli->query, "wait"));
    struct rest_call call = {
        .method = method,
        .path = full,
        .body = body,
        .wait_s = wait != NULL ? (unsigned)strtoul(wait, NULL, 10) : 0,
    };
    json_t *answer = full != NULL ? rest_call(&cli->rest, &call) : NULL;
    free(full);
    if (answer == NULL)
        cli_failed(cli);
    return answer;
}

/* Whether there are options that become members of the body: it is there without them, too. */
static bool takes_members(const char *takes)
{
    const char *option = takes == NULL ? NULL : strstr(takes, "--");
    while (option != NULL) {
        const char *local = strstr(option, ":count");
        if (local == NULL || local > option + strcspn(option, " "))
            return true;
        option = strstr(option + 2, "--");
    }
    return false;
}

json_t *cli_request(struct cli *cli)
{
    const char *method = cli->verb->method;
    bool has_body = strcmp(method, "GET") != 0 && strcmp(method, "DELETE") != 0 &&
                    (json_is_array(cli->body) || json_object_size(cli->body) > 0 ||
                     takes_members(cli->verb->takes));
    return cli_call(cli, method, cli->path, has_body ? cli->body : NULL);
}

json_t *cli_list(struct cli *cli)
{
    json_t *items = json_array();
    for (;;) {
        uint64_t have = json_array_size(items);
        uint64_t page = cli->limit == 0 ? PAGE_MAX : cli->limit - have;
        char number[24];
        snprintf(number, sizeof(number), "%llu",
                 (unsigned long long)(page < PAGE_MAX ? page : PAGE_MAX));
        json_object_set_new(cli->query, "limit", json_string(number));
        json_t *answer = cli_call(cli, "GET", cli->path, NULL);
        if (answer == NULL) {
            json_decref(items);
            return NULL;
        }
        json_array_extend(items, json_object_get(answer, "items"));
        json_t *next = json_object_get(answer, "next");
        bool more = json_is_string(next);
        bool full = cli->limit > 0 && json_array_size(items) >= cli->limit;
        json_object_set(cli->query, "cursor", next);
        json_decref(answer);
        if (more && full)
            fprintf(stderr, "bc260y-platform: there are more; --limit 0 shows all\n");
        if (!more || full)
            return items;
    }
}

void cli_show(const struct cli *cli, const json_t *answer)
{
    const char *columns = cli->verb->columns;
    if (json_is_null(answer) || (cli->verb->quiet && !cli->show.json))
        return;
    if (cli->show.json || (columns != NULL && strcmp(columns, "json") == 0)) {
        show_json(answer, false);
    } else if (columns != NULL && columns[0] == '@') {
        char member[32];
        size_t len = strcspn(columns, " ");
        snprintf(member, sizeof(member), "%.*s", (int)len - 1, columns + 1);
        show_table(&cli->show, json_object_get(answer, member), columns + len, true);
    } else if (columns != NULL && json_is_array(answer)) {
        show_table(&cli->show, answer, columns, true);
    } else {
        show_object(&cli->show, answer);
    }
}

static bool is_list(const struct cli_verb *verb)
{
    return verb->columns != NULL && verb->columns[0] != '@' && strcmp(verb->columns, "json") != 0;
}

static enum cli_exit run(struct cli *cli)
{
    if (cli->verb->run != NULL)
        return cli->verb->run(cli);
    json_t *answer = is_list(cli->verb) ? cli_list(cli) : cli_request(cli);
    if (answer == NULL)
        return CLI_FAILED;
    cli_show(cli, answer);
    json_decref(answer);
    return cli_finish();
}

/* The command line ------------------------------------------------------------------------------
 */

bool platform_cli_knows(const char *noun)
{
    for (const struct cli_verb *v = cli_verbs; v->noun != NULL; v++)
        if (strcmp(v->noun, noun) == 0)
            return true;
    return strcmp(noun, "completion") == 0 || strcmp(noun, "help") == 0;
}

static const struct cli_verb *find_verb(const char *noun, const char *name)
{
    for (const struct cli_verb *v = cli_verbs; v->noun != NULL; v++)
        if (strcmp(v->noun, noun) == 0 && (*v->name == '\0' || strcmp(v->name, name) == 0))
            return v;
    return NULL;
}

static bool is_option(const char *word, const char *name, const char **value)
{
    size_t len = strlen(name);
    if (strncmp(word, name, len) != 0 || (word[len] != '\0' && word[len] != '='))
        return false;
    *value = word[len] == '=' ? word + len + 1 : NULL;
    return true;
}

/* What belongs to all verbs is taken out of `words`; how many are left, or -1 after a line on
 * stderr, or -2 when --help is among them. */
static int take_options(struct cli *cli, int count, char **words)
{
    int left = 0;
    for (int i = 0; i < count; i++) {
        const char *value;
        if (strcmp(words[i], "--") == 0) {
            while (i < count)
                words[left++] = words[i++];
        } else if (strcmp(words[i], "--help") == 0) {
            return -2;
        } else if (strcmp(words[i], "--json") == 0) {
            cli->show.json = true;
        } else if (is_option(words[i], "--url", &value) ||
                   is_option(words[i], "--token-file", &value) ||
                   is_option(words[i], "--limit", &value)) {
            char which = words[i][2];
            if (value == NULL && ++i == count) {
                cli_wrong("%s needs a value", words[i - 1]);
                return -1;
            }
            value = value != NULL ? value : words[i];
            if (which == 'u')
                cli->rest.url = value;
            else if (which == 't')
                cli->token_file = value;
            else if (!number_parse(value, UINT64_MAX, &cli->limit)) {
                cli_wrong("--limit takes a number, not '%s'", value);
                return -1;
            }
        } else {
            words[left++] = words[i];
        }
    }
    return left;
}

static bool use_color(void)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && (no_color == NULL || *no_color == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}

static enum cli_exit run_verb(struct cli *cli, int count, char **words)
{
    enum cli_exit status = CLI_USAGE;
    char token[TOKEN_BYTES_MAX];
    json_error_t error;
    cli->path = strdup(cli->verb->path);
    cli->query = json_object();
    cli->local = json_object();
    cli->body = cli->verb->fixed != NULL ? json_loads(cli->verb->fixed, 0, &error) : json_object();
    if (arguments_take(cli, count, words)) {
        status = CLI_FAILED;
        if (token_find(cli->token_file, token)) {
            cli->rest.token = token[0] != '\0' ? token : NULL;
            if (rest_open(&cli->rest)) {
                status = run(cli);
                rest_close(&cli->rest);
            } else {
                cli_failed(cli);
                status = CLI_USAGE;
            }
        }
        explicit_bzero(token, sizeof(token));
    }
    json_decref(cli->query);
    json_decref(cli->local);
    json_decref(cli->body);
    free(cli->path);
    return status;
}

static enum cli_exit lacks_verb(const char *noun, const char *name)
{
    if (name == NULL)
        fprintf(stderr, "bc260y-platform: %s needs a verb:", noun);
    else
        fprintf(stderr, "bc260y-platform: %s has no verb '%s', but", noun, name);
    for (const struct cli_verb *v = cli_verbs; v->noun != NULL; v++)
        if (strcmp(v->noun, noun) == 0)
            fprintf(stderr, " %s", v->name);
    fputs("; see --help\n", stderr);
    return CLI_USAGE;
}

int platform_cli(int argc, char **argv)
{
    const char *url = getenv("BC260Y_URL");
    const char *noun = argv[1];
    struct cli cli = {.rest.url = url != NULL && *url != '\0' ? url : CLI_URL_DEFAULT,
                      .limit = LIMIT_DEFAULT,
                      .show.color = use_color()};
    int count = argc - 2;
    char **words = argv + 2;
    if (count > 0 && strcmp(words[0], "--version") == 0) {
        puts("bc260y-platform " BC_VERSION);
        return CLI_DONE;
    }
    if (strcmp(noun, "help") == 0)
        return (int)cli_help(NULL, NULL);
    if (strcmp(noun, "completion") == 0 && count == 1 && cli_complete(words[0]))
        return (int)cli_finish();
    if (strcmp(noun, "completion") == 0) {
        cli_wrong("completion takes bash or zsh");
        return CLI_USAGE;
    }
    const char *name = count > 0 && words[0][0] != '-' ? words[0] : NULL;
    int left = take_options(&cli, count, words);
    const struct cli_verb *verb = name != NULL ? find_verb(noun, name) : NULL;
    if (left == -1)
        return CLI_USAGE;
    if (left == -2)
        return (int)cli_help(noun, verb != NULL ? verb->name : NULL);
    name = left > 0 ? words[0] : NULL;
    cli.verb = find_verb(noun, name != NULL ? name : "");
    if (cli.verb == NULL)
        return (int)lacks_verb(noun, name);
    int skip = *cli.verb->name != '\0' ? 1 : 0;
    return (int)run_verb(&cli, left - skip, words + skip);
}
