/*
 * bc-bench-wake: what one report out of deep sleep costs, without sockets: the module wakes,
 * recovers its session, sends a confirmed notification and falls asleep again. Without security,
 * with a full DTLS handshake and with a resumed one, against the platform's core behind a network
 * that takes 0.4 s each way: less than the second after which a DTLS server repeats its flight.
 *
 *     AT -> [handshake] update, "recovered" -> AT+QLANOTIFY -> report, "report_ack" -> asleep
 *
 * Prints `name value` lines: the CPU's time to the first datagram (median), virtual time to it,
 * datagrams and bytes each way, seconds in RRC connected without and with RAI 2, and how many
 * records a day of reports each quarter of an hour stores.
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
#include "link.h"
#include "secure.h"

#define WAY_MS 400
#define QUARTER_MS 900000
#define REPORTS_A_DAY 96
#define PATIENCE_MS 300000
#define SAID_BYTES 8192
#define KEY "0123456789abcdef0123456789abcdef"
#define KEY_BYTES "\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef"
#define NOTIFY "AT+QLANOTIFY=19,0,0,2,9,\"020001000400023438\",0,1,"

struct security {
    const char *name;
    const char *version; /* of AT+QLACFG="dtls_version"; NULL = none at all */
    const char *mode;    /* of "dtls_mode" */
};

static const struct security securities[] = {
    {"plain", NULL, NULL},     {"dtls12_full", "1", "0"},    {"dtls12_resumed", "1", "1"},
    {"dtls10_full", "0", "0"}, {"dtls10_resumed", "0", "1"},
};

struct bench {
    struct bc_memory_store memory_store;
    struct bc_storage inner; /* to it */
    uint32_t stored;
    union bc_module_memory memory;
    union bc_workspace workspace;
    struct bc_module *module;
    struct bc_server *server;
    struct secure_listener *listener; /* NULL without security */
    struct link link;
    struct bc_address module_address, server_address;
    uint64_t now_ms;
    char said[SAID_BYTES]; /* the serial side since the last line was sent */
    size_t said_bytes;
};

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void fail(const struct bench *b, const char *what)
{
    fprintf(stderr, "bc-bench-wake: %s; the module says:\n%s\n", what, b->said);
    exit(1);
}

/* --- The world -------------------------------------------------------------------------------- */

static bool load(void *context, enum bc_record record, unsigned copy, bc_sink *out)
{
    struct bench *b = context;
    return b->inner.load(b->inner.context, record, copy, out);
}

static bool store(void *context, enum bc_record record, bc_view bytes)
{
    struct bench *b = context;
    b->stored++;
    return b->inner.store(b->inner.context, record, bytes);
}

static bool find_product(void *context, bc_view endpoint, struct bc_server_product *out)
{
    (void)context, (void)endpoint;
    *out = (struct bc_server_product){.carrier = bc_server_carrier_find("iot")};
    return true;
}

static bool find_key(void *context, bc_view identity, bc_sink *key)
{
    (void)context, (void)identity;
    bc_put_bytes(key, BC_TEXT(KEY_BYTES));
    return true;
}

static void arrive(struct bench *b, enum link_way way, bc_view bytes)
{
    struct bc_address from;
    bc_view plain;
    if (way == LINK_DOWN) {
        bc_on_datagram(b->module, b->now_ms, &b->server_address, bytes);
    } else if (b->listener == NULL) {
        bc_server_on_datagram(b->server, b->now_ms, &b->module_address, bytes);
    } else {
        platform_secure_on_datagram(b->listener, b->now_ms, &b->module_address, bytes);
        while (platform_secure_read(b->listener, &from, &plain))
            bc_server_on_datagram(b->server, b->now_ms, &from, plain);
    }
}

static void send(struct bench *b, enum link_way way, bc_view bytes)
{
    (void)link_on_datagram(&b->link, way, b->now_ms, &b->module_address, bytes);
}

static void answer(struct bench *b)
{
    struct bc_server_datagram list[BC_SERVER_BATCH];
    for (size_t n; (n = bc_server_take_datagrams(b->server, list, BC_SERVER_BATCH)) > 0;)
        for (size_t i = 0; i < n; i++) {
            if (b->listener == NULL)
                send(b, LINK_DOWN, list[i].bytes);
            else
                platform_secure_send(b->listener, &list[i].to, list[i].bytes);
        }
    if (b->listener == NULL)
        return;
    for (size_t n; (n = platform_secure_take(b->listener, list, BC_SERVER_BATCH)) > 0;)
        for (size_t i = 0; i < n; i++)
            send(b, LINK_DOWN, list[i].bytes);
}

static void hear(struct bench *b)
{
    bc_view bytes;
    while (bc_take_serial(b->module, &bytes)) {
        if (bytes.len >= sizeof(b->said) - b->said_bytes)
            fail(b, "too much is said");
        memcpy(b->said + b->said_bytes, bytes.ptr, bytes.len);
        b->said_bytes += bytes.len;
        b->said[b->said_bytes] = '\0';
    }
}

