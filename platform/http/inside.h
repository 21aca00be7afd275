/*
 * The HTTP interface's inside, shared by the files of platform/http. Nothing outside this folder
 * includes it.
 *
 *     http.c      the whole: the daemon and curl in one epoll, time, commits
 *     listen.c    the socket
 *     guest.c     connections, and how long they may take
 *     visit.c     a request: who asks, its body, which part answers, when the answer leaves
 *     respond.c   the answer's headers
 *     stream.c    server-sent events
 *     hooks.c     webhooks
 *     metrics.c   /metrics
 *     asset.c     the console's files
 */
#ifndef BC_PLATFORM_HTTP_INSIDE_H
#define BC_PLATFORM_HTTP_INSIDE_H

#include <microhttpd.h>

#include "accounts.h"
#include "api.h"
#include "http.h"

#define CONNECTIONS_MAX 256
#define GUESTS_MAX 224 /* of them; the rest are those that are just being cut off */
#define STREAMS_MAX 64
#define RAW_BODIES_MAX 4            /* at a time */
#define JSON_BYTES_MAX (256 * 1024) /* a codec of 64 KiB, every byte escaped */
#define RAW_BYTES_MAX (32 * 1024 * 1024)
#define STATUS_END 600
#define JSON_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15))

struct visit;
struct stream;
struct streams;
struct hooks;

/* A connection. */
struct guest {
    struct guest *next;
    struct guest *previous;
    struct MHD_Connection *connection;
    uint64_t deadline_ms; /* then it is cut off; BC_NEVER */
    bool unheard;         /* its request is not whole yet, so it can be told that it is cut off */
    bool cut;             /* it has been */
};

struct http {
    struct http_config config;
    struct bc_store_time now;
    struct MHD_Daemon *daemon;
    int epoll;        /* of everything below */
    int daemon_epoll; /* inside that one */
    bool loopback;
    bool secure;
    char local[HTTP_LOCAL_BYTES];
    struct guest *guests;
    size_t guest_count; /* without those that were cut off */
    struct visit *held; /* whose answers wait, oldest last */
    size_t raw_bodies;
    bool stirred; /* somebody was let go on, and the daemon is to be run */
    uint64_t tick_ms;
    int64_t started_ms;
    struct streams *streams;
    struct hooks *hooks;
    uint64_t answered[STATUS_END];
    uint64_t commands[8]; /* ended, by state: metrics.c */
    uint64_t alarms;
};

enum visit_state {
    VISIT_READING,
    VISIT_HELD,    /* until the commit */
    VISIT_WAITING, /* for its command */
    VISIT_READY
};
enum visit_area { AREA_API, AREA_METRICS, AREA_CONSOLE };

/* A request and its answer. */
struct visit {
    struct http *http;
    struct MHD_Connection *connection;
    struct guest *guest;
    struct visit *next; /* of http->held */
    struct visit *previous;
    enum visit_state state;
    enum visit_area area;
    const char *url;    /* undecoded, without the query */
    const char *method; /* HEAD is GET */
    bool heads;         /* and was HEAD */
    const struct api_route *route;
    struct service_token token;
    uint8_t *body;
    size_t body_bytes;
    size_t body_cap;
    size_t body_max;
    bool takes_raw; /* is one of http->raw_bodies */
    bool closes;    /* the connection is over with the answer */
    struct api_answer answer;
    char allow[64];
    uint64_t command; /* answer when this has ended */
    bool ended;
    uint64_t deadline_ms;
    struct stream *stream;
};

/* listen.c: nonblocking and listening; -1 after a line on stderr. */
int http_listen(const char *text, char local[HTTP_LOCAL_BYTES], bool *loopback, bool *wrong_usage);
/* Whether a Host header may be one of a service on loopback: DNS of others must not lead here. */
bool http_host_is_loopback(const char *host);

/* guest.c: the daemon's callback, and time. */
void http_on_connection(void *context, struct MHD_Connection *connection, void **slot,
                        enum MHD_ConnectionNotificationCode what);
struct guest *http_guest(struct MHD_Connection *connection);
void http_cut_off_slow_guests(struct http *http);

/* visit.c: the daemon's callbacks. */
enum MHD_Result http_on_request(void *context, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_bytes, void **slot);
void http_on_completed(void *context, struct MHD_Connection *connection, void **slot,
                       enum MHD_RequestTerminationCode why);
void http_let_held_go(struct http *http, bool committed);
void http_end_waiting(struct http *http); /* for commands */
void http_on_command_ended(struct http *http, uint64_t command);
uint64_t http_visits_deadline(const struct http *http);

/* respond.c. Each queues the answer of a visit and counts it. */
enum MHD_Result http_respond(struct visit *visit); /* visit->answer */
enum MHD_Result http_respond_bytes(struct visit *visit, const char *media_type, char *text,
                                   size_t bytes); /* malloc()ed, taken over */
enum MHD_Result http_respond_asset(struct visit *visit);
enum MHD_Result http_respond_stream(struct visit *visit);

/* stream.c */
struct streams *http_streams_create(int64_t utc_ms);
void http_streams_destroy(struct streams *streams);
bool http_streams_wanted(const struct streams *streams, uint64_t now_ms);
size_t http_streams_count(const struct streams *streams);
uint64_t http_streams_dropped(const struct streams *streams);
void http_streams_put(struct http *http, const struct service_event *event);
void http_streams_on_time(struct http *http);
uint64_t http_streams_deadline(const struct streams *streams);
void http_streams_end(struct http *http); /* all of them */
/* Begins one; false with a problem in the visit's answer. */
bool http_stream_begin(struct visit *visit, json_t *query);
void http_stream_end(struct visit *visit);
ssize_t http_stream_read(void *context, uint64_t position, char *out, size_t max);

/* hooks.c */
struct hooks *http_hooks_create(struct http *http);
void http_hooks_destroy(struct hooks *hooks);
void http_hooks_stir(struct hooks *hooks); /* something may have been queued */
void http_hooks_run(struct hooks *hooks);  /* begins what is due */
void http_hooks_on_ready(struct hooks *hooks, int fd, uint32_t epoll_events);
void http_hooks_on_time(struct hooks *hooks);
uint64_t http_hooks_deadline(const struct hooks *hooks);
/* Deliveries that went well, and those that did not. */
void http_hooks_counts(const struct hooks *hooks, uint64_t *delivered, uint64_t *failed);

/* metrics.c */
void http_count_event(struct http *http, const struct service_event *event);
/* The text, to be freed, or NULL. */
char *http_metrics(struct http *http, size_t *bytes);

/* asset.c: a file of the console, in memory. */
struct http_asset {
    const char *path; /* of the URL */
    const char *tag;  /* its SHA-256 */
    const uint8_t *bytes;
    size_t len;
};
extern const struct http_asset http_assets[]; /* up to one without path; made at build time */
const struct http_asset *http_asset_find(const char *url);
const char *http_asset_media_type(const struct http_asset *asset);

#endif
