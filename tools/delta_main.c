/*
 * bc260y-delta: makes, inspects and applies delta firmware packages. Here: the command line.
 * bc260y-delta(1) is the manual, docs/DELTA.md the format.
 */
#define _GNU_SOURCE
#include "delta.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sink.h"
#include "common/number.h"

enum { EXIT_USAGE = 2 };

#define PACKAGE_BYTES_MAX (2U * BC_PACKAGE_IMAGE_BYTES_MAX)

struct options {
    const char *output, *from, *to;
    uint32_t block_bytes;
    int level;
    bool json;
};

static const char usage[] =
    "usage: bc260y-delta make OLD NEW -o PACKAGE --from REVISION --to REVISION\n"
    "                         [--block BYTES] [--level N]\n"
    "       bc260y-delta inspect PACKAGE [--json]\n"
    "       bc260y-delta apply OLD PACKAGE -o NEW\n"
    "Makes, looks at and applies delta firmware packages.\n"
    "\n"
    "  -o, --output FILE   what to write; it appears when all is well, or not at all. No file\n"
    "                      that is read can be named, but for OLD of apply\n"
    "  --from, --to        the revisions of OLD and NEW: 1 to 31 printable characters each\n"
    "  --block BYTES       4096 to 65536, a multiple of 4096; 16384. Larger: a smaller package,\n"
    "                      more memory to apply it, more to do again after a power cut\n"
    "  --level N           1 (fast) to 22 (small); 19\n"
    "  --json              for programs\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 done; 1 a file that cannot be read or written, a damaged package, another\n"
    "source; 2 wrong usage.\n";

__attribute__((format(printf, 1, 2))) static int wrong(const char *format, ...)
{
    va_list args;

    fputs("bc260y-delta: ", stderr);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputs("; see --help\n", stderr);
    return EXIT_USAGE;
}

static int failed(const char *file, const char *why)
{
    if (file != NULL)
        fprintf(stderr, "bc260y-delta: %s: %s\n", file, why);
    else
        fprintf(stderr, "bc260y-delta: %s\n", why);
    return EXIT_FAILURE;
}

static void show_progress(uint32_t done, uint32_t all)
{
    fprintf(stderr, done < all ? "\rblock %u of %u" : "\r\033[K", done, all);
}

static delta_progress *progress_on_terminal(void)
{
    return isatty(STDERR_FILENO) ? show_progress : NULL;
}

static bc_view view_of(const struct tool_bytes *bytes)
{
    return (bc_view){bytes->ptr, bytes->len};
}

/* --- Options --------------------------------------------------------------------------------- */

static int take_revision(const char *option, const char **out)
{
    *out = optarg;
    return bc_package_revision_valid(bc_view_of(optarg))
               ? 0
               : wrong("%s takes 1 to %d printable characters without spaces, not '%s'", option,
                       BC_PACKAGE_REVISION_CHARS_MAX, optarg);
}

static int take_option(int option, const char *word, struct options *o)
{
    uint64_t number;

    switch (option) {
    case 'o':
        o->output = optarg;
        return *optarg != '\0' ? 0 : wrong("--output takes the name of a file");
    case 'f':
        return take_revision("--from", &o->from);
    case 't':
        return take_revision("--to", &o->to);
    case 'b':
        if (!number_parse(optarg, BC_PACKAGE_BLOCK_BYTES_MAX, &number) ||
            number < BC_PACKAGE_BLOCK_BYTES_MIN || number % BC_PACKAGE_BLOCK_BYTES_MIN != 0)
            return wrong("--block takes a multiple of %u up to %u, not '%s'",
                         BC_PACKAGE_BLOCK_BYTES_MIN, BC_PACKAGE_BLOCK_BYTES_MAX, optarg);
        o->block_bytes = (uint32_t)number;
        return 0;
    case 'l':
        if (!number_parse(optarg, DELTA_LEVEL_MAX, &number) || number == 0)
            return wrong("--level takes 1 to %d, not '%s'", DELTA_LEVEL_MAX, optarg);
        o->level = (int)number;
        return 0;
    case 'j':
        o->json = true;
        return 0;
    default:
        return wrong("unknown or misused option %s", word);
    }
}

