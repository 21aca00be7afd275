/*
 * Who observes what (RFC 7641, LwM2M 1.0 section 5.5). One observation a path and a token: a server
 * that asks again with another token, or with the same one for another path (RFC 7641 section 4.1),
 * takes the old one's place.
 */
#include <string.h>

#include "lwm2m/inside.h"

static struct bc_observation *find(struct bc_lwm2m_client *c, struct bc_path path)
{
    for (size_t i = 0; i < BC_OBSERVATIONS_MAX; i++)
        if (c->observation[i].alive && bc_path_equal(c->observation[i].path, path))
            return &c->observation[i];
    return NULL;
}

void bc_lwm2m_end_observation(struct bc_lwm2m_client *c, struct bc_observation *observation)
{
    bc_arena_free(&c->coap.arena, observation->parts);
    *observation = (struct bc_observation){0};
}

bool bc_lwm2m_observe_room(const struct bc_lwm2m_client *c, struct bc_path path)
{
    for (size_t i = 0; i < BC_OBSERVATIONS_MAX; i++)
        if (!c->observation[i].alive || bc_path_equal(c->observation[i].path, path))
            return true;
    return false;
}

uint32_t bc_lwm2m_next_sequence(struct bc_lwm2m_client *c, struct bc_path path)
{
    const struct bc_observation *observation = find(c, path);
    return observation == NULL ? 0 : (observation->sequence + 1) & 0xFFFFFF;
}

struct bc_observation *bc_lwm2m_observe(struct bc_lwm2m_client *c,
                                        const struct bc_coap_token *token, struct bc_path path,
                                        int32_t accept)
{
    uint32_t sequence = bc_lwm2m_next_sequence(c, path);
    struct bc_observation *observation = find(c, path);
    if (observation != NULL && observation->accept != accept)
        bc_lwm2m_end_observation(c, observation); /* parts in one format are of no use in another */
    for (size_t i = 0; i < BC_OBSERVATIONS_MAX; i++)
        if (&c->observation[i] != observation &&
            bc_coap_token_equal(&c->observation[i].token, token))
            bc_lwm2m_end_observation(c, &c->observation[i]);
    for (size_t i = 0; observation == NULL && i < BC_OBSERVATIONS_MAX; i++)
        if (!c->observation[i].alive)
            observation = &c->observation[i];
    if (observation != NULL)
        *observation = (struct bc_observation){.token = *token,
                                               .path = path,
                                               .accept = (int16_t)accept,
                                               .sequence = sequence & 0xFFFFFF,
                                               .reported_ms = (uint32_t)c->coap.now_ms,
                                               .alive = true,
                                               .parts = observation->parts,
                                               .next_index = observation->next_index};
    return observation;
}

void bc_lwm2m_unobserve(struct bc_lwm2m_client *c, struct bc_path path)
{
    struct bc_observation *observation = find(c, path);
    if (observation != NULL) {
        bc_lwm2m_end_observation(c, observation);
        return;
    }
    for (size_t i = 0; i < BC_OBSERVATIONS_MAX; i++)
        if (bc_path_within(c->observation[i].path, path))
            bc_lwm2m_end_observation(c, &c->observation[i]);
}

void bc_lwm2m_forget_observations(struct bc_lwm2m_client *c)
{
    for (size_t i = 0; i < BC_OBSERVATIONS_MAX; i++)
        bc_lwm2m_end_observation(c, &c->observation[i]);
    memset(&c->attributes, 0, sizeof(c->attributes));
}

void bc_lwm2m_forget_object(struct bc_lwm2m_client *c, uint16_t object)
{
    for (size_t i = 0; i < BC_OBSERVATIONS_MAX; i++)
        if (c->observation[i].path.object == object)
            bc_lwm2m_end_observation(c, &c->observation[i]);
}

struct bc_observation *bc_lwm2m_observation_of(struct bc_lwm2m_client *c, struct bc_path resource)
{
    struct bc_observation *found = NULL;
    for (struct bc_path path = resource; found == NULL && path.depth > 0; path.depth--)
        found = find(c, path);
    return found;
}

struct bc_saved_observation bc_lwm2m_save_observation(struct bc_lwm2m_client *c,
                                                      struct bc_path path)
{
    const struct bc_observation *observation = bc_lwm2m_observation_of(c, path);
    if (observation == NULL)
        return (struct bc_saved_observation){0};
    return (struct bc_saved_observation){.sequence = observation->sequence,
                                         .accept = observation->accept,
                                         .depth = observation->path.depth,
                                         .block_exponent = observation->block_exponent,
                                         .token = observation->token};
}

void bc_lwm2m_restore_observation(struct bc_lwm2m_client *c, struct bc_path path,
                                  const struct bc_saved_observation *saved)
{
    path.depth = saved->depth;
    struct bc_observation *made = bc_lwm2m_observe(c, &saved->token, path, saved->accept);
    if (made == NULL)
        return;
    made->sequence = saved->sequence & 0xFFFFFF;
    made->block_exponent = saved->block_exponent & 7U;
}

struct bc_lwm2m_frame bc_lwm2m_notification_of(const struct bc_observation *observation,
                                               enum bc_coap_type type, enum tag tag)
{
    return (struct bc_lwm2m_frame){.type = type,
                                   .tag = (uint8_t)tag,
                                   .token = observation->token,
                                   .path = observation->path,
                                   .observe = (observation->sequence + 1) & 0xFFFFFF,
                                   .block = {.exponent = observation->block_exponent}};
}

void bc_lwm2m_remember_sent(struct bc_observation *observation, const struct bc_lwm2m_frame *frame)
{
    observation->sequence = (uint32_t)frame->observe & 0xFFFFFF;
    observation->sent[1] = observation->sent[0];
    observation->sent[0] = frame->message_id;
    if (observation->sent_count < BC_OBSERVATION_SENT)
        observation->sent_count++;
}

struct bc_observation *bc_lwm2m_observation_sent(struct bc_lwm2m_client *c, uint16_t message_id)
{
    for (size_t i = 0; i < BC_OBSERVATIONS_MAX; i++) {
        struct bc_observation *observation = &c->observation[i];
        for (unsigned k = 0; k < BC_OBSERVATION_SENT; k++)
            if (observation->alive && k < observation->sent_count &&
                observation->sent[k] == message_id)
                return observation;
    }
    return NULL;
}
