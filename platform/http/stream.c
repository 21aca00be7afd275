/*
 * Server-sent events. The last ones stand in a ring, and a stream is but a place in it: a client
 * that comes back with Last-Event-ID goes on where it was, and one that is slower than what happens
 * is left behind by the ring and cut off, at the cost of nobody's memory.
 *
 *     : ready
 *
 *     id: 1763873165000007
 *     event: registered
 *     data: {"id":1763873165000007,"type":"registered","time_ms":...,"endpoint":"...",...}
 *
 * `event: gap` comes first where events between Last-Event-ID and the next one are lost.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "inside.h"

#define RING_EVENTS 4096
#define RING_BYTES_MAX (8 * 1024 * 1024)
#define LINGER_MS 300000 /* events are kept that long after the last stream has ended */
#define ENDPOINT_BYTES 255
#define IDS_OF_A_MS 1000 /* so that those of another run are never met again */

struct entry {
    char *text;
    size_t bytes;
    enum service_event_kind kind;
    uint8_t endpoint[ENDPOINT_BYTES];
    size_t endpoint_bytes;
};

struct streams {
    struct entry ring[RING_EVENTS];
    int64_t first; /* id of the oldest one */
    int64_t next;  /* of the one to come */
    size_t bytes;
    struct stream *all;
    size_t count;
    uint64_t dropped;
    uint64_t linger_ms;
};

struct stream {
    struct visit *visit;
    struct stream *later; /* of streams->all */
    int64_t next;
    size_t sent; /* bytes of that one */
    const char *prefix;
    bool suspended;
    bool ending;
    uint64_t ping_ms;
    uint32_t kinds; /* a bit each */
    char endpoint[ENDPOINT_BYTES + 1];
    char token[SERVICE_TOKEN_CHARS + 1];
};

struct streams *http_streams_create(int64_t utc_ms)
{
    struct streams *s = calloc(1, sizeof(*s));
    if (s != NULL)
        s->first = s->next = utc_ms * IDS_OF_A_MS;
    return s;
}

/* Half of what a request may take: who reads nothing for longer is gone. */
static uint64_t next_ping_ms(const struct http *http)
{
    return http->now.now_ms + (uint64_t)http->config.patience_s * 500;
}

static struct entry *entry_at(struct streams *s, int64_t id)
{
    return &s->ring[id % RING_EVENTS];
}

static void drop_first(struct streams *s)
{
    struct entry *entry = entry_at(s, s->first++);
    s->bytes -= entry->bytes;
    free(entry->text);
    *entry = (struct entry){.text = NULL};
}

void http_streams_destroy(struct streams *s)
{
    while (s != NULL && s->first < s->next)
        drop_first(s);
    free(s);
}

bool http_streams_wanted(const struct streams *s, uint64_t now_ms)
{
    return s->count > 0 || s->linger_ms > now_ms;
}

size_t http_streams_count(const struct streams *s)
{
    return s->count;
}

uint64_t http_streams_dropped(const struct streams *s)
{
    return s->dropped;
}

/* Events ---------------------------------------------------------------------------------------*/

static void set_endpoint(json_t *object, bc_view endpoint)
{
    char hex[2 * ENDPOINT_BYTES + 1];
    bc_sink sink = {.ptr = (uint8_t *)hex, .cap = sizeof(hex)};
    json_t *text = json_stringn((const char *)endpoint.ptr, endpoint.len);
    if (text != NULL) {
        (void)json_object_set_new(object, "endpoint", text);
        return;
    }
    bc_put_hex(&sink, endpoint);
    (void)json_object_set_new(object, "endpoint_hex", json_stringn(hex, sink.len));
}

static char *text_of(const struct service_event *event, int64_t id)
{
    char *text = NULL;
    json_t *object =
        json_pack("{s:I,s:s,s:I}", "id", (json_int_t)id, "type", service_event_name(event->kind),
                  "time_ms", (json_int_t)event->utc_ms);
    if (event->endpoint.len > 0)
        set_endpoint(object, event->endpoint);
    if (event->product != 0)
        (void)json_object_set_new(object, "product", json_integer(event->product));
    if (event->body != NULL)
        (void)json_object_update_missing(object, (json_t *)(uintptr_t)event->body);
    char *data = json_dumps(object, JSON_FLAGS);
    if (data != NULL && asprintf(&text, "id: %lld\nevent: %s\ndata: %s\n\n", (long long)id,
                                 service_event_name(event->kind), data) < 0)
        text = NULL;
    free(data);
    json_decref(object);
    return text;
}

