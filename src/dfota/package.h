/*
 * The delta package: its header, and where things lie in it. docs/DELTA.md is the specification.
 *
 *     | header, 192 bytes | table: one end a block | frame of block 0 | frame of block 1 | ...
 *                         '---------------------------- body ----------------------------'
 *
 * Numbers are big endian. Applying a package is apply.h's affair, making one that of
 * tools/delta_make.c.
 */
#ifndef BC_DFOTA_PACKAGE_H
#define BC_DFOTA_PACKAGE_H

#include "bc260y/types.h"
#include "dfota/sha256.h"

#define BC_PACKAGE_HEADER_BYTES 192
#define BC_PACKAGE_VERSION 1
#define BC_PACKAGE_REVISION_CHARS_MAX 31
#define BC_PACKAGE_BLOCK_BYTES_MIN 4096U /* and a multiple of it: a flash sector */
#define BC_PACKAGE_BLOCK_BYTES_MAX 65536U
#define BC_PACKAGE_IMAGE_BYTES_MAX 33554432U
#define BC_PACKAGE_TABLE_ENTRY_BYTES 4U
#define BC_PACKAGE_FRAME_EXTRA_BYTES 64U /* what a frame may be longer than its block */

struct bc_package {
    char source_revision[BC_PACKAGE_REVISION_CHARS_MAX + 1];
    char target_revision[BC_PACKAGE_REVISION_CHARS_MAX + 1];
    uint32_t block_bytes; /* of every block of the target but the last, which may be shorter */
    uint32_t source_bytes;
    uint32_t target_bytes;
    uint32_t body_bytes;
    uint8_t source_sha256[BC_SHA256_BYTES];
    uint8_t target_sha256[BC_SHA256_BYTES];
    uint8_t body_sha256[BC_SHA256_BYTES];
};

/* 1 to 31 characters from '!' to '~'. */
bool bc_package_revision_valid(bc_view revision);

/* Reads the first BC_PACKAGE_HEADER_BYTES of a package; more may follow. BC_ERR_FORMAT: no package,
 * cut short, or altered. BC_ERR_RANGE: a package, but of another format version or beyond the
 * limits above. After any error `*out` means nothing. */
enum bc_err bc_package_read(bc_view bytes, struct bc_package *out);

/* Appends the header. BC_ERR_RANGE when bc_package_read() would refuse it, BC_ERR_FULL when it does
 * not fit, BC_ERR_STATE when there is no hash. */
enum bc_err bc_package_put(bc_sink *out, const struct bc_package *package);

/* Of a package that was read: how many blocks there are, how long block `index` is in the target,
 * where its entry in the table and where the first frame lie in the package. */
uint32_t bc_package_blocks(const struct bc_package *package);
uint32_t bc_package_block_bytes(const struct bc_package *package, uint32_t index);
uint32_t bc_package_table_offset(uint32_t index);
uint32_t bc_package_frames_offset(const struct bc_package *package);

/* The whole package: header and body. */
uint32_t bc_package_bytes(const struct bc_package *package);

/* An entry of the table: where the frame of its block ends, counted from the first frame. */
uint32_t bc_package_entry(const uint8_t entry[BC_PACKAGE_TABLE_ENTRY_BYTES]);

#endif
