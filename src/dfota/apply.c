/*
 * Applying a delta package block by block: see apply.h.
 */
#include "dfota/apply.h"

#include <assert.h>
#include <string.h>

static const char *const fault_names[] = {
    [BC_DFOTA_NO_FAULT] = "no fault",
    [BC_DFOTA_FAULT_HEADER] = "this is no delta package, or its header is damaged",
    [BC_DFOTA_FAULT_VERSION] = "the package is of another format version or beyond the limits",
    [BC_DFOTA_FAULT_LENGTH] = "the package is cut short or too long",
    [BC_DFOTA_FAULT_BODY] = "the package is damaged: its SHA-256 is wrong",
    [BC_DFOTA_FAULT_TABLE] = "the package is malformed: its table of blocks makes no sense",
    [BC_DFOTA_FAULT_BLOCK] = "the package is malformed: a block cannot be unpacked",
    [BC_DFOTA_FAULT_SOURCE] = "the package was made for another source",
    [BC_DFOTA_FAULT_PROGRESS] = "the progress is that of another package",
    [BC_DFOTA_FAULT_TARGET] = "the target is not what the package promised",
    [BC_DFOTA_FAULT_READ] = "reading failed",
    [BC_DFOTA_FAULT_WRITE] = "writing failed",
    [BC_DFOTA_FAULT_MEMORY] = "there is not enough memory, or no decoder",
};

#define FAULTS (sizeof(fault_names) / sizeof(fault_names[0]))

const char *bc_dfota_fault_name(enum bc_dfota_fault fault)
{
    return (size_t)fault < FAULTS ? fault_names[fault] : "unknown fault";
}

static size_t frame_room(uint32_t block_bytes)
{
    return (size_t)block_bytes + BC_PACKAGE_FRAME_EXTRA_BYTES;
}

size_t bc_dfota_memory_bytes(uint32_t block_bytes)
{
    return bc_unpack_memory_bytes() + frame_room(block_bytes) + block_bytes;
}

/* --- Phases ---------------------------------------------------------------------------------- */

static void drop_hash(struct bc_dfota_apply *a)
{
    if (a->hashing)
        (void)bc_sha256_end(&a->hash, NULL);
    a->hashing = false;
}

/* One way on from each phase, and to FAILED from all that are not final. */
static void go(struct bc_dfota_apply *a, enum bc_dfota_phase phase)
{
    assert(a->phase < BC_DFOTA_DONE && (phase == BC_DFOTA_FAILED || phase == a->phase + 1));
    drop_hash(a);
    a->phase = phase;
    a->at = 0;
}

static void fail(struct bc_dfota_apply *a, enum bc_dfota_fault fault)
{
    a->fault = fault;
    go(a, BC_DFOTA_FAILED);
}

/* --- The phases that hash -------------------------------------------------------------------- */

static void hash_more(struct bc_dfota_apply *a, bc_view bytes)
{
    if (!a->hashing)
        bc_sha256_begin(&a->hash);
    a->hashing = true;
    bc_sha256_add(&a->hash, bytes);
    a->at += (uint32_t)bytes.len;
}

/* All has been hashed: go on when the hash is the right one. */
static void compare_hash(struct bc_dfota_apply *a, const uint8_t wanted[BC_SHA256_BYTES],
                         enum bc_dfota_fault fault)
{
    uint8_t digest[BC_SHA256_BYTES];
    a->hashing = false;
    if (!bc_sha256_end(&a->hash, digest))
        fail(a, BC_DFOTA_FAULT_MEMORY);
    else if (memcmp(digest, wanted, sizeof(digest)) != 0)
        fail(a, fault);
    else
        go(a, a->phase + 1);
}

/* How much of `whole` the next step takes: what the block buffer holds. */
static size_t piece(const struct bc_dfota_apply *a, uint32_t whole)
{
    uint32_t left = whole - a->at;
    return left < a->package.block_bytes ? left : a->package.block_bytes;
}

