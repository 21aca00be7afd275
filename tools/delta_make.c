/*
 * Making a delta package (docs/DELTA.md): see delta.h.
 *
 * Each block is compressed alone, against the source. Indexing the source takes longer than a
 * block, so it is done once, in a zstd dictionary of raw content (ZSTD_CDict); a frame does not
 * show whether it was made so or with ZSTD_CCtx_refPrefix(), which would index for every block and
 * gain 1 %. Before that it is looked for in the source as a whole, since a copy takes one byte and
 * a frame that says the same a dozen.
 */
#define _GNU_SOURCE
#define ZSTD_STATIC_LINKING_ONLY
#include "delta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/sink.h"

#define MAGIC_BYTES 4U         /* of a frame; a package has none */
#define REACH_BYTES (1U << 20) /* how far from where it should be a block is looked for */
#define PROBE_BYTES 32U
#define PROBES_MAX 64 /* where a block repeats one byte it would be found everywhere, nearly */

struct maker {
    const struct delta_wish *wish;
    struct bc_package header;
    ZSTD_CCtx *context;
    ZSTD_CDict *reference;
    bc_sink out;      /* the package */
    bc_sink frame;    /* of a block */
    int32_t distance; /* of the last copy */
};

static bool no_memory(char why[TOOL_WHY_MAX])
{
    snprintf(why, TOOL_WHY_MAX, "out of memory");
    return false;
}

static bool hash(bc_view bytes, uint8_t digest[BC_SHA256_BYTES])
{
    struct bc_sha256 state;
    bc_sha256_begin(&state);
    bc_sha256_add(&state, bytes);
    return bc_sha256_end(&state, digest);
}

/* The level's parameters, with tables that reach over the whole source however large it is. */
static ZSTD_compressionParameters parameters(size_t source_bytes, uint32_t block_bytes, int level)
{
    ZSTD_compressionParameters p = ZSTD_getCParams(level, source_bytes + block_bytes, 0);
    unsigned log = ZSTD_WINDOWLOG_MIN;
    while (((size_t)1 << log) < source_bytes + block_bytes)
        log++;
    p.windowLog = p.windowLog < log ? log : p.windowLog;
    /* A binary tree, as the upper levels have it, takes two entries a position. */
    p.chainLog = p.chainLog < log + 1 && p.strategy >= ZSTD_btlazy2 ? log + 1 : p.chainLog;
    return p;
}

static bool open_compressor(struct maker *m)
{
    const struct delta_wish *wish = m->wish;
    m->context = ZSTD_createCCtx();
    m->reference = ZSTD_createCDict_advanced(
        wish->source.ptr, wish->source.len, ZSTD_dlm_byRef, ZSTD_dct_rawContent,
        parameters(wish->source.len, wish->block_bytes, wish->level), ZSTD_defaultCMem);
    return m->context != NULL && m->reference != NULL &&
           !ZSTD_isError(ZSTD_CCtx_setParameter(m->context, ZSTD_c_checksumFlag, 0)) &&
           !ZSTD_isError(ZSTD_CCtx_refCDict(m->context, m->reference));
}

static size_t frame_bytes_max(const struct bc_package *p)
{
    return MAGIC_BYTES + p->block_bytes + BC_PACKAGE_FRAME_EXTRA_BYTES;
}

/* The header, filled in later, and frames that do not shrink at all. */
static size_t package_bytes_max(const struct bc_package *p)
{
    return BC_PACKAGE_HEADER_BYTES +
           (size_t)bc_package_blocks(p) * (BC_PACKAGE_HEAD_BYTES_MAX + frame_bytes_max(p));
}

static bool begin(struct maker *m)
{
    const struct delta_wish *wish = m->wish;
    m->header = (struct bc_package){.block_bytes = wish->block_bytes,
                                    .source_bytes = (uint32_t)wish->source.len,
                                    .target_bytes = (uint32_t)wish->target.len};
    strncpy(m->header.source_revision, wish->source_revision, BC_PACKAGE_REVISION_CHARS_MAX);
    strncpy(m->header.target_revision, wish->target_revision, BC_PACKAGE_REVISION_CHARS_MAX);
    m->out.cap = package_bytes_max(&m->header);
    m->out.ptr = calloc(1, m->out.cap);
    m->out.len = BC_PACKAGE_HEADER_BYTES;
    m->frame.cap = frame_bytes_max(&m->header);
    m->frame.ptr = malloc(m->frame.cap);
    return m->out.ptr != NULL && m->frame.ptr != NULL &&
           hash(wish->source, m->header.source_sha256) &&
           hash(wish->target, m->header.target_sha256) && open_compressor(m);
}

/* --- Blocks ---------------------------------------------------------------------------------- */

static bool is_copy(const struct maker *m, uint32_t offset, bc_view block, int64_t distance)
{
    bc_view source = m->wish->source;
    int64_t from = (int64_t)offset + distance;
    return from >= 0 && from + (int64_t)block.len <= (int64_t)source.len &&
           memcmp(source.ptr + from, block.ptr, block.len) == 0;
}

