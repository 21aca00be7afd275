/*
 * bc-bench-million: what a registered device takes of the platform's memory, and what a message
 * costs when there are a thousand devices, a hundred thousand, a million. Each has an address of
 * its own, registers with a list of objects, lets /19/0/0 be observed, updates its registration and
 * sends confirmable notifications. Beside each number of devices the bare UDP echo takes the same
 * datagrams, for the system itself does not cost the same with a million addresses as with a
 * thousand. Prints `name value` lines, a name ends in the number of devices; docs/BENCHMARKS.md has
 * the goals.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load.h"
#include "process.h"
#include "servers.h"

#define ROUNDS_MAX 9
#define WORKS 3

struct options {
    const char *platform;
    uint32_t sizes[LOAD_SIZES_MAX]; /* numbers of devices */
    size_t size_count;
    unsigned rounds;
    double seconds; /* of one measurement; at least a message of each device */
};

/* CPU of a message in us, by kind; memory. */
struct sample {
    double cpu_us[WORKS];
    double rate[WORKS];
    double bytes; /* of a device */
};

static const char *const names[WORKS] = {"registrations", "updates", "reports"};

static const char usage[] =
    "usage: bc-bench-million --platform PATH [OPTION]...\n"
    "Memory of a registered device in bc260y-platform, and the cost of a message by the number of\n"
    "devices, beside a bare UDP echo.\n"
    "\n"
    "  --platform PATH   the program\n"
    "  --devices N,...   how many; 1000,100000,1000000\n"
    "  --rounds N        turns of each server; 1\n"
    "  --seconds S       length of one measurement; 2\n"
    "  --help\n";

/* What the process has for itself, of /proc/PID/smaps_rollup. */
static double private_bytes(const struct server *server)
{
    char path[64];
    char line[256];
    double kib = 0;
    snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)server->pid);
    FILE *in = fopen(path, "re");
    while (in != NULL && fgets(line, sizeof(line), in) != NULL)
        if (strncmp(line, "Private_", 8) == 0)
            kib += strtod(strchr(line, ':') + 1, NULL);
    if (in != NULL)
        fclose(in);
    return kib * 1024;
}

static bool measure_work(struct load *load, const struct server *server, enum load_work work,
                         double seconds, struct sample *out)
{
    double before = server_cpu_s(server);
    struct load_result result = load_run(load, work, seconds, server->echo);
    double spent = server_cpu_s(server) - before;
    if (result.answered == 0 || result.refused > 0) {
        fprintf(stderr, "bc-bench-million: %s: %llu answers, %llu of them refusals\n", names[work],
                (unsigned long long)result.answered, (unsigned long long)result.refused);
        return false;
    }
    out->cpu_us[work] = spent * 1e6 / (double)result.answered;
    out->rate[work] = (double)result.answered / result.seconds;
    return true;
}

/* Registers all, measures what they take, and then what their messages cost: first those that find
 * their registration there, last the registrations, which find one to replace. */
static bool measure_load(struct load *load, const struct server *server, const struct options *o,
                         uint32_t devices, struct sample *out)
{
    double before = private_bytes(server);
    if (!measure_work(load, server, LOAD_REGISTER, 0, out))
        return false;
    if (!server->echo && !load_settle(load)) {
        fputs("bc-bench-million: not every device is observed\n", stderr);
        return false;
    }
    out->bytes = (private_bytes(server) - before) / devices;
    return measure_work(load, server, LOAD_UPDATE, o->seconds, out) &&
           measure_work(load, server, LOAD_REPORT, o->seconds, out) &&
           measure_work(load, server, LOAD_REGISTER, o->seconds, out);
}

static bool measure_server(const struct options *o, uint32_t devices, bool echo, struct sample *out)
{
    struct server server;
    if (!(echo ? server_start_echo(&server)
               : server_start_platform(o->platform, NULL, false, &server))) {
        fputs("bc-bench-million: the server does not start\n", stderr);
        return false;
    }
    struct load *load = load_open(devices, LOAD_WINDOW, true, server.port);
    bool good = load != NULL && measure_load(load, &server, o, devices, out);
    if (load != NULL)
        load_close(load);
    server_stop(&server);
    return good;
}

/* The median of one number out of samples. */
static double median(const struct sample *samples, unsigned count, size_t offset)
{
    double values[ROUNDS_MAX] = {0};
    for (unsigned i = 0; i < count; i++)
        memcpy(&values[i], (const char *)&samples[i] + offset, sizeof(values[i]));
    qsort(values, count, sizeof(values[0]), server_compare);
    return values[count / 2];
}

static void print(const char *who, const struct sample *samples, unsigned count, uint32_t devices)
{
    for (size_t i = 0; i < WORKS; i++) {
        size_t step = i * sizeof(double);
        printf("%s_%s_us_%u %.3f\n", who, names[i], devices,
               median(samples, count, offsetof(struct sample, cpu_us) + step));
        printf("%s_%s_rate_%u %.0f\n", who, names[i], devices,
               median(samples, count, offsetof(struct sample, rate) + step));
    }
}

static bool run_size(const struct options *o, uint32_t devices)
{
    static struct sample echo[ROUNDS_MAX];
    static struct sample platform[ROUNDS_MAX];
    for (unsigned i = 0; i < o->rounds; i++)
        if (!measure_server(o, devices, true, &echo[i]) ||
            !measure_server(o, devices, false, &platform[i]))
            return false;
    print("echo", echo, o->rounds, devices);
    print("platform", platform, o->rounds, devices);
    printf("device_bytes_%u %.0f\n", devices,
           median(platform, o->rounds, offsetof(struct sample, bytes)));
    fflush(stdout);
    return true;
}

static int wrong(const char *what)
{
    fprintf(stderr, "bc-bench-million: %s; see --help\n", what);
    return 2;
}

/* 0 = go on; -1 = done; else the exit status. */
static int parse(int argc, char **argv, struct options *o)
{
    static const struct option list[] = {
        {"platform", required_argument, NULL, 'p'}, {"devices", required_argument, NULL, 'd'},
        {"rounds", required_argument, NULL, 'r'},   {"seconds", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", list, NULL)) != -1) {
        if (option == 'p')
            o->platform = optarg;
        else if (option == 'd' && !load_read_sizes(optarg, o->sizes, &o->size_count))
            return wrong("--devices takes up to 8 numbers, 1 to 1000000");
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
    if (o->rounds < 1 || o->rounds > ROUNDS_MAX || o->seconds <= 0 || o->seconds > 60)
        return wrong("--rounds takes 1 to 9, --seconds up to 60");
    return 0;
}

int main(int argc, char **argv)
{
    struct options o = {
        .sizes = {1000, 100000, 1000000}, .size_count = 3, .rounds = 1, .seconds = 2};
    int status = parse(argc, argv, &o);
    if (status != 0)
        return status < 0 ? 0 : status;
    process_pin(1);
    for (size_t i = 0; i < o.size_count; i++)
        if (!run_size(&o, o.sizes[i]))
            return 1;
    return 0;
}
