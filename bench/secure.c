/*
 * What DTLS costs the platform: memory of each of many open sessions (platform/secure.h) in one
 * process, and the server's time for a full handshake, a resumption, and a request with its answer.
 * No sockets; the clients live in the same process, and their time and memory do not count.
 * bench/run.py prints it beside its goals.
 */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/sink.h"
#include "secure.h"

#define KEY "0123456789abcdef"
#define BATCH 100
#define REQUEST_BYTES 60 /* as large as an update */

struct bench {
    struct secure_listener *l;
    uint64_t now_ms;
    double server_s; /* spent in the listener */
    unsigned opened;
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static bool find_key(void *context, bc_view identity, bc_sink *key)
{
    (void)context, (void)identity;
    bc_put_bytes(key, BC_TEXT(KEY));
    return true;
}

static void on_event(void *context, const struct secure_event *event)
{
    struct bench *b = context;
    b->opened += event->kind == SECURE_OPENED;
}

static void fail(const char *what)
{
    fprintf(stderr, "bc-bench-secure: %s\n", what);
    exit(1);
}

static struct bc_address address_of(unsigned number)
{
    return (struct bc_address){
        .ip = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number},
        .ip_len = 4,
        .port = 40000};
}

static void feed(struct bench *b, const struct bc_address *from, bc_view in)
{
    double begin = now_s();
    platform_secure_on_datagram(b->l, b->now_ms, from, in);
    b->server_s += now_s() - begin;
}

static size_t take(struct bench *b, struct bc_server_datagram out[BC_SERVER_BATCH])
{
    double begin = now_s();
    size_t count = platform_secure_take(b->l, out, BC_SERVER_BATCH);
    b->server_s += now_s() - begin;
    return count;
}

/* Until neither has anything to say. */
static void settle(struct bench *b, const struct bc_address *from, struct bc_dtls *client)
{
    struct bc_server_datagram out[BC_SERVER_BATCH];
    bc_view in;
    size_t count;
    do {
        while (bc_dtls_take(client, &in))
            feed(b, from, in);
        count = take(b, out);
        for (size_t i = 0; i < count; i++)
            bc_dtls_on_datagram(client, b->now_ms, out[i].bytes);
    } while (count > 0);
}

/* The client's session, open. */
static struct bc_dtls *join(struct bench *b, unsigned number, bc_view resumption)
{
    char identity[16];
    struct bc_address from = address_of(number);
    snprintf(identity, sizeof(identity), "dev%u", number);
    struct bc_dtls_client how = {
        .version = BC_DTLS_1_2,
        .identity = bc_view_of(identity),
        .key = BC_TEXT(KEY),
        .resumption = resumption,
    };
    struct bc_dtls *client = bc_dtls_open(&how, b->now_ms);
    if (client == NULL)
        fail("no DTLS in this build");
    settle(b, &from, client);
    if (bc_dtls_state(client) != BC_DTLS_OPEN)
        fail("a handshake has failed");
    if (bc_dtls_resumed(client) != (resumption.len > 0))
        fail("a session was not resumed");
    return client;
}

/* Of the process, in bytes: the second number of the line. */
static double resident(void)
{
    char line[200] = "";
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL || fgets(line, sizeof(line), file) == NULL || strchr(line, ' ') == NULL)
        fail("no /proc");
    fclose(file);
    unsigned long pages = strtoul(strchr(line, ' '), NULL, 10);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void measure_memory(struct bench *b, unsigned sessions)
{
    bc_dtls_free(join(b, 0, (bc_view){0})); /* what OpenSSL makes once */
    size_t heap = mallinfo2().uordblks;
    double before = resident();
    double begin = now_s();
    for (unsigned i = 1; i <= sessions; i++)
        bc_dtls_free(join(b, i, (bc_view){0}));
    if (platform_secure_counts(b->l).sessions != sessions + 1)
        fail("sessions are missing");
    printf("sessions %u\n", sessions);
    printf("session_bytes %.0f\n", (double)(mallinfo2().uordblks - heap) / sessions);
    printf("session_resident_bytes %.0f\n", (resident() - before) / sessions);
    printf("sessions_opened_in_s %.1f\n", now_s() - begin);
}

/* A full handshake and a resumption in turns, by sessions that are there already. */
static void measure_handshakes(struct bench *b, unsigned rounds)
{
    double full_s = 0, resumed_s = 0;
    uint8_t bytes[BC_DTLS_RESUMPTION_BYTES_MAX];
    for (unsigned i = 1; i <= rounds; i++) {
        bc_sink exported = {.ptr = bytes, .cap = sizeof(bytes)};
        b->server_s = 0;
        struct bc_dtls *client = join(b, i, (bc_view){0});
        full_s += b->server_s;
        if (!bc_dtls_export(client, &exported))
            fail("nothing to resume");
        bc_dtls_free(client);
        b->server_s = 0;
        bc_dtls_free(join(b, i, bc_sink_view(&exported)));
        resumed_s += b->server_s;
    }
    printf("handshake_us %.1f\n", full_s / rounds * 1e6);
    printf("resumption_us %.1f\n", resumed_s / rounds * 1e6);
}

static void measure_exchange(struct bench *b, unsigned rounds)
{
    static const uint8_t request[REQUEST_BYTES];
    struct bc_address from = address_of(1), peer;
    struct bc_server_datagram out[BC_SERVER_BATCH];
    bc_view plain, record;
    struct bc_dtls *client = join(b, 1, (bc_view){0});
    b->server_s = 0;
    for (unsigned i = 0; i < rounds; i++) {
        (void)bc_dtls_write(client, (bc_view){request, sizeof(request)});
        if (!bc_dtls_take(client, &record))
            fail("no record");
        feed(b, &from, record);
        double begin = now_s();
        if (!platform_secure_read(b->l, &peer, &plain))
            fail("a record was not read");
        platform_secure_send(b->l, &peer, (bc_view){request, 12});
        b->server_s += now_s() - begin;
        if (take(b, out) != 1)
            fail("no answer");
    }
    printf("exchange_us %.2f\n", b->server_s / rounds * 1e6);
    bc_dtls_free(client);
}

int main(int argc, char **argv)
{
    struct bench b = {.now_ms = 1000};
    struct secure_config config = platform_secure_config_default();
    unsigned sessions = argc == 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    if (sessions < BATCH) {
        fputs("usage: bc-bench-secure SESSIONS (at least 100)\n", stderr);
        return 2;
    }
    config.sessions_max = sessions + 1;
    config.find_key = find_key;
    config.on_event = on_event;
    config.on_event_context = &b;
    b.l = platform_secure_create(&config);
    if (b.l == NULL)
        fail("no DTLS in this build");
    measure_memory(&b, sessions);
    measure_handshakes(&b, sessions / 10);
    measure_exchange(&b, sessions);
    platform_secure_destroy(b.l);
    return 0;
}
