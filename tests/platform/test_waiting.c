/*
 * What a step costs while commands of very many devices wait (PLATFORM section 2, command queue):
 * none may look at all of them.
 */
#include <stdio.h>

#include "base/sink.h"
#include "catalogue.h"
#include "costs.h"
#include "queue.h"

#define FEW 1000
#define MANY 100000
#define PORT 7001
#define ONE "device-000500" /* has a command that waits, like all the others */
#define HOUR_MS 3600000
#define REPEATED 200

static void add_device(struct office *o, unsigned number)
{
    char name[24];
    uint64_t id;
    int64_t now_ms = office_now(o).utc_ms;
    snprintf(name, sizeof(name), "device-%06u", number);
    const struct bc_provision device = {
        .endpoint = bc_view_of(name), .product = 1, .settings = BC_TEXT("{}"), .group = 1};
    const struct bc_queue_command command = {
        .endpoint = bc_view_of(name),
        .operation = BC_SERVER_READ,
        .path = BC_TEXT("/3/0/0"),
        .accept = BC_COAP_FORMAT_ABSENT,
        .format = BC_COAP_FORMAT_ABSENT,
        .description = BC_TEXT("{\"operation\":\"read\",\"path\":\"/3/0/0\"}"),
        .created_ms = now_ms,
        .expires_ms = now_ms + HOUR_MS + (int64_t)number * HOUR_MS,
    };
    assert_true(bc_catalogue_add_provision(o->store, &device));
    assert_true(bc_queue_add(o->store, &command, &id));
}

/* A platform that starts with that many devices, a command waiting for each. */
static int64_t fill(struct office *o, unsigned devices)
{
    (void)office_add_product(o, "Meters", "iot");
    for (unsigned i = 0; i < devices; i++)
        add_device(o, i);
    office_commit(o);
    office_restart(o);
    int64_t turns = 1;
    office_wait(o, 1);
    for (; service_deadline(o->service) <= o->w.now_ms && turns < MANY; turns++)
        office_wait(o, 0);
    (void)costs_instructions(o);
    return turns;
}

#define STEP(what, ...)                       \
    do {                                      \
        double begun_us = costs_cpu_us();     \
        __VA_ARGS__;                          \
        office_commit(o);                     \
        costs_note(costs, o, what, begun_us); \
    } while (0)

/* 4001 0001 is CON GET with that message id; here CON POST /rd/<id>. */
static void update(struct office *o)
{
    static unsigned message_id = 0x2000;
    char hex[64];
    snprintf(hex, sizeof(hex), "4002 %04X B2 7264 0A <id>", message_id++ & 0xFFFF);
    world_feed(&o->w, PORT, hex);
    office_commit(o);
    world_take_all(&o->w);
}

static void take_steps(struct office *o, struct costs *costs)
{
    static const char read[] = "{\"operation\":\"read\",\"path\":\"/3/0/1\",\"expire_s\":60}";
    STEP("nothing", (void)0);
    STEP("a second", office_wait(o, 1000));
    STEP("registration", world_register(&o->w, PORT, ONE, "</3/0>"));
    world_expect(&o->w, PORT, "4401 <mid> <token> B1 33 01 30 01 30"); /* what waited */
    STEP("answer", world_answer(&o->w, PORT, BC_COAP_CONTENT, "FF 31"));
    STEP("updates", for (int i = 0; i < REPEATED; i++) update(o));
    STEP("command", (void)office_ask(o, 202, "POST", "/devices/" ONE "/commands", read));
    world_take_all(&o->w);
    STEP("command elsewhere",
         (void)office_ask(o, 202, "POST", "/devices/device-000007/commands", read));
    STEP("it expires", office_wait(o, 61000));
    STEP("cancel", (void)office_ask(o, 200, "DELETE", "/commands/100", NULL));
    STEP("an hour later some expire", office_wait(o, HOUR_MS));
    STEP("GET command", (void)office_ask(o, 200, "GET", "/commands/200", NULL));
    STEP("GET commands", (void)office_ask(o, 200, "GET", "/commands?limit=10", NULL));
    STEP("those that wait",
         (void)office_ask(o, 200, "GET", "/commands?limit=10&state=PENDING", NULL));
    STEP("those that have ended",
         (void)office_ask(o, 200, "GET", "/commands?limit=10&state=EXPIRED", NULL));
    STEP("of a device", (void)office_ask(o, 200, "GET", "/devices/" ONE "/commands", NULL));
    STEP("GET device", (void)office_ask(o, 200, "GET", "/devices/" ONE, NULL));
    STEP("GET devices", (void)office_ask(o, 200, "GET", "/devices?limit=10", NULL));
    STEP("GET status", (void)office_ask(o, 200, "GET", "/status", NULL));
    STEP("device is removed", (void)office_ask(o, 204, "DELETE", "/devices/device-000009", NULL));
    STEP("its rows go", office_wait(o, 1000));
}

/* Returns in how many turns all devices had been looked at after the start. */
static int64_t measure(struct costs *costs, unsigned devices)
{
    void *state;
    *costs = (struct costs){.count = 0};
    assert_int_equal(office_setup_file(&state), 0);
    struct office *o = state;
    int64_t turns = fill(o, devices);
    take_steps(o, costs);
    world_take_all(&o->w);
    (void)office_teardown(&state);
    return turns;
}

static void no_step_looks_at_all_that_waits(void **state)
{
    static struct costs few, many;
    (void)state;
    (void)measure(&few, FEW);
    int64_t turns = measure(&many, MANY);
    assert_int_equal(few.count, many.count);
    assert_true(turns > MANY / 1000); /* also at the start, some at a time */
    for (size_t i = 0; i < few.count; i++) {
        const struct cost *a = &few.list[i], *b = &many.list[i];
        costs_print(a, b);
        assert_in_range(b->instructions, 0, a->instructions + a->instructions / 4 + 50);
        assert_true(b->cpu_us < 10 * a->cpu_us + 5000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_step_looks_at_all_that_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
