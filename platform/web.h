/*
 * The services in the program: --http and `serve`. Products, commands, decoded values and firmware
 * tasks, with the HTTP interface over them. Without them nothing here is made, and what follows
 * does nothing.
 */
#ifndef BC_PLATFORM_WEB_H
#define BC_PLATFORM_WEB_H

#include "http.h"
#include "modules.h"
#include "net.h"
#include "options.h"
#include "place.h"
#include "security.h"
#include "storage.h"

struct web {
    struct service *service; /* NULL: there is none */
    struct http *http;
    const struct options *options;
    struct storage *storage;
    struct security *security;
    struct modules modules;
    struct service_modules module_calls;
    char places[4][NET_TEXT_BYTES]; /* of module_calls */
    struct bc_address locals[2];    /* coap and coaps; no address: there is none */
    json_t *listeners;              /* of GET /status */
    struct http_counters counters;
    bool store_failed;            /* and the events have told so */
    char token_file[PLACE_BYTES]; /* "" when there is none */
};

/* What is where. The pointers are kept. */
struct web_setup {
    const struct options *options;
    struct bc_server *server;
    struct storage *storage;
    struct security *security;
    const struct bc_address *coap;
    const struct bc_address *coaps; /* NULL: it is not there; as of the next two */
    const struct bc_address *bootstrap;
    const struct bc_address *bootstrap_coaps;
};

/* The service, before devices are restored; then the interface, when all is. False after a line on
 * stderr. */
bool platform_web_open(struct web *w, const struct web_setup *setup);
bool platform_web_listen(struct web *w, bool *wrong_usage);
void platform_web_close(struct web *w); /* before the store and the server */

/* The interface's descriptor, and that of virtual devices; -1 without them. */
int platform_web_fd(const struct web *w);
int platform_web_modules_fd(const struct web *w);
void platform_web_on_ready(struct web *w);
void platform_web_on_modules(struct web *w);
void platform_web_on_time(struct web *w);
uint64_t platform_web_deadline(const struct web *w, uint64_t now_ms);

/* Of the server core's configuration. */
bool platform_web_accepts(const struct web *w, bc_view endpoint, bc_view product_id);
void platform_web_on_event(struct web *w, const struct bc_server_event *event);
/* A plain message, of `count` that come or go. */
void platform_web_on_message(struct web *w, const struct bc_address *peer, bool up, bc_view bytes);

/* Around the commit of a turn. */
void platform_web_settle(struct web *w);
void platform_web_after_commit(struct web *w, bool committed);

#endif
