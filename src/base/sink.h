/*
 * Appending to a bc_sink. Each call writes all of its bytes or, when they do not fit, none and
 * sets `full`; a full sink stays full. So a writer checks once, at the end.
 */
#ifndef BC_BASE_SINK_H
#define BC_BASE_SINK_H

#include <stdarg.h>

#include "bc260y/types.h"

static inline bc_view bc_sink_view(const bc_sink *s)
{
    return (bc_view){s->ptr, s->len};
}

void bc_put_bytes(bc_sink *s, bc_view bytes);
void bc_put_text(bc_sink *s, const char *text);
void bc_put_char(bc_sink *s, char c);
void bc_put_int(bc_sink *s, int64_t value);                        /* decimal */
void bc_put_uint_pad(bc_sink *s, uint64_t value, unsigned digits); /* decimal, zeros in front */
void bc_put_hex(bc_sink *s, bc_view bytes);                        /* upper case */
/* Big endian, any number of bytes: those beyond a size_t are 0. */
void bc_put_be(bc_sink *s, size_t value, unsigned bytes);

#if defined(__GNUC__)
#define BC_FORMAT(text, first) __attribute__((format(printf, text, first)))
#else
#define BC_FORMAT(text, first)
#endif

/* A small part of printf, without its size: %d %u %s %.*s %c %%, and %0nu, %0nX for n digits. */
void bc_put_format(bc_sink *s, const char *format, ...) BC_FORMAT(2, 3);
void bc_put_vformat(bc_sink *s, const char *format, va_list arguments) BC_FORMAT(2, 0);

/* The other way: takes bytes, or a big-endian number of at most 4, off the front. False, with
 * nothing taken, when there are too few. */
bool bc_take_bytes(bc_view *rest, size_t len, bc_view *out);
bool bc_take_be(bc_view *rest, unsigned bytes, uint32_t *out);

/* Views as text. Comparison ignores ASCII case where the name says so. */
bc_view bc_view_of(const char *text);
bool bc_view_equal(bc_view a, bc_view b);
bool bc_view_equal_nocase(bc_view a, const char *b);

/* A whole view as a decimal number with optional sign: false on empty, other characters, or
 * overflow of int64_t. */
bool bc_view_int(bc_view text, int64_t *out);

/* Hex digits of either case to bytes; `out` may be the digits' own memory. False on an odd count
 * or another character; then `out` may be half written. */
bool bc_hex_decode(bc_view digits, uint8_t *out);

/* Overwrites what held a key, in a way no compiler leaves out. */
void bc_wipe(void *memory, size_t bytes);

#endif
