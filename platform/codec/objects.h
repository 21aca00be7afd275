/*
 * What is known of objects without a model: the names of common ones and of their resources (OMA
 * LwM2M registry), and any payload as values by path, as far as it says itself, or the table, what
 * they are.
 */
#ifndef BC_PLATFORM_OBJECTS_H
#define BC_PLATFORM_OBJECTS_H

#include <jansson.h>

#include "bc260y/types.h"
#include "path.h"

enum objects_type {
    OBJECTS_UNKNOWN,
    OBJECTS_STRING,
    OBJECTS_INTEGER,
    OBJECTS_FLOAT,
    OBJECTS_BOOLEAN,
    OBJECTS_OPAQUE,
    OBJECTS_TIME, /* seconds since 1970 */
    OBJECTS_NONE  /* is executed */
};

struct objects_resource {
    uint16_t id;
    enum objects_type type;
    const char *operations; /* "RW" */
    const char *name;
};

/* NULL: not known. */
const char *objects_name(uint16_t object);
const struct objects_resource *objects_resource(uint16_t object, uint16_t resource);
/* OBJECTS_UNKNOWN for what is no known resource. */
enum objects_type objects_type_of(const struct bc_server_path *path);

#define OBJECTS_VALUES_MAX 256 /* of one payload; further ones are left out */

/* {"/3303/0/5700": 21.5}, to be released. Bytes that are no text are {"hex": "00FF"}; of a resource
 * with several instances, each has its own path. `format` is BC_COAP_FORMAT_ABSENT where the
 * message named none. NULL when the payload is none of that format. */
json_t *objects_decode(const struct bc_server_path *path, int32_t format, bc_view payload);

#endif
