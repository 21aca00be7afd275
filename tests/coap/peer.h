/*
 * One endpoint on a virtual clock and the test as its peer: everything that goes either way is
 * hex (spaces count for nothing). In the ladders "us" is the endpoint.
 */
#ifndef TEST_PEER_H
#define TEST_PEER_H

#include "check.h"
#include "coap/endpoint.h"

struct talk {
    struct bc_coap_endpoint us;
    struct bc_random random;
    bc_sink workspace;
    uint64_t now_ms;
    bc_view datagram; /* the last one that came in */
    struct bc_coap_event event;
    struct bc_coap_event request; /* the last event that was a request */
};

#define TALK_BEGIN_MS 1000

void talk_begin(struct talk *t, uint8_t ack_timeout_s, uint8_t retransmit_max);
void talk_end(struct talk *t); /* everything must have been taken */

/* Queue a GET for /t, or a 2.05 with payload "n". The token is the tag, four times (which ladders
 * shorten) in a request and twice in a notification, the context 1000 plus the tag:
 *     <4|5>4 01 <mid> <tag tag tag tag> B1 74   and   <4|5>2 45 <mid> <tag tag> FF 6E */
enum bc_err talk_request(struct talk *t, enum bc_coap_type type, uint8_t tag);
enum bc_err talk_notify(struct talk *t, enum bc_coap_type type, uint8_t tag);
/* The same notification with `bytes` of 'x' as payload. */
enum bc_err talk_notify_bytes(struct talk *t, enum bc_coap_type type, uint8_t tag, size_t bytes);

/* Answer a request with a code and `bytes` of 'y'. */
enum bc_err talk_reply(struct talk *t, const struct bc_coap_event *request, uint8_t code,
                       size_t bytes);

/* The next datagram is this one; there is none. */
#define talk_expect(...) talk_expect_at(__FILE__, __LINE__, __VA_ARGS__)
#define talk_expect_silence(...) talk_expect_silence_at(__FILE__, __LINE__, __VA_ARGS__)
void talk_expect_at(const char *file, int line, struct talk *t, const char *hex);
void talk_expect_silence_at(const char *file, int line, struct talk *t);

/* A datagram that must not, or must, cause an event. */
#define talk_feed(...) talk_feed_at(__FILE__, __LINE__, __VA_ARGS__)
#define talk_feed_event(...) talk_feed_event_at(__FILE__, __LINE__, __VA_ARGS__)
void talk_feed_at(const char *file, int line, struct talk *t, const char *hex);
const struct bc_coap_event *talk_feed_event_at(const char *file, int line, struct talk *t,
                                               enum bc_coap_event_kind kind, const char *hex);

/* Nothing may happen until then; the moment itself is left to what follows. */
void talk_wait_quietly(struct talk *t, uint64_t until_ms);
/* Time passes; nothing may be given up. */
void talk_wait(struct talk *t, uint64_t until_ms);
void talk_expect_timeout(struct talk *t, uint8_t tag);

#endif
