/*
 * What a step costs in a task with very many devices (PLATFORM section 2, DFOTA): none may look at
 * all of them, but those that are about all of them.
 */
#include <stdio.h>

#include "base/sink.h"
#include "catalogue.h"
#include "costs.h"
#include "fota_desk.h"

#define FEW 100
#define MANY 10000
#define PORT 7001
#define REPEATED 50
#define ANSWER_MS 100000 /* a device that does not answer has been given up */

static const char *name_of(unsigned number)
{
    static char name[24];
    snprintf(name, sizeof(name), "device-%06u", number);
    return name;
}

static void add_devices(struct desk *d, unsigned devices)
{
    for (unsigned i = 0; i < devices; i++) {
        const struct bc_provision device = {.endpoint = bc_view_of(name_of(i)),
                                            .product = d->product,
                                            .settings = BC_TEXT("{}"),
                                            .group = 1};
        assert_true(bc_catalogue_add_provision(d->o.store, &device));
    }
    office_commit(&d->o);
}

static void register_device(struct desk *d, unsigned number)
{
    (void)world_register_silently(&d->o.w, (uint16_t)(PORT + number), name_of(number), "</5/0>");
    office_commit(&d->o);
    world_take_all(&d->o.w);
}

/* Data by /dp, which any device may send: the word that its task waits for. */
static void report(struct desk *d, unsigned number)
{
    char hex[120];
    int at = snprintf(hex, sizeof(hex), "4002 %04X B2 6470 4D 03 65703D", 0x4000 + number);
    for (const char *c = name_of(number); *c != '\0'; c++)
        at += snprintf(hex + at, sizeof(hex) - (size_t)at, "%02X", (unsigned char)*c);
    snprintf(hex + at, sizeof(hex) - (size_t)at, "FF 31");
    world_feed(&d->o.w, (uint16_t)(PORT + number), hex);
    office_commit(&d->o);
}

#define STEP(what, ...)                           \
    do {                                          \
        (void)costs_instructions(&d->o);          \
        double begun_us = costs_cpu_us();         \
        for (int i = 0; i < REPEATED; i++) {      \
            __VA_ARGS__;                          \
            office_forget(&d->o);                 \
        }                                         \
        costs_note(costs, &d->o, what, begun_us); \
    } while (0)

/* Those that are about all devices; the time for each of them. */
static double begin_and_start(struct desk *d, unsigned devices)
{
    double begun_us = costs_cpu_us();
    (void)office_ask(&d->o, 201, "POST", "/tasks",
                     "{\"name\":\"t\",\"firmware\":1,\"group\":1,\"retries\":0}");
    const json_t *task = office_ask(&d->o, 200, "POST", "/tasks/1/start", NULL);
    assert_int_equal(office_number(json_object_get(task, "counts"), "waiting"), devices + 1);
    return (costs_cpu_us() - begun_us) / devices;
}

static double all_speak(struct desk *d, unsigned devices)
{
    double begun_us = costs_cpu_us();
    for (unsigned i = REPEATED; i < devices; i++) {
        register_device(d, i);
        report(d, i);
        world_take_all(&d->o.w);
        office_forget(&d->o);
    }
    const json_t *task = office_ask(&d->o, 200, "GET", "/tasks/1", NULL);
    assert_int_equal(office_number(json_object_get(task, "counts"), "running"), devices);
    office_wait(&d->o, ANSWER_MS);
    world_take_all(&d->o.w);
    return (costs_cpu_us() - begun_us) / devices;
}

static void take_steps(struct desk *d, struct costs *costs)
{
    STEP("a device registers", register_device(d, (unsigned)i));
    STEP("a device of the task speaks", report(d, (unsigned)i));
    world_take_all(&d->o.w);
    STEP("the task", (void)office_ask(&d->o, 200, "GET", "/tasks/1", NULL));
    STEP("all tasks", (void)office_ask(&d->o, 200, "GET", "/tasks", NULL));
    STEP("the task's devices",
         (void)office_ask(&d->o, 200, "GET", "/tasks/1/devices?limit=20", NULL));
    STEP("time goes on", office_wait(&d->o, 1));
}

/* Returns the time of the steps that are about all, for each device. */
static double measure(struct costs *costs, unsigned devices)
{
    struct desk d;
    *costs = (struct costs){.count = 0};
    desk_begin(&d, "aep");
    add_devices(&d, devices);
    desk_upload(&d);
    double all_us = begin_and_start(&d, devices);
    take_steps(&d, costs);
    all_us += all_speak(&d, devices);
    desk_end(&d);
    return all_us;
}

/* A deeper tree has a few instructions more; a look at all would have a hundred times as many. */
static void a_step_costs_the_same_in_a_large_task(void **state)
{
    (void)state;
    struct costs few, many;
    double few_us = measure(&few, FEW);
    double many_us = measure(&many, MANY);
    for (size_t i = 0; i < few.count; i++) {
        const struct cost *a = &few.list[i], *b = &many.list[i];
        costs_print(a, b);
        assert_true(b->instructions <= 2 * a->instructions + 100);
        assert_true(b->cpu_us <= 5 * a->cpu_us + 10000);
    }
    print_message("all, for each device: %.0f and %.0f us\n", few_us, many_us);
    assert_true(many_us <= 5 * few_us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_costs_the_same_in_a_large_task),
    };
    return cmocka_run_group_tests_name("platform_fota_load", tests, NULL, NULL);
}
