/*
 * What the DTLS listeners of the platform share: the keys of the devices (--psk-file and the
 * command `psk`), and the key log. And who may speak for an endpoint: over DTLS the identity that
 * belongs to it, in plain anybody, as long as it has no key.
 */
#ifndef BC_PLATFORM_SECURITY_H
#define BC_PLATFORM_SECURITY_H

#include "keys.h"
#include "options.h"
#include "secure.h"

#define SECURITY_LISTENERS_MAX 2

struct security {
    const struct options *options;
    struct keys *keys;
    uint64_t seed;
    int keylog; /* -1 = none */
    struct secure_listener *listeners[SECURITY_LISTENERS_MAX];
    size_t listener_count;
};

/* Reads the keys and opens the key log. False after a line on stderr. The options are kept. */
bool platform_security_open(struct security *s, const struct options *options, uint64_t seed);
void platform_security_close(struct security *s); /* after the listeners; wipes the keys */

/* A listener after the options, whose events go to `on_event`. It is told when keys go. NULL after
 * a line on stderr. */
struct secure_listener *platform_security_listen(struct security *s, const char *option,
                                                 void (*on_event)(void *context,
                                                                  const struct secure_event *event),
                                                 void *context);

/* `l` is the listener whose channels are meant; NULL when there is none. */
bool platform_security_trusts(const struct security *s, const struct secure_listener *l,
                              bc_view endpoint, const struct bc_address *from);

/* Reads the file of keys anew: what is not in it any more, or otherwise, is gone. When it cannot be
 * read, a line on stderr, and everything stays as it was. `add` sets those that are kept elsewhere;
 * NULL: there are none. */
void platform_security_reload(struct security *s, uint64_t now_ms, void (*add)(void *context),
                              void *context);

/* Sets the key of an endpoint, or removes it (false: there is none). What is wrong, or NULL. */
const char *platform_security_set(struct security *s, uint64_t now_ms,
                                  const struct keys_entry *entry);
bool platform_security_remove(struct security *s, uint64_t now_ms, bc_view endpoint);

#endif
