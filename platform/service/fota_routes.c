/*
 * The table of DFOTA's resources, and the pages of its lists.
 */
#include "fota.h"

/* Pages ----------------------------------------------------------------------------------------*/

struct bc_fota_page fota_list_begin(const struct api_call *call, struct service_list *list)
{
    struct api_window window = api_window(call);
    *list = service_list_begin(call);
    return (struct bc_fota_page){
        .from = window.cursor + 1,
        .count = window.limit + 1,
        .search = service_view(json_object_get(call->query, "search")),
    };
}

/* Shapes ---------------------------------------------------------------------------------------*/

#define ID                                                  \
    {                                                       \
        .name = "id", .type = API_INTEGER, .required = true \
    }
#define NAME                                                                      \
    {                                                                             \
        .name = "name", .type = API_STRING, .required = true, .min = 1, .max = 64 \
    }
#define CREATED                                                     \
    {                                                               \
        .name = "created_ms", .type = API_INTEGER, .required = true \
    }
#define ABOUT                                                  \
    {                                                          \
        .name = "description", .type = API_STRING, .max = 1000 \
    }

static const struct api_field list_fields[] = {
    API_WINDOW_FIELDS,
    {.name = "search", .type = API_STRING, .min = 1, .max = 64, .about = "Part of the name."},
};
static const struct api_shape list_query = API_SHAPE("FotaQuery", list_fields);
static const struct api_field window_fields[] = {API_WINDOW_FIELDS};
static const struct api_shape window_query = API_SHAPE("FotaWindow", window_fields);

static const char *const carriers[] = {"aep", "iot", NULL};

#define FIRMWARE                                                                                  \
    NAME, {.name = "version", .type = API_STRING, .required = true, .min = 1, .max = 64},         \
        {.name = "carrier", .type = API_STRING, .required = true, .words = carriers},             \
        {.name = "md5", .type = API_STRING, .max = 32, .about = "AEP: what the file must have."}, \
        ABOUT,                                                                                    \
        {.name = "product",                                                                       \
         .type = API_INTEGER,                                                                     \
         .min = 1,                                                                                \
         .max = INT64_MAX,                                                                        \
         .about = "Only its devices get it."},                                                    \
        {.name = "device_type",                                                                   \
         .type = API_STRING,                                                                      \
         .max = 64,                                                                               \
         .about = "IoT, as the next three: what the product's profile says."},                    \
        {.name = "manufacturer", .type = API_STRING, .max = 64},                                  \
        {.name = "model", .type = API_STRING, .max = 64},                                         \
        {.name = "protocol", .type = API_STRING, .max = 64},                                      \
    {                                                                                             \
        .name = "source_versions", .type = API_STRING, .repeated = true, .max = 100,              \
        .about = "What the package may be for; none: anything."                                   \
    }

static const struct api_field new_firmware_fields[] = {FIRMWARE};
static const struct api_shape firmware_new = API_SHAPE("NewFirmware", new_firmware_fields);

static const char *const firmware_states[] = {"empty", "ready", NULL};
static const struct api_field firmware_fields[] = {
    ID,
    FIRMWARE,
    {.name = "state", .type = API_STRING, .required = true, .words = firmware_states},
    {.name = "bytes", .type = API_INTEGER, .required = true, .about = "Of the file."},
    {.name = "sha256", .type = API_STRING, .required = true},
    {.name = "source_revision", .type = API_STRING, .about = "What must run before."},
    {.name = "target_revision", .type = API_STRING, .about = "What runs afterwards."},
    {.name = "package_bytes", .type = API_INTEGER, .about = "What devices download."},
    CREATED,
};
static const struct api_shape firmware_out = API_SHAPE("Firmware", firmware_fields);

#define KEY                                                                                \
    {.name = "manufacturer", .type = API_STRING, .required = true, .min = 1, .max = 64},   \
    {                                                                                      \
        .name = "public_key", .type = API_STRING, .required = true, .min = 1, .max = 8192, \
        .about = "public.pem of bc260y-sign."                                              \
    }
static const struct api_field new_key_fields[] = {KEY};
static const struct api_shape key_new = API_SHAPE("NewKey", new_key_fields);
static const struct api_field key_fields[] = {ID, KEY, CREATED};
static const struct api_shape key_out = API_SHAPE("Key", key_fields);

