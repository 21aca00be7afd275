/*
 * The sessions of secure.h.
 *
 *     (cookie) --> shaking hands --Finished--> open --close_notify, idle, too many, ...--> ended
 *                        \--alert, silence for 63 s, too many handshakes, ...------------> ended
 *
 * An ended session is found by nobody any more, but stays in the queue of the ready ones until its
 * last record, which tells the peer, has been taken.
 */
#include "secure.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/sink.h"
#include "dtls/hello.h"
#include "hash.h"
#include "outbox.h"
#include "table.h"
#include "timer.h"

/* Content types of records (RFC 6347 section 4.3.1). */
enum { RECORD_ALERT = 21, RECORD_HANDSHAKE = 22, RECORD_DATA = 23 };
#define EPOCH_AT 3
#define SECOND_MS 1000

struct session {
    struct table_node by_address;  /* until it has ended */
    struct table_node by_identity; /* while it is open */
    struct timer timer;            /* while it shakes hands */
    struct session *next, *prev;   /* in its list, until it has ended */
    struct session *next_ready;
    struct bc_dtls *dtls;
    uint64_t heard_ms; /* when something of the peer's own came last */
    uint64_t hello;    /* hash of the ClientHello's random, which no two handshakes share */
    struct bc_address address;
    bool open;
    bool ended;
    bool ready;
};

/* Oldest first. */
struct list {
    struct session *first, *last;
    size_t count;
};

struct secure_listener {
    struct secure_config config;
    struct bc_dtls_server *server;
    uint64_t now_ms;
    struct hash_key key;
    struct table by_address;
    struct table by_identity;
    struct timers timers;
    struct list handshakes; /* by their beginning */
    struct list open;       /* by heard_ms */
    struct session *first_ready, *last_ready;
    struct session *fed; /* whom platform_secure_read() reads; NULL = nobody */
    uint8_t next_channel;
    unsigned failures;        /* told in this second */
    uint64_t failures_ms;     /* when the second began */
    uint64_t failures_untold; /* since then and before */
    uint64_t stray_ms;        /* when the next one may be told */
    uint64_t strays_untold;
    struct outbox stateless; /* requests for cookies */
    uint8_t records[BC_SERVER_BATCH][BC_DTLS_DATAGRAM_BYTES_MAX];
};

/* --- Life ------------------------------------------------------------------------------------ */

struct secure_config platform_secure_config_default(void)
{
    return (struct secure_config){
        .version = BC_DTLS_NEGOTIATED,
        .sessions_max = 65536,
        .handshakes_max = 1024,
        .idle_ms = UINT64_C(2) * 24 * 3600 * 1000,
    };
}

static bool no_key(void *context, bc_view identity, bc_sink *key)
{
    (void)context, (void)identity, (void)key;
    return false;
}

struct secure_listener *platform_secure_create(const struct secure_config *config)
{
    struct bc_dtls_server_config server = {
        .find_key = config->find_key != NULL ? config->find_key : no_key,
        .context = config->find_key_context,
        .version = config->version,
        .resumption = true,
        .keylog = config->keylog,
        .keylog_context = config->keylog_context,
    };
    if (config->sessions_max == 0 || config->handshakes_max == 0 || config->idle_ms == 0)
        return NULL;
    struct secure_listener *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return NULL;
    struct bc_random random = {config->seed};
    l->config = *config;
    l->key = bc_server_hash_key(&random);
    l->server = bc_dtls_server_create(&server);
    if (l->server != NULL && bc_server_table_init(&l->by_address) &&
        bc_server_table_init(&l->by_identity))
        return l;
    platform_secure_destroy(l);
    return NULL;
}

struct secure_counts platform_secure_counts(const struct secure_listener *l)
{
    return (struct secure_counts){l->open.count, l->handshakes.count};
}

/* --- Lists and tables ------------------------------------------------------------------------ */

