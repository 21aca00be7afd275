/*
 * A device with a package in store: the image that runs, the package, the flash for the new image,
 * and everything that may go wrong with them. Packages are made by tools/delta_make.c.
 */
#ifndef TEST_FLASH_H
#define TEST_FLASH_H

#include "check.h"

#include "dfota/apply.h"

#define FLASH_IMAGE_BYTES_MAX 80000
#define FLASH_PACKAGE_BYTES_MAX 100000
#define FLASH_NEVER UINT32_MAX

struct flash {
    bc_sink source, wanted; /* the images before and after */
    bc_sink package;
    uint8_t target[FLASH_IMAGE_BYTES_MAX];

    uint32_t operations; /* of the port, so far */
    uint32_t fail_at;    /* the operation that fails; FLASH_NEVER */
    uint32_t writes;     /* blocks written, so far */
    uint32_t write_end;  /* where the last write ended: writes come in order */
    uint32_t wrong_byte; /* this byte of the target is stored wrongly; FLASH_NEVER */
    bool outside;        /* somebody reached beyond the package or the target */
    struct bc_dfota_apply apply;
    void *memory;
    size_t memory_bytes;
};

/* Two images of that many bytes, alike as two builds are, and the package between them. */
void flash_setup(struct flash *f, uint32_t source_bytes, uint32_t target_bytes,
                 uint32_t block_bytes);
void flash_teardown(struct flash *f);

/* The package again after the images were changed. */
void flash_make(struct flash *f, uint32_t block_bytes);

/* After a change in the package: its hashes are made right again, as an attacker would. */
void flash_seal(struct flash *f);

/* An attempt with fresh flash counters on what is stored; returns at DONE or FAILED. */
enum bc_dfota_fault flash_begin(struct flash *f, const struct bc_dfota_progress *progress);
enum bc_dfota_fault flash_run(struct flash *f, const struct bc_dfota_progress *progress);

/* It ends so, and nothing was ever written. */
void flash_refuses(struct flash *f, enum bc_dfota_fault fault);

/* The target holds the wanted image. */
void flash_holds_target(const struct flash *f);

#endif
