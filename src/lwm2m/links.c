/*
 * Link-format payloads (RFC 6690; LwM2M 1.0 sections 5.3.1 and 5.4.2) in the order real modules
 * use: the root, the built-in objects, then the custom ones as they were added.
 */
#include "base/sink.h"
#include "lwm2m/builtin.h"
#include "lwm2m/inside.h"

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

/* All of the device and its applications that stand at or below `asked`. */
static void put_instances(bc_sink *out, struct bc_path asked, const struct bc_objects *objects)
{
    for (uint16_t object = 3; object <= 5; object++)
        put_instance(out, asked, object, 0);
    for (size_t i = 0; i < objects->rows; i++)
        put_instance(out, asked, objects->row[i].object, objects->row[i].instance);
}

void bc_lwm2m_put_registration_links(bc_sink *out, const struct bc_objects *objects)
{
    const struct bc_path all = {0};
    bc_put_text(out, "</>;rt=\"oma.lwm2m\",");
    put_instance(out, all, 1, 0);
    put_instances(out, all, objects);
}

/* With how many instances a resource has, if it may have several, and what is written there; one
 * that is asked for alone has what it inherits, too (LwM2M 1.0 sections 5.1.1 and 5.4.2). */
static void put_with_attributes(bc_sink *out, const struct bc_lwm2m_client *c, struct bc_path path,
                                unsigned instances, struct bc_path asked)
{
    if (!bc_path_within(path, asked))
        return;
    put_link(out, path);
    if (instances > 0)
        bc_put_format(out, ";dim=%u", instances);
    bc_attributes_put(out, &c->attributes, path, asked.depth == 3);
}

static void put_builtin(bc_sink *out, struct bc_lwm2m_client *c, struct bc_path asked)
{
    size_t count;
    const struct bc_resource_row *row = bc_builtin_rows(asked.object, &count);
    put_with_attributes(out, c, BC_PATH_OBJECT(asked.object), 0, asked);
    put_with_attributes(out, c, BC_PATH_INSTANCE(asked.object, 0), 0, asked);
    for (size_t i = 0; i < count; i++) {
        struct bc_value value;
        bool known = bc_lwm2m_builtin_row(c, &row[i], &value);
        put_with_attributes(out, c, BC_PATH_RESOURCE(asked.object, 0, row[i].resource),
                            known ? value.instances : 0, asked);
    }
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

/* An instance of object 0 or 1, and which server it is about if that was written. */
static void put_server(bc_sink *out, struct bc_path asked, struct bc_path path, uint16_t short_id)
{
    if (!bc_path_within(path, asked))
        return;
    put_link(out, path);
    if (short_id != 0)
        bc_put_format(out, ";ssid=%u", (unsigned)short_id);
}

/* LwM2M 1.0 section 5.2.7.3: instances only. */
static void put_bootstrap_links(bc_sink *out, const struct bc_lwm2m_client *c, struct bc_path path)
{
    const struct bc_bootstrap *b = &c->bootstrap;
    bc_put_text(out, "lwm2m=\"1.0\"");
    if (b->account != 0)
        put_server(out, path, BC_PATH_INSTANCE(0, b->instance), bc_lwm2m_account_short_id(c));
    put_server(out, path, BC_PATH_INSTANCE(1, b->server_given ? b->server_instance : 0),
               b->short_id);
    put_instances(out, path, &c->settings->objects);
}

void bc_lwm2m_put_discover_links(bc_sink *out, struct bc_lwm2m_client *c, struct bc_path path)
{
    const struct bc_objects *objects = &c->settings->objects;
    if (c->bootstrap.runs) {
        put_bootstrap_links(out, c, path);
        return;
    }
    if (bc_object_built_in(path.object))
        put_builtin(out, c, path);
    else if (path.depth == 1)
        put_link(out, path);
    for (size_t i = 0; i < objects->rows; i++)
        put_custom(out, &objects->row[i], path);
}