static void list_append(struct list *list, struct session *s)
{
    s->next = NULL;
    s->prev = list->last;
    *(list->last == NULL ? &list->first : &list->last->next) = s;
    list->last = s;
    list->count++;
}

static void list_remove(struct list *list, struct session *s)
{
    *(s->prev == NULL ? &list->first : &s->prev->next) = s->next;
    *(s->next == NULL ? &list->last : &s->next->prev) = s->prev;
    list->count--;
}

static uint32_t hash_of(const struct secure_listener *l, struct bc_address address)
{
    address.channel = 0;
    return bc_server_hash_message(&l->key, &address, 0);
}

/* At most two at an address: one that is open, and one that may take its place. */
static struct session *at_address(const struct secure_listener *l, const struct bc_address *from,
                                  bool open)
{
    struct table_node *node = bc_server_table_first(&l->by_address, hash_of(l, *from));
    for (; node != NULL; node = bc_server_table_next(node)) {
        struct session *s = BC_SERVER_OF(node, struct session, by_address);
        struct bc_address wanted = *from;
        wanted.channel = s->address.channel;
        if (s->open == open && bc_address_equal(&s->address, &wanted))
            return s;
    }
    return NULL;
}

static struct session *find_peer(const struct secure_listener *l, const struct bc_address *peer)
{
    struct session *s = at_address(l, peer, true);
    return s != NULL && s->address.channel == peer->channel ? s : NULL;
}

static struct session *find_identity(const struct secure_listener *l, bc_view identity)
{
    uint32_t hash = (uint32_t)bc_server_hash(&l->key, identity);
    struct table_node *node = bc_server_table_first(&l->by_identity, hash);
    for (; node != NULL; node = bc_server_table_next(node)) {
        struct session *s = BC_SERVER_OF(node, struct session, by_identity);
        if (bc_view_equal(bc_dtls_identity(s->dtls), identity))
            return s;
    }
    return NULL;
}

static void make_ready(struct secure_listener *l, struct session *s)
{
    if (s->ready)
        return;
    s->ready = true;
    s->next_ready = NULL;
    *(l->last_ready == NULL ? &l->first_ready : &l->last_ready->next_ready) = s;
    l->last_ready = s;
}

/* --- Events ---------------------------------------------------------------------------------- */

static void tell(const struct secure_listener *l, const struct secure_event *event)
{
    if (l->config.on_event != NULL)
        l->config.on_event(l->config.on_event_context, event);
}

static void tell_opened(const struct secure_listener *l, const struct session *s)
{
    struct secure_event event = {
        .kind = SECURE_OPENED,
        .address = s->address,
        .identity = bc_dtls_identity(s->dtls),
        .version = bc_dtls_version_name(s->dtls),
        .cipher = bc_dtls_cipher_name(s->dtls),
        .resumed = bc_dtls_resumed(s->dtls),
    };
    tell(l, &event);
}

static void tell_closed(const struct secure_listener *l, const struct session *s,
                        const char *reason)
{
    struct secure_event event = {
        .kind = SECURE_CLOSED,
        .address = s->address,
        .identity = bc_dtls_identity(s->dtls),
        .reason = reason,
    };
    tell(l, &event);
}

static void tell_failed(struct secure_listener *l, const struct session *s, const char *reason)
{
    struct secure_event event = {
        .kind = SECURE_FAILED,
        .address = s->address,
        .identity = bc_dtls_identity(s->dtls),
        .reason = reason,
    };
    if (l->now_ms - l->failures_ms >= SECOND_MS) {
        l->failures_ms = l->now_ms;
        l->failures = 0;
    }
    l->failures_untold++;
    if (l->failures == SECURE_FAILURES_A_SECOND)
        return;
    l->failures++;
    event.count = l->failures_untold;
    l->failures_untold = 0;
    tell(l, &event);
}

