/*
 * See world.h.
 */
#include "world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "carrier.h"
#include "coap/message.h"

#define TURNS_MAX 10000 /* of one moment: nobody talks that much */
#define READ_TAG (UINT64_C(1) << 40)
#define REQUESTS_MAX 4 /* of the operator, waiting */
#define ENDPOINT "867724030023557"

uint32_t world_draw(struct world *w, uint32_t below)
{
    return bc_random_next(&w->random) % below;
}

/* --- Storage ---------------------------------------------------------------------------------- */

static bool load(void *context, enum bc_record record, unsigned copy, bc_sink *out)
{
    struct world *w = context;
    return w->inner.load(w->inner.context, record, copy, out);
}

static bool store(void *context, enum bc_record record, bc_view bytes)
{
    struct world *w = context;
    w->counts.stored++;
    diary_write(&w->diary, "storage: %s, %zu bytes", bc_record_name(record), bytes.len);
    return w->inner.store(w->inner.context, record, bytes);
}

/* --- The module ------------------------------------------------------------------------------- */

static void on_trace(void *context, const char *line)
{
    struct world *w = context;
    diary_write(&w->diary, "  %s", line);
    if (strstr(line, "no room, dropped") != NULL)
        diary_fail(&w->diary, "a URC is lost");
}

static void make_module(struct world *w)
{
    const struct bc_storage storage = {.load = load, .store = store, .context = w};
    const struct bc_config config = {
        .storage = &storage,
        .attach_ms = 2000,
        .seed = w->seed + 1,
        .trace = on_trace,
        .trace_context = w,
    };
    w->inner = bc_memory_storage(&w->store);
    if (bc_module_init(&w->module, &w->memory, &w->workspace, &config, 0) != BC_OK)
        diary_fail(&w->diary, "no module");
}

/* --- The platform ----------------------------------------------------------------------------- */

static bool find_product(void *context, bc_view endpoint, struct bc_server_product *out)
{
    (void)context;
    *out = (struct bc_server_product){.carrier = bc_server_carrier_find("iot")};
    return bc_view_equal(endpoint, bc_view_of(ENDPOINT));
}

static void on_response(struct world *w, const struct bc_server_event *event)
{
    if (event->operation == BC_SERVER_WRITE && event->code == BC_COAP_CHANGED)
        ledger_on_written(&w->ledger, (uint32_t)event->tag - 1);
    if (event->operation == BC_SERVER_READ && event->code == BC_COAP_CONTENT)
        ledger_on_read(&w->ledger, event->payload);
}

/* A report can overtake the answer to the observe request; then it is the answer, and the other one
 * is old news. */
static void on_value(struct world *w, const struct bc_server_event *event)
{
    if (event->code == BC_COAP_CONTENT && !bc_view_equal(event->payload, BC_TEXT("observed")))
        ledger_on_delivered(&w->ledger, event->payload, event->address.port, event->stale);
}

static void count(struct world_counts *counts, enum bc_server_event_kind kind)
{
    counts->registered += kind == BC_SERVER_REGISTERED;
    counts->updated += kind == BC_SERVER_UPDATED;
    counts->expired += kind == BC_SERVER_EXPIRED;
    counts->notified += kind == BC_SERVER_NOTIFIED;
    counts->timed_out += kind == BC_SERVER_TIMED_OUT;
    counts->reset += kind == BC_SERVER_RESET;
    counts->canceled += kind == BC_SERVER_CANCELED;
    counts->rejected += kind == BC_SERVER_REJECTED;
}

static void on_event(void *context, const struct bc_server_event *event)
{
    static const char *const kinds[] = {"registered", "updated",  "deregistered", "expired",
                                        "observed",   "notified", "responded",    "timed out",
                                        "reset",      "canceled", "dp",           "rejected"};
    struct world *w = context;
    diary_write(&w->diary, "platform: %s, %s, tag %" PRIu64 ", code %u.%02u%s", kinds[event->kind],
                bc_server_operation_name(event->operation), event->tag, event->code >> 5,
                event->code & 31U, event->stale ? ", stale" : "");
    count(&w->counts, event->kind);
    if (event->kind == BC_SERVER_NOTIFIED || event->kind == BC_SERVER_OBSERVED)
        on_value(w, event);
    if (event->kind == BC_SERVER_RESPONDED)
        on_response(w, event);
    w->news = w->news || event->kind == BC_SERVER_REGISTERED || event->kind == BC_SERVER_UPDATED ||
              event->kind == BC_SERVER_NOTIFIED;
}

