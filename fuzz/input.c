/*
 * Reading an input: see input.h.
 */
#include "input.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bc_view fuzz_take(bc_view *in, size_t len)
{
    bc_view head = {in->ptr, len < in->len ? len : in->len};
    if (head.len > 0)
        in->ptr += head.len;
    in->len -= head.len;
    return head;
}

uint8_t fuzz_take_byte(bc_view *in)
{
    bc_view byte = fuzz_take(in, 1);
    return byte.len == 1 ? byte.ptr[0] : 0;
}

uint16_t fuzz_take_u16(bc_view *in)
{
    unsigned high = fuzz_take_byte(in);
    return (uint16_t)(high << 8 | fuzz_take_byte(in));
}

bc_view fuzz_copy(bc_view bytes)
{
    uint8_t *copy = malloc(bytes.len == 0 ? 1 : bytes.len);
    assert(copy != NULL);
    if (bytes.len > 0)
        memcpy(copy, bytes.ptr, bytes.len);
    return (bc_view){copy, bytes.len};
}

void fuzz_free(bc_view copy)
{
    free((void *)(uintptr_t)copy.ptr);
}
