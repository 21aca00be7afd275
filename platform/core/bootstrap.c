/*
 * The bootstrap server of bootstrap.h: a session for each device that asks, which has one request
 * on its way at any time.
 *
 *     POST /bs --> first step --right answer--> next step --...--> last step --> FINISHED
 *                     |                            |                   |
 *                     \--another answer, a reset, silence for 62 s-----/-------> FAILED
 *
 * A session keeps what it will tell from its beginning on, so that a device never gets half of one
 * configuration and half of the next; its messages are written anew whenever they are sent. What
 * each step says is bootstrap_step.c's.
 */
#include "bootstrap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "bootstrap_step.h"
#include "duplicates.h"
#include "hash.h"
#include "incoming.h"
#include "outbox.h"
#include "rate.h"
#include "table.h"
#include "timer.h"

struct session {
    struct table_node by_endpoint;
    struct table_node by_token;
    struct table_node by_message_id; /* until the request is acknowledged */
    struct timer timer;              /* set while a step is under way: always, between calls */
    struct bc_address address;
    uint32_t token;
    uint32_t wait_ms; /* until the next retransmission, or until giving up */
    uint16_t message_id;
    uint8_t retransmissions;
    bool acknowledged; /* by an empty message: the response comes separately */
    bool discover;
    enum bootstrap_step step;
    bc_view payloads[STEP_COUNT];
    bc_view endpoint;
    size_t byte_count;
    uint8_t bytes[]; /* of the endpoint and the payloads, keys among them */
};

struct bc_bootstrap_server {
    struct bc_bootstrap_config config;
    uint64_t now_ms;
    uint64_t counter; /* of draw() */
    struct hash_key key;
    struct hash_key secret;
    struct table by_endpoint;
    struct table by_token;
    struct table by_message_id;
    struct timers timers;
    struct duplicates duplicates;
    struct outbox outbox;
    struct rate refusals;
    uint16_t next_message_id;
};

/* --- Life ------------------------------------------------------------------------------------ */

struct bc_bootstrap_config bc_bootstrap_config_default(void)
{
    return (struct bc_bootstrap_config){.sessions_max = 4096, .duplicates_max = 16384};
}

struct bc_bootstrap_server *bc_bootstrap_server_create(const struct bc_bootstrap_config *config)
{
    if (config->sessions_max == 0 || config->duplicates_max == 0)
        return NULL;
    struct bc_bootstrap_server *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    struct bc_random random = {config->seed};
    s->config = *config;
    s->refusals.limit = BC_SERVER_REFUSALS_PER_S;
    s->key = bc_server_hash_key(&random);
    s->secret = bc_server_hash_key(&random);
    s->next_message_id = (uint16_t)bc_random_next(&random);
    struct table *tables[] = {&s->by_endpoint, &s->by_token, &s->by_message_id};
    bool made = bc_server_duplicates_init(&s->duplicates, config->duplicates_max);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        made = bc_server_table_init(tables[i]) && made;
    if (!made) {
        bc_bootstrap_server_destroy(s);
        return NULL;
    }
    return s;
}

static uint64_t draw(struct bc_bootstrap_server *s)
{
    s->counter++;
    return bc_server_hash(&s->secret, (bc_view){(const uint8_t *)&s->counter, sizeof(s->counter)});
}

/* --- Events ---------------------------------------------------------------------------------- */

static void tell(const struct bc_bootstrap_server *s, const struct bc_bootstrap_event *event)
{
    if (s->config.on_event != NULL)
        s->config.on_event(s->config.context, event);
}

static void tell_session(const struct bc_bootstrap_server *s, const struct session *session,
                         enum bc_bootstrap_event_kind kind)
{
    struct bc_bootstrap_event event = {
        .kind = kind,
        .endpoint = session->endpoint,
        .address = session->address,
    };
    tell(s, &event);
}

static void tell_discovered(const struct bc_bootstrap_server *s, const struct session *session,
                            const struct bc_coap_message *m)
{
    bc_view value;
    struct bc_coap_block block;
    struct bc_bootstrap_event event = {
        .kind = BC_BOOTSTRAP_DISCOVERED,
        .endpoint = session->endpoint,
        .address = session->address,
        .payload = m->payload,
        .more = bc_coap_option_find(m, BC_COAP_BLOCK2, &value) &&
                bc_coap_block_read(value, &block) && block.more,
    };
    tell(s, &event);
}

