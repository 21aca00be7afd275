/*
 * The traffic as a capture file that Wireshark reads: raw IP packets (libpcap), made up around the
 * datagrams, since the socket only gives those.
 */
#ifndef BC_PLATFORM_CAPTURE_H
#define BC_PLATFORM_CAPTURE_H

#include "bc260y/types.h"

struct capture;

/* NULL when the file cannot be written; then errno tells why. */
struct capture *platform_capture_open(const char *path);
void platform_capture_close(struct capture *c); /* NULL is fine */

void platform_capture_write(struct capture *c, const struct bc_address *from,
                            const struct bc_address *to, bc_view datagram);
/* What is written so far reaches the file. */
void platform_capture_flush(struct capture *c);

#endif
