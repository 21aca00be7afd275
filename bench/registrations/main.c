/*
 * bc-bench-registrations: how many registrations and updates a second the platform serves, and at
 * what CPU time, beside a bare UDP echo (recvfrom, sendto) under the same load in the same run.
 * Servers take turns; the medians of the rounds are printed. docs/BENCHMARKS.md has the goals.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "load.h"
#include "process.h"
#include "servers.h"

#define ROUNDS_MAX 99

struct options {
    const char *platform;
    uint32_t sizes[LOAD_SIZES_MAX]; /* numbers of clients */
    size_t size_count;
    unsigned rounds;
    double seconds; /* of one measurement */
    bool http;
};

struct sample {
    double rate;
    double cpu_us;
};

static const char usage[] =
    "usage: bc-bench-registrations --platform PATH [OPTION]...\n"
    "Registrations and updates a second of bc260y-platform against a bare UDP echo.\n"
    "\n"
    "  --platform PATH   the program\n"
    "  --clients N,...   how many devices; 1000,10000\n"
    "  --rounds N        turns of each server; 5\n"
    "  --seconds S       length of one measurement; 0.4\n"
    "  --http            the platform has its REST interface, which nobody uses, and a store in\n"
    "                    memory; its first token is written below XDG_STATE_HOME\n"
    "  --help\n";

static bool measure(struct load *load, const struct server *server, enum load_work work,
                    double seconds, struct sample *out)
{
    double before = server_cpu_s(server);
    struct load_result result = load_run(load, work, seconds, server->echo);
    double spent = server_cpu_s(server) - before;
    if (result.answered == 0 || result.refused > 0) {
        fprintf(stderr, "bc-bench-registrations: %llu answers, %llu of them refusals\n",
                (unsigned long long)result.answered, (unsigned long long)result.refused);
        return false;
    }
    out->rate = (double)result.answered / result.seconds;
    out->cpu_us = spent * 1e6 / (double)result.answered;
    return true;
}

/* Registrations, then updates of the same devices. */
static bool measure_server(const struct options *o, uint32_t clients, bool echo,
                           struct sample out[2])
{
    struct server server;
    if (!(echo ? server_start_echo(&server)
               : server_start_platform(o->platform, NULL, o->http, &server))) {
        fputs("bc-bench-registrations: the server does not start\n", stderr);
        return false;
    }
    struct load *load = load_open(clients, LOAD_WINDOW, false, server.port);
    bool good = load != NULL &&
                measure(load, &server, LOAD_REGISTER, o->seconds, &out[LOAD_REGISTER]) &&
                measure(load, &server, LOAD_UPDATE, o->seconds, &out[LOAD_UPDATE]);
    if (load != NULL)
        load_close(load);
    server_stop(&server);
    return good;
}

static struct sample median(const struct sample samples[][2], unsigned count, enum load_work work)
{
    double rates[ROUNDS_MAX] = {0};
    double costs[ROUNDS_MAX] = {0};
    for (unsigned i = 0; i < count; i++) {
        rates[i] = samples[i][work].rate;
        costs[i] = samples[i][work].cpu_us;
    }
    qsort(rates, count, sizeof(*rates), server_compare);
    qsort(costs, count, sizeof(*costs), server_compare);
    return (struct sample){rates[count / 2], costs[count / 2]};
}

static bool run_size(const struct options *o, uint32_t clients)
{
    static const char *const names[] = {"registrations", "updates"};
    static struct sample echo[ROUNDS_MAX][2];
    static struct sample platform[ROUNDS_MAX][2];
    for (unsigned i = 0; i < o->rounds; i++)
        if (!measure_server(o, clients, true, echo[i]) ||
            !measure_server(o, clients, false, platform[i]))
            return false;
    for (int work = LOAD_REGISTER; work <= LOAD_UPDATE; work++) {
        struct sample floor = median(echo, o->rounds, (enum load_work)work);
        struct sample ours = median(platform, o->rounds, (enum load_work)work);
        printf("%-13s  %7u clients  echo %7.0f/s %5.2f us CPU  platform %7.0f/s %5.2f us CPU"
               "  ratio %.2f\n",
               names[work], clients, floor.rate, floor.cpu_us, ours.rate, ours.cpu_us,
               ours.rate / floor.rate);
        fflush(stdout);
    }
    return true;
}

static int wrong(const char *what)
{
    fprintf(stderr, "bc-bench-registrations: %s; see --help\n", what);
    return 2;
}

/* 0 = go on; -1 = done; else the exit status. */
static int parse(int argc, char **argv, struct options *o)
{
    static const struct option list[] = {
        {"platform", required_argument, NULL, 'p'},
        {"clients", required_argument, NULL, 'c'},
        {"rounds", required_argument, NULL, 'r'},
        {"seconds", required_argument, NULL, 's'},
        {"http", no_argument, NULL, 'w'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", list, NULL)) != -1) {
        if (option == 'p')
            o->platform = optarg;
        else if (option == 'c' && !load_read_sizes(optarg, o->sizes, &o->size_count))
            return wrong("--clients takes up to 8 numbers, 1 to 1000000");
        else if (option == 'r')
            o->rounds = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 's')
            o->seconds = strtod(optarg, NULL);
        else if (option == 'w')
            o->http = true;
        else if (option == 'h')
            return fputs(usage, stdout), -1;
        else if (option == '?')
            return 2;
    }
    if (o->platform == NULL)
        return wrong("--platform is missing");
    if (o->rounds < 1 || o->rounds > ROUNDS_MAX || o->seconds <= 0 || o->seconds > 60)
        return wrong("--rounds takes 1 to 99, --seconds up to 60");
    return 0;
}

int main(int argc, char **argv)
{
    struct options o = {.sizes = {1000, 10000}, .size_count = 2, .rounds = 5, .seconds = 0.4};
    int status = parse(argc, argv, &o);
    if (status != 0)
        return status < 0 ? 0 : status;
    process_pin(1);
    for (size_t i = 0; i < o.size_count; i++)
        if (!run_size(&o, o.sizes[i]))
            return 1;
    return 0;
}
