/*
 * The resources of groups and tasks (G 5.6.2, 5.6.3, 5.7.5): which devices get which firmware, when
 * it starts, and how far they are.
 */
#include <stdlib.h>

#include "base/sink.h"
#include "carrier.h"
#include "fota.h"

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

/* Groups ---------------------------------------------------------------------------------------*/

static json_t *group_json(const struct bc_fota_group *group)
{
    return json_pack("{s:I,s:o,s:I,s:I}", "id", (json_int_t)group->id, "name",
                     service_text(group->name), "device_count", (json_int_t)group->devices,
                     "created_ms", (json_int_t)group->created_ms);
}

static bool take_group(void *context, const struct bc_fota_group *group)
{
    struct service_list *list = context;
    if (!service_list_room(list, group->id))
        return false;
    (void)json_array_append_new(list->items, group_json(group));
    return true;
}

void fota_list_groups(struct api_call *call, struct api_answer *answer)
{
    struct service_list list;
    struct bc_fota_page page = fota_list_begin(call, &list);
    bc_fota_groups(call->service->config.store, &page, take_group, &list);
    service_list_answer(call, &list, answer);
}

struct wanted {
    int64_t id;
    json_t *json;
};

static bool take_wanted_group(void *context, const struct bc_fota_group *group)
{
    struct wanted *wanted = context;
    if (group->id == wanted->id)
        wanted->json = group_json(group);
    return false;
}

/* To be released; NULL with the problem when there is none. */
static json_t *find_group(const struct api_call *call, int64_t id, struct api_answer *answer)
{
    struct wanted wanted = {.id = id};
    const struct bc_fota_page page = {.from = id, .count = 1};
    if (id > 0)
        bc_fota_groups(call->service->config.store, &page, take_wanted_group, &wanted);
    if (wanted.json == NULL)
        service_answer_missing(call, answer, "group");
    return wanted.json;
}

void fota_show_group(struct api_call *call, struct api_answer *answer)
{
    answer->body = find_group(call, service_id(call->segments[0]), answer);
}

void fota_add_group(struct api_call *call, struct api_answer *answer)
{
    struct bc_store *store = call->service->config.store;
    bc_view name = service_view(json_object_get(call->body, "name"));
    service_enter(call);
    if (bc_fota_find_group(store, name)) {
        api_problem(answer, 409, "group_exists", "name", "another group has this name");
        return;
    }
    int64_t id = bc_fota_add_group(store, name, call->utc_ms);
    if (id == 0)
        service_answer_store(call, answer);
    else
        answer->body = find_group(call, id, answer);
}

void fota_drop_group(struct api_call *call, struct api_answer *answer)
{
    int64_t id = service_id(call->segments[0]);
    service_enter(call);
    json_t *group = find_group(call, id, answer);
    if (group == NULL)
        return;
    json_decref(group);
    if (id == BC_FOTA_GROUP_DEFAULT)
        api_problem(answer, 409, "group_is_default", NULL, "the default group is always there");
    else if (!bc_fota_drop_group(call->service->config.store, id))
        service_answer_store(call, answer);
}

/* The device's group, 0 with the problem when it is not provisioned. */
static int64_t group_of(const struct api_call *call, struct api_answer *answer)
{
    int64_t group = bc_fota_group_of(call->service->config.store, call->segments[1]);
    if (group == 0)
        service_answer_missing(call, answer, "device");
    return group;
}

void fota_join_group(struct api_call *call, struct api_answer *answer)
{
    int64_t id = service_id(call->segments[0]);
    service_enter(call);
    json_t *group = find_group(call, id, answer);
    if (group == NULL)
        return;
    json_decref(group);
    if (group_of(call, answer) != 0 &&
        !bc_fota_join_group(call->service->config.store, id, call->segments[1]))
        service_answer_store(call, answer);
}

void fota_leave_group(struct api_call *call, struct api_answer *answer)
{
    int64_t id = service_id(call->segments[0]);
    service_enter(call);
    int64_t group = group_of(call, answer);
    if (group == 0)
        return;
    if (group != id)
        api_problem(answer, 404, "device_not_in_group", NULL, "the device is not in this group");
    else if (!bc_fota_join_group(call->service->config.store, BC_FOTA_GROUP_DEFAULT,
                                 call->segments[1]))
        service_answer_store(call, answer);
}

