/*
 * What the tests of platform/codec share: documents with ' for ", bytes as hex.
 */
#ifndef BC_TESTS_CODEC_DESK_H
#define BC_TESTS_CODEC_DESK_H

#include "codec.h"

/* To be released. Fails the test when it is no JSON. */
json_t *document(const char *text);
/* Releases `got`, which must be there and be that document. */
void expect_document(json_t *got, const char *text);

/* What a definition makes of these bytes, or the problem of it, as text: both live until the next
 * call. Real numbers with 15 digits. */
const char *decoded(const char *definition, const char *profile, const char *hex);
/* The bytes of a command in hex, or the problem. */
const char *encoded(const char *definition, const char *profile, const char *service,
                    const char *method, const char *params);

#endif
