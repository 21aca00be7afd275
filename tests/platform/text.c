/*
 * The hex of text.h.
 */
#include "text.h"

#include <stdio.h>

uint8_t text_value(size_t at)
{
    return (uint8_t)(at % 251);
}

void text_add(struct text *t, const char *hex)
{
    t->len += (size_t)snprintf(t->hex + t->len, sizeof(t->hex) - t->len, "%s", hex);
    assert_true(t->len < sizeof(t->hex));
}

void text_add_byte(struct text *t, unsigned byte)
{
    char hex[3];
    snprintf(hex, sizeof(hex), "%02X", byte & 0xFFU);
    text_add(t, hex);
}

void text_add_block(struct text *t, unsigned delta, size_t number, bool more, unsigned exponent)
{
    unsigned value = (unsigned)number << 4 | (more ? 8U : 0U) | exponent;
    unsigned bytes = value == 0 ? 0 : value < 256 ? 1 : 2;
    text_add_byte(t, (delta < 13 ? delta : 13) << 4 | bytes);
    if (delta >= 13)
        text_add_byte(t, delta - 13);
    if (bytes == 2)
        text_add_byte(t, value >> 8);
    if (bytes > 0)
        text_add_byte(t, value & 255);
}

void text_add_value(struct text *t, size_t at, size_t bytes)
{
    text_add(t, "FF");
    for (size_t i = 0; i < bytes; i++)
        text_add_byte(t, text_value(at + i));
}
