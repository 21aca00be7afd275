/*
 * What a step costs in a task with very many devices (PLATFORM section 2, DFOTA): none may look at
 * all of them, but those that are about all of them. SQLite counts the instructions of its own
 * machine, which are the same each time; the processor's time, which is not, is only to notice a
 * walk through memory.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <time.h>

#include "base/sink.h"
#include "catalogue.h"
#include "fota_desk.h"
#include "platform/store/inside.h"

#define FEW 100
#define MANY 10000
#define PORT 7001
#define REPEATED 50
#define ANSWER_MS 100000 /* a device that does not answer has been given up */
#define STEPS_MAX 16

struct cost {
    const char *step;
    int64_t instructions;
    double cpu_us;
};

struct costs {
    struct cost list[STEPS_MAX];
    size_t count;
    double all_us; /* the steps that are about all, for each device */
};

static double cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Since it was asked last. */
static int64_t instructions(const struct office *o)
{
    int64_t sum = 0;
    for (sqlite3_stmt *s = sqlite3_next_stmt(o->store->db, NULL); s != NULL;
         s = sqlite3_next_stmt(o->store->db, s))
        sum += sqlite3_stmt_status(s, SQLITE_STMTSTATUS_VM_STEP, 1);
    return sum;
}

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

static void note(struct desk *d, struct costs *costs, const char *step, double begun_us)
{
    assert_true(costs->count < STEPS_MAX);
    costs->list[costs->count++] = (struct cost){
        .step = step, .instructions = instructions(&d->o), .cpu_us = cpu_us() - begun_us};
    office_forget(&d->o);
}

#define STEP(what, ...)                      \
    do {                                     \
        (void)instructions(&d->o);           \
        double begun_us = cpu_us();          \
        for (int i = 0; i < REPEATED; i++) { \
            __VA_ARGS__;                     \
            office_forget(&d->o);            \
        }                                    \
        note(d, costs, what, begun_us);      \
    } while (0)

/* Those that are about all devices; the time for each of them. */
static void begin_and_start(struct desk *d, struct costs *costs, unsigned devices)
{
    double begun_us = cpu_us();
    (void)office_ask(&d->o, 201, "POST", "/tasks",
                     "{\"name\":\"t\",\"firmware\":1,\"group\":1,\"retries\":0}");
    const json_t *task = office_ask(&d->o, 200, "POST", "/tasks/1/start", NULL);
    assert_int_equal(office_number(json_object_get(task, "counts"), "waiting"), devices + 1);
    costs->all_us = (cpu_us() - begun_us) / devices;
}

static void all_speak(struct desk *d, struct costs *costs, unsigned devices)
{
    double begun_us = cpu_us();
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
    costs->all_us += (cpu_us() - begun_us) / devices;
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

static struct costs measure(unsigned devices)
{
    struct desk d;
    struct costs costs = {.count = 0};
    desk_begin(&d, "aep");
    add_devices(&d, devices);
    desk_upload(&d);
    begin_and_start(&d, &costs, devices);
    take_steps(&d, &costs);
    all_speak(&d, &costs, devices);
    desk_end(&d);
    return costs;
}

/* A deeper tree has a few instructions more; a look at all would have a hundred times as many. */
static void a_step_costs_the_same_in_a_large_task(void **state)
{
    (void)state;
    struct costs few = measure(FEW);
    struct costs many = measure(MANY);
    for (size_t i = 0; i < few.count; i++) {
        const struct cost *a = &few.list[i], *b = &many.list[i];
        print_message("%-28s %8lld and %8lld instructions, %7.0f and %7.0f us\n", a->step,
                      (long long)a->instructions, (long long)b->instructions, a->cpu_us, b->cpu_us);
        assert_true(b->instructions <= 2 * a->instructions + 100);
        assert_true(b->cpu_us <= 5 * a->cpu_us + 10000);
    }
    print_message("all, for each device: %.0f and %.0f us\n", few.all_us, many.all_us);
    assert_true(many.all_us <= 5 * few.all_us);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_costs_the_same_in_a_large_task),
    };
    return cmocka_run_group_tests_name("platform_fota_load", tests, NULL, NULL);
}
