/*
 * bc-bench-update: what a firmware update takes, without sockets. First the download: a registered
 * module is told a URI by the platform's core and fetches the package from it, block by block (RFC
 * 7959 section 2.4), over a link of 25 kbit/s with 1.5 s there and back, on a virtual clock.
 *
 *     PUT 5/0/1 -> "COAPSTART" -> [GET 2:n -> 2.05 2:n] ... -> "COAPEND",0
 *
 * One block under way at a time cannot be faster than the sum, over all blocks, of the round trip
 * and the time on the line of request and answer, with the 28 bytes of IPv4 and UDP in each: these
 * are the lengths of this run's own datagrams, each block counted once. Then the applying: a
 * package is applied to a real binary in memory by the library, the check of both images included.
 *
 * Prints `name value` lines: rates in bytes a second, the bound's, and how many of the seeds failed
 * for each size of blocks and loss; seconds and bytes of the applying.
 */
#define _GNU_SOURCE
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/sink.h"
#include "bc260y/module.h"
#include "carrier.h"
#include "coap/block.h"
#include "coap/message.h"
#include "delta.h"
#include "flash.h"
#include "link.h"
#include "server.h"

#define RATE_BPS 25000
#define ONE_WAY_MS 750
#define IMAGE_BYTES 65536u
#define BLOCKS_MAX 1024
#define SEEDS_MAX 1000
#define SAID_BYTES 4096
#define HOUR_MS 3600000
#define ENDPOINT BC_TEXT("867724030023557")
#define URI "coap://192.0.2.2:5683/fw/1"
#define EDIT_EVERY_BYTES 997 /* of the binary that is updated */
#define PUT_IN_BYTES 64

struct bench {
    struct bc_memory_store records;
    struct bc_storage storage;
    struct flash flash;
    union bc_module_memory memory;
    union bc_workspace workspace;
    struct bc_module *module;
    struct bc_server *server;
    struct link link;
    struct bc_address module_address, server_address;
    bc_view package;
    uint64_t now_ms;
    uint64_t first_ms; /* when the first block was asked for */
    uint32_t line_bytes[2][BLOCKS_MAX];
    char said[SAID_BYTES];
    size_t said_bytes;
};

struct download {
    bool done;
    double seconds;
    double bound_seconds;
};

static void fail(const char *what)
{
    fprintf(stderr, "bc-bench-update: %s\n", what);
    exit(1);
}

static uint8_t *reserve(size_t bytes)
{
    uint8_t *memory = calloc(1, bytes);
    if (memory == NULL)
        fail("out of memory");
    return memory;
}

/* --- The link --------------------------------------------------------------------------------- */

static uint32_t on_the_line(bc_view bytes)
{
    return (uint32_t)bytes.len + LINK_HEADER_BYTES;
}

/* Which block a datagram asks for, or brings. */
static void note(struct bench *b, enum link_way way, bc_view bytes)
{
    struct bc_coap_message message;
    struct bc_coap_block block;
    bc_view value;
    if (bc_coap_parse(bytes, &message) != BC_OK ||
        message.code != (way == LINK_UP ? BC_COAP_GET : BC_COAP_CONTENT) ||
        !bc_coap_option_find(&message, BC_COAP_BLOCK2, &value) ||
        !bc_coap_block_read(value, &block) || block.number >= BLOCKS_MAX)
        return;
    if (b->first_ms == 0)
        b->first_ms = b->now_ms;
    b->line_bytes[way][block.number] = on_the_line(bytes);
}

static void send(struct bench *b, enum link_way way, bc_view bytes)
{
    note(b, way, bytes);
    (void)link_on_datagram(&b->link, way, b->now_ms, &b->module_address, bytes);
}

static void set_link(struct bench *b, uint32_t loss_percent)
{
    for (unsigned way = 0; way < LINK_WAYS; way++)
        b->link.faults[way] = (struct link_faults){.loss_ppm = loss_percent * 10000,
                                                   .delay_ms = ONE_WAY_MS,
                                                   .rate_bps = RATE_BPS,
                                                   .queue = LINK_QUEUE_MAX};
}

