/*
 * Host names to addresses, without making the AT port wait.
 *
 * getaddrinfo() blocks for as long as a name server is silent, so it runs in a child process that
 * writes one address into a pipe. A child, not a thread or getaddrinfo_a(): it can be ended at
 * once when its question is outdated or the program ends, and what the C library loads and keeps
 * for name service stays out of our memory.
 */
#ifndef BC_DAEMON_RESOLVE_H
#define BC_DAEMON_RESOLVE_H

#include <sys/types.h>

#include "bc260y/types.h"

struct resolve {
    int fd; /* the pipe; -1 = no question is open */
    pid_t child;
    uint32_t query_id; /* of the open question */
    bool prefer_ipv6;  /* where a name has both kinds of address */
};

void resolve_init(struct resolve *r, bool prefer_ipv6);
void resolve_close(struct resolve *r);

/* True when `host` is an address as it stands; `out` then has it. */
bool resolve_numeric(const char *host, struct bc_address *out);

/* Asks; an earlier question that is still open is dropped. False when no child can be made. */
bool resolve_start(struct resolve *r, uint32_t query_id, const char *host);

/* To be called when `fd` is readable: ends the question. False = the name has no address. */
bool resolve_finish(struct resolve *r, struct bc_address *out);

#endif
