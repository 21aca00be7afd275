/*
 * A hash table of nodes that live inside the things they find. Chained; grows by doubling, a few
 * buckets at each insertion, so that no single step pays for all of them. When memory is short it
 * stays as it is and only gets slower. The caller compares keys:
 *     for (node = bc_server_table_first(t, hash); node; node = bc_server_table_next(node)) ...
 */
#ifndef BC_PLATFORM_TABLE_H
#define BC_PLATFORM_TABLE_H

#include "bc260y/types.h"

struct table_node {
    struct table_node *next;
    uint32_t hash;
};

struct table {
    struct table_node **buckets;
    struct table_node **old; /* the smaller half-emptied ones while growing, else NULL */
    size_t mask;
    size_t old_mask;
    size_t moved; /* old buckets below this one are empty */
    size_t count;
};

/* False when memory is short. An all-zero table may be freed. */
bool bc_server_table_init(struct table *t);
void bc_server_table_free(struct table *t); /* the nodes belong to others */

void bc_server_table_insert(struct table *t, struct table_node *node, uint32_t hash);
void bc_server_table_remove(struct table *t, struct table_node *node);

static inline struct table_node **bc_server_table_bucket(const struct table *t, uint32_t hash)
{
    if (t->old != NULL && (hash & t->old_mask) >= t->moved)
        return &t->old[hash & t->old_mask];
    return &t->buckets[hash & t->mask];
}

/* The first node with that hash, and the next one after it. */
static inline struct table_node *bc_server_table_match(struct table_node *node, uint32_t hash)
{
    while (node != NULL && node->hash != hash)
        node = node->next;
    return node;
}

static inline struct table_node *bc_server_table_first(const struct table *t, uint32_t hash)
{
    return bc_server_table_match(*bc_server_table_bucket(t, hash), hash);
}

static inline struct table_node *bc_server_table_next(const struct table_node *node)
{
    return bc_server_table_match(node->next, node->hash);
}

/* The thing around a node. */
#define BC_SERVER_OF(pointer, type, member) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
