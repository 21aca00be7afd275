/*
 * The tables of resources that the REST interface has; see api.h. A program of tests may have
 * others.
 */
#include "private.h"

const struct api_table *const api_tables[] = {
    &api_about,    &api_products, &api_documents, &api_devices, &api_tokens,
    &api_webhooks, &api_live,     &api_fota,      &api_virtual, NULL,
};
