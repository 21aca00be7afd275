/*
 * DFOTA's inside (G 4.1, 4.2, 5.6, 5.7; docs/DFOTA.md), shared by the files of that name:
 *
 *     fota.c            tasks and packages in memory, what the core tells handed to the devices
 *     fota_flight.c     one device's way through its task
 *     fota_content.c    the file that is uploaded
 *     fota_firmware.c   the resources of firmware and keys
 *     fota_tasks.c      the resources of groups and tasks
 *     fota_routes.c     their table
 *
 * In memory are the tasks that run, their packages, and the devices that are under way; those that
 * wait are only in the store, where they are found when they say something.
 */
#ifndef BC_PLATFORM_FOTA_H
#define BC_PLATFORM_FOTA_H

#include "fota_content.h"
#include "fota_store.h"
#include "hash.h"
#include "private.h"
#include "table.h"
#include "timer.h"

#define FOTA_DOWNLOAD_MS (30 * 60 * 1000) /* G 4.1.2.2 */
#define FOTA_START_MS (60 * 1000)
#define FOTA_UPDATE_MS (10 * 60 * 1000)
#define FOTA_LOOK_MS 10000 /* a device that has registered says something itself before */
#define FOTA_AGAIN_MS 5000 /* its queue of requests is full */

#define FOTA_PACKAGES_MAX 64 /* of tasks that run */
#define FOTA_HELD_BYTES_MAX (256U << 20)
#define FOTA_RETRIES_MAX 5
#define FOTA_NAME_CHARS 16 /* of a package, for one device */
#define FOTA_VERSION_BYTES 64
#define FOTA_REASON_BYTES 120
#define FOTA_ENDPOINT_BYTES_MAX 255

/* A package that devices may fetch. */
struct fota_package {
    struct fota_package *next;
    int64_t firmware;
    unsigned tasks; /* that use it */
    uint8_t *bytes;
    size_t len;
    uint64_t etag;
    char source[FOTA_REVISION_BYTES];
    char target[FOTA_REVISION_BYTES];
};

/* A task that runs, or whose last devices are still under way. */
struct fota_task {
    struct fota_task *next;
    int64_t id;
    int64_t started_ms;
    struct fota_package *package;
    struct fota_flight *flights;
    int64_t counts[BC_FOTA_STATES]; /* of its devices, as in the store */
    unsigned retries;
    bool immediate; /* retries */
    bool running;   /* not canceled */
};

enum fota_step {
    FOTA_VERSION,  /* read 3/0/3 */
    FOTA_CELL,     /* read 4/0/8 */
    FOTA_SIGNAL,   /* read 4/0/2 */
    FOTA_STATE,    /* read 5/0/3 */
    FOTA_RESET,    /* write 5/0/1, empty: what another attempt has left */
    FOTA_OBSERVE,  /* 5/0/3 */
    FOTA_URI,      /* write 5/0/1 */
    FOTA_DOWNLOAD, /* wait */
    FOTA_EXECUTE,  /* 5/0/2 */
    FOTA_UPDATE,   /* wait */
    FOTA_LOOK,     /* read 5/0/3 of a device that has registered anew, or after a restart of ours */
    FOTA_FOLLOW,   /* observe 5/0/3 again */
    FOTA_RESULT,   /* read 5/0/5 */
    FOTA_AFTER,    /* read 3/0/3 */
    FOTA_ABORT,    /* write 5/0/1, empty */
    FOTA_RELEASE,  /* cancel the observation of 5/0/3 */
    FOTA_STEPS
};

/* A device under way: QUERYING to UPDATING, or about to end. */
struct fota_flight {
    struct table_node by_endpoint;
    struct table_node by_package;
    struct timer timer;              /* at the earlier of the two moments below */
    struct fota_flight *next, *prev; /* of the task */
    struct fota_flight *next_ready;
    struct fota_task *task;
    uint64_t limit_ms; /* of this state */
    uint64_t wake_ms;
    uint64_t number; /* of the request that it waits for; 0: none */
    enum fota_step step;
    enum bc_fota_state state;
    enum bc_fota_state verdict; /* how it ends; 0: not known yet */
    bool again;                 /* a failure that may be tried again */
    bool silent;                /* it did not answer: not before its next word */
    bool ready;                 /* something is to be sent */
    bool held;                  /* WAITING for a registration first */
    bool looks;                 /* FOTA_LOOK is next, at its next word or at wake_ms */
    bool cleared;               /* FOTA_RESET was done */
    bool observed;
    bool named; /* in the table of packages */
    unsigned progress;
    unsigned attempts;
    int64_t result;
    int64_t since_ms;
    char reason[FOTA_REASON_BYTES];
    char before[FOTA_VERSION_BYTES];
    char after[FOTA_VERSION_BYTES];
    char cell[FOTA_VERSION_BYTES];
    char signal[FOTA_VERSION_BYTES];
    char package[FOTA_NAME_CHARS + 1];
    uint8_t endpoint_bytes;
    uint8_t endpoint[FOTA_ENDPOINT_BYTES_MAX];
};

