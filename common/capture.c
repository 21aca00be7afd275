/*
 * Raw IP capture: see capture.h. IPv4 header RFC 791 3.1, IPv6 header RFC 8200 3, UDP header
 * and its checksum RFC 768 and RFC 8200 8.1. The file format is libpcap's.
 */
#define _GNU_SOURCE
#include "capture.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/sink.h"
#include "symbol.h"

#define IPV4_HEADER_BYTES 20
#define IPV6_HEADER_BYTES 40
#define UDP_HEADER_BYTES 8
#define HOP_LIMIT 64
#define SNAP_BYTES 65535
#define PACKET_BYTES_MAX (IPV6_HEADER_BYTES + UDP_HEADER_BYTES + CAPTURE_DATAGRAM_BYTES_MAX)

static bool load_library(struct capture_library *l)
{
    l->handle = dlopen("libpcap.so.0.8", RTLD_LAZY | RTLD_LOCAL); /* Debian's name for it */
    if (l->handle == NULL)
        l->handle = dlopen("libpcap.so.1", RTLD_LAZY | RTLD_LOCAL);
    return l->handle != NULL && symbol_find(l->handle, "pcap_open_dead", &l->open_dead) &&
           symbol_find(l->handle, "pcap_close", &l->close) &&
           symbol_find(l->handle, "pcap_dump_fopen", &l->dump_fopen) &&
           symbol_find(l->handle, "pcap_dump", &l->dump) &&
           symbol_find(l->handle, "pcap_dump_flush", &l->dump_flush) &&
           symbol_find(l->handle, "pcap_dump_close", &l->dump_close);
}

/* NULL, with errno, when the file cannot be written. */
static FILE *open_file(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return NULL;
    struct stat info; /* an older file keeps its mode, so it is set again */
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode))
        fchmod(fd, 0600);
    FILE *file = fdopen(fd, "wb");
    if (file == NULL)
        close(fd);
    return file;
}

const char *capture_open(struct capture *c, const char *path)
{
    if (!load_library(&c->library))
        return "it needs libpcap; install the package libpcap0.8";
    FILE *file = open_file(path);
    if (file == NULL)
        return strerror(errno);
    c->pcap = c->library.open_dead(DLT_RAW, SNAP_BYTES);
    if (c->pcap == NULL)
        fclose(file);
    else
        c->dumper = c->library.dump_fopen(c->pcap, file); /* closes it, when it cannot */
    if (c->dumper != NULL && capture_flush(c))
        return NULL;
    int error = errno;
    capture_close(c);
    return strerror(error);
}

void capture_close(struct capture *c)
{
    if (c->dumper != NULL)
        c->library.dump_close(c->dumper);
    if (c->pcap != NULL)
        c->library.close(c->pcap);
    c->dumper = NULL;
    c->pcap = NULL;
}

/* The Internet checksum's running sum (RFC 1071) over big-endian words; an odd end counts as if a
 * zero followed, so only the last part of a sum may be odd. */
static uint32_t add_words(uint32_t sum, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        sum += (i & 1U) != 0 ? bytes[i] : (uint32_t)bytes[i] << 8;
    return sum;
}

static uint16_t fold(uint32_t sum)
{
    while (sum > 0xFFFF)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)~sum;
}

static void set_be16(uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put_ip_header(bc_sink *out, const struct bc_address *from, const struct bc_address *to,
                          size_t udp_bytes)
{
    if (from->ip_len == 16) {
        bc_put_be(out, 0x60000000, 4); /* version 6, no traffic class, no flow label */
        bc_put_be(out, udp_bytes, 2);
        bc_put_be(out, IPPROTO_UDP, 1);
        bc_put_be(out, HOP_LIMIT, 1);
    } else {
        bc_put_be(out, 0x4500, 2); /* version 4, five words, no service class */
        bc_put_be(out, IPV4_HEADER_BYTES + udp_bytes, 2);
        bc_put_be(out, 0x4000, 4); /* identification 0, don't fragment */
        bc_put_be(out, HOP_LIMIT, 1);
        bc_put_be(out, IPPROTO_UDP, 1);
        bc_put_be(out, 0, 2); /* checksum */
    }
    bc_put_bytes(out, (bc_view){from->ip, from->ip_len});
    bc_put_bytes(out, (bc_view){to->ip, to->ip_len});
    if (from->ip_len == 4)
        set_be16(out->ptr + 10, fold(add_words(0, out->ptr, IPV4_HEADER_BYTES)));
}

static void put_udp(bc_sink *out, const struct bc_address *from, const struct bc_address *to,
                    bc_view datagram)
{
    size_t udp_bytes = UDP_HEADER_BYTES + datagram.len;
    uint8_t *udp = out->ptr + out->len;
    bc_put_be(out, from->port, 2);
    bc_put_be(out, to->port, 2);
    bc_put_be(out, udp_bytes, 2);
    bc_put_be(out, 0, 2); /* checksum */
    bc_put_bytes(out, datagram);
    uint32_t sum = IPPROTO_UDP + (uint32_t)udp_bytes; /* of the pseudo header */
    sum = add_words(sum, from->ip, from->ip_len);
    sum = add_words(sum, to->ip, to->ip_len);
    uint16_t checksum = fold(add_words(sum, udp, udp_bytes));
    set_be16(udp + 6, checksum != 0 ? checksum : 0xFFFF); /* 0 would say "no checksum" */
}

void capture_add(const struct capture *c, const struct bc_address *from,
                 const struct bc_address *to, bc_view datagram)
{
    uint8_t packet[PACKET_BYTES_MAX];
    bc_sink out = {.ptr = packet, .cap = sizeof(packet)};
    if (datagram.len > CAPTURE_DATAGRAM_BYTES_MAX)
        return;
    put_ip_header(&out, from, to, UDP_HEADER_BYTES + datagram.len);
    put_udp(&out, from, to, datagram);
    struct pcap_pkthdr header = {.caplen = (bpf_u_int32)out.len, .len = (bpf_u_int32)out.len};
    gettimeofday(&header.ts, NULL);
    /* libpcap's callbacks take the dumper through their user pointer. */
    c->library.dump((u_char *)c->dumper, &header, packet);
}

bool capture_flush(const struct capture *c)
{
    return c->library.dump_flush(c->dumper) == 0;
}
