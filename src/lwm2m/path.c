/*
 * LwM2M paths: see path.h.
 */
#include "lwm2m/path.h"

#include <assert.h>

#include "base/sink.h"

bool bc_path_equal(struct bc_path a, struct bc_path b)
{
    return a.depth == b.depth && bc_path_within(a, b);
}

bool bc_path_within(struct bc_path inner, struct bc_path outer)
{
    return inner.depth >= outer.depth && (outer.depth < 1 || inner.object == outer.object) &&
           (outer.depth < 2 || inner.instance == outer.instance) &&
           (outer.depth < 3 || inner.resource == outer.resource);
}

int32_t bc_path_instance_or(struct bc_path path, int32_t absent)
{
    return path.depth >= 2 ? path.instance : absent;
}

int32_t bc_path_resource_or(struct bc_path path, int32_t absent)
{
    return path.depth >= 3 ? path.resource : absent;
}

/* One path segment: plain decimal digits without leading zeros or signs. */
static bool read_id(bc_view segment, uint16_t *out)
{
    int64_t id;
    bool canonical = segment.len == 1 || (segment.len > 1 && segment.ptr[0] != '0');
    if (!canonical || segment.ptr[0] < '0' || segment.ptr[0] > '9' || !bc_view_int(segment, &id) ||
        id > UINT16_MAX)
        return false;
    *out = (uint16_t)id;
    return true;
}

enum bc_err bc_path_read(const struct bc_coap_message *message, struct bc_path *out)
{
    *out = (struct bc_path){0};
    uint16_t *const ids[] = {&out->object, &out->instance, &out->resource};
    struct bc_coap_options it = bc_coap_options(message);
    struct bc_coap_option option;
    while (bc_coap_option_next(&it, &option)) {
        if (option.number != BC_COAP_URI_PATH)
            continue;
        if (out->depth == 3 || !read_id(option.value, ids[out->depth]))
            return BC_ERR_FORMAT;
        out->depth++;
    }
    return BC_OK;
}

void bc_path_put(bc_sink *out, struct bc_path path)
{
    const uint16_t ids[] = {path.object, path.instance, path.resource};
    assert(path.depth <= sizeof(ids) / sizeof(ids[0]));
    for (unsigned i = 0; i < path.depth; i++) {
        bc_put_char(out, '/');
        bc_put_int(out, ids[i]);
    }
    if (path.depth == 0)
        bc_put_char(out, '/');
}
