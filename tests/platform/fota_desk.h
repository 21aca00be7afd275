/*
 * A device with object 5 and a maker of firmware, for the tests of DFOTA: the device answers what
 * the platform asks and writes down what that was; the test says what it does by itself.
 *
 *     desk_begin(&d, "aep");
 *     desk_upload(&d);  desk_run_task(&d, "\"retries\":2");
 *     desk_register(&d);                            // and answers what follows
 *     assert_string_equal(desk_heard(&d), "observe 19/0/0; read 3/0/3; ...");
 */
#ifndef TEST_PLATFORM_FOTA_DESK_H
#define TEST_PLATFORM_FOTA_DESK_H

#include "office.h"

#define DESK_ENDPOINT "866971030603068"
#define DESK_SOURCE "BC260YCNAAR01A01"
#define DESK_TARGET "BC260YCNAAR01A02"
#define DESK_HEARD_BYTES 4096

struct desk {
    struct office o;
    uint8_t *package;
    size_t package_bytes;
    uint8_t *zip;
    size_t zip_bytes;
    int64_t product, firmware, task;
    /* The device. */
    const char *version; /* 3/0/3 */
    int state;           /* 5/0/3 */
    int result;          /* 5/0/5 */
    bool mute;           /* answers nothing */
    uint8_t refuses;     /* writes and executes; a code, or 0 */
    bool stuck;          /* an empty URI does not bring it back to idle */
    uint8_t channel;
    char uri[256];
    uint8_t token[4]; /* of the observation of 5/0/3 */
    bool observed;
    uint32_t sequence;
    uint16_t message_id;
    char heard[DESK_HEARD_BYTES];
};

/* A product of that carrier, one device in it, and a package from DESK_SOURCE to DESK_TARGET. */
void desk_begin(struct desk *d, const char *carrier);
void desk_begin_in_file(struct desk *d, const char *carrier); /* for office_restart() */
void desk_end(struct desk *d);
/* The bytes of a zip file with these entries, up to a NULL name; to be freed. */
struct desk_entry {
    const char *name;
    bc_view bytes;
};
uint8_t *desk_zip(const struct desk_entry *entries, size_t *bytes);

/* A firmware for aep with the desk's zip file. */
void desk_upload(struct desk *d);
/* Makes a task with the device, further members besides, and starts it. */
void desk_run_task(struct desk *d, const char *more);

/* Turns until nobody has anything to say. */
void desk_turn(struct desk *d);
void desk_wait(struct desk *d, uint64_t ms);
void desk_register(struct desk *d); /* </3/0>,</5/0>,</19/0> */
void desk_update(struct desk *d);   /* lt=86400, as G 4.1.2.1 advises for the download */
void desk_deregister(struct desk *d);
void desk_notify(struct desk *d, int state); /* 5/0/3, confirmable; acknowledged */
void desk_report(struct desk *d);            /* data: Andlink's /dp, which any device may send */
/* Fetches the package from its URI in blocks of 1024 bytes, up to `count` of them, from block
 * `first` on; true when it came to the end. All must be as in the package. */
bool desk_fetch(struct desk *d, uint32_t first, uint32_t count);

/* What was heard since the last call: "read 3/0/3; write 5/0/1 coap://...". */
const char *desk_heard(struct desk *d);
/* The task's row of the device must have these members. */
void desk_expect(struct desk *d, const char *state, const char *reason);
int64_t desk_number(struct desk *d, const char *name);
const char *desk_task_state(struct desk *d);

#endif
