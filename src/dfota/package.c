/*
 * The header of a delta package: see package.h and docs/DELTA.md.
 */
#include "dfota/package.h"

#include <string.h>

#include "base/sink.h"

#define MAGIC "BCDELTA\x1A"
#define MAGIC_BYTES 8U
#define REVISION_BYTES (BC_PACKAGE_REVISION_CHARS_MAX + 1U)
#define CHECK_BYTES 4U /* the header's last: the first of the SHA-256 of what is before them */
#define CHECK_OFFSET (BC_PACKAGE_HEADER_BYTES - CHECK_BYTES)

static uint32_t take_number(bc_view *rest, unsigned bytes)
{
    uint32_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value = value << 8 | rest->ptr[i];
    rest->ptr += bytes;
    rest->len -= bytes;
    return value;
}

static void take_bytes(bc_view *rest, void *out, size_t len)
{
    memcpy(out, rest->ptr, len);
    rest->ptr += len;
    rest->len -= len;
}

bool bc_package_revision_valid(bc_view revision)
{
    if (revision.len == 0 || revision.len > BC_PACKAGE_REVISION_CHARS_MAX)
        return false;
    for (size_t i = 0; i < revision.len; i++) {
        if (revision.ptr[i] < '!' || revision.ptr[i] > '~')
            return false;
    }
    return true;
}

/* The field of a revision: its characters, then zeros to the end. */
static bool field_valid(const char field[REVISION_BYTES])
{
    size_t len = 0;
    while (len < REVISION_BYTES && field[len] != '\0')
        len++;
    for (size_t i = len; i < REVISION_BYTES; i++) {
        if (field[i] != '\0')
            return false;
    }
    return bc_package_revision_valid((bc_view){(const uint8_t *)field, len});
}

static bool sizes_valid(const struct bc_package *p)
{
    if (p->block_bytes < BC_PACKAGE_BLOCK_BYTES_MIN ||
        p->block_bytes > BC_PACKAGE_BLOCK_BYTES_MAX ||
        p->block_bytes % BC_PACKAGE_BLOCK_BYTES_MIN != 0)
        return false;
    if (p->source_bytes == 0 || p->source_bytes > BC_PACKAGE_IMAGE_BYTES_MAX ||
        p->target_bytes == 0 || p->target_bytes > BC_PACKAGE_IMAGE_BYTES_MAX)
        return false;
    /* These limits keep all sums of offsets below 2^32. */
    uint32_t blocks = bc_package_blocks(p);
    uint32_t record_bytes_max =
        BC_PACKAGE_HEAD_BYTES_MAX + p->block_bytes + BC_PACKAGE_FRAME_EXTRA_BYTES;
    return p->body_bytes >= blocks && p->body_bytes <= blocks * record_bytes_max;
}

static bool package_valid(const struct bc_package *p)
{
    return sizes_valid(p) && field_valid(p->source_revision) && field_valid(p->target_revision);
}

static bool check_of(bc_view bytes, uint8_t digest[BC_SHA256_BYTES])
{
    struct bc_sha256 hash;
    bc_sha256_begin(&hash);
    bc_sha256_add(&hash, bytes);
    return bc_sha256_end(&hash, digest);
}

bool bc_package_begins(bc_view bytes)
{
    return bytes.len >= MAGIC_BYTES && memcmp(bytes.ptr, MAGIC, MAGIC_BYTES) == 0;
}

enum bc_err bc_package_read(bc_view bytes, struct bc_package *out)
{
    uint8_t digest[BC_SHA256_BYTES];
    bc_view rest = {bytes.ptr, BC_PACKAGE_HEADER_BYTES};
    if (bytes.len < BC_PACKAGE_HEADER_BYTES || !bc_package_begins(bytes))
        return BC_ERR_FORMAT;
    rest.ptr += MAGIC_BYTES;
    if (take_number(&rest, 2) != BC_PACKAGE_VERSION ||
        take_number(&rest, 2) != BC_PACKAGE_HEADER_BYTES)
        return BC_ERR_RANGE; /* before the check, which another version may have elsewhere */
    if (!check_of((bc_view){bytes.ptr, CHECK_OFFSET}, digest) ||
        memcmp(digest, bytes.ptr + CHECK_OFFSET, CHECK_BYTES) != 0)
        return BC_ERR_FORMAT;
    out->block_bytes = take_number(&rest, 4);
    out->source_bytes = take_number(&rest, 4);
    out->target_bytes = take_number(&rest, 4);
    out->body_bytes = take_number(&rest, 4);
    take_bytes(&rest, out->source_revision, REVISION_BYTES);
    take_bytes(&rest, out->target_revision, REVISION_BYTES);
    take_bytes(&rest, out->source_sha256, BC_SHA256_BYTES);
    take_bytes(&rest, out->target_sha256, BC_SHA256_BYTES);
    take_bytes(&rest, out->body_sha256, BC_SHA256_BYTES);
    return package_valid(out) ? BC_OK : BC_ERR_RANGE;
}

