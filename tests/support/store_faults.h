/*
 * A storage (bc260y/storage.h) on which everything goes wrong that can: the power goes at any
 * operation, writes are torn, bits flip, nothing more fits. It keeps two copies of a record, as
 * files or flash do, moves damaged ones aside, and counts.
 */
#ifndef TEST_STORE_FAULTS_H
#define TEST_STORE_FAULTS_H

#include "bc260y/storage.h"

#define STORE_NEVER UINT32_MAX

struct store_slot {
    bool there;
    size_t len;
    uint8_t bytes[BC_RECORD_BYTES_MAX];
};

struct store_faults {
    struct store_slot slot[BC_RECORDS][2]; /* the record, and the one before */
    uint32_t operations;                   /* writes and erasures so far */
    uint32_t damaged;                      /* copies that the module found damaged */
    /* After this many operations the power is gone: `cut` is set, nothing changes any more, and
     * nobody is told. Of the operation at which it went, a write leaves `torn_bytes`. */
    uint32_t cut_after;
    size_t torn_bytes; /* 0 = nothing at all */
    bool cut;
    bool refuses; /* every operation fails */
};

/* Empty, and nothing goes wrong. */
void store_faults_init(struct store_faults *s);
struct bc_storage store_faults_port(struct store_faults *s);

/* A record as it would be if this were its bytes, with what it was as the copy before. */
void store_faults_put(struct store_faults *s, enum bc_record record, bc_view bytes);

#endif
