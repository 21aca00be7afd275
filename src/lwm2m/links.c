/*
 * Link-format payloads (RFC 6690; LwM2M 1.0 sections 5.3.1 and 5.4.2) in the order real modules
 * use: the root, the built-in objects, then the custom ones as they were added.
 */
#include "base/sink.h"
#include "lwm2m/builtin.h"
#include "lwm2m/inside.h"

static const uint16_t shown_objects[] = {1, 3, 4, 5};

#define SHOWN_OBJECTS (sizeof(shown_objects) / sizeof(shown_objects[0]))

static void put_link(bc_sink *out, struct bc_path path)
{
    if (out->len > 0 && out->ptr[out->len - 1] == '>')
        bc_put_char(out, ',');
    bc_put_char(out, '<');
    bc_path_put(out, path);
    bc_put_char(out, '>');
}

void bc_lwm2m_put_registration_links(bc_sink *out, const struct bc_objects *objects)
{
    bc_put_text(out, "</>;rt=\"oma.lwm2m\",");
    for (size_t i = 0; i < SHOWN_OBJECTS; i++)
        put_link(out, BC_PATH_INSTANCE(shown_objects[i], 0));
    for (size_t i = 0; i < objects->rows; i++)
        put_link(out, BC_PATH_INSTANCE(objects->row[i].object, objects->row[i].instance));
}

static void put_builtin(bc_sink *out, struct bc_path path)
{
    size_t count;
    const struct bc_resource_row *row = bc_builtin_rows(path.object, &count);
    if (path.depth <= 2)
        put_link(out, BC_PATH_INSTANCE(path.object, 0));
    for (size_t i = 0; i < count; i++) {
        struct bc_path resource = BC_PATH_RESOURCE(path.object, 0, row[i].resource);
        if (bc_path_within(resource, path))
            put_link(out, resource);
    }
}

static void put_custom(bc_sink *out, const struct bc_object_instance *row, struct bc_path path)
{
    struct bc_path instance = BC_PATH_INSTANCE(row->object, row->instance);
    if (bc_path_within(instance, path))
        put_link(out, instance);
    for (unsigned i = 0; i < row->resources; i++) {
        struct bc_path resource = BC_PATH_RESOURCE(row->object, row->instance, row->resource[i]);
        if (bc_path_within(resource, path))
            put_link(out, resource);
    }
}

void bc_lwm2m_put_discover_links(bc_sink *out, const struct bc_objects *objects,
                                 struct bc_path path)
{
    if (path.depth == 1)
        put_link(out, path);
    if (bc_object_built_in(path.object))
        put_builtin(out, path);
    for (size_t i = 0; i < objects->rows; i++)
        put_custom(out, &objects->row[i], path);
}