/* Tasks as JSON --------------------------------------------------------------------------------*/

static const char *const task_states[] = {"created", "running", "done", "canceled"};

static json_t *moment(int64_t utc_ms)
{
    return utc_ms == 0 ? json_null() : json_integer(utc_ms);
}

/* Without its counts. */
static json_t *task_json(const struct bc_fota_task *task)
{
    json_t *out =
        json_pack("{s:I,s:o,s:I,s:s,s:I,s:o,s:o}", "id", (json_int_t)task->id, "name",
                  service_text(task->name), "firmware", (json_int_t)task->firmware, "state",
                  task_states[task->state], "created_ms", (json_int_t)task->created_ms,
                  "started_ms", moment(task->started_ms), "ended_ms", moment(task->ended_ms));
    json_t *settings = json_loadb((const char *)task->settings.ptr, task->settings.len, 0, NULL);
    (void)json_object_update(out, settings);
    json_decref(settings);
    return out;
}

/* Of a task that runs, which is looked at all the time, they are in memory. */
static void count(struct service *service, json_t *task)
{
    int64_t stored[BC_FOTA_STATES];
    int64_t id = json_integer_value(json_object_get(task, "id")), running = 0;
    const struct fota_task *known = fota_task_of(service->fota, id);
    const int64_t *counts = known == NULL ? stored : known->counts;
    if (known == NULL && !bc_fota_counts(service->config.store, id, stored))
        return;
    for (int state = BC_FOTA_QUERYING; state < BC_FOTA_ENDED; state++)
        running += counts[state];
    json_t *json = json_pack(
        "{s:I,s:I,s:I,s:I,s:I}", "waiting", (json_int_t)counts[BC_FOTA_WAITING], "running",
        (json_int_t)running, "succeeded", (json_int_t)counts[BC_FOTA_SUCCEEDED], "failed",
        (json_int_t)counts[BC_FOTA_FAILED], "canceled", (json_int_t)counts[BC_FOTA_CANCELED]);
    (void)json_object_set_new(task, "counts", json);
}

static bool take_task(void *context, const struct bc_fota_task *task)
{
    struct service_list *list = context;
    if (!service_list_room(list, task->id))
        return false;
    (void)json_array_append_new(list->items, task_json(task));
    return true;
}

void fota_list_tasks(struct api_call *call, struct api_answer *answer)
{
    struct service_list list;
    struct bc_fota_page page = fota_list_begin(call, &list);
    bc_fota_tasks(call->service->config.store, &page, take_task, &list);
    for (size_t i = 0; i < json_array_size(list.items); i++)
        count(call->service, json_array_get(list.items, i));
    service_list_answer(call, &list, answer);
}

struct task {
    int64_t id;
    struct bc_fota_task row; /* without its texts */
    json_t *json;
};

static bool take_wanted_task(void *context, const struct bc_fota_task *task)
{
    struct task *wanted = context;
    if (task->id != wanted->id)
        return false;
    wanted->json = task_json(task);
    wanted->row = *task;
    wanted->row.name = wanted->row.settings = (bc_view){0};
    return false;
}

/* Its JSON is to be released; false with the problem when there is none. */
static bool find_task(const struct api_call *call, int64_t id, struct task *out,
                      struct api_answer *answer)
{
    const struct bc_fota_page page = {.from = id, .count = 1};
    *out = (struct task){.id = id};
    if (id > 0)
        bc_fota_tasks(call->service->config.store, &page, take_wanted_task, out);
    if (out->json == NULL)
        service_answer_missing(call, answer, "task");
    return out->json != NULL;
}

static void show(const struct api_call *call, int64_t id, struct api_answer *answer)
{
    struct task task;
    if (!find_task(call, id, &task, answer))
        return;
    count(call->service, task.json);
    answer->body = task.json;
}

void fota_show_task(struct api_call *call, struct api_answer *answer)
{
    show(call, service_id(call->segments[0]), answer);
}

