/*
 * Unpacking with libzstd: see unpack.h.
 *
 * The source is given as a digested dictionary of raw content. ZSTD_DCtx_refPrefix() would do the
 * same, but allocates its digest, even for a decoder in static memory, and takes a source that
 * happens to begin with the magic number of a dictionary for one. The functions for static memory
 * are outside zstd's stable interface; they have not changed since 1.4.
 */
#define ZSTD_STATIC_LINKING_ONLY
#include "dfota/unpack.h"

#include <assert.h>
#include <zstd.h>

#define ALIGNMENT 8U

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Referenced, not copied, the dictionary adds nothing to its digest. */
static size_t reference_bytes(void)
{
    return aligned(ZSTD_estimateDDictSize(0, ZSTD_dlm_byRef));
}

size_t bc_unpack_memory_bytes(void)
{
    return aligned(ZSTD_estimateDCtxSize()) + reference_bytes();
}

bool bc_unpack_begin(struct bc_unpack *unpack, void *memory, size_t memory_bytes, bc_view source)
{
    size_t decoder_bytes = aligned(ZSTD_estimateDCtxSize());
    assert((uintptr_t)memory % ALIGNMENT == 0);
    if (memory_bytes < bc_unpack_memory_bytes())
        return false;
    unpack->decoder = ZSTD_initStaticDCtx(memory, decoder_bytes);
    unpack->reference =
        ZSTD_initStaticDDict((uint8_t *)memory + decoder_bytes, reference_bytes(), source.ptr,
                             source.len, ZSTD_dlm_byRef, ZSTD_dct_rawContent);
    return unpack->decoder != NULL && unpack->reference != NULL;
}

/* The frame as make writes it: whatever else zstd would accept is no block of ours. */
static bool is_block(bc_view frame, size_t len)
{
    ZSTD_frameHeader header;
    return ZSTD_getFrameHeader(&header, frame.ptr, frame.len) == 0 &&
           header.frameType == ZSTD_frame && header.frameContentSize == len &&
           header.checksumFlag == 0 && header.dictID == 0 &&
           ZSTD_findFrameCompressedSize(frame.ptr, frame.len) == frame.len;
}

bool bc_unpack_block(struct bc_unpack *unpack, bc_view frame, uint8_t *out, size_t len)
{
    return is_block(frame, len) && ZSTD_decompress_usingDDict(unpack->decoder, out, len, frame.ptr,
                                                              frame.len, unpack->reference) == len;
}
