/*
 * One device's way through its task (G 4.1.1), one request at a time; docs/DFOTA.md draws it:
 *
 *     QUERYING     3/0/3, 4/0/8, 4/0/2, 5/0/3 are read, 5/0/3 is observed, the URI written to 5/0/1
 *     DOWNLOADING  until the device notifies 5/0/3 = 2
 *     DOWNLOADED   5/0/2 is executed
 *     UPDATING     until it has registered again and 5/0/3 = 0; 5/0/5 and 3/0/3 are read
 *
 * then the observation is canceled. A failure ends the attempt, and the task says whether there is
 * another. A device that registers anew in the middle is asked where it stands.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/sink.h"
#include "coap/message.h"
#include "fota.h"

static const struct {
    enum bc_server_operation operation; /* none: it waits */
    struct bc_server_path path;
} requests[FOTA_STEPS] = {
    [FOTA_VERSION] = {BC_SERVER_READ, {{3, 0, 3}, 3}},
    [FOTA_CELL] = {BC_SERVER_READ, {{4, 0, 8}, 3}},
    [FOTA_SIGNAL] = {BC_SERVER_READ, {{4, 0, 2}, 3}},
    [FOTA_STATE] = {BC_SERVER_READ, {{5, 0, 3}, 3}},
    [FOTA_RESET] = {BC_SERVER_WRITE, {{5, 0, 1}, 3}},
    [FOTA_OBSERVE] = {BC_SERVER_OBSERVE, {{5, 0, 3}, 3}},
    [FOTA_URI] = {BC_SERVER_WRITE, {{5, 0, 1}, 3}},
    [FOTA_EXECUTE] = {BC_SERVER_EXECUTE, {{5, 0, 2}, 3}},
    [FOTA_LOOK] = {BC_SERVER_READ, {{5, 0, 3}, 3}},
    [FOTA_FOLLOW] = {BC_SERVER_OBSERVE, {{5, 0, 3}, 3}},
    [FOTA_RESULT] = {BC_SERVER_READ, {{5, 0, 5}, 3}},
    [FOTA_AFTER] = {BC_SERVER_READ, {{3, 0, 3}, 3}},
    [FOTA_ABORT] = {BC_SERVER_WRITE, {{5, 0, 1}, 3}},
    [FOTA_RELEASE] = {BC_SERVER_CANCEL, {{5, 0, 3}, 3}},
};
static const struct bc_server_path state_path = {{5, 0, 3}, 3};

enum update_state { UPDATE_IDLE, UPDATE_DOWNLOADING, UPDATE_DOWNLOADED, UPDATE_UPDATING };
#define RESULT_SUCCESS 1
#define RESUME_LOOK_MS 1000
#define RESUME_MS_MIN 70000 /* time for an answer, also where we were away for longer */

static const char *state_name(enum bc_fota_state state)
{
    static const char *const names[BC_FOTA_STATES] = {
        "WAITING",  "QUERYING",  "DOWNLOADING", "DOWNLOADED",
        "UPDATING", "SUCCEEDED", "FAILED",      "CANCELED",
    };
    return names[state];
}

/* 5/0/5 (LwM2M 1.0, E.6; MODULE section 8). */
static const char *result_name(int64_t result)
{
    static const char *const names[] = {
        "the device has given up",
        "success",
        "there is not enough flash for the package",
        "there is no space for the package",
        "the connection was lost during the download",
        "the package did not arrive as it was sent",
        "the device does not take this type of package",
        "the device cannot use the URI",
        "the update failed, and the old firmware goes on",
        "the device cannot use the protocol of the URI",
    };
    bool known = result >= 0 && (size_t)result < sizeof(names) / sizeof(names[0]);
    return known ? names[result] : "the device gives a reason that is none";
}

/* Rows and events ------------------------------------------------------------------------------*/

static void set_text(json_t *object, const char *name, bc_view text)
{
    (void)json_object_set_new(object, name, text.len > 0 ? service_text(text) : json_null());
}

