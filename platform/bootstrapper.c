/*
 * The listeners of bootstrapper.h.
 */
#define _GNU_SOURCE
#include "bootstrapper.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sink.h"
#include "json.h"

#define SHORT_SERVER_ID 1
#define BATCHES_MAX 4 /* received before the other descriptors have their turn */

static bool is_wildcard(const struct bc_address *address)
{
    for (size_t i = 0; i < address->ip_len; i++)
        if (address->ip[i] != 0)
            return false;
    return true;
}

static void write_uri(char out[BOOTSTRAPPER_URI_BYTES], bool secure,
                      const struct bc_address *address)
{
    char text[NET_TEXT_BYTES];
    platform_net_text(address, text);
    snprintf(out, BOOTSTRAPPER_URI_BYTES, "%s://%s", secure ? "coaps" : "coap", text);
}

/* --- What devices are told ------------------------------------------------------------------- */

/* Needs an entry where the URI is one of DTLS. */
static struct bc_bootstrap_account account(const char *uri, const struct keys_entry *entry)
{
    bool secure = strncmp(uri, "coaps:", 6) == 0;
    return (struct bc_bootstrap_account){
        .uri = bc_view_of(uri),
        .security = secure ? BC_BOOTSTRAP_PSK : BC_BOOTSTRAP_NO_SECURITY,
        .identity = secure ? entry->identity : (bc_view){0},
        .key = secure ? entry->key : (bc_view){0},
    };
}

static bool is_trusted(const struct bootstrapper *b, bc_view endpoint,
                       const struct bc_address *from)
{
    const struct bootstrapper_setup *setup = &b->setup;
    return (!b->secure && setup->options->bootstrap_plain_keys) ||
           platform_security_trusts(setup->security, b->coaps.secure, endpoint, from);
}

/* Whoever may register may also be told where. */
static bool find_information(void *context, bc_view endpoint, const struct bc_address *from,
                             struct bc_bootstrap_information *out)
{
    const struct bootstrapper *b = context;
    const struct options *options = b->setup.options;
    struct keys_entry entry = {0};
    (void)platform_keys_by_endpoint(b->setup.security->keys, endpoint, &entry);
    *out = (struct bc_bootstrap_information){
        .bootstrap = account(b->own_uri, &entry),
        .server = account(options->bootstrap_uri != NULL ? options->bootstrap_uri : b->uri, &entry),
        .short_server_id = SHORT_SERVER_ID,
        .lifetime_s = options->bootstrap_lifetime_s,
        .binding = bc_view_of(options->bootstrap_binding),
        .stores_notifications = true,
        .discover = options->bootstrap_discover,
    };
    bool has_key = out->server.security != BC_BOOTSTRAP_PSK || entry.key.len > 0;
    return b->setup.may_register(b->setup.context, endpoint) && has_key &&
           is_trusted(b, endpoint, from);
}

static void on_event(void *context, const struct bc_bootstrap_event *event)
{
    (void)context;
    char *line = platform_json_line(platform_json_bootstrap_event(event, platform_json_now_ms()));
    if (line != NULL)
        fputs(line, stdout);
    free(line);
}

/* --- Life ------------------------------------------------------------------------------------ */

static bool create(struct bootstrapper *b)
{
    struct bc_bootstrap_config config = bc_bootstrap_config_default();
    config.seed = b->setup.seed;
    config.find_information = find_information;
    config.on_event = b->setup.options->quiet ? NULL : on_event;
    config.context = b;
    b->server = bc_bootstrap_server_create(&config);
    if (b->server == NULL)
        fputs("bc260y-platform: not enough memory\n", stderr);
    return b->server != NULL;
}

static bool listen_at(struct bootstrapper *b, const char *option, const char *text,
                      bool *wrong_usage)
{
    b->net.fd = -1;
    if (b->secure)
        return platform_coaps_open(&b->coaps, option, text, b->setup.security, b->setup.traffic,
                                   wrong_usage);
    return platform_net_open(&b->net, option, text, wrong_usage);
}

