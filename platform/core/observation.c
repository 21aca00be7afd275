/*
 * Observations (RFC 7641, the client's side): begun by the answer to an observe request, found by
 * token, ended by a cancel, a reset, an error, a response without Observe, or with the
 * registration.
 */
#include <stdlib.h>

#include "private.h"

/* RFC 7641 3.4 */
#define SEQUENCE_HALF (UINT32_C(1) << 23)
#define FRESH_AFTER_MS 128000

struct observation *bc_server_observation_by_token(const struct bc_server *s, uint32_t token)
{
    struct table_node *node = bc_server_table_first(&s->observations, token);
    return node == NULL ? NULL : BC_SERVER_OF(node, struct observation, by_token);
}

struct observation *bc_server_observation_at(const struct device *device,
                                             const struct bc_server_path *path)
{
    struct observation *observation = device->observations;
    while (observation != NULL && !bc_server_path_equal(&observation->path, path))
        observation = observation->next;
    return observation;
}

struct observation *bc_server_observation_restore(struct bc_server *s, struct device *device,
                                                  const struct bc_server_observation *known)
{
    struct observation *observation = calloc(1, sizeof(*observation));
    if (observation == NULL)
        return NULL;
    observation->device = device;
    observation->token = known->token;
    observation->path = known->path;
    observation->accept = known->accept;
    observation->sequence = known->sequence;
    observation->seen_ms = known->seen_ms;
    observation->next = device->observations;
    device->observations = observation;
    device->observation_count++;
    bc_server_table_insert(&s->observations, &observation->by_token, observation->token);
    return observation;
}

bool bc_server_observation_begin(struct bc_server *s, const struct exchange *exchange,
                                 uint32_t sequence)
{
    struct observation *observation = bc_server_observation_by_token(s, exchange->token);
    const struct bc_server_observation begun = {
        .path = exchange->path,
        .accept = exchange->accept,
        .token = exchange->token,
        .sequence = sequence,
        .seen_ms = s->now_ms,
    };
    if (observation == NULL && exchange->device->observation_count < s->config.observations_max)
        return bc_server_observation_restore(s, exchange->device, &begun) != NULL;
    if (observation == NULL)
        return false;
    observation->accept = begun.accept;
    observation->sequence = begun.sequence;
    observation->seen_ms = begun.seen_ms;
    return true;
}

void bc_server_observation_describe(const struct observation *observation,
                                    struct bc_server_observation *out)
{
    *out = (struct bc_server_observation){
        .path = observation->path,
        .accept = observation->accept,
        .token = observation->token,
        .sequence = observation->sequence,
        .seen_ms = observation->seen_ms,
    };
}

void bc_server_observation_remove(struct bc_server *s, struct observation *observation)
{
    struct observation **at = &observation->device->observations;
    while (*at != observation)
        at = &(*at)->next;
    *at = observation->next;
    observation->device->observation_count--;
    bc_server_table_remove(&s->observations, &observation->by_token);
    free(observation);
}

/* The device may begin to number its notifications anew. */
static void outlive(const struct bc_server *s, struct observation *observation)
{
    bool late = s->now_ms > FRESH_AFTER_MS;
    observation->seen_ms = late ? s->now_ms - FRESH_AFTER_MS - 1 : 0;
}

void bc_server_observations_end(struct bc_server *s, struct device *device)
{
    bool (*keeps)(void *, bc_view, const struct bc_server_path *) = s->config.keeps_observation;
    bool kept = false;
    struct observation *next;
    for (struct observation *o = device->observations; o != NULL; o = next) {
        next = o->next;
        if (!kept && keeps != NULL &&
            keeps(s->config.context, bc_server_device_endpoint(device), &o->path)) {
            kept = true;
            outlive(s, o);
        } else {
            bc_server_observation_remove(s, o);
        }
    }
}

static bool is_fresh(const struct observation *observation, uint32_t sequence, uint64_t now_ms)
{
    uint32_t last = observation->sequence;
    return (last < sequence && sequence - last < SEQUENCE_HALF) ||
           (last > sequence && last - sequence > SEQUENCE_HALF) ||
           now_ms > observation->seen_ms + FRESH_AFTER_MS;
}

void bc_server_observation_on_notify(struct bc_server *s, struct observation *observation,
                                     const struct bc_coap_message *m)
{
    bc_view value;
    struct device *device = observation->device;
    uint32_t sequence = (uint32_t)bc_coap_option_number_of(m, BC_COAP_OBSERVE, 0);
    bool over = m->code >> 5 != 2 || !bc_coap_option_find(m, BC_COAP_OBSERVE, &value);
    bool fresh = over || is_fresh(observation, sequence, s->now_ms);
    struct notification notification = {sequence, m->type == BC_COAP_CON, !fresh, over};
    struct content content = bc_server_content_of(m);
    if (fresh) {
        bc_server_undo_note(s, observation, over);
        observation->sequence = sequence;
        observation->seen_ms = s->now_ms;
        if (device->exchanges != NULL)
            bc_server_blocks_supersede(s, observation);
    }
    bool ends = over || !fresh;
    bool fetches = !ends && bc_server_blocks_on_notify(s, observation, m, &notification);
    bc_server_tell_notify(s, fetches ? BC_SERVER_NOTIFYING : BC_SERVER_NOTIFIED, device,
                          &observation->path, &notification, &content);
    if (over)
        bc_server_observation_remove(s, observation);
}