json_t *fota_device_json(const struct bc_fota_device *device)
{
    json_t *object =
        json_pack("{s:I,s:s,s:i,s:i,s:I}", "task", (json_int_t)device->task, "state",
                  state_name(device->state), "progress", (int)device->progress, "attempts",
                  (int)device->attempts, "updated_ms", (json_int_t)device->updated_ms);
    (void)json_object_set_new(object, "result",
                              device->result < 0 ? json_null() : json_integer(device->result));
    set_text(object, "reason", device->reason);
    set_text(object, "version_before", device->version_before);
    set_text(object, "version_after", device->version_after);
    return object;
}

struct bc_fota_device fota_flight_row(const struct fota_flight *flight, int64_t utc_ms)
{
    return (struct bc_fota_device){
        .task = flight->task->id,
        .endpoint = fota_endpoint(flight),
        .state = flight->state,
        .held = flight->held,
        .progress = flight->progress,
        .attempts = flight->attempts,
        .result = flight->result,
        .reason = bc_view_of(flight->reason),
        .version_before = bc_view_of(flight->before),
        .version_after = bc_view_of(flight->after),
        .package = bc_view_of(flight->package),
        .since_ms = flight->since_ms,
        .updated_ms = utc_ms,
    };
}

static void tell(struct fota *fota, const struct fota_flight *flight)
{
    struct service *service = fota->service;
    if (!service_wants(service, SERVICE_FOTA))
        return;
    struct bc_fota_device row = fota_flight_row(flight, service->now.utc_ms);
    json_t *body = fota_device_json(&row);
    set_text(body, "cell", bc_view_of(flight->cell));
    set_text(body, "signal", bc_view_of(flight->signal));
    service_tell(service, SERVICE_FOTA, fota_endpoint(flight), body);
}

static void save(struct fota *fota, const struct fota_flight *flight)
{
    struct bc_fota_device row = fota_flight_row(flight, fota->service->now.utc_ms);
    if (!bc_fota_put_device(fota->service->config.store, &row))
        fota->stale = true;
    tell(fota, flight);
}

/* Time and steps -------------------------------------------------------------------------------*/

static void arm(struct fota *fota, struct fota_flight *flight)
{
    uint64_t due = flight->limit_ms < flight->wake_ms ? flight->limit_ms : flight->wake_ms;
    if (due == BC_NEVER)
        bc_server_timer_clear(&fota->timers, &flight->timer);
    else
        bc_server_timer_set(&fota->timers, &flight->timer, due);
}

static void wake(struct fota *fota, struct fota_flight *flight, uint64_t in_ms)
{
    flight->wake_ms = in_ms == BC_NEVER ? BC_NEVER : fota->service->now.now_ms + in_ms;
    arm(fota, flight);
}

static uint64_t limit_of(enum bc_fota_state state)
{
    switch (state) {
    case BC_FOTA_DOWNLOADING:
        return FOTA_DOWNLOAD_MS;
    case BC_FOTA_DOWNLOADED:
        return FOTA_START_MS;
    case BC_FOTA_UPDATING:
        return FOTA_UPDATE_MS;
    default:
        return BC_NEVER;
    }
}

static void enter(struct fota *fota, struct fota_flight *flight, enum bc_fota_state state)
{
    uint64_t limit = limit_of(state);
    flight->task->counts[flight->state]--;
    flight->task->counts[state]++;
    flight->state = state;
    flight->since_ms = fota->service->now.utc_ms;
    flight->limit_ms = limit == BC_NEVER ? BC_NEVER : fota->service->now.now_ms + limit;
    if (state >= BC_FOTA_DOWNLOADED && state <= BC_FOTA_SUCCEEDED)
        flight->progress = 100;
    arm(fota, flight);
    save(fota, flight);
}

static void make_ready(struct fota *fota, struct fota_flight *flight)
{
    if (flight->ready || requests[flight->step].operation == BC_SERVER_NO_OPERATION)
        return;
    flight->ready = true;
    flight->next_ready = fota->ready;
    fota->ready = flight;
}

/* What was asked before is no longer waited for. */
static void go(struct fota *fota, struct fota_flight *flight, enum fota_step step)
{
    flight->step = step;
    flight->number = 0;
    flight->looks = false;
    flight->wake_ms = BC_NEVER;
    arm(fota, flight);
    make_ready(fota, flight);
}

