/*
 * The AT port of a virtual device: its bytes as lines, and the log of the lines both ways. The log
 * is bounded in lines and in bytes; the oldest go.
 */
#ifndef BC_PLATFORM_LINES_H
#define BC_PLATFORM_LINES_H

#include <jansson.h>

#include "bc260y/types.h"
#include "tools/at_match.h"

#define LINES_MAX 2000
#define LINES_BYTES_MAX (512 * 1024) /* of their text */

struct line_cutter {
    char text[AT_LINE_MAX + 1];
    size_t len;
    bool whole; /* `text` was given out */
};

/* Takes bytes off the front until a line that is not blank is whole: `text` then is its string,
 * until the next call. NUL bytes are dropped, and a longer line is cut in pieces. False: more bytes
 * are needed. */
bool line_cut(struct line_cutter *cutter, bc_view *rest);

enum line_direction {
    LINE_IN,   /* to the module */
    LINE_OUT,  /* from it */
    LINE_INFO, /* about it */
};
const char *line_direction_name(enum line_direction direction); /* "in" */

struct line_log {
    struct line *ring; /* LINES_MAX */
    size_t first, count;
    size_t bytes;
    uint64_t next; /* number of the next line, from 1 */
};

bool line_log_open(struct line_log *log); /* false: not enough memory */
void line_log_close(struct line_log *log);
void line_log_add(struct line_log *log, int64_t utc_ms, enum line_direction direction,
                  const char *text);
/* [{"number", "time_ms", "direction", "text"}] from that number on. */
json_t *line_log_json(const struct line_log *log, uint64_t from);

/* The line as it may be shown: of AT+QLACONFIG and its answer without the key and what follows it.
 * At most AT_LINE_MAX characters. */
void line_without_key(const char *line, char out[AT_LINE_MAX + 1]);

/* A line as a string of JSON: what is no text stands there as \xHH. */
json_t *line_json(const char *text);

#endif
