/*
 * bc-bench-notify: what one confirmable report costs in the library, without sockets:
 *
 *     AT+QLANOTIFY line -> OK, CON datagram, "report", +QLANOTIFY -> ACK datagram -> "report_ack"
 *
 * beside what the system takes for two datagrams of that size over a loopback UDP socket, in turns
 * in the same run. Prints `name value` lines; medians.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "pair.h"

#define BATCHES 51
#define ACK_BYTES 4

static const char notify_line[] = "AT+QLANOTIFY=19,0,0,2,9,\"020001000400023438\",0,1\r";

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void drain_serial(struct pair *p)
{
    while (bc_take_serial(p->module, &p->out))
        p->said_bytes += p->out.len;
}

/* Returns the bytes of the report. A function of its own for callgrind --toggle-collect. */
__attribute__((noinline)) size_t round_trip(struct pair *p);
__attribute__((noinline)) size_t round_trip(struct pair *p)
{
    bc_view line = {(const uint8_t *)notify_line, sizeof(notify_line) - 1};
    bc_view report;
    p->now_ms += 10;
    (void)bc_on_serial(p->module, p->now_ms, line);
    if (!bc_take_datagram(p->module, &p->server_address, &report))
        return 0;
    const uint8_t ack[ACK_BYTES] = {0x60, 0, report.ptr[2], report.ptr[3]};
    size_t bytes = report.len;
    drain_serial(p);
    (void)bc_deadline(p->module);
    bc_on_datagram(p->module, p->now_ms, &p->server_address, (bc_view){ack, sizeof(ack)});
    drain_serial(p);
    (void)bc_deadline(p->module);
    return bytes;
}

static bool open_session(struct pair *p)
{
    static const char *const lines[] = {
        "ATE0",
        "AT+QSCLK=0",
        "AT+QLACFG=\"auto_ack\",1",
        "AT+QLACONFIG=0,\"192.0.2.2\",5683,\"867724030023557\",300,3",
        "AT+QLAADDOBJ=19,0,1,0",
        "AT+QLAREG",
    };
    if (!pair_open(p, "iot", NULL, NULL))
        return false;
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        if (!pair_send(p, lines[i]))
            return false;
    return true;
}

/* A round trip has brought all that the guide prints, or nothing is worth measuring. */
static bool session_works(struct pair *p)
{
    p->said_bytes = 0;
    size_t bytes = round_trip(p);
    size_t expected = strlen("\r\nOK\r\n\r\n+QLAURC: \"report\",12345\r\n\r\n+QLANOTIFY: 0\r\n"
                             "\r\n+QLAURC: \"report_ack\",0,12345\r\n");
    if (bytes > 0 && p->said_bytes + 8 > expected && p->said_bytes <= expected)
        return true;
    fprintf(stderr, "bc-bench-notify: the report is not acknowledged (%zu, %zu bytes)\n", bytes,
            p->said_bytes);
    return false;
}

/* A socket connected to itself: what is sent comes in. */
static int open_loop(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(name);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&name, len) != 0 ||
        getsockname(fd, (struct sockaddr *)&name, &len) != 0 ||
        connect(fd, (struct sockaddr *)&name, len) != 0) {
        perror("bc-bench-notify: cannot open a socket");
        return -1;
    }
    return fd;
}

static void socket_trip(int fd, size_t report_bytes)
{
    uint8_t bytes[BC_DATAGRAM_BYTES_MAX] = {0};
    if (send(fd, bytes, report_bytes, 0) < 0 || recv(fd, bytes, sizeof(bytes), 0) < 0 ||
        send(fd, bytes, ACK_BYTES, 0) < 0 || recv(fd, bytes, sizeof(bytes), 0) < 0)
        abort(); /* loopback does not fail */
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(struct pair *p, int fd, unsigned rounds)
{
    double library_ns[BATCHES], socket_ns[BATCHES];
    size_t report_bytes = round_trip(p);
    for (size_t batch = 0; batch < BATCHES; batch++) {
        double begin = now_ns();
        for (unsigned i = 0; i < rounds; i++)
            (void)round_trip(p);
        double middle = now_ns();
        for (unsigned i = 0; i < rounds; i++)
            socket_trip(fd, report_bytes);
        library_ns[batch] = (middle - begin) / rounds;
        socket_ns[batch] = (now_ns() - middle) / rounds;
    }
    qsort(library_ns, BATCHES, sizeof(*library_ns), compare);
    qsort(socket_ns, BATCHES, sizeof(*socket_ns), compare);
    printf("round_trips %u\nreport_bytes %zu\nlibrary_ns %.0f\nsocket_ns %.0f\n", BATCHES * rounds,
           report_bytes, library_ns[BATCHES / 2], socket_ns[BATCHES / 2]);
}

int main(int argc, char **argv)
{
    static const struct option list[] = {
        {"rounds", required_argument, NULL, 'r'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    static struct pair p;
    unsigned rounds = 2000;
    int option;
    while ((option = getopt_long(argc, argv, "", list, NULL)) != -1) {
        if (option == 'r')
            rounds = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'h')
            return puts("usage: bc-bench-notify [--rounds N]"), 0;
        else
            return 2;
    }
    int fd = open_loop();
    if (fd < 0 || !open_session(&p) || !session_works(&p))
        return 1;
    measure(&p, fd, rounds > 0 ? rounds : 1);
    pair_close(&p);
    close(fd);
    return 0;
}
