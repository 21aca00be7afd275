/*
 * Appending and reading plain text: see sink.h.
 */
#include "base/sink.h"

#include <assert.h>
#include <string.h>

/* Where the next `len` bytes go, or NULL when they do not fit. */
static uint8_t *reserve(bc_sink *s, size_t len)
{
    if (s->full || len > s->cap - s->len) {
        s->full = true;
        return NULL;
    }
    uint8_t *at = s->ptr + s->len;
    s->len += len;
    return at;
}

void bc_put_bytes(bc_sink *s, bc_view bytes)
{
    uint8_t *at = bytes.len == 0 ? NULL : reserve(s, bytes.len);
    if (at != NULL)
        memmove(at, bytes.ptr, bytes.len); /* they may overlap: a body that moves to its header */
}

void bc_put_text(bc_sink *s, const char *text)
{
    bc_put_bytes(s, bc_view_of(text));
}

void bc_put_char(bc_sink *s, char c)
{
    uint8_t *at = reserve(s, 1);
    if (at != NULL)
        *at = (uint8_t)c;
}

void bc_put_uint_pad(bc_sink *s, uint64_t value, unsigned digits)
{
    char text[20];
    size_t at = sizeof(text);
    do {
        text[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    assert(digits <= sizeof(text));
    while (sizeof(text) - at < digits)
        text[--at] = '0';
    bc_put_bytes(s, (bc_view){(const uint8_t *)text + at, sizeof(text) - at});
}

void bc_put_int(bc_sink *s, int64_t value)
{
    size_t before = s->len;
    if (value < 0)
        bc_put_char(s, '-');
    bc_put_uint_pad(s, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 1);
    if (s->full)
        s->len = before;
}

void bc_put_hex(bc_sink *s, bc_view bytes)
{
    static const char digits[] = "0123456789ABCDEF";
    uint8_t *at = reserve(s, 2 * bytes.len);
    for (size_t i = 0; at != NULL && i < bytes.len; i++) {
        *at++ = (uint8_t)digits[bytes.ptr[i] >> 4];
        *at++ = (uint8_t)digits[bytes.ptr[i] & 15];
    }
}

void bc_put_be(bc_sink *s, size_t value, unsigned bytes)
{
    uint8_t *at = reserve(s, bytes);
    while (at != NULL && bytes-- > 0)
        *at++ = (uint8_t)(bytes < sizeof(value) ? value >> (8 * bytes) : 0);
}

bool bc_take_bytes(bc_view *rest, size_t len, bc_view *out)
{
    if (rest->len < len)
        return false;
    *out = (bc_view){rest->ptr, len};
    rest->ptr += len;
    rest->len -= len;
    return true;
}

bool bc_take_be(bc_view *rest, unsigned bytes, uint32_t *out)
{
    bc_view digits;
    if (!bc_take_bytes(rest, bytes, &digits))
        return false;
    *out = 0;
    for (size_t i = 0; i < digits.len; i++)
        *out = *out << 8 | digits.ptr[i];
    return true;
}

static void put_upper_hex(bc_sink *s, unsigned value, unsigned digits)
{
    for (unsigned i = digits; i-- > 0;)
        bc_put_char(s, "0123456789ABCDEF"[value >> (4 * i) & 15U]);
}

/* One conversion; returns the last character of it in the format. */
static const char *put_conversion(bc_sink *s, const char *at, va_list *arguments)
{
    unsigned digits = 1;
    if (at[0] == '0' && at[1] != '\0') {
        digits = (unsigned)(at[1] - '0');
        at += 2;
    }
    switch (*at) {
    case 'd':
        bc_put_int(s, va_arg(*arguments, int));
        break;
    case 'u':
        bc_put_uint_pad(s, va_arg(*arguments, unsigned), digits);
        break;
    case 'X':
        put_upper_hex(s, va_arg(*arguments, unsigned), digits);
        break;
    case 's':
        bc_put_text(s, va_arg(*arguments, const char *));
        break;
    case '.': { /* ".*s" */
        int len = va_arg(*arguments, int);
        const char *text = va_arg(*arguments, const char *);
        bc_put_bytes(s, (bc_view){(const uint8_t *)text, (size_t)len});
        return at + 2;
    }
    case 'c':
        bc_put_char(s, (char)va_arg(*arguments, int));
        break;
    default:
        assert(*at == '%');
        bc_put_char(s, '%');
        break;
    }
    return at;
}

void bc_put_vformat(bc_sink *s, const char *format, va_list arguments)
{
    size_t before = s->len;
    va_list copy; /* so that its address can be passed on wherever va_list is an array */
    va_copy(copy, arguments);
    for (const char *at = format; *at != '\0'; at++) {
        if (*at == '%')
            at = put_conversion(s, at + 1, &copy);
        else
            bc_put_char(s, *at);
    }
    va_end(copy);
    if (s->full)
        s->len = before;
}

void bc_put_format(bc_sink *s, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    bc_put_vformat(s, format, arguments);
    va_end(arguments);
}

bc_view bc_view_of(const char *text)
{
    return (bc_view){(const uint8_t *)text, strlen(text)};
}

bool bc_view_equal(bc_view a, bc_view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool bc_view_equal_nocase(bc_view a, const char *b)
{
    size_t i = 0;
    while (i < a.len && b[i] != '\0' && lower(a.ptr[i]) == lower((uint8_t)b[i]))
        i++;
    return i == a.len && b[i] == '\0';
}

bool bc_view_int(bc_view text, int64_t *out)
{
    size_t i = 0;
    bool negative = text.len > 0 && text.ptr[0] == '-';
    if (text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+'))
        i = 1;
    if (i == text.len)
        return false;
    uint64_t limit = (uint64_t)INT64_MAX + negative;
    uint64_t value = 0;
    for (; i < text.len; i++) {
        uint8_t digit = (uint8_t)(text.ptr[i] - '0');
        if (digit > 9 || value > (limit - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = negative ? (int64_t)(0 - value) : (int64_t)value;
    return true;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool bc_hex_decode(bc_view digits, uint8_t *out)
{
    if (digits.len % 2 != 0)
        return false;
    for (size_t i = 0; i < digits.len; i += 2) {
        int high = hex_digit(digits.ptr[i]);
        int low = hex_digit(digits.ptr[i + 1]);
        if (high < 0 || low < 0)
            return false;
        *out++ = (uint8_t)(high << 4 | low);
    }
    return true;
}

void bc_wipe(void *memory, size_t bytes)
{
    volatile uint8_t *at = memory;
    while (bytes-- > 0)
        *at++ = 0;
}
