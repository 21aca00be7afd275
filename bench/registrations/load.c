/*
 * The load generator of load.h. Registrations and updates are written by hand, so that the server
 * under test does not share its codec with its judge.
 */
#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 32
#define DATAGRAM_BYTES 256
#define ID_BYTES_MAX 32
#define PATIENCE_MS 200
#define SOCKET_BYTES (4 * 1024 * 1024)
#define CODE_CREATED 0x41
#define CODE_CHANGED 0x44
#define LINKS "</>;rt=\"oma.lwm2m\",</1/0>,</3/0>,</4/0>,</5/0>"

struct client {
    uint16_t message_id;
    bool waiting;
    uint8_t id_bytes;
    uint8_t id[ID_BYTES_MAX]; /* of rd/<id> */
};

/* One datagram with the client's address beside it. */
struct slot {
    struct iovec vector;
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in_pktinfo))];
    uint8_t bytes[DATAGRAM_BYTES];
};

struct load {
    int fd;
    struct sockaddr_in server;
    uint32_t client_count;
    uint32_t turn; /* whose request comes next */
    uint32_t window;
    uint32_t waiting;
    enum load_work work;
    bool echo;
    struct load_result result;
    struct client *clients;
    struct mmsghdr out_headers[BATCH], in_headers[BATCH];
    struct slot out[BATCH], in[BATCH];
};

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Client 0 is 127.1.0.0; 127.0/16 is left to the servers. */
static uint32_t address_of(uint32_t client)
{
    return 0x7F010000U + client;
}

static void prepare(struct load *load)
{
    for (size_t i = 0; i < BATCH; i++) {
        struct slot *out = &load->out[i];
        struct slot *in = &load->in[i];
        out->vector.iov_base = out->bytes;
        in->vector = (struct iovec){in->bytes, sizeof(in->bytes)};
        load->out_headers[i].msg_hdr = (struct msghdr){
            .msg_name = &load->server,
            .msg_namelen = sizeof(load->server),
            .msg_iov = &out->vector,
            .msg_iovlen = 1,
            .msg_control = &out->control,
            .msg_controllen = sizeof(out->control),
        };
        load->in_headers[i].msg_hdr = (struct msghdr){
            .msg_iov = &in->vector,
            .msg_iovlen = 1,
            .msg_control = &in->control,
        };
    }
}