static const struct api_field new_group_fields[] = {NAME};
static const struct api_shape group_new = API_SHAPE("NewGroup", new_group_fields);
static const struct api_field group_fields[] = {
    ID,
    NAME,
    {.name = "device_count", .type = API_INTEGER, .required = true},
    CREATED,
};
static const struct api_shape group_out = API_SHAPE("Group", group_fields);

static const char *const policies[] = {"immediate", "next_registration", NULL};
#define TASK                                                                                       \
    NAME, {.name = "firmware", .type = API_INTEGER, .required = true, .min = 1, .max = INT64_MAX}, \
        {.name = "retries",                                                                        \
         .type = API_INTEGER,                                                                      \
         .min = 0,                                                                                 \
         .max = FOTA_RETRIES_MAX,                                                                  \
         .about = "After an attempt that failed."},                                                \
        {.name = "retry_policy", .type = API_STRING, .words = policies},                           \
        {.name = "group",                                                                          \
         .type = API_INTEGER,                                                                      \
         .nullable = true,                                                                         \
         .min = 1,                                                                                 \
         .max = INT64_MAX,                                                                         \
         .about = "The devices that it has at the start."},                                        \
        ABOUT
#define DEVICES                                                                      \
    .name = "devices", .type = API_STRING, .repeated = true, .min = 0, .max = 10000, \
    .about = "Endpoints."

static const struct api_field new_task_fields[] = {TASK, {DEVICES}};
static const struct api_shape task_new = API_SHAPE("NewTask", new_task_fields);
static const struct api_field more_devices_fields[] = {{DEVICES, .required = true}};
static const struct api_shape more_devices = API_SHAPE("TaskDevices", more_devices_fields);

static const struct api_field counts_fields[] = {
    {.name = "waiting", .type = API_INTEGER, .required = true},
    {.name = "running", .type = API_INTEGER, .required = true},
    {.name = "succeeded", .type = API_INTEGER, .required = true},
    {.name = "failed", .type = API_INTEGER, .required = true},
    {.name = "canceled", .type = API_INTEGER, .required = true},
};
static const struct api_shape counts_out = API_SHAPE("TaskCounts", counts_fields);
static const char *const task_states[] = {"created", "running", "done", "canceled", NULL};
static const struct api_field task_fields[] = {
    ID,
    TASK,
    {.name = "state", .type = API_STRING, .required = true, .words = task_states},
    {.name = "counts", .type = API_OBJECT, .shape = &counts_out, .about = "Its devices."},
    CREATED,
    {.name = "started_ms", .type = API_INTEGER, .required = true, .nullable = true},
    {.name = "ended_ms", .type = API_INTEGER, .required = true, .nullable = true},
};
static const struct api_shape task_out = API_SHAPE("Task", task_fields);

static const char *const device_states[] = {"WAITING",    "QUERYING", "DOWNLOADING",
                                            "DOWNLOADED", "UPDATING", "SUCCEEDED",
                                            "FAILED",     "CANCELED", NULL};
static const struct api_field device_fields[] = {
    {.name = "endpoint", .type = API_STRING, .required = true},
    {.name = "endpoint_hex", .type = API_STRING, .about = "Where that does not say all."},
    {.name = "task", .type = API_INTEGER, .required = true},
    {.name = "state", .type = API_STRING, .required = true, .words = device_states},
    {.name = "progress", .type = API_INTEGER, .required = true, .about = "Of the download, %."},
    {.name = "attempts", .type = API_INTEGER, .required = true},
    {.name = "result",
     .type = API_INTEGER,
     .required = true,
     .nullable = true,
     .about = "What the device says: 5/0/5."},
    {.name = "reason", .type = API_STRING, .required = true, .nullable = true},
    {.name = "version_before", .type = API_STRING, .required = true, .nullable = true},
    {.name = "version_after", .type = API_STRING, .required = true, .nullable = true},
    {.name = "updated_ms", .type = API_INTEGER, .required = true},
};
static const struct api_shape device_out = API_SHAPE("TaskDevice", device_fields);

/* Rows -----------------------------------------------------------------------------------------*/

