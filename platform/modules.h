/*
 * The processes behind virtual devices: each is a bc260y with its AT port on a socket pair. They
 * know nothing but their arguments, are watched through one descriptor, and die with the platform.
 */
#ifndef BC_PLATFORM_MODULES_H
#define BC_PLATFORM_MODULES_H

#include <sys/types.h>

#include "service.h"

struct module_process {
    pid_t pid; /* 0: free */
    int watch; /* tells its end */
    int port;  /* AT port, nonblocking */
    int error; /* standard error; -1 when it has ended */
};

struct modules {
    int epoll; /* readable: call platform_modules_on_ready() */
    char program[4096];
    struct module_process processes[SERVICE_MODULES_MAX];
};

/* False after a line on stderr. bc260y is looked for beside this program. */
bool platform_modules_open(struct modules *modules);
void platform_modules_close(struct modules *modules);

/* The callbacks of service_modules; the context is the struct. */
const char *platform_modules_start(void *context, unsigned slot, const char *const *arguments);
bool platform_modules_write(void *context, unsigned slot, bc_view bytes);
void platform_modules_stop(void *context, unsigned slot);

void platform_modules_on_ready(struct modules *modules, struct service *service,
                               const struct bc_store_time *now);

#endif
