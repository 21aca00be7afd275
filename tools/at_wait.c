/*
 * Waiting: see at_wait.h.
 */
#define _GNU_SOURCE
#include "at_wait.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

static volatile sig_atomic_t stopped;
static sigset_t mask_before;

static void on_stop(int number)
{
    (void)number;
    stopped = 1;
}

static void on_child(int number)
{
    (void)number;
}

void at_signals_hold(void)
{
    struct sigaction stop = {.sa_handler = on_stop};
    struct sigaction child = {.sa_handler = on_child};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t held;

    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGHUP);
    sigaddset(&held, SIGCHLD);
    sigprocmask(SIG_BLOCK, &held, &mask_before);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGHUP, &stop, NULL);
    sigaction(SIGCHLD, &child, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

void at_signals_release(void)
{
    struct sigaction usual = {.sa_handler = SIG_DFL};

    sigaction(SIGPIPE, &usual, NULL);
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

uint64_t at_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

enum at_wait at_wait(struct pollfd *fds, nfds_t count, uint64_t until_ms)
{
    uint64_t now_ms = at_now_ms();
    uint64_t rest_ms = until_ms > now_ms ? until_ms - now_ms : 0;
    struct timespec rest = {.tv_sec = (time_t)(rest_ms / 1000),
                            .tv_nsec = (long)(rest_ms % 1000) * 1000000};

    int ready = ppoll(fds, count, &rest, &mask_before);
    if (stopped)
        return AT_STOPPED;
    /* Late is late even when there is more: who sends without end does not stop the clock. */
    if (rest_ms > 0 && (ready > 0 || (ready < 0 && errno == EINTR)))
        return AT_READY;
    return AT_LATE;
}
