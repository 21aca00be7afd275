/*
 * The inside of live, shared by its files:
 *
 *     live.c       the whole: events and time passed on, what is due
 *     dispatch.c   which command leaves when, and how it ends
 *     commands.c   commands as resources
 *     encode.c     from what a user asks to a request
 *     uplinks.c    what devices say, decoded
 *     objects.c    the tree of a device's objects
 *     data.c       rows of data and properties as resources
 *     messages.c   the log of CoAP messages
 *     status.c     how the platform is
 */
#ifndef BC_PLATFORM_LIVE_H
#define BC_PLATFORM_LIVE_H

#include "codec.h"
#include "private.h"
#include "queue.h"

struct dispatch;
struct messages;
struct uplinks;

struct live {
    struct service *service;
    struct dispatch *dispatch;
    struct messages *messages;
    struct uplinks *uplinks;
    int64_t started_utc_ms;
};

static inline struct bc_store *live_store(const struct live *live)
{
    return live->service->config.store;
}

/* dispatch.c -----------------------------------------------------------------------------------*/

#define LIVE_WAITING_MAX 100 /* commands, of one device */
#define LIVE_WAITING_ALL_MAX 1000000

struct dispatch *dispatch_create(struct live *live);
void dispatch_destroy(struct dispatch *d);
void dispatch_on_event(struct dispatch *d, const struct bc_server_event *event);
void dispatch_settle(struct dispatch *d);
void dispatch_on_time(struct dispatch *d);
uint64_t dispatch_deadline(const struct dispatch *d);
void dispatch_after_commit(struct dispatch *d, bool committed);
void dispatch_on_removed(struct dispatch *d, bc_view endpoint);
uint64_t dispatch_waiting(const struct dispatch *d); /* of all devices */

/* Why nothing can leave for the device now. */
enum dispatch_hindrance {
    DISPATCH_FREE,
    DISPATCH_ABSENT, /* it is not registered */
    DISPATCH_ASLEEP, /* queue mode: it will speak first */
    DISPATCH_BUSY    /* another command is on its way, or too much else */
};
enum dispatch_hindrance dispatch_hindrance(struct dispatch *d, bc_view endpoint);
/* Whether the device saves power: its commands wait for it. */
bool dispatch_queued(struct dispatch *d, bc_view endpoint);

/* Stores it and, when nothing is in the way, sends it. `now_only`: when it cannot leave at once it
 * has failed. False: the store cannot be written. */
bool dispatch_add(struct dispatch *d, const struct bc_queue_command *command, bool now_only,
                  uint64_t *id);
/* False when it had ended before, or, see bc_store_works(), the store cannot be written. */
bool dispatch_end(struct dispatch *d, uint64_t id, const struct bc_queue_end *end);

/* commands.c. NULL when there is no such command. */
json_t *live_command(struct live *live, uint64_t id);
json_t *live_command_json(const struct bc_queue_command *command);

/* encode.c -------------------------------------------------------------------------------------*/

enum command_kind { COMMAND_OPERATION, COMMAND_SERVICE, COMMAND_PROPERTY, COMMAND_KINDS };

struct encoded {
    enum command_kind kind;
    enum bc_server_operation operation;
    struct bc_server_path path;
    int32_t accept, format;
    bool messages_are_text; /* what a value for /19/1/0 is */
    bc_sink payload;        /* in `bytes` */
    uint8_t bytes[BC_SERVER_VALUE_BYTES_MAX];
};
/* A new command's body as a request. False: the answer has the problem. */
bool live_encode(struct live *live, bc_view endpoint, const json_t *body, struct encoded *out,
                 struct api_answer *answer);

/* uplinks.c ------------------------------------------------------------------------------------*/

struct uplinks *uplinks_create(struct live *live);
void uplinks_destroy(struct uplinks *u);
void uplinks_on_event(struct uplinks *u, const struct bc_server_event *event);

/* A product as far as decoding goes: of its deployed and published documents. */
struct compiled {
    int64_t product; /* 0: none */
    uint64_t generation;
    uint64_t used;
    struct codec *codec; /* NULL: none, or `problem` */
    json_t *model, *mapping;
    bool transparent; /* payloads are let be */
    char problem[CODEC_PROBLEM_BYTES];
};
/* Lives until the next call; never NULL. */
struct compiled *uplinks_compiled(struct uplinks *u, int64_t id);

bool uplinks_observes(const struct compiled *product, const struct bc_server_path *instance,
                      bool usual);

/* Names of the newest values of resources begin with it, "@/3/0/9": they are kept beside the
 * properties, whose names never do. */
#define LIVE_RESOURCE_MARK '@'

/* data.c. A row of data without what is decoded of it. */
json_t *live_row_json(const struct bc_store_row *row);
/* The bytes as a string; null when they are no UTF-8, or have control characters. */
json_t *live_printable(bc_view bytes);
/* The JSON of one value; NULL when it is none. */
json_t *live_parse(bc_view text);

/* messages.c -----------------------------------------------------------------------------------*/

struct messages *messages_create(struct live *live);
void messages_destroy(struct messages *m);
void messages_add(struct messages *m, const struct bc_address *peer, bool up, bc_view message);
/* Whose the message is that came last. */
void messages_on_event(struct messages *m, const struct bc_server_event *event);

/* The handlers of api_live. */
void live_list_objects(struct api_call *call, struct api_answer *answer);
void live_add_command(struct api_call *call, struct api_answer *answer);
void live_list_commands(struct api_call *call, struct api_answer *answer);
void live_list_device_commands(struct api_call *call, struct api_answer *answer);
void live_show_command(struct api_call *call, struct api_answer *answer);
void live_cancel_command(struct api_call *call, struct api_answer *answer);
void live_list_data(struct api_call *call, struct api_answer *answer);
void live_list_properties(struct api_call *call, struct api_answer *answer);
void live_list_history(struct api_call *call, struct api_answer *answer);
void live_list_messages(struct api_call *call, struct api_answer *answer);
void live_show_status(struct api_call *call, struct api_answer *answer);

#endif
