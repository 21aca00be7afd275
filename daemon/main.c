/*
 * bc260y: one module, one AT port, one UDP network, one loop. Everything the module says or needs
 * is here carried to the outside and back; what it means is the library's affair (module.h).
 *
 *     AT port -> input  -> bc_on_serial            bc_take_serial   -> output -> AT port
 *     sockets ----------> bc_on_datagram           bc_take_datagram ----------> sockets
 *     resolver ---------> bc_on_resolved           bc_take_query    ----------> resolver
 *     timer ------------> bc_on_time               bc_deadline      ----------> timer
 *
 * Between the module and the sockets lies the link (link.h), which passes everything on at once
 * until somebody breaks it through the control socket or a scenario; lab.h does what those say.
 *
 * Back-pressure: serial output is taken only when the last piece is written, and the port is read
 * only when the last bytes were accepted; the network never waits for either.
 */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "bc260y/module.h"
#include "clock.h"
#include "common/capture.h"
#include "control.h"
#include "firmware.h"
#include "keylog.h"
#include "lab.h"
#include "net.h"
#include "options.h"
#include "port.h"
#include "report.h"
#include "resolve.h"
#include "scenario.h"
#include "state.h"
#include "trace.h"
#include "watch.h"

#define INPUT_BYTES 1024
#define OUTPUT_BYTES BC_WORKSPACE_BYTES /* no view of the module's can be longer */
#define DATAGRAMS_A_TURN 32             /* then the AT port has its turn */
#define RUNNING (-1)

struct daemon {
    struct options options;
    struct daemon_clock clock;
    struct trace trace;
    struct capture capture;
    int keylog_fd;
    struct net net;
    struct resolve resolve;
    struct port port;
    struct watches watches;
    struct lab lab;
    struct control control;
    struct scenario scenario;
    int signal_fd;
    int timer_fd;
    uint64_t armed_ns; /* when the timer fires; 0 = it does not */
    int status;        /* RUNNING, or what to exit with */

    struct bc_module *module;
    uint64_t now_ms;
    bc_view input;  /* of input_bytes: read, but not accepted yet */
    bc_view output; /* of output_bytes: taken, but not written yet */
    uint8_t input_bytes[INPUT_BYTES];
    uint8_t output_bytes[OUTPUT_BYTES];
    struct state state;
    struct firmware firmware;
    union bc_module_memory memory;
    union bc_workspace workspace;
};

/* Ends the loop after this turn; the first reason stands. */
static void stop(struct daemon *d, int status)
{
    if (d->status == RUNNING)
        d->status = status;
}

static bc_view skip(bc_view bytes, size_t count)
{
    return (bc_view){bytes.ptr + count, bytes.len - count};
}

/* --- the network --- */

static bool open_capture(struct daemon *d)
{
    const char *why = capture_open(&d->capture, d->options.pcap);
    if (why != NULL)
        report("cannot write the capture %s: %s", d->options.pcap, why);
    return why == NULL;
}

static void capture_datagram(struct daemon *d, enum trace_way way, const struct bc_address *peer,
                             bc_view datagram)
{
    struct bc_address local;
    if (!capture_is_open(&d->capture) || !net_local_address(&d->net, peer, &local))
        return;
    bool in = way == TRACE_IN;
    capture_add(&d->capture, in ? peer : &local, in ? &local : peer, datagram);
    if (!capture_flush(&d->capture)) {
        report("cannot write the capture %s: %s", d->options.pcap, strerror(errno));
        stop(d, EXIT_RUNTIME);
    }
}

static bool may_talk_to(const struct daemon *d, const struct bc_address *server)
{
    const struct options *o = &d->options;
    for (size_t i = 0; i < o->only_count; i++)
        if (bc_address_equal(&o->only[i], server))
            return true;
    return o->only_count == 0;
}

static void carry_up(struct daemon *d, const struct bc_address *to, bc_view datagram)
{
    char text[TRACE_ADDRESS_BYTES];
    if (!may_talk_to(d, to)) {
        trace_address_text(to, text);
        report("nothing is sent to %s: --only names other servers", text);
        return;
    }
    int error = net_send(&d->net, to, datagram);
    if (error != 0)
        trace_note(&d->trace, "the last datagram is lost: %s", strerror(error));
    else
        capture_datagram(d, TRACE_OUT, to, datagram);
}

static void carry_down(struct daemon *d, const struct bc_address *from, bc_view datagram)
{
    trace_datagram(&d->trace, TRACE_IN, from, datagram);
    bc_on_datagram(d->module, d->now_ms, from, datagram);
}

