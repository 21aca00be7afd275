/*
 * A product's codec plug-in (guide 5.2.1, step 5): the bytes of /19/0/0 become named properties of
 * services, commands become the bytes of /19/1/0. Pure: no socket, no file, no clock but the one
 * that stops a source which never ends.
 *
 * Two kinds of definition:
 *
 *     {"kind": "fields",
 *      "messages": [{"service": "Water", "id": {"offset": 0, "byte": 2},
 *                    "fields": [{"name": "level", "type": "uint16", "offset": 1, "scale": 0.1}]}],
 *      "commands": [{"service": "Water", "method": "SET", "id": {"offset": 0, "byte": 9},
 *                    "fields": [{"name": "valve", "type": "bool", "offset": 1}]}]}
 *
 * The first message whose `id` is in the payload and whose fields all lie in it is decoded; bytes
 * behind them are let be. `id` may be absent. A field without `offset` follows the field before it
 * (the first one: byte 0, or 1 when the id is byte 0). Types: uint8, uint16, uint32, uint64, int8,
 * int16, int32, int64, float32, float64, bool (1 byte), string and hex (`bytes` of them; without it
 * all that is left, for the last field). `endian` "big" (default) or "little"; `scale`: the value
 * is the number times that. Strings shorter than `bytes` are filled up with zeros.
 *
 *     {"kind": "lua", "source": "function decode(payload) ... end"}
 *
 * decode(payload) returns {service = "Water", properties = {level = 7}}, or a list of such;
 * encode(service, method, params) returns the bytes. What the language offers there, and its
 * limits, stand in docs/CODECS.md. Each call begins anew: nothing is kept from one to the next.
 *
 * With a profile (profile.h), what is decoded or encoded must fit it: services, properties,
 * commands, types, ranges. One codec belongs to one thread.
 */
#ifndef BC_PLATFORM_CODEC_H
#define BC_PLATFORM_CODEC_H

#include <jansson.h>

#include "bc260y/types.h"

#define CODEC_PROBLEM_BYTES 200
#define CODEC_PAYLOAD_BYTES_MAX 16384 /* what a device may send in blocks */
#define CODEC_SOURCE_BYTES_MAX 65536  /* of Lua */

struct codec;

/* Checks the definition and compiles it. `profile` may be NULL; both are not kept. NULL after a
 * problem, told in one line of UTF-8; that of a Lua source begins "line 3: ". */
struct codec *codec_create(const json_t *definition, const json_t *profile,
                           char problem[CODEC_PROBLEM_BYTES]);
void codec_destroy(struct codec *codec); /* NULL is fine */

/* {"services": [{"service": "Water", "properties": {"level": 7}}]}, to be released; NULL after a
 * problem. Dump real numbers with JSON_REAL_PRECISION(15): 0.3 is then "0.3". */
json_t *codec_decode(struct codec *codec, bc_view payload, char problem[CODEC_PROBLEM_BYTES]);

/* The bytes of a command, appended to `out`; `params` is an object, NULL for none. False after a
 * problem, also when they do not fit; then `out` is as before. */
bool codec_encode(struct codec *codec, const char *service, const char *method,
                  const json_t *params, bc_sink *out, char problem[CODEC_PROBLEM_BYTES]);

#endif
