/*
 * The pre-shared keys of the devices: which identity belongs to which endpoint, and its key. Found
 * by endpoint and by identity, each of which occurs once. Keys are wiped when they go.
 */
#ifndef BC_PLATFORM_KEYS_H
#define BC_PLATFORM_KEYS_H

#include "bc260y/types.h"
#include "words.h"

struct keys;

#define KEYS_MAX 2000000

struct keys_entry {
    bc_view endpoint; /* 1 to BC_ENDPOINT_BYTES_MAX */
    bc_view identity; /* 1 to BC_DTLS_IDENTITY_BYTES_MAX, no NUL among them */
    bc_view key;      /* 1 to BC_DTLS_KEY_BYTES_MAX */
};

/* NULL when memory is short. `seed` makes the tables' hashes unpredictable. */
struct keys *platform_keys_create(uint64_t seed);
void platform_keys_destroy(struct keys *keys); /* NULL is fine */

size_t platform_keys_count(const struct keys *keys);

/* False when there is none. Views live until the entry goes. */
bool platform_keys_by_endpoint(const struct keys *keys, bc_view endpoint, struct keys_entry *out);
bool platform_keys_by_identity(const struct keys *keys, bc_view identity, struct keys_entry *out);
/* In any order: `cursor` NULL gives the first, then each call the next, NULL at the end. */
const void *platform_keys_next(const struct keys *keys, const void *cursor, struct keys_entry *out);

/* What is wrong with an entry by itself, as a phrase without secrets, or NULL. */
const char *platform_keys_problem(const struct keys_entry *entry);
/* Adds an entry that is copied. Why it cannot be, or NULL when it is done: it is wrong by itself,
 * the endpoint or the identity is there already, there are too many, memory is short. */
const char *platform_keys_add(struct keys *keys, const struct keys_entry *entry);
bool platform_keys_remove(struct keys *keys, bc_view endpoint); /* false when it is not there */

/* Entry from three words: ENDPOINT IDENTITY KEY, the key in hex digits, or in quotes as it is. The
 * digits become bytes where they stand. What is wrong, or NULL. */
const char *platform_keys_read(const struct word words[3], struct keys_entry *out);

/* The lines of a file into empty `keys`: words as above, blank lines, and comments behind #. Others
 * may not be allowed to read the file. False after a line on stderr with the file's name and the
 * line's number. */
bool platform_keys_load(struct keys *keys, const char *path);

#endif