/* --- Sessions -------------------------------------------------------------------------------- */

static struct session *by_endpoint(const struct bc_bootstrap_server *s, bc_view endpoint)
{
    uint32_t hash = (uint32_t)bc_server_hash(&s->key, endpoint);
    struct table_node *node = bc_server_table_first(&s->by_endpoint, hash);
    for (; node != NULL; node = bc_server_table_next(node)) {
        struct session *session = BC_SERVER_OF(node, struct session, by_endpoint);
        if (bc_view_equal(session->endpoint, endpoint))
            return session;
    }
    return NULL;
}

/* Only who is asked may answer: during a bootstrap nobody's address changes. */
static struct session *by_token(const struct bc_bootstrap_server *s, const struct bc_address *from,
                                const struct bc_coap_token *wire)
{
    uint32_t token;
    struct table_node *node =
        bc_server_token_read(wire, &token) ? bc_server_table_first(&s->by_token, token) : NULL;
    struct session *session = node == NULL ? NULL : BC_SERVER_OF(node, struct session, by_token);
    return session != NULL && bc_address_equal(&session->address, from) ? session : NULL;
}

static struct session *by_message_id(const struct bc_bootstrap_server *s,
                                     const struct bc_address *from, uint16_t message_id)
{
    uint32_t hash = bc_server_hash_message(&s->key, from, message_id);
    struct table_node *node = bc_server_table_first(&s->by_message_id, hash);
    for (; node != NULL; node = bc_server_table_next(node)) {
        struct session *session = BC_SERVER_OF(node, struct session, by_message_id);
        if (session->message_id == message_id && bc_address_equal(&session->address, from))
            return session;
    }
    return NULL;
}

static void transmit(struct bc_bootstrap_server *s, struct session *session)
{
    bc_sink out = bc_server_outbox_begin(&s->outbox);
    bc_server_step_write(&out, session->step, session->message_id, session->token,
                         session->payloads[session->step]);
    bc_server_outbox_end(&s->outbox, &session->address, &out);
    bc_server_timer_set(&s->timers, &session->timer, s->now_ms + session->wait_ms);
}

static bool is_wanted(const struct session *session, enum bootstrap_step step)
{
    if (step == STEP_DISCOVER)
        return session->discover;
    return step != STEP_BOOTSTRAP_ACCOUNT || session->payloads[step].len > 0;
}

/* Sends the request of this step, or of the next one that is wanted. */
static void enter(struct bc_bootstrap_server *s, struct session *session, enum bootstrap_step step)
{
    while (!is_wanted(session, step))
        step++;
    session->step = step;
    session->acknowledged = false;
    session->retransmissions = 0;
    session->wait_ms = ACK_TIMEOUT_MS;
    do
        session->token = (uint32_t)draw(s);
    while (bc_server_table_first(&s->by_token, session->token) != NULL);
    do
        session->message_id = s->next_message_id++;
    while (by_message_id(s, &session->address, session->message_id) != NULL);
    bc_server_table_insert(&s->by_token, &session->by_token, session->token);
    bc_server_table_insert(&s->by_message_id, &session->by_message_id,
                           bc_server_hash_message(&s->key, &session->address, session->message_id));
    transmit(s, session);
}

static void acknowledge(struct bc_bootstrap_server *s, struct session *session)
{
    session->acknowledged = true;
    bc_server_table_remove(&s->by_message_id, &session->by_message_id);
    bc_server_timer_set(&s->timers, &session->timer, s->now_ms + EXCHANGE_LIFETIME_MS);
}

static void leave(struct bc_bootstrap_server *s, struct session *session)
{
    if (!session->acknowledged)
        bc_server_table_remove(&s->by_message_id, &session->by_message_id);
    bc_server_table_remove(&s->by_token, &session->by_token);
    bc_server_timer_clear(&s->timers, &session->timer);
}

static void end(struct bc_bootstrap_server *s, struct session *session)
{
    leave(s, session);
    bc_server_table_remove(&s->by_endpoint, &session->by_endpoint);
    bc_server_timers_release(&s->timers);
    bc_wipe(session->bytes, session->byte_count);
    free(session);
}

/* `code` 0: the device gave no answer. */
static void fail(struct bc_bootstrap_server *s, struct session *session, uint8_t code,
                 const char *reason)
{
    struct bc_bootstrap_event event = {
        .kind = BC_BOOTSTRAP_FAILED,
        .endpoint = session->endpoint,
        .address = session->address,
        .code = code,
        .step = bc_server_step_name(session->step),
        .reason = reason,
    };
    tell(s, &event);
    end(s, session);
}

