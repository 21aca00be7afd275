/*
 * The processes that the benchmarks measure: each on core 0, with the load on another one, so that
 * the scheduler does not decide the result.
 */
#ifndef BENCH_PROCESS_H
#define BENCH_PROCESS_H

#include <sys/types.h>

/* Of the calling process; nothing on a machine with one core. */
void process_pin(unsigned core);

/* fork(), and a child on core 0 that ends with its parent, whatever happens. */
pid_t process_fork(void);

#endif
