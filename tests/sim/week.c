/*
 * A bad week (world.h): 30 % of all datagrams are lost each way, the others take ten seconds, some
 * arrive twice or out of order; the NAT forgets, the coverage goes, somebody pulls the plug, the
 * platform is restarted, the host is busy. Meanwhile nothing that was promised may be broken
 * (ledger.h). Then all that ends, and within two lifetimes the module must be registered, a report
 * be acknowledged and a write be done.
 *
 *     sim_week [--seed N] [--seeds N] [--days N] [--aloud]
 *
 * What a failure prints repeats it.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define S UINT64_C(1000)
#define MINUTE (60 * S)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define DAYS_MAX 60

static const struct link_faults bad = {.loss_ppm = 300000,
                                       .duplicate_ppm = 50000,
                                       .reorder_ppm = 100000,
                                       .reorder_depth = 2,
                                       .reorder_ms = 8000,
                                       .delay_ms = 10000,
                                       .jitter_ms = 3000};

/* --- Disasters -------------------------------------------------------------------------------- */

/* From now on for up to `most_ms`. */
static void last(struct world *w, uint64_t least_ms, uint64_t most_ms)
{
    world_run_until(w, w->now_ms + least_ms + world_draw(w, (uint32_t)(most_ms - least_ms)));
}

static void cover_nothing(struct world *w)
{
    world_cover(w, false);
    last(w, S, HOUR);
    world_cover(w, true);
}

static void cut_power(struct world *w)
{
    world_power(w, false);
    last(w, 1, 10 * MINUTE);
    world_power(w, true);
}

static void be_deaf(struct world *w)
{
    w->counts.deaf++;
    w->deaf = true;
    last(w, S, 4 * MINUTE);
    w->deaf = false;
}

static void strike(struct world *w)
{
    uint32_t what = world_draw(w, 100);
    if (what < 40)
        world_rebind(w);
    else if (what < 60)
        be_deaf(w);
    else if (what < 75)
        cover_nothing(w);
    else if (what < 85)
        world_reset(w);
    else if (what < 93)
        cut_power(w);
    else
        world_restart_platform(w);
}

static void suffer(struct world *w, uint64_t until_ms)
{
    w->link.faults[LINK_UP] = bad;
    w->link.faults[LINK_DOWN] = bad;
    while (w->now_ms < until_ms) {
        last(w, S, 3 * HOUR);
        strike(w);
    }
}

/* --- Afterwards ------------------------------------------------------------------------------- */

static bool registered(const struct world *w)
{
    enum bc_status status = bc_module_status(w->module);
    return (status == BC_STATUS_REGISTERED || status == BC_STATUS_NEEDS_RECOVERY) &&
           bc_server_device_count(w->server) == 1;
}

/* The faults end: everything must come right. */
static void heal(struct world *w)
{
    uint64_t begin_ms = w->now_ms;
    uint64_t end_ms = begin_ms + 2 * w->host.lifetime_s * S;
    uint32_t acknowledged = w->ledger.acknowledged;
    uint32_t written = w->ledger.written;
    memset(w->link.faults, 0, sizeof(w->link.faults));
    w->writes_only = true;
    while (!registered(w) || w->ledger.acknowledged == acknowledged ||
           w->ledger.written == written) {
        if (w->now_ms >= end_ms)
            diary_fail(&w->diary,
                       "two lifetimes after the faults: status %d, %zu registered,"
                       " %" PRIu32 " reports and %" PRIu32 " writes went through",
                       (int)bc_module_status(w->module), bc_server_device_count(w->server),
                       w->ledger.acknowledged - acknowledged, w->ledger.written - written);
        world_run_until(w, w->now_ms + MINUTE);
    }
    printf("  healed after %" PRIu64 " min\n", (w->now_ms - begin_ms) / MINUTE);
}

/* When nobody wants anything any more, nothing may be kept for it. */
static void calm_down(struct world *w)
{
    struct bc_server_device device;
    w->writes_only = false;
    w->host.retired = true;
    world_run_until(w, w->now_ms + 20 * MINUTE);
    if (!bc_idle(w->module))
        diary_fail(&w->diary, "the module is not idle");
    if (link_deadline(&w->link) != BC_NEVER)
        diary_fail(&w->diary, "something is still on its way");
    if (w->host.results_due > 0 || w->host.expects != NULL || w->host.talk != HOST_SILENT)
        diary_fail(&w->diary, "the host still waits for a result");
    if (!bc_server_find(w->server, BC_TEXT("867724030023557"), &device) || device.requests > 0)
        diary_fail(&w->diary, "the platform still waits for an answer");
}

