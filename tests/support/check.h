/*
 * What C unit tests of several parts share: cmocka, bytes written as hex, and comparisons that show
 * both sides when they differ. Include it before anything else of cmocka.
 */
#ifndef TEST_CHECK_H
#define TEST_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

#include "base/random.h"
#include "base/sink.h"

#define CHECK_BYTES_MAX 3072

/* Bytes in a block of their own and of exactly that size, so that the sanitizer sees whoever reads
 * or writes beyond them. Free `ptr`. */
bc_view check_heap_copy(bc_view bytes);
bc_sink check_heap_sink(size_t cap);
void check_heap_free(bc_view bytes);

/* Hex digits to bytes on the heap; spaces count for nothing. */
bc_view check_from_hex(const char *digits);

/* The view holds these bytes, given as hex (spaces count for nothing), or this text. */
#define check_hex(...) check_hex_at(__FILE__, __LINE__, __VA_ARGS__)
#define check_text(...) check_text_at(__FILE__, __LINE__, __VA_ARGS__)
void check_hex_at(const char *file, int line, bc_view actual, const char *digits);
void check_text_at(const char *file, int line, bc_view actual, const char *text);

/* A number below `below` from a seeded generator. */
uint32_t check_draw(struct bc_random *random, uint32_t below);

#endif
