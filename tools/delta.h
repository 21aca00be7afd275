/*
 * The work of bc260y-delta: making, applying and looking at delta packages (docs/DELTA.md) in
 * memory and in files. delta_main.c has the command line.
 */
#ifndef DELTA_H
#define DELTA_H

#include "dfota/apply.h"
#include "tool_file.h"

#define DELTA_BLOCK_BYTES 16384U
#define DELTA_LEVEL 19
#define DELTA_LEVEL_MAX 22

/* Told after every block: on a terminal, to show that it goes on. NULL is fine. */
typedef void delta_progress(uint32_t done, uint32_t all);

struct delta_wish {
    bc_view source, target;
    const char *source_revision, *target_revision; /* valid: see bc_package_revision_valid() */
    uint32_t block_bytes;
    int level; /* of zstd */
    delta_progress *progress;
};

/* The package, applied once as a check. */
bool delta_make(const struct delta_wish *wish, struct tool_bytes *package, char why[TOOL_WHY_MAX]);

/* The target, block by block, into the open output. Whatever fails, the output is to be dropped. */
bool delta_apply(bc_view package, bc_view source, struct tool_output *output,
                 delta_progress *progress, char why[TOOL_WHY_MAX]);

/* Checks all but the source and prints what the package is. */
bool delta_inspect(bc_view package, bool json, char why[TOOL_WHY_MAX]);

/* The library at work on a package in memory, until a phase or a failure. A run until
 * BC_DFOTA_CHECK_SOURCE needs no source and no target. */
struct delta_run {
    bc_view package, source;
    bool (*write_target)(void *context, uint32_t offset, bc_view bytes);
    bool (*read_target)(void *context, uint32_t offset, uint8_t *out, size_t len);
    void *context;
    delta_progress *progress;
    struct bc_package header; /* what was found */
};
bool delta_run(struct delta_run *run, enum bc_dfota_phase until, char why[TOOL_WHY_MAX]);

#endif
