/*
 * Object 5, Firmware Update (LwM2M 1.0 appendix E.6), as far as it is no message and no storage:
 * its states and results, what a failure is called on either side, and what the boot record says.
 *
 *      IDLE --- URI ---> DOWNLOADING --- all is there ---> DOWNLOADED --- execute ---> UPDATING
 *       ^ <--- failure, empty URI, reboot ---' <--- empty URI, reboot --'                  |
 *       '------------------------- reboot, with the new image or the old one --------------'
 *
 * Download, flash and boot are left to module/fota.c.
 */
#ifndef BC_DFOTA_UPDATE_H
#define BC_DFOTA_UPDATE_H

#include "bc260y/firmware.h"
#include "dfota/apply.h"

/* 5/0/3 */
enum bc_update_state {
    BC_UPDATE_IDLE = 0,
    BC_UPDATE_DOWNLOADING = 1,
    BC_UPDATE_DOWNLOADED = 2,
    BC_UPDATE_UPDATING = 3,
};

/* 5/0/5 */
enum bc_update_result {
    BC_RESULT_INITIAL = 0,
    BC_RESULT_SUCCESS = 1,
    BC_RESULT_NO_SPACE = 3,
    BC_RESULT_LOST = 4, /* the connection */
    BC_RESULT_INTEGRITY = 5,
    BC_RESULT_TYPE = 6,
    BC_RESULT_URI = 7,
    BC_RESULT_FAILED = 8,
};

/* Why a download ended. */
enum bc_update_cause {
    BC_CAUSE_CANCELLED,   /* by an empty URI */
    BC_CAUSE_URI,         /* no coap or coaps URI, or nothing is there */
    BC_CAUSE_UNREACHABLE, /* no address, no session, no answer, no sense */
    BC_CAUSE_DEACTIVATED, /* the network was switched off */
    BC_CAUSE_NO_NETWORK,
    BC_CAUSE_WRITE, /* the flash */
    BC_CAUSE_SPACE,
    BC_CAUSE_MEMORY,    /* to check the package in */
    BC_CAUSE_TYPE,      /* no package, or for another firmware */
    BC_CAUSE_INTEGRITY, /* cut short or altered */
    BC_CAUSE_UNKNOWN,
};

/* What the host hears (<dl_err>) and what the server reads of it. */
struct bc_update_end {
    uint8_t code;   /* enum bc_firmware_code */
    uint8_t result; /* enum bc_update_result */
};
struct bc_update_end bc_update_end_of(enum bc_update_cause cause);

/* The cause that a fault found in a downloaded package is, or a forced <dl_err>. */
enum bc_update_cause bc_update_cause_of_fault(enum bc_dfota_fault fault);
enum bc_update_cause bc_update_cause_of_code(enum bc_firmware_code code);

struct bc_update {
    uint8_t state;
    uint8_t result;
};

/* True when a URI (or an empty one) may be written, and when 5/0/2 may be executed. */
bool bc_update_takes_uri(const struct bc_update *update, bc_view uri);
bool bc_update_executes(const struct bc_update *update);

/* Every change of state; asserts that it is legal. */
void bc_update_go(struct bc_update *update, enum bc_update_state state,
                  enum bc_update_result result);

/* What stands in a package's header already says whether it is worth the rest of the download: the
 * format, for whom it is, and whether it and its image fit. `announced` is the size the server
 * tells, or 0. `header` is shorter when the download has ended before. False with the reason. */
struct bc_update_room {
    uint32_t package_bytes_max;
    uint32_t slot_bytes_max;
    const char *revision; /* that runs */
};
bool bc_update_header_fits(bc_view header, const struct bc_update_room *room, uint32_t announced,
                           enum bc_update_cause *why);

/* --- The boot record ------------------------------------------------------------------------- */

enum bc_boot_stage {
    BC_BOOT_PLAIN,    /* the image of `slot` runs */
    BC_BOOT_UPDATING, /* so it does, but first the package is to be applied, from `progress` on */
    BC_BOOT_ENDED,    /* an update has ended in `result`, and the host has not heard it */
    BC_BOOT_STAGES,
};

struct bc_boot {
    uint8_t stage;
    uint8_t slot;
    uint8_t result;
    uint32_t image_bytes; /* of the image that runs */
    uint32_t package_bytes;
    struct bc_dfota_progress progress;
};

#endif