static void check_package(struct bc_dfota_apply *a)
{
    size_t len = piece(a, a->package.body_bytes);
    if (!a->port.read_package(a->port.context, BC_PACKAGE_HEADER_BYTES + a->at, a->block, len)) {
        fail(a, BC_DFOTA_FAULT_READ);
        return;
    }
    hash_more(a, (bc_view){a->block, len});
    if (a->at == a->package.body_bytes)
        compare_hash(a, a->package.body_sha256, BC_DFOTA_FAULT_BODY);
}

static void check_source(struct bc_dfota_apply *a)
{
    size_t len = piece(a, a->package.source_bytes);
    if (a->source.len != a->package.source_bytes) {
        fail(a, BC_DFOTA_FAULT_SOURCE);
        return;
    }
    hash_more(a, (bc_view){a->source.ptr + a->at, len});
    if (a->at == a->package.source_bytes)
        compare_hash(a, a->package.source_sha256, BC_DFOTA_FAULT_SOURCE);
}

static void check_target(struct bc_dfota_apply *a)
{
    size_t len = piece(a, a->package.target_bytes);
    if (!a->port.read_target(a->port.context, a->at, a->block, len)) {
        fail(a, BC_DFOTA_FAULT_READ);
        return;
    }
    hash_more(a, (bc_view){a->block, len});
    if (a->at == a->package.target_bytes)
        compare_hash(a, a->package.target_sha256, BC_DFOTA_FAULT_TARGET);
}

/* --- Blocks ---------------------------------------------------------------------------------- */

/* Where the frame of block `index` lies, counted from the first frame: its entry of the table, and
 * the one before. */
static enum bc_dfota_fault find_frame(const struct bc_dfota_apply *a, uint32_t index,
                                      uint32_t *start, uint32_t *len)
{
    uint8_t entries[2 * BC_PACKAGE_TABLE_ENTRY_BYTES] = {0};
    uint32_t first = index == 0 ? 0 : index - 1;
    uint8_t *out = entries + (index == 0 ? BC_PACKAGE_TABLE_ENTRY_BYTES : 0);
    size_t bytes = (size_t)(index - first + 1) * BC_PACKAGE_TABLE_ENTRY_BYTES;
    if (!a->port.read_package(a->port.context, bc_package_table_offset(first), out, bytes))
        return BC_DFOTA_FAULT_READ;
    uint32_t end = bc_package_entry(entries + BC_PACKAGE_TABLE_ENTRY_BYTES);
    *start = bc_package_entry(entries);
    *len = end - *start;
    uint32_t frames_bytes = bc_package_bytes(&a->package) - bc_package_frames_offset(&a->package);
    bool last = index + 1 == bc_package_blocks(&a->package);
    bool good = end > *start && *len <= frame_room(a->package.block_bytes) &&
                (last ? end == frames_bytes : end < frames_bytes);
    return good ? BC_DFOTA_NO_FAULT : BC_DFOTA_FAULT_TABLE;
}

static void check_table(struct bc_dfota_apply *a)
{
    uint32_t start;
    uint32_t len;
    enum bc_dfota_fault fault = find_frame(a, a->at, &start, &len);
    if (fault != BC_DFOTA_NO_FAULT)
        fail(a, fault);
    else if (++a->at == bc_package_blocks(&a->package))
        go(a, BC_DFOTA_CHECK_SOURCE);
}

static enum bc_dfota_fault write_block(struct bc_dfota_apply *a, uint32_t index)
{
    uint32_t start = 0;
    uint32_t frame_bytes = 0;
    uint32_t bytes = bc_package_block_bytes(&a->package, index);
    enum bc_dfota_fault fault = find_frame(a, index, &start, &frame_bytes);
    if (fault != BC_DFOTA_NO_FAULT)
        return fault;
    if (!a->port.read_package(a->port.context, bc_package_frames_offset(&a->package) + start,
                              a->frame, frame_bytes))
        return BC_DFOTA_FAULT_READ;
    if (!bc_unpack_block(&a->unpack, (bc_view){a->frame, frame_bytes}, a->block, bytes))
        return BC_DFOTA_FAULT_BLOCK;
    if (!a->port.write_target(a->port.context, index * a->package.block_bytes,
                              (bc_view){a->block, bytes}))
        return BC_DFOTA_FAULT_WRITE;
    return BC_DFOTA_NO_FAULT;
}

