/*
 * The program's part of office.h.
 */
#define _GNU_SOURCE
#include "office.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sink.h"
#include "platform/store/inside.h"

struct bc_store_time office_now(const struct office *o)
{
    return (struct bc_store_time){o->w.now_ms, OFFICE_UTC_MS + (int64_t)o->w.now_ms};
}

/* Callbacks ------------------------------------------------------------------------------------*/

static bool find_product(void *context, bc_view endpoint, struct bc_server_product *out)
{
    struct office *o = context;
    return service_find_product(o->service, endpoint, out);
}

static bool accepts_product_id(void *context, bc_view endpoint, bc_view product_id)
{
    struct office *o = context;
    return service_accepts_product_id(o->service, endpoint, product_id);
}

static bool wants_security(void *context, bc_view endpoint)
{
    const struct office *o = context;
    return service_wants_security(o->service, endpoint);
}

static bool observes(void *context, bc_view endpoint, const struct bc_server_path *instance,
                     bool usual)
{
    const struct office *o = context;
    return service_observes(o->service, endpoint, instance, usual);
}

static bool keeps_observation(void *context, bc_view endpoint, const struct bc_server_path *path)
{
    const struct office *o = context;
    return service_keeps_observation(o->service, endpoint, path);
}

static bool find_package(void *context, bc_view name, struct bc_server_package *out)
{
    const struct office *o = context;
    return service_find_package(o->service, name, out);
}

static void on_fetched(void *context, bc_view endpoint, uint32_t bytes)
{
    struct office *o = context;
    struct bc_store_time now = office_now(o);
    service_on_fetched(o->service, endpoint, bytes, &now);
}

static void on_event(void *context, const struct bc_server_event *event)
{
    struct office *o = context;
    struct bc_store_time now = office_now(o);
    if (event->kind == BC_SERVER_REGISTERED)
        memcpy(o->w.id, event->device->id, sizeof(o->w.id));
    bc_store_on_event(o->store, event, &now);
    service_on_event(o->service, event, &now);
}

static void on_reply(void *context, const struct bc_address *to, uint16_t message_id, bc_view reply)
{
    struct office *o = context;
    bc_store_on_reply(o->store, to, message_id, reply);
}

static void on_told(void *context, const struct service_event *event)
{
    struct office *o = context;
    assert_true(o->told_count < OFFICE_TOLD_MAX);
    struct office_told *told = &o->told[o->told_count++];
    *told = (struct office_told){
        .kind = event->kind,
        .utc_ms = event->utc_ms,
        .product = event->product,
        .command = event->command,
        .ended = event->ended,
        .body = json_deep_copy(event->body),
    };
    snprintf(told->endpoint, sizeof(told->endpoint), "%.*s", (int)event->endpoint.len,
             event->endpoint.len == 0 ? "" : (const char *)event->endpoint.ptr);
}

/* Made and unmade ------------------------------------------------------------------------------*/

static void open_all(struct office *o)
{
    struct bc_store_config store = {.path = o->path[0] != '\0' ? o->path : ":memory:",
                                    .rows_max = 1000};
    struct bc_server_config config = bc_server_config_default();
    char problem[BC_STORE_PROBLEM_BYTES] = "";
    static uint64_t seed = 7;
    uint64_t now_ms = o->w.now_ms;
    config.seed = seed++;
    config.events |= BC_STORE_EVENTS | BC_SERVER_EVENT_BIT(BC_SERVER_ACKNOWLEDGED);
    config.find_product = find_product;
    config.accepts_product_id = accepts_product_id;
    config.wants_security = wants_security;
    config.observes = observes;
    config.keeps_observation = keeps_observation;
    config.find_package = find_package;
    config.on_fetched = on_fetched;
    config.on_reply = on_reply;
    o->store = bc_store_open(&store, problem);
    assert_string_equal(problem, "");
    world_begin_telling(&o->w, "iot", &config, on_event);
    if (now_ms != 0)
        o->w.now_ms = now_ms;
    o->config.store = o->store;
    o->config.server = o->w.server;
    struct bc_store_time now = office_now(o);
    o->service = service_create(&o->config, now.utc_ms, problem);
    assert_string_equal(problem, "");
    assert_non_null(o->service);
    struct bc_store_counts counts;
    assert_true(bc_store_restore(o->store, o->w.server, &now, &counts));
}

static void make_file(struct office *o)
{
    strcpy(o->path, "/tmp/bc-test-office-XXXXXX");
    int fd = mkstemp(o->path);
    assert_true(fd >= 0);
    close(fd);
}

static void remove_file(const struct office *o)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    char name[sizeof(o->path) + 8];
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", o->path, tails[i]);
        (void)unlink(name);
    }
}

void office_begin(struct office *o, bool in_file)
{
    struct service_config config = o->config;
    *o = (struct office){.config = config, .role = API_ADMIN};
    if (in_file)
        make_file(o);
    if (o->config.on_event == NULL)
        o->config.on_event = on_told;
    if (o->config.context == NULL)
        o->config.context = o;
    if (o->config.awake_ms == 0)
        o->config.awake_ms = 93000;
    open_all(o);
}

static void close_all(struct office *o)
{
    service_destroy(o->service);
    bc_server_destroy(o->w.server);
    bc_store_close(o->store);
}

void office_end(struct office *o)
{
    json_decref(o->answer.body);
    office_forget(o);
    close_all(o);
    if (o->path[0] != '\0')
        remove_file(o);
}

static int begin_for(void **state, bool in_file)
{
    struct office *o = calloc(1, sizeof(*o));
    assert_non_null(o);
    office_begin(o, in_file);
    *state = o;
    return 0;
}

