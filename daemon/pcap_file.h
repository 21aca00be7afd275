/*
 * --pcap: every datagram as a raw IP packet, for Wireshark and tshark. The headers, which the
 * kernel keeps to itself, are made here from the addresses.
 *
 * libpcap is loaded when a capture begins, not linked: it brings systemd, D-Bus and libgcrypt
 * along, which together take four times the memory of the rest of an idle program.
 */
#ifndef BC_DAEMON_PCAP_FILE_H
#define BC_DAEMON_PCAP_FILE_H

#include <pcap/pcap.h>

#include "bc260y/types.h"

/* libpcap's functions that we use, by their names behind "pcap_". */
struct pcap_library {
    void *handle; /* NULL = not loaded */
    pcap_t *(*open_dead)(int link_type, int snap_bytes);
    void (*close)(pcap_t *pcap);
    pcap_dumper_t *(*dump_fopen)(pcap_t *pcap, FILE *file);
    void (*dump)(u_char *dumper, const struct pcap_pkthdr *header, const u_char *packet);
    int (*dump_flush)(pcap_dumper_t *dumper);
    void (*dump_close)(pcap_dumper_t *dumper);
};

struct pcap_file {
    struct pcap_library library;
    pcap_t *pcap;
    pcap_dumper_t *dumper; /* NULL = no capture */
};

/* Makes or empties the file; only its owner can read it. False, and a report, when it cannot. */
bool pcap_file_open(struct pcap_file *p, const char *path);
void pcap_file_close(struct pcap_file *p);

/* Adds one datagram under the wall clock's time; it is in the file when this returns. Both
 * addresses are of one family. False when the file cannot take it. */
bool pcap_file_add(struct pcap_file *p, const struct bc_address *from, const struct bc_address *to,
                   bc_view datagram);

#endif