/* The trace is the module's view: what it sent, and what reached it. */
static void send_datagram(struct daemon *d, const struct bc_address *to, bc_view datagram)
{
    trace_datagram(&d->trace, TRACE_OUT, to, datagram);
    switch (link_on_datagram(&d->lab.link, LINK_UP, d->now_ms, to, datagram)) {
    case LINK_PASSES:
        carry_up(d, to, datagram);
        break;
    case LINK_HOLDS:
        break;
    case LINK_DROPS:
        trace_note(&d->trace, "the link has lost it");
        break;
    }
}

static void receive_datagram(struct daemon *d, const struct bc_address *from, bc_view datagram)
{
    capture_datagram(d, TRACE_IN, from, datagram);
    switch (link_on_datagram(&d->lab.link, LINK_DOWN, d->now_ms, from, datagram)) {
    case LINK_PASSES:
        carry_down(d, from, datagram);
        break;
    case LINK_HOLDS:
        break;
    case LINK_DROPS:
        trace_note(&d->trace, "the link has lost %zu bytes to the module", datagram.len);
        break;
    }
}

/* What has come to its end of the link. */
static bool drain_link(struct daemon *d)
{
    bool moved = false;
    enum link_way way;
    struct bc_address peer;
    bc_view datagram;
    while (link_take(&d->lab.link, d->now_ms, &way, &peer, &datagram)) {
        if (way == LINK_UP)
            carry_up(d, &peer, datagram);
        else
            carry_down(d, &peer, datagram);
        moved = true;
    }
    return moved;
}

static void start_query(struct daemon *d, const struct bc_query *query)
{
    struct bc_address address;
    if (resolve_numeric(query->host, &address)) {
        bc_on_resolved(d->module, d->now_ms, query->id, &address);
        return;
    }
    if (d->options.only_count > 0) {
        report("names are not looked up: --only tells the servers by their addresses");
        bc_on_resolved(d->module, d->now_ms, query->id, NULL);
        return;
    }
    trace_note(&d->trace, "resolving %s", query->host);
    watch_set(&d->watches, WATCH_RESOLVE, -1, 0); /* an older question's pipe closes now */
    if (!resolve_start(&d->resolve, query->id, query->host)) {
        trace_note(&d->trace, "cannot resolve: %s", strerror(errno));
        bc_on_resolved(d->module, d->now_ms, query->id, NULL);
    }
}

static void finish_query(struct daemon *d)
{
    struct bc_address address;
    char text[TRACE_ADDRESS_BYTES];
    watch_set(&d->watches, WATCH_RESOLVE, -1, 0);
    bool found = resolve_finish(&d->resolve, &address);
    if (found)
        trace_address_text(&address, text);
    trace_note(&d->trace, "resolved: %s", found ? text : "no address");
    bc_on_resolved(d->module, d->now_ms, d->resolve.query_id, found ? &address : NULL);
}

/* --- the AT port --- */

static void lose_host(struct daemon *d)
{
    if (d->status != RUNNING) /* said already */
        return;
    watch_set(&d->watches, WATCH_PORT_IN, -1, 0);
    watch_set(&d->watches, WATCH_PORT_OUT, -1, 0);
    if (!d->port.kind->on_lost(&d->port))
        stop(d, EXIT_RUNTIME);
}

static void read_port(struct daemon *d)
{
    size_t len;
    if (d->input.len > 0 || d->port.in_fd < 0 || d->port.ended)
        return;
    switch (port_read(&d->port, d->input_bytes, sizeof(d->input_bytes), &len)) {
    case PORT_OK:
        d->input = (bc_view){d->input_bytes, len};
        trace_serial(&d->trace, TRACE_IN, d->input);
        break;
    case PORT_ENDED:
        d->port.ended = true;
        break;
    case PORT_LOST:
        lose_host(d);
        break;
    }
}

static void write_port(struct daemon *d)
{
    size_t written;
    if (d->output.len == 0 || d->port.out_fd < 0)
        return;
    if (port_write(&d->port, d->output.ptr, d->output.len, &written) == PORT_LOST)
        lose_host(d);
    else
        d->output = skip(d->output, written);
}

/* True when something moved. */
static bool drain_serial(struct daemon *d)
{
    bool moved = false;
    bc_view piece;
    while (d->output.len == 0 && d->port.out_fd >= 0 && bc_take_serial(d->module, &piece)) {
        trace_serial(&d->trace, TRACE_OUT, piece);
        assert(piece.len <= sizeof(d->output_bytes));
        memcpy(d->output_bytes, piece.ptr, piece.len);
        d->output = (bc_view){d->output_bytes, piece.len};
        write_port(d);
        moved = true;
    }
    return moved;
}

