/*
 * Products and the devices that were provisioned into them, as rows of the store: what users said
 * before a device ever spoke. What is written goes into the transaction that is open, or opens one;
 * bc_store_commit() ends it.
 *
 * Settings must be JSON; of theirs the store reads what bc_catalogue_brief() tells. Rows are
 * given to a callback, until it returns false; views live until it returns, and it must not call
 * the store. Functions that write return false when the store has failed: bc_store_problem() says
 * why. Those that read return false when there is no such row, or it cannot be read:
 * bc_store_unread().
 *
 * Left to others: whether a name is taken is asked before it is written, since a statement that
 * fails takes the whole transaction with it.
 */
#ifndef BC_STORE_CATALOGUE_H
#define BC_STORE_CATALOGUE_H

#include "store.h"

/* Products -------------------------------------------------------------------------------------*/

struct bc_product {
    int64_t id;
    bc_view name;
    bc_view carrier;
    bc_view settings;   /* JSON */
    bc_view codec_kind; /* of the newest codec; empty: none */
    bool deployed;      /* the newest codec is the one in force */
    bool published;     /* the newest model is */
    int64_t devices;
    int64_t created_ms;
};

bool bc_catalogue_add_product(struct bc_store *store, const struct bc_product *product,
                              int64_t *id);
bool bc_catalogue_change_product(struct bc_store *store, int64_t id, bc_view name,
                                 bc_view settings);
bool bc_catalogue_remove_product(struct bc_store *store, int64_t id);

bool bc_catalogue_product(struct bc_store *store, int64_t id,
                          bool (*take)(void *context, const struct bc_product *product),
                          void *context);
/* Those behind `after` in order of their ids. */
void bc_catalogue_products(struct bc_store *store, int64_t after,
                           bool (*take)(void *context, const struct bc_product *product),
                           void *context);
/* The product of that name; 0 when there is none. */
int64_t bc_catalogue_product_named(struct bc_store *store, bc_view name);

enum bc_document {
    BC_DOCUMENT_PROFILE,
    BC_DOCUMENT_MAPPING,
    BC_DOCUMENT_CODEC,    /* the newest one */
    BC_DOCUMENT_DEPLOYED, /* the one in force */
    BC_DOCUMENT_MODEL,
    BC_DOCUMENT_PUBLISHED,
    BC_DOCUMENT_SETTINGS,
    BC_DOCUMENTS
};
bool bc_catalogue_document(struct bc_store *store, int64_t product, enum bc_document which,
                           bool (*take)(void *context, bc_view text), void *context);
/* Empty removes it; settings are changed with their product. */
bool bc_catalogue_put_document(struct bc_store *store, int64_t product, enum bc_document which,
                               bc_view text);

/* Devices --------------------------------------------------------------------------------------*/

struct bc_provision {
    int64_t id;
    bc_view endpoint;
    int64_t product;
    bc_view name, imei, imsi;
    bc_view settings; /* JSON */
    bool encrypted;   /* has a key */
    int64_t group;
    int64_t created_ms;
};

bool bc_catalogue_add_provision(struct bc_store *store, const struct bc_provision *provision);
/* Product, name, IMSI and settings. */
bool bc_catalogue_change_provision(struct bc_store *store, const struct bc_provision *provision);
bool bc_catalogue_remove_provision(struct bc_store *store, bc_view endpoint);
bool bc_catalogue_provision(struct bc_store *store, bc_view endpoint,
                            bool (*take)(void *context, const struct bc_provision *provision),
                            void *context);
/* Those behind `after` in order of their ids; of one product, or, with 0, of all. */
void bc_catalogue_provisions(struct bc_store *store, int64_t product, int64_t after,
                             bool (*take)(void *context, const struct bc_provision *provision),
                             void *context);

/* What the core asks at each registration. */
struct bc_provision_brief {
    int64_t product;
    const struct bc_server_carrier *carrier;
    bool observe_all;
    bool automatic; /* subscription */
    bool queued;    /* the product saves power */
    char product_id[65];
};
bool bc_catalogue_brief(struct bc_store *store, bc_view endpoint, struct bc_provision_brief *out);

/* Whether the device's product has "security" "dtls"; and whether any product has. */
bool bc_catalogue_secured(struct bc_store *store, bc_view endpoint);
bool bc_catalogue_any_secured(struct bc_store *store);

struct bc_stray {
    int64_t id;
    bc_view endpoint;
    bool provisioned;
    int64_t registered_ms;
};
/* Devices that have ever registered, behind `after` in order of their ids. */
void bc_catalogue_registered(struct bc_store *store, int64_t after,
                             bool (*take)(void *context, const struct bc_stray *stray),
                             void *context);
/* When the device last registered; false when it never has. */
bool bc_catalogue_stray(struct bc_store *store, bc_view endpoint, int64_t *registered_ms);

/* That the device was ever there, its commands, and all that it has reported: at once as far as
 * anybody can see. Its rows go later: bc_catalogue_sweep() removes some hundred; true while there
 * may be more. */
bool bc_catalogue_forget(struct bc_store *store, bc_view endpoint, int64_t utc_ms);
bool bc_catalogue_sweep(struct bc_store *store);

/* Keys -----------------------------------------------------------------------------------------*/

/* Both empty: removes it. */
bool bc_catalogue_put_key(struct bc_store *store, bc_view endpoint, bc_view identity, bc_view key);
struct bc_provision_key {
    bc_view endpoint, identity, key;
};
/* Of one device, or, with an empty endpoint, of all. */
void bc_catalogue_keys(struct bc_store *store, bc_view endpoint,
                       bool (*take)(void *context, const struct bc_provision_key *key),
                       void *context);
/* Whether another endpoint has that identity. */
bool bc_catalogue_identity_taken(struct bc_store *store, bc_view endpoint, bc_view identity);

#endif
