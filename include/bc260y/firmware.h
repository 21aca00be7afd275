/*
 * The firmware port: where a module with DFOTA (G 4) finds the image that runs, keeps a package it
 * downloads, and puts the image the package makes. There are two slots for images, of which one
 * runs; which one stands in the module's own record (BC_RECORD_FIRMWARE, storage.h), so that
 * storing that record is what activates an image. The slot that runs is never written.
 *
 *     write 5/0/1   download      -> PACKAGE                       state 1, then 2
 *     execute 5/0/2 flush, record "updating", reboot               state 3
 *     boot          PACKAGE + slot that runs -> the other slot, the record says how far
 *                   record "the other slot runs"                   state 0, result 1
 *
 * A port before flash needs no call to erase: writes to an area go upward, from its beginning, or,
 * to a slot after a power cut, from a multiple of 4096, and never reach over a multiple of 4096
 * they do not begin or end at. So it erases each sector of 4096 bytes when a write begins there.
 */
#ifndef BC260Y_FIRMWARE_H
#define BC260Y_FIRMWARE_H

#include "bc260y/types.h"

enum bc_area {
    BC_AREA_SLOT_0, /* runs in a module that was never updated */
    BC_AREA_SLOT_1,
    BC_AREA_PACKAGE,
};

/* Everything is borrowed and outlives the module. Calls with offsets beyond the area's size do not
 * happen; false is a failure of the flash. */
struct bc_firmware {
    uint32_t image_bytes;       /* of the image that slot 0 was delivered with */
    uint32_t slot_bytes_max;    /* of an image */
    uint32_t package_bytes_max; /* of a package */

    /* The first `bytes` of a slot where they lie, readable until the module reboots or ends: flash
     * is mapped into memory, a file is mapped or loaded. NULL is a failure. */
    const uint8_t *(*map)(void *context, enum bc_area slot, uint32_t bytes);
    bool (*read)(void *context, enum bc_area area, uint32_t offset, uint8_t *out, size_t len);
    bool (*write)(void *context, enum bc_area area, uint32_t offset, bc_view bytes);
    /* All that was written is safe from a power cut from now on. */
    bool (*flush)(void *context);

    /* Memory for unpacking, aligned to 8 bytes: bc_firmware_memory_bytes() of the package's block
     * size, once at a time, from the end of a download to the reboot after an update. NULL when
     * there is none. Static memory on a microcontroller. */
    void *(*lend)(void *context, size_t bytes);
    void (*give_back)(void *context, void *memory);
    void *context;
};

/* What lend() is asked for, for packages with blocks of that size (bc260y-delta --block). */
size_t bc_firmware_memory_bytes(uint32_t block_bytes);

/* <dl_err> and <upgrade_err> of the guide (G 4.3.2, 4.3.5). */
enum bc_firmware_code {
    BC_FIRMWARE_OK = 0,
    BC_FIRMWARE_UNKNOWN = 1,      /* COAPEND: the package is no good */
    BC_FIRMWARE_FAILED = 12,      /* COAPEND: the download failed */
    BC_FIRMWARE_DEACTIVATED = 13, /* COAPEND: the network was switched off */
    BC_FIRMWARE_NO_NETWORK = 99,  /* COAPEND: there is no network */
    BC_FIRMWARE_FLASH = 100,      /* COAPEND: the flash cannot be written */
    BC_FIRMWARE_NO_SPACE = 101,   /* COAPEND: the package or its image is too large */
    BC_FIRMWARE_NOT_UPDATED = 255 /* END: the old image goes on */
};

#endif
