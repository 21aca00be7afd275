/*
 * Reliability, duplicates and matching with one peer (RFC 7252 section 4, 5.2, 5.4.1): see
 * endpoint.h. The waits are the guide's: ACK_timeout * 2^(n-1) after the n-th transmission,
 * without the RFC's random factor (G 2.2).
 */
#include "coap/endpoint.h"

#include <assert.h>
#include <string.h>

#include "base/sink.h"

void bc_coap_endpoint_init(struct bc_coap_endpoint *ep, struct bc_random *random,
                           uint8_t *workspace)
{
    *ep = (struct bc_coap_endpoint){.random = random, .ack_timeout_s = 4, .retransmit_max = 4};
    bc_arena_init(&ep->arena, workspace, BC_ARENA_BYTES);
    ep->next_message_id = (uint16_t)bc_random_next(random);
}

static void exchange_free(struct bc_coap_endpoint *ep, struct bc_coap_exchange *x)
{
    bc_arena_free(&ep->arena, x->chunk);
    *x = (struct bc_coap_exchange){0};
}

static void reply_free(struct bc_coap_endpoint *ep, struct bc_coap_reply *reply)
{
    if (reply->state == BC_COAP_REPLY_LARGE)
        bc_arena_free(&ep->arena, reply->chunk);
    *reply = (struct bc_coap_reply){0};
}

/* Before a message is written: large old replies make room for it, the oldest first. Their
 * messages stay known, so that a duplicate is still no new request. */
static void make_room(struct bc_coap_endpoint *ep)
{
    while (!ep->pinned && (bc_arena_tail(&ep->arena).cap < BC_DATAGRAM_BYTES_MAX ||
                           ep->arena.live == (1U << BC_ARENA_CHUNKS) - 1)) {
        struct bc_coap_reply *oldest = NULL;
        for (size_t i = 0; i < BC_REPLIES_MAX; i++) {
            struct bc_coap_reply *reply = &ep->reply[i];
            if (reply->state == BC_COAP_REPLY_LARGE && !reply->ready &&
                (oldest == NULL ||
                 bc_coap_age_ms(ep, reply->since_ms) > bc_coap_age_ms(ep, oldest->since_ms)))
                oldest = reply;
        }
        if (oldest == NULL)
            return;
        bc_arena_free(&ep->arena, oldest->chunk);
        oldest->state = BC_COAP_REPLY_GONE;
    }
}

static void release_taken(struct bc_coap_endpoint *ep)
{
    bc_arena_free(&ep->arena, ep->taken);
    ep->taken = 0;
}

void bc_coap_drop_exchanges(struct bc_coap_endpoint *ep)
{
    release_taken(ep);
    for (size_t i = 0; i < BC_EXCHANGES_MAX; i++)
        exchange_free(ep, &ep->exchange[i]);
}

void bc_coap_endpoint_clear(struct bc_coap_endpoint *ep)
{
    bc_coap_drop_exchanges(ep);
    for (size_t i = 0; i < BC_REPLIES_MAX; i++)
        reply_free(ep, &ep->reply[i]);
}

/* --- Replies and duplicates ------------------------------------------------------------------ */

static struct bc_coap_reply *reply_find(struct bc_coap_endpoint *ep, uint16_t message_id)
{
    for (size_t i = 0; i < BC_REPLIES_MAX; i++)
        if (ep->reply[i].state != BC_COAP_REPLY_FREE && ep->reply[i].message_id == message_id)
            return &ep->reply[i];
    return NULL;
}

/* Room for one more message of the peer's: a free place, else the oldest that is answered. Only
 * when every place waits for an answer the oldest of those goes. */
static struct bc_coap_reply *reply_open(struct bc_coap_endpoint *ep, uint16_t message_id)
{
    struct bc_coap_reply *victim = NULL;
    for (size_t i = 0; i < BC_REPLIES_MAX; i++) {
        struct bc_coap_reply *reply = &ep->reply[(ep->next_reply + i) % BC_REPLIES_MAX];
        if (reply->state == BC_COAP_REPLY_FREE) {
            victim = reply;
            break;
        }
        if (victim == NULL && reply->state != BC_COAP_REPLY_OPEN)
            victim = reply;
    }
    if (victim == NULL)
        victim = &ep->reply[ep->next_reply];
    ep->next_reply = (uint8_t)((size_t)(victim - ep->reply + 1) % BC_REPLIES_MAX);
    reply_free(ep, victim);
    victim->state = BC_COAP_REPLY_OPEN;
    victim->message_id = message_id;
    victim->since_ms = (uint32_t)ep->now_ms;
    return victim;
}

