/*
 * The rows of DFOTA (G 5.6, 5.7; docs/DFOTA.md): firmware with the delta package that devices get,
 * public keys of manufacturers, groups of devices, tasks, and how far each device of a task is.
 *
 * What is written goes into the transaction of the turn. Calls that write are false, and those that
 * read find nothing, when the store has failed; bc_store_problem() then says why.
 *
 * Left to others: what the documents (`settings`, JSON) mean, and who may write what when.
 */
#ifndef BC_FOTA_STORE_H
#define BC_FOTA_STORE_H

#include "store.h"

/* A page of a list, in order of the numbers: those from `from` on whose names have `search` in
 * them. */
struct bc_fota_page {
    int64_t from;
    size_t count;
    bc_view search;
};

/* Of all that follow: views live until the callback returns, and it returns false to see no more.
 */

struct bc_fota_firmware {
    int64_t id;
    bc_view name, version, carrier, settings;
    bc_view md5, sha256; /* of the zip file, in hex */
    bool ready;          /* its package is there */
    int64_t zip_bytes;
    int64_t created_ms;
};
void bc_fota_firmwares(struct bc_store *store, const struct bc_fota_page *page,
                       bool (*take)(void *context, const struct bc_fota_firmware *firmware),
                       void *context);
/* The new id, or 0. */
int64_t bc_fota_add_firmware(struct bc_store *store, const struct bc_fota_firmware *firmware);
/* Its settings, hashes and size, and the package; it is ready then. */
bool bc_fota_fill_firmware(struct bc_store *store, const struct bc_fota_firmware *firmware,
                           bc_view package);
bool bc_fota_drop_firmware(struct bc_store *store, int64_t id);
/* To be freed; NULL when it is not there or memory is short. */
uint8_t *bc_fota_package(struct bc_store *store, int64_t firmware, size_t *bytes);
bool bc_fota_has_tasks(struct bc_store *store, int64_t firmware);

struct bc_fota_key {
    int64_t id;
    bc_view manufacturer, pem;
    int64_t created_ms;
};
void bc_fota_keys(struct bc_store *store, const struct bc_fota_page *page,
                  bool (*take)(void *context, const struct bc_fota_key *key), void *context);
bool bc_fota_find_key(struct bc_store *store, bc_view manufacturer,
                      bool (*take)(void *context, const struct bc_fota_key *key), void *context);
int64_t bc_fota_add_key(struct bc_store *store, const struct bc_fota_key *key);
bool bc_fota_drop_key(struct bc_store *store, int64_t id);

#define BC_FOTA_GROUP_DEFAULT 1 /* always there; whoever leaves another group comes here */

struct bc_fota_group {
    int64_t id;
    bc_view name;
    int64_t devices;
    int64_t created_ms;
};
void bc_fota_groups(struct bc_store *store, const struct bc_fota_page *page,
                    bool (*take)(void *context, const struct bc_fota_group *group), void *context);
bool bc_fota_find_group(struct bc_store *store, bc_view name);
int64_t bc_fota_add_group(struct bc_store *store, bc_view name, int64_t created_ms);
bool bc_fota_drop_group(struct bc_store *store, int64_t id);
/* The group of a provisioned device; 0 when it is none. */
int64_t bc_fota_group_of(struct bc_store *store, bc_view endpoint);
bool bc_fota_join_group(struct bc_store *store, int64_t group, bc_view endpoint);

/* As they stand in the file. */
enum bc_fota_task_state {
    BC_FOTA_CREATED,
    BC_FOTA_RUNNING,
    BC_FOTA_DONE,
    BC_FOTA_TASK_CANCELED, /* updates that had begun go on */
};

struct bc_fota_task {
    int64_t id;
    int64_t firmware;
    bc_view name, settings;
    enum bc_fota_task_state state;
    int64_t created_ms;
    int64_t started_ms, ended_ms; /* 0: not yet */
};
void bc_fota_tasks(struct bc_store *store, const struct bc_fota_page *page,
                   bool (*take)(void *context, const struct bc_fota_task *task), void *context);
int64_t bc_fota_add_task(struct bc_store *store, const struct bc_fota_task *task);
/* State and times. */
bool bc_fota_put_task(struct bc_store *store, const struct bc_fota_task *task);
bool bc_fota_drop_task(struct bc_store *store, int64_t id); /* and its devices */

/* As they stand in the file: below BC_FOTA_ENDED are those that have not ended. */
enum bc_fota_state {
    BC_FOTA_WAITING,
    BC_FOTA_QUERYING,
    BC_FOTA_DOWNLOADING,
    BC_FOTA_DOWNLOADED,
    BC_FOTA_UPDATING,
    BC_FOTA_SUCCEEDED,
    BC_FOTA_FAILED,
    BC_FOTA_CANCELED,
    BC_FOTA_STATES,
};
#define BC_FOTA_ENDED BC_FOTA_SUCCEEDED

/* A device of a task. */
struct bc_fota_device {
    int64_t task;
    bc_view endpoint;
    enum bc_fota_state state;
    bool held; /* WAITING for a registration first */
    unsigned progress;
    unsigned attempts;
    int64_t result; /* of 5/0/5; negative: not known */
    bc_view reason, version_before, version_after;
    bc_view package;  /* the name under which it fetches the package; empty: none yet */
    int64_t since_ms; /* in this state */
    int64_t updated_ms;
};

/* In order of their endpoints, without the first `skip`. */
void bc_fota_devices(struct bc_store *store, int64_t task, int64_t skip, size_t count,
                     bool (*take)(void *context, const struct bc_fota_device *device),
                     void *context);
/* Those that are between WAITING and their end, of running and canceled tasks. */
void bc_fota_devices_under_way(struct bc_store *store,
                               bool (*take)(void *context, const struct bc_fota_device *device),
                               void *context);
/* The oldest running task in which the device has not ended; false when there is none. */
bool bc_fota_next(struct bc_store *store, bc_view endpoint,
                  bool (*take)(void *context, const struct bc_fota_device *device), void *context);
bool bc_fota_counts(struct bc_store *store, int64_t task, int64_t out[BC_FOTA_STATES]);
/* As WAITING, unless it is in the task already: then `*added` is false. */
bool bc_fota_add_device(struct bc_store *store, int64_t task, bc_view endpoint, int64_t utc_ms,
                        bool *added);
/* Those of a group that a firmware may be for, likewise. */
struct bc_fota_group_part {
    int64_t group;
    int64_t product; /* 0: any of the carrier's */
    bc_view carrier;
};
bool bc_fota_add_group_devices(struct bc_store *store, int64_t task,
                               const struct bc_fota_group_part *part, int64_t utc_ms);
bool bc_fota_put_device(struct bc_store *store, const struct bc_fota_device *device);
/* All that wait are canceled. */
bool bc_fota_cancel_waiting(struct bc_store *store, int64_t task, int64_t utc_ms);
/* A device that is no more leaves the tasks that have not begun. */
bool bc_fota_forget_device(struct bc_store *store, bc_view endpoint);

#endif
