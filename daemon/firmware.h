/*
 * The module's flash, as files: the firmware port (bc260y/firmware.h) of bc260y.
 *
 *     DIR/            of --state
 *       slot0         the image the module was delivered with: --firmware, or a made-up one
 *       slot1         the other image, once there was an update; from then on they take turns
 *       package       the last package that was downloaded
 *
 * Which image runs is told by the record "firmware" beside them (state.h). With --state none the
 * three are in memory that goes with the program.
 */
#ifndef BC_DAEMON_FIRMWARE_H
#define BC_DAEMON_FIRMWARE_H

#include "bc260y/firmware.h"
#include "state.h"

#define FIRMWARE_IMAGE_BYTES_MAX 4194304
#define FIRMWARE_PACKAGE_BYTES_MAX 1048576
#define FIRMWARE_MADE_UP_BYTES 65536
#define FIRMWARE_AREAS 3

struct firmware {
    struct bc_firmware port; /* for struct bc_config; it and the rest must outlive the module */
    struct state *state;     /* borrowed */
    int fd[FIRMWARE_AREAS];
    bool dirty[FIRMWARE_AREAS]; /* written since it was flushed */
    bool named;                 /* the directory has been flushed since they were opened */
    uint8_t *image;             /* the copy of the image that runs while a package is looked at */
};

void firmware_init(struct firmware *f, struct state *state);

/* With an open state. `path` is the image that a module is delivered with, or NULL for one made of
 * `revision`; a module that was updated runs what it runs. With `factory_reset` there was no
 * update. False after a report. */
bool firmware_open(struct firmware *f, const char *path, const char *revision, bool factory_reset);
void firmware_close(struct firmware *f);

#endif
