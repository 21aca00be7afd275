/*
 * The files the loop waits for. A watch is a name for a place in the program ("the AT port's
 * input"), and may be moved from one file descriptor to another; epoll is only called on changes.
 */
#ifndef BC_DAEMON_WATCH_H
#define BC_DAEMON_WATCH_H

#include <stdbool.h>

#define WATCH_CLIENTS_MAX 8 /* of the control socket at a time */

enum watch {
    WATCH_SIGNAL,
    WATCH_TIMER,
    WATCH_RESOLVE,
    WATCH_NET_IPV4,
    WATCH_NET_IPV6,
    WATCH_PORT_IN, /* both directions when they share one descriptor */
    WATCH_PORT_OUT,
    WATCH_PORT_LISTEN,
    WATCH_CONTROL,
    WATCH_CLIENT_FIRST,
    WATCH_COUNT = WATCH_CLIENT_FIRST + WATCH_CLIENTS_MAX,
};

#define WATCH_READ 1u
#define WATCH_WRITE 2u

struct watches {
    int epoll_fd;
    struct {
        int fd;
        unsigned wanted;
        bool always; /* a regular file: epoll refuses it, for it is always ready */
    } of[WATCH_COUNT];
};

/* What is ready: WATCH_READ and WATCH_WRITE bits, only where wanted. Hang-up and error make every
 * wanted direction ready: the next read or write tells. */
struct watch_ready {
    unsigned of[WATCH_COUNT];
};

bool watches_open(struct watches *w);
void watches_close(struct watches *w);

/* From now on: `wanted` of `fd`. Nothing wanted or fd -1 = do not watch; to be said before a
 * watched descriptor is closed. */
void watch_set(struct watches *w, enum watch watch, int fd, unsigned wanted);

/* Waits until something is ready. */
void watches_wait(struct watches *w, struct watch_ready *ready);

#endif
