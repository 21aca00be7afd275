/*
 * The files the loop waits for: see watch.h.
 */
#define _GNU_SOURCE
#include "watch.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

bool watches_open(struct watches *w)
{
    for (int i = 0; i < WATCH_COUNT; i++)
        w->of[i].fd = -1;
    w->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    return w->epoll_fd >= 0;
}

void watches_close(struct watches *w)
{
    if (w->epoll_fd >= 0)
        close(w->epoll_fd);
    w->epoll_fd = -1;
}

void watch_set(struct watches *w, enum watch watch, int fd, unsigned wanted)
{
    if (fd < 0 || wanted == 0) {
        fd = -1;
        wanted = 0;
    }
    int old_fd = w->of[watch].fd;
    if (fd == old_fd && wanted == w->of[watch].wanted)
        return;
    if (old_fd >= 0 && old_fd != fd && !w->of[watch].always)
        epoll_ctl(w->epoll_fd, EPOLL_CTL_DEL, old_fd, NULL);
    bool always = fd == old_fd && w->of[watch].always;
    if (fd >= 0 && !always) {
        struct epoll_event event = {.data.u32 = watch};
        event.events = ((wanted & WATCH_READ) != 0 ? (uint32_t)EPOLLIN : 0) |
                       ((wanted & WATCH_WRITE) != 0 ? (uint32_t)EPOLLOUT : 0);
        int operation = fd == old_fd ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
        always = epoll_ctl(w->epoll_fd, operation, fd, &event) != 0 && errno == EPERM;
    }
    w->of[watch].fd = fd;
    w->of[watch].wanted = wanted;
    w->of[watch].always = always;
}

void watches_wait(struct watches *w, struct watch_ready *ready)
{
    *ready = (struct watch_ready){{0}};
    int timeout_ms = -1;
    for (int i = 0; i < WATCH_COUNT; i++) {
        if (w->of[i].always) {
            ready->of[i] = w->of[i].wanted;
            timeout_ms = 0;
        }
    }
    struct epoll_event events[WATCH_COUNT];
    int count = epoll_wait(w->epoll_fd, events, WATCH_COUNT, timeout_ms);
    for (int i = 0; i < count; i++) {
        uint32_t watch = events[i].data.u32;
        unsigned bits = (events[i].events & EPOLLIN) != 0 ? WATCH_READ : 0;
        bits |= (events[i].events & EPOLLOUT) != 0 ? WATCH_WRITE : 0;
        if ((events[i].events & (EPOLLHUP | EPOLLERR)) != 0)
            bits = WATCH_READ | WATCH_WRITE;
        ready->of[watch] |= bits & w->of[watch].wanted;
    }
}