/* Devices of tasks -----------------------------------------------------------------------------*/

/* The devices that a firmware may be for: an unsigned one of AEP must not get to a device of IoT.
 */
static struct bc_fota_group_part part_of(const struct fota_firmware *firmware)
{
    return (struct bc_fota_group_part){
        .product = json_integer_value(json_object_get(firmware->settings, "product")),
        .carrier = firmware->iot ? BC_TEXT("iot") : BC_TEXT("aep"),
    };
}

/* What is wrong with the device, or NULL. */
static const char *device_problem(struct service *service, bc_view endpoint,
                                  const struct bc_fota_group_part *part)
{
    struct service_device device;
    struct bc_server_device registered;
    if (!service_device_find(service, endpoint, &device)) {
        if (!bc_server_find(service->config.server, endpoint, &registered))
            return "is no device";
        device = (struct service_device){.carrier = registered.carrier};
    }
    if (device.carrier == NULL || !bc_view_equal(part->carrier, bc_view_of(device.carrier->name)))
        return "is not of the firmware's carrier";
    return part->product != 0 && device.product != part->product
               ? "is not of the firmware's product"
               : NULL;
}

/* Before anything is written: the whole of a call is done or nothing. */
static bool check_devices(const struct api_call *call, const struct bc_fota_group_part *part,
                          struct api_answer *answer)
{
    const json_t *devices = json_object_get(call->body, "devices");
    size_t index;
    const json_t *device;
    json_array_foreach(devices, index, device)
    {
        const char *problem = device_problem(call->service, service_view(device), part);
        if (problem == NULL)
            continue;
        api_problem(answer, 422, "task_device_refused", "devices", "devices[%zu] %s", index,
                    problem);
        return false;
    }
    return true;
}

/* Adds those of the body, and says how many were not there yet; false with the problem. */
static bool add_devices(const struct api_call *call, int64_t task, int64_t *added,
                        struct api_answer *answer)
{
    const json_t *devices = json_object_get(call->body, "devices");
    size_t index;
    const json_t *device;
    json_array_foreach(devices, index, device)
    {
        bool is_new = false;
        if (!bc_fota_add_device(call->service->config.store, task, service_view(device),
                                call->utc_ms, &is_new)) {
            service_answer_store(call, answer);
            return false;
        }
        *added += is_new;
    }
    return true;
}

/* The firmware of a task, whose settings are to be released; false with the problem. */
static bool find_ready(const struct api_call *call, int64_t id, struct fota_firmware *out,
                       struct api_answer *answer)
{
    if (!fota_find_firmware(call->service, id, out)) {
        api_problem(answer, 422, "unknown_firmware", "firmware", "there is no such firmware");
        return false;
    }
    if (out->ready)
        return true;
    json_decref(out->settings);
    api_problem(answer, 409, "firmware_without_file", "firmware", "the firmware has no file yet");
    return false;
}

void fota_add_task_devices(struct api_call *call, struct api_answer *answer)
{
    struct task task;
    struct fota_firmware firmware;
    int64_t added = 0;
    service_enter(call);
    if (!find_task(call, service_id(call->segments[0]), &task, answer))
        return;
    json_decref(task.json);
    if (task.row.state > BC_FOTA_RUNNING) {
        api_problem(answer, 409, "task_ended", NULL, "the task has ended");
        return;
    }
    if (!find_ready(call, task.row.firmware, &firmware, answer))
        return;
    struct bc_fota_group_part part = part_of(&firmware);
    json_decref(firmware.settings);
    if (!check_devices(call, &part, answer) || !add_devices(call, task.id, &added, answer))
        return;
    struct fota_task *running = fota_task_of(call->service->fota, task.id);
    if (running != NULL)
        running->counts[BC_FOTA_WAITING] += added;
    show(call, task.id, answer);
}

static bool take_device(void *context, const struct bc_fota_device *device)
{
    struct service_list *list = context;
    if (!service_list_room(list, list->last + 1))
        return false;
    json_t *json = fota_device_json(device);
    service_set_endpoint(json, device->endpoint);
    (void)json_array_append_new(list->items, json);
    return true;
}

