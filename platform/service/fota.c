/*
 * DFOTA as a whole: which tasks run and what they hand out, which devices are under way, and what
 * happens to them. See fota.h.
 */
#include "fota.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "coap/message.h"
#include "dfota/package.h"

#define TASKS_AT_ONCE 1000

/* Made and unmade ------------------------------------------------------------------------------*/

struct fota *fota_create(struct service *service)
{
    struct fota *fota = calloc(1, sizeof(*fota));
    struct bc_random random;
    if (fota == NULL)
        return NULL;
    fota->service = service;
    fota->stale = true; /* loaded with the first turn, when the devices are there */
    bool made = RAND_bytes((unsigned char *)&random, sizeof(random)) == 1;
    made = bc_server_table_init(&fota->by_endpoint) && made;
    made = bc_server_table_init(&fota->by_package) && made;
    if (!made) {
        fota_destroy(fota);
        return NULL;
    }
    fota->key = bc_server_hash_key(&random);
    return fota;
}

static void drop_package(struct fota *fota, struct fota_package *package)
{
    struct fota_package **at = &fota->packages;
    if (--package->tasks > 0)
        return;
    while (*at != package)
        at = &(*at)->next;
    *at = package->next;
    free(package->bytes);
    free(package);
}

static void drop_task(struct fota *fota, struct fota_task *task)
{
    struct fota_task **at = &fota->tasks;
    while (*at != task)
        at = &(*at)->next;
    *at = task->next;
    drop_package(fota, task->package);
    free(task);
}

static void drop_all(struct fota *fota)
{
    while (fota->tasks != NULL) {
        while (fota->tasks->flights != NULL)
            fota_flight_remove(fota, fota->tasks->flights);
        drop_task(fota, fota->tasks);
    }
}

void fota_destroy(struct fota *fota)
{
    if (fota == NULL)
        return;
    drop_all(fota);
    bc_server_table_free(&fota->by_endpoint);
    bc_server_table_free(&fota->by_package);
    bc_server_timers_free(&fota->timers);
    free(fota);
}

/* Packages and tasks ---------------------------------------------------------------------------*/

static struct fota_package *package_of(const struct fota *fota, int64_t firmware)
{
    struct fota_package *package = fota->packages;
    while (package != NULL && package->firmware != firmware)
        package = package->next;
    return package;
}

static bool has_room(const struct fota *fota, size_t bytes)
{
    size_t count = 0;
    for (const struct fota_package *p = fota->packages; p != NULL; p = p->next) {
        bytes += p->len;
        count++;
    }
    return count < FOTA_PACKAGES_MAX && bytes <= FOTA_HELD_BYTES_MAX;
}

static bool describe(struct fota_package *package)
{
    struct bc_package header;
    if (bc_package_read((bc_view){package->bytes, package->len}, &header) != BC_OK)
        return false;
    memcpy(package->source, header.source_revision, sizeof(package->source));
    memcpy(package->target, header.target_revision, sizeof(package->target));
    for (size_t i = 0; i < sizeof(package->etag); i++)
        package->etag = package->etag << 8 | header.body_sha256[i];
    return true;
}

static struct fota_package *load_package(struct fota *fota, int64_t firmware, const char **why)
{
    struct fota_package *package = calloc(1, sizeof(*package));
    if (package != NULL)
        package->bytes = bc_fota_package(fota->service->config.store, firmware, &package->len);
    *why = NULL;
    if (package == NULL || package->bytes == NULL || !describe(package))
        *why = "its package cannot be read";
    else if (!has_room(fota, package->len))
        *why = "too many packages are handed out already";
    if (*why != NULL) {
        if (package != NULL)
            free(package->bytes);
        free(package);
        return NULL;
    }
    package->firmware = firmware;
    package->next = fota->packages;
    fota->packages = package;
    return package;
}

struct fota_task *fota_task_of(const struct fota *fota, int64_t id)
{
    struct fota_task *task = fota->tasks;
    while (task != NULL && task->id != id)
        task = task->next;
    return task;
}

static void read_settings(struct fota_task *task, bc_view text)
{
    json_t *settings = json_loadb((const char *)text.ptr, text.len, 0, NULL);
    const char *policy = json_string_value(json_object_get(settings, "retry_policy"));
    int64_t retries = json_integer_value(json_object_get(settings, "retries"));
    task->immediate = policy == NULL || strcmp(policy, "immediate") == 0;
    if (retries > 0)
        task->retries = retries > FOTA_RETRIES_MAX ? FOTA_RETRIES_MAX : (unsigned)retries;
    json_decref(settings);
}