struct load *load_open(uint32_t clients, uint16_t server_port)
{
    int bytes = SOCKET_BYTES;
    int on = 1;
    struct sockaddr_in any = {.sin_family = AF_INET};
    struct load *load = calloc(1, sizeof(*load));
    if (load == NULL || (load->clients = calloc(clients, sizeof(*load->clients))) == NULL)
        goto fail;
    load->client_count = clients;
    load->window = clients < LOAD_WINDOW ? clients : LOAD_WINDOW;
    load->server = (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons(server_port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    load->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (load->fd < 0 || bind(load->fd, (struct sockaddr *)&any, sizeof(any)) != 0 ||
        setsockopt(load->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) != 0)
        goto fail;
    (void)setsockopt(load->fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    prepare(load);
    return load;
fail:
    fprintf(stderr, "bc-bench-registrations: cannot make clients: %s\n", strerror(errno));
    if (load != NULL)
        free(load->clients);
    free(load);
    return NULL;
}

void load_close(struct load *load)
{
    close(load->fd);
    free(load->clients);
    free(load);
}

static size_t put(uint8_t *at, const void *bytes, size_t count)
{
    memcpy(at, bytes, count);
    return count;
}

/* An option whose length fits in the nibble or in one more byte. */
static size_t put_option(uint8_t *at, unsigned delta, const void *value, size_t bytes)
{
    size_t head = 1;
    at[0] = (uint8_t)(delta << 4 | (bytes < 13 ? bytes : 13));
    if (bytes >= 13)
        at[head++] = (uint8_t)(bytes - 13);
    return head + put(at + head, value, bytes);
}

static size_t put_text(uint8_t *at, unsigned delta, const char *text)
{
    return put_option(at, delta, text, strlen(text));
}

/* CON POST, a four-byte token that is the client's number. */
static size_t put_head(uint8_t *at, uint32_t client, uint16_t message_id)
{
    const uint8_t head[] = {
        0x44,
        0x02,
        (uint8_t)(message_id >> 8),
        (uint8_t)message_id,
        (uint8_t)(client >> 24),
        (uint8_t)(client >> 16),
        (uint8_t)(client >> 8),
        (uint8_t)client,
    };
    return put(at, head, sizeof(head));
}

static size_t put_registration(uint8_t *at, uint32_t client, uint16_t message_id)
{
    char endpoint[32];
    const uint8_t format = 40;
    size_t len = put_head(at, client, message_id);
    snprintf(endpoint, sizeof(endpoint), "ep=8677240%08u", client);
    len += put_text(at + len, 11, "rd");
    len += put_option(at + len, 1, &format, 1);
    len += put_text(at + len, 3, "lwm2m=1.0");
    len += put_text(at + len, 0, endpoint);
    len += put_text(at + len, 0, "b=UQ");
    len += put_text(at + len, 0, "lt=86400");
    at[len++] = 0xFF;
    return len + put(at + len, LINKS, strlen(LINKS));
}

static size_t put_update(uint8_t *at, const struct client *client, uint32_t number)
{
    size_t len = put_head(at, number, client->message_id);
    len += put_text(at + len, 11, "rd");
    return len + put_option(at + len, 0, client->id, client->id_bytes);
}

static void fill(struct load *load, size_t slot, uint32_t number)
{
    struct slot *out = &load->out[slot];
    struct client *client = &load->clients[number];
    struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(address_of(number))};
    struct cmsghdr *header = (struct cmsghdr *)(void *)out->control;
    *header = (struct cmsghdr){
        .cmsg_level = IPPROTO_IP,
        .cmsg_type = IP_PKTINFO,
        .cmsg_len = CMSG_LEN(sizeof(info)),
    };
    memcpy(CMSG_DATA(header), &info, sizeof(info));
    client->message_id++;
    client->waiting = true;
    out->vector.iov_len = load->work == LOAD_REGISTER
                              ? put_registration(out->bytes, number, client->message_id)
                              : put_update(out->bytes, client, number);
}

/* Fills the window up; clients that still wait lose their turn. */
static void send_more(struct load *load)
{
    while (load->waiting < load->window) {
        unsigned count = 0;
        while (load->waiting < load->window && count < BATCH) {
            uint32_t number = load->turn;
            load->turn = number + 1 == load->client_count ? 0 : number + 1;
            if (load->clients[number].waiting)
                continue;
            fill(load, count++, number);
            load->waiting++;
        }
        for (unsigned done = 0; done < count;) {
            int sent = sendmmsg(load->fd, load->out_headers + done, count - done, 0);
            if (sent < 0 && errno != EAGAIN && errno != EINTR)
                sent = 1; /* shows as lost */
            done += sent > 0 ? (unsigned)sent : 0;
        }
    }
}

/* The location rd/<id>, the only options of a 2.01. */
static void keep_id(struct client *client, const uint8_t *at, size_t len)
{
    static const uint8_t rd[] = {0x82, 'r', 'd'};
    if (len < 8 + sizeof(rd) + 1 || memcmp(at + 8, rd, sizeof(rd)) != 0)
        return;
    const uint8_t *option = at + 8 + sizeof(rd);
    size_t bytes = option[0] & 15;
    if (option[0] >> 4 != 0 || bytes > 12 || 8 + sizeof(rd) + 1 + bytes > len)
        return;
    client->id_bytes = (uint8_t)bytes;
    memcpy(client->id, option + 1, bytes);
}

static void take(struct load *load, const uint8_t *at, size_t len)
{
    if (len < 8)
        return;
    uint32_t number = (uint32_t)at[4] << 24 | (uint32_t)at[5] << 16 | (uint32_t)at[6] << 8 | at[7];
    if (number >= load->client_count)
        return;
    struct client *client = &load->clients[number];
    if (!client->waiting || client->message_id != (uint16_t)(at[2] << 8 | at[3]))
        return;
    client->waiting = false;
    load->waiting--;
    load->result.answered++;
    if (load->echo)
        return;
    if (at[0] != 0x64 || at[1] != (load->work == LOAD_REGISTER ? CODE_CREATED : CODE_CHANGED))
        load->result.refused++;
    else if (load->work == LOAD_REGISTER)
        keep_id(client, at, len);
}

/* Gives up on everything that is on its way. */
static void give_up(struct load *load)
{
    load->result.lost += load->waiting;
    load->waiting = 0;
    for (uint32_t i = 0; i < load->client_count; i++)
        load->clients[i].waiting = false;
}

static void receive_some(struct load *load)
{
    struct pollfd wait = {.fd = load->fd, .events = POLLIN};
    if (poll(&wait, 1, PATIENCE_MS) == 0) {
        give_up(load);
        return;
    }
    for (size_t i = 0; i < BATCH; i++)
        load->in_headers[i].msg_hdr.msg_controllen = sizeof(load->in[i].control);
    int received = recvmmsg(load->fd, load->in_headers, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < received; i++)
        take(load, load->in[i].bytes, load->in_headers[i].msg_len);
}

struct load_result load_run(struct load *load, enum load_work work, double seconds, bool echo)
{
    double begin = now_s();
    double end = begin + seconds;
    load->work = work;
    load->echo = echo;
    load->turn = 0;
    load->result = (struct load_result){0};
    for (uint32_t i = 0; echo && i < load->client_count; i++) {
        load->clients[i].id_bytes = 10; /* an update of the usual length */
        memset(load->clients[i].id, 'A', 10);
    }
    while (now_s() < end || load->result.answered < load->client_count) {
        send_more(load);
        receive_some(load);
        if (load->result.lost > load->client_count + 10 * (uint64_t)load->window)
            break; /* nobody there */
    }
    load->result.seconds = now_s() - begin;
    while (load->waiting > 0)
        receive_some(load);
    return load->result;
}