/* The answer to AT+IPR leaves at the rate before. */
static void follow_baud(struct daemon *d)
{
    uint32_t baud = bc_baud(d->module);
    if (d->port.kind->set_baud != NULL && d->output.len == 0 && baud != 0)
        d->port.kind->set_baud(&d->port, baud);
}

static bool feed_serial(struct daemon *d)
{
    if (d->input.len == 0)
        return false;
    size_t accepted = bc_on_serial(d->module, d->now_ms, d->input);
    d->input = skip(d->input, accepted);
    return accepted > 0;
}

/* --- the loop --- */

static bool drain_network(struct daemon *d)
{
    bool moved = false;
    struct bc_query query;
    struct bc_address to;
    bc_view datagram;
    while (bc_take_query(d->module, &query)) {
        start_query(d, &query);
        moved = true;
    }
    while (bc_take_datagram(d->module, &to, &datagram)) {
        send_datagram(d, &to, datagram);
        moved = true;
    }
    return moved;
}

/* Moves everything that can move now. */
static void pump(struct daemon *d)
{
    bool moved;
    do {
        moved = feed_serial(d);
        moved |= drain_link(d);
        moved |= drain_network(d);
        moved |= drain_serial(d);
    } while (moved);
    follow_baud(d);
    if (d->port.ended && d->input.len == 0 && d->output.len == 0) {
        watch_set(&d->watches, WATCH_PORT_IN, -1, 0);
        watch_set(&d->watches, WATCH_PORT_OUT, -1, 0);
        if (!d->port.kind->on_drained(&d->port))
            stop(d, EXIT_SUCCESS);
    }
}

static void read_network(struct daemon *d, enum net_family family)
{
    uint8_t buffer[BC_WIRE_BYTES_MAX];
    struct bc_address from;
    bc_view datagram;
    for (int i = 0; i < DATAGRAMS_A_TURN; i++) {
        switch (net_receive(&d->net, family, &from, buffer, &datagram)) {
        case NET_NOTHING:
            return;
        case NET_TOO_LONG:
            trace_note(&d->trace, "dropped a datagram of more than %d bytes", BC_WIRE_BYTES_MAX);
            break;
        case NET_DATAGRAM:
            receive_datagram(d, &from, datagram);
            pump(d);
            break;
        }
    }
}

/* --- The laboratory --- */

static json_t *run_command(void *context, const char *command)
{
    struct daemon *d = context;
    trace_note(&d->trace, "command: %s", command);
    return lab_run_text(&d->lab, d->now_ms, command);
}

/* Nobody waits for its answer: an error is reported, a report is printed. */
static void finish_step(struct daemon *d, const struct scenario_step *step, json_t *answer)
{
    const char *error = json_string_value(json_object_get(answer, "error"));
    if (error != NULL)
        report("%s:%u: %s", d->scenario.path, step->line, error);
    if (error == NULL && json_object_size(answer) > 1) {
        json_object_set_new(answer, "time_ms", json_integer((json_int_t)d->now_ms));
        json_object_set_new(answer, "line", json_integer(step->line));
        char *text = json_dumps(answer, LAB_ANSWER_FLAGS);
        if (text != NULL)
            fprintf(stderr, "%s\n", text);
        free(text);
    }
    json_decref(answer);
}

static void run_laboratory(struct daemon *d)
{
    struct scenario_step step;
    lab_on_time(&d->lab, d->now_ms);
    while (scenario_take(&d->scenario, d->now_ms, &step)) {
        trace_note(&d->trace, "%s:%u", d->scenario.path, step.line);
        finish_step(d, &step, lab_run(&d->lab, d->now_ms, &step.command));
    }
    if (d->lab.exit_wanted)
        stop(d, EXIT_SUCCESS);
}

/* --- Waiting --- */

static uint64_t earliest_ms(const struct daemon *d)
{
    uint64_t deadlines_ms[] = {lab_deadline(&d->lab), scenario_deadline(&d->scenario)};
    uint64_t first_ms = bc_deadline(d->module);
    for (size_t i = 0; i < sizeof(deadlines_ms) / sizeof(deadlines_ms[0]); i++)
        if (deadlines_ms[i] < first_ms)
            first_ms = deadlines_ms[i];
    return first_ms;
}

static void tell_wall_clock(struct daemon *d)
{
    int64_t utc_s;
    if (clock_wall_changed(&d->clock, &utc_s))
        bc_on_clock(d->module, d->now_ms, utc_s);
}

/* The timer is only moved when it would fire too late: each AT command postpones deadlines, and
 * firing early costs less than a system call for each command. */
