/*
 * LwM2M paths: /object, /object/instance, /object/instance/resource (LwM2M 1.0 section 6.2).
 */
#ifndef BC_LWM2M_PATH_H
#define BC_LWM2M_PATH_H

#include "coap/message.h"

/* `depth` says how many of the ids count; the others are 0. Depth 0 is the root. Aligned, a path
 * is passed and copied as two registers: 2 % of the client's text on a Cortex-M4. */
struct bc_path {
    _Alignas(uint64_t) uint16_t object;
    uint16_t instance;
    uint16_t resource;
    uint8_t depth; /* 0 to 3 */
};

#define BC_PATH_OBJECT(o) ((struct bc_path){(o), 0, 0, 1})
#define BC_PATH_INSTANCE(o, i) ((struct bc_path){(o), (i), 0, 2})
#define BC_PATH_RESOURCE(o, i, r) ((struct bc_path){(o), (i), (r), 3})

bool bc_path_equal(struct bc_path a, struct bc_path b);

/* True when `inner` is `outer` or lies below it. */
bool bc_path_within(struct bc_path inner, struct bc_path outer);

/* The ids after the depth, as the guide prints them: -1 where the path ends earlier. */
int32_t bc_path_instance_or(struct bc_path path, int32_t absent);
int32_t bc_path_resource_or(struct bc_path path, int32_t absent);

/* Reads the Uri-Path options. BC_ERR_FORMAT when a segment is no number of 0 to 65535 or there
 * are more than three: no such resource can exist. */
enum bc_err bc_path_read(const struct bc_coap_message *message, struct bc_path *out);

/* "/19/0/0" */
void bc_path_put(bc_sink *out, struct bc_path path);

#endif
