/*
 * Processes of virtual devices: see modules.h. No shell stands between: execv() gets the arguments
 * as they are.
 */
#define _GNU_SOURCE
#include "modules.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 24
#define READ_BYTES 4096
#define READS_MAX 8 /* of one descriptor, before others have their turn */

/* What is ready, as epoll gives it back: slot and which of its descriptors. */
enum part { PART_PORT, PART_ERROR, PART_END, PARTS };

static bool find_program(char out[static 4096])
{
    ssize_t len = readlink("/proc/self/exe", out, PATH_MAX - 1);
    if (len <= 0)
        return false;
    out[len] = '\0';
    char *name = strrchr(out, '/') + 1;
    if ((size_t)(name - out) + sizeof("bc260y") > PATH_MAX)
        return false;
    memcpy(name, "bc260y", sizeof("bc260y"));
    return true;
}

bool platform_modules_open(struct modules *modules)
{
    *modules = (struct modules){.epoll = epoll_create1(EPOLL_CLOEXEC)};
    if (modules->epoll >= 0 && find_program(modules->program))
        return true;
    fprintf(stderr, "bc260y-platform: cannot prepare virtual devices: %s\n", strerror(errno));
    return false;
}

/* In the child: becomes the module, without the platform's signal mask and descriptors. */
static _Noreturn void become(const char *program, char *const *arguments, int port, int error,
                             pid_t parent)
{
    static char *const environment[] = {NULL};
    sigset_t none;
    sigemptyset(&none);
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent ||
        dup2(port, STDIN_FILENO) < 0 || dup2(port, STDOUT_FILENO) < 0 ||
        dup2(error, STDERR_FILENO) < 0)
        _exit(126);
    close_range(STDERR_FILENO + 1, ~0U, 0); /* whatever a library opened without CLOEXEC */
    execve(program, arguments, environment);
    dprintf(STDERR_FILENO, "cannot run %s: %s\n", program, strerror(errno));
    _exit(127);
}

static bool watch(struct modules *modules, unsigned slot, enum part part, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = slot * PARTS + part};
    return epoll_ctl(modules->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void close_parts(struct module_process *process)
{
    close(process->port);
    if (process->error >= 0)
        close(process->error);
    close(process->watch);
    *process = (struct module_process){.pid = 0};
}

static void kill_now(struct module_process *process)
{
    kill(process->pid, SIGKILL);
    while (waitpid(process->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

const char *platform_modules_start(void *context, unsigned slot, const char *const *arguments)
{
    struct modules *modules = context;
    struct module_process *process = &modules->processes[slot];
    char *argv[ARGUMENTS_MAX + 2] = {modules->program};
    int ports[2], errors[2];
    pid_t parent = getpid();
    for (size_t i = 0; i < ARGUMENTS_MAX && arguments[i] != NULL; i++)
        memcpy(&argv[i + 1], &arguments[i], sizeof(argv[0])); /* execve() leaves them const */
    if (access(modules->program, X_OK) != 0)
        return "bc260y is not beside bc260y-platform";
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ports) != 0)
        return strerror(errno);
    if (pipe2(errors, O_CLOEXEC | O_NONBLOCK) != 0) {
        close(ports[0]);
        close(ports[1]);
        return strerror(errno);
    }
    fcntl(ports[0], F_SETFL, O_NONBLOCK);
    pid_t pid = fork();
    if (pid == 0)
        become(modules->program, argv, ports[1], errors[1], parent);
    close(ports[1]);
    close(errors[1]);
    int end = pid > 0 ? pidfd_open(pid, 0) : -1;
    *process =
        (struct module_process){.pid = pid, .watch = end, .port = ports[0], .error = errors[0]};
    if (end >= 0 && watch(modules, slot, PART_PORT, ports[0]) &&
        watch(modules, slot, PART_ERROR, errors[0]) && watch(modules, slot, PART_END, end))
        return NULL;
    if (pid > 0)
        kill_now(process);
    close_parts(process);
    return "no more processes or descriptors";
}

bool platform_modules_write(void *context, unsigned slot, bc_view bytes)
{
    const struct modules *modules = context;
    ssize_t put = send(modules->processes[slot].port, bytes.ptr, bytes.len, MSG_NOSIGNAL);
    return put == (ssize_t)bytes.len;
}

void platform_modules_stop(void *context, unsigned slot)
{
    struct modules *modules = context;
    struct module_process *process = &modules->processes[slot];
    if (process->pid <= 0)
        return;
    kill_now(process);
    close_parts(process);
}

void platform_modules_close(struct modules *modules)
{
    if (modules->program[0] == '\0')
        return;
    for (unsigned slot = 0; slot < SERVICE_MODULES_MAX; slot++)
        platform_modules_stop(modules, slot);
    close(modules->epoll);
}

/* Hands over what has come, a turn's worth or, with `all`, everything; false at its end. */
static bool read_part(struct modules *modules, unsigned slot, enum part part, bool all,
                      struct service *service, const struct bc_store_time *now)
{
    for (unsigned turn = 0; turn < READS_MAX || all; turn++) {
        const struct module_process *process = &modules->processes[slot];
        uint8_t bytes[READ_BYTES];
        if (process->pid == 0)
            return true;
        ssize_t got = read(part == PART_PORT ? process->port : process->error, bytes, READ_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 && errno == EAGAIN;
        if (part == PART_PORT)
            service_on_module_bytes(service, slot, (bc_view){bytes, (size_t)got}, now);
        else
            service_on_module_error(service, slot, (bc_view){bytes, (size_t)got}, now);
    }
    return true;
}

/* It has ended by itself: what it said last comes first. */
static void bury(struct modules *modules, unsigned slot, struct service *service,
                 const struct bc_store_time *now)
{
    struct module_process *process = &modules->processes[slot];
    int status = 0;
    if (process->error >= 0)
        read_part(modules, slot, PART_ERROR, true, service, now);
    read_part(modules, slot, PART_PORT, true, service, now);
    if (process->pid == 0 || waitpid(process->pid, &status, WNOHANG) != process->pid)
        return;
    close_parts(process);
    service_on_module_ended(service, slot, WIFEXITED(status) ? WEXITSTATUS(status) : -1, now);
}

static void on_part(struct modules *modules, unsigned slot, enum part part, struct service *service,
                    const struct bc_store_time *now)
{
    struct module_process *process = &modules->processes[slot];
    if (process->pid == 0)
        return;
    if (part == PART_END)
        bury(modules, slot, service, now);
    else if (read_part(modules, slot, part, false, service, now) || process->pid == 0)
        return;
    else if (part == PART_PORT) /* its end is told by PART_END */
        epoll_ctl(modules->epoll, EPOLL_CTL_DEL, process->port, NULL);
    else {
        close(process->error);
        process->error = -1;
    }
}

void platform_modules_on_ready(struct modules *modules, struct service *service,
                               const struct bc_store_time *now)
{
    struct epoll_event ready[SERVICE_MODULES_MAX];
    int count = epoll_wait(modules->epoll, ready, SERVICE_MODULES_MAX, 0);
    for (int i = 0; i < count; i++)
        on_part(modules, ready[i].data.u32 / PARTS, (enum part)(ready[i].data.u32 % PARTS), service,
                now);
}