/* A four-byte reply, remembered like any other. */
static void reply_empty(struct bc_coap_reply *reply, enum bc_coap_type type)
{
    bc_sink sink = {.ptr = reply->bytes, .cap = sizeof(reply->bytes)};
    (void)bc_coap_write_begin(&sink, type, BC_COAP_EMPTY, reply->message_id, NULL);
    reply->len = BC_COAP_HEADER_BYTES;
    reply->state = BC_COAP_REPLY_SMALL;
    reply->ready = true;
}

bc_sink bc_coap_room(struct bc_coap_endpoint *ep)
{
    release_taken(ep);
    make_room(ep);
    return bc_arena_tail(&ep->arena);
}

/* A message is one datagram, however much room there is. */
static bc_sink message_room(struct bc_coap_endpoint *ep)
{
    bc_sink room = bc_coap_room(ep);
    if (room.cap > BC_DATAGRAM_BYTES_MAX)
        room.cap = BC_DATAGRAM_BYTES_MAX;
    return room;
}

void bc_coap_draft_reply(struct bc_coap_endpoint *ep, struct bc_coap_draft *draft,
                         enum bc_coap_type request_type, uint16_t request_id,
                         const struct bc_coap_token *token, uint8_t code)
{
    draft->sink = message_room(ep);
    draft->type = request_type == BC_COAP_CON ? BC_COAP_ACK : BC_COAP_NON;
    draft->message_id = request_type == BC_COAP_CON ? request_id : ep->next_message_id++;
    draft->token = *token;
    draft->w = bc_coap_write_begin(&draft->sink, draft->type, code, draft->message_id, token);
}

enum bc_err bc_coap_submit_reply(struct bc_coap_endpoint *ep, struct bc_coap_draft *draft,
                                 uint16_t request_id)
{
    struct bc_coap_reply *reply = reply_find(ep, request_id);
    if (reply == NULL || reply->state != BC_COAP_REPLY_OPEN)
        return BC_ERR_STATE;
    if (bc_coap_write_end(&draft->w) != BC_OK)
        return BC_ERR_FULL;
    if (draft->sink.len <= sizeof(reply->bytes)) {
        memcpy(reply->bytes, draft->sink.ptr, draft->sink.len);
        reply->len = (unsigned)draft->sink.len & 31;
        reply->state = BC_COAP_REPLY_SMALL;
    } else {
        bc_chunk chunk = bc_arena_keep(&ep->arena, draft->sink.len);
        if (chunk == 0)
            return BC_ERR_FULL;
        reply->chunk = chunk;
        reply->state = BC_COAP_REPLY_LARGE;
    }
    reply->ready = true;
    return BC_OK;
}

void bc_coap_acknowledge(struct bc_coap_endpoint *ep, uint16_t request_id)
{
    struct bc_coap_reply *reply = reply_find(ep, request_id);
    if (reply != NULL && reply->state == BC_COAP_REPLY_OPEN)
        reply_empty(reply, BC_COAP_ACK);
}

void bc_coap_forget(struct bc_coap_endpoint *ep, uint16_t request_id)
{
    struct bc_coap_reply *reply = reply_find(ep, request_id);
    if (reply != NULL)
        reply_free(ep, reply);
}

/* --- Our own messages ------------------------------------------------------------------------ */

void bc_coap_draft_new(struct bc_coap_endpoint *ep, struct bc_coap_draft *draft,
                       enum bc_coap_type type, uint8_t code, const struct bc_coap_token *token)
{
    draft->sink = message_room(ep);
    draft->type = type;
    draft->message_id = ep->next_message_id++;
    if (token != NULL) {
        draft->token = *token;
    } else {
        uint32_t bits = bc_random_next(ep->random);
        draft->token = (struct bc_coap_token){.len = BC_TOKEN_BYTES};
        memcpy(draft->token.bytes, &bits, BC_TOKEN_BYTES);
    }
    draft->w = bc_coap_write_begin(&draft->sink, type, code, draft->message_id, &draft->token);
}