static void look_later(struct fota *fota, struct fota_flight *flight, uint64_t in_ms)
{
    go(fota, flight, flight->state == BC_FOTA_UPDATING ? FOTA_UPDATE : FOTA_DOWNLOAD);
    flight->looks = true;
    wake(fota, flight, in_ms);
}

/* Ends -----------------------------------------------------------------------------------------*/

static void keep_reason(struct fota_flight *flight, const char *reason)
{
    (void)snprintf(flight->reason, sizeof(flight->reason), "%s", reason);
}

void fota_flight_end(struct fota *fota, struct fota_flight *flight, enum bc_fota_state verdict,
                     const char *reason)
{
    struct fota_task *task = flight->task;
    if (reason != NULL)
        keep_reason(flight, reason);
    enter(fota, flight, verdict);
    fota_flight_remove(fota, flight);
    fota_task_settle(fota, task);
}

static void wait_for_word(struct fota *fota, struct fota_flight *flight, bool held)
{
    struct fota_task *task = flight->task;
    flight->held = held;
    enter(fota, flight, BC_FOTA_WAITING);
    fota_flight_remove(fota, flight);
    fota_task_settle(fota, task);
}

/* Nothing more is said to the device in this attempt. The flight may be gone after this. */
static void finish(struct fota *fota, struct fota_flight *flight)
{
    const struct fota_task *task = flight->task;
    bool again = flight->verdict == BC_FOTA_FAILED && flight->again && task->running &&
                 flight->attempts <= task->retries;
    if (flight->verdict == BC_FOTA_FAILED && !task->running)
        flight->verdict = BC_FOTA_CANCELED;
    if (!again)
        fota_flight_end(fota, flight, flight->verdict, NULL);
    else if (task->immediate && !flight->silent)
        fota_flight_begin(fota, flight);
    else
        wait_for_word(fota, flight, !task->immediate);
}

static void conclude(struct fota *fota, struct fota_flight *flight, enum bc_fota_state verdict)
{
    flight->verdict = verdict;
    flight->limit_ms = BC_NEVER;
    if (flight->observed && !flight->silent)
        go(fota, flight, FOTA_RELEASE);
    else
        finish(fota, flight);
}

__attribute__((format(printf, 3, 4))) static void
fail_for_good(struct fota *fota, struct fota_flight *flight, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(flight->reason, sizeof(flight->reason), format, args);
    va_end(args);
    flight->again = false;
    conclude(fota, flight, BC_FOTA_FAILED);
}

__attribute__((format(printf, 3, 4))) static void
fail(struct fota *fota, struct fota_flight *flight, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(flight->reason, sizeof(flight->reason), format, args);
    va_end(args);
    flight->again = true;
    conclude(fota, flight, BC_FOTA_FAILED);
}

/* The device is away. */
static void fail_silently(struct fota *fota, struct fota_flight *flight, const char *reason)
{
    flight->silent = true;
    fail(fota, flight, "%s", reason);
}

/* Beginnings -----------------------------------------------------------------------------------*/

void fota_flight_begin(struct fota *fota, struct fota_flight *flight)
{
    flight->attempts++;
    flight->verdict = BC_FOTA_WAITING;
    flight->again = flight->silent = flight->cleared = flight->held = false;
    flight->progress = 0;
    flight->result = -1;
    flight->after[0] = flight->reason[0] = '\0';
    enter(fota, flight, BC_FOTA_QUERYING);
    go(fota, flight, FOTA_VERSION);
}

/* A query that was cut off was no attempt. */
static void begin_anew(struct fota *fota, struct fota_flight *flight)
{
    flight->attempts--;
    if (flight->task->running)
        wait_for_word(fota, flight, false);
    else
        fota_flight_end(fota, flight, BC_FOTA_CANCELED, NULL);
}

void fota_flight_resume(struct fota *fota, struct fota_flight *flight)
{
    const struct bc_store_time *now = &fota->service->now;
    uint64_t limit = limit_of(flight->state);
    if (flight->state == BC_FOTA_QUERYING) {
        begin_anew(fota, flight);
        return;
    }
    uint64_t gone = now->utc_ms > flight->since_ms ? (uint64_t)(now->utc_ms - flight->since_ms) : 0;
    limit = limit > gone ? limit - gone : 0;
    flight->limit_ms = now->now_ms + (limit > RESUME_MS_MIN ? limit : RESUME_MS_MIN);
    flight->observed = true;
    flight->looks = false;
    look_later(fota, flight, RESUME_LOOK_MS);
    if (!flight->task->running)
        fota_flight_cancel(fota, flight);
}

