/*
 * Hex for world.h that is put together piece by piece: Block options and parts of a long value.
 */
#ifndef TEST_TEXT_H
#define TEST_TEXT_H

#include "world.h"

#define SIZES 7 /* of blocks: exponents 0 to 6 */
#define SIZE(exponent) ((size_t)16 << (exponent))

#define TEXT_CHARS_MAX (3 * WORLD_BYTES_MAX)

struct text {
    char hex[TEXT_CHARS_MAX];
    size_t len;
};

void text_add(struct text *t, const char *hex);
void text_add_byte(struct text *t, unsigned byte);
/* A Block option; `delta` is its distance from the number of the option before. */
void text_add_block(struct text *t, unsigned delta, size_t number, bool more, unsigned exponent);

/* A value as long as needed, no two blocks of which are the same. */
uint8_t text_value(size_t at);
/* The payload marker and that part of the value. */
void text_add_value(struct text *t, size_t at, size_t bytes);

#endif
