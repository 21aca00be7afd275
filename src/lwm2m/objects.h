/*
 * The custom objects a host has added (G 2.6, 2.7): which instances and resources exist. Their
 * values live with the host; the built-in objects stand in builtin.h.
 */
#ifndef BC_LWM2M_OBJECTS_H
#define BC_LWM2M_OBJECTS_H

#include "bc260y/limits.h"
#include "lwm2m/path.h"

#define BC_OBJECT_INSTANCES_MAX (BC_OBJECTS_MAX * BC_INSTANCES_MAX)

struct bc_object_instance {
    uint16_t object;
    uint16_t instance;
    uint16_t resource[BC_RESOURCES_MAX];
    uint8_t resources;
};

/* Instances in the order in which they were added. */
struct bc_objects {
    struct bc_object_instance row[BC_OBJECT_INSTANCES_MAX];
    uint8_t rows;
};

/* BC_ERR_STATE for an instance that exists, BC_ERR_FULL beyond 3 objects of 4 instances,
 * BC_ERR_RANGE for no or too many resources, a resource named twice, or a built-in object. */
enum bc_err bc_objects_add(struct bc_objects *objects, const struct bc_object_instance *row);

/* Removes an object with all its instances; BC_ERR_ABSENT when it was never added. */
enum bc_err bc_objects_delete(struct bc_objects *objects, uint16_t object);

/* True when something stands at that path: an object, an instance or a resource. */
bool bc_objects_has(const struct bc_objects *objects, struct bc_path path);

/* True for 0, 1, 3, 4 and 5, which every module has (G 2.6). */
bool bc_object_built_in(uint16_t object);

#endif