/* Requests -------------------------------------------------------------------------------------*/

static bool write_uri(struct fota *fota, struct fota_flight *flight, char *out, size_t cap)
{
    const struct service_config *config = &fota->service->config;
    char origin[SERVICE_ORIGIN_BYTES];
    struct bc_server_device device;
    if (config->origin == NULL || !bc_server_find(config->server, fota_endpoint(flight), &device) ||
        !config->origin(config->context, &device.address, origin))
        return false;
    if (!flight->named)
        fota_flight_name(fota, flight);
    int len = snprintf(out, cap, "%s/fw/%s", origin, flight->package);
    return len > 0 && (size_t)len < cap;
}

static enum bc_err send(struct fota *fota, struct fota_flight *flight)
{
    char uri[BC_URI_BYTES_MAX + 1] = "";
    struct bc_server_request request = {
        .operation = requests[flight->step].operation,
        .path = requests[flight->step].path,
        .accept = BC_COAP_FORMAT_ABSENT,
        .format = BC_COAP_FORMAT_ABSENT,
        .tag = SERVICE_TAG(SERVICE_OF_FOTA, ++fota->numbers),
    };
    if (flight->step == FOTA_URI && !write_uri(fota, flight, uri, sizeof(uri)))
        return BC_ERR_RANGE;
    if (request.operation == BC_SERVER_WRITE) {
        request.format = BC_COAP_FORMAT_TEXT;
        request.payload = bc_view_of(uri);
    } else if (request.operation != BC_SERVER_EXECUTE) {
        request.accept = BC_COAP_FORMAT_TEXT;
    }
    enum bc_err err = bc_server_request(fota->service->config.server, fota->service->now.now_ms,
                                        fota_endpoint(flight), &request);
    flight->number = err == BC_OK ? fota->numbers : 0;
    return err;
}

static void on_away(struct fota *fota, struct fota_flight *flight)
{
    if (flight->step == FOTA_RELEASE || flight->step == FOTA_ABORT)
        finish(fota, flight);
    else if (flight->state == BC_FOTA_UPDATING)
        go(fota, flight, FOTA_UPDATE);
    else
        fail_silently(fota, flight, "the device is not registered any more");
}

void fota_flight_act(struct fota *fota, struct fota_flight *flight)
{
    if (flight->number != 0 || requests[flight->step].operation == BC_SERVER_NO_OPERATION)
        return;
    switch (send(fota, flight)) {
    case BC_OK:
        break;
    case BC_ERR_ABSENT:
        on_away(fota, flight);
        break;
    case BC_ERR_RANGE:
        fail_for_good(fota, flight, "the platform has no URI for it; give it --fw-uri");
        break;
    default:
        if (flight->step == FOTA_RELEASE) /* nothing is observed */
            finish(fota, flight);
        else
            wake(fota, flight, FOTA_AGAIN_MS);
    }
}

/* Answers --------------------------------------------------------------------------------------*/

static bool good(const struct bc_server_event *event)
{
    return event->kind != BC_SERVER_RESET && event->code >> 5 == 2;
}

static bool number_of(const struct bc_server_event *event, int64_t *out)
{
    bool plain = event->format == BC_COAP_FORMAT_TEXT || event->format == BC_COAP_FORMAT_ABSENT;
    return good(event) && plain && bc_view_int(event->payload, out);
}

/* What the device calls something, fit for people. */
static void keep_text(const struct bc_server_event *event, char out[FOTA_VERSION_BYTES])
{
    size_t len = good(event) ? event->payload.len : 0;
    if (len >= FOTA_VERSION_BYTES)
        len = FOTA_VERSION_BYTES - 1;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = event->payload.ptr[i];
        out[i] = c > ' ' && c <= '~' ? (char)c : '?';
    }
    out[len] = '\0';
}

static void refused(struct fota *fota, struct fota_flight *flight,
                    const struct bc_server_event *event, const char *what)
{
    if (event->kind == BC_SERVER_RESET)
        fail(fota, flight, "%s: the device answers with a reset", what);
    else
        fail(fota, flight, "%s: the device answers %u.%02u", what, event->code >> 5,
             event->code & 31U);
}

