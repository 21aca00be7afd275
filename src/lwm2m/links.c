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
    if (out->len > 0 && out->ptr[out->len - 1] != ',')
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

/* With what is written there; a resource that is asked for alone has what it inherits, too. */
static void put_with_attributes(bc_sink *out, const struct bc_attributes *attributes,
                                struct bc_path path, struct bc_path asked)
{
    if (!bc_path_within(path, asked))
        return;
    put_link(out, path);
    bc_attributes_put(out, attributes, path, asked.depth == 3);
}

static void put_builtin(bc_sink *out, const struct bc_attributes *attributes, struct bc_path asked)
{
    size_t count;
    const struct bc_resource_row *row = bc_builtin_rows(asked.object, &count);
    put_with_attributes(out, attributes, BC_PATH_OBJECT(asked.object), asked);
    put_with_attributes(out, attributes, BC_PATH_INSTANCE(asked.object, 0), asked);
    for (size_t i = 0; i < count; i++)
        put_with_attributes(out, attributes, BC_PATH_RESOURCE(asked.object, 0, row[i].resource),
                            asked);
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
                                 const struct bc_attributes *attributes, struct bc_path path)
{
    if (bc_object_built_in(path.object))
        put_builtin(out, attributes, path);
    else if (path.depth == 1)
        put_link(out, path);
    for (size_t i = 0; i < objects->rows; i++)
        put_custom(out, &objects->row[i], path);
}

static void put_bootstrap_link(bc_sink *out, struct bc_path instance, struct bc_path path,
                               bool there)
{
    if (!there || !bc_path_within(instance, path))
        return;
    bc_put_text(out, ",<");
    bc_path_put(out, instance);
    bc_put_char(out, '>');
}

/* LwM2M 1.0 section 5.2.7.3: instances only, as there are no servers yet that could tell them
 * apart. */
void bc_lwm2m_put_bootstrap_links(bc_sink *out, const struct bc_objects *objects,
                                  struct bc_path path, int32_t account)
{
    bc_put_text(out, "lwm2m=\"1.0\"");
    for (uint16_t object = 0; object <= 5; object++) {
        uint16_t id = object == 0 ? (uint16_t)account : 0;
        bool there = object == 0 ? account >= 0 : bc_object_built_in(object);
        put_bootstrap_link(out, BC_PATH_INSTANCE(object, id), path, there);
    }
    for (size_t i = 0; i < objects->rows; i++)
        put_bootstrap_link(out, BC_PATH_INSTANCE(objects->row[i].object, objects->row[i].instance),
                           path, true);
}