static void tell_stray(struct secure_listener *l, const struct bc_address *from)
{
    struct secure_event event = {.kind = SECURE_STRAY, .address = *from};
    l->strays_untold++;
    if (l->now_ms < l->stray_ms)
        return;
    l->stray_ms = l->now_ms + SECOND_MS;
    event.count = l->strays_untold;
    l->strays_untold = 0;
    tell(l, &event);
}

/* --- Ends ------------------------------------------------------------------------------------ */

static void stop_timer(struct secure_listener *l, struct session *s)
{
    bc_server_timer_clear(&l->timers, &s->timer);
    bc_server_timers_release(&l->timers);
}

/* Nobody finds it any more; it is freed when its last records have been taken. */
static void end(struct secure_listener *l, struct session *s, const char *reason)
{
    assert(!s->ended);
    if (s->open) {
        tell_closed(l, s, reason);
        bc_server_table_remove(&l->by_identity, &s->by_identity);
        list_remove(&l->open, s);
    } else {
        tell_failed(l, s, reason);
        stop_timer(l, s);
        list_remove(&l->handshakes, s);
    }
    bc_server_table_remove(&l->by_address, &s->by_address);
    s->ended = true;
    make_ready(l, s);
}

/* And tells the peer. */
static void close_session(struct secure_listener *l, struct session *s, const char *reason)
{
    bc_dtls_close(s->dtls);
    end(l, s, reason);
}

/* Who has another key than we cannot read our last message, nor we theirs: both fall silent. */
static const char *reason_of(const struct session *s)
{
    const char *failure = bc_dtls_failure(s->dtls);
    if (bc_dtls_state(s->dtls) != BC_DTLS_FAILED)
        return "the peer closed it";
    bool told_identity = bc_dtls_identity(s->dtls).len > 0;
    return told_identity && strcmp(failure, "no answer") == 0
               ? "no answer that can be read; the peer may have another key"
               : failure;
}

static void end_if_over(struct secure_listener *l, struct session *s)
{
    enum bc_dtls_state state = bc_dtls_state(s->dtls);
    if (!s->ended && state != BC_DTLS_HANDSHAKE && state != BC_DTLS_OPEN)
        end(l, s, reason_of(s));
}

static void discard(struct session *s)
{
    bc_dtls_free(s->dtls);
    free(s);
}

void platform_secure_destroy(struct secure_listener *l)
{
    if (l == NULL)
        return;
    l->config.on_event = NULL;
    while (l->handshakes.first != NULL)
        end(l, l->handshakes.first, "");
    while (l->open.first != NULL)
        end(l, l->open.first, "");
    while (l->first_ready != NULL) {
        struct session *s = l->first_ready;
        l->first_ready = s->next_ready;
        discard(s);
    }
    bc_dtls_server_destroy(l->server);
    bc_server_table_free(&l->by_address);
    bc_server_table_free(&l->by_identity);
    bc_server_timers_free(&l->timers);
    free(l);
}

/* --- Beginnings ------------------------------------------------------------------------------ */

static void set_timer(struct secure_listener *l, struct session *s)
{
    uint64_t due_ms = bc_dtls_deadline(s->dtls);
    if (s->open || s->ended)
        return;
    if (due_ms == BC_NEVER)
        bc_server_timer_clear(&l->timers, &s->timer);
    else
        bc_server_timer_set(&l->timers, &s->timer, due_ms);
}

static void on_open(struct secure_listener *l, struct session *s)
{
    bc_view identity = bc_dtls_identity(s->dtls);
    struct session *older = find_identity(l, identity);
    if (older != NULL)
        end(l, older, "the identity has a new session");
    older = at_address(l, &s->address, true);
    if (older != NULL)
        end(l, older, "the address has a new session");
    if (l->open.count == l->config.sessions_max)
        close_session(l, l->open.first, "too many sessions");
    stop_timer(l, s);
    list_remove(&l->handshakes, s);
    s->open = true;
    s->heard_ms = l->now_ms;
    list_append(&l->open, s);
    bc_server_table_insert(&l->by_identity, &s->by_identity,
                           (uint32_t)bc_server_hash(&l->key, identity));
    tell_opened(l, s);
}

