/*
 * The server as a whole: made and unmade, datagrams and time passed on to whoever waits for them.
 * See server.h.
 */
#include <stdlib.h>

#include "base/random.h"
#include "base/sink.h"
#include "private.h"

struct bc_server_config bc_server_config_default(void)
{
    return (struct bc_server_config){
        .lifetime_grace_s = EXCHANGE_LIFETIME_MS / 1000,
        .devices_max = 1200000,
        .observations_max = 16,
        .requests_max = 16,
        .duplicates_max = 262144,
        .transfers_max = 4096,
        .refusals_per_s = BC_SERVER_REFUSALS_PER_S,
        .events = BC_SERVER_EVENTS_ALL,
    };
}

static void seed(struct bc_server *s)
{
    struct bc_random random = {s->config.seed};
    s->key = bc_server_hash_key(&random);
    s->secret = bc_server_hash_key(&random);
    s->next_message_id = (uint16_t)bc_random_next(&random);
}

struct bc_server *bc_server_create(const struct bc_server_config *config)
{
    if (config->devices_max == 0 || config->observations_max == 0 || config->requests_max == 0 ||
        config->duplicates_max == 0 || config->transfers_max == 0 ||
        !bc_server_block_size_valid(config->block_bytes))
        return NULL;
    struct bc_server *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->config = *config;
    s->refusals.limit = config->refusals_per_s;
    seed(s);
    struct table *tables[] = {&s->devices_by_endpoint, &s->devices_by_id, &s->exchanges_by_token,
                              &s->exchanges_by_message_id, &s->observations};
    bool made = bc_server_duplicates_init(&s->duplicates, config->duplicates_max);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        made = bc_server_table_init(tables[i]) && made;
    if (!made) {
        bc_server_destroy(s);
        return NULL;
    }
    return s;
}

void bc_server_destroy(struct bc_server *s)
{
    if (s == NULL)
        return;
    s->config.events = 0;
    while (s->first != NULL)
        bc_server_device_remove(s, s->first);
    bc_server_table_free(&s->devices_by_endpoint);
    bc_server_table_free(&s->devices_by_id);
    bc_server_table_free(&s->exchanges_by_token);
    bc_server_table_free(&s->exchanges_by_message_id);
    bc_server_table_free(&s->observations);
    bc_server_timers_free(&s->expiries);
    bc_server_timers_free(&s->waits);
    bc_server_duplicates_free(&s->duplicates);
    bc_server_assemblies_free(&s->assemblies);
    free(s);
}

uint64_t bc_server_secret(struct bc_server *s)
{
    s->counter++;
    return bc_server_hash(&s->secret, (bc_view){(const uint8_t *)&s->counter, sizeof(s->counter)});
}

uint32_t bc_server_address_hash(const struct bc_server *s, const struct bc_address *address,
                                uint16_t message_id)
{
    return bc_server_hash_message(&s->key, address, message_id);
}

bool bc_server_lacks_security(const struct bc_server *s, bc_view endpoint,
                              const struct bc_address *from)
{
    return from->channel == 0 && s->config.wants_security != NULL &&
           s->config.wants_security(s->config.context, endpoint);
}

bool bc_server_trusts(const struct bc_server *s, bc_view endpoint, const struct bc_address *from)
{
    return !bc_server_lacks_security(s, endpoint, from) &&
           (s->config.is_trusted == NULL ||
            s->config.is_trusted(s->config.context, endpoint, from));
}

bool bc_server_replay(struct bc_server *s, uint32_t hash, const struct bc_address *from,
                      uint16_t message_id)
{
    const struct duplicate *seen =
        bc_server_duplicate_find(&s->duplicates, hash, from, message_id, s->now_ms);
    if (seen == NULL)
        return false;
    if (seen->reply_bytes > 0)
        bc_server_outbox_put(&s->outbox, from, (bc_view){seen->reply, seen->reply_bytes});
    return true;
}