struct fota {
    struct service *service;
    struct hash_key key;
    struct table by_endpoint;
    struct table by_package;
    struct timers timers;
    struct fota_task *tasks;
    struct fota_package *packages;
    struct fota_flight *ready;
    uint64_t numbers;
    bool stale; /* what is in memory is not what is stored: nothing moves until it was loaded */
};

static inline bc_view fota_endpoint(const struct fota_flight *flight)
{
    return (bc_view){flight->endpoint, flight->endpoint_bytes};
}

/* fota.c */
struct fota_flight *fota_flight_of(const struct fota *fota, bc_view endpoint);
struct fota_task *fota_task_of(const struct fota *fota, int64_t id);
/* Into memory; NULL with the reason when its package finds no room. */
struct fota_task *fota_task_begin(struct fota *fota, const struct bc_fota_task *row,
                                  const char **why);
/* How many of its devices have not ended. */
int64_t fota_task_open(const struct fota_task *task);
/* What has to be done when its last device has ended, or it was canceled; it may be gone then. */
void fota_task_settle(struct fota *fota, struct fota_task *task);
/* In none of the tables yet; NULL when memory is short. */
struct fota_flight *fota_flight_add(struct fota *fota, struct fota_task *task,
                                    const struct bc_fota_device *known);
void fota_flight_remove(struct fota *fota, struct fota_flight *flight);
void fota_flight_name(struct fota *fota, struct fota_flight *flight);

/* fota_flight.c */
/* A row as an event tells it and a list shows it. */
json_t *fota_device_json(const struct bc_fota_device *device);
struct bc_fota_device fota_flight_row(const struct fota_flight *flight, int64_t utc_ms);
/* Begins an attempt. */
void fota_flight_begin(struct fota *fota, struct fota_flight *flight);
/* Goes on from what another run has stored. */
void fota_flight_resume(struct fota *fota, struct fota_flight *flight);
void fota_flight_on_event(struct fota *fota, struct fota_flight *flight,
                          const struct bc_server_event *event);
void fota_flight_on_fetched(struct fota *fota, struct fota_flight *flight, uint32_t bytes);
void fota_flight_on_time(struct fota *fota, struct fota_flight *flight);
/* Sends what is due. */
void fota_flight_act(struct fota *fota, struct fota_flight *flight);
/* Its task is canceled: an update that has begun goes on. */
void fota_flight_cancel(struct fota *fota, struct fota_flight *flight);
/* Ends it at once, and says nothing to the device. */
void fota_flight_end(struct fota *fota, struct fota_flight *flight, enum bc_fota_state verdict,
                     const char *reason);

/* A page of a list on its way into an answer. fota_routes.c */
struct bc_fota_page fota_list_begin(const struct api_call *call, struct service_list *list);

/* What is wrong with a firmware's fields for its product, or NULL (G 5.7.4: all fields must be
 * those of the profile), and which of them it is. fota_firmware.c */
const char *fota_profile_problem(struct service *service, const json_t *settings,
                                 const char **field);
/* A firmware's row; settings to be released. False when it is not there. */
struct fota_firmware {
    int64_t id;
    bool ready;
    bool iot;
    json_t *settings;
};
bool fota_find_firmware(struct service *service, int64_t id, struct fota_firmware *out);

/* Handlers. fota_firmware.c */
void fota_list_firmwares(struct api_call *call, struct api_answer *answer);
void fota_add_firmware(struct api_call *call, struct api_answer *answer);
void fota_show_firmware(struct api_call *call, struct api_answer *answer);
void fota_drop_firmware(struct api_call *call, struct api_answer *answer);
void fota_put_content(struct api_call *call, struct api_answer *answer);
void fota_list_keys(struct api_call *call, struct api_answer *answer);
void fota_add_key(struct api_call *call, struct api_answer *answer);
void fota_drop_key(struct api_call *call, struct api_answer *answer);

/* fota_tasks.c */
void fota_list_groups(struct api_call *call, struct api_answer *answer);
void fota_add_group(struct api_call *call, struct api_answer *answer);
void fota_show_group(struct api_call *call, struct api_answer *answer);
void fota_drop_group(struct api_call *call, struct api_answer *answer);
void fota_join_group(struct api_call *call, struct api_answer *answer);
void fota_leave_group(struct api_call *call, struct api_answer *answer);
void fota_list_tasks(struct api_call *call, struct api_answer *answer);
void fota_add_task(struct api_call *call, struct api_answer *answer);
void fota_show_task(struct api_call *call, struct api_answer *answer);
void fota_drop_task(struct api_call *call, struct api_answer *answer);
void fota_list_task_devices(struct api_call *call, struct api_answer *answer);
void fota_add_task_devices(struct api_call *call, struct api_answer *answer);
void fota_start_task(struct api_call *call, struct api_answer *answer);
void fota_cancel_task(struct api_call *call, struct api_answer *answer);

#endif
