/*
 * A request from its headers to its answer. Who asks and what for is settled before a body is
 * taken. Answers to what may have changed something are held until that is committed, and those
 * that wait for a device until it has answered.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/sink.h"
#include "inside.h"

#define API_PREFIX "/api/v1"
#define BODY_BYTES_MIN 4096
#define RAW_PATIENCE 20 /* times that of other requests */
#define ANSWER_PATIENCE_MS 60000
#define REFUSED_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define PARAMETER_BYTES_MAX 1024

/* Who asks -------------------------------------------------------------------------------------*/

static const char *header(const struct visit *visit, const char *name)
{
    return MHD_lookup_connection_value(visit->connection, MHD_HEADER_KIND, name);
}

/* `Authorization: Bearer TOKEN`; the role stays nobody without a good one. */
static void find_token(struct visit *visit)
{
    static const char scheme[] = "Bearer ";
    const char *text = header(visit, MHD_HTTP_HEADER_AUTHORIZATION);
    if (text == NULL || strncasecmp(text, scheme, sizeof(scheme) - 1) != 0)
        return;
    text += sizeof(scheme) - 1;
    text += strspn(text, " ");
    if (!service_token_find(visit->http->config.service, bc_view_of(text), visit->http->now.utc_ms,
                            &visit->token))
        visit->token = (struct service_token){.role = API_NOBODY};
}

/* A page of somebody else whose name was made to lead to loopback (DNS rebinding) is told by its
 * name. */
static bool check_host(struct visit *visit)
{
    const char *host = header(visit, MHD_HTTP_HEADER_HOST);
    if (!visit->http->loopback || host == NULL || http_host_is_loopback(host))
        return true;
    api_problem(&visit->answer, 421, "host_refused", NULL,
                "this listens on loopback, and has no such name");
    return false;
}

/* What for -------------------------------------------------------------------------------------*/

static bool is_below(const char *url, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(url, prefix, len) == 0 && (url[len] == '/' || url[len] == '\0');
}

static void find_area(struct visit *visit)
{
    if (is_below(visit->url, API_PREFIX))
        visit->area = AREA_API;
    else if (strcmp(visit->url, "/metrics") == 0)
        visit->area = AREA_METRICS;
    else
        visit->area = AREA_CONSOLE;
}

static bool check_method(struct visit *visit)
{
    if (strcmp(visit->method, "GET") == 0)
        return true;
    (void)strcpy(visit->allow, "GET, HEAD");
    api_problem(&visit->answer, 405, "method_not_allowed", NULL, "this resource takes %s",
                visit->allow);
    return false;
}

static bool check_metrics(struct visit *visit)
{
    if (!check_method(visit))
        return false;
    if (visit->token.role >= API_VIEWER)
        return true;
    api_problem(&visit->answer, 401, "token_wanted", NULL,
                "a valid token is wanted: Authorization: Bearer TOKEN");
    return false;
}

static bool take_raw_place(struct visit *visit)
{
    if (visit->http->raw_bodies == RAW_BODIES_MAX) {
        api_problem(&visit->answer, 429, "uploads_full", NULL, "%d files are on their way already",
                    RAW_BODIES_MAX);
        return false;
    }
    visit->http->raw_bodies++;
    visit->takes_raw = true;
    visit->body_max = RAW_BYTES_MAX;
    return true;
}

static bool find_route(struct visit *visit)
{
    visit->route = api_find(visit->method, bc_view_of(visit->url + strlen(API_PREFIX)),
                            visit->token.role, &visit->answer, visit->allow);
    if (visit->route == NULL)
        return false;
    return !visit->route->takes_raw || take_raw_place(visit);
}

static enum MHD_Result count_length(void *context, enum MHD_ValueKind kind, const char *name,
                                    const char *value)
{
    size_t *count = context;
    (void)kind, (void)value;
    if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0 ||
        strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0)
        ++*count;
    return MHD_YES;
}

/* Where a proxy and we might not agree where the request ends, another one may be hidden behind it
 * (RFC 9112 section 6.3). */
static bool check_framing(struct visit *visit)
{
    size_t count = 0;
    (void)MHD_get_connection_values(visit->connection, MHD_HEADER_KIND, count_length, &count);
    if (count <= 1)
        return true;
    visit->closes = true;
    api_problem(&visit->answer, 400, "length_unclear", NULL,
                "a request has one Content-Length, or a Transfer-Encoding");
    return false;
}