static void put_field(bc_sink *out, const char field[REVISION_BYTES])
{
    bc_put_bytes(out, (bc_view){(const uint8_t *)field, REVISION_BYTES});
}

static void put_hash(bc_sink *out, const uint8_t hash[BC_SHA256_BYTES])
{
    bc_put_bytes(out, (bc_view){hash, BC_SHA256_BYTES});
}

enum bc_err bc_package_put(bc_sink *out, const struct bc_package *package)
{
    uint8_t digest[BC_SHA256_BYTES];
    size_t start = out->len;
    if (!package_valid(package))
        return BC_ERR_RANGE;
    if (out->full || out->cap - out->len < BC_PACKAGE_HEADER_BYTES)
        return BC_ERR_FULL;
    bc_put_bytes(out, BC_TEXT(MAGIC));
    bc_put_be(out, BC_PACKAGE_VERSION, 2);
    bc_put_be(out, BC_PACKAGE_HEADER_BYTES, 2);
    bc_put_be(out, package->block_bytes, 4);
    bc_put_be(out, package->source_bytes, 4);
    bc_put_be(out, package->target_bytes, 4);
    bc_put_be(out, package->body_bytes, 4);
    put_field(out, package->source_revision);
    put_field(out, package->target_revision);
    put_hash(out, package->source_sha256);
    put_hash(out, package->target_sha256);
    put_hash(out, package->body_sha256);
    if (!check_of((bc_view){out->ptr + start, CHECK_OFFSET}, digest)) {
        out->len = start;
        return BC_ERR_STATE;
    }
    bc_put_bytes(out, (bc_view){digest, CHECK_BYTES});
    return BC_OK;
}

uint32_t bc_package_blocks(const struct bc_package *package)
{
    return (package->target_bytes + package->block_bytes - 1) / package->block_bytes;
}

uint32_t bc_package_block_bytes(const struct bc_package *package, uint32_t index)
{
    uint32_t left = package->target_bytes - index * package->block_bytes;
    return left < package->block_bytes ? left : package->block_bytes;
}

uint32_t bc_package_bytes(const struct bc_package *package)
{
    return BC_PACKAGE_HEADER_BYTES + package->body_bytes;
}

/* --- Records ---------------------------------------------------------------------------------- */

#define SEVEN_BITS 0x7FU
#define MORE 0x80U

/* Bit 0 is the kind; above it the length of a frame, or the change with its sign in its own bit 0.
 */
static uint32_t head_of(const struct bc_package_record *record, int32_t before)
{
    if (record->frame_bytes > 0)
        return record->frame_bytes << 1 | 1;
    int32_t change = record->distance - before;
    uint32_t size = (uint32_t)(change < 0 ? -change : change);
    return (size << 1 | (change < 0)) << 1;
}

bool bc_package_take_record(bc_view bytes, struct bc_package_record *out)
{
    uint32_t head = 0;
    uint32_t used = 0;
    uint8_t byte = MORE;
    while ((byte & MORE) != 0) {
        if (used == BC_PACKAGE_HEAD_BYTES_MAX || used == bytes.len)
            return false;
        byte = bytes.ptr[used++];
        if (used == 1 && byte == MORE)
            return false;
        head = head << 7 | (byte & SEVEN_BITS);
    }
    int32_t size = (int32_t)(head >> 2);
    bool negative = (head & 2) != 0;
    out->head_bytes = used;
    out->frame_bytes = (head & 1) != 0 ? head >> 1 : 0;
    if ((head & 1) == 0)
        out->distance += negative ? -size : size;
    return (head & 1) != 0 ? head > 1 : size > 0 || !negative;
}

void bc_package_put_record(bc_sink *out, const struct bc_package_record *record, int32_t distance)
{
    uint32_t head = head_of(record, distance);
    unsigned shift = 0;
    while (head >> shift > SEVEN_BITS)
        shift += 7;
    for (; shift > 0; shift -= 7)
        bc_put_char(out, (char)(uint8_t)((head >> shift & SEVEN_BITS) | MORE));
    bc_put_char(out, (char)(head & SEVEN_BITS));
}
