/*
 * The tree of a device's objects: what it announced when it registered, with the newest values that
 * were seen of its resources, and which of them are observed.
 */
#include "objects.h"

#include <stdlib.h>

#include "base/sink.h"
#include "links.h"
#include "live.h"
#include "properties.h"

#define TREE_PATHS_MAX 4096

/* Paths of instances and resources, to be put in order. */
struct leaf {
    struct bc_server_path path;
    int64_t utc_ms;
    json_t *value; /* NULL: none was seen */
};

struct tree {
    struct leaf *leaves;
    size_t count, cap;
    const struct bc_server_observation *observations;
    size_t observed;
};

static void add(struct tree *tree, const struct bc_server_path *path, json_t *value, int64_t utc_ms)
{
    if (tree->count == tree->cap) {
        size_t cap = tree->cap == 0 ? 64 : tree->cap * 2;
        struct leaf *leaves =
            cap > TREE_PATHS_MAX ? NULL : realloc(tree->leaves, cap * sizeof(*leaves));
        if (leaves == NULL) {
            json_decref(value);
            return;
        }
        tree->leaves = leaves;
        tree->cap = cap;
    }
    tree->leaves[tree->count++] = (struct leaf){*path, utc_ms, value};
}

static void add_links(struct tree *tree, bc_view links)
{
    struct bc_server_links it = {.rest = links};
    struct bc_server_link link;
    while (bc_server_link_next(&it, &link))
        if (link.path.count > 0)
            add(tree, &link.path, NULL, 0);
}

static bool take_value(void *context, const struct bc_property *property)
{
    struct bc_server_path path;
    bc_view text = {property->name.ptr + 1, property->name.len - 1};
    if (bc_server_path_parse(text, &path))
        add(context, &path, live_parse(property->value), property->utc_ms);
    return true;
}

/* In order of their ids, what is above before what is below. */
static int compare(const void *a, const void *b)
{
    const struct bc_server_path *left = &((const struct leaf *)a)->path;
    const struct bc_server_path *right = &((const struct leaf *)b)->path;
    for (size_t i = 0; i < left->count && i < right->count; i++)
        if (left->ids[i] != right->ids[i])
            return left->ids[i] < right->ids[i] ? -1 : 1;
    return left->count - right->count;
}

/* Shown ----------------------------------------------------------------------------------------*/

static void set(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value);
}

static json_t *text_or_null(const char *text)
{
    return text == NULL ? json_null() : json_string(text);
}

static json_t *observed(const struct tree *tree, const struct bc_server_path *path, uint8_t depth)
{
    struct bc_server_path above = {.count = depth};
    for (uint8_t i = 0; i < depth; i++)
        above.ids[i] = path->ids[i];
    for (size_t i = 0; i < tree->observed; i++)
        if (bc_server_path_equal(&tree->observations[i].path, &above))
            return json_true();
    return json_false();
}

/* The last member of an array when its number is `id`, or a new one with it. */
static json_t *last_or_new(json_t *array, const char *key, uint16_t id, bool *made)
{
    size_t count = json_array_size(array);
    json_t *last = json_array_get(array, count == 0 ? 0 : count - 1);
    *made = last == NULL || json_integer_value(json_object_get(last, key)) != id;
    if (!*made)
        return last;
    last = json_object();
    set(last, key, json_integer(id));
    (void)json_array_append_new(array, last);
    return last;
}

static json_t *object_in(const struct tree *tree, json_t *items, const struct bc_server_path *path)
{
    bool made;
    json_t *object = last_or_new(items, "object", path->ids[0], &made);
    if (made) {
        set(object, "name", text_or_null(objects_name(path->ids[0])));
        set(object, "observed", observed(tree, path, 1));
        set(object, "instances", json_array());
    }
    return object;
}

