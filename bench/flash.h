/*
 * What a module needs for firmware updates, in memory: two slots for images, a place for a package
 * and memory to apply it. And the packages.
 */
#ifndef BENCH_FLASH_H
#define BENCH_FLASH_H

#include "bc260y/firmware.h"
#include "tool_file.h"

#define FLASH_AREA_BYTES 131072U

struct flash {
    struct bc_firmware port;
    uint8_t area[3][FLASH_AREA_BYTES]; /* by enum bc_area */
};

/* Slot 0 holds the source and runs. The struct stays where it is. */
void flash_init(struct flash *flash, bc_view source);

/* From revision A01 to A02; to be freed. False with a line on stderr. */
bool flash_package(bc_view source, bc_view target, struct tool_bytes *out);

#endif
