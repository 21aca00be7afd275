/*
 * The two clocks a module is told about: monotonic milliseconds, which --time-scale can make run
 * faster, and the wall clock in UTC seconds.
 */
#ifndef BC_DAEMON_CLOCK_H
#define BC_DAEMON_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct daemon_clock {
    uint64_t start_ns;     /* CLOCK_MONOTONIC when `scale` began to hold */
    uint64_t start_ms;     /* the module's milliseconds then */
    unsigned scale;        /* module milliseconds in a real one */
    int64_t wall_ahead_ms; /* wall clock minus monotonic clock, as last told */
    bool wall_told;
};

/* The module's time begins at 0 now. `scale` is 1 to 1000. */
void clock_start(struct daemon_clock *c, unsigned scale);

/* From now on the module's time runs at another scale, on from where it is. What clock_wake_ns()
 * told before no longer holds. */
void clock_set_scale(struct daemon_clock *c, unsigned scale);

/* Module milliseconds since clock_start(); never goes back. */
uint64_t clock_now_ms(const struct daemon_clock *c);

/* The CLOCK_MONOTONIC nanosecond at which clock_now_ms() reaches `module_ms`, and never less than
 * a millisecond from now: a deadline that has passed must not turn the loop into a busy one. */
uint64_t clock_wake_ns(const struct daemon_clock *c, uint64_t module_ms);

/* True with the wall clock when the module must be told: the first time, and after the clock was
 * set by more than a second. A module on scaled time is told once: its day has its own length. */
bool clock_wall_changed(struct daemon_clock *c, int64_t *utc_s);

#endif