static void make_server(struct world *w)
{
    struct bc_server_config config = bc_server_config_default();
    config.find_product = find_product;
    config.on_event = on_event;
    config.context = w;
    config.seed = w->seed + 1000 * (w->counts.restarts + 1);
    config.duplicates_max = 4096;
    w->server = bc_server_create(&config);
    if (w->server == NULL)
        diary_fail(&w->diary, "no platform");
}

/* Somebody who has waited for the device to show up. */
static bool operate(struct world *w)
{
    struct bc_server_device device;
    char text[LEDGER_TEXT_BYTES_MAX + 1] = "";
    if (!w->news)
        return false;
    w->news = false;
    uint32_t what = w->writes_only ? 0 : world_draw(w, 10);
    if (what > 2 || !bc_server_find(w->server, bc_view_of(ENDPOINT), &device) ||
        device.requests >= REQUESTS_MAX)
        return false;
    struct bc_server_request request = {.operation = BC_SERVER_READ,
                                        .path = {{19, 0, 2}, 3},
                                        .accept = BC_COAP_FORMAT_ABSENT,
                                        .format = BC_COAP_FORMAT_ABSENT,
                                        .tag = READ_TAG};
    if (what < 2) {
        request.tag = ledger_new_write(&w->ledger, text) + UINT64_C(1);
        request.operation = BC_SERVER_WRITE;
        request.path.ids[2] = 1;
        request.format = BC_COAP_FORMAT_TEXT;
        request.payload = bc_view_of(text);
    }
    diary_write(&w->diary, "operator: %s, tag %" PRIu64,
                bc_server_operation_name(request.operation), request.tag);
    if (bc_server_request(w->server, w->now_ms, bc_view_of(ENDPOINT), &request) != BC_OK)
        diary_fail(&w->diary, "the platform refuses a request");
    return true;
}

/* --- The network ------------------------------------------------------------------------------ */

static void arrive(struct world *w, enum link_way way, const struct bc_address *peer, bc_view bytes)
{
    diary_sum(&w->diary, bytes);
    if (way == LINK_UP) {
        w->counts.up++;
        w->counts.bytes_up += bytes.len;
        bc_server_on_datagram(w->server, w->now_ms, peer, bytes);
    } else if (bc_address_equal(peer, &w->nat)) {
        w->counts.down++;
        w->counts.bytes_down += bytes.len;
        bc_on_datagram(w->module, w->now_ms, &w->server_address, bytes);
    }
}

static void send(struct world *w, enum link_way way, const struct bc_address *peer, bc_view bytes)
{
    diary_write(&w->diary, "%s: %zu bytes, %02x%02x, id %u, port %u",
                way == LINK_UP ? "up" : "down", bytes.len, bytes.ptr[0], bytes.ptr[1],
                (unsigned)(bytes.ptr[2] << 8 | bytes.ptr[3]), peer->port);
    if (link_on_datagram(&w->link, way, w->now_ms, peer, bytes) == LINK_PASSES)
        arrive(w, way, peer, bytes);
}

static bool carry(struct world *w)
{
    struct bc_server_datagram list[BC_SERVER_BATCH];
    struct bc_address peer;
    enum link_way way;
    bc_view bytes;
    bool moved = false;
    while (bc_take_datagram(w->module, &peer, &bytes)) {
        if (!bc_address_equal(&peer, &w->server_address))
            diary_fail(&w->diary, "a datagram for somebody else");
        send(w, LINK_UP, &w->nat, bytes);
        moved = true;
    }
    for (size_t n; (n = bc_server_take_datagrams(w->server, list, BC_SERVER_BATCH)) > 0;)
        for (size_t i = 0; i < n; i++, moved = true)
            send(w, LINK_DOWN, &list[i].to, list[i].bytes);
    while (link_take(&w->link, w->now_ms, &way, &peer, &bytes)) {
        arrive(w, way, &peer, bytes);
        moved = true;
    }
    return moved;
}

