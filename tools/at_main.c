/*
 * bc260y-at: plays transcripts of AT commands against a module and checks its answers. Here: the
 * command line and the order of things. bc260y-at(1) is the manual.
 */
#define _GNU_SOURCE
#include "at_play.h"
#include "at_wait.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/number.h"

enum { EXIT_MISMATCH = 1, EXIT_USAGE = 2 };

enum color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct options {
    const char *port;
    unsigned baud;
    uint32_t limit_ms;
    bool booted, quiet;
    enum color color;
};

static const char usage[] =
    "usage: bc260y-at --port PORT [OPTION]... FILE...\n"
    "Plays transcripts of AT commands against a module and checks its answers.\n"
    "\n"
    "  --port PORT         a pty, a serial device (DEVICE or DEVICE:BAUD) or HOST:PORT\n"
    "  --baud N            speed of a serial device; 115200\n"
    "  --timeout SECONDS   how long to wait for each line or command; 10 (also 500ms)\n"
    "  -D, --define NAME=VALUE\n"
    "                      give {NAME} a value, whatever %let says; repeatable\n"
    "  --booted            the module is up: skip the lines expected before the first sent one\n"
    "  --quiet             print nothing but errors\n"
    "  --color WHEN        auto (on a terminal, without NO_COLOR), always or never\n"
    "  --help, --version\n"
    "\n"
    "FILE may be - for standard input. Exit status: 0 all lines matched; 1 a line did not match\n"
    "or come, or the port failed; 2 wrong usage or an error in a transcript.\n";

__attribute__((format(printf, 1, 2))) static int wrong(const char *format, ...)
{
    va_list args;

    fputs("bc260y-at: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("; see --help\n", stderr);
    return EXIT_USAGE;
}

static bool define(struct at_names *names, const char *text)
{
    const char *equals = strchr(text, '=');

    return equals != NULL && at_name_valid(text, (size_t)(equals - text)) &&
           strlen(equals + 1) <= AT_LINE_MAX &&
           at_names_set(names, text, (size_t)(equals - text), equals + 1, strlen(equals + 1),
                        AT_FROM_USER);
}

static bool parse_baud(const char *text, unsigned *baud)
{
    uint64_t value = 0;
    bool number = number_parse(text, UINT32_MAX, &value);

    *baud = (unsigned)value;
    return number && at_baud_known(*baud);
}

static bool parse_color(const char *text, enum color *color)
{
    static const char *const names[] = {"auto", "always", "never"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(text, names[i]) == 0) {
            *color = (enum color)i;
            return true;
        }
    }
    return false;
}

/* `word` is the argument that the option stands in. */
static int take_option(int option, const char *word, struct options *o, struct at_names *names)
{
    switch (option) {
    case 'p':
        o->port = optarg;
        return 0;
    case 'b':
        return parse_baud(optarg, &o->baud) ? 0 : wrong("--baud: no serial line has '%s'", optarg);
    case 't':
        return at_parse_limit(optarg, true, &o->limit_ms)
                   ? 0
                   : wrong("--timeout takes seconds up to 24 hours, not '%s'", optarg);
    case 'D':
        return define(names, optarg) ? 0 : wrong("--define takes NAME=VALUE, not '%s'", optarg);
    case 'B':
        o->booted = true;
        return 0;
    case 'q':
        o->quiet = true;
        return 0;
    case 'c':
        return parse_color(optarg, &o->color)
                   ? 0
                   : wrong("--color takes auto, always or never, not '%s'", optarg);
    default:
        return wrong("unknown or misused option %s", word);
    }
}

