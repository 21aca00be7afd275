/*
 * A delta package from its header to its last block (docs/DELTA.md). The first byte chooses:
 *
 *     even: the rest is a package, as it is
 *     odd:  a good package is changed and its hashes are made right again: the rest is edits of
 *           three bytes, offset and value; an offset behind the end makes the body longer
 *
 * The second byte says after how many steps the power fails; the attempt goes on with the progress
 * that was kept. Whatever the bytes are: it ends, writes come in order and within the target, and
 * it is DONE only when the target has the SHA-256 that the header names.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/sink.h"
#include "delta.h"
#include "input.h"

#define IMAGE_BYTES 20000U
#define TARGET_BYTES 131072U
#define PACKAGE_BYTES 65536U
#define BODY_BYTES 24U /* offsets of docs/DELTA.md */
#define BODY_SHA256 156U
#define CHECK 188U

struct device {
    bc_view package;
    uint8_t target[TARGET_BYTES];
    uint32_t written; /* up to here, in order */
    uint32_t target_bytes;
};

static uint8_t source_image[IMAGE_BYTES];
static struct tool_bytes good_package;

/* Once: two images that differ a little, and the package between them. */
static void make_good_package(void)
{
    static uint8_t target_image[IMAGE_BYTES];
    struct bc_random random = {.state = 1};
    char why[TOOL_WHY_MAX];
    for (size_t i = 0; i < IMAGE_BYTES; i++)
        source_image[i] = (uint8_t)(bc_random_next(&random) % 23);
    memcpy(target_image, source_image + 11, IMAGE_BYTES - 11);
    for (size_t i = 0; i < IMAGE_BYTES; i += 701)
        target_image[i]++;
    const struct delta_wish wish = {.source = {source_image, IMAGE_BYTES},
                                    .target = {target_image, IMAGE_BYTES},
                                    .source_revision = "A",
                                    .target_revision = "B",
                                    .block_bytes = BC_PACKAGE_BLOCK_BYTES_MIN,
                                    .level = 3};
    bool made = delta_make(&wish, &good_package, why);
    assert(made);
}

static void hash(bc_view bytes, uint8_t digest[BC_SHA256_BYTES])
{
    struct bc_sha256 state;
    bc_sha256_begin(&state);
    bc_sha256_add(&state, bytes);
    bool good = bc_sha256_end(&state, digest);
    assert(good);
}

static bc_view edited(bc_view edits, uint8_t *bytes)
{
    uint8_t digest[BC_SHA256_BYTES];
    size_t len = good_package.len;
    memcpy(bytes, good_package.ptr, len);
    while (edits.len >= 3) {
        uint16_t offset = fuzz_take_u16(&edits);
        while (len <= offset)
            bytes[len++] = 0;
        bytes[offset] = fuzz_take_byte(&edits);
    }
    bc_sink body_bytes = {.ptr = bytes + BODY_BYTES, .cap = 4};
    bc_put_be(&body_bytes, len - BC_PACKAGE_HEADER_BYTES, 4);
    hash((bc_view){bytes + BC_PACKAGE_HEADER_BYTES, len - BC_PACKAGE_HEADER_BYTES}, digest);
    memcpy(bytes + BODY_SHA256, digest, BC_SHA256_BYTES);
    hash((bc_view){bytes, CHECK}, digest);
    memcpy(bytes + CHECK, digest, BC_PACKAGE_HEADER_BYTES - CHECK);
    return (bc_view){bytes, len};
}

static bool read_package(void *context, uint32_t offset, uint8_t *out, size_t len)
{
    const struct device *device = context;
    assert(offset <= device->package.len && len <= device->package.len - offset);
    memcpy(out, device->package.ptr + offset, len);
    return true;
}

static bool write_target(void *context, uint32_t offset, bc_view bytes)
{
    struct device *device = context;
    assert(offset == device->written && bytes.len <= device->target_bytes - offset);
    if (bytes.len > TARGET_BYTES - offset)
        return false;
    memcpy(device->target + offset, bytes.ptr, bytes.len);
    device->written += (uint32_t)bytes.len;
    return true;
}

static bool read_target(void *context, uint32_t offset, uint8_t *out, size_t len)
{
    const struct device *device = context;
    assert(offset <= device->written && len <= device->written - offset);
    memcpy(out, device->target + offset, len);
    return true;
}

/* At most `steps`; true when it ended by itself. */
static bool attempt(struct device *device, struct bc_dfota_apply *apply, void *memory,
                    size_t memory_bytes, const struct bc_dfota_progress *progress, uint32_t steps)
{
    const struct bc_dfota_port port = {.context = device,
                                       .package_bytes = (uint32_t)device->package.len,
                                       .read_package = read_package,
                                       .write_target = write_target,
                                       .read_target = read_target};
    bc_dfota_apply_begin(apply, &port, (bc_view){source_image, IMAGE_BYTES}, memory, memory_bytes,
                         progress);
    device->target_bytes = apply->package.target_bytes;
    for (uint32_t i = 0; i < steps && apply->phase < BC_DFOTA_DONE; i++)
        bc_dfota_apply_step(apply);
    bc_dfota_apply_end(apply);
    return apply->phase >= BC_DFOTA_DONE;
}

/* More than a package of these lengths can take. */
static uint32_t steps_max(bc_view package)
{
    struct bc_package header;
    if (bc_package_read(package, &header) != BC_OK)
        return 0;
    return 3 * bc_package_blocks(&header) + (header.body_bytes + header.source_bytes) / 4096 + 16;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[PACKAGE_BYTES + 16384];
    static struct device device;
    struct bc_dfota_apply apply;
    uint8_t digest[BC_SHA256_BYTES];
    struct bc_package header = {.block_bytes = BC_PACKAGE_BLOCK_BYTES_MIN};
    bc_view in = {data, size < PACKAGE_BYTES ? size : PACKAGE_BYTES};
    if (good_package.ptr == NULL)
        make_good_package();
    bool edit = (fuzz_take_byte(&in) & 1) != 0;
    uint32_t cut = fuzz_take_byte(&in);
    bc_view package = fuzz_copy(edit ? edited(in, bytes) : in);
    device.package = package;
    device.written = 0;
    (void)bc_package_read(package, &header);
    size_t memory_bytes =
        bc_dfota_memory_bytes(header.block_bytes % (2 * BC_PACKAGE_BLOCK_BYTES_MAX));
    void *memory = malloc(memory_bytes);
    assert(memory != NULL);
    if (!attempt(&device, &apply, memory, memory_bytes, NULL, cut)) {
        struct bc_dfota_progress kept = apply.progress;
        memset(memory, 0, memory_bytes);
        bool ended = attempt(&device, &apply, memory, memory_bytes, &kept, steps_max(package));
        assert(ended);
    }
    if (apply.phase == BC_DFOTA_DONE) {
        hash((bc_view){device.target, device.written}, digest);
        assert(memcmp(digest, apply.package.target_sha256, sizeof(digest)) == 0);
    }
    free(memory);
    fuzz_free(package);
    return 0;
}