static void write_next(struct bc_dfota_apply *a)
{
    if (a->progress.blocks_done == bc_package_blocks(&a->package)) {
        go(a, BC_DFOTA_CHECK_TARGET);
        return;
    }
    enum bc_dfota_fault fault = write_block(a, a->progress.blocks_done);
    if (fault != BC_DFOTA_NO_FAULT)
        fail(a, fault);
    else
        a->progress.blocks_done++;
}

/* --- From outside ---------------------------------------------------------------------------- */

static enum bc_dfota_fault read_header(struct bc_dfota_apply *a)
{
    uint8_t header[BC_PACKAGE_HEADER_BYTES];
    if (a->port.package_bytes < sizeof(header))
        return BC_DFOTA_FAULT_HEADER;
    if (!a->port.read_package(a->port.context, 0, header, sizeof(header)))
        return BC_DFOTA_FAULT_READ;
    switch (bc_package_read((bc_view){header, sizeof(header)}, &a->package)) {
    case BC_OK:
        return a->port.package_bytes == bc_package_bytes(&a->package) ? BC_DFOTA_NO_FAULT
                                                                      : BC_DFOTA_FAULT_LENGTH;
    case BC_ERR_RANGE:
        return BC_DFOTA_FAULT_VERSION;
    default:
        return BC_DFOTA_FAULT_HEADER;
    }
}

static enum bc_dfota_fault take_progress(struct bc_dfota_apply *a,
                                         const struct bc_dfota_progress *progress)
{
    bool begun = progress != NULL && progress->blocks_done > 0;
    memcpy(a->progress.body_sha256, a->package.body_sha256, BC_SHA256_BYTES);
    a->progress.blocks_done = begun ? progress->blocks_done : 0;
    if (begun && (memcmp(progress->body_sha256, a->package.body_sha256, BC_SHA256_BYTES) != 0 ||
                  progress->blocks_done > bc_package_blocks(&a->package)))
        return BC_DFOTA_FAULT_PROGRESS;
    return BC_DFOTA_NO_FAULT;
}

static enum bc_dfota_fault share_memory(struct bc_dfota_apply *a, void *memory, size_t memory_bytes)
{
    size_t decoder_bytes = bc_unpack_memory_bytes();
    if (memory_bytes < bc_dfota_memory_bytes(a->package.block_bytes) ||
        !bc_unpack_begin(&a->unpack, memory, decoder_bytes, a->source))
        return BC_DFOTA_FAULT_MEMORY;
    a->frame = (uint8_t *)memory + decoder_bytes;
    a->block = a->frame + frame_room(a->package.block_bytes);
    return BC_DFOTA_NO_FAULT;
}

enum bc_dfota_phase bc_dfota_apply_begin(struct bc_dfota_apply *apply,
                                         const struct bc_dfota_port *port, bc_view source,
                                         void *memory, size_t memory_bytes,
                                         const struct bc_dfota_progress *progress)
{
    memset(apply, 0, sizeof(*apply));
    apply->port = *port;
    apply->source = source;
    enum bc_dfota_fault fault = read_header(apply);
    if (fault == BC_DFOTA_NO_FAULT)
        fault = take_progress(apply, progress);
    if (fault == BC_DFOTA_NO_FAULT)
        fault = share_memory(apply, memory, memory_bytes);
    if (fault != BC_DFOTA_NO_FAULT)
        fail(apply, fault);
    return apply->phase;
}

enum bc_dfota_phase bc_dfota_apply_step(struct bc_dfota_apply *apply)
{
    switch (apply->phase) {
    case BC_DFOTA_CHECK_PACKAGE:
        check_package(apply);
        break;
    case BC_DFOTA_CHECK_TABLE:
        check_table(apply);
        break;
    case BC_DFOTA_CHECK_SOURCE:
        check_source(apply);
        break;
    case BC_DFOTA_WRITE:
        write_next(apply);
        break;
    case BC_DFOTA_CHECK_TARGET:
        check_target(apply);
        break;
    case BC_DFOTA_DONE:
    case BC_DFOTA_FAILED:
        break;
    }
    return apply->phase;
}

void bc_dfota_apply_end(struct bc_dfota_apply *apply)
{
    drop_hash(apply);
}
