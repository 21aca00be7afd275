/*
 * bc260y-ctl: gives one command to a running bc260y through its control socket and prints the
 * answer, for people and for shell scripts. bc260y-ctl(1) is the manual, docs/CONTROL.md tells the
 * answers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "command.h"
#include "common/local_socket.h"

#define PATH_VARIABLE "BC260Y_CONTROL"
#define ANSWER_S_MAX 10

enum { GO_ON = -1, EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct options {
    const char *path;
    bool json;
};

__attribute__((format(printf, 2, 3))) static int fail(int status, const char *format, ...)
{
    va_list arguments;
    fputs("bc260y-ctl: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    return status;
}

/* --- The command line ------------------------------------------------------------------------- */

static void print_usage(void)
{
    struct command_help help;
    puts("usage: bc260y-ctl [--socket PATH] [--json] COMMAND...\n"
         "Gives a command to a running bc260y: breaks its network, cuts its power, reads it.\n"
         "\n"
         "  --socket PATH  what bc260y --control names; else the variable " PATH_VARIABLE "\n"
         "  --json         print the answer as it came, one line of JSON\n"
         "  --help, --version\n"
         "\n"
         "Commands (TIME is like 250ms, 10s, 1h30m; up is from the module; without up or down\n"
         "both ways are meant):");
    for (size_t i = 0; command_help(i, &help); i++) {
        char words[64];
        snprintf(words, sizeof(words), "%s %s", help.name, help.params);
        printf(strlen(words) < 22 ? "  %-22s %s\n" : "  %s\n                         %s\n", words,
               help.what);
    }
    puts("\nExit status: 0 done, 1 not done or no bc260y there, 2 wrong usage.");
}

static int take_options(struct options *o, int argc, char **argv)
{
    static const struct option list[] = {{"socket", required_argument, NULL, 's'},
                                         {"json", no_argument, NULL, 'j'},
                                         {"help", no_argument, NULL, 'h'},
                                         {"version", no_argument, NULL, 'V'},
                                         {NULL, 0, NULL, 0}};
    int option;
    *o = (struct options){.path = getenv(PATH_VARIABLE)};
    opterr = 0; /* one line of ours says what is wrong */
    while ((option = getopt_long(argc, argv, "+", list, NULL)) != -1) {
        switch (option) {
        case 's':
            o->path = optarg;
            break;
        case 'j':
            o->json = true;
            break;
        case 'h':
            print_usage();
            return EXIT_DONE;
        case 'V':
            puts("bc260y-ctl " BC_VERSION);
            return EXIT_DONE;
        default:
            return fail(EXIT_USAGE, "unknown or misused option %s; see --help", argv[optind - 1]);
        }
    }
    return GO_ON;
}

/* The words as one line. False when it is no command. */
static bool join_words(char **words, char line[COMMAND_BYTES_MAX + 1])
{
    struct command command;
    char why[COMMAND_WHY_BYTES];
    size_t len = 0;
    line[0] = '\0';
    for (; *words != NULL; words++) {
        size_t room = COMMAND_BYTES_MAX + 1 - len;
        int wrote = snprintf(line + len, room, len == 0 ? "%s" : " %s", *words);
        len += wrote < 0 || (size_t)wrote >= room ? room - 1 : (size_t)wrote;
    }
    if (len < COMMAND_BYTES_MAX && command_parse(line, &command, why))
        return true;
    fail(EXIT_USAGE, "%s", len < COMMAND_BYTES_MAX ? why : "the command is too long");
    return false;
}

/* --- The socket ------------------------------------------------------------------------------- */

static bool send_command(int fd, const char *command)
{
    json_t *request = json_pack("{s:s}", "command", command);
    char *text = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;
    bool sent = text != NULL && send(fd, text, strlen(text), MSG_NOSIGNAL) >= 0 &&
                send(fd, "\n", 1, MSG_NOSIGNAL) >= 0;
    free(text);
    json_decref(request);
    return sent;
}

/* One line, or NULL; to be freed. */
static char *read_answer(int fd)
{
    char *line = NULL;
    size_t cap = 0;
    FILE *file = fdopen(fd, "r");
    if (file == NULL) {
        close(fd);
        return NULL;
    }
    errno = 0;
    if (getline(&line, &cap, file) <= 0) {
        int error = errno;
        free(line);
        line = NULL;
        errno = error;
    }
    int error = errno;
    fclose(file);
    errno = error;
    return line;
}