/* Everything it will tell, behind one another in `all`. */
static struct session *create_with(struct bc_bootstrap_server *s, bc_view endpoint,
                                   const struct bc_bootstrap_information *information, bc_sink *all)
{
    size_t ends[STEP_COUNT];
    bc_put_bytes(all, endpoint);
    for (enum bootstrap_step step = 0; step < STEP_COUNT; step++) {
        bc_server_step_put_payload(all, step, information);
        ends[step] = all->len;
    }
    assert(!all->full);
    struct session *session = malloc(sizeof(*session) + all->len);
    if (session == NULL || !bc_server_timers_reserve(&s->timers)) {
        free(session);
        return NULL;
    }
    *session = (struct session){.discover = information->discover, .byte_count = all->len};
    memcpy(session->bytes, all->ptr, all->len);
    session->endpoint = (bc_view){session->bytes, endpoint.len};
    size_t begin = endpoint.len;
    for (size_t step = 0; step < STEP_COUNT; step++) {
        session->payloads[step] = (bc_view){session->bytes + begin, ends[step] - begin};
        begin = ends[step];
    }
    bc_server_table_insert(&s->by_endpoint, &session->by_endpoint,
                           (uint32_t)bc_server_hash(&s->key, endpoint));
    return session;
}

static struct session *create(struct bc_bootstrap_server *s, bc_view endpoint,
                              const struct bc_bootstrap_information *information)
{
    uint8_t bytes[BC_ENDPOINT_BYTES_MAX + STEP_PAYLOADS_BYTES_MAX];
    bc_sink all = {.ptr = bytes, .cap = sizeof(bytes)};
    struct session *session = create_with(s, endpoint, information, &all);
    bc_wipe(bytes, sizeof(bytes));
    return session;
}

void bc_bootstrap_server_destroy(struct bc_bootstrap_server *s)
{
    if (s == NULL)
        return;
    while (s->timers.count > 0)
        end(s, BC_SERVER_OF(s->timers.entries[0].timer, struct session, timer));
    bc_server_table_free(&s->by_endpoint);
    bc_server_table_free(&s->by_token);
    bc_server_table_free(&s->by_message_id);
    bc_server_timers_free(&s->timers);
    bc_server_duplicates_free(&s->duplicates);
    bc_wipe(s, sizeof(*s));
    free(s);
}

/* --- Requests of devices --------------------------------------------------------------------- */

static bool replay(struct bc_bootstrap_server *s, const struct bc_address *from,
                   uint16_t message_id)
{
    uint32_t hash = bc_server_hash_message(&s->key, from, message_id);
    const struct duplicate *seen =
        bc_server_duplicate_find(&s->duplicates, hash, from, message_id, s->now_ms);
    if (seen == NULL)
        return false;
    if (seen->reply_bytes > 0)
        bc_server_outbox_put(&s->outbox, from, (bc_view){seen->reply, seen->reply_bytes});
    return true;
}

static void remember(struct bc_bootstrap_server *s, const struct bc_address *from,
                     uint16_t message_id, bc_view reply)
{
    uint32_t hash = bc_server_hash_message(&s->key, from, message_id);
    bc_server_duplicate_add(&s->duplicates, hash, from, message_id, reply,
                            s->now_ms + EXCHANGE_LIFETIME_MS);
}

static void reset(struct bc_bootstrap_server *s, const struct bc_address *to, uint16_t message_id)
{
    if (bc_server_rate_take(&s->refusals, s->now_ms))
        bc_server_outbox_put_empty(&s->outbox, to, BC_COAP_RST, message_id);
}

/* What is not for /bs is safe to work out again: not worth a place among the duplicates. */
static void answer(struct bc_bootstrap_server *s, const struct request *r, uint8_t code,
                   bool remembered)
{
    const struct bc_coap_message *m = r->message;
    bool confirmable = m->type == BC_COAP_CON;
    if (code >= BC_COAP_BAD_REQUEST && !bc_server_rate_take(&s->refusals, s->now_ms))
        return;
    uint16_t message_id = confirmable ? m->message_id : s->next_message_id++;
    bc_sink out = bc_server_outbox_begin(&s->outbox);
    (void)bc_coap_write_begin(&out, confirmable ? BC_COAP_ACK : BC_COAP_NON, code, message_id,
                              &m->token);
    bc_server_outbox_end(&s->outbox, r->from, &out);
    if (remembered && !out.full)
        remember(s, r->from, m->message_id, bc_sink_view(&out));
}

