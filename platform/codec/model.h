/*
 * The thing model of China Unicom DMP (guide 5.5.1): properties with a type and a range, and the
 * mapping that says which resource of which object is which property. Values travel as TLV, LwM2M
 * JSON, text or opaque (LwM2M 1.0 section 6.4).
 *
 *     model: {"properties": [{"identifier", "name", "type": "bool|int32|float|double|text|enum",
 *                             "min", "max", "step", "unit", "max_length", "access": "r|rw",
 *                             "true_name", "false_name",
 *                             "values": [{"value": 1, "name": "on"}]   (of an enum)}],
 *             "services": [{"identifier"}], "events": [{"identifier"}]}
 *     mapping: {"items": [{"object": 3303, "instance": 0, "resource": 5700,
 *                          "identifier": "temperature"}]}
 */
#ifndef BC_PLATFORM_MODEL_H
#define BC_PLATFORM_MODEL_H

#include "codec.h"
#include "path.h"

/* Whether a model, or a mapping to it, is whole; what is wrong with it in one line. */
bool model_check(const json_t *model, char problem[CODEC_PROBLEM_BYTES]);
bool mapping_check(const json_t *model, const json_t *mapping, char problem[CODEC_PROBLEM_BYTES]);

/* {"temperature": 21.5}, to be released: what the payload of `path` (an object, instance or
 * resource) says of mapped properties; other resources are passed over, so it may be empty.
 * `format` is the content format, BC_COAP_FORMAT_ABSENT where the message named none. NULL when the
 * payload is none of that format, or a value does not fit its property. Both documents have been
 * checked. An enum is told as its number. */
json_t *model_decode(const json_t *model, const json_t *mapping, const struct bc_server_path *path,
                     int32_t format, bc_view payload, char problem[CODEC_PROBLEM_BYTES]);

/* What to PUT where, so that the property gets the value: the resource's path, and its TLV. False
 * when there is no such property, it cannot be written, is not mapped, or the value does not fit;
 * then `out` is as before. */
bool model_encode(const json_t *model, const json_t *mapping, const char *identifier,
                  const json_t *value, struct bc_server_path *path, int32_t *format, bc_sink *out,
                  char problem[CODEC_PROBLEM_BYTES]);

/* The property's row, borrowed; NULL when there is none. */
const json_t *model_property(const json_t *model, const char *identifier);

#endif
