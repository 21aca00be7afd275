/*
 * The module, its twin and their clock: see world.h.
 */
#include "world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "input.h"

#define START_MS 1000
#define TAKEN_MAX 1000     /* datagrams or pieces of text after one event: more is no end */
#define DEADLINES_MAX 5000 /* of one wait that are met one by one */
#define DEADLINE_MS_MIN 50 /* from one to the next of them, on average: less is a busy loop */
#define GARBAGE 0xDB
#define RECORD_DATA 0x17 /* see fake_dtls.c; a CoAP message begins with 0x40 or more */
#define RECORD_TYPE_MAX 0x17

/* --- Flash ----------------------------------------------------------------------------------- */

static const uint8_t *map(void *context, enum bc_area slot, uint32_t bytes)
{
    const struct world_side *side = context;
    assert(bytes <= WORLD_AREA_BYTES);
    return side->area[slot];
}

static bool read_area(void *context, enum bc_area area, uint32_t offset, uint8_t *out, size_t len)
{
    const struct world_side *side = context;
    assert(offset <= WORLD_AREA_BYTES && len <= WORLD_AREA_BYTES - offset);
    memcpy(out, side->area[area] + offset, len);
    return true;
}

static bool write_area(void *context, enum bc_area area, uint32_t offset, bc_view bytes)
{
    struct world_side *side = context;
    assert(offset <= WORLD_AREA_BYTES && bytes.len <= WORLD_AREA_BYTES - offset);
    if (bytes.len > 0)
        memcpy(side->area[area] + offset, bytes.ptr, bytes.len);
    return true;
}

static bool flush(void *context)
{
    (void)context;
    return true;
}

static void *lend(void *context, size_t bytes)
{
    struct world_side *side = context;
    assert(!side->lent);
    side->lent = true;
    void *memory = malloc(bytes);
    assert(memory != NULL);
    return memory;
}

static void give_back(void *context, void *memory)
{
    struct world_side *side = context;
    assert(side->lent);
    side->lent = false;
    free(memory);
}

static void erase_flash(struct world_side *side)
{
    memset(side->area, 0xFF, sizeof(side->area));
    memset(side->area[BC_AREA_SLOT_0], 'A', WORLD_IMAGE_BYTES);
    side->lent = false;
    side->flash = (struct bc_firmware){.image_bytes = WORLD_IMAGE_BYTES,
                                       .slot_bytes_max = WORLD_AREA_BYTES,
                                       .package_bytes_max = WORLD_AREA_BYTES,
                                       .map = map,
                                       .read = read_area,
                                       .write = write_area,
                                       .flush = flush,
                                       .lend = lend,
                                       .give_back = give_back,
                                       .context = side};
}

/* --- Taking ---------------------------------------------------------------------------------- */

static void remember(struct world *w, const struct bc_address *to, bc_view datagram)
{
    struct bc_coap_message message;
    assert(datagram.len <= BC_DATAGRAM_BYTES_MAX + 1 && datagram.len > 0);
    w->secured = datagram.ptr[0] <= RECORD_TYPE_MAX;
    if (w->secured && datagram.ptr[0] != RECORD_DATA) {
        w->server = *to;
        return;
    }
    if (w->secured)
        datagram = (bc_view){datagram.ptr + 1, datagram.len - 1};
    enum bc_err err = bc_coap_parse(datagram, &message);
    assert(err == BC_OK);
    w->server = *to;
    if (message.type == BC_COAP_CON && message.code >= BC_COAP_GET && message.code < 32) {
        w->message_id = message.message_id;
        w->token = message.token;
    }
}

static void assert_same(bc_view a, bc_view b)
{
    assert(a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0);
}

static bool take_datagram(struct world *w)
{
    struct bc_address to[2];
    bc_view out[2];
    bool some = bc_take_datagram(w->module, &to[0], &out[0]);
    if (w->sides > 1) {
        bool same = bc_take_datagram(w->side[1].module, &to[1], &out[1]) == some;
        assert(same);
        if (some)
            assert_same(out[0], out[1]);
    }
    if (some)
        remember(w, &to[0], out[0]);
    return some;
}