/* Why a request is refused: `code` 0 when it is not. */
struct refusal {
    uint8_t code;
    const char *reason;
};

/* Parameters besides ep, as pct= of LwM2M 1.1, are ignored. */
static bool read_endpoint(const struct request *r, bc_view *out)
{
    size_t count = 0;
    *out = (bc_view){0};
    for (size_t i = 0; i < r->query_count && i < REQUEST_QUERIES_MAX; i++)
        count += bc_server_query_value(r->queries[i], BC_TEXT("ep="), out);
    if (count == 1 && out->len > 0 && out->len <= BC_ENDPOINT_BYTES_MAX &&
        r->query_count <= REQUEST_QUERIES_MAX)
        return true;
    *out = (bc_view){0};
    return false;
}

static struct refusal begin(struct bc_bootstrap_server *s, const struct request *r,
                            bc_view endpoint, struct session **out)
{
    struct bc_bootstrap_information information = {0};
    struct session *older = by_endpoint(s, endpoint);
    if (s->config.find_information == NULL ||
        !s->config.find_information(s->config.context, endpoint, r->from, &information))
        return (struct refusal){BC_COAP_FORBIDDEN, "the endpoint is not known, or not to who asks"};
    if (!bc_server_information_valid(&information))
        return (struct refusal){BC_COAP_INTERNAL_SERVER_ERROR,
                                "what is to be told to the endpoint makes no sense"};
    if (older == NULL && s->by_endpoint.count >= s->config.sessions_max)
        return (struct refusal){BC_COAP_SERVICE_UNAVAILABLE, "too many devices are being served"};
    *out = create(s, endpoint, &information);
    if (*out == NULL)
        return (struct refusal){BC_COAP_SERVICE_UNAVAILABLE, "memory is short"};
    (*out)->address = *r->from;
    if (older != NULL)
        fail(s, older, 0, "the device began anew");
    return (struct refusal){0, NULL};
}

static void on_bs(struct bc_bootstrap_server *s, const struct request *r)
{
    struct session *session = NULL;
    struct refusal refusal = {BC_COAP_BAD_REQUEST, "ep is missing, empty, too long or there twice"};
    bc_view endpoint;
    if (read_endpoint(r, &endpoint))
        refusal = begin(s, r, endpoint, &session);
    if (session == NULL) {
        struct bc_bootstrap_event event = {
            .kind = BC_BOOTSTRAP_REJECTED,
            .endpoint = endpoint,
            .address = *r->from,
            .code = refusal.code,
            .reason = refusal.reason,
        };
        tell(s, &event);
        answer(s, r, refusal.code, true);
        return;
    }
    tell_session(s, session, BC_BOOTSTRAP_REQUESTED);
    answer(s, r, BC_COAP_CHANGED, true);
    enter(s, session, STEP_DISCOVER); /* behind the answer */
}

static uint8_t check(const struct request *r)
{
    if (r->segment_count != 1 || !bc_view_equal(r->segments[0], BC_TEXT("bs")))
        return BC_COAP_NOT_FOUND;
    if (r->message->code != BC_COAP_POST)
        return BC_COAP_METHOD_NOT_ALLOWED;
    return r->has_block1 ? BC_COAP_BAD_OPTION : 0; /* there is no payload to send in blocks */
}

static void on_request(struct bc_bootstrap_server *s, const struct bc_address *from,
                       const struct bc_coap_message *m)
{
    struct request request;
    if (replay(s, from, m->message_id))
        return;
    uint8_t refused = bc_server_request_read(m, from, &request);
    if (refused != 0 && m->type == BC_COAP_NON) {
        reset(s, from, m->message_id);
        return;
    }
    if (refused == 0)
        refused = check(&request);
    if (refused != 0)
        answer(s, &request, refused, false);
    else
        on_bs(s, &request);
}

/* --- Answers of devices ---------------------------------------------------------------------- */