/* 0 = go on; -1 = done with exit status 0; else the exit status. */
static int parse_options(int argc, char **argv, struct options *o, struct at_names *names)
{
    static const struct option list[] = {
        {"port", required_argument, NULL, 'p'},    {"baud", required_argument, NULL, 'b'},
        {"timeout", required_argument, NULL, 't'}, {"define", required_argument, NULL, 'D'},
        {"booted", no_argument, NULL, 'B'},        {"quiet", no_argument, NULL, 'q'},
        {"color", required_argument, NULL, 'c'},   {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},       {NULL, 0, NULL, 0},
    };
    int option;

    opterr = 0; /* one line of ours says what is wrong */
    while ((option = getopt_long(argc, argv, "D:", list, NULL)) != -1) {
        if (option == 'h' || option == 'V') {
            fputs(option == 'h' ? usage : "bc260y-at " BC_VERSION "\n", stdout);
            return -1;
        }
        int status = take_option(option, argv[optind - 1], o, names);
        if (status != 0)
            return status;
    }
    if (o->port == NULL)
        return wrong("--port is missing");
    if (optind == argc)
        return wrong("no transcript given");
    return 0;
}

static bool read_script(struct at_script *script, const char *file, struct at_names *known)
{
    bool standard = strcmp(file, "-") == 0;
    FILE *in = standard ? stdin : fopen(file, "re");
    char why[AT_WHY_MAX];

    if (in == NULL) {
        fprintf(stderr, "bc260y-at: cannot read %s: %s\n", file, strerror(errno));
        return false;
    }
    bool good = at_script_read(script, file, in, known, why);
    if (!good)
        fprintf(stderr, "bc260y-at: %s\n", why);
    if (!standard)
        fclose(in);
    return good;
}

/* All transcripts are read before the first is played; names go on from one to the next. */
static bool read_scripts(struct at_script *scripts, char **files, size_t count,
                         const struct at_names *defined)
{
    struct at_names known = {.count = 0};
    bool good = true;

    for (size_t i = 0; i < defined->count; i++)
        at_names_set(&known, defined->list[i].name, strlen(defined->list[i].name), "", 0,
                     AT_FROM_USER);
    for (size_t i = 0; i < count && good; i++)
        good = read_script(&scripts[i], files[i], &known);
    at_names_clear(&known);
    return good;
}

static bool use_color(enum color color)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    if (color != COLOR_AUTO)
        return color == COLOR_ALWAYS;
    return isatty(STDOUT_FILENO) && (no_color == NULL || *no_color == '\0') && term != NULL &&
           strcmp(term, "dumb") != 0;
}

static int play_all(const struct options *o, struct at_names *names,
                    const struct at_script *scripts, size_t count)
{
    static struct at_port port;
    struct at_show show = {.quiet = o->quiet, .color = use_color(o->color)};
    struct at_player player = {
        .port = &port, .names = names, .show = &show, .limit_ms = o->limit_ms, .booted = o->booted};
    char why[AT_PORT_WHY_MAX];
    bool good = true;

    if (!at_port_open(&port, o->port, o->baud, o->limit_ms, why)) {
        fprintf(stderr, "bc260y-at: %s\n", why);
        return EXIT_MISMATCH;
    }
    at_signals_hold();
    show.start_ms = at_now_ms();
    for (size_t i = 0; i < count && good; i++)
        good = at_play(&player, &scripts[i]);
    at_play_rest(&player);
    at_port_close(&port);
    if (!o->quiet) {
        printf("%s: %u lines sent, %u matched\n", good ? "PASS" : "FAIL", player.sent,
               player.matched);
        good = fflush(stdout) == 0 && good;
    }
    return good ? EXIT_SUCCESS : EXIT_MISMATCH;
}

int main(int argc, char **argv)
{
    struct options o = {.baud = 115200, .limit_ms = 10000};
    struct at_names names = {.count = 0};
    struct at_script *scripts = NULL;
    size_t count = 0;
    int status = parse_options(argc, argv, &o, &names);

    if (status == 0) {
        count = (size_t)(argc - optind);
        scripts = calloc(count, sizeof(*scripts));
        if (scripts == NULL || !read_scripts(scripts, argv + optind, count, &names))
            status = EXIT_USAGE;
        else
            status = play_all(&o, &names, scripts, count);
    }
    for (size_t i = 0; i < count && scripts != NULL; i++)
        at_script_free(&scripts[i]);
    free(scripts);
    at_names_clear(&names);
    return status < 0 ? EXIT_SUCCESS : status;
}