static bool take_serial(struct world *w)
{
    bc_view out[2];
    bool some = bc_take_serial(w->module, &out[0]);
    if (w->sides > 1) {
        bool same = bc_take_serial(w->side[1].module, &out[1]) == some;
        assert(same);
        if (some)
            assert_same(out[0], out[1]);
    }
    if (!some)
        return false;
    assert(out[0].len > 0);
    if (w->on_serial != NULL)
        w->on_serial(w, out[0]);
    return true;
}

static bool take_query(struct world *w)
{
    struct bc_query out[2];
    bool some = bc_take_query(w->module, &out[0]);
    if (w->sides > 1) {
        bool same = bc_take_query(w->side[1].module, &out[1]) == some;
        assert(same && (!some || strcmp(out[0].host, out[1].host) == 0));
    }
    if (some)
        w->query_id = out[0].id;
    return some;
}

/* --- Before and after each event ------------------------------------------------------------- */

/* The twin's workspace comes back, at another place, before anything is said to it. */
static void before(struct world *w)
{
    if (!w->twin_idle)
        return;
    w->lent ^= 1;
    bc_lend_workspace(w->side[1].module, &w->side[1].workspace[w->lent]);
    w->twin_idle = false;
}

static void on_time(struct world *w)
{
    before(w);
    for (unsigned i = 0; i < w->sides; i++)
        bc_on_time(w->side[i].module, w->now_ms);
}

static void take_all(struct world *w)
{
    for (unsigned taken = 0; take_query(w) || take_datagram(w) || (!w->deaf && take_serial(w));
         taken++)
        assert(taken < TAKEN_MAX);
}

static void after(struct world *w)
{
    take_all(w);
    if (bc_deadline(w->module) <= w->now_ms) { /* reading has let the network side go on */
        on_time(w);
        take_all(w);
    }
    assert(bc_deadline(w->module) > w->now_ms);
    if (w->sides == 1)
        return;
    struct world_side *twin = &w->side[1];
    assert(bc_deadline(twin->module) == bc_deadline(w->module));
    assert(bc_module_status(twin->module) == bc_module_status(w->module));
    w->twin_idle = bc_idle(twin->module);
    assert(w->twin_idle == bc_idle(w->module));
    if (w->twin_idle)
        memset(&twin->workspace[w->lent], GARBAGE, sizeof(twin->workspace[w->lent]));
}

/* --- Events ---------------------------------------------------------------------------------- */

void world_begin(struct world *w, bool twin, uint64_t seed)
{
    memset(w, GARBAGE, sizeof(w->side));
    memset((uint8_t *)w + sizeof(w->side), 0, sizeof(*w) - sizeof(w->side));
    memset(&w->side[0].memory, 0, sizeof(w->side[0].memory));
    w->now_ms = START_MS;
    w->sides = twin ? 2 : 1;
    for (unsigned i = 0; i < w->sides; i++) {
        struct world_side *side = &w->side[i];
        memset(&side->store, 0, sizeof(side->store));
        const struct bc_storage storage = bc_memory_storage(&side->store);
        erase_flash(side);
        const struct bc_config config = {
            .storage = &storage, .firmware = &side->flash, .seed = seed};
        enum bc_err err =
            bc_module_init(&side->module, &side->memory, &side->workspace[0], &config, w->now_ms);
        assert(err == BC_OK);
    }
    w->module = w->side[0].module;
    after(w);
}

void world_end(struct world *w)
{
    before(w);
    for (unsigned i = 0; i < w->sides; i++)
        bc_module_end(w->side[i].module);
    for (unsigned i = 0; i < w->sides; i++)
        assert(!w->side[i].lent);
}

void world_serial(struct world *w, bc_view bytes)
{
    bc_view copy = fuzz_copy(bytes);
    bc_view rest = copy;
    for (unsigned tries = 0; rest.len > 0; tries++) {
        assert(tries < TAKEN_MAX);
        before(w);
        size_t done = bc_on_serial(w->module, w->now_ms, rest);
        assert(done <= rest.len);
        if (w->sides > 1) {
            bool same = bc_on_serial(w->side[1].module, w->now_ms, rest) == done;
            assert(same);
        }
        (void)fuzz_take(&rest, done);
        after(w);
        if (done == 0 && w->deaf)
            break;
    }
    fuzz_free(copy);
}

void world_line(struct world *w, const char *line)
{
    world_serial(w, (bc_view){(const uint8_t *)line, strlen(line)});
    world_serial(w, BC_TEXT("\r"));
}

