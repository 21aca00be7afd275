/*
 * The capture file of capture.h. Headers after RFC 791, 8200 and 768.
 */
#define _GNU_SOURCE
#include "capture.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/sink.h"

#define PACKET_BYTES_MAX 65535
#define UDP_HEADER_BYTES 8
#define IPV4_HEADER_BYTES 20
#define UDP_PROTOCOL 17
#define HOPS 64

struct capture {
    pcap_t *pcap;
    pcap_dumper_t *dumper;
    uint8_t packet[PACKET_BYTES_MAX];
};

struct capture *platform_capture_open(const char *path)
{
    struct capture *c = calloc(1, sizeof(*c));
    FILE *file = c == NULL ? NULL : fopen(path, "wbe");
    if (file == NULL)
        goto fail;
    c->pcap = pcap_open_dead(DLT_RAW, PACKET_BYTES_MAX);
    c->dumper = c->pcap == NULL ? NULL : pcap_dump_fopen(c->pcap, file);
    if (c->dumper != NULL)
        return c;
    fclose(file);
    errno = ENOMEM;
fail:
    if (c != NULL && c->pcap != NULL)
        pcap_close(c->pcap);
    free(c);
    return NULL;
}

void platform_capture_close(struct capture *c)
{
    if (c == NULL)
        return;
    pcap_dump_close(c->dumper);
    pcap_close(c->pcap);
    free(c);
}

/* The one's complement sum of RFC 1071 over big-endian words. */
static uint32_t sum_words(uint32_t sum, bc_view bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        sum += (i & 1) != 0 ? bytes.ptr[i] : (uint32_t)bytes.ptr[i] << 8;
    return sum;
}

static uint16_t checksum(uint32_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)~sum;
}

static void put_address(bc_sink *out, const struct bc_address *address, size_t bytes)
{
    bc_put_bytes(out, (bc_view){address->ip, bytes});
}

static void put_ipv4(bc_sink *out, const struct bc_address *from, const struct bc_address *to,
                     size_t udp_bytes)
{
    uint8_t *header = out->ptr + out->len;
    bc_put_be(out, 0x4500, 2);
    bc_put_be(out, IPV4_HEADER_BYTES + udp_bytes, 2);
    bc_put_be(out, 0, 4);
    bc_put_be(out, HOPS << 8 | UDP_PROTOCOL, 2);
    bc_put_be(out, 0, 2);
    put_address(out, from, 4);
    put_address(out, to, 4);
    uint16_t sum = checksum(sum_words(0, (bc_view){header, IPV4_HEADER_BYTES}));
    header[10] = (uint8_t)(sum >> 8);
    header[11] = (uint8_t)sum;
}

static void put_ipv6(bc_sink *out, const struct bc_address *from, const struct bc_address *to,
                     size_t udp_bytes)
{
    bc_put_be(out, 0x60000000, 4);
    bc_put_be(out, udp_bytes, 2);
    bc_put_be(out, UDP_PROTOCOL << 8 | HOPS, 2);
    put_address(out, from, 16);
    put_address(out, to, 16);
}

static void put_udp(bc_sink *out, const struct bc_address *from, const struct bc_address *to,
                    bc_view datagram)
{
    uint8_t *header = out->ptr + out->len;
    size_t bytes = UDP_HEADER_BYTES + datagram.len;
    bc_put_be(out, from->port, 2);
    bc_put_be(out, to->port, 2);
    bc_put_be(out, bytes, 2);
    bc_put_be(out, 0, 2);
    bc_put_bytes(out, datagram);
    if (out->full)
        return;
    uint32_t sum = UDP_PROTOCOL + (uint32_t)bytes;
    sum = sum_words(sum, (bc_view){from->ip, from->ip_len});
    sum = sum_words(sum, (bc_view){to->ip, to->ip_len});
    uint16_t result = checksum(sum_words(sum, (bc_view){header, bytes}));
    if (result == 0)
        result = 0xFFFF; /* RFC 768: 0 would mean none */
    header[6] = (uint8_t)(result >> 8);
    header[7] = (uint8_t)result;
}

void platform_capture_write(struct capture *c, const struct bc_address *from,
                            const struct bc_address *to, bc_view datagram)
{
    bc_sink out = {.ptr = c->packet, .cap = sizeof(c->packet)};
    struct timespec now;
    if (from->ip_len == 4)
        put_ipv4(&out, from, to, UDP_HEADER_BYTES + datagram.len);
    else
        put_ipv6(&out, from, to, UDP_HEADER_BYTES + datagram.len);
    put_udp(&out, from, to, datagram);
    if (out.full)
        return;
    clock_gettime(CLOCK_REALTIME, &now);
    struct pcap_pkthdr header = {.caplen = (bpf_u_int32)out.len, .len = (bpf_u_int32)out.len};
    header.ts.tv_sec = now.tv_sec;
    header.ts.tv_usec = now.tv_nsec / 1000;
    pcap_dump((u_char *)c->dumper, &header, c->packet);
}

void platform_capture_flush(struct capture *c)
{
    pcap_dump_flush(c->dumper);
}