static void on_answer(struct bc_bootstrap_server *s, struct session *session,
                      const struct bc_coap_message *m)
{
    enum bootstrap_step step = session->step;
    if (m->code != bc_server_step_expected(step)) {
        fail(s, session, m->code,
             m->code >> 5 == 2 ? "the answer is not the one to this step" : "the device refused");
        return;
    }
    if (step == STEP_DISCOVER)
        tell_discovered(s, session, m);
    if (step == STEP_FINISH) {
        tell_session(s, session, BC_BOOTSTRAP_FINISHED);
        end(s, session);
        return;
    }
    leave(s, session);
    enter(s, session, step + 1);
}

static void on_separate(struct bc_bootstrap_server *s, const struct bc_address *from,
                        const struct bc_coap_message *m)
{
    uint8_t ack[BC_COAP_HEADER_BYTES] = {0x60, 0, (uint8_t)(m->message_id >> 8),
                                         (uint8_t)m->message_id};
    bc_view reply = {ack, m->type == BC_COAP_CON ? sizeof(ack) : 0};
    if (replay(s, from, m->message_id))
        return;
    struct session *session = by_token(s, from, &m->token);
    if (session == NULL || !bc_server_response_understood(m)) {
        reset(s, from, m->message_id);
        return; /* worked out again, should it come again */
    }
    bc_server_outbox_put(&s->outbox, from, reply);
    remember(s, from, m->message_id, reply);
    on_answer(s, session, m);
}

static void on_response(struct bc_bootstrap_server *s, const struct bc_address *from,
                        const struct bc_coap_message *m)
{
    if (m->type != BC_COAP_ACK) {
        on_separate(s, from, m);
        return;
    }
    struct session *session = by_token(s, from, &m->token);
    if (session != NULL && !session->acknowledged && session->message_id == m->message_id &&
        bc_server_response_understood(m))
        on_answer(s, session, m);
}

static void on_empty(struct bc_bootstrap_server *s, const struct bc_address *from,
                     const struct bc_coap_message *m)
{
    struct session *session = by_message_id(s, from, m->message_id);
    if (session != NULL && m->type == BC_COAP_ACK)
        acknowledge(s, session);
    else if (session != NULL && m->type == BC_COAP_RST)
        fail(s, session, 0, "the device answered with a reset");
}

/* --- Datagrams and time ---------------------------------------------------------------------- */

void bc_bootstrap_server_on_datagram(struct bc_bootstrap_server *s, uint64_t now_ms,
                                     const struct bc_address *from, bc_view in)
{
    struct bc_coap_message m;
    s->now_ms = now_ms;
    switch (bc_server_sort(in, &m)) {
    case INCOMING_NOTHING:
        break;
    case INCOMING_REFUSED:
        reset(s, from, m.message_id);
        break;
    case INCOMING_EMPTY:
        on_empty(s, from, &m);
        break;
    case INCOMING_REQUEST:
        on_request(s, from, &m);
        break;
    case INCOMING_RESPONSE:
        on_response(s, from, &m);
        break;
    }
}

static void on_timer(struct bc_bootstrap_server *s, struct session *session)
{
    if (session->acknowledged || session->retransmissions == MAX_RETRANSMIT) {
        fail(s, session, 0, "the device did not answer");
        return;
    }
    session->retransmissions++;
    session->wait_ms *= 2;
    transmit(s, session);
}

/* What is due, as far as its datagrams find room; the rest follows while they are taken. */
static void run_timers(struct bc_bootstrap_server *s)
{
    while (bc_server_timers_next(&s->timers) <= s->now_ms && bc_server_outbox_has_room(&s->outbox))
        on_timer(s, BC_SERVER_OF(s->timers.entries[0].timer, struct session, timer));
}

void bc_bootstrap_server_on_time(struct bc_bootstrap_server *s, uint64_t now_ms)
{
    s->now_ms = now_ms;
    run_timers(s);
}

uint64_t bc_bootstrap_server_deadline(const struct bc_bootstrap_server *s)
{
    return bc_server_timers_next(&s->timers);
}

size_t bc_bootstrap_server_take_datagrams(struct bc_bootstrap_server *s,
                                          struct bc_server_datagram *out, size_t max)
{
    size_t count = bc_server_outbox_take(&s->outbox, out, max);
    if (count > 0)
        return count;
    run_timers(s);
    count = bc_server_outbox_take(&s->outbox, out, max);
    if (count == 0)
        bc_server_outbox_wipe(&s->outbox);
    return count;
}

size_t bc_bootstrap_server_session_count(const struct bc_bootstrap_server *s)
{
    return s->by_endpoint.count;
}
