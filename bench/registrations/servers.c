/*
 * The servers of servers.h.
 */
#define _GNU_SOURCE
#include "servers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "process.h"

#define HOST "127.0.0.1"

static void serve_echo(int fd)
{
    uint8_t bytes[2048];
    struct sockaddr_in from;
    for (;;) {
        socklen_t len = sizeof(from);
        ssize_t got = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &len);
        if (got >= 0)
            (void)sendto(fd, bytes, (size_t)got, 0, (struct sockaddr *)&from, len);
    }
}

bool server_start_echo(struct server *out)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(name);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&name, &len) != 0)
        return false;
    *out = (struct server){.pid = process_fork(), .port = ntohs(name.sin_port), .echo = true};
    if (out->pid == 0)
        serve_echo(fd);
    close(fd);
    return out->pid > 0;
}

/* The first line tells the port. */
static bool read_port(int fd, uint16_t *out)
{
    char line[256] = "";
    FILE *in = fdopen(fd, "r");
    bool read = in != NULL && fgets(line, sizeof(line), in) != NULL;
    const char *colon = strstr(line, HOST ":");
    if (in != NULL)
        fclose(in);
    *out = colon == NULL ? 0 : (uint16_t)strtoul(colon + strlen(HOST) + 1, NULL, 10);
    return read && *out != 0;
}

bool server_start_platform(const char *path, const char *store, bool http, struct server *out)
{
    static const char any_port[] = HOST ":0";
    const char *argv[12] = {path, "--coap", any_port, "--open", "iot", "--quiet"};
    size_t argc = 6;
    int pipes[2];
    if (store != NULL) {
        argv[argc++] = "--store";
        argv[argc++] = store;
    }
    if (http) {
        argv[argc++] = "--http";
        argv[argc++] = HOST ":0";
    }
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return false;
    *out = (struct server){.pid = process_fork()};
    if (out->pid == 0) {
        dup2(pipes[1], STDOUT_FILENO);
        execv(path, (char **)(uintptr_t)argv);
        fprintf(stderr, "bc-bench: cannot run %s: %s\n", path, strerror(errno));
        _exit(1);
    }
    close(pipes[1]);
    return out->pid > 0 && read_port(pipes[0], &out->port);
}

void server_stop(const struct server *server)
{
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
}

double server_cpu_s(const struct server *server)
{
    clockid_t id;
    struct timespec spent;
    if (clock_getcpuclockid(server->pid, &id) != 0 || clock_gettime(id, &spent) != 0)
        return 0;
    return (double)spent.tv_sec + (double)spent.tv_nsec / 1e9;
}

int server_compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}