static const struct api_route routes[] = {
    {"GET", "/firmwares", API_VIEWER, .query = &list_query, .out = &firmware_out, .lists = true,
     .handle = fota_list_firmwares, .about = "Firmware for devices."},
    {"POST", "/firmwares", API_ADMIN, .in = &firmware_new, .out = &firmware_out, .changes = true,
     .status = 201, .handle = fota_add_firmware, .about = "Says what a firmware is."},
    {"GET", "/firmwares/{firmware}", API_VIEWER, .out = &firmware_out, .handle = fota_show_firmware,
     .about = "A firmware."},
    {"DELETE", "/firmwares/{firmware}", API_ADMIN, .changes = true, .status = 204,
     .handle = fota_drop_firmware, .about = "Removes a firmware that no task has."},
    {"PUT", "/firmwares/{firmware}/content", API_ADMIN, .out = &firmware_out, .changes = true,
     .takes_raw = true, .handle = fota_put_content,
     .about = "Its file: a zip with one delta package, for iot a signed one."},
    {"GET", "/keys", API_VIEWER, .query = &list_query, .out = &key_out, .lists = true,
     .handle = fota_list_keys, .about = "Public keys of manufacturers."},
    {"POST", "/keys", API_ADMIN, .in = &key_new, .out = &key_out, .changes = true, .status = 201,
     .handle = fota_add_key, .about = "The key that a manufacturer signs with."},
    {"DELETE", "/keys/{key}", API_ADMIN, .changes = true, .status = 204, .handle = fota_drop_key,
     .about = "Removes a key; what was verified with it stays."},
    {"GET", "/groups", API_VIEWER, .query = &list_query, .out = &group_out, .lists = true,
     .handle = fota_list_groups, .about = "Groups of devices; group 1 is the default one."},
    {"POST", "/groups", API_OPERATOR, .in = &group_new, .out = &group_out, .changes = true,
     .status = 201, .handle = fota_add_group, .about = "Adds a group."},
    {"GET", "/groups/{group}", API_VIEWER, .out = &group_out, .handle = fota_show_group,
     .about = "A group."},
    {"DELETE", "/groups/{group}", API_OPERATOR, .changes = true, .status = 204,
     .handle = fota_drop_group, .about = "Its devices go to the default group."},
    {"PUT", "/groups/{group}/devices/{endpoint}", API_OPERATOR, .changes = true, .status = 204,
     .handle = fota_join_group, .about = "Puts a device into the group."},
    {"DELETE", "/groups/{group}/devices/{endpoint}", API_OPERATOR, .changes = true, .status = 204,
     .handle = fota_leave_group, .about = "Puts it back into the default group."},
    {"GET", "/tasks", API_VIEWER, .query = &list_query, .out = &task_out, .lists = true,
     .handle = fota_list_tasks, .about = "Upgrade tasks."},
    {"POST", "/tasks", API_OPERATOR, .in = &task_new, .out = &task_out, .changes = true,
     .status = 201, .handle = fota_add_task, .about = "Makes a task, which waits for its start."},
    {"GET", "/tasks/{task}", API_VIEWER, .out = &task_out, .handle = fota_show_task,
     .about = "A task."},
    {"DELETE", "/tasks/{task}", API_OPERATOR, .changes = true, .status = 204,
     .handle = fota_drop_task, .about = "Removes a task that does not run."},
    {"GET", "/tasks/{task}/devices", API_VIEWER, .query = &window_query, .out = &device_out,
     .lists = true, .handle = fota_list_task_devices, .about = "How far its devices are."},
    {"POST", "/tasks/{task}/devices", API_OPERATOR, .in = &more_devices, .out = &task_out,
     .changes = true, .handle = fota_add_task_devices, .about = "Adds devices."},
    {"POST", "/tasks/{task}/start", API_OPERATOR, .out = &task_out, .changes = true,
     .handle = fota_start_task, .about = "From now on each device begins at its next word."},
    {"POST", "/tasks/{task}/cancel", API_OPERATOR, .out = &task_out, .changes = true,
     .handle = fota_cancel_task, .about = "Updates that have begun go on to their end."},
};
const struct api_table api_fota = API_TABLE(routes);
