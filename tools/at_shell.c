/*
 * Shell commands of a transcript: see at_shell.h. The command gets a process group of its own, so
 * that what it started dies with it when its time is over.
 */
#define _GNU_SOURCE
#include "at_shell.h"
#include "at_wait.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* The command's output, until a line of it is whole. */
struct output {
    int fd; /* -1 = ended */
    size_t len;
    char line[AT_LINE_MAX + 1];
};

static void export_names(const struct at_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        char variable[AT_NAME_MAX + 4] = "BC_";
        char *to = variable + 3;

        for (const char *from = names->list[i].name; *from != '\0'; from++)
            *to++ = (char)toupper((unsigned char)*from);
        *to = '\0';
        setenv(variable, names->list[i].value, 1);
    }
}

static _Noreturn void become(const char *command, const struct at_names *names, int out)
{
    int null = open("/dev/null", O_RDONLY);

    setpgid(0, 0);
    export_names(names);
    at_signals_release();
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(out, STDERR_FILENO) < 0)
        _exit(126);
    if (null > STDERR_FILENO)
        close(null);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

static void show_output(struct output *o, struct at_show *show)
{
    o->line[o->len] = '\0';
    at_show(show, AT_MARK_OUTPUT, o->line);
    o->len = 0;
}

/* Shows what the command has written; an endless writer gets a turn of one buffer. */
static void take_output(struct output *o, struct at_show *show)
{
    char bytes[AT_LINE_MAX];
    ssize_t got = read(o->fd, bytes, sizeof(bytes));

    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
        close(o->fd);
        o->fd = -1;
    }
    for (ssize_t i = 0; i < got; i++) {
        if (bytes[i] == '\n' || o->len == AT_LINE_MAX)
            show_output(o, show);
        if (bytes[i] != '\n' && bytes[i] != '\0')
            o->line[o->len++] = bytes[i];
    }
}

/* What is left in the pipe when the command has ended: at most what a pipe holds. */
static void finish_output(struct output *o, struct at_show *show)
{
    for (int turn = 0; turn < 64 && o->fd >= 0; turn++) {
        struct pollfd more = {.fd = o->fd, .events = POLLIN};
        if (poll(&more, 1, 0) <= 0)
            break;
        take_output(o, show);
    }
    if (o->len > 0)
        show_output(o, show);
    if (o->fd >= 0)
        close(o->fd);
}

static enum at_shell attend(pid_t child, struct output *o, struct at_port *port,
                            struct at_show *show, uint64_t until_ms, int *status)
{
    for (;;) {
        struct pollfd fds[] = {{.fd = o->fd, .events = POLLIN}, {.fd = -1, .events = POLLIN}};

        if (waitpid(child, status, WNOHANG) == child)
            return AT_SHELL_DONE;
        if (at_port_fill(port))
            fds[1].fd = port->fd;
        enum at_wait waited = at_wait(fds, 2, until_ms);
        if (waited != AT_READY) {
            kill(-child, SIGKILL);
            waitpid(child, status, 0);
            return waited == AT_LATE ? AT_SHELL_LATE : AT_SHELL_STOPPED;
        }
        if (fds[0].revents != 0)
            take_output(o, show);
    }
}

enum at_shell at_shell_run(const char *command, const struct at_names *names, struct at_port *port,
                           struct at_show *show, uint64_t until_ms, int *status)
{
    struct output o = {.len = 0};
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return AT_SHELL_FAILED;
    pid_t child = fork();
    if (child == 0)
        become(command, names, ends[1]);
    close(ends[1]);
    o.fd = ends[0];
    if (child < 0) {
        close(o.fd);
        return AT_SHELL_FAILED;
    }
    /* Both sides set the group: whoever is first, kill() finds it. */
    setpgid(child, child);
    fcntl(o.fd, F_SETFL, O_NONBLOCK);
    enum at_shell result = attend(child, &o, port, show, until_ms, status);
    finish_output(&o, show);
    return result;
}
