/*
 * Numbers on the command line and in files.
 */
#ifndef BC_COMMON_NUMBER_H
#define BC_COMMON_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* A whole text of decimal digits, at most `max`. */
bool number_parse(const char *text, uint64_t max, uint64_t *out);

/* "30", "0.5", "12.75%": at most 100, in parts per million; at most four digits behind the point.
 */
bool number_parse_percent(const char *text, uint32_t *ppm);

/* "250ms", "10s", "1h30m", "2d", "0": numbers with the units d, h, m, s and ms, the largest first,
 * each once, in milliseconds; at most `max_ms`. Only 0 needs no unit. */
bool number_parse_time(const char *text, uint64_t max_ms, uint64_t *ms);

#endif
