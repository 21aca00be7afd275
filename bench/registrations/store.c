/*
 * bc-bench-store: how many confirmable notifications a second the platform acknowledges when each
 * is in its store before, beside the platform without a store and a bare UDP echo under the same
 * load in the same run. Servers take turns; the medians of the rounds are printed. Commits of the
 * disk bound what can be reached, so those are measured too: bare appends with fdatasync to a file
 * beside the store. docs/BENCHMARKS.md has the goals.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "load.h"
#include "process.h"
#include "servers.h"

#define ROUNDS_MAX 99
#define SYNC_BYTES 32768
#define SYNCS 50

enum kind { ECHO_SERVER, MEMORY, STORE, KINDS };

struct options {
    const char *platform;
    const char *folder;
    uint32_t clients;
    uint32_t window;
    unsigned rounds;
    double seconds; /* of one measurement */
};

static const char usage[] =
    "usage: bc-bench-store --platform PATH [OPTION]...\n"
    "Confirmed notifications a second of bc260y-platform, in the store before they are\n"
    "acknowledged.\n"
    "\n"
    "  --platform PATH   the program\n"
    "  --folder PATH     where to put the store; /var/tmp\n"
    "  --clients N       how many devices; 10000\n"
    "  --window N        how many notifications are on their way; 1024\n"
    "  --rounds N        turns of each server; 3\n"
    "  --seconds S       length of one measurement; 2\n"
    "  --help\n";

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void remove_store(const char *path)
{
    static const char *const tails[] = {"", "-wal", "-shm"};
    char name[300];
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        snprintf(name, sizeof(name), "%s%s", path, tails[i]);
        (void)unlink(name);
    }
}

/* Milliseconds of one append with fdatasync; the median. */
static double sync_ms(const char *path)
{
    static const uint8_t bytes[SYNC_BYTES];
    double spent[SYNCS];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    for (int i = 0; i < SYNCS && fd >= 0; i++) {
        double begin = now_s();
        if (write(fd, bytes, sizeof(bytes)) != sizeof(bytes) || fdatasync(fd) != 0)
            perror("bc-bench-store: fdatasync");
        spent[i] = (now_s() - begin) * 1e3;
    }
    if (fd < 0)
        return 0;
    close(fd);
    (void)unlink(path);
    qsort(spent, SYNCS, sizeof(*spent), server_compare);
    return spent[SYNCS / 2];
}

static bool start(const struct options *o, enum kind kind, const char *path, struct server *out)
{
    remove_store(path);
    if (kind == ECHO_SERVER)
        return server_start_echo(out);
    return server_start_platform(o->platform, kind == STORE ? path : NULL, false, out);
}

/* Reports a second and CPU microseconds of each; false after a line on stderr. */
static bool measure(const struct options *o, enum kind kind, const char *path, double out[2])
{
    struct server server;
    struct load_result result = {0};
    double spent = 0;
    if (!start(o, kind, path, &server)) {
        fputs("bc-bench-store: the server does not start\n", stderr);
        return false;
    }
    struct load *load = load_open(o->clients, o->window, true, server.port);
    if (load != NULL) {
        if (kind != ECHO_SERVER)
            (void)load_run(load, LOAD_REGISTER, 0, false);
        double before = server_cpu_s(&server);
        result = load_run(load, LOAD_REPORT, o->seconds, kind == ECHO_SERVER);
        spent = server_cpu_s(&server) - before;
        load_close(load);
    }
    server_stop(&server);
    remove_store(path);
    if (result.answered == 0 || result.refused > 0) {
        fprintf(stderr, "bc-bench-store: %llu answers, %llu of them refusals\n",
                (unsigned long long)result.answered, (unsigned long long)result.refused);
        return false;
    }
    out[0] = (double)result.answered / result.seconds;
    out[1] = spent * 1e6 / (double)result.answered;
    return true;
}

static double median(double samples[ROUNDS_MAX], unsigned count)
{
    qsort(samples, count, sizeof(*samples), server_compare);
    return samples[count / 2];
}

static bool run(const struct options *o)
{
    static double rates[KINDS][ROUNDS_MAX], costs[KINDS][ROUNDS_MAX];
    static const char *const names[KINDS] = {"echo", "memory", "store"};
    char path[256];
    snprintf(path, sizeof(path), "%s/bc-bench-store-%d", o->folder, (int)getpid());
    for (unsigned i = 0; i < o->rounds; i++)
        for (int kind = 0; kind < KINDS; kind++) {
            double sample[2];
            if (!measure(o, (enum kind)kind, path, sample))
                return false;
            rates[kind][i] = sample[0];
            costs[kind][i] = sample[1];
        }
    for (int kind = 0; kind < KINDS; kind++) {
        printf("%s_rate %.0f\n", names[kind], median(rates[kind], o->rounds));
        printf("%s_us %.2f\n", names[kind], median(costs[kind], o->rounds));
    }
    printf("sync_ms %.2f\n", sync_ms(path));
    return true;
}

static int wrong(const char *what)
{
    fprintf(stderr, "bc-bench-store: %s; see --help\n", what);
    return 2;
}

/* 0 = go on; -1 = done; else the exit status. */
static int parse(int argc, char **argv, struct options *o)
{
    static const struct option list[] = {
        {"platform", required_argument, NULL, 'p'}, {"folder", required_argument, NULL, 'f'},
        {"clients", required_argument, NULL, 'c'},  {"window", required_argument, NULL, 'w'},
        {"rounds", required_argument, NULL, 'r'},   {"seconds", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", list, NULL)) != -1) {
        if (option == 'p')
            o->platform = optarg;
        else if (option == 'f')
            o->folder = optarg;
        else if (option == 'c')
            o->clients = (uint32_t)strtoul(optarg, NULL, 10);
        else if (option == 'w')
            o->window = (uint32_t)strtoul(optarg, NULL, 10);
        else if (option == 'r')
            o->rounds = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 's')
            o->seconds = strtod(optarg, NULL);
        else if (option == 'h')
            return fputs(usage, stdout), -1;
        else if (option == '?')
            return 2;
    }
    if (o->platform == NULL)
        return wrong("--platform is missing");
    if (o->clients < 1 || o->clients > LOAD_CLIENTS_MAX || o->window < 1)
        return wrong("--clients takes 1 to 1000000, --window 1 or more");
    if (o->rounds < 1 || o->rounds > ROUNDS_MAX || o->seconds <= 0 || o->seconds > 60)
        return wrong("--rounds takes 1 to 99, --seconds up to 60");
    return 0;
}

int main(int argc, char **argv)
{
    struct options o = {
        .folder = "/var/tmp", .clients = 10000, .window = 1024, .rounds = 3, .seconds = 2};
    int status = parse(argc, argv, &o);
    if (status != 0)
        return status < 0 ? 0 : status;
    process_pin(1);
    return run(&o) ? 0 : 1;
}