static bool is_wanted(const struct stream *stream, const struct entry *entry)
{
    bc_view endpoint = {entry->endpoint, entry->endpoint_bytes};
    if ((stream->kinds & 1U << entry->kind) == 0)
        return false;
    return stream->endpoint[0] == '\0' || bc_view_equal(endpoint, bc_view_of(stream->endpoint));
}

static void wake(struct stream *stream)
{
    if (!stream->suspended)
        return;
    stream->suspended = false;
    stream->visit->http->stirred = true;
    MHD_resume_connection(stream->visit->connection);
}

/* Its client takes nothing, so that nobody would ask the stream for more. */
static void leave_behind(struct streams *s, struct stream *stream)
{
    s->dropped++;
    stream->ending = true;
    if (stream->visit->guest != NULL)
        stream->visit->guest->deadline_ms = 0;
}

void http_streams_put(struct http *http, const struct service_event *event)
{
    struct streams *s = http->streams;
    char *text = http_streams_wanted(s, http->now.now_ms) ? text_of(event, s->next) : NULL;
    size_t bytes = text == NULL ? 0 : strlen(text);
    if (text == NULL || event->endpoint.len > ENDPOINT_BYTES || bytes > RING_BYTES_MAX) {
        free(text);
        return;
    }
    while (s->next - s->first == RING_EVENTS || s->bytes + bytes > RING_BYTES_MAX)
        drop_first(s);
    struct entry *entry = entry_at(s, s->next++);
    *entry = (struct entry){.text = text, .bytes = bytes, .kind = event->kind};
    entry->endpoint_bytes = event->endpoint.len;
    if (event->endpoint.len > 0)
        memcpy(entry->endpoint, event->endpoint.ptr, event->endpoint.len);
    s->bytes += bytes;
    for (struct stream *stream = s->all; stream != NULL; stream = stream->later)
        if (stream->next < s->first && !stream->ending)
            leave_behind(s, stream);
        else if (is_wanted(stream, entry))
            wake(stream);
        else if (stream->suspended)
            stream->next = s->next; /* it has seen all before, and this is not for it */
}

/* Streams --------------------------------------------------------------------------------------*/

static bool add_kind(const char *name, size_t len, uint32_t *kinds)
{
    for (int kind = 0; kind < SERVICE_EVENT_KINDS; kind++) {
        const char *known = service_event_name((enum service_event_kind)kind);
        if (strlen(known) == len && strncmp(known, name, len) == 0) {
            *kinds |= 1U << kind;
            return true;
        }
    }
    return false;
}

static bool read_kinds(const char *text, uint32_t *kinds)
{
    *kinds = text == NULL ? UINT32_MAX : 0;
    while (text != NULL) {
        size_t len = strcspn(text, ",");
        if (!add_kind(text, len, kinds))
            return false;
        text = text[len] == ',' ? text + len + 1 : NULL;
    }
    return true;
}

/* Where to begin after Last-Event-ID. */
static void find_place(struct streams *s, struct stream *stream, const char *text)
{
    int64_t last;
    stream->prefix = ": ready\n\n";
    stream->next = s->next;
    if (text == NULL || !bc_view_int(bc_view_of(text), &last))
        return;
    if (last >= s->first - 1 && last < s->next) {
        stream->next = last + 1;
        return;
    }
    stream->next = s->first;
    stream->prefix = ": ready\n\nevent: gap\ndata: {\"type\":\"gap\"}\n\n";
}

static bool read_filters(struct stream *stream, const json_t *query, struct api_answer *answer)
{
    const char *device = json_string_value(json_object_get(query, "device"));
    const char *types = json_string_value(json_object_get(query, "type"));
    if (device != NULL)
        (void)snprintf(stream->endpoint, sizeof(stream->endpoint), "%s", device);
    if (read_kinds(types, &stream->kinds))
        return true;
    api_problem(answer, 422, "event_types_refused", "type",
                "type must be names of events with commas between them");
    return false;
}