static void hear(struct bench *b)
{
    bc_view bytes;
    while (bc_take_serial(b->module, &bytes)) {
        if (bytes.len >= sizeof(b->said) - b->said_bytes)
            fail("the module says too much");
        memcpy(b->said + b->said_bytes, bytes.ptr, bytes.len);
        b->said_bytes += bytes.len;
        b->said[b->said_bytes] = '\0';
    }
}

/* All that happens now. */
static void settle(struct bench *b)
{
    struct bc_server_datagram list[BC_SERVER_BATCH];
    struct bc_address peer;
    enum link_way way;
    bc_view bytes;
    for (bool more = true; more;) {
        while (bc_take_datagram(b->module, &peer, &bytes))
            send(b, LINK_UP, bytes);
        for (size_t n; (n = bc_server_take_datagrams(b->server, list, BC_SERVER_BATCH)) > 0;)
            for (size_t i = 0; i < n; i++)
                send(b, LINK_DOWN, list[i].bytes);
        hear(b);
        more = link_take(&b->link, b->now_ms, &way, &peer, &bytes);
        if (more && way == LINK_DOWN)
            bc_on_datagram(b->module, b->now_ms, &b->server_address, bytes);
        else if (more)
            bc_server_on_datagram(b->server, b->now_ms, &b->module_address, bytes);
    }
}

/* Until the text is said; false when that takes an hour. */
static bool wait_for(struct bench *b, const char *text)
{
    uint64_t until_ms = b->now_ms + HOUR_MS;
    for (settle(b); strstr(b->said, text) == NULL; settle(b)) {
        uint64_t next_ms = until_ms;
        const uint64_t deadlines_ms[] = {bc_deadline(b->module), bc_server_deadline(b->server),
                                         link_deadline(&b->link)};
        for (size_t i = 0; i < sizeof(deadlines_ms) / sizeof(deadlines_ms[0]); i++)
            next_ms = deadlines_ms[i] < next_ms ? deadlines_ms[i] : next_ms;
        if (next_ms >= until_ms)
            return false;
        b->now_ms = next_ms;
        bc_on_time(b->module, b->now_ms);
        bc_server_on_time(b->server, b->now_ms);
    }
    return true;
}

static void command(struct bench *b, const char *line, const char *result)
{
    b->said_bytes = 0;
    b->said[0] = '\0';
    (void)bc_on_serial(b->module, b->now_ms, bc_view_of(line));
    (void)bc_on_serial(b->module, b->now_ms, BC_TEXT("\r"));
    if (!wait_for(b, result))
        fail(line);
}

/* --- The download ----------------------------------------------------------------------------- */

static bool find_product(void *context, bc_view endpoint, struct bc_server_product *out)
{
    (void)context, (void)endpoint;
    *out = (struct bc_server_product){.carrier = bc_server_carrier_find("iot")};
    return true;
}

static bool find_package(void *context, bc_view name, struct bc_server_package *out)
{
    const struct bench *b = context;
    (void)name;
    *out = (struct bc_server_package){.endpoint = ENDPOINT, .bytes = b->package, .etag = 1};
    return true;
}

static void tell_uri(struct bench *b)
{
    struct bc_server_request request = {
        .operation = BC_SERVER_WRITE,
        .accept = BC_COAP_FORMAT_ABSENT,
        .format = BC_COAP_FORMAT_TEXT,
        .payload = BC_TEXT(URI),
    };
    if (!bc_server_path_parse(BC_TEXT("/5/0/1"), &request.path) ||
        bc_server_request(b->server, b->now_ms, ENDPOINT, &request) != BC_OK)
        fail("the platform cannot write /5/0/1");
}

