/*
 * Applying a delta package (docs/DELTA.md), sans-IO: the caller lends memory and a port to what it
 * stores; each step does a bounded piece of work, so that a UART can be served in between.
 *
 *     CHECK_PACKAGE -> CHECK_RECORDS -> CHECK_SOURCE -> WRITE -> CHECK_TARGET -> DONE
 *           '---------------'---------------'-------------'------------'--------> FAILED
 *
 * Until WRITE nothing is written: a damaged package or another source never gets there. The source
 * is only read. After each block that was written `progress` says how far it is; whoever keeps it
 * goes on from there after a power cut, with the same bytes as without. The journal that keeps it,
 * the boot record and object 5 are the caller's.
 *
 * Who only wants to know whether a package is whole steps until CHECK_SOURCE and ends.
 */
#ifndef BC_DFOTA_APPLY_H
#define BC_DFOTA_APPLY_H

#include "dfota/package.h"
#include "dfota/unpack.h"

/* Where package and target are. Each call moves all of the bytes or is false; none goes beyond
 * package_bytes or the target_bytes of the package. */
struct bc_dfota_port {
    void *context;
    uint32_t package_bytes; /* as many as were received */
    bool (*read_package)(void *context, uint32_t offset, uint8_t *out, size_t len);
    bool (*write_target)(void *context, uint32_t offset, bc_view bytes);
    bool (*read_target)(void *context, uint32_t offset, uint8_t *out, size_t len);
};

enum bc_dfota_phase {
    BC_DFOTA_CHECK_PACKAGE, /* its length and SHA-256 */
    BC_DFOTA_CHECK_RECORDS, /* every frame lies in the package, and every copy in the source */
    BC_DFOTA_CHECK_SOURCE,  /* its length and SHA-256 */
    BC_DFOTA_WRITE,         /* one block a step */
    BC_DFOTA_CHECK_TARGET,  /* read back: its SHA-256 */
    BC_DFOTA_DONE,
    BC_DFOTA_FAILED,
};

enum bc_dfota_fault {
    BC_DFOTA_NO_FAULT,
    BC_DFOTA_FAULT_MAGIC,    /* no package */
    BC_DFOTA_FAULT_HEADER,   /* altered there */
    BC_DFOTA_FAULT_VERSION,  /* another format version, or beyond the limits of package.h */
    BC_DFOTA_FAULT_LENGTH,   /* cut short, or more than it says */
    BC_DFOTA_FAULT_BODY,     /* altered */
    BC_DFOTA_FAULT_RECORD,   /* written wrongly: makes no sense with a good hash */
    BC_DFOTA_FAULT_BLOCK,    /* the same of a frame */
    BC_DFOTA_FAULT_SOURCE,   /* the package is for another image */
    BC_DFOTA_FAULT_PROGRESS, /* that of another package */
    BC_DFOTA_FAULT_TARGET,   /* what was written is not what the package promised */
    BC_DFOTA_FAULT_READ,     /* the port failed */
    BC_DFOTA_FAULT_WRITE,
    BC_DFOTA_FAULT_MEMORY, /* too little was lent, or there is no backend */
};

/* The fault as a phrase, "the package is cut short". Never NULL. */
const char *bc_dfota_fault_name(enum bc_dfota_fault fault);

/* What must be kept to go on after a power cut. All zero: begin at the beginning. */
struct bc_dfota_progress {
    uint8_t body_sha256[BC_SHA256_BYTES]; /* of which package */
    uint32_t blocks_done;                 /* so many are in the target, from its beginning */
};

/* A block's record in the package, and the distance of the last copy before it. */
struct bc_dfota_cursor {
    uint32_t index;
    uint32_t offset;
    int32_t distance;
};

/* The caller owns it and reads `package`, `progress`, `phase` and `fault`; the rest is private. */
struct bc_dfota_apply {
    struct bc_package package;
    struct bc_dfota_progress progress;
    enum bc_dfota_phase phase;
    enum bc_dfota_fault fault;

    struct bc_dfota_port port;
    bc_view source;
    struct bc_unpack unpack;
    uint8_t *frame; /* the magic of zstd, block_bytes + BC_PACKAGE_FRAME_EXTRA_BYTES */
    uint8_t *block; /* block_bytes */
    struct bc_dfota_cursor check; /* of CHECK_RECORDS */
    struct bc_dfota_cursor next;  /* to be written */
    struct bc_sha256 hash;
    bool hashing;
    uint32_t at; /* bytes that this phase has seen */
};

/* The memory to lend for packages with such blocks: two blocks and the decoder (128 KiB). */
size_t bc_dfota_memory_bytes(uint32_t block_bytes);

/* Reads the header. `source` is the image that runs, `memory` is aligned to 8 bytes; both stay in
 * place until the end. `progress` is that of an earlier attempt, or NULL. In the phase that follows
 * `package` is valid, unless it is FAILED. */
enum bc_dfota_phase bc_dfota_apply_begin(struct bc_dfota_apply *apply,
                                         const struct bc_dfota_port *port, bc_view source,
                                         void *memory, size_t memory_bytes,
                                         const struct bc_dfota_progress *progress);

/* At most one block or one bufferful more; the phase that comes next. Nothing after DONE and
 * FAILED. */
enum bc_dfota_phase bc_dfota_apply_step(struct bc_dfota_apply *apply);

/* Gives back what a backend may hold, at any time; more than once is fine. */
void bc_dfota_apply_end(struct bc_dfota_apply *apply);

#endif
