/*
 * The servers that are measured beside each other: a bare UDP echo (recvfrom, sendto), and the
 * platform.
 */
#ifndef BENCH_SERVERS_H
#define BENCH_SERVERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct server {
    pid_t pid;
    uint16_t port;
    bool echo;
};

bool server_start_echo(struct server *out);
/* `store` is the path of one, or NULL. `http`: with the REST interface, whose store is in memory
 * when there is no other. */
bool server_start_platform(const char *path, const char *store, bool http, struct server *out);
void server_stop(const struct server *server);
double server_cpu_s(const struct server *server);

int server_compare(const void *a, const void *b); /* of two doubles, for qsort */

#endif
