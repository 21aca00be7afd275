/*
 * --keylog: the secrets of DTLS handshakes for Wireshark, in the NSS key log format, one line a
 * handshake. Whoever has the file can read the traffic.
 */
#ifndef BC_DAEMON_KEYLOG_H
#define BC_DAEMON_KEYLOG_H

#include <stdbool.h>

/* Opens a file to append to; a new one only its owner can read. The descriptor, or -1 after a
 * report. */
int keylog_open(const char *path);

/* Adds a line, which is in the file when this returns. False, with errno, when it is not. */
bool keylog_add(int fd, const char *line);

#endif
