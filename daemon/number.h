/*
 * Numbers on the command line and in files.
 */
#ifndef BC_DAEMON_NUMBER_H
#define BC_DAEMON_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* A whole text of decimal digits, at most `max`. */
bool number_parse(const char *text, uint64_t max, uint64_t *out);

#endif
