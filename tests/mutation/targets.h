/*
 * The functions that read foreign bytes, each behind one entry: hand it any bytes, in any order.
 * Whoever calls looks for crashes; the entries check what must hold afterwards.
 */
#ifndef FUZZ_TARGETS_H
#define FUZZ_TARGETS_H

#include "check.h"

/* What an entry needs between two inputs; opaque to the caller. */
struct fuzz_state;

struct fuzz_target {
    const char *name;
    bool text; /* the seeds are text, not hex */
    const char *const *seeds;
    size_t seed_count;
    void (*run)(struct fuzz_state *state, bc_view input);
};

extern const struct fuzz_target fuzz_targets[];
extern const size_t fuzz_target_count;

struct fuzz_state *fuzz_begin(void);
void fuzz_end(struct fuzz_state *state);

#endif
