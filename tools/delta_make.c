/*
 * Making a delta package (docs/DELTA.md): see delta.h.
 *
 * Each block is compressed alone, against the source. Indexing the source takes longer than a
 * block, so it is done once, in a zstd dictionary of raw content (ZSTD_CDict); a frame does not
 * show whether it was made so or with ZSTD_CCtx_refPrefix(), which would index for every block and
 * gain 1 %.
 */
#define ZSTD_STATIC_LINKING_ONLY
#include "delta.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/sink.h"

struct maker {
    const struct delta_wish *wish;
    struct bc_package header;
    ZSTD_CCtx *context;
    ZSTD_CDict *reference;
    bc_sink out;  /* the package */
    size_t table; /* its offset in `out` */
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
           !ZSTD_isError(ZSTD_CCtx_setParameter(m->context, ZSTD_c_checksumFlag, 1)) &&
           !ZSTD_isError(ZSTD_CCtx_refCDict(m->context, m->reference));
}

/* Header and table, filled in later, and frames that do not shrink at all. */
static size_t package_bytes_max(const struct bc_package *p)
{
    return bc_package_frames_offset(p) +
           (size_t)bc_package_blocks(p) * (p->block_bytes + BC_PACKAGE_FRAME_EXTRA_BYTES);
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
    m->out.len = bc_package_frames_offset(&m->header);
    return m->out.ptr != NULL && hash(wish->source, m->header.source_sha256) &&
           hash(wish->target, m->header.target_sha256) && open_compressor(m);
}

static bool add_block(struct maker *m, uint32_t index, char why[TOOL_WHY_MAX])
{
    uint32_t offset = index * m->header.block_bytes;
    bc_sink entry = {.ptr = m->out.ptr + bc_package_table_offset(index),
                     .cap = BC_PACKAGE_TABLE_ENTRY_BYTES};
    size_t got =
        ZSTD_compress2(m->context, m->out.ptr + m->out.len, m->out.cap - m->out.len,
                       m->wish->target.ptr + offset, bc_package_block_bytes(&m->header, index));
    if (ZSTD_isError(got)) {
        snprintf(why, TOOL_WHY_MAX, "cannot compress: %s", ZSTD_getErrorName(got));
        return false;
    }
    m->out.len += got;
    bc_put_be(&entry, m->out.len - bc_package_frames_offset(&m->header),
              BC_PACKAGE_TABLE_ENTRY_BYTES);
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
    if (!good) {
        free(m.out.ptr);
        return false;
    }
    *package = (struct tool_bytes){m.out.ptr, m.out.len};
    return true;
}
