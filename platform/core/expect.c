/*
 * Datagrams announced before they are worked on. With a million devices nearly all that a message
 * looks at is memory that no cache holds, one look after the other: table, device, what hangs off
 * it. So a whole batch goes through its looks together, a step at a time, and only asks for the
 * memory of the next step: the waits of all datagrams pass at once.
 *
 * Nothing is decided here. Who is misread, or is gone until his turn, is looked up as ever.
 */
#include "private.h"

#define CACHE_LINE_BYTES 64

/* Where a datagram's look-up begins, and where it leads. */
struct expected {
    const struct table *table;
    uint32_t hash;
    struct device *device;
};

static void fetch(const void *memory, size_t bytes)
{
#if defined(__GNUC__)
    for (size_t at = 0; at < bytes; at += CACHE_LINE_BYTES)
        __builtin_prefetch((const char *)memory + at, 1);
#else
    (void)memory, (void)bytes;
#endif
}

static void fetch_bucket(const struct table *t, uint32_t hash)
{
    fetch(bc_server_table_bucket(t, hash), 1);
}

/* /rd/<id> of an update, or the endpoint of a registration. */
static void expect_request(const struct bc_server *s, const struct bc_coap_message *m,
                           struct expected *out)
{
    struct bc_coap_options it = bc_coap_options(m);
    struct bc_coap_option option;
    bc_view endpoint;
    uint64_t id;
    while (out->table == NULL && bc_coap_option_next(&it, &option)) {
        if (option.number == BC_COAP_URI_PATH && bc_server_id_parse(option.value, &id))
            *out = (struct expected){.table = &s->devices_by_id, .hash = (uint32_t)id};
        else if (option.number == BC_COAP_URI_QUERY &&
                 bc_server_query_value(option.value, BC_TEXT("ep="), &endpoint))
            *out = (struct expected){.table = &s->devices_by_endpoint,
                                     .hash = (uint32_t)bc_server_hash(&s->key, endpoint)};
    }
}

/* False when it leads nowhere. */
static bool expect_message(const struct bc_server *s, const struct bc_address *from, bc_view in,
                           struct expected *out)
{
    struct bc_coap_message m;
    enum incoming_kind kind = bc_server_sort(in, &m);
    *out = (struct expected){.table = NULL};
    if (kind != INCOMING_REQUEST && kind != INCOMING_RESPONSE)
        return false;
    if (kind == INCOMING_REQUEST)
        expect_request(s, &m, out);
    else if (bc_server_token_read(&m.token, &out->hash))
        out->table = m.type == BC_COAP_ACK ? &s->exchanges_by_token : &s->observations;
    if (m.type != BC_COAP_ACK)
        bc_server_duplicate_fetch(&s->duplicates, bc_server_address_hash(s, from, m.message_id));
    if (out->table == NULL)
        return false;
    fetch_bucket(out->table, out->hash);
    if (out->table == &s->exchanges_by_token) /* which may become an observation */
        fetch_bucket(&s->observations, out->hash);
    return true;
}

static void fetch_node(const struct expected *e)
{
    const struct table_node *node = *bc_server_table_bucket(e->table, e->hash);
    if (node != NULL)
        fetch(node, sizeof(struct observation));
}

static struct device *device_of(const struct bc_server *s, const struct expected *e)
{
    struct table_node *node = bc_server_table_first(e->table, e->hash);
    if (node == NULL)
        return NULL;
    if (e->table == &s->devices_by_id)
        return BC_SERVER_OF(node, struct device, by_id);
    if (e->table == &s->devices_by_endpoint)
        return BC_SERVER_OF(node, struct device, by_endpoint);
    if (e->table == &s->observations)
        return BC_SERVER_OF(node, struct observation, by_token)->device;
    return BC_SERVER_OF(node, struct exchange, by_token)->device;
}

/* A registration that takes the place of another one. */
static bool replaces(const struct bc_server *s, const struct expected *e)
{
    return e->table == &s->devices_by_endpoint;
}

static void fetch_around(const struct bc_server *s, const struct expected *e)
{
    const struct device *device = e->device;
    fetch(device->strings, device->endpoint_bytes);
    if (device->observations != NULL)
        fetch(device->observations, sizeof(*device->observations));
    if (!replaces(s, e))
        return;
    fetch_bucket(&s->devices_by_id, (uint32_t)device->id);
    fetch(device->strings, (size_t)device->endpoint_bytes + device->links_bytes);
}

void bc_server_expect(const struct bc_server *s, const struct bc_server_incoming *in, size_t count)
{
    struct expected list[BC_SERVER_BATCH];
    struct expected *end = list;
    for (size_t i = 0; i < count; i++)
        end += expect_message(s, &in[i].from, in[i].bytes, end);
    for (struct expected *e = list; e < end; e++)
        fetch_node(e);
    for (struct expected *e = list; e < end; e++) {
        e->device = device_of(s, e);
        if (e->device != NULL)
            fetch(e->device, sizeof(*e->device));
    }
    for (struct expected *e = list; e < end; e++)
        if (e->device != NULL)
            fetch_around(s, e);
    for (struct expected *e = list; e < end; e++)
        if (e->device != NULL && replaces(s, e) && e->device->observations != NULL)
            fetch_bucket(&s->observations, e->device->observations->token);
}
