/*
 * bc-bench-turnaround: how long the host waits for OK after AT on the pty of bc260y, beside a
 * process that only echoes bytes on a pty of its own, in turns in the same run. Prints
 * `name value` lines; medians and the 99th percentile, microseconds.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "process.h"

#define ROUNDS_MAX 1000000
#define PATIENCE_MS 5000
#define ANSWER_BYTES 256

/* A process behind a pty. */
struct server {
    pid_t pid;
    int fd; /* the slave */
};

static double now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int open_slave(const char *path)
{
    struct termios settings;
    int fd = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || tcgetattr(fd, &settings) != 0) {
        fprintf(stderr, "bc-bench-turnaround: cannot open %s: %s\n", path, strerror(errno));
        return -1;
    }
    cfmakeraw(&settings);
    (void)tcsetattr(fd, TCSANOW, &settings);
    return fd;
}

static void serve_echo(int master)
{
    uint8_t bytes[ANSWER_BYTES];
    for (;;) {
        ssize_t got = read(master, bytes, sizeof(bytes));
        if (got > 0 && write(master, bytes, (size_t)got) < 0)
            _exit(1);
    }
}

static bool start_echo(struct server *out)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        return false;
    out->fd = open_slave(ptsname(master));
    out->pid = out->fd < 0 ? -1 : process_fork();
    if (out->pid == 0)
        serve_echo(master);
    close(master);
    return out->pid > 0;
}

/* The first line of output is "AT port: PATH". */
static bool start_module(const char *program, struct server *out)
{
    char line[256] = "";
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return false;
    out->pid = process_fork();
    if (out->pid == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        execl(program, program, "--state", "none", "--set", "attach_ms=0", (char *)NULL);
        fprintf(stderr, "bc-bench-turnaround: cannot run %s: %s\n", program, strerror(errno));
        _exit(1);
    }
    close(pipes[1]);
    FILE *in = fdopen(pipes[0], "r");
    const char *path = NULL;
    if (in != NULL && fgets(line, sizeof(line), in) != NULL)
        path = strchr(line, '/');
    if (in != NULL)
        fclose(in);
    line[strcspn(line, "\n")] = 0;
    out->fd = path != NULL ? open_slave(path) : -1;
    return out->fd >= 0;
}

/* Reads until `end` is the end. False after PATIENCE_MS without a byte. */
static bool wait_for(const struct server *server, const char *end)
{
    char bytes[ANSWER_BYTES] = "";
    size_t have = 0;
    size_t wanted = strlen(end);
    struct pollfd wait = {.fd = server->fd, .events = POLLIN};
    while (have < wanted || memcmp(bytes + have - wanted, end, wanted) != 0) {
        if (have == sizeof(bytes)) {
            memmove(bytes, bytes + have - wanted, wanted);
            have = wanted;
        }
        if (poll(&wait, 1, PATIENCE_MS) <= 0)
            return false;
        ssize_t got = read(server->fd, bytes + have, sizeof(bytes) - have);
        if (got <= 0)
            return false;
        have += (size_t)got;
    }
    return true;
}

/* Microseconds from the question to the end of the answer; below 0 when there is none. */
static double ask(const struct server *server, const char *question, const char *end)
{
    size_t len = strlen(question);
    double begin = now_us();
    if (write(server->fd, question, len) != (ssize_t)len || !wait_for(server, end))
        return -1;
    return now_us() - begin;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print(const char *name, double *samples, unsigned count)
{
    qsort(samples, count, sizeof(*samples), compare);
    printf("%s_us %.2f\n%s_p99_us %.2f\n", name, samples[count / 2], name,
           samples[count - 1 - count / 100]);
}

static bool measure(const struct server *module, const struct server *echo, unsigned rounds)
{
    double *module_us = calloc(rounds, sizeof(*module_us));
    double *echo_us = calloc(rounds, sizeof(*echo_us));
    bool good = module_us != NULL && echo_us != NULL;
    for (unsigned i = 0; good && i < rounds; i++) {
        module_us[i] = ask(module, "AT\r", "\r\nOK\r\n");
        echo_us[i] = ask(echo, "AT\r", "AT\r");
        good = module_us[i] >= 0 && echo_us[i] >= 0;
    }
    if (good) {
        print("module", module_us, rounds);
        print("echo", echo_us, rounds);
    }
    free(module_us);
    free(echo_us);
    return good;
}

static void stop(const struct server *server)
{
    if (server->pid <= 0)
        return;
    kill(server->pid, SIGTERM);
    waitpid(server->pid, NULL, 0);
}

/* 0 = go on; -1 = done; else the exit status. */
static int parse(int argc, char **argv, const char **program, unsigned *rounds)
{
    static const struct option list[] = {
        {"rounds", required_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", list, NULL)) != -1) {
        if (option == 'r')
            *rounds = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'h')
            return puts("usage: bc-bench-turnaround [--rounds N] PATH_OF_BC260Y"), -1;
        else
            return 2;
    }
    if (optind + 1 != argc || *rounds < 1 || *rounds > ROUNDS_MAX) {
        fputs("bc-bench-turnaround: the path of bc260y is wanted, and 1 to 1000000 rounds\n",
              stderr);
        return 2;
    }
    *program = argv[optind];
    return 0;
}

int main(int argc, char **argv)
{
    struct server module = {.pid = -1};
    struct server echo = {.pid = -1};
    unsigned rounds = 5000;
    const char *program;
    int status = parse(argc, argv, &program, &rounds);
    if (status != 0)
        return status < 0 ? 0 : status;
    process_pin(1);
    bool good = start_module(program, &module) && start_echo(&echo) &&
                wait_for(&module, "+IP: 10.177.135.245\r\n") &&
                ask(&module, "ATE0\r", "\r\nOK\r\n") >= 0 &&
                ask(&module, "AT+QSCLK=0\r", "\r\nOK\r\n") >= 0 && measure(&module, &echo, rounds);
    if (!good)
        fputs("bc-bench-turnaround: a pty does not answer\n", stderr);
    stop(&module);
    stop(&echo);
    return good ? 0 : 1;
}
