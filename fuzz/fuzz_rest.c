/*
 * The REST interface's resources on a store in memory, without HTTP: a line is a request,
 * `METHOD PATH?QUERY BODY`, by the role in its first byte. `#HEX` is a datagram of a device, `!`
 * lets a second pass. Whatever is asked, an answer is what its row says, a problem can be told, and
 * what was stored is committed.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "base/sink.h"
#include "carrier.h"
#include "input.h"
#include "service.h"

#define LINES_MAX 48
#define BYTES_MAX 4096
#define START_MS 1000
#define START_UTC_MS 1795000000000

struct platform {
    struct bc_server *server;
    struct bc_store *store;
    struct service *service;
    struct bc_store_time now;
};

static bool find_product(void *context, bc_view endpoint, struct bc_server_product *out)
{
    const struct platform *p = context;
    return service_find_product(p->service, endpoint, out);
}

static void on_event(void *context, const struct bc_server_event *event)
{
    struct platform *p = context;
    bc_store_on_event(p->store, event, &p->now);
    service_on_event(p->service, event, &p->now);
}

static void open_platform(struct platform *p)
{
    char problem[BC_STORE_PROBLEM_BYTES];
    struct bc_store_config store = {.path = ":memory:", .rows_max = 100};
    struct bc_server_config server = bc_server_config_default();
    *p = (struct platform){.now = {START_MS, START_UTC_MS}};
    server.find_product = find_product;
    server.on_event = on_event;
    server.events |= BC_STORE_EVENTS;
    server.context = p;
    p->store = bc_store_open(&store, problem);
    p->server = bc_server_create(&server);
    assert(p->store != NULL && p->server != NULL);
    struct service_config service = {.server = p->server,
                                     .store = p->store,
                                     .open = bc_server_carrier_find("iot"),
                                     .awake_ms = 93000};
    p->service = service_create(&service, p->now.utc_ms, problem);
    assert(p->service != NULL);
}

static void close_platform(struct platform *p)
{
    service_destroy(p->service);
    bc_server_destroy(p->server);
    bc_store_close(p->store);
}

/* The end of a turn of the loop. */
static void settle(struct platform *p)
{
    struct bc_server_datagram out[BC_SERVER_BATCH];
    do {
        service_settle(p->service, &p->now);
        bool committed = bc_store_commit(p->store, &p->now);
        assert(committed);
        while (bc_server_take_datagrams(p->server, out, BC_SERVER_BATCH) > 0)
            continue;
        service_after_commit(p->service, committed);
    } while (bc_store_pending(p->store));
}

/* Asking ---------------------------------------------------------------------------------------*/

static bc_view take_until(bc_view *in, char end)
{
    const uint8_t *found = in->len == 0 ? NULL : memchr(in->ptr, end, in->len);
    size_t len = found == NULL ? in->len : (size_t)(found - in->ptr);
    bc_view part = {in->ptr, len};
    size_t gone = found == NULL ? len : len + 1;
    *in = (bc_view){in->ptr + gone, in->len - gone};
    return part;
}

/* `a=b&c=d` as it stands; what is no text is left out. */
static json_t *query_of(bc_view text)
{
    json_t *query = json_object();
    while (text.len > 0) {
        char name[64];
        bc_view value = take_until(&text, '&');
        bc_view key = take_until(&value, '=');
        if (key.len >= sizeof(name) || memchr(key.ptr, '\0', key.len) != NULL)
            continue;
        memcpy(name, key.ptr, key.len);
        name[key.len] = '\0';
        (void)json_object_set_new(query, name, json_stringn((const char *)value.ptr, value.len));
    }
    return query;
}

static void check_problem(const struct api_answer *answer)
{
    json_t *body = api_problem_body(answer->status, answer);
    assert(answer->body == NULL && body != NULL && answer->detail[0] != '\0');
    assert(json_is_string(json_object_get(body, "detail")));
    json_decref(body);
}

static void check_shape(const struct api_shape *shape, const json_t *value)
{
    struct api_answer wrong = {.status = 0};
    if (api_shape_check(shape, value, &wrong))
        return;
    fprintf(stderr, "%s: %s\n", shape->name, wrong.detail);
    abort();
}

static void check_answer(const struct api_route *route, const struct api_answer *answer)
{
    size_t index;
    const json_t *item;
    if (answer->status >= 400) {
        check_problem(answer);
        return;
    }
    assert(route != NULL && answer->status >= 200 && answer->status < 300);
    if (!route->lists && route->out != NULL)
        check_shape(route->out, answer->body);
    json_array_foreach(json_object_get(answer->body, "items"), index, item)
    {
        if (route->lists)
            check_shape(route->out, item);
    }
    char *text = answer->body == NULL ? NULL : json_dumps(answer->body, 0);
    assert((text != NULL) == (answer->body != NULL));
    free(text);
}

static void ask(struct platform *p, bc_view line)
{
    char method[16], allow[64];
    enum api_role role = (enum api_role)(fuzz_take_byte(&line) & 3);
    bc_view verb = take_until(&line, ' ');
    bc_view query = take_until(&line, ' ');
    bc_view path = take_until(&query, '?');
    bc_view body = fuzz_copy(line);
    bool raw = body.len > 0 && body.ptr[0] == 'P';
    struct api_answer answer = {.status = 0};
    if (verb.len < sizeof(method)) {
        memcpy(method, verb.ptr, verb.len);
        method[verb.len] = '\0';
        struct api_request request = {
            .method = method,
            .path = path,
            .query = query_of(query),
            .body = body,
            .media_type = raw ? "application/zip" : "application/json",
            .role = role,
            .user = "fuzz",
        };
        const struct api_route *route =
            api_handle(p->service, p->now.now_ms, p->now.utc_ms, &request, &answer, allow);
        check_answer(route, &answer);
        json_decref(answer.body);
        json_decref(request.query);
    }
    fuzz_free(body);
}

static void feed(struct platform *p, bc_view digits)
{
    static const struct bc_address from = {.ip = {127, 0, 0, 1}, .ip_len = 4, .port = 9};
    uint8_t bytes[BYTES_MAX];
    if (digits.len > 2 * sizeof(bytes) || !bc_hex_decode(digits, bytes))
        return;
    bc_view datagram = fuzz_copy((bc_view){bytes, digits.len / 2});
    service_on_message(p->service, &from, true, datagram, p->now.utc_ms);
    bc_server_on_datagram(p->server, p->now.now_ms, &from, datagram);
    fuzz_free(datagram);
}

static void pass_time(struct platform *p)
{
    p->now.now_ms += 1000;
    p->now.utc_ms += 1000;
    bc_server_on_time(p->server, p->now.now_ms);
    service_on_time(p->service, &p->now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bc_view in = {data, size};
    struct platform p;
    open_platform(&p);
    for (int i = 0; i < LINES_MAX && in.len > 0; i++) {
        bc_view line = take_until(&in, '\n');
        if (line.len > 0 && line.ptr[0] == '#')
            feed(&p, (bc_view){line.ptr + 1, line.len - 1});
        else if (line.len > 0 && line.ptr[0] == '!')
            pass_time(&p);
        else
            ask(&p, line);
        settle(&p);
    }
    close_platform(&p);
    return 0;
}