struct fota_task *fota_task_begin(struct fota *fota, const struct bc_fota_task *row,
                                  const char **why)
{
    struct fota_package *package = package_of(fota, row->firmware);
    struct fota_task *task = calloc(1, sizeof(*task));
    *why = "not enough memory";
    if (task != NULL && package == NULL)
        package = load_package(fota, row->firmware, why);
    if (task == NULL || package == NULL) {
        free(task);
        return NULL;
    }
    package->tasks++;
    task->package = package;
    task->id = row->id;
    task->started_ms = row->started_ms;
    task->running = row->state == BC_FOTA_RUNNING;
    read_settings(task, row->settings);
    (void)bc_fota_counts(fota->service->config.store, row->id, task->counts);
    task->next = fota->tasks;
    fota->tasks = task;
    return task;
}

int64_t fota_task_open(const struct fota_task *task)
{
    int64_t open = 0;
    for (int state = 0; state < BC_FOTA_ENDED; state++)
        open += task->counts[state];
    return open;
}

void fota_task_settle(struct fota *fota, struct fota_task *task)
{
    if (task->running && fota_task_open(task) <= 0) {
        const struct bc_fota_task row = {.id = task->id,
                                         .state = BC_FOTA_DONE,
                                         .started_ms = task->started_ms,
                                         .ended_ms = fota->service->now.utc_ms};
        if (!bc_fota_put_task(fota->service->config.store, &row))
            fota->stale = true;
        task->running = false;
    }
    if (!task->running && task->flights == NULL)
        drop_task(fota, task);
}

/* Devices under way ----------------------------------------------------------------------------*/

static uint32_t hash_of(const struct fota *fota, bc_view bytes)
{
    return (uint32_t)bc_server_hash(&fota->key, bytes);
}

struct fota_flight *fota_flight_of(const struct fota *fota, bc_view endpoint)
{
    struct table_node *node = bc_server_table_first(&fota->by_endpoint, hash_of(fota, endpoint));
    for (; node != NULL; node = bc_server_table_next(node)) {
        struct fota_flight *flight = BC_SERVER_OF(node, struct fota_flight, by_endpoint);
        if (bc_view_equal(fota_endpoint(flight), endpoint))
            return flight;
    }
    return NULL;
}

static struct fota_flight *flight_of_package(const struct fota *fota, bc_view name)
{
    struct table_node *node = bc_server_table_first(&fota->by_package, hash_of(fota, name));
    for (; node != NULL; node = bc_server_table_next(node)) {
        struct fota_flight *flight = BC_SERVER_OF(node, struct fota_flight, by_package);
        if (bc_view_equal(bc_view_of(flight->package), name))
            return flight;
    }
    return NULL;
}

static void keep(char *out, size_t cap, bc_view text)
{
    size_t len = text.len < cap ? text.len : cap - 1;
    if (len > 0)
        memcpy(out, text.ptr, len);
    out[len] = '\0';
}

static void copy_row(struct fota_flight *flight, const struct bc_fota_device *known)
{
    memcpy(flight->endpoint, known->endpoint.ptr, known->endpoint.len);
    flight->endpoint_bytes = (uint8_t)known->endpoint.len;
    flight->state = known->state;
    flight->progress = known->progress;
    flight->attempts = known->attempts;
    flight->result = known->result;
    flight->since_ms = known->since_ms;
    keep(flight->reason, sizeof(flight->reason), known->reason);
    keep(flight->before, sizeof(flight->before), known->version_before);
    keep(flight->after, sizeof(flight->after), known->version_after);
    keep(flight->package, sizeof(flight->package), known->package);
}

struct fota_flight *fota_flight_add(struct fota *fota, struct fota_task *task,
                                    const struct bc_fota_device *known)
{
    struct fota_flight *flight = NULL;
    if (known->endpoint.len > 0 && known->endpoint.len <= FOTA_ENDPOINT_BYTES_MAX)
        flight = calloc(1, sizeof(*flight));
    if (flight == NULL || !bc_server_timers_reserve(&fota->timers)) {
        free(flight);
        return NULL;
    }
    copy_row(flight, known);
    flight->limit_ms = flight->wake_ms = BC_NEVER;
    flight->task = task;
    flight->next = task->flights;
    if (task->flights != NULL)
        task->flights->prev = flight;
    task->flights = flight;
    bc_server_table_insert(&fota->by_endpoint, &flight->by_endpoint,
                           hash_of(fota, fota_endpoint(flight)));
    if (flight->package[0] != '\0')
        fota_flight_name(fota, flight);
    return flight;
}

