/*
 * The interface as a whole: the daemon and curl in one epoll, and the order of a turn. See http.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "inside.h"

#define READY_MAX 32
#define TICK_MS 1000 /* how often slow connections are looked for */
#define IDLE_S 60
#define HEADERS_BYTES_MAX 32768 /* of a request, and of what is on its way to the client */
#define CIPHERS "SECURE128:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3:%SERVER_PRECEDENCE"

/* The daemon's own lines would tell of every client that goes away. */
static void log_nothing(void *context, const char *format, va_list args)
{
    (void)context, (void)format, (void)args;
}

/* Paths and parameters are decoded where it is known what they are. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context, (void)connection;
    return strlen(text);
}

/* Opening --------------------------------------------------------------------------------------*/

static bool start(struct http *http, int fd)
{
    const struct http_config *config = &http->config;
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)config->cert},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)config->key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)CIPHERS},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    if (config->cert != NULL)
        flags |= MHD_USE_TLS;
    http->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, http_on_request, http, MHD_OPTION_EXTERNAL_LOGGER, log_nothing, NULL,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)HEADERS_BYTES_MAX, MHD_OPTION_NOTIFY_CONNECTION, http_on_connection, http,
        MHD_OPTION_NOTIFY_COMPLETED, http_on_completed, http, MHD_OPTION_UNESCAPE_CALLBACK,
        leave_escaped, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY,
        config->cert != NULL ? tls : none, MHD_OPTION_END);
    http->config.cert = http->config.key = NULL;
    return http->daemon != NULL;
}

static bool watch_daemon(struct http *http)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    http->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (info == NULL || http->epoll < 0)
        return false;
    http->daemon_epoll = info->epoll_fd;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = http->daemon_epoll};
    return epoll_ctl(http->epoll, EPOLL_CTL_ADD, http->daemon_epoll, &event) == 0;
}

static bool open_parts(struct http *http, int fd)
{
    http->streams = http_streams_create(http->now.utc_ms);
    http->hooks = http_hooks_create(http);
    bool tls = http->config.cert != NULL;
    http->secure = tls;
    if (http->streams == NULL || http->hooks == NULL || !start(http, fd)) {
        close(fd);
        fprintf(stderr, "bc260y-platform: cannot start the HTTP interface%s\n",
                tls ? ": are --http-cert and --http-key a pair of PEM files?" : "");
        return false;
    }
    if (!watch_daemon(http)) {
        fputs("bc260y-platform: cannot start the HTTP interface\n", stderr);
        return false;
    }
    if (!http->loopback && !tls)
        fputs("bc260y-platform: --http: tokens can be read on their way here; use --http-cert\n",
              stderr);
    return true;
}

struct http *platform_http_open(const struct http_config *config, const struct bc_store_time *now,
                                bool *wrong_usage)
{
    struct http *http = calloc(1, sizeof(*http));
    *wrong_usage = false;
    if (http == NULL) {
        fputs("bc260y-platform: not enough memory\n", stderr);
        return NULL;
    }
    http->config = *config;
    http->now = *now;
    http->started_ms = now->utc_ms;
    http->epoll = http->daemon_epoll = -1;
    int fd = http_listen(config->address, http->local, &http->loopback, wrong_usage);
    if (fd >= 0 && open_parts(http, fd))
        return http;
    platform_http_close(http);
    return NULL;
}

/* Nobody may be suspended when the daemon stops. */
void platform_http_close(struct http *http)
{
    if (http == NULL)
        return;
    if (http->daemon != NULL) {
        http_streams_end(http);
        http_end_waiting(http);
        http_let_held_go(http, false);
        (void)MHD_run(http->daemon);
        MHD_stop_daemon(http->daemon);
    }
    http_hooks_destroy(http->hooks);
    http_streams_destroy(http->streams);
    if (http->epoll >= 0)
        close(http->epoll);
    free(http);
}

int platform_http_fd(const struct http *http)
{
    return http == NULL ? -1 : http->epoll;
}

const char *platform_http_local(const struct http *http)
{
    return http->local;
}

/* A turn ---------------------------------------------------------------------------------------*/

static void run(struct http *http)
{
    http->stirred = false;
    (void)MHD_run(http->daemon);
}

void platform_http_on_ready(struct http *http, const struct bc_store_time *now)
{
    struct epoll_event ready[READY_MAX];
    http->now = *now;
    int count = epoll_wait(http->epoll, ready, READY_MAX, 0);
    for (int i = 0; i < count; i++)
        if (ready[i].data.fd == http->daemon_epoll)
            run(http);
        else
            http_hooks_on_ready(http->hooks, ready[i].data.fd, ready[i].events);
}

static bool daemon_is_due(const struct http *http)
{
    MHD_UNSIGNED_LONG_LONG left;
    return MHD_get_timeout(http->daemon, &left) == MHD_YES && left == 0;
}

void platform_http_on_time(struct http *http, const struct bc_store_time *now)
{
    http->now = *now;
    if (http->tick_ms <= now->now_ms) {
        http->tick_ms = now->now_ms + TICK_MS;
        http_cut_off_slow_guests(http);
    }
    http_streams_on_time(http);
    http_hooks_on_time(http->hooks);
    if (http->stirred || daemon_is_due(http))
        run(http);
}

uint64_t platform_http_deadline(const struct http *http, uint64_t now_ms)
{
    MHD_UNSIGNED_LONG_LONG left;
    uint64_t deadline = http_hooks_deadline(http->hooks);
    const uint64_t others[] = {
        http_streams_deadline(http->streams),
        http_visits_deadline(http),
        http->guests != NULL ? http->tick_ms : BC_NEVER,
        MHD_get_timeout(http->daemon, &left) == MHD_YES ? now_ms + left : BC_NEVER,
        http->stirred ? 0 : BC_NEVER,
    };
    for (size_t i = 0; i < API_COUNT(others); i++)
        if (others[i] < deadline)
            deadline = others[i];
    return deadline;
}

/* Commands are counted, and may be waited for. */
bool platform_http_wants(const struct http *http, enum service_event_kind kind)
{
    return kind == SERVICE_COMMAND || kind == SERVICE_ALARM ||
           http_streams_wanted(http->streams, http->now.now_ms);
}

void platform_http_on_event(struct http *http, const struct service_event *event)
{
    http_count_event(http, event);
    http_streams_put(http, event);
    http_hooks_stir(http->hooks);
    if (event->kind == SERVICE_COMMAND && event->ended)
        http_on_command_ended(http, event->command);
}

void platform_http_after_commit(struct http *http, bool committed, const struct bc_store_time *now)
{
    http->now = *now;
    http_let_held_go(http, committed);
    http_hooks_run(http->hooks);
    if (http->stirred)
        run(http);
}
