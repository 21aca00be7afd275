/*
 * The load: many clients of an LwM2M server behind one socket, each with an address of its own in
 * 127/8 (IP_PKTINFO), taking turns; a fixed number of requests is on its way at any time. They let
 * themselves be observed.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOAD_CLIENTS_MAX 1000000
#define LOAD_WINDOW 128
#define LOAD_SIZES_MAX 8 /* of one run */

/* Reports are confirmable notifications. */
enum load_work { LOAD_REGISTER, LOAD_UPDATE, LOAD_REPORT };

struct load;

/* NULL after a line on stderr. `server_port` is on 127.0.0.1; `reports`: devices have an object
 * that the platform observes. */
struct load *load_open(uint32_t clients, uint32_t window, bool reports, uint16_t server_port);
void load_close(struct load *load);

struct load_result {
    uint64_t answered;
    uint64_t lost;    /* not answered in time and given up */
    uint64_t refused; /* answered with another code than expected */
    double seconds;
};

/* After registrations: those that were not answered are repeated, and every client waits until it
 * is observed. False when that does not come to an end. */
bool load_settle(struct load *load);

/* Runs for about `seconds`, but at least until every client had a turn. `echo`: the answer is the
 * request itself. An update needs the ids of a registration before it, unless `echo`,
 * and so does a report, which also waits until all clients are observed. */
struct load_result load_run(struct load *load, enum load_work work, double seconds, bool echo);

/* Numbers of clients, separated by commas; takes `list` to pieces. False when there are none, too
 * many, or one that is out of range. */
bool load_read_sizes(char *list, uint32_t sizes[LOAD_SIZES_MAX], size_t *count);

#endif