enum bc_err bc_coap_submit(struct bc_coap_endpoint *ep, struct bc_coap_draft *draft, uint8_t tag,
                           uint32_t context, bool is_request)
{
    struct bc_coap_exchange *x = NULL;
    for (size_t i = 0; x == NULL && i < BC_EXCHANGES_MAX; i++)
        if (ep->exchange[i].state == BC_COAP_FREE)
            x = &ep->exchange[i];
    if (x == NULL || bc_coap_write_end(&draft->w) != BC_OK)
        return BC_ERR_FULL;
    bc_chunk chunk = bc_arena_keep(&ep->arena, draft->sink.len);
    if (chunk == 0)
        return BC_ERR_FULL;
    *x = (struct bc_coap_exchange){
        .deadline_ms = BC_NEVER,
        .context = context,
        .message_id = draft->message_id,
        .order = ep->next_order++,
        .tag = tag,
        .state = draft->type == BC_COAP_CON ? BC_COAP_WAITS_ACK : BC_COAP_SENDS_ONCE,
        .chunk = chunk,
        .is_request = is_request,
        .ready = true,
    };
    memcpy(x->token, draft->token.bytes, BC_TOKEN_BYTES);
    return BC_OK;
}

uint32_t bc_coap_cancel(struct bc_coap_endpoint *ep, uint8_t tag)
{
    uint32_t contexts = 0;
    for (size_t i = 0; i < BC_EXCHANGES_MAX; i++) {
        struct bc_coap_exchange *x = &ep->exchange[i];
        if (x->state == BC_COAP_FREE || x->tag != tag)
            continue;
        contexts |= x->context;
        exchange_free(ep, x);
    }
    return contexts;
}

bool bc_coap_pending(const struct bc_coap_endpoint *ep, uint8_t tag)
{
    for (size_t i = 0; i < BC_EXCHANGES_MAX; i++)
        if (ep->exchange[i].state != BC_COAP_FREE && ep->exchange[i].tag == tag)
            return true;
    return false;
}

uint64_t bc_coap_wait_ms(const struct bc_coap_endpoint *ep, unsigned transmissions)
{
    return (uint64_t)ep->ack_timeout_s * 1000U << (transmissions - 1);
}

uint64_t bc_coap_patience_ms(const struct bc_coap_endpoint *ep)
{
    return (uint64_t)ep->ack_timeout_s * 1000U * ((2U << ep->retransmit_max) - 1U);
}

static struct bc_coap_exchange *find_by_message_id(struct bc_coap_endpoint *ep, uint16_t id)
{
    for (size_t i = 0; i < BC_EXCHANGES_MAX; i++)
        if (ep->exchange[i].state == BC_COAP_WAITS_ACK && ep->exchange[i].message_id == id &&
            ep->exchange[i].transmissions > 0)
            return &ep->exchange[i];
    return NULL;
}

static bool has_token(const struct bc_coap_exchange *x, const struct bc_coap_token *token)
{
    return x->is_request && token->len == BC_TOKEN_BYTES &&
           memcmp(x->token, token->bytes, BC_TOKEN_BYTES) == 0;
}

static struct bc_coap_exchange *find_by_token(struct bc_coap_endpoint *ep,
                                              const struct bc_coap_token *token)
{
    for (size_t i = 0; i < BC_EXCHANGES_MAX; i++) {
        struct bc_coap_exchange *x = &ep->exchange[i];
        bool waits = x->state == BC_COAP_WAITS_ACK || x->state == BC_COAP_WAITS_RESPONSE;
        if (waits && x->transmissions > 0 && has_token(x, token))
            return x;
    }
    return NULL;
}