static bool check_length(struct visit *visit)
{
    const char *text = header(visit, MHD_HTTP_HEADER_CONTENT_LENGTH);
    int64_t bytes;
    if (text == NULL ||
        (bc_view_int(bc_view_of(text), &bytes) && bytes >= 0 && (uint64_t)bytes <= visit->body_max))
        return true;
    api_problem(&visit->answer, 413, "body_too_long", NULL, "the body may have %zu bytes",
                visit->body_max);
    return false;
}

/* False: the answer is a problem already. */
static bool check_request(struct visit *visit)
{
    if (!check_framing(visit) || !check_host(visit))
        return false;
    find_token(visit);
    find_area(visit);
    switch (visit->area) {
    case AREA_API:
        return find_route(visit) && check_length(visit);
    case AREA_METRICS:
        return check_metrics(visit);
    default:
        return check_method(visit);
    }
}

/* Its beginning and its end --------------------------------------------------------------------*/

static void give_time(struct visit *visit, uint64_t ms)
{
    if (visit->guest != NULL)
        visit->guest->deadline_ms = ms == BC_NEVER ? BC_NEVER : visit->http->now.now_ms + ms;
}

/* A body that is refused is let come to its end: who still sends does not hear an answer. Not when
 * it is endless, or when it is only sent on our word. */
static bool is_awaited(const struct visit *visit)
{
    const char *text = header(visit, MHD_HTTP_HEADER_CONTENT_LENGTH);
    int64_t bytes;
    return header(visit, MHD_HTTP_HEADER_EXPECT) == NULL &&
           (text == NULL ||
            (bc_view_int(bc_view_of(text), &bytes) && bytes <= (int64_t)REFUSED_BYTES_MAX));
}

static enum MHD_Result begin(struct http *http, struct MHD_Connection *connection, const char *url,
                             const char *method, void **slot)
{
    struct visit *visit = calloc(1, sizeof(*visit));
    uint64_t patience_ms = http->config.patience_s * 1000;
    if (visit == NULL)
        return MHD_NO;
    *slot = visit;
    visit->http = http;
    visit->connection = connection;
    visit->guest = http_guest(connection);
    if (visit->guest != NULL)
        visit->guest->unheard = true;
    visit->url = url;
    visit->heads = strcmp(method, "HEAD") == 0;
    visit->method = visit->heads ? "GET" : method;
    visit->body_max = JSON_BYTES_MAX;
    bool fine = check_request(visit);
    give_time(visit, visit->takes_raw ? patience_ms * RAW_PATIENCE : patience_ms);
    return fine || is_awaited(visit) ? MHD_YES : http_respond(visit);
}

static void hold(struct visit *visit, enum visit_state state)
{
    struct http *http = visit->http;
    visit->state = state;
    visit->next = http->held;
    if (visit->next != NULL)
        visit->next->previous = visit;
    http->held = visit;
    give_time(visit, BC_NEVER);
    MHD_suspend_connection(visit->connection);
}

static void unlink_held(struct visit *visit)
{
    if (visit->previous != NULL)
        visit->previous->next = visit->next;
    else
        visit->http->held = visit->next;
    if (visit->next != NULL)
        visit->next->previous = visit->previous;
    visit->next = visit->previous = NULL;
}

static void let_go(struct visit *visit)
{
    unlink_held(visit);
    visit->state = VISIT_READY;
    visit->http->stirred = true;
    give_time(visit, ANSWER_PATIENCE_MS);
    MHD_resume_connection(visit->connection);
}

static void free_body(struct visit *visit)
{
    free(visit->body);
    visit->body = NULL;
    visit->body_bytes = visit->body_cap = 0;
    if (visit->takes_raw)
        visit->http->raw_bodies--;
    visit->takes_raw = false;
}

void http_on_completed(void *context, struct MHD_Connection *connection, void **slot,
                       enum MHD_RequestTerminationCode why)
{
    struct visit *visit = *slot;
    (void)context, (void)connection, (void)why;
    if (visit == NULL)
        return;
    if (visit->state == VISIT_HELD || visit->state == VISIT_WAITING)
        unlink_held(visit);
    if (visit->stream != NULL)
        http_stream_end(visit);
    give_time(visit, ANSWER_PATIENCE_MS);
    free_body(visit);
    json_decref(visit->answer.body);
    free(visit);
    *slot = NULL;
}

/* The body -------------------------------------------------------------------------------------*/