/* After everything that may have changed it. */
static void follow(struct secure_listener *l, struct session *s)
{
    if (!s->open && bc_dtls_state(s->dtls) == BC_DTLS_OPEN)
        on_open(l, s);
    set_timer(l, s);
    make_ready(l, s);
}

static uint8_t new_channel(struct secure_listener *l, const struct session *open)
{
    do
        l->next_channel = (uint8_t)(l->next_channel == UINT8_MAX ? 1 : l->next_channel + 1);
    while (open != NULL && open->address.channel == l->next_channel);
    return l->next_channel;
}

/* The address is proven; takes `dtls` over. */
static void begin(struct secure_listener *l, const struct bc_address *from, struct bc_dtls *dtls,
                  uint64_t hello)
{
    struct session *s = malloc(sizeof(*s));
    struct session *before = at_address(l, from, false);
    if (before != NULL)
        end(l, before, "the peer began anew");
    if (l->handshakes.count == l->config.handshakes_max)
        end(l, l->handshakes.first, "too many handshakes");
    if (s == NULL || !bc_server_timers_reserve(&l->timers)) {
        free(s);
        bc_dtls_free(dtls);
        return;
    }
    *s = (struct session){.dtls = dtls, .hello = hello, .address = *from};
    s->address.channel = new_channel(l, at_address(l, from, true));
    list_append(&l->handshakes, s);
    bc_server_table_insert(&l->by_address, &s->by_address, hash_of(l, *from));
    follow(l, s);
}

/* Whether it is a ClientHello, and not one that a session has already: then all is done. */
static bool take_hello(struct secure_listener *l, const struct bc_address *from, bc_view in)
{
    struct bc_dtls_hello hello;
    uint8_t bytes[BC_DTLS_DATAGRAM_BYTES_MAX];
    bc_sink reply = {.ptr = bytes, .cap = sizeof(bytes)};
    if (in.len == 0 || in.ptr[0] != RECORD_HANDSHAKE || !bc_dtls_hello_parse(in, &hello))
        return false;
    uint64_t mark = bc_server_hash(&l->key, hello.random);
    const struct session *open = at_address(l, from, true);
    const struct session *shaking = at_address(l, from, false);
    if (open != NULL && open->hello == mark)
        return true; /* a copy of an old datagram */
    if (shaking != NULL && shaking->hello == mark && hello.cookie.len > 0)
        return false; /* sent again: the answer to it was lost */
    struct bc_dtls *dtls = bc_dtls_accept(l->server, l->now_ms, from, in, &reply);
    if (dtls != NULL)
        begin(l, from, dtls, mark);
    else if (reply.len > 0)
        bc_server_outbox_put(&l->stateless, from, bc_sink_view(&reply));
    return true;
}

/* --- Datagrams ------------------------------------------------------------------------------- */

/* Whose a datagram is, by its first record: data belong to the open session, and so do alerts under
 * protection; everything else to the handshake, if there is one. */
static struct session *addressee(const struct secure_listener *l, const struct bc_address *from,
                                 bc_view in)
{
    struct session *open = at_address(l, from, true);
    struct session *shaking = at_address(l, from, false);
    if (open == NULL || shaking == NULL)
        return open != NULL ? open : shaking;
    bool plain = in.len > EPOCH_AT + 1 && in.ptr[EPOCH_AT] == 0 && in.ptr[EPOCH_AT + 1] == 0;
    bool old = in.len > 0 && (in.ptr[0] == RECORD_DATA || (in.ptr[0] == RECORD_ALERT && !plain));
    return old ? open : shaking;
}

