/*
 * The hash table of table.h.
 */
#include "table.h"

#include <assert.h>
#include <stdlib.h>

#define BUCKETS_MIN 64
#define MOVED_AT_ONCE 2 /* doubling is over before the next one is due */

bool bc_server_table_init(struct table *t)
{
    *t = (struct table){.mask = BUCKETS_MIN - 1};
    t->buckets = calloc(BUCKETS_MIN, sizeof(struct table_node *));
    return t->buckets != NULL;
}

void bc_server_table_free(struct table *t)
{
    free(t->buckets);
    free(t->old);
    *t = (struct table){0};
}

static void grow(struct table *t)
{
    size_t wanted = (t->mask + 1) * 2;
    struct table_node **buckets = calloc(wanted, sizeof(struct table_node *));
    if (buckets == NULL)
        return;
    t->old = t->buckets;
    t->old_mask = t->mask;
    t->moved = 0;
    t->buckets = buckets;
    t->mask = wanted - 1;
}

static void move_bucket(struct table *t)
{
    struct table_node *node = t->old[t->moved];
    while (node != NULL) {
        struct table_node *next = node->next;
        struct table_node **bucket = &t->buckets[node->hash & t->mask];
        node->next = *bucket;
        *bucket = node;
        node = next;
    }
    if (++t->moved > t->old_mask) {
        free(t->old);
        t->old = NULL;
    }
}

void bc_server_table_insert(struct table *t, struct table_node *node, uint32_t hash)
{
    for (int i = 0; i < MOVED_AT_ONCE && t->old != NULL; i++)
        move_bucket(t);
    if (t->old == NULL && t->count > t->mask)
        grow(t);
    struct table_node **bucket = bc_server_table_bucket(t, hash);
    node->hash = hash;
    node->next = *bucket;
    *bucket = node;
    t->count++;
}

void bc_server_table_remove(struct table *t, struct table_node *node)
{
    struct table_node **at = bc_server_table_bucket(t, node->hash);
    while (*at != node) {
        assert(*at != NULL);
        at = &(*at)->next;
    }
    *at = node->next;
    node->next = NULL;
    t->count--;
}