static bool finish(struct bc_coap_endpoint *ep, struct bc_coap_exchange *x,
                   enum bc_coap_event_kind kind, struct bc_coap_event *out)
{
    out->kind = kind;
    out->tag = x->tag;
    out->context = x->context;
    out->message_id = x->message_id;
    if (kind == BC_COAP_RESPONSE) { /* until the next call */
        ep->taken = x->chunk;
        x->chunk = 0;
    }
    exchange_free(ep, x);
    return true;
}

bc_chunk bc_coap_take_request(struct bc_coap_endpoint *ep)
{
    bc_chunk chunk = ep->taken;
    ep->taken = 0;
    return chunk;
}

static bool has_body(const struct bc_coap_endpoint *ep, const struct bc_coap_exchange *x)
{
    struct bc_coap_message message;
    (void)bc_coap_parse(bc_arena_view(&ep->arena, x->chunk), &message); /* ours */
    return message.payload.len > 0;
}

/* --- What comes in --------------------------------------------------------------------------- */

static bool on_acknowledgement(struct bc_coap_endpoint *ep, struct bc_coap_event *out)
{
    struct bc_coap_exchange *x = find_by_message_id(ep, out->message.message_id);
    if (x == NULL)
        return false;
    if (out->message.code == BC_COAP_EMPTY) {
        if (!x->is_request)
            return finish(ep, x, BC_COAP_ACKED, out);
        x->state = BC_COAP_WAITS_RESPONSE;
        x->ready = false;
        x->deadline_ms = ep->now_ms + bc_coap_patience_ms(ep);
        if (has_body(ep, x))
            return false; /* the answer may ask for it in blocks */
        bc_arena_free(&ep->arena, x->chunk);
        x->chunk = 0;
        return false;
    }
    if (out->message.code < BC_COAP_CODE(2, 0) || !has_token(x, &out->message.token))
        return false;
    return finish(ep, x, BC_COAP_RESPONSE, out);
}

static bool on_reset(struct bc_coap_endpoint *ep, struct bc_coap_event *out)
{
    struct bc_coap_exchange *x = find_by_message_id(ep, out->message.message_id);
    if (x != NULL)
        return finish(ep, x, BC_COAP_RESET, out);
    out->kind = BC_COAP_RESET;
    out->tag = 0;
    out->message_id = out->message.message_id;
    return true;
}

/* True for a critical option we act upon, of a length it may have: RFC 7252 section 5.4.3, with
 * another one it counts as unrecognized. If-Match is not for us. */
static bool option_known(uint16_t number, size_t bytes)
{
    switch (number) {
    case BC_COAP_URI_HOST:
        return bytes >= 1 && bytes <= 255;
    case BC_COAP_URI_PATH:
    case BC_COAP_URI_QUERY:
        return bytes <= 255;
    case BC_COAP_URI_PORT:
    case BC_COAP_ACCEPT:
        return bytes <= 2;
    case BC_COAP_BLOCK1:
    case BC_COAP_BLOCK2:
        return bytes <= 3;
    default:
        return false;
    }
}

/* The code that refuses a message for its options, or 0: it is meant for somebody else (RFC 7252
 * section 5.10.2), or a critical option is unknown, repeated or of a wrong length (5.4). */
static uint8_t judge_options(const struct bc_coap_message *message)
{
    uint8_t code = 0;
    struct bc_coap_options it = bc_coap_options(message);
    struct bc_coap_option option;
    uint16_t last = 0;
    while (bc_coap_option_next(&it, &option)) {
        bool repeatable = option.number == BC_COAP_URI_PATH || option.number == BC_COAP_URI_QUERY;
        if (option.number == BC_COAP_PROXY_URI || option.number == BC_COAP_PROXY_SCHEME)
            return BC_COAP_PROXYING_NOT_SUPPORTED;
        if (bc_coap_option_critical(option.number) &&
            ((option.number == last && !repeatable) ||
             !option_known(option.number, option.value.len)))
            code = BC_COAP_BAD_OPTION;
        last = option.number;
    }
    return code;
}

static void reply_code(struct bc_coap_endpoint *ep, const struct bc_coap_message *request,
                       uint8_t code)
{
    struct bc_coap_draft draft;
    bc_coap_draft_reply(ep, &draft, request->type, request->message_id, &request->token, code);
    (void)bc_coap_submit_reply(ep, &draft, request->message_id); /* 12 bytes always fit */
}

