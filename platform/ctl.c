/*
 * `bc260y-platform ctl SOCKET COMMAND...`: one command, one answer, for shell scripts.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/local_socket.h"
#include "control.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* An argument with a blank or nothing in it must arrive as one: in quotes, if it has none. */
static void put_arg(FILE *out, const char *arg)
{
    if (arg[0] == '"' || (arg[0] != '\0' && strpbrk(arg, " \t") == NULL)) {
        fputs(arg, out);
        return;
    }
    fputc('"', out);
    for (; *arg != '\0'; arg++) {
        if (*arg == '"' || *arg == '\\')
            fputc('\\', out);
        fputc(*arg, out);
    }
    fputc('"', out);
}

static bool is_ok(const char *line)
{
    json_t *answer = json_loads(line, 0, NULL);
    bool good = json_is_true(json_object_get(answer, "ok"));
    json_decref(answer);
    return good;
}

int platform_ctl(int argc, char **argv)
{
    char *line = NULL;
    size_t cap = 0;
    int status = EXIT_FAILED;
    if (argc < 2) {
        fputs("bc260y-platform: ctl takes SOCKET COMMAND...; see --help\n", stderr);
        return EXIT_USAGE;
    }
    int fd = local_socket_connect(argv[0], 0);
    FILE *peer = fd >= 0 ? fdopen(fd, "r+") : NULL;
    if (peer == NULL) {
        fprintf(stderr,
                "bc260y-platform: cannot reach %s: %s; is the platform running with "
                "--control?\n",
                argv[0], strerror(errno));
        return EXIT_FAILED;
    }
    for (int i = 1; i < argc; i++) {
        put_arg(peer, argv[i]);
        fputc(i + 1 < argc ? ' ' : '\n', peer);
    }
    fflush(peer);
    if (getline(&line, &cap, peer) > 0) {
        fputs(line, stdout);
        status = is_ok(line) ? EXIT_DONE : EXIT_FAILED;
    } else {
        fputs("bc260y-platform: the platform closed the connection\n", stderr);
    }
    free(line);
    fclose(peer);
    return status;
}