static bool reserve(struct visit *visit, size_t bytes)
{
    size_t cap = visit->body_cap < BODY_BYTES_MIN ? BODY_BYTES_MIN : visit->body_cap;
    while (cap < visit->body_bytes + bytes)
        cap *= 2;
    if (cap == visit->body_cap)
        return true;
    uint8_t *body = realloc(visit->body, cap);
    if (body == NULL)
        return false;
    visit->body = body;
    visit->body_cap = cap;
    return true;
}

/* Of what is refused already nothing is kept. False: it goes on for too long. */
static bool take(struct visit *visit, const char *bytes, size_t count)
{
    if (visit->answer.status != 0) {
        visit->body_bytes += count;
        return visit->body_bytes <= REFUSED_BYTES_MAX;
    }
    if (count > visit->body_max - visit->body_bytes) {
        api_problem(&visit->answer, 413, "body_too_long", NULL, "the body may have %zu bytes",
                    visit->body_max);
        free_body(visit);
        return true;
    }
    if (!reserve(visit, count)) {
        api_no_memory(&visit->answer);
        free_body(visit);
        return true;
    }
    memcpy(visit->body + visit->body_bytes, bytes, count);
    visit->body_bytes += count;
    return true;
}

/* The query ------------------------------------------------------------------------------------*/

static json_t *decode(const char *text)
{
    uint8_t memory[PARAMETER_BYTES_MAX];
    bc_sink out = {.ptr = memory, .cap = sizeof(memory)};
    for (; *text != '\0'; text++) {
        uint8_t byte = *text == '+' ? ' ' : (uint8_t)*text;
        if (*text == '%') {
            if (strlen(text) < 3 ||
                !bc_hex_decode((bc_view){(const uint8_t *)text + 1, 2}, &byte) || byte == 0)
                return NULL;
            text += 2;
        }
        bc_put_char(&out, (char)byte);
    }
    return out.full ? NULL : json_stringn((const char *)out.ptr, out.len);
}

/* Stops at what is no text, and at what is there twice: then `*query` is not whole. */
static enum MHD_Result add_parameter(void *context, enum MHD_ValueKind kind, const char *name,
                                     const char *value)
{
    json_t *query = context;
    json_t *decoded = decode(name);
    bool fine = decoded != NULL && json_object_get(query, json_string_value(decoded)) == NULL;
    (void)kind;
    if (fine)
        fine = json_object_set_new(query, json_string_value(decoded),
                                   decode(value != NULL ? value : "")) == 0;
    json_decref(decoded);
    return fine ? MHD_YES : MHD_NO;
}

static json_t *read_query(struct visit *visit)
{
    json_t *query = json_object();
    int count =
        MHD_get_connection_values(visit->connection, MHD_GET_ARGUMENT_KIND, add_parameter, query);
    if (query != NULL && (size_t)count == json_object_size(query))
        return query;
    json_decref(query);
    api_problem(&visit->answer, 400, "query_refused", NULL, "the query is not well formed");
    return NULL;
}

/* The answer -----------------------------------------------------------------------------------*/

/* Also what was only read may not be told before it is committed. */
static bool must_wait(const struct visit *visit)
{
    return visit->answer.command != 0 || bc_store_pending(visit->http->config.store);
}

static void ask_service(struct visit *visit, json_t *query)
{
    struct http *http = visit->http;
    struct api_request request = {
        .method = visit->method,
        .path = bc_view_of(visit->url + strlen(API_PREFIX)),
        .query = query,
        .body = {visit->body, visit->body_bytes},
        .media_type = header(visit, MHD_HTTP_HEADER_CONTENT_TYPE),
        .role = visit->token.role,
        .user = visit->token.name,
    };
    if (visit->route->changes && !bc_store_works(http->config.store)) {
        api_problem(&visit->answer, 503, "store_fails", NULL,
                    "nothing can be stored at the moment");
        return;
    }
    (void)api_handle(http->config.service, http->now.now_ms, http->now.utc_ms, &request,
                     &visit->answer, visit->allow);
    free_body(visit);
}

/* Whether the answer follows later. */
static bool handle_api(struct visit *visit)
{
    json_t *query = read_query(visit);
    if (query == NULL)
        return false;
    ask_service(visit, query);
    json_decref(query);
    if (!must_wait(visit))
        return false;
    visit->command = visit->answer.command;
    visit->deadline_ms = visit->http->now.now_ms + visit->answer.wait_ms;
    hold(visit, VISIT_HELD);
    return true;
}

