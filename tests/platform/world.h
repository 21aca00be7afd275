/*
 * A server on a virtual clock, with devices that the test plays: datagrams are hex, "<id>" in them
 * stands for the registration id of the last `registered` event and "<token>" for the token of the
 * last request that the server sent. Spaces count for nothing.
 */
#ifndef TEST_WORLD_H
#define TEST_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

#include "carrier.h"
#include "coap/message.h"
#include "server.h"

#define WORLD_EVENTS_MAX 64
#define WORLD_BYTES_MAX 5120

struct world_event {
    enum bc_server_event_kind kind;
    enum bc_server_operation operation;
    uint64_t tag;
    uint8_t code;
    int32_t format;
    char endpoint[160];
    char path[BC_SERVER_PATH_CHARS_MAX + 1];
    uint8_t payload[BC_SERVER_BODY_BYTES_MAX];
    size_t payload_bytes;
    uint16_t port; /* of the device */
    uint32_t lifetime_s;
    uint32_t observe;
    bool confirmable, stale, over, links_changed, more, begun, observed;
    uint32_t token; /* of the observation, when it is observed */
    const char *reason;
};

struct world {
    struct bc_server *server;
    struct bc_server_product product;
    bool closed;     /* nobody may register */
    uint8_t channel; /* of what is fed and expected */
    uint64_t now_ms;
    char id[BC_SERVER_ID_CHARS + 1];
    uint8_t token[4];
    uint16_t message_id; /* of the last request that the server sent */
    struct world_event events[WORLD_EVENTS_MAX];
    size_t event_count;
    size_t event_seen;
};

void world_begin(struct world *w, const char *carrier);
void world_begin_with(struct world *w, const char *carrier, const struct bc_server_config *config);
/* `on_event` gets the world as its context; it passes events on to world_on_event(). */
void world_begin_telling(struct world *w, const char *carrier,
                         const struct bc_server_config *config,
                         void (*on_event)(void *context, const struct bc_server_event *event));
void world_on_event(void *context, const struct bc_server_event *event);
void world_end(struct world *w); /* everything must have been looked at */

struct bc_address world_address(uint16_t port); /* 127.0.0.1 */

void world_feed(struct world *w, uint16_t port, const char *hex);
/* The next datagram must be these bytes to that port. A request is remembered for <token>; there
 * "<mid>" stands for any message id, as "<token>" does for any four bytes. */
void world_expect(struct world *w, uint16_t port, const char *hex);
void world_take_all(struct world *w); /* and looks at none of them */
void world_expect_silence(struct world *w);
/* Nothing may happen up to the moment before; then time is there. */
void world_wait_quietly(struct world *w, uint64_t ms);
void world_wait(struct world *w, uint64_t ms);
const struct world_event *world_expect_event(struct world *w, enum bc_server_event_kind kind);
void world_expect_no_event(struct world *w);

/* CON POST /rd?lwm2m=1.0&ep=`endpoint`&lt=300 with these links, from a message id of its own;
 * the answer 2.01 is checked, or
 * left to be taken; the message id. */
void world_register(struct world *w, uint16_t port, const char *endpoint, const char *links);
uint16_t world_register_silently(struct world *w, uint16_t port, const char *endpoint,
                                 const char *links);
/* An acknowledgement of the last request: `code` and options with payload in hex behind the
 * token; "" for none. */
void world_answer(struct world *w, uint16_t port, uint8_t code, const char *rest);
enum bc_err world_request(struct world *w, const char *endpoint, enum bc_server_operation operation,
                          const char *path, uint64_t tag);

#endif