void world_datagram(struct world *w, bc_view bytes)
{
    bc_view copy = fuzz_copy(bytes);
    before(w);
    for (unsigned i = 0; i < w->sides; i++)
        bc_on_datagram(w->side[i].module, w->now_ms, &w->server, copy);
    fuzz_free(copy);
    after(w);
}

void world_respond(struct world *w, enum bc_coap_type type, uint8_t code, bc_view tail)
{
    uint8_t record[1 + BC_DATAGRAM_BYTES_MAX + 20] = {RECORD_DATA};
    uint8_t *bytes = record + 1;
    size_t room = sizeof(record) - 1;
    const uint8_t head[] = {(uint8_t)(0x40U | (unsigned)type << 4 | w->token.len), code,
                            (uint8_t)(w->message_id >> 8), (uint8_t)w->message_id};
    size_t len = sizeof(head);
    memcpy(bytes, head, sizeof(head));
    memcpy(bytes + len, w->token.bytes, w->token.len);
    len += w->token.len;
    if (tail.len > room - len)
        tail.len = room - len;
    if (tail.len > 0)
        memcpy(bytes + len, tail.ptr, tail.len);
    bool plain = !w->secured;
    world_datagram(w, (bc_view){record + plain, 1 + len + tail.len - plain});
}

void world_jump(struct world *w, uint64_t ms)
{
    w->now_ms += ms;
    on_time(w);
    after(w);
}

void world_wait(struct world *w, uint64_t ms)
{
    uint64_t begin_ms = w->now_ms;
    uint64_t until_ms = begin_ms + ms;
    unsigned steps = 0;
    for (; steps < DEADLINES_MAX && bc_deadline(w->module) < until_ms; steps++)
        world_jump(w, bc_deadline(w->module) - w->now_ms);
    assert(steps < DEADLINES_MAX || w->now_ms - begin_ms >= DEADLINES_MAX * DEADLINE_MS_MIN);
    world_jump(w, until_ms - w->now_ms);
}

void world_wake_pin(struct world *w)
{
    before(w);
    for (unsigned i = 0; i < w->sides; i++)
        bc_on_wake_pin(w->side[i].module, w->now_ms);
    after(w);
}

void world_reset(struct world *w)
{
    before(w);
    for (unsigned i = 0; i < w->sides; i++)
        bc_on_reset(w->side[i].module, w->now_ms);
    after(w);
}

void world_power(struct world *w, bool on)
{
    before(w);
    for (unsigned i = 0; i < w->sides; i++)
        bc_on_power(w->side[i].module, w->now_ms, on);
    after(w);
}

void world_coverage(struct world *w, bool covered)
{
    before(w);
    for (unsigned i = 0; i < w->sides; i++)
        bc_on_coverage(w->side[i].module, w->now_ms, covered);
    after(w);
}

void world_signal(struct world *w, int rssi_dbm)
{
    before(w);
    for (unsigned i = 0; i < w->sides; i++)
        bc_on_signal(w->side[i].module, w->now_ms, rssi_dbm);
    after(w);
}

void world_describe(struct world *w)
{
    static uint8_t text[BC_DESCRIPTION_BYTES];
    bc_sink out = {.ptr = text, .cap = sizeof(text)};
    struct bc_energy energy;
    uint64_t total_ms = 0;
    bc_module_describe(w->module, w->now_ms, &out);
    assert(!out.full && out.ptr[0] == '{' && out.ptr[out.len - 1] == '}');
    bc_module_energy(w->module, w->now_ms, &energy);
    for (unsigned i = 0; i < BC_ENERGY_STATES; i++)
        total_ms += energy.in[i].ms;
    assert(total_ms == w->now_ms - START_MS);
}

void world_clock(struct world *w, int64_t utc_s)
{
    before(w);
    for (unsigned i = 0; i < w->sides; i++)
        bc_on_clock(w->side[i].module, w->now_ms, utc_s);
    after(w);
}

void world_resolve(struct world *w, bool found)
{
    static const struct bc_address address = {.ip = {10, 0, 0, 9}, .ip_len = 4};
    before(w);
    for (unsigned i = 0; i < w->sides; i++)
        bc_on_resolved(w->side[i].module, w->now_ms, w->query_id, found ? &address : NULL);
    after(w);
}

void world_listen(struct world *w, bool listens)
{
    w->deaf = !listens;
    after(w);
}
