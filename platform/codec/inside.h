/*
 * What the files of platform/codec share. Nothing outside this folder includes it.
 */
#ifndef BC_PLATFORM_CODEC_INSIDE_H
#define BC_PLATFORM_CODEC_INSIDE_H

#include "codec.h"

/* problem.c: tells what is wrong, cut to its room and made printable: whatever stands in it, the
 * text is UTF-8 without control characters. False, for `return codec_fail(...)`. */
bool codec_fail(char problem[CODEC_PROBLEM_BYTES], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Puts "<where>: " in front. False likewise. */
bool codec_fail_at(char problem[CODEC_PROBLEM_BYTES], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* jansson walks over objects only when they may be changed; nobody does. */
static inline json_t *codec_walk(const json_t *object)
{
    return (json_t *)(uintptr_t)object;
}

/* The members of a document, with problems that name them. */

/* True when `object` is an object with no members but those named, up to a NULL. */
bool codec_check_members(const json_t *object, const char *const *names,
                         char problem[CODEC_PROBLEM_BYTES]);
/* A text of 1 to `max` bytes; "" and a problem otherwise. */
const char *codec_text(const json_t *object, const char *name, size_t max,
                       char problem[CODEC_PROBLEM_BYTES]);
/* An integer of min to max; `fallback` when it is absent. False after a problem. */
bool codec_integer(const json_t *object, const char *name, int64_t min, int64_t max,
                   int64_t fallback, int64_t *out, char problem[CODEC_PROBLEM_BYTES]);
/* An array of at most `max` items; absent and null are none. False after a problem. */
bool codec_array(const json_t *object, const char *name, size_t max, const json_t **out,
                 char problem[CODEC_PROBLEM_BYTES]);
/* The index in a list of words up to a NULL; -1 when it is none of them. */
int codec_word(const char *word, const char *const *words);
/* A number, or one in quotes; false when it is neither. */
bool codec_number(const json_t *value, double *out);
/* Whether that many characters of UTF-8 or fewer stand in a text. */
bool codec_text_within(const json_t *text, double characters_max);

#define CODEC_NAME_BYTES_MAX 64 /* of a service, property, method, identifier */
#define CODEC_ROWS_MAX 256      /* of any list in a document */

/* fields.c */
struct codec_fields;
struct codec_fields *codec_fields_create(const json_t *definition, const json_t *profile,
                                         char problem[CODEC_PROBLEM_BYTES]);
void codec_fields_destroy(struct codec_fields *fields);
json_t *codec_fields_decode(const struct codec_fields *fields, bc_view payload,
                            char problem[CODEC_PROBLEM_BYTES]);
bool codec_fields_encode(const struct codec_fields *fields, const char *service, const char *method,
                         const json_t *params, bc_sink *out, char problem[CODEC_PROBLEM_BYTES]);

/* lua.c */
struct codec_lua;
struct codec_lua *codec_lua_create(const json_t *definition, char problem[CODEC_PROBLEM_BYTES]);
void codec_lua_destroy(struct codec_lua *lua);
json_t *codec_lua_decode(struct codec_lua *lua, bc_view payload, char problem[CODEC_PROBLEM_BYTES]);
bool codec_lua_encode(struct codec_lua *lua, const char *service, const char *method,
                      const json_t *params, bc_sink *out, char problem[CODEC_PROBLEM_BYTES]);

#endif
