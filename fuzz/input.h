/*
 * What the fuzz targets share: reading an input front to back. An input that is too short gives
 * zeros, so that every byte string means something.
 */
#ifndef BC_FUZZ_INPUT_H
#define BC_FUZZ_INPUT_H

#include "bc260y/types.h"

/* What libFuzzer, and run_files.c, call. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

bc_view fuzz_take(bc_view *in, size_t len); /* at most that many */
uint8_t fuzz_take_byte(bc_view *in);
uint16_t fuzz_take_u16(bc_view *in);

/* The same bytes alone in memory of exactly their size, so that a sanitizer sees one byte too far.
 * The copy is to be freed with fuzz_free(). */
bc_view fuzz_copy(bc_view bytes);
void fuzz_free(bc_view copy);

#endif