/* In memory it is further than in the store. */
static void set_progress(const struct fota *fota, json_t *item, bc_view endpoint)
{
    const struct fota_flight *flight = fota_flight_of(fota, endpoint);
    if (flight != NULL && flight->task->id == json_integer_value(json_object_get(item, "task")))
        (void)json_object_set_new(item, "progress", json_integer(flight->progress));
}

void fota_list_task_devices(struct api_call *call, struct api_answer *answer)
{
    struct task task;
    struct service_list list;
    struct bc_fota_page page = fota_list_begin(call, &list);
    if (!find_task(call, service_id(call->segments[0]), &task, answer)) {
        json_decref(list.items);
        return;
    }
    json_decref(task.json);
    list.last = page.from - 1; /* they have no numbers: the cursor counts them */
    bc_fota_devices(call->service->config.store, task.id, list.last, page.count, take_device,
                    &list);
    for (size_t i = 0; i < json_array_size(list.items); i++) {
        json_t *item = json_array_get(list.items, i);
        set_progress(call->service->fota, item, service_view(json_object_get(item, "endpoint")));
    }
    service_list_answer(call, &list, answer);
}

/* Tasks begin and end --------------------------------------------------------------------------*/

static json_t *settings_of(const json_t *body)
{
    const json_t *policy = json_object_get(body, "retry_policy");
    const json_t *group = json_object_get(body, "group");
    return json_pack("{s:I,s:s,s:o,s:s}", "retries",
                     json_integer_value(json_object_get(body, "retries")), "retry_policy",
                     policy == NULL ? "immediate" : json_string_value(policy), "group",
                     group == NULL ? json_null() : json_integer(json_integer_value(group)),
                     "description", text_of(body, "description"));
}

static int64_t add_task(const struct api_call *call)
{
    json_t *settings = settings_of(call->body);
    char *text = json_dumps(settings, JSON_COMPACT);
    const struct bc_fota_task task = {
        .firmware = json_integer_value(json_object_get(call->body, "firmware")),
        .name = service_view(json_object_get(call->body, "name")),
        .settings = text == NULL ? BC_TEXT("{}") : bc_view_of(text),
        .created_ms = call->utc_ms,
    };
    int64_t id = bc_fota_add_task(call->service->config.store, &task);
    free(text);
    json_decref(settings);
    return id;
}

static bool check_group(const struct api_call *call, struct api_answer *answer)
{
    const json_t *group = json_object_get(call->body, "group");
    if (!json_is_integer(group))
        return true;
    json_t *json = find_group(call, json_integer_value(group), answer);
    json_decref(json);
    if (json == NULL && answer->status == 404)
        api_problem(answer, 422, "unknown_group", "group", "there is no such group");
    return json != NULL;
}

void fota_add_task(struct api_call *call, struct api_answer *answer)
{
    struct fota_firmware firmware;
    int64_t added = 0;
    service_enter(call);
    if (!find_ready(call, json_integer_value(json_object_get(call->body, "firmware")), &firmware,
                    answer))
        return;
    struct bc_fota_group_part part = part_of(&firmware);
    json_decref(firmware.settings);
    if (!check_group(call, answer) || !check_devices(call, &part, answer))
        return;
    int64_t id = add_task(call);
    if (id == 0)
        service_answer_store(call, answer);
    else if (add_devices(call, id, &added, answer))
        show(call, id, answer);
}

void fota_drop_task(struct api_call *call, struct api_answer *answer)
{
    struct task task;
    service_enter(call);
    if (!find_task(call, service_id(call->segments[0]), &task, answer))
        return;
    json_decref(task.json);
    if (task.row.state == BC_FOTA_RUNNING || fota_task_of(call->service->fota, task.id) != NULL)
        api_problem(answer, 409, "task_has_running_devices", NULL,
                    "devices are under way; cancel it, and wait for their end");
    else if (!bc_fota_drop_task(call->service->config.store, task.id))
        service_answer_store(call, answer);
}