void platform_secure_on_datagram(struct secure_listener *l, uint64_t now_ms,
                                 const struct bc_address *from, bc_view in)
{
    struct bc_address address = *from;
    address.channel = 0;
    l->now_ms = now_ms;
    l->fed = NULL;
    if (take_hello(l, &address, in))
        return;
    struct session *s = addressee(l, &address, in);
    if (s == NULL) {
        if (in.len == 0 || in.ptr[0] != RECORD_ALERT) /* a late goodbye is nothing to tell */
            tell_stray(l, &address);
        return;
    }
    bc_dtls_on_datagram(s->dtls, now_ms, in);
    l->fed = s;
    follow(l, s);
}

bool platform_secure_read(struct secure_listener *l, struct bc_address *from, bc_view *plain)
{
    struct session *s = l->fed;
    if (s == NULL || !s->open || s->ended || !bc_dtls_read(s->dtls, plain))
        return false;
    *from = s->address;
    s->heard_ms = l->now_ms;
    list_remove(&l->open, s);
    list_append(&l->open, s);
    return true;
}

void platform_secure_send(struct secure_listener *l, const struct bc_address *to, bc_view plain)
{
    struct session *s = find_peer(l, to);
    if (s == NULL)
        return;
    (void)bc_dtls_write(s->dtls, plain);
    make_ready(l, s);
}

/* It has nothing more to send. */
static void rest(struct secure_listener *l, struct session *s)
{
    end_if_over(l, s);
    l->first_ready = s->next_ready;
    if (l->first_ready == NULL)
        l->last_ready = NULL;
    s->ready = false;
    if (!s->ended)
        return;
    if (l->fed == s)
        l->fed = NULL;
    discard(s);
}

size_t platform_secure_take(struct secure_listener *l, struct bc_server_datagram *out, size_t max)
{
    bc_view record;
    size_t count = bc_server_outbox_take(&l->stateless, out, max);
    if (count > 0)
        return count;
    while (l->first_ready != NULL && count < max && count < BC_SERVER_BATCH) {
        struct session *s = l->first_ready;
        if (!bc_dtls_take(s->dtls, &record)) {
            rest(l, s);
            continue;
        }
        assert(record.len <= sizeof(l->records[count]));
        memcpy(l->records[count], record.ptr, record.len);
        out[count] = (struct bc_server_datagram){s->address, {l->records[count], record.len}};
        count++;
    }
    return count;
}

/* --- Time ------------------------------------------------------------------------------------ */

static uint64_t next_idle_ms(const struct secure_listener *l)
{
    return l->open.first == NULL ? BC_NEVER : l->open.first->heard_ms + l->config.idle_ms;
}

void platform_secure_on_time(struct secure_listener *l, uint64_t now_ms)
{
    l->now_ms = now_ms;
    while (bc_server_timers_next(&l->timers) <= now_ms) {
        struct session *s = BC_SERVER_OF(l->timers.entries[0].timer, struct session, timer);
        bc_dtls_on_time(s->dtls, now_ms);
        follow(l, s);
    }
    while (next_idle_ms(l) <= now_ms)
        close_session(l, l->open.first, "it was idle");
}

uint64_t platform_secure_deadline(const struct secure_listener *l)
{
    uint64_t handshake = bc_server_timers_next(&l->timers);
    uint64_t idle = next_idle_ms(l);
    return handshake < idle ? handshake : idle;
}

/* --- Identities ------------------------------------------------------------------------------ */

bc_view platform_secure_identity(const struct secure_listener *l, const struct bc_address *peer)
{
    const struct session *s = find_peer(l, peer);
    return s != NULL ? bc_dtls_identity(s->dtls) : (bc_view){0};
}

void platform_secure_on_key_gone(struct secure_listener *l, uint64_t now_ms, bc_view identity)
{
    static const char reason[] = "its key is gone";
    struct session *s = find_identity(l, identity);
    l->now_ms = now_ms;
    if (s != NULL)
        close_session(l, s, reason);
    for (struct session *next = l->handshakes.first; next != NULL;) {
        s = next;
        next = s->next;
        if (bc_view_equal(bc_dtls_identity(s->dtls), identity))
            end(l, s, reason);
    }
}