int office_setup(void **state)
{
    return begin_for(state, false);
}

int office_setup_file(void **state)
{
    return begin_for(state, true);
}

int office_teardown(void **state)
{
    office_end(*state);
    free(*state);
    return 0;
}

void office_restart(struct office *o)
{
    close_all(o);
    open_all(o);
}

/* Turns ----------------------------------------------------------------------------------------*/

void office_commit(struct office *o)
{
    struct bc_store_time now = office_now(o);
    assert_true(o->broken || bc_store_recover(o->store, o->w.server, &now));
    service_settle(o->service, &now);
    bool fails = o->fails || o->broken;
    if (fails)
        o->store->broken = bc_store_ensure_open(o->store);
    bool committed = bc_store_commit(o->store, &now);
    assert_int_equal(committed, !fails);
    if (!committed)
        bc_server_discard(o->w.server);
    service_after_commit(o->service, committed);
    assert_true(o->broken || bc_store_recover(o->store, o->w.server, &now));
    o->fails = false;
}

void office_wait(struct office *o, uint64_t ms)
{
    o->w.now_ms += ms;
    struct bc_store_time now = office_now(o);
    bc_server_on_time(o->w.server, now.now_ms);
    service_on_time(o->service, &now);
    office_commit(o);
}

/* Questions ------------------------------------------------------------------------------------*/

/* "limit=2&search=a b": names and values of a query that needs no decoding. */
static json_t *query_of(const char *text)
{
    json_t *query = json_object();
    while (text != NULL && *text != '\0') {
        const char *equals = strchr(text, '=');
        const char *end = strchrnul(text, '&');
        char name[64];
        assert_true(equals != NULL && equals < end);
        snprintf(name, sizeof(name), "%.*s", (int)(equals - text), text);
        json_object_set_new(query, name, json_stringn(equals + 1, (size_t)(end - equals - 1)));
        text = *end == '&' ? end + 1 : end;
    }
    return query;
}

/* The first one finds out that nothing can be stored; what comes after it knows. */
static const json_t *ask(struct office *o, unsigned status, const char *path,
                         struct api_request *request)
{
    char allow[64];
    const char *question = strchr(path, '?');
    request->path = bc_view_of(path);
    if (question != NULL)
        request->path.len = (size_t)(question - path);
    request->query = query_of(question == NULL ? NULL : question + 1);
    request->role = o->role;
    request->user = "tester";
    json_decref(o->answer.body);
    o->answer = (struct api_answer){.status = 0};
    struct bc_store_time now = office_now(o);
    o->store->failed = o->store->failed || o->broken;
    (void)api_handle(o->service, now.now_ms, now.utc_ms, request, &o->answer, allow);
    json_decref(request->query);
    office_commit(o);
    if (o->answer.status != status)
        print_message("%s %s: %u %s\n", request->method, path, o->answer.status, o->answer.detail);
    assert_int_equal(o->answer.status, status);
    if (status >= 400)
        o->answer.body =
            json_pack("{s:s,s:s?}", "detail", o->answer.detail, "field", o->answer.field);
    return o->answer.body;
}

const json_t *office_ask(struct office *o, unsigned status, const char *method, const char *path,
                         const char *body)
{
    struct api_request request = {.method = method};
    if (body != NULL) {
        request.body = bc_view_of(body);
        request.media_type = "application/json";
    }
    return ask(o, status, path, &request);
}

const json_t *office_send(struct office *o, unsigned status, const char *method, const char *path,
                          bc_view raw)
{
    struct api_request request = {
        .method = method, .body = raw, .media_type = "application/octet-stream"};
    return ask(o, status, path, &request);
}

int64_t office_add_product(struct office *o, const char *name, const char *carrier)
{
    char body[200];
    snprintf(body, sizeof(body), "{\"name\":\"%s\",\"carrier\":\"%s\"}", name, carrier);
    return office_number(office_ask(o, 201, "POST", "/products", body), "id");
}

void office_add_device(struct office *o, int64_t product, const char *imei)
{
    char body[200];
    snprintf(body, sizeof(body), "{\"product\":%lld,\"imei\":\"%s\"}", (long long)product, imei);
    (void)office_ask(o, 201, "POST", "/devices", body);
}

/* Looking --------------------------------------------------------------------------------------*/

const char *office_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}

int64_t office_number(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

bool office_flag(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    assert_true(json_is_boolean(value));
    return json_is_true(value);
}

void office_expect_json(const json_t *value, const char *text)
{
    json_t *expected = json_loads(text, JSON_DECODE_ANY, NULL);
    char *seen = json_dumps(value, JSON_ENCODE_ANY | JSON_SORT_KEYS);
    char *wanted = json_dumps(expected, JSON_ENCODE_ANY | JSON_SORT_KEYS);
    assert_non_null(wanted);
    assert_string_equal(seen == NULL ? "nothing" : seen, wanted);
    free(seen);
    free(wanted);
    json_decref(expected);
}

const struct office_told *office_expect_told(struct office *o, enum service_event_kind kind)
{
    for (size_t i = 0; i < o->told_count; i++)
        if (o->told[i].kind == kind)
            return &o->told[i];
    print_message("nothing was told of %s\n", service_event_name(kind));
    fail();
    return NULL;
}

size_t office_told(const struct office *o, enum service_event_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < o->told_count; i++)
        count += o->told[i].kind == kind;
    return count;
}

void office_forget(struct office *o)
{
    for (size_t i = 0; i < o->told_count; i++)
        json_decref(o->told[i].body);
    o->told_count = 0;
}