void bc_server_remember(struct bc_server *s, uint32_t hash, const struct bc_address *to,
                        uint16_t message_id, bc_view reply)
{
    bc_server_duplicate_add(&s->duplicates, hash, to, message_id, reply,
                            s->now_ms + EXCHANGE_LIFETIME_MS);
    if (s->config.on_reply != NULL)
        s->config.on_reply(s->config.context, to, message_id, reply);
}

void bc_server_reset(struct bc_server *s, const struct bc_address *to, uint16_t message_id)
{
    if (bc_server_rate_take(&s->refusals, s->now_ms))
        bc_server_outbox_put_empty(&s->outbox, to, BC_COAP_RST, message_id);
}

static void on_empty(struct bc_server *s, const struct bc_address *from,
                     const struct bc_coap_message *m)
{
    if (m->type == BC_COAP_ACK)
        bc_server_exchange_on_empty_ack(s, from, m->message_id);
    else if (m->type == BC_COAP_RST)
        bc_server_exchange_on_reset(s, from, m->message_id);
}

void bc_server_on_datagram(struct bc_server *s, uint64_t now_ms, const struct bc_address *from,
                           bc_view in)
{
    struct bc_coap_message m;
    s->now_ms = now_ms;
    switch (bc_server_sort(in, &m)) {
    case INCOMING_NOTHING:
        break;
    case INCOMING_REFUSED:
        bc_server_reset(s, from, m.message_id);
        break;
    case INCOMING_EMPTY:
        on_empty(s, from, &m);
        break;
    case INCOMING_REQUEST:
        bc_server_on_request(s, from, &m);
        break;
    case INCOMING_RESPONSE:
        bc_server_on_response(s, from, &m);
        break;
    }
}

/* What is due, as far as its datagrams find room; the rest follows while they are taken. */
static void run_timers(struct bc_server *s)
{
    while (bc_server_deadline(s) <= s->now_ms && bc_server_outbox_has_room(&s->outbox)) {
        if (bc_server_timers_next(&s->waits) <= bc_server_timers_next(&s->expiries))
            bc_server_exchange_on_timer(
                s, BC_SERVER_OF(bc_server_timers_take(&s->waits), struct exchange, timer));
        else
            bc_server_device_on_expiry(
                s, BC_SERVER_OF(bc_server_timers_take(&s->expiries), struct device, expiry));
    }
}

void bc_server_on_time(struct bc_server *s, uint64_t now_ms)
{
    s->now_ms = now_ms;
    run_timers(s);
}

uint64_t bc_server_deadline(const struct bc_server *s)
{
    uint64_t expiry_ms = bc_server_timers_next(&s->expiries);
    uint64_t wait_ms = bc_server_timers_next(&s->waits);
    return expiry_ms < wait_ms ? expiry_ms : wait_ms;
}

size_t bc_server_take_datagrams(struct bc_server *s, struct bc_server_datagram *out, size_t max)
{
    size_t count = bc_server_outbox_take(&s->outbox, out, max);
    bc_server_keep(s);
    if (count > 0)
        return count;
    run_timers(s);
    return bc_server_outbox_take(&s->outbox, out, max);
}

bool bc_server_find(const struct bc_server *s, bc_view endpoint, struct bc_server_device *out)
{
    const struct device *device = bc_server_device_by_endpoint(s, endpoint);
    if (device == NULL)
        return false;
    bc_server_describe(device, out);
    return true;
}

size_t bc_server_device_count(const struct bc_server *s)
{
    return s->devices_by_endpoint.count;
}

const void *bc_server_next(const struct bc_server *s, const void *cursor,
                           struct bc_server_device *out)
{
    const struct device *device = s->first;
    if (cursor != NULL)
        device = ((const struct device *)cursor)->next;
    if (device != NULL)
        bc_server_describe(device, out);
    return device;
}
