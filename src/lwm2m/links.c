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

static void put_instance(bc_sink *out, struct bc_path asked, uint16_t object, uint16_t instance)
{
    if (bc_path_within(BC_PATH_INSTANCE(object, instance), asked))
        put_link(out, BC_PATH_INSTANCE(object, instance));
}

/* All that stand at or below `asked`, object 0 apart. */
static void put_instances(bc_sink *out, struct bc_path asked, const struct bc_objects *objects)
{
    for (size_t i = 0; i < SHOWN_OBJECTS; i++)
        put_instance(out, asked, shown_objects[i], 0);
    for (size_t i = 0; i < objects->rows; i++)
        put_instance(out, asked, objects->row[i].object, objects->row[i].instance);
}

void bc_lwm2m_put_registration_links(bc_sink *out, const struct bc_objects *objects)
{
    bc_put_text(out, "</>;rt=\"oma.lwm2m\",");
    put_instances(out, (struct bc_path){0}, objects);
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
    put_instance(out, path, row->object, row->instance);
    for (unsigned i = 0; i < row->resources; i++) {
        struct bc_path resource = BC_PATH_RESOURCE(row->object, row->instance, row->resource[i]);
        if (bc_path_within(resource, path))
            put_link(out, resource);
    }
}

/* LwM2M 1.0 section 5.2.7.3: instances only, as there are no servers yet that could tell them
 * apart. */
static void put_bootstrap_links(bc_sink *out, const struct bc_lwm2m_client *c, struct bc_path path)
{
    bc_put_text(out, "lwm2m=\"1.0\"");
    if (c->bootstrap.account != 0)
        put_instance(out, path, 0, c->bootstrap.instance);
    put_instances(out, path, &c->settings->objects);
}

void bc_lwm2m_put_discover_links(bc_sink *out, const struct bc_lwm2m_client *c, struct bc_path path)
{
    const struct bc_objects *objects = &c->settings->objects;
    if (c->bootstrap.runs) {
        put_bootstrap_links(out, c, path);
        return;
    }
    if (bc_object_built_in(path.object))
        put_builtin(out, &c->attributes, path);
    else if (path.depth == 1)
        put_link(out, path);
    for (size_t i = 0; i < objects->rows; i++)
        put_custom(out, &objects->row[i], path);
}
