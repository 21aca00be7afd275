/*
 * Custom objects: see objects.h.
 */
#include "lwm2m/objects.h"

bool bc_object_built_in(uint16_t object)
{
    return object <= 5 && object != 2;
}

static bool row_valid(const struct bc_object_instance *row)
{
    if (row->resources == 0 || row->resources > BC_RESOURCES_MAX)
        return false;
    for (unsigned i = 0; i < row->resources; i++)
        for (unsigned j = 0; j < i; j++)
            if (row->resource[i] == row->resource[j])
                return false;
    return !bc_object_built_in(row->object);
}

enum bc_err bc_objects_add(struct bc_objects *objects, const struct bc_object_instance *row)
{
    if (!row_valid(row))
        return BC_ERR_RANGE;
    unsigned instances = 0;
    unsigned others = 0; /* distinct other objects: each counts at its first row */
    for (unsigned i = 0; i < objects->rows; i++) {
        const struct bc_object_instance *present = &objects->row[i];
        if (present->object == row->object) {
            if (present->instance == row->instance)
                return BC_ERR_STATE;
            instances++;
            continue;
        }
        unsigned first = 0;
        while (objects->row[first].object != present->object)
            first++;
        others += first == i;
    }
    if (instances == BC_INSTANCES_MAX || (instances == 0 && others == BC_OBJECTS_MAX))
        return BC_ERR_FULL;
    objects->row[objects->rows++] = *row;
    return BC_OK;
}

enum bc_err bc_objects_delete(struct bc_objects *objects, uint16_t object)
{
    uint8_t kept = 0;
    for (unsigned i = 0; i < objects->rows; i++)
        if (objects->row[i].object != object)
            objects->row[kept++] = objects->row[i];
    bool found = kept < objects->rows;
    objects->rows = kept;
    return found ? BC_OK : BC_ERR_ABSENT;
}

static bool row_has(const struct bc_object_instance *row, struct bc_path path)
{
    if (path.object != row->object || (path.depth >= 2 && path.instance != row->instance))
        return false;
    for (unsigned i = 0; path.depth == 3 && i < row->resources; i++)
        if (row->resource[i] == path.resource)
            return true;
    return path.depth < 3;
}

bool bc_objects_has(const struct bc_objects *objects, struct bc_path path)
{
    for (unsigned i = 0; path.depth > 0 && i < objects->rows; i++)
        if (row_has(&objects->row[i], path))
            return true;
    return false;
}
