/*
 * How the platform is: GET /status.
 */
#include "catalogue.h"
#include "live.h"

static bool take_count(void *context, const struct bc_product *product)
{
    *(int64_t *)context += product->devices;
    return true;
}

static json_t *store_json(const struct bc_store *store)
{
    bool works = bc_store_works(store);
    return json_pack("{s:s,s:o}", "state", works ? "ok" : "failed", "problem",
                     works ? json_null() : json_string(bc_store_problem(store)));
}

void live_show_status(struct api_call *call, struct api_answer *answer)
{
    const struct service *service = call->service;
    struct live *live = service->live;
    const struct bc_store *store = live_store(live);
    const json_t *listeners = service->config.listeners;
    int64_t provisioned = 0;
    service_enter(call);
    json_t *store_state = store_json(store);
    bc_catalogue_products(live_store(live), 0, take_count, &provisioned);
    answer->body =
        json_pack("{s:s,s:I,s:I,s:I,s:I,s:o,s:o}", "version", BC_VERSION, "uptime_s",
                  (json_int_t)((call->utc_ms - live->started_utc_ms) / 1000), "devices",
                  (json_int_t)provisioned, "registered",
                  (json_int_t)bc_server_device_count(service->config.server), "commands_waiting",
                  (json_int_t)dispatch_waiting(live->dispatch), "store", store_state, "listeners",
                  listeners != NULL ? json_deep_copy(listeners) : json_object());
}
