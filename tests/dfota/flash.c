/*
 * See flash.h.
 */
#include "flash.h"

#include <stdlib.h>
#include <string.h>

#include "delta.h"

/* --- Images ---------------------------------------------------------------------------------- */

/* Bytes as code has them: few values often, some of them anywhere. */
static void fill(bc_sink *image, uint32_t bytes, struct bc_random *random)
{
    image->len = 0;
    while (image->len < bytes) {
        uint32_t word = bc_random_next(random);
        bc_put_char(image, (char)((word & 3) == 0 ? word >> 8 : (word >> 8 & 15) + 0x40));
    }
}

/* The source with some bytes put in, some taken out and some changed; longer ones get an end. */
static void vary(const bc_sink *source, bc_sink *target, uint32_t bytes, struct bc_random *random)
{
    size_t at = 0;
    fill(target, bytes, random);
    target->len = 0;
    while (target->len < bytes && at < source->len) {
        uint32_t draw = check_draw(random, 1000);
        if (draw == 0)
            at += check_draw(random, 12);
        else if (draw < 3)
            bc_put_char(target, (char)draw);
        else
            bc_put_char(target, (char)(source->ptr[at++] + (draw == 4)));
    }
    target->len = bytes;
}

void flash_make(struct flash *f, uint32_t block_bytes)
{
    const struct delta_wish wish = {.source = bc_sink_view(&f->source),
                                    .target = bc_sink_view(&f->wanted),
                                    .source_revision = "BC260YCNAAR01A02",
                                    .target_revision = "BC260YCNAAR01A03",
                                    .block_bytes = block_bytes,
                                    .level = 3};
    struct tool_bytes package = {.ptr = NULL};
    char why[TOOL_WHY_MAX];
    assert_true(delta_make(&wish, &package, why));
    assert_true(package.len <= f->package.cap);
    memcpy(f->package.ptr, package.ptr, package.len);
    f->package.len = package.len;
    free(package.ptr);
}

void flash_setup(struct flash *f, uint32_t source_bytes, uint32_t target_bytes,
                 uint32_t block_bytes)
{
    struct bc_random random = {.state = 260};
    memset(f, 0, sizeof(*f));
    f->source = check_heap_sink(FLASH_IMAGE_BYTES_MAX);
    f->wanted = check_heap_sink(FLASH_IMAGE_BYTES_MAX);
    f->package = check_heap_sink(FLASH_PACKAGE_BYTES_MAX);
    f->memory_bytes = bc_dfota_memory_bytes(block_bytes);
    f->memory = malloc(f->memory_bytes);
    f->fail_at = FLASH_NEVER;
    f->wrong_byte = FLASH_NEVER;
    fill(&f->source, source_bytes, &random);
    vary(&f->source, &f->wanted, target_bytes, &random);
    flash_make(f, block_bytes);
}

void flash_teardown(struct flash *f)
{
    bc_dfota_apply_end(&f->apply);
    free(f->source.ptr);
    free(f->wanted.ptr);
    free(f->package.ptr);
    free(f->memory);
}

/* --- The package's hashes -------------------------------------------------------------------- */

static void hash(bc_view bytes, uint8_t *out, size_t len)
{
    struct bc_sha256 state;
    uint8_t digest[BC_SHA256_BYTES];
    bc_sha256_begin(&state);
    bc_sha256_add(&state, bytes);
    assert_true(bc_sha256_end(&state, digest));
    memcpy(out, digest, len);
}

/* By the offsets of docs/DELTA.md, not by the code that is tested. */
void flash_seal(struct flash *f)
{
    uint8_t *p = f->package.ptr;
    size_t body = f->package.len - 192;
    bc_sink length = {.ptr = p + 24, .cap = 4};
    bc_put_be(&length, body, 4);
    hash((bc_view){p + 192, body}, p + 156, 32);
    hash((bc_view){p, 188}, p + 188, 4);
}

/* --- The port -------------------------------------------------------------------------------- */

static bool goes_well(struct flash *f)
{
    return f->operations++ != f->fail_at;
}

static bool read_package(void *context, uint32_t offset, uint8_t *out, size_t len)
{
    struct flash *f = context;
    if (offset > f->package.len || len > f->package.len - offset) {
        f->outside = true;
        return false;
    }
    memcpy(out, f->package.ptr + offset, len);
    return goes_well(f);
}

static bool write_target(void *context, uint32_t offset, bc_view bytes)
{
    struct flash *f = context;
    if (offset > f->wanted.len || bytes.len > f->wanted.len - offset || offset != f->write_end) {
        f->outside = true;
        return false;
    }
    if (!goes_well(f))
        return false;
    memcpy(f->target + offset, bytes.ptr, bytes.len);
    if (f->wrong_byte >= offset && f->wrong_byte < offset + bytes.len)
        f->target[f->wrong_byte] ^= 0x10;
    f->write_end = offset + (uint32_t)bytes.len;
    f->writes++;
    return true;
}

static bool read_target(void *context, uint32_t offset, uint8_t *out, size_t len)
{
    struct flash *f = context;
    if (offset > f->wanted.len || len > f->wanted.len - offset) {
        f->outside = true;
        return false;
    }
    memcpy(out, f->target + offset, len);
    return goes_well(f);
}

/* --- Attempts -------------------------------------------------------------------------------- */

enum bc_dfota_fault flash_begin(struct flash *f, const struct bc_dfota_progress *progress)
{
    const struct bc_dfota_port port = {.context = f,
                                       .package_bytes = (uint32_t)f->package.len,
                                       .read_package = read_package,
                                       .write_target = write_target,
                                       .read_target = read_target};
    bc_dfota_apply_end(&f->apply);
    f->operations = 0;
    f->writes = 0;
    f->write_end = 0;
    f->outside = false;
    bc_dfota_apply_begin(&f->apply, &port, bc_sink_view(&f->source), f->memory, f->memory_bytes,
                         progress);
    f->write_end = f->apply.progress.blocks_done * f->apply.package.block_bytes;
    return f->apply.fault;
}

enum bc_dfota_fault flash_run(struct flash *f, const struct bc_dfota_progress *progress)
{
    flash_begin(f, progress);
    while (f->apply.phase < BC_DFOTA_DONE)
        bc_dfota_apply_step(&f->apply);
    assert_false(f->outside);
    assert_int_equal(f->apply.phase == BC_DFOTA_DONE, f->apply.fault == BC_DFOTA_NO_FAULT);
    return f->apply.fault;
}

void flash_refuses(struct flash *f, enum bc_dfota_fault fault)
{
    assert_string_equal(bc_dfota_fault_name(flash_run(f, NULL)), bc_dfota_fault_name(fault));
    assert_int_equal(f->writes, 0);
}

void flash_holds_target(const struct flash *f)
{
    assert_memory_equal(f->target, f->wanted.ptr, f->wanted.len);
}
