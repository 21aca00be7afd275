/*
 * `bc260y-platform NOUN VERB ...`: the REST interface on the command line (bc260y-platform-cli(1)).
 * The verbs are rows of a table (verbs.c); from a row come the checks of the arguments, the
 * request, the output's columns, --help and the completion of shells.
 *
 *     cli.c       the command line, the order of things
 *     arguments   what a row takes; arguments -> path, query and body
 *     rest        the HTTP client
 *     show        JSON and tables
 *     actions.c   the few verbs that are more than one request
 */
#ifndef BC_PLATFORM_CLI_H
#define BC_PLATFORM_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "rest.h"
#include "show.h"

#define CLI_URL_DEFAULT "http://127.0.0.1:8080"

enum cli_exit { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2 };

/* What the user asked for, besides the verb's own arguments. */
struct cli {
    struct rest rest;
    const char *token_file; /* NULL: $BC260Y_TOKEN, or the file that the platform made */
    struct show show;
    uint64_t limit; /* items of a list; 0: all */
    const struct cli_verb *verb;
    char *path;    /* made of the row's path and the arguments */
    json_t *query; /* an object of strings */
    json_t *body;  /* an object, or whatever a document is */
    json_t *local; /* arguments that are for an action: "file", "follow" */
};

/*
 * `takes` lists the arguments, separated by blanks; each is also what --help shows:
 *
 *     NAME            must be there; the field "name"
 *     [NAME]          may be there
 *     NAME...         one or more: the field is an array
 *     --data-format   an option with a value: the field "data_format"
 *
 * and behind a colon is its kind, else a string:
 *
 *     int, any (JSON where it is, else a string), json
 *     flag            an option without a value: true
 *     list            separated by commas
 *     days            from now on; the field in milliseconds since 1970
 *     text, secret    the content of a file; its first line
 *     document        JSON in a file: the whole body
 *     psk             a file with identity and key
 *     local, count, switch    for the action: a string, a number, without a value
 *
 * and behind = another name of the field. Arguments that the path names are put there; those of a
 * GET, and "wait", go into the query; all others into the body.
 */
struct cli_verb {
    const char *noun;
    const char *name;
    const char *method;
    const char *path;
    const char *takes;   /* may be NULL */
    const char *columns; /* of a list: "id name devices=device_count"; first "@lines": of that
                          * member; "json": a document; NULL: one thing */
    const char *about;
    const char *fixed;                     /* JSON of fields that every body has; may be NULL */
    bool quiet;                            /* the answer is shown with --json only */
    enum cli_exit (*run)(struct cli *cli); /* NULL: one request, and show what comes */
};

extern const struct cli_verb cli_verbs[]; /* up to a NULL noun */

/* True for a word that begins a command line of ours. */
bool platform_cli_knows(const char *noun);
int platform_cli(int argc, char **argv);

/* The request of the row; NULL after a line on stderr. */
json_t *cli_request(struct cli *cli);
/* The items of a list, all its pages up to the limit; NULL after a line on stderr. */
json_t *cli_list(struct cli *cli);
/* Any request with the path and the query as they are now. */
json_t *cli_call(struct cli *cli, const char *method, const char *path, const json_t *body);
/* Shows an answer as the row says, or with --json. */
void cli_show(const struct cli *cli, const json_t *answer);
/* The path with the query behind it; to be freed. */
char *cli_path(const struct cli *cli, const char *path);
/* One line on stderr about the command line, with a hint at --help; printf's arguments. False. */
__attribute__((format(printf, 1, 2))) bool cli_wrong(const char *format, ...);
/* One line on stderr, from what rest.h says. */
enum cli_exit cli_failed(const struct cli *cli);
/* Interrupted by the user, or a count is reached: what was printed is out. */
enum cli_exit cli_finish(void);

/* actions.c */
enum cli_exit cli_send_command(struct cli *cli);
enum cli_exit cli_list_objects(struct cli *cli);
enum cli_exit cli_list_data(struct cli *cli);
enum cli_exit cli_follow_events(struct cli *cli);
enum cli_exit cli_upload_firmware(struct cli *cli);
enum cli_exit cli_start_task(struct cli *cli);
enum cli_exit cli_create_token(struct cli *cli);

/* help.c: of all verbs, of a noun's, or of one. */
enum cli_exit cli_help(const char *noun, const char *name);

/* complete.c: the script for a shell; false when there is none for it. */
bool cli_complete(const char *shell);

#endif