/* A module that has registered over the link without losses. */
static struct bench *open_bench(bc_view source, bc_view package, uint16_t block_bytes,
                                uint64_t seed)
{
    struct bench *b = (struct bench *)(void *)reserve(sizeof(*b));
    struct bc_server_config server = bc_server_config_default();
    b->storage = bc_memory_storage(&b->records);
    flash_init(&b->flash, source);
    const struct bc_config config = {
        .storage = &b->storage, .firmware = &b->flash.port, .revision = "A01", .seed = seed};
    server.find_product = find_product;
    server.find_package = find_package;
    server.block_bytes = block_bytes;
    server.duplicates_max = 1024;
    server.seed = seed;
    server.context = b;
    b->package = package;
    b->module_address = (struct bc_address){.ip = {192, 0, 2, 1}, .ip_len = 4, .port = 40000};
    b->server_address = (struct bc_address){.ip = {192, 0, 2, 2}, .ip_len = 4, .port = 5683};
    link_init(&b->link, seed);
    set_link(b, 0);
    b->server = bc_server_create(&server);
    if (b->server == NULL ||
        bc_module_init(&b->module, &b->memory, &b->workspace, &config, 0) != BC_OK)
        fail("no module or no platform");
    command(b, "ATE0", "\r\nOK\r\n");
    command(b, "AT+QSCLK=0", "\r\nOK\r\n");
    command(b, "AT+QLACONFIG=0,\"192.0.2.2\",5683,\"867724030023557\",86400,3", "\r\nOK\r\n");
    command(b, "AT+QLAREG", "+QLAREG: 0");
    return b;
}

static void close_bench(struct bench *b)
{
    bc_module_end(b->module);
    bc_server_destroy(b->server);
    link_close(&b->link);
    free(b);
}

static double bound_seconds(const struct bench *b)
{
    double seconds = 0;
    for (size_t i = 0; i < BLOCKS_MAX; i++) {
        uint32_t bytes = b->line_bytes[LINK_UP][i] + b->line_bytes[LINK_DOWN][i];
        if (bytes > 0)
            seconds += 2 * ONE_WAY_MS / 1e3 + bytes * 8.0 / RATE_BPS;
    }
    return seconds;
}

/* From the first request for a block to "COAPEND". The URI itself is told until it arrives. */
static struct download download(bc_view source, bc_view package, uint16_t block_bytes,
                                uint64_t seed, uint32_t loss_percent)
{
    struct bench *b = open_bench(source, package, block_bytes, seed);
    set_link(b, loss_percent);
    do
        tell_uri(b);
    while (!wait_for(b, "\"COAPSTART\""));
    struct download out = {.done = wait_for(b, "\"COAPEND\",0\r\n")};
    out.seconds = (double)(b->now_ms - b->first_ms) / 1e3;
    out.bound_seconds = bound_seconds(b);
    out.done = out.done && memcmp(b->flash.area[BC_AREA_PACKAGE], package.ptr, package.len) == 0;
    close_bench(b);
    return out;
}

static void measure_downloads(bc_view source, bc_view package, unsigned seeds)
{
    static const uint16_t blocks_bytes[] = {1024, 512, 256};
    static const uint32_t losses_percent[] = {0, 5, 20};
    printf("seeds %u\npackage_bytes %zu\n", seeds, package.len);
    for (size_t i = 0; i < 9; i++) {
        uint16_t block_bytes = blocks_bytes[i / 3];
        uint32_t loss_percent = losses_percent[i % 3];
        struct download sum = {.done = true};
        unsigned failed = 0;
        for (unsigned seed = 1; seed <= seeds; seed++) {
            struct download one = download(source, package, block_bytes, seed, loss_percent);
            failed += !one.done;
            sum.seconds += one.seconds;
            sum.bound_seconds += one.bound_seconds;
        }
        double bytes = (double)package.len * seeds;
        printf("rate_%u_%u %.2f\nbound_%u_%u %.2f\nfailed_%u_%u %u\n", block_bytes, loss_percent,
               bytes / sum.seconds, block_bytes, loss_percent, bytes / sum.bound_seconds,
               block_bytes, loss_percent, failed);
    }
}

/* --- Packages --------------------------------------------------------------------------------- */

static struct tool_bytes make_package(bc_view source, bc_view target)
{
    struct tool_bytes package = {.ptr = NULL};
    if (!flash_package(source, target, &package))
        exit(1);
    return package;
}

