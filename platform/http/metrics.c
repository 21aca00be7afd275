/*
 * Metrics in the text format of Prometheus.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "inside.h"

#define COMMAND_STATES 5

static const char *const command_states[COMMAND_STATES] = {"SUCCESSFUL", "FAILED", "EXPIRED",
                                                           "TIMEOUT", "CANCELED"};

void http_count_event(struct http *http, const struct service_event *event)
{
    const json_t *command = json_object_get(event->body, "command");
    const char *state = json_string_value(json_object_get(command, "state"));
    if (event->kind == SERVICE_ALARM)
        http->alarms++;
    for (size_t i = 0;
         event->kind == SERVICE_COMMAND && event->ended && state != NULL && i < COMMAND_STATES; i++)
        if (strcmp(state, command_states[i]) == 0)
            http->commands[i]++;
}

static void begin(FILE *out, const char *name, const char *type, const char *help)
{
    fprintf(out, "# HELP bc260y_%s %s\n# TYPE bc260y_%s %s\n", name, help, name, type);
}

static void put(FILE *out, const char *name, uint64_t value)
{
    fprintf(out, "bc260y_%s %llu\n", name, (unsigned long long)value);
}

static void put_of(FILE *out, const char *name, const char *label, const char *of, uint64_t value)
{
    fprintf(out, "bc260y_%s{%s=\"%s\"} %llu\n", name, label, of, (unsigned long long)value);
}

/* What the service says of itself. */
static void put_status(FILE *out, struct http *http)
{
    static const struct {
        const char *field;
        const char *name;
        const char *help;
    } rows[] = {
        {"devices", "devices", "Devices that are known."},
        {"registered", "devices_registered", "Devices that are registered."},
        {"commands_waiting", "commands_waiting", "Commands that have not ended."},
    };
    struct api_answer answer = {.status = 0};
    char allow[64];
    json_t *query = json_object();
    struct api_request request = {
        .method = "GET", .path = BC_TEXT("/status"), .query = query, .role = API_VIEWER};
    (void)api_handle(http->config.service, http->now.now_ms, http->now.utc_ms, &request, &answer,
                     allow);
    for (size_t i = 0; i < API_COUNT(rows); i++) {
        const json_t *value = json_object_get(answer.body, rows[i].field);
        if (!json_is_integer(value))
            continue;
        begin(out, rows[i].name, "gauge", rows[i].help);
        put(out, rows[i].name, (uint64_t)json_integer_value(value));
    }
    json_decref(answer.body);
    json_decref(query);
}

static void put_coap(FILE *out, const struct http_counters *counters)
{
    static const struct {
        enum bc_server_event_kind kind;
        const char *name;
    } kinds[] = {
        {BC_SERVER_REGISTERED, "registered"},
        {BC_SERVER_UPDATED, "updated"},
        {BC_SERVER_DEREGISTERED, "deregistered"},
        {BC_SERVER_EXPIRED, "expired"},
        {BC_SERVER_OBSERVED, "observed"},
        {BC_SERVER_NOTIFIED, "notified"},
        {BC_SERVER_RESPONDED, "responded"},
        {BC_SERVER_TIMED_OUT, "timed_out"},
        {BC_SERVER_RESET, "reset"},
        {BC_SERVER_CANCELED, "canceled"},
        {BC_SERVER_DP, "dp"},
        {BC_SERVER_REJECTED, "rejected"},
    };
    begin(out, "coap_messages_total", "counter", "CoAP messages of devices.");
    put_of(out, "coap_messages_total", "direction", "in", counters->datagrams_in);
    put_of(out, "coap_messages_total", "direction", "out", counters->datagrams_out);
    begin(out, "device_events_total", "counter", "What devices did.");
    for (size_t i = 0; i < API_COUNT(kinds); i++)
        put_of(out, "device_events_total", "type", kinds[i].name, counters->events[kinds[i].kind]);
}

static void put_service(FILE *out, const struct http *http)
{
    begin(out, "commands_total", "counter", "Commands that have ended.");
    for (size_t i = 0; i < COMMAND_STATES; i++)
        put_of(out, "commands_total", "state", command_states[i], http->commands[i]);
    begin(out, "alarms_total", "counter", "Alarms.");
    put(out, "alarms_total", http->alarms);
    begin(out, "store_up", "gauge", "Whether the store can be written.");
    put(out, "store_up", bc_store_works(http->config.store));
    begin(out, "store_failures_total", "counter", "Commits that failed.");
    put(out, "store_failures_total", http->config.counters->store_failures);
}

static void put_http(FILE *out, const struct http *http)
{
    uint64_t delivered, failed;
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
    begin(out, "http_requests_total", "counter", "Requests that were answered.");
    for (unsigned status = 0; status < STATUS_END; status++)
        if (http->answered[status] > 0)
            fprintf(out, "bc260y_http_requests_total{code=\"%u\"} %llu\n", status,
                    (unsigned long long)http->answered[status]);
    begin(out, "http_connections", "gauge", "Connections that are open.");
    put(out, "http_connections", info == NULL ? 0 : info->num_connections);
    begin(out, "event_streams", "gauge", "Streams of events that are open.");
    put(out, "event_streams", http_streams_count(http->streams));
    begin(out, "event_streams_dropped_total", "counter", "Streams that were too slow.");
    put(out, "event_streams_dropped_total", http_streams_dropped(http->streams));
    http_hooks_counts(http->hooks, &delivered, &failed);
    begin(out, "webhook_deliveries_total", "counter", "Attempts to deliver an event.");
    put_of(out, "webhook_deliveries_total", "result", "delivered", delivered);
    put_of(out, "webhook_deliveries_total", "result", "failed", failed);
}

char *http_metrics(struct http *http, size_t *bytes)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, bytes);
    if (out == NULL)
        return NULL;
    begin(out, "uptime_seconds", "gauge", "Since the start.");
    put(out, "uptime_seconds", (uint64_t)(http->now.utc_ms - http->started_ms) / 1000);
    put_status(out, http);
    put_coap(out, http->config.counters);
    put_service(out, http);
    put_http(out, http);
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}
