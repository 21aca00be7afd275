/*
 * The socket around secure.h: see coaps.h.
 */
#define _GNU_SOURCE
#include "coaps.h"

#include <stdio.h>
#include <stdlib.h>

#include "json.h"

static void on_event(void *context, const struct secure_event *event)
{
    const struct coaps *c = context;
    struct keys_entry entry = {0};
    if (event->identity.len > 0)
        (void)platform_keys_by_identity(c->security->keys, event->identity, &entry);
    char *line = platform_json_line(
        platform_json_secure_event(event, c->name, entry.endpoint, platform_json_now_ms()));
    if (line != NULL)
        fputs(line, stdout);
    free(line);
}

bool platform_coaps_open(struct coaps *c, const char *option, const char *text,
                         struct security *security, const struct traffic *traffic,
                         bool *wrong_usage)
{
    c->name = option + 2; /* without its dashes */
    c->security = security;
    c->traffic = traffic;
    *wrong_usage = false;
    if (text == NULL)
        return true;
    if (!platform_net_open(&c->net, option, text, wrong_usage))
        return false;
    c->secure = platform_security_listen(security, option, on_event, c);
    if (c->secure == NULL)
        platform_net_close(&c->net);
    return c->secure != NULL;
}

void platform_coaps_close(struct coaps *c)
{
    if (c->secure == NULL)
        return;
    platform_secure_destroy(c->secure);
    platform_net_close(&c->net);
    c->secure = NULL;
}

int platform_coaps_fd(const struct coaps *c)
{
    return c->secure == NULL ? -1 : c->net.fd;
}

void platform_coaps_flush(struct coaps *c)
{
    struct net *net = &c->net;
    size_t count;
    while ((count = platform_secure_take(c->secure, net->out, BC_SERVER_BATCH)) > 0) {
        for (size_t i = 0; i < count; i++)
            platform_traffic_capture(c->traffic, &net->local, &net->out[i].to, net->out[i].bytes);
        platform_net_send(net, count);
    }
}

bool platform_coaps_receive(struct coaps *c, uint64_t now_ms,
                            void (*take)(void *context, uint64_t now_ms,
                                         const struct bc_address *from, bc_view plain),
                            void *context)
{
    struct bc_server_incoming in[BC_SERVER_BATCH];
    struct bc_address from;
    bc_view plain;
    size_t count = platform_net_receive(&c->net, in);
    for (size_t i = 0; i < count; i++) {
        platform_traffic_capture(c->traffic, &in[i].from, &c->net.local, in[i].bytes);
        platform_secure_on_datagram(c->secure, now_ms, &in[i].from, in[i].bytes);
        while (platform_secure_read(c->secure, &from, &plain)) {
            platform_traffic_trace(c->traffic, "<-", &from, plain);
            take(context, now_ms, &from, plain);
        }
    }
    return count == BC_SERVER_BATCH;
}

void platform_coaps_send(struct coaps *c, const struct bc_address *to, bc_view plain)
{
    if (c->secure == NULL)
        return;
    platform_traffic_trace(c->traffic, "->", to, plain);
    platform_secure_send(c->secure, to, plain);
}

void platform_coaps_on_time(struct coaps *c, uint64_t now_ms)
{
    if (c->secure == NULL)
        return;
    platform_secure_on_time(c->secure, now_ms);
    platform_coaps_flush(c);
}

uint64_t platform_coaps_deadline(const struct coaps *c)
{
    return c->secure == NULL ? BC_NEVER : platform_secure_deadline(c->secure);
}