/* An image of noise to another one: a package of many blocks. */
static void run_downloads(unsigned seeds)
{
    struct bc_random random = {.state = 260};
    uint8_t *images = reserve(2 * IMAGE_BYTES);
    for (size_t i = 0; i < 2 * IMAGE_BYTES; i++)
        images[i] = (uint8_t)bc_random_next(&random);
    bc_view source = {images, IMAGE_BYTES};
    struct tool_bytes package = make_package(source, (bc_view){images + IMAGE_BYTES, IMAGE_BYTES});
    measure_downloads(source, (bc_view){package.ptr, package.len}, seeds);
    free(package.ptr);
    free(images);
}

/* --- The applying ----------------------------------------------------------------------------- */

static bool write_target(void *context, uint32_t offset, bc_view bytes)
{
    memcpy((uint8_t *)context + offset, bytes.ptr, bytes.len);
    return true;
}

static bool read_target(void *context, uint32_t offset, uint8_t *out, size_t len)
{
    memcpy(out, (const uint8_t *)context + offset, len);
    return true;
}

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double apply_seconds(bc_view package, bc_view source, bc_view target)
{
    char why[TOOL_WHY_MAX];
    uint8_t *made = reserve(target.len);
    struct delta_run run = {.package = package,
                            .source = source,
                            .write_target = write_target,
                            .read_target = read_target,
                            .context = made};
    double begin = now_s();
    if (!delta_run(&run, BC_DFOTA_DONE, why))
        fail(why);
    double seconds = now_s() - begin;
    if (memcmp(made, target.ptr, target.len) != 0)
        fail("what was applied is not the target");
    free(made);
    return seconds;
}

/* The best of the rounds: what a machine that does nothing else takes. */
static void measure_apply(bc_view source, bc_view target, unsigned rounds)
{
    struct tool_bytes package = make_package(source, target);
    double best = 0;
    for (unsigned i = 0; i < rounds; i++) {
        double seconds = apply_seconds((bc_view){package.ptr, package.len}, source, target);
        best = i == 0 || seconds < best ? seconds : best;
    }
    printf("apply_target_bytes %zu\napply_package_bytes %zu\napply_seconds %.6f\n", target.len,
           package.len, best);
    printf("apply_memory_bytes %zu\n", bc_firmware_memory_bytes(DELTA_BLOCK_BYTES));
    free(package.ptr);
}

/* A binary, and the same with a byte changed here and there and something put in. */
static void run_apply(const char *path, unsigned rounds)
{
    char why[TOOL_WHY_MAX];
    struct tool_bytes source = {.ptr = NULL};
    if (!tool_read(path, BC_PACKAGE_IMAGE_BYTES_MAX - PUT_IN_BYTES, &source, why))
        fail(why);
    size_t half = source.len / 2;
    uint8_t *target = reserve(source.len + PUT_IN_BYTES);
    memcpy(target, source.ptr, half);
    memcpy(target + half + PUT_IN_BYTES, source.ptr + half, source.len - half);
    for (size_t i = 0; i < source.len; i += EDIT_EVERY_BYTES)
        target[i] ^= 0x55;
    measure_apply((bc_view){source.ptr, source.len}, (bc_view){target, source.len + PUT_IN_BYTES},
                  rounds);
    free(target);
    free(source.ptr);
}

int main(int argc, char **argv)
{
    static const struct option list[] = {
        {"seeds", required_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    unsigned seeds = 20;
    int option;
    while ((option = getopt_long(argc, argv, "", list, NULL)) != -1) {
        if (option == 's')
            seeds = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'h')
            return puts("usage: bc-bench-update [--seeds N] BINARY"), 0;
        else
            return 2;
    }
    if (optind + 1 != argc || seeds < 1 || seeds > SEEDS_MAX) {
        fputs("bc-bench-update: a binary and 1 to 1000 seeds are wanted\n", stderr);
        return 2;
    }
    run_downloads(seeds);
    run_apply(argv[optind], seeds);
    return 0;
}