static bool on_request(struct bc_coap_endpoint *ep, struct bc_coap_event *out)
{
    const struct bc_coap_message *request = &out->message;
    uint8_t refused = judge_options(request);
    if (refused == BC_COAP_BAD_OPTION && request->type != BC_COAP_CON) {
        bc_coap_forget(ep, request->message_id); /* RFC 7252 5.4.1: rejected silently */
        return false;
    }
    if (refused == 0 && request->code > BC_COAP_DELETE)
        refused = BC_COAP_METHOD_NOT_ALLOWED;
    if (refused != 0) {
        reply_code(ep, request, refused);
        return false;
    }
    out->kind = BC_COAP_REQUEST;
    out->tag = 0;
    out->message_id = request->message_id;
    return true;
}

static bool on_separate_response(struct bc_coap_endpoint *ep, struct bc_coap_reply *reply,
                                 struct bc_coap_event *out)
{
    struct bc_coap_exchange *x = find_by_token(ep, &out->message.token);
    if (out->message.type == BC_COAP_CON)
        reply_empty(reply, x != NULL ? BC_COAP_ACK : BC_COAP_RST);
    else
        reply->state = BC_COAP_REPLY_GONE; /* nothing is owed */
    return x != NULL && finish(ep, x, BC_COAP_RESPONSE, out);
}

/* RFC 7252 sections 4.2 and 5.4.1: a reserved code class, or a response with a critical option that
 * nobody here knows, cannot be processed. A request with such an option is answered instead. */
static bool unprocessable(const struct bc_coap_message *message)
{
    unsigned class = message->code >> 5;
    if (class == 0)
        return false;
    return (class != 2 && class != 4 && class != 5) || judge_options(message) != 0;
}

bool bc_coap_on_datagram(struct bc_coap_endpoint *ep, uint64_t now_ms, bc_view in,
                         struct bc_coap_event *out)
{
    release_taken(ep);
    bc_coap_set_now(ep, now_ms);
    enum bc_err err = bc_coap_parse(in, &out->message);
    if (err == BC_ERR_RANGE)
        return false;
    const struct bc_coap_message *message = &out->message;
    bool understood = err == BC_OK && !unprocessable(message);
    if (message->type == BC_COAP_ACK || message->type == BC_COAP_RST) {
        if (!understood || (message->type == BC_COAP_RST && message->code != BC_COAP_EMPTY))
            return false;
        return message->type == BC_COAP_ACK ? on_acknowledgement(ep, out) : on_reset(ep, out);
    }
    understood = understood && message->code != BC_COAP_EMPTY;
    if (!understood && message->type == BC_COAP_NON)
        return false;
    struct bc_coap_reply *reply = reply_find(ep, message->message_id);
    if (reply != NULL) { /* a duplicate: the same answer again, or none yet */
        reply->ready = reply->state == BC_COAP_REPLY_SMALL || reply->state == BC_COAP_REPLY_LARGE;
        return false;
    }
    reply = reply_open(ep, message->message_id);
    if (!understood) {
        reply_empty(reply, BC_COAP_RST);
        return false;
    }
    bool is_request = message->code >> 5 == 0;
    return is_request ? on_request(ep, out) : on_separate_response(ep, reply, out);
}

/* --- Time ------------------------------------------------------------------------------------ */

void bc_coap_set_now(struct bc_coap_endpoint *ep, uint64_t now_ms)
{
    /* After a silence of 49 days the low 32 bits alone would look young. */
    bool all = now_ms - ep->now_ms >= BC_COAP_EXCHANGE_LIFETIME_MS;
    ep->now_ms = now_ms;
    for (size_t i = 0; i < BC_REPLIES_MAX; i++) {
        struct bc_coap_reply *reply = &ep->reply[i];
        if (all || bc_coap_age_ms(ep, reply->since_ms) >= BC_COAP_EXCHANGE_LIFETIME_MS)
            reply_free(ep, reply);
    }
}

uint64_t bc_coap_after(const struct bc_coap_endpoint *ep, uint32_t since_ms, uint32_t ms)
{
    return ep->now_ms - bc_coap_age_ms(ep, since_ms) + ms;
}

