/*
 * Helpers of the C unit tests: see check.h.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

bc_sink check_heap_sink(size_t cap)
{
    bc_sink sink = {.ptr = malloc(cap), .cap = cap};
    assert_true(sink.ptr != NULL || cap == 0);
    return sink;
}

bc_view check_heap_copy(bc_view bytes)
{
    bc_sink copy = check_heap_sink(bytes.len);
    if (bytes.len > 0)
        memcpy(copy.ptr, bytes.ptr, bytes.len);
    return (bc_view){copy.ptr, bytes.len};
}

void check_heap_free(bc_view bytes)
{
    union {
        const uint8_t *borrowed;
        uint8_t *owned;
    } block = {.borrowed = bytes.ptr};
    free(block.owned);
}

/* The digits without spaces, as text. */
static void squeeze(const char *digits, char *out, size_t cap)
{
    size_t len = 0;
    for (; *digits != '\0'; digits++)
        if (*digits != ' ') {
            assert_true(len + 1 < cap);
            out[len++] = *digits;
        }
    out[len] = '\0';
}

bc_view check_from_hex(const char *digits)
{
    char plain[2 * CHECK_BYTES_MAX + 1];
    squeeze(digits, plain, sizeof(plain));
    bc_view text = bc_view_of(plain);
    bc_sink bytes = check_heap_sink(text.len / 2);
    assert_true(bc_hex_decode(text, bytes.ptr));
    return (bc_view){bytes.ptr, bytes.cap};
}

void check_hex_at(const char *file, int line, bc_view actual, const char *digits)
{
    char expected[2 * CHECK_BYTES_MAX + 1];
    char seen[2 * CHECK_BYTES_MAX + 1];
    squeeze(digits, expected, sizeof(expected));
    bc_sink sink = {.ptr = (uint8_t *)seen, .cap = sizeof(seen)};
    bc_put_hex(&sink, actual);
    bc_put_char(&sink, '\0');
    assert_false(sink.full);
    _assert_string_equal(seen, expected, file, line);
}

void check_text_at(const char *file, int line, bc_view actual, const char *text)
{
    char seen[CHECK_BYTES_MAX + 1];
    assert_true(actual.len < sizeof(seen));
    if (actual.len > 0)
        memcpy(seen, actual.ptr, actual.len);
    seen[actual.len] = '\0';
    _assert_string_equal(seen, text, file, line);
    _assert_int_equal(actual.len, strlen(text), file, line);
}

uint32_t check_draw(struct bc_random *random, uint32_t below)
{
    return bc_random_next(random) % below;
}