bool platform_bootstrapper_open(struct bootstrapper *b, const struct bootstrapper_setup *setup,
                                bool secure, bool *wrong_usage)
{
    const struct options *options = setup->options;
    const char *text = secure ? options->bootstrap_coaps : options->bootstrap;
    bool to_coaps = secure && setup->coaps != NULL;
    const struct bc_address *target = to_coaps ? setup->coaps : setup->coap;
    *wrong_usage = false;
    if (text == NULL)
        return true;
    if (options->bootstrap_uri == NULL && is_wildcard(target)) {
        fprintf(stderr,
                "bc260y-platform: devices cannot be sent to --%s %s; give --bootstrap-uri\n",
                to_coaps ? "coaps" : "coap", to_coaps ? options->coaps : options->coap);
        *wrong_usage = true;
        return false;
    }
    b->setup = *setup;
    b->secure = secure;
    if (!listen_at(b, secure ? "--bootstrap-coaps" : "--bootstrap", text, wrong_usage))
        return false;
    write_uri(b->uri, to_coaps, target);
    if (!is_wildcard(platform_bootstrapper_local(b)))
        write_uri(b->own_uri, secure, platform_bootstrapper_local(b));
    return create(b);
}

void platform_bootstrapper_close(struct bootstrapper *b)
{
    bc_bootstrap_server_destroy(b->server);
    b->server = NULL;
    platform_coaps_close(&b->coaps);
    if (b->setup.options != NULL && !b->secure)
        platform_net_close(&b->net);
}

int platform_bootstrapper_fd(const struct bootstrapper *b)
{
    if (b->server == NULL)
        return -1;
    return b->secure ? platform_coaps_fd(&b->coaps) : b->net.fd;
}

const struct bc_address *platform_bootstrapper_local(const struct bootstrapper *b)
{
    return b->secure ? &b->coaps.net.local : &b->net.local;
}

/* --- Datagrams ------------------------------------------------------------------------------- */

static void send_plain(struct bootstrapper *b)
{
    struct net *net = &b->net;
    size_t count;
    while ((count = bc_bootstrap_server_take_datagrams(b->server, net->out, BC_SERVER_BATCH)) > 0) {
        for (size_t i = 0; i < count; i++)
            platform_traffic_out(b->setup.traffic, &net->local, &net->out[i].to, net->out[i].bytes);
        platform_net_send(net, count);
    }
}

static void send_secure(struct bootstrapper *b)
{
    struct bc_server_datagram out;
    while (bc_bootstrap_server_take_datagrams(b->server, &out, 1) > 0)
        platform_coaps_send(&b->coaps, &out.to, out.bytes);
}

static void send_all(struct bootstrapper *b)
{
    if (b->secure)
        send_secure(b);
    else
        send_plain(b);
}

static void take(void *context, uint64_t now_ms, const struct bc_address *from, bc_view plain)
{
    const struct bootstrapper *b = context;
    bc_bootstrap_server_on_datagram(b->server, now_ms, from, plain);
}

static void receive_secure(struct bootstrapper *b, uint64_t now_ms)
{
    bool more = true;
    for (int batch = 0; batch < BATCHES_MAX && more; batch++) {
        more = platform_coaps_receive(&b->coaps, now_ms, take, b);
        send_all(b);
        platform_coaps_flush(&b->coaps);
    }
}

static void receive_plain(struct bootstrapper *b, uint64_t now_ms)
{
    struct bc_server_incoming in[BC_SERVER_BATCH];
    size_t count = BC_SERVER_BATCH;
    for (int batch = 0; batch < BATCHES_MAX && count == BC_SERVER_BATCH; batch++) {
        count = platform_net_receive(&b->net, in);
        for (size_t i = 0; i < count; i++) {
            platform_traffic_in(b->setup.traffic, &b->net.local, &in[i].from, in[i].bytes);
            bc_bootstrap_server_on_datagram(b->server, now_ms, &in[i].from, in[i].bytes);
        }
        send_all(b);
    }
}

void platform_bootstrapper_on_ready(struct bootstrapper *b, uint64_t now_ms)
{
    if (b->secure)
        receive_secure(b, now_ms);
    else
        receive_plain(b, now_ms);
}

void platform_bootstrapper_on_time(struct bootstrapper *b, uint64_t now_ms)
{
    if (b->server == NULL)
        return;
    bc_bootstrap_server_on_time(b->server, now_ms);
    send_all(b);
    platform_coaps_on_time(&b->coaps, now_ms);
}

uint64_t platform_bootstrapper_deadline(const struct bootstrapper *b)
{
    uint64_t handshake = platform_coaps_deadline(&b->coaps);
    uint64_t step = b->server == NULL ? BC_NEVER : bc_bootstrap_server_deadline(b->server);
    return handshake < step ? handshake : step;
}