static void on_version(struct fota *fota, struct fota_flight *flight,
                       const struct bc_server_event *event)
{
    const struct fota_package *package = flight->task->package;
    keep_text(event, flight->before);
    if (!good(event)) {
        refused(fota, flight, event, "3/0/3 cannot be read");
    } else if (strcmp(flight->before, package->target) == 0) {
        memcpy(flight->after, flight->before, sizeof(flight->after));
        keep_reason(flight, "the device runs this version already");
        conclude(fota, flight, BC_FOTA_SUCCEEDED);
    } else if (strcmp(flight->before, package->source) != 0) {
        fail_for_good(fota, flight, "source version: the device runs %.40s, the package is for %s",
                      flight->before, package->source);
    } else {
        go(fota, flight, FOTA_CELL);
    }
}

static void on_state(struct fota *fota, struct fota_flight *flight,
                     const struct bc_server_event *event)
{
    int64_t state;
    if (!number_of(event, &state))
        refused(fota, flight, event, "5/0/3 cannot be read");
    else if (state == UPDATE_IDLE)
        go(fota, flight, FOTA_OBSERVE);
    else if (flight->cleared)
        fail(fota, flight, "the device is busy with another update: 5/0/3 is %d", (int)state);
    else
        go(fota, flight, FOTA_RESET);
}

static void on_observed(struct fota *fota, struct fota_flight *flight,
                        const struct bc_server_event *event)
{
    flight->observed = event->observed;
    if (flight->observed)
        go(fota, flight, FOTA_URI);
    else
        refused(fota, flight, event, "5/0/3 cannot be observed");
}

static void begin_download(struct fota *fota, struct fota_flight *flight)
{
    enter(fota, flight, BC_FOTA_DOWNLOADING);
    go(fota, flight, FOTA_DOWNLOAD);
}

static void begin_start(struct fota *fota, struct fota_flight *flight)
{
    enter(fota, flight, BC_FOTA_DOWNLOADED);
    go(fota, flight, FOTA_EXECUTE);
}

static void begin_update(struct fota *fota, struct fota_flight *flight)
{
    enter(fota, flight, BC_FOTA_UPDATING);
    go(fota, flight, FOTA_UPDATE);
}

/* What 5/0/3 is now: notified, or read in FOTA_LOOK. */
static void on_update_state(struct fota *fota, struct fota_flight *flight, int64_t state)
{
    bool querying = flight->state == BC_FOTA_QUERYING;
    bool updating = flight->state == BC_FOTA_UPDATING;
    if (state == UPDATE_DOWNLOADING && querying)
        begin_download(fota, flight);
    else if (state == UPDATE_DOWNLOADED && (querying || flight->state == BC_FOTA_DOWNLOADING))
        begin_start(fota, flight);
    else if (state == UPDATE_UPDATING && !querying && !updating)
        begin_update(fota, flight);
    else if (state == UPDATE_IDLE && !querying)
        go(fota, flight, FOTA_RESULT);
}

/* A device that has registered anew may have forgotten who observes it. */
static void on_look(struct fota *fota, struct fota_flight *flight,
                    const struct bc_server_event *event)
{
    int64_t state;
    bool known = number_of(event, &state);
    if (known && state == UPDATE_DOWNLOADED && flight->state == BC_FOTA_DOWNLOADED)
        go(fota, flight, FOTA_EXECUTE);
    else if (known && state != UPDATE_DOWNLOADING)
        on_update_state(fota, flight, state);
    else if (known && flight->state == BC_FOTA_DOWNLOADING)
        go(fota, flight, FOTA_FOLLOW);
    if (flight->step == FOTA_LOOK)
        go(fota, flight, flight->state == BC_FOTA_UPDATING ? FOTA_UPDATE : FOTA_DOWNLOAD);
}

static void on_result(struct fota *fota, struct fota_flight *flight,
                      const struct bc_server_event *event)
{
    int64_t result;
    bool known = number_of(event, &result);
    if (!known) {
        refused(fota, flight, event, "5/0/5 cannot be read");
        return;
    }
    flight->result = result;
    if (flight->state == BC_FOTA_UPDATING)
        go(fota, flight, FOTA_AFTER);
    else
        fail(fota, flight, "%s", result_name(result == RESULT_SUCCESS ? 0 : result));
}