void fota_flight_remove(struct fota *fota, struct fota_flight *flight)
{
    struct fota_flight **ready = &fota->ready;
    while (flight->ready && *ready != flight)
        ready = &(*ready)->next_ready;
    if (flight->ready)
        *ready = flight->next_ready;
    *(flight->prev == NULL ? &flight->task->flights : &flight->prev->next) = flight->next;
    if (flight->next != NULL)
        flight->next->prev = flight->prev;
    bc_server_table_remove(&fota->by_endpoint, &flight->by_endpoint);
    if (flight->named)
        bc_server_table_remove(&fota->by_package, &flight->by_package);
    bc_server_timer_clear(&fota->timers, &flight->timer);
    bc_server_timers_release(&fota->timers);
    free(flight);
}

/* A name that nobody guesses: where it leads only its device may go, but nobody else should even
 * know whether it leads anywhere. */
void fota_flight_name(struct fota *fota, struct fota_flight *flight)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t random[FOTA_NAME_CHARS];
    bool made = flight->package[0] != '\0';
    if (!made && RAND_bytes(random, sizeof(random)) == 1) {
        for (size_t i = 0; i < FOTA_NAME_CHARS; i++)
            flight->package[i] = alphabet[random[i] & 63];
        made = true;
    }
    if (!made)
        return;
    flight->named = true;
    bc_server_table_insert(&fota->by_package, &flight->by_package,
                           hash_of(fota, bc_view_of(flight->package)));
}

/* From the store -------------------------------------------------------------------------------*/

static bool take_running(void *context, const struct bc_fota_task *task)
{
    struct fota *fota = context;
    const char *why;
    if (task->state == BC_FOTA_RUNNING)
        (void)fota_task_begin(fota, task, &why); /* else it waits for a better run */
    return true;
}

static bool take_canceled(void *context, const struct bc_fota_task *task)
{
    struct fota *fota = context;
    const char *why;
    if (task->state == BC_FOTA_TASK_CANCELED)
        (void)fota_task_begin(fota, task, &why);
    return false;
}

static bool take_under_way(void *context, const struct bc_fota_device *device)
{
    struct fota *fota = context;
    const struct bc_fota_page page = {.from = device->task, .count = 1};
    struct fota_task *task = fota_task_of(fota, device->task);
    if (task == NULL)
        bc_fota_tasks(fota->service->config.store, &page, take_canceled, fota);
    task = fota_task_of(fota, device->task);
    if (task != NULL)
        (void)fota_flight_add(fota, task, device);
    return true;
}

static void go_on(struct fota *fota, struct fota_task *task)
{
    struct fota_flight *next;
    for (struct fota_flight *flight = task->flights; flight != NULL; flight = next) {
        next = flight->next;
        fota_flight_resume(fota, flight);
    }
}

static void load(struct fota *fota)
{
    struct bc_store *store = fota->service->config.store;
    const struct bc_fota_page all = {.count = SIZE_MAX >> 1};
    struct fota_task *next;
    if (!bc_store_works(store))
        return;
    drop_all(fota);
    bc_fota_tasks(store, &all, take_running, fota);
    bc_fota_devices_under_way(store, take_under_way, fota);
    fota->stale = false;
    for (struct fota_task *task = fota->tasks; task != NULL; task = next) {
        next = task->next;
        go_on(fota, task);
    }
}

/* What happens ---------------------------------------------------------------------------------*/

/* What says that the device is there (G 4.1.1.1): data, also as the answer to an observation that
 * follows the registration (G 5.6.4). */
static bool is_word(const struct bc_server_event *event)
{
    return event->kind == BC_SERVER_NOTIFIED || event->kind == BC_SERVER_DP ||
           (event->kind == BC_SERVER_OBSERVED && event->tag == 0 && event->observed);
}

struct next {
    struct fota *fota;
    enum { NEXT_ANY, NEXT_HELD, NEXT_FREE } wanted;
    struct fota_flight *flight;
};

static bool take_next(void *context, const struct bc_fota_device *device)
{
    struct next *next = context;
    struct fota_task *task = fota_task_of(next->fota, device->task);
    bool wanted = next->wanted == NEXT_ANY || (next->wanted == NEXT_HELD) == device->held;
    if (task != NULL && wanted)
        next->flight = fota_flight_add(next->fota, task, device);
    return false;
}

