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
#define CODE_GET 0x01
#define SETTLED_LIMIT_S 30
#define LINKS "</>;rt=\"oma.lwm2m\",</1/0>,</3/0>,</4/0>,</5/0>"
#define REPORT_LINKS LINKS ",</19/0>"

struct client {
    uint16_t message_id;
    bool waiting;
    bool observed;
    uint32_t sequence;
    uint8_t token[4];
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
    bool reports;
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

struct load *load_open(uint32_t clients, uint32_t window, bool reports, uint16_t server_port)
{
    int bytes = SOCKET_BYTES;
    int on = 1;
    struct sockaddr_in any = {.sin_family = AF_INET};
    struct load *load = calloc(1, sizeof(*load));
    if (load == NULL || (load->clients = calloc(clients, sizeof(*load->clients))) == NULL)
        goto fail;
    load->client_count = clients;
    load->reports = reports;
    load->window = clients < window ? clients : window;
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

static size_t put_registration(uint8_t *at, uint32_t client, uint16_t message_id, const char *links)
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
    return len + put(at + len, links, strlen(links));
}

static size_t put_update(uint8_t *at, const struct client *client, uint32_t number)
{
    size_t len = put_head(at, number, client->message_id);
    len += put_text(at + len, 11, "rd");
    return len + put_option(at + len, 0, client->id, client->id_bytes);
}

/* CON 2.05 of /19/0/0, Observe, 20 bytes. */
static size_t put_report(uint8_t *at, struct client *client)
{
    static const char value[] = "0123456789ABCDEFGHIJ";
    const uint8_t head[] = {0x44, 0x45, (uint8_t)(client->message_id >> 8),
                            (uint8_t)client->message_id};
    client->sequence = (client->sequence + 1) & 0xFFFFFF;
    const uint8_t rest[] = {0x63,
                            (uint8_t)(client->sequence >> 16),
                            (uint8_t)(client->sequence >> 8),
                            (uint8_t)client->sequence,
                            0x61,
                            42,
                            0xFF};
    size_t len = put(at, head, sizeof(head));
    len += put(at + len, client->token, sizeof(client->token));
    len += put(at + len, rest, sizeof(rest));
    return len + put(at + len, value, sizeof(value) - 1);
}

static size_t put_request(struct load *load, uint32_t number, uint8_t *at)
{
    struct client *client = &load->clients[number];
    switch (load->work) {
    case LOAD_REGISTER:
        return put_registration(at, number, client->message_id,
                                load->reports ? REPORT_LINKS : LINKS);
    case LOAD_UPDATE:
        return put_update(at, client, number);
    default:
        return put_report(at, client);
    }
}

/* The client's address beside a slot. */
static void speak_as(struct slot *out, uint32_t number)
{
    struct in_pktinfo info = {.ipi_spec_dst.s_addr = htonl(address_of(number))};
    struct cmsghdr *header = (struct cmsghdr *)(void *)out->control;
    *header = (struct cmsghdr){
        .cmsg_level = IPPROTO_IP,
        .cmsg_type = IP_PKTINFO,
        .cmsg_len = CMSG_LEN(sizeof(info)),
    };
    memcpy(CMSG_DATA(header), &info, sizeof(info));
}

static void fill(struct load *load, size_t slot, uint32_t number)
{
    struct slot *out = &load->out[slot];
    speak_as(out, number);
    load->clients[number].message_id++;
    load->clients[number].waiting = true;
    if (load->work == LOAD_REGISTER) { /* what was before is over */
        load->clients[number].observed = false;
        load->clients[number].id_bytes = 0;
    }
    out->vector.iov_len = put_request(load, number, out->bytes);
}

/* 2.05 with Observe, to the request that the server made. */
static void let_observe(struct load *load, uint32_t number, const uint8_t *at)
{
    const uint8_t answer[] = {0x64,  0x45, at[2], at[3], at[4], at[5], at[6],
                              at[7], 0x60, 0x61,  42,    0xFF,  '0'};
    struct slot *out = &load->out[0];
    struct client *client = &load->clients[number];
    client->observed = true;
    client->sequence = 0;
    memcpy(client->token, at + 4, sizeof(client->token));
    speak_as(out, number);
    out->vector.iov_len = put(out->bytes, answer, sizeof(answer));
    (void)sendmmsg(load->fd, load->out_headers, 1, 0);
}

/* To whom it came. */
static uint32_t client_of(struct load *load, const struct msghdr *in)
{
    struct in_pktinfo info;
    const struct cmsghdr *header = CMSG_FIRSTHDR(in);
    if (header == NULL || header->cmsg_type != IP_PKTINFO)
        return load->client_count;
    memcpy(&info, CMSG_DATA(header), sizeof(info));
    return ntohl(info.ipi_addr.s_addr) - address_of(0);
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

static bool is_right(const struct load *load, const uint8_t *at)
{
    switch (load->work) {
    case LOAD_REGISTER:
        return at[0] == 0x64 && at[1] == CODE_CREATED;
    case LOAD_UPDATE:
        return at[0] == 0x64 && at[1] == CODE_CHANGED;
    default:
        return at[0] == 0x60 && at[1] == 0;
    }
}

static void take(struct load *load, const struct msghdr *in, const uint8_t *at, size_t len)
{
    uint32_t number = client_of(load, in);
    if (len < 4 || number >= load->client_count)
        return;
    struct client *client = &load->clients[number];
    if (!load->echo && len >= 8 && at[0] == 0x44 && at[1] == CODE_GET) {
        let_observe(load, number, at);
        return;
    }
    if (!client->waiting || client->message_id != (uint16_t)(at[2] << 8 | at[3]))
        return;
    client->waiting = false;
    load->waiting--;
    load->result.answered++;
    if (load->echo)
        return;
    if (!is_right(load, at))
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
        take(load, &load->in_headers[i].msg_hdr, load->in[i].bytes, load->in_headers[i].msg_len);
}

static bool all_observed(const struct load *load)
{
    for (uint32_t i = 0; i < load->client_count; i++)
        if (!load->clients[i].observed)
            return false;
    return true;
}

/* Those whose answer has not come in time register again, one by one. */
static void register_missing(struct load *load, double patience)
{
    load->work = LOAD_REGISTER;
    for (uint32_t i = 0; i < load->client_count; i++) {
        while (load->clients[i].id_bytes == 0 && now_s() < patience) {
            fill(load, 0, i);
            load->waiting++;
            (void)sendmmsg(load->fd, load->out_headers, 1, 0);
            while (load->waiting > 0)
                receive_some(load);
        }
    }
}

bool load_settle(struct load *load)
{
    double patience = now_s() + SETTLED_LIMIT_S;
    register_missing(load, patience);
    while (!all_observed(load) && now_s() < patience)
        receive_some(load);
    return all_observed(load);
}

struct load_result load_run(struct load *load, enum load_work work, double seconds, bool echo)
{
    load->echo = echo;
    if (work == LOAD_REPORT && !echo)
        (void)load_settle(load);
    else if (work == LOAD_UPDATE && !echo)
        register_missing(load, now_s() + SETTLED_LIMIT_S);
    load->work = work;
    double begin = now_s();
    double end = begin + seconds;
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

bool load_read_sizes(char *list, uint32_t sizes[LOAD_SIZES_MAX], size_t *count)
{
    *count = 0;
    for (char *at = strtok(list, ","); at != NULL; at = strtok(NULL, ",")) {
        unsigned long value = strtoul(at, NULL, 10);
        if (*count == LOAD_SIZES_MAX || value < 1 || value > LOAD_CLIENTS_MAX)
            return false;
        sizes[(*count)++] = (uint32_t)value;
    }
    return *count > 0;
}
