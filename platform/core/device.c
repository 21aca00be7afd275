/*
 * Registered devices: found by endpoint name and by registration id, kept for their lifetime and
 * the grace (LwM2M 1.0 section 5.3). What a registration must look like is registration.c's.
 *
 * The expiry timer is lazy: an update only writes expires_ms, and the timer, when it fires too
 * early, is set again. So a device costs one heap operation a lifetime, however often it updates.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "private.h"

#define ID_BITS_A_CHAR 6
#define ID_MASK ((UINT64_C(1) << (ID_BITS_A_CHAR * BC_SERVER_ID_CHARS)) - 1)

static const char id_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void bc_server_id_text(uint64_t id, char out[BC_SERVER_ID_CHARS + 1])
{
    for (size_t i = 0; i < BC_SERVER_ID_CHARS; i++) {
        out[i] = id_alphabet[id & 63];
        id >>= ID_BITS_A_CHAR;
    }
    out[BC_SERVER_ID_CHARS] = '\0';
}

static int id_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool bc_server_id_parse(bc_view text, uint64_t *out)
{
    if (text.len != BC_SERVER_ID_CHARS)
        return false;
    *out = 0;
    for (size_t i = text.len; i-- > 0;) {
        int digit = id_digit(text.ptr[i]);
        if (digit < 0)
            return false;
        *out = *out << ID_BITS_A_CHAR | (uint64_t)digit;
    }
    return true;
}

struct device *bc_server_device_by_endpoint(const struct bc_server *s, bc_view endpoint)
{
    uint32_t hash = (uint32_t)bc_server_hash(&s->key, endpoint);
    struct table_node *node = bc_server_table_first(&s->devices_by_endpoint, hash);
    for (; node != NULL; node = bc_server_table_next(node)) {
        struct device *device = BC_SERVER_OF(node, struct device, by_endpoint);
        if (bc_view_equal(bc_server_device_endpoint(device), endpoint))
            return device;
    }
    return NULL;
}

struct device *bc_server_device_of_id(const struct bc_server *s, uint64_t id)
{
    struct table_node *node = bc_server_table_first(&s->devices_by_id, (uint32_t)id);
    for (; node != NULL; node = bc_server_table_next(node)) {
        struct device *device = BC_SERVER_OF(node, struct device, by_id);
        if (device->id == id)
            return device;
    }
    return NULL;
}

struct device *bc_server_device_by_id(const struct bc_server *s, bc_view text)
{
    uint64_t id;
    return bc_server_id_parse(text, &id) ? bc_server_device_of_id(s, id) : NULL;
}

/* Endpoint and links in one block. */
static bool set_strings(struct device *device, bc_view endpoint, bc_view links)
{
    assert(endpoint.ptr != NULL);
    bool same = device->strings != NULL && bc_view_equal(links, bc_server_device_links(device));
    uint8_t *strings = same ? NULL : malloc(endpoint.len + links.len);
    if (same)
        return true; /* the endpoint never changes */
    if (strings == NULL)
        return false;
    memcpy(strings, endpoint.ptr, endpoint.len);
    if (links.len > 0)
        memcpy(strings + endpoint.len, links.ptr, links.len);
    free(device->strings);
    device->strings = strings;
    device->endpoint_bytes = (uint8_t)endpoint.len;
    device->links_bytes = (uint16_t)links.len;
    return true;
}

/* A timer that is set fires no later than the lifetime before: only a shorter one, or a first one,
 * has to look at it. */
static void begin_lifetime(struct bc_server *s, struct device *device)
{
    uint64_t before_ms = device->expires_ms;
    uint64_t kept_s = (uint64_t)device->lifetime_s + s->config.lifetime_grace_s;
    device->seen_ms = s->now_ms;
    device->expires_ms = s->now_ms + kept_s * 1000;
    if ((before_ms == 0 || device->expires_ms < before_ms) &&
        bc_server_timer_due(&s->expiries, &device->expiry) > device->expires_ms)
        bc_server_timer_set(&s->expiries, &device->expiry, device->expires_ms);
}

static void set_binding(struct device *device, bc_view binding)
{
    memset(device->binding, 0, sizeof(device->binding));
    memcpy(device->binding, binding.ptr, binding.len);
}

/* A device that is in no table yet. */
static struct device *create(struct bc_server *s, const struct registration *r)
{
    if (s->devices_by_endpoint.count >= s->config.devices_max)
        return NULL;
    struct device *device = calloc(1, sizeof(*device));
    if (device == NULL || !set_strings(device, r->endpoint, r->links) ||
        !bc_server_timers_reserve(&s->expiries)) {
        if (device != NULL)
            free(device->strings);
        free(device);
        return NULL;
    }
    device->next_message_id = (uint16_t)bc_server_secret(s);
    bc_server_table_insert(&s->devices_by_endpoint, &device->by_endpoint,
                           (uint32_t)bc_server_hash(&s->key, r->endpoint));
    device->prev = s->last;
    *(s->last == NULL ? &s->first : &s->last->next) = device;
    s->last = device;
    return device;
}

