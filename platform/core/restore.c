/*
 * For whoever stores what the server knows: bringing back what another run had stored, and taking
 * back what could not be stored. See server.h.
 */
#include <string.h>

#include "base/sink.h"
#include "links.h"
#include "private.h"

static bool has_binding(const struct bc_server_device *device)
{
    size_t chars = device->binding == NULL ? 0 : strlen(device->binding);
    return chars > 0 && chars <= BC_SERVER_BINDING_CHARS_MAX;
}

/* Whether a device could have registered like that. */
static bool is_possible(const struct bc_server_device *device)
{
    bool fits = device->endpoint.len > 0 && device->endpoint.len <= BC_ENDPOINT_BYTES_MAX &&
                device->links.len <= BC_SERVER_LINKS_BYTES_MAX;
    bool addressed = device->address.ip_len == 4 || device->address.ip_len == 16;
    return fits && addressed && device->carrier != NULL && device->lifetime_s > 0 &&
           has_binding(device) && device->version != NULL &&
           (device->links.len == 0 || bc_server_links_valid(device->links));
}

enum bc_err bc_server_restore_device(struct bc_server *s, uint64_t now_ms,
                                     const struct bc_server_device *device)
{
    uint64_t id;
    s->now_ms = now_ms;
    if (!is_possible(device) || !bc_server_id_parse(bc_view_of(device->id), &id))
        return BC_ERR_RANGE;
    if (bc_server_device_by_endpoint(s, device->endpoint) != NULL ||
        bc_server_device_of_id(s, id) != NULL)
        return BC_ERR_STATE;
    const struct registration registration = {
        .endpoint = device->endpoint,
        .binding = bc_view_of(device->binding),
        .links = device->links,
        .lifetime_s = device->lifetime_s,
        .version_1_1 = strcmp(device->version, "1.1") == 0,
    };
    return bc_server_device_restore(s, &registration, device, id) != NULL ? BC_OK : BC_ERR_FULL;
}

enum bc_err bc_server_restore_observation(struct bc_server *s, bc_view endpoint,
                                          const struct bc_server_observation *observation)
{
    struct device *device = bc_server_device_by_endpoint(s, endpoint);
    if (device == NULL)
        return BC_ERR_ABSENT;
    if (bc_server_observation_by_token(s, observation->token) != NULL ||
        bc_server_exchange_by_token(s, observation->token) != NULL ||
        bc_server_observation_at(device, &observation->path) != NULL)
        return BC_ERR_STATE;
    bool full = device->observation_count >= s->config.observations_max;
    return !full && bc_server_observation_restore(s, device, observation) != NULL ? BC_OK
                                                                                  : BC_ERR_FULL;
}

void bc_server_restore_reply(struct bc_server *s, const struct bc_address *to, uint16_t message_id,
                             bc_view reply, uint64_t expires_ms)
{
    bc_server_duplicate_add(&s->duplicates, bc_server_address_hash(s, to, message_id), to,
                            message_id, reply, expires_ms);
    bc_server_keep(s);
}

void bc_server_resume(struct bc_server *s, uint64_t now_ms, bc_view endpoint)
{
    struct device *device = bc_server_device_by_endpoint(s, endpoint);
    s->now_ms = now_ms;
    if (device != NULL)
        bc_server_carrier_observe(s, device);
}

const void *bc_server_next_observation(const struct bc_server *s, bc_view endpoint,
                                       const void *cursor, struct bc_server_observation *out)
{
    const struct observation *observation = NULL;
    if (cursor != NULL) {
        observation = ((const struct observation *)cursor)->next;
    } else {
        const struct device *device = bc_server_device_by_endpoint(s, endpoint);
        if (device != NULL)
            observation = device->observations;
    }
    if (observation != NULL)
        bc_server_observation_describe(observation, out);
    return observation;
}

void bc_server_undo_note(struct bc_server *s, const struct observation *observation, bool over)
{
    if (s->undo_count == BC_SERVER_GROUP)
        return;
    struct undo *undo = &s->undo[s->undo_count++];
    undo->device_id = observation->device->id;
    undo->over = over;
    bc_server_observation_describe(observation, &undo->before);
}

/* What became of the device and the observation later in the same group comes first: when it is
 * not as the notification left it, it stays. */
static void undo_notification(struct bc_server *s, const struct undo *undo)
{
    struct device *device = bc_server_device_of_id(s, undo->device_id);
    if (device == NULL)
        return;
    struct observation *observation = bc_server_observation_at(device, &undo->before.path);
    if (observation == NULL && undo->over) {
        (void)bc_server_observation_restore(s, device, &undo->before); /* or memory is short */
    } else if (observation != NULL && observation->token == undo->before.token) {
        bc_server_blocks_abandon(s, observation);
        observation->sequence = undo->before.sequence;
        observation->seen_ms = undo->before.seen_ms;
    }
}

void bc_server_discard(struct bc_server *s)
{
    bc_server_outbox_clear(&s->outbox);
    bc_server_duplicates_discard(&s->duplicates);
    while (s->undo_count > 0)
        undo_notification(s, &s->undo[--s->undo_count]);
}