static void settle(struct bench *b)
{
    struct bc_address peer;
    enum link_way way;
    bc_view bytes;
    do {
        while (bc_take_datagram(b->module, &peer, &bytes))
            send(b, LINK_UP, bytes);
        answer(b);
        hear(b);
        if (!link_take(&b->link, b->now_ms, &way, &peer, &bytes))
            return;
        arrive(b, way, bytes);
    } while (true);
}

static void let_pass(struct bench *b, uint64_t ms)
{
    uint64_t end_ms = b->now_ms + ms;
    for (;;) {
        settle(b);
        uint64_t next_ms = end_ms;
        const uint64_t deadlines_ms[] = {
            bc_deadline(b->module), bc_server_deadline(b->server), link_deadline(&b->link),
            b->listener != NULL ? platform_secure_deadline(b->listener) : BC_NEVER};
        for (size_t i = 0; i < sizeof(deadlines_ms) / sizeof(deadlines_ms[0]); i++)
            next_ms = deadlines_ms[i] < next_ms ? deadlines_ms[i] : next_ms;
        if (b->now_ms == end_ms)
            return;
        b->now_ms = next_ms;
        bc_on_time(b->module, b->now_ms);
        bc_server_on_time(b->server, b->now_ms);
        if (b->listener != NULL)
            platform_secure_on_time(b->listener, b->now_ms);
    }
}

/* --- The host --------------------------------------------------------------------------------- */

static void wait_for(struct bench *b, const char *text)
{
    for (uint64_t ms = 0; strstr(b->said, text) == NULL; ms += 10) {
        if (ms >= PATIENCE_MS)
            fail(b, text);
        let_pass(b, 10);
    }
}

static void begin_line(struct bench *b, const char *line)
{
    b->said_bytes = 0;
    b->said[0] = '\0';
    (void)bc_on_serial(b->module, b->now_ms, bc_view_of(line));
    (void)bc_on_serial(b->module, b->now_ms, BC_TEXT("\r"));
}

static void command(struct bench *b, const char *line)
{
    begin_line(b, line);
    wait_for(b, "\r\nOK\r\n");
}

static void fall_asleep(struct bench *b)
{
    wait_for(b, "ENTER DEEPSLEEP");
    if (bc_module_status(b->module) != BC_STATUS_NEEDS_RECOVERY)
        fail(b, "the session is gone");
}

static void configure(struct bench *b, const struct security *security)
{
    char line[200];
    command(b, "ATE0");
    command(b, "AT+QLACFG=\"auto_ack\",1");
    if (security->version != NULL) {
        snprintf(line, sizeof(line), "AT+QLACFG=\"dtls_version\",%s", security->version);
        command(b, line);
        snprintf(line, sizeof(line), "AT+QLACFG=\"dtls_mode\",%s", security->mode);
        command(b, line);
    }
    snprintf(line, sizeof(line), "AT+QLACONFIG=0,\"192.0.2.2\",%s",
             security->version != NULL
                 ? "5684,\"867724030023557\",86400,0,\"867724030023557\",\"" KEY "\""
                 : "5683,\"867724030023557\",86400,3");
    command(b, line);
    command(b, "AT+QLAADDOBJ=19,0,1,0");
}

/* A module that has registered, is observed, and has fallen asleep. */
static struct bench *open_bench(const struct security *security)
{
    struct bench *b = calloc(1, sizeof(*b));
    if (b == NULL)
        abort();
    const struct bc_storage storage = {.load = load, .store = store, .context = b};
    const struct bc_config config = {.storage = &storage, .seed = 1};
    struct bc_server_config server = bc_server_config_default();
    struct secure_config secure = platform_secure_config_default();
    server.find_product = find_product;
    server.duplicates_max = 1024;
    secure.find_key = find_key;
    secure.sessions_max = 16;
    b->inner = bc_memory_storage(&b->memory_store);
    b->module_address = (struct bc_address){.ip = {192, 0, 2, 1}, .ip_len = 4, .port = 40000};
    b->server_address = (struct bc_address){
        .ip = {192, 0, 2, 2}, .ip_len = 4, .port = security->version != NULL ? 5684 : 5683};
    link_init(&b->link, 1);
    b->link.faults[LINK_UP].delay_ms = b->link.faults[LINK_DOWN].delay_ms = WAY_MS;
    b->server = bc_server_create(&server);
    if (security->version != NULL)
        b->listener = platform_secure_create(&secure);
    if (b->server == NULL || (security->version != NULL && b->listener == NULL) ||
        bc_module_init(&b->module, &b->memory, &b->workspace, &config, 0) != BC_OK)
        fail(b, "no module or no platform");
    configure(b, security);
    begin_line(b, "AT+QLAREG");
    wait_for(b, "+QLAREG: 0");
    wait_for(b, "\"observe\"");
    b->stored = 0;
    fall_asleep(b);
    return b;
}

