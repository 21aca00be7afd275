/*
 * bc260y-platform: the epoll loop around the server core. Datagrams and commands go in, answers
 * and JSON events come out; this file holds the order of things.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/sink.h"
#include "capture.h"
#include "carrier.h"
#include "coap/message.h"
#include "control.h"
#include "json.h"
#include "net.h"
#include "options.h"

#define READY_MAX 32
#define BATCHES_MAX 16 /* received before the other descriptors have their turn */
#define STDOUT_BYTES (256 * 1024)
#define TRACE_BYTES 512

struct platform {
    struct options options;
    struct bc_server *server;
    struct capture *capture;
    struct net net;
    struct control control;
    int epoll;
    int signals;
    bool stopping;
};

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int64_t wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool find_product(void *context, bc_view endpoint, struct bc_server_product *out)
{
    const struct platform *p = context;
    (void)endpoint;
    *out = (struct bc_server_product){.carrier = p->options.open};
    return out->carrier != NULL;
}

static void on_event(void *context, const struct bc_server_event *event)
{
    struct platform *p = context;
    if (!p->options.quiet) {
        char *line = platform_json_line(platform_json_event(event, wall_ms()));
        if (line != NULL)
            fputs(line, stdout);
        free(line);
    }
    if (event->tag != 0)
        platform_control_answer(&p->control, event->tag, platform_json_answer(event));
}

static void show(const struct platform *p, const struct bc_address *peer, bool in, bc_view bytes)
{
    char address[NET_TEXT_BYTES];
    uint8_t text[TRACE_BYTES];
    bc_sink sink = {.ptr = text, .cap = sizeof(text)};
    if (p->capture != NULL)
        platform_capture_write(p->capture, in ? peer : &p->net.local, in ? &p->net.local : peer,
                               bytes);
    if (!p->options.trace)
        return;
    platform_net_text(peer, address);
    bc_coap_describe(bytes, &sink);
    fprintf(stderr, "%s %s %.*s\n", in ? "<-" : "->", address, (int)sink.len, (char *)text);
}

static void send_all(struct platform *p)
{
    size_t count;
    bool shown = p->options.trace || p->capture != NULL;
    while ((count = bc_server_take_datagrams(p->server, p->net.out, BC_SERVER_BATCH)) > 0) {
        for (size_t i = 0; shown && i < count; i++)
            show(p, &p->net.out[i].to, false, p->net.out[i].bytes);
        platform_net_send(&p->net, count);
    }
}

static void receive_all(struct platform *p, uint64_t now)
{
    struct net_datagram in[BC_SERVER_BATCH];
    bool shown = p->options.trace || p->capture != NULL;
    size_t count = BC_SERVER_BATCH;
    for (int batch = 0; batch < BATCHES_MAX && count == BC_SERVER_BATCH; batch++) {
        count = platform_net_receive(&p->net, in);
        for (size_t i = 0; i < count; i++)
            bc_server_expect(p->server, &in[i].from, in[i].bytes);
        for (size_t i = 0; i < count; i++) {
            if (shown)
                show(p, &in[i].from, true, in[i].bytes);
            bc_server_on_datagram(p->server, now, &in[i].from, in[i].bytes);
        }
        send_all(p);
    }
}

static int milliseconds_left(const struct platform *p, uint64_t now)
{
    uint64_t deadline = bc_server_deadline(p->server);
    if (deadline == BC_NEVER)
        return -1;
    uint64_t left = deadline > now ? deadline - now : 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

static void run_once(struct platform *p)
{
    struct epoll_event ready[READY_MAX];
    int count = epoll_wait(p->epoll, ready, READY_MAX, milliseconds_left(p, now_ms()));
    uint64_t now = now_ms();
    for (int i = 0; i < count; i++) {
        if (ready[i].data.fd == p->net.fd)
            receive_all(p, now);
        else if (ready[i].data.fd == p->signals)
            p->stopping = true;
        else
            platform_control_on_ready(&p->control, ready[i].data.fd, ready[i].events, now);
    }
    bc_server_on_time(p->server, now);
    send_all(p);
    fflush(stdout);
    if (p->capture != NULL)
        platform_capture_flush(p->capture);
}

static bool watch(const struct platform *p, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool open_loop(struct platform *p)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    p->signals = signalfd(-1, &set, SFD_CLOEXEC);
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (p->signals >= 0 && p->epoll >= 0 && watch(p, p->signals) && watch(p, p->net.fd))
        return true;
    fprintf(stderr, "bc260y-platform: cannot make an event loop: %s\n", strerror(errno));
    return false;
}

static bool open_server(struct platform *p)
{
    struct bc_server_config config = bc_server_config_default();
    config.lifetime_grace_s = p->options.lifetime_grace_s;
    config.block_bytes = p->options.block_bytes;
    config.find_product = find_product;
    config.on_event = on_event;
    config.events = p->options.quiet ? BC_SERVER_EVENTS_OF_REQUESTS : BC_SERVER_EVENTS_ALL;
    config.context = p;
    config.seed = p->options.seed;
    if (!p->options.seeded && getrandom(&config.seed, sizeof(config.seed), 0) < 0) {
        fprintf(stderr, "bc260y-platform: no random numbers: %s; give --seed\n", strerror(errno));
        return false;
    }
    p->server = bc_server_create(&config);
    if (p->server == NULL)
        fputs("bc260y-platform: not enough memory\n", stderr);
    return p->server != NULL;
}

static bool open_capture(struct platform *p)
{
    if (p->options.pcap == NULL)
        return true;
    p->capture = platform_capture_open(p->options.pcap);
    if (p->capture == NULL)
        fprintf(stderr, "bc260y-platform: cannot write %s: %s; choose another --pcap\n",
                p->options.pcap, strerror(errno));
    return p->capture != NULL;
}

static void say_listening(const struct platform *p)
{
    char address[NET_TEXT_BYTES];
    platform_net_text(&p->net.local, address);
    printf("{\"event\":\"listening\",\"coap\":\"%s\"}\n", address);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static struct platform p = {.epoll = -1, .signals = -1};
    static char stdout_buffer[STDOUT_BYTES];
    bool wrong_usage = false;
    if (argc > 1 && strcmp(argv[1], "ctl") == 0)
        return platform_ctl(argc - 2, argv + 2);
    enum options_result result = platform_options_parse(argc, argv, &p.options);
    if (result != OPTIONS_RUN)
        return result == OPTIONS_DONE ? 0 : 2;
    setvbuf(stdout, stdout_buffer, _IOFBF, sizeof(stdout_buffer));
    int status = 1;
    p.control.listener = -1;
    if (!platform_net_open(&p.net, p.options.coap, &wrong_usage)) {
        status = wrong_usage ? 2 : 1;
        goto out;
    }
    if (!open_server(&p) || !open_capture(&p) || !open_loop(&p))
        goto out;
    if (!platform_control_open(&p.control, p.options.control, p.epoll, p.server))
        goto out;
    say_listening(&p);
    platform_control_read_standard(&p.control, now_ms());
    while (!p.stopping && !p.control.quit)
        run_once(&p);
    status = 0;
out:
    if (p.control.server != NULL)
        platform_control_close(&p.control);
    fflush(stdout);
    platform_capture_close(p.capture);
    bc_server_destroy(p.server);
    platform_net_close(&p.net);
    return status;
}
