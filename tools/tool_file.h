/*
 * Files as bc260y-delta and bc260y-sign use them: read whole, and written beside and renamed, so
 * that a name holds either what it held before or all of the new. Errors are one-line phrases for
 * the user.
 */
#ifndef TOOL_FILE_H
#define TOOL_FILE_H

#include <sys/types.h>

#include "bc260y/types.h"

#define TOOL_WHY_MAX 512   /* bytes of a phrase */
#define TOOL_PATH_MAX 4096 /* of a file to be written */

/* Bytes on the heap; free `ptr`. */
struct tool_bytes {
    uint8_t *ptr;
    size_t len;
};

/* The whole of a regular file of 1 to `bytes_max` bytes. */
bool tool_read(const char *path, size_t bytes_max, struct tool_bytes *out, char why[TOOL_WHY_MAX]);

/* A file under a name of its own beside `path` until tool_output_commit(). A signal that ends the
 * program removes it. One at a time. */
struct tool_output {
    int fd; /* for reading and writing; -1 when closed */
    const char *path;
    char beside[TOOL_PATH_MAX];
};

/* `mode` as of open(2), before the umask. What is at `path` and no regular file stays: the result
 * is false. */
bool tool_output_open(struct tool_output *output, const char *path, mode_t mode,
                      char why[TOOL_WHY_MAX]);

/* All of the bytes at that offset. */
bool tool_output_write(struct tool_output *output, uint64_t offset, bc_view bytes);
bool tool_output_read(struct tool_output *output, uint64_t offset, uint8_t *out, size_t len);

/* Puts it in its place, on the disk. With `replace` false an existing file is left and the result
 * is false. Closes it in any case. */
bool tool_output_commit(struct tool_output *output, bool replace, char why[TOOL_WHY_MAX]);

/* Removes it; nothing when it is closed. */
void tool_output_drop(struct tool_output *output);

/* The three calls above for bytes that are there already. */
bool tool_write(const char *path, mode_t mode, bool replace, bc_view bytes, char why[TOOL_WHY_MAX]);

#endif