/* `event` is NULL when the device fell silent. */
static void on_after(struct fota *fota, struct fota_flight *flight,
                     const struct bc_server_event *event)
{
    const char *target = flight->task->package->target;
    if (event != NULL)
        keep_text(event, flight->after);
    if (flight->result != RESULT_SUCCESS)
        fail(fota, flight, "%s", result_name(flight->result));
    else if (flight->after[0] != '\0' && strcmp(flight->after, target) != 0)
        fail(fota, flight, "the device says success, and runs %.40s instead of %s", flight->after,
             target);
    else
        conclude(fota, flight, BC_FOTA_SUCCEEDED);
}

static void on_answer(struct fota *fota, struct fota_flight *flight,
                      const struct bc_server_event *event)
{
    switch (flight->step) {
    case FOTA_VERSION:
        on_version(fota, flight, event);
        break;
    case FOTA_CELL:
        keep_text(event, flight->cell);
        go(fota, flight, FOTA_SIGNAL);
        break;
    case FOTA_SIGNAL:
        keep_text(event, flight->signal);
        go(fota, flight, FOTA_STATE);
        break;
    case FOTA_STATE:
        on_state(fota, flight, event);
        break;
    case FOTA_RESET:
        flight->cleared = true;
        go(fota, flight, FOTA_STATE);
        break;
    case FOTA_OBSERVE:
        on_observed(fota, flight, event);
        break;
    case FOTA_URI:
        if (good(event))
            begin_download(fota, flight);
        else
            refused(fota, flight, event, "the URI was refused");
        break;
    case FOTA_EXECUTE:
        if (good(event))
            begin_update(fota, flight);
        else
            refused(fota, flight, event, "the update was refused");
        break;
    case FOTA_LOOK:
        on_look(fota, flight, event);
        break;
    case FOTA_FOLLOW:
        go(fota, flight, FOTA_DOWNLOAD);
        break;
    case FOTA_RESULT:
        on_result(fota, flight, event);
        break;
    case FOTA_AFTER:
        on_after(fota, flight, event);
        break;
    case FOTA_ABORT:
        conclude(fota, flight, flight->verdict);
        break;
    case FOTA_RELEASE:
        finish(fota, flight);
        break;
    case FOTA_DOWNLOAD:
    case FOTA_UPDATE:
    case FOTA_STEPS:
        break;
    }
}

static void on_silence(struct fota *fota, struct fota_flight *flight)
{
    switch (flight->step) {
    case FOTA_LOOK:
    case FOTA_FOLLOW:
    case FOTA_RESULT:
        look_later(fota, flight, BC_NEVER); /* at its next word */
        break;
    case FOTA_AFTER:
        flight->silent = true;
        on_after(fota, flight, NULL);
        break;
    case FOTA_ABORT:
    case FOTA_RELEASE:
        finish(fota, flight);
        break;
    default:
        fail_silently(fota, flight, "the device does not answer");
    }
}

/* What the core tells --------------------------------------------------------------------------*/

static void on_end_of_request(struct fota *fota, struct fota_flight *flight,
                              const struct bc_server_event *event)
{
    if (SERVICE_TAG_PART(event->tag) != SERVICE_OF_FOTA || flight->number == 0 ||
        SERVICE_TAG_NUMBER(event->tag) != flight->number)
        return;
    flight->number = 0;
    if (event->kind == BC_SERVER_TIMED_OUT)
        on_silence(fota, flight);
    else if (event->kind != BC_SERVER_CANCELED) /* what has ended the registration comes next */
        on_answer(fota, flight, event);
}

static void on_registered(struct fota *fota, struct fota_flight *flight)
{
    if (flight->step == FOTA_RELEASE || flight->step == FOTA_ABORT) {
        finish(fota, flight);
    } else if (flight->state == BC_FOTA_QUERYING) {
        begin_anew(fota, flight);
    } else {
        look_later(fota, flight, FOTA_LOOK_MS);
    }
}

