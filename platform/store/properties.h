/*
 * Decoded values of devices: each property's newest one, and what it was before. They go into the
 * transaction of the row of data that they come from. See queue.h for the manner of callbacks.
 *
 * A property's history reaches back as far as the rows of data do (config.rows_max); a device has
 * at most BC_PROPERTIES_MAX names, and a further one is not taken.
 */
#ifndef BC_STORE_PROPERTIES_H
#define BC_STORE_PROPERTIES_H

#include "store.h"

#define BC_PROPERTIES_MAX 512
#define BC_PROPERTY_NAME_BYTES_MAX 128

struct bc_property {
    bc_view name; /* UTF-8 */
    int64_t utc_ms;
    uint64_t number; /* of the row of data; 0 of the newest values */
    bc_view value;   /* JSON */
};

typedef bool bc_property_take(void *context, const struct bc_property *property);

/* `keeps`: what it was before stays in the history. */
bool bc_properties_put(struct bc_store *store, bc_view endpoint, const struct bc_property *property,
                       bool keeps);

/* The newest values of the names from `first` to before `end`, in their order. */
void bc_properties_latest(struct bc_store *store, bc_view endpoint, bc_view first, bc_view end,
                          bc_property_take *take, void *context);

/* A property's values in that time, the newest first. */
struct bc_property_range {
    bc_view name;
    int64_t from_ms, to_ms; /* both of them within */
    size_t count;
};
void bc_properties_history(struct bc_store *store, bc_view endpoint,
                           const struct bc_property_range *range, bc_property_take *take,
                           void *context);

#endif
