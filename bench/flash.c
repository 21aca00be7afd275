/*
 * The flash and the packages of flash.h.
 */
#include "flash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delta.h"

static const uint8_t *map(void *context, enum bc_area slot, uint32_t bytes)
{
    struct flash *flash = context;
    return bytes <= FLASH_AREA_BYTES ? flash->area[slot] : NULL;
}

static bool read_area(void *context, enum bc_area area, uint32_t offset, uint8_t *out, size_t len)
{
    struct flash *flash = context;
    memcpy(out, flash->area[area] + offset, len);
    return true;
}

static bool write_area(void *context, enum bc_area area, uint32_t offset, bc_view bytes)
{
    struct flash *flash = context;
    memcpy(flash->area[area] + offset, bytes.ptr, bytes.len);
    return true;
}

static bool flush(void *context)
{
    (void)context;
    return true;
}

static void *lend(void *context, size_t bytes)
{
    (void)context;
    return malloc(bytes);
}

static void give_back(void *context, void *memory)
{
    (void)context;
    free(memory);
}

void flash_init(struct flash *flash, bc_view source)
{
    flash->port = (struct bc_firmware){
        .image_bytes = (uint32_t)source.len,
        .slot_bytes_max = FLASH_AREA_BYTES,
        .package_bytes_max = FLASH_AREA_BYTES,
        .map = map,
        .read = read_area,
        .write = write_area,
        .flush = flush,
        .lend = lend,
        .give_back = give_back,
        .context = flash,
    };
    memcpy(flash->area[BC_AREA_SLOT_0], source.ptr, source.len);
}

bool flash_package(bc_view source, bc_view target, struct tool_bytes *out)
{
    char why[TOOL_WHY_MAX];
    const struct delta_wish wish = {.source = source,
                                    .target = target,
                                    .source_revision = "A01",
                                    .target_revision = "A02",
                                    .block_bytes = DELTA_BLOCK_BYTES,
                                    .level = 3};
    bool made = delta_make(&wish, out, why);
    if (!made)
        fprintf(stderr, "no delta package: %s\n", why);
    return made;
}