/* Where the source has the whole block, as a distance: best where the last copy was, else near. */
static bool find_copy(const struct maker *m, uint32_t offset, bc_view block, int32_t *distance)
{
    bc_view source = m->wish->source;
    int64_t middle = (int64_t)offset + m->distance;
    int64_t from = middle > REACH_BYTES ? middle - REACH_BYTES : 0;
    int64_t end = middle + REACH_BYTES + (int64_t)block.len;
    if (end > (int64_t)source.len)
        end = (int64_t)source.len;
    *distance = m->distance;
    if (is_copy(m, offset, block, m->distance))
        return true;
    if (block.len < PROBE_BYTES)
        return false;
    for (int probe = 0; probe < PROBES_MAX && from < end; probe++) {
        const uint8_t *found =
            memmem(source.ptr + from, (size_t)(end - from), block.ptr, PROBE_BYTES);
        if (found == NULL)
            return false;
        from = found - source.ptr;
        *distance = (int32_t)(from - offset);
        if (is_copy(m, offset, block, *distance))
            return true;
        from++;
    }
    return false;
}

static bool compress(struct maker *m, bc_view block, char why[TOOL_WHY_MAX])
{
    size_t got = ZSTD_compress2(m->context, m->frame.ptr, m->frame.cap, block.ptr, block.len);
    if (ZSTD_isError(got)) {
        snprintf(why, TOOL_WHY_MAX, "cannot compress: %s", ZSTD_getErrorName(got));
        return false;
    }
    m->frame.len = got;
    return true;
}

static bool add_block(struct maker *m, uint32_t index, char why[TOOL_WHY_MAX])
{
    uint32_t offset = index * m->header.block_bytes;
    bc_view block = {m->wish->target.ptr + offset, bc_package_block_bytes(&m->header, index)};
    struct bc_package_record record = {0};
    if (find_copy(m, offset, block, &record.distance)) {
        bc_package_put_record(&m->out, &record, m->distance);
        m->distance = record.distance;
        return true;
    }
    if (!compress(m, block, why))
        return false;
    bc_view frame = {m->frame.ptr + MAGIC_BYTES, m->frame.len - MAGIC_BYTES};
    record.frame_bytes = (uint32_t)frame.len;
    bc_package_put_record(&m->out, &record, m->distance);
    bc_put_bytes(&m->out, frame);
    return true;
}

static bool finish(struct maker *m)
{
    bc_sink header = {.ptr = m->out.ptr, .cap = BC_PACKAGE_HEADER_BYTES};
    bc_view body = {m->out.ptr + BC_PACKAGE_HEADER_BYTES, m->out.len - BC_PACKAGE_HEADER_BYTES};
    m->header.body_bytes = (uint32_t)body.len;
    return hash(body, m->header.body_sha256) && bc_package_put(&header, &m->header) == BC_OK;
}

static bool make(struct maker *m, char why[TOOL_WHY_MAX])
{
    if (!begin(m))
        return no_memory(why);
    uint32_t blocks = bc_package_blocks(&m->header);
    for (uint32_t i = 0; i < blocks; i++) {
        if (!add_block(m, i, why))
            return false;
        if (m->wish->progress != NULL)
            m->wish->progress(i + 1, blocks);
    }
    return finish(m) || no_memory(why);
}

/* --- The check ------------------------------------------------------------------------------- */

static bool same_bytes(void *context, uint32_t offset, bc_view bytes)
{
    const struct delta_wish *wish = context;
    return memcmp(wish->target.ptr + offset, bytes.ptr, bytes.len) == 0;
}

static bool read_back(void *context, uint32_t offset, uint8_t *out, size_t len)
{
    const struct delta_wish *wish = context;
    memcpy(out, wish->target.ptr + offset, len);
    return true;
}

/* What leaves here has been applied once. */
static bool applies(const struct delta_wish *wish, bc_view package, char why[TOOL_WHY_MAX])
{
    struct delta_wish copy = *wish;
    struct delta_run run = {.package = package,
                            .source = wish->source,
                            .write_target = same_bytes,
                            .read_target = read_back,
                            .context = &copy};
    return delta_run(&run, BC_DFOTA_DONE, why);
}

bool delta_make(const struct delta_wish *wish, struct tool_bytes *package, char why[TOOL_WHY_MAX])
{
    struct maker m = {.wish = wish};
    bool good = make(&m, why) && applies(wish, bc_sink_view(&m.out), why);
    ZSTD_freeCDict(m.reference);
    ZSTD_freeCCtx(m.context);
    free(m.frame.ptr);
    if (!good) {
        free(m.out.ptr);
        return false;
    }
    *package = (struct tool_bytes){m.out.ptr, m.out.len};
    return true;
}