static enum MHD_Result respond_metrics(struct visit *visit)
{
    size_t bytes;
    char *text = http_metrics(visit->http, &bytes);
    return http_respond_bytes(visit, "text/plain; version=0.0.4; charset=utf-8", text, bytes);
}

static enum MHD_Result respond_stream(struct visit *visit)
{
    if (visit->heads) /* a stream's end would be sent all the same */
        return http_respond_bytes(visit, "text/event-stream", calloc(1, 1), 0);
    json_t *query = read_query(visit);
    bool begun = query != NULL && http_stream_begin(visit, query);
    json_decref(query);
    if (!begun)
        return http_respond(visit);
    give_time(visit, BC_NEVER);
    return http_respond_stream(visit);
}

static enum MHD_Result respond(struct visit *visit)
{
    give_time(visit, ANSWER_PATIENCE_MS);
    if (visit->answer.status != 0 || visit->state == VISIT_READY)
        return http_respond(visit);
    if (visit->area == AREA_METRICS)
        return respond_metrics(visit);
    if (visit->area == AREA_CONSOLE)
        return http_respond_asset(visit);
    if (visit->route->streams)
        return respond_stream(visit);
    return handle_api(visit) ? MHD_YES : http_respond(visit);
}

enum MHD_Result http_on_request(void *context, struct MHD_Connection *connection, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_bytes, void **slot)
{
    struct visit *visit = *slot;
    (void)version;
    if (visit == NULL)
        return begin(context, connection, url, method, slot);
    if (*upload_bytes == 0)
        return respond(visit);
    bool fine = take(visit, upload, *upload_bytes);
    *upload_bytes = 0;
    return fine ? MHD_YES : MHD_NO;
}

/* Those that are held --------------------------------------------------------------------------*/

/* The command as it is now, in the place of what it was when it was given. */
static void refresh(struct visit *visit)
{
    char path[32] = "/commands/", allow[64];
    bc_sink sink = {.ptr = (uint8_t *)path, .len = strlen(path), .cap = sizeof(path)};
    struct http *http = visit->http;
    struct api_answer answer = {.status = 0};
    struct api_request request = {.method = "GET", .role = visit->token.role};
    bc_put_int(&sink, (int64_t)visit->command);
    request.path = bc_sink_view(&sink);
    request.query = json_object();
    (void)api_handle(http->config.service, http->now.now_ms, http->now.utc_ms, &request, &answer,
                     allow);
    json_decref(request.query);
    if (answer.status != 200) {
        json_decref(answer.body);
        return;
    }
    json_decref(visit->answer.body);
    visit->answer.body = answer.body;
    if (visit->ended)
        visit->answer.status = 200;
}

static void take_back(struct visit *visit)
{
    json_decref(visit->answer.body);
    visit->answer = (struct api_answer){.status = 0};
    api_problem(&visit->answer, 503, "not_stored", NULL,
                "it could not be stored, and nothing has changed");
    visit->command = 0;
}

static bool is_due(struct visit *visit, bool committed)
{
    if (visit->state == VISIT_HELD && !committed)
        take_back(visit);
    visit->state = VISIT_WAITING;
    return visit->command == 0 || visit->ended || visit->deadline_ms <= visit->http->now.now_ms;
}

void http_let_held_go(struct http *http, bool committed)
{
    struct visit *next;
    for (struct visit *visit = http->held; visit != NULL; visit = next) {
        next = visit->next;
        if (!is_due(visit, committed))
            continue;
        if (visit->command != 0)
            refresh(visit);
        let_go(visit);
    }
}

void http_end_waiting(struct http *http)
{
    for (struct visit *visit = http->held; visit != NULL; visit = visit->next)
        visit->deadline_ms = 0;
}

void http_on_command_ended(struct http *http, uint64_t command)
{
    for (struct visit *visit = http->held; visit != NULL; visit = visit->next)
        if (visit->command == command)
            visit->ended = true;
}

uint64_t http_visits_deadline(const struct http *http)
{
    uint64_t deadline = BC_NEVER;
    for (const struct visit *visit = http->held; visit != NULL; visit = visit->next)
        if (visit->state == VISIT_HELD)
            deadline = 0; /* for a commit that is this turn's */
        else if (visit->deadline_ms < deadline)
            deadline = visit->deadline_ms;
    return deadline;
}
