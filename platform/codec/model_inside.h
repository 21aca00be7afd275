/*
 * What model.c and model_wire.c share.
 */
#ifndef BC_PLATFORM_MODEL_INSIDE_H
#define BC_PLATFORM_MODEL_INSIDE_H

#include "model.h"

enum model_type {
    MODEL_TYPELESS = -1,
    MODEL_BOOL,
    MODEL_INT32,
    MODEL_FLOAT,
    MODEL_DOUBLE,
    MODEL_TEXT,
    MODEL_ENUM,
};
enum model_type model_type_of(const json_t *property);

/* Where a mapped resource stands. */
struct model_place {
    uint16_t object;
    uint16_t instance;
    uint16_t resource;
};
struct model_place model_place_of(const json_t *item);
const json_t *model_item_at(const json_t *mapping, struct model_place place); /* may be NULL */

/* Whether a value is one of its property's. */
bool model_check_value(const json_t *property, const json_t *value,
                       char problem[CODEC_PROBLEM_BYTES]);
/* Whether it is also in the property's steps, as what is written must be. */
bool model_check_step(const json_t *property, const json_t *value,
                      char problem[CODEC_PROBLEM_BYTES]);

#endif
