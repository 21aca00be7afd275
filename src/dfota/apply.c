/*
 * Applying a delta package block by block: see apply.h.
 */
#include "dfota/apply.h"

#include <assert.h>
#include <string.h>

static const char *const fault_names[] = {
    [BC_DFOTA_NO_FAULT] = "no fault",
    [BC_DFOTA_FAULT_MAGIC] = "this is no delta package",
    [BC_DFOTA_FAULT_HEADER] = "the package is damaged: its header was altered",
    [BC_DFOTA_FAULT_VERSION] = "the package is of another format version or beyond the limits",
    [BC_DFOTA_FAULT_LENGTH] = "the package is cut short or too long",
    [BC_DFOTA_FAULT_BODY] = "the package is damaged: its SHA-256 is wrong",
    [BC_DFOTA_FAULT_RECORD] = "the package is malformed: its record of a block makes no sense",
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

/* In a package frames have no magic: it would be the same each time. The decoder wants it. */
static const uint8_t frame_magic[] = {0x28, 0xB5, 0x2F, 0xFD};

static size_t frame_room(uint32_t block_bytes)
{
    return sizeof(frame_magic) + block_bytes + BC_PACKAGE_FRAME_EXTRA_BYTES;
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

/* The record at `cursor`, which goes on behind it. */
static enum bc_dfota_fault read_record(const struct bc_dfota_apply *a,
                                       struct bc_dfota_cursor *cursor,
                                       struct bc_package_record *out)
{
    uint8_t head[BC_PACKAGE_HEAD_BYTES_MAX];
    uint32_t left = bc_package_bytes(&a->package) - cursor->offset;
    size_t len = left < sizeof(head) ? left : sizeof(head);
    int64_t end = (int64_t)cursor->index * a->package.block_bytes +
                  bc_package_block_bytes(&a->package, cursor->index);
    *out = (struct bc_package_record){.distance = cursor->distance};
    if (!a->port.read_package(a->port.context, cursor->offset, head, len))
        return BC_DFOTA_FAULT_READ;
    if (!bc_package_take_record((bc_view){head, len}, out))
        return BC_DFOTA_FAULT_RECORD;
    end += out->distance;
    bool good = out->frame_bytes > 0
                    ? out->frame_bytes <= left - out->head_bytes &&
                          out->frame_bytes <= a->package.block_bytes + BC_PACKAGE_FRAME_EXTRA_BYTES
                    : end <= a->package.source_bytes &&
                          end >= bc_package_block_bytes(&a->package, cursor->index);
    if (!good)
        return BC_DFOTA_FAULT_RECORD;
    cursor->index++;
    cursor->offset += out->head_bytes + out->frame_bytes;
    cursor->distance = out->distance;
    return BC_DFOTA_NO_FAULT;
}

static void check_records(struct bc_dfota_apply *a)
{
    struct bc_package_record record;
    bool last = a->check.index + 1 == bc_package_blocks(&a->package);
    enum bc_dfota_fault fault = read_record(a, &a->check, &record);
    if (fault == BC_DFOTA_NO_FAULT && last != (a->check.offset == bc_package_bytes(&a->package)))
        fault = BC_DFOTA_FAULT_RECORD;
    if (a->check.index == a->progress.blocks_done)
        a->next = a->check;
    if (fault != BC_DFOTA_NO_FAULT)
        fail(a, fault);
    else if (last)
        go(a, BC_DFOTA_CHECK_SOURCE);
}

/* The frame before `next` becomes a block. */
static enum bc_dfota_fault unpack(struct bc_dfota_apply *a, uint32_t frame_bytes, uint32_t bytes)
{
    if (!a->port.read_package(a->port.context, a->next.offset - frame_bytes,
                              a->frame + sizeof(frame_magic), frame_bytes))
        return BC_DFOTA_FAULT_READ;
    bc_view frame = {a->frame, sizeof(frame_magic) + frame_bytes};
    return bc_unpack_block(&a->unpack, frame, a->block, bytes) ? BC_DFOTA_NO_FAULT
                                                               : BC_DFOTA_FAULT_BLOCK;
}

static enum bc_dfota_fault write_block(struct bc_dfota_apply *a)
{
    struct bc_package_record record;
    uint32_t at = a->next.index * a->package.block_bytes;
    bc_view block = {a->block, bc_package_block_bytes(&a->package, a->next.index)};
    enum bc_dfota_fault fault = read_record(a, &a->next, &record);
    if (fault != BC_DFOTA_NO_FAULT)
        return fault;
    if (record.frame_bytes == 0)
        block.ptr = a->source.ptr + ((int64_t)at + record.distance);
    else
        fault = unpack(a, record.frame_bytes, (uint32_t)block.len);
    if (fault != BC_DFOTA_NO_FAULT)
        return fault;
    return a->port.write_target(a->port.context, at, block) ? BC_DFOTA_NO_FAULT
                                                            : BC_DFOTA_FAULT_WRITE;
}

static void write_next(struct bc_dfota_apply *a)
{
    if (a->progress.blocks_done == bc_package_blocks(&a->package)) {
        go(a, BC_DFOTA_CHECK_TARGET);
        return;
    }
    enum bc_dfota_fault fault = write_block(a);
    if (fault != BC_DFOTA_NO_FAULT)
        fail(a, fault);
    else
        a->progress.blocks_done++;
}

/* --- From outside ---------------------------------------------------------------------------- */

static enum bc_dfota_fault read_header(struct bc_dfota_apply *a)
{
    uint8_t bytes[BC_PACKAGE_HEADER_BYTES];
    bc_view header = {bytes, sizeof(bytes)};
    if (a->port.package_bytes < header.len)
        header.len = a->port.package_bytes;
    if (!a->port.read_package(a->port.context, 0, bytes, header.len))
        return BC_DFOTA_FAULT_READ;
    if (!bc_package_begins(header))
        return BC_DFOTA_FAULT_MAGIC;
    if (header.len < sizeof(bytes))
        return BC_DFOTA_FAULT_LENGTH;
    switch (bc_package_read(header, &a->package)) {
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
    memcpy(a->frame, frame_magic, sizeof(frame_magic));
    a->check.offset = BC_PACKAGE_HEADER_BYTES;
    a->next = a->check;
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
    case BC_DFOTA_CHECK_RECORDS:
        check_records(apply);
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
