/*
 * The table of keys.h.
 */
#include "keys.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/sink.h"
#include "bc260y/limits.h"
#include "dtls/dtls.h"
#include "hash.h"
#include "table.h"

/* One allocation: endpoint, identity and key stand behind it. */
struct entry {
    struct table_node by_endpoint;
    struct table_node by_identity;
    struct entry *next, *prev;
    uint16_t key_bytes;
    uint8_t endpoint_bytes;
    uint8_t identity_bytes;
    uint8_t bytes[];
};

struct keys {
    struct hash_key hash_key;
    struct table by_endpoint;
    struct table by_identity;
    struct entry *first;
};

struct keys *platform_keys_create(uint64_t seed)
{
    struct bc_random random = {seed};
    struct keys *keys = calloc(1, sizeof(*keys));
    if (keys == NULL)
        return NULL;
    keys->hash_key = bc_server_hash_key(&random);
    if (bc_server_table_init(&keys->by_endpoint) && bc_server_table_init(&keys->by_identity))
        return keys;
    platform_keys_destroy(keys);
    return NULL;
}

static size_t entry_bytes(const struct entry *entry)
{
    return sizeof(*entry) + entry->endpoint_bytes + entry->identity_bytes + entry->key_bytes;
}

static void discard(struct entry *entry)
{
    bc_wipe(entry, entry_bytes(entry));
    free(entry);
}

void platform_keys_destroy(struct keys *keys)
{
    if (keys == NULL)
        return;
    while (keys->first != NULL) {
        struct entry *entry = keys->first;
        keys->first = entry->next;
        discard(entry);
    }
    bc_server_table_free(&keys->by_endpoint);
    bc_server_table_free(&keys->by_identity);
    free(keys);
}

size_t platform_keys_count(const struct keys *keys)
{
    return keys->by_endpoint.count;
}

static struct keys_entry view_of(const struct entry *entry)
{
    const uint8_t *identity = entry->bytes + entry->endpoint_bytes;
    return (struct keys_entry){
        .endpoint = {entry->bytes, entry->endpoint_bytes},
        .identity = {identity, entry->identity_bytes},
        .key = {identity + entry->identity_bytes, entry->key_bytes},
    };
}

static uint32_t hash_of(const struct keys *keys, bc_view name)
{
    return (uint32_t)bc_server_hash(&keys->hash_key, name);
}

static struct entry *find_endpoint(const struct keys *keys, bc_view endpoint)
{
    if (keys->first == NULL)
        return NULL;
    struct table_node *node = bc_server_table_first(&keys->by_endpoint, hash_of(keys, endpoint));
    for (; node != NULL; node = bc_server_table_next(node)) {
        struct entry *entry = BC_SERVER_OF(node, struct entry, by_endpoint);
        if (bc_view_equal(view_of(entry).endpoint, endpoint))
            return entry;
    }
    return NULL;
}

static struct entry *find_identity(const struct keys *keys, bc_view identity)
{
    struct table_node *node = bc_server_table_first(&keys->by_identity, hash_of(keys, identity));
    for (; node != NULL; node = bc_server_table_next(node)) {
        struct entry *entry = BC_SERVER_OF(node, struct entry, by_identity);
        if (bc_view_equal(view_of(entry).identity, identity))
            return entry;
    }
    return NULL;
}

static bool give(const struct entry *entry, struct keys_entry *out)
{
    if (entry != NULL)
        *out = view_of(entry);
    return entry != NULL;
}

bool platform_keys_by_endpoint(const struct keys *keys, bc_view endpoint, struct keys_entry *out)
{
    return give(find_endpoint(keys, endpoint), out);
}

bool platform_keys_by_identity(const struct keys *keys, bc_view identity, struct keys_entry *out)
{
    return give(find_identity(keys, identity), out);
}

const void *platform_keys_next(const struct keys *keys, const void *cursor, struct keys_entry *out)
{
    const struct entry *entry = cursor == NULL ? keys->first : ((const struct entry *)cursor)->next;
    (void)give(entry, out);
    return entry;
}

static bool fits(bc_view text, size_t max)
{
    return text.len > 0 && text.len <= max;
}

const char *platform_keys_problem(const struct keys_entry *entry)
{
    if (!fits(entry->endpoint, BC_ENDPOINT_BYTES_MAX))
        return "the endpoint must have 1 to 150 bytes";
    if (!fits(entry->identity, BC_DTLS_IDENTITY_BYTES_MAX) ||
        memchr(entry->identity.ptr, '\0', entry->identity.len) != NULL)
        return "the identity must have 1 to 150 bytes";
    if (!fits(entry->key, BC_DTLS_KEY_BYTES_MAX))
        return "the key must have 1 to 256 bytes";
    return NULL;
}

static const char *problem_of(const struct keys *keys, const struct keys_entry *entry)
{
    const char *problem = platform_keys_problem(entry);
    if (problem != NULL)
        return problem;
    if (find_endpoint(keys, entry->endpoint) != NULL)
        return "the endpoint has a key already";
    if (find_identity(keys, entry->identity) != NULL)
        return "the identity belongs to another endpoint";
    return keys->by_endpoint.count >= KEYS_MAX ? "there are too many keys" : NULL;
}

const char *platform_keys_add(struct keys *keys, const struct keys_entry *entry)
{
    const char *problem = problem_of(keys, entry);
    if (problem != NULL)
        return problem;
    struct entry *made =
        malloc(sizeof(*made) + entry->endpoint.len + entry->identity.len + entry->key.len);
    if (made == NULL)
        return "memory is short";
    *made = (struct entry){
        .next = keys->first,
        .key_bytes = (uint16_t)entry->key.len,
        .endpoint_bytes = (uint8_t)entry->endpoint.len,
        .identity_bytes = (uint8_t)entry->identity.len,
    };
    memcpy(made->bytes, entry->endpoint.ptr, entry->endpoint.len);
    memcpy(made->bytes + entry->endpoint.len, entry->identity.ptr, entry->identity.len);
    memcpy(made->bytes + entry->endpoint.len + entry->identity.len, entry->key.ptr, entry->key.len);
    if (keys->first != NULL)
        keys->first->prev = made;
    keys->first = made;
    bc_server_table_insert(&keys->by_endpoint, &made->by_endpoint, hash_of(keys, entry->endpoint));
    bc_server_table_insert(&keys->by_identity, &made->by_identity, hash_of(keys, entry->identity));
    return NULL;
}

bool platform_keys_remove(struct keys *keys, bc_view endpoint)
{
    struct entry *entry = find_endpoint(keys, endpoint);
    if (entry == NULL)
        return false;
    bc_server_table_remove(&keys->by_endpoint, &entry->by_endpoint);
    bc_server_table_remove(&keys->by_identity, &entry->by_identity);
    *(entry->prev == NULL ? &keys->first : &entry->prev->next) = entry->next;
    if (entry->next != NULL)
        entry->next->prev = entry->prev;
    discard(entry);
    return true;
}