static void on_gone(struct fota *fota, struct fota_flight *flight, const char *reason)
{
    flight->number = 0;
    if (flight->step == FOTA_RELEASE || flight->step == FOTA_ABORT)
        finish(fota, flight);
    else if (flight->state == BC_FOTA_UPDATING)
        go(fota, flight, FOTA_UPDATE);
    else
        fail_silently(fota, flight, reason);
}

static void on_notified(struct fota *fota, struct fota_flight *flight,
                        const struct bc_server_event *event)
{
    int64_t state;
    bool told = flight->verdict == BC_FOTA_WAITING && flight->step != FOTA_RESULT &&
                flight->step != FOTA_AFTER && !event->stale &&
                bc_server_path_equal(&event->path, &state_path);
    /* Before the URI is written it is of what was before. */
    bool meant = flight->state != BC_FOTA_QUERYING || flight->step == FOTA_URI;
    if (told && meant && number_of(event, &state))
        on_update_state(fota, flight, state);
    else if (flight->looks)
        go(fota, flight, FOTA_LOOK);
}

void fota_flight_on_event(struct fota *fota, struct fota_flight *flight,
                          const struct bc_server_event *event)
{
    switch (event->kind) {
    case BC_SERVER_REGISTERED:
        on_registered(fota, flight);
        break;
    case BC_SERVER_DEREGISTERED:
        on_gone(fota, flight, "the device deregistered");
        break;
    case BC_SERVER_EXPIRED:
        on_gone(fota, flight, "the registration expired");
        break;
    case BC_SERVER_NOTIFIED:
        on_notified(fota, flight, event);
        break;
    case BC_SERVER_DP:
        if (flight->looks)
            go(fota, flight, FOTA_LOOK);
        break;
    case BC_SERVER_OBSERVED:
        if (event->tag == 0 && flight->looks)
            go(fota, flight, FOTA_LOOK);
        else
            on_end_of_request(fota, flight, event);
        break;
    case BC_SERVER_RESPONDED:
    case BC_SERVER_TIMED_OUT:
    case BC_SERVER_RESET:
    case BC_SERVER_CANCELED:
        on_end_of_request(fota, flight, event);
        break;
    default:
        break;
    }
}

void fota_flight_on_fetched(struct fota *fota, struct fota_flight *flight, uint32_t bytes)
{
    size_t len = flight->task->package->len;
    unsigned progress = (unsigned)((uint64_t)bytes * 100 / len);
    if (flight->state > BC_FOTA_DOWNLOADING || progress <= flight->progress)
        return;
    flight->progress = progress;
    tell(fota, flight);
}

void fota_flight_on_time(struct fota *fota, struct fota_flight *flight)
{
    uint64_t now_ms = fota->service->now.now_ms;
    if (flight->wake_ms <= now_ms && flight->limit_ms > now_ms) {
        bool looks = flight->looks;
        flight->wake_ms = BC_NEVER;
        arm(fota, flight);
        if (looks)
            go(fota, flight, FOTA_LOOK);
        else
            make_ready(fota, flight);
    } else if (flight->limit_ms > now_ms) {
        arm(fota, flight);
    } else if (flight->state == BC_FOTA_DOWNLOADING) {
        keep_reason(flight, "not downloaded within 30 minutes");
        flight->again = true;
        flight->verdict = BC_FOTA_FAILED;
        flight->limit_ms = BC_NEVER;
        go(fota, flight, FOTA_ABORT);
    } else if (flight->state == BC_FOTA_DOWNLOADED) {
        fail_silently(fota, flight, "not started within 1 minute after the download");
    } else {
        fail_silently(fota, flight, "no result within 10 minutes after the start of the update");
    }
}

void fota_flight_cancel(struct fota *fota, struct fota_flight *flight)
{
    if (flight->state == BC_FOTA_UPDATING || flight->verdict != BC_FOTA_WAITING)
        return;
    flight->verdict = BC_FOTA_CANCELED;
    flight->limit_ms = BC_NEVER;
    keep_reason(flight, "the task was canceled");
    if (flight->step == FOTA_URI || flight->state != BC_FOTA_QUERYING)
        go(fota, flight, FOTA_ABORT);
    else
        conclude(fota, flight, BC_FOTA_CANCELED);
}
