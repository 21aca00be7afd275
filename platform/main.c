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
#include "bootstrapper.h"
#include "cli/cli.h"
#include "coaps.h"
#include "control.h"
#include "json.h"
#include "net.h"
#include "options.h"
#include "security.h"
#include "storage.h"
#include "traffic.h"
#include "web.h"

#define READY_MAX 32
#define BATCHES_MAX 16       /* received before the other descriptors have their turn */
#define SECURE_BATCHES_MAX 4 /* the same, where a datagram may cost a handshake's arithmetic */
#define STDOUT_BYTES (256 * 1024)

struct platform {
    struct options options;
    struct bc_server *server;
    struct traffic traffic;
    struct net net;
    struct security security;
    struct coaps coaps;
    struct bootstrapper bootstrappers[2]; /* in plain, and over DTLS */
    uint64_t seed;
    struct control control;
    struct storage storage;
    struct web web;
    uint64_t restored; /* devices */
    size_t fed;        /* datagrams, since some were taken */
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

static bool find_product(void *context, bc_view endpoint, struct bc_server_product *out)
{
    const struct platform *p = context;
    if (p->web.service != NULL)
        return service_find_product(p->web.service, endpoint, out);
    *out = (struct bc_server_product){.carrier = p->options.open};
    return out->carrier != NULL;
}

static bool may_register(void *context, bc_view endpoint)
{
    struct bc_server_product product;
    return find_product(context, endpoint, &product);
}

static bool is_trusted(void *context, bc_view endpoint, const struct bc_address *from)
{
    const struct platform *p = context;
    return platform_security_trusts(&p->security, p->coaps.secure, endpoint, from);
}

static bool accepts_product_id(void *context, bc_view endpoint, bc_view product_id)
{
    const struct platform *p = context;
    const struct options *options = &p->options;
    if (!platform_web_accepts(&p->web, endpoint, product_id))
        return false;
    for (size_t i = 0; i < options->product_id_count; i++)
        if (bc_view_equal(bc_view_of(options->product_ids[i]), product_id))
            return true;
    return options->product_id_count == 0;
}

/* Tags with something in their highest byte are those of the service (service/private.h). */
static bool is_of_control(uint64_t tag)
{
    return tag != 0 && tag >> 56 == 0;
}

static void on_event(void *context, const struct bc_server_event *event)
{
    struct platform *p = context;
    platform_storage_on_event(&p->storage, event);
    platform_web_on_event(&p->web, event);
    if (event->kind == BC_SERVER_NOTIFYING || event->kind == BC_SERVER_ACKNOWLEDGED)
        return; /* what follows is told */
    if (!p->options.quiet) {
        char *line = platform_json_line(platform_json_event(event, platform_json_now_ms()));
        if (line != NULL)
            platform_storage_print(&p->storage, line);
        free(line);
    }
    if (is_of_control(event->tag))
        platform_control_answer(&p->control, event->tag, platform_json_answer(event));
}

static bool wants_security(void *context, bc_view endpoint)
{
    struct platform *p = context;
    return p->web.service != NULL && service_wants_security(p->web.service, endpoint);
}

static bool observes(void *context, bc_view endpoint, const struct bc_server_path *instance,
                     bool usual)
{
    struct platform *p = context;
    return p->web.service == NULL ? usual
                                  : service_observes(p->web.service, endpoint, instance, usual);
}

static bool keeps_observation(void *context, bc_view endpoint, const struct bc_server_path *path)
{
    const struct platform *p = context;
    return p->web.service != NULL && service_keeps_observation(p->web.service, endpoint, path);
}

static bool find_package(void *context, bc_view name, struct bc_server_package *out)
{
    const struct platform *p = context;
    return p->web.service != NULL && service_find_package(p->web.service, name, out);
}

static void on_fetched(void *context, bc_view endpoint, uint32_t bytes)
{
    struct platform *p = context;
    service_on_fetched(p->web.service, endpoint, bytes, &p->storage.now);
}

static void on_reply(void *context, const struct bc_address *to, uint16_t message_id, bc_view reply)
{
    struct platform *p = context;
    platform_storage_on_reply(&p->storage, to, message_id, reply);
}

/* Hands over what is for sessions of DTLS; how many are left of `count`. */
static size_t send_secure(struct platform *p, size_t count)
{
    struct bc_server_datagram *out = p->net.out;
    size_t left = 0;
    for (size_t i = 0; i < count; i++)
        if (out[i].to.channel != 0)
            platform_coaps_send(&p->coaps, &out[i].to, out[i].bytes);
        else
            out[left++] = out[i];
    return left;
}

static void take_all(struct platform *p)
{
    size_t count;
    bool shown = platform_traffic_shown(&p->traffic);
    while ((count = bc_server_take_datagrams(p->server, p->net.out, BC_SERVER_BATCH)) > 0) {
        for (size_t i = 0; p->web.service != NULL && i < count; i++)
            platform_web_on_message(&p->web, &p->net.out[i].to, false, p->net.out[i].bytes);
        if (p->coaps.secure != NULL)
            count = send_secure(p, count);
        for (size_t i = 0; shown && i < count; i++)
            platform_traffic_out(&p->traffic, &p->net.local, &p->net.out[i].to,
                                 p->net.out[i].bytes);
        platform_net_send(&p->net, count);
    }
}

/* What is taken may be followed by the work of timers, which is to be stored as well. */
static void send_all(struct platform *p)
{
    p->fed = 0;
    do {
        platform_web_settle(&p->web);
        bool settled = platform_storage_settle(&p->storage, p->server);
        if (settled)
            take_all(p);
        platform_web_after_commit(&p->web, settled);
    } while (platform_storage_pending(&p->storage));
}

static void feed(struct platform *p, uint64_t now, const struct bc_address *from, bc_view bytes)
{
    if (p->fed == BC_SERVER_GROUP)
        send_all(p);
    p->fed++;
    if (p->web.service != NULL)
        platform_web_on_message(&p->web, from, true, bytes);
    if (platform_storage_admits(&p->storage, bytes))
        bc_server_on_datagram(p->server, now, from, bytes);
}

static void receive_all(struct platform *p, uint64_t now)
{
    struct bc_server_incoming in[BC_SERVER_BATCH];
    bool shown = platform_traffic_shown(&p->traffic);
    size_t count = BC_SERVER_BATCH;
    /* With a store as many as possible share one commit: also those that come meanwhile. */
    size_t enough = p->storage.store != NULL ? 1 : BC_SERVER_BATCH;
    for (int batch = 0; batch < BATCHES_MAX && count >= enough; batch++) {
        count = platform_net_receive(&p->net, in);
        bc_server_expect(p->server, in, count);
        for (size_t i = 0; i < count; i++) {
            if (shown)
                platform_traffic_in(&p->traffic, &p->net.local, &in[i].from, in[i].bytes);
            feed(p, now, &in[i].from, in[i].bytes);
        }
        if (p->storage.store == NULL)
            send_all(p);
    }
}

static void take_plain(void *context, uint64_t now, const struct bc_address *from, bc_view plain)
{
    struct platform *p = context;
    feed(p, now, from, plain);
}

static void receive_secure(struct platform *p, uint64_t now)
{
    bool more = true;
    for (int batch = 0; batch < SECURE_BATCHES_MAX && more; batch++) {
        more = platform_coaps_receive(&p->coaps, now, take_plain, p);
        if (p->storage.store == NULL)
            send_all(p);
        platform_coaps_flush(&p->coaps);
    }
}

static int milliseconds_left(const struct platform *p, uint64_t now)
{
    uint64_t deadline = BC_NEVER;
    const uint64_t deadlines[] = {
        bc_server_deadline(p->server),
        platform_coaps_deadline(&p->coaps),
        platform_bootstrapper_deadline(&p->bootstrappers[0]),
        platform_bootstrapper_deadline(&p->bootstrappers[1]),
        platform_storage_deadline(&p->storage),
        platform_web_deadline(&p->web, now),
    };
    for (size_t i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++)
        if (deadlines[i] < deadline)
            deadline = deadlines[i];
    if (deadline == BC_NEVER)
        return -1;
    uint64_t left = deadline > now ? deadline - now : 0;
    return left > INT_MAX ? INT_MAX : (int)left;
}

static void add_keys(void *context)
{
    struct platform *p = context;
    if (p->web.service != NULL)
        service_hand_over_keys(p->web.service);
}

static void on_signal(struct platform *p, uint64_t now)
{
    struct signalfd_siginfo info;
    if (read(p->signals, &info, sizeof(info)) != sizeof(info))
        return;
    if (info.ssi_signo == SIGHUP)
        platform_security_reload(&p->security, now, add_keys, p);
    else
        p->stopping = true;
}

static void on_ready(struct platform *p, const struct epoll_event *ready, uint64_t now)
{
    int fd = ready->data.fd;
    if (fd == p->net.fd)
        receive_all(p, now);
    else if (fd == platform_coaps_fd(&p->coaps))
        receive_secure(p, now);
    else if (fd == platform_bootstrapper_fd(&p->bootstrappers[0]))
        platform_bootstrapper_on_ready(&p->bootstrappers[0], now);
    else if (fd == platform_bootstrapper_fd(&p->bootstrappers[1]))
        platform_bootstrapper_on_ready(&p->bootstrappers[1], now);
    else if (fd == p->signals)
        on_signal(p, now);
    else if (fd == platform_web_fd(&p->web))
        platform_web_on_ready(&p->web);
    else if (fd == platform_web_modules_fd(&p->web))
        platform_web_on_modules(&p->web);
    else
        platform_control_on_ready(&p->control, fd, ready->events, now);
}

/* A full disk ends the capture, not the platform. */
static void flush_capture(struct platform *p)
{
    struct capture *capture = &p->traffic.capture;
    if (!capture_is_open(capture) || capture_flush(capture))
        return;
    fprintf(stderr, "bc260y-platform: cannot write %s: %s; the capture ends here\n",
            p->options.pcap, strerror(errno));
    capture_close(capture);
}

static void run_once(struct platform *p)
{
    struct epoll_event ready[READY_MAX];
    int count = epoll_wait(p->epoll, ready, READY_MAX, milliseconds_left(p, now_ms()));
    uint64_t now = now_ms();
    platform_storage_begin(&p->storage, now);
    platform_storage_on_time(&p->storage, p->server);
    for (int i = 0; i < count; i++)
        on_ready(p, &ready[i], now);
    bc_server_on_time(p->server, now);
    platform_web_on_time(&p->web);
    send_all(p);
    platform_coaps_on_time(&p->coaps, now);
    platform_bootstrapper_on_time(&p->bootstrappers[0], now);
    platform_bootstrapper_on_time(&p->bootstrappers[1], now);
    fflush(stdout);
    flush_capture(p);
}

/* What is not there is not watched. */
static bool watch(const struct platform *p, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    return fd < 0 || epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool open_loop(struct platform *p)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (p->options.psk_file != NULL)
        sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    p->signals = signalfd(-1, &set, SFD_CLOEXEC);
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (p->signals >= 0 && p->epoll >= 0 && watch(p, p->signals) && watch(p, p->net.fd) &&
        watch(p, platform_coaps_fd(&p->coaps)) &&
        watch(p, platform_bootstrapper_fd(&p->bootstrappers[0])) &&
        watch(p, platform_bootstrapper_fd(&p->bootstrappers[1])) &&
        watch(p, platform_web_modules_fd(&p->web)))
        return true;
    fprintf(stderr, "bc260y-platform: cannot make an event loop: %s\n", strerror(errno));
    return false;
}

static bool choose_seed(struct platform *p)
{
    p->seed = p->options.seed;
    if (p->options.seeded || getrandom(&p->seed, sizeof(p->seed), 0) >= 0)
        return true;
    fprintf(stderr, "bc260y-platform: no random numbers: %s; give --seed\n", strerror(errno));
    return false;
}

static bool open_server(struct platform *p)
{
    struct bc_server_config config = bc_server_config_default();
    config.lifetime_grace_s = p->options.lifetime_grace_s;
    config.block_bytes = p->options.block_bytes;
    config.find_product = find_product;
    config.is_trusted = is_trusted;
    config.on_event = on_event;
    config.events = p->options.quiet ? BC_SERVER_EVENTS_OF_REQUESTS : BC_SERVER_EVENTS_ALL;
    if (p->storage.store != NULL) {
        config.events |= BC_STORE_EVENTS;
        config.on_reply = on_reply;
    }
    config.context = p;
    config.seed = p->seed;
    config.wants_security = wants_security;
    config.observes = observes;
    config.keeps_observation = keeps_observation;
    config.find_package = find_package;
    config.on_fetched = on_fetched;
    if (p->options.http != NULL)
        config.events |= BC_SERVER_EVENTS_ALL | BC_SERVER_EVENT_BIT(BC_SERVER_ACKNOWLEDGED);
    if (p->options.product_id_count > 0 || p->options.http != NULL)
        config.accepts_product_id = accepts_product_id;
    p->server = bc_server_create(&config);
    if (p->server == NULL)
        fputs("bc260y-platform: not enough memory\n", stderr);
    return p->server != NULL;
}

static bool open_traffic(struct platform *p)
{
    struct traffic *traffic = &p->traffic;
    traffic->trace = p->options.trace;
    if (p->options.pcap == NULL)
        return true;
    const char *why = capture_open(&traffic->capture, p->options.pcap);
    if (why != NULL)
        fprintf(stderr, "bc260y-platform: cannot write %s: %s; choose another --pcap\n",
                p->options.pcap, why);
    return why == NULL;
}

static void say_place(const char *name, int fd, const struct bc_address *local)
{
    char address[NET_TEXT_BYTES];
    platform_net_text(local, address);
    if (fd >= 0)
        printf(",\"%s\":\"%s\"", name, address);
}

static void say_text(const char *name, const char *text)
{
    json_t *string = json_string(text);
    char *quoted = string == NULL ? NULL : json_dumps(string, JSON_ENCODE_ANY);
    if (quoted != NULL)
        printf(",\"%s\":%s", name, quoted);
    free(quoted);
    json_decref(string);
}

static void say_listening(const struct platform *p)
{
    const struct bootstrapper *b = p->bootstrappers;
    printf("{\"event\":\"listening\"");
    say_place("coap", p->net.fd, &p->net.local);
    say_place("coaps", platform_coaps_fd(&p->coaps), &p->coaps.net.local);
    say_place("bootstrap", platform_bootstrapper_fd(&b[0]), platform_bootstrapper_local(&b[0]));
    say_place("bootstrap_coaps", platform_bootstrapper_fd(&b[1]),
              platform_bootstrapper_local(&b[1]));
    if (p->web.http != NULL)
        printf(",\"http\":\"%s\"", platform_http_local(p->web.http));
    if (p->web.http != NULL && p->web.token_file[0] != '\0')
        say_text("token_file", p->web.token_file);
    if (p->storage.store != NULL)
        printf(",\"restored\":%llu", (unsigned long long)p->restored);
    printf("}\n");
    fflush(stdout);
}

/* The bootstrap servers' tokens must be others than the server's: they have seeds of their own. */
static bool open_bootstrappers(struct platform *p, bool *wrong_usage)
{
    struct bootstrapper_setup setup = {
        .options = &p->options,
        .security = &p->security,
        .traffic = &p->traffic,
        .coap = &p->net.local,
        .coaps = p->coaps.secure != NULL ? &p->coaps.net.local : NULL,
        .may_register = may_register,
        .context = p,
        .seed = ~p->seed,
    };
    if (!platform_bootstrapper_open(&p->bootstrappers[0], &setup, false, wrong_usage))
        return false;
    setup.seed = p->seed + 1;
    return platform_bootstrapper_open(&p->bootstrappers[1], &setup, true, wrong_usage);
}

/* Requests of ours may follow, for whose devices the keys must be known. */
static bool restore(struct platform *p)
{
    platform_storage_begin(&p->storage, now_ms());
    return platform_storage_restore(&p->storage, p->server, &p->restored);
}

static const struct bc_address *bootstrap_local(const struct bootstrapper *b)
{
    return platform_bootstrapper_fd(b) < 0 ? NULL : platform_bootstrapper_local(b);
}

static bool open_web(struct platform *p)
{
    struct web_setup setup = {
        .options = &p->options,
        .server = p->server,
        .storage = &p->storage,
        .security = &p->security,
        .coap = &p->net.local,
        .coaps = p->coaps.secure != NULL ? &p->coaps.net.local : NULL,
        .bootstrap = bootstrap_local(&p->bootstrappers[0]),
        .bootstrap_coaps = bootstrap_local(&p->bootstrappers[1]),
    };
    platform_storage_begin(&p->storage, now_ms());
    return platform_web_open(&p->web, &setup);
}

/* When all else is there: who connects finds everything restored. */
static bool listen_web(struct platform *p, bool *wrong_usage)
{
    return platform_web_listen(&p->web, wrong_usage) && watch(p, platform_web_fd(&p->web));
}

static bool open_all(struct platform *p, bool *wrong_usage)
{
    p->control.listener = -1;
    return platform_net_open(&p->net, "--coap", p->options.coap, wrong_usage) && choose_seed(p) &&
           platform_storage_open(&p->storage, &p->options) && open_server(p) && open_traffic(p) &&
           platform_security_open(&p->security, &p->options, p->seed + 2) &&
           platform_coaps_open(&p->coaps, "--coaps", p->options.coaps, &p->security, &p->traffic,
                               wrong_usage) &&
           open_bootstrappers(p, wrong_usage) && open_web(p) && open_loop(p) && restore(p) &&
           platform_control_open(&p->control, p->options.control, p->epoll, p->server, &p->security,
                                 p->storage.store) &&
           listen_web(p, wrong_usage);
}

int main(int argc, char **argv)
{
    static struct platform p = {.epoll = -1, .signals = -1, .storage.retry_ms = BC_NEVER};
    static char stdout_buffer[STDOUT_BYTES];
    bool wrong_usage = false;
    bool asks_for_help = argc == 3 && argv[2][0] == '-'; /* "ctl --help" */
    if (argc > 1 && strcmp(argv[1], "ctl") == 0 && !asks_for_help)
        return platform_ctl(argc - 2, argv + 2);
    if (argc > 1 && platform_cli_knows(argv[1]))
        return platform_cli(argc, argv);
    enum options_result result = platform_options_parse(argc, argv, &p.options);
    if (result != OPTIONS_RUN)
        return result == OPTIONS_DONE ? 0 : 2;
    setvbuf(stdout, stdout_buffer, _IOFBF, sizeof(stdout_buffer));
    int status = 1;
    if (!open_all(&p, &wrong_usage)) {
        status = wrong_usage ? 2 : 1;
        goto out;
    }
    say_listening(&p);
    platform_control_read_standard(&p.control, now_ms());
    while (!p.stopping && !p.control.quit)
        run_once(&p);
    status = 0;
out:
    if (p.control.server != NULL)
        platform_control_close(&p.control);
    fflush(stdout);
    platform_web_close(&p.web);
    platform_bootstrapper_close(&p.bootstrappers[0]);
    platform_bootstrapper_close(&p.bootstrappers[1]);
    platform_coaps_close(&p.coaps);
    platform_security_close(&p.security);
    capture_close(&p.traffic.capture);
    bc_server_destroy(p.server);
    platform_storage_close(&p.storage);
    platform_net_close(&p.net);
    return status;
}