/* The devices that its group has now and the firmware may be for; false with the problem. */
static bool add_group(const struct api_call *call, const struct task *task,
                      struct bc_fota_group_part *part, struct api_answer *answer)
{
    struct bc_store *store = call->service->config.store;
    const json_t *group = json_object_get(task->json, "group");
    int64_t counts[BC_FOTA_STATES];
    part->group = json_integer_value(group);
    if ((json_is_integer(group) &&
         !bc_fota_add_group_devices(store, task->id, part, call->utc_ms)) ||
        !bc_fota_counts(store, task->id, counts)) {
        service_answer_store(call, answer);
        return false;
    }
    if (counts[BC_FOTA_WAITING] > 0)
        return true;
    api_problem(answer, 409, "task_without_devices", NULL,
                "the task has no devices that its firmware may be for");
    return false;
}

static bool may_start(const struct api_call *call, const struct task *task,
                      struct bc_fota_group_part *part, struct api_answer *answer)
{
    struct fota_firmware firmware;
    const char *field;
    if (task->row.state != BC_FOTA_CREATED) {
        api_problem(answer, 409, "task_begun", NULL, "the task is %s already",
                    task_states[task->row.state]);
        return false;
    }
    if (call->service->fota->stale) {
        api_problem(answer, 503, "store_just_failed", NULL,
                    "the store has just failed; try again in a moment");
        return false;
    }
    if (!find_ready(call, task->row.firmware, &firmware, answer))
        return false;
    const char *problem =
        firmware.iot ? fota_profile_problem(call->service, firmware.settings, &field) : NULL;
    *part = part_of(&firmware);
    json_decref(firmware.settings);
    if (problem != NULL)
        api_problem(answer, 409, "profile_without_upgrade", NULL, "%s", problem);
    return problem == NULL;
}

static void start(const struct api_call *call, struct task *task, struct api_answer *answer)
{
    const char *why;
    struct bc_fota_group_part part;
    if (!may_start(call, task, &part, answer) || !add_group(call, task, &part, answer))
        return;
    char *settings = json_dumps(task->json, JSON_COMPACT);
    task->row.state = BC_FOTA_RUNNING;
    task->row.started_ms = call->utc_ms;
    if (settings != NULL)
        task->row.settings = bc_view_of(settings);
    if (fota_task_begin(call->service->fota, &task->row, &why) == NULL)
        api_problem(answer, 409, "task_not_startable", NULL, "the task cannot start: %s", why);
    else if (!bc_fota_put_task(call->service->config.store, &task->row))
        service_answer_store(call, answer);
    else
        show(call, task->id, answer);
    free(settings);
}

void fota_start_task(struct api_call *call, struct api_answer *answer)
{
    struct task task;
    service_enter(call);
    if (!find_task(call, service_id(call->segments[0]), &task, answer))
        return;
    start(call, &task, answer);
    json_decref(task.json);
}

static void cancel(struct fota *fota, struct fota_task *task)
{
    struct fota_flight *next;
    task->running = false;
    task->counts[BC_FOTA_CANCELED] += task->counts[BC_FOTA_WAITING];
    task->counts[BC_FOTA_WAITING] = 0;
    if (task->flights == NULL) {
        fota_task_settle(fota, task);
        return;
    }
    for (struct fota_flight *flight = task->flights; flight != NULL; flight = next) {
        next = flight->next; /* with the last one the task may go */
        fota_flight_cancel(fota, flight);
    }
}

void fota_cancel_task(struct api_call *call, struct api_answer *answer)
{
    struct bc_store *store = call->service->config.store;
    struct task task;
    service_enter(call);
    if (!find_task(call, service_id(call->segments[0]), &task, answer))
        return;
    json_decref(task.json);
    if (task.row.state > BC_FOTA_RUNNING) {
        api_problem(answer, 409, "task_ended", NULL, "the task has ended");
        return;
    }
    task.row.state = BC_FOTA_TASK_CANCELED;
    task.row.ended_ms = call->utc_ms;
    if (!bc_fota_cancel_waiting(store, task.id, call->utc_ms) ||
        !bc_fota_put_task(store, &task.row)) {
        service_answer_store(call, answer);
        return;
    }
    struct fota_task *running = fota_task_of(call->service->fota, task.id);
    if (running != NULL)
        cancel(call->service->fota, running);
    show(call, task.id, answer);
}