static void arm_timer(struct daemon *d)
{
    uint64_t deadline_ms = earliest_ms(d);
    if (deadline_ms == BC_NEVER)
        return;
    uint64_t wake_ns = clock_wake_ns(&d->clock, deadline_ms);
    if (d->armed_ns != 0 && d->armed_ns <= wake_ns)
        return;
    struct itimerspec when = {.it_value = {.tv_sec = (time_t)(wake_ns / 1000000000u),
                                           .tv_nsec = (long)(wake_ns % 1000000000u)}};
    timerfd_settime(d->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
    d->armed_ns = wake_ns;
}

static void set_watches(struct daemon *d)
{
    struct watches *w = &d->watches;
    const struct port *port = &d->port;
    unsigned in = d->input.len == 0 && !port->ended ? WATCH_READ : 0;
    unsigned out = d->output.len > 0 ? WATCH_WRITE : 0;
    if (port->in_fd == port->out_fd) {
        watch_set(w, WATCH_PORT_IN, port->in_fd, in | out);
    } else {
        watch_set(w, WATCH_PORT_IN, port->in_fd, in);
        watch_set(w, WATCH_PORT_OUT, port->out_fd, out);
    }
    watch_set(w, WATCH_PORT_LISTEN, port->listen_fd, WATCH_READ);
    watch_set(w, WATCH_NET_IPV4, d->net.of[NET_IPV4].fd, WATCH_READ);
    watch_set(w, WATCH_NET_IPV6, d->net.of[NET_IPV6].fd, WATCH_READ);
    watch_set(w, WATCH_RESOLVE, d->resolve.fd, WATCH_READ);
    watch_set(w, WATCH_SIGNAL, d->signal_fd, WATCH_READ);
    watch_set(w, WATCH_TIMER, d->timer_fd, WATCH_READ);
    control_set_watches(&d->control);
}

static void handle(struct daemon *d, const struct watch_ready *ready)
{
    const unsigned *of = ready->of;
    if (of[WATCH_SIGNAL] != 0)
        stop(d, EXIT_SUCCESS);
    if (of[WATCH_TIMER] != 0) {
        uint64_t times;
        d->armed_ns = 0;
        if (read(d->timer_fd, &times, sizeof(times)) < 0)
            assert(errno == EAGAIN); /* it was moved after it fired */
    }
    if (of[WATCH_RESOLVE] != 0)
        finish_query(d);
    if (((of[WATCH_PORT_IN] | of[WATCH_PORT_OUT]) & WATCH_WRITE) != 0)
        write_port(d);
    if ((of[WATCH_PORT_IN] & WATCH_READ) != 0)
        read_port(d);
    if (of[WATCH_PORT_LISTEN] != 0) { /* last: the client before may just have left */
        watch_set(&d->watches, WATCH_PORT_IN, -1, 0);
        d->port.kind->on_listen(&d->port);
    }
    if (of[WATCH_NET_IPV4] != 0)
        read_network(d, NET_IPV4);
    if (of[WATCH_NET_IPV6] != 0)
        read_network(d, NET_IPV6);
    control_on_ready(&d->control, ready); /* last: it may close sockets that were ready */
}

static void run(struct daemon *d)
{
    struct watch_ready ready;
    for (;;) {
        d->now_ms = clock_now_ms(&d->clock);
        tell_wall_clock(d);
        bc_on_time(d->module, d->now_ms);
        run_laboratory(d);
        pump(d);
        if (d->status != RUNNING)
            return;
        set_watches(d);
        arm_timer(d);
        watches_wait(&d->watches, &ready);
        d->now_ms = clock_now_ms(&d->clock);
        handle(d, &ready);
    }
}

/* --- beginning and end --- */

static bool open_port(struct port *port, const struct options *o)
{
    switch (o->port) {
    case PORT_CHOICE_TTY:
        return port_open_tty(port, o->device, o->baud);
    case PORT_CHOICE_TCP:
        return port_open_tcp(port, o->tcp_host, o->tcp_port);
    case PORT_CHOICE_STDIO:
        return port_open_stdio(port);
    case PORT_CHOICE_NONE:
    case PORT_CHOICE_PTY:
        break;
    }
    return port_open_pty(port, o->link);
}

/* Signals become something to read. A hang-up that was ignored (nohup) stays so. */
static int open_signals(void)
{
    sigset_t set;
    struct sigaction hangup;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
        sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a write that goes too far fails, as on a full disk */
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool open_loop(struct daemon *d)
{
    d->signal_fd = open_signals();
    d->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (watches_open(&d->watches) && d->signal_fd >= 0 && d->timer_fd >= 0)
        return true;
    report("cannot set up the event loop: %s", strerror(errno));
    return false;
}

static void close_loop(struct daemon *d)
{
    watches_close(&d->watches);
    if (d->signal_fd >= 0)
        close(d->signal_fd);
    if (d->timer_fd >= 0)
        close(d->timer_fd);
}

static bool open_state(struct daemon *d)
{
    const struct options *o = &d->options;
    const char *imei = o->settings.imei[0] != '\0' ? o->settings.imei : BC_IMEI_DEFAULT;
    const char *revision =
        o->settings.revision[0] != '\0' ? o->settings.revision : BC_REVISION_DEFAULT;
    return state_open(&d->state, o->state, o->name != NULL ? o->name : imei, o->factory_reset) &&
           firmware_open(&d->firmware, o->firmware, revision, o->factory_reset);
}

static void on_keylog(void *context, const char *line)
{
    struct daemon *d = context;
    if (keylog_add(d->keylog_fd, line))
        return;
    report("cannot write the key log %s: %s", d->options.keylog, strerror(errno));
    stop(d, EXIT_RUNTIME);
}

static bool start_module(struct daemon *d)
{
    struct options *o = &d->options;
    struct bc_config config = {.trace = o->trace ? trace_on_module_line : NULL,
                               .trace_context = &d->trace,
                               .keylog = o->keylog != NULL ? on_keylog : NULL,
                               .keylog_context = d};
    struct bc_storage storage = state_storage(&d->state);
    config.storage = &storage;
    config.firmware = &d->firmware.port;
    settings_apply(&o->settings, &config);
    if (!o->seed_given && getrandom(&o->seed, sizeof(o->seed), 0) != sizeof(o->seed)) {
        report("no random numbers for a seed: %s; give --seed", strerror(errno));
        return false;
    }
    config.seed = o->seed;
    config.baud = o->baud;
    clock_start(&d->clock, o->time_scale);
    trace_note(&d->trace, "repeat this session with --seed %" PRIu64, o->seed);
    enum bc_err err = bc_module_init(&d->module, &d->memory, &d->workspace, &config, 0);
    if (err != BC_OK)
        report("the module refuses its configuration (%s)", bc_err_name(err));
    return err == BC_OK;
}

static bool open_laboratory(struct daemon *d)
{
    lab_init(&d->lab, d->options.seed);
    d->lab.module = d->module;
    d->lab.clock = &d->clock;
    d->lab.net = &d->net;
    d->lab.watches = &d->watches;
    d->lab.state = &d->state;
    d->control.run = run_command;
    d->control.context = d;
    return d->options.control == NULL || control_open(&d->control, d->options.control, &d->watches);
}

/* EXIT_SUCCESS or EXIT_RUNTIME. The port comes last: its first line says that all is well. */
static int serve(struct daemon *d)
{
    const struct options *o = &d->options;
    d->status = EXIT_RUNTIME;
    trace_open(&d->trace, &d->clock, o->trace);
    net_init(&d->net);
    state_init(&d->state);
    firmware_init(&d->firmware, &d->state);
    control_init(&d->control);
    resolve_init(&d->resolve, strchr(o->settings.address, ':') != NULL);
    if (o->scenario != NULL) {
        d->status = scenario_load(&d->scenario, o->scenario);
        if (d->status != EXIT_SUCCESS)
            goto out;
        d->status = EXIT_RUNTIME;
    }
    if (!open_loop(d))
        goto out;
    if (o->pcap != NULL && !open_capture(d))
        goto out;
    if (o->keylog != NULL && (d->keylog_fd = keylog_open(o->keylog)) < 0)
        goto out;
    if (!open_state(d) || !start_module(d) || !open_laboratory(d) || !open_port(&d->port, o))
        goto out;
    d->status = RUNNING;
    run(d);
    port_close(&d->port);
out:
    if (d->module != NULL)
        bc_module_end(d->module);
    firmware_close(&d->firmware);
    state_close(&d->state);
    control_close(&d->control);
    scenario_close(&d->scenario);
    lab_close(&d->lab);
    resolve_close(&d->resolve);
    net_close(&d->net);
    capture_close(&d->capture);
    if (d->keylog_fd >= 0)
        close(d->keylog_fd);
    close_loop(d);
    return d->status;
}

int main(int argc, char **argv)
{
    struct daemon d = {.keylog_fd = -1, .signal_fd = -1, .timer_fd = -1, .watches.epoll_fd = -1};
    int status = options_parse(&d.options, argc, argv);
    return status >= 0 ? status : serve(&d);
}