/* --- Time ------------------------------------------------------------------------------------- */

static bool talk(struct world *w)
{
    bc_view bytes;
    bool moved = false;
    if (w->deaf)
        return false;
    while (bc_take_serial(w->module, &bytes)) {
        diary_sum(&w->diary, bytes);
        host_hear(&w->host, w->now_ms, bytes);
        moved = true;
    }
    if (moved)
        bc_on_time(w->module, w->now_ms); /* there is room again */
    if (host_say(&w->host, w->now_ms, &bytes)) {
        moved = true;
        if (bc_on_serial(w->module, w->now_ms, bytes) != bytes.len)
            diary_fail(&w->diary, "the module does not listen");
    }
    return moved;
}

static void settle(struct world *w)
{
    unsigned turns = 0;
    bool moved = true;
    while (moved) {
        moved = carry(w);
        moved = talk(w) || moved;
        moved = operate(w) || moved;
        if (++turns > TURNS_MAX)
            diary_fail(&w->diary, "no end of it");
    }
}

static uint64_t earliest(struct world *w)
{
    const uint64_t deadlines_ms[] = {bc_deadline(w->module), bc_server_deadline(w->server),
                                     link_deadline(&w->link),
                                     w->deaf ? BC_NEVER : host_deadline(&w->host)};
    uint64_t first_ms = BC_NEVER;
    for (size_t i = 0; i < sizeof(deadlines_ms) / sizeof(deadlines_ms[0]); i++) {
        if (deadlines_ms[i] <= w->now_ms)
            diary_fail(&w->diary, "deadline %zu is not in the future", i);
        if (deadlines_ms[i] < first_ms)
            first_ms = deadlines_ms[i];
    }
    return first_ms;
}

void world_run_until(struct world *w, uint64_t ms)
{
    for (;;) {
        settle(w);
        uint64_t next_ms = earliest(w);
        if (next_ms > ms && w->now_ms == ms)
            return;
        w->now_ms = next_ms < ms ? next_ms : ms;
        w->diary.now_ms = w->now_ms;
        bc_on_time(w->module, w->now_ms);
        bc_server_on_time(w->server, w->now_ms);
    }
}

/* --- Beginning, disasters, end ---------------------------------------------------------------- */

struct world *world_new(uint64_t seed, const char *repeat, bool aloud)
{
    struct world *w = calloc(1, sizeof(*w));
    if (w == NULL)
        abort();
    w->seed = seed;
    w->diary.repeat = repeat;
    w->diary.aloud = aloud;
    w->random.state = seed;
    w->nat = (struct bc_address){.ip = {192, 0, 2, 1}, .ip_len = 4, .port = 40000};
    w->server_address = (struct bc_address){.ip = {192, 0, 2, 2}, .ip_len = 4, .port = 5683};
    w->ledger.diary = &w->diary;
    link_init(&w->link, seed + 2);
    make_module(w);
    make_server(w);
    host_init(&w->host, &w->diary, &w->ledger, seed + 3);
    return w;
}

void world_free(struct world *w)
{
    bc_module_end(w->module);
    bc_server_destroy(w->server);
    link_close(&w->link);
    free(w);
}

void world_rebind(struct world *w)
{
    w->counts.rebinds++;
    w->nat.port++;
    diary_write(&w->diary, "the NAT forgets the module");
}

void world_restart_platform(struct world *w)
{
    w->counts.restarts++;
    diary_write(&w->diary, "the platform is restarted");
    bc_server_destroy(w->server);
    make_server(w);
}

void world_cover(struct world *w, bool covered)
{
    w->counts.blackouts += !covered;
    diary_write(&w->diary, covered ? "coverage" : "no coverage");
    bc_on_coverage(w->module, w->now_ms, covered);
}

void world_reset(struct world *w)
{
    w->counts.resets++;
    diary_write(&w->diary, "reset");
    bc_on_reset(w->module, w->now_ms);
}

void world_power(struct world *w, bool on)
{
    w->counts.cuts += !on;
    diary_write(&w->diary, on ? "power" : "no power");
    bc_on_power(w->module, w->now_ms, on);
}
