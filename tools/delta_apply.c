/*
 * Applying a package, to a file or only to see whether it is whole: see delta.h.
 */
#include "delta.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool read_package(void *context, uint32_t offset, uint8_t *out, size_t len)
{
    const struct delta_run *run = context;
    if (offset > run->package.len || len > run->package.len - offset)
        return false;
    memcpy(out, run->package.ptr + offset, len);
    return true;
}

static bool write_target(void *context, uint32_t offset, bc_view bytes)
{
    struct delta_run *run = context;
    return run->write_target(run->context, offset, bytes);
}

static bool read_target(void *context, uint32_t offset, uint8_t *out, size_t len)
{
    struct delta_run *run = context;
    return run->read_target(run->context, offset, out, len);
}

static void step_until(struct delta_run *run, struct bc_dfota_apply *apply,
                       enum bc_dfota_phase until)
{
    while (apply->phase != until && apply->phase != BC_DFOTA_FAILED) {
        bool writing = bc_dfota_apply_step(apply) == BC_DFOTA_WRITE;
        if (writing && run->progress != NULL)
            run->progress(apply->progress.blocks_done, bc_package_blocks(&apply->package));
    }
}

bool delta_run(struct delta_run *run, enum bc_dfota_phase until, char why[TOOL_WHY_MAX])
{
    struct bc_dfota_apply apply;
    const struct bc_dfota_port port = {.context = run,
                                       .package_bytes = (uint32_t)run->package.len,
                                       .read_package = read_package,
                                       .write_target = write_target,
                                       .read_target = read_target};
    size_t memory_bytes = bc_dfota_memory_bytes(BC_PACKAGE_BLOCK_BYTES_MAX);
    void *memory = malloc(memory_bytes);
    if (memory == NULL) {
        snprintf(why, TOOL_WHY_MAX, "out of memory");
        return false;
    }
    errno = 0;
    bc_dfota_apply_begin(&apply, &port, run->source, memory, memory_bytes, NULL);
    step_until(run, &apply, until);
    bc_dfota_apply_end(&apply);
    free(memory);
    run->header = apply.package;
    if (apply.phase == until)
        return true;
    snprintf(why, TOOL_WHY_MAX, "%s%s%s", bc_dfota_fault_name(apply.fault),
             apply.fault == BC_DFOTA_FAULT_WRITE && errno != 0 ? ": " : "",
             apply.fault == BC_DFOTA_FAULT_WRITE && errno != 0 ? strerror(errno) : "");
    if (apply.fault == BC_DFOTA_FAULT_SOURCE)
        snprintf(why, TOOL_WHY_MAX, "the package was made for another source: %s, %u bytes",
                 apply.package.source_revision, apply.package.source_bytes);
    return false;
}

static bool write_file(void *context, uint32_t offset, bc_view bytes)
{
    return tool_output_write(context, offset, bytes);
}

static bool read_file(void *context, uint32_t offset, uint8_t *out, size_t len)
{
    return tool_output_read(context, offset, out, len);
}

bool delta_apply(bc_view package, bc_view source, struct tool_output *output,
                 delta_progress *progress, char why[TOOL_WHY_MAX])
{
    struct delta_run run = {.package = package,
                            .source = source,
                            .write_target = write_file,
                            .read_target = read_file,
                            .context = output,
                            .progress = progress};
    return delta_run(&run, BC_DFOTA_DONE, why);
}
