/*
 * The AT port on standard input and output, for pipes. The line that names the port goes to
 * standard error, so that standard output carries the module's bytes alone. When input ends, what
 * it asked for is answered and the program ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "port.h"
#include "report.h"

/* O_NONBLOCK belongs to the open file, which we may share with our shell and with standard error.
 * So pipes and terminals are opened anew; where that is not possible the flag is put back at the
 * end. Regular files never block. Sets errno when it fails. */
static bool make_nonblocking(struct port *port, int fd, int access_mode)
{
    char path[32];
    struct stat info;
    if (fstat(fd, &info) != 0)
        return false;
    if (S_ISREG(info.st_mode))
        return true;
    if (S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode)) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        int anew = open(path, access_mode | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        if (anew >= 0) {
            int copied = dup2(anew, fd);
            close(anew);
            return copied == fd;
        }
    }
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return false;
    port->saved_flags[fd] = flags;
    return true;
}

/* At a terminal the module echoes and edits; Enter must send CR. Control-C still ends us. */
static void make_terminal_raw(struct port *port)
{
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &port->saved) != 0)
        return;
    struct termios mode = port->saved;
    mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    mode.c_iflag &= ~(tcflag_t)ICRNL;
    port->saved_is_valid = tcsetattr(STDIN_FILENO, TCSANOW, &mode) == 0;
}

static bool stdio_on_lost(struct port *port)
{
    (void)port;
    report("standard input or output has failed: %s", strerror(errno));
    return false;
}

static bool stdio_on_drained(struct port *port)
{
    (void)port;
    return false;
}

static void stdio_close(struct port *port)
{
    if (port->saved_is_valid)
        tcsetattr(STDIN_FILENO, TCSANOW, &port->saved);
    for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++)
        if (port->saved_flags[fd] >= 0)
            fcntl(fd, F_SETFL, port->saved_flags[fd]);
}

bool port_open_stdio(struct port *port)
{
    static const struct port_kind kind = {
        .on_lost = stdio_on_lost, .on_drained = stdio_on_drained, .close = stdio_close};
    port_init(port, &kind);
    port->in_fd = STDIN_FILENO;
    port->out_fd = STDOUT_FILENO;
    if (!make_nonblocking(port, STDIN_FILENO, O_RDONLY) ||
        !make_nonblocking(port, STDOUT_FILENO, O_WRONLY)) {
        report("cannot use standard input and output: %s", strerror(errno));
        stdio_close(port);
        return false;
    }
    make_terminal_raw(port);
    fprintf(stderr, "AT port: stdio\n");
    return true;
}