bool bc_coap_on_time(struct bc_coap_endpoint *ep, uint64_t now_ms, struct bc_coap_event *out)
{
    release_taken(ep);
    bc_coap_set_now(ep, now_ms);
    for (size_t i = 0; i < BC_EXCHANGES_MAX; i++) {
        struct bc_coap_exchange *x = &ep->exchange[i];
        if (x->state == BC_COAP_FREE || x->ready || x->deadline_ms > now_ms)
            continue;
        if (x->state == BC_COAP_WAITS_RESPONSE || x->transmissions > ep->retransmit_max)
            return finish(ep, x, BC_COAP_TIMEOUT, out);
        x->ready = true;
        x->order = ep->next_order++;
    }
    return false;
}

uint64_t bc_coap_deadline(const struct bc_coap_endpoint *ep)
{
    uint64_t deadline_ms = BC_NEVER;
    for (size_t i = 0; i < BC_EXCHANGES_MAX; i++)
        if (ep->exchange[i].state != BC_COAP_FREE && !ep->exchange[i].ready &&
            ep->exchange[i].deadline_ms < deadline_ms)
            deadline_ms = ep->exchange[i].deadline_ms;
    /* Small replies may stay until somebody calls; a large one holds workspace. */
    for (size_t i = 0; i < BC_REPLIES_MAX; i++) {
        const struct bc_coap_reply *reply = &ep->reply[i];
        if (reply->state != BC_COAP_REPLY_LARGE)
            continue;
        uint64_t expires_ms = bc_coap_after(ep, reply->since_ms, BC_COAP_EXCHANGE_LIFETIME_MS);
        if (expires_ms < deadline_ms)
            deadline_ms = expires_ms;
    }
    return deadline_ms;
}

static bool take_reply(struct bc_coap_endpoint *ep, bc_view *out)
{
    for (size_t i = 0; i < BC_REPLIES_MAX; i++) {
        struct bc_coap_reply *reply = &ep->reply[i];
        if (!reply->ready)
            continue;
        reply->ready = false;
        *out = reply->state == BC_COAP_REPLY_LARGE ? bc_arena_view(&ep->arena, reply->chunk)
                                                   : (bc_view){reply->bytes, reply->len};
        return true;
    }
    return false;
}

bool bc_coap_take(struct bc_coap_endpoint *ep, uint64_t now_ms, bc_view *out)
{
    release_taken(ep);
    if (take_reply(ep, out))
        return true;
    struct bc_coap_exchange *next = NULL;
    for (size_t i = 0; i < BC_EXCHANGES_MAX; i++) {
        struct bc_coap_exchange *x = &ep->exchange[i];
        if (x->ready && (next == NULL || (int16_t)(x->order - next->order) < 0))
            next = x;
    }
    if (next == NULL)
        return false;
    next->ready = false;
    *out = bc_arena_view(&ep->arena, next->chunk);
    if (next->state == BC_COAP_SENDS_ONCE) {
        ep->taken = next->chunk;
        next->chunk = 0;
        exchange_free(ep, next);
    } else {
        next->transmissions++;
        next->deadline_ms = now_ms + bc_coap_wait_ms(ep, next->transmissions);
    }
    return true;
}

bool bc_coap_ready(const struct bc_coap_endpoint *ep)
{
    for (size_t i = 0; i < BC_EXCHANGES_MAX; i++)
        if (ep->exchange[i].ready)
            return true;
    for (size_t i = 0; i < BC_REPLIES_MAX; i++)
        if (ep->reply[i].ready)
            return true;
    return false;
}

bool bc_coap_idle(const struct bc_coap_endpoint *ep)
{
    if ((ep->arena.live & ~(ep->taken == 0 ? 0U : 1U << (ep->taken - 1))) != 0)
        return false;
    for (size_t i = 0; i < BC_REPLIES_MAX; i++)
        if (ep->reply[i].ready)
            return false;
    return true;
}

void bc_coap_lend(struct bc_coap_endpoint *ep, uint8_t *workspace)
{
    assert(bc_coap_idle(ep));
    release_taken(ep);
    ep->arena.base = workspace;
}
