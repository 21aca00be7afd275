/*
 * The keys of provisioned devices: stored, and handed to whoever makes sessions of DTLS
 * (config.set_key). A key that the program has from elsewhere for the same endpoint or identity
 * goes before what is stored: it is then not handed over.
 */
#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "private.h"

#define CHANGES_MAX 1024 /* of one turn */

struct endpoint {
    uint8_t len;
    uint8_t bytes[BC_ENDPOINT_BYTES_MAX];
};

struct keyring {
    struct service *service;
    struct endpoint *changed; /* in this turn */
    size_t changed_count;
};

static const char *hand_over(const struct service *service, bc_view endpoint, bc_view identity,
                             bc_view key)
{
    const struct service_config *config = &service->config;
    return config->set_key == NULL ? NULL
                                   : config->set_key(config->context, endpoint, identity, key);
}

static bool take_key(void *context, const struct bc_provision_key *key)
{
    (void)hand_over(context, key->endpoint, key->identity, key->key);
    return true;
}

void service_hand_over_keys(struct service *service)
{
    bc_catalogue_keys(service->config.store, (bc_view){0}, take_key, service);
}

struct keyring *keyring_create(struct service *service)
{
    struct keyring *keyring = calloc(1, sizeof(*keyring));
    if (keyring == NULL)
        return NULL;
    keyring->service = service;
    service_hand_over_keys(service);
    if (!bc_store_unread(service->config.store))
        return keyring;
    keyring_destroy(keyring);
    return NULL;
}

void keyring_destroy(struct keyring *keyring)
{
    if (keyring == NULL)
        return;
    free(keyring->changed);
    free(keyring);
}

static bool remember(struct keyring *keyring, bc_view endpoint)
{
    size_t count = keyring->changed_count;
    if (count == CHANGES_MAX || endpoint.len > BC_ENDPOINT_BYTES_MAX)
        return false;
    struct endpoint *changed = realloc(keyring->changed, (count + 1) * sizeof(*changed));
    if (changed == NULL)
        return false;
    keyring->changed = changed;
    changed[count].len = (uint8_t)endpoint.len;
    memcpy(changed[count].bytes, endpoint.ptr, endpoint.len);
    keyring->changed_count++;
    return true;
}

/* What is stored is what counts. */
static void undo(const struct service *service, bc_view endpoint)
{
    const bc_view none = {0};
    (void)hand_over(service, endpoint, none, none);
    bc_catalogue_keys(service->config.store, endpoint, take_key, (void *)(uintptr_t)service);
}

static bool note_key(void *context, const struct bc_provision_key *key)
{
    (void)key;
    *(bool *)context = true;
    return false;
}

const char *keyring_set(struct keyring *keyring, bc_view endpoint, bc_view identity, bc_view key)
{
    const struct service *service = keyring->service;
    const bc_view none = {0};
    bool stored = false;
    bc_catalogue_keys(service->config.store, endpoint, note_key, &stored);
    if (!stored && key.len == 0)
        return NULL;
    if (!remember(keyring, endpoint))
        return "too many keys are being changed at once";
    const char *problem = stored ? hand_over(service, endpoint, none, none) : NULL;
    if (problem == NULL && key.len > 0)
        problem = hand_over(service, endpoint, identity, key);
    if (problem != NULL && stored)
        undo(service, endpoint);
    return problem;
}

void keyring_after_commit(struct keyring *keyring, bool committed)
{
    for (size_t i = 0; i < keyring->changed_count && !committed; i++)
        undo(keyring->service, (bc_view){keyring->changed[i].bytes, keyring->changed[i].len});
    keyring->changed_count = 0;
}