/* 0 = go on; -1 = done with exit status 0; else the exit status. */
static int parse_options(int argc, char **argv, struct options *o)
{
    static const struct option list[] = {
        {"output", required_argument, NULL, 'o'},
        {"from", required_argument, NULL, 'f'},
        {"to", required_argument, NULL, 't'},
        {"block", required_argument, NULL, 'b'},
        {"level", required_argument, NULL, 'l'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        {NULL, 0, NULL, 0},
    };
    int option;

    opterr = 0; /* one line of ours says what is wrong */
    while ((option = getopt_long(argc, argv, "o:", list, NULL)) != -1) {
        if (option == 'h' || option == 'V') {
            fputs(option == 'h' ? usage : "bc260y-delta " BC_VERSION "\n", stdout);
            return -1;
        }
        int status = take_option(option, argv[optind - 1], o);
        if (status != 0)
            return status;
    }
    return 0;
}

/* --- Commands -------------------------------------------------------------------------------- */

static int make_package(const struct options *o, struct tool_bytes *source,
                        struct tool_bytes *target, struct tool_bytes *package)
{
    struct delta_wish wish = {.source = view_of(source),
                              .target = view_of(target),
                              .source_revision = o->from,
                              .target_revision = o->to,
                              .block_bytes = o->block_bytes,
                              .level = o->level,
                              .progress = progress_on_terminal()};
    char why[TOOL_WHY_MAX];

    if (!delta_make(&wish, package, why) ||
        !tool_write(o->output, 0666, true, view_of(package), why))
        return failed(NULL, why);
    return EXIT_SUCCESS;
}

static int run_make(const struct options *o, char **files)
{
    struct tool_bytes source = {.ptr = NULL};
    struct tool_bytes target = {.ptr = NULL};
    struct tool_bytes package = {.ptr = NULL};
    char why[TOOL_WHY_MAX];
    int status;

    if (o->output == NULL || o->from == NULL || o->to == NULL)
        return wrong("make needs --output, --from and --to");
    if (tool_read(files[0], BC_PACKAGE_IMAGE_BYTES_MAX, &source, why) &&
        tool_read(files[1], BC_PACKAGE_IMAGE_BYTES_MAX, &target, why))
        status = make_package(o, &source, &target, &package);
    else
        status = failed(NULL, why);
    free(source.ptr);
    free(target.ptr);
    free(package.ptr);
    return status;
}

static int run_inspect(const struct options *o, char **files)
{
    struct tool_bytes package = {.ptr = NULL};
    char why[TOOL_WHY_MAX];
    int status = EXIT_SUCCESS;

    if (!tool_read(files[0], PACKAGE_BYTES_MAX, &package, why))
        return failed(NULL, why);
    if (!delta_inspect(view_of(&package), o->json, why))
        status = failed(files[0], why);
    free(package.ptr);
    return status;
}

static int apply_package(const struct options *o, bc_view source, bc_view package, const char *file)
{
    struct tool_output output;
    char why[TOOL_WHY_MAX];

    if (!tool_output_open(&output, o->output, 0666, why))
        return failed(NULL, why);
    if (!delta_apply(package, source, &output, progress_on_terminal(), why)) {
        tool_output_drop(&output);
        return failed(file, why);
    }
    if (!tool_output_commit(&output, true, why))
        return failed(NULL, why);
    return EXIT_SUCCESS;
}

static int run_apply(const struct options *o, char **files)
{
    struct tool_bytes source = {.ptr = NULL};
    struct tool_bytes package = {.ptr = NULL};
    char why[TOOL_WHY_MAX];
    int status;

    if (o->output == NULL)
        return wrong("apply needs --output");
    if (tool_read(files[0], BC_PACKAGE_IMAGE_BYTES_MAX, &source, why) &&
        tool_read(files[1], PACKAGE_BYTES_MAX, &package, why))
        status = apply_package(o, view_of(&source), view_of(&package), files[1]);
    else
        status = failed(NULL, why);
    free(source.ptr);
    free(package.ptr);
    return status;
}

/* Also by another name: an image that is gone cannot be downloaded again. */
static bool overwrites(const char *output, char **files, int count)
{
    struct stat there;
    struct stat read;
    if (output == NULL || lstat(output, &there) != 0)
        return false;
    for (int i = 0; i < count; i++)
        if (stat(files[i], &read) == 0 && read.st_dev == there.st_dev &&
            read.st_ino == there.st_ino)
            return true;
    return false;
}

static const struct {
    const char *name;
    int files;
    int kept; /* the first of the files that -o must not name */
    const char *takes;
    int (*run)(const struct options *o, char **files);
} commands[] = {
    {"make", 2, 0, "OLD and NEW", run_make},
    {"inspect", 1, 1, "one PACKAGE", run_inspect},
    {"apply", 2, 1, "OLD and PACKAGE", run_apply}, /* OLD may become NEW */
};

int main(int argc, char **argv)
{
    struct options o = {.block_bytes = DELTA_BLOCK_BYTES, .level = DELTA_LEVEL};
    int status = parse_options(argc, argv, &o);

    if (status != 0)
        return status < 0 ? EXIT_SUCCESS : status;
    if (optind == argc)
        return wrong("no command given: make, inspect or apply");
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(argv[optind], commands[i].name) != 0)
            continue;
        if (argc - optind - 1 != commands[i].files)
            return wrong("%s takes %s", commands[i].name, commands[i].takes);
        char **files = argv + optind + 1;
        if (overwrites(o.output, files + commands[i].kept, commands[i].files - commands[i].kept))
            return wrong("%s: it would be overwritten", o.output);
        return commands[i].run(&o, files);
    }
    return wrong("no command '%s': make, inspect or apply", argv[optind]);
}