/* The token is asked again from time to time: it may have been deleted. */
static void keep_token(struct stream *stream)
{
    const char *text = MHD_lookup_connection_value(stream->visit->connection, MHD_HEADER_KIND,
                                                   MHD_HTTP_HEADER_AUTHORIZATION);
    const char *space = text == NULL ? NULL : strrchr(text, ' ');
    if (space != NULL)
        (void)snprintf(stream->token, sizeof(stream->token), "%s", space + 1);
}

bool http_stream_begin(struct visit *visit, json_t *query)
{
    struct streams *s = visit->http->streams;
    if (!api_shape_check(visit->route->query, query, &visit->answer))
        return false;
    struct stream *stream = s->count < STREAMS_MAX ? calloc(1, sizeof(*stream)) : NULL;
    if (stream == NULL) {
        api_problem(&visit->answer, 429, "streams_full", NULL, "there are %d streams already",
                    STREAMS_MAX);
        return false;
    }
    if (!read_filters(stream, query, &visit->answer)) {
        free(stream);
        return false;
    }
    stream->visit = visit;
    visit->stream = stream;
    stream->later = s->all;
    s->all = stream;
    s->count++;
    stream->ping_ms = next_ping_ms(visit->http);
    keep_token(stream);
    find_place(s, stream,
               MHD_lookup_connection_value(visit->connection, MHD_HEADER_KIND, "Last-Event-ID"));
    return true;
}

void http_stream_end(struct visit *visit)
{
    struct streams *s = visit->http->streams;
    struct stream **at = &s->all;
    while (*at != visit->stream)
        at = &(*at)->later;
    *at = visit->stream->later;
    bc_wipe(visit->stream->token, sizeof(visit->stream->token));
    free(visit->stream);
    visit->stream = NULL;
    s->count--;
    s->linger_ms = visit->http->now.now_ms + LINGER_MS;
}

/* The next bytes of the ring that are for this stream; 0 when there are none now. */
static size_t read_ring(struct streams *s, struct stream *stream, char *out, size_t max)
{
    size_t done = 0;
    while (stream->next < s->next && done < max) {
        const struct entry *entry = entry_at(s, stream->next);
        size_t left = is_wanted(stream, entry) ? entry->bytes - stream->sent : 0;
        size_t count = left < max - done ? left : max - done;
        if (count > 0)
            memcpy(out + done, entry->text + stream->sent, count);
        done += count;
        stream->sent += count;
        if (count == left) {
            stream->next++;
            stream->sent = 0;
        }
    }
    return done;
}

static size_t read_text(const char **text, char *out, size_t max)
{
    size_t len = strlen(*text);
    size_t count = len < max ? len : max;
    memcpy(out, *text, count);
    *text = count == len ? NULL : *text + count;
    return count;
}

ssize_t http_stream_read(void *context, uint64_t position, char *out, size_t max)
{
    struct stream *stream = context;
    struct http *http = stream->visit->http;
    (void)position;
    if (stream->ending)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (stream->prefix != NULL)
        return (ssize_t)read_text(&stream->prefix, out, max);
    size_t count = read_ring(http->streams, stream, out, max);
    if (count == 0) {
        stream->suspended = true;
        MHD_suspend_connection(stream->visit->connection);
    }
    return (ssize_t)count;
}

/* Time -----------------------------------------------------------------------------------------*/

static void ping(struct http *http, struct stream *stream)
{
    struct service_token token;
    stream->ping_ms = next_ping_ms(http);
    if (!service_token_find(http->config.service, bc_view_of(stream->token), http->now.utc_ms,
                            &token) &&
        bc_store_works(http->config.store))
        stream->ending = true;
    else if (stream->suspended)
        stream->prefix = ": ping\n\n";
    wake(stream);
}

void http_streams_on_time(struct http *http)
{
    struct streams *s = http->streams;
    for (struct stream *stream = s->all; stream != NULL; stream = stream->later)
        if (stream->ping_ms <= http->now.now_ms)
            ping(http, stream);
    while (s->first < s->next && !http_streams_wanted(s, http->now.now_ms))
        drop_first(s);
}

uint64_t http_streams_deadline(const struct streams *s)
{
    uint64_t deadline = BC_NEVER;
    for (const struct stream *stream = s->all; stream != NULL; stream = stream->later)
        if (stream->ping_ms < deadline)
            deadline = stream->ping_ms;
    return deadline;
}

void http_streams_end(struct http *http)
{
    for (struct stream *stream = http->streams->all; stream != NULL; stream = stream->later) {
        stream->ending = true;
        wake(stream);
    }
}