/* What belongs to one registration and not to its endpoint; observations are left. */
static void end_session(struct bc_server *s, struct device *device)
{
    while (device->exchanges != NULL) {
        struct exchange *exchange = device->exchanges;
        bc_server_tell_exchange(s, BC_SERVER_CANCELED, exchange, NULL);
        bc_server_exchange_remove(s, exchange);
    }
    bc_server_table_remove(&s->devices_by_id, &device->by_id);
}

/* Chance alone would do, but after a restart with the same seed the same ids come again. */
static uint64_t new_id(struct bc_server *s)
{
    uint64_t id;
    do
        id = bc_server_secret(s) & ID_MASK;
    while (bc_server_device_of_id(s, id) != NULL);
    return id;
}

static void take_identity(struct bc_server *s, struct device *device, uint64_t id,
                          const struct registration *r, const struct bc_address *from)
{
    device->id = id;
    bc_server_table_insert(&s->devices_by_id, &device->by_id, (uint32_t)id);
    device->address = *from;
    device->version_1_1 = r->version_1_1;
    device->lifetime_s = r->lifetime_s == 0 ? BC_LIFETIME_DEFAULT : r->lifetime_s;
    set_binding(device, r->binding.len == 0 ? BC_TEXT("U") : r->binding);
}

struct device *bc_server_device_register(struct bc_server *s, const struct registration *r,
                                         const struct bc_server_product *product,
                                         const struct bc_address *from)
{
    struct device *device = bc_server_device_by_endpoint(s, r->endpoint);
    if (device == NULL) {
        device = create(s, r);
        if (device == NULL)
            return NULL;
    } else {
        if (!set_strings(device, r->endpoint, r->links))
            return NULL;
        end_session(s, device);
        bc_server_observations_end(s, device);
    }
    take_identity(s, device, new_id(s), r, from);
    device->product = *product;
    device->registered_ms = s->now_ms;
    begin_lifetime(s, device);
    return device;
}

struct device *bc_server_device_restore(struct bc_server *s, const struct registration *r,
                                        const struct bc_server_device *known, uint64_t id)
{
    struct device *device = create(s, r);
    if (device == NULL)
        return NULL;
    take_identity(s, device, id, r, &known->address);
    device->product =
        (struct bc_server_product){known->carrier, known->observe_all, known->by_hand};
    device->registered_ms = known->registered_ms;
    device->seen_ms = known->seen_ms;
    device->expires_ms = known->expires_ms;
    bc_server_timer_set(&s->expiries, &device->expiry, device->expires_ms);
    return device;
}

bool bc_server_device_update(struct bc_server *s, struct device *device,
                             const struct registration *r)
{
    if (r->links.len > 0 && !set_strings(device, bc_server_device_endpoint(device), r->links))
        return false;
    if (r->lifetime_s > 0)
        device->lifetime_s = r->lifetime_s;
    if (r->binding.len > 0)
        set_binding(device, r->binding);
    begin_lifetime(s, device);
    return true;
}

void bc_server_device_move(struct bc_server *s, struct device *device, const struct bc_address *to)
{
    if (bc_address_equal(&device->address, to))
        return;
    bc_server_exchanges_move(s, device, to);
    device->address = *to;
}

void bc_server_device_remove(struct bc_server *s, struct device *device)
{
    end_session(s, device);
    while (device->observations != NULL)
        bc_server_observation_remove(s, device->observations);
    bc_server_table_remove(&s->devices_by_endpoint, &device->by_endpoint);
    bc_server_timer_clear(&s->expiries, &device->expiry);
    bc_server_timers_release(&s->expiries);
    *(device->prev == NULL ? &s->first : &device->prev->next) = device->next;
    *(device->next == NULL ? &s->last : &device->next->prev) = device->prev;
    free(device->strings);
    free(device);
}

bool bc_server_drop(struct bc_server *s, uint64_t now_ms, bc_view endpoint)
{
    struct device *device = bc_server_device_by_endpoint(s, endpoint);
    s->now_ms = now_ms;
    if (device == NULL)
        return false;
    bc_server_tell_refused(s, device, NULL, "the platform has removed the device");
    bc_server_device_remove(s, device);
    return true;
}

void bc_server_device_on_expiry(struct bc_server *s, struct device *device)
{
    if (device->expires_ms > s->now_ms) {
        bc_server_timer_set(&s->expiries, &device->expiry, device->expires_ms);
        return;
    }
    bc_server_tell_device(s, BC_SERVER_EXPIRED, device, false);
    bc_server_device_remove(s, device);
}
