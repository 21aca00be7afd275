/*
 * The store in the program: --store. Everything that one turn of the loop tells is committed at
 * once, and only then it is printed and answered. When that fails, nobody is answered who waits for
 * it: see bc_server_discard(). Until it works again, which is tried every second, what would change
 * something is not let in, so that peers repeat it; pings are answered.
 */
#ifndef BC_PLATFORM_STORAGE_H
#define BC_PLATFORM_STORAGE_H

#include "options.h"
#include "place.h"
#include "store.h"

#define STORAGE_MEMORY ":memory:" /* the path of a store that is no file */

struct storage {
    struct bc_store *store; /* NULL: there is none */
    const char *path;
    char place[PLACE_BYTES]; /* of `serve` without --store */
    bool quiet;
    struct bc_store_time now;
    uint64_t retry_ms; /* BC_NEVER: it works */
    char *lines;       /* events that are not committed */
    size_t lines_bytes;
    size_t lines_cap;
};

/* False after a line on stderr. Without --store and --http nothing is opened, and what follows does
 * nothing. */
bool platform_storage_open(struct storage *s, const struct options *options);
void platform_storage_close(struct storage *s);

/* What another run stored, into the new server; how many devices. False after a line on stderr. */
bool platform_storage_restore(struct storage *s, struct bc_server *server, uint64_t *devices);

/* Before anything else in a turn of the loop. */
void platform_storage_begin(struct storage *s, uint64_t now_ms);

/* Whether that datagram may be fed to the server now. */
bool platform_storage_admits(const struct storage *s, bc_view datagram);

/* Of the server's configuration. */
void platform_storage_on_event(struct storage *s, const struct bc_server_event *event);
void platform_storage_on_reply(struct storage *s, const struct bc_address *to, uint16_t message_id,
                               bc_view reply);
/* A line on standard output, once it is true. */
void platform_storage_print(struct storage *s, const char *line);

/* True: the server's datagrams may be sent. False: it has none any more. */
bool platform_storage_settle(struct storage *s, struct bc_server *server);
/* Whether there is something to settle. */
bool platform_storage_pending(const struct storage *s);

void platform_storage_on_time(struct storage *s, const struct bc_server *server);
uint64_t platform_storage_deadline(const struct storage *s);

#endif