static void close_bench(struct bench *b)
{
    bc_module_end(b->module);
    platform_secure_destroy(b->listener);
    bc_server_destroy(b->server);
    link_close(&b->link);
    free(b);
}

/* --- Measuring -------------------------------------------------------------------------------- */

struct cost {
    double first_ns;
    uint64_t first_ms;
    uint32_t up, bytes_up, down, bytes_down;
    double connected_s;
};

static struct cost sum_of(const struct bench *b)
{
    struct bc_energy energy;
    struct cost sum = {0};
    bc_module_energy(b->module, b->now_ms, &energy);
    for (unsigned i = 0; i < BC_ENERGY_STATES; i++) {
        sum.up += energy.in[i].datagrams_up;
        sum.bytes_up += energy.in[i].bytes_up;
        sum.down += energy.in[i].datagrams_down;
        sum.bytes_down += energy.in[i].bytes_down;
    }
    sum.connected_s = (double)energy.in[BC_ENERGY_CONNECTED].ms / 1e3;
    return sum;
}

/* Wakes the module, with the line that is lost, and takes its first datagram. */
static void wake(struct bench *b, struct cost *cost)
{
    struct bc_address to;
    bc_view bytes;
    uint64_t begin_ms = b->now_ms;
    double begin_ns = now_ns();
    begin_line(b, "AT");
    while (!bc_take_datagram(b->module, &to, &bytes)) {
        uint64_t next_ms = bc_deadline(b->module);
        if (next_ms == BC_NEVER)
            fail(b, "no datagram");
        b->now_ms = next_ms;
        bc_on_time(b->module, b->now_ms);
    }
    cost->first_ns = now_ns() - begin_ns;
    cost->first_ms = b->now_ms - begin_ms;
    send(b, LINK_UP, bytes);
}

static struct cost report(struct bench *b, unsigned rai)
{
    char line[100];
    struct cost cost = {0};
    struct cost before = sum_of(b);
    wake(b, &cost);
    wait_for(b, "\"recovered\",0");
    snprintf(line, sizeof(line), NOTIFY "%u", rai);
    begin_line(b, line);
    wait_for(b, "\"report_ack\",0");
    fall_asleep(b);
    struct cost after = sum_of(b);
    cost.up = after.up - before.up;
    cost.bytes_up = after.bytes_up - before.bytes_up;
    cost.down = after.down - before.down;
    cost.bytes_down = after.bytes_down - before.bytes_down;
    cost.connected_s = after.connected_s - before.connected_s;
    return cost;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const struct security *security, unsigned days)
{
    struct bench *b = open_bench(security);
    unsigned rounds = days * REPORTS_A_DAY;
    double *first_ns = calloc(rounds, sizeof(*first_ns));
    struct cost cost = {0};
    if (first_ns == NULL)
        abort();
    for (unsigned i = 0; i < rounds; i++) {
        uint64_t begin_ms = b->now_ms;
        cost = report(b, 0);
        first_ns[i] = cost.first_ns;
        let_pass(b, begin_ms + QUARTER_MS - b->now_ms);
    }
    qsort(first_ns, rounds, sizeof(*first_ns), compare);
    const char *name = security->name;
    printf("%s_first_us %.1f\n%s_first_virtual_ms %.0f\n", name, first_ns[rounds / 2] / 1e3, name,
           (double)cost.first_ms);
    printf("%s_up %u\n%s_bytes_up %u\n%s_down %u\n%s_bytes_down %u\n", name, cost.up, name,
           cost.bytes_up, name, cost.down, name, cost.bytes_down);
    printf("%s_stored_a_day %.2f\n", name, (double)b->stored / days);
    printf("%s_connected_s %.1f\n", name, cost.connected_s);
    printf("%s_connected_rai_s %.1f\n", name, report(b, 2).connected_s);
    free(first_ns);
    close_bench(b);
}

static bool has_dtls(void)
{
    struct secure_config config = platform_secure_config_default();
    struct secure_listener *listener = platform_secure_create(&config);
    platform_secure_destroy(listener);
    return listener != NULL;
}

int main(int argc, char **argv)
{
    static const struct option list[] = {
        {"days", required_argument, NULL, 'd'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    unsigned days = 1;
    int option;
    while ((option = getopt_long(argc, argv, "", list, NULL)) != -1) {
        if (option == 'd')
            days = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'h')
            return puts("usage: bc-bench-wake [--days N]"), 0;
        else
            return 2;
    }
    if (optind < argc || days < 1 || days > 1000) {
        fputs("bc-bench-wake: 1 to 1000 days, and nothing else, are wanted\n", stderr);
        return 2;
    }
    for (size_t i = 0; i < sizeof(securities) / sizeof(securities[0]); i++)
        if (securities[i].version == NULL || has_dtls())
            measure(&securities[i], days);
    return 0;
}