/* A device that is not under way, and may wait in a task. */
static void on_waiting(struct fota *fota, const struct bc_server_event *event)
{
    struct bc_store *store = fota->service->config.store;
    bool registered = event->kind == BC_SERVER_REGISTERED;
    struct next next = {.fota = fota, .wanted = registered ? NEXT_HELD : NEXT_FREE};
    if (!registered && !is_word(event))
        return;
    (void)bc_fota_next(store, event->endpoint, take_next, &next);
    if (next.flight == NULL)
        return;
    if (!registered) {
        fota_flight_begin(fota, next.flight);
        return;
    }
    /* Its next word begins the next attempt. */
    struct bc_fota_device row = fota_flight_row(next.flight, fota->service->now.utc_ms);
    row.held = false;
    if (!bc_fota_put_device(store, &row))
        fota->stale = true;
    fota_flight_remove(fota, next.flight);
}

void fota_on_event(struct fota *fota, const struct bc_server_event *event)
{
    if (fota->stale || fota->tasks == NULL || event->endpoint.len == 0)
        return;
    struct fota_flight *flight = fota_flight_of(fota, event->endpoint);
    if (flight != NULL)
        fota_flight_on_event(fota, flight, event);
    else
        on_waiting(fota, event);
}

void fota_on_removed(struct fota *fota, bc_view endpoint)
{
    static const char reason[] = "the device was removed";
    struct bc_store *store = fota->service->config.store;
    struct fota_flight *flight = fota_flight_of(fota, endpoint);
    if (flight != NULL)
        fota_flight_end(fota, flight, BC_FOTA_FAILED, reason);
    (void)bc_fota_forget_device(store, endpoint);
    while (fota->tasks != NULL && bc_store_works(store)) {
        struct next next = {.fota = fota, .wanted = NEXT_ANY};
        (void)bc_fota_next(store, endpoint, take_next, &next);
        if (next.flight == NULL)
            return;
        fota_flight_end(fota, next.flight, BC_FOTA_FAILED, reason);
    }
}

static void send_ready(struct fota *fota)
{
    while (fota->ready != NULL) {
        struct fota_flight *flight = fota->ready;
        fota->ready = flight->next_ready;
        flight->ready = false;
        fota_flight_act(fota, flight);
    }
}

void fota_settle(struct fota *fota)
{
    if (fota->stale)
        load(fota);
    if (!fota->stale)
        send_ready(fota);
}

void fota_on_time(struct fota *fota)
{
    uint64_t now_ms = fota->service->now.now_ms;
    while (!fota->stale && bc_server_timers_next(&fota->timers) <= now_ms) {
        struct timer *timer = fota->timers.entries[0].timer;
        bc_server_timer_clear(&fota->timers, timer);
        fota_flight_on_time(fota, BC_SERVER_OF(timer, struct fota_flight, timer));
    }
    if (!fota->stale)
        send_ready(fota);
}

uint64_t fota_deadline(const struct fota *fota)
{
    if (fota->stale)
        return BC_NEVER;
    return fota->ready != NULL ? fota->service->now.now_ms : bc_server_timers_next(&fota->timers);
}

void fota_after_commit(struct fota *fota, bool committed)
{
    if (!committed)
        fota->stale = true;
}

/* What the core asks ---------------------------------------------------------------------------*/

bool service_keeps_observation(const struct service *service, bc_view endpoint,
                               const struct bc_server_path *path)
{
    static const struct bc_server_path state = {{5, 0, 3}, 3};
    const struct fota_flight *flight = fota_flight_of(service->fota, endpoint);
    return flight != NULL && flight->observed && bc_server_path_equal(path, &state);
}

bool service_find_package(const struct service *service, bc_view name,
                          struct bc_server_package *out)
{
    const struct fota_flight *flight = flight_of_package(service->fota, name);
    if (flight == NULL || flight->verdict != BC_FOTA_WAITING)
        return false;
    const struct fota_package *package = flight->task->package;
    *out = (struct bc_server_package){
        .endpoint = fota_endpoint(flight),
        .bytes = {package->bytes, package->len},
        .etag = package->etag,
    };
    return flight->state >= BC_FOTA_QUERYING && flight->state <= BC_FOTA_DOWNLOADED;
}

void service_on_fetched(struct service *service, bc_view endpoint, uint32_t bytes,
                        const struct bc_store_time *now)
{
    struct fota_flight *flight = fota_flight_of(service->fota, endpoint);
    service->now = *now;
    if (flight != NULL)
        fota_flight_on_fetched(service->fota, flight, bytes);
}