static json_t *instance_in(const struct tree *tree, json_t *object,
                           const struct bc_server_path *path)
{
    bool made;
    json_t *instance =
        last_or_new(json_object_get(object, "instances"), "instance", path->ids[1], &made);
    if (made) {
        set(instance, "observed", observed(tree, path, 2));
        set(instance, "resources", json_array());
    }
    return instance;
}

static void put_resource(const struct tree *tree, json_t *instance, const struct leaf *leaf)
{
    bool made;
    const struct bc_server_path *path = &leaf->path;
    const struct objects_resource *known = objects_resource(path->ids[0], path->ids[2]);
    json_t *resource =
        last_or_new(json_object_get(instance, "resources"), "resource", path->ids[2], &made);
    if (made) {
        set(resource, "name", text_or_null(known == NULL ? NULL : known->name));
        set(resource, "operations", text_or_null(known == NULL ? NULL : known->operations));
        set(resource, "observed", observed(tree, path, 3));
        set(resource, "value", json_null());
        set(resource, "time_ms", json_null());
    }
    if (leaf->value == NULL)
        return;
    json_t *value = json_object_get(resource, "value");
    if (path->count == 3) {
        (void)json_object_set(resource, "value", leaf->value);
    } else { /* of several instances, each by its number */
        json_t *number = json_sprintf("%u", (unsigned)path->ids[3]);
        if (!json_is_object(value))
            set(resource, "value", json_object());
        (void)json_object_set(json_object_get(resource, "value"), json_string_value(number),
                              leaf->value);
        json_decref(number);
    }
    set(resource, "time_ms", json_integer(leaf->utc_ms));
}

static json_t *show(const struct tree *tree)
{
    json_t *items = json_array();
    for (size_t i = 0; i < tree->count; i++) {
        const struct leaf *leaf = &tree->leaves[i];
        json_t *object = object_in(tree, items, &leaf->path);
        json_t *instance = leaf->path.count >= 2 ? instance_in(tree, object, &leaf->path) : NULL;
        if (leaf->path.count >= 3)
            put_resource(tree, instance, leaf);
    }
    return items;
}

/* Observations that are neither announced nor seen stand in the tree, too. */
static void add_observations(struct tree *tree, const struct bc_server_observation *observations,
                             size_t count)
{
    tree->observations = observations;
    tree->observed = count;
    for (size_t i = 0; i < count; i++)
        add(tree, &observations[i].path, NULL, 0);
}

#define OBSERVATIONS_SHOWN 64

static size_t observations_of(const struct bc_server *server, bc_view endpoint,
                              struct bc_server_observation out[OBSERVATIONS_SHOWN])
{
    struct bc_server_observation observation;
    size_t count = 0;
    const void *cursor = bc_server_next_observation(server, endpoint, NULL, &observation);
    while (cursor != NULL && count < OBSERVATIONS_SHOWN) {
        out[count++] = observation;
        cursor = bc_server_next_observation(server, endpoint, cursor, &observation);
    }
    return count;
}

void live_list_objects(struct api_call *call, struct api_answer *answer)
{
    struct bc_server_observation observations[OBSERVATIONS_SHOWN];
    struct bc_server *server = call->service->config.server;
    struct bc_server_device device;
    struct service_device known;
    struct tree tree = {0};
    bc_view endpoint = call->segments[0];
    service_enter(call);
    bool registered = bc_server_find(server, endpoint, &device);
    if (!registered && !service_device_find(call->service, endpoint, &known)) {
        service_answer_missing(call, answer, "device");
        return;
    }
    if (registered)
        add_links(&tree, device.links);
    add_observations(&tree, observations, observations_of(server, endpoint, observations));
    bc_properties_latest(live_store(call->service->live), endpoint, BC_TEXT("@"), BC_TEXT("A"),
                         take_value, &tree);
    if (tree.count > 0)
        qsort(tree.leaves, tree.count, sizeof(*tree.leaves), compare);
    api_page(answer, show(&tree), 0);
    for (size_t i = 0; i < tree.count; i++)
        json_decref(tree.leaves[i].value);
    free(tree.leaves);
}
