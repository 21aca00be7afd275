/*
 * --pcap: every datagram as a raw IP packet, for Wireshark and tshark. The headers, which the
 * kernel keeps to itself, are made here from the addresses.
 *
 * libpcap is loaded when a capture begins, not linked: it brings systemd, D-Bus and libgcrypt
 * along, which together take four times the memory of the rest of an idle module.
 */
#ifndef BC_COMMON_CAPTURE_H
#define BC_COMMON_CAPTURE_H

#include <pcap/pcap.h>

#include "bc260y/types.h"

#define CAPTURE_DATAGRAM_BYTES_MAX 2048 /* more than any of our programs takes */

/* libpcap's functions that we use, by their names behind "pcap_". */
struct capture_library {
    void *handle; /* NULL = not loaded */
    pcap_t *(*open_dead)(int link_type, int snap_bytes);
    void (*close)(pcap_t *pcap);
    pcap_dumper_t *(*dump_fopen)(pcap_t *pcap, FILE *file);
    void (*dump)(u_char *dumper, const struct pcap_pkthdr *header, const u_char *packet);
    int (*dump_flush)(pcap_dumper_t *dumper);
    void (*dump_close)(pcap_dumper_t *dumper);
};

struct capture {
    struct capture_library library;
    pcap_t *pcap;
    pcap_dumper_t *dumper; /* NULL = no capture; so all of it is zero before it is opened */
};

/* Makes or empties the file; only its owner can read it. NULL, or why not: a text that is good
 * until the next call of the C library that makes one. */
const char *capture_open(struct capture *c, const char *path);
void capture_close(struct capture *c); /* also one that is not open */

static inline bool capture_is_open(const struct capture *c)
{
    return c->dumper != NULL;
}

/* Adds one datagram under the wall clock's time; both addresses are of one family. One that is
 * longer than CAPTURE_DATAGRAM_BYTES_MAX is left out. */
void capture_add(const struct capture *c, const struct bc_address *from,
                 const struct bc_address *to, bc_view datagram);

/* What was added is in the file when this returns. False, with errno, when the file cannot take
 * it. */
bool capture_flush(const struct capture *c);

#endif
