/*
 * The delta package: its header, and where things lie in it. docs/DELTA.md is the specification.
 *
 *     | header, 192 bytes | record of block 0 | record of block 1 | ...
 *                         '------------------ body -----------------'
 *
 *     record:  | head: a copy |   or   | head: so many bytes | frame |
 *
 * Numbers are big endian. Applying a package is apply.h's affair, making one that of
 * tools/delta_make.c.
 */
#ifndef BC_DFOTA_PACKAGE_H
#define BC_DFOTA_PACKAGE_H

#include "bc260y/types.h"
#include "dfota/sha256.h"

#define BC_PACKAGE_HEADER_BYTES 192
#define BC_PACKAGE_VERSION 2
#define BC_PACKAGE_REVISION_CHARS_MAX 31
#define BC_PACKAGE_BLOCK_BYTES_MIN 4096U /* and a multiple of it: a flash sector */
#define BC_PACKAGE_BLOCK_BYTES_MAX 65536U
#define BC_PACKAGE_IMAGE_BYTES_MAX 33554432U
#define BC_PACKAGE_HEAD_BYTES_MAX 4U
#define BC_PACKAGE_FRAME_EXTRA_BYTES 60U /* what a frame may be longer than its block */

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

/* True when these are the first bytes of a package, of any format version. */
bool bc_package_begins(bc_view bytes);

/* Reads the first BC_PACKAGE_HEADER_BYTES of a package; more may follow. BC_ERR_FORMAT: no package,
 * cut short, or altered. BC_ERR_RANGE: a package, but of another format version or beyond the
 * limits above. After any error `*out` means nothing. */
enum bc_err bc_package_read(bc_view bytes, struct bc_package *out);

/* Appends the header. BC_ERR_RANGE when bc_package_read() would refuse it, BC_ERR_FULL when it does
 * not fit, BC_ERR_STATE when there is no hash. */
enum bc_err bc_package_put(bc_sink *out, const struct bc_package *package);

/* Of a package that was read: how many blocks there are, how long block `index` is in the target.
 */
uint32_t bc_package_blocks(const struct bc_package *package);
uint32_t bc_package_block_bytes(const struct bc_package *package, uint32_t index);

/* The whole package: header and body. */
uint32_t bc_package_bytes(const struct bc_package *package);

/* A record. A block that is a copy lies in the source `distance` bytes further on than in the
 * target; its head has the change of that number since the last copy, which was at 0 at first. */
struct bc_package_record {
    uint32_t head_bytes;
    uint32_t frame_bytes; /* 0: a copy */
    int32_t distance;     /* of this copy, or of the last one */
};

/* Reads the head at the front of `bytes`; `out->distance` is that of the records before. False when
 * there is none, it is cut short, or longer than it need be. */
bool bc_package_take_record(bc_view bytes, struct bc_package_record *out);

/* Appends the head of a record, whose `head_bytes` do not matter; `distance` is that of before. */
void bc_package_put_record(bc_sink *out, const struct bc_package_record *record, int32_t distance);

#endif
