/*
 * The words every part of bc260y shares: borrowed and owned bytes, errors, addresses, time.
 *
 * Time is an argument everywhere: `now_ms` is a monotonic millisecond count that the caller keeps;
 * its zero means nothing. Two calls on one instance never go back in time.
 */
#ifndef BC260Y_TYPES_H
#define BC260Y_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that belong to somebody else. A view that a call hands out lives until the next call on
 * the same instance; whoever keeps it, copies it. `ptr` may be NULL when `len` is 0. */
typedef struct {
    const uint8_t *ptr;
    size_t len;
} bc_view;

/* Bytes that belong to the caller and that a call fills: `len` of `cap` are used. The writers in
 * base/sink.h append, and what does not fit sets `full` instead of being cut in the middle. */
typedef struct {
    uint8_t *ptr;
    size_t len;
    size_t cap;
    bool full;
} bc_sink;

/* Our failures. "Nothing yet" is never an error: it is `false`. */
enum bc_err {
    BC_OK = 0,
    BC_ERR_FORMAT = -1, /* the bytes break the grammar of what they claim to be */
    BC_ERR_RANGE = -2,  /* well formed, but outside what is allowed */
    BC_ERR_FULL = -3,   /* a named limit of limits.h is reached */
    BC_ERR_STATE = -4,  /* not now */
    BC_ERR_ABSENT = -5, /* no such thing */
};

/* The error's name without prefix ("FORMAT"), or NULL for a value that is no error of ours. */
const char *bc_err_name(enum bc_err err);

/* The deadline of somebody who waits for nothing. */
#define BC_NEVER UINT64_MAX

/* An IP end point. `ip_len` is 4, 16, or 0 for "no address"; `port` is in host byte order. Whoever
 * knows several ways to the same end point numbers them in `channel`: they are different peers. */
struct bc_address {
    uint8_t ip[16];
    uint16_t port;
    uint8_t ip_len;
    uint8_t channel; /* 0 when there is one way */
};

bool bc_address_equal(const struct bc_address *a, const struct bc_address *b);

/* Dotted decimal IPv4 only ("180.101.147.115"); false for anything else. Leaves the port alone. */
bool bc_address_parse(bc_view text, struct bc_address *out);

#define BC_TEXT(literal) ((bc_view){(const uint8_t *)(literal), sizeof(literal) - 1})

#endif