/* --- Running ---------------------------------------------------------------------------------- */

static void tell(const struct world *w, unsigned days)
{
    const struct ledger *l = &w->ledger;
    const struct world_counts *c = &w->counts;
    const struct host *h = &w->host;
    struct bc_energy energy;
    bc_module_energy(w->module, w->now_ms, &energy);
    printf("  reports: %u made, %u acknowledged, %u arrived, %u of them again; %u timeouts,"
           " %u resets\n",
           l->reports, l->acknowledged, l->delivered, l->stale, h->timeouts, h->resets);
    printf("  writes: %u wanted, %u shown, %u done; reads: %u done; %u requests timed out\n",
           l->writes, l->shown, l->written, l->read, c->timed_out);
    printf(
        "  registrations: %u of the host, %u at the platform, %u expired; recovered: %u, not: %u;"
        " failed pings: %u\n",
        h->registrations, c->registered, c->expired, h->recoveries, h->failed_recoveries,
        h->failed_pings);
    printf("  disasters: %u rebinds, %u without coverage, %u resets, %u power cuts, %u platform"
           " restarts, %u deaf hosts\n",
           c->rebinds, c->blackouts, c->resets, c->cuts, c->restarts, c->deaf);
    printf("  a day: %.1f records stored, %.0f s connected, %.1f h of deep sleep; datagrams that"
           " arrived: %.0f up, %.0f down\n",
           (double)c->stored / days, (double)energy.in[BC_ENERGY_CONNECTED].ms / 1e3 / days,
           (double)energy.in[BC_ENERGY_DEEP_SLEEP].ms / 3.6e6 / days, (double)c->up / days,
           (double)c->down / days);
}

static uint64_t run(uint64_t seed, unsigned days, const char *repeat, bool aloud)
{
    struct world *w = world_new(seed, repeat, aloud);
    suffer(w, days * DAY);
    heal(w);
    calm_down(w);
    tell(w, days);
    uint64_t sum = w->diary.sum;
    printf("  sum %016" PRIx64 "\n", sum);
    world_free(w);
    return sum;
}

struct options {
    uint64_t first, seeds;
    unsigned days;
    bool aloud;
};

/* 0 = go on; -1 = done; else the exit status. */
static int parse(int argc, char **argv, struct options *out)
{
    static const struct option list[] = {
        {"seed", required_argument, NULL, 's'}, {"seeds", required_argument, NULL, 'n'},
        {"days", required_argument, NULL, 'd'}, {"aloud", no_argument, NULL, 'a'},
        {"help", no_argument, NULL, 'h'},       {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", list, NULL)) != -1) {
        if (option == 's')
            *out = (struct options){strtoull(optarg, NULL, 10), 1, out->days, out->aloud};
        else if (option == 'n')
            out->seeds = strtoull(optarg, NULL, 10);
        else if (option == 'd')
            out->days = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'a')
            out->aloud = true;
        else if (option == 'h')
            return puts("usage: sim_week [--seed N] [--seeds N] [--days N] [--aloud]"), -1;
        else
            return 2;
    }
    if (optind < argc || out->days < 1 || out->days > DAYS_MAX) {
        fprintf(stderr, "sim_week: 1 to %d days, and nothing else, are wanted\n", DAYS_MAX);
        return 2;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct options o = {.first = 1, .seeds = 10, .days = 7};
    char repeat[512];
    int status = parse(argc, argv, &o);
    if (status != 0)
        return status < 0 ? 0 : status;
    for (uint64_t seed = o.first; seed < o.first + o.seeds; seed++) {
        snprintf(repeat, sizeof(repeat), "%s --seed %" PRIu64 " --days %u --aloud", argv[0], seed,
                 o.days);
        printf("seed %" PRIu64 ", %u days\n", seed, o.days);
        uint64_t sum = run(seed, o.days, repeat, o.aloud);
        if (seed == o.first && !o.aloud && run(seed, o.days, repeat, false) != sum) {
            fprintf(stderr, "sim_week: the same seed is another week\n");
            return 1;
        }
    }
    return 0;
}