/* --- The answer ------------------------------------------------------------------------------- */

static long long count_of(json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

static void print_energy(json_t *states)
{
    printf("%-12s %14s %10s %10s %10s %10s\n", "state", "seconds", "dgrams up", "bytes up",
           "dgrams dn", "bytes dn");
    for (void *at = json_object_iter(states); at != NULL; at = json_object_iter_next(states, at)) {
        json_t *row = json_object_iter_value(at);
        printf("%-12s %14.3f %10lld %10lld %10lld %10lld\n", json_object_iter_key(at),
               json_number_value(json_object_get(row, "seconds")), count_of(row, "datagrams_up"),
               count_of(row, "bytes_up"), count_of(row, "datagrams_down"),
               count_of(row, "bytes_down"));
    }
}

/* The same names in both ways, side by side. */
static void print_link(json_t *link)
{
    json_t *up = json_object_get(link, "up");
    json_t *down = json_object_get(link, "down");
    printf("%-18s %12s %12s\n", "", "up", "down");
    for (void *at = json_object_iter(up); at != NULL; at = json_object_iter_next(up, at)) {
        const char *name = json_object_iter_key(at);
        printf("%-18s %12.10g %12.10g\n", name, json_number_value(json_object_iter_value(at)),
               json_number_value(json_object_get(down, name)));
    }
}

static void print_list(json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *line = json_string_value(json_array_get(list, i));
        puts(line != NULL ? line : "");
    }
}

/* Whatever has no form of its own, without the ok that the exit status tells. */
static void print_rest(json_t *answer)
{
    json_object_del(answer, "ok");
    for (void *at = json_object_iter(answer); at != NULL; at = json_object_iter_next(answer, at)) {
        char *text = json_dumps(json_object_iter_value(at), JSON_INDENT(2) | JSON_ENCODE_ANY);
        printf("%s: %s\n", json_object_iter_key(at), text != NULL ? text : "");
        free(text);
    }
}

static void print_answer(json_t *answer)
{
    json_t *energy = json_object_get(answer, "energy");
    json_t *link = json_object_get(answer, "link");
    json_t *commands = json_object_get(answer, "commands");
    if (json_object_get(answer, "module") != NULL)
        print_rest(answer);
    else if (energy != NULL)
        print_energy(energy);
    else if (link != NULL)
        print_link(link);
    else if (commands != NULL)
        print_list(commands);
    else
        print_rest(answer);
}

static int show(const struct options *o, const char *line)
{
    json_t *answer = json_loads(line, 0, NULL);
    bool good = json_is_true(json_object_get(answer, "ok"));
    const char *error = json_string_value(json_object_get(answer, "error"));
    if (o->json && answer != NULL)
        fputs(line, stdout);
    else if (good)
        print_answer(answer);
    if (!good)
        fail(EXIT_FAILED, "%s", error != NULL ? error : "this is no answer of bc260y's");
    json_decref(answer);
    if (fflush(stdout) != 0)
        return fail(EXIT_FAILED, "cannot write: %s", strerror(errno));
    return good ? EXIT_DONE : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    struct options o;
    char command[COMMAND_BYTES_MAX + 1];
    int status = take_options(&o, argc, argv);
    if (status != GO_ON)
        return status;
    if (!join_words(argv + optind, command))
        return EXIT_USAGE;
    if (o.path == NULL || *o.path == '\0')
        return fail(EXIT_USAGE, "give --socket PATH or set " PATH_VARIABLE);
    int fd = local_socket_connect(o.path, ANSWER_S_MAX);
    if (fd < 0)
        return fail(EXIT_FAILED, "cannot reach %s: %s; is bc260y running with --control?", o.path,
                    strerror(errno));
    if (!send_command(fd, command)) {
        status = fail(EXIT_FAILED, "cannot send: %s", strerror(errno));
        close(fd);
        return status;
    }
    char *line = read_answer(fd);
    if (line == NULL && errno == EAGAIN)
        return fail(EXIT_FAILED, "no answer within %d s", ANSWER_S_MAX);
    if (line == NULL)
        return fail(EXIT_FAILED, "bc260y has gone without an answer");
    status = show(&o, line);
    free(line);
    return status;
}
