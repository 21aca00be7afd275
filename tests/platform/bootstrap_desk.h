/*
 * A bootstrap server on a virtual clock, with devices that the test plays. Datagrams are hex;
 * in what is expected, and in answers, "<mid>" stands for the message id and "<token>" for the
 * token of the last request that the server sent. Spaces count for nothing.
 */
#ifndef TEST_BOOTSTRAP_DESK_H
#define TEST_BOOTSTRAP_DESK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs those four before it. */
#include <cmocka.h>

#include "bootstrap.h"
#include "coap/message.h"

#define DESK_EVENTS_MAX 64
#define DESK_BYTES_MAX 1280

struct desk_event {
    enum bc_bootstrap_event_kind kind;
    char endpoint[160];
    uint16_t port;
    uint8_t code;
    const char *step;
    const char *reason;
    char payload[64];
    bool more;
};

struct desk {
    struct bc_bootstrap_server *server;
    struct bc_bootstrap_information information;
    bool closed; /* nobody is served */
    uint64_t now_ms;
    uint8_t last[DESK_BYTES_MAX]; /* the last request that the server sent */
    size_t last_bytes;
    struct desk_event events[DESK_EVENTS_MAX];
    size_t event_count;
    size_t event_seen;
};

/* What the steps ask, as far as a test wants to know, and the answer that is right; in order,
 * without the discovery, which is only made when the information says so. */
struct desk_step {
    const char *name;
    uint8_t method;
    uint8_t right;
};
#define DESK_STEPS 5
extern const struct desk_step desk_steps[DESK_STEPS];

void desk_begin(struct desk *d);
void desk_begin_with(struct desk *d, const struct bc_bootstrap_config *config);
void desk_end(struct desk *d); /* everything must have been looked at */

struct bc_address desk_address(uint16_t port); /* 127.0.0.1 */

void desk_feed(struct desk *d, uint16_t port, const char *hex);
void desk_feed_bytes(struct desk *d, uint16_t port, bc_view bytes);
/* The next datagram must be these bytes to that port. */
void desk_expect(struct desk *d, uint16_t port, const char *hex);
/* The next datagram must be a request with that method, and is remembered. */
void desk_expect_step(struct desk *d, uint16_t port, const struct desk_step *step);
void desk_expect_silence(struct desk *d);
void desk_wait(struct desk *d, uint64_t ms);
/* Nothing may happen up to the moment before; then time is there. */
void desk_wait_quietly(struct desk *d, uint64_t ms);
const struct desk_event *desk_expect_event(struct desk *d, enum bc_bootstrap_event_kind kind);

/* CON POST /bs?ep=`endpoint`, nothing looked at. */
void desk_ask(struct desk *d, uint16_t port, uint16_t message_id, const char *endpoint);
/* The same, answered with 2.04 and told; the first request is next. */
void desk_open(struct desk *d, uint16_t port, uint16_t message_id, const char *endpoint);
/* An acknowledgement of the last request with that code. */
void desk_answer(struct desk *d, uint16_t port, uint8_t code);
/* Opens and answers rightly until the request of step `at` has been taken. */
void desk_open_to(struct desk *d, uint16_t port, const char *endpoint, size_t at);
/* From there, the request of step `at` taken, to the end. */
void desk_finish(struct desk *d, uint16_t port, size_t at);

#endif
