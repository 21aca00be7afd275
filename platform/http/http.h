/*
 * The HTTP interface (PLATFORM section 3): REST with tokens, the stream of events, webhooks,
 * metrics, and the console. It stands on libmicrohttpd and libcurl, both in the caller's epoll
 * loop, and asks the service for everything (api.h).
 *
 *     if (platform_http_fd(http) is readable) platform_http_on_ready(http, now);
 *     platform_http_on_time(http, now);
 *     service_settle(); committed = bc_store_commit();
 *     service_after_commit(service, committed);       // tells platform_http_on_event()
 *     platform_http_after_commit(http, committed, now);    // answers leave
 *
 * An answer leaves when what its request changed is committed, or else it is 503. Everything that a
 * client can make grow has a limit, which is a name in inside.h or in the files that keep to it.
 */
#ifndef BC_PLATFORM_HTTP_H
#define BC_PLATFORM_HTTP_H

#include "service.h"

struct http;

#define HTTP_LOCAL_BYTES 64

/* Counted by the program, shown at /metrics. */
struct http_counters {
    uint64_t datagrams_in;
    uint64_t datagrams_out;
    uint64_t store_failures;
    uint64_t events[BC_SERVER_EVENT_KINDS]; /* of the server core, by kind */
};

struct http_config {
    const char *address; /* "ADDRESS:PORT" or "[ADDRESS]:PORT" */
    const char *cert;    /* PEM texts; NULL: no TLS */
    const char *key;
    uint32_t patience_s; /* a request must be whole by then */
    struct service *service;
    struct bc_store *store;
    const struct http_counters *counters;
};

/* The strings and the counters are kept, but `cert` and `key`. NULL after a line on stderr; then
 * `*wrong_usage` tells a text that is no address from one that cannot be listened on. */
struct http *platform_http_open(const struct http_config *config, const struct bc_store_time *now,
                                bool *wrong_usage);
void platform_http_close(struct http *http); /* before the service; NULL is fine */

int platform_http_fd(const struct http *http); /* -1 without one */
const char *platform_http_local(const struct http *http);

void platform_http_on_ready(struct http *http, const struct bc_store_time *now);
void platform_http_on_time(struct http *http, const struct bc_store_time *now);
uint64_t platform_http_deadline(const struct http *http, uint64_t now_ms);

/* Of the service's configuration. */
bool platform_http_wants(const struct http *http, enum service_event_kind kind);
void platform_http_on_event(struct http *http, const struct service_event *event);

/* After service_after_commit(). */
void platform_http_after_commit(struct http *http, bool committed, const struct bc_store_time *now);

#endif
