/*
 * The carriers' rows, the observations they open by themselves, and whom they send away: see
 * carrier.h.
 */
#include "carrier.h"

#include <string.h>

#include "links.h"
#include "private.h"

#define BUILT_IN_OBJECT_MAX 5 /* the module's own (MODULE section 4); others are user objects */
#define REPORT_OBJECT 19      /* carries binary application data */

static const struct bc_server_carrier carriers[] = {
    {"iot", .report = true},
    {"aep", .report = true, .observes = CARRIER_OBSERVES_OBJECTS, .observes_on_demand = true},
    {"dmp", .observes = CARRIER_OBSERVES_INSTANCES},
    {"andlink", .identifies = true},
};

const struct bc_server_carrier *bc_server_carrier_find(const char *name)
{
    for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++)
        if (strcmp(carriers[i].name, name) == 0)
            return &carriers[i];
    return NULL;
}

static bool is_user_object(uint16_t object)
{
    return object > BUILT_IN_OBJECT_MAX;
}

static const struct bc_server_path product_id = {{3, 0, 17}, 3};

void bc_server_carrier_identify(struct bc_server *s, struct device *device)
{
    struct bc_server_request request = {
        .operation = BC_SERVER_READ,
        .path = product_id,
        .accept = BC_COAP_FORMAT_TEXT,
        .format = BC_COAP_FORMAT_ABSENT,
    };
    /* The first request of a registration always finds room, unless memory is short: then the
     * device stays unidentified. */
    if (device->product.carrier->identifies)
        (void)bc_server_exchange_add(s, device, &request);
}

const char *bc_server_carrier_refuses(const struct bc_server *s, const struct exchange *exchange,
                                      const struct content *content)
{
    const struct device *device = exchange->device;
    bool identification = device->product.carrier->identifies && exchange->tag == 0 &&
                          exchange->operation == BC_SERVER_READ &&
                          bc_server_path_equal(&exchange->path, &product_id);
    if (!identification || s->config.accepts_product_id == NULL)
        return NULL;
    if (content == NULL || content->code != BC_COAP_CONTENT)
        return "the product id cannot be read";
    if (s->config.accepts_product_id(s->config.context, bc_server_device_endpoint(device),
                                     content->payload))
        return NULL;
    return "the product id is not accepted";
}

static void observe_once(struct bc_server *s, struct device *device,
                         const struct bc_server_path *path, int32_t accept)
{
    if (bc_server_observation_at(device, path) != NULL || bc_server_exchange_observes(device, path))
        return;
    struct bc_server_request request = {
        .operation = BC_SERVER_OBSERVE,
        .path = *path,
        .accept = accept,
        .format = BC_COAP_FORMAT_ABSENT,
    };
    /* A device that announces more than the limits allow is observed up to them. */
    (void)bc_server_exchange_add(s, device, &request);
}

static bool is_wanted(const struct bc_server *s, const struct device *device,
                      const struct bc_server_path *instance)
{
    bool usual = is_user_object(instance->ids[0]);
    if (s->config.observes == NULL)
        return usual;
    return s->config.observes(s->config.context, bc_server_device_endpoint(device), instance,
                              usual);
}

/* Whatever was announced of the object: some announce no instances. */
static void observe_report(struct bc_server *s, struct device *device)
{
    const struct bc_server_path report = {{REPORT_OBJECT, 0, 0}, 3};
    observe_once(s, device, &report, BC_COAP_FORMAT_OPAQUE);
}

static void observe_announced(struct bc_server *s, struct device *device,
                              const struct bc_server_path *announced)
{
    struct bc_server_path path = *announced;
    switch (device->product.carrier->observes) {
    case CARRIER_OBSERVES_NOTHING:
        break;
    case CARRIER_OBSERVES_OBJECTS:
        path.count = 1;
        if (is_user_object(path.ids[0]))
            observe_once(s, device, &path, BC_COAP_FORMAT_TLV);
        break;
    case CARRIER_OBSERVES_INSTANCES:
        if (path.count == 2 && is_wanted(s, device, &path))
            observe_once(s, device, &path, BC_COAP_FORMAT_TLV);
        break;
    }
}

void bc_server_carrier_observe(struct bc_server *s, struct device *device)
{
    const struct bc_server_carrier *carrier = device->product.carrier;
    bool more =
        !device->product.by_hand && (!carrier->observes_on_demand || device->product.observe_all);
    struct bc_server_links it = {.rest = bc_server_device_links(device)};
    struct bc_server_link link;
    while (bc_server_link_next(&it, &link)) {
        if (link.path.count == 0)
            continue;
        if (carrier->report && link.path.ids[0] == REPORT_OBJECT)
            observe_report(s, device);
        else if (more)
            observe_announced(s, device, &link.path);
    }
}
