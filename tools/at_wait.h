/*
 * The player's clock and the one place where it sleeps. Signals that end the program (SIGINT,
 * SIGTERM, SIGHUP) and SIGCHLD arrive here only, so that every wait ends in good order and the
 * port's settings are restored.
 */
#ifndef AT_WAIT_H
#define AT_WAIT_H

#include <poll.h>
#include <stdint.h>

enum at_wait {
    AT_READY,   /* a descriptor is ready, or a child has ended: look again */
    AT_LATE,    /* the time is over */
    AT_STOPPED, /* the user wants the program to end */
};

/* From here on the signals wait for at_wait(). */
void at_signals_hold(void);

/* As they were, for a child before exec. */
void at_signals_release(void);

uint64_t at_now_ms(void);
enum at_wait at_wait(struct pollfd *fds, nfds_t count, uint64_t until_ms);

#endif
